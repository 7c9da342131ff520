/* What the files of the SQLite driver share. */
#ifndef MW_STORE_SQLITE_H
#define MW_STORE_SQLITE_H

#include "store/internal.h"

#include <sqlite3.h>

typedef struct mw_sqlite {
    mw_store base;
    sqlite3 *db;
    int claim_fd;             /* -1 = not claimed */
    int64_t waiting_since_ms; /* for another process that writes */
} mw_sqlite;

extern const mw_store_driver mw__sqlite_driver;

static inline mw_sqlite *mw__sqlite_of(const mw_store *s)
{
    return (mw_sqlite *)(uintptr_t)s;
}

/* The claim on FILE.lock (sqlite_claim.c). It is on the whole file, whatever the accounts. */
mw_status mw__sqlite_claim(mw_store *s, const char *run, const char *const *accounts, size_t count, bool shared,
                           char holder[MW_STORE_HOLDER_SIZE], mw_error *err);
void mw__sqlite_unclaim(mw_sqlite *lite);

#endif
