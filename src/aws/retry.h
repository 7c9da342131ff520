/*
 * Who is tried again, when, and how often. The policy is data; the token buckets that stop a storm
 * of retries belong to one key (account, region, service) each, as one SDK client would have.
 */
#ifndef MW_AWS_RETRY_H
#define MW_AWS_RETRY_H

#include "aws/credentials.h"
#include "aws/protocol.h"

/** What kind of failure an attempt ended with. */
typedef enum mw_retry_class {
    MW_RETRY_NEVER,
    MW_RETRY_TRANSIENT, /* 500 502 503 504, broken connections, the `retryable` trait */
    MW_RETRY_UNREACHED, /* nothing left this machine: no name, no connection, no TLS */
    MW_RETRY_TIMEOUT,   /* costs more of the quota */
    MW_RETRY_THROTTLE   /* AWS did not do it, and wants us slower */
} mw_retry_class;

typedef struct mw_retry_policy {
    const char *name;
    int max_attempts;       /* the first one included */
    int transient_attempts; /* the same while somebody is there, and fails */
    int throttle_attempts;  /* the same while AWS only says "slower" */
    double base_s;          /* delay before retry i: random(0, 1) * min(base * 2^(i-1), cap) */
    double throttle_base_s;
    double cap_s;
    int quota; /* tokens of a fresh bucket, and its most */
    int cost, timeout_cost, throttle_cost;
    int refund;      /* for a success at the first try */
    bool limit_rate; /* requests wait for tokens of aws/rate.h */
    double dynamodb_base_s;
    int dynamodb_attempts;
} mw_retry_policy;

/** AWS SDKs' "standard" mode, and the numbers that will replace it (AWS_NEW_RETRIES_2026=true). */
extern const mw_retry_policy mw_retry_standard, mw_retry_2026;

/**
 * The policy that environment and profile ask for: AWS_RETRY_MODE / retry_mode (standard, legacy =
 * standard, adaptive = standard with the rate limited; the default), AWS_MAX_ATTEMPTS /
 * max_attempts, AWS_NEW_RETRIES_2026.
 * @param config        NULL = the defaults.
 * @param max_attempts  0 = what the settings say.
 * @return MW_OK; MW_ERR_INVALID naming the setting and what it may be.
 */
mw_status mw_retry_settings(const mw_aws_config *config, int max_attempts, mw_retry_policy *out, mw_error *err);

/** The quota of one (account, region, service). */
typedef struct mw_retry_bucket {
    int tokens;
    int max_attempts, transient_attempts, throttle_attempts; /* of this service */
    double base_s;
} mw_retry_bucket;

void mw_retry_bucket_init(mw_retry_bucket *b, const mw_retry_policy *p, const char *service);

/** Class of a failed attempt. @p aws is read when @p status is MW_ERR_AWS. */
mw_retry_class mw_retry_classify(const mw_operation *op, mw_status status, const mw_aws_error *aws);

/**
 * May attempt @p attempt (1-based, just failed) be followed by another?
 * @param retry_after_ms  What the answer's x-amz-retry-after asked for, or -1: the delay is brought
 *                        between that and five seconds more.
 * @param[in,out] taken   Tokens that the last retry of this call took; 0 before the first.
 * @param[out] delay_ms   How long to wait before it.
 */
bool mw_retry_again(const mw_retry_policy *p, mw_retry_bucket *b, mw_retry_class cls, int attempt,
                    int64_t retry_after_ms, int *taken, int64_t *delay_ms);
/** A call succeeded: @p taken is what its last retry took, 0 for a success at the first try. */
void mw_retry_success(const mw_retry_policy *p, mw_retry_bucket *b, int taken);
/** Milliseconds of an x-amz-retry-after header; -1 when there is none or it is no number. */
int64_t mw_retry_after_ms(const mw_http_response *answer);

/** Is this error code one by which AWS says "slower"? */
bool mw_retry_is_throttle(const char *code);

#endif
