/*
 * A session on one directory bucket (S3 Express One Zone): keys for five minutes, from
 * CreateSession, that sign what is done with the bucket's objects. Relies on its source provider
 * for the keys that ask for it and on provider_call.c for the call. A refusal keeps AWS's code, for
 * it is an answer about the bucket and not a want of credentials.
 *
 * Facts: Amazon S3 User Guide, "Regional and Zonal endpoint API operations"; windows as botocore's
 * S3ExpressIdentityCache has them.
 */
#include "aws/credentials_internal.h"
#include "aws/provider_call.h"

#include "base/str.h"

#include <stdio.h>

#define ADVISORY_SECONDS  45
#define MANDATORY_SECONDS 10

typedef struct s3_session {
    mw_provider base;
    const mw_aws_config *config;
    const mw_models *models;
    const mw_http *http;
    mw_arena strings;
    const char *bucket, *region, *endpoint_url;
    char code[128]; /* of the last refusal */
} s3_session;

static void answered(void *user, mw_status status, const mw_doc *doc, mw_val result, const char *code,
                     const mw_error *error)
{
    s3_session *p = user;
    mw_error err = {0};

    snprintf(p->code, sizeof(p->code), "%s", code);
    if (status == MW_OK) {
        status = mw__credentials_from_sts(doc, result, p->base.description, &p->base.fresh, &err);
    } else {
        err = *error;
        status = *code ? MW_ERR_AWS : status;
        mw_error_prefix(&err, status, "%s", p->base.description);
        if (mw__is_stale_credentials_code(code))
            mw_provider_invalidate(p->base.source);
    }
    mw__provider_finish(&p->base, status, &err);
}

static mw_status ask(mw_provider *base, const mw_credentials *source, mw_error *err)
{
    s3_session *p = (s3_session *)base;
    const char *const params[][2] = {{"Bucket", p->bucket}};
    mw_provider_call spec = {.config = p->config,
                             .models = p->models,
                             .http = p->http,
                             .service = "s3",
                             .operation = "CreateSession",
                             .region = p->region,
                             .endpoint_url = p->endpoint_url,
                             .credentials = source,
                             .params = params,
                             .param_count = MW_COUNT(params),
                             .done = answered,
                             .user = p};
    mw_status st;

    p->code[0] = '\0';
    st = mw__provider_call_start(&spec, err);
    return st == MW_OK ? MW_ERR_PENDING : mw_error_prefix(err, st, "%s", base->description);
}

static void clear(mw_provider *base)
{
    mw_arena_clear(&((s3_session *)base)->strings);
}

static const mw_provider_class s3_session_class = {
    .name = "s3 session", .refresh = mw__provider_refresh_from_source, .ask = ask, .clear = clear};

const char *mw__s3_session_code(const mw_provider *p)
{
    return p->class == &s3_session_class ? ((const s3_session *)p)->code : "";
}

mw_status mw__provider_s3_session(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                                  mw_provider *source, const char *bucket, const char *region, const char *endpoint_url,
                                  mw_provider **out, mw_error *err)
{
    s3_session *p = NULL;
    char description[512];
    mw_status st;

    *out = NULL;
    snprintf(description, sizeof(description), "session on bucket %s", bucket);
    st = mw__provider_new(&s3_session_class, sizeof(*p), description, &p, err);
    if (st != MW_OK)
        return st;
    p->base.source = mw_provider_ref(source);
    p->base.advisory_seconds = ADVISORY_SECONDS;
    p->base.mandatory_seconds = MANDATORY_SECONDS;
    p->config = config;
    p->models = models;
    p->http = http;
    p->bucket = mw_arena_strdup(&p->strings, bucket);
    p->region = mw_arena_strdup(&p->strings, region);
    p->endpoint_url = endpoint_url ? mw_arena_strdup(&p->strings, endpoint_url) : NULL;
    if (!p->bucket || !p->region || (endpoint_url && !p->endpoint_url)) {
        mw_provider_unref(&p->base);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    *out = &p->base;
    return MW_OK;
}
