/* Findings: names, fingerprint, order, digest, JSON. */
#include "engine/finding.h"

#include "base/hash.h"
#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static mw_finding sample(const char *rule, const char *id, const char *subkey)
{
    return (mw_finding){.rule = rule,
                        .severity = "high",
                        .status = MW_VERDICT_FAIL,
                        .type = "AWS::S3::Bucket",
                        .id = id,
                        .account = "1",
                        .region = "us-east-1",
                        .partition = "aws",
                        .subkey = subkey,
                        .message = "m \"q\"",
                        .evidence = "[{\"path\":\"A\",\"value\":1}]"};
}

static void test_names(void **state)
{
    mw_verdict v;

    (void)state;
    for (int i = MW_VERDICT_PASS; i <= MW_VERDICT_ERROR; i++) {
        assert_int_equal(mw_verdict_parse(mw_verdict_name((mw_verdict)i), &v), MW_OK);
        assert_int_equal(v, i);
    }
    assert_int_equal(mw_verdict_parse("passed", &v), MW_ERR_INVALID);
    assert_int_equal(mw_verdict_parse(NULL, &v), MW_ERR_INVALID);
}

static void test_fingerprint(void **state)
{
    static const char text[] = "r\x1f"
                               "aws\x1f"
                               "1\x1f"
                               "us-east-1\x1f"
                               "b\x1f"
                               "k";
    mw_finding f = sample("r", "b", "k"), plain = sample("r", "b", NULL), empty = sample("r", "b", "");
    mw_findings l = {0};
    uint8_t digest[32];
    char hex[65];

    (void)state;
    mw_sha256(digest, text, sizeof(text) - 1);
    mw_hex(hex, digest, 32);
    hex[32] = '\0';
    assert_int_equal(mw_findings_add(&l, &f, NULL), MW_OK);
    assert_int_equal(mw_findings_add(&l, &plain, NULL), MW_OK);
    assert_int_equal(mw_findings_add(&l, &empty, NULL), MW_OK);
    assert_string_equal(l.items[0].fingerprint, hex);
    assert_string_not_equal(l.items[1].fingerprint, hex);
    assert_string_equal(l.items[1].fingerprint, l.items[2].fingerprint);
    mw_findings_clear(&l);
}

static void test_order_and_digest(void **state)
{
    static const char *const ids[] = {"b", "a", "c"};
    mw_findings x = {0}, y = {0};
    char one[65], two[65];

    (void)state;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++) {
            mw_finding f = sample(k ? "r2" : "r1", ids[i], NULL), g = sample(k ? "r1" : "r2", ids[2 - i], NULL);
            assert_int_equal(mw_findings_add(&x, &f, NULL), MW_OK);
            assert_int_equal(mw_findings_add(&y, &g, NULL), MW_OK);
        }
    mw_findings_sort(&x);
    mw_findings_sort(&y);
    assert_string_equal(x.items[0].rule, "r1");
    assert_string_equal(x.items[0].id, "a");
    assert_string_equal(x.items[5].id, "c");
    assert_int_equal(mw_findings_digest(&x, one, NULL), MW_OK);
    assert_int_equal(mw_findings_digest(&y, two, NULL), MW_OK);
    assert_string_equal(one, two);
    x.items[0].first_seen = x.items[0].last_seen = "2026-01-01T00:00:00Z";
    x.items[0].change = "new";
    assert_int_equal(mw_findings_digest(&x, two, NULL), MW_OK);
    assert_string_equal(one, two); /* what the store fills in does not count */
    x.items[0].status = MW_VERDICT_PASS;
    assert_int_equal(mw_findings_digest(&x, two, NULL), MW_OK);
    assert_string_not_equal(one, two);
    mw_findings_clear(&x);
    mw_findings_clear(&y);
}

static void test_json(void **state)
{
    mw_finding f = sample("r", "b", NULL);
    MW_AUTO(mw_buf) out = {.max = 4096};
    mw_findings l = {0};

    (void)state;
    assert_int_equal(mw_findings_add(&l, &f, NULL), MW_OK);
    memcpy(l.items[0].fingerprint, "00112233445566778899aabbccddeeff", 33);
    assert_int_equal(mw_finding_json(&l.items[0], &out), MW_OK);
    assert_string_equal(
        out.data,
        "{\"rule\":\"r\",\"status\":\"fail\",\"severity\":\"high\",\"resource\":{\"type\":\"AWS::S3::Bucket\","
        "\"id\":\"b\",\"arn\":null,\"name\":null,\"account\":\"1\",\"region\":\"us-east-1\"},\"subkey\":null,"
        "\"message\":\"m \\\"q\\\"\",\"evidence\":[{\"path\":\"A\",\"value\":1}],"
        "\"fingerprint\":\"00112233445566778899aabbccddeeff\",\"first_seen\":null,\"last_seen\":null,"
        "\"change\":null,\"waiver\":null}");
    mw_findings_clear(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_fingerprint),
                                       cmocka_unit_test(test_order_and_digest), cmocka_unit_test(test_json)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
