/* A run of the store as a report. */
#ifndef MW_CLI_STORED_H
#define MW_CLI_STORED_H

#include "cli/setup.h"

/** `MW_AUTO(mw_stored) r = {0};` */
typedef struct mw_stored {
    mw_arena arena;
    mw_findings findings;
    mw_doc *coverage;
    mw_report report; /* borrows from the three above */
} mw_stored;

/** @p run NULL = the newest finished run. MW_ERR_NOTFOUND names the run or the empty store. */
mw_status mw_stored_load(mw_setup *s, const char *run, mw_stored *out, mw_error *err);
/** The finding whose fingerprint begins with @p prefix. MW_ERR_NOTFOUND; MW_ERR_INVALID: several do. */
mw_status mw_stored_find(const mw_stored *r, const char *prefix, const mw_finding **out, mw_error *err);
void mw_stored_clear(mw_stored *r);

#endif
