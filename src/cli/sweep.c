/*
 * `moonward sweep`: collect and judge account by account (cli/flow.h), compare with the last run,
 * report.
 */
#include "cli/commands.h"
#include "cli/flow.h"
#include "cli/judge.h"
#include "cli/outcome.h"
#include "cli/plan.h"
#include "cli/profile.h"
#include "cli/results.h"
#include "cli/stored.h"

#include <string.h>

/** Everything that a sweep holds; cleared as one. */
struct sweep {
    mw_take take;
    mw_flow flow;
    mw_profile profile; /* with --profile-rules */
};

/* Without a store. A replay stands for the time of its recording, so that the same inputs give the same bytes. */
static mw_status judged_of(struct sweep *w, mw_judged *j, mw_error *err)
{
    bool replay = mw_client_replays(w->take.session.client);
    int64_t recorded_ns = mw_client_now_unix(w->take.session.client) * 1000000000;
    mw_status st;

    j->findings = w->flow.findings;
    w->flow.findings = (mw_findings){0};
    memcpy(j->findings_digest, w->flow.findings_digest, sizeof(j->findings_digest));
    memcpy(j->started_at, w->flow.started_at, sizeof(j->started_at));
    memcpy(j->finished_at, w->flow.finished_at, sizeof(j->finished_at));
    st = replay ? mw_judged_name_after(j, &w->take.setup, w->flow.digest, recorded_ns, err)
                : mw_ulid(j->run_id, w->flow.started_ns, err);
    mw_judged_seen_now(j);
    return st;
}

static mw_status write_profile(struct sweep *w, const char *run, mw_error *err)
{
    const mw_take *t = &w->take;

    return w->profile.rules ? mw_profile_write(&w->profile, &t->setup, t->session.models, run,
                                               mw_args_get(t->setup.cli->args, "profile-rules"), err)
                            : MW_OK;
}

static int report_kept(struct sweep *w, mw_error *err)
{
    mw_judged j = {0};
    int code = judged_of(w, &j, err) == MW_OK && write_profile(w, j.run_id, err) == MW_OK
                   ? mw_judged_finish(&j, &w->take.setup, w->flow.digest, w->flow.coverage)
                   : mw_cli_fail(err);

    mw_judged_clear(&j);
    return code;
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
    w->flow.profile = w->profile.rules;
    return st;
}

static int report(struct sweep *w, mw_error *err)
{
    if (!mw_flow_stores(&w->flow))
        return report_kept(w, err);
    if (write_profile(w, w->flow.run, err) != MW_OK)
        return mw_cli_fail(err);
    if (!w->flow.published)
        return mw_flow_print_share(&w->flow);
    mw_store_close(w->flow.store); /* and with it the claim: the next run need not wait for the report */
    w->flow.store = NULL;
    return mw_stored_report(&w->take.setup, w->flow.run, true, err);
}

static int run(mw_cli *cli)
{
    struct sweep w = {0};
    mw_error err = {0};
    int code;

    w.flow = (mw_flow){.take = &w.take, .judges = true};
    if (prepare(&w, cli, &err) != MW_OK)
        code = mw_cli_fail(&err);
    else if (mw_args_flag(cli->args, "plan"))
        code = mw_plan_print(&w.take);
    else if (mw_flow_run(&w.flow, &err) != MW_OK)
        code = mw_cli_fail(&err);
    else
        code = report(&w, &err);
    mw_flow_clear(&w.flow);
    mw_take_clear(&w.take);
    mw_profile_clear(&w.profile); /* the client told it of every call */
    return code;
}

static const mw_option options[] = {
    MW_TAKE_OPTIONS,
    MW_JUDGE_OPTIONS,
    {.name = "profile-rules",
     .value = "FILE",
     .bare = true,
     .help = "Print on stderr what each rule costs (CPU, memory, API calls), and write it to FILE "
             "as JSON"},
    {.name = "no-store", .help = "Compare with nothing and record nothing"},
    MW_FLOW_OPTIONS,
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
