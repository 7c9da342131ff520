/*
 * Parameters against the model, before anything is written: kinds, required members, unknown names.
 * The serialisers rely on it and convert without checking again. Messages name the parameter's
 * path, what was found and what is wanted; never a value, which may be a secret.
 */
#include "aws/protocol_internal.h"

#include <math.h>
#include <string.h>

struct check {
    const mw_doc *d;
    bool required, drop_unknown;
    mw_error *err;
};

static const char *kind_name(mw_kind k)
{
    static const char *const names[] = {"nothing",  "null",   "a boolean", "an integer",      "a number",
                                        "a string", "a list", "an object", "an unknown value"};

    return (size_t)k < MW_COUNT(names) ? names[k] : "a value";
}

static const char *wanted_name(const mw_shape *s)
{
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE:
    case MW_SHAPE_MAP: return "an object";
    case MW_SHAPE_LIST: return "a list";
    case MW_SHAPE_STRING: return "a string";
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG: return "an integer";
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE: return "a number";
    case MW_SHAPE_BOOLEAN: return "a boolean";
    case MW_SHAPE_BLOB: return "a blob as a base64 string";
    case MW_SHAPE_TIMESTAMP: return "a time (ISO 8601 text or epoch seconds)";
    }
    return "a value";
}

static mw_status wrong_kind(const struct check *c, const mw_shape *s, mw_val v, const mw__path *at)
{
    char path[MW__PATH_SIZE];

    return mw_fail(c->err, MW_ERR_INVALID, "parameter %s is %s where %s is wanted",
                   mw__path_text(at, path, sizeof(path)), kind_name(mw_val_kind(c->d, v)), wanted_name(s));
}

static mw_status bad_text(const struct check *c, const mw_shape *s, const mw__path *at)
{
    char path[MW__PATH_SIZE];

    return mw_fail(c->err, MW_ERR_INVALID, "parameter %s is a string that is not %s",
                   mw__path_text(at, path, sizeof(path)), wanted_name(s));
}

static mw_status unknown_name(const struct check *c, const mw_shape *s, const char *name, size_t len,
                              const mw__path *up)
{
    const char *candidates[512];
    size_t n = mw_shape_member_count(s), count = n < MW_COUNT(candidates) ? n : MW_COUNT(candidates);
    mw__path at = mw__path_step(up, name, len, 0);
    char path[MW__PATH_SIZE];
    const char *near;

    for (size_t i = 0; i < count; i++)
        candidates[i] = mw_member_name(mw_shape_member_at(s, i));
    near = mw_nearest(name, candidates, count);
    mw__path_text(&at, path, sizeof(path));
    if (near)
        return mw_fail(c->err, MW_ERR_INVALID, "parameter %s is not known; did you mean %s?", path, near);
    return mw_fail(c->err, MW_ERR_INVALID, "parameter %s is not known to %s", path,
                   mw_shape_name(s) ? mw_shape_name(s) : "the model");
}

static mw_status check_value(const struct check *c, const mw_shape *s, const mw_member *ref, mw_val v,
                             const mw__path *at);

static mw_status check_structure(const struct check *c, const mw_shape *s, mw_val v, const mw__path *at)
{
    size_t set = 0;
    mw_status st;

    for (size_t i = 0; i < mw_val_len(c->d, v); i++) {
        mw_val key, value = mw_val_member(c->d, v, i, &key);
        size_t len;
        const char *name = mw_val_str(c->d, key, &len);
        const mw_member *m = mw_shape_member(s, name, len);
        mw__path step;

        if (!m && !c->drop_unknown)
            return unknown_name(c, s, name, len, at);
        if (!m || mw_val_kind(c->d, value) == MW_KIND_NULL)
            continue;
        set++;
        step = mw__path_step(at, name, len, 0);
        if ((st = check_value(c, mw_member_shape(m), m, value, &step)) != MW_OK)
            return st;
    }
    if (mw_shape_union(s) && set != 1) {
        char path[MW__PATH_SIZE];
        return mw_fail(c->err, MW_ERR_INVALID, "parameter %s has %zu members set where exactly one is wanted",
                       mw__path_text(at, path, sizeof(path)), set);
    }
    for (size_t i = 0; c->required && i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        const char *name = mw_member_name(m);
        if (mw_member_required(m) && mw__param(c->d, v, m) == MW_VAL_ABSENT) {
            mw__path step = mw__path_step(at, name, strlen(name), 0);
            char path[MW__PATH_SIZE];
            return mw_fail(c->err, MW_ERR_INVALID, "parameter %s is required: %s is wanted",
                           mw__path_text(&step, path, sizeof(path)), wanted_name(mw_member_shape(m)));
        }
    }
    return MW_OK;
}

static mw_status check_elements(const struct check *c, const mw_shape *s, mw_val v, const mw__path *at)
{
    bool map = mw_shape_type_of(s) == MW_SHAPE_MAP;
    const mw_member *element = map ? mw_shape_value(s) : mw_shape_element(s);
    mw_status st;

    for (size_t i = 0; i < mw_val_len(c->d, v); i++) {
        mw_val key = MW_VAL_ABSENT, value = map ? mw_val_member(c->d, v, i, &key) : mw_val_at(c->d, v, i);
        size_t len = 0;
        const char *name = map ? mw_val_str(c->d, key, &len) : NULL;
        mw__path step = mw__path_step(at, name, len, i);

        if (mw_val_kind(c->d, value) == MW_KIND_NULL)
            continue; /* sparse collections have holes */
        if ((st = check_value(c, mw_member_shape(element), element, value, &step)) != MW_OK)
            return st;
    }
    return MW_OK;
}

static bool integral(const mw_doc *d, mw_val v)
{
    double x = mw_val_real(d, v);

    return isfinite(x) && floor(x) == x && fabs(x) < 9.2e18;
}

static mw_status check_value(const struct check *c, const mw_shape *s, const mw_member *ref, mw_val v,
                             const mw__path *at)
{
    mw_kind k = mw_val_kind(c->d, v);
    const char *text;
    size_t len;
    int64_t ns;
    bool fits = false;

    if (at && at->depth > MW__PROTOCOL_DEPTH)
        return mw_fail(c->err, MW_ERR_LIMIT, "parameters nest deeper than %d levels", MW__PROTOCOL_DEPTH);
    if (k == MW_KIND_UNKNOWN)
        return wrong_kind(c, s, v, at);
    if (mw_shape_document(s) || (ref && mw_member_jsonvalue(ref)))
        return MW_OK; /* any JSON */
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE: return k == MW_KIND_OBJECT ? check_structure(c, s, v, at) : wrong_kind(c, s, v, at);
    case MW_SHAPE_MAP: return k == MW_KIND_OBJECT ? check_elements(c, s, v, at) : wrong_kind(c, s, v, at);
    case MW_SHAPE_LIST: return k == MW_KIND_ARRAY ? check_elements(c, s, v, at) : wrong_kind(c, s, v, at);
    case MW_SHAPE_STRING: fits = k == MW_KIND_STRING; break;
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG: fits = k == MW_KIND_INT || (k == MW_KIND_REAL && integral(c->d, v)); break;
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE:
        fits = k == MW_KIND_INT || k == MW_KIND_REAL;
        if (k == MW_KIND_STRING) {
            text = mw_val_str(c->d, v, &len);
            if (!mw__non_finite(text, len))
                return bad_text(c, s, at);
            fits = true;
        }
        break;
    case MW_SHAPE_BOOLEAN: fits = k == MW_KIND_BOOL; break;
    case MW_SHAPE_BLOB:
        if (k == MW_KIND_STRING) {
            MW_AUTO(mw_buf) raw = {0};
            text = mw_val_str(c->d, v, &len);
            if (mw_base64_decode(&raw, text, len, NULL) != MW_OK)
                return bad_text(c, s, at);
            fits = true;
        }
        break;
    case MW_SHAPE_TIMESTAMP:
        fits = k == MW_KIND_INT || k == MW_KIND_REAL || k == MW_KIND_STRING;
        if (fits && mw__time_of(c->d, v, &ns, NULL) != MW_OK)
            return k == MW_KIND_STRING ? bad_text(c, s, at) : wrong_kind(c, s, v, at);
        break;
    }
    return fits ? MW_OK : wrong_kind(c, s, v, at);
}

mw_status mw__validate(const mw_operation *op, const mw_doc *d, mw_val params, bool required, bool drop_unknown,
                       mw_error *err)
{
    struct check c = {.d = d, .required = required, .drop_unknown = drop_unknown, .err = err};
    const mw_shape *input = mw_operation_input(op);
    size_t len;
    mw_val key;

    if (input)
        return check_value(&c, input, NULL, params, NULL);
    if (mw_val_len(d, params) == 0 || drop_unknown)
        return MW_OK;
    mw_val_member(d, params, 0, &key);
    return mw_fail(err, MW_ERR_INVALID, "parameter %s is not known: %s takes none", mw_val_str(d, key, &len),
                   mw_operation_name(op));
}
