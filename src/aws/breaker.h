/*
 * A circuit breaker: after many failures in a row nothing is sent for a while, then one request
 * tries whether the other side is back. A pure state machine: the clock is a parameter.
 */
#ifndef MW_AWS_BREAKER_H
#define MW_AWS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mw_breaker_policy {
    int failures;    /* in a row, before it opens; 0 = never */
    int64_t open_ms; /* before a request may try again */
} mw_breaker_policy;

extern const mw_breaker_policy mw_breaker_standard;

#define MW_BREAKER_CAUSE_SIZE 160

typedef struct mw_breaker {
    int failed; /* in a row */
    bool open, probing;
    int64_t opened_ms;                 /* the last failure of an open one */
    char cause[MW_BREAKER_CAUSE_SIZE]; /* what the failure that opened it said */
} mw_breaker;

/** How one request ended. */
typedef enum mw_outcome {
    MW_OUTCOME_NONE,      /* it was not sent, or given up: it tells nothing */
    MW_OUTCOME_ANSWERED,  /* the service works, whatever it said */
    MW_OUTCOME_THROTTLED, /* it works, and wants us slower */
    MW_OUTCOME_FAILED     /* no answer, or a 5xx */
} mw_outcome;

/** Would a request be refused now? Milliseconds until one may try, or 0. */
int64_t mw_breaker_refuses(const mw_breaker *b, const mw_breaker_policy *p, int64_t now_ms);
/** A request is sent: of an open breaker it is the one that tries. Returns whether it is. */
bool mw_breaker_begin(mw_breaker *b);
/** @p probe as begin returned it; @p cause is kept when the breaker opens, may be NULL. */
void mw_breaker_end(mw_breaker *b, const mw_breaker_policy *p, mw_outcome outcome, bool probe, const char *cause,
                    int64_t now_ms);

#endif
