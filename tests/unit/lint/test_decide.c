/* From a finding's message to the lines of the rule that made it. */
#include "lint/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char rule[] = "return rule {\n"
                           "  check = function(b)\n"
                           "    if b.X == nil then\n"
                           "      return fail(\"no %s of %d%%\", b.X, 5)\n"
                           "    end\n"
                           "    if b.Y then return fail { subkey = \"y\", message = (\"y is %s\"):format(b.Y) } end\n"
                           "    if b.Z then return unknown(\"z\") end\n"
                           "    return pass()\n"
                           "  end,\n"
                           "}\n";

static void the_line_is_found(void **state)
{
    static const struct {
        const char *verdict, *message;
        unsigned first, last;
    } rows[] = {
        {"fail", "no thing of 5%", 3, 4},
        {"fail", "y is * and more", 6, 6},
        {"fail", "something else", 0, 0},
        {"unknown", "z", 7, 7},
        {"pass", NULL, 8, 8},
        {"not_applicable", "x", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mw_decided at;
        mw_error err = {0};
        assert_int_equal(mw_lint_decided(rule, strlen(rule), rows[i].verdict, rows[i].message, &at, &err), MW_OK);
        assert_int_equal(at.first, rows[i].first);
        assert_int_equal(at.last, rows[i].last);
    }
}

static void two_that_fit_are_no_answer(void **state)
{
    static const char source[] = "local a = fail(\"%s is on\", x) local b = fail(\"%s is %s\", x, y)";
    mw_decided at;
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_lint_decided(source, strlen(source), "fail", "it is on", &at, &err), MW_OK);
    assert_int_equal(at.first, 0);
    assert_int_equal(mw_lint_decided("if", 2, "fail", "x", &at, &err), MW_ERR_PARSE);
}

static void fixtures_are_listed(void **state)
{
    static const char source[] = "return { { name = \"a\", expect = \"pass\" }, f(), { name = "
                                 "\"b\", expect = { \"fail\" } } }";
    MW_AUTO(mw_arena) arena = {0};
    mw_fixture_name *list;
    mw_error err = {0};
    size_t n;

    (void)state;
    assert_int_equal(mw_lint_fixtures(source, strlen(source), &arena, &list, &n, &err), MW_OK);
    assert_int_equal(n, 2);
    assert_string_equal(list[0].expect, "pass");
    assert_string_equal(list[1].name, "b");
    assert_string_equal(list[1].expect, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_is_found),
        cmocka_unit_test(two_that_fit_are_no_answer),
        cmocka_unit_test(fixtures_are_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
