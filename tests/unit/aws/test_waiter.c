/* Waiters: names, each kind of matcher, pauses, and every way that a wait can end, with scripted answers. */
#include "client_fake.h"

#include "aws/waiter.h"

static const mw_models *models;

typedef struct world {
    fake_http fake;
    mw_aws_config *config;
    mw_client *client;
    mw_provider *provider;
    mw_scope scope;
    mw_waiter_spec *spec;
    mw_wait *wait;
    const mw_wait_result *outcome;
    mw_buf text; /* the last answer as JSON */
} world;

static const char *fake_env(const char *name)
{
    if (strcmp(name, "AWS_CONFIG_FILE") == 0 || strcmp(name, "AWS_SHARED_CREDENTIALS_FILE") == 0)
        return "/nonexistent";
    return strcmp(name, "AWS_MAX_ATTEMPTS") == 0 ? "1" : NULL;
}

static const mw_operation *operation(const char *service, const char *name)
{
    const mw_operation *op = NULL;
    mw_error err = {0};

    assert_ok(mw_client_operation(models, service, name, &op, &err));
    return op;
}

static bool on_page(void *user, mw_doc_builder *page, mw_val result)
{
    world *w = user;

    mw_buf_reset(&w->text);
    mw_json_write(&w->text, mw_doc_view(page), result, MW_JSON_COMPACT);
    return true;
}

static void wait_for(world *w, const char *service, const char *op, const char *params, const char *waiter,
                     const fake_answer *answers, size_t count, const mw_wait_options *options,
                     const volatile bool *stop)
{
    mw_aws_config_options co = {.getenv_fn = fake_env};
    mw_client_options o = {.models = models, .stop = stop};
    mw_doc_builder *b = NULL;
    mw_error err = {0};
    mw_call call = {.scope = &w->scope, .service = service, .operation = op, .on_page = on_page};

    memset(w, 0, sizeof(*w));
    call.user = w;
    fake_init(&w->fake, answers, count);
    assert_ok(mw_aws_config_load(&co, &w->config, &err));
    o.config = w->config;
    o.http = &w->fake.http;
    assert_ok(mw_client_new(&o, &w->client, &err));
    assert_ok(mw_provider_static("AKIATEST", "a-long-enough-secret", NULL, &w->provider, &err));
    w->scope = (mw_scope){"aws", "123456789012", "eu-west-1", w->provider};
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_json_read(b, params, strlen(params), NULL, NULL, &err));
    call.params_doc = mw_doc_view(b);
    call.params = mw_doc_pop(b);
    assert_ok(mw_waiter_spec_new(operation(service, op), waiter, &w->spec, &err));
    assert_ok(mw_wait_start(w->client, w->spec, &call, options, &w->wait, &err));
    (void)mw_client_run(w->client, &err);
    w->outcome = mw_wait_outcome(w->wait);
    mw_doc_builder_free(b);
}

static void close_world(world *w)
{
    mw_client_free(w->client);
    mw_wait_free(w->wait);
    mw_waiter_spec_free(w->spec);
    mw_provider_unref(w->provider);
    mw_aws_config_free(w->config);
    mw_buf_clear(&w->text);
}

static const mw_wait_options as_modelled = {.delay_s = -1};

/* ---- names ---- */

static void any_spelling(void **state)
{
    static const char *const rows[][4] = {
        {"ec2", "DescribeInstances", "InstanceRunning", "InstanceRunning"},
        {"ec2", "DescribeInstances", "instance_running", "InstanceRunning"},
        {"ec2", "DescribeInstances", "instance-running", "InstanceRunning"},
        {"rds", "DescribeDBInstances", "db_instance_available", "DBInstanceAvailable"},
        {"ec2", "DescribeSpotInstanceRequests", "spot_instance_request_fulfilled", "SpotInstanceRequestFulfilled"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_waiter_spec *s = NULL;
        mw_error err = {0};

        assert_ok(mw_waiter_spec_new(operation(rows[i][0], rows[i][1]), rows[i][2], &s, &err));
        assert_string_equal(mw_waiter_spec_name(s), rows[i][3]);
        mw_waiter_spec_free(s);
    }
}

static void names_that_are_wrong(void **state)
{
    static const struct {
        const char *service, *operation, *name;
        mw_status status;
        const char *message;
    } rows[] = {
        {"ec2", "DescribeInstances", "instance_runing", MW_ERR_NOTFOUND, "did you mean 'instance_running'?"},
        {"ec2", "DescribeInstances", "InstanceRuning", MW_ERR_NOTFOUND, "did you mean 'InstanceRunning'?"},
        {"ec2", "DescribeVpcs", "InstanceRunning", MW_ERR_INVALID,
         "the waiter 'InstanceRunning' asks ec2:DescribeInstances, not DescribeVpcs"},
        {"ec2", "DescribeInstances", "zzz", MW_ERR_NOTFOUND, "one of its own is 'instance_"},
        {"sts", "GetCallerIdentity", "zzz", MW_ERR_NOTFOUND, "sts:GetCallerIdentity has no waiter"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_waiter_spec *s = NULL;
        mw_error err = {0};

        assert_int_equal(mw_waiter_spec_new(operation(rows[i].service, rows[i].operation), rows[i].name, &s, &err),
                         rows[i].status);
        if (!strstr(err.message, rows[i].message))
            fail_msg("%s: %s", rows[i].name, err.message);
        assert_null(s);
    }
}

static void snake_names(void **state)
{
    static const char *const rows[][2] = {
        {"InstanceRunning", "instance_running"},
        {"DBInstanceAvailable", "db_instance_available"},
        {"CertificateAuthorityCSRCreated", "certificate_authority_csr_created"},
        {"FunctionActiveV2", "function_active_v2"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) out = {0};

        assert_int_equal(mw_waiter_snake_name(&out, rows[i][0]), MW_OK);
        assert_string_equal(out.data, rows[i][1]);
    }
}

/** Each model that is compiled in must be one that can be run. */
static void every_model_is_understood(void **state)
{
    const mw_doc *d = mw_models_doc(models);
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < mw_models_service_count(models); i++) {
        const mw_service *service = mw_models_service_at(models, i);
        mw_val waiters = mw_service_waiters(service);

        for (size_t k = 0; k < mw_val_len(d, waiters); k++, count++) {
            mw_val key, w = mw_val_member(d, waiters, k, &key);
            const mw_operation *op = mw_service_operation(service, mw_val_get_str(d, w, "operation", ""));
            mw_waiter_spec *s = NULL;
            mw_error err = {0};

            if (!op || mw_waiter_spec_new(op, mw_val_str(d, key, NULL), &s, &err) != MW_OK)
                fail_msg("%s %s: %s", mw_service_name(service), mw_val_str(d, key, NULL), err.message);
            assert_in_range(mw_waiter_spec_delay_s(s), 1, 300);
            assert_in_range(mw_waiter_spec_attempts(s), 1, 1000);
            mw_waiter_spec_free(s);
        }
    }
    assert_true(count > 100);
}

/* ---- matchers ---- */

#define OK(text)                                                                                                       \
    {                                                                                                                  \
        200, {0}, text, MW_OK, false                                                                                   \
    }
#define CODE(status, text)                                                                                             \
    {                                                                                                                  \
        status, {0}, text, MW_OK, false                                                                                \
    }
#define INSTANCES(items)                                                                                               \
    "<DescribeInstancesResponse><reservationSet><item><instancesSet>" items                                            \
    "</instancesSet></item></reservationSet></DescribeInstancesResponse>"
#define INSTANCE(s) "<item><instanceState><name>" s "</name></instanceState></item>"
#define EC2_ERROR(code)                                                                                                \
    "<Response><Errors><Error><Code>" code "</Code><Message>no</Message></Error></Errors>"                             \
    "<RequestID>r-9</RequestID></Response>"
#define TABLE(s)         "{\"Table\":{\"TableStatus\":\"" s "\"}}"
#define JSON_ERROR(code) "{\"__type\":\"x#" code "\",\"message\":\"no\"}"
#define SERVICE(n, running)                                                                                            \
    "{\"failures\":[],\"services\":[{\"status\":\"ACTIVE\",\"deployments\":[" n "],"                                   \
    "\"runningCount\":" running ",\"desiredCount\":2}]}"

typedef struct wait_row {
    const char *name, *service, *operation, *params, *waiter;
    fake_answer answers[4];
    size_t count;
    mw_status status;
    const char *message; /* part of it */
    int64_t last_at_ms;  /* when the last request went out */
} wait_row;

static const wait_row rows[] = {
    /* path */
    {"path at once",
     "dynamodb",
     "DescribeTable",
     "{\"TableName\":\"t\"}",
     "table_exists",
     {OK(TABLE("ACTIVE"))},
     1,
     MW_OK,
     NULL,
     0},
    {"path later",
     "dynamodb",
     "DescribeTable",
     "{\"TableName\":\"t\"}",
     "table_exists",
     {OK(TABLE("CREATING")), OK(TABLE("CREATING")), OK(TABLE("ACTIVE"))},
     3,
     MW_OK,
     NULL,
     40000},
    {"path is true",
     "ecs",
     "DescribeServices",
     "{\"services\":[\"s\"]}",
     "services_stable",
     {OK(SERVICE("{},{}", "2")), OK(SERVICE("{}", "1")), OK(SERVICE("{}", "2"))},
     3,
     MW_OK,
     NULL,
     30000},
    {"path cannot be applied",
     "ecs",
     "DescribeServices",
     "{\"services\":[\"s\"]}",
     "services_stable",
     {OK("{}")},
     1,
     MW_ERR_INVALID,
     "waiter ServicesStable: JMESPath invalid-type: ",
     0},
    /* pathAll */
    {"all",
     "ec2",
     "DescribeInstances",
     "{}",
     "instance_running",
     {OK(INSTANCES(INSTANCE("running") INSTANCE("pending"))), OK(INSTANCES(INSTANCE("running") INSTANCE("running")))},
     2,
     MW_OK,
     NULL,
     15000},
    {"all of nothing is not all",
     "ec2",
     "DescribeInstances",
     "{}",
     "instance_running",
     {OK(INSTANCES("")), OK(INSTANCES(INSTANCE("running")))},
     2,
     MW_OK,
     NULL,
     15000},
    /* pathAny */
    {"any",
     "ec2",
     "DescribeInstances",
     "{}",
     "instance_running",
     {OK(INSTANCES(INSTANCE("running") INSTANCE("stopping")))},
     1,
     MW_ERR_AWS,
     "waiter InstanceRunning: Reservations[].Instances[].State.Name has a member that is \"stopping\"",
     0},
    /* status */
    {"status of an answer",
     "s3",
     "HeadBucket",
     "{\"Bucket\":\"b\"}",
     "bucket_exists",
     {CODE(404, NULL), CODE(404, NULL), OK(NULL)},
     3,
     MW_OK,
     NULL,
     10000},
    {"status of an error",
     "s3",
     "HeadBucket",
     "{\"Bucket\":\"b\"}",
     "bucket_not_exists",
     {OK(NULL), CODE(404, NULL)},
     2,
     MW_OK,
     NULL,
     5000},
    /* error */
    {"error by code",
     "dynamodb",
     "DescribeTable",
     "{\"TableName\":\"t\"}",
     "table_not_exists",
     {OK(TABLE("DELETING")), CODE(400, JSON_ERROR("ResourceNotFoundException"))},
     2,
     MW_OK,
     NULL,
     20000},
    {"error to be tried again",
     "dynamodb",
     "DescribeTable",
     "{\"TableName\":\"t\"}",
     "table_exists",
     {CODE(400, JSON_ERROR("ResourceNotFoundException")), OK(TABLE("ACTIVE"))},
     2,
     MW_OK,
     NULL,
     20000},
    {"no error",
     "lambda",
     "GetFunction",
     "{\"FunctionName\":\"f\"}",
     "function_exists",
     {CODE(404, JSON_ERROR("ResourceNotFoundException")), OK("{\"Configuration\":{}}")},
     2,
     MW_OK,
     NULL,
     1000},
    {"an error that nobody expects",
     "ec2",
     "DescribeInstances",
     "{}",
     "instance_running",
     {OK(INSTANCES(INSTANCE("pending"))), CODE(403, EC2_ERROR("UnauthorizedOperation"))},
     2,
     MW_ERR_AWS,
     "waiter InstanceRunning: UnauthorizedOperation: no",
     15000},
    {"the network",
     "ec2",
     "DescribeInstances",
     "{}",
     "instance_running",
     {{0, {0}, NULL, MW_ERR_NET, true}},
     1,
     MW_ERR_NET,
     "the connection broke",
     0},
};

static void each_matcher(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const wait_row *r = &rows[i];
        world w;

        wait_for(&w, r->service, r->operation, r->params, r->waiter, r->answers, r->count, &as_modelled, NULL);
        if (w.outcome->status != r->status)
            fail_msg("%s: %s: %s", r->name, mw_status_name(w.outcome->status), w.outcome->error.message);
        if (r->message && !strstr(w.outcome->error.message, r->message))
            fail_msg("%s: %s", r->name, w.outcome->error.message);
        assert_int_equal(w.outcome->attempts, r->count);
        assert_int_equal(w.fake.seen_count, r->count);
        assert_int_equal(w.fake.seen[r->count - 1].at_ms, r->last_at_ms);
        close_world(&w);
    }
}

/* ---- limits ---- */

static void attempts_and_delay_of_the_caller(void **state)
{
    static const fake_answer answers[] = {OK(INSTANCES(INSTANCE("pending"))),
                                          CODE(400, EC2_ERROR("InvalidInstanceID.NotFound"))};
    static const mw_wait_options options = {.delay_s = 3, .max_attempts = 2};
    world w;

    (void)state;
    wait_for(&w, "ec2", "DescribeInstances", "{}", "instance_running", answers, MW_COUNT(answers), &options, NULL);
    assert_int_equal(w.outcome->status, MW_ERR_AWS);
    assert_string_equal(w.outcome->error.message,
                        "waiter InstanceRunning: not within 2 attempts; the last answer: the error "
                        "is \"InvalidInstanceID.NotFound\"");
    assert_int_equal(w.outcome->last.aws.http_status, 400);
    assert_string_equal(w.outcome->last.aws.request_id, "r-9");
    assert_int_equal(w.fake.seen[1].at_ms, 3000);
    assert_non_null(strstr(w.text.data, "pending")); /* the last page stays what it was */
    close_world(&w);
}

static void no_pause_at_all(void **state)
{
    static const fake_answer answers[] = {OK(TABLE("CREATING")), OK(TABLE("ACTIVE"))};
    static const mw_wait_options options = {.delay_s = 0};
    world w;

    (void)state;
    wait_for(&w, "dynamodb", "DescribeTable", "{\"TableName\":\"t\"}", "TableExists", answers, 2, &options, NULL);
    assert_int_equal(w.outcome->status, MW_OK);
    assert_int_equal(w.fake.now_ms, 0);
    assert_string_equal(w.text.data, TABLE("ACTIVE"));
    close_world(&w);
}

static void a_stop_ends_the_wait(void **state)
{
    static const fake_answer answers[] = {OK(TABLE("CREATING"))};
    volatile bool stop = true;
    world w;

    (void)state;
    wait_for(&w, "dynamodb", "DescribeTable", "{\"TableName\":\"t\"}", "TableExists", answers, 1, &as_modelled, &stop);
    assert_int_equal(w.outcome->status, MW_ERR_CANCELLED);
    close_world(&w);
}

static void one_page_only(void **state)
{
    mw_call call = {.service = "ec2", .operation = "DescribeInstances", .paginate = true};
    mw_waiter_spec *s = NULL;
    mw_wait *w = NULL;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_waiter_spec_new(operation("ec2", "DescribeInstances"), "InstanceRunning", &s, &err));
    assert_int_equal(mw_wait_start(NULL, s, &call, &as_modelled, &w, &err), MW_ERR_INVALID);
    assert_null(w);
    mw_waiter_spec_free(s);
}

static int open_models(void **state)
{
    mw_error err = {0};

    (void)state;
    return mw_models_builtin(&models, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_spelling),    cmocka_unit_test(names_that_are_wrong),
        cmocka_unit_test(snake_names),     cmocka_unit_test(every_model_is_understood),
        cmocka_unit_test(each_matcher),    cmocka_unit_test(attempts_and_delay_of_the_caller),
        cmocka_unit_test(no_pause_at_all), cmocka_unit_test(a_stop_ends_the_wait),
        cmocka_unit_test(one_page_only),
    };

    return cmocka_run_group_tests(tests, open_models, NULL);
}
