/* mw_arena: aligned, zeroed, bounded, freed whole. */
#include "base/arena.h"
#include "support/support.h"

#include <stdlib.h>

static void gives_aligned_zeroed_memory(void **state)
{
    MW_AUTO(mw_arena) a = {0};

    (void)state;
    for (size_t size = 1; size < 20000; size = size * 3 + 1) {
        unsigned char *p = mw_arena_alloc(&a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xAA, size);
    }
}

static void a_large_object_keeps_the_current_block(void **state)
{
    MW_AUTO(mw_arena) a = {0};
    char *first = mw_arena_strdup(&a, "first");
    char *big = mw_arena_alloc(&a, 100000);
    char *second = mw_arena_strdup(&a, "second");

    (void)state;
    assert_non_null(big);
    assert_string_equal(first, "first");
    assert_string_equal(second, "second");
    assert_string_equal(mw_arena_printf(&a, "%s-%d", "x", 7), "x-7");
}

static void the_ceiling_holds(void **state)
{
    MW_AUTO(mw_arena) a = {.max_bytes = 10000};

    (void)state;
    assert_non_null(mw_arena_alloc(&a, 100));
    assert_null(mw_arena_alloc(&a, 9950));
    assert_null(mw_arena_alloc(&a, SIZE_MAX));
    assert_null(mw_arena_strndup(&a, "x", SIZE_MAX));
    mw_arena_clear(&a);
    assert_non_null(mw_arena_alloc(&a, 9950));
}

/* A text ends at every distance from a block's end once: just inside, just beyond. */
static void printing_fits_or_moves(void **state)
{
    (void)state;
    for (int len = 8000; len < 8300; len++) {
        MW_AUTO(mw_arena) a = {0};
        const char *small = mw_arena_printf(&a, "%d", len), *text = mw_arena_printf(&a, "%0*d", len / 2, 7);
        const char *more = mw_arena_printf(&a, "%0*d|%s", len / 2, 7, "end");
        unsigned char *zeroed = mw_arena_alloc(&a, 64);

        assert_int_equal(atoi(small), len);
        assert_int_equal(strlen(text), len / 2);
        assert_int_equal(strlen(more), len / 2 + 4);
        assert_string_equal(more + len / 2, "|end");
        for (int i = 0; i < 64; i++)
            assert_int_equal(zeroed[i], 0);
    }
}

static void joins_texts(void **state)
{
    MW_AUTO(mw_arena) a = {0};

    (void)state;
    assert_string_equal(mw_arena_join(&a, "a", "", "bc", NULL), "abc");
    assert_string_equal(mw_arena_join(&a, "", NULL), "");
    a.max_bytes = 1;
    assert_null(mw_arena_join(&a, "ab", NULL));
}

static void a_reset_arena_is_zeroed_and_bounded(void **state)
{
    MW_AUTO(mw_arena) a = {.max_bytes = 40000};

    (void)state;
    for (int round = 0; round < 10; round++) {
        unsigned char *p = mw_arena_alloc(&a, 700);
        for (int i = 0; i < 700; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xAA, 700);
        assert_non_null(mw_arena_alloc(&a, 20000));
        mw_arena_reset(&a);
        assert_true(a.used_bytes <= 8192);
    }
    mw_arena_clear(&a);
    mw_arena_reset(&a);
    assert_int_equal(a.used_bytes, 0);
}

static void absorbs_another(void **state)
{
    MW_AUTO(mw_arena) a = {.max_bytes = 200000};
    MW_AUTO(mw_arena) b = {0};
    char *first = mw_arena_strdup(&b, "first"), *big = mw_arena_alloc(&b, 50000);
    size_t bytes = b.used_bytes;

    (void)state;
    assert_true(mw_arena_absorb(&a, &b)); /* into an empty one */
    assert_null(b.blocks);
    assert_int_equal(b.used_bytes, 0);
    assert_int_equal(a.used_bytes, bytes);
    memset(big, 1, 50000);
    assert_string_equal(first, "first");
    assert_string_equal(mw_arena_strdup(&a, "second"), "second");
    assert_string_equal(mw_arena_strdup(&b, "third"), "third"); /* it may be used again */
    assert_true(mw_arena_absorb(&a, &b));
    assert_true(mw_arena_absorb(&a, &b)); /* nothing */
    assert_string_equal(first, "first");
    bytes = a.used_bytes;
    assert_non_null(mw_arena_alloc(&b, 180000));
    assert_false(mw_arena_absorb(&a, &b)); /* over the ceiling */
    assert_int_equal(a.used_bytes, bytes);
    assert_non_null(b.blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_aligned_zeroed_memory),
        cmocka_unit_test(a_large_object_keeps_the_current_block),
        cmocka_unit_test(the_ceiling_holds),
        cmocka_unit_test(printing_fits_or_moves),
        cmocka_unit_test(joins_texts),
        cmocka_unit_test(a_reset_arena_is_zeroed_and_bounded),
        cmocka_unit_test(absorbs_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
