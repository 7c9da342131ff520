/*
 * Retry policy of the AWS SDKs' "standard" mode, as data. Relies on mw_sys for randomness and on
 * the model for the `retryable` trait. It decides; it never sends, sleeps or looks at a clock.
 */
#include "aws/retry.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

#include <stdio.h>
#include <string.h>

#define BUCKETS_MAX 262144 /* accounts × regions × services of a large organisation */
#define TABLE_SIZE  1024

/* botocore/retries/standard.py: quota 500, costs 5 and 10, refund 1, delays up to 20 s. */
const mw_retry_policy mw_retry_standard = {
    .max_attempts = 3,
    .base_s = 1.0,
    .cap_s = 20.0,
    .quota = 500,
    .cost = 5,
    .timeout_cost = 10,
    .refund = 1,
};

/* botocore/retries/standard.py, ThrottledRetryableChecker. */
static const char *const throttle_codes[] = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
};

/* botocore/retries/standard.py, TransientRetryableChecker; STS's IDPCommunicationError is modelled
 * too. */
static const char *const transient_codes[] = {
    "RequestTimeout",
    "RequestTimeoutException",
    "IDPCommunicationError",
};

struct mw_retry_bucket {
    mw_retry_bucket *next;
    int tokens;
    char key[];
};

struct mw_retry {
    mw_retry_policy policy;
    mw_retry_bucket *table[TABLE_SIZE];
    size_t count;
};

mw_status mw_retry_new(const mw_retry_policy *policy, mw_retry **out, mw_error *err)
{
    mw_retry *r = mw_alloc(sizeof(*r));

    *out = r;
    if (!r)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    r->policy = *policy;
    return MW_OK;
}

void mw_retry_free(mw_retry *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        while (r->table[i]) {
            mw_retry_bucket *b = r->table[i];

            r->table[i] = b->next;
            mw_free(b);
        }
    }
    mw_free(r);
}

const mw_retry_policy *mw_retry_policy_of(const mw_retry *r)
{
    return &r->policy;
}

mw_retry_bucket *mw_retry_bucket_of(mw_retry *r, const char *account, const char *region,
                                    const char *service)
{
    char key[192];
    mw_retry_bucket *b, **slot;
    int n = snprintf(key, sizeof(key), "%s/%s/%s", account ? account : "", region ? region : "",
                     service);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof(key) ? (size_t)n : sizeof(key) - 1;

    slot = &r->table[mw_hash64(key, len) % TABLE_SIZE];
    for (b = *slot; b; b = b->next)
        if (memcmp(b->key, key, len + 1) == 0)
            return b;
    if (r->count >= BUCKETS_MAX)
        return NULL;
    b = mw_alloc(sizeof(*b) + len + 1);
    if (!b)
        return NULL;
    memcpy(b->key, key, len);
    b->tokens = r->policy.quota;
    b->next = *slot;
    *slot = b;
    r->count++;
    return b;
}

static bool in_list(const char *code, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(code, list[i]) == 0)
            return true;
    return false;
}

bool mw_retry_is_throttle(const char *code)
{
    return in_list(code, throttle_codes, MW_COUNT(throttle_codes));
}

mw_retry_class mw_retry_classify(const mw_operation *op, mw_status status, const mw_aws_error *aws)
{
    const mw_shape *shape;

    if (status == MW_ERR_NET)
        return MW_RETRY_TRANSIENT;
    if (status == MW_ERR_TIMEOUT)
        return MW_RETRY_TIMEOUT;
    if (status != MW_ERR_AWS)
        return MW_RETRY_NEVER;
    if (mw_retry_is_throttle(aws->code))
        return MW_RETRY_THROTTLE;
    shape = op ? mw_service_error(mw_operation_service(op), aws->code) : NULL;
    if (shape && mw_shape_error_retryable(shape))
        return mw_shape_error_throttling(shape) ? MW_RETRY_THROTTLE : MW_RETRY_TRANSIENT;
    if (in_list(aws->code, transient_codes, MW_COUNT(transient_codes)))
        return MW_RETRY_TRANSIENT;
    switch (aws->http_status) {
    case 500:
    case 502:
    case 503:
    case 504:
    case 200: /* S3 tells of a failure that it met after the headers had gone out */
        return MW_RETRY_TRANSIENT;
    default: return MW_RETRY_NEVER;
    }
}

/** Uniform in [0, 1); one half when there is no randomness to be had. */
static double random_unit(void)
{
    uint32_t r;

    if (mw_sys.random_fn(mw_sys.ctx, &r, sizeof(r)) != 0)
        return 0.5;
    return (double)r / 4294967296.0;
}

bool mw_retry_again(mw_retry *r, mw_retry_bucket *b, mw_retry_class cls, int attempt, int *taken,
                    int64_t *delay_ms)
{
    const mw_retry_policy *p = &r->policy;
    int cost = cls == MW_RETRY_TIMEOUT ? p->timeout_cost : p->cost;
    double limit = p->base_s;

    if (cls == MW_RETRY_NEVER || attempt >= p->max_attempts || b->tokens < cost)
        return false;
    b->tokens -= cost;
    *taken = cost;
    for (int i = 1; i < attempt && limit < p->cap_s; i++)
        limit *= 2;
    if (limit > p->cap_s)
        limit = p->cap_s;
    *delay_ms = (int64_t)(random_unit() * limit * 1000.0);
    return true;
}

void mw_retry_success(mw_retry *r, mw_retry_bucket *b, int taken)
{
    b->tokens += taken > 0 ? taken : r->policy.refund;
    if (b->tokens > r->policy.quota)
        b->tokens = r->policy.quota;
}
