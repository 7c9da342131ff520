/* The digest of several accounts is over theirs, so that no process has to see what all of them gave. */
#include "cli/parts_digest.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

void mw_parts_digest_add(mw_parts_digest *d, const char *account, const char *digest)
{
    d->lines.max = (size_t)64 << 20;
    mw_buf_printf(&d->lines, "%s %s\n", account, digest);
    d->count++;
}

mw_status mw_parts_digest_end(mw_parts_digest *d, char out[2 * MW_SHA256_SIZE + 1], mw_error *err)
{
    uint8_t sha[MW_SHA256_SIZE];
    mw_status st = mw_buf_status(&d->lines, err);

    if (st == MW_OK && d->count == 1) {
        snprintf(out, 2 * MW_SHA256_SIZE + 1, "%.64s", strrchr(d->lines.data, ' ') + 1);
    } else if (st == MW_OK) {
        mw_sha256(sha, d->lines.data ? d->lines.data : "", d->lines.len);
        mw_hex(out, sha, sizeof(sha));
    }
    mw_buf_clear(&d->lines);
    d->count = 0;
    return st;
}
