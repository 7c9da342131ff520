/* What a snapshot covered, for the report and for the store. */
#ifndef MW_CLI_COVERAGE_H
#define MW_CLI_COVERAGE_H

#include "base/hash.h"
#include "moonward/doc.h"
#include "store/snapshots.h"

/** A scope that the sweep itself, not the snapshot, could not read. */
typedef struct mw_coverage_extra {
    const char *account, *region, *type, *state, *operation, *code, *message;
} mw_coverage_extra;

/** Push a stored scope as a line of the ledger. MW_ERR_PARSE: its cause is no JSON. */
mw_status mw_coverage_scope_write(mw_doc_builder *b, const mw_snapshot_scope *s, mw_error *err);
/** A region of the account that is not enabled, and so not looked at: no gap. */
mw_coverage_extra mw_coverage_skipped(const char *account, const char *region);
/** Push it as a line of the ledger; and the reverse, borrowed from @p d. */
void mw_coverage_extra_write(mw_doc_builder *b, const mw_coverage_extra *e);
void mw_coverage_extra_read(const mw_doc *d, mw_val v, mw_coverage_extra *out);

/**
 * The contract's "coverage" array from a snapshot's scopes, by account, region, type, facet.
 * @param extras    Scopes more, which come first.
 * @param[out] out  A document whose root is the array.
 */
mw_status mw_coverage_from_snapshot(const mw_doc *snapshot, const mw_coverage_extra *extras, size_t extra_count,
                                    mw_doc **out, mw_error *err);

/** SHA-256 hex over the resources of a snapshot, as a store holds them, and the time that it stands for. */
mw_status mw_snapshot_digest(const mw_doc *snapshot, char out[2 * MW_SHA256_SIZE + 1], mw_error *err);

/** For mw_store_put_part(). */
typedef struct mw_coverage_view {
    const mw_doc *snapshot; /* for the scope of each type */
    const mw_doc *coverage;
    const char *const *regions; /* that were swept */
    size_t region_count;
} mw_coverage_view;
/**
 * Would a resource of the type that exists in the account and region have been seen? @p user is a mw_coverage_view.
 * A type that is listed once per account was seen wherever its resources live, within the regions swept.
 */
bool mw_coverage_complete(void *user, const char *account, const char *region, const char *type);

#endif
