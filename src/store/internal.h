/* What the files of the store share: the connection and small helpers around SQLite. */
#ifndef MW_STORE_INTERNAL_H
#define MW_STORE_INTERNAL_H

#include "store/store.h"

#include <sqlite3.h>

struct mw_store {
    sqlite3 *db;
    char *path;
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
/** NULL for null. */
const char *mw__store_text(sqlite3_stmt *q, int column);

#endif
