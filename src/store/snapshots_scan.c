/*
 * The resources of a snapshot, one at a time: for readers that cannot be called back, such as a
 * query's cursors, of which several may be open. Documents are unpacked only when they are asked
 * for. A snapshot holds the resources of the scopes that it looked into, no others; readers see the
 * last sealed state and never wait for a writer.
 */
#include "store/snapshots.h"

#include "store/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

struct mw_snapshot_scan {
    mw_store *s;
    mw_query *scopes, *resources, *version;
    char *account, *region, *type, *id; /* of the filter, or NULL */
    int64_t n, vid;
    bool docs, in_scope, stale_all;
    mw_snapshot_resource scope, row; /* names of the scope under way; the resource last given */
};

void mw_snapshot_scan_close(mw_snapshot_scan *x)
{
    if (!x)
        return;
    mw__store_finalize(x->scopes);
    mw__store_finalize(x->resources);
    mw__store_finalize(x->version);
    mw_free(x->account);
    mw_free(x->region);
    mw_free(x->type);
    mw_free(x->id);
    mw_free(x);
}

static mw_status keep(char **to, const char *s, mw_error *err)
{
    if (s && !(*to = mw_strdup(s)))
        return mw_fail(err, MW_ERR_NOMEM, "store: out of memory");
    return MW_OK;
}

/* Of one account the scopes are found by number, not by reading all. */
#define SCOPES                                                                                                         \
    "SELECT c.n, l.complete, l.seen, p.text, a.text, r.text, t.text FROM looked l JOIN scope c"                        \
    " ON c.n = l.scope JOIN word t ON t.n = c.type JOIN word a ON a.n = c.account"                                     \
    " JOIN word r ON r.n = c.region JOIN word p ON p.n = c.partition WHERE l.snapshot = ?4"                            \
    " AND (?1 IS NULL OR a.text = ?1)"
#define SCOPES_ORDER                                                                                                   \
    " AND (?2 IS NULL OR r.text = ?2 OR r.text = '*') AND (?3 IS NULL OR t.text = ?3)"                                 \
    " ORDER BY t.text, a.text, r.text, p.text"
#define RESOURCES(COLUMNS, TABLE)                                                                                      \
    "SELECT r.id, w.text, s.vid, EXISTS(SELECT 1 FROM stale WHERE snapshot = ?3 AND rid = r.rid)" COLUMNS              \
    " FROM resource r JOIN span s ON s.rid = r.rid AND s.rid BETWEEN ?1 AND ?2 AND s.s0 <= ?3 AND (s.s1 IS NULL OR "   \
    "s.s1 > ?3)" TABLE                                                                                                 \
    " LEFT JOIN word w ON w.n = r.region WHERE r.rid BETWEEN ?1 AND ?2 AND (?4 IS NULL OR r.id = ?4)"                  \
    " AND (?5 IS NULL OR w.text = ?5) ORDER BY w.text, r.id"

static mw_status prepare(mw_snapshot_scan *x, const char *id, const mw_snapshot_filter *f, mw_error *err)
{
    const mw_store_query all[] = {
        {&x->scopes,
         f && f->account ? SCOPES " AND l.scope IN (" MW_SCOPES_OF("?1") ")" SCOPES_ORDER : SCOPES SCOPES_ORDER},
        {&x->resources, x->docs ? RESOURCES(", v.dictionary, v.len, v.doc", " LEFT JOIN version v ON v.vid = s.vid")
                                : RESOURCES("", "")},
        {&x->version, MW_VERSION_SQL},
    };
    mw_status st;

    if ((st = mw__store_prepare_all(x->s, all, MW_COUNT(all), err)) != MW_OK ||
        (st = mw__snapshot_number(x->s, id, &x->n, err)) != MW_OK)
        return st;
    if (f && /* the caller's need not live on */
        ((st = keep(&x->account, f->account, err)) != MW_OK || (st = keep(&x->region, f->region, err)) != MW_OK ||
         (st = keep(&x->type, f->type, err)) != MW_OK || (st = keep(&x->id, f->id, err)) != MW_OK))
        return st;
    mw__store_bind(x->scopes, 1, x->account);
    mw__store_bind(x->scopes, 2, x->region);
    mw__store_bind(x->scopes, 3, x->type);
    mw__store_bind_int(x->scopes, 4, x->n);
    return MW_OK;
}

mw_status mw_snapshot_scan_open(mw_store *s, const char *id, const mw_snapshot_filter *filter, bool docs,
                                mw_snapshot_scan **out, mw_error *err)
{
    mw_snapshot_scan *x = mw_alloc(sizeof(*x));
    mw_status st;

    *out = NULL;
    if (!x)
        return mw_fail(err, MW_ERR_NOMEM, "store: out of memory");
    x->s = s;
    x->docs = docs;
    if ((st = prepare(x, id, filter, err)) == MW_OK)
        *out = x;
    else
        mw_snapshot_scan_close(x);
    return st;
}

/* @p found: there is another scope, and its resources are asked for. */
static mw_status next_scope(mw_snapshot_scan *x, bool *found, mw_error *err)
{
    mw_step code = mw__store_step(x->scopes);
    int64_t scope;

    *found = code == MW_ROW;
    if (code != MW_ROW)
        return code == MW_DONE ? MW_OK : mw__store_fail(x->s, "reading scopes", err);
    scope = mw__store_int(x->scopes, 0);
    /* It showed nothing: whatever it holds is from before. */
    x->stale_all = !mw__store_int(x->scopes, 1) && mw__store_int(x->scopes, 2) == 0;
    x->scope = (mw_snapshot_resource){.partition = mw__store_must(x->scopes, 3),
                                      .account = mw__store_must(x->scopes, 4),
                                      .region = mw__store_must(x->scopes, 5),
                                      .type = mw__store_must(x->scopes, 6)};
    mw__store_bind_int(x->resources, 1, scope << MW_POSITION_BITS);
    mw__store_bind_int(x->resources, 2, scope << MW_POSITION_BITS | MW_POSITION_MAX);
    mw__store_bind_int(x->resources, 3, x->n);
    mw__store_bind(x->resources, 4, x->id);
    mw__store_bind(x->resources, 5, mw_str_eq(x->scope.region, "*") ? x->region : NULL);
    return MW_OK;
}

mw_status mw_snapshot_scan_next(mw_snapshot_scan *x, const mw_snapshot_resource **out, mw_error *err)
{
    mw_status st = MW_OK;

    *out = NULL;
    for (;;) {
        mw_step code;
        if (!x->in_scope && ((st = next_scope(x, &x->in_scope, err)) != MW_OK || !x->in_scope))
            return st;
        code = mw__store_step(x->resources);
        if (code == MW_ROW)
            break;
        mw__store_reset(x->resources);
        x->in_scope = false;
        if (code != MW_DONE)
            return mw__store_fail(x->s, "reading resources", err);
    }
    x->row = x->scope;
    x->row.id = mw__store_must(x->resources, 0);
    if (mw__store_text(x->resources, 1))
        x->row.region = mw__store_text(x->resources, 1);
    x->vid = mw__store_int(x->resources, 2);
    x->row.stale = x->stale_all || mw__store_int(x->resources, 3);
    *out = &x->row;
    return MW_OK;
}

mw_status mw_snapshot_scan_doc(mw_snapshot_scan *x, const char **doc, size_t *len, mw_error *err)
{
    return x->docs ? mw__store_document(x->s, x->resources, 4, x->vid, doc, len, err)
                   : mw__store_version(x->s, x->version, x->vid, doc, len, err);
}

mw_status mw_snapshot_resources(mw_store *s, const char *id, const mw_snapshot_filter *filter, bool docs,
                                bool (*row)(void *user, const mw_snapshot_resource *r), void *user, mw_error *err)
{
    mw_snapshot_scan *x;
    mw_status st = mw_snapshot_scan_open(s, id, filter, docs, &x, err);
    const mw_snapshot_resource *r;

    while (st == MW_OK && (st = mw_snapshot_scan_next(x, &r, err)) == MW_OK && r) {
        if (docs && (st = mw_snapshot_scan_doc(x, &x->row.doc, &x->row.len, err)) != MW_OK)
            break;
        if (!row(user, r))
            break;
    }
    mw_snapshot_scan_close(x);
    return st;
}
