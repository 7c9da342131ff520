/*
 * How fast one (account, region, service) may be asked: a token bucket whose rate is cut when AWS
 * says "slower" often enough, and raised while it is quiet, up to a ceiling that is learnt. Each
 * cut is on trial: throttles that come as often at half the rate are not about the rate, and it is
 * taken back. A pure state machine: the clock is a parameter.
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
    double cut, cut_most;                    /* rate and burst *= share that got through, within these two */
    double ceiling_over;                     /* ceiling = the rate after the cut * this */
    int settle_answers;                      /* what was under way at a cut does not count: the time of so many … */
    int64_t settle_least_ms, settle_most_ms; /* … answers at the new rate, within these */
    int64_t quiet_ms;                        /* before the rate rises again */
    double grow_rps;                         /* a second, or … */
    double grow_share;                       /* … this share of the ceiling, if that is more */
    double creep_rps, creep_share;           /* the same of the ceiling itself */
    double creep_answer;                     /* and this share of it for each answer that was no throttle */
    double floor_rps;
    double free_least_rps; /* what one without a limit is taken to have sent at least: few requests
                              say little */
    int64_t pause_most_ms; /* the longest wait that an answer may ask for */
    /* evidence: of the last MW_RATE_HISTORY answers */
    int answers_least;                            /* before a rate that is limited is cut */
    int free_answers_least, free_throttles_least; /* before one is limited that was not */
    int trial_least;                              /* after a cut, before another; and … */
    int trial_answers;                            /* … before both may be found to have been for nothing */
    int trial_most;                               /* after so many without that, it was right */
    double noise_ratio;                           /* of the share before the cut: so much of it left is 'as before' */
    double noise_low;                             /* what is always within noise that was found before */
    double noise_most;                            /* a larger share is never taken for noise */
    double noise_over;                            /* not even where twice as much was found before */
    int tolerate_answers, tolerate_most;          /* how long noise is not looked at again; doubled each time */
} mw_rate_rules;

extern const mw_rate_rules mw_rate_standard;

#define MW_RATE_HISTORY 32

typedef struct mw_rate {
    double most_rps;         /* the quota that is assumed; 0 = none */
    double rps, ceiling_rps; /* rps 0 = not limited (yet) */
    double tokens, burst;
    int64_t filled_ms, cut_ms, settled_ms, paused_until_ms;
    int64_t window_ms; /* what was taken lately, to have a rate to cut when there is no limit yet */
    double window_taken, measured_rps;
    bool cut_before, learnt; /* learnt: a cut has told something of the ceiling */
    uint32_t history;        /* of the answers at the present rate; newest in bit 0, 1 = throttled */
    int seen;                /* how many bits of it are filled */
    /* a cut is on trial until it has helped, or has been found not to */
    bool on_trial;
    int trial_seen, trial_throttled; /* answers at the rate of the last cut */
    double before_rps, before_ceiling_rps, before_burst;
    double before_share; /* throttled, at the rate before the last cut; the worst of the trial while
                            no limit is known */
    bool ill;            /* nothing passes even at the least rate */
    double noise;        /* share that no cut has helped against */
    int tolerate_left, tolerate_next;
} mw_rate;

/** The row of @p service, or the one of all others. */
const mw_rate_limit *mw_rate_limit_of(const char *service);
/** How long so many requests take at the least when none is throttled: from the same table and rules. */
int64_t mw_rate_estimate_ms(const mw_rate_limit *limit, uint64_t requests);
/** @p factor times @p limit is assumed; NULL = no limit until throttles show one. */
void mw_rate_init(mw_rate *r, const mw_rate_limit *limit, double factor, int64_t now_ms);
/** Another run learnt that @p ceiling_rps is where AWS says "slower". Only lowers what is known. */
void mw_rate_remember(mw_rate *r, double ceiling_rps);
/** Take a token: 0, or how many milliseconds until there is one (nothing is taken then). */
int64_t mw_rate_take(mw_rate *r, int64_t now_ms);
/** A token that was not used after all. */
void mw_rate_give_back(mw_rate *r);
/** A request that had taken a token was answered, and not with a throttle. */
void mw_rate_answered(mw_rate *r, int64_t now_ms);
/** AWS throttled a request; @p retry_after_ms is what it asked for, or -1. */
void mw_rate_throttled(mw_rate *r, int64_t retry_after_ms, int64_t now_ms);

#endif
