/* AWS Signature Version 4 and 4A. Own code: Debian 12's libcurl signs unsorted and encoded queries wrongly. */
#ifndef MW_AWS_SIGV4_H
#define MW_AWS_SIGV4_H

#include "aws/credentials.h"
#include "aws/http.h"

#define MW_SIGV4_NOW_MAX INT64_C(9000000000) /* the last second that is signed, in 2255 */

typedef struct mw_sigv4_scope {
    const char *region;         /* asymmetric: the region set, "*" or a list with commas */
    const char *service;        /* signing name */
    const char *token_header;   /* of the session token; NULL = X-Amz-Security-Token */
    bool asymmetric;            /* Version 4A: ECDSA, good in several regions */
    bool single_encode;         /* S3: the path is canonical as it stands, no normalisation */
    bool no_normalize;          /* keep dot segments and double slashes */
    bool unsigned_payload;      /* the payload hash is the literal UNSIGNED-PAYLOAD */
    bool content_sha256_header; /* add and sign x-amz-content-sha256 (S3, Glacier) */
    bool omit_session_token;    /* add the token after signing */
    bool skip_body;             /* hash an empty payload whatever the body */
    int expires_seconds;        /* query placement only */
} mw_sigv4_scope;

/** Intermediate texts for tests; in the request's arena. */
typedef struct mw_sigv4_trace {
    const char *canonical_request;
    const char *string_to_sign;
    const char *signature;
    const char *authorization; /* header placement */
} mw_sigv4_trace;

/**
 * Sign @p req: header placement adds X-Amz-Date, X-Amz-Security-Token, Authorization (and the
 * content hash header); a Host header is signed from the request's host without being added
 * unless present. @p now_unix in seconds, UTC, up to MW_SIGV4_NOW_MAX. @p trace may be NULL.
 * @return MW_OK; MW_ERR_INVALID; MW_ERR_NOMEM.
 * Source: AWS IAM User Guide, "Create a signed AWS API request".
 */
mw_status mw_sigv4_sign(mw_http_request *req, const mw_credentials *creds, const mw_sigv4_scope *scope,
                        int64_t now_unix, mw_sigv4_trace *trace, mw_error *err);
/** The same in the query string (presigned URL); rewrites req->query. */
mw_status mw_sigv4_presign(mw_http_request *req, const mw_credentials *creds, const mw_sigv4_scope *scope,
                           int64_t now_unix, mw_sigv4_trace *trace, mw_error *err);

#endif
