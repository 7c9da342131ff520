/* Evidence of a live evaluation is what a store may hold: a rule sees the text, its evidence has the token. */
#include "support/support.h"
#include "unit/engine/snapshot.h"

#include "doc/withhold.h"
#include "lua/internal.h"

#include <stdio.h>

#define CANARY "canary-7f3a"
#define MANY   9000 /* members of one map: more than a VM has names for */

static const char head[] =
    "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{"
    "\"AWS::ECS::TaskDefinition\":{\"scope\":\"regional\",\"facets\":[],\"collected\":[],"
    "\"sensitive\":{\"Environment\":{\"Variables\":true},\"Containers\":{\"env\":{\"value\":true}},\"Nested\":{\"*\":{"
    "\"S\":"
    "true}},\"name\":true}},"
    "\"AWS::SQS::Queue\":{\"scope\":\"regional\",\"facets\":[],\"collected\":[]}},"
    "\"worlds\":[{\"scopes\":["
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::ECS::TaskDefinition\",\"facet\":"
    "null,"
    "\"state\":\"complete\",\"cause\":null}],"
    "\"resources\":{\"AWS::ECS::TaskDefinition\":["
    "{\"type\":\"AWS::ECS::TaskDefinition\",\"id\":\"k\",\"name\":\"plain\",\"account\":\"1\",\"region\":\"us-east-1\","
    "\"partition\":\"aws\",\"tags\":{\"Environment\":\"test\"},\"rest\":null,\"doc\":{\"Plain\":\"open\",\"name\":"
    "\"" CANARY "\","
    "\"Environment\":{\"Mode\":\"m\",\"Variables\":{\"TOKEN\":\"" CANARY "\",\"EMPTY\":\"\",\"N\":3}},"
    "\"Containers\":[{\"env\":[{\"name\":\"A\",\"value\":\"" CANARY "\"}]}],"
    "\"Nested\":{\"x\":{\"S\":\"" CANARY "\",\"T\":\"open\"}},\"Many\":{";
static const char tail[] =
    "}}},"
    "{\"type\":\"AWS::ECS::TaskDefinition\",\"id\":\"other\",\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":"
    "\"aws\","
    "\"tags\":null,\"rest\":null,\"doc\":{\"Environment\":{\"Variables\":{\"TOKEN\":\"" CANARY "\"}}}}]}}]}";

static mw_doc *snapshot, *bundle;
static mw_snap snap;

/* The evidence of a check with this body, which fails. */
static void judge(const char *body, mw_buf *evidence)
{
    mw_vm_rule rule = {.id = "t", .resource = "AWS::ECS::TaskDefinition"};
    mw_vm_subject s = {.rule = &rule, .soft_ms = 500};
    const mw_vm_verdict *v;
    char source[2048];
    mw_error err = {0};
    mw_vm *vm;

    assert_ok(mw_vm_new(0, &vm, &err));
    mw_vm_set_documents(vm, &snap, bundle);
    snprintf(source, sizeof(source), "return rule { check = function(r, ctx) %s return fail('x') end }", body);
    if (mw_vm_load(vm, MW_VM_RULE, "t.lua", source, strlen(source), &rule.ref, &err) != MW_OK)
        fail_msg("%s: %s", body, err.message);
    assert_ok(mw_vm_rule_ready(vm, &rule, &err));
    s.resource = mw_val_at(snap.doc, mw_snap_resources(&snap, 0, rule.resource), 0);
    s.params = mw_doc_root(bundle);
    assert_int_equal(mw_vm_check(vm, &s, &v), 1);
    if (v[0].outcome != MW_VM_FAIL)
        fail_msg("%s: got %d: %s", body, (int)v[0].outcome, v[0].message ? v[0].message : "(no message)");
    mw_buf_puts(evidence, v[0].evidence);
    mw_vm_free(vm);
}

static void evidence(void **state)
{
    static const struct {
        const char *body, *has;
        int tokens;
    } rows[] = {
        {"assert(r.Environment.Variables.TOKEN == '" CANARY "')",
         "{\"path\":\"Environment.Variables.TOKEN\",\"value\":{\"$unknown\"", 1},
        {"assert(r:path('Environment.Variables.TOKEN') == '" CANARY "')", "Environment.Variables.TOKEN", 1},
        {"assert(r.Environment.Variables.EMPTY == '')", "Environment.Variables.EMPTY", 1},
        {"assert(r.Environment.Variables.N == 3)", "\"value\":3", 0},
        {"local e = r.Environment", "\"Mode\":\"m\"", 2},
        {"local e = r.Environment", "\"TOKEN\":{\"$unknown\"", 2},
        {"assert(r.doc.Environment.Variables.TOKEN == '" CANARY "')", "Environment.Variables.TOKEN", 1},
        {"for k, v in pairs(r.Environment.Variables) do assert(v) end", "Environment.Variables.TOKEN", 2},
        {"assert(r.Containers[1].env:find('name', 'A').value == '" CANARY "')", "Containers[0].env[0].value", 1},
        {"assert(r.Containers[1].env:any('value', '" CANARY "'))", "Containers[0].env[0].value", 1},
        {"for c in r.Containers:each() do assert(c.env[1].value) end", "Containers[0].env[0].value", 1},
        {"assert(r.Nested.x.S == '" CANARY "' and r.Nested.x.T == 'open')", "\"value\":\"open\"", 1},
        {"assert(ctx.inventory:get('AWS::ECS::TaskDefinition', 'other').Environment.Variables.TOKEN == '" CANARY "')",
         "AWS::ECS::TaskDefinition[other].Environment.Variables.TOKEN", 1},
        /* what is not sensitive stays */
        {"assert(r.Plain == 'open')", "[{\"path\":\"Plain\",\"value\":\"open\"}]", 0},
        {"assert(r.Environment.Variables.NONE == nil)", "\"value\":null", 0},
        {"assert(r.tags:get('Environment') == 'test')", "\"value\":\"test\"", 0},
        /* the envelope's name is Moonward's, the document's is AWS's */
        {"assert(r.doc.name == '" CANARY "')", "\"path\":\"name\"", 1},
        /* names without number: where a way is not known whole, everything is hidden */
        {"for k, v in pairs(r.Many) do assert(v) end assert(r.Environment.Variables.TOKEN == '" CANARY "')",
         "\"path\":", -1},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) text = {0};
        int tokens = 0;
        judge(rows[i].body, &text);
        for (const char *at = text.data; (at = strstr(at, "\"" MW_WITHHELD "\"")); at++)
            tokens++;
        if (strstr(text.data, CANARY) || !strstr(text.data, rows[i].has) ||
            (rows[i].tokens >= 0 && tokens != rows[i].tokens))
            fail_msg("%s\ngot %s", rows[i].body, text.data);
    }
}

/* The token in evidence is that of the stored document. */
static void same_token(void **state)
{
    mw_val resource = mw_val_at(snap.doc, mw_snap_resources(&snap, 0, "AWS::ECS::TaskDefinition"), 0);
    mw_doc_builder *b;
    MW_AUTO(mw_buf) text = {0};
    MW_AUTO(mw_buf) stored = {0};
    mw_error err = {0};
    const char *at;

    (void)state;
    judge("assert(r.Containers[1].env:find('name', 'A').value)", &text);
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_resource_write_stored(&stored, b, snap.doc, resource,
                                       mw_snapshot_mask(snap.doc, "AWS::ECS::TaskDefinition"), MW_JSON_EXACT, &err));
    at = strstr(text.data, "\"token\":");
    assert_non_null(at);
    text.data[at - text.data + 42] = '\0';
    assert_non_null(strstr(stored.data, at));
    mw_doc_builder_free(b);
}

static void masks_of_paths(void **state)
{
    static const struct {
        const char *path;
        bool sensitive;
    } rows[] = {{"Environment.Variables.TOKEN", true},
                {"Environment.Mode", false},
                {"Nested.any.S", true},
                {"Nested.any.T", false},
                {"Plain", false},
                {"Environment", true}, /* holds some */
                {"name", false},
                {"tags.Environment", false}};
    mw_val resource = mw_val_at(snap.doc, mw_snap_resources(&snap, 0, "AWS::ECS::TaskDefinition"), 0);

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        if ((mw_snap_path_mask(&snap, resource, rows[i].path) != MW_VAL_ABSENT) != rows[i].sensitive)
            fail_msg("%s", rows[i].path);
}

static int open_documents(void **state)
{
    MW_AUTO(mw_buf) json = {0};
    mw_error err = {0};
    int fd;

    (void)state;
    mw_buf_puts(&json, head);
    for (int i = 0; i < MANY; i++)
        mw_buf_printf(&json, "%s\"k%d\":\"v\"", i ? "," : "", i);
    mw_buf_puts(&json, tail);
    fd = test_memfd(json.data);
    assert_ok(mw_doc_map(fd, &snapshot, &err));
    close(fd);
    fd = test_memfd("{}");
    assert_ok(mw_doc_map(fd, &bundle, &err));
    close(fd);
    assert_ok(mw_snap_init(&snap, snapshot, &err));
    assert_true(snap.withholds);
    return 0;
}

static int close_documents(void **state)
{
    (void)state;
    mw_doc_free(snapshot);
    mw_doc_free(bundle);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(evidence), cmocka_unit_test(same_token),
                                       cmocka_unit_test(masks_of_paths)};

    return cmocka_run_group_tests(tests, open_documents, close_documents);
}
