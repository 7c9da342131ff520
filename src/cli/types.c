/*
 * `moonward types`: files for the editor's language server. Rewrites the files that it writes, since they are made and
 * not edited; removes its own older ones, so that a type that is gone does not linger.
 */
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/setup.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "report/lua_types.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_DEFAULT ".moonward/types"
#define MADE_BY        "Written by `moonward types`"

struct target {
    const char *folder;
    size_t files, bytes;
};

static mw_status write_file(void *user, const char *name, const mw_buf *text, mw_error *err)
{
    struct target *t = user;
    MW_AUTO(mw_buf) path = {.max = 4096};

    mw_buf_printf(&path, "%s/%s", t->folder, name);
    if (path.failed)
        return mw_buf_status(&path, err);
    t->files++;
    t->bytes += text->len;
    return mw_file_write_atomic(path.data, text->data, text->len, 0666, err);
}

/* A file of ours: its head says so. */
static bool is_ours(const char *path)
{
    MW_AUTO(mw_buf) text = {.max = (size_t)64 << 20};

    return mw_file_read(path, &text, NULL) == MW_OK && text.data && mw_str_starts(text.data, "---@meta") &&
           strstr(text.data, MADE_BY);
}

static void remove_ours(const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *e;

    while (d && (e = readdir(d)) != NULL) {
        MW_AUTO(mw_buf) path = {.max = 4096};
        if (!mw_str_ends(e->d_name, ".lua"))
            continue;
        mw_buf_printf(&path, "%s/%s", folder, e->d_name);
        if (!path.failed && is_ours(path.data))
            unlink(path.data);
    }
    if (d)
        closedir(d);
}

static void add_type(const mw_type **types, size_t *n, const mw_type *t)
{
    for (size_t i = 0; i < *n; i++)
        if (types[i] == t)
            return;
    types[(*n)++] = t;
}

/* Named types; with --all every type; else those that the rules judge and relate to. In name order. */
static mw_status choose(mw_setup *s, const mw_type **types, size_t *n, mw_error *err)
{
    const mw_args *args = s->cli->args;
    size_t named = mw_args_positional_count(args), kept = 0;
    const mw_type *t;
    bool *use;
    mw_status st = MW_OK;

    for (size_t i = 0; i < named && st == MW_OK; i++)
        if ((st = mw_setup_type(s, "types", mw_args_positional(args, i), &t, err)) == MW_OK)
            add_type(types, n, t);
    if (st != MW_OK)
        return st;
    if (!named && !mw_args_flag(args, "all")) {
        if ((st = mw_setup_rules(s, err)) != MW_OK)
            return st;
        for (size_t i = 0; i < mw_rules_count(s->rules); i++) {
            const mw_rule *r = mw_rules_at(s->rules, i);
            add_type(types, n, mw_types_get(s->types, r->resource));
            for (size_t k = 0; k < r->related_count; k++)
                add_type(types, n, mw_types_get(s->types, r->related[k]));
        }
    }
    use = mw_alloc((mw_types_count(s->types) + 1) * sizeof(*use));
    if (!use)
        return mw_fail(err, MW_ERR_NOMEM, "types: out of memory");
    for (size_t i = 0; i < mw_types_count(s->types); i++) {
        use[i] = mw_args_flag(args, "all") && !named;
        for (size_t k = 0; k < *n; k++)
            use[i] = use[i] || types[k] == mw_types_at(s->types, i);
    }
    for (size_t i = 0; i < mw_types_count(s->types); i++)
        if (use[i])
            types[kept++] = mw_types_at(s->types, i);
    *n = kept;
    mw_free(use);
    return MW_OK;
}

static int run(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_model_pack) pack = {0};
    MW_AUTO(mw_buf) out = {.max = 4096};
    const char *given = mw_args_get(cli->args, "output");
    struct target target = {.folder = given ? given : OUTPUT_DEFAULT};
    mw_lua_types_options o = {.user = &target, .on_file = write_file};
    const mw_type **types = NULL;
    mw_error err = {0};
    mw_status st;

    if ((st = mw_setup_config(&s, cli, &err)) == MW_OK && (st = mw_setup_types(&s, &err)) == MW_OK &&
        (st = mw_model_pack_open(cli->args, &pack, &err)) == MW_OK) {
        types = mw_arena_alloc(&s.arena, (2 * mw_types_count(s.types) + 1) * sizeof(*types));
        st = types ? choose(&s, types, &o.type_count, &err) : mw_fail(&err, MW_ERR_NOMEM, "types: out of memory");
    }
    o.types = types;
    o.models = pack.models;
    if (st != MW_OK || (st = mw_mkdirs(target.folder, 0777, &err)) != MW_OK)
        return mw_cli_fail(&err);
    remove_ours(target.folder);
    if (mw_lua_types_write(&o, &err) != MW_OK)
        return mw_cli_fail(&err);
    mw_buf_printf(&out, "%s: %zu types in %zu files, %zu KB\n", target.folder, o.type_count, target.files,
                  target.bytes / 1000);
    return mw_cli_print(out.data, out.len, MW_EXIT_OK);
}

static const mw_option options[] = {
    {.name = "output", .value = "DIR", .help = "Folder to write to (default: .moonward/types)"},
    {.name = "all", .help = "All resource types, not only those that the rules read"},
};

const mw_command mw_command_types = {
    .name = "types",
    .arguments = "[TYPE…]",
    .summary = "Write type files for editors with a Lua language server",
    .description =
        "One file for each AWS service in use: resource types with their facets, all members with their kinds, "
        "enumerations as literals; and the functions of rules, tests, audits and modules. `moonward init` writes a "
        ".luarc.json that points there. Run it again after a change of the rules' types or of Moonward.",
    .examples = "moonward types\nmoonward types AWS::S3::Bucket --output types\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
