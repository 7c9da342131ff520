/*
 * What the formats of values share, and JSON. JSON is written by the document's own writer and then
 * made neutral: the characters in question can only stand inside its strings, where an escape is the
 * same character.
 */
#include "report/value.h"

#include "base/mem.h"
#include "base/str.h"
#include "report/term.h"

#include <string.h>

bool mw_value_format_named(const char *name, mw_value_format *out)
{
    static const char *const names[] = {"json", "yaml", "text", "table"};

    *out = MW_VALUE_JSON;
    for (size_t i = 0; i < MW_COUNT(names); i++) {
        if (!mw_str_eq(name, names[i]))
            continue;
        *out = (mw_value_format)i;
        return true;
    }
    return name == NULL;
}

mw_status mw_value_write(mw_buf *out, const mw_doc *d, mw_val v, mw_value_format format, const char *title,
                         mw_error *err)
{
    mw_status st = MW_OK;

    switch (format) {
    case MW_VALUE_JSON:
        st = mw_value_json(out, d, v);
        mw_buf_putc(out, '\n');
        break;
    case MW_VALUE_YAML: st = mw_value_yaml(out, d, v); break;
    case MW_VALUE_TEXT: st = mw_value_text(out, d, v); break;
    case MW_VALUE_TABLE: st = mw_value_table(out, d, v, title); break;
    }
    if (st == MW_ERR_LIMIT)
        return mw_fail(err, st, "the answer is too large or too deep to be printed");
    return st == MW_OK ? mw_buf_status(out, err) : mw_fail(err, st, "the answer cannot be printed");
}

/* The first byte at or behind @p i that is not ASCII. */
static size_t skip_ascii(const mw_buf *text, size_t i)
{
    uint64_t w;

    for (; text->len - i >= sizeof(w); i += sizeof(w)) {
        memcpy(&w, text->data + i, sizeof(w));
        if (w & 0x8080808080808080u)
            break;
    }
    while (i < text->len && (unsigned char)text->data[i] < 0x80)
        i++;
    return i;
}

/* The first character at or behind @p i that a terminal must not get; its length in *n, 0: none. */
static size_t find_deceptive(const mw_buf *text, size_t i, uint32_t *point, size_t *n)
{
    for (i = skip_ascii(text, i); i < text->len; i = skip_ascii(text, i)) {
        *n = mw_term_sequence(text->data + i, text->len - i, point);
        if (*n > 1 && (*point < 0xA0 || mw_term_deceptive(*point)))
            return i;
        i += *n ? *n : 1;
    }
    *n = 0;
    return i;
}

static mw_status neutralise(mw_buf *out, size_t start, bool yaml)
{
    MW_AUTO(mw_buf) tail = {.max = out->max};
    size_t at, from = 0, n;
    uint32_t p = 0;

    if (out->failed != MW_OK || !out->data)
        return out->failed;
    at = find_deceptive(out, start, &p, &n);
    if (!n)
        return out->failed; /* nearly always: it stays where it was written */
    mw_buf_add(&tail, out->data + at, out->len - at, NULL);
    if (tail.failed != MW_OK) {
        mw_term_inherit(out, &tail);
        return out->failed;
    }
    out->len = at;
    for (at = 0; n; at = find_deceptive(&tail, at + n, &p, &n)) {
        mw_buf_add(out, tail.data + from, at - from, NULL);
        if (p > 0xFFFF && yaml)
            mw_buf_printf(out, "\\U%08x", (unsigned)p);
        else if (p > 0xFFFF) /* JSON has UTF-16 escapes */
            mw_buf_printf(out, "\\u%04x\\u%04x", (unsigned)(0xD7C0 + (p >> 10)), (unsigned)(0xDC00 + (p & 0x3FF)));
        else
            mw_buf_printf(out, "\\u%04x", (unsigned)p);
        from = at + n;
    }
    return mw_buf_add(out, tail.data + from, tail.len - from, NULL) != MW_OK ? out->failed : MW_OK;
}

static mw_status quoted(mw_buf *out, const mw_doc *d, mw_val v, mw_json_style style, bool yaml)
{
    size_t start = out->len;

    if (mw_json_write(out, d, v, style) != MW_OK) {
        if (out->data)
            out->data[out->len = start] = '\0';
        return out->failed;
    }
    return neutralise(out, start, yaml);
}

mw_status mw_value_neutral(mw_buf *out, size_t start)
{
    return neutralise(out, start, false);
}

mw_status mw_value_quoted(mw_buf *out, const mw_doc *d, mw_val v, bool yaml)
{
    return quoted(out, d, v, MW_JSON_PRETTY, yaml);
}

mw_status mw_value_json(mw_buf *out, const mw_doc *d, mw_val v)
{
    return mw_value_quoted(out, d, v, false);
}

mw_status mw_value_json_line(mw_buf *out, const mw_doc *d, mw_val v)
{
    return quoted(out, d, v, MW_JSON_COMPACT, false);
}

bool mw_value_is_scalar(const mw_doc *d, mw_val v)
{
    mw_kind k = mw_val_kind(d, v);

    return k != MW_KIND_ARRAY && k != MW_KIND_OBJECT && k != MW_KIND_UNKNOWN;
}

mw_status mw_value_scalar(mw_buf *out, const mw_doc *d, mw_val v)
{
    const char *s;
    size_t len;

    switch (mw_val_kind(d, v)) {
    case MW_KIND_STRING: s = mw_val_str(d, v, &len); return mw_buf_add(out, s, len, NULL);
    case MW_KIND_BOOL: return mw_buf_puts(out, mw_val_bool(d, v) ? "True" : "False");
    case MW_KIND_NULL:
    case MW_KIND_ABSENT: return mw_buf_puts(out, "None");
    default: return mw_json_write(out, d, v, MW_JSON_COMPACT);
    }
}
