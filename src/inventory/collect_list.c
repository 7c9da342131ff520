/*
 * Lists: pages of items become resources (collect_resource.c). An item may first be described (one call each or many
 * at a time); the items of a parent type start the lists of its children. What goes wrong here lands in the scope's
 * state with its cause, or in one resource's `rest`; it never makes a list look shorter than it is without saying so.
 */
#include "inventory/collect_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

/* ---- state of a scope ---- */

void scope_failed(collection *c, scope *s, mw_val unknown)
{
    s->failed++;
    s->cause = smaller_cause(c, s->cause, mw_val_cause(view(c), unknown));
}

/* Everything that could bring a resource is over: batches are complete, and so may the children be. */
void scope_release(collection *c, scope *s)
{
    if (s->pending == 1 && s->type->by_count && !s->listed)
        scope_group(c, s);
    if (--s->pending > 0)
        return;
    s->listed = true;
    c->progress.scopes_done++;
    facets_flush(c, s);
    for (scope *child = s->children; child; child = child->sibling) {
        if (s->failed) {
            child->failed++;
            child->cause = smaller_cause(c, child->cause, s->cause);
        }
        scope_release(c, child);
    }
    scope_fed(c, s);
}

/* ---- listing ---- */

typedef struct list_ask {
    waiter w; /* first: a waiter is turned back into this */
    lister l;
    const plan_list *list;
} list_ask;

static void flush_batch(collection *c, lister *l);
static void take_item(collection *c, lister *l, mw_val item);

static void list_done(collection *c, waiter *w, answer *a)
{
    list_ask *ask = (list_ask *)(void *)w;
    scope *s = ask->l.scope;

    s->calls += a->calls;
    if (a->unknown != MW_VAL_ABSENT && !is_absent(c, a->unknown, s->type->list_absent, s->type->list_absent_count))
        scope_failed(c, s, a->unknown);
    else
        s->pages++;
    /* Of a list that broke off, nobody knows which is the newest. */
    if (ask->l.newest != MW_VAL_ABSENT && a->unknown == MW_VAL_ABSENT)
        take_item(c, &ask->l, ask->l.newest);
    flush_batch(c, &ask->l);
    scope_release(c, s);
}

void scope_list(collection *c, scope *s, const plan_list *list, const resource *parent)
{
    account *a = s->account;
    list_ask *ask = account_alloc(a, sizeof(*ask));
    call_context x = {.item = MW_VAL_ABSENT, .parent = MW_VAL_ABSENT, .each = MW_VAL_ABSENT};
    mw_val unknown = MW_VAL_ABSENT;

    s->pending++;
    if (!ask)
        return;
    ask->list = list;
    ask->l.scope = s;
    ask->l.parent = parent;
    ask->l.query = list->query;
    ask->l.newest = MW_VAL_ABSENT;
    ask->w.done = list_done;
    x.at = list->home ? account_place(a, a->in->home_region) : parent ? parent->at : s->at;
    if (parent)
        x.parent = parent->item;
    if (!x.at)
        return;
    switch (call_list(a, list->call, &x, &ask->l, &ask->w, &unknown)) {
    case ASK_CALLED: return;
    case ASK_UNKNOWN: scope_failed(c, s, unknown); break;
    case ASK_NULL:
        /* The parent lacks what the list asks by: unknown when a failed describe hides it. */
        if (parent && parent->rest != MW_VAL_ABSENT)
            scope_failed(c, s, parent->rest);
        break;
    }
    scope_release(c, s);
}

void scope_start(collection *c, scope *s)
{
    if (s->type->parent != PLAN_NONE || s->type->source_count)
        return; /* the parent's items start it, or the sources' bring them */
    s->pending++;
    for (size_t i = 0; i < s->type->list_count; i++) {
        /* A list bound to the home region brings its own items once, except where all regions share it. */
        if (s->type->lists[i].home && s->type->list_count > 1 && s->type->regional &&
            !mw_str_eq(s->at->scope.region, s->account->in->home_region))
            continue;
        scope_list(c, s, &s->type->lists[i], NULL);
    }
    scope_release(c, s);
}

typedef struct child_ask {
    scope *child;
    const resource *parent;
} child_ask;

static void start_child(collection *c, void *ask_, void *unused)
{
    child_ask *ask = ask_;

    (void)unused;
    for (size_t i = 0; i < ask->child->type->list_count; i++)
        scope_list(c, ask->child, &ask->child->type->lists[i], ask->parent);
    scope_release(c, ask->child);
}

void scope_start_children(collection *c, resource *r)
{
    for (scope *child = r->scope->children; child; child = child->sibling) {
        child_ask *ask = account_alloc(child->account, sizeof(*ask));
        if (!ask)
            return;
        ask->child = child;
        ask->parent = r;
        child->pending++; /* until its lists are asked for */
        collection_push(c, child->account, start_child, ask, NULL);
    }
}

/* ---- items of a page ---- */

static mw_val merge(collection *c, mw_val item, mw_val more)
{
    const mw_doc *d = view(c);

    mw_doc_begin_object(c->b);
    for (int pass = 0; pass < 2; pass++) {
        mw_val from = pass ? more : item;
        for (size_t i = 0; i < mw_val_len(d, from); i++) {
            mw_val key;
            mw_val v = mw_val_member(d, from, i, &key);
            mw_doc_key_val(c->b, key);
            mw_doc_add_val(c->b, v);
        }
    }
    mw_doc_end_object(c->b);
    return mw_doc_pop(c->b);
}

mw_val scope_unknown(collection *c, const scope *s, const char *code, const char *message)
{
    const plan_type *t = s->type;

    return unknown_of(c, t->list_count ? c->plan->calls[t->lists[0].call]->name : NULL, code, message);
}

void scope_spoilt(collection *c, scope *s, const char *code, const char *message)
{
    scope_failed(c, s, scope_unknown(c, s, code, message));
}

/* Does `where` keep the item? What cannot be judged is not kept, and the list is not whole. */
static bool wanted(collection *c, scope *s, mw_doc_builder *page, mw_val item)
{
    mw_template_context t = {.b = page,
                             .item = item,
                             .account = s->account->in->account,
                             .region = s->at->scope.region,
                             .partition = s->account->in->partition,
                             .now_unix = c->o->now_unix};
    MW_AUTO(mw_buf) want = {.max = 1 << 16};

    t.parent = t.each = t.prepared = MW_VAL_ABSENT;
    for (size_t i = 0; i < s->type->where_count; i++) {
        mw_template_outcome outcome;
        mw_val found = MW_VAL_NULL, unknown;
        mw_error err = {0};
        const char *text;
        mw_buf_reset(&want);
        if (mw_jmespath_eval(s->type->where[i].path, page, item, &found, &err) != MW_OK ||
            mw_template_text(s->type->where[i].want, &t, &want, &outcome, &unknown, &err) != MW_OK) {
            scope_spoilt(c, s, "BadExpression", err.message);
            return false;
        }
        text = mw_val_str(mw_doc_view(page), found, NULL);
        if (!text && mw_val_kind(mw_doc_view(page), found) != MW_KIND_NULL) {
            scope_spoilt(c, s, "BadExpression", "what 'where' compares is no text");
            return false;
        }
        if (!text || outcome != MW_TEMPLATE_VALUE || !mw_str_eq(text, want.data ? want.data : ""))
            return false;
    }
    return true;
}

static mw_val without(collection *c, mw_val item, const char *member)
{
    const mw_doc *d = view(c);

    mw_doc_begin_object(c->b);
    for (size_t i = 0; i < mw_val_len(d, item); i++) {
        mw_val key;
        mw_val v = mw_val_member(d, item, i, &key);
        if (mw_str_eq(mw_val_str(d, key, NULL), member))
            continue;
        mw_doc_key_val(c->b, key);
        mw_doc_add_val(c->b, v);
    }
    mw_doc_end_object(c->b);
    return mw_doc_pop(c->b);
}

/* Of the items of one list, only the newest may be wanted: then it is taken when the list ends. */
static void offer_item(collection *c, lister *l, mw_val item)
{
    const plan_type *t = l->scope->type;
    const char *text, *best;
    mw_error err = {0};
    mw_val key;

    if (!t->newest) {
        take_item(c, l, item);
        return;
    }
    if (mw_jmespath_eval(t->newest, c->b, item, &key, &err) != MW_OK ||
        (mw_val_kind(view(c), key) != MW_KIND_STRING && mw_val_kind(view(c), key) != MW_KIND_NULL)) {
        scope_spoilt(c, l->scope, "BadExpression", err.message[0] ? err.message : "'newest' gives no text");
        return;
    }
    text = mw_val_str(view(c), key, NULL);
    best = l->newest == MW_VAL_ABSENT ? NULL : mw_val_str(view(c), l->newest_key, NULL);
    if (l->newest == MW_VAL_ABSENT || (text && (!best || strcmp(text, best) > 0))) {
        l->newest = item;
        l->newest_key = key;
    }
}

/* The items proper: those of a list or map inside the item, each merged over the rest of it. */
static void explode(collection *c, lister *l, mw_val item)
{
    const mw_doc *d = view(c);
    mw_val inner = mw_val_get(d, item, l->scope->type->explode), rest;
    mw_kind kind = mw_val_kind(d, inner);

    if (kind == MW_KIND_ABSENT || kind == MW_KIND_NULL)
        return;
    if (kind != MW_KIND_ARRAY && kind != MW_KIND_OBJECT) {
        scope_spoilt(c, l->scope, "MalformedAnswer", "what holds the items is neither a list nor a map");
        return;
    }
    rest = without(c, item, l->scope->type->explode);
    for (size_t i = 0; i < mw_val_len(d, inner); i++) {
        mw_val v = kind == MW_KIND_OBJECT ? mw_val_member(d, inner, i, NULL) : mw_val_at(d, inner, i);
        offer_item(c, l, mw_val_kind(d, v) == MW_KIND_OBJECT ? merge(c, rest, v) : rest);
    }
}

void scope_page(collection *c, lister *l, mw_doc_builder *page, mw_val items)
{
    const mw_doc *d = mw_doc_view(page);

    if (mw_val_kind(d, items) != MW_KIND_ARRAY) {
        if (mw_val_kind(d, items) != MW_KIND_NULL) /* AWS leaves an empty list out */
            scope_spoilt(c, l->scope, "MalformedAnswer", "the items of a page are no list");
        return;
    }
    for (size_t i = 0; i < mw_val_len(d, items); i++) {
        mw_val item = mw_val_at(d, items, i);
        if (mw_val_kind(d, item) != MW_KIND_OBJECT) {
            scope_spoilt(c, l->scope, "MalformedAnswer", "an item of the list is no object");
            continue;
        }
        if (!wanted(c, l->scope, page, item))
            continue;
        mw_doc_add_copy(c->b, d, item);
        item = mw_doc_pop(c->b);
        if (l->scope->type->explode)
            explode(c, l, item);
        else
            offer_item(c, l, item);
    }
}

/* ---- describing ---- */

typedef struct describe_ask {
    waiter w;
    pending_item *items;
    size_t count;
} describe_ask;

static mw_val not_returned(collection *c, const plan_type *t)
{
    return unknown_of(c, c->plan->calls[t->describe_call]->name, "NotReturned",
                      "the answer does not hold this item of the list");
}

static void described(collection *c, waiter *w, answer *a)
{
    describe_ask *ask = (describe_ask *)(void *)w;
    scope *s = ask->items->scope;
    const plan_type *t = s->type;
    const mw_doc *d = view(c);
    const join_how how = {.field = t->describe_key, .operation = c->plan->calls[t->describe_call]->name};
    mw_val found = a->values[t->describe_query];

    s->calls += a->calls;
    if (a->unknown == MW_VAL_ABSENT && t->describe_size == 1) {
        mw_val more = mw_val_kind(d, found) == MW_KIND_ARRAY ? mw_val_at(d, found, 0) : found;
        bool whole = mw_val_kind(d, more) == MW_KIND_OBJECT;
        scope_add_item(c, s, ask->items->parent, whole ? merge(c, ask->items->item, more) : ask->items->item,
                       whole ? MW_VAL_ABSENT : not_returned(c, t));
        scope_release(c, s);
        return;
    }
    /* Gone between list and describe: no longer a resource. */
    if (t->describe_size == 1 && is_absent(c, a->unknown, t->describe_absent, t->describe_absent_count)) {
        scope_release(c, s);
        return;
    }
    for (pending_item *p = ask->items; p; p = p->next) {
        mw_val whole = MW_VAL_ABSENT, rest = a->unknown;
        if (rest == MW_VAL_ABSENT) {
            whole = join_find(c, a, found, &how, p->key);
            if (mw_val_kind(d, whole) != MW_KIND_OBJECT) {
                rest = mw_val_kind(d, whole) == MW_KIND_UNKNOWN ? whole : not_returned(c, t);
                whole = MW_VAL_ABSENT;
            }
        }
        scope_add_item(c, s, p->parent, whole == MW_VAL_ABSENT ? p->item : whole, rest);
    }
    scope_release(c, s);
}

static void describe(collection *c, void *ask_, void *unused)
{
    describe_ask *ask = ask_;
    pending_item *first = ask->items;
    scope *s = first->scope;
    const plan_type *t = s->type;
    mw_val *keys = mw_alloc((ask->count + 1) * sizeof(*keys));
    call_context x = {.item = first->item,
                      .parent = first->parent ? first->parent->item : MW_VAL_ABSENT,
                      .each = MW_VAL_ABSENT,
                      .extra_param = t->describe_param,
                      .extra = keys,
                      .extra_list = t->describe_size > 1};
    mw_val unknown = MW_VAL_ABSENT;

    (void)unused;
    if (!keys) {
        collection_no_memory(c);
        return;
    }
    for (pending_item *p = first; p; p = p->next)
        keys[x.extra_count++] = p->key;
    x.at = first->parent ? first->parent->at : s->at;
    ask->w.done = described;
    ask_outcome outcome = call_ask(s->account, t->describe_call, &x, &ask->w, &unknown);
    mw_free(keys);
    if (outcome == ASK_CALLED)
        return;
    if (outcome == ASK_NULL)
        unknown = unknown_of(c, c->plan->calls[t->describe_call]->name, "InvalidRequest",
                             "the item lacks what the describe call asks by");
    for (pending_item *p = first; p; p = p->next)
        scope_add_item(c, s, p->parent, p->item, unknown);
    scope_release(c, s);
}

static void queue_describe(collection *c, scope *s, pending_item *items, size_t count)
{
    describe_ask *ask = account_alloc(s->account, sizeof(*ask));

    if (!ask)
        return;
    ask->items = items;
    ask->count = count;
    s->pending++;
    collection_push(c, s->account, describe, ask, NULL);
}

static void flush_batch(collection *c, lister *l)
{
    if (l->batch_count == 0)
        return;
    queue_describe(c, l->scope, l->batch, l->batch_count);
    l->batch = NULL;
    l->batch_count = 0;
}

static void take_item(collection *c, lister *l, mw_val item)
{
    const plan_type *t = l->scope->type;
    pending_item *p;
    mw_val key = MW_VAL_NULL;

    if (t->describe_call == PLAN_NONE) {
        scope_add_item(c, l->scope, l->parent, item, MW_VAL_ABSENT);
        return;
    }
    if (mw_jmespath_eval(t->describe_key, c->b, item, &key, NULL) != MW_OK ||
        mw_val_kind(view(c), key) == MW_KIND_NULL) {
        scope_add_item(c, l->scope, l->parent, item,
                       unknown_of(c, c->plan->calls[t->describe_call]->name, "InvalidRequest",
                                  "the item lacks what the describe call asks by"));
        return;
    }
    p = account_alloc(l->scope->account, sizeof(*p));
    if (!p)
        return;
    *p = (pending_item){.next = l->batch, .scope = l->scope, .parent = l->parent, .item = item, .key = key};
    l->batch = p;
    if (++l->batch_count >= t->describe_size)
        flush_batch(c, l);
}
