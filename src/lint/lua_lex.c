/*
 * The lexer of Lua 5.4 (reference manual, 3.1): names, numerals, strings with all escapes, long
 * brackets, comments, which are kept for those that speak to the linter. Reads a borrowed source;
 * refuses what Lua's own lexer refuses and nothing else.
 */
#include "lint/lua_lex.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- characters: Lua's own classes, whatever the locale ---- */

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}
static bool is_alpha(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool is_alnum(int c)
{
    return is_alpha(c) || is_digit(c);
}
static bool is_xdigit(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static unsigned hex_value(int c)
{
    return (unsigned)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The byte at an offset from the place; -1 behind the end. */
static int peek(const lua_lexer *x, uint32_t ahead)
{
    size_t at = (size_t)x->at + ahead;

    return at < x->tree->len ? (unsigned char)x->tree->source[at] : -1;
}

mw_status mw__lua_fail(lua_lexer *x, uint32_t at, const char *format, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    x->tree->error_at = at;
    return mw_fail(x->err, MW_ERR_PARSE, "%s", text);
}

static mw_status no_memory(lua_lexer *x)
{
    return mw_fail(x->err, MW_ERR_NOMEM, "out of memory for a syntax tree");
}

/* ---- long brackets ---- */

/* At '[' or ']': the number of '=' when the bracket is a long one, else -1; -2 for `[=` without a
 * second one. */
static int bracket_level(const lua_lexer *x)
{
    int bracket = peek(x, 0);
    uint32_t n = 1;

    while (peek(x, n) == '=')
        n++;
    if (peek(x, n) == bracket)
        return (int)(n - 1);
    return n == 1 ? -1 : -2;
}

static mw_status long_bracket(lua_lexer *x, int level, const char *what, mw_str *text)
{
    uint32_t start = x->at, from;

    x->at += (uint32_t)level + 2;
    if (peek(x, 0) == '\r' || peek(x, 0) == '\n')
        x->at += (peek(x, 1) == '\r' || peek(x, 1) == '\n') && peek(x, 1) != peek(x, 0) ? 2 : 1;
    from = x->at;
    for (;; x->at++) {
        int c = peek(x, 0);
        if (c < 0)
            return mw__lua_fail(x, start, "unfinished long %s: expected ']%.*s]'", what, level < 40 ? level : 40,
                                "========================================");
        if (c == ']' && bracket_level(x) == level)
            break;
    }
    *text = (mw_str){x->tree->source + from, x->at - from};
    x->at += (uint32_t)level + 2;
    return MW_OK;
}

/* ---- comments ---- */

static bool alone_on_line(const lua_lexer *x, uint32_t at)
{
    const char *s = x->tree->source;

    while (at > 0 && s[at - 1] != '\n') {
        if (!is_space(s[at - 1]))
            return false;
        at--;
    }
    return true;
}

static mw_status keep_comment(lua_lexer *x, uint32_t start, uint32_t at, size_t len)
{
    lua_tree *t = x->tree;

    if (t->comment_count == x->comment_cap) {
        size_t cap = x->comment_cap ? x->comment_cap * 2 : 16;
        lua_comment *grown = mw_arena_alloc(x->arena, cap * sizeof(*grown));
        if (!grown)
            return no_memory(x);
        if (t->comment_count)
            memcpy(grown, t->comments, t->comment_count * sizeof(*grown));
        t->comments = grown;
        x->comment_cap = cap;
    }
    t->comments[t->comment_count++] = (lua_comment){at, (uint32_t)len, alone_on_line(x, start)};
    return MW_OK;
}

static mw_status comment(lua_lexer *x)
{
    uint32_t start = x->at, from;
    mw_str text;
    mw_status st;
    int level;

    x->at += 2;
    if (peek(x, 0) == '[' && (level = bracket_level(x)) >= 0) {
        if ((st = long_bracket(x, level, "comment", &text)) != MW_OK)
            return st;
        return keep_comment(x, start, (uint32_t)(text.data - x->tree->source), text.len);
    }
    from = x->at;
    while (peek(x, 0) >= 0 && peek(x, 0) != '\n' && peek(x, 0) != '\r')
        x->at++;
    return keep_comment(x, start, from, x->at - from);
}

/* ---- numerals ---- */

static size_t digits(const char *s, size_t len, size_t i, bool hex)
{
    while (i < len && (hex ? is_xdigit((unsigned char)s[i]) : is_digit((unsigned char)s[i])))
        i++;
    return i;
}

static bool good_numeral(const char *s, size_t len)
{
    bool hex = len > 2 && s[0] == '0' && (s[1] | 0x20) == 'x';
    size_t from = hex ? 2 : 0, i = digits(s, len, from, hex), n = i - from;

    if (i < len && s[i] == '.') {
        size_t dot = i + 1;
        i = digits(s, len, dot, hex);
        n += i - dot;
    }
    if (n == 0)
        return false;
    if (i < len && (s[i] | 0x20) == (hex ? 'p' : 'e')) {
        size_t e = i + 1;
        if (e < len && (s[e] == '+' || s[e] == '-'))
            e++;
        i = digits(s, len, e, false);
        if (i == e)
            return false;
    }
    return i == len;
}

static mw_status numeral(lua_lexer *x, lua_token *t)
{
    const char *s = x->tree->source + x->at;
    int exponent = 'e';

    if (peek(x, 0) == '0' && (peek(x, 1) | 0x20) == 'x') {
        exponent = 'p';
        x->at += 2;
    }
    for (;;) {
        int c = peek(x, 0);
        if (c >= 0 && (c | 0x20) == exponent) {
            x->at++;
            if (peek(x, 0) == '+' || peek(x, 0) == '-')
                x->at++;
        } else if (is_xdigit(c) || c == '.') {
            x->at++;
        } else {
            break;
        }
    }
    if (is_alpha(peek(x, 0)))
        x->at++; /* "3x" is one bad numeral, not two tokens */
    t->kind = TK_NUMBER;
    t->text = (mw_str){s, x->at - t->at};
    if (!good_numeral(s, t->text.len))
        return mw__lua_fail(x, t->at, "malformed number '%.*s'", t->text.len < 40 ? (int)t->text.len : 40, s);
    return MW_OK;
}

/* ---- strings ---- */

static size_t put_utf8(char *out, uint64_t c)
{
    static const uint64_t most[] = {0x7F, 0x7FF, 0xFFFF, 0x1FFFFF, 0x3FFFFFF, 0x7FFFFFFF};
    static const uint8_t lead[] = {0, 0xC0, 0xE0, 0xF0, 0xF8, 0xFC};
    size_t n = 1;

    while (c > most[n - 1])
        n++;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[n - 1] | c);
    return n;
}

/* \u{XXX}: the place is at 'u'. */
static mw_status unicode(lua_lexer *x, char *out, size_t *n)
{
    uint32_t at = x->at - 1;
    uint64_t c = 0;

    x->at++;
    if (peek(x, 0) != '{')
        return mw__lua_fail(x, at, "invalid escape: expected '{' behind \\u");
    x->at++;
    if (!is_xdigit(peek(x, 0)))
        return mw__lua_fail(x, at, "invalid escape: expected a hexadecimal digit");
    for (; is_xdigit(peek(x, 0)); x->at++) {
        c = c * 16 + hex_value(peek(x, 0));
        if (c > 0x7FFFFFFF)
            return mw__lua_fail(x, at, "invalid escape: the UTF-8 value is too large");
    }
    if (peek(x, 0) != '}')
        return mw__lua_fail(x, at, "invalid escape: expected '}'");
    x->at++;
    *n = put_utf8(out, c);
    return MW_OK;
}

/* The place is behind the backslash. */
static mw_status escape(lua_lexer *x, char *out, size_t *n)
{
    static const char from[] = "abfnrtv\\\"'", to[] = "\a\b\f\n\r\t\v\\\"'";
    int c = peek(x, 0);
    const char *simple = c > 0 ? memchr(from, c, sizeof(from) - 1) : NULL;
    unsigned value = 0;

    *n = 1;
    if (simple) {
        *out = to[simple - from];
        x->at++;
    } else if (c == '\n' || c == '\r') {
        *out = '\n';
        x->at += (peek(x, 1) == '\n' || peek(x, 1) == '\r') && peek(x, 1) != c ? 2 : 1;
    } else if (c == 'x') {
        if (!is_xdigit(peek(x, 1)) || !is_xdigit(peek(x, 2)))
            return mw__lua_fail(x, x->at - 1, "invalid escape: expected two hexadecimal digits behind \\x");
        *out = (char)(hex_value(peek(x, 1)) * 16 + hex_value(peek(x, 2)));
        x->at += 3;
    } else if (c == 'z') {
        *n = 0;
        for (x->at++; is_space(peek(x, 0));)
            x->at++;
    } else if (c == 'u') {
        return unicode(x, out, n);
    } else if (is_digit(c)) {
        for (int i = 0; i < 3 && is_digit(peek(x, 0)); i++, x->at++)
            value = value * 10 + (unsigned)(peek(x, 0) - '0');
        if (value > 255)
            return mw__lua_fail(x, x->at - 1, "invalid escape: \\%u is more than \\255", value);
        *out = (char)value;
    } else {
        return mw__lua_fail(x, x->at - 1, "invalid escape sequence");
    }
    return MW_OK;
}

static mw_status quoted(lua_lexer *x, lua_token *t)
{
    int quote = peek(x, 0), c;
    uint32_t end = x->at + 1;
    size_t n = 0, added;
    char *out;
    mw_status st;

    t->kind = TK_STRING;
    /* Decoded text is never longer than what is written. */
    while (end < x->tree->len && x->tree->source[end] != quote && x->tree->source[end] != '\n')
        end += x->tree->source[end] == '\\' ? 2 : 1;
    out = mw_arena_alloc(x->arena, (size_t)(end - x->at) + 8);
    if (!out)
        return no_memory(x);
    x->at++;
    while ((c = peek(x, 0)) != quote) {
        if (c < 0 || c == '\n' || c == '\r')
            return mw__lua_fail(x, t->at, "unfinished string: expected %c", quote);
        x->at++;
        if (c != '\\') {
            out[n++] = (char)c;
            continue;
        }
        if ((st = escape(x, out + n, &added)) != MW_OK)
            return st;
        n += added;
    }
    x->at++;
    t->text = (mw_str){out, n};
    return MW_OK;
}

/* ---- words and signs ---- */

static const char *const words[] = {[TK_AND] = "and",     [TK_BREAK] = "break",   [TK_DO] = "do",
                                    [TK_ELSE] = "else",   [TK_ELSEIF] = "elseif", [TK_END] = "end",
                                    [TK_FALSE] = "false", [TK_FOR] = "for",       [TK_FUNCTION] = "function",
                                    [TK_GOTO] = "goto",   [TK_IF] = "if",         [TK_IN] = "in",
                                    [TK_LOCAL] = "local", [TK_NIL] = "nil",       [TK_NOT] = "not",
                                    [TK_OR] = "or",       [TK_REPEAT] = "repeat", [TK_RETURN] = "return",
                                    [TK_THEN] = "then",   [TK_TRUE] = "true",     [TK_UNTIL] = "until",
                                    [TK_WHILE] = "while", [TK_EQ] = "==",         [TK_NE] = "~=",
                                    [TK_LE] = "<=",       [TK_GE] = ">=",         [TK_SHL] = "<<",
                                    [TK_SHR] = ">>",      [TK_IDIV] = "//",       [TK_CONCAT] = "..",
                                    [TK_DOTS] = "...",    [TK_DCOLON] = "::"};

static void word(lua_lexer *x, lua_token *t)
{
    while (is_alnum(peek(x, 0)))
        x->at++;
    t->kind = TK_NAME;
    t->text = (mw_str){x->tree->source + t->at, x->at - t->at};
    for (int i = TK_AND; i <= TK_WHILE; i++)
        if (mw_lua_is(t->text, words[i]))
            t->kind = (lua_tok)i;
}

static void sign(lua_lexer *x, lua_token *t)
{
    static const lua_tok order[] = {TK_DOTS, TK_EQ, TK_NE, TK_LE, TK_GE, TK_SHL, TK_SHR, TK_IDIV, TK_CONCAT, TK_DCOLON};

    for (size_t i = 0; i < MW_COUNT(order); i++) {
        const char *text = words[order[i]];
        size_t n = strlen(text);
        if (x->tree->len - x->at >= n && memcmp(x->tree->source + x->at, text, n) == 0) {
            t->kind = order[i];
            x->at += (uint32_t)n;
            return;
        }
    }
    t->kind = TK_CHAR;
    t->byte = x->tree->source[x->at++];
}

mw_status mw__lua_lex(lua_lexer *x, lua_token *t)
{
    mw_status st = MW_OK;
    int c, level;

    memset(t, 0, sizeof(*t));
    for (;;) {
        while (is_space(peek(x, 0)))
            x->at++;
        if (peek(x, 0) != '-' || peek(x, 1) != '-')
            break;
        if ((st = comment(x)) != MW_OK)
            return st;
    }
    t->at = x->at;
    c = peek(x, 0);
    if (c < 0) {
        t->kind = TK_EOF;
    } else if (is_alpha(c)) {
        word(x, t);
    } else if (is_digit(c) || (c == '.' && is_digit(peek(x, 1)))) {
        st = numeral(x, t);
    } else if (c == '"' || c == '\'') {
        st = quoted(x, t);
    } else if (c == '[' && (level = bracket_level(x)) != -1) {
        if (level == -2)
            return mw__lua_fail(x, t->at, "invalid long string delimiter: expected '['");
        t->kind = TK_STRING;
        st = long_bracket(x, level, "string", &t->text);
    } else {
        sign(x, t);
    }
    t->end = x->at;
    return st;
}

const char *mw__lua_token_name(lua_lexer *x, const lua_token *t)
{
    const char *text = NULL;

    if (t->kind == TK_EOF)
        return "the end of the file";
    if (t->end > t->at)
        text = mw_arena_printf(x->arena, "'%.*s'", t->end - t->at < 40 ? (int)(t->end - t->at) : 40,
                               x->tree->source + t->at);
    return text ? text : "a token";
}
