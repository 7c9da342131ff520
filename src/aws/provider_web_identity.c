/*
 * A role assumed with a web identity token (EKS service accounts, CI systems). Relies on a token
 * file that somebody else renews: it is read again for each refresh. The call is not signed. The
 * token is a secret: it is never put in a message.
 */
#include "aws/credentials_internal.h"
#include "aws/provider_call.h"

#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

#define MAX_TOKEN_BYTES 20000 /* AssumeRoleWithWebIdentity WebIdentityToken, STS API Reference */

typedef struct web_identity {
    mw_provider base;
    const mw_aws_config *config;
    const mw_models *models;
    const mw_http *http;
    mw_arena strings;
    const char *token_file, *role_arn, *session_name;
} web_identity;

static void answered(void *user, mw_status status, const mw_doc *doc, mw_val result, const char *code,
                     const mw_error *error)
{
    web_identity *p = user;
    mw_error err = {0};

    (void)code;
    if (status == MW_OK) {
        status = mw__credentials_from_sts(doc, result, p->base.description, &p->base.fresh, &err);
    } else {
        err = *error;
        mw_error_prefix(&err, status, "%s", p->base.description);
    }
    mw__provider_finish(&p->base, status, &err);
}

static mw_status refresh(mw_provider *base, int64_t now_unix, mw_error *err)
{
    web_identity *p = (web_identity *)base;
    MW_AUTO(mw_buf) token = {.max = MAX_TOKEN_BYTES};
    mw_status st = mw_file_read(p->token_file, &token, err);

    (void)now_unix;
    if (st != MW_OK)
        return mw_error_prefix(err, MW_ERR_CREDENTIALS, "%s", p->base.description);
    while (token.len && (token.data[token.len - 1] == '\n' || token.data[token.len - 1] == '\r'))
        token.data[--token.len] = '\0';
    if (!token.len || strlen(token.data) != token.len)
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s: %s holds no token", p->base.description, p->token_file);
    const char *const params[][2] = {
        {"RoleArn", p->role_arn},
        {"RoleSessionName", p->session_name},
        {"WebIdentityToken", token.data},
    };
    mw_provider_call spec = {.config = p->config,
                             .models = p->models,
                             .http = p->http,
                             .service = "sts",
                             .operation = "AssumeRoleWithWebIdentity",
                             .region = mw__sts_region(p->config, p->models, NULL, p->role_arn),
                             .params = params,
                             .param_count = MW_COUNT(params),
                             .done = answered,
                             .user = p};
    st = mw__provider_call_start(&spec, err);
    return st == MW_OK ? MW_ERR_PENDING : mw_error_prefix(err, st, "%s", p->base.description);
}

static void clear(mw_provider *base)
{
    mw_arena_clear(&((web_identity *)base)->strings);
}

static const mw_provider_class web_identity_class = {.name = "web identity", .refresh = refresh, .clear = clear};

static const char *const settings[][2] = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file"},
                                          {"AWS_ROLE_ARN", "role_arn"},
                                          {"AWS_ROLE_SESSION_NAME", "role_session_name"}};

/* Each by itself, as botocore has it: the environment's role goes with a profile's file and vice versa. */
static const char *setting(const mw_aws_config *config, const char *profile, bool environment,
                           const char *const names[2])
{
    const char *value = environment ? mw_aws_config_env(config, names[0]) : NULL;

    return value ? value : mw_aws_config_get(config, profile, names[1]);
}

mw_status mw__provider_web_identity(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                                    const char *profile, bool environment, mw_provider **out, mw_error *err)
{
    bool env = environment && mw_aws_config_env(config, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *where = env ? "environment" : "profile";
    const char *file = setting(config, profile, environment, settings[0]);
    const char *arn = setting(config, profile, environment, settings[1]);
    const char *session = setting(config, profile, environment, settings[2]);
    MW_AUTO(mw_buf) path = {.max = 4096};
    char description[512], name[64], ulid[MW_ULID_SIZE];
    web_identity *p = NULL;
    mw_status st;

    *out = NULL;
    if (!file)
        return MW_ERR_NOTFOUND;
    if (!arn)
        return mw_fail(err, MW_ERR_CREDENTIALS, "web identity (%s): there is a token file but no role to assume",
                       where);
    if ((st = mw_ulid(ulid, mw_now_ns(), err)) != MW_OK ||
        (st = mw__aws_config_expand(config, file, &path, err)) != MW_OK)
        return st;
    snprintf(name, sizeof(name), "moonward-%s", ulid);
    snprintf(description, sizeof(description), "web identity (role %s)", arn);
    st = mw__provider_new(&web_identity_class, sizeof(*p), description, &p, err);
    if (st != MW_OK)
        return st;
    p->config = config;
    p->models = models;
    p->http = http;
    p->token_file = mw_arena_strdup(&p->strings, path.data);
    p->role_arn = mw_arena_strdup(&p->strings, arn);
    p->session_name = mw_arena_strdup(&p->strings, session ? session : name);
    if (!p->token_file || !p->role_arn || !p->session_name) {
        mw_provider_unref(&p->base);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    *out = &p->base;
    return MW_OK;
}
