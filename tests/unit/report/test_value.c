/* Values as JSON, YAML, text and tables; YAML is read back, and nothing drives a terminal. */
#include "../../support/support.h"

#include "base/mem.h"
#include "doc/yaml.h"
#include "report/value.h"

static mw_val read_json(mw_doc_builder *b, const char *text)
{
    mw_error err = {0};

    mw_doc_builder_reset(b);
    if (mw_json_read(b, text, strlen(text), NULL, NULL, &err) != MW_OK)
        fail_msg("%s: %s", text, err.message);
    return mw_doc_pop(b);
}

static void same(mw_value_format format, const char *title, const char *given, const char *wanted)
{
    MW_AUTO(mw_buf) out = {0};
    mw_doc_builder *b = NULL;
    mw_error err = {0};
    mw_val v;

    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    v = read_json(b, given);
    assert_ok(mw_value_write(&out, mw_doc_view(b), v, format, title, &err));
    if (strcmp(out.data ? out.data : "", wanted) != 0)
        fail_msg("%s\ngave\n%s\nexpected\n%s", given, out.data ? out.data : "", wanted);
    mw_doc_builder_free(b);
}

static void names(void **state)
{
    mw_value_format f;

    (void)state;
    assert_true(mw_value_format_named(NULL, &f) && f == MW_VALUE_JSON);
    assert_true(mw_value_format_named("yaml", &f) && f == MW_VALUE_YAML);
    assert_true(mw_value_format_named("text", &f) && f == MW_VALUE_TEXT);
    assert_true(mw_value_format_named("table", &f) && f == MW_VALUE_TABLE);
    assert_false(mw_value_format_named("xml", &f));
    assert_false(mw_value_format_named("", &f));
}

static void text(void **state)
{
    static const char *const rows[][2] = {
        {"\"a\"", "a\n"},
        {"12", "12\n"},
        {"1.5", "1.5\n"},
        {"true", "True\n"},
        {"false", "False\n"},
        {"null", "None\n"},
        {"[]", ""},
        {"{}", ""},
        {"[\"a\",\"b\",3]", "a\tb\t3\n"},
        {"[[\"a\",1],[\"b\",null]]", "a\t1\nb\tNone\n"},
        {"[\"x\",[\"a\"],[]]", "x\na\n"},
        {"{\"b\":2,\"a\":\"one\"}", "one\t2\n"},
        {"{\"Zones\":[\"a\",\"b\"]}", "ZONES\ta\nZONES\tb\n"},
        {"{\"State\":{\"Code\":16,\"Name\":\"running\"},\"Id\":\"i-1\"}", "i-1\nSTATE\t16\trunning\n"},
        {"[{\"Id\":\"i-1\",\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"}]},{\"Id\":\"i-2\",\"Zone\":\"z\"}]",
         "i-1\t\nTAGS\tk\tv\ni-2\tz\n"},
        {"{\"Items\":[{\"A\":1},{\"B\":2}]}", "ITEMS\t1\t\nITEMS\t\t2\n"},
        {"{\"M\":{\"N\":{\"O\":[1,2]}}}", "O\t1\nO\t2\n"},
        /* scalar in one row, nested in another: one column, JSON in it */
        {"[{\"A\":1},{\"A\":{\"x\":2}}]", "1\n{\"x\":2}\n"},
        /* mixed lists */
        {"[{\"A\":1},\"s\",[2,3]]", "1\ns\n2\t3\n"},
        {"{\"L\":[[1,2],[3]]}", "L\t1\nL\t2\nL\t3\n"},
        /* line ends and tabs are layout, everything else that a terminal acts upon is shown */
        {"\"a\\nb\\tc\\r\\n\"", "a\nb\tc\r\n\n"},
        {"\"\\u001b[31m\\rx\\u0000y\\u009b\\u202e\\u0007\"", "\\x1b[31m\\x0dx\\x00y\\x9b\\u202e\\x07\n"},
        {"{\"\\u001b]\":[1]}", "\\x1b]\t1\n"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        same(MW_VALUE_TEXT, NULL, rows[i][0], rows[i][1]);
}

static void table(void **state)
{
    static const char *const rows[][3] = {
        {NULL, "\"x\"",
         "-------\n"
         "|  x  |\n"
         "+-----+\n"},
        {"Op", "{}",
         "------\n"
         "| Op |\n"
         "+----+\n"},
        {"Op", "{\"Id\":\"i-1\",\"Count\":2}",
         "-------------------\n"
         "|       Op        |\n"
         "+---------+-------+\n"
         "|  Count  |  2    |\n"
         "|  Id     |  i-1  |\n"
         "+---------+-------+\n"},
        {NULL, "[[\"a\",1],[\"bb\"]]",
         "--------------\n"
         "|  a   |  1  |\n"
         "|  bb  |     |\n"
         "+------+-----+\n"},
        {"List", "{\"Items\":[{\"Id\":\"one\",\"Tags\":[\"t\"]},{\"Id\":\"2\",\"On\":true}]}",
         "-------------------\n"
         "|      List       |\n"
         "+-----------------+\n"
         "||     Items     ||\n"
         "|+--------+------+|\n"
         "||   Id   |  On  ||\n"
         "|+--------+------+|\n"
         "||  one   |      ||\n"
         "|+--------+------+|\n"
         "|||    Tags     |||\n"
         "||+-------------+||\n"
         "|||  t          |||\n"
         "||+-------------+||\n"
         "||     Items     ||\n"
         "|+------+--------+|\n"
         "||  Id  |   On   ||\n"
         "|+------+--------+|\n"
         "||  2   |  True  ||\n"
         "|+------+--------+|\n"},
        {NULL, "[\"a\\nb\\u001b\"]",
         "----------------\n"
         "|  a\\x0ab\\x1b  |\n"
         "+--------------+\n"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        same(MW_VALUE_TABLE, rows[i][0], rows[i][1], rows[i][2]);
}

static void yaml(void **state)
{
    static const char *const rows[][2] = {
        {"{}", "{}\n"},
        {"[]", "[]\n"},
        {"\"a\"", "a\n"},
        {"null", "null\n"},
        {"{\"a\":1,\"b\":[1,\"x\",[],[2,[3]]],\"c\":{\"d\":null,\"e\":{}}}",
         "a: 1\nb:\n  - 1\n  - x\n  - []\n  - - 2\n    - - 3\nc:\n  d: null\n  e: {}\n"},
        {"[{\"a\":1,\"b\":{\"c\":2}},{\"d\":[4]}]", "- a: 1\n  b:\n    c: 2\n- d:\n    - 4\n"},
        {"[\"yes\",\"No\",\"on\",\"null\",\"~\",\"1\",\"1e3\",\"2026-01-01\",\"\",\" a\",\"a: b\",\"a #b\",\"y\","
         "\"arn:aws:s3:::b\",\"a:\",\"-\",\"a b\",\"true\",\"0x1\",\"12:30\"]",
         "- \"yes\"\n- \"No\"\n- \"on\"\n- \"null\"\n- \"~\"\n- \"1\"\n- \"1e3\"\n- \"2026-01-01\"\n- \"\"\n- \" a\"\n"
         "- \"a: b\"\n- \"a #b\"\n- \"y\"\n- arn:aws:s3:::b\n- \"a:\"\n- \"-\"\n- \"a b\"\n- \"true\"\n- \"0x1\"\n"
         "- \"12:30\"\n"},
        {"[1e300,1.5e300,-0.5,1000.0]", "- 1.0e+300\n- 1.5e+300\n- -0.5\n- 1000\n"},
        {"\"\\u001b[2J\\u0085\\u202e\\u007f\"", "\"\\u001b[2J\\u0085\\u202e\\u007f\"\n"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        same(MW_VALUE_YAML, NULL, rows[i][0], rows[i][1]);
}

static void yaml_reads_back(void **state)
{
    static const char *const rows[] = {
        "{\"a\":[{\"b\":[[1],[{\"c\":\"d\\ne\"}]]},[],{}],\"yes\":\"no\",\"1\":2,\"a: b\":\"- x\"}",
        "[\"'\",\"\\\"\",\"\\\\\",\"&a\",\"*a\",\"!t\",\"%\",\"@\",\"`\",\"{\",\"[\",\"#\",\"|\",\">\",\"?\",\":\",\"-"
        "\",\"...\"]",
        "{\"policy\":\"{\\n  \\\"Version\\\": "
        "\\\"2012-10-17\\\"\\n}\\n\",\"tab\":\"a\\tb\",\"\\u00e9\":\"\\ud83d\\ude00\"}",
        "[1,-1,0.1,1e300,-1e-300,9223372036854775807,true,false,null,\"NaN\",\".inf\",\"0o7\",\"1_000\"]",
        "{\"control\":\"\\u0000\\u0001\\u001b\\u007f\\u0080\\u009f\\u2028\\u2029\\ufeff\\udb40\\udc01\"}",
    };
    mw_doc_builder *b = NULL, *back = NULL;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_doc_builder_new(NULL, &back, &err));
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) out = {0};
        mw_val v = read_json(b, rows[i]);

        assert_ok(mw_value_yaml(&out, mw_doc_view(b), v));
        mw_doc_builder_reset(back);
        if (mw_yaml_read(back, out.data, out.len, "yaml", NULL, &err) != MW_OK)
            fail_msg("%s: %s", out.data, err.message);
        if (!mw_val_equal(mw_doc_view(back), mw_doc_pop(back), mw_doc_view(b), v))
            fail_msg("%s reads back as something else", out.data);
    }
    mw_doc_builder_free(b);
    mw_doc_builder_free(back);
}

static void a_long_key_reads_back(void **state)
{
    MW_AUTO(mw_buf) out = {0};
    mw_doc_builder *b = NULL, *back = NULL;
    char key[3000];
    mw_error err = {0};
    mw_val v;

    (void)state;
    memset(key, '"', sizeof(key));
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_doc_builder_new(NULL, &back, &err));
    mw_doc_begin_array(b);
    mw_doc_begin_object(b);
    mw_doc_key(b, key, sizeof(key));
    mw_doc_add_int(b, 1);
    mw_doc_key(b, key, 200);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "x", "y");
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_end_array(b);
    v = mw_doc_pop(b);
    assert_ok(mw_value_yaml(&out, mw_doc_view(b), v));
    assert_ok(mw_yaml_read(back, out.data, out.len, "yaml", NULL, &err));
    assert_true(mw_val_equal(mw_doc_view(back), mw_doc_pop(back), mw_doc_view(b), v));
    mw_doc_builder_free(b);
    mw_doc_builder_free(back);
}

static void json_is_neutral_and_equal(void **state)
{
    (void)state;
    same(MW_VALUE_JSON, NULL, "{\"a\":\"\\u009b31m\\u202e\\u001b\\udb40\\udc01\\u00e9\"}",
         "{\n  \"a\": \"\\u009b31m\\u202e\\u001b\\udb40\\udc01\xC3\xA9\"\n}\n");
    same(MW_VALUE_JSON, NULL, "[\"some \xC3\xA9 text \\u202e\\u202d more \xE2\x82\xAC of it \\u202e\"]",
         "[\n  \"some \xC3\xA9 text \\u202e\\u202d more \xE2\x82\xAC of it \\u202e\"\n]\n");
    same(MW_VALUE_JSON, NULL, "[]", "[]\n");
}

static void an_unknown_is_shown_as_one(void **state)
{
    static const char *const wanted[] = {
        [MW_VALUE_JSON] = "{\n  \"u\": {\n    \"$unknown\": {\n      \"code\": \"AccessDenied\"\n    }\n  }\n}\n",
        [MW_VALUE_YAML] = "u:\n  \"$unknown\":\n    code: AccessDenied\n",
        [MW_VALUE_TEXT] = "U\t{\"$unknown\":{\"code\":\"AccessDenied\"}}\n",
        [MW_VALUE_TABLE] = NULL,
    };
    mw_doc_builder *b = NULL;
    mw_error err = {0};
    mw_val v;

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "u");
    mw_doc_add_unknown_cause(b, NULL, "AccessDenied", NULL);
    mw_doc_end_object(b);
    v = mw_doc_pop(b);
    for (size_t i = 0; i < MW_COUNT(wanted); i++) {
        MW_AUTO(mw_buf) out = {0};

        assert_ok(mw_value_write(&out, mw_doc_view(b), v, (mw_value_format)i, NULL, &err));
        assert_non_null(strstr(out.data, "AccessDenied"));
        if (wanted[i])
            assert_string_equal(out.data, wanted[i]);
    }
    mw_doc_builder_free(b);
}

static void ceilings(void **state)
{
    mw_doc_builder *b = NULL;
    mw_error err = {0};
    mw_val v;

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    for (unsigned i = 0; i < MW_VALUE_DEPTH_MAX + 10; i++)
        mw_doc_begin_array(b);
    mw_doc_add_int(b, 1);
    for (unsigned i = 0; i < MW_VALUE_DEPTH_MAX + 10; i++)
        mw_doc_end_array(b);
    v = mw_doc_pop(b);
    if (v != MW_VAL_ABSENT) /* else documents of that depth cannot be made at all */
        for (int f = MW_VALUE_JSON; f <= MW_VALUE_TABLE; f++) {
            MW_AUTO(mw_buf) out = {0};

            assert_int_equal(mw_value_write(&out, mw_doc_view(b), v, (mw_value_format)f, NULL, &err), MW_ERR_LIMIT);
        }
    v = read_json(b, "{\"a\":[\"a long enough text\",{\"b\":\"another one\"}]}");
    for (int f = MW_VALUE_JSON; f <= MW_VALUE_TABLE; f++) {
        MW_AUTO(mw_buf) out = {.max = 24};

        assert_int_equal(mw_value_write(&out, mw_doc_view(b), v, (mw_value_format)f, NULL, &err), MW_ERR_LIMIT);
    }
    mw_doc_builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(text),
        cmocka_unit_test(table),
        cmocka_unit_test(yaml),
        cmocka_unit_test(yaml_reads_back),
        cmocka_unit_test(a_long_key_reads_back),
        cmocka_unit_test(json_is_neutral_and_equal),
        cmocka_unit_test(an_unknown_is_shown_as_one),
        cmocka_unit_test(ceilings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
