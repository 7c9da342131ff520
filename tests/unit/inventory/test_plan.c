/* Plans: needs and what they bring, sharing, what the models lack, both forms of the description. */
#include "../../support/support.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/plan_internal.h"

struct fixture {
    mw_types *types;
    const mw_models *models;
    mw_plan *plan;
};

static void begin(struct fixture *f)
{
    mw_error err = {0};

    assert_ok(mw_models_builtin(&f->models, &err));
    assert_ok(mw_types_load(NULL, 0, &f->types, &err));
    assert_ok(mw_plan_new(f->types, f->models, &f->plan, &err));
}

static void end(struct fixture *f)
{
    mw_plan_free(f->plan);
    mw_types_free(f->types);
}

static void need(struct fixture *f, const char *type, const char *facet)
{
    mw_error err = {0};

    assert_ok(mw_plan_need(f->plan, type, facet, &err));
}

static void is_operations(const struct fixture *f, const char *expected)
{
    mw_buf list = {0};

    for (size_t i = 0; i < mw_plan_operation_count(f->plan); i++)
        mw_buf_printf(&list, "%s%s", i ? " " : "", mw_plan_operation_at(f->plan, i));
    assert_string_equal(list.data ? list.data : "", expected);
    mw_buf_clear(&list);
    assert_null(mw_plan_operation_at(f->plan, mw_plan_operation_count(f->plan)));
}

static void sharing(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    is_operations(&f, "");
    need(&f, "AWS::IAM::User", NULL);
    need(&f, "AWS::IAM::Role", NULL);
    need(&f, "iam.group", "Users");
    need(&f, "AWS::::Account", "AuthorizationDetails");
    need(&f, "AWS::IAM::User", NULL);
    is_operations(&f, "iam:GetAccountAuthorizationDetails sts:GetCallerIdentity");
    assert_int_equal(f.plan->call_count, 2);
    need(&f, "AWS::KMS::Key", "Tags");
    need(&f, "AWS::Lambda::Function", "Tags");
    need(&f, "AWS::CloudTrail::Trail", "Tags");
    is_operations(&f, "cloudtrail:DescribeTrails iam:GetAccountAuthorizationDetails kms:DescribeKey "
                      "kms:ListKeys lambda:ListFunctions resourcegroupstaggingapi:GetResources "
                      "sts:GetCallerIdentity");
    assert_int_equal(f.plan->call_count, 7);
    /* The same parameters, read as a row for the user and as a whole for the account. */
    need(&f, "AWS::::Account", "CredentialReport");
    need(&f, "AWS::IAM::User", "CredentialReport");
    assert_int_equal(f.plan->call_count, 8);
    end(&f);
}

static void follows(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    need(&f, "AWS::IAM::AccessKey", NULL);
    is_operations(&f, "iam:GetAccountAuthorizationDetails iam:ListAccessKeys");
    assert_int_equal(f.plan->count, 2);
    need(&f, "AWS::Lambda::Function", "CodeSigningConfig");
    is_operations(&f, "iam:GetAccountAuthorizationDetails iam:ListAccessKeys lambda:GetCodeSigningConfig "
                      "lambda:GetFunctionCodeSigningConfig lambda:ListFunctions");
    end(&f);
}

static void mistakes(void **state)
{
    struct fixture f;
    mw_error err = {0};

    (void)state;
    begin(&f);
    assert_int_equal(mw_plan_need(f.plan, "AWS::S3::Buckets", NULL, &err), MW_ERR_NOTFOUND);
    assert_string_equal(err.message, "resource type 'AWS::S3::Buckets' does not exist; did you mean "
                                     "'AWS::S3::Bucket'?");
    assert_int_equal(mw_plan_need(f.plan, "AWS::S3::Bucket", "Versionning", &err), MW_ERR_NOTFOUND);
    assert_string_equal(err.message, "AWS::S3::Bucket: facet 'Versionning' does not exist; did you mean 'Versioning'?");
    assert_int_equal(mw_plan_need(f.plan, "X", NULL, &err), MW_ERR_NOTFOUND);
    assert_int_equal(f.plan->count, 0);
    end(&f);
}

static void described(void **state)
{
    struct fixture f;
    mw_buf text = {0};
    mw_error err = {0};
    mw_doc_builder *b = NULL;

    (void)state;
    begin(&f);
    need(&f, "AWS::EC2::Instance", "Image");
    need(&f, "AWS::S3::Bucket", "Versioning");
    need(&f, "AWS::IAM::AccessKey", NULL);
    need(&f, "AWS::IAM::User", "CredentialReport");
    assert_ok(mw_plan_text(f.plan, &(mw_plan_view){.accounts = 3, .regions = 17}, &text, &err));
    assert_non_null(strstr(text.data, "for 4 resource types in 3 accounts and 17 regions; at least 60"));
    assert_non_null(strstr(text.data, "once per region\n  ec2:DescribeInstances"));
    assert_non_null(strstr(text.data, "AWS::EC2::Instance.Image (200 per call)"));
    assert_non_null(strstr(text.data, "(after iam:GenerateCredentialReport)"));
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    mw_doc_begin_object(b);
    assert_ok(mw_plan_members(f.plan, &(mw_plan_view){.accounts = 3, .regions = 17}, b, &err));
    mw_doc_end_object(b);
    mw_val root = mw_doc_pop(b), calls = mw_val_get(mw_doc_view(b), root, "calls");
    assert_int_equal(mw_val_len(mw_doc_view(b), calls), f.plan->call_count);
    assert_int_equal(mw_val_get_int(mw_doc_view(b), root, "at_least", 0), 60);
    for (size_t i = 0; i < mw_val_len(mw_doc_view(b), calls); i++)
        assert_true(mw_val_get_bool(mw_doc_view(b), mw_val_at(mw_doc_view(b), calls, i), "supported", false));
    mw_doc_builder_free(b);
    mw_buf_clear(&text);
    end(&f);
}

static void everything(void **state)
{
    struct fixture f;
    mw_buf text = {0};
    mw_error err = {0};

    (void)state;
    begin(&f);
    for (size_t t = 0; t < mw_types_count(f.types); t++) {
        const mw_type *type = mw_types_at(f.types, t);
        need(&f, mw_type_name(type), NULL);
        for (size_t i = 0; i < mw_type_facet_count(type); i++)
            need(&f, mw_type_name(type), mw_type_facet_at(type, i));
    }
    assert_int_equal(f.plan->count, mw_types_count(f.types));
    for (size_t i = 0; i < f.plan->call_count; i++)
        assert_non_null(f.plan->calls[i]->readers);
    assert_ok(mw_plan_text(f.plan, &(mw_plan_view){.accounts = 1, .regions = 1}, &text, &err));
    mw_buf_clear(&text);
    end(&f);
}

static void out_of_memory(void **state)
{
    (void)state;
    for (long n = 1; n < 5000; n++) {
        struct fixture f;
        struct failing_alloc fail = {.fail_at = n};
        mw_error err = {0};
        begin(&f);
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &fail;
        mw_status st = mw_plan_need(f.plan, "AWS::IAM::AccessKey", "LastUsed", &err);
        if (st == MW_OK)
            st = mw_plan_need(f.plan, "AWS::Lambda::Function", "CodeSigningConfig", &err);
        mw_sys_reset();
        end(&f);
        if (fail.count < n) {
            assert_int_equal(st, MW_OK);
            return;
        }
        assert_int_not_equal(st, MW_OK);
    }
    fail_msg("never enough memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharing),   cmocka_unit_test(follows),    cmocka_unit_test(mistakes),
        cmocka_unit_test(described), cmocka_unit_test(everything), cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
