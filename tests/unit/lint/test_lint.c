/*
 * Each code on its bad and its good example (tests/data/lint), the sandbox's tables beside the VM,
 * the pages of the manual, and what is not certain and therefore not said.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"
#include "engine/rule_files.h"
#include "inventory/shape.h"
#include "lint/lint.h"
#include "lint/sandbox.h"
#include "lua/vm.h"
#include "report/lint.h"
#include "support/support.h"

#include <stdio.h>

static mw_types *types;
static const mw_models *models;

static int set_up(void **state)
{
    (void)state;
    return mw_types_load(NULL, 0, &types, NULL) == MW_OK && mw_models_builtin(&models, NULL) == MW_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mw_types_free(types);
    return 0;
}

static mw_lint *new_lint(void)
{
    mw_lint_options o = {types, models};
    mw_lint *l = NULL;

    assert_int_equal(mw_lint_new(&o, &l, NULL), MW_OK);
    return l;
}

/* Everything below a folder, as the command reads it. */
static mw_lint *lint_folder(const char *folder)
{
    MW_AUTO(mw_arena) arena = {0};
    mw_file_list files = {.arena = &arena};
    mw_lint *l = new_lint();
    mw_error err = {0};

    assert_int_equal(mw__files_add(&files, folder, &err), MW_OK);
    mw__files_sort(&files);
    for (size_t i = 0; i < files.count; i++) {
        mw_source_file *f = &files.items[i], test = {0};
        assert_int_equal(mw__file_read_source(f, &arena, &err), MW_OK);
        test.path = mw_arena_printf(&arena, "%.*s_test.lua", (int)strlen(f->path) - 4, f->path);
        if (mw_file_exists(test.path))
            assert_int_equal(mw__file_read_source(&test, &arena, &err), MW_OK);
        assert_int_equal(mw_lint_add(l, f->path, f->source, f->len, test.path, test.source, test.len, &err), MW_OK);
    }
    mw__files_clear(&files);
    assert_int_equal(mw_lint_finish(l, &err), MW_OK);
    return l;
}

static void fail_with(const mw_lint *l, const char *why)
{
    MW_AUTO(mw_buf) text = {0};

    mw_report_lint_text(l, false, &text, NULL);
    fail_msg("%s\n%s", why, text.data);
}

static void each_code_has_its_examples(void **state)
{
    size_t n;
    const mw_lint_code *codes = mw_lint_codes(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        char folder[512], why[600];
        bool found = false;
        mw_lint *l;
        snprintf(folder, sizeof(folder), MW_SOURCE_DIR "/tests/data/lint/%s/bad", codes[i].id);
        l = lint_folder(folder);
        for (size_t k = 0; k < mw_lint_count(l); k++) {
            const mw_lint_finding *f = mw_lint_at(l, k);
            found = found || f->code == &codes[i];
            if (f->code != &codes[i] && f->code->severity == MW_LINT_ERROR)
                fail_with(l, "another error in a bad example");
        }
        snprintf(why, sizeof(why), "%s is not found in its bad example", codes[i].id);
        if (!found)
            fail_with(l, why);
        mw_lint_free(l);
        snprintf(folder, sizeof(folder), MW_SOURCE_DIR "/tests/data/lint/%s/good", codes[i].id);
        l = lint_folder(folder);
        if (mw_lint_count(l) > 0)
            fail_with(l, "a good example is not silent");
        mw_lint_free(l);
    }
}

static void what_ships_is_clean(void **state)
{
    static const char *const folders[] = {MW_SOURCE_DIR "/rules", MW_SOURCE_DIR "/scripts/audits"};
    unsigned major = 0, minor = 0;

    (void)state;
    /* Rules read members that older models lack. */
    if (sscanf(mw_models_botocore_version(models), "%u.%u", &major, &minor) != 2 || (major == 1 && minor < 43))
        skip_because("lint of what ships: it wants models of botocore 1.43 and newer, these are of %s",
                     mw_models_botocore_version(models));
    for (size_t i = 0; i < MW_COUNT(folders); i++) {
        mw_lint *l = lint_folder(folders[i]);
        if (mw_lint_count(l) > 0)
            fail_with(l, "what ships is not clean");
        mw_lint_free(l);
    }
}

/* A section for each code, with its title and severity, and no section without a code. */
static void the_manual_has_each_code(void **state)
{
    MW_AUTO(mw_buf) page = {0};
    size_t n, sections = 0;
    const mw_lint_code *codes = mw_lint_codes(&n);

    (void)state;
    assert_int_equal(mw_file_read(MW_SOURCE_DIR "/docs/reference/lint.md", &page, NULL), MW_OK);
    for (size_t i = 0; i < n; i++) {
        char heading[256];
        snprintf(heading, sizeof(heading), "\n### %s %s\n\n*%s.* ", codes[i].id, codes[i].title,
                 mw_lint_severity_name(codes[i].severity));
        if (!strstr(page.data, heading))
            fail_msg("docs/reference/lint.md: expected the section %s", heading);
    }
    for (const char *s = page.data; (s = strstr(s, "\n### MW")); s++)
        sections++;
    assert_int_equal(sections, n);
}

/* ---- single lines in a rule ---- */

static const char before[] = "--- X.\n-- @see https://docs.aws.amazon.com/\nlocal policy, net = "
                             "require \"policy\", require \"net\"\n"
                             "return rule { id = \"x\", title = \"x\", severity = \"low\", "
                             "resource = \"AWS::EC2::Instance\",\n"
                             "needs = { \"Image\" }, related = { \"AWS::S3::Bucket\" }, params = { "
                             "days = 1 }, check = function(r, ctx)\n";
static const char after[] =
    "\nif r.Image.ImageId == ctx.params.days .. policy.like .. net.parse .. "
    "#ctx.inventory:each(\"AWS::S3::Bucket\") then return pass() end return fail(\"x\") end }\n";

static void lines(void **state)
{
    static const struct {
        const char *line, *codes; /* separated by blanks, sorted */
    } rows[] = {
        /* certain */
        {"for t in r.Tags:each() do if t.Kei then return pass() end end", "MW1101"},
        {"for _, b in ipairs(r.BlockDeviceMappings) do if b.Ebs.Volume then return pass() end end", "MW1101"},
        {"for _, b in ipairs(r.BlockDeviceMappings or {}) do local e = b.Ebs if e and e.VolumeI "
         "then return pass() end end",
         "MW1101"},
        {"if r:path(\"State.Nme\") then return pass() end", "MW1101"},
        {"if r:path(\"State.Name.X\") then return pass() end", "MW1101"},
        {"if r.doc.State.Nme then return pass() end", "MW1101"},
        {"if r.Tags:find(\"Ky\", \"Name\") then return pass() end", "MW1101"},
        {"if r.Tags.Key then return pass() end", "MW1101"},
        {"local i = try(function() return r.Image end) if i and i.Nam then return pass() end", "MW1101"},
        {"local f = function(s) return s.Nme end if f(r.State) then return pass() end", "MW1101"},
        {"local b = ctx.inventory:get(\"AWS::S3::Bucket\", \"x\") if b and b.Nam then return "
         "pass() end",
         "MW1101"},
        {"for b in ctx.inventory:each(\"AWS::S3::Bucket\"):each() do if b.Versioning then return "
         "pass() end end",
         "MW1301"},
        {"for _, b in ipairs(ctx.inventory:each(\"AWS::S3::Bucket\", { Nam = \"x\" })) do if b.id "
         "then return pass() end end",
         "MW1101"},
        {"if r.State.Name == \"runing\" then return pass() end", "MW1201"},
        {"if \"runing\" ~= r.State.Name then return pass() end", "MW1201"},
        {"if r.BlockDeviceMappings:any(\"Ebs.Status\", { \"attached\", \"atached\" }) then return "
         "pass() end",
         "MW1201"},
        {"if r.EbsOptimized == \"true\" then return pass() end", "MW1202"},
        {"if r.AmiLaunchIndex == \"0\" then return pass() end", "MW1202"},
        {"if r.State == \"running\" then return pass() end", "MW1202"},
        {"if r.Tags > 1 then return pass() end", "MW1202"},
        {"if not r.State.Name == \"running\" then return pass() end", "MW1203"},
        {"local x = r.EbsOptimized and nil or \"x\" if x == ctx.account then return pass() end", "MW1203"},
        {"if policy.lik(\"a\", \"b\") then return pass() end", "MW1103"},
        {"if string.starts(r.id, \"i\") then return pass() end", "MW1103"},
        {"local v, cause = try(function() return r.Image end) if v and cause.kode then return "
         "pass() end",
         "MW1103"},
        {"if ctx.inventory:all(\"AWS::S3::Bucket\") then return pass() end", "MW1102"},
        {"if r.Tags:path(\"Key\") then return pass() end", "MW1102"},
        {"if r.id:startswith(\"i\") then return pass() end", "MW1102"},
        {"while true do if r.id then break end end", ""},
        {"for i = 1, 3 do local x = i end", "MW1604"},
        {"if ctx.params.days then return end", "MW1609"},
        {"do return pass() end if r.id then return pass() end", "MW1606"},
        /* not certain, or right */
        {"local s = r.State s = ctx if s.Nme then return pass() end", ""},
        {"local s = r[ctx.params.days] if s.Nme then return pass() end", ""},
        {"for k, v in pairs(r.State) do if k == v then return pass() end end", ""},
        {"if r:search(\"Whatever\") then return pass() end", ""},
        {"if r.tags:has(\"x\") and r.tags.Name == \"x\" and r.tags[\"y\"] then return pass() end", ""},
        {"if #r.Tags == 0 or r.Tags[1].Key == \"x\" then return pass() end", ""},
        {"if (r.State.Name or \"none\") == \"none\" then return pass() end", ""},
        {"if r.LaunchTime < \"2020\" then return pass() end", ""},
        {"local out = {} for _, t in ipairs(r.Tags or {}) do out[#out + 1] = t.Key end "
         "table.sort(out) if out[1] then return pass() end",
         ""},
        {"local _, cause = try(function() return r.Image end) if cause then return "
         "unknown(cause.code) end",
         ""},
        {"local x = r.id goto done ::done:: if x then return pass() end", ""},
        {"local function f(n) return n and f(n.next) end if f(r.State) then return pass() end", ""},
        {"local x = r.EbsOptimized and \"a\" or \"b\" if x == \"a\" then return pass() end", ""},
        {"ctx.log(\"%s\", r.id)", ""},
        {"local on = ctx.params.days and r.State if on == false then return pass() end", ""},
        {"while 1 do if r.id then break end end", ""},
        {"repeat local x = r.id if x then break end until true", ""},
        {"if nil then return pass() end", "MW1607"},
        {"local a = arn(r.arn) if a and a.partition == \"aws\" then return pass() end", ""},
    };
    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) text = {0}, found = {0};
        mw_lint *l = new_lint();
        mw_error err = {0};
        mw_buf_join(&text, before, rows[i].line, after, NULL);
        assert_int_equal(mw_lint_add(l, "x.lua", text.data, text.len, NULL, NULL, 0, &err), MW_OK);
        assert_int_equal(mw_lint_finish(l, &err), MW_OK);
        for (size_t k = 0; k < mw_lint_count(l); k++) {
            const mw_lint_finding *f = mw_lint_at(l, k);
            if (f->line == 6)
                mw_buf_printf(&found, "%s%s", found.len ? " " : "", f->code->id);
        }
        if (!mw_str_eq(found.data ? found.data : "", rows[i].codes))
            fail_msg("%s\nexpected '%s', found '%s'", rows[i].line, rows[i].codes, found.data ? found.data : "");
        mw_lint_free(l);
    }
}

/* ---- the sandbox ---- */

/* Every global that the tables name is there, and nothing that they call missing is. */
static void the_tables_are_the_vms(void **state)
{
    static const char *const names[] = {"os",           "io",       "debug",          "package", "coroutine",
                                        "load",         "loadfile", "dofile",         "xpcall",  "setmetatable",
                                        "getmetatable", "rawset",   "collectgarbage", "_G",      "print"};
    static const char *const libraries[] = {"string", "table", "math", "utf8"};
    MW_AUTO(mw_arena) arena = {0};
    MW_AUTO(mw_buf) source = {0}, json = {0};
    file f = {.kind = FILE_RULE, .arena = &arena};
    mw_vm *vm = NULL;
    mw_error err = {0};
    const char **globals;
    size_t n;
    int ref;

    (void)state;
    globals = mw__lint_sandbox_names(&f, &n);
    mw_buf_puts(&source, "local lost = {}\n");
    for (size_t i = 0; i < n; i++)
        mw_buf_printf(&source, "if %s == nil then lost[#lost + 1] = \"no %s\" end\n", globals[i], globals[i]);
    for (size_t i = 0; i < MW_COUNT(names); i++)
        mw_buf_printf(&source, "if %s ~= nil then lost[#lost + 1] = \"there is %s\" end\n", names[i], names[i]);
    for (size_t i = 0; i < MW_COUNT(libraries); i++) {
        size_t members;
        const char *const *all = mw__lint_sandbox_library(mw_str_of(libraries[i]), &members);
        mw_buf_printf(&source, "local n, want = 0, %zu for _ in pairs(%s) do n = n + 1 end\n", members, libraries[i]);
        mw_buf_printf(&source, "if n ~= want then lost[#lost + 1] = \"%s has \" .. n end\n", libraries[i]);
        for (size_t k = 0; k < members; k++)
            mw_buf_printf(&source, "if %s.%s == nil then lost[#lost + 1] = \"no %s.%s\" end\n", libraries[i], all[k],
                          libraries[i], all[k]);
    }
    mw_buf_puts(&source, "return rule { id = table.concat(lost, \", \") }\n");
    assert_int_equal(mw_vm_new(0, &vm, &err), MW_OK);
    if (mw_vm_load(vm, MW_VM_RULE, "x.lua", source.data, source.len, &ref, &err) != MW_OK)
        fail_msg("%s", err.message);
    assert_int_equal(mw_vm_to_json(vm, ref, 0, &json, &err), MW_OK);
    assert_string_equal(json.data, "{\"id\":\"\"}");
    mw_vm_free(vm);
}

/* ---- without memory ---- */

static mw_sys_calls machine;
static size_t left; /* allocations that still succeed */

static void *sparing(void *ctx, void *old, size_t size)
{
    if (size > 0 && left == 0)
        return NULL;
    left -= size > 0;
    return machine.realloc_fn(ctx, old, size);
}

/* Every allocation from the n-th on fails, for each n: a status, never a crash, never "nothing
 * found". */
static void memory_runs_out(void **state)
{
    MW_AUTO(mw_buf) text = {0};
    mw_lint_options o = {types, models};
    size_t found = 0;
    bool whole = false;

    (void)state;
    mw_buf_join(&text, before,
                "for t in r.Tags:each() do if t.Kei == r.Nope or gone then ctx.log(tostring({})) end end", after, NULL);
    machine = mw_sys;
    for (size_t n = 0; !whole && n < 20000; n++) {
        mw_lint *l = NULL;
        mw_error err = {0};
        mw_status st;
        left = n;
        mw_sys.realloc_fn = sparing;
        st = mw_lint_new(&o, &l, &err);
        if (st == MW_OK)
            st = mw_lint_add(l, "x.lua", text.data, text.len, NULL, NULL, 0, &err);
        if (st == MW_OK)
            st = mw_lint_finish(l, &err);
        mw_sys.realloc_fn = machine.realloc_fn;
        assert_true(st == MW_OK || st == MW_ERR_NOMEM);
        whole = st == MW_OK;
        found = whole ? mw_lint_count(l) : 0;
        mw_lint_free(l);
    }
    assert_true(whole);
    assert_int_equal(found, 5);
}

/* ---- shapes ---- */

static void paths_are_followed(void **state)
{
    static const struct {
        const char *path, *shape; /* NULL: not known */
        unsigned lists;
    } rows[] = {
        {"Reservations", "Reservation", 1},
        {"Reservations[].Instances[]", "Instance", 1},
        {"Reservations[*].Instances", "Instance", 2},
        {"Reservations[0].Instances[0].State.Name", "InstanceStateName", 0},
        {"Reservations[].Instances[].Tags[] | [0]", "Tag", 0},
        {"Reservations[?OwnerId=='1'].Instances | [0]", "Instance", 1},
        {"@", "DescribeInstancesResult", 0},
        {"Reservations[].{A: OwnerId}", NULL, 0},
        {"length(Reservations)", NULL, 0},
        {"Reservations || NextToken", NULL, 0},
        {"[@]", "DescribeInstancesResult", 1},
        {"[Reservations] | [0][0].OwnerId", "String", 0},
        {"[OwnerId, NextToken]", NULL, 0},
        {"[0]", NULL, 0},
        {"Nothing", NULL, 0},
    };
    const mw_operation *op = mw_models_operation(models, "ec2:DescribeInstances", 21);

    (void)state;
    assert_non_null(op);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_typed t = mw_shape_follow(mw_shape_typed(mw_operation_output(op)), rows[i].path);
        assert_string_equal(t.shape ? mw_shape_name(t.shape) : "-", rows[i].shape ? rows[i].shape : "-");
        if (t.shape)
            assert_int_equal(t.lists, rows[i].lists);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_its_examples),
        cmocka_unit_test(what_ships_is_clean),
        cmocka_unit_test(the_manual_has_each_code),
        cmocka_unit_test(lines),
        cmocka_unit_test(the_tables_are_the_vms),
        cmocka_unit_test(paths_are_followed),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
