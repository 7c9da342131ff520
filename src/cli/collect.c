/* `moonward collect`: take a snapshot and store it; nothing is judged. */
#include "cli/commands.h"
#include "cli/flow.h"
#include "cli/plan.h"
#include "cli/stored.h"

#include "base/str.h"

struct collected {
    mw_take take;
    mw_flow flow;
    size_t scopes, complete;
};

static mw_status write_json(const struct collected *w, mw_buf *out, mw_error *err)
{
    const mw_flow *f = &w->flow;
    const mw_snapshot_counts *c = &f->counts;
    char taken_at[MW_TIME_SIZE];
    mw_doc *coverage = NULL;
    mw_doc_builder *b;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st == MW_OK)
        st = mw_stored_coverage(f->store, f->run, &coverage, err);
    if (st != MW_OK)
        goto out;
    mw_time_iso(taken_at, f->now_unix * 1000000000);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "schema", "moonward.snapshot/1");
    mw_doc_member_str(b, "id", f->run);
    mw_doc_member_str(b, "taken_at", taken_at);
    mw_doc_member_str(b, "digest", f->digest);
    mw_doc_member_int(b, "resources", (int64_t)c->resources);
    mw_doc_member_int(b, "stale", (int64_t)c->stale);
    mw_doc_member_int(b, "added", (int64_t)c->added);
    mw_doc_member_int(b, "changed", (int64_t)c->changed);
    mw_doc_member_int(b, "removed", (int64_t)c->removed);
    mw_doc_ckey(b, "coverage");
    mw_doc_add_copy(b, coverage, mw_doc_root(coverage));
    mw_doc_end_object(b);
    st = mw_cli_json(b, out, err);
out:
    mw_doc_free(coverage);
    mw_doc_builder_free(b);
    return st;
}

static void write_text(const struct collected *w, mw_buf *out)
{
    const mw_snapshot_counts *c = &w->flow.counts;

    mw_buf_printf(out, "snapshot %s: %zu resources, %zu new, %zu changed, %zu gone\n", w->flow.run, c->resources,
                  c->added, c->changed, c->removed);
    mw_buf_printf(out, "coverage: %zu of %zu scopes complete", w->complete, w->scopes);
    if (w->complete < w->scopes)
        mw_buf_printf(out, "; %zu resources carried over ('moonward snapshot show' tells why)", c->stale);
    mw_buf_putc(out, '\n');
}

static int finish(struct collected *w)
{
    const mw_args *args = w->take.setup.cli->args;
    bool allow =
        mw_args_flag(args, "allow-incomplete") || mw_config_bool(&w->take.setup.config, "allow_incomplete", false);
    MW_AUTO(mw_buf) out = {.max = (size_t)1 << 30};
    mw_error err = {0};

    if (!w->flow.published)
        return mw_flow_print_share(&w->flow);
    if (mw_stored_scopes(w->flow.store, w->flow.run, &w->scopes, &w->complete, &err) != MW_OK)
        return mw_cli_fail(&err);
    if (mw_str_eq(mw_args_get(args, "output"), "json")) {
        if (write_json(w, &out, &err) != MW_OK)
            return mw_cli_fail(&err);
    } else {
        write_text(w, &out);
    }
    return mw_cli_print(out.data, out.len, w->complete < w->scopes && !allow ? MW_EXIT_INCOMPLETE : MW_EXIT_OK);
}

static int run(mw_cli *cli)
{
    struct collected w = {0};
    mw_error err = {0};
    int code;

    w.flow = (mw_flow){.take = &w.take};
    if (mw_take_prepare(&w.take, cli, &err) != MW_OK) {
        code = mw_cli_fail(&err);
    } else if (mw_args_flag(cli->args, "plan")) {
        code = mw_plan_print(&w.take);
    } else if (!mw_take_stores(&w.take)) {
        mw_fail(&err, MW_ERR_INVALID, "a replay is stored only where the command line says so: add --store FILE");
        code = mw_cli_fail(&err);
    } else {
        code = mw_flow_run(&w.flow, &err) == MW_OK ? finish(&w) : mw_cli_fail(&err);
    }
    mw_flow_clear(&w.flow);
    mw_take_clear(&w.take);
    return code;
}

static const mw_option options[] = {
    MW_TAKE_OPTIONS,
    {.name = "allow-incomplete", .help = "Do not exit 2 for an incomplete scope"},
    MW_FLOW_OPTIONS,
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format on stdout (default: text)"},
};

const mw_command mw_command_collect = {
    .name = "collect",
    .arguments = "[RULES…]",
    .summary = "Take a snapshot and store it, judging nothing",
    .description = "What is collected is what a sweep with the same RULES and options would "
                   "collect: the resource types and facets "
                   "that these rules need. Resources that did not change since an earlier snapshot "
                   "take no further space. What "
                   "could not be read is recorded as unknown, with its cause; what was known of it "
                   "before stays, marked as "
                   "stale.\n\n"
                   "Exit status: 0 complete; 2 a scope is not; 3 usage, configuration or rule "
                   "error; 4 no usable credentials or "
                   "not the expected account.",
    .examples = "moonward collect --region 'eu-*'\n"
                "moonward collect 's3-*' --output json\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
