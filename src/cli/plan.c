/*
 * The plan as people read it before a sweep. Counts come from the newest stored snapshot; where it
 * has none, an assumption is made and said. Nothing is asked of AWS, so it works offline and
 * without credentials.
 */
#include "cli/plan.h"

#include "aws/endpoint.h"
#include "aws/price.h"
#include "base/str.h"
#include "cli/sweep.h"
#include "inventory/estimate.h"
#include "report/term.h"
#include "store/snapshots.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_SHOWN 15

/* Resources of a scope, as the snapshot's ledger has them. */
struct counted {
    const char *account, *region, *type;
    int64_t resources, calls;
};

struct share {
    const char *rule;
    double requests; /* shared calls divided among those who need them */
    uint64_t alone;
};

struct planned {
    mw_take *t;
    mw_arena arena;
    struct counted *counts;
    size_t count, cap;
    const char **known_accounts, **known_regions; /* of the snapshot */
    size_t known_account_count, known_region_count;
    const char *snapshot, *taken_at;
    mw_estimate_account *accounts;
    size_t account_count, region_count; /* regions: distinct ones */
    bool organization_guessed;
    size_t roles;
    mw_estimate estimate;
    struct share *shares;
    size_t share_count;
    mw_error *err;
    mw_status st;
};

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "plan: out of memory");
}

static const char *keep(struct planned *p, const char *s)
{
    const char *copy = mw_arena_strdup(&p->arena, s);

    if (!copy)
        p->st = no_memory(p->err);
    return copy;
}

/* ---- what the last snapshot counted ---- */

static int by_scope(const void *a, const void *b)
{
    const struct counted *x = a, *y = b;
    int c = strcmp(x->account, y->account);

    if (c == 0)
        c = strcmp(x->region, y->region);
    return c ? c : strcmp(x->type, y->type);
}

static bool take_scope(void *user, const mw_snapshot_scope *s)
{
    struct planned *p = user;

    if (s->facet || !mw_str_eq(s->state, "complete"))
        return true;
    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 1024;
        struct counted *wider = mw_realloc(p->counts, cap * sizeof(*wider));
        if (!wider) {
            p->st = no_memory(p->err);
            return false;
        }
        p->counts = wider;
        p->cap = cap;
    }
    p->counts[p->count++] =
        (struct counted){keep(p, s->account), keep(p, s->region), keep(p, s->type), s->resources, s->calls};
    return p->st == MW_OK;
}

static bool take_info(void *user, const mw_snapshot_info *info)
{
    struct planned *p = user;
    mw_doc_builder *b = NULL;

    p->snapshot = keep(p, info->id);
    p->taken_at = keep(p, info->taken_at);
    if (p->st == MW_OK && (p->st = mw_doc_builder_new(NULL, &b, p->err)) == MW_OK &&
        (p->st = mw_json_read(b, info->about, strlen(info->about), &(mw_json_options){.exact = true}, NULL, p->err)) ==
            MW_OK) {
        const mw_doc *d = mw_doc_view(b);
        mw_val list = mw_val_get(d, mw_val_get(d, mw_doc_pop(b), "notes"), "regions");
        size_t n = mw_val_len(d, list);
        if (!(p->known_regions = mw_arena_alloc(&p->arena, (n + 1) * sizeof(*p->known_regions))))
            p->st = no_memory(p->err);
        for (size_t i = 0; i < n && p->st == MW_OK; i++) {
            const char *region = mw_val_str(d, mw_val_at(d, list, i), NULL);
            if (region) /* an imported snapshot may hold anything here */
                p->known_regions[p->known_region_count++] = keep(p, region);
        }
    }
    mw_doc_builder_free(b);
    return false;
}

static mw_status read_snapshot(struct planned *p)
{
    mw_store *store = NULL;
    mw_error none = {0};
    mw_status st;

    if (!mw_take_stores(p->t) || (st = mw_setup_store(&p->t->setup, &store, &none)) == MW_ERR_NOTFOUND)
        return MW_OK; /* nothing was stored yet */
    if (st == MW_OK && (st = mw_snapshot_find(store, "latest", take_info, p, &none)) == MW_OK &&
        (st = p->st) == MW_OK && (st = mw_snapshot_scopes(store, p->snapshot, take_scope, p, &none)) == MW_OK)
        st = p->st;
    mw_store_close(store);
    if (st == MW_ERR_NOTFOUND)
        return MW_OK;
    if (st != MW_OK)
        return mw_fail(p->err, st, "%s", none.message);
    if (p->count > 1)
        qsort(p->counts, p->count, sizeof(*p->counts), by_scope);
    p->known_accounts = mw_arena_alloc(&p->arena, (p->count + 1) * sizeof(*p->known_accounts));
    if (!p->known_accounts)
        return no_memory(p->err);
    for (size_t i = 0; i < p->count; i++)
        if (i == 0 || !mw_str_eq(p->counts[i - 1].account, p->counts[i].account))
            p->known_accounts[p->known_account_count++] = p->counts[i].account;
    return MW_OK;
}

static int64_t count_of(void *user, const char *account, const char *region, const char *type, int64_t *calls)
{
    const struct planned *p = user;
    const struct counted wanted = {account, region, type, 0, 0};
    const struct counted *found = p->count ? bsearch(&wanted, p->counts, p->count, sizeof(wanted), by_scope) : NULL;

    *calls = found ? found->calls : -1;
    return found ? found->resources : -1;
}

/* ---- accounts and regions ---- */

/* The regions that AWS has, or those that were enabled when the last snapshot was taken. */
static mw_status all_regions(struct planned *p, const char *partition, const char ***out, size_t *count)
{
    const mw_models *m = p->t->session.models;
    const mw_doc *d = mw_models_doc(m);
    mw_val list = mw_val_get(d, mw_models_partitions(m), "partitions");

    *out = p->known_regions;
    *count = p->known_region_count;
    for (size_t i = 0; *count == 0 && i < mw_val_len(d, list); i++) {
        mw_val one = mw_val_at(d, list, i), regions = mw_val_get(d, one, "regions");
        if (!mw_str_eq(mw_val_get_str(d, one, "id", ""), partition))
            continue;
        if (!(*out = mw_arena_alloc(&p->arena, (mw_val_len(d, regions) + 1) * sizeof(**out))))
            return no_memory(p->err);
        for (size_t k = 0; k < mw_val_len(d, regions); k++) {
            mw_val name;
            mw_val_member(d, regions, k, &name);
            if (!mw_str_ends(mw_val_str(d, name, NULL), "-global"))
                (*out)[(*count)++] = mw_val_str(d, name, NULL);
        }
    }
    return MW_OK;
}

static void add_region(const char **out, size_t *count, const char *region)
{
    for (size_t i = 0; i < *count; i++)
        if (mw_str_eq(out[i], region))
            return;
    out[(*count)++] = region;
}

static mw_status regions_of(struct planned *p, const char *const *patterns, size_t n, mw_estimate_account *a)
{
    const char **all, **out;
    size_t all_count, count = 0;
    mw_status st = all_regions(p, a->partition, &all, &all_count);

    if (st != MW_OK)
        return st;
    if (!(out = mw_arena_alloc(&p->arena, (all_count + n + 1) * sizeof(*out))))
        return no_memory(p->err);
    for (size_t i = 0; i < n; i++) {
        size_t before = count;
        if (!strpbrk(patterns[i], "*?"))
            add_region(out, &count, patterns[i]);
        for (size_t k = 0; strpbrk(patterns[i], "*?") && k < all_count; k++)
            if (mw_glob_match(patterns[i], all[k]))
                add_region(out, &count, all[k]);
        if (count == before && strpbrk(patterns[i], "*?"))
            return mw_fail(p->err, MW_ERR_INVALID, "--region: no region of AWS matches '%s'", patterns[i]);
    }
    a->regions = out;
    a->region_count = count;
    return MW_OK;
}

static mw_status one_account(struct planned *p, const char *id, const char *const *patterns, size_t count)
{
    mw_estimate_account *a = &p->accounts[p->account_count];
    const char *first = count && !strpbrk(patterns[0], "*?") ? patterns[0] : "us-east-1";

    *a = (mw_estimate_account){.account = id, .partition = mw_partition_of_region(p->t->session.models, first)};
    a->home_region = mw_home_region(a->partition);
    p->account_count++;
    return regions_of(p, patterns, count, a);
}

static mw_status replayed(struct planned *p)
{
    mw_session *n = &p->t->session;
    mw_status st = mw_session_identify(n, p->err); /* asks the recording alone */

    if (st != MW_OK)
        return st;
    p->accounts[p->account_count++] = (mw_estimate_account){.account = n->account,
                                                            .partition = n->partition,
                                                            .home_region = n->home_region,
                                                            .regions = (const char *const *)n->regions,
                                                            .region_count = n->region_count};
    return MW_OK;
}

static mw_status list_accounts(struct planned *p)
{
    mw_take *t = p->t;
    mw_account_list *l = &t->list;
    const char **patterns;
    size_t count;
    mw_status st = mw_session_patterns(&t->session, &patterns, &count, p->err);

    if (st == MW_OK && l->many && !l->organization)
        st = mw_account_list_settle(l, p->err);
    p->accounts = mw_arena_alloc(&p->arena, (l->count + p->known_account_count + 1) * sizeof(*p->accounts));
    if (st != MW_OK || !p->accounts)
        return st != MW_OK ? st : no_memory(p->err);
    if (mw_client_replays(t->session.client))
        return replayed(p);
    if (!l->many)
        return one_account(p, p->known_account_count == 1 ? p->known_accounts[0] : "(own)",
                           (const char *const *)patterns, count);
    for (size_t i = 0; i < l->count && st == MW_OK; i++)
        st = one_account(p, l->items[i].id,
                         l->items[i].region_count ? l->items[i].regions : (const char *const *)patterns,
                         l->items[i].region_count ? l->items[i].region_count : count);
    for (size_t i = 0; l->organization && i < p->known_account_count && st == MW_OK; i++)
        st = one_account(p, p->known_accounts[i], (const char *const *)patterns, count);
    p->organization_guessed = l->organization;
    if (st == MW_OK && p->account_count == 0)
        st = one_account(p, "(own)", (const char *const *)patterns, count);
    p->roles = p->account_count;
    return st;
}

/* ---- the estimate ---- */

/* What finds out who we are and which regions there are: cli/session.c, cli/targets.c. */
static mw_status add_identity(struct planned *p)
{
    const char *region = mw_aws_config_region(p->t->session.aws);
    mw_status st = MW_OK;

    if (mw_client_replays(p->t->session.client))
        return MW_OK;
    region = region ? region : p->accounts[0].region_count ? p->accounts[0].regions[0] : "us-east-1";
    if (p->roles) {
        st = mw_estimate_add(&p->estimate, "sts:GetCallerIdentity", "(own)", region, 1, p->err);
        if (st == MW_OK && p->organization_guessed)
            st = mw_estimate_add(&p->estimate, "organizations:ListAccounts", "(own)", region, (p->roles + 19) / 20,
                                 p->err);
    }
    for (size_t i = 0; i < p->account_count && st == MW_OK; i++) {
        const char *account = p->accounts[i].account;
        if (p->roles)
            st = mw_estimate_add(&p->estimate, "sts:AssumeRole", account, region, 1, p->err);
        if (st == MW_OK &&
            (st = mw_estimate_add(&p->estimate, "sts:GetCallerIdentity", account, region, 1, p->err)) == MW_OK)
            st = mw_estimate_add(&p->estimate, "ec2:DescribeRegions", account, region, 1, p->err);
    }
    return st;
}

static int by_share(const void *a, const void *b)
{
    const struct share *x = a, *y = b;

    if (x->requests != y->requests)
        return x->requests < y->requests ? 1 : -1;
    return strcmp(x->rule, y->rule);
}

static mw_status share_out(struct planned *p)
{
    const mw_rules *rules = p->t->setup.rules;
    size_t n = mw_rules_count(rules), calls = p->estimate.call_count;
    bool *used = mw_arena_alloc(&p->arena, (n * calls + 1) * sizeof(*used));
    unsigned *users = mw_arena_alloc(&p->arena, (calls + 1) * sizeof(*users));
    mw_status st = MW_OK;

    p->shares = mw_arena_alloc(&p->arena, (n + 1) * sizeof(*p->shares));
    if (!used || !users || !p->shares)
        return no_memory(p->err);
    for (size_t r = 0; r < n && st == MW_OK; r++) {
        mw_plan *own = NULL;
        st = mw_sweep_plan_rule(mw_rules_at(rules, r), p->t->setup.types, p->t->session.models, &own, p->err);
        if (st == MW_OK)
            mw_plan_shared(p->t->plan, own, used + r * calls);
        mw_plan_free(own);
        for (size_t c = 0; c < calls; c++)
            users[c] += used[r * calls + c];
    }
    for (size_t r = 0; r < n && st == MW_OK; r++) {
        struct share *s = &p->shares[p->share_count++];
        *s = (struct share){.rule = mw_rules_at(rules, r)->id};
        for (size_t c = 0; c < calls; c++) {
            if (!used[r * calls + c])
                continue;
            s->alone += p->estimate.calls[c];
            s->requests += (double)p->estimate.calls[c] / users[c];
        }
    }
    if (p->share_count > 1)
        qsort(p->shares, p->share_count, sizeof(*p->shares), by_share);
    return st;
}

static mw_status estimate(struct planned *p)
{
    mw_estimate_options o = {.count = count_of, .user = p};
    mw_status st = mw_setup_jobs(&p->t->setup, &o.jobs, p->err);

    o.accounts = p->accounts;
    o.account_count = p->account_count;
    for (size_t i = 0; i < p->account_count; i++)
        if (p->accounts[i].region_count > p->region_count)
            p->region_count = p->accounts[i].region_count;
    if (st == MW_OK && (st = mw_plan_estimate(p->t->plan, &o, &p->estimate, p->err)) == MW_OK &&
        (st = add_identity(p)) == MW_OK)
        st = share_out(p);
    return st;
}

/* ---- as JSON ---- */

static void add_rows(mw_doc_builder *b, const char *name, const char *key, const mw_estimate_rows *rows)
{
    mw_doc_ckey(b, name);
    mw_doc_begin_array(b);
    for (size_t i = 0; i < rows->count; i++) {
        const mw_estimate_row *r = &rows->items[i];
        mw_doc_begin_object(b);
        mw_doc_member_str(b, key, r->key);
        mw_doc_member_int(b, "requests", (int64_t)r->requests);
        if (r->metrics)
            mw_doc_member_int(b, "metrics", (int64_t)r->metrics);
        mw_doc_ckey(b, "usd");
        mw_doc_add_real(b, r->usd);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
}

static void add_basis(const struct planned *p, mw_doc_builder *b)
{
    mw_doc_ckey(b, "basis");
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "snapshot", p->snapshot);
    mw_doc_member_str(b, "taken_at", p->taken_at);
    mw_doc_member_int(b, "scopes_known", (int64_t)p->estimate.scopes_known);
    mw_doc_member_int(b, "scopes_assumed", (int64_t)p->estimate.scopes_assumed);
    mw_doc_member_int(b, "assumed_resources", MW_ESTIMATE_RESOURCES);
    mw_doc_member_int(b, "assumed_answer_bytes", MW_ESTIMATE_ANSWER_BYTES);
    mw_doc_member_int(b, "assumed_item_bytes", MW_ESTIMATE_ITEM_BYTES);
    mw_doc_member_int(b, "assumed_latency_ms", MW_ESTIMATE_LATENCY_MS);
    mw_doc_member_bool(b, "accounts_assumed", p->organization_guessed);
    mw_doc_member_str(b, "prices_as_of", MW_PRICES_AS_OF);
    mw_doc_end_object(b);
}

static mw_status write_json(struct planned *p, const mw_plan_view *v, mw_buf *out)
{
    const mw_estimate *e = &p->estimate;
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, p->err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "schema", "moonward.plan/1");
    st = mw_plan_members(p->t->plan, v, b, p->err);
    mw_doc_ckey(b, "estimate");
    mw_doc_begin_object(b);
    mw_doc_member_int(b, "requests", (int64_t)e->requests);
    mw_doc_ckey(b, "seconds");
    mw_doc_add_real(b, (double)(e->time_ms / 100) / 10);
    mw_doc_member_int(b, "bytes", (int64_t)e->bytes);
    mw_doc_ckey(b, "usd");
    mw_doc_add_real(b, e->usd);
    add_basis(p, b);
    add_rows(b, "operations", "operation", &e->operations);
    add_rows(b, "accounts", "account", &e->accounts);
    add_rows(b, "regions", "region", &e->regions);
    mw_doc_ckey(b, "rules");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < p->share_count; i++) {
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "rule", p->shares[i].rule);
        mw_doc_ckey(b, "share");
        mw_doc_add_real(b, p->shares[i].requests);
        mw_doc_member_int(b, "alone", (int64_t)p->shares[i].alone);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    if (st == MW_OK)
        st = mw_cli_json(b, out, p->err);
    mw_doc_builder_free(b);
    return st;
}

/* ---- for people ---- */

static int by_requests(const void *a, const void *b)
{
    const mw_estimate_row *x = a, *y = b;

    if (x->requests != y->requests)
        return x->requests < y->requests ? 1 : -1;
    return strcmp(x->key, y->key);
}

static void write_rows(mw_buf *out, const char *title, mw_estimate_rows *rows)
{
    mw_buf_printf(out, "\n%s\n", title);
    if (rows->count > 1)
        qsort(rows->items, rows->count, sizeof(*rows->items), by_requests);
    for (size_t i = 0; i < rows->count && i < ROWS_SHOWN; i++) {
        mw_buf_printf(out, "  %8llu  ", (unsigned long long)rows->items[i].requests);
        mw_term_text(out, rows->items[i].key);
        if (rows->items[i].usd >= 0.00005)
            mw_buf_printf(out, "  %.4f USD", rows->items[i].usd);
        mw_buf_putc(out, '\n');
    }
    if (rows->count > ROWS_SHOWN)
        mw_buf_printf(out, "  … and %zu more (--output json shows all)\n", rows->count - ROWS_SHOWN);
}

static void write_basis(const struct planned *p, mw_buf *out)
{
    const mw_estimate *e = &p->estimate;

    mw_buf_puts(out, "  counts: ");
    if (p->snapshot)
        mw_buf_printf(out, "%zu scopes from snapshot %s of %s, ", e->scopes_known, p->snapshot, p->taken_at);
    mw_buf_printf(out, "%zu assumed to have %d resources each\n", e->scopes_assumed, MW_ESTIMATE_RESOURCES);
    if (p->organization_guessed)
        mw_buf_printf(out, "  accounts: those of the organization are not asked for; %zu assumed%s\n", p->account_count,
                      p->known_account_count ? " from the last snapshot" : "");
    mw_buf_printf(out,
                  "  time: at AWS's start rates and %d ms a request, when nothing is throttled; "
                  "prices of %s, us-east-1\n",
                  MW_ESTIMATE_LATENCY_MS, MW_PRICES_AS_OF);
}

static mw_status write_text(struct planned *p, const mw_plan_view *v, mw_buf *out)
{
    mw_estimate *e = &p->estimate;
    double all = 0;
    mw_status st = mw_plan_text(p->t->plan, v, out, p->err);

    mw_buf_printf(out, "\nEstimate: %llu requests, %.1f s, %.1f MB, %.4f USD\n", (unsigned long long)e->requests,
                  (double)e->time_ms / 1000.0, (double)e->bytes / 1e6, e->usd);
    write_basis(p, out);
    write_rows(out, "by operation", &e->operations);
    write_rows(out, "by account", &e->accounts);
    write_rows(out, "by region", &e->regions);
    mw_buf_puts(out, "\nby rule: its share, and what it would need alone\n");
    for (size_t i = 0; i < p->share_count; i++)
        all += p->shares[i].requests;
    for (size_t i = 0; i < p->share_count && i < ROWS_SHOWN; i++)
        mw_buf_printf(out, "  %7.1f %%  %8llu  %s\n", all > 0 ? p->shares[i].requests * 100 / all : 0,
                      (unsigned long long)p->shares[i].alone, p->shares[i].rule);
    if (p->share_count > ROWS_SHOWN)
        mw_buf_printf(out, "  … and %zu more (--output json shows all)\n", p->share_count - ROWS_SHOWN);
    return st == MW_OK ? mw_buf_status(out, p->err) : st;
}

int mw_plan_print(mw_take *t)
{
    MW_AUTO(mw_buf) out = {.max = (size_t)256 << 20};
    mw_error err = {0};
    struct planned p = {.t = t, .err = &err, .arena = {.max_bytes = (size_t)1 << 30}};
    mw_plan_view v = {0};
    mw_status st;

    if ((st = read_snapshot(&p)) == MW_OK && (st = list_accounts(&p)) == MW_OK && (st = estimate(&p)) == MW_OK) {
        v = (mw_plan_view){.accounts = p.account_count, .regions = p.region_count, .requests = p.estimate.calls};
        st = mw_str_eq(mw_args_get(t->setup.cli->args, "output"), "json") ? write_json(&p, &v, &out)
                                                                          : write_text(&p, &v, &out);
    }
    mw_estimate_clear(&p.estimate);
    mw_free(p.counts);
    mw_arena_clear(&p.arena);
    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}
