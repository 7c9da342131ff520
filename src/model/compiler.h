/*
 * The pack compiler's parts: shapes of all services as one graph of plain records (compile.c),
 * strings stored once (strtab.c), equal shapes merged and the pack laid out (emit.c), values that
 * are not shapes (values.c), botocore's folders (tree.c). Strings and shapes are known by number
 * until the pack is laid out; string 0 means "none".
 */
#ifndef MW_MODEL_COMPILER_H
#define MW_MODEL_COMPILER_H

#include "model/pack.h"

#include "base/arena.h"
#include "base/buf.h"

#include <jansson.h>

/* ---- strings ---- */

typedef struct mw_strtab_entry {
    const char *text;
    uint32_t len;
    uint32_t offset; /* in the string table, once laid out */
} mw_strtab_entry;

typedef struct mw_strtab {
    mw_arena arena;
    mw_strtab_entry *entries; /* 0 is unused */
    size_t count, capacity;
    uint32_t *slots; /* open addressing; 0 = free */
    size_t slot_count;
} mw_strtab;

/** Number of the string, stored once; 0 when out of memory. */
uint32_t mw__strtab_add(mw_strtab *t, const char *text, size_t len);
/** Give each string its place; one that ends another lies inside it. Appends the table. */
mw_status mw__strtab_layout(mw_strtab *t, mw_buf *out, mw_error *err);
void mw__strtab_clear(mw_strtab *t);

/* ---- the graph ---- */

/* Room for one more at *array[count]; zeroed. False when out of memory. */
bool mw__grow(void *array, size_t *capacity, size_t count, size_t entry_size);

typedef struct mw_c_member {
    uint32_t name, shape;
    uint32_t location_name, query_name, xml_namespace, xml_prefix, context_param;
    uint32_t flags;
} mw_c_member;

typedef struct mw_c_shape {
    uint32_t name, type, timestamp_format, flags;
    uint32_t location_name, xml_namespace, xml_prefix, error_code, error_status, payload;
    uint32_t count; /* members or enum values */
    uint32_t first; /* in members or enums; not part of its content */
} mw_c_shape;

typedef struct mw_c_operation {
    uint32_t name, method, uri, service;
    uint32_t input, output; /* shape + 1, or 0 */
    uint32_t input_location_name, input_xml_namespace, result_wrapper, host_prefix, auth_type;
    uint32_t response_code, flags;
} mw_c_operation;

typedef struct mw_c_error {
    uint32_t code, shape;
} mw_c_error;

typedef struct mw_c_service {
    uint32_t text[9]; /* in the order of struct mw_service */
    uint32_t protocol, flags;
    uint32_t operations, operation_count, errors, error_count;
} mw_c_service;

typedef struct mw_compiler {
    mw_strtab strings;
    mw_c_service *services;
    mw_c_operation *operations;
    mw_c_error *errors;
    mw_c_shape *shapes;
    mw_c_member *members;
    uint32_t *enums;
    size_t service_count, service_capacity, operation_count, operation_capacity, error_count, error_capacity,
        shape_count, shape_capacity, member_count, member_capacity, enum_count, enum_capacity;
    mw_doc_builder *doc; /* inside the root object's "services" until mw__compiler_finish() */
} mw_compiler;

/** What one service brings; all but @p model may be NULL. */
typedef struct mw_service_source {
    const char *name;
    json_t *model; /* service-2.json: metadata, shapes, operations, clientContextParams */
    json_t *ruleset, *paginators, *waiters;
} mw_service_source;

mw_status mw__compiler_init(mw_compiler *c, mw_error *err);
void mw__compiler_clear(mw_compiler *c);
/** Services come in strcmp() order of their names. */
mw_status mw__compiler_add(mw_compiler *c, const mw_service_source *source, mw_error *err);
/**
 * Lay the pack out and append it.
 * @param partitions, regions  May be NULL.
 */
mw_status mw__compiler_finish(mw_compiler *c, json_t *partitions, json_t *regions, const char *version, mw_buf *pack,
                              mw_error *err);
/** Merge equal shapes and write the pack around the finished document. */
mw_status mw__emit(mw_compiler *c, const mw_doc *doc, const char *version, mw_buf *pack, mw_error *err);

/* ---- values ---- */

/** String member, or NULL. */
const char *mw__json_text(const json_t *object, const char *key);
/** Push a JSON value; members named "documentation" are left out. */
void mw__json_to_doc(mw_doc_builder *b, const json_t *value);
/** A new reference, or NULL with @p err filled; more than 512 levels are refused. */
json_t *mw__doc_to_json(const mw_doc *d, mw_val v, unsigned depth, mw_error *err);
/** Push what the document says of one service. */
void mw__add_service_values(mw_doc_builder *b, const mw_service_source *source);
/** True when an operation has traits that are kept in the document. */
bool mw__has_operation_values(const json_t *operation);

#endif
