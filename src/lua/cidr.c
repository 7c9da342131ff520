/*
 * CIDR blocks of both families, compared bit by bit. Relies on nothing but the bytes given. It must
 * never read behind them, and never take a text for a block that AWS would read differently (octets
 * with leading zeros).
 */
#include "lua/cidr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Up to @p most digits without a leading zero; the bytes read, 0 when there is none. */
static size_t decimal(const char *s, size_t len, size_t most, unsigned *out)
{
    size_t n = 0;

    *out = 0;
    while (n < len && n < most && s[n] >= '0' && s[n] <= '9')
        *out = *out * 10 + (unsigned)(s[n++] - '0');
    return n > 1 && s[0] == '0' ? 0 : n;
}

static bool parse_v4(const char *s, size_t len, uint8_t *out)
{
    for (int i = 0; i < 4; i++) {
        unsigned value;
        size_t n = decimal(s, len, 3, &value);
        if (n == 0 || value > 255)
            return false;
        out[i] = (uint8_t)value;
        s += n;
        len -= n;
        if (i < 3) {
            if (len == 0 || *s != '.')
                return false;
            s++;
            len--;
        }
    }
    return len == 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Groups up to the end or a "::", which is where *gap is set to the bytes so far. */
static bool parse_v6(const char *s, size_t len, uint8_t *out)
{
    size_t at = 0, n = 0, gap = SIZE_MAX;

    memset(out, 0, 16);
    if (len >= 2 && s[0] == ':' && s[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < len) {
        unsigned value = 0;
        size_t digits = 0;
        while (at + digits < len && digits < 4 && hex_digit(s[at + digits]) >= 0)
            value = value << 4 | (unsigned)hex_digit(s[at + digits++]);
        if (digits == 0 || n >= 16)
            return false;
        if (at + digits < len && s[at + digits] == '.') {
            if (n > 12 || !parse_v4(s + at, len - at, out + n))
                return false;
            n += 4;
            break;
        }
        out[n++] = (uint8_t)(value >> 8);
        out[n++] = (uint8_t)value;
        at += digits;
        if (at == len)
            break;
        if (s[at] != ':' || at + 1 == len)
            return false;
        at++;
        if (s[at] == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = n;
            at++;
        }
    }
    if (gap == SIZE_MAX)
        return n == 16;
    if (n > 14)
        return false;
    memmove(out + 16 - (n - gap), out + gap, n - gap);
    memset(out + gap, 0, 16 - n);
    return true;
}

bool mw_cidr_parse(const char *s, size_t len, mw_cidr *out)
{
    const char *slash = memchr(s, '/', len);
    size_t address = slash ? (size_t)(slash - s) : len;
    unsigned bits;

    *out = (mw_cidr){.family = 4, .bits = 32};
    if (!parse_v4(s, address, out->bytes)) {
        if (!parse_v6(s, address, out->bytes))
            return false;
        out->family = 6;
        out->bits = 128;
    }
    if (!slash)
        return true;
    len -= address + 1;
    if (len == 0 || decimal(slash + 1, len, 3, &bits) != len || bits > out->bits)
        return false;
    out->bits = (uint8_t)bits;
    return true;
}

static size_t width(const mw_cidr *block)
{
    return block->family == 4 ? 4 : 16;
}

static void clear_host(mw_cidr *block)
{
    for (size_t i = 0; i < 16; i++) {
        size_t kept = block->bits > i * 8 ? block->bits - i * 8 : 0;
        if (kept < 8)
            block->bytes[i] = (uint8_t)(block->bytes[i] & (0xff00u >> kept));
    }
}

void mw_cidr_text(char out[MW_CIDR_SIZE], const mw_cidr *block)
{
    mw_cidr b = *block;
    size_t n = 0, best = 8, best_len = 1;

    clear_host(&b);
    if (b.family == 4) {
        snprintf(out, MW_CIDR_SIZE, "%u.%u.%u.%u/%u", b.bytes[0], b.bytes[1], b.bytes[2], b.bytes[3], b.bits);
        return;
    }
    for (size_t i = 0, run = 0; i < 8; i++) {
        run = b.bytes[2 * i] || b.bytes[2 * i + 1] ? 0 : run + 1;
        if (run > best_len) {
            best_len = run;
            best = i + 1 - run;
        }
    }
    for (size_t i = 0; i < 8; i++) {
        if (i == best) {
            n += (size_t)snprintf(out + n, MW_CIDR_SIZE - n, "::");
            i += best_len - 1;
            continue;
        }
        n += (size_t)snprintf(out + n, MW_CIDR_SIZE - n, "%s%x", n && out[n - 1] != ':' ? ":" : "",
                              (unsigned)(b.bytes[2 * i] << 8 | b.bytes[2 * i + 1]));
    }
    snprintf(out + n, MW_CIDR_SIZE - n, "/%u", b.bits);
}

static bool same_prefix(const mw_cidr *a, const mw_cidr *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    return rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

bool mw_cidr_contains(const mw_cidr *outer, const mw_cidr *inner)
{
    return outer->family == inner->family && outer->bits <= inner->bits && same_prefix(outer, inner, outer->bits);
}

bool mw_cidr_overlaps(const mw_cidr *a, const mw_cidr *b)
{
    return a->family == b->family && same_prefix(a, b, a->bits < b->bits ? a->bits : b->bits);
}

static int compare(const void *left, const void *right)
{
    const mw_cidr *a = left, *b = right;
    int order;

    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    order = memcmp(a->bytes, b->bytes, width(a));
    return order ? order : (a->bits > b->bits) - (a->bits < b->bits);
}

/* Two halves of one block? */
static bool are_halves(const mw_cidr *a, const mw_cidr *b)
{
    return a->family == b->family && a->bits == b->bits && a->bits > 0 && same_prefix(a, b, a->bits - 1u);
}

size_t mw_cidr_merge(mw_cidr *blocks, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        clear_host(&blocks[i]);
    qsort(blocks, count, sizeof(*blocks), compare);
    for (size_t i = 0; i < count; i++) {
        if (n > 0 && mw_cidr_contains(&blocks[n - 1], &blocks[i]))
            continue;
        blocks[n++] = blocks[i];
        while (n > 1 && are_halves(&blocks[n - 2], &blocks[n - 1])) {
            n--;
            blocks[n - 1].bits--;
        }
    }
    return n;
}
