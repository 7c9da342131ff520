/* Rule tests as one JSON document, `moonward.test/1`: one test and one rule's coverage per line. */
#include "report/ruletest.h"

#include "moonward/doc.h"

#include <string.h>

static void string(mw_buf *out, const char *s)
{
    if (s)
        mw_json_write_string(out, s, strlen(s));
    else
        mw_buf_puts(out, "null");
}

static void member(mw_buf *out, const char *key, const char *value)
{
    mw_buf_printf(out, "\"%s\":", key);
    string(out, value);
    mw_buf_putc(out, ',');
}

static void lines(mw_buf *out, const char *key, const char *text)
{
    MW_AUTO(mw_buf) line = {.max = 64 << 10};
    const char *one;
    bool first = true;

    mw_buf_printf(out, "\"%s\":[", key);
    while ((one = mw__ruletest_line(&text, &line)) != NULL) {
        mw_buf_puts(out, first ? "" : ",");
        string(out, one);
        first = false;
    }
    mw_buf_puts(out, "],");
}

static void write_test(mw_buf *out, const mw_ruletest_result *t)
{
    mw_buf_putc(out, '{');
    member(out, "rule", t->rule);
    member(out, "name", t->name);
    member(out, "file", t->file);
    if (t->line)
        mw_buf_printf(out, "\"line\":%u,", t->line);
    else
        mw_buf_puts(out, "\"line\":null,");
    member(out, "expected", mw_verdict_name(t->expected));
    member(out, "outcome", mw_ruletest_outcome_name(t->outcome));
    mw_buf_printf(out, "\"passed\":%s,", t->outcome == MW_RULETEST_PASSED ? "true" : "false");
    member(out, "reason", t->reason);
    member(out, "detail", t->detail);
    lines(out, "diff", t->diff);
    lines(out, "traceback", t->traceback);
    mw_buf_printf(out, "\"spent_ns\":%llu}", (unsigned long long)t->spent_ns);
}

static void write_branch(mw_buf *out, const mw_ruletest_branch *b)
{
    mw_buf_printf(out, "{\"line\":%u,\"column\":%u,\"kind\":\"%s\",\"true\":%zu", b->mark.line, b->mark.column,
                  mw_ruletest_branch_name(b), b->taken[0]);
    if (mw_mark_ways(b->mark.kind) & MW_WAY_FALSE)
        mw_buf_printf(out, ",\"false\":%zu", b->taken[1]);
    mw_buf_putc(out, '}');
}

static void write_coverage(mw_buf *out, const mw_ruletest_coverage *c)
{
    bool first = true;

    mw_buf_putc(out, '{');
    member(out, "rule", c->rule);
    member(out, "file", c->file);
    member(out, "problem", c->problem);
    mw_buf_printf(out, "\"branches\":%zu,\"branches_taken\":%zu,\"lines\":%zu,\"lines_run\":%zu,\"verdicts\":[",
                  c->ways, c->ways_taken, c->line_count, c->lines_run);
    for (int v = MW_VERDICT_PASS; v <= MW_VERDICT_ERROR; v++) {
        if (!c->verdicts[v])
            continue;
        mw_buf_printf(out, "%s\"%s\"", first ? "" : ",", mw_verdict_name((mw_verdict)v));
        first = false;
    }
    mw_buf_puts(out, "],\"places\":[");
    for (size_t i = 0; i < c->branch_count; i++) {
        mw_buf_puts(out, i ? "," : "");
        write_branch(out, &c->branches[i]);
    }
    mw_buf_puts(out, "],\"missed_lines\":[");
    first = true;
    for (size_t i = 0; i < c->line_count; i++) {
        if (c->lines[i].run > 0)
            continue;
        mw_buf_printf(out, "%s%u", first ? "" : ",", c->lines[i].line);
        first = false;
    }
    mw_buf_puts(out, "]}");
}

mw_status mw_ruletest_json(const mw_ruletest_report *r, mw_buf *out, mw_error *err)
{
    mw_ruletest_sums s = mw_ruletest_sum(r);

    mw_buf_puts(out, "{\"schema\":\"moonward.test/1\"");
    for (int i = 0; i < MW_RULETEST_OUTCOMES; i++)
        mw_buf_printf(out, ",\"%s\":%zu", mw_ruletest_outcome_name((mw_ruletest_outcome)i), r->by_outcome[i]);
    mw_buf_printf(out, ",\"left_out\":%zu,\n\"untested\":[", r->left_out);
    for (size_t i = 0; i < r->rules_without_tests; i++) {
        mw_buf_puts(out, i ? "," : "");
        string(out, r->untested[i]);
    }
    mw_buf_puts(out, "],\n\"tests\":[");
    for (size_t i = 0; i < r->count; i++) {
        mw_buf_puts(out, i ? ",\n" : "\n");
        write_test(out, &r->items[i]);
    }
    mw_buf_puts(out, "],\n\"coverage\":");
    if (r->coverage) {
        mw_buf_printf(out, "{\"branches\":%zu,\"branches_taken\":%zu,\"lines\":%zu,\"lines_run\":%zu,\"rules\":[",
                      s.ways, s.ways_taken, s.lines, s.lines_run);
        for (size_t i = 0; i < r->coverage_count; i++) {
            mw_buf_puts(out, i ? ",\n" : "\n");
            write_coverage(out, &r->coverage[i]);
        }
        mw_buf_puts(out, "]}}\n");
    } else {
        mw_buf_puts(out, "null}\n");
    }
    return mw_buf_status(out, err);
}
