/* The run that a flow belongs to: a new one, one that was not ended, or one that is shared with other shards. */
#ifndef MW_CLI_FLOW_RUN_H
#define MW_CLI_FLOW_RUN_H

#include "cli/flow.h"

/** --resume, --run-id and --shard, before any call; names the run, and the sessions of its roles after it. */
mw_status mw_flow_run_check(mw_flow *f, mw_error *err);
/** Claim the store (waiting for who has it), name the run, and say which accounts are to be collected. */
mw_status mw_flow_run_begin(mw_flow *f, mw_error *err);
/** What a signal leaves behind, as a failure. */
mw_status mw_flow_run_stopped(const mw_flow *f, mw_error *err);

/**
 * Which of @p count shards takes this account: of those that hold fewer than @p room the one whose hash with it is the
 * greatest, so that few accounts move when one is added. Counted in @p held. @return count when all are full.
 */
size_t mw_shard_take(const char *account, size_t *held, size_t count, size_t room);
/** `2/8`, or `8` with the number (from 0) in the environment. @p index from 0. */
mw_status mw_shard_parse(const char *text, const char *(*getenv_fn)(const char *name), size_t *index, size_t *count,
                         mw_error *err);

#endif
