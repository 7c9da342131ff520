/*
 * CBOR data items: reader and writer. The reader hands out heads and borrowed strings and never
 * trusts a length before it has seen the bytes; an announced count costs nothing until its elements
 * arrive. It knows neither shapes nor documents: parse_cbor.c and serialize_cbor.c do.
 */
#include "aws/cbor.h"
#include "base/str.h"

#include <math.h>
#include <string.h>

enum { BREAK = 0xFF, INDEFINITE = 31 };

void mw__cbor_init(mw__cbor *c, const void *data, size_t len)
{
    *c = (mw__cbor){.start = data, .p = data, .end = (const unsigned char *)data + len};
}

void mw__cbor_clear(mw__cbor *c)
{
    mw_buf_clear(&c->scratch);
}

static mw_status fail(const mw__cbor *c, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_PARSE, "CBOR: %s at byte %zu", what, (size_t)(c->p - c->start));
}

static uint64_t big_endian(const unsigned char *p, size_t n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

/* The argument of a head whose low five bits are @p info. */
static mw_status argument(mw__cbor *c, unsigned info, uint64_t *out, mw_error *err)
{
    size_t n;

    if (info < 24) {
        *out = info;
        return MW_OK;
    }
    if (info > 27)
        return fail(c, "a reserved length", err);
    n = (size_t)1 << (info - 24);
    if ((size_t)(c->end - c->p) < n)
        return fail(c, "the end inside an item", err);
    *out = big_endian(c->p, n);
    c->p += n;
    return MW_OK;
}

static double half(unsigned h) /* RFC 8949, appendix D */
{
    int exponent = (int)(h >> 10 & 0x1F);
    double mantissa = h & 0x3FF, value;

    if (exponent == 0)
        value = ldexp(mantissa, -24);
    else if (exponent != 31)
        value = ldexp(mantissa + 1024, exponent - 25);
    else
        value = mantissa == 0 ? HUGE_VAL : (double)NAN;
    return h & 0x8000 ? -value : value;
}

static mw_status simple(mw__cbor *c, unsigned info, mw__cbor_item *item, mw_error *err)
{
    uint64_t bits;
    uint32_t word;
    float f;
    mw_status st;

    if (info == 20 || info == 21) {
        item->type = MW__CBOR_BOOL;
        item->number = info == 21;
        return MW_OK;
    }
    if (info == 22 || info == 23) {
        item->type = MW__CBOR_NULL;
        return MW_OK;
    }
    if (info < 25 || info > 27)
        return fail(c, "an unknown simple value", err);
    if ((st = argument(c, info, &bits, err)) != MW_OK)
        return st;
    item->type = MW__CBOR_REAL;
    if (info == 25) {
        item->real = half((unsigned)bits);
    } else if (info == 26) {
        word = (uint32_t)bits;
        memcpy(&f, &word, sizeof(f));
        item->real = (double)f;
    } else {
        memcpy(&item->real, &bits, sizeof(item->real));
    }
    return MW_OK;
}

static mw_status take(mw__cbor *c, uint64_t n, const char **data, mw_error *err)
{
    if (n > (uint64_t)(c->end - c->p))
        return fail(c, "the end inside a string", err);
    *data = (const char *)c->p;
    c->p += n;
    return MW_OK;
}

static mw_status string(mw__cbor *c, unsigned major, unsigned info, mw__cbor_item *item, mw_error *err)
{
    uint64_t n;
    mw_status st;

    item->type = major == 2 ? MW__CBOR_BYTES : MW__CBOR_TEXT;
    if (info != INDEFINITE) {
        if ((st = argument(c, info, &n, err)) != MW_OK || (st = take(c, n, &item->data, err)) != MW_OK)
            return st;
        item->len = (size_t)n;
    } else {
        mw_buf_reset(&c->scratch);
        for (;;) {
            const char *chunk = NULL;
            if (c->p == c->end)
                return fail(c, "the end inside a string", err);
            if (*c->p == BREAK)
                break;
            if (*c->p >> 5 != major || (*c->p & 31) == INDEFINITE)
                return fail(c, "a chunk of another kind", err);
            info = *c->p++ & 31;
            if ((st = argument(c, info, &n, err)) != MW_OK || (st = take(c, n, &chunk, err)) != MW_OK ||
                (st = mw_buf_add(&c->scratch, chunk, (size_t)n, err)) != MW_OK)
                return st;
        }
        c->p++;
        item->data = c->scratch.data ? c->scratch.data : "";
        item->len = c->scratch.len;
    }
    if (major == 3 && !mw_utf8_valid(item->data, item->len))
        return fail(c, "text that is not UTF-8", err);
    return MW_OK;
}

mw_status mw__cbor_next(mw__cbor *c, mw__cbor_item *item, mw_error *err)
{
    unsigned major, info;

    *item = (mw__cbor_item){.type = MW__CBOR_NULL};
    if (c->p == c->end)
        return fail(c, "the end where an item was expected", err);
    major = *c->p >> 5;
    info = *c->p & 31;
    c->p++;
    switch (major) {
    case 0:
    case 1: item->type = major == 0 ? MW__CBOR_UINT : MW__CBOR_NEGINT; return argument(c, info, &item->number, err);
    case 2:
    case 3: return string(c, major, info, item, err);
    case 4:
    case 5:
        item->type = major == 4 ? MW__CBOR_ARRAY : MW__CBOR_MAP;
        item->indefinite = info == INDEFINITE;
        return item->indefinite ? MW_OK : argument(c, info, &item->number, err);
    case 6: item->type = MW__CBOR_TAG; return argument(c, info, &item->number, err);
    default: return simple(c, info, item, err);
    }
}

mw_status mw__cbor_more(mw__cbor *c, const mw__cbor_item *container, size_t done, bool *more, mw_error *err)
{
    if (!container->indefinite) {
        *more = done < container->number;
        return MW_OK;
    }
    if (c->p == c->end)
        return fail(c, "the end inside a collection", err);
    *more = *c->p != BREAK;
    if (!*more)
        c->p++;
    return MW_OK;
}

bool mw__cbor_peek_text(const mw__cbor *c)
{
    return c->p < c->end && *c->p >> 5 == 3;
}

bool mw__cbor_peek_null(const mw__cbor *c)
{
    return c->p < c->end && (*c->p == 0xF6 || *c->p == 0xF7);
}

bool mw__cbor_at_end(const mw__cbor *c)
{
    return c->p == c->end;
}

mw_status mw__cbor_skip(mw__cbor *c, unsigned depth, mw_error *err)
{
    mw__cbor_item item;
    bool more;
    mw_status st;

    if (depth == 0)
        return mw_fail(err, MW_ERR_LIMIT, "CBOR nests too deeply at byte %zu", (size_t)(c->p - c->start));
    if ((st = mw__cbor_next(c, &item, err)) != MW_OK)
        return st;
    if (item.type == MW__CBOR_TAG)
        return mw__cbor_skip(c, depth - 1, err);
    if (item.type != MW__CBOR_ARRAY && item.type != MW__CBOR_MAP)
        return MW_OK;
    for (size_t i = 0;; i++) {
        if ((st = mw__cbor_more(c, &item, i, &more, err)) != MW_OK || !more)
            return st;
        if ((st = mw__cbor_skip(c, depth - 1, err)) != MW_OK)
            return st;
        if (item.type == MW__CBOR_MAP && (st = mw__cbor_skip(c, depth - 1, err)) != MW_OK)
            return st;
    }
}

/* ---- writing ---- */

static void put_big_endian(mw_buf *out, uint64_t v, unsigned n)
{
    while (n--)
        mw_buf_putc(out, (char)(v >> (8 * n) & 0xFF));
}

void mw__cbor_put_head(mw_buf *out, unsigned major, uint64_t a)
{
    unsigned info = a < 24 ? (unsigned)a : a <= 0xFF ? 24 : a <= 0xFFFF ? 25 : a <= 0xFFFFFFFF ? 26 : 27;

    mw_buf_putc(out, (char)(major << 5 | info));
    if (info >= 24)
        put_big_endian(out, a, 1U << (info - 24));
}

void mw__cbor_put_int(mw_buf *out, int64_t n)
{
    if (n >= 0)
        mw__cbor_put_head(out, 0, (uint64_t)n);
    else
        mw__cbor_put_head(out, 1, (uint64_t)(-(n + 1)));
}

void mw__cbor_put_text(mw_buf *out, const char *s, size_t len)
{
    mw__cbor_put_head(out, 3, len);
    mw_buf_add(out, s, len, NULL);
}

void mw__cbor_put_real(mw_buf *out, double x, bool single)
{
    float f = (float)x;
    uint32_t word;
    uint64_t bits;

    if (single) {
        memcpy(&word, &f, sizeof(word));
        mw_buf_putc(out, (char)0xFA);
        put_big_endian(out, word, 4);
        return;
    }
    memcpy(&bits, &x, sizeof(bits));
    mw_buf_putc(out, (char)0xFB);
    put_big_endian(out, bits, 8);
}

void mw__cbor_put_bool(mw_buf *out, bool x)
{
    mw_buf_putc(out, (char)(x ? 0xF5 : 0xF4));
}

void mw__cbor_put_null(mw_buf *out)
{
    mw_buf_putc(out, (char)0xF6);
}
