/* The digest of what was taken account by account, the same whether its parts lie in memory or in a store. */
#ifndef MW_CLI_PARTS_DIGEST_H
#define MW_CLI_PARTS_DIGEST_H

#include "base/buf.h"
#include "base/hash.h"

/** `mw_parts_digest d = {0};`, add the parts by account, then mw_parts_digest_end(), which also frees. */
typedef struct mw_parts_digest {
    mw_buf lines;
    size_t count;
} mw_parts_digest;

/** @p digest is SHA-256 in hex. */
void mw_parts_digest_add(mw_parts_digest *d, const char *account, const char *digest);
/** Of one part that part's; of several, or none, the SHA-256 over "account digest\n" of each. MW_ERR_NOMEM. */
mw_status mw_parts_digest_end(mw_parts_digest *d, char out[2 * MW_SHA256_SIZE + 1], mw_error *err);

#endif
