/* The permissions of the chosen rules and of the session itself, for the commands that print and
 * check them. */
#ifndef MW_CLI_PERMIT_H
#define MW_CLI_PERMIT_H

#include "cli/setup.h"
#include "engine/permissions.h"
#include "report/iam_policy.h"

/* What a session asks for itself in every account. */
#define MW_SESSION_OPERATIONS "sts:GetCallerIdentity", "ec2:DescribeRegions"

/** What the set-up's rules take in an account, with what the session itself asks there. */
mw_status mw_permit_rules(const mw_setup *s, const mw_models *models, mw_permissions *out, mw_error *err);
/**
 * Let the client call what the plan and the session need, and nothing else: the same list that is
 * printed. The organization is asked only where the configuration names it.
 */
mw_status mw_permit_client(const mw_setup *s, const mw_plan *plan, mw_client *client, mw_error *err);
/**
 * The session policy of roles: what the plan and the session need, in the set-up's arena. NULL
 * where `session_policy` is off, and, with a warning, where it is longer than a session policy may
 * be: the role's own policies hold then.
 */
mw_status mw_permit_session_policy(mw_setup *s, const mw_models *models, const mw_plan *plan, const char **out,
                                   mw_error *err);
/** The actions alone, in @p arena. */
mw_status mw_permit_actions(const mw_permissions *p, mw_arena *arena, mw_iam_actions *out, mw_error *err);

#endif
