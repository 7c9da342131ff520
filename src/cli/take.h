/* Taking a snapshot: what `sweep` and `collect` have in common. */
#ifndef MW_CLI_TAKE_H
#define MW_CLI_TAKE_H

#include "base/time.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "inventory/plan.h"
#include "store/snapshots.h"

/** `mw_take t = {.snapshot_fd = -1};` then mw_take_clear(). */
typedef struct mw_take {
    mw_setup setup;
    mw_session session;
    mw_plan *plan;
    mw_progress progress;
    int snapshot_fd; /* -1 before there is one */
    mw_doc *snapshot, *coverage;
    char digest[2 * MW_SHA256_SIZE + 1];
    int64_t started_ns;
} mw_take;

/** Configuration, rules (those of the command line, else `select`), client, plan. No call is made.
 */
mw_status mw_take_prepare(mw_take *t, const mw_cli *cli, mw_error *err);
/** `--plan`: print the calls. @return exit status. */
int mw_take_print_plan(mw_take *t);
/** Identify, collect, and what was covered. MW_ERR_CANCELLED after a signal. */
mw_status mw_take_collect(mw_take *t, mw_error *err);
/** A replay is an experiment, not a look at the account: it is stored only where the command line
 * says so. */
bool mw_take_stores(const mw_take *t);
/** Store what was collected. @p id (MW_ULID_SIZE) and @p counts may be NULL. */
mw_status mw_take_store(mw_take *t, mw_store *store, char *id, mw_snapshot_counts *counts,
                        mw_error *err);
void mw_take_clear(mw_take *t);

#define MW_TAKE_PLAN_OPTION                                                                        \
    {                                                                                              \
        .name = "plan",                                                                            \
        .help = "Print the API calls that are made for it, and stop: AWS is not called"            \
    }

#endif
