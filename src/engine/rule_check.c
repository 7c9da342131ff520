/*
 * A rule's metadata, as a worker sent it: every key, kind and name is checked before anything relies
 * on it. Messages name the file, the key and what was expected, with the nearest name where one is wrong.
 */
#include "engine/rule_internal.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char *const keys[] = {"applies", "check",       "controls", "id",       "needs", "params", "pillar",
                                   "related", "remediation", "resource", "severity", "tags",  "title"};
const char *const mw__severities[5] = {"critical", "high", "medium", "low", "info"};
const char *const mw__pillars[6] = {"security", "reliability", "performance", "cost", "operations", "sustainability"};

const char *const *mw_rule_words_of(mw_rule_words which, size_t *count)
{
    static const struct {
        const char *const *words;
        size_t count;
    } all[] = {[MW_RULE_KEYS] = {keys, MW_COUNT(keys)},
               [MW_RULE_SEVERITIES] = {mw__severities, MW_COUNT(mw__severities)},
               [MW_RULE_PILLARS] = {mw__pillars, MW_COUNT(mw__pillars)}};

    *count = all[which].count;
    return all[which].words;
}

#define LIST_MAX 256

struct check {
    const mw_rules *rules;
    const mw_doc *d;
    mw_val meta;
    const char *path;
    mw_arena *arena;
    mw_error *err;
};

static mw_status no_memory(const struct check *c)
{
    return mw_fail(c->err, MW_ERR_NOMEM, "out of memory for rules");
}

static const char *hint(const char *word, const char *const *names, size_t n, char *out, size_t size)
{
    const char *near = mw_nearest(word, names, n);

    if (near)
        snprintf(out, size, "; did you mean '%s'?", near);
    else
        out[0] = '\0';
    return out;
}

static mw_status check_keys(const struct check *c)
{
    char near[128];

    for (size_t i = 0; i < mw_val_len(c->d, c->meta); i++) {
        mw_val key;
        const char *name;
        bool known = false;
        mw_val_member(c->d, c->meta, i, &key);
        name = mw_val_str(c->d, key, NULL);
        for (size_t k = 0; k < MW_COUNT(keys) && !known; k++)
            known = strcmp(keys[k], name) == 0;
        if (!known)
            return mw_fail(c->err, MW_ERR_INVALID, "%s: unknown key '%s'%s", c->path, name,
                           hint(name, keys, MW_COUNT(keys), near, sizeof(near)));
    }
    return MW_OK;
}

/* A text member, copied; *out stays as it was when it is optional and absent. */
static mw_status get_text(const struct check *c, const char *key, bool required, const char **out)
{
    mw_val v = mw_val_get(c->d, c->meta, key);
    size_t len;
    const char *text = mw_val_str(c->d, v, &len);

    if (v == MW_VAL_ABSENT && !required)
        return MW_OK;
    if (v == MW_VAL_ABSENT)
        return mw_fail(c->err, MW_ERR_INVALID, "%s: '%s' is missing", c->path, key);
    if (!text || len == 0)
        return mw_fail(c->err, MW_ERR_INVALID, "%s: '%s' must be text", c->path, key);
    *out = mw_arena_strndup(c->arena, text, len);
    return *out ? MW_OK : no_memory(c);
}

static mw_status one_of(const struct check *c, const char *key, const char *value, const char *const *allowed, size_t n)
{
    char list[256] = "", near[128];

    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(list);
        if (strcmp(allowed[i], value) == 0)
            return MW_OK;
        snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", allowed[i]);
    }
    return mw_fail(c->err, MW_ERR_INVALID, "%s: %s '%s' is not one of %s%s", c->path, key, value, list,
                   hint(value, allowed, n, near, sizeof(near)));
}

/* ---- types ---- */

static mw_status find_type(const struct check *c, const char *key, const char *name, const mw_type **out)
{
    const mw_types *types = c->rules->types;
    size_t n = mw_types_count(types);
    char near[128] = "";
    const char **names;

    if ((*out = mw_types_get(types, name)))
        return MW_OK;
    names = mw_arena_alloc(c->arena, (n + 1) * sizeof(*names));
    for (size_t i = 0; names && i < n; i++)
        names[i] = mw_type_name(mw_types_at(types, i));
    if (names)
        hint(name, names, n, near, sizeof(near));
    return mw_fail(c->err, MW_ERR_INVALID, "%s: %s: '%s' is not a resource type%s", c->path, key, name, near);
}

static mw_status no_facet(const struct check *c, const mw_type *type, const char *facet)
{
    size_t n = mw_type_facet_count(type);
    const char **names = mw_arena_alloc(c->arena, (n + 1) * sizeof(*names));
    char near[128] = "";

    for (size_t i = 0; names && i < n; i++)
        names[i] = mw_type_facet_at(type, i);
    if (names)
        hint(facet, names, n, near, sizeof(near));
    return mw_fail(c->err, MW_ERR_INVALID, "%s: needs: %s has no facet '%s'%s", c->path, mw_type_name(type), facet,
                   near);
}

/* A list of texts, or one text. Borrowed from the document. */
static mw_status get_list(const struct check *c, const char *key, const char ***out, size_t *count)
{
    mw_val v = mw_val_get(c->d, c->meta, key);
    size_t n = mw_val_len(c->d, v);
    bool empty = mw_val_kind(c->d, v) == MW_KIND_OBJECT && n == 0; /* Lua's {} has no kind */

    *count = 0;
    if (v != MW_VAL_ABSENT && mw_val_kind(c->d, v) != MW_KIND_ARRAY && !empty)
        return mw_fail(c->err, MW_ERR_INVALID, "%s: '%s' must be a list of texts", c->path, key);
    if (n > LIST_MAX)
        return mw_fail(c->err, MW_ERR_LIMIT, "%s: '%s' has more than %d elements", c->path, key, LIST_MAX);
    *out = mw_arena_alloc(c->arena, (n + 2) * sizeof(**out)); /* room for one that is added */
    if (!*out)
        return no_memory(c);
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = mw_val_str(c->d, mw_val_at(c->d, v, i), NULL);
        if (!(*out)[i])
            return mw_fail(c->err, MW_ERR_INVALID, "%s: '%s' must be a list of texts", c->path, key);
    }
    *count = n;
    return MW_OK;
}

static bool contains(const char *const *list, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], s) == 0)
            return true;
    return false;
}

static mw_status check_related(const struct check *c, const mw_type *own, mw_rule *rule)
{
    const char **list;
    size_t n;
    mw_status st = get_list(c, "related", &list, &n);

    for (size_t i = 0; st == MW_OK && i < n; i++) {
        const mw_type *type;
        st = find_type(c, "related", list[i], &type);
        if (st != MW_OK)
            return st;
        if (type != own && !contains(rule->related, rule->related_count, mw_type_name(type)))
            list[rule->related_count++] = mw_type_name(type);
        rule->related = list;
    }
    return st;
}

/* "Facet", or "AWS::X::Y.Facet" of the own or a related type. */
static mw_status check_need(const struct check *c, const mw_type *own, const mw_rule *rule, const char *need,
                            bool *is_own, const char **out)
{
    const char *colons = need, *next, *dot;
    const mw_type *type;
    char *name;
    mw_status st;

    while ((next = strstr(colons, "::")))
        colons = next + 2;
    *is_own = colons == need;
    if (*is_own) {
        if (!mw_type_has_facet(own, need))
            return no_facet(c, own, need);
        *out = mw_arena_strdup(c->arena, need);
        return *out ? MW_OK : no_memory(c);
    }
    if (!(dot = strchr(colons, '.')))
        return mw_fail(c->err, MW_ERR_INVALID, "%s: needs: '%s': expected \"Facet\" or \"AWS::Service::Type.Facet\"",
                       c->path, need);
    name = mw_arena_strndup(c->arena, need, (size_t)(dot - need));
    if (!name)
        return no_memory(c);
    if ((st = find_type(c, "needs", name, &type)) != MW_OK)
        return st;
    if (!mw_type_has_facet(type, dot + 1))
        return no_facet(c, type, dot + 1);
    *is_own = type == own;
    if (!*is_own && !contains(rule->related, rule->related_count, mw_type_name(type)))
        return mw_fail(c->err, MW_ERR_INVALID, "%s: needs: '%s': add %s to related", c->path, need, mw_type_name(type));
    *out =
        *is_own ? mw_arena_strdup(c->arena, dot + 1) : mw_arena_printf(c->arena, "%s.%s", mw_type_name(type), dot + 1);
    return *out ? MW_OK : no_memory(c);
}

/* The text names `tags` (beside the member of that name in its metadata), or a guard is on one. */
static bool uses_tags(const struct check *c, const mw_rule_entry *e)
{
    mw_val applies = mw_val_get(c->d, c->meta, "applies");

    for (size_t i = 0; i < mw_val_len(c->d, applies); i++) {
        mw_val key;
        const char *path;
        mw_val_member(c->d, applies, i, &key);
        path = mw_val_str(c->d, key, NULL);
        if (path && strncmp(path, "tags", 4) == 0 && (path[4] == '\0' || path[4] == '.'))
            return true;
    }
    return mw__rule_uses_name(e->source, e->len, "tags") >
           (mw_val_get(c->d, c->meta, "tags") == MW_VAL_ABSENT ? 0u : 1u);
}

static mw_status check_needs(const struct check *c, const mw_type *own, bool with_tags, mw_rule *rule)
{
    const char **list, **needs, *tags = mw_type_tag_facet(own);
    size_t n, count = 0;
    mw_status st = get_list(c, "needs", &list, &n);

    if (st != MW_OK)
        return st;
    needs = mw_arena_alloc(c->arena, (n + 2) * sizeof(*needs));
    if (!needs)
        return no_memory(c);
    /* Own facets first, then those of other types; each once. */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            const char *need;
            bool is_own;
            st = check_need(c, own, rule, list[i], &is_own, &need);
            if (st != MW_OK)
                return st;
            if (is_own == (pass == 0) && !contains(needs, count, need))
                needs[count++] = need;
        }
        if (pass == 0 && with_tags && tags && !contains(needs, count, tags))
            needs[count++] = mw_arena_strdup(c->arena, tags);
    }
    rule->needs = needs;
    rule->need_count = count;
    return MW_OK;
}

/* ---- guards ---- */

static bool is_scalar(mw_kind kind)
{
    return kind >= MW_KIND_BOOL && kind <= MW_KIND_STRING;
}

/* A guard on a facet that is not collected would be judged on what is not there. */
static mw_status check_guard_path(const struct check *c, const mw_type *own, const mw_rule *rule, const char *path)
{
    size_t len = strcspn(path, ".");

    if (len == 0)
        return mw_fail(c->err, MW_ERR_INVALID, "%s: applies: '%s' is not a path", c->path, path);
    for (size_t i = 0; i < mw_type_facet_count(own); i++) {
        const char *facet = mw_type_facet_at(own, i);
        if (strlen(facet) == len && strncmp(facet, path, len) == 0 && !contains(rule->needs, rule->need_count, facet))
            return mw_fail(c->err, MW_ERR_INVALID, "%s: applies: '%s' is a facet: add it to needs", c->path, facet);
    }
    return MW_OK;
}

static mw_status check_applies(const struct check *c, const mw_type *own, const mw_rule *rule)
{
    mw_val applies = mw_val_get(c->d, c->meta, "applies");

    if (applies == MW_VAL_ABSENT)
        return MW_OK;
    if (mw_val_kind(c->d, applies) != MW_KIND_OBJECT)
        return mw_fail(c->err, MW_ERR_INVALID, "%s: applies must be a table of paths and values", c->path);
    for (size_t i = 0; i < mw_val_len(c->d, applies); i++) {
        mw_val key, v = mw_val_member(c->d, applies, i, &key);
        const char *path = mw_val_str(c->d, key, NULL);
        bool good =
            is_scalar(mw_val_kind(c->d, v)) || (mw_val_kind(c->d, v) == MW_KIND_ARRAY && mw_val_len(c->d, v) > 0);
        mw_status st = check_guard_path(c, own, rule, path);
        for (size_t k = 0; good && k < mw_val_len(c->d, v); k++)
            good = is_scalar(mw_val_kind(c->d, mw_val_at(c->d, v, k)));
        if (st != MW_OK)
            return st;
        if (!good)
            return mw_fail(c->err, MW_ERR_INVALID, "%s: applies: '%s' must be a value or a list of values", c->path,
                           path);
    }
    return MW_OK;
}

/* ---- the rest ---- */

static mw_status check_table(const struct check *c, const char *key)
{
    mw_val v = mw_val_get(c->d, c->meta, key);

    if (v == MW_VAL_ABSENT || mw_val_kind(c->d, v) == MW_KIND_OBJECT)
        return MW_OK;
    return mw_fail(c->err, MW_ERR_INVALID, "%s: '%s' must be a table with names", c->path, key);
}

static mw_status check_controls(const struct check *c)
{
    mw_val v = mw_val_get(c->d, c->meta, "controls");
    mw_status st = check_table(c, "controls");

    for (size_t i = 0; st == MW_OK && i < mw_val_len(c->d, v); i++) {
        mw_val key, list = mw_val_member(c->d, v, i, &key);
        bool good = mw_val_kind(c->d, list) == MW_KIND_ARRAY;
        for (size_t k = 0; good && k < mw_val_len(c->d, list); k++)
            good = mw_val_str(c->d, mw_val_at(c->d, list, k), NULL) != NULL;
        if (!good)
            st = mw_fail(c->err, MW_ERR_INVALID, "%s: controls: '%s' must be a list of control ids", c->path,
                         mw_val_str(c->d, key, NULL));
    }
    return st;
}

static mw_status check_tags(const struct check *c, mw_rule *rule)
{
    const char **list;
    mw_status st = get_list(c, "tags", &list, &rule->tag_count);

    for (size_t i = 0; st == MW_OK && i < rule->tag_count; i++) {
        if (!list[i][0])
            return mw_fail(c->err, MW_ERR_INVALID, "%s: 'tags' must be a list of texts", c->path);
        if (!(list[i] = mw_arena_strdup(c->arena, list[i])))
            return no_memory(c);
    }
    rule->tags = list;
    return st;
}

/* Ids become file names, globs and parts of messages: `s3-bucket-versioning-enabled`. */
static mw_status check_id(const struct check *c, const char *id)
{
    const char *slash = strrchr(c->path, '/'), *file = slash ? slash + 1 : c->path;
    size_t len = strlen(id);

    if (len > 100 || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return mw_fail(c->err, MW_ERR_INVALID, "%s: id '%s': at most 100 lower-case letters, digits and dashes",
                       c->path, id);
    if (strncmp(file, id, len) != 0 || strcmp(file + len, ".lua") != 0)
        return mw_fail(c->err, MW_ERR_INVALID, "%s: id '%s': the file must be called %s.lua", c->path, id, id);
    return MW_OK;
}

static mw_status add_tag_facets(const struct check *c, const mw_type *own, mw_rule_entry *e)
{
    mw_tag_facet *list = mw_arena_alloc(c->arena, (e->rule.related_count + 1) * sizeof(*list));

    if (!list)
        return no_memory(c);
    for (size_t i = 0; i <= e->rule.related_count; i++) {
        const mw_type *type = i == 0 ? own : mw_types_get(c->rules->types, e->rule.related[i - 1]);
        const char *facet = type ? mw_type_tag_facet(type) : NULL;
        if (facet)
            list[e->tag_facet_count++] = (mw_tag_facet){mw_type_name(type), facet};
    }
    e->tag_facets = list;
    return MW_OK;
}

mw_status mw__rule_check(const mw_rules *rules, const mw_doc *d, mw_val meta, const char *path, mw_arena *arena,
                         mw_rule_entry *e, mw_error *err)
{
    struct check c = {rules, d, meta, path, arena, err};
    mw_rule *rule = &e->rule;
    mw_rule_comment comment;
    const mw_type *own;
    mw_status st;

    if (mw_val_kind(d, meta) != MW_KIND_OBJECT)
        return mw_fail(err, MW_ERR_INVALID, "%s: a rule is a table with names", path);
    rule->pillar = "";
    if ((st = check_keys(&c)) != MW_OK || (st = get_text(&c, "id", true, &rule->id)) != MW_OK ||
        (st = check_id(&c, rule->id)) != MW_OK || (st = get_text(&c, "title", true, &rule->title)) != MW_OK ||
        (st = get_text(&c, "severity", true, &rule->severity)) != MW_OK ||
        (st = one_of(&c, "severity", rule->severity, mw__severities, MW_COUNT(mw__severities))) != MW_OK ||
        (st = get_text(&c, "pillar", false, &rule->pillar)) != MW_OK ||
        (rule->pillar[0] && (st = one_of(&c, "pillar", rule->pillar, mw__pillars, MW_COUNT(mw__pillars))) != MW_OK) ||
        (st = get_text(&c, "remediation", false, &rule->remediation)) != MW_OK ||
        (st = get_text(&c, "resource", true, &rule->resource)) != MW_OK ||
        (st = find_type(&c, "resource", rule->resource, &own)) != MW_OK)
        return st;
    rule->resource = mw_type_name(own);
    if (mw_val_get_bool(d, mw_val_get(d, meta, "check"), "$function", false) != true)
        return mw_fail(err, MW_ERR_INVALID, "%s: 'check' must be a function", path);
    if ((st = check_related(&c, own, rule)) != MW_OK || (st = check_needs(&c, own, uses_tags(&c, e), rule)) != MW_OK ||
        (st = check_applies(&c, own, rule)) != MW_OK || (st = check_table(&c, "params")) != MW_OK ||
        (st = check_controls(&c)) != MW_OK || (st = check_tags(&c, rule)) != MW_OK ||
        (st = add_tag_facets(&c, own, e)) != MW_OK)
        return st;
    if (!mw__rule_comment(e->source, e->len, arena, &comment))
        return no_memory(&c);
    rule->description = comment.description;
    rule->see = comment.see;
    rule->path = path;
    return MW_OK;
}
