/*
 * The database file: creation, permissions, settings, migrations, and how failures are told. SQLite does
 * the work; this unit relies on its file permissions following the main file's (so -wal and -shm are 0600
 * too). It must never open a file that is newer, damaged or somebody else's as if it were ours.
 */
#include "store/internal.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "MWRD": tells our files from other SQLite databases (PRAGMA application_id). */
#define APPLICATION_ID 0x4D575244
#define BUSY_TIMEOUT_MS 30000

/* migrations[i] takes schema i to i + 1. Never edited once released: only appended to. */
static const char *const migrations[] = {
    /* A verdict is stored once, whatever the number of runs that gave it: a run refers to it. Its number
       comes from its digest, so that no second index is needed to find it. */
    "CREATE TABLE run(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, started_at TEXT NOT NULL,"
    "  finished_at TEXT, engine TEXT, rules_digest TEXT, findings_digest TEXT, snapshot TEXT,"
    "  coverage TEXT, fixed INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE verdict(n INTEGER PRIMARY KEY, digest BLOB NOT NULL, fingerprint TEXT NOT NULL,"
    "  rule TEXT NOT NULL, status TEXT NOT NULL, severity TEXT, type TEXT, id TEXT, arn TEXT, name TEXT,"
    "  account TEXT, region TEXT, partition TEXT, subkey TEXT, message TEXT, evidence TEXT) STRICT;"
    "CREATE TABLE finding(run INTEGER NOT NULL, seq INTEGER NOT NULL, verdict INTEGER NOT NULL,"
    "  change TEXT NOT NULL, first_seen TEXT, last_seen TEXT, PRIMARY KEY(run, seq))"
    "  WITHOUT ROWID, STRICT;"
    /* One row for each fingerprint that ever failed: its life so far. */
    "CREATE TABLE ledger(fingerprint TEXT PRIMARY KEY, rule TEXT NOT NULL, type TEXT, id TEXT,"
    "  account TEXT, region TEXT, open INTEGER NOT NULL, first_seen TEXT NOT NULL,"
    "  last_seen TEXT NOT NULL, fixed_at TEXT, seen_run INTEGER NOT NULL) WITHOUT ROWID, STRICT;"
    "CREATE INDEX ledger_open ON ledger(rule) WHERE open = 1;",
    /* Snapshots (docs/internals/store.md). A resource's number is its scope's and the beginning of its key, so
       that a scope's resources and spans lie together, and none needs a second index. */
    "CREATE TABLE word(n INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE scope(n INTEGER PRIMARY KEY, partition INTEGER NOT NULL, account INTEGER NOT NULL,"
    "  region INTEGER NOT NULL, type INTEGER NOT NULL, UNIQUE(type, account, region, partition)) STRICT;"
    "CREATE TABLE snapshot(n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    "  taken_at TEXT NOT NULL, digest TEXT NOT NULL, about TEXT NOT NULL, resources INTEGER NOT NULL DEFAULT 0,"
    "  stale INTEGER NOT NULL DEFAULT 0, added INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0,"
    "  removed INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE coverage(snapshot INTEGER NOT NULL, scope INTEGER NOT NULL, facet INTEGER NOT NULL,"
    "  state INTEGER NOT NULL, resources INTEGER NOT NULL, calls INTEGER NOT NULL, cause TEXT,"
    "  PRIMARY KEY(snapshot, scope, facet)) WITHOUT ROWID, STRICT;"
    /* The scopes whose resources a snapshot holds. */
    "CREATE TABLE looked(snapshot INTEGER NOT NULL, scope INTEGER NOT NULL, complete INTEGER NOT NULL,"
    "  seen INTEGER NOT NULL, PRIMARY KEY(snapshot, scope)) WITHOUT ROWID, STRICT;"
    "CREATE TABLE dictionary(n INTEGER PRIMARY KEY, type INTEGER NOT NULL, sha BLOB NOT NULL,"
    "  body BLOB NOT NULL) STRICT;"
    "CREATE TABLE resource(rid INTEGER PRIMARY KEY, id TEXT NOT NULL, region INTEGER) STRICT;"
    "CREATE TABLE version(vid INTEGER PRIMARY KEY, rid INTEGER NOT NULL, dictionary INTEGER NOT NULL,"
    "  len INTEGER NOT NULL, doc BLOB NOT NULL) STRICT;"
    /* From snapshot s0 to before snapshot s1 (null = it still holds) the resource was as in this version. */
    "CREATE TABLE span(rid INTEGER NOT NULL, s0 INTEGER NOT NULL, s1 INTEGER, vid INTEGER NOT NULL,"
    "  sha BLOB NOT NULL, PRIMARY KEY(rid, s0)) WITHOUT ROWID, STRICT;"
    /* With what a diff asks for: it need not look at the spans themselves. */
    "CREATE INDEX span_begin ON span(s0, rid, vid);"
    "CREATE INDEX span_end ON span(s1, rid, s0, vid) WHERE s1 IS NOT NULL;"
    /* What an incomplete scope did not show, where it showed something; else all of it is stale. */
    "CREATE TABLE stale(snapshot INTEGER NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY(snapshot, rid))"
    "  WITHOUT ROWID, STRICT;",
    /* Snapshots that are taken account by account: open until the last is there. */
    "ALTER TABLE snapshot ADD COLUMN open INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE part(snapshot INTEGER NOT NULL, account TEXT NOT NULL, digest TEXT NOT NULL,"
    "  PRIMARY KEY(snapshot, account)) WITHOUT ROWID, STRICT;"
    "DROP INDEX ledger_open; CREATE INDEX ledger_open ON ledger(rule, account) WHERE open = 1;",
};
#define SCHEMA ((int)MW_COUNT(migrations))

mw_status mw__store_fail(mw_store *s, const char *doing, mw_error *err)
{
    int code = s->db ? sqlite3_errcode(s->db) : SQLITE_NOMEM;
    const char *why = s->db ? sqlite3_errmsg(s->db) : "out of memory";

    switch (code & 0xFF) {
    case SQLITE_NOMEM:
        return mw_fail(err, MW_ERR_NOMEM, "store %s: %s: out of memory", s->path, doing);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return mw_fail(err, MW_ERR_PARSE,
                       "store %s: %s: not a Moonward database, or damaged (%s); move it away or name "
                       "another with --store", s->path, doing, why);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return mw_fail(err, MW_ERR_CONFLICT,
                       "store %s: %s: another process has held it for %d s", s->path, doing,
                       BUSY_TIMEOUT_MS / 1000);
    case SQLITE_FULL:
        return mw_fail(err, MW_ERR_IO, "store %s: %s: the disk is full", s->path, doing);
    default:
        return mw_fail(err, MW_ERR_IO, "store %s: %s: %s", s->path, doing, why);
    }
}

mw_status mw__store_exec(mw_store *s, const char *sql, const char *doing, mw_error *err)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return mw__store_fail(s, doing, err);
    return MW_OK;
}

mw_status mw__store_prepare(mw_store *s, const char *sql, sqlite3_stmt **out, mw_error *err)
{
    *out = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, out, NULL) != SQLITE_OK)
        return mw__store_fail(s, "preparing a query", err);
    return MW_OK;
}

mw_status mw__store_prepare_all(mw_store *s, const mw_store_query *all, size_t count, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < count; i++)
        *all[i].to = NULL;
    for (size_t i = 0; i < count && st == MW_OK; i++)
        st = mw__store_prepare(s, all[i].sql, all[i].to, err);
    return st;
}

void mw__store_bind(sqlite3_stmt *q, int at, const char *text)
{
    /* A failure (out of memory) shows as a NOT NULL or step failure; null for NULL. */
    (void)sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
}

mw_status mw__store_run(mw_store *s, sqlite3_stmt *q, const char *doing, mw_error *err)
{
    mw_status st = MW_OK;

    if (sqlite3_step(q) != SQLITE_DONE)
        st = mw__store_fail(s, doing, err);
    sqlite3_reset(q);
    return st;
}

const char *mw__store_text(sqlite3_stmt *q, int column)
{
    return (const char *)sqlite3_column_text(q, column);
}

const char *mw__store_must(sqlite3_stmt *q, int column)
{
    const char *text = mw__store_text(q, column);

    return text ? text : "";
}

/* The file must exist with mode 0600 before SQLite sees it: SQLite would create it 0644. */
static mw_status create_file(mw_store *s, mw_error *err)
{
    const char *slash = strrchr(s->path, '/');
    struct stat is;
    int fd;

    if (slash && slash != s->path) {
        MW_AUTO_FREE char *folder = mw_strndup(s->path, (size_t)(slash - s->path));
        mw_status st;
        if (!folder)
            return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", s->path);
        if ((st = mw_mkdirs(folder, 0700, err)) != MW_OK)
            return mw_error_prefix(err, st, "store %s", s->path);
    }
    fd = mw_sys.open_fn(mw_sys.ctx, s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return mw_fail(err, MW_ERR_IO, "store %s: %s", s->path, strerror(errno));
    if (fstat(fd, &is) == 0 && S_ISREG(is.st_mode) && (is.st_mode & 077))
        mw_log_warn("store %s can be read by others (mode %03o): chmod 600 it", s->path,
                    (unsigned)(is.st_mode & 0777));
    close(fd);
    return MW_OK;
}

static mw_status pragma_int(mw_store *s, const char *sql, int *out, mw_error *err)
{
    sqlite3_stmt *q;
    mw_status st = mw__store_prepare(s, sql, &q, err);

    *out = 0;
    if (st == MW_OK) {
        int code = sqlite3_step(q);
        if (code == SQLITE_ROW)
            *out = sqlite3_column_int(q, 0);
        else if (code != SQLITE_DONE)
            st = mw__store_fail(s, "reading its version", err);
    }
    sqlite3_finalize(q);
    return st;
}

/* Inside a transaction, so that of two processes one migrates and the other finds it done. */
static mw_status migrate(mw_store *s, mw_error *err)
{
    int version, application, objects;
    mw_status st;
    char sql[64];

    if ((st = pragma_int(s, "PRAGMA user_version", &version, err)) != MW_OK ||
        (st = pragma_int(s, "PRAGMA application_id", &application, err)) != MW_OK ||
        (st = pragma_int(s, "SELECT count(*) FROM sqlite_master", &objects, err)) != MW_OK)
        return st;
    if (application != APPLICATION_ID && (application || version || objects))
        return mw_fail(err, MW_ERR_PARSE, "store %s: a SQLite database of another program", s->path);
    if (version > SCHEMA)
        return mw_fail(err, MW_ERR_UNSUPPORTED,
                       "store %s has schema %d, this moonward knows %d: use a newer moonward, or name "
                       "another file with --store", s->path, version, SCHEMA);
    if (version == SCHEMA && application == APPLICATION_ID)
        return MW_OK;
    for (int i = version; i < SCHEMA; i++)
        if ((st = mw__store_exec(s, migrations[i], "migrating", err)) != MW_OK)
            return st;
    snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA);
    if ((st = mw__store_exec(s, sql, "migrating", err)) != MW_OK)
        return st;
    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", APPLICATION_ID);
    return mw__store_exec(s, sql, "migrating", err);
}

mw_status mw_store_open(const char *path, mw_store **out, mw_error *err)
{
    mw_store *s = mw_alloc(sizeof(*s));
    int pages = 0;
    mw_status st;

    *out = NULL;
    if (!s || !(s->path = mw_strdup(path))) {
        mw_free(s);
        return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", path);
    }
    s->claim_fd = -1;
    if ((st = create_file(s, err)) != MW_OK)
        goto out;
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        st = mw__store_fail(s, "opening", err);
        goto out;
    }
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Larger pages and a cache of 64 MiB: a snapshot writes and reads whole ranges of its tables. What is sorted and does
       not fit there goes to an unnamed file; small sorts never touch one.

       WAL comes after: the switch writes to the file, and a stranger's is not to be touched. */
    if ((st = mw__store_exec(s, "PRAGMA page_size = 8192", "opening", err)) != MW_OK ||
        (st = pragma_int(s, "PRAGMA page_count", &pages, err)) != MW_OK ||
        /* Of a file that is there already this would be a write. */
        (pages == 0 && (st = mw__store_exec(s, "PRAGMA auto_vacuum = INCREMENTAL", "opening", err)) != MW_OK) ||
        (st = mw__store_exec(s, "BEGIN IMMEDIATE", "opening", err)) != MW_OK)
        goto out;
    if ((st = migrate(s, err)) != MW_OK ||
        (st = mw__store_exec(s, "COMMIT", "migrating", err)) != MW_OK) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        goto out;
    }
    if ((st = mw__store_exec(s, "PRAGMA journal_mode = WAL", "opening", err)) != MW_OK ||
        (st = mw__store_exec(s, "PRAGMA synchronous = FULL; PRAGMA temp_store = FILE; PRAGMA cache_size = -65536",
                             "opening",
                             err)) != MW_OK)
        goto out;
    *out = s;
    s = NULL;
out:
    mw_store_close(s);
    return st;
}

mw_status mw__store_join(mw_store *s, bool *own, const char *doing, mw_error *err)
{
    *own = sqlite3_get_autocommit(s->db) != 0;
    return *own ? mw__store_exec(s, "BEGIN IMMEDIATE", doing, err) : MW_OK;
}

mw_status mw__store_leave(mw_store *s, bool own, mw_status st, const char *doing, mw_error *err)
{
    if (own && st == MW_OK)
        st = mw__store_exec(s, "COMMIT", doing, err);
    if (own && st != MW_OK) /* an I/O failure may have ended the transaction by itself: no matter */
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

mw_status mw_store_begin(mw_store *s, mw_error *err)
{
    return mw__store_exec(s, "BEGIN IMMEDIATE", "beginning", err);
}

mw_status mw_store_end(mw_store *s, mw_status st, mw_error *err)
{
    return mw__store_leave(s, true, st, "committing", err);
}

void mw_store_close(mw_store *s)
{
    if (!s)
        return;
    mw__store_unclaim(s);
    mw_codec_free(s->codec);
    sqlite3_close(s->db);
    mw_free(s->path);
    mw_free(s);
}

mw_status mw_store_check(mw_store *s, mw_error *err)
{
    sqlite3_stmt *q;
    mw_status st = mw__store_prepare(s, "PRAGMA integrity_check(1)", &q, err);

    if (st == MW_OK) {
        int code = sqlite3_step(q);
        const char *found = code == SQLITE_ROW ? mw__store_text(q, 0) : NULL;
        if (code != SQLITE_ROW)
            st = mw__store_fail(s, "checking", err);
        else if (!found || strcmp(found, "ok") != 0)
            st = mw_fail(err, MW_ERR_PARSE, "store %s is damaged: %s", s->path,
                         found ? found : "no answer");
    }
    sqlite3_finalize(q);
    return st;
}
