/*
 * Which provider is used: botocore's order over environment, profile, container and instance, and
 * roles of profiles with their sources. Relies on one constructor per kind of provider, each of
 * which says MW_ERR_NOTFOUND when its settings are not there. Decides by settings only; nothing is
 * fetched here.
 */
#include "aws/credentials_internal.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define MAX_CHAIN 16 /* roles from one profile to the next */

typedef struct context {
    const mw_aws_config *config;
    const mw_models *models;
    const mw_http *http;
    const char *visited[MAX_CHAIN];
    size_t depth;
    mw_provider_told told; /* NULL = nobody listens; sources of a profile's role are not told apart */
    void *told_user;
} context;

/* What each source is found by; said when it is not there. */
static const struct {
    const char *source, *needs;
} sources[] = {
    {"environment", "AWS_ACCESS_KEY_ID is not set"},
    {"role of a profile", "the profile has no role_arn"},
    {"web identity", "neither AWS_WEB_IDENTITY_TOKEN_FILE nor web_identity_token_file is set"},
    {"IAM Identity Center", "the profile has no sso_account_id and sso_role_name"},
    {"credentials file", "the profile has no keys there"},
    {"login session", "the profile has no login_session"},
    {"credential_process", "the profile has none"},
    {"config file", "the profile has no keys there"},
    {"container", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set"},
    {"instance metadata", "AWS_EC2_METADATA_DISABLED is true"},
};
enum { ENVIRONMENT, ROLE, WEB_IDENTITY, SSO, CREDENTIALS_FILE, LOGIN, PROCESS, CONFIG_FILE, CONTAINER, INSTANCE };

/* Tell how a step of the chain ended, and hand its status on. */
static mw_status tell(const context *c, int source, mw_provider *const *out, mw_status st, const mw_error *err)
{
    if (c->told && c->depth == 0)
        c->told(c->told_user, sources[source].source, st == MW_OK,
                st == MW_OK             ? mw_provider_describe(*out)
                : st == MW_ERR_NOTFOUND ? sources[source].needs
                : err && *err->message  ? err->message
                                        : "it failed");
    return st;
}

static mw_status profile_role(context *c, const char *profile, mw_provider **out, mw_error *err);

static bool has_static_keys(const mw_aws_config *config, const char *profile)
{
    return mw_aws_config_get(config, profile, "aws_access_key_id") ||
           mw_aws_config_get(config, profile, "aws_secret_access_key");
}

/* Steps 3 to 8: what a profile offers by itself. */
static mw_status profile_itself(const context *c, const char *profile, bool environment, mw_provider **out,
                                mw_error *err)
{
    mw_status st = tell(c, WEB_IDENTITY, out,
                        mw__provider_web_identity(c->config, c->models, c->http, profile, environment, out, err), err);

    if (st == MW_ERR_NOTFOUND)
        st = tell(c, SSO, out, mw__provider_sso(c->config, c->models, c->http, profile, out, err), err);
    if (st == MW_ERR_NOTFOUND)
        st = tell(c, CREDENTIALS_FILE, out, mw__provider_file(c->config, MW_CREDENTIALS_FILE, profile, out, err), err);
    if (st == MW_ERR_NOTFOUND)
        st = tell(c, LOGIN, out, mw__provider_login(c->config, c->models, c->http, profile, out, err), err);
    if (st == MW_ERR_NOTFOUND)
        st = tell(c, PROCESS, out, mw__provider_process(c->config, profile, out, err), err);
    if (st == MW_ERR_NOTFOUND)
        st = tell(c, CONFIG_FILE, out, mw__provider_file(c->config, MW_CONFIG_FILE, profile, out, err), err);
    return st;
}

/* ---- roles of profiles ---- */

static mw_status from_credential_source(const context *c, const char *profile, const char *source, mw_provider **out,
                                        mw_error *err)
{
    mw_status st;

    if (strcmp(source, "Environment") == 0)
        st = mw__provider_environment(c->config, out, err);
    else if (strcmp(source, "EcsContainer") == 0)
        st = mw__provider_container(c->config, c->http, out, err);
    else if (strcmp(source, "Ec2InstanceMetadata") == 0)
        st = mw__provider_instance(c->config, c->http, NULL, out, err);
    else
        return mw_fail(err, MW_ERR_INVALID,
                       "profile %s: credential_source '%s' is not known (expected Environment, "
                       "EcsContainer or Ec2InstanceMetadata)",
                       profile, source);
    if (st == MW_ERR_NOTFOUND)
        return mw_fail(err, MW_ERR_CREDENTIALS, "profile %s: credential_source %s has no credentials to offer", profile,
                       source);
    return st;
}

static mw_status from_source_profile(context *c, const char *profile, const char *source, mw_provider **out,
                                     mw_error *err)
{
    bool keys = has_static_keys(c->config, source);
    mw_status st;

    if (!mw__aws_config_has_profile(c->config, source))
        return mw_fail(err, MW_ERR_INVALID, "profile %s: source_profile '%s' is not in %s", profile, source,
                       mw__aws_config_path(c->config, MW_CONFIG_FILE));
    for (size_t i = 0; i < c->depth; i++) {
        /* A profile may hold a role and the keys that assume it. */
        bool own_keys = keys && strcmp(source, profile) == 0;

        if (strcmp(c->visited[i], source) == 0 && !own_keys)
            return mw_fail(err, MW_ERR_INVALID, "profile %s: source_profile '%s' leads back to itself", profile,
                           source);
    }
    if (keys) {
        st = profile_itself(c, source, false, out, err);
    } else {
        st = profile_role(c, source, out, err);
        if (st == MW_ERR_NOTFOUND)
            st = profile_itself(c, source, false, out, err);
    }
    if (st == MW_ERR_NOTFOUND)
        return mw_fail(err, MW_ERR_CREDENTIALS, "profile %s: source_profile '%s' has no credentials", profile, source);
    return st;
}

static mw_status make_role(const context *c, const char *profile, const char *arn, mw_provider *source,
                           mw_provider **out, mw_error *err)
{
    const char *seconds = mw_aws_config_get(c->config, profile, "duration_seconds");
    mw_assume_role role = {
        .role_arn = arn,
        .session_name = mw_aws_config_get(c->config, profile, "role_session_name"),
        .external_id = mw_aws_config_get(c->config, profile, "external_id"),
        .mfa_serial = mw_aws_config_get(c->config, profile, "mfa_serial"),
    };
    long long duration;
    char *description;
    char text[512];
    mw_status st;

    /* As botocore: what is not an integer is ignored. */
    if (seconds && mw_parse_int(seconds, strlen(seconds), &duration)) {
        if (duration < 900 || duration > 43200) /* AssumeRole DurationSeconds, STS API Reference */
            return mw_fail(err, MW_ERR_INVALID, "profile %s: duration_seconds is %lld (expected 900 to 43200)", profile,
                           duration);
        role.duration_seconds = (int)duration;
    }
    st = mw_provider_assume_role(c->config, c->models, c->http, source, &role, out, err);
    if (st != MW_OK)
        return mw_error_prefix(err, st, "profile %s", profile);
    snprintf(text, sizeof(text), "profile %s (role %s)", profile, arn);
    description = mw_strdup(text);
    if (!description) {
        mw_provider_unref(*out);
        *out = NULL;
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    mw_free((*out)->description);
    (*out)->description = description;
    return MW_OK;
}

static mw_status profile_role(context *c, const char *profile, mw_provider **out, mw_error *err)
{
    const char *arn = mw_aws_config_get(c->config, profile, "role_arn");
    const char *source = mw_aws_config_get(c->config, profile, "source_profile");
    const char *kind = mw_aws_config_get(c->config, profile, "credential_source");
    mw_provider *below = NULL;
    mw_status st;

    *out = NULL;
    if (!arn || mw_aws_config_get(c->config, profile, "web_identity_token_file"))
        return MW_ERR_NOTFOUND;
    if (!source == !kind)
        return mw_fail(err, MW_ERR_INVALID, "profile %s: role_arn needs %s source_profile or credential_source",
                       profile, source ? "only one of" : "a");
    if (c->depth >= MAX_CHAIN)
        return mw_fail(err, MW_ERR_LIMIT, "profile %s: more than %d roles in a row", profile, MAX_CHAIN);
    c->visited[c->depth++] = profile;
    st = kind ? from_credential_source(c, profile, kind, &below, err)
              : from_source_profile(c, profile, source, &below, err);
    if (st == MW_OK)
        st = make_role(c, profile, arn, below, out, err);
    mw_provider_unref(below); /* the role holds its own reference */
    return st;
}

/* ---- the chain ---- */

mw_status mw_provider_chain_told(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                                 mw_provider_told told, void *user, mw_provider **out, mw_error *err)
{
    context c = {.config = config, .models = models, .http = http, .told = told, .told_user = user};
    bool explicit_profile = mw__aws_config_explicit_profile(config);
    const char *profile = mw_aws_config_profile(config);
    char looked_at[400];
    mw_status st = MW_ERR_NOTFOUND;

    *out = NULL;
    if (!explicit_profile)
        st = tell(&c, ENVIRONMENT, out, mw__provider_environment(config, out, err), err);
    else if (told)
        told(user, sources[ENVIRONMENT].source, false, "a profile was asked for, which goes first");
    if (st == MW_ERR_NOTFOUND) {
        st = profile_role(&c, profile, out, err);
        c.depth = 0; /* what follows is the chain's own again */
        tell(&c, ROLE, out, st, err);
    }
    if (st == MW_ERR_NOTFOUND)
        st = profile_itself(&c, profile, !explicit_profile, out, err);
    if (st == MW_ERR_NOTFOUND)
        st = tell(&c, CONTAINER, out, mw__provider_container(config, http, out, err), err);
    if (st != MW_ERR_NOTFOUND)
        return st;
    snprintf(looked_at, sizeof(looked_at), "no credentials found; looked at %sprofile '%s' in %s and %s, container",
             explicit_profile ? "" : "environment, ", profile, mw__aws_config_path(config, MW_CREDENTIALS_FILE),
             mw__aws_config_path(config, MW_CONFIG_FILE));
    st = tell(&c, INSTANCE, out, mw__provider_instance(config, http, looked_at, out, err), err);
    if (st == MW_ERR_NOTFOUND)
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s (instance metadata is switched off by AWS_EC2_METADATA_DISABLED)",
                       looked_at);
    return st;
}

mw_status mw_provider_chain(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                            mw_provider **out, mw_error *err)
{
    return mw_provider_chain_told(config, models, http, NULL, NULL, out, err);
}

mw_status mw_provider_bearer(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                             const char *signing_name, mw_provider **out, mw_error *err)
{
    const char *region;
    mw_status st = mw__provider_environment_token(config, signing_name, out, err);

    if (st == MW_ERR_NOTFOUND && mw_aws_config_get(config, NULL, "sso_session"))
        st = mw__provider_sso_token(config, models, http, NULL, &region, out, err);
    if (st != MW_ERR_NOTFOUND)
        return st;
    return mw_fail(err, MW_ERR_CREDENTIALS,
                   "no bearer token found for %s; looked at AWS_BEARER_TOKEN_* for it and at "
                   "sso_session of profile '%s'",
                   signing_name, mw_aws_config_profile(config));
}
