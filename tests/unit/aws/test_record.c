/* Recordings: what is in them, what must not be, and that they replay, merge and refuse as promised. */
#include "client_fake.h"

#include "aws/record.h"
#include "base/file.h"

#include <dirent.h>
#include <unistd.h>

static const mw_models *models;
static char folder[64];

#define SECRET "wJalrXUtnFEMI/K7MDENG/secret-of-the-answer"

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/moonward-record-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[512];
    DIR *d = opendir(folder);
    struct dirent *e;

    (void)state;
    while (d && (e = readdir(d)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    return rmdir(folder);
}

typedef struct outcome {
    mw_call_result result;
    int done;
    mw_buf text;
} outcome;

static void outcome_clear(outcome *o)
{
    mw_buf_clear(&o->text);
}

static bool on_page(void *user, mw_doc_builder *page, mw_val result)
{
    outcome *o = user;

    assert_int_equal(mw_json_write(&o->text, mw_doc_view(page), result, MW_JSON_COMPACT), MW_OK);
    mw_buf_putc(&o->text, '\n');
    return true;
}

static void on_done(void *user, const mw_call_result *result)
{
    outcome *o = user;

    o->done++;
    o->result = *result;
}

typedef struct request {
    const char *account, *region, *service, *operation, *params;
    bool paginate;
} request;

/** Make the calls one after the other; answers == NULL replays. */
static void run(const request *requests, outcome *outcomes, size_t count, const fake_answer *answers,
                size_t answer_count)
{
    fake_http fake;
    mw_client_options o = {.models = models, .max_attempts = 1};
    mw_client *c;
    mw_provider *p;
    mw_error err = {0};

    fake_init(&fake, answers, answer_count);
    o.http = &fake.http;
    *(answers ? &o.record_dir : &o.replay_dir) = folder;
    assert_ok(mw_client_new(&o, &c, &err));
    assert_ok(mw_provider_static("AKIATEST", "the-secret-that-signs", "the-session-token", &p, &err));
    assert_ok(mw_client_note(c, "accounts", "1,2", &err));
    for (size_t i = 0; i < count; i++) {
        mw_scope scope = {"aws", requests[i].account, requests[i].region, p};
        mw_doc_builder *b;
        mw_call call = {.scope = &scope,
                        .service = requests[i].service,
                        .operation = requests[i].operation,
                        .paginate = requests[i].paginate,
                        .on_page = on_page,
                        .on_done = on_done,
                        .user = &outcomes[i]};

        assert_ok(mw_doc_builder_new(NULL, &b, &err));
        if (requests[i].params) {
            assert_ok(mw_json_read(b, requests[i].params, strlen(requests[i].params), NULL, NULL, &err));
            call.params = mw_doc_pop(b);
            call.params_doc = mw_doc_view(b);
        }
        assert_ok(mw_client_call(c, &call, &err));
        mw_doc_builder_free(b); /* copied */
        assert_ok(mw_client_run(c, &err));
        assert_int_equal(outcomes[i].done, 1);
    }
    assert_string_equal(mw_client_noted(c, "accounts"), "1,2");
    assert_ok(mw_client_close(c, &err));
    mw_client_free(c);
    mw_provider_unref(p);
}

static void read_file(const char *name, mw_buf *out)
{
    char path[512];
    mw_error err = {0};

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_ok(mw_file_read(path, out, &err));
}

#define USERS(user, more)                                                                                              \
    "<ListUsersResponse><ListUsersResult><Users><member><UserName>" user "</UserName></member></Users>" more           \
    "</ListUsersResult></ListUsersResponse>"

static const request requests[] = {
    {"1", "us-east-1", "iam", "ListUsers", "{\"PathPrefix\":\"/\"}", true},
    {"1", "us-east-1", "s3", "GetBucketVersioning", "{\"Bucket\":\"logs\",\"Unknown\":1}", false},
    {"1", "us-east-1", "s3", "GetBucketTagging", "{\"Bucket\":\"logs\"}", false},
    {"1", "eu-west-1", "kinesis", "ListStreams", NULL, false},
    {"1", "eu-west-1", "kinesis", "ListStreams", NULL, false},
    {"2", "eu-west-1", "kinesis", "ListStreams", NULL, false},
    {"1", "us-east-1", "sts", "AssumeRole", "{\"RoleArn\":\"arn:aws:iam::2:role/r\",\"RoleSessionName\":\"s\"}", false},
    {"1", "us-east-1", "sso", "GetRoleCredentials",
     "{\"roleName\":\"r\",\"accountId\":\"1\",\"accessToken\":\"" SECRET "\"}", false},
    {"1", "us-east-1", "ecr", "GetAuthorizationToken", NULL, false},
    {"1", "us-east-1", "s3", "GetObject", "{\"Bucket\":\"logs\",\"Key\":\"k\"}", false},
    /* texts that look like secrets, with quotes about them, must not break the line they are in */
    {"1", "us-east-1", "dynamodb", "GetItem",
     "{\"TableName\":\"t\",\"Key\":{\"k\":{\"S\":\"{\\\"sessionToken\\\":\\\"the-session-token\\\"}\"}}}", false},
    {"1", "us-east-1", "iam", "GetUser", "{\"UserName\":\"u\"}", false},
};
static const fake_answer answers[] = {
    {200,
     {"date", "x", "x-amzn-requestid", "r1"},
     USERS("a", "<IsTruncated>true</IsTruncated><Marker>m</Marker>"),
     MW_OK,
     false},
    {200, {0}, USERS("b", ""), MW_OK, false},
    {200, {0}, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", MW_OK, false},
    {404, {"x-amz-request-id", "r9"}, "<Error><Code>NoSuchTagSet</Code><Message>none</Message></Error>", MW_OK, false},
    {200, {0}, "{\"StreamNames\":[\"first\"]}", MW_OK, false},
    {200, {0}, "{\"StreamNames\":[\"second\"]}", MW_OK, false},
    {200, {0}, "{\"StreamNames\":[\"other\"]}", MW_OK, false},
    {200,
     {0},
     "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>"
     "<SecretAccessKey>" SECRET "</SecretAccessKey><SessionToken>" SECRET
     "</SessionToken><Expiration>2026-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleResult></"
     "AssumeRoleResponse>",
     MW_OK,
     false},
    {200,
     {0},
     "{\"roleCredentials\":{\"accessKeyId\":\"ASIA2\",\"secretAccessKey\":\"" SECRET "\",\"sessionToken\":\"" SECRET
     "\",\"expiration\":1}}",
     MW_OK,
     false},
    {200,
     {0},
     "{\"authorizationData\":[{\"authorizationToken\":\"" SECRET "\",\"proxyEndpoint\":\"https://p\"}]}",
     MW_OK,
     false},
    {200,
     {"content-type", "text/plain", "x-amz-meta-owner", "moon"},
     "body with the-secret-that-signs inside",
     MW_OK,
     false},
    {200, {0}, "{\"Item\":{\"v\":{\"S\":\"\\\"accessToken\\\": \\\"the-session-token\\\", and more\"}}}", MW_OK, false},
    {200,
     {0},
     "<GetUserResponse><GetUserResult><User><UserName>u</UserName><SessionTokenX>t</SessionTokenX>"
     "<Path>/the-session-token/</Path></User></GetUserResult></GetUserResponse>",
     MW_OK,
     false},
};

static void records_without_secrets_and_replays(void **state)
{
    outcome first[MW_COUNT(requests)] = {0}, again[MW_COUNT(requests)] = {0};
    MW_AUTO(mw_buf) text = {0};
    MW_AUTO(mw_buf) manifest = {0};

    (void)state;
    run(requests, first, MW_COUNT(requests), answers, MW_COUNT(answers));
    read_file("exchanges.jsonl", &text);
    read_file("manifest.json", &manifest);
    assert_null(strstr(text.data, SECRET));
    assert_null(strstr(text.data, "the-secret-that-signs"));
    assert_null(strstr(text.data, "the-session-token"));
    assert_null(strstr(text.data, "AWS4-HMAC"));
    assert_non_null(strstr(text.data, "ASIA1"));
    assert_non_null(strstr(text.data, "\"x-amz-meta-owner\":\"moon\""));
    assert_null(strstr(text.data, "\"r1\"")); /* request ids of successes are noise */
    assert_non_null(strstr(manifest.data, "\"format\": 1"));
    assert_non_null(strstr(manifest.data, "\"accounts\": \"1,2\""));
    assert_non_null(strstr(manifest.data, "\"exchanges\": 13"));
    run(requests, again, MW_COUNT(requests), NULL, 0);
    for (size_t i = 0; i < MW_COUNT(requests); i++) {
        bool secret = strstr(first[i].text.data ? first[i].text.data : "", SECRET) != NULL ||
                      strstr(first[i].text.data ? first[i].text.data : "", "the-session-token") != NULL ||
                      strcmp(requests[i].operation, "GetObject") == 0;

        assert_int_equal(first[i].result.status, i == 2 ? MW_ERR_AWS : MW_OK); /* no tags */
        assert_int_equal(first[i].result.status, again[i].result.status);
        assert_int_equal(first[i].result.pages, again[i].result.pages);
        assert_string_equal(first[i].result.aws.code, again[i].result.aws.code);
        assert_string_equal(first[i].result.aws.message, again[i].result.aws.message);
        assert_string_equal(first[i].result.aws.request_id, again[i].result.aws.request_id);
        if (first[i].text.len > 0 && !secret)
            assert_string_equal(first[i].text.data, again[i].text.data);
        outcome_clear(&first[i]);
        outcome_clear(&again[i]);
    }
}

static void same_run_same_bytes_and_merge(void **state)
{
    outcome o[MW_COUNT(requests)] = {0}, later[2] = {0};
    static const request more[] = {
        {"3", "us-east-1", "kinesis", "ListStreams", NULL, false},
        {"1", "eu-west-1", "kinesis", "ListStreams", NULL, false},
    };
    static const fake_answer more_answers[] = {
        {200, {0}, "{\"StreamNames\":[\"brand-new\"]}", MW_OK, false},
        {200, {0}, "{\"StreamNames\":[\"changed\"]}", MW_OK, false},
    };
    MW_AUTO(mw_buf) first = {0};
    MW_AUTO(mw_buf) second = {0};
    MW_AUTO(mw_buf) merged = {0};

    (void)state;
    run(requests, o, MW_COUNT(requests), answers, MW_COUNT(answers));
    read_file("exchanges.jsonl", &first);
    for (size_t i = 0; i < MW_COUNT(requests); i++) {
        outcome_clear(&o[i]);
        o[i] = (outcome){0};
    }
    run(requests, o, MW_COUNT(requests), answers, MW_COUNT(answers));
    read_file("exchanges.jsonl", &second);
    assert_string_equal(first.data, second.data);
    run(more, later, 2, more_answers, 2);
    read_file("exchanges.jsonl", &merged);
    assert_non_null(strstr(merged.data, "brand-new"));
    assert_null(strstr(merged.data, "changed")); /* what was there stays */
    assert_int_equal(merged.len > first.len, 1);
    for (size_t i = 0; i < MW_COUNT(requests); i++)
        outcome_clear(&o[i]);
    outcome_clear(&later[0]);
    outcome_clear(&later[1]);
}

static void answers_with(const outcome *o, const char *text)
{
    assert_int_equal(o->result.status, MW_OK);
    assert_non_null(o->text.data);
    assert_non_null(strstr(o->text.data, text));
}

static void repeats_in_order_then_the_last(void **state)
{
    outcome o[MW_COUNT(requests)] = {0}, r[5] = {0};
    static const request again[] = {
        {"1", "eu-west-1", "kinesis", "ListStreams", NULL, false},
        {"1", "eu-west-1", "kinesis", "ListStreams", "{}", false},
        {"1", "eu-west-1", "kinesis", "ListStreams", NULL, false},
        {"1", "ap-south-1", "kinesis", "ListStreams", NULL, false}, /* not recorded there */
        {"2", "ap-south-1", "kinesis", "ListStreams", NULL, false},
    };

    (void)state;
    run(requests, o, MW_COUNT(requests), answers, MW_COUNT(answers));
    run(again, r, 5, NULL, 0);
    answers_with(&r[0], "first");
    answers_with(&r[1], "second");
    answers_with(&r[2], "second");
    answers_with(&r[3], "second");
    answers_with(&r[4], "other");
    for (size_t i = 0; i < MW_COUNT(requests); i++)
        outcome_clear(&o[i]);
    for (size_t i = 0; i < 5; i++)
        outcome_clear(&r[i]);
}

static void what_was_not_recorded_is_an_error(void **state)
{
    outcome o[MW_COUNT(requests)] = {0}, r[4] = {0};
    static const request missing[] = {
        {"1", "us-east-1", "iam", "ListUsers", "{\"PathPrefix\":\"/other/\"}", false},
        {"9", "eu-west-1", "kinesis", "ListStreams", NULL, false},
        {"1", "us-east-1", "ec2", "DescribeVpcs", NULL, false},
        {"1", "us-east-1", "s3", "GetBucketVersioning", "{\"Bucket\":\"logs\"}", false},
    };

    (void)state;
    run(requests, o, MW_COUNT(requests), answers, MW_COUNT(answers));
    run(missing, r, MW_COUNT(missing), NULL, 0);
    for (size_t i = 0; i < MW_COUNT(missing); i++) {
        assert_int_equal(r[i].result.status, MW_ERR_NOTFOUND);
        assert_non_null(strstr(r[i].result.error.message, missing[i].operation));
        assert_int_equal(r[i].text.len, 0);
    }
    assert_non_null(strstr(r[0].result.error.message, "{\"PathPrefix\":\"/other/\"}"));
    for (size_t i = 0; i < MW_COUNT(requests); i++)
        outcome_clear(&o[i]);
}

static void bad_folders_are_named(void **state)
{
    static const struct {
        const char *manifest, *exchanges, *says;
        mw_status want;
    } rows[] = {
        {NULL, NULL, "is not a recording", MW_ERR_NOTFOUND},
        {"{", "", "manifest.json", MW_ERR_PARSE},
        {"{\"format\":2}", "", "format is not 1", MW_ERR_UNSUPPORTED},
        {"{\"format\":1,\"recorded_at\":\"yesterday\"}", "", "recorded_at", MW_ERR_PARSE},
        {"{\"format\":1,\"recorded_at\":\"2026-01-02T03:04:05Z\"}",
         "{\"service\":\"s\",\"operation\":\"o\",\"status\":200}\n{\"x\"\n", "exchanges.jsonl line 2", MW_ERR_PARSE},
        {"{\"format\":1,\"recorded_at\":\"2026-01-02T03:04:05Z\"}", "{\"service\":\"s\"}\n", "exchange 1",
         MW_ERR_PARSE},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_client_options o = {.models = models, .replay_dir = folder};
        mw_client *c = NULL;
        mw_error err = {0};
        char path[512];

        snprintf(path, sizeof(path), "%s/manifest.json", folder);
        if (rows[i].manifest)
            assert_ok(mw_file_write_atomic(path, rows[i].manifest, strlen(rows[i].manifest), 0600, &err));
        snprintf(path, sizeof(path), "%s/exchanges.jsonl", folder);
        if (rows[i].exchanges)
            assert_ok(mw_file_write_atomic(path, rows[i].exchanges, strlen(rows[i].exchanges), 0600, &err));
        assert_int_equal(mw_client_new(&o, &c, &err), rows[i].want);
        if (!strstr(err.message, rows[i].says))
            fail_msg("'%s' does not say '%s'", err.message, rows[i].says);
    }
}

static void replay_has_the_recording_s_time_and_no_network(void **state)
{
    static const char manifest[] = "{\"format\":1,\"recorded_at\":\"2026-01-02T03:04:05Z\"}";
    mw_client_options o = {.models = models, .replay_dir = folder};
    mw_http_request q = {.host = "example.com"};
    mw_client *c;
    mw_error err = {0};
    char path[512];

    (void)state;
    snprintf(path, sizeof(path), "%s/manifest.json", folder);
    assert_ok(mw_file_write_atomic(path, manifest, strlen(manifest), 0600, &err));
    assert_ok(mw_client_new(&o, &c, &err));
    assert_int_equal(mw_client_now_unix(c), 1767323045);
    assert_true(mw_client_replays(c));
    assert_null(mw_client_noted(c, "accounts"));
    assert_int_equal(mw_client_http(c)->send(mw_client_http(c)->ctx, &q, NULL, NULL, NULL, &err), MW_ERR_NET);
    mw_client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_without_secrets_and_replays, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(same_run_same_bytes_and_merge, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(repeats_in_order_then_the_last, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_was_not_recorded_is_an_error, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(bad_folders_are_named, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(replay_has_the_recording_s_time_and_no_network, make_folder, remove_folder),
    };
    mw_error err = {0};

    if (mw_models_builtin(&models, &err) != MW_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
