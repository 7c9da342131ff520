/* Circuit breaker, lanes and bulkheads: who may send, in which order, and that nobody is forgotten. */
#include "../../support/support.h"

#include "aws/traffic.h"
#include "base/mem.h"

#include <stdio.h>

static mw_traffic *make(mw_traffic_options o)
{
    mw_traffic *t;
    mw_error err = {0};

    if (!o.retry.name)
        o.retry = mw_retry_standard;
    assert_ok(mw_traffic_new(&o, &t, &err));
    return t;
}

static mw_lane *lane(mw_traffic *t, const char *account, const char *region, const char *service)
{
    bool fresh;
    mw_lane *l = mw_traffic_lane(t, account, region, service, &fresh, 0);

    assert_non_null(l);
    return l;
}

static void ended(mw_traffic *t, mw_ticket *k, mw_outcome outcome, int64_t now_ms)
{
    mw_traffic_leave(t, k, outcome, -1, "curl 7", now_ms);
}

/* ---- the breaker alone ---- */

enum { OP = 7 };

static void breaker_opens_tries_and_closes(void **state)
{
    static const mw_breaker_policy p = {.failures = 3, .open_ms = 5000};
    mw_breaker b = {0};

    (void)state;
    for (int i = 0; i < 2; i++)
        mw_breaker_end(&b, &p, OP, MW_OUTCOME_FAILED, mw_breaker_begin(&b, OP), "x", i);
    mw_breaker_end(&b, &p, OP, MW_OUTCOME_THROTTLED, false, NULL, 3); /* a sign of life */
    for (int i = 0; i < 2; i++)
        mw_breaker_end(&b, &p, OP, MW_OUTCOME_FAILED, false, "y", 10 + i);
    mw_breaker_end(&b, &p, OP, MW_OUTCOME_NONE, false, NULL, 12); /* tells nothing */
    assert_int_equal(mw_breaker_refuses(&b, &p, OP, 12), 0);
    mw_breaker_end(&b, &p, OP, MW_OUTCOME_FAILED, false, "refused (curl 7)", 100);
    assert_int_equal(mw_breaker_refuses(&b, &p, OP, 100), 5000);
    assert_int_equal(mw_breaker_refuses(&b, &p, OP, 5099), 1);
    assert_string_equal(b.cause, "refused (curl 7)");
    mw_breaker_end(&b, &p, OP, MW_OUTCOME_FAILED, false, "late", 4000); /* under way when it opened */
    assert_int_equal(mw_breaker_refuses(&b, &p, OP, 5100), 0);
    assert_true(mw_breaker_begin(&b, OP));
    assert_true(mw_breaker_refuses(&b, &p, OP, 5200) > 0); /* one tries, not all */
    mw_breaker_end(&b, &p, OP, MW_OUTCOME_FAILED, true, "again", 5300);
    assert_int_equal(mw_breaker_refuses(&b, &p, OP, 5300), 5000);
    assert_int_equal(mw_breaker_refuses(&b, &p, OP, 10300), 0);
    assert_true(mw_breaker_begin(&b, OP));
    mw_breaker_end(&b, &p, OP, MW_OUTCOME_NONE, true, NULL, 10400); /* the probe was not sent */
    assert_int_equal(mw_breaker_refuses(&b, &p, OP, 10400), 0);
    assert_true(mw_breaker_begin(&b, OP));
    mw_breaker_end(&b, &p, OP, MW_OUTCOME_ANSWERED, true, NULL, 10500);
    assert_int_equal(mw_breaker_refuses(&b, &p, OP, 10500), 0);
    assert_false(mw_breaker_begin(&b, OP));
    assert_int_equal(b.failed, 0);
}

static void breaker_may_be_off(void **state)
{
    static const mw_breaker_policy p = {0};
    mw_breaker b = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        mw_breaker_end(&b, &p, OP, MW_OUTCOME_FAILED, false, NULL, i);
    assert_int_equal(mw_breaker_refuses(&b, &p, OP, 1000), 0);
}

static void what_has_not_failed_may_go(void **state)
{
    static const mw_breaker_policy p = {.failures = 20, .open_ms = 5000};
    static const struct {
        const char *name;
        mw_outcome other; /* how one request of another operation ended before */
        int operations;   /* that fail */
        int64_t refuses_ms;
    } rows[] = {
        {"four operations are broken", MW_OUTCOME_BROKEN, 4, 0},
        {"one of them was not answered", MW_OUTCOME_FAILED, 4, 5000},
        {"more than are told apart", MW_OUTCOME_BROKEN, MW_BREAKER_OPERATIONS + 1, 5000},
    };

    (void)state;
    for (size_t n = 0; n < MW_COUNT(rows); n++) {
        mw_breaker b = {0};

        mw_breaker_end(&b, &p, 1, rows[n].other, false, "500", 0);
        for (int i = 0; i < 100; i++)
            mw_breaker_end(&b, &p, 1 + (uint32_t)(i % rows[n].operations), MW_OUTCOME_BROKEN, false, "500", 0);
        assert_int_equal(mw_breaker_refuses(&b, &p, 1, b.opened_ms), 5000);
        assert_int_equal(mw_breaker_refuses(&b, &p, 0, b.opened_ms), 5000); /* what nobody named */
        assert_int_equal(mw_breaker_refuses(&b, &p, 99, b.opened_ms), rows[n].refuses_ms);
        if (rows[n].refuses_ms > 0)
            continue;
        assert_false(mw_breaker_begin(&b, 99));
        mw_breaker_end(&b, &p, 99, MW_OUTCOME_BROKEN, false, "500", 10); /* it fails too, and is refused from now on */
        assert_int_equal(mw_breaker_refuses(&b, &p, 99, b.opened_ms), 5000);
        mw_breaker_end(&b, &p, 98, MW_OUTCOME_ANSWERED, mw_breaker_begin(&b, 98), NULL, 20);
        assert_int_equal(mw_breaker_refuses(&b, &p, 1, 20), 0);
        assert_int_equal(b.failing, 0);
    }
    assert_int_not_equal(mw_breaker_operation("ListUsers"), mw_breaker_operation("ListRoles"));
}

/* ---- lanes ---- */

static void lanes_take_turns(void **state)
{
    mw_traffic *t = make((mw_traffic_options){.max_in_flight = 1});
    mw_lane *a = lane(t, "1", "eu-west-1", "ec2"), *b = lane(t, "1", "us-east-1", "ec2");
    mw_ticket many[4] = {{0}}, few[2] = {{0}}, urgent = {0};
    mw_ticket *want[] = {&many[0], &few[0], &urgent, &few[1], &many[1], &many[2], &many[3]};
    int64_t refused;

    (void)state;
    assert_ptr_equal(a, lane(t, "1", "eu-west-1", "ec2"));
    assert_ptr_not_equal(a, lane(t, "11", "eu-west-1", "ec2"));
    for (size_t i = 0; i < 4; i++)
        mw_traffic_enter(t, &many[i], a, "h", false);
    for (size_t i = 0; i < 2; i++)
        mw_traffic_enter(t, &few[i], b, "h", false);
    for (size_t i = 0; i < MW_COUNT(want); i++) {
        mw_ticket *k = mw_traffic_next(t, 0, &refused);

        assert_ptr_equal(k, want[i]);
        assert_null(mw_traffic_next(t, 0, &refused));
        if (i == 0)
            mw_traffic_enter(t, &urgent, a, "h", true); /* a retry: before those that have not begun */
        ended(t, k, MW_OUTCOME_ANSWERED, 0);
    }
    assert_null(mw_traffic_next(t, 0, &refused));
    assert_int_equal(mw_traffic_wake_ms(t), -1);
    mw_traffic_free(t);
}

static void a_slow_one_leaves_places(void **state)
{
    static const struct {
        const char *name;
        mw_traffic_options options;
        const char *slow[4], *other[4]; /* account, region, service, host */
        int most;
    } rows[] = {
        {"host", {.max_in_flight = 8}, {"1", "r", "s3", "slow"}, {"2", "r", "ec2", "h"}, 4},
        {"host given", {.max_in_flight = 8, .max_per_host = 1}, {"1", "r", "s3", "slow"}, {"2", "r", "ec2", "h"}, 1},
        {"account", {.max_in_flight = 8, .max_per_host = -1}, {"1", "r", "s3", "x"}, {"2", "r", "ec2", "h"}, 6},
        {"service",
         {.max_in_flight = 8, .max_per_host = -1, .max_per_service = 3},
         {"1", "r", "s3", "x"},
         {"1", "r", "ec2", "h"},
         3},
        {"none",
         {.max_in_flight = 8, .max_per_host = -1, .max_per_service = -1, .max_per_account = -1},
         {"1", "r", "s3", "x"},
         {"2", "r", "ec2", "h"},
         8},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_traffic *t = make(rows[i].options);
        mw_lane *slow = lane(t, rows[i].slow[0], rows[i].slow[1], rows[i].slow[2]);
        mw_lane *other = lane(t, rows[i].other[0], rows[i].other[1], rows[i].other[2]);
        mw_ticket stuck[20] = {{0}}, quick[20] = {{0}};
        int64_t refused;
        int going = 0, done = 0;

        for (size_t n = 0; n < 20; n++)
            mw_traffic_enter(t, &stuck[n], slow, rows[i].slow[3], false);
        /* it takes nobody to wait: the place is kept free for those who will come */
        mw_traffic_enter(t, &quick[0], other, rows[i].other[3], false);
        for (mw_ticket *k; (k = mw_traffic_next(t, 0, &refused)) != NULL;) {
            if (k->lane == slow)
                going++;
            else {
                ended(t, k, MW_OUTCOME_ANSWERED, 0);
                done++;
            }
        }
        if (going != rows[i].most)
            fail_msg("%s: %d of the slow one are under way, not %d", rows[i].name, going, rows[i].most);
        assert_int_equal(done, 1);
        if (rows[i].most < 8) {
            for (size_t n = 1; n < 20; n++) {
                mw_traffic_enter(t, &quick[n], other, rows[i].other[3], false);
                assert_ptr_equal(mw_traffic_next(t, 0, &refused), &quick[n]);
                ended(t, &quick[n], MW_OUTCOME_ANSWERED, 0);
            }
        }
        ended(t, &stuck[0], MW_OUTCOME_FAILED, 0); /* and one more follows when one ends */
        assert_non_null(mw_traffic_next(t, 0, &refused));
        assert_null(mw_traffic_next(t, 0, &refused));
        mw_traffic_free(t);
    }
}

static void alone_all_places_are_ours(void **state)
{
    mw_traffic *t = make((mw_traffic_options){.max_in_flight = 8});
    mw_lane *l = lane(t, "1", "r", "s3");
    mw_ticket k[10] = {{0}};
    int64_t refused;
    int n = 0;

    (void)state;
    for (size_t i = 0; i < 10; i++)
        mw_traffic_enter(t, &k[i], l, "h", false);
    while (mw_traffic_next(t, 0, &refused))
        n++;
    assert_int_equal(n, 8);
    mw_traffic_free(t);
}

static void tokens_are_waited_for(void **state)
{
    mw_traffic_options o = {.max_in_flight = 64, .retry = mw_retry_standard};
    mw_ticket k[12] = {{0}}, elsewhere = {0};
    int64_t refused, now = 0;
    mw_traffic *t;
    mw_lane *l;
    int n = 0;

    (void)state;
    o.retry.limit_rate = true;
    t = make(o);
    l = lane(t, "1", "r", "no-such-service"); /* 10 at once, then 5 a second */
    for (size_t i = 0; i < 12; i++)
        mw_traffic_enter(t, &k[i], l, "h", false);
    while (mw_traffic_next(t, now, &refused))
        n++;
    assert_int_equal(n, 10);
    assert_in_range(mw_traffic_wake_ms(t), 200, 201);
    mw_traffic_enter(t, &elsewhere, lane(t, "1", "q", "no-such-service"), "h", false);
    assert_ptr_equal(mw_traffic_next(t, now, &refused), &elsewhere); /* others do not wait with it */
    now = mw_traffic_wake_ms(t);
    assert_null(mw_traffic_next(t, now - 1, &refused));
    assert_ptr_equal(mw_traffic_next(t, now, &refused), &k[10]);
    assert_null(mw_traffic_next(t, now, &refused));
    for (int i = 0; i < 10; i++)
        ended(t, &k[i], MW_OUTCOME_ANSWERED, now);
    ended(t, &k[10], MW_OUTCOME_THROTTLED, now);
    assert_true(mw_lane_rate(l)->rps < 3);
    ended(t, &k[11], MW_OUTCOME_NONE, now); /* given up while it slept */
    assert_null(mw_traffic_next(t, now + 60000, &refused));
    assert_int_equal(mw_traffic_wake_ms(t), -1);
    mw_traffic_free(t);
}

static void an_open_breaker_refuses_its_lane_only(void **state)
{
    mw_traffic_options o = {.max_in_flight = 4, .breaker = {.failures = 2, .open_ms = 5000}};
    mw_traffic *t = make(o);
    mw_lane *bad = lane(t, "1", "r", "ec2"), *good = lane(t, "2", "r", "ec2");
    mw_ticket k[5] = {{0}}, other = {0};
    int64_t refused;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        mw_traffic_enter(t, &k[i], bad, "h", false);
        assert_ptr_equal(mw_traffic_next(t, 0, &refused), &k[i]);
        ended(t, &k[i], MW_OUTCOME_FAILED, 10);
    }
    for (size_t i = 0; i < 3; i++)
        mw_traffic_enter(t, &k[i], bad, "h", false);
    mw_traffic_enter(t, &other, good, "h", false);
    for (int i = 0; i < 4; i++) {
        mw_ticket *next = mw_traffic_next(t, 1000, &refused);

        assert_non_null(next);
        assert_int_equal(refused, next == &other ? 0 : 4010);
        assert_int_equal(next->state, next == &other ? MW_TICKET_GOING : MW_TICKET_IDLE);
    }
    assert_null(mw_traffic_next(t, 1000, &refused));
    assert_string_equal(mw_lane_breaker(bad)->cause, "curl 7");
    for (size_t i = 0; i < 2; i++)
        mw_traffic_enter(t, &k[i], bad, "h", false);
    assert_ptr_equal(mw_traffic_next(t, 5010, &refused), &k[0]); /* the one that tries */
    assert_int_equal(refused, 0);
    assert_ptr_equal(mw_traffic_next(t, 5010, &refused), &k[1]);
    assert_true(refused > 0);
    ended(t, &k[0], MW_OUTCOME_ANSWERED, 5020);
    mw_traffic_enter(t, &k[1], bad, "h", false);
    assert_ptr_equal(mw_traffic_next(t, 5020, &refused), &k[1]);
    assert_int_equal(refused, 0);
    mw_traffic_free(t);
}

static uint32_t seed = 1;

static uint32_t any_of(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 16) % n;
}

/** Many lanes, hosts, ends and cancellations in random order: limits hold, and everybody has a turn. */
static void nobody_is_forgotten(void **state)
{
    enum { TICKETS = 600 };
    static const char *const names[] = {"a", "b", "c", "d", "e"};

    (void)state;
    for (int round = 0; round < 200; round++) {
        mw_traffic_options o = {.max_in_flight = 1 + (int)any_of(12),
                                .retry = mw_retry_standard,
                                .max_per_account = 1 + (int)any_of(3),
                                .max_per_service = 1 + (int)any_of(3),
                                .max_per_host = 1 + (int)any_of(3)};
        mw_ticket *k = calloc(TICKETS, sizeof(*k)), *going[16];
        int accounts[5] = {0}, host_of[TICKETS], account_of[TICKETS], hosts[5] = {0}, under_way = 0;
        size_t entered = 0, left = 0;
        int64_t now = 0, refused;
        mw_traffic *t;

        assert_non_null(k);
        o.retry.limit_rate = round % 2 == 1;
        t = make(o);
        for (size_t i = 0; i < 5; i++) /* so that there is somebody to share with from the start */
            lane(t, names[i], "r", names[i]);
        while (left < TICKETS) {
            mw_ticket *next;

            for (uint32_t n = any_of(20); n > 0 && entered < TICKETS; n--, entered++) {
                account_of[entered] = (int)any_of(5);
                host_of[entered] = (int)any_of(5);
                mw_traffic_enter(t, &k[entered], lane(t, names[account_of[entered]], "r", names[any_of(5)]),
                                 names[host_of[entered]], any_of(4) == 0);
            }
            for (uint32_t n = any_of(3); n > 0 && entered > 0; n--) {
                mw_ticket *some = &k[any_of((uint32_t)entered)];

                if (some->state == MW_TICKET_WAITING) {
                    mw_traffic_leave(t, some, MW_OUTCOME_NONE, -1, NULL, now);
                    left++;
                }
            }
            while ((next = mw_traffic_next(t, now, &refused)) != NULL) {
                size_t i = (size_t)(next - k);

                going[under_way++] = next;
                assert_true(under_way <= o.max_in_flight);
                assert_true(++accounts[account_of[i]] <= o.max_per_account);
                hosts[host_of[i]]++;
                if (entered > 100)
                    assert_true(hosts[host_of[i]] <= o.max_per_host + 1);
            }
            if (under_way == 0 && left < entered && mw_traffic_wake_ms(t) < 0)
                fail_msg("round %d: %zu of %zu wait for ever", round, entered - left, entered);
            if (under_way > 0) {
                uint32_t n = any_of((uint32_t)under_way);
                mw_ticket *one = going[n];
                size_t i = (size_t)(one - k);

                going[n] = going[--under_way];
                accounts[account_of[i]]--;
                hosts[host_of[i]]--;
                left++;
                mw_traffic_leave(t, one, any_of(50) ? MW_OUTCOME_ANSWERED : MW_OUTCOME_THROTTLED, -1, NULL, now);
            }
            now += under_way == 0 && mw_traffic_wake_ms(t) > now ? mw_traffic_wake_ms(t) - now : (int64_t)any_of(20);
        }
        mw_traffic_free(t);
        free(k);
    }
}

static void memory_runs_out(void **state)
{
    (void)state;
    for (long n = 1; n < 8; n++) {
        struct failing_alloc f = {.fail_at = n, .persistent = true};
        mw_traffic_options o = {.max_in_flight = 4, .retry = mw_retry_standard};
        mw_error err = {0};
        mw_ticket k = {0};
        mw_traffic *t;
        bool fresh;
        mw_lane *l;
        int64_t refused;

        o.retry.limit_rate = true;
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &f;
        if (mw_traffic_new(&o, &t, &err) == MW_OK) {
            l = mw_traffic_lane(t, "1", "r", "ec2", &fresh, 0);
            for (int i = 0; l && i < 40; i++) {
                mw_traffic_enter(t, &k, l, "h", false);
                if (mw_traffic_next(t, 0, &refused)) /* without memory to sleep it goes */
                    mw_traffic_leave(t, &k, MW_OUTCOME_ANSWERED, -1, NULL, 0);
                else
                    mw_traffic_leave(t, &k, MW_OUTCOME_NONE, -1, NULL, 0);
            }
            mw_traffic_free(t);
        } else {
            assert_int_equal(err.status, MW_ERR_NOMEM);
        }
        mw_sys_reset();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breaker_opens_tries_and_closes),
        cmocka_unit_test(breaker_may_be_off),
        cmocka_unit_test(what_has_not_failed_may_go),
        cmocka_unit_test(lanes_take_turns),
        cmocka_unit_test(a_slow_one_leaves_places),
        cmocka_unit_test(alone_all_places_are_ours),
        cmocka_unit_test(tokens_are_waited_for),
        cmocka_unit_test(an_open_breaker_refuses_its_lane_only),
        cmocka_unit_test(nobody_is_forgotten),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
