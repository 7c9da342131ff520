/*
 * Reports against golden files in data/. After a wanted change: MW_UPDATE_GOLDEN=1 ctest -R report, then
 * read the difference.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char coverage_text[] =
    "[{\"account\":\"111122223333\",\"region\":\"eu-west-1\",\"type\":\"AWS::EC2::Instance\",\"facet\":null,"
    "\"state\":\"complete\",\"resources\":2,\"calls\":1,\"cause\":null},"
    "{\"account\":\"111122223333\",\"region\":\"eu-west-1\",\"type\":\"AWS::S3::Bucket\",\"facet\":\"Versioning\","
    "\"state\":\"denied\",\"resources\":2,\"calls\":2,\"cause\":{\"operation\":\"s3:GetBucketVersioning\","
    "\"code\":\"AccessDenied\",\"message\":\"no\"}},"
    "{\"account\":\"111122223333\",\"region\":\"eu-west-1\",\"type\":\"AWS::S3::Bucket\",\"facet\":\"Acl\","
    "\"state\":\"denied\",\"resources\":2,\"calls\":2,\"cause\":{\"operation\":\"s3:GetBucketAclX\","
    "\"code\":\"AccessDenied\",\"message\":\"User: u is not authorized to perform: s3:GetBucketAcl on resource: r\"}},"
    "{\"account\":\"111122223333\",\"region\":\"us-east-1\",\"type\":\"AWS::S3::Bucket\",\"facet\":\"Versioning\","
    "\"state\":\"denied\",\"resources\":2,\"calls\":2,\"cause\":{\"operation\":\"s3:GetBucketVersioning\","
    "\"code\":\"AccessDenied\",\"message\":\"no\"}},"
    "{\"account\":\"111122223333\",\"region\":\"us-east-1\",\"type\":\"AWS::KMS::Key\",\"facet\":null,"
    "\"state\":\"failed\",\"resources\":0,\"calls\":3,\"cause\":{\"operation\":\"kms:ListKeys\","
    "\"code\":\"InternalFailure\",\"message\":\"\"}}]";

#define FINDING(r, s, sev, t, i, n, m)                                                                                 \
    {                                                                                                                  \
        .rule = (r), .status = (s), .severity = (sev), .type = (t), .id = (i), .name = (n), .account = "111122223333", \
        .region = "eu-west-1", .partition = "aws", .message = (m), .evidence = "[{\"path\":\"A.B\",\"value\":null}]",  \
        .fingerprint = "00112233445566778899aabbccddeeff"                                                              \
    }

static mw_doc *coverage_of(const char *text)
{
    mw_doc_builder *b;
    mw_doc *d = NULL;

    assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
    assert_int_equal(mw_json_read(b, text, strlen(text), NULL, NULL, NULL), MW_OK);
    assert_int_equal(mw_doc_finish(b, mw_doc_pop(b), &d, NULL), MW_OK);
    mw_doc_builder_free(b);
    return d;
}

static mw_report report_of(const mw_doc *coverage, const mw_finding *findings, size_t count)
{
    return (mw_report){.run_id = "01JGK3S1M80000000000000000",
                       .started_at = "2026-01-02T03:04:05Z",
                       .finished_at = "2026-01-02T03:04:09Z",
                       .engine = "0.1.0",
                       .rules_digest = "abc",
                       .findings_digest = "def",
                       .snapshot = NULL,
                       .coverage_doc = coverage,
                       .coverage = mw_doc_root(coverage),
                       .findings = findings,
                       .count = count,
                       .compared = true,
                       .fixed = 3};
}

static const char *title_of(void *user, const char *rule)
{
    (void)user;
    return mw_str_eq(rule, "s3-public") ? "S3 buckets are not public" : NULL;
}

static void compare(const char *name, const mw_buf *got)
{
    MW_AUTO(mw_buf) want = {0};
    char path[512];

    snprintf(path, sizeof(path), MW_SOURCE_DIR "/tests/unit/report/data/%s", name);
    if (getenv("MW_UPDATE_GOLDEN"))
        assert_int_equal(mw_file_write_atomic(path, got->data, got->len, 0644, NULL), MW_OK);
    assert_int_equal(mw_file_read(path, &want, NULL), MW_OK);
    assert_string_equal(got->data, want.data);
}

/* One of everything: severities, changes, subkeys, long and hostile names, unknowns, an error. */
static const mw_finding mixed[] = {
    FINDING("ec2-imds", MW_VERDICT_FAIL, "high", "AWS::EC2::Instance", "i-0a1b2c3d", "web\033[31m",
            "IMDSv1 is allowed (HttpTokens is optional), which lets a forged request read the credentials of "
            "the instance's role"),
    FINDING("ec2-imds", MW_VERDICT_PASS, "high", "AWS::EC2::Instance", "i-0ffffffff", NULL, NULL),
    FINDING("kms-rotation", MW_VERDICT_UNKNOWN, "medium", "AWS::KMS::Key", "*", NULL, "kms:ListKeys InternalFailure"),
    FINDING("s3-public", MW_VERDICT_FAIL, "critical", "AWS::S3::Bucket", "logs", "logs", "anybody may read"),
    FINDING("s3-public", MW_VERDICT_FAIL, "critical", "AWS::S3::Bucket",
            "a-bucket-with-a-name-that-is-longer-than-any-column-should-ever-be", NULL, "anybody may write"),
    FINDING("s3-tags", MW_VERDICT_UNKNOWN, "medium", "AWS::S3::Bucket", "logs", "logs",
            "tags is unknown: s3:GetBucketTagging: AccessDenied (no)"),
    FINDING("s3-versioning", MW_VERDICT_UNKNOWN, "medium", "AWS::S3::Bucket", "logs", "logs",
            "Versioning is unknown: s3:GetBucketVersioning: AccessDenied (on resource logs)"),
    FINDING("s3-versioning", MW_VERDICT_UNKNOWN, "medium", "AWS::S3::Bucket", "other", "other",
            "Versioning is unknown: s3:GetBucketVersioning: AccessDenied (on resource other)"),
    FINDING("sg-open", MW_VERDICT_FAIL, "low", "AWS::EC2::SecurityGroup", "sg-1", "default",
            "port 22 is open to the world"),
    FINDING("sg-open", MW_VERDICT_NOT_APPLICABLE, "low", "AWS::EC2::SecurityGroup", "sg-2", NULL, "unused"),
    FINDING("sg-tags", MW_VERDICT_ERROR, "info", "AWS::EC2::SecurityGroup", "sg-1", "default",
            "sg-tags.lua:12: attempt to index a nil value"),
};

static void mixed_run(mw_finding out[MW_COUNT(mixed)])
{
    memcpy(out, mixed, sizeof(mixed));
    out[0].change = "new";
    out[3].change = "regressed";
    out[4].change = "open";
    out[4].first_seen = "2025-11-30T00:00:00Z";
    out[4].last_seen = out[3].last_seen = out[0].last_seen = "2026-01-02T03:04:09Z";
    out[8].change = "open";
    out[8].first_seen = "2025-12-24T00:00:00Z";
    out[8].subkey = "tcp/22";
}

static void text(void **state)
{
    static const struct {
        const char *name;
        mw_text_options o;
    } rows[] = {
        {"mixed.txt", {.width = 100, .stored = true, .title = title_of}},
        {"mixed-narrow-color.txt", {.width = 60, .color = true}},
    };
    mw_finding findings[MW_COUNT(mixed)];
    mw_doc *coverage = coverage_of(coverage_text);
    mw_report r = report_of(coverage, findings, MW_COUNT(findings));

    (void)state;
    mixed_run(findings);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) out = {0};
        assert_int_equal(mw_report_text(&r, &rows[i].o, &out, NULL), MW_OK);
        assert_null(strstr(out.data, "web\033"));
        compare(rows[i].name, &out);
    }
    mw_doc_free(coverage);
}

static void clean_text(void **state)
{
    const mw_finding one[] = {
        FINDING("ec2-imds", MW_VERDICT_PASS, "high", "AWS::EC2::Instance", "i-0ffffffff", NULL, NULL)};
    mw_doc *coverage = coverage_of("[{\"state\":\"complete\",\"facet\":null}]");
    mw_report r = report_of(coverage, one, 1);
    const mw_text_options o = {.width = 100, .stored = true};
    MW_AUTO(mw_buf) out = {0};

    (void)state;
    r.compared = false;
    assert_int_equal(mw_report_text(&r, &o, &out, NULL), MW_OK);
    compare("clean.txt", &out);
    mw_doc_free(coverage);
}

static void long_lists_are_cut(void **state)
{
    static mw_finding many[50];
    char ids[50][16];
    mw_doc *coverage = coverage_of("[]");
    mw_report r = report_of(coverage, many, MW_COUNT(many));
    const mw_text_options stored = {.width = 100, .stored = true};
    const mw_text_options loose = {.width = 100};
    MW_AUTO(mw_buf) out = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(many); i++) {
        const mw_finding f = FINDING("r-x", MW_VERDICT_FAIL, "low", "T", ids[i], NULL, "m");
        snprintf(ids[i], sizeof(ids[i]), "res-%02zu", i);
        many[i] = f;
    }
    assert_int_equal(mw_report_text(&r, &stored, &out, NULL), MW_OK);
    assert_non_null(strstr(out.data, "res-19"));
    assert_null(strstr(out.data, "res-20"));
    assert_non_null(strstr(out.data, "… and 30 more (moonward findings list --rule r-x)"));
    mw_buf_reset(&out);
    assert_int_equal(mw_report_text(&r, &loose, &out, NULL), MW_OK);
    assert_non_null(strstr(out.data, "… and 30 more (--output json shows all)"));
    mw_doc_free(coverage);
}

static void json(void **state)
{
    mw_finding findings[MW_COUNT(mixed)];
    mw_doc *coverage = coverage_of(coverage_text);
    mw_report r = report_of(coverage, findings, MW_COUNT(findings));
    MW_AUTO(mw_buf) out = {0};
    MW_AUTO(mw_buf) again = {0};
    MW_AUTO(mw_buf) lines = {0};
    mw_doc_builder *b;
    mw_val root;
    size_t breaks = 0;

    (void)state;
    mixed_run(findings);
    assert_int_equal(mw_report_json(&r, &out, NULL), MW_OK);
    assert_int_equal(mw_report_json(&r, &again, NULL), MW_OK);
    assert_string_equal(out.data, again.data);
    compare("mixed.json", &out);

    assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
    assert_int_equal(mw_json_read(b, out.data, out.len, NULL, NULL, NULL), MW_OK);
    root = mw_doc_pop(b);
    assert_string_equal(mw_val_get_str(mw_doc_view(b), root, "schema", NULL), "moonward.findings/1");
    assert_int_equal(mw_val_len(mw_doc_view(b), mw_val_get(mw_doc_view(b), root, "findings")), 11);
    assert_int_equal(mw_val_int(mw_doc_view(b), mw_val_path(mw_doc_view(b), root, "summary.by_change.fixed")), 3);
    mw_doc_builder_free(b);

    assert_int_equal(mw_report_jsonl(&r, &lines, NULL), MW_OK);
    for (size_t i = 0; i < lines.len; i++)
        breaks += lines.data[i] == '\n';
    assert_int_equal(breaks, 11);
    mw_doc_free(coverage);
}

/* Pieces, put together again; after `left` of them no more is wanted. */
struct pieces {
    mw_buf all;
    size_t count, longest, left;
};

static mw_status take_piece(void *user, const char *data, size_t len, mw_error *err)
{
    struct pieces *p = user;

    if (p->left-- == 0)
        return mw_fail(err, MW_ERR_IO, "no room");
    p->count++;
    p->longest = len > p->longest ? len : p->longest;
    assert_int_equal(data[len - 1] == '\n' || data[len - 1] == '}', true);
    return mw_buf_add(&p->all, data, len, err);
}

static void in_pieces(void **state)
{
    enum { COUNT = 12000 };
    mw_finding *findings = calloc(COUNT, sizeof(*findings));
    mw_doc *coverage = coverage_of(coverage_text);
    mw_report r = report_of(coverage, findings, COUNT);
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        findings[i] = (mw_finding){.rule = "r",
                                   .severity = "low",
                                   .type = "T",
                                   .id = "i\xc2\x9b",
                                   .account = "1",
                                   .region = "r",
                                   .partition = "aws",
                                   .message = "a message",
                                   .status = MW_VERDICT_FAIL};
    for (int lines = 0; lines < 2; lines++) {
        mw_status (*const whole)(const mw_report *, mw_buf *, mw_error *) = lines ? mw_report_jsonl : mw_report_json;
        mw_status (*const to)(const mw_report *, const mw_report_sink *, mw_error *) =
            lines ? mw_report_jsonl_to : mw_report_json_to;
        struct pieces p = {.left = SIZE_MAX};
        const mw_report_sink sink = {.write = take_piece, .user = &p};
        MW_AUTO(mw_buf) out = {0};
        assert_int_equal(whole(&r, &out, &err), MW_OK);
        assert_int_equal(to(&r, &sink, &err), MW_OK);
        assert_int_equal(p.all.len, out.len);
        assert_memory_equal(p.all.data, out.data, out.len);
        assert_in_range(p.count, 3, 20);
        assert_in_range(p.longest, 1, (size_t)3 << 20);
        mw_buf_clear(&p.all);
        for (size_t left = 0; left < p.count; left++) {
            struct pieces q = {.left = left};
            const mw_report_sink full = {.write = take_piece, .user = &q};
            assert_int_equal(to(&r, &full, &err), MW_ERR_IO);
            assert_int_equal(q.count, left);
            mw_buf_clear(&q.all);
        }
    }
    mw_doc_free(coverage);
    free(findings);
}

static void counts(void **state)
{
    mw_finding findings[MW_COUNT(mixed)];
    mw_doc *coverage = coverage_of(coverage_text);
    mw_report r = report_of(coverage, findings, MW_COUNT(findings));
    mw_report_counts c;
    MW_AUTO(mw_buf) out = {0};

    (void)state;
    mixed_run(findings);
    mw_report_count(&r, &c);
    assert_false(mw_report_complete(&c));
    assert_int_equal(c.scopes, 5);
    assert_int_equal(c.scopes_complete, 1);
    assert_int_equal(c.added, 1);
    assert_int_equal(c.open, 2);
    assert_int_equal(c.regressed, 1);
    r.compared = false;
    assert_int_equal(mw_report_summary_json(&r, &out, NULL), MW_OK);
    assert_string_equal(out.data,
                        "{\"by_status\":{\"pass\":1,\"fail\":4,\"not_applicable\":1,\"unknown\":4,\"error\":1},"
                        "\"by_severity\":{\"critical\":2,\"high\":1,\"medium\":0,\"low\":1,\"info\":0},"
                        "\"by_change\":null,\"unknown_by_class\":{\"denied\":3,\"rule\":1},"
                        "\"coverage\":{\"scopes\":5,\"complete\":1,\"percent\":20,\"skipped\":0,\"cached\":0,"
                        "\"by_class\":{\"denied\":3,\"service_error\":1},"
                        "\"by_account\":[{\"account\":\"111122223333\",\"scopes\":5,\"complete\":1,\"percent\":20}],"
                        "\"by_type\":[{\"type\":\"AWS::EC2::Instance\",\"scopes\":1,\"complete\":1,\"percent\":100},"
                        "{\"type\":\"AWS::KMS::Key\",\"scopes\":1,\"complete\":0,\"percent\":0},"
                        "{\"type\":\"AWS::S3::Bucket\",\"scopes\":3,\"complete\":0,\"percent\":0}]}}");
    mw_doc_free(coverage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text), cmocka_unit_test(clean_text), cmocka_unit_test(long_lists_are_cut),
        cmocka_unit_test(json), cmocka_unit_test(in_pieces),  cmocka_unit_test(counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
