/*
 * Snapshots that are taken account by account. The parts of an open one are ordinary rows of the
 * tables, under its number, which no reader asks for before it is published; an open snapshot that
 * nobody goes on with is taken back to the last row. Relies on there being one open snapshot at a
 * time, and none younger than it: only so can what it ended be made to go on.
 */
#include "store/internal.h"
#include "store/snapshots.h"

#include "base/buf.h"

#include <string.h>

mw_status mw_snapshot_begin_part(mw_store *s, const char *id, const char *taken_at, const char *about,
                                 mw_snapshot_writer **out, mw_error *err)
{
    const char *const fields[4] = {id, taken_at, "", about};

    return mw__snapshot_begin(s, fields, true, out, err);
}

mw_status mw_snapshot_name_part(mw_snapshot_writer *w, const char *account, const char *digest, mw_error *err)
{
    int64_t n;
    mw_store *s = mw__snapshot_of(w, &n);
    mw_query *q;
    mw_status st = mw__store_prepare(s, "INSERT INTO part VALUES(?1,?2,?3)", &q, err);

    if (st == MW_OK) {
        mw__store_bind_int(q, 1, n);
        mw__store_bind(q, 2, account);
        mw__store_bind(q, 3, digest);
        if ((st = mw__store_run(s, q, "recording an account", err)) != MW_OK && mw__store_taken(s))
            st = mw_fail(err, MW_ERR_CONFLICT, "store %s: account %s is in this run already", s->path, account);
    }
    mw__store_finalize(q);
    return st;
}

mw_status mw_snapshot_parts(mw_store *s, const char *id,
                            bool (*row)(void *user, const char *account, const char *digest), void *user, mw_error *err)
{
    mw_query *q;
    mw_step code = MW_DONE;
    mw_status st = mw__store_prepare(s,
                                     "SELECT p.account, p.digest FROM snapshot x JOIN part p ON "
                                     "p.snapshot = x.n WHERE x.id = ?1 ORDER BY p.account",
                                     &q, err);

    if (st != MW_OK)
        return st;
    mw__store_bind(q, 1, id);
    while ((code = mw__store_step(q)) == MW_ROW)
        if (!row(user, mw__store_must(q, 0), mw__store_must(q, 1))) {
            code = MW_DONE;
            break;
        }
    if (code != MW_DONE)
        st = mw__store_fail(s, "reading accounts", err);
    mw__store_finalize(q);
    return st;
}

static bool take_counts(void *user, const mw_snapshot_info *info)
{
    *(mw_snapshot_counts *)user = info->counts;
    return false;
}

mw_status mw_snapshot_publish(mw_store *s, const char *id, const char *digest, mw_snapshot_counts *counts,
                              mw_error *err)
{
    mw_query *q;
    mw_status st =
        mw__store_prepare(s, "UPDATE snapshot SET open = 0, digest = ?2 WHERE id = ?1 AND open = 1", &q, err);

    if (st == MW_OK) {
        mw__store_bind(q, 1, id);
        mw__store_bind(q, 2, digest);
        st = mw__store_run(s, q, "publishing a snapshot", err);
    }
    mw__store_finalize(q);
    if (st == MW_OK && mw__store_changes(s) == 0)
        st = mw_fail(err, MW_ERR_NOTFOUND, "store %s has no open snapshot %s", s->path, id);
    return st == MW_OK && counts ? mw_snapshot_find(s, id, take_counts, counts, err) : st;
}

/* What it began goes, what it ended goes on. ?1 is its number. */
static const char *const steps[] = {
    "CREATE TEMP TABLE IF NOT EXISTS undone(rid BIGINT, vid BIGINT)",
    "DELETE FROM undone",
    "INSERT INTO undone SELECT rid, vid FROM span WHERE s0 = ?1",
    "DELETE FROM span WHERE s0 = ?1",
    "UPDATE span SET s1 = NULL WHERE s1 = ?1",
    "DELETE FROM version WHERE vid IN (SELECT u.vid FROM undone u WHERE NOT EXISTS(SELECT 1 FROM span s"
    " WHERE s.rid = u.rid AND s.vid = u.vid))",
    /* A row stays where the next number is taken: its owner may have been moved on by this one. */
    "DELETE FROM resource WHERE rid IN (SELECT u.rid FROM undone u WHERE NOT EXISTS(SELECT 1 FROM span s"
    " WHERE s.rid = u.rid) AND NOT EXISTS(SELECT 1 FROM resource x WHERE x.rid = u.rid + 1))",
    "DELETE FROM coverage WHERE snapshot = ?1",
    "DELETE FROM looked WHERE snapshot = ?1",
    "DELETE FROM stale WHERE snapshot = ?1",
    "DELETE FROM part WHERE snapshot = ?1",
    "DELETE FROM snapshot WHERE n = ?1",
};

static mw_status drop(mw_store *s, int64_t n, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < MW_COUNT(steps) && st == MW_OK; i++) {
        mw_query *q;
        if ((st = mw__store_prepare(s, steps[i], &q, err)) == MW_OK) {
            if (strstr(steps[i], "?1"))
                mw__store_bind_int(q, 1, n);
            st = mw__store_run(s, q, "taking back a run that was not ended", err);
        }
        mw__store_finalize(q);
    }
    return st;
}

/* The youngest one that nobody writes to, 0 = none. */
static mw_status find_left(mw_store *s, const char *id, int64_t *n, mw_error *err)
{
    MW_AUTO(mw_buf) sql = {.max = 4096};
    mw_query *q;
    mw_status st;

    *n = 0;
    mw_buf_printf(&sql,
                  "SELECT n FROM snapshot WHERE open = 1 AND id IS DISTINCT FROM ?1 AND %s ORDER BY n DESC LIMIT 1",
                  s->driver->unwritten);
    if ((st = mw_buf_status(&sql, err)) == MW_OK && (st = mw__store_prepare(s, sql.data, &q, err)) == MW_OK) {
        mw__store_bind(q, 1, id);
        st = mw__store_run_int(s, q, "looking for runs that were not ended", n, err);
        mw__store_finalize(q);
    }
    return st;
}

mw_status mw__snapshots_drop_open(mw_store *s, const char *id, mw_error *err)
{
    int64_t n;
    mw_status st = find_left(s, id, &n, err);

    if (st != MW_OK || n == 0 || (st = s->driver->lock_open(s, err)) != MW_OK)
        return st;
    while ((st = find_left(s, id, &n, err)) == MW_OK && n != 0)
        if ((st = drop(s, n, err)) != MW_OK)
            return st;
    return st;
}
