/*
 * CSV reader: one pass, one buffer for the field at hand. It trusts nothing but the length it is given; a row that
 * is longer or shorter than the header (RFC 4180, 2.4) is refused: what broke off would be read as absent.
 */
#include "inventory/csv.h"

#include "base/buf.h"

#include <string.h>

#define MAX_COLUMNS 1024u

struct csv {
    mw_doc_builder *b;
    const char *p, *end;
    mw_buf field;
    bool end_of_row;
};

static mw_status read_quoted(struct csv *c, mw_error *err)
{
    for (c->p++; c->p < c->end; c->p++) {
        if (*c->p != '"') {
            mw_buf_putc(&c->field, *c->p);
        } else if (c->p + 1 < c->end && c->p[1] == '"') {
            mw_buf_putc(&c->field, '"');
            c->p++;
        } else {
            c->p++;
            return MW_OK;
        }
    }
    return mw_fail(err, MW_ERR_PARSE, "CSV: a quoted field does not end");
}

/* One field into c->field; end_of_row tells whether a line ended behind it. */
static mw_status read_field(struct csv *c, mw_error *err)
{
    mw_status st = MW_OK;

    mw_buf_reset(&c->field);
    if (c->p < c->end && *c->p == '"')
        st = read_quoted(c, err);
    while (st == MW_OK && c->p < c->end && *c->p != ',' && *c->p != '\n' && *c->p != '\r')
        mw_buf_putc(&c->field, *c->p++);
    c->end_of_row = c->p == c->end || *c->p != ',';
    if (c->p < c->end && *c->p == '\r')
        c->p++;
    if (c->p < c->end && (*c->p == '\n' || *c->p == ','))
        c->p++;
    return st == MW_OK ? mw_buf_status(&c->field, err) : st;
}

static void add_field(struct csv *c)
{
    mw_doc_add_str(c->b, c->field.data ? c->field.data : "", c->field.len);
}

static mw_status read_header(struct csv *c, mw_val *names, size_t *count, mw_error *err)
{
    mw_status st;

    *count = 0;
    do {
        if ((st = read_field(c, err)) != MW_OK)
            return st;
        if (*count == MAX_COLUMNS)
            return mw_fail(err, MW_ERR_LIMIT, "CSV: more than %u columns", MAX_COLUMNS);
        add_field(c);
        names[(*count)++] = mw_doc_pop(c->b);
    } while (!c->end_of_row);
    return MW_OK;
}

static mw_status read_row(struct csv *c, const mw_val *names, size_t count, mw_error *err)
{
    mw_status st;

    mw_doc_begin_object(c->b);
    for (size_t i = 0;; i++) {
        if ((st = read_field(c, err)) != MW_OK)
            return st;
        if (i < count) {
            mw_doc_key_val(c->b, names[i]);
            add_field(c);
        }
        if (c->end_of_row && i + 1 != count)
            return mw_fail(err, MW_ERR_PARSE, "CSV: a row of %zu fields under a header of %zu", i + 1, count);
        if (c->end_of_row)
            break;
    }
    mw_doc_end_object(c->b);
    return MW_OK;
}

mw_status mw_csv_read(mw_doc_builder *b, const char *text, size_t len, mw_error *err)
{
    static const char bom[] = "\xEF\xBB\xBF";
    struct csv c = {.b = b, .p = text, .end = text + len, .field = {.max = (size_t)16 << 20}};
    mw_val names[MAX_COLUMNS];
    size_t count = 0;
    mw_status st = MW_OK;

    if (len >= 3 && memcmp(text, bom, 3) == 0)
        c.p += 3;
    if (c.p < c.end)
        st = read_header(&c, names, &count, err);
    mw_doc_begin_array(b);
    while (st == MW_OK && c.p < c.end) {
        if (*c.p == '\n' || *c.p == '\r')
            c.p++; /* an empty line is no row */
        else
            st = read_row(&c, names, count, err);
    }
    if (st == MW_OK)
        mw_doc_end_array(b);
    mw_buf_clear(&c.field);
    return st == MW_OK ? mw_doc_builder_status(b, err) : st;
}
