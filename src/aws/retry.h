/*
 * Who is tried again, when, and how often. The policy is data; the token buckets that stop a storm
 * of retries are kept for each key (account, region, service), as one SDK client would have.
 */
#ifndef MW_AWS_RETRY_H
#define MW_AWS_RETRY_H

#include "aws/protocol.h"

/** What kind of failure an attempt ended with. */
typedef enum mw_retry_class {
    MW_RETRY_NEVER,
    MW_RETRY_TRANSIENT, /* 500 502 503 504, broken connections, the `retryable` trait */
    MW_RETRY_TIMEOUT,   /* costs more of the quota */
    MW_RETRY_THROTTLE   /* AWS did not do it, and wants us slower */
} mw_retry_class;

typedef struct mw_retry_policy {
    int max_attempts; /* the first one included */
    double base_s;    /* delay before retry i: random(0, 1) * min(base * 2^(i-1), cap) */
    double cap_s;
    int quota; /* tokens of a fresh bucket, and its most */
    int cost, timeout_cost;
    int refund; /* for a success at the first try */
} mw_retry_policy;

/** AWS SDKs' "standard" mode. */
extern const mw_retry_policy mw_retry_standard;

typedef struct mw_retry mw_retry;
typedef struct mw_retry_bucket mw_retry_bucket;

mw_status mw_retry_new(const mw_retry_policy *policy, mw_retry **out, mw_error *err);
void mw_retry_free(mw_retry *r);
const mw_retry_policy *mw_retry_policy_of(const mw_retry *r);
/** The bucket of a key, made when missing; lives as long as @p r. NULL when out of memory. */
mw_retry_bucket *mw_retry_bucket_of(mw_retry *r, const char *account, const char *region,
                                    const char *service);

/** Class of a failed attempt. @p aws is read when @p status is MW_ERR_AWS. */
mw_retry_class mw_retry_classify(const mw_operation *op, mw_status status, const mw_aws_error *aws);

/**
 * May attempt @p attempt (1-based, just failed) be followed by another?
 * @param[in,out] taken  Tokens that the last retry of this call took; 0 before the first.
 * @param[out] delay_ms  How long to wait before it.
 */
bool mw_retry_again(mw_retry *r, mw_retry_bucket *b, mw_retry_class cls, int attempt, int *taken,
                    int64_t *delay_ms);
/** A call succeeded: @p taken is what its last retry took, 0 for a success at the first try. */
void mw_retry_success(mw_retry *r, mw_retry_bucket *b, int taken);

/** Is this error code one by which AWS says "slower"? */
bool mw_retry_is_throttle(const char *code);

#endif
