/* Text helpers: known answers and edges. */
#include "base/str.h"
#include "support/support.h"

static void base64_known_answers(void **state)
{
    /* RFC 4648, section 10 */
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) e = {0};
        MW_AUTO(mw_buf) d = {0};
        assert_ok(mw_base64_encode(&e, rows[i][0], strlen(rows[i][0])));
        assert_string_equal(e.data, rows[i][1]);
        assert_ok(mw_base64_decode(&d, rows[i][1], strlen(rows[i][1]), &err));
        assert_int_equal(d.len, strlen(rows[i][0]));
        assert_memory_equal(d.data ? d.data : "", rows[i][0], d.len);
    }
}

static void base64_refuses_garbage(void **state)
{
    static const char *const rows[] = {"Z", "Zg==Zg==", "Z*==", "Zg===", "Zm9vY"};
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) d = {0};
        assert_int_equal(mw_base64_decode(&d, rows[i], strlen(rows[i]), &err), MW_ERR_PARSE);
    }
}

static void uri_encoding_round_trips(void **state)
{
    MW_AUTO(mw_buf) e = {0};
    MW_AUTO(mw_buf) d = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_uri_encode(&e, "a b/ü~%+", 9, "/"));
    assert_string_equal(e.data, "a%20b/%C3%BC~%25%2B");
    assert_ok(mw_uri_decode(&d, e.data, e.len));
    assert_string_equal(d.data, "a b/ü~%+");
    mw_buf_reset(&d);
    assert_ok(mw_uri_decode(&d, "%zz%4%41", 8));
    assert_string_equal(d.data, "%zz%4A");
}

static void utf8_validity(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"plain", true},     {"\xC3\xA9", true},      {"\xE2\x82\xAC", true},      {"\xF0\x9F\x8C\x99", true},
        {"\xC0\x80", false}, {"\xED\xA0\x80", false}, {"\xF4\x90\x80\x80", false}, {"\x80", false},
        {"\xE2\x82", false}, {"\xE0\x80\x80", false}, {"\xF0\x80\x80\x80", false}, {"\xFF", false},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) repaired = {0};
        assert_int_equal(mw_utf8_valid(rows[i].text, strlen(rows[i].text)), rows[i].valid);
        mw_utf8_repair(&repaired, rows[i].text, strlen(rows[i].text));
        assert_true(mw_utf8_valid(repaired.data, repaired.len));
    }
}

static void utf8_one_character(void **state)
{
    static const struct {
        uint32_t c;
        const char *text;
    } rows[] = {
        {'a', "a"},
        {0x7F, "\x7F"},
        {0x80, "\xC2\x80"},
        {0x7FF, "\xDF\xBF"},
        {0x800, "\xE0\xA0\x80"},
        {0xFFFD, "\xEF\xBF\xBD"},
        {0x10000, "\xF0\x90\x80\x80"},
        {0x10FFFF, "\xF4\x8F\xBF\xBF"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        size_t len = strlen(rows[i].text);
        char out[4];

        assert_int_equal(mw_utf8_encode(out, rows[i].c), len);
        assert_memory_equal(out, rows[i].text, len);
        assert_int_equal(mw_utf8_sequence(rows[i].text, len), len);
        assert_int_equal(mw_utf8_sequence(rows[i].text, len - (len > 1)), len > 1 ? 0 : 1);
    }
}

static void globs(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool match;
    } rows[] = {
        {"s3-*", "s3-bucket", true},
        {"s3-*", "ec2", false},
        {"*", "", true},
        {"eu-*-1", "eu-west-1", true},
        {"eu-*-1", "eu-west-2", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"*b*b", "abab", true},
        {"", "x", false},
        {"[a]", "a", false},
        {"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        assert_int_equal(mw_glob_match(rows[i].pattern, rows[i].text), rows[i].match);
}

static void nearest_names(void **state)
{
    static const char *const names[] = {"region", "profile", "fail-on", "output", "Versioning"};
    static const char *const rows[][2] = {
        {"regoin", "region"}, {"regions", "region"}, {"versioning", "Versioning"},
        {"outptu", "output"}, {"zzzz", NULL},        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const char *found = mw_nearest(rows[i][0], names, MW_COUNT(names));
        assert_true(mw_str_eq(found, rows[i][1]));
    }
}

static void integers(void **state)
{
    long long v = 0;

    (void)state;
    assert_true(mw_parse_int("-9223372036854775808", 20, &v));
    assert_true(v == INT64_MIN);
    assert_true(mw_parse_int("9223372036854775807", 19, &v));
    assert_true(v == INT64_MAX);
    assert_false(mw_parse_int("9223372036854775808", 19, &v));
    assert_false(mw_parse_int("-9223372036854775809", 20, &v));
    assert_false(mw_parse_int("", 0, &v));
    assert_false(mw_parse_int("-", 1, &v));
    assert_false(mw_parse_int("1x", 2, &v));
    assert_false(mw_parse_int(" 1", 2, &v));
}

static void small_predicates(void **state)
{
    char hex[7];

    (void)state;
    assert_true(mw_str_eq(NULL, NULL));
    assert_false(mw_str_eq(NULL, ""));
    assert_true(mw_str_ieq("Host", "hOST"));
    assert_false(mw_str_ieq("Host", "Hos"));
    assert_true(mw_str_starts("x-amz-id", "x-amz-"));
    assert_true(mw_str_ends("a_test.lua", "_test.lua"));
    assert_false(mw_str_ends("lua", "_test.lua"));
    mw_hex(hex, "\x00\xAB\xFF", 3);
    assert_string_equal(hex, "00abff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_known_answers),
        cmocka_unit_test(base64_refuses_garbage),
        cmocka_unit_test(uri_encoding_round_trips),
        cmocka_unit_test(utf8_validity),
        cmocka_unit_test(utf8_one_character),
        cmocka_unit_test(globs),
        cmocka_unit_test(nearest_names),
        cmocka_unit_test(integers),
        cmocka_unit_test(small_predicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
