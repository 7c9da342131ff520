/* mw_arena: aligned, zeroed, bounded, freed whole. */
#include "base/arena.h"
#include "support/support.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_aligned_zeroed_memory),
        cmocka_unit_test(a_large_object_keeps_the_current_block),
        cmocka_unit_test(the_ceiling_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
