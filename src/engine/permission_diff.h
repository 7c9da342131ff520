/*
 * Permissions held against policies: does a role allow what the rules take, and what does it allow
 * besides? Pure. What cannot be said without a request (conditions, resources) is `conditional`,
 * never `allowed`; service and resource control policies and session policies are not part of a
 * role and not looked at.
 */
#ifndef MW_ENGINE_PERMISSION_DIFF_H
#define MW_ENGINE_PERMISSION_DIFF_H

#include "engine/permissions.h"

/** Policies of a role. `MW_AUTO(mw_policy_set) s = {0};` then mw_policy_set_begin(). Texts are its
 * own. */
typedef struct mw_policy_set {
    mw_doc_builder *b; /* holds the documents */
    struct mw_policy_entry {
        const char *name;
        mw_val document;
        bool boundary;
    } * items;
    size_t count, cap;
    mw_arena arena;
} mw_policy_set;

mw_status mw_policy_set_begin(mw_policy_set *s, mw_error *err);
/**
 * Add a policy document, an object of @p d. It is checked: every statement has an Effect and an
 * Action or NotAction.
 * @param boundary  A permissions boundary: it limits, and allows nothing by itself.
 * @return MW_OK; MW_ERR_INVALID: no policy, with its name; MW_ERR_NOMEM.
 */
mw_status mw_policy_set_add(mw_policy_set *s, const char *name, const mw_doc *d, mw_val document, bool boundary,
                            mw_error *err);
void mw_policy_set_clear(mw_policy_set *s);

typedef enum mw_grant { MW_GRANT_ALLOWED, MW_GRANT_CONDITIONAL, MW_GRANT_MISSING } mw_grant;
const char *mw_grant_name(mw_grant g); /* "allowed", … */

typedef struct mw_permission_grant {
    mw_grant grant;
    const char *why; /* "denied by Guard", "only with a condition (Guard)"; NULL when allowed */
} mw_permission_grant;

typedef struct mw_permission_surplus {
    const char *action; /* as the policy writes it: "iam:PassRole", "ec2:Describe*", "everything but
                           s3:*" */
    const char *policy;
    bool wildcard; /* it allows more than one could list */
} mw_permission_surplus;

/** `MW_AUTO(mw_permission_diff) d = {0};` */
typedef struct mw_permission_diff {
    mw_permission_grant *grants; /* one for each item of the permissions */
    size_t missing, conditional;
    mw_permission_surplus *surplus; /* in byte order of action and policy */
    size_t surplus_count, surplus_cap;
    mw_arena arena;
} mw_permission_diff;

/** Compare. @return MW_OK, whatever is missing; MW_ERR_NOMEM. Cost: actions times statements. */
mw_status mw_permissions_compare(const mw_permissions *p, const mw_policy_set *s, mw_permission_diff *out,
                                 mw_error *err);
/** The first policy that allows every action there is, or NULL. */
const char *mw_permission_diff_everything(const mw_permission_diff *d);
void mw_permission_diff_clear(mw_permission_diff *d);

#endif
