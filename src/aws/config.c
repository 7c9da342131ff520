/*
 * The AWS tools' configuration: environment, ~/.aws/config, ~/.aws/credentials, read once and then
 * immutable. Relies on ini.c for the format. It holds secrets of the credentials file in memory as
 * the file does; it never logs or prints a value.
 *
 * Precedence: AWS SDKs and Tools Reference Guide, "Shared config and credentials files",
 * "Service-specific endpoints"; where tools differ, botocore's behaviour.
 */
#include "aws/config.h"

#include "aws/ini.h"
#include "base/file.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_BYTES ((size_t)32 << 20)
/* Longest section or variable name that is looked up; serviceId has at most 50 characters. */
#define NAME_SIZE      512

struct mw_aws_config {
    const char *(*getenv_fn)(const char *name);
    mw_arena arena;
    const char *profile;
    bool explicit_profile;
    mw_ini files[2];
    const char *paths[2];
};

static const char *machine_env(const char *name)
{
    return getenv(name);
}

const char *mw_aws_config_env(const mw_aws_config *c, const char *name)
{
    const char *value = c->getenv_fn(name);

    return value && *value ? value : NULL;
}

/* ---- paths ---- */

static void add_variable(const mw_aws_config *c, const char **p, mw_buf *out)
{
    const char *start = *p + 1;
    bool braces = *start == '{';
    const char *name = start + braces;
    size_t len = 0;
    char key[NAME_SIZE];
    const char *value;

    while (isalnum((unsigned char)name[len]) || name[len] == '_')
        len++;
    if (len == 0 || len >= sizeof(key) || (braces && name[len] != '}')) {
        mw_buf_putc(out, '$');
        *p = start;
        return;
    }
    memcpy(key, name, len);
    key[len] = '\0';
    *p = name + len + braces;
    value = c->getenv_fn(key);
    if (value)
        mw_buf_puts(out, value);
    else /* as a shell-less tool does: an unset variable stays as it is written */
        mw_buf_add(out, start - 1, (size_t)(*p - start) + 1, NULL);
}

mw_status mw__aws_config_expand(const mw_aws_config *c, const char *path, mw_buf *out, mw_error *err)
{
    const char *home = mw_aws_config_env(c, "HOME");

    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0') && home) {
        mw_buf_puts(out, home);
        path++;
    }
    while (*path) {
        if (*path == '$')
            add_variable(c, &path, out);
        else
            mw_buf_putc(out, *path++);
    }
    return mw_buf_status(out, err);
}

static mw_status load_file(mw_aws_config *c, mw_config_source which, const char *variable, const char *usual,
                           mw_error *err)
{
    const char *given = mw_aws_config_env(c, variable);
    MW_AUTO(mw_buf) path = {.max = 4096};
    MW_AUTO(mw_buf) text = {.max = MAX_FILE_BYTES};
    mw_status st = mw__aws_config_expand(c, given ? given : usual, &path, err);

    if (st != MW_OK)
        return mw_error_prefix(err, st, "%s", variable);
    c->paths[which] = mw_arena_strdup(&c->arena, path.data);
    if (!c->paths[which])
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    st = mw_file_read(path.data, &text, err);
    if (st == MW_ERR_NOTFOUND)
        return MW_OK;
    if (st != MW_OK)
        return st;
    return mw_ini_parse(c->paths[which], text.data ? text.data : "", text.len, &c->arena, &c->files[which], err);
}

/* ---- sections ---- */

static const mw_ini_section *find_kind(const mw_ini *ini, const char *kind, const char *name)
{
    /* botocore splits the header like a shell: a name with blanks stands in quotes. */
    static const char *const quotes[] = {"", "\"", "'"};
    char header[NAME_SIZE];

    for (size_t i = 0; i < MW_COUNT(quotes); i++) {
        int n = snprintf(header, sizeof(header), "%s %s%s%s", kind, quotes[i], name, quotes[i]);
        const mw_ini_section *s;

        if (n < 0 || (size_t)n >= sizeof(header))
            continue;
        s = mw_ini_find(ini, header);
        if (s)
            return s;
    }
    return NULL;
}

static const mw_ini_section *profile_section(const mw_aws_config *c, mw_config_source source, const char *profile)
{
    const mw_ini *ini = &c->files[source];
    const mw_ini_section *s;

    if (source == MW_CREDENTIALS_FILE)
        return mw_ini_find(ini, profile);
    s = find_kind(ini, "profile", profile);
    return s || strcmp(profile, "default") != 0 ? s : mw_ini_find(ini, "default");
}

static const char *value_of(const mw_ini_entry *e)
{
    return e && *e->value ? e->value : NULL;
}

/* ---- construction ---- */

static mw_status choose_profile(mw_aws_config *c, const char *option, mw_error *err)
{
    const char *env = mw_aws_config_env(c, "AWS_PROFILE");
    const char *name;

    if (!env)
        env = mw_aws_config_env(c, "AWS_DEFAULT_PROFILE");
    c->explicit_profile = option && *option;
    name = c->explicit_profile ? option : env ? env : "default";
    c->profile = mw_arena_strdup(&c->arena, name);
    if (!c->profile)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if ((c->explicit_profile || env) && !mw__aws_config_has_profile(c, name))
        return mw_fail(err, MW_ERR_INVALID, "profile '%s' is neither in %s nor in %s", name, c->paths[MW_CONFIG_FILE],
                       c->paths[MW_CREDENTIALS_FILE]);
    return MW_OK;
}

mw_status mw_aws_config_load(const mw_aws_config_options *o, mw_aws_config **out, mw_error *err)
{
    mw_aws_config *c = mw_alloc(sizeof(*c));
    mw_status st;

    *out = NULL;
    if (!c)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    c->getenv_fn = o && o->getenv_fn ? o->getenv_fn : machine_env;
    st = load_file(c, MW_CONFIG_FILE, "AWS_CONFIG_FILE", "~/.aws/config", err);
    if (st == MW_OK)
        st = load_file(c, MW_CREDENTIALS_FILE, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", err);
    if (st == MW_OK)
        st = choose_profile(c, o ? o->profile : NULL, err);
    if (st != MW_OK) {
        mw_aws_config_free(c);
        return st;
    }
    *out = c;
    return MW_OK;
}

/* The credentials file's secrets are wiped before their memory goes back. */
void mw_aws_config_free(mw_aws_config *c)
{
    if (!c)
        return;
    for (size_t f = 0; f < MW_COUNT(c->files); f++)
        for (size_t i = 0; i < c->files[f].count; i++)
            for (size_t k = 0; k < c->files[f].sections[i].count; k++) {
                const char *value = c->files[f].sections[i].entries[k].value;
                explicit_bzero((char *)(uintptr_t)value, strlen(value)); /* our own arena's copy */
            }
    mw_arena_clear(&c->arena);
    mw_free(c);
}

/* ---- lookups ---- */

bool mw__aws_config_explicit_profile(const mw_aws_config *c)
{
    return c->explicit_profile;
}

bool mw__aws_config_has_profile(const mw_aws_config *c, const char *profile)
{
    return profile_section(c, MW_CONFIG_FILE, profile) || profile_section(c, MW_CREDENTIALS_FILE, profile);
}

const char *mw__aws_config_path(const mw_aws_config *c, mw_config_source source)
{
    return c->paths[source];
}

const char *mw__aws_config_from(const mw_aws_config *c, mw_config_source source, const char *profile, const char *key)
{
    return value_of(mw_ini_get(profile_section(c, source, profile ? profile : c->profile), key, NULL));
}

const char *mw__aws_config_nested(const mw_aws_config *c, const char *profile, const char *block, const char *key)
{
    return value_of(mw_ini_get(profile_section(c, MW_CONFIG_FILE, profile ? profile : c->profile), block, key));
}

const char *mw__aws_config_section(const mw_aws_config *c, const char *kind, const char *name, const char *key)
{
    return value_of(mw_ini_get(find_kind(&c->files[MW_CONFIG_FILE], kind, name), key, NULL));
}

const char *mw_aws_config_get(const mw_aws_config *c, const char *profile, const char *key)
{
    const char *value = mw__aws_config_from(c, MW_CREDENTIALS_FILE, profile, key);

    return value ? value : mw__aws_config_from(c, MW_CONFIG_FILE, profile, key);
}

const char *mw_aws_config_setting(const mw_aws_config *c, const char *env, const char *key, const char **name)
{
    const char *value = c ? mw_aws_config_env(c, env) : NULL;

    if (name)
        *name = value || !c ? env : key;
    return value || !c ? value : mw_aws_config_get(c, NULL, key);
}

/* "Elastic Load Balancing v2" as a key: upper or lower case, blanks and '-' as '_'. */
static bool service_key(const char *service_id, bool upper, char out[NAME_SIZE])
{
    size_t n = strlen(service_id);

    if (n >= NAME_SIZE)
        return false;
    for (size_t i = 0; i <= n; i++) {
        unsigned char ch = (unsigned char)service_id[i];
        out[i] = ch == ' ' || ch == '-' ? '_' : (char)(upper ? toupper(ch) : tolower(ch));
    }
    return true;
}

const char *mw_aws_config_service(const mw_aws_config *c, const char *service_id, const char *key)
{
    const char *services = mw_aws_config_get(c, NULL, "services");
    char block[NAME_SIZE];

    if (!services || !service_key(service_id, false, block))
        return NULL;
    return value_of(mw_ini_get(find_kind(&c->files[MW_CONFIG_FILE], "services", services), block, key));
}

const char *mw_aws_config_profile(const mw_aws_config *c)
{
    return c->profile;
}

const char *mw_aws_config_region(const mw_aws_config *c)
{
    const char *region = mw_aws_config_env(c, "AWS_REGION");

    if (!region)
        region = mw_aws_config_env(c, "AWS_DEFAULT_REGION");
    return region ? region : mw_aws_config_get(c, NULL, "region");
}

bool mw_aws_config_bool(const mw_aws_config *c, const char *env, const char *key, bool fallback)
{
    const char *value = env ? mw_aws_config_env(c, env) : NULL;

    if (!value && key)
        value = mw_aws_config_get(c, NULL, key);
    if (mw_str_ieq(value, "true") || mw_str_eq(value, "1"))
        return true;
    if (mw_str_ieq(value, "false") || mw_str_eq(value, "0"))
        return false;
    return fallback;
}

const char *mw_aws_config_endpoint_url(const mw_aws_config *c, const char *service_id)
{
    static const char prefix[] = "AWS_ENDPOINT_URL_";
    char variable[NAME_SIZE + sizeof(prefix)];
    const char *url;

    if (mw_aws_config_bool(c, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", false))
        return NULL;
    memcpy(variable, prefix, sizeof(prefix));
    if (service_key(service_id, true, variable + sizeof(prefix) - 1)) {
        url = mw_aws_config_env(c, variable);
        if (url)
            return url;
    }
    url = mw_aws_config_env(c, "AWS_ENDPOINT_URL");
    if (!url)
        url = mw_aws_config_service(c, service_id, "endpoint_url");
    return url ? url : mw_aws_config_get(c, NULL, "endpoint_url");
}
