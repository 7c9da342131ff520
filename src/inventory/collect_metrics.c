/*
 * Metrics: facets whose values come from CloudWatch, up to 500 of them to a GetMetricData call. The
 * metrics of a type that look back equally far share their calls. A series that arrived whole is a
 * value, even when it holds no point; one that did not is unknown, never a shorter series.
 */
#include "inventory/collect_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* The facet of one resource: one series, or with `each` a list of them. */
typedef struct metric_value {
    resource *r;
    size_t facet, waiting, count;
    mw_val *series; /* ABSENT: not asked for */
    mw_val unknown;
} metric_value;

typedef struct metric_query {
    metric_value *value;
    size_t index;
    mw_val query;
} metric_query;

typedef struct metric_batch {
    waiter w; /* first: a waiter is turned back into this */
    scope *scope;
    const place *at;
    size_t lead, count;
    metric_query queries[MW_METRICS_A_CALL];
} metric_batch;

/* ---- a series ---- */

static void settle_value(collection *c, metric_value *v)
{
    const plan_facet *f = &v->r->scope->type->facets[v->facet];
    mw_val out = MW_VAL_ABSENT;

    if (--v->waiting > 0)
        return;
    if (v->unknown != MW_VAL_ABSENT) {
        facet_set(c, v->r, v->facet, v->unknown);
        return;
    }
    if (!f->each) {
        if (v->count == 1)
            out = v->series[0];
        if (out == MW_VAL_ABSENT)
            facet_set_null(c, v->r, v->facet);
        else
            facet_set(c, v->r, v->facet, out);
        return;
    }
    mw_doc_begin_array(c->b);
    for (size_t i = 0; i < v->count; i++)
        if (v->series[i] != MW_VAL_ABSENT)
            mw_doc_add_val(c->b, v->series[i]);
    mw_doc_end_array(c->b);
    facet_set(c, v->r, v->facet, mw_doc_pop(c->b));
}

static void add_statistics(mw_doc_builder *b, const mw_doc *d, const mw_val *parts, size_t n)
{
    double sum = 0, most = 0, least = 0;
    int64_t points = 0;

    for (size_t p = 0; p < n; p++) {
        mw_val list = mw_val_get(d, parts[p], "Values");
        for (size_t i = 0; i < mw_val_len(d, list); i++, points++) {
            double x = mw_val_real(d, mw_val_at(d, list, i));
            sum += x;
            most = points == 0 || x > most ? x : most;
            least = points == 0 || x < least ? x : least;
        }
    }
    mw_doc_member_int(b, "Datapoints", points);
    mw_doc_ckey(b, "Sum");
    mw_doc_add_real(b, sum);
    mw_doc_ckey(b, "Average");
    if (points == 0)
        mw_doc_add_null(b);
    else
        mw_doc_add_real(b, sum / (double)points);
    mw_doc_ckey(b, "Maximum");
    if (points == 0)
        mw_doc_add_null(b);
    else
        mw_doc_add_real(b, most);
    mw_doc_ckey(b, "Minimum");
    if (points == 0)
        mw_doc_add_null(b);
    else
        mw_doc_add_real(b, least);
}

static void add_joined(mw_doc_builder *b, const mw_doc *d, const char *key, const mw_val *parts, size_t n)
{
    mw_doc_ckey(b, key);
    mw_doc_begin_array(b);
    for (size_t p = 0; p < n; p++) {
        mw_val list = mw_val_get(d, parts[p], key);
        for (size_t i = 0; i < mw_val_len(d, list); i++)
            mw_doc_add_val(b, mw_val_at(d, list, i));
    }
    mw_doc_end_array(b);
}

/* What is wrong with an answer's element, or with the answer itself. */
static mw_val message_of(collection *c, const char *operation, mw_val messages, const char *code)
{
    const mw_doc *d = view(c);
    mw_val first = mw_val_at(d, messages, 0);

    return unknown_of(c, operation, mw_val_get_str(d, first, "Code", code),
                      mw_val_get_str(d, first, "Value", "CloudWatch did not return the whole series"));
}

/* "The number of timestamps always matches the number of values" (CloudWatch API, MetricDataResult). */
static bool are_points(const mw_doc *d, const mw_val *parts, size_t n)
{
    for (size_t p = 0; p < n; p++) {
        mw_val values = mw_val_get(d, parts[p], "Values");
        size_t count = mw_val_len(d, values);
        if (count != mw_val_len(d, mw_val_get(d, parts[p], "Timestamps")))
            return false;
        for (size_t i = 0; i < count; i++) {
            mw_kind kind = mw_val_kind(d, mw_val_at(d, values, i));
            if (kind != MW_KIND_INT && kind != MW_KIND_REAL)
                return false;
        }
    }
    return true;
}

static mw_val series(collection *c, const metric_query *q, const mw_val *parts, size_t n)
{
    const plan_facet *f = &q->value->r->scope->type->facets[q->value->facet];
    const char *operation = c->plan->calls[f->call]->name;
    const mw_doc *d = view(c);
    mw_val metric = mw_val_path(d, q->query, "MetricStat.Metric");
    mw_val dimensions = mw_val_get(d, metric, "Dimensions");
    const char *status;

    if (n == 0)
        return unknown_of(c, operation, "NotReturned", "the answer does not hold this metric");
    for (size_t i = 0; i < n; i++)
        if (mw_val_len(d, mw_val_get(d, parts[i], "Messages")))
            return message_of(c, operation, mw_val_get(d, parts[i], "Messages"), "Failed");
    /* The last page of a series tells whether it is whole. */
    status = mw_val_get_str(d, parts[n - 1], "StatusCode", "MalformedAnswer");
    if (!mw_str_eq(status, "Complete"))
        return message_of(c, operation, MW_VAL_ABSENT, status);
    if (!are_points(d, parts, n))
        return unknown_of(c, operation, "MalformedAnswer", "a series whose values and times do not match");
    mw_doc_begin_object(c->b);
    mw_doc_member_str(c->b, "Namespace", f->metric->space);
    mw_doc_member_str(c->b, "Metric", f->metric->name);
    mw_doc_member_str(c->b, "Stat", f->metric->stat);
    mw_doc_member_int(c->b, "Period", f->metric->period);
    mw_doc_ckey(c->b, "Dimensions");
    mw_doc_begin_object(c->b);
    for (size_t i = 0; i < mw_val_len(d, dimensions); i++) {
        mw_val one = mw_val_at(d, dimensions, i);
        mw_doc_key_val(c->b, mw_val_get(d, one, "Name"));
        mw_doc_add_val(c->b, mw_val_get(d, one, "Value"));
    }
    mw_doc_end_object(c->b);
    add_joined(c->b, d, "Timestamps", parts, n);
    add_joined(c->b, d, "Values", parts, n);
    add_statistics(c->b, d, parts, n);
    mw_doc_end_object(c->b);
    return mw_doc_pop(c->b);
}

/* ---- answers ---- */

static void all_unknown(collection *c, metric_batch *b, mw_val unknown)
{
    for (size_t i = 0; i < b->count; i++) {
        b->queries[i].value->unknown = unknown;
        settle_value(c, b->queries[i].value);
    }
}

static bool number_of(const char *id, size_t count, size_t *out)
{
    long long n;

    if (!id || id[0] != 'm' || !mw_parse_int(id + 1, strlen(id + 1), &n) || n < 0 || (size_t)n >= count)
        return false;
    *out = (size_t)n;
    return true;
}

/* A series may come in parts, one a page: sort them to their queries, in order. */
static void share_out(collection *c, metric_batch *b, mw_val results)
{
    const mw_doc *d = view(c);
    size_t n = mw_val_len(d, results), at;
    size_t *start = mw_alloc((b->count + 2) * sizeof(*start));
    mw_val *parts = mw_alloc((n + 1) * sizeof(*parts));

    if (!start || !parts) {
        collection_no_memory(c);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        if (number_of(mw_val_get_str(d, mw_val_at(d, results, i), "Id", NULL), b->count, &at))
            start[at + 2]++;
    for (size_t i = 2; i < b->count + 2; i++)
        start[i] += start[i - 1];
    for (size_t i = 0; i < n; i++)
        if (number_of(mw_val_get_str(d, mw_val_at(d, results, i), "Id", NULL), b->count, &at))
            parts[start[at + 1]++] = mw_val_at(d, results, i);
    for (size_t i = 0; i < b->count; i++) {
        const metric_query *q = &b->queries[i];
        mw_val v = series(c, q, &parts[start[i]], start[i + 1] - start[i]);
        if (mw_val_kind(d, v) == MW_KIND_UNKNOWN)
            q->value->unknown = v;
        q->value->series[q->index] = v;
        settle_value(c, q->value);
    }
out:
    mw_free(start);
    mw_free(parts);
}

static void metrics_done(collection *c, waiter *w, answer *a)
{
    metric_batch *b = (metric_batch *)(void *)w;
    const plan_facet *f = &b->scope->type->facets[b->lead];
    const mw_doc *d = view(c);
    mw_val messages;

    for (size_t i = 0; i < b->scope->type->facet_count; i++)
        if (b->scope->type->facets[i].metric && b->scope->type->facets[i].metric->lead == b->lead)
            answer_count(b->scope->account, a, &b->scope->facets[i].calls);
    messages = a->unknown == MW_VAL_ABSENT ? mw_val_get(d, a->values[f->query], "Messages") : MW_VAL_ABSENT;
    if (a->unknown != MW_VAL_ABSENT)
        all_unknown(c, b, a->unknown);
    else if (mw_val_len(d, messages))
        all_unknown(c, b, message_of(c, c->plan->calls[f->call]->name, messages, "Failed"));
    else
        share_out(c, b, mw_val_get(d, a->values[f->query], "MetricDataResults"));
}

static void run_metrics(collection *c, void *batch_, void *unused)
{
    metric_batch *b = batch_;
    const plan_facet *f = &b->scope->type->facets[b->lead];
    mw_val *queries = mw_alloc(b->count * sizeof(*queries));
    call_context x = {.at = b->at,
                      .item = MW_VAL_ABSENT,
                      .parent = MW_VAL_ABSENT,
                      .each = MW_VAL_ABSENT,
                      .extra_param = "MetricDataQueries",
                      .extra = queries,
                      .extra_count = b->count,
                      .extra_list = true};
    mw_val unknown = MW_VAL_ABSENT;
    ask_outcome outcome;

    (void)unused;
    if (!queries) {
        collection_no_memory(c);
        return;
    }
    for (size_t i = 0; i < b->count; i++)
        queries[i] = b->queries[i].query;
    b->w = (waiter){.done = metrics_done};
    outcome = call_ask(b->scope->account, f->call, &x, &b->w, &unknown);
    mw_free(queries);
    if (outcome == ASK_UNKNOWN)
        all_unknown(c, b, unknown);
    else if (outcome == ASK_NULL)
        all_unknown(c, b, unknown_of(c, c->plan->calls[f->call]->name, "InvalidRequest", "a parameter is null"));
}

/* ---- batches ---- */

static void send(collection *c, scope *s, size_t lead)
{
    facet_scope *fs = &s->facets[lead];

    if (fs->metrics)
        collection_push(c, s->account, run_metrics, fs->metrics, NULL);
    fs->metrics = NULL;
}

void metrics_flush(collection *c, scope *s, size_t facet)
{
    size_t lead = s->type->facets[facet].metric->lead;

    if (s->listed && s->facets[lead].entered == s->count * s->type->facets[lead].metric->sharers)
        send(c, s, lead);
}

void metric_pass(collection *c, scope *s, size_t facet)
{
    s->facets[s->type->facets[facet].metric->lead].entered++;
    metrics_flush(c, s, facet);
}

/* The query of one series, whose Id is its place in the batch; ABSENT when it has none, or UNKNOWN. */
static mw_val query_of(collection *c, const resource *r, const plan_facet *f, const call_context *x, size_t number)
{
    mw_template_context t = collection_template(r->scope->account, x);
    mw_template_outcome outcome = MW_TEMPLATE_VALUE;
    mw_val dimensions = MW_VAL_ABSENT, unknown = MW_VAL_ABSENT;
    mw_error err = {0};
    char id[16];

    mw_doc_builder_reset(c->scratch);
    if (f->metric->dimensions) {
        if (mw_template_expand(f->metric->dimensions, &t, c->scratch, &outcome, &unknown, &err) != MW_OK)
            return unknown_of(c, c->plan->calls[f->call]->name, "BadExpression", err.message);
        if (outcome != MW_TEMPLATE_VALUE)
            return unknown;
        dimensions = mw_doc_pop(c->scratch);
    }
    snprintf(id, sizeof(id), "m%zu", number);
    mw_doc_begin_object(c->b);
    mw_doc_member_str(c->b, "Id", id);
    mw_doc_ckey(c->b, "MetricStat");
    mw_doc_begin_object(c->b);
    mw_doc_ckey(c->b, "Metric");
    mw_doc_begin_object(c->b);
    mw_doc_member_str(c->b, "Namespace", f->metric->space);
    mw_doc_member_str(c->b, "MetricName", f->metric->name);
    mw_doc_ckey(c->b, "Dimensions");
    mw_doc_begin_array(c->b);
    for (size_t i = 0; i < mw_val_len(mw_doc_view(c->scratch), dimensions); i++) {
        const mw_doc *d = mw_doc_view(c->scratch);
        mw_val key, v = mw_val_member(d, dimensions, i, &key);
        mw_doc_begin_object(c->b);
        mw_doc_member_str(c->b, "Name", mw_val_str(d, key, NULL));
        mw_doc_ckey(c->b, "Value");
        mw_doc_add_copy(c->b, d, v);
        mw_doc_end_object(c->b);
    }
    mw_doc_end_array(c->b);
    mw_doc_end_object(c->b);
    mw_doc_member_int(c->b, "Period", f->metric->period);
    mw_doc_member_str(c->b, "Stat", f->metric->stat);
    mw_doc_end_object(c->b);
    mw_doc_end_object(c->b);
    return mw_doc_pop(c->b);
}

static void enter(collection *c, metric_value *v, const call_context *x, size_t index)
{
    resource *r = v->r;
    scope *s = r->scope;
    const plan_facet *f = &s->type->facets[v->facet];
    size_t lead = f->metric->lead;
    metric_batch *b = s->facets[lead].metrics;
    mw_val query;

    if (b && (b->at != x->at || b->count == MW_METRICS_A_CALL)) {
        send(c, s, lead);
        b = NULL;
    }
    query = query_of(c, r, f, x, b ? b->count : 0);
    if (mw_val_kind(view(c), query) == MW_KIND_UNKNOWN)
        v->unknown = query;
    else if (mw_val_kind(view(c), query) != MW_KIND_OBJECT && r->rest != MW_VAL_ABSENT)
        v->unknown = r->rest; /* a failed describe hides the dimension */
    if (mw_val_kind(view(c), query) != MW_KIND_OBJECT)
        return;
    if (!b) {
        b = account_alloc(s->account, sizeof(*b));
        if (!b)
            return;
        b->scope = s;
        b->at = x->at;
        b->lead = lead;
        s->facets[lead].metrics = b;
    }
    v->waiting++;
    b->queries[b->count++] = (metric_query){v, index, query};
}

/* The values of `each`, in a list of one when there is none. */
static mw_val values_of(collection *c, const resource *r, const plan_facet *f, mw_val item)
{
    if (f->each)
        return facet_values(c, r, f, item);
    mw_doc_begin_array(c->b);
    mw_doc_add_null(c->b);
    mw_doc_end_array(c->b);
    return mw_doc_pop(c->b);
}

void metric_enter(collection *c, resource *r, size_t facet, mw_val item)
{
    scope *s = r->scope;
    account *a = s->account;
    const plan_facet *f = &s->type->facets[facet];
    mw_val list = values_of(c, r, f, item);
    metric_value *v = account_alloc(a, sizeof(*v));
    call_context x = {
        .at = f->home ? account_place(a, a->in->home_region) : r->at, .item = item, .parent = r->parent_item};

    if (!v || !x.at)
        return;
    *v = (metric_value){.r = r, .facet = facet, .waiting = 1, .unknown = MW_VAL_ABSENT};
    if (mw_val_kind(view(c), list) == MW_KIND_UNKNOWN)
        v->unknown = list;
    else
        v->count = mw_val_len(view(c), list);
    v->series = account_alloc(a, (v->count + 1) * sizeof(*v->series));
    if (!v->series)
        return;
    for (size_t i = 0; i < v->count; i++) {
        v->series[i] = MW_VAL_ABSENT;
        x.each = mw_val_at(view(c), list, i);
        enter(c, v, &x, i);
    }
    settle_value(c, v);
    metric_pass(c, s, facet);
}
