/* Memory of one scope (a request, a page, a plan), freed whole. */
#ifndef MW_BASE_ARENA_H
#define MW_BASE_ARENA_H

#include "base/mem.h"
#include "moonward/status.h"

#include <stdbool.h>
#include <stddef.h>

/** `MW_AUTO(mw_arena) a = {0};` or embedded; a max_bytes of 0 means 256 MiB. */
typedef struct mw_arena {
    struct mw_arena_block *blocks;
    size_t used_bytes;
    size_t max_bytes;
} mw_arena;

/** Zeroed, aligned for any type; NULL when out of memory or over the ceiling. */
void *mw_arena_alloc(mw_arena *a, size_t size);
/** NUL-terminated copies that live as long as the arena; NULL as above. */
char *mw_arena_strndup(mw_arena *a, const char *s, size_t len);
char *mw_arena_strdup(mw_arena *a, const char *s);
char *mw_arena_printf(mw_arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Texts up to a NULL, one behind the other: what printf of "%s%s" would give, at a tenth of its cost. */
char *mw_arena_join(mw_arena *a, ...) __attribute__((sentinel));
/** What @p from holds lives in @p a from now on; nothing moves. False, with nothing changed, beyond a's ceiling. */
bool mw_arena_absorb(mw_arena *a, mw_arena *from);
/** As mw_arena_clear(), but a block stays for the next scope of the same kind. */
void mw_arena_reset(mw_arena *a);
/** Free everything; the arena may be used again. */
void mw_arena_clear(mw_arena *a);

#endif
