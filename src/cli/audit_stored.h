/* An audit over a stored snapshot: the snapshot, and the accounts and regions that it looked into.
 */
#ifndef MW_CLI_AUDIT_STORED_H
#define MW_CLI_AUDIT_STORED_H

#include "cli/setup.h"
#include "engine/archive.h"
#include "engine/audit.h"

/** `mw_audit_stored a = {.fd = -1};` then mw_audit_stored_clear(). The list lies in the set-up's
 * arena. */
typedef struct mw_audit_stored {
    mw_archived archived;
    mw_doc *snapshot;
    int fd;
    int64_t now_unix;
    mw_audit_account *items; /* by id, each with its regions; no credentials */
    size_t count;
} mw_audit_stored;

/**
 * Load the snapshot of that name. Its scopes are narrowed by --account and --region.
 * @param once  One region for each account: that of its global services.
 * @return MW_OK; MW_ERR_NOTFOUND: no such snapshot; MW_ERR_INVALID: nothing is left, or an option
 * that makes no sense without AWS.
 */
mw_status mw_audit_stored_open(mw_setup *s, const char *name, bool once, mw_audit_stored *out, mw_error *err);
void mw_audit_stored_clear(mw_audit_stored *a);

#endif
