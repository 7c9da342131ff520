/* The accounts that a sweep looks into, each with its regions and whose credentials lead there. */
#ifndef MW_CLI_TARGETS_H
#define MW_CLI_TARGETS_H

#include "cli/account_list.h"
#include "cli/session.h"
#include "inventory/collect.h"

/** An account, and what of it cannot be read for reasons that no scope of its snapshot tells. */
typedef struct mw_target {
    mw_collect_account in;
    const char *arn; /* whose the credentials are, as sts:GetCallerIdentity says; NULL in a replay */
    mw_coverage_extra *extras;
    size_t extra_count;
} mw_target;

/** `MW_AUTO(mw_targets) t = {0};` Texts lie in the set-up's arena; the providers are owned. */
typedef struct mw_targets {
    mw_target *items; /* by id */
    size_t count;
} mw_targets;

/**
 * After mw_session_identify(): which accounts there are, and for each whether its credentials lead there and which of
 * its regions are enabled. What cannot be read of an account is its own affair: it is in the target; only when it is
 * the only one it is a failure (MW_ERR_CREDENTIALS).
 */
mw_status mw_targets_resolve(mw_session *n, mw_account_list *list, mw_targets *out, mw_error *err);
void mw_targets_clear(mw_targets *t);

#endif
