/*
 * `moonward config show`: the settings that hold, and where each comes from. Walks the configuration's own table of
 * keys, so that a setting cannot be left out; calls nobody.
 */
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/outcome.h"
#include "cli/setup.h"

#include "base/str.h"
#include "report/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 64

struct setting {
    const char *key;
    mw_buf value; /* as JSON */
    const char *origin;
};

/* What holds when nobody says anything; keys without a line here have none. */
static const struct {
    const char *key, *value;
} defaults[] = {
    {"allow_incomplete", "false"},
    {"fail_on", "\"" MW_FAIL_ON_DEFAULT "\""},
    {"jobs", "32"},
    {"sensitive", "\"withhold\""},
};

/* "regions" is --region, "fail_on" is --fail-on. */
static const mw_option *option_of(const char *key)
{
    char name[64];
    const mw_option *all[2] = {NULL, mw_command_sweep.options};
    size_t counts[2] = {0, mw_command_sweep.option_count};

    all[0] = mw_global_options(&counts[0]);
    snprintf(name, sizeof(name), "%s", key);
    for (char *p = name; *p; p++)
        *p = *p == '_' ? '-' : *p;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t k = 0; k < 2; k++)
            for (size_t i = 0; i < counts[k]; i++)
                if (strcmp(all[k][i].name, name) == 0)
                    return &all[k][i];
        if (strlen(name) > 1 && name[strlen(name) - 1] == 's')
            name[strlen(name) - 1] = '\0';
    }
    return NULL;
}

static void json_list(mw_buf *out, const char *const *items, size_t n)
{
    mw_buf_putc(out, '[');
    for (size_t i = 0; i < n; i++) {
        mw_buf_puts(out, i ? "," : "");
        mw_json_write_string(out, items[i], strlen(items[i]));
    }
    mw_buf_putc(out, ']');
}

/* A variable of an option that only another command takes. */
static const char *from_environment(const mw_args *args, const mw_option *o)
{
    const char *value = o && o->env && !mw_args_count(args, o->name) ? getenv(o->env) : NULL;

    return value && *value ? value : NULL;
}

/* AWS's own variables stand before the profile's file, which is not read here. */
static void aws_default(struct setting *s)
{
    static const struct {
        const char *key, *env;
    } rows[] = {{"profile", "AWS_PROFILE"},
                {"profile", "AWS_DEFAULT_PROFILE"},
                {"regions", "AWS_REGION"},
                {"regions", "AWS_DEFAULT_REGION"}};

    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const char *value = strcmp(rows[i].key, s->key) == 0 ? getenv(rows[i].env) : NULL;
        if (!value || !*value)
            continue;
        if (strcmp(s->key, "regions") == 0)
            json_list(&s->value, &value, 1);
        else
            mw_json_write_string(&s->value, value, strlen(value));
        s->origin = rows[i].env;
        return;
    }
}

/* Packs, overrides, accounts may be objects: those stand as the file has them. */
static bool is_texts(const mw_doc *d, mw_val v)
{
    for (size_t i = 0; mw_val_kind(d, v) == MW_KIND_ARRAY && i < mw_val_len(d, v); i++)
        if (mw_val_kind(d, mw_val_at(d, v, i)) == MW_KIND_OBJECT)
            return false;
    return v != MW_VAL_ABSENT && mw_val_kind(d, v) != MW_KIND_OBJECT;
}

/* A store may be a URL with a password in it. */
static mw_status leave_out_password(mw_setup *s, struct setting *to, mw_error *err)
{
    MW_AUTO(mw_buf) name = {.max = 1 << 16};
    const char *path = mw_setup_store_path(s, NULL);
    mw_status st = path ? mw_store_name(path, &name, err) : MW_OK;

    if (st == MW_OK && path && mw_store_is_url(path)) {
        mw_buf_reset(&to->value);
        mw_json_write_string(&to->value, name.data, name.len);
    }
    return st;
}

static mw_status fill(mw_setup *s, struct setting *to, mw_error *err)
{
    const mw_args *args = s->cli->args;
    const mw_option *o = option_of(to->key);
    size_t given = o ? mw_args_count(args, o->name) : 0;
    const char *env = from_environment(args, o);
    mw_val v = s->config.doc ? mw_val_get(s->config.doc, s->config.root, to->key) : MW_VAL_ABSENT;
    mw_status st;

    to->value = (mw_buf){.max = (size_t)4 << 20};
    to->origin = "default";
    if (given || (o && o->repeatable && !env && is_texts(s->config.doc, v))) {
        const char **items;
        size_t n;
        if (o->repeatable && (st = mw_setup_list(s, o->name, to->key, &items, &n, err)) != MW_OK)
            return st;
        if (o->repeatable)
            json_list(&to->value, (const char *const *)items, n);
        else
            mw_json_write_string(&to->value, mw_args_get(args, o->name), strlen(mw_args_get(args, o->name)));
        to->origin = given ? mw_args_origin(args, o->name) : NULL;
    } else if (env) {
        mw_json_write_string(&to->value, env, strlen(env));
        to->origin = o->env;
    } else if (v != MW_VAL_ABSENT) {
        const char *text = mw_config_str(&s->config, to->key);
        if (text)
            mw_json_write_string(&to->value, text, strlen(text));
        else
            mw_json_write(&to->value, s->config.doc, v, MW_JSON_COMPACT);
        to->origin = NULL;
    } else if (strcmp(to->key, "store") == 0) {
        const char *path = mw_setup_store_path(s, err);
        if (path)
            mw_json_write_string(&to->value, path, strlen(path));
        *err = (mw_error){0};
    } else {
        aws_default(to);
        for (size_t i = 0; i < MW_COUNT(defaults) && !to->value.len; i++)
            if (strcmp(defaults[i].key, to->key) == 0)
                mw_buf_puts(&to->value, defaults[i].value);
    }
    if (strcmp(to->key, "store") == 0 && (st = leave_out_password(s, to, err)) != MW_OK)
        return st;
    if (!to->origin)
        to->origin = mw_arena_printf(&s->arena, "%s:%u", s->config.path, mw_yaml_line(&s->config.marks, to->key));
    return to->origin ? mw_buf_status(&to->value, err) : mw_fail(err, MW_ERR_NOMEM, "config: out of memory");
}

static void write_text(mw_buf *out, const struct setting *s, size_t n, bool origin)
{
    for (size_t i = 0; i < n; i++) {
        const char *value = s[i].value.len ? s[i].value.data : "-";
        mw_buf_printf(out, "%-17s ", s[i].key);
        if (origin) {
            mw_term_cell(out, s[i].origin, 26);
            mw_buf_putc(out, ' ');
        }
        mw_term_text(out, value);
        mw_buf_putc(out, '\n');
    }
}

static void write_json(mw_buf *out, const struct setting *s, size_t n)
{
    mw_buf_puts(out, "{\"schema\":\"moonward.config/1\",\"settings\":[");
    for (size_t i = 0; i < n; i++) {
        mw_buf_printf(out, "%s\n{\"key\":\"%s\",\"value\":%s,\"origin\":", i ? "," : "", s[i].key,
                      s[i].value.len ? s[i].value.data : "null");
        mw_json_write_string(out, s[i].origin, strlen(s[i].origin));
        mw_buf_putc(out, '}');
    }
    mw_buf_puts(out, "]}\n");
}

static int run(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) out = {.max = (size_t)16 << 20};
    struct setting settings[SETTINGS_MAX];
    size_t n = 0;
    mw_error err = {0};
    mw_status st = mw_setup_config(&s, cli, &err);

    for (; st == MW_OK && n < SETTINGS_MAX && mw_config_key_at(n); n++) {
        settings[n].key = mw_config_key_at(n);
        st = fill(&s, &settings[n], &err);
    }
    if (st == MW_OK && mw_str_eq(mw_args_get(cli->args, "output"), "json"))
        write_json(&out, settings, n);
    else if (st == MW_OK)
        write_text(&out, settings, n, mw_args_flag(cli->args, "origin"));
    for (size_t i = 0; i < n; i++)
        mw_buf_clear(&settings[i].value);
    if (st == MW_OK)
        st = mw_buf_status(&out, &err);
    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

static const mw_option options[] = {
    {.name = "origin", .help = "Also print where each setting comes from"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
};

const mw_command mw_command_config_show = {
    .name = "config show",
    .summary = "Print the settings that hold, and where they come from",
    .description =
        "Every key of moonward.yaml with its value as JSON, after flags, environment and defaults; `-` where nothing "
        "is set. --origin names the flag, the variable, or the file and line. No AWS file is read and no call made.",
    .examples = "moonward config show --origin\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .run = run,
};
