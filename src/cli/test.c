/*
 * `moonward test`: the fixtures beside rules, run in the same workers as a sweep, without AWS; or, with
 * --on, rules on a recorded account. --watch does it again when files change, for the rules that they
 * belong to; a file that belongs to no rule alone (a new one, a resource type) concerns all.
 */
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/setup.h"
#include "cli/test_account.h"
#include "cli/watch.h"

#include "base/file.h"
#include "base/str.h"
#include "engine/ruletest.h"
#include "report/ruletest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX   ((size_t)1 << 28)
#define EXPORTS      "text|json|tap|junit|lcov"
#define CLEAR_SCREEN "\033[H\033[2J\033[3J"

struct test {
    mw_cli *cli;
    const mw_models *models;
    double threshold; /* of branches, in percent; negative = none */
    size_t durations;
    bool coverage;
    const char *const *only; /* of this round, see mw_ruletest_options */
    size_t only_count;
};

/* ---- the command line ---- */

static bool is_export(const char *text, size_t len)
{
    for (const char *at = EXPORTS; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strcspn(at, "|") == len && memcmp(at, text, len) == 0)
            return true;
    return false;
}

static mw_status check_exports(struct test *t, mw_error *err)
{
    for (size_t i = 0; i < mw_args_count(t->cli->args, "export"); i++) {
        const char *text = mw_args_value(t->cli->args, "export", i), *equals = strchr(text, '=');
        if (!equals || !equals[1])
            return mw_fail(err, MW_ERR_INVALID, "--export: '%s' is not FORMAT=PATH", text);
        if (!is_export(text, (size_t)(equals - text)))
            return mw_fail(err, MW_ERR_INVALID, "--export: '%.*s' is not one of " EXPORTS, (int)(equals - text), text);
        if (mw_str_starts(text, "lcov="))
            t->coverage = true;
    }
    return MW_OK;
}

static mw_status read_numbers(struct test *t, mw_error *err)
{
    const char *threshold = mw_args_get(t->cli->args, "coverage-threshold"),
               *durations = mw_args_get(t->cli->args, "durations");
    long long n = 0;
    char *end;

    t->threshold = -1;
    if (threshold) {
        t->threshold = strtod(threshold, &end);
        if (*end || !(t->threshold >= 0 && t->threshold <= 100))
            return mw_fail(err, MW_ERR_INVALID, "--coverage-threshold: '%s' is not a number from 0 to 100", threshold);
        t->coverage = true;
    }
    if (durations && (!mw_parse_int(durations, strlen(durations), &n) || n < 1 || n > 1000000))
        return mw_fail(err, MW_ERR_INVALID, "--durations: '%s' is not a whole number from 1", durations);
    t->durations = (size_t)n;
    return MW_OK;
}

static mw_status read_args(struct test *t, mw_error *err)
{
    static const char *const of_fixtures[] = {"run", "list", "coverage", "coverage-threshold", "durations"},
                             *const of_accounts[] = {"expect", "update"};
    const mw_args *args = t->cli->args;
    bool on = mw_args_get(args, "on") != NULL;
    mw_status st;

    t->coverage = mw_args_flag(args, "coverage");
    if ((st = check_exports(t, err)) != MW_OK || (st = read_numbers(t, err)) != MW_OK)
        return st;
    for (size_t i = 0; on && i < MW_COUNT(of_fixtures); i++)
        if (mw_args_flag(args, of_fixtures[i]) || mw_args_count(args, of_fixtures[i]) > 0)
            return mw_fail(err, MW_ERR_INVALID, "--%s is about fixtures, --on runs rules on an account instead",
                           of_fixtures[i]);
    for (size_t i = 0; !on && i < MW_COUNT(of_accounts); i++)
        if (mw_args_flag(args, of_accounts[i]) || mw_args_count(args, of_accounts[i]) > 0)
            return mw_fail(err, MW_ERR_INVALID, "--%s needs --on", of_accounts[i]);
    if (on && t->coverage)
        return mw_fail(err, MW_ERR_INVALID, "--export lcov is about fixtures, --on runs rules on an account instead");
    return MW_OK;
}

/* ---- output ---- */

static mw_status render(const mw_ruletest_report *r, const char *format, size_t len, const mw_ruletest_text *text,
                        mw_buf *out, mw_error *err)
{
    if (len == 4 && memcmp(format, "json", 4) == 0)
        return mw_ruletest_json(r, out, err);
    if (len == 3)
        return mw_ruletest_tap(r, out, err);
    if (len == 5)
        return mw_ruletest_junit(r, out, err);
    if (memcmp(format, "lcov", 4) == 0)
        return mw_ruletest_lcov(r, out, err);
    return mw_ruletest_text_write(r, text, out, err);
}

static mw_status write_exports(const struct test *t, const mw_ruletest_report *r, mw_ruletest_text text, mw_error *err)
{
    mw_status st = MW_OK;

    text.color = false;
    for (size_t i = 0; st == MW_OK && i < mw_args_count(t->cli->args, "export"); i++) {
        const char *format = mw_args_value(t->cli->args, "export", i), *equals = strchr(format, '=');
        MW_AUTO(mw_buf) out = {.max = OUTPUT_MAX};
        st = render(r, format, (size_t)(equals - format), &text, &out, err);
        if (st == MW_OK)
            st = mw_file_write_atomic(equals + 1, out.data ? out.data : "", out.len, 0644, err);
    }
    return st;
}

static bool below_threshold(const struct test *t, const mw_ruletest_report *r)
{
    mw_ruletest_sums s = mw_ruletest_sum(r);

    return t->threshold >= 0 && mw_ruletest_percent(s.ways_taken, s.ways) < t->threshold;
}

static int finish(const struct test *t, const mw_setup *s, const mw_ruletest_report *r)
{
    const char *output = mw_args_get(t->cli->args, "output");
    const mw_ruletest_text text = {
        .color = mw_setup_text(s).color, .durations = t->durations, .list = mw_args_flag(t->cli->args, "list")};
    MW_AUTO(mw_buf) out = {.max = OUTPUT_MAX};
    int code = mw_ruletest_failures(r) > 0 ? MW_EXIT_FINDINGS : MW_EXIT_OK;
    mw_error err = {0};

    output = output ? output : "text";
    if (write_exports(t, r, text, &err) != MW_OK || render(r, output, strlen(output), &text, &out, &err) != MW_OK)
        return mw_cli_fail(&err);
    if (t->coverage && !text.list && below_threshold(t, r)) {
        mw_ruletest_sums sums = mw_ruletest_sum(r);
        code = MW_EXIT_FINDINGS;
        fprintf(stderr, "moonward: %.1f %% of branches are covered, %.1f %% are asked for\n",
                mw_ruletest_percent(sums.ways_taken, sums.ways), t->threshold);
    }
    return mw_cli_print(out.data ? out.data : "", out.len, code);
}

/* ---- one round ---- */

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

static mw_status run_fixtures(const struct test *t, mw_setup *s, mw_ruletest_report *r, mw_error *err)
{
    const mw_args *args = t->cli->args;
    size_t n = mw_args_count(args, "run");
    const char **globs = mw_arena_alloc(&s->arena, (n + 1) * sizeof(*globs));
    mw_ruletest_options o = {.evaluate = {.stop = t->cli->stop},
                             .models = t->models,
                             .glob_count = n,
                             .only = t->only,
                             .only_count = t->only_count,
                             .list = mw_args_flag(args, "list"),
                             .fail_fast = mw_args_flag(args, "fail-fast"),
                             .coverage = t->coverage};

    if (!globs)
        return mw_fail(err, MW_ERR_NOMEM, "test: out of memory");
    for (size_t i = 0; i < n; i++)
        globs[i] = mw_args_value(args, "run", i);
    o.globs = (const char *const *)globs;
    return mw_ruletest_run(s->rules, s->types, &o, r, err);
}

static mw_status run_account(const struct test *t, mw_setup *s, mw_ruletest_report *r, mw_error *err)
{
    const mw_args *args = t->cli->args;
    const mw_test_account o = {.on = mw_args_get(args, "on"),
                               .expect = mw_args_get(args, "expect"),
                               .update = mw_args_flag(args, "update"),
                               .all_rules = mw_args_positional_count(args) == 0};

    return mw_test_account_run(s, &o, r, err);
}

/* The set-up stays for whoever wants to know which rules there are. */
static int run_once(const struct test *t, mw_setup *s)
{
    mw_ruletest_report r = {0};
    mw_error err = {0};
    mw_status st;
    int code;

    if ((st = mw_setup_config(s, t->cli, &err)) == MW_OK && (st = load(s, &err)) == MW_OK)
        st = mw_args_get(t->cli->args, "on") ? run_account(t, s, &r, &err) : run_fixtures(t, s, &r, &err);
    code = st == MW_OK ? finish(t, s, &r) : mw_cli_fail(&err);
    mw_ruletest_report_clear(&r);
    return code;
}

/* ---- again and again ---- */

/* What a round depends on: rules, types, the configuration, expectations. */
static mw_status watched_paths(mw_setup *s, const char ***out, size_t *count, mw_error *err)
{
    const mw_args *args = s->cli->args;
    const char **rules = NULL, **types, **all;
    size_t n = mw_args_positional_count(args), rule_count = 0, type_count;
    mw_status st;

    if ((n == 0 && (st = mw_setup_rule_paths(s, &rules, &rule_count, err)) != MW_OK) ||
        (st = mw_setup_list(s, "types", "types", &types, &type_count, err)) != MW_OK)
        return st;
    all = mw_arena_alloc(&s->arena, (n + rule_count + type_count + 4) * sizeof(*all));
    if (!all)
        return mw_fail(err, MW_ERR_NOMEM, "test: out of memory");
    *count = 0;
    for (size_t i = 0; i < n; i++)
        all[(*count)++] = mw_args_positional(args, i);
    for (size_t i = 0; i < rule_count; i++)
        all[(*count)++] = rules[i];
    for (size_t i = 0; i < type_count; i++)
        all[(*count)++] = types[i];
    if (s->config.path)
        all[(*count)++] = s->config.path;
    if (mw_args_get(args, "expect") && !mw_args_flag(args, "update"))
        all[(*count)++] = mw_args_get(args, "expect");
    *out = all;
    return MW_OK;
}

/* The rule whose file, or whose tests, a path is; NULL: it concerns all. */
static const char *rule_of(const mw_rules *rules, const char *path)
{
    size_t stem = strlen(path) - (mw_str_ends(path, "_test.lua") ? 9 : mw_str_ends(path, ".lua") ? 4 : 0);

    for (size_t i = 0; rules && i < mw_rules_count(rules); i++) {
        const mw_rule *r = mw_rules_at(rules, i);
        if (strlen(r->path) == stem + 4 && strncmp(r->path, path, stem) == 0)
            return r->id;
    }
    return NULL;
}

/* The set-up of the last round, before the change: a rule that was not there then is new. */
static mw_status choose(struct test *t, const mw_rules *rules, const char *const *changed, size_t count,
                        mw_arena *arena, mw_error *err)
{
    const char **only = mw_arena_alloc(arena, (count + 1) * sizeof(*only));

    if (!only)
        return mw_fail(err, MW_ERR_NOMEM, "test: out of memory");
    t->only = (const char *const *)only;
    t->only_count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *id = mw_file_exists(changed[i]) ? rule_of(rules, changed[i]) : NULL;
        if (!id) {
            t->only_count = 0;
            break;
        }
        only[t->only_count] = mw_arena_strdup(arena, id);
        if (!only[t->only_count++])
            return mw_fail(err, MW_ERR_NOMEM, "test: out of memory");
    }
    return MW_OK;
}

static int watch_and_run(struct test *t, mw_watch *w)
{
    const char *const *changed;
    MW_AUTO(mw_arena) arena = {0}; /* ids of the rules of this round */
    mw_error err = {0};
    mw_status st;

    for (size_t count = 0;;) {
        MW_AUTO(mw_setup) s = {0};
        if (isatty(STDOUT_FILENO))
            (void)mw_cli_print(CLEAR_SCREEN, strlen(CLEAR_SCREEN), 0);
        (void)run_once(t, &s);
        if (*t->cli->stop)
            return mw_cli_signal_exit();
        fprintf(stderr, "moonward: watching %zu files; Ctrl-C ends\n", mw_watch_count(w));
        st = mw_watch_wait(w, t->cli->stop, &changed, &count, &err);
        if (st == MW_ERR_CANCELLED)
            return mw_cli_signal_exit();
        mw_arena_clear(&arena);
        if (st == MW_OK)
            st = choose(t, s.rules, changed, count, &arena, &err);
        if (st != MW_OK)
            return mw_cli_fail(&err);
    }
}

static int watch(struct test *t)
{
    MW_AUTO(mw_setup) s = {0};
    mw_watch *w = NULL;
    const char **paths = NULL;
    mw_error err = {0};
    size_t count = 0;
    int code;

    if (mw_setup_config(&s, t->cli, &err) != MW_OK || watched_paths(&s, &paths, &count, &err) != MW_OK ||
        mw_watch_new((const char *const *)paths, count, &w, &err) != MW_OK)
        return mw_cli_fail(&err);
    code = watch_and_run(t, w);
    mw_watch_free(w);
    return code;
}

/* ---- the command ---- */

static int run(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_model_pack) pack = {0};
    struct test t = {.cli = cli};
    mw_error err = {0};

    if (read_args(&t, &err) != MW_OK || mw_model_pack_open(cli->args, &pack, &err) != MW_OK)
        return mw_cli_fail(&err);
    t.models = pack.models;
    return mw_args_flag(cli->args, "watch") ? watch(&t) : run_once(&t, &s);
}

static const mw_option options[] = {
    {.name = "run",
     .value = "GLOB",
     .repeatable = true,
     .help = "Only the tests whose name, rule or rule/name matches; may be repeated"},
    {.name = "list", .help = "List the tests and what is wrong with how they are written; run none"},
    {.name = "fail-fast", .help = "Report nothing behind the first failure"},
    {.name = "durations", .value = "N", .help = "Tell the N rules that took the most processor time"},
    {.name = "coverage", .help = "Tell which branches and lines of the rules no test reaches"},
    {.name = "coverage-threshold",
     .value = "PERCENT",
     .help = "With --coverage: exit status 1 when fewer of all branches are covered"},
    {.name = "on",
     .value = "DIR|SNAPSHOT",
     .help = "Run the rules on this recording (`sweep --record`) or stored snapshot (latest, a time, an id) instead of "
             "fixtures"},
    {.name = "expect",
     .value = "FILE",
     .help = "With --on: the findings that are expected (default: DIR/expected-findings.json; a snapshot has none)"},
    {.name = "update", .help = "With --on: write what is found as what is expected"},
    {.name = "watch", .help = "Run again whatever a changed file concerns, until Ctrl-C"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json|tap|junit",
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
    {.name = "export",
     .value = "FORMAT=PATH",
     .repeatable = true,
     .help = "Also write the results to a file: text, json, tap, junit, lcov; may be repeated"},
};

const mw_command mw_command_test = {
    .name = "test",
    .arguments = "[PATHS…]",
    .summary = "Run the tests that stand beside rules, without AWS",
    .description = "PATHS are rule files and folders (default: --rules, else the built-in rules). With --on, the rules "
                   "run on a recorded account or a stored snapshot, and their findings are compared with a file. Exit "
                   "status: 0 all "
                   "passed; 1 a test failed, or coverage is below its threshold; 3 usage or a rule that does not load.",
    .examples = "moonward test\n"
                "moonward test rules/s3 --run '*denied*' --output tap\n"
                "moonward test --coverage --coverage-threshold 90 --export lcov=rules.lcov\n"
                "moonward test --on tests/account --update\n"
                "moonward test my-rules --on latest --expect findings.json\n"
                "moonward test my-rules --watch\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
