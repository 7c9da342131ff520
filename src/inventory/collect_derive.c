/*
 * Types that no call lists: the union of other types' resources, or groups of them. They are fed by
 * the lists of their sources, so they are exactly as complete as those, and say so with their causes.
 */
#include "inventory/collect_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

typedef struct feed {
    struct feed *next;
    scope *to;
} feed;

typedef struct member {
    struct member *next;
    const resource *r;
} member;

static bool is_source(const collection *c, const plan_type *derived, const plan_type *t)
{
    for (size_t i = 0; i < derived->source_count; i++)
        if (c->plan->items[derived->sources[i]] == t)
            return true;
    return false;
}

void scope_link_sources(account *a, scope *derived)
{
    for (size_t i = 0; derived->type->source_count && i < a->scope_count; i++) {
        scope *s = a->scopes[i];
        feed *f;
        if (!is_source(a->c, derived->type, s->type) || (s->at != derived->at && derived->type->regional))
            continue;
        if (!(f = account_alloc(a, sizeof(*f))))
            return;
        *f = (feed){s->feeds, derived};
        s->feeds = f;
        derived->pending++;
    }
}

void scope_each_fed(scope *source, void (*fn)(void *user, scope *fed), void *user)
{
    for (feed *f = source->feeds; f; f = f->next)
        fn(user, f->to);
}

void scope_feed(collection *c, resource *r)
{
    for (feed *f = r->scope->feeds; f; f = f->next) {
        member *m;
        if (!f->to->type->by_count) {
            scope_add_item(c, f->to, NULL, r->item, r->rest);
            continue;
        }
        if (!(m = account_alloc(f->to->account, sizeof(*m))))
            return;
        m->r = r;
        if (f->to->last_member)
            f->to->last_member->next = m;
        else
            f->to->members = m;
        f->to->last_member = m;
        f->to->member_count++;
    }
}

void scope_fed(collection *c, scope *source)
{
    for (feed *f = source->feeds; f; f = f->next) {
        if (source->failed) {
            f->to->failed++;
            f->to->cause = smaller_cause(c, f->to->cause, source->cause);
        } else {
            f->to->pages++;
        }
        scope_release(c, f->to);
    }
}

/* ---- groups ---- */

/* A member's values of `by`, and their text, which members of one group share. Texts lie in the account's arena: those
 * of a builder move while it grows. */
struct grouped {
    const char *text, *type, *id;
    mw_val by;
    const resource *r;
};

/* Not by arrival, so that runs agree. */
static int by_text(const void *pa, const void *pb)
{
    const struct grouped *a = pa, *b = pb;
    int order = strcmp(a->text, b->text);

    if (order == 0)
        order = strcmp(a->type, b->type);
    return order ? order : strcmp(a->id, b->id);
}

/* False when the resource is in no group: one of the values is null. */
static bool place_member(collection *c, scope *s, const resource *r, struct grouped *g)
{
    MW_AUTO(mw_buf) text = {0};
    const mw_doc *d = view(c);
    bool whole = true;

    mw_doc_begin_object(c->b);
    for (size_t i = 0; i < s->type->by_count; i++) {
        mw_val v = MW_VAL_NULL;
        mw_error err = {0};
        mw_doc_ckey(c->b, s->type->by[i].name);
        if (mw_jmespath_eval(s->type->by[i].path, c->b, r->item, &v, &err) != MW_OK)
            v = unknown_of(c, NULL, "BadExpression", err.message);
        if (mw_val_kind(d, v) == MW_KIND_NULL && r->rest != MW_VAL_ABSENT)
            v = r->rest;
        if (mw_val_kind(d, v) == MW_KIND_UNKNOWN)
            scope_failed(c, s, v);
        whole = whole && mw_val_kind(d, v) != MW_KIND_UNKNOWN && mw_val_kind(d, v) != MW_KIND_NULL;
        mw_doc_add_val(c->b, v);
    }
    mw_doc_end_object(c->b);
    *g = (struct grouped){.by = mw_doc_pop(c->b), .r = r, .type = r->scope->type->type->name};
    if (!whole)
        return false;
    if (mw_json_write(&text, d, g->by, MW_JSON_COMPACT) == MW_OK) {
        g->text = mw_arena_strdup(&s->account->arena, text.data);
        g->id = mw_arena_strdup(&s->account->arena, mw_val_str(d, r->id, NULL));
    }
    if (!g->text || !g->id)
        collection_no_memory(c);
    return g->text && g->id;
}

/* The members of a group, or why they are not known: a source's list broke off, or one was not described. */
static void add_members(collection *c, const scope *s, const struct grouped *g, size_t n)
{
    mw_val cause = s->failed ? s->cause : MW_VAL_ABSENT;

    for (size_t i = 0; i < n; i++)
        if (g[i].r->rest != MW_VAL_ABSENT)
            cause = smaller_cause(c, cause, mw_val_cause(view(c), g[i].r->rest));
    if (cause != MW_VAL_ABSENT) {
        mw_doc_add_val(c->b, cause);
        mw_doc_add_unknown(c->b);
        return;
    }
    mw_doc_begin_array(c->b);
    for (size_t i = 0; i < n; i++)
        mw_doc_add_val(c->b, g[i].r->item);
    mw_doc_end_array(c->b);
}

static void add_group(collection *c, scope *s, const struct grouped *g, size_t n)
{
    const mw_doc *d = view(c);

    mw_doc_begin_object(c->b);
    for (size_t i = 0; i < mw_val_len(d, g->by); i++) {
        mw_val key, v = mw_val_member(d, g->by, i, &key);
        mw_doc_key_val(c->b, key);
        mw_doc_add_val(c->b, v);
    }
    mw_doc_ckey(c->b, "Members");
    add_members(c, s, g, n);
    mw_doc_end_object(c->b);
    scope_add_item(c, s, NULL, mw_doc_pop(c->b), MW_VAL_ABSENT);
}

void scope_group(collection *c, scope *s)
{
    struct grouped *all = mw_alloc((s->member_count + 1) * sizeof(*all));
    size_t n = 0, end;

    if (!all) {
        collection_no_memory(c);
        return;
    }
    for (const member *m = s->members; m; m = m->next)
        n += place_member(c, s, m->r, &all[n]);
    qsort(all, n, sizeof(*all), by_text);
    for (size_t i = 0; i < n && c->status == MW_OK; i = end) {
        for (end = i + 1; end < n && mw_str_eq(all[end].text, all[i].text); end++)
            continue;
        add_group(c, s, &all[i], end - i);
    }
    mw_free(all);
}
