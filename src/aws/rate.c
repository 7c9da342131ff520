/*
 * Additive increase, multiplicative decrease, and a ceiling that remembers where AWS last said
 * "slower", so that the rate does not run into the same wall every few seconds. A sweep shares its
 * quotas with whatever else runs in the account: that must be left room. It must never read a clock
 * nor wait: who asks for a token is told when to come again.
 */
#include "aws/rate.h"

#include <string.h>

/* Simulated against buckets of EC2's and Lambda's size with another consumer, and with guesses four
 * times too high: at most one call in a hundred throttled (tests/unit/aws/test_rate.c). */
const mw_rate_rules mw_rate_standard = {
    .cut = 0.5,
    .ceiling_cut = 0.7,
    .cut_every_ms = 3000,
    .quiet_ms = 3000,
    .grow_rps = 0.25,
    .grow_share = 0.0125,
    .creep_rps = 0.005,
    .creep_share = 0.00025,
    .floor_rps = 0.5,
    .pause_most_ms = 30000,
};

/* Half of a known quota to start with, four fifths as the first ceiling: the other consumers of the
 * account keep the rest. Quotas: the services' own guides ("API request throttling for EC2":
 * 100 requests at once, 20 a second; Lambda: 15 a second for the control plane; Route 53: 5 a second
 * for the account; CloudWatch DescribeAlarms: 9), for IAM what Steampipe ships. S3, KMS, DynamoDB and
 * STS allow hundreds. */
#define KNOWN(name, burst, rps) {name, (burst) * 0.5, (rps) * 0.5, (rps) * 0.8, (rps)}
static const mw_rate_limit limits[] = {
    KNOWN("ec2", 100, 20),       KNOWN("lambda", 15, 15),      KNOWN("iam", 30, 30),
    KNOWN("route53", 10, 5),     KNOWN("cloudwatch", 10, 9),   KNOWN("cloudfront", 10, 5),
    KNOWN("wafv2", 10, 5),       KNOWN("kinesis", 10, 5),      KNOWN("service-quotas", 10, 5),
    KNOWN("s3", 200, 200),       KNOWN("s3control", 200, 200), KNOWN("kms", 100, 100),
    KNOWN("sts", 200, 200),      KNOWN("dynamodb", 100, 100),
};
static const mw_rate_limit unknown_limit = {NULL, 10, 5, 20, 20};

#define WINDOW_MS    500
#define TRUST_TOKENS 10.0 /* at once, before anything is known: the quota may be a wrong guess */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

const mw_rate_limit *mw_rate_limit_of(const char *service)
{
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        if (strcmp(limits[i].service, service) == 0)
            return &limits[i];
    return &unknown_limit;
}

void mw_rate_init(mw_rate *r, const mw_rate_limit *limit, int64_t now_ms)
{
    *r = (mw_rate){.limit = limit, .filled_ms = now_ms, .window_ms = now_ms};
    if (!limit)
        return;
    r->rps = limit->start_rps;
    r->ceiling_rps = limit->ceiling_rps;
    r->burst = limit->burst;
    r->tokens = smaller(r->burst, TRUST_TOKENS);
}

static void raise_rate(mw_rate *r, int64_t now_ms)
{
    const mw_rate_rules *p = &mw_rate_standard;
    int64_t quiet_from = r->cut_before ? r->cut_ms + p->quiet_ms : r->filled_ms;
    double passed_s = (double)(now_ms - r->filled_ms) / 1000.0, quiet_s;

    /* What was never limited finds its own ceiling; a known quota is not passed. */
    r->ceiling_rps += passed_s * larger(p->creep_rps, p->creep_share * r->ceiling_rps);
    if (r->limit)
        r->ceiling_rps = smaller(r->ceiling_rps, r->limit->most_rps);
    if (now_ms <= quiet_from)
        return;
    quiet_s = (double)(now_ms - (quiet_from > r->filled_ms ? quiet_from : r->filled_ms)) / 1000.0;
    r->rps += quiet_s * larger(p->grow_rps, p->grow_share * r->ceiling_rps);
    r->rps = smaller(r->rps, larger(r->ceiling_rps, p->floor_rps));
}

static void fill(mw_rate *r, int64_t now_ms)
{
    if (now_ms <= r->filled_ms)
        return;
    if (r->rps > 0) {
        r->tokens += r->rps * (double)(now_ms - r->filled_ms) / 1000.0;
        r->tokens = smaller(r->tokens, larger(r->burst, 1.0));
        raise_rate(r, now_ms);
    }
    r->filled_ms = now_ms;
}

static void measure(mw_rate *r, int64_t now_ms)
{
    int64_t passed_ms = now_ms - r->window_ms;

    if (passed_ms >= WINDOW_MS) {
        r->measured_rps = r->window_taken * 1000.0 / (double)passed_ms;
        r->window_taken = 0;
        r->window_ms = now_ms;
    }
}

int64_t mw_rate_take(mw_rate *r, int64_t now_ms)
{
    if (now_ms < r->paused_until_ms)
        return r->paused_until_ms - now_ms;
    measure(r, now_ms);
    fill(r, now_ms);
    if (r->rps > 0) {
        if (r->tokens < 1.0)
            return (int64_t)((1.0 - r->tokens) * 1000.0 / r->rps) + 1;
        r->tokens -= 1.0;
    }
    r->window_taken += 1.0;
    return 0;
}

void mw_rate_give_back(mw_rate *r)
{
    if (r->rps > 0)
        r->tokens = smaller(r->tokens + 1.0, larger(r->burst, 1.0));
    if (r->window_taken >= 1.0)
        r->window_taken -= 1.0;
}

void mw_rate_throttled(mw_rate *r, int64_t retry_after_ms, int64_t now_ms)
{
    const mw_rate_rules *p = &mw_rate_standard;

    measure(r, now_ms);
    fill(r, now_ms);
    r->tokens = 0; /* the other side's bucket is empty, so ours is */
    if (retry_after_ms > p->pause_most_ms)
        retry_after_ms = p->pause_most_ms;
    if (retry_after_ms > 0 && now_ms + retry_after_ms > r->paused_until_ms)
        r->paused_until_ms = now_ms + retry_after_ms;
    if (r->cut_before && now_ms - r->cut_ms < p->cut_every_ms)
        return;
    if (r->rps <= 0) { /* a few requests say nothing: then as with any unknown service */
        r->rps = larger(r->measured_rps, r->window_taken * 1000.0 / WINDOW_MS);
        r->rps = larger(r->rps, unknown_limit.start_rps / p->cut);
    }
    r->ceiling_rps = larger(r->rps * p->ceiling_cut, p->floor_rps);
    r->rps = larger(r->rps * p->cut, p->floor_rps);
    r->burst = larger(r->burst * p->cut, 1.0);
    r->cut_ms = now_ms;
    r->cut_before = true;
}
