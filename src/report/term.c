/*
 * Text for terminals. Everything that comes from AWS or from a script passes through mw_term_text() before a
 * person sees it: a bucket tag must not clear the screen, retitle the window or turn words around.
 */
#include "report/term.h"

#include "base/str.h"

#include <stdint.h>
#include <string.h>

size_t mw_term_sequence(const char *s, size_t len, uint32_t *point)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = u[0] < 0x80 ? 1 : u[0] < 0xC2 ? 0 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : u[0] < 0xF5 ? 4 : 0;

    if (n == 0 || n > len || !mw_utf8_valid(s, n))
        return 0;
    *point = n == 1 ? u[0] : u[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        *point = *point << 6 | (u[i] & 0x3F);
    return n;
}

bool mw_term_deceptive(uint32_t p)
{
    return (p >= 0x200B && p <= 0x200F) || (p >= 0x2028 && p <= 0x202E) || (p >= 0x2060 && p <= 0x2069) ||
           p == 0x061C || p == 0xFEFF || p == 0x00AD || (p >= 0xE0000 && p <= 0xE007F);
}

mw_status mw_term_bytes(mw_buf *out, const char *s, size_t len, bool lines)
{
    for (size_t i = 0; i < len;) {
        uint32_t p = 0;
        size_t n = mw_term_sequence(s + i, len - i, &p);
        bool layout = lines && (p == '\n' || p == '\t' || (p == '\r' && i + 1 < len && s[i + 1] == '\n'));

        if (n == 0)
            mw_buf_puts(out, "\xEF\xBF\xBD");
        else if (!layout && (p < 0x20 || (p >= 0x7F && p < 0xA0)))
            mw_buf_printf(out, "\\x%02x", (unsigned)p);
        else if (mw_term_deceptive(p))
            mw_buf_printf(out, "\\u%04x", (unsigned)p);
        else
            mw_buf_add(out, s + i, n, NULL);
        i += n ? n : 1;
    }
    return out->failed;
}

mw_status mw_term_text(mw_buf *out, const char *s)
{
    return mw_term_bytes(out, s, s ? strlen(s) : 0, false);
}

void mw_term_inherit(mw_buf *out, const mw_buf *part)
{
    if (out->failed == MW_OK)
        out->failed = part->failed;
}

size_t mw_term_columns(const char *s, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)s[i] & 0xC0) != 0x80;
    return n;
}

mw_status mw_term_cell(mw_buf *out, const char *s, size_t columns)
{
    MW_AUTO(mw_buf) text = {0};
    size_t have, end = 0;

    mw_term_text(&text, s);
    mw_term_inherit(out, &text);
    have = text.data ? mw_term_columns(text.data, text.len) : 0;
    if (have <= columns) {
        if (text.data)
            mw_buf_add(out, text.data, text.len, NULL);
        return mw_buf_printf(out, "%*s", (int)(columns - have), "");
    }
    for (size_t shown = 0; end < text.len; end++) {
        shown += ((unsigned char)text.data[end] & 0xC0) != 0x80;
        if (shown == columns)
            break;
    }
    mw_buf_add(out, text.data, end, NULL);
    return mw_buf_puts(out, "…");
}

mw_status mw_term_wrap(mw_buf *out, const char *s, size_t at, size_t indent, size_t width)
{
    MW_AUTO(mw_buf) text = {0};
    const char *word;
    bool first = true;

    mw_term_text(&text, s);
    mw_term_inherit(out, &text);
    for (word = text.data ? text.data : ""; *word;) {
        size_t len = strcspn(word, " "), columns = mw_term_columns(word, len);
        if (!first && at + 1 + columns > width) {
            mw_buf_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            mw_buf_putc(out, ' ');
            at++;
        }
        mw_buf_add(out, word, len, NULL);
        at += columns;
        word += len;
        word += *word != '\0';
        first = false;
    }
    return out->failed;
}

void mw_term_color(mw_buf *out, bool on, mw_color color)
{
    /* SGR codes, ECMA-48 8.3.117. */
    static const char *const codes[] = {"", "1", "2", "1;31", "33", "32", "36", "35"};

    if (on && color != MW_COLOR_NONE)
        mw_buf_printf(out, "\033[%sm", codes[color]);
}

void mw_term_reset(mw_buf *out, bool on)
{
    if (on)
        mw_buf_puts(out, "\033[0m");
}
