/* Runs and findings that outlive a process. SQLite here; PostgreSQL fits behind the same interface. */
#ifndef MW_STORE_STORE_H
#define MW_STORE_STORE_H

#include "moonward/doc.h"

typedef struct mw_store mw_store;

/**
 * Create (folders 0700, file 0600) or open; WAL; migrations run.
 * @return MW_OK; MW_ERR_UNSUPPORTED (a newer schema, named with both versions); MW_ERR_PARSE (damaged, or not
 *         ours); MW_ERR_CONFLICT (locked by another process for too long); MW_ERR_IO. Messages name the path.
 */
mw_status mw_store_open(const char *path, mw_store **out, mw_error *err);
/** NULL is allowed. */
void mw_store_close(mw_store *s);
/** Look at every page: MW_ERR_PARSE tells the first damage. Reads the whole file. */
mw_status mw_store_check(mw_store *s, mw_error *err);
/** Give unused space at the file's end back to the disk. Cost: the pages moved. */
mw_status mw_store_shrink(mw_store *s, mw_error *err);

/**
 * A transaction over several of the calls below, snapshots included, that says so ("joins").
 * mw_store_end() commits when @p st is MW_OK, else nothing happened; it returns @p st, or why it could not.
 */
mw_status mw_store_begin(mw_store *s, mw_error *err);
mw_status mw_store_end(mw_store *s, mw_status st, mw_error *err);

#define MW_STORE_HOLDER_SIZE 64
/**
 * Become the one who writes runs and snapshots, until the store is closed or the process ends. Does not wait.
 * @param shared  Together with every other process that claims for the same @p run so.
 * @return MW_OK; MW_ERR_CONFLICT: @p holder is the run that has it; MW_ERR_IO.
 */
mw_status mw_store_claim(mw_store *s, const char *run, bool shared, char holder[MW_STORE_HOLDER_SIZE],
                         mw_error *err);

typedef struct mw_run {
    const char *id;                       /* ULID */
    const char *started_at, *finished_at; /* ISO 8601; finished_at NULL while running */
    const char *engine, *rules_digest, *findings_digest, *snapshot;
    const char *coverage;                 /* JSON text of the contract's "coverage" */
    size_t fixed;                         /* out: findings that this run saw fixed */
    /* Rules that ran, for mw_store_put_run() only: what others found is left alone. */
    const char *const *rules;
    size_t rule_count;
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
 * fingerprint. A failing finding is `new` (never failed before), `open` (failed in the last run that
 * judged it) or `regressed` (was fixed). One that failed before and now passes or does not apply is
 * `fixed`; so is one that no longer exists, when its rule ran, its scope was complete, and nothing about its
 * resource was unknown or an error. unknown and error neither open nor close anything.
 *
 * Fills the out members of @p findings: first and last time that the fingerprint failed, "" when never.
 * @param complete  For (account, region, type) tells whether the scope was complete; decides "no longer
 *                  exists". NULL = no scope was.
 * @param[out] fixed  How many became fixed, those that no longer exist included; may be NULL. Kept with the run.
 * @return MW_OK; MW_ERR_CONFLICT (the run's id is taken, or the store stays locked); MW_ERR_IO (disk full…):
 *         nothing was recorded then.
 */
mw_status mw_store_put_run(mw_store *s, const mw_run *run, mw_store_finding *findings, size_t count,
                           bool (*complete)(void *user, const char *account, const char *region,
                                            const char *type),
                           void *user, size_t *fixed, mw_error *err);

/**
 * One account's findings of a run that is not finished, in the contract's order; the first part records the run
 * (id, started_at, engine, rules_digest). Joins a transaction that is under way: so a snapshot's part and its
 * findings are stored together or not at all. Otherwise as mw_store_put_run(), for this account alone.
 * @param at  Now: what the life of findings is told with.
 */
mw_status mw_store_put_part(mw_store *s, const mw_run *run, const char *account, const char *at,
                            mw_store_finding *findings, size_t count,
                            bool (*complete)(void *user, const char *account, const char *region,
                                             const char *type),
                            void *user, mw_error *err);
/** Its end: finished_at, findings_digest, snapshot, coverage. Joins. MW_ERR_NOTFOUND: no such run. */
mw_status mw_store_finish_run(mw_store *s, const mw_run *run, mw_error *err);

/** Newest first. Rows by callback; strings valid during the call; returning false stops. */
mw_status mw_store_runs(mw_store *s, bool (*row)(void *user, const mw_run *run), void *user, mw_error *err);
/** @p run NULL = the newest finished. MW_ERR_NOTFOUND names it. */
mw_status mw_store_get_run(mw_store *s, const char *run, bool (*row)(void *user, const mw_run *run),
                           void *user, mw_error *err);
/** How many findings of each kind the run has, by kind in byte order. */
typedef struct mw_store_count {
    const char *rule, *status, *severity, *change;
    size_t count;
} mw_store_count;
mw_status mw_store_run_counts(mw_store *s, const char *run, bool (*row)(void *user, const mw_store_count *c),
                              void *user, mw_error *err);

/** In the contract's order: as they were put; by rule, then account, where they were put in parts. */
mw_status mw_store_run_findings(mw_store *s, const char *run,
                                bool (*row)(void *user, const mw_store_finding *f), void *user, mw_error *err);

#endif
