/* A run that is too large for memory as a report: read from the store while it is written. */
#ifndef MW_CLI_STORED_LARGE_H
#define MW_CLI_STORED_LARGE_H

#include "cli/stored.h"

/** Findings and scopes together above which a run is not loaded. */
#define MW_STORED_LARGE ((size_t)100000)

/** How many of both the run has. */
mw_status mw_stored_size(mw_store *store, const char *run, size_t *out, mw_error *err);
/**
 * Print and export by the options of a report: JSON and JSON lines whole, text with the first findings of each rule.
 * --query is MW_ERR_LIMIT. Memory: the figures, and what text shows. @return exit status.
 */
int mw_stored_print_large(mw_setup *s, mw_store *store, const char *run, bool judge, mw_error *err);

#endif
