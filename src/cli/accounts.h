/* Which accounts, and with whose credentials: --account, --role-name, --external-id. */
#ifndef MW_CLI_ACCOUNTS_H
#define MW_CLI_ACCOUNTS_H

#include "cli/account_list.h"
#include "cli/session.h"
#include "engine/audit.h"

/** `MW_AUTO(mw_accounts) a = {0};` Texts and the list lie in the set-up's arena; the providers are owned. */
typedef struct mw_accounts {
    mw_audit_account *items; /* sorted by id; without regions */
    size_t count;
} mw_accounts;

void mw_accounts_clear(mw_accounts *a);

/** Does the command line name accounts to assume a role in? Sets the session's any_account. */
mw_status mw_accounts_begin(mw_session *n, mw_error *err);
/**
 * After mw_session_identify(). Without --role-name it is the session's account. With it, every --account: an id,
 * or a glob over the active accounts of the organization. No role is assumed before it is needed.
 * @return MW_OK; MW_ERR_INVALID for what is no account or a glob without a match; what Organizations gave.
 */
mw_status mw_accounts_resolve(mw_session *n, mw_accounts *out, mw_error *err);

#endif
