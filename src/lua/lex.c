/*
 * A lexer of Lua 5.4 (Reference Manual 3.1) over a byte range. It relies on nothing that the text
 * holds: every step looks at what is left first. Escapes in strings are skipped, not decoded.
 */
#include "lua/lex.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

static const char *const keywords[] = {"and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
                                       "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
                                       "repeat",   "return", "then", "true", "until",  "while"};

/* Longest first. */
static const char *const symbols[] = {"...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", ".."};

void mw_lexer_init(mw_lexer *l, const char *source, size_t len)
{
    *l = (mw_lexer){.source = source, .len = len, .line = 1};
}

bool mw_token_is(const mw_lexer *l, mw_token t, const char *text)
{
    size_t n = strlen(text);

    return (t.kind == MW_TOKEN_KEYWORD || t.kind == MW_TOKEN_SYMBOL) && t.end - t.start == n &&
           memcmp(l->source + t.start, text, n) == 0;
}

static int peek(const mw_lexer *l, size_t ahead)
{
    return l->at + ahead < l->len ? (unsigned char)l->source[l->at + ahead] : -1;
}

static void step(mw_lexer *l)
{
    if (l->source[l->at++] == '\n') {
        l->line++;
        l->line_start = l->at;
    }
}

/* At `[`: over a long bracket. False: it is none; *closed tells whether it ended. */
static bool skip_long(mw_lexer *l, bool *closed)
{
    size_t level = 0;

    while (peek(l, 1 + level) == '=')
        level++;
    if (peek(l, 1 + level) != '[')
        return false;
    for (size_t i = 0; i < level + 2; i++)
        step(l);
    *closed = false;
    while (l->at < l->len) {
        size_t n = 0;
        if (peek(l, 0) == ']') {
            while (n < level && peek(l, 1 + n) == '=')
                n++;
            if (n == level && peek(l, 1 + n) == ']') {
                l->at += level + 2;
                *closed = true;
                return true;
            }
        }
        step(l);
    }
    return true;
}

static bool skip_blanks(mw_lexer *l)
{
    bool closed = true;

    while (l->at < l->len) {
        if (isspace(peek(l, 0))) {
            step(l);
        } else if (peek(l, 0) == '-' && peek(l, 1) == '-') {
            l->at += 2;
            if (peek(l, 0) == '[' && skip_long(l, &closed)) {
                if (!closed)
                    return false;
                continue;
            }
            while (l->at < l->len && peek(l, 0) != '\n')
                step(l);
        } else {
            break;
        }
    }
    return true;
}

static bool skip_string(mw_lexer *l)
{
    int quote = peek(l, 0);

    step(l);
    while (l->at < l->len && peek(l, 0) != quote && peek(l, 0) != '\n') {
        if (peek(l, 0) != '\\') {
            step(l);
            continue;
        }
        step(l);
        if (peek(l, 0) == 'z') {
            step(l);
            while (l->at < l->len && isspace(peek(l, 0)))
                step(l);
        } else if (l->at < l->len) {
            step(l);
        }
    }
    if (peek(l, 0) != quote)
        return false;
    step(l);
    return true;
}

static void skip_number(mw_lexer *l)
{
    bool hex = peek(l, 0) == '0' && (peek(l, 1) | 0x20) == 'x';

    while (isalnum(peek(l, 0)) || peek(l, 0) == '.') {
        int c = peek(l, 0) | 0x20;
        step(l);
        if ((hex ? c == 'p' : c == 'e') && (peek(l, 0) == '+' || peek(l, 0) == '-'))
            step(l);
    }
}

static bool is_name(int c)
{
    return isalnum(c) || c == '_';
}

static mw_token_kind scan(mw_lexer *l)
{
    size_t start = l->at;
    int c = peek(l, 0);
    bool closed;

    if (c == '"' || c == '\'')
        return skip_string(l) ? MW_TOKEN_STRING : MW_TOKEN_BAD;
    if (c == '[' && skip_long(l, &closed))
        return closed ? MW_TOKEN_STRING : MW_TOKEN_BAD;
    if (isdigit(c) || (c == '.' && isdigit(peek(l, 1)))) {
        skip_number(l);
        return MW_TOKEN_NUMBER;
    }
    if (is_name(c)) {
        while (is_name(peek(l, 0)))
            step(l);
        for (size_t i = 0; i < MW_COUNT(keywords); i++)
            if (strlen(keywords[i]) == l->at - start && memcmp(keywords[i], l->source + start, l->at - start) == 0)
                return MW_TOKEN_KEYWORD;
        return MW_TOKEN_NAME;
    }
    for (size_t i = 0; i < MW_COUNT(symbols); i++) {
        size_t n = strlen(symbols[i]);
        if (n <= l->len - start && memcmp(symbols[i], l->source + start, n) == 0) {
            l->at += n;
            return MW_TOKEN_SYMBOL;
        }
    }
    step(l);
    return c > 0x20 && c < 0x7f ? MW_TOKEN_SYMBOL : MW_TOKEN_BAD;
}

mw_token mw_lexer_next(mw_lexer *l)
{
    bool whole = skip_blanks(l);
    mw_token t = {
        .kind = MW_TOKEN_END, .start = l->at, .line = l->line, .column = (uint32_t)(l->at - l->line_start + 1)};

    if (!whole)
        t.kind = MW_TOKEN_BAD;
    else if (l->at < l->len)
        t.kind = scan(l);
    t.end = l->at;
    return t;
}
