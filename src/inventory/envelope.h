/* The envelope around AWS's data: id, arn, name, tags, created; and the parts of a snapshot. */
#ifndef MW_INVENTORY_ENVELOPE_H
#define MW_INVENTORY_ENVELOPE_H

#include "inventory/template.h"
#include "inventory/type_internal.h"

typedef struct mw_envelope mw_envelope;

/** Compile a type's identity paths. Free with mw_envelope_free(). */
mw_status mw_envelope_new(const mw_type *type, mw_envelope **out, mw_error *err);
void mw_envelope_free(mw_envelope *e);

typedef struct mw_envelope_input {
    const char *account, *region, *partition;
    mw_val item;             /* for id, arn, name, created: the list's item */
    mw_val parent;           /* of the item, or ABSENT */
    mw_val doc;              /* item and facets, for tags */
    mw_val rest;             /* UNKNOWN: what a describe call would have added; else ABSENT */
    mw_val tags;             /* object or UNKNOWN that replaces the type's own path, or ABSENT */
    const char *fallback_id; /* used when the path gives nothing; NULL = then it is an error */
} mw_envelope_input;

/** The resource's id as text in @p b, or ABSENT when the item has none. */
mw_status mw_envelope_id(const mw_envelope *e, mw_doc_builder *b, const mw_envelope_input *in, mw_val *id,
                         mw_error *err);
/** The resource's ARN: a STRING, NULL, or the UNKNOWN @p in->rest when that hides it. */
mw_status mw_envelope_arn(const mw_envelope *e, mw_doc_builder *b, const mw_envelope_input *in, mw_val *arn,
                          mw_error *err);
/** Build the resource of the contract; everything lies in @p b. MW_ERR_NOTFOUND without an id. */
mw_status mw_envelope_build(const mw_envelope *e, mw_doc_builder *b, const mw_envelope_input *in, mw_val *resource,
                            mw_error *err);

/**
 * Push members of the snapshot's `types` for one type. @p collected: names, NULL = all facets. @p outlines: an object
 * of {outline, sensitive} by type (inventory/outline.h, inventory/sensitive.h), or NULL.
 */
void mw_snapshot_add_type(mw_doc_builder *b, const mw_type *type, const char *const *collected, size_t count,
                          const mw_doc *outlines);

typedef struct mw_scope_entry {
    const char *account, *region, *partition, *type;
    const char *facet; /* NULL = the list */
    const char *state;
    size_t resources, calls;
    mw_val cause;              /* in the builder, or ABSENT */
    int64_t known_unix, age_s; /* taken from the store: fetched then, so old; 0 = asked */
} mw_scope_entry;

/** A cause {"cached": {…}}, as a store keeps it, becomes what the members of the entry say. */
void mw_scope_entry_cached(const mw_doc *d, mw_scope_entry *e);
/** Push one element of a world's `scopes`. */
void mw_snapshot_add_scope(mw_doc_builder *b, const mw_scope_entry *s);
/** "denied" for the codes by which AWS refuses permission, "unsupported", else "failed". */
const char *mw_scope_state_of(const char *code);

#endif
