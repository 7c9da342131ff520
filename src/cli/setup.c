/*
 * The steps that commands share before they do their own work. The order of sources is the same everywhere:
 * flag, environment, configuration, default.
 */
#include "cli/packs.h"

#include "base/file.h"
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

mw_status mw_setup_config(mw_setup *s, const mw_cli *cli, mw_error *err)
{
    s->cli = cli;
    return mw_config_load(mw_args_get(cli->args, "config"), &s->config, err);
}

void mw_setup_clear(mw_setup *s)
{
    mw_rules_free(s->rules);
    mw_types_free(s->types);
    mw_config_clear(&s->config);
    mw_arena_clear(&s->arena);
    s->rules = NULL;
    s->types = NULL;
}

/* ---- settings ---- */

static void config_key(const char *flag, char *out, size_t size)
{
    size_t i = 0;

    for (; flag[i] && i + 1 < size; i++)
        out[i] = flag[i] == '-' ? '_' : flag[i];
    out[i] = '\0';
}

const char *mw_setup_str(const mw_setup *s, const char *flag)
{
    const char *given = mw_args_get(s->cli->args, flag);
    char key[64];

    config_key(flag, key, sizeof(key));
    return given ? given : mw_config_str(&s->config, key);
}

mw_status mw_setup_list(mw_setup *s, const char *flag, const char *key, const char ***out, size_t *count, mw_error *err)
{
    size_t given = mw_args_count(s->cli->args, flag);

    *count = given ? given : mw_config_count(&s->config, key);
    *out = mw_arena_alloc(&s->arena, (*count + 1) * sizeof(**out));
    if (!*out)
        return mw_fail(err, MW_ERR_NOMEM, "--%s: out of memory", flag);
    for (size_t i = 0; i < *count; i++) {
        (*out)[i] = given ? mw_args_value(s->cli->args, flag, i) : mw_config_at(&s->config, key, i);
        if (!(*out)[i])
            return mw_fail(err, MW_ERR_NOMEM, "--%s: out of memory", flag);
    }
    return MW_OK;
}

mw_status mw_setup_jobs(const mw_setup *s, int *out, mw_error *err)
{
    const char *text = mw_args_get(s->cli->args, "jobs");
    long long n = mw_config_int(&s->config, "jobs", 0);

    if (text && (!mw_parse_int(text, strlen(text), &n) || n < 1 || n > 1000))
        return mw_fail(err, MW_ERR_INVALID, "%s: '%s' is not a whole number from 1 to 1000",
                       mw_args_origin(s->cli->args, "jobs"), text);
    *out = (int)n;
    return MW_OK;
}

/* ---- types and rules ---- */

mw_status mw_setup_rule_paths(mw_setup *s, const char ***out, size_t *count, mw_error *err)
{
    const mw_rule_pack *packs;
    size_t n, total = 0;
    mw_status st = mw_setup_packs(s, &packs, &n, err);

    *count = 0;
    if (st != MW_OK)
        return st;
    for (size_t i = 0; i < n; i++)
        total += packs[i].path_count;
    *out = mw_arena_alloc(&s->arena, (total + 1) * sizeof(**out));
    if (!*out)
        return mw_fail(err, MW_ERR_NOMEM, "rules: out of memory");
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < packs[i].path_count; k++)
            (*out)[(*count)++] = packs[i].paths[k];
    return MW_OK;
}

mw_status mw_setup_types(mw_setup *s, mw_error *err)
{
    const char **types;
    size_t count;
    mw_status st = mw_setup_list(s, "types", "types", &types, &count, err);

    return st == MW_OK ? mw_types_load(types, count, &s->types, err) : st;
}

mw_status mw_setup_type(const mw_setup *s, const char *option, const char *name, const mw_type **out, mw_error *err)
{
    size_t n = mw_types_count(s->types);
    const char **names, *near;

    *out = mw_types_get(s->types, name);
    if (*out)
        return MW_OK;
    names = mw_alloc((2 * n + 1) * sizeof(*names));
    for (size_t i = 0; names && i < n; i++) {
        const mw_type *t = mw_types_at(s->types, i);
        names[2 * i] = mw_type_name(t);
        names[2 * i + 1] = mw_type_alias(t) ? mw_type_alias(t) : mw_type_name(t);
    }
    near = names ? mw_nearest(name, names, 2 * n) : NULL;
    mw_free(names);
    return near ? mw_fail(err, MW_ERR_INVALID, "%s: there is no type '%.120s'; did you mean '%s'?", option, name, near)
                : mw_fail(err, MW_ERR_INVALID, "%s: there is no type '%.120s'; `moonward types list` shows them",
                          option, name);
}

bool mw_setup_type_chosen(const mw_setup *s, const char *type)
{
    const mw_args *args = s->cli->args;

    for (size_t i = 0; i < mw_args_count(args, "type"); i++) {
        const mw_type *named = mw_types_get(s->types, mw_args_value(args, "type", i));
        if (named && mw_str_eq(mw_type_name(named), type))
            return true;
    }
    return mw_args_chosen(args, "type", type);
}

static mw_status load(mw_setup *s, mw_rules_options *o, mw_error *err)
{
    mw_status st;

    if (!s->types && (st = mw_setup_types(s, err)) != MW_OK)
        return st;
    o->types = s->types;
    if ((st = mw_rules_load(o, &s->rules, err)) != MW_OK)
        return st;
    if (mw_rules_count(s->rules) == 0)
        return mw_fail(err, MW_ERR_NOTFOUND, "no rules in %s", o->pack_count ? o->packs[0].paths[0] : o->paths[0]);
    return MW_OK;
}

mw_status mw_setup_rules(mw_setup *s, mw_error *err)
{
    const mw_config *c = &s->config;
    mw_rules_options o = {.config_doc = c->doc,
                          .params = MW_VAL_ABSENT,
                          .overrides = MW_VAL_ABSENT,
                          .config_path = c->path,
                          .marks = &c->marks};
    mw_status st = mw_setup_packs(s, &o.packs, &o.pack_count, err);

    if (st == MW_OK && c->doc) {
        o.params = mw_config_value(c, "params");
        o.overrides = mw_config_value(c, "overrides");
    }
    return st == MW_OK ? load(s, &o, err) : st;
}

mw_status mw_setup_rules_untouched(mw_setup *s, const char **paths, size_t count, mw_error *err)
{
    mw_rules_options o = {.paths = paths, .path_count = count, .params = MW_VAL_ABSENT, .overrides = MW_VAL_ABSENT};
    const mw_rule_pack *packs;
    mw_rule_pack *plain;
    mw_status st;

    for (size_t i = 0; i < count; i++)
        if (!mw_file_exists(paths[i]))
            return mw_fail(err, MW_ERR_NOTFOUND, "rules: %s does not exist", paths[i]);
    if (count > 0)
        return load(s, &o, err);
    if ((st = mw_setup_packs(s, &packs, &o.pack_count, err)) != MW_OK)
        return st;
    if (!(plain = mw_arena_alloc(&s->arena, o.pack_count * sizeof(*plain))))
        return mw_fail(err, MW_ERR_NOMEM, "rules: out of memory");
    for (size_t i = 0; i < o.pack_count; i++) {
        plain[i] = packs[i];
        plain[i].params = MW_VAL_ABSENT;
    }
    o.packs = plain;
    return load(s, &o, err);
}

mw_status mw_setup_choose_rules(mw_setup *s, mw_error *err)
{
    const mw_args *args = s->cli->args;
    size_t named = mw_args_positional_count(args), given = mw_args_count(args, "select"), n = given, failed = 0;
    const char **globs, **selects;
    char where[64];
    mw_status st;

    if (!named && !given)
        n = mw_config_count(&s->config, "select");
    globs = mw_arena_alloc(&s->arena, (named + 1) * sizeof(*globs));
    selects = mw_arena_alloc(&s->arena, (n + 1) * sizeof(*selects));
    if (!globs || !selects)
        return mw_fail(err, MW_ERR_NOMEM, "rules: out of memory");
    for (size_t i = 0; i < named; i++)
        globs[i] = mw_args_positional(args, i);
    for (size_t i = 0; i < n; i++)
        selects[i] = given ? mw_args_value(args, "select", i) : mw_config_at(&s->config, "select", i);
    if (named + n == 0)
        return MW_OK;
    st = mw_rules_choose(s->rules, globs, named, selects, n, &failed, err);
    if (st == MW_OK || failed >= n)
        return st;
    if (given)
        return mw_error_prefix(err, st, "%s '%.200s'", mw_args_origin(args, "select"), selects[failed]);
    snprintf(where, sizeof(where), "select[%zu]", failed);
    mw_error told = *err;
    return mw_config_fail(&s->config, where, err, "select '%.200s': %s", selects[failed], told.message);
}

/* ---- store ---- */

/* XDG Base Directory Specification 0.8: state that should outlive a restart. */
static const char *state_path(mw_setup *s, mw_error *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME"), *path;

    if (state && state[0] == '/') /* relative ones are to be ignored, says the specification */
        path = mw_arena_printf(&s->arena, "%s/moonward/moonward.db", state);
    else if (home && home[0] == '/')
        path = mw_arena_printf(&s->arena, "%s/.local/state/moonward/moonward.db", home);
    else {
        mw_fail(err, MW_ERR_INVALID, "no place for the store: HOME is not set; name a file with --store");
        return NULL;
    }
    if (!path)
        mw_fail(err, MW_ERR_NOMEM, "store: out of memory");
    return path;
}

const char *mw_setup_store_path(mw_setup *s, mw_error *err)
{
    const char *given = mw_setup_str(s, "store");

    return given ? given : state_path(s, err);
}

const char *mw_setup_rates_path(mw_setup *s)
{
    const char *store = mw_setup_store_path(s, NULL);

    if (store && mw_store_is_url(store) && (store = state_path(s, NULL)) != NULL) {
        const char *folder = mw_arena_strndup(&s->arena, store, (size_t)(strrchr(store, '/') - store));
        (void)(folder && mw_mkdirs(folder, 0700, NULL) == MW_OK); /* whoever writes there tells what is wrong */
    }
    return store ? mw_arena_printf(&s->arena, "%s.rates", store) : NULL;
}

mw_status mw_setup_store(mw_setup *s, mw_store **out, mw_error *err)
{
    return mw_setup_store_as(s, &(mw_store_options){.mode = MW_STORE_EXISTING}, out, err);
}

mw_status mw_setup_store_as(mw_setup *s, const mw_store_options *o, mw_store **out, mw_error *err)
{
    const char *path = mw_setup_store_path(s, err);

    *out = NULL;
    return path ? mw_store_open(path, o, out, err) : err->status;
}

/* ---- terminal ---- */

static bool color_wanted(const mw_setup *s)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM"), *force = getenv("CLICOLOR_FORCE");

    if (mw_args_flag(s->cli->args, "no-color") || (no && *no)) /* no-color.org: when not empty */
        return false;
    if (force && *force && !mw_str_eq(force, "0"))
        return true;
    return isatty(STDOUT_FILENO) && !mw_str_eq(term, "dumb");
}

static unsigned terminal_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size = {0};
    long long n;

    if (columns && mw_parse_int(columns, strlen(columns), &n) && n > 0 && n < 1000)
        return (unsigned)n;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        return size.ws_col;
    return 0;
}

const char *mw_setup_title(void *user, const char *rule)
{
    const mw_setup *s = user;
    const mw_rule *r = s->rules ? mw_rules_get(s->rules, rule) : NULL;

    return r ? r->title : NULL;
}

bool mw_setup_keeps_sensitive(const mw_setup *s)
{
    return mw_str_eq(mw_config_str(&s->config, "sensitive"), "keep");
}

mw_text_options mw_setup_text(const mw_setup *s)
{
    return (mw_text_options){
        .color = color_wanted(s), .width = terminal_width(), .title = mw_setup_title, .user = (void *)(uintptr_t)s};
}
