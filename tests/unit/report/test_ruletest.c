/* Rule tests in every format: whole, escaped, and the same figures everywhere. */
#include "../../support/support.h"

#include "base/mem.h"
#include "report/ruletest.h"

static const mw_ruletest_result results[] = {
    {.rule = "a", .file = "r/a_test.lua", .name = "good", .line = 2, .spent_ns = 1500000},
    {.rule = "a",
     .file = "r/a_test.lua",
     .name = "bad <#1> & \"\\\"\x1b[31m",
     .line = 3,
     .outcome = MW_RULETEST_FAILED,
     .detail = "expected pass, found fail: <x>",
     .diff = "- verdict: pass\n+ verdict: fail\n  message: \x1b]0;x\x07"},
    {.rule = "b",
     .file = "r/b_test.lua",
     .name = "script",
     .outcome = MW_RULETEST_ERROR,
     .detail = "r/b.lua:1: no",
     .traceback = "r/b.lua:1: in function <r/b.lua:1>",
     .spent_ns = 2500000},
    {.rule = "b", .file = "r/b_test.lua", .name = "later", .outcome = MW_RULETEST_SKIPPED, .reason = "why # not"},
    {.rule = "b",
     .file = "r/b_test.lua",
     .name = "open",
     .outcome = MW_RULETEST_TODO,
     .reason = "soon",
     .detail = "no"},
    {.rule = "b", .file = "r/b_test.lua", .name = "done", .reason = "soon"},
};
static const char *const untested[] = {"c"};
static mw_ruletest_branch branches[] = {
    {{MW_MARK_FUNCTION, 1, 1}, {2, 0}}, {{MW_MARK_IF, 2, 4}, {1, 0}}, {{MW_MARK_OR, 3, 4}, {0, 0}}};
static mw_ruletest_line lines[] = {{2, 2}, {3, 0}};
static mw_ruletest_coverage coverage[] = {{.rule = "a",
                                           .file = "r/a.lua",
                                           .source = "return f(\n  if x then\n  y = \x1b[1m or z\n",
                                           .branches = branches,
                                           .branch_count = 3,
                                           .lines = lines,
                                           .line_count = 2,
                                           .ways = 5,
                                           .ways_taken = 2,
                                           .lines_run = 1,
                                           .verdicts = {true}}};
static mw_ruletest_report report = {.items = (mw_ruletest_result *)(uintptr_t)results,
                                    .count = MW_COUNT(results),
                                    .by_outcome = {2, 1, 1, 1, 1},
                                    .rules_without_tests = 1,
                                    .untested = untested,
                                    .coverage = coverage,
                                    .coverage_count = 1};

static void assert_holds(const mw_buf *out, const char *const *wanted, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strstr(out->data, wanted[i]))
            fail_msg("missing: %s\n%s", wanted[i], out->data);
    for (size_t i = 0; i < out->len; i++)
        if ((unsigned char)out->data[i] < 0x20 && out->data[i] != '\n')
            fail_msg("a control character: %s", out->data);
}
#define HOLDS(out, ...)                                                                                                \
    do {                                                                                                               \
        static const char *const wanted[] = {__VA_ARGS__};                                                             \
        assert_holds(&(out), wanted, MW_COUNT(wanted));                                                                \
    } while (0)

static void test_text(void **state)
{
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_ruletest_text_write(&report, &(mw_ruletest_text){.durations = 1}, &out, &err));
    HOLDS(out, "FAIL  a  1 of 2\n", "  (r/a_test.lua:3)\n          - verdict: pass\n          + verdict: fail\n",
          "script: r/b.lua:1: no  (r/b_test.lua)\n          r/b.lua:1: in function", "later: skipped: why # not",
          "open: todo: soon", "done: passes, though it is still to do: soon", "none  c  has no tests",
          "slowest 1 of 2 rules", "2.500 ms  b  4 tests", "40.0 %  a  2 of 5 branches, 1 of 2 lines, verdicts pass",
          "r/a.lua:2: 'if' never false\n            if x then\n", "r/a.lua:3: never run\n            y = \\x1b[1m or z",
          "2 passed, 1 failed, 1 with errors, 1 skipped, 1 to do, 1 rule without tests\n");
    /* What is on a line that was not run is not told a second time. */
    assert_null(strstr(out.data, "left of 'or'"));
}

/* A line that does not fit does not hide those behind it. */
static void test_lines(void **state)
{
    MW_AUTO(mw_buf) line = {.max = 8};
    const char *text = "one\n\na line of more\nlast\n";

    (void)state;
    assert_string_equal(mw__ruletest_line(&text, &line), "one");
    assert_string_equal(mw__ruletest_line(&text, &line), "");
    assert_string_equal(mw__ruletest_line(&text, &line), "(a line that is too long)");
    assert_string_equal(mw__ruletest_line(&text, &line), "last");
    assert_null(mw__ruletest_line(&text, &line));
}

static void test_tap(void **state)
{
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_ruletest_tap(&report, &out, &err));
    HOLDS(out, "TAP version 14\n1..7\nok 1 - a: good\n", "not ok 2 - a: bad <\\#1> & \"\\\\\"\\\\x1b[31m\n  ---\n",
          "  severity: fail\n  at:\n    file: \"r/a_test.lua\"\n    line: 3\n  diff:\n    - \"- verdict: pass\"\n",
          "  severity: error\n", "  traceback:\n    - \"r/b.lua:1: in function", "ok 4 - b: later # SKIP why \\# not\n",
          "not ok 5 - b: open # TODO soon\n", "ok 6 - b: done # TODO soon\n",
          "ok 7 - c # SKIP the rule has no tests\n");
}

static void test_junit(void **state)
{
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_ruletest_junit(&report, &out, &err));
    HOLDS(out, "tests=\"7\" failures=\"1\" errors=\"1\" skipped=\"3\" time=\"0.004000000\">\n",
          "<testsuite name=\"a\" file=\"r/a_test.lua\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\"",
          "<testcase classname=\"a\" name=\"good\" file=\"r/a_test.lua\" line=\"2\" time=\"0.001500000\"></testcase>",
          "name=\"bad &lt;#1&gt; &amp; &quot;\\&quot;\\x1b[31m\"",
          "<failure type=\"mismatch\" message=\"expected pass, found fail: &lt;x&gt;\">\n",
          "<error type=\"script error\" message=\"r/b.lua:1: no\">\n", "<skipped message=\"why # not\"/>",
          "<skipped message=\"todo: soon\"/>", "name=\"done\" file=\"r/b_test.lua\" time=\"0.000000000\"></testcase>",
          "<skipped message=\"the rule has no tests\"/>");
}

static void test_json(void **state)
{
    MW_AUTO(mw_buf) out = {0};
    mw_doc_builder *b;
    mw_error err = {0};
    const mw_doc *d;
    mw_val root;

    (void)state;
    assert_ok(mw_ruletest_json(&report, &out, &err));
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_json_read(b, out.data, out.len, NULL, NULL, &err));
    d = mw_doc_view(b);
    root = mw_doc_pop(b);
    assert_int_equal(mw_val_get_int(d, root, "todo", -1), 1);
    assert_int_equal(mw_val_len(d, mw_val_get(d, root, "tests")), 6);
    assert_string_equal(mw_val_get_str(d, mw_val_at(d, mw_val_get(d, root, "tests"), 2), "outcome", ""), "error");
    assert_int_equal(mw_val_get_int(d, mw_val_path(d, root, "coverage"), "branches_taken", -1), 2);
    assert_int_equal(
        mw_val_len(d, mw_val_get(d, mw_val_at(d, mw_val_path(d, root, "coverage.rules"), 0), "missed_lines")), 1);
    mw_doc_builder_free(b);
}

static void test_lcov(void **state)
{
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_ruletest_lcov(&report, &out, &err));
    assert_string_equal(out.data, "TN:\nSF:r/a.lua\nFN:1,function@1:1\nFNDA:2,function@1:1\nFNF:1\nFNH:1\n"
                                  "BRDA:2,1,0,1\nBRDA:2,1,1,0\nBRDA:3,2,0,-\nBRDA:3,2,1,-\nBRF:4\nBRH:1\n"
                                  "DA:2,2\nDA:3,0\nLF:2\nLH:1\nend_of_record\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_text),
                                       cmocka_unit_test(test_tap),   cmocka_unit_test(test_junit),
                                       cmocka_unit_test(test_json),  cmocka_unit_test(test_lcov)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
