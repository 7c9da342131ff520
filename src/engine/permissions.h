/*
 * Which IAM actions a set of rules takes, and what each is for. The same list is printed as a
 * policy, compared with a role (engine/permission_diff.h) and given to a session.
 */
#ifndef MW_ENGINE_PERMISSIONS_H
#define MW_ENGINE_PERMISSIONS_H

#include "base/arena.h"
#include "inventory/plan.h"

/** Distinct texts in byte order. Grown by mw_permissions_add() only. */
typedef struct mw_words {
    const char **items;
    size_t count, cap;
} mw_words;

/** One action: all texts in the arena of its list. */
typedef struct mw_permission {
    const char *action;  /* "s3:GetBucketAcl" */
    mw_words operations; /* that take it: "s3:GetBucketAcl" */
    mw_words parts;      /* what is read by it: "AWS::S3::Bucket", "AWS::S3::Bucket.Acl" */
    mw_words rules;      /* that become unknown without it; empty: only the session asks for it */
} mw_permission;

/** `MW_AUTO(mw_permissions) p = {0};` In byte order of the actions. */
typedef struct mw_permissions {
    mw_permission *items;
    size_t count, cap;
    mw_arena arena;
} mw_permissions;

void mw_permissions_clear(mw_permissions *p);
/**
 * The actions of an operation ("s3:GetBucketAcl") that @p part needs for @p rule. Texts are copied.
 * @param rule  NULL: for no rule.
 * @return MW_OK; MW_ERR_INVALID: the operation has no service; MW_ERR_NOMEM.
 */
mw_status mw_permissions_add(mw_permissions *p, const mw_models *models, const char *operation, const char *part,
                             const char *rule, mw_error *err);
/** All that the plan calls, for @p rule. */
mw_status mw_permissions_add_plan(mw_permissions *p, const mw_models *models, const mw_plan *plan, const char *rule,
                                  mw_error *err);
const mw_permission *mw_permissions_get(const mw_permissions *p, const char *action);

#endif
