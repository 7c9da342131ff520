/* The JSON reader: RFC 8259 and nothing more, with messages that name the place. */
#include "docs.h"

#include <math.h>
#include <stdio.h>

static void valid_texts_come_back_canonical(void **state)
{
    static const char *const rows[][2] = {
        {"null", "null"},
        {" \t\r\n true ", "true"},
        {"false", "false"},
        {"[]", "[]"},
        {"{ }", "{}"},
        {"[ 1 , 2 ]", "[1,2]"},
        {"{\"b\":1,\"a\":[{}]}", "{\"a\":[{}],\"b\":1}"},
        {"\"\"", "\"\""},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\"\\u0000\\u001f\\u007f\"", "\"\\u0000\\u001f\\u007f\""},
        {"\"\\u00e9\\u20AC\\uD83D\\uDE00\"", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {"\"\\u2028\\u2029\"", "\"\\u2028\\u2029\""},
        {"\"a string longer than eight bytes with \\n inside and a tail\"",
         "\"a string longer than eight bytes with \\n inside and a tail\""},
        {"{\"k\\u0065y\":1}", "{\"key\":1}"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc *d = doc_of(rows[i][0], false);

        assert_json(d, mw_doc_root(d), rows[i][1]);
        mw_doc_free(d);
    }
}

static void numbers_are_exact(void **state)
{
    static const struct {
        const char *text;
        mw_kind kind;
        int64_t whole;
        double real;
    } rows[] = {
        {"0", MW_KIND_INT, 0, 0},
        {"-0", MW_KIND_INT, 0, 0},
        {"-1", MW_KIND_INT, -1, -1},
        {"9223372036854775807", MW_KIND_INT, INT64_MAX, 9223372036854775807.0},
        {"-9223372036854775808", MW_KIND_INT, INT64_MIN, -9223372036854775808.0},
        {"9223372036854775808", MW_KIND_REAL, INT64_MAX, 9223372036854775808.0},
        {"-9223372036854775809", MW_KIND_REAL, INT64_MIN, -9223372036854775808.0},
        {"18446744073709551616", MW_KIND_REAL, INT64_MAX, 18446744073709551616.0},
        {"99999999999999999999999", MW_KIND_REAL, INT64_MAX, 99999999999999999999999.0},
        {"1.0", MW_KIND_REAL, 1, 1.0},
        {"0.1", MW_KIND_REAL, 0, 0.1},
        {"-0.0", MW_KIND_REAL, 0, -0.0},
        {"1e3", MW_KIND_REAL, 1000, 1000},
        {"1E+3", MW_KIND_REAL, 1000, 1000},
        {"1.7E9", MW_KIND_REAL, 1700000000, 1.7e9},
        {"123456789.125e-3", MW_KIND_REAL, 123456, 123456789.125e-3},
        {"0.30000000000000004", MW_KIND_REAL, 0, 0.30000000000000004},
        {"2.2250738585072011e-308", MW_KIND_REAL, 0, 2.2250738585072011e-308},
        {"4.9e-324", MW_KIND_REAL, 0, 4.9e-324},
        {"1e-400", MW_KIND_REAL, 0, 0},
        {"1.7976931348623157e308", MW_KIND_REAL, INT64_MAX, 1.7976931348623157e308},
        {"1e22", MW_KIND_REAL, INT64_MAX, 1e22},
        {"1e23", MW_KIND_REAL, INT64_MAX, 1e23},
        {"9007199254740993.0", MW_KIND_REAL, 9007199254740992, 9007199254740992.0},
        {"0.00000000000000000000000000000000000001", MW_KIND_REAL, 0, 1e-38},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc *d = doc_of(rows[i].text, false);
        mw_val v = mw_doc_root(d);
        double real = mw_val_real(d, v);

        if (mw_val_kind(d, v) != rows[i].kind || mw_val_int(d, v) != rows[i].whole ||
            memcmp(&real, &rows[i].real, sizeof real) != 0)
            fail_msg("%s: kind %d, %lld, %.17g", rows[i].text, mw_val_kind(d, v), (long long)mw_val_int(d, v), real);
        mw_doc_free(d);
    }
}

static void errors_name_line_column_and_what_was_expected(void **state)
{
    static const char *const rows[][2] = {
        {"", "line 1, column 1: expected a JSON value, the text ends here"},
        {"  \n ", "line 2, column 2: expected a JSON value, the text ends here"},
        {"nul", "line 1, column 1: expected a JSON value, found 'n'"},
        {"True", "line 1, column 1: expected a JSON value, found 'T'"},
        {"NaN", "expected a JSON value, found 'N'"},
        {"Infinity", "expected a JSON value, found 'I'"},
        {"-Infinity", "column 2: expected a digit, found 'I'"},
        {"'a'", "expected a JSON value, found '''"},
        {"[1,\n  2,, 3]", "line 2, column 5: expected a JSON value, found ','"},
        {"[1,]", "column 4: expected a JSON value, found ']'"},
        {"[1 2]", "column 4: expected ',' or ']', found '2'"},
        {"[1", "column 3: expected ',' or ']', the text ends here"},
        {"[1}", "column 3: expected ',' or ']', found '}'"},
        {"]", "column 1: expected a JSON value, found ']'"},
        {"{\"a\":1,}", "column 8: expected a key in double quotes, found '}'"},
        {"{a:1}", "column 2: expected a key in double quotes, found 'a'"},
        {"{\"a\" 1}", "column 6: expected ':' after a key, found '1'"},
        {"{\"a\":1 \"b\":2}", "column 8: expected ',' or '}', found '\"'"},
        {"{\"a\"", "column 5: expected ':' after a key, the text ends here"},
        {"{\"a\":", "column 6: expected a JSON value, the text ends here"},
        {"{1:2}", "expected a key in double quotes"},
        {"3 x", "column 3: expected the end of the text, found 'x'"},
        {"{} {}", "column 4: expected the end of the text, found '{'"},
        {"01", "column 2: a number must not begin with a superfluous 0"},
        {"-01", "column 3: a number must not begin with a superfluous 0"},
        {"+1", "expected a JSON value, found '+'"},
        {".5", "expected a JSON value, found '.'"},
        {"1.", "column 3: expected a digit after the decimal point, the text ends here"},
        {"1.e5", "expected a digit after the decimal point, found 'e'"},
        {"1e", "expected a digit in the exponent"},
        {"1e+", "expected a digit in the exponent"},
        {"-", "expected a digit, the text ends here"},
        {"0x10", "expected the end of the text, found 'x'"},
        {"1e400", "out of the range of a double"},
        {"\"a", "column 3: expected the closing '\"' of a string, the text ends here"},
        {"\"a\\", "expected an escape, the text ends here"},
        {"\"\\x\"", "column 3: expected one of \" \\ / b f n r t u after '\\', found 'x'"},
        {"\"\\u12G4\"", "column 3: expected four hex digits after '\\u'"},
        {"\"\\u123", "expected four hex digits"},
        {"\"a\tb\"", "column 3: a control character in a string must be escaped"},
        {"\"a\nb\"", "a control character in a string must be escaped"},
        {"\xEF\xBB\xBF{}", "a byte order mark stands before the value"},
        {"[\"\xC3\xA9\xC3\xA9\", x]", "column 8: expected a JSON value, found 'x'"}, /* characters */
        {"\x01", "expected a JSON value, found byte 0x01"},
        {"//c\n1", "expected a JSON value, found '/'"},
    };
    mw_doc_builder *b = builder_new(false);

    (void)state;
    mw_doc_add_cstr(b, "before");
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_error err = {0};
        size_t n = strlen(rows[i][0]);
        char *exact = malloc(n ? n : 1); /* no byte behind it: ASan watches */

        memcpy(exact, rows[i][0], n);
        assert_int_equal(mw_json_read(b, exact, n, NULL, NULL, &err), MW_ERR_PARSE);
        if (!strstr(err.message, rows[i][1]))
            fail_msg("%s gave: %s", rows[i][0], err.message);
        free(exact);
        assert_int_equal(mw_doc_builder_status(b, &err), MW_OK);
    }
    /* nothing of them is left on the stack */
    assert_string_equal(mw_val_str(mw_doc_view(b), mw_doc_pop(b), NULL), "before");
    assert_int_equal(mw_doc_pop(b), MW_VAL_ABSENT);
    mw_doc_builder_free(b);
}

static void broken_characters_are_repaired(void **state)
{
    static const char *const rows[][2] = {
        {"\"\\ud800\"", "\xEF\xBF\xBD"},
        {"\"\\udc00x\"", "\xEF\xBF\xBDx"},
        {"\"\\ud800\\u0041\"", "\xEF\xBF\xBD"
                               "A"},
        {"\"\\ud800\\ud83d\\ude00\"", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
        {"\"a\xFFz\"", "a\xEF\xBF\xBDz"},
        {"\"\xC0\x80\"", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\"\\n\xFF\"", "\n\xEF\xBF\xBD"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc *d = doc_of(rows[i][0], false);

        assert_string_equal(mw_val_str(d, mw_doc_root(d), NULL), rows[i][1]);
        mw_doc_free(d);
    }
}

static void depth_is_limited(void **state)
{
    static const struct {
        unsigned limit;
        size_t depth;
        mw_status status;
    } rows[] = {
        {0, 512, MW_OK},           {0, 513, MW_ERR_PARSE}, {3, 3, MW_OK},
        {3, 4, MW_ERR_PARSE},      {5000, 1024, MW_OK},    {5000, 1025, MW_ERR_LIMIT},
        {0, 100000, MW_ERR_PARSE},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc_builder *b = builder_new(false);
        mw_json_options options = {.max_depth = rows[i].limit};
        size_t n = rows[i].depth;
        char *deep = malloc(2 * n);
        mw_error err = {0};

        memset(deep, '[', n);
        memset(deep + n, ']', n);
        assert_int_equal(mw_json_read(b, deep, 2 * n, &options, NULL, &err), rows[i].status);
        free(deep);
        mw_doc_builder_free(b);
    }
}

static void values_follow_each_other_when_asked(void **state)
{
    static const char lines[] = "{\"a\":1}\n[2] \"x\"3";
    mw_doc_builder *b = builder_new(false);
    mw_json_options options = {.allow_trailing = true};
    mw_error err = {0};
    size_t at = 0, used;

    (void)state;
    mw_doc_begin_array(b);
    while (at < strlen(lines)) {
        assert_ok(mw_json_read(b, lines + at, strlen(lines) - at, &options, &used, &err));
        assert_true(used > 0);
        at += used;
    }
    mw_doc_end_array(b);
    assert_json(mw_doc_view(b), mw_doc_pop(b), "[{\"a\":1},[2],\"x\",3]");
    mw_doc_builder_free(b);
}

static void a_failure_inside_of_an_open_object_leaves_it_open(void **state)
{
    mw_doc_builder *b = builder_new(false);
    mw_error err = {0};
    const char *policy = "{\"Statement\":[{\"Effect\":";

    (void)state;
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "Policy");
    assert_int_equal(mw_json_read(b, policy, strlen(policy), NULL, NULL, &err), MW_ERR_PARSE);
    mw_doc_add_cstr(b, policy); /* keep it as the string that it is */
    mw_doc_end_object(b);
    assert_json(mw_doc_view(b), mw_doc_pop(b), "{\"Policy\":\"{\\\"Statement\\\":[{\\\"Effect\\\":\"}");
    mw_doc_builder_free(b);
}

/* Stop bytes at every position of the eight-byte scan. */
static void strings_end_where_they_end(void **state)
{
    char text[64];

    (void)state;
    for (size_t n = 0; n < 40; n++) {
        for (int escape = 0; escape < 2; escape++) {
            mw_doc_builder *b = builder_new(false);
            mw_error err = {0};
            size_t len = 0, got;

            text[len++] = '"';
            for (size_t i = 0; i < n; i++)
                text[len++] = (char)(i % 3 ? 'a' + (int)i % 26 : 0x80 - 1 - (int)i);
            if (escape) {
                text[len++] = '\\';
                text[len++] = 'n';
            }
            text[len++] = '"';
            for (size_t i = 1; i <= n; i++)
                if (text[i] == '"' || text[i] == '\\')
                    text[i] = '!';
            assert_ok(mw_json_read(b, text, len, NULL, NULL, &err));
            const char *s = mw_val_str(mw_doc_view(b), mw_doc_pop(b), &got);
            assert_int_equal(got, n + (size_t)escape);
            assert_memory_equal(s, text + 1, n);
            mw_doc_builder_free(b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_texts_come_back_canonical),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(errors_name_line_column_and_what_was_expected),
        cmocka_unit_test(broken_characters_are_repaired),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(values_follow_each_other_when_asked),
        cmocka_unit_test(a_failure_inside_of_an_open_object_leaves_it_open),
        cmocka_unit_test(strings_end_where_they_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
