/*
 * Hostile event-stream messages. A fuzzer finds no checksum by chance: those of the first message are put right, so that
 * lengths and headers behind them are reached. What was accepted is walked to its end.
 */
#include "aws/eventstream.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#define PRELUDE 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_be32(char *at, uint32_t v)
{
    for (int i = 3; i >= 0; i--, v >>= 8)
        at[i] = (char)v;
}

static void put_right(char *m, size_t size)
{
    size_t total = 0;

    if (size < PRELUDE + 4)
        return;
    for (int i = 0; i < 4; i++)
        total = total << 8 | (unsigned char)m[i];
    put_be32(m + 8, mw_crc32(m, 8));
    if (total >= PRELUDE + 4 && total <= size)
        put_be32(m + total - 4, mw_crc32(m, total - 4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *body = malloc(size + 1);
    size_t at = 0, before;
    mw__event_header h;
    mw__event e;
    mw_error err;

    if (!body)
        return 0;
    if (size)
        memcpy(body, data, size);
    put_right(body, size);
    while (at < size) {
        before = at;
        if (mw__event_next(body, size, &at, &e, &err) != MW_OK)
            break;
        if (at <= before || at > size || e.payload + e.payload_len > body + at)
            abort();
        if (mw__event_find(&e, ":event-type", &h) && h.data + h.len > e.payload)
            abort();
        mw__event_find(&e, "no such header", &h);
    }
    free(body);
    return 0;
}
