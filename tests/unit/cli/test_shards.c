/* Shards: how they are named, and that an account stays where it is when others come and go. */
#include "support/support.h"

#include "cli/flow_run.h"

#include <stdio.h>
#include <string.h>

static const char *job_number;

static const char *job(const char *name)
{
    return strcmp(name, "JOB_COMPLETION_INDEX") == 0 ? job_number : NULL;
}

static void names(void **state)
{
    static const struct {
        const char *text, *number, *message;
        size_t index, count;
    } rows[] = {
        {"1/1", NULL, NULL, 0, 1},
        {"2/3", NULL, NULL, 1, 3},
        {"3/3", "0", NULL, 2, 3}, /* what is written counts */
        {"4", "0", NULL, 0, 4},
        {"4", "3", NULL, 3, 4},
        {"4", "4", "is not one of 4", 0, 0},
        {"4", NULL, "neither JOB_COMPLETION_INDEX", 0, 0},
        {"0/3", NULL, "is not one of 3", 0, 0},
        {"4/3", NULL, "is not one of 3", 0, 0},
        {"a/3", NULL, "is not one of 3", 0, 0},
        {"1/0", NULL, "is not I/N", 0, 0},
        {"1/1001", NULL, "is not I/N", 0, 0},
        {"/", NULL, "is not I/N", 0, 0},
        {"1/2/3", NULL, "is not I/N", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        size_t index = 9, count = 9;
        mw_error err = {0};
        mw_status st;
        job_number = rows[i].number;
        st = mw_shard_parse(rows[i].text, job, &index, &count, &err);
        if (rows[i].message) {
            assert_int_equal(st, MW_ERR_INVALID);
            assert_non_null(strstr(err.message, rows[i].message));
        } else {
            assert_ok(st);
            assert_int_equal(index, rows[i].index);
            assert_int_equal(count, rows[i].count);
        }
    }
}

/* Every account has one shard; shards are even; one more shard moves only what it takes. */
static void shares(void **state)
{
    enum { ACCOUNTS = 4000 };
    size_t held[8] = {0}, moved = 0;

    (void)state;
    for (size_t i = 0; i < ACCOUNTS; i++) {
        char account[16];
        size_t of_seven, of_eight;
        snprintf(account, sizeof(account), "%012zu", 100000000000 + i);
        of_seven = mw_shard_of(account, 7);
        of_eight = mw_shard_of(account, 8);
        assert_true(of_seven < 7 && of_eight < 8);
        held[of_eight]++;
        moved += of_seven != of_eight;
        assert_true(of_seven == of_eight || of_eight == 7);
        assert_int_equal(mw_shard_of(account, 1), 0);
    }
    for (size_t i = 0; i < MW_COUNT(held); i++)
        assert_in_range(held[i], ACCOUNTS / 8 * 85 / 100, ACCOUNTS / 8 * 115 / 100);
    assert_int_equal(moved, held[7]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(shares)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
