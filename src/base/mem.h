/* Allocation through the seam, checked sizes, and the scope-exit attribute. */
#ifndef MW_BASE_MEM_H
#define MW_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/** Zeroed memory, or NULL. Free with mw_free(). */
void *mw_alloc(size_t size);
/** realloc(3) through the seam: NULL leaves @p old as it was. @p size must not be 0. */
void *mw_realloc(void *old, size_t size);
/** NULL is allowed. */
void mw_free(void *p);
/** Heap copy with a NUL behind it, or NULL. */
char *mw_strndup(const char *s, size_t len);
char *mw_strdup(const char *s);

/** False when the result does not fit a size_t. */
static inline bool mw_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}
static inline bool mw_add_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/**
 * `MW_AUTO(mw_buf) b = {…};` clears the variable when it leaves its scope, by `mw_buf_clear(&b)`.
 * Never in a function that may meet a Lua error: longjmp skips it.
 */
#define MW_AUTO(type) __attribute__((cleanup(type##_clear))) type

/** `MW_AUTO_FREE char *s` calls mw_free() at scope exit. */
#define MW_AUTO_FREE __attribute__((cleanup(mw__auto_free)))
static inline void mw__auto_free(void *pointer_to_pointer)
{
    mw_free(*(void **)pointer_to_pointer);
}

/** Marks a function that a Lua error may leave by longjmp: it owns no C resource. */
#define MW_LJMP

#define MW_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
