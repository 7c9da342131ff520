/* Building: misuse, ceilings, reuse, sharing, copying, determinism, and every allocation failing. */
#include "docs.h"

#include <stdio.h>
#include <unistd.h>

typedef void (*abuse)(mw_doc_builder *b);

static void end_nothing(mw_doc_builder *b)
{
    mw_doc_end_array(b);
}
static void end_no_object(mw_doc_builder *b)
{
    mw_doc_end_object(b);
}
static void end_the_wrong_kind(mw_doc_builder *b)
{
    mw_doc_begin_array(b);
    mw_doc_end_object(b);
}
static void key_in_array(mw_doc_builder *b)
{
    mw_doc_begin_array(b);
    mw_doc_ckey(b, "a");
}
static void two_keys(mw_doc_builder *b)
{
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "a");
    mw_doc_ckey(b, "b");
}
static void key_without_value(mw_doc_builder *b)
{
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "a");
    mw_doc_end_object(b);
}
static void value_without_key(mw_doc_builder *b)
{
    mw_doc_begin_object(b);
    mw_doc_add_null(b);
    mw_doc_end_object(b);
}
static void pop_nothing(mw_doc_builder *b)
{
    mw_doc_pop(b);
}
static void pop_what_an_outer_container_has(mw_doc_builder *b)
{
    mw_doc_add_null(b);
    mw_doc_begin_array(b);
    mw_doc_pop(b);
}
static void add_absent(mw_doc_builder *b)
{
    mw_doc_add_val(b, MW_VAL_ABSENT);
}
static void key_that_is_no_string(mw_doc_builder *b)
{
    mw_doc_begin_object(b);
    mw_doc_key_val(b, MW_VAL_TRUE);
}
static void unknown_of_nothing(mw_doc_builder *b)
{
    mw_doc_add_unknown(b);
}
static void too_deep(mw_doc_builder *b)
{
    for (int i = 0; i < 1025; i++)
        mw_doc_begin_array(b);
}
static void told(mw_doc_builder *b)
{
    mw_doc_builder_fail(b, MW_ERR_INVALID, "told");
}

static void misuse_fails_and_sticks(void **state)
{
    static const struct {
        abuse run;
        mw_status status;
    } rows[] = {
        {end_nothing, MW_ERR_INVALID},
        {end_no_object, MW_ERR_INVALID},
        {end_the_wrong_kind, MW_ERR_INVALID},
        {key_in_array, MW_ERR_INVALID},
        {two_keys, MW_ERR_INVALID},
        {key_without_value, MW_ERR_INVALID},
        {value_without_key, MW_ERR_INVALID},
        {pop_nothing, MW_ERR_INVALID},
        {pop_what_an_outer_container_has, MW_ERR_INVALID},
        {add_absent, MW_ERR_INVALID},
        {key_that_is_no_string, MW_ERR_INVALID},
        {unknown_of_nothing, MW_ERR_INVALID},
        {too_deep, MW_ERR_LIMIT},
        {told, MW_ERR_INVALID},
    };
    mw_doc_builder *b = builder_new(false);
    mw_doc *d = NULL;
    int fd = 0;

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_error err = {0};

        mw_doc_builder_reset(b);
        rows[i].run(b);
        assert_int_equal(mw_doc_builder_status(b, &err), rows[i].status);
        assert_true(err.message[0] != '\0');
        mw_doc_add_cstr(b, "later");
        mw_doc_begin_object(b);
        mw_doc_end_object(b);
        mw_doc_add_unknown_cause(b, "o", "c", "m");
        assert_int_equal(mw_doc_pop(b), MW_VAL_ABSENT);
        assert_int_equal(mw_doc_finish(b, MW_VAL_NULL, &d, &err), rows[i].status);
        assert_null(d);
        assert_int_equal(mw_doc_finish_memfd(b, MW_VAL_NULL, &fd, &err), rows[i].status);
        assert_int_equal(fd, -1);
        assert_int_equal(mw_json_read(b, "1", 1, NULL, NULL, &err), rows[i].status);
    }
    mw_doc_builder_reset(b);
    assert_json(mw_doc_view(b), read_json(b, "{\"fine\":[1]}"), "{\"fine\":[1]}");
    mw_doc_builder_free(b);
}

static void an_open_container_is_not_finished(void **state)
{
    mw_doc_builder *b = builder_new(false);
    mw_error err = {0};
    mw_doc *d;

    (void)state;
    mw_doc_begin_array(b);
    assert_int_equal(mw_doc_finish(b, MW_VAL_NULL, &d, &err), MW_ERR_INVALID);
    mw_doc_builder_free(b);
}

static void the_last_of_equal_keys_wins(void **state)
{
    static const char *const rows[][2] = {
        {"{\"a\":1,\"a\":2}", "{\"a\":2}"},
        {"{\"b\":0,\"a\":1,\"c\":3,\"a\":2,\"b\":9}", "{\"a\":2,\"b\":9,\"c\":3}"},
        {"{\"a\":1,\"a\":{\"a\":5,\"a\":6},\"a\":3}", "{\"a\":3}"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc *d = doc_of(rows[i][0], false);

        assert_json(d, mw_doc_root(d), rows[i][1]);
        mw_doc_free(d);
    }
}

static void members_may_be_given_as_values(void **state)
{
    mw_doc_builder *b = builder_new(false);
    const mw_doc *d = mw_doc_view(b);
    mw_val key = mw_doc_str(b, "key", 3), value = mw_doc_str(b, "a\xC3", 2), v;

    (void)state;
    mw_doc_begin_object(b);
    mw_doc_member_val(b, key, value);
    mw_doc_member_val(b, mw_doc_str(b, "other", 5), MW_VAL_TRUE);
    mw_doc_end_object(b);
    v = mw_doc_pop(b);
    assert_json(d, v, "{\"key\":\"a\xEF\xBF\xBD\",\"other\":true}");
    assert_int_equal(mw_doc_str(b, "key", 3), key);
    mw_doc_pop(b); /* nothing was pushed by that: it fails */
    assert_int_equal(mw_doc_str(b, "key", 3), MW_VAL_ABSENT);
    mw_doc_builder_free(b);
}

static void invalid_utf8_is_repaired(void **state)
{
    mw_doc_builder *b = builder_new(false);
    const mw_doc *d = mw_doc_view(b);

    (void)state;
    mw_doc_begin_object(b);
    mw_doc_key(b, "k\xFF", 2);
    mw_doc_add_str(b, "a\xC3", 2);
    mw_doc_key(b, "k\xFE", 2); /* the same key once repaired */
    mw_doc_add_str(b, "\xED\xA0\x80", 3);
    mw_doc_end_object(b);
    mw_val v = mw_doc_pop(b);
    assert_int_equal(mw_val_len(d, v), 1);
    assert_int_equal(mw_val_kind(d, mw_val_get(d, v, "k\xEF\xBF\xBD")), MW_KIND_STRING);
    mw_doc_builder_free(b);
}

static void strings_of_the_builder_itself_may_be_added(void **state)
{
    mw_doc_builder *b = builder_new(false);
    const mw_doc *d = mw_doc_view(b);
    char text[200];
    mw_error err = {0};
    mw_val v;
    size_t len;

    (void)state;
    memset(text, 'x', sizeof text);
    mw_doc_add_str(b, text, sizeof text);
    v = mw_doc_pop(b);
    for (size_t i = 0; i < 190; i++) { /* tails of it, while the text grows and moves */
        mw_doc_add_cstr(b, mw_val_str(d, v, NULL) + i);
        assert_int_equal(strlen(mw_val_str(d, mw_doc_pop(b), &len)), 200 - i);
    }
    mw_doc_add_cstr(b, "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\"}],\"Version\":\"2012-10-17\"}");
    v = mw_doc_pop(b);
    const char *own = mw_val_str(d, v, &len);
    assert_ok(mw_json_read(b, own, len, NULL, NULL, &err));
    v = mw_doc_pop(b);
    assert_string_equal(mw_val_get_str(d, v, "Version", ""), "2012-10-17");
    mw_doc_builder_free(b);
}

static void the_ceiling_holds(void **state)
{
    (void)state;
    for (size_t max = 1; max < 6000; max += 61) {
        mw_doc_options options = {.max_bytes = max, .share = max % 2};
        mw_doc_builder *b;
        mw_error err = {0};
        mw_doc *d = NULL;
        char text[32];

        assert_ok(mw_doc_builder_new(&options, &b, &err));
        mw_doc_begin_array(b);
        for (int i = 0; i < 1000; i++) {
            snprintf(text, sizeof text, "string number %d", i);
            mw_doc_begin_object(b);
            mw_doc_member_str(b, text, text);
            mw_doc_member_int(b, "large", (int64_t)1 << 40 | i);
            mw_doc_end_object(b);
        }
        mw_doc_end_array(b);
        mw_val v = mw_doc_pop(b);
        assert_int_equal(mw_doc_finish(b, v, &d, &err), MW_ERR_LIMIT);
        assert_non_null(strstr(err.message, "ceiling"));
        mw_doc_builder_free(b);
    }
}

static void what_fits_the_ceiling_exactly_is_finished(void **state)
{
    mw_doc *whole = doc_of("{\"a\":[1,2.5,99999999999],\"b\":\"text\",\"c\":{\"d\":[]}}", false);
    size_t size = mw_doc_size(whole);

    (void)state;
    for (size_t max = size - 8; max <= size + 64; max++) {
        mw_doc_options options = {.max_bytes = max};
        mw_doc_builder *b;
        mw_error err = {0};
        mw_doc *d = NULL;
        mw_status st;

        assert_ok(mw_doc_builder_new(&options, &b, &err));
        st = mw_json_read(b, "{\"a\":[1,2.5,99999999999],\"b\":\"text\",\"c\":{\"d\":[]}}", 49, NULL, NULL, &err);
        if (st == MW_OK)
            st = mw_doc_finish(b, mw_doc_pop(b), &d, &err);
        if (st == MW_OK)
            assert_true(mw_doc_size(d) <= max);
        else
            assert_int_equal(st, MW_ERR_LIMIT);
        if (max >= size + 32)
            assert_int_equal(st, MW_OK); /* the count while building is a little higher */
        mw_doc_free(d);
        mw_doc_builder_free(b);
    }
    mw_doc_free(whole);
}

static const char page[] =
    "{\"Reservations\":[{\"Instances\":[{\"InstanceId\":\"i-1\",\"State\":{\"Code\":16,\"Name\":"
    "\"running\"},\"Tags\":[{\"Key\":\"Owner\",\"Value\":\"a\"}],\"Launch\":1700000000.5,\"Big\":"
    "123456789012,\"A\":1,\"B\":2,\"C\":3,\"D\":4,\"E\":5},{\"InstanceId\":\"i-2\",\"State\":{\"Name\":"
    "\"running\",\"Code\":16},\"Tags\":[{\"Key\":\"Owner\",\"Value\":\"a\"}],\"Launch\":1700000000.5}]}]}";

static void the_same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    for (int share = 0; share < 2; share++) {
        mw_doc *first = doc_of(page, share);
        mw_doc_builder *b = builder_new(share);
        mw_error err = {0};

        /* a builder that was used for other things before, more than once */
        for (int i = 0; i < 3; i++) {
            mw_doc *again;

            assert_ok(mw_doc_finish(b, read_json(b, page), &again, &err));
            assert_int_equal(mw_doc_size(again), mw_doc_size(first));
            assert_memory_equal(mw_doc_bytes(again), mw_doc_bytes(first), mw_doc_size(first));
            mw_doc_free(again);
            mw_doc_builder_reset(b);
            for (int k = 0; k < 3000; k++) {
                char text[16];

                snprintf(text, sizeof text, "s%d", k);
                mw_doc_add_cstr(b, text);
            }
            mw_doc_builder_reset(b);
            read_json(b, "{\"few\":[1,\"strings\",9999999999]}");
            mw_doc_builder_reset(b);
        }
        mw_doc_builder_free(b);
        mw_doc_free(first);
    }
}

static void sharing_makes_equal_containers_one(void **state)
{
    mw_doc *plain = doc_of(page, false), *shared = doc_of(page, true);
    mw_val i1, i2;

    (void)state;
    assert_true(mw_doc_size(shared) < mw_doc_size(plain));
    assert_true(mw_val_equal(plain, mw_doc_root(plain), shared, mw_doc_root(shared)));
    i1 = mw_val_at(
        shared,
        mw_val_get(shared, mw_val_at(shared, mw_val_get(shared, mw_doc_root(shared), "Reservations"), 0), "Instances"),
        0);
    i2 = mw_val_at(
        shared,
        mw_val_get(shared, mw_val_at(shared, mw_val_get(shared, mw_doc_root(shared), "Reservations"), 0), "Instances"),
        1);
    /* the order of keys in the text does not matter */
    assert_int_equal(mw_val_get(shared, i1, "State"), mw_val_get(shared, i2, "State"));
    assert_int_equal(mw_val_get(shared, i1, "Tags"), mw_val_get(shared, i2, "Tags"));
    mw_doc_free(plain);
    mw_doc_free(shared);
}

static void copies_keep_content_unknowns_and_sharing(void **state)
{
    mw_doc_builder *a = builder_new(true), *b = builder_new(false);
    const mw_doc *db = mw_doc_view(b);
    mw_doc *from;
    mw_error err = {0};
    mw_val v, item;

    (void)state;
    mw_doc_begin_array(a);
    for (int i = 0; i < 2; i++) {
        mw_doc_begin_object(a);
        mw_doc_member_bool(a, "on", true);
        mw_doc_member_int(a, "big", 1LL << 40);
        mw_doc_ckey(a, "none");
        mw_doc_add_null(a);
        mw_doc_ckey(a, "real");
        mw_doc_add_real(a, 0.1);
        mw_doc_member_str(a, "null", NULL);
        mw_doc_end_object(a);
    }
    mw_doc_end_array(a);
    assert_ok(mw_doc_finish(a, mw_doc_pop(a), &from, &err));

    mw_doc_begin_object(b);
    mw_doc_ckey(b, "copy");
    mw_doc_add_copy(b, from, mw_doc_root(from));
    mw_doc_end_object(b);
    v = mw_val_get(db, mw_doc_pop(b), "copy");
    assert_json(db, v,
                "[{\"big\":1099511627776,\"none\":null,\"null\":null,\"on\":true,\"real\":0.1},"
                "{\"big\":1099511627776,\"none\":null,\"null\":null,\"on\":true,\"real\":0.1}]");
    assert_int_equal(mw_val_at(db, v, 0), mw_val_at(db, v, 1));
    mw_doc_add_copy(b, db, v); /* of itself: no copy */
    assert_int_equal(mw_doc_pop(b), v);
    mw_doc_free(from);

    mw_doc_builder_reset(a);
    mw_doc_begin_array(a);
    mw_doc_add_unknown_cause(a, "op", "Denied", "m");
    mw_doc_add_cstr(a, "cause");
    mw_doc_add_unknown(a);
    mw_doc_add_unknown(a); /* an unknown whose cause is unknown */
    mw_doc_end_array(a);
    mw_doc_add_copy(b, mw_doc_view(a), mw_doc_pop(a));
    v = mw_doc_pop(b);
    assert_ok(mw_doc_builder_status(b, &err));
    item = mw_val_at(db, v, 1);
    assert_int_equal(mw_val_kind(db, item), MW_KIND_UNKNOWN);
    assert_int_equal(mw_val_kind(db, mw_val_cause(db, item)), MW_KIND_UNKNOWN);
    assert_json(db, v,
                "[{\"$unknown\":{\"code\":\"Denied\",\"message\":\"m\",\"operation\":\"op\"}},"
                "{\"$unknown\":{\"$unknown\":\"cause\"}}]");
    mw_doc_add_copy(b, mw_doc_view(a), MW_VAL_ABSENT);
    assert_int_equal(mw_doc_builder_status(b, &err), MW_ERR_INVALID);
    mw_doc_builder_free(a);
    mw_doc_builder_free(b);
}

static void add_pair(mw_doc_builder *b, const char *first, const char *second, const char *value)
{
    mw_doc_begin_object(b);
    mw_doc_member_str(b, first, value);
    mw_doc_member_str(b, second, first);
    mw_doc_end_object(b);
}

/* What is remembered of one source's strings and key sets must not be taken for another's. */
static void copies_from_changing_sources_stay_apart(void **state)
{
    mw_doc_builder *a = builder_new(true), *b = builder_new(true), *to = builder_new(true);
    const mw_doc *d = mw_doc_view(to);
    mw_error err = {0};
    mw_val x, y;

    (void)state;
    for (int round = 0; round < 3; round++) {
        add_pair(a, "k1", "k2", "one");
        x = mw_doc_pop(a);
        add_pair(b, "z", "y", "two");
        y = mw_doc_pop(b);
        for (int i = 0; i < 2; i++) {
            mw_doc_add_copy(to, mw_doc_view(a), x);
            assert_json(d, mw_doc_pop(to), "{\"k1\":\"one\",\"k2\":\"k1\"}");
            mw_doc_add_copy(to, mw_doc_view(b), y);
            assert_json(d, mw_doc_pop(to), "{\"y\":\"z\",\"z\":\"two\"}");
        }
        add_pair(b, "late", "y", "two"); /* the same source, grown */
        mw_doc_add_copy(to, mw_doc_view(b), mw_doc_pop(b));
        assert_json(d, mw_doc_pop(to), "{\"late\":\"two\",\"y\":\"late\"}");
        mw_doc_builder_reset(b); /* the same address, other content */
        add_pair(b, "p", "q", "three");
        mw_doc_add_copy(to, mw_doc_view(b), mw_doc_pop(b));
        assert_json(d, mw_doc_pop(to), "{\"p\":\"three\",\"q\":\"p\"}");
        mw_doc_builder_reset(b);
        if (round == 1)
            mw_doc_builder_reset(to);
    }
    assert_ok(mw_doc_builder_status(to, &err));
    mw_doc_builder_free(a);
    mw_doc_builder_free(b);
    mw_doc_builder_free(to);
}

/* A chain of [x, x] has 2^n paths: a walk over each would never end. */
static void sharing_cannot_multiply_work(void **state)
{
    mw_doc_builder *a = builder_new(false), *b = builder_new(false);
    const mw_doc *da = mw_doc_view(a);
    mw_error err = {0};
    mw_val v;
    MW_AUTO(mw_buf) out = {.max = 1 << 20};

    (void)state;
    mw_doc_add_int(a, 1);
    for (int i = 0; i < 200; i++) {
        v = mw_doc_pop(a);
        mw_doc_begin_array(a);
        mw_doc_add_val(a, v);
        mw_doc_add_val(a, v);
        mw_doc_end_array(a);
    }
    v = mw_doc_pop(a);
    mw_doc_add_copy(b, da, v);
    mw_doc_pop(b);
    assert_ok(mw_doc_builder_status(b, &err));
    assert_true(mw_doc_size(mw_doc_view(b)) < 4096);
    assert_true(mw_val_equal(da, v, da, v));
    assert_int_equal(mw_json_write(&out, da, v, MW_JSON_COMPACT), MW_ERR_LIMIT);
    mw_doc_builder_free(a);
    mw_doc_builder_free(b);
}

static void depth_made_by_sharing_is_bounded_too(void **state)
{
    mw_doc_builder *a = builder_new(false), *b = builder_new(false);
    const mw_doc *da = mw_doc_view(a);
    mw_error err = {0};
    mw_val v;
    MW_AUTO(mw_buf) out = {0};

    (void)state;
    mw_doc_add_int(a, 1);
    for (int i = 0; i < 100000; i++) {
        v = mw_doc_pop(a);
        mw_doc_begin_array(a);
        mw_doc_add_val(a, v);
        mw_doc_end_array(a);
    }
    v = mw_doc_pop(a);
    assert_ok(mw_doc_builder_status(a, &err));
    mw_doc_add_copy(b, da, v);
    assert_int_equal(mw_doc_builder_status(b, &err), MW_ERR_LIMIT);
    assert_int_equal(mw_json_write(&out, da, v, MW_JSON_COMPACT), MW_ERR_LIMIT);
    assert_int_equal(out.failed, MW_ERR_LIMIT);
    mw_doc_builder_free(a);
    mw_doc_builder_free(b);
}

static mw_status scenario(void)
{
    static const char escaped[] = "\"esc\\u00e9\\n\\ud83d\\ude00aped\"";
    mw_doc_builder *b = NULL, *c = NULL;
    mw_doc *d = NULL, *e = NULL;
    mw_error err = {0};
    mw_status st;
    int fd = -1;

    if ((st = mw_doc_builder_new(&(mw_doc_options){.share = true}, &b, &err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &c, &err)) != MW_OK ||
        (st = mw_json_read(b, page, strlen(page), NULL, NULL, &err)) != MW_OK ||
        (st = mw_json_read(b, escaped, strlen(escaped), NULL, NULL, &err)) != MW_OK)
        goto out;
    for (int i = 0; i < 200; i++) {
        char text[16];

        snprintf(text, sizeof text, "%d\xFF", i);
        mw_doc_begin_object(b);
        mw_doc_member_str(b, text, text);
        mw_doc_member_int(b, "n", 1LL << 40 | i);
        mw_doc_end_object(b);
        mw_doc_add_unknown(b);
    }
    while (mw_doc_pop(b) != MW_VAL_ABSENT)
        ;
    st = mw_doc_builder_status(b, &err);
    if (st != MW_ERR_INVALID) /* the last pop finds nothing */
        goto out;
    err = (mw_error){0};
    mw_doc_builder_reset(b);
    if ((st = mw_json_read(b, page, strlen(page), NULL, NULL, &err)) != MW_OK ||
        (st = mw_doc_finish(b, mw_doc_pop(b), &d, &err)) != MW_OK)
        goto out;
    mw_doc_add_copy(c, d, mw_doc_root(d));
    mw_doc_pop(c);
    if ((st = mw_doc_builder_status(c, &err)) != MW_OK ||
        (st = mw_doc_open(mw_doc_bytes(d), mw_doc_size(d), &e, &err)) != MW_OK)
        goto out;
    mw_doc_free(e);
    e = NULL;
    if ((st = mw_doc_finish_memfd(c, MW_VAL_NULL, &fd, &err)) != MW_OK || (st = mw_doc_map(fd, &e, &err)) != MW_OK)
        goto out;
out:
    assert_int_equal(st == MW_OK, err.status == MW_OK);
    if (fd >= 0)
        close(fd);
    mw_doc_free(d);
    mw_doc_free(e);
    mw_doc_builder_free(b);
    mw_doc_builder_free(c);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    struct failing_alloc f = {0};
    mw_status st = MW_ERR_NOMEM;

    (void)state;
    for (f.fail_at = 1; st != MW_OK && f.fail_at < 1000; f.fail_at++) {
        f.count = 0;
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &f;
        st = scenario();
        mw_sys_reset();
        if (st != MW_OK && st != MW_ERR_NOMEM)
            fail_msg("allocation %ld gave %s", f.fail_at, mw_status_name(st));
    }
    assert_int_equal(st, MW_OK);
    assert_true(f.fail_at > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_fails_and_sticks),
        cmocka_unit_test(an_open_container_is_not_finished),
        cmocka_unit_test(the_last_of_equal_keys_wins),
        cmocka_unit_test(members_may_be_given_as_values),
        cmocka_unit_test(invalid_utf8_is_repaired),
        cmocka_unit_test(strings_of_the_builder_itself_may_be_added),
        cmocka_unit_test(the_ceiling_holds),
        cmocka_unit_test(what_fits_the_ceiling_exactly_is_finished),
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(sharing_makes_equal_containers_one),
        cmocka_unit_test(copies_keep_content_unknowns_and_sharing),
        cmocka_unit_test(copies_from_changing_sources_stay_apart),
        cmocka_unit_test(sharing_cannot_multiply_work),
        cmocka_unit_test(depth_made_by_sharing_is_bounded_too),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
