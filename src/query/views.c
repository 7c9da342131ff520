/*
 * Which views there are and what columns they have. Names come from the types' aliases; nothing of
 * a snapshot's data can become a name in SQL except the types that it collected, and those are
 * reduced to letters, digits and underscores.
 */
#include "query/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

const mw_column mw__query_envelope[COL_MEMBERS] = {
    {"account", MW_COLUMN_TEXT, false},  {"region", MW_COLUMN_TEXT, false},  {"partition", MW_COLUMN_TEXT, false},
    {"type", MW_COLUMN_TEXT, false},     {"id", MW_COLUMN_TEXT, false},      {"arn", MW_COLUMN_TEXT, false},
    {"name", MW_COLUMN_TEXT, false},     {"created", MW_COLUMN_TEXT, false}, {"tags", MW_COLUMN_JSON, false},
    {"stale", MW_COLUMN_INTEGER, false}, {"unknown", MW_COLUMN_JSON, false}, {"document", MW_COLUMN_JSON, false},
};

const mw_column *mw__query_columns(query_view_kind kind, size_t *count)
{
    static const mw_column coverage[] = {
        {"account", MW_COLUMN_TEXT, false},      {"region", MW_COLUMN_TEXT, false},
        {"partition", MW_COLUMN_TEXT, false},    {"type", MW_COLUMN_TEXT, false},
        {"facet", MW_COLUMN_TEXT, false},        {"state", MW_COLUMN_TEXT, false},
        {"resources", MW_COLUMN_INTEGER, false}, {"calls", MW_COLUMN_INTEGER, false},
        {"cause", MW_COLUMN_JSON, false},        {"class", MW_COLUMN_TEXT, false},
    };
    static const mw_column finding[] = {
        {"run", MW_COLUMN_TEXT, false},        {"rule", MW_COLUMN_TEXT, false},
        {"status", MW_COLUMN_TEXT, false},     {"severity", MW_COLUMN_TEXT, false},
        {"change", MW_COLUMN_TEXT, false},     {"account", MW_COLUMN_TEXT, false},
        {"region", MW_COLUMN_TEXT, false},     {"partition", MW_COLUMN_TEXT, false},
        {"type", MW_COLUMN_TEXT, false},       {"id", MW_COLUMN_TEXT, false},
        {"arn", MW_COLUMN_TEXT, false},        {"name", MW_COLUMN_TEXT, false},
        {"subkey", MW_COLUMN_TEXT, false},     {"message", MW_COLUMN_TEXT, false},
        {"evidence", MW_COLUMN_JSON, false},   {"fingerprint", MW_COLUMN_TEXT, false},
        {"first_seen", MW_COLUMN_TEXT, false}, {"last_seen", MW_COLUMN_TEXT, false},
    };
    static const mw_column run[] = {
        {"id", MW_COLUMN_TEXT, false},           {"started_at", MW_COLUMN_TEXT, false},
        {"finished_at", MW_COLUMN_TEXT, false},  {"engine", MW_COLUMN_TEXT, false},
        {"rules_digest", MW_COLUMN_TEXT, false}, {"findings_digest", MW_COLUMN_TEXT, false},
        {"snapshot", MW_COLUMN_TEXT, false},     {"fixed", MW_COLUMN_INTEGER, false},
        {"coverage", MW_COLUMN_JSON, false},
    };

    switch (kind) {
    case VIEW_COVERAGE: *count = MW_COUNT(coverage); return coverage;
    case VIEW_FINDING: *count = MW_COUNT(finding); return finding;
    case VIEW_RUN: *count = MW_COUNT(run); return run;
    default: *count = COL_MEMBERS; return mw__query_envelope;
    }
}

static bool is_envelope(const char *name)
{
    for (size_t i = 0; i < COL_MEMBERS; i++)
        if (mw_str_ieq(mw__query_envelope[i].name, name))
            return true;
    return false;
}

/* SQL does not tell names by case: of two, and of ours and AWS's, the first is the column. */
mw_status mw__query_prepare_view(query_view *v, mw_error *err)
{
    const mw_column *all;
    mw_column *own;
    size_t n, count = 0;
    mw_status st;

    if (v->ready || v->kind != VIEW_TYPE)
        return MW_OK;
    if ((st = mw_type_columns(v->type, v->q->o.models, &v->q->arena, &all, &n, err)) != MW_OK)
        return st;
    own = mw_arena_alloc(&v->q->arena, (n + 1) * sizeof(*own));
    v->read = mw_arena_alloc(&v->q->arena, n + 1);
    if (!own || !v->read)
        return mw_fail(err, MW_ERR_NOMEM, "query: out of memory");
    for (size_t i = 0; i < n; i++) {
        bool taken = is_envelope(all[i].name) || strchr(all[i].name, '"') != NULL;
        for (size_t k = 0; k < count && !taken; k++)
            taken = mw_str_ieq(own[k].name, all[i].name);
        if (!taken)
            own[count++] = all[i];
    }
    v->members = own;
    v->member_count = count;
    v->ready = true;
    return MW_OK;
}

bool mw__query_collected(const query_view *v, const char *member)
{
    const mw_doc *d = v->q->about;
    mw_val types = mw_val_get(d, mw_doc_root(d), "types"),
           list = mw_val_get(d, mw_val_get(d, types, v->type_name), "collected");
    size_t len = strlen(member);

    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        const char *facet = mw_val_str(d, mw_val_at(d, list, i), NULL);
        if (facet && strncmp(facet, member, len) == 0 && (facet[len] == '\0' || facet[len] == '.'))
            return true;
    }
    return false;
}

/* ---- what SQLite asks of every view ---- */

static void declare(mw_buf *sql, const mw_column *columns, size_t count)
{
    static const char *const kinds[] = {"TEXT", "INTEGER", "REAL", QUERY_JSON_TYPE};

    for (size_t i = 0; i < count; i++)
        mw_buf_printf(sql, "%s\"%s\" %s", sql->data[sql->len - 1] == '(' ? "" : ", ", columns[i].name,
                      kinds[columns[i].kind]);
}

int mw__query_open_cursor(const void *fresh, size_t size, sqlite3_vtab_cursor **out)
{
    *out = sqlite3_malloc64(size);
    if (!*out)
        return SQLITE_NOMEM;
    memcpy(*out, fresh, size);
    return SQLITE_OK;
}

int mw__query_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
    MW_AUTO(mw_buf) sql = {.max = 1 << 20};
    query_view *v = aux;
    query_vtab *made;
    size_t count;
    const mw_column *columns = mw__query_columns(v->kind, &count);
    int code;

    (void)argc;
    (void)argv;
    *message = NULL;
    if (mw__query_prepare_view(v, &v->q->failure) != MW_OK)
        return SQLITE_NOMEM;
    mw_buf_puts(&sql, "CREATE TABLE x(");
    if (sql.failed == MW_OK) {
        declare(&sql, columns, count);
        declare(&sql, v->members, v->member_count);
    }
    mw_buf_putc(&sql, ')');
    if (sql.failed != MW_OK)
        return SQLITE_NOMEM;
    v->q->declaring = true; /* the authorizer sees our CREATE TABLE too */
    code = sqlite3_declare_vtab(db, sql.data);
    v->q->declaring = false;
    if (code != SQLITE_OK) {
        *message = sqlite3_mprintf("%s", sqlite3_errmsg(db));
        return code;
    }
    if (!(made = sqlite3_malloc64(sizeof(*made))))
        return SQLITE_NOMEM;
    *made = (query_vtab){.view = v};
    *out = &made->base;
    return SQLITE_OK;
}

int mw__query_disconnect(sqlite3_vtab *v)
{
    sqlite3_free(v);
    return SQLITE_OK;
}

int mw__query_fail(query_view *v)
{
    switch (v->q->failure.status) {
    case MW_ERR_NOMEM: return SQLITE_NOMEM;
    default: return SQLITE_ERROR;
    }
}
