/*
 * What each rule costs. Processor time and memory are measured by the workers, verdicts counted by the broker,
 * API calls counted by operation as they end. A call serves every rule whose own plan has its operation: the fair
 * share splits it among them, the marginal one is what would not have been called without this rule. Nothing of
 * this may reach the findings document, which is the same whatever the machine.
 */
#include "cli/profile.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/sweep.h"
#include "report/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROFILE_MAX_BYTES ((size_t)64 << 20)

struct mw_profile_operation {
    const mw_operation *op;
    char name[192]; /* "s3:GetBucketVersioning" */
    uint64_t calls;
    int64_t waited_ms;
    size_t rules; /* that need it */
};

/* One rule's line. */
struct row {
    const mw_rule *rule;
    const mw_profile_rule *cost;
    double share, fair_calls, waited_ms;
    uint64_t needed, marginal;
};

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "profile: out of memory");
}

/* ---- counting ---- */

static mw_profile_operation *operation_of(mw_profile *p, const mw_operation *op)
{
    mw_profile_operation *o;

    for (size_t i = 0; i < p->operation_count; i++) /* some dozens */
        if (p->operations[i].op == op)
            return &p->operations[i];
    if (p->operation_count == p->operation_cap) {
        size_t cap = p->operation_cap ? p->operation_cap * 2 : 64;
        mw_profile_operation *grown = mw_realloc(p->operations, cap * sizeof(*grown));
        if (!grown)
            return NULL;
        p->operations = grown;
        p->operation_cap = cap;
    }
    o = &p->operations[p->operation_count++];
    *o = (mw_profile_operation){.op = op};
    snprintf(o->name, sizeof(o->name), "%s:%s", mw_service_name(mw_operation_service(op)), mw_operation_name(op));
    return o;
}

/* Requests as they were sent; a replay sends none: there it is the answers. */
static void on_call(void *user, const mw_operation *op, const mw_call_result *r, int64_t waited_ms)
{
    mw_profile *p = user;
    mw_profile_operation *o = operation_of(p, op);
    unsigned answers = r->pages + (r->status != MW_OK ? 1u : 0u);

    if (!o) {
        p->failed = true;
        return;
    }
    o->calls += r->requests > answers ? r->requests : answers;
    o->waited_ms += waited_ms;
}

mw_status mw_profile_begin(mw_profile *p, mw_client *client, const mw_rules *rules, mw_error *err)
{
    p->rules = mw_alloc((mw_rules_count(rules) + 1) * sizeof(*p->rules));
    if (!p->rules)
        return no_memory(err);
    mw_client_watch(client, on_call, p);
    return MW_OK;
}

void mw_profile_clear(mw_profile *p)
{
    mw_free(p->rules);
    mw_free(p->operations);
    *p = (mw_profile){0};
}

/* ---- sharing ---- */

struct sums {
    int64_t cpu_ns, waited_ms;
    uint64_t calls;
    size_t evaluations;
};

/* Which operations a rule's own plan has: a bit for each. */
static mw_status needs_of(const mw_profile *p, const mw_rule *rule, const mw_types *types, const mw_models *models,
                          bool *needs, mw_error *err)
{
    mw_plan *plan = NULL;
    mw_status st = mw_sweep_plan_rule(rule, types, models, &plan, err);

    for (size_t i = 0; st == MW_OK && i < mw_plan_operation_count(plan); i++)
        for (size_t k = 0; k < p->operation_count; k++)
            if (strcmp(p->operations[k].name, mw_plan_operation_at(plan, i)) == 0)
                needs[k] = true;
    mw_plan_free(plan);
    return st;
}

static void share(const mw_profile *p, struct row *row, const bool *needs, const struct sums *sums)
{
    for (size_t k = 0; k < p->operation_count; k++) {
        const mw_profile_operation *o = &p->operations[k];
        if (!needs[k])
            continue;
        row->needed += o->calls;
        row->fair_calls += (double)o->calls / (double)o->rules;
        row->waited_ms += (double)o->waited_ms / (double)o->rules;
        if (o->rules == 1)
            row->marginal += o->calls;
    }
    row->share = sums->cpu_ns ? (double)row->cost->cpu_ns / (double)sums->cpu_ns : 0;
}

/* By time, the most first; equals by name. */
static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->cost->cpu_ns != y->cost->cpu_ns)
        return x->cost->cpu_ns > y->cost->cpu_ns ? -1 : 1;
    return strcmp(x->rule->id, y->rule->id);
}

static int compare_operations(const void *a, const void *b)
{
    return strcmp(((const mw_profile_operation *)a)->name, ((const mw_profile_operation *)b)->name);
}

static mw_status fill(const mw_profile *p, const mw_setup *s, const mw_models *models, struct row *rows,
                      struct sums *sums, mw_error *err)
{
    size_t n = mw_rules_count(s->rules), width = p->operation_count;
    bool *needs = mw_alloc(n * width + 1);
    mw_status st = needs ? MW_OK : no_memory(err);

    for (size_t i = 0; i < n && st == MW_OK; i++) {
        rows[i] = (struct row){.rule = mw_rules_at(s->rules, i), .cost = &p->rules[i]};
        sums->cpu_ns += p->rules[i].cpu_ns;
        sums->evaluations += p->rules[i].evaluations;
        st = needs_of(p, rows[i].rule, s->types, models, needs + i * width, err);
        for (size_t k = 0; k < width && st == MW_OK; k++)
            p->operations[k].rules += needs[i * width + k];
    }
    for (size_t k = 0; k < width; k++) {
        sums->calls += p->operations[k].calls;
        sums->waited_ms += p->operations[k].waited_ms;
    }
    for (size_t i = 0; i < n && st == MW_OK; i++)
        share(p, &rows[i], needs + i * width, sums);
    mw_free(needs);
    if (st == MW_OK && n > 1)
        qsort(rows, n, sizeof(*rows), compare);
    return st;
}

/* ---- writing ---- */

static void write_text(const struct row *rows, size_t n, const struct sums *sums, mw_buf *out)
{
    size_t columns = 4;

    for (size_t i = 0; i < n; i++)
        columns = strlen(rows[i].rule->id) > columns ? strlen(rows[i].rule->id) : columns;
    mw_term_cell(out, "rule", columns);
    mw_buf_puts(out, "   evals     CPU ms  share   max us   mem KiB   calls    fair  only   wait s\n");
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        mw_term_cell(out, r->rule->id, columns);
        mw_buf_printf(out, " %7zu %10.2f %5.1f%% %8.1f %9.1f %7llu %7.1f %5llu %8.1f\n", r->cost->evaluations,
                      (double)r->cost->cpu_ns / 1e6, r->share * 100, (double)r->cost->max_ns / 1e3,
                      (double)r->cost->memory_bytes / 1024, (unsigned long long)r->needed, r->fair_calls,
                      (unsigned long long)r->marginal, r->waited_ms / 1000);
    }
    mw_term_cell(out, "all", columns);
    mw_buf_printf(out, " %7zu %10.2f %38llu %22.1f\n", sums->evaluations, (double)sums->cpu_ns / 1e6,
                  (unsigned long long)sums->calls, (double)sums->waited_ms / 1000);
}

static void real(mw_doc_builder *b, const char *key, double value)
{
    mw_doc_ckey(b, key);
    mw_doc_add_real(b, value);
}

static void add_row(mw_doc_builder *b, const struct row *r)
{
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "rule", r->rule->id);
    mw_doc_member_str(b, "pack", r->rule->pack);
    mw_doc_member_int(b, "evaluations", (int64_t)r->cost->evaluations);
    mw_doc_ckey(b, "verdicts");
    mw_doc_begin_object(b);
    for (size_t i = 0; i < MW_COUNT(r->cost->verdicts); i++)
        mw_doc_member_int(b, mw_verdict_name((mw_verdict)i), (int64_t)r->cost->verdicts[i]);
    mw_doc_end_object(b);
    mw_doc_member_int(b, "cpu_ns", r->cost->cpu_ns);
    mw_doc_member_int(b, "max_ns", r->cost->max_ns);
    real(b, "cpu_share", r->share);
    mw_doc_member_int(b, "memory_bytes", (int64_t)r->cost->memory_bytes);
    mw_doc_ckey(b, "calls");
    mw_doc_begin_object(b);
    mw_doc_member_int(b, "needed", (int64_t)r->needed);
    real(b, "fair", r->fair_calls);
    mw_doc_member_int(b, "marginal", (int64_t)r->marginal);
    mw_doc_end_object(b);
    real(b, "waited_ms", r->waited_ms);
    mw_doc_end_object(b);
}

static mw_status write_json(const mw_profile *p, const struct row *rows, size_t n, const struct sums *sums,
                            const mw_rules *rules, const char *run_id, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "schema", "moonward.profile/1");
    mw_doc_member_str(b, "run", run_id);
    mw_doc_member_str(b, "rules_digest", mw_rules_digest(rules));
    mw_doc_ckey(b, "totals");
    mw_doc_begin_object(b);
    mw_doc_member_int(b, "evaluations", (int64_t)sums->evaluations);
    mw_doc_member_int(b, "cpu_ns", sums->cpu_ns);
    mw_doc_member_int(b, "calls", (int64_t)sums->calls);
    mw_doc_member_int(b, "waited_ms", sums->waited_ms);
    mw_doc_end_object(b);
    mw_doc_ckey(b, "rules");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < n; i++)
        add_row(b, &rows[i]);
    mw_doc_end_array(b);
    mw_doc_ckey(b, "operations");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < p->operation_count; i++) {
        const mw_profile_operation *o = &p->operations[i];
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "operation", o->name);
        mw_doc_member_int(b, "calls", (int64_t)o->calls);
        mw_doc_member_int(b, "waited_ms", o->waited_ms);
        mw_doc_member_int(b, "rules", (int64_t)o->rules);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    st = mw_cli_json(b, out, err);
    mw_doc_builder_free(b);
    return st;
}

mw_status mw_profile_write(const mw_profile *p, const mw_setup *s, const mw_models *models, const char *run_id,
                           const char *path, mw_error *err)
{
    size_t n = mw_rules_count(s->rules);
    struct row *rows = mw_alloc((n + 1) * sizeof(*rows));
    struct sums sums = {0};
    MW_AUTO(mw_buf) out = {.max = PROFILE_MAX_BYTES};
    mw_status st = rows && !p->failed ? MW_OK : no_memory(err);

    if (st == MW_OK && p->operation_count > 1)
        qsort(p->operations, p->operation_count, sizeof(*p->operations), compare_operations);
    if (st == MW_OK && (st = fill(p, s, models, rows, &sums, err)) == MW_OK) {
        write_text(rows, n, &sums, &out);
        st = mw_buf_status(&out, err);
    }
    if (st == MW_OK)
        (void)mw_fd_write_all(STDERR_FILENO, "stderr", out.data, out.len, NULL); /* results do not wait for it */
    mw_buf_reset(&out);
    if (st == MW_OK && path && (st = write_json(p, rows, n, &sums, s->rules, run_id, &out, err)) == MW_OK)
        st = mw_file_write_atomic(path, out.data, out.len, 0600, err);
    mw_free(rows);
    return st == MW_OK ? st : mw_error_prefix(err, st, "--profile-rules");
}
