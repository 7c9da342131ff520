/* A hash over what identifies a finding. Pure. It must never change: findings would all be new. */
#include "store/fingerprint.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define SEPARATOR '\x1f' /* ASCII unit separator: in no identifier of AWS */

mw_status mw_fingerprint(const char *rule, const char *partition, const char *account, const char *region,
                         const char *id, const char *subkey, char out[MW_FINGERPRINT_SIZE], mw_error *err)
{
    const char *const parts[] = {rule, partition, account, region, id, subkey ? subkey : ""};
    uint8_t digest[MW_SHA256_SIZE];
    char text[MW_FINGERPRINT_TEXT_MAX];
    size_t n = 0;

    for (size_t i = 0; i < MW_COUNT(parts); i++) {
        size_t len = strlen(parts[i]);
        if (len + 1 > sizeof(text) - n)
            return mw_fail(err, MW_ERR_LIMIT, "what identifies a finding is longer than %zu bytes", sizeof(text));
        if (i)
            text[n++] = SEPARATOR;
        memcpy(text + n, parts[i], len);
        n += len;
    }
    mw_sha256(digest, text, n);
    mw_hex(out, digest, 16);
    return MW_OK;
}
