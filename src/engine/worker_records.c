/*
 * Records: u32 length of what follows, u8 kind, u8 status, u32 item, rule, index, count, then three
 * texts, each u32 length (all ones: none) and bytes. Little endian. No allocation in the decoder, no
 * pointer followed, every length checked against what is left.
 */
#include "engine/worker_records.h"

#include "engine/finding.h"

#include <string.h>

#define HEADER  4
#define FIXED   (2 + 4 * 4)
#define NO_TEXT UINT32_MAX

static void put_u32(mw_buf *out, uint32_t n)
{
    uint8_t bytes[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};

    mw_buf_add(out, bytes, sizeof(bytes), NULL);
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_text(mw_buf *out, mw_str text)
{
    size_t at = out->len;

    if (!text.data) {
        put_u32(out, NO_TEXT);
        return;
    }
    put_u32(out, 0);
    mw_utf8_repair(out, text.data, text.len);
    if (out->failed != MW_OK)
        return;
    for (size_t i = at + 4; i < out->len; i++)
        if (out->data[i] == '\0')
            out->data[i] = ' ';
    for (int i = 0; i < 4; i++)
        out->data[at + (size_t)i] = (char)(uint8_t)((out->len - at - 4) >> (8 * i));
}

mw_status mw_record_encode(mw_buf *out, const mw_record *r, mw_error *err)
{
    size_t start = out->len;
    uint8_t head[2] = {(uint8_t)r->kind, r->status};

    if (out->failed != MW_OK)
        return mw_buf_status(out, err);
    put_u32(out, 0);
    mw_buf_add(out, head, sizeof(head), NULL);
    put_u32(out, r->item);
    put_u32(out, r->rule);
    put_u32(out, r->index);
    put_u32(out, r->count);
    for (size_t i = 0; i < MW_RECORD_TEXTS; i++)
        put_text(out, r->text[i]);
    if (out->failed != MW_OK || out->len - start > MW_RECORD_MAX) {
        mw_status st = out->failed != MW_OK ? out->failed : MW_ERR_LIMIT;
        if (out->data) {
            out->len = start;
            out->data[start] = '\0';
        }
        out->failed = MW_OK;
        return mw_fail(err, st, "a record is larger than %zu bytes", MW_RECORD_MAX);
    }
    for (int i = 0; i < 4; i++)
        out->data[start + (size_t)i] = (char)(uint8_t)((out->len - start - HEADER) >> (8 * i));
    return MW_OK;
}

static bool known_kind(uint8_t kind)
{
    return kind != 0 && strchr("IVPLBRTEQOCMZ", kind) != NULL;
}

/* Several evaluations at once: nothing is in it that only one can have, and its verdict needs no reason. */
static bool is_row(const mw_record *r)
{
    return r->count > 0 && r->count <= MW_PASSES_MAX && r->index == 0 && !r->text[0].data && !r->text[1].data &&
           !r->text[2].data && (r->status == MW_VERDICT_PASS || r->status == MW_VERDICT_NOT_APPLICABLE);
}

mw_status mw_record_decode(const void *data, size_t len, mw_record *r, size_t *used, mw_error *err)
{
    const uint8_t *p = data, *end;
    uint32_t size;

    memset(r, 0, sizeof(*r));
    *used = 0;
    if (len < HEADER)
        return MW_ERR_PENDING;
    size = get_u32(p);
    if (size > MW_RECORD_MAX - HEADER || size < FIXED + MW_RECORD_TEXTS * 4)
        return mw_fail(err, MW_ERR_PARSE, "a record of %u bytes", (unsigned)size);
    if (len - HEADER < size)
        return MW_ERR_PENDING;
    p += HEADER;
    end = p + size;
    if (!known_kind(p[0]))
        return mw_fail(err, MW_ERR_PARSE, "a record of unknown kind %u", p[0]);
    r->kind = (mw_record_kind)p[0];
    r->status = p[1];
    if (r->status > 4)
        return mw_fail(err, MW_ERR_PARSE, "a record with status %u", r->status);
    r->item = get_u32(p + 2);
    r->rule = get_u32(p + 6);
    r->index = get_u32(p + 10);
    r->count = get_u32(p + 14);
    p += FIXED;
    for (size_t i = 0; i < MW_RECORD_TEXTS; i++) {
        uint32_t n;
        if (end - p < 4)
            return mw_fail(err, MW_ERR_PARSE, "a record that ends within a text");
        n = get_u32(p);
        p += 4;
        if (n == NO_TEXT)
            continue;
        if (n > (size_t)(end - p))
            return mw_fail(err, MW_ERR_PARSE, "a record that ends within a text");
        if (memchr(p, '\0', n) || !mw_utf8_valid((const char *)p, n))
            return mw_fail(err, MW_ERR_PARSE, "a record with text that is not UTF-8");
        r->text[i].data = (const char *)p;
        r->text[i].len = n;
        p += n;
    }
    if (p != end)
        return mw_fail(err, MW_ERR_PARSE, "a record with bytes behind its texts");
    if (r->kind == MW_RECORD_PASSES && !is_row(r))
        return mw_fail(err, MW_ERR_PARSE, "a record of %u verdicts that cannot be", (unsigned)r->count);
    *used = HEADER + size;
    return MW_OK;
}
