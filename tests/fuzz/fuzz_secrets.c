/* The scanner for secrets: findings lie in the text, in order, without overlaps, and show no more than they span. */
#include "lua/secrets.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mw_secret found[MW_SECRETS_MAX], named;
    size_t n = mw_secrets_find((const char *)data, size, found);

    for (size_t i = 0; i < n; i++)
        if (!found[i].kind || found[i].from >= found[i].to || found[i].to > size ||
            found[i].shown > found[i].to - found[i].from || (i > 0 && found[i].from < found[i - 1].to))
            abort();
    if (size > 12)
        mw_secrets_named((const char *)data, 12, (const char *)data + 12, size - 12, &named);
    return 0;
}
