/*
 * What the configuration says of parameters, checked against what the rules declare and laid over it, when rules
 * are loaded. Layers come in a fixed order: packs, the global parameters, then the overrides, those by
 * account before those by region before those by tag, and later ones after earlier ones of the same sort. A
 * name or a kind that fits no rule is refused with its place; nothing is skipped silently.
 */
#include "engine/rule_params.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LAYERS_MAX 10000
#define PARAMS_MAX 256 /* of one rule */

/* By what an override is chosen: the narrower wins. */
enum level { LEVEL_ALWAYS, LEVEL_ACCOUNT, LEVEL_REGION, LEVEL_TAG, LEVEL_COUNT };

struct layer {
    const char *origin; /* for people: "params", "pack team", "overrides[2]" */
    const char *where;  /* its parameters in the configuration: "overrides[2].params" */
    mw_val params;      /* {rule id or glob: {param: value}} */
    mw_val match;       /* of an override, else ABSENT */
    const char *pack;   /* only rules of this one; NULL = all */
    enum level level;
};

struct build {
    const mw_rules_options *o;
    const mw_rules *rules;
    const mw_val *metas;
    const mw_doc *c; /* configuration */
    mw_doc_builder *b;
    mw_arena arena;
    struct layer *layers;
    size_t count;
    bool lost; /* a layer found no memory: one that is left out would be other parameters */
    mw_error *err;
};

mw_status mw__rules_fail(const mw_rules_options *o, const char *where, mw_error *err, const char *format, ...)
{
    unsigned line = where ? mw_yaml_line(o->marks, where) : 0;
    va_list args;

    va_start(args, format);
    mw_vfail(err, MW_ERR_INVALID, format, args);
    va_end(args);
    if (!o->config_path || !where)
        return MW_ERR_INVALID;
    return line ? mw_error_prefix(err, MW_ERR_INVALID, "%s:%u", o->config_path, line)
                : mw_error_prefix(err, MW_ERR_INVALID, "%s", o->config_path);
}

static mw_status no_memory(const struct build *p)
{
    return mw_fail(p->err, MW_ERR_NOMEM, "out of memory for parameters");
}

static bool is_glob(const char *s)
{
    return strpbrk(s, "*?") != NULL;
}

/* ---- the layers ---- */

static size_t list_len(const mw_doc *c, mw_val v)
{
    return mw_val_kind(c, v) == MW_KIND_ARRAY ? mw_val_len(c, v) : v != MW_VAL_ABSENT;
}

/* Element @p i of a list, or the one thing that stands for it. Numbers are account ids. */
static const char *list_at(const mw_doc *c, mw_val v, size_t i, mw_arena *arena)
{
    mw_val one = mw_val_kind(c, v) == MW_KIND_ARRAY ? mw_val_at(c, v, i) : v;

    if (mw_val_kind(c, one) == MW_KIND_INT)
        return mw_arena_printf(arena, "%012lld", (long long)mw_val_int(c, one));
    return mw_val_str(c, one, NULL);
}

static enum level level_of(const mw_doc *c, mw_val match)
{
    static const char *const keys[] = {"tag", "region", "account"};

    for (size_t i = 0; i < MW_COUNT(keys); i++)
        if (mw_val_get(c, match, keys[i]) != MW_VAL_ABSENT)
            return (enum level)(LEVEL_TAG - i);
    return LEVEL_ALWAYS;
}

static void add_layer(struct build *p, struct layer l)
{
    p->lost = p->lost || !l.where || !l.origin;
    if (mw_val_kind(p->c, l.params) == MW_KIND_OBJECT)
        p->layers[p->count++] = l;
}

static mw_status add_layers(struct build *p)
{
    const mw_rules_options *o = p->o;
    size_t overrides = mw_val_len(p->c, o->overrides);

    if (overrides > LAYERS_MAX)
        return mw__rules_fail(o, "overrides", p->err, "overrides: more than %d", LAYERS_MAX);
    p->layers = mw_arena_alloc(&p->arena, (o->pack_count + overrides + 1) * sizeof(*p->layers));
    if (!p->layers)
        return no_memory(p);
    for (size_t i = 0; i < o->pack_count; i++)
        add_layer(p, (struct layer){.origin = mw_arena_printf(&p->arena, "pack %s", o->packs[i].name),
                                    .where = mw_arena_printf(&p->arena, "%s.params",
                                                             o->packs[i].where ? o->packs[i].where : "rules"),
                                    .params = o->packs[i].params,
                                    .match = MW_VAL_ABSENT,
                                    .pack = o->packs[i].name});
    add_layer(p, (struct layer){.origin = "params", .where = "params", .params = o->params, .match = MW_VAL_ABSENT});
    for (enum level level = 0; level < LEVEL_COUNT; level++)
        for (size_t i = 0; i < overrides; i++) {
            mw_val one = mw_val_at(p->c, o->overrides, i), match = mw_val_get(p->c, one, "match");
            if (level_of(p->c, match) == level)
                add_layer(p, (struct layer){.origin = mw_arena_printf(&p->arena, "overrides[%zu]", i),
                                            .where = mw_arena_printf(&p->arena, "overrides[%zu].params", i),
                                            .params = mw_val_get(p->c, one, "params"),
                                            .match = match,
                                            .level = level});
        }
    return p->lost ? no_memory(p) : MW_OK;
}

/* Is the rule among those that the layer may speak of? */
static bool in_scope(struct build *p, const struct layer *l, const mw_rule *r)
{
    mw_val rule = l->match == MW_VAL_ABSENT ? MW_VAL_ABSENT : mw_val_get(p->c, l->match, "rule");
    size_t n = list_len(p->c, rule);

    if (l->pack && strcmp(l->pack, r->pack) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (mw_glob_match(list_at(p->c, rule, i, &p->arena), r->id))
            return true;
    return n == 0;
}

/* ---- checking ---- */

static const char *kind_name(mw_kind kind)
{
    switch (kind) {
    case MW_KIND_BOOL: return "true or false";
    case MW_KIND_INT:
    case MW_KIND_REAL: return "a number";
    case MW_KIND_STRING: return "text";
    case MW_KIND_ARRAY: return "a list";
    case MW_KIND_OBJECT: return "a table";
    default: return "nothing";
    }
}

static bool same_kind(const mw_doc *a, mw_val va, const mw_doc *b, mw_val vb)
{
    mw_kind ka = mw_val_kind(a, va), kb = mw_val_kind(b, vb);

    if ((ka == MW_KIND_INT || ka == MW_KIND_REAL) && (kb == MW_KIND_INT || kb == MW_KIND_REAL))
        return true;
    /* Lua's {} may stand for an empty list. */
    if (ka == MW_KIND_OBJECT && kb == MW_KIND_ARRAY && mw_val_len(a, va) == 0)
        return true;
    return ka == kb;
}

static mw_val declared(const struct build *p, size_t rule, const char *param)
{
    const mw_doc *d = mw_doc_view(p->b);

    return mw_val_get(d, mw_val_get(d, p->metas[rule], "params"), param);
}

static const char *place(struct build *p, const struct layer *l, const char *rule, const char *param)
{
    return mw_arena_printf(&p->arena, "%s.%s%s%s", l->where, rule, param ? "." : "", param ? param : "");
}

/* "; did you mean 'x'?" or "", in the arena. */
static const char *hint(struct build *p, const char *word, const char *const *names, size_t n)
{
    const char *near = names ? mw_nearest(word, names, n) : NULL, *text = "";

    if (near)
        text = mw_arena_printf(&p->arena, "; did you mean '%s'?", near);
    return text ? text : "";
}

static mw_status no_such_rule(struct build *p, const struct layer *l, const char *id)
{
    const char **names = mw_arena_alloc(&p->arena, (p->rules->count + 1) * sizeof(*names));
    size_t n = 0;

    for (size_t i = 0; names && i < p->rules->count; i++)
        if (in_scope(p, l, &p->rules->items[i].rule))
            names[n++] = p->rules->items[i].rule.id;
    return mw__rules_fail(p->o, place(p, l, id, NULL), p->err, "%s: there is no rule '%.80s'%s%s%s", l->where, id,
                          l->pack ? " in pack " : "", l->pack ? l->pack : "", hint(p, id, names, n));
}

static mw_status no_such_param(struct build *p, const struct layer *l, const char *rule, const char *param)
{
    const mw_doc *d = mw_doc_view(p->b);
    const char *names[PARAMS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < p->rules->count; i++) {
        mw_val params = mw_val_get(d, p->metas[i], "params");
        if (!mw_glob_match(rule, p->rules->items[i].rule.id) || !in_scope(p, l, &p->rules->items[i].rule))
            continue;
        for (size_t k = 0; k < mw_val_len(d, params) && n < MW_COUNT(names); k++) {
            mw_val key;
            mw_val_member(d, params, k, &key);
            names[n++] = mw_val_str(d, key, NULL);
        }
    }
    return mw__rules_fail(p->o, place(p, l, rule, param), p->err, "%s: %s '%.80s' %s no parameter '%.80s'%s", l->where,
                          is_glob(rule) ? "the rules" : "rule", rule, is_glob(rule) ? "have" : "has", param,
                          hint(p, param, names, n));
}

/* One parameter for the rules that @p rule names: one of them at least has it, and each that does takes the kind. */
static mw_status check_param(struct build *p, const struct layer *l, const char *rule, const char *param, mw_val value)
{
    const mw_doc *d = mw_doc_view(p->b);
    bool any = false;

    for (size_t i = 0; i < p->rules->count; i++) {
        const mw_rule *r = &p->rules->items[i].rule;
        mw_val own;
        if (!mw_glob_match(rule, r->id) || !in_scope(p, l, r) || (own = declared(p, i, param)) == MW_VAL_ABSENT)
            continue;
        any = true;
        if (!same_kind(d, own, p->c, value))
            return mw__rules_fail(p->o, place(p, l, rule, param), p->err, "%s: '%s' of rule '%s' must be %s", l->where,
                                  param, r->id, kind_name(mw_val_kind(d, own)));
    }
    return any ? MW_OK : no_such_param(p, l, rule, param);
}

static mw_status check_layer(struct build *p, const struct layer *l)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < mw_val_len(p->c, l->params) && st == MW_OK; i++) {
        mw_val key, params = mw_val_member(p->c, l->params, i, &key);
        const char *rule = mw_val_str(p->c, key, NULL);
        bool any = false;
        for (size_t k = 0; k < p->rules->count && !any; k++)
            any = mw_glob_match(rule, p->rules->items[k].rule.id) && in_scope(p, l, &p->rules->items[k].rule);
        if (!any)
            return no_such_rule(p, l, rule);
        if (mw_val_kind(p->c, params) != MW_KIND_OBJECT)
            return mw__rules_fail(p->o, place(p, l, rule, NULL), p->err,
                                  "%s: those of rule '%s' must be a table with names", l->where, rule);
        for (size_t k = 0; k < mw_val_len(p->c, params) && st == MW_OK; k++) {
            mw_val name, value = mw_val_member(p->c, params, k, &name);
            st = check_param(p, l, rule, mw_val_str(p->c, name, NULL), value);
        }
    }
    return st;
}

/* A glob in `match.rule` that no rule fits does nothing, ever. */
static mw_status check_match(struct build *p, const struct layer *l)
{
    mw_val rule = l->match == MW_VAL_ABSENT ? MW_VAL_ABSENT : mw_val_get(p->c, l->match, "rule");

    for (size_t i = 0; i < list_len(p->c, rule); i++) {
        const char *glob = list_at(p->c, rule, i, &p->arena), **names;
        bool any = false;
        for (size_t k = 0; k < p->rules->count && !any; k++)
            any = mw_glob_match(glob, p->rules->items[k].rule.id);
        if (any)
            continue;
        names = mw_arena_alloc(&p->arena, (p->rules->count + 1) * sizeof(*names));
        for (size_t k = 0; names && k < p->rules->count; k++)
            names[k] = p->rules->items[k].rule.id;
        return mw__rules_fail(p->o, mw_arena_printf(&p->arena, "%s.match.rule", l->origin), p->err,
                              "%s: match: no rule fits '%.80s'%s", l->origin, glob,
                              hint(p, glob, names, p->rules->count));
    }
    return MW_OK;
}

/* ---- laying over ---- */

/* What a layer says of a parameter of a rule: by its id, else by the last glob; ABSENT when nothing. */
static mw_val layer_value(struct build *p, const struct layer *l, const mw_rule *r, const char *param)
{
    mw_val value = MW_VAL_ABSENT, own;

    if (!in_scope(p, l, r))
        return MW_VAL_ABSENT;
    own = mw_val_get(p->c, mw_val_get(p->c, l->params, r->id), param);
    if (own != MW_VAL_ABSENT)
        return own;
    for (size_t i = 0; i < mw_val_len(p->c, l->params); i++) {
        mw_val key, params = mw_val_member(p->c, l->params, i, &key);
        const char *glob = mw_val_str(p->c, key, NULL);
        if (is_glob(glob) && mw_glob_match(glob, r->id) && (own = mw_val_get(p->c, params, param)) != MW_VAL_ABSENT)
            value = own;
    }
    return value;
}

static void add_globs(struct build *p, mw_val match, const char *key)
{
    mw_val list = mw_val_get(p->c, match, key);

    mw_doc_ckey(p->b, key);
    mw_doc_begin_array(p->b);
    for (size_t i = 0; i < list_len(p->c, list); i++) {
        const char *glob = list_at(p->c, list, i, &p->arena);
        if (glob)
            mw_doc_add_cstr(p->b, glob);
        else /* an override that asks for less than it says would be worse than none */
            mw_doc_builder_fail(p->b, MW_ERR_NOMEM, "out of memory for parameters");
    }
    mw_doc_end_array(p->b);
}

/* Names are taken as values of the builder's own, which stay when it grows; its texts do not. */
static void add_override(struct build *p, const struct layer *l, const mw_rule *r, mw_val defaults)
{
    const mw_doc *d = mw_doc_view(p->b);
    bool begun = false;

    for (size_t i = 0; i < mw_val_len(d, defaults); i++) {
        mw_val key, value;
        mw_val_member(d, defaults, i, &key);
        value = layer_value(p, l, r, mw_val_str(d, key, NULL));
        if (value == MW_VAL_ABSENT)
            continue;
        if (!begun) {
            mw_doc_begin_object(p->b);
            mw_doc_member_str(p->b, "origin", l->origin);
            add_globs(p, l->match, "account");
            add_globs(p, l->match, "region");
            add_globs(p, l->match, "tag");
            mw_doc_ckey(p->b, "params");
            mw_doc_begin_object(p->b);
            begun = true;
        }
        mw_doc_key_val(p->b, key);
        mw_doc_add_copy(p->b, p->c, value);
    }
    if (begun) {
        mw_doc_end_object(p->b);
        mw_doc_end_object(p->b);
    }
}

/* The last layer without a place that sets a parameter; NULL when the rule's own value holds. */
static const struct layer *setter(struct build *p, const mw_rule *r, const char *param, mw_val *value)
{
    const struct layer *last = NULL;

    for (size_t i = 0; i < p->count; i++) {
        mw_val v = p->layers[i].level == LEVEL_ALWAYS ? layer_value(p, &p->layers[i], r, param) : MW_VAL_ABSENT;
        if (v == MW_VAL_ABSENT)
            continue;
        *value = v;
        last = &p->layers[i];
    }
    return last;
}

static void add_params(struct build *p, const mw_rule *r, mw_val defaults, bool origins)
{
    const mw_doc *d = mw_doc_view(p->b);

    mw_doc_begin_object(p->b);
    for (size_t i = 0; i < mw_val_len(d, defaults); i++) {
        mw_val key, own = mw_val_member(d, defaults, i, &key), value = MW_VAL_ABSENT;
        const struct layer *by = setter(p, r, mw_val_str(d, key, NULL), &value);
        mw_doc_key_val(p->b, key);
        if (origins)
            mw_doc_add_cstr(p->b, by ? by->origin : "rule");
        else if (by)
            mw_doc_add_copy(p->b, p->c, value);
        else
            mw_doc_add_val(p->b, own);
    }
    mw_doc_end_object(p->b);
}

static void add_or_empty(mw_doc_builder *b, const char *key, mw_val v)
{
    mw_doc_ckey(b, key);
    if (v == MW_VAL_ABSENT) {
        mw_doc_begin_object(b);
        mw_doc_end_object(b);
    } else {
        mw_doc_add_val(b, v);
    }
}

static void add_rule(struct build *p, size_t i)
{
    const mw_doc *d = mw_doc_view(p->b);
    const mw_rule *r = &p->rules->items[i].rule;
    mw_val defaults = mw_val_get(d, p->metas[i], "params");

    mw_doc_begin_object(p->b);
    mw_doc_ckey(p->b, "params");
    add_params(p, r, defaults, false);
    mw_doc_ckey(p->b, "origins");
    add_params(p, r, defaults, true);
    mw_doc_ckey(p->b, "overrides");
    mw_doc_begin_array(p->b);
    for (size_t k = 0; k < p->count; k++)
        if (p->layers[k].level != LEVEL_ALWAYS)
            add_override(p, &p->layers[k], r, defaults);
    mw_doc_end_array(p->b);
    add_or_empty(p->b, "controls", mw_val_get(d, p->metas[i], "controls"));
    add_or_empty(p->b, "applies", mw_val_get(d, p->metas[i], "applies"));
    mw_doc_end_object(p->b);
}

mw_status mw__params_build(const mw_rules_options *o, const mw_rules *rules, const mw_val *metas, mw_doc_builder *b,
                           mw_error *err)
{
    struct build p = {.o = o, .rules = rules, .metas = metas, .c = o->config_doc, .b = b, .err = err};
    mw_status st = MW_OK;

    if (p.c)
        st = add_layers(&p);
    for (size_t i = 0; i < p.count && st == MW_OK; i++)
        if ((st = check_match(&p, &p.layers[i])) == MW_OK)
            st = check_layer(&p, &p.layers[i]);
    if (st == MW_OK) {
        mw_doc_begin_array(b);
        for (size_t i = 0; i < rules->count; i++)
            add_rule(&p, i);
        mw_doc_end_array(b);
        st = mw_doc_builder_status(b, err);
    }
    mw_arena_clear(&p.arena);
    return st;
}
