/* What client.c and client_call.c share. */
#ifndef MW_AWS_CLIENT_INTERNAL_H
#define MW_AWS_CLIENT_INTERNAL_H

#include "aws/client.h"
#include "aws/endpoint.h"
#include "aws/paginate.h"
#include "aws/record.h"
#include "aws/retry.h"
#include "aws/transport.h"

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

/** One call from mw_client_call() to on_done; freed there. */
typedef struct mw_active_call {
    struct mw_active_call *next, *prev;
    mw_client *client;
    mw_call call; /* strings of service and operation are not kept: see `op` */
    const mw_operation *op;
    mw_doc *params_doc; /* a copy, kept only when it is needed again */
    mw_val params;
    mw_paginator *paginator;
    mw_retry_bucket *bucket;
    mw_call_result result;

    /* one page */
    unsigned page;
    mw_arena arena; /* of the request; cleared before the next page */
    mw_http_request request;
    mw_endpoint endpoint;
    size_t base_headers; /* those that do not change between attempts */
    char invocation_id[37];
    int attempt;
    int quota_taken;
    bool unsent;

    char *region; /* S3 said that the bucket is elsewhere */
    bool mutating;
    bool redirected, refreshed, skew_corrected; /* each happens once */
    bool waiting;                               /* for credentials */
    bool over; /* on_done was called while waiting; freed by the provider's callback */
} mw_active_call;

struct mw_client {
    const mw_models *models;
    const mw_aws_config *config;
    char *endpoint_url;
    const volatile bool *stop;
    mw_transport *transport; /* NULL with an injected carrier */
    const mw_http *http;
    mw_retry *retry;
    mw_recorder *recorder;
    mw_replay *replay;
    mw_doc_builder *page;    /* the page being delivered */
    mw_doc_builder *scratch; /* parameters of the request being made */
    mw_active_call *calls;
    mw_client_stats stats;
    int64_t clock_offset_s;
    bool no_host_prefix;
    mw_arena arena;
    bucket_region *buckets[MW_BUCKET_TABLE];
    size_t bucket_count;
    known_endpoint *endpoints[MW_ENDPOINT_TABLE];
    size_t endpoint_count;
};

/* ---- client_request.c ---- */

/**
 * Serialise the page's request and find its endpoint.
 * @param[out] bad_params  True when a failure is the caller's mistake.
 */
mw_status mw__call_prepare(mw_active_call *k, bool *bad_params, mw_error *err);
/** Sign the request as it stands, by the client's idea of the time. */
mw_status mw__call_sign(mw_active_call *k, const mw_credentials *creds, mw_error *err);
bool mw__call_unsigned(const mw_active_call *k);
bool mw__call_is_s3(const mw_active_call *k);
/** `Bucket` of an S3 call whose parameters were kept, else NULL. */
const char *mw__call_bucket(const mw_active_call *k);
/** The region that the call goes to: its scope's, unless its bucket is known to be elsewhere. */
const char *mw__call_region(const mw_active_call *k);

/* ---- client_endpoint.c ---- */

/** mw_endpoint_resolve(), remembered. What @p out points to lives in @p arena or in the client. */
mw_status mw__client_endpoint(mw_client *c, const mw_endpoint_request *q, mw_arena *arena,
                              mw_endpoint *out, mw_error *err);

/* ---- client_call.c and client.c ---- */

/** End every call that is still there with @p status. */
void mw__client_end_all(mw_client *c, mw_status status, const char *message);
/** Region of a bucket learnt from a redirect, or NULL. */
const char *mw__client_bucket_region(const mw_client *c, const char *bucket);
void mw__client_learn_bucket(mw_client *c, const char *bucket, const char *region);

#endif
