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

static void deal(size_t accounts, size_t without, size_t shards, size_t *of)
{
    size_t held[8] = {0}, count = accounts - (without < accounts), room = (count + shards - 1) / shards;

    for (size_t i = 0; i < accounts; i++) {
        char account[16];
        snprintf(account, sizeof(account), "%012zu", 100000000000 + i);
        of[i] = i == without ? shards : mw_shard_take(account, held, shards, room);
        assert_true(i == without || of[i] < shards);
    }
    for (size_t i = 0; i < shards; i++)
        assert_true(held[i] <= room);
}

/* Every account has one shard, no shard has more than its share, and an account more or less moves few others. */
static void shares(void **state)
{
    enum { ACCOUNTS = 1000 };
    size_t all[ACCOUNTS], less[ACCOUNTS], moved = 0;

    (void)state;
    for (size_t shards = 1; shards <= 8; shards++)
        deal(ACCOUNTS, ACCOUNTS, shards, all);
    deal(ACCOUNTS, ACCOUNTS, 2, all);
    deal(ACCOUNTS, 17, 2, less);
    for (size_t i = 0; i < ACCOUNTS; i++)
        moved += i != 17 && all[i] != less[i];
    assert_in_range(moved, 0, 2);
}

static void full(void **state)
{
    size_t held[2] = {3, 3};

    (void)state;
    assert_int_equal(mw_shard_take("100000000000", held, 2, 3), 2);
    assert_int_equal(mw_shard_take("100000000000", held, 2, 4), mw_shard_take("100000000000", (size_t[2]){0}, 2, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(shares), cmocka_unit_test(full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
