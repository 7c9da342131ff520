/*
 * The run of a collection: accounts are opened one after the other as the queue of jobs drains, jobs are
 * turned into calls while the client has room, answers queue further jobs. It never waits for anything
 * but the client's event loop and whoever takes a finished account, and it ends when no job, call or timer
 * is left.
 */
#include "inventory/collect_internal.h"
#include "inventory/outline.h"
#include "inventory/sensitive.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>
#include <unistd.h>

/* Calls handed to the client at a time: each holds a prepared request, so the rest wait as jobs. */
#define WINDOW        256u
/* With a budget that is nearly spent, one call goes after the other: what is asked then does not depend on who answers first. */
#define BUDGET_NEAR   1000u
/* Accounts under way: enough that one whose services throttle does not hold up the rest. */
#define ACCOUNTS_OPEN 16u

void collection_fail(collection *c, mw_status status, const mw_error *err)
{
    if (c->status != MW_OK)
        return;
    c->status = status;
    c->error = *err;
}

void collection_no_memory(collection *c)
{
    mw_error err = {0};

    mw_fail(&err, MW_ERR_NOMEM, "out of memory for the collection");
    collection_fail(c, MW_ERR_NOMEM, &err);
}

void *account_alloc(account *a, size_t size)
{
    void *p = mw_arena_alloc(&a->arena, size);

    if (!p)
        collection_no_memory(a->c);
    return p;
}

void answer_count(account *a, answer *ans, size_t *count)
{
    seen *s = &ans->seen;

    for (; s->by; s = s->next) {
        if (s->by == count)
            return;
        if (!s->next && !(s->next = account_alloc(a, sizeof(*s))))
            return;
    }
    s->by = count;
    *count += ans->calls;
}

const place *account_place(account *a, const char *region)
{
    collection *c = a->c;
    place *p;

    for (p = a->places; p; p = p->next)
        if (mw_str_eq(p->scope.region, region))
            return p;
    /* Kept for the whole run: the client borrows it until a call is really gone. */
    p = mw_arena_alloc(&c->names, sizeof(*p));
    if (p)
        p->scope.region = mw_arena_strdup(&c->names, region);
    if (!p || !p->scope.region) {
        collection_no_memory(c);
        return NULL;
    }
    p->scope.partition = a->in->partition;
    p->scope.account = a->in->account;
    p->scope.credentials = a->in->credentials;
    p->next = a->places;
    a->places = p;
    return p;
}

/* ---- jobs ---- */

static void push(collection *c, job_ring *r, account *a, job_fn fn, void *x, void *y)
{
    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 256;
        job *items = mw_alloc(cap * sizeof(*items));
        if (!items) {
            collection_no_memory(c);
            return;
        }
        for (size_t i = 0; i < r->count; i++)
            items[i] = r->items[(r->head + i) % r->cap];
        mw_free(r->items);
        *r = (job_ring){.items = items, .count = r->count, .cap = cap};
    }
    r->items[(r->head + r->count++) % r->cap] = (job){fn, a, x, y};
    a->work++;
}

static bool pop(job_ring *r, job *out)
{
    if (r->count == 0)
        return false;
    *out = r->items[r->head];
    r->head = (r->head + 1) % r->cap;
    r->count--;
    return true;
}

void collection_push(collection *c, account *a, job_fn fn, void *x, void *y)
{
    push(c, &c->jobs, a, fn, x, y);
}

void collection_push_start(collection *c, account *a, job_fn fn, void *x)
{
    push(c, &c->starts, a, fn, x, NULL);
}

void collection_enter(collection *c, const account *a)
{
    c->b = a->b;
}

void account_done(account *a)
{
    collection *c = a->c;

    if (--a->work > 0 || c->status != MW_OK || c->cancelled)
        return;
    account_finish(c, a);
}

static scope *new_scope(account *a, const plan_type *t, const char *region)
{
    scope *s = account_alloc(a, sizeof(*s));

    if (!s)
        return NULL;
    s->account = a;
    s->type = t;
    s->at = account_place(a, region);
    s->cause = MW_VAL_ABSENT;
    s->describe_cause = MW_VAL_ABSENT;
    s->facets = account_alloc(a, (t->facet_count + 1) * sizeof(*s->facets));
    if (!s->at || !s->facets)
        return NULL;
    for (size_t i = 0; i < t->facet_count; i++)
        s->facets[i].cause = MW_VAL_ABSENT;
    return s;
}

/* The scope of @p type that is listed per item of a parent's scope in the same region. */
static void link_parent(account *a, scope *child)
{
    const plan_type *parent = a->c->plan->items[child->type->parent];

    for (size_t i = 0; i < a->scope_count; i++) {
        scope *s = a->scopes[i];
        if (s->type == parent && (s->at == child->at || !child->type->regional)) {
            child->parent = s;
            child->sibling = s->children;
            s->children = child;
            child->pending++;
            return;
        }
    }
}

/* Where a global type is asked: a service may have its only endpoint elsewhere than the account's home. */
static const char *home_of(const mw_collect_account *in, const plan_type *t)
{
    return t->home && mw_str_eq(in->partition, "aws") ? t->home : in->home_region;
}

static size_t readers_of(const collection *c, const scope *s)
{
    size_t n = 0;

    if (s->type->list_count > 0)
        for (const plan_reader *r = c->plan->calls[s->type->lists[0].call]->readers; r; r = r->next)
            n++;
    return n;
}

/* What one call answers for the whole account, then what most others share; else as planned. */
static bool goes_before(const collection *c, const scope *a, const scope *b)
{
    if (a->type->regional != b->type->regional)
        return !a->type->regional;
    return readers_of(c, a) > readers_of(c, b);
}

/* A budget is spent on what is cheap and shared first. Stable, so that the same plan asks in the same order. */
static void order_scopes(const collection *c, account *a)
{
    for (size_t i = 1; i < a->scope_count; i++) {
        scope *s = a->scopes[i];
        size_t k = i;
        for (; k > 0 && goes_before(c, s, a->scopes[k - 1]); k--)
            a->scopes[k] = a->scopes[k - 1];
        a->scopes[k] = s;
    }
}

static void open_account(collection *c, size_t index)
{
    const mw_collect_account *in = &c->o->accounts[index];
    const mw_plan *p = c->plan;
    account *a = mw_alloc(sizeof(*a));
    const mw_doc_options share = {.share = true};
    size_t most = p->count * (in->region_count + 1);
    mw_error err = {0};
    mw_status st;

    if (!a) {
        collection_no_memory(c);
        return;
    }
    c->accounts[index] = a;
    a->index = index;
    if ((st = mw_doc_builder_new(&share, &a->b, &err)) != MW_OK) {
        collection_fail(c, st, &err);
        return;
    }
    collection_enter(c, a);
    a->not_collected = unknown_of(c, NULL, "NotCollected", "the facet that holds the tags was not collected");
    a->c = c;
    a->in = in;
    a->scopes = account_alloc(a, (most + 1) * sizeof(scope *));
    for (size_t t = 0; a->scopes && t < p->count; t++) {
        size_t n = p->items[t]->regional ? in->region_count : 1;
        for (size_t r = 0; r < n; r++) {
            const char *region = p->items[t]->regional ? in->regions[r] : home_of(in, p->items[t]);
            scope *s = new_scope(a, p->items[t], region);
            if (!s)
                return;
            a->scopes[a->scope_count++] = s;
            if (s->type->parent != PLAN_NONE)
                link_parent(a, s); /* parents and sources come first in the plan */
            scope_link_sources(a, s);
        }
    }
    account_know(c, a);
    if (mw_client_budget(c->client))
        order_scopes(c, a);
    a->work++; /* holds the account open while its lists are asked for */
    for (size_t i = 0; i < a->scope_count && c->status == MW_OK; i++) {
        if (a->scopes[i]->known_unix)
            c->progress.scopes_done++;
        else if (in->failed_code)
            scope_failed(c, a->scopes[i], unknown_of(c, in->failed_operation, in->failed_code, in->failed_message));
        else
            scope_start(c, a->scopes[i]);
    }
    if (in->failed_code)
        c->progress.scopes_done += a->scope_count;
    account_done(a);
}

static size_t window(const collection *c)
{
    const mw_budget *b = mw_client_budget(c->client);

    return !b || (!b->gate && b->usd_most < 0 && mw_budget_left(b) > BUDGET_NEAR) ? WINDOW : 1;
}

void collection_pump(collection *c)
{
    size_t open =
        mw_client_budget(c->client) ? 1 : ACCOUNTS_OPEN; /* a budget makes one account whole before the next */

    if (c->pumping)
        return;
    c->pumping = true;
    while (c->status == MW_OK && !c->cancelled && c->active < window(c)) {
        job j;
        if (pop(&c->starts, &j) || pop(&c->jobs, &j)) {
            collection_enter(c, j.account);
            j.fn(c, j.a, j.b);
            account_done(j.account);
        } else if (c->next_account < c->o->account_count && c->next_account - c->accounts_finished < open) {
            open_account(c, c->next_account++);
        } else {
            break;
        }
    }
    c->pumping = false;
    if (c->o->on_progress) {
        mw_client_stats stats = mw_client_stats_get(c->client);
        c->progress.requests = stats.requests;
        c->progress.throttled = stats.throttled;
        c->o->on_progress(c->o->progress_user, &c->progress);
    }
}

/* ---- life ---- */

/* What the models say of the planned types: the same for all accounts. */
static mw_status make_outlines(collection *c, mw_error *err)
{
    const mw_doc_options share = {.share = true};
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(&share, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    for (size_t t = 0; t < c->plan->count && st == MW_OK; t++) {
        const mw_type *type = c->plan->items[t]->type;
        MW_AUTO(mw_arena) arena = {0};
        mw_sensitive sensitive = {0};
        mw_doc_ckey(b, type->name);
        mw_doc_begin_object(b);
        mw_doc_ckey(b, "outline");
        mw_outline_add(b, type, c->plan->models);
        if (!c->o->keep_sensitive)
            st = mw_sensitive_of(type, c->plan->types, c->plan->models, &arena, &sensitive, err);
        if (sensitive.count) {
            mw_doc_ckey(b, "sensitive");
            mw_sensitive_add_mask(b, &sensitive);
        }
        mw_doc_end_object(b);
    }
    mw_doc_end_object(b);
    if (st == MW_OK)
        st = mw_doc_finish(b, mw_doc_pop(b), &c->outlines, err);
    mw_doc_builder_free(b);
    return st;
}

static mw_status prepare(collection *c, mw_error *err)
{
    mw_status st = mw_doc_builder_new(NULL, &c->scratch, err);

    if (st == MW_OK)
        st = make_outlines(c, err);
    if (st != MW_OK)
        return st;
    c->accounts = mw_alloc((c->o->account_count + 1) * sizeof(account *));
    c->made = mw_alloc((c->plan->count + 1) * sizeof(*c->made));
    if (!c->accounts || !c->made)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for the collection");
    for (size_t a = 0; a < c->o->account_count; a++)
        for (size_t t = 0; t < c->plan->count; t++)
            c->progress.scopes_total += c->plan->items[t]->regional ? c->o->accounts[a].region_count : 1;
    return MW_OK;
}

static void clear(collection *c)
{
    for (size_t i = 0; c->accounts && i < c->o->account_count; i++)
        if (c->accounts[i])
            account_free(c, c->accounts[i]);
    for (size_t i = 0; c->made && i < c->plan->count; i++)
        mw_free(c->made[i].items);
    mw_free(c->made);
    mw_free(c->accounts);
    mw_free(c->starts.items);
    mw_free(c->jobs.items);
    mw_free(c->entries);
    mw_arena_clear(&c->names);
    mw_doc_builder_free(c->scratch);
    mw_doc_free(c->outlines);
    mw_free(c);
}

mw_status mw_collect(mw_client *client, const mw_plan *plan, const mw_collect_options *o, int *snapshot_fd,
                     mw_error *err)
{
    collection *c = mw_alloc(sizeof(*c));
    mw_error local = {0};
    mw_status st;

    if (snapshot_fd)
        *snapshot_fd = -1;
    if (!err)
        err = &local;
    if (!c)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for the collection");
    c->client = client;
    c->plan = plan;
    c->o = o;
    c->snapshot_fd = snapshot_fd;
    st = prepare(c, err);
    if (st == MW_OK)
        collection_pump(c);
    while (st == MW_OK && c->status == MW_OK && !c->cancelled && c->accounts_finished < o->account_count) {
        size_t before = c->accounts_finished;
        st = mw_client_run(client, err);
        collection_pump(c);
        if (st == MW_OK && c->active == 0 && c->accounts_finished == before && !c->cancelled && c->status == MW_OK)
            st = mw_fail(err, MW_ERR_CONFLICT, "the collection stopped with %zu of %zu scopes done",
                         c->progress.scopes_done, c->progress.scopes_total);
    }
    /* The client still holds our calls: nothing may be freed before each has ended. */
    while (c->active > 0 && mw_client_run(client, NULL) == MW_OK)
        continue;
    if (c->cancelled || st == MW_ERR_CANCELLED)
        st = mw_fail(err, MW_ERR_CANCELLED, "the collection was stopped");
    else if (st == MW_OK && c->status != MW_OK)
        st = mw_fail(err, c->status, "%s", c->error.message);
    if (st != MW_OK && snapshot_fd && *snapshot_fd >= 0) {
        close(*snapshot_fd);
        *snapshot_fd = -1;
    }
    clear(c);
    return st;
}
