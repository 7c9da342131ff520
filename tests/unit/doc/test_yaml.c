/* YAML reader: scalars, refusals with their places, alias bounds, marks. */
#include "base/buf.h"
#include "doc/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static mw_status read_yaml(const char *text, mw_buf *json, mw_yaml_marks *marks, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st;

    assert_int_equal(mw_doc_builder_new(NULL, &b, err), MW_OK);
    st = mw_yaml_read(b, text, strlen(text), "t.yaml", marks, err);
    if (st == MW_OK) {
        mw_val v = mw_doc_pop(b);
        assert_int_equal(mw_json_write(json, mw_doc_view(b), v, MW_JSON_COMPACT), MW_OK);
    } else {
        mw_error sticky = {0};
        assert_int_not_equal(mw_doc_builder_status(b, &sticky), MW_OK);
    }
    mw_doc_builder_free(b);
    return st;
}

static void good(void **state)
{
    static const struct {
        const char *name, *text, *json;
    } rows[] = {
        {"empty", "", "null"},
        {"comment only", "# nothing\n", "null"},
        {"explicit document", "---\na: 1\n...\n", "{\"a\":1}"},
        {"nulls", "[~, null, Null, NULL, ]", "[null,null,null,null]"},
        {"missing value", "a:\nb: 2", "{\"a\":null,\"b\":2}"},
        {"booleans are true and false only", "[true, False, yes, on, off, y]",
         "[true,false,\"yes\",\"on\",\"off\",\"y\"]"},
        {"integers", "[0, -1, +7, 0x1F, 0o17, 9223372036854775807]", "[0,-1,7,31,15,9223372036854775807]"},
        {"account ids keep leading zeros", "[012345678901, 111122223333, '111122223333']",
         "[\"012345678901\",111122223333,\"111122223333\"]"},
        {"reals", "[1.5, .5, -2e3, 1.]", "[1.5,0.5,-2000,1]"},
        {"not hexadecimal", "[0x0x12, 0x 12, 0o8, 0x-1]", "[\"0x0x12\",\"0x 12\",\"0o8\",\"0x-1\"]"},
        {"not numbers", "[1_000, 0x, 1.2.3, 1e, ., -, +, 0xg, 12:30, 2026-01-02]",
         "[\"1_000\",\"0x\",\"1.2.3\",\"1e\",\".\",\"-\",\"+\",\"0xg\",\"12:30\",\"2026-01-02\"]"},
        {"quoted stay text", "[\"1\", 'true', \"~\", '']", "[\"1\",\"true\",\"~\",\"\"]"},
        {"block scalars", "a: |\n  1\nb: >-\n  x\n  y\n", "{\"a\":\"1\\n\",\"b\":\"x y\"}"},
        {"string tag", "[!!str 12, ! 13, !!int 14]", "[\"12\",\"13\",14]"},
        {"keys are strings", "{1: a, true: b, ~: c}", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\"}"},
        {"same key in other mappings", "a: {k: 1}\nb: {k: 1}\nc: [{k: 1}, {k: 2}]",
         "{\"a\":{\"k\":1},\"b\":{\"k\":1},\"c\":[{\"k\":1},{\"k\":2}]}"},
        {"aliases", "a: &x {k: [1]}\nb: *x\nc: &x 3\nd: *x", "{\"a\":{\"k\":[1]},\"b\":{\"k\":[1]},\"c\":3,\"d\":3}"},
        {"unicode", "é: \"\\u2713\"", "{\"é\":\"✓\"}"},
        {"type names as keys", "AWS::S3::Bucket: {id: Name}", "{\"AWS::S3::Bucket\":{\"id\":\"Name\"}}"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_buf json = {0};
        mw_error err = {0};
        if (read_yaml(rows[i].text, &json, NULL, &err) != MW_OK)
            fail_msg("%s: %s", rows[i].name, err.message);
        if (strcmp(json.data, rows[i].json) != 0)
            fail_msg("%s: got %s, expected %s", rows[i].name, json.data, rows[i].json);
        mw_buf_clear(&json);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *text, *message;
        mw_status status;
    } rows[] = {
        {"a: 1\nb: 2\na: 3", "t.yaml:3:1: duplicate key 'a' (first on line 1)", MW_ERR_PARSE},
        {"a: {b: 1, 'b': 2}", "t.yaml:1:11: duplicate key 'b'", MW_ERR_PARSE},
        {"x: &x {a: 1}\ny:\n  <<: *x", "t.yaml:3:3: merge keys", MW_ERR_PARSE},
        {"a: 1\n---\nb: 2", "t.yaml:2:1: a second document", MW_ERR_PARSE},
        {"a: !!binary aGk=", "tag 'tag:yaml.org,2002:binary' is not supported", MW_ERR_PARSE},
        {"a: !lua os.exit", "t.yaml:1:4: tag", MW_ERR_PARSE},
        {"a: &x [*x]", "stands inside its own anchor", MW_ERR_PARSE},
        {"a: *nope", "t.yaml:1:4: alias '*nope' has no anchor", MW_ERR_PARSE},
        {"[a, b]: 1", "t.yaml:1:1: a key must be text, not a list", MW_ERR_PARSE},
        {"{a: 1}: 1", "a key must be text, not a mapping", MW_ERR_PARSE},
        {"a: &k key\n*k : 1", "a key must be text, not the alias", MW_ERR_PARSE},
        {"'': 1", "t.yaml:1:1: empty key", MW_ERR_PARSE},
        {"a: [1", "t.yaml:", MW_ERR_PARSE},
        {"a: b: c", "t.yaml:1:", MW_ERR_PARSE},
        {"a: \"\xff\"", "t.yaml: byte", MW_ERR_PARSE},
        {"\tb: 1", "t.yaml:1:1:", MW_ERR_PARSE},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_buf json = {0};
        mw_error err = {0};
        assert_int_equal(read_yaml(rows[i].text, &json, NULL, &err), rows[i].status);
        if (!strstr(err.message, rows[i].message))
            fail_msg("row %zu: got '%s', expected '%s'", i, err.message, rows[i].message);
        mw_buf_clear(&json);
    }
}

static void bombs(void **state)
{
    mw_buf text = {0}, json = {0};
    mw_error err = {0};

    (void)state;
    /* 9^7 strings from 300 bytes */
    mw_buf_puts(&text, "a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (char c = 'b'; c < 'i'; c++) {
        char p = (char)(c - 1);
        mw_buf_printf(&text, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, p, p, p, p, p, p, p, p, p);
    }
    assert_int_equal(read_yaml(text.data, &json, NULL, &err), MW_ERR_LIMIT);
    assert_non_null(strstr(err.message, "aliases count"));

    mw_buf_reset(&text);
    for (int i = 0; i < 65; i++)
        mw_buf_putc(&text, '[');
    assert_int_equal(read_yaml(text.data, &json, NULL, &err), MW_ERR_LIMIT);
    assert_non_null(strstr(err.message, "t.yaml:1:65: nested deeper than 64"));

    /* depth by aliases: each line is one level more than the last */
    mw_buf_reset(&text);
    mw_buf_puts(&text, "- &l0 [1]\n");
    for (int i = 1; i < 70; i++)
        mw_buf_printf(&text, "- &l%d [*l%d]\n", i, i - 1);
    assert_int_equal(read_yaml(text.data, &json, NULL, &err), MW_ERR_LIMIT);
    assert_non_null(strstr(err.message, "nested deeper"));

    mw_buf_reset(&text);
    for (int i = 0; i < 64; i++)
        mw_buf_putc(&text, '[');
    for (int i = 0; i < 64; i++)
        mw_buf_putc(&text, ']');
    assert_int_equal(read_yaml(text.data, &json, NULL, &err), MW_OK);
    mw_buf_clear(&text);
    mw_buf_clear(&json);
}

static void marks(void **state)
{
    static const char text[] = "a: 1\n"
                               "accounts:\n"
                               "  - id: '1'\n"
                               "    role: x\n"
                               "  - id: '2'\n"
                               "types:\n"
                               "  AWS::S3::Bucket:\n"
                               "    id: Name\n"
                               "list: [1,\n 2]\n";
    static const struct {
        const char *path;
        unsigned line;
    } rows[] = {
        {"", 1},
        {"a", 1},
        {"accounts", 2},
        {"accounts[0]", 3},
        {"accounts[0].role", 4},
        {"accounts[1].id", 5},
        {"accounts[1].missing", 5},
        {"types.AWS::S3::Bucket.id", 8},
        {"types.AWS::S3::Bucket.arn", 7},
        {"list[1]", 10},
        {"nowhere", 1},
        {"accounts2", 1},
    };
    mw_yaml_marks m = {0};
    mw_buf json = {0};
    mw_error err = {0};

    (void)state;
    assert_int_equal(read_yaml(text, &json, &m, &err), MW_OK);
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        if (mw_yaml_line(&m, rows[i].path) != rows[i].line)
            fail_msg("%s: line %u, expected %u", rows[i].path, mw_yaml_line(&m, rows[i].path), rows[i].line);
    assert_int_equal(mw_yaml_line(NULL, "a"), 0);
    mw_yaml_marks_clear(&m);
    mw_buf_clear(&json);
}

static void many_keys(void **state)
{
    mw_buf text = {0}, json = {0};
    mw_error err = {0};

    (void)state;
    for (int i = 0; i < 5000; i++)
        mw_buf_printf(&text, "k%d: %d\n", i, i);
    assert_int_equal(read_yaml(text.data, &json, NULL, &err), MW_OK);
    mw_buf_puts(&text, "k17: again\n");
    assert_int_equal(read_yaml(text.data, &json, NULL, &err), MW_ERR_PARSE);
    assert_non_null(strstr(err.message, "t.yaml:5001:1: duplicate key 'k17' (first on line 18)"));
    mw_buf_clear(&text);
    mw_buf_clear(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),  cmocka_unit_test(refused),   cmocka_unit_test(bombs),
        cmocka_unit_test(marks), cmocka_unit_test(many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
