/* The exit status of a sweep, as a pure function: docs/reference/exit-codes.md. */
#ifndef MW_CLI_OUTCOME_H
#define MW_CLI_OUTCOME_H

#include "report/report.h"

#define MW_FAIL_ON_CHOICES "critical|high|medium|low|info|none"
/* info is for people to read; everything above it is meant to be fixed. */
#define MW_FAIL_ON_DEFAULT "low"

/**
 * 2 when something is unknown, an error or an incomplete scope (it wins over 1, for the count of
 * findings cannot be trusted then), unless @p allow_incomplete; 1 when a failing finding is at or above
 * @p fail_on (one of MW_FAIL_ON_CHOICES); else 0.
 */
int mw_outcome(const mw_report_counts *counts, const char *fail_on, bool allow_incomplete);

#endif
