/* Loading rule packs: what is read, what is refused and how that is said, parameters, choosing. */
#include "unit/engine/folder.h"
#include "unit/engine/packs.h"

#include "engine/rule_internal.h"
#include "engine/worker.h"

#include <string.h>

#define RULE(members)                                                                                                  \
    "return rule { id = \"x\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\", " members            \
    " check = function(r, ctx) return pass() end }"

static mw_status load_one(const char *text, mw_rules **rules, mw_error *err)
{
    folder f;
    const char *paths[1];
    mw_status st;

    folder_open(&f);
    folder_add(&f, "x.lua", text);
    paths[0] = f.path;
    *rules = test_pack_of(paths, 1, types, err);
    st = *rules ? MW_OK : err->status;
    folder_close(&f);
    return st;
}

static void test_members(void **state)
{
    mw_rules *rules;
    const mw_rule *r;
    mw_error err = {0};

    (void)state;
    if (load_one(
            "--- Why it matters.\n-- And more.\n-- @see https://example.com/a\n-- Of the code.\n" RULE(
                "pillar = \"security\", remediation = \"fix\", needs = { \"AWS::KMS::Key.RotationStatus\", "
                "\"Versioning\" },"
                "related = { \"AWS::KMS::Key\" }, params = { days = 30, list = {} }, controls = { cis = { \"1.1\" } },"
                "applies = { Name = { \"a\", \"b\" } },"),
            &rules, &err) != MW_OK)
        fail_msg("%s", err.message);
    assert_int_equal(mw_rules_count(rules), 1);
    r = mw_rules_at(rules, 0);
    assert_ptr_equal(mw_rules_get(rules, "x"), r);
    assert_null(mw_rules_get(rules, "y"));
    assert_string_equal(r->description, "Why it matters. And more.");
    assert_string_equal(r->see, "https://example.com/a");
    assert_string_equal(r->pillar, "security");
    assert_string_equal(r->remediation, "fix");
    assert_int_equal(r->need_count, 2);
    assert_string_equal(r->needs[0], "Versioning"); /* own ones first */
    assert_string_equal(r->needs[1], "AWS::KMS::Key.RotationStatus");
    assert_int_equal(r->related_count, 1);
    assert_int_equal(mw_val_get_int(mw_rules_doc(rules), r->params, "days", 0), 30);
    assert_int_equal(mw_val_len(mw_rules_doc(rules), r->controls), 1);
    assert_int_equal(mw_val_len(mw_rules_doc(rules), r->applies), 1);
    assert_int_equal(strlen(mw_rules_digest(rules)), 64);
    mw_rules_free(rules);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *message;
        mw_status status;
    } rows[] = {
        {"return rule {", "x.lua:1:", MW_ERR_SCRIPT},
        {"error('at load')", "x.lua:1: at load", MW_ERR_SCRIPT},
        {"return 1", "must end with 'return rule", MW_ERR_SCRIPT},
        {"while true do end", "x.lua:1: deadline of 250 ms passed", MW_ERR_SCRIPT},
        {"local s = 'x' while true do s = s .. s end", "memory ceiling", MW_ERR_SCRIPT},
        {RULE("titel = 1,"), "x.lua: unknown key 'titel'; did you mean 'title'?", MW_ERR_INVALID},
        {"return rule { }", "x.lua: 'id' is missing", MW_ERR_INVALID},
        {"return rule { id = 1 }", "'id' must be text", MW_ERR_INVALID},
        {"return rule { id = \"y\" }", "id 'y': the file must be called y.lua", MW_ERR_INVALID},
        {"return rule { id = \"X\" }", "lower-case letters", MW_ERR_INVALID},
        {"return rule { id = \"x\", title = \"t\", severity = \"hihg\" }",
         "severity 'hihg' is not one of critical, high, medium, low, info; did you mean 'high'?", MW_ERR_INVALID},
        {"return rule { id = \"x\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucke\" }",
         "resource: 'AWS::S3::Bucke' is not a resource type; did you mean 'AWS::S3::Bucket'?", MW_ERR_INVALID},
        {"return rule { id = \"x\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\" }",
         "'check' must be a function", MW_ERR_INVALID},
        {"return rule { id = \"x\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\", check = 1 }",
         "'check' must be a function", MW_ERR_INVALID},
        {RULE("needs = { \"Versionin\" },"),
         "needs: AWS::S3::Bucket has no facet 'Versionin'; did you mean 'Versioning'?", MW_ERR_INVALID},
        {RULE("needs = \"Versioning\","), "'needs' must be a list of texts", MW_ERR_INVALID},
        {RULE("needs = { 1 },"), "'needs' must be a list of texts", MW_ERR_INVALID},
        {RULE("needs = { \"AWS::KMS::Key.RotationStatus\" },"), "add AWS::KMS::Key to related", MW_ERR_INVALID},
        {RULE("needs = { \"AWS::KMS::Key\" },"), "expected \"Facet\" or", MW_ERR_INVALID},
        {RULE("related = { \"AWS::KMS::Kye\" },"), "related: 'AWS::KMS::Kye' is not a resource type; did you mean",
         MW_ERR_INVALID},
        {RULE("applies = { Versioning = true },"), "'Versioning' is a facet: add it to needs", MW_ERR_INVALID},
        {RULE("applies = { Name = {} },"), "must be a value or a list of values", MW_ERR_INVALID},
        {RULE("applies = { \"Name\" },"), "applies must be a table of paths", MW_ERR_INVALID},
        {RULE("params = { 1 },"), "'params' must be a table with names", MW_ERR_INVALID},
        {RULE("params = { x = 1 / 0 },"), "params.x: a number must be finite", MW_ERR_SCRIPT},
        {RULE("controls = { cis = \"1.1\" },"), "controls: 'cis' must be a list", MW_ERR_INVALID},
        {RULE("pillar = \"safety\","), "pillar 'safety' is not one of", MW_ERR_INVALID},
        {"return rule { id = \"x\", title = (\"t\"):rep(70000) }", "larger than", MW_ERR_SCRIPT},
        {"local x = '\xFF'", "not UTF-8", MW_ERR_PARSE},
    };
    mw_rules *rules;

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_error err = {0};
        mw_status st = load_one(rows[i].text, &rules, &err);
        if (st != rows[i].status || !strstr(err.message, rows[i].message) || !strstr(err.message, "x.lua"))
            fail_msg("row %zu: %d: %s", i, st, err.message);
        mw_rules_free(rules);
    }
}

static void test_files(void **state)
{
    folder f;
    const char *paths[3];
    mw_error err = {0};
    mw_rules *rules;

    (void)state;
    folder_open(&f);
    folder_add(&f, "x.lua", RULE(""));
    folder_add(&f, "x_test.lua", "this is not read");
    folder_add(&f, "notes.txt", "nor this");
    paths[0] = f.path;
    paths[1] = f.files[0];
    rules = test_pack_of(paths, 2, types, &err); /* named twice is once */
    assert_non_null(rules);
    assert_int_equal(mw_rules_count(rules), 1);
    mw_rules_free(rules);
    paths[0] = "/nonexistent/rules";
    assert_null(test_pack_of(paths, 1, types, &err));
    assert_int_equal(err.status, MW_ERR_NOTFOUND);
    assert_non_null(strstr(err.message, "/nonexistent/rules"));
    folder_close(&f);
}

static void test_twice(void **state)
{
    folder a, b;
    const char *paths[2];
    mw_error err = {0};

    (void)state;
    folder_open(&a);
    folder_open(&b);
    folder_add(&a, "x.lua", RULE(""));
    folder_add(&b, "x.lua", RULE(""));
    paths[0] = a.path;
    paths[1] = b.path;
    assert_null(test_pack_of(paths, 2, types, &err));
    assert_int_equal(err.status, MW_ERR_INVALID);
    assert_non_null(strstr(err.message, "rule 'x' is defined twice: in "));
    folder_close(&a);
    folder_close(&b);
}

static void test_params(void **state)
{
    static const struct {
        const char *json, *message; /* NULL: accepted */
    } rows[] = {
        {"{\"x\":{\"days\":7}}", NULL},
        {"{\"x\":{\"list\":[\"a\"]}}", NULL},
        {"{\"x*\":{\"days\":7}}", NULL},
        {"{\"y\":{\"days\":7}}", "params: there is no rule 'y'"},
        {"{\"x\":{\"dyas\":7}}", "rule 'x' has no parameter 'dyas'; did you mean 'days'?"},
        {"{\"x\":{\"days\":\"7\"}}", "'days' of rule 'x' must be a number"},
        {"{\"x\":{\"list\":7}}", "'list' of rule 'x' must be a table"},
        {"{\"x\":[7]}", "must be a table with names"},
    };
    char first[65] = "";

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        folder f;
        const char *paths[1];
        mw_doc_builder *b;
        mw_error err = {0};
        mw_rules_options o = {.paths = paths, .path_count = 1, .types = types};
        mw_rules *rules = NULL;
        mw_status st;
        folder_open(&f);
        folder_add(&f, "x.lua", RULE("params = { days = 30, list = {} },"));
        paths[0] = f.path;
        assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
        assert_int_equal(mw_json_read(b, rows[i].json, strlen(rows[i].json), NULL, NULL, NULL), MW_OK);
        o.params = mw_doc_pop(b);
        o.config_doc = mw_doc_view(b);
        st = mw_rules_load(&o, &rules, &err);
        if ((st == MW_OK) != (rows[i].message == NULL) || (rows[i].message && !strstr(err.message, rows[i].message)))
            fail_msg("row %zu: %s", i, err.message);
        if (i == 0) {
            assert_int_equal(mw_val_get_int(mw_rules_doc(rules), mw_rules_at(rules, 0)->params, "days", 0), 7);
            memcpy(first, mw_rules_digest(rules), 65);
        }
        if (i == 1)
            assert_string_not_equal(first, mw_rules_digest(rules)); /* parameters are part of it */
        mw_rules_free(rules);
        mw_doc_builder_free(b);
        folder_close(&f);
    }
}

static void test_tags(void **state)
{
    static const struct {
        const char *source;
        bool uses;
    } rows[] = {
        {"return r.tags:has('x')", true},
        {"local tags = 1", true},
        {"return r['tags']", true},
        {"return r[\"tags\"]", true},
        {"-- tags\nreturn 1", false},
        {"--[[ tags ]] return 1", false},
        {"--[==[ tags ]] ]==] return 1", false},
        {"return 'no tags here'", false},
        {"return [[tags]]", false},
        {"return my_tags, tags2", false},
        {"return '\\'tags\\''", false},
        {"--[[ a ]] return tags", true},
        {"--", false},
        {"'", false},
        {"[[", false},
    };
    mw_rules *rules;
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        assert_int_equal(mw__rule_uses_name(rows[i].source, strlen(rows[i].source), "tags"), rows[i].uses);
    const char *facet = mw_type_tag_facet(mw_types_get(types, "AWS::S3::Bucket"));
    assert_non_null(facet);
    assert_int_equal(load_one("local function f(r) return r.tags end " RULE(""), &rules, &err), MW_OK);
    assert_int_equal(mw_rules_at(rules, 0)->need_count, 1);
    assert_string_equal(mw_rules_at(rules, 0)->needs[0], facet);
    mw_rules_free(rules);
    assert_int_equal(load_one(RULE("applies = { [\"tags.Env\"] = \"prod\" },"), &rules, &err), MW_OK);
    assert_int_equal(mw_rules_at(rules, 0)->need_count, 1);
    mw_rules_free(rules);
}

static void test_words(void **state)
{
    static const struct {
        const char *source, *word;
        bool has;
    } rows[] = {
        {"r.Environment.Variables", "Variables", true},
        {"r:path('Environment.Variables')", "Variables", true},
        {"-- Variables", "Variables", true}, /* errs towards yes */
        {"r.EnvironmentVariables", "Variables", false},
        {"r.Variables2", "Variables", false},
        {"Variables", "Variables", true},
        {"", "Variables", false},
        {"a  Variables", "Variables", true},
        {"a..Variables..b", "Variables", true},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        if (mw__rule_has_word(rows[i].source, strlen(rows[i].source), rows[i].word, strlen(rows[i].word)) !=
            rows[i].has)
            fail_msg("row %zu", i);
}

static void test_keep(void **state)
{
    static const char *const names[] = {"a-one", "a-two", "b-one"};
    const char *globs[] = {"a-*", "b-one"};
    folder f;
    const char *paths[1];
    mw_error err = {0};
    mw_rules *rules;

    (void)state;
    folder_open(&f);
    for (size_t i = 0; i < 3; i++) {
        char name[32], text[256];
        snprintf(name, sizeof(name), "%s.lua", names[i]);
        snprintf(text, sizeof(text),
                 "return rule { id = \"%s\", title = \"t\", severity = \"low\", "
                 "resource = \"AWS::S3::Bucket\", check = function() end }",
                 names[i]);
        folder_add(&f, name, text);
    }
    paths[0] = f.path;
    rules = test_pack_of(paths, 1, types, &err);
    folder_close(&f);
    assert_non_null(rules);
    assert_string_equal(mw_rules_at(rules, 2)->id, "b-one");
    assert_int_equal(mw_rules_keep(rules, globs, 2, &err), MW_OK);
    assert_int_equal(mw_rules_count(rules), 3);
    globs[0] = "b-oen";
    assert_int_equal(mw_rules_keep(rules, globs, 1, &err), MW_ERR_NOTFOUND);
    assert_non_null(strstr(err.message, "'b-oen'; did you mean 'b-one'?"));
    globs[0] = "*-one";
    assert_int_equal(mw_rules_keep(rules, globs, 1, &err), MW_OK);
    assert_int_equal(mw_rules_count(rules), 2);
    mw_rules_free(rules);
}

static void test_no_worker(void **state)
{
    mw_rules *rules;
    mw_error err = {0};

    (void)state;
    mw__worker_set_path("/nonexistent/worker");
    assert_int_equal(load_one(RULE(""), &rules, &err), MW_ERR_IO);
    assert_non_null(strstr(err.message, "/nonexistent/worker"));
    mw__worker_set_path("/bin/false");
    assert_int_equal(load_one(RULE(""), &rules, &err), MW_ERR_IO);
    assert_non_null(strstr(err.message, "workers cannot start"));
    mw__worker_set_path(NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members), cmocka_unit_test(test_refused), cmocka_unit_test(test_files),
        cmocka_unit_test(test_twice),   cmocka_unit_test(test_params),  cmocka_unit_test(test_tags),
        cmocka_unit_test(test_words),   cmocka_unit_test(test_keep),    cmocka_unit_test(test_no_worker)};

    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return mw_worker_main(argc, argv);
    return cmocka_run_group_tests(tests, test_open_types, test_close_types);
}
