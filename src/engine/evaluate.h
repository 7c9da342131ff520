/* Evaluate rules over a snapshot in worker processes. */
#ifndef MW_ENGINE_EVALUATE_H
#define MW_ENGINE_EVALUATE_H

#include "engine/finding.h"
#include "engine/rule.h"

/** What a rule cost. */
typedef struct mw_profile_rule {
    size_t evaluations;     /* of resources; those that a worker lost are counted, but not measured */
    size_t verdicts[5];     /* findings by mw_verdict */
    int64_t cpu_ns, max_ns; /* processor time in its checks, and of the slowest; 0 when `applies` decided */
    size_t memory_bytes;    /* the most that one check added to its VM */
} mw_profile_rule;

typedef struct mw_evaluate_options {
    int workers;          /* 0 = one per core */
    int soft_ms, hard_ms; /* per evaluation; 0 = 50, 500 */
    size_t vm_bytes;      /* 0 = 32 MiB */
    bool count_passes;    /* a pass with nothing to say is counted in mw_findings, not listed */
    const volatile bool *stop;
    void (*on_progress)(void *user, size_t done, size_t total); /* may be NULL */
    void *user;
    mw_profile_rule *profile; /* one for each rule, zeroed, filled; NULL = nothing is measured */
} mw_evaluate_options;

typedef struct mw_evaluate_stats {
    size_t evaluations, workers_started, workers_died;
    const char *isolation; /* "seccomp" or "process only (…why)" */
} mw_evaluate_stats;

/**
 * Every rule on every resource of its type in world 0, and one `unknown` finding for each scope that a
 * rule's own type could not be listed in. Findings come back sorted; the same snapshot and rules give the same
 * findings whatever the number of workers. A rule that loops, exhausts memory or kills its worker costs one `error` finding.
 */
mw_status mw_evaluate(const mw_rules *rules, int snapshot_fd, const mw_evaluate_options *o, mw_findings *out,
                      mw_evaluate_stats *stats, mw_error *err);

/** main() of the worker process: `moonward --worker`. Never returns to the CLI. */
int mw_worker_main(int argc, char **argv);

#endif
