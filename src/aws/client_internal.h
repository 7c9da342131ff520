/* What client.c and client_call.c share. */
#ifndef MW_AWS_CLIENT_INTERNAL_H
#define MW_AWS_CLIENT_INTERNAL_H

#include "aws/client.h"
#include "aws/clock.h"
#include "aws/endpoint.h"
#include "aws/paginate.h"
#include "aws/rate_file.h"
#include "aws/record.h"
#include "aws/retry.h"
#include "aws/traffic.h"
#include "aws/transport.h"
#include "aws/turns.h"
#include "base/time.h"

typedef struct bucket_region {
    struct bucket_region *next;
    const char *bucket, *region;
} bucket_region;

#define MW_BUCKET_TABLE 256

/** Strings live in the client's arena. */
typedef struct known_endpoint {
    struct known_endpoint *next;
    const mw_service *service;
    const char *key;
    mw_endpoint endpoint;
} known_endpoint;

#define MW_ENDPOINT_TABLE 1024

/** A session on a directory bucket, or bearer tokens for a signing name. */
typedef struct client_auth {
    struct client_auth *next;
    mw_provider *provider;
    const mw_provider *source; /* whose keys ask for the session; NULL: tokens */
    char *name;
} client_auth;

/** One call from mw_client_call() to on_done; freed there. */
typedef struct mw_active_call {
    struct mw_active_call *next, *prev;
    mw_client *client;
    mw_call call; /* strings of service and operation are not kept: see `op` */
    const mw_operation *op;
    mw_doc *params_doc; /* a copy, kept only when it is needed again */
    mw_val params;
    mw_paginator *paginator;
    mw_lane *lane;
    mw_ticket ticket;
    mw_call_result result;

    /* one page */
    unsigned page;
    mw_arena arena; /* of the request; cleared before the next page */
    mw_http_request request;
    mw_endpoint endpoint;
    mw_provider *provider; /* that authorised the last attempt; NULL = none yet */
    size_t base_headers;   /* those that do not change between attempts */
    char invocation_id[MW_UUID_SIZE];
    int attempt;
    int quota_taken;
    int64_t retry_after_ms;        /* what the last answer asked for; -1 = nothing */
    int64_t queued_ms, waited_ms;  /* since when it waits for its turn, and how long it has waited */
    int64_t begun_ms, deadline_ms; /* monotonic, from the page's first request on; 0 = not yet, none */
    bool unsent;

    char *region; /* S3 said that the bucket is elsewhere */
    bool mutating;
    bool redirected, refreshed; /* each happens once */
    int clock_tries;            /* how often an answer's time was signed with instead; … */
    int64_t offset_s;           /* … what the request at hand is signed with */
    bool waiting;               /* for credentials */
    bool over;                  /* on_done was called while waiting; freed by the provider's callback */
} mw_active_call;

struct mw_client {
    const mw_models *models;
    const mw_aws_config *config;
    char *endpoint_url;
    const volatile bool *stop;
    mw_budget *budget;       /* NULL = none */
    mw_transport *transport; /* NULL with an injected carrier */
    const mw_http *http;
    mw_http provider_http; /* the same, with turns */
    mw_turns turns;
    mw_turn *waiting_turns;
    mw_traffic *traffic;
    int64_t deadline_ms; /* of a request; 0 = none */
    int64_t wake_ms;     /* when the timer of the earliest sleeping lane is due; 0 = none is armed */
    int wakes;           /* such timers that are armed; later ones cannot be taken back */
    int64_t watch_ms;    /* the same for the deadlines of calls that wait */
    int watches;
    bool pumping;
    mw_recorder *recorder;
    mw_replay *replay;
    mw_doc_builder *page;    /* the page being delivered */
    mw_doc_builder *scratch; /* parameters of the request being made */
    mw_active_call *calls;
    mw_client_stats stats;
    void (*watch)(void *user, const mw_operation *op, const mw_call_result *r, int64_t waited_ms);
    void *watch_user;
    mw_clocks clocks;
    char *rates_path; /* NULL = learnt ceilings are not kept */
    mw_rate_entries rates;
    bool no_host_prefix, quotas_everywhere;
    mw_arena arena;
    bucket_region *buckets[MW_BUCKET_TABLE];
    size_t bucket_count;
    known_endpoint *endpoints[MW_ENDPOINT_TABLE];
    size_t endpoint_count;
    client_auth *auths;
    size_t auth_count;
    const mw_operation **allowed; /* sorted by address; all, unless `declared` */
    size_t allowed_count;
    bool declared;
};

/** Then nothing is begun and nothing waited for: mw_client_run() ends all that is left. */
static inline bool mw__client_stopping(const mw_client *c)
{
    return c->stop && *c->stop;
}

/* ---- client_request.c ---- */

/**
 * Serialise the page's request and find its endpoint.
 * @param[out] bad_params  True when a failure is the caller's mistake.
 */
mw_status mw__call_prepare(mw_active_call *k, bool *bad_params, mw_error *err);
bool mw__call_is_s3(const mw_active_call *k);
/** `Bucket` of an S3 call whose parameters were kept, else NULL. */
const char *mw__call_bucket(const mw_active_call *k);
/** The region that the call goes to: its scope's, unless its bucket is known to be elsewhere. */
const char *mw__call_region(const mw_active_call *k);

/* ---- client_auth.c ---- */

bool mw__call_unsigned(const mw_active_call *k);
/** Whose credentials authorise the call; kept in k->provider. Not for a call that goes unsigned. */
mw_status mw__call_provider(mw_active_call *k, mw_provider **out, mw_error *err);
/** Authorise the request as it stands, by the client's idea of the time. */
mw_status mw__call_sign(mw_active_call *k, const mw_credentials *creds, mw_error *err);
/** A provider failed with @p status: where that is AWS's refusal of a session, it is the call's result. */
void mw__call_refused_session(mw_active_call *k, mw_status status, const mw_error *error);
void mw__client_forget_auths(mw_client *c);

/* ---- client_endpoint.c ---- */

/** mw_endpoint_resolve(), remembered. What @p out points to lives in @p arena or in the client. */
mw_status mw__client_endpoint(mw_client *c, const mw_endpoint_request *q, mw_arena *arena, mw_endpoint *out,
                              mw_error *err);

/* ---- client_traffic.c ---- */

/** The carrier for credential providers: their requests take turns with the calls. */
void mw__client_offer_turns(mw_client *c);
/** Tell every turn that waits that it never comes. */
void mw__client_end_turns(mw_client *c, mw_status status, const char *message);
/** The call's lane, before it is queued for the first time. */
mw_status mw__call_lane(mw_active_call *k, mw_error *err);
/** Wait for a place; mw__call_go() or mw__call_refused() follows, perhaps before this returns. */
void mw__call_queue(mw_active_call *k);
/** The request is over, or the call is: give the place back. Lets nobody go: the page at hand lies
 * in the client's builder, which whoever goes may use. */
void mw__call_leave(mw_active_call *k, mw_outcome outcome, const char *cause);
/** Write what the lanes have learnt of their rates, if it is to be kept. */
void mw__client_keep_rates(mw_client *c);
/** Let everybody go who may. */
void mw__client_pump(mw_client *c);
/** What an answer that was parsed with @p st says about the service. */
mw_outcome mw__call_outcome(const mw_active_call *k, mw_status st, const mw_http_response *answer);
/** Would the deadline have passed in @p delay_ms? */
bool mw__call_late(const mw_active_call *k, int64_t delay_ms);
/** The call waits, for its turn or for credentials: see to it that it ends at its deadline. */
void mw__call_watch(mw_active_call *k);
/** Milliseconds that a request may take yet, for mw_http_limits; 0 = the carrier's usual limit. */
int mw__call_time_left(const mw_active_call *k);

/* ---- client_call.c and client.c ---- */

/** The call has its place: sign and send. */
void mw__call_go(mw_active_call *k);
/** Its deadline has passed while it waited. */
void mw__call_expired(mw_active_call *k);
/** May one more request be sent? @p op NULL: one for credentials. */
bool mw__client_may_send(mw_client *c, const mw_operation *op, unsigned page);
/** The circuit breaker is open for so long yet. */
void mw__call_refused(mw_active_call *k, int64_t open_ms);

/** End every call that is still there with @p status. */
void mw__client_end_all(mw_client *c, mw_status status, const char *message);
/** Was this operation declared, or is none? */
bool mw__client_allows(const mw_client *c, const mw_operation *op);
/** Region of a bucket learnt from a redirect, or NULL. */
const char *mw__client_bucket_region(const mw_client *c, const char *bucket);
void mw__client_learn_bucket(mw_client *c, const char *bucket, const char *region);

#endif
