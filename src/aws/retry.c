/*
 * Retry policy of the AWS SDKs' "standard" mode and of its successor, as data. Relies on mw_sys for
 * randomness and on the model for the `retryable` trait. It decides; it never sends, sleeps or looks
 * at a clock.
 */
#include "aws/retry.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

#include <string.h>

#define ATTEMPTS_MAX        100
#define RETRY_AFTER_MAX_MS  60000 /* a header must not hold a run for longer */
#define RETRY_AFTER_ROOM_MS 5000  /* the 2026 scheme: the delay is in [asked, asked + 5 s] */
/* The rate slows the lane down where that helps: a call begins with short waits, and is patient. */
#define THROTTLE_ATTEMPTS   10
#define THROTTLE_BASE_S     0.1
#define TRANSIENT_ATTEMPTS  6 /* of one answer in twenty lost, three would lose a call in 8,000 */

/* botocore/retries/standard.py: quota 500, costs 5 and 10, refund 1, delays up to 20 s. */
const mw_retry_policy mw_retry_standard = {
    .name = "standard",
    .max_attempts = 3,
    .transient_attempts = 3,
    .throttle_attempts = 3,
    .base_s = 1.0,
    .throttle_base_s = 1.0,
    .cap_s = 20.0,
    .quota = 500,
    .cost = 5,
    .timeout_cost = 10,
    .throttle_cost = 5,
    .refund = 1,
};

/* botocore, tests/unit/retries/test_standard_retry_v2_1.py. */
const mw_retry_policy mw_retry_2026 = {
    .name = "standard (2026)",
    .max_attempts = 3,
    .transient_attempts = 3,
    .throttle_attempts = 3,
    .base_s = 0.05,
    .throttle_base_s = 1.0,
    .cap_s = 20.0,
    .quota = 500,
    .cost = 14,
    .timeout_cost = 14,
    .throttle_cost = 5,
    .refund = 1,
    .dynamodb_base_s = 0.025,
    .dynamodb_attempts = 4,
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

/* ---- settings ---- */

mw_status mw_retry_settings(const mw_aws_config *c, int max_attempts, mw_retry_policy *out, mw_error *err)
{
    const char *name, *mode = mw_aws_config_setting(c, "AWS_RETRY_MODE", "retry_mode", &name), *text;
    const char *scheme = c ? mw_aws_config_env(c, "AWS_NEW_RETRIES_2026") : NULL;
    long long n = max_attempts;

    *out = scheme && mw_str_ieq(scheme, "true") ? mw_retry_2026 : mw_retry_standard;
    /* Unset means adaptive: a sweep that waits its turn sees more than one that is refused.
     * "legacy" differs from "standard" in details that nobody asks for. */
    if (!mode || mw_str_ieq(mode, "adaptive")) {
        out->limit_rate = true;
        out->throttle_attempts = THROTTLE_ATTEMPTS;
        out->throttle_base_s = THROTTLE_BASE_S;
        out->transient_attempts = TRANSIENT_ATTEMPTS;
    } else if (!mw_str_ieq(mode, "standard") && !mw_str_ieq(mode, "legacy")) {
        return mw_fail(err, MW_ERR_INVALID, "%s is '%s': expected standard, adaptive or legacy", name, mode);
    }
    if (n <= 0) {
        text = mw_aws_config_setting(c, "AWS_MAX_ATTEMPTS", "max_attempts", &name);
        if (!text)
            return MW_OK;
        if (!mw_parse_int(text, strlen(text), &n) || n < 1 || n > ATTEMPTS_MAX)
            return mw_fail(err, MW_ERR_INVALID, "%s is '%s': expected a number from 1 to %d", name, text, ATTEMPTS_MAX);
    }
    out->max_attempts = out->transient_attempts = out->throttle_attempts = (int)n;
    out->dynamodb_attempts = 0;
    return MW_OK;
}

void mw_retry_bucket_init(mw_retry_bucket *b, const mw_retry_policy *p, const char *service)
{
    bool dynamodb = mw_str_eq(service, "dynamodb");

    *b = (mw_retry_bucket){p->quota, p->max_attempts, p->transient_attempts, p->throttle_attempts, p->base_s};
    if (dynamodb && p->dynamodb_base_s > 0)
        b->base_s = p->dynamodb_base_s;
    if (dynamodb && p->dynamodb_attempts > b->max_attempts)
        b->max_attempts = p->dynamodb_attempts;
    if (b->transient_attempts < b->max_attempts)
        b->transient_attempts = b->max_attempts;
    if (b->throttle_attempts < b->max_attempts)
        b->throttle_attempts = b->max_attempts;
}

/* ---- classes ---- */

bool mw_retry_is_throttle(const char *code)
{
    return mw_str_among(code, throttle_codes, MW_COUNT(throttle_codes));
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
    if (mw_str_among(aws->code, transient_codes, MW_COUNT(transient_codes)))
        return MW_RETRY_TRANSIENT;
    switch (aws->http_status) {
    case 500:
    case 502:
    case 503:
    case 504:
    case 200: /* an exception in an event stream; any other error under 200 is told as a 500 */
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

int64_t mw_retry_after_ms(const mw_http_response *answer)
{
    const char *text = mw_http_get(&answer->headers, "x-amz-retry-after");
    long long ms;

    if (!text || !mw_parse_int(text, strlen(text), &ms) || ms < 0)
        return -1;
    return ms < RETRY_AFTER_MAX_MS ? ms : RETRY_AFTER_MAX_MS;
}

bool mw_retry_again(const mw_retry_policy *p, mw_retry_bucket *b, mw_retry_class cls, int attempt,
                    int64_t retry_after_ms, int *taken, int64_t *delay_ms)
{
    bool throttle = cls == MW_RETRY_THROTTLE;
    int cost = cls == MW_RETRY_TIMEOUT ? p->timeout_cost : throttle ? p->throttle_cost : p->cost;
    int most = throttle ? b->throttle_attempts : cls == MW_RETRY_TRANSIENT ? b->transient_attempts : b->max_attempts;
    double limit = throttle ? p->throttle_base_s : b->base_s;

    if (cls == MW_RETRY_NEVER || b->tokens < cost || attempt >= most)
        return false;
    b->tokens -= cost;
    *taken = cost;
    for (int i = 1; i < attempt && limit < p->cap_s; i++)
        limit *= 2;
    if (limit > p->cap_s)
        limit = p->cap_s;
    *delay_ms = (int64_t)(random_unit() * limit * 1000.0);
    if (retry_after_ms >= 0 && *delay_ms < retry_after_ms)
        *delay_ms = retry_after_ms;
    if (retry_after_ms >= 0 && *delay_ms > retry_after_ms + RETRY_AFTER_ROOM_MS)
        *delay_ms = retry_after_ms + RETRY_AFTER_ROOM_MS;
    return true;
}

void mw_retry_success(const mw_retry_policy *p, mw_retry_bucket *b, int taken)
{
    b->tokens += taken > 0 ? taken : p->refund;
    if (b->tokens > p->quota)
        b->tokens = p->quota;
}
