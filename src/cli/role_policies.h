/* The policies of a role or a user as IAM has them, or of files: what `permissions --diff` and
 * `doctor` compare with. */
#ifndef MW_CLI_ROLE_POLICIES_H
#define MW_CLI_ROLE_POLICIES_H

#include "cli/session.h"
#include "engine/permission_diff.h"

/* What reading a role asks for, and reading a user. */
#define MW_ROLE_OPERATIONS                                                                                             \
    "iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetPolicy",       \
        "iam:GetPolicyVersion"
#define MW_USER_OPERATIONS                                                                                             \
    "iam:GetUser", "iam:ListUserPolicies", "iam:GetUserPolicy", "iam:ListAttachedUserPolicies",                        \
        "iam:ListGroupsForUser", "iam:ListGroupPolicies", "iam:GetGroupPolicy", "iam:ListAttachedGroupPolicies",       \
        "iam:GetPolicy", "iam:GetPolicyVersion"

typedef enum mw_principal_kind {
    MW_PRINCIPAL_ROLE,
    MW_PRINCIPAL_USER,
    MW_PRINCIPAL_ROOT,
    MW_PRINCIPAL_OTHER /* a federated user and the like: its policies stand nowhere */
} mw_principal_kind;

typedef struct mw_principal {
    mw_principal_kind kind;
    const char *name; /* without its path, in the text that was parsed; its length, as a session may
                         follow */
    size_t len;
} mw_principal;

/**
 * Pure: whose policies hold for "Name", "/path/Name" (roles), an ARN of IAM, or one that
 * sts:GetCallerIdentity gave.
 */
mw_principal mw_principal_parse(const char *text);
/**
 * Add the inline and attached policies of a role, or of a user and its groups, and the permissions
 * boundary.
 * @param scope  The account that it belongs to, its home region, and credentials that may read
 * there.
 * @param principal  As mw_principal_parse() takes it.
 * @return MW_OK; MW_ERR_INVALID: an ARN of another account, or neither role nor user; MW_ERR_AWS
 * with the operation: what is not allowed, no such role; MW_ERR_LIMIT: more policies than IAM's
 * quotas let there be.
 * @param[out] denied  MW_ERR_AWS: it was a denial. May be NULL.
 */
mw_status mw_role_policies_read(mw_session *n, const mw_scope *scope, const char *principal, mw_policy_set *out,
                                bool *denied, mw_error *err);
/** Add a policy document, or each of a list of them, from a JSON file. */
mw_status mw_policy_file_read(const char *path, mw_policy_set *out, mw_error *err);

#endif
