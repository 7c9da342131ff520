/*
 * IAM wildcards: matching against the definition, and the laws between match, covers and meets. Data: flags, then pattern,
 * pattern and text separated by line ends.
 */
#include "lua/wildcard.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_that(bool ok)
{
    if (!ok)
        abort();
}

/* The definition, for patterns and texts of ASCII without "$". */
static bool defined(const char *p, size_t p_len, const char *s, size_t len)
{
    if (p_len == 0)
        return len == 0;
    if (*p == '*')
        return defined(p + 1, p_len - 1, s, len) || (len > 0 && defined(p, p_len, s + 1, len - 1));
    return len > 0 && (*p == '?' || *p == *s) && defined(p + 1, p_len - 1, s + 1, len - 1);
}

static bool plain(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] >= 0x80 || s[i] == '$')
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *part[3] = {"", "", ""};
    size_t len[3] = {0}, at = 1;
    uint32_t a[SYMBOLS], b[SYMBOLS], text[SYMBOLS];
    uint8_t row[SYMBOLS + 1];
    unsigned flags;

    if (size < 1)
        return 0;
    flags = data[0] & (MW_WILD_FOLD | MW_WILD_VARIABLES);
    for (int i = 0; i < 3 && at <= size; i++) {
        const uint8_t *end = at < size ? memchr(data + at, '\n', size - at) : NULL;
        size_t n = end ? (size_t)(end - data) - at : size - at;
        part[i] = (const char *)data + at;
        len[i] = n < 14 ? n : 14;
        at += n + 1;
    }
    size_t a_len = mw_wild_compile(part[0], len[0], flags, a), b_len = mw_wild_compile(part[1], len[1], flags, b);
    size_t text_len = mw_wild_compile(part[2], len[2], (flags & MW_WILD_FOLD) | MW_WILD_PLAIN, text);
    require_that(a_len <= len[0] && b_len <= len[1] && text_len <= len[2]);
    bool in_a = mw_wild_covers(a, a_len, text, text_len, true) == MW_WILD_YES;
    bool in_b = mw_wild_covers(b, b_len, text, text_len, true) == MW_WILD_YES;
    if (flags == 0 && plain(part[0], len[0]) && plain(part[2], len[2]))
        require_that(in_a == defined(part[0], len[0], part[2], len[2]));
    if (in_a && in_b)
        require_that(mw_wild_meets(a, a_len, b, b_len, row) == MW_WILD_YES);
    if (in_b && mw_wild_covers(a, a_len, b, b_len, false) == MW_WILD_YES)
        require_that(in_a);
    require_that(mw_wild_covers(a, a_len, a, a_len, false) == MW_WILD_YES);
    return 0;
}
