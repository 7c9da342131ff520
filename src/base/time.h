/* Time as AWS writes it. Instants are Unix nanoseconds, UTC, in an int64_t (years 1678 to 2262). */
#ifndef MW_BASE_TIME_H
#define MW_BASE_TIME_H

#include "moonward/status.h"

#include <stddef.h>
#include <stdint.h>

#define MW_TIME_SIZE 40 /* room for every form below, with its NUL */

/**
 * Parse ISO 8601 (`2024-01-02T03:04:05.678Z`, offsets, date only), RFC 822/1123
 * (`Tue, 02 Jan 2024 03:04:05 GMT`, RFC 850, asctime) or a decimal epoch number of seconds
 * (fraction and exponent allowed).
 * @return MW_OK; MW_ERR_PARSE with the text named. Values beyond the range are clamped to it.
 */
mw_status mw_time_parse(const char *s, size_t len, int64_t *ns, mw_error *err);
/**
 * The same, and dates with slashes (`11/27/2026, 03:04:05`) as AWS's Python SDK reads them in
 * answers: month first, unless it is above 12. Not for what people write: theirs would be guessed.
 */
mw_status mw_time_parse_answer(const char *s, size_t len, int64_t *ns, mw_error *err);

/** `2024-01-02T03:04:05Z`; a fraction of 3, 6 or 9 digits only when it is not zero. */
void mw_time_iso(char out[MW_TIME_SIZE], int64_t ns);
/**
 * The same for text that says an instant in that form already, perhaps with a fraction of zeros, without the
 * arithmetic: what AWS nearly always sends. @return Length of the text in @p out, or 0: parse it.
 */
size_t mw_time_iso_text(char out[MW_TIME_SIZE], const char *s, size_t len);
/** `20240102T030405Z`, as SigV4 wants it. */
void mw_time_sigv4(char out[MW_TIME_SIZE], int64_t ns);
/** `Tue, 02 Jan 2024 03:04:05 GMT`. */
void mw_time_rfc822(char out[MW_TIME_SIZE], int64_t ns);

/** 26 characters of Crockford base32 (48 bits of ms, 80 random) and a NUL; sorts by time. */
#define MW_ULID_SIZE 27
mw_status mw_ulid(char out[MW_ULID_SIZE], int64_t ns, mw_error *err);

/** A random UUID, version 4 (RFC 9562), and a NUL. MW_ERR_IO without randomness. */
#define MW_UUID_SIZE 37
mw_status mw_uuid4(char out[MW_UUID_SIZE], mw_error *err);

#endif
