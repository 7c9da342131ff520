/*
 * What a credential provider is made of. One provider is one file: a struct that begins with
 * mw_provider, a class with `refresh` and `clear`, and a constructor. Everything common (windows,
 * waiters, remembered failures) is in credentials.c.
 *
 * Not thread-safe: providers live on the event loop's thread.
 */
#ifndef MW_AWS_CREDENTIALS_INTERNAL_H
#define MW_AWS_CREDENTIALS_INTERNAL_H

#include "aws/config.h"
#include "aws/credentials.h"

typedef struct mw_provider_class {
    const char *name;
    /**
     * Fetch credentials into p->fresh. MW_OK: they are there. MW_ERR_PENDING: mw__provider_finish()
     * will be called once, later. Anything else: failed, with a message.
     */
    mw_status (*refresh)(mw_provider *p, int64_t now_unix, mw_error *err);
    /** With mw__provider_refresh_from_source() only: the source's credentials are at hand. As `refresh`. */
    mw_status (*ask)(mw_provider *p, const mw_credentials *source, mw_error *err);
    /** Release what the subclass owns. */
    void (*clear)(mw_provider *p);
} mw_provider_class;

typedef struct mw_waiter {
    mw_provider_ready ready;
    void *user;
} mw_waiter;

struct mw_provider {
    const mw_provider_class *class;
    unsigned refs;
    char *description;
    mw_provider *source; /* whose credentials are needed to fetch these; or NULL */
    /* How long before the end a refresh is tried, and how long before it everyone waits for it. */
    int advisory_seconds, mandatory_seconds;
    mw_credentials current; /* lent by mw_provider_get() */
    mw_credentials fresh;   /* filled by refresh, moved to `current` when it is complete */
    bool usable;            /* `current` is set and was not called invalid */
    bool refreshing;
    int64_t asked_at_unix;  /* when the refresh in flight began */
    int64_t failed_at_unix; /* of the last failed refresh; 0 = none */
    mw_error failure;
    mw_waiter *waiters;
    size_t waiter_count, waiter_cap;
};

/** Allocate a subclass of @p size bytes with one reference. @p description is copied. */
mw_status mw__provider_new(const mw_provider_class *class, size_t size, const char *description, void *out,
                           mw_error *err);
/** End an asynchronous refresh: p->fresh is filled (MW_OK), or @p error says why not. */
void mw__provider_finish(mw_provider *p, mw_status status, const mw_error *error);

/** A `refresh` for a class with `ask`: gets the source's credentials first. */
mw_status mw__provider_refresh_from_source(mw_provider *p, int64_t now_unix, mw_error *err);

/** A bearer token as credentials without keys. */
mw_status mw__credentials_set_bearer(mw_credentials *c, const char *token, int64_t expires_at_unix, mw_error *err);
/** Fill @p c. @p token and @p account may be NULL. */
mw_status mw__credentials_set(mw_credentials *c, const char *access_key_id, const char *secret, const char *token,
                              const char *account, int64_t expires_at_unix, mw_error *err);
/** ISO 8601 text of an Expiration to Unix seconds. @p source is for the message. */
mw_status mw__credentials_expiry(const char *text, const char *source, int64_t *out, mw_error *err);
/**
 * The JSON that credential_process, containers and instance metadata share: AccessKeyId,
 * SecretAccessKey, `Token` or `SessionToken`, Expiration, AccountId. @p source is for messages.
 */
mw_status mw__credentials_from_json(const char *text, size_t len, const char *source, mw_credentials *out,
                                    mw_error *err);

/** Environment keys, read on each refresh (they may carry an expiration). */
mw_status mw__provider_environment(const mw_aws_config *config, mw_provider **out, mw_error *err);
/** Static keys of a profile in one file. MW_ERR_NOTFOUND when there are none. */
mw_status mw__provider_file(const mw_aws_config *config, mw_config_source source, const char *profile,
                            mw_provider **out, mw_error *err);
/** AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file of the profile; MW_ERR_NOTFOUND if neither. */
mw_status mw__provider_web_identity(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                                    const char *profile, bool environment, mw_provider **out, mw_error *err);
/** sso_account_id + sso_role_name of a profile; MW_ERR_NOTFOUND without. */
mw_status mw__provider_sso(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                           const char *profile, mw_provider **out, mw_error *err);
/**
 * The token of a profile's `sso_session`, or of its `sso_start_url` (the older form), as a bearer
 * token; MW_ERR_NOTFOUND without. @p region is where that token is good, in the config's memory.
 */
mw_status mw__provider_sso_token(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                                 const char *profile, const char **region, mw_provider **out, mw_error *err);
/** AWS_BEARER_TOKEN_<NAME>; MW_ERR_NOTFOUND without. */
mw_status mw__provider_environment_token(const mw_aws_config *config, const char *signing_name, mw_provider **out,
                                         mw_error *err);
bool mw__environment_has_token(const mw_aws_config *config, const char *signing_name);
/** A session on one directory bucket of S3 (CreateSession), signed with @p source. */
mw_status mw__provider_s3_session(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                                  mw_provider *source, const char *bucket, const char *region, const char *endpoint_url,
                                  mw_provider **out, mw_error *err);
/** AWS's code for the last session that was refused; "" when it failed otherwise. */
const char *mw__s3_session_code(const mw_provider *p);
/** The `login_session` of a profile, made by `aws login`; MW_ERR_NOTFOUND without. */
mw_status mw__provider_login(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                             const char *profile, mw_provider **out, mw_error *err);
/** For documents that hold keys: nothing of them stays in memory that goes back. */
extern const mw_doc_options mw__secret_doc;
/**
 * Read what a login left: the file's text into @p text, its object into @p out of a new builder, which the
 * caller frees whatever comes back.
 * @param source, login  For messages: whose file it is, and what makes a new one.
 */
mw_status mw__read_login(const char *path, const char *source, const char *login, mw_buf *text, mw_doc_builder **b,
                         mw_val *out, mw_error *err);
/** Begin an object of @p b with all members of @p v, an object of @p b; later members of a name count. */
void mw__begin_object_like(mw_doc_builder *b, mw_val v);
/** credential_process of a profile; MW_ERR_NOTFOUND without. */
mw_status mw__provider_process(const mw_aws_config *config, const char *profile, mw_provider **out, mw_error *err);
/** AWS_CONTAINER_CREDENTIALS_*; MW_ERR_NOTFOUND without. */
mw_status mw__provider_container(const mw_aws_config *config, const mw_http *http, mw_provider **out, mw_error *err);
/**
 * EC2 instance metadata, version 2; MW_ERR_NOTFOUND when it is switched off.
 * @param looked_at  Lead of its failure message: what was tried before; may be NULL.
 */
mw_status mw__provider_instance(const mw_aws_config *config, const mw_http *http, const char *looked_at,
                                mw_provider **out, mw_error *err);

#endif
