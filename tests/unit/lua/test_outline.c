/* A member that the service models do not know is unknown, not absent; so is one that AWS always sends. */
#include "judge.h"

/* As it comes from a collection: `A` and `B` are equal, so one value of the document, under two outlines. */
static const char snapshot_json[] =
    "{\"now\":\"2026-01-02T03:04:05Z\","
    "\"unmodelled\":{\"$unknown\":{\"code\":\"NotModelled\",\"message\":\"the service models do not know it\"}},"
    "\"unsent\":{\"$unknown\":{\"code\":\"NotSent\",\"message\":\"AWS always sends it\"}},"
    "\"types\":{"
    "\"AWS::KMS::Key\":{\"scope\":\"regional\",\"facets\":[\"Rotation\",\"Policy\"],\"collected\":[\"Rotation\","
    "\"Policy\"],"
    "\"outline\":{\"\":[\"State\",\"Rules\"],\"KeyId\":true,\"State\":{\"\":[\"Name\"],\"Name\":true,\"Code\":true},"
    "\"Rotation\":{\"On\":true,\"Since\":true},\"Policy\":true,"
    "\"A\":{\"On\":true,\"Old\":true},\"B\":{\"On\":true},\"Rules\":[{\"Port\":true,\"To\":{\"Cidr\":true}}],"
    "\"Grids\":[[{\"X\":true}]],\"Map\":{\"*\":{\"Value\":true}},\"Gone\":{\"X\":true},\"type\":true,\"Scalar\":true,"
    "\"Other\":{\"To\":{\"Name\":true}}}},"
    "\"AWS::SQS::Queue\":{\"scope\":\"regional\",\"facets\":[],\"collected\":[]}},"
    "\"worlds\":[{\"scopes\":["
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::KMS::Key\",\"facet\":null,"
    "\"state\":\"complete\",\"cause\":null},"
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::SQS::Queue\",\"facet\":null,"
    "\"state\":\"complete\",\"cause\":null}],"
    "\"resources\":{"
    "\"AWS::KMS::Key\":[{\"type\":\"AWS::KMS::Key\",\"id\":\"k\",\"account\":\"1\",\"region\":\"us-east-1\","
    "\"partition\":\"aws\","
    "\"tags\":{\"Owner\":\"ops\"},\"rest\":null,\"doc\":{\"KeyId\":\"k\",\"State\":{\"Code\":16},\"Rotation\":{\"On\":"
    "true},"
    "\"Policy\":{\"Statement\":[{\"Effect\":\"Allow\"}]},\"A\":{\"On\":true},\"B\":{\"On\":true},"
    "\"Rules\":[{\"Port\":22},{\"Port\":80,\"To\":{}}],\"Grids\":[[{\"X\":1}]],\"Map\":{\"eu\":{\"Value\":1}},\"Gone\":"
    "null,"
    "\"Scalar\":7,\"Other\":{\"To\":{}}}}],"
    "\"AWS::SQS::Queue\":[{\"type\":\"AWS::SQS::Queue\",\"id\":\"q\",\"account\":\"1\",\"region\":\"us-east-1\","
    "\"partition\":\"aws\","
    "\"tags\":null,\"rest\":null,\"doc\":{\"Url\":\"q\"}}]}}]}";

#define HOLDS(expression)                                                                                              \
    {                                                                                                                  \
        "return (" expression ") and pass() or fail('it does not hold')", MW_VM_PASS, NULL                             \
    }
#define UNMODELLED(expression, path)                                                                                   \
    {                                                                                                                  \
        "if " expression " then return fail('x') end return pass()", MW_VM_UNKNOWN,                                    \
            path " is unknown: NotModelled (the service models"                                                        \
    }
#define UNSENT(expression, path)                                                                                       \
    {                                                                                                                  \
        "if " expression " then return fail('x') end return pass()", MW_VM_UNKNOWN,                                    \
            path " is unknown: NotSent (AWS always sends it)"                                                          \
    }

static void reads(void **state)
{
    static const struct {
        const char *body;
        mw_vm_outcome outcome;
        const char *message;
    } rows[] = {
        /* modelled: absent is absent */
        HOLDS("r.Rotation.Since == nil and r:path('Rotation.Since') == nil and r:path('Gone.Deep.Deeper') == nil and "
              "r.Gone == nil"),
        HOLDS("r.A.Old == nil and r.Rules[1].To == nil and r.Rules[2].To.Cidr == nil and r.Rules[3] == nil and "
              "r.Grids[1][1].X == 1"),
        HOLDS("not r.Rules:any('To.Cidr', '10.0.0.0/8') and r.Rules:count('Port', 22) == 1 and r.Scalar == 7 and "
              "r.State.Code == 16"),
        /* no shape: anything may be there */
        HOLDS("r.Policy.Version == nil and r.Policy.Statement[1].Principal == nil and not "
              "r.Policy.Statement:find('Sid', 'x')"),
        HOLDS("r.Map.us == nil and r.Map.eu.Value == 1 and r.tags.Nobody == nil and r.tags:get('Nobody') == nil and "
              "r.created == nil"),
        /* not modelled */
        UNMODELLED("r.New", "New"),
        UNMODELLED("r.doc.New", "New"),
        UNMODELLED("r.Rotation.Period", "Rotation.Period"),
        UNMODELLED("r:path('Rotation.Period')", "Rotation.Period"),
        UNMODELLED("r:path('Rotation.Period.Days')", "Rotation.Period"),
        UNMODELLED("r.doc:path('New.X')", "New"),
        UNMODELLED("r.Rules[1].Proto", "Rules[0].Proto"),
        UNMODELLED("r.Grids[1][1].Y", "Grids[0][0].Y"),
        UNMODELLED("r.Map.eu.Other", "Map.eu.Other"),
        UNMODELLED("r.Rules:find('Proto', 'tcp')", "Rules[0].Proto"),
        UNMODELLED("r.Rules:any('To.Ipv6', '::/0')", "Rules[1].To.Ipv6"),
        UNMODELLED("r.Rules:all('Proto', nil)", "Rules[0].Proto"),
        UNMODELLED("r.Rules:count('Proto', nil) > 0", "Rules[0].Proto"),
        UNMODELLED("r.B.Old", "B.Old"),
        UNMODELLED("r.A.Old == nil and r.B.Old", "B.Old"),
        UNMODELLED("r.Rules[2].To.Cidr == nil and r.Other.To.Cidr", "Other.To.Cidr"),
        UNMODELLED("r.Other.To.Name == nil and r.Rules[2].To.Name", "Rules[1].To.Name"),
        UNMODELLED("r.tags.Name == nil and r.Other.To.Name == nil and r.Scalar == 7 and r.Rotation.Name",
                   "Rotation.Name"),
        UNMODELLED("ctx.inventory:get('AWS::KMS::Key', 'k').New", "New"),
        UNMODELLED("ctx.inventory:each('AWS::KMS::Key'):any('New', 'x')", "New"),
        {"for rule in r.Rules:each('Proto', 'tcp') do return fail('x') end return pass()", MW_VM_UNKNOWN,
         "Rules[0].Proto is unknown: NotModelled"},
        {"for _, rule in ipairs(r.Rules) do if rule.Proto then return fail('x') end end return pass()", MW_VM_UNKNOWN,
         "NotModelled"},
        {"for _, v in pairs(r.Map) do if v.Other then return fail('x') end end return pass()", MW_VM_UNKNOWN,
         "NotModelled"},
        {"local v, cause = try(function() return r.New end) return v == nil and cause.code == 'NotModelled' and pass() "
         "or fail('x')",
         MW_VM_PASS, NULL},
        /* always sent */
        UNSENT("r.State.Name == 'running'", "State.Name"),
        UNSENT("r:path('State.Name') == 'running'", "State.Name"),
        /* JMESPath */
        HOLDS("r:search('Rotation.Since') == nil and r:search('Policy.Statement[0].Sid') == nil and "
              "#r:search('Rules[].Port') == 2"),
        HOLDS("r:search('length(Rotation)') == 1 and r.Rules:search('[?Port==`80`] | [0].To.Cidr') == nil"),
        UNMODELLED("r:search('Rotation.Period')", "Rotation.Period"),
        UNMODELLED("r:search('Rules[?Proto==`tcp`] | [0]')", "Rules[?Proto==`tcp`] | [0]"),
        UNMODELLED("r.Rules[2]:search('To.Ipv6 || To.Ipv6')", "To.Ipv6 || To.Ipv6"),
        UNSENT("r:search('State.Name')", "State.Name"),
        /* another resource */
        HOLDS("ctx.inventory:get('AWS::SQS::Queue', 'q').Anything == nil"),
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        judge(rows[i].body, "AWS::KMS::Key", rows[i].outcome, rows[i].message);
    judge("return ctx.inventory:get('AWS::KMS::Key', 'k').New and fail('x') or pass()", "AWS::SQS::Queue",
          MW_VM_UNKNOWN, "NotModelled");
    judge("for k in ctx.inventory:each('AWS::KMS::Key', { ['State.Name'] = 'on' }):each() do return fail('x') end "
          "return pass()",
          "AWS::SQS::Queue", MW_VM_UNKNOWN, "NotSent");
}

/* One VM remembers what outlines said of a name; another outline, or none, is asked anew. */
static void names_in_turn(void **state)
{
    static const char key[] = "AWS::KMS::Key", queue[] = "AWS::SQS::Queue";
    mw_vm *vm = new_vm();

    (void)state;
    for (int round = 0; round < 3; round++) {
        judge_in(vm, "return r.New and fail('x') or pass()", key, MW_VM_UNKNOWN, "New is unknown: NotModelled");
        judge_in(vm, "return r.New and fail('x') or pass()", queue, MW_VM_PASS, NULL);
        judge_in(vm, "return (r.Old or r.A.Old) and fail('x') or pass()", queue, MW_VM_ERROR, NULL);
        judge_in(vm, "return r.A.Old and fail('x') or pass()", key, MW_VM_PASS, NULL);
        judge_in(vm, "return r.B.Old and fail('x') or pass()", key, MW_VM_UNKNOWN, "B.Old is unknown: NotModelled");
        judge_in(vm, "return r.State.Name and fail('x') or pass()", key, MW_VM_UNKNOWN,
                 "State.Name is unknown: NotSent");
        judge_in(vm, "return r.Other.To.Name and fail('x') or pass()", key, MW_VM_PASS, NULL);
        judge_in(vm, "return r.Rules:any('Proto', 'tcp') and fail('x') or pass()", key, MW_VM_UNKNOWN,
                 "Rules[0].Proto");
        judge_in(vm, "return r.Rules:any('To', 'tcp') and fail('x') or pass()", key, MW_VM_PASS, NULL);
        judge_in(vm, "return r.Policy.Statement:any('Proto', 'tcp') and fail('x') or pass()", key, MW_VM_PASS, NULL);
    }
    mw_vm_free(vm);
}

static void guards(void **state)
{
    static const struct {
        const char *guard;
        int applies;
        const char *code; /* of what is unknown */
    } rows[] = {
        {"{\"KeyId\":\"k\"}", 1, NULL},
        {"{\"KeyId\":[\"a\",\"b\"]}", 0, NULL},
        {"{\"Rotation.Since\":\"x\"}", 0, NULL},
        {"{\"Gone.X.Y\":\"x\"}", 0, NULL},
        {"{\"Policy.Version\":\"x\"}", 0, NULL},
        {"{\"State.Name\":[\"running\"]}", -1, "NotSent"},
        {"{\"Rotation.Period\":90}", -1, "NotModelled"},
        {"{\"New\":true}", -1, "NotModelled"},
        {"{\"B.Old\":true}", -1, "NotModelled"},
    };
    mw_val key = mw_val_at(snap.doc, mw_snap_resources(&snap, 0, "AWS::KMS::Key"), 0);

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc *guard = test_doc(rows[i].guard);
        const char *path;
        mw_val value;
        assert_int_equal(mw_snap_applies(&snap, key, guard, mw_doc_root(guard), &path, &value), rows[i].applies);
        if (rows[i].code)
            assert_string_equal(mw_val_get_str(snap.doc, mw_val_cause(snap.doc, value), "code", ""), rows[i].code);
        mw_doc_free(guard);
    }
}

static int open_documents(void **state)
{
    const mw_doc_options share = {.share = true};
    mw_doc *plain = test_doc(snapshot_json);
    mw_doc_builder *b;

    (void)state;
    assert_int_equal(mw_doc_builder_new(&share, &b, NULL), MW_OK);
    mw_doc_add_copy(b, plain, mw_doc_root(plain));
    assert_int_equal(mw_doc_finish(b, mw_doc_pop(b), &snapshot, NULL), MW_OK);
    mw_doc_builder_free(b);
    mw_doc_free(plain);
    bundle = test_doc("{}");
    return mw_snap_init(&snap, snapshot, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(names_in_turn),
                                       cmocka_unit_test(guards)};

    return cmocka_run_group_tests(tests, open_documents, close_documents);
}
