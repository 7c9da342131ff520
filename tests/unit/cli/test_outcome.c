/* The exit status of a sweep, for every cause and threshold. */
#include "cli/outcome.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { CRITICAL, HIGH, MEDIUM, LOW, INFO, OTHER };

static void statuses(void **state)
{
    static const struct {
        size_t unknown, error, scopes, complete;
        int worst; /* severity of one failing finding, or -1 */
        const char *fail_on;
        bool allow;
        int code;
    } rows[] = {
        {0, 0, 4, 4, -1, "low", false, 0},
        {0, 0, 4, 4, LOW, "low", false, 1},
        {0, 0, 4, 4, INFO, "low", false, 0},
        {0, 0, 4, 4, INFO, "info", false, 1},
        {0, 0, 4, 4, MEDIUM, "high", false, 0},
        {0, 0, 4, 4, HIGH, "high", false, 1},
        {0, 0, 4, 4, CRITICAL, "high", false, 1},
        {0, 0, 4, 4, CRITICAL, "critical", false, 1},
        {0, 0, 4, 4, HIGH, "critical", false, 0},
        {0, 0, 4, 4, CRITICAL, "none", false, 0},
        /* incomplete wins over findings */
        {1, 0, 4, 4, -1, "low", false, 2},
        {0, 1, 4, 4, -1, "low", false, 2},
        {0, 0, 4, 3, -1, "low", false, 2},
        {1, 0, 4, 3, CRITICAL, "low", false, 2},
        {1, 1, 4, 3, -1, "none", false, 2},
        /* unless that was allowed */
        {1, 1, 4, 3, -1, "low", true, 0},
        {1, 1, 4, 3, HIGH, "low", true, 1},
        {1, 1, 4, 3, HIGH, "none", true, 0},
        /* a severity that nobody knows counts as info */
        {0, 0, 4, 4, OTHER, "low", false, 0},
        {0, 0, 4, 4, OTHER, "info", false, 1},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_report_counts c = {.scopes = rows[i].scopes, .scopes_complete = rows[i].complete};
        c.by_status[MW_VERDICT_UNKNOWN] = rows[i].unknown;
        c.by_status[MW_VERDICT_ERROR] = rows[i].error;
        if (rows[i].worst >= 0)
            c.failing[rows[i].worst] = c.by_status[MW_VERDICT_FAIL] = 1;
        if (mw_outcome(&c, rows[i].fail_on, rows[i].allow) != rows[i].code)
            fail_msg("row %zu: %d, want %d", i, mw_outcome(&c, rows[i].fail_on, rows[i].allow), rows[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(statuses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
