/* Runs and findings that outlive a process. SQLite here; PostgreSQL fits behind the same interface. */
#ifndef MW_STORE_STORE_H
#define MW_STORE_STORE_H

#include "moonward/doc.h"

typedef struct mw_store mw_store;

/** Create or open; file mode 0600; WAL; migrations run; a newer schema is refused by name and version. */
mw_status mw_store_open(const char *path, mw_store **out, mw_error *err);
void mw_store_close(mw_store *s);

typedef struct mw_run {
    const char *id;                       /* ULID */
    const char *started_at, *finished_at; /* ISO 8601; finished_at NULL while running */
    const char *engine, *rules_digest, *findings_digest, *snapshot;
    const char *coverage;                 /* JSON text of the contract's "coverage" */
    const char *summary;                  /* JSON text */
} mw_run;

/** One finding of a run, in the store's words (no dependency on the engine). */
typedef struct mw_store_finding {
    const char *fingerprint, *rule, *status, *severity;
    const char *type, *id, *arn, *name, *account, *region, *partition, *subkey, *message, *evidence;
    /* out */
    char change[12];                       /* "new" "open" "fixed" "regressed" or "" */
    char first_seen[40], last_seen[40];
} mw_store_finding;

/**
 * In one transaction: record the run and its findings, and compare with what was known of each
 * fingerprint: a failing finding is `new` (never failed before), `open` (failed in the last run that
 * judged it) or `regressed` (was fixed); one that passes or no longer exists *in a complete scope* and failed
 * before is `fixed`. unknown and error neither open nor close anything.
 * Fills the out members of @p findings.
 * @param complete  For (account, region, type) tells whether the scope was complete; decides "no longer exists".
 */
mw_status mw_store_put_run(mw_store *s, const mw_run *run, mw_store_finding *findings, size_t count,
                           bool (*complete)(void *user, const char *account, const char *region,
                                            const char *type),
                           void *user, size_t *fixed, mw_error *err);

/** Rows by callback; strings valid during the call; returning false stops. */
mw_status mw_store_runs(mw_store *s, bool (*row)(void *user, const mw_run *run), void *user, mw_error *err);
/** @p run NULL = the newest finished. MW_ERR_NOTFOUND names it. */
mw_status mw_store_get_run(mw_store *s, const char *run, bool (*row)(void *user, const mw_run *run),
                           void *user, mw_error *err);
mw_status mw_store_run_findings(mw_store *s, const char *run,
                                bool (*row)(void *user, const mw_store_finding *f), void *user, mw_error *err);

#endif
