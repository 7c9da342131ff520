/*
 * Secrets in pages of their own (mlock, MADV_DONTDUMP), zeroed on clear, and the masking that every sink uses. The
 * register of known secrets holds the bytes' addresses, not copies. Not thread-safe: the broker has one thread.
 */
#include "base/secret.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Shorter values would mask ordinary words; AWS's shortest secret has 40 characters. */
#define MASK_MIN_LENGTH 8

static mw_secret **known;
static size_t known_count, known_cap;

static size_t page_round(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (len + 1 + page - 1) / page * page;
}

static void forget(const mw_secret *s)
{
    for (size_t i = 0; i < known_count; i++) {
        if (known[i] == s) {
            known[i] = known[--known_count];
            break;
        }
    }
    if (known_count == 0) {
        mw_free(known);
        known = NULL;
        known_cap = 0;
    }
}

static mw_status remember(mw_secret *s, mw_error *err)
{
    if (known_count == known_cap) {
        size_t cap = known_cap ? known_cap * 2 : 16;
        mw_secret **grown = mw_realloc(known, cap * sizeof(*known));
        if (!grown)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        known = grown;
        known_cap = cap;
    }
    known[known_count++] = s;
    return MW_OK;
}

mw_status mw_secret_set(mw_secret *s, const char *text, size_t len, mw_error *err)
{
    size_t size = page_round(len);
    char *pages;
    mw_status st;

    if (len > (size_t)1 << 20)
        return mw_fail(err, MW_ERR_LIMIT, "a secret is longer than 1 MiB");
    pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a secret");
    /* Both may fail under tight limits; the dump is also off for the whole process. */
    (void)mlock(pages, size);
    (void)madvise(pages, size, MADV_DONTDUMP);
    if (len && text)
        memcpy(pages, text, len);
    mw_secret_clear(s);
    if ((st = remember(s, err)) != MW_OK) {
        explicit_bzero(pages, len);
        munmap(pages, size);
        return st;
    }
    s->data = pages;
    s->len = len;
    return MW_OK;
}

void mw_secret_clear(mw_secret *s)
{
    if (!s->data)
        return;
    forget(s);
    explicit_bzero(s->data, s->len);
    munmap(s->data, page_round(s->len));
    s->data = NULL;
    s->len = 0;
}

/* What stands before a secret in headers, queries and bodies; the value runs to a delimiter. */
static const char *const markers[] = {
    "authorization:",  "x-amz-security-token:", "x-amz-security-token=", "x-amz-signature=", "signature=",
    "secretaccesskey", "secret_access_key",     "sessiontoken",          "session_token",    "accesstoken",
};

static bool value_ends(char c)
{
    return c == '\n' || c == '\r' || c == '"' || c == '\'' || c == '&' || c == '<' || c == ' ' || c == ',' || c == '}';
}

/* Length of a marker and what separates it from its value, or 0. */
static size_t marker_at(const char *p, size_t left)
{
    for (size_t i = 0; i < MW_COUNT(markers); i++) {
        size_t n = strlen(markers[i]);
        if (left <= n || strncasecmp(p, markers[i], n) != 0)
            continue;
        while (n < left && memchr("\":=> ", p[n], 5))
            n++;
        return n;
    }
    return 0;
}

/* "GetSessionToken is not …": a word after a blank is no secret. */
static bool is_prose(const char *text, size_t from, size_t end)
{
    if (text[from - 1] != ' ' || from == end)
        return false;
    while (from < end && text[from] >= 'a' && text[from] <= 'z')
        from++;
    return from == end;
}

mw_status mw_mask_secrets(mw_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t skip = 0;

        for (size_t k = 0; k < known_count && !skip; k++) {
            const mw_secret *s = known[k];
            if (s->len >= MASK_MIN_LENGTH && s->len <= len - i && memcmp(text + i, s->data, s->len) == 0)
                skip = s->len;
        }
        if (skip) {
            mw_buf_puts(out, "****");
            i += skip;
            continue;
        }
        skip = marker_at(text + i, len - i);
        if (skip) {
            /* "Authorization: AWS4-HMAC-SHA256 Credential=…": blanks belong to the value. */
            bool line = strncasecmp(text + i, "authorization:", 14) == 0;
            size_t end = i + skip;
            while (end < len && (line ? text[end] != '\n' && text[end] != '\r' : !value_ends(text[end])))
                end++;
            mw_buf_add(out, text + i, skip, NULL);
            if (!line && is_prose(text, i + skip, end))
                mw_buf_add(out, text + i + skip, end - i - skip, NULL);
            else if (end > i + skip)
                mw_buf_puts(out, "****");
            i = end;
            continue;
        }
        mw_buf_putc(out, text[i++]);
    }
    return out->failed;
}

void mw_process_harden(void)
{
    struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
