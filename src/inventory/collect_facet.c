/*
 * Facets: what a resource's document gets from calls of its own, shared calls joined by a key, batches,
 * or one call per value. Each facet of each resource ends as a value, as null (absent), or as an
 * unknown with its cause; and each counts in the coverage of its scope.
 */
#include "inventory/collect_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

typedef struct batch {
    waiter w; /* first: a waiter is turned back into this */
    scope *scope;
    size_t facet;
    resource **resources;
    mw_val *keys;
    size_t count;
} batch;

typedef struct group {
    resource *r;
    size_t facet, waiting, count;
    mw_val *values, *keys; /* keys: what each was asked for */
    mw_val unknown;
} group;

typedef struct group_ask {
    waiter w;
    group *g;
    mw_val each;
} group_ask;

static void run_batch(collection *c, void *batch_, void *unused);

/* ---- results ---- */

void facet_set(collection *c, resource *r, size_t facet, mw_val v)
{
    scope *s = r->scope;
    facet_scope *fs = &s->facets[facet];
    const plan_type *t = s->type;
    bool starts_more = false;

    r->facets[facet] = v;
    r->states[facet] = FACET_DONE;
    if (mw_val_kind(view(c), v) == MW_KIND_UNKNOWN) {
        fs->failed++;
        fs->cause = smaller_cause(c, fs->cause, mw_val_cause(view(c), v));
    } else {
        fs->ok++;
    }
    for (size_t i = 0; i < t->facet_count; i++)
        for (size_t k = 0; k < t->facets[i].need_count; k++)
            starts_more = starts_more || t->facets[i].needs[k] == facet;
    if (starts_more)
        collection_push(c, s->account, resource_facets, r, NULL);
}

/* Null because a failed describe hides what the facet asks by is not absence. */
void facet_set_null(collection *c, resource *r, size_t facet)
{
    facet_set(c, r, facet, r->rest != MW_VAL_ABSENT ? r->rest : MW_VAL_NULL);
}

static mw_val bad_path(collection *c, const plan_facet *f, const mw_error *err)
{
    return unknown_of(c, c->plan->calls[f->call]->name, "BadExpression", err->message);
}

static void facet_done(collection *c, waiter *w, answer *a)
{
    resource *r = w->subject;
    const plan_facet *f = &r->scope->type->facets[w->index];

    answer_count(r->scope->account, a, &r->scope->facets[w->index].calls);
    if (a->unknown == MW_VAL_ABSENT)
        facet_set(c, r, w->index, a->values[f->query]);
    else if (is_absent(c, a->unknown, f->absent, f->absent_count))
        facet_set(c, r, w->index, MW_VAL_NULL);
    else
        facet_set(c, r, w->index, a->unknown);
}

/* ---- what a facet reads of its resource ---- */

/* The item, with the facets that this one needs as members. */
static mw_val item_for(collection *c, const resource *r, const plan_facet *f)
{
    const mw_doc *d = view(c);

    if (f->need_count == 0)
        return r->item;
    mw_doc_begin_object(c->b);
    for (size_t i = 0; i < mw_val_len(d, r->item); i++) {
        mw_val key;
        mw_val v = mw_val_member(d, r->item, i, &key);
        mw_doc_key_val(c->b, key);
        mw_doc_add_val(c->b, v);
    }
    for (size_t i = 0; i < f->need_count; i++) {
        mw_doc_ckey(c->b, r->scope->type->facets[f->needs[i]].name);
        mw_doc_add_val(c->b, r->facets[f->needs[i]]);
    }
    mw_doc_end_object(c->b);
    return mw_doc_pop(c->b);
}

static mw_status key_text(collection *c, const resource *r, const plan_facet *f, mw_val item, mw_val *key,
                          mw_error *err)
{
    call_context x = {.at = r->at, .item = item, .parent = r->parent_item, .each = MW_VAL_ABSENT};
    mw_template_context t = collection_template(r->scope->account, &x);
    MW_AUTO(mw_buf) text = {.max = 1 << 16};
    mw_template_outcome outcome;
    mw_val unknown;
    mw_status st = mw_template_text(f->key_text, &t, &text, &outcome, &unknown, err);

    if (st == MW_OK && outcome == MW_TEMPLATE_VALUE) {
        mw_doc_add_str(c->b, text.data ? text.data : "", text.len);
        *key = mw_doc_pop(c->b);
    } else if (st == MW_OK && outcome == MW_TEMPLATE_UNKNOWN) {
        *key = unknown;
    }
    return st;
}

static mw_status key_for(collection *c, const resource *r, const plan_facet *f, mw_val item, mw_val *key, mw_error *err)
{
    const account *a = r->scope->account;
    mw_envelope_input in = {.account = a->in->account,
                            .region = r->at->scope.region,
                            .partition = a->in->partition,
                            .item = r->item,
                            .doc = r->item,
                            .parent = r->parent_item,
                            .rest = r->rest,
                            .tags = MW_VAL_ABSENT};

    *key = MW_VAL_NULL;
    if (f->key_text)
        return key_text(c, r, f, item, key, err);
    return f->by_arn ? mw_envelope_arn(r->scope->type->envelope, c->b, &in, key, err)
                     : mw_jmespath_eval(f->key, c->b, item, key, err);
}

static join_how how_to_join(const collection *c, const plan_facet *f)
{
    return (join_how){
        .field = f->field, .value = f->value, .many = f->many, .operation = c->plan->calls[f->call]->name};
}

/* A key that is neither text (or, for a join, a list of texts) nor null finds nothing, which is not absence. */
static mw_val check_key(collection *c, const plan_facet *f, mw_val key)
{
    mw_kind kind = mw_val_kind(view(c), key);
    bool fits =
        kind == MW_KIND_STRING || kind == MW_KIND_NULL || kind == MW_KIND_UNKNOWN || (f->join && kind == MW_KIND_ARRAY);

    return fits ? key : unknown_of(c, c->plan->calls[f->call]->name, "BadExpression", "the key is no text");
}

mw_val facet_values(collection *c, const resource *r, const plan_facet *f, mw_val item)
{
    const char *operation = c->plan->calls[f->call]->name;
    const mw_doc *d = view(c);
    mw_val list = MW_VAL_NULL;
    mw_error err = {0};
    mw_kind kind;

    if (mw_jmespath_eval(f->each, c->b, item, &list, &err) != MW_OK)
        return bad_path(c, f, &err);
    kind = mw_val_kind(d, list);
    if (r->rest != MW_VAL_ABSENT && kind != MW_KIND_UNKNOWN && mw_val_len(d, list) == 0)
        return r->rest;
    if (kind != MW_KIND_ARRAY && kind != MW_KIND_NULL && kind != MW_KIND_UNKNOWN)
        return unknown_of(c, operation, "BadExpression", "'each' gives no list");
    for (size_t i = 0; f->keyed_each && i < mw_val_len(d, list); i++) {
        mw_val v = mw_val_at(d, list, i);
        if (mw_val_kind(d, v) == MW_KIND_UNKNOWN)
            return v;
        if (mw_val_kind(d, v) != MW_KIND_STRING)
            return unknown_of(c, operation, "BadExpression", "a value of 'each' is no text");
    }
    return list;
}

static const place *place_for(const resource *r, const plan_facet *f)
{
    account *a = r->scope->account;

    return f->home ? account_place(a, a->in->home_region) : r->at;
}

/* ---- joins ---- */

typedef struct join_ask {
    waiter w;
    mw_val key;
} join_ask;

static void join_done(collection *c, waiter *w, answer *a)
{
    join_ask *ask = (join_ask *)(void *)w;
    resource *r = w->subject;
    const plan_facet *f = &r->scope->type->facets[w->index];
    const join_how how = how_to_join(c, f);

    if (a->unknown != MW_VAL_ABSENT) {
        facet_done(c, w, a);
        return;
    }
    answer_count(r->scope->account, a, &r->scope->facets[w->index].calls);
    facet_set(c, r, w->index, join_find(c, a, a->values[f->query], &how, ask->key));
}

static void start_join(collection *c, resource *r, size_t facet, mw_val item)
{
    const plan_facet *f = &r->scope->type->facets[facet];
    call_context x = {.at = place_for(r, f), .item = item, .parent = r->parent_item, .each = MW_VAL_ABSENT};
    join_ask *ask = account_alloc(r->scope->account, sizeof(*ask));
    mw_val unknown = MW_VAL_ABSENT;
    mw_error err = {0};
    mw_kind kind;

    if (!ask || !x.at)
        return;
    if (key_for(c, r, f, item, &ask->key, &err) != MW_OK) {
        facet_set(c, r, facet, bad_path(c, f, &err));
        return;
    }
    ask->key = check_key(c, f, ask->key);
    kind = mw_val_kind(view(c), ask->key);
    if (kind == MW_KIND_UNKNOWN) {
        facet_set(c, r, facet, ask->key);
        return;
    }
    if (kind == MW_KIND_NULL && r->rest != MW_VAL_ABSENT) {
        facet_set_null(c, r, facet);
        return;
    }
    ask->w = (waiter){.done = join_done, .subject = r, .index = facet};
    switch (call_ask(r->scope->account, f->call, &x, &ask->w, &unknown)) {
    case ASK_CALLED: return;
    case ASK_NULL: facet_set_null(c, r, facet); return;
    case ASK_UNKNOWN: facet_set(c, r, facet, unknown); return;
    }
}

/* ---- one call per value ---- */

/* `{value: result}`: null is absent, and one that is unknown leaves the others known. */
static mw_val keyed_values(collection *c, const group *g)
{

    mw_doc_begin_object(c->b);
    for (size_t i = 0; i < g->count; i++) {
        mw_doc_key_val(c->b, g->keys[i]);
        mw_doc_add_val(c->b, g->values[i]);
    }
    mw_doc_end_object(c->b);
    return mw_doc_pop(c->b);
}

static void group_finished(collection *c, group *g)
{
    if (--g->waiting > 0)
        return;
    if (g->r->scope->type->facets[g->facet].keyed_each) {
        facet_set(c, g->r, g->facet, keyed_values(c, g));
        return;
    }
    if (g->unknown != MW_VAL_ABSENT)
        facet_set(c, g->r, g->facet, g->unknown);
    else
        facet_set(c, g->r, g->facet, combine_pages(c, g->values, g->count));
}

static void group_answer(collection *c, waiter *w, answer *a)
{
    group *g = ((group_ask *)(void *)w)->g;
    const plan_facet *f = &g->r->scope->type->facets[g->facet];

    answer_count(g->r->scope->account, a, &g->r->scope->facets[g->facet].calls);
    if (a->unknown == MW_VAL_ABSENT)
        g->values[w->index] = a->values[f->query];
    else if (!is_absent(c, a->unknown, f->absent, f->absent_count))
        g->values[w->index] = g->unknown = a->unknown;
    group_finished(c, g);
}

static void start_each(collection *c, resource *r, size_t facet, mw_val item)
{
    const plan_facet *f = &r->scope->type->facets[facet];
    account *a = r->scope->account;
    mw_val list = facet_values(c, r, f, item);
    size_t n = mw_val_len(view(c), list);
    group *g;

    if (n == 0) {
        facet_set(c, r, facet, mw_val_kind(view(c), list) == MW_KIND_UNKNOWN ? list : MW_VAL_NULL);
        return;
    }
    g = account_alloc(a, sizeof(*g));
    if (!g || !(g->values = account_alloc(a, n * sizeof(*g->values))) ||
        !(g->keys = account_alloc(a, n * sizeof(*g->keys))))
        return;
    g->r = r;
    g->facet = facet;
    g->count = n;
    g->unknown = MW_VAL_ABSENT;
    g->waiting = 1; /* this loop's own */
    for (size_t i = 0; i < n; i++) {
        group_ask *ask = account_alloc(a, sizeof(*ask));
        call_context x = {
            .at = place_for(r, f), .item = item, .parent = r->parent_item, .each = mw_val_at(view(c), list, i)};
        mw_val unknown = MW_VAL_ABSENT;
        if (!ask || !x.at)
            return;
        g->values[i] = MW_VAL_NULL;
        g->keys[i] = x.each;
        ask->g = g;
        ask->w = (waiter){.done = group_answer, .index = i};
        g->waiting++;
        ask_outcome outcome = call_ask(a, f->call, &x, &ask->w, &unknown);
        if (outcome == ASK_UNKNOWN)
            g->values[i] = g->unknown = unknown;
        if (outcome != ASK_CALLED)
            g->waiting--;
    }
    group_finished(c, g);
}

/* ---- batches ---- */

static batch *new_batch(scope *s, size_t facet, size_t room)
{
    batch *b = account_alloc(s->account, sizeof(*b));

    if (!b)
        return NULL;
    b->scope = s;
    b->facet = facet;
    b->resources = account_alloc(s->account, room * sizeof(resource *));
    b->keys = account_alloc(s->account, room * sizeof(*b->keys));
    return b->resources && b->keys ? b : NULL;
}

static void batch_all(collection *c, batch *b, mw_val v)
{
    for (size_t i = 0; i < b->count; i++)
        facet_set(c, b->resources[i], b->facet, v);
}

/* Halve, so that one id that does not exist costs its neighbours a call, not their answer. */
static void split(collection *c, batch *b)
{
    size_t half = b->count / 2;

    for (int part = 0; part < 2; part++) {
        size_t from = part ? half : 0, n = part ? b->count - half : half;
        batch *piece = new_batch(b->scope, b->facet, n);
        if (!piece)
            return;
        memcpy(piece->resources, b->resources + from, n * sizeof(resource *));
        memcpy(piece->keys, b->keys + from, n * sizeof(*b->keys));
        piece->count = n;
        collection_push(c, b->scope->account, run_batch, piece, NULL);
    }
}

static bool one_key(const collection *c, const batch *b)
{
    for (size_t i = 1; i < b->count; i++)
        if (mw_val_atom(view(c), b->keys[i]) != mw_val_atom(view(c), b->keys[0]))
            return false;
    return true;
}

static void batch_done(collection *c, waiter *w, answer *a)
{
    batch *b = (batch *)(void *)w;
    const plan_facet *f = &b->scope->type->facets[b->facet];
    const join_how how = how_to_join(c, f);

    answer_count(b->scope->account, a, &b->scope->facets[b->facet].calls);
    if (a->unknown == MW_VAL_ABSENT) {
        for (size_t i = 0; i < b->count; i++)
            facet_set(c, b->resources[i], b->facet, join_find(c, a, a->values[f->query], &how, b->keys[i]));
    } else if (!is_absent(c, a->unknown, f->absent, f->absent_count)) {
        batch_all(c, b, a->unknown);
    } else if (one_key(c, b)) {
        batch_all(c, b, MW_VAL_NULL);
    } else {
        split(c, b);
    }
}

static void run_batch(collection *c, void *batch_, void *unused)
{
    batch *b = batch_;
    const plan_facet *f = &b->scope->type->facets[b->facet];
    resource *first = b->resources[0];
    mw_val *keys = mw_alloc(b->count * sizeof(*keys));
    call_context x = {.at = place_for(first, f),
                      .item = first->item,
                      .parent = MW_VAL_ABSENT,
                      .each = MW_VAL_ABSENT,
                      .extra_param = f->batch_param,
                      .extra = keys,
                      .extra_list = true};
    mw_val unknown = MW_VAL_ABSENT;
    ask_outcome outcome;

    (void)unused;
    if (!keys) {
        collection_no_memory(c);
        return;
    }
    for (size_t i = 0; i < b->count; i++) {
        bool met = false;
        for (size_t k = 0; k < x.extra_count && !met; k++)
            met = mw_val_atom(view(c), keys[k]) == mw_val_atom(view(c), b->keys[i]);
        if (!met)
            keys[x.extra_count++] = b->keys[i];
    }
    b->w = (waiter){.done = batch_done};
    outcome = x.at ? call_ask(b->scope->account, f->call, &x, &b->w, &unknown) : ASK_CALLED;
    mw_free(keys);
    if (outcome != ASK_CALLED)
        batch_all(c, b, outcome == ASK_UNKNOWN ? unknown : MW_VAL_NULL);
}

static void send_batch(collection *c, scope *s, size_t facet)
{
    facet_scope *fs = &s->facets[facet];

    if (fs->open)
        collection_push(c, s->account, run_batch, fs->open, NULL);
    fs->open = NULL;
}

static void flush_if_last(collection *c, scope *s, size_t facet)
{
    if (s->listed && s->facets[facet].entered == s->count)
        send_batch(c, s, facet);
}

void facets_flush(collection *c, scope *s)
{
    for (size_t i = 0; i < s->type->facet_count; i++)
        if (s->type->facets[i].batch_param)
            flush_if_last(c, s, i);
        else if (s->type->facets[i].metric)
            metrics_flush(c, s, i);
}

static void batch_pass(collection *c, scope *s, size_t facet)
{
    s->facets[facet].entered++;
    flush_if_last(c, s, facet);
}

/* A resource whose region differs from its neighbours' is asked for alone. */
static void enter_batch(collection *c, resource *r, size_t facet, mw_val item)
{
    scope *s = r->scope;
    const plan_facet *f = &s->type->facets[facet];
    facet_scope *fs = &s->facets[facet];
    mw_val key = MW_VAL_NULL;
    mw_error err = {0};
    bool failed = key_for(c, r, f, item, &key, &err) != MW_OK;

    fs->entered++;
    key = failed ? bad_path(c, f, &err) : check_key(c, f, key);
    if (mw_val_kind(view(c), key) == MW_KIND_UNKNOWN) {
        facet_set(c, r, facet, key);
    } else if (mw_val_kind(view(c), key) == MW_KIND_NULL) {
        facet_set_null(c, r, facet);
    } else {
        if (fs->open && fs->open->resources[0]->at != r->at)
            send_batch(c, s, facet);
        if (!fs->open)
            fs->open = new_batch(s, facet, f->batch_size);
        if (!fs->open)
            return;
        fs->open->resources[fs->open->count] = r;
        fs->open->keys[fs->open->count++] = key;
        if (fs->open->count == f->batch_size)
            send_batch(c, s, facet);
    }
    flush_if_last(c, s, facet);
}

/* ---- starting ---- */

static bool applies(collection *c, resource *r, size_t facet, mw_val item)
{
    const plan_facet *f = &r->scope->type->facets[facet];
    mw_val v = MW_VAL_TRUE;
    mw_error err = {0};
    const mw_doc *d = view(c);

    if (!f->when)
        return true;
    if (mw_jmespath_eval(f->when, c->b, item, &v, &err) != MW_OK)
        facet_set(c, r, facet, bad_path(c, f, &err));
    else if (mw_val_kind(d, v) == MW_KIND_UNKNOWN)
        facet_set(c, r, facet, v);
    else if (r->rest != MW_VAL_ABSENT && !mw_val_bool(d, v))
        facet_set(c, r, facet, r->rest);
    else if (!mw_val_bool(d, v))
        facet_set(c, r, facet, MW_VAL_NULL);
    return r->states[facet] != FACET_DONE;
}

static void start_facet(collection *c, resource *r, size_t facet)
{
    const plan_facet *f = &r->scope->type->facets[facet];
    bool batched = f->batch_param != NULL || f->metric != NULL;
    mw_val item, unknown = MW_VAL_ABSENT;
    call_context x = {.at = place_for(r, f), .parent = r->parent_item, .each = MW_VAL_ABSENT};
    waiter *w;

    r->states[facet] = FACET_STARTED;
    if (r->lost != MW_VAL_ABSENT) {
        facet_set(c, r, facet, r->lost);
    } else {
        item = item_for(c, r, f);
        if (applies(c, r, facet, item)) {
            if (f->metric) {
                metric_enter(c, r, facet, item);
                return;
            }
            if (batched) {
                enter_batch(c, r, facet, item);
                return;
            }
            if (f->join) {
                start_join(c, r, facet, item);
                return;
            }
            if (f->each) {
                start_each(c, r, facet, item);
                return;
            }
            w = account_alloc(r->scope->account, sizeof(*w));
            if (!w || !x.at)
                return;
            *w = (waiter){.done = facet_done, .subject = r, .index = facet};
            x.item = item;
            switch (call_ask(r->scope->account, f->call, &x, w, &unknown)) {
            case ASK_CALLED: return;
            case ASK_NULL: facet_set_null(c, r, facet); return;
            case ASK_UNKNOWN: facet_set(c, r, facet, unknown); return;
            }
        }
    }
    if (batched) { /* decided without a call: it no longer holds its batch up */
        if (f->metric)
            metric_pass(c, r->scope, facet);
        else
            batch_pass(c, r->scope, facet);
    }
}

void resource_facets(collection *c, void *resource_, void *unused)
{
    resource *r = resource_;
    const plan_type *t = r->scope->type;

    (void)unused;
    for (size_t i = 0; i < t->facet_count; i++) {
        bool ready = r->states[i] == FACET_WAITING;
        for (size_t k = 0; k < t->facets[i].need_count; k++)
            ready = ready && r->states[t->facets[i].needs[k]] == FACET_DONE;
        if (ready)
            start_facet(c, r, i);
    }
}
