/* Between a collected snapshot, one document, and the store that outlives it. */
#ifndef MW_ENGINE_ARCHIVE_H
#define MW_ENGINE_ARCHIVE_H

#include "base/arena.h"
#include "inventory/type.h"
#include "store/snapshots.h"

typedef struct mw_archive_name {
    const char *id;     /* ULID */
    const char *digest; /* of the content, as reports name it */
    const mw_doc *notes_doc;
    mw_val notes; /* what else the caller wants back, or ABSENT */
} mw_archive_name;

/**
 * Store a snapshot (docs/internals/contracts.md; world 0), whole or not at all.
 * @return MW_OK; MW_ERR_CONFLICT; MW_ERR_IO; MW_ERR_NOMEM; MW_ERR_INVALID: not a snapshot.
 */
mw_status mw_archive_put(mw_store *s, const mw_doc *snapshot, const mw_archive_name *name, mw_snapshot_counts *counts,
                         mw_error *err);

/**
 * Store an account's snapshot as a part of the open one of this id (mw_snapshot_begin_part()); @p name->digest is the
 * part's. `now`, types and notes count from the first part. Joins a transaction that is under way.
 */
mw_status mw_archive_put_part(mw_store *s, const mw_doc *snapshot, const mw_archive_name *name, const char *account,
                              mw_error *err);

typedef struct mw_archive_options {
    const mw_types *types;     /* as they are today: what they have and the snapshot did not ask for is unknown */
    const char *const *wanted; /* load resources of these types only; NULL = of all */
    size_t wanted_count;
    const char *account; /* load what is of this account only; NULL = of all */
} mw_archive_options;

/** `MW_AUTO(mw_archived) a = {0};` */
typedef struct mw_archived {
    mw_arena arena;
    const char *id, *digest, *taken_at;
    mw_doc *about;
    mw_val notes;
} mw_archived;

/**
 * The snapshot of that name (mw_snapshot_find()) as it was collected: the same document, unknowns
 * with their causes; nothing that was carried over from an older one. Each type's entry has a
 * member `missing` more: the facets that were not collected, unknown with the code NotCollected.
 * @param[out] fd  Sealed memfd; the caller closes it.
 * @return MW_OK; MW_ERR_NOTFOUND; MW_ERR_INVALID; MW_ERR_PARSE: damaged; MW_ERR_NOMEM;
 * MW_ERR_LIMIT.
 */
mw_status mw_archive_load(mw_store *s, const char *name, const mw_archive_options *o, int *fd, mw_archived *out,
                          mw_error *err);
void mw_archived_clear(mw_archived *a);

#endif
