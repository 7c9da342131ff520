/* What tells one finding from another over time: the key of its life in the store. */
#ifndef MW_STORE_FINGERPRINT_H
#define MW_STORE_FINGERPRINT_H

#include "moonward/status.h"

/** 16 bytes in hex, and a NUL. */
#define MW_FINGERPRINT_SIZE     33
/** Bytes of the parts together, one between two of them included. */
#define MW_FINGERPRINT_TEXT_MAX 8192

/** @p subkey may be NULL. @return MW_OK; MW_ERR_LIMIT: the parts are longer than MW_FINGERPRINT_TEXT_MAX. */
mw_status mw_fingerprint(const char *rule, const char *partition, const char *account, const char *region,
                         const char *id, const char *subkey, char out[MW_FINGERPRINT_SIZE], mw_error *err);

#endif
