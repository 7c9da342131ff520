/* Where a call goes: AWS's endpoint rule sets, evaluated. */
#ifndef MW_AWS_ENDPOINT_H
#define MW_AWS_ENDPOINT_H

#include "aws/credentials.h"
#include "base/arena.h"
#include "moonward/model.h"

typedef struct mw_endpoint {
    const char *url;           /* as the rule set gave it */
    const char *scheme, *host; /* parsed; host may carry a prefix already */
    int port;                  /* 0 = default */
    const char *path;          /* "" or "/base" without trailing slash; percent-encoded */
    const char *signing_name;
    const char *signing_region;
    const char *auth_scheme; /* "sigv4", "sigv4a", "sigv4-s3express", "none", "bearer" */
    bool single_encode;      /* disableDoubleEncoding */
    bool is_address;         /* the host is an IP address: no host prefix can stand before it */
    mw_http_pairs headers;   /* x-amz-account-id and the like */
    mw_val properties;       /* of the rule set result in `doc`, for the conformance program */
} mw_endpoint;

/**
 * Evaluate a rule set with plain parameters.
 * @param rules       Document holding @p ruleset and @p partitions (the pack's, or a test's).
 * @param b           Builder used for values made on the way; @p params lies in it.
 * @param params      Object of rule-set parameters ({"Region": "eu-west-1", …}); defaults are applied.
 * @param[out] out    Strings in @p arena.
 * @return MW_OK; MW_ERR_INVALID with the rule set's own error text.
 */
mw_status mw_ruleset_eval(const mw_doc *rules, mw_val ruleset, mw_val partitions, mw_doc_builder *b, mw_val params,
                          mw_arena *arena, mw_endpoint *out, mw_error *err);

/** Everything that decides the endpoint of one call. */
typedef struct mw_endpoint_request {
    const mw_operation *operation;
    const mw_doc *params_doc; /* the call's parameters */
    mw_val params;
    const char *region;
    const char *account;         /* or NULL */
    const char *endpoint_url;    /* --endpoint-url; NULL = look into config */
    const mw_aws_config *config; /* or NULL */
} mw_endpoint_request;

/**
 * Fill the rule-set parameters (static, contextParam, operation context, built-ins, config), evaluate,
 * apply a custom endpoint (path style for S3 then). hostPrefix is not applied here.
 * Falls back on `{prefix}.{region}.{dnsSuffix}` for a service without rule set.
 * @return MW_OK; MW_ERR_INVALID with the rule set's own error text; MW_ERR_UNSUPPORTED for a directory bucket
 *         (`…--x-s3`) where the models are older than those; MW_ERR_NOMEM.
 */
mw_status mw_endpoint_resolve(const mw_endpoint_request *q, mw_arena *arena, mw_endpoint *out, mw_error *err);

/** Partition of a region by partitions.json ("aws", "aws-cn"…); never NULL ("aws" when unknown). */
const char *mw_partition_of_region(const mw_models *m, const char *region);

#endif
