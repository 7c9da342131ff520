/* Known answers of AWS's signing test suite (aws-c-auth, Apache-2.0 data), and what it does not cover. */
#include "aws/credentials_internal.h"
#include "aws/sigv4.h"
#include "aws/sigv4a.h"
#include "base/str.h"
#include "support/support.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <stdio.h>

/* 2015-08-30T12:36:00Z, as in the suite */
#define NOW INT64_C(1440938160)
#define LONG_TOKEN                                                                                                     \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP"                     \
    "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT"                     \
    "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm"                    \
    "8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

typedef struct row {
    const char *name, *method, *path, *query;
    const char *headers[4][2];
    const char *body, *token;
    mw_sigv4_scope scope;
    const char *signature;
} row;

#define HOST                                                                                                           \
    {                                                                                                                  \
        "Host", "example.amazonaws.com"                                                                                \
    }
#define SCOPE .region = "us-east-1", .service = "service", .skip_body = true

static const row header_rows[] = {
    {"repeated header",
     "GET",
     "/",
     "",
     {HOST, {"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
     NULL,
     NULL,
     {SCOPE},
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"folded header",
     "GET",
     "/",
     "",
     {HOST, {"My-Header1", "value1\n  value2\n     value3"}},
     NULL,
     NULL,
     {SCOPE},
     "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"},
    {"trimmed header",
     "GET",
     "/",
     "",
     {HOST, {"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     NULL,
     NULL,
     {SCOPE},
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"dot segments",
     "GET",
     "/example/..",
     "",
     {HOST},
     NULL,
     NULL,
     {SCOPE},
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"dot segments kept",
     "GET",
     "/example/..",
     "",
     {HOST},
     NULL,
     NULL,
     {SCOPE, .no_normalize = true},
     "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282"},
    {"blank in the path",
     "GET",
     "/example space/",
     "",
     {HOST},
     NULL,
     NULL,
     {SCOPE},
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"UTF-8 in the path",
     "GET",
     "/\xE1\x88\xB4",
     "",
     {HOST},
     NULL,
     NULL,
     {SCOPE},
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"session token",
     "GET",
     "/",
     "",
     {HOST},
     NULL,
     "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
     {SCOPE},
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
    {"form body",
     "POST",
     "/",
     "",
     {{"Content-Type", "application/x-www-form-urlencoded"}, HOST, {"Content-Length", "13"}},
     "Param1=value1",
     NULL,
     {.region = "us-east-1", .service = "service", .content_sha256_header = true},
     "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
};

static const row query_rows[] = {
    {"slashes",
     "GET",
     "//example//",
     "",
     {HOST},
     NULL,
     NULL,
     {SCOPE, .expires_seconds = 3600},
     "c1834e8fb0307243711f0f907f6ab7311ed300d87f13792d7ee4da89ab93e082"},
    {"sorted and encoded",
     "GET",
     "/",
     "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
     {HOST},
     NULL,
     NULL,
     {SCOPE, .expires_seconds = 3600},
     "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787"},
    {"unreserved",
     "GET",
     "/",
     UNRESERVED "=" UNRESERVED,
     {HOST},
     NULL,
     NULL,
     {SCOPE, .expires_seconds = 3600},
     "8e76a88a7433637b12778d5592799b29ad21ecd6cf6325051c21d86f0acda2bf"},
    {"token after signing",
     "POST",
     "/",
     "",
     {HOST},
     NULL,
     LONG_TOKEN,
     {SCOPE, .expires_seconds = 3600, .omit_session_token = true},
     "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b"},
    {"token before signing",
     "POST",
     "/",
     "",
     {HOST},
     NULL,
     LONG_TOKEN,
     {SCOPE, .expires_seconds = 3600},
     "46c2e3c63c1dbe7d39f8ada16fe7f001c1f56c5791441565323677f96308871c"},
};

typedef struct job {
    mw_arena arena;
    mw_http_request req;
    mw_credentials creds;
    mw_sigv4_trace trace;
    mw_error err;
} job;

static void fill(job *j, const char *token)
{
    static const char secret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    memset(j, 0, sizeof(*j));
    j->req.arena = &j->arena;
    j->req.method = "GET";
    j->req.scheme = "https";
    j->req.host = "example.amazonaws.com";
    j->req.path = "/";
    memcpy(j->creds.access_key_id, "AKIDEXAMPLE", 12);
    assert_int_equal(mw_secret_set(&j->creds.secret_access_key, secret, strlen(secret), NULL), 0);
    if (token)
        assert_int_equal(mw_secret_set(&j->creds.session_token, token, strlen(token), NULL), 0);
}

static void drop(job *j)
{
    mw_credentials_clear(&j->creds);
    mw_arena_clear(&j->arena);
}

static void run(const row *r, bool query)
{
    job j;
    mw_status st;

    fill(&j, r->token);
    j.req.method = r->method;
    j.req.path = r->path;
    j.req.query = r->query;
    j.req.body = r->body;
    j.req.body_len = r->body ? strlen(r->body) : 0;
    for (size_t i = 0; i < 4 && r->headers[i][0]; i++)
        assert_int_equal(mw_http_add(&j.arena, &j.req.headers, r->headers[i][0], r->headers[i][1], NULL), MW_OK);
    st = query ? mw_sigv4_presign(&j.req, &j.creds, &r->scope, NOW, &j.trace, &j.err)
               : mw_sigv4_sign(&j.req, &j.creds, &r->scope, NOW, &j.trace, &j.err);
    if (st != MW_OK || strcmp(j.trace.signature, r->signature) != 0)
        print_error("row '%s': %s\n%s\n", r->name, j.err.message, st == MW_OK ? j.trace.canonical_request : "");
    assert_int_equal(st, MW_OK);
    assert_string_equal(j.trace.signature, r->signature);
    if (query) {
        assert_non_null(strstr(j.req.query, "X-Amz-Signature="));
        assert_int_equal(strstr(j.req.query, "X-Amz-Security-Token=") != NULL, r->token != NULL);
    } else {
        assert_string_equal(mw_http_get(&j.req.headers, "authorization"), j.trace.authorization);
        assert_string_equal(mw_http_get(&j.req.headers, "x-amz-date"), "20150830T123600Z");
    }
    drop(&j);
}

static void test_header_placement(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(header_rows); i++)
        run(&header_rows[i], false);
}

static void test_query_placement(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(query_rows); i++)
        run(&query_rows[i], true);
}

/* Example of the S3 API Reference, "Signature Calculations: Using GET with an authorization header". */
static void test_s3_get_with_range(void **state)
{
    const mw_sigv4_scope scope = {
        .region = "us-east-1", .service = "s3", .single_encode = true, .content_sha256_header = true};
    static const char secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    job j;

    (void)state;
    fill(&j, NULL);
    memcpy(j.creds.access_key_id, "AKIAIOSFODNN7EXAMPLE", 21);
    mw_secret_set(&j.creds.secret_access_key, secret, strlen(secret), NULL);
    j.req.host = "examplebucket.s3.amazonaws.com";
    j.req.path = "/test.txt";
    mw_http_add(&j.arena, &j.req.headers, "Range", "bytes=0-9", NULL);
    /* 2013-05-24T00:00:00Z */
    assert_int_equal(mw_sigv4_sign(&j.req, &j.creds, &scope, 1369353600, &j.trace, NULL), MW_OK);
    assert_string_equal(j.trace.signature, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    drop(&j);
}

/* The bucket lifecycle and list examples of the same page: a query without a value, and sorting. */
static void test_s3_queries(void **state)
{
    static const struct {
        const char *query, *signature;
    } rows[] = {
        {"lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {"prefix=J&max-keys=2", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };
    const mw_sigv4_scope scope = {
        .region = "us-east-1", .service = "s3", .single_encode = true, .content_sha256_header = true};
    static const char secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        job j;

        fill(&j, NULL);
        memcpy(j.creds.access_key_id, "AKIAIOSFODNN7EXAMPLE", 21);
        mw_secret_set(&j.creds.secret_access_key, secret, strlen(secret), NULL);
        j.req.host = "examplebucket.s3.amazonaws.com";
        j.req.query = rows[i].query;
        assert_int_equal(mw_sigv4_sign(&j.req, &j.creds, &scope, 1369353600, &j.trace, NULL), MW_OK);
        assert_string_equal(j.trace.signature, rows[i].signature);
        drop(&j);
    }
}

/* Canonical forms that decide whether AWS agrees; column 3 is the line of the canonical request. */
static void test_canonical_lines(void **state)
{
    static const struct {
        const char *path, *query;
        bool single;
        const char *want_path, *want_query;
    } rows[] = {
        {"", "", false, "/", ""},
        {NULL, NULL, false, "/", ""},
        {"/a%20b", "", false, "/a%2520b", ""},
        {"/a%20b//c/../d", "", true, "/a%20b//c/../d", ""},
        {"/a/./b/../../..//c/", "", false, "/c/", ""},
        {"/", "b=2&a=1&a=0", false, "/", "a=0&a=1&b=2"},
        {"/", "acl", true, "/", "acl="},
        {"/", "&&k=&", true, "/", "k="},
        {"/", "k=a%2Fb+c", true, "/", "k=a%2Fb%2Bc"},
        {"/", "k=a=b", true, "/", "k=a%3Db"},
        {"/", "k=%zz%2", true, "/", "k=%25zz%252"},
        {"/", "a-b=1&a=2", true, "/", "a=2&a-b=1"},
    };
    const mw_sigv4_scope plain = {.region = "r", .service = "s"};
    const mw_sigv4_scope single = {.region = "r", .service = "s", .single_encode = true};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        job j;
        char want[256];

        fill(&j, NULL);
        j.req.path = rows[i].path;
        j.req.query = rows[i].query;
        assert_int_equal(mw_sigv4_sign(&j.req, &j.creds, rows[i].single ? &single : &plain, NOW, &j.trace, NULL),
                         MW_OK);
        snprintf(want, sizeof(want), "GET\n%s\n%s\nhost:", rows[i].want_path, rows[i].want_query);
        if (strncmp(j.trace.canonical_request, want, strlen(want)) != 0)
            print_error("row %zu: %s\n", i, j.trace.canonical_request);
        assert_int_equal(strncmp(j.trace.canonical_request, want, strlen(want)), 0);
        drop(&j);
    }
}

static void test_excluded_headers_and_host(void **state)
{
    static const char *const names[] = {"Connection", "Expect",          "Keep-Alive",        "Proxy-Authorization",
                                        "TE",         "Trailer",         "Transfer-Encoding", "Upgrade",
                                        "User-Agent", "X-Amzn-Trace-Id", "Authorization"};
    const mw_sigv4_scope scope = {.region = "r", .service = "s"};
    job j;

    (void)state;
    fill(&j, NULL);
    j.req.port = 8443;
    for (size_t i = 0; i < MW_COUNT(names); i++)
        mw_http_add(&j.arena, &j.req.headers, names[i], "x", NULL);
    assert_int_equal(mw_sigv4_sign(&j.req, &j.creds, &scope, NOW, &j.trace, NULL), MW_OK);
    assert_non_null(strstr(j.trace.canonical_request,
                           "\nhost:example.amazonaws.com:8443\nx-amz-date:20150830T123600Z\n\n"
                           "host;x-amz-date\n"));
    assert_null(mw_http_get(&j.req.headers, "host")); /* signed, not added */
    drop(&j);
}

/* A retry signs the same request again: nothing is doubled, only time and signature differ. */
static void test_signing_twice(void **state)
{
    const mw_sigv4_scope scope = {
        .region = "r", .service = "s", .content_sha256_header = true, .unsigned_payload = true};
    job j;
    size_t count;

    (void)state;
    fill(&j, "token");
    assert_int_equal(mw_sigv4_sign(&j.req, &j.creds, &scope, NOW, NULL, NULL), MW_OK);
    count = j.req.headers.count;
    assert_int_equal(count, 4);
    assert_string_equal(mw_http_get(&j.req.headers, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
    assert_int_equal(mw_sigv4_sign(&j.req, &j.creds, &scope, NOW + 60, NULL, NULL), MW_OK);
    assert_int_equal(j.req.headers.count, count);
    assert_string_equal(mw_http_get(&j.req.headers, "x-amz-date"), "20150830T123700Z");
    drop(&j);
}

static void sign_into(char out[65], const mw_credentials *creds, const char *region, int64_t now)
{
    const mw_sigv4_scope scope = {.region = region, .service = "s"};
    job j;

    fill(&j, NULL);
    assert_int_equal(mw_sigv4_sign(&j.req, creds, &scope, now, &j.trace, NULL), MW_OK);
    memcpy(out, j.trace.signature, 65);
    drop(&j);
}

static void set_keys(mw_credentials *c, const char *secret)
{
    assert_int_equal(mw__credentials_set(c, "AKIDEXAMPLE", secret, NULL, NULL, 0, NULL), MW_OK);
}

/* More scopes than are kept, days that change, a region too long to be kept: signed as if nothing were. */
static void test_kept_keys_sign_alike(void **state)
{
    mw_credentials keeping = {0}, bare = {0};
    char region[160], kept[65], derived[65];

    (void)state;
    set_keys(&keeping, "the-first-secret");
    set_keys(&bare, "the-first-secret");
    mw_secret_clear(&bare.signing_keys);
    assert_true(mw_secret_is_set(&keeping.signing_keys));
    for (int i = 0; i < 600; i++) {
        int64_t now = NOW + (i % 5) / 4 * 86400;

        snprintf(region, sizeof(region), "%0*d", i % 7 ? 4 : 120, i / 2 % 100);
        sign_into(kept, &keeping, region, now);
        sign_into(derived, &bare, region, now);
        assert_string_equal(kept, derived);
    }
    mw_credentials_clear(&bare);
    mw_credentials_clear(&keeping);
    assert_false(mw_secret_is_set(&keeping.signing_keys));
}

static void test_kept_keys_go_with_the_secret(void **state)
{
    mw_credentials c = {0}, other = {0};
    char first[65], second[65], want[65];

    (void)state;
    set_keys(&c, "the-first-secret");
    sign_into(first, &c, "r", NOW);
    set_keys(&c, "the-second-secret");
    for (size_t i = 0; i < c.signing_keys.len; i++)
        assert_int_equal(c.signing_keys.data[i], 0);
    sign_into(second, &c, "r", NOW);
    set_keys(&other, "the-second-secret");
    sign_into(want, &other, "r", NOW);
    assert_string_equal(second, want);
    assert_string_not_equal(first, second);
    mw_credentials_clear(&c);
    mw_credentials_clear(&other);
}

static void test_refusals(void **state)
{
    static const struct {
        mw_sigv4_scope scope;
        bool no_host, no_secret, query;
        mw_status want;
    } rows[] = {
        {{.region = "", .service = "s"}, false, false, false, MW_ERR_INVALID},
        {{.region = "r", .service = NULL}, false, false, false, MW_ERR_INVALID},
        {{.region = "r", .service = "s"}, true, false, false, MW_ERR_INVALID},
        {{.region = "r", .service = "s"}, false, true, false, MW_ERR_CREDENTIALS},
        {{.region = "r", .service = "s", .expires_seconds = 0}, false, false, true, MW_ERR_INVALID},
        {{.region = "r", .service = "s", .expires_seconds = 604801}, false, false, true, MW_ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        job j;
        mw_status st;

        fill(&j, NULL);
        if (rows[i].no_host)
            j.req.host = "";
        if (rows[i].no_secret)
            mw_secret_clear(&j.creds.secret_access_key);
        st = rows[i].query ? mw_sigv4_presign(&j.req, &j.creds, &rows[i].scope, NOW, NULL, &j.err)
                           : mw_sigv4_sign(&j.req, &j.creds, &rows[i].scope, NOW, NULL, &j.err);
        assert_int_equal(st, rows[i].want);
        assert_true(strlen(j.err.message) > 0);
        drop(&j);
    }
}

/* ---- Version 4A ---- */

/* The public half of a derived key, as an uncompressed point. */
static void public_point(const mw_credentials *creds, uint8_t out[65])
{
    uint8_t key[MW_SIGV4A_KEY_SIZE];
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *n;

    assert_int_equal(mw_sigv4a_key(creds, key, NULL), MW_OK);
    n = BN_bin2bn(key, sizeof(key), NULL);
    assert_int_equal(EC_POINT_mul(group, point, n, NULL, NULL, NULL), 1);
    assert_int_equal(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, 65, NULL), 65);
    BN_free(n);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

/* As AWS does it: with the public key alone. */
static bool verifies(const mw_credentials *creds, const char *text, const char *hex)
{
    uint8_t point[65], der[80];
    char group[] = "P-256";
    size_t len = strlen(hex) / 2;
    EVP_PKEY_CTX *from = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY *key = NULL;
    bool good;

    public_point(creds, point);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;

        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        der[i] = (uint8_t)byte;
    }
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 65),
                           OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_PKEY_fromdata_init(from), 1);
    assert_int_equal(EVP_PKEY_fromdata(from, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
           EVP_DigestVerify(ctx, der, len, (const uint8_t *)text, strlen(text)) == 1;
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_CTX_free(from);
    return good;
}

/* aws-c-auth: key_derivation_tests.c, and the public key of its signing test suite. */
static void test_v4a_derived_key(void **state)
{
    static const struct {
        const char *id, *secret, *private_key, *public_key;
    } rows[] = {
        {"AKISORANDOMAASORANDOM", "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom",
         "7fd3bd010c0d9c292141c2b77bfbde1042c92e6836fff749d1269ec890fca1bd",
         "0415d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb"
         "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0"},
        {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", NULL,
         "04b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1"
         "865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        uint8_t key[MW_SIGV4A_KEY_SIZE], point[65];
        char hex[2 * 65 + 1];
        job j;

        fill(&j, NULL);
        snprintf(j.creds.access_key_id, sizeof(j.creds.access_key_id), "%s", rows[i].id);
        mw_secret_set(&j.creds.secret_access_key, rows[i].secret, strlen(rows[i].secret), NULL);
        for (int twice = 0; twice < 2 && rows[i].private_key; twice++) {
            assert_int_equal(mw_sigv4a_key(&j.creds, key, NULL), MW_OK);
            mw_hex(hex, key, sizeof(key));
            assert_string_equal(hex, rows[i].private_key);
        }
        public_point(&j.creds, point);
        mw_hex(hex, point, sizeof(point));
        assert_string_equal(hex, rows[i].public_key);
        drop(&j);
    }
}

/* Signatures differ each time, so they are checked as AWS does it; the canonical request is that of
 * aws-c-auth v4a/get-vanilla. */
static void test_v4a_signature(void **state)
{
    const mw_sigv4_scope scope = {.region = "us-east-1", .service = "service", .asymmetric = true};
    char first[160];
    job j;

    (void)state;
    fill(&j, NULL);
    assert_int_equal(mw_sigv4_sign(&j.req, &j.creds, &scope, NOW, &j.trace, &j.err), MW_OK);
    assert_string_equal(j.trace.canonical_request, "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n"
                                                   "x-amz-region-set:us-east-1\n\nhost;x-amz-date;x-amz-region-set\n"
                                                   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_non_null(strstr(j.trace.string_to_sign, "AWS4-ECDSA-P256-SHA256\n20150830T123600Z\n"
                                                   "20150830/service/aws4_request\n"));
    assert_true(verifies(&j.creds, j.trace.string_to_sign, j.trace.signature));
    assert_false(verifies(&j.creds, "another text", j.trace.signature));
    assert_non_null(strstr(mw_http_get(&j.req.headers, "authorization"),
                           "AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/service/"
                           "aws4_request, SignedHeaders=host;x-amz-date;x-amz-region-set, Signature="));
    snprintf(first, sizeof(first), "%s", j.trace.signature);
    assert_int_equal(mw_sigv4_sign(&j.req, &j.creds, &scope, NOW, &j.trace, &j.err), MW_OK);
    assert_string_not_equal(first, j.trace.signature);
    drop(&j);
}

static void test_v4a_presigned(void **state)
{
    const mw_sigv4_scope scope = {
        .region = "us-east-1", .service = "service", .asymmetric = true, .expires_seconds = 3600};
    job j;

    (void)state;
    fill(&j, NULL);
    assert_int_equal(mw_sigv4_presign(&j.req, &j.creds, &scope, NOW, &j.trace, &j.err), MW_OK);
    assert_string_equal(j.trace.canonical_request,
                        "GET\n/\nX-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2F"
                        "service%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600&X-Amz-Region-Set="
                        "us-east-1&X-Amz-SignedHeaders=host\nhost:example.amazonaws.com\n\nhost\n"
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_true(verifies(&j.creds, j.trace.string_to_sign, j.trace.signature));
    drop(&j);
}

static void test_token_header(void **state)
{
    const mw_sigv4_scope scope = {
        .region = "r", .service = "s3express", .single_encode = true, .token_header = "x-amz-s3session-token"};
    job j;

    (void)state;
    fill(&j, "the-token");
    assert_int_equal(mw_sigv4_sign(&j.req, &j.creds, &scope, NOW, &j.trace, &j.err), MW_OK);
    assert_string_equal(mw_http_get(&j.req.headers, "x-amz-s3session-token"), "the-token");
    assert_null(mw_http_get(&j.req.headers, "x-amz-security-token"));
    assert_non_null(strstr(j.trace.canonical_request, "host;x-amz-date;x-amz-s3session-token"));
    drop(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v4a_derived_key),
        cmocka_unit_test(test_v4a_signature),
        cmocka_unit_test(test_v4a_presigned),
        cmocka_unit_test(test_token_header),
        cmocka_unit_test(test_header_placement),
        cmocka_unit_test(test_query_placement),
        cmocka_unit_test(test_s3_get_with_range),
        cmocka_unit_test(test_s3_queries),
        cmocka_unit_test(test_canonical_lines),
        cmocka_unit_test(test_excluded_headers_and_host),
        cmocka_unit_test(test_signing_twice),
        cmocka_unit_test(test_kept_keys_sign_alike),
        cmocka_unit_test(test_kept_keys_go_with_the_secret),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
