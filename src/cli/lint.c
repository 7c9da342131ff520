/*
 * `moonward lint`: reads rules with their tests, remediations and audits, and says what is wrong
 * with them. Runs none of them and calls nothing. This file finds the files and decides the exit
 * status.
 */
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/setup.h"

#include "base/file.h"
#include "base/str.h"
#include "engine/rule_files.h"
#include "lint/lint.h"
#include "report/lint.h"

#include <string.h>

#define TEST_SUFFIX "_test.lua"

struct linting {
    mw_setup setup;
    mw_model_pack pack;
    mw_arena paths;
    mw_file_list files;
    mw_lint *lint;
    bool unreadable;
};

static void clear(struct linting *w)
{
    mw_lint_free(w->lint);
    mw__files_clear(&w->files);
    mw_arena_clear(&w->paths);
    mw_model_pack_clear(&w->pack);
    mw_setup_clear(&w->setup);
}

/* A test is read with its rule: naming it names both. */
static mw_status add_path(struct linting *w, const char *path, mw_error *err)
{
    size_t len = strlen(path), suffix = sizeof(TEST_SUFFIX) - 1;
    const char *rule = NULL;

    if (len > suffix && strcmp(path + len - suffix, TEST_SUFFIX) == 0)
        rule = mw_arena_printf(&w->paths, "%.*s.lua", (int)(len - suffix), path);
    return mw__files_add(&w->files, rule && mw_file_exists(rule) ? rule : path, err);
}

static mw_status find_files(struct linting *w, const mw_args *args, mw_error *err)
{
    size_t given = mw_args_positional_count(args), n = given;
    const char **paths = NULL;
    mw_status st = MW_OK;

    w->files.arena = &w->paths;
    if (given == 0 && (st = mw_setup_rule_paths(&w->setup, &paths, &n, err)) != MW_OK)
        return st;
    for (size_t i = 0; st == MW_OK && i < n; i++)
        st = add_path(w, given ? mw_args_positional(args, i) : paths[i], err);
    mw__files_sort(&w->files);
    return st;
}

/* A file that cannot be read does not keep the others from being read. */
static bool readable(struct linting *w, mw_source_file *f, mw_arena *arena, mw_error *err)
{
    if (mw__file_read_source(f, arena, err) == MW_OK)
        return true;
    (void)mw_cli_fail(err);
    w->unreadable = true;
    return false;
}

static mw_status lint_one(struct linting *w, mw_source_file *f, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    mw_source_file test = {0};
    size_t len = strlen(f->path);

    if (!readable(w, f, &arena, err))
        return MW_OK;
    if (!mw_str_ends(f->path, TEST_SUFFIX) && mw_str_ends(f->path, ".lua")) {
        test.path = mw_arena_printf(&arena, "%.*s" TEST_SUFFIX, (int)(len - 4), f->path);
        if (test.path && mw_file_exists(test.path) && !readable(w, &test, &arena, err))
            return MW_OK;
    }
    return mw_lint_add(w->lint, f->path, f->source, f->len, test.path, test.source, test.len, err);
}

static mw_status write(const struct linting *w, mw_buf *out, mw_error *err)
{
    const char *output = mw_args_get(w->setup.cli->args, "output");

    if (mw_str_eq(output, "json"))
        return mw_report_lint_json(w->lint, out, err);
    if (mw_str_eq(output, "sarif"))
        return mw_report_lint_sarif(w->lint, MW_VERSION, out, err);
    if (mw_str_eq(output, "github"))
        return mw_report_lint_github(w->lint, out, err);
    return mw_report_lint_text(w->lint, mw_setup_text(&w->setup).color, out, err);
}

static int outcome(const struct linting *w)
{
    const char *fail_on = mw_args_get(w->setup.cli->args, "fail-on");
    mw_lint_severity least = mw_str_eq(fail_on, "note")      ? MW_LINT_NOTE
                             : mw_str_eq(fail_on, "warning") ? MW_LINT_WARNING
                                                             : MW_LINT_ERROR;

    if (w->unreadable)
        return MW_EXIT_USAGE;
    for (size_t i = 0; i < mw_lint_count(w->lint); i++)
        if (mw_lint_at(w->lint, i)->code->severity >= least)
            return MW_EXIT_FINDINGS;
    return MW_EXIT_OK;
}

static int run(mw_cli *cli)
{
    struct linting w = {0};
    MW_AUTO(mw_buf) out = {.max = (size_t)1 << 30};
    mw_lint_options o = {0};
    mw_error err = {0};
    mw_status st;
    int code;

    if ((st = mw_setup_config(&w.setup, cli, &err)) != MW_OK || (st = mw_setup_types(&w.setup, &err)) != MW_OK ||
        (st = mw_model_pack_open(cli->args, &w.pack, &err)) != MW_OK || (st = find_files(&w, cli->args, &err)) != MW_OK)
        goto out;
    o.types = w.setup.types;
    o.models = w.pack.models;
    if ((st = mw_lint_new(&o, &w.lint, &err)) != MW_OK)
        goto out;
    for (size_t i = 0; st == MW_OK && i < w.files.count; i++)
        st = *cli->stop ? mw_fail(&err, MW_ERR_CANCELLED, "interrupted") : lint_one(&w, &w.files.items[i], &err);
    if (st == MW_OK && (st = mw_lint_finish(w.lint, &err)) == MW_OK)
        st = write(&w, &out, &err);
out:
    code = st == MW_OK ? mw_cli_print(out.data, out.len, outcome(&w)) : mw_cli_fail(&err);
    clear(&w);
    return code;
}

static const mw_option options[] = {
    {.name = "fail-on",
     .value = "SEVERITY",
     .choices = "error|warning|note",
     .help = "Exit 1 when something of this severity or above is found (default: error)"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json|sarif|github",
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
};

const mw_command mw_command_lint = {
    .name = "lint",
    .arguments = "[PATHS…]",
    .summary = "Find mistakes in rules, their tests, remediations and audits by reading them",
    .description = "PATHS are files and folders (default: the rules of the configuration). Nothing "
                   "is run and nothing is called:\n"
                   "members, values and parameters are held against AWS's service models, "
                   "declarations against what\n"
                   "is used, Lua against what the sandbox has. `-- lint: ignore CODE reason` "
                   "silences one finding of\n"
                   "its line. Exit status 3 when a file cannot be read.\n",
    .examples = "moonward lint\n"
                "moonward lint rules scripts/audits --fail-on warning\n"
                "moonward lint --output sarif > lint.sarif\n"
                "moonward explain MW1101\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
