/*
 * The schema of the type language, as tables of keys. Nothing that passes here can fail later for its
 * form: expressions and templates are compiled once to prove that they can be, names are checked, and a
 * key that is not in the table is refused with the nearest one.
 */
#include "inventory/type_read.h"

#include "base/str.h"
#include "doc/yaml.h"
#include "inventory/template.h"
#include "moonward/jmespath.h"

#include <string.h>

struct check {
    const mw_doc *d;
    const char *file;
    const mw_yaml_marks *marks;
    mw_error *err;
    mw_buf path;   /* of the value at hand */
    unsigned line; /* of a key that is no value's, or 0 */
};

typedef mw_status (*check_fn)(struct check *c, mw_val v);

struct key_rule {
    const char *name;
    check_fn check;
    bool required;
};

__attribute__((format(printf, 2, 3))) static mw_status bad(struct check *c, const char *format, ...)
{
    const char *path = c->path.data ? c->path.data : "";
    va_list args;

    va_start(args, format);
    mw_vfail(c->err, MW_ERR_INVALID, format, args);
    va_end(args);
    return mw_error_prefix(c->err, MW_ERR_INVALID, "%s:%u: %s", c->file,
                           c->line ? c->line : mw_yaml_line(c->marks, path), path);
}

static mw_status descend(struct check *c, const char *key, mw_val v, check_fn check)
{
    size_t len = c->path.len;
    mw_status st;

    mw_buf_printf(&c->path, "%s%s", len ? "." : "", key);
    if ((st = mw_buf_status(&c->path, c->err)) != MW_OK)
        return st;
    st = check(c, v);
    c->path.len = len;
    c->path.data[len] = '\0';
    return st;
}

static const char *kind_name(mw_kind k)
{
    switch (k) {
    case MW_KIND_ABSENT: return "nothing";
    case MW_KIND_NULL: return "null";
    case MW_KIND_BOOL: return "a truth value";
    case MW_KIND_INT:
    case MW_KIND_REAL: return "a number";
    case MW_KIND_STRING: return "text";
    case MW_KIND_ARRAY: return "a list";
    case MW_KIND_OBJECT: return "a mapping";
    case MW_KIND_UNKNOWN: return "an unknown";
    }
    return "?";
}

static mw_status expect(struct check *c, mw_val v, mw_kind kind)
{
    mw_kind found = mw_val_kind(c->d, v);

    return found == kind ? MW_OK : bad(c, "expected %s, found %s", kind_name(kind), kind_name(found));
}

static mw_status check_keys(struct check *c, mw_val v, const struct key_rule *rules, size_t n)
{
    const char *names[32];
    mw_status st = expect(c, v, MW_KIND_OBJECT);

    for (size_t i = 0; i < n; i++)
        names[i] = rules[i].name;
    for (size_t i = 0; st == MW_OK && i < mw_val_len(c->d, v); i++) {
        mw_val key_val;
        mw_val member = mw_val_member(c->d, v, i, &key_val);
        const char *key = mw_val_str(c->d, key_val, NULL);
        const struct key_rule *rule = NULL;
        for (size_t k = 0; k < n && !rule; k++)
            if (mw_str_eq(rules[k].name, key))
                rule = &rules[k];
        if (rule) {
            st = descend(c, key, member, rule->check);
        } else {
            const char *near = mw_nearest(key, names, n);
            MW_AUTO(mw_buf) list = {0};
            MW_AUTO(mw_buf) place = {0};
            mw_buf_printf(&place, "%s.%s", c->path.data, key);
            c->line = mw_yaml_line(c->marks, place.data ? place.data : "");
            for (size_t k = 0; k < n; k++)
                mw_buf_printf(&list, "%s%s", k ? ", " : "", names[k]);
            st = near ? bad(c, "unknown key '%s'; did you mean '%s'?", key, near)
                      : bad(c, "unknown key '%s'; expected one of %s", key, list.data);
        }
    }
    for (size_t k = 0; st == MW_OK && k < n; k++)
        if (rules[k].required && mw_val_get(c->d, v, rules[k].name) == MW_VAL_ABSENT)
            st = bad(c, "'%s' is missing", rules[k].name);
    return st;
}

/* ---- leaves ---- */

static mw_status check_text(struct check *c, mw_val v)
{
    mw_status st = expect(c, v, MW_KIND_STRING);

    return st == MW_OK && mw_val_str(c->d, v, NULL)[0] == '\0' ? bad(c, "empty text") : st;
}

static mw_status check_bool(struct check *c, mw_val v)
{
    return expect(c, v, MW_KIND_BOOL);
}

static mw_status check_range(struct check *c, mw_val v, int64_t most)
{
    mw_status st = expect(c, v, MW_KIND_INT);
    int64_t n = mw_val_int(c->d, v);

    return st == MW_OK && (n < 1 || n > most) ? bad(c, "expected 1 to %lld", (long long)most) : st;
}

static mw_status check_count(struct check *c, mw_val v)
{
    return check_range(c, v, 10000);
}

static mw_status one_of(struct check *c, mw_val v, const char *const *words, size_t n)
{
    mw_status st = check_text(c, v);
    MW_AUTO(mw_buf) list = {0};

    if (st != MW_OK)
        return st;
    for (size_t i = 0; i < n; i++) {
        if (mw_str_eq(words[i], mw_val_str(c->d, v, NULL)))
            return MW_OK;
        mw_buf_printf(&list, "%s%s", i ? ", " : "", words[i]);
    }
    return bad(c, "'%s' is not one of %s", mw_val_str(c->d, v, NULL), list.data);
}

static mw_status check_scope(struct check *c, mw_val v)
{
    static const char *const words[] = {"regional", "region", "global", "account"};
    return one_of(c, v, words, MW_COUNT(words));
}

static mw_status check_shape(struct check *c, mw_val v)
{
    static const char *const words[] = {"list-Key-Value", "list-TagKey-TagValue", "list-key-value-lowercase", "map"};
    return one_of(c, v, words, MW_COUNT(words));
}

static mw_status check_region(struct check *c, mw_val v)
{
    static const char *const words[] = {"home"};
    return one_of(c, v, words, MW_COUNT(words));
}

static mw_status check_parse(struct check *c, mw_val v)
{
    mw_status st = check_text(c, v);
    const char *s = mw_val_str(c->d, v, NULL);

    if (st == MW_OK && !mw_str_eq(s, "json") && !mw_str_eq(s, "csv") && !(mw_str_starts(s, "csv:") && s[4] != '\0'))
        st = bad(c, "'%s': expected json, csv or csv:Member", s);
    return st;
}

static mw_status check_operation(struct check *c, mw_val v)
{
    mw_status st = check_text(c, v);
    const char *s = mw_val_str(c->d, v, NULL);
    const char *colon = st == MW_OK ? strchr(s, ':') : NULL;

    if (st == MW_OK && (!colon || colon == s || colon[1] == '\0' ||
                        strspn(colon + 1, "abcdefghijklmnopqrstuvwxyz"
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(colon + 1)))
        st = bad(c, "'%s': expected service:Operation", s);
    return st;
}

static mw_status check_path(struct check *c, mw_val v)
{
    mw_jmespath *j = NULL;
    mw_error inner = {0};
    size_t len;
    mw_status st = check_text(c, v);
    const char *s = mw_val_str(c->d, v, &len);

    if (st != MW_OK)
        return st;
    st = mw_jmespath_compile(s, len, &j, &inner);
    mw_jmespath_free(j);
    return st == MW_OK ? MW_OK : bad(c, "'%s': %s", s, inner.message);
}

static mw_status check_template(struct check *c, mw_val v)
{
    mw_template *t = NULL;
    mw_error inner = {0};
    mw_status st = mw_template_compile(c->d, v, &t, &inner);

    mw_template_free(t);
    return st == MW_OK ? MW_OK : bad(c, "%s", inner.message);
}

static mw_status check_params(struct check *c, mw_val v)
{
    mw_status st = expect(c, v, MW_KIND_OBJECT);

    return st == MW_OK ? check_template(c, v) : st;
}

/* A template when it holds a brace, else a path: `id`, `arn`, `name`, the keys of joins and batches. */
static mw_status check_path_or_template(struct check *c, mw_val v)
{
    mw_status st = check_text(c, v);

    if (st != MW_OK)
        return st;
    return strchr(mw_val_str(c->d, v, NULL), '{') ? check_template(c, v) : check_path(c, v);
}

static mw_status check_each_element(struct check *c, mw_val v, check_fn check)
{
    mw_status st = expect(c, v, MW_KIND_ARRAY);

    for (size_t i = 0; st == MW_OK && i < mw_val_len(c->d, v); i++) {
        size_t len = c->path.len;
        mw_buf_printf(&c->path, "[%zu]", i);
        st = mw_buf_status(&c->path, c->err);
        if (st == MW_OK)
            st = check(c, mw_val_at(c->d, v, i));
        c->path.len = len;
        c->path.data[len] = '\0';
    }
    return st;
}

static mw_status check_each_member(struct check *c, mw_val v, check_fn check)
{
    mw_status st = expect(c, v, MW_KIND_OBJECT);

    for (size_t i = 0; st == MW_OK && i < mw_val_len(c->d, v); i++) {
        mw_val key;
        mw_val member = mw_val_member(c->d, v, i, &key);
        st = descend(c, mw_val_str(c->d, key, NULL), member, check);
    }
    return st;
}

static mw_status check_texts(struct check *c, mw_val v)
{
    return check_each_element(c, v, check_text);
}

/* `Environment.Variables`, `Items.*.Secret`: lists add nothing, so brackets have no business here. */
static mw_status check_dotted(struct check *c, mw_val v)
{
    mw_status st = check_text(c, v);
    const char *s = mw_val_str(c->d, v, NULL);

    if (st == MW_OK && (s[0] == '.' || strstr(s, "..") || mw_str_ends(s, ".") || strpbrk(s, "[]\"|' ")))
        st = bad(c, "'%s': expected names joined by dots (lists add nothing)", s);
    return st;
}

static mw_status check_dotted_paths(struct check *c, mw_val v)
{
    return check_each_element(c, v, check_dotted);
}

static mw_status check_operations(struct check *c, mw_val v)
{
    return check_each_element(c, v, check_operation);
}

static mw_status check_paths(struct check *c, mw_val v)
{
    return check_each_member(c, v, check_path);
}

static mw_status check_templates(struct check *c, mw_val v)
{
    return check_each_member(c, v, check_template);
}

static mw_status check_region_map(struct check *c, mw_val v)
{
    return check_each_member(c, v, check_text);
}

/* ---- mappings ---- */

static mw_status check_absent_error(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"code", check_text, true}, {"message", check_text, true}};
    return mw_val_kind(c->d, v) == MW_KIND_STRING ? check_text(c, v) : check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_absent_errors(struct check *c, mw_val v)
{
    return check_each_element(c, v, check_absent_error);
}

static mw_status check_per(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"parent", check_text, true}, {"params", check_paths, true}};
    return check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_batch_describe(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"operation", check_operation, true},
                                            {"params", check_params, false},
                                            {"param", check_text, true},
                                            {"key", check_path, true},
                                            {"size", check_count, true},
                                            {"items", check_path, true},
                                            {"absent_errors", check_absent_errors, false}};
    return check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_variant(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"params", check_params, true}, {"region", check_region, false}};
    return check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_variants(struct check *c, mw_val v)
{
    return check_each_element(c, v, check_variant);
}

static mw_status check_derived(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"derived_from", check_texts, true}, {"by", check_paths, false}};
    return check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_list(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {
        {"operation", check_operation, true}, {"params", check_params, false},
        {"items", check_path, true},          {"region", check_region, false},
        {"where", check_templates, false},    {"per", check_per, false},
        {"recursive", check_paths, false},    {"explode", check_text, false},
        {"newest", check_path, false},        {"batch_describe", check_batch_describe, false},
        {"variants", check_variants, false},  {"absent_errors", check_absent_errors, false},
        {"replaces", check_operations, false}};
    return mw_val_get(c->d, v, "derived_from") != MW_VAL_ABSENT ? check_derived(c, v)
                                                                : check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_locate(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"operation", check_operation, true},
                                            {"params", check_params, true},
                                            {"result", check_path, true},
                                            {"map", check_region_map, false}};
    return mw_val_kind(c->d, v) == MW_KIND_STRING ? check_path(c, v) : check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_region_from(struct check *c, mw_val v)
{
    size_t n = mw_val_len(c->d, v);
    mw_status st = check_each_element(c, v, check_locate);

    for (size_t i = 0; st == MW_OK && i + 1 < n; i++)
        if (mw_val_kind(c->d, mw_val_at(c->d, v, i)) == MW_KIND_OBJECT)
            st = bad(c, "only the last entry may be a call");
    return st;
}

static mw_status check_tags(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"from", check_path, true}, {"shape", check_shape, true}};
    return check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_join(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"key", check_path_or_template, true},
                                            {"field", check_path, true},
                                            {"value", check_path, false},
                                            {"many", check_bool, false}};
    return check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_batch(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"param", check_text, true},
                                            {"size", check_count, true},
                                            {"key", check_path_or_template, true},
                                            {"field", check_path, true}};
    return check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_prepare(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"operation", check_operation, true},
                                            {"params", check_params, false},
                                            {"bind", check_text, false},
                                            {"until", check_path, true},
                                            {"failed", check_path, false}};
    return check_keys(c, v, rules, MW_COUNT(rules));
}

/* `{Key: Value}`: the members that hold the name and the value of each element; or `each`. */
static mw_status check_keyed(struct check *c, mw_val v)
{
    static const char *const words[] = {"each"};
    mw_status st;

    if (mw_val_kind(c->d, v) == MW_KIND_STRING)
        return one_of(c, v, words, MW_COUNT(words));
    st = check_each_member(c, v, check_text);
    return st == MW_OK && mw_val_len(c->d, v) != 1 ? bad(c, "expected one pair, as in {Key: Value}") : st;
}

static mw_status check_period(struct check *c, mw_val v)
{
    mw_status st = check_range(c, v, 86400);

    /* https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html */
    return st == MW_OK && mw_val_int(c->d, v) % 60 ? bad(c, "expected a multiple of 60 seconds") : st;
}

/* How far back: what `{now-…}` understands. */
static mw_status check_window(struct check *c, mw_val v)
{
    mw_status st = check_text(c, v);
    const char *s = mw_val_str(c->d, v, NULL);
    size_t digits = st == MW_OK ? strspn(s, "0123456789") : 0;

    if (st == MW_OK && (digits == 0 || digits > 4 || !strchr("mhd", s[digits]) || strlen(s) != digits + 1))
        st = bad(c, "'%s': expected a number of minutes, hours or days, as in 14d", s);
    return st;
}

static mw_status check_metric(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"metric", check_text, true},    {"namespace", check_text, true},
                                            {"stat", check_text, true},      {"dimensions", check_params, false},
                                            {"period", check_period, true},  {"window", check_window, true},
                                            {"region", check_region, false}, {"when", check_path, false},
                                            {"each", check_path, false},     {"needs_facet", check_texts, false}};
    const char *dot = strrchr(c->path.data, '.');

    /* The path ends in the facet's name: its own dot makes it a member of `Metrics`. */
    if (dot - c->path.data < 8 || memcmp(dot - 8, ".Metrics", 8) != 0 || dot[1] == '\0')
        return bad(c, "a facet with 'metric' is named Metrics.Name");
    return check_keys(c, v, rules, MW_COUNT(rules));
}

static mw_status check_facet(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {
        {"operation", check_operation, true},  {"params", check_params, false},
        {"result", check_path, true},          {"absent_errors", check_absent_errors, false},
        {"region", check_region, false},       {"when", check_path, false},
        {"join", check_join, false},           {"batch", check_batch, false},
        {"each", check_path, false},           {"prepare", check_prepare, false},
        {"parse", check_parse, false},         {"keyed", check_keyed, false},
        {"replaces", check_operations, false}, {"needs_facet", check_texts, false},
        {"pages", check_count, false},         {"max_pages", check_count, false}};
    static const char *const ways[] = {"join", "batch", "each"};
    unsigned found = 0;
    mw_status st;

    if (mw_val_get(c->d, v, "metric") != MW_VAL_ABSENT)
        return check_metric(c, v);
    st = check_keys(c, v, rules, MW_COUNT(rules));
    for (size_t i = 0; st == MW_OK && i < MW_COUNT(ways); i++)
        found += mw_val_get(c->d, v, ways[i]) != MW_VAL_ABSENT;
    if (st == MW_OK && found > 1)
        st = bad(c, "at most one of join, batch and each");
    if (st == MW_OK && mw_val_kind(c->d, mw_val_get(c->d, v, "keyed")) == MW_KIND_STRING &&
        mw_val_get(c->d, v, "each") == MW_VAL_ABSENT)
        st = bad(c, "'keyed: each' needs 'each'");
    return st;
}

static mw_status check_facets(struct check *c, mw_val v)
{
    return check_each_member(c, v, check_facet);
}

static mw_status check_type(struct check *c, mw_val v)
{
    static const struct key_rule rules[] = {{"alias", check_text, false},
                                            {"config_type", check_text, false},
                                            {"scope", check_scope, true},
                                            {"home_region", check_text, false},
                                            {"list", check_list, true},
                                            {"region_from", check_region_from, false},
                                            {"id", check_path_or_template, true},
                                            {"arn", check_path_or_template, false},
                                            {"name", check_path_or_template, false},
                                            {"created", check_path, false},
                                            {"tags", check_tags, false},
                                            {"facets", check_facets, false},
                                            {"always", check_texts, false},
                                            {"sensitive", check_dotted_paths, false}};
    return check_keys(c, v, rules, MW_COUNT(rules));
}

mw_status mw_types_check_file(const mw_doc *d, mw_val v, const char *file, const mw_yaml_marks *marks, mw_error *err)
{
    struct check c = {.d = d, .file = file, .marks = marks, .err = err};
    mw_status st;

    mw_buf_puts(&c.path, "");
    st = mw_val_kind(d, v) == MW_KIND_NULL ? MW_OK : check_each_member(&c, v, check_type);
    mw_buf_clear(&c.path);
    return st;
}

mw_status mw_type_check_links(const mw_doc *d, const char *name, mw_val type,
                              bool (*known)(void *user, const char *type), void *user, mw_error *err)
{
    const char *parent = mw_val_str(d, mw_val_path(d, type, "list.per.parent"), NULL);
    mw_val facets = mw_val_get(d, type, "facets");
    mw_val sources = mw_val_path(d, type, "list.derived_from");

    if (parent && !known(user, parent))
        return mw_fail(err, MW_ERR_INVALID, "type %s: list.per.parent: '%s' is not a resource type", name, parent);
    for (size_t i = 0; i < mw_val_len(d, sources); i++)
        if (!known(user, mw_val_str(d, mw_val_at(d, sources, i), NULL)))
            return mw_fail(err, MW_ERR_INVALID, "type %s: list.derived_from: '%s' is not a resource type", name,
                           mw_val_str(d, mw_val_at(d, sources, i), NULL));
    for (size_t i = 0; i < mw_val_len(d, facets); i++) {
        mw_val key;
        mw_val needs = mw_val_get(d, mw_val_member(d, facets, i, &key), "needs_facet");
        for (size_t k = 0; k < mw_val_len(d, needs); k++) {
            const char *facet = mw_val_str(d, mw_val_at(d, needs, k), NULL);
            if (mw_val_get(d, facets, facet) == MW_VAL_ABSENT)
                return mw_fail(err, MW_ERR_INVALID, "type %s: facets.%s.needs_facet: there is no facet '%s'", name,
                               mw_val_str(d, key, NULL), facet);
        }
    }
    return MW_OK;
}
