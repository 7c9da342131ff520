/*
 * Arbitrary bytes as a model pack: refused, or every record is safe to read through every accessor.
 * The corpus is made by `mw-modelc --botocore tests/unit/model/botocore --output …`.
 */
#include "base/mem.h"

#include "../unit/model/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mw_models *m = NULL;

    if (mw_models_open(data, size, &m, NULL) == MW_OK) {
        walk_pack(m);
        mw_models_free(m);
    }
    return 0;
}
