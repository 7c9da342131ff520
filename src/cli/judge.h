/* Rules over a snapshot, as a report: what `sweep` and `evaluate` have in common. */
#ifndef MW_CLI_JUDGE_H
#define MW_CLI_JUDGE_H

#include "base/time.h"
#include "cli/progress.h"
#include "cli/setup.h"
#include "engine/evaluate.h"

/** `mw_judged j = {0};` then mw_judged_clear(). */
typedef struct mw_judged {
    mw_findings findings;
    char run_id[MW_ULID_SIZE], started_at[MW_TIME_SIZE], finished_at[MW_TIME_SIZE];
    char findings_digest[65];
    size_t fixed;
    bool stored;
    mw_profile_rule *profile; /* one for each rule, borrowed; NULL = nothing is measured */
} mw_judged;

/** Evaluate the set-up's rules; the digest of what they find is the caller's. MW_ERR_CANCELLED after a signal. */
mw_status mw_judge(mw_setup *s, int snapshot_fd, mw_progress *progress, mw_judged *out, mw_error *err);
/**
 * A run that stands for a time in the past: named after what went into it, so that the same
 * snapshot and rules give the same bytes.
 */
mw_status mw_judged_name_after(mw_judged *j, const mw_setup *s, const char *snapshot_digest, int64_t taken_ns,
                               mw_error *err);
/** Nothing is known of earlier runs: a failing finding was seen now, first and last. */
void mw_judged_seen_now(mw_judged *j);
/** Borrows from both and from @p coverage. */
mw_report mw_judged_report(const mw_judged *j, const mw_setup *s, const char *snapshot_digest, const mw_doc *coverage);
/** The same for any report. */
int mw_judge_finish(const mw_setup *s, const mw_report *r, bool stored);
/** Print and export by the options. @return exit status, --fail-on and --allow-incomplete
 * considered. */
int mw_judged_finish(const mw_judged *j, const mw_setup *s, const char *snapshot_digest, const mw_doc *coverage);
void mw_judged_clear(mw_judged *j);

#define MW_JUDGE_OPTIONS                                                                                               \
    {.name = "fail-on",                                                                                                \
     .value = "SEVERITY",                                                                                              \
     .choices = MW_FAIL_ON_CHOICES,                                                                                    \
     .env = "MOONWARD_FAIL_ON",                                                                                        \
     .help = "Exit 1 when a finding at or above this severity fails (default: " MW_FAIL_ON_DEFAULT ")"},               \
        {.name = "no-passes", .help = "Count what passes instead of listing it"},                                      \
    {                                                                                                                  \
        .name = "allow-incomplete", .help = "Do not exit 2 for what is unknown, an error or an incomplete scope"       \
    }

#endif
