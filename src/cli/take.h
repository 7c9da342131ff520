/* Before a snapshot is taken: what `sweep` and `collect` have in common. */
#ifndef MW_CLI_TAKE_H
#define MW_CLI_TAKE_H

#include "cli/progress.h"
#include "cli/targets.h"
#include "inventory/plan.h"

/** `mw_take t = {0};` then mw_take_clear(). */
typedef struct mw_take {
    mw_setup setup;
    mw_session session;
    mw_plan *plan;
    mw_progress progress;
    mw_account_list list;
    mw_targets targets;
} mw_take;

/** Configuration, rules (those of the command line, else `select`), client, plan. No call is made.
 */
mw_status mw_take_prepare(mw_take *t, const mw_cli *cli, mw_error *err);
/** Who we are, and which accounts there are. */
mw_status mw_take_identify(mw_take *t, mw_error *err);
/** A replay is an experiment, not a look at the account: it is stored only where the command line
 * says so. */
bool mw_take_stores(const mw_take *t);
void mw_take_clear(mw_take *t);

#define MW_TAKE_OPTIONS                                                                                                \
    {.name = "plan",                                                                                                   \
     .help = "Print the API calls, how many, how long they take and what they cost, and stop: "                        \
             "AWS is not called"},                                                                                     \
        {.name = "max-age",                                                                                            \
         .value = "AGE",                                                                                               \
         .help = "Take from the store what it has completely and no older than 15m, 12h, 2d"},                         \
    {                                                                                                                  \
        .name = "budget", .value = "calls=N,cost=USD",                                                                 \
        .help = "Stop asking AWS when so many requests are sent, or so much is spent; what was "                       \
                "not asked is unknown"                                                                                 \
    }

#endif
