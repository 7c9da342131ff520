/*
 * The customisations that users of AWS's own tools take for granted, and the only place of the wire
 * formats that knows services by name. On the way out: idempotency tokens, S3's url encoding of
 * listed keys, Route 53 ids with their path, Glacier's account. On the way back: IAM policy
 * documents and CloudFormation templates as values, console output as text, S3's bucket location
 * and listed keys. Policies that AWS documents as strings stay strings.
 */
#include "aws/protocol_internal.h"

#include <string.h>

static bool is(const mw_operation *op, const char *service_id, const char *operation)
{
    return mw_str_eq(mw_service_id(mw_operation_service(op)), service_id) &&
           (!operation || mw_str_eq(mw_operation_name(op), operation));
}

static bool lists_keys(const mw_operation *op)
{
    return is(op, "S3", "ListObjects") || is(op, "S3", "ListObjectsV2") || is(op, "S3", "ListObjectVersions");
}

/* ---- parameters ---- */

/* The value to use for an absent member, or NULL. */
static const char *filling(const mw_operation *op, const mw_member *m, const char *token)
{
    const char *name = mw_member_name(m);

    if (mw_member_idempotency_token(m))
        return token;
    if (mw_str_eq(name, "EncodingType") && lists_keys(op))
        return "url";
    if (mw_str_eq(name, "accountId") && is(op, "Glacier", NULL))
        return "-"; /* "the account that signs", Glacier API Reference */
    return NULL;
}

/* `/hostedzone/Z1` as answers give it is `Z1` in requests. */
static const char *stripped(const mw_operation *op, const mw_member *m, const mw_doc *d, mw_val v)
{
    const char *shape = mw_shape_name(mw_member_shape(m));
    const char *text = mw_val_str(d, v, NULL), *slash = text ? strrchr(text, '/') : NULL;

    if (!slash || !is(op, "Route 53", NULL) ||
        !(mw_str_eq(shape, "ResourceId") || mw_str_eq(shape, "DelegationSetId") || mw_str_eq(shape, "ChangeId")))
        return NULL;
    return slash + 1;
}

/* A member's replacement text, or NULL when it stays as the caller gave it. */
static const char *replacement(const mw_operation *op, const mw_member *m, const mw_doc *d, mw_val params,
                               const char *token)
{
    mw_val v = d ? mw__param(d, params, m) : MW_VAL_ABSENT;

    return v == MW_VAL_ABSENT ? filling(op, m, token) : stripped(op, m, d, v);
}

mw_status mw__customize_params(const mw_operation *op, const mw_doc *d, mw_val params, const char *token,
                               mw_doc_builder **built, const mw_doc **out_doc, mw_val *out, mw_error *err)
{
    const mw_shape *input = mw_operation_input(op);
    size_t n = input ? mw_shape_member_count(input) : 0;
    bool object = d && mw_val_kind(d, params) == MW_KIND_OBJECT, change = !object;
    mw_doc_builder *b;
    mw_status st;

    *built = NULL;
    for (size_t i = 0; i < n && !change; i++)
        change = replacement(op, mw_shape_member_at(input, i), d, params, token) != NULL;
    if (!change) {
        *out_doc = d;
        *out = params;
        return MW_OK;
    }
    if ((st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    *built = b;
    mw_doc_begin_object(b);
    for (size_t i = 0; object && i < mw_val_len(d, params); i++) {
        mw_val key, value = mw_val_member(d, params, i, &key);
        size_t len;
        const char *name = mw_val_str(d, key, &len);
        mw_doc_key(b, name, len);
        mw_doc_add_copy(b, d, value);
    }
    for (size_t i = 0; i < n; i++) {
        const mw_member *m = mw_shape_member_at(input, i);
        const char *text = replacement(op, m, object ? d : NULL, params, token);
        if (text)
            mw_doc_member_str(b, mw_member_name(m), text);
    }
    mw_doc_end_object(b);
    *out = mw_doc_pop(b);
    *out_doc = mw_doc_view(b);
    return mw_doc_builder_status(b, err);
}

/* ---- results ---- */

void mw__customize_bindings(const mw_operation *op, const mw_http_response *r, mw_doc_builder *b)
{
    const char *expires = mw_http_get(&r->headers, "Expires");

    if (expires && is(op, "S3", NULL) && mw_shape_member(mw_operation_output(op), "Expires", 7))
        mw_doc_member_str(b, "ExpiresString", expires);
}

/* What to do with one string: push its replacement, or false to keep it. */
typedef bool (*rewrite_fn)(mw_doc_builder *b, const mw_shape *s, const char *name, mw_val v);

struct rewrite {
    mw_doc_builder *b;
    rewrite_fn string;
};

static mw_val rewrite_value(const struct rewrite *w, const mw_shape *s, const char *name, mw_val v, unsigned depth);

/* A container whose elements were rewritten: the same value when none changed. */
static mw_val rewrite_container(const struct rewrite *w, const mw_shape *s, mw_val v, unsigned depth)
{
    const mw_doc *d = mw_doc_view(w->b);
    size_t n = mw_val_len(d, v);
    mw_shape_type type = mw_shape_type_of(s);
    MW_AUTO_FREE mw_val *changed = n ? mw_alloc(n * sizeof(*changed)) : NULL;
    bool any = false;

    if (n && !changed) {
        mw_doc_builder_fail(w->b, MW_ERR_NOMEM, "out of memory");
        return v;
    }
    for (size_t i = 0; i < n; i++) {
        mw_val key, old = type == MW_SHAPE_LIST ? mw_val_at(d, v, i) : mw_val_member(d, v, i, &key);
        const mw_member *m = NULL;
        size_t len;
        changed[i] = old;
        if (type == MW_SHAPE_LIST)
            m = mw_shape_element(s);
        else if (type == MW_SHAPE_MAP)
            m = mw_shape_value(s);
        else {
            const char *name = mw_val_str(d, key, &len);
            m = mw_shape_member(s, name, len);
        }
        if (m)
            changed[i] = rewrite_value(w, mw_member_shape(m), mw_member_name(m), old, depth + 1);
        any = any || changed[i] != old;
    }
    if (!any)
        return v;
    if (type == MW_SHAPE_LIST)
        mw_doc_begin_array(w->b);
    else
        mw_doc_begin_object(w->b);
    for (size_t i = 0; i < n; i++) {
        mw_val key;
        if (type != MW_SHAPE_LIST) {
            mw_val_member(d, v, i, &key);
            mw_doc_key_val(w->b, key);
        }
        mw_doc_add_val(w->b, changed[i]);
    }
    if (type == MW_SHAPE_LIST)
        mw_doc_end_array(w->b);
    else
        mw_doc_end_object(w->b);
    return mw_doc_pop(w->b);
}

static mw_val rewrite_value(const struct rewrite *w, const mw_shape *s, const char *name, mw_val v, unsigned depth)
{
    mw_kind k = mw_val_kind(mw_doc_view(w->b), v);

    if (depth > MW__PROTOCOL_DEPTH)
        return v;
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRING: return k == MW_KIND_STRING && w->string(w->b, s, name, v) ? mw_doc_pop(w->b) : v;
    case MW_SHAPE_LIST: return k == MW_KIND_ARRAY ? rewrite_container(w, s, v, depth) : v;
    case MW_SHAPE_STRUCTURE:
    case MW_SHAPE_MAP: return k == MW_KIND_OBJECT && !mw_shape_document(s) ? rewrite_container(w, s, v, depth) : v;
    default: return v;
    }
}

/* Push @p text as JSON; false when it is none. */
static bool add_json(mw_doc_builder *b, const char *text, size_t len)
{
    const mw_json_options options = {.max_depth = MW__PROTOCOL_DEPTH};

    return mw_json_read(b, text, len, &options, NULL, NULL) == MW_OK;
}

/* IAM's URL-encoded JSON. */
static bool decode_policy(mw_doc_builder *b, const mw_shape *s, const char *name, mw_val v)
{
    MW_AUTO(mw_buf) text = {0};
    size_t len;
    const char *raw;

    (void)name;
    if (!mw_str_eq(mw_shape_name(s), "policyDocumentType"))
        return false;
    raw = mw_val_str(mw_doc_view(b), v, &len);
    return mw_uri_decode(&text, raw, len) == MW_OK && text.len && add_json(b, text.data, text.len);
}

/* A JSON template; YAML stays text. */
static bool decode_template(mw_doc_builder *b, const mw_shape *s, const char *name, mw_val v)
{
    size_t len;
    const char *raw;

    (void)s;
    if (!mw_str_eq(name, "TemplateBody"))
        return false;
    raw = mw_val_str(mw_doc_view(b), v, &len);
    return add_json(b, raw, len);
}

static bool decode_console(mw_doc_builder *b, const mw_shape *s, const char *name, mw_val v)
{
    MW_AUTO(mw_buf) text = {0};
    size_t len;
    const char *raw;

    (void)s;
    if (!mw_str_eq(name, "Output"))
        return false;
    raw = mw_val_str(mw_doc_view(b), v, &len);
    if (mw_base64_decode(&text, raw, len, NULL) != MW_OK)
        return false;
    mw_doc_add_str(b, text.data ? text.data : "", text.len);
    return true;
}

/* The members that S3 encodes when asked to (ListObjectsV2, encoding-type, Amazon S3 API
 * Reference). */
static bool decode_key(mw_doc_builder *b, const mw_shape *s, const char *name, mw_val v)
{
    static const char *const encoded[] = {"Key",        "Prefix",     "Delimiter", "Marker",
                                          "NextMarker", "StartAfter", "KeyMarker", "NextKeyMarker"};
    MW_AUTO(mw_buf) text = {0};
    MW_AUTO(mw_buf) spaced = {0};
    size_t len;
    const char *raw;
    bool known = false;

    (void)s;
    for (size_t i = 0; i < MW_COUNT(encoded) && !known; i++)
        known = mw_str_eq(name, encoded[i]);
    raw = mw_val_str(mw_doc_view(b), v, &len);
    if (!known || (!memchr(raw, '%', len) && !memchr(raw, '+', len)))
        return false;
    mw_buf_add(&spaced, raw, len, NULL);
    for (size_t i = 0; i < spaced.len; i++)
        if (spaced.data[i] == '+')
            spaced.data[i] = ' ';
    if (mw_buf_status(&spaced, NULL) != MW_OK || mw_uri_decode(&text, spaced.data, spaced.len) != MW_OK)
        return false;
    mw_doc_add_str(b, text.data ? text.data : "", text.len);
    return true;
}

/* Did mw__customize_params() ask for the encoding, rather than the caller? */
static bool encoded_by_us(const mw_doc *request, mw_val params)
{
    return !request || mw_val_get(request, params, "EncodingType") == MW_VAL_ABSENT;
}

static rewrite_fn rewriting(const mw_operation *op, const mw_doc *request, mw_val params, const mw_doc *d, mw_val in)
{
    if (is(op, "IAM", NULL))
        return decode_policy;
    if (is(op, "CloudFormation", "GetTemplate"))
        return decode_template;
    if (is(op, "EC2", "GetConsoleOutput"))
        return decode_console;
    if (lists_keys(op) && encoded_by_us(request, params) && mw_str_eq(mw_val_get_str(d, in, "EncodingType", ""), "url"))
        return decode_key;
    return NULL;
}

mw_status mw_customize_result(const mw_operation *op, const mw_doc *request, mw_val params, mw_doc_builder *b,
                              mw_val in, mw_val *out, mw_error *err)
{
    const mw_shape *output = mw_operation_output(op);
    struct rewrite w = {.b = b, .string = rewriting(op, request, params, mw_doc_view(b), in)};

    *out = in;
    if (!output)
        return MW_OK;
    if (w.string)
        *out = rewrite_value(&w, output, NULL, in, 0);
    if (is(op, "S3", "GetBucketLocation") && mw_val_get(mw_doc_view(b), in, "LocationConstraint") == MW_VAL_ABSENT) {
        mw_doc_begin_object(b); /* us-east-1 has no constraint, and says so with null */
        mw_doc_member_str(b, "LocationConstraint", NULL);
        mw_doc_end_object(b);
        *out = mw_doc_pop(b);
    }
    return mw_doc_builder_status(b, err);
}
