/*
 * A value as the AWS CLI's text output shows it: made for `cut`, `awk` and `while read`. Objects of one
 * list have the columns of all of them, so that a column means the same in each row.
 */
#include "report/value.h"

#include "base/mem.h"
#include "report/term.h"

typedef struct writer {
    mw_buf *out;
    const mw_doc *d;
} writer;

static void write_name(writer *w, const char *name, size_t len)
{
    MW_AUTO(mw_buf) upper = {0};

    mw_buf_add(&upper, name, len, NULL);
    for (size_t i = 0; i < upper.len; i++)
        if (upper.data[i] >= 'a' && upper.data[i] <= 'z')
            upper.data[i] = (char)(upper.data[i] - 'a' + 'A');
    mw_term_inherit(w->out, &upper);
    mw_term_bytes(w->out, upper.data, upper.len, false);
}

static void write_scalar(writer *w, mw_val v)
{
    MW_AUTO(mw_buf) text = {.max = w->out->max};

    mw_value_scalar(&text, w->d, v);
    mw_term_inherit(w->out, &text);
    mw_term_bytes(w->out, text.data, text.len, true);
}

/* The name that nested values stand under: @p v is a key, or ABSENT for none. */
static bool named(mw_val v)
{
    return v != MW_VAL_ABSENT;
}

static void write_key(writer *w, mw_val key)
{
    size_t len;
    const char *s = mw_val_str(w->d, key, &len);

    write_name(w, s, len);
}

static mw_status write_value(writer *w, mw_val v, mw_val name, unsigned depth);

/* Scalars of a list: one row, or a row each under a name. */
static void write_row(writer *w, mw_val list, mw_val name)
{
    size_t n = mw_val_len(w->d, list);
    bool first = true;

    for (size_t i = 0; i < n; i++) {
        mw_val item = mw_val_at(w->d, list, i);

        if (!mw_value_is_scalar(w->d, item))
            continue;
        if (named(name))
            write_key(w, name);
        if (named(name) || !first)
            mw_buf_putc(w->out, '\t');
        write_scalar(w, item);
        if (named(name))
            mw_buf_putc(w->out, '\n');
        first = false;
    }
    if (!first && !named(name))
        mw_buf_putc(w->out, '\n');
}

/* The columns that a list has settled for its objects: an object {name: null}. */
typedef struct columns {
    const mw_doc *d;
    mw_val v;
} columns;

/* Sorted, each once: what an object of a builder does. */
static mw_status columns_of(writer *w, mw_val list, mw_doc_builder **out)
{
    size_t n = mw_val_len(w->d, list), m, len;
    mw_val key, member;
    mw_status st = mw_doc_builder_new(NULL, out, NULL);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(*out);
    for (size_t i = 0; i < n; i++) {
        mw_val item = mw_val_at(w->d, list, i);

        m = mw_val_kind(w->d, item) == MW_KIND_OBJECT ? mw_val_len(w->d, item) : 0;
        for (size_t k = 0; k < m; k++) {
            const char *s;

            member = mw_val_member(w->d, item, k, &key);
            if (!mw_value_is_scalar(w->d, member))
                continue;
            s = mw_val_str(w->d, key, &len);
            mw_doc_key(*out, s, len);
            mw_doc_add_null(*out);
        }
    }
    mw_doc_end_object(*out);
    return mw_doc_builder_status(*out, NULL);
}

/* A row of the object's scalars; @p of is NULL where no list has settled the columns. */
static void write_scalars(writer *w, mw_val v, mw_val name, const columns *of)
{
    size_t n = of ? mw_val_len(of->d, of->v) : mw_val_len(w->d, v), len;
    bool started = false;
    mw_val key, member;

    for (size_t i = 0; i < n; i++) {
        if (of) {
            const char *s;

            mw_val_member(of->d, of->v, i, &key);
            s = mw_val_str(of->d, key, &len);
            member = mw_val_getn(w->d, v, s, len);
        } else {
            member = mw_val_member(w->d, v, i, &key);
            if (!mw_value_is_scalar(w->d, member))
                continue;
        }
        if (!started && named(name))
            write_key(w, name);
        if (started || named(name))
            mw_buf_putc(w->out, '\t');
        started = true;
        if (member != MW_VAL_ABSENT)
            write_scalar(w, member);
    }
    if (started)
        mw_buf_putc(w->out, '\n');
}

/* What is a column elsewhere in the list was written there, as JSON in this row. */
static mw_status write_nested(writer *w, mw_val v, const columns *of, unsigned depth)
{
    mw_status st = MW_OK;
    mw_val key, member;
    const char *s;
    size_t len;

    for (size_t i = 0; i < mw_val_len(w->d, v) && st == MW_OK; i++) {
        member = mw_val_member(w->d, v, i, &key);
        s = mw_val_str(w->d, key, &len);
        if (!mw_value_is_scalar(w->d, member) && !(of && mw_val_getn(of->d, of->v, s, len) != MW_VAL_ABSENT))
            st = write_value(w, member, key, depth + 1);
    }
    return st;
}

/* Objects one after the other, whatever stands between them. */
static mw_status write_objects(writer *w, mw_val v, mw_val name, unsigned depth)
{
    mw_doc_builder *b = NULL;
    mw_status st = columns_of(w, v, &b);
    columns of = {b ? mw_doc_view(b) : NULL, b ? mw_doc_pop(b) : MW_VAL_ABSENT};

    for (size_t i = 0; i < mw_val_len(w->d, v) && st == MW_OK; i++) {
        mw_val item = mw_val_at(w->d, v, i);

        if (mw_val_kind(w->d, item) != MW_KIND_OBJECT) {
            st = write_value(w, item, name, depth + 1);
            continue;
        }
        write_scalars(w, item, name, &of);
        st = write_nested(w, item, &of, depth);
    }
    mw_doc_builder_free(b);
    return st;
}

static mw_status write_list(writer *w, mw_val v, mw_val name, unsigned depth)
{
    size_t n = mw_val_len(w->d, v);
    mw_status st = MW_OK;

    for (size_t i = 0; i < n; i++)
        if (mw_val_kind(w->d, mw_val_at(w->d, v, i)) == MW_KIND_OBJECT)
            return write_objects(w, v, name, depth);
    write_row(w, v, name);
    for (size_t i = 0; i < n && st == MW_OK; i++)
        if (!mw_value_is_scalar(w->d, mw_val_at(w->d, v, i)))
            st = write_value(w, mw_val_at(w->d, v, i), name, depth + 1);
    return st;
}

static mw_status write_value(writer *w, mw_val v, mw_val name, unsigned depth)
{
    if (depth >= MW_VALUE_DEPTH_MAX || w->out->failed != MW_OK)
        return w->out->failed != MW_OK ? w->out->failed : MW_ERR_LIMIT;
    switch (mw_val_kind(w->d, v)) {
    case MW_KIND_ARRAY: return write_list(w, v, name, depth);
    case MW_KIND_OBJECT: write_scalars(w, v, name, NULL); return write_nested(w, v, NULL, depth);
    default:
        if (named(name)) {
            write_key(w, name);
            mw_buf_putc(w->out, '\t');
        }
        write_scalar(w, v);
        mw_buf_putc(w->out, '\n');
        return w->out->failed;
    }
}

mw_status mw_value_text(mw_buf *out, const mw_doc *d, mw_val v)
{
    writer w = {out, d};

    return write_value(&w, v, MW_VAL_ABSENT, 0);
}
