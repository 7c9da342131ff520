/*
 * `moonward doc`: the reference of the rules that are here, and the manual pages of the program. Reads rules and their
 * tests, calls nobody.
 */
#include "cli/commands.h"
#include "cli/man.h"
#include "cli/models.h"
#include "cli/setup.h"
#include "cli/sweep.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/repl.h"
#include "inventory/plan.h"
#include "report/reference.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT_DEFAULT "reference"
#define PAGE_MAX       ((size_t)64 << 20)

struct doc {
    mw_setup setup;
    mw_model_pack pack;
    mw_reference_rule *items;
    mw_doc **fixtures;
    size_t count, written;
    const char *folder;
};

static void clear(struct doc *w)
{
    for (size_t i = 0; i < w->count; i++)
        mw_doc_free(w->fixtures[i]);
    mw_model_pack_clear(&w->pack);
    mw_setup_clear(&w->setup);
}

static mw_status write_page(struct doc *w, const char *name, const mw_buf *text, mw_error *err)
{
    MW_AUTO(mw_buf) path = {.max = 8192};
    mw_status st = mw_buf_status(text, err);

    if (st != MW_OK)
        return st;
    mw_buf_printf(&path, "%s/%s", w->folder, name);
    if (path.failed)
        return mw_buf_status(&path, err);
    w->written++;
    return mw_file_write_atomic(path.data, text->data ? text->data : "", text->len, 0666, err);
}

/* ---- what a rule calls and how it is tested ---- */

static mw_status operations(struct doc *w, mw_reference_rule *to, mw_error *err)
{
    const char **names = NULL;
    mw_plan *p = NULL;
    mw_status st = mw_sweep_plan_rule(to->rule, w->setup.types, w->pack.models, &p, err);

    if (st == MW_OK) {
        to->operation_count = mw_plan_operation_count(p);
        names = mw_arena_alloc(&w->setup.arena, (to->operation_count + 1) * sizeof(*names));
        for (size_t i = 0; names && i < to->operation_count; i++)
            if (!(names[i] = mw_arena_strdup(&w->setup.arena, mw_plan_operation_at(p, i))))
                names = NULL;
        to->operations = names;
        if (!names)
            st = mw_fail(err, MW_ERR_NOMEM, "doc: out of memory");
    }
    mw_plan_free(p);
    return st;
}

static mw_status tests_of(const mw_rule *r, mw_doc **out, mw_error *err)
{
    MW_AUTO(mw_buf) path = {.max = 8192};

    mw_buf_printf(&path, "%.*s_test.lua", (int)(strlen(r->path) - strlen(".lua")), r->path);
    if (path.failed)
        return mw_buf_status(&path, err);
    return mw_file_exists(path.data) ? mw_fixtures_load(path.data, out, err) : MW_OK;
}

static mw_status gather(struct doc *w, mw_error *err)
{
    size_t n = mw_rules_count(w->setup.rules);
    mw_status st = MW_OK;

    w->items = mw_arena_alloc(&w->setup.arena, (n + 1) * sizeof(*w->items));
    w->fixtures = mw_arena_alloc(&w->setup.arena, (n + 1) * sizeof(*w->fixtures));
    if (!w->items || !w->fixtures)
        return mw_fail(err, MW_ERR_NOMEM, "doc: out of memory");
    for (size_t i = 0; i < n && st == MW_OK; i++) {
        w->items[i].rule = mw_rules_at(w->setup.rules, i);
        if ((st = operations(w, &w->items[i], err)) == MW_OK)
            st = tests_of(w->items[i].rule, &w->fixtures[i], err);
        w->items[i].fixtures = w->fixtures[i];
        w->count++;
    }
    return st;
}

/* ---- writing ---- */

static mw_status write_rules(struct doc *w, const char *format, mw_error *err)
{
    const mw_reference r = {.rules = w->setup.rules, .items = w->items, .count = w->count};
    bool html = mw_str_eq(format, "html");
    mw_reference_format f = html ? MW_REFERENCE_HTML : MW_REFERENCE_MARKDOWN;
    MW_AUTO(mw_buf) page = {.max = PAGE_MAX};
    mw_status st = MW_OK;

    if (mw_str_eq(format, "json"))
        return (st = mw_reference_json(&r, &page, err)) == MW_OK ? write_page(w, "rules.json", &page, err) : st;
    for (size_t i = 0; i < w->count && st == MW_OK; i++) {
        char name[160];
        mw_buf_reset(&page);
        snprintf(name, sizeof(name), "%s.%s", w->items[i].rule->id, html ? "html" : "md");
        if ((st = mw_reference_page(&r, &w->items[i], f, &page, err)) == MW_OK)
            st = write_page(w, name, &page, err);
    }
    mw_buf_reset(&page);
    if (st == MW_OK && (st = mw_reference_index(&r, f, &page, err)) == MW_OK)
        st = write_page(w, html ? "index.html" : "index.md", &page, err);
    return st;
}

static mw_status write_man(struct doc *w, mw_error *err)
{
    size_t n;
    const mw_command *const *all = mw_commands(&n);
    mw_status st = MW_OK;

    for (size_t i = 0; i <= n && st == MW_OK; i++) {
        const mw_command *c = i < n ? all[i] : NULL;
        MW_AUTO(mw_buf) page = {.max = PAGE_MAX};
        char name[160];
        if ((st = mw_man_page(c, &page, err)) == MW_OK)
            st = write_page(w, mw_man_name(c, name, sizeof(name)), &page, err);
    }
    return st;
}

static mw_status write_all(struct doc *w, const char *format, mw_error *err)
{
    mw_status st;

    if (mw_str_eq(format, "man"))
        return (st = mw_mkdirs(w->folder, 0777, err)) == MW_OK ? write_man(w, err) : st;
    if ((st = mw_setup_rules(&w->setup, err)) != MW_OK ||
        (st = mw_model_pack_open(w->setup.cli->args, &w->pack, err)) != MW_OK || (st = gather(w, err)) != MW_OK ||
        (st = mw_mkdirs(w->folder, 0777, err)) != MW_OK)
        return st;
    return write_rules(w, format, err);
}

static int run(mw_cli *cli)
{
    struct doc w = {.folder = mw_args_get(cli->args, "output")};
    const char *format = mw_args_get(cli->args, "format");
    MW_AUTO(mw_buf) out = {.max = 8192};
    mw_error err = {0};
    int code;

    if (!w.folder)
        w.folder = OUTPUT_DEFAULT;
    if (mw_setup_config(&w.setup, cli, &err) != MW_OK || write_all(&w, format ? format : "markdown", &err) != MW_OK) {
        code = mw_cli_fail(&err);
    } else {
        mw_buf_printf(&out, "%s: %zu file%s\n", w.folder, w.written, w.written == 1 ? "" : "s");
        code = mw_cli_print(out.data, out.len, MW_EXIT_OK);
    }
    clear(&w);
    return code;
}

static const mw_option options[] = {
    {.name = "output", .value = "DIR", .help = "Folder to write to (default: reference)"},
    {.name = "format",
     .value = "FORMAT",
     .choices = "markdown|html|json|man",
     .help = "What is written (default: markdown); man: the pages of this program's commands"},
};

const mw_command mw_command_doc = {
    .name = "doc",
    .summary = "Write a reference page for each rule, and an index",
    .description =
        "A page says why, what the rule reads and calls, its parameters and controls, and shows its tests as examples; "
        "the index is by service and by framework. Links are relative. The same rules give the same files.",
    .examples = "moonward doc --output reference --format html\nmoonward doc --format man --output man1\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .run = run,
};
