/* Exact JSON: what was written reads back as the same value, unknowns and all, and nobody can forge one. */
#include "docs.h"

#include <math.h>

static const mw_json_options exact = {.exact = true};

/* Write, read back, write again: the same text, which names every kind. */
static mw_val round_trip(mw_doc_builder *b, mw_val v, mw_buf *text)
{
    MW_AUTO(mw_buf) again = {0};
    mw_error err = {0};
    mw_val back;

    mw_buf_reset(text);
    assert_int_equal(mw_json_write(text, mw_doc_view(b), v, MW_JSON_EXACT), MW_OK);
    assert_ok(mw_json_read(b, text->data, text->len, &exact, NULL, &err));
    back = mw_doc_pop(b);
    assert_int_equal(mw_json_write(&again, mw_doc_view(b), back, MW_JSON_EXACT), MW_OK);
    assert_string_equal(again.data, text->data);
    assert_int_equal(mw_val_kind(mw_doc_view(b), back), mw_val_kind(mw_doc_view(b), v));
    return back;
}

static void numbers_keep_their_kind(void **state)
{
    static const struct {
        double value;
        const char *text;
    } reals[] = {{1000.0, "1000.0"},
                 {-0.0, "-0.0"},
                 {0.1, "0.1"},
                 {1e300, "1e+300"},
                 {1e15, "1e+15"},
                 {123456789012345680.0, "1.2345678901234568e+17"},
                 {5e-324, "4.94065645841247e-324"},
                 {NAN, "{\"$real\":\"NaN\"}"},
                 {INFINITY, "{\"$real\":\"Infinity\"}"},
                 {-INFINITY, "{\"$real\":\"-Infinity\"}"}};
    static const int64_t whole[] = {0, -1, INT64_MAX, INT64_MIN, (int64_t)1 << 53, ((int64_t)1 << 53) + 1};
    mw_doc_builder *b = builder_new(false);
    MW_AUTO(mw_buf) text = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(reals); i++) {
        double back;
        mw_doc_add_real(b, reals[i].value);
        back = mw_val_real(mw_doc_view(b), round_trip(b, mw_doc_pop(b), &text));
        assert_string_equal(text.data, reals[i].text);
        assert_true(isnan(back) ? isnan(reals[i].value)
                                : back == reals[i].value && signbit(back) == signbit(reals[i].value));
    }
    for (size_t i = 0; i < MW_COUNT(whole); i++) {
        mw_doc_add_int(b, whole[i]);
        assert_true(mw_val_int(mw_doc_view(b), round_trip(b, mw_doc_pop(b), &text)) == whole[i]);
    }
    mw_doc_builder_free(b);
}

static void unknowns_stay_unknown_and_null_is_not_absent(void **state)
{
    mw_doc_builder *b = builder_new(false);
    const mw_doc *d = mw_doc_view(b);
    MW_AUTO(mw_buf) text = {0};
    mw_val back;

    (void)state;
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "Versioning");
    mw_doc_add_unknown_cause(b, "s3:GetBucketVersioning", "AccessDenied", "no \"way\"\n");
    mw_doc_ckey(b, "Null");
    mw_doc_add_null(b);
    mw_doc_ckey(b, "List");
    mw_doc_begin_array(b);
    mw_doc_add_null(b);
    mw_doc_add_unknown(b);
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    back = round_trip(b, mw_doc_pop(b), &text);
    assert_int_equal(mw_val_kind(d, mw_val_get(d, back, "Versioning")), MW_KIND_UNKNOWN);
    assert_string_equal(mw_val_get_str(d, mw_val_cause(d, mw_val_get(d, back, "Versioning")), "code", ""),
                        "AccessDenied");
    assert_int_equal(mw_val_kind(d, mw_val_get(d, back, "Null")), MW_KIND_NULL);
    assert_int_equal(mw_val_kind(d, mw_val_get(d, back, "Absent")), MW_KIND_ABSENT);
    assert_int_equal(mw_val_len(d, mw_val_get(d, back, "List")), 1);
    assert_int_equal(mw_val_kind(d, mw_val_at(d, mw_val_get(d, back, "List"), 0)), MW_KIND_UNKNOWN);
    mw_doc_builder_free(b);
}

/* Tags, policies and environment variables have the names that their owners liked. */
static void real_names_are_not_ours(void **state)
{
    static const char *const names[] = {"$unknown", "$real",     "$", "$$",          "$$unknown",
                                        "$x",       "a$unknown", "",  "$\"quoted\"", "$\xE2\x80\xA8"};
    mw_doc_builder *b = builder_new(false);
    const mw_doc *d = mw_doc_view(b);
    MW_AUTO(mw_buf) text = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(names); i++) {
        mw_val back;
        mw_doc_begin_object(b);
        mw_doc_member_str(b, names[i], "NaN");
        mw_doc_end_object(b);
        back = round_trip(b, mw_doc_pop(b), &text);
        assert_int_equal(mw_val_len(d, back), 1);
        assert_string_equal(mw_val_get_str(d, back, names[i], ""), "NaN");
    }
    mw_doc_builder_free(b);
}

static void damaged_text_is_refused(void **state)
{
    static const char *const texts[] = {"{\"$unknown\":1,\"a\":2}",
                                        "{\"a\":2,\"$unknown\":1}",
                                        "{\"$other\":1}",
                                        "{\"$real\":\"nan\"}",
                                        "{\"$real\":1}",
                                        "{\"$unknown\":1,\"$unknown\":2}",
                                        "{\"$\":1}",
                                        "{\"$unknown\"}",
                                        "{\"$unknown\":}",
                                        "{\"$unknown\":1"};
    mw_doc_builder *b = builder_new(false);

    (void)state;
    for (size_t i = 0; i < MW_COUNT(texts); i++) {
        mw_error err = {0};
        assert_int_equal(mw_json_read(b, texts[i], strlen(texts[i]), &exact, NULL, &err), MW_ERR_PARSE);
        assert_true(err.message[0] != '\0');
        assert_int_equal(mw_doc_builder_status(b, NULL), MW_OK);
    }
    mw_doc_builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_keep_their_kind),
        cmocka_unit_test(unknowns_stay_unknown_and_null_is_not_absent),
        cmocka_unit_test(real_names_are_not_ours),
        cmocka_unit_test(damaged_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
