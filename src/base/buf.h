/* A growing byte buffer with a ceiling that its owner names. */
#ifndef MW_BASE_BUF_H
#define MW_BASE_BUF_H

#include "base/mem.h"
#include "moonward/status.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

/**
 * `MW_AUTO(mw_buf) b = { .max = 1 << 20 };` A max of 0 means MW_BUF_MAX_DEFAULT.
 * `data` is NUL-terminated behind `len` once anything was added, else NULL.
 * A failed addition leaves the buffer as it was and is remembered in `failed`, so a run of
 * additions may be checked once with mw_buf_status().
 */
typedef struct mw_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    mw_status failed;
} mw_buf;

#define MW_BUF_MAX_DEFAULT ((size_t)64 << 20)

/** mw_buf_add() when the buffer must grow first. */
mw_status mw__buf_add_slow(mw_buf *b, const void *data, size_t len, mw_error *err);

static inline mw_status mw_buf_add(mw_buf *b, const void *data, size_t len, mw_error *err)
{
    if (len >= b->cap - b->len || len == 0)
        return mw__buf_add_slow(b, data, len, err);
    memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return MW_OK;
}

static inline mw_status mw_buf_puts(mw_buf *b, const char *s)
{
    return mw_buf_add(b, s, strlen(s), NULL);
}

static inline mw_status mw_buf_putc(mw_buf *b, char c)
{
    return mw_buf_add(b, &c, 1, NULL);
}

mw_status mw_buf_printf(mw_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Append texts up to a NULL: cheaper than printf of "%s%s". */
mw_status mw_buf_join(mw_buf *b, ...) __attribute__((sentinel));

/** mw_buf_reserve() when the buffer must grow first. */
char *mw__buf_reserve_slow(mw_buf *b, size_t len, mw_error *err);

/** Room for @p len more bytes: a pointer to write to, then mw_buf_grown(). NULL on failure. */
static inline char *mw_buf_reserve(mw_buf *b, size_t len, mw_error *err)
{
    return len < b->cap - b->len ? b->data + b->len : mw__buf_reserve_slow(b, len, err);
}

static inline void mw_buf_grown(mw_buf *b, size_t len)
{
    b->len += len;
    b->data[b->len] = '\0';
}

/** First failure since the last clear, with a message. */
mw_status mw_buf_status(const mw_buf *b, mw_error *err);
/** Length 0, memory kept; the content is zeroed. */
void mw_buf_reset(mw_buf *b);
/** Free; the buffer may be used again. Content is zeroed first: it may have held a signature. */
void mw_buf_clear(mw_buf *b);
/** Transfer: the caller frees with mw_free(); the buffer is empty. Never NULL unless out of memory. */
char *mw_buf_take(mw_buf *b, size_t *len);

#endif
