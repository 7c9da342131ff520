/* Which snapshots go: `snapshot prune` and `retention` of the configuration. */
#ifndef MW_CLI_RETENTION_H
#define MW_CLI_RETENTION_H

#include "cli/setup.h"
#include "store/snapshots.h"

/** What is kept; a limit of 0 is none. With both, what either one would forget goes. */
typedef struct mw_retention {
    size_t keep;           /* the newest so many */
    int64_t older_than_ns; /* and nothing taken longer ago than this */
} mw_retention;

/** "90d", "12h", "4w", "30m": MW_ERR_INVALID says what was expected. */
mw_status mw_retention_age(const char *text, int64_t *ns, mw_error *err);
/** `retention: {keep: 30, older_than: 90d}` of moonward.yaml; nothing when it has none. */
mw_status mw_retention_config(const mw_config *c, mw_retention *out, mw_error *err);

/** `MW_AUTO(mw_doomed) d = {0};` Ids in an order that means nothing. */
typedef struct mw_doomed {
    mw_arena arena;
    const char **ids, **taken_at;
    size_t count, kept;
} mw_doomed;

/**
 * The snapshots that @p r forgets at @p now_ns. The newest never goes, nor does the newest one
 * whose coverage is complete. Cost: the list of snapshots, and the ledgers from the newest to that
 * one.
 */
mw_status mw_retention_choose(mw_store *s, const mw_retention *r, int64_t now_ns, mw_doomed *out, mw_error *err);
void mw_doomed_clear(mw_doomed *d);
/** Forget them and give the file's space back. */
mw_status mw_retention_apply(mw_store *s, const mw_doomed *d, mw_snapshot_pruned *out, mw_error *err);
/** After a run: what the configuration says. A failure is a warning, for the run itself is stored.
 */
void mw_retention_after_run(const mw_setup *s, mw_store *store);

#endif
