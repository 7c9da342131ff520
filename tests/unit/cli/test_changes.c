/* What differs between two documents: fields, bags of elements, unknowns, what was not asked for,
 * bounds. */
#include "base/buf.h"
#include "base/mem.h"
#include "cli/changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const mw_json_options exact = {.exact = true};

static mw_val read(mw_doc_builder *b, const char *text)
{
    assert_int_equal(mw_json_read(b, text, strlen(text), &exact, NULL, NULL), MW_OK);
    return mw_doc_pop(b);
}

/* The fields as JSON; texts are {"doc": …} with @p before and @p after inside. */
static void compare(const char *before, const char *after, const char *about_before, const char *about_after,
                    mw_buf *out, mw_changes_count *count)
{
    mw_doc_builder *in = NULL, *to = NULL;
    MW_AUTO(mw_buf) a = {0};
    MW_AUTO(mw_buf) b = {0};
    mw_changes_side from, into;

    assert_int_equal(mw_doc_builder_new(NULL, &in, NULL), MW_OK);
    assert_int_equal(mw_doc_builder_new(NULL, &to, NULL), MW_OK);
    mw_buf_printf(&a, "{\"doc\":%s}", before);
    mw_buf_printf(&b, "{\"doc\":%s}", after);
    from = (mw_changes_side){mw_doc_view(in), read(in, a.data), about_before ? mw_doc_view(in) : NULL,
                             about_before ? read(in, about_before) : MW_VAL_ABSENT};
    into = (mw_changes_side){mw_doc_view(in), read(in, b.data), about_after ? mw_doc_view(in) : NULL,
                             about_after ? read(in, about_after) : MW_VAL_ABSENT};
    *count = (mw_changes_count){0};
    mw_changes_add(to, &from, &into, count);
    assert_int_equal(mw_doc_builder_status(to, NULL), MW_OK);
    assert_int_equal(mw_json_write(out, mw_doc_view(to), mw_doc_pop(to), MW_JSON_COMPACT), MW_OK);
    mw_doc_builder_free(in);
    mw_doc_builder_free(to);
}

#define TOKEN(t) "{\"$unknown\":{\"code\":\"Withheld\",\"token\":\"" t "\"}}"

static void fields(void **state)
{
    static const struct {
        const char *before, *after, *want;
    } rows[] = {
        {"{\"A\":1}", "{\"A\":1}", "[]"},
        {"{\"A\":1}", "{\"A\":1.0}", "[]"},
        {"{\"A\":1}", "{\"A\":2}", "[{\"after\":2,\"before\":1,\"path\":\"A\"}]"},
        {"{\"A\":1}", "{}", "[{\"before\":1,\"path\":\"A\"}]"},
        {"{}", "{\"A\":null}", "[{\"after\":null,\"path\":\"A\"}]"},
        {"{\"A\":{\"B\":{\"C\":\"x\"}}}", "{\"A\":{\"B\":{\"C\":\"y\"}}}",
         "[{\"after\":\"y\",\"before\":\"x\",\"path\":\"A.B.C\"}]"},
        {"{\"A\":{\"b.c\":1}}", "{\"A\":{\"b.c\":2}}", "[{\"after\":2,\"before\":1,\"path\":\"A[\\\"b.c\\\"]\"}]"},
        /* lists are bags */
        {"{\"L\":[1,2]}", "{\"L\":[2,1]}", "[{\"path\":\"L[]\",\"reordered\":true}]"},
        {"{\"L\":[1,2]}", "{\"L\":[2,3,4]}", "[{\"after\":[3,4],\"before\":[1],\"path\":\"L[]\"}]"},
        {"{\"L\":[1]}", "{\"L\":[1,1]}", "[{\"after\":[1],\"path\":\"L[]\"}]"},
        {"{\"L\":[{\"k\":1,\"v\":1},{\"k\":2}]}", "{\"L\":[{\"k\":2},{\"k\":1,\"v\":9}]}",
         "[{\"after\":9,\"before\":1,\"path\":\"L[1].v\"}]"},
        {"{\"L\":[]}", "{\"L\":{}}", "[{\"after\":{},\"before\":[],\"path\":\"L\"}]"},
        /* withheld: its token tells */
        {"{\"A\":" TOKEN("1") "}", "{\"A\":" TOKEN("1") "}", "[]"},
        {"{\"A\":" TOKEN("1") "}", "{\"A\":" TOKEN("2") "}",
         "[{\"after\":" TOKEN("2") ",\"before\":" TOKEN("1") ",\"path\":\"A\"}]"},
        {"{\"A\":" TOKEN("1") "}", "{}", "[{\"before\":" TOKEN("1") ",\"path\":\"A\"}]"},
        {"{\"A\":" TOKEN("1") "}", "{\"A\":{\"$unknown\":{\"code\":\"x\"}}}",
         "[{\"after\":{\"$unknown\":{\"code\":\"x\"}},\"before\":" TOKEN("1") ",\"path\":\"A\",\"unknown\":true}]"},
        {"{\"L\":[{\"n\":1,\"v\":" TOKEN("1") "},{\"n\":2,\"v\":" TOKEN("2") "}]}",
         "{\"L\":[{\"n\":2,\"v\":" TOKEN("2") "},{\"n\":1,\"v\":" TOKEN("3") "}]}",
         "[{\"after\":" TOKEN("3") ",\"before\":" TOKEN("1") ",\"path\":\"L[1].v\"}]"},
        /* unknown is no change */
        {"{\"A\":{\"$unknown\":{\"code\":\"x\"}}}", "{\"A\":{\"$unknown\":{\"code\":\"x\"}}}", "[]"},
        {"{\"A\":{\"$unknown\":{\"code\":\"x\"}}}", "{\"A\":1}",
         "[{\"after\":1,\"before\":{\"$unknown\":{\"code\":\"x\"}},\"path\":\"A\",\"unknown\":true}"
         "]"},
        {"{}", "{\"A\":{\"$unknown\":null}}", "[{\"after\":{\"$unknown\":null},\"path\":\"A\",\"unknown\":true}]"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) got = {0};
        mw_changes_count count;
        compare(rows[i].before, rows[i].after, NULL, NULL, &got, &count);
        assert_string_equal(got.data, rows[i].want);
        assert_int_equal(count.unknown, strstr(rows[i].want, "unknown\":true") != NULL);
    }
}

/* A facet that one snapshot did not ask for is unknown there; one that both asked for was there or
 * not. */
static void asked_for(void **state)
{
    static const struct {
        const char *before, *after;
        size_t known, unknown;
    } rows[] = {
        {"[]", "[\"V\"]", 0, 1}, {"[\"V\"]", "[\"V\"]", 1, 0},  {"[\"V.Sub\"]", "[\"V\"]", 1, 0},
        {"[]", "[]", 1, 0},      {"[\"Vx\"]", "[\"V\"]", 0, 1},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) got = {0};
        mw_changes_count count;
        compare("{}", "{\"V\":1}", rows[i].before, rows[i].after, &got, &count);
        assert_int_equal(count.known, rows[i].known);
        assert_int_equal(count.unknown, rows[i].unknown);
    }
}

static void is_bounded(void **state)
{
    MW_AUTO(mw_buf) many = {.max = 1 << 20};
    MW_AUTO(mw_buf) large = {.max = 1 << 20};
    MW_AUTO(mw_buf) got = {.max = 1 << 20};
    mw_changes_count count;

    (void)state;
    for (int i = 0; i < 500; i++)
        mw_buf_printf(&many, "%s\"k%03d\":1", i ? "," : "{", i);
    mw_buf_puts(&many, "}");
    compare(many.data, "{}", NULL, NULL, &got, &count);
    assert_int_equal(count.known, 500);
    assert_null(strstr(got.data, "k100"));
    mw_buf_reset(&got);
    mw_buf_puts(&large, "{\"A\":\"");
    for (int i = 0; i < 2000; i++)
        mw_buf_puts(&large, "\xC3\xA9");
    mw_buf_puts(&large, "\"}");
    compare(large.data, "{\"A\":1}", NULL, NULL, &got, &count);
    assert_non_null(strstr(got.data, "\"before_bytes\":4002"));
    assert_true(got.len < 1200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(asked_for),
                                       cmocka_unit_test(is_bounded)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
