/* Text helpers: encodings, comparison, UTF-8, nearest name. All are pure. */
#ifndef MW_BASE_STR_H
#define MW_BASE_STR_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A borrowed run of bytes, not NUL-terminated. */
typedef struct mw_str {
    const char *data;
    size_t len;
} mw_str;

#define MW_STR(literal) ((mw_str){(literal), sizeof(literal) - 1})
mw_str mw_str_of(const char *s); /**< NULL gives {NULL, 0} */

bool mw_str_eq(const char *a, const char *b);  /**< NULL equals only NULL */
bool mw_str_ieq(const char *a, const char *b); /**< ASCII case folded */
bool mw_str_starts(const char *s, const char *prefix);
bool mw_str_ends(const char *s, const char *suffix);
bool mw_str_among(const char *s, const char *const *list, size_t count); /**< equal to one of them */

/** Append standard base64 with padding / decode it (white space allowed). MW_ERR_PARSE on others.
 */
mw_status mw_base64_encode(mw_buf *out, const void *data, size_t len);
mw_status mw_base64_decode(mw_buf *out, const char *text, size_t len, mw_error *err);
/** Lower-case hex; @p out has room for 2 × len + 1. */
void mw_hex(char *out, const void *data, size_t len);

/** Append RFC 3986 percent-encoding; unreserved `A-Za-z0-9-_.~` and the bytes of @p keep stay. */
mw_status mw_uri_encode(mw_buf *out, const char *s, size_t len, const char *keep);
/** Append the decoded text; a `%` without two hex digits stays as it is. '+' stays '+'. */
mw_status mw_uri_decode(mw_buf *out, const char *s, size_t len);

/** Valid UTF-8 without overlong forms, surrogates or values over U+10FFFF. */
bool mw_utf8_valid(const char *s, size_t len);
/** Length of the valid sequence at @p s (@p len is not 0), or 0 when there is none. */
size_t mw_utf8_sequence(const char *s, size_t len);
/** Write the UTF-8 of @p c, at most U+10FFFF; its length. */
size_t mw_utf8_encode(char out[4], uint32_t c);
/** Append @p s with each invalid sequence replaced by U+FFFD. */
mw_status mw_utf8_repair(mw_buf *out, const char *s, size_t len);

/** Shell-style glob: `*`, `?`, no classes; case-sensitive; linear time. */
bool mw_glob_match(const char *pattern, const char *text);

/**
 * The candidate nearest to @p word (edit distance, at most a third of its length, at most 4;
 * case-insensitive equality wins).
 * @return an element of @p candidates, or NULL when none is near.
 */
const char *mw_nearest(const char *word, const char *const *candidates, size_t count);

/** Decimal integer filling the whole text; false on anything else or on overflow. */
bool mw_parse_int(const char *s, size_t len, long long *out);

#endif
