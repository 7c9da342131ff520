/* Accounts of an organization, by unit, name and tag. */
#ifndef MW_CLI_ORGANIZATION_H
#define MW_CLI_ORGANIZATION_H

#include "cli/account_list.h"
#include "cli/session.h"

/**
 * Append the accounts that `organization` of the configuration chooses, by calls of the session: ListAccounts, or
 * below the units that it names; tags are asked for only when it chooses by them. What is not active is said.
 * @return MW_OK; MW_ERR_INVALID: the key itself; what AWS gave.
 */
mw_status mw_organization_read(mw_session *n, mw_account_list *out, mw_error *err);

/** "ACTIVE", "SUSPENDED", …: of an account as Organizations lists it. `Status` was before `State`. */
const char *mw_organization_state(const mw_doc *d, mw_val account);

#define MW_ORGANIZATION_OPERATIONS_MAX 3
/** What that asks: names into @p out. @return how many; none without the key. */
size_t mw_organization_operations(const mw_setup *s, const char *out[MW_ORGANIZATION_OPERATIONS_MAX]);

#endif
