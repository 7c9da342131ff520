/*
 * Damaged documents of the store: the first two bytes are the length that the row claims, the rest is what was packed.
 * What cannot be unpacked to exactly that length is refused; what was packed here comes back whole.
 */
#include "store/codec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mw_codec *c = mw_codec_new();
    const char *doc;
    const void *packed;
    void *copy;
    size_t len;
    mw_error err;

    if (!c || size < 2)
        goto out;
    len = (size_t)data[0] << 8 | data[1];
    if (mw_codec_unpack(c, 0, data + 2, size - 2, len, 1 << 16, &doc, &err) == MW_OK && doc[len] != '\0')
        abort();
    if (mw_codec_add(c, 1, data, size, &err) == MW_OK)
        mw_codec_unpack(c, 1, data + 2, size - 2, len, 1 << 16, &doc, &err);
    if (mw_codec_pack(c, 0, (const char *)data, size, &packed, &len, &err) != MW_OK || !(copy = malloc(len + 1)))
        goto out;
    memcpy(copy, packed, len);
    if (mw_codec_unpack(c, 0, copy, len, size, 1 << 20, &doc, &err) != MW_OK || memcmp(doc, data, size) != 0)
        abort();
    free(copy);
out:
    mw_codec_free(c);
    return 0;
}
