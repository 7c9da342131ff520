/* The ledger of a run as figures: how much of it is complete, by account and type, and why the rest
 * is not. */
#ifndef MW_REPORT_COVERAGE_H
#define MW_REPORT_COVERAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "inventory/cause.h"

/** A region that is not enabled has nothing to collect: it is told, and is no gap. */
#define MW_SCOPE_SKIPPED "skipped"

typedef struct mw_tally_row {
    const char *key;
    size_t scopes, complete;
} mw_tally_row;

typedef struct mw_tally_rows {
    mw_tally_row *items; /* by key */
    size_t count, cap;
} mw_tally_rows;

/** `MW_AUTO(mw_tally) t = {0};` */
typedef struct mw_tally {
    mw_arena arena;
    mw_tally_rows accounts, types;
    size_t scopes, complete; /* without those that are skipped */
    size_t skipped, cached;
    size_t by_class[MW_CAUSE_COUNT]; /* of the scopes that are not complete */
} mw_tally;

/** Count one line of the ledger. Cost: two binary searches. @return MW_OK; MW_ERR_NOMEM. */
mw_status mw_tally_add(mw_tally *t, const mw_doc *d, mw_val scope, mw_error *err);
void mw_tally_clear(mw_tally *t);

/** Percent in tenths, rounded down, so that only what is complete is 1000. Of nothing: 1000. */
unsigned mw_tally_permille(size_t complete, size_t scopes);
/** The contract's "coverage" of a summary, compact. */
void mw_tally_json(const mw_tally *t, mw_buf *out);
/** {"denied_scp":3,…} without those that are zero, compact. */
void mw_tally_classes_json(const size_t counts[MW_CAUSE_COUNT], mw_buf *out);
/** "3 denied_scp, 1 throttled" by count; nothing when all are zero. */
void mw_tally_classes_text(const size_t counts[MW_CAUSE_COUNT], mw_buf *out);

#endif
