/*
 * YAML of a value. Readers differ in what they take for a number, a boolean or a date, so a string stays
 * plain only when it is a word that none of them can take for anything else; every other one is written
 * as a JSON string, which YAML reads alike. Relies on the JSON writer for numbers and for escapes.
 */
#include "report/value.h"

#include "base/mem.h"
#include "base/str.h"
#include "report/term.h"

#include <string.h>

#define SIMPLE_KEY_MAX 500 /* YAML 1.2, 7.4.3: 1024 characters, quotes and escapes included */

/* Words of YAML 1.1's types, which PyYAML still has, without regard to case. */
static bool reserved(const char *s)
{
    static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"};

    for (size_t i = 0; i < MW_COUNT(words); i++)
        if (mw_str_ieq(s, words[i]))
            return true;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A letter, then letters, digits, `_`, `-`, `.`, `/`; inside also single `:` as in ARNs. */
static bool is_plain(const char *s, size_t len)
{
    if (len == 0 || len > SIMPLE_KEY_MAX || !is_letter(s[0]) || reserved(s))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_letter(s[i]) && !(s[i] >= '0' && s[i] <= '9') && !(s[i] && strchr("_-./", s[i])) &&
            !(s[i] == ':' && i + 1 < len))
            return false;
    return true;
}

static void write_string(mw_buf *out, const mw_doc *d, mw_val v)
{
    size_t len;
    const char *s = mw_val_str(d, v, &len);

    if (is_plain(s, len))
        mw_buf_add(out, s, len, NULL);
    else
        mw_value_quoted(out, d, v, true);
}

/* YAML 1.1 knows a real number by its point. */
static void write_real(mw_buf *out, const mw_doc *d, mw_val v)
{
    MW_AUTO(mw_buf) text = {0};
    const char *e;

    mw_json_write(&text, d, v, MW_JSON_COMPACT);
    mw_term_inherit(out, &text);
    e = text.data && text.data[0] != '"' ? strchr(text.data, 'e') : NULL;
    if (!e || strchr(text.data, '.')) {
        mw_buf_puts(out, text.data ? text.data : "");
        return;
    }
    mw_buf_add(out, text.data, (size_t)(e - text.data), NULL);
    mw_buf_puts(out, ".0");
    mw_buf_puts(out, e);
}

static void indent(mw_buf *out, unsigned depth)
{
    while (depth--)
        mw_buf_puts(out, "  ");
}

static bool has_lines(const mw_doc *d, mw_val v)
{
    return !mw_value_is_scalar(d, v) && (mw_val_kind(d, v) == MW_KIND_UNKNOWN || mw_val_len(d, v) > 0);
}

static mw_status write_lines(mw_buf *out, const mw_doc *d, mw_val v, unsigned depth, bool started);

/* On the rest of this line, or below. */
static mw_status write_member(mw_buf *out, const mw_doc *d, mw_val v, unsigned depth)
{
    if (has_lines(d, v)) {
        mw_buf_putc(out, '\n');
        return write_lines(out, d, v, depth + 1, false);
    }
    mw_buf_putc(out, ' ');
    return write_lines(out, d, v, depth, true);
}

static mw_status write_object(mw_buf *out, const mw_doc *d, mw_val v, unsigned depth, bool started)
{
    size_t n = mw_val_len(d, v), len;
    mw_val key, member;
    mw_status st = MW_OK;

    for (size_t i = 0; i < n && st == MW_OK; i++) {
        member = mw_val_member(d, v, i, &key);
        if (i > 0 || !started)
            indent(out, depth);
        mw_val_str(d, key, &len);
        if (len > SIMPLE_KEY_MAX / 6) { /* each of its bytes may become an escape of six */
            mw_buf_puts(out, "? ");
            write_string(out, d, key);
            mw_buf_putc(out, '\n');
            indent(out, depth);
        } else {
            write_string(out, d, key);
        }
        mw_buf_putc(out, ':');
        st = write_member(out, d, member, depth);
    }
    return st;
}

/* @p started: the cursor stands where the value's first line begins. */
static mw_status write_lines(mw_buf *out, const mw_doc *d, mw_val v, unsigned depth, bool started)
{
    mw_status st = MW_OK;
    size_t n = mw_val_len(d, v);

    if (depth >= MW_VALUE_DEPTH_MAX || out->failed != MW_OK)
        return out->failed != MW_OK ? out->failed : MW_ERR_LIMIT;
    switch (mw_val_kind(d, v)) {
    case MW_KIND_ARRAY:
        if (n == 0)
            mw_buf_puts(out, "[]\n");
        for (size_t i = 0; i < n && st == MW_OK; i++) {
            if (i > 0 || !started)
                indent(out, depth);
            mw_buf_puts(out, "- ");
            st = write_lines(out, d, mw_val_at(d, v, i), depth + 1, true);
        }
        return st;
    case MW_KIND_OBJECT:
        if (n == 0)
            mw_buf_puts(out, "{}\n");
        return write_object(out, d, v, depth, started);
    case MW_KIND_UNKNOWN:
        if (!started)
            indent(out, depth);
        mw_buf_puts(out, "\"$unknown\":");
        return write_member(out, d, mw_val_cause(d, v), depth);
    case MW_KIND_STRING: write_string(out, d, v); break;
    case MW_KIND_REAL: write_real(out, d, v); break;
    default: mw_json_write(out, d, v, MW_JSON_COMPACT); break;
    }
    mw_buf_putc(out, '\n');
    return out->failed;
}

mw_status mw_value_yaml(mw_buf *out, const mw_doc *d, mw_val v)
{
    return write_lines(out, d, v, 0, true);
}
