/* `moonward test --on`: rules on a recorded account or a stored snapshot, beside the findings that are expected there. */
#ifndef MW_CLI_TEST_ACCOUNT_H
#define MW_CLI_TEST_ACCOUNT_H

#include "cli/setup.h"
#include "engine/ruletest.h"

typedef struct mw_test_account {
    const char *on;     /* a recording's folder, or what names a stored snapshot (mw_snapshot_find()) */
    const char *expect; /* file of expectations; NULL = expected-findings.json in that folder; needed for a snapshot */
    bool update;        /* write it anew from what is found */
    bool all_rules;     /* the rules are all that there are: an expectation of another rule is a failure */
} mw_test_account;

/**
 * One result per rule, named "on WHAT", whose diff has a line for each finding that is missing ('-') or new ('+').
 * Needs the set-up's rules.
 * @return MW_OK, whatever was found; MW_ERR_NOTFOUND: no recording, no snapshot or no expectations; MW_ERR_INVALID; what a sweep gives.
 */
mw_status mw_test_account_run(mw_setup *s, const mw_test_account *o, mw_ruletest_report *out, mw_error *err);

#endif
