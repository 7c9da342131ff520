/*
 * Fixtures against service models. A rule that reads a member which AWS does not have, and a fixture
 * that invents the same one, agree with each other and with nothing else: this is what tells. A facet's
 * shape is found by following its `result` through the operation's output as far as that is a plain path;
 * where it computes, nothing is claimed. It must never refuse what a real answer could hold.
 */
#include "inventory/fixture_check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/type_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAMES_MAX 600 /* members and facets that a nearest name is looked for among */
#define DEPTH_MAX 64

/* What a value may be: a shape, a list of the shape, or anything (NULL). */
struct expected {
    const mw_shape *shape;
    bool list;
};

struct check {
    const mw_models *models;
    const mw_doc *d;
    mw_val unmodelled;
    mw_buf path;
    mw_error *err;
};

/* ---- from paths to shapes ---- */

static const mw_shape *member_shape(const mw_shape *s, const char *name, size_t len)
{
    const mw_member *m = s && mw_shape_type_of(s) == MW_SHAPE_STRUCTURE ? mw_shape_member(s, name, len) : NULL;

    return m ? mw_member_shape(m) : NULL;
}

static const mw_shape *element_shape(const mw_shape *s)
{
    return s && mw_shape_type_of(s) == MW_SHAPE_LIST ? mw_member_shape(mw_shape_element(s)) : NULL;
}

/* Behind a bracket that keeps, drops or flattens elements; NULL when it picks or makes something else. */
static const char *skip_bracket(const char *s)
{
    const char *end = strchr(s, ']');

    if (s[1] == ']' || (s[1] == '*' && s[2] == ']'))
        return end + 1;
    return s[1] == '?' && end && !strchr(s + 1, '[') ? end + 1 : NULL;
}

static size_t name_len(const char *s)
{
    size_t n = 0;

    while (isalnum((unsigned char)s[n]) || s[n] == '_')
        n++;
    return n;
}

/* A name, then this, then nothing. */
static bool is_name(const char *s, const char *after)
{
    size_t n = name_len(s);

    return n > 0 && strcmp(s + n, after) == 0;
}

/* What a plain path gives: names, dots, [], [*] and [?…]. {NULL} for all else. */
static struct expected follow(const mw_shape *s, const char *path)
{
    struct expected at = {s, false};

    if (strcmp(path, "@") == 0)
        return at;
    if (path[0] == '[' && is_name(path + 1, "]")) /* a list of one */
        return (struct expected){member_shape(s, path + 1, strlen(path) - 2), true};
    if (strcmp(path, "[@]") == 0)
        return (struct expected){s, true};
    while (*path && at.shape) {
        size_t n;
        if (*path == '[') {
            const char *after = skip_bracket(path);
            at = (struct expected){after ? element_shape(at.shape) : NULL, true};
            path = after ? after : path;
            continue;
        }
        path += *path == '.';
        n = name_len(path);
        at.shape = n ? member_shape(at.shape, path, n) : NULL;
        path += n;
    }
    return at;
}

static const mw_shape *output_of(const struct check *c, const char *call)
{
    const char *colon = call ? strchr(call, ':') : NULL;
    char name[128];
    const mw_service *s;
    const mw_operation *o;

    if (!colon || (size_t)(colon - call) >= sizeof(name))
        return NULL;
    snprintf(name, sizeof(name), "%.*s", (int)(colon - call), call);
    s = mw_models_service(c->models, name);
    o = s ? mw_service_operation(s, colon + 1) : NULL;
    return o ? mw_operation_output(o) : NULL;
}

static const mw_shape *items_of(const struct check *c, const mw_type *t, mw_val call)
{
    struct expected e = follow(output_of(c, mw_val_get_str(t->d, call, "operation", NULL)),
                               mw_val_get_str(t->d, call, "items", "@"));

    /* A describe call for one item at a time answers with the item itself. */
    return e.list || (e.shape && mw_shape_type_of(e.shape) == MW_SHAPE_STRUCTURE) ? e.shape : element_shape(e.shape);
}

static struct expected facet_of(const struct check *c, const mw_type *t, mw_val facet)
{
    static const struct expected anything = {NULL, false};
    mw_val join = mw_val_get(t->d, facet, "join"), batch = mw_val_get(t->d, facet, "batch");
    mw_val match = join != MW_VAL_ABSENT ? join : batch;
    struct expected e;

    if (mw_val_get(t->d, facet, "parse") != MW_VAL_ABSENT)
        return anything;
    e = follow(output_of(c, mw_val_get_str(t->d, facet, "operation", NULL)),
               mw_val_get_str(t->d, facet, "result", "@"));
    if (mw_val_get(t->d, facet, "each") != MW_VAL_ABSENT) /* results of several calls, joined */
        return e.list ? e : (struct expected){element_shape(e.shape), true};
    if (match == MW_VAL_ABSENT)
        return e;
    e = follow(e.list ? e.shape : element_shape(e.shape), mw_val_get_str(t->d, match, "value", "@"));
    if (mw_val_get_bool(t->d, match, "many", false))
        return e.list ? anything : (struct expected){e.shape, true};
    return e;
}

/* ---- values ---- */

static const char *kind_name(mw_kind kind)
{
    static const char *const names[] = {"nothing", "null", "true or false", "a whole number", "a number",
                                        "text", "a list", "a table", "unknown"};

    return names[kind];
}

static bool is_unmodelled(const struct check *c)
{
    for (size_t i = 0; i < mw_val_len(c->d, c->unmodelled); i++) {
        const char *path = mw_val_str(c->d, mw_val_at(c->d, c->unmodelled, i), NULL);
        size_t n = path ? strlen(path) : 0;
        if (n && mw_str_starts(c->path.data, path) && (!c->path.data[n] || strchr(".[", c->path.data[n])))
            return true;
    }
    return false;
}

static mw_status wrong_kind(struct check *c, const char *expected, mw_kind found)
{
    return mw_fail(c->err, MW_ERR_INVALID, "%s: expected %s, found %s", c->path.data, expected, kind_name(found));
}

static void cut(struct check *c, size_t len)
{
    c->path.len = len;
    c->path.data[len] = '\0';
}

static mw_status check_value(struct check *c, mw_val v, const mw_shape *s, int depth);

static mw_status check_list(struct check *c, mw_val v, const mw_shape *element, int depth)
{
    mw_kind kind = mw_val_kind(c->d, v);
    size_t len = c->path.len;
    mw_status st = MW_OK;

    if (kind == MW_KIND_OBJECT && mw_val_len(c->d, v) == 0) /* Lua's {} */
        return MW_OK;
    if (kind != MW_KIND_ARRAY)
        return wrong_kind(c, "a list", kind);
    for (size_t i = 0; st == MW_OK && i < mw_val_len(c->d, v); i++) {
        mw_buf_printf(&c->path, "[%zu]", i + 1);
        st = check_value(c, mw_val_at(c->d, v, i), element, depth);
        cut(c, len);
    }
    return st;
}

/* The next member of @p v; its name is put on the path. */
static mw_val step_into(struct check *c, mw_val v, size_t i, const char **name)
{
    mw_val key, value = mw_val_member(c->d, v, i, &key);

    *name = mw_val_str(c->d, key, NULL);
    mw_buf_join(&c->path, ".", *name, NULL);
    return value;
}

static mw_status no_member(struct check *c, const char *what, const char *name, const char *const *names,
                           size_t count)
{
    const char *near = mw_nearest(name, names, count);

    return mw_fail(c->err, MW_ERR_INVALID, "%s: %s has no member '%s'%s%s%s", c->path.data, what, name,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static size_t add_names(const mw_shape *s, const char **names, size_t count)
{
    for (size_t i = 0; s && i < mw_shape_member_count(s) && count < NAMES_MAX; i++)
        names[count++] = mw_member_name(mw_shape_member_at(s, i));
    return count;
}

static mw_status check_members(struct check *c, mw_val v, const mw_shape *s, int depth)
{
    size_t len = c->path.len;
    bool map = mw_shape_type_of(s) == MW_SHAPE_MAP;
    const char *names[NAMES_MAX], *name;
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < mw_val_len(c->d, v); i++) {
        mw_val value = step_into(c, v, i, &name);
        const mw_member *m = map ? mw_shape_value(s) : mw_shape_member(s, name, strlen(name));
        if (is_unmodelled(c))
            ;
        else if (m)
            st = check_value(c, value, mw_member_shape(m), depth);
        else
            st = no_member(c, mw_shape_name(s), name, names, add_names(s, names, 0));
        cut(c, len);
    }
    return st;
}

static mw_status check_value(struct check *c, mw_val v, const mw_shape *s, int depth)
{
    mw_kind kind = mw_val_kind(c->d, v);

    if (!s || kind == MW_KIND_UNKNOWN || kind == MW_KIND_NULL || depth > DEPTH_MAX || mw_shape_document(s) ||
        mw_shape_eventstream(s) || c->path.failed != MW_OK)
        return MW_OK;
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE:
    case MW_SHAPE_MAP:
        return kind == MW_KIND_OBJECT ? check_members(c, v, s, depth + 1) : wrong_kind(c, "a table", kind);
    case MW_SHAPE_LIST: return check_list(c, v, element_shape(s), depth + 1);
    case MW_SHAPE_BOOLEAN: return kind == MW_KIND_BOOL ? MW_OK : wrong_kind(c, "true or false", kind);
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG: return kind == MW_KIND_INT ? MW_OK : wrong_kind(c, "a whole number", kind);
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE:
        return kind == MW_KIND_INT || kind == MW_KIND_REAL ? MW_OK : wrong_kind(c, "a number", kind);
    case MW_SHAPE_TIMESTAMP: return kind == MW_KIND_STRING ? MW_OK : wrong_kind(c, "a time as text", kind);
    case MW_SHAPE_STRING:
        /* The client decodes IAM's policies, as botocore does. */
        if (kind == MW_KIND_OBJECT && mw_str_eq(mw_shape_name(s), "policyDocumentType"))
            return MW_OK;
        return kind == MW_KIND_STRING ? MW_OK : wrong_kind(c, "text", kind);
    case MW_SHAPE_BLOB: return kind == MW_KIND_STRING ? MW_OK : wrong_kind(c, "text", kind);
    }
    return MW_OK;
}

/* ---- the item ---- */

static bool of_fixtures(const char *name)
{
    return mw_str_eq(name, "_tags") || mw_str_eq(name, "_region") || mw_str_eq(name, "_account");
}

static mw_status unknown_item_member(struct check *c, const mw_type *t, const char *name, const mw_shape *listed,
                                     const mw_shape *described)
{
    const char *names[NAMES_MAX];
    size_t n = add_names(described, names, add_names(listed, names, 0));

    for (size_t i = 0; i < mw_type_facet_count(t) && n < NAMES_MAX; i++)
        names[n++] = mw_type_facet_at(t, i);
    return no_member(c, t->name, name, names, n);
}

static mw_status check_item(struct check *c, const mw_type *t, mw_val item)
{
    mw_val list = mw_val_get(t->d, t->v, "list"), describe = mw_val_get(t->d, list, "batch_describe");
    const mw_shape *listed = items_of(c, t, list);
    const mw_shape *described = describe != MW_VAL_ABSENT ? items_of(c, t, describe) : NULL;
    bool whole = listed && (describe == MW_VAL_ABSENT || described); /* all members are known */
    size_t len = c->path.len;
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < mw_val_len(c->d, item); i++) {
        const char *name;
        mw_val value = step_into(c, item, i, &name), facet = mw_val_get(t->d, t->facets, name);
        const mw_shape *s = member_shape(listed, name, strlen(name));
        if (!s)
            s = member_shape(described, name, strlen(name));
        if (of_fixtures(name) || is_unmodelled(c)) {
            ;
        } else if (facet != MW_VAL_ABSENT) {
            struct expected e = facet_of(c, t, facet);
            mw_kind kind = mw_val_kind(c->d, value);
            if (e.shape && e.list && kind != MW_KIND_UNKNOWN && kind != MW_KIND_NULL)
                st = check_list(c, value, e.shape, 0);
            else if (!e.list)
                st = check_value(c, value, e.shape, 0);
        } else if (s) {
            st = check_value(c, value, s, 0);
        } else if (whole) {
            st = unknown_item_member(c, t, name, listed, described);
        }
        cut(c, len);
    }
    return st;
}

mw_status mw_fixture_check(const mw_types *types, const mw_models *models, const char *type, const mw_doc *d,
                           mw_val item, const char *where, mw_val unmodelled, mw_error *err)
{
    struct check c = {.models = models, .d = d, .unmodelled = unmodelled, .path = {.max = 4096}, .err = err};
    const mw_type *t = mw_types_get(types, type);
    mw_status st = MW_OK;

    if (!t || mw_val_kind(d, item) != MW_KIND_OBJECT)
        return MW_OK; /* whoever makes the world says so */
    if ((st = mw_buf_add(&c.path, where, strlen(where), err)) == MW_OK)
        st = check_item(&c, t, item);
    mw_buf_clear(&c.path);
    return st;
}
