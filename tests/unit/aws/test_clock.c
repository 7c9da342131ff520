/* What offset is signed with, by what was answered well. */
#include "../../support/support.h"

#include "aws/clock.h"
#include "base/mem.h"

#include <stdio.h>

static void a_host_is_believed_by_its_good_answers(void **state)
{
    static const struct {
        int64_t good_s[8]; /* offsets of good answers in turn, up to an END */
        int64_t want_s;
    } rows[] = {
#define END INT64_MIN
        {{END}, 0},
        {{0, END}, 0},
        {{3600, END}, 3600},                /* the first is taken as it is */
        {{3600, 3610, END}, 3600},          /* near enough */
        {{0, 7200, 7200, END}, 0},          /* two may be chance … */
        {{0, 7200, 7200, 7200, END}, 7200}, /* … three are not */
        {{0, 7200, 7200, 0, 7200, 7200, END}, 0},
        {{0, 7200, 7200, -7200, 7200, 7200, END}, 0},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_clocks c = {0};

        for (size_t n = 0; rows[i].good_s[n] != END; n++)
            (void)mw_clocks_good(&c, "h", rows[i].good_s[n]);
        if (mw_clocks_offset(&c, "h") != rows[i].want_s)
            fail_msg("row %zu: %lld", i, (long long)mw_clocks_offset(&c, "h"));
        mw_clocks_clear(&c);
    }
}

static void a_new_host_begins_with_the_machines(void **state)
{
    mw_clocks c = {0};
    char name[16];

    (void)state;
    assert_true(mw_clocks_good(&c, "a", -3600));
    assert_int_equal(mw_clocks_offset(&c, "b"), -3600);
    assert_false(mw_clocks_good(&c, "b", 0)); /* another machine's clock is b's own matter */
    assert_int_equal(mw_clocks_offset(&c, "b"), 0);
    assert_int_equal(mw_clocks_offset(&c, "a"), -3600);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "host-%d", i);
        (void)mw_clocks_good(&c, name, -3600);
    }
    assert_int_equal(c.count, 1002);
    assert_int_equal(mw_clocks_offset(&c, "b"), 0);
    assert_int_equal(mw_clocks_offset(&c, "elsewhere"), -3600);
    mw_clocks_clear(&c);
}

static void signatures_live_five_minutes(void **state)
{
    (void)state;
    assert_false(mw_clock_differs(0, 239));
    assert_true(mw_clock_differs(0, 240));
    assert_true(mw_clock_differs(240, 0));
    assert_false(mw_clock_differs(-7200, -7000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_believed_by_its_good_answers),
        cmocka_unit_test(a_new_host_begins_with_the_machines),
        cmocka_unit_test(signatures_live_five_minutes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
