/* Blocks of addresses: what is read can be written and read again, and merging keeps every block. Data: lines. */
#include "lua/cidr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LINES 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_that(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mw_cidr blocks[LINES], merged[LINES];
    size_t count = 0, left;

    for (size_t at = 0; at < size && count < LINES;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t len = end ? (size_t)(end - data) - at : size - at;
        mw_cidr *b = &blocks[count], again;
        char text[MW_CIDR_SIZE];
        if (mw_cidr_parse((const char *)data + at, len, b)) {
            mw_cidr_text(text, b);
            require_that(mw_cidr_parse(text, strlen(text), &again));
            require_that(mw_cidr_contains(b, &again) && mw_cidr_contains(&again, b));
            count++;
        }
        at += len + 1;
    }
    memcpy(merged, blocks, sizeof(*blocks) * count);
    left = mw_cidr_merge(merged, count);
    require_that(left <= count);
    for (size_t i = 0; i < count; i++) {
        bool held = false;
        for (size_t k = 0; k < left; k++)
            held = held || mw_cidr_contains(&merged[k], &blocks[i]);
        require_that(held);
    }
    for (size_t i = 1; i < left; i++)
        require_that(!mw_cidr_overlaps(&merged[i - 1], &merged[i]));
    return 0;
}
