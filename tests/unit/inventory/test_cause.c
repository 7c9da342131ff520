/* Codes and AWS's words to the class of a cause. */
#include "base/mem.h"
#include "inventory/cause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define USER                                                                                                           \
    "User: arn:aws:sts::111122223333:assumed-role/Reader/s is not authorized to perform: "                             \
    "s3:GetBucketVersioning on resource: "

static void classes(void **state)
{
    static const struct {
        const char *code, *message, *class;
    } rows[] = {
        {"AccessDenied",
         USER "\"arn:aws:s3:::b\" because no identity-based policy allows the "
              "s3:GetBucketVersioning action",
         "denied_identity_policy"},
        {"AccessDeniedException", USER "b with an explicit deny in an identity-based policy", "denied_identity_policy"},
        {"AccessDenied", USER "b with an explicit deny in a service control policy", "denied_scp"},
        {"AccessDenied",
         USER "b with an explicit deny in a service control policy: "
              "arn:aws:organizations::1:policy/o-1/p-1",
         "denied_scp"},
        {"UnauthorizedOperation",
         "You are not authorized to perform this operation. " USER
         "b because no service control policy allows the action",
         "denied_scp"},
        {"AccessDenied", USER "b with an explicit deny in a resource control policy", "denied_rcp"},
        {"AccessDenied", USER "b because no permissions boundary allows the action", "denied_permissions_boundary"},
        {"AccessDenied", USER "b with an explicit deny in a permissions boundary", "denied_permissions_boundary"},
        {"AccessDenied", USER "b because no session policy allows the action", "denied_session_policy"},
        {"AccessDenied", USER "b with an explicit deny in a session policy", "denied_session_policy"},
        {"AccessDenied", USER "b with an explicit deny in a resource-based policy", "denied_resource_policy"},
        {"AccessDenied", USER "b because no resource-based policy allows the action", "denied_resource_policy"},
        {"AccessDenied", USER "b because no VPC endpoint policy allows the action", "denied_endpoint_policy"},
        {"AccessDenied", "… sts:AssumeRole because no role trust policy allows the sts:AssumeRole action",
         "denied_trust_policy"},
        {"AccessDenied", "… sts:AssumeRole with an explicit deny in the role trust policy", "denied_trust_policy"},
        {"AccessDenied", "Access Denied", "denied"},
        {"AccessDenied", NULL, "denied"},
        /* A resource that is called like a policy, and one whose name stands where AWS's phrase
           would. */
        {"AccessDenied", USER "arn:aws:s3:::service control policy", "denied"},
        {"AccessDenied", USER "arn:aws:s3:::x explicit deny in a bucket with an explicit deny in a session policy",
         "denied_session_policy"},
        {"AccessDenied", USER "explicit deny in a session policy with an explicit deny in a permissions boundary",
         "denied_permissions_boundary"},
        {"403", "Forbidden", "denied"},
        {"Throttling", "Rate exceeded", "throttled"},
        {"RequestLimitExceeded", NULL, "throttled"},
        {"SlowDown", NULL, "throttled"},
        {"OptInRequired", NULL, "region_disabled"},
        {"RegionDisabled", NULL, "region_disabled"},
        {"InvalidAction", NULL, "not_in_region"},
        {"CircuitOpen", NULL, "breaker_open"},
        {"BudgetSpent", NULL, "budget"},
        {"ConnectionFailed", NULL, "unreachable"},
        {"Timeout", NULL, "deadline"},
        {"MalformedAnswer", NULL, "malformed"},
        {"InternalError", NULL, "service_error"},
        {"UnsupportedByModels", NULL, "unsupported"},
        {"NotCollected", NULL, "not_asked"},
        {"Withheld", NULL, "withheld"},
        {"ExpiredToken", NULL, "credentials"},
        {"SomethingNew", "explicit deny in a service control policy", "other"},
        {NULL, NULL, "other"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        assert_string_equal(mw_cause_class_name(mw_cause_classify(rows[i].code, rows[i].message)), rows[i].class);
}

static void texts(void **state)
{
    static const struct {
        const char *message, *class;
    } rows[] = {
        {"Versioning is unknown: s3:GetBucketVersioning: AccessDenied (" USER
         "b with an explicit deny in a service control policy)",
         "denied_scp"},
        {"ec2:DescribeInstances: RequestLimitExceeded (Request limit exceeded.)", "throttled"},
        {"UserData is unknown: Withheld (the store does not keep it; a live sweep judges it)", "withheld"},
        {"Metrics.X is unknown: NotCollected (the snapshot did not ask for it)", "not_asked"},
        {"the list is unknown: ec2:DescribeVpcs: SomethingNew", "other"},
        {"ec2:DescribeVpcs: CircuitOpen (20 requests in a row failed, the last with: "
         "InternalError; not sent)",
         "breaker_open"},
        {"no telling: the certificate has no end", "rule"},
        {"denied", "rule"},
        {"", "rule"},
        {NULL, "rule"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        assert_string_equal(mw_cause_class_name(mw_cause_classify_text(rows[i].message)), rows[i].class);
}

static void names(void **state)
{
    (void)state;
    for (unsigned c = 0; c < MW_CAUSE_COUNT; c++) {
        assert_non_null(mw_cause_class_name((mw_cause_class)c));
        assert_non_null(mw_cause_class_help((mw_cause_class)c));
        for (unsigned k = 0; k < c; k++)
            assert_string_not_equal(mw_cause_class_name((mw_cause_class)c), mw_cause_class_name((mw_cause_class)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(classes), cmocka_unit_test(texts), cmocka_unit_test(names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
