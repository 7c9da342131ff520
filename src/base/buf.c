/* Growing buffer: doubles, stops at its ceiling, remembers its first failure. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

static size_t ceiling(const mw_buf *b)
{
    return b->max ? b->max : MW_BUF_MAX_DEFAULT;
}

static mw_status give_up(mw_buf *b, mw_status status, mw_error *err)
{
    if (b->failed == MW_OK)
        b->failed = status;
    return mw_buf_status(b, err);
}

char *mw__buf_reserve_slow(mw_buf *b, size_t len, mw_error *err)
{
    size_t need, cap;
    char *grown;

    if (!mw_add_size(b->len, len, &need) || need > ceiling(b)) {
        give_up(b, MW_ERR_LIMIT, err);
        return NULL;
    }
    if (need < b->cap)
        return b->data + b->len;
    cap = b->cap ? b->cap : 64;
    while (cap <= need)
        cap *= 2; /* cannot overflow: need is below the ceiling */
    if (cap - 1 > ceiling(b))
        cap = ceiling(b) + 1; /* so that room which is there may be used without another look */
    grown = mw_realloc(b->data, cap);
    if (!grown) {
        give_up(b, MW_ERR_NOMEM, err);
        return NULL;
    }
    b->data = grown;
    b->cap = cap;
    return b->data + b->len;
}

mw_status mw__buf_add_slow(mw_buf *b, const void *data, size_t len, mw_error *err)
{
    char *to = mw_buf_reserve(b, len, err);

    if (!to)
        return b->failed;
    if (len)
        memcpy(to, data, len);
    mw_buf_grown(b, len);
    return MW_OK;
}

mw_status mw_buf_printf(mw_buf *b, const char *format, ...)
{
    va_list args;
    char *to;
    int n;

    /* Straight into the room that is left; only what does not fit is formatted twice. */
    va_start(args, format);
    n = vsnprintf(b->data ? b->data + b->len : NULL, b->cap - b->len, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < b->cap - b->len && mw_buf_reserve(b, (size_t)n, NULL)) {
        b->len += (size_t)n;
        return MW_OK;
    }
    if (b->data)
        b->data[b->len] = '\0';
    if (n < 0)
        return give_up(b, MW_ERR_INVALID, NULL);
    to = mw_buf_reserve(b, (size_t)n, NULL);
    if (!to)
        return b->failed;
    va_start(args, format);
    vsnprintf(to, (size_t)n + 1, format, args);
    va_end(args);
    mw_buf_grown(b, (size_t)n);
    return MW_OK;
}

mw_status mw_buf_join(mw_buf *b, ...)
{
    va_list texts;

    va_start(texts, b);
    for (const char *s; (s = va_arg(texts, const char *)) != NULL;)
        mw_buf_puts(b, s);
    va_end(texts);
    return b->failed;
}

mw_status mw_buf_status(const mw_buf *b, mw_error *err)
{
    switch (b->failed) {
    case MW_OK: return MW_OK;
    case MW_ERR_LIMIT: return mw_fail(err, MW_ERR_LIMIT, "a buffer reached its ceiling of %zu bytes", ceiling(b));
    case MW_ERR_NOMEM: return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    default: return mw_fail(err, b->failed, "text could not be formatted");
    }
}

void mw_buf_reset(mw_buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->len + 1); /* mw_buf_clear() knows the last content only */
    b->len = 0;
    b->failed = MW_OK;
}

void mw_buf_clear(mw_buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->len);
    mw_free(b->data);
    b->data = NULL;
    b->len = b->cap = 0;
    b->failed = MW_OK;
}

char *mw_buf_take(mw_buf *b, size_t *len)
{
    char *data;

    if (!b->data && !mw_buf_reserve(b, 0, NULL))
        return NULL;
    data = b->data;
    data[b->len] = '\0';
    if (len)
        *len = b->len;
    b->data = NULL;
    b->len = b->cap = 0;
    b->failed = MW_OK;
    return data;
}
