/*
 * What the files of the store share: queries in words that are no database's, and the drivers that run them.
 *
 * SQL here is the part that SQLite and PostgreSQL have in common: parameters ?1 … ?16, integers of 64 bits, texts
 * ordered by bytes, `IS [NOT] DISTINCT FROM`, `NULLS FIRST`, `INSERT … RETURNING`. A statement that reads
 * `COPY table(columns)` puts rows in bulk: mw__store_run() hands one over, and it is in the table for whatever
 * statement comes after it; a taken key is told there too. Only sqlite*.c and postgres*.c know more than that.
 */
#ifndef MW_STORE_INTERNAL_H
#define MW_STORE_INTERNAL_H

#include "store/codec.h"
#include "store/snapshots.h"
#include "store/store.h"

typedef struct mw_store_driver mw_store_driver;

/* The beginning of every driver's connection. */
struct mw_store {
    const mw_store_driver *driver;
    char *path;            /* how messages call it: a file, or a URL without its password */
    mw_codec *codec;       /* made when first needed */
    int64_t schema, known; /* that it has, and that this version makes */
};

/* The beginning of every driver's prepared statement. */
typedef struct mw_query {
    mw_store *s;
} mw_query;

typedef enum mw_step { MW_ROW, MW_DONE, MW_FAILED } mw_step;

#define MW_PARAMETERS_MAX 16

struct mw_store_driver {
    void (*close)(mw_store *s); /* all but path and codec, and the structure itself */
    /* The last failure as a status and "store <path>: <doing>: <why>". */
    mw_status (*fail)(mw_store *s, const char *doing, mw_error *err);
    bool (*taken)(const mw_store *s); /* was it that a key is taken? */
    mw_status (*exec)(mw_store *s, const char *sql, const char *doing, mw_error *err);
    /* A transaction; @p alone: no other writes meanwhile. Else those of other claims may. */
    mw_status (*begin)(mw_store *s, bool alone, const char *doing, mw_error *err);
    bool (*in_transaction)(const mw_store *s);
    void (*rollback)(mw_store *s);
    int64_t (*changes)(const mw_store *s); /* rows of the last statement */
    mw_status (*prepare)(mw_store *s, const char *sql, mw_query **out, mw_error *err);
    void (*finalize)(mw_query *q);
    /* Bound until the next one; bytes are borrowed until the next reset. NULL is null. */
    void (*bind_int)(mw_query *q, int at, int64_t value);
    void (*bind_bytes)(mw_query *q, int at, const void *data, size_t len, bool text);
    mw_step (*step)(mw_query *q);
    void (*reset)(mw_query *q);
    /* Of the row that step gave, valid until the next step or reset; column_bytes ends with a NUL, NULL for null. */
    int64_t (*column_int)(mw_query *q, int column);
    const void *(*column_bytes)(mw_query *q, int column, size_t *len);
    /* Numbers for versions, from *first on: the transaction's own. */
    mw_status (*numbers)(mw_store *s, int64_t *first, int64_t *count, mw_error *err);
    /* Nobody else adds words and scopes until the transaction ends; what others added is seen. */
    mw_status (*lock_words)(mw_store *s, mw_error *err);
    /* Nobody else takes back runs that were not ended until the transaction ends. */
    mw_status (*lock_open)(mw_store *s, mw_error *err);
    const char *unwritten; /* SQL about a row of snapshot: no other process writes to it */
    mw_status (*claim)(mw_store *s, const char *run, const char *const *accounts, size_t count, bool shared,
                       char holder[MW_STORE_HOLDER_SIZE], mw_error *err);
    mw_status (*check)(mw_store *s, mw_error *err);
    mw_status (*shrink)(mw_store *s, mw_error *err);
};

/** A file that SQLite keeps. */
mw_status mw__sqlite_open(const char *path, const mw_store_options *o, mw_store **out, mw_error *err);
/** A schema of a PostgreSQL database. */
mw_status mw__postgres_open(const char *url, const mw_store_options *o, mw_store **out, mw_error *err);
mw_status mw__postgres_name(const char *url, mw_buf *out, mw_error *err);

/** MW_ERR_NOTFOUND, with what to do. */
mw_status mw__store_nothing(const mw_store *s, mw_error *err);
mw_status mw__store_fail(mw_store *s, const char *doing, mw_error *err);
bool mw__store_taken(const mw_store *s);
mw_status mw__store_exec(mw_store *s, const char *sql, const char *doing, mw_error *err);
int64_t mw__store_changes(const mw_store *s);
/** The statement is finalised by the caller, mw__store_finalize(NULL) included. */
mw_status mw__store_prepare(mw_store *s, const char *sql, mw_query **out, mw_error *err);
void mw__store_finalize(mw_query *q);
/** NULL binds null. Text is borrowed until the next reset. */
void mw__store_bind(mw_query *q, int at, const char *text);
void mw__store_bind_int(mw_query *q, int at, int64_t value);
void mw__store_bind_null(mw_query *q, int at);
void mw__store_bind_blob(mw_query *q, int at, const void *data, size_t len);
mw_step mw__store_step(mw_query *q);
void mw__store_reset(mw_query *q);
/** Run a statement without rows and reset it. */
mw_status mw__store_run(mw_store *s, mw_query *q, const char *doing, mw_error *err);
/** Run one that gives a row of one integer at most, and reset it; *n stays when there is none. */
mw_status mw__store_run_int(mw_store *s, mw_query *q, const char *doing, int64_t *n, mw_error *err);
/** Prepare many: rows of a statement's place and its SQL. All are to be finalised, whatever this returns. */
typedef struct mw_store_query {
    mw_query **to;
    const char *sql;
} mw_store_query;
mw_status mw__store_prepare_all(mw_store *s, const mw_store_query *all, size_t count, mw_error *err);
/** Begin a transaction unless one is under way (*own tells); the end of it: COMMIT when @p st is MW_OK, else ROLLBACK. */
mw_status mw__store_join(mw_store *s, bool *own, const char *doing, mw_error *err);
mw_status mw__store_leave(mw_store *s, bool own, mw_status st, const char *doing, mw_error *err);
void mw__store_rollback(mw_store *s);
int64_t mw__store_int(mw_query *q, int column);
bool mw__store_null(mw_query *q, int column);
const void *mw__store_blob(mw_query *q, int column, size_t *len);
/** Is the column this hash? */
bool mw__store_digest_is(mw_query *q, int column, const uint8_t *sha, size_t len);
/** NULL for null. */
const char *mw__store_text(mw_query *q, int column);
/** The same where the schema has NOT NULL: "" for what damage made of it, so that readers need not look. */
const char *mw__store_must(mw_query *q, int column);

/* ---- snapshots ---- */

/* A resource's number: its scope's above these bits, below them the first bits of its key. */
#define MW_POSITION_BITS 38
#define MW_POSITION_MAX  (((int64_t)1 << MW_POSITION_BITS) - 1)
#define MW_SCOPE_MAX     (((int64_t)1 << (63 - MW_POSITION_BITS)) - 1)

/** The position of a key: its first bits. Fails as @p scratch does. */
int64_t mw__snapshot_position(mw_buf *scratch, const char *partition, const char *account, const char *region,
                              const char *type, const char *id);
/** The codec with this dictionary ready, 0 = with none. */
mw_status mw__store_codec(mw_store *s, int64_t dictionary, mw_codec **out, mw_error *err);
/** The same of a row whose columns from @p at on are dictionary, len, doc. */
mw_status mw__store_document(mw_store *s, mw_query *q, int at, int64_t vid, const char **doc, size_t *len,
                             mw_error *err);
/** Text of a version, borrowed until the next one. @p q SELECTs dictionary, len, doc by vid. */
mw_status mw__store_version(mw_store *s, mw_query *q, int64_t vid, const char **doc, size_t *len, mw_error *err);
struct mw_snapshot_writer;
/** A writer of the whole snapshot, or of a part of one that stays open: a new one, or the open one of this id. */
mw_status mw__snapshot_begin(mw_store *s, const char *const fields[4], bool open, struct mw_snapshot_writer **out,
                             mw_error *err);
/** Store and number of a snapshot that is being written. */
mw_store *mw__snapshot_of(struct mw_snapshot_writer *w, int64_t *n);
/** Inside a transaction: open snapshots other than @p id that nobody writes to never were. */
mw_status mw__snapshots_drop_open(mw_store *s, const char *id, mw_error *err);
/** Numbers of the scopes of one account: a look-up for each word that may be a type. */
#define MW_SCOPES_OF(account)                                                                                          \
    "SELECT x.n FROM word y CROSS JOIN scope x WHERE x.type = y.n AND x.account = (SELECT n FROM "                     \
    "word WHERE text = " account ")"
#define MW_VERSION_SQL "SELECT dictionary, len, doc FROM version WHERE vid = ?1"
/** The snapshot that `latest`, `latest~N` or a time names. Any other name: MW_OK and nothing @p found. */
mw_status mw__snapshot_place(mw_store *s, const char *name, bool (*row)(void *user, const mw_snapshot_info *info),
                             void *user, bool *found, mw_error *err);
/** Number of a snapshot by id; MW_ERR_NOTFOUND names it. */
mw_status mw__snapshot_number(mw_store *s, const char *id, int64_t *n, mw_error *err);

#endif
