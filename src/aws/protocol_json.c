/*
 * Pull reader for JSON bodies. The caller asks for what the model says and gets borrowed text, so a
 * response becomes a document in one pass. It relies on nothing but the buffer it is given, never
 * reads past `end`, and never allocates except to decode a string with escapes.
 */
#include "aws/protocol_json.h"

#include "base/str.h"

#include <string.h>

void mw__json_init(mw__json *j, const char *text, size_t len)
{
    *j = (mw__json){.text = text, .p = text, .end = text + len};
    /* RFC 8259 §8.1 lets a parser ignore a byte order mark. */
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        j->p += 3;
}

void mw__json_clear(mw__json *j)
{
    mw_buf_clear(&j->scratch);
}

mw_status mw__json_fail(const mw__json *j, const char *expected, mw_error *err)
{
    if (j->p >= j->end)
        return mw_fail(err, MW_ERR_PARSE, "JSON ends after %zu bytes where %s was expected", (size_t)(j->end - j->text),
                       expected);
    return mw_fail(err, MW_ERR_PARSE, "JSON has '%c' at byte %zu where %s was expected", *j->p,
                   (size_t)(j->p - j->text), expected);
}

mw__json_token mw__json_peek(mw__json *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\n' || *j->p == '\r' || *j->p == '\t'))
        j->p++;
    if (j->p == j->end)
        return MW__JSON_END;
    switch (*j->p) {
    case '{': return MW__JSON_OBJECT;
    case '[': return MW__JSON_ARRAY;
    case '"': return MW__JSON_STRING;
    case 't': return MW__JSON_TRUE;
    case 'f': return MW__JSON_FALSE;
    case 'n': return MW__JSON_NULL;
    default: return *j->p == '-' || (*j->p >= '0' && *j->p <= '9') ? MW__JSON_NUMBER : MW__JSON_BAD;
    }
}

static bool hex4(const char *p, unsigned *out)
{
    unsigned v = 0;

    for (int i = 0; i < 4; i++) {
        char c = p[i];
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = (unsigned)(c - 'A') + 10;
        else
            return false;
        v = v << 4 | digit;
    }
    *out = v;
    return true;
}

/* One escape, p on the backslash. */
static mw_status escape(mw__json *j, mw_error *err)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at;
    char one[4];
    unsigned c, low;

    if (j->end - j->p < 2)
        return mw__json_fail(j, "a whole escape", err);
    if (j->p[1] != 'u') {
        at = j->p[1] ? strchr(from, j->p[1]) : NULL;
        if (!at)
            return mw__json_fail(j, "a known escape", err);
        mw_buf_putc(&j->scratch, to[at - from]);
        j->p += 2;
        return MW_OK;
    }
    if (j->end - j->p < 6 || !hex4(j->p + 2, &c))
        return mw__json_fail(j, "\\u and four hex digits", err);
    j->p += 6;
    if (c >= 0xD800 && c < 0xDC00 && j->end - j->p >= 6 && j->p[0] == '\\' && j->p[1] == 'u' && hex4(j->p + 2, &low) &&
        low >= 0xDC00 && low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        j->p += 6;
    } else if (c >= 0xD800 && c < 0xE000) {
        c = 0xFFFD; /* half a pair says nothing: the document repairs such text the same way */
    }
    mw_buf_add(&j->scratch, one, mw_utf8_encode(one, c), NULL);
    return MW_OK;
}

mw_status mw__json_string(mw__json *j, const char **s, size_t *len, mw_error *err)
{
    const char *start;
    mw_status st;

    if (mw__json_peek(j) != MW__JSON_STRING)
        return mw__json_fail(j, "a string", err);
    start = ++j->p;
    while (j->p < j->end && *j->p != '"' && *j->p != '\\' && (unsigned char)*j->p >= 0x20)
        j->p++;
    if (j->p < j->end && *j->p == '"') {
        *s = start;
        *len = (size_t)(j->p++ - start);
        return MW_OK;
    }
    mw_buf_reset(&j->scratch);
    mw_buf_add(&j->scratch, start, (size_t)(j->p - start), NULL);
    while (j->p < j->end && *j->p != '"') {
        if ((unsigned char)*j->p < 0x20)
            return mw__json_fail(j, "no control character in a string", err);
        if (*j->p == '\\') {
            if ((st = escape(j, err)) != MW_OK)
                return st;
            continue;
        }
        start = j->p;
        while (j->p < j->end && *j->p != '"' && *j->p != '\\' && (unsigned char)*j->p >= 0x20)
            j->p++;
        mw_buf_add(&j->scratch, start, (size_t)(j->p - start), NULL);
    }
    if (j->p == j->end)
        return mw__json_fail(j, "the end of a string", err);
    j->p++;
    *s = j->scratch.data ? j->scratch.data : "";
    *len = j->scratch.len;
    return mw_buf_status(&j->scratch, err);
}

static size_t digits(mw__json *j)
{
    const char *start = j->p;

    while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
        j->p++;
    return (size_t)(j->p - start);
}

mw_status mw__json_number(mw__json *j, const char **s, size_t *len, bool *integer, mw_error *err)
{
    const char *start;

    if (mw__json_peek(j) != MW__JSON_NUMBER)
        return mw__json_fail(j, "a number", err);
    start = j->p;
    *integer = true;
    if (*j->p == '-')
        j->p++;
    if (j->p < j->end && *j->p == '0')
        j->p++;
    else if (!digits(j))
        return mw__json_fail(j, "a digit", err);
    if (j->p < j->end && *j->p == '.') {
        *integer = false;
        j->p++;
        if (!digits(j))
            return mw__json_fail(j, "a digit", err);
    }
    if (j->p < j->end && (*j->p == 'e' || *j->p == 'E')) {
        *integer = false;
        j->p++;
        if (j->p < j->end && (*j->p == '+' || *j->p == '-'))
            j->p++;
        if (!digits(j))
            return mw__json_fail(j, "a digit", err);
    }
    *s = start;
    *len = (size_t)(j->p - start);
    return MW_OK;
}

mw_status mw__json_literal(mw__json *j, mw__json_token which, mw_error *err)
{
    const char *word = which == MW__JSON_TRUE ? "true" : which == MW__JSON_FALSE ? "false" : "null";
    size_t n = strlen(word);

    if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n) != 0)
        return mw__json_fail(j, "a value", err);
    j->p += n;
    return MW_OK;
}

void mw__json_enter(mw__json *j)
{
    j->p++;
}

static mw_status next(mw__json *j, bool first, char close, bool *more, mw_error *err)
{
    mw__json_peek(j);
    if (j->p == j->end)
        return mw__json_fail(j, close == '}' ? "'}'" : "']'", err);
    if (*j->p == close) {
        j->p++;
        *more = false;
        return MW_OK;
    }
    if (!first) {
        if (*j->p != ',')
            return mw__json_fail(j, close == '}' ? "',' or '}'" : "',' or ']'", err);
        j->p++;
    }
    *more = true;
    return MW_OK;
}

mw_status mw__json_next_member(mw__json *j, bool first, bool *more, const char **key, size_t *len, mw_error *err)
{
    mw_status st = next(j, first, '}', more, err);

    if (st != MW_OK || !*more)
        return st;
    if (mw__json_peek(j) != MW__JSON_STRING)
        return mw__json_fail(j, "a member name", err);
    if ((st = mw__json_string(j, key, len, err)) != MW_OK)
        return st;
    mw__json_peek(j);
    if (j->p == j->end || *j->p != ':')
        return mw__json_fail(j, "':'", err);
    j->p++;
    return MW_OK;
}

mw_status mw__json_next_element(mw__json *j, bool first, bool *more, mw_error *err)
{
    mw_status st = next(j, first, ']', more, err);

    if (st == MW_OK && *more && mw__json_peek(j) == MW__JSON_BAD)
        return mw__json_fail(j, "a value", err);
    return st;
}

mw_status mw__json_skip(mw__json *j, unsigned depth, mw_error *err)
{
    mw__json_token t = mw__json_peek(j);
    const char *s;
    size_t len;
    bool more, integer;
    mw_status st;

    switch (t) {
    case MW__JSON_STRING: return mw__json_string(j, &s, &len, err);
    case MW__JSON_NUMBER: return mw__json_number(j, &s, &len, &integer, err);
    case MW__JSON_TRUE:
    case MW__JSON_FALSE:
    case MW__JSON_NULL: return mw__json_literal(j, t, err);
    case MW__JSON_OBJECT:
    case MW__JSON_ARRAY:
        if (depth == 0)
            return mw_fail(err, MW_ERR_LIMIT, "JSON nests too deeply at byte %zu", (size_t)(j->p - j->text));
        mw__json_enter(j);
        for (bool first = true;; first = false) {
            st = t == MW__JSON_OBJECT ? mw__json_next_member(j, first, &more, &s, &len, err)
                                      : mw__json_next_element(j, first, &more, err);
            if (st != MW_OK || !more)
                return st;
            if ((st = mw__json_skip(j, depth - 1, err)) != MW_OK)
                return st;
        }
    case MW__JSON_END:
    case MW__JSON_BAD: break;
    }
    return mw__json_fail(j, "a value", err);
}
