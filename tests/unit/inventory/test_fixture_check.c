/* Fixtures against types and service models: what is refused, how it is named, what is let be. */
#include "../../support/support.h"

#include "base/mem.h"
#include "inventory/fixture_check.h"

static mw_types *types;
static const mw_models *models;

static const struct {
    const char *type, *item, *message; /* NULL: taken */
} rows[] = {
    {"AWS::S3::Bucket", "{\"Name\":\"b\",\"Versioning\":{\"Status\":\"Enabled\"},\"_tags\":{},\"_region\":\"x\"}",
     NULL},
    {"AWS::S3::Bucket", "{\"Versionning\":{}}",
     "resource.Versionning: AWS::S3::Bucket has no member 'Versionning'; did you mean 'Versioning'?"},
    {"AWS::S3::Bucket", "{\"Versioning\":{\"Statsu\":\"x\"}}",
     "resource.Versioning.Statsu: GetBucketVersioningOutput has no member 'Statsu'; did you mean 'Status'?"},
    {"AWS::S3::Bucket", "{\"Name\":1}", "resource.Name: expected text, found a whole number"},
    {"AWS::S3::Bucket", "{\"Versioning\":\"Enabled\"}", "resource.Versioning: expected a table, found text"},
    {"AWS::S3::Bucket", "{\"Versioning\":[1]}", "resource.Versioning: expected a table, found a list"},
    {"AWS::S3::Bucket", "{\"Acl\":{\"Grants\":[{\"Grantee\":{\"URI\":1}}]}}",
     "resource.Acl.Grants[1].Grantee.URI: expected text"},
    {"AWS::S3::Bucket", "{\"Acl\":{\"Grants\":{}}}", NULL},                       /* Lua's {} */
    {"AWS::S3::Bucket", "{\"Policy\":{\"Statement\":[{\"Anything\":1}]}}", NULL}, /* parsed text */
    {"AWS::S3::Bucket", "{\"CreationDate\":\"2026-01-02T00:00:00Z\"}", NULL},
    {"AWS::S3::Bucket", "{\"CreationDate\":5}", "resource.CreationDate: expected a time as text"},
    {"s3.bucket", "{\"Nmae\":\"b\"}", "did you mean 'Name'?"},
    {"AWS::EC2::Instance", "{\"InstanceId\":\"i\",\"State\":{\"Name\":\"running\",\"Code\":16}}", NULL},
    {"AWS::EC2::Instance", "{\"State\":{\"Code\":1.5}}",
     "resource.State.Code: expected a whole number, found a number"},
    {"AWS::EC2::Instance", "{\"EbsOptimized\":\"yes\"}", "resource.EbsOptimized: expected true or false, found text"},
    {"AWS::EC2::Instance", "{\"SecurityGroups\":{\"a\":1}}", "resource.SecurityGroups: expected a list, found a table"},
    {"AWS::EC2::Instance", "{\"Image\":{\"Publc\":true}}", "did you mean 'Public'?"}, /* a joined facet: one element */
    {"AWS::EC2::SecurityGroup", "{\"IpPermissions\":[{\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"},{\"Cidr\":1}]}]}",
     "resource.IpPermissions[1].IpRanges[2].Cidr: "},
    {"AWS::KMS::Key", "{\"KeyId\":\"k\",\"Enabled\":true,\"KeyArn\":\"a\"}", NULL}, /* list and describe call */
    {"AWS::KMS::Key", "{\"Enabledd\":true}", "did you mean 'Enabled'?"},
    {"AWS::Lambda::Function", "{\"Environment\":{\"Variables\":{\"Any\":\"x\"}}}", NULL}, /* a map */
    {"AWS::Lambda::Function", "{\"Environment\":{\"Variables\":{\"Any\":1}}}",
     "resource.Environment.Variables.Any: expected text"},
    {"AWS::IAM::Role", "{\"AssumeRolePolicyDocument\":{\"Statement\":[]}}", NULL}, /* decoded by the client */
    {"AWS::ElasticLoadBalancingV2::LoadBalancer", "{\"Attributes\":{\"deletion_protection.enabled\":\"true\"}}",
     NULL}, /* keyed */
    {"AWS::Lambda::Function", "{\"Metrics\":{\"Errors\":{\"Sum\":1}}}", NULL},
    {"AWS::Lambda::Function", "{\"Metrics\":{\"Erors\":{}}}",
     "resource.Metrics.Erors: Metrics has no member 'Erors'; did you mean 'Errors'?"},
    {"AWS::S3::Bucket", "{\"Brandnew\":{\"X\":1}}", NULL}, /* excepted below */
    {"AWS::S3::Bucket", "{\"Brandnewer\":1}", "resource.Brandnewer: "},
};

static void test_rows(void **state)
{
    mw_doc_builder *b;
    mw_error err = {0};
    mw_val except;

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_json_read(b, "[\"resource.Brandnew\"]", 21, NULL, NULL, &err));
    except = mw_doc_pop(b);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_status st;
        assert_ok(mw_json_read(b, rows[i].item, strlen(rows[i].item), NULL, NULL, &err));
        st = mw_fixture_check(types, models, rows[i].type, mw_doc_view(b), mw_doc_pop(b), "resource", except, &err);
        if ((st == MW_OK) != (rows[i].message == NULL) || (st != MW_OK && !strstr(err.message, rows[i].message)))
            fail_msg("%s: %s", rows[i].item, st == MW_OK ? "taken" : err.message);
    }
    mw_doc_builder_free(b);
}

/* An unknown value stands for anything, and nearly every built-in type knows all members of its items. */
static void test_every_type(void **state)
{
    mw_doc_builder *b;
    mw_error err = {0};
    size_t loose = 0;

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    for (size_t i = 0; i < mw_types_count(types); i++) {
        const char *name = mw_type_name(mw_types_at(types, i));
        mw_val item;
        for (size_t k = 0; k < mw_type_facet_count(mw_types_at(types, i)); k++) {
            mw_doc_begin_object(b);
            mw_doc_ckey(b, mw_type_facet_at(mw_types_at(types, i), k));
            mw_doc_begin_object(b);
            mw_doc_end_object(b);
            mw_doc_add_unknown(b);
            mw_doc_end_object(b);
            item = mw_doc_pop(b);
            assert_ok(mw_fixture_check(types, models, name, mw_doc_view(b), item, "r", MW_VAL_ABSENT, &err));
        }
        assert_ok(mw_json_read(b, "{\"Zzz\":1}", 9, NULL, NULL, &err));
        if (mw_fixture_check(types, models, name, mw_doc_view(b), mw_doc_pop(b), "r", MW_VAL_ABSENT, &err) == MW_OK)
            loose++;
    }
    /* Lists of mere names become objects that no model knows: 26 types today. */
    assert_in_range(loose, 0, mw_types_count(types) / 10);
    mw_doc_builder_free(b);
}

static int open_all(void **state)
{
    (void)state;
    return mw_types_load(NULL, 0, &types, NULL) != MW_OK || mw_models_builtin(&models, NULL) != MW_OK;
}

static int close_all(void **state)
{
    (void)state;
    mw_types_free(types);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_every_type)};

    return cmocka_run_group_tests(tests, open_all, close_all);
}
