/*
 * Event-stream framing. Every length is checked against the bytes at hand and both checksums are
 * verified before a message is lent out, so what mw__event_find() walks is sound.
 */
#include "aws/eventstream.h"
#include "base/hash.h"

#include <string.h>

enum { PRELUDE = 12, TRAILER = 4 };

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be_signed(const unsigned char *p, size_t n)
{
    uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;

    while (n--)
        v = v << 8 | *p++;
    return (int64_t)v;
}

/* One header at @p *p; false when it does not fit. */
static bool next_header(const unsigned char **p, const unsigned char *end, mw__event_header *h)
{
    static const unsigned char sizes[] = {0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
    const unsigned char *q = *p;
    size_t n;

    *h = (mw__event_header){.name = NULL};
    if (end - q < 1 || (size_t)(end - q) < (size_t)q[0] + 2)
        return false;
    h->name = (const char *)q + 1;
    h->name_len = q[0];
    q += 1 + h->name_len;
    if (*q > MW__EVENT_UUID)
        return false;
    h->type = (mw__event_type)*q++;
    n = sizes[h->type];
    if (h->type == MW__EVENT_BYTES || h->type == MW__EVENT_STRING) {
        if (end - q < 2)
            return false;
        n = (size_t)q[0] << 8 | q[1];
        q += 2;
    }
    if ((size_t)(end - q) < n)
        return false;
    h->data = (const char *)q;
    h->len = n;
    if (h->type == MW__EVENT_TRUE || h->type == MW__EVENT_FALSE)
        h->number = h->type == MW__EVENT_TRUE;
    else if (h->type <= MW__EVENT_LONG || h->type == MW__EVENT_TIMESTAMP)
        h->number = be_signed(q, n);
    *p = q + n;
    return true;
}

mw_status mw__event_next(const char *body, size_t len, size_t *offset, mw__event *out, mw_error *err)
{
    const unsigned char *m = (const unsigned char *)body + *offset, *p, *end;
    size_t left = len - *offset, total, headers;
    mw__event_header h;

    if (left < PRELUDE + TRAILER)
        return mw_fail(err, MW_ERR_PARSE, "event stream ends inside a message at byte %zu", *offset);
    total = be32(m);
    headers = be32(m + 4);
    if (be32(m + 8) != mw_crc32(m, 8))
        return mw_fail(err, MW_ERR_PARSE, "event stream: wrong prelude checksum at byte %zu", *offset);
    if (total > left || total < PRELUDE + TRAILER || headers > total - PRELUDE - TRAILER)
        return mw_fail(err, MW_ERR_PARSE, "event stream: wrong length at byte %zu", *offset);
    if (be32(m + total - TRAILER) != mw_crc32(m, total - TRAILER))
        return mw_fail(err, MW_ERR_PARSE, "event stream: wrong message checksum at byte %zu", *offset);
    p = m + PRELUDE;
    end = p + headers;
    while (p < end)
        if (!next_header(&p, end, &h))
            return mw_fail(err, MW_ERR_PARSE, "event stream: broken header in the message at byte %zu", *offset);
    out->headers = m + PRELUDE;
    out->headers_len = headers;
    out->payload = (const char *)end;
    out->payload_len = total - PRELUDE - TRAILER - headers;
    *offset += total;
    return MW_OK;
}

bool mw__event_find(const mw__event *e, const char *name, mw__event_header *out)
{
    const unsigned char *p = e->headers, *end = p + e->headers_len;
    size_t len = strlen(name);

    while (p < end && next_header(&p, end, out))
        if (out->name_len == len && memcmp(out->name, name, len) == 0)
            return true;
    return false;
}
