/* Reading values: kinds, neutral answers, lookup by name and by atom, order, equality, unknown. */
#include "docs.h"

#include <math.h>
#include <stdio.h>

static void integers_keep_64_bits(void **state)
{
    static const int64_t rows[] = {
        0,         1,         -1,        (1 << 28) - 1, 1 << 28,      -(1 << 28), -(1 << 28) - 1,
        INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN,     123456789012,
    };
    mw_doc_builder *b = builder_new(false);
    const mw_doc *d = mw_doc_view(b);

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc_add_int(b, rows[i]);
        mw_val v = mw_doc_pop(b);
        assert_int_equal(mw_val_kind(d, v), MW_KIND_INT);
        assert_true(mw_val_int(d, v) == rows[i]);
        assert_true(mw_val_real(d, v) == (double)rows[i]);
    }
    mw_doc_builder_free(b);
}

static void reals_keep_their_bits_and_convert_by_clamping(void **state)
{
    static const struct {
        double real;
        int64_t whole;
    } rows[] = {
        {0.0, 0},
        {-0.0, 0},
        {1.5, 1},
        {-1.9, -1},
        {1e300, INT64_MAX},
        {-1e300, INT64_MIN},
        {9223372036854775808.0, INT64_MAX},
        {INFINITY, INT64_MAX},
        {-INFINITY, INT64_MIN},
        {5e-324, 0},
    };
    mw_doc_builder *b = builder_new(false);
    const mw_doc *d = mw_doc_view(b);

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        double back;

        mw_doc_add_real(b, rows[i].real);
        mw_val v = mw_doc_pop(b);
        back = mw_val_real(d, v);
        assert_int_equal(mw_val_kind(d, v), MW_KIND_REAL);
        assert_memory_equal(&back, &rows[i].real, sizeof back);
        assert_true(mw_val_int(d, v) == rows[i].whole);
    }
    mw_doc_add_real(b, NAN);
    mw_val v = mw_doc_pop(b);
    assert_true(isnan(mw_val_real(d, v)));
    assert_int_equal(mw_val_int(d, v), 0);
    mw_doc_builder_free(b);
}

static void a_wrong_kind_gives_the_neutral_answer(void **state)
{
    static const char *const rows[] = {"null", "true", "1", "99999999999", "1.5", "\"s\"", "[1]", "{\"a\":1}"};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc *d = doc_of(rows[i], false);
        mw_val v = mw_doc_root(d), key = MW_VAL_NULL;
        mw_kind kind = mw_val_kind(d, v);

        assert_int_equal(mw_val_bool(d, v), kind == MW_KIND_BOOL);
        if (kind != MW_KIND_INT && kind != MW_KIND_REAL) {
            assert_int_equal(mw_val_int(d, v), 0);
            assert_true(mw_val_real(d, v) == 0);
        }
        assert_int_equal(mw_val_str(d, v, NULL) != NULL, kind == MW_KIND_STRING);
        assert_int_equal(mw_val_atom(d, v) != MW_ATOM_NONE, kind == MW_KIND_STRING);
        assert_int_equal(mw_val_len(d, v), kind == MW_KIND_ARRAY || kind == MW_KIND_OBJECT);
        assert_int_equal(mw_val_at(d, v, 0) != MW_VAL_ABSENT, kind == MW_KIND_ARRAY);
        assert_int_equal(mw_val_at(d, v, 1), MW_VAL_ABSENT);
        assert_int_equal(mw_val_get(d, v, "a") != MW_VAL_ABSENT, kind == MW_KIND_OBJECT);
        assert_int_equal(mw_val_get(d, v, "b"), MW_VAL_ABSENT);
        assert_int_equal(mw_val_member(d, v, 0, NULL) != MW_VAL_ABSENT, kind == MW_KIND_OBJECT);
        assert_int_equal(mw_val_member(d, v, 7, &key), MW_VAL_ABSENT);
        assert_int_equal(key, MW_VAL_ABSENT);
        assert_int_equal(mw_val_cause(d, v), MW_VAL_ABSENT);
        mw_doc_free(d);
    }
}

static void words_of_no_document_do_not_crash(void **state)
{
    mw_doc *d = doc_of("{\"a\":[1,\"x\",99999999999]}", false);

    (void)state;
    /* every tag with a payload far outside */
    for (uint32_t tag = 0; tag < 8; tag++) {
        mw_val v = 0x7FFFFF8u | tag;

        (void)mw_val_kind(d, v);
        (void)mw_val_int(d, v);
        (void)mw_val_real(d, v);
        assert_null(mw_val_str(d, v, NULL));
        assert_int_equal(mw_val_len(d, v), 0);
    }
    mw_doc_free(d);
}

/* Objects of every size around the switch from scan to search. */
static void members_are_found_and_in_byte_order(void **state)
{
    mw_doc_builder *b = builder_new(false);

    (void)state;
    for (size_t n = 0; n < 70; n++) {
        const mw_doc *d = mw_doc_view(b);
        char name[16], previous[16] = "";
        mw_val v, key;

        mw_doc_builder_reset(b);
        mw_doc_add_cstr(b, "k3"); /* atoms in another order than keys */
        mw_doc_pop(b);
        mw_doc_begin_object(b);
        for (size_t i = n; i-- > 0;) {
            snprintf(name, sizeof name, "k%zu", i * 7 % 100);
            mw_doc_ckey(b, name);
            mw_doc_add_int(b, (int64_t)(i * 7 % 100));
        }
        mw_doc_end_object(b);
        v = mw_doc_pop(b);
        assert_int_equal(mw_val_len(d, v), n);
        for (size_t i = 0; i < n; i++) {
            snprintf(name, sizeof name, "k%zu", i * 7 % 100);
            assert_int_equal(mw_val_get_int(d, v, name, -1), i * 7 % 100);
            assert_int_equal(mw_val_int(d, mw_val_get_atom(d, v, mw_doc_atom(d, name, strlen(name)))), i * 7 % 100);
            mw_val member = mw_val_member(d, v, i, &key);
            assert_true(strcmp(previous, mw_val_str(d, key, NULL)) < 0);
            snprintf(previous, sizeof previous, "%s", mw_val_str(d, key, NULL));
            assert_int_equal(mw_val_int(d, member), atol(previous + 1));
        }
        assert_int_equal(mw_val_get(d, v, "k"), MW_VAL_ABSENT);
        assert_int_equal(mw_val_get(d, v, "zz"), MW_VAL_ABSENT);
        assert_int_equal(mw_val_get_atom(d, v, MW_ATOM_NONE), MW_VAL_ABSENT);
        if (n < 70 && n > 0) {
            snprintf(name, sizeof name, "k%zu", 99 * (size_t)7 % 100); /* k93: there from 100 on */
            assert_int_equal(mw_val_get(d, v, name), MW_VAL_ABSENT);
        }
    }
    mw_doc_builder_free(b);
}

static void keys_are_bytes(void **state)
{
    mw_doc_builder *b = builder_new(false);
    const mw_doc *d = mw_doc_view(b);
    mw_val v, key;
    size_t len;

    (void)state;
    mw_doc_begin_object(b);
    mw_doc_key(b, "a\0b", 3);
    mw_doc_add_int(b, 1);
    mw_doc_key(b, "a", 1);
    mw_doc_add_int(b, 2);
    mw_doc_key(b, "", 0);
    mw_doc_add_int(b, 3);
    mw_doc_key(b, "\xC3\xA9", 2);
    mw_doc_add_int(b, 4);
    mw_doc_end_object(b);
    v = mw_doc_pop(b);
    assert_int_equal(mw_val_int(d, mw_val_getn(d, v, "a\0b", 3)), 1);
    assert_int_equal(mw_val_int(d, mw_val_get(d, v, "a")), 2);
    assert_int_equal(mw_val_int(d, mw_val_get(d, v, "")), 3);
    mw_val_member(d, v, 2, &key);
    assert_memory_equal(mw_val_str(d, key, &len), "a\0b", 4);
    assert_int_equal(len, 3);
    mw_val_member(d, v, 3, &key);
    assert_string_equal(mw_val_str(d, key, NULL), "\xC3\xA9");
    mw_doc_builder_free(b);
}

static void paths_and_shorthands(void **state)
{
    mw_doc *d = doc_of("{\"State\":{\"Name\":\"running\",\"Code\":16},\"On\":true,\"N\":null}", false);
    mw_val v = mw_doc_root(d);

    (void)state;
    assert_string_equal(mw_val_str(d, mw_val_path(d, v, "State.Name"), NULL), "running");
    assert_int_equal(mw_val_int(d, mw_val_path(d, v, "State.Code")), 16);
    assert_int_equal(mw_val_path(d, v, "State.Name.x"), MW_VAL_ABSENT);
    assert_int_equal(mw_val_path(d, v, "Nope.Name"), MW_VAL_ABSENT);
    assert_int_equal(mw_val_path(d, v, "N"), MW_VAL_NULL);
    assert_int_equal(mw_val_path(d, v, ""), MW_VAL_ABSENT);
    assert_string_equal(mw_val_get_str(d, v, "N", "fallback"), "fallback");
    assert_string_equal(mw_val_get_str(d, mw_val_get(d, v, "State"), "Name", "fallback"), "running");
    assert_int_equal(mw_val_get_int(d, mw_val_get(d, v, "State"), "Code", 7), 16);
    assert_int_equal(mw_val_get_int(d, mw_val_get(d, v, "State"), "Name", 7), 7);
    assert_true(mw_val_get_bool(d, v, "On", false));
    assert_true(mw_val_get_bool(d, v, "Off", true));
    mw_doc_free(d);
}

static void equality_is_deep_and_across_documents(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"1", "1.0", true},
        {"1", "1.5", false},
        {"9007199254740993", "9007199254740992.0", false}, /* 2^53 + 1 is no double */
        {"9007199254740992", "9007199254740992.0", true},
        {"9223372036854775807", "9223372036854775808.0", false},
        {"-9223372036854775808", "-9223372036854775808.0", true},
        {"\"a\"", "\"a\"", true},
        {"\"a\"", "\"b\"", false},
        {"null", "false", false},
        {"0", "false", false},
        {"[]", "{}", false},
        {"[1,[2,{\"x\":null}]]", "[1.0,[2,{\"x\":null}]]", true},
        {"[1,2]", "[1,2,3]", false},
        {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc *a = doc_of(rows[i].a, false), *b = doc_of(rows[i].b, true);
        mw_doc_builder *both = builder_new(false);
        mw_val va = read_json(both, rows[i].a), vb = read_json(both, rows[i].b);
        const mw_doc *d = mw_doc_view(both);

        assert_int_equal(mw_val_equal(a, mw_doc_root(a), b, mw_doc_root(b)), rows[i].equal);
        assert_int_equal(mw_val_equal(b, mw_doc_root(b), a, mw_doc_root(a)), rows[i].equal);
        assert_int_equal(mw_val_equal(d, va, d, vb), rows[i].equal);
        assert_true(mw_val_equal(d, va, d, va));
        mw_doc_builder_free(both);
        mw_doc_free(a);
        mw_doc_free(b);
    }
}

/* One hint through objects of many shapes, of which some lack the key. */
static void hints_do_not_mislead(void **state)
{
    mw_doc_builder *b = builder_new(false);
    const mw_doc *d = mw_doc_view(b);
    mw_member_hint hint = {0};
    mw_val all, cause;
    mw_atom atom;

    (void)state;
    mw_doc_begin_array(b);
    for (int n = 0; n < 60; n++) {
        char name[16];
        mw_doc_begin_object(b);
        for (int i = 0; i < n / 3; i++) {
            snprintf(name, sizeof name, "k%d", (i * 7 + n) % 60);
            mw_doc_ckey(b, name);
            mw_doc_add_int(b, n);
        }
        if (n % 4)
            mw_doc_member_int(b, "wanted", n);
        mw_doc_end_object(b);
    }
    mw_doc_add_unknown_cause(b, "a:B", "Denied", NULL);
    mw_doc_add_int(b, 1);
    mw_doc_end_array(b);
    all = mw_doc_pop(b);
    atom = mw_doc_atom(d, "wanted", 6);
    for (size_t i = 0; i < 200; i++) {
        mw_val object = mw_val_at(d, all, i * (i % 3 ? 1 : 7) % 62);
        assert_int_equal(mw_val_get_hinted(d, object, atom, &hint), mw_val_get_atom(d, object, atom));
    }
    cause = mw_val_at(d, all, 60);
    assert_int_equal(mw_val_get_hinted(d, cause, atom, &hint), cause);
    assert_int_equal(mw_val_get_hinted(d, mw_val_at(d, all, 61), atom, &hint), MW_VAL_ABSENT);
    mw_doc_builder_free(b);
}

static void unknown_stays_unknown(void **state)
{
    mw_doc_builder *b = builder_new(true);
    const mw_doc *d = mw_doc_view(b);
    mw_val v, u, cause;

    (void)state;
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "Versioning");
    mw_doc_add_unknown_cause(b, "s3:GetBucketVersioning", "AccessDenied", NULL);
    mw_doc_member_str(b, "Name", "logs");
    mw_doc_end_object(b);
    v = mw_doc_pop(b);
    u = mw_val_get(d, v, "Versioning");
    assert_int_equal(mw_val_kind(d, u), MW_KIND_UNKNOWN);
    assert_int_equal(mw_val_path(d, v, "Versioning.Status.Deep"), u);
    assert_int_equal(mw_val_get_atom(d, u, 0), u);
    assert_int_equal(mw_val_at(d, u, 3), u);
    assert_int_equal(mw_val_len(d, u), 0);
    assert_null(mw_val_str(d, u, NULL));
    assert_false(mw_val_bool(d, u));
    cause = mw_val_cause(d, u);
    assert_string_equal(mw_val_get_str(d, cause, "code", ""), "AccessDenied");
    assert_int_equal(mw_val_get(d, cause, "message"), MW_VAL_ABSENT);
    assert_false(mw_val_equal(d, u, d, u));
    assert_false(mw_val_equal(d, v, d, v)); /* it holds one */
    assert_false(mw_val_equal(d, u, d, MW_VAL_NULL));
    mw_doc_builder_free(b);
}

static void atoms_make_strings_comparable_as_integers(void **state)
{
    mw_doc *d = doc_of("[\"running\",\"stopped\",\"running\",{\"running\":1}]", false);
    mw_val v = mw_doc_root(d);
    mw_atom running = mw_doc_atom(d, "running", 7);

    (void)state;
    assert_int_not_equal(running, MW_ATOM_NONE);
    assert_int_equal(mw_val_atom(d, mw_val_at(d, v, 0)), running);
    assert_int_equal(mw_val_atom(d, mw_val_at(d, v, 2)), running);
    assert_int_not_equal(mw_val_atom(d, mw_val_at(d, v, 1)), running);
    assert_int_equal(mw_val_int(d, mw_val_get_atom(d, mw_val_at(d, v, 3), running)), 1);
    assert_int_equal(mw_doc_atom(d, "runnin", 6), MW_ATOM_NONE);
    assert_int_equal(mw_doc_atom(d, "", 0), MW_ATOM_NONE);
    mw_doc_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_keep_64_bits),
        cmocka_unit_test(reals_keep_their_bits_and_convert_by_clamping),
        cmocka_unit_test(a_wrong_kind_gives_the_neutral_answer),
        cmocka_unit_test(words_of_no_document_do_not_crash),
        cmocka_unit_test(members_are_found_and_in_byte_order),
        cmocka_unit_test(keys_are_bytes),
        cmocka_unit_test(paths_and_shorthands),
        cmocka_unit_test(equality_is_deep_and_across_documents),
        cmocka_unit_test(hints_do_not_mislead),
        cmocka_unit_test(unknown_stays_unknown),
        cmocka_unit_test(atoms_make_strings_comparable_as_integers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
