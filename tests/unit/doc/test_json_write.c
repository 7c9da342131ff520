/* The JSON writer: canonical text, and numbers that read back as themselves. */
#include "docs.h"

#include <math.h>

static void numbers_are_shortest(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0.0, "0"},
        {-0.0, "0"},
        {1.0, "1"},
        {0.1, "0.1"},
        {0.30000000000000004, "0.30000000000000004"},
        {1e20, "1e+20"},
        {123456.789, "123456.789"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {5e-324, "4.94065645841247e-324"},
        {1.0 / 3, "0.3333333333333333"},
        {100, "100"},
        {1e15, "1000000000000000"},
        {-9223372036854775808.0, "-9223372036854775808"},
        {9223372036854774784.0, "9223372036854774784"},
        {9223372036854775808.0, "9.223372036854776e+18"},
        {NAN, "\"NaN\""},
        {INFINITY, "\"Infinity\""},
        {-INFINITY, "\"-Infinity\""},
    };
    mw_doc_builder *b = builder_new(false);

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc_add_real(b, rows[i].value);
        assert_json(mw_doc_view(b), mw_doc_pop(b), rows[i].text);
    }
    mw_doc_builder_free(b);
}

static void doubles_read_back_as_themselves(void **state)
{
    uint64_t seed = 88172645463325252u; /* xorshift64, Marsaglia 2003 */
    mw_doc_builder *b = builder_new(false);
    mw_error err = {0};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        MW_AUTO(mw_buf) out = {0};
        double value, back;

        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        memcpy(&value, &seed, sizeof value);
        if (!isfinite(value))
            continue;
        mw_doc_builder_reset(b);
        mw_doc_add_real(b, value);
        assert_int_equal(mw_json_write(&out, mw_doc_view(b), mw_doc_pop(b), MW_JSON_COMPACT), MW_OK);
        assert_ok(mw_json_read(b, out.data, out.len, NULL, NULL, &err));
        back = mw_val_real(mw_doc_view(b), mw_doc_pop(b));
        assert_true(back == value);
    }
    mw_doc_builder_free(b);
}

static void pretty_text(void **state)
{
    mw_doc *d = doc_of("{\"b\":[1,{\"x\":null}],\"a\":{},\"c\":[]}", false);
    MW_AUTO(mw_buf) out = {0};

    (void)state;
    assert_int_equal(mw_json_write(&out, d, mw_doc_root(d), MW_JSON_PRETTY), MW_OK);
    assert_string_equal(out.data, "{\n  \"a\": {},\n  \"b\": [\n    1,\n    {\n      \"x\": null\n    }\n"
                                  "  ],\n  \"c\": []\n}");
    mw_doc_free(d);
}

static void strings_are_escaped_for_json_and_script(void **state)
{
    static const struct {
        const char *s;
        size_t len;
        const char *json;
    } rows[] = {
        {"", 0, "\"\""},
        {"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
        {"\0\x1f\x7f", 3, "\"\\u0000\\u001f\\u007f\""},
        {"\xE2\x80\xA8|\xE2\x80\xA9|\xE2\x82\xAC", 11, "\"\\u2028|\\u2029|\xE2\x82\xAC\""},
        {"\xE2", 1, "\"\xE2\""},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) out = {0};

        assert_int_equal(mw_json_write_string(&out, rows[i].s, rows[i].len), MW_OK);
        assert_string_equal(out.data, rows[i].json);
    }
}

static void unknown_is_visible(void **state)
{
    mw_doc_builder *b = builder_new(false);
    MW_AUTO(mw_buf) out = {0};
    mw_val v;

    (void)state;
    mw_doc_begin_array(b);
    mw_doc_add_unknown_cause(b, "op", "AccessDenied", NULL);
    mw_doc_end_array(b);
    v = mw_doc_pop(b);
    assert_json(mw_doc_view(b), v, "[{\"$unknown\":{\"code\":\"AccessDenied\",\"operation\":\"op\"}}]");
    assert_int_equal(mw_json_write(&out, mw_doc_view(b), v, MW_JSON_PRETTY), MW_OK);
    assert_string_equal(out.data, "[\n  {\n    \"$unknown\": {\n      \"code\": \"AccessDenied\",\n"
                                  "      \"operation\": \"op\"\n    }\n  }\n]");
    mw_doc_builder_free(b);
}

static void the_buffer_may_refuse(void **state)
{
    mw_doc *d = doc_of("{\"a\":[1,2,3,\"x\\u0001y\",{\"b\":null}],\"c\":true}", false);

    (void)state;
    for (size_t max = 1; max < 46; max++) {
        mw_buf out = {.max = max};

        assert_int_equal(mw_json_write(&out, d, mw_doc_root(d), MW_JSON_PRETTY), MW_ERR_LIMIT);
        mw_buf_clear(&out);
    }
    mw_doc_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_shortest), cmocka_unit_test(doubles_read_back_as_themselves),
        cmocka_unit_test(pretty_text),          cmocka_unit_test(strings_are_escaped_for_json_and_script),
        cmocka_unit_test(unknown_is_visible),   cmocka_unit_test(the_buffer_may_refuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
