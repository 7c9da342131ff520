/*
 * The driver for SQLite: the database file, its permissions, settings and migrations, statements, and how
 * failures are told. Relies on SQLite's file permissions following the main file's (so -wal and -shm are
 * 0600 too). It must never open a file that is newer, damaged or somebody else's as if it were ours.
 */
#include "store/sqlite.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* "MWRD": tells our files from other SQLite databases (PRAGMA application_id). */
#define APPLICATION_ID  0x4D575244
#define BUSY_TIMEOUT_MS 30000

/* migrations[i] takes schema i to i + 1. Never edited once released: only appended to. */
static const char *const migrations[] = {
    /* A verdict is stored once, whatever the number of runs that gave it: a run refers to it. Its number
       comes from its account, its rule and its digest, so that no second index is needed to find it. */
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
    /* What was put as `about`, for the check; null in rows of before. */
    "ALTER TABLE snapshot ADD COLUMN about_sha BLOB;",
    /* The parts of a run: a part's findings are numbered from n << 32 on, in runs of before from `first`. Findings that
       have nothing of their own are bits over a roster, the resources that they may be of (docs/internals/store.md). */
    "CREATE TABLE run_part(n INTEGER PRIMARY KEY, run INTEGER NOT NULL, account TEXT NOT NULL, digest TEXT,"
    "  passed INTEGER NOT NULL DEFAULT 0, first INTEGER, UNIQUE(run, account)) STRICT;"
    "INSERT INTO run_part(run, account, first) SELECT x.run, coalesce(v.account, ''), x.part << 32"
    "  FROM (SELECT run, seq >> 32 AS part, min(seq) AS seq FROM finding GROUP BY 1, 2) x"
    "  JOIN finding f ON f.run = x.run AND f.seq = x.seq JOIN verdict v ON v.n = f.verdict;"
    "CREATE TABLE roster(n INTEGER PRIMARY KEY, sha BLOB NOT NULL, subjects INTEGER NOT NULL, len INTEGER NOT NULL,"
    "  body BLOB NOT NULL) STRICT;"
    "CREATE TABLE pack(run INTEGER NOT NULL, part INTEGER NOT NULL, rule TEXT NOT NULL, nth INTEGER NOT NULL,"
    "  status TEXT NOT NULL, severity TEXT, type TEXT, message TEXT, roster INTEGER NOT NULL, count INTEGER NOT NULL,"
    "  bits BLOB, PRIMARY KEY(run, part, rule, nth)) WITHOUT ROWID, STRICT;"
    "DROP INDEX ledger_open; CREATE INDEX ledger_of ON ledger(account, rule);",
};
#define SCHEMA ((int)MW_COUNT(migrations))

static mw_status fail(mw_store *s, const char *doing, mw_error *err)
{
    sqlite3 *db = mw__sqlite_of(s)->db;
    int code = db ? sqlite3_errcode(db) : SQLITE_NOMEM;
    const char *why = db ? sqlite3_errmsg(db) : "out of memory";

    switch (code & 0xFF) {
    case SQLITE_NOMEM: return mw_fail(err, MW_ERR_NOMEM, "store %s: %s: out of memory", s->path, doing);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return mw_fail(err, MW_ERR_PARSE,
                       "store %s: %s: not a Moonward database, or damaged (%s); move it away or name "
                       "another with --store",
                       s->path, doing, why);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return mw_fail(err, MW_ERR_CONFLICT, "store %s: %s: another process has held it for %d s", s->path, doing,
                       BUSY_TIMEOUT_MS / 1000);
    case SQLITE_FULL: return mw_fail(err, MW_ERR_IO, "store %s: %s: the disk is full", s->path, doing);
    default: return mw_fail(err, MW_ERR_IO, "store %s: %s: %s", s->path, doing, why);
    }
}

/*
 * Another process writes. Asked again after a millisecond or two: its part of a run takes tens of them, and SQLite's own
 * handler would come to sleep for a hundred.
 */
static int wait_for_writer(void *user, int asked)
{
    const struct timespec nap = {.tv_nsec = asked < 100 ? 1000000 : 5000000};
    mw_sqlite *lite = user;

    if (asked == 0)
        lite->waiting_since_ms = mw_mono_ms();
    if (mw_mono_ms() - lite->waiting_since_ms >= BUSY_TIMEOUT_MS)
        return 0;
    nanosleep(&nap, NULL);
    return 1;
}

static bool taken(const mw_store *s)
{
    return (sqlite3_errcode(mw__sqlite_of(s)->db) & 0xFF) == SQLITE_CONSTRAINT;
}

/* ---- transactions ---- */

static mw_status exec(mw_store *s, const char *sql, const char *doing, mw_error *err)
{
    return sqlite3_exec(mw__sqlite_of(s)->db, sql, NULL, NULL, NULL) == SQLITE_OK ? MW_OK : fail(s, doing, err);
}

/* SQLite has one writer, whatever is asked for. */
static mw_status begin(mw_store *s, bool alone, const char *doing, mw_error *err)
{
    (void)alone;
    return exec(s, "BEGIN IMMEDIATE", doing, err);
}

static mw_status nothing_to_lock(mw_store *s, mw_error *err)
{
    (void)s;
    (void)err;
    return MW_OK;
}

static bool in_transaction(const mw_store *s)
{
    return sqlite3_get_autocommit(mw__sqlite_of(s)->db) == 0;
}

/* An I/O failure may have ended the transaction by itself: no matter. */
static void rollback(mw_store *s)
{
    sqlite3_exec(mw__sqlite_of(s)->db, "ROLLBACK", NULL, NULL, NULL);
}

static int64_t changes(const mw_store *s)
{
    return sqlite3_changes(mw__sqlite_of(s)->db);
}

/* ---- statements ---- */

struct query {
    mw_query base;
    sqlite3_stmt *stmt;
};

static sqlite3_stmt *stmt_of(mw_query *q)
{
    return ((struct query *)(void *)q)->stmt;
}

/* "COPY table(a, b)" is "INSERT INTO table(a, b) VALUES(?,?)" here. */
static void write_insert(mw_buf *b, const char *columns)
{
    mw_buf_printf(b, "INSERT INTO %s VALUES(?", columns);
    for (const char *at = columns; (at = strchr(at, ',')); at++)
        mw_buf_puts(b, ",?");
    mw_buf_putc(b, ')');
}

static mw_status prepare(mw_store *s, const char *sql, mw_query **out, mw_error *err)
{
    MW_AUTO(mw_buf) insert = {.max = 4096};
    struct query *q = mw_alloc(sizeof(*q));

    *out = NULL;
    if (mw_str_starts(sql, "COPY "))
        write_insert(&insert, sql + strlen("COPY "));
    if (!q || insert.failed != MW_OK) {
        mw_free(q);
        return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", s->path);
    }
    q->base.s = s;
    if (sqlite3_prepare_v2(mw__sqlite_of(s)->db, insert.len ? insert.data : sql, -1, &q->stmt, NULL) != SQLITE_OK) {
        mw_free(q);
        return fail(s, "preparing a query", err);
    }
    *out = &q->base;
    return MW_OK;
}

static void finalize(mw_query *q)
{
    sqlite3_finalize(stmt_of(q));
    mw_free(q);
}

/* A failure to bind (out of memory) shows as a NOT NULL or step failure. */
static void bind_int(mw_query *q, int at, int64_t value)
{
    (void)sqlite3_bind_int64(stmt_of(q), at, value);
}

static void bind_bytes(mw_query *q, int at, const void *data, size_t len, bool text)
{
    if (text)
        (void)sqlite3_bind_text64(stmt_of(q), at, data, len, SQLITE_STATIC, SQLITE_UTF8);
    else
        (void)sqlite3_bind_blob64(stmt_of(q), at, data, len, SQLITE_STATIC);
}

static mw_step step(mw_query *q)
{
    int code = sqlite3_step(stmt_of(q));

    return code == SQLITE_ROW ? MW_ROW : code == SQLITE_DONE ? MW_DONE : MW_FAILED;
}

static void reset(mw_query *q)
{
    sqlite3_reset(stmt_of(q));
}

static int64_t column_int(mw_query *q, int column)
{
    return sqlite3_column_int64(stmt_of(q), column);
}

static const void *column_bytes(mw_query *q, int column, size_t *len)
{
    sqlite3_stmt *stmt = stmt_of(q);
    bool blob = sqlite3_column_type(stmt, column) == SQLITE_BLOB;
    const void *data = blob ? sqlite3_column_blob(stmt, column) : (const void *)sqlite3_column_text(stmt, column);

    if (len)
        *len = (size_t)sqlite3_column_bytes(stmt, column);
    /* An empty blob has no address; null has none either. */
    return !data && blob ? "" : data;
}

/* ---- the file ---- */

/* The file must exist with mode 0600 before SQLite sees it: SQLite would create it 0644. */
static mw_status touch_file(mw_store *s, bool make, mw_error *err)
{
    const char *slash = strrchr(s->path, '/');
    struct stat is;
    int fd;

    if (make && slash && slash != s->path) {
        MW_AUTO_FREE char *folder = mw_strndup(s->path, (size_t)(slash - s->path));
        mw_status st;
        if (!folder)
            return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", s->path);
        if ((st = mw_mkdirs(folder, 0700, err)) != MW_OK)
            return mw_error_prefix(err, st, "store %s", s->path);
    }
    fd = mw_sys.open_fn(mw_sys.ctx, s->path, O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
    if (fd < 0 && errno == ENOENT && !make)
        return mw__store_nothing(s, err);
    if (fd < 0)
        return mw_fail(err, MW_ERR_IO, "store %s: %s", s->path, strerror(errno));
    if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode)) { /* SQLite would leave its journal beside a device */
        close(fd);
        return mw_fail(err, MW_ERR_INVALID, "store %s: not a file", s->path);
    }
    if (is.st_mode & 077)
        mw_log_warn("store %s can be read by others (mode %03o): chmod 600 it", s->path, (unsigned)(is.st_mode & 0777));
    close(fd);
    return MW_OK;
}

static mw_status pragma_int(mw_store *s, const char *sql, int *out, mw_error *err)
{
    mw_query *q;
    mw_status st = prepare(s, sql, &q, err);

    *out = 0;
    if (st == MW_OK) {
        mw_step code = mw__store_step(q);
        if (code == MW_ROW)
            *out = (int)mw__store_int(q, 0);
        else if (code != MW_DONE)
            st = fail(s, "reading its version", err);
    }
    mw__store_finalize(q);
    return st;
}

/* Which schema it has, 0 = it is empty; never a stranger's. */
static mw_status look(mw_store *s, mw_error *err)
{
    int version, application, objects;
    mw_status st;

    if ((st = pragma_int(s, "PRAGMA user_version", &version, err)) != MW_OK ||
        (st = pragma_int(s, "PRAGMA application_id", &application, err)) != MW_OK ||
        (st = pragma_int(s, "SELECT count(*) FROM sqlite_master", &objects, err)) != MW_OK)
        return st;
    if (application != APPLICATION_ID && (application || version || objects))
        return mw_fail(err, MW_ERR_PARSE, "store %s: a SQLite database of another program", s->path);
    if (version > SCHEMA)
        return mw_fail(err, MW_ERR_UNSUPPORTED,
                       "store %s has schema %d, this moonward knows %d: use a newer moonward, or name "
                       "another file with --store",
                       s->path, version, SCHEMA);
    s->schema = version;
    return MW_OK;
}

/* Inside a transaction, so that of two processes one migrates and the other finds it done. */
static mw_status migrate(mw_store *s, bool make, mw_error *err)
{
    mw_status st = look(s, err);
    char sql[64];

    if (st != MW_OK || s->schema == SCHEMA)
        return st;
    if (s->schema == 0 && !make)
        return mw__store_nothing(s, err);
    for (int i = (int)s->schema; i < SCHEMA; i++)
        if ((st = exec(s, migrations[i], "migrating", err)) != MW_OK)
            return st;
    snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA);
    if ((st = exec(s, sql, "migrating", err)) != MW_OK)
        return st;
    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", APPLICATION_ID);
    s->schema = SCHEMA;
    return exec(s, sql, "migrating", err);
}

/*
 * Statements that would write are refused. The file is opened as others do that all the same: whoever can only read
 * leaves the log and its index behind when the connection ends.
 */
static mw_status open_to_look(mw_store *s, mw_error *err)
{
    mw_status st;

    if ((st = exec(s, "PRAGMA query_only = ON; PRAGMA temp_store = FILE", "opening", err)) != MW_OK ||
        (st = look(s, err)) != MW_OK)
        return st;
    return s->schema == 0 ? mw__store_nothing(s, err) : MW_OK;
}

static mw_status open_to_write(mw_store *s, bool make, mw_error *err)
{
    int pages = 0;
    mw_status st;

    /* Larger pages and a cache of 32 MiB: a snapshot writes and reads whole ranges of its tables. What is sorted and does
       not fit there goes to an unnamed file; small sorts never touch one.

       WAL comes after: the switch writes to the file, and a stranger's is not to be touched. */
    if ((st = exec(s, "PRAGMA page_size = 8192", "opening", err)) != MW_OK ||
        (st = pragma_int(s, "PRAGMA page_count", &pages, err)) != MW_OK)
        return st;
    if (pages == 0 && !make)
        return mw__store_nothing(s, err);
    /* Of a file that is there already this would be a write. */
    if ((pages == 0 && (st = exec(s, "PRAGMA auto_vacuum = INCREMENTAL", "opening", err)) != MW_OK) ||
        (st = exec(s, "BEGIN IMMEDIATE", "opening", err)) != MW_OK)
        return st;
    if ((st = migrate(s, make, err)) != MW_OK || (st = exec(s, "COMMIT", "migrating", err)) != MW_OK) {
        rollback(s);
        return st;
    }
    if ((st = exec(s, "PRAGMA journal_mode = WAL", "opening", err)) != MW_OK)
        return st;
    return exec(s, "PRAGMA synchronous = FULL; PRAGMA temp_store = FILE; PRAGMA cache_size = -32768", "opening", err);
}

mw_status mw__sqlite_open(const char *path, const mw_store_options *o, mw_store **out, mw_error *err)
{
    mw_sqlite *lite = mw_alloc(sizeof(*lite));
    mw_store *s = lite ? &lite->base : NULL;
    bool make = o->mode == MW_STORE_MAKE;
    mw_status st;

    *out = NULL;
    if (!s || !(s->path = mw_strdup(path))) {
        mw_free(lite);
        return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", path);
    }
    s->driver = &mw__sqlite_driver;
    s->known = SCHEMA;
    lite->claim_fd = -1;
    if (o->mode == MW_STORE_LOOK && !mw_file_exists(path))
        st = mw__store_nothing(s, err);
    else
        st = o->mode == MW_STORE_LOOK ? MW_OK : touch_file(s, make, err);
    if (st != MW_OK)
        goto out;
    if (sqlite3_open_v2(path, &lite->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        st = fail(s, "opening", err);
        goto out;
    }
    sqlite3_extended_result_codes(lite->db, 1);
    sqlite3_busy_handler(lite->db, wait_for_writer, lite);
    sqlite3_db_config(lite->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(lite->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    st = o->mode == MW_STORE_LOOK ? open_to_look(s, err) : open_to_write(s, make, err);
    if (st != MW_OK)
        goto out;
    *out = s;
    s = NULL;
out:
    mw_store_close(s);
    return st;
}

static mw_status check(mw_store *s, mw_error *err)
{
    mw_query *q;
    mw_status st = prepare(s, "PRAGMA integrity_check(1)", &q, err);

    if (st == MW_OK) {
        mw_step code = mw__store_step(q);
        const char *found = code == MW_ROW ? mw__store_text(q, 0) : NULL;
        if (code != MW_ROW)
            st = fail(s, "checking", err);
        else if (!found || strcmp(found, "ok") != 0)
            st = mw_fail(err, MW_ERR_PARSE, "store %s is damaged: %s", s->path, found ? found : "no answer");
    }
    mw__store_finalize(q);
    return st;
}

static mw_status numbers(mw_store *s, int64_t *first, int64_t *count, mw_error *err)
{
    mw_query *q;
    mw_status st = prepare(s, "SELECT coalesce(max(vid), 0) + 1 FROM version", &q, err);

    if (st != MW_OK)
        return st;
    *count = INT64_MAX; /* nobody else writes before the transaction ends */
    st = mw__store_run_int(s, q, "numbering documents", first, err);
    mw__store_finalize(q);
    return st;
}

/*
 * Giving space back: pages that nothing uses leave the end of the file, in place and in one
 * transaction of SQLite's, so that no second copy of the customer's documents is ever made. A file
 * that was made before the store asked for this keeps its size; its free pages are used again.
 */
static mw_status shrink(mw_store *s, mw_error *err)
{
    mw_query *q;
    mw_step code = MW_DONE;
    mw_status st = prepare(s, "PRAGMA incremental_vacuum", &q, err);

    if (st != MW_OK)
        return st;
    while ((code = mw__store_step(q)) == MW_ROW)
        ; /* a row a page */
    if (code != MW_DONE)
        st = fail(s, "giving space back", err);
    mw__store_finalize(q);
    /* What readers still need of the log stays: the next checkpoint takes it. */
    return st == MW_OK ? exec(s, "PRAGMA wal_checkpoint(TRUNCATE)", "giving space back", err) : st;
}

static void close_file(mw_store *s)
{
    mw__sqlite_unclaim(mw__sqlite_of(s));
    sqlite3_close(mw__sqlite_of(s)->db);
}

const mw_store_driver mw__sqlite_driver = {
    .close = close_file,
    .fail = fail,
    .taken = taken,
    .exec = exec,
    .begin = begin,
    .in_transaction = in_transaction,
    .rollback = rollback,
    .changes = changes,
    .prepare = prepare,
    .finalize = finalize,
    .bind_int = bind_int,
    .bind_bytes = bind_bytes,
    .step = step,
    .reset = reset,
    .column_int = column_int,
    .column_bytes = column_bytes,
    .numbers = numbers,
    .lock_words = nothing_to_lock,
    .lock_open = nothing_to_lock,
    .unwritten = "1 = 1", /* whoever has the claim is the only writer */
    .claim = mw__sqlite_claim,
    .check = check,
    .shrink = shrink,
};
