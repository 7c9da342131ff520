/*
 * Expressions of the type language, walked over shapes instead of values. Relies on types having been checked
 * when they were read; what it does not understand becomes "any value", never a wrong promise.
 */
#include "inventory/view.h"

#include "base/mem.h"
#include "base/str.h"
#include "inventory/type_internal.h"

#include <stdio.h>
#include <string.h>

static const mw_view anything = {NULL, 0};

/* ---- operations ---- */

const mw_operation *mw_view_operation(const mw_models *models, const char *name)
{
    const char *colon = name ? strchr(name, ':') : NULL;
    char service[64];
    const mw_service *s;

    if (!colon || (size_t)(colon - name) >= sizeof(service))
        return NULL;
    snprintf(service, sizeof(service), "%.*s", (int)(colon - name), name);
    s = mw_models_service(models, service);
    return s ? mw_service_operation(s, colon + 1) : NULL;
}

static const char *text_at(const mw_type *t, const char *path)
{
    return mw_val_str(t->d, mw_val_path(t->d, t->v, path), NULL);
}

const char *mw_type_list_operation(const mw_type *t)
{
    return text_at(t, "list.operation");
}

const char *mw_type_describe_operation(const mw_type *t)
{
    return text_at(t, "list.batch_describe.operation");
}

const char *mw_type_id_path(const mw_type *t)
{
    return text_at(t, "id");
}

const char *mw_type_service(const mw_type *t, char *out, size_t size)
{
    const char *from = strstr(t->name, "::"), *to = from ? strstr(from + 2, "::") : NULL;
    size_t n = 0;

    if (to && to > from + 2)
        for (const char *p = from + 2; p < to && n + 1 < size; p++)
            out[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
    out[n] = '\0';
    if (n == 0)
        snprintf(out, size, "account");
    return out;
}

/* ---- walking ---- */

mw_view mw_view_member(mw_view v, const char *name, size_t len)
{
    const mw_member *m;

    if (!v.shape)
        return anything;
    if (mw_shape_type_of(v.shape) == MW_SHAPE_MAP)
        m = mw_shape_value(v.shape);
    else if (mw_shape_type_of(v.shape) == MW_SHAPE_STRUCTURE)
        m = mw_shape_member(v.shape, name, len);
    else
        m = NULL;
    return m ? (mw_view){mw_member_shape(m), v.lists} : anything;
}

static bool is_list(mw_view v)
{
    return v.shape && mw_shape_type_of(v.shape) == MW_SHAPE_LIST;
}

/* `[]`, `[*]` and `[?…]`: elements, flattened into the list that is being made. */
static mw_view project(mw_view v)
{
    if (!is_list(v))
        return anything;
    return (mw_view){mw_member_shape(mw_shape_element(v.shape)), 1};
}

static mw_view element(mw_view v)
{
    if (v.lists > 0)
        return (mw_view){v.shape, v.lists - 1};
    return is_list(v) ? (mw_view){mw_member_shape(mw_shape_element(v.shape)), 0} : anything;
}

/* Behind a bracket at @p at: where its partner stands, quotes and inner brackets passed over. */
static size_t closing(const char *path, size_t at)
{
    char quote = '\0';
    int depth = 0;

    for (size_t i = at; path[i]; i++) {
        if (quote) {
            quote = path[i] == quote ? '\0' : quote;
        } else if (path[i] == '\'' || path[i] == '"' || path[i] == '`') {
            quote = path[i];
        } else if (path[i] == '[') {
            depth++;
        } else if (path[i] == ']' && --depth == 0) {
            return i;
        }
    }
    return 0;
}

static mw_view bracket(mw_view v, const char *inside, size_t len, bool first)
{
    if (len == 0 || inside[0] == '?' || (len == 1 && inside[0] == '*'))
        return project(v);
    if (strspn(inside, "-0123456789") >= len)
        return element(v);
    if (!first) /* multi-selects behind a value are not used by types */
        return anything;
    { /* [@], [KeyMetadata]: a list of one */
        char one[64];
        if (len >= sizeof(one) || memchr(inside, ',', len))
            return anything;
        snprintf(one, sizeof(one), "%.*s", (int)len, inside);
        v = mw_view_path(v, one);
        return v.shape ? (mw_view){v.shape, v.lists + 1} : anything;
    }
}

mw_view mw_view_path(mw_view v, const char *path)
{
    static const char names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

    for (size_t i = 0; path[i] && v.shape;) {
        size_t len = strspn(path + i, names);
        if (len > 0) {
            v = mw_view_member(v, path + i, len);
            i += len;
        } else if (path[i] == '[') {
            size_t end = closing(path, i);
            if (end == 0)
                return anything;
            v = bracket(v, path + i + 1, end - i - 1, i == 0);
            i = end + 1;
        } else if (path[i] == '.' || path[i] == '@' || path[i] == '|' || path[i] == ' ') {
            i++;
        } else {
            return anything;
        }
    }
    return v;
}

/* ---- types ---- */

static mw_view result_of(const mw_models *models, const char *operation, const char *path)
{
    const mw_operation *op = mw_view_operation(models, operation);
    mw_view v = {op ? mw_operation_output(op) : NULL, 0};

    return path ? mw_view_path(v, path) : v;
}

/* One element of what a list path gives. */
static mw_view item_of(mw_view v)
{
    return v.shape ? element(v) : anything;
}

mw_view mw_type_item_view(const mw_type *t, const mw_models *models)
{
    return item_of(result_of(models, mw_type_list_operation(t), text_at(t, "list.items")));
}

mw_view mw_type_described_view(const mw_type *t, const mw_models *models)
{
    const char *operation = mw_type_describe_operation(t);

    return operation ? item_of(result_of(models, operation, text_at(t, "list.batch_describe.items"))) : anything;
}

mw_facet_view mw_type_facet_view(const mw_type *t, const mw_models *models, size_t i)
{
    mw_val key, f = mw_val_member(t->d, t->facets, i, &key), joined = mw_val_get(t->d, f, "join");
    mw_facet_view out = {.name = mw_val_str(t->d, key, NULL),
                         .operation = mw_val_get_str(t->d, f, "operation", NULL),
                         .parse = mw_val_get_str(t->d, f, "parse", NULL)};
    const char *value = mw_val_get_str(t->d, joined, "value", NULL), *result = mw_val_get_str(t->d, f, "result", "@");
    bool shared = joined != MW_VAL_ABSENT || mw_val_get(t->d, f, "batch") != MW_VAL_ABSENT;

    out.view = result_of(models, out.operation, result);
    out.sure = !shared && strcmp(result, "@") == 0 && mw_val_get(t->d, f, "absent_errors") == MW_VAL_ABSENT &&
               mw_val_get(t->d, f, "when") == MW_VAL_ABSENT;
    /* One call for many resources: each gets its own element, or all that name it. */
    if (shared) {
        out.view = item_of(out.view);
        if (value)
            out.view = mw_view_path(out.view, value);
        if (mw_val_get_bool(t->d, joined, "many", false) && out.view.shape)
            out.view.lists++;
    }
    return out;
}
