/*
 * `moonward sweep`: configuration, rules, plan, collection, evaluation, comparison, report. Each step is a
 * function of the floor that owns it; this file only orders them and must not report as complete what
 * was not. A signal ends it between steps with nothing half written.
 */
#include "cli/commands.h"
#include "cli/coverage.h"
#include "cli/outcome.h"
#include "cli/progress.h"
#include "cli/results.h"
#include "cli/session.h"
#include "cli/sweep.h"

#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"
#include "engine/evaluate.h"
#include "inventory/plan.h"

#include <string.h>
#include <unistd.h>

/** Everything that a sweep holds; cleared as one. */
struct sweep {
    mw_setup setup;
    mw_session session;
    mw_plan *plan;
    mw_progress progress;
    int snapshot_fd; /* -1 before there is one */
    mw_doc *snapshot, *coverage;
    mw_findings findings;
    char run_id[MW_ULID_SIZE], started_at[MW_TIME_SIZE], finished_at[MW_TIME_SIZE];
    char findings_digest[65], snapshot_digest[65];
    size_t fixed;
    bool stored;
};

static void clear(struct sweep *w)
{
    mw_progress_end(&w->progress);
    mw_findings_clear(&w->findings);
    mw_doc_free(w->coverage);
    mw_doc_free(w->snapshot);
    if (w->snapshot_fd >= 0)
        close(w->snapshot_fd);
    mw_plan_free(w->plan);
    mw_session_clear(&w->session);
    mw_setup_clear(&w->setup);
}

/* ---- rules and plan ---- */

static mw_status choose_rules(struct sweep *w, mw_error *err)
{
    const mw_args *args = w->setup.cli->args;
    size_t given = mw_args_positional_count(args);
    size_t n = given ? given : mw_config_count(&w->setup.config, "select");
    const char **globs = mw_arena_alloc(&w->setup.arena, (n + 1) * sizeof(*globs));

    if (!globs)
        return mw_fail(err, MW_ERR_NOMEM, "rules: out of memory");
    for (size_t i = 0; i < n; i++)
        globs[i] = given ? mw_args_positional(args, i) : mw_config_at(&w->setup.config, "select", i);
    return n ? mw_rules_keep(w->setup.rules, globs, n, err) : MW_OK;
}

/* "Versioning" is the rule's own type's facet, "AWS::X::Y.Facet" another's. */
static mw_status plan_need(mw_plan *p, const mw_rule *r, const char *need, mw_error *err)
{
    const char *dot = strstr(need, "::") ? strrchr(need, '.') : NULL;
    MW_AUTO(mw_buf) type = {.max = 1024};
    mw_status st;

    if (!dot)
        return mw_plan_need(p, r->resource, need, err);
    if ((st = mw_buf_add(&type, need, (size_t)(dot - need), err)) != MW_OK)
        return st;
    return mw_plan_need(p, type.data, dot + 1, err);
}

mw_status mw_sweep_plan(const mw_rules *rules, const mw_types *types, const mw_models *models, mw_plan **out,
                        mw_error *err)
{
    mw_status st = mw_plan_new(types, models, out, err);

    for (size_t i = 0; i < mw_rules_count(rules) && st == MW_OK; i++) {
        const mw_rule *r = mw_rules_at(rules, i);
        st = mw_plan_need(*out, r->resource, NULL, err);
        for (size_t k = 0; k < r->related_count && st == MW_OK; k++)
            st = mw_plan_need(*out, r->related[k], NULL, err);
        for (size_t k = 0; k < r->need_count && st == MW_OK; k++)
            st = plan_need(*out, r, r->needs[k], err);
        if (st != MW_OK)
            st = mw_error_prefix(err, st, "rule %s", r->id);
    }
    return st;
}

static bool is_region_of(const char *partition, mw_val partitions, const mw_doc *d, const char *pattern,
                         size_t *count)
{
    mw_val list = mw_val_get(d, partitions, "partitions");
    size_t before = *count;

    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        mw_val one = mw_val_at(d, list, i), regions = mw_val_get(d, one, "regions");
        if (!mw_str_eq(mw_val_get_str(d, one, "id", ""), partition))
            continue;
        for (size_t k = 0; k < mw_val_len(d, regions); k++) {
            mw_val name;
            mw_val_member(d, regions, k, &name);
            *count += mw_glob_match(pattern, mw_val_str(d, name, NULL)) &&
                      !mw_str_ends(mw_val_str(d, name, NULL), "-global");
        }
    }
    return *count > before;
}

/* Without calling AWS: globs are counted over the regions that the partition has. */
static mw_status count_regions(struct sweep *w, size_t *out, mw_error *err)
{
    const mw_models *m = w->session.models;
    const char **patterns;
    size_t count;
    mw_status st = mw_session_patterns(&w->session, &patterns, &count, err);

    *out = 0;
    for (size_t i = 0; i < count && st == MW_OK; i++) {
        if (!strpbrk(patterns[i], "*?"))
            (*out)++;
        else if (!is_region_of("aws", mw_models_partitions(m), mw_models_doc(m), patterns[i], out))
            st = mw_fail(err, MW_ERR_INVALID, "--region: no region of AWS matches '%s'", patterns[i]);
    }
    return st;
}

static int print_plan(struct sweep *w)
{
    MW_AUTO(mw_buf) out = {0};
    const char *output = mw_args_get(w->setup.cli->args, "output");
    mw_error err = {0};
    size_t regions;

    if (count_regions(w, &regions, &err) != MW_OK ||
        mw_plan_describe(w->plan, 1, regions, mw_str_eq(output, "json"), &out, &err) != MW_OK ||
        mw_buf_status(&out, &err) != MW_OK)
        return mw_cli_fail(&err);
    return mw_cli_print(out.data, out.len, MW_EXIT_OK);
}

/* ---- collection and evaluation ---- */

static mw_status stopped(const struct sweep *w, mw_error *err)
{
    return *w->setup.cli->stop ? mw_fail(err, MW_ERR_CANCELLED, "stopped by a signal; nothing was stored")
                               : MW_OK;
}

static mw_status collect(struct sweep *w, mw_error *err)
{
    mw_session *n = &w->session;
    const mw_collect_account account = {.account = n->account, .partition = n->partition,
                                        .home_region = n->home_region,
                                        .regions = (const char *const *)n->regions,
                                        .region_count = n->region_count, .credentials = n->credentials};
    const mw_collect_options o = {.accounts = &account, .account_count = 1,
                                  .now_unix = mw_client_now_unix(n->client),
                                  .on_progress = mw_progress_collect, .user = &w->progress};
    mw_status st;

    if ((st = mw_collect(n->client, w->plan, &o, &w->snapshot_fd, err)) != MW_OK ||
        (st = stopped(w, err)) != MW_OK || (st = mw_session_close(n, err)) != MW_OK ||
        (st = mw_doc_map(w->snapshot_fd, &w->snapshot, err)) != MW_OK)
        return st;
    return mw_coverage_from_snapshot(w->snapshot, n->regions_unchecked ? &n->unchecked : NULL, &w->coverage,
                                     err);
}

static mw_status evaluate(struct sweep *w, mw_error *err)
{
    const mw_evaluate_options o = {.stop = w->setup.cli->stop, .on_progress = mw_progress_evaluate,
                                   .user = &w->progress};
    mw_evaluate_stats stats = {0};
    mw_status st = mw_evaluate(w->setup.rules, w->snapshot_fd, &o, &w->findings, &stats, err);

    if (st != MW_OK || (st = stopped(w, err)) != MW_OK)
        return st;
    if (stats.workers_died)
        mw_log_warn("%zu of %zu workers died; their evaluations are errors", stats.workers_died,
                    stats.workers_started);
    mw_log_info("%zu evaluations, %zu workers, isolation: %s", stats.evaluations, stats.workers_started,
                stats.isolation ? stats.isolation : "unknown");
    return mw_findings_digest(&w->findings, w->findings_digest, err);
}

/* ---- the run ---- */

/* A replay is an experiment, not a look at the account: it is stored only where the command line says so. */
static bool stores(const struct sweep *w)
{
    const mw_args *args = w->setup.cli->args;

    return !mw_args_flag(args, "no-store") &&
           (!mw_client_replays(w->session.client) || mw_args_get(args, "store"));
}

/* Crockford base32, as a ULID is written (github.com/ulid/spec). */
static void name_replay(struct sweep *w)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t digest[MW_SHA256_SIZE];
    MW_AUTO(mw_buf) text = {.max = 1024};

    mw_buf_printf(&text, "%s %s", w->snapshot_digest, mw_rules_digest(w->setup.rules));
    mw_sha256(digest, text.data, text.len);
    for (size_t i = 0; i < 16; i++) /* behind the 10 characters of time */
        w->run_id[10 + i] = digits[digest[i] & 31];
}

static mw_status name_run(struct sweep *w, int64_t started_ns, mw_error *err)
{
    bool replay = mw_client_replays(w->session.client);
    int64_t recorded_ns = mw_client_now_unix(w->session.client) * 1000000000;
    mw_status st;

    /* A replay stands for the time of its recording, so that the same inputs give the same bytes. */
    mw_time_iso(w->started_at, replay ? recorded_ns : started_ns / 1000000000 * 1000000000);
    mw_time_iso(w->finished_at, replay ? recorded_ns : mw_now_unix() * 1000000000);
    if ((st = mw_snapshot_digest(w->snapshot, w->snapshot_digest, err)) != MW_OK ||
        (st = mw_ulid(w->run_id, replay ? recorded_ns : started_ns, err)) != MW_OK)
        return st;
    if (replay && !stores(w)) /* a stored run has a name of its own, whatever it replays */
        name_replay(w);
    return MW_OK;
}

static mw_report report_of(const struct sweep *w)
{
    return (mw_report){
        .run_id = w->run_id, .started_at = w->started_at, .finished_at = w->finished_at,
        .engine = MW_VERSION, .rules_digest = mw_rules_digest(w->setup.rules),
        .findings_digest = w->findings_digest, .snapshot = w->snapshot_digest,
        .coverage_doc = w->coverage, .coverage = mw_doc_root(w->coverage), .findings = w->findings.items,
        .count = w->findings.count, .compared = w->stored, .fixed = w->fixed,
    };
}

/* Without a store nothing is known of earlier runs: a failing finding was seen now, first and last. */
static void seen_now(struct sweep *w)
{
    for (size_t i = 0; i < w->findings.count; i++) {
        mw_finding *f = &w->findings.items[i];
        bool fails = f->status == MW_VERDICT_FAIL;
        f->change = NULL;
        f->first_seen = f->last_seen = fails ? w->finished_at : NULL;
    }
}

/* What the store found out goes back into the findings; strings into their arena. */
static mw_status take_back(struct sweep *w, const mw_store_finding *rows, mw_error *err)
{
    for (size_t i = 0; i < w->findings.count; i++) {
        mw_finding *f = &w->findings.items[i];
        const char *const from[] = {rows[i].change, rows[i].first_seen, rows[i].last_seen};
        const char **const to[] = {&f->change, &f->first_seen, &f->last_seen};
        for (size_t k = 0; k < MW_COUNT(from); k++) {
            *to[k] = from[k][0] ? mw_arena_strdup(&w->findings.arena, from[k]) : NULL;
            if (from[k][0] && !*to[k])
                return mw_fail(err, MW_ERR_NOMEM, "findings: out of memory");
        }
    }
    return MW_OK;
}

static mw_status put(struct sweep *w, mw_store *store, mw_store_finding *rows, mw_error *err)
{
    size_t rules = mw_rules_count(w->setup.rules);
    const char **ids = mw_arena_alloc(&w->setup.arena, (rules + 1) * sizeof(*ids));
    mw_coverage_view view = {.snapshot = w->snapshot, .coverage = w->coverage,
                             .regions = (const char *const *)w->session.regions,
                             .region_count = w->session.region_count};
    MW_AUTO(mw_buf) coverage = {.max = (size_t)1 << 30};
    mw_report r = report_of(w);
    mw_run run = {.id = w->run_id, .started_at = w->started_at, .finished_at = w->finished_at,
                  .engine = r.engine, .rules_digest = r.rules_digest,
                  .findings_digest = w->findings_digest, .snapshot = w->snapshot_digest,
                  .rules = ids, .rule_count = rules};
    mw_status st;

    if (!ids)
        return mw_fail(err, MW_ERR_NOMEM, "store: out of memory");
    for (size_t i = 0; i < rules; i++)
        ids[i] = mw_rules_at(w->setup.rules, i)->id;
    for (size_t i = 0; i < w->findings.count; i++) {
        const mw_finding *f = &w->findings.items[i];
        rows[i] = (mw_store_finding){
            .fingerprint = f->fingerprint, .rule = f->rule, .status = mw_verdict_name(f->status),
            .severity = f->severity, .type = f->type, .id = f->id, .arn = f->arn, .name = f->name,
            .account = f->account, .region = f->region, .partition = f->partition, .subkey = f->subkey,
            .message = f->message, .evidence = f->evidence};
    }
    if ((st = mw_json_write(&coverage, w->coverage, mw_doc_root(w->coverage), MW_JSON_COMPACT)) != MW_OK)
        return mw_buf_status(&coverage, err);
    run.coverage = coverage.data;
    if ((st = mw_store_put_run(store, &run, rows, w->findings.count, mw_coverage_complete, &view, &w->fixed,
                               err)) != MW_OK)
        return st;
    return take_back(w, rows, err);
}

static mw_status store(struct sweep *w, mw_error *err)
{
    const char *path;
    mw_store *s = NULL;
    mw_store_finding *rows = NULL;
    mw_status st = MW_OK;

    if (!stores(w)) {
        seen_now(w);
        return MW_OK;
    }
    path = mw_setup_store_path(&w->setup, err);
    if (!path)
        return err->status;
    rows = mw_alloc((w->findings.count + 1) * sizeof(*rows));
    if (!rows)
        st = mw_fail(err, MW_ERR_NOMEM, "store: out of memory");
    if (st == MW_OK && (st = mw_store_open(path, &s, err)) == MW_OK)
        st = put(w, s, rows, err);
    mw_store_close(s);
    mw_free(rows);
    w->stored = st == MW_OK;
    return st;
}

/* ---- the command ---- */

static mw_status prepare(struct sweep *w, const mw_cli *cli, mw_error *err)
{
    mw_status st;

    if ((st = mw_results_check(cli->args, err)) != MW_OK ||
        (st = mw_setup_config(&w->setup, cli, err)) != MW_OK ||
        (st = mw_setup_rules(&w->setup, err)) != MW_OK || (st = choose_rules(w, err)) != MW_OK ||
        (st = mw_session_open(&w->setup, &w->session, err)) != MW_OK)
        return st;
    return mw_sweep_plan(w->setup.rules, w->setup.types, w->session.models, &w->plan, err);
}

static mw_status perform(struct sweep *w, mw_error *err)
{
    int64_t started_ns = mw_now_ns();
    mw_status st;

    if ((st = mw_session_identify(&w->session, err)) != MW_OK)
        return st;
    mw_progress_start(&w->progress, w->setup.cli);
    if ((st = collect(w, err)) != MW_OK || (st = evaluate(w, err)) != MW_OK ||
        (st = name_run(w, started_ns, err)) != MW_OK)
        return st;
    mw_progress_end(&w->progress);
    return store(w, err);
}

static int finish(struct sweep *w)
{
    const char *fail_on = mw_setup_str(&w->setup, "fail-on");
    bool allow = mw_args_flag(w->setup.cli->args, "allow-incomplete") ||
                 mw_config_bool(&w->setup.config, "allow_incomplete", false);
    mw_report r = report_of(w);
    mw_report_counts counts;

    mw_report_count(&r, &counts);
    return mw_results_write(&w->setup, &r, w->stored,
                            mw_outcome(&counts, fail_on ? fail_on : MW_FAIL_ON_DEFAULT, allow));
}

static int run(mw_cli *cli)
{
    struct sweep w = {.snapshot_fd = -1};
    mw_error err = {0};
    int code;

    if (prepare(&w, cli, &err) != MW_OK)
        code = mw_cli_fail(&err);
    else if (mw_args_flag(cli->args, "plan"))
        code = print_plan(&w);
    else if (perform(&w, &err) != MW_OK) {
        mw_progress_end(&w.progress);
        code = mw_cli_fail(&err);
    } else
        code = finish(&w);
    clear(&w);
    return code;
}

static const mw_option options[] = {
    {.name = "plan", .help = "Print the API calls that a sweep makes, and stop: AWS is not called"},
    {.name = "fail-on", .value = "SEVERITY", .choices = MW_FAIL_ON_CHOICES, .env = "MOONWARD_FAIL_ON",
     .help = "Exit 1 when a finding at or above this severity fails (default: " MW_FAIL_ON_DEFAULT ")"},
    {.name = "allow-incomplete",
     .help = "Do not exit 2 for what is unknown, an error or an incomplete scope"},
    {.name = "no-store", .help = "Compare with nothing and record nothing"},
    MW_RESULTS_OPTIONS,
};

const mw_command mw_command_sweep = {
    .name = "sweep",
    .arguments = "[RULES…]",
    .summary = "Collect, evaluate, compare with the last run, report",
    .description =
        "RULES are rule ids or globs over them ('s3-*'); without any, all rules run. Only the API calls that "
        "these rules need are made, and all of them only read. What cannot be read is unknown, with its "
        "cause, and the exit status is 2.\n\n"
        "Exit status: 0 complete and nothing at or above --fail-on; 1 findings at or above it; 2 incomplete; "
        "3 usage, configuration or rule error; 4 no usable credentials or not the expected account.",
    .examples = "moonward sweep --region eu-west-1 --region 'us-*'\n"
                "moonward sweep 's3-*' --output json\n"
                "moonward sweep --plan\n"
                "moonward sweep --record trip && moonward sweep --replay trip\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
