/*
 * From a type's own paths to AWS's shapes. A path is followed as far as its parts are plain; what a
 * rule of JMESPath would compute is "not known", and so is everything a key asks for that this file
 * has not heard of.
 */
#include "inventory/shape.h"

#include "base/mem.h"
#include "base/str.h"
#include "inventory/type_internal.h"

#include <string.h>

static const mw_typed not_known = {NULL, 0};

mw_typed mw_shape_typed(const mw_shape *s)
{
    mw_typed t = {s, 0};

    while (t.shape && mw_shape_type_of(t.shape) == MW_SHAPE_LIST && t.lists < 8) {
        t.shape = mw_member_shape(mw_shape_element(t.shape));
        t.lists++;
    }
    return t;
}

mw_typed mw_shape_below(mw_typed at, const char *name, size_t len)
{
    const mw_member *m;

    if (!at.shape || at.lists > 0)
        return not_known;
    if (mw_shape_type_of(at.shape) == MW_SHAPE_MAP)
        return mw_shape_typed(mw_member_shape(mw_shape_value(at.shape)));
    if (mw_shape_type_of(at.shape) != MW_SHAPE_STRUCTURE || mw_shape_document(at.shape))
        return not_known;
    m = mw_shape_member(at.shape, name, len);
    if (!m || mw_member_jsonvalue(m))
        return not_known;
    return mw_shape_typed(mw_member_shape(m));
}

/* Behind a bracket; NULL when it is one that this does not read. `*number`: an index, else a
 * projection. */
static const char *bracket(const char *p, bool *number)
{
    char quote = 0;

    *number = false;
    if (p[1] == ']')
        return p + 2;
    if (p[1] == '*')
        return p[2] == ']' ? p + 3 : NULL;
    if (p[1] == '?') {
        int depth = 0;
        for (; *p; p++) {
            if (quote)
                quote = *p == quote ? 0 : quote;
            else if (*p == '\'' || *p == '`' || *p == '"')
                quote = *p;
            else if (*p == '[')
                depth++;
            else if (*p == ']' && --depth == 0)
                return p + 1;
        }
        return NULL;
    }
    for (p += p[1] == '-' ? 2 : 1; *p >= '0' && *p <= '9'; p++)
        *number = true;
    return *number && *p == ']' ? p + 1 : NULL;
}

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* `[Member]` and `[@]`: a list of one. @return Behind it, or NULL. */
static const char *list_of_one(mw_typed *at, const char *p)
{
    size_t len = strspn(p + 1, NAME_CHARS ".@");
    char inside[64];

    if (len == 0 || len >= sizeof(inside) || p[1 + len] != ']')
        return NULL;
    memcpy(inside, p + 1, len);
    inside[len] = '\0';
    *at = mw_shape_follow(*at, inside);
    at->lists++;
    return p + len + 2;
}

mw_typed mw_shape_follow(mw_typed at, const char *p)
{
    unsigned projected = 0; /* list layers that each step goes through */
    bool number;

    while (*p && at.shape) {
        if (*p == ' ' || *p == '.' || *p == '@') {
            p++;
        } else if (*p == '|') {
            if (p[1] == '|')
                return not_known;
            at.lists += projected;
            projected = 0;
            p++;
        } else if (*p == '[') {
            bool flatten = p[1] == ']';
            if (at.lists == 0 && projected == 0) {
                if (!(p = list_of_one(&at, p)))
                    return not_known;
                continue;
            }
            if (at.lists == 0 || !(p = bracket(p, &number)))
                return not_known;
            at.lists--;
            if (!number && !(flatten && projected))
                projected++;
        } else {
            bool quoted = *p == '"';
            const char *name = p + quoted;
            size_t len = quoted ? strcspn(name, "\"") : strspn(name, NAME_CHARS);
            if (len == 0 || (quoted && name[len] != '"'))
                return not_known;
            at = mw_shape_below(at, name, len);
            p = name + len + quoted;
            if (*p && !strchr(" .|[", *p))
                return not_known;
        }
    }
    at.lists += projected;
    return at;
}

const mw_operation *mw_models_operation(const mw_models *m, const char *operation, size_t len)
{
    const char *colon = memchr(operation, ':', len);
    char service[64], name[128];
    const mw_service *s;
    size_t n;

    if (!colon)
        return NULL;
    n = len - (size_t)(colon + 1 - operation);
    if ((size_t)(colon - operation) >= sizeof(service) || n >= sizeof(name))
        return NULL;
    memcpy(service, operation, (size_t)(colon - operation));
    service[colon - operation] = '\0';
    memcpy(name, colon + 1, n);
    name[n] = '\0';
    s = mw_models_service(m, service);
    return s ? mw_service_operation(s, name) : NULL;
}

static mw_typed answer(const mw_models *m, const char *operation)
{
    const mw_operation *op = operation ? mw_models_operation(m, operation, strlen(operation)) : NULL;

    return op && mw_operation_output(op) ? mw_shape_typed(mw_operation_output(op)) : not_known;
}

/* Every key of @p v is among the words. */
static bool only(const mw_doc *d, mw_val v, const char *const *words, size_t n)
{
    for (size_t i = 0; i < mw_val_len(d, v); i++) {
        mw_val key;
        bool found = false;
        mw_val_member(d, v, i, &key);
        for (size_t k = 0; k < n && !found; k++)
            found = mw_str_eq(words[k], mw_val_str(d, key, NULL));
        if (!found)
            return false;
    }
    return true;
}

static mw_typed element(mw_typed t)
{
    if (t.shape && t.lists > 0)
        t.lists--;
    return t;
}

mw_typed mw_type_item_shape(const mw_type *t, const mw_models *m, mw_typed *also)
{
    static const char *const words[] = {"operation",     "params",    "items",    "region",
                                        "where",         "per",       "variants", "batch_describe",
                                        "absent_errors", "recursive", "newest",   "replaces"};
    mw_val list = mw_val_get(t->d, t->v, "list"), describe = mw_val_get(t->d, list, "batch_describe");
    const char *items = mw_val_get_str(t->d, list, "items", NULL);
    mw_typed item, more;

    *also = not_known;
    if (!items || !only(t->d, list, words, MW_COUNT(words)))
        return not_known;
    item = element(mw_shape_follow(answer(m, mw_val_get_str(t->d, list, "operation", NULL)), items));
    if (describe == MW_VAL_ABSENT)
        return item;
    more = element(mw_shape_follow(answer(m, mw_val_get_str(t->d, describe, "operation", NULL)),
                                   mw_val_get_str(t->d, describe, "items", "")));
    if (mw_val_get_int(t->d, describe, "size", 1) > 1)
        return more;
    if (!more.shape)
        return not_known;
    *also = more;
    return item;
}

mw_typed mw_type_facet_shape(const mw_type *t, const char *facet, const mw_models *m)
{
    static const char *const words[] = {"operation", "params", "result",    "absent_errors", "when",
                                        "join",      "batch",  "each",      "prepare",       "needs_facet",
                                        "region",    "pages",  "max_pages", "replaces"};
    static const char *const joins[] = {"key", "field", "value", "many"};
    mw_val v = mw_val_get(t->d, t->facets, facet), join = mw_val_get(t->d, v, "join");
    mw_typed at;

    if (!only(t->d, v, words, MW_COUNT(words)) || !only(t->d, join, joins, MW_COUNT(joins)))
        return not_known;
    at = mw_shape_follow(answer(m, mw_val_get_str(t->d, v, "operation", NULL)), mw_val_get_str(t->d, v, "result", ""));
    if (join != MW_VAL_ABSENT) {
        const char *value = mw_val_get_str(t->d, join, "value", NULL);
        at = element(at);
        if (value)
            at = mw_shape_follow(at, value);
        if (at.shape && mw_val_get_bool(t->d, join, "many", false))
            at.lists++;
    } else if (mw_val_get(t->d, v, "batch") != MW_VAL_ABSENT) {
        at = element(at);
    } else if (mw_val_get(t->d, v, "each") != MW_VAL_ABSENT && at.lists == 0) {
        return not_known;
    }
    return at;
}

static const char *const may_be_absent[] = {"join", "batch", "absent_errors", "when"};

mw_facet_shape mw_type_facet_describe(const mw_type *t, size_t i, const mw_models *m)
{
    mw_val key, v = mw_val_member(t->d, t->facets, i, &key);
    mw_facet_shape out = {.name = mw_val_str(t->d, key, NULL),
                          .operation = mw_val_get_str(t->d, v, "operation", NULL),
                          .parse = mw_val_get_str(t->d, v, "parse", NULL)};

    if (mw_val_get(t->d, v, "metric") != MW_VAL_ABSENT) {
        out.operation = "cloudwatch:GetMetricData";
        out.metric = out.sure = true;
        out.typed.lists = mw_val_get(t->d, v, "each") != MW_VAL_ABSENT;
        return out;
    }
    out.typed = mw_type_facet_shape(t, out.name, m);
    out.sure = mw_str_eq(mw_val_get_str(t->d, v, "result", "@"), "@");
    for (size_t k = 0; k < MW_COUNT(may_be_absent); k++)
        out.sure = out.sure && mw_val_get(t->d, v, may_be_absent[k]) == MW_VAL_ABSENT;
    return out;
}
