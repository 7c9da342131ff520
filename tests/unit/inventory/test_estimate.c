/* Requests of a plan by arithmetic: paging, parents, batches, sharing, homes, time, money. */
#include "aws/price.h"
#include "aws/rate.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/estimate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define assert_ok(expr) assert_int_equal((expr), MW_OK)

static const char *const regions[] = {"eu-west-1", "us-west-2"};
static const mw_estimate_account one = {"111122223333", "aws", "us-east-1", regions, 2};

static int64_t count(void *user, const char *account, const char *region, const char *type, int64_t *calls)
{
    static const struct {
        const char *region, *type;
        int64_t n;
    } known[] = {{"eu-west-1", "AWS::EC2::Instance", 2500}, {"us-west-2", "AWS::EC2::Instance", 0},
                 {"us-east-1", "AWS::S3::Bucket", 7},       {"us-east-1", "AWS::IAM::User", 3},
                 {"us-east-1", "AWS::IAM::AccessKey", 4},   {"eu-west-1", "AWS::KMS::Key", 5},
                 {"us-west-2", "AWS::KMS::Key", 0}};

    (void)user;
    *calls = 1; /* the list alone: it told each bucket's region */
    assert_string_equal(account, one.account);
    for (size_t i = 0; i < MW_COUNT(known); i++)
        if (mw_str_eq(known[i].region, region) && mw_str_eq(known[i].type, type))
            return known[i].n;
    return -1;
}

static uint64_t requests_of(const mw_estimate_rows *rows, const char *key)
{
    for (size_t i = 0; i < rows->count; i++)
        if (mw_str_eq(rows->items[i].key, key))
            return rows->items[i].requests;
    return 0;
}

static void figures(void **state)
{
    static const struct {
        const char *type, *facet;
    } needs[] = {
        {"AWS::EC2::Instance", "Image"}, {"AWS::S3::Bucket", "Versioning"},      {"AWS::S3::Bucket", "Acl"},
        {"AWS::IAM::AccessKey", NULL},   {"AWS::IAM::User", "CredentialReport"}, {"AWS::KMS::Key", "RotationStatus"},
        {"AWS::RDS::DBInstance", NULL}};
    static const struct {
        const char *operation;
        uint64_t requests;
    } want[] = {{"ec2:DescribeInstances", 3 + 1}, /* 2,500 are three pages, none is one */
                {"ec2:DescribeImages", 13},       /* 2,500 in batches of 200 */
                {"s3:ListBuckets", 1},
                {"s3:GetBucketVersioning", 7},
                {"s3:GetBucketAcl", 7},
                {"s3:GetBucketLocation", 0},
                {"iam:ListAccessKeys", 3},
                {"iam:GenerateCredentialReport", 2},
                {"iam:GetCredentialReport", 1},
                {"kms:GetKeyRotationStatus", 5},
                {"rds:DescribeDBInstances", 2}};
    const mw_estimate_options o = {.accounts = &one, .account_count = 1, .count = count};
    MW_AUTO(mw_estimate) e = {0};
    const mw_models *models;
    mw_types *types = NULL;
    mw_plan *plan = NULL;
    mw_error err = {0};
    uint64_t sum = 0;

    (void)state;
    assert_ok(mw_models_builtin(&models, &err));
    assert_ok(mw_types_load(NULL, 0, &types, &err));
    assert_ok(mw_plan_new(types, models, &plan, &err));
    for (size_t i = 0; i < MW_COUNT(needs); i++)
        assert_ok(mw_plan_need(plan, needs[i].type, needs[i].facet, &err));
    assert_ok(mw_plan_estimate(plan, &o, &e, &err));
    for (size_t i = 0; i < MW_COUNT(want); i++) {
        if (requests_of(&e.operations, want[i].operation) != want[i].requests)
            fail_msg("%s: %llu", want[i].operation, (unsigned long long)requests_of(&e.operations, want[i].operation));
    }
    assert_int_equal(e.scopes_assumed, 2); /* databases of both regions */
    for (size_t i = 0; i < e.call_count; i++)
        sum += e.calls[i];
    assert_int_equal(sum, e.requests);
    assert_int_equal(requests_of(&e.accounts, one.account), e.requests);
    assert_int_equal(requests_of(&e.regions, "eu-west-1") + requests_of(&e.regions, "us-west-2") +
                         requests_of(&e.regions, "us-east-1"),
                     e.requests);
    assert_ok(mw_estimate_add(&e, "sts:AssumeRole", one.account, "us-east-1", 1, &err));
    assert_int_equal(e.requests, sum + 1);
    mw_plan_free(plan);
    mw_types_free(types);
}

static void time_by_rate(void **state)
{
    const mw_rate_limit *unknown = mw_rate_limit_of("acm"), *ec2 = mw_rate_limit_of("ec2");
    int64_t before = 0;

    (void)state;
    assert_int_equal(mw_rate_estimate_ms(unknown, 0), 0);
    assert_int_equal(mw_rate_estimate_ms(unknown, 5), 0); /* a bucket's fill goes at once */
    for (uint64_t n = 10; n < 100000; n *= 3) {
        int64_t ms = mw_rate_estimate_ms(ec2, n);
        assert_true(ms >= before);
        assert_true((double)ms >= ((double)n - 110) * 1000 / ec2->most_rps);
        before = ms;
    }
}

static void prices(void **state)
{
    (void)state;
    assert_null(mw_price_of("ec2", "DescribeInstances"));
    assert_true(mw_price_usd("ce", "GetCostAndUsage", 3, 0) > 0.0299 &&
                mw_price_usd("ce", "GetCostAndUsage", 3, 0) < 0.0301);
    assert_true(mw_price_usd("cloudwatch", "GetMetricData", 2, 1000) > 0.0099);
    assert_true(mw_price_usd("cloudwatch", "GetMetricData", 2, 1000) < 0.0101);
    assert_true(mw_price_usd("s3", "ListBuckets", 1, 0) > mw_price_usd("s3", "GetBucketAcl", 1, 0));
    assert_true(mw_price_usd("ec2", "DescribeInstances", 1000000, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(figures), cmocka_unit_test(time_by_rate),
                                       cmocka_unit_test(prices)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
