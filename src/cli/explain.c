/*
 * `moonward explain`: a finding of a stored run, a rule, or a code, in words. Offline: what was
 * stored, the rules' files and tables of this program. A part that is not to be had (a rule that is
 * gone) is left out.
 */
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/rules.h"
#include "cli/setup.h"
#include "cli/stored.h"

#include "aws/action.h"
#include "base/file.h"
#include "base/str.h"
#include "lint/decide.h"
#include "lint/lint.h"
#include "lua/vm.h"
#include "report/errors.h"
#include "report/term.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define INDENT 13

/* ---- lines ---- */

static void line(mw_buf *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    mw_buf_printf(out, "%-12s ", name);
    mw_term_wrap(out, value, INDENT, INDENT, 100);
    mw_buf_putc(out, '\n');
}

static void formatted(mw_buf *out, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void formatted(mw_buf *out, const char *name, const char *format, ...)
{
    char text[2048];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    line(out, name, text);
}

/* A command stays on one line, so that it can be copied. */
static void command(mw_buf *out, bool first, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void command(mw_buf *out, bool first, const char *format, ...)
{
    char text[2048];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    mw_buf_printf(out, "%-12s ", first ? "further" : "");
    mw_term_text(out, text);
    mw_buf_putc(out, '\n');
}

/* ---- codes ---- */

static bool explain_code(const char *code, mw_buf *out)
{
    char upper[16] = "";
    const mw_lint_code *lint;
    const mw_explained *e;

    for (size_t i = 0; code[i] && i + 1 < sizeof(upper); i++)
        upper[i] = (char)toupper((unsigned char)code[i]);
    lint = mw_lint_code_get(upper, strlen(upper));
    if (lint && strlen(code) == strlen(upper)) {
        formatted(out, lint->id, "%s (%s)", lint->title, mw_lint_severity_name(lint->severity));
        line(out, "means", lint->meaning);
        line(out, "what to do", lint->remedy);
        formatted(out, "silence", "-- lint: ignore %s and the reason, on the line or the one above", lint->id);
        formatted(out, "more", "docs/reference/lint.md, \"%s\"", lint->id);
        return true;
    }
    if (!(e = mw_explain_code(code)))
        return false;
    line(out, code, e->title);
    line(out, "means", e->meaning);
    line(out, "what to do", e->remedy);
    return true;
}

/* ---- rules ---- */

static mw_status read_text(const char *path, mw_buf *out, mw_error *err)
{
    out->max = MW_VM_SOURCE_MAX;
    return mw_file_read(path, out, err);
}

/* Parameters with who set them, where no account or region says otherwise. */
static mw_status params_lines(const mw_setup *s, const mw_rule *r, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);
    mw_val all, params, origins;
    const mw_doc *d;

    if (st != MW_OK)
        return st;
    mw_rules_params_at(s->rules, r, NULL, NULL, b);
    st = mw_doc_builder_status(b, err);
    d = mw_doc_view(b);
    all = mw_doc_pop(b);
    params = mw_val_get(d, all, "params");
    origins = mw_val_get(d, all, "origins");
    for (size_t i = 0; st == MW_OK && i < mw_val_len(d, params); i++) {
        MW_AUTO(mw_buf) text = {.max = 1 << 16};
        mw_val key, value = mw_val_member(d, params, i, &key);
        const char *name = mw_val_str(d, key, NULL);
        mw_buf_printf(&text, "%s = ", name);
        mw_json_write(&text, d, value, MW_JSON_COMPACT);
        mw_buf_printf(&text, "  (%s)", mw_val_get_str(d, origins, name, "?"));
        mw_term_inherit(out, &text);
        line(out, i ? "" : "params", text.data);
    }
    mw_doc_builder_free(b);
    return st;
}

static void controls_lines(const mw_setup *s, const mw_rule *r, mw_buf *out)
{
    const mw_doc *d = mw_rules_doc(s->rules);

    for (size_t i = 0; i < mw_val_len(d, r->controls); i++) {
        MW_AUTO(mw_buf) text = {.max = 1 << 16};
        mw_val key, list = mw_val_member(d, r->controls, i, &key);
        mw_buf_printf(&text, "%s ", mw_val_str(d, key, NULL));
        for (size_t k = 0; k < mw_val_len(d, list); k++)
            mw_buf_printf(&text, "%s%s", k ? ", " : "", mw_val_str(d, mw_val_at(d, list, k), NULL));
        mw_term_inherit(out, &text);
        line(out, i ? "" : "controls", text.data);
    }
}

/* The fixtures beside the rule, each with what it expects. */
static void tests_lines(const mw_rule *r, mw_buf *out)
{
    MW_AUTO(mw_buf) source = {0};
    MW_AUTO(mw_arena) arena = {0};
    size_t len = strlen(r->path), count;
    const char *path = mw_arena_printf(&arena, "%.*s_test.lua", len > 4 ? (int)(len - 4) : 0, r->path);
    mw_fixture_name *fixtures;
    mw_error err = {0};

    if (!path || read_text(path, &source, &err) != MW_OK ||
        mw_lint_fixtures(source.data ? source.data : "", source.len, &arena, &fixtures, &count, &err) != MW_OK) {
        line(out, "tests", "none");
        return;
    }
    formatted(out, "tests", "%s: `moonward test %s`", path, r->path);
    for (size_t i = 0; i < count; i++)
        formatted(out, "", "%s: %s", fixtures[i].expect[0] ? fixtures[i].expect : "several", fixtures[i].name);
}

static mw_status explain_rule(mw_setup *s, const char *id, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_buf) calls = {.max = 1 << 16}, needs = {.max = 1 << 16};
    const mw_rule *r;
    mw_status st = mw_rules_keep(s->rules, &id, 1, err);

    if (st != MW_OK)
        return st;
    r = mw_rules_get(s->rules, id);
    if (!r)
        return mw_fail(err, MW_ERR_INVALID, "explain: '%s' names %zu rules, expected one", id,
                       mw_rules_count(s->rules));
    if ((st = mw_rules_calls(s, &calls, err)) != MW_OK)
        return st;
    for (size_t i = 0; i < r->need_count; i++)
        mw_buf_printf(&needs, "%s%s", i ? ", " : "", r->needs[i]);
    mw_term_inherit(out, &calls);
    mw_term_inherit(out, &needs);
    formatted(out, r->id, "%s", r->title);
    line(out, "why", r->description);
    formatted(out, "judges", "%s, severity %s%s%s", r->resource, r->severity, r->pillar[0] ? ", " : "", r->pillar);
    line(out, "reads", needs.data);
    line(out, "calls", calls.data);
    if ((st = params_lines(s, r, out, err)) != MW_OK)
        return st;
    controls_lines(s, r, out);
    line(out, "remediation", r->remediation);
    line(out, "file", r->path);
    line(out, "see", r->see);
    tests_lines(r, out);
    command(out, true, "moonward findings list --rule %s", r->id);
    command(out, false, "moonward lint %s", r->path);
    return mw_buf_status(out, err);
}

/* ---- findings ---- */

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '-';
}

/* "s3:GetBucketPolicy" in a message, and the code that follows it. */
static bool find_cause(const char *message, char operation[128], char code[128])
{
    for (const char *colon = message ? strchr(message, ':') : NULL; colon; colon = strchr(colon + 1, ':')) {
        const char *from = colon, *to = colon + 1;
        size_t n;
        while (from > message && word_char(from[-1]))
            from--;
        while (isalnum((unsigned char)*to))
            to++;
        if (from == colon || !isupper((unsigned char)colon[1]) || !islower((unsigned char)*from) || to - from >= 128)
            continue;
        memcpy(operation, from, (size_t)(to - from));
        operation[to - from] = '\0';
        to += strspn(to, ": (");
        for (n = 0; isalnum((unsigned char)to[n]) || to[n] == '.'; n++)
            ;
        if (n >= 128)
            n = 127;
        memcpy(code, to, n);
        code[n] = '\0';
        return true;
    }
    return false;
}

/* The action that AWS's own message names ("not authorized to perform: s3:GetBucketPolicy"), else
 * the operation's. */
static void find_action(const mw_models *models, const char *message, const char *operation, mw_buf *out)
{
    static const char marker[] = "to perform: ";
    MW_AUTO(mw_arena) arena = {0};
    const char *named = message ? strstr(message, marker) : NULL, *colon = strchr(operation, ':');
    const char *actions[MW_ACTIONS_OF_MAX];
    size_t n = 0, count = 0;
    char *service;

    if (named) {
        named += sizeof(marker) - 1;
        while (word_char(named[n]) || named[n] == ':')
            n++;
    }
    if (n > 0) {
        mw_buf_add(out, named, n, NULL);
        return;
    }
    service = colon ? mw_arena_strndup(&arena, operation, (size_t)(colon - operation)) : NULL;
    if (service)
        mw_operation_actions(models, service, colon + 1, &arena, actions, &count, NULL);
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(out, "%s%s", i ? ", " : "", actions[i]);
}

static void unknown_lines(const mw_setup *s, const mw_finding *f, mw_buf *out)
{
    MW_AUTO(mw_model_pack) pack = {0};
    MW_AUTO(mw_buf) action = {.max = 1024};
    char operation[128], code[128];
    const mw_explained *e;

    if (!find_cause(f->message, operation, code))
        return;
    line(out, "operation", operation);
    e = mw_explain_code(code);
    if (e)
        formatted(out, "cause", "%s: %s", code, e->meaning);
    if (e && mw_str_eq(e->code, "AccessDenied") && mw_model_pack_open(s->cli->args, &pack, NULL) == MW_OK) {
        find_action(pack.models, f->message, operation, &action);
        if (action.len)
            formatted(out, "lacks", "%s: the IAM action that the role needs", action.data);
    }
    if (e)
        line(out, "what to do", e->remedy);
}

static mw_status evidence_lines(const mw_finding *f, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);
    const mw_doc *d;
    mw_val list;

    if (st == MW_OK && f->evidence &&
        (st = mw_json_read(b, f->evidence, strlen(f->evidence), NULL, NULL, err)) == MW_OK) {
        list = mw_doc_pop(b);
        d = mw_doc_view(b);
        for (size_t i = 0; i < mw_val_len(d, list); i++) {
            MW_AUTO(mw_buf) text = {.max = 1 << 16};
            mw_val one = mw_val_at(d, list, i);
            mw_buf_printf(&text, "%s = ", mw_val_get_str(d, one, "path", "?"));
            mw_json_write(&text, d, mw_val_get(d, one, "value"), MW_JSON_COMPACT);
            mw_term_inherit(out, &text);
            line(out, i ? "" : "read", text.data);
        }
    }
    mw_doc_builder_free(b);
    return st;
}

/* The lines of the check that gave the verdict, as they stand in the file. */
static void decided_lines(const mw_rule *r, const mw_finding *f, mw_buf *out)
{
    MW_AUTO(mw_buf) source = {0};
    mw_decided at;
    mw_error err = {0};
    unsigned number = 1;

    if (read_text(r->path, &source, &err) != MW_OK || !source.data ||
        mw_lint_decided(source.data, source.len, mw_verdict_name(f->status), f->message, &at, &err) != MW_OK ||
        at.first == 0)
        return;
    formatted(out, "decided at", "%s:%u", r->path, at.first);
    for (char *s = source.data, *end; s && number <= at.last; s = end ? end + 1 : NULL, number++) {
        end = strchr(s, '\n');
        if (end)
            *end = '\0';
        if (number < at.first)
            continue;
        mw_buf_printf(out, "%*u | ", INDENT - 3, number);
        mw_term_text(out, s);
        mw_buf_putc(out, '\n');
    }
}

static mw_status explain_finding(const mw_setup *s, const mw_stored *stored, const mw_finding *f, mw_buf *out,
                                 mw_error *err)
{
    const mw_rule *r = s->rules ? mw_rules_get(s->rules, f->rule) : NULL;
    mw_status st;

    formatted(out, mw_verdict_name(f->status), "%s", f->message ? f->message : "");
    formatted(out, "resource", "%s %s%s%s%s, account %s, region %s", f->type, f->id,
              f->name && !mw_str_eq(f->name, f->id) ? " (" : "", f->name && !mw_str_eq(f->name, f->id) ? f->name : "",
              f->name && !mw_str_eq(f->name, f->id) ? ")" : "", f->account, f->region);
    line(out, "arn", f->arn);
    line(out, "part", f->subkey);
    formatted(out, "rule", "%s (%s)%s%s", f->rule, f->severity, r ? ": " : "", r ? r->title : "");
    line(out, "why", r ? r->description : NULL);
    if (f->status == MW_VERDICT_UNKNOWN || f->status == MW_VERDICT_ERROR)
        unknown_lines(s, f, out);
    if ((st = evidence_lines(f, out, err)) != MW_OK)
        return st;
    if (r)
        decided_lines(r, f, out);
    if (f->first_seen && f->last_seen)
        formatted(out, "since", "first seen %s, last seen %s%s%s", f->first_seen, f->last_seen, f->change ? ", " : "",
                  f->change ? f->change : "");
    if (f->status == MW_VERDICT_FAIL) {
        line(out, "remediation", r ? r->remediation : NULL);
        line(out, "how to fix", r ? r->see : NULL);
    } else if (r) {
        line(out, "see", r->see);
    }
    command(out, true, "moonward findings show %.12s --run %s", f->fingerprint, stored->report.run_id);
    command(out, false, "moonward findings list --all --resource '%s'", f->arn ? f->arn : f->id);
    command(out, false, "moonward explain %s", f->rule);
    return mw_buf_status(out, err);
}

/* ---- what is meant ---- */

static bool is_fingerprint(const char *s)
{
    size_t n = strlen(s);

    return n >= 4 && n <= 32 && strspn(s, "0123456789abcdef") == n;
}

static mw_status find_finding(mw_setup *s, const char *prefix, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_stored) stored = {0};
    const mw_finding *f;
    mw_error ignored = {0};
    mw_status st = mw_stored_load_one(s, mw_args_get(s->cli->args, "run"), prefix, &stored, &f, err);

    if (st != MW_OK)
        return st;
    /* A rule that is gone or broken does not keep its findings from being explained. */
    (void)mw_setup_rules(s, &ignored);
    return explain_finding(s, &stored, f, out, err);
}

static mw_status nothing(const mw_setup *s, const char *what, mw_error *err)
{
    const char *names[512], *near;
    size_t n = 0, codes;
    const mw_explained *all = mw_explained_codes(&codes);

    for (size_t i = 0; s->rules && i < mw_rules_count(s->rules) && n < 400; i++)
        names[n++] = mw_rules_at(s->rules, i)->id;
    for (size_t i = 0; i < codes && n < MW_COUNT(names); i++)
        names[n++] = all[i].code;
    near = mw_nearest(what, names, n);
    for (size_t i = 0; !near && strlen(what) >= 3 && i < n; i++)
        if (mw_str_starts(names[i], what))
            near = names[i];
    return mw_fail(err, MW_ERR_NOTFOUND, "explain: '%.100s' is no finding, rule or code%s%s%s", what,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static mw_status explain(mw_setup *s, const char *what, bool findings_only, mw_buf *out, mw_error *err)
{
    mw_status st;

    if (findings_only)
        return find_finding(s, what, out, err);
    if (explain_code(what, out))
        return mw_buf_status(out, err);
    if (is_fingerprint(what))
        return find_finding(s, what, out, err);
    if ((st = mw_setup_rules(s, err)) != MW_OK)
        return st;
    return mw_rules_get(s->rules, what) ? explain_rule(s, what, out, err) : nothing(s, what, err);
}

static int run_any(mw_cli *cli, bool findings_only)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};

    if (mw_setup_config(&s, cli, &err) != MW_OK ||
        explain(&s, mw_args_positional(cli->args, 0), findings_only, &out, &err) != MW_OK)
        return mw_cli_fail(&err);
    return mw_cli_print(out.data, out.len, MW_EXIT_OK);
}

static int run(mw_cli *cli)
{
    return run_any(cli, false);
}

static int run_finding(mw_cli *cli)
{
    return run_any(cli, true);
}

static const mw_option options[] = {
    {.name = "run", .value = "RUN", .help = "Run to find the finding in (default: the newest)"},
};

const mw_command mw_command_explain = {
    .name = "explain",
    .arguments = "FINDING|RULE|CODE",
    .summary = "Tell what a finding, a rule or an error code means and what to do about it",
    .description = "FINDING is a fingerprint, which may be shortened: what the rule wants, what "
                   "was read, which lines\n"
                   "decided, since when, how to fix it; for an unknown one the cause and the "
                   "permission that is missing.\n"
                   "CODE is a code of `moonward lint` (MW1101), of AWS (AccessDenied), of Moonward "
                   "(CircuitOpen) or an\n"
                   "exit status. Nothing is asked of AWS.\n",
    .examples = "moonward explain s3-bucket-versioning-enabled\n"
                "moonward explain 3f2a9c\n"
                "moonward explain AccessDenied\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};

const mw_command mw_command_findings_explain = {
    .name = "findings explain",
    .arguments = "FINGERPRINT",
    .summary = "Tell what a finding means and what to do about it, as `moonward explain`",
    .description = "FINGERPRINT may be shortened as long as it names one finding.",
    .options = options,
    .option_count = MW_COUNT(options),
    .min_args = 1,
    .max_args = 1,
    .run = run_finding,
};
