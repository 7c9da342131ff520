/*
 * Shapes of rule packs and overrides in moonward.yaml: which keys, which kinds, each mistake with its line and the
 * nearest key. Nothing here knows a rule; what names one is checked when rules are loaded.
 */
#include "cli/config_rules.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum kind { NAME, TEXTS, ACCOUNTS, PARAMS, MATCH };

struct key {
    const char *name;
    enum kind kind;
    bool required;
};

static const struct key pack_keys[] = {
    {"name", NAME, true}, {"params", PARAMS, false}, {"path", TEXTS, true}, {"select", TEXTS, false}};
static const struct key override_keys[] = {{"match", MATCH, true}, {"params", PARAMS, true}};
static const struct key match_keys[] = {
    {"account", ACCOUNTS, false}, {"region", TEXTS, false}, {"rule", TEXTS, false}, {"tag", TEXTS, false}};

static const char *const expected[] = {
    [NAME] = "at most 64 lower-case letters, digits and dashes",    [TEXTS] = "text or a list of texts",
    [ACCOUNTS] = "account ids (12 digits) or globs, one or a list", [PARAMS] = "{rule id: {parameter: value}}",
    [MATCH] = "{account, region, rule, tag}, at least one of them",
};

static bool item_fits(const mw_config *c, enum kind kind, mw_val v)
{
    const char *s = mw_val_str(c->doc, v, NULL);

    if (kind != ACCOUNTS)
        return s && *s;
    if (mw_val_kind(c->doc, v) == MW_KIND_INT) /* YAML reads an id without leading zero as a number */
        return mw_val_int(c->doc, v) > 0 && mw_val_int(c->doc, v) <= 999999999999;
    return s && *s && s[strspn(s, "0123456789*?")] == '\0' && (strpbrk(s, "*?") || strlen(s) == 12);
}

static bool fits(const mw_config *c, enum kind kind, mw_val v)
{
    const char *s = mw_val_str(c->doc, v, NULL);
    size_t n = mw_val_len(c->doc, v);

    switch (kind) {
    case NAME: return s && *s && strlen(s) <= 64 && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
    case PARAMS:
    case MATCH: return mw_val_kind(c->doc, v) == MW_KIND_OBJECT && (kind == PARAMS || n > 0);
    case TEXTS:
    case ACCOUNTS: break;
    }
    if (mw_val_kind(c->doc, v) != MW_KIND_ARRAY)
        return item_fits(c, kind, v);
    for (size_t i = 0; i < n; i++)
        if (!item_fits(c, kind, mw_val_at(c->doc, v, i)))
            return false;
    return n > 0;
}

static mw_status check_object(const mw_config *c, const char *where, mw_val v, const struct key *keys, size_t count,
                              mw_error *err);

static mw_status check_member(const mw_config *c, const char *where, const char *name, mw_val v, const struct key *keys,
                              size_t count, mw_error *err)
{
    const char *names[8], *near;
    char at[512], list[160] = "";

    snprintf(at, sizeof(at), "%s.%s", where, name);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(list);
        names[i] = keys[i].name;
        snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", keys[i].name);
        if (!mw_str_eq(keys[i].name, name))
            continue;
        if (!fits(c, keys[i].kind, v))
            return mw_config_fail(c, at, err, "%s: expected %s", at, expected[keys[i].kind]);
        if (keys[i].kind == PARAMS)
            return mw__config_check_params(c, at, v, err);
        if (keys[i].kind == MATCH)
            return check_object(c, at, v, match_keys, MW_COUNT(match_keys), err);
        return MW_OK;
    }
    near = mw_nearest(name, names, count);
    if (near)
        return mw_config_fail(c, at, err, "%s: unknown key '%.60s'; did you mean '%s'?", where, name, near);
    return mw_config_fail(c, at, err, "%s: unknown key '%.60s', expected one of %s", where, name, list);
}

static mw_status check_object(const mw_config *c, const char *where, mw_val v, const struct key *keys, size_t count,
                              mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < mw_val_len(c->doc, v) && st == MW_OK; i++) {
        mw_val key, value = mw_val_member(c->doc, v, i, &key);
        st = check_member(c, where, mw_val_str(c->doc, key, NULL), value, keys, count, err);
    }
    for (size_t i = 0; i < count && st == MW_OK; i++)
        if (keys[i].required && mw_val_get(c->doc, v, keys[i].name) == MW_VAL_ABSENT)
            st = mw_config_fail(c, where, err, "%s: '%s' is missing", where, keys[i].name);
    return st;
}

mw_status mw__config_check_params(const mw_config *c, const char *where, mw_val params, mw_error *err)
{
    for (size_t i = 0; i < mw_val_len(c->doc, params); i++) {
        mw_val key, value = mw_val_member(c->doc, params, i, &key);
        char at[768];
        snprintf(at, sizeof(at), "%s.%s", where, mw_val_str(c->doc, key, NULL));
        if (mw_val_kind(c->doc, value) != MW_KIND_OBJECT)
            return mw_config_fail(c, at, err, "%s: expected {parameter: value}", at);
    }
    return MW_OK;
}

mw_status mw__config_check_packs(const mw_config *c, mw_val rules, mw_error *err)
{
    size_t n = mw_val_kind(c->doc, rules) == MW_KIND_ARRAY ? mw_val_len(c->doc, rules) : 0;
    mw_status st = MW_OK;

    for (size_t i = 0; i < n && st == MW_OK; i++) {
        mw_val one = mw_val_at(c->doc, rules, i);
        const char *name = mw_val_get_str(c->doc, one, "name", NULL);
        char at[64];
        snprintf(at, sizeof(at), "rules[%zu]", i);
        if (mw_val_kind(c->doc, one) != MW_KIND_OBJECT) {
            if (!item_fits(c, TEXTS, one))
                st = mw_config_fail(c, at, err, "%s: expected a path or a pack ({name, path, select, params})", at);
            continue;
        }
        st = check_object(c, at, one, pack_keys, MW_COUNT(pack_keys), err);
        for (size_t k = 0; k < i && st == MW_OK; k++) /* a list that people type */
            if (mw_str_eq(name, mw_val_get_str(c->doc, mw_val_at(c->doc, rules, k), "name", NULL)))
                st = mw_config_fail(c, at, err, "%s: there is a pack '%s' already: rules[%zu]", at, name, k);
    }
    return st;
}

mw_status mw__config_check_overrides(const mw_config *c, mw_val overrides, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < mw_val_len(c->doc, overrides) && st == MW_OK; i++) {
        mw_val one = mw_val_at(c->doc, overrides, i);
        char at[64];
        snprintf(at, sizeof(at), "overrides[%zu]", i);
        st = mw_val_kind(c->doc, one) == MW_KIND_OBJECT
                 ? check_object(c, at, one, override_keys, MW_COUNT(override_keys), err)
                 : mw_config_fail(c, at, err, "%s: expected {match, params}", at);
    }
    return st;
}
