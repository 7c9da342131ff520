/*
 * Giving space back: pages that nothing uses leave the end of the file, in place and in one
 * transaction of SQLite's, so that no second copy of the customer's documents is ever made. A file
 * that was made before the store asked for this keeps its size; its free pages are used again.
 */
#include "store/internal.h"

mw_status mw_store_shrink(mw_store *s, mw_error *err)
{
    sqlite3_stmt *q = NULL;
    int code = SQLITE_DONE;
    mw_status st = mw__store_prepare(s, "PRAGMA incremental_vacuum", &q, err);

    while (st == MW_OK && (code = sqlite3_step(q)) == SQLITE_ROW)
        ; /* a row a page */
    if (st == MW_OK && code != SQLITE_DONE)
        st = mw__store_fail(s, "giving space back", err);
    sqlite3_finalize(q);
    /* What readers still need of the log stays: the next checkpoint takes it. */
    return st == MW_OK
               ? mw__store_exec(s, "PRAGMA wal_checkpoint(TRUNCATE)", "giving space back", err)
               : st;
}
