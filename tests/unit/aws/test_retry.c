/* Retry policy and the classification of operations, over the whole pack. */
#include "../../support/support.h"

#include "aws/client.h"
#include "aws/readonly.h"
#include "aws/retry.h"

static const mw_models *models;

static void classes(void **state)
{
    static const struct {
        const char *service, *operation;
        mw_status status;
        const char *code;
        int http;
        mw_retry_class want;
    } rows[] = {
        {"ec2", "DescribeVpcs", MW_ERR_NET, "", 0, MW_RETRY_TRANSIENT},
        {"ec2", "DescribeVpcs", MW_ERR_TIMEOUT, "", 0, MW_RETRY_TIMEOUT},
        {"ec2", "DescribeVpcs", MW_ERR_PARSE, "", 200, MW_RETRY_NEVER},
        {"ec2", "DescribeVpcs", MW_ERR_LIMIT, "", 200, MW_RETRY_NEVER},
        {"ec2", "DescribeVpcs", MW_ERR_AWS, "RequestLimitExceeded", 503, MW_RETRY_THROTTLE},
        {"ec2", "DescribeVpcs", MW_ERR_AWS, "UnauthorizedOperation", 403, MW_RETRY_NEVER},
        {"ec2", "DescribeVpcs", MW_ERR_AWS, "Unavailable", 503, MW_RETRY_TRANSIENT},
        {"ec2", "DescribeVpcs", MW_ERR_AWS, "501", 501, MW_RETRY_NEVER},
        {"ec2", "DescribeVpcs", MW_ERR_AWS, "429", 429, MW_RETRY_NEVER},
        {"s3", "ListObjectsV2", MW_ERR_AWS, "SlowDown", 503, MW_RETRY_THROTTLE},
        {"s3", "ListObjectsV2", MW_ERR_AWS, "InternalError", 200, MW_RETRY_TRANSIENT},
        {"sts", "AssumeRoleWithWebIdentity", MW_ERR_AWS, "IDPCommunicationError", 400, MW_RETRY_TRANSIENT},
        {"ssm", "GetParameter", MW_ERR_AWS, "RequestTimeout", 400, MW_RETRY_TRANSIENT},
        /* the `retryable` trait of the model */
        {"codestar-connections", "ListConnections", MW_ERR_AWS, "Nothing", 400, MW_RETRY_NEVER},
        {"detective", "ListGraphs", MW_ERR_AWS, "InternalServerException", 500, MW_RETRY_TRANSIENT},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_aws_error e = {.http_status = rows[i].http};
        const mw_operation *op;
        mw_error err = {0};

        assert_ok(mw_client_operation(models, rows[i].service, rows[i].operation, &op, &err));
        strcpy(e.code, rows[i].code);
        if (mw_retry_classify(op, rows[i].status, &e) != rows[i].want)
            fail_msg("%s %s %d: class %d", rows[i].service, rows[i].code, rows[i].http,
                     mw_retry_classify(op, rows[i].status, &e));
    }
}

/** Every modelled error with the trait is tried again, whatever its status. */
static void modelled_trait(void **state)
{
    size_t retryable = 0;

    (void)state;
    for (size_t s = 0; s < mw_models_service_count(models); s++) {
        const mw_service *service = mw_models_service_at(models, s);
        static const char *const codes[] = {"ThrottlingException", "InternalServerException",
                                            "ServiceUnavailableException", "InternalFailure"};

        if (mw_service_operation_count(service) == 0)
            continue;
        for (size_t i = 0; i < MW_COUNT(codes); i++) {
            const mw_shape *shape = mw_service_error(service, codes[i]);
            mw_aws_error e = {.http_status = 400};

            if (!shape || !mw_shape_error_retryable(shape))
                continue;
            retryable++;
            strcpy(e.code, codes[i]);
            assert_int_not_equal(mw_retry_classify(mw_service_operation_at(service, 0), MW_ERR_AWS, &e),
                                 MW_RETRY_NEVER);
        }
    }
    assert_true(retryable > 0);
}

static int half(void *ctx, void *out, size_t size)
{
    (void)ctx;
    memset(out, 0x80, size);
    return 0;
}

static void delays_and_quota(void **state)
{
    mw_retry_policy p = mw_retry_standard;
    mw_retry_bucket bucket, *b = &bucket;
    int64_t delay = 0;
    int taken = 0;

    (void)state;
    p.max_attempts = 9;
    p.quota = 30;
    mw_retry_bucket_init(b, &p, "ec2");
    mw_sys.random_fn = half;
    assert_true(mw_retry_again(&p, b, MW_RETRY_TRANSIENT, 1, -1, &taken, &delay));
    assert_in_range(delay, 500, 503);
    assert_true(mw_retry_again(&p, b, MW_RETRY_TRANSIENT, 3, -1, &taken, &delay));
    assert_in_range(delay, 2000, 2010);
    assert_true(mw_retry_again(&p, b, MW_RETRY_TIMEOUT, 8, -1, &taken, &delay));
    assert_in_range(delay, 10000, 10050); /* 20 s at most, halved */
    assert_int_equal(taken, 10);
    assert_true(mw_retry_again(&p, b, MW_RETRY_THROTTLE, 1, -1, &taken, &delay));
    assert_false(mw_retry_again(&p, b, MW_RETRY_TIMEOUT, 1, -1, &taken, &delay)); /* 5 are left */
    assert_true(mw_retry_again(&p, b, MW_RETRY_TRANSIENT, 1, -1, &taken, &delay));
    assert_false(mw_retry_again(&p, b, MW_RETRY_TRANSIENT, 1, -1, &taken, &delay));
    mw_retry_bucket_init(b, &p, "ec2");
    assert_true(mw_retry_again(&p, b, MW_RETRY_TRANSIENT, 1, -1, &taken, &delay));
    assert_false(mw_retry_again(&p, b, MW_RETRY_TRANSIENT, 9, -1, &taken, &delay));
    assert_false(mw_retry_again(&p, b, MW_RETRY_NEVER, 1, -1, &taken, &delay));
    b->tokens = 0;
    mw_retry_success(&p, b, 5);
    assert_true(mw_retry_again(&p, b, MW_RETRY_TRANSIENT, 1, -1, &taken, &delay));
    for (int i = 0; i < 100; i++)
        mw_retry_success(&p, b, 0);
    assert_int_equal(b->tokens, 30);
    mw_sys_reset();
}

/** botocore's figures for the scheme of 2026, half of each delay's limit. */
static void scheme_of_2026(void **state)
{
    static const struct {
        const char *service;
        mw_retry_class class;
        int attempt;
        int64_t retry_after, low, high;
        int cost;
    } rows[] = {
        {"ec2", MW_RETRY_TRANSIENT, 1, -1, 25, 26, 14},
        {"ec2", MW_RETRY_TRANSIENT, 2, -1, 50, 51, 14},
        {"ec2", MW_RETRY_TIMEOUT, 1, -1, 25, 26, 14},
        {"ec2", MW_RETRY_THROTTLE, 1, -1, 500, 503, 5},
        {"ec2", MW_RETRY_THROTTLE, 2, -1, 1000, 1005, 5},
        {"dynamodb", MW_RETRY_TRANSIENT, 1, -1, 12, 13, 14},
        {"dynamodb", MW_RETRY_TRANSIENT, 3, -1, 50, 51, 14},
        {"ec2", MW_RETRY_TRANSIENT, 1, 1500, 1500, 1500, 14}, /* not before what AWS asked for */
        {"ec2", MW_RETRY_THROTTLE, 2, 10, 1000, 1005, 5},
        {"ec2", MW_RETRY_TRANSIENT, 1, 0, 25, 26, 14},
    };
    int64_t delay = 0;
    int taken = 0;

    (void)state;
    mw_sys.random_fn = half;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_retry_bucket b;

        mw_retry_bucket_init(&b, &mw_retry_2026, rows[i].service);
        assert_true(
            mw_retry_again(&mw_retry_2026, &b, rows[i].class, rows[i].attempt, rows[i].retry_after, &taken, &delay));
        assert_in_range(delay, rows[i].low, rows[i].high);
        assert_int_equal(taken, rows[i].cost);
        assert_int_equal(b.tokens, 500 - rows[i].cost);
        assert_false(mw_retry_again(&mw_retry_2026, &b, rows[i].class, strcmp(rows[i].service, "dynamodb") ? 3 : 4, -1,
                                    &taken, &delay));
    }
    { /* and no more than five seconds after it */
        mw_retry_policy p = mw_retry_2026;
        mw_retry_bucket b;

        p.max_attempts = p.throttle_attempts = 20;
        mw_retry_bucket_init(&b, &p, "ec2");
        assert_true(mw_retry_again(&p, &b, MW_RETRY_THROTTLE, 10, 1000, &taken, &delay));
        assert_int_equal(delay, 6000);
    }
    mw_sys_reset();
}

static const char *env_mode, *env_2026, *env_attempts;

static const char *settings_env(const char *name)
{
    if (strcmp(name, "AWS_CONFIG_FILE") == 0 || strcmp(name, "AWS_SHARED_CREDENTIALS_FILE") == 0)
        return "/nonexistent";
    return strcmp(name, "AWS_RETRY_MODE") == 0         ? env_mode
           : strcmp(name, "AWS_NEW_RETRIES_2026") == 0 ? env_2026
           : strcmp(name, "AWS_MAX_ATTEMPTS") == 0     ? env_attempts
                                                       : NULL;
}

static void settings(void **state)
{
    static const struct {
        const char *mode, *scheme, *attempts;
        int option;
        bool fails, limits, is_2026;
        int max, throttle_max;
    } rows[] = {
        {NULL, NULL, NULL, 0, false, true, false, 3, 10},
        {"adaptive", NULL, NULL, 0, false, true, false, 3, 10},
        {"standard", NULL, NULL, 0, false, false, false, 3, 3},
        {"legacy", NULL, NULL, 0, false, false, false, 3, 3},
        {"standard", "true", NULL, 0, false, false, true, 3, 3},
        {"Adaptive", "TRUE", NULL, 0, false, true, true, 3, 10},
        {NULL, "false", NULL, 0, false, true, false, 3, 10},
        {NULL, NULL, "5", 0, false, true, false, 5, 5},
        {NULL, "true", "1", 0, false, true, true, 1, 1},
        {NULL, NULL, "5", 2, false, true, false, 2, 2},
        {"fast", NULL, NULL, 0, true, false, false, 0, 0},
        {NULL, NULL, "0", 0, true, false, false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_aws_config *config;
        mw_retry_policy p;
        mw_error err = {0};
        mw_status st;

        env_mode = rows[i].mode;
        env_2026 = rows[i].scheme;
        env_attempts = rows[i].attempts;
        assert_ok(mw_aws_config_load(&(mw_aws_config_options){.getenv_fn = settings_env}, &config, &err));
        st = mw_retry_settings(config, rows[i].option, &p, &err);
        mw_aws_config_free(config);
        if (rows[i].fails) {
            assert_int_equal(st, MW_ERR_INVALID);
            assert_non_null(strstr(err.message, "expected"));
            continue;
        }
        assert_int_equal(st, MW_OK);
        assert_int_equal(p.limit_rate, rows[i].limits);
        assert_int_equal(p.cost, rows[i].is_2026 ? 14 : 5);
        assert_int_equal(p.max_attempts, rows[i].max);
        assert_int_equal(p.throttle_attempts, rows[i].throttle_max);
        assert_int_equal(p.transient_attempts, rows[i].throttle_max == 10 ? 6 : rows[i].max);
    }
}

static void retry_after_header(void **state)
{
    static const struct {
        const char *value;
        int64_t want;
    } rows[] = {{NULL, -1}, {"0", 0}, {"1500", 1500}, {"-5", -1}, {"soon", -1}, {"999999999", 60000}};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_http_response r = {0};
        mw_error err = {0};

        if (rows[i].value)
            assert_ok(mw_http_add(&r.arena, &r.headers, "x-amz-retry-after", rows[i].value, &err));
        assert_int_equal(mw_retry_after_ms(&r), rows[i].want);
        mw_http_response_clear(&r);
    }
}

/* ---- read-only or not ---- */

static bool read_only(const char *service, const char *operation)
{
    const mw_operation *op;
    mw_error err = {0};

    assert_ok(mw_client_operation(models, service, operation, &op, &err));
    return mw_operation_read_only(op);
}

static void named_operations(void **state)
{
    static const struct {
        const char *service, *operation;
        bool read;
    } rows[] = {
        {"ec2", "DescribeInstances", true},
        {"s3", "HeadBucket", true},
        {"s3", "GetObject", true},
        {"dynamodb", "BatchGetItem", true},
        {"cloudtrail", "LookupEvents", true},
        {"logs", "FilterLogEvents", true},
        {"iam", "SimulatePrincipalPolicy", true},
        {"iam", "GenerateCredentialReport", true},
        {"config", "SelectResourceConfig", true},
        {"ec2", "SearchTransitGatewayRoutes", true},
        {"cognito-idp", "AdminGetUser", true},
        {"sts", "GetCallerIdentity", true},
        {"organizations", "ListAccounts", true},
        {"ec2", "RunInstances", false},
        {"s3", "PutObject", false},
        {"s3", "SelectObjectContent", false},
        {"sts", "AssumeRole", false},
        {"sts", "GetSessionToken", false},
        {"kms", "Decrypt", false},
        {"sqs", "ReceiveMessage", false},
        {"sso", "GetRoleCredentials", false},
        {"secretsmanager", "GetSecretValue", false},
        {"ecr", "GetAuthorizationToken", false},
        {"cognito-identity", "GetId", false},
        {"license-manager", "CheckInLicense", false},
        {"lambda", "Invoke", false},
        {"ssm", "StartSession", false},
        {"athena", "StartQueryExecution", false},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        if (read_only(rows[i].service, rows[i].operation) != rows[i].read)
            fail_msg("%s:%s", rows[i].service, rows[i].operation);
}

/** No operation whose name says that it changes something counts as a read. */
static void every_operation_of_the_pack(void **state)
{
    static const char *const verbs[] = {
        "Create",    "Delete",    "Put",          "Update",   "Modify",     "Start",    "Stop",
        "Terminate", "Attach",    "Detach",       "Add",      "Remove",     "Set",      "Enable",
        "Disable",   "Associate", "Disassociate", "Register", "Deregister", "Tag",      "Untag",
        "Send",      "Publish",   "Invoke",       "Cancel",   "Reboot",     "Restore",  "Reset",
        "Revoke",    "Authorize", "Accept",       "Reject",   "Import",     "Export",   "Assume",
        "Decrypt",   "Encrypt",   "Execute",      "Purchase", "Release",    "Allocate", "Batch" /* but BatchGet… */,
        "Run",       "Upload",    "Write",
    };
    size_t total = 0, reads = 0;

    (void)state;
    for (size_t s = 0; s < mw_models_service_count(models); s++) {
        const mw_service *service = mw_models_service_at(models, s);

        for (size_t i = 0; i < mw_service_operation_count(service); i++) {
            const mw_operation *op = mw_service_operation_at(service, i);
            const char *name = mw_operation_name(op);

            total++;
            if (!mw_operation_read_only(op))
                continue;
            reads++;
            assert_null(mw_operation_read_exception(op));
            for (size_t v = 0; v < MW_COUNT(verbs); v++)
                if (strncmp(name, verbs[v], strlen(verbs[v])) == 0 && strncmp(name, "BatchGet", 8) != 0 &&
                    strncmp(name, "BatchDescribe", 13) != 0 && strncmp(name, "BatchCheck", 10) != 0 &&
                    !(name[strlen(verbs[v])] >= 'a' && name[strlen(verbs[v])] <= 'z'))
                    fail_msg("%s:%s counts as a read", mw_service_name(service), name);
        }
    }
    /* 43 % of botocore 1.43.11; far from it would mean that a table or the reader broke. */
    assert_in_range(reads * 100 / total, 35, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes),          cmocka_unit_test(modelled_trait),
        cmocka_unit_test(delays_and_quota), cmocka_unit_test(scheme_of_2026),
        cmocka_unit_test(settings),         cmocka_unit_test(retry_after_header),
        cmocka_unit_test(named_operations), cmocka_unit_test(every_operation_of_the_pack),
    };
    mw_error err = {0};

    if (mw_models_builtin(&models, &err) != MW_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
