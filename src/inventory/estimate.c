/*
 * Requests of a plan by arithmetic. For each account and region a call is made as often as the
 * widest of its readers says: once, once per item of a parent, per resource, per batch; what two
 * types ask for each of their own resources adds up, what they share does not. Time is that of the
 * slowest lane at the client's start rates. It must never call something known that was assumed:
 * both are counted.
 */
#include "inventory/estimate.h"

#include "aws/price.h"
#include "aws/rate.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/plan_internal.h"

#include <stdio.h>
#include <string.h>

/* Items of a full page where nobody asks for a size: each service's API reference. The rest: 100.
 */
static const struct {
    const char *service;
    uint64_t items;
} pages[] = {{"ec2", 1000}, {"s3", 1000}, {"lambda", 50},       {"sqs", 1000},        {"kinesis", 100},
             {"iam", 100},  {"rds", 100}, {"config", 25},       {"elasticache", 100}, {"logs", 50},
             {"ssm", 10},   {"acm", 100}, {"organizations", 20}};

struct lane {
    const char *service, *region;
    uint64_t requests;
};

struct estimating {
    const mw_plan *p;
    const mw_estimate_options *o;
    mw_estimate *out;
    const mw_estimate_account *a; /* at hand */
    uint64_t *counts;             /* of it: type × region; types that are not regional have the first column */
    uint64_t *calls;              /* the same: that listing them took; UINT64_MAX = not known */
    size_t columns;
    struct lane *lanes; /* of it */
    size_t lane_count, lane_cap;
    int64_t longest_ms, sum_ms;
    mw_error *err;
};

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "estimate: out of memory");
}

void mw_estimate_clear(mw_estimate *e)
{
    mw_free(e->operations.items);
    mw_free(e->accounts.items);
    mw_free(e->regions.items);
    mw_arena_clear(&e->arena);
    *e = (mw_estimate){0};
}

/* ---- figures ---- */

static mw_status row_of(mw_estimate *e, mw_estimate_rows *rows, const char *key, mw_estimate_row **out, mw_error *err)
{
    /* The last ones are the likeliest: accounts come one after the other. */
    for (size_t i = rows->count; i > 0; i--) {
        if (mw_str_eq(rows->items[i - 1].key, key)) {
            *out = &rows->items[i - 1];
            return MW_OK;
        }
    }
    if (rows->count == rows->cap) {
        size_t cap = rows->cap ? rows->cap * 2 : 64;
        mw_estimate_row *items = mw_realloc(rows->items, cap * sizeof(*items));
        if (!items)
            return no_memory(err);
        rows->items = items;
        rows->cap = cap;
    }
    if (!(key = mw_arena_strdup(&e->arena, key)))
        return no_memory(err);
    rows->items[rows->count] = (mw_estimate_row){.key = key};
    *out = &rows->items[rows->count++];
    return MW_OK;
}

static mw_status add(mw_estimate *e, const char *name, const char *account, const char *region, uint64_t requests,
                     uint64_t metrics, mw_error *err)
{
    const char *colon = strchr(name, ':');
    char service[64];
    mw_estimate_row *row = NULL;
    double usd;
    mw_status st;

    if (requests == 0)
        return MW_OK;
    snprintf(service, sizeof(service), "%.*s", (int)(colon ? colon - name : 0), name);
    usd = mw_price_usd(service, colon ? colon + 1 : "", requests, metrics);
    for (int i = 0; i < 3; i++) {
        mw_estimate_rows *rows = i == 0 ? &e->operations : i == 1 ? &e->accounts : &e->regions;
        if ((st = row_of(e, rows, i == 0 ? name : i == 1 ? account : region, &row, err)) != MW_OK)
            return st;
        row->requests += requests;
        row->metrics += metrics;
        row->usd += usd;
    }
    e->requests += requests;
    e->usd += usd;
    return MW_OK;
}

mw_status mw_estimate_add(mw_estimate *e, const char *operation, const char *account, const char *region,
                          uint64_t requests, mw_error *err)
{
    e->bytes += requests * MW_ESTIMATE_ANSWER_BYTES;
    return add(e, operation, account, region, requests, 0, err);
}

/* ---- one account ---- */

static mw_status enter_lane(struct estimating *g, const char *service, const char *region, uint64_t requests)
{
    for (size_t i = 0; i < g->lane_count; i++) {
        if (mw_str_eq(g->lanes[i].service, service) && mw_str_eq(g->lanes[i].region, region)) {
            g->lanes[i].requests += requests;
            return MW_OK;
        }
    }
    if (g->lane_count == g->lane_cap) {
        size_t cap = g->lane_cap ? g->lane_cap * 2 : 256;
        struct lane *lanes = mw_realloc(g->lanes, cap * sizeof(*lanes));
        if (!lanes)
            return no_memory(g->err);
        g->lanes = lanes;
        g->lane_cap = cap;
    }
    g->lanes[g->lane_count++] = (struct lane){service, region, requests};
    return MW_OK;
}

static size_t type_index(const mw_plan *p, const plan_type *t)
{
    size_t i = 0;

    while (i < p->count && p->items[i] != t)
        i++;
    return i;
}

static const char *home_of(const struct estimating *g, const plan_type *t)
{
    return t->home && mw_str_eq(g->a->partition, "aws") ? t->home : g->a->home_region;
}

static void count_types(struct estimating *g)
{
    for (size_t t = 0; t < g->p->count; t++) {
        const plan_type *type = g->p->items[t];
        for (size_t r = 0; r < (type->regional ? g->a->region_count : 1); r++) {
            const char *region = type->regional ? g->a->regions[r] : home_of(g, type);
            int64_t calls = -1;
            int64_t n = g->o->count ? g->o->count(g->o->user, g->a->account, region, type->type->name, &calls) : -1;
            g->calls[t * g->columns + r] = n >= 0 && calls >= 0 ? (uint64_t)calls : UINT64_MAX;
            g->out->scopes_known += n >= 0;
            g->out->scopes_assumed += n < 0;
            g->counts[t * g->columns + r] = n >= 0 ? (uint64_t)n : MW_ESTIMATE_RESOURCES;
        }
    }
}

static uint64_t pages_of(const plan_call *c, uint64_t items)
{
    uint64_t size = 100, n;

    for (size_t i = 0; i < MW_COUNT(pages); i++)
        if (mw_str_eq(pages[i].service, c->service))
            size = pages[i].items;
    n = items <= size ? 1 : (items + size - 1) / size;
    if (c->pages && n > c->pages)
        n = c->pages;
    return n;
}

/* How often one reader makes the call in a region (column @p r of its type). */
static uint64_t times(const struct estimating *g, const plan_call *c, const plan_reader *r, size_t column)
{
    size_t t = type_index(g->p, r->of);
    uint64_t n = g->counts[t * g->columns + column];

    switch (r->per) {
    case PER_ACCOUNT:
    case PER_REGION: return r->part ? 1 : pages_of(c, n);
    case PER_PARENT: {
        uint64_t parents = g->counts[type_index(g->p, g->p->items[r->of->parent]) * g->columns + column];
        return parents ? parents + pages_of(c, n) - 1 : 0;
    }
    case PER_BATCH: return r->batch ? (n + r->batch - 1) / r->batch : n;
    default:
        /* Asked only for those whose list does not tell the region: where it was counted, those are
         * known. */
        if (mw_str_eq(r->part, "region") && r->of->locate_count && g->calls[t * g->columns + column] != UINT64_MAX) {
            uint64_t calls = g->calls[t * g->columns + column];
            return calls <= 1 ? 0 : calls - 1 < n ? calls - 1 : n;
        }
        return n;
    }
}

/* Is this reader asked in that region? One that is asked once per account is asked at home, column
 * 0 of it. */
static bool asked_at(const struct estimating *g, const plan_reader *r, const char *region, size_t column, size_t *own)
{
    *own = r->of->regional && column < g->a->region_count ? column : 0;
    if (r->per == PER_ACCOUNT || !r->of->regional)
        return mw_str_eq(region, r->per == PER_ACCOUNT && r->of->regional ? g->a->home_region : home_of(g, r->of));
    return column < g->a->region_count;
}

/* The same for all of its readers. */
static uint64_t requests_at(const struct estimating *g, const plan_call *c, const char *region, size_t column,
                            uint64_t *metrics)
{
    uint64_t once = 0, each = 0;
    bool metric = mw_str_eq(c->name, "cloudwatch:GetMetricData");

    *metrics = 0;
    for (const plan_reader *r = c->readers; r; r = r->next) {
        uint64_t most = 0, asked = 0;
        bool told = false;
        for (const plan_reader *q = c->readers; q != r && !told; q = q->next)
            told = q->of == r->of;
        for (const plan_reader *q = r; q && !told; q = q->next) {
            size_t own;
            uint64_t n;
            if (q->of != r->of || !asked_at(g, q, region, column, &own))
                continue;
            n = times(g, c, q, own);
            if (q->per == PER_ACCOUNT || q->per == PER_REGION)
                once = n > once ? n : once;
            else
                most = n > most ? n : most;
            if (metric)
                asked += g->counts[type_index(g->p, q->of) * g->columns + own];
        }
        *metrics += asked;
        each += metric ? (asked + MW_METRICS_A_CALL - 1) / MW_METRICS_A_CALL : most;
    }
    return once + each;
}

static mw_status estimate_call(struct estimating *g, size_t index, const char *region, size_t column)
{
    const plan_call *c = g->p->calls[index];
    uint64_t metrics, n = c->op ? requests_at(g, c, region, column, &metrics) : 0;
    mw_status st;

    if (n == 0)
        return MW_OK;
    g->out->calls[index] += n;
    g->out->bytes += n * MW_ESTIMATE_ANSWER_BYTES;
    if ((st = enter_lane(g, c->service, region, n)) != MW_OK ||
        (st = add(g->out, c->name, g->a->account, region, n, metrics, g->err)) != MW_OK || !c->prepared ||
        !c->prepare_op)
        return st;
    n *= c->bind ? 1 : 2; /* a job that is polled: one request starts it, another finds it done */
    g->out->calls[index] += n;
    g->out->bytes += n * MW_ESTIMATE_ANSWER_BYTES;
    if ((st = enter_lane(g, c->prepare_service, region, n)) != MW_OK)
        return st;
    return add(g->out, c->prepare_name, g->a->account, region, n, 0, g->err);
}

static bool among(const struct estimating *g, const char *region)
{
    for (size_t r = 0; r < g->a->region_count; r++)
        if (mw_str_eq(g->a->regions[r], region))
            return true;
    return false;
}

/* Regions that only types which are listed once per account are asked in. */
static size_t homes(const struct estimating *g, const char **out, size_t most)
{
    size_t n = 0;

    for (size_t t = 0; t <= g->p->count && n < most; t++) {
        const char *home = t < g->p->count ? home_of(g, g->p->items[t]) : g->a->home_region;
        bool had = among(g, home);
        for (size_t i = 0; i < n && !had; i++)
            had = mw_str_eq(out[i], home);
        if (!had)
            out[n++] = home;
    }
    return n;
}

static mw_status estimate_account(struct estimating *g)
{
    const char *extra[16];
    size_t extras;
    int64_t longest_ms = 0;
    mw_status st = MW_OK;

    g->lane_count = 0;
    count_types(g);
    extras = homes(g, extra, MW_COUNT(extra));
    for (size_t r = 0; r < g->a->region_count + extras && st == MW_OK; r++) {
        const char *region = r < g->a->region_count ? g->a->regions[r] : extra[r - g->a->region_count];
        for (size_t c = 0; c < g->p->call_count && st == MW_OK; c++)
            st = estimate_call(g, c, region, r);
    }
    for (size_t t = 0; t < g->p->count; t++)
        for (size_t r = 0; r < (g->p->items[t]->regional ? g->a->region_count : 1); r++)
            g->out->bytes += g->counts[t * g->columns + r] * MW_ESTIMATE_ITEM_BYTES;
    for (size_t i = 0; i < g->lane_count; i++) {
        int64_t ms = mw_rate_estimate_ms(mw_rate_limit_of(g->lanes[i].service), g->lanes[i].requests);
        longest_ms = ms > longest_ms ? ms : longest_ms;
    }
    g->longest_ms = longest_ms > g->longest_ms ? longest_ms : g->longest_ms;
    g->sum_ms += longest_ms;
    return st;
}

mw_status mw_plan_estimate(const mw_plan *p, const mw_estimate_options *o, mw_estimate *out, mw_error *err)
{
    struct estimating g = {.p = p, .o = o, .out = out, .columns = 1, .err = err};
    int jobs = o->jobs > 0 ? o->jobs : MW_ESTIMATE_JOBS;
    int64_t flow_ms;
    mw_status st = MW_OK;

    out->arena.max_bytes = (size_t)1 << 30;
    out->call_count = p->call_count;
    out->calls = mw_arena_alloc(&out->arena, (p->call_count + 1) * sizeof(*out->calls));
    for (size_t i = 0; i < o->account_count; i++)
        if (o->accounts[i].region_count > g.columns)
            g.columns = o->accounts[i].region_count;
    g.counts = mw_arena_alloc(&out->arena, (p->count + 1) * g.columns * sizeof(*g.counts));
    g.calls = mw_arena_alloc(&out->arena, (p->count + 1) * g.columns * sizeof(*g.calls));
    if (!out->calls || !g.counts || !g.calls)
        return no_memory(err);
    for (size_t i = 0; i < o->account_count && st == MW_OK; i++) {
        g.a = &o->accounts[i];
        st = estimate_account(&g);
    }
    mw_free(g.lanes);
    out->time_ms = g.longest_ms > g.sum_ms / MW_ESTIMATE_ACCOUNTS ? g.longest_ms : g.sum_ms / MW_ESTIMATE_ACCOUNTS;
    flow_ms = (int64_t)(out->requests * MW_ESTIMATE_LATENCY_MS / (uint64_t)jobs);
    out->time_ms = flow_ms > out->time_ms ? flow_ms : out->time_ms;
    return st;
}

void mw_plan_shared(const mw_plan *p, const mw_plan *part, bool *used)
{
    for (size_t i = 0; i < p->call_count; i++) {
        used[i] = false;
        for (size_t k = 0; k < part->call_count && !used[i]; k++)
            used[i] = mw_str_eq(p->calls[i]->signature, part->calls[k]->signature);
    }
}
