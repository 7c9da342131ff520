/* The builder's state, shared by builder.c (values), intern.c (tables) and json_read.c. */
#ifndef MW_DOC_BUILDER_H
#define MW_DOC_BUILDER_H

#include "doc/internal.h"

/*
 * Open-addressing table from a 32-bit hash, whose lower bits are mixed well or sequential, to a number below 2^32 - 1. The hashes of its entries are
 * also kept in a list, so that emptying costs what was used, not what was reserved.
 */
typedef struct table {
    uint64_t *slots; /* hash in the upper half, number + 1 in the lower; 0 is empty */
    uint32_t *used;  /* hashes of the entries */
    size_t cap;      /* slots, a power of two or 0 */
    size_t len;
    size_t used_cap;
} table;

typedef struct frame {
    uint32_t values; /* lengths of the stacks when the container was begun */
    uint32_t keys;
    bool object;
    uint8_t exact; /* json_read.c: what an object of exact text stands for, 0 = itself */
} frame;

/* Numbers of another document -> numbers here: the epoch in the upper half of an entry. */
typedef struct copy_map {
    uint64_t *to;
    size_t cap;
} copy_map;

#define RECENT_ORDERS 128u /* a power of two */

struct mw_doc_builder {
    mw_doc view; /* its pointers alias the storage below, its counts are the lengths in use */
    uint64_t *pool;
    uint32_t *words, *offsets, *slots, *shapes;
    char *text;
    size_t cap_pool, cap_words, cap_offsets, cap_shapes, cap_text, cap_slots;
    uint32_t *hashes; /* of each atom, for growing the slots */
    size_t cap_hashes;

    uint32_t *values; /* stack of finished values */
    uint32_t *keys;   /* stack of key atoms of the open objects */
    frame *frames;
    size_t n_values, cap_values, n_keys, cap_keys, n_frames, cap_frames;

    /* Key order as met -> shape. A record: n, shape, an ORDER_ word, n keys, then n positions in the
       shape (POSITION_DROPPED for a key that was given again later). */
    uint32_t *orders;
    uint32_t recent[RECENT_ORDERS]; /* record + 1 of an order met, by a cheap look at its keys */
    size_t n_orders, cap_orders;
    table order_table, shape_table, number_table, block_table;

    uint32_t *scratch; /* for sorting keys */
    size_t cap_scratch;
    mw_buf repair; /* strings being repaired or unescaped */

    copy_map copied_atoms, copied_shapes; /* of the document with serial copy_source */
    uint64_t copy_source;
    uint32_t copy_epoch;
    table copied; /* words of another document -> index into copy_values */
    uint32_t *copy_from, *copy_values;
    size_t n_copied, cap_copy_from, cap_copy_values;

    size_t max_bytes, bytes;
    bool share, secret;
    bool has_unknown; /* some block is an unknown or holds one */
    mw_status status;
    char message[160];
};

enum { ORDER_SORTED, ORDER_SHUFFLED, ORDER_REPEATED }; /* keys as met; REPEATED: some are dropped */
#define POSITION_DROPPED UINT32_MAX

mw_status mw__builder_fail(mw_doc_builder *b, mw_status status, const char *message);
/* Room for @p need elements in *array; on refusal the builder has failed. */
bool mw__builder_widen(mw_doc_builder *b, void **array, size_t *cap, size_t need, size_t element);
static inline bool mw__builder_grow(mw_doc_builder *b, void **array, size_t *cap, size_t need, size_t element)
{
    return need <= *cap || mw__builder_widen(b, array, cap, need, element);
}
/* Fail because of the ceiling; false. */
bool mw__builder_over_limit(mw_doc_builder *b);
/* Count @p more bytes of the finished document against the ceiling. */
static inline bool mw__builder_charge(mw_doc_builder *b, size_t more)
{
    if (more > b->max_bytes - b->bytes)
        return mw__builder_over_limit(b);
    b->bytes += more;
    return true;
}

/* Intern; MW_ATOM_NONE / V_ABSENT when the builder has failed. */
mw_atom mw__builder_atom(mw_doc_builder *b, const char *s, size_t len);
mw_val mw__builder_number(mw_doc_builder *b, unsigned tag, uint64_t bits);
/* Shape record for @p n keys in the order met, as an offset into b->orders. */
bool mw__builder_order(mw_doc_builder *b, const uint32_t *keys, size_t n, size_t *order);

/* Table primitives. A search is a loop: start, then next until it gives TABLE_END. */
#define TABLE_END UINT32_MAX
typedef struct table_cursor {
    size_t at;
    uint32_t hash;
} table_cursor;
uint32_t mw__table_first(const table *t, uint32_t hash, table_cursor *c);
uint32_t mw__table_next(const table *t, table_cursor *c);
bool mw__table_add(mw_doc_builder *b, table *t, uint32_t hash, uint32_t number);
void mw__table_empty(table *t);
void mw__table_free(table *t);
void mw__slots_empty(mw_doc_builder *b);

#endif
