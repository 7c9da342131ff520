/* `moonward test`: fixtures through the production road, and what is said when they are wrong. */
#include "unit/engine/folder.h"
#include "unit/engine/packs.h"

#include "base/mem.h"
#include "engine/ruletest.h"

static mw_types *types;

static const char rule_text[] =
    "return rule { id = \"x\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\", needs = { \"Versioning\" },\n"
    "  related = { \"AWS::KMS::Key\" }, params = { exempt = \"\", list = {} },\n"
    "  check = function(r, ctx)\n"
    "    if r.tags:has(ctx.params.exempt) then return not_applicable('exempt') end\n"
    "    if r.Name == 'two' then return { fail { subkey = 'a', message = 'first' }, fail { subkey = 'b' } } end\n"
    "    if r.Name == 'keys' then return #ctx.inventory:each('AWS::KMS::Key') > 0 and pass() or fail('no key') end\n"
    "    if r.Name == 'others' then return #ctx.inventory:each('AWS::S3::Bucket') == 3 and pass() or fail('%d', #ctx.inventory:each('AWS::S3::Bucket')) end\n"
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
    {"{ name = 'denied', expect = 'unknown', resource = { Name = 'b', Versioning = unknown('s3:GetBucketVersioning', 'AccessDenied') } }", NULL},
    {"{ name = 'tags', expect = 'not_applicable', tags = { Temp = 'yes' }, params = { exempt = 'Temp=yes' }, resource = { Name = 'b' } }", NULL},
    {"{ name = 'two', expect = { 'fail', 'fail' }, subkeys = { 'a', 'b' }, message = 'first', resource = { Name = 'two' } }", NULL},
    {"{ name = 'no key', expect = 'fail', resource = { Name = 'keys' } }", NULL},
    {"{ name = 'key', expect = 'pass', resource = { Name = 'keys' }, inventory = { ['AWS::KMS::Key'] = { { KeyId = 'k' } } } }", NULL},
    {"{ name = 'keys denied', expect = 'unknown', resource = { Name = 'keys' }, inventory = { ['AWS::KMS::Key'] = unknown('kms:ListKeys', 'AccessDenied') } }", NULL},
    {"{ name = 'among others', expect = 'pass', resource = { Name = 'others' }, inventory = { ['AWS::S3::Bucket'] = { { Name = 'a' }, { Name = 'z' } } } }", NULL},
    {"{ name = 'now', expect = 'fail', message = '1767312000', now = '2026-01-02T00:00:00Z', resource = { Name = 'now' } }", NULL},
    {"{ name = 'default now', expect = 'fail', message = '1767225600', resource = { Name = 'now' } }", NULL},
    {"{ name = 'where', expect = 'fail', message = '444455556666 eu-west-1', account = '444455556666', region = 'eu-west-1', resource = { Name = 'where' } }", NULL},
    {"{ name = 'wrong', expect = 'pass', resource = { Name = 'b' } }", "expected pass, found fail: never enabled"},
    {"{ name = 'wrong text', expect = 'fail', message = 'other', resource = { Name = 'b' } }", "expected a message with 'other', found fail: never enabled"},
    {"{ name = 'wrong keys', expect = { 'fail', 'fail' }, subkeys = { 'a', 'c' }, resource = { Name = 'two' } }", "expected the subkeys [\"a\",\"c\"], found fail (a): first, fail (b)"},
    {"{ name = 'wrong number', expect = 'fail', resource = { Name = 'two' } }", "expected fail, found fail (a): first, fail (b)"},
    {"{ name = 'typo', expcet = 'pass', resource = { Name = 'b' } }", "did you mean 'expect'?"},
    {"{ name = 'bad expect', expect = 'ok', resource = { Name = 'b' } }", "expect 'ok' is not one of pass, fail"},
    {"{ expect = 'pass', resource = { Name = 'b' } }", "'name' is missing"},
    {"{ name = 'no resource', expect = 'pass' }", "'resource' is missing"},
    {"{ name = 'bad now', expect = 'pass', now = 'soon', resource = { Name = 'b' } }", "now: 'soon' is not a time"},
    {"{ name = 'bad param', expect = 'pass', params = { exmept = 1 }, resource = { Name = 'b' } }", "no parameter 'exmept'"},
    {"{ name = 'bad type', expect = 'pass', resource = { Name = 'b' }, inventory = { ['AWS::X::Y'] = {} } }", "AWS::X::Y"},
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
    folder_add(&f, "y.lua", "return rule { id = \"y\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\", check = function() end }");
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
        if (r->passed != (rows[i].detail == NULL) || (rows[i].detail && !strstr(r->detail, rows[i].detail)))
            fail_msg("row %zu (%s): %s", i, r->name, r->detail ? r->detail : "passed");
    }
    assert_int_equal(report.passed, 13);
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
        {"return { { name = 'x', resource = { F = function() end, [1] = 2 } } }", "fixture 1: resource: a table must be either"},
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
        assert_int_equal(report.failed, 1);
        if (!strstr(report.items[0].detail, files[i].detail))
            fail_msg("file %zu: %s", i, report.items[0].detail);
        mw_ruletest_report_clear(&report);
        mw_rules_free(rules);
        folder_close(&f);
    }
}

static int open_types(void **state)
{
    (void)state;
    types = test_types();
    return 0;
}

static int close_types(void **state)
{
    (void)state;
    mw_types_free(types);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fixtures), cmocka_unit_test(test_broken_files)};

    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return mw_worker_main(argc, argv);
    return cmocka_run_group_tests(tests, open_types, close_types);
}
