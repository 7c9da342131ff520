/* Web identity, IAM Identity Center, credential_process, containers and instance metadata. */
#include "auth_bench.h"

#include "base/hash.h"

#define KEYS(key, expiry)                                                                                              \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"" key "\",\"SecretAccessKey\":\"source-secret\","                         \
    "\"Token\":\"source-token\",\"Expiration\":\"" expiry "\"}"

static void keys_are(bench *t, int64_t now, const char *key)
{
    const mw_credentials *c = NULL;
    mw_status st = get_now(t, now, &c);

    if (st != MW_OK)
        fail_msg("%s", t->err.message);
    assert_string_equal(c->access_key_id, key);
}

static void fails_with(bench *t, int64_t now, const char *text)
{
    const mw_credentials *c;

    assert_int_equal(get_now(t, now, &c), MW_ERR_CREDENTIALS);
    if (!strstr(t->err.message, text))
        fail_msg("'%s' does not mention '%s'", t->err.message, text);
}

/* ---- instance metadata ---- */

#define ROLE_LINE  "GET http://169.254.169.254:0/latest/meta-data/iam/security-credentials/?"
#define KEYS_LINE  "GET http://169.254.169.254:0/latest/meta-data/iam/security-credentials/web?"
#define TOKEN_LINE "PUT http://169.254.169.254:0/latest/api/token?"

static void test_instance(void **state)
{
    static const fake_answer answers[] = {
        {200, "TOKEN\n", TOKEN_LINE, NULL},
        {200, "web\n", ROLE_LINE, NULL},
        {200, KEYS("I1", "2026-01-01T06:00:00Z"), KEYS_LINE, NULL},
        /* no answer ten minutes before the end: they go on being used */
        {200, "TOKEN", "x-aws-ec2-metadata-token-ttl-seconds: 21600", NULL},
        {200, "web", "x-aws-ec2-metadata-token: TOKEN", NULL},
        {500, "no", "x-aws-ec2-metadata-token: TOKEN", NULL},
    };
    bench t;

    (void)state;
    env_set("AWS_EC2_METADATA_DISABLED", NULL);
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, answers, MW_COUNT(answers)), MW_OK);
    keys_are(&t, T0, "I1");
    keys_are(&t, T0 + 21000, "I1"); /* static stability: the end has moved */
    keys_are(&t, T0 + 21100, "I1");
    close_bench(&t);
}

static void test_instance_old_keys(void **state)
{
    static const fake_answer answers[] = {
        {200, "TOKEN", NULL, NULL},
        {200, "web", NULL, NULL},
        {200, KEYS("I1", "2025-12-31T23:00:00Z"), NULL, NULL}, /* past already */
    };
    bench t;

    (void)state;
    env_set("AWS_EC2_METADATA_DISABLED", NULL);
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, answers, 3), MW_OK);
    keys_are(&t, T0, "I1");
    close_bench(&t);
}

static void test_instance_version_1(void **state)
{
    static const fake_answer answers[] = {
        {403, "", NULL, NULL},
        {200, "web", ROLE_LINE, "metadata-token"},
        {200, KEYS("V1", "2026-01-01T06:00:00Z"), KEYS_LINE, "metadata-token"},
    };
    static const fake_answer refused[] = {{403, "", NULL, NULL}};
    bench t;

    (void)state;
    env_set("AWS_EC2_METADATA_DISABLED", NULL);
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, answers, 3), MW_OK);
    keys_are(&t, T0, "V1");
    close_bench(&t);
    env_set("AWS_EC2_METADATA_V1_DISABLED", "true");
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, refused, 1), MW_OK);
    fails_with(&t, T0, "version 1 is disabled");
    close_bench(&t);
}

static void test_instance_failures(void **state)
{
    static const struct {
        fake_answer answers[3];
        size_t count;
        const char *text;
    } rows[] = {
        {{{0, NULL, NULL, NULL}}, 1, "no credentials found; looked at environment"},
        {{{400, "", NULL, NULL}}, 1, "refused"},
        {{{200, "T", NULL, NULL}, {404, "", NULL, NULL}}, 2, "no role"},
        {{{200, "T", NULL, NULL}, {200, "../x", NULL, NULL}}, 2, "no role"},
        {{{200, "T", NULL, NULL}, {200, "", NULL, NULL}}, 2, "no role"},
        {{{200, "T", NULL, NULL},
          {200, "web", NULL, NULL},
          {200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}", NULL, NULL}},
         3,
         "AssumeRoleUnauthorizedAccess"},
        {{{200, "T", NULL, NULL}, {200, "web", NULL, NULL}, {200, "source-secret", NULL, NULL}}, 3, "not JSON"},
    };

    (void)state;
    env_set("AWS_EC2_METADATA_DISABLED", NULL);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        bench t;

        assert_int_equal(open_bench(&t, NULL, NULL, NULL, rows[i].answers, rows[i].count), MW_OK);
        fails_with(&t, T0, rows[i].text);
        assert_null(strstr(t.err.message, "source-secret"));
        close_bench(&t);
    }
}

static void test_instance_endpoint(void **state)
{
    static const fake_answer six[] = {{400, "", "PUT http://[fd00:ec2::254]:0/latest/api/token?", NULL}};
    static const fake_answer own[] = {{400, "", "PUT http://127.0.0.1:1338/latest/api/token?", NULL}};
    bench t;

    (void)state;
    env_set("AWS_EC2_METADATA_DISABLED", NULL);
    env_set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, six, 1), MW_OK);
    fails_with(&t, T0, "refused");
    close_bench(&t);
    env_set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", NULL);
    assert_int_equal(open_bench(&t, "[default]\nimds_use_ipv6=true\n", NULL, NULL, six, 1), MW_OK);
    fails_with(&t, T0, "refused");
    close_bench(&t);
    env_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338/");
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, own, 1), MW_OK);
    fails_with(&t, T0, "refused");
    close_bench(&t);
    env_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", NULL);
    assert_int_equal(open_bench(&t,
                                "[default]\nec2_metadata_service_endpoint=http://127.0.0.1:1338\n"
                                "ec2_metadata_service_endpoint_mode=ipv6\n",
                                NULL, NULL, own, 1),
                     MW_OK);
    fails_with(&t, T0, "refused");
    close_bench(&t);
    assert_int_equal(open_bench(&t, "[default]\nec2_metadata_service_endpoint_mode=ipv5\n", NULL, NULL, NULL, 0),
                     MW_ERR_INVALID);
    close_bench(&t);
}

/* ---- containers ---- */

static void test_container(void **state)
{
    static const fake_answer relative[] = {
        {200, KEYS("C1", "2026-01-01T06:00:00Z"), "GET http://169.254.170.2:0/v2/creds?", "Authorization"}};
    static const fake_answer full[] = {
        {200, KEYS("C2", "2026-01-01T06:00:00Z"), "Authorization: file-token\n", "env-token"}};
    static const fake_answer retried[] = {{0, NULL, NULL, NULL},
                                          {500, "", NULL, NULL},
                                          {200, KEYS("C3", "2026-01-01T06:00:00Z"), "Authorization: env-token", NULL}};
    static const fake_answer denied[] = {{403, "source-secret", NULL, NULL}};
    char path[256];
    bench t;

    (void)state;
    env_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds");
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, relative, 1), MW_OK);
    keys_are(&t, T0, "C1");
    close_bench(&t);

    env_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL);
    env_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
    env_set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "env-token");
    env_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", write_file(path, "token", "file-token\n"));
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, full, 1), MW_OK);
    keys_are(&t, T0, "C2");
    close_bench(&t);
    unlink(path);

    env_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", NULL);
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, retried, 3), MW_OK);
    keys_are(&t, T0, "C3");
    assert_int_equal(t.fake.timers, 2);
    close_bench(&t);

    /* set but failing is an error: the next source is not asked */
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, denied, 1), MW_OK);
    fails_with(&t, T0, "container credentials: HTTP status 403");
    assert_null(strstr(t.err.message, "source-secret"));
    close_bench(&t);
}

static void test_container_hosts(void **state)
{
    static const struct {
        const char *url;
        bool allowed;
    } rows[] = {
        {"https://anywhere.example/x", true},
        {"http://127.0.0.1:80/x", true},
        {"http://localhost/x", true},
        {"http://[::1]:1/x", true},
        {"http://[fd00:ec2::23]/x", true},
        {"http://169.254.170.2/x", true},
        {"http://10.0.0.1/x", false},
        {"http://anywhere.example/x", false},
        {"http://127.0.0.1.example/x", false},
        {"http://localhost@evil.example/x", false},
        {"http://169.254.169.254/x", false},
        {"ftp://localhost/x", false},
        {"http://127.255.0.9/x", true},
        {"http://LOCALHOST:80/x", true},
        {"http://[0:0:0:0:0:0:0:1]/x", true},
        {"http://[FD00:EC2:0::23]/x", true},
        /* what only looks like this machine, or only an old resolver takes for it */
        {"http://2130706433/x", false},
        {"http://0177.0.0.1/x", false},
        {"http://0x7f.0.0.1/x", false},
        {"http://127.1/x", false},
        {"http://127.0.0.1@evil.example/x", false},
        {"http://evil.example:80@10.0.0.1/x", false},
        {"http://[::ffff:127.0.0.1]/x", false},
        {"http://[::]/x", false},
        {"http://[::2]/x", false},
        {"http://0.0.0.0/x", false},
        {"http://localhost./x", false},
        {"http://localhost.evil.example/x", false},
        {"http://127.0.0.1\\@evil.example/x", false},
        {"http://169.254.170.20/x", false},
        {"http://127.0.0.1#@evil.example/x", false},
        {"http://169.254.170.2.evil.example/x", false},
        {"http://[::1]evil.example/x", false},
        {"http://[::1%25lo]/x", false},
    };
    static const fake_answer ok[] = {{200, KEYS("C", "2026-01-01T06:00:00Z"), NULL, NULL}};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const mw_credentials *c;
        mw_status st;
        bench t;

        env_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", rows[i].url);
        assert_int_equal(open_bench(&t, NULL, NULL, NULL, ok, rows[i].allowed), MW_OK);
        st = get_now(&t, T0, &c);
        if ((st == MW_OK) != rows[i].allowed)
            fail_msg("%s: %s", rows[i].url, t.err.message);
        close_bench(&t);
    }
    env_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/x");
    env_set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nHost: evil");
    {
        bench t;

        assert_int_equal(open_bench(&t, NULL, NULL, NULL, NULL, 0), MW_OK);
        fails_with(&t, T0, "line break");
        close_bench(&t);
        /* a relative URI cannot move the request to another host */
        env_set("AWS_CONTAINER_AUTHORIZATION_TOKEN", NULL);
        env_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/x");
        assert_int_equal(open_bench(&t, NULL, NULL, NULL, NULL, 0), MW_OK);
        fails_with(&t, T0, "'evil.example' must be https");
        close_bench(&t);
    }
}

/* ---- web identity ---- */

#define WEB_OK                                                                                                         \
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>"                       \
    "arn:aws:sts::123456789012:assumed-role/x/s</Arn></AssumedRoleUser><Credentials>"                                  \
    "<AccessKeyId>WEB</AccessKeyId><SecretAccessKey>web-secret</SecretAccessKey><SessionToken>"                        \
    "web-token</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials>"                              \
    "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"

static void test_web_identity(void **state)
{
    static const fake_answer first[] = {{200, WEB_OK, "WebIdentityToken=jwt-1", "Authorization"},
                                        {200, WEB_OK, "WebIdentityToken=jwt-2", "Authorization"}};
    static const fake_answer second[] = {{200, WEB_OK, "RoleSessionName=from-profile", NULL}};
    char path[256];
    bench t;

    (void)state;
    env_set("AWS_WEB_IDENTITY_TOKEN_FILE", write_file(path, "jwt", "jwt-1\n"));
    env_set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/x");
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, first, 2), MW_OK);
    keys_are(&t, T0, "WEB");
    write_file(path, "jwt", "jwt-2\n"); /* rotated: read again for each refresh */
    mw_provider_invalidate(t.p);
    keys_are(&t, T0 + 10, "WEB");
    close_bench(&t);

    env_set("AWS_WEB_IDENTITY_TOKEN_FILE", NULL);
    env_set("TOKEN_PATH", path);
    assert_int_equal(open_bench(&t,
                                "[default]\nrole_arn=arn:aws:iam::123456789012:role/x\n"
                                "web_identity_token_file=$TOKEN_PATH\n"
                                "role_session_name=from-profile\n",
                                NULL, NULL, second, 1),
                     MW_OK);
    keys_are(&t, T0, "WEB");
    close_bench(&t);
    unlink(path);

    assert_int_equal(open_bench(&t,
                                "[default]\nrole_arn=arn:aws:iam::123456789012:role/x\n"
                                "web_identity_token_file=$TOKEN_PATH\n",
                                NULL, NULL, NULL, 0),
                     MW_OK);
    fails_with(&t, T0, path);
    close_bench(&t);
    env_set("AWS_ROLE_ARN", NULL);
    assert_int_equal(open_bench(&t, "[default]\nweb_identity_token_file=/x\n", NULL, NULL, NULL, 0),
                     MW_ERR_CREDENTIALS);
    close_bench(&t);
}

/* Environment and profile are looked at for each setting; STS is the role's partition's. */
static void test_web_identity_settings(void **state)
{
    static const struct {
        const char *region, *env_role, *profile_role, *expect;
        bool explicit_profile;
    } rows[] = {
        {NULL, "arn:aws:iam::123456789012:role/x", NULL, "POST https://sts.us-east-1.amazonaws.com:", false},
        {NULL, "arn:aws-cn:iam::123456789012:role/x", NULL, ".amazonaws.com.cn:", false},
        {NULL, "arn:aws-us-gov:iam::123456789012:role/x", NULL, "POST https://sts.us-gov-", false},
        {"eu-west-1", "arn:aws:iam::123456789012:role/x", NULL, "POST https://sts.eu-west-1.amazonaws.com:", false},
        {NULL, "arn:aws:iam::123456789012:role/env", "arn:aws:iam::123456789012:role/own", "role%2Fenv", false},
        {NULL, "arn:aws:iam::123456789012:role/env", "arn:aws:iam::123456789012:role/own", "role%2Fown", true},
    };
    char path[256], config[600];

    (void)state;
    write_file(path, "jwt", "jwt-1");
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        fake_answer answers[] = {{200, WEB_OK, rows[i].expect, NULL}};
        bench t;

        env_set("AWS_REGION", rows[i].region);
        env_set("AWS_ROLE_ARN", rows[i].env_role);
        snprintf(config, sizeof(config), "[default]\nweb_identity_token_file=%s\n%s%s\n", path,
                 rows[i].profile_role ? "role_arn=" : "", rows[i].profile_role ? rows[i].profile_role : "");
        assert_int_equal(open_bench(&t, config, NULL, rows[i].explicit_profile ? "default" : NULL, answers, 1), MW_OK);
        keys_are(&t, T0, "WEB");
        close_bench(&t);
    }
    unlink(path);
}

/* ---- credential_process ---- */

static void test_process(void **state)
{
    static const struct {
        const char *command, *key, *text;
    } rows[] = {
        {"printf '%s' '{\"Version\":1,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"p-s\"}'", "PROC", NULL},
        {"printf %s \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"P2\\\",\\\"SecretAccessKey\\\":"
         "\\\"p-s\\\",\\\"Expiration\\\":\\\"2026-01-01T05:00:00Z\\\"}\"",
         "P2", NULL},
        {"sh -c 'echo p-s; exit 3'", NULL, "status 3"},
        {"printf p-s", NULL, "not JSON"},
        {"printf '%s' '{\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"p-s\"}'", NULL, "Version"},
        {"printf '%s' '{\"Version\":2,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"p-s\"}'", NULL, "Version"},
        {"printf '%s' '{\"Version\":1,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"p-s\","
         "\"Expiration\":\"2025-12-31T00:00:00Z\"}'",
         NULL, "expired already"},
        {"/nonexistent/program", NULL, "could not be started"},
        {"sh -c 'kill -9 $$'", NULL, "status 137"},
    };
    char config[512];
    bench t;

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        snprintf(config, sizeof(config), "[default]\ncredential_process = %s\n", rows[i].command);
        assert_int_equal(open_bench(&t, config, NULL, NULL, NULL, 0), MW_OK);
        if (rows[i].key) {
            keys_are(&t, T0, rows[i].key);
        } else {
            fails_with(&t, T0, rows[i].text);
            assert_null(strstr(t.err.message, "p-s"));
        }
        close_bench(&t);
    }
    {
        const mw_credentials *c;

        snprintf(config, sizeof(config), "[default]\naws_account_id=123456789012\ncredential_process = %s\n",
                 rows[0].command);
        assert_int_equal(open_bench(&t, config, NULL, NULL, NULL, 0), MW_OK);
        assert_int_equal(get_now(&t, T0, &c), MW_OK);
        assert_string_equal(c->account_id, "123456789012");
        close_bench(&t);
    }
    assert_int_equal(open_bench(&t, "[default]\ncredential_process = a 'b\n", NULL, NULL, NULL, 0), MW_ERR_INVALID);
    close_bench(&t);
}

/* ---- IAM Identity Center ---- */

static const char sso_config[] =
    "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n"
    "[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.example/start\n"
    "[profile old]\nsso_account_id = 123456789012\nsso_role_name = Reader\n"
    "sso_region = eu-central-1\nsso_start_url = https://corp.example/start\n"
    "[profile half]\nsso_account_id = 123456789012\nsso_role_name = Reader\n";

#define SSO_KEYS                                                                                                       \
    "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"sso-secret\","                                \
    "\"sessionToken\":\"sso-session-token\",\"expiration\":1767229200000}}"

/* The cache file of @p key below a home folder of the test's own. */
static void write_cache(char path[256], const char *key, const char *text)
{
    static char home[256];
    mw_error err = {0};
    uint8_t digest[20];
    char hex[41], folder[256];

    snprintf(home, sizeof(home), "%s/sso-home-%d", MW_BINARY_DIR, (int)getpid());
    snprintf(folder, sizeof(folder), "%.200s/.aws/sso/cache", home);
    assert_ok(mw_mkdirs(folder, 0700, &err));
    env_set("HOME", home);
    mw_sha1(digest, key, strlen(key));
    mw_hex(hex, digest, sizeof(digest));
    snprintf(path, 256, "%.200s/%s.json", folder, hex);
    assert_ok(mw_file_write_atomic(path, text, strlen(text), 0600, &err));
}

static void test_sso(void **state)
{
    static const fake_answer valid[] = {{200, SSO_KEYS, "x-amz-sso_bearer_token: access-1\n", "Authorization"}};
    static const fake_answer renewed[] = {
        {200, "{\"accessToken\":\"access-2\",\"expiresIn\":28800,\"refreshToken\":\"refresh-2\"}",
         "\"refreshToken\":\"refresh-1\"", NULL},
        {200, SSO_KEYS, "x-amz-sso_bearer_token: access-2\n", NULL}};
    static const fake_answer endless[] = {
        {200,
         "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"sso-secret\",\"sessionToken\":\"t\"}}",
         NULL, NULL}};
    static const fake_answer over[] = {
        {401, "{\"__type\":\"UnauthorizedException\",\"message\":\"Session token not found\"}", NULL, NULL}};
    char path[256];
    MW_AUTO(mw_buf) text = {0};
    mw_error err = {0};
    bench t;

    (void)state;
    write_cache(path, "https://corp.example/start",
                "{\"accessToken\":\"access-1\",\"expiresAt\":\"2026-01-01T04:00:00Z\"}");
    assert_int_equal(open_bench(&t, sso_config, NULL, "old", valid, 1), MW_OK);
    keys_are(&t, T0, "SSO");
    close_bench(&t);
    assert_int_equal(open_bench(&t, sso_config, NULL, "old", over, 1), MW_OK);
    fails_with(&t, T0, "aws sso login");
    close_bench(&t);
    assert_int_equal(open_bench(&t, sso_config, NULL, "old", endless, 1), MW_OK);
    fails_with(&t, T0, "the answer lacks credentials");
    close_bench(&t);
    assert_int_equal(open_bench(&t, sso_config, NULL, "old", NULL, 0), MW_OK);
    fails_with(&t, T0 + 5 * 3600, "expired");
    close_bench(&t);
    unlink(path);
    assert_int_equal(open_bench(&t, sso_config, NULL, "old", NULL, 0), MW_OK);
    fails_with(&t, T0, "there is no login in");
    close_bench(&t);
    assert_int_equal(open_bench(&t, sso_config, NULL, "half", NULL, 0), MW_ERR_INVALID);
    assert_non_null(strstr(t.err.message, "sso_region"));
    close_bench(&t);

    /* ten minutes left: renewed, and written back with what else the file held */
    write_cache(path, "corp",
                "{\"accessToken\":\"access-1\",\"expiresAt\":\"2026-01-01T00:10:00Z\","
                "\"refreshToken\":\"refresh-1\",\"clientId\":\"c\",\"clientSecret\":\"s\","
                "\"registrationExpiresAt\":\"2026-03-01T00:00:00Z\",\"startUrl\":\"kept\"}");
    assert_int_equal(open_bench(&t, sso_config, NULL, NULL, renewed, 2), MW_OK);
    keys_are(&t, T0, "SSO");
    close_bench(&t);
    assert_ok(mw_file_read(path, &text, &err));
    assert_non_null(strstr(text.data, "\"accessToken\":\"access-2\""));
    assert_non_null(strstr(text.data, "\"refreshToken\":\"refresh-2\""));
    assert_non_null(strstr(text.data, "\"expiresAt\":\"2026-01-01T08:00:00Z\""));
    assert_non_null(strstr(text.data, "\"startUrl\":\"kept\""));
    unlink(path);
}

static void test_sso_renewal_fails(void **state)
{
    static const fake_answer still_good[] = {{400, "{\"error\":\"invalid_grant\"}", NULL, NULL},
                                             {200, SSO_KEYS, "x-amz-sso_bearer_token: access-1\n", NULL}};
    static const fake_answer too_late[] = {{400, "{\"error\":\"invalid_grant\"}", NULL, NULL}};
    char path[256];
    bench t;

    (void)state;
    write_cache(path, "corp",
                "{\"accessToken\":\"access-1\",\"expiresAt\":\"2026-01-01T00:10:00Z\","
                "\"refreshToken\":\"refresh-1\",\"clientId\":\"c\",\"clientSecret\":\"s\","
                "\"registrationExpiresAt\":\"2026-03-01T00:00:00Z\"}");
    assert_int_equal(open_bench(&t, sso_config, NULL, NULL, still_good, 2), MW_OK);
    keys_are(&t, T0, "SSO");
    close_bench(&t);
    assert_int_equal(open_bench(&t, sso_config, NULL, NULL, too_late, 1), MW_OK);
    fails_with(&t, T0 + 700, "aws sso login");
    assert_null(strstr(t.err.message, "refresh-1"));
    close_bench(&t);
    unlink(path);
}

/* What the profile and its session say must be whole and agree. */
static void test_sso_mistakes(void **state)
{
    static const struct {
        const char *config, *text;
    } rows[] = {
        {"[default]\nsso_session=gone\nsso_account_id=123456789012\nsso_role_name=R\n"
         "sso_region=eu-west-1\nsso_start_url=https://x\n",
         "sso_session 'gone' has no sso_region"},
        {"[default]\nsso_session=s\nsso_account_id=123456789012\nsso_role_name=R\n"
         "[sso-session s]\nsso_region=eu-west-1\n",
         "sso_session 's' has no sso_start_url"},
        {"[default]\nsso_session=s\nsso_account_id=123456789012\nsso_role_name=R\n"
         "sso_region=eu-west-2\n[sso-session s]\nsso_region=eu-west-1\nsso_start_url=https://x\n",
         "sso_region is 'eu-west-2'"},
        {"[default]\nsso_role_name=R\n", "sso_account_id"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        bench t;

        assert_int_equal(open_bench(&t, rows[i].config, NULL, NULL, NULL, 0), MW_ERR_INVALID);
        if (!strstr(t.err.message, rows[i].text))
            fail_msg("row %zu: %s", i, t.err.message);
        close_bench(&t);
    }
}

/* The token by itself, as services that take one get it; renewed at most once a minute. */
static void test_bearer(void **state)
{
    static const fake_answer refused[] = {{400, "{\"error\":\"invalid_grant\"}", NULL, NULL},
                                          {400, "{\"error\":\"x\"}", NULL, NULL}};
    const mw_credentials *c;
    char path[256];
    mw_provider *p;
    bench t;

    (void)state;
    assert_int_equal(open_bench(&t, sso_config, NULL, NULL, refused, 2), MW_OK);
    write_cache(path, "corp",
                "{\"accessToken\":\"access-1\",\"expiresAt\":\"2026-01-01T00:09:00Z\","
                "\"refreshToken\":\"refresh-1\",\"clientId\":\"c\",\"clientSecret\":\"s\","
                "\"registrationExpiresAt\":\"2026-03-01T00:00:00Z\"}");
    p = t.p;
    assert_int_equal(mw_provider_bearer(t.config, t.models, &t.fake.http, "codecatalyst", &t.p, &t.err), MW_OK);
    for (int second = 0; second < 70; second += 10) { /* nine minutes left: asked at 0 and at 60 */
        assert_int_equal(get_now(&t, T0 + second, &c), MW_OK);
        assert_string_equal(c->bearer_token.data, "access-1");
        assert_string_equal(c->access_key_id, "");
    }
    unlink(path);
    mw_provider_unref(t.p);
    env_set("AWS_BEARER_TOKEN_CODE_CATALYST", "from-env");
    assert_int_equal(mw_provider_bearer(t.config, t.models, &t.fake.http, "code-catalyst", &t.p, &t.err), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    assert_string_equal(c->bearer_token.data, "from-env");
    mw_provider_unref(t.p);
    env_set("AWS_BEARER_TOKEN_CODE_CATALYST", "two words");
    assert_int_equal(mw_provider_bearer(t.config, t.models, &t.fake.http, "code-catalyst", &t.p, &t.err),
                     MW_ERR_CREDENTIALS);
    assert_null(strstr(t.err.message, "two words"));
    t.p = p;
    close_bench(&t);
    assert_int_equal(open_bench(&t, "[default]\naws_access_key_id=A\naws_secret_access_key=s\n", NULL, NULL, NULL, 0),
                     MW_OK);
    p = t.p;
    assert_int_equal(mw_provider_bearer(t.config, t.models, &t.fake.http, "codecatalyst", &t.p, &t.err),
                     MW_ERR_CREDENTIALS);
    assert_non_null(strstr(t.err.message, "codecatalyst"));
    t.p = p;
    close_bench(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_instance),
        TEST(test_instance_old_keys),
        TEST(test_instance_version_1),
        TEST(test_instance_failures),
        TEST(test_instance_endpoint),
        TEST(test_container),
        TEST(test_container_hosts),
        TEST(test_web_identity),
        TEST(test_web_identity_settings),
        TEST(test_process),
        TEST(test_sso),
        TEST(test_sso_renewal_fails),
        TEST(test_sso_mistakes),
        TEST(test_bearer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
