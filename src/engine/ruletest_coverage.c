/*
 * What fixtures reach of their rules. Verdicts come from the rules as they were written; here the same
 * jobs are evaluated again with instrumented text (lua/instrument.h), only to see which ways it goes. A
 * rule whose verdicts differ then, or whose text cannot be instrumented, is said to be so.
 */
#include "engine/ruletest_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define SLOWER  10 /* instrumented text may take so many times as long */
#define SOFT_MS 50
#define HARD_MS 500

struct cover {
    mw_ruletest *r;
    mw_marked_source *marked; /* per rule */
    mw_marks *marks;          /* per rule */
    size_t (**taken)[2];      /* per rule: evaluations by mark and way */
    const mw_job *jobs;
    size_t count;
};

double mw_ruletest_percent(size_t taken, size_t ways)
{
    return ways ? 100.0 * (double)taken / (double)ways : 100.0;
}

const char *mw_ruletest_branch_name(const mw_ruletest_branch *b)
{
    static const char *const names[] = {"statement", "function", "for", "if", "elseif",
                                        "while",     "until",    "and", "or", "for"};

    return names[b->mark.kind];
}

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for coverage");
}

/* ---- instrumented text ---- */

static mw_status instrument(struct cover *c, size_t rule, mw_ruletest_coverage *out, mw_error *err)
{
    const mw_rule_entry *e = &c->r->rules->items[rule];
    mw_arena *arena = &c->r->out->arena;
    MW_AUTO(mw_buf) text = {.max = MW_VM_SOURCE_MAX};
    mw_error why = {0};

    out->rule = mw_arena_strdup(arena, e->rule.id);
    out->file = mw_arena_strdup(arena, e->rule.path);
    out->source = mw_arena_strndup(arena, e->source, e->len);
    if (!out->rule || !out->file || !out->source)
        return no_memory(err);
    if (mw_instrument(e->source, e->len, arena, &c->marks[rule], &text, &why) != MW_OK) {
        out->problem = mw__ruletest_say(c->r, "not measured: %s", why.message);
        return MW_OK;
    }
    c->taken[rule] = mw_arena_alloc(arena, (c->marks[rule].count + 1) * sizeof(*c->taken[rule]));
    c->marked[rule] = (mw_marked_source){mw_arena_strndup(arena, text.data, text.len), text.len, c->marks[rule].count};
    return c->taken[rule] && c->marked[rule].source ? MW_OK : no_memory(err);
}

/* ---- counting ---- */

static mw_status on_observed(void *user, const mw_record *rec, mw_error *err)
{
    struct cover *c = user;
    const mw_marks *m = &c->marks[rec->rule]; /* count 0: evaluated as it was written */

    if (rec->item >= c->count || c->jobs[rec->item].rule != rec->rule || rec->text[0].len != m->count)
        return mw_fail(err, MW_ERR_PARSE, "a worker's answer is not credible: its marks are not the rule's");
    for (size_t i = 0; i < rec->text[0].len; i++) {
        unsigned ways = (unsigned)(rec->text[0].data[i] - '0');
        if (ways > 3)
            return mw_fail(err, MW_ERR_PARSE, "a worker's answer is not credible: a mark without meaning");
        c->taken[rec->rule][i][0] += (ways & MW_WAY_TRUE) != 0;
        c->taken[rec->rule][i][1] += (ways & MW_WAY_FALSE) != 0;
    }
    return MW_OK;
}

static bool same_findings(const mw_findings *a, const mw_findings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const mw_finding *x = &a->items[i], *y = &b->items[i];
        /* Messages of errors name places in the text. */
        if (x->status != y->status || !mw_str_eq(x->subkey, y->subkey) ||
            (x->status != MW_VERDICT_ERROR && !mw_str_eq(x->message, y->message)))
            return false;
    }
    return true;
}

/* ---- the result ---- */

static int by_line(const void *pa, const void *pb)
{
    const mw_ruletest_line *a = pa, *b = pb;

    return a->line < b->line ? -1 : a->line > b->line;
}

static int by_place(const void *pa, const void *pb)
{
    const mw_mark *a = &((const mw_ruletest_branch *)pa)->mark, *b = &((const mw_ruletest_branch *)pb)->mark;

    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return (int)a->kind - (int)b->kind;
}

/* Statements of the same line become one line; it was run when any of them was. */
static void merge_lines(mw_ruletest_coverage *out)
{
    size_t kept = 0;

    qsort(out->lines, out->line_count, sizeof(*out->lines), by_line);
    for (size_t i = 0; i < out->line_count; i++) {
        mw_ruletest_line *last = kept ? &out->lines[kept - 1] : NULL;
        if (!last || last->line != out->lines[i].line)
            out->lines[kept++] = out->lines[i];
        else if (last->run < out->lines[i].run)
            last->run = out->lines[i].run;
    }
    out->line_count = kept;
    for (size_t i = 0; i < kept; i++)
        out->lines_run += out->lines[i].run > 0;
}

static mw_status summarize(struct cover *c, size_t rule, mw_ruletest_coverage *out, mw_error *err)
{
    const mw_marks *m = &c->marks[rule];
    mw_arena *arena = &c->r->out->arena;

    out->branches = mw_arena_alloc(arena, (m->count + 1) * sizeof(*out->branches));
    out->lines = mw_arena_alloc(arena, (m->count + 1) * sizeof(*out->lines));
    if (!out->branches || !out->lines)
        return no_memory(err);
    for (size_t i = 0; i < m->count; i++) {
        const size_t *taken = c->taken[rule][i];
        unsigned ways = mw_mark_ways(m->items[i].kind);
        if (m->items[i].kind == MW_MARK_STATEMENT) {
            out->lines[out->line_count++] = (mw_ruletest_line){m->items[i].line, taken[0]};
            continue;
        }
        out->branches[out->branch_count++] = (mw_ruletest_branch){m->items[i], {taken[0], taken[1]}};
        out->ways += 1 + (ways >> 1);
        out->ways_taken += (size_t)(taken[0] > 0) + (size_t)((ways & MW_WAY_FALSE) && taken[1] > 0);
    }
    if (out->branch_count > 1)
        qsort(out->branches, out->branch_count, sizeof(*out->branches), by_place);
    if (out->line_count > 0)
        merge_lines(out);
    return MW_OK;
}

/* Verdicts are those of the run that counts. */
static void compare_runs(struct cover *c, const size_t *which, const mw_findings *found, mw_ruletest_coverage *by_rule)
{
    for (size_t i = 0; i < c->count; i++) {
        const mw_fixture *f = &c->r->items[which[i]];
        mw_ruletest_coverage *out = &by_rule[f->rule];
        for (size_t k = 0; k < f->found.count; k++)
            out->verdicts[f->found.items[k].status] = true;
        if (!out->problem && !same_findings(&f->found, &found[i]))
            out->problem = mw__ruletest_say(
                c->r, "fixture '%s' was judged otherwise while it was measured: %s", f->name,
                found[i].count && found[i].items[0].message ? found[i].items[0].message : "no message");
    }
}

/* Rules that are looked at: with globs those that a fixture was chosen of, else all. */
static bool chosen(const mw_ruletest *r, size_t rule)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->items[i].rule == rule)
            return true;
    return r->o->glob_count == 0 && r->o->only_count == 0;
}

static mw_status evaluate(struct cover *c, int snapshot_fd, mw_findings *found, mw_error *err)
{
    const mw_observer observer = {.user = c, .marked = c->marked, .on_observed = on_observed};
    mw_evaluate_options o = c->r->o->evaluate;

    o.soft_ms = (o.soft_ms > 0 ? o.soft_ms : SOFT_MS) * SLOWER;
    o.hard_ms = (o.hard_ms > 0 ? o.hard_ms : HARD_MS) * SLOWER;
    return mw__evaluate_jobs(c->r->rules, snapshot_fd, c->jobs, c->count, c->r->d, &o, &observer, found, err);
}

mw_status mw__ruletest_cover(mw_ruletest *r, const mw_job *jobs, const size_t *which, size_t count, int snapshot_fd,
                             mw_error *err)
{
    size_t n = r->rules->count;
    struct cover c = {.r = r,
                      .jobs = jobs,
                      .count = count,
                      .marked = mw_alloc((n + 1) * sizeof(*c.marked)),
                      .marks = mw_alloc((n + 1) * sizeof(*c.marks)),
                      .taken = mw_alloc((n + 1) * sizeof(*c.taken))};
    mw_findings *found = mw_alloc((count + 1) * sizeof(*found));
    mw_ruletest_coverage *by_rule = mw_arena_alloc(&r->out->arena, (n + 1) * sizeof(*by_rule));
    mw_status st = c.marked && c.marks && c.taken && found && by_rule ? MW_OK : no_memory(err);

    for (size_t i = 0; st == MW_OK && i < n; i++)
        if (chosen(r, i))
            st = instrument(&c, i, &by_rule[i], err);
    if (st == MW_OK)
        st = evaluate(&c, snapshot_fd, found, err);
    if (st == MW_OK)
        compare_runs(&c, which, found, by_rule);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        if (!by_rule[i].rule)
            continue;
        st = summarize(&c, i, &by_rule[i], err);
        by_rule[r->out->coverage_count++] = by_rule[i];
    }
    r->out->coverage = by_rule;
    for (size_t i = 0; found && i < count; i++)
        mw_findings_clear(&found[i]);
    mw_free(found);
    mw_free(c.taken);
    mw_free(c.marks);
    mw_free(c.marked);
    return st;
}
