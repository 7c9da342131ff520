/* Mode "cbor": one data item as JSON text, with forms of its own for bytes and tags and exact
 * 64-bit integers. */
#include "aws/cbor.h"
#include "conformance.h"

#include <math.h>
#include <string.h>

enum { MAX_DEPTH = 128 };

/* Text of a string value, with the document's own escaping. */
static mw_status put_text(mw_buf *out, const char *s, size_t len, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_add_str(b, s, len);
    st = mw_json_write(out, mw_doc_view(b), mw_doc_pop(b), MW_JSON_COMPACT);
    mw_doc_builder_free(b);
    return st;
}

static mw_status put_item(mw__cbor *c, mw_buf *out, unsigned depth, mw_error *err);

static mw_status put_collection(mw__cbor *c, const mw__cbor_item *item, mw_buf *out, unsigned depth, mw_error *err)
{
    bool map = item->type == MW__CBOR_MAP, more;
    mw_status st;

    mw_buf_putc(out, map ? '{' : '[');
    for (size_t i = 0;; i++) {
        if ((st = mw__cbor_more(c, item, i, &more, err)) != MW_OK)
            return st;
        if (!more)
            break;
        if (i)
            mw_buf_putc(out, ',');
        if (map) {
            mw__cbor_item key;
            if ((st = mw__cbor_next(c, &key, err)) != MW_OK)
                return st;
            if (key.type != MW__CBOR_TEXT)
                return mw_fail(err, MW_ERR_PARSE, "a map key is not text");
            if ((st = put_text(out, key.data, key.len, err)) != MW_OK)
                return st;
            mw_buf_putc(out, ':');
        }
        if ((st = put_item(c, out, depth + 1, err)) != MW_OK)
            return st;
    }
    return mw_buf_putc(out, map ? '}' : ']');
}

static mw_status put_item(mw__cbor *c, mw_buf *out, unsigned depth, mw_error *err)
{
    mw__cbor_item item;
    mw_status st;

    if (depth > MAX_DEPTH)
        return mw_fail(err, MW_ERR_LIMIT, "nested too deeply");
    if ((st = mw__cbor_next(c, &item, err)) != MW_OK)
        return st;
    switch (item.type) {
    case MW__CBOR_UINT: return mw_buf_printf(out, "%llu", (unsigned long long)item.number);
    case MW__CBOR_NEGINT:
        if (item.number == UINT64_MAX)
            return mw_buf_puts(out, "-18446744073709551616");
        return mw_buf_printf(out, "-%llu", (unsigned long long)item.number + 1);
    case MW__CBOR_BYTES:
        mw_buf_puts(out, "{\"$bytes\":\"");
        mw_base64_encode(out, item.data, item.len);
        return mw_buf_puts(out, "\"}");
    case MW__CBOR_TEXT: return put_text(out, item.data, item.len, err);
    case MW__CBOR_ARRAY:
    case MW__CBOR_MAP: return put_collection(c, &item, out, depth, err);
    case MW__CBOR_TAG:
        mw_buf_printf(out, "{\"$tag\":%llu,\"value\":", (unsigned long long)item.number);
        if ((st = put_item(c, out, depth + 1, err)) != MW_OK)
            return st;
        return mw_buf_putc(out, '}');
    case MW__CBOR_BOOL: return mw_buf_puts(out, item.number ? "true" : "false");
    case MW__CBOR_NULL: return mw_buf_puts(out, "null");
    case MW__CBOR_REAL:
        if (isnan(item.real))
            return mw_buf_puts(out, "\"NaN\"");
        if (isinf(item.real))
            return mw_buf_puts(out, item.real > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return mw_buf_printf(out, "%.17g", item.real);
    }
    return MW_OK;
}

mw_status mode_cbor(turn *t, mw_buf *value, mw_error *err)
{
    MW_AUTO(mw_buf) raw = {0};
    mw__cbor c;
    mw_status st = read_base64(t, t->request, "body_b64", &raw, err);

    if (st != MW_OK)
        return st;
    mw__cbor_init(&c, raw.data ? raw.data : "", raw.len);
    st = put_item(&c, value, 0, err);
    if (st == MW_OK && !mw__cbor_at_end(&c))
        st = mw_fail(err, MW_ERR_PARSE, "bytes follow the item");
    mw__cbor_clear(&c);
    return st == MW_OK ? mw_buf_status(value, err) : st;
}
