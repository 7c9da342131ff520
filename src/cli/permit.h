/* The permissions of the chosen rules and of the session itself, for the commands that print and check them. */
#ifndef MW_CLI_PERMIT_H
#define MW_CLI_PERMIT_H

#include "cli/setup.h"
#include "engine/permissions.h"
#include "report/iam_policy.h"

/* What a session asks for itself in every account, and where its accounts come from an organization. */
#define MW_SESSION_OPERATIONS "sts:GetCallerIdentity", "ec2:DescribeRegions"
#define MW_ORGANIZATION_OPERATIONS                                                                                     \
    "organizations:ListAccounts", "organizations:ListAccountsForParent",                                               \
        "organizations:ListOrganizationalUnitsForParent", "organizations:ListTagsForResource"

/** What the set-up's rules take in an account, with what the session itself asks there. */
mw_status mw_permit_rules(const mw_setup *s, const mw_models *models, mw_permissions *out, mw_error *err);
/** The actions alone, in @p arena. */
mw_status mw_permit_actions(const mw_permissions *p, mw_arena *arena, mw_iam_actions *out, mw_error *err);

#endif
