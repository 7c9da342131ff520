/* `moonward permissions --diff`: the policy of the rules against a role or a file. */
#ifndef MW_CLI_PERMISSIONS_DIFF_H
#define MW_CLI_PERMISSIONS_DIFF_H

#include "cli/permit.h"

/**
 * Compare and print. @p target is a file with policies where there is one of that name, else a role
 * of the account that the credentials belong to.
 * @return exit status: 1 when an action is missing.
 */
int mw_permissions_diff(mw_setup *s, const mw_permissions *p, const char *target);

#endif
