/*
 * The end of an account: its resources get their envelopes and its scopes their states, its snapshot is
 * written in a builder of its own, so that what was only passing through (joined lists, parameters, pages)
 * does not travel with it, and its memory goes.
 */
#include "inventory/collect_internal.h"
#include "inventory/outline.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

/* ---- coverage ---- */

static bool add_entry(collection *c, const mw_scope_entry *e)
{
    if (c->entry_count == c->entry_cap) {
        size_t cap = c->entry_cap ? c->entry_cap * 2 : 64;
        mw_scope_entry *entries = mw_realloc(c->entries, cap * sizeof(*entries));
        if (!entries) {
            collection_no_memory(c);
            return false;
        }
        c->entries = entries;
        c->entry_cap = cap;
    }
    c->entries[c->entry_count++] = *e;
    return true;
}

static const char *state(const collection *c, size_t ok, size_t failed, mw_val cause)
{
    if (failed == 0)
        return "complete";
    return ok ? "partial" : mw_scope_state_of(mw_val_get_str(view(c), cause, "code", NULL));
}

/* A run that is gone on with stands for a time before what it takes from the store. */
static int64_t age_of(const collection *c, const scope *s)
{
    return s->known_unix && c->o->now_unix > s->known_unix ? c->o->now_unix - s->known_unix : 0;
}

static void add_entries(collection *c, const scope *s)
{
    mw_scope_entry list = {.account = s->account->in->account,
                           .region = s->at->scope.region,
                           .partition = s->account->in->partition,
                           .type = s->type->type->name,
                           .state = state(c, s->pages + s->resources, s->failed, s->cause),
                           .resources = s->resources,
                           .calls = s->calls,
                           .cause = s->cause,
                           .known_unix = s->known_unix,
                           .age_s = age_of(c, s)};

    if (!add_entry(c, &list))
        return;
    /* The list is whole, what it lists is not: an entry of its own, called after the operation. */
    if (s->undescribed) {
        const char *operation = mw_val_get_str(view(c), s->describe_cause, "operation", "");
        const char *colon = strchr(operation, ':'); /* a derived type's call is its source's */
        mw_scope_entry e = list;
        /* A copy: texts of a builder move while it grows. */
        if (!(e.facet = mw_arena_strdup(&s->account->arena, colon ? colon + 1 : operation))) {
            collection_no_memory(c);
            return;
        }
        e.resources = s->resources - s->undescribed;
        e.state = state(c, e.resources, s->undescribed, s->describe_cause);
        e.cause = s->describe_cause;
        if (!add_entry(c, &e))
            return;
    }
    for (size_t i = 0; i < s->type->facet_count; i++) {
        const facet_scope *fs = &s->facets[i];
        mw_scope_entry e = list;
        e.facet = s->type->facets[i].name;
        e.resources = s->known_unix ? s->resources : fs->ok;
        e.calls = fs->calls;
        /* A facet cannot be more complete than the list of what it belongs to. */
        if (fs->failed) {
            e.state = state(c, fs->ok, fs->failed, fs->cause);
            e.cause = fs->cause;
        }
        if (!add_entry(c, &e))
            return;
    }
}

/* ---- resources ---- */

static void add_facet(collection *c, const resource *r, size_t i)
{
    if (r->facets[i] == MW_VAL_ABSENT)
        mw_doc_add_unknown_cause(c->b, c->plan->calls[r->scope->type->facets[i].call]->name, "NotCollected",
                                 "the collection ended before this was read");
    else
        mw_doc_add_val(c->b, r->facets[i]);
}

/* Facets named `Metrics.X` are members of one object. One that no rule asked for raises when it is read. */
static void add_metrics(collection *c, const resource *r)
{
    const plan_type *t = r->scope->type;

    mw_doc_ckey(c->b, "Metrics");
    mw_doc_begin_object(c->b);
    for (size_t k = 0; k < mw_type_facet_count(t->type); k++) {
        const char *name = mw_type_facet_at(t->type, k);
        MW_AUTO(mw_buf) text = {0};
        size_t i = 0;
        if (!mw_str_starts(name, "Metrics."))
            continue;
        mw_doc_ckey(c->b, name + 8);
        while (i < t->facet_count && !mw_str_eq(t->facets[i].name, name))
            i++;
        if (i < t->facet_count) {
            add_facet(c, r, i);
            continue;
        }
        mw_buf_printf(&text, "it was not asked for: add \"%s\" to needs", name);
        mw_doc_add_unknown_cause(c->b, "cloudwatch:GetMetricData", "NotCollected", text.data);
    }
    mw_doc_end_object(c->b);
}

static mw_val document(collection *c, const resource *r)
{
    const plan_type *t = r->scope->type;
    const mw_doc *d = view(c);
    bool metrics = false;

    if (t->facet_count == 0)
        return r->item;
    mw_doc_begin_object(c->b);
    for (size_t i = 0; i < mw_val_len(d, r->item); i++) {
        mw_val key;
        mw_val v = mw_val_member(d, r->item, i, &key);
        mw_doc_key_val(c->b, key);
        mw_doc_add_val(c->b, v);
    }
    for (size_t i = 0; i < t->facet_count; i++) {
        if (t->facets[i].metric) {
            metrics = true;
            continue;
        }
        mw_doc_ckey(c->b, t->facets[i].name);
        add_facet(c, r, i);
    }
    if (metrics)
        add_metrics(c, r);
    mw_doc_end_object(c->b);
    return mw_doc_pop(c->b);
}

static bool collects(const plan_type *t, const char *facet)
{
    for (size_t i = 0; i < t->facet_count; i++)
        if (mw_str_eq(t->facets[i].name, facet))
            return true;
    return false;
}

void made_add(collection *c, made_list *list, mw_val whole)
{
    made m = {.resource = whole};

    m.account = mw_val_get(view(c), whole, "account");
    m.region = mw_val_get(view(c), whole, "region");
    m.id = mw_val_get(view(c), whole, "id");
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 64;
        made *items = mw_realloc(list->items, cap * sizeof(*items));
        if (!items) {
            collection_no_memory(c);
            return;
        }
        list->items = items;
        list->cap = cap;
    }
    list->items[list->count++] = m;
}

static void make_resource(collection *c, const resource *r, made_list *list)
{
    const account *a = r->scope->account;
    const plan_type *t = r->scope->type;
    const char *tag_facet = mw_type_tag_facet(t->type);
    mw_envelope_input in = {.account = a->in->account,
                            .region = r->at->scope.region,
                            .partition = a->in->partition,
                            .item = r->item,
                            .parent = r->parent_item,
                            .doc = document(c, r),
                            .rest = r->rest,
                            .tags = tag_facet && !collects(t, tag_facet) ? a->not_collected : MW_VAL_ABSENT};
    mw_error err = {0};
    made m;
    mw_status st = mw_envelope_build(t->envelope, c->b, &in, &m.resource, &err);

    if (st != MW_OK) {
        collection_fail(c, st, &err);
        return;
    }
    made_add(c, list, m.resource);
}

void account_free(collection *c, account *a)
{
    for (size_t i = 0; i < ANSWER_BUCKETS; i++) {
        for (answer *ans = a->answers[i]; ans; ans = ans->next) {
            while (ans->indexes) {
                join_index *next = ans->indexes->next;
                mw_free(ans->indexes->entries);
                mw_free(ans->indexes);
                ans->indexes = next;
            }
            if (ans->live)
                call_free(ans->live);
        }
    }
    c->accounts[a->index] = NULL;
    mw_arena_clear(&a->arena);
    if (c->b == a->b)
        c->b = NULL;
    mw_doc_builder_free(a->b);
    mw_free(a);
}

/* ---- the snapshot ---- */

struct sortable {
    const char *account, *region, *id;
    mw_val resource;
};

static int by_identity(const void *pa, const void *pb)
{
    const struct sortable *a = pa, *b = pb;
    int order = strcmp(a->account, b->account);

    if (order == 0)
        order = strcmp(a->region, b->region);
    return order ? order : strcmp(a->id, b->id);
}

static int by_scope(const void *pa, const void *pb)
{
    const mw_scope_entry *a = pa, *b = pb;
    int order = strcmp(a->account, b->account);

    if (order == 0)
        order = strcmp(a->region, b->region);
    if (order == 0)
        order = strcmp(a->type, b->type);
    return order ? order : strcmp(a->facet ? a->facet : "", b->facet ? b->facet : "");
}

static mw_status write_resources(collection *c, const made_list *list, mw_doc_builder *out, mw_error *err)
{
    struct sortable *sorted = mw_alloc((list->count + 1) * sizeof(*sorted));
    const mw_doc *d = view(c);

    if (!sorted)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for the snapshot");
    for (size_t i = 0; i < list->count; i++) {
        const made *m = &list->items[i];
        sorted[i] = (struct sortable){mw_val_str(d, m->account, NULL), mw_val_str(d, m->region, NULL),
                                      mw_val_str(d, m->id, NULL), m->resource};
    }
    qsort(sorted, list->count, sizeof(*sorted), by_identity);
    mw_doc_begin_array(out);
    for (size_t i = 0; i < list->count; i++)
        mw_doc_add_copy(out, d, sorted[i].resource);
    mw_doc_end_array(out);
    mw_free(sorted);
    return mw_doc_builder_status(out, err);
}

static void write_types(collection *c, mw_doc_builder *out)
{
    for (size_t t = 0; t < c->plan->count; t++) {
        const plan_type *p = c->plan->items[t];
        const char **names = mw_alloc((p->facet_count + 1) * sizeof(*names));
        if (!names) {
            mw_doc_builder_fail(out, MW_ERR_NOMEM, "out of memory for the snapshot");
            return;
        }
        for (size_t i = 0; i < p->facet_count; i++)
            names[i] = p->facets[i].name;
        mw_snapshot_add_type(out, p->type, names, p->facet_count, c->outlines);
        mw_free(names);
    }
}

static void write_scopes(collection *c, mw_doc_builder *out)
{
    qsort(c->entries, c->entry_count, sizeof(*c->entries), by_scope);
    for (size_t i = 0; i < c->entry_count; i++) {
        mw_scope_entry e = c->entries[i];
        if (e.cause != MW_VAL_ABSENT) {
            mw_doc_add_copy(out, view(c), e.cause);
            e.cause = mw_doc_pop(out);
        }
        mw_snapshot_add_scope(out, &e);
    }
}

static mw_status write_snapshot(collection *c, int *fd, mw_error *err)
{
    mw_doc_builder *out = NULL;
    mw_doc_options share = {.share = true};
    char now[MW_TIME_SIZE];
    mw_status st = mw_doc_builder_status(c->b, err);

    if (st == MW_OK)
        st = mw_doc_builder_new(&share, &out, err);
    if (st != MW_OK)
        return st;
    mw_time_iso(now, c->o->now_unix * 1000000000);
    mw_doc_begin_object(out);
    mw_doc_member_str(out, "now", now);
    mw_outline_add_causes(out, c->plan->models);
    mw_doc_ckey(out, "types");
    mw_doc_begin_object(out);
    write_types(c, out);
    mw_doc_end_object(out);
    mw_doc_ckey(out, "worlds");
    mw_doc_begin_array(out);
    mw_doc_begin_object(out);
    mw_doc_member_str(out, "now", now);
    mw_doc_ckey(out, "scopes");
    mw_doc_begin_array(out);
    write_scopes(c, out);
    mw_doc_end_array(out);
    mw_doc_ckey(out, "resources");
    mw_doc_begin_object(out);
    for (size_t t = 0; t < c->plan->count && st == MW_OK; t++) {
        if (c->made[t].count == 0)
            continue;
        mw_doc_ckey(out, c->plan->items[t]->type->name);
        st = write_resources(c, &c->made[t], out, err);
    }
    mw_doc_end_object(out);
    mw_doc_end_object(out);
    mw_doc_end_array(out);
    mw_doc_end_object(out);
    if (st == MW_OK)
        st = mw_doc_finish_memfd(out, mw_doc_pop(out), fd, err);
    mw_doc_builder_free(out);
    return st;
}

static mw_status hand_out(collection *c, const account *a, mw_error *err)
{
    int fd = -1;
    mw_status st = write_snapshot(c, &fd, err);

    if (st != MW_OK)
        return st;
    if (c->o->on_account)
        return c->o->on_account(c->o->user, a->index, fd, err);
    *c->snapshot_fd = fd;
    return MW_OK;
}

void account_finish(collection *c, account *a)
{
    mw_error err = {0};
    mw_status st;

    collection_enter(c, a);
    c->entry_count = 0;
    for (size_t t = 0; t < c->plan->count; t++)
        c->made[t].count = 0;
    for (size_t i = 0; i < a->scope_count && c->status == MW_OK; i++) {
        scope *s = a->scopes[i];
        made_list *list = NULL;
        for (size_t t = 0; t < c->plan->count; t++)
            if (c->plan->items[t] == s->type)
                list = &c->made[t];
        if (s->known_unix)
            scope_load(c, s, list);
        add_entries(c, s);
        for (resource *r = s->first; r && c->status == MW_OK; r = r->next)
            make_resource(c, r, list);
    }
    if (c->status == MW_OK && (st = hand_out(c, a, &err)) != MW_OK)
        collection_fail(c, st, &err);
    mw_client_forget(c->client, a->in->account);
    c->accounts_finished++;
    account_free(c, a);
}
