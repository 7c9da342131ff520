/*
 * Scalars between documents and the wire: instants, numbers, blobs, and the names and places that
 * all protocols share. Relies on base for time and base64. Numbers are read and written without the
 * locale's help, for a decimal comma in a request would change its meaning.
 */
#include "aws/protocol_internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- places ---- */

mw__path mw__path_step(const mw__path *up, const char *name, size_t len, size_t index)
{
    return (mw__path){.up = up, .name = name, .len = len, .index = index, .depth = up ? up->depth + 1 : 1};
}

static void put_path(const mw__path *p, mw_buf *out)
{
    if (!p)
        return;
    put_path(p->up, out);
    if (!p->name) {
        mw_buf_printf(out, "[%zu]", p->index);
        return;
    }
    if (p->up)
        mw_buf_putc(out, '.');
    mw_buf_add(out, p->name, p->len, NULL);
}

const char *mw__path_text(const mw__path *p, char *out, size_t size)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 16};

    put_path(p, &text);
    snprintf(out, size, "%s", text.len ? text.data : "the top level");
    return out;
}

/* ---- traits ---- */

const char *mw__wire_name(const mw_member *m)
{
    const char *name = mw_member_location_name(m);

    return name ? name : mw_member_name(m);
}

const char *mw__xml_namespace(const mw_member *m, const char **prefix)
{
    const char *uri = mw_member_xml_namespace(m);

    if (uri) {
        *prefix = mw_member_xml_prefix(m);
        return uri;
    }
    *prefix = mw_shape_xml_prefix(mw_member_shape(m));
    return mw_shape_xml_namespace(mw_member_shape(m));
}

/* ---- numbers ---- */

bool mw__non_finite(const char *s, size_t len)
{
    return (len == 3 && memcmp(s, "NaN", 3) == 0) || (len == 8 && memcmp(s, "Infinity", 8) == 0) ||
           (len == 9 && memcmp(s, "-Infinity", 9) == 0);
}

bool mw__parse_real(const char *s, size_t len, double *out)
{
    char text[400]; /* the longest exact double has 309 digits before the point */
    char *end;

    if (mw__non_finite(s, len)) {
        *out = s[0] == 'N' ? (double)NAN : s[0] == '-' ? -HUGE_VAL : HUGE_VAL;
        return true;
    }
    if (len == 0 || len >= sizeof(text))
        return false;
    for (size_t i = 0; i < len; i++) /* strtod also takes hexadecimal, "inf" and leading blanks */
        if (!(s[i] >= '0' && s[i] <= '9') && !strchr("+-.eE", s[i] ? s[i] : '?'))
            return false;
    memcpy(text, s, len);
    text[len] = '\0';
    *out = strtod(text, &end);
    return end == text + len;
}

void mw__add_real(mw_doc_builder *b, double x)
{
    if (isnan(x))
        mw_doc_add_str(b, "NaN", 3);
    else if (isinf(x))
        mw_doc_add_cstr(b, x > 0 ? "Infinity" : "-Infinity");
    else
        mw_doc_add_real(b, x);
}

/* ---- instants ---- */

mw_status mw__time_of(const mw_doc *d, mw_val v, int64_t *ns, mw_error *err)
{
    const char *s;
    size_t len;
    double x;

    switch (mw_val_kind(d, v)) {
    case MW_KIND_INT:
        if (__builtin_mul_overflow(mw_val_int(d, v), (int64_t)1000000000, ns))
            *ns = mw_val_int(d, v) < 0 ? INT64_MIN : INT64_MAX;
        return MW_OK;
    case MW_KIND_REAL:
        x = mw_val_real(d, v);
        if (!isfinite(x))
            return mw_fail(err, MW_ERR_INVALID, "not a finite time");
        /* A double holds microseconds of this era, not nanoseconds: digits beyond are noise. */
        if (x > 9.2e9 || x < -9.2e9)
            *ns = x < 0 ? INT64_MIN : INT64_MAX;
        else
            *ns = (int64_t)llround(x * 1e6) * 1000;
        return MW_OK;
    case MW_KIND_STRING:
        s = mw_val_str(d, v, &len);
        return mw_time_parse(s, len, ns, err) == MW_OK ? MW_OK
                                                       : mw_fail(err, MW_ERR_INVALID, "'%.60s' is not a time", s);
    default: return mw_fail(err, MW_ERR_INVALID, "not a time");
    }
}

void mw__time_text(char out[MW_TIME_SIZE], int64_t ns, mw_timestamp_format f)
{
    if (f == MW_TS_UNIX)
        snprintf(out, MW_TIME_SIZE, "%lld", (long long)(ns / 1000000000 - (ns % 1000000000 < 0 ? 1 : 0)));
    else if (f == MW_TS_RFC822)
        mw_time_rfc822(out, ns);
    else
        mw_time_iso(out, ns);
}

void mw__add_time(mw_doc_builder *b, int64_t ns)
{
    char text[MW_TIME_SIZE];

    mw_time_iso(text, ns);
    mw_doc_add_cstr(b, text);
}

/* ---- blobs ---- */

mw_status mw__add_bytes(mw_doc_builder *b, const void *data, size_t len, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = len / 3 * 4 + 16};
    mw_status st = mw_base64_encode(&text, data, len);

    if (st != MW_OK)
        return mw_buf_status(&text, err);
    mw_doc_add_str(b, text.data ? text.data : "", text.len);
    return MW_OK;
}

static bool canonical_base64(const char *s, size_t len)
{
    size_t pad = 0;

    if (len % 4 != 0)
        return false;
    while (pad < 2 && pad < len && s[len - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < len - pad; i++) {
        char c = s[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/'))
            return false;
    }
    return true;
}

mw_status mw__add_base64(mw_doc_builder *b, const char *text, size_t len, mw_error *err)
{
    MW_AUTO(mw_buf) raw = {.max = len + 1};
    mw_status st;

    if (canonical_base64(text, len)) {
        mw_doc_add_str(b, text, len);
        return MW_OK;
    }
    if ((st = mw_base64_decode(&raw, text, len, NULL)) != MW_OK)
        return mw_fail(err, st, "a blob is not base64");
    return mw__add_bytes(b, raw.data ? raw.data : "", raw.len, err);
}

/* ---- text to value ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(const char **s, size_t *len)
{
    while (*len && is_space(**s)) {
        (*s)++;
        (*len)--;
    }
    while (*len && is_space((*s)[*len - 1]))
        (*len)--;
}

static mw_status add_integer(mw_doc_builder *b, const char *s, size_t len, mw_error *err)
{
    long long n;
    double x;

    if (mw_parse_int(s, len, &n))
        mw_doc_add_int(b, n);
    else if (mw__parse_real(s, len, &x) && isfinite(x) && x == floor(x) && fabs(x) < 9.2e18)
        mw_doc_add_int(b, (int64_t)x);
    else
        return mw_fail(err, MW_ERR_PARSE, "'%.*s' is not an integer", len < 40 ? (int)len : 40, s);
    return MW_OK;
}

static mw_status add_instant(mw_doc_builder *b, const char *s, size_t len, mw_error *err)
{
    char text[MW_TIME_SIZE];
    size_t n = mw_time_iso_text(text, s, len);
    int64_t ns;

    if (n)
        mw_doc_add_str(b, text, n);
    else if (mw_time_parse_answer(s, len, &ns, NULL) == MW_OK)
        mw__add_time(b, ns);
    else
        return mw_fail(err, MW_ERR_PARSE, "'%.*s' is not a time", len < 60 ? (int)len : 60, s);
    return MW_OK;
}

mw_status mw__add_text(mw_doc_builder *b, const mw_shape *s, const char *text, size_t len, bool *added, mw_error *err)
{
    const char *t = text;
    size_t n = len;
    double x;

    *added = true;
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRING: mw_doc_add_str(b, text, len); return MW_OK;
    case MW_SHAPE_BLOB: return mw__add_base64(b, text, len, err);
    default: break;
    }
    trim(&t, &n);
    if (n == 0) { /* nothing is no number, and not false */
        *added = false;
        return MW_OK;
    }
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_BOOLEAN:
        if (n == 4 && strncasecmp(t, "true", 4) == 0)
            mw_doc_add_bool(b, true);
        else if (n == 5 && strncasecmp(t, "false", 5) == 0)
            mw_doc_add_bool(b, false);
        else
            return mw_fail(err, MW_ERR_PARSE, "'%.*s' is neither true nor false", n < 40 ? (int)n : 40, t);
        return MW_OK;
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG: return add_integer(b, t, n, err);
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE:
        if (!mw__parse_real(t, n, &x))
            return mw_fail(err, MW_ERR_PARSE, "'%.*s' is not a number", n < 40 ? (int)n : 40, t);
        mw__add_real(b, x);
        return MW_OK;
    case MW_SHAPE_TIMESTAMP: return add_instant(b, t, n, err);
    default:
        return mw_fail(err, MW_ERR_PARSE, "text stands where a %s is modelled",
                       mw_shape_name(s) ? mw_shape_name(s) : "collection");
    }
}

/* ---- value to text ---- */

mw_status mw__scalar_text(mw_buf *out, const mw_doc *d, mw_val v, const mw_shape *s, mw_timestamp_format f,
                          mw_error *err)
{
    char text[MW_TIME_SIZE];
    const char *str;
    size_t len;
    int64_t ns;
    mw_status st;

    if (mw_shape_type_of(s) == MW_SHAPE_TIMESTAMP) {
        if ((st = mw__time_of(d, v, &ns, err)) != MW_OK)
            return st;
        mw__time_text(text, ns, f);
        mw_buf_puts(out, text);
        return mw_buf_status(out, err);
    }
    if ((str = mw_val_str(d, v, &len)) != NULL)
        mw_buf_add(out, str, len, NULL);
    else if (mw_shape_type_of(s) == MW_SHAPE_INTEGER || mw_shape_type_of(s) == MW_SHAPE_LONG)
        mw_buf_printf(out, "%lld", (long long)mw_val_int(d, v));
    else
        mw_json_write(out, d, v, MW_JSON_COMPACT);
    return mw_buf_status(out, err);
}
