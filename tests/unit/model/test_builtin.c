/*
 * The pack that the binary carries: well-known services, operations and traits of any botocore since
 * 2022. With a data folder as argument, a pack of that one instead.
 */
#include "support/support.h"

#include "base/buf.h"
#include "unit/model/walk.h"

static const mw_models *models;
static mw_models *compiled;
static mw_buf pack;
static const char *tree; /* argument, or NULL */

static int open_pack(void **state)
{
    mw_error err = {0};

    (void)state;
    if (tree) {
        assert_ok(mw_models_compile_tree(tree, NULL, &pack, &err));
        assert_ok(mw_models_open(pack.data, pack.len, &compiled, &err));
        models = compiled;
        return 0;
    }
    assert_ok(mw_models_builtin(&models, &err));
    return 0;
}

static int close_pack(void **state)
{
    (void)state;
    mw_models_free(compiled);
    mw_buf_clear(&pack);
    return 0;
}

static const mw_operation *operation(const char *service, const char *name)
{
    const mw_service *s = mw_models_service(models, service);
    const mw_operation *o = s ? mw_service_operation(s, name) : NULL;

    if (!o)
        fail_msg("%s:%s is missing", service, name);
    return o;
}

static const mw_member *member(const mw_shape *s, const char *name)
{
    const mw_member *m = s ? mw_shape_member(s, name, strlen(name)) : NULL;

    if (!m)
        fail_msg("%s has no member %s", s ? mw_shape_name(s) : "(none)", name);
    return m;
}

static void it_is_one_and_whole(void **state)
{
    const mw_models *again = NULL;
    mw_error err = {0};

    (void)state;
    if (!compiled) {
        assert_ok(mw_models_builtin(&again, &err));
        assert_ptr_equal(again, models);
    }
    assert_ok(mw__pack_check(models->header, models->header->size, &err));
    assert_true(mw_models_service_count(models) >= 300);
    assert_true(mw_models_size_bytes(models) < (16 << 20));
    assert_int_not_equal(strcmp(mw_models_botocore_version(models), "unknown"), 0);
    assert_true(walk_pack(models) > 0);
}

static void well_known_operations(void **state)
{
    static const struct {
        const char *service, *operation, *method, *uri, *result_key;
        int protocol; /* -1: differs between vintages */
    } rows[] = {
        {"ec2", "DescribeInstances", "POST", "/", "Reservations", MW_PROTO_EC2},
        {"s3", "ListBuckets", "GET", "/", NULL, MW_PROTO_REST_XML},
        {"iam", "ListUsers", "POST", "/", "Users", MW_PROTO_QUERY},
        {"kms", "ListKeys", "POST", "/", "Keys", MW_PROTO_JSON},
        {"rds", "DescribeDBInstances", "POST", "/", "DBInstances", MW_PROTO_QUERY},
        {"lambda", "ListFunctions", "GET", "/2015-03-31/functions", "Functions", MW_PROTO_REST_JSON},
        {"cloudtrail", "DescribeTrails", "POST", "/", NULL, MW_PROTO_JSON},
        {"dynamodb", "ListTables", "POST", "/", "TableNames", MW_PROTO_JSON},
        {"sts", "GetCallerIdentity", "POST", "/", NULL, MW_PROTO_QUERY},
        {"cloudfront", "ListDistributions", "GET", "/2020-05-31/distribution", "DistributionList.Items",
         MW_PROTO_REST_XML},
        {"sqs", "ListQueues", "POST", "/", "QueueUrls", -1},
        {"elbv2", "DescribeLoadBalancers", "POST", "/", "LoadBalancers", MW_PROTO_QUERY},
    };
    const mw_doc *d = mw_models_doc(models);

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const mw_operation *o = operation(rows[i].service, rows[i].operation);
        const mw_service *s = mw_operation_service(o);
        mw_val key = mw_val_get(d, mw_service_paginator(s, rows[i].operation), "result_key");

        assert_string_equal(mw_operation_method(o), rows[i].method);
        /* A slash at the end of some went away between 2022 and today. */
        assert_memory_equal(mw_operation_uri(o), rows[i].uri, strlen(rows[i].uri));
        if (rows[i].protocol >= 0)
            assert_int_equal(mw_service_protocol(s), rows[i].protocol);
        if (rows[i].result_key)
            assert_string_equal(mw_val_str(d, key, NULL), rows[i].result_key);
        assert_int_equal(mw_val_kind(d, mw_service_ruleset(s)), MW_KIND_OBJECT);
    }
}

static void well_known_traits(void **state)
{
    const mw_operation *describe = operation("ec2", "DescribeInstances"), *object = operation("s3", "GetObject"),
                       *put = operation("s3", "PutObject"), *list = operation("iam", "ListUsers"),
                       *control = operation("s3control", "GetPublicAccessBlock");
    const mw_shape *out = mw_operation_output(describe), *reservation, *instance;
    const mw_service *s3 = mw_operation_service(object);
    const mw_shape *error = mw_service_error(s3, "NoSuchKey"), *grant;

    (void)state;
    assert_ptr_equal(mw_shape_member_wire(out, "reservationSet", 14), member(out, "Reservations"));
    reservation = mw_member_shape(mw_shape_element(mw_member_shape(member(out, "Reservations"))));
    assert_string_equal(mw_member_location_name(mw_shape_element(mw_member_shape(member(out, "Reservations")))),
                        "item");
    instance = mw_member_shape(mw_shape_element(mw_member_shape(member(reservation, "Instances"))));
    assert_string_equal(mw_member_location_name(member(instance, "InstanceId")), "instanceId");
    assert_int_equal(mw_shape_type_of(mw_member_shape(member(instance, "LaunchTime"))), MW_SHAPE_TIMESTAMP);
    assert_true(
        mw_member_idempotency_token(member(mw_operation_input(operation("ec2", "RunInstances")), "ClientToken")));

    assert_string_equal(mw_operation_result_wrapper(list), "ListUsersResult");
    assert_int_equal(mw_member_location(member(mw_operation_input(object), "Key")), MW_LOC_URI);
    assert_int_equal(mw_member_location(member(mw_operation_input(object), "VersionId")), MW_LOC_QUERYSTRING);
    assert_string_equal(mw_member_location_name(member(mw_operation_input(object), "VersionId")), "versionId");
    assert_string_equal(mw_member_context_param(member(mw_operation_input(object), "Bucket")), "Bucket");
    assert_int_equal(mw_member_location(member(mw_operation_output(object), "Metadata")), MW_LOC_HEADERS);
    assert_ptr_equal(mw_shape_payload(mw_operation_output(object)), member(mw_operation_output(object), "Body"));
    assert_true(mw_member_streaming(mw_shape_payload(mw_operation_output(object))));
    assert_true(mw_member_streaming(mw_shape_payload(mw_operation_input(put))));
    assert_int_equal(mw_val_kind(mw_models_doc(models), mw_operation_extra(put, "httpChecksum")), MW_KIND_OBJECT);
    assert_int_equal(mw_val_kind(mw_models_doc(models), mw_service_extra(s3, "clientContextParams")), MW_KIND_OBJECT);
    assert_non_null(error);
    assert_true(mw_shape_exception(error));
    grant = mw_member_shape(member(mw_member_shape(mw_shape_element(mw_member_shape(
                                       member(mw_operation_output(operation("s3", "GetBucketAcl")), "Grants")))),
                                   "Grantee"));
    assert_string_equal(mw_shape_xml_prefix(grant), "xsi");
    assert_true(mw_member_xml_attribute(member(grant, "Type")));
    assert_string_equal(mw_member_location_name(member(grant, "Type")), "xsi:type");

    assert_string_equal(mw_operation_host_prefix(control), "{AccountId}.");
    assert_true(mw_member_host_label(member(mw_operation_input(control), "AccountId")));
    assert_string_equal(mw_operation_auth_type(operation("sts", "AssumeRoleWithWebIdentity")), "none");
    assert_null(mw_operation_auth_type(describe));
    assert_true(mw_operation_checksum_required(operation("s3", "PutBucketPolicy")));
    assert_string_equal(mw_service_signing_name(mw_models_service(models, "elbv2")), "elasticloadbalancing");
    assert_string_equal(mw_service_id(mw_models_service(models, "elbv2")), "Elastic Load Balancing v2");
    assert_string_equal(mw_service_target_prefix(mw_models_service(models, "kms")), "TrentService");
}

static void partitions_and_regions(void **state)
{
    const mw_doc *d = mw_models_doc(models);
    mw_val partitions = mw_val_get(d, mw_models_partitions(models), "partitions");
    mw_val regions = mw_models_regions(models);
    bool found = false;

    (void)state;
    assert_true(mw_val_len(d, partitions) >= 5);
    assert_string_equal(mw_val_get_str(d, mw_val_at(d, partitions, 0), "id", ""), "aws");
    assert_true(mw_val_len(d, mw_val_get(d, regions, "ec2")) > 20);
    assert_string_equal(mw_val_str(d, mw_val_at(d, mw_val_get(d, regions, "iam"), 0), NULL), "aws-global");
    for (size_t i = 0; i < mw_val_len(d, mw_val_get(d, regions, "cloudwatch")); i++)
        found |=
            strcmp(mw_val_str(d, mw_val_at(d, mw_val_get(d, regions, "cloudwatch"), i), NULL), "eu-central-1") == 0;
    assert_true(found); /* keyed by service, not by the endpoint prefix "monitoring" */
}

int main(int argc, char **argv)
{

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_one_and_whole),
        cmocka_unit_test(well_known_operations),
        cmocka_unit_test(well_known_traits),
        cmocka_unit_test(partitions_and_regions),
    };

    tree = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(tests, open_pack, close_pack);
}
