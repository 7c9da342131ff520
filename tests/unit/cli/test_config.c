/* moonward.yaml: what it may say, and what each mistake is answered with. */
#include "base/file.h"
#include "base/mem.h"
#include "cli/config_rate.h"
#include "unit/store/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static mw_status load(const char *text, mw_config *c, mw_error *err)
{
    assert_int_equal(mw_file_write_atomic(scratch("m.yaml"), text, strlen(text), 0600, NULL), MW_OK);
    return mw_config_load(scratch("m.yaml"), c, err);
}

static void refuses(void **state)
{
    static const struct {
        const char *text, *message; /* behind the path */
    } rows[] = {
        {"regoins: [a]\n", ":1: unknown key 'regoins'; did you mean 'regions'?"},
        {"# c\nzzzzzzzzz: 1\n",
         ":2: unknown key 'zzzzzzzzz', expected one of accounts, allow_incomplete, "
         "external_id, fail_on, jobs, organization, overrides, params, profile, rate, regions, retention, role, "
         "role_duration, rules, select, sensitive, session_policy, store, types"},
        {"store: a.db\nfail_on: hihg\n",
         ":2: fail_on is \"hihg\", expected one of critical, high, medium, low, info, none"},
        {"regions: [eu-west-1, EU]\n",
         ":1: regions is [\"eu-west-1\",\"EU\"], expected a list of regions or globs, such as [eu-west-1, "
         "'us-*']"},
        {"regions: []\n", ":1: regions is [], expected a list of regions or globs, such as [eu-west-1, 'us-*']"},
        {"accounts: [12345]\n", NULL},
        {"accounts: ['12345']\n", ":1: accounts is [\"12345\"], expected a list of account ids (12 digits) or of {id, "
                                  "role, external_id, regions, "
                                  "name, tags}, or {file: PATH}"},
        {"accounts: [{id: 12345}]\norganization: {}\nrole: R\n", NULL},
        {"session_policy: never\n", ":1: session_policy is \"never\", expected on or off"},
        {"role_duration: 10\n", ":1: role_duration is 10, expected seconds, from 900 to 43200"},
        {"organization: all\n", ":1: organization is \"all\", expected {ous, include, exclude, tags, role}"},
        {"jobs: 0\n", ":1: jobs is 0, expected a whole number from 1 to 1000"},
        {"jobs: many\n", ":1: jobs is \"many\", expected a whole number from 1 to 1000"},
        {"sensitive: drop\n", ":1: sensitive is \"drop\", expected withhold or keep"},
        {"sensitive: true\n", ":1: sensitive is true, expected withhold or keep"},
        {"rate: 3\n", ":1: rate is 3, expected {factor: N, any_endpoint: true or false}"},
        {"rate:\n  factor: 0\n", ":2: rate.factor: expected a number from 0.01 to 100"},
        {"rate: {factor: '2'}\n", ":1: rate.factor: expected a number from 0.01 to 100"},
        {"rate: {factor: .nan}\n", ":1: rate.factor: expected a number from 0.01 to 100"},
        {"rate: {any_endpoint: 1}\n", ":1: rate.any_endpoint: expected true or false"},
        {"rate: {faktor: 1}\n", ":1: rate: unknown key 'faktor', expected factor or any_endpoint"},
        {"allow_incomplete: yes\n", ":1: allow_incomplete is \"yes\", expected true or false"},
        {"store: ''\n", ":1: store is \"\", expected a path"},
        {"rules: {a: b}\n", ":1: rules is {\"a\":\"b\"}, expected a path or a list of paths and packs"},
        {"rules:\n- x\n- 3\n", ":3: rules[1]: expected a path or a pack ({name, path, select, params})"},
        {"rules:\n- name: x\n  pth: y\n", ":3: rules[0]: unknown key 'pth'; did you mean 'path'?"},
        {"rules:\n- name: x\n  zzzzz: y\n",
         ":3: rules[0]: unknown key 'zzzzz', expected one of name, params, path, select"},
        {"rules:\n- name: x\n", ":2: rules[0]: 'path' is missing"},
        {"rules:\n- name: X\n  path: y\n",
         ":2: rules[0].name: expected at most 64 lower-case letters, digits and dashes"},
        {"rules:\n- {name: x, path: []}\n", ":2: rules[0].path: expected text or a list of texts"},
        {"rules:\n- {name: x, path: y}\n- {name: x, path: z}\n", ":3: rules[1]: there is a pack 'x' already: rules[0]"},
        {"rules:\n- name: x\n  path: y\n  params:\n    r: 3\n", ":5: rules[0].params.r: expected {parameter: value}"},
        {"rules:\n- name: x\n  path: y\n  path: z\n", ":4:3: duplicate key 'path' (first on line 3)"},
        {"overrides: {a: b}\n", ":1: overrides is {\"a\":\"b\"}, expected a list of {match, params}"},
        {"overrides: [3]\n", ":1: overrides[0]: expected {match, params}"},
        {"overrides:\n- params: {}\n", ":2: overrides[0]: 'match' is missing"},
        {"overrides:\n- match: {}\n  params: {}\n",
         ":2: overrides[0].match: expected {account, region, rule, tag}, at least one"},
        {"overrides:\n- match:\n    acount: x\n  params: {}\n",
         ":3: overrides[0].match: unknown key 'acount'; did you mean 'account'?"},
        {"overrides:\n- match:\n    region: x\n    account: [12, x]\n",
         ":4: overrides[0].match.account: expected account ids"},
        {"overrides:\n- match: {tag: [Env=dev]}\n  params: {r: {a: 1}, r: {a: 2}}\n",
         ":3:23: duplicate key 'r' (first on line 3)"},
        {"params:\n  some-rule: 3\n", ":2: params.some-rule: expected {parameter: value}"},
        {"params: [1]\n", ":1: params is [1], expected {rule id: {parameter: value}}"},
        {"- a\n", ": expected keys and values, such as 'regions: [eu-west-1]'"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_config) c = {0};
        mw_error err = {0};
        mw_status st = load(rows[i].text, &c, &err);
        if (!rows[i].message) { /* an id without its leading zeros is still one */
            assert_int_equal(st, MW_OK);
            assert_string_equal(mw_config_at(&c, "accounts", 0), "000000012345");
            continue;
        }
        assert_int_equal(st, MW_ERR_INVALID);
        assert_null(c.doc);
        if (!strstr(err.message, rows[i].message) &&
            !(rows[i].message[0] == ':' && strstr(err.message, rows[i].message + 1)))
            fail_msg("%s -> %s (want %s)", rows[i].text, err.message, rows[i].message);
        assert_non_null(strstr(err.message, "m.yaml"));
    }
}

static void on_and_off(void **state)
{
    static const struct {
        const char *text;
        bool on;
    } rows[] = {{"session_policy: off\n", false},
                {"session_policy: false\n", false},
                {"session_policy: on\n", true},
                {"session_policy: true\n", true},
                {"jobs: 3\n", true}};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_config) c = {0};
        mw_error err = {0};
        assert_int_equal(load(rows[i].text, &c, &err), MW_OK);
        assert_int_equal(mw_config_bool(&c, "session_policy", true), rows[i].on);
    }
}

static void bad_yaml_names_the_line(void **state)
{
    MW_AUTO(mw_config) c = {0};
    mw_error err = {0};

    (void)state;
    assert_int_equal(load("a: 1\nb: [\n", &c, &err), MW_ERR_INVALID);
    assert_non_null(strstr(err.message, "m.yaml:"));
    assert_int_equal(load("store: a\nstore: b\n", &c, &err), MW_ERR_INVALID);
    assert_int_equal(mw_config_load(scratch("absent.yaml"), &c, &err), MW_ERR_NOTFOUND);
    assert_non_null(strstr(err.message, "absent.yaml"));
}

static void rates(void **state)
{
    MW_AUTO(mw_config) c = {0}, none = {0};
    mw_config_rate r;

    (void)state;
    assert_int_equal(load("rate: {factor: 0.5, any_endpoint: true}\n", &c, NULL), MW_OK);
    assert_int_equal(mw_config_rate_read(&c, &r, NULL), MW_OK);
    assert_true(r.any_endpoint && r.factor > 0.49 && r.factor < 0.51);
    assert_int_equal(load("jobs: 3\n", &none, NULL), MW_OK);
    assert_int_equal(mw_config_rate_read(&none, &r, NULL), MW_OK);
    assert_true(!r.any_endpoint && r.factor > 0.99 && r.factor < 1.01);
}

static void answers(void **state)
{
    MW_AUTO(mw_config) c = {0};
    mw_error err = {0};
    char expected[256];
    mw_val params;

    (void)state;
    assert_int_equal(load("regions: [eu-west-1, 'us-*']\n"
                          "accounts: [111122223333, '012345678901']\n"
                          "rules: my/rules\n"
                          "types: [/abs/types]\n"
                          "store: data/m.db\n"
                          "fail_on: high\n"
                          "allow_incomplete: true\n"
                          "jobs: 8\n"
                          "params:\n"
                          "  s3-x: {days: 30}\n",
                          &c, &err),
                     MW_OK);
    assert_int_equal(mw_config_count(&c, "regions"), 2);
    assert_string_equal(mw_config_at(&c, "regions", 1), "us-*");
    assert_null(mw_config_at(&c, "regions", 2));
    assert_string_equal(mw_config_at(&c, "accounts", 0), "111122223333");
    assert_string_equal(mw_config_at(&c, "accounts", 1), "012345678901");
    assert_int_equal(mw_config_count(&c, "rules"), 1); /* relative to the file */
    snprintf(expected, sizeof(expected), "%s/my/rules", scratch_folder);
    assert_string_equal(mw_config_at(&c, "rules", 0), expected);
    assert_string_equal(mw_config_at(&c, "types", 0), "/abs/types");
    snprintf(expected, sizeof(expected), "%s/data/m.db", scratch_folder);
    assert_string_equal(mw_config_str(&c, "store"), expected);
    assert_string_equal(mw_config_str(&c, "fail_on"), "high");
    assert_null(mw_config_str(&c, "profile"));
    assert_int_equal(mw_config_int(&c, "jobs", 1), 8);
    assert_true(mw_config_bool(&c, "allow_incomplete", false));
    params = mw_config_value(&c, "params");
    assert_int_equal(mw_val_get_int(c.doc, mw_val_get(c.doc, params, "s3-x"), "days", 0), 30);
}

static void empty_is_fine(void **state)
{
    MW_AUTO(mw_config) c = {0};
    MW_AUTO(mw_config) none = {0};
    mw_error err = {0};

    (void)state;
    assert_int_equal(load("# nothing yet\n", &c, &err), MW_OK);
    assert_int_equal(mw_config_count(&c, "regions"), 0);
    assert_int_equal(chdir(scratch_folder), 0); /* where no moonward.yaml is */
    assert_int_equal(mw_config_load(NULL, &none, &err), MW_OK);
    assert_null(none.path);
    assert_null(mw_config_str(&none, "store"));
    assert_int_equal(mw_config_int(&none, "jobs", 7), 7);
    assert_int_equal(mw_config_count(&none, "rules"), 0);
    assert_int_equal(mw_val_kind(none.doc, mw_config_value(&none, "params")), MW_KIND_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(refuses, scratch_empty),
        cmocka_unit_test_teardown(rates, scratch_empty),
        cmocka_unit_test_teardown(on_and_off, scratch_empty),
        cmocka_unit_test_teardown(bad_yaml_names_the_line, scratch_empty),
        cmocka_unit_test_teardown(answers, scratch_empty),
        cmocka_unit_test_teardown(empty_is_fine, scratch_empty),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
