/*
 * What makes accounts readable, as CloudFormation and Terraform text: a role in each with the
 * policies of the rules, whom it trusts, and the StackSet that brings it to an organization. Pure;
 * the same input gives the same bytes.
 */
#ifndef MW_REPORT_ONBOARD_H
#define MW_REPORT_ONBOARD_H

#include "report/iam_policy.h"

typedef enum mw_onboard_part {
    MW_ONBOARD_ACCOUNT,      /* the role, for the account that the text is deployed in */
    MW_ONBOARD_ORGANIZATION, /* a service-managed StackSet of it, and the role where it is deployed,
                                which no StackSet reaches */
    MW_ONBOARD_HUB           /* the policy of whoever starts Moonward */
} mw_onboard_part;

/** Borrowed. */
typedef struct mw_onboard {
    mw_iam_actions actions;     /* of the role */
    mw_iam_actions listing;     /* of the hub, to list an organization */
    const char *role, *path;    /* "MoonwardRead", "/" */
    const char *hub, *hub_role; /* account, and path and name of the role that may assume it */
    const char *external_id;    /* or NULL */
    const char *org_id;         /* or NULL: of any organization */
    const char *const *ous;     /* units and roots, for the organization */
    size_t ou_count;
} mw_onboard;

/** Are all texts what AWS takes for them? They go into templates as they are. @return MW_OK;
 * MW_ERR_INVALID with the option. */
mw_status mw_onboard_check(const mw_onboard *o, mw_onboard_part part, mw_error *err);
/** YAML. After mw_onboard_check(). */
mw_status mw_onboard_cloudformation(const mw_onboard *o, mw_onboard_part part, mw_buf *out, mw_error *err);
mw_status mw_onboard_terraform(const mw_onboard *o, mw_onboard_part part, mw_buf *out, mw_error *err);

#endif
