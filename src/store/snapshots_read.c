/*
 * Reading snapshots: their ledgers, the states of a resource, and what changed between two. Readers
 * see the last sealed state; they never wait for a writer.
 */
#include "store/snapshots.h"

#include "store/internal.h"

#include "base/mem.h"

#include <string.h>

/* Scopes with their words; WHERE conditions follow. */
#define SCOPE_TABLES                                                                                                   \
    " scope c JOIN word t ON t.n = c.type JOIN word a ON a.n = c.account JOIN word r ON r.n = "                        \
    "c.region"                                                                                                         \
    " JOIN word p ON p.n = c.partition "
#define SCOPE_MATCHES                                                                                                  \
    " (?1 IS NULL OR a.text = ?1) AND (?2 IS NULL OR r.text = ?2 OR r.text = '*') AND (?3 IS "                         \
    "NULL OR t.text = ?3) "

static void bind_filter(mw_query *q, const mw_snapshot_filter *f)
{
    mw__store_bind(q, 1, f ? f->account : NULL);
    mw__store_bind(q, 2, f ? f->region : NULL);
    mw__store_bind(q, 3, f ? f->type : NULL);
}

/* Columns from @p at on: partition, account, region, type. */
static mw_snapshot_resource scope_of(mw_query *q, int at)
{
    return (mw_snapshot_resource){.partition = mw__store_must(q, at),
                                  .account = mw__store_must(q, at + 1),
                                  .region = mw__store_must(q, at + 2),
                                  .type = mw__store_must(q, at + 3)};
}

#define LEDGER                                                                                                         \
    "SELECT p.text, a.text, r.text, t.text, f.text, st.text, v.resources, v.calls, v.cause FROM" SCOPE_TABLES          \
    "JOIN coverage v ON v.scope = c.n JOIN word st ON st.n = v.state"                                                  \
    " LEFT JOIN word f ON f.n = v.facet WHERE v.snapshot = ?1"
#define LEDGER_ORDER " ORDER BY a.text, r.text, t.text, coalesce(f.text, '')"

mw_status mw_snapshot_scopes(mw_store *s, const char *id, bool (*row)(void *user, const mw_snapshot_scope *scope),
                             void *user, mw_error *err)
{
    return mw_snapshot_scopes_of(s, id, NULL, row, user, err);
}

mw_status mw_snapshot_scopes_of(mw_store *s, const char *id, const char *account,
                                bool (*row)(void *user, const mw_snapshot_scope *scope), void *user, mw_error *err)
{
    int64_t n;
    mw_step code = MW_DONE;
    mw_query *q = NULL;
    mw_status st = mw__snapshot_number(s, id, &n, err);

    if (st == MW_OK)
        st = mw__store_prepare(
            s, account ? LEDGER " AND v.scope IN (" MW_SCOPES_OF("?2") ")" LEDGER_ORDER : LEDGER LEDGER_ORDER, &q, err);
    if (st == MW_OK) {
        mw__store_bind_int(q, 1, n);
        if (account)
            mw__store_bind(q, 2, account);
    }
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        const mw_snapshot_scope e = {.partition = mw__store_must(q, 0),
                                     .account = mw__store_must(q, 1),
                                     .region = mw__store_must(q, 2),
                                     .type = mw__store_must(q, 3),
                                     .facet = mw__store_text(q, 4),
                                     .state = mw__store_must(q, 5),
                                     .resources = mw__store_int(q, 6),
                                     .calls = mw__store_int(q, 7),
                                     .cause = mw__store_text(q, 8)};
        if (!row(user, &e)) {
            code = MW_DONE;
            break;
        }
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(s, "reading coverage", err);
    mw__store_finalize(q);
    return st;
}

/* ---- the log of a resource ---- */

mw_status mw_snapshot_log(mw_store *s, const mw_snapshot_filter *filter,
                          bool (*row)(void *user, const mw_snapshot_version *v), void *user, mw_error *err)
{
    mw_query *q = NULL, *version = NULL;
    const mw_store_query all[] = {
        /* The snapshot that a span began with may have been pruned: the next one that is there saw
           it then. */
        {&q, "SELECT p.text, a.text, coalesce(w.text, r.text), t.text, x.id, s.vid,"
             " (SELECT id FROM snapshot WHERE open = 0 AND n >= s.s0 ORDER BY n LIMIT 1),"
             " (SELECT taken_at FROM snapshot WHERE open = 0 AND n >= s.s0 ORDER BY n LIMIT 1),"
             " (SELECT id FROM snapshot WHERE open = 0 AND n >= s.s1 ORDER BY n LIMIT 1),"
             " (SELECT taken_at FROM snapshot WHERE open = 0 AND n >= s.s1 ORDER BY n LIMIT 1)"
             " FROM" SCOPE_TABLES "JOIN resource x ON x.rid BETWEEN c.n << ?5 AND (c.n << ?5) + ?6"
             " JOIN span s ON s.rid = x.rid LEFT JOIN word w ON w.n = x.region"
             " WHERE" SCOPE_MATCHES "AND x.id = ?4 AND EXISTS(SELECT 1 FROM snapshot WHERE open = 0 AND n >= s.s0) AND "
             "(?2 IS NULL OR coalesce(w.text, r.text) = ?2)"
             " ORDER BY a.text, 3, p.text, s.s0"},
        {&version, MW_VERSION_SQL},
    };
    mw_step code = MW_DONE;
    mw_status st;

    if (!filter->type || !filter->id)
        return mw_fail(err, MW_ERR_INVALID, "store: the log needs a type and an id");
    if ((st = mw__store_prepare_all(s, all, MW_COUNT(all), err)) == MW_OK) {
        bind_filter(q, filter);
        mw__store_bind(q, 4, filter->id);
        mw__store_bind_int(q, 5, MW_POSITION_BITS);
        mw__store_bind_int(q, 6, MW_POSITION_MAX);
    }
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        mw_snapshot_version v = {.first = mw__store_must(q, 6),
                                 .first_at = mw__store_must(q, 7),
                                 .ended = mw__store_text(q, 8),
                                 .ended_at = mw__store_text(q, 9),
                                 .resource = scope_of(q, 0)};
        v.resource.id = mw__store_must(q, 4);
        st = mw__store_version(s, version, mw__store_int(q, 5), &v.resource.doc, &v.resource.len, err);
        if (st == MW_OK && !row(user, &v)) {
            code = MW_DONE;
            break;
        }
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(s, "reading a log", err);
    mw__store_finalize(q);
    mw__store_finalize(version);
    return st;
}

/* ---- what differs between two snapshots ---- */

struct diff {
    mw_store *s;
    int64_t from, to;
    bool docs;
    mw_query *changed, *scope, *resource, *version;
    int64_t scope_n; /* the scope last asked for, and whether both looked into it */
    bool both;
    bool (*row)(void *user, const mw_snapshot_difference *d);
    void *user;
    mw_buf before;
};

/* Changes come by scope: one query for each of these. */
static mw_status in_both(struct diff *x, int64_t scope, mw_error *err)
{
    mw_step code;

    if (scope == x->scope_n)
        return MW_OK;
    mw__store_reset(x->scope);
    mw__store_bind_int(x->scope, 1, scope);
    mw__store_bind_int(x->scope, 2, x->from);
    mw__store_bind_int(x->scope, 3, x->to);
    code = mw__store_step(x->scope); /* stays on its row: its texts are used until the next scope */
    x->both = code == MW_ROW;
    x->scope_n = scope;
    return code == MW_ROW || code == MW_DONE ? MW_OK : mw__store_fail(x->s, "reading a scope", err);
}

static mw_status read_docs(struct diff *x, int64_t before, int64_t after, mw_snapshot_difference *d, mw_error *err)
{
    const char *doc;
    size_t len;
    mw_status st = MW_OK;

    if (!x->docs)
        return MW_OK;
    if (before && after) { /* both are borrowed from one place: the first is copied */
        mw_buf_reset(&x->before);
        if ((st = mw__store_version(x->s, x->version, before, &doc, &len, err)) != MW_OK)
            return st;
        if (mw_buf_add(&x->before, doc, len, err) != MW_OK)
            return mw_buf_status(&x->before, err);
        d->before = x->before.data;
        d->before_len = len;
    }
    return mw__store_version(x->s, x->version, after ? after : before, &d->resource.doc, &d->resource.len, err);
}

/* What became of one resource: the versions that held in the older and in the newer snapshot, 0 =
 * none. */
struct change {
    int64_t rid, old, new, new_s0;
};

static mw_status tell(struct diff *x, const struct change *c, bool *stop, mw_error *err)
{
    int64_t before = x->from <= x->to ? c->old : c->new, after = x->from <= x->to ? c->new : c->old;
    mw_snapshot_difference d = {0};
    mw_status st;

    if (before == after)
        return MW_OK;
    if ((st = in_both(x, c->rid >> MW_POSITION_BITS, err)) != MW_OK || !x->both)
        return st;
    mw__store_bind_int(x->resource, 1, c->rid);
    if (mw__store_step(x->resource) == MW_ROW) {
        d.change = !before ? MW_SNAPSHOT_ADDED : !after ? MW_SNAPSHOT_REMOVED : MW_SNAPSHOT_CHANGED;
        d.resource = scope_of(x->scope, 0);
        d.resource.id = mw__store_must(x->resource, 0);
        if (mw__store_text(x->resource, 1))
            d.resource.region = mw__store_text(x->resource, 1);
        if ((st = read_docs(x, before, after, &d, err)) == MW_OK)
            *stop = !x->row(x->user, &d);
    } else {
        st = mw_fail(err, MW_ERR_PARSE, "store %s is damaged: resource %lld is missing", x->s->path, (long long)c->rid);
    }
    mw__store_reset(x->resource);
    return st;
}

/*
 * Beginnings and ends of spans after the older snapshot, up to the newer one, by resource. What
 * ended and had begun before held in the older; what began and has not ended holds in the newer.
 */
static mw_status compare(struct diff *x, int64_t older, mw_error *err)
{
    struct change c = {0};
    bool stop = false;
    mw_status st = MW_OK;
    mw_step code = MW_DONE;

    while (st == MW_OK && !stop && (code = mw__store_step(x->changed)) == MW_ROW) {
        int64_t rid = mw__store_int(x->changed, 0), s0 = mw__store_int(x->changed, 1);
        bool ended = !mw__store_null(x->changed, 2);
        int64_t vid = mw__store_int(x->changed, 3);
        if (rid != c.rid) {
            st = tell(x, &c, &stop, err);
            c = (struct change){.rid = rid};
        }
        if (!ended) {
            c.new = vid;
            c.new_s0 = s0;
        } else if (s0 <= older) {
            c.old = vid;
        } else if (s0 == c.new_s0) {
            c.new = 0;
        }
    }
    if (st == MW_OK && !stop)
        st = code == MW_DONE ? tell(x, &c, &stop, err) : mw__store_fail(x->s, "comparing snapshots", err);
    return st;
}

mw_status mw_snapshot_diff(mw_store *s, const char *from, const char *to, bool docs,
                           bool (*row)(void *user, const mw_snapshot_difference *d), void *user, mw_error *err)
{
    struct diff x = {.s = s, .docs = docs, .row = row, .user = user, .before = {.max = MW_SNAPSHOT_DOC_MAX + 1}};
    const mw_store_query all[] = {
        {&x.changed, "SELECT rid, s0, NULL AS ended, vid FROM span WHERE s0 > ?1 AND s0 <= ?2"
                     " UNION ALL SELECT rid, s0, s1, vid FROM span WHERE s1 > ?1 AND s1 <= ?2 "
                     "ORDER BY 1, 2, 3 NULLS FIRST"},
        {&x.scope, "SELECT p.text, a.text, r.text, t.text FROM" SCOPE_TABLES "WHERE c.n = ?1"
                   " AND EXISTS(SELECT 1 FROM looked WHERE snapshot = ?2 AND scope = ?1)"
                   " AND EXISTS(SELECT 1 FROM looked WHERE snapshot = ?3 AND scope = ?1)"},
        {&x.resource, "SELECT x.id, w.text FROM resource x LEFT JOIN word w ON w.n = x.region WHERE x.rid = ?1"},
        {&x.version, MW_VERSION_SQL},
    };
    mw_status st;

    if ((st = mw__store_prepare_all(s, all, MW_COUNT(all), err)) == MW_OK &&
        (st = mw__snapshot_number(s, from, &x.from, err)) == MW_OK &&
        (st = mw__snapshot_number(s, to, &x.to, err)) == MW_OK) {
        int64_t older = x.from < x.to ? x.from : x.to;
        mw__store_bind_int(x.changed, 1, older);
        mw__store_bind_int(x.changed, 2, x.from < x.to ? x.to : x.from);
        st = compare(&x, older, err);
    }
    for (size_t i = 0; i < MW_COUNT(all); i++)
        mw__store_finalize(*all[i].to);
    mw_buf_clear(&x.before);
    return st;
}
