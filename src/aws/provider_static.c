/*
 * Credentials that stand somewhere as they are: given by the caller, in the environment, or in one
 * of the two shared files. Relies on mw_aws_config for both. Never reads a file by itself.
 */
#include "aws/credentials_internal.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- given ---- */

static mw_status refresh_static(mw_provider *p, int64_t now_unix, mw_error *err)
{
    (void)now_unix;
    /* Asked only after AWS called them invalid: there is nothing newer. */
    return mw_fail(err, MW_ERR_CREDENTIALS, "%s: AWS does not accept these credentials", p->description);
}

static const mw_provider_class static_class = {.name = "static", .refresh = refresh_static};

static mw_status new_static(const char *description, const char *key, const char *secret, const char *token,
                            const char *account, mw_provider **out, mw_error *err)
{
    mw_provider *p = NULL;
    mw_status st = mw__provider_new(&static_class, sizeof(*p), description, &p, err);

    if (st != MW_OK)
        return st;
    st = mw__credentials_set(&p->current, key, secret, token, account, 0, err);
    if (st != MW_OK) {
        mw_error_prefix(err, st, "%s", description);
        mw_provider_unref(p);
        return st;
    }
    p->usable = true;
    *out = p;
    return MW_OK;
}

mw_status mw_provider_static(const char *access_key_id, const char *secret, const char *token, mw_provider **out,
                             mw_error *err)
{
    *out = NULL;
    return new_static("given credentials", access_key_id, secret, token, NULL, out, err);
}

/* ---- environment ---- */

typedef struct environment {
    mw_provider base;
    const mw_aws_config *config;
} environment;

static mw_status refresh_environment(mw_provider *p, int64_t now_unix, mw_error *err)
{
    const mw_aws_config *c = ((environment *)p)->config;
    const char *key = mw_aws_config_env(c, "AWS_ACCESS_KEY_ID");
    const char *secret = mw_aws_config_env(c, "AWS_SECRET_ACCESS_KEY");
    const char *token = mw_aws_config_env(c, "AWS_SECURITY_TOKEN"); /* the older name wins */
    const char *expiration = mw_aws_config_env(c, "AWS_CREDENTIAL_EXPIRATION");
    int64_t expires = 0;
    mw_status st;

    (void)now_unix;
    if (!key)
        return mw_fail(err, MW_ERR_CREDENTIALS, "environment: AWS_ACCESS_KEY_ID is not set");
    if (!secret)
        return mw_fail(err, MW_ERR_CREDENTIALS,
                       "environment: AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
    if (!token)
        token = mw_aws_config_env(c, "AWS_SESSION_TOKEN");
    if (expiration && (st = mw__credentials_expiry(expiration, "AWS_CREDENTIAL_EXPIRATION", &expires, err)) != MW_OK)
        return st;
    st = mw__credentials_set(&p->fresh, key, secret, token, mw_aws_config_env(c, "AWS_ACCOUNT_ID"), expires, err);
    return st == MW_OK ? st : mw_error_prefix(err, st, "environment");
}

static const mw_provider_class environment_class = {.name = "environment", .refresh = refresh_environment};

mw_status mw__provider_environment(const mw_aws_config *config, mw_provider **out, mw_error *err)
{
    environment *p = NULL;
    mw_status st;

    *out = NULL;
    if (!mw_aws_config_env(config, "AWS_ACCESS_KEY_ID"))
        return MW_ERR_NOTFOUND;
    if (!mw_aws_config_env(config, "AWS_SECRET_ACCESS_KEY"))
        return mw_fail(err, MW_ERR_CREDENTIALS,
                       "environment: AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
    st = mw__provider_new(&environment_class, sizeof(*p), "environment", &p, err);
    if (st != MW_OK)
        return st;
    p->config = config;
    *out = &p->base;
    return MW_OK;
}

/* ---- bearer tokens in the environment ---- */

/* AWS_BEARER_TOKEN_BEDROCK for the signing name "bedrock"; blanks and '-' become '_'. */
static const char *token_variable(const char *signing_name, char out[128])
{
    size_t n = (size_t)snprintf(out, 128, "AWS_BEARER_TOKEN_%.100s", signing_name);

    for (size_t i = 0; i < n; i++)
        out[i] = out[i] == '-' || out[i] == ' ' ? '_' : (char)toupper((unsigned char)out[i]);
    return out;
}

bool mw__environment_has_token(const mw_aws_config *config, const char *signing_name)
{
    char name[128];

    return config && mw_aws_config_env(config, token_variable(signing_name, name)) != NULL;
}

mw_status mw__provider_environment_token(const mw_aws_config *config, const char *signing_name, mw_provider **out,
                                         mw_error *err)
{
    char name[128];
    const char *token = mw_aws_config_env(config, token_variable(signing_name, name));
    mw_provider *p = NULL;
    mw_status st;

    *out = NULL;
    if (!token)
        return MW_ERR_NOTFOUND;
    st = mw__provider_new(&static_class, sizeof(*p), name, &p, err);
    if (st != MW_OK)
        return st;
    st = mw__credentials_set_bearer(&p->current, token, 0, err);
    if (st != MW_OK) {
        mw_error_prefix(err, st, "%s", name);
        mw_provider_unref(p);
        return st;
    }
    p->usable = true;
    *out = p;
    return MW_OK;
}

/* ---- files ---- */

mw_status mw__provider_file(const mw_aws_config *config, mw_config_source source, const char *profile,
                            mw_provider **out, mw_error *err)
{
    const char *key = mw__aws_config_from(config, source, profile, "aws_access_key_id");
    const char *secret = mw__aws_config_from(config, source, profile, "aws_secret_access_key");
    const char *token = mw__aws_config_from(config, source, profile, "aws_security_token");
    char description[512];

    *out = NULL;
    if (!key)
        return MW_ERR_NOTFOUND;
    if (!profile)
        profile = mw_aws_config_profile(config);
    snprintf(description, sizeof(description), "profile %s (keys in %s)", profile, mw__aws_config_path(config, source));
    if (!secret)
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s: aws_access_key_id is set but aws_secret_access_key is not",
                       description);
    if (!token)
        token = mw__aws_config_from(config, source, profile, "aws_session_token");
    return new_static(description, key, secret, token, mw__aws_config_from(config, source, profile, "aws_account_id"),
                      out, err);
}
