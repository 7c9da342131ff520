/*
 * `moonward evaluate`: rules over a stored snapshot. AWS is not called and nothing is stored: the
 * findings are those of the sweep that took the snapshot, or of other rules over what it saw. What
 * it did not see stays unknown. A snapshot that was taken account by account is judged so: the
 * documents of one account are in memory at a time, and a rule sees those of its account alone. Their
 * findings stay as they were found: what passes takes a bit.
 */
#include "cli/commands.h"
#include "cli/coverage.h"
#include "cli/judge.h"
#include "cli/parts_digest.h"
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
    mw_store *store;
    mw_archive_options options;
    mw_archived archived; /* what is known of the snapshot; of the last account's part, if there are several */
    mw_moment_parts parts;
    mw_doc_builder *ledger;
    mw_doc *coverage;
    mw_judged judged;
    mw_parts_digest digests;
};

static mw_status find_snapshot(struct evaluation *w, mw_error *err)
{
    const mw_args *args = w->setup.cli->args;
    char at[MW_TIME_SIZE];
    const char *name;
    mw_status st;

    if ((st = mw_moment_name(args, mw_args_get(args, "snapshot"), at, &name, err)) == MW_OK &&
        (st = mw_setup_store(&w->setup, &w->store, err)) == MW_OK)
        st = mw_moment_find_parts(w->store, name, &w->setup.arena, &w->parts, err);
    return st;
}

/* ---- one account after the other ---- */

static void add_lines(struct evaluation *w, const mw_doc *lines)
{
    for (size_t i = 0; i < mw_val_len(lines, mw_doc_root(lines)); i++)
        mw_doc_add_copy(w->ledger, lines, mw_val_at(lines, mw_doc_root(lines), i));
}

/* What the run that took the snapshot could not read beside its scopes; it comes first. */
static void add_extras(struct evaluation *w)
{
    const mw_doc *d = w->archived.about;
    mw_val list = mw_val_get(d, w->archived.notes, "extras");

    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        mw_coverage_extra e;

        mw_coverage_extra_read(d, mw_val_at(d, list, i), &e);
        mw_coverage_extra_write(w->ledger, &e);
    }
}

/* @p account NULL: the snapshot is in one piece. Its documents are gone from memory afterwards. */
static mw_status judge_account(struct evaluation *w, const char *id, const char *account, mw_error *err)
{
    mw_judged part = {0};
    mw_doc *snapshot = NULL, *lines = NULL;
    int fd = -1;
    bool first = !w->archived.about;
    mw_status st;

    w->options.account = account;
    mw_archived_clear(&w->archived);
    if ((st = mw_archive_load(w->store, id, &w->options, &fd, &w->archived, err)) != MW_OK ||
        (st = mw_doc_map(fd, &snapshot, err)) != MW_OK ||
        (st = mw_coverage_from_snapshot(snapshot, NULL, 0, &lines, err)) != MW_OK ||
        (st = mw_judge(&w->setup, fd, &w->progress, &part, err)) != MW_OK)
        goto out;
    if (first)
        add_extras(w);
    add_lines(w, lines);
    if ((account && (st = mw_findings_name_account(&part.findings, account, err)) != MW_OK) ||
        (st = mw_findings_digest(&part.findings, part.findings_digest, err)) != MW_OK)
        goto out;
    mw_parts_digest_add(&w->digests, account ? account : "", part.findings_digest);
    st = mw_findings_absorb(&w->judged.findings, &part.findings, err);
out:
    mw_judged_clear(&part);
    mw_doc_free(lines);
    mw_doc_free(snapshot);
    if (fd >= 0)
        close(fd);
    return st;
}

static mw_status judge_all(struct evaluation *w, mw_error *err)
{
    const mw_moment_parts *p = &w->parts;
    mw_status st = MW_OK, ended;

    mw_doc_begin_array(w->ledger);
    if (p->count < 2)
        st = judge_account(w, p->id, NULL, err);
    for (size_t i = 0; p->count >= 2 && i < p->count && st == MW_OK; i++)
        st = judge_account(w, p->id, p->all[i].account, err);
    mw_doc_end_array(w->ledger);
    if ((ended = mw_parts_digest_end(&w->digests, w->judged.findings_digest, err)) != MW_OK)
        st = ended;
    if (st != MW_OK || (st = mw_doc_finish(w->ledger, mw_doc_pop(w->ledger), &w->coverage, err)) != MW_OK)
        return st;
    mw_findings_sort(&w->judged.findings);
    return MW_OK;
}

static mw_status perform(struct evaluation *w, const mw_cli *cli, mw_error *err)
{
    int64_t taken_ns;
    mw_status st;

    if ((st = mw_results_check(cli->args, err)) != MW_OK || (st = mw_setup_config(&w->setup, cli, err)) != MW_OK ||
        (st = mw_setup_rules(&w->setup, err)) != MW_OK || (st = mw_setup_choose_rules(&w->setup, err)) != MW_OK ||
        (st = mw_rules_types(&w->setup, &w->options.wanted, &w->options.wanted_count, err)) != MW_OK ||
        (st = find_snapshot(w, err)) != MW_OK ||
        (st = mw_doc_builder_new(&(mw_doc_options){.share = true}, &w->ledger, err)) != MW_OK)
        return st;
    w->options.types = w->setup.types;
    mw_progress_start(&w->progress, cli);
    st = judge_all(w, err);
    mw_progress_end(&w->progress);
    if (st == MW_OK)
        st = mw_time_parse(w->archived.taken_at, strlen(w->archived.taken_at), &taken_ns, err);
    if (st == MW_OK)
        st = mw_judged_name_after(&w->judged, &w->setup, w->archived.digest, taken_ns, err);
    mw_judged_seen_now(&w->judged);
    return st;
}

static int run(mw_cli *cli)
{
    struct evaluation w = {0};
    mw_error err = {0};
    int code = perform(&w, cli, &err) == MW_OK ? mw_judged_finish(&w.judged, &w.setup, w.archived.digest, w.coverage)
                                               : mw_cli_fail(&err);

    mw_judged_clear(&w.judged);
    mw_doc_free(w.coverage);
    mw_doc_builder_free(w.ledger);
    mw_archived_clear(&w.archived);
    mw_store_close(w.store);
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
                "moonward evaluate --at 2026-11-01 --select 'severity>=high'\n"
                "moonward evaluate --rules ./my-rules --snapshot 01JF3V --output json\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
