/* From a snapshot to the ledger, to its digest, and to "would it have been seen?". */
#include "base/buf.h"
#include "base/mem.h"
#include "cli/coverage.h"
#include "doc/withhold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char snapshot_text[] =
    "{\"now\":\"2026-01-02T03:04:05Z\","
    "\"types\":{\"AWS::S3::Bucket\":{\"scope\":\"global\"},\"AWS::EC2::Instance\":{\"scope\":\"regional\"}},"
    "\"worlds\":[{\"scopes\":["
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::S3::Bucket\",\"facet\":null,"
    "\"state\":\"complete\",\"resources\":2,\"calls\":1,\"cause\":null},"
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::S3::Bucket\","
    "\"facet\":\"Versioning\",\"state\":\"denied\",\"resources\":2,\"calls\":2,"
    "\"cause\":{\"operation\":\"s3:GetBucketVersioning\",\"code\":\"AccessDenied\",\"message\":\"no\"}},"
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::EC2::Instance\",\"facet\":null,"
    "\"state\":\"complete\",\"resources\":0,\"calls\":1,\"cause\":null},"
    "{\"account\":\"1\",\"region\":\"eu-west-1\",\"partition\":\"aws\",\"type\":\"AWS::EC2::Instance\",\"facet\":null,"
    "\"state\":\"failed\",\"resources\":0,\"calls\":3,\"cause\":{\"operation\":\"ec2:DescribeInstances\","
    "\"code\":\"InternalError\",\"message\":\"\"}}],"
    "\"resources\":{\"AWS::S3::Bucket\":[{\"id\":\"a\"},{\"id\":\"b\"}]}}]}";

static mw_doc *doc_of(const char *text)
{
    mw_doc_builder *b;
    mw_doc *d = NULL;

    assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
    assert_int_equal(mw_json_read(b, text, strlen(text), NULL, NULL, NULL), MW_OK);
    assert_int_equal(mw_doc_finish(b, mw_doc_pop(b), &d, NULL), MW_OK);
    mw_doc_builder_free(b);
    return d;
}

static void ledger(void **state)
{
    const mw_coverage_extra extra = {
        "1", "us-east-1", "AWS::::Region", "denied", "ec2:DescribeRegions", "UnauthorizedOperation", "no"};
    MW_AUTO(mw_buf) out = {0};
    mw_doc *snapshot = doc_of(snapshot_text), *coverage = NULL;

    (void)state;
    assert_int_equal(mw_coverage_from_snapshot(snapshot, &extra, 1, &coverage, NULL), MW_OK);
    mw_json_write(&out, coverage, mw_doc_root(coverage), MW_JSON_COMPACT);
    assert_string_equal(
        out.data,
        "[{\"account\":\"1\",\"calls\":1,\"cause\":{\"class\":\"denied\",\"code\":\"UnauthorizedOperation\","
        "\"message\":\"no\","
        "\"operation\":\"ec2:DescribeRegions\"},\"facet\":null,\"region\":\"us-east-1\",\"resources\":0,"
        "\"state\":\"denied\",\"type\":\"AWS::::Region\"},"
        "{\"account\":\"1\",\"calls\":3,\"cause\":{\"class\":\"service_error\",\"code\":\"InternalError\",\"message\":"
        "\"\","
        "\"operation\":\"ec2:DescribeInstances\"},\"facet\":null,\"region\":\"eu-west-1\",\"resources\":0,"
        "\"state\":\"failed\",\"type\":\"AWS::EC2::Instance\"},"
        "{\"account\":\"1\",\"calls\":1,\"cause\":null,\"facet\":null,\"region\":\"us-east-1\",\"resources\":0,"
        "\"state\":\"complete\",\"type\":\"AWS::EC2::Instance\"},"
        "{\"account\":\"1\",\"calls\":1,\"cause\":null,\"facet\":null,\"region\":\"us-east-1\",\"resources\":2,"
        "\"state\":\"complete\",\"type\":\"AWS::S3::Bucket\"},"
        "{\"account\":\"1\",\"calls\":2,\"cause\":{\"class\":\"denied\",\"code\":\"AccessDenied\",\"message\":\"no\","
        "\"operation\":\"s3:GetBucketVersioning\"},\"facet\":\"Versioning\",\"region\":\"us-east-1\","
        "\"resources\":2,\"state\":\"denied\",\"type\":\"AWS::S3::Bucket\"}]");
    mw_doc_free(coverage);
    mw_doc_free(snapshot);
}

static void stored_scopes(void **state)
{
    static const struct {
        mw_snapshot_scope scope;
        const char *line; /* NULL: the cause is damaged */
    } rows[] = {
        {{.account = "1",
          .region = "eu-west-1",
          .type = "AWS::SQS::Queue",
          .state = "complete",
          .resources = 3,
          .calls = 2},
         "{\"account\":\"1\",\"calls\":2,\"cause\":null,\"facet\":null,\"region\":\"eu-west-1\",\"resources\":3,"
         "\"state\":\"complete\",\"type\":\"AWS::SQS::Queue\"}"},
        {{.account = "1",
          .region = "*",
          .type = "AWS::IAM::Role",
          .facet = "Tags",
          .state = "denied",
          .cause = "{\"code\":\"AccessDenied\"}"},
         "{\"account\":\"1\",\"calls\":0,\"cause\":{\"class\":\"denied\",\"code\":\"AccessDenied\"},\"facet\":\"Tags\","
         "\"region\":\"*\","
         "\"resources\":0,\"state\":\"denied\",\"type\":\"AWS::IAM::Role\"}"},
        {{.account = "1",
          .region = "*",
          .type = "AWS::IAM::Role",
          .state = "complete",
          .cause = "{\"cached\":{\"age_s\":9}}"},
         "{\"account\":\"1\",\"cached\":{\"age_s\":9},\"calls\":0,\"cause\":null,\"facet\":null,\"region\":\"*\","
         "\"resources\":0,\"state\":\"complete\",\"type\":\"AWS::IAM::Role\"}"},
        {{.account = "1", .region = "*", .type = "AWS::IAM::Role", .state = "failed", .cause = "{\"code\":"}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) out = {0};
        mw_doc_builder *b;
        assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
        if (rows[i].line) {
            assert_int_equal(mw_coverage_scope_write(b, &rows[i].scope, NULL), MW_OK);
            mw_json_write(&out, mw_doc_view(b), mw_doc_pop(b), MW_JSON_COMPACT);
            assert_string_equal(out.data, rows[i].line);
        } else {
            assert_int_equal(mw_coverage_scope_write(b, &rows[i].scope, NULL), MW_ERR_PARSE);
        }
        mw_doc_builder_free(b);
    }
}

static void completeness(void **state)
{
    static const char *const swept[] = {"eu-west-1", "us-east-1"};
    static const struct {
        const char *account, *region, *type;
        bool complete;
    } rows[] = {
        {"1", "us-east-1", "AWS::EC2::Instance", true},
        {"1", "eu-west-1", "AWS::EC2::Instance", false},    /* failed there */
        {"1", "eu-central-1", "AWS::EC2::Instance", false}, /* not swept */
        {"2", "us-east-1", "AWS::EC2::Instance", false},    /* another account */
        {"1", "us-east-1", "AWS::RDS::DBInstance", false},  /* not planned */
        {"1", "eu-west-1", "AWS::S3::Bucket", true},        /* listed once, wherever it lives */
        {"1", "eu-central-1", "AWS::S3::Bucket", false},    /* but regions beyond the sweep are not seen */
        {"1", "global", "AWS::S3::Bucket", true},
    };
    mw_doc *snapshot = doc_of(snapshot_text), *coverage = NULL;
    mw_coverage_view view = {.snapshot = snapshot, .regions = swept, .region_count = MW_COUNT(swept)};

    (void)state;
    assert_int_equal(mw_coverage_from_snapshot(snapshot, NULL, 0, &coverage, NULL), MW_OK);
    view.coverage = coverage;
    assert_true(mw_coverage_complete(&view, "1", "us-east-1", "AWS::S3::Bucket"));
    view.region_count = 1; /* without us-east-1: the home of what is global is looked at all the same */
    assert_true(mw_coverage_complete(&view, "1", "us-east-1", "AWS::S3::Bucket"));
    view.region_count = 2;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        if (mw_coverage_complete(&view, rows[i].account, rows[i].region, rows[i].type) != rows[i].complete)
            fail_msg("row %zu", i);
    mw_doc_free(coverage);
    mw_doc_free(snapshot);
}

static void digests(void **state)
{
    static const char other[] = "{\"now\":\"2026-01-02T03:04:05Z\",\"worlds\":[{\"resources\":"
                                "{\"AWS::S3::Bucket\":[{\"id\":\"a\"}]}}]}";
    mw_doc *one = doc_of(snapshot_text), *same = doc_of(snapshot_text), *two = doc_of(other);
    char a[65], b[65], c[65];

    (void)state;
    assert_int_equal(mw_snapshot_digest(one, a, NULL), MW_OK);
    assert_int_equal(mw_snapshot_digest(same, b, NULL), MW_OK);
    assert_int_equal(mw_snapshot_digest(two, c, NULL), MW_OK);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    assert_int_equal(strlen(a), 64);
    mw_doc_free(one);
    mw_doc_free(same);
    mw_doc_free(two);
}

/* The name is over what a store holds: the same for the snapshot that was collected and the one that comes back. */
static void digest_of_what_is_stored(void **state)
{
#define HEAD(mask)                                                                                                     \
    "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{\"T\":{\"scope\":\"regional\"" mask "}},\"worlds\":[{\"resources\":" \
    "{\"T\":["
    static const char tail[] = "]}}]}";
    static const char resource[] =
        "{\"account\":\"1\",\"doc\":{\"E\":{\"K\":\"canary\"}},\"id\":\"a\",\"partition\":\"aws\","
        "\"region\":\"us-east-1\",\"type\":\"T\"}";
    const mw_json_options exact = {.exact = true};
    MW_AUTO(mw_buf) live = {0};
    MW_AUTO(mw_buf) whole = {0};
    MW_AUTO(mw_buf) stored = {0};
    mw_buf *texts[] = {&live, &stored, &whole};
    char digest[3][65];
    mw_doc_builder *b = NULL;

    (void)state;
    mw_buf_join(&live, HEAD(",\"sensitive\":{\"E\":true}"), resource, tail, NULL);
    mw_buf_join(&whole, HEAD(""), resource, tail, NULL);
    mw_buf_puts(&stored, HEAD(",\"sensitive\":{\"E\":true}"));
    assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
    {
        mw_doc *d = doc_of(live.data);
        mw_val list = mw_val_path(d, mw_val_at(d, mw_val_get(d, mw_doc_root(d), "worlds"), 0), "resources.T");
        assert_int_equal(mw_resource_write_stored(&stored, b, d, mw_val_at(d, list, 0), mw_snapshot_mask(d, "T"),
                                                  MW_JSON_EXACT, NULL),
                         MW_OK);
        mw_doc_free(d);
    }
    mw_buf_puts(&stored, tail);
    assert_null(strstr(stored.data, "canary"));
    for (size_t i = 0; i < MW_COUNT(texts); i++) {
        mw_doc *d;
        mw_doc_builder_reset(b);
        assert_int_equal(mw_json_read(b, texts[i]->data, texts[i]->len, &exact, NULL, NULL), MW_OK);
        assert_int_equal(mw_doc_finish(b, mw_doc_pop(b), &d, NULL), MW_OK);
        assert_int_equal(mw_snapshot_digest(d, digest[i], NULL), MW_OK);
        mw_doc_free(d);
    }
    assert_string_equal(digest[0], digest[1]);
    assert_string_not_equal(digest[0], digest[2]);
    mw_doc_builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ledger),
        cmocka_unit_test(stored_scopes),
        cmocka_unit_test(completeness),
        cmocka_unit_test(digests),
        cmocka_unit_test(digest_of_what_is_stored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
