/*
 * Bodies of rpc-v2-cbor: maps and arrays of known length, instants as tag 1, blobs as bytes.
 * Parameters were validated before.
 */
#include "aws/cbor.h"
#include "aws/protocol_internal.h"

#include <string.h>

struct cbor_out {
    mw_buf *out;
    const mw_doc *d;
    mw_error *err;
};

static mw_status put_value(struct cbor_out *c, const mw_shape *s, mw_val v);

static mw_status put_structure(struct cbor_out *c, const mw_shape *s, mw_val v)
{
    size_t set = 0;
    mw_status st;

    for (size_t i = 0; i < mw_shape_member_count(s); i++)
        if (mw__param(c->d, v, mw_shape_member_at(s, i)) != MW_VAL_ABSENT)
            set++;
    mw__cbor_put_head(c->out, 5, set);
    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        mw_val value = mw__param(c->d, v, m);
        if (value == MW_VAL_ABSENT)
            continue;
        mw__cbor_put_text(c->out, mw__wire_name(m), strlen(mw__wire_name(m)));
        if ((st = put_value(c, mw_member_shape(m), value)) != MW_OK)
            return st;
    }
    return MW_OK;
}

static mw_status put_list(struct cbor_out *c, const mw_shape *s, mw_val v)
{
    size_t n = mw_val_len(c->d, v);
    mw_status st = MW_OK;

    mw__cbor_put_head(c->out, 4, n);
    for (size_t i = 0; st == MW_OK && i < n; i++)
        st = put_value(c, mw_member_shape(mw_shape_element(s)), mw_val_at(c->d, v, i));
    return st;
}

static mw_status put_map(struct cbor_out *c, const mw_shape *s, mw_val v)
{
    size_t n = mw_val_len(c->d, v);
    mw_status st = MW_OK;

    mw__cbor_put_head(c->out, 5, n);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        mw_val key, value = mw_val_member(c->d, v, i, &key);
        size_t len;
        const char *name = mw_val_str(c->d, key, &len);
        mw__cbor_put_text(c->out, name, len);
        st = put_value(c, mw_member_shape(mw_shape_value(s)), value);
    }
    return st;
}

static mw_status put_blob(struct cbor_out *c, mw_val v)
{
    MW_AUTO(mw_buf) raw = {0};
    size_t len;
    const char *text = mw_val_str(c->d, v, &len);
    mw_status st = mw_base64_decode(&raw, text, len, c->err);

    if (st != MW_OK)
        return st;
    mw__cbor_put_head(c->out, 2, raw.len);
    return mw_buf_add(c->out, raw.data ? raw.data : "", raw.len, c->err);
}

static mw_status put_time(struct cbor_out *c, mw_val v)
{
    int64_t ns;
    mw_status st = mw__time_of(c->d, v, &ns, c->err);

    if (st != MW_OK)
        return st;
    mw__cbor_put_head(c->out, 6, 1);
    mw__cbor_put_int(c->out, ns / 1000000000 - (ns % 1000000000 < 0 ? 1 : 0));
    return MW_OK;
}

static mw_status put_value(struct cbor_out *c, const mw_shape *s, mw_val v)
{
    const char *text;
    size_t len;
    double x;

    if (mw_val_kind(c->d, v) == MW_KIND_NULL) {
        mw__cbor_put_null(c->out);
        return MW_OK;
    }
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE:
        if (mw_shape_document(s))
            return mw_fail(c->err, MW_ERR_UNSUPPORTED, "document types are not part of rpc-v2-cbor");
        return put_structure(c, s, v);
    case MW_SHAPE_LIST: return put_list(c, s, v);
    case MW_SHAPE_MAP: return put_map(c, s, v);
    case MW_SHAPE_BLOB: return put_blob(c, v);
    case MW_SHAPE_TIMESTAMP: return put_time(c, v);
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG: mw__cbor_put_int(c->out, mw_val_int(c->d, v)); return MW_OK;
    case MW_SHAPE_BOOLEAN: mw__cbor_put_bool(c->out, mw_val_bool(c->d, v)); return MW_OK;
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE:
        text = mw_val_str(c->d, v, &len);
        if (!text || !mw__parse_real(text, len, &x))
            x = mw_val_real(c->d, v);
        mw__cbor_put_real(c->out, x, mw_shape_type_of(s) == MW_SHAPE_FLOAT);
        return MW_OK;
    case MW_SHAPE_STRING:
        text = mw_val_str(c->d, v, &len);
        mw__cbor_put_text(c->out, text ? text : "", text ? len : 0);
        return MW_OK;
    }
    return MW_OK;
}

mw_status mw__cbor_serialize(mw_buf *out, const mw_doc *d, mw_val v, const mw_shape *s, mw_error *err)
{
    struct cbor_out c = {.out = out, .d = d, .err = err};
    mw_status st = put_value(&c, s, v);

    return st == MW_OK ? mw_buf_status(out, err) : st;
}
