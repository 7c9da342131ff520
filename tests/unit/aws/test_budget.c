/* Budgets: what is written, and what is taken. */
#include "aws/budget.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void written(void **state)
{
    static const struct {
        const char *text;
        mw_status status;
        uint64_t calls;
        double usd;
    } rows[] = {
        {"calls=500", MW_OK, 500, -1},
        {"calls=0", MW_OK, 0, -1},
        {"cost=0.50", MW_OK, UINT64_MAX, 0.5},
        {"calls=7,cost=1", MW_OK, 7, 1},
        {"cost=1,calls=7", MW_OK, 7, 1},
        {"", MW_ERR_INVALID, 0, 0},
        {"500", MW_ERR_INVALID, 0, 0},
        {"calls=", MW_ERR_INVALID, 0, 0},
        {"calls=-1", MW_ERR_INVALID, 0, 0},
        {"calls=5,", MW_ERR_INVALID, 0, 0},
        {"calls=5,calls=6", MW_ERR_INVALID, 0, 0},
        {"cost=nan", MW_ERR_INVALID, 0, 0},
        {"cost=-1", MW_ERR_INVALID, 0, 0},
        {"cost=1e3", MW_ERR_INVALID, 0, 0},
        {"cost=1.2.3", MW_ERR_INVALID, 0, 0},
        {"calls=99999999999999999999", MW_ERR_INVALID, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_budget b;
        mw_error err = {0};
        assert_int_equal(mw_budget_parse(rows[i].text, &b, &err), rows[i].status);
        if (rows[i].status != MW_OK) {
            assert_non_null(strstr(err.message, "--budget: "));
            continue;
        }
        assert_true(b.calls_most == rows[i].calls);
        assert_true(b.usd_most >= rows[i].usd && b.usd_most <= rows[i].usd);
    }
}

static void taken(void **state)
{
    mw_budget b;

    (void)state;
    assert_int_equal(mw_budget_parse("calls=2", &b, NULL), MW_OK);
    assert_true(mw_budget_take(&b, "ec2", "DescribeVpcs", 1));
    assert_true(mw_budget_take(&b, "ce", "GetCostAndUsage", 1));
    assert_false(mw_budget_take(&b, "ec2", "DescribeVpcs", 1));
    assert_int_equal(b.calls, 2);
    assert_int_equal(b.refused, 1);
    assert_int_equal(mw_budget_left(&b), 0);

    /* Dollars refuse what would go beyond them, and leave what is free. */
    assert_int_equal(mw_budget_parse("cost=0.025", &b, NULL), MW_OK);
    assert_true(mw_budget_take(&b, "ce", "GetCostAndUsage", 1));
    assert_true(mw_budget_take(&b, "ce", "GetCostAndUsage", 1));
    assert_false(mw_budget_take(&b, "ce", "GetCostAndUsage", 1));
    assert_true(mw_budget_take(&b, "ec2", "DescribeVpcs", 1));
    assert_true(mw_budget_left(&b) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(written), cmocka_unit_test(taken)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
