/* Parameters by place: which override decides for which resource, and how mistakes are told. */
#include "unit/engine/folder.h"
#include "unit/engine/packs.h"
#include "unit/engine/snapshot.h"

#include "base/str.h"
#include "base/sys.h"
#include "doc/yaml.h"
#include "engine/rule_internal.h"
#include "engine/rule_params.h"
#include "engine/worker.h"
#include "support/support.h"

#define ONE "111111111111"
#define TWO "222222222222"

struct config {
    mw_doc_builder *b;
    mw_yaml_marks marks;
    mw_rules_options o;
};

/* Rules p {days = 30, mode = "a"} and q {days = 5} with this configuration. */
static mw_status load(const char *yaml, struct config *c, mw_rules **out, mw_error *err)
{
    static const char body[] = "severity = \"low\", resource = \"AWS::S3::Bucket\", check = function(r, ctx) return "
                               "fail('%d %s', ctx.params.days, ctx.params.mode or '-') end }";
    char p[512], q[512];
    const char *paths[1];
    mw_val root;
    folder f;
    mw_status st;

    *c = (struct config){0};
    folder_open(&f);
    snprintf(p, sizeof(p), "return rule { id = \"p\", title = \"t\", params = { days = 30, mode = \"a\" }, %s", body);
    snprintf(q, sizeof(q), "return rule { id = \"q\", title = \"t\", params = { days = 5 }, %s", body);
    folder_add(&f, "p.lua", p);
    folder_add(&f, "q.lua", q);
    paths[0] = f.path;
    assert_int_equal(mw_doc_builder_new(NULL, &c->b, NULL), MW_OK);
    if (mw_yaml_read(c->b, yaml, strlen(yaml), "m.yaml", &c->marks, err) != MW_OK)
        fail_msg("%s", err->message);
    root = mw_doc_pop(c->b);
    c->o = (mw_rules_options){.paths = paths,
                              .path_count = 1,
                              .types = types,
                              .config_doc = mw_doc_view(c->b),
                              .params = mw_val_get(mw_doc_view(c->b), root, "params"),
                              .overrides = mw_val_get(mw_doc_view(c->b), root, "overrides"),
                              .config_path = "m.yaml",
                              .marks = &c->marks};
    st = mw_rules_load(&c->o, out, err);
    mw_doc_builder_free(c->b);
    mw_yaml_marks_clear(&c->marks);
    folder_close(&f);
    return st;
}

static const char config[] = "params:\n"
                             "  p: {mode: b}\n"
                             "overrides:\n"
                             "- match: {tag: Env=dev}\n"
                             "  params: {p: {days: 1}}\n"
                             "- match: {account: [" ONE "], region: 'eu-*'}\n"
                             "  params: {p: {days: 2}}\n"
                             "- match: {account: '1111*'}\n"
                             "  params: {'*': {days: 3}}\n"
                             "- match: {region: ['eu-*', ap-south-1]}\n"
                             "  params: {p: {mode: c}}\n"
                             "- match: {rule: p}\n"
                             "  params: {'*': {days: 29}}\n"
                             "- match: {account: " TWO ", tag: ['Team*=x', Solo]}\n"
                             "  params: {p: {mode: t}}\n"
                             "- match: {account: '333*'}\n"
                             "  params: {q: {days: 8}, '*': {days: 9}}\n"
                             "- match: {account: '3333*'}\n"
                             "  params: {p: {days: 10}}\n";

static const struct {
    const char *id, *account, *region, *tags, *p, *q; /* p NULL: unknown */
} resources[] = {
    {"a", ONE, "eu-west-1", "{}", "2 c", "3 -"},                /* region over account, whatever the order */
    {"b", ONE, "eu-west-1", "{\"Env\":\"dev\"}", "1 c", "3 -"}, /* tag over both */
    {"c", ONE, "eu-west-1", "{\"Env\":\"prod\",\"Team1\":\"x\"}", "2 c", "3 -"},
    {"d", ONE, "eu-west-1", "{\"$unknown\":{\"operation\":\"s3:GetBucketTagging\",\"code\":\"AccessDenied\"}}", NULL,
     "3 -"},
    {"e", ONE, "us-east-1", "{}", "3 b", "3 -"},
    {"f", TWO, "us-east-1", "{\"Solo\":\"\"}", "29 t", "5 -"},
    {"g", TWO, "us-east-1", "{\"Team1\":\"x\"}", "29 t", "5 -"},
    {"h", TWO, "us-east-1", "null", "29 b", "5 -"},
    {"i", "333333333333", "ap-south-1", "{}", "10 c", "8 -"}, /* later over earlier, an id over a glob */
    {"j", "444444444444", "us-east-1", "{\"env\":\"dev\"}", "29 b", "5 -"},
};

static int make_snapshot(void)
{
    MW_AUTO(mw_buf) json = {.max = 1 << 20};

    mw_buf_puts(&json,
                "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{\"AWS::S3::Bucket\":{\"scope\":\"global\",\"facets\":[],"
                "\"collected\":[]}},\"worlds\":[{\"scopes\":[],\"resources\":{\"AWS::S3::Bucket\":[");
    for (size_t i = 0; i < MW_COUNT(resources); i++)
        mw_buf_printf(&json,
                      "%s{\"type\":\"AWS::S3::Bucket\",\"id\":\"%s\",\"account\":\"%s\",\"region\":\"%s\","
                      "\"partition\":\"aws\",\"tags\":%s,\"rest\":null,\"doc\":{}}",
                      i ? "," : "", resources[i].id, resources[i].account, resources[i].region, resources[i].tags);
    mw_buf_puts(&json, "]}}]}");
    return test_memfd(json.data);
}

static void check_finding(const mw_finding *f, const char *expected)
{
    if (f->status != (expected ? MW_VERDICT_FAIL : MW_VERDICT_UNKNOWN) ||
        (expected && strcmp(f->message, expected) != 0) ||
        (!expected &&
         !strstr(f->message, "a parameter depends on tags, and tags is unknown: s3:GetBucketTagging: AccessDenied")))
        fail_msg("%s on %s: %d %s, expected %s", f->rule, f->id, f->status, f->message,
                 expected ? expected : "unknown");
}

static void test_places(void **state)
{
    int snapshot = make_snapshot();
    struct config c;
    mw_rules *rules = NULL;
    mw_error err = {0};
    const char *facet = mw_type_tag_facet(mw_types_get(types, "AWS::S3::Bucket"));

    (void)state;
    if (load(config, &c, &rules, &err) != MW_OK)
        fail_msg("%s", err.message);
    /* Tags are collected for the rule whose parameters they change, and for no other. */
    assert_int_equal(mw_rules_get(rules, "p")->need_count, 1);
    assert_string_equal(mw_rules_get(rules, "p")->needs[0], facet);
    assert_int_equal(mw_rules_get(rules, "q")->need_count, 0);
    for (int workers = 1; workers <= 3; workers += 2) {
        mw_findings out = {0};
        if (mw_evaluate(rules, snapshot, &(mw_evaluate_options){.workers = workers}, &out, NULL, &err) != MW_OK ||
            mw_findings_unpack(&out, &err) != MW_OK)
            fail_msg("%s", err.message);
        assert_int_equal(out.count, 2 * MW_COUNT(resources));
        for (size_t i = 0; i < MW_COUNT(resources); i++) {
            check_finding(&out.items[i], resources[i].p);
            check_finding(&out.items[MW_COUNT(resources) + i], resources[i].q);
        }
        mw_findings_clear(&out);
    }
    mw_rules_free(rules);
    close(snapshot);
}

static void test_shown(void **state)
{
    static const struct {
        const char *account, *region;
        int64_t days;
        const char *mode, *days_by, *mode_by;
        size_t elsewhere;
    } rows[] = {
        {NULL, NULL, 29, "b", "overrides[4]", "params", 7},
        {ONE, NULL, 3, "b", "overrides[2]", "params", 3},
        {ONE, "eu-west-1", 2, "c", "overrides[1]", "overrides[3]", 1},
        {TWO, "us-east-1", 29, "b", "overrides[4]", "params", 2},
        {"333333333333", "us-east-1", 10, "b", "overrides[7]", "params", 1},
    };
    struct config c;
    mw_rules *rules = NULL;
    mw_error err = {0};

    (void)state;
    assert_int_equal(load(config, &c, &rules, &err), MW_OK);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc_builder *b;
        const mw_doc *d;
        mw_val all, params, by;
        assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
        mw_rules_params_at(rules, mw_rules_get(rules, "p"), rows[i].account, rows[i].region, b);
        all = mw_doc_pop(b);
        d = mw_doc_view(b);
        params = mw_val_get(d, all, "params");
        by = mw_val_get(d, all, "origins");
        assert_int_equal(mw_val_get_int(d, params, "days", 0), rows[i].days);
        assert_string_equal(mw_val_get_str(d, params, "mode", ""), rows[i].mode);
        assert_string_equal(mw_val_get_str(d, by, "days", ""), rows[i].days_by);
        assert_string_equal(mw_val_get_str(d, by, "mode", ""), rows[i].mode_by);
        assert_int_equal(mw_val_len(d, mw_val_get(d, all, "elsewhere")), rows[i].elsewhere);
        mw_doc_builder_free(b);
    }
    mw_rules_free(rules);
}

static void test_refused(void **state)
{
    static const struct {
        const char *yaml, *message;
    } rows[] = {
        {"params:\n  p:\n    dasy: 1\n", "m.yaml:3: params: rule 'p' has no parameter 'dasy'; did you mean 'days'?"},
        {"params:\n  pp: {days: 1}\n", "m.yaml:2: params: there is no rule 'pp'; did you mean 'p'?"},
        {"params:\n  'z*': {days: 1}\n", "m.yaml:2: params: there is no rule 'z*'"},
        {"params: {p: {days: long}}\n", "m.yaml:1: params: 'days' of rule 'p' must be a number"},
        {"params: {'*': {days: long}}\n", "'days' of rule 'p' must be a number"},
        {"params: {'*': {nothing: 1}}\n", "the rules '*' have no parameter 'nothing'"},
        {"overrides:\n- match: {account: '1*'}\n  params:\n    p: {mode: 3}\n",
         "m.yaml:4: overrides[0].params: 'mode' of rule 'p' must be text"},
        {"overrides:\n- match: {account: '1*', rule: q}\n  params:\n    p: {days: 3}\n",
         "m.yaml:4: overrides[0].params: there is no rule 'p'; did you mean 'q'?"},
        {"overrides:\n- match:\n    region: x\n    rule: r\n  params: {'*': {days: 3}}\n",
         "m.yaml:4: overrides[0]: match: no rule fits 'r'"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        struct config c;
        mw_rules *rules = NULL;
        mw_error err = {0};
        if (load(rows[i].yaml, &c, &rules, &err) != MW_ERR_INVALID || !strstr(err.message, rows[i].message))
            fail_msg("row %zu: %s (expected %s)", i, err.message, rows[i].message);
    }
}

/* Laying over and resolving, without memory: an error, never other parameters. */
static void test_no_memory(void **state)
{
    int fd = make_snapshot();
    mw_doc *snapshot = NULL;
    struct config c;
    struct failing_alloc f = {0};
    MW_AUTO(mw_buf) expected = {0};
    mw_rules *rules = NULL;
    mw_error err = {0};
    mw_snap snap;
    mw_status st = MW_ERR_NOMEM;

    (void)state;
    assert_int_equal(load(config, &c, &rules, &err), MW_OK);
    assert_int_equal(mw_doc_map(fd, &snapshot, &err), MW_OK);
    assert_int_equal(mw_snap_init(&snap, snapshot, &err), MW_OK);
    for (long at = 0; at < 2 || (at < 1000 && st != MW_OK); at++) {
        MW_AUTO(mw_buf) out = {0};
        mw_doc_builder *b = NULL;
        f = (struct failing_alloc){.fail_at = at};
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &f;
        if ((st = mw_doc_builder_new(NULL, &b, &err)) == MW_OK)
            st = mw__params_push_resolved(rules, &rules->items[0], &snap,
                                          mw_snap_resources(&snap, 0, "AWS::S3::Bucket"), b, &err);
        if (st == MW_OK)
            st = mw_doc_builder_status(b, &err);
        mw_sys_reset();
        if (st == MW_OK)
            assert_int_equal(mw_json_write(&out, mw_doc_view(b), mw_doc_pop(b), MW_JSON_COMPACT), MW_OK);
        else
            assert_int_equal(st, MW_ERR_NOMEM);
        mw_doc_builder_free(b);
        if (at == 0)
            mw_buf_add(&expected, out.data, out.len, NULL);
        else if (st == MW_OK)
            assert_string_equal(out.data, expected.data);
    }
    assert_int_equal(st, MW_OK);
    assert_non_null(strstr(expected.data, "\"ranges\":[0,0,1,1,2,0,3,-1,4,2,"));
    mw_rules_free(rules);
    mw_doc_free(snapshot);
    close(fd);
}

/* The digest of rules covers what overrides say. */
static void test_digest(void **state)
{
    static const char *const yaml[] = {"{}", "overrides: [{match: {account: '1*'}, params: {p: {days: 3}}}]",
                                       "overrides: [{match: {account: '1*'}, params: {p: {days: 4}}}]",
                                       "overrides: [{match: {account: '2*'}, params: {p: {days: 4}}}]"};
    char digests[MW_COUNT(yaml)][65];

    (void)state;
    for (size_t i = 0; i < MW_COUNT(yaml); i++) {
        struct config c;
        mw_rules *rules = NULL;
        mw_error err = {0};
        assert_int_equal(load(yaml[i], &c, &rules, &err), MW_OK);
        memcpy(digests[i], mw_rules_digest(rules), 65);
        mw_rules_free(rules);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(digests[i], digests[k]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places), cmocka_unit_test(test_shown),
                                       cmocka_unit_test(test_refused), cmocka_unit_test(test_digest),
                                       cmocka_unit_test(test_no_memory)};

    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return mw_worker_main(argc, argv);
    return cmocka_run_group_tests(tests, test_open_types, test_close_types);
}
