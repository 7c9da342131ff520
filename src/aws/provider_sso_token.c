/*
 * The token of IAM Identity Center that `aws sso login` left in ~/.aws/sso/cache, as a bearer
 * token: for services that take one, and for provider_sso.c, which exchanges it for keys. With a
 * `sso_session` it is renewed when it nears its end, and written back to the file. Relies on
 * provider_call.c for SSO OIDC. Tokens are secrets: they are kept in mw_secret, written only to the
 * cache file (0600), never into a message.
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

#define MAX_CACHE_BYTES       ((size_t)1 << 20)
#define TOKEN_REFRESH_SECONDS 900 /* botocore SSOTokenProvider._REFRESH_WINDOW */
#define TOKEN_RETRY_SECONDS   60  /* botocore DeferredRefreshableToken: one try per minute */

typedef struct sso_token {
    mw_provider base;
    const mw_aws_config *config;
    const mw_models *models;
    const mw_http *http;
    mw_arena strings;
    const char *region, *cache_path, *session; /* session NULL: the old form */
    mw_secret token;                           /* the file's, while a renewal is under way and it still works */
    int64_t token_ends_unix;
    mw_buf cache; /* the file as read, while a renewal is under way; wiped afterwards */
    int64_t tried_at_unix;
} sso_token;

static const char *login_hint(const sso_token *p)
{
    return p->session ? "run `aws sso login --sso-session` for it" : "run `aws sso login` for the profile";
}

/* The file as it was, with the new token's members over the old ones. */
static mw_status write_back(sso_token *p, const mw_doc *doc, mw_val answer, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = MAX_CACHE_BYTES};
    mw_doc_builder *b = NULL;
    int64_t seconds = mw_val_get_int(doc, answer, "expiresIn", 0);
    const char *refresh = mw_val_get_str(doc, answer, "refreshToken", NULL);
    char expires[MW_TIME_SIZE];
    const mw_doc *d;
    mw_val v;
    mw_status st = mw_doc_builder_new(&mw__secret_doc, &b, err);

    if (st != MW_OK)
        return st;
    d = mw_doc_view(b);
    if ((st = mw_json_read(b, p->cache.data, p->cache.len, NULL, NULL, err)) != MW_OK)
        goto out;
    v = mw_doc_pop(b);
    mw_time_iso(expires, (p->base.asked_at_unix + seconds) * INT64_C(1000000000));
    mw__begin_object_like(b, v);
    mw_doc_member_str(b, "accessToken", mw_val_get_str(doc, answer, "accessToken", ""));
    mw_doc_member_str(b, "expiresAt", expires);
    if (refresh)
        mw_doc_member_str(b, "refreshToken", refresh);
    mw_doc_end_object(b);
    v = mw_doc_pop(b);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK && (st = mw_json_write(&text, d, v, MW_JSON_COMPACT)) == MW_OK)
        st = mw_file_write_atomic(p->cache_path, text.data, text.len, 0600, err);
out:
    mw_doc_builder_free(b);
    return st;
}

static void got_token(void *user, mw_status status, const mw_doc *doc, mw_val result, const char *code,
                      const mw_error *error)
{
    sso_token *p = user;
    const char *token = mw_val_get_str(doc, result, "accessToken", NULL);
    int64_t ends = p->base.asked_at_unix + mw_val_get_int(doc, result, "expiresIn", 0);
    mw_error err = {0};

    (void)code;
    if (status == MW_OK && token) {
        if (write_back(p, doc, result, &err) != MW_OK)
            mw_log_warn("%s: the renewed token was not saved: %s", p->base.description, err.message);
        status = mw__credentials_set_bearer(&p->base.fresh, token, ends, &err);
    } else if (mw_secret_is_set(&p->token)) { /* the old one still works for some minutes */
        status = mw__credentials_set_bearer(&p->base.fresh, p->token.data, p->token_ends_unix, &err);
    } else {
        status = mw_fail(&err, MW_ERR_CREDENTIALS, "%s: the token could not be renewed (%s); %s", p->base.description,
                         error ? error->message : "no token", login_hint(p));
    }
    mw_buf_clear(&p->cache);
    mw_secret_clear(&p->token);
    mw__provider_finish(&p->base, status, &err);
}

static mw_status renew(sso_token *p, const mw_doc *d, mw_val v, mw_error *err)
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

static bool can_renew(const sso_token *p, const mw_doc *d, mw_val v)
{
    const char *until = mw_val_get_str(d, v, "registrationExpiresAt", NULL);
    int64_t end = 0;

    return p->session && mw_val_get_str(d, v, "refreshToken", NULL) && mw_val_get_str(d, v, "clientId", NULL) &&
           mw_val_get_str(d, v, "clientSecret", NULL) && until &&
           mw__credentials_expiry(until, "", &end, NULL) == MW_OK && end > p->base.asked_at_unix &&
           (p->tried_at_unix == 0 || p->base.asked_at_unix - p->tried_at_unix >= TOKEN_RETRY_SECONDS);
}

static mw_status refresh(mw_provider *base, int64_t now_unix, mw_error *err)
{
    sso_token *p = (sso_token *)base;
    mw_doc_builder *b = NULL;
    const char *token, *expires;
    int64_t end = 0;
    const mw_doc *d;
    mw_val v;
    mw_status st;

    st = mw__read_login(p->cache_path, base->description, login_hint(p), &p->cache, &b, &v, err);
    if (st != MW_OK)
        goto out;
    d = mw_doc_view(b);
    token = mw_val_get_str(d, v, "accessToken", NULL);
    expires = mw_val_get_str(d, v, "expiresAt", NULL);
    if (!token || !expires || mw__credentials_expiry(expires, "", &end, NULL) != MW_OK) {
        st =
            mw_fail(err, MW_ERR_CREDENTIALS, "%s: %s lacks accessToken or expiresAt", base->description, p->cache_path);
        goto out;
    }
    mw_secret_clear(&p->token);
    if (end - now_unix < TOKEN_REFRESH_SECONDS && can_renew(p, d, v)) {
        p->token_ends_unix = end;
        if (end > now_unix)
            st = mw_secret_set(&p->token, token, strlen(token), err);
        if (st == MW_OK && (st = renew(p, d, v, err)) == MW_OK)
            st = MW_ERR_PENDING;
    } else if (end <= now_unix) {
        st = mw_fail(err, MW_ERR_CREDENTIALS, "%s: the token has expired; %s", base->description, login_hint(p));
    } else {
        st = mw__credentials_set_bearer(&base->fresh, token, end, err);
    }
out:
    if (st != MW_ERR_PENDING)
        mw_buf_clear(&p->cache);
    mw_doc_builder_free(b);
    return st;
}

static void clear(mw_provider *base)
{
    sso_token *p = (sso_token *)base;

    mw_secret_clear(&p->token);
    mw_buf_clear(&p->cache);
    mw_arena_clear(&p->strings);
}

static const mw_provider_class sso_token_class = {.name = "sso token", .refresh = refresh, .clear = clear};

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

/* What the profile says itself must agree with its session. */
static mw_status check_agreement(const mw_aws_config *config, const char *profile, const char *session, mw_error *err)
{
    static const char *const keys[] = {"sso_region", "sso_start_url", "sso_account_id", "sso_role_name",
                                       "sso_registration_scopes"};

    for (size_t i = 0; i < MW_COUNT(keys); i++) {
        const char *own = mw_aws_config_get(config, profile, keys[i]);
        const char *common = mw__aws_config_section(config, "sso-session", session, keys[i]);

        if (own && common && strcmp(own, common) != 0)
            return mw_fail(err, MW_ERR_INVALID, "profile %s: %s is '%s' and in [sso-session %s] '%s'", profile, keys[i],
                           own, session, common);
    }
    return MW_OK;
}

mw_status mw__provider_sso_token(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                                 const char *profile, const char **region, mw_provider **out, mw_error *err)
{
    const char *session = mw_aws_config_get(config, profile, "sso_session");
    const char *names[] = {"sso_region", "sso_start_url"}, *values[2];
    char description[512];
    sso_token *p = NULL;
    mw_status st;

    *out = NULL;
    if (!profile)
        profile = mw_aws_config_profile(config);
    for (size_t i = 0; i < 2; i++) {
        values[i] = session ? mw__aws_config_section(config, "sso-session", session, names[i])
                            : mw_aws_config_get(config, profile, names[i]);
        if (!values[i] && session)
            return mw_fail(err, MW_ERR_INVALID,
                           "profile %s: sso_session '%s' has no %s (looked for [sso-session %s] in "
                           "%s)",
                           profile, session, names[i], session, mw__aws_config_path(config, MW_CONFIG_FILE));
        if (!values[i])
            return mw_fail(err, MW_ERR_INVALID, "profile %s: %s is missing for IAM Identity Center", profile, names[i]);
    }
    if (session && (st = check_agreement(config, profile, session, err)) != MW_OK)
        return st;
    snprintf(description, sizeof(description), "%s %s", session ? "sso-session" : "sso", session ? session : values[1]);
    st = mw__provider_new(&sso_token_class, sizeof(*p), description, &p, err);
    if (st != MW_OK)
        return st;
    p->config = config;
    p->models = models;
    p->http = http;
    p->region = mw_arena_strdup(&p->strings, values[0]);
    p->session = session ? mw_arena_strdup(&p->strings, session) : NULL;
    p->cache_path = cache_path(config, &p->strings, session ? session : values[1]);
    if (!p->region || !p->cache_path || (session && !p->session)) {
        mw_provider_unref(&p->base);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    *region = values[0];
    *out = &p->base;
    return MW_OK;
}
