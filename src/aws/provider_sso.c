/*
 * IAM Identity Center: the token that `aws sso login` left in ~/.aws/sso/cache is exchanged for a
 * role's keys. With a `sso_session` the token is renewed when it nears its end, and written back to
 * the file. Relies on provider_call.c for SSO and SSO OIDC. Tokens are secrets: they are kept in
 * mw_secret, written only to the cache file (0600), never into a message.
 *
 * Facts: AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider"; the cache
 * file's shape as botocore SSOTokenLoader has it.
 */
#include "aws/credentials_internal.h"
#include "aws/provider_call.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

#define MAX_CACHE_BYTES ((size_t)1 << 20)
#define TOKEN_REFRESH_SECONDS 900 /* botocore SSOTokenProvider._REFRESH_WINDOW */
#define TOKEN_RETRY_SECONDS 60    /* botocore SSOTokenProvider: one try per minute */

typedef struct sso {
    mw_provider base;
    const mw_aws_config *config;
    const mw_models *models;
    const mw_http *http;
    mw_arena strings;
    const char *account, *role, *region, *cache_path, *session; /* session NULL: the old form */
    mw_secret token;
    mw_buf cache; /* the file as read, while a renewal is under way; wiped afterwards */
    int64_t tried_at_unix;
} sso;

static const char *login_hint(const sso *p)
{
    return p->session ? "run `aws sso login --sso-session` for it"
                      : "run `aws sso login` for the profile";
}

/* ---- keys of the role ---- */

static void got_keys(void *user, mw_status status, const mw_doc *doc, mw_val result,
                     const char *code, const mw_error *error)
{
    sso *p = user;
    mw_val c = mw_val_get(doc, result, "roleCredentials");
    mw_error err = {0};
    const char *key, *secret;

    mw_secret_clear(&p->token);
    if (status != MW_OK) {
        err = *error;
        mw_error_prefix(&err, status, "%s", p->base.description);
        if (strcmp(code, "UnauthorizedException") == 0)
            status = mw_fail(&err, MW_ERR_CREDENTIALS, "%s: the session is over; %s",
                             p->base.description, login_hint(p));
        mw__provider_finish(&p->base, status, &err);
        return;
    }
    key = mw_val_get_str(doc, c, "accessKeyId", NULL);
    secret = mw_val_get_str(doc, c, "secretAccessKey", NULL);
    if (!key || !secret)
        status = mw_fail(&err, MW_ERR_CREDENTIALS, "%s: the answer lacks credentials",
                         p->base.description);
    else /* `expiration` is in milliseconds, GetRoleCredentials, SSO Portal API Reference */
        status = mw__credentials_set(&p->base.fresh, key, secret,
                                     mw_val_get_str(doc, c, "sessionToken", NULL), p->account,
                                     mw_val_get_int(doc, c, "expiration", 0) / 1000, &err);
    mw__provider_finish(&p->base, status, &err);
}

static mw_status ask_keys(sso *p, mw_error *err)
{
    const char *const params[][2] = {
        {"accountId", p->account}, {"roleName", p->role}, {"accessToken", p->token.data}};
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

/* ---- the token ---- */

/* The file as it was, with the new token's members over the old ones. */
static mw_status write_back(sso *p, const mw_doc *doc, mw_val answer, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = MAX_CACHE_BYTES};
    mw_doc_builder *b = NULL;
    int64_t seconds = mw_val_get_int(doc, answer, "expiresIn", 0);
    const char *refresh = mw_val_get_str(doc, answer, "refreshToken", NULL);
    char expires[MW_TIME_SIZE];
    const mw_doc *d;
    mw_val v;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    d = mw_doc_view(b);
    if ((st = mw_json_read(b, p->cache.data, p->cache.len, NULL, NULL, err)) != MW_OK)
        goto out;
    v = mw_doc_pop(b);
    mw_time_iso(expires, (p->base.asked_at_unix + seconds) * INT64_C(1000000000));
    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_val_len(d, v); i++) {
        mw_val key;
        mw_val member = mw_val_member(d, v, i, &key);

        mw_doc_key_val(b, key);
        mw_doc_add_val(b, member);
    }
    mw_doc_member_str(b, "accessToken", mw_val_get_str(doc, answer, "accessToken", ""));
    mw_doc_member_str(b, "expiresAt", expires);
    if (refresh)
        mw_doc_member_str(b, "refreshToken", refresh);
    mw_doc_end_object(b);
    v = mw_doc_pop(b);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK &&
        (st = mw_json_write(&text, d, v, MW_JSON_COMPACT)) == MW_OK)
        st = mw_file_write_atomic(p->cache_path, text.data, text.len, 0600, err);
out:
    mw_doc_builder_free(b);
    return st;
}

static void got_token(void *user, mw_status status, const mw_doc *doc, mw_val result,
                      const char *code, const mw_error *error)
{
    sso *p = user;
    const char *token = mw_val_get_str(doc, result, "accessToken", NULL);
    mw_error err = {0};

    (void)code;
    if (status == MW_OK && token) {
        if (write_back(p, doc, result, &err) != MW_OK)
            mw_log_warn("%s: the renewed token was not saved: %s", p->base.description,
                        err.message);
        status = mw_secret_set(&p->token, token, strlen(token), &err);
    } else if (mw_secret_is_set(&p->token)) {
        status = MW_OK; /* the old one still works for some minutes */
    } else {
        status = mw_fail(&err, MW_ERR_CREDENTIALS, "%s: the token could not be renewed (%s); %s",
                         p->base.description, error ? error->message : "no token", login_hint(p));
    }
    mw_buf_clear(&p->cache);
    if (status == MW_OK)
        status = ask_keys(p, &err);
    if (status != MW_ERR_PENDING)
        mw__provider_finish(&p->base, status, &err);
}

static mw_status renew(sso *p, const mw_doc *d, mw_val v, mw_error *err)
{
    const char *const params[][2] = {
        {"clientId", mw_val_get_str(d, v, "clientId", NULL)},
        {"clientSecret", mw_val_get_str(d, v, "clientSecret", NULL)},
        {"grantType", "refresh_token"},
        {"refreshToken", mw_val_get_str(d, v, "refreshToken", NULL)},
    };
    mw_provider_call spec = {.config = p->config,
                             .models = p->models,
                             .http = p->http,
                             .service = "sso-oidc",
                             .operation = "CreateToken",
                             .region = p->region,
                             .params = params,
                             .param_count = MW_COUNT(params),
                             .done = got_token,
                             .user = p};

    p->tried_at_unix = p->base.asked_at_unix;
    return mw__provider_call_start(&spec, err);
}

static bool can_renew(const sso *p, const mw_doc *d, mw_val v)
{
    const char *until = mw_val_get_str(d, v, "registrationExpiresAt", NULL);
    int64_t end = 0;

    return p->session && mw_val_get_str(d, v, "refreshToken", NULL) &&
           mw_val_get_str(d, v, "clientId", NULL) && mw_val_get_str(d, v, "clientSecret", NULL) &&
           until && mw__credentials_expiry(until, "", &end, NULL) == MW_OK &&
           end > p->base.asked_at_unix &&
           (p->tried_at_unix == 0 ||
            p->base.asked_at_unix - p->tried_at_unix >= TOKEN_RETRY_SECONDS);
}

static mw_status refresh(mw_provider *base, int64_t now_unix, mw_error *err)
{
    sso *p = (sso *)base;
    mw_doc_builder *b = NULL;
    const char *token, *expires;
    int64_t end = 0;
    const mw_doc *d;
    mw_val v;
    mw_status st;

    mw_buf_clear(&p->cache);
    p->cache.max = MAX_CACHE_BYTES;
    st = mw_file_read(p->cache_path, &p->cache, err);
    if (st == MW_ERR_NOTFOUND)
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s: there is no token in %s; %s",
                       base->description, p->cache_path, login_hint(p));
    if (st != MW_OK || (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    d = mw_doc_view(b);
    if (mw_json_read(b, p->cache.data ? p->cache.data : "", p->cache.len, NULL, NULL, NULL) !=
        MW_OK) {
        st = mw_fail(err, MW_ERR_CREDENTIALS, "%s: %s is not JSON", base->description,
                     p->cache_path);
        goto out;
    }
    v = mw_doc_pop(b);
    token = mw_val_get_str(d, v, "accessToken", NULL);
    expires = mw_val_get_str(d, v, "expiresAt", NULL);
    if (!token || !expires || mw__credentials_expiry(expires, "", &end, NULL) != MW_OK) {
        st = mw_fail(err, MW_ERR_CREDENTIALS, "%s: %s lacks accessToken or expiresAt",
                     base->description, p->cache_path);
        goto out;
    }
    mw_secret_clear(&p->token);
    if (end > now_unix && (st = mw_secret_set(&p->token, token, strlen(token), err)) != MW_OK)
        goto out;
    if (end - now_unix < TOKEN_REFRESH_SECONDS && can_renew(p, d, v)) {
        st = renew(p, d, v, err);
        if (st == MW_OK)
            st = MW_ERR_PENDING;
    } else if (end <= now_unix) {
        st = mw_fail(err, MW_ERR_CREDENTIALS, "%s: the token has expired; %s", base->description,
                     login_hint(p));
    } else {
        mw_buf_clear(&p->cache);
        st = ask_keys(p, err);
    }
out:
    mw_doc_builder_free(b);
    return st;
}

static void clear(mw_provider *base)
{
    sso *p = (sso *)base;

    mw_secret_clear(&p->token);
    mw_buf_clear(&p->cache);
    mw_arena_clear(&p->strings);
}

static const mw_provider_class sso_class = {.name = "sso", .refresh = refresh, .clear = clear};

/* ~/.aws/sso/cache/<sha1 of the session's name or start URL>.json */
static const char *cache_path(const mw_aws_config *config, mw_arena *arena, const char *key)
{
    MW_AUTO(mw_buf) folder = {.max = 4096};
    uint8_t digest[20];
    char hex[41];

    if (mw__aws_config_expand(config, "~/.aws/sso/cache", &folder, NULL) != MW_OK)
        return NULL;
    mw_sha1(digest, key, strlen(key));
    mw_hex(hex, digest, sizeof(digest));
    return mw_arena_printf(arena, "%s/%s.json", folder.data, hex);
}

static const char *setting(const mw_aws_config *c, const char *profile, const char *session,
                           const char *key)
{
    const char *value = session ? mw__aws_config_section(c, "sso-session", session, key) : NULL;

    return value ? value : mw_aws_config_get(c, profile, key);
}

mw_status mw__provider_sso(const mw_aws_config *config, const mw_models *models,
                           const mw_http *http, const char *profile, mw_provider **out,
                           mw_error *err)
{
    const char *account = mw_aws_config_get(config, profile, "sso_account_id");
    const char *role = mw_aws_config_get(config, profile, "sso_role_name");
    const char *session = mw_aws_config_get(config, profile, "sso_session");
    const char *region = setting(config, profile, session, "sso_region");
    const char *url = setting(config, profile, session, "sso_start_url");
    char description[512];
    sso *p = NULL;
    mw_status st;

    *out = NULL;
    if (!account && !role)
        return MW_ERR_NOTFOUND;
    if (!profile)
        profile = mw_aws_config_profile(config);
    if (!account || !role || !region || !url)
        return mw_fail(err, MW_ERR_INVALID, "profile %s: %s is missing for IAM Identity Center",
                       profile, !account ? "sso_account_id"
                                : !role  ? "sso_role_name"
                                : !region ? "sso_region"
                                          : "sso_start_url");
    snprintf(description, sizeof(description), "profile %s (sso %s in %s)", profile, role, account);
    st = mw__provider_new(&sso_class, sizeof(*p), description, &p, err);
    if (st != MW_OK)
        return st;
    p->config = config;
    p->models = models;
    p->http = http;
    p->account = mw_arena_strdup(&p->strings, account);
    p->role = mw_arena_strdup(&p->strings, role);
    p->region = mw_arena_strdup(&p->strings, region);
    p->session = session ? mw_arena_strdup(&p->strings, session) : NULL;
    p->cache_path = cache_path(config, &p->strings, session ? session : url);
    if (!p->account || !p->role || !p->region || !p->cache_path || (session && !p->session)) {
        mw_provider_unref(&p->base);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    *out = &p->base;
    return MW_OK;
}
