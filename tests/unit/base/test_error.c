/* mw_error: one line, cut at a character, context in front. */
#include "support/support.h"

static void fills_status_and_message(void **state)
{
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_fail(&err, MW_ERR_NOTFOUND, "profile '%s' is not in %s", "a", "b"), MW_ERR_NOTFOUND);
    assert_int_equal(err.status, MW_ERR_NOTFOUND);
    assert_string_equal(err.message, "profile 'a' is not in b");
    assert_int_equal(mw_fail(NULL, MW_ERR_IO, "nobody listens"), MW_ERR_IO);
}

static void control_characters_cannot_forge_a_line(void **state)
{
    mw_error err = {0};

    (void)state;
    mw_fail(&err, MW_ERR_INVALID, "bucket 'a\nerror: \x1b[31mb\x7f'");
    assert_string_equal(err.message, "bucket 'a error:  [31mb '");
}

static void long_messages_are_cut_at_a_character(void **state)
{
    char name[1024];
    mw_error err = {0};

    (void)state;
    /* One byte, then two-byte characters: the last one does not fit. */
    name[0] = 'x';
    for (size_t i = 1; i + 1 < sizeof(name); i += 2)
        memcpy(name + i, "\xC3\xA9", 2);
    name[sizeof(name) - 1] = '\0';
    mw_fail(&err, MW_ERR_INVALID, "%s", name);
    assert_int_equal(strlen(err.message) % 2, 1);
    assert_true(strlen(err.message) < MW_ERROR_MESSAGE_SIZE);
    assert_memory_equal(err.message + strlen(err.message) - 2, "\xC3\xA9", 2);
}

static void prefix_says_where(void **state)
{
    mw_error err = {0};

    (void)state;
    mw_fail(&err, MW_ERR_PARSE, "expected a string");
    assert_int_equal(mw_error_prefix(&err, MW_ERR_PARSE, "%s:%d", "moonward.yaml", 3), MW_ERR_PARSE);
    assert_string_equal(err.message, "moonward.yaml:3: expected a string");
    assert_int_equal(mw_error_prefix(NULL, MW_ERR_IO, "x"), MW_ERR_IO);
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    for (int s = 0; s >= MW_ERR_PENDING; s--)
        assert_string_not_equal(mw_status_name((mw_status)s), "unknown status");
    assert_string_equal(mw_status_name((mw_status)-99), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_status_and_message),
        cmocka_unit_test(control_characters_cannot_forge_a_line),
        cmocka_unit_test(long_messages_are_cut_at_a_character),
        cmocka_unit_test(prefix_says_where),
        cmocka_unit_test(every_status_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
