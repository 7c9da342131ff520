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
    mw_retry_policy policy = mw_retry_standard;
    mw_retry *r;
    mw_retry_bucket *b, *other;
    mw_error err = {0};
    int64_t delay = 0;
    int taken = 0;

    (void)state;
    policy.max_attempts = 9;
    policy.quota = 30;
    assert_ok(mw_retry_new(&policy, &r, &err));
    b = mw_retry_bucket_of(r, "1", "eu-west-1", "ec2");
    other = mw_retry_bucket_of(r, "2", "eu-west-1", "ec2");
    assert_ptr_equal(b, mw_retry_bucket_of(r, "1", "eu-west-1", "ec2"));
    assert_ptr_not_equal(b, other);
    mw_sys.random_fn = half;
    assert_true(mw_retry_again(r, b, MW_RETRY_TRANSIENT, 1, &taken, &delay));
    assert_in_range(delay, 500, 503);
    assert_true(mw_retry_again(r, b, MW_RETRY_TRANSIENT, 3, &taken, &delay));
    assert_in_range(delay, 2000, 2010);
    assert_true(mw_retry_again(r, b, MW_RETRY_TIMEOUT, 8, &taken, &delay));
    assert_in_range(delay, 10000, 10050); /* 20 s at most, halved */
    assert_int_equal(taken, 10);
    assert_true(mw_retry_again(r, b, MW_RETRY_THROTTLE, 1, &taken, &delay));
    assert_false(mw_retry_again(r, b, MW_RETRY_TIMEOUT, 1, &taken, &delay)); /* 5 tokens are left */
    assert_true(mw_retry_again(r, b, MW_RETRY_TRANSIENT, 1, &taken, &delay));
    assert_false(mw_retry_again(r, b, MW_RETRY_TRANSIENT, 1, &taken, &delay));
    assert_true(mw_retry_again(r, other, MW_RETRY_TRANSIENT, 1, &taken, &delay));
    assert_false(mw_retry_again(r, other, MW_RETRY_TRANSIENT, 9, &taken, &delay));
    assert_false(mw_retry_again(r, other, MW_RETRY_NEVER, 1, &taken, &delay));
    mw_retry_success(r, b, 5);
    assert_true(mw_retry_again(r, b, MW_RETRY_TRANSIENT, 1, &taken, &delay));
    mw_sys_reset();
    mw_retry_free(r);
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
        {"ec2", "DescribeInstances", true}, {"s3", "HeadBucket", true}, {"s3", "GetObject", true},
        {"dynamodb", "BatchGetItem", true}, {"cloudtrail", "LookupEvents", true},
        {"logs", "FilterLogEvents", true}, {"iam", "SimulatePrincipalPolicy", true},
        {"iam", "GenerateCredentialReport", true}, {"config", "SelectResourceConfig", true},
        {"ec2", "SearchTransitGatewayRoutes", true}, {"cognito-idp", "AdminGetUser", true},
        {"sts", "GetCallerIdentity", true}, {"organizations", "ListAccounts", true},
        {"ec2", "RunInstances", false}, {"s3", "PutObject", false}, {"s3", "SelectObjectContent", false},
        {"sts", "AssumeRole", false}, {"sts", "GetSessionToken", false}, {"kms", "Decrypt", false},
        {"sqs", "ReceiveMessage", false}, {"sso", "GetRoleCredentials", false},
        {"secretsmanager", "GetSecretValue", false}, {"ecr", "GetAuthorizationToken", false},
        {"cognito-identity", "GetId", false}, {"license-manager", "CheckInLicense", false},
        {"lambda", "Invoke", false}, {"ssm", "StartSession", false}, {"athena", "StartQueryExecution", false},
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
        "Create", "Delete", "Put", "Update", "Modify", "Start", "Stop", "Terminate", "Attach", "Detach",
        "Add", "Remove", "Set", "Enable", "Disable", "Associate", "Disassociate", "Register", "Deregister",
        "Tag", "Untag", "Send", "Publish", "Invoke", "Cancel", "Reboot", "Restore", "Reset", "Revoke",
        "Authorize", "Accept", "Reject", "Import", "Export", "Assume", "Decrypt", "Encrypt", "Execute",
        "Purchase", "Release", "Allocate", "Batch" /* but BatchGet… */, "Run", "Upload", "Write",
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
        cmocka_unit_test(classes),
        cmocka_unit_test(modelled_trait),
        cmocka_unit_test(delays_and_quota),
        cmocka_unit_test(named_operations),
        cmocka_unit_test(every_operation_of_the_pack),
    };
    mw_error err = {0};

    if (mw_models_builtin(&models, &err) != MW_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
