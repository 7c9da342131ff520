/*
 * How fast one (account, region, service) may be asked: a token bucket whose rate is cut when AWS
 * says "slower" and raised while it is quiet, up to a ceiling that is learnt. A pure state machine:
 * the clock is a parameter.
 */
#ifndef MW_AWS_RATE_H
#define MW_AWS_RATE_H

#include <stdbool.h>
#include <stdint.h>

/** What is known of a service's quota before the first request. */
typedef struct mw_rate_limit {
    const char *service; /* botocore's name; NULL for all others */
    double burst;        /* tokens of a full bucket */
    double start_rps, ceiling_rps, most_rps;
} mw_rate_limit;

/** How the rate moves; the same for every service. */
typedef struct mw_rate_rules {
    double cut, ceiling_cut;   /* at a throttle: rate and burst *= cut, ceiling = rate before * ceiling_cut */
    int64_t cut_every_ms;      /* answers of what was already under way do not cut again */
    int64_t quiet_ms;          /* before the rate rises again */
    double grow_rps;           /* a second, or … */
    double grow_share;         /* … this share of the ceiling, if that is more */
    double creep_rps, creep_share; /* the same of the ceiling itself */
    double floor_rps;
    int64_t pause_most_ms;     /* the longest wait that an answer may ask for */
} mw_rate_rules;

extern const mw_rate_rules mw_rate_standard;

typedef struct mw_rate {
    const mw_rate_limit *limit;
    double rps, ceiling_rps; /* rps 0 = not limited (yet) */
    double tokens, burst;
    int64_t filled_ms, cut_ms, paused_until_ms;
    int64_t window_ms; /* what was taken lately, to have a rate to cut when there is no limit yet */
    double window_taken, measured_rps;
    bool cut_before;
} mw_rate;

/** The row of @p service, or the one of all others. */
const mw_rate_limit *mw_rate_limit_of(const char *service);
/** @p limit lives as long as @p r; NULL = no limit until the first throttle. */
void mw_rate_init(mw_rate *r, const mw_rate_limit *limit, int64_t now_ms);
/** Take a token: 0, or how many milliseconds until there is one (nothing is taken then). */
int64_t mw_rate_take(mw_rate *r, int64_t now_ms);
/** A token that was not used after all. */
void mw_rate_give_back(mw_rate *r);
/** AWS throttled a request; @p retry_after_ms is what it asked for, or -1. */
void mw_rate_throttled(mw_rate *r, int64_t retry_after_ms, int64_t now_ms);

#endif
