/* A document without its sensitive texts: what a store and a report may hold of it (docs/adr/0014). */
#ifndef MW_DOC_WITHHOLD_H
#define MW_DOC_WITHHOLD_H

#include "moonward/doc.h"

/** Code of the cause that an unknown has instead of a text that was withheld. */
#define MW_WITHHELD "Withheld"

/** Whose document it is. Tokens of different places say nothing about each other. Borrowed; none is NULL. */
typedef struct mw_place {
    const char *partition, *account, *region, *type, *id;
} mw_place;

/**
 * The mask of a member. A mask says which texts are sensitive: an object has the masks of members ("*": that of all
 * members that it does not name), `true` covers every text from there on, ABSENT none. Lists add nothing: the mask of
 * a list is that of its elements.
 */
mw_val mw_mask_below(const mw_doc *d, mw_val mask, const char *name, size_t len);

/**
 * Push a copy of @p v with an unknown {code: "Withheld", message, token} in the place of each text that the mask
 * covers. Keys, lists, numbers, truth values, nulls and unknowns stay, so withholding twice is withholding once.
 * The token is the first 16 bytes of HMAC-SHA256 over the text, in hex, keyed by the place and the names that lead to it:
 * the same text in the same place has the same token, always and everywhere.
 *
 * @param path  Names that lead to @p v from the document's root, each with a NUL behind it; @p path_len their bytes.
 *
 * Failures stick in @p b. Cost: a copy, and a digest for each text that is withheld.
 */
void mw_doc_add_withheld(mw_doc_builder *b, const mw_doc *d, mw_val v, const mw_doc *mask_doc, mw_val mask,
                         const mw_place *place, const char *path, size_t path_len);

/** The token of an unknown that stands for a withheld text; NULL for every other value. */
const char *mw_val_token(const mw_doc *d, mw_val v);

/** The mask of a type's documents that a snapshot (docs/internals/contracts.md) carries, or ABSENT: nothing is withheld. */
mw_val mw_snapshot_mask(const mw_doc *snapshot, const char *type);
/** Has any type a mask? */
bool mw_snapshot_withholds(const mw_doc *snapshot);
/** The place that a resource of a snapshot stands for; missing texts are empty. */
mw_place mw_place_of(const mw_doc *d, mw_val resource);

/** mw_doc_add_withheld() of a whole resource: the mask is that of its `doc`, the envelope stays. */
void mw_doc_add_resource_withheld(mw_doc_builder *b, const mw_doc *d, mw_val resource, const mw_doc *mask_doc,
                                  mw_val mask);

/**
 * Append a resource of the snapshot @p d as JSON, as a store holds it: withheld by @p mask, a value of @p d, when there is one.
 * @p scratch is emptied and used only then.
 * @return MW_OK; MW_ERR_NOMEM; MW_ERR_LIMIT.
 */
mw_status mw_resource_write_stored(mw_buf *out, mw_doc_builder *scratch, const mw_doc *d, mw_val resource, mw_val mask,
                                   mw_json_style style, mw_error *err);

#endif
