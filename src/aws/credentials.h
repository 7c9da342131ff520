/*
 * Credentials and where they come from. Nothing outside src/aws sees a secret: other floors hold an
 * mw_provider and hand it to the client.
 */
#ifndef MW_AWS_CREDENTIALS_H
#define MW_AWS_CREDENTIALS_H

#include "aws/http.h"
#include "base/secret.h"
#include "moonward/model.h"

typedef struct mw_credentials {
    char access_key_id[129];
    mw_secret secret_access_key;
    mw_secret session_token; /* unset for long-term keys */
    mw_secret bearer_token;  /* of a token source, which has no keys; else unset */
    mw_secret signing_keys;  /* the signer's: keys derived already, by day, region and service; may be unset */
    int64_t expires_at_unix; /* 0 = never */
    char account_id[13];     /* "" when the source did not say */
} mw_credentials;

#define MW_SIGNING_KEYS_BYTES 3968 /* with its NUL just below a page */

void mw_credentials_clear(mw_credentials *c);

/** Config of the AWS tools: environment and shared files, read once. */
typedef struct mw_aws_config mw_aws_config;

typedef struct mw_aws_config_options {
    const char *profile;                        /* --profile, or NULL */
    const char *(*getenv_fn)(const char *name); /* NULL = getenv */
} mw_aws_config_options;

/** Missing files are fine; a malformed one, or an unknown profile asked for, is MW_ERR_INVALID with path and line. */
mw_status mw_aws_config_load(const mw_aws_config_options *o, mw_aws_config **out, mw_error *err);
void mw_aws_config_free(mw_aws_config *c);
/** Environment variable by name through the injected getenv; NULL when unset or empty. */
const char *mw_aws_config_env(const mw_aws_config *c, const char *name);
/** Value of the active (or named) profile; the credentials file wins. NULL when unset. */
const char *mw_aws_config_get(const mw_aws_config *c, const char *profile, const char *key);
/**
 * The environment variable, else the active profile's key; NULL when neither is set, or without a configuration.
 * @param[out] name  Which of the two it is, for messages; may be NULL.
 */
const char *mw_aws_config_setting(const mw_aws_config *c, const char *env, const char *key, const char **name);
/** Sub-section key: `[services X]` → `s3 = \n endpoint_url = …`. */
const char *mw_aws_config_service(const mw_aws_config *c, const char *service_id, const char *key);
const char *mw_aws_config_profile(const mw_aws_config *c);
/** --region excluded: AWS_REGION, AWS_DEFAULT_REGION, profile; NULL when none. */
const char *mw_aws_config_region(const mw_aws_config *c);
/** Endpoint override for a service by the order of precedence, or NULL. @p service_id as in the model. */
const char *mw_aws_config_endpoint_url(const mw_aws_config *c, const char *service_id);
bool mw_aws_config_bool(const mw_aws_config *c, const char *env, const char *key, bool fallback);

/**
 * A source of credentials. Reference-counted; `get` gives what is fresh, or MW_ERR_PENDING after
 * having promised to call `ready(user)` once (after a refresh that may use the network).
 */
typedef struct mw_provider mw_provider;
typedef void (*mw_provider_ready)(void *user, mw_status status, const mw_error *error);

mw_status mw_provider_get(mw_provider *p, int64_t now_unix, const mw_credentials **out, mw_provider_ready ready,
                          void *user, mw_error *err);
/** AWS said that these have expired or are invalid: the next get refreshes. */
void mw_provider_invalidate(mw_provider *p);
mw_provider *mw_provider_ref(mw_provider *p);
void mw_provider_unref(mw_provider *p);
/** One line for humans: "environment", "profile prod (role arn:…)". Never a secret. */
const char *mw_provider_describe(const mw_provider *p);

/** Fixed keys, copied. */
mw_status mw_provider_static(const char *access_key_id, const char *secret, const char *token, mw_provider **out,
                             mw_error *err);
/** The chain of the config, in botocore's order. MW_ERR_CREDENTIALS names what was looked at. */
mw_status mw_provider_chain(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                            mw_provider **out, mw_error *err);

/**
 * The same, telling each source that was looked at in order, until one is used: @p why is what was missing, or which
 * settings it is used by. Never a secret.
 */
typedef void (*mw_provider_told)(void *user, const char *source, bool used, const char *why);
mw_status mw_provider_chain_told(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                                 mw_provider_told told, void *user, mw_provider **out, mw_error *err);
/** Of the credentials at hand: the last four characters of the access key id ("" before any are), and their end (0 = none). */
void mw_provider_about(const mw_provider *p, char key_tail[5], int64_t *expires_at_unix);

/**
 * Bearer tokens for a service, by its signing name: AWS_BEARER_TOKEN_<NAME>, else the token of the
 * profile's `sso_session`. MW_ERR_CREDENTIALS names what was looked at.
 */
mw_status mw_provider_bearer(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                             const char *signing_name, mw_provider **out, mw_error *err);

typedef struct mw_assume_role {
    const char *role_arn;
    const char *session_name; /* NULL = "moonward-<ulid>" */
    const char *external_id;  /* or NULL */
    const char *policy;       /* session policy or NULL */
    int duration_seconds;     /* 0 = 3600 */
    const char *region;       /* whose STS endpoint; NULL = config's region, or the partition's main one */
    const char *mfa_serial;   /* the device whose code is asked for at the terminal, or NULL */
} mw_assume_role;

/** A role assumed with the credentials of @p source, refreshed before it expires. */
mw_status mw_provider_assume_role(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                                  mw_provider *source, const mw_assume_role *role, mw_provider **out, mw_error *err);

#endif
