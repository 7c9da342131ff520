/* Drafts: what they judge, by facet and type, and which ids and texts are taken. That they load and pass is test_author.py's. */
#include "../../support/support.h"

#include "base/mem.h"
#include "report/skeleton.h"

static mw_types *types;
static const mw_models *models;

static const struct {
    const char *type, *facet;
    const char *rule[3], *test[3]; /* texts that must be there */
} drafts[] = {
    /* an enumeration is compared with its first value, and its values are listed */
    {"AWS::S3::Bucket",
     "Versioning",
     {"needs = { \"Versioning\" }", "bucket:path(\"Versioning.Status\")", "value == \"Enabled\""},
     {"Versioning = { Status = \"Enabled\" }", "Versioning = { Status = \"Suspended\" }",
      "unknown(\"s3:GetBucketVersioning\", \"AccessDenied\")"}},
    /* a list: elements that are texts, and elements that are tables */
    {"AWS::S3::Bucket",
     "Lifecycle",
     {"#value > 0", "each element has", "Lifecycle is empty"},
     {"Lifecycle = { {} }", "Lifecycle = {}"}},
    {"AWS::KMS::Key", "Grants", {"key:path(\"Grants\")", "#value > 0"}, {"Grants = { {} }"}},
    /* parsed text: anything may be in it */
    {"AWS::S3::Bucket",
     "Policy",
     {"JSON that is decoded already", "value ~= nil"},
     {"Policy = { Example = \"value\" }"}},
    /* a switch */
    {"AWS::KMS::Key",
     "RotationStatus",
     {"RotationStatus.KeyRotationEnabled", "value == true"},
     {"RotationStatus = { KeyRotationEnabled = true }", "RotationStatus = { KeyRotationEnabled = false }"}},
    /* statistics of a metric */
    {"AWS::Lambda::Function",
     "Metrics.Errors",
     {"needs = { \"Metrics.Errors\" }", "r:path(\"Metrics.Errors.Sum\")", "Datapoints"},
     {"Metrics = { Errors = { Sum = 1 } }",
      "Metrics = { Errors = unknown(\"cloudwatch:GetMetricData\", \"AccessDenied\") }"}},
    /* the item itself, never by its id */
    {"AWS::EC2::SecurityGroup",
     NULL,
     {"---@param security_group AWS.EC2.SecurityGroup", "security_group:path(\""},
     {"GroupId = \"example\""}},
    /* items that are mere texts have no member to judge */
    {"AWS::SQS::Queue", NULL, {"ExampleMember"}, {"unmodelled = { \"resource.ExampleMember\" }"}},
};

static void expect(const mw_buf *out, const char *const *texts, const char *what)
{
    for (size_t i = 0; i < 3 && texts[i]; i++)
        if (!strstr(out->data, texts[i]))
            fail_msg("%s lacks '%s':\n%s", what, texts[i], out->data);
}

static void rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(drafts); i++) {
        const mw_skeleton s = {.id = "a-draft",
                               .type = mw_types_get(types, drafts[i].type),
                               .models = models,
                               .facets = &drafts[i].facet,
                               .facet_count = drafts[i].facet != NULL};
        MW_AUTO(mw_buf) rule = {.max = 1 << 20};
        MW_AUTO(mw_buf) test = {.max = 1 << 20};
        mw_error err = {0};
        assert_ok(mw_skeleton_rule(&s, &rule, &test, &err));
        assert_non_null(strstr(rule.data, "title = \"A draft\""));
        expect(&rule, drafts[i].rule, drafts[i].type);
        expect(&test, drafts[i].test, drafts[i].type);
    }
}

static void ids(void **state)
{
    static const struct {
        const char *id;
        bool taken;
    } rows[] = {
        {"a", true},  {"s3-bucket-1", true}, {"", false},     {"1a", false},  {"-a", false},
        {"A", false}, {"a_b", false},        {"../a", false}, {"a b", false},
    };
    char text[102];

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        assert_int_equal(mw_skeleton_check_id("rule", rows[i].id, NULL), rows[i].taken ? MW_OK : MW_ERR_INVALID);
    memset(text, 'a', sizeof(text));
    text[101] = '\0';
    assert_int_equal(mw_skeleton_check_id("rule", text, NULL), MW_ERR_INVALID);
    text[100] = '\0';
    assert_int_equal(mw_skeleton_check_id("rule", text, NULL), MW_OK);
}

/* A title ends neither the comment nor the text that it stands in. */
static void hostile_titles(void **state)
{
    const mw_skeleton s = {
        .id = "x", .title = "a \"b\"\n]] os.exit() \\", .type = mw_types_get(types, "AWS::EC2::VPC"), .models = models};
    MW_AUTO(mw_buf) rule = {.max = 1 << 20};
    MW_AUTO(mw_buf) test = {.max = 1 << 20};
    MW_AUTO(mw_buf) remediation = {.max = 1 << 20};
    mw_error err = {0};
    const char *line;

    (void)state;
    assert_ok(mw_skeleton_rule(&s, &rule, &test, &err));
    assert_ok(mw_skeleton_remediation(&s, "some-rule", &remediation, &err));
    line = strchr(rule.data, '\n') + 1;
    assert_memory_equal(line, "-- Say here", 11); /* the title took one line */
    assert_non_null(strstr(rule.data, "title = \"a \\\"b\\\"\\010]] os.exit() \\\\\""));
    assert_non_null(strstr(remediation.data, "fixes = { \"some-rule\" }"));
    assert_null(strstr(remediation.data, "\n]]"));
}

static int open_all(void **state)
{
    (void)state;
    return mw_types_load(NULL, 0, &types, NULL) != MW_OK || mw_models_builtin(&models, NULL) != MW_OK;
}

static int close_all(void **state)
{
    (void)state;
    mw_types_free(types);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules), cmocka_unit_test(ids),
                                       cmocka_unit_test(hostile_titles)};

    return cmocka_run_group_tests(tests, open_all, close_all);
}
