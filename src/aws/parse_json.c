/*
 * JSON answers in one pass from text to document, led by the model's shapes. Tolerant where the
 * meaning is plain (a number in a string, a boolean in a string), as the AWS SDKs are; anything
 * else that is not what the model says ends in MW_ERR_PARSE with the member's path. Members that
 * the model lacks are checked as JSON and dropped; null members count as absent, null elements
 * stay.
 */
#include "aws/protocol_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct json_in {
    mw__json j;
    mw_doc_builder *b;
    mw_error *err;
    bool known;       /* the whole answer has a member that the model has */
    char foreign[40]; /* the first that it does not have */
};

static mw_status read_value(struct json_in *in, const mw_shape *s, const mw__path *at);

static const char *token_name(mw__json_token t)
{
    switch (t) {
    case MW__JSON_OBJECT: return "an object";
    case MW__JSON_ARRAY: return "a list";
    case MW__JSON_STRING: return "a string";
    case MW__JSON_NUMBER: return "a number";
    case MW__JSON_TRUE:
    case MW__JSON_FALSE: return "a boolean";
    case MW__JSON_NULL: return "null";
    default: return "no value";
    }
}

static mw_status mismatch(struct json_in *in, mw__json_token t, const char *wanted, const mw__path *at)
{
    char path[MW__PATH_SIZE];

    if (t == MW__JSON_END || t == MW__JSON_BAD)
        return mw__json_fail(&in->j, "a value", in->err);
    return mw_fail(in->err, MW_ERR_PARSE, "%s is %s where the model says %s", mw__path_text(at, path, sizeof(path)),
                   token_name(t), wanted);
}

/* An unescaped name is borrowed from the body; one from scratch does not live long enough for a
 * path. */
static mw__path step_into(struct json_in *in, const mw__path *up, const char *key, size_t len)
{
    if (key < in->j.text || key >= in->j.end)
        return mw__path_step(up, "?", 1, 0);
    return mw__path_step(up, key, len, 0);
}

static mw_status read_members(struct json_in *in, const mw_shape *s, const mw__path *at, bool only_body)
{
    char unknown[128] = "";
    bool more, any = false;
    mw_status st;

    mw__json_enter(&in->j);
    for (bool first = true;; first = false) {
        const mw_member *m;
        const char *key;
        mw__path step;
        size_t len;

        st = mw__json_next_member(&in->j, first, &more, &key, &len, in->err);
        if (st != MW_OK || !more)
            break;
        m = mw_shape_member_wire(s, key, len);
        if (m && only_body && mw_member_location(m) != MW_LOC_BODY)
            m = NULL;
        if (m && only_body)
            in->known = true;
        if (mw__json_peek(&in->j) == MW__JSON_NULL) {
            if ((st = mw__json_literal(&in->j, MW__JSON_NULL, in->err)) != MW_OK)
                break;
            continue;
        }
        if (!m) {
            if (len < sizeof(unknown) && !(len == 6 && memcmp(key, "__type", 6) == 0)) {
                memcpy(unknown, key, len);
                unknown[len] = '\0';
            }
            if (only_body && !in->foreign[0])
                snprintf(in->foreign, sizeof(in->foreign), "%.*s", len < sizeof(in->foreign) ? (int)len : 36, key);
            if ((st = mw__json_skip(&in->j, MW__PROTOCOL_DEPTH, in->err)) != MW_OK)
                break;
            continue;
        }
        any = true;
        step = mw__path_step(at, mw_member_name(m), strlen(mw_member_name(m)), 0);
        mw_doc_ckey(in->b, mw_member_name(m));
        if ((st = read_value(in, mw_member_shape(m), &step)) != MW_OK)
            break;
    }
    if (st == MW_OK && !any && unknown[0] && mw_shape_union(s)) {
        mw_doc_ckey(in->b, "SDK_UNKNOWN_MEMBER");
        mw_doc_begin_object(in->b);
        mw_doc_member_str(in->b, "name", unknown);
        mw_doc_end_object(in->b);
    }
    return st;
}

static mw_status read_structure(struct json_in *in, const mw_shape *s, const mw__path *at)
{
    mw_status st;

    mw_doc_begin_object(in->b);
    if ((st = read_members(in, s, at, false)) == MW_OK)
        mw_doc_end_object(in->b);
    return st;
}

static mw_status read_null_or_value(struct json_in *in, const mw_shape *s, const mw__path *at)
{
    if (mw__json_peek(&in->j) != MW__JSON_NULL)
        return read_value(in, s, at);
    mw_doc_add_null(in->b);
    return mw__json_literal(&in->j, MW__JSON_NULL, in->err);
}

static mw_status read_list(struct json_in *in, const mw_shape *s, const mw__path *at)
{
    const mw_shape *element = mw_member_shape(mw_shape_element(s));
    bool more;
    mw_status st;

    mw__json_enter(&in->j);
    mw_doc_begin_array(in->b);
    for (size_t i = 0;; i++) {
        mw__path step = mw__path_step(at, NULL, 0, i);
        st = mw__json_next_element(&in->j, i == 0, &more, in->err);
        if (st != MW_OK || !more)
            break;
        if ((st = read_null_or_value(in, element, &step)) != MW_OK)
            break;
    }
    if (st == MW_OK)
        mw_doc_end_array(in->b);
    return st;
}

static mw_status read_map(struct json_in *in, const mw_shape *s, const mw__path *at)
{
    const mw_shape *value = mw_member_shape(mw_shape_value(s));
    bool more;
    mw_status st;

    mw__json_enter(&in->j);
    mw_doc_begin_object(in->b);
    for (bool first = true;; first = false) {
        const char *key;
        mw__path step;
        size_t len;
        st = mw__json_next_member(&in->j, first, &more, &key, &len, in->err);
        if (st != MW_OK || !more)
            break;
        mw_doc_key(in->b, key, len);
        step = step_into(in, at, key, len);
        if ((st = read_null_or_value(in, value, &step)) != MW_OK)
            break;
    }
    if (st == MW_OK)
        mw_doc_end_object(in->b);
    return st;
}

/* Any JSON: a document type. */
static mw_status read_any(struct json_in *in)
{
    const mw_json_options options = {.max_depth = MW__PROTOCOL_DEPTH, .allow_trailing = true};
    size_t used = 0;
    mw_status st = mw_json_read(in->b, in->j.p, (size_t)(in->j.end - in->j.p), &options, &used, in->err);

    in->j.p += used;
    return st;
}

/* Text in a string, checked against the shape by the rules that all protocols share. */
static mw_status read_text(struct json_in *in, const mw_shape *s, const mw__path *at)
{
    char path[MW__PATH_SIZE];
    mw_error lower = {0};
    const char *text;
    size_t len;
    bool added;
    mw_status st = mw__json_string(&in->j, &text, &len, in->err);

    if (st != MW_OK)
        return st;
    st = mw__add_text(in->b, s, text, len, &added, &lower);
    if (st == MW_OK && !added)
        mw_doc_add_null(in->b);
    if (st == MW_OK)
        return MW_OK;
    return mw_fail(in->err, st, "%s: %s", mw__path_text(at, path, sizeof(path)), lower.message);
}

static mw_status read_number(struct json_in *in, const mw_shape *s, const mw__path *at)
{
    char path[MW__PATH_SIZE];
    const char *text;
    size_t len;
    bool integer;
    long long n;
    double x;
    int64_t ns;
    mw_status st = mw__json_number(&in->j, &text, &len, &integer, in->err);

    if (st != MW_OK)
        return st;
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRING: /* stays what AWS sent, as in the SDKs */
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG:
        if (integer && mw_parse_int(text, len, &n)) {
            mw_doc_add_int(in->b, n);
            return MW_OK;
        }
        if (!mw__parse_real(text, len, &x))
            break;
        if (x == floor(x) && fabs(x) < 9.2e18)
            mw_doc_add_int(in->b, (int64_t)x);
        else
            mw__add_real(in->b, x); /* what AWS sent is worth more than what it promised */
        return MW_OK;
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE:
        if (!mw__parse_real(text, len, &x))
            break;
        mw__add_real(in->b, x);
        return MW_OK;
    case MW_SHAPE_TIMESTAMP:
        if (mw_time_parse(text, len, &ns, NULL) != MW_OK)
            break;
        mw__add_time(in->b, ns);
        return MW_OK;
    default: break;
    }
    return mw_fail(in->err, MW_ERR_PARSE, "%s is a number that does not fit the model",
                   mw__path_text(at, path, sizeof(path)));
}

static mw_status read_bool(struct json_in *in, mw__json_token t, const mw_shape *s, const mw__path *at)
{
    mw_status st;

    if (mw_shape_type_of(s) != MW_SHAPE_BOOLEAN && mw_shape_type_of(s) != MW_SHAPE_STRING)
        return mismatch(in, t, "another kind", at);
    if ((st = mw__json_literal(&in->j, t, in->err)) == MW_OK)
        mw_doc_add_bool(in->b, t == MW__JSON_TRUE);
    return st;
}

static mw_status read_value(struct json_in *in, const mw_shape *s, const mw__path *at)
{
    mw__json_token t = mw__json_peek(&in->j);
    mw_shape_type type = mw_shape_type_of(s);

    if (at && at->depth > MW__PROTOCOL_DEPTH)
        return mw_fail(in->err, MW_ERR_LIMIT, "JSON nests deeper than %d levels", MW__PROTOCOL_DEPTH);
    if (mw_shape_document(s))
        return read_any(in);
    if (type == MW_SHAPE_STRUCTURE)
        return t == MW__JSON_OBJECT ? read_structure(in, s, at) : mismatch(in, t, "an object", at);
    if (type == MW_SHAPE_MAP)
        return t == MW__JSON_OBJECT ? read_map(in, s, at) : mismatch(in, t, "an object", at);
    if (type == MW_SHAPE_LIST)
        return t == MW__JSON_ARRAY ? read_list(in, s, at) : mismatch(in, t, "a list", at);
    switch (t) {
    case MW__JSON_OBJECT:
    case MW__JSON_ARRAY: /* more than the model promised: kept whole, as the SDKs do */
        return type == MW_SHAPE_STRING ? read_any(in) : mismatch(in, t, "a scalar", at);
    case MW__JSON_STRING: return read_text(in, s, at);
    case MW__JSON_NUMBER: return read_number(in, s, at);
    case MW__JSON_TRUE:
    case MW__JSON_FALSE: return read_bool(in, t, s, at);
    default: return mismatch(in, t, "a scalar", at);
    }
}

static mw_status read_root(struct json_in *in, const mw_shape *s, const mw__path *at)
{
    mw__json_token t = mw__json_peek(&in->j);

    if (t == MW__JSON_NULL)
        return mw__json_literal(&in->j, t, in->err);
    return t == MW__JSON_OBJECT ? read_members(in, s, at, true) : mismatch(in, t, "an object", at);
}

static mw_status read_whole(struct json_in *in, const mw_shape *s, const char *body, size_t len, bool members)
{
    mw_status st;

    mw__json_init(&in->j, body, len);
    st = members ? read_root(in, s, NULL) : read_value(in, s, NULL);
    if (st == MW_OK && mw__json_peek(&in->j) != MW__JSON_END)
        st = mw__json_fail(&in->j, "the end", in->err);
    mw__json_clear(&in->j);
    return st;
}

mw_status mw__json_parse(mw_doc_builder *b, const mw_shape *s, const char *body, size_t len, bool members,
                         mw_error *err)
{
    struct json_in in = {.b = b, .err = err};

    return read_whole(&in, s, body, len, members);
}

mw_status mw__json_answer(mw_doc_builder *b, const mw_shape *s, const char *body, size_t len, mw_error *err)
{
    struct json_in in = {.b = b, .err = err};
    mw_status st = read_whole(&in, s, body, len, true);

    if (st == MW_OK && in.foreign[0] && !in.known && mw__promises_more(s))
        return mw_fail(err, MW_ERR_PARSE, "it has '%s', and nothing of what the model says", in.foreign);
    return st;
}
