/*
 * A rule's constructor: what the loader would refuse, said at its place, and what readers miss.
 * Finds the check and the type for the walks that follow. Values that are computed are not judged.
 */
#include "lint/check.h"

#include "base/mem.h"
#include "engine/rule.h"

#include <stdio.h>

static int shown(mw_str s)
{
    return s.len < 80 ? (int)s.len : 80;
}

/* ---- single members ---- */

static bool literal(const lua_node *n)
{
    n = mw_lua_bare(n);
    return n->kind <= LUA_STRING || n->kind == LUA_FUNCTION || n->kind == LUA_TABLE;
}

/* A text member: false when there is none to judge. */
static bool text_of(file *f, const char *key, bool required, mw_str *out, const lua_node **node)
{
    const lua_node *n = mw__lint_field(f->meta, key);

    if (!n) {
        if (required)
            mw__lint_report(f, "MW1701", f->meta->at, f->meta->at + 1, "'%s' is missing", key);
        return false;
    }
    *node = mw_lua_bare(n);
    if (mw__lint_text(n, out) && out->len)
        return true;
    if (literal(n))
        mw__lint_at(f, "MW1701", n, "'%s' must be text", key);
    return false;
}

static void check_words(file *f, const char *key, bool required, mw_rule_words which)
{
    size_t n;
    const char *const *words = mw_rule_words_of(which, &n);
    const lua_node *node;
    char list[256] = "";
    mw_str text;

    if (!text_of(f, key, required, &text, &node))
        return;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(list);
        if (mw_lua_is(text, words[i]))
            return;
        snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", words[i]);
    }
    mw__lint_at(f, "MW1704", node, "%s '%.*s' is not one of %s%s", key, shown(text), text.data, list,
                mw__lint_near(f, text, words, n));
}

static void check_id(file *f)
{
    const char *slash = strrchr(f->path, '/'), *name = slash ? slash + 1 : f->path;
    const lua_node *node;
    size_t n = strlen(name);
    mw_str id;

    if (!text_of(f, "id", true, &id, &node))
        return;
    for (size_t i = 0; i < id.len; i++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", id.data[i]) || id.data[i] == '\0' || id.len > 100) {
            mw__lint_at(f, "MW1701", node, "id '%.*s': at most 100 lower-case letters, digits and dashes", shown(id),
                        id.data);
            return;
        }
    }
    if (n > 4 && (n - 4 != id.len || memcmp(name, id.data, id.len) != 0))
        mw__lint_at(f, "MW1703", node, "id '%.*s' is in the file %s; expected %.*s.lua", shown(id), id.data, name,
                    shown(id), id.data);
    mw__lint_remember_id(f, node, false, false);
}

static void check_keys(file *f)
{
    size_t n;
    const char *const *keys = mw_rule_words_of(MW_RULE_KEYS, &n);

    for (const lua_node *c = f->meta->kids; c; c = c->next) {
        bool known;
        if (!c->a) {
            mw__lint_at(f, "MW1702", c, "expected a member with its name: `key = value`");
            continue;
        }
        if (c->a->kind != LUA_STRING)
            continue;
        known = mw_lua_one_of(c->a->text, keys, n);
        if (!known)
            mw__lint_at(f, "MW1702", c->a, "rules have no member '%.*s'%s", shown(c->a->text), c->a->text.data,
                        mw__lint_near(f, c->a->text, keys, n));
        for (const lua_node *d = f->meta->kids; d != c; d = d->next)
            if (d->a && d->a->kind == LUA_STRING && mw_lua_same(d->a->text, c->a->text))
                mw__lint_at(f, "MW1702", c->a, "'%.*s' is given twice", shown(c->a->text), c->a->text.data);
    }
}

static void check_comment(file *f)
{
    bool described = f->tree.len >= 4 && memcmp(f->tree.source, "---", 3) == 0 && f->tree.source[3] != '-', see = false;

    for (size_t i = 0; i < f->tree.comment_count && !see; i++) {
        const lua_comment *c = &f->tree.comments[i];
        mw_str s = {f->tree.source + c->at, c->len};
        while (s.len && (*s.data == ' ' || *s.data == '-' || *s.data == '\t')) {
            s.data++;
            s.len--;
        }
        see = s.len > 12 && (memcmp(s.data, "@see https:", 11) == 0 || memcmp(s.data, "@see http:", 10) == 0);
    }
    if (!described)
        mw__lint_report(f, "MW1705", 0, 1, "expected a leading `---` comment: what must hold, and why");
    if (!see)
        mw__lint_report(f, "MW1706", 0, 1,
                        "expected a line `-- @see https://docs.aws.amazon.com/…` in the leading comment");
}

static void check_check(file *f)
{
    const lua_node *n = mw__lint_field(f->meta, "check"), *bare = mw_lua_bare(n);
    value v;

    if (!n) {
        mw__lint_report(f, "MW1701", f->meta->at, f->meta->at + 1, "'check' is missing");
        return;
    }
    v = mw__lint_value_of(f, n);
    if (v.kind == VALUE_FUNCTION)
        f->check = v.function;
    else if (literal(bare))
        mw__lint_at(f, "MW1701", n, "'check' must be a function");
}

/* ---- types and facets ---- */

static const mw_type *find_type(file *f, mw_str name, const lua_node *at)
{
    const mw_types *types = f->lint->o.types;
    const mw_type *type = mw_types_get(types, mw__lint_dup(f, name));
    size_t n = mw_types_count(types);
    const char **names;

    if (type)
        return type;
    names = mw_arena_alloc(f->arena, (n + 1) * sizeof(*names));
    for (size_t i = 0; names && i < n; i++)
        names[i] = mw_type_name(mw_types_at(types, i));
    mw__lint_at(f, "MW1710", at, "there is no resource type '%.*s'%s", shown(name), name.data,
                names ? mw__lint_near(f, name, names, n) : "");
    return NULL;
}

/* Each literal text of a member that is a text or a list of texts. */
static const lua_node *texts(const lua_node *meta, const char *key)
{
    const lua_node *n = mw_lua_bare(mw__lint_field(meta, key));

    return n && n->kind == LUA_TABLE ? n->kids : NULL;
}

static bool related(file *f, const mw_type *type)
{
    const lua_node *all = mw_lua_bare(mw__lint_field(f->meta, "related"));
    mw_str name;

    if (type == f->type || (all && all->kind != LUA_TABLE))
        return true;
    for (const lua_node *c = texts(f->meta, "related"); c; c = c->next) {
        if (!mw__lint_text(c->b, &name))
            return true; /* computed */
        if (mw_types_get(f->lint->o.types, mw__lint_dup(f, name)) == type)
            return true;
    }
    return false;
}

/* "Facet" or "AWS::X::Y.Facet"; false when it is neither. */
static bool split_need(file *f, mw_str need, const lua_node *at, const mw_type **type, mw_str *facet)
{
    size_t i = need.len, colons = 0;
    const char *dot;

    while (i > 0 && need.data[i - 1] != ':')
        i--;
    colons = i;
    dot = memchr(need.data + colons, '.', need.len - colons);
    *type = f->type;
    *facet = need;
    if (colons == 0)
        return f->type != NULL;
    if (!dot) {
        mw__lint_at(f, "MW1710", at, "expected \"Facet\" or \"AWS::Service::Type.Facet\"");
        return false;
    }
    *facet = (mw_str){dot + 1, need.len - (size_t)(dot + 1 - need.data)};
    *type = find_type(f, (mw_str){need.data, (size_t)(dot - need.data)}, at);
    return *type != NULL;
}

static void check_needs(file *f)
{
    for (const lua_node *c = texts(f->meta, "needs"); c; c = c->next) {
        const mw_type *type;
        const char **names;
        mw_str need, facet;
        size_t n;
        if (!mw__lint_text(c->b, &need) || !split_need(f, need, c->b, &type, &facet))
            continue;
        if (!related(f, type))
            mw__lint_at(f, "MW1303", c->b, "%s is not in related", mw_type_name(type));
        if (mw_type_has_facet(type, mw__lint_dup(f, facet)))
            continue;
        n = mw_type_facet_count(type);
        names = mw_arena_alloc(f->arena, (n + 1) * sizeof(*names));
        for (size_t i = 0; names && i < n; i++)
            names[i] = mw_type_facet_at(type, i);
        mw__lint_at(f, "MW1710", c->b, "%s has no facet '%.*s'%s", mw_type_name(type), shown(facet), facet.data,
                    names ? mw__lint_near(f, facet, names, n) : "");
    }
}

static bool uses_tags(void *user, lua_node *n)
{
    if ((n->kind == LUA_NAME || n->kind == LUA_STRING) && mw_lua_is(n->text, "tags"))
        *(bool *)user = true;
    return true;
}

bool mw__lint_check_declared(file *f, const mw_type *type, const char *facet)
{
    const lua_node *needs = f->meta ? mw_lua_bare(mw__lint_field(f->meta, "needs")) : NULL;
    const char *tags = mw_type_tag_facet(type);
    bool named = false;
    mw_str need;

    if (!f->meta || (needs && needs->kind != LUA_TABLE && needs->kind != LUA_STRING))
        return true;
    for (const lua_node *c = needs && needs->kind == LUA_TABLE ? needs->kids : NULL; c; c = c->next) {
        const char *text, *dot;
        if (!mw__lint_text(c->b, &need))
            return true;
        text = mw__lint_dup(f, need);
        if (type == f->type && mw_str_eq(text, facet))
            return true;
        dot = strrchr(text, '.');
        if (dot && mw_str_eq(dot + 1, facet) &&
            mw_types_get(f->lint->o.types, mw__lint_dup(f, (mw_str){text, (size_t)(dot - text)})) == type)
            return true;
    }
    if (needs && needs->kind == LUA_STRING && mw_lua_is(needs->text, facet))
        return true;
    if (mw_str_eq(tags, facet))
        mw_lua_walk(f->tree.main->body, uses_tags, &named);
    return named;
}

const mw_type *mw__lint_check_type(file *f, const lua_node *at)
{
    const mw_type *type = find_type(f, at->text, at);

    if (!type || f->kind != FILE_RULE || !f->meta)
        return type;
    if (!mw_lua_is(at->text, mw_type_name(type)))
        mw__lint_at(f, "MW1303", at, "the inventory knows types by their full names; expected '%s'",
                    mw_type_name(type));
    else if (!related(f, type))
        mw__lint_at(f, "MW1303", at, "%s is not in related", mw_type_name(type));
    return type;
}

static void check_related(file *f)
{
    mw_str name;

    for (const lua_node *c = texts(f->meta, "related"); c; c = c->next)
        if (mw__lint_text(c->b, &name))
            find_type(f, name, c->b);
}

static void check_applies(file *f)
{
    const lua_node *n = mw_lua_bare(mw__lint_field(f->meta, "applies"));
    value v = {.kind = VALUE_RESOURCE, .type = f->type}, before, at;
    mw_str bad;

    if (n && n->kind != LUA_TABLE) {
        if (literal(n))
            mw__lint_at(f, "MW1701", n, "'applies' must be a table of paths and values");
        return;
    }
    for (const lua_node *c = n && f->type ? n->kids : NULL; c; c = c->next) {
        if (!c->a || c->a->kind != LUA_STRING)
            continue;
        at = mw__lint_value_path(f, v, c->a->text, &before, &bad);
        if (bad.data) {
            size_t count;
            const char **names = mw__lint_value_names(f, before, &count);
            if (names)
                mw__lint_at(f, "MW1305", c->a, "%s has no member '%.*s'%s",
                            before.kind == VALUE_RESOURCE ? mw_type_name(f->type) : "this path", shown(bad), bad.data,
                            before.lists ? ": it is a list" : mw__lint_near(f, bad, names, count));
            continue;
        }
        mw__lint_check_path(f, v, c->a->text, c->a); /* the facet is declared */
        mw__lint_check_literal(f, at, c->b);
    }
}

/* ---- the rest ---- */

static void check_controls(file *f)
{
    /* Known ones, for misspelt names; teams have frameworks of their own. */
    static const char *const frameworks[] = {"cis",         "fsbp", "nist_800_53_r5",   "nist_csf",
                                             "pci_dss_4_0", "soc2", "well_architected", "hipaa",
                                             "iso_27001",   "gdpr", "fedramp"};
    const lua_node *n = mw_lua_bare(mw__lint_field(f->meta, "controls"));

    if (n && n->kind != LUA_TABLE && literal(n))
        mw__lint_at(f, "MW1701", n, "'controls' must be a table of lists by framework");
    for (const lua_node *c = n && n->kind == LUA_TABLE ? n->kids : NULL; c; c = c->next) {
        const char *near;
        if (!c->a || c->a->kind != LUA_STRING)
            continue;
        near = mw_nearest(mw__lint_dup(f, c->a->text), frameworks, MW_COUNT(frameworks));
        if (near && !mw_lua_is(c->a->text, near) && c->a->text.len > 3)
            mw__lint_at(f, "MW1708", c->a, "framework '%.*s': did you mean '%s'?", shown(c->a->text), c->a->text.data,
                        near);
        if (literal(c->b) && mw_lua_bare(c->b)->kind != LUA_TABLE)
            mw__lint_at(f, "MW1701", c->b, "controls: expected a list of control ids");
    }
}

static void check_remediation(file *f)
{
    const lua_node *node;
    mw_str text;

    if (text_of(f, "remediation", false, &text, &node))
        mw__lint_remember_id(f, node, false, true);
}

void mw__lint_metadata(file *f)
{
    const lua_node *node;
    mw_str text;

    if (!f->meta) {
        const lua_node *r = f->tree.main->returns;
        if (!r || (r->more && literal(r->more)))
            mw__lint_report(f, "MW1701", r ? r->at : (uint32_t)f->tree.len, r ? r->end : (uint32_t)f->tree.len,
                            "expected the file to end with `return rule { … }`");
        return;
    }
    if (text_of(f, "resource", true, &text, &node))
        f->type = find_type(f, text, node);
    check_keys(f);
    check_id(f);
    text_of(f, "title", true, &text, &node);
    check_words(f, "severity", true, MW_RULE_SEVERITIES);
    check_words(f, "pillar", false, MW_RULE_PILLARS);
    check_comment(f);
    check_check(f);
    check_related(f);
    if (f->type) {
        check_needs(f);
        check_applies(f);
    }
    check_controls(f);
    check_remediation(f);
}
