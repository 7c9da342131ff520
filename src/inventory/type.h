/*
 * Resource types: data, not code. A type says how its resources are listed, described, identified and
 * which further calls (facets) fill which part of the document. The YAML files of types/ are compiled
 * into the binary as one mw_doc; a team may add files of its own.
 */
#ifndef MW_INVENTORY_TYPE_H
#define MW_INVENTORY_TYPE_H

#include "moonward/doc.h"

typedef struct mw_types mw_types;
typedef struct mw_type mw_type;

/** The built-in types plus each *.yaml of @p dirs (count n; later ones win). Messages name file, line, key. */
mw_status mw_types_load(const char *const *dirs, size_t n, mw_types **out, mw_error *err);
void mw_types_free(mw_types *t);
size_t mw_types_count(const mw_types *t);
const mw_type *mw_types_at(const mw_types *t, size_t i); /* in name order */
/** By name or alias ("s3.bucket"); NULL when missing. */
const mw_type *mw_types_get(const mw_types *t, const char *name);

const char *mw_type_name(const mw_type *t);
const char *mw_type_alias(const mw_type *t); /* "s3.bucket", or NULL */
/** The type as its YAML file has it (docs/reference/resource-types.md), a value of *@p d. */
mw_val mw_type_value(const mw_type *t, const mw_doc **d);
const char *mw_type_scope(const mw_type *t);     /* regional | region | global | account */
const char *mw_type_tag_facet(const mw_type *t); /* facet that tags come from, or NULL */
/** The operation that lists the type; NULL when others do (`derived_from`). */
const char *mw_type_list_operation(const mw_type *t);
/** The operation that adds to each item, or NULL. */
const char *mw_type_describe_operation(const mw_type *t);
/** Path of the id in an item: an item without it is no resource. */
const char *mw_type_id_path(const mw_type *t);
/** "s3": the service in the type's name, in lower case as folders and aliases have it. @return @p out. */
const char *mw_type_service(const mw_type *t, char *out, size_t size);
size_t mw_type_facet_count(const mw_type *t);
const char *mw_type_facet_at(const mw_type *t, size_t i);
bool mw_type_has_facet(const mw_type *t, const char *facet);
/** Has it facets `Metrics.Name`? They fill one member, `Metrics`. */
bool mw_type_has_metrics(const mw_type *t);

#endif
