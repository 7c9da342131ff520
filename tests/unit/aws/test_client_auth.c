/* What authorises a call besides plain keys: bearer tokens, sessions on directory buckets, Version
 * 4A. */
#include "client_world.h"

#include "base/time.h"

#include <stdio.h>

#define BUCKET "data--euw1-az1--x-s3"
#define SESSION(key)                                                                                                   \
    "<CreateSessionResult><Credentials><SessionToken>session-of-" key "</SessionToken>"                                \
    "<SecretAccessKey>a-session-secret</SecretAccessKey><AccessKeyId>" key "</AccessKeyId>"                            \
    "<Expiration>2026-01-01T00:05:00Z</Expiration></Credentials></CreateSessionResult>"
#define LISTED         "<ListBucketResult><Name>" BUCKET "</Name></ListBucketResult>"
#define S3_ERROR(code) "<Error><Code>" code "</Code><Message>no</Message></Error>"

static int64_t now_s;

static int64_t clock_ns(void *ctx)
{
    (void)ctx;
    return now_s * INT64_C(1000000000);
}

static const char *variable[4][2];

static const char *env(const char *name)
{
    for (size_t i = 0; i < MW_COUNT(variable); i++)
        if (variable[i][0] && strcmp(variable[i][0], name) == 0)
            return variable[i][1];
    return NULL;
}

static int setup(void **state)
{
    (void)state;
    memset(variable, 0, sizeof(variable));
    world_env = env;
    now_s = 1767225600; /* 2026-01-01T00:00:00Z */
    mw_sys.clock_real_ns = clock_ns;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mw_sys_reset();
    return 0;
}

static void again(world *w, const char *service, const char *operation, const char *params)
{
    w->done = 0;
    call(w, service, operation, params, NULL);
}

static void list(world *w)
{
    again(w, "s3", "ListObjectsV2", "{\"Bucket\":\"" BUCKET "\"}");
}

static bool known(const char *service, const char *operation)
{
    const mw_service *s = mw_models_service(models, service);

    return s && mw_service_operation(s, operation);
}

/* ---- directory buckets ---- */

static void needs_sessions(void)
{
    if (!known("s3", "CreateSession"))
        skip_because("sessions on directory buckets: the models of botocore %s lack s3 CreateSession",
                     mw_models_botocore_version(models));
}

/* Models without sessions would send the call elsewhere, signed for another service. */
static void older_models_refuse_directory_buckets(void **state)
{
    static const char model[] =
        "{\"metadata\":{\"protocol\":\"rest-xml\",\"endpointPrefix\":\"s3\",\"serviceId\":\"S3\"},"
        "\"operations\":"
        "{\"HeadBucket\":{\"name\":\"HeadBucket\",\"http\":{\"method\":\"HEAD\",\"requestUri\":"
        "\"/{Bucket}\"},\"input\":{\"shape\":\"In\"}}},\"shapes\":{\"In\":{\"type\":\"structure\","
        "\"required\":[\"Bucket\"],\"members\":{\"Bucket\":{\"shape\":\"Text\",\"location\":"
        "\"uri\",\"locationName\":\"Bucket\"}}},\"Text\":{\"type\":\"string\"}}}";
    const fake_answer answers[] = {{200, {0}, "", MW_OK, false}};
    const mw_models *builtin = models;
    mw_models *old = NULL;
    mw_buf pack = {.max = 1 << 20};
    mw_doc_builder *b = NULL;
    const mw_doc *d;
    mw_error err = {0};
    mw_val v;
    world w;

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_json_read(b, model, strlen(model), NULL, NULL, &err));
    d = mw_doc_view(b);
    v = mw_doc_pop(b);
    assert_ok(mw_models_compile_service("s3", d, mw_val_get(d, v, "metadata"), mw_val_get(d, v, "operations"),
                                        mw_val_get(d, v, "shapes"), &pack, &err));
    assert_ok(mw_models_open(pack.data, pack.len, &old, &err));
    models = old;
    open_world(&w, answers);
    again(&w, "s3", "HeadBucket", "{\"Bucket\":\"" BUCKET "\"}");
    assert_int_equal(w.result.status, MW_ERR_UNSUPPORTED);
    assert_non_null(strstr(w.result.error.message, BUCKET " is a directory bucket"));
    assert_int_equal(w.fake.seen_count, 0);
    again(&w, "s3", "HeadBucket", "{\"Bucket\":\"data--x-s3-copy\"}");
    assert_int_equal(w.result.status, MW_OK);
    assert_int_equal(w.fake.seen_count, 1);
    close_world(&w);
    models = builtin;
    mw_models_free(old);
    mw_buf_clear(&pack);
    mw_doc_builder_free(b);
}

static void a_session_serves_its_bucket(void **state)
{
    const fake_answer answers[] = {
        {200, {0}, SESSION("S1"), MW_OK, false}, {200, {0}, LISTED, MW_OK, false}, {200, {0}, LISTED, MW_OK, false},
        {200, {0}, SESSION("S2"), MW_OK, false}, {200, {0}, LISTED, MW_OK, false},
    };
    const fake_seen *seen;
    world w;

    (void)state;
    needs_sessions();
    open_world(&w, answers);
    seen = w.fake.seen;
    list(&w);
    assert_int_equal(w.result.status, MW_OK);
    assert_string_equal(seen[0].host, BUCKET ".s3express-euw1-az1.eu-west-1.amazonaws.com");
    assert_string_equal(seen[0].path, "/");
    assert_string_equal(seen[0].query, "session");
    assert_non_null(strstr(seen[0].authorization, "Credential=AKIATEST/20260101/eu-west-1/s3express/"));
    assert_string_equal(seen[0].s3_token, "");
    assert_non_null(strstr(seen[1].authorization, "Credential=S1/20260101/eu-west-1/s3express/"));
    assert_non_null(strstr(seen[1].authorization, "x-amz-s3session-token"));
    assert_string_equal(seen[1].s3_token, "session-of-S1");
    assert_string_equal(seen[1].security_token, "");
    now_s += 240; /* a minute left */
    list(&w);
    assert_non_null(strstr(seen[2].authorization, "Credential=S1/"));
    now_s += 55; /* five seconds left */
    mw_sys.clock_real_ns = clock_ns;
    list(&w);
    assert_int_equal(w.fake.seen_count, 5);
    close_world(&w);
}

static void each_bucket_and_caller_has_its_session(void **state)
{
    const fake_answer answers[] = {
        {200, {0}, SESSION("S1"), MW_OK, false}, {200, {0}, LISTED, MW_OK, false},
        {200, {0}, SESSION("S2"), MW_OK, false}, {200, {0}, LISTED, MW_OK, false},
        {200, {0}, SESSION("S3"), MW_OK, false}, {200, {0}, LISTED, MW_OK, false},
        {200, {0}, LISTED, MW_OK, false},
    };
    mw_provider *other = NULL;
    mw_error err = {0};
    world w;

    (void)state;
    needs_sessions();
    open_world(&w, answers);
    list(&w);
    again(&w, "s3", "ListObjectsV2", "{\"Bucket\":\"logs--euw1-az1--x-s3\"}");
    assert_ok(mw_provider_static("AKIAOTHER", "another-long-secret", NULL, &other, &err));
    w.scope.credentials = other;
    list(&w);
    assert_non_null(strstr(w.fake.seen[4].authorization, "Credential=AKIAOTHER/"));
    assert_string_equal(w.fake.seen[5].s3_token, "session-of-S3");
    w.scope.credentials = w.provider;
    list(&w);
    assert_string_equal(w.fake.seen[6].s3_token, "session-of-S1");
    mw_provider_unref(other);
    close_world(&w);
}

static void a_refused_session_is_an_answer(void **state)
{
    const fake_answer answers[] = {
        {403, {0}, S3_ERROR("AccessDenied"), MW_OK, false},
        {200, {0}, SESSION("S1"), MW_OK, false},
        {400, {0}, S3_ERROR("ExpiredToken"), MW_OK, false},
        {200, {0}, SESSION("S2"), MW_OK, false},
        {200, {0}, LISTED, MW_OK, false},
    };
    world w;

    (void)state;
    needs_sessions();
    open_world(&w, answers);
    list(&w);
    assert_int_equal(w.result.status, MW_ERR_AWS);
    assert_string_equal(w.result.aws.code, "AccessDenied");
    assert_non_null(strstr(w.result.error.message, BUCKET));
    list(&w); /* not asked again for each of a thousand calls */
    assert_int_equal(w.result.status, MW_ERR_AWS);
    assert_string_equal(w.result.aws.code, "AccessDenied");
    assert_int_equal(w.fake.seen_count, 1);
    now_s += 60;
    list(&w); /* a session that AWS calls over is fetched anew, once */
    assert_int_equal(w.result.status, MW_OK);
    assert_string_equal(w.fake.seen[4].s3_token, "session-of-S2");
    close_world(&w);
}

static void sessions_can_be_switched_off(void **state)
{
    const fake_answer answers[] = {{200, {0}, LISTED, MW_OK, false}};
    world w;

    (void)state;
    needs_sessions();
    variable[0][0] = "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH";
    variable[0][1] = "true";
    open_world(&w, answers);
    list(&w);
    assert_int_equal(w.result.status, MW_OK);
    assert_non_null(strstr(w.fake.seen[0].authorization, "Credential=AKIATEST/20260101/eu-west-1/s3express/"));
    close_world(&w);
}

static void custom_endpoint_serves_sessions_too(void **state)
{
    const fake_answer answers[] = {{200, {0}, SESSION("S1"), MW_OK, false}, {200, {0}, LISTED, MW_OK, false}};
    const mw_client_options o = {.endpoint_url = "http://127.0.0.1:9999"};
    world w;

    (void)state;
    needs_sessions();
    open_world_with(&w, answers, MW_COUNT(answers), &o);
    list(&w);
    assert_int_equal(w.result.status, MW_OK);
    assert_string_equal(w.fake.seen[0].host, "127.0.0.1");
    assert_string_equal(w.fake.seen[0].path, "/" BUCKET "/");
    assert_string_equal(w.fake.seen[1].s3_token, "session-of-S1");
    close_world(&w);
}

/* ---- Version 4A ---- */

static void multi_region_access_point(void **state)
{
    const fake_answer answers[] = {{200, {0}, LISTED, MW_OK, false}, {200, {0}, LISTED, MW_OK, false}};
    world w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        variable[0][0] = i ? "AWS_SIGV4A_SIGNING_REGION_SET" : NULL;
        variable[0][1] = "eu-west-1,us-east-1";
        open_world(&w, answers);
        again(&w, "s3", "ListObjectsV2", "{\"Bucket\":\"arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap\"}");
        assert_int_equal(w.result.status, MW_OK);
        assert_string_equal(w.fake.seen[0].host, "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com");
        assert_non_null(strstr(w.fake.seen[0].authorization,
                               "AWS4-ECDSA-P256-SHA256 Credential=AKIATEST/20260101/s3/aws4_request"));
        assert_string_equal(w.fake.seen[0].region_set, i ? "eu-west-1,us-east-1" : "*");
        close_world(&w);
    }
}

static void global_event_endpoint(void **state)
{
    const fake_answer answers[] = {{200, {0}, "{\"FailedEntryCount\":0,\"Entries\":[]}", MW_OK, false}};
    world w;

    (void)state;
    open_world(&w, answers);
    again(&w, "events", "PutEvents", "{\"Entries\":[{\"Source\":\"s\"}],\"EndpointId\":\"abcde.veo\"}");
    assert_int_equal(w.result.status, MW_OK);
    assert_string_equal(w.fake.seen[0].host, "abcde.veo.endpoint.events.amazonaws.com");
    assert_non_null(
        strstr(w.fake.seen[0].authorization, "AWS4-ECDSA-P256-SHA256 Credential=AKIATEST/20260101/events/"));
    assert_string_equal(w.fake.seen[0].region_set, "*");
    close_world(&w);
}

/* ---- bearer tokens ---- */

static void tokens_of_the_environment(void **state)
{
    static const struct {
        const char *service, *operation, *variable, *wants;
    } rows[] = {
        {"bedrock", "ListGuardrails", "AWS_BEARER_TOKEN_BEDROCK", "Bearer a-bearer-token"},
        {"bedrock", "ListGuardrails", NULL, "AWS4-HMAC-SHA256 Credential=AKIATEST/"},
        /* the same signing name, but its model knows no tokens */
        {"bedrock-agent", "ListAgents", "AWS_BEARER_TOKEN_BEDROCK", "AWS4-HMAC-SHA256 "},
        {"codecatalyst", "VerifySession", "AWS_BEARER_TOKEN_CODECATALYST", "Bearer a-bearer-token"},
        {"sts", "GetCallerIdentity", "AWS_BEARER_TOKEN_STS", "AWS4-HMAC-SHA256 "},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        bool query = strcmp(rows[i].service, "sts") == 0;
        const fake_answer answers[] = {{200, {0}, query ? "<R><GetCallerIdentityResult/></R>" : "{}", MW_OK, false}};
        world w;

        if (!known(rows[i].service, rows[i].operation)) {
            print_message("skipped: a token for %s: the models of botocore %s lack it\n", rows[i].service,
                          mw_models_botocore_version(models));
            continue;
        }
        variable[0][0] = rows[i].variable;
        variable[0][1] = "a-bearer-token";
        open_world(&w, answers);
        again(&w, rows[i].service, rows[i].operation, NULL);
        if (w.result.status != MW_OK ||
            strncmp(w.fake.seen[0].authorization, rows[i].wants, strlen(rows[i].wants)) != 0)
            fail_msg("row %zu: %s; %s", i, w.result.error.message, w.fake.seen[0].authorization);
        close_world(&w);
    }
}

static void tokens_that_are_not_sent(void **state)
{
    static const struct {
        const char *variable, *endpoint, *says;
    } rows[] = {
        {NULL, NULL, "no bearer token found for codecatalyst"},
        {"AWS_BEARER_TOKEN_CODECATALYST", "http://codecatalyst.example", "without TLS"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const mw_client_options o = {.endpoint_url = rows[i].endpoint};
        world w;

        variable[0][0] = rows[i].variable;
        variable[0][1] = "a-bearer-token";
        open_world_with(&w, NULL, 0, &o);
        again(&w, "codecatalyst", "VerifySession", NULL);
        assert_int_not_equal(w.result.status, MW_OK);
        if (!strstr(w.result.error.message, rows[i].says))
            fail_msg("row %zu: %s", i, w.result.error.message);
        assert_null(strstr(w.result.error.message, "a-bearer-token"));
        assert_int_equal(w.fake.seen_count, 0);
        close_world(&w);
    }
}

/* A scope without credentials sends nothing that says who it is. */
static void unsigned_is_unsigned(void **state)
{
    const fake_answer answers[] = {{200, {0}, "{}", MW_OK, false}};
    world w;

    (void)state;
    if (!known("bedrock", "ListGuardrails"))
        skip_because("tokens without credentials: the models of botocore %s lack bedrock",
                     mw_models_botocore_version(models));
    variable[0][0] = "AWS_BEARER_TOKEN_BEDROCK";
    variable[0][1] = "a-bearer-token";
    open_world(&w, answers);
    w.scope.credentials = NULL;
    again(&w, "bedrock", "ListGuardrails", NULL);
    assert_int_equal(w.result.status, MW_OK);
    assert_string_equal(w.fake.seen[0].authorization, "");
    close_world(&w);
}

/* Each allocation of a call with its session refused in turn: an error, no leak, no crash. */
static void out_of_memory(void **state)
{
    const fake_answer answers[] = {{200, {0}, SESSION("S1"), MW_OK, false}, {200, {0}, LISTED, MW_OK, false}};
    static const char params[] = "{\"Bucket\":\"" BUCKET "\"}";
    bool whole = false;

    (void)state;
    needs_sessions();
    for (long n = 1; !whole && n < 3000; n++) {
        mw_call call = {.service = "s3", .operation = "ListObjectsV2"};
        mw_error err = {0};
        world w;

        mw_sys.clock_real_ns = clock_ns;
        open_world(&w, answers);
        assert_ok(mw_json_read(w.params, params, strlen(params), NULL, NULL, &err));
        call.params_doc = mw_doc_view(w.params);
        call.params = mw_doc_pop(w.params);
        whole = refuse_one(&w, call, n);
    }
    assert_true(whole);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(older_models_refuse_directory_buckets),
        T(a_session_serves_its_bucket),
        T(each_bucket_and_caller_has_its_session),
        T(a_refused_session_is_an_answer),
        T(sessions_can_be_switched_off),
        T(custom_endpoint_serves_sessions_too),
        T(multi_region_access_point),
        T(global_event_endpoint),
        T(tokens_of_the_environment),
        T(tokens_that_are_not_sent),
        T(unsigned_is_unsigned),
        T(out_of_memory),
    };
    mw_error err = {0};

    if (mw_models_builtin(&models, &err) != MW_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
