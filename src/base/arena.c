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
#define BLOCK_SIZE        ((size_t)8 << 10)

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

/* Room of @p size bytes, not zeroed. */
static void *take(mw_arena *a, size_t size)
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
        b = mw_realloc(NULL, sizeof(*b) + block);
        if (!b)
            return NULL;
        b->used = 0;
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

void *mw_arena_alloc(mw_arena *a, size_t size)
{
    void *p = take(a, size);

    return p ? memset(p, 0, size) : NULL;
}

char *mw_arena_strndup(mw_arena *a, const char *s, size_t len)
{
    char *copy = len < SIZE_MAX ? take(a, len + 1) : NULL;

    if (copy && len)
        memcpy(copy, s, len);
    if (copy)
        copy[len] = '\0';
    return copy;
}

char *mw_arena_strdup(mw_arena *a, const char *s)
{
    return mw_arena_strndup(a, s, strlen(s));
}

char *mw_arena_printf(mw_arena *a, const char *format, ...)
{
    struct mw_arena_block *b = a->blocks;
    size_t room = b ? b->size - b->used : 0;
    va_list args;
    char *out;
    int n;

    /* Straight into the room that is left: formatting twice would be the larger part of a short text. */
    va_start(args, format);
    n = vsnprintf(room ? (char *)b->data + b->used : NULL, room, format, args);
    va_end(args);
    if (n < 0)
        return NULL;
    out = take(a, (size_t)n + 1);
    if (!out || (size_t)n < room)
        return out;
    va_start(args, format);
    vsnprintf(out, (size_t)n + 1, format, args);
    va_end(args);
    return out;
}

char *mw_arena_join(mw_arena *a, ...)
{
    va_list texts;
    size_t len = 0;
    char *out, *to;

    va_start(texts, a);
    for (const char *s; (s = va_arg(texts, const char *)) != NULL;)
        len += strlen(s);
    va_end(texts);
    out = to = take(a, len + 1);
    va_start(texts, a);
    for (const char *s; out && (s = va_arg(texts, const char *)) != NULL;)
        to = mempcpy(to, s, strlen(s));
    va_end(texts);
    if (out)
        *to = '\0';
    return out;
}

bool mw_arena_absorb(mw_arena *a, mw_arena *from)
{
    struct mw_arena_block **last = a->blocks ? &a->blocks->next : &a->blocks, *rest = *last;

    if (a->used_bytes + from->used_bytes > (a->max_bytes ? a->max_bytes : ARENA_MAX_DEFAULT))
        return false;
    for (*last = from->blocks; *last; last = &(*last)->next) /* behind the block whose room is in use */
        ;
    *last = rest;
    a->used_bytes += from->used_bytes;
    from->blocks = NULL;
    from->used_bytes = 0;
    return true;
}

void mw_arena_reset(mw_arena *a)
{
    struct mw_arena_block *kept = a->blocks;

    if (!kept || kept->size != BLOCK_SIZE) {
        mw_arena_clear(a);
        return;
    }
    a->blocks = kept->next;
    mw_arena_clear(a);
    explicit_bzero(kept->data, kept->used);
    kept->used = 0;
    kept->next = NULL;
    a->blocks = kept;
    a->used_bytes = kept->size;
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
