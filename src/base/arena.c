/*
 * Bump allocator over blocks. With MW_DEBUG_ARENA each allocation is a block of its own, so that
 * AddressSanitizer sees an overrun of one object into the next.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ARENA_MAX_DEFAULT ((size_t)256 << 20)
#define BLOCK_SIZE ((size_t)8 << 10)

struct mw_arena_block {
    struct mw_arena_block *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) unsigned char data[];
};

static size_t align_up(size_t n)
{
    const size_t a = _Alignof(max_align_t);

    return (n + a - 1) & ~(a - 1);
}

void *mw_arena_alloc(mw_arena *a, size_t size)
{
    struct mw_arena_block *b = a->blocks;
    size_t max = a->max_bytes ? a->max_bytes : ARENA_MAX_DEFAULT;
    size_t need, block;
    void *p;

    if (size > max)
        return NULL;
    need = align_up(size ? size : 1);
    if (!b || b->size - b->used < need) {
#ifdef MW_DEBUG_ARENA
        block = need;
#else
        block = need > BLOCK_SIZE / 2 ? need : BLOCK_SIZE;
#endif
        if (a->used_bytes + block > max)
            return NULL;
        b = mw_alloc(sizeof(*b) + block);
        if (!b)
            return NULL;
        b->size = block;
        /* A large object gets its own block behind the current one, whose room stays in use. */
        if (a->blocks && block != BLOCK_SIZE) {
            b->next = a->blocks->next;
            a->blocks->next = b;
        } else {
            b->next = a->blocks;
            a->blocks = b;
        }
        a->used_bytes += block;
    }
    p = b->data + b->used;
    b->used += need;
    return p;
}

char *mw_arena_strndup(mw_arena *a, const char *s, size_t len)
{
    char *copy = len < SIZE_MAX ? mw_arena_alloc(a, len + 1) : NULL;

    if (copy && len)
        memcpy(copy, s, len);
    return copy;
}

char *mw_arena_strdup(mw_arena *a, const char *s)
{
    return mw_arena_strndup(a, s, strlen(s));
}

char *mw_arena_printf(mw_arena *a, const char *format, ...)
{
    va_list args;
    char *out;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return NULL;
    out = mw_arena_alloc(a, (size_t)n + 1);
    if (!out)
        return NULL;
    va_start(args, format);
    vsnprintf(out, (size_t)n + 1, format, args);
    va_end(args);
    return out;
}

void mw_arena_clear(mw_arena *a)
{
    struct mw_arena_block *b = a->blocks;

    while (b) {
        struct mw_arena_block *next = b->next;
        explicit_bzero(b->data, b->used);
        mw_free(b);
        b = next;
    }
    a->blocks = NULL;
    a->used_bytes = 0;
}
