/*
 * IAM wildcards on arrays of symbols: a code point, a byte that is no UTF-8, a wildcard or a
 * variable. Relies on compiled runs of wildcards having one form (every `?` before the one `*`), so
 * that equal languages look equal. It must never take more steps than its ceiling: patterns come
 * from policies that others wrote.
 */
#include "lua/wildcard.h"

#include "base/hash.h"

#include <string.h>

#define ANY      0x40000000u
#define ONE      0x40000001u
#define RAW_BYTE 0x20000000u
#define VARIABLE 0x80000000u

static bool is_wild(uint32_t symbol)
{
    return symbol == ANY || symbol == ONE;
}

static bool is_run(uint32_t symbol)
{
    return symbol == ANY || (symbol & VARIABLE);
}

/* One code point; its bytes in *used. A byte that starts none stands for itself. */
static uint32_t code_point(const unsigned char *s, size_t len, size_t *used)
{
    size_t want = s[0] < 0x80                   ? 1
                  : s[0] >= 0xf0 && s[0] < 0xf8 ? 4
                  : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                  : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                                                : 0;
    uint32_t value = want == 1 ? s[0] : want ? s[0] & (0xffu >> (want + 1)) : 0;

    *used = 1;
    if (want == 0 || want > len)
        return RAW_BYTE + s[0];
    for (size_t i = 1; i < want; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return RAW_BYTE + s[0];
        value = value << 6 | (s[i] & 0x3f);
    }
    *used = want;
    return value;
}

/* The symbol of `${…}` at @p s, its bytes in *used; false when it is no such thing. */
static bool escape(const char *s, size_t len, uint32_t *symbol, size_t *used)
{
    const char *end = len > 3 && s[0] == '$' && s[1] == '{' ? memchr(s + 2, '}', len - 2) : NULL;
    size_t inner = end ? (size_t)(end - s) - 2 : 0;

    if (inner == 0)
        return false;
    *used = inner + 3;
    *symbol = inner == 1 && strchr("*?$", s[2]) ? (uint32_t)s[2]
                                                : VARIABLE | (uint32_t)(mw_hash64(s + 2, inner) & 0x7fffffffu);
    return true;
}

/* Every `?` of a run of wildcards before one `*`. */
static size_t settle(uint32_t *out, size_t n)
{
    size_t start = n, ones = 0;
    bool any = false;

    while (start > 0 && is_wild(out[start - 1])) {
        start--;
        ones += out[start] == ONE;
        any = any || out[start] == ANY;
    }
    for (size_t i = 0; i < ones; i++)
        out[start + i] = ONE;
    if (any)
        out[start + ones] = ANY;
    return start + ones + any;
}

size_t mw_wild_compile(const char *s, size_t len, unsigned flags, uint32_t *out)
{
    size_t n = 0, used;

    for (size_t i = 0; i < len; i += used) {
        uint32_t symbol;
        used = 1;
        if (!(flags & MW_WILD_PLAIN) && (s[i] == '*' || s[i] == '?')) {
            out[n++] = s[i] == '*' ? ANY : ONE;
            continue;
        }
        n = settle(out, n);
        if (!(flags & MW_WILD_VARIABLES) || !escape(s + i, len - i, &symbol, &used))
            symbol = code_point((const unsigned char *)s + i, len - i, &used);
        if ((flags & MW_WILD_FOLD) && symbol >= 'A' && symbol <= 'Z')
            symbol += 'a' - 'A';
        out[n++] = symbol;
    }
    return settle(out, n);
}

mw_wild_answer mw_wild_covers(const uint32_t *outer, size_t outer_len, const uint32_t *inner, size_t inner_len,
                              bool variables_match)
{
    size_t o = 0, i = 0, star = SIZE_MAX, mark = 0;

    for (size_t steps = 0; i < inner_len; steps++) {
        uint32_t symbol = o < outer_len ? outer[o] : 0;
        if (steps > MW_WILD_STEPS_MAX)
            return MW_WILD_TOO_LONG;
        if (o < outer_len && (symbol == ANY || (variables_match && is_run(symbol)))) {
            star = o++;
            mark = i;
        } else if (o < outer_len && (symbol == inner[i] || (symbol == ONE && !is_run(inner[i])))) {
            o++;
            i++;
        } else if (star != SIZE_MAX) {
            o = star + 1;
            i = ++mark;
        } else {
            return MW_WILD_NO;
        }
    }
    while (o < outer_len && (outer[o] == ANY || (variables_match && is_run(outer[o]))))
        o++;
    return o == outer_len ? MW_WILD_YES : MW_WILD_NO;
}

/* row[j]: can the rest of a and the rest of b from j match one text; computed from the ends of
 * both. */
mw_wild_answer mw_wild_meets(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len, uint8_t *row)
{
    if (a_len && b_len > MW_WILD_STEPS_MAX / a_len)
        return MW_WILD_TOO_LONG;
    row[b_len] = 1;
    for (size_t j = b_len; j-- > 0;)
        row[j] = row[j + 1] && is_run(b[j]);
    for (size_t i = a_len; i-- > 0;) {
        uint8_t diagonal = row[b_len]; /* (i + 1, j + 1) */
        row[b_len] = row[b_len] && is_run(a[i]);
        for (size_t j = b_len; j-- > 0;) {
            uint8_t below = row[j]; /* (i + 1, j) */
            if (is_run(a[i]) || is_run(b[j]))
                row[j] = (is_run(a[i]) && (below || row[j + 1])) || (is_run(b[j]) && (row[j + 1] || below));
            else
                row[j] = diagonal && (a[i] == b[j] || a[i] == ONE || b[j] == ONE);
            diagonal = below;
        }
    }
    return row[0] ? MW_WILD_YES : MW_WILD_NO;
}
