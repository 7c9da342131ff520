/* The life of a call, with scripted answers: retries, paging, clock, redirects, credentials, endings. */
#include "client_world.h"

#include "aws/client_internal.h"
#include "base/time.h"

#define IDENTITY                                                                                                       \
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>"                              \
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
#define QUERY_ERROR(code, message)                                                                                     \
    "<ErrorResponse><Error><Code>" code "</Code><Message>" message                                                     \
    "</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"

static void one_signed_request(void **state)
{
    const fake_answer answers[] = {{200, {0}, IDENTITY, MW_OK, false}};
    world w;

    (void)state;
    open_world(&w, answers);
    call(&w, "sts", "GetCallerIdentity", NULL, NULL);
    assert_int_equal(w.result.status, MW_OK);
    assert_int_equal(w.result.pages, 1);
    assert_int_equal(w.result.requests, 1);
    assert_string_equal(w.text.data, "{\"Account\":\"123456789012\"}\n");
    assert_string_equal(w.fake.seen[0].host, "sts.eu-west-1.amazonaws.com");
    assert_string_equal(w.fake.seen[0].attempt, "attempt=1; max=6");
    assert_int_equal(strlen(w.fake.seen[0].invocation), 36);
    assert_non_null(strstr(w.fake.seen[0].agent, "moonward/"));
    assert_non_null(strstr(w.fake.seen[0].authorization, "/eu-west-1/sts/aws4_request"));
    assert_false(w.fake.seen[0].fresh);
    assert_int_equal(mw_client_stats_get(w.client).requests, 1);
    close_world(&w);
}

/* ---- a 200 that brings nothing ---- */

/* Parsed, it would be an empty list, which every rule passes. Where no document is due, nothing is missing. */
static const struct {
    const char *service, *operation, *params;
    int status;
    const char *body;
    mw_status want;
} bare[] = {
    {"dynamodb", "ListTables", NULL, 200, "", MW_ERR_PARSE},
    {"cloudwatch", "DescribeAlarms", NULL, 200, "", MW_ERR_PARSE},
    {"lambda", "ListFunctions", NULL, 200, " \r\n", MW_ERR_PARSE},
    {"dynamodb", "ListTables", NULL, 200, "null", MW_ERR_PARSE},
    {"lambda", "ListFunctions", NULL, 200, " null\n", MW_ERR_PARSE},
    {"dynamodb", "ListTables", NULL, 200, "{\"TableNames\":null}", MW_OK}, /* so some services say "none" */
    {"s3", "ListBuckets", NULL, 200, "", MW_ERR_PARSE},
    {"s3", "GetBucketAcl", "{\"Bucket\":\"b\"}", 200, "", MW_ERR_PARSE},
    {"s3", "GetPublicAccessBlock", "{\"Bucket\":\"b\"}", 200, "", MW_ERR_PARSE},
    {"s3", "GetBucketPolicy", "{\"Bucket\":\"b\"}", 200, "", MW_OK}, /* text */
    {"s3", "HeadBucket", "{\"Bucket\":\"b\"}", 200, "", MW_OK},      /* all in the head */
    {"s3", "GetObject", "{\"Bucket\":\"b\",\"Key\":\"k\"}", 200, "", MW_OK},
    {"apigateway", "GetResources", "{\"restApiId\":\"r\"}", 204, "", MW_OK},
    {"dynamodb", "PutItem", "{\"TableName\":\"t\",\"Item\":{}}", 200, "", MW_OK}, /* it has happened */
};

static void nothing_is_no_empty_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(bare); i++) {
        const fake_answer answers[] = {{bare[i].status, {0}, bare[i].body, MW_OK, false}};
        world w;

        open_world(&w, answers);
        call(&w, bare[i].service, bare[i].operation, bare[i].params, NULL);
        if (w.result.status != bare[i].want || w.pages != (bare[i].want == MW_OK))
            fail_msg("%s:%s: %s", bare[i].service, bare[i].operation, w.result.error.message);
        if (bare[i].want != MW_OK)
            assert_non_null(strstr(w.result.error.message, "the answer has nothing in its body"));
        close_world(&w);
    }
}

/* ---- what is tried again ---- */

typedef struct retry_row {
    const char *name, *service, *operation, *params;
    fake_answer answers[6];
    size_t answer_count;
    mw_status want;
    const char *code;
    unsigned requests, throttled;
} retry_row;

#define OK_IDENTITY                                                                                                    \
    {                                                                                                                  \
        200, {0}, IDENTITY, MW_OK, false                                                                               \
    }

static const retry_row retry_rows[] = {
    {"503 then fine",
     "sts",
     "GetCallerIdentity",
     NULL,
     {{503, {0}, "", MW_OK, false}, OK_IDENTITY},
     2,
     MW_OK,
     "",
     2,
     0},
    {"5xx six times",
     "sts",
     "GetCallerIdentity",
     NULL,
     {{500, {0}, QUERY_ERROR("InternalError", "x"), MW_OK, false},
      {502, {0}, "", MW_OK, false},
      {503, {0}, "", MW_OK, false},
      {504, {0}, "", MW_OK, false},
      {500, {0}, "", MW_OK, false},
      {500, {0}, QUERY_ERROR("InternalError", "x"), MW_OK, false}},
     6,
     MW_ERR_AWS,
     "InternalError",
     6,
     0},
    {"nobody there, three times",
     "sts",
     "GetCallerIdentity",
     NULL,
     {{0, {0}, NULL, MW_ERR_NET, true}, {0, {0}, NULL, MW_ERR_NET, true}, {0, {0}, NULL, MW_ERR_NET, true}},
     3,
     MW_ERR_NET,
     "",
     3,
     0},
    {"denied is final",
     "sts",
     "GetCallerIdentity",
     NULL,
     {{403, {0}, QUERY_ERROR("AccessDenied", "no"), MW_OK, false}},
     1,
     MW_ERR_AWS,
     "AccessDenied",
     1,
     0},
    {"throttled",
     "sts",
     "GetCallerIdentity",
     NULL,
     {{400, {0}, QUERY_ERROR("Throttling", "slow"), MW_OK, false},
      {400, {0}, QUERY_ERROR("RequestLimitExceeded", "slow"), MW_OK, false},
      OK_IDENTITY},
     3,
     MW_OK,
     "",
     3,
     2},
    {"429 alone is final",
     "sts",
     "GetCallerIdentity",
     NULL,
     {{429, {0}, QUERY_ERROR("Whatever", "x"), MW_OK, false}},
     1,
     MW_ERR_AWS,
     "Whatever",
     1,
     0},
    {"broken connection, read",
     "sts",
     "GetCallerIdentity",
     NULL,
     {{0, {0}, NULL, MW_ERR_NET, false}, OK_IDENTITY},
     2,
     MW_OK,
     "",
     2,
     0},
    {"timeouts, read",
     "sts",
     "GetCallerIdentity",
     NULL,
     {{0, {0}, NULL, MW_ERR_TIMEOUT, false},
      {0, {0}, NULL, MW_ERR_TIMEOUT, false},
      {0, {0}, NULL, MW_ERR_TIMEOUT, false}},
     3,
     MW_ERR_TIMEOUT,
     "",
     3,
     0},
    {"broken connection, write: never again",
     "kms",
     "DeleteAlias",
     "{\"AliasName\":\"alias/x\"}",
     {{0, {0}, NULL, MW_ERR_NET, false}},
     1,
     MW_ERR_NET,
     "",
     1,
     0},
    {"timeout, write: never again",
     "kms",
     "DeleteAlias",
     "{\"AliasName\":\"alias/x\"}",
     {{0, {0}, NULL, MW_ERR_TIMEOUT, false}},
     1,
     MW_ERR_TIMEOUT,
     "",
     1,
     0},
    {"500, write: never again",
     "kms",
     "DeleteAlias",
     "{\"AliasName\":\"alias/x\"}",
     {{500, {0}, "{}", MW_OK, false}},
     1,
     MW_ERR_AWS,
     "500",
     1,
     0},
    {"write that never left",
     "kms",
     "DeleteAlias",
     "{\"AliasName\":\"alias/x\"}",
     {{0, {0}, NULL, MW_ERR_NET, true}, {200, {0}, "{}", MW_OK, false}},
     2,
     MW_OK,
     "",
     2,
     0},
    {"throttled write",
     "kms",
     "DeleteAlias",
     "{\"AliasName\":\"alias/x\"}",
     {{400, {0}, "{\"__type\":\"ThrottlingException\"}", MW_OK, false}, {200, {0}, "{}", MW_OK, false}},
     2,
     MW_OK,
     "",
     2,
     1},
    {"answer that is no XML",
     "sts",
     "GetCallerIdentity",
     NULL,
     {{200, {0}, "<html", MW_OK, false}},
     1,
     MW_ERR_PARSE,
     "",
     1,
     0},
};

static void retries(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(retry_rows); i++) {
        const retry_row *r = &retry_rows[i];
        world w;

        open_world_with(&w, r->answers, r->answer_count, NULL);
        call(&w, r->service, r->operation, r->params, NULL);
        if (w.result.status != r->want || strcmp(w.result.aws.code, r->code) != 0 || w.result.requests != r->requests ||
            mw_client_stats_get(w.client).throttled != r->throttled)
            fail_msg("%s: %s '%s' after %u requests, %u throttled: %s", r->name, mw_status_name(w.result.status),
                     w.result.aws.code, w.result.requests, (unsigned)mw_client_stats_get(w.client).throttled,
                     w.result.error.message);
        if (r->want != MW_OK) {
            assert_non_null(strstr(w.result.error.message, r->operation));
            assert_int_equal(w.pages, 0);
        }
        for (unsigned n = 0; n < r->requests; n++) {
            char attempt[32];

            snprintf(attempt, sizeof(attempt), "attempt=%u; max=6", n + 1);
            assert_string_equal(w.fake.seen[n].attempt, attempt);
            assert_string_equal(w.fake.seen[n].invocation, w.fake.seen[0].invocation);
            assert_int_equal(w.fake.seen[n].fresh, strcmp(r->operation, "DeleteAlias") == 0);
            assert_true(w.fake.seen[n].at_ms <= 1000 * ((1 << n) - 1)); /* 1 s, 2 s, 4 s … at most */
        }
        close_world(&w);
    }
}

struct watched {
    char name[64];
    unsigned requests;
    int64_t waited_ms;
    int count, done_before;
    const world *w;
};

static void watch(void *user, const mw_operation *op, const mw_call_result *r, int64_t waited_ms)
{
    struct watched *seen = user;

    snprintf(seen->name, sizeof(seen->name), "%s", mw_operation_name(op));
    seen->requests = r->requests;
    seen->waited_ms = waited_ms;
    seen->done_before = seen->w->done;
    seen->count++;
}

static void calls_are_watched(void **state)
{
    const fake_answer throttled[] = {{400, {0}, QUERY_ERROR("Throttling", "slow"), MW_OK, false},
                                     {200, {0}, IDENTITY, MW_OK, false}};
    const fake_answer failed[] = {{500, {0}, "", MW_OK, false}, {200, {0}, IDENTITY, MW_OK, false}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct watched seen = {0};
        world w;

        open_world_with(&w, i ? failed : throttled, 2, NULL);
        seen.w = &w;
        mw_client_watch(w.client, watch, &seen);
        call(&w, "sts", "GetCallerIdentity", NULL, NULL);
        assert_string_equal(seen.name, "GetCallerIdentity");
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.done_before, 0);
        assert_int_equal(seen.requests, 2);
        /* The pause behind a throttle is waiting; the one behind a fault is not. */
        if (i)
            assert_in_range(seen.waited_ms, 0, 500);
        else
            assert_true(seen.waited_ms >= w.fake.seen[1].at_ms);
        close_world(&w);
    }
}

static void attempts_by_environment(void **state)
{
    const fake_answer answers[] = {{503, {0}, "", MW_OK, false}};
    mw_error err = {0};
    mw_client_options o = {.models = models};
    world w;

    (void)state;
    setenv("TEST_MAX_ATTEMPTS", "1", 1);
    open_world(&w, answers);
    call(&w, "sts", "GetCallerIdentity", NULL, NULL);
    assert_int_equal(w.result.requests, 1);
    close_world(&w);
    setenv("TEST_MAX_ATTEMPTS", "many", 1);
    assert_ok(mw_aws_config_load(&(mw_aws_config_options){.getenv_fn = fake_env}, &w.config, &err));
    o.config = w.config;
    assert_int_equal(mw_client_new(&o, &w.client, &err), MW_ERR_INVALID);
    assert_non_null(strstr(err.message, "AWS_MAX_ATTEMPTS is 'many'"));
    mw_aws_config_free(w.config);
    unsetenv("TEST_MAX_ATTEMPTS");
}

/** 500 tokens, 5 for a retry: after a hundred there are no more, and each failure is final at once. */
static void quota_ends_a_storm(void **state)
{
    static fake_answer answers[FAKE_MAX];
    unsigned requests = 0;
    world w;

    (void)state;
    for (size_t i = 0; i < FAKE_MAX; i++)
        answers[i] = (fake_answer){503, {0}, "", MW_OK, false};
    open_world_with(&w, answers, FAKE_MAX, &(mw_client_options){.breaker_failures = -1});
    for (int i = 0; i < 60; i++) {
        mw_error err = {0};

        w.fake.next = w.fake.seen_count = 0;
        w.done = 0;
        assert_ok(start(&w, "sts", "GetCallerIdentity", NULL, NULL, &err));
        assert_ok(mw_client_run(w.client, &err));
        requests += w.result.requests;
    }
    assert_int_equal(requests, 60 + 100);
    assert_int_equal(mw_client_stats_get(w.client).retries, 100);
    close_world(&w);
}

/* ---- paging ---- */

#define USERS(user, more)                                                                                              \
    "<ListUsersResponse><ListUsersResult><Users><member><UserName>" user "</UserName></member></Users>" more           \
    "</ListUsersResult></ListUsersResponse>"
#define MARKER(m) "<IsTruncated>true</IsTruncated><Marker>" m "</Marker>"

static void pages_to_the_end(void **state)
{
    const fake_answer answers[] = {
        {200, {0}, USERS("a", MARKER("m1")), MW_OK, false},
        {503, {0}, "", MW_OK, false},
        {200, {0}, USERS("b", MARKER("m2")), MW_OK, false},
        {200, {0}, USERS("c", "<IsTruncated>false</IsTruncated><Marker>x</Marker>"), MW_OK, false},
    };
    world w;

    (void)state;
    open_world(&w, answers);
    call(&w, "iam", "ListUsers", "{\"PathPrefix\":\"/x/\"}", &(mw_call){.paginate = true, .page_size = 7});
    assert_int_equal(w.result.status, MW_OK);
    assert_int_equal(w.result.pages, 3);
    assert_int_equal(w.result.requests, 4);
    assert_non_null(strstr(w.fake.seen[0].body, "MaxItems=7"));
    assert_non_null(strstr(w.fake.seen[0].body, "PathPrefix=%2Fx%2F"));
    assert_null(strstr(w.fake.seen[0].body, "Marker"));
    assert_non_null(strstr(w.fake.seen[1].body, "Marker=m1"));
    assert_non_null(strstr(w.fake.seen[2].body, "Marker=m1"));
    assert_non_null(strstr(w.fake.seen[3].body, "Marker=m2"));
    assert_non_null(strstr(w.fake.seen[3].body, "PathPrefix=%2Fx%2F"));
    close_world(&w);
}

static void page_callback_may_stop(void **state)
{
    const fake_answer answers[] = {{200, {0}, USERS("a", MARKER("m1")), MW_OK, false}};
    world w;

    (void)state;
    open_world(&w, answers);
    w.stop_after = 1;
    call(&w, "iam", "ListUsers", NULL, &(mw_call){.paginate = true});
    assert_int_equal(w.result.status, MW_OK);
    assert_int_equal(w.result.pages, 1);
    close_world(&w);
}

static void repeated_token_is_an_error(void **state)
{
    const fake_answer answers[] = {
        {200, {0}, USERS("a", MARKER("same")), MW_OK, false},
        {200, {0}, USERS("b", MARKER("same")), MW_OK, false},
    };
    world w;

    (void)state;
    open_world(&w, answers);
    call(&w, "iam", "ListUsers", NULL, &(mw_call){.paginate = true});
    assert_int_equal(w.result.status, MW_ERR_CONFLICT);
    assert_non_null(strstr(w.result.error.message, "same"));
    assert_non_null(strstr(w.result.error.message, "iam:ListUsers"));
    close_world(&w);
}

static void error_on_a_later_page_is_not_an_end(void **state)
{
    const fake_answer answers[] = {
        {200, {0}, USERS("a", MARKER("m")), MW_OK, false},
        {403, {0}, QUERY_ERROR("AccessDenied", "no"), MW_OK, false},
    };
    world w;

    (void)state;
    open_world(&w, answers);
    call(&w, "iam", "ListUsers", NULL, &(mw_call){.paginate = true});
    assert_int_equal(w.result.status, MW_ERR_AWS);
    assert_int_equal(w.result.pages, 1);
    close_world(&w);
}

static void token_may_be_a_document(void **state)
{
    const fake_answer answers[] = {
        {200, {0}, "{\"Items\":[],\"LastEvaluatedKey\":{\"k\":{\"S\":\"1\"}}}", MW_OK, false},
        {200, {0}, "{\"Items\":[]}", MW_OK, false},
    };
    world w;

    (void)state;
    open_world(&w, answers);
    call(&w, "dynamodb", "Scan", "{\"TableName\":\"t\"}", &(mw_call){.paginate = true});
    assert_int_equal(w.result.status, MW_OK);
    assert_non_null(strstr(w.fake.seen[1].body, "\"ExclusiveStartKey\""));
    assert_non_null(strstr(w.fake.seen[1].body, "{\"S\":\"1\"}"));
    close_world(&w);
}

/* ---- clock, credentials, buckets ---- */

static void clock_is_corrected_once(void **state)
{
    char ahead[MW_TIME_SIZE], signed_at[MW_TIME_SIZE];
    int64_t theirs = (mw_now_unix() + 3600) * 1000000000;
    fake_answer answers[] = {
        {403, {"date", ahead}, QUERY_ERROR("SignatureDoesNotMatch", "x"), MW_OK, false},
        {403, {"date", ahead}, QUERY_ERROR("SignatureDoesNotMatch", "x"), MW_OK, false},
    };
    world w;

    (void)state;
    mw_time_rfc822(ahead, theirs);
    mw_time_sigv4(signed_at, theirs);
    open_world(&w, answers);
    call(&w, "sts", "GetCallerIdentity", NULL, NULL);
    assert_int_equal(w.result.requests, 2);
    assert_string_equal(w.result.aws.code, "SignatureDoesNotMatch");
    assert_int_not_equal(strncmp(w.fake.seen[0].date, signed_at, 11), 0);
    assert_memory_equal(w.fake.seen[1].date, signed_at, 11); /* to the hour */
    close_world(&w);
}

/** Of servers behind one name some are two hours ahead: each call gets its answer, and nobody else moves. */
static void one_wrong_clock_among_many_moves_nobody(void **state)
{
    char now[MW_TIME_SIZE], ahead[MW_TIME_SIZE], ours[MW_TIME_SIZE];
    int64_t ns = mw_now_ns();
    fake_answer answers[] = {
        {403, {"date", ahead}, QUERY_ERROR("SignatureDoesNotMatch", "x"), MW_OK, false},
        {403, {"date", now}, QUERY_ERROR("SignatureDoesNotMatch", "x"), MW_OK, false},
        OK_IDENTITY, /* the right ones */
        {403, {"date", ahead}, QUERY_ERROR("SignatureDoesNotMatch", "x"), MW_OK, false},
        OK_IDENTITY, /* the wrong one again */
        OK_IDENTITY,
    };
    world w;

    (void)state;
    mw_time_rfc822(now, ns);
    mw_time_rfc822(ahead, ns + INT64_C(7200) * 1000000000);
    mw_time_sigv4(ours, ns);
    open_world(&w, answers);
    for (int i = 0; i < 3; i++) {
        w.done = 0;
        call(&w, "sts", "GetCallerIdentity", NULL, NULL);
        assert_int_equal(w.result.status, MW_OK);
    }
    for (int i = 0; i < 6; i++)
        assert_int_equal(memcmp(w.fake.seen[i].date, ours, 11) == 0, i != 1 && i != 4);
    close_world(&w);
}

/** A host that never agrees with itself is given up. */
static void clock_tries_are_bounded(void **state)
{
    char a[MW_TIME_SIZE], b[MW_TIME_SIZE];
    fake_answer answers[16];
    world w;

    (void)state;
    mw_time_rfc822(a, mw_now_ns() + INT64_C(7200) * 1000000000);
    mw_time_rfc822(b, mw_now_ns() + INT64_C(14400) * 1000000000);
    for (size_t i = 0; i < MW_COUNT(answers); i++)
        answers[i] =
            (fake_answer){403, {"date", i % 2 ? b : a}, QUERY_ERROR("SignatureDoesNotMatch", "x"), MW_OK, false};
    open_world(&w, answers);
    call(&w, "sts", "GetCallerIdentity", NULL, NULL);
    assert_int_equal(w.result.status, MW_ERR_AWS);
    assert_int_equal(w.result.requests, 7);
    close_world(&w);
}

static void wrong_signature_with_a_right_clock_is_final(void **state)
{
    char now[MW_TIME_SIZE];
    fake_answer answers[] = {{403, {"date", now}, QUERY_ERROR("SignatureDoesNotMatch", "x"), MW_OK, false}};
    world w;

    (void)state;
    mw_time_rfc822(now, mw_now_ns());
    open_world(&w, answers);
    call(&w, "sts", "GetCallerIdentity", NULL, NULL);
    assert_int_equal(w.result.requests, 1);
    close_world(&w);
}

static void use_late_provider(world *w, late_provider **late)
{
    mw_error err = {0};

    mw_provider_unref(w->provider);
    assert_ok(mw__provider_new(&late_class, sizeof(late_provider), "late", late, &err));
    (*late)->http = &w->fake.http;
    w->provider = &(*late)->base;
    w->scope.credentials = w->provider;
}

static void waits_for_credentials_and_renews_expired_ones(void **state)
{
    const fake_answer answers[] = {
        {403, {0}, QUERY_ERROR("ExpiredToken", "old"), MW_OK, false},
        OK_IDENTITY,
        {403, {0}, QUERY_ERROR("ExpiredToken", "old"), MW_OK, false},
        {403, {0}, QUERY_ERROR("ExpiredToken", "old"), MW_OK, false},
    };
    late_provider *late;
    world w;

    (void)state;
    open_world(&w, answers);
    use_late_provider(&w, &late);
    call(&w, "sts", "GetCallerIdentity", NULL, NULL);
    assert_int_equal(w.result.status, MW_OK);
    assert_int_equal(late->refreshes, 2);
    assert_non_null(strstr(w.fake.seen[0].authorization, "AKIA1/"));
    assert_non_null(strstr(w.fake.seen[1].authorization, "AKIA2/"));
    w.done = 0;
    call(&w, "sts", "GetCallerIdentity", NULL, NULL); /* once, not for ever */
    assert_string_equal(w.result.aws.code, "ExpiredToken");
    assert_int_equal(late->refreshes, 3);
    close_world(&w);
}

static void failing_credentials_fail_the_call(void **state)
{
    const fake_answer answers[] = {OK_IDENTITY};
    late_provider *late;
    world w;

    (void)state;
    open_world(&w, answers);
    use_late_provider(&w, &late);
    late->broken = true;
    call(&w, "sts", "GetCallerIdentity", NULL, NULL);
    assert_int_equal(w.result.status, MW_ERR_CREDENTIALS);
    assert_non_null(strstr(w.result.error.message, "no keys today"));
    assert_int_equal(w.fake.seen_count, 0);
    close_world(&w);
}

static void bucket_elsewhere_is_followed_and_remembered(void **state)
{
    const fake_answer answers[] = {
        {301,
         {"x-amz-bucket-region", "us-west-2"},
         "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>",
         MW_OK,
         false},
        {200, {0}, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", MW_OK, false},
        {200, {0}, "<VersioningConfiguration/>", MW_OK, false},
        {400,
         {0},
         "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message>"
         "<Region>ap-south-1</Region></Error>",
         MW_OK,
         false},
        {301, {"x-amz-bucket-region", "us-east-2"}, "<Error><Code>PermanentRedirect</Code></Error>", MW_OK, false},
    };
    world w;

    (void)state;
    open_world(&w, answers);
    call(&w, "s3", "GetBucketVersioning", "{\"Bucket\":\"logs\"}", NULL);
    assert_int_equal(w.result.status, MW_OK);
    assert_string_equal(w.fake.seen[0].host, "logs.s3.eu-west-1.amazonaws.com");
    assert_string_equal(w.fake.seen[1].host, "logs.s3.us-west-2.amazonaws.com");
    assert_non_null(strstr(w.fake.seen[1].authorization, "/us-west-2/s3/"));
    w.done = 0;
    call(&w, "s3", "GetBucketVersioning", "{\"Bucket\":\"logs\"}", NULL);
    assert_string_equal(w.fake.seen[2].host, "logs.s3.us-west-2.amazonaws.com");
    w.done = 0;
    call(&w, "s3", "GetBucketVersioning", "{\"Bucket\":\"other\"}", NULL);
    assert_string_equal(w.fake.seen[4].host, "other.s3.ap-south-1.amazonaws.com");
    assert_int_equal(w.result.status, MW_ERR_AWS); /* a second redirect is not followed */
    close_world(&w);
}

/* ---- mistakes and endings ---- */

static void mistakes_are_named_at_once(void **state)
{
    static const struct {
        const char *service, *operation, *params;
        mw_status want;
        const char *says;
    } rows[] = {
        {"ec3", "DescribeVpcs", NULL, MW_ERR_UNSUPPORTED, "did you mean 'ec2'?"},
        {"ec2", "DescribeVpc", NULL, MW_ERR_UNSUPPORTED, "did you mean 'DescribeVpcs'?"},
        {"iam", "GetRole", "{}", MW_ERR_INVALID, "RoleName"},
        {"iam", "GetRole", "{\"RoleName\":1}", MW_ERR_INVALID, "RoleName"},
        {"iam", "GetRole", "[]", MW_ERR_INVALID, "iam:GetRole"},
    };
    world w;

    (void)state;
    open_world_with(&w, NULL, 0, NULL);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_error err = {0};

        assert_int_equal(
            start(&w, rows[i].service, rows[i].operation, rows[i].params, &(mw_call){.validate = true}, &err),
            rows[i].want);
        if (!strstr(err.message, rows[i].says))
            fail_msg("'%s' does not say '%s'", err.message, rows[i].says);
    }
    assert_int_equal(w.done, 0);
    close_world(&w);
}

static void no_endpoint_is_an_outcome(void **state)
{
    mw_error err = {0};
    world w;

    (void)state;
    open_world_with(&w, NULL, 0, NULL);
    w.scope.region = "";
    assert_ok(start(&w, "ec2", "DescribeVpcs", NULL, NULL, &err));
    assert_int_equal(w.done, 0);
    assert_ok(mw_client_run(w.client, &err));
    assert_int_equal(w.done, 1);
    assert_int_equal(w.result.status, MW_ERR_INVALID);
    close_world(&w);
}

/* What was not declared ends as an outcome of its call, without a request, a signature or a lane; the rest goes on. */
static void what_is_not_declared_is_not_sent(void **state)
{
    static const fake_answer answers[] = {{.status = 200,
                                           .headers = {"content-type", "text/xml"},
                                           .body = "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>"}};
    static const char *const first[] = {"ec2:DescribeVpcs", "ec2:NoSuchOperation", "nosuch:Thing", "nonsense"};
    static const char *const second[] = {"iam:ListRoles"};
    mw_error err = {0};
    world w;

    (void)state;
    open_world(&w, answers);
    assert_ok(mw_client_allow(w.client, first, MW_COUNT(first), &err));
    assert_ok(mw_client_allow(w.client, second, MW_COUNT(second), &err));
    call(&w, "ec2", "DescribeSubnets", NULL, NULL);
    assert_int_equal(w.result.status, MW_ERR_AWS);
    assert_string_equal(w.result.aws.code, "NotDeclared");
    assert_int_equal(w.result.http_status, 0);
    assert_int_equal(w.result.requests, 0);
    assert_non_null(strstr(w.result.error.message, "ec2:DescribeSubnets: NotDeclared"));
    assert_int_equal(w.fake.seen_count, 0);
    w.done = 0;
    call(&w, "ec2", "DescribeVpcs", NULL, NULL);
    assert_int_equal(w.result.status, MW_OK);
    assert_int_equal(w.fake.seen_count, 1);
    close_world(&w);
    open_world_with(&w, NULL, 0, NULL);
    assert_ok(mw_client_allow(w.client, NULL, 0, &err)); /* nothing may be called */
    call(&w, "sts", "GetCallerIdentity", NULL, NULL);
    assert_string_equal(w.result.aws.code, "NotDeclared");
    close_world(&w);
}

static volatile bool stop_flag;

static void stop_ends_calls(void **state)
{
    const fake_answer answers[] = {OK_IDENTITY};
    mw_error err = {0};
    world w;

    (void)state;
    open_world_with(&w, answers, 1, &(mw_client_options){.stop = &stop_flag});
    assert_ok(start(&w, "sts", "GetCallerIdentity", NULL, NULL, &err));
    stop_flag = true;
    assert_ok(mw_client_run(w.client, &err));
    assert_int_equal(w.done, 1);
    assert_int_equal(w.result.status, MW_ERR_CANCELLED);
    assert_int_equal(w.fake.seen_count, 0);
    stop_flag = false;
    close_world(&w);
}

static void closing_ends_calls(void **state)
{
    mw_error err = {0};
    world w;

    (void)state;
    open_world_with(&w, NULL, 0, NULL);
    assert_ok(start(&w, "sts", "GetCallerIdentity", NULL, NULL, &err));
    close_world(&w);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.result.status, MW_ERR_CANCELLED);
}

static void preview_sends_nothing(void **state)
{
    mw_error err = {0};
    mw_doc_builder *b;
    mw_val v;
    const mw_doc *d;
    world w;

    (void)state;
    open_world_with(&w, NULL, 0, NULL);
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_json_read(w.params, "{\"Bucket\":\"logs\"}", 17, NULL, NULL, &err));
    assert_ok(mw_client_preview(w.client,
                                &(mw_call){.scope = &w.scope,
                                           .service = "s3",
                                           .operation = "DeleteBucket",
                                           .params_doc = mw_doc_view(w.params),
                                           .params = mw_doc_pop(w.params)},
                                b, &v, &err));
    d = mw_doc_view(b);
    assert_string_equal(mw_val_get_str(d, v, "method", ""), "DELETE");
    assert_string_equal(mw_val_get_str(d, v, "url", ""), "https://logs.s3.eu-west-1.amazonaws.com/");
    assert_false(mw_val_get_bool(d, v, "read_only", true));
    assert_int_equal(w.fake.seen_count, 0);
    mw_doc_builder_free(b);
    close_world(&w);
}

/** Each allocation refused once: a clean failure or a success, never a crash, a leak or a second on_done. */
static void oom_sweep(void **state)
{
    const fake_answer answers[] = {
        {200, {0}, USERS("a", MARKER("m1")), MW_OK, false},
        {503, {0}, "", MW_OK, false},
        {200, {0}, USERS("b", ""), MW_OK, false},
    };
    bool whole = false;

    (void)state;
    for (long n = 1; !whole && n < 2000; n++) {
        world w;

        open_world(&w, answers);
        whole = refuse_one(&w, (mw_call){.service = "iam", .operation = "ListUsers", .paginate = true}, n);
    }
    assert_true(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_signed_request),
        cmocka_unit_test(nothing_is_no_empty_list),
        cmocka_unit_test(retries),
        cmocka_unit_test(calls_are_watched),
        cmocka_unit_test(attempts_by_environment),
        cmocka_unit_test(quota_ends_a_storm),
        cmocka_unit_test(pages_to_the_end),
        cmocka_unit_test(page_callback_may_stop),
        cmocka_unit_test(repeated_token_is_an_error),
        cmocka_unit_test(error_on_a_later_page_is_not_an_end),
        cmocka_unit_test(token_may_be_a_document),
        cmocka_unit_test(clock_is_corrected_once),
        cmocka_unit_test(one_wrong_clock_among_many_moves_nobody),
        cmocka_unit_test(clock_tries_are_bounded),
        cmocka_unit_test(wrong_signature_with_a_right_clock_is_final),
        cmocka_unit_test(waits_for_credentials_and_renews_expired_ones),
        cmocka_unit_test(failing_credentials_fail_the_call),
        cmocka_unit_test(bucket_elsewhere_is_followed_and_remembered),
        cmocka_unit_test(mistakes_are_named_at_once),
        cmocka_unit_test(no_endpoint_is_an_outcome),
        cmocka_unit_test(what_is_not_declared_is_not_sent),
        cmocka_unit_test(stop_ends_calls),
        cmocka_unit_test(closing_ends_calls),
        cmocka_unit_test(preview_sends_nothing),
        cmocka_unit_test(oom_sweep),
    };
    mw_error err = {0};

    if (mw_models_builtin(&models, &err) != MW_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
