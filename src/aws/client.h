/*
 * Calls to AWS: serialise, resolve, sign, send, retry, parse, page. Everything is asynchronous on
 * one event loop; callbacks run from mw_client_run().
 */
#ifndef MW_AWS_CLIENT_H
#define MW_AWS_CLIENT_H

#include "aws/budget.h"
#include "aws/credentials.h"
#include "aws/http.h"
#include "aws/protocol.h"
#include "moonward/model.h"

typedef struct mw_client mw_client;

/** Who calls, and where: an account in a region. Borrowed by the call until it is done. */
typedef struct mw_scope {
    const char *partition; /* "aws" */
    const char *account;   /* "123456789012", or "" before it is known */
    const char *region;
    mw_provider *credentials; /* NULL = unsigned calls only */
} mw_scope;

typedef struct mw_client_options {
    const mw_models *models;
    const mw_aws_config *config;
    const char *endpoint_url; /* --endpoint-url or NULL */
    int max_in_flight;        /* 0 = 32 */
    int max_attempts;         /* 0 = AWS_MAX_ATTEMPTS / max_attempts / 3 */
    int64_t deadline_ms;      /* of one request, retries included: 0 = five minutes, -1 = none */
    /* Bulkheads: of max_in_flight, how many may be one account's, service's, host's while there are
     * others to share with. 0 = three quarters, three quarters, half; -1 = all. */
    int max_per_account, max_per_service, max_per_host;
    int breaker_failures;   /* in a row, before a service in a region is left alone: 0 = 20, -1 = never */
    double rate_factor;     /* of AWS's quotas, so much is assumed before anything is learnt; 0 = 1 */
    bool quotas_everywhere; /* they hold at another endpoint too: it leads to AWS */
    const char *rates_path; /* file that keeps learnt rates between runs; NULL = none. Not used in a replay */
    const char *record_dir; /* --record: every exchange, secrets removed */
    const char *replay_dir; /* --replay: no network at all */
    mw_budget *budget;    /* requests are taken from it, retries and those for credentials included; NULL = no limit */
    bool few_connections; /* one call, not a sweep: see mw_transport_options */
    const mw_http *http;  /* NULL = libcurl; a test's carrier otherwise */
    const volatile bool *stop; /* set by a signal handler: in-flight calls end as MW_ERR_CANCELLED */
} mw_client_options;

mw_status mw_client_new(const mw_client_options *options, mw_client **out, mw_error *err);
/** Writes the recording's manifest, if one was asked for, and what was learnt of rates (a failure there is a warning). */
mw_status mw_client_close(mw_client *c, mw_error *err);
void mw_client_free(mw_client *c);
/** The carrier in use, for mw_provider_chain(). In replay no credentials are needed. */
const mw_http *mw_client_http(mw_client *c);
const mw_models *mw_client_models(const mw_client *c);
bool mw_client_replays(const mw_client *c);
/** What requests are taken from; NULL = nothing limits them. */
const mw_budget *mw_client_budget(const mw_client *c);
/** Time of the recording (replay) or now: what `ctx.now` is, so that a replay judges ages alike. Unix seconds. */
int64_t mw_client_now_unix(const mw_client *c);
/** Value noted in the recording's manifest by mw_client_note() (accounts, regions); NULL when absent. */
const char *mw_client_noted(const mw_client *c, const char *key);
mw_status mw_client_note(mw_client *c, const char *key, const char *value, mw_error *err);

typedef struct mw_call_result {
    /* MW_OK, MW_ERR_AWS, MW_ERR_NET, MW_ERR_TIMEOUT, MW_ERR_CREDENTIALS, … A call that was not sent
     * because the circuit breaker of its (account, region, service) is open ends as MW_ERR_AWS with
     * the code "CircuitOpen" and the HTTP status 0; so does one for which the budget was spent, as "BudgetSpent". */
    mw_status status;
    mw_aws_error aws; /* when MW_ERR_AWS */
    int http_status;  /* of the last answer; 0 when there was none */
    mw_error error;   /* one line for humans, always set on failure */
    unsigned pages;
    unsigned requests; /* HTTP requests, retries included */
} mw_call_result;

/**
 * One page: @p result lies in @p page (customised). Valid during the call. Return false to stop paging
 * (the call then ends MW_OK).
 */
typedef bool (*mw_call_page)(void *user, mw_doc_builder *page, mw_val result);
typedef void (*mw_call_done)(void *user, const mw_call_result *result);

typedef struct mw_call {
    const mw_scope *scope;
    const char *service; /* botocore's name */
    const char *operation;
    const mw_doc *params_doc; /* copied before mw_client_call() returns */
    mw_val params;            /* object, or MW_VAL_ABSENT */
    bool paginate;            /* follow the modelled paginator to its end */
    bool follow_tokens;       /* with paginate: also where only the names of tokens tell that there are pages */
    int page_size;            /* sets limit_key; 0 = leave */
    int64_t deadline_ms;      /* as in mw_client_options; 0 = the client's */
    bool validate;            /* strict parameter checking (moonward call); else unknown ones are dropped */
    mw_call_page on_page;     /* may be NULL */
    mw_call_done on_done;     /* exactly once */
    void *user;
} mw_call;

/**
 * From the first time on, only operations that were declared so ("s3:ListBuckets") are let through, in a replay too.
 * Any other call ends before it is signed as MW_ERR_AWS with the code "NotDeclared" and the HTTP status 0. Adds to
 * what was declared before; a name that the models lack allows nothing. What providers ask for credentials is theirs.
 */
mw_status mw_client_allow(mw_client *c, const char *const *operations, size_t count, mw_error *err);

/** All calls in this account have ended and no more are to come: what the client keeps for it may go. */
void mw_client_forget(mw_client *c, const char *account);

/** The operation, or MW_ERR_UNSUPPORTED naming what is nearest. */
mw_status mw_client_operation(const mw_models *models, const char *service, const char *operation,
                              const mw_operation **out, mw_error *err);

/**
 * Start a call. Fails at once (and on_done is not called) only for a caller's mistake:
 * MW_ERR_UNSUPPORTED when the models lack service or operation (the message says what is near),
 * MW_ERR_INVALID for parameters.
 */
mw_status mw_client_call(mw_client *c, const mw_call *call, mw_error *err);
/**
 * The request that mw_client_call() would send first, unsigned, as an object of @p b: method, url,
 * headers, body (or body_base64), signing_name, signing_region, read_only. Sends nothing.
 */
mw_status mw_client_preview(mw_client *c, const mw_call *call, mw_doc_builder *b, mw_val *out, mw_error *err);
/**
 * Is this operation authorised by a bearer token and not by keys? The client then finds the token
 * itself (mw_provider_bearer()); a scope needs any provider to say that the call is not unsigned.
 */
bool mw_client_takes_token(const mw_client *c, const mw_operation *op);
/** Run until every call is done. */
mw_status mw_client_run(mw_client *c, mw_error *err);

typedef struct mw_client_stats {
    uint64_t calls, requests, retries, throttled, failures, bytes_in;
    uint64_t refused; /* by an open circuit breaker */
} mw_client_stats;
mw_client_stats mw_client_stats_get(const mw_client *c);
/**
 * Tell @p fn of each call that ends from now on, before its on_done. @p waited_ms: how long its requests waited
 * for their turn, by rate and by limits, and before they were sent again after a throttle. NULL ends it.
 */
void mw_client_watch(mw_client *c,
                     void (*fn)(void *user, const mw_operation *op, const mw_call_result *r, int64_t waited_ms),
                     void *user);

/** Is this operation known to change nothing? From data; anything not known to read is mutating. */
bool mw_operation_read_only(const mw_operation *op);

#endif
