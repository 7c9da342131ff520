/* Templates: what they read, what null and unknown do, and that values are never expanded again. */
#include "../../support/support.h"

#include "base/buf.h"
#include "base/mem.h"
#include "inventory/template.h"

static const char item_json[] = "{\"Name\":\"logs\",\"N\":7,\"On\":true,\"Tags\":[{\"Key\":\"a\"}],\"Null\":null,"
                                "\"Evil\":\"{account} {Name} {\",\"Quote\":\"a\\\"b\\u2713\\nc\",\"Empty\":\"\"}";

static mw_val json(mw_doc_builder *b, const char *text)
{
    mw_error err = {0};

    assert_ok(mw_json_read(b, text, strlen(text), NULL, NULL, &err));
    return mw_doc_pop(b);
}

static mw_template_outcome expand(const char *template_json, char *out, size_t size)
{
    mw_doc_builder *types = NULL, *b = NULL, *to = NULL;
    mw_template *t = NULL;
    mw_template_outcome outcome;
    mw_error err = {0};
    mw_val unknown, v;
    mw_buf text = {0};

    assert_ok(mw_doc_builder_new(NULL, &types, &err));
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_doc_builder_new(NULL, &to, &err));
    mw_template_context c = {.b = b,
                             .account = "111122223333",
                             .region = "eu-west-1",
                             .partition = "aws",
                             .now_unix = 1767322845 /* 2026-01-02T03:00:45Z */};
    c.item = json(b, item_json);
    c.parent = json(b, "{\"Id\":\"p\"}");
    c.each = json(b, "{\"S\":\"e\"}");
    c.params = json(b, "{\"key\":\"Team\",\"list\":[1,2]}");
    c.params_doc = mw_doc_view(b);
    c.prepared = MW_VAL_ABSENT;
    v = json(types, template_json);
    assert_ok(mw_template_compile(mw_doc_view(types), v, &t, &err));
    assert_ok(mw_template_expand(t, &c, to, &outcome, &unknown, &err));
    out[0] = '\0';
    if (outcome == MW_TEMPLATE_VALUE) {
        v = mw_doc_pop(to);
        assert_ok(mw_json_write(&text, mw_doc_view(to), v, MW_JSON_COMPACT));
        assert_true(text.len < size);
        memcpy(out, text.data, text.len + 1);
    }
    mw_buf_clear(&text);
    mw_template_free(t);
    mw_doc_builder_free(types);
    mw_doc_builder_free(b);
    mw_doc_builder_free(to);
    return outcome;
}

static void values(void **state)
{
    static const struct {
        const char *template_json, *expected; /* NULL: null */
    } rows[] = {
        {"\"plain\"", "\"plain\""},
        {"5", "5"},
        {"{\"A\":[true,{\"B\":null}]}", "{\"A\":[true,{\"B\":null}]}"},
        {"\"{Name}\"", "\"logs\""},
        {"\"{N}\"", "7"},
        {"\"n={N} on={On}\"", "\"n=7 on=true\""},
        {"\"{Tags}\"", "[{\"Key\":\"a\"}]"},
        {"\"t{Tags[0].Key}\"", "\"ta\""},
        {"{\"A\":[\"{Name}\"],\"B\":\"arn:{partition}:x:{region}:{account}:{Name}\"}",
         "{\"A\":[\"logs\"],\"B\":\"arn:aws:x:eu-west-1:111122223333:logs\"}"},
        {"\"{Evil}\"", "\"{account} {Name} {\""},
        {"\"<{Evil}>\"", "\"<{account} {Name} {>\""},
        {"\"{Quote}!\"", "\"a\\\"b✓\\nc!\""},
        {"\"{Empty}\"", "\"\""},
        {"\"{parent.Id}/{each.S}\"", "\"p/e\""},
        {"\"{each}\"", "{\"S\":\"e\"}"},
        {"\"{param.key}\"", "\"Team\""},
        {"\"{param.list}\"", "[1,2]"},
        {"\"{now}\"", "\"2026-01-02T03:00:45Z\""},
        {"\"{now-48h}\"", "\"2025-12-31T03:00:45Z\""},
        {"\"{now-30d} {now+10m} {now-5s}\"", "\"2025-12-03T03:00:45Z 2026-01-02T03:10:45Z 2026-01-02T03:00:40Z\""},
        {"\"{month} {month-1} {month-13}\"", "\"2026-01-01 2025-12-01 2024-12-01\""},
        {"\"{{a: Name}.a}\"", "\"logs\""},
        {"\"{after 'o' Name}\"", "\"gs\""},
        {"\"<{before 'g' Name}>{after '-' region}\"", "\"<lo>1\""},
        {"\"{after '/' each.S}\"", NULL}, /* no occurrence */
        {"\"{after 'x' Missing}\"", NULL},
        {"\"{Tags[?Key=='a}']|[0]}x\"", NULL},
        {"\"{Missing}\"", NULL},
        {"\"x{Null}\"", NULL},
        {"{\"A\":1,\"B\":{\"C\":[\"{Missing.More}\"]}}", NULL},
        {"\"{param.absent}\"", NULL},
        {"\"{prepared}\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        char out[512];
        mw_template_outcome outcome = expand(rows[i].template_json, out, sizeof(out));
        assert_int_equal(outcome, rows[i].expected ? MW_TEMPLATE_VALUE : MW_TEMPLATE_NULL);
        if (rows[i].expected && strcmp(out, rows[i].expected) != 0)
            fail_msg("%s: got %s, expected %s", rows[i].template_json, out, rows[i].expected);
    }
}

static void unknown_stays(void **state)
{
    mw_doc_builder *b = NULL, *to = NULL;
    mw_template *t = NULL;
    mw_template_outcome outcome;
    mw_error err = {0};
    mw_val v, unknown;
    mw_buf text = {0};

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_doc_builder_new(NULL, &to, &err));
    v = json(b, "\"arn:{Facet.Arn}\"");
    assert_ok(mw_template_compile(mw_doc_view(b), v, &t, &err));
    assert_true(mw_template_per_item(t));
    mw_template_context c = {.b = b, .account = "1", .region = "r", .partition = "aws"};
    c.parent = c.each = c.prepared = MW_VAL_ABSENT;
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "Facet");
    mw_doc_add_unknown_cause(b, "lambda:X", "AccessDenied", "no");
    mw_doc_end_object(b);
    c.item = mw_doc_pop(b);
    assert_ok(mw_template_expand(t, &c, to, &outcome, &unknown, &err));
    assert_int_equal(outcome, MW_TEMPLATE_UNKNOWN);
    v = mw_val_cause(mw_doc_view(b), unknown);
    assert_string_equal(mw_val_get_str(mw_doc_view(b), v, "code", ""), "AccessDenied");
    assert_ok(mw_template_text(t, &c, &text, &outcome, &unknown, &err));
    assert_int_equal(outcome, MW_TEMPLATE_UNKNOWN);
    mw_template_free(t);
    mw_doc_builder_free(b);
    mw_doc_builder_free(to);
    mw_buf_clear(&text);
}

static void refused(void **state)
{
    static const char *const rows[] = {"\"{\"",        "\"a{b\"",          "\"{}\"",          "\"{now-}\"",
                                       "\"{now-1y}\"", "\"{month-x}\"",    "\"{after 'x'}\"", "\"{before '' Name}\"",
                                       "\"{a..b}\"",   "[{\"A\":\"{`}\"}]"};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc_builder *b = NULL;
        mw_template *t = NULL;
        mw_error err = {0};
        assert_ok(mw_doc_builder_new(NULL, &b, &err));
        mw_val v = json(b, rows[i]);
        assert_int_equal(mw_template_compile(mw_doc_view(b), v, &t, &err), MW_ERR_PARSE);
        assert_null(t);
        assert_true(err.message[0] != '\0');
        mw_doc_builder_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(unknown_stays),
                                       cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
