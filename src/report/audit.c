/*
 * Rows of an audit as table, JSON, JSONL and CSV. Row values come from a script over AWS's data: both are
 * untrusted, so a table is neutral to terminals and a CSV to spreadsheets. Every row has its scope's account
 * and region unless it names its own.
 */
#include "report/audit.h"

#include "base/str.h"
#include "report/csv.h"
#include "report/term.h"
#include "report/value.h"

#include <stdint.h>
#include <string.h>

#define COLUMNS_MAX 256 /* over all rows */
#define CELL_MAX    60  /* columns of a table's cell; the last one is not cut */

static const char *const always[] = {"account", "region"};

/* ---- columns ---- */

static mw_status add_column(const char **list, size_t *count, const char *name, mw_error *err)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(list[i], name) == 0)
            return MW_OK;
    if (*count == COLUMNS_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "the rows have more than %d different columns", COLUMNS_MAX);
    list[(*count)++] = name;
    return MW_OK;
}

mw_status mw_audit_columns(const mw_audit *a, mw_arena *arena, const char *const **out, size_t *count, mw_error *err)
{
    const mw_doc *d = mw_doc_view(a->doc);
    const char **list = mw_arena_alloc(arena, COLUMNS_MAX * sizeof(*list));
    mw_status st = list ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory for columns");

    *count = 0;
    for (size_t i = 0; st == MW_OK && i < MW_COUNT(always); i++)
        st = add_column(list, count, always[i], err);
    for (size_t i = 0; st == MW_OK && a->columns != MW_VAL_ABSENT && i < mw_val_len(d, a->columns); i++)
        st = add_column(list, count, mw_val_str(d, mw_val_at(d, a->columns, i), NULL), err);
    for (size_t r = 0; st == MW_OK && r < a->row_count; r++) {
        size_t n = mw_val_len(d, a->rows[r].value);
        for (size_t i = 0; st == MW_OK && i < n; i++) {
            mw_val key;
            mw_val_member(d, a->rows[r].value, i, &key);
            st = add_column(list, count, mw_val_str(d, key, NULL), err);
        }
    }
    *out = (const char *const *)list;
    return st;
}

static const char *scope_text(const mw_audit *a, const mw_audit_row *row, const char *column)
{
    const mw_audit_scope *s = &a->scopes[row->scope];

    return strcmp(column, "account") == 0 ? s->account : strcmp(column, "region") == 0 ? s->region : NULL;
}

/* What stands in a cell; *text tells that it is text rather than a number, a list and the like. */
static mw_status cell(const mw_audit *a, const mw_audit_row *row, const char *column, mw_buf *out, bool *text)
{
    const mw_doc *d = mw_doc_view(a->doc);
    mw_val v = mw_val_get(d, row->value, column);
    const char *s, *own = scope_text(a, row, column);
    size_t len;

    mw_buf_reset(out);
    *text = true;
    if (v == MW_VAL_ABSENT && own)
        return mw_buf_puts(out, own);
    if (mw_val_kind(d, v) <= MW_KIND_NULL)
        return mw_buf_puts(out, "");
    if ((s = mw_val_str(d, v, &len)) != NULL)
        return mw_buf_add(out, s, len, NULL);
    *text = mw_val_kind(d, v) >= MW_KIND_ARRAY;
    return mw_json_write(out, d, v, MW_JSON_COMPACT);
}

/* ---- table ---- */

static mw_status print_cell(mw_buf *out, mw_buf *shown, size_t width, bool last)
{
    if (last)
        return mw_buf_add(out, shown->data ? shown->data : "", shown->len, NULL);
    mw_term_cell(out, shown->data ? shown->data : "", width);
    return mw_buf_puts(out, "  ");
}

mw_status mw_audit_table(const mw_audit *a, const mw_text_options *o, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    MW_AUTO(mw_buf) raw = {.max = out->max};
    MW_AUTO(mw_buf) shown = {.max = out->max};
    size_t count, width[COLUMNS_MAX];
    const char *const *columns;
    bool text;
    mw_status st = mw_audit_columns(a, &arena, &columns, &count, err);

    if (st != MW_OK || a->row_count == 0)
        return st;
    for (size_t c = 0; c < count; c++) {
        width[c] = mw_term_columns(columns[c], strlen(columns[c]));
        for (size_t r = 0; r < a->row_count && c + 1 < count && width[c] < CELL_MAX; r++) {
            size_t n;
            cell(a, &a->rows[r], columns[c], &raw, &text);
            mw_buf_reset(&shown);
            mw_term_text(&shown, raw.data ? raw.data : "");
            n = mw_term_columns(shown.data ? shown.data : "", shown.len);
            width[c] = n > width[c] ? n : width[c];
        }
        width[c] = width[c] > CELL_MAX ? CELL_MAX : width[c];
    }
    mw_term_color(out, o->color, MW_COLOR_BOLD);
    for (size_t c = 0; c < count; c++) {
        mw_buf_reset(&shown);
        mw_term_text(&shown, columns[c]);
        print_cell(out, &shown, width[c], c + 1 == count);
    }
    mw_term_reset(out, o->color);
    mw_buf_putc(out, '\n');
    for (size_t r = 0; r < a->row_count; r++) {
        for (size_t c = 0; c < count; c++) {
            cell(a, &a->rows[r], columns[c], &raw, &text);
            mw_term_inherit(out, &raw);
            mw_buf_reset(&shown);
            if (c + 1 == count)
                mw_term_text(&shown, raw.data ? raw.data : "");
            else
                mw_buf_add(&shown, raw.data ? raw.data : "", raw.len, NULL);
            print_cell(out, &shown, width[c], c + 1 == count);
            mw_term_inherit(out, &shown);
        }
        mw_buf_putc(out, '\n');
    }
    return mw_buf_status(out, err);
}

/* ---- JSON ---- */

static void add_string(mw_buf *out, const char *s)
{
    mw_json_write_string(out, s, strlen(s));
}

static mw_status add_row(const mw_audit *a, const mw_audit_row *row, const char *const *columns, size_t count,
                         mw_buf *out)
{
    const mw_doc *d = mw_doc_view(a->doc);
    bool first = true;

    mw_buf_putc(out, '{');
    for (size_t c = 0; c < count; c++) {
        mw_val v = mw_val_get(d, row->value, columns[c]);
        const char *own = scope_text(a, row, columns[c]);
        if (v == MW_VAL_ABSENT && !own)
            continue;
        mw_buf_puts(out, first ? "" : ",");
        first = false;
        add_string(out, columns[c]);
        mw_buf_putc(out, ':');
        if (v == MW_VAL_ABSENT)
            add_string(out, own);
        else
            mw_json_write(out, d, v, MW_JSON_COMPACT);
    }
    return mw_buf_putc(out, '}');
}

static const char *state_name(mw_audit_state state)
{
    switch (state) {
    case MW_AUDIT_COMPLETE: return "complete";
    case MW_AUDIT_FAILED: return "failed";
    case MW_AUDIT_WAITING:
    case MW_AUDIT_STOPPED: break;
    }
    return "stopped";
}

mw_status mw_audit_json(const mw_audit *a, const char *script, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    const char *const *columns;
    size_t count, start = out->len;
    mw_status st = mw_audit_columns(a, &arena, &columns, &count, err);

    if (st != MW_OK)
        return st;
    mw_buf_puts(out, "{\"schema\":\"moonward.audit/1\",\"script\":");
    add_string(out, script);
    mw_buf_puts(out, ",\n\"scopes\":[");
    for (size_t i = 0; i < a->scope_count; i++) {
        const mw_audit_scope *s = &a->scopes[i];
        mw_buf_puts(out, i ? ",\n" : "\n");
        mw_buf_puts(out, "{\"account\":");
        add_string(out, s->account);
        mw_buf_puts(out, ",\"region\":");
        add_string(out, s->region);
        mw_buf_printf(out, ",\"state\":\"%s\",\"rows\":%zu,\"calls\":%zu,\"message\":", state_name(s->state), s->rows,
                      s->calls);
        if (s->message)
            add_string(out, s->message);
        else
            mw_buf_puts(out, "null");
        mw_buf_putc(out, '}');
    }
    mw_buf_puts(out, "],\n\"rows\":[");
    for (size_t i = 0; i < a->row_count; i++) {
        mw_buf_puts(out, i ? ",\n" : "\n");
        add_row(a, &a->rows[i], columns, count, out);
    }
    mw_buf_puts(out, "]}\n");
    mw_value_neutral(out, start);
    return mw_buf_status(out, err);
}

mw_status mw_audit_jsonl(const mw_audit *a, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    const char *const *columns;
    size_t count, start = out->len;
    mw_status st = mw_audit_columns(a, &arena, &columns, &count, err);

    for (size_t i = 0; st == MW_OK && i < a->row_count; i++) {
        add_row(a, &a->rows[i], columns, count, out);
        mw_buf_putc(out, '\n');
    }
    mw_value_neutral(out, start);
    return st == MW_OK ? mw_buf_status(out, err) : st;
}

/* ---- CSV ---- */

mw_status mw_audit_csv(const mw_audit *a, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    MW_AUTO(mw_buf) raw = {.max = out->max};
    const char *const *columns;
    size_t count;
    bool text;
    mw_status st = mw_audit_columns(a, &arena, &columns, &count, err);

    if (st != MW_OK)
        return st;
    for (size_t c = 0; c < count; c++) {
        mw_buf_puts(out, c ? "," : "");
        mw_csv_field(out, columns[c], strlen(columns[c]), true);
    }
    mw_buf_puts(out, "\r\n");
    for (size_t r = 0; r < a->row_count; r++) {
        for (size_t c = 0; c < count; c++) {
            cell(a, &a->rows[r], columns[c], &raw, &text);
            mw_term_inherit(out, &raw);
            mw_buf_puts(out, c ? "," : "");
            mw_csv_field(out, raw.data ? raw.data : "", raw.len, text);
        }
        mw_buf_puts(out, "\r\n");
    }
    return mw_buf_status(out, err);
}
