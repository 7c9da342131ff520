/* Rule packs: names, selections and parameters of their own, duplicates, and that none reaches another. */
#include "unit/engine/folder.h"
#include "unit/engine/packs.h"
#include "unit/engine/snapshot.h"

#include "engine/rule_internal.h"
#include "engine/worker.h"

static int snapshot = -1;

#define RULE(id, members, check)                                                                                       \
    "return rule { id = \"" id "\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\", " members       \
    " check = function(r, ctx) " check " end }"

static mw_status load(const mw_rule_pack *packs, size_t n, const mw_doc *config, mw_rules **out, mw_error *err)
{
    const mw_rules_options o = {.packs = packs,
                                .pack_count = n,
                                .types = types,
                                .config_doc = config,
                                .params = MW_VAL_ABSENT,
                                .overrides = MW_VAL_ABSENT};

    return mw_rules_load(&o, out, err);
}

static void test_own(void **state)
{
    static const char *const selects[] = {"severity:low", "not id:a-two"};
    mw_doc *config = test_doc("{\"mine\":{\"a-*\":{\"days\":7}},\"other\":{\"b-one\":{\"days\":7}}}");
    folder a, b;
    const char *a_path[1], *b_path[1], *text = RULE("a-two", "", "return pass()");
    mw_rule_pack packs[2] = {{.name = "alpha", .paths = a_path, .path_count = 1, .selects = selects, .select_count = 2},
                             {.name = "beta", .paths = b_path, .path_count = 1, .params = MW_VAL_ABSENT}};
    mw_error err = {0};
    mw_rules *rules = NULL;

    (void)state;
    folder_open(&a);
    folder_open(&b);
    folder_add(&a, "a-one.lua", RULE("a-one", "params = { days = 30 }, tags = { \"nightly\" },", "return pass()"));
    folder_add(&a, "a-two.lua", text);
    folder_add(&b, "b-one.lua", RULE("b-one", "params = { days = 30 },", "return pass()"));
    folder_add(&b, "a-two.lua", text); /* that of alpha is not selected: this one stands for it */
    a_path[0] = a.path;
    b_path[0] = b.path;
    packs[0].params = mw_val_get(config, mw_doc_root(config), "mine");
    if (load(packs, 2, config, &rules, &err) != MW_OK)
        fail_msg("%s", err.message);
    assert_int_equal(mw_rules_count(rules), 3);
    assert_string_equal(mw_rules_get(rules, "a-one")->pack, "alpha");
    assert_string_equal(mw_rules_get(rules, "a-two")->pack, "beta");
    assert_int_equal(mw_rules_get(rules, "a-one")->tag_count, 1);
    assert_int_equal(mw_rules_get(rules, "a-one")->need_count, 0); /* its metadata is no use of the resource's tags */
    assert_int_equal(mw_val_get_int(mw_rules_doc(rules), mw_rules_get(rules, "a-one")->params, "days", 0), 7);
    assert_string_equal(mw_val_get_str(mw_rules_doc(rules), mw_rules_get(rules, "a-one")->origins, "days", ""),
                        "pack alpha");
    mw_rules_free(rules);

    packs[0].params = mw_val_get(config, mw_doc_root(config), "other"); /* of another pack's rule */
    assert_int_equal(load(packs, 2, config, &rules, &err), MW_ERR_INVALID);
    assert_non_null(strstr(err.message, "there is no rule 'b-one' in pack alpha"));
    packs[0].params = MW_VAL_ABSENT;
    packs[0].select_count = 0;
    assert_int_equal(load(packs, 2, config, &rules, &err), MW_ERR_INVALID);
    assert_non_null(strstr(err.message, "rule 'a-two' is defined twice: in "));
    assert_non_null(strstr(err.message, "a-two.lua (pack alpha) and "));
    assert_non_null(strstr(err.message, "a-two.lua (pack beta)"));
    packs[0].select_count = 1;
    packs[0].selects = (const char *const[]){"severity:high"};
    assert_int_equal(load(packs, 2, config, &rules, &err), MW_ERR_NOTFOUND);
    assert_non_null(strstr(err.message, "pack alpha: select: column 1: no rule matches 'severity:high'"));
    folder_close(&a);
    folder_close(&b);
    mw_doc_free(config);
}

/*
 * What one file leaves behind can be had by the next in the same VM at most as memory and as broken
 * libraries. Both packs fill more than half of a VM and the first tries to break what rules share.
 */
static void test_trust(void **state)
{
    static const char fill[] = "local kept = {} for i = 1, 25 do kept[i] = ('%03d'):format(i):rep(300000) end ";
    static const char attack[] =
        "for _, try_it in ipairs { function() string.upper = function() return 'broken' end end,"
        " function() getmetatable('').__index = nil end, function() table.concat = nil end,"
        " function() require('net').world = nil end, function() rawset(string, 'upper', nil) end,"
        " function() rawset(require('net'), 'leak', 1) end } do pcall(try_it) end leaked = 1 ";
    char first[4096], second[4096];
    folder a, b;
    const char *a_path[1], *b_path[1], *together[2];
    mw_rule_pack packs[2] = {{.name = "alpha", .paths = a_path, .path_count = 1, .params = MW_VAL_ABSENT},
                             {.name = "beta", .paths = b_path, .path_count = 1, .params = MW_VAL_ABSENT}};
    mw_findings out = {0};
    mw_rules *rules = NULL;
    mw_error err = {0};

    (void)state;
    snprintf(first, sizeof(first), "%s%s%s", fill, attack, RULE("first", "", "return kept[25] and pass()"));
    snprintf(second, sizeof(second), "%s%s", fill,
             RULE("second", "",
                  "if leaked or require('net').leak or ('x'):upper() ~= 'X' or not table.concat then "
                  "return fail('reached') end return kept[25] and pass()"));
    folder_open(&a);
    folder_open(&b);
    folder_add(&a, "first.lua", first);
    folder_add(&b, "second.lua", second);
    together[0] = a_path[0] = a.path;
    together[1] = b_path[0] = b.path;
    if (load(packs, 2, NULL, &rules, &err) != MW_OK)
        fail_msg("%s", err.message);
    assert_int_equal(mw_evaluate(rules, snapshot, &(mw_evaluate_options){.workers = 1}, &out, NULL, &err), MW_OK);
    assert_int_equal(mw_findings_unpack(&out, &err), MW_OK);
    assert_int_equal(out.count, 2);
    for (size_t i = 0; i < out.count; i++)
        if (out.items[i].status != MW_VERDICT_PASS)
            fail_msg("%s: %s", out.items[i].rule, out.items[i].message);
    mw_findings_clear(&out);
    mw_rules_free(rules);
    /* Of one pack they would share a VM, and it is too small. */
    assert_null(test_pack_of(together, 2, types, &err));
    assert_non_null(strstr(err.message, "memory ceiling"));
    folder_close(&a);
    folder_close(&b);
}

/* A pack whose VM is thrown away again and again takes nothing from the others. */
static void test_spoiled(void **state)
{
    folder a, b;
    const char *a_path[1], *b_path[1];
    mw_rule_pack packs[2] = {{.name = "alpha", .paths = a_path, .path_count = 1, .params = MW_VAL_ABSENT},
                             {.name = "beta", .paths = b_path, .path_count = 1, .params = MW_VAL_ABSENT}};
    mw_profile_rule profile[2] = {0};
    mw_findings out = {0};
    mw_rules *rules = NULL;
    mw_error err = {0};

    (void)state;
    folder_open(&a);
    folder_open(&b);
    folder_add(&a, "loop.lua", RULE("loop", "", "while true do end"));
    folder_add(&b, "plain.lua", RULE("plain", "", "return pass()"));
    a_path[0] = a.path;
    b_path[0] = b.path;
    assert_int_equal(load(packs, 2, NULL, &rules, &err), MW_OK);
    folder_close(&a);
    folder_close(&b);
    assert_int_equal(
        mw_evaluate(rules, snapshot, &(mw_evaluate_options){.workers = 1, .profile = profile}, &out, NULL, &err),
        MW_OK);
    assert_int_equal(mw_findings_unpack(&out, &err), MW_OK);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.items[0].status, MW_VERDICT_ERROR);
    assert_int_equal(out.items[1].status, MW_VERDICT_PASS);
    assert_int_equal(profile[0].evaluations, 1);
    assert_int_equal(profile[0].verdicts[MW_VERDICT_ERROR], 1);
    assert_int_equal(profile[1].verdicts[MW_VERDICT_PASS], 1);
    assert_true(profile[0].cpu_ns > 20000000); /* the deadline is 50 ms */
    assert_true(profile[0].max_ns <= profile[0].cpu_ns);
    assert_true(profile[1].cpu_ns > 0 && profile[1].cpu_ns < profile[0].cpu_ns);
    mw_findings_clear(&out);
    mw_rules_free(rules);
}

static int open_all(void **state)
{
    (void)state;
    types = test_types();
    snapshot = test_memfd(
        "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{\"AWS::S3::Bucket\":{\"scope\":\"global\",\"facets\":[],"
        "\"collected\":[]}},\"worlds\":[{\"scopes\":[],\"resources\":{\"AWS::S3::Bucket\":[{\"type\":"
        "\"AWS::S3::Bucket\",\"id\":\"b\",\"account\":\"1\",\"region\":\"r\",\"partition\":\"aws\",\"tags\":null,"
        "\"rest\":null,\"doc\":{}}]}}]}");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    mw_types_free(types);
    close(snapshot);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_own), cmocka_unit_test(test_trust),
                                       cmocka_unit_test(test_spoiled)};

    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return mw_worker_main(argc, argv);
    return cmocka_run_group_tests(tests, open_all, close_all);
}
