/* What differs between two documents of one resource. */
#ifndef MW_CLI_CHANGES_H
#define MW_CLI_CHANGES_H

#include "base/buf.h"
#include "moonward/doc.h"

/** A resource as it is stored, and which members its snapshot asked for. */
typedef struct mw_changes_side {
    const mw_doc *d;
    mw_val v;
    const mw_doc *about; /* the snapshot's own text; NULL = it asked for everything */
    mw_val collected;    /* names of facets, in about */
} mw_changes_side;

typedef struct mw_changes_count {
    size_t known;   /* fields that differ */
    size_t unknown; /* fields that one of the two does not know */
} mw_changes_count;

/** Fields told of one resource at most; the count goes on. */
#define MW_CHANGES_MAX       100
/** Bytes of a value that are told; beyond, its text is cut and `before_bytes` or `after_bytes` says
 * its length. */
#define MW_CHANGES_VALUE_MAX 1024

/**
 * Push an array of {path, before, after, unknown?}: Moonward's own members, then AWS's, in order of
 * paths. A side that lacks the field has no member. Lists are compared as bags of elements:
 * `Rules[]` has those that only one side has, or `reordered`. Where one side could not be read, or
 * was not asked for, the field is `unknown` and no change.
 */
void mw_changes_add(mw_doc_builder *b, const mw_changes_side *before, const mw_changes_side *after,
                    mw_changes_count *count);
/** Equal, and equally unknown or withheld. */
bool mw_changes_same(const mw_doc *a, mw_val va, const mw_doc *b, mw_val vb);
/** A field as one line of text, neutral to terminals. */
void mw_changes_text(mw_buf *out, const mw_doc *d, mw_val field);

#endif
