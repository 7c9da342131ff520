/* `moonward test`: fixtures through the production road, and what is said when they are wrong. */
#include "unit/engine/folder.h"
#include "unit/engine/packs.h"

#include "base/mem.h"
#include "engine/ruletest.h"

static const char rule_text[] =
    "return rule { id = \"x\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\", needs = { "
    "\"Versioning\" },\n"
    "  related = { \"AWS::KMS::Key\" }, params = { exempt = \"\", list = {} },\n"
    "  check = function(r, ctx)\n"
    "    if r.tags:has(ctx.params.exempt) then return not_applicable('exempt') end\n"
    "    if r.Name == 'two' then return { fail { subkey = 'a', message = 'first' }, fail { subkey = 'b' } } end\n"
    "    if r.Name == 'keys' then return #ctx.inventory:each('AWS::KMS::Key') > 0 and pass() or fail('no key') end\n"
    "    if r.Name == 'others' then return #ctx.inventory:each('AWS::S3::Bucket') == 3 and pass() or fail('%d', "
    "#ctx.inventory:each('AWS::S3::Bucket')) end\n"
    "    if r.Name == 'now' then return fail('%d', ctx.now) end\n"
    "    if r.Name == 'where' then return fail('%s %s', ctx.account, ctx.region) end\n"
    "    return r.Versioning and r.Versioning.Status == 'Enabled' and pass() or fail('never enabled')\n"
    "  end }\n";

static const struct {
    const char *fixture, *detail; /* NULL: passes */
} rows[] = {
    {"{ name = 'on', expect = 'pass', resource = { Name = 'b', Versioning = { Status = 'Enabled' } } }", NULL},
    {"{ name = 'off', expect = 'fail', message = 'never', resource = { Name = 'b' } }", NULL},
    {"{ name = 'empty', expect = 'fail', resource = { Name = 'b', Versioning = {} } }", NULL},
    {"{ name = 'denied', expect = 'unknown', resource = { Name = 'b', Versioning = unknown('s3:GetBucketVersioning', "
     "'AccessDenied') } }",
     NULL},
    {"{ name = 'tags', expect = 'not_applicable', tags = { Temp = 'yes' }, params = { exempt = 'Temp=yes' }, resource "
     "= { Name = 'b' } }",
     NULL},
    {"{ name = 'two', expect = { 'fail', 'fail' }, subkeys = { 'a', 'b' }, message = 'first', resource = { Name = "
     "'two' } }",
     NULL},
    {"{ name = 'no key', expect = 'fail', resource = { Name = 'keys' } }", NULL},
    {"{ name = 'key', expect = 'pass', resource = { Name = 'keys' }, inventory = { ['AWS::KMS::Key'] = { { KeyId = 'k' "
     "} } } }",
     NULL},
    {"{ name = 'keys denied', expect = 'unknown', resource = { Name = 'keys' }, inventory = { ['AWS::KMS::Key'] = "
     "unknown('kms:ListKeys', 'AccessDenied') } }",
     NULL},
    {"{ name = 'among others', expect = 'pass', resource = { Name = 'others' }, inventory = { ['AWS::S3::Bucket'] = { "
     "{ Name = 'a' }, { Name = 'z' } } } }",
     NULL},
    {"{ name = 'now', expect = 'fail', message = '1767312000', now = '2026-01-02T00:00:00Z', resource = { Name = 'now' "
     "} }",
     NULL},
    {"{ name = 'default now', expect = 'fail', message = '1767225600', resource = { Name = 'now' } }", NULL},
    {"{ name = 'where', expect = 'fail', message = '444455556666 eu-west-1', account = '444455556666', region = "
     "'eu-west-1', resource = { Name = 'where' } }",
     NULL},
    {"{ name = 'wrong', expect = 'pass', resource = { Name = 'b' } }", "expected pass, found fail: never enabled"},
    {"{ name = 'wrong text', expect = 'fail', message = 'other', resource = { Name = 'b' } }",
     "expected a message with 'other', found fail: never enabled"},
    {"{ name = 'wrong keys', expect = { 'fail', 'fail' }, subkeys = { 'a', 'c' }, resource = { Name = 'two' } }",
     "expected the subkeys [\"a\",\"c\"], found fail (a): first, fail (b)"},
    {"{ name = 'wrong number', expect = 'fail', resource = { Name = 'two' } }",
     "expected fail, found fail (a): first, fail (b)"},
    {"{ name = 'typo', expcet = 'pass', resource = { Name = 'b' } }", "did you mean 'expect'?"},
    {"{ name = 'bad expect', expect = 'ok', resource = { Name = 'b' } }", "expect 'ok' is not one of pass, fail"},
    {"{ expect = 'pass', resource = { Name = 'b' } }", "'name' is missing"},
    {"{ name = 'no resource', expect = 'pass' }", "'resource' is missing"},
    {"{ name = 'bad now', expect = 'pass', now = 'soon', resource = { Name = 'b' } }", "now: 'soon' is not a time"},
    {"{ name = 'bad param', expect = 'pass', params = { exmept = 1 }, resource = { Name = 'b' } }",
     "no parameter 'exmept'"},
    {"{ name = 'bad type', expect = 'pass', resource = { Name = 'b' }, inventory = { ['AWS::X::Y'] = {} } }",
     "AWS::X::Y"},
    {"'nothing'", "a fixture is a table"},
};

static void test_fixtures(void **state)
{
    MW_AUTO(mw_buf) text = {.max = 64 << 10};
    mw_ruletest_report report = {0};
    const char *paths[1];
    mw_error err = {0};
    mw_rules *rules;
    folder f;

    (void)state;
    folder_open(&f);
    folder_add(&f, "x.lua", rule_text);
    folder_add(&f, "y.lua",
               "return rule { id = \"y\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\", check = "
               "function() end }");
    mw_buf_puts(&text, "return {\n");
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        mw_buf_printf(&text, "%s,\n", rows[i].fixture);
    mw_buf_puts(&text, "}");
    folder_add(&f, "x_test.lua", text.data);
    paths[0] = f.path;
    rules = test_pack_of(paths, 1, types, &err);
    if (!rules)
        fail_msg("%s", err.message);
    if (mw_ruletest_run(rules, types, NULL, &report, &err) != MW_OK)
        fail_msg("%s", err.message);
    assert_int_equal(report.count, MW_COUNT(rows));
    for (size_t i = 0; i < report.count; i++) {
        const mw_ruletest_result *r = &report.items[i];
        assert_string_equal(r->rule, "x");
        if ((r->outcome == MW_RULETEST_PASSED) != (rows[i].detail == NULL) ||
            (rows[i].detail && !strstr(r->detail, rows[i].detail)))
            fail_msg("row %zu (%s): %s", i, r->name, r->detail ? r->detail : "passed");
    }
    assert_int_equal(report.by_outcome[MW_RULETEST_PASSED], 13);
    assert_int_equal(report.rules_without_tests, 1);
    assert_string_equal(report.untested[0], "y");
    mw_ruletest_report_clear(&report);
    mw_rules_free(rules);
    folder_close(&f);
}

static void test_broken_files(void **state)
{
    static const struct {
        const char *text, *detail;
    } files[] = {
        {"return {", "x_test.lua:1:"},
        {"return 1", "must end with 'return { … }'"},
        {"return { }", "there are no fixtures"},
        {"while true do end", "deadline of 250 ms passed"},
        {"return { { name = 'x', resource = { F = function() end, [1] = 2 } } }",
         "fixture 1: resource: a table must be either"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(files); i++) {
        mw_ruletest_report report = {0};
        const char *paths[1];
        mw_error err = {0};
        mw_rules *rules;
        folder f;
        folder_open(&f);
        folder_add(&f, "x.lua", rule_text);
        folder_add(&f, "x_test.lua", files[i].text);
        paths[0] = f.path;
        rules = test_pack_of(paths, 1, types, &err);
        assert_non_null(rules);
        if (mw_ruletest_run(rules, types, NULL, &report, &err) != MW_OK)
            fail_msg("%s", err.message);
        assert_int_equal(report.count, 1);
        assert_int_equal(report.by_outcome[MW_RULETEST_ERROR], 1);
        if (!strstr(report.items[0].detail, files[i].detail))
            fail_msg("file %zu: %s", i, report.items[0].detail);
        mw_ruletest_report_clear(&report);
        mw_rules_free(rules);
        folder_close(&f);
    }
}

/* ---- what a run of one file gives ---- */

static void run_pack(const char *rule, const char *tests, const mw_ruletest_options *o, mw_ruletest_report *report,
                     mw_status wanted)
{
    const char *paths[1];
    mw_error err = {0};
    mw_rules *rules;
    folder f;

    folder_open(&f);
    folder_add(&f, "x.lua", rule);
    folder_add(&f, "x_test.lua", tests);
    paths[0] = f.path;
    rules = test_pack_of(paths, 1, types, &err);
    if (!rules)
        fail_msg("%s", err.message);
    if (mw_ruletest_run(rules, types, o, report, &err) != wanted)
        fail_msg("%s", err.message);
    mw_rules_free(rules);
    folder_close(&f);
}

static const char outcomes_text[] =
    "return {\n"
    "  { name = 'good', expect = 'pass', resource = { Name = 'b', Versioning = { Status = 'Enabled' } } },\n"
    "  { name = 'wrong', expect = 'pass', resource = { Name = 'b' } },\n"
    "  { name = 'later', expect = 'pass', skip = 'no', resource = { Name = 'b' } },\n"
    "  { name = 'open', expect = 'pass', todo = 'soon', resource = { Name = 'b' } },\n"
    "  { name = 'done', expect = 'fail', todo = 'soon', resource = { Name = 'b' } },\n"
    "  { name = 'unsure', expect = 'pass', resource = { Name = 'b', Versioning = unknown('s3:X', 'AccessDenied') } },\n"
    "  { name = 'evidence', expect = 'fail', evidence = { ['Versioning.Status'] = 'Off' },\n"
    "    resource = { Name = 'b', Versioning = { Status = 'Off' } } },\n"
    "  { name = 'no evidence', expect = 'fail', evidence = { ['Versioning.Status'] = 'On', Other = 1 },\n"
    "    resource = { Name = 'b', Versioning = { Status = 'Off' } } },\n"
    "  { name = 'good', expect = 'pass', resource = { Name = 'b' } },\n"
    "  { name = 'bad skip', expect = 'pass', skip = true, resource = { Name = 'b' } },\n"
    "}\n";

static const struct {
    mw_ruletest_outcome outcome;
    unsigned line;
    const char *detail, *diff;
} outcomes[] = {
    {MW_RULETEST_PASSED, 2, NULL, NULL},
    {MW_RULETEST_FAILED, 3, "expected pass, found fail: never enabled",
     "- verdict: pass\n+ verdict: fail\n  message: never enabled"},
    {MW_RULETEST_SKIPPED, 4, NULL, NULL},
    {MW_RULETEST_TODO, 5, "expected pass", "- verdict: pass"},
    {MW_RULETEST_PASSED, 6, NULL, NULL},
    {MW_RULETEST_FAILED, 7, "found unknown", "+ verdict: unknown"}, /* unknown is never pass, nor skipped */
    {MW_RULETEST_PASSED, 8, NULL, NULL},
    {MW_RULETEST_FAILED, 10, "expected the evidence",
     "- evidence Other: 1\n+ evidence Other: (not read)\n- evidence Versioning.Status: \"On\"\n+ evidence "
     "Versioning.Status: \"Off\""},
    {MW_RULETEST_ERROR, 2, "another test of this file has the same", NULL},
    {MW_RULETEST_ERROR, 13, "skip: expected a reason as text", NULL},
};

static void test_outcomes(void **state)
{
    mw_ruletest_report r = {0};

    (void)state;
    run_pack(rule_text, outcomes_text, NULL, &r, MW_OK);
    assert_int_equal(r.count, MW_COUNT(outcomes));
    for (size_t i = 0; i < r.count; i++) {
        const mw_ruletest_result *t = &r.items[i];
        if (t->outcome != outcomes[i].outcome || t->line != outcomes[i].line ||
            (outcomes[i].detail && !strstr(t->detail, outcomes[i].detail)) ||
            (outcomes[i].diff && (!t->diff || !strstr(t->diff, outcomes[i].diff))))
            fail_msg("%s: %s, line %u: %s\n%s", t->name, mw_ruletest_outcome_name(t->outcome), t->line,
                     t->detail ? t->detail : "", t->diff ? t->diff : "");
    }
    assert_string_equal(r.items[4].reason, "soon");
    assert_int_equal(mw_ruletest_failures(&r), 5);
    mw_ruletest_report_clear(&r);
}

static const struct {
    const char *globs[2];
    size_t count; /* 0: refused */
} selections[] = {{{"good"}, 2}, {{"x/w*"}, 1},           {{"x"}, 10},
                  {{"y/*"}, 0},  {{"wrong", "later"}, 2}, {{"wrong", "nothing"}, 0}};

static void test_selection(void **state)
{
    mw_ruletest_report r = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(selections); i++) {
        const mw_ruletest_options o = {.globs = selections[i].globs, .glob_count = selections[i].globs[1] ? 2 : 1};
        run_pack(rule_text, outcomes_text, &o, &r, selections[i].count ? MW_OK : MW_ERR_NOTFOUND);
        assert_int_equal(r.count, selections[i].count);
        mw_ruletest_report_clear(&r);
    }
    run_pack(rule_text, outcomes_text, &(mw_ruletest_options){.fail_fast = true}, &r, MW_OK);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.left_out, 8);
    mw_ruletest_report_clear(&r);
    run_pack(rule_text, outcomes_text, &(mw_ruletest_options){.list = true}, &r, MW_OK);
    assert_int_equal(mw_ruletest_failures(&r), 2); /* what can be told without running */
    mw_ruletest_report_clear(&r);
}

static const char script_text[] =
    "local function helper(t)\n"
    "  local x = t.Nothing\n"
    "  return (x.y)\n"
    "end\n"
    "return rule { id = \"x\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\",\n"
    "  check = function(r)\n"
    "    if r.Name == 'boom' then local v = helper(r) return v end\n"
    "    if r.Name == 'caught' then pcall(helper, r) return fail('caught') end\n"
    "    for _, c in ipairs { 1, 2 } do if c > 1 and r.Name == 'two' then return pass() end end\n"
    "    for _ in r.Name:gmatch('z') do return fail() end\n"
    "    local unused = function() return 1 end\n"
    "    return not_applicable()\n"
    "  end }\n";

static void test_traceback(void **state)
{
    mw_ruletest_report r = {0};
    const char *at;

    (void)state;
    run_pack(script_text,
             "return { { name = 'boom', expect = 'pass', resource = { Name = 'boom' } },\n"
             "  { name = 'caught', expect = 'pass', resource = { Name = 'caught' } } }",
             NULL, &r, MW_OK);
    assert_int_equal(r.items[0].outcome, MW_RULETEST_ERROR);
    assert_non_null(strstr(r.items[0].detail, "x.lua:3: attempt to index a nil value"));
    at = strstr(r.items[0].traceback, "x.lua:3: in ");
    assert_non_null(at);
    assert_non_null(strstr(at, "x.lua:7: in function <"));
    assert_int_equal(r.items[1].outcome, MW_RULETEST_FAILED); /* an error that was caught is none */
    assert_null(r.items[1].traceback);
    mw_ruletest_report_clear(&r);
}

static const mw_ruletest_branch *branch(const mw_ruletest_coverage *c, mw_mark_kind kind, unsigned line)
{
    for (size_t i = 0; i < c->branch_count; i++)
        if (c->branches[i].mark.kind == kind && c->branches[i].mark.line == line)
            return &c->branches[i];
    fail_msg("no mark of kind %d on line %u", kind, line);
    return NULL;
}

static void assert_taken(const mw_ruletest_coverage *c, mw_mark_kind kind, unsigned line, size_t yes, size_t no)
{
    const mw_ruletest_branch *b = branch(c, kind, line);

    if (b->taken[0] != yes || b->taken[1] != no)
        fail_msg("kind %d on line %u: %zu true, %zu false", kind, line, b->taken[0], b->taken[1]);
}

static void test_coverage(void **state)
{
    mw_ruletest_report r = {0};
    const mw_ruletest_coverage *c;

    (void)state;
    run_pack(script_text,
             "return { { name = 'two', expect = 'pass', resource = { Name = 'two' } },\n"
             "  { name = 'other', expect = 'not_applicable', resource = { Name = 'other' } },\n"
             "  { name = 'off', expect = 'pass', skip = 'x', resource = { Name = 'boom' } } }",
             &(mw_ruletest_options){.coverage = true}, &r, MW_OK);
    assert_int_equal(mw_ruletest_failures(&r), 0);
    assert_int_equal(r.coverage_count, 1);
    c = &r.coverage[0];
    assert_null(c->problem);
    assert_true(c->verdicts[MW_VERDICT_PASS] && c->verdicts[MW_VERDICT_NOT_APPLICABLE]);
    assert_false(c->verdicts[MW_VERDICT_FAIL] || c->verdicts[MW_VERDICT_ERROR]);
    assert_taken(c, MW_MARK_FUNCTION, 1, 0, 0);
    assert_taken(c, MW_MARK_FUNCTION, 6, 2, 0);
    assert_taken(c, MW_MARK_IF, 7, 0, 2);
    assert_taken(c, MW_MARK_EACH, 9, 2, 0);
    assert_taken(c, MW_MARK_AND, 9, 2, 2);
    assert_taken(c, MW_MARK_IF, 9, 1, 2);
    assert_taken(c, MW_MARK_FOR, 10, 0, 1);
    assert_taken(c, MW_MARK_FUNCTION, 11, 0, 0);
    assert_int_equal(c->ways, 1 + 1 + 2 + 2 + 1 + 2 + 2 + 2 + 1);
    assert_int_equal(c->ways_taken, 0 + 1 + 1 + 1 + 1 + 2 + 2 + 1 + 0);
    assert_int_equal(c->line_count, 10); /* 1, 2, 3, 5, 7 to 12 */
    assert_int_equal(c->lines_run, 8);
    mw_ruletest_report_clear(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fixtures),  cmocka_unit_test(test_broken_files),
                                       cmocka_unit_test(test_outcomes),  cmocka_unit_test(test_selection),
                                       cmocka_unit_test(test_traceback), cmocka_unit_test(test_coverage)};

    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return mw_worker_main(argc, argv);
    return cmocka_run_group_tests(tests, test_open_types, test_close_types);
}
