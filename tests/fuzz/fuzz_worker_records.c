/* The decoder of what workers say: never beyond the input, what it accepts encodes to the same bytes, and
   a row of verdicts is one that may be believed. */
#include "engine/worker_records.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MW_AUTO(mw_buf) again = {.max = MW_RECORD_MAX + 64};
    size_t at = 0, used;
    mw_record r;

    while (mw_record_decode(data + at, size - at, &r, &used, NULL) == MW_OK) {
        if (used == 0 || used > size - at)
            abort();
        for (int i = 0; i < MW_RECORD_TEXTS; i++)
            if (r.text[i].data && ((const uint8_t *)r.text[i].data < data + at ||
                                   (const uint8_t *)r.text[i].data + r.text[i].len > data + at + used))
                abort();
        if (r.kind == MW_RECORD_PASSES && (r.count == 0 || r.count > MW_PASSES_MAX || (r.status & ~2) ||
                                           r.text[0].data || r.text[1].data || r.text[2].data))
            abort();
        mw_buf_reset(&again);
        if (mw_record_encode(&again, &r, NULL) != MW_OK || again.len != used ||
            memcmp(again.data, data + at, used) != 0)
            abort();
        at += used;
    }
    return 0;
}
