/*
 * `moonward sweep`: take a snapshot, judge it, compare with the last run, report. What was
 * collected and what was found is stored, the snapshot first: a run never names one that is not
 * there.
 */
#include "cli/commands.h"
#include "cli/coverage.h"
#include "cli/judge.h"
#include "cli/outcome.h"
#include "cli/profile.h"
#include "cli/results.h"
#include "cli/take.h"

#include "base/sys.h"

/** Everything that a sweep holds; cleared as one. */
struct sweep {
    mw_take take;
    mw_judged judged;
    mw_profile profile; /* with --profile-rules */
};

/* A replay stands for the time of its recording, so that the same inputs give the same bytes. */
static mw_status name_run(struct sweep *w, mw_error *err)
{
    bool replay = mw_client_replays(w->take.session.client);
    int64_t recorded_ns = mw_client_now_unix(w->take.session.client) * 1000000000;
    mw_judged *j = &w->judged;

    if (replay &&
        !mw_take_stores(&w->take)) /* a stored run has a name of its own, whatever it replays */
        return mw_judged_name_after(j, &w->take.setup, w->take.digest, recorded_ns, err);
    mw_time_iso(j->started_at, replay ? recorded_ns : w->take.started_ns / 1000000000 * 1000000000);
    mw_time_iso(j->finished_at, replay ? recorded_ns : mw_now_unix() * 1000000000);
    return mw_ulid(j->run_id, replay ? recorded_ns : w->take.started_ns, err);
}

/* ---- the store ---- */

/* What the store found out goes back into the findings; strings into their arena. */
static mw_status take_back(struct sweep *w, const mw_store_finding *rows, mw_error *err)
{
    for (size_t i = 0; i < w->judged.findings.count; i++) {
        mw_finding *f = &w->judged.findings.items[i];
        const char *const from[] = {rows[i].change, rows[i].first_seen, rows[i].last_seen};
        const char **const to[] = {&f->change, &f->first_seen, &f->last_seen};
        for (size_t k = 0; k < MW_COUNT(from); k++) {
            *to[k] = from[k][0] ? mw_arena_strdup(&w->judged.findings.arena, from[k]) : NULL;
            if (from[k][0] && !*to[k])
                return mw_fail(err, MW_ERR_NOMEM, "findings: out of memory");
        }
    }
    return MW_OK;
}

static mw_status put(struct sweep *w, mw_store *store, mw_store_finding *rows, mw_error *err)
{
    size_t rules = mw_rules_count(w->take.setup.rules);
    const char **ids = mw_arena_alloc(&w->take.setup.arena, (rules + 1) * sizeof(*ids));
    mw_coverage_view view = {.snapshot = w->take.snapshot,
                             .coverage = w->take.coverage,
                             .regions = (const char *const *)w->take.session.regions,
                             .region_count = w->take.session.region_count};
    MW_AUTO(mw_buf) coverage = {.max = (size_t)1 << 30};
    mw_report r = mw_judged_report(&w->judged, &w->take.setup, w->take.digest, w->take.coverage);
    mw_run run = {.id = w->judged.run_id,
                  .started_at = w->judged.started_at,
                  .finished_at = w->judged.finished_at,
                  .engine = r.engine,
                  .rules_digest = r.rules_digest,
                  .findings_digest = w->judged.findings_digest,
                  .snapshot = w->take.digest,
                  .rules = ids,
                  .rule_count = rules};
    mw_status st;

    if (!ids)
        return mw_fail(err, MW_ERR_NOMEM, "store: out of memory");
    for (size_t i = 0; i < rules; i++)
        ids[i] = mw_rules_at(w->take.setup.rules, i)->id;
    for (size_t i = 0; i < w->judged.findings.count; i++) {
        const mw_finding *f = &w->judged.findings.items[i];
        rows[i] = (mw_store_finding){.fingerprint = f->fingerprint,
                                     .rule = f->rule,
                                     .status = mw_verdict_name(f->status),
                                     .severity = f->severity,
                                     .type = f->type,
                                     .id = f->id,
                                     .arn = f->arn,
                                     .name = f->name,
                                     .account = f->account,
                                     .region = f->region,
                                     .partition = f->partition,
                                     .subkey = f->subkey,
                                     .message = f->message,
                                     .evidence = f->evidence};
    }
    if ((st = mw_json_write(&coverage, w->take.coverage, mw_doc_root(w->take.coverage),
                            MW_JSON_COMPACT)) != MW_OK)
        return mw_buf_status(&coverage, err);
    run.coverage = coverage.data;
    if ((st = mw_store_put_run(store, &run, rows, w->judged.findings.count, mw_coverage_complete,
                               &view, &w->judged.fixed, err)) != MW_OK)
        return st;
    return take_back(w, rows, err);
}

static mw_status store(struct sweep *w, mw_error *err)
{
    const char *path;
    mw_store *s = NULL;
    mw_store_finding *rows = NULL;
    mw_status st = MW_OK;

    if (!mw_take_stores(&w->take)) {
        mw_judged_seen_now(&w->judged);
        return MW_OK;
    }
    path = mw_setup_store_path(&w->take.setup, err);
    if (!path)
        return err->status;
    rows = mw_alloc((w->judged.findings.count + 1) * sizeof(*rows));
    if (!rows)
        st = mw_fail(err, MW_ERR_NOMEM, "store: out of memory");
    if (st == MW_OK && (st = mw_store_open(path, &s, err)) == MW_OK &&
        (st = mw_take_store(&w->take, s, NULL, NULL, err)) == MW_OK)
        st = put(w, s, rows, err);
    mw_store_close(s);
    mw_free(rows);
    w->judged.stored = st == MW_OK;
    return st;
}

/* ---- the command ---- */

static mw_status prepare(struct sweep *w, const mw_cli *cli, mw_error *err)
{
    mw_take *t = &w->take;
    mw_status st = mw_results_check(cli->args, err);

    if (st == MW_OK)
        st = mw_take_prepare(t, cli, err);
    if (st == MW_OK && mw_args_flag(cli->args, "profile-rules"))
        st = mw_profile_begin(&w->profile, t->session.client, t->setup.rules, err);
    w->judged.profile = w->profile.rules;
    return st;
}

static mw_status perform(struct sweep *w, mw_error *err)
{
    mw_take *t = &w->take;
    mw_status st;

    if ((st = mw_take_collect(t, err)) != MW_OK ||
        (st = mw_judge(&t->setup, t->snapshot_fd, &t->progress, &w->judged, err)) != MW_OK ||
        (st = name_run(w, err)) != MW_OK)
        return st;
    mw_progress_end(&t->progress);
    return store(w, err);
}

static int finish(struct sweep *w)
{
    const mw_take *t = &w->take;
    mw_error err = {0};

    if (w->profile.rules &&
        mw_profile_write(&w->profile, &t->setup, t->session.models, w->judged.run_id,
                         mw_args_get(t->setup.cli->args, "profile-rules"), &err) != MW_OK)
        return mw_cli_fail(&err);
    return mw_judged_finish(&w->judged, &t->setup, t->digest, t->coverage);
}

static int run(mw_cli *cli)
{
    struct sweep w = {.take = {.snapshot_fd = -1}};
    mw_error err = {0};
    int code;

    if (prepare(&w, cli, &err) != MW_OK)
        code = mw_cli_fail(&err);
    else if (mw_args_flag(cli->args, "plan"))
        code = mw_take_print_plan(&w.take);
    else if (perform(&w, &err) != MW_OK) {
        mw_progress_end(&w.take.progress);
        code = mw_cli_fail(&err);
    } else
        code = finish(&w);
    mw_judged_clear(&w.judged);
    mw_take_clear(&w.take);
    mw_profile_clear(&w.profile); /* the client told it of every call */
    return code;
}

static const mw_option options[] = {
    MW_TAKE_PLAN_OPTION,
    MW_JUDGE_OPTIONS,
    {.name = "profile-rules",
     .value = "FILE",
     .bare = true,
     .help = "Print on stderr what each rule costs (CPU, memory, API calls), and write it to FILE "
             "as JSON"},
    {.name = "no-store", .help = "Compare with nothing and record nothing"},
    MW_RESULTS_OPTIONS,
};

const mw_command mw_command_sweep = {
    .name = "sweep",
    .arguments = "[RULES…]",
    .summary = "Collect, evaluate, compare with the last run, report",
    .description = "RULES are rule ids or globs over them ('s3-*'), --select chooses by an "
                   "expression, and both must hold; without either, the rules run that 'select' in "
                   "the configuration chooses, else all. Only the API calls that "
                   "these rules need are made, and all of them only read. What cannot be read is "
                   "unknown, with its "
                   "cause, and the exit status is 2.\n\n"
                   "Exit status: 0 complete and nothing at or above --fail-on; 1 findings at or "
                   "above it; 2 incomplete; "
                   "3 usage, configuration or rule error; 4 no usable credentials or not the "
                   "expected account.",
    .examples = "moonward sweep --region eu-west-1 --region 'us-*'\n"
                "moonward sweep 's3-*' --output json\n"
                "moonward sweep --select 'severity>=high and not service:iam'\n"
                "moonward sweep --plan\n"
                "moonward sweep --record trip && moonward sweep --replay trip\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
