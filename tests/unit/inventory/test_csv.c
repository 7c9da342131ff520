/* CSV: RFC 4180 with header, short and long rows (refused), quotes, line breaks, hostile ends. */
#include "../../support/support.h"

#include "base/buf.h"
#include "base/mem.h"
#include "inventory/csv.h"

static void rows(void **state)
{
    static const struct {
        const char *text, *json; /* NULL: refused */
    } table[] = {
        {"", "[]"},
        {"a,b", "[]"},
        {"a,b\n1,2\n", "[{\"a\":\"1\",\"b\":\"2\"}]"},
        {"a,b\r\n1,2\r\n3,4", "[{\"a\":\"1\",\"b\":\"2\"},{\"a\":\"3\",\"b\":\"4\"}]"},
        {"a,b\n1,2\n1\n", NULL},
        {"a,b\n1,2,3\n", NULL},
        {"a,b\n\n1,\n\r\n", "[{\"a\":\"1\",\"b\":\"\"}]"},
        {"user,note\n\"x,\"\"y\"\"\",\"two\nlines\"\n", "[{\"note\":\"two\\nlines\",\"user\":\"x,\\\"y\\\"\"}]"},
        {"\"a\"\n\"\"\n", "[{\"a\":\"\"}]"},
        {"\xEF\xBB\xBFuser\n<root_account>\n", "[{\"user\":\"<root_account>\"}]"},
        {"a,a\n1,2\n", "[{\"a\":\"2\"}]"},
        {"é\n✓\n", "[{\"é\":\"✓\"}]"},
        {"a\n\"never ends\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(table); i++) {
        mw_doc_builder *b = NULL;
        mw_buf json = {0};
        mw_error err = {0};
        assert_ok(mw_doc_builder_new(NULL, &b, &err));
        mw_status st = mw_csv_read(b, table[i].text, strlen(table[i].text), &err);
        if (table[i].json) {
            assert_int_equal(st, MW_OK);
            mw_val v = mw_doc_pop(b);
            assert_ok(mw_json_write(&json, mw_doc_view(b), v, MW_JSON_COMPACT));
            assert_string_equal(json.data, table[i].json);
        } else {
            assert_int_equal(st, MW_ERR_PARSE);
        }
        mw_buf_clear(&json);
        mw_doc_builder_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
