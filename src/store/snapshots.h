/*
 * Snapshots that outlive a run: every state that a resource was ever seen in is stored once, and
 * spans say from which snapshot to which it held. What did not change writes nothing.
 *
 * A *scope* is one account, region and type: what one list call answers for. Resources that are not
 * listed by region (buckets, roles, the account itself) have one scope for all regions, "*". A
 * resource is known by partition, account, region, type and id; the SHA-256 over them says where it
 * lies. Its document is bytes to this floor, known by its own SHA-256; equal documents must have
 * equal bytes.
 *
 * A resource ends only when its scope was read completely and it was not there. Otherwise it is
 * *stale*: its last document is carried over from an older snapshot, and says so.
 *
 * A snapshot becomes visible when it is sealed, whole; one that is not sealed leaves no trace,
 * whatever ended its process. Nothing in this interface is a database's: a file of SQLite's or a
 * PostgreSQL server stands behind it.
 */
#ifndef MW_STORE_SNAPSHOTS_H
#define MW_STORE_SNAPSHOTS_H

#include "base/str.h"
#include "store/store.h"

#include <stdint.h>

/* ---- taking one ---- */

typedef struct mw_snapshot_writer mw_snapshot_writer;

/** Ceiling of one document, in bytes. */
#define MW_SNAPSHOT_DOC_MAX ((size_t)64 << 20)

/**
 * Begin. Until it is sealed or abandoned no other process can write to the store (they wait, see
 * mw_store_open(); in a database those may that have a claim on other accounts), so begin when everything is collected. Joins a transaction that is under way (mw_store_begin()).
 * @param id        Unique in the store: a ULID.
 * @param taken_at  ISO 8601; what the snapshot calls now.
 * @param digest    Of its content, for names in reports.
 * @param about     Text of the caller's, kept as it is (mw_snapshot_info.about).
 * @return MW_OK; MW_ERR_CONFLICT (the id is taken, or the store stays locked); MW_ERR_IO;
 * MW_ERR_NOMEM.
 */
mw_status mw_snapshot_begin(mw_store *s, const char *id, const char *taken_at, const char *digest, const char *about,
                            mw_snapshot_writer **out, mw_error *err);

/** A line of the coverage ledger (docs/internals/contracts.md, "scopes"). */
typedef struct mw_snapshot_scope {
    const char *partition, *account, *region, *type;
    const char *facet; /* NULL = the list itself */
    const char *state;
    int64_t resources, calls;
    const char *cause; /* the caller's text, or NULL */
} mw_snapshot_scope;

mw_status mw_snapshot_note(mw_snapshot_writer *w, const mw_snapshot_scope *scope, mw_error *err);

/** Has the store learnt what documents of this type look like? */
bool mw_snapshot_knows(mw_snapshot_writer *w, const char *type);
/** How many samples are worth giving to mw_snapshot_learn(), and how many bytes of them. */
#define MW_SNAPSHOT_SAMPLES_MAX   2000
#define MW_SNAPSHOT_SAMPLES_BYTES ((size_t)2 << 20)
/**
 * Learn from documents of a type, so that all of them compress well (a dictionary of at most 64
 * KiB, kept in the store like the documents that it is made of). Too few to learn from are MW_OK,
 * nothing happens then. Cost: about 0.1 s for 2 MiB.
 */
mw_status mw_snapshot_learn(mw_snapshot_writer *w, const char *type, const mw_str *samples, size_t count,
                            mw_error *err);

/**
 * The resources of one scope follow. @p region "*" for types that are not listed by region. Cost: one query for what the
 * store knows of the scope, of which 80 bytes and the id of each resource are kept until the next one.
 */
mw_status mw_snapshot_open(mw_snapshot_writer *w, const char *partition, const char *account, const char *region,
                           const char *type, mw_error *err);
/**
 * One of them. @p region is its own. A second one with the same key is MW_ERR_CONFLICT.
 * Cost: two hashes and a look-up in memory; a compression and two rows when it is new or changed.
 */
mw_status mw_snapshot_put(mw_snapshot_writer *w, const char *region, const char *id, const char *doc, size_t len,
                          mw_error *err);
/**
 * The scope's end. @p complete: all that it has was put; what was not, is gone. Otherwise that is
 * stale.
 */
mw_status mw_snapshot_close(mw_snapshot_writer *w, bool complete, mw_error *err);

typedef struct mw_snapshot_counts {
    size_t resources;               /* seen in this snapshot */
    size_t stale;                   /* carried over */
    size_t added, changed, removed; /* against what the store knew */
} mw_snapshot_counts;

/** Make it visible and durable; frees @p w also on failure. @p counts may be NULL. */
mw_status mw_snapshot_seal(mw_snapshot_writer *w, mw_snapshot_counts *counts, mw_error *err);
/** Leave no trace. NULL is allowed. */
void mw_snapshot_abandon(mw_snapshot_writer *w);

/* ---- taking one in parts ---- */

/*
 * A snapshot of many accounts is open while they come in: each account is a part, sealed in a transaction of its
 * own, together with whatever else the caller stores in it (mw_store_put_part()). Nobody sees an open snapshot; a
 * process that ends leaves its sealed parts, and another goes on. There is one open snapshot at a time: when
 * another one is begun, what was open never was.
 */

/**
 * The next part of the open snapshot @p id; the first part opens it. The writer is that of a snapshot:
 * mw_snapshot_seal() seals the part, mw_snapshot_abandon() leaves no trace of it.
 * @param taken_at, about  As in mw_snapshot_begin(), taken from the first part.
 */
mw_status mw_snapshot_begin_part(mw_store *s, const char *id, const char *taken_at, const char *about,
                                 mw_snapshot_writer **out, mw_error *err);
/** Before anything is put: whose part it is, and the digest of its content. MW_ERR_CONFLICT: that account's part is sealed already. */
mw_status mw_snapshot_name_part(mw_snapshot_writer *w, const char *account, const char *digest, mw_error *err);
/** The sealed parts of a snapshot by account; none when there is no such snapshot. Returning false stops. */
mw_status mw_snapshot_parts(mw_store *s, const char *id,
                            bool (*row)(void *user, const char *account, const char *digest), void *user,
                            mw_error *err);
/** All parts are sealed: everybody sees it from now on. MW_ERR_NOTFOUND: no open snapshot has this id. */
mw_status mw_snapshot_publish(mw_store *s, const char *id, const char *digest, mw_snapshot_counts *counts,
                              mw_error *err);

/* ---- reading; strings are valid during the call, returning false stops ---- */

typedef struct mw_snapshot_info {
    const char *id, *taken_at, *digest, *about;
    mw_snapshot_counts counts;
} mw_snapshot_info;

/** The open snapshot: what a run that was not ended has so far. MW_ERR_NOTFOUND when there is none. */
mw_status mw_snapshot_find_open(mw_store *s, bool (*row)(void *user, const mw_snapshot_info *info), void *user,
                                mw_error *err);
/** Newest first; none that is open. */
mw_status mw_snapshots_list(mw_store *s, bool (*row)(void *user, const mw_snapshot_info *info), void *user,
                            mw_error *err);
/**
 * One by name: "latest", "latest~1" (the one before it), a time (the newest one taken no later; a date is its
 * first instant), an id, a digest (the newest that has it), or the beginning of one of them.
 * @return MW_OK; MW_ERR_NOTFOUND (the message names the newest one that there is); MW_ERR_INVALID:
 * more than one begins so.
 */
mw_status mw_snapshot_find(mw_store *s, const char *name, bool (*row)(void *user, const mw_snapshot_info *info),
                           void *user, mw_error *err);

/* From here on a snapshot is named by its id. Sorting is by bytes. */

/** Its ledger, by account, region, type, facet. */
mw_status mw_snapshot_scopes(mw_store *s, const char *id, bool (*row)(void *user, const mw_snapshot_scope *scope),
                             void *user, mw_error *err);

/** The part of it that is @p account's; NULL = all. Cost: that account's lines, and the types that there are. */
mw_status mw_snapshot_scopes_of(mw_store *s, const char *id, const char *account,
                                bool (*row)(void *user, const mw_snapshot_scope *scope), void *user, mw_error *err);

/** NULL members match everything. */
typedef struct mw_snapshot_filter {
    const char *account, *region, *type, *id;
} mw_snapshot_filter;

typedef struct mw_snapshot_resource {
    const char *partition, *account, *region, *type, *id;
    const char *doc; /* NULL when it was not asked for */
    size_t len;
    bool stale;
} mw_snapshot_resource;

/**
 * By type, account, region, id. @p docs: with documents.
 * Cost: what the matching scopes hold; memory: the ids of one scope.
 */
mw_status mw_snapshot_resources(mw_store *s, const char *id, const mw_snapshot_filter *filter, bool docs,
                                bool (*row)(void *user, const mw_snapshot_resource *r), void *user, mw_error *err);

/**
 * The same, one at a time, in the same order; several may be open. Close it before the store.
 * @param docs  Documents come with the resources; else each one that is asked for is read by itself.
 */
typedef struct mw_snapshot_scan mw_snapshot_scan;
mw_status mw_snapshot_scan_open(mw_store *s, const char *id, const mw_snapshot_filter *filter, bool docs,
                                mw_snapshot_scan **out, mw_error *err);
/** @p out without its document, valid until the next one; NULL behind the last. */
mw_status mw_snapshot_scan_next(mw_snapshot_scan *x, const mw_snapshot_resource **out, mw_error *err);
/** The document of the resource last given, valid until any other document of the store is read. */
mw_status mw_snapshot_scan_doc(mw_snapshot_scan *x, const char **doc, size_t *len, mw_error *err);
/** NULL is allowed. */
void mw_snapshot_scan_close(mw_snapshot_scan *x);

/** One state of a resource. */
typedef struct mw_snapshot_version {
    const char *first, *first_at; /* snapshot that saw it first, and when */
    const char *ended, *ended_at; /* snapshot that saw another one, or none; NULL = it still holds */
    mw_snapshot_resource resource;
} mw_snapshot_version;

/**
 * The states of the resources that @p filter names (its type and id are needed), each oldest first.
 * Cost: the resources of the type in the scopes that match.
 */
mw_status mw_snapshot_log(mw_store *s, const mw_snapshot_filter *filter,
                          bool (*row)(void *user, const mw_snapshot_version *v), void *user, mw_error *err);

/**
 * Resources ever seen, in whatever snapshot, whose id @p arn ends with; the longest ids first. The filter's id is not looked
 * at. Cost: the resources that match the filter, without documents.
 */
mw_status mw_snapshots_known(mw_store *s, const mw_snapshot_filter *filter, const char *arn,
                             bool (*row)(void *user, const mw_snapshot_resource *r), void *user, mw_error *err);

typedef enum mw_snapshot_change { MW_SNAPSHOT_ADDED, MW_SNAPSHOT_REMOVED, MW_SNAPSHOT_CHANGED } mw_snapshot_change;

typedef struct mw_snapshot_difference {
    mw_snapshot_change change;
    mw_snapshot_resource resource; /* its document in the second snapshot; when REMOVED in the first */
    const char *before;            /* document in the first snapshot, when CHANGED and asked for */
    size_t before_len;
} mw_snapshot_difference;

/**
 * What differs between two snapshots, in no particular order, within the scopes that both of them
 * looked into. ADDED where the first one's scope was not complete means: not seen before. Cost: the
 * changes between them, not what they hold.
 */
mw_status mw_snapshot_diff(mw_store *s, const char *from, const char *to, bool docs,
                           bool (*row)(void *user, const mw_snapshot_difference *d), void *user, mw_error *err);

/* ---- keeping house ---- */

typedef struct mw_snapshot_pruned {
    size_t snapshots, states, resources, runs;
} mw_snapshot_pruned;

/**
 * Forget these snapshots, every state that no other snapshot holds, and the runs whose snapshots are gone with their findings
 * (the life of each finding stays, and so does the newest run), in one transaction. Freed
 * space is used again; mw_store_shrink() gives it back. @p out may be NULL. @return MW_OK;
 * MW_ERR_NOTFOUND: nothing was done.
 */
mw_status mw_snapshots_prune(mw_store *s, const char *const *ids, size_t count, mw_snapshot_pruned *out, mw_error *err);
/**
 * Hash every document again and check that spans, keys and counts fit together: MW_ERR_PARSE tells
 * the first fault. Reads everything.
 */
mw_status mw_snapshots_check(mw_store *s, mw_error *err);

#endif
