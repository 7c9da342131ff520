/*
 * Rule tests as JUnit's XML. There is no standard: this is what Jenkins's schema, GitLab and the common
 * GitHub actions agree on, with `file` and `line`, which they show. What was not judged (skip, todo, a rule
 * without tests) is <skipped>, a script's error or a wrong fixture <error>, another verdict <failure>.
 */
#include "report/ruletest.h"

#include "report/term.h"

#include <string.h>

/* XML 1.0 allows no control characters: mw_term_text() has none left. */
static void xml(mw_buf *out, const char *s)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 20};

    mw_term_text(&text, s);
    mw_term_inherit(out, &text);
    for (const char *at = text.data ? text.data : ""; *at; at++) {
        switch (*at) {
        case '&': mw_buf_puts(out, "&amp;"); break;
        case '<': mw_buf_puts(out, "&lt;"); break;
        case '>': mw_buf_puts(out, "&gt;"); break;
        case '"': mw_buf_puts(out, "&quot;"); break;
        default: mw_buf_putc(out, *at);
        }
    }
}

static void attribute(mw_buf *out, const char *name, const char *value)
{
    mw_buf_join(out, " ", name, "=\"", NULL);
    xml(out, value);
    mw_buf_putc(out, '"');
}

static void body(mw_buf *out, const char *text)
{
    MW_AUTO(mw_buf) line = {.max = 64 << 10};
    const char *one;

    while ((one = mw__ruletest_line(&text, &line)) != NULL) {
        xml(out, one);
        mw_buf_putc(out, '\n');
    }
}

struct counts {
    size_t tests, failures, errors, skipped;
    uint64_t ns;
};

static struct counts count(const mw_ruletest_result *t, size_t n)
{
    struct counts c = {.tests = n};

    for (size_t i = 0; i < n; i++) {
        c.failures += t[i].outcome == MW_RULETEST_FAILED;
        c.errors += t[i].outcome == MW_RULETEST_ERROR;
        c.skipped += t[i].outcome == MW_RULETEST_SKIPPED || t[i].outcome == MW_RULETEST_TODO;
        c.ns += t[i].spent_ns;
    }
    return c;
}

static void write_counts(mw_buf *out, struct counts c)
{
    mw_buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.9f\">\n", c.tests,
                  c.failures, c.errors, c.skipped, (double)c.ns / 1e9);
}

static void write_wrong(mw_buf *out, const mw_ruletest_result *t)
{
    const char *element = t->outcome == MW_RULETEST_ERROR ? "error" : "failure";

    mw_buf_join(out, "<", element, NULL);
    attribute(out, "type", t->traceback ? "script error" : t->outcome == MW_RULETEST_ERROR ? "error" : "mismatch");
    attribute(out, "message", t->detail);
    mw_buf_puts(out, ">\n");
    xml(out, t->file);
    if (t->line)
        mw_buf_printf(out, ":%u", t->line);
    mw_buf_putc(out, '\n');
    body(out, t->diff);
    body(out, t->traceback);
    mw_buf_join(out, "</", element, ">", NULL);
}

static void write_test(mw_buf *out, const mw_ruletest_result *t)
{
    mw_buf_puts(out, "    <testcase");
    attribute(out, "classname", t->rule);
    attribute(out, "name", t->name);
    attribute(out, "file", t->file);
    if (t->line)
        mw_buf_printf(out, " line=\"%u\"", t->line);
    mw_buf_printf(out, " time=\"%.9f\">", (double)t->spent_ns / 1e9);
    if (t->outcome == MW_RULETEST_SKIPPED || t->outcome == MW_RULETEST_TODO) {
        MW_AUTO(mw_buf) why = {.max = 64 << 10};
        mw_buf_join(&why, t->outcome == MW_RULETEST_TODO ? "todo: " : "", t->reason, NULL);
        mw_buf_puts(out, "<skipped");
        attribute(out, "message", why.data);
        mw_buf_puts(out, "/>");
    } else if (t->outcome != MW_RULETEST_PASSED) {
        write_wrong(out, t);
    }
    mw_buf_puts(out, "</testcase>\n");
}

mw_status mw_ruletest_junit(const mw_ruletest_report *r, mw_buf *out, mw_error *err)
{
    struct counts all = count(r->items, r->count);

    all.tests += r->rules_without_tests;
    all.skipped += r->rules_without_tests;
    mw_buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"moonward test\"");
    write_counts(out, all);
    for (size_t i = 0, n; i < r->count; i += n) {
        n = mw__ruletest_suite(r, i);
        mw_buf_puts(out, "  <testsuite");
        attribute(out, "name", r->items[i].rule);
        attribute(out, "file", r->items[i].file);
        write_counts(out, count(&r->items[i], n));
        for (size_t k = i; k < i + n; k++)
            write_test(out, &r->items[k]);
        mw_buf_puts(out, "  </testsuite>\n");
    }
    for (size_t i = 0; i < r->rules_without_tests; i++) {
        mw_buf_puts(out, "  <testsuite");
        attribute(out, "name", r->untested[i]);
        write_counts(out, (struct counts){.tests = 1, .skipped = 1});
        mw_buf_puts(out, "    <testcase");
        attribute(out, "classname", r->untested[i]);
        mw_buf_puts(out, " name=\"(tests)\"><skipped message=\"the rule has no tests\"/></testcase>\n  </testsuite>\n");
    }
    mw_buf_puts(out, "</testsuites>\n");
    return mw_buf_status(out, err);
}
