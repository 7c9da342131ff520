/*
 * `moonward evaluate`: rules over a stored snapshot. AWS is not called and nothing is stored: the
 * findings are those of the sweep that took the snapshot, or of other rules over what it saw. What
 * it did not see stays unknown.
 */
#include "cli/commands.h"
#include "cli/coverage.h"
#include "cli/judge.h"
#include "cli/moment.h"
#include "cli/outcome.h"
#include "cli/results.h"
#include "cli/rules.h"
#include "engine/archive.h"

#include "base/str.h"

#include <string.h>
#include <unistd.h>

struct evaluation {
    mw_setup setup;
    mw_progress progress;
    mw_archived archived;
    mw_doc *snapshot, *coverage;
    int fd;
    mw_judged judged;
};

/* What the run that took the snapshot could not read beside its scopes. Borrowed from its notes. */
static mw_status read_extras(struct evaluation *w, mw_coverage_extra **out, size_t *count, mw_error *err)
{
    const mw_doc *d = w->archived.about;
    mw_val list = mw_val_get(d, w->archived.notes, "extras");

    *count = mw_val_len(d, list);
    if (!(*out = mw_arena_alloc(&w->setup.arena, (*count + 1) * sizeof(**out))))
        return mw_fail(err, MW_ERR_NOMEM, "coverage: out of memory");
    for (size_t i = 0; i < *count; i++)
        mw_coverage_extra_read(d, mw_val_at(d, list, i), &(*out)[i]);
    return MW_OK;
}

static mw_status load(struct evaluation *w, mw_error *err)
{
    const mw_args *args = w->setup.cli->args;
    char at[MW_TIME_SIZE];
    const char *name;
    mw_archive_options o = {.types = w->setup.types};
    mw_coverage_extra *extras;
    size_t count;
    mw_store *store = NULL;
    mw_status st;

    if ((st = mw_moment_name(args, mw_args_get(args, "snapshot"), at, &name, err)) != MW_OK ||
        (st = mw_rules_types(&w->setup, &o.wanted, &o.wanted_count, err)) != MW_OK ||
        (st = mw_setup_store(&w->setup, &store, err)) != MW_OK)
        return st;
    st = mw_archive_load(store, name, &o, &w->fd, &w->archived, err);
    mw_store_close(store);
    if (st != MW_OK || (st = mw_doc_map(w->fd, &w->snapshot, err)) != MW_OK)
        return st;
    return read_extras(w, &extras, &count, err) != MW_OK
               ? err->status
               : mw_coverage_from_snapshot(w->snapshot, extras, count, &w->coverage, err);
}

static mw_status perform(struct evaluation *w, const mw_cli *cli, mw_error *err)
{
    int64_t taken_ns;
    mw_status st;

    if ((st = mw_results_check(cli->args, err)) != MW_OK ||
        (st = mw_setup_config(&w->setup, cli, err)) != MW_OK ||
        (st = mw_setup_rules(&w->setup, err)) != MW_OK ||
        (st = mw_setup_choose_rules(&w->setup, err)) != MW_OK || (st = load(w, err)) != MW_OK ||
        (st = mw_time_parse(w->archived.taken_at, strlen(w->archived.taken_at), &taken_ns, err)) !=
            MW_OK)
        return st;
    mw_progress_start(&w->progress, cli);
    st = mw_judge(&w->setup, w->fd, &w->progress, &w->judged, err);
    mw_progress_end(&w->progress);
    if (st == MW_OK)
        st = mw_judged_name_after(&w->judged, &w->setup, w->archived.digest, taken_ns, err);
    if (st == MW_OK)
        st = mw_findings_digest(&w->judged.findings, w->judged.findings_digest, err);
    mw_judged_seen_now(&w->judged);
    return st;
}

static int run(mw_cli *cli)
{
    struct evaluation w = {.fd = -1};
    mw_error err = {0};
    int code = perform(&w, cli, &err) == MW_OK
                   ? mw_judged_finish(&w.judged, &w.setup, w.archived.digest, w.coverage)
                   : mw_cli_fail(&err);

    mw_judged_clear(&w.judged);
    mw_doc_free(w.coverage);
    mw_doc_free(w.snapshot);
    if (w.fd >= 0)
        close(w.fd);
    mw_archived_clear(&w.archived);
    mw_setup_clear(&w.setup);
    return code;
}

static const mw_option options[] = {
    {.name = "snapshot",
     .value = "SNAPSHOT",
     .help = "latest~1, a time, an id, a digest, or the beginning of one (default: latest)"},
    MW_AT_OPTION,
    MW_JUDGE_OPTIONS,
    MW_RESULTS_OPTIONS,
};

const mw_command mw_command_evaluate = {
    .name = "evaluate",
    .arguments = "[RULES…]",
    .summary = "Rules over a stored snapshot, without AWS",
    .description = "The findings are those that a sweep with these rules would have had when the "
                   "snapshot was taken. Nothing is "
                   "stored or compared with other runs, and the report has the snapshot's time. "
                   "What was unknown in the snapshot "
                   "stays unknown; so is what it did not ask for (code NotCollected).\n\n"
                   "Exit status: 0 complete and nothing at or above --fail-on; 1 findings at or "
                   "above it; 2 incomplete; "
                   "3 usage, configuration or rule error, or no such snapshot.",
    .examples = "moonward evaluate\n"
                "moonward evaluate --at 2026-11-01 --select severity>=high\n"
                "moonward evaluate --rules ./my-rules --snapshot 01JF3V --output json\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
