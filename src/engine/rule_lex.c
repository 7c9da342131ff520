/*
 * What a rule's text tells without running it: its leading comment, and whether it uses a name. A
 * small lexer of Lua's comments, strings and names; it never decides a verdict, only what is collected and
 * shown, and the worker checks again when the name is read.
 */
#include "engine/rule_internal.h"

#include "base/buf.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* ---- the leading comment ---- */

static const char *line_end(const char *s, const char *end)
{
    const char *nl = memchr(s, '\n', (size_t)(end - s));

    return nl ? nl : end;
}

/* The text of a comment line behind its dashes and blanks. False: not a comment line. */
static bool comment_text(const char *s, const char *end, mw_str *text)
{
    while (s < end && (*s == ' ' || *s == '\t'))
        s++;
    if (end - s < 2 || s[0] != '-' || s[1] != '-')
        return false;
    while (s < end && *s == '-')
        s++;
    while (s < end && (*s == ' ' || *s == '\t'))
        s++;
    while (end > s && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *text = (mw_str){s, (size_t)(end - s)};
    return true;
}

bool mw__rule_comment(const char *source, size_t len, mw_arena *arena, mw_rule_comment *out)
{
    const char *s = source, *end = source + len;
    MW_AUTO(mw_buf) text = {.max = 16 << 10};
    mw_str line;

    out->description = out->see = "";
    if (len < 3 || memcmp(source, "---", 3) != 0)
        return true;
    for (; s < end; s = line_end(s, end) + 1) {
        if (!comment_text(s, line_end(s, end), &line))
            break;
        if (line.len >= 5 && memcmp(line.data, "@see ", 5) == 0) {
            out->see = mw_arena_strndup(arena, line.data + 5, line.len - 5);
            break; /* what follows speaks of the code */
        }
        if (text.len > 0)
            mw_buf_putc(&text, line.len ? ' ' : '\n');
        mw_buf_add(&text, line.data, line.len, NULL);
    }
    out->description = mw_arena_strndup(arena, text.data ? text.data : "", text.len);
    return out->description && out->see;
}

/* ---- names ---- */

/* Behind a long bracket ([[…]], [=[…]=]) that starts at @p s, or NULL when none does. */
static const char *long_bracket(const char *s, const char *end)
{
    const char *p = s + 1;
    size_t level = 0;

    while (p < end && *p == '=') {
        p++;
        level++;
    }
    if (p >= end || *p != '[')
        return NULL;
    for (p++; p < end; p++) {
        size_t n = 0;
        if (*p != ']')
            continue;
        while (n < level && p + 1 + n < end && p[1 + n] == '=')
            n++;
        if (n == level && p + 1 + n < end && p[1 + n] == ']')
            return p + n + 2;
    }
    return end;
}

/* Behind a quoted string; *inner and *len are what stands between the quotes. */
static const char *quoted(const char *s, const char *end, const char **inner, size_t *len)
{
    char quote = *s++;

    *inner = s;
    while (s < end && *s != quote && *s != '\n')
        s += *s == '\\' && s + 1 < end ? 2 : 1;
    if (s > end)
        s = end;
    *len = (size_t)(s - *inner);
    return s < end ? s + 1 : end;
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

size_t mw__rule_uses_name(const char *source, size_t len, const char *name)
{
    const char *s = source, *end = source + len, *after, *inner;
    size_t want = strlen(name), n, uses = 0;

    while (s < end) {
        if (s[0] == '-' && s + 1 < end && s[1] == '-') {
            after = s + 2 < end && s[2] == '[' ? long_bracket(s + 2, end) : NULL;
            s = after ? after : line_end(s, end);
        } else if (*s == '"' || *s == '\'') {
            s = quoted(s, end, &inner, &n);
            uses += n == want && memcmp(inner, name, n) == 0;
        } else if (*s == '[' && (after = long_bracket(s, end))) {
            s = after;
        } else if (is_name_char(*s)) {
            for (n = 0; s + n < end && is_name_char(s[n]);)
                n++;
            uses += n == want && memcmp(s, name, n) == 0;
            s += n;
        } else {
            s++;
        }
    }
    return uses;
}

bool mw__rule_has_word(const char *source, size_t len, const char *word, size_t word_len)
{
    for (size_t i = 0, n; i < len; i += n + 1) {
        for (n = 0; i + n < len && is_name_char(source[i + n]);)
            n++;
        if (n == word_len && memcmp(source + i, word, n) == 0)
            return true;
    }
    return false;
}
