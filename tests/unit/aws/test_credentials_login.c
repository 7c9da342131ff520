/* Sessions of `aws login`: used while they live, renewed with a proof that AWS can check, written
 * back. */
#include "auth_bench.h"

#include "base/hash.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define SESSION "arn:aws:iam::123456789012:user/me"
#define PROFILE "[default]\nlogin_session = " SESSION "\n"
#define RENEWED                                                                                                        \
    "{\"accessToken\":{\"accessKeyId\":\"NEW\",\"secretAccessKey\":\"new-secret\","                                    \
    "\"sessionToken\":\"new-token\"},\"tokenType\":\"aws_sigv4\",\"expiresIn\":900,"                                   \
    "\"refreshToken\":\"refresh-2\"}"

static EVP_PKEY *key;
static char proof[4096];
static char path[512];

/* The cache file, with a key of the test's own; @p pem NULL = that key. */
static void put(const char *ends, const char *pem)
{
    MW_AUTO(mw_buf) text = {0};
    BIO *bio = BIO_new(BIO_s_mem());
    mw_error err = {0};
    uint8_t digest[MW_SHA256_SIZE];
    static char folder[256];
    char hex[65], *data;
    long n;

    snprintf(folder, sizeof(folder), "%s/login-%d", MW_BINARY_DIR, (int)getpid());
    assert_ok(mw_mkdirs(folder, 0700, &err));
    env_set("AWS_LOGIN_CACHE_DIRECTORY", folder);
    mw_sha256(digest, SESSION, strlen(SESSION));
    mw_hex(hex, digest, sizeof(digest));
    snprintf(path, sizeof(path), "%s/%s.json", folder, hex);
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    n = BIO_get_mem_data(bio, &data);
    mw_buf_printf(&text,
                  "{\"accessToken\":{\"accessKeyId\":\"OLD\",\"secretAccessKey\":\"old-secret\","
                  "\"sessionToken\":\"old-token\",\"accountId\":\"123456789012\",\"expiresAt\":\"%s\"},"
                  "\"refreshToken\":\"refresh-1\",\"clientId\":\"cli\",\"tokenType\":\"kept\","
                  "\"dpopKey\":",
                  ends);
    mw_json_write_string(&text, pem ? pem : data, pem ? strlen(pem) : (size_t)n);
    mw_buf_putc(&text, '}');
    assert_ok(mw_file_write_atomic(path, text.data, text.len, 0600, &err));
    BIO_free(bio);
}

static mw_status capture(void *ctx, const mw_http_request *q, const mw_http_limits *limits, mw_http_done done,
                         void *user, mw_error *err)
{
    const char *value = mw_http_get(&q->headers, "DPoP");

    snprintf(proof, sizeof(proof), "%s", value ? value : "");
    return fake_send(ctx, q, limits, done, user, err);
}

static void open_login(bench *t, const fake_answer *answers, size_t count)
{
    assert_int_equal(open_bench(t, PROFILE, NULL, NULL, answers, count), MW_OK);
    t->fake.http.send = capture;
    proof[0] = '\0';
}

static void decode(mw_buf *out, const char *part, size_t len)
{
    MW_AUTO(mw_buf) text = {0};
    mw_error err = {0};

    for (size_t i = 0; i < len; i++)
        mw_buf_putc(&text, part[i] == '-' ? '+' : part[i] == '_' ? '/' : part[i]);
    while (text.len % 4)
        mw_buf_putc(&text, '=');
    assert_ok(mw_base64_decode(out, text.data, text.len, &err));
}

/* As RFC 9449 has the server do it, with the key that the session was begun with. */
static void check_proof(void)
{
    const char *dot = strchr(proof, '.'), *last = strrchr(proof, '.');
    MW_AUTO(mw_buf) head = {0};
    MW_AUTO(mw_buf) claims = {0};
    MW_AUTO(mw_buf) pair = {0};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ECDSA_SIG *sig = ECDSA_SIG_new();
    uint8_t *der = NULL;
    int len;

    assert_true(dot && last > dot);
    decode(&head, proof, (size_t)(dot - proof));
    decode(&claims, dot + 1, (size_t)(last - dot) - 1);
    decode(&pair, last + 1, strlen(last + 1));
    assert_non_null(strstr(head.data, "\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\""));
    assert_non_null(
        strstr(claims.data, "\"htm\":\"POST\",\"htu\":\"https://eu-west-1.signin.aws.amazon.com/v1/token\""));
    assert_non_null(strstr(claims.data, "\"iat\":1767225600,\"jti\":\""));
    assert_int_equal(pair.len, 64);
    ECDSA_SIG_set0(sig, BN_bin2bn((uint8_t *)pair.data, 32, NULL), BN_bin2bn((uint8_t *)pair.data + 32, 32, NULL));
    len = i2d_ECDSA_SIG(sig, &der);
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(ctx, der, (size_t)len, (const uint8_t *)proof, (size_t)(last - proof)), 1);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(ctx);
}

static void test_used_while_it_lives(void **state)
{
    const mw_credentials *c;
    bench t;

    (void)state;
    put("2026-01-01T00:10:00Z", NULL);
    open_login(&t, NULL, 0);
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    assert_string_equal(c->access_key_id, "OLD");
    assert_string_equal(c->session_token.data, "old-token");
    assert_string_equal(c->account_id, "123456789012");
    close_bench(&t);
    unlink(path);
}

/* Models from before `aws login` (botocore 1.41.0) lack the service that renews. */
static bool can_renew(void)
{
    const mw_models *models;
    mw_error err = {0};

    assert_ok(mw_models_builtin(&models, &err));
    return mw_models_service(models, "signin") != NULL;
}

static void test_renewed(void **state)
{
    static const fake_answer answers[] = {{200, RENEWED, "\"refreshToken\":\"refresh-1\"", "old-secret"}};
    MW_AUTO(mw_buf) text = {0};
    const mw_credentials *c;
    mw_error err = {0};
    bench t;

    (void)state;
    if (!can_renew())
        skip_because("renewing a login: the models lack the service signin");
    put("2026-01-01T00:04:00Z", NULL);
    open_login(&t, answers, 1);
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    assert_string_equal(c->access_key_id, "NEW");
    assert_string_equal(c->account_id, "123456789012");
    assert_int_equal(c->expires_at_unix, T0 + 900);
    check_proof();
    assert_ok(mw_file_read(path, &text, &err));
    assert_non_null(strstr(text.data, "\"accessKeyId\":\"NEW\""));
    assert_non_null(strstr(text.data, "\"refreshToken\":\"refresh-2\""));
    assert_non_null(strstr(text.data, "\"expiresAt\":\"2026-01-01T00:15:00Z\""));
    assert_non_null(strstr(text.data, "\"tokenType\":\"kept\""));
    assert_null(strstr(text.data, "refresh-1"));
    assert_int_equal(get_now(&t, T0 + 500, &c), MW_OK); /* lives: nothing is asked */
    close_bench(&t);
    unlink(path);
}

static void test_failures(void **state)
{
    static const fake_answer refused[] = {
        {400, "{\"__type\":\"AccessDeniedException\",\"error\":\"TOKEN_EXPIRED\",\"message\":\"no\"}", NULL, NULL}};
    static const struct {
        const char *ends, *pem;
        const fake_answer *answers;
        size_t count;
        const char *says;
        bool renews;
    } rows[] = {
        {NULL, NULL, NULL, 0, "there is no login in", false},
        {"2025-12-31T00:00:00Z", NULL, refused, 1, "run `aws login`", true},
        {"2025-12-31T00:00:00Z", "nonsense", NULL, 0, "not a P-256 key", true},
        {"soon", NULL, NULL, 0, "expiresAt", false},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const mw_credentials *c;
        bench t;

        if (rows[i].renews && !can_renew())
            continue; /* test_renewed says so */
        put(rows[i].ends ? rows[i].ends : "", rows[i].pem);
        if (!rows[i].ends)
            unlink(path);
        open_login(&t, rows[i].answers, rows[i].count);
        assert_int_equal(get_now(&t, T0, &c), MW_ERR_CREDENTIALS);
        if (!strstr(t.err.message, rows[i].says))
            fail_msg("row %zu: %s", i, t.err.message);
        assert_null(strstr(t.err.message, "refresh-1"));
        close_bench(&t);
        unlink(path);
    }
}

/* What cannot be renewed is left as it is, and the error says what is missing. */
static void test_models_that_cannot_renew(void **state)
{
    MW_AUTO(mw_buf) before = {0};
    MW_AUTO(mw_buf) after = {0};
    const mw_credentials *c;
    mw_error err = {0};
    bench t;

    (void)state;
    if (can_renew())
        skip(); /* the tests above say it all */
    put("2026-01-01T00:04:00Z", NULL);
    assert_ok(mw_file_read(path, &before, &err));
    open_login(&t, NULL, 0);
    assert_int_equal(get_now(&t, T0, &c), MW_ERR_UNSUPPORTED);
    assert_non_null(strstr(t.err.message, "login_session"));
    assert_non_null(strstr(t.err.message, "lack signin CreateOAuth2Token"));
    assert_string_equal(proof, "");
    assert_ok(mw_file_read(path, &after, &err));
    assert_string_equal(before.data, after.data);
    close_bench(&t);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_used_while_it_lives), TEST(test_renewed), TEST(test_failures),
                                       TEST(test_models_that_cannot_renew)};
    int failed;

    key = EVP_EC_gen("P-256");
    if (!key)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    EVP_PKEY_free(key);
    return failed;
}
