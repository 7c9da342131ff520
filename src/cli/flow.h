/* From accounts to what is stored or kept of them, one account at a time: `sweep` and `collect`. */
#ifndef MW_CLI_FLOW_H
#define MW_CLI_FLOW_H

#include "base/time.h"
#include "cli/fresh.h"
#include "cli/take.h"
#include "engine/evaluate.h"
#include "store/snapshots.h"

/** Of an account that is finished, when nothing is stored: its ledger, findings and digests. */
typedef struct mw_flow_account {
    mw_doc *coverage;
    mw_findings findings;
    char digest[2 * MW_SHA256_SIZE + 1], findings_digest[2 * MW_SHA256_SIZE + 1];
} mw_flow_account;

/** `mw_flow f = {.take = …};` then mw_flow_clear(). */
typedef struct mw_flow {
    mw_take *take;
    bool judges;              /* the rules are evaluated */
    mw_profile_rule *profile; /* one for each rule, borrowed; NULL = nothing is measured */
    /* What came of it. */
    char run[MW_STORE_HOLDER_SIZE]; /* the run and its snapshot */
    char started_at[MW_TIME_SIZE], finished_at[MW_TIME_SIZE];
    char digest[2 * MW_SHA256_SIZE + 1]; /* of the snapshot */
    char findings_digest[2 * MW_SHA256_SIZE + 1];
    bool published;            /* false with a store: other shards are at work */
    size_t accounts_done;      /* of take->targets, those of other processes included */
    mw_snapshot_counts counts; /* with a store */
    mw_findings findings;      /* without one, all of them */
    mw_doc *coverage;          /* likewise */
    /* Under way. */
    mw_store *store;
    mw_fresh fresh; /* with --max-age */
    mw_doc *notes;
    int64_t started_ns, now_unix;
    size_t *order; /* of the accounts that are collected, among the targets */
    size_t order_count;
    mw_flow_account *accounts; /* by target, without a store */
} mw_flow;

/**
 * After mw_take_prepare(): identify, collect, judge, store; a run that was not ended is gone on with when --resume
 * or its --run-id says so. Each account is stored when it is finished, in one transaction, and its memory goes.
 * @return MW_OK; MW_ERR_CANCELLED after a signal: the accounts that are stored stay.
 */
mw_status mw_flow_run(mw_flow *f, mw_error *err);
/** What a shard says that is not the last. @return exit status. */
int mw_flow_print_share(const mw_flow *f);
/** Is anything of this run stored? */
static inline bool mw_flow_stores(const mw_flow *f)
{
    return f->store != NULL;
}
void mw_flow_clear(mw_flow *f);

#define MW_FLOW_OPTIONS                                                                                                \
    {.name = "resume", .help = "Go on with the run that was not ended"},                                               \
        {.name = "run-id", .value = "ID", .help = "Name of the run; the same for all shards (default: a new one)"},    \
        MW_ROLE_OPTIONS,                                                                                               \
    {                                                                                                                  \
        .name = "shard", .value = "I/N",                                                                               \
        .help = "Only this share of the accounts; N alone: which one is in "                                           \
                "JOB_COMPLETION_INDEX or AWS_BATCH_JOB_ARRAY_INDEX"                                                    \
    }

#endif
