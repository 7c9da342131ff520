/* Text helpers: pure functions over bytes, with no locale. Nothing here allocates but into a caller's buffer. */
#include "base/str.h"

#include <stdint.h>
#include <string.h>

mw_str mw_str_of(const char *s)
{
    return (mw_str){s, s ? strlen(s) : 0};
}

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool mw_str_eq(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool mw_str_ieq(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    for (; *a && *b; a++, b++)
        if (fold(*a) != fold(*b))
            return false;
    return *a == *b;
}

bool mw_str_starts(const char *s, const char *prefix)
{
    return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool mw_str_ends(const char *s, const char *suffix)
{
    size_t n = s ? strlen(s) : 0, m = strlen(suffix);

    return s && n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool mw_str_among(const char *s, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (mw_str_eq(s, list[i]))
            return true;
    return false;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

mw_status mw_base64_encode(mw_buf *out, const void *data, size_t len)
{
    const uint8_t *p = data;
    char *to = mw_buf_reserve(out, (len / 3 + 1) * 4, NULL);
    char *start = to;

    if (!to)
        return out->failed;
    for (; len >= 3; p += 3, len -= 3) {
        *to++ = base64_digits[p[0] >> 2];
        *to++ = base64_digits[(p[0] & 3) << 4 | p[1] >> 4];
        *to++ = base64_digits[(p[1] & 15) << 2 | p[2] >> 6];
        *to++ = base64_digits[p[2] & 63];
    }
    if (len) {
        unsigned second = len == 2 ? p[1] : 0;
        *to++ = base64_digits[p[0] >> 2];
        *to++ = base64_digits[(p[0] & 3U) << 4 | second >> 4];
        *to++ = len == 2 ? base64_digits[(second & 15) << 2] : '=';
        *to++ = '=';
    }
    mw_buf_grown(out, (size_t)(to - start));
    return MW_OK;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

mw_status mw_base64_decode(mw_buf *out, const char *text, size_t len, mw_error *err)
{
    uint32_t bits = 0;
    unsigned digits = 0, padding = 0;

    if (!mw_buf_reserve(out, len / 4 * 3 + 3, err))
        return out->failed;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        int value;
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
            continue;
        if (c == '=') {
            padding++;
            continue;
        }
        value = base64_value(c);
        if (value < 0 || padding)
            return mw_fail(err, MW_ERR_PARSE, "base64: unexpected byte 0x%02x at offset %zu", (unsigned char)c, i);
        bits = bits << 6 | (uint32_t)value;
        if (++digits == 4) {
            char three[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
            mw_buf_add(out, three, 3, NULL);
            digits = 0;
            bits = 0;
        }
    }
    if (digits == 1 || padding > 2)
        return mw_fail(err, MW_ERR_PARSE, "base64: the text is cut short");
    if (digits == 2) {
        char one = (char)(bits >> 4);
        mw_buf_add(out, &one, 1, NULL);
    } else if (digits == 3) {
        char two[2] = {(char)(bits >> 10), (char)(bits >> 2)};
        mw_buf_add(out, two, 2, NULL);
    }
    return mw_buf_status(out, err);
}

void mw_hex(char *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * len] = '\0';
}

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '~';
}

mw_status mw_uri_encode(mw_buf *out, const char *s, size_t len, const char *keep)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (unreserved(c) || (keep && c && strchr(keep, c))) {
            mw_buf_putc(out, c);
        } else {
            char code[3] = {'%', digits[(unsigned char)c >> 4], digits[(unsigned char)c & 15]};
            mw_buf_add(out, code, 3, NULL);
        }
    }
    return out->failed;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = fold(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

mw_status mw_uri_decode(mw_buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '%' && i + 2 < len && hex_value(s[i + 1]) >= 0 && hex_value(s[i + 2]) >= 0) {
            mw_buf_putc(out, (char)(hex_value(s[i + 1]) << 4 | hex_value(s[i + 2])));
            i += 2;
        } else {
            mw_buf_putc(out, s[i]);
        }
    }
    return out->failed;
}

/* Table 3-7 of the Unicode Standard. */
size_t mw_utf8_sequence(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char c = s[0];
    size_t need;
    unsigned char low = 0x80, high = 0xBF;

    if (c < 0x80)
        return 1;
    if (c < 0xC2)
        return 0;
    if (c < 0xE0) {
        need = 2;
    } else if (c < 0xF0) {
        need = 3;
        if (c == 0xE0)
            low = 0xA0;
        else if (c == 0xED)
            high = 0x9F;
    } else if (c < 0xF5) {
        need = 4;
        if (c == 0xF0)
            low = 0x90;
        else if (c == 0xF4)
            high = 0x8F;
    } else {
        return 0;
    }
    if (len < need || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    return need;
}

size_t mw_utf8_encode(char out[4], uint32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(n == 1 ? c : (0xF00u >> n & 0xFF) | c);
    return n;
}

bool mw_utf8_valid(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;

    for (size_t i = 0; i < len;) {
        size_t n;
        uint64_t w;
        if (len - i >= sizeof(w)) { /* nearly all text is ASCII */
            memcpy(&w, p + i, sizeof(w));
            if (!(w & 0x8080808080808080u)) {
                i += sizeof(w);
                continue;
            }
        }
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        n = mw_utf8_sequence(s + i, len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

mw_status mw_utf8_repair(mw_buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = mw_utf8_sequence(s + i, len - i);
        if (n) {
            mw_buf_add(out, s + i, n, NULL);
            i += n;
        } else {
            mw_buf_puts(out, "\xEF\xBF\xBD");
            i++;
        }
    }
    return out->failed;
}

bool mw_glob_match(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;

    /* One star of backtracking is enough: an earlier star never needs to take more. */
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

#define NEAREST_MAX_LENGTH 64

/* Optimal string alignment distance, case folded: swapped neighbours are the commonest typing slip. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][NEAREST_MAX_LENGTH + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *rotate = before;
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t cost = fold(a[i - 1]) == fold(b[j - 1]) ? 0 : 1;
            size_t best = last[j - 1] + cost;
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]) &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        before = last;
        last = row;
        row = rotate;
    }
    return last[m];
}

const char *mw_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t n = strlen(word), limit = n / 3 < 1 ? 1 : n / 3 > 4 ? 4 : n / 3;
    const char *best = NULL;

    if (n == 0 || n > NEAREST_MAX_LENGTH)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t m, distance;
        if (!candidates[i])
            continue;
        if (mw_str_ieq(word, candidates[i]))
            return candidates[i];
        m = strlen(candidates[i]);
        if (m > NEAREST_MAX_LENGTH || (m > n ? m - n : n - m) > limit)
            continue;
        distance = edit_distance(word, n, candidates[i], m);
        if (distance <= limit) {
            best = candidates[i];
            if (distance == 0)
                break;
            limit = distance - 1;
        }
    }
    return best;
}

bool mw_parse_int(const char *s, size_t len, long long *out)
{
    bool negative = false;
    long long value = 0;
    size_t i = 0;

    if (len && (s[0] == '-' || s[0] == '+')) {
        negative = s[0] == '-';
        i = 1;
    }
    if (i == len)
        return false;
    for (; i < len; i++) {
        if (s[i] < '0' || s[i] > '9' || __builtin_mul_overflow(value, 10LL, &value) ||
            __builtin_sub_overflow(value, (long long)(s[i] - '0'), &value))
            return false;
    }
    /* Counted downwards, so that the smallest integer fits. */
    if (!negative && __builtin_sub_overflow(0LL, value, &value))
        return false;
    *out = value;
    return true;
}
