/*
 * How many requests a plan makes, before it makes them: by the counts of an earlier snapshot where
 * there are any, else by assumptions that are said. Pure: nothing is asked of AWS.
 */
#ifndef MW_INVENTORY_ESTIMATE_H
#define MW_INVENTORY_ESTIMATE_H

#include "base/arena.h"
#include "inventory/plan.h"

/** Of a scope that nobody has counted. */
#define MW_ESTIMATE_RESOURCES    20
/** Bytes of an answer without its items, and of one listed item; ms that a request takes. */
#define MW_ESTIMATE_ANSWER_BYTES 900
#define MW_ESTIMATE_ITEM_BYTES   1200
#define MW_ESTIMATE_LATENCY_MS   100
/** Accounts that are read at the same time (collect.c), and requests in flight. */
#define MW_ESTIMATE_ACCOUNTS     16
#define MW_ESTIMATE_JOBS         32

typedef struct mw_estimate_account {
    const char *account, *partition, *home_region;
    const char *const *regions;
    size_t region_count;
} mw_estimate_account;

typedef struct mw_estimate_options {
    const mw_estimate_account *accounts;
    size_t account_count;
    /** Resources of a scope when they were last counted, and the calls that listing them took; -1:
     * nobody knows. */
    int64_t (*count)(void *user, const char *account, const char *region, const char *type, int64_t *calls);
    void *user;
    int jobs; /* requests in flight; 0 = MW_ESTIMATE_JOBS */
} mw_estimate_options;

typedef struct mw_estimate_row {
    const char *key;
    uint64_t requests, metrics;
    double usd;
} mw_estimate_row;

typedef struct mw_estimate_rows {
    mw_estimate_row *items; /* in the order of their first request */
    size_t count, cap;
} mw_estimate_rows;

/** `MW_AUTO(mw_estimate) e = {0};` */
typedef struct mw_estimate {
    mw_arena arena;
    uint64_t *calls; /* by the plan's distinct calls */
    size_t call_count;
    mw_estimate_rows operations, accounts, regions;
    uint64_t requests, bytes;
    int64_t time_ms;
    double usd;
    size_t scopes_known, scopes_assumed; /* whose resources were counted, or are guessed */
} mw_estimate;

/** @return MW_OK; MW_ERR_NOMEM. Cost: accounts × regions × calls. */
mw_status mw_plan_estimate(const mw_plan *p, const mw_estimate_options *o, mw_estimate *out, mw_error *err);
/** Requests beside the plan's, such as those that find out who we are. */
mw_status mw_estimate_add(mw_estimate *e, const char *operation, const char *account, const char *region,
                          uint64_t requests, mw_error *err);
void mw_estimate_clear(mw_estimate *e);

/** Of the calls of @p p, which does @p part make too? @p used has room for as many as @p p has. */
void mw_plan_shared(const mw_plan *p, const mw_plan *part, bool *used);

#endif
