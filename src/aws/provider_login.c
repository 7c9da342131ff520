/*
 * The session that `aws login` left in ~/.aws/login/cache: keys for a quarter of an hour and a
 * refresh token, which is exchanged for new ones and written back, for it is good once. Each
 * exchange is proven with the session's own key (DPoP, RFC 9449). Relies on provider_call.c for AWS
 * Sign-In and on OpenSSL for ES256. Keys and tokens are secrets: they go into the file (0600) and
 * the request, never into a message.
 *
 * Facts: the cache file's shape and the rules for renewing as botocore LoginCredentialFetcher has
 * them.
 */
#include "aws/credentials_internal.h"
#include "aws/provider_call.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define MAX_CACHE_BYTES   ((size_t)1 << 20)
#define RENEW_SECONDS     300 /* botocore LoginCredentialFetcher._REFRESH_THRESHOLD */
#define MANDATORY_SECONDS 60
#define COORDINATE_BYTES  32

typedef struct login {
    mw_provider base;
    const mw_aws_config *config;
    const mw_models *models;
    const mw_http *http;
    mw_arena strings;
    const char *cache_path;
    mw_buf cache; /* the file as read, while a renewal is under way; wiped afterwards */
} login;

/* ---- proof of possession ---- */

static mw_status add_base64url(mw_buf *out, const void *data, size_t len)
{
    MW_AUTO(mw_buf) text = {0};

    if (mw_base64_encode(&text, data, len) != MW_OK)
        return MW_ERR_NOMEM;
    for (size_t i = 0; i < text.len && text.data[i] != '='; i++)
        mw_buf_putc(out, text.data[i] == '+' ? '-' : text.data[i] == '/' ? '_' : text.data[i]);
    return out->failed;
}

/* A key with a passphrase would have OpenSSL ask at the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *user)
{
    (void)buf, (void)size, (void)writing, (void)user;
    return -1;
}

static EVP_PKEY *read_key(const char *pem)
{
    BIO *text = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = text ? PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL) : NULL;
    char group[32] = "";
    size_t len;

    BIO_free(text);
    if (key &&
        (EVP_PKEY_get_group_name(key, group, sizeof(group), &len) != 1 || strcmp(group, SN_X9_62_prime256v1) != 0)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static bool add_coordinate(mw_buf *out, EVP_PKEY *key, const char *which)
{
    uint8_t bytes[COORDINATE_BYTES];
    BIGNUM *n = NULL;
    bool good = EVP_PKEY_get_bn_param(key, which, &n) == 1 && BN_bn2binpad(n, bytes, sizeof(bytes)) == sizeof(bytes) &&
                add_base64url(out, bytes, sizeof(bytes)) == MW_OK;

    BN_free(n);
    return good;
}

/* ES256 wants the two numbers side by side, not DER (RFC 7518, section 3.4). */
static bool add_signature(mw_buf *out, EVP_PKEY *key, const char *text, size_t text_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[80], pair[2 * COORDINATE_BYTES];
    const uint8_t *p = der;
    size_t len = sizeof(der);
    ECDSA_SIG *sig = NULL;
    bool good = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(ctx, der, &len, (const uint8_t *)text, text_len) == 1 &&
                (sig = d2i_ECDSA_SIG(NULL, &p, (long)len)) != NULL &&
                BN_bn2binpad(ECDSA_SIG_get0_r(sig), pair, COORDINATE_BYTES) > 0 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(sig), pair + COORDINATE_BYTES, COORDINATE_BYTES) > 0 &&
                add_base64url(out, pair, sizeof(pair)) == MW_OK;

    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(ctx);
    return good;
}

static bool write_proof(mw_buf *jwt, EVP_PKEY *key, const char *url)
{
    MW_AUTO(mw_buf) head = {0};
    MW_AUTO(mw_buf) claims = {0};
    char id[MW_ULID_SIZE];

    mw_buf_puts(&head, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\",\"x\":\"");
    if (!add_coordinate(&head, key, OSSL_PKEY_PARAM_EC_PUB_X))
        return false;
    mw_buf_puts(&head, "\",\"y\":\"");
    if (!add_coordinate(&head, key, OSSL_PKEY_PARAM_EC_PUB_Y) || mw_ulid(id, mw_now_ns(), NULL) != MW_OK)
        return false;
    mw_buf_puts(&head, "\",\"crv\":\"P-256\"}}");
    mw_buf_puts(&claims, "{\"htm\":\"POST\",\"htu\":");
    mw_json_write_string(&claims, url, strlen(url));
    mw_buf_printf(&claims, ",\"iat\":%lld,\"jti\":\"%s\"}", (long long)mw_now_unix(), id);
    if (head.failed != MW_OK || claims.failed != MW_OK || add_base64url(jwt, head.data, head.len) != MW_OK)
        return false;
    mw_buf_putc(jwt, '.');
    if (add_base64url(jwt, claims.data, claims.len) != MW_OK)
        return false;
    MW_AUTO(mw_buf) signature = {0};
    if (!add_signature(&signature, key, jwt->data, jwt->len))
        return false;
    mw_buf_printf(jwt, ".%s", signature.data);
    return jwt->failed == MW_OK;
}

static mw_status prove(void *user, mw_http_request *q, mw_error *err)
{
    login *p = user;
    MW_AUTO(mw_buf) jwt = {.max = 1 << 14};
    const char *authority = mw_http_authority(q->arena, q);
    const char *url = authority ? mw_arena_printf(q->arena, "%s://%s%s", q->scheme, authority, q->path) : NULL;
    mw_doc_builder *b = NULL;
    EVP_PKEY *key = NULL;
    const char *pem = NULL;
    mw_status st = mw_doc_builder_new(&mw__secret_doc, &b, err);

    if (st == MW_OK && mw_json_read(b, p->cache.data, p->cache.len, NULL, NULL, NULL) == MW_OK)
        pem = mw_val_get_str(mw_doc_view(b), mw_doc_pop(b), "dpopKey", NULL);
    if (pem)
        key = read_key(pem);
    if (st == MW_OK && !url)
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory");
    else if (st == MW_OK && !key)
        st = mw_fail(err, MW_ERR_CREDENTIALS, "dpopKey in %s is not a P-256 key", p->cache_path);
    else if (st == MW_OK && !write_proof(&jwt, key, url))
        st = mw_fail(err, MW_ERR_CREDENTIALS, "the proof for AWS Sign-In could not be made");
    if (st == MW_OK)
        st = mw_http_set(q->arena, &q->headers, "DPoP", jwt.data, err);
    EVP_PKEY_free(key);
    mw_doc_builder_free(b);
    return st;
}

/* ---- renewing ---- */

static mw_status take(login *p, const mw_doc *d, mw_val token, const char *account, int64_t ends, mw_error *err)
{
    const char *key = mw_val_get_str(d, token, "accessKeyId", NULL);
    const char *secret = mw_val_get_str(d, token, "secretAccessKey", NULL);
    const char *session = mw_val_get_str(d, token, "sessionToken", NULL);
    mw_status st;

    if (!key || !secret || !session)
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s: the session lacks keys; run `aws login`", p->base.description);
    st = mw__credentials_set(&p->base.fresh, key, secret, session, account, ends, err);
    return st == MW_OK ? st : mw_error_prefix(err, st, "%s", p->base.description);
}

/* The file as it was, with the new keys and the new refresh token. */
static mw_status write_back(login *p, mw_doc_builder *b, mw_val file, const mw_doc *doc, mw_val output, int64_t ends,
                            mw_error *err)
{
    static const char *const keys[] = {"accessKeyId", "secretAccessKey", "sessionToken"};
    const mw_doc *d = mw_doc_view(b);
    MW_AUTO(mw_buf) text = {.max = MAX_CACHE_BYTES};
    const char *account = mw_val_str(d, mw_val_path(d, file, "accessToken.accountId"), NULL);
    char end[MW_TIME_SIZE];
    mw_status st;

    mw_time_iso(end, ends * INT64_C(1000000000));
    mw__begin_object_like(b, file);
    mw_doc_ckey(b, "accessToken");
    mw_doc_begin_object(b);
    for (size_t i = 0; i < MW_COUNT(keys); i++)
        mw_doc_member_str(b, keys[i], mw_val_get_str(doc, mw_val_get(doc, output, "accessToken"), keys[i], ""));
    if (account)
        mw_doc_member_str(b, "accountId", account);
    mw_doc_member_str(b, "expiresAt", end);
    mw_doc_end_object(b);
    mw_doc_member_str(b, "refreshToken", mw_val_get_str(doc, output, "refreshToken", ""));
    mw_doc_end_object(b);
    file = mw_doc_pop(b);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK && (st = mw_json_write(&text, d, file, MW_JSON_COMPACT)) == MW_OK)
        st = mw_file_write_atomic(p->cache_path, text.data, text.len, 0600, err);
    return st;
}

static void renewed(void *user, mw_status status, const mw_doc *doc, mw_val result, const char *code,
                    const mw_error *error)
{
    login *p = user;
    mw_val output = mw_val_get(doc, result, "tokenOutput"), file;
    int64_t ends = p->base.asked_at_unix + mw_val_get_int(doc, output, "expiresIn", 0);
    mw_doc_builder *b = NULL;
    mw_error err = {0}, lost = {0};

    (void)code;
    if (status != MW_OK) {
        status = mw_fail(&err, MW_ERR_CREDENTIALS,
                         "%s: the session could not be renewed (%s); run "
                         "`aws login`",
                         p->base.description, error->message);
    } else if ((status = mw_doc_builder_new(&mw__secret_doc, &b, &err)) == MW_OK &&
               (status = mw_json_read(b, p->cache.data, p->cache.len, NULL, NULL, NULL)) == MW_OK) {
        file = mw_doc_pop(b);
        status = take(p, doc, mw_val_get(doc, output, "accessToken"),
                      mw_val_str(mw_doc_view(b), mw_val_path(mw_doc_view(b), file, "accessToken.accountId"), NULL),
                      ends, &err);
        /* The old refresh token is spent: without the new one the login is over. */
        if (status == MW_OK && write_back(p, b, file, doc, output, ends, &lost) != MW_OK)
            mw_log_warn("%s: the renewed session was not saved, `aws login` will be needed: %s", p->base.description,
                        lost.message);
    }
    mw_doc_builder_free(b);
    mw_buf_clear(&p->cache);
    mw__provider_finish(&p->base, status, &err);
}

static mw_status renew(login *p, const mw_doc *d, mw_val file, mw_error *err)
{
    const char *region = mw_aws_config_region(p->config);
    const char *const params[][2] = {
        {"clientId", mw_val_get_str(d, file, "clientId", NULL)},
        {"refreshToken", mw_val_get_str(d, file, "refreshToken", NULL)},
        {"grantType", "refresh_token"},
    };
    mw_provider_call spec = {.config = p->config,
                             .models = p->models,
                             .http = p->http,
                             .service = "signin",
                             .operation = "CreateOAuth2Token",
                             .region = region ? region : "us-east-1",
                             .params = params,
                             .param_count = MW_COUNT(params),
                             .inside = "tokenInput",
                             .adorn = prove,
                             .done = renewed,
                             .user = p};
    mw_status st;

    for (size_t i = 0; i < MW_COUNT(params); i++)
        if (!params[i][1])
            return mw_fail(err, MW_ERR_CREDENTIALS, "%s: %s lacks %s; run `aws login`", p->base.description,
                           p->cache_path, params[i][0]);
    st = mw__provider_call_start(&spec, err);
    return st == MW_OK ? MW_ERR_PENDING : mw_error_prefix(err, st, "%s", p->base.description);
}

static mw_status refresh(mw_provider *base, int64_t now_unix, mw_error *err)
{
    login *p = (login *)base;
    mw_doc_builder *b = NULL;
    int64_t ends = 0;
    const mw_doc *d;
    const char *end;
    mw_val file, token;
    mw_status st;

    st = mw__read_login(p->cache_path, base->description, "run `aws login`", &p->cache, &b, &file, err);
    if (st != MW_OK)
        goto out;
    d = mw_doc_view(b);
    token = mw_val_get(d, file, "accessToken");
    end = mw_val_get_str(d, token, "expiresAt", NULL);
    if (!end || mw__credentials_expiry(end, "", &ends, NULL) != MW_OK)
        st = mw_fail(err, MW_ERR_CREDENTIALS, "%s: %s lacks accessToken.expiresAt", base->description, p->cache_path);
    else if (ends - now_unix <= RENEW_SECONDS)
        st = renew(p, d, file, err);
    else
        st = take(p, d, token, mw_val_get_str(d, token, "accountId", NULL), ends, err);
out:
    if (st != MW_ERR_PENDING)
        mw_buf_clear(&p->cache);
    mw_doc_builder_free(b);
    return st;
}

static void clear(mw_provider *base)
{
    mw_buf_clear(&((login *)base)->cache);
    mw_arena_clear(&((login *)base)->strings);
}

static const mw_provider_class login_class = {.name = "login", .refresh = refresh, .clear = clear};

mw_status mw__provider_login(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                             const char *profile, mw_provider **out, mw_error *err)
{
    const char *session = mw_aws_config_get(config, profile, "login_session");
    const char *given = mw_aws_config_env(config, "AWS_LOGIN_CACHE_DIRECTORY");
    MW_AUTO(mw_buf) folder = {.max = 4096};
    uint8_t digest[MW_SHA256_SIZE];
    char description[512], hex[2 * MW_SHA256_SIZE + 1];
    login *p = NULL;
    mw_status st;

    *out = NULL;
    if (!session)
        return MW_ERR_NOTFOUND;
    st = mw__aws_config_expand(config, given ? given : "~/.aws/login/cache", &folder, err);
    if (st != MW_OK)
        return st;
    snprintf(description, sizeof(description), "profile %s (login_session)",
             profile ? profile : mw_aws_config_profile(config));
    st = mw__provider_new(&login_class, sizeof(*p), description, &p, err);
    if (st != MW_OK)
        return st;
    mw_sha256(digest, session, strlen(session));
    mw_hex(hex, digest, sizeof(digest));
    p->base.advisory_seconds = RENEW_SECONDS;
    p->base.mandatory_seconds = MANDATORY_SECONDS;
    p->config = config;
    p->models = models;
    p->http = http;
    p->cache_path = mw_arena_printf(&p->strings, "%s/%s.json", folder.data, hex);
    if (!p->cache_path) {
        mw_provider_unref(&p->base);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    *out = &p->base;
    return MW_OK;
}
