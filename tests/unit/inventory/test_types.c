/* The type language: what is built in loads; mistakes are named with their place. */
#include "../../support/support.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/type_internal.h"

#include <stdio.h>
#include <unistd.h>

static void builtin(void **state)
{
    static const char *const names[] = {"AWS::::Account",          "AWS::::Region",
                                        "AWS::IAM::User",          "AWS::IAM::AccessKey",
                                        "AWS::IAM::Role",          "AWS::IAM::ManagedPolicy",
                                        "AWS::IAM::Group",         "AWS::IAM::VirtualMFADevice",
                                        "AWS::S3::Bucket",         "AWS::EC2::Instance",
                                        "AWS::EC2::Volume",        "AWS::EC2::Snapshot",
                                        "AWS::EC2::SecurityGroup", "AWS::EC2::VPC",
                                        "AWS::EC2::FlowLog",       "AWS::EC2::Subnet",
                                        "AWS::EC2::RouteTable",    "AWS::EC2::NetworkInterface",
                                        "AWS::CloudTrail::Trail",  "AWS::KMS::Key",
                                        "AWS::RDS::DBInstance",    "AWS::RDS::DBCluster",
                                        "AWS::Lambda::Function"};
    mw_types *t = NULL;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_types_load(NULL, 0, &t, &err));
    for (size_t i = 0; i < MW_COUNT(names); i++)
        if (!mw_types_get(t, names[i]))
            fail_msg("%s is missing", names[i]);
    for (size_t i = 1; i < mw_types_count(t); i++)
        assert_true(strcmp(mw_type_name(mw_types_at(t, i - 1)), mw_type_name(mw_types_at(t, i))) < 0);
    assert_ptr_equal(mw_types_get(t, "s3.bucket"), mw_types_get(t, "AWS::S3::Bucket"));
    assert_null(mw_types_get(t, "AWS::S3::Buckets"));
    assert_string_equal(mw_type_scope(mw_types_get(t, "s3.bucket")), "global");
    assert_string_equal(mw_type_tag_facet(mw_types_get(t, "s3.bucket")), "Tagging");
    assert_string_equal(mw_type_tag_facet(mw_types_get(t, "kms.key")), "Tags");
    assert_null(mw_type_tag_facet(mw_types_get(t, "ec2.instance")));
    assert_true(mw_type_has_facet(mw_types_get(t, "s3.bucket"), "Versioning"));
    assert_false(mw_type_has_facet(mw_types_get(t, "s3.bucket"), "versioning"));
    assert_true(mw_type_has_facet(mw_types_get(t, "ec2.instance"), "Metrics.CPUUtilization"));
    assert_int_equal(mw_type_facet_count(mw_types_get(t, "ec2.subnet")), 0);
    assert_true(mw_types_count(t) >= 378);
    for (size_t i = 0; i < mw_types_count(t); i++) /* no alias stands for two */
        assert_ptr_equal(mw_types_get(t, mw_type_alias(mw_types_at(t, i))), mw_types_at(t, i));
    assert_null(mw_types_get(t, NULL));
    mw_types_free(t);
}

/* ---- a team's own types ---- */

struct folder {
    char path[256], file[300];
};

static void write_types(struct folder *f, const char *text)
{
    mw_error err = {0};

    snprintf(f->path, sizeof(f->path), "%s/own-types-%d", MW_BINARY_DIR, (int)getpid());
    snprintf(f->file, sizeof(f->file), "%s/own.yaml", f->path);
    assert_ok(mw_mkdirs(f->path, 0755, &err));
    assert_ok(mw_file_write_atomic(f->file, text, strlen(text), 0644, &err));
}

static void remove_types(struct folder *f)
{
    unlink(f->file);
    rmdir(f->path);
}

#define HEAD "T::A:\n  scope: regional\n  id: Id\n"
#define LIST "  list: {operation: s3:ListBuckets, items: Buckets}\n"

static void own(void **state)
{
    struct folder f;
    const char *dirs[1];
    mw_types *t = NULL;
    mw_error err = {0};
    size_t builtins;

    (void)state;
    assert_ok(mw_types_load(NULL, 0, &t, &err));
    builtins = mw_types_count(t);
    mw_types_free(t);
    write_types(&f, HEAD LIST "AWS::EC2::VPC:\n  scope: regional\n  id: VpcId\n" LIST);
    dirs[0] = f.path;
    assert_ok(mw_types_load(dirs, 1, &t, &err));
    assert_int_equal(mw_types_count(t), builtins + 1);
    assert_non_null(mw_types_get(t, "T::A"));
    assert_int_equal(mw_type_facet_count(mw_types_get(t, "AWS::EC2::VPC")), 0); /* replaced */
    mw_types_free(t);
    remove_types(&f);
}

static void refused(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"T::A: 3\n", "own.yaml:1: T::A: expected a mapping, found a number"},
        {HEAD, "own.yaml:1: T::A: 'list' is missing"},
        {HEAD LIST "  facetts: {}\n", "own.yaml:5: T::A: unknown key 'facetts'; did you mean 'facets'?"},
        {HEAD LIST "  zzzzz: {}\n", "unknown key 'zzzzz'; expected one of alias,"},
        {"T::A:\n  scope: zonal\n  id: Id\n" LIST, "own.yaml:2: T::A.scope: 'zonal' is not one of regional"},
        {HEAD "  list: {operation: s3ListBuckets, items: B}\n",
         "T::A.list.operation: 's3ListBuckets': expected service:Operation"},
        {HEAD "  list: {operation: s3:ListBuckets, items: 'B['}\n", "own.yaml:4: T::A.list.items: 'B['"},
        {HEAD LIST "  facets:\n    F: {operation: s3:X, result: '@', params: {A: '{x'}}\n",
         "own.yaml:6: T::A.facets.F.params: '{x': '{' without '}'"},
        {HEAD LIST "  facets:\n    F: {operation: s3:X, result: '@', params: {A: '{now-3w}'}}\n",
         "'{now-3w}': expected {now-N}"},
        {HEAD LIST "  facets:\n    F:\n      operation: s3:X\n      result: '@'\n      join: {key: a}\n",
         "own.yaml:9: T::A.facets.F.join: 'field' is missing"},
        {HEAD LIST "  facets:\n    F:\n      operation: s3:X\n      result: '@'\n      each: a\n"
                   "      join: {key: a, field: b}\n",
         "at most one of join, batch and each"},
        {HEAD LIST "  facets:\n    F: {operation: s3:X, result: '@', needs_facet: [G]}\n",
         "type T::A: facets.F.needs_facet: there is no facet 'G'"},
        {HEAD "  list: {operation: s3:X, items: B, per: {parent: T::B, params: {A: b}}}\n",
         "type T::A: list.per.parent: 'T::B' is not a resource type"},
        {HEAD LIST "  facets:\n    F: {operation: s3:X, result: '@', absent_errors: [{code: A}]}\n",
         "T::A.facets.F.absent_errors[0]: 'message' is missing"},
        {HEAD LIST "  region_from: [{operation: s3:X, params: {}, result: R}, A]\n",
         "only the last entry may be a call"},
        {HEAD LIST "  tags: {from: Tags, shape: list}\n", "T::A.tags.shape: 'list' is not one of"},
        {HEAD LIST "  sensitive: ['A[].B']\n", "own.yaml:5: T::A.sensitive[0]: 'A[].B': expected names joined by dots"},
        {HEAD LIST "  sensitive: [A..B]\n", "'A..B': expected names joined by dots"},
        {HEAD LIST "  sensitive: A\n", "T::A.sensitive: expected a list, found text"},
        {HEAD LIST "  facets:\n    F: {operation: s3:X, result: '@', parse: xml}\n",
         "'xml': expected json, csv or csv:Member"},
        {"T::A: {id: [\n", "own.yaml:"},
        {HEAD LIST "  alias: s3.bucket\n", "have the same alias 's3.bucket'"},
        {HEAD "  list: {derived_from: [T::B]}\n", "type T::A: list.derived_from: 'T::B' is not a resource type"},
        {HEAD LIST "  facets:\n    F: {operation: s3:X, result: '@', keyed: {A: B, C: D}}\n",
         "T::A.facets.F.keyed: expected one pair, as in {Key: Value}"},
        {HEAD LIST "  facets:\n    F: {operation: s3:X, result: '@', keyed: each}\n", "'keyed: each' needs 'each'"},
#define METRIC(name, more) HEAD LIST "  facets:\n    " name ": {metric: M, namespace: N, stat: Sum" more "}\n"
        {METRIC("F", ", period: 60, window: 1d"), "a facet with 'metric' is named Metrics.Name"},
        {METRIC("Metrics.M", ", period: 61, window: 1d"), "period: expected a multiple of 60 seconds"},
        {METRIC("Metrics.M", ", period: 60, window: 2w"), "'2w': expected a number of minutes, hours or days"},
        {METRIC("Metrics.M", ", period: 60"), "T::A.facets.Metrics.M: 'window' is missing"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        struct folder f;
        const char *dirs[1];
        mw_types *t = NULL;
        mw_error err = {0};
        write_types(&f, rows[i].text);
        dirs[0] = f.path;
        assert_int_not_equal(mw_types_load(dirs, 1, &t, &err), MW_OK);
        assert_null(t);
        if (!strstr(err.message, rows[i].message))
            fail_msg("row %zu: got '%s', expected '%s'", i, err.message, rows[i].message);
        remove_types(&f);
    }
}

static void no_folder(void **state)
{
    const char *dirs[] = {"/nonexistent/types"};
    mw_types *t = NULL;
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_types_load(dirs, 1, &t, &err), MW_ERR_NOTFOUND);
    assert_non_null(strstr(err.message, "/nonexistent/types"));
}

static void out_of_memory(void **state)
{
    struct folder f;
    const char *dirs[1];

    (void)state;
    write_types(&f, HEAD LIST "  facets:\n    F: {operation: s3:X, result: '@', params: {A: 'x{Id}'}}\n");
    dirs[0] = f.path;
    for (long n = 1;; n++) {
        struct failing_alloc fail = {.fail_at = n};
        mw_types *t = NULL;
        mw_error err = {0};
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &fail;
        mw_status st = mw_types_load(dirs, 1, &t, &err);
        bool done = fail.count < n;
        mw_types_free(t);
        mw_sys_reset();
        if (done) {
            assert_int_equal(st, MW_OK);
            break;
        }
        assert_true(n < 5000);
    }
    remove_types(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtin),   cmocka_unit_test(own),           cmocka_unit_test(refused),
        cmocka_unit_test(no_folder), cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
