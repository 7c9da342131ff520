/*
 * The JSON reader: one pass over the text, straight into a builder, without a tree and without
 * recursion. Strict RFC 8259. Strings without escapes are interned from where they lie. Text that is
 * not UTF-8 is repaired, never refused, for AWS returns user-made strings; a syntax error leaves the
 * builder as it was, so a caller may try a string as JSON and keep it as a string.
 */
#include "doc/builder.h"

#include "base/mem.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_DEPTH_DEFAULT 512u
/* Longest number text; the exact decimal form of any double has at most 1 077 digits. */
#define NUMBER_MAX        1100

typedef struct reader {
    const char *start, *p, *end;
    mw_doc_builder *b;
    size_t base; /* containers that were open before */
    bool exact;
    unsigned max_depth;
    mw_error *err;
    mw_status status;
} reader;

/* Report a syntax error at @p at, which lies inside of the text or at its end. */
static bool fail_at(reader *r, const char *at, const char *what)
{
    size_t line = 1, column = 1;
    const char *p;

    for (p = r->start; p < at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*p & 0xC0) != 0x80) { /* characters, not bytes */
            column++;
        }
    }
    r->status = mw_fail(r->err, MW_ERR_PARSE, "JSON, line %zu, column %zu: %s", line, column, what);
    return false;
}

/* "expected X", naming what is there instead. */
static bool expected(reader *r, const char *what)
{
    char text[96];
    unsigned char c;

    if (r->p >= r->end) {
        snprintf(text, sizeof text, "expected %s, the text ends here", what);
    } else {
        c = (unsigned char)*r->p;
        if (c > 0x20 && c < 0x7F)
            snprintf(text, sizeof text, "expected %s, found '%c'", what, c);
        else
            snprintf(text, sizeof text, "expected %s, found byte 0x%02X", what, c);
    }
    return fail_at(r, r->p, text);
}

static void skip_space(reader *r)
{
    const char *p = r->p;

    while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    r->p = p;
}

/* ---- Strings ---- */

/* Bytes that end a plain run: the quote, the backslash, control characters. */
static inline bool plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static const char *skip_plain(const char *p, const char *end)
{
    uint64_t w;

    while (end - p >= 8) {
        memcpy(&w, p, 8);
        if (mw__not_plain(w))
            break;
        p += 8;
    }
    while (p < end && plain((unsigned char)*p))
        p++;
    return p;
}

static int hex4(const char *p, const char *end)
{
    int value = 0, i;

    if (end - p < 4)
        return -1;
    for (i = 0; i < 4; i++) {
        int c = (unsigned char)p[i];

        if (c >= '0' && c <= '9')
            c -= '0';
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            c = (c | 0x20) - 'a' + 10;
        else
            return -1;
        value = value << 4 | c;
    }
    return value;
}

/* One escape; r->p is behind the backslash. */
static bool read_escape(reader *r, mw_buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;
    char one[4];
    uint32_t c;
    int unit;

    if (r->p >= r->end)
        return expected(r, "an escape");
    if (*r->p != 'u') {
        found = *r->p ? strchr(from, *r->p) : NULL;
        if (!found)
            return expected(r, "one of \" \\ / b f n r t u after '\\'");
        r->p++;
        mw_buf_putc(out, to[found - from]);
        return true;
    }
    unit = hex4(r->p + 1, r->end);
    if (unit < 0)
        return fail_at(r, r->p, "expected four hex digits after '\\u'");
    r->p += 5;
    c = (uint32_t)unit;
    if (c >= 0xD800 && c <= 0xDFFF) {
        int low = -1;

        if (c < 0xDC00 && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u')
            low = hex4(r->p + 2, r->end);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
            r->p += 6;
        } else {
            c = 0xFFFD; /* a lone surrogate has no UTF-8 form */
        }
    }
    mw_buf_add(out, one, mw_utf8_encode(one, c), NULL);
    return true;
}

/* r->p is at the opening quote. The string is lent until the next one is read. */
static bool read_string(reader *r, const char **text, size_t *len)
{
    const char *from = r->p + 1, *p = skip_plain(from, r->end);
    mw_buf *out = &r->b->repair;

    if (p < r->end && *p == '"') {
        *text = from;
        *len = (size_t)(p - from);
        r->p = p + 1;
        return true;
    }
    mw_buf_reset(out);
    for (;;) {
        mw_buf_add(out, from, (size_t)(p - from), NULL);
        r->p = p;
        if (p >= r->end)
            return expected(r, "the closing '\"' of a string");
        if (*p == '"')
            break;
        if (*p != '\\')
            return fail_at(r, p, "a control character in a string must be escaped");
        r->p++;
        if (!read_escape(r, out))
            return false;
        from = r->p;
        p = skip_plain(from, r->end);
    }
    r->p++;
    if (out->failed != MW_OK) {
        mw__builder_fail(r->b, out->failed, "a JSON string does not fit the document's ceiling");
        return false;
    }
    *text = out->data ? out->data : "";
    *len = out->len;
    return true;
}

/* ---- Numbers ---- */

/* Powers of ten that a double holds exactly. */
static const double exact_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool is_digit(const reader *r, const char *p)
{
    return p < r->end && *p >= '0' && *p <= '9';
}

static bool add_real_text(reader *r, const char *from, const char *to)
{
    char text[NUMBER_MAX + 1];
    size_t len = (size_t)(to - from);
    double value;

    if (len > NUMBER_MAX)
        return fail_at(r, from, "a number has more than 1100 characters");
    memcpy(text, from, len);
    text[len] = '\0';
    value = strtod(text, NULL);
    if (isinf(value))
        return fail_at(r, from, "a number is out of the range of a double");
    mw_doc_add_real(r->b, value);
    return true;
}

static bool read_number(reader *r)
{
    const char *from = r->p, *p = from;
    bool negative = *p == '-', whole = true;
    uint64_t digits = 0; /* of integer part and fraction, while they fit */
    int scale = 0, used = 0, exponent = 0;

    p += negative;
    if (!is_digit(r, p)) {
        r->p = p;
        return expected(r, "a digit");
    }
    if (*p == '0') {
        p++;
        if (is_digit(r, p))
            return fail_at(r, p, "a number must not begin with a superfluous 0");
    }
    for (; is_digit(r, p); p++) {
        if (used < 20) {
            if (used == 19 && (digits > UINT64_MAX / 10 || digits * 10 > UINT64_MAX - (uint64_t)(*p - '0')))
                used = 20; /* more than 64 bits */
            else
                digits = digits * 10 + (uint64_t)(*p - '0');
        }
        used += used < 21;
    }
    if (p < r->end && *p == '.') {
        whole = false;
        if (!is_digit(r, ++p)) {
            r->p = p;
            return expected(r, "a digit after the decimal point");
        }
        for (; is_digit(r, p); p++) {
            if (used < 19)
                digits = digits * 10 + (uint64_t)(*p - '0'), scale--;
            used += used < 21;
        }
    }
    if (p < r->end && (*p | 0x20) == 'e') {
        bool minus = false;

        whole = false;
        p++;
        if (p < r->end && (*p == '+' || *p == '-'))
            minus = *p++ == '-';
        if (!is_digit(r, p)) {
            r->p = p;
            return expected(r, "a digit in the exponent");
        }
        for (; is_digit(r, p); p++)
            exponent = exponent < 100000 ? exponent * 10 + (*p - '0') : exponent;
        scale += minus ? -exponent : exponent;
    }
    r->p = p;
    if (whole && used <= 20 && digits <= (uint64_t)INT64_MAX + negative) {
        mw_doc_add_int(r->b, negative ? (int64_t)(0 - digits) : (int64_t)digits);
        return true;
    }
    /* both factors exact: one rounding, so the result is the nearest double (Clinger 1990) */
    if (!whole && used <= 19 && digits <= (uint64_t)1 << 53 && scale >= -22 && scale <= 22) {
        double value = (double)digits;

        value = scale < 0 ? value / exact_ten[-scale] : value * exact_ten[scale];
        mw_doc_add_real(r->b, negative ? -value : value);
        return true;
    }
    return add_real_text(r, from, p);
}

/* ---- Values ---- */

static bool word(reader *r, const char *text, size_t len)
{
    if ((size_t)(r->end - r->p) < len || memcmp(r->p, text, len) != 0)
        return expected(r, "a JSON value");
    r->p += len;
    return true;
}

/* ---- Exact text (MW_JSON_EXACT) ---- */

enum { EXACT_NONE, EXACT_UNKNOWN, EXACT_REAL };

/* A name that begins with '$': an object of ours, which it must be the only member of, or one with a '$' more. */
static bool exact_key(reader *r, const char *at, const char *text, size_t len)
{
    frame *f = &r->b->frames[r->b->n_frames - 1];

    if (len > 1 && text[1] == '$') {
        mw_doc_key(r->b, text + 1, len - 1);
        return true;
    }
    if (r->b->n_keys != f->keys)
        return fail_at(r, at, "a name that begins with one '$' must be the only one of its object");
    if (len == 8 && memcmp(text, "$unknown", 8) == 0)
        f->exact = EXACT_UNKNOWN;
    else if (len == 5 && memcmp(text, "$real", 5) == 0)
        f->exact = EXACT_REAL;
    else
        return fail_at(r, at, "a name that begins with one '$' must be $unknown or $real");
    return true;
}

/* The end of an object of ours: its one value becomes what it stands for. */
static bool end_exact(reader *r, unsigned exact)
{
    static const struct {
        const char *name;
        double value;
    } reals[] = {{"NaN", (double)NAN}, {"Infinity", (double)INFINITY}, {"-Infinity", -(double)INFINITY}};
    mw_doc_builder *b = r->b;
    const char *text;

    b->n_frames--;
    if (exact == EXACT_UNKNOWN) {
        mw_doc_add_unknown(b);
        return b->status == MW_OK;
    }
    text = mw_val_str(mw_doc_view(b), mw_doc_pop(b), NULL);
    for (size_t i = 0; text && i < MW_COUNT(reals); i++) {
        if (strcmp(text, reals[i].name) != 0)
            continue;
        mw_doc_add_real(b, reals[i].value);
        return b->status == MW_OK;
    }
    return fail_at(r, r->p, "$real must be NaN, Infinity or -Infinity");
}

static bool read_key(reader *r)
{
    const frame *f = &r->b->frames[r->b->n_frames - 1];
    const char *text, *at;
    size_t len;

    skip_space(r);
    if (r->p >= r->end || *r->p != '"')
        return expected(r, "a key in double quotes");
    at = r->p;
    if (f->exact)
        return fail_at(r, at, "a name that begins with one '$' must be the only one of its object");
    if (!read_string(r, &text, &len))
        return false;
    if (r->exact && len > 0 && text[0] == '$') {
        if (!exact_key(r, at, text, len))
            return false;
    } else {
        mw_doc_key(r->b, text, len);
    }
    skip_space(r);
    if (r->p >= r->end || *r->p != ':')
        return expected(r, "':' after a key");
    r->p++;
    return r->b->status == MW_OK;
}

/* Begin a container; *closed when it is empty, and so complete. */
static bool read_begin(reader *r, bool *closed)
{
    bool object = *r->p == '{';
    char what[64];

    if (r->b->n_frames - r->base >= r->max_depth) {
        snprintf(what, sizeof what, "nested deeper than %u levels", r->max_depth);
        return fail_at(r, r->p, what);
    }
    r->p++;
    if (object)
        mw_doc_begin_object(r->b);
    else
        mw_doc_begin_array(r->b);
    skip_space(r);
    *closed = r->p < r->end && *r->p == (object ? '}' : ']');
    if (*closed) {
        r->p++;
        if (object)
            mw_doc_end_object(r->b);
        else
            mw_doc_end_array(r->b);
        return r->b->status == MW_OK;
    }
    return r->b->status == MW_OK && (!object || read_key(r));
}

/* After a value: a comma and what precedes the next value, or ends of containers. */
static bool read_after(reader *r, bool *done)
{
    mw_doc_builder *b = r->b;

    while (b->n_frames > r->base) {
        bool object = b->frames[b->n_frames - 1].object;
        unsigned exact = b->frames[b->n_frames - 1].exact;

        skip_space(r);
        if (r->p < r->end && *r->p == ',') {
            r->p++;
            return !object || read_key(r);
        }
        if (r->p >= r->end || *r->p != (object ? '}' : ']'))
            return expected(r, object ? "',' or '}'" : "',' or ']'");
        r->p++;
        if (exact) {
            if (!end_exact(r, exact))
                return false;
        } else if (object) {
            mw_doc_end_object(b);
        } else {
            mw_doc_end_array(b);
        }
        if (b->status != MW_OK)
            return false;
    }
    *done = true;
    return true;
}

static bool read_all(reader *r)
{
    bool done = false, complete;
    const char *text;
    size_t len;

    while (!done) {
        complete = true;
        skip_space(r);
        switch (r->p < r->end ? *r->p : '\0') {
        case '{':
        case '[':
            if (!read_begin(r, &complete))
                return false;
            break;
        case '"':
            if (!read_string(r, &text, &len))
                return false;
            mw_doc_add_str(r->b, text, len);
            break;
        case 't':
            if (!word(r, "true", 4))
                return false;
            mw_doc_add_bool(r->b, true);
            break;
        case 'f':
            if (!word(r, "false", 5))
                return false;
            mw_doc_add_bool(r->b, false);
            break;
        case 'n':
            if (!word(r, "null", 4))
                return false;
            mw_doc_add_null(r->b);
            break;
        case '-':
        case '0':
        case '1':
        case '2':
        case '3':
        case '4':
        case '5':
        case '6':
        case '7':
        case '8':
        case '9':
            if (!read_number(r))
                return false;
            break;
        default: return expected(r, "a JSON value");
        }
        if (r->b->status != MW_OK || (complete && !read_after(r, &done)))
            return false;
    }
    return r->b->status == MW_OK;
}

mw_status mw_json_read(mw_doc_builder *b, const char *text, size_t len, const mw_json_options *options, size_t *used,
                       mw_error *err)
{
    size_t n_values = b->n_values, n_keys = b->n_keys;
    MW_AUTO_FREE char *copy = NULL;

    if (b->text && text >= b->text && text < b->text + b->view.n_text) {
        copy = mw_strndup(text, len); /* a string of this builder moves while the builder grows */
        if (!copy)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        text = copy;
    }
    reader r = {.start = text,
                .p = text,
                .end = text + len,
                .b = b,
                .base = b->n_frames,
                .exact = options && options->exact,
                .max_depth = options && options->max_depth ? options->max_depth
                             : options && options->exact   ? DOC_DEPTH_MAX
                                                           : MAX_DEPTH_DEFAULT,
                .err = err};
    bool ok;

    if (b->status != MW_OK)
        return mw_doc_builder_status(b, err);
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        ok = fail_at(&r, text, "a byte order mark stands before the value; save it without one");
    else
        ok = read_all(&r);
    if (ok && !(options && options->allow_trailing)) {
        skip_space(&r);
        ok = r.p == r.end || expected(&r, "the end of the text");
    }
    if (used)
        *used = (size_t)(r.p - text);
    if (ok)
        return MW_OK;
    if (b->status != MW_OK)
        return mw_doc_builder_status(b, err);
    b->n_values = n_values;
    b->n_keys = n_keys;
    b->n_frames = r.base;
    return r.status;
}
