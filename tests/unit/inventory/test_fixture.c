/* Snapshots from fixtures: worlds, envelopes, tags of every shape, unknowns, mistakes. */
#include "../../support/support.h"

#include "base/buf.h"
#include "base/mem.h"
#include "inventory/collect.h"

#include <unistd.h>

struct fixture {
    mw_types *types;
    mw_doc_builder *b;
    mw_doc *snapshot;
    int fd;
};

static void begin(struct fixture *f)
{
    mw_error err = {0};

    memset(f, 0, sizeof(*f));
    f->fd = -1;
    assert_ok(mw_types_load(NULL, 0, &f->types, &err));
    assert_ok(mw_doc_builder_new(NULL, &f->b, &err));
}

static void end(struct fixture *f)
{
    mw_doc_free(f->snapshot);
    if (f->fd >= 0)
        close(f->fd);
    mw_doc_builder_free(f->b);
    mw_types_free(f->types);
}

static mw_val json(struct fixture *f, const char *text)
{
    mw_error err = {0};

    assert_ok(mw_json_read(f->b, text, strlen(text), NULL, NULL, &err));
    return mw_doc_pop(f->b);
}

static mw_fixture_world world(struct fixture *f, const char *type, const char *item)
{
    mw_fixture_world w = {
        .type = type, .item = json(f, item), .tags = MW_VAL_ABSENT, .inventory = MW_VAL_ABSENT, .now_unix = 1767322845};
    return w;
}

static void build(struct fixture *f, const mw_fixture_world *worlds, size_t n)
{
    mw_error err = {0};

    assert_ok(mw_snapshot_from_fixtures(f->types, mw_doc_view(f->b), worlds, n, &f->fd, &err));
    assert_ok(mw_doc_map(f->fd, &f->snapshot, &err));
}

static mw_val world_at(struct fixture *f, size_t i)
{
    return mw_val_at(f->snapshot, mw_val_get(f->snapshot, mw_doc_root(f->snapshot), "worlds"), i);
}

static mw_val resource(struct fixture *f, size_t w, const char *type, size_t i)
{
    mw_val resources = mw_val_get(f->snapshot, world_at(f, w), "resources");

    return mw_val_at(f->snapshot, mw_val_get(f->snapshot, resources, type), i);
}

static void is_json(struct fixture *f, mw_val v, const char *expected)
{
    mw_buf text = {0};

    assert_int_equal(mw_json_write(&text, f->snapshot, v, MW_JSON_COMPACT), MW_OK);
    assert_string_equal(text.data, expected);
    mw_buf_clear(&text);
}

#define NO_TIME "{\"$unknown\":{\"code\":\"UnexpectedShape\",\"message\":\"it is no time\"}}"

/* Numbers are seconds, or milliseconds as CloudWatch Logs has them. */
static void created(void **state)
{
    static const struct {
        const char *item, *created;
    } rows[] = {
        {"{\"logGroupName\":\"g\",\"creationTime\":1700000000123}", "\"2023-11-14T22:13:20.123Z\""},
        {"{\"logGroupName\":\"g\",\"creationTime\":1700000000}", "\"2023-11-14T22:13:20Z\""},
        {"{\"logGroupName\":\"g\",\"creationTime\":\"no time\"}", NO_TIME},
        {"{\"logGroupName\":\"g\",\"creationTime\":90000000000}", NO_TIME},
        {"{\"logGroupName\":\"g\",\"creationTime\":1700000000123456}", NO_TIME},
        {"{\"logGroupName\":\"g\",\"creationTime\":-1e300}", NO_TIME},
        {"{\"logGroupName\":\"g\",\"creationTime\":true}", NO_TIME},
        {"{\"logGroupName\":\"g\",\"creationTime\":null}", "null"},
        {"{\"logGroupName\":\"g\"}", "null"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        struct fixture f;
        begin(&f);
        mw_fixture_world w = world(&f, "logs.log_group", rows[i].item);
        build(&f, &w, 1);
        is_json(&f, mw_val_get(f.snapshot, resource(&f, 0, "AWS::Logs::LogGroup", 0), "created"), rows[i].created);
        end(&f);
    }
}

static void envelope(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    mw_fixture_world w =
        world(&f, "s3.bucket", "{\"Name\":\"logs\",\"CreationDate\":\"2024-01-02T03:04:05.000Z\",\"Versioning\":{}}");
    w.region = "eu-west-1";
    build(&f, &w, 1);
    is_json(
        &f, resource(&f, 0, "AWS::S3::Bucket", 0),
        "{\"account\":\"111122223333\",\"arn\":\"arn:aws:s3:::logs\",\"created\":\"2024-01-02T03:04:05Z\","
        "\"doc\":{\"CreationDate\":\"2024-01-02T03:04:05.000Z\",\"Name\":\"logs\",\"Versioning\":{}},\"id\":\"logs\","
        "\"name\":\"logs\",\"partition\":\"aws\",\"region\":\"eu-west-1\",\"rest\":null,\"tags\":{},"
        "\"type\":\"AWS::S3::Bucket\"}");
    is_json(&f, mw_val_get(f.snapshot, world_at(&f, 0), "now"), "\"2026-01-02T03:00:45Z\"");
    mw_val types = mw_val_get(f.snapshot, mw_doc_root(f.snapshot), "types");
    assert_int_equal(mw_val_len(f.snapshot, types), mw_types_count(f.types));
    mw_val key = mw_val_get(f.snapshot, types, "AWS::KMS::Key");
    assert_int_equal(mw_val_len(f.snapshot, mw_val_get(f.snapshot, key, "facets")),
                     mw_val_len(f.snapshot, mw_val_get(f.snapshot, key, "collected")));
    end(&f);
}

#define NO_TAGS "{\"$unknown\":{\"code\":\"UnexpectedShape\",\"message\":\"a tag is not a key and a text\"}}"

static void tags(void **state)
{
    static const struct {
        const char *type, *item, *tags;
    } rows[] = {
        {"AWS::S3::Bucket", "{\"Name\":\"a\",\"Tagging\":[{\"Key\":\"k\",\"Value\":\"v\"}]}", "{\"k\":\"v\"}"},
        {"AWS::S3::Bucket", "{\"Name\":\"a\",\"Tagging\":null}", "{}"},
        {"AWS::EC2::Volume", "{\"VolumeId\":\"v\",\"Tags\":[{\"Key\":\"k\"},{\"Key\":\"é\\\"\",\"Value\":\"x\"}]}",
         "{\"k\":\"\",\"é\\\"\":\"x\"}"},
        {"AWS::EC2::Volume", "{\"VolumeId\":\"v\",\"Tags\":{\"k\":\"v\"}}", "{\"k\":\"v\"}"},
        {"AWS::EC2::Volume", "{\"VolumeId\":\"v\",\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"},1]}", NO_TAGS},
        {"AWS::EC2::Volume", "{\"VolumeId\":\"v\",\"Tags\":[{\"key\":\"k\",\"value\":\"v\"}]}", NO_TAGS},
        {"AWS::EC2::Volume", "{\"VolumeId\":\"v\",\"Tags\":[{\"Key\":7}]}", NO_TAGS},
        {"AWS::EC2::Volume", "{\"VolumeId\":\"v\",\"Tags\":{\"k\":7}}", NO_TAGS},
        {"AWS::EC2::Volume", "{\"VolumeId\":\"v\",\"Tags\":\"oops\"}",
         "{\"$unknown\":{\"code\":\"UnexpectedShape\",\"message\":\"tags are neither a list nor a map\"}}"},
        {"AWS::EC2::NetworkInterface", "{\"NetworkInterfaceId\":\"e\",\"TagSet\":[{\"Key\":\"k\",\"Value\":\"v\"}]}",
         "{\"k\":\"v\"}"},
        {"AWS::IAM::Group", "{\"GroupName\":\"g\"}", "null"},
    };
    struct fixture f;
    mw_fixture_world worlds[MW_COUNT(rows) + 1];

    (void)state;
    begin(&f);
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        worlds[i] = world(&f, rows[i].type, rows[i].item);
    worlds[MW_COUNT(rows)] = world(&f, "AWS::EC2::Volume", "{\"VolumeId\":\"v\",\"Tags\":[]}");
    worlds[MW_COUNT(rows)].tags = json(&f, "{\"Team\":\"x\"}");
    build(&f, worlds, MW_COUNT(worlds));
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        is_json(&f, mw_val_get(f.snapshot, resource(&f, i, rows[i].type, 0), "tags"), rows[i].tags);
    is_json(&f, mw_val_get(f.snapshot, resource(&f, MW_COUNT(rows), "AWS::EC2::Volume", 0), "tags"),
            "{\"Team\":\"x\"}");
    end(&f);
}

static void inventory(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    mw_fixture_world w = world(&f, "AWS::EC2::VPC", "{\"VpcId\":\"vpc-2\"}");
    mw_val lists = json(&f, "[{\"FlowLogId\":\"fl-2\"},{\"FlowLogId\":\"fl-1\",\"_region\":\"eu-west-1\","
                            "\"_tags\":{\"a\":\"b\"}},{}]");
    mw_val vpcs = json(&f, "[{\"VpcId\":\"vpc-1\"}]");
    mw_doc_begin_object(f.b);
    mw_doc_ckey(f.b, "AWS::EC2::FlowLog");
    mw_doc_add_val(f.b, lists);
    mw_doc_ckey(f.b, "ec2.vpc"); /* by alias */
    mw_doc_add_val(f.b, vpcs);
    mw_doc_ckey(f.b, "AWS::KMS::Key");
    mw_doc_add_unknown_cause(f.b, "kms:ListKeys", "AccessDenied", NULL);
    mw_doc_end_object(f.b);
    w.inventory = mw_doc_pop(f.b);
    build(&f, &w, 1);
    is_json(&f, mw_val_get(f.snapshot, resource(&f, 0, "AWS::EC2::VPC", 0), "id"), "\"vpc-1\"");
    is_json(&f, mw_val_get(f.snapshot, resource(&f, 0, "AWS::EC2::VPC", 1), "id"), "\"vpc-2\"");
    is_json(&f, mw_val_get(f.snapshot, resource(&f, 0, "AWS::EC2::FlowLog", 0), "id"), "\"fl-1\"");
    is_json(&f, mw_val_get(f.snapshot, resource(&f, 0, "AWS::EC2::FlowLog", 0), "doc"), "{\"FlowLogId\":\"fl-1\"}");
    is_json(&f, mw_val_get(f.snapshot, resource(&f, 0, "AWS::EC2::FlowLog", 0), "tags"), "{\"a\":\"b\"}");
    is_json(&f, mw_val_get(f.snapshot, resource(&f, 0, "AWS::EC2::FlowLog", 2), "id"), "\"fl-2\"");
    mw_val scopes = mw_val_get(f.snapshot, world_at(&f, 0), "scopes");
    bool denied = false;
    for (size_t i = 0; i < mw_val_len(f.snapshot, scopes); i++) {
        mw_val s = mw_val_at(f.snapshot, scopes, i);
        const char *type = mw_val_get_str(f.snapshot, s, "type", "");
        const char *state_name = mw_val_get_str(f.snapshot, s, "state", "");
        bool is_key = strcmp(type, "AWS::KMS::Key") == 0;
        denied = denied || is_key;
        assert_string_equal(state_name, is_key ? "denied" : "complete");
    }
    assert_true(denied);
    end(&f);
}

static void unknown_tags(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    mw_fixture_world w = world(&f, "AWS::S3::Bucket", "{\"Name\":\"a\"}");
    mw_doc_begin_object(f.b);
    mw_doc_member_str(f.b, "Name", "a");
    mw_doc_ckey(f.b, "Tagging");
    mw_doc_add_unknown_cause(f.b, "s3:GetBucketTagging", "AccessDenied", NULL);
    mw_doc_end_object(f.b);
    w.item = mw_doc_pop(f.b);
    build(&f, &w, 1);
    assert_int_equal(mw_val_kind(f.snapshot, mw_val_get(f.snapshot, resource(&f, 0, "AWS::S3::Bucket", 0), "tags")),
                     MW_KIND_UNKNOWN);
    end(&f);
}

static void mistakes(void **state)
{
    static const struct {
        const char *type, *item, *inventory, *message;
    } rows[] = {
        {"AWS::S3::Bukket", "{}", NULL, "'AWS::S3::Bukket' is not a resource type"},
        {"AWS::S3::Bucket", "[]", NULL, "AWS::S3::Bucket: a resource must be a table"},
        {"AWS::S3::Bucket", "{}", "{\"AWS::X\":[]}", "inventory: 'AWS::X' is not a resource type"},
        {"AWS::S3::Bucket", "{}", "{\"AWS::KMS::Key\":{\"KeyId\":\"k\"}}", "inventory: AWS::KMS::Key: expected a list"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        struct fixture f;
        mw_error err = {0};
        begin(&f);
        mw_fixture_world w = world(&f, rows[i].type, rows[i].item);
        if (rows[i].inventory)
            w.inventory = json(&f, rows[i].inventory);
        assert_int_not_equal(mw_snapshot_from_fixtures(f.types, mw_doc_view(f.b), &w, 1, &f.fd, &err), MW_OK);
        if (!strstr(err.message, rows[i].message))
            fail_msg("got '%s', expected '%s'", err.message, rows[i].message);
        assert_int_equal(f.fd, -1);
        end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelope),  cmocka_unit_test(created),      cmocka_unit_test(tags),
        cmocka_unit_test(inventory), cmocka_unit_test(unknown_tags), cmocka_unit_test(mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
