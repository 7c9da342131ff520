/* Permissions against policies: what is allowed, hangs on a condition, is missing, is more than
 * needed. */
#include "../../support/support.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/permission_diff.h"

#define ALLOW(action) "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":" action ",\"Resource\":\"*\"}}"
#define LIMITED(action)                                                                                                \
    "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":" action ",\"Resource\":\"arn:aws:s3:::b\"}"                     \
    "]}"
#define DENY(action) "{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":" action ",\"Resource\":[\"x\",\"*\"]}]}"
#define WHERE(effect, action)                                                                                          \
    "{\"Statement\":[{\"Effect\":\"" effect "\",\"Action\":" action ",\"Resource\":\"*\",\"Condition\":{\"Bool\":"     \
    "{\"aws:SecureTransport\":\"true\"}}}]}"
#define BUT(effect, action) "{\"Statement\":[{\"Effect\":\"" effect "\",\"NotAction\":" action ",\"Resource\":\"*\"}]}"

/* What is needed is s3:GetBucketAcl. */
static const struct {
    const char *name, *policies[3], *boundary;
    mw_grant grant;
    const char *why;
} rows[] = {
    {"nothing", {NULL}, NULL, MW_GRANT_MISSING, "no policy allows it"},
    {"itself", {ALLOW("\"s3:GetBucketAcl\"")}, NULL, MW_GRANT_ALLOWED, NULL},
    {"folded", {ALLOW("[\"S3:getbucketACL\"]")}, NULL, MW_GRANT_ALLOWED, NULL},
    {"wildcard", {ALLOW("[\"ec2:*\",\"s3:Get*\"]")}, NULL, MW_GRANT_ALLOWED, NULL},
    {"question mark", {ALLOW("\"s3:GetBucketAc?\"")}, NULL, MW_GRANT_ALLOWED, NULL},
    {"everything", {ALLOW("\"*\"")}, NULL, MW_GRANT_ALLOWED, NULL},
    {"another", {ALLOW("\"s3:GetBucketTagging\"")}, NULL, MW_GRANT_MISSING, "no policy allows it"},
    {"not action", {BUT("Allow", "\"iam:*\"")}, NULL, MW_GRANT_ALLOWED, NULL},
    {"not this action", {BUT("Allow", "[\"iam:*\",\"s3:*\"]")}, NULL, MW_GRANT_MISSING, "no policy allows it"},
    {"some resources", {LIMITED("\"s3:*\"")}, NULL, MW_GRANT_CONDITIONAL, "allowed by p0 under a condition"},
    {"some and all", {LIMITED("\"s3:*\""), ALLOW("\"s3:*\"")}, NULL, MW_GRANT_ALLOWED, NULL},
    {"condition", {WHERE("Allow", "\"s3:*\"")}, NULL, MW_GRANT_CONDITIONAL, "allowed by p0 under a condition"},
    {"denied", {ALLOW("\"*\""), DENY("\"s3:Get*\"")}, NULL, MW_GRANT_MISSING, "denied by p1"},
    {"denied but", {ALLOW("\"*\""), BUT("Deny", "\"iam:*\"")}, NULL, MW_GRANT_MISSING, "denied by p1"},
    {"not denied but", {ALLOW("\"*\""), BUT("Deny", "\"s3:*\"")}, NULL, MW_GRANT_ALLOWED, NULL},
    {"denied sometimes", {ALLOW("\"*\""), WHERE("Deny", "\"s3:*\"")}, NULL, MW_GRANT_CONDITIONAL, "denied by p1 where"},
    {"denied, and sometimes", {WHERE("Deny", "\"s3:*\""), DENY("\"s3:*\"")}, NULL, MW_GRANT_MISSING, "denied by p1"},
    {"inside the boundary", {ALLOW("\"s3:*\"")}, ALLOW("\"s3:*\""), MW_GRANT_ALLOWED, NULL},
    {"outside the boundary",
     {ALLOW("\"s3:*\"")},
     ALLOW("\"ec2:*\""),
     MW_GRANT_MISSING,
     "the permissions boundary does not"},
    {"a boundary allows nothing", {NULL}, ALLOW("\"s3:*\""), MW_GRANT_MISSING, "no policy allows it"},
    {"sometimes in the boundary",
     {ALLOW("\"s3:*\"")},
     WHERE("Allow", "\"*\""),
     MW_GRANT_CONDITIONAL,
     "allowed by boundary"},
    {"denied by the boundary", {ALLOW("\"s3:*\"")}, DENY("\"*\""), MW_GRANT_MISSING, "denied by boundary"},
};

static mw_status add(mw_policy_set *s, const char *name, const char *json, bool boundary, mw_error *out)
{
    mw_doc_builder *b = NULL;
    mw_error err = {0};
    mw_val v;
    mw_status st;

    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_json_read(b, json, strlen(json), NULL, NULL, &err));
    v = mw_doc_pop(b);
    st = mw_policy_set_add(s, name, mw_doc_view(b), v, boundary, out);
    mw_doc_builder_free(b);
    return st;
}

static void need(mw_permissions *p, const char *operation)
{
    const mw_models *m;
    mw_error err = {0};

    assert_ok(mw_models_builtin(&m, &err));
    assert_ok(mw_permissions_add(p, m, operation, "part", "rule", &err));
}

static void one_action(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_permissions) p = {0};
        MW_AUTO(mw_policy_set) s = {0};
        MW_AUTO(mw_permission_diff) d = {0};
        mw_error err = {0};
        assert_ok(mw_policy_set_begin(&s, &err));
        need(&p, "s3:GetBucketAcl");
        for (size_t k = 0; k < MW_COUNT(rows[i].policies) && rows[i].policies[k]; k++)
            assert_ok(add(&s, k == 0 ? "p0" : "p1", rows[i].policies[k], false, &err));
        if (rows[i].boundary)
            assert_ok(add(&s, "boundary", rows[i].boundary, true, &err));
        assert_ok(mw_permissions_compare(&p, &s, &d, &err));
        if (d.grants[0].grant != rows[i].grant || (rows[i].why && !strstr(d.grants[0].why, rows[i].why)) ||
            (!rows[i].why && d.grants[0].why))
            fail_msg("%s: %s, %s", rows[i].name, mw_grant_name(d.grants[0].grant),
                     d.grants[0].why ? d.grants[0].why : "-");
        assert_int_equal(d.missing, rows[i].grant == MW_GRANT_MISSING);
        assert_int_equal(d.conditional, rows[i].grant == MW_GRANT_CONDITIONAL);
    }
}

static void what_is_more_than_needed(void **state)
{
    MW_AUTO(mw_permissions) p = {0};
    MW_AUTO(mw_policy_set) s = {0};
    MW_AUTO(mw_permission_diff) d = {0};
    MW_AUTO(mw_buf) got = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_policy_set_begin(&s, &err));
    need(&p, "s3:GetBucketAcl");
    need(&p, "ec2:DescribeVpcs");
    assert_ok(add(&s, "b", ALLOW("[\"s3:getbucketacl\",\"iam:PassRole\",\"ec2:Describe*\"]"), false, &err));
    assert_ok(add(&s, "a", ALLOW("[\"iam:PassRole\",\"iam:PassRole\"]"), false, &err));
    assert_ok(add(&s, "a", BUT("Allow", "[\"iam:*\",\"sts:*\"]"), false, &err));
    assert_ok(add(&s, "a", DENY("\"kms:*\""), false, &err));
    assert_ok(add(&s, "limit", ALLOW("\"*\""), true, &err));
    assert_ok(mw_permissions_compare(&p, &s, &d, &err));
    for (size_t i = 0; i < d.surplus_count; i++)
        mw_buf_printf(&got, "%s %s %d\n", d.surplus[i].action, d.surplus[i].policy, d.surplus[i].wildcard);
    assert_string_equal(got.data,
                        "ec2:Describe* b 1\neverything but iam:*, sts:* a 1\niam:PassRole a 0\niam:PassRole b 0\n");
    assert_int_equal(d.missing + d.conditional, 0);
}

static void what_is_no_policy(void **state)
{
    static const char *const wrong[] = {"[]",
                                        "{}",
                                        "{\"Statement\":[1]}",
                                        "{\"Statement\":{\"Effect\":\"Allow\"}}",
                                        "{\"Statement\":{\"Effect\":\"allow\",\"Action\":\"*\"}}",
                                        "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"NotAction\":\"*\"}}",
                                        "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":[1]}}",
                                        "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":[]}}"};
    MW_AUTO(mw_policy_set) s = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_policy_set_begin(&s, &err));
    for (size_t i = 0; i < MW_COUNT(wrong); i++)
        if (add(&s, "named", wrong[i], false, &err) != MW_ERR_INVALID || !strstr(err.message, "named"))
            fail_msg("%s was taken", wrong[i]);
    assert_int_equal(s.count, 0);
    assert_ok(add(&s, "empty", "{\"Statement\":[]}", false, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_action),
        cmocka_unit_test(what_is_more_than_needed),
        cmocka_unit_test(what_is_no_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
