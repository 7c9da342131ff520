/* Policies from actions: their shape, what AWS counts of them, where they are split. */
#include "../../support/support.h"

#include "base/mem.h"
#include "base/str.h"
#include "report/iam_policy.h"

#include <stdio.h>

#define MANY 700

static const char *many[MANY];
static char texts[MANY][64];

/* What IAM counts: everything but whitespace. */
static size_t counted(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += !strchr(" \t\r\n", *s);
    return n;
}

static void make_many(void)
{
    for (size_t i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof(texts[i]), "service-%02zu:DescribeSomething%04zu", i / 40, i);
        many[i] = texts[i];
    }
}

static void one_statement_a_service(void **state)
{
    static const char *const items[] = {"access-analyzer:ListAnalyzers", "ec2:DescribeVpcs", "s3:GetBucketAcl",
                                        "s3:ListAllMyBuckets", "s3express:ListAllMyDirectoryBuckets"};
    const mw_iam_actions a = {items, MW_COUNT(items)};
    static const char *const wanted[] = {"\"Sid\": \"AccessAnalyzer\"",
                                         "\"Sid\": \"Ec2\"",
                                         "\"Sid\": \"S3\"",
                                         "\"Sid\": \"S3express\"",
                                         "\"Version\": \"2012-10-17\"",
                                         "\"s3:GetBucketAcl\",\n        \"s3:ListAllMyBuckets\"\n"};
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_iam_policy_json(a, false, &out, &err));
    for (size_t i = 0; i < MW_COUNT(wanted); i++)
        if (!strstr(out.data, wanted[i]))
            fail_msg("%s is not in\n%s", wanted[i], out.data);
    assert_int_equal(counted(out.data), mw_iam_policy_size(a));
}

static void nothing_is_allowed_to_nobody(void **state)
{
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_iam_policy_json((mw_iam_actions){0}, false, &out, &err));
    assert_non_null(strstr(out.data, "\"Statement\": []"));
    assert_int_equal(counted(out.data), mw_iam_policy_size((mw_iam_actions){0}));
    mw_buf_reset(&out);
    assert_ok(mw_iam_policy_json((mw_iam_actions){0}, true, &out, &err));
    assert_string_equal(out.data, "[]\n");
}

/* Size by size: the count is IAM's, each share is as large as it can be, nothing is lost. */
static void sizes_and_shares(void **state)
{
    (void)state;
    make_many();
    for (size_t n = 1; n <= MANY; n += 13) {
        const mw_iam_actions a = {many, n};
        MW_AUTO(mw_buf) out = {0};
        mw_error err = {0};
        assert_ok(mw_iam_policy_json(a, false, &out, &err));
        assert_int_equal(counted(out.data), mw_iam_policy_size(a));
    }
    for (mw_iam_actions left = {many, MANY}; left.count > 0;) {
        size_t n = mw_iam_policy_fit(left, MW_IAM_MANAGED_MAX);
        assert_in_range(n, 1, left.count);
        assert_true(mw_iam_policy_size((mw_iam_actions){left.items, n}) <= MW_IAM_MANAGED_MAX);
        if (n < left.count)
            assert_true(mw_iam_policy_size((mw_iam_actions){left.items, n + 1}) > MW_IAM_MANAGED_MAX);
        left.items += n;
        left.count -= n;
    }
    assert_int_equal(mw_iam_policy_fit((mw_iam_actions){many, 5}, 10), 1);
}

static void templates_hold_every_action(void **state)
{
    mw_error err = {0};

    (void)state;
    make_many();
    for (int kind = 0; kind < 3; kind++) {
        const mw_iam_actions a = {many, MANY};
        MW_AUTO(mw_buf) out = {0};
        assert_ok(kind == 0   ? mw_iam_policy_json(a, true, &out, &err)
                  : kind == 1 ? mw_iam_policy_cloudformation(a, &out, &err)
                              : mw_iam_policy_terraform(a, "aws_iam_role.reader", &out, &err));
        for (size_t i = 0; i < MANY; i++)
            assert_non_null(strstr(out.data, many[i]));
        if (kind == 1) {
            assert_non_null(strstr(out.data, "MoonwardPolicy2:"));
            assert_non_null(strstr(out.data, "Ref: MoonwardPolicy2"));
        }
        if (kind == 2) {
            assert_non_null(strstr(out.data, "resource \"aws_iam_policy\" \"moonward_2\" {"));
            assert_non_null(strstr(out.data, "policy_arn = aws_iam_policy.moonward_2.arn"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_statement_a_service),
        cmocka_unit_test(nothing_is_allowed_to_nobody),
        cmocka_unit_test(sizes_and_shares),
        cmocka_unit_test(templates_hold_every_action),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
