/* What editors are told is what there is: the `---@meta` texts against the VM, in both directions. */
#include "base/mem.h"
#include "lua/describe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Those that Lua has, which editors know by themselves. */
static const char *const lua_own[] = {"assert", "error",    "ipairs",   "math",     "next",    "pairs",
                                      "pcall",  "rawequal", "rawget",   "rawlen",   "require", "select",
                                      "string", "table",    "tonumber", "tostring", "type",    "utf8"};

static bool is_lua_own(const char *name)
{
    const char *dot = strchr(name, '.');
    size_t len = dot ? (size_t)(dot - name) : strlen(name);

    if (strcmp(name, "string.trim") == 0 || strcmp(name, "string.split") == 0)
        return false;
    for (size_t i = 0; i < MW_COUNT(lua_own); i++)
        if (strlen(lua_own[i]) == len && strncmp(lua_own[i], name, len) == 0)
            return true;
    return false;
}

static void all_texts(mw_buf *out)
{
    mw_str text;

    for (size_t i = 0; mw_lua_meta_at(i, &text); i++)
        mw_buf_add(out, text.data, text.len, NULL);
    assert_int_equal(out->failed, MW_OK);
}

/* How the texts write a name, one way or the other. */
static bool is_told(const char *texts, const char *name)
{
    static const struct {
        const char *before, *ways[4];
    } kinds[] = {{":", {"function List:%s(", "function Object:%s(", "function Tags:%s(", NULL}},
                 {"inventory.", {"function Inventory:%s(", NULL}},
                 {"ctx.", {"---@field %s ", NULL}},
                 {"aws.", {"function aws.%s(", "---@field %s ", NULL}},
                 {"", {"function %s(", "\n%s = {}", NULL}}};

    for (size_t i = 0; i < MW_COUNT(kinds); i++) {
        size_t len = strlen(kinds[i].before);
        if (strncmp(name, kinds[i].before, len) != 0)
            continue;
        for (size_t k = 0; k < 4 && kinds[i].ways[k]; k++) {
            MW_AUTO(mw_buf) way = {0};
            const char *mark = strstr(kinds[i].ways[k], "%s");
            mw_buf_printf(&way, "%.*s%s%s", (int)(mark - kinds[i].ways[k]), kinds[i].ways[k], name + len, mark + 2);
            if (strstr(texts, way.data))
                return true;
        }
        return false;
    }
    return false;
}

static void every_name_is_told(void **state)
{
    MW_AUTO(mw_buf) texts = {0};
    mw_doc_builder *b = NULL;
    mw_vm *vm = NULL;
    mw_error err = {0};
    size_t told = 0;
    mw_val names;

    (void)state;
    all_texts(&texts);
    assert_int_equal(mw_vm_new(0, &vm, &err), MW_OK);
    assert_int_equal(mw_doc_builder_new(NULL, &b, &err), MW_OK);
    if (mw_vm_describe_names(vm, b, &err) != MW_OK)
        fail_msg("%s", err.message);
    names = mw_doc_pop(b);
    for (size_t i = 0; i < mw_val_len(mw_doc_view(b), names); i++) {
        mw_val key;
        const char *name;
        mw_val_member(mw_doc_view(b), names, i, &key);
        name = mw_val_str(mw_doc_view(b), key, NULL);
        if (is_lua_own(name))
            continue;
        if (!is_told(texts.data, name))
            fail_msg("src/lua/meta does not tell of '%s'", name);
        told++;
    }
    assert_true(told > 35);
    /* And nothing that is not there: each `function X(` of the texts. */
    for (const char *at = texts.data; (at = strstr(at, "\nfunction ")) != NULL;) {
        MW_AUTO(mw_buf) name = {0};
        at += strlen("\nfunction ");
        mw_buf_add(&name, at, strcspn(at, "("), NULL);
        for (char *colon = strchr(name.data, ':'); colon; colon = NULL) { /* methods by their kind */
            bool inventory = strncmp(name.data, "Inventory", 9) == 0;
            MW_AUTO(mw_buf) method = {0};
            mw_buf_printf(&method, "%s%s", inventory ? "inventory." : ":", colon + 1);
            mw_buf_reset(&name);
            mw_buf_puts(&name, method.data);
        }
        if (mw_val_get(mw_doc_view(b), names, name.data) == MW_VAL_ABSENT)
            fail_msg("src/lua/meta tells of '%s', which there is not", name.data);
    }
    mw_doc_builder_free(b);
    mw_vm_free(vm);
}

static void modules_are_described(void **state)
{
    mw_doc_builder *b = NULL;
    mw_vm *vm = NULL;
    mw_error err = {0};
    const mw_doc *d;
    mw_val modules;

    (void)state;
    assert_int_equal(mw_vm_new(0, &vm, &err), MW_OK);
    assert_int_equal(mw_doc_builder_new(NULL, &b, &err), MW_OK);
    if (mw_vm_describe_modules(vm, b, &err) != MW_OK)
        fail_msg("%s", err.message);
    d = mw_doc_view(b);
    modules = mw_doc_pop(b);
    assert_true(mw_val_len(d, modules) >= 5);
    assert_string_equal(mw_val_str(d, mw_val_path(d, modules, "net.members.contains.params"), NULL), "outer, inner");
    assert_true(strstr(mw_val_str(d, mw_val_path(d, modules, "net.members.contains.comment"), NULL), "hold all of") !=
                NULL);
    for (size_t i = 0; i < mw_val_len(d, modules); i++) {
        mw_val name, m = mw_val_member(d, modules, i, &name), members = mw_val_get(d, m, "members");
        assert_true(mw_val_len(d, members) > 0);
        assert_true(strlen(mw_val_get_str(d, m, "comment", "")) > 0);
        for (size_t k = 0; k < mw_val_len(d, members); k++) {
            mw_val key, f = mw_val_member(d, members, k, &key);
            if (strcmp(mw_val_get_str(d, f, "kind", ""), "function") == 0 && !*mw_val_get_str(d, f, "comment", ""))
                fail_msg("%s.%s has no comment above it", mw_val_str(d, name, NULL), mw_val_str(d, key, NULL));
        }
    }
    mw_doc_builder_free(b);
    mw_vm_free(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_name_is_told), cmocka_unit_test(modules_are_described)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
