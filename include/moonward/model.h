/*
 * AWS service models: one documentation-free pack, mapped into memory, no parsing at start.
 *
 * The pack is compiled at build time from botocore's data (`mw_models_compile_tree`) and carried by
 * the binary. Everything here borrows from the pack and lives as long as its mw_models. All strings
 * are NUL-terminated. Fields that a model does not have are NULL, 0 or false.
 */
#ifndef MOONWARD_MODEL_H
#define MOONWARD_MODEL_H

#include "moonward/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mw_models mw_models;
typedef struct mw_service mw_service;
typedef struct mw_operation mw_operation;
typedef struct mw_shape mw_shape;
typedef struct mw_member mw_member;

typedef enum mw_protocol {
    MW_PROTO_JSON, /**< json 1.0 and 1.1 */
    MW_PROTO_REST_JSON,
    MW_PROTO_REST_XML,
    MW_PROTO_QUERY,
    MW_PROTO_EC2,
    MW_PROTO_CBOR /**< smithy-rpc-v2-cbor */
} mw_protocol;

typedef enum mw_shape_type {
    MW_SHAPE_STRUCTURE,
    MW_SHAPE_LIST,
    MW_SHAPE_MAP,
    MW_SHAPE_STRING,
    MW_SHAPE_INTEGER,
    MW_SHAPE_LONG,
    MW_SHAPE_FLOAT,
    MW_SHAPE_DOUBLE,
    MW_SHAPE_BOOLEAN,
    MW_SHAPE_BLOB,
    MW_SHAPE_TIMESTAMP
} mw_shape_type;

typedef enum mw_location {
    MW_LOC_BODY,
    MW_LOC_URI,
    MW_LOC_QUERYSTRING,
    MW_LOC_HEADER,
    MW_LOC_HEADERS,
    MW_LOC_STATUS_CODE
} mw_location;

typedef enum mw_timestamp_format { MW_TS_DEFAULT, MW_TS_ISO8601, MW_TS_UNIX, MW_TS_RFC822 } mw_timestamp_format;

/* ---- pack ---- */

/** The pack carried by this binary (library mw_models_pack). Opened once, in constant time; never freed; any thread. */
mw_status mw_models_builtin(const mw_models **out, mw_error *err);
/**
 * Open a pack given as bytes (borrowed, at an address divisible by 8) or a file (mapped). Checked whole:
 * MW_ERR_PARSE on damage. Opening bytes that are open already gives the same handle, counted.
 */
mw_status mw_models_open(const void *bytes, size_t size, mw_models **out, mw_error *err);
mw_status mw_models_open_file(const char *path, mw_models **out, mw_error *err);
void mw_models_free(mw_models *m);
/** Version of the botocore it was made from, e.g. "1.43.11"; "unknown" when the tree did not say. */
const char *mw_models_botocore_version(const mw_models *m);
size_t mw_models_size_bytes(const mw_models *m);
size_t mw_models_service_count(const mw_models *m);
const mw_service *mw_models_service_at(const mw_models *m, size_t i); /**< in name order */
/** By botocore's service name (`ec2`, `elbv2`); NULL when missing. */
const mw_service *mw_models_service(const mw_models *m, const char *name);
/** Pack data that is not shapes, as one document; see mw_service_extra(). */
const mw_doc *mw_models_doc(const mw_models *m);
/**
 * botocore's partitions.json, and the region hints {service: [regions]} of endpoints.json, by our service
 * names: regions of all partitions, and a pseudo region like "aws-global" where the service has one for its
 * partition. A service that endpoints.json does not know is absent.
 */
mw_val mw_models_partitions(const mw_models *m);
mw_val mw_models_regions(const mw_models *m);

/* ---- service ---- */

const char *mw_service_name(const mw_service *s);     /**< botocore folder: "elbv2" */
const char *mw_service_id(const mw_service *s);       /**< serviceId: "Elastic Load Balancing v2"; else the folder */
mw_protocol mw_service_protocol(const mw_service *s); /**< resolved from `protocols`, else `protocol` */
const char *mw_service_api_version(const mw_service *s);
const char *mw_service_endpoint_prefix(const mw_service *s);
const char *mw_service_signing_name(const mw_service *s); /**< signingName, else endpointPrefix */
const char *mw_service_target_prefix(const mw_service *s);
const char *mw_service_json_version(const mw_service *s);  /**< "1.0", "1.1" */
const char *mw_service_xml_namespace(const mw_service *s); /**< uri, or NULL */
const char *mw_service_signature_version(const mw_service *s);
bool mw_service_query_compatible(const mw_service *s); /**< awsQueryCompatible */
size_t mw_service_operation_count(const mw_service *s);
const mw_operation *mw_service_operation_at(const mw_service *s, size_t i); /**< in name order */
const mw_operation *mw_service_operation(const mw_service *s, const char *name);
/** Modelled exception shape by error code: error.code, else the name of the shape; or NULL. */
const mw_shape *mw_service_error(const mw_service *s, const char *code);
/** The rule set, paginators, waiters and client context params of botocore, as values of mw_models_doc(); ABSENT if none. */
mw_val mw_service_ruleset(const mw_service *s);
mw_val mw_service_paginator(const mw_service *s, const char *operation);
mw_val mw_service_waiters(const mw_service *s);
/** By key: "ruleset", "paginators", "waiters", "clientContextParams" (by name, each with its type). */
mw_val mw_service_extra(const mw_service *s, const char *key);
const mw_models *mw_service_models(const mw_service *s);

/* ---- operation ---- */

const char *mw_operation_name(const mw_operation *o); /**< on the wire and in calls */
const mw_service *mw_operation_service(const mw_operation *o);
const char *mw_operation_method(const mw_operation *o); /**< "POST" */
/** URI template with {labels}, {greedy+} and a static query, as modelled ("/{Bucket}/{Key+}?acl"). */
const char *mw_operation_uri(const mw_operation *o);
unsigned mw_operation_response_code(const mw_operation *o); /**< http.responseCode or 0 */
const mw_shape *mw_operation_input(const mw_operation *o);  /**< NULL when it takes nothing */
const mw_shape *mw_operation_output(const mw_operation *o); /**< NULL when it returns nothing */
/** Traits of the reference to the input/output, else of its shape: e.g. the name and namespace of the root element. */
const char *mw_operation_input_location_name(const mw_operation *o);
const char *mw_operation_input_xml_namespace(const mw_operation *o);
const char *mw_operation_result_wrapper(const mw_operation *o);
const char *mw_operation_host_prefix(const mw_operation *o); /**< endpoint.hostPrefix template */
/** "none", "bearer", "v4-unsigned-body"; NULL = v4. From `auth` of the operation, its `authtype`, `auth` of the service. */
const char *mw_operation_auth_type(const mw_operation *o);
bool mw_operation_unsigned_payload(const mw_operation *o); /**< the trait, or v4-unsigned-body */
bool mw_operation_checksum_required(
    const mw_operation *o); /**< httpChecksumRequired or httpChecksum.requestChecksumRequired */
/** botocore's httpChecksum, staticContextParams, operationContextParams of the operation as a document value. */
mw_val mw_operation_extra(const mw_operation *o, const char *key);
bool mw_operation_deprecated(const mw_operation *o);

/* ---- shape ---- */

mw_shape_type mw_shape_type_of(const mw_shape *s);
const char *mw_shape_name(const mw_shape *s);
size_t mw_shape_member_count(const mw_shape *s);
const mw_member *mw_shape_member_at(const mw_shape *s, size_t i); /**< in the model's order */
const mw_member *mw_shape_member(const mw_shape *s, const char *name, size_t len);
/** By locationName, else name: what the body calls it. Where a header has the same name, the body's member is meant. */
const mw_member *mw_shape_member_wire(const mw_shape *s, const char *wire, size_t len);
const mw_member *mw_shape_element(const mw_shape *s); /**< list member */
const mw_member *mw_shape_key(const mw_shape *s);     /**< map key, value */
const mw_member *mw_shape_value(const mw_shape *s);
const mw_member *mw_shape_payload(const mw_shape *s); /**< `payload` trait's member or NULL */
bool mw_shape_flattened(const mw_shape *s);
bool mw_shape_exception(const mw_shape *s);
bool mw_shape_union(const mw_shape *s);
bool mw_shape_document(const mw_shape *s);
bool mw_shape_sensitive(const mw_shape *s);
bool mw_shape_streaming(const mw_shape *s);
bool mw_shape_eventstream(const mw_shape *s);
bool mw_shape_event(const mw_shape *s);
bool mw_shape_wrapper(const mw_shape *s);
bool mw_shape_requires_length(const mw_shape *s);
const char *mw_shape_location_name(const mw_shape *s);
const char *mw_shape_xml_namespace(const mw_shape *s);
const char *mw_shape_xml_prefix(const mw_shape *s);
const char *mw_shape_error_code(const mw_shape *s); /**< error.code or NULL */
unsigned mw_shape_error_status(const mw_shape *s);
bool mw_shape_error_retryable(const mw_shape *s); /**< `retryable` trait */
bool mw_shape_error_throttling(const mw_shape *s);
mw_timestamp_format mw_shape_timestamp_format(const mw_shape *s);
/** `enum` values: count and each; `min`/`max` are not kept. */
size_t mw_shape_enum_count(const mw_shape *s);
const char *mw_shape_enum_at(const mw_shape *s, size_t i);

/*
 * ---- member: a named or anonymous reference to a shape. locationName, xmlNamespace, flattened, streaming,
 *      jsonvalue and timestampFormat are the reference's own, else its shape's, as botocore resolves them. ----
 */

const char *mw_member_name(const mw_member *m); /**< NULL for list elements, map keys and values */
const mw_shape *mw_member_shape(const mw_member *m);
const char *mw_member_location_name(const mw_member *m); /**< or NULL */
const char *mw_member_query_name(const mw_member *m);
mw_location mw_member_location(const mw_member *m);
bool mw_member_required(const mw_member *m);
bool mw_member_flattened(const mw_member *m);
bool mw_member_idempotency_token(const mw_member *m);
bool mw_member_xml_attribute(const mw_member *m);
bool mw_member_streaming(const mw_member *m);
bool mw_member_jsonvalue(const mw_member *m);
bool mw_member_host_label(const mw_member *m);
bool mw_member_event_payload(const mw_member *m);
bool mw_member_event_header(const mw_member *m);
const char *mw_member_xml_namespace(const mw_member *m);
const char *mw_member_xml_prefix(const mw_member *m);
const char *mw_member_context_param(const mw_member *m); /**< endpoint rule-set parameter it fills */
mw_timestamp_format mw_member_timestamp_format(const mw_member *m);

/* ---- compiling ---- */

/**
 * Compile a botocore data folder (plain or .gz files, any vintage; the newest API version of each
 * service; *.sdk-extras merged) into a pack.
 * @param version  botocore's version to record; NULL = look for it beside the folder.
 * @param[out] pack  Appended at a multiple of 8; ceiling pack->max. Unchanged on failure.
 * @return MW_OK; MW_ERR_NOTFOUND (no models there); MW_ERR_PARSE (file, line); MW_ERR_IO; MW_ERR_LIMIT; MW_ERR_NOMEM.
 */
mw_status mw_models_compile_tree(const char *data_dir, const char *version, mw_buf *pack, mw_error *err);
/**
 * Compile one service from values of a document: @p metadata, @p shapes and @p operations (an object
 * {name: operation}), as in service-2.json; for test vectors that bring their own models. Members come
 * in byte order of their names, for a document keeps no other.
 */
mw_status mw_models_compile_service(const char *name, const mw_doc *d, mw_val metadata, mw_val operations,
                                    mw_val shapes, mw_buf *pack, mw_error *err);

#ifdef __cplusplus
}
#endif
#endif
