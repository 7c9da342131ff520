/*
 * The small functions over one request or response as plain data. Relies on the arena that the
 * caller names for every string; never opens a connection and never looks into a header's meaning.
 */
#include "aws/http.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* More pairs than any AWS request or answer has; stops a hostile server from growing the list. */
#define MAX_PAIRS 4096

mw_status mw_http_add(mw_arena *a, mw_http_pairs *p, const char *name, const char *value, mw_error *err)
{
    char *n, *v;

    if (p->count >= MAX_PAIRS)
        return mw_fail(err, MW_ERR_LIMIT, "header '%s': more than %d headers", name, MAX_PAIRS);
    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 8;
        mw_http_pair *items = mw_arena_alloc(a, cap * sizeof(*items));

        if (!items)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        if (p->count)
            memcpy(items, p->items, p->count * sizeof(*items));
        p->items = items;
        p->cap = cap;
    }
    n = mw_arena_strdup(a, name);
    v = mw_arena_strdup(a, value);
    if (!n || !v)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    p->items[p->count++] = (mw_http_pair){n, v};
    return MW_OK;
}

mw_status mw_http_set(mw_arena *a, mw_http_pairs *p, const char *name, const char *value, mw_error *err)
{
    char *copy = NULL;

    for (size_t i = 0; i < p->count; i++) {
        if (!mw_str_ieq(p->items[i].name, name))
            continue;
        if (!copy && !(copy = mw_arena_strdup(a, value)))
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        p->items[i].value = copy;
    }
    return copy ? MW_OK : mw_http_add(a, p, name, value, err);
}

const char *mw_http_get(const mw_http_pairs *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (mw_str_ieq(p->items[i].name, name))
            return p->items[i].value;
    return NULL;
}

void mw_http_response_clear(mw_http_response *r)
{
    mw_buf_clear(&r->body);
    mw_arena_clear(&r->arena);
    r->headers = (mw_http_pairs){0};
    r->status = 0;
}

const char *mw_http_authority(mw_arena *a, const mw_http_request *r)
{
    const char *host = r->host ? r->host : "";
    int standard = mw_str_eq(r->scheme, "http") ? 80 : 443, port = r->port;
    char text[12] = "", *p = text + sizeof(text) - 1; /* without printf: thrice for each request */

    if (port <= 0 || port == standard)
        return mw_arena_strdup(a, host);
    for (; port > 0; port /= 10)
        *--p = (char)('0' + port % 10);
    return mw_arena_join(a, host, ":", p, NULL);
}

/* ---- addresses ---- */

typedef struct address {
    int family; /* 0: not an address */
    uint8_t bytes[16];
} address;

static address parse_address(const char *host)
{
    address a = {0};
    size_t n = strlen(host);
    char inner[INET6_ADDRSTRLEN];

    if (inet_pton(AF_INET, host, a.bytes) == 1) {
        a.family = AF_INET;
    } else if (host[0] == '[' && n > 2 && n - 2 < sizeof(inner) && host[n - 1] == ']') {
        memcpy(inner, host + 1, n - 2);
        inner[n - 2] = '\0';
        if (inet_pton(AF_INET6, inner, a.bytes) == 1)
            a.family = AF_INET6;
    }
    return a;
}

bool mw_http_same_address(const char *host, const char *other)
{
    address a = parse_address(host), b = parse_address(other);

    return a.family != 0 && a.family == b.family && memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

bool mw_http_is_loopback(const char *host)
{
    address a = parse_address(host);

    return a.family == AF_INET    ? a.bytes[0] == 127
           : a.family == AF_INET6 ? mw_http_same_address(host, "[::1]")
                                  : strcasecmp(host, "localhost") == 0;
}
