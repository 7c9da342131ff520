/* The decoder of what workers say: round trips, truncation at every byte, every bit flipped. */
#include "engine/worker_records.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static mw_record sample(void)
{
    return (mw_record){.kind = MW_RECORD_VERDICT,
                       .item = 7,
                       .rule = 3,
                       .index = 1,
                       .count = 2,
                       .status = 1,
                       .text = {MW_STR("key"), MW_STR("message \xC3\xA9"), {NULL, 0}}};
}

static void test_round_trip(void **state)
{
    MW_AUTO(mw_buf) b = {.max = MW_RECORD_MAX};
    mw_record in = sample(), out;
    size_t used;

    (void)state;
    assert_int_equal(mw_record_encode(&b, &in, NULL), MW_OK);
    assert_int_equal(mw_record_decode(b.data, b.len, &out, &used, NULL), MW_OK);
    assert_int_equal(used, b.len);
    assert_int_equal(out.kind, in.kind);
    assert_int_equal(out.item, 7);
    assert_int_equal(out.rule, 3);
    assert_int_equal(out.index, 1);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.status, 1);
    assert_int_equal(out.text[1].len, in.text[1].len);
    assert_memory_equal(out.text[1].data, in.text[1].data, in.text[1].len);
    assert_null(out.text[2].data);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(mw_record_decode(b.data, n, &out, &used, NULL), MW_ERR_PENDING);
}

static void test_repair(void **state)
{
    MW_AUTO(mw_buf) b = {.max = MW_RECORD_MAX};
    mw_record in = sample(), out;
    size_t used;

    (void)state;
    in.text[0] = (mw_str){"a\0b\xFF", 4};
    assert_int_equal(mw_record_encode(&b, &in, NULL), MW_OK);
    assert_int_equal(mw_record_decode(b.data, b.len, &out, &used, NULL), MW_OK);
    assert_int_equal(out.text[0].len, 6);
    assert_memory_equal(out.text[0].data, "a b\xEF\xBF\xBD", 6);
}

static void test_too_large(void **state)
{
    static char text[MW_RECORD_MAX];
    MW_AUTO(mw_buf) b = {.max = 4 * MW_RECORD_MAX};
    mw_record in = sample();
    mw_error err = {0};

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(mw_record_encode(&b, &in, NULL), MW_OK);
    size_t before = b.len;
    in.text[1] = (mw_str){text, sizeof(text)};
    assert_int_equal(mw_record_encode(&b, &in, &err), MW_ERR_LIMIT);
    assert_int_equal(b.len, before);
}

static void test_hostile(void **state)
{
    MW_AUTO(mw_buf) b = {.max = MW_RECORD_MAX};
    mw_record in = sample(), out;
    size_t used;

    (void)state;
    assert_int_equal(mw_record_encode(&b, &in, NULL), MW_OK);
    for (size_t i = 0; i < b.len * 8; i++) {
        MW_AUTO(mw_buf) c = {.max = MW_RECORD_MAX};
        mw_status st;
        mw_buf_add(&c, b.data, b.len, NULL);
        c.data[i / 8] = (char)(c.data[i / 8] ^ (1 << (i % 8)));
        st = mw_record_decode(c.data, c.len, &out, &used, NULL);
        assert_true(st == MW_OK || st == MW_ERR_PENDING || st == MW_ERR_PARSE);
        if (st == MW_OK)
            for (int k = 0; k < MW_RECORD_TEXTS; k++)
                assert_true(!out.text[k].data ||
                            (out.text[k].data >= c.data && out.text[k].data + out.text[k].len <= c.data + c.len));
    }
    static const char huge[] = "\xFF\xFF\xFF\x7F";
    assert_int_equal(mw_record_decode(huge, 4, &out, &used, NULL), MW_ERR_PARSE);
    static const char tiny[] = "\x01\0\0\0V";
    assert_int_equal(mw_record_decode(tiny, 5, &out, &used, NULL), MW_ERR_PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_repair),
                                       cmocka_unit_test(test_too_large), cmocka_unit_test(test_hostile)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
