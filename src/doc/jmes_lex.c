/*
 * JMESPath tokens. Names and literals are put into a builder of their own at once, so that later
 * stages handle words only. The grammar is the ABNF of the specification; as in the AWS CLI, a literal
 * between back-ticks that is not JSON counts as a string (JEP-12 calls it deprecated, users write it).
 */
#include "doc/jmes.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct lexer {
    const char *text;
    size_t len, at;
    mw_doc_builder *literals;
    mw_error *err;
} lexer;

mw_status mw__jmes_error(mw_error *err, const char *text, size_t at, const char *kind, const char *format, ...)
{
    char what[256];
    size_t column = 1, i;
    va_list args;

    for (i = 0; i < at; i++)
        column += ((unsigned char)text[i] & 0xC0) != 0x80;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return mw_fail(err, MW_ERR_PARSE, "JMESPath %s, column %zu: %s", kind, column, what);
}

static bool name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(const lexer *x, size_t ahead)
{
    return x->at + ahead < x->len ? x->text[x->at + ahead] : '\0';
}

/* The run up to the unescaped @p delimiter; x->at is at the opening one and moves behind the closing. */
static mw_status delimited(lexer *x, char delimiter, const char **from, size_t *len)
{
    size_t start = x->at++, i;

    for (i = x->at; i < x->len && x->text[i] != delimiter; i++)
        if (x->text[i] == '\\')
            i++;
    if (i >= x->len)
        return mw__jmes_error(x->err, x->text, start, JMES_SYNTAX, "the closing %c is missing", delimiter);
    *from = x->text + x->at;
    *len = i - x->at;
    x->at = i + 1;
    return MW_OK;
}

/* Append with each backslash before @p c removed; others stay. */
static void unescape(mw_buf *out, const char *s, size_t len, char c)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (s[i] == '\\' && i + 1 < len && s[i + 1] == c)
            i++;
        mw_buf_putc(out, s[i]);
    }
}

static mw_status take_json(lexer *x, const mw_buf *json, size_t start, const char *what, jmes_token *token)
{
    mw_error why = {0};
    mw_status st;

    if (json->failed != MW_OK)
        return mw_buf_status(json, x->err);
    st = mw_json_read(x->literals, json->data ? json->data : "", json->len, NULL, NULL, &why);
    if (st == MW_ERR_PARSE)
        return mw__jmes_error(x->err, x->text, start, JMES_SYNTAX, "%s: %s", what, why.message);
    if (st != MW_OK)
        return mw_fail(x->err, st, "%s", why.message);
    token->literal = mw_doc_pop(x->literals);
    return MW_OK;
}

static mw_status quoted_name(lexer *x, jmes_token *token)
{
    mw_buf json = {.max = JMES_TEXT_MAX + 2};
    size_t start = x->at, len;
    const char *s;
    mw_status st = delimited(x, '"', &s, &len);

    if (st != MW_OK)
        return st;
    token->kind = TOK_QUOTED;
    mw_buf_add(&json, s - 1, len + 2, NULL);
    st = take_json(x, &json, start, "a quoted name", token);
    mw_buf_clear(&json);
    return st;
}

static mw_status raw_string(lexer *x, jmes_token *token)
{
    mw_buf text = {.max = JMES_TEXT_MAX};
    size_t len;
    const char *s;
    mw_status st = delimited(x, '\'', &s, &len);

    if (st != MW_OK)
        return st;
    unescape(&text, s, len, '\'');
    if ((st = mw_buf_status(&text, x->err)) == MW_OK) {
        mw_doc_add_str(x->literals, text.data ? text.data : "", text.len);
        token->kind = TOK_LITERAL;
        token->literal = mw_doc_pop(x->literals);
    }
    mw_buf_clear(&text);
    return st;
}

static mw_status back_tick(lexer *x, jmes_token *token)
{
    mw_buf json = {.max = JMES_TEXT_MAX}, string = {.max = JMES_TEXT_MAX + 2};
    mw_error ignored = {0};
    size_t start = x->at, len, skip = 0;
    const char *s;
    mw_status st = delimited(x, '`', &s, &len);

    if (st != MW_OK)
        return st;
    token->kind = TOK_LITERAL;
    unescape(&json, s, len, '`');
    lexer quiet = *x;
    quiet.err = &ignored;
    st = take_json(&quiet, &json, start, "a literal", token);
    if (st == MW_ERR_PARSE) {
        while (skip < json.len && strchr(" \t\r\n", json.data[skip]))
            skip++;
        mw_buf_putc(&string, '"');
        if (json.len > skip)
            mw_buf_add(&string, json.data + skip, json.len - skip, NULL);
        mw_buf_putc(&string, '"');
        st = take_json(&quiet, &string, start, "a literal", token);
        if (st == MW_ERR_PARSE) /* the message about the text as written, not as a string */
            st = take_json(x, &json, start, "a literal", token);
    }
    if (st != MW_OK && st != MW_ERR_PARSE)
        mw_fail(x->err, st, "%s", ignored.message);
    mw_buf_clear(&json);
    mw_buf_clear(&string);
    return st;
}

static mw_status number(lexer *x, jmes_token *token)
{
    size_t start = x->at;
    long long value;

    x->at += peek(x, 0) == '-';
    if (!digit(peek(x, 0)))
        return mw__jmes_error(x->err, x->text, start, JMES_SYNTAX, "expected a digit after '-'");
    while (digit(peek(x, 0)))
        x->at++;
    if (!mw_parse_int(x->text + start, x->at - start, &value) || value < INT32_MIN || value > INT32_MAX)
        return mw__jmes_error(x->err, x->text, start, JMES_SYNTAX, "an index must fit 32 bits");
    token->kind = TOK_NUMBER;
    token->number = (int32_t)value;
    return MW_OK;
}

/* The operators, longer ones first. */
static const struct {
    char text[3];
    jmes_token_kind kind;
} operators[] = {
    {"[]", TOK_FLATTEN}, {"[?", TOK_FILTER},  {"&&", TOK_AND},   {"||", TOK_OR},     {"==", TOK_EQ},
    {"!=", TOK_NE},      {"<=", TOK_LE},      {">=", TOK_GE},    {".", TOK_DOT},     {"*", TOK_STAR},
    {"[", TOK_LBRACKET}, {"]", TOK_RBRACKET}, {"{", TOK_LBRACE}, {"}", TOK_RBRACE},  {"(", TOK_LPAREN},
    {")", TOK_RPAREN},   {",", TOK_COMMA},    {":", TOK_COLON},  {"@", TOK_CURRENT}, {"&", TOK_EXPREF},
    {"|", TOK_PIPE},     {"!", TOK_NOT},      {"<", TOK_LT},     {">", TOK_GT},
};

static mw_status next_token(lexer *x, jmes_token *token)
{
    char c;
    size_t i, n;

    while (x->at < x->len && strchr(" \t\r\n", x->text[x->at]) && x->text[x->at])
        x->at++;
    *token = (jmes_token){.kind = TOK_END, .at = (uint32_t)x->at};
    if (x->at >= x->len)
        return MW_OK;
    c = peek(x, 0);
    if (name_start(c)) {
        for (i = x->at; i < x->len && (name_start(x->text[i]) || digit(x->text[i]));)
            i++;
        mw_doc_add_str(x->literals, x->text + x->at, i - x->at);
        token->kind = TOK_NAME;
        token->literal = mw_doc_pop(x->literals);
        x->at = i;
        return MW_OK;
    }
    if (digit(c) || c == '-')
        return number(x, token);
    switch (c) {
    case '"': return quoted_name(x, token);
    case '\'': return raw_string(x, token);
    case '`': return back_tick(x, token);
    default: break;
    }
    for (i = 0; i < MW_COUNT(operators); i++) {
        n = strlen(operators[i].text);
        if (x->len - x->at >= n && memcmp(x->text + x->at, operators[i].text, n) == 0) {
            token->kind = operators[i].kind;
            x->at += n;
            return MW_OK;
        }
    }
    if (c == '=')
        return mw__jmes_error(x->err, x->text, x->at, JMES_SYNTAX, "found '='; equality is '=='");
    if (c > 0x20 && c < 0x7F)
        return mw__jmes_error(x->err, x->text, x->at, JMES_SYNTAX, "'%c' begins nothing here", c);
    return mw__jmes_error(x->err, x->text, x->at, JMES_SYNTAX, "byte 0x%02X begins nothing here", (unsigned char)c);
}

mw_status mw__jmes_lex(const char *text, size_t len, mw_doc_builder *literals, jmes_token **tokens, mw_error *err)
{
    lexer x = {.text = text, .len = len, .literals = literals, .err = err};
    jmes_token *list = NULL, *grown;
    size_t n = 0, cap = 0;
    mw_status st;

    *tokens = NULL;
    if (len > JMES_TEXT_MAX)
        return mw_fail(err, MW_ERR_PARSE, "JMESPath %s: an expression has more than %u bytes", JMES_LIMIT,
                       JMES_TEXT_MAX);
    do {
        if (n == cap) {
            cap = cap ? cap * 2 : 32;
            grown = mw_realloc(list, cap * sizeof *list);
            if (!grown) {
                st = mw_fail(err, MW_ERR_NOMEM, "out of memory");
                goto out;
            }
            list = grown;
        }
        if ((st = next_token(&x, &list[n])) != MW_OK || (st = mw_doc_builder_status(literals, err)) != MW_OK)
            goto out;
    } while (list[n++].kind != TOK_END);
    *tokens = list;
    list = NULL;
out:
    mw_free(list);
    return st;
}
