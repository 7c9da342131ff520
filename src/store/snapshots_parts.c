/*
 * Snapshots that are taken account by account. The parts of an open one are ordinary rows of the
 * tables, under its number, which no reader asks for before it is published; an open snapshot that
 * nobody goes on with is taken back to the last row. Relies on there being one open snapshot at a
 * time, and none younger than it: only so can what it ended be made to go on.
 */
#include "store/internal.h"
#include "store/snapshots.h"

#include "base/buf.h"

mw_status mw_snapshot_begin_part(mw_store *s, const char *id, const char *taken_at,
                                 const char *about, mw_snapshot_writer **out, mw_error *err)
{
    const char *const fields[4] = {id, taken_at, "", about};

    return mw__snapshot_begin(s, fields, true, out, err);
}

mw_status mw_snapshot_name_part(mw_snapshot_writer *w, const char *account, const char *digest,
                                mw_error *err)
{
    int64_t n;
    mw_store *s = mw__snapshot_of(w, &n);
    sqlite3_stmt *q;
    mw_status st = mw__store_prepare(s, "INSERT INTO part VALUES(?1,?2,?3)", &q, err);

    if (st == MW_OK) {
        sqlite3_bind_int64(q, 1, n);
        mw__store_bind(q, 2, account);
        mw__store_bind(q, 3, digest);
        if (sqlite3_step(q) != SQLITE_DONE)
            st = (sqlite3_errcode(s->db) & 0xFF) == SQLITE_CONSTRAINT
                     ? mw_fail(err, MW_ERR_CONFLICT, "store %s: account %s is in this run already",
                               s->path, account)
                     : mw__store_fail(s, "recording an account", err);
    }
    sqlite3_finalize(q);
    return st;
}

mw_status mw_snapshot_parts(mw_store *s, const char *id,
                            bool (*row)(void *user, const char *account, const char *digest),
                            void *user, mw_error *err)
{
    sqlite3_stmt *q;
    int code = SQLITE_DONE;
    mw_status st = mw__store_prepare(s,
                                     "SELECT p.account, p.digest FROM snapshot x JOIN part p ON "
                                     "p.snapshot = x.n WHERE x.id = ?1 ORDER BY p.account",
                                     &q, err);

    if (st != MW_OK)
        return st;
    mw__store_bind(q, 1, id);
    while ((code = sqlite3_step(q)) == SQLITE_ROW)
        if (!row(user, mw__store_must(q, 0), mw__store_must(q, 1))) {
            code = SQLITE_DONE;
            break;
        }
    if (code != SQLITE_DONE)
        st = mw__store_fail(s, "reading accounts", err);
    sqlite3_finalize(q);
    return st;
}

static bool take_counts(void *user, const mw_snapshot_info *info)
{
    *(mw_snapshot_counts *)user = info->counts;
    return false;
}

mw_status mw_snapshot_publish(mw_store *s, const char *id, const char *digest,
                              mw_snapshot_counts *counts, mw_error *err)
{
    sqlite3_stmt *q;
    mw_status st = mw__store_prepare(
        s, "UPDATE snapshot SET open = 0, digest = ?2 WHERE id = ?1 AND open = 1", &q, err);

    if (st == MW_OK) {
        mw__store_bind(q, 1, id);
        mw__store_bind(q, 2, digest);
        st = mw__store_run(s, q, "publishing a snapshot", err);
    }
    sqlite3_finalize(q);
    if (st == MW_OK && sqlite3_changes(s->db) == 0)
        st = mw_fail(err, MW_ERR_NOTFOUND, "store %s has no open snapshot %s", s->path, id);
    return st == MW_OK && counts ? mw_snapshot_find(s, id, take_counts, counts, err) : st;
}

/* What it began goes, what it ended goes on. ?1 is its number. */
static const char *const steps[] = {
    "CREATE TEMP TABLE IF NOT EXISTS undone(rid INTEGER, vid INTEGER)",
    "DELETE FROM temp.undone",
    "INSERT INTO temp.undone SELECT rid, vid FROM span WHERE s0 = ?1",
    "DELETE FROM span WHERE (rid, s0) IN (SELECT rid, ?1 FROM temp.undone)",
    "UPDATE span SET s1 = NULL WHERE s1 = ?1",
    "DELETE FROM version WHERE vid IN (SELECT u.vid FROM temp.undone u WHERE NOT EXISTS(SELECT 1 FROM span s"
    " WHERE s.rid = u.rid AND s.vid = u.vid))",
    /* A row stays where the next number is taken: its owner may have been moved on by this one. */
    "DELETE FROM resource WHERE rid IN (SELECT u.rid FROM temp.undone u WHERE NOT EXISTS(SELECT 1 FROM span s"
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
        sqlite3_stmt *q;
        if ((st = mw__store_prepare(s, steps[i], &q, err)) == MW_OK) {
            if (sqlite3_bind_parameter_count(q) > 0)
                sqlite3_bind_int64(q, 1, n);
            st = mw__store_run(s, q, "taking back a run that was not ended", err);
        }
        sqlite3_finalize(q);
    }
    return st;
}

mw_status mw__snapshots_drop_open(mw_store *s, const char *id, mw_error *err)
{
    sqlite3_stmt *q;
    int64_t n = 0;
    int code = SQLITE_DONE;
    mw_status st = mw__store_prepare(
        s, "SELECT n FROM snapshot WHERE open = 1 AND id IS NOT ?1 ORDER BY n DESC LIMIT 1", &q, err);

    while (st == MW_OK) {
        mw__store_bind(q, 1, id);
        code = sqlite3_step(q);
        n = code == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
        sqlite3_reset(q);
        if (code != SQLITE_ROW)
            break;
        st = drop(s, n, err);
    }
    if (st == MW_OK && code != SQLITE_DONE)
        st = mw__store_fail(s, "looking for runs that were not ended", err);
    sqlite3_finalize(q);
    return st;
}
