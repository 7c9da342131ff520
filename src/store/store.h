/* Runs and findings that outlive a process, in a file (SQLite) or in a PostgreSQL database. */
#ifndef MW_STORE_STORE_H
#define MW_STORE_STORE_H

#include "base/buf.h"
#include "moonward/doc.h"

#include <stdint.h>

typedef struct mw_store mw_store;

/** postgresql://… or postgres://…: not a file. */
bool mw_store_is_url(const char *path);
/** How messages call it, added to @p out: a path as it is, a URL without its password. MW_ERR_INVALID: no such URL. */
mw_status mw_store_name(const char *path, mw_buf *out, mw_error *err);
typedef enum mw_store_mode {
    MW_STORE_MAKE,     /* made when it is missing, brought to this version's schema */
    MW_STORE_EXISTING, /* the same where something is stored; makes nothing */
    MW_STORE_LOOK      /* changes nothing: an older schema stays, and what is asked of it may fail */
} mw_store_mode;

typedef struct mw_store_options {
    mw_store_mode mode;
    int connect_s; /* most to wait for each address of a server, 2 at least; 0 = 10, or what the URL says */
} mw_store_options;

/**
 * Open, as @p o says (NULL = MW_STORE_MAKE). A file: folders 0700, file 0600, WAL. A URL is libpq's, with `schema=NAME` among its
 * parameters for another schema than "moonward".
 * @return MW_OK; MW_ERR_NOTFOUND (nothing is stored there, unless it is to be made); MW_ERR_UNSUPPORTED (a newer schema, named with both versions); MW_ERR_PARSE (damaged, or not
 *         ours); MW_ERR_CONFLICT (locked by another process for too long); MW_ERR_INVALID (no such URL, no
 *         such database, or the server refuses this role); MW_ERR_NET (no connection); MW_ERR_IO. Messages name the
 *         path, or the URL without its password.
 */
mw_status mw_store_open(const char *path, const mw_store_options *o, mw_store **out, mw_error *err);
/** The schema that it has (after what opening did), and the one that this version makes. */
void mw_store_schema(const mw_store *s, int64_t *is, int64_t *known);
/** NULL is allowed. */
void mw_store_close(mw_store *s);
/** What the database itself can check, of a file every page: MW_ERR_PARSE tells the first damage. */
mw_status mw_store_check(mw_store *s, mw_error *err);
/** Give unused space back: of a file to the disk, of a database to its tables. Cost: the pages moved. */
mw_status mw_store_shrink(mw_store *s, mw_error *err);

/**
 * A transaction over several of the calls below, snapshots included, that says so ("joins"). Whoever writes by a claim
 * begins it so: others, with claims on other accounts, may be writing too.
 * mw_store_end() commits when @p st is MW_OK, else nothing happened; it returns @p st, or why it could not.
 */
mw_status mw_store_begin(mw_store *s, mw_error *err);
mw_status mw_store_end(mw_store *s, mw_status st, mw_error *err);

#define MW_STORE_HOLDER_SIZE 64
/**
 * Become the one who writes runs and snapshots of these accounts (of a file: of all), until the store is closed, the
 * process ends, or another claim takes its place. Does not wait.
 * @param accounts  None = all.
 * @param shared  Together with every other process that claims for the same @p run so.
 * @return MW_OK; MW_ERR_CONFLICT: @p holder is the run that has it; MW_ERR_IO.
 */
mw_status mw_store_claim(mw_store *s, const char *run, const char *const *accounts, size_t count, bool shared,
                         char holder[MW_STORE_HOLDER_SIZE], mw_error *err);

typedef struct mw_run {
    const char *id;                       /* ULID */
    const char *started_at, *finished_at; /* ISO 8601; finished_at NULL while running */
    const char *engine, *rules_digest, *findings_digest, *snapshot;
    const char *coverage; /* JSON text of the contract's "coverage" */
    size_t fixed;         /* read back only: findings that this run saw fixed, those that no longer exist included */
    /* Rules that ran, for mw_store_put_part() only: what others found is left alone. */
    const char *const *rules;
    size_t rule_count;
} mw_run;

/** One finding of a run, in the store's words (no dependency on the engine). */
typedef struct mw_store_finding {
    const char *fingerprint, *rule, *status, *severity;
    const char *type, *id, *arn, *name, *account, *region, *partition, *subkey, *message, *evidence;
    /* Read back only. */
    char change[12]; /* "new" "open" "fixed" "regressed" or "" */
    char first_seen[40], last_seen[40];
} mw_store_finding;

/** A resource that packed findings are of. */
typedef struct mw_store_subject {
    const char *id, *arn, *name, *account, *region, *partition; /* arn, name may be NULL */
} mw_store_subject;

/**
 * Findings of one rule that have nothing of their own, none of them failing, unknown or an error: one status, one message, no
 * subkey, no evidence. Bit i % 64 of word i / 64 says whether subject i is among them.
 */
typedef struct mw_store_pack {
    const char *rule, *status, *severity, *type, *message; /* message may be NULL */
    const mw_store_subject *subjects;                      /* by account, region, id; no two alike */
    size_t subject_count;
    const uint64_t *bits;
    size_t count; /* of the bits that are set */
} mw_store_pack;

/** What one account gave to a run. */
typedef struct mw_store_part {
    const char *account, *at;         /* at: now, what the life of findings is told with */
    const char *digest;               /* of its findings; may be NULL */
    size_t passed;                    /* findings that were counted and not put */
    const mw_store_finding *findings; /* in the contract's order: rule, account, region, id, subkey */
    size_t count;
    const mw_store_pack *packs; /* by rule; those of a rule have the same subjects. No finding is in both. */
    size_t pack_count;
    /* For (account, region, type): was the scope complete? Decides "no longer exists". NULL = no scope was. */
    bool (*complete)(void *user, const char *account, const char *region, const char *type);
    void *user;
} mw_store_part;

/**
 * The findings of one account in a run that is not finished; the first part records the run (id, started_at, engine,
 * rules_digest). Each is compared with what was known of its fingerprint: a failing finding is `new` (never failed before),
 * `open` (failed in the last run that judged it) or `regressed` (was fixed). One that failed before and now passes or does
 * not apply is `fixed`; so is one of this account that no longer exists, when its rule ran, its scope was complete, and nothing
 * about its resource was unknown or an error. unknown and error neither open nor close anything.
 *
 * Joins a transaction that is under way: so a snapshot's part and its findings are stored together or not at all.
 * @return MW_OK; MW_ERR_CONFLICT (the account is in the run already, or the store stays locked); MW_ERR_IO (disk full…):
 *         nothing was recorded then.
 */
mw_status mw_store_put_part(mw_store *s, const mw_run *run, const mw_store_part *part, mw_error *err);
/** Its end: finished_at, findings_digest, snapshot, coverage. Joins. MW_ERR_NOTFOUND: no such run. */
mw_status mw_store_finish_run(mw_store *s, const mw_run *run, mw_error *err);
/** The parts of a run by account: account, digest and passed alone. */
mw_status mw_store_run_parts(mw_store *s, const char *run, bool (*row)(void *user, const mw_store_part *part),
                             void *user, mw_error *err);

/** Newest first. Rows by callback; strings valid during the call; returning false stops. */
mw_status mw_store_runs(mw_store *s, bool (*row)(void *user, const mw_run *run), void *user, mw_error *err);
/** @p run NULL = the newest finished. MW_ERR_NOTFOUND names it. */
mw_status mw_store_get_run(mw_store *s, const char *run, bool (*row)(void *user, const mw_run *run), void *user,
                           mw_error *err);
/** How many findings of each kind the run has, by kind in byte order. */
typedef struct mw_store_count {
    const char *rule, *status, *severity, *change;
    size_t count;
} mw_store_count;
/** How many findings the run has, without looking at each. */
mw_status mw_store_run_size(mw_store *s, const char *run, size_t *out, mw_error *err);
mw_status mw_store_run_counts(mw_store *s, const char *run, bool (*row)(void *user, const mw_store_count *c),
                              void *user, mw_error *err);

/** Which findings are wanted. */
typedef enum mw_store_wanted {
    MW_STORE_ALL,
    MW_STORE_UNSETTLED /* fail, unknown, error: cheap where nearly everything passes */
} mw_store_wanted;
/** In the contract's order, by rule, account, region, id, subkey. */
mw_status mw_store_run_findings(mw_store *s, const char *run, mw_store_wanted wanted,
                                bool (*row)(void *user, const mw_store_finding *f), void *user, mw_error *err);

#endif
