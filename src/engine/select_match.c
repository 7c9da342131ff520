/*
 * Asking selections about rules: a rule has values under each key (its id, its frameworks, its tags …) and a
 * term fits when one of them does. Beside the answer this tells why there is none: a value that no
 * rule has is a mistake, and so is a selection that leaves nothing, for an empty sweep would look like
 * a clean one.
 */
#include "engine/select_internal.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 4200 /* a path, a long title: what is beyond is not compared */

/* ---- the values of a rule ---- */

/** True ends the walk. */
typedef bool visit(void *user, const char *value);

static bool each_in(const char *const *list, size_t n, visit *fn, void *user)
{
    bool hit = false;

    for (size_t i = 0; i < n && !hit; i++)
        hit = fn(user, list[i]);
    return hit;
}

/* "s3" of "AWS::S3::Bucket". */
static bool each_service(const char *type, visit *fn, void *user)
{
    const char *from = strstr(type, "::"), *end = from ? strstr(from + 2, "::") : NULL;
    char name[64];
    size_t len = end ? (size_t)(end - from) - 2 : 0;

    if (len == 0 || len >= sizeof(name))
        return false;
    memcpy(name, from + 2, len);
    name[len] = '\0';
    return fn(user, name);
}

/* "cis=1.4" when the term names a framework, else "1.4". */
static bool each_control(const mw_doc *d, mw_val controls, bool named, visit *fn, void *user)
{
    for (size_t i = 0; i < mw_val_len(d, controls); i++) {
        mw_val key, ids = mw_val_member(d, controls, i, &key);
        for (size_t k = 0; k < mw_val_len(d, ids); k++) {
            char both[256];
            const char *id = mw_val_str(d, mw_val_at(d, ids, k), NULL);
            snprintf(both, sizeof(both), "%s=%s", mw_val_str(d, key, NULL), id);
            if (fn(user, named ? both : id))
                return true;
        }
    }
    return false;
}

static bool each_framework(const mw_doc *d, mw_val controls, visit *fn, void *user)
{
    for (size_t i = 0; i < mw_val_len(d, controls); i++) {
        mw_val key;
        mw_val_member(d, controls, i, &key);
        if (fn(user, mw_val_str(d, key, NULL)))
            return true;
    }
    return false;
}

static bool each_value(const mw_select *s, const mw_rule *r, const mw_doc *d, visit *fn, void *user)
{
    switch (s->key) {
    case SELECT_ID: return fn(user, r->id);
    case SELECT_TITLE: return fn(user, r->title);
    case SELECT_SEVERITY: return fn(user, r->severity);
    case SELECT_PILLAR: return r->pillar[0] && fn(user, r->pillar);
    case SELECT_SERVICE: return each_service(r->resource, fn, user);
    case SELECT_TYPE: return fn(user, r->resource);
    case SELECT_FRAMEWORK: return each_framework(d, r->controls, fn, user);
    case SELECT_CONTROL: return each_control(d, r->controls, strchr(s->value, '=') != NULL, fn, user);
    case SELECT_PACK: return fn(user, r->pack);
    case SELECT_TAG: return each_in(r->tags, r->tag_count, fn, user);
    case SELECT_PATH: return fn(user, r->path);
    case SELECT_REMEDIATION: return fn(user, r->remediation ? "yes" : "no");
    case SELECT_NEEDS: return each_in(r->needs, r->need_count, fn, user);
    }
    return false;
}

static bool like(void *user, const char *value)
{
    const mw_select *s = user;
    char lower[VALUE_MAX];
    size_t n = 0;

    for (; value[n] && n + 1 < sizeof(lower); n++)
        lower[n] = (char)tolower((unsigned char)value[n]);
    lower[n] = '\0';
    return mw_glob_match(s->value, lower) || (s->wider && mw_glob_match(s->wider, lower));
}

static bool term_fits(const mw_select *s, const mw_rule *r, const mw_doc *d)
{
    mw_select term = *s;
    int rank = mw__severity_rank(r->severity);

    switch (s->compare) {
    case SELECT_GE: return rank >= s->rank;
    case SELECT_GT: return rank > s->rank;
    case SELECT_LE: return rank <= s->rank;
    case SELECT_LT: return rank < s->rank;
    case SELECT_NE: return !each_value(s, r, d, like, &term);
    case SELECT_EQ: break;
    }
    return each_value(s, r, d, like, &term);
}

bool mw_select_fits(const mw_select *s, const mw_rule *r, const mw_doc *d)
{
    switch (s->node) {
    case SELECT_TERM: return term_fits(s, r, d);
    case SELECT_NOT: return !mw_select_fits(s->items, r, d);
    case SELECT_AND:
    case SELECT_OR: break;
    }
    for (const mw_select *i = s->items; i; i = i->next)
        if (mw_select_fits(i, r, d) == (s->node == SELECT_OR))
            return s->node == SELECT_OR;
    return s->node == SELECT_AND;
}

/* ---- what is wrong with it ---- */

struct rules {
    const mw_rule *const *items;
    size_t count;
    const mw_doc *d;
    mw_arena arena; /* candidates for the nearest name */
};

static size_t count_fits(const struct rules *r, const mw_select *s)
{
    size_t n = 0;

    for (size_t i = 0; i < r->count; i++)
        n += mw_select_fits(s, r->items[i], r->d);
    return n;
}

struct candidates {
    struct rules *rules;
    const char **names;
    size_t count, cap;
};

static bool collect(void *user, const char *value)
{
    struct candidates *c = user;
    char *copy = c->count < c->cap ? mw_arena_strdup(&c->rules->arena, value) : NULL;

    if (copy)
        c->names[c->count++] = copy;
    return !copy;
}

static mw_status no_rule(struct rules *r, const mw_select *s, mw_error *err)
{
    struct candidates c = {.rules = r, .cap = r->count * 16};
    const char *near = NULL;

    c.names = mw_arena_alloc(&r->arena, (c.cap + 1) * sizeof(*c.names));
    for (size_t i = 0; c.names && i < r->count; i++)
        each_value(s, r->items[i], r->d, collect, &c);
    if (c.names && s->key != SELECT_TITLE && s->compare == SELECT_EQ)
        near = mw_nearest(s->value, c.names, c.count);
    return mw_fail(err, MW_ERR_NOTFOUND, "column %zu: no rule matches '%.*s'%s%s%s", s->column, (int)s->written.len,
                   s->written.data, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* Is this the name of something that rules have, rather than a place in an order that any may have? */
static bool is_name(const mw_select *s)
{
    const char *const *choices;

    return s->compare == SELECT_EQ && s->key != SELECT_TITLE && mw__select_choices(s->key, &choices) == 0;
}

/* A name that no rule has, where it was to choose something. */
static mw_status check_names(struct rules *r, const mw_select *s, bool wanted, mw_error *err)
{
    mw_status st = MW_OK;

    if (s->node == SELECT_TERM)
        return wanted && is_name(s) && count_fits(r, s) == 0 ? no_rule(r, s, err) : MW_OK;
    for (const mw_select *i = s->items; i && st == MW_OK; i = i->next)
        st = check_names(r, i, wanted != (s->node == SELECT_NOT), err);
    return st;
}

/* Which part left nothing. @p s fits no rule. */
static mw_status explain(struct rules *r, const mw_select *s, mw_error *err)
{
    struct rules rest = {.items = r->items, .count = r->count, .d = r->d};
    const mw_rule **items;

    if (s->node == SELECT_TERM)
        return no_rule(r, s, err);
    items = mw_arena_alloc(&r->arena, (r->count + 1) * sizeof(*items));
    if (!items)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a selection");
    for (const mw_select *i = s->items; i && s->node == SELECT_AND; i = i->next) {
        size_t left = 0;
        if (count_fits(r, i) == 0)
            return explain(r, i, err);
        for (size_t k = 0; k < rest.count; k++)
            if (mw_select_fits(i, rest.items[k], r->d))
                items[left++] = rest.items[k];
        if (left == 0)
            return mw_fail(err, MW_ERR_NOTFOUND,
                           "column %zu: '%.*s' leaves none of the %zu rules that the terms "
                           "before it choose",
                           i->column, (int)i->written.len, i->written.data, rest.count);
        rest.items = items;
        rest.count = left;
    }
    return mw_fail(err, MW_ERR_NOTFOUND, "column %zu: '%.*s' chooses no rule", s->column, (int)s->written.len,
                   s->written.data);
}

/* All of them, as one `and`. */
static mw_status explain_all(struct rules *r, const mw_select *const *selects, size_t count, size_t *failed,
                             mw_error *err)
{
    for (size_t i = 0; i < count; i++) {
        *failed = i;
        if (count_fits(r, selects[i]) == 0)
            return explain(r, selects[i], err);
    }
    *failed = count - 1;
    return mw_fail(err, MW_ERR_NOTFOUND,
                   "no rule fits '%.*s' and the selections before it: all of them must hold; write "
                   "'a or b' in one for either",
                   (int)selects[count - 1]->written.len, selects[count - 1]->written.data);
}

mw_status mw_select_mark(const mw_select *const *selects, size_t count, const mw_rule *const *rules, size_t rule_count,
                         const mw_doc *d, bool *keep, size_t *failed, mw_error *err)
{
    struct rules r = {.items = rules, .count = rule_count, .d = d};
    mw_status st = MW_OK;
    size_t kept = 0, which = 0;

    for (size_t i = 0; i < count && st == MW_OK; i++) {
        which = i;
        st = check_names(&r, selects[i], true, err);
    }
    for (size_t k = 0; k < rule_count; k++) {
        keep[k] = true;
        for (size_t i = 0; i < count && keep[k]; i++)
            keep[k] = mw_select_fits(selects[i], rules[k], d);
        kept += keep[k];
    }
    if (st == MW_OK && kept == 0)
        st = explain_all(&r, selects, count, &which, err);
    mw_arena_clear(&r.arena);
    if (failed)
        *failed = which;
    return st;
}
