/*
 * Text of answers: templates with a few verbs, escaping for XML and JSON, and the hostile names.
 *
 * A hundred-item answer is a quarter of a megabyte, so a template is copied run by run between its
 * verbs. Relies on base/buf.h only; a template with the wrong number of arguments is a bug of this
 * program and ends it.
 */
#include "awsim.h"

#include <stdio.h>
#include <stdlib.h>

struct name hostile_names[HOSTILE_NAMES] = {
    {.plain = "plain"},
    {.plain = "\xC3\x9C"
              "bergr\xC3\xB6\xC3\x9F"
              "e"},
    {.plain = "\xE5\x90\x8D\xE5\x89\x8D"},
    {.plain = "a\"quote"},
    {.plain = "{braces} ${env} $s %s"},
    {.plain = "<script>alert(1)</script>"},
    {.plain = "=1+1"},
    {.plain = "../../etc/passwd"},
    {.plain = "tab\there"},
    {.plain = "back\\slash"},
    {.plain = "\xE2\x80\xAEright-to-left"},
    {.plain = "emoji\xF0\x9F\x8C\x99"},
    {.plain = "a&amp;b & ]]> c"},
    {.plain = "new\nline"},
    {.plain = "' OR 1=1 --"},
    {.plain = "zero\xE2\x80\x8Bwidth \x7f"},
};

static const char hex_low[] = "0123456789abcdef";
static const char hex_up[] = "0123456789ABCDEF";

static char *put_xml(char *p, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&': memcpy(p, "&amp;", 5), p += 5; break;
        case '<': memcpy(p, "&lt;", 4), p += 4; break;
        case '>': memcpy(p, "&gt;", 4), p += 4; break;
        case '"': memcpy(p, "&quot;", 6), p += 6; break;
        case '\r': memcpy(p, "&#13;", 5), p += 5; break;
        default: *p++ = *s; break;
        }
    }
    return p;
}

static char *put_json(char *p, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            *p++ = '\\';
            *p++ = *s;
        } else if (c < 0x20) {
            memcpy(p, "\\u00", 4);
            p[4] = hex_low[c >> 4];
            p[5] = hex_low[c & 15];
            p += 6;
        } else {
            *p++ = *s;
        }
    }
    return p;
}

static char *put_percent(char *p, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
            c == '.' || c == '~') {
            *p++ = *s;
        } else {
            *p++ = '%';
            *p++ = hex_up[c >> 4];
            *p++ = hex_up[c & 15];
        }
    }
    return p;
}

static char *put_decimal(char *p, uint64_t u)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    while (n)
        *p++ = digits[--n];
    return p;
}

static char *put_padded(char *p, uint64_t u, int width)
{
    for (int i = width - 1; i >= 0; i--, u /= 10)
        p[i] = (char)('0' + u % 10);
    return p + width;
}

/* Days to year, month and day: Howard Hinnant's civil_from_days, for days after 1970. */
static char *put_time(char *p, uint64_t seconds, bool millis)
{
    uint64_t z = seconds / 86400 + 719468, rest = seconds % 86400;
    uint64_t era = z / 146097, doe = z - era * 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    uint64_t month = mp < 10 ? mp + 3 : mp - 9;
    p = put_padded(p, yoe + era * 400 + (month <= 2), 4);
    *p++ = '-';
    p = put_padded(p, month, 2);
    *p++ = '-';
    p = put_padded(p, doy - (153 * mp + 2) / 5 + 1, 2);
    *p++ = 'T';
    p = put_padded(p, rest / 3600, 2);
    *p++ = ':';
    p = put_padded(p, rest / 60 % 60, 2);
    *p++ = ':';
    p = put_padded(p, rest % 60, 2);
    if (millis) {
        memcpy(p, ".000", 4);
        p += 4;
    }
    *p++ = 'Z';
    return p;
}

/* Eight digits at a time: each nibble gets a byte, and those above 9 the way from '9' to the letters. */
static char *put_hex(char *p, uint64_t u, uint64_t letters)
{
    for (int half = 0; half < 2; half++) {
        uint64_t x = half ? u & 0xffffffff : u >> 32;
        x = (x << 16 | x) & UINT64_C(0x0000ffff0000ffff);
        x = (x << 8 | x) & UINT64_C(0x00ff00ff00ff00ff);
        x = (x << 4 | x) & UINT64_C(0x0f0f0f0f0f0f0f0f);
        uint64_t above = (x + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
        x = __builtin_bswap64(x + UINT64_C(0x3030303030303030) + above * letters);
        memcpy(p, &x, 8);
        p += 8;
    }
    return p;
}

void put(mw_buf *out, const char *format, size_t len, const struct arg *args, size_t count)
{
    size_t need = len + count * 32;
    for (size_t i = 0; i < count; i++)
        need += args[i].s ? args[i].u * 6 : 0;
    char *p = mw_buf_reserve(out, need, NULL);
    if (!p)
        return; /* remembered in the buffer; the answer is refused as too large */
    char *begin = p;
    const char *end = format + len;
    size_t next = 0;
    for (;;) {
        const char *verb = memchr(format, '$', (size_t)(end - format));
        size_t run = (size_t)((verb ? verb : end) - format);
        memcpy(p, format, run);
        p += run;
        if (!verb)
            break;
        format = verb + 2;
        if (verb[1] == '$') {
            *p++ = '$';
            continue;
        }
        if (next == count) {
            fprintf(stderr, "awsim: too few arguments for the template %.60s\n", verb);
            abort();
        }
        struct arg a = args[next++];
        const char *s = a.s ? a.s : "";
        switch (verb[1]) {
        case 's':
            if (a.s) {
                memcpy(p, s, a.u);
                p += a.u;
            }
            break;
        case 'x': p = put_xml(p, s); break;
        case 'j': p = put_json(p, s); break;
        case 'p': p = put_percent(p, s); break;
        case 'd': p = put_decimal(p, a.u); break;
        case 'h': *p++ = '0', p = put_hex(p, a.u, 'a' - '9' - 1); break;
        case 'H': p = put_hex(p, a.u, 'A' - '9' - 1); break;
        case '2': *p++ = hex_low[a.u >> 4 & 15], *p++ = hex_low[a.u & 15]; break;
        case 't': p = put_time(p, a.u, false); break;
        case 'T': p = put_time(p, a.u, true); break;
        default: fprintf(stderr, "awsim: no such verb in a template: %.3s\n", verb); abort();
        }
    }
    if (next != count) {
        fprintf(stderr, "awsim: too many arguments for the template ending in %.60s\n", format);
        abort();
    }
    mw_buf_grown(out, (size_t)(p - begin));
}

void names_init(void)
{
    for (size_t i = 0; i < HOSTILE_NAMES; i++) {
        struct name *n = &hostile_names[i];
        *put_xml(n->xml, n->plain) = '\0';
        *put_json(n->json, n->plain) = '\0';
    }
}
