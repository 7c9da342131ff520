/* A run of the store as a report. */
#ifndef MW_CLI_STORED_H
#define MW_CLI_STORED_H

#include "cli/setup.h"
#include "store/snapshots.h"

/** `MW_AUTO(mw_stored) r = {0};` */
typedef struct mw_stored {
    mw_arena arena;
    mw_findings findings;
    mw_doc *coverage;
    mw_report report; /* borrows from the three above */
} mw_stored;

/** What of a run is read into memory: a run of an organization does not fit, what is asked for does. */
typedef struct mw_stored_choice {
    bool (*wanted)(void *user, const mw_finding *f);
    void *user;
    bool coverage; /* the ledger too */
} mw_stored_choice;

/** @p run NULL = the newest finished run. MW_ERR_NOTFOUND names the run or the empty store. */
mw_status mw_stored_load(mw_setup *s, const char *run, const mw_stored_choice *choice, mw_stored *out, mw_error *err);
/**
 * The finding whose fingerprint begins with @p prefix, and nothing else, in @p out. MW_ERR_NOTFOUND;
 * MW_ERR_INVALID: several do.
 */
mw_status mw_stored_load_one(mw_setup *s, const char *run, const char *prefix, mw_stored *out, const mw_finding **found,
                             mw_error *err);
void mw_stored_clear(mw_stored *r);

/** What is known of a run beside findings and coverage; @p run NULL = the newest finished one. */
mw_status mw_stored_head(mw_store *store, const char *run, mw_stored *out, mw_error *err);
/**
 * Print and export a run, whatever its size. @p judge: the exit status is that of its sweep, else 0. @return exit
 * status.
 */
int mw_stored_report(mw_setup *s, const char *run, bool judge, mw_error *err);

/** Scopes, and scopes that were read completely, of a stored snapshot. */
mw_status mw_stored_scopes(mw_store *store, const char *snapshot, size_t *scopes, size_t *complete, mw_error *err);
/** The ledger of a snapshot line by line, as the contract's "coverage" has them; returning false stops. */
mw_status mw_stored_each_scope(mw_store *store, const char *snapshot,
                               bool (*row)(void *user, const mw_doc *d, mw_val scope), void *user, mw_error *err);
/** Its ledger as the contract's "coverage" array, the root of @p out. Memory: all of it. */
mw_status mw_stored_coverage(mw_store *store, const char *snapshot, mw_doc **out, mw_error *err);
/** The same as text, or none when it is too long to be kept with a run: then it is read from the snapshot. */
mw_status mw_stored_coverage_text(mw_store *store, const char *snapshot, mw_buf *out, mw_error *err);

/** A row of the store as a finding; borrows from it. MW_ERR_INVALID: a status that nobody knows. */
mw_status mw_stored_finding(const mw_store_finding *row, mw_finding *out, mw_error *err);

#endif
