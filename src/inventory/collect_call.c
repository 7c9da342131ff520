/*
 * Calls of a collection: what is asked twice is called once. A call is known by its planned call, its
 * place and its parameters; its answer is kept for the account's life as values in the collection's
 * builder, a few words each, so whoever asks later is answered at once. A call that must be prepared
 * (a job to start, a report to generate) polls here. A failure becomes one unknown that all share.
 */
#include "inventory/collect_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/csv.h"

#include <stdio.h>
#include <string.h>

/* Jobs of IAM take seconds, rarely minutes; a report that is not there then will not come this run. */
/* Of one list or facet: fifty log groups a page make half a million. Page tokens need not end by themselves. */
#define PAGES_MAX        10000u
#define POLL_FIRST_MS    1000
#define POLL_MOST_MS     8000
#define POLL_TOTAL_MS    300000
#define POLL_REPLAY_MOST 400u

static void start(collection *c, void *call_, void *unused);

/* ---- unknowns ---- */

mw_val unknown_of(collection *c, const char *operation, const char *code, const char *message)
{
    mw_doc_add_unknown_cause(c->b, operation, code, message);
    return mw_doc_pop(c->b);
}

bool is_absent(const collection *c, mw_val unknown, const plan_absent *absent, size_t count)
{
    mw_val cause = mw_val_cause(view(c), unknown);
    const char *code = mw_val_get_str(view(c), cause, "code", "");
    const char *message = mw_val_get_str(view(c), cause, "message", "");

    for (size_t i = 0; i < count; i++)
        if (mw_str_eq(absent[i].code, code) && (!absent[i].message || strstr(message, absent[i].message)))
            return true;
    return false;
}

static int compare_member(const mw_doc *d, mw_val a, mw_val b, const char *key)
{
    return strcmp(mw_val_get_str(d, a, key, ""), mw_val_get_str(d, b, key, ""));
}

mw_val smaller_cause(const collection *c, mw_val a, mw_val b)
{
    const mw_doc *d = view(c);
    int order;

    if (a == MW_VAL_ABSENT || b == MW_VAL_ABSENT)
        return a == MW_VAL_ABSENT ? b : a;
    order = compare_member(d, a, b, "operation");
    if (order == 0)
        order = compare_member(d, a, b, "code");
    if (order == 0)
        order = compare_member(d, a, b, "message");
    return order <= 0 ? a : b;
}

static const char *code_of(const mw_call_result *r)
{
    switch (r->status) {
    case MW_ERR_AWS: return r->aws.code;
    case MW_ERR_NET: return "ConnectionFailed";
    case MW_ERR_TIMEOUT: return "Timeout";
    case MW_ERR_CREDENTIALS: return "NoCredentials";
    case MW_ERR_PARSE: return "MalformedAnswer";
    case MW_ERR_LIMIT: return "LimitReached";
    case MW_ERR_UNSUPPORTED: return "UnsupportedByModels";
    case MW_ERR_NOTFOUND: return "NotRecorded";
    case MW_ERR_CONFLICT: return "PagingLoop";
    case MW_ERR_INVALID: return "InvalidRequest";
    default: return "Failed";
    }
}

static mw_val lacking(collection *c, const char *name)
{
    MW_AUTO(mw_buf) text = {0};

    mw_buf_printf(&text, "the models of botocore %s do not have %s", mw_models_botocore_version(c->plan->models), name);
    return unknown_of(c, name, "UnsupportedByModels", text.data);
}

/* ---- pages ---- */

mw_val combine_pages(collection *c, const mw_val *pages, size_t n)
{
    const mw_doc *d = view(c);
    mw_val first = MW_VAL_NULL;
    mw_kind kind;

    for (size_t i = 0; i < n && mw_val_kind(d, first) == MW_KIND_NULL; i++)
        first = pages[i];
    kind = mw_val_kind(d, first);
    if (n < 2 || (kind != MW_KIND_ARRAY && kind != MW_KIND_OBJECT))
        return first;
    if (kind == MW_KIND_ARRAY) {
        mw_doc_begin_array(c->b);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < mw_val_len(d, pages[i]); k++)
                mw_doc_add_val(c->b, mw_val_at(d, pages[i], k));
        mw_doc_end_array(c->b);
        return mw_doc_pop(c->b);
    }
    /* The whole answer was asked for: its lists add up, everything else is the first page's. */
    mw_doc_begin_object(c->b);
    for (size_t p = 0; p < n; p++) {
        for (size_t i = 0; i < mw_val_len(d, pages[p]); i++) {
            mw_val key;
            mw_val v = mw_val_member(d, pages[p], i, &key);
            bool met = false;
            for (size_t q = 0; q < p && !met; q++)
                met = mw_val_get(d, pages[q], mw_val_str(d, key, NULL)) != MW_VAL_ABSENT;
            if (met)
                continue;
            mw_doc_key_val(c->b, key);
            if (mw_val_kind(d, v) != MW_KIND_ARRAY) {
                mw_doc_add_val(c->b, v);
                continue;
            }
            mw_doc_begin_array(c->b);
            for (size_t q = p; q < n; q++) {
                mw_val list = mw_val_get(d, pages[q], mw_val_str(d, key, NULL));
                for (size_t k = 0; mw_val_kind(d, list) == MW_KIND_ARRAY && k < mw_val_len(d, list); k++)
                    mw_doc_add_val(c->b, mw_val_at(d, list, k));
            }
            mw_doc_end_array(c->b);
        }
    }
    mw_doc_end_object(c->b);
    return mw_doc_pop(c->b);
}

static bool keep_page(call *k, size_t query, mw_val v)
{
    page_values *p = &k->pages_of[query];

    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 2;
        mw_val *grown = mw_realloc(p->v, cap * sizeof(*grown));
        if (!grown)
            return false;
        p->v = grown;
        p->cap = cap;
    }
    p->v[p->count++] = v;
    return true;
}

static mw_status query_page(const plan_query *q, mw_doc_builder *page, mw_val result, mw_val *out, mw_error *err)
{
    *out = result;
    return q->path ? mw_jmespath_eval(q->path, page, result, out, err) : MW_OK;
}

static void trouble(call *k, mw_status st, const mw_error *err)
{
    if (k->trouble != MW_OK)
        return;
    k->trouble = st;
    k->trouble_error = *err;
}

static unsigned most_pages(const plan_call *p)
{
    return p->max_pages ? p->max_pages : PAGES_MAX;
}

static bool on_page(void *user, mw_doc_builder *page, mw_val result)
{
    call *k = user;
    collection *c = k->c;
    const plan_call *p = k->plan;
    mw_error err = {0};
    mw_status st = MW_OK;

    collection_enter(k->c, k->account);
    k->pages++;
    if (k->pages > most_pages(p)) {
        k->too_many = true;
        return false;
    }
    for (lister *l = k->listers; l && st == MW_OK; l = l->next) {
        mw_val items;
        st = query_page(&p->queries[l->query], page, result, &items, &err);
        if (st == MW_OK)
            scope_page(c, l, page, items);
    }
    for (size_t i = 0; i < p->query_count && st == MW_OK; i++) {
        mw_val v;
        if (!p->queries[i].retained)
            continue;
        st = query_page(&p->queries[i], page, result, &v, &err);
        if (st != MW_OK)
            break;
        mw_doc_add_copy(c->b, mw_doc_view(page), v);
        if (!keep_page(k, i, mw_doc_pop(c->b)))
            st = mw_fail(&err, MW_ERR_NOMEM, "out of memory for pages of %s", p->name);
    }
    if (st == MW_OK && p->prepared && p->bind) {
        /* The job's state is in the answer itself: is it there? */
        mw_val ready = MW_VAL_NULL, failed = MW_VAL_NULL;
        st = mw_jmespath_eval(p->until, page, result, &ready, &err);
        if (st == MW_OK && p->failed)
            st = mw_jmespath_eval(p->failed, page, result, &failed, &err);
        if (k->pages == 1)
            k->ready = mw_val_bool(mw_doc_view(page), ready);
        k->failed_job = k->failed_job || mw_val_bool(mw_doc_view(page), failed);
    }
    if (st != MW_OK) {
        trouble(k, st, &err);
        return false;
    }
    if (p->prepared && p->bind && !k->ready)
        return false;
    return (!p->pages || k->pages < p->pages) && c->status == MW_OK && !c->cancelled;
}

/* ---- text that holds a table or a JSON value ---- */

/* Parse in the scratch builder: a malformed text must not leave its half in the collection's. */
static mw_status parse_text(collection *c, const plan_query *q, mw_val text, mw_val *out, mw_error *err)
{
    MW_AUTO(mw_buf) raw = {.max = (size_t)64 << 20};
    size_t len;
    const char *s = mw_val_str(view(c), text, &len);
    mw_val v;
    mw_status st;

    mw_doc_builder_reset(c->scratch);
    st = q->base64 ? mw_base64_decode(&raw, s, len, err) : mw_buf_add(&raw, s, len, err);
    if (st == MW_OK && q->json)
        st = mw_json_read(c->scratch, raw.data ? raw.data : "", raw.len, NULL, NULL, err);
    else if (st == MW_OK)
        st = mw_csv_read(c->scratch, raw.data ? raw.data : "", raw.len, err);
    if (st != MW_OK)
        return st;
    v = mw_doc_pop(c->scratch);
    mw_doc_add_copy(c->b, mw_doc_view(c->scratch), v);
    *out = mw_doc_pop(c->b);
    return MW_OK;
}

static mw_status parse_value(collection *c, const plan_query *q, mw_val *v, mw_error *err)
{
    const mw_doc *d = view(c);
    mw_val text = q->csv_member ? mw_val_get(d, *v, q->csv_member) : *v;
    mw_val parsed = MW_VAL_NULL;
    mw_status st;

    if (mw_val_kind(d, text) != MW_KIND_STRING)
        return MW_OK; /* absent stays absent, unknown unknown */
    st = parse_text(c, q, text, &parsed, err);
    if (st != MW_OK || !q->csv_member) {
        *v = parsed;
        return st;
    }
    mw_doc_begin_object(c->b);
    for (size_t i = 0; i < mw_val_len(d, *v); i++) {
        mw_val key;
        mw_val member = mw_val_member(d, *v, i, &key);
        mw_doc_key_val(c->b, key);
        mw_doc_add_val(c->b, mw_str_eq(mw_val_str(d, key, NULL), q->csv_member) ? parsed : member);
    }
    mw_doc_end_object(c->b);
    *v = mw_doc_pop(c->b);
    return MW_OK;
}

/* A list of pairs as one object; of equal names, the last. */
static mw_val keyed(collection *c, const plan_query *q, mw_val list)
{
    const mw_doc *d = view(c);

    if (mw_val_kind(d, list) != MW_KIND_ARRAY)
        return list;
    mw_doc_begin_object(c->b);
    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        mw_val pair = mw_val_at(d, list, i), name = mw_val_get(d, pair, q->keyed_name);
        mw_val v = mw_val_get(d, pair, q->keyed_value);
        if (mw_val_kind(d, name) != MW_KIND_STRING)
            continue;
        mw_doc_key_val(c->b, name);
        mw_doc_add_val(c->b, v == MW_VAL_ABSENT ? MW_VAL_NULL : v);
    }
    mw_doc_end_object(c->b);
    return mw_doc_pop(c->b);
}

/* ---- the end of a call ---- */

void call_free(call *k)
{
    for (size_t i = 0; i < k->plan->query_count; i++)
        mw_free(k->pages_of[i].v);
    mw_free(k->pages_of);
    mw_doc_free(k->params);
    mw_doc_free(k->prepare_params);
    mw_free(k);
}

static void settle(call *k)
{
    collection *c = k->c;
    account *a = k->account;
    answer *ans = k->answer;
    mw_error err = {0};
    mw_status st = MW_OK;

    for (size_t i = 0; i < k->plan->query_count && ans->unknown == MW_VAL_ABSENT; i++) {
        const plan_query *q = &k->plan->queries[i];
        if (!q->retained)
            continue;
        ans->values[i] = combine_pages(c, k->pages_of[i].v, k->pages_of[i].count);
        if (q->csv || q->json)
            st = parse_value(c, q, &ans->values[i], &err);
        if (st == MW_OK && q->keyed_name)
            ans->values[i] = keyed(c, q, ans->values[i]);
        if (st != MW_OK)
            ans->unknown = unknown_of(c, k->plan->name, "MalformedAnswer", err.message);
    }
    if ((st = mw_doc_builder_status(c->b, &err)) != MW_OK)
        collection_fail(c, st, &err);
    ans->live = NULL;
    for (waiter *w = k->waiters, *next; w; w = next) {
        next = w->next;
        w->done(c, w, ans);
    }
    call_free(k);
    account_done(a);
}

static void fail_call(call *k, const char *operation, const char *code, const char *message)
{
    k->answer->unknown = unknown_of(k->c, operation, code, message);
    settle(k);
}

static void poll_again(void *user)
{
    call *k = user;
    collection *c = k->c;

    collection_push_start(c, k->account, start, k);
    account_done(k->account); /* the job took over */
    collection_pump(c);
}

static void wait_and_poll(call *k)
{
    collection *c = k->c;
    bool replay = mw_client_replays(c->client);
    int64_t delay = POLL_FIRST_MS << (k->polls < 3 ? k->polls : 3);
    const mw_http *http = mw_client_http(c->client);
    mw_error err = {0};
    mw_status st;

    if (delay > POLL_MOST_MS)
        delay = POLL_MOST_MS;
    if (k->waited_ms + delay > POLL_TOTAL_MS || (replay && k->polls > POLL_REPLAY_MOST)) {
        fail_call(k, k->plan->bind ? k->plan->name : k->plan->prepare_name, "NotReady",
                  "the job did not complete in five minutes");
        return;
    }
    k->polls++;
    k->waited_ms += delay;
    st = http->after(http->ctx, replay ? 0 : delay, poll_again, k, &err);
    if (st != MW_OK)
        fail_call(k, k->plan->prepare_name, "Failed", err.message);
}

static void on_done(void *user, const mw_call_result *r)
{
    call *k = user;
    collection *c = k->c;
    const char *name = k->preparing ? k->plan->prepare_name : k->plan->name;
    const char *message = r->status == MW_ERR_AWS ? r->aws.message : r->error.message;

    collection_enter(k->c, k->account);
    c->active--;
    k->answer->calls += r->pages + (r->status != MW_OK ? 1u : 0u);
    if (r->status == MW_ERR_CANCELLED)
        c->cancelled = true;
    if (r->status != MW_OK) {
        fail_call(k, name, code_of(r), message);
    } else if (k->trouble != MW_OK) {
        if (k->trouble == MW_ERR_NOMEM || k->trouble == MW_ERR_LIMIT)
            collection_fail(c, k->trouble, &k->trouble_error);
        fail_call(k, name, "MalformedAnswer", k->trouble_error.message);
    } else if (k->too_many) {
        char text[64];

        snprintf(text, sizeof(text), "more than %u pages", most_pages(k->plan));
        fail_call(k, name, "TooManyPages", text);
    } else if (k->failed_job) {
        fail_call(k, name, "JobFailed", "the job that prepares this answer failed");
    } else if (k->preparing) {
        if (!k->plan->bind && !k->ready) {
            wait_and_poll(k);
        } else {
            k->preparing = false;
            collection_push_start(c, k->account, start, k);
            account_done(k->account);
        }
    } else if (k->plan->prepared && k->plan->bind && !k->ready) {
        for (size_t i = 0; i < k->plan->query_count; i++)
            k->pages_of[i].count = 0;
        k->pages = 0;
        wait_and_poll(k);
    } else {
        settle(k);
    }
    collection_pump(c);
}

static bool on_prepared(void *user, mw_doc_builder *page, mw_val result)
{
    call *k = user;
    const plan_call *p = k->plan;
    mw_val v = MW_VAL_NULL;
    mw_error err = {0};
    mw_status st = MW_OK;

    collection_enter(k->c, k->account);
    if (p->bind) {
        mw_doc_add_copy(k->c->b, mw_doc_view(page), mw_val_get(mw_doc_view(page), result, p->bind));
        k->prepared = mw_doc_pop(k->c->b);
        return false;
    }
    st = mw_jmespath_eval(p->until, page, result, &v, &err);
    if (st == MW_OK)
        k->ready = mw_val_bool(mw_doc_view(page), v);
    if (st == MW_OK && p->failed && !k->ready) {
        st = mw_jmespath_eval(p->failed, page, result, &v, &err);
        k->failed_job = mw_val_bool(mw_doc_view(page), v);
    }
    if (st != MW_OK)
        trouble(k, st, &err);
    return false;
}

/* ---- parameters ---- */

mw_template_context collection_template(const account *a, const call_context *x)
{
    const collection *c = a->c;
    mw_template_context t = {.b = c->b,
                             .item = x->item,
                             .parent = x->parent,
                             .each = x->each,
                             .prepared = MW_VAL_ABSENT,
                             .params_doc = c->o->params_doc,
                             .params = c->o->params_doc ? c->o->params : MW_VAL_ABSENT,
                             .account = a->in->account,
                             .region = x->at->scope.region,
                             .partition = a->in->partition,
                             .now_unix = c->o->now_unix};
    return t;
}

/* Expand @p t, add the extra parameter, and make a document of it. */
static mw_status make_params(collection *c, const mw_template *t, const mw_template_context *x,
                             const call_context *extra, mw_doc **out, mw_template_outcome *outcome, mw_val *unknown,
                             mw_error *err)
{
    const mw_doc *d = mw_doc_view(c->scratch);
    mw_val planned, all;
    mw_status st;

    mw_doc_builder_reset(c->scratch);
    st = mw_template_expand(t, x, c->scratch, outcome, unknown, err);
    if (st != MW_OK || *outcome != MW_TEMPLATE_VALUE)
        return st;
    all = planned = mw_doc_pop(c->scratch);
    if (extra && extra->extra_param) {
        mw_doc_begin_object(c->scratch);
        for (size_t i = 0; i < mw_val_len(d, planned); i++) {
            mw_val key;
            mw_val v = mw_val_member(d, planned, i, &key);
            mw_doc_key_val(c->scratch, key);
            mw_doc_add_val(c->scratch, v);
        }
        mw_doc_ckey(c->scratch, extra->extra_param);
        if (extra->extra_list)
            mw_doc_begin_array(c->scratch);
        for (size_t i = 0; i < extra->extra_count; i++)
            mw_doc_add_copy(c->scratch, view(c), extra->extra[i]);
        if (extra->extra_list)
            mw_doc_end_array(c->scratch);
        mw_doc_end_object(c->scratch);
        all = mw_doc_pop(c->scratch);
    }
    return mw_doc_finish(c->scratch, all, out, err);
}

static void key_of(unsigned char key[16], const plan_call *p, const place *at, const mw_doc *first,
                   const mw_doc *second)
{
    MW_AUTO(mw_buf) text = {0};
    uint8_t digest[MW_SHA256_SIZE];

    mw_buf_printf(&text, "%p %s ", (const void *)p, at->scope.region);
    if (first)
        mw_json_write(&text, first, mw_doc_root(first), MW_JSON_COMPACT);
    if (second)
        mw_json_write(&text, second, mw_doc_root(second), MW_JSON_COMPACT);
    mw_sha256(digest, text.data, text.len);
    memcpy(key, digest, 16);
}

/* ---- asking ---- */

static void begin(collection *c, call *k, const char *service, const char *operation, const mw_doc *params,
                  mw_call_page page)
{
    mw_error err = {0};
    mw_call request = {.scope = &k->at->scope,
                       .service = service,
                       .operation = operation,
                       .params_doc = params,
                       .params = mw_doc_root(params),
                       .paginate = !k->preparing,
                       .follow_tokens = true,
                       .on_page = page,
                       .on_done = on_done,
                       .user = k};
    mw_status st;

    c->active++;
    st = mw_client_call(c->client, &request, &err);
    if (st != MW_OK) {
        mw_call_result r = {.status = st, .error = err};
        on_done(k, &r);
    }
}

static void start(collection *c, void *call_, void *unused)
{
    call *k = call_;
    mw_template_outcome outcome = MW_TEMPLATE_VALUE;
    mw_error err = {0};
    mw_val unknown = MW_VAL_ABSENT;
    mw_status st = MW_OK;

    (void)unused;
    k->account->work++; /* the call's own, given back when it is settled or waits */
    if (!k->started) {
        k->started = true;
        k->preparing = k->plan->prepared;
    }
    if (k->preparing) {
        begin(c, k, k->plan->prepare_service, k->plan->prepare_operation, k->prepare_params, on_prepared);
        return;
    }
    if (!k->params) {
        call_context x = {.at = k->at, .item = k->item, .parent = k->parent, .each = MW_VAL_ABSENT};
        mw_template_context t = collection_template(k->account, &x);
        t.prepared = k->prepared;
        st = make_params(c, k->plan->params, &t, NULL, &k->params, &outcome, &unknown, &err);
    }
    if (st != MW_OK || outcome != MW_TEMPLATE_VALUE)
        fail_call(k, k->plan->name, "InvalidRequest",
                  st != MW_OK ? err.message : "the prepared job gave no identifier");
    else
        begin(c, k, k->plan->service, k->plan->operation, k->params, on_page);
}

static answer *find_answer(account *a, const unsigned char key[16])
{
    answer *found = a->answers[(key[0] | (unsigned)key[1] << 8) % ANSWER_BUCKETS];

    while (found && memcmp(found->key, key, 16) != 0)
        found = found->next;
    return found;
}

static answer *new_answer(account *a, const plan_call *p, const unsigned char key[16])
{
    size_t bucket = (key[0] | (unsigned)key[1] << 8) % ANSWER_BUCKETS;
    answer *ans = account_alloc(a, sizeof(*ans) + p->query_count * sizeof(mw_val));

    if (!ans)
        return NULL;
    memcpy(ans->key, key, 16);
    ans->unknown = MW_VAL_ABSENT;
    for (size_t i = 0; i < p->query_count; i++)
        ans->values[i] = MW_VAL_NULL;
    ans->next = a->answers[bucket];
    a->answers[bucket] = ans;
    return ans;
}

static call *new_call(account *a, const plan_call *p, const call_context *x, answer *ans)
{
    call *k = mw_alloc(sizeof(*k));
    page_values *pages = mw_alloc((p->query_count + 1) * sizeof(*pages));

    if (!k || !pages) {
        mw_free(k);
        mw_free(pages);
        return NULL;
    }
    k->c = a->c;
    k->account = a;
    k->plan = p;
    k->at = x->at;
    k->item = x->item;
    k->parent = x->parent;
    k->prepared = MW_VAL_ABSENT;
    k->pages_of = pages;
    k->answer = ans;
    ans->live = k;
    return k;
}

static void add_waiter(call *k, waiter *w)
{
    w->next = NULL;
    if (k->last_waiter)
        k->last_waiter->next = w;
    else
        k->waiters = w;
    k->last_waiter = w;
}

static mw_status expand_all(account *a, const plan_call *p, const call_context *x, mw_doc **params, mw_doc **prepare,
                            mw_template_outcome *outcome, mw_val *unknown, mw_error *err)
{
    mw_template_context t = collection_template(a, x);
    mw_status st = MW_OK;

    *outcome = MW_TEMPLATE_VALUE;
    if (p->prepared)
        st = make_params(a->c, p->prepare_params, &t, NULL, prepare, outcome, unknown, err);
    /* With `bind` the call's own parameters wait for {prepared}. */
    if (st == MW_OK && *outcome == MW_TEMPLATE_VALUE && !(p->prepared && p->bind))
        st = make_params(a->c, p->params, &t, x, params, outcome, unknown, err);
    return st;
}

static ask_outcome ask(account *a, size_t index, const call_context *x, lister *l, waiter *w, mw_val *unknown)
{
    collection *c = a->c;
    const plan_call *p = c->plan->calls[index];
    mw_doc *params = NULL, *prepare = NULL;
    mw_template_outcome outcome;
    unsigned char key[16];
    answer *ans;
    mw_error err = {0};
    mw_status st;

    if (!p->op || (p->prepared && !p->prepare_op)) {
        *unknown = lacking(c, p->op ? p->prepare_name : p->name);
        return ASK_UNKNOWN;
    }
    st = expand_all(a, p, x, &params, &prepare, &outcome, unknown, &err);
    if (st == MW_OK && outcome == MW_TEMPLATE_VALUE) {
        key_of(key, p, x->at, params, prepare);
        ans = find_answer(a, key);
        /* A list cannot join a call whose pages have begun to pass. */
        if (ans && l && (!ans->live || ans->live->started))
            ans = NULL;
        if (!ans) {
            call *k;
            ans = new_answer(a, p, key);
            k = ans ? new_call(a, p, x, ans) : NULL;
            if (!k) {
                st = mw_fail(&err, MW_ERR_NOMEM, "out of memory for calls");
                goto out;
            }
            k->params = params;
            k->prepare_params = prepare;
            params = prepare = NULL;
            collection_push_start(c, a, start, k);
        }
        if (l) {
            l->next = ans->live->listers;
            ans->live->listers = l;
        }
        if (ans->live)
            add_waiter(ans->live, w);
        else
            w->done(c, w, ans);
    }
out:
    mw_doc_free(params);
    mw_doc_free(prepare);
    if (st != MW_OK) {
        if (st == MW_ERR_NOMEM || st == MW_ERR_LIMIT)
            collection_fail(c, st, &err);
        *unknown = unknown_of(c, p->name, "InvalidRequest", err.message);
        return ASK_UNKNOWN;
    }
    return outcome == MW_TEMPLATE_VALUE ? ASK_CALLED : outcome == MW_TEMPLATE_NULL ? ASK_NULL : ASK_UNKNOWN;
}

ask_outcome call_ask(account *a, size_t index, const call_context *x, waiter *w, mw_val *unknown)
{
    return ask(a, index, x, NULL, w, unknown);
}

ask_outcome call_list(account *a, size_t index, const call_context *x, lister *l, waiter *w, mw_val *unknown)
{
    return ask(a, index, x, l, w, unknown);
}
