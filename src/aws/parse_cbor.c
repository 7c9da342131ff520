/*
 * Answers of rpc-v2-cbor in one pass from bytes to document, led by the model's shapes; the rules
 * are those of parse_json.c. Instants come as tag 1, blobs as bytes; integers may stand for floats
 * and the other way round.
 */
#include "aws/cbor.h"
#include "aws/protocol_internal.h"

#include <math.h>
#include <string.h>

struct cbor_in {
    mw__cbor c;
    mw_doc_builder *b;
    mw_error *err;
};

static mw_status read_value(struct cbor_in *in, const mw_shape *s, const mw__path *at);

static mw_status mismatch(struct cbor_in *in, const mw_shape *s, const mw__path *at)
{
    char path[MW__PATH_SIZE];

    return mw_fail(in->err, MW_ERR_PARSE, "%s is not the %s that the model says", mw__path_text(at, path, sizeof(path)),
                   mw_shape_name(s) ? mw_shape_name(s) : "kind");
}

/* A key must stay readable while its value is read, so chunked keys are not accepted. */
static mw_status read_key(struct cbor_in *in, mw__cbor_item *key, const mw__path *at)
{
    char path[MW__PATH_SIZE];
    mw_status st = mw__cbor_next(&in->c, key, in->err);

    if (st != MW_OK)
        return st;
    if (key->type != MW__CBOR_TEXT || (key->len && key->data == in->c.scratch.data))
        return mw_fail(in->err, MW_ERR_PARSE, "%s has a key that is not plain text",
                       mw__path_text(at, path, sizeof(path)));
    return MW_OK;
}

static mw_status read_members(struct cbor_in *in, const mw_shape *s, const mw__cbor_item *map, const mw__path *at)
{
    const char *unknown = NULL;
    size_t unknown_len = 0;
    bool more, any = false;
    mw_status st;

    for (size_t i = 0;; i++) {
        const mw_member *m;
        mw__cbor_item key;
        mw__path step;
        if ((st = mw__cbor_more(&in->c, map, i, &more, in->err)) != MW_OK || !more)
            break;
        if ((st = read_key(in, &key, at)) != MW_OK)
            break;
        m = mw_shape_member_wire(s, key.data, key.len);
        if (!m || mw__cbor_peek_null(&in->c)) {
            if (!m && !mw__cbor_peek_null(&in->c) && !(key.len == 6 && memcmp(key.data, "__type", 6) == 0)) {
                unknown = key.data;
                unknown_len = key.len;
            }
            if ((st = mw__cbor_skip(&in->c, MW__PROTOCOL_DEPTH, in->err)) != MW_OK)
                break;
            continue;
        }
        any = true;
        step = mw__path_step(at, mw_member_name(m), strlen(mw_member_name(m)), 0);
        mw_doc_ckey(in->b, mw_member_name(m));
        if ((st = read_value(in, mw_member_shape(m), &step)) != MW_OK)
            break;
    }
    if (st == MW_OK && !any && unknown && mw_shape_union(s)) {
        mw_doc_ckey(in->b, "SDK_UNKNOWN_MEMBER");
        mw_doc_begin_object(in->b);
        mw_doc_ckey(in->b, "name");
        mw_doc_add_str(in->b, unknown, unknown_len);
        mw_doc_end_object(in->b);
    }
    return st;
}

static mw_status read_null_or_value(struct cbor_in *in, const mw_shape *s, const mw__path *at)
{
    mw__cbor_item null;

    if (!mw__cbor_peek_null(&in->c))
        return read_value(in, s, at);
    mw_doc_add_null(in->b);
    return mw__cbor_next(&in->c, &null, in->err);
}

static mw_status read_list(struct cbor_in *in, const mw_shape *s, const mw__cbor_item *array, const mw__path *at)
{
    const mw_shape *element = mw_member_shape(mw_shape_element(s));
    bool more;
    mw_status st;

    mw_doc_begin_array(in->b);
    for (size_t i = 0;; i++) {
        mw__path step = mw__path_step(at, NULL, 0, i);
        if ((st = mw__cbor_more(&in->c, array, i, &more, in->err)) != MW_OK || !more)
            break;
        if ((st = read_null_or_value(in, element, &step)) != MW_OK)
            break;
    }
    if (st == MW_OK)
        mw_doc_end_array(in->b);
    return st;
}

static mw_status read_map(struct cbor_in *in, const mw_shape *s, const mw__cbor_item *map, const mw__path *at)
{
    const mw_shape *value = mw_member_shape(mw_shape_value(s));
    bool more;
    mw_status st;

    mw_doc_begin_object(in->b);
    for (size_t i = 0;; i++) {
        mw__cbor_item key;
        mw__path step;
        if ((st = mw__cbor_more(&in->c, map, i, &more, in->err)) != MW_OK || !more)
            break;
        if ((st = read_key(in, &key, at)) != MW_OK)
            break;
        mw_doc_key(in->b, key.data, key.len);
        step = mw__path_step(at, key.data, key.len, 0);
        if ((st = read_null_or_value(in, value, &step)) != MW_OK)
            break;
    }
    if (st == MW_OK)
        mw_doc_end_object(in->b);
    return st;
}

/* The number of an integer or float item. */
static bool number_of(const mw__cbor_item *i, double *x)
{
    if (i->type == MW__CBOR_REAL)
        *x = i->real;
    else if (i->type == MW__CBOR_UINT)
        *x = (double)i->number;
    else if (i->type == MW__CBOR_NEGINT)
        *x = -1.0 - (double)i->number;
    else
        return false;
    return true;
}

static bool add_integer(mw_doc_builder *b, const mw__cbor_item *i)
{
    double x;

    if (i->type == MW__CBOR_UINT && i->number <= INT64_MAX)
        mw_doc_add_int(b, (int64_t)i->number);
    else if (i->type == MW__CBOR_NEGINT && i->number <= INT64_MAX)
        mw_doc_add_int(b, -1 - (int64_t)i->number);
    else if (!number_of(i, &x))
        return false;
    else if (x == floor(x) && fabs(x) < 9.2e18)
        mw_doc_add_int(b, (int64_t)x);
    else
        mw__add_real(b, x);
    return true;
}

static bool add_time(mw_doc_builder *b, const mw__cbor_item *i)
{
    int64_t ns;
    double x;

    if (i->type == MW__CBOR_TEXT) {
        if (mw_time_parse(i->data, i->len, &ns, NULL) != MW_OK)
            return false;
    } else if (i->type == MW__CBOR_UINT && i->number < 9000000000U) {
        ns = (int64_t)i->number * 1000000000;
    } else {
        if (!number_of(i, &x) || !isfinite(x))
            return false;
        if (fabs(x) > 9.2e9)
            ns = x < 0 ? INT64_MIN : INT64_MAX;
        else
            ns = (int64_t)llround(x * 1e6) * 1000;
    }
    mw__add_time(b, ns);
    return true;
}

static mw_status add_scalar(struct cbor_in *in, const mw_shape *s, const mw__cbor_item *i, const mw__path *at)
{
    double x;
    bool ok = false;

    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRING:
        if ((ok = i->type == MW__CBOR_TEXT))
            mw_doc_add_str(in->b, i->data, i->len);
        break;
    case MW_SHAPE_BLOB:
        if (i->type == MW__CBOR_BYTES)
            return mw__add_bytes(in->b, i->data, i->len, in->err);
        break;
    case MW_SHAPE_BOOLEAN:
        if ((ok = i->type == MW__CBOR_BOOL))
            mw_doc_add_bool(in->b, i->number != 0);
        break;
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG: ok = add_integer(in->b, i); break;
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE:
        if ((ok = number_of(i, &x)))
            mw__add_real(in->b, x);
        break;
    case MW_SHAPE_TIMESTAMP: ok = add_time(in->b, i); break;
    default: break;
    }
    return ok ? MW_OK : mismatch(in, s, at);
}

static mw_status read_value(struct cbor_in *in, const mw_shape *s, const mw__path *at)
{
    mw__cbor_item item;
    mw_status st;

    if (at && at->depth > MW__PROTOCOL_DEPTH)
        return mw_fail(in->err, MW_ERR_LIMIT, "CBOR nests deeper than %d levels", MW__PROTOCOL_DEPTH);
    if ((st = mw__cbor_next(&in->c, &item, in->err)) != MW_OK)
        return st;
    if (item.type == MW__CBOR_TAG) {
        /* Tag 1, an epoch, is the only one of the protocol (Smithy RPC v2 CBOR). */
        if (item.number != 1 || mw_shape_type_of(s) != MW_SHAPE_TIMESTAMP)
            return mismatch(in, s, at);
        if ((st = mw__cbor_next(&in->c, &item, in->err)) != MW_OK)
            return st;
    }
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE:
        if (item.type != MW__CBOR_MAP)
            return mismatch(in, s, at);
        mw_doc_begin_object(in->b);
        if ((st = read_members(in, s, &item, at)) == MW_OK)
            mw_doc_end_object(in->b);
        return st;
    case MW_SHAPE_LIST: return item.type == MW__CBOR_ARRAY ? read_list(in, s, &item, at) : mismatch(in, s, at);
    case MW_SHAPE_MAP: return item.type == MW__CBOR_MAP ? read_map(in, s, &item, at) : mismatch(in, s, at);
    default: return add_scalar(in, s, &item, at);
    }
}

static mw_status read_root(struct cbor_in *in, const mw_shape *s, const mw__path *at)
{
    mw__cbor_item map;
    mw_status st = mw__cbor_next(&in->c, &map, in->err);

    if (st != MW_OK)
        return st;
    return map.type == MW__CBOR_MAP ? read_members(in, s, &map, at) : mismatch(in, s, at);
}

mw_status mw__cbor_parse(mw_doc_builder *b, const mw_shape *s, const char *body, size_t len, bool members,
                         mw_error *err)
{
    struct cbor_in in = {.b = b, .err = err};
    mw_status st;

    mw__cbor_init(&in.c, body, len);
    st = members ? read_root(&in, s, NULL) : read_value(&in, s, NULL);
    if (st == MW_OK && !mw__cbor_at_end(&in.c))
        st = mw_fail(err, MW_ERR_PARSE, "CBOR: more than one item");
    mw__cbor_clear(&in.c);
    return st;
}
