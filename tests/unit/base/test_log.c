/* Log lines: one each, masked, not to be forged. */
#include "base/log.h"
#include "base/secret.h"
#include "support/support.h"

#include <stdio.h>

static char captured[8192];
static size_t captured_len;

static ssize_t capture(void *ctx, int fd, const void *data, size_t size)
{
    (void)ctx, (void)fd;
    assert_true(captured_len + size < sizeof(captured));
    memcpy(captured + captured_len, data, size);
    captured_len += size;
    captured[captured_len] = '\0';
    return (ssize_t)size;
}

static int64_t fixed_clock(void *ctx)
{
    (void)ctx;
    return 1704164645LL * 1000000000;
}

static int begin(void **state)
{
    (void)state;
    captured_len = 0;
    captured[0] = '\0';
    mw_sys.write_fn = capture;
    mw_sys.clock_real_ns = fixed_clock;
    return 0;
}

static int end(void **state)
{
    (void)state;
    mw_sys_reset();
    mw_log_setup(MW_LOG_WARN, false);
    return 0;
}

static void text_lines(void **state)
{
    (void)state;
    mw_log_info("not shown");
    mw_log_warn("bucket '%s'", "a\nmoonward: error: forged");
    assert_string_equal(captured, "moonward: warning: bucket 'a moonward: error: forged'\n");
    assert_false(mw_log_enabled(MW_LOG_DEBUG));
}

static void json_lines(void **state)
{
    (void)state;
    mw_log_setup(MW_LOG_DEBUG, true);
    mw_log_debug("a \"quote\" and\ta tab");
    assert_string_equal(captured, "{\"time\":\"2024-01-02T03:04:05Z\",\"level\":\"debug\","
                                  "\"message\":\"a \\\"quote\\\" and\\u0009a tab\"}\n");
}

static void secrets_do_not_pass(void **state)
{
    mw_secret s = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_secret_set(&s, "a-very-secret-value", 19, &err));
    mw_log_error("the key is a-very-secret-value");
    assert_null(strstr(captured, "very-secret"));
    assert_non_null(strstr(captured, "****"));
    mw_secret_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_lines, begin, end),
        cmocka_unit_test_setup_teardown(json_lines, begin, end),
        cmocka_unit_test_setup_teardown(secrets_do_not_pass, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
