/* The chain, refresh windows and assumed roles, over a carrier that the test scripts. */
#include "auth_bench.h"

#include "aws/clock.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- static sources ---- */

static void test_chain_order(void **state)
{
    static const char config[] = "[default]\naws_access_key_id=CONF\naws_secret_access_key=cs\n"
                                 "[profile other]\naws_access_key_id=OTHER\n"
                                 "aws_secret_access_key=os\naws_account_id=123456789012\n"
                                 "[profile half]\naws_access_key_id=HALF\n";
    static const char credentials[] = "[default]\naws_access_key_id=CRED\n"
                                      "aws_secret_access_key=rs\naws_session_token=tok\n";
    static const struct {
        const char *config, *credentials, *profile, *env_key, *env_secret;
        const char *key, *describe;
    } rows[] = {
        {config, credentials, NULL, "ENV", "es", "ENV", "environment"},
        {config, credentials, "default", "ENV", "es", "CRED", "profile default"},
        {config, credentials, NULL, NULL, NULL, "CRED", "profile default"},
        {config, NULL, NULL, NULL, NULL, "CONF", "profile default"},
        {config, credentials, "other", NULL, NULL, "OTHER", "profile other"},
        /* failures: the text wanted stands in `describe` */
        {config, credentials, NULL, "ENV", NULL, NULL, "AWS_SECRET_ACCESS_KEY"},
        {config, credentials, "half", NULL, NULL, NULL, "aws_secret_access_key"},
        {NULL, NULL, NULL, NULL, NULL, NULL, "environment, profile 'default'"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const mw_credentials *c;
        mw_status st;
        bench t;

        env_set("AWS_ACCESS_KEY_ID", rows[i].env_key);
        env_set("AWS_SECRET_ACCESS_KEY", rows[i].env_secret);
        st = open_bench(&t, rows[i].config, rows[i].credentials, rows[i].profile, NULL, 0);
        if (rows[i].key) {
            assert_int_equal(st, MW_OK);
            assert_int_equal(get_now(&t, T0, &c), MW_OK);
            assert_string_equal(c->access_key_id, rows[i].key);
            assert_non_null(strstr(mw_provider_describe(t.p), rows[i].describe));
        } else {
            assert_int_equal(st, MW_ERR_CREDENTIALS);
            if (!strstr(t.err.message, rows[i].describe))
                fail_msg("row %zu: %s", i, t.err.message);
        }
        close_bench(&t);
    }
}

static void test_environment_details(void **state)
{
    const mw_credentials *c;
    bench t;

    (void)state;
    env_set("AWS_ACCESS_KEY_ID", "ENV");
    env_set("AWS_SECRET_ACCESS_KEY", "env-secret");
    env_set("AWS_SESSION_TOKEN", "session");
    env_set("AWS_SECURITY_TOKEN", "security");
    env_set("AWS_ACCOUNT_ID", "123456789012");
    env_set("AWS_CREDENTIAL_EXPIRATION", "2026-01-01T00:05:00Z");
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, NULL, 0), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_OK); /* 5 minutes left: used while they last */
    assert_string_equal(c->session_token.data, "security");
    assert_string_equal(c->account_id, "123456789012");
    assert_int_equal(get_now(&t, T0 + 301, &c), MW_ERR_CREDENTIALS);
    assert_non_null(strstr(t.err.message, "expired"));
    env_set("AWS_CREDENTIAL_EXPIRATION", "2026-01-01T02:00:00Z"); /* somebody renewed them */
    env_set("AWS_ACCESS_KEY_ID", "ENV2");
    mw_provider_invalidate(t.p);
    assert_int_equal(get_now(&t, T0 + 302, &c), MW_OK);
    assert_string_equal(c->access_key_id, "ENV2");
    close_bench(&t);

    env_set("AWS_CREDENTIAL_EXPIRATION", "tomorrow");
    assert_int_equal(open_bench(&t, NULL, NULL, NULL, NULL, 0), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_ERR_CREDENTIALS);
    close_bench(&t);
}

static void test_invalid_static_keys_are_final(void **state)
{
    mw_provider *p = NULL;
    const mw_credentials *c;
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_provider_static("bad key", "s", NULL, &p, &err), MW_ERR_CREDENTIALS);
    assert_int_equal(mw_provider_static("AKID", "", NULL, &p, &err), MW_ERR_CREDENTIALS);
    assert_ok(mw_provider_static("AKID", "secret", NULL, &p, &err));
    assert_ok(mw_provider_get(p, T0, &c, ready, NULL, &err));
    mw_provider_invalidate(p);
    assert_int_equal(mw_provider_get(p, T0, &c, ready, NULL, &err), MW_ERR_CREDENTIALS);
    mw_provider_unref(p);
}

/* ---- assumed roles ---- */

static const char role_config[] =
    "[profile base]\naws_access_key_id=BASE\naws_secret_access_key=base-secret\n"
    "[profile hub]\nrole_arn=arn:aws:iam::111111111111:role/hub\nsource_profile=base\n"
    "[profile prod]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=hub\n"
    "external_id=e-1\nduration_seconds=1800\nrole_session_name=me\n"
    "[profile self]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=self\n"
    "aws_access_key_id=SELF\naws_secret_access_key=self-secret\n"
    "[profile loop-a]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=loop-b\n"
    "[profile loop-b]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=loop-a\n"
    "[profile gone]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=nobody\n"
    "[profile both]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=base\n"
    "credential_source=Environment\n"
    "[profile neither]\nrole_arn=arn:aws:iam::123456789012:role/x\n"
    "[profile keys-a]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=keys-b\n"
    "aws_access_key_id=SELF\naws_secret_access_key=self-secret\n"
    "[profile keys-b]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=keys-a\n"
    "[profile secret]\naws_secret_access_key=base-secret\n"
    "[profile half]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=secret\n"
    "[profile short]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=base\n"
    "duration_seconds=60\n"
    "[profile words]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=base\n"
    "duration_seconds=an hour\n"
    "[profile env]\nrole_arn=arn:aws:iam::123456789012:role/x\ncredential_source=Environment\n"
    "[profile moon]\nrole_arn=arn:aws:iam::123456789012:role/x\ncredential_source=Moon\n"
    "[profile notarole]\nrole_arn=arn:aws:iam::123456789012:user/x\nsource_profile=base\n"
    "[profile empty]\nregion=eu-west-1\n"
    "[profile hollow]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=empty\n";

static void test_profile_role_chain(void **state)
{
    static const fake_answer answers[] = {
        {200, STS_OK("HUBKEY", "2026-01-01T01:00:00Z"), "Credential=BASE/20260101/eu-west-1/sts/", "base-secret"},
        {200, STS_OK("PRODKEY", "2026-01-01T01:00:00Z"), "Credential=HUBKEY/", "ExternalId=e-2"},
    };
    const mw_credentials *c;
    bench t;

    (void)state;
    assert_int_equal(open_bench(&t, role_config, NULL, "prod", answers, MW_COUNT(answers)), MW_OK);
    assert_string_equal(mw_provider_describe(t.p), "profile prod (role arn:aws:iam::123456789012:role/x)");
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    assert_string_equal(c->access_key_id, "PRODKEY");
    assert_string_equal(c->account_id, "123456789012");
    assert_string_equal(c->session_token.data, "sts-token-0123");
    assert_int_equal(c->expires_at_unix, T0 + 3600);
    assert_int_equal(get_now(&t, T0 + 100, &c), MW_OK); /* no further call */
    close_bench(&t);
}

static void test_role_parameters(void **state)
{
    static const fake_answer answers[] = {
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), NULL, NULL},
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), "DurationSeconds=1800", NULL},
    };
    static const fake_answer second[] = {
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), "POST https://sts.eu-west-1.amazonaws.com:0/?", NULL},
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), "ExternalId=e-1", NULL},
    };
    static const fake_answer third[] = {
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), "POST http://sts.local:99/?", NULL},
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), "RoleSessionName=me", NULL},
    };
    static const fake_answer fourth[] = {
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), "DurationSeconds=3600", "ExternalId"},
    };
    static const fake_answer fifth[] = {
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), "DurationSeconds=3600", "TokenCode"},
    };
    const mw_credentials *c;
    bench t;

    (void)state;
    assert_int_equal(open_bench(&t, role_config, NULL, "prod", answers, 2), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    close_bench(&t);
    assert_int_equal(open_bench(&t, role_config, NULL, "prod", second, 2), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    close_bench(&t);
    env_set("AWS_ENDPOINT_URL_STS", "http://sts.local:99");
    assert_int_equal(open_bench(&t, role_config, NULL, "prod", third, 2), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    close_bench(&t);
    assert_int_equal(open_bench(&t, role_config, NULL, "self", fourth, 1), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    close_bench(&t);
    /* what is no number is ignored, as botocore does */
    assert_int_equal(open_bench(&t, role_config, NULL, "words", fifth, 1), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    close_bench(&t);
}

static void test_role_mistakes(void **state)
{
    static const struct {
        const char *profile;
        mw_status want;
        const char *text;
    } rows[] = {
        {"loop-a", MW_ERR_INVALID, "leads back"},
        {"gone", MW_ERR_INVALID, "nobody"},
        {"both", MW_ERR_INVALID, "only one of"},
        {"neither", MW_ERR_INVALID, "needs a source_profile"},
        {"keys-a", MW_ERR_INVALID, "leads back"},
        {"half", MW_ERR_CREDENTIALS, "'secret' has no credentials"},
        {"short", MW_ERR_INVALID, "expected 900 to 43200"},
        {"env", MW_ERR_CREDENTIALS, "Environment"},
        {"moon", MW_ERR_INVALID, "Moon"},
        {"notarole", MW_ERR_INVALID, "is not a role"},
        {"hollow", MW_ERR_CREDENTIALS, "empty"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        bench t;

        assert_int_equal(open_bench(&t, role_config, NULL, rows[i].profile, NULL, 0), rows[i].want);
        if (!strstr(t.err.message, rows[i].text) || !strstr(t.err.message, "profile "))
            fail_msg("%s: %s", rows[i].profile, t.err.message);
        assert_null(t.p);
        close_bench(&t);
    }
}

static void test_one_refresh_for_many(void **state)
{
    static const fake_answer answers[] = {
        {200, STS_OK("K1", "2026-01-01T01:00:00Z"), NULL, NULL},
        {200, STS_OK("K2", "2026-01-01T02:00:00Z"), NULL, NULL},
        {200, STS_OK("K3", "2026-01-01T03:00:00Z"), NULL, NULL},
    };
    const mw_credentials *c;
    told w[50];
    bench t;

    (void)state;
    memset(w, 0, sizeof(w));
    assert_int_equal(open_bench(&t, role_config, NULL, "self", answers, 3), MW_OK);
    for (size_t i = 0; i < MW_COUNT(w); i++)
        assert_int_equal(mw_provider_get(t.p, T0, &c, ready, &w[i], &t.err), MW_ERR_PENDING);
    assert_int_equal(t.fake.sends, 1);
    t.fake.http.run(&t.fake, NULL, NULL);
    for (size_t i = 0; i < MW_COUNT(w); i++) {
        assert_int_equal(w[i].calls, 1);
        assert_int_equal(w[i].status, MW_OK);
    }
    /* 14 minutes left: one refresh in the background, the old keys go on being handed out */
    assert_int_equal(mw_provider_get(t.p, T0 + 46 * 60, &c, ready, &w[0], &t.err), MW_OK);
    assert_string_equal(c->access_key_id, "K1");
    assert_int_equal(mw_provider_get(t.p, T0 + 46 * 60, &c, ready, &w[0], &t.err), MW_OK);
    assert_int_equal(t.fake.sends, 2);
    t.fake.http.run(&t.fake, NULL, NULL);
    assert_int_equal(w[0].calls, 1);
    assert_int_equal(mw_provider_get(t.p, T0 + 46 * 60, &c, ready, &w[0], &t.err), MW_OK);
    assert_string_equal(c->access_key_id, "K2");
    /* 9 minutes left: everyone waits */
    assert_int_equal(mw_provider_get(t.p, T0 + 111 * 60, &c, ready, &w[1], &t.err), MW_ERR_PENDING);
    t.fake.http.run(&t.fake, NULL, NULL);
    assert_int_equal(w[1].calls, 2);
    assert_int_equal(mw_provider_get(t.p, T0 + 111 * 60, &c, ready, &w[1], &t.err), MW_OK);
    assert_string_equal(c->access_key_id, "K3");
    close_bench(&t);
}

static void test_advisory_failure_is_not_fatal(void **state)
{
    static const fake_answer answers[] = {
        {200, STS_OK("K1", "2026-01-01T01:00:00Z"), NULL, NULL},
        {403, STS_ERROR("AccessDenied", "no"), NULL, NULL},
        {403, STS_ERROR("AccessDenied", "still no"), NULL, NULL},
    };
    const mw_credentials *c;
    bench t;

    (void)state;
    assert_int_equal(open_bench(&t, role_config, NULL, "self", answers, 3), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    assert_int_equal(get_now(&t, T0 + 46 * 60, &c), MW_OK);
    t.fake.http.run(&t.fake, NULL, NULL); /* refused, unnoticed */
    assert_int_equal(get_now(&t, T0 + 46 * 60 + 5, &c), MW_OK);
    assert_int_equal(t.fake.sends, 2); /* and not tried again at once */
    assert_int_equal(get_now(&t, T0 + 51 * 60, &c), MW_ERR_CREDENTIALS);
    assert_non_null(strstr(t.err.message, "AccessDenied: still no"));
    close_bench(&t);
}

static void test_failure_is_remembered_for_a_while(void **state)
{
    static const fake_answer answers[] = {
        {403, STS_ERROR("AccessDenied", "not for you"), NULL, NULL},
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), NULL, NULL},
    };
    const mw_credentials *c;
    bench t;

    (void)state;
    assert_int_equal(open_bench(&t, role_config, NULL, "self", answers, 2), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_ERR_CREDENTIALS);
    assert_non_null(strstr(t.err.message, "role/x"));
    assert_non_null(strstr(t.err.message, "AccessDenied: not for you"));
    for (int i = 0; i < 10; i++)
        assert_int_equal(get_now(&t, T0 + i, &c), MW_ERR_CREDENTIALS);
    assert_int_equal(t.fake.sends, 1);
    assert_int_equal(get_now(&t, T0 + 31, &c), MW_OK);
    close_bench(&t);
}

static void test_retries(void **state)
{
    static const fake_answer recovers[] = {
        {0, NULL, NULL, NULL},
        {503, "busy", NULL, NULL},
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), NULL, NULL},
    };
    static const fake_answer gives_up[] = {{0, NULL, NULL, NULL}, {-1, NULL, NULL, NULL}, {0, NULL, NULL, NULL}};
    static const fake_answer garbage[] = {{200, "<html", NULL, NULL}};
    static const fake_answer hollow[] = {{200,
                                          "<AssumeRoleResponse><AssumeRoleResult/>"
                                          "</AssumeRoleResponse>",
                                          NULL, NULL}};
    static const fake_answer stale[] = {{200, STS_OK("K", "2025-12-31T23:59:59Z"), NULL, NULL}};
    const mw_credentials *c;
    bench t;

    (void)state;
    assert_int_equal(open_bench(&t, role_config, NULL, "self", recovers, 3), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_OK);
    assert_int_equal(t.fake.timers, 2);
    close_bench(&t);
    assert_int_equal(open_bench(&t, role_config, NULL, "self", gives_up, 3), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_ERR_NET);
    assert_non_null(strstr(t.err.message, "connection refused"));
    close_bench(&t);
    assert_int_equal(open_bench(&t, role_config, NULL, "self", garbage, 1), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_ERR_CREDENTIALS);
    close_bench(&t);
    assert_int_equal(open_bench(&t, role_config, NULL, "self", hollow, 1), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_ERR_CREDENTIALS);
    close_bench(&t);
    assert_int_equal(open_bench(&t, role_config, NULL, "self", stale, 1), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_ERR_CREDENTIALS);
    assert_non_null(strstr(t.err.message, "expired"));
    close_bench(&t);
}

/* A carrier may answer from inside `send`. */
static void test_answers_at_once(void **state)
{
    static const fake_answer answers[] = {
        {200, STS_OK("HUBKEY", "2026-01-01T01:00:00Z"), NULL, NULL},
        {200, STS_OK("PRODKEY", "2026-01-01T01:00:00Z"), "Credential=HUBKEY/", NULL},
    };
    static const fake_answer refused[] = {{403, STS_ERROR("AccessDenied", "no"), NULL, NULL}};
    const mw_credentials *c;
    told w = {0};
    bench t;

    (void)state;
    assert_int_equal(open_bench(&t, role_config, NULL, "prod", answers, 2), MW_OK);
    t.fake.at_once = true;
    assert_int_equal(mw_provider_get(t.p, T0, &c, ready, &w, &t.err), MW_OK);
    assert_string_equal(c->access_key_id, "PRODKEY");
    assert_int_equal(w.calls, 0);
    close_bench(&t);
    assert_int_equal(open_bench(&t, role_config, NULL, "self", refused, 1), MW_OK);
    t.fake.at_once = true;
    assert_int_equal(mw_provider_get(t.p, T0, &c, ready, &w, &t.err), MW_ERR_CREDENTIALS);
    assert_int_equal(w.calls, 0);
    close_bench(&t);
}

/* The source's own keys ran out: the next try asks the source anew. */
static void test_stale_source_is_refreshed(void **state)
{
    static const fake_answer answers[] = {
        {200, STS_OK("HUB1", "2026-01-01T01:00:00Z"), "Credential=BASE/", NULL},
        {403, STS_ERROR("ExpiredToken", "too old"), "Credential=HUB1/", NULL},
        {200, STS_OK("HUB2", "2026-01-01T01:00:00Z"), "Credential=BASE/", NULL},
        {200, STS_OK("PROD", "2026-01-01T01:00:00Z"), "Credential=HUB2/", NULL},
    };
    const mw_credentials *c;
    bench t;

    (void)state;
    assert_int_equal(open_bench(&t, role_config, NULL, "prod", answers, 4), MW_OK);
    assert_int_equal(get_now(&t, T0, &c), MW_ERR_CREDENTIALS);
    assert_int_equal(get_now(&t, T0 + 60, &c), MW_OK);
    assert_string_equal(c->access_key_id, "PROD");
    close_bench(&t);
}

/* Whether the models name each partition's main region; older ones do not, and the first one listed serves. */
static bool main_regions_named(const mw_models *models)
{
    const mw_doc *d = mw_models_doc(models);
    mw_val first = mw_val_at(d, mw_val_get(d, mw_models_partitions(models), "partitions"), 0);

    return mw_val_get(d, mw_val_get(d, first, "outputs"), "implicitGlobalRegion") != MW_VAL_ABSENT;
}

static void test_explicit_role(void **state)
{
    fake_answer answers[] = {
        {200, STS_OK("CN", "2026-01-01T01:00:00Z"), "POST https://sts.cn-northwest-1.amazonaws.com.cn:0/", NULL},
    };
    mw_assume_role role = {.role_arn = "arn:aws-cn:iam::123456789012:role/x", .policy = "{}"};
    mw_provider *source = NULL, *p = NULL;
    mw_aws_config *config = NULL;
    const mw_models *models;
    const mw_credentials *c;
    mw_error err = {0};
    fake_http fake;
    told w = {0};

    (void)state;
    env_set("AWS_REGION", NULL); /* then the partition's main region */
    assert_ok(mw_models_builtin(&models, &err));
    if (!main_regions_named(models))
        answers[0].expect = "POST https://sts.cn-north-1.amazonaws.com.cn:0/";
    assert_ok(load_config(NULL, NULL, NULL, &config, &err));
    fake_init(&fake, answers, 1);
    assert_ok(mw_provider_static("AKID", "secret", NULL, &source, &err));
    assert_ok(mw_provider_assume_role(config, models, &fake.http, source, &role, &p, &err));
    mw_provider_unref(source); /* the role keeps it */
    assert_int_equal(mw_provider_get(p, T0, &c, ready, &w, &err), MW_ERR_PENDING);
    mw_provider_ref(p);
    mw_provider_unref(p);
    fake_run(&fake, NULL, NULL);
    assert_int_equal(w.status, MW_OK);
    assert_ok(mw_provider_get(p, T0, &c, ready, &w, &err));
    assert_string_equal(c->access_key_id, "CN");
    mw_provider_unref(p);
    role.role_arn = "nonsense";
    assert_int_equal(mw_provider_assume_role(config, models, &fake.http, NULL, &role, &p, &err), MW_ERR_INVALID);
    mw_aws_config_free(config);
}

/* AWS's clock is three days ahead: the role is asked for again with it, and later requests begin with it. */
static void test_role_learns_the_clock(void **state)
{
    static const int64_t ahead_s = 3 * 86400;
    const time_t then = T0 + ahead_s;
    char date[64], signed_as[64];
    const fake_answer answers[] = {
        {403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>", NULL, signed_as},
        {200, STS_OK("FIRST", "2026-01-01T01:00:00Z"), signed_as, NULL},
        {200, STS_OK("SECOND", "2026-01-01T02:00:00Z"), signed_as, NULL},
        {403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", signed_as, NULL},
    };
    mw_assume_role role = {.role_arn = "arn:aws:iam::123456789012:role/x"};
    mw_provider *source = NULL, *p = NULL;
    mw_aws_config *config = NULL;
    const mw_models *models;
    const mw_credentials *c;
    mw_clocks clocks = {0};
    mw_error err = {0};
    fake_http fake;
    struct tm tm;

    (void)state;
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &tm));
    strftime(signed_as, sizeof(signed_as), "X-Amz-Date: %Y%m%d", &tm);
    assert_ok(mw_models_builtin(&models, &err));
    assert_ok(load_config(NULL, NULL, NULL, &config, &err));
    fake_init(&fake, answers, MW_COUNT(answers));
    fake.date = date;
    fake.http.clocks = &clocks;
    assert_ok(mw_provider_static("AKID", "secret", NULL, &source, &err));
    assert_ok(mw_provider_assume_role(config, models, &fake.http, source, &role, &p, &err));
    mw_provider_unref(source);
    for (size_t i = 0; i < 3; i++) {
        told w = {0};
        assert_int_equal(mw_provider_get(p, T0, &c, ready, &w, &err), MW_ERR_PENDING);
        fake_run(&fake, NULL, NULL);
        assert_int_equal(w.status, i < 2 ? MW_OK : MW_ERR_CREDENTIALS);
        assert_true(clocks.machine.offset_s >= ahead_s - 60 && clocks.machine.offset_s <= ahead_s + 60);
        mw_provider_invalidate(p);
    }
    assert_int_equal(fake.answered, MW_COUNT(answers));
    mw_provider_unref(p);
    mw_clocks_clear(&clocks);
    mw_aws_config_free(config);
}

/* Nobody holds the provider any more when the answer comes. */
static void test_dropped_while_pending(void **state)
{
    static const fake_answer answers[] = {{200, STS_OK("K", "2026-01-01T01:00:00Z"), NULL, NULL}};
    const mw_credentials *c;
    told w = {0};
    bench t;

    (void)state;
    assert_int_equal(open_bench(&t, role_config, NULL, "self", answers, 1), MW_OK);
    assert_int_equal(mw_provider_get(t.p, T0, &c, ready, &w, &t.err), MW_ERR_PENDING);
    mw_provider_unref(t.p);
    t.p = NULL;
    t.fake.http.run(&t.fake, NULL, NULL);
    assert_int_equal(w.calls, 1);
    close_bench(&t);
}

/* Each allocation of a whole refresh refused in turn: an error, no leak, no crash, no half a key. */
static void test_out_of_memory(void **state)
{
    static const fake_answer answers[] = {
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), NULL, NULL},
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), NULL, NULL},
        {200, STS_OK("K", "2026-01-01T01:00:00Z"), NULL, NULL},
    };

    (void)state;
    for (long at = 1; at < 2000; at++) {
        struct failing_alloc f = {.fail_at = at};
        const mw_credentials *c = NULL;
        mw_provider *p = NULL;
        told w = {0};
        mw_status st;
        bench t;

        assert_int_equal(open_bench(&t, role_config, NULL, "self", answers, 3), MW_OK);
        mw_provider_unref(t.p);
        t.p = NULL;
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &f;
        st = mw_provider_chain(t.config, t.models, &t.fake.http, &p, &t.err);
        if (st == MW_OK) {
            st = mw_provider_get(p, T0, &c, ready, &w, &t.err);
            fake_run(&t.fake, NULL, NULL); /* a call may be under way although nobody waits */
            if (st == MW_ERR_PENDING) {
                assert_int_equal(w.calls, 1);
                st = w.status;
            }
        }
        mw_sys_reset();
        mw_sys.clock_real_ns = clock_ns;
        if (st == MW_OK) {
            assert_int_equal(mw_provider_get(p, T0, &c, ready, &w, &t.err), MW_OK);
            assert_string_equal(c->access_key_id, "K");
        }
        mw_provider_unref(p);
        mw_aws_config_free(t.config);
        if (f.count < at)
            return; /* nothing was refused any more */
    }
    fail_msg("more than 2000 allocations");
}

static long maps, refused_map; /* so far; the one without pages, none when 0 */

/* In place of libc's for what is linked into this test: secrets have pages of their own. */
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (++maps == refused_map) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

/* The pages of each secret of a renewal refused in turn: the old keys, the new ones or none, but no empty ones. */
static void test_out_of_pages(void **state)
{
    static const fake_answer answers[] = {{200, STS_OK("K", "2026-01-01T01:00:00Z"), NULL, NULL},
                                          {200, STS_OK("K2", "2026-01-01T02:00:00Z"), NULL, NULL}};
    bool all = false;

    (void)state;
    for (long at = 1; !all; at++) {
        const mw_credentials *c = NULL;
        mw_status st;
        bench t;

        assert_int_equal(open_bench(&t, role_config, NULL, "self", answers, 2), MW_OK);
        assert_int_equal(get_now(&t, T0, &c), MW_OK);
        maps = 0;
        refused_map = at;
        get_now(&t, T0 + 50 * 60, &c);
        fake_run(&t.fake, NULL, NULL);
        all = maps < at;
        refused_map = 0;
        st = get_now(&t, T0 + 50 * 60, &c);
        if (st == MW_OK)
            assert_int_equal(c->access_key_id[0], 'K');
        else
            assert_int_equal(st, MW_ERR_NOMEM);
        close_bench(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_chain_order),
        TEST(test_environment_details),
        TEST(test_invalid_static_keys_are_final),
        TEST(test_profile_role_chain),
        TEST(test_role_parameters),
        TEST(test_role_mistakes),
        TEST(test_one_refresh_for_many),
        TEST(test_advisory_failure_is_not_fatal),
        TEST(test_failure_is_remembered_for_a_while),
        TEST(test_retries),
        TEST(test_answers_at_once),
        TEST(test_stale_source_is_refreshed),
        TEST(test_explicit_role),
        TEST(test_role_learns_the_clock),
        TEST(test_dropped_while_pending),
        TEST(test_out_of_memory),
        TEST(test_out_of_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
