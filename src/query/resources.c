/*
 * The views over resources. A cursor walks a scan of the store; what account, region, type or id is
 * compared with goes to the scan, and SQLite compares again. A document is unpacked when a column
 * first needs it, and read into values only when one asks for more than its text. Unknown values
 * are NULL in their column and told in `unknown`.
 */
#include "query/internal.h"

#include "base/str.h"

#include <string.h>

typedef struct cursor {
    sqlite3_vtab_cursor base;
    mw_snapshot_scan *scan;
    const mw_snapshot_resource *at; /* NULL behind the last */
    mw_buf text;                    /* the document */
    mw_doc_builder *b;              /* its values */
    mw_val root;
    bool has_text, has_values;
    sqlite3_int64 number;
} cursor;

/* ---- planning ---- */

enum { BY_ACCOUNT = 1, BY_REGION = 2, BY_TYPE = 4, BY_ID = 8, WITH_DOCUMENTS = 16 };

/* Columns that do not come from the document (SQLite's colUsed: the highest bit stands for all from there on). */
#define NAMES                                                                                                          \
    (1u << COL_ACCOUNT | 1u << COL_REGION | 1u << COL_PARTITION | 1u << COL_TYPE | 1u << COL_ID | 1u << COL_STALE)

static int bit_of(int column)
{
    switch (column) {
    case COL_ACCOUNT: return BY_ACCOUNT;
    case COL_REGION: return BY_REGION;
    case COL_TYPE: return BY_TYPE;
    case COL_ID: return BY_ID;
    default: return 0;
    }
}

static int best_index(sqlite3_vtab *v, sqlite3_index_info *info)
{
    const query_view *view = ((query_vtab *)v)->view;
    double cost = view->kind == VIEW_TYPE ? 1e5 : 1e6;
    int place[4] = {-1, -1, -1, -1}, args = 0;

    for (int i = 0; i < info->nConstraint; i++) {
        int bit = bit_of(info->aConstraint[i].iColumn);
        if (!info->aConstraint[i].usable || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ || !bit ||
            sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") != 0)
            continue;
        for (int k = 0; k < 4; k++)
            if (bit == 1 << k && place[k] < 0)
                place[k] = i;
    }
    for (int k = 0; k < 4; k++)
        if (place[k] >= 0) {
            info->aConstraintUsage[place[k]].argvIndex = ++args;
            info->idxNum |= 1 << k;
            cost /= k == 3 ? 50 : 10;
        }
    if (info->colUsed & ~(sqlite3_uint64)NAMES)
        info->idxNum |= WITH_DOCUMENTS;
    info->estimatedCost = cost;
    info->estimatedRows = (sqlite3_int64)cost;
    return SQLITE_OK;
}

/* ---- walking ---- */

static int open_cursor(sqlite3_vtab *v, sqlite3_vtab_cursor **out)
{
    const cursor fresh = {.text = {.max = MW_SNAPSHOT_DOC_MAX + 1}};

    (void)v;
    return mw__query_open_cursor(&fresh, sizeof(fresh), out);
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    cursor *c = (cursor *)base;

    mw_snapshot_scan_close(c->scan);
    mw_doc_builder_free(c->b);
    mw_buf_clear(&c->text);
    sqlite3_free(c);
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
    cursor *c = (cursor *)base;
    query_view *v = ((query_vtab *)base->pVtab)->view;

    c->has_text = c->has_values = false;
    c->number++;
    return mw_snapshot_scan_next(c->scan, &c->at, &v->q->failure) == MW_OK ? SQLITE_OK : mw__query_fail(v);
}

/* A statement relies on the type @p name, or on all. */
static void mark_used(query_view *v, const char *name)
{
    v->used = v->used || v->kind == VIEW_TYPE;
    for (size_t i = 0; v->kind == VIEW_RESOURCE && i < v->q->view_count; i++) {
        query_view *o = &v->q->views[i];
        mw_val types = mw_val_get(v->q->about, mw_doc_root(v->q->about), "types");
        if (o->kind == VIEW_TYPE &&
            (name ? strcmp(o->type_name, name) == 0 : mw_val_get(v->q->about, types, o->type_name) != MW_VAL_ABSENT))
            o->used = true;
    }
}

static int filter(sqlite3_vtab_cursor *base, int bits, const char *text, int argc, sqlite3_value **argv)
{
    cursor *c = (cursor *)base;
    query_view *v = ((query_vtab *)base->pVtab)->view;
    mw_snapshot_filter f = {.type = v->type_name};
    const char **const to[] = {&f.account, &f.region, &f.type, &f.id};
    int arg = 0;

    (void)text;
    for (int k = 0; k < 4 && arg < argc; k++) {
        if (!(bits & 1 << k))
            continue;
        /* What is no text is left to SQLite, and the type of a view is its own. */
        if (sqlite3_value_type(argv[arg]) == SQLITE_TEXT && !(k == 2 && v->type_name))
            *to[k] = (const char *)sqlite3_value_text(argv[arg]);
        arg++;
    }
    mark_used(v, f.type);
    mw_snapshot_scan_close(c->scan);
    c->number = 0;
    if (mw_snapshot_scan_open(v->q->store, v->q->id, &f, bits & WITH_DOCUMENTS, &c->scan, &v->q->failure) != MW_OK)
        return mw__query_fail(v);
    return next(base);
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

/* ---- the document ---- */

static mw_status need_text(cursor *c, mw_error *err)
{
    const char *doc;
    size_t len;
    mw_status st;

    if (c->has_text)
        return MW_OK;
    if ((st = mw_snapshot_scan_doc(c->scan, &doc, &len, err)) != MW_OK)
        return st;
    mw_buf_reset(&c->text); /* the store lends it until any cursor reads another */
    if (mw_buf_add(&c->text, doc, len, err) != MW_OK)
        return err->status;
    c->has_text = true;
    return MW_OK;
}

static mw_status need_values(cursor *c, mw_error *err)
{
    const mw_json_options exact = {.exact = true};
    mw_status st;

    if (c->has_values)
        return MW_OK;
    if ((st = need_text(c, err)) != MW_OK || (!c->b && (st = mw_doc_builder_new(NULL, &c->b, err)) != MW_OK))
        return st;
    mw_doc_builder_reset(c->b);
    if ((st = mw_json_read(c->b, c->text.data ? c->text.data : "", c->text.len, &exact, NULL, err)) != MW_OK)
        return st;
    c->root = mw_doc_pop(c->b);
    c->has_values = true;
    return MW_OK;
}

/* JSON made by ourselves: behind the string that begins at @p p. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        p += *p == '\\';
    return p < end ? p + 1 : end;
}

/* The text of member `doc` in the stored resource, an object at its beginning. */
static mw_str doc_text(const char *p, size_t len)
{
    const char *end = p + len, *from = NULL;
    size_t depth = 0;

    while (p < end) {
        const char *was = p;
        if (*p == '"') {
            p = skip_string(p, end);
            if (depth == 1 && p - was == 5 && memcmp(was, "\"doc\"", 5) == 0 && p < end && *p == ':' && !from)
                from = p + 1;
            continue;
        }
        depth += *p == '{' || *p == '[';
        if (*p == '}' || *p == ']')
            depth--;
        if (from && depth == 1 && p >= from)
            return (mw_str){from, (size_t)(p - from) + (*p != ',')};
        p++;
    }
    return (mw_str){NULL, 0};
}

/* ---- columns ---- */

#define JSON_SUBTYPE 74 /* 'J': SQLite's JSON functions take it for what it is */

static void give_json(sqlite3_context *ctx, const mw_doc *d, mw_val v)
{
    MW_AUTO(mw_buf) out = {.max = MW_SNAPSHOT_DOC_MAX + 1};

    if (mw_json_write(&out, d, v, MW_JSON_EXACT) != MW_OK) {
        sqlite3_result_error_toobig(ctx);
        return;
    }
    sqlite3_result_text64(ctx, out.data, out.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    sqlite3_result_subtype(ctx, JSON_SUBTYPE);
}

static void give(sqlite3_context *ctx, const mw_doc *d, mw_val v)
{
    size_t len;
    const char *s;

    switch (mw_val_kind(d, v)) {
    case MW_KIND_BOOL: sqlite3_result_int(ctx, mw_val_bool(d, v)); break;
    case MW_KIND_INT: sqlite3_result_int64(ctx, mw_val_int(d, v)); break;
    case MW_KIND_REAL: sqlite3_result_double(ctx, mw_val_real(d, v)); break;
    case MW_KIND_STRING:
        s = mw_val_str(d, v, &len);
        sqlite3_result_text64(ctx, s, len, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    case MW_KIND_ARRAY:
    case MW_KIND_OBJECT: give_json(ctx, d, v); break;
    default: sqlite3_result_null(ctx); break; /* null, absent, unknown: `unknown` tells them apart */
    }
}

struct unknowns {
    mw_buf path;
    mw_doc_builder *b;
    const mw_doc *d;
    size_t count;
};

static void add_unknown(struct unknowns *u, const char *path, mw_val cause)
{
    u->count++;
    mw_doc_begin_object(u->b);
    mw_doc_member_str(u->b, "path", path);
    mw_doc_ckey(u->b, "cause");
    mw_doc_add_copy(u->b, u->d, cause);
    mw_doc_end_object(u->b);
}

static void find_unknown(struct unknowns *u, mw_val v, unsigned depth)
{
    mw_kind kind = mw_val_kind(u->d, v);
    size_t len = u->path.len, n = mw_val_len(u->d, v);

    if (kind == MW_KIND_UNKNOWN)
        add_unknown(u, u->path.data ? u->path.data : "", mw_val_cause(u->d, v));
    if ((kind != MW_KIND_OBJECT && kind != MW_KIND_ARRAY) || depth > 64)
        return;
    for (size_t i = 0; i < n; i++) {
        mw_val key, member;
        if (kind == MW_KIND_OBJECT) {
            member = mw_val_member(u->d, v, i, &key);
            mw_buf_join(&u->path, len ? "." : "", mw_val_str(u->d, key, NULL), NULL);
        } else {
            member = mw_val_at(u->d, v, i);
            mw_buf_printf(&u->path, "[%zu]", i);
        }
        find_unknown(u, member, depth + 1);
        if (u->path.data)
            u->path.data[u->path.len = len] = '\0';
    }
}

/* NULL when all is known. */
static void give_unknown(cursor *c, sqlite3_context *ctx)
{
    struct unknowns u = {.path = {.max = 1 << 20}, .d = mw_doc_view(c->b)};
    mw_val rest = mw_val_get(u.d, c->root, "rest"), tags = mw_val_get(u.d, c->root, "tags");

    if (mw_doc_builder_new(NULL, &u.b, NULL) != MW_OK) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    mw_doc_begin_array(u.b);
    if (mw_val_kind(u.d, tags) == MW_KIND_UNKNOWN)
        add_unknown(&u, "tags", mw_val_cause(u.d, tags));
    if (mw_val_kind(u.d, rest) == MW_KIND_UNKNOWN)
        add_unknown(&u, "*", mw_val_cause(u.d, rest));
    find_unknown(&u, mw_val_get(u.d, c->root, "doc"), 0);
    mw_doc_end_array(u.b);
    if (mw_doc_builder_status(u.b, NULL) != MW_OK || u.path.failed != MW_OK)
        sqlite3_result_error_nomem(ctx);
    else if (u.count)
        give_json(ctx, mw_doc_view(u.b), mw_doc_pop(u.b));
    else
        sqlite3_result_null(ctx);
    mw_buf_clear(&u.path);
    mw_doc_builder_free(u.b);
}

static void give_document(cursor *c, sqlite3_context *ctx)
{
    mw_str doc = doc_text(c->text.data ? c->text.data : "", c->text.len);

    if (!doc.data)
        return;
    sqlite3_result_text64(ctx, doc.data, doc.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    sqlite3_result_subtype(ctx, JSON_SUBTYPE);
}

static void give_name(sqlite3_context *ctx, const char *s)
{
    sqlite3_result_text(ctx, s, -1, SQLITE_TRANSIENT);
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int i)
{
    cursor *c = (cursor *)base;
    query_view *v = ((query_vtab *)base->pVtab)->view;
    const mw_doc *d;
    mw_error *err = &v->q->failure;

    switch (i) {
    case COL_ACCOUNT: give_name(ctx, c->at->account); return SQLITE_OK;
    case COL_REGION: give_name(ctx, c->at->region); return SQLITE_OK;
    case COL_PARTITION: give_name(ctx, c->at->partition); return SQLITE_OK;
    case COL_TYPE: give_name(ctx, c->at->type); return SQLITE_OK;
    case COL_ID: give_name(ctx, c->at->id); return SQLITE_OK;
    case COL_STALE: sqlite3_result_int(ctx, c->at->stale); return SQLITE_OK;
    case COL_DOCUMENT:
        v->read_document = true;
        if (need_text(c, err) != MW_OK)
            return mw__query_fail(v);
        give_document(c, ctx);
        return SQLITE_OK;
    default: break;
    }
    if (need_values(c, err) != MW_OK)
        return mw__query_fail(v);
    d = mw_doc_view(c->b);
    v->read_tags = v->read_tags || i == COL_TAGS;
    v->read_envelope = v->read_envelope || (i < COL_MEMBERS && i != COL_UNKNOWN);
    if (i == COL_UNKNOWN) {
        give_unknown(c, ctx);
    } else if (i < COL_MEMBERS) {
        give(ctx, d, mw_val_get(d, c->root, mw__query_envelope[i].name));
    } else if ((size_t)(i - COL_MEMBERS) < v->member_count) {
        v->read[i - COL_MEMBERS] = true;
        give(ctx, d, mw_val_get(d, mw_val_get(d, c->root, "doc"), v->members[i - COL_MEMBERS].name));
    }
    return SQLITE_OK;
}

const sqlite3_module mw__query_resources = {
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
