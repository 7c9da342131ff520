/*
 * IAM Identity Center: the token of provider_sso_token.c is exchanged for a role's keys. Relies on
 * provider_call.c for SSO. The token is the source's: it is handed to the call and not kept.
 *
 * Facts: AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider".
 */
#include "aws/credentials_internal.h"
#include "aws/provider_call.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

typedef struct sso {
    mw_provider base;
    const mw_aws_config *config;
    const mw_models *models;
    const mw_http *http;
    mw_arena strings;
    const char *account, *role, *region;
} sso;

static void got_keys(void *user, mw_status status, const mw_doc *doc, mw_val result, const char *code,
                     const mw_error *error)
{
    sso *p = user;
    mw_val c = mw_val_get(doc, result, "roleCredentials");
    mw_error err = {0};
    const char *key, *secret, *token;
    int64_t expiration;

    if (status != MW_OK) {
        err = *error;
        mw_error_prefix(&err, status, "%s", p->base.description);
        if (strcmp(code, "UnauthorizedException") == 0) {
            mw_provider_invalidate(p->base.source); /* somebody may log in and leave a new one */
            status =
                mw_fail(&err, MW_ERR_CREDENTIALS, "%s: the session is over; run `aws sso login`", p->base.description);
        }
        mw__provider_finish(&p->base, status, &err);
        return;
    }
    key = mw_val_get_str(doc, c, "accessKeyId", NULL);
    secret = mw_val_get_str(doc, c, "secretAccessKey", NULL);
    token = mw_val_get_str(doc, c, "sessionToken", NULL);
    expiration = mw_val_get_int(doc, c, "expiration", 0);
    if (!key || !secret || !token || expiration <= 0)
        status = mw_fail(&err, MW_ERR_CREDENTIALS, "%s: the answer lacks credentials", p->base.description);
    else /* `expiration` is in milliseconds, GetRoleCredentials, SSO Portal API Reference */
        status = mw__credentials_set(&p->base.fresh, key, secret, token, p->account, expiration / 1000, &err);
    mw__provider_finish(&p->base, status, &err);
}

static mw_status ask(mw_provider *base, const mw_credentials *source, mw_error *err)
{
    sso *p = (sso *)base;
    const char *const params[][2] = {
        {"accountId", p->account}, {"roleName", p->role}, {"accessToken", source->bearer_token.data}};
    mw_provider_call spec = {.config = p->config,
                             .models = p->models,
                             .http = p->http,
                             .service = "sso",
                             .operation = "GetRoleCredentials",
                             .region = p->region,
                             .params = params,
                             .param_count = MW_COUNT(params),
                             .done = got_keys,
                             .user = p};
    mw_status st = mw__provider_call_start(&spec, err);

    return st == MW_OK ? MW_ERR_PENDING : mw_error_prefix(err, st, "%s", p->base.description);
}

static void clear(mw_provider *base)
{
    mw_arena_clear(&((sso *)base)->strings);
}

static const mw_provider_class sso_class = {
    .name = "sso", .refresh = mw__provider_refresh_from_source, .ask = ask, .clear = clear};

mw_status mw__provider_sso(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                           const char *profile, mw_provider **out, mw_error *err)
{
    const char *account = mw_aws_config_get(config, profile, "sso_account_id");
    const char *role = mw_aws_config_get(config, profile, "sso_role_name");
    const char *region = NULL;
    char description[512];
    mw_provider *token = NULL;
    sso *p = NULL;
    mw_status st;

    *out = NULL;
    if (!account && !role)
        return MW_ERR_NOTFOUND;
    if (!profile)
        profile = mw_aws_config_profile(config);
    if (!account || !role)
        return mw_fail(err, MW_ERR_INVALID, "profile %s: %s is missing for IAM Identity Center", profile,
                       !account ? "sso_account_id" : "sso_role_name");
    st = mw__provider_sso_token(config, models, http, profile, &region, &token, err);
    if (st != MW_OK)
        return st;
    snprintf(description, sizeof(description), "profile %s (sso %s in %s)", profile, role, account);
    st = mw__provider_new(&sso_class, sizeof(*p), description, &p, err);
    if (st != MW_OK) {
        mw_provider_unref(token);
        return st;
    }
    p->base.source = token;
    p->config = config;
    p->models = models;
    p->http = http;
    p->account = mw_arena_strdup(&p->strings, account);
    p->role = mw_arena_strdup(&p->strings, role);
    p->region = mw_arena_strdup(&p->strings, region);
    if (!p->account || !p->role || !p->region) {
        mw_provider_unref(&p->base);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    *out = &p->base;
    return MW_OK;
}
