/*
 * Turns for requests that are no calls of the client, those for credentials: they wait in a lane of
 * their own like any other, so that a thousand roles do not hammer STS. Who waits for credentials
 * holds no place meanwhile, so a turn never waits for itself.
 */
#ifndef MW_AWS_TURNS_H
#define MW_AWS_TURNS_H

#include "aws/http.h"
#include "aws/traffic.h"

/** Embedded in whoever sends; zero-initialised. */
typedef struct mw_turn {
    struct mw_turn *next, *prev;
    mw_ticket ticket;
    struct mw_client *client; /* set by `enter` */
    /** Send now; or, with @p why, do not, and end. Perhaps before `enter` returns. */
    void (*go)(void *user, const mw_error *why);
    void *user;
} mw_turn;

/** Offered by a carrier (mw_http.turns) whose client counts its requests. */
typedef struct mw_turns {
    mw_status (*enter)(void *ctx, mw_turn *turn, const mw_operation *op, const char *region, const char *host,
                       bool again, mw_error *err);
    /** The request ended; others may go. @p retry_after_ms is -1 or what a throttle asked for. */
    void (*leave)(void *ctx, mw_turn *turn, mw_outcome outcome, int64_t retry_after_ms, const char *cause);
    void *ctx;
} mw_turns;

#endif
