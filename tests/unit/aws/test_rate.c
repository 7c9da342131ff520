/* The learnt rate against simulated buckets of AWS, with another consumer at the same quota. */
#include "../../support/support.h"

#include "aws/rate.h"
#include "base/mem.h"

#include <stdio.h>

#define CALLS      2000
#define IN_FLIGHT  16
#define LATENCY_MS 100

typedef struct side {
    double burst, rps, tokens;
} side;

typedef struct row {
    const char *name;
    mw_rate_limit assumed;
    double burst, rps; /* what AWS really allows */
    double other_rps;  /* what somebody else takes of it */
    bool unlimited;    /* nothing is assumed before the first throttle */
    double most_s;     /* the evidence: 1.2 to 1.3 times of the ideal time; some slack */
    double most_share; /* throttled, of our calls and of the other's */
    int calls;
    /* throttles that have nothing to do with the rate: a share of all, and the first so many */
    double noise;
    int early;
} row;

#define GUESS(burst, rps)                                                                                              \
    {                                                                                                                  \
        NULL, (burst)*0.5, (rps)*0.25, (rps)*0.8, (rps)                                                                \
    }
#define UNKNOWN                                                                                                        \
    {                                                                                                                  \
        NULL, 10, 5, 20, 20                                                                                            \
    }
#define WIDE 1e6, 1e6, 1 /* whatever comes is allowed */

static const row rows[] = {
    {"EC2, another at 8", GUESS(100, 20), 100, 20, 8, false, 230, 0.01, CALLS, 0, 0},
    {"Lambda, another at 4", GUESS(15, 15), 15, 15, 4, false, 300, 0.01, CALLS, 0, 0},
    {"EC2 guessed 4 times too high", GUESS(100, 20), 25, 5, 2, false, 1100, 0.01, CALLS, 0, 0},
    {"Lambda guessed 4 times too high", GUESS(60, 60), 15, 15, 4, false, 330, 0.01, CALLS, 0, 0},
    {"20 assumed, 5 with a bucket of 10", GUESS(20, 20), 10, 5, 2, false, 1000, 0.01, CALLS, 0, 0},
    {"unknown service, 5 of its own", UNKNOWN, 10, 5, 1, false, 800, 0.01, CALLS, 0, 0},
    /* an endpoint that is not AWS: it has to be learnt by running into it */
    {"no limit assumed", {0}, 100, 20, 8, true, 260, 0.12, CALLS, 0, 0},
    {"no limit assumed, Lambda's", {0}, 15, 15, 4, true, 300, 0.12, CALLS, 0, 0},
    {"no limit assumed, a quarter of EC2's", {0}, 25, 5, 2, true, 1100, 0.12, CALLS, 0, 0},
    /* the same without any limit, and throttles all the same: 14 s are possible for 2,000 calls */
    {"free", {0}, WIDE, true, 15, 0, CALLS, 0, 0},
    {"free, 5 % noise", {0}, WIDE, true, 45, 0.08, CALLS, 0.05, 0},
    {"free, 30 % noise", {0}, WIDE, true, 80, 0.35, CALLS, 0.3, 0},
    {"free, 5 % noise, few calls", {0}, WIDE, true, 4, 0.2, 60, 0.05, 0},
    {"free, the first six of few", {0}, WIDE, true, 3, 1, 60, 0, 6},
    {"free, the first six of 2,000", {0}, WIDE, true, 18, 1, CALLS, 0, 6},
    {"unknown service", UNKNOWN, WIDE, false, 35, 0, 500, 0, 0},
    {"unknown service, the first six", UNKNOWN, WIDE, false, 40, 1, 500, 0, 6},
    {"unknown service, 1 % noise", UNKNOWN, WIDE, false, 150, 0.03, 500, 0.01, 0},
    {"unknown service, 5 % noise", UNKNOWN, WIDE, false, 250, 0.08, 500, 0.05, 0},
    {"EC2, 5 % noise", GUESS(100, 20), WIDE, false, 400, 0.08, CALLS, 0.05, 0},
};

static bool take(side *s)
{
    if (s->tokens < 1)
        return false;
    s->tokens -= 1;
    return true;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/** Millisecond by millisecond; a throttled call comes again after up to a second, as retries do. */
static void simulate(const row *w, uint32_t seed)
{
    side aws = {w->burst, w->rps, w->burst};
    struct {
        int64_t due_ms;
        bool throttled, busy;
    } flight[IN_FLIGHT] = {{0}};
    int64_t *again = calloc(CALLS, sizeof(*again)), now;
    int fresh = w->calls, early = w->early, done = 0, waiting = 0, sent = 0, throttled = 0;
    int other = 0, harmed = 0;
    double other_due = 0;
    uint32_t random = seed, their_random = seed + 1000;
    mw_rate r;

    assert_non_null(again);
    mw_rate_init(&r, w->unlimited ? NULL : &w->assumed, 1, 0);
    for (now = 0; done < w->calls && now < 4000000; now++) {
        aws.tokens += aws.rps / 1000;
        aws.tokens = aws.tokens > aws.burst ? aws.burst : aws.tokens;
        if ((double)now >= other_due) {
            other++;
            harmed += take(&aws) ? 0 : 1;
            other_due += 1000 / w->other_rps * (0.5 + next_random(&their_random) % 1000 / 1000.0);
        }
        for (size_t f = 0; f < IN_FLIGHT; f++) {
            int ready = -1;

            if (flight[f].busy && flight[f].due_ms == now) {
                flight[f].busy = false;
                if (flight[f].throttled) {
                    mw_rate_throttled(&r, -1, now);
                    again[waiting++] = now + next_random(&random) % 1000;
                } else {
                    mw_rate_answered(&r, now);
                    done++;
                }
            }
            for (int n = 0; ready < 0 && n < waiting; n++)
                if (again[n] <= now)
                    ready = n;
            if (flight[f].busy || (ready < 0 && fresh == 0) || mw_rate_take(&r, now) > 0)
                continue;
            if (ready >= 0)
                again[ready] = again[--waiting];
            else
                fresh--;
            sent++;
            flight[f].busy = true;
            flight[f].due_ms = now + LATENCY_MS;
            flight[f].throttled = early-- > 0 || next_random(&random) % 1000 < w->noise * 1000 || !take(&aws);
            throttled += flight[f].throttled ? 1 : 0;
        }
    }
    free(again);
    print_message("%-34s %4d sent, %.2f %% throttled, other %.2f %%, %.0f s\n", w->name, sent, 100.0 * throttled / sent,
                  100.0 * harmed / other, (double)now / 1000);
    assert_int_equal(done, w->calls);
    assert_true(throttled <= w->most_share * sent);
    assert_true(harmed <= w->most_share * other);
    assert_true((double)now / 1000 <= w->most_s);
}

static void simulation(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        for (uint32_t seed = 1; seed <= (rows[i].noise > 0 ? 8 : 1); seed++)
            simulate(&rows[i], seed);
}

static void tokens_and_waits(void **state)
{
    static const mw_rate_limit limit = {"x", 2, 4, 4, 4};
    mw_rate r;

    (void)state;
    mw_rate_init(&r, &limit, 1, 1000);
    assert_int_equal(mw_rate_take(&r, 1000), 0);
    assert_int_equal(mw_rate_take(&r, 1000), 0);
    assert_in_range(mw_rate_take(&r, 1000), 250, 251);
    assert_in_range(mw_rate_take(&r, 1100), 150, 151);
    assert_int_equal(mw_rate_take(&r, 1251), 0);
    mw_rate_give_back(&r);
    assert_int_equal(mw_rate_take(&r, 1251), 0);
    assert_true(mw_rate_take(&r, 1251) > 0);
    assert_true(mw_rate_take(&r, 900) > 0); /* a clock that stands or goes back gives nothing */
}

static void answers(mw_rate *r, int count, int64_t now_ms)
{
    while (count-- > 0)
        mw_rate_answered(r, now_ms);
}

static void throttles_cut(void **state)
{
    static const mw_rate_limit limit = {"x", 10, 10, 16, 20};
    mw_rate r;

    (void)state;
    mw_rate_init(&r, &limit, 1, 0);
    for (int i = 0; i < 9; i++)
        mw_rate_throttled(&r, -1, 10); /* a handful of answers is no evidence … */
    assert_true(r.rps > 9.9 && r.ceiling_rps > 15.9);
    mw_rate_init(&r, &limit, 1, 0);
    answers(&r, 20, 10);
    mw_rate_throttled(&r, -1, 10); /* … more are */
    assert_true(r.rps > 4.9 && r.rps < 5.1 && r.ceiling_rps > 6.2 && r.ceiling_rps < 6.3);
    mw_rate_throttled(&r, -1, 500); /* of the same burst */
    assert_true(r.rps > 4.9);
    assert_true(mw_rate_take(&r, 510) > 0);
    for (int i = 0; i < 4; i++)
        mw_rate_throttled(&r, 700, 3500);
    assert_true(r.rps < 0.6 && r.ceiling_rps < 0.7); /* nothing got through */
    assert_int_equal(mw_rate_take(&r, 3600), 600);   /* until what AWS asked for */
    for (int64_t t = 10000; t < 4000000; t += 4000)
        mw_rate_throttled(&r, 3600000, t);
    assert_true(r.rps >= 0.5 && r.ceiling_rps >= 0.5); /* never to nothing */
    assert_true(mw_rate_take(&r, 4000000) <= 30000);
}

/** Throttled whatever the rate, for ten minutes: that taught nothing, and half a minute later it is over. */
static void a_storm_passes(void **state)
{
    static const mw_rate_limit limit = {"x", 10, 10, 16, 20};
    mw_rate r;
    int64_t t = 0;
    int sent = 0;

    (void)state;
    mw_rate_init(&r, &limit, 1, 0);
    for (; t < 30000; t += 10)
        if (mw_rate_take(&r, t) == 0)
            mw_rate_answered(&r, t);
    for (; t < 630000; t += 10)
        if (mw_rate_take(&r, t) == 0) {
            mw_rate_throttled(&r, -1, t);
            sent++;
        }
    print_message("%d requests in a storm of ten minutes\n", sent);
    assert_true(sent < 400); /* half a request a second, and the beginning */
    for (; t < 660000; t += 10)
        if (mw_rate_take(&r, t) == 0)
            mw_rate_answered(&r, t);
    assert_true(r.rps > 14);
}

/** As many at a quarter of the rate as before: both cuts are taken back, and it is left alone for a while. */
static void noise_is_not_a_limit(void **state)
{
    static const mw_rate_limit limit = {"x", 10, 10, 10, 20};
    mw_rate r;
    int64_t t = 0;

    (void)state;
    mw_rate_init(&r, &limit, 1, 0);
    for (int stage = 0; stage < 3; stage++, t += 5000) {
        assert_true(stage == 0 ? r.rps > 9.9 : r.rps < 7.5);
        answers(&r, 18, t);
        mw_rate_throttled(&r, -1, t);
        answers(&r, stage > 0 ? 18 : 0, t);
        if (stage > 0)
            mw_rate_throttled(&r, -1, t);
    }
    assert_true(r.rps > 9.9 && r.tolerate_left == mw_rate_standard.tolerate_answers);
    for (int i = 0; i < 10; i++, t += 5000) {
        answers(&r, 19, t);
        mw_rate_throttled(&r, -1, t);
        assert_true(r.rps > 9.9);
    }
    for (int i = 0; i < 16; i++) /* more than noise */
        mw_rate_throttled(&r, -1, t);
    assert_true(r.rps < 5.5);
}

static void unlimited_until_told(void **state)
{
    mw_rate r;

    (void)state;
    mw_rate_init(&r, NULL, 1, 0);
    for (int64_t t = 0; t < 2000; t++) {
        assert_int_equal(mw_rate_take(&r, t), 0); /* 1,000 a second */
        mw_rate_answered(&r, t);
    }
    for (int i = 0; i < 4; i++)
        mw_rate_throttled(&r, -1, 2000); /* four of the last 32 may be chance, … */
    assert_int_equal(mw_rate_take(&r, 2000), 0);
    mw_rate_throttled(&r, -1, 2000); /* … one more is not */
    assert_true(r.rps > 450 && r.rps < 550);
    assert_true(mw_rate_take(&r, 2000) > 0);
}

static void limits_by_service(void **state)
{
    (void)state;
    assert_true(mw_rate_limit_of("ec2")->burst > 49 && mw_rate_limit_of("ec2")->burst < 51);
    assert_null(mw_rate_limit_of("no-such-service")->service);
    for (const char *const *s = (const char *const[]){"ec2", "lambda", "iam", "sts", "s3", "x", NULL}; *s; s++) {
        const mw_rate_limit *l = mw_rate_limit_of(*s);

        assert_true(l->start_rps > 0 && l->start_rps <= l->ceiling_rps && l->ceiling_rps <= l->most_rps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulation),           cmocka_unit_test(tokens_and_waits),
        cmocka_unit_test(throttles_cut),        cmocka_unit_test(a_storm_passes),
        cmocka_unit_test(noise_is_not_a_limit), cmocka_unit_test(unlimited_until_told),
        cmocka_unit_test(limits_by_service),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
