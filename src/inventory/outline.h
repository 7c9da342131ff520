/* What the service models know of a type's documents, as the snapshot carries it (docs/internals/contracts.md). */
#ifndef MW_INVENTORY_OUTLINE_H
#define MW_INVENTORY_OUTLINE_H

#include "inventory/type.h"
#include "moonward/model.h"

/**
 * Push the outline of a type's documents. An object holds the outlines of a structure's members, its member "" the
 * names of those that AWS always sends (`always`); "*" stands for each member of a map. An array holds the outline
 * of a list's elements. `true`: anything may be there, as in a scalar, in a JSON document, in what a type computes, and
 * where the models lack the operation or a structure holds itself.
 * Failures stick in @p b. Cost: a few thousand nodes for the largest types; meant for a builder that shares.
 */
void mw_outline_add(mw_doc_builder *b, const mw_type *t, const mw_models *m);
/** Push the members `unmodelled` and `unsent` of the snapshot's root: what reading against the outline gives. */
void mw_outline_add_causes(mw_doc_builder *b, const mw_models *m);

#endif
