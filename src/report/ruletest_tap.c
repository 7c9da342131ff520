/* Rule tests in the Test Anything Protocol, version 14 (testanything.org/tap-version-14-specification.html). */
#include "report/ruletest.h"

#include "moonward/doc.h"
#include "report/term.h"

#include <string.h>

/* "Harnesses must treat \# and \\ as the characters": a bare # would begin a directive. */
static void description(mw_buf *out, const char *s)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 20};

    mw_term_text(&text, s);
    mw_term_inherit(out, &text);
    for (const char *at = text.data ? text.data : ""; *at; at++) {
        if (*at == '#' || *at == '\\')
            mw_buf_putc(out, '\\');
        mw_buf_putc(out, *at);
    }
}

/* A JSON string is a YAML one. */
static void yaml_string(mw_buf *out, const char *before, const char *s)
{
    mw_buf_puts(out, before);
    mw_json_write_string(out, s, strlen(s));
    mw_buf_putc(out, '\n');
}

static void yaml_lines(mw_buf *out, const char *key, const char *text)
{
    MW_AUTO(mw_buf) line = {.max = 64 << 10};
    const char *one;

    if (text)
        mw_buf_printf(out, "  %s:\n", key);
    while ((one = mw__ruletest_line(&text, &line)) != NULL)
        yaml_string(out, "    - ", one);
}

static void diagnostics(mw_buf *out, const mw_ruletest_result *t)
{
    mw_buf_puts(out, "  ---\n");
    yaml_string(out, "  message: ", t->detail ? t->detail : "");
    mw_buf_printf(out, "  severity: %s\n", t->outcome == MW_RULETEST_ERROR ? "error" : "fail");
    yaml_string(out, "  at:\n    file: ", t->file);
    if (t->line)
        mw_buf_printf(out, "    line: %u\n", t->line);
    yaml_lines(out, "diff", t->diff);
    yaml_lines(out, "traceback", t->traceback);
    mw_buf_puts(out, "  ...\n");
}

mw_status mw_ruletest_tap(const mw_ruletest_report *r, mw_buf *out, mw_error *err)
{
    mw_buf_printf(out, "TAP version 14\n1..%zu\n", r->count + r->rules_without_tests);
    for (size_t i = 0; i < r->count; i++) {
        const mw_ruletest_result *t = &r->items[i];
        bool ok = t->outcome == MW_RULETEST_PASSED || t->outcome == MW_RULETEST_SKIPPED;
        mw_buf_printf(out, "%sok %zu - ", ok ? "" : "not ", i + 1);
        description(out, t->rule);
        mw_buf_puts(out, ": ");
        description(out, t->name);
        if (t->reason) {
            mw_buf_puts(out, t->outcome == MW_RULETEST_SKIPPED ? " # SKIP " : " # TODO ");
            description(out, t->reason);
        }
        mw_buf_putc(out, '\n');
        if (!ok)
            diagnostics(out, t);
    }
    for (size_t i = 0; i < r->rules_without_tests; i++) {
        mw_buf_printf(out, "ok %zu - ", r->count + i + 1);
        description(out, r->untested[i]);
        mw_buf_puts(out, " # SKIP the rule has no tests\n");
    }
    return mw_buf_status(out, err);
}
