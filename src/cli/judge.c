/*
 * From a snapshot to a report: evaluation, digest, names, exit status. Must not report as complete
 * what was not.
 */
#include "cli/judge.h"

#include "base/hash.h"
#include "base/log.h"
#include "cli/outcome.h"
#include "cli/results.h"

mw_status mw_judge(mw_setup *s, int snapshot_fd, mw_progress *progress, mw_judged *out, mw_error *err)
{
    const mw_evaluate_options o = {.stop = s->cli->stop,
                                   .on_progress = mw_progress_evaluate,
                                   .user = progress,
                                   .profile = out->profile,
                                   .count_passes = mw_args_flag(s->cli->args, "no-passes")};
    mw_evaluate_stats stats = {0};
    mw_status st = mw_evaluate(s->rules, snapshot_fd, &o, &out->findings, &stats, err);

    if (st != MW_OK)
        return st;
    if (*s->cli->stop)
        return mw_fail(err, MW_ERR_CANCELLED, "stopped by a signal; nothing was stored");
    if (stats.workers_died)
        mw_log_warn("%zu of %zu workers died; their evaluations are errors", stats.workers_died, stats.workers_started);
    mw_log_info("%zu evaluations, %zu workers, isolation: %s", stats.evaluations, stats.workers_started,
                stats.isolation ? stats.isolation : "unknown");
    return MW_OK;
}

mw_status mw_judged_name_after(mw_judged *j, const mw_setup *s, const char *snapshot_digest, int64_t taken_ns,
                               mw_error *err)
{
    /* Crockford base32, as a ULID is written (github.com/ulid/spec). */
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t digest[MW_SHA256_SIZE];
    MW_AUTO(mw_buf) text = {.max = 1024};
    mw_status st = mw_ulid(j->run_id, taken_ns, err);

    mw_time_iso(j->started_at, taken_ns);
    mw_time_iso(j->finished_at, taken_ns);
    mw_buf_printf(&text, "%s %s", snapshot_digest, mw_rules_digest(s->rules));
    mw_sha256(digest, text.data, text.len);
    for (size_t i = 0; i < 16; i++) /* behind the 10 characters of time */
        j->run_id[10 + i] = digits[digest[i] & 31];
    return st;
}

void mw_judged_seen_now(mw_judged *j)
{
    for (size_t i = 0; i < j->findings.count; i++) {
        mw_finding *f = &j->findings.items[i];
        bool fails = f->status == MW_VERDICT_FAIL;
        f->change = NULL;
        f->first_seen = f->last_seen = fails ? j->finished_at : NULL;
    }
}

mw_report mw_judged_report(const mw_judged *j, const mw_setup *s, const char *snapshot_digest, const mw_doc *coverage)
{
    return (mw_report){
        .run_id = j->run_id,
        .started_at = j->started_at,
        .finished_at = j->finished_at,
        .engine = MW_VERSION,
        .rules_digest = mw_rules_digest(s->rules),
        .findings_digest = j->findings_digest,
        .snapshot = snapshot_digest,
        .coverage_doc = coverage,
        .coverage = mw_doc_root(coverage),
        .findings = j->findings.items,
        .count = j->findings.count,
        .packed = j->findings.packed,
        .packed_count = j->findings.packed_count,
        .passed = j->findings.passed,
        .compared = j->stored,
        .fixed = j->fixed,
    };
}

int mw_judge_finish(const mw_setup *s, const mw_report *r, bool stored)
{
    const char *fail_on = mw_setup_str(s, "fail-on");
    bool allow =
        mw_args_flag(s->cli->args, "allow-incomplete") || mw_config_bool(&s->config, "allow_incomplete", false);
    mw_report_counts counts;

    mw_report_count(r, &counts);
    return mw_results_write(s, r, stored, mw_outcome(&counts, fail_on ? fail_on : MW_FAIL_ON_DEFAULT, allow));
}

int mw_judged_finish(const mw_judged *j, const mw_setup *s, const char *snapshot_digest, const mw_doc *coverage)
{
    mw_report r = mw_judged_report(j, s, snapshot_digest, coverage);

    return mw_judge_finish(s, &r, j->stored);
}

void mw_judged_clear(mw_judged *j)
{
    mw_findings_clear(&j->findings);
}
