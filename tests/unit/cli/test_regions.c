/* Patterns against enabled regions. */
#include "base/mem.h"
#include "cli/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const enabled[] = {"ap-south-1", "eu-central-1", "eu-west-1", "us-east-1"};

static void selects(void **state)
{
    static const struct {
        const char *patterns[4];
        const char *want; /* joined by blanks, or the message of a refusal */
        mw_status status;
    } rows[] = {
        {{"eu-west-1"}, "eu-west-1", MW_OK},
        {{"eu-*"}, "eu-central-1 eu-west-1", MW_OK},
        {{"us-east-1", "eu-*", "eu-west-1"}, "eu-central-1 eu-west-1 us-east-1", MW_OK},
        {{"*"}, "ap-south-1 eu-central-1 eu-west-1 us-east-1", MW_OK},
        {{"eu-wset-1"}, "--region: 'eu-wset-1' is not enabled in account 1; did you mean 'eu-west-1'?", MW_ERR_INVALID},
        {{"eu-west-1", "me-*"}, "--region: no region enabled in account 1 matches 'me-*'", MW_ERR_INVALID},
        {{"zzzzzzzzzzz"}, "--region: 'zzzzzzzzzzz' is not enabled in account 1", MW_ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const char *out[MW_COUNT(enabled)];
        char joined[256] = "";
        size_t n = 0, patterns = 0;
        mw_error err = {0};
        while (patterns < 4 && rows[i].patterns[patterns])
            patterns++;
        assert_int_equal(
            mw_regions_select(rows[i].patterns, patterns, enabled, MW_COUNT(enabled), "account 1", out, &n, &err),
            rows[i].status);
        for (size_t k = 0; k < n && rows[i].status == MW_OK; k++)
            snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s", k ? " " : "", out[k]);
        assert_string_equal(rows[i].status == MW_OK ? joined : err.message, rows[i].want);
    }
}

static void homes(void **state)
{
    (void)state;
    assert_string_equal(mw_home_region("aws"), "us-east-1");
    assert_string_equal(mw_home_region("aws-cn"), "cn-north-1");
    assert_string_equal(mw_home_region("aws-us-gov"), "us-gov-west-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(selects), cmocka_unit_test(homes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
