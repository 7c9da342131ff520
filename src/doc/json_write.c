/*
 * The JSON writer. Canonical: members in byte order of keys, the shortest decimal form that reads back
 * as the same double, one spelling for every string; so equal values give equal bytes and a digest over
 * them means something. It relies on the buffer's ceiling to end what a hostile document multiplies.
 */
#include "doc/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes that may need an escape, a bit for each: controls, '"', '\\', DEL; 0xE2 begins U+2028 and U+2029. */
static inline bool plain(unsigned char c)
{
    static const uint32_t special[8] = {0xFFFFFFFF, 1u << ('"' & 31), 1u << ('\\' & 31), 1u << 31, 0, 0,
                                        0,          1u << (0xE2 & 31)};

    return !(special[c >> 5] >> (c & 31) & 1);
}

static mw_status write_escaped(mw_buf *out, const char *s, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const char *from = s, *end = s + len, *p;

    mw_buf_putc(out, '"');
    for (p = s; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        char escape[6] = {'\\', 'u', '0', '0', 0, 0};
        size_t n = 2, eaten = 1;

        if (plain(c))
            continue;
        switch (c) {
        case '"':
        case '\\': escape[1] = (char)c; break;
        case '\b': escape[1] = 'b'; break;
        case '\f': escape[1] = 'f'; break;
        case '\n': escape[1] = 'n'; break;
        case '\r': escape[1] = 'r'; break;
        case '\t': escape[1] = 't'; break;
        case 0xE2: /* JavaScript takes U+2028 and U+2029 for line ends */
            if (end - p < 3 || p[1] != '\x80' || (p[2] != '\xA8' && p[2] != '\xA9'))
                continue;
            memcpy(escape, p[2] == '\xA8' ? "\\u2028" : "\\u2029", 6);
            n = 6;
            eaten = 3;
            break;
        default:
            escape[4] = hex[c >> 4];
            escape[5] = hex[c & 15];
            n = 6;
            break;
        }
        mw_buf_add(out, from, (size_t)(p - from), NULL);
        mw_buf_add(out, escape, n, NULL);
        p += eaten - 1;
        from = p + 1;
    }
    mw_buf_add(out, from, (size_t)(end - from), NULL);
    mw_buf_putc(out, '"');
    return out->failed;
}

static bool needs_escape(const char *s, size_t len)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    size_t i = 0;
    uint64_t w;

    for (; len - i >= sizeof w; i += sizeof w) {
        memcpy(&w, s + i, sizeof w);
        if (mw__not_plain(w) | (((w + ones) | w) & high)) /* DEL and what is not ASCII: look closely */
            break;
    }
    while (i < len && plain((unsigned char)s[i]))
        i++;
    return i < len;
}

/* Nearly every string needs no escape: one reservation, one copy. */
mw_status mw_json_write_string(mw_buf *out, const char *s, size_t len)
{
    char *to;

    if (needs_escape(s, len))
        return write_escaped(out, s, len);
    if (len > SIZE_MAX - 2 || !(to = mw_buf_reserve(out, len + 2, NULL)))
        return write_escaped(out, s, len);
    to[0] = to[len + 1] = '"';
    memcpy(to + 1, s, len);
    mw_buf_grown(out, len + 2);
    return out->failed;
}

struct writer {
    mw_buf *out;
    const mw_doc *d;
    bool pretty, exact;
};

/* What stands before an element, a member's key or the end: a comma and a line at @p depth. */
static size_t lead_size(const struct writer *w, unsigned depth)
{
    return 1 + (w->pretty ? 1 + 2 * (size_t)depth : 0);
}

static char *put_lead(const struct writer *w, char *to, bool comma, unsigned depth)
{
    if (comma)
        *to++ = ',';
    if (!w->pretty)
        return to;
    *to++ = '\n';
    for (unsigned i = 0; i < depth; i++, to += 2)
        memcpy(to, "  ", 2);
    return to;
}

static void lead(struct writer *w, bool comma, unsigned depth)
{
    char *to = mw_buf_reserve(w->out, lead_size(w, depth), NULL);

    if (to)
        mw_buf_grown(w->out, (size_t)(put_lead(w, to, comma, depth) - to));
}

/* A key with escapes. Exact text keeps names that begin with '$' for itself: theirs get one more. */
static void write_rare_key(struct writer *w, const char *key, size_t len)
{
    size_t at = w->out->len;

    if (mw_json_write_string(w->out, key, len) != MW_OK || !w->exact || len == 0 || key[0] != '$' ||
        !mw_buf_reserve(w->out, 1, NULL))
        return;
    memmove(w->out->data + at + 2, w->out->data + at + 1, w->out->len - at - 1);
    w->out->data[at + 1] = '$';
    mw_buf_grown(w->out, 1);
}

/* A member's key and what stands around it, in one piece unless it needs escapes. */
static void write_key(struct writer *w, mw_atom atom, bool comma, unsigned depth)
{
    size_t len, lead_max = lead_size(w, depth);
    const char *key = mw__atom_text(w->d, atom, &len);
    char *from, *to;

    if (needs_escape(key, len) || (w->exact && len > 0 && key[0] == '$')) {
        lead(w, comma, depth);
        write_rare_key(w, key, len);
        mw_buf_add(w->out, ": ", w->pretty ? 2 : 1, NULL);
        return;
    }
    if (len > SIZE_MAX / 2 || !(from = mw_buf_reserve(w->out, lead_max + len + 4, NULL)))
        return;
    to = put_lead(w, from, comma, depth);
    *to++ = '"';
    memcpy(to, key, len);
    memcpy(to + len, "\": ", 3);
    mw_buf_grown(w->out, (size_t)(to - from) + len + (w->pretty ? 3 : 2));
}

static void write_int(struct writer *w, int64_t value)
{
    char text[24], *p = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do
        *--p = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--p = '-';
    mw_buf_add(w->out, p, (size_t)(text + sizeof text - p), NULL);
}

static void write_real(struct writer *w, double value)
{
    char text[32];
    int digits, n = 0;

    if (isnan(value) || isinf(value)) {
        mw_buf_puts(w->out, w->exact ? "{\"$real\":" : "");
        mw_buf_puts(w->out, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        mw_buf_puts(w->out, w->exact ? "}" : "");
    } else if (!w->exact && value >= -9223372036854775808.0 && value < 9223372036854775808.0 &&
               (double)(int64_t)value == value) {
        write_int(w, (int64_t)value); /* 1e3, 1000.0 and 1000 are equal, so they look equal */
    } else {
        for (digits = 15; digits <= 17; digits++) { /* 17 always suffice for IEEE doubles */
            n = snprintf(text, sizeof text, "%.*g", digits, value);
            if (digits == 17 || strtod(text, NULL) == value)
                break;
        }
        mw_buf_add(w->out, text, (size_t)n, NULL);
        if (w->exact && !strpbrk(text, ".e"))
            mw_buf_puts(w->out, ".0");
    }
}

static mw_status write_value(struct writer *w, mw_val v, unsigned depth);

static mw_status write_array(struct writer *w, const uint32_t *block, unsigned depth)
{
    uint32_t n = HEAD_ARG(*block);
    mw_status st;

    mw_buf_putc(w->out, '[');
    for (uint32_t i = 0; i < n; i++) {
        lead(w, i > 0, depth + 1);
        if ((st = write_value(w, block[1 + i], depth + 1)) != MW_OK)
            return st;
    }
    if (n)
        lead(w, false, depth);
    return mw_buf_putc(w->out, ']');
}

static mw_status write_object(struct writer *w, const uint32_t *block, unsigned depth)
{
    const uint32_t *shape = w->d->shapes + HEAD_ARG(*block);
    uint32_t n = shape[0];
    mw_status st;

    mw_buf_putc(w->out, '{');
    for (uint32_t i = 0; i < n; i++) {
        write_key(w, shape[1 + i], i > 0, depth + 1);
        if ((st = write_value(w, block[1 + i], depth + 1)) != MW_OK)
            return st;
    }
    if (n)
        lead(w, false, depth);
    return mw_buf_putc(w->out, '}');
}

static mw_status write_unknown(struct writer *w, mw_val v, unsigned depth)
{
    mw_status st;

    mw_buf_putc(w->out, '{');
    lead(w, false, depth + 1);
    mw_buf_puts(w->out, w->pretty ? "\"$unknown\": " : "\"$unknown\":");
    if ((st = write_value(w, mw_val_cause(w->d, v), depth + 1)) != MW_OK)
        return st;
    lead(w, false, depth);
    return mw_buf_putc(w->out, '}');
}

static mw_status write_value(struct writer *w, mw_val v, unsigned depth)
{
    const uint32_t *block = mw__block(w->d, v);
    const char *s;
    size_t len;

    if (w->out->failed != MW_OK)
        return w->out->failed;
    if (depth >= DOC_DEPTH_MAX)
        return MW_ERR_LIMIT;
    switch (mw_val_kind(w->d, v)) {
    case MW_KIND_BOOL: return mw_buf_puts(w->out, mw_val_bool(w->d, v) ? "true" : "false");
    case MW_KIND_INT: write_int(w, mw_val_int(w->d, v)); return w->out->failed;
    case MW_KIND_REAL: write_real(w, mw_val_real(w->d, v)); return w->out->failed;
    case MW_KIND_STRING: s = mw_val_str(w->d, v, &len); return mw_json_write_string(w->out, s ? s : "", s ? len : 0);
    case MW_KIND_ARRAY: return block ? write_array(w, block, depth) : mw_buf_puts(w->out, "[]");
    case MW_KIND_OBJECT: return block ? write_object(w, block, depth) : mw_buf_puts(w->out, "{}");
    case MW_KIND_UNKNOWN: return write_unknown(w, v, depth);
    default: return mw_buf_puts(w->out, "null");
    }
}

mw_status mw_json_write(mw_buf *out, const mw_doc *d, mw_val v, mw_json_style style)
{
    struct writer w = {out, d, style == MW_JSON_PRETTY, style == MW_JSON_EXACT};
    mw_status st = write_value(&w, v, 0);

    /* remembered by the buffer too, for callers that check it once at the end */
    if (st != MW_OK && out->failed == MW_OK)
        out->failed = st;
    return st;
}
