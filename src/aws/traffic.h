/*
 * Who may send next. Requests wait in the lane of their (account, region, service); lanes take
 * turns. A lane has a rate, a retry quota and a circuit breaker; account, service and host have
 * bulkheads, so that one that is slow cannot hold every place. A state machine without clock,
 * timers or sockets: the client brings those.
 */
#ifndef MW_AWS_TRAFFIC_H
#define MW_AWS_TRAFFIC_H

#include "aws/breaker.h"
#include "aws/rate.h"
#include "aws/retry.h"

typedef struct mw_traffic mw_traffic;
typedef struct mw_lane mw_lane;
typedef struct mw_share mw_share;

typedef struct mw_traffic_options {
    mw_retry_policy retry;
    mw_breaker_policy breaker;
    double rate_factor; /* of AWS's quotas that are assumed; 0 = 1 */
    int max_in_flight;
    /* Of these, at most; 0 = three quarters, three quarters and half; -1 = all. A limit holds only
     * while there is more than one account (service, host) to share with. */
    int max_per_account, max_per_service, max_per_host;
} mw_traffic_options;

typedef enum mw_ticket_state { MW_TICKET_IDLE, MW_TICKET_WAITING, MW_TICKET_GOING } mw_ticket_state;

/** One request on its way; embedded in whoever sends it. Zero-initialised. */
typedef struct mw_ticket {
    struct mw_ticket *next, *prev;
    mw_lane *lane;
    mw_share *host;
    mw_ticket_state state;
    bool probe;
    uint32_t operation; /* what it asks, for the breaker: set before it enters; 0 = nothing special */
    /** For whoever calls mw_traffic_next(): what its turn means. */
    void (*go)(void *user, int64_t refused_ms);
    void *user;
} mw_ticket;

mw_status mw_traffic_new(const mw_traffic_options *o, mw_traffic **out, mw_error *err);
void mw_traffic_free(mw_traffic *t);
const mw_retry_policy *mw_traffic_retry(const mw_traffic *t);

/**
 * The lane of a key, made when missing; lives as long as @p t. NULL when out of memory or room.
 * @param[out] fresh  It was made just now.
 */
mw_lane *mw_traffic_lane(mw_traffic *t, const char *account, const char *region, const char *service, bool *fresh,
                         int64_t now_ms);
/** Nothing will be asked in this account for now: its lanes go, but for what they have learnt of AWS's limits. */
void mw_traffic_forget(mw_traffic *t, const char *account);
/** The lane's endpoint is not AWS's own: its quotas say nothing, the rate is free until a throttle. */
void mw_lane_free_rate(mw_lane *l, int64_t now_ms);
/** mw_rate_remember() for it. */
void mw_lane_remember_rate(mw_lane *l, double ceiling_rps);
mw_retry_bucket *mw_lane_quota(mw_lane *l);
const mw_breaker *mw_lane_breaker(const mw_lane *l);
const mw_rate *mw_lane_rate(const mw_lane *l);

/** Each lane whose ceiling was learnt, with its key's parts. */
typedef void (*mw_lane_learnt)(void *user, const char *account, const char *region, const char *service,
                               const mw_rate *rate);
void mw_traffic_learnt(const mw_traffic *t, mw_lane_learnt fn, void *user);

/** Wait in @p lane for a place; @p first = before those who have not begun (a retry, a next page). */
void mw_traffic_enter(mw_traffic *t, mw_ticket *k, mw_lane *lane, const char *host, bool first);
/**
 * The next one that is to go, or NULL when all must wait. It holds a place until mw_traffic_leave()
 * — unless @p refused_ms is not 0: then its breaker is open (for so long yet), and it holds none.
 */
mw_ticket *mw_traffic_next(mw_traffic *t, int64_t now_ms, int64_t *refused_ms);
/** When the first of the lanes that wait for a token is to be looked at again; -1 = there is none. */
int64_t mw_traffic_wake_ms(const mw_traffic *t);
/**
 * A request ended, or is given up while it waits.
 * @param retry_after_ms  For THROTTLED: what the answer asked for, or -1.
 * @param cause           For FAILED: one line of what happened; may be NULL.
 */
void mw_traffic_leave(mw_traffic *t, mw_ticket *k, mw_outcome outcome, int64_t retry_after_ms, const char *cause,
                      int64_t now_ms);

#endif
