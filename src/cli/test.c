/* `moonward test`: the fixtures beside rules, run in the same workers as a sweep, without AWS. */
#include "cli/commands.h"
#include "cli/setup.h"

#include "base/str.h"
#include "engine/ruletest.h"
#include "report/term.h"

#include <string.h>

/* ---- formats ---- */

static void write_text(const mw_ruletest_report *r, bool color, mw_buf *out)
{
    for (size_t i = 0, n; i < r->count; i += n) {
        size_t passed = 0;
        for (n = 0; i + n < r->count && mw_str_eq(r->items[i].rule, r->items[i + n].rule); n++)
            passed += r->items[i + n].passed;
        mw_term_color(out, color, passed == n ? MW_COLOR_GREEN : MW_COLOR_RED);
        mw_buf_puts(out, passed == n ? "ok    " : "FAIL  ");
        mw_term_reset(out, color);
        mw_term_text(out, r->items[i].rule);
        mw_buf_printf(out, "  %zu of %zu\n", passed, n);
        for (size_t k = i; k < i + n; k++) {
            if (r->items[k].passed)
                continue;
            mw_buf_puts(out, "        ");
            mw_term_text(out, r->items[k].name);
            mw_buf_puts(out, ": ");
            mw_term_text(out, r->items[k].detail);
            mw_buf_puts(out, "  (");
            mw_term_text(out, r->items[k].file);
            mw_buf_puts(out, ")\n");
        }
    }
    for (size_t i = 0; i < r->rules_without_tests; i++) {
        mw_term_color(out, color, MW_COLOR_YELLOW);
        mw_buf_puts(out, "none  ");
        mw_term_reset(out, color);
        mw_term_text(out, r->untested[i]);
        mw_buf_puts(out, "  has no tests\n");
    }
    mw_buf_printf(out, "%zu passed, %zu failed", r->passed, r->failed);
    if (r->rules_without_tests)
        mw_buf_printf(out, ", %zu rule%s without tests", r->rules_without_tests,
                      r->rules_without_tests == 1 ? "" : "s");
    mw_buf_putc(out, '\n');
}

/* Test Anything Protocol 13. */
static void write_tap(const mw_ruletest_report *r, mw_buf *out)
{
    mw_buf_printf(out, "TAP version 13\n1..%zu\n", r->count);
    for (size_t i = 0; i < r->count; i++) {
        const mw_ruletest_result *t = &r->items[i];
        mw_buf_printf(out, "%sok %zu - ", t->passed ? "" : "not ", i + 1);
        mw_term_text(out, t->rule);
        mw_buf_puts(out, ": ");
        mw_term_text(out, t->name);
        mw_buf_putc(out, '\n');
        if (!t->passed) {
            mw_buf_puts(out, "# ");
            mw_term_text(out, t->detail);
            mw_buf_putc(out, '\n');
        }
    }
}

static void json_member(mw_buf *out, const char *key, const char *value, const char *after)
{
    mw_buf_printf(out, "\"%s\":", key);
    if (value)
        mw_json_write_string(out, value, strlen(value));
    else
        mw_buf_puts(out, "null");
    mw_buf_puts(out, after);
}

static void write_json(const mw_ruletest_report *r, mw_buf *out)
{
    mw_buf_printf(out, "{\"schema\":\"moonward.test/1\",\"passed\":%zu,\"failed\":%zu,\n\"untested\":[",
                  r->passed, r->failed);
    for (size_t i = 0; i < r->rules_without_tests; i++) {
        mw_buf_puts(out, i ? "," : "");
        mw_json_write_string(out, r->untested[i], strlen(r->untested[i]));
    }
    mw_buf_puts(out, "],\n\"tests\":[");
    for (size_t i = 0; i < r->count; i++) {
        const mw_ruletest_result *t = &r->items[i];
        mw_buf_puts(out, i ? ",\n{" : "\n{");
        json_member(out, "rule", t->rule, ",");
        json_member(out, "name", t->name, ",");
        json_member(out, "file", t->file, ",");
        json_member(out, "expected", mw_verdict_name(t->expected), ",");
        mw_buf_printf(out, "\"passed\":%s,", t->passed ? "true" : "false");
        json_member(out, "detail", t->detail, "}");
    }
    mw_buf_puts(out, "]}\n");
}

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

static void write_junit(const mw_ruletest_report *r, mw_buf *out)
{
    mw_buf_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<testsuites tests=\"%zu\" failures=\"%zu\">\n", r->count, r->failed);
    for (size_t i = 0, n; i < r->count; i += n) {
        size_t failed = 0;
        for (n = 0; i + n < r->count && mw_str_eq(r->items[i].rule, r->items[i + n].rule); n++)
            failed += !r->items[i + n].passed;
        mw_buf_puts(out, "  <testsuite name=\"");
        xml(out, r->items[i].rule);
        mw_buf_printf(out, "\" tests=\"%zu\" failures=\"%zu\">\n", n, failed);
        for (size_t k = i; k < i + n; k++) {
            mw_buf_puts(out, "    <testcase classname=\"");
            xml(out, r->items[k].rule);
            mw_buf_puts(out, "\" name=\"");
            xml(out, r->items[k].name);
            if (r->items[k].passed) {
                mw_buf_puts(out, "\"/>\n");
                continue;
            }
            mw_buf_puts(out, "\"><failure message=\"");
            xml(out, r->items[k].detail);
            mw_buf_puts(out, "\"/></testcase>\n");
        }
        mw_buf_puts(out, "  </testsuite>\n");
    }
    mw_buf_puts(out, "</testsuites>\n");
}

/* ---- the command ---- */

/* Paths given stand in for --rules. */
static mw_status load(mw_setup *s, mw_error *err)
{
    size_t n = mw_args_positional_count(s->cli->args);
    const char **paths = mw_arena_alloc(&s->arena, (n + 1) * sizeof(*paths));

    if (!paths)
        return mw_fail(err, MW_ERR_NOMEM, "test: out of memory");
    for (size_t i = 0; i < n; i++)
        paths[i] = mw_args_positional(s->cli->args, i);
    return mw_setup_rules_untouched(s, paths, n, err);
}

static int run(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) out = {.max = (size_t)1 << 28};
    const mw_evaluate_options o = {.stop = cli->stop};
    const char *output = mw_args_get(cli->args, "output");
    mw_ruletest_report r = {0};
    mw_error err = {0};
    int code;

    if (mw_setup_config(&s, cli, &err) != MW_OK || load(&s, &err) != MW_OK ||
        mw_ruletest_run(s.rules, s.types, &o, &r, &err) != MW_OK) {
        code = mw_cli_fail(&err);
        mw_ruletest_report_clear(&r);
        return code;
    }
    if (mw_str_eq(output, "json"))
        write_json(&r, &out);
    else if (mw_str_eq(output, "tap"))
        write_tap(&r, &out);
    else if (mw_str_eq(output, "junit"))
        write_junit(&r, &out);
    else
        write_text(&r, mw_setup_text(&s).color, &out);
    code = r.failed ? MW_EXIT_FINDINGS : MW_EXIT_OK;
    mw_ruletest_report_clear(&r);
    return mw_buf_status(&out, &err) == MW_OK ? mw_cli_print(out.data, out.len, code) : mw_cli_fail(&err);
}

static const mw_option options[] = {
    {.name = "output", .value = "FORMAT", .choices = "text|json|tap|junit", .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
};

const mw_command mw_command_test = {
    .name = "test",
    .arguments = "[PATHS…]",
    .summary = "Run the tests that stand beside rules, without AWS",
    .description = "PATHS are rule files and folders (default: --rules, else the built-in rules). Exit status: 0 all "
                   "passed; 1 a test failed; 3 usage or a rule that does not load.",
    .examples = "moonward test\n"
                "moonward test rules/s3 --output tap\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
