/*
 * What a type's documents look like, by the AWS models: the shape behind the list's items and behind each facet.
 * For editors, skeletons and completion; collecting relies on none of it.
 */
#ifndef MW_INVENTORY_VIEW_H
#define MW_INVENTORY_VIEW_H

#include "inventory/type.h"
#include "moonward/model.h"

/** A modelled value: @p lists lists around a shape. `shape` NULL: any value. */
typedef struct mw_view {
    const mw_shape *shape;
    unsigned lists;
} mw_view;

typedef struct mw_facet_view {
    const char *name, *operation; /* "s3:GetBucketVersioning" */
    mw_view view;
    bool sure;                    /* a facet that was fetched is there: it cannot be absent */
    const char *parse;            /* "json", "csv", "csv:Member", or NULL: the view says all */
} mw_facet_view;

/** The operation that lists the type. */
const char *mw_type_list_operation(const mw_type *t);
/** The operation that adds to each item, or NULL. */
const char *mw_type_describe_operation(const mw_type *t);
/** An item of the list, and of the describe call (shape NULL when there is none). An item may have members of both. */
mw_view mw_type_item_view(const mw_type *t, const mw_models *models);
mw_view mw_type_described_view(const mw_type *t, const mw_models *models);
/** Facet @p i in name order. */
mw_facet_view mw_type_facet_view(const mw_type *t, const mw_models *models, size_t i);
/** Path of the id in an item: an item without it is no resource. */
const char *mw_type_id_path(const mw_type *t);
/** "s3": the service in the type's name, in lower case as folders and aliases have it. @return @p out. */
const char *mw_type_service(const mw_type *t, char *out, size_t size);

/** What is known of a member by name; shape NULL when nothing is. Lists are looked through. */
mw_view mw_view_member(mw_view v, const char *name, size_t len);
/** Follow plain JMESPath (members, projections, filters, indexes); anything else gives shape NULL. */
mw_view mw_view_path(mw_view v, const char *path);
/** An operation by "service:Operation"; NULL when the models lack it. */
const mw_operation *mw_view_operation(const mw_models *models, const char *name);

#endif
