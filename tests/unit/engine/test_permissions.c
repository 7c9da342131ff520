/*
 * Permissions from plans: every call of every shipped type has a well-formed action, actions are
 * shared and remember who asks for them.
 */
#include "../../support/support.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/permissions.h"

struct fixture {
    mw_types *types;
    const mw_models *models;
    mw_plan *plan;
    mw_permissions p;
};

static void begin(struct fixture *f)
{
    mw_error err = {0};

    *f = (struct fixture){0};
    assert_ok(mw_models_builtin(&f->models, &err));
    assert_ok(mw_types_load(NULL, 0, &f->types, &err));
    assert_ok(mw_plan_new(f->types, f->models, &f->plan, &err));
}

static void end(struct fixture *f)
{
    mw_permissions_clear(&f->p);
    mw_plan_free(f->plan);
    mw_types_free(f->types);
}

/* IAM User Guide, "Action": a namespace of lower case letters, digits and hyphens, a name of
 * letters and digits. */
static bool well_formed(const char *action)
{
    size_t n = strspn(action, "abcdefghijklmnopqrstuvwxyz0123456789-");
    size_t name =
        action[n] ? strspn(action + n + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") : 0;

    return n > 1 && action[n] == ':' && name > 1 && action[n + 1 + name] == '\0';
}

static void every_call_of_the_shipped_types(void **state)
{
    struct fixture f;
    mw_error err = {0};
    size_t operations = 0, without = 0;

    (void)state;
    begin(&f);
    for (size_t i = 0; i < mw_types_count(f.types); i++) {
        const mw_type *t = mw_types_at(f.types, i);
        assert_ok(mw_plan_need(f.plan, mw_type_name(t), NULL, &err));
        for (size_t k = 0; k < mw_type_facet_count(t); k++)
            assert_ok(mw_plan_need(f.plan, mw_type_name(t), mw_type_facet_at(t, k), &err));
    }
    assert_ok(mw_permissions_add_plan(&f.p, f.models, f.plan, "all", &err));
    for (size_t i = 0; i < f.p.count; i++) {
        const mw_permission *one = &f.p.items[i];
        if (!well_formed(one->action))
            fail_msg("'%s' is no action", one->action);
        if (i && strcmp(f.p.items[i - 1].action, one->action) >= 0)
            fail_msg("'%s' is not in order", one->action);
        assert_true(one->parts.count > 0 && one->operations.count > 0);
    }
    for (size_t i = 0; i < mw_plan_operation_count(f.plan); i++) {
        const char *name = mw_plan_operation_at(f.plan, i);
        bool found = false;
        for (size_t k = 0; k < f.p.count && !found; k++)
            for (size_t w = 0; w < f.p.items[k].operations.count && !found; w++)
                found = mw_str_eq(f.p.items[k].operations.items[w], name);
        operations += found;
        without += !found;
        if (!found && !mw_str_eq(name, "sts:GetCallerIdentity"))
            fail_msg("%s has no action", name);
    }
    assert_true(operations > 500 && without <= 1);
    end(&f);
}

static void who_asks(void **state)
{
    struct fixture f;
    const mw_permission *one;
    mw_error err = {0};

    (void)state;
    begin(&f);
    assert_ok(mw_plan_need(f.plan, "AWS::S3::Bucket", "Encryption", &err));
    assert_ok(mw_permissions_add_plan(&f.p, f.models, f.plan, "b-rule", &err));
    assert_ok(mw_permissions_add_plan(&f.p, f.models, f.plan, "a-rule", &err));
    assert_ok(mw_permissions_add_plan(&f.p, f.models, f.plan, "a-rule", &err));
    one = mw_permissions_get(&f.p, "s3:GetEncryptionConfiguration");
    assert_non_null(one);
    assert_int_equal(one->operations.count, 1);
    assert_string_equal(one->operations.items[0], "s3:GetBucketEncryption");
    assert_int_equal(one->parts.count, 1);
    assert_string_equal(one->parts.items[0], "AWS::S3::Bucket.Encryption");
    assert_int_equal(one->rules.count, 2);
    assert_string_equal(one->rules.items[0], "a-rule");
    assert_string_equal(one->rules.items[1], "b-rule");
    assert_non_null(mw_permissions_get(&f.p, "s3:ListAllMyBuckets"));
    assert_null(mw_permissions_get(&f.p, "s3:ListBuckets"));
    end(&f);
}

/* What prepares an answer is a call of its own. */
static void what_prepares_a_call(void **state)
{
    struct fixture f;
    mw_error err = {0};

    (void)state;
    begin(&f);
    assert_ok(mw_plan_need(f.plan, "AWS::IAM::User", "CredentialReport", &err));
    assert_ok(mw_permissions_add_plan(&f.p, f.models, f.plan, NULL, &err));
    assert_non_null(mw_permissions_get(&f.p, "iam:GenerateCredentialReport"));
    assert_non_null(mw_permissions_get(&f.p, "iam:GetCredentialReport"));
    assert_int_equal(mw_permissions_get(&f.p, "iam:GetCredentialReport")->rules.count, 0);
    assert_int_equal(mw_permissions_add(&f.p, f.models, "nonsense", "x", NULL, &err), MW_ERR_INVALID);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_of_the_shipped_types),
        cmocka_unit_test(who_asks),
        cmocka_unit_test(what_prepares_a_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
