/*
 * A circuit breaker: after many failures in a row nothing is sent for a while, then one request
 * tries whether the other side is back. A service that answers may lack single operations only: as
 * long as all that failed was answered with a 5xx, an operation that has not failed itself may go,
 * and its answer closes the breaker. A pure state machine: the clock is a parameter.
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
#define MW_BREAKER_OPERATIONS 48 /* that failed in a row and are told apart; beyond, all are refused */

typedef struct mw_breaker {
    int failed; /* in a row */
    bool open, probing;
    bool silent;                                /* one of them was not answered at all */
    int failing;                                /* how many of these: */
    uint32_t operations[MW_BREAKER_OPERATIONS]; /* that failed in a row */
    int64_t opened_ms;                          /* the last failure of an open one */
    char cause[MW_BREAKER_CAUSE_SIZE];          /* what the failure that opened it said */
} mw_breaker;

/** How one request ended. */
typedef enum mw_outcome {
    MW_OUTCOME_NONE,      /* it was not sent, or given up: it tells nothing */
    MW_OUTCOME_ANSWERED,  /* the service works, whatever it said */
    MW_OUTCOME_THROTTLED, /* it works, and wants us slower */
    MW_OUTCOME_BROKEN,    /* a 5xx: this operation does not work, others may */
    MW_OUTCOME_FAILED     /* no answer: nobody is there */
} mw_outcome;

/**
 * Would a request be refused now? Milliseconds until one may try, or 0.
 * @param operation  What it asks, as a hash (mw_breaker_operation()); 0 = it does not matter what.
 */
int64_t mw_breaker_refuses(const mw_breaker *b, const mw_breaker_policy *p, uint32_t operation, int64_t now_ms);
/** A request is sent. Returns whether it is the one that tries an open breaker; one that may go anyway is not. */
bool mw_breaker_begin(mw_breaker *b, uint32_t operation);
/** @p probe as begin returned it; @p cause is kept when the breaker opens, may be NULL. */
void mw_breaker_end(mw_breaker *b, const mw_breaker_policy *p, uint32_t operation, mw_outcome outcome, bool probe,
                    const char *cause, int64_t now_ms);
/** The hash of an operation's name, never 0. */
uint32_t mw_breaker_operation(const char *name);

#endif
