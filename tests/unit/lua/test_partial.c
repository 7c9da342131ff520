/* What is not in a snapshot is not absent: facets that were not collected, lists of regions that nobody could read. */
#include "judge.h"

/* A stored snapshot without `Policy`; the alias `a` is in both regions, and one of them was denied. */
static const char snapshot_json[] =
    "{\"now\":\"2026-01-02T03:04:05Z\",\"unheld\":{\"$unknown\":{\"code\":\"NotCollected\",\"message\":\"not there\"}},"
    "\"types\":{"
    "\"AWS::KMS::Key\":{\"scope\":\"regional\",\"facets\":[\"Policy\",\"Rotation\"],\"collected\":[\"Rotation\"],"
    "\"missing\":{\"Policy\":{\"$unknown\":{\"code\":\"NotCollected\",\"message\":\"nobody asked\"}}}},"
    "\"AWS::SQS::Queue\":{\"scope\":\"regional\",\"facets\":[],\"collected\":[]}},"
    "\"worlds\":[{\"scopes\":["
    "{\"account\":\"1\",\"region\":\"eu-west-1\",\"type\":\"AWS::KMS::Key\",\"facet\":null,\"state\":\"complete\"},"
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"type\":\"AWS::KMS::Key\",\"facet\":null,\"state\":\"denied\","
    "\"cause\":{\"operation\":\"kms:ListKeys\",\"code\":\"AccessDenied\"}},"
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"type\":\"AWS::SQS::Queue\",\"facet\":null,\"state\":\"complete\"},"
    "{\"account\":\"1\",\"region\":\"eu-west-1\",\"type\":\"AWS::SQS::Queue\",\"facet\":null,\"state\":\"complete\"}],"
    "\"resources\":{"
    "\"AWS::KMS::Key\":[{\"type\":\"AWS::KMS::Key\",\"id\":\"a\",\"arn\":\"arn:a\",\"account\":\"1\",\"region\":\"eu-"
    "west-1\","
    "\"tags\":null,\"rest\":null,\"doc\":{\"KeyId\":\"a\",\"Rotation\":{\"On\":true},\"Made\":{\"Policy\":{\"Id\":7}}}}"
    "],"
    "\"AWS::SQS::Queue\":[{\"type\":\"AWS::SQS::Queue\",\"id\":\"p\",\"account\":\"1\",\"region\":\"us-east-1\","
    "\"tags\":null,\"rest\":null,\"doc\":{\"Url\":\"p\"}},"
    "{\"type\":\"AWS::SQS::Queue\",\"id\":\"q\",\"account\":\"1\",\"region\":\"eu-west-1\","
    "\"tags\":null,\"rest\":null,\"doc\":{\"Url\":\"q\"}}]}}]}";

static int open_documents(void **state)
{
    (void)state;
    snapshot = test_doc(snapshot_json);
    bundle = test_doc("{}");
    return mw_snap_init(&snap, snapshot, NULL);
}

#define UNKNOWN(expression, says)                                                                                      \
    {                                                                                                                  \
        "if " expression " then return fail('x') end return pass()", MW_VM_UNKNOWN, says                               \
    }
#define HOLDS(expression)                                                                                              \
    {                                                                                                                  \
        "return (" expression ") and pass() or fail('it does not hold')", MW_VM_PASS, NULL                             \
    }

/* The subject is the queue of us-east-1, where keys could not be listed. */
static void other_regions(void **state)
{
    static const struct {
        const char *body;
        mw_vm_outcome outcome;
        const char *message;
    } rows[] = {
        HOLDS("r.region == 'us-east-1' and ctx.inventory:get('AWS::SQS::Queue', 'q').region == 'eu-west-1'"),
        HOLDS("ctx.inventory:get('AWS::KMS::Key', 'arn:a').KeyId == 'a'"), /* an ARN is one key's */
        UNKNOWN("ctx.inventory:get('AWS::KMS::Key', 'a')", "the list of AWS::KMS::Key is unknown: kms:ListKeys"),
        UNKNOWN("ctx.inventory:get('AWS::KMS::Key', 'b')", "the list of AWS::KMS::Key is unknown: kms:ListKeys"),
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        judge(rows[i].body, "AWS::SQS::Queue", rows[i].outcome, rows[i].message);
}

/* The subject is the key, of whose facets `Policy` was not collected; it is declared, and so is `Rotation`. */
static void facets(void **state)
{
    static const struct {
        const char *body;
        mw_vm_outcome outcome;
        const char *message;
    } rows[] = {
        HOLDS("r.Rotation.On and r:search('Rotation.On') and r:search('Made.Policy.Id') == 7"),
        UNKNOWN("r.Policy", "Policy is unknown: NotCollected (nobody asked)"),
        UNKNOWN("r:search('Policy.Statement[]')", "NotCollected (nobody asked)"),
        UNKNOWN("r.doc:search('Policy')", "NotCollected (nobody asked)"),
        UNKNOWN("r:search('{On: Rotation.On, Any: Policy}')", "NotCollected (nobody asked)"),
        {"for name in pairs(r) do if name == 'Policy' then return fail('x') end end return pass()", MW_VM_UNKNOWN,
         "NotCollected (nobody asked)"},
        {"for name in pairs(r) do if name == 'KeyId' then return pass() end end return fail('x')", MW_VM_PASS, NULL},
        {"for _, name in ipairs({ 'On' }) do return r.Rotation[name] and pass() or fail('x') end", MW_VM_PASS, NULL},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        judge(rows[i].body, "AWS::KMS::Key", rows[i].outcome, rows[i].message);
}

/* What was not collected might name the queue; who found it in what was collected need not care. */
static void references(void **state)
{
    mw_val queues, eu;
    mw_vm *vm = new_vm();
    static const char *const related[] = {"AWS::KMS::Key"}, *const needs[] = {"AWS::KMS::Key.Policy"},
                             *const others[] = {"AWS::KMS::Key.Rotation"};

    (void)state;
    queues = mw_snap_resources(&snap, 0, "AWS::SQS::Queue");
    eu = mw_val_at(snap.doc, queues, 1);
    for (int pass = 0; pass < 2; pass++) {
        mw_vm_rule rule = {.id = "t",
                           .resource = "AWS::SQS::Queue",
                           .needs = pass ? others : needs,
                           .need_count = 1,
                           .related = related,
                           .related_count = 1};
        const mw_vm_subject s = {.rule = &rule, .resource = eu, .params = mw_doc_root(bundle), .soft_ms = 50};
        const char source[] =
            "return rule { check = function(r, ctx) return #ctx.inventory:refs(r, 'AWS::KMS::Key') == "
            "0 and pass() or fail('x') end }";
        const mw_vm_verdict *v;
        mw_error err = {0};

        assert_int_equal(mw_vm_load(vm, MW_VM_RULE, "t.lua", source, strlen(source), &rule.ref, &err), MW_OK);
        assert_int_equal(mw_vm_rule_ready(vm, &rule, &err), MW_OK);
        assert_int_equal(mw_vm_check(vm, &s, &v), 1);
        if (v[0].outcome != (pass ? MW_VM_PASS : MW_VM_UNKNOWN))
            fail_msg("pass %d: got %d: %s", pass, (int)v[0].outcome, v[0].message ? v[0].message : "(no message)");
        if (!pass)
            assert_non_null(strstr(v[0].message, "may refer to the resource is unknown: NotCollected"));
    }
    mw_vm_free(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(other_regions), cmocka_unit_test(facets),
                                       cmocka_unit_test(references)};

    return cmocka_run_group_tests(tests, open_documents, close_documents);
}
