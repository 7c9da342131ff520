/*
 * IAM actions as policies: documents, CloudFormation and Terraform. Knows nothing of what the
 * actions are for, so that what rules read and what remediations change are written alike. Pure;
 * the same actions give the same bytes.
 */
#ifndef MW_REPORT_IAM_POLICY_H
#define MW_REPORT_IAM_POLICY_H

#include "base/buf.h"
#include "moonward/doc.h"

/* IAM and AWS STS quotas, IAM User Guide: characters of a managed policy, whitespace not counted…
 */
#define MW_IAM_MANAGED_MAX  ((size_t)6144)
/* …and managed policies that a role may have, before the quota is raised. */
#define MW_IAM_ATTACHED_MAX ((size_t)10)
/* AssumeRole, STS API Reference: a session policy, whitespace included. */
#define MW_IAM_SESSION_MAX  ((size_t)2048)

/** Actions, "s3:GetBucketAcl", in byte order, each once. Borrowed. */
typedef struct mw_iam_actions {
    const char *const *items;
    size_t count;
} mw_iam_actions;

/** How many of the actions, from the first on, a policy of @p max characters holds. At least one of
 * any. */
size_t mw_iam_policy_fit(mw_iam_actions a, size_t max);
/** How many managed policies all of them take. */
size_t mw_iam_policies(mw_iam_actions a);
/** Characters of their policy without whitespace. */
size_t mw_iam_policy_size(mw_iam_actions a);
/** Push the policy document: a statement for each service, its name as Sid, on every resource. */
void mw_iam_policy_push(mw_doc_builder *b, mw_iam_actions a);
/**
 * Push managed policies as members of `Resources` of a CloudFormation template.
 * @param role       Logical id of the role that they are for, or NULL.
 * @param condition  Name of the condition that they hang on, or NULL.
 * @return how many: "MoonwardPolicy", "MoonwardPolicy2", …
 */
size_t mw_iam_policy_resources(mw_doc_builder *b, mw_iam_actions a, const char *role, const char *condition);
/** Append a value as an HCL expression, indented by two: HCL reads JSON's objects and lists as its
 * own, `${…}` included. */
mw_status mw_iam_policy_hcl(mw_buf *out, const mw_doc *d, mw_val v, mw_error *err);

/** JSON: one document; with @p split a list of documents that each fit a managed policy. */
mw_status mw_iam_policy_json(mw_iam_actions a, bool split, mw_buf *out, mw_error *err);
/** The shortest policy that allows them, in one line: for AssumeRole, which counts every character
 * (MW_IAM_SESSION_MAX). */
mw_status mw_iam_policy_session(mw_iam_actions a, mw_buf *out, mw_error *err);
/** A CloudFormation template, YAML, of as many managed policies as it takes. */
mw_status mw_iam_policy_cloudformation(mw_iam_actions a, mw_buf *out, mw_error *err);
/** The same as Terraform text: `aws_iam_policy` resources, attached to @p role (an address,
 * "aws_iam_role.x") or to none. */
mw_status mw_iam_policy_terraform(mw_iam_actions a, const char *role, mw_buf *out, mw_error *err);

#endif
