/* The policies of a role as IAM has them, or of files: what `permissions --diff` and checks of a
 * set-up compare with. */
#ifndef MW_CLI_ROLE_POLICIES_H
#define MW_CLI_ROLE_POLICIES_H

#include "cli/session.h"
#include "engine/permission_diff.h"

/* What reading a role asks for. */
#define MW_ROLE_OPERATIONS                                                                         \
    "iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies",    \
        "iam:GetPolicy", "iam:GetPolicyVersion"

/**
 * Add the inline and attached policies of a role and its permissions boundary. After
 * mw_session_identify().
 * @param role  A name, a path and a name, or an ARN of the session's account.
 * @return MW_OK; MW_ERR_INVALID: an ARN of another account; MW_ERR_AWS with the operation: what is
 * not allowed, no such role.
 */
mw_status mw_role_policies_read(mw_session *n, const char *role, mw_policy_set *out, mw_error *err);
/** Add a policy document, or each of a list of them, from a JSON file. */
mw_status mw_policy_file_read(const char *path, mw_policy_set *out, mw_error *err);

#endif
