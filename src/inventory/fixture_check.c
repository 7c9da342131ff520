/*
 * Fixtures against service models. A rule that reads a member which AWS does not have, and a fixture
 * that invents the same one, agree with each other and with nothing else: this is what tells. Relies on
 * shape.c for what a type's documents are; where that does not know, nothing is claimed. It must never
 * refuse what a real answer could hold.
 */
#include "inventory/fixture_check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/shape.h"
#include "inventory/type_internal.h"

#include <string.h>

#define NAMES_MAX 600 /* members and facets that a nearest name is looked for among */
#define DEPTH_MAX 64

struct check {
    const mw_models *models;
    const mw_doc *d;
    mw_val unmodelled;
    mw_buf path;
    mw_error *err;
};

/* ---- values ---- */

static const char *kind_name(mw_kind kind)
{
    static const char *const names[] = {"nothing", "null",   "true or false", "a whole number", "a number",
                                        "text",    "a list", "a table",       "unknown"};

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

static mw_status check_typed(struct check *c, mw_val v, mw_typed t, int depth);

static mw_status check_list(struct check *c, mw_val v, mw_typed element, int depth)
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
        st = check_typed(c, mw_val_at(c->d, v, i), element, depth);
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

static mw_status no_member(struct check *c, const char *what, const char *name, const char *const *names, size_t count)
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
            st = check_typed(c, value, mw_shape_typed(mw_member_shape(m)), depth);
        else
            st = no_member(c, mw_shape_name(s), name, names, add_names(s, names, 0));
        cut(c, len);
    }
    return st;
}

static mw_status check_typed(struct check *c, mw_val v, mw_typed t, int depth)
{
    const mw_shape *s = t.shape;
    mw_kind kind = mw_val_kind(c->d, v);

    if (!s || kind == MW_KIND_UNKNOWN || kind == MW_KIND_NULL || depth > DEPTH_MAX || mw_shape_document(s) ||
        mw_shape_eventstream(s) || c->path.failed != MW_OK)
        return MW_OK;
    if (t.lists > 0)
        return check_list(c, v, (mw_typed){s, t.lists - 1}, depth + 1);
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE:
    case MW_SHAPE_MAP:
        return kind == MW_KIND_OBJECT ? check_members(c, v, s, depth + 1) : wrong_kind(c, "a table", kind);
    case MW_SHAPE_LIST: return check_typed(c, v, mw_shape_typed(s), depth + 1);
    case MW_SHAPE_BOOLEAN: return kind == MW_KIND_BOOL ? MW_OK : wrong_kind(c, "true or false", kind);
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG: return kind == MW_KIND_INT ? MW_OK : wrong_kind(c, "a whole number", kind);
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE: return kind == MW_KIND_INT || kind == MW_KIND_REAL ? MW_OK : wrong_kind(c, "a number", kind);
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

/* `Metrics`: an object of statistics by the facets' names. */
static mw_status check_metrics(struct check *c, const mw_type *t, mw_val metrics)
{
    const char *names[NAMES_MAX], *name;
    size_t len = c->path.len, n = 0;

    for (size_t i = 0; i < mw_type_facet_count(t) && n < NAMES_MAX; i++)
        if (mw_str_starts(mw_type_facet_at(t, i), "Metrics."))
            names[n++] = mw_type_facet_at(t, i) + strlen("Metrics.");
    for (size_t i = 0; i < mw_val_len(c->d, metrics); i++) {
        bool found = false;
        step_into(c, metrics, i, &name);
        for (size_t k = 0; k < n && !found; k++)
            found = mw_str_eq(names[k], name);
        if (!found && !is_unmodelled(c))
            return no_member(c, "Metrics", name, names, n);
        cut(c, len);
    }
    return MW_OK;
}

static const mw_member *member_of(const mw_shape *s, const char *name)
{
    return s && mw_shape_type_of(s) == MW_SHAPE_STRUCTURE ? mw_shape_member(s, name, strlen(name)) : NULL;
}

static mw_status check_item(struct check *c, const mw_type *t, mw_val item)
{
    mw_typed described, listed = mw_type_item_shape(t, c->models, &described);
    /* Items that are texts become objects that no model knows. */
    bool whole = listed.shape && listed.lists == 0 && mw_shape_type_of(listed.shape) == MW_SHAPE_STRUCTURE;
    size_t len = c->path.len;
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < mw_val_len(c->d, item); i++) {
        const char *name;
        mw_val value = step_into(c, item, i, &name);
        const mw_member *m = member_of(listed.shape, name);
        if (!m)
            m = member_of(described.shape, name);
        if (of_fixtures(name) || is_unmodelled(c)) {
            ;
        } else if (mw_type_has_facet(t, name)) {
            st = check_typed(c, value, mw_type_facet_shape(t, name, c->models), 0);
        } else if (m) {
            st = check_typed(c, value, mw_shape_typed(mw_member_shape(m)), 0);
        } else if (mw_str_eq(name, "Metrics") && mw_type_has_metrics(t)) {
            st = check_metrics(c, t, value);
        } else if (whole) {
            st = unknown_item_member(c, t, name, listed.shape, described.shape);
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
