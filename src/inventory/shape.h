/*
 * What AWS's service models say about the documents of a resource type: for the outline that makes reads unknown
 * (outline.h), for lint and for authors' tools. Every doubt is "not known", never a wrong promise.
 */
#ifndef MW_INVENTORY_SHAPE_H
#define MW_INVENTORY_SHAPE_H

#include "inventory/type.h"
#include "moonward/model.h"

/** A shape below @p lists list layers; shape NULL: not known, anything may be there. */
typedef struct mw_typed {
    const mw_shape *shape;
    unsigned lists;
} mw_typed;

/** Follow a JMESPath of names, indices, flattening, `[*]`, filters and pipes from a shape. Anything
 * else: not known. */
mw_typed mw_shape_follow(mw_typed from, const char *path);
/** A member by its name, of a structure or a map; not known below a list. */
mw_typed mw_shape_below(mw_typed at, const char *name, size_t len);
/** Lists of the model as list layers. */
mw_typed mw_shape_typed(const mw_shape *s);
/** The items that the type's list gives; @p also is what a describe call merges over them, or not
 * known. */
mw_typed mw_type_item_shape(const mw_type *t, const mw_models *m, mw_typed *also);
/** One facet; not known when it is parsed text, computed, or of an operation that the models lack.
 */
mw_typed mw_type_facet_shape(const mw_type *t, const char *facet, const mw_models *m);
/** What a facet is to its readers. */
typedef struct mw_facet_shape {
    const char *name, *operation; /* "s3:GetBucketVersioning" */
    mw_typed typed;
    const char *parse; /* "json", "csv", "csv:Member", or NULL */
    bool metric;       /* statistics of a series, or with one list layer a list of such; typed has no shape */
    bool sure;         /* a facet that was fetched is there: it cannot be absent */
} mw_facet_shape;
/** Facet @p i in name order. */
mw_facet_shape mw_type_facet_describe(const mw_type *t, size_t i, const mw_models *m);
/** "service:Operation" or NULL. @p operation need not end with a NUL. */
const mw_operation *mw_models_operation(const mw_models *m, const char *operation, size_t len);

#endif
