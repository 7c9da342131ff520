/*
 * Percent and classes of a ledger, counted line by line, so that a run of any size can be told. A
 * percentage is never rounded up: 100 means that every scope is complete.
 */
#include "report/coverage.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

static mw_status row_of(mw_tally *t, mw_tally_rows *rows, const char *key, mw_tally_row **out, mw_error *err)
{
    size_t low = 0, high = rows->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = strcmp(rows->items[mid].key, key);
        if (c == 0) {
            *out = &rows->items[mid];
            return MW_OK;
        }
        low = c < 0 ? mid + 1 : low;
        high = c < 0 ? high : mid;
    }
    if (rows->count == rows->cap) {
        size_t cap = rows->cap ? rows->cap * 2 : 64;
        mw_tally_row *items = mw_realloc(rows->items, cap * sizeof(*items));
        if (!items)
            return mw_fail(err, MW_ERR_NOMEM, "coverage: out of memory");
        rows->items = items;
        rows->cap = cap;
    }
    if (!(key = mw_arena_strdup(&t->arena, key)))
        return mw_fail(err, MW_ERR_NOMEM, "coverage: out of memory");
    memmove(&rows->items[low + 1], &rows->items[low], (rows->count - low) * sizeof(*rows->items));
    rows->items[low] = (mw_tally_row){.key = key};
    rows->count++;
    *out = &rows->items[low];
    return MW_OK;
}

mw_status mw_tally_add(mw_tally *t, const mw_doc *d, mw_val scope, mw_error *err)
{
    const char *state = mw_val_get_str(d, scope, "state", "");
    size_t complete = mw_str_eq(state, "complete");
    mw_tally_row *row;
    mw_status st;

    if (mw_str_eq(state, MW_SCOPE_SKIPPED)) {
        t->skipped++;
        return MW_OK;
    }
    if ((st = row_of(t, &t->accounts, mw_val_get_str(d, scope, "account", ""), &row, err)) != MW_OK)
        return st;
    row->scopes++;
    row->complete += complete;
    if ((st = row_of(t, &t->types, mw_val_get_str(d, scope, "type", ""), &row, err)) != MW_OK)
        return st;
    row->scopes++;
    row->complete += complete;
    t->scopes++;
    t->complete += complete;
    t->cached += mw_val_kind(d, mw_val_get(d, scope, "cached")) == MW_KIND_OBJECT;
    if (!complete)
        t->by_class[mw_cause_classify_val(d, mw_val_get(d, scope, "cause"))]++;
    return MW_OK;
}

void mw_tally_clear(mw_tally *t)
{
    mw_free(t->accounts.items);
    mw_free(t->types.items);
    mw_arena_clear(&t->arena);
    *t = (mw_tally){0};
}

unsigned mw_tally_permille(size_t complete, size_t scopes)
{
    return scopes == 0 || complete >= scopes ? 1000 : (unsigned)((uint64_t)complete * 1000 / scopes);
}

static void percent_json(size_t complete, size_t scopes, mw_buf *out)
{
    unsigned permille = mw_tally_permille(complete, scopes);

    mw_buf_printf(out, "\"scopes\":%zu,\"complete\":%zu,\"percent\":%u", scopes, complete, permille / 10);
    if (permille % 10)
        mw_buf_printf(out, ".%u", permille % 10);
}

static void rows_json(const mw_tally_rows *rows, const char *name, mw_buf *out)
{
    for (size_t i = 0; i < rows->count; i++) {
        const mw_tally_row *r = &rows->items[i];
        mw_buf_printf(out, "%s{\"%s\":", i ? "," : "", name);
        mw_json_write_string(out, r->key, strlen(r->key));
        mw_buf_putc(out, ',');
        percent_json(r->complete, r->scopes, out);
        mw_buf_putc(out, '}');
    }
}

void mw_tally_classes_json(const size_t counts[MW_CAUSE_COUNT], mw_buf *out)
{
    const char *between = "";

    mw_buf_putc(out, '{');
    for (unsigned c = 0; c < MW_CAUSE_COUNT; c++) {
        if (!counts[c])
            continue;
        mw_buf_printf(out, "%s\"%s\":%zu", between, mw_cause_class_name((mw_cause_class)c), counts[c]);
        between = ",";
    }
    mw_buf_putc(out, '}');
}

void mw_tally_json(const mw_tally *t, mw_buf *out)
{
    mw_buf_putc(out, '{');
    percent_json(t->complete, t->scopes, out);
    mw_buf_printf(out, ",\"skipped\":%zu,\"cached\":%zu,\"by_class\":", t->skipped, t->cached);
    mw_tally_classes_json(t->by_class, out);
    mw_buf_puts(out, ",\"by_account\":[");
    rows_json(&t->accounts, "account", out);
    mw_buf_puts(out, "],\"by_type\":[");
    rows_json(&t->types, "type", out);
    mw_buf_puts(out, "]}");
}

void mw_tally_classes_text(const size_t counts[MW_CAUSE_COUNT], mw_buf *out)
{
    bool told[MW_CAUSE_COUNT] = {false};

    for (unsigned n = 0; n < MW_CAUSE_COUNT; n++) {
        unsigned most = MW_CAUSE_COUNT;
        for (unsigned c = 0; c < MW_CAUSE_COUNT; c++)
            if (!told[c] && counts[c] && (most == MW_CAUSE_COUNT || counts[c] > counts[most]))
                most = c;
        if (most == MW_CAUSE_COUNT)
            return;
        told[most] = true;
        mw_buf_printf(out, "%s%zu %s", n ? ", " : "", counts[most], mw_cause_class_name((mw_cause_class)most));
    }
}
