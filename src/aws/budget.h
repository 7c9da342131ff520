/* What a run may ask of AWS at most: requests, and their list price. */
#ifndef MW_AWS_BUDGET_H
#define MW_AWS_BUDGET_H

#include "moonward/status.h"

#include <stdbool.h>
#include <stdint.h>

/** The code of a call that was not sent because the budget was spent. */
#define MW_CODE_BUDGET_SPENT "BudgetSpent"

typedef struct mw_budget {
    uint64_t calls_most; /* UINT64_MAX = no limit */
    double usd_most;     /* negative = no limit */
    uint64_t calls;      /* taken, retries included */
    double usd;
    uint64_t refused;
    /* Beside the figures: may a request of this operation ("s3:ListBuckets") and page (from 1) be
     * sent? NULL = any. */
    bool (*gate)(void *user, const char *service, const char *operation, unsigned page);
    void *gate_user;
} mw_budget;

/** `calls=500`, `cost=0.50`, or both with a comma between. @return MW_OK; MW_ERR_INVALID saying
 * what was expected. */
mw_status mw_budget_parse(const char *text, mw_budget *out, mw_error *err);
/** One request is about to be sent: false, and nothing taken, when it would exceed the budget. */
bool mw_budget_take(mw_budget *b, const char *service, const char *operation, unsigned page);
/** Requests that may still be sent whatever they cost; UINT64_MAX without a limit. */
uint64_t mw_budget_left(const mw_budget *b);

#endif
