/*
 * The views over what the store hands out by callback: coverage, findings, runs. A cursor gathers
 * the rows when it starts; they are small beside documents, and bounded. Findings are those of the
 * newest run over the snapshot, or of a run named.
 */
#include "query/internal.h"

#include "base/str.h"
#include "inventory/cause.h"

#include <string.h>

#define COLUMNS        18 /* of the widest of the three */
#define ROWS_BYTES_MAX ((size_t)1 << 30)

typedef struct record {
    struct record *next;
    const char *text[COLUMNS];
    int64_t number[COLUMNS];
} record;

typedef struct cursor {
    sqlite3_vtab_cursor base;
    mw_arena arena;
    record *first, **last, *at;
    sqlite3_int64 number;
    const char *digest, *run; /* while runs are looked through */
    bool full;
} cursor;

/* ---- gathering ---- */

static record *add(cursor *c)
{
    record *r = mw_arena_alloc(&c->arena, sizeof(*r));

    if (!r) {
        c->full = true;
        return NULL;
    }
    *c->last = r;
    c->last = &r->next;
    return r;
}

static const char *keep(cursor *c, const char *s)
{
    const char *copy = s ? mw_arena_strdup(&c->arena, s) : NULL;

    c->full = c->full || (s && !copy);
    return copy;
}

/* The class of a cause that was stored as text; NULL without one. */
static const char *class_of(cursor *c, const char *cause)
{
    mw_doc_builder *b = NULL;
    const char *class = NULL;

    if (!cause)
        return NULL;
    if (mw_doc_builder_new(NULL, &b, NULL) != MW_OK)
        c->full = true;
    else if (mw_json_read(b, cause, strlen(cause), &(mw_json_options){.exact = true}, NULL, NULL) == MW_OK) {
        mw_val v = mw_doc_pop(b);
        if (mw_val_get(mw_doc_view(b), v, "cached") == MW_VAL_ABSENT)
            class = mw_cause_class_name(mw_cause_classify_val(mw_doc_view(b), v));
    }
    mw_doc_builder_free(b);
    return class;
}

static bool take_scope(void *user, const mw_snapshot_scope *s)
{
    cursor *c = user;
    record *r = add(c);
    const char *const text[] = {s->account, s->region, s->partition, s->type,  s->facet,
                                s->state,   NULL,      NULL,         s->cause, class_of(c, s->cause)};

    for (size_t i = 0; r && i < MW_COUNT(text); i++)
        r->text[i] = keep(c, text[i]);
    if (r) {
        r->number[6] = s->resources;
        r->number[7] = s->calls;
    }
    return !c->full;
}

static bool take_finding(void *user, const mw_store_finding *f)
{
    cursor *c = user;
    record *r = add(c);
    const char *const text[] = {c->run,    f->rule,      f->status,   f->severity,    f->change,     f->account,
                                f->region, f->partition, f->type,     f->id,          f->arn,        f->name,
                                f->subkey, f->message,   f->evidence, f->fingerprint, f->first_seen, f->last_seen};

    for (size_t i = 0; r && i < MW_COUNT(text); i++)
        r->text[i] = text[i] && *text[i] ? keep(c, text[i]) : NULL;
    return !c->full;
}

static bool take_run(void *user, const mw_run *run)
{
    cursor *c = user;
    record *r = add(c);
    const char *const text[] = {run->id,           run->started_at,      run->finished_at, run->engine,
                                run->rules_digest, run->findings_digest, run->snapshot,    NULL,
                                run->coverage};

    for (size_t i = 0; r && i < MW_COUNT(text); i++)
        r->text[i] = keep(c, text[i]);
    if (r)
        r->number[7] = (int64_t)run->fixed;
    return !c->full;
}

static bool find_run(void *user, const mw_run *run)
{
    cursor *c = user;

    if (!run->finished_at || !mw_str_eq(run->snapshot, c->digest))
        return true;
    c->run = keep(c, run->id);
    return false;
}

static mw_status gather(cursor *c, query_view *v, const char *run, mw_error *err)
{
    mw_store *s = v->q->store;
    mw_status st;

    switch (v->kind) {
    case VIEW_COVERAGE: return mw_snapshot_scopes(s, v->q->id, take_scope, c, err);
    case VIEW_RUN: return mw_store_runs(s, take_run, c, err);
    default: break;
    }
    c->digest = v->q->digest;
    if (run)
        c->run = keep(c, run);
    else if ((st = mw_store_runs(s, find_run, c, err)) != MW_OK)
        return st;
    if (!c->run) {
        v->unjudged = !c->full;
        return MW_OK;
    }
    st = mw_store_run_findings(s, c->run, MW_STORE_ALL, take_finding, c, err);
    return st == MW_ERR_NOTFOUND ? MW_OK : st;
}

/* ---- what SQLite calls ---- */

/* idxNum 1: the run is given. */
static int best_index(sqlite3_vtab *v, sqlite3_index_info *info)
{
    const query_view *view = ((query_vtab *)v)->view;

    info->estimatedCost = 1e4;
    for (int i = 0; i < info->nConstraint && view->kind == VIEW_FINDING && !info->idxNum; i++)
        if (info->aConstraint[i].usable && info->aConstraint[i].iColumn == 0 &&
            info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ &&
            sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") == 0) {
            info->aConstraintUsage[i].argvIndex = 1;
            info->idxNum = 1;
        }
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *v, sqlite3_vtab_cursor **out)
{
    const cursor fresh = {.arena = {.max_bytes = ROWS_BYTES_MAX}};

    (void)v;
    return mw__query_open_cursor(&fresh, sizeof(fresh), out);
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    mw_arena_clear(&((cursor *)base)->arena);
    sqlite3_free(base);
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int by_run, const char *text, int argc, sqlite3_value **argv)
{
    cursor *c = (cursor *)base;
    query_view *v = ((query_vtab *)base->pVtab)->view;
    const char *run = by_run && argc == 1 && sqlite3_value_type(argv[0]) == SQLITE_TEXT
                          ? (const char *)sqlite3_value_text(argv[0])
                          : NULL;

    (void)text;
    mw_arena_clear(&c->arena);
    c->first = NULL;
    c->last = &c->first;
    c->run = NULL;
    c->number = 1;
    if (gather(c, v, run, &v->q->failure) != MW_OK)
        return mw__query_fail(v);
    if (c->full) {
        mw_fail(&v->q->failure, MW_ERR_LIMIT, "query: view %s is too large to be gathered", v->name);
        return SQLITE_ERROR;
    }
    c->at = c->first;
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
    cursor *c = (cursor *)base;

    c->at = c->at->next;
    c->number++;
    return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *base)
{
    return ((cursor *)base)->at == NULL;
}

static int row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = ((cursor *)base)->number;
    return SQLITE_OK;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int i)
{
    const cursor *c = (cursor *)base;
    size_t count;
    const mw_column *columns = mw__query_columns(((query_vtab *)base->pVtab)->view->kind, &count);

    if (i < 0 || (size_t)i >= count)
        return SQLITE_OK;
    if (columns[i].kind == MW_COLUMN_INTEGER) {
        sqlite3_result_int64(ctx, c->at->number[i]);
        return SQLITE_OK;
    }
    sqlite3_result_text(ctx, c->at->text[i], -1, SQLITE_TRANSIENT); /* NULL is NULL */
    if (columns[i].kind == MW_COLUMN_JSON && c->at->text[i])
        sqlite3_result_subtype(ctx, 74); /* JSON */
    return SQLITE_OK;
}

const sqlite3_module mw__query_records = {
    .iVersion = 0,
    .xConnect = mw__query_connect,
    .xBestIndex = best_index,
    .xDisconnect = mw__query_disconnect,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = at_end,
    .xColumn = column,
    .xRowid = row_number,
};
