/*
 * A secret string: locked in memory, left out of core dumps, zeroed on clear. It has no print
 * function on purpose. Known secrets are registered with the log, which masks them everywhere.
 */
#ifndef MW_BASE_SECRET_H
#define MW_BASE_SECRET_H

#include "base/buf.h"
#include "moonward/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct mw_secret {
    char *data; /* NUL-terminated, in pages of its own; NULL when unset */
    size_t len;
} mw_secret;

/** Copy @p text in (NULL: @p len zeros, to be written later); an earlier value is cleared first. Also registers it
 * for masking. */
mw_status mw_secret_set(mw_secret *s, const char *text, size_t len, mw_error *err);
void mw_secret_clear(mw_secret *s);
static inline bool mw_secret_is_set(const mw_secret *s)
{
    return s->data != NULL;
}

/**
 * Append @p text with each secret known to this process, and what looks like an AWS secret
 * (Authorization and X-Amz-Security-Token values, X-Amz-Signature), replaced by `****`.
 * Every sink (log, recording, error print) goes through this.
 */
mw_status mw_mask_secrets(mw_buf *out, const char *text, size_t len);

/** No core dump, no ptrace by other processes of the same user. Call first thing in main(). */
void mw_process_harden(void);

#endif
