/* One call to AWS on behalf of a credential provider (STS, SSO), with its own small retries. */
#ifndef MW_AWS_PROVIDER_CALL_H
#define MW_AWS_PROVIDER_CALL_H

#include "aws/credentials_internal.h"

/** The answer; valid during the call. On failure @p doc is NULL, and @p code AWS's error code or "". */
typedef void (*mw_provider_call_done)(void *user, mw_status status, const mw_doc *doc, mw_val result, const char *code,
                                      const mw_error *err);

typedef struct mw_provider_call {
    const mw_aws_config *config;
    const mw_models *models;
    const mw_http *http;
    const char *service;   /* "sts" */
    const char *operation; /* "AssumeRole" */
    const char *region;
    const char *endpoint_url;          /* --endpoint-url, or NULL */
    const mw_credentials *credentials; /* borrowed until done; NULL = unsigned */
    const char *const (*params)[2];    /* member name and text; integers as decimal digits */
    size_t param_count;
    const char *inside; /* the member that the parameters are members of, or NULL */
    /** The request is made but neither signed nor sent: add what it needs. NULL = nothing. */
    mw_status (*adorn)(void *user, mw_http_request *request, mw_error *err);
    mw_provider_call_done done;
    void *user;
} mw_provider_call;

/**
 * Start it. Everything but the credentials and @p user is copied or read before it returns.
 * MW_OK: `done` is called exactly once, perhaps before this returns.
 */
mw_status mw__provider_call_start(const mw_provider_call *spec, mw_error *err);

/** Does this error code say that the signing credentials themselves are of no use any more? */
bool mw__is_stale_credentials_code(const char *code);
/** `Credentials` of an STS answer (or an alike), and the account of `AssumedRoleUser`, into @p out. */
mw_status mw__credentials_from_sts(const mw_doc *doc, mw_val result, const char *source, mw_credentials *out,
                                   mw_error *err);
/**
 * The region whose STS is asked: @p region, else the config's, else the main one of the partition
 * that @p role_arn is in. @p config may be NULL.
 */
const char *mw__sts_region(const mw_aws_config *config, const mw_models *models, const char *region,
                           const char *role_arn);
/** Account of an ARN, or "" ; @p out has room for 13 bytes. */
void mw__account_of_arn(const char *arn, char out[13]);

#endif
