/*
 * From an item to a resource: its identity, its region (which a call may have to tell), what is listed below it and
 * derived from it, its facets. Of two with one identity the second is none. An item without identity is told in the
 * scope's state, a region that is not found in the resource; nobody guesses.
 */
#include "inventory/collect_internal.h"

#include "base/hash.h"

/* The resource of the same identity, or NULL after having remembered @p r. */
static resource *remember(collection *c, resource *r)
{
    struct {
        const plan_type *type;
        const place *at;
        uintptr_t id;
    } key = {r->scope->type, r->at, mw_val_atom(view(c), r->id)};
    resource **slot = &r->scope->account->resources[mw_hash64(&key, sizeof(key)) % RESOURCE_BUCKETS];

    for (resource *o = *slot; o; o = o->same_hash)
        if (o->scope->type == key.type && o->at == key.at && mw_val_atom(view(c), o->id) == (mw_atom)key.id)
            return o;
    r->same_hash = *slot;
    *slot = r;
    return NULL;
}

static void list_below(collection *c, void *resource_, void *unused)
{
    resource *r = resource_;

    (void)unused;
    scope_list(c, r->scope, r->scope->type->recursive, r);
    scope_release(c, r->scope);
}

/* Its region is known: it is a resource unless it is one already. */
static void settle_resource(collection *c, resource *r)
{
    scope *s = r->scope;
    resource *same = remember(c, r);

    if (same && same->scope == s)
        return; /* a page that repeats an id */
    s->resources++;
    if (r->rest != MW_VAL_ABSENT) {
        s->undescribed++;
        s->describe_cause = smaller_cause(c, s->describe_cause, mw_val_cause(view(c), r->rest));
    }
    if (same)
        return; /* a shadow of one that another region listed counts here too */
    s->count++;
    if (s->last)
        s->last->next = r;
    else
        s->first = r;
    s->last = r;
    c->progress.resources++;
    scope_start_children(c, r);
    if (s->type->recursive) {
        s->pending++;
        collection_push(c, s->account, list_below, r, NULL);
    }
    scope_feed(c, r);
    if (s->type->facet_count)
        collection_push(c, s->account, resource_facets, r, NULL);
}

typedef struct locate_ask {
    waiter w;
    resource *r;
} locate_ask;

static void lost(collection *c, resource *r, mw_val unknown)
{
    (void)c;
    r->lost = unknown;
    r->at = account_place(r->scope->account, "unknown");
}

static const char *mapped(collection *c, const plan_type *t, mw_val v)
{
    const char *s = mw_val_str(view(c), v, NULL);
    const char *other = mw_val_get_str(t->type->d, t->locate_map, s && *s ? s : "none", NULL);

    return other ? other : s && *s ? s : NULL;
}

static void located(collection *c, waiter *w, answer *a)
{
    locate_ask *ask = (locate_ask *)(void *)w;
    resource *r = ask->r;
    scope *s = r->scope;

    answer_count(s->account, a, &s->calls);
    if (a->unknown != MW_VAL_ABSENT) {
        lost(c, r, a->unknown);
    } else {
        const char *region = mapped(c, s->type, a->values[s->type->locate_query]);
        if (region)
            r->at = account_place(s->account, region);
        else
            lost(c, r,
                 unknown_of(c, c->plan->calls[s->type->locate_call]->name, "NotReturned",
                            "the answer does not tell the region"));
    }
    if (r->at)
        settle_resource(c, r);
    scope_release(c, s);
}

static void locate(collection *c, void *ask_, void *unused)
{
    locate_ask *ask = ask_;
    scope *s = ask->r->scope;
    call_context x = {.at = s->at, .item = ask->r->item, .parent = MW_VAL_ABSENT, .each = MW_VAL_ABSENT};
    mw_val unknown = MW_VAL_ABSENT;
    ask_outcome outcome;

    (void)unused;
    ask->w.done = located;
    outcome = call_ask(s->account, s->type->locate_call, &x, &ask->w, &unknown);
    if (outcome == ASK_CALLED)
        return;
    lost(c, ask->r,
         outcome == ASK_UNKNOWN ? unknown
                                : unknown_of(c, c->plan->calls[s->type->locate_call]->name, "InvalidRequest",
                                             "the item lacks what the call asks by"));
    if (ask->r->at)
        settle_resource(c, ask->r);
    scope_release(c, s);
}

/* Find where the resource is read; false when a call must tell. */
static bool find_region(collection *c, resource *r)
{
    const plan_type *t = r->scope->type;

    r->at = r->scope->at;
    for (size_t i = 0; i < t->locate_count; i++) {
        mw_val found = MW_VAL_NULL;
        mw_error err = {0};
        const char *region;
        if (mw_jmespath_eval(t->locate[i], c->b, r->item, &found, &err) != MW_OK) {
            lost(c, r, scope_unknown(c, r->scope, "BadExpression", err.message));
            return true;
        }
        region = mw_val_str(view(c), found, NULL);
        if (region && *region) {
            r->at = account_place(r->scope->account, region);
            return true;
        }
    }
    return t->locate_call == PLAN_NONE;
}

void scope_add_item(collection *c, scope *s, const resource *parent, mw_val item, mw_val rest)
{
    const plan_type *t = s->type;
    resource *r = account_alloc(s->account, sizeof(*r));
    const account *a = s->account;
    mw_envelope_input in = {.account = a->in->account,
                            .region = s->at->scope.region,
                            .partition = a->in->partition,
                            .item = item,
                            .doc = item,
                            .parent = parent ? parent->item : MW_VAL_ABSENT,
                            .rest = MW_VAL_ABSENT,
                            .tags = MW_VAL_ABSENT};
    mw_error err = {0};
    mw_status st;

    if (!r)
        return;
    r->scope = s;
    r->item = item;
    r->rest = rest;
    r->lost = MW_VAL_ABSENT;
    r->parent_item = in.parent;
    st = mw_envelope_id(t->envelope, c->b, &in, &r->id, &err);
    if (st != MW_OK || r->id == MW_VAL_ABSENT) {
        scope_spoilt(c, s, "NoIdentity", st == MW_OK ? "an item of the list has no id" : err.message);
        return;
    }
    if (t->facet_count) {
        r->facets = account_alloc(s->account, t->facet_count * sizeof(*r->facets));
        r->states = account_alloc(s->account, t->facet_count);
        if (!r->facets || !r->states)
            return;
        for (size_t i = 0; i < t->facet_count; i++)
            r->facets[i] = MW_VAL_ABSENT;
    }
    if (find_region(c, r)) {
        if (r->at)
            settle_resource(c, r);
        return;
    }
    locate_ask *ask = account_alloc(s->account, sizeof(*ask));
    if (!ask)
        return;
    ask->r = r;
    s->pending++;
    collection_push(c, s->account, locate, ask, NULL);
}
