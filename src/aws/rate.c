/*
 * Additive increase, multiplicative decrease, and a ceiling that remembers where AWS last said
 * "slower", so that the rate does not run into the same wall every few seconds. A sweep shares its
 * quotas with whatever else runs in the account: that must be left room. Nothing is learnt from a
 * handful of answers, and a cut that did not help is taken back: not every 429 is about the rate.
 * It must never read a clock nor wait: who asks for a token is told when to come again.
 */
#include "aws/rate.h"

#include <string.h>

/* Simulated against buckets of EC2's and Lambda's size with another consumer, with guesses four
 * times too high, and against throttles that have nothing to do with the rate: the figures are in
 * tests/unit/aws/test_rate.c. */
const mw_rate_rules mw_rate_standard = {
    .cut = 0.5,
    .cut_most = 0.1,
    .ceiling_over = 1.25,
    .settle_answers = 16,
    .settle_least_ms = 500,
    .settle_most_ms = 3000,
    .quiet_ms = 3000,
    .grow_rps = 0.25,
    .grow_share = 0.04,
    .creep_rps = 0.005,
    .creep_share = 0.00025,
    .creep_answer = 0.00015,
    .floor_rps = 0.5,
    .pause_most_ms = 30000,
    .answers_least = 10,
    .free_least_rps = 40,
    .free_answers_least = 20,
    .free_throttles_least = 5,
    .trial_least = 4,
    .trial_answers = 16,
    .trial_most = 400,
    .noise_ratio = 0.4,
    .noise_low = 0.2,
    .noise_most = 0.5,
    .noise_over = 0.9,
    .tolerate_answers = 256,
    .tolerate_most = 8192,
};

/* A quarter of a known quota to start with, so that one that was guessed four times too high holds,
 * and four fifths as the first ceiling: the other consumers of the account keep the rest. Quotas:
 * the services' own guides ("API request throttling for EC2": 100 requests at once, 20 a second;
 * Lambda: 15 a second for the control plane; Route 53: 5 a second for the account; CloudWatch
 * DescribeAlarms: 9). IAM publishes none: 30 is a guess of ours. S3, KMS, DynamoDB and STS allow
 * hundreds. */
#define KNOWN(name, burst, rps)                                                                                        \
    {                                                                                                                  \
        name, (burst)*0.5, (rps)*0.25, (rps)*0.8, (rps)                                                                \
    }
static const mw_rate_limit limits[] = {
    KNOWN("ec2", 100, 20),          KNOWN("lambda", 15, 15),     KNOWN("iam", 30, 30),         KNOWN("route53", 10, 5),
    KNOWN("cloudwatch", 10, 9),     KNOWN("cloudfront", 10, 5),  KNOWN("wafv2", 10, 5),        KNOWN("kinesis", 10, 5),
    KNOWN("service-quotas", 10, 5), KNOWN("s3", 200, 200),       KNOWN("s3control", 200, 200), KNOWN("kms", 100, 100),
    KNOWN("sts", 200, 200),         KNOWN("dynamodb", 100, 100),
};
static const mw_rate_limit unknown_limit = {NULL, 10, 5, 20, 20};

#define WINDOW_MS     500
#define ESTIMATE_MOST 4000 /* requests that an estimate follows one by one: every row is at its ceiling by then */
#define TRUST_TOKENS  10.0 /* at once, before anything is known: the quota may be a wrong guess */

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

void mw_rate_init(mw_rate *r, const mw_rate_limit *limit, double factor, int64_t now_ms)
{
    *r = (mw_rate){.filled_ms = now_ms, .window_ms = now_ms};
    if (!limit)
        return;
    r->rps = limit->start_rps * factor;
    r->ceiling_rps = limit->ceiling_rps * factor;
    r->most_rps = limit->most_rps * factor;
    r->burst = limit->burst * factor;
    r->tokens = smaller(r->burst, TRUST_TOKENS);
}

void mw_rate_remember(mw_rate *r, double ceiling_rps)
{
    const mw_rate_rules *p = &mw_rate_standard;

    if (r->rps <= 0 || ceiling_rps >= r->ceiling_rps)
        return;
    r->ceiling_rps = larger(ceiling_rps, p->floor_rps);
    r->rps = smaller(r->rps, r->ceiling_rps);
    r->burst = larger(smaller(r->burst, r->rps), 1.0);
    r->tokens = smaller(r->tokens, r->burst);
    r->learnt = true;
}

static void raise_rate(mw_rate *r, int64_t now_ms)
{
    const mw_rate_rules *p = &mw_rate_standard;
    int64_t quiet_from = r->cut_before ? r->cut_ms + p->quiet_ms : r->filled_ms;
    double passed_s = (double)(now_ms - r->filled_ms) / 1000.0, quiet_s;

    /* What was never limited finds its own ceiling; a known quota is not passed. */
    r->ceiling_rps += passed_s * larger(p->creep_rps, p->creep_share * r->ceiling_rps);
    if (r->most_rps > 0)
        r->ceiling_rps = smaller(r->ceiling_rps, r->most_rps);
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

/* The bucket itself is run ahead of time; once it is at its most, the rest goes at that rate. */
int64_t mw_rate_estimate_ms(const mw_rate_limit *limit, uint64_t requests)
{
    mw_rate r;
    int64_t now_ms = 0;

    mw_rate_init(&r, limit, 1.0, 0);
    for (uint64_t n = 0; n < requests; n++) {
        int64_t wait_ms;
        if (n == ESTIMATE_MOST)
            return now_ms + (int64_t)((double)(requests - n) * 1000.0 / r.rps);
        while ((wait_ms = mw_rate_take(&r, now_ms)) > 0)
            now_ms += wait_ms;
        mw_rate_answered(&r, now_ms);
    }
    return now_ms;
}

void mw_rate_give_back(mw_rate *r)
{
    if (r->rps > 0)
        r->tokens = smaller(r->tokens + 1.0, larger(r->burst, 1.0));
    if (r->window_taken >= 1.0)
        r->window_taken -= 1.0;
}

/* ---- what the answers say ---- */

static int throttles_of(const mw_rate *r)
{
    int n = 0;

    for (uint32_t h = r->history; h; h &= h - 1)
        n++;
    return n;
}

static void forget_answers(mw_rate *r)
{
    r->history = 0;
    r->seen = r->trial_seen = r->trial_throttled = 0;
}

/** False for an answer to what was under way at the last cut: it says nothing of the new rate. */
static bool observe(mw_rate *r, bool throttled, int64_t now_ms)
{
    if (now_ms < r->settled_ms)
        return false;
    r->history = r->history << 1 | (throttled ? 1u : 0u);
    r->seen += r->seen < MW_RATE_HISTORY ? 1 : 0;
    r->trial_seen++;
    r->trial_throttled += throttled ? 1 : 0;
    r->tolerate_left -= r->tolerate_left > 0 ? 1 : 0;
    if (r->trial_seen > mw_rate_standard.trial_most)
        r->on_trial = false;
    return true;
}

void mw_rate_answered(mw_rate *r, int64_t now_ms)
{
    if (r->ill) { /* nothing had passed at the least rate: that was no limit, and taught none */
        r->ill = r->learnt = false;
        r->ceiling_rps = r->before_rps > 0 ? r->before_ceiling_rps : unknown_limit.most_rps;
    }
    if (observe(r, false, now_ms) && r->rps > 0) {
        r->ceiling_rps *= 1 + mw_rate_standard.creep_answer;
        if (r->most_rps > 0)
            r->ceiling_rps = smaller(r->ceiling_rps, r->most_rps);
    }
}

/** A new rate holds from now on: its answers come a little later. */
static void settle(mw_rate *r, int64_t now_ms)
{
    const mw_rate_rules *p = &mw_rate_standard;
    double ms = r->rps > 0 ? p->settle_answers * 1000.0 / r->rps : 0;

    ms = smaller(larger(ms, (double)p->settle_least_ms), (double)p->settle_most_ms);
    r->settled_ms = now_ms + (int64_t)ms;
    forget_answers(r);
}

static void cut(mw_rate *r, double share, int64_t now_ms)
{
    const mw_rate_rules *p = &mw_rate_standard;
    double by = larger(smaller(1.0 - share, p->cut), p->cut_most);

    if (!r->on_trial) {
        r->before_rps = r->rps;
        r->before_ceiling_rps = r->ceiling_rps;
        r->before_burst = r->burst;
        /* It is seen as it begins: that is not yet the share of this rate. */
        r->before_share = r->tolerate_next ? r->noise : 0;
        r->on_trial = true;
    } else {
        /* Nobody knows how far a rate without a limit was beyond one: it may take several cuts,
         * each of which helps a little. Against the worst of them, the last has helped much. */
        r->before_share = r->most_rps > 0 ? share : larger(r->before_share, share);
    }
    if (r->rps <= 0) {
        r->rps = larger(r->measured_rps, r->window_taken * 1000.0 / WINDOW_MS);
        r->rps = larger(r->rps, p->free_least_rps);
    }
    r->ill = share >= 1.0 && r->rps <= p->floor_rps;
    r->rps = larger(r->rps * by, p->floor_rps);
    r->ceiling_rps = larger(r->rps * p->ceiling_over, p->floor_rps);
    r->burst = larger(r->burst * p->cut, 1.0);
    r->learnt = true;
    r->cut_ms = now_ms;
    r->cut_before = true;
    r->tolerate_left = 0;
    settle(r, now_ms);
}

/** The throttles go on as before at a fraction of the rate: they are not about it. */
static void take_back(mw_rate *r, double share, int64_t now_ms)
{
    const mw_rate_rules *p = &mw_rate_standard;

    r->rps = r->before_rps;
    r->ceiling_rps = r->before_ceiling_rps;
    r->burst = r->before_burst;
    r->on_trial = r->learnt = false;
    r->noise = larger(share, r->before_share); /* both are of a few answers */
    r->tolerate_next = r->tolerate_next ? r->tolerate_next * 2 : p->tolerate_answers;
    if (r->tolerate_next > p->tolerate_most)
        r->tolerate_next = p->tolerate_most;
    r->tolerate_left = r->tolerate_next;
    settle(r, now_ms);
}

/** Is this still the rate of the cut that is on trial, or has it grown to where it was? */
static bool under_trial(const mw_rate *r)
{
    return r->on_trial && (r->before_rps <= 0 || r->rps < r->before_rps * 0.8);
}

/** Two cuts, and as many throttles as before: they are not about the rate. */
static void judge_trial(mw_rate *r, int64_t now_ms)
{
    const mw_rate_rules *p = &mw_rate_standard;
    double share = (double)r->trial_throttled / r->trial_seen;
    bool noise = share <= p->noise_most && r->before_share > 0 && share >= r->before_share * p->noise_ratio;
    /* Where no limit is known to exist, two of four answers are no reason for less and less. */
    bool limited = r->most_rps > 0;
    bool waits = noise || !limited || share <= p->noise_low;

    if (r->trial_throttled < 2 || r->trial_seen < (waits ? p->trial_answers : p->trial_least)) {
        if (limited && now_ms - r->cut_ms >= p->quiet_ms) { /* let the bucket fill; it grows again */
            r->rps = larger(r->rps * p->cut, p->floor_rps);
            r->cut_ms = now_ms;
        }
    } else if (noise) {
        take_back(r, share, now_ms);
    } else {
        cut(r, share, now_ms);
    }
}

static void judge(mw_rate *r, int64_t now_ms)
{
    const mw_rate_rules *p = &mw_rate_standard;
    int throttles = throttles_of(r);
    double share = (double)throttles / r->seen;
    bool limited = r->rps > 0;

    if (r->tolerate_left > 0) {
        double usual = larger(smaller(r->noise * 2, p->noise_over), p->noise_low);

        if (r->seen < p->trial_answers || share <= usual)
            return;
        r->tolerate_next = 0; /* what was taken for noise grew with the rate */
    }
    if (limited)
        r->tokens = 0; /* the other side's bucket is empty, so ours is */
    if (under_trial(r)) {
        judge_trial(r, now_ms);
    } else if (r->seen >= (limited ? p->answers_least : p->free_answers_least) &&
               (limited || throttles >= p->free_throttles_least)) {
        r->on_trial = false;
        cut(r, share, now_ms);
    }
}

void mw_rate_throttled(mw_rate *r, int64_t retry_after_ms, int64_t now_ms)
{
    const mw_rate_rules *p = &mw_rate_standard;

    measure(r, now_ms);
    fill(r, now_ms);
    if (retry_after_ms > p->pause_most_ms)
        retry_after_ms = p->pause_most_ms;
    if (retry_after_ms > 0 && now_ms + retry_after_ms > r->paused_until_ms)
        r->paused_until_ms = now_ms + retry_after_ms;
    if (observe(r, true, now_ms))
        judge(r, now_ms);
    else if (r->rps > 0 && r->tolerate_left == 0)
        r->tokens = 0;
}
