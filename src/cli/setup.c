/*
 * The steps that commands share before they do their own work. The order of sources is the same everywhere:
 * flag, environment, configuration, default.
 */
#include "cli/setup.h"

#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <stdint.h>
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

mw_status mw_setup_list(mw_setup *s, const char *flag, const char *key, const char ***out, size_t *count,
                        mw_error *err)
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

static mw_status rule_paths(mw_setup *s, const char ***out, size_t *count, mw_error *err)
{
    static const char *const defaults[] = {"rules", MW_DATA_DIR "/rules", MW_BUILD_RULES};
    mw_status st = mw_setup_list(s, "rules", "rules", out, count, err);

    if (st != MW_OK)
        return st;
    if (*count == 0) {
        for (size_t i = 0; i < MW_COUNT(defaults) && *count == 0; i++)
            if (holds_rules(defaults[i], 1))
                (*out)[(*count)++] = defaults[i];
        if (*count == 0)
            return mw_fail(err, MW_ERR_NOTFOUND,
                           "no rules in ./rules, %s or %s; name a file or folder with --rules",
                           defaults[1], defaults[2]);
    }
    return MW_OK;
}

/* Parameters in the configuration for a rule that is not there are a typing error. */
static mw_status check_params(const mw_setup *s, mw_error *err)
{
    mw_val params = mw_config_params(&s->config);
    const mw_doc *d = s->config.doc;
    size_t n = mw_rules_count(s->rules);
    mw_status st = MW_OK;

    for (size_t i = 0; d && i < mw_val_len(d, params) && st == MW_OK; i++) {
        mw_val key;
        const char *id, *near, **ids;
        MW_AUTO(mw_buf) where = {.max = 4096};

        mw_val_member(d, params, i, &key);
        id = mw_val_str(d, key, NULL);
        if (mw_rules_get(s->rules, id))
            continue;
        ids = mw_alloc((n + 1) * sizeof(*ids));
        if (!ids)
            return mw_fail(err, MW_ERR_NOMEM, "configuration: out of memory");
        for (size_t k = 0; k < n; k++)
            ids[k] = mw_rules_at(s->rules, k)->id;
        near = mw_nearest(id, ids, n);
        mw_buf_printf(&where, "params.%s", id);
        st = near ? mw_config_fail(&s->config, where.data, err,
                                   "params: there is no rule '%.80s'; did you mean '%s'?", id, near)
                  : mw_config_fail(&s->config, where.data, err, "params: there is no rule '%.80s'", id);
        mw_free(ids);
    }
    return st;
}

mw_status mw_setup_types(mw_setup *s, mw_error *err)
{
    const char **types;
    size_t count;
    mw_status st = mw_setup_list(s, "types", "types", &types, &count, err);

    return st == MW_OK ? mw_types_load(types, count, &s->types, err) : st;
}

static mw_status load(mw_setup *s, const char **paths, mw_rules_options *o, mw_error *err)
{
    mw_status st;

    if ((st = mw_setup_types(s, err)) != MW_OK ||
        (o->path_count == 0 && (st = rule_paths(s, &paths, &o->path_count, err)) != MW_OK))
        return st;
    for (size_t i = 0; i < o->path_count; i++)
        if (!mw_file_exists(paths[i]))
            return mw_fail(err, MW_ERR_NOTFOUND, "rules: %s does not exist", paths[i]);
    o->paths = paths;
    o->types = s->types;
    if ((st = mw_rules_load(o, &s->rules, err)) != MW_OK)
        return st;
    if (mw_rules_count(s->rules) == 0)
        return mw_fail(err, MW_ERR_NOTFOUND, "no rules in %s", paths[0]);
    return MW_OK;
}

static bool names(const mw_error *err, const char *word)
{
    MW_AUTO(mw_buf) quoted = {.max = 1024};

    mw_buf_printf(&quoted, "'%s'", word);
    return quoted.failed == MW_OK && strstr(err->message, quoted.data);
}

/* Rules refuse a parameter by its name and theirs; where the file says it is added here. */
static mw_status place_params_error(const mw_setup *s, mw_status st, mw_error *err)
{
    const mw_doc *d = s->config.doc;
    mw_val params = mw_config_params(&s->config);

    if (!mw_str_starts(err->message, "params: "))
        return st;
    for (size_t i = 0; i < mw_val_len(d, params); i++) {
        mw_val rule, own = mw_val_member(d, params, i, &rule);
        if (!names(err, mw_val_str(d, rule, NULL)))
            continue;
        for (size_t k = 0; k < mw_val_len(d, own); k++) {
            MW_AUTO(mw_buf) where = {.max = 4096};
            mw_error told = *err;
            mw_val param;
            mw_val_member(d, own, k, &param);
            if (!names(err, mw_val_str(d, param, NULL)))
                continue;
            mw_buf_printf(&where, "params.%s.%s", mw_val_str(d, rule, NULL), mw_val_str(d, param, NULL));
            return where.failed ? st : mw_config_fail(&s->config, where.data, err, "%s", told.message);
        }
    }
    return st;
}

mw_status mw_setup_rules(mw_setup *s, mw_error *err)
{
    mw_rules_options o = {.config_doc = s->config.doc, .params = mw_config_params(&s->config)};
    mw_status st = load(s, NULL, &o, err);

    return st == MW_OK ? check_params(s, err) : place_params_error(s, st, err);
}

mw_status mw_setup_rules_untouched(mw_setup *s, const char **paths, size_t count, mw_error *err)
{
    mw_rules_options o = {.path_count = count, .params = MW_VAL_ABSENT};

    return load(s, paths, &o, err);
}

mw_status mw_setup_choose_rules(mw_setup *s, mw_error *err)
{
    const mw_args *args = s->cli->args;
    size_t given = mw_args_positional_count(args);
    size_t n = given ? given : mw_config_count(&s->config, "select");
    const char **globs = mw_arena_alloc(&s->arena, (n + 1) * sizeof(*globs));

    if (!globs)
        return mw_fail(err, MW_ERR_NOMEM, "rules: out of memory");
    for (size_t i = 0; i < n; i++)
        globs[i] = given ? mw_args_positional(args, i) : mw_config_at(&s->config, "select", i);
    return n ? mw_rules_keep(s->rules, globs, n, err) : MW_OK;
}

/* ---- store ---- */

/* XDG Base Directory Specification 0.8: state that should outlive a restart. */
const char *mw_setup_store_path(mw_setup *s, mw_error *err)
{
    const char *given = mw_setup_str(s, "store"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME"), *path;

    if (given)
        return given;
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

mw_status mw_setup_store(mw_setup *s, mw_store **out, mw_error *err)
{
    const char *path = mw_setup_store_path(s, err);

    *out = NULL;
    if (!path)
        return err->status;
    if (!mw_file_exists(path))
        return mw_fail(err, MW_ERR_NOTFOUND, "nothing is stored in %s yet: 'moonward sweep' does it", path);
    return mw_store_open(path, out, err);
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

mw_text_options mw_setup_text(const mw_setup *s)
{
    return (mw_text_options){.color = color_wanted(s), .width = terminal_width(),
                             .title = mw_setup_title, .user = (void *)(uintptr_t)s};
}
