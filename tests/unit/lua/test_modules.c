/*
 * The modules that scripts may require. Tables of cases are Lua files in modules/, judged like rules over a resource that holds
 * the policies of policies/ (each file is a list); the examples of docs/reference/lua-modules.md are run as they stand.
 */
#include "unit/engine/snapshot.h"

#include "base/file.h"
#include "lua/internal.h"

#include <stdio.h>

#define FOLDER MW_SOURCE_DIR "/tests/unit/lua/"

static const char *const groups[] = {"principals", "federated", "conditions", "deny", "allow", "services"};

static mw_doc *snapshot, *bundle;
static mw_snap snap;

static void judge_source(const char *name, const char *source, size_t len)
{
    mw_vm_rule rule = {.id = "t", .resource = "AWS::S3::Bucket"};
    mw_vm_subject s = {.rule = &rule, .soft_ms = 60000, .params = mw_doc_root(bundle)};
    const mw_vm_verdict *v;
    mw_error err = {0};
    size_t count, bad = 0;
    mw_vm *vm;

    assert_int_equal(mw_vm_new(0, &vm, &err), MW_OK);
    mw_vm_set_documents(vm, &snap, bundle);
    if (mw_vm_load(vm, MW_VM_RULE, name, source, len, &rule.ref, &err) != MW_OK)
        fail_msg("%s: %s", name, err.message);
    assert_int_equal(mw_vm_rule_ready(vm, &rule, &err), MW_OK);
    s.resource = mw_val_at(snap.doc, mw_snap_resources(&snap, 0, "AWS::S3::Bucket"), 0);
    count = mw_vm_check(vm, &s, &v);
    for (size_t i = 0; i < count; i++) {
        if (v[i].outcome == MW_VM_PASS)
            continue;
        print_error("%s: %s\n", name, v[i].message ? v[i].message : "(no message)");
        bad++;
    }
    mw_vm_free(vm);
    assert_int_equal(bad, 0);
    assert_true(count > 0);
}

/* A line `expression  --> result` of a ```lua block becomes a check; other lines of the block stand as they are. */
static void add_example(mw_buf *out, const char *line, size_t len, int number)
{
    const char *arrow = memmem(line, len, "-->", 3);
    size_t expression = arrow ? (size_t)(arrow - line) : len;

    if (!arrow) {
        mw_buf_printf(out, "%.*s\n", (int)len, line);
        return;
    }
    arrow += 3;
    len -= (size_t)(arrow - line);
    while (len > 0 && *arrow == ' ') {
        arrow++;
        len--;
    }
    mw_buf_printf(out, "same(%d, [==[%.*s]==], function() return %.*s end)\n", number, (int)len, arrow, (int)expression,
                  line);
}

/* Run the examples of a text: of its ```lua blocks, or of all of it. */
static void run_examples(const char *path, bool all, int least)
{
    MW_AUTO(mw_buf) text = {0};
    MW_AUTO(mw_buf) source = {0};
    MW_AUTO(mw_buf) helpers = {0};
    const char *line, *end, *name = strrchr(path, '/') + 1;
    bool inside = all;
    int number = 0, examples = 0;

    assert_int_equal(mw_file_read(path, &text, NULL), MW_OK);
    assert_int_equal(mw_file_read(FOLDER "modules/show.lua", &helpers, NULL), MW_OK);
    mw_buf_printf(&source, "%s\nreturn rule { check = function(r, ctx)\n", helpers.data);
    for (line = text.data; line < text.data + text.len; line = end + 1) {
        end = memchr(line, '\n', text.len - (size_t)(line - text.data));
        if (!end)
            break;
        number++;
        if (!all && end - line >= 3 && memcmp(line, "```", 3) == 0) {
            bool lua = end - line == 6 && memcmp(line, "```lua", 6) == 0;
            mw_buf_puts(&source, lua ? "do\n" : inside ? "end\n" : "");
            inside = lua;
        } else if (inside) {
            add_example(&source, line, (size_t)(end - line), number);
            examples += memmem(line, (size_t)(end - line), "-->", 3) != NULL;
        }
    }
    mw_buf_puts(&source, "do return result() end end }\n");
    if (examples < least)
        fail_msg("%s: %d examples, not %d", name, examples, least);
    judge_source(name, source.data, source.len);
}

static void test_policies(void **state)
{
    MW_AUTO(mw_buf) text = {0};

    (void)state;
    assert_int_equal(mw_file_read(FOLDER "modules/policies.lua", &text, NULL), MW_OK);
    judge_source("policies", text.data, text.len);
}

static void test_tables(void **state)
{
    static const char *const files[] = {"policy", "net", "time", "version", "tags", "cert", "secrets", "runtimes"};
    char path[512];

    (void)state;
    for (size_t i = 0; i < MW_COUNT(files); i++) {
        snprintf(path, sizeof(path), FOLDER "modules/%s.lua", files[i]);
        run_examples(path, true, 20);
    }
}

static void test_documentation(void **state)
{
    (void)state;
    run_examples(MW_SOURCE_DIR "/docs/reference/lua-modules.md", false, 60);
}

static void add_file(mw_buf *json, const char *group)
{
    MW_AUTO(mw_buf) text = {0};
    char path[512];

    snprintf(path, sizeof(path), FOLDER "policies/%s.json", group);
    assert_int_equal(mw_file_read(path, &text, NULL), MW_OK);
    mw_buf_printf(json, "%s\"%s\":", json->len && json->data[json->len - 1] != '{' ? "," : "", group);
    mw_buf_add(json, text.data, text.len, NULL);
}

static int open_documents(void **state)
{
    MW_AUTO(mw_buf) json = {0};

    (void)state;
    mw_buf_puts(
        &json,
        "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{\"AWS::S3::Bucket\":{\"scope\":\"global\",\"facets\":[],"
        "\"collected\":[]}},"
        "\"worlds\":[{\"scopes\":[],\"resources\":{\"AWS::S3::Bucket\":[{\"type\":\"AWS::S3::Bucket\",\"id\":\"b\","
        "\"arn\":null,"
        "\"name\":null,\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\","
        "\"tags\":{\"Owner\":\"ops\",\"cost-center\":\"42\",\"Env\":\"prod\"},\"created\":null,\"rest\":null,\"doc\":{"
        "\"Hidden\":{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"$unknown\":{\"code\":\"Denied\"}},"
        "\"Action\":\"*\"}]},"
        "\"Cases\":{");
    for (size_t i = 0; i < MW_COUNT(groups); i++)
        add_file(&json, groups[i]);
    mw_buf_puts(&json, "}}}]}}]}");
    snapshot = test_doc(json.data);
    bundle = test_doc("{}");
    return mw_snap_init(&snap, snapshot, NULL);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_policies), cmocka_unit_test(test_tables),
                                       cmocka_unit_test(test_documentation)};

    return cmocka_run_group_tests(tests, open_documents, close_documents);
}
