/* mw_buf: grows, stops at its ceiling, remembers its first failure. */
#include "base/buf.h"
#include "support/support.h"

#include <stdio.h>

static void grows_and_stays_terminated(void **state)
{
    MW_AUTO(mw_buf) b = {.max = 4096};
    mw_error err = {0};

    (void)state;
    for (int i = 0; i < 300; i++)
        assert_ok(mw_buf_printf(&b, "%d,", i));
    assert_int_equal(b.data[b.len], '\0');
    assert_memory_equal(b.data, "0,1,2,3,", 8);
    assert_int_equal(b.len, 10 * 2 + 90 * 3 + 200 * 4);
}

static void the_ceiling_holds_and_sticks(void **state)
{
    MW_AUTO(mw_buf) b = {.max = 8};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_buf_add(&b, "12345678", 8, &err));
    assert_int_equal(mw_buf_putc(&b, '9'), MW_ERR_LIMIT);
    assert_int_equal(b.len, 8);
    assert_int_equal(mw_buf_status(&b, &err), MW_ERR_LIMIT);
    assert_non_null(strstr(err.message, "8 bytes"));
    mw_buf_reset(&b);
    assert_ok(mw_buf_status(&b, &err));
    assert_ok(mw_buf_puts(&b, "ok"));
}

static void a_refused_allocation_leaves_it_whole(void **state)
{
    struct failing_alloc f = {.fail_at = 2};
    MW_AUTO(mw_buf) b = {.max = 1 << 20};
    mw_error err = {0};
    char block[600] = {0};

    (void)state;
    mw_sys.realloc_fn = failing_realloc;
    mw_sys.ctx = &f;
    assert_ok(mw_buf_puts(&b, "kept"));
    assert_int_equal(mw_buf_add(&b, block, sizeof(block), &err), MW_ERR_NOMEM);
    assert_string_equal(b.data, "kept");
    mw_sys_reset();
    mw_buf_clear(&b);
}

static void take_hands_over(void **state)
{
    mw_buf b = {0};
    size_t len = 9;
    char *s;

    (void)state;
    s = mw_buf_take(&b, &len);
    assert_non_null(s);
    assert_int_equal(len, 0);
    assert_string_equal(s, "");
    mw_free(s);
    mw_buf_puts(&b, "abc");
    s = mw_buf_take(&b, &len);
    assert_int_equal(len, 3);
    assert_null(b.data);
    mw_free(s);
}

static void printing_fits_or_grows(void **state)
{
    (void)state;
    for (int len = 0; len < 300; len++) {
        MW_AUTO(mw_buf) b = {.max = 200};
        char want[301];

        snprintf(want, sizeof(want), "%0*d", len ? len : 1, 7);
        mw_buf_puts(&b, "x");
        assert_int_equal(mw_buf_printf(&b, "%0*d", len, 7), len < 200 ? MW_OK : MW_ERR_LIMIT);
        assert_string_equal(b.data, len < 200 ? strcat((char[302]){"x"}, want) : "x");
        assert_int_equal(b.len, strlen(b.data));
    }
}

static void joins_texts(void **state)
{
    MW_AUTO(mw_buf) b = {.max = 4};

    (void)state;
    assert_int_equal(mw_buf_join(&b, "a", "", "bc", NULL), MW_OK);
    assert_string_equal(b.data, "abc");
    assert_int_equal(mw_buf_join(&b, "d", "e", NULL), MW_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(the_ceiling_holds_and_sticks),
        cmocka_unit_test(a_refused_allocation_leaves_it_whole),
        cmocka_unit_test(take_hands_over),
        cmocka_unit_test(printing_fits_or_grows),
        cmocka_unit_test(joins_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
