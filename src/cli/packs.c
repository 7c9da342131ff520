/*
 * Which rule packs there are: from --rules, the configuration, or the folders that a machine usually has. Paths are
 * found here; reading and checking rules belongs to the engine. The word `builtin` stands for the rules that came
 * with the program, so that a team's own can stand beside them.
 */
#include "cli/packs.h"

#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <string.h>

#define BUILTIN "builtin"

/* A rule file somewhere in @p path, two levels deep as rules/<service>/<id>.lua. */
static bool holds_rules(const char *path, int depth)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool found = false;

    while (folder && !found && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (mw_str_ends(entry->d_name, ".lua") && !mw_str_ends(entry->d_name, "_test.lua")) {
            found = true;
        } else if (depth > 0) {
            MW_AUTO(mw_buf) below = {.max = 8192};
            mw_buf_printf(&below, "%s/%s", path, entry->d_name);
            found = below.failed == MW_OK && holds_rules(below.data, depth - 1);
        }
    }
    if (folder)
        closedir(folder);
    return found;
}

/* What came with the program: installed, or in the source tree of one that never was. */
static const char *builtin_path(void)
{
    static const char *const places[] = {MW_DATA_DIR "/rules", MW_BUILD_RULES};

    for (size_t i = 0; i < MW_COUNT(places); i++)
        if (holds_rules(places[i], 1))
            return places[i];
    return NULL;
}

static mw_status no_builtin(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOTFOUND, "there are no built-in rules in %s or %s", MW_DATA_DIR "/rules",
                   MW_BUILD_RULES);
}

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "rules: out of memory");
}

struct packs {
    mw_setup *s;
    mw_rule_pack *items;
    size_t count;
    mw_error *err;
};

static mw_status add_builtin(struct packs *p)
{
    const char **path = mw_arena_alloc(&p->s->arena, sizeof(*path));

    for (size_t i = 0; i < p->count; i++)
        if (mw_str_eq(p->items[i].name, BUILTIN))
            return MW_OK;
    if (!path)
        return no_memory(p->err);
    if (!(path[0] = builtin_path()))
        return no_builtin(p->err);
    p->items[p->count++] = (mw_rule_pack){.name = BUILTIN, .paths = path, .path_count = 1, .params = MW_VAL_ABSENT};
    return MW_OK;
}

/* Paths without a name of their own are one pack, `rules`, but for the built-in ones. */
static mw_status add_plain(struct packs *p, const char *path, size_t room)
{
    mw_rule_pack *pack = NULL;
    const char **paths;

    if (mw_str_eq(path, BUILTIN))
        return add_builtin(p);
    if (!path)
        return no_memory(p->err);
    for (size_t i = 0; i < p->count && !pack; i++)
        if (mw_str_eq(p->items[i].name, "rules") && !p->items[i].where)
            pack = &p->items[i];
    if (!pack) {
        if (!(paths = mw_arena_alloc(&p->s->arena, (room + 1) * sizeof(*paths))))
            return no_memory(p->err);
        pack = &p->items[p->count++];
        *pack = (mw_rule_pack){.name = "rules", .paths = paths, .params = MW_VAL_ABSENT};
    }
    paths = (const char **)(uintptr_t)pack->paths;
    paths[pack->path_count++] = path;
    return MW_OK;
}

static size_t list_len(const mw_doc *d, mw_val v)
{
    return mw_val_kind(d, v) == MW_KIND_ARRAY ? mw_val_len(d, v) : v != MW_VAL_ABSENT;
}

static mw_val list_at(const mw_doc *d, mw_val v, size_t i)
{
    return mw_val_kind(d, v) == MW_KIND_ARRAY ? mw_val_at(d, v, i) : v;
}

/* {name, path, select, params}, checked when the file was read. */
static mw_status add_named(struct packs *p, mw_val one, size_t number)
{
    const mw_config *c = &p->s->config;
    mw_val path = mw_val_get(c->doc, one, "path"), select = mw_val_get(c->doc, one, "select");
    mw_rule_pack *pack = &p->items[p->count++];
    const char **paths = mw_arena_alloc(&p->s->arena, list_len(c->doc, path) * sizeof(*paths));
    const char **selects = mw_arena_alloc(&p->s->arena, (list_len(c->doc, select) + 1) * sizeof(*selects));

    *pack = (mw_rule_pack){.name = mw_val_get_str(c->doc, one, "name", ""),
                           .paths = paths,
                           .selects = selects,
                           .params = mw_val_get(c->doc, one, "params"),
                           .where = mw_arena_printf(&p->s->arena, "rules[%zu]", number)};
    if (!paths || !selects || !pack->where)
        return no_memory(p->err);
    for (size_t i = 0; i < list_len(c->doc, path); i++) {
        mw_val text = list_at(c->doc, path, i);
        bool builtin = mw_str_eq(mw_val_str(c->doc, text, NULL), BUILTIN);
        paths[pack->path_count++] = builtin ? builtin_path() : mw_config_path(c, text);
        if (!paths[i])
            return builtin ? no_builtin(p->err) : no_memory(p->err);
    }
    for (size_t i = 0; i < list_len(c->doc, select); i++)
        selects[pack->select_count++] = mw_val_str(c->doc, list_at(c->doc, select, i), NULL);
    return MW_OK;
}

/* A name that a plain path gave must not be another pack's: parameters and selections go by it. */
static mw_status check_names(const struct packs *p)
{
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < i; k++)
            if (mw_str_eq(p->items[i].name, p->items[k].name))
                return mw_config_fail(&p->s->config, p->items[i].where ? p->items[i].where : "rules", p->err,
                                      "rules: '%s' is the pack of the paths without a name; name this one otherwise",
                                      p->items[i].name);
    return MW_OK;
}

static mw_status from_config(struct packs *p, mw_val rules)
{
    const mw_config *c = &p->s->config;
    size_t n = list_len(c->doc, rules);
    mw_status st = MW_OK;

    for (size_t i = 0; i < n && st == MW_OK; i++) {
        mw_val one = list_at(c->doc, rules, i);
        if (mw_val_kind(c->doc, one) == MW_KIND_OBJECT)
            st = add_named(p, one, i);
        else
            st = mw_str_eq(mw_val_str(c->doc, one, NULL), BUILTIN) ? add_builtin(p)
                                                                   : add_plain(p, mw_config_path(c, one), n);
    }
    return st == MW_OK ? check_names(p) : st;
}

static mw_status usual(struct packs *p)
{
    if (holds_rules("rules", 1))
        return add_plain(p, "rules", 1);
    if (builtin_path())
        return add_builtin(p);
    return mw_fail(p->err, MW_ERR_NOTFOUND, "no rules in ./rules, %s or %s; name a file or folder with --rules",
                   MW_DATA_DIR "/rules", MW_BUILD_RULES);
}

mw_status mw_setup_packs(mw_setup *s, const mw_rule_pack **out, size_t *count, mw_error *err)
{
    size_t given = mw_args_count(s->cli->args, "rules");
    mw_val rules = s->config.doc && !given ? mw_config_value(&s->config, "rules") : MW_VAL_ABSENT;
    size_t room = given + (rules != MW_VAL_ABSENT ? list_len(s->config.doc, rules) : 0) + 2;
    struct packs p = {.s = s, .err = err};
    mw_status st = MW_OK;

    p.items = mw_arena_alloc(&s->arena, room * sizeof(*p.items));
    if (!p.items)
        return no_memory(err);
    for (size_t i = 0; i < given && st == MW_OK; i++)
        st = add_plain(&p, mw_args_value(s->cli->args, "rules", i), given);
    if (st == MW_OK && rules != MW_VAL_ABSENT)
        st = from_config(&p, rules);
    if (st == MW_OK && p.count == 0)
        st = usual(&p);
    for (size_t i = 0; i < p.count && st == MW_OK; i++)
        for (size_t k = 0; k < p.items[i].path_count && st == MW_OK; k++)
            if (!mw_file_exists(p.items[i].paths[k]))
                st = mw_fail(err, MW_ERR_NOTFOUND, "rules: %s does not exist", p.items[i].paths[k]);
    *out = p.items;
    *count = p.count;
    return st;
}
