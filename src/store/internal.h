/* What the files of the store share: the connection and small helpers around SQLite. */
#ifndef MW_STORE_INTERNAL_H
#define MW_STORE_INTERNAL_H

#include "store/codec.h"
#include "store/snapshots.h"
#include "store/store.h"

#include <sqlite3.h>

struct mw_store {
    sqlite3 *db;
    char *path;
    mw_codec *codec; /* made when first needed */
    int claim_fd;    /* mw_store_claim(); -1 = not claimed */
};

/** Turn the connection's last failure into a status and a message "store <path>: <doing>: <why>". */
mw_status mw__store_fail(mw_store *s, const char *doing, mw_error *err);
mw_status mw__store_exec(mw_store *s, const char *sql, const char *doing, mw_error *err);
/** The statement is finalised by the caller, sqlite3_finalize(NULL) included. */
mw_status mw__store_prepare(mw_store *s, const char *sql, sqlite3_stmt **out, mw_error *err);
/** NULL binds null. Text is borrowed until the next reset. */
void mw__store_bind(sqlite3_stmt *q, int at, const char *text);
/** Run a statement without rows and reset it. */
mw_status mw__store_run(mw_store *s, sqlite3_stmt *q, const char *doing, mw_error *err);
/** Prepare many: rows of a statement's place and its SQL. All are to be finalised, whatever this returns. */
typedef struct mw_store_query {
    sqlite3_stmt **to;
    const char *sql;
} mw_store_query;
mw_status mw__store_prepare_all(mw_store *s, const mw_store_query *all, size_t count, mw_error *err);
/** Begin a transaction unless one is under way (*own tells); the end of it: COMMIT when @p st is MW_OK, else ROLLBACK. */
mw_status mw__store_join(mw_store *s, bool *own, const char *doing, mw_error *err);
mw_status mw__store_leave(mw_store *s, bool own, mw_status st, const char *doing, mw_error *err);
void mw__store_unclaim(mw_store *s);
/** NULL for null. */
const char *mw__store_text(sqlite3_stmt *q, int column);
/** The same where the schema has NOT NULL: "" for what damage made of it, so that readers need not look. */
const char *mw__store_must(sqlite3_stmt *q, int column);

/* A finding's number within its run: that of its part above these bits. */
#define MW_PART_BITS 32

/* ---- snapshots ---- */

/* A resource's number: its scope's above these bits, below them the first bits of its key. */
#define MW_POSITION_BITS 38
#define MW_POSITION_MAX (((int64_t)1 << MW_POSITION_BITS) - 1)
#define MW_SCOPE_MAX (((int64_t)1 << (63 - MW_POSITION_BITS)) - 1)

/** The position of a key: its first bits. Fails as @p scratch does. */
int64_t mw__snapshot_position(mw_buf *scratch, const char *partition, const char *account, const char *region,
                              const char *type, const char *id);
/** The codec with this dictionary ready, 0 = with none. */
mw_status mw__store_codec(mw_store *s, int64_t dictionary, mw_codec **out, mw_error *err);
/** Text of a version, borrowed until the next one. @p q SELECTs dictionary, len, doc by vid. */
mw_status mw__store_version(mw_store *s, sqlite3_stmt *q, int64_t vid, const char **doc, size_t *len,
                            mw_error *err);
struct mw_snapshot_writer;
/** A writer of the whole snapshot, or of a part of one that stays open: a new one, or the open one of this id. */
mw_status mw__snapshot_begin(mw_store *s, const char *const fields[4], bool open,
                             struct mw_snapshot_writer **out, mw_error *err);
/** Store and number of a snapshot that is being written. */
mw_store *mw__snapshot_of(struct mw_snapshot_writer *w, int64_t *n);
/** Inside a transaction: open snapshots other than @p id never were. */
mw_status mw__snapshots_drop_open(mw_store *s, const char *id, mw_error *err);
/** Numbers of the scopes of one account: a look-up for each word that may be a type. */
#define MW_SCOPES_OF(account)                                                                      \
    "SELECT x.n FROM word y CROSS JOIN scope x WHERE x.type = y.n AND x.account = (SELECT n FROM " \
    "word WHERE text = " account ")"
#define MW_VERSION_SQL "SELECT dictionary, len, doc FROM version WHERE vid = ?1"
/** The snapshot that `latest`, `latest~N` or a time names. Any other name: MW_OK and nothing @p found. */
mw_status mw__snapshot_place(mw_store *s, const char *name, bool (*row)(void *user, const mw_snapshot_info *info),
                             void *user, bool *found, mw_error *err);
/** Number of a snapshot by id; MW_ERR_NOTFOUND names it. */
mw_status mw__snapshot_number(mw_store *s, const char *id, int64_t *n, mw_error *err);

#endif
