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
    static const uint32_t special[8] = {0xFFFFFFFF, 1u << ('"' & 31), 1u << ('\\' & 31), 1u << 31,
                                        0, 0, 0, 1u << (0xE2 & 31)};

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

/* Nearly every string needs no escape: one reservation, one copy. */
mw_status mw_json_write_string(mw_buf *out, const char *s, size_t len)
{
    char *to;

    for (size_t i = 0; i < len; i++)
        if (!plain((unsigned char)s[i]))
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
    bool pretty;
};

static void new_line(struct writer *w, unsigned depth)
{
    if (!w->pretty)
        return;
    mw_buf_putc(w->out, '\n');
    while (depth--)
        mw_buf_add(w->out, "  ", 2, NULL);
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

    if (isnan(value)) {
        mw_buf_puts(w->out, "\"NaN\"");
    } else if (isinf(value)) {
        mw_buf_puts(w->out, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    } else if (value >= -9223372036854775808.0 && value < 9223372036854775808.0 &&
               (double)(int64_t)value == value) {
        write_int(w, (int64_t)value); /* 1e3, 1000.0 and 1000 are equal, so they look equal */
    } else {
        for (digits = 15; digits <= 17; digits++) { /* 17 always suffice for IEEE doubles */
            n = snprintf(text, sizeof text, "%.*g", digits, value);
            if (digits == 17 || strtod(text, NULL) == value)
                break;
        }
        mw_buf_add(w->out, text, (size_t)n, NULL);
    }
}

static mw_status write_value(struct writer *w, mw_val v, unsigned depth)
{
    size_t i, n, len;
    const char *s;
    mw_val key, member;
    mw_status st;

    if (w->out->failed != MW_OK)
        return w->out->failed;
    if (depth >= DOC_DEPTH_MAX)
        return MW_ERR_LIMIT;
    switch (mw_val_kind(w->d, v)) {
    case MW_KIND_BOOL: return mw_buf_puts(w->out, mw_val_bool(w->d, v) ? "true" : "false");
    case MW_KIND_INT: write_int(w, mw_val_int(w->d, v)); return w->out->failed;
    case MW_KIND_REAL: write_real(w, mw_val_real(w->d, v)); return w->out->failed;
    case MW_KIND_STRING:
        s = mw_val_str(w->d, v, &len);
        return mw_json_write_string(w->out, s ? s : "", s ? len : 0);
    case MW_KIND_ARRAY:
        n = mw_val_len(w->d, v);
        mw_buf_putc(w->out, '[');
        for (i = 0; i < n; i++) {
            if (i)
                mw_buf_putc(w->out, ',');
            new_line(w, depth + 1);
            if ((st = write_value(w, mw_val_at(w->d, v, i), depth + 1)) != MW_OK)
                return st;
        }
        if (n)
            new_line(w, depth);
        return mw_buf_putc(w->out, ']');
    case MW_KIND_OBJECT:
        n = mw_val_len(w->d, v);
        mw_buf_putc(w->out, '{');
        for (i = 0; i < n; i++) {
            if (i)
                mw_buf_putc(w->out, ',');
            new_line(w, depth + 1);
            member = mw_val_member(w->d, v, i, &key);
            if ((st = write_value(w, key, depth + 1)) != MW_OK)
                return st;
            mw_buf_add(w->out, ": ", w->pretty ? 2 : 1, NULL);
            if ((st = write_value(w, member, depth + 1)) != MW_OK)
                return st;
        }
        if (n)
            new_line(w, depth);
        return mw_buf_putc(w->out, '}');
    case MW_KIND_UNKNOWN:
        mw_buf_putc(w->out, '{');
        new_line(w, depth + 1);
        mw_buf_puts(w->out, w->pretty ? "\"$unknown\": " : "\"$unknown\":");
        if ((st = write_value(w, mw_val_cause(w->d, v), depth + 1)) != MW_OK)
            return st;
        new_line(w, depth);
        return mw_buf_putc(w->out, '}');
    default: return mw_buf_puts(w->out, "null");
    }
}

mw_status mw_json_write(mw_buf *out, const mw_doc *d, mw_val v, mw_json_style style)
{
    struct writer w = {out, d, style == MW_JSON_PRETTY};
    mw_status st = write_value(&w, v, 0);

    /* remembered by the buffer too, for callers that check it once at the end */
    if (st != MW_OK && out->failed == MW_OK)
        out->failed = st;
    return st;
}
