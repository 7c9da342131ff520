/* The wire formats: parameters to an HTTP request, an HTTP response to a document. Driven by the model. */
#ifndef MW_AWS_PROTOCOL_H
#define MW_AWS_PROTOCOL_H

#include "aws/http.h"
#include "moonward/model.h"

/** An error that AWS returned. Fixed size, so that it survives the response it came from. */
typedef struct mw_aws_error {
    char code[128]; /* "AccessDenied"; the HTTP status as text when there was no body */
    char message[1024];
    char request_id[128];
    char region[64]; /* S3: the `<Region>` that AWS expected; "" when it said none */
    int http_status; /* 500 for S3's error inside a 200 */
    bool sender_fault;
} mw_aws_error;

typedef struct mw_serialize_options {
    const char *idempotency_token; /* for absent members with that trait; NULL = a random UUIDv4 */
    bool validate;                 /* check types, required members, enum-free; messages name the path */
    bool drop_unknown;             /* leave out parameters that the model lacks, instead of MW_ERR_INVALID */
    bool strip_bucket;             /* S3: leave `{Bucket}` out of the path, the endpoint carries it */
} mw_serialize_options;

/**
 * Serialise @p params (an object of @p d; NULL or ABSENT = {}) for @p op.
 *
 * Fills method, path, query, headers, body and, by hostPrefix, `host_prefix`. The path does not
 * hold the endpoint's base path. Blobs are base64 strings in @p params; timestamps epoch numbers or
 * ISO 8601 strings; non-finite floats "NaN", "Infinity", "-Infinity".
 * @param req  req->arena is set by the caller. Scheme, host and port are left alone.
 * @param[out] host_prefix  Filled template in the arena ("123456789012.") or NULL; may be NULL.
 * @return MW_OK; MW_ERR_INVALID naming the parameter's path, the kind found and the kind wanted.
 */
mw_status mw_protocol_serialize(const mw_operation *op, const mw_doc *d, mw_val params,
                                const mw_serialize_options *options, mw_http_request *req, const char **host_prefix,
                                mw_error *err);

/**
 * Parse a response into @p out.
 *
 * On success @p result is an object (members absent from the response are absent; blobs base64
 * strings, timestamps ISO 8601 strings, floats that are not finite strings, unknown members dropped).
 * On an AWS error the status is MW_ERR_AWS, @p aws is filled, and @p result holds the modelled error's members.
 * @return MW_OK, MW_ERR_AWS, MW_ERR_PARSE (never a half result), MW_ERR_LIMIT, MW_ERR_NOMEM. On all but the first
 *         two @p out has failed as a builder: reset it before its next use.
 */
mw_status mw_protocol_parse(const mw_operation *op, const mw_http_response *response, mw_doc_builder *out,
                            mw_val *result, mw_aws_error *aws, mw_error *err);

/**
 * Has a 200 no body, or null for one, where the model has a document? It parses as one without members, for some that
 * change something answer so. Who asked for a list has not got an empty one.
 */
bool mw_protocol_lacks_document(const mw_operation *op, const mw_http_response *response);

/**
 * The read-side customisations that AWS CLI users rely on: decoded IAM policy documents, template
 * bodies, bucket location…
 *
 * @param[in] request, params  What the caller asked with (NULL without parameters): who names an S3
 *                             EncodingType gets keys as S3 encoded them.
 */
mw_status mw_customize_result(const mw_operation *op, const mw_doc *request, mw_val params, mw_doc_builder *b,
                              mw_val in, mw_val *out, mw_error *err);

#endif
