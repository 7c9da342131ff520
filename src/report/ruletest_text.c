/*
 * Rule tests for people: one line for each rule, and below it only what needs a reader. Names, messages and
 * lines of source are of others: they cannot drive the terminal.
 */
#include "report/ruletest.h"

#include "base/mem.h"
#include "report/term.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096

/* ---- results ---- */

static void colored(mw_buf *out, bool on, mw_color color, const char *text)
{
    mw_term_color(out, on, color);
    mw_term_text(out, text);
    mw_term_reset(out, on);
}

static void indented_lines(mw_buf *out, bool color, const char *text)
{
    MW_AUTO(mw_buf) line = {.max = LINE_MAX_BYTES * 8};
    const char *one;

    while ((one = mw__ruletest_line(&text, &line)) != NULL) {
        mw_buf_puts(out, "          ");
        colored(out, color, *one == '+' ? MW_COLOR_RED : *one == '-' ? MW_COLOR_GREEN : MW_COLOR_NONE, one);
        mw_buf_putc(out, '\n');
    }
}

static void write_place(mw_buf *out, const mw_ruletest_result *t)
{
    mw_buf_puts(out, "  (");
    mw_term_text(out, t->file);
    if (t->line)
        mw_buf_printf(out, ":%u", t->line);
    mw_buf_puts(out, ")\n");
}

static void write_result(mw_buf *out, bool color, const mw_ruletest_result *t)
{
    if (t->outcome == MW_RULETEST_PASSED && !t->reason)
        return;
    mw_buf_puts(out, "        ");
    mw_term_text(out, t->name);
    if (t->reason) {
        mw_buf_puts(out, t->outcome == MW_RULETEST_SKIPPED ? ": skipped: "
                         : t->outcome == MW_RULETEST_TODO  ? ": todo: "
                                                           : ": passes, though it is still to do: ");
        mw_term_text(out, t->reason);
    } else if (!t->diff || t->outcome == MW_RULETEST_ERROR) {
        mw_buf_puts(out, ": ");
        mw_term_text(out, t->detail);
    }
    write_place(out, t);
    if (t->outcome == MW_RULETEST_PASSED || t->outcome == MW_RULETEST_SKIPPED)
        return;
    if (t->outcome != MW_RULETEST_ERROR) /* its detail has said it */
        indented_lines(out, color, t->diff);
    indented_lines(out, false, t->traceback);
}

static void write_suite(mw_buf *out, bool color, const mw_ruletest_result *t, size_t n)
{
    size_t by_outcome[MW_RULETEST_OUTCOMES] = {0}, bad;

    for (size_t i = 0; i < n; i++)
        by_outcome[t[i].outcome]++;
    bad = by_outcome[MW_RULETEST_FAILED] + by_outcome[MW_RULETEST_ERROR];
    colored(out, color, bad ? MW_COLOR_RED : MW_COLOR_GREEN, bad ? "FAIL  " : "ok    ");
    mw_term_text(out, t->rule);
    mw_buf_printf(out, "  %zu of %zu\n", by_outcome[MW_RULETEST_PASSED], n);
    for (size_t i = 0; i < n; i++)
        write_result(out, color, &t[i]);
}

static void write_counts(mw_buf *out, const mw_ruletest_report *r)
{
    static const char *const names[] = {" passed", " failed", " with errors", " skipped", " to do"};

    for (size_t i = 0; i < MW_RULETEST_OUTCOMES; i++)
        if (i <= MW_RULETEST_FAILED || r->by_outcome[i] > 0)
            mw_buf_printf(out, "%s%zu%s", i ? ", " : "", r->by_outcome[i], names[i]);
    if (r->left_out)
        mw_buf_printf(out, ", %zu left out behind the first failure", r->left_out);
    if (r->rules_without_tests)
        mw_buf_printf(out, ", %zu rule%s without tests", r->rules_without_tests,
                      r->rules_without_tests == 1 ? "" : "s");
    mw_buf_putc(out, '\n');
}

static void write_list(mw_buf *out, const mw_ruletest_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        mw_term_text(out, r->items[i].rule);
        mw_buf_putc(out, '/');
        mw_term_text(out, r->items[i].name);
        write_place(out, &r->items[i]);
        if (r->items[i].detail) {
            mw_buf_puts(out, "        ");
            mw_term_text(out, r->items[i].detail);
            mw_buf_putc(out, '\n');
        }
    }
}

/* ---- durations ---- */

struct duration {
    const char *rule;
    size_t tests, order;
    uint64_t ns;
};

static int slower_first(const void *pa, const void *pb)
{
    const struct duration *a = pa, *b = pb;

    if (a->ns != b->ns)
        return a->ns > b->ns ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static mw_status write_durations(mw_buf *out, const mw_ruletest_report *r, size_t wanted, mw_error *err)
{
    struct duration *d = mw_alloc((r->count + 1) * sizeof(*d));
    size_t rules = 0;

    if (!d)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for durations");
    for (size_t i = 0, n; i < r->count; i += n) {
        n = mw__ruletest_suite(r, i);
        d[rules] = (struct duration){.rule = r->items[i].rule, .tests = n, .order = rules};
        for (size_t k = i; k < i + n; k++)
            d[rules].ns += r->items[k].spent_ns;
        rules++;
    }
    if (rules > 1)
        qsort(d, rules, sizeof(*d), slower_first);
    if (wanted > rules)
        wanted = rules;
    mw_buf_printf(out, "slowest %zu of %zu rules, processor time of their evaluations:\n", wanted, rules);
    for (size_t i = 0; i < wanted; i++) {
        mw_buf_printf(out, "%10.3f ms  ", (double)d[i].ns / 1e6);
        mw_term_text(out, d[i].rule);
        mw_buf_printf(out, "  %zu test%s\n", d[i].tests, d[i].tests == 1 ? "" : "s");
    }
    mw_free(d);
    return MW_OK;
}

/* ---- coverage ---- */

static void write_place_of(mw_buf *out, const mw_ruletest_coverage *c, unsigned line)
{
    mw_buf_puts(out, "        ");
    mw_term_text(out, c->file);
    mw_buf_printf(out, ":%u: ", line);
}

static void write_source_line(mw_buf *out, bool color, const char *source, unsigned line)
{
    MW_AUTO(mw_buf) text = {.max = LINE_MAX_BYTES};
    size_t n;

    for (; line > 1 && *source; line--) {
        source += strcspn(source, "\n");
        source += *source == '\n';
    }
    source += strspn(source, " \t");
    n = strcspn(source, "\r\n");
    mw_buf_add(&text, source, n < 200 ? n : 200, NULL);
    mw_buf_puts(out, "            ");
    colored(out, color, MW_COLOR_DIM, text.data);
    mw_buf_putc(out, '\n');
}

static bool run_line(const mw_ruletest_coverage *c, unsigned line)
{
    for (size_t i = 0; i < c->line_count; i++)
        if (c->lines[i].line == line)
            return c->lines[i].run > 0;
    return true;
}

/* What a line that was not run could have done is no news. */
static void write_missed(mw_buf *out, bool color, const mw_ruletest_coverage *c)
{
    for (size_t i = 0; i < c->branch_count; i++) {
        const mw_ruletest_branch *b = &c->branches[i];
        bool two = mw_mark_ways(b->mark.kind) & MW_WAY_FALSE, loop = b->mark.kind == MW_MARK_FOR;
        if ((b->taken[0] > 0 && (!two || b->taken[1] > 0)) || !run_line(c, b->mark.line))
            continue;
        write_place_of(out, c, b->mark.line);
        mw_buf_printf(out, "%s'%s' ", b->mark.kind == MW_MARK_AND || b->mark.kind == MW_MARK_OR ? "left of " : "",
                      mw_ruletest_branch_name(b));
        if (!two)
            mw_buf_puts(out, b->mark.kind == MW_MARK_FUNCTION ? "never called\n" : "never entered\n");
        else if (b->taken[0] + b->taken[1] == 0)
            mw_buf_puts(out, "never reached\n");
        else
            mw_buf_printf(out, "never %s\n",
                          b->taken[0] == 0 ? (loop ? "entered" : "true") : (loop ? "without elements" : "false"));
        write_source_line(out, color, c->source, b->mark.line);
    }
    for (size_t i = 0; i < c->line_count; i++) {
        if (c->lines[i].run > 0)
            continue;
        write_place_of(out, c, c->lines[i].line);
        mw_buf_puts(out, "never run\n");
        write_source_line(out, color, c->source, c->lines[i].line);
    }
}

static void write_verdicts(mw_buf *out, const mw_ruletest_coverage *c)
{
    bool any = false;

    mw_buf_puts(out, ", verdicts ");
    for (int v = MW_VERDICT_PASS; v <= MW_VERDICT_ERROR; v++) {
        if (!c->verdicts[v])
            continue;
        mw_buf_printf(out, "%s%s", any ? ", " : "", mw_verdict_name((mw_verdict)v));
        any = true;
    }
    mw_buf_puts(out, any ? "\n" : "none\n");
}

static void write_coverage(mw_buf *out, bool color, const mw_ruletest_report *r)
{
    mw_ruletest_sums s = mw_ruletest_sum(r);

    mw_buf_puts(out, "coverage:\n");
    for (size_t i = 0; i < r->coverage_count; i++) {
        const mw_ruletest_coverage *c = &r->coverage[i];
        double percent = mw_ruletest_percent(c->ways_taken, c->ways);
        mw_term_color(out, color, c->ways_taken == c->ways ? MW_COLOR_GREEN : MW_COLOR_YELLOW);
        mw_buf_printf(out, "%5.1f %%", percent);
        mw_term_reset(out, color);
        mw_buf_puts(out, "  ");
        mw_term_text(out, c->rule);
        mw_buf_printf(out, "  %zu of %zu branches, %zu of %zu lines", c->ways_taken, c->ways, c->lines_run,
                      c->line_count);
        write_verdicts(out, c);
        if (c->problem) {
            mw_buf_puts(out, "        ");
            mw_term_text(out, c->problem);
            mw_buf_putc(out, '\n');
        }
        write_missed(out, color, c);
    }
    mw_buf_printf(out, "%.1f %% of branches (%zu of %zu), %.1f %% of lines (%zu of %zu)\n",
                  mw_ruletest_percent(s.ways_taken, s.ways), s.ways_taken, s.ways,
                  mw_ruletest_percent(s.lines_run, s.lines), s.lines_run, s.lines);
}

/* ---- all ---- */

mw_status mw_ruletest_text_write(const mw_ruletest_report *r, const mw_ruletest_text *o, mw_buf *out, mw_error *err)
{
    mw_status st = MW_OK;

    if (o->list) {
        write_list(out, r);
        return mw_buf_status(out, err);
    }
    for (size_t i = 0, n; i < r->count; i += n) {
        n = mw__ruletest_suite(r, i);
        write_suite(out, o->color, &r->items[i], n);
    }
    for (size_t i = 0; i < r->rules_without_tests; i++) {
        colored(out, o->color, MW_COLOR_YELLOW, "none  ");
        mw_term_text(out, r->untested[i]);
        mw_buf_puts(out, "  has no tests\n");
    }
    if (o->durations > 0)
        st = write_durations(out, r, o->durations, err);
    if (r->coverage)
        write_coverage(out, o->color, r);
    write_counts(out, r);
    return st == MW_OK ? mw_buf_status(out, err) : st;
}
