/*
 * Scopes that need not be asked because the caller knows them freshly enough. A scope is taken so
 * only together with all that it is linked to: children are listed by what parents' lists gave,
 * derived types are made of their sources' items, and neither can be had from finished resources.
 */
#include "inventory/collect_internal.h"

#include "base/str.h"

static const char **facets_of(account *a, const plan_type *t)
{
    const char **names = account_alloc(a, (t->facet_count + 1) * sizeof(*names));

    for (size_t i = 0; names && i < t->facet_count; i++)
        names[i] = t->facets[i].name;
    return names;
}

/* A regional list that shows resources of other regions too, which fold into one. */
static bool shows_others(const scope *s)
{
    return s->type->regional && (s->type->locate_count || s->type->locate_call != PLAN_NONE);
}

static bool describe_scope(scope *s, mw_collect_scope *out)
{
    const char **names = facets_of(s->account, s->type);

    *out = (mw_collect_scope){.account = s->account->in->account,
                              .region = s->at->scope.region,
                              .type = s->type->type->name,
                              .regional = s->type->regional,
                              .facets = names,
                              .facet_count = s->type->facet_count};
    if (shows_others(s)) {
        out->regions = s->account->in->regions;
        out->region_count = s->account->in->region_count;
    }
    return names != NULL;
}

static int64_t known_at(collection *c, scope *s)
{
    mw_collect_scope x;
    int64_t at;

    if (!describe_scope(s, &x) || (at = c->o->known(c->o->known_user, &x)) <= 0)
        return 0;
    s->resources = x.resources;
    return at;
}

struct link {
    scope *from;
    bool changed;
};

static void both_or_none(void *link_, scope *other)
{
    struct link *l = link_;

    if (!l->from->known_unix == !other->known_unix)
        return;
    l->from->known_unix = other->known_unix = 0;
    l->changed = true;
}

void account_know(collection *c, account *a)
{
    struct link l = {.changed = true};

    if (!c->o->known || a->in->failed_code)
        return;
    for (size_t i = 0; i < a->scope_count && c->status == MW_OK; i++)
        a->scopes[i]->known_unix = known_at(c, a->scopes[i]);
    while (l.changed) {
        l.changed = false;
        for (size_t i = 0; i < a->scope_count; i++) {
            l.from = a->scopes[i];
            if (l.from->parent)
                both_or_none(&l, l.from->parent);
            scope_each_fed(l.from, both_or_none, &l);
            for (size_t k = 0; k < i && shows_others(l.from); k++)
                if (a->scopes[k]->type == l.from->type)
                    both_or_none(&l, a->scopes[k]);
        }
    }
    for (size_t i = 0; i < a->scope_count; i++)
        if (!a->scopes[i]->known_unix)
            a->scopes[i]->resources = 0;
}

struct taking {
    collection *c;
    made_list *list;
};

static mw_status take(void *taking_, mw_val whole)
{
    struct taking *t = taking_;

    made_add(t->c, t->list, whole);
    return t->c->status;
}

void scope_load(collection *c, scope *s, made_list *list)
{
    struct taking t = {c, list};
    mw_collect_scope x;
    mw_error err = {0};
    mw_status st;

    if (!describe_scope(s, &x) || (x.region_count && !mw_str_eq(x.region, x.regions[0])))
        return; /* the first of them brings all */
    st = c->o->load(c->o->known_user, &x, c->b, take, &t, &err);
    if (st != MW_OK && c->status == MW_OK)
        collection_fail(c, st, &err);
}
