/*
 * A value as nested boxes, as the AWS CLI's table output. A first walk makes a flat list of sections
 * (title, header, rows); then the widest one settles the width of all, so that boxes close in one column.
 * Cells are neutral, one line each, and keep their whole text: a cut id could not be copied.
 */
#include "report/value.h"

#include "base/arena.h"
#include "base/mem.h"
#include "report/term.h"

#include <string.h>

#define CELLS_MAX   ((size_t)4 << 20)
#define COLUMNS_MAX 512

typedef struct row {
    struct row *next;
    size_t count;
    bool header;
    const char *cells[];
} row;

typedef struct section {
    struct section *next;
    const char *title; /* NULL: rows without one */
    unsigned depth;
    row *rows, **last;
    size_t columns;
    size_t *width; /* of each column, when all rows are known */
} section;

typedef struct writer {
    const mw_doc *d;
    mw_arena arena;
    section *sections, **last;
    size_t cells, max;
    mw_status status;
} writer;

/* ---- collecting ---- */

static void fail(writer *w, mw_status status)
{
    if (w->status == MW_OK)
        w->status = status;
}

static void *room(writer *w, size_t size)
{
    void *p = w->status == MW_OK ? mw_arena_alloc(&w->arena, size) : NULL;

    if (!p)
        fail(w, MW_ERR_NOMEM);
    return p;
}

static const char *keep(writer *w, const char *s, size_t len)
{
    MW_AUTO(mw_buf) text = {.max = w->max};
    const char *copy;

    if (mw_term_bytes(&text, s, len, false) != MW_OK)
        fail(w, text.failed);
    copy = mw_arena_strndup(&w->arena, text.data ? text.data : "", text.len);
    if (!copy)
        fail(w, MW_ERR_NOMEM);
    return copy ? copy : "";
}

static const char *cell(writer *w, mw_val v)
{
    MW_AUTO(mw_buf) text = {.max = w->max};

    if (v == MW_VAL_ABSENT)
        return "";
    if (mw_value_scalar(&text, w->d, v) != MW_OK)
        fail(w, text.failed);
    return keep(w, text.data, text.len);
}

static section *add_section(writer *w, const char *title, unsigned depth)
{
    section *s = room(w, sizeof(*s));

    if (!s)
        return NULL;
    *s = (section){.title = title, .depth = depth};
    s->last = &s->rows;
    *w->last = s;
    w->last = &s->next;
    return s;
}

static row *add_row(writer *w, section *s, size_t count, bool header)
{
    row *r;

    if (!s || count == 0)
        return NULL;
    if (count > COLUMNS_MAX || (w->cells += count) > CELLS_MAX) {
        fail(w, MW_ERR_LIMIT);
        return NULL;
    }
    r = room(w, sizeof(*r) + count * sizeof(r->cells[0]));
    if (!r)
        return NULL;
    memset(r, 0, sizeof(*r) + count * sizeof(r->cells[0]));
    r->count = count;
    r->header = header;
    *s->last = r;
    s->last = &r->next;
    s->columns = count > s->columns ? count : s->columns;
    return r;
}

static const char *key_text(writer *w, const mw_doc *d, mw_val key)
{
    size_t len;
    const char *s = mw_val_str(d, key, &len);

    return keep(w, s, len);
}

static void collect(writer *w, mw_val v, const char *title, unsigned depth);

static void collect_nested(writer *w, mw_val v, unsigned depth)
{
    mw_val key, member;

    for (size_t i = 0; i < mw_val_len(w->d, v) && w->status == MW_OK; i++) {
        member = mw_val_member(w->d, v, i, &key);
        if (!mw_value_is_scalar(w->d, member))
            collect(w, member, key_text(w, w->d, key), depth + 1);
    }
}

/* One object: names beside values, as one row is no table. */
static void collect_object(writer *w, mw_val v, const char *title, unsigned depth)
{
    section *s = add_section(w, title, depth);
    mw_val key, member;

    for (size_t i = 0; i < mw_val_len(w->d, v) && w->status == MW_OK; i++) {
        row *r;

        member = mw_val_member(w->d, v, i, &key);
        if (!mw_value_is_scalar(w->d, member) || !(r = add_row(w, s, 2, false)))
            continue;
        r->cells[0] = key_text(w, w->d, key);
        r->cells[1] = cell(w, member);
    }
    collect_nested(w, v, depth);
}

static mw_status columns_of(writer *w, mw_val list, mw_doc_builder **out)
{
    size_t len;
    mw_val key;
    mw_status st = mw_doc_builder_new(NULL, out, NULL);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(*out);
    for (size_t i = 0; i < mw_val_len(w->d, list); i++) {
        mw_val item = mw_val_at(w->d, list, i);

        for (size_t k = 0; k < mw_val_len(w->d, item); k++) {
            const char *s;

            if (!mw_value_is_scalar(w->d, mw_val_member(w->d, item, k, &key)))
                continue;
            s = mw_val_str(w->d, key, &len);
            mw_doc_key(*out, s, len);
            mw_doc_add_null(*out);
        }
    }
    mw_doc_end_object(*out);
    return mw_doc_builder_status(*out, NULL);
}

static void add_header(writer *w, section *s, const mw_doc *d, mw_val columns)
{
    row *r = add_row(w, s, mw_val_len(d, columns), true);
    mw_val key;

    for (size_t i = 0; r && i < r->count; i++) {
        mw_val_member(d, columns, i, &key);
        r->cells[i] = key_text(w, d, key);
    }
}

/* Objects: their scalars are rows below one header; what one holds follows it, and then a new box. */
static void collect_objects(writer *w, mw_val v, const char *title, unsigned depth)
{
    mw_doc_builder *b = NULL;
    mw_val columns, key, item;
    section *s = NULL;
    const mw_doc *d;
    size_t sections = 0, before = 1, len;
    const char *name;
    row *r;

    if (columns_of(w, v, &b) != MW_OK) {
        fail(w, MW_ERR_NOMEM);
        mw_doc_builder_free(b);
        return;
    }
    d = mw_doc_view(b);
    columns = mw_doc_pop(b);
    for (size_t i = 0; i < mw_val_len(w->d, v) && w->status == MW_OK; i++) {
        section **last = w->last;

        item = mw_val_at(w->d, v, i);
        if (sections != before) {
            s = add_section(w, title, depth);
            add_header(w, s, d, columns);
            before = sections;
            last = w->last;
        }
        r = add_row(w, s, mw_val_len(d, columns), false);
        for (size_t k = 0; r && k < r->count; k++) {
            mw_val_member(d, columns, k, &key);
            name = mw_val_str(d, key, &len);
            r->cells[k] = cell(w, mw_val_getn(w->d, item, name, len));
        }
        collect_nested(w, item, depth);
        sections += w->last != last;
    }
    mw_doc_builder_free(b);
}

static bool all_are(const mw_doc *d, mw_val v, bool scalars)
{
    for (size_t i = 0; i < mw_val_len(d, v); i++) {
        mw_val item = mw_val_at(d, v, i);

        if (scalars ? !mw_value_is_scalar(d, item) : mw_val_kind(d, item) != MW_KIND_OBJECT)
            return false;
    }
    return true;
}

/* A list of scalars or of lists: a row each; lists of scalars are rows of cells. */
static void collect_list(writer *w, mw_val v, const char *title, unsigned depth)
{
    section *s = add_section(w, title, depth);

    for (size_t i = 0; i < mw_val_len(w->d, v) && w->status == MW_OK; i++) {
        mw_val item = mw_val_at(w->d, v, i);
        bool scalar = mw_value_is_scalar(w->d, item);
        bool cells = mw_val_kind(w->d, item) == MW_KIND_ARRAY && all_are(w->d, item, true);
        row *r;

        if (!scalar && !cells) {
            collect(w, item, NULL, depth + 1);
            s = i + 1 < mw_val_len(w->d, v) ? add_section(w, NULL, depth) : s;
            continue;
        }
        r = add_row(w, s, scalar ? 1 : mw_val_len(w->d, item), false);
        for (size_t k = 0; r && k < r->count; k++)
            r->cells[k] = cell(w, scalar ? item : mw_val_at(w->d, item, k));
    }
}

static void collect(writer *w, mw_val v, const char *title, unsigned depth)
{
    mw_kind kind = mw_val_kind(w->d, v);
    row *r;

    if (depth >= MW_VALUE_DEPTH_MAX) {
        fail(w, MW_ERR_LIMIT);
    } else if (kind == MW_KIND_OBJECT) {
        collect_object(w, v, title, depth);
    } else if (kind == MW_KIND_ARRAY && mw_val_len(w->d, v) > 0 && all_are(w->d, v, false)) {
        collect_objects(w, v, title, depth);
    } else if (kind == MW_KIND_ARRAY) {
        collect_list(w, v, title, depth);
    } else {
        r = add_row(w, add_section(w, title, depth), 1, false);
        if (r)
            r->cells[0] = cell(w, v);
    }
}

/* ---- drawing ---- */

/* Columns of text inside a box of @p columns columns: two blanks on each side, `|` between. */
static size_t natural(const section *s)
{
    size_t n = s->columns ? s->columns - 1 : 0;

    for (size_t i = 0; i < s->columns; i++)
        n += s->width[i] + 4;
    return n;
}

static size_t measure(writer *w)
{
    size_t total = 0, title, n;

    for (section *s = w->sections; s; s = s->next) {
        if (!(s->width = room(w, (s->columns + 1) * sizeof(*s->width))))
            return 0;
        for (const row *r = s->rows; r; r = r->next)
            for (size_t i = 0; i < r->count; i++) {
                n = mw_term_columns(r->cells[i], strlen(r->cells[i]));
                s->width[i] = n > s->width[i] ? n : s->width[i];
            }
        title = s->title ? mw_term_columns(s->title, strlen(s->title)) + 2 : 0;
        n = natural(s);
        n = (n > title ? n : title) + 2 * (size_t)s->depth;
        total = n > total ? n : total;
    }
    return total;
}

/* Share out what is left of @p width among the columns. */
static void stretch(section *s, size_t width)
{
    size_t have = natural(s), rest = width > have ? width - have : 0;

    for (size_t i = 0; i < s->columns; i++)
        s->width[i] += rest / s->columns + (i < rest % s->columns);
}

static void repeat(mw_buf *out, char c, size_t n)
{
    char *to = n ? mw_buf_reserve(out, n, NULL) : NULL;

    if (!to)
        return;
    memset(to, c, n);
    mw_buf_grown(out, n);
}

static void edge(mw_buf *out, const section *s)
{
    repeat(out, '|', s->depth);
}

static void rule(mw_buf *out, const section *s, size_t width)
{
    edge(out, s);
    for (size_t i = 0; i < s->columns; i++) {
        mw_buf_putc(out, '+');
        repeat(out, '-', s->width[i] + 4);
    }
    if (s->columns == 0) {
        mw_buf_putc(out, '+');
        repeat(out, '-', width);
    }
    mw_buf_putc(out, '+');
    edge(out, s);
    mw_buf_putc(out, '\n');
}

static void draw_title(mw_buf *out, const section *s, size_t width)
{
    size_t n = mw_term_columns(s->title, strlen(s->title)), left = (width - n) / 2;

    edge(out, s);
    mw_buf_putc(out, '|');
    repeat(out, ' ', left);
    mw_buf_puts(out, s->title);
    repeat(out, ' ', width - n - left);
    mw_buf_putc(out, '|');
    edge(out, s);
    mw_buf_putc(out, '\n');
}

static void draw_row(mw_buf *out, const section *s, const row *r)
{
    edge(out, s);
    for (size_t i = 0; i < s->columns; i++) {
        const char *text = i < r->count ? r->cells[i] : "";
        size_t n = mw_term_columns(text, strlen(text)), room_left = s->width[i] - n;
        size_t left = r->header ? room_left / 2 : 0;

        mw_buf_puts(out, "|  ");
        repeat(out, ' ', left);
        mw_buf_puts(out, text);
        repeat(out, ' ', room_left - left + 2);
    }
    mw_buf_putc(out, '|');
    edge(out, s);
    mw_buf_putc(out, '\n');
}

static void draw(mw_buf *out, section *s, size_t total)
{
    size_t width = total - 2 * (size_t)s->depth;

    if (!s->title && !s->rows)
        return;
    stretch(s, width);
    if (s->title) {
        draw_title(out, s, width);
        rule(out, s, width);
    }
    for (const row *r = s->rows; r && out->failed == MW_OK; r = r->next) {
        draw_row(out, s, r);
        if (r->header)
            rule(out, s, width);
    }
    if (s->rows)
        rule(out, s, width);
}

mw_status mw_value_table(mw_buf *out, const mw_doc *d, mw_val v, const char *title)
{
    writer w = {.d = d, .max = out->max};
    size_t total;

    w.last = &w.sections;
    collect(&w, v, title ? keep(&w, title, strlen(title)) : NULL, 0);
    total = w.status == MW_OK ? measure(&w) : 0;
    if (w.status == MW_OK) {
        repeat(out, '-', total + 2);
        mw_buf_putc(out, '\n');
        for (section *s = w.sections; s && out->failed == MW_OK; s = s->next)
            draw(out, s, total);
        w.status = out->failed;
    }
    mw_arena_clear(&w.arena);
    return w.status;
}
