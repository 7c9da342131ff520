/*
 * moonward.yaml. One table says what each key holds; everything is checked against it when the file is
 * read, so that a typing error costs a message and not a night's sweep. Relative paths count from the
 * file's folder, so that a sweep does not depend on where it is started.
 */
#include "cli/config_rate.h"
#include "cli/config_rules.h"
#include "cli/retention.h"

#include "base/file.h"
#include "base/str.h"
#include "store/store.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A configuration is typed by people; params may be long lists. */
#define CONFIG_MAX_BYTES ((size_t)4 << 20)

enum kind {
    TEXT,
    PATH,
    TEXTS,
    PATHS,
    ACCOUNTS,
    REGIONS,
    SEVERITY,
    COUNT,
    SWITCH,
    PARAMS,
    PACKS,
    OVERRIDES,
    ORGANIZATION,
    SECONDS,
    RETENTION,
    ON_OFF,
    RATE,
    SENSITIVE
};

static const struct key {
    const char *name;
    enum kind kind;
} keys[] = {
    {"accounts", ACCOUNTS},
    {"allow_incomplete", SWITCH},
    {"fail_on", SEVERITY},
    {"jobs", COUNT},
    {"overrides", OVERRIDES},
    {"params", PARAMS},
    {"profile", TEXT},
    {"regions", REGIONS},
    {"rate", RATE},
    {"retention", RETENTION},
    {"rules", PACKS},
    {"select", TEXTS},
    {"store", PATH},
    {"types", PATHS},
    {"organization", ORGANIZATION},
    {"role", TEXT},
    {"external_id", TEXT},
    {"role_duration", SECONDS},
    {"session_policy", ON_OFF},
    {"sensitive", SENSITIVE},
};

static const char *const expected[] = {
    [TEXT] = "text",
    [PATH] = "a path",
    [TEXTS] = "text or a list of texts",
    [PATHS] = "a path or a list of paths",
    [ACCOUNTS] =
        "a list of account ids (12 digits) or of {id, role, external_id, regions, name, tags}, or {file: PATH}",
    [REGIONS] = "a list of regions or globs, such as [eu-west-1, 'us-*']",
    [SEVERITY] = "one of critical, high, medium, low, info, none",
    [COUNT] = "a whole number from 1 to 1000",
    [SWITCH] = "true or false",
    [PARAMS] = "{rule id: {parameter: value}}",
    [PACKS] = "a path or a list of paths and packs ({name, path, select, params})",
    [OVERRIDES] = "a list of {match, params}",
    [ORGANIZATION] = "{ous, include, exclude, tags, role}",
    [SECONDS] = "seconds, from 900 to 43200",
    [RETENTION] = "{keep: N, older_than: AGE}",
    [ON_OFF] = "on or off",
    [RATE] = "{factor: N, any_endpoint: true or false}",
    [SENSITIVE] = "withhold or keep",
};

mw_status mw_config_fail(const mw_config *c, const char *where, mw_error *err, const char *format, ...)
{
    va_list args;
    unsigned line = mw_yaml_line(&c->marks, where);

    va_start(args, format);
    mw_vfail(err, MW_ERR_INVALID, format, args);
    va_end(args);
    if (line)
        return mw_error_prefix(err, MW_ERR_INVALID, "%s:%u", c->path, line);
    return mw_error_prefix(err, MW_ERR_INVALID, "%s", c->path);
}

/* ---- checking ---- */

static bool only(const char *s, const char *allowed)
{
    return s && *s && s[strspn(s, allowed)] == '\0';
}

static bool item_fits(const mw_config *c, enum kind kind, mw_val v)
{
    const char *s = mw_val_str(c->doc, v, NULL);
    int64_t n = mw_val_int(c->doc, v);

    switch (kind) {
    case ACCOUNTS: /* what is in an object is checked where it is used (cli/account_list.c); YAML reads an id without leading zero as a number */
        if (mw_val_kind(c->doc, v) == MW_KIND_INT)
            return n > 0 && n <= 999999999999;
        if (mw_val_kind(c->doc, v) == MW_KIND_OBJECT)
            return true;
        return only(s, "0123456789") && strlen(s) == 12;
    case REGIONS: return only(s, "abcdefghijklmnopqrstuvwxyz0123456789-*?");
    default: return s && *s;
    }
}

static bool fits(const mw_config *c, enum kind kind, mw_val v)
{
    static const char *const severities[] = {"critical", "high", "medium", "low", "info", "none"};
    const mw_doc *d = c->doc;
    mw_kind is = mw_val_kind(d, v);

    switch (kind) {
    case TEXT:
    case PATH: return item_fits(c, TEXT, v);
    case TEXTS:
    case PATHS:
    case ACCOUNTS:
    case REGIONS:
        if (is != MW_KIND_ARRAY)
            return item_fits(c, kind, v);
        for (size_t i = 0; i < mw_val_len(d, v); i++)
            if (!item_fits(c, kind, mw_val_at(d, v, i)))
                return false;
        return mw_val_len(d, v) > 0;
    case SEVERITY:
        for (size_t i = 0; i < MW_COUNT(severities); i++)
            if (mw_str_eq(mw_val_str(d, v, NULL), severities[i]))
                return true;
        return false;
    case COUNT: return is == MW_KIND_INT && mw_val_int(d, v) >= 1 && mw_val_int(d, v) <= 1000;
    case SWITCH: return is == MW_KIND_BOOL;
    case ON_OFF: /* YAML 1.1 reads both as booleans, 1.2 as texts */
        return is == MW_KIND_BOOL || mw_str_eq(mw_val_str(d, v, NULL), "on") ||
               mw_str_eq(mw_val_str(d, v, NULL), "off");
    case SENSITIVE: return mw_str_eq(mw_val_str(d, v, NULL), "withhold") || mw_str_eq(mw_val_str(d, v, NULL), "keep");
    case PARAMS:
    case ORGANIZATION:
    case RETENTION:
    case RATE: return is == MW_KIND_OBJECT;
    case PACKS: return is == MW_KIND_ARRAY ? mw_val_len(d, v) > 0 : item_fits(c, PATH, v);
    case OVERRIDES: return is == MW_KIND_ARRAY;
    case SECONDS: return is == MW_KIND_INT && mw_val_int(d, v) >= 900 && mw_val_int(d, v) <= 43200;
    }
    return false;
}

/* The value as the file has it, short, for a message. */
static mw_status refuse(const mw_config *c, const char *where, enum kind kind, mw_val v, mw_error *err)
{
    MW_AUTO(mw_buf) shown = {.max = CONFIG_MAX_BYTES};

    mw_json_write(&shown, c->doc, v, MW_JSON_COMPACT);
    return mw_config_fail(c, where, err, "%s is %.60s%s, expected %s", where, shown.data ? shown.data : "?",
                          shown.len > 60 ? "…" : "", expected[kind]);
}

static mw_status check_key(const mw_config *c, const char *name, mw_val v, mw_error *err)
{
    mw_retention retention;
    mw_config_rate rate;
    const char *names[MW_COUNT(keys)], *near;

    for (size_t i = 0; i < MW_COUNT(keys); i++) {
        names[i] = keys[i].name;
        if (!mw_str_eq(keys[i].name, name))
            continue;
        if (!fits(c, keys[i].kind, v))
            return refuse(c, name, keys[i].kind, v, err);
        switch (keys[i].kind) {
        case PARAMS: return mw__config_check_params(c, name, v, err);
        case PACKS: return mw__config_check_packs(c, v, err);
        case OVERRIDES: return mw__config_check_overrides(c, v, err);
        case RETENTION: return mw_retention_config(c, &retention, err);
        case RATE: return mw_config_rate_read(c, &rate, err);
        default: return MW_OK;
        }
    }
    near = mw_nearest(name, names, MW_COUNT(names));
    if (near)
        return mw_config_fail(c, name, err, "unknown key '%.60s'; did you mean '%s'?", name, near);
    return mw_config_fail(c, name, err,
                          "unknown key '%.60s', expected one of accounts, allow_incomplete, external_id, "
                          "fail_on, jobs, organization, overrides, params, profile, rate, regions, retention, role, "
                          "role_duration, rules, select, sensitive, session_policy, store, types",
                          name);
}

static mw_status check(const mw_config *c, mw_error *err)
{
    mw_status st = MW_OK;

    if (mw_val_kind(c->doc, c->root) == MW_KIND_NULL) /* only comments */
        return MW_OK;
    if (mw_val_kind(c->doc, c->root) != MW_KIND_OBJECT)
        return mw_config_fail(c, "", err, "expected keys and values, such as 'regions: [eu-west-1]'");
    for (size_t i = 0; i < mw_val_len(c->doc, c->root) && st == MW_OK; i++) {
        mw_val key, value = mw_val_member(c->doc, c->root, i, &key);
        st = check_key(c, mw_val_str(c->doc, key, NULL), value, err);
    }
    return st;
}

/* ---- loading ---- */

static mw_status parse(mw_config *c, const mw_buf *text, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st == MW_OK &&
        (st = mw_yaml_read(b, text->data ? text->data : "", text->len, c->path, &c->marks, err)) == MW_OK)
        st = mw_doc_finish(b, mw_doc_pop(b), &c->doc, err);
    mw_doc_builder_free(b);
    if (st == MW_OK)
        c->root = mw_doc_root(c->doc);
    return st == MW_ERR_PARSE ? MW_ERR_INVALID : st;
}

mw_status mw_config_load(const char *path, mw_config *out, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = CONFIG_MAX_BYTES};
    mw_status st;

    *out = (mw_config){.root = MW_VAL_ABSENT};
    if (!path && !mw_file_exists(MW_CONFIG_DEFAULT))
        return MW_OK;
    out->path = mw_arena_strdup(&out->arena, path ? path : MW_CONFIG_DEFAULT);
    if (!out->path)
        return mw_fail(err, MW_ERR_NOMEM, "configuration: out of memory");
    if ((st = mw_file_read(out->path, &text, err)) != MW_OK)
        st = mw_error_prefix(err, st, "configuration");
    else if ((st = parse(out, &text, err)) == MW_OK)
        st = check(out, err);
    if (st != MW_OK)
        mw_config_clear(out);
    return st;
}

void mw_config_clear(mw_config *c)
{
    mw_doc_free(c->doc);
    mw_yaml_marks_clear(&c->marks);
    mw_arena_clear(&c->arena);
    *c = (mw_config){.root = MW_VAL_ABSENT};
}

/* ---- answers ---- */

mw_val mw_config_value(const mw_config *c, const char *key)
{
    return c->doc ? mw_val_get(c->doc, c->root, key) : MW_VAL_ABSENT;
}

static enum kind kind_of(const char *key)
{
    for (size_t i = 0; i < MW_COUNT(keys); i++)
        if (mw_str_eq(keys[i].name, key))
            return keys[i].kind;
    return TEXT;
}

/* The arena only grows by what is asked for; a caller that cannot have its text gets NULL. */
static const char *text_of(const mw_config *c, enum kind kind, mw_val v)
{
    mw_arena *arena = (mw_arena *)(uintptr_t)&c->arena;
    const char *s = mw_val_str(c->doc, v, NULL), *slash = strrchr(c->path, '/');

    if (kind == ACCOUNTS && mw_val_kind(c->doc, v) == MW_KIND_OBJECT) {
        v = mw_val_get(c->doc, v, "id");
        s = mw_val_str(c->doc, v, NULL) ? mw_val_str(c->doc, v, NULL) : "";
    }
    if (mw_val_kind(c->doc, v) == MW_KIND_INT)
        return mw_arena_printf(arena, "%012lld", (long long)mw_val_int(c->doc, v));
    if (kind == PACKS && mw_str_eq(s, "builtin")) /* the one pack that has a name and no path */
        return s;
    if ((kind == PATH || kind == PATHS || kind == PACKS) && s && s[0] != '/' && slash && !mw_store_is_url(s))
        return mw_arena_printf(arena, "%.*s/%s", (int)(slash - c->path), c->path, s);
    return s;
}

const char *mw_config_str(const mw_config *c, const char *key)
{
    mw_val v = mw_config_value(c, key);

    return mw_val_kind(c->doc, v) == MW_KIND_STRING ? text_of(c, kind_of(key), v) : NULL;
}

long long mw_config_int(const mw_config *c, const char *key, long long fallback)
{
    mw_val v = mw_config_value(c, key);

    return mw_val_kind(c->doc, v) == MW_KIND_INT ? mw_val_int(c->doc, v) : fallback;
}

bool mw_config_bool(const mw_config *c, const char *key, bool fallback)
{
    mw_val v = mw_config_value(c, key);

    if (kind_of(key) == ON_OFF && mw_val_kind(c->doc, v) == MW_KIND_STRING)
        return mw_str_eq(mw_val_str(c->doc, v, NULL), "on");
    return mw_val_kind(c->doc, v) == MW_KIND_BOOL ? mw_val_bool(c->doc, v) : fallback;
}

size_t mw_config_count(const mw_config *c, const char *key)
{
    mw_val v = mw_config_value(c, key);
    mw_kind kind = mw_val_kind(c->doc, v);

    return kind == MW_KIND_ARRAY ? mw_val_len(c->doc, v) : kind == MW_KIND_STRING || kind == MW_KIND_INT;
}

const char *mw_config_at(const mw_config *c, const char *key, size_t i)
{
    mw_val v = mw_config_value(c, key);

    if (i >= mw_config_count(c, key))
        return NULL;
    return text_of(c, kind_of(key), mw_val_kind(c->doc, v) == MW_KIND_ARRAY ? mw_val_at(c->doc, v, i) : v);
}

const char *mw_config_path(const mw_config *c, mw_val v)
{
    return mw_val_kind(c->doc, v) == MW_KIND_STRING ? text_of(c, PATH, v) : NULL;
}

const char *mw_config_key_at(size_t i)
{
    return i < MW_COUNT(keys) ? keys[i].name : NULL;
}
