/*
 * What is withheld and what stays, and tokens: known answers, the same in the same place, nothing in common elsewhere.
 * The answers were computed by Python's hmac over the key that doc/withhold.h describes.
 */
#include "docs.h"

#include "doc/withhold.h"

static const mw_json_options exact = {.exact = true};
static const mw_place place = {"aws", "111122223333", "eu-west-1", "AWS::Lambda::Function", "f"};

static mw_doc *exact_doc(const char *json)
{
    mw_doc_builder *b = builder_new(false);
    mw_error err = {0};
    mw_doc *d;

    assert_ok(mw_json_read(b, json, strlen(json), &exact, NULL, &err));
    assert_ok(mw_doc_finish(b, mw_doc_pop(b), &d, &err));
    mw_doc_builder_free(b);
    return d;
}

/* The document without what the mask covers, as exact JSON. */
static void withhold(const char *json, const char *mask, const mw_place *where, mw_buf *out)
{
    mw_doc *d = exact_doc(json), *m = exact_doc(mask);
    mw_doc_builder *b = builder_new(false);
    mw_error err = {0};

    mw_doc_add_withheld(b, d, mw_doc_root(d), m, mw_doc_root(m), where, "", 0);
    assert_ok(mw_doc_builder_status(b, &err));
    assert_int_equal(mw_json_write(out, mw_doc_view(b), mw_doc_pop(b), MW_JSON_EXACT), MW_OK);
    mw_doc_builder_free(b);
    mw_doc_free(d);
    mw_doc_free(m);
}

#define TOKEN(hex)                                                                                                     \
    "{\"$unknown\":{\"code\":\"Withheld\",\"message\":\"the store does not keep it; a live sweep judges it\","         \
    "\"token\":\"" hex "\"}}"
#define X_AT_E_K     "aa67eea74b73d9bfcfe808a770cb06eb"
#define EMPTY_AT_E_K "b51e896092356f472025db7ec3320f8a"
#define X_AT_E_L     "7f125588895fbfaf8b9a4f47329d7259"
#define X_AT_L_V     "2accf61d116d25832a00075ba4cd1e3b"

static void what_is_withheld(void **state)
{
    static const struct {
        const char *json, *mask, *want;
    } rows[] = {
        {"{\"A\":\"x\",\"E\":{\"K\":\"x\"}}", "{\"E\":true}", "{\"A\":\"x\",\"E\":{\"K\":" TOKEN(X_AT_E_K) "}}"},
        {"{\"E\":{\"K\":\"\"}}", "{\"E\":{\"*\":true}}", "{\"E\":{\"K\":" TOKEN(EMPTY_AT_E_K) "}}"},
        {"{\"E\":{\"K\":\"x\",\"L\":\"x\"}}", "{\"E\":{\"L\":true}}",
         "{\"E\":{\"K\":\"x\",\"L\":" TOKEN(X_AT_E_L) "}}"},
        /* lists add nothing: an element's place does not depend on its neighbours */
        {"{\"L\":[{\"n\":\"a\",\"v\":\"x\"},{\"n\":\"b\",\"v\":\"x\"}]}", "{\"L\":{\"v\":true}}",
         "{\"L\":[{\"n\":\"a\",\"v\":" TOKEN(X_AT_L_V) "},{\"n\":\"b\",\"v\":" TOKEN(X_AT_L_V) "}]}"},
        /* only texts; structure stays */
        {"{\"E\":[1,2.5,true,null,{},[]]}", "{\"E\":true}", "{\"E\":[1,2.5,true,null,{},[]]}"},
        {"{\"E\":null}", "{\"E\":{\"K\":true}}", "{\"E\":null}"},
        {"{\"E\":\"x\"}", "{\"E\":{\"K\":true}}", "{\"E\":\"x\"}"},
        /* what is unknown stays what it is */
        {"{\"E\":{\"$unknown\":{\"code\":\"AccessDenied\"}}}", "{\"E\":true}",
         "{\"E\":{\"$unknown\":{\"code\":\"AccessDenied\"}}}"},
        {"{\"E\":{\"K\":" TOKEN(X_AT_E_K) "}}", "{\"E\":true}", "{\"E\":{\"K\":" TOKEN(X_AT_E_K) "}}"},
        /* a named member goes before "*" */
        {"{\"E\":{\"K\":\"x\",\"M\":{\"N\":\"y\"}}}", "{\"E\":{\"*\":{\"Z\":true},\"K\":true}}",
         "{\"E\":{\"K\":" TOKEN(X_AT_E_K) ",\"M\":{\"N\":\"y\"}}}"},
        {"{\"E\":{\"$$unknown\":1}}", "{\"E\":true}", "{\"E\":{\"$$unknown\":1}}"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) out = {0};
        withhold(rows[i].json, rows[i].mask, &place, &out);
        if (strcmp(out.data, rows[i].want) != 0)
            fail_msg("row %zu: got %s, expected %s", i, out.data, rows[i].want);
    }
}

static void tokens_of_other_places(void **state)
{
    static const mw_place places[] = {
        {"aws", "111122223333", "eu-west-1", "AWS::Lambda::Function", "f"},
        {"aws-cn", "111122223333", "eu-west-1", "AWS::Lambda::Function", "f"},
        {"aws", "111122223334", "eu-west-1", "AWS::Lambda::Function", "f"},
        {"aws", "111122223333", "eu-west-2", "AWS::Lambda::Function", "f"},
        {"aws", "111122223333", "eu-west-1", "AWS::Lambda::Functions", "f"},
        {"aws", "111122223333", "eu-west-1", "AWS::Lambda::Function", "g"},
        /* texts do not run into each other */
        {"aws", "111122223333", "eu-west-1", "AWS::Lambda::Function", "fE"},
    };
    mw_buf texts[MW_COUNT(places)] = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(places); i++) {
        withhold("{\"E\":{\"K\":\"x\"}}", "{\"E\":true}", &places[i], &texts[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(texts[i].data, texts[k].data);
    }
    for (size_t i = 0; i < MW_COUNT(places); i++)
        mw_buf_clear(&texts[i]);
}

/* The envelope stays; a part of a document has the token that it has in the whole. */
static void resources_and_parts(void **state)
{
    static const char text[] =
        "{\"types\":{\"AWS::Lambda::Function\":{\"sensitive\":{\"E\":true}},\"AWS::S3::Bucket\":{}},"
        "\"resource\":{\"account\":\"111122223333\",\"doc\":{\"E\":{\"K\":\"x\"},\"id\":\"y\"},\"id\":\"f\","
        "\"partition\":\"aws\",\"region\":\"eu-west-1\",\"type\":\"AWS::Lambda::Function\"}}";
    static const char want[] = "{\"account\":\"111122223333\",\"doc\":{\"E\":{\"K\":" TOKEN(
        X_AT_E_K) "},\"id\":\"y\"},\"id\":\"f\","
                  "\"partition\":\"aws\",\"region\":\"eu-west-1\",\"type\":\"AWS::Lambda::Function\"}";
    mw_doc *d = exact_doc(text);
    mw_val resource = mw_val_get(d, mw_doc_root(d), "resource"), mask = mw_snapshot_mask(d, "AWS::Lambda::Function");
    mw_doc_builder *b = builder_new(false);
    MW_AUTO(mw_buf) out = {0};
    const mw_place where = mw_place_of(d, resource);
    mw_error err = {0};
    mw_val v;

    (void)state;
    assert_true(mw_snapshot_withholds(d));
    assert_true(mw_snapshot_mask(d, "AWS::S3::Bucket") == MW_VAL_ABSENT);
    assert_true(mw_snapshot_mask(d, "AWS::EC2::Instance") == MW_VAL_ABSENT);
    assert_ok(mw_resource_write_stored(&out, b, d, resource, mask, MW_JSON_EXACT, &err));
    assert_string_equal(out.data, want);
    mw_buf_reset(&out);
    assert_ok(mw_resource_write_stored(&out, b, d, resource, MW_VAL_ABSENT, MW_JSON_EXACT, &err));
    assert_null(strstr(out.data, MW_WITHHELD));
    mw_doc_add_withheld(b, d, mw_val_path(d, resource, "doc.E.K"), d, MW_VAL_TRUE, &where, "E\0K", 4);
    v = mw_doc_pop(b);
    assert_int_equal(mw_val_kind(mw_doc_view(b), v), MW_KIND_UNKNOWN);
    assert_string_equal(mw_val_token(mw_doc_view(b), v), X_AT_E_K);
    assert_null(mw_val_token(d, resource));
    mw_doc_builder_free(b);
    mw_doc_free(d);
}

/* Each allocation refused in turn: the failure is told, nothing leaks, no text comes through. */
static void out_of_memory(void **state)
{
    mw_doc *d = exact_doc("{\"id\":\"f\",\"doc\":{\"E\":[\"canary\",{\"K\":\"canary\"}]}}"),
           *m = exact_doc("{\"E\":true}");

    (void)state;
    for (long n = 1;; n++) {
        struct failing_alloc fail = {.fail_at = n};
        mw_doc_builder *b = builder_new(false);
        mw_status st;
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &fail;
        mw_doc_add_resource_withheld(b, d, mw_doc_root(d), m, mw_doc_root(m));
        st = mw_doc_builder_status(b, NULL);
        mw_sys_reset();
        mw_doc_builder_free(b);
        if (fail.count < n) {
            assert_int_equal(st, MW_OK);
            break;
        }
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(n < 1000);
    }
    mw_doc_free(d);
    mw_doc_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_withheld), cmocka_unit_test(tokens_of_other_places),
                                       cmocka_unit_test(resources_and_parts), cmocka_unit_test(out_of_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
