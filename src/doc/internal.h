/*
 * The layout of a document, shared by the files of this floor only.
 *
 * One finished block is a header and six sections, each following the one before it:
 *
 *   pool    uint64  numbers that do not fit a value word: int64 or the bits of a double
 *   words   uint32  blocks of arrays, objects and unknowns; a block refers to earlier blocks only
 *   offsets uint32  n_atoms + 1 offsets into text; atom i ends with a NUL before offsets[i + 1]
 *   slots   uint32  open-addressing table from a string's hash to its atom
 *   shapes  uint32  records of the key sets of objects
 *   text    bytes   the strings, UTF-8, each with a NUL behind it
 *
 * A block is a head word (kind, "holds an unknown" flag, 29-bit argument) and its values:
 *   array    argument = number of elements, then the elements
 *   object   argument = offset of its shape, then one value for each key of the shape
 *   unknown  argument = 1, then the cause
 *
 * A shape is a count n and n key atoms in byte order of the keys; when n exceeds SHAPE_SCAN_MAX it is
 * followed by the same atoms in ascending order and by the position of each in the first list, so that
 * lookup by atom is a search over integers while iteration is in byte order.
 */
#ifndef MW_DOC_INTERNAL_H
#define MW_DOC_INTERNAL_H

#include "base/buf.h"
#include "base/hash.h"
#include "moonward/doc.h"

#include <string.h>

enum { TAG_CONST, TAG_INT, TAG_BIG, TAG_REAL, TAG_STR, TAG_ARRAY, TAG_OBJECT, TAG_UNKNOWN };
enum { BLOCK_ARRAY, BLOCK_OBJECT, BLOCK_UNKNOWN };

#define TAG_BITS          3u
#define PAYLOAD_MAX       ((1u << 29) - 1)
#define VAL(tag, payload) (((uint32_t)(payload) << TAG_BITS) | (uint32_t)(tag))
#define VAL_TAG(v)        ((v)&7u)
#define VAL_PAYLOAD(v)    ((v) >> TAG_BITS)

#define V_ABSENT VAL(TAG_CONST, 0)
#define V_NULL   VAL(TAG_CONST, 1)
#define V_FALSE  VAL(TAG_CONST, 2)
#define V_TRUE   VAL(TAG_CONST, 3)

#define SMALL_INT_MIN (-(1 << 28))
#define SMALL_INT_MAX ((1 << 28) - 1)

#define HEAD(kind, unknown, arg) (((uint32_t)(arg) << 3) | ((unknown) ? 4u : 0u) | (uint32_t)(kind))
#define HEAD_KIND(h)             ((h)&3u)
#define HEAD_HAS_UNKNOWN(h)      (((h)&4u) != 0)
#define HEAD_ARG(h)              ((h) >> 3)

/* Up to here a linear scan over keys beats a search, and the record needs no second list. */
#define SHAPE_SCAN_MAX 8u

/* Nesting that recursive readers (equality, writer, copy) follow; also the builder's open containers. */
#define DOC_DEPTH_MAX 1024u

struct mw_doc {
    const uint64_t *pool;
    const uint32_t *words;
    const uint32_t *offsets;
    const uint32_t *slots;
    const uint32_t *shapes;
    const char *text;
    uint32_t n_pool, n_words, n_atoms, n_slots, n_shapes, n_text;
    mw_val root;
    uint64_t serial;   /* of this content, in this process: an address may come again */
    const void *bytes; /* whole block; NULL for a builder's view */
    size_t size;
    void *mapped; /* to be unmapped by mw_doc_free(), else NULL */
};

typedef struct doc_header {
    char magic[8];
    uint32_t version;
    uint32_t endian;     /* DOC_ENDIAN as this machine writes it */
    uint32_t hash_check; /* guards against bytes made with another hash function */
    uint32_t root;
    uint32_t n_pool, n_words, n_atoms, n_slots, n_shapes, n_text;
} doc_header;

#define DOC_MAGIC   "MWDOC\r\n\x1a"
#define DOC_VERSION 1u
#define DOC_ENDIAN  0x01020304u

_Static_assert(sizeof(doc_header) % 8 == 0, "the pool follows the header and must be aligned");

static inline uint32_t mw__doc_hash(const void *data, size_t len)
{
    return (uint32_t)(mw_hash64(data, len) >> 32);
}

/* A slot is 3 bits of the hash over the atom + 1; 0 is empty. Few strings are compared in vain. */
static inline uint32_t mw__slot_make(uint32_t hash, mw_atom atom)
{
    return (hash << 29) | (atom + 1);
}
static inline uint32_t mw__slot_atom(uint32_t slot)
{
    return (slot & PAYLOAD_MAX) - 1;
}
static inline uint32_t mw__slot_home(uint32_t hash, uint32_t n_slots)
{
    return (uint32_t)(((uint64_t)hash * n_slots) >> 32);
}
/* Slots of a finished document: two thirds full, and never quite full, so that a search ends. */
static inline uint32_t mw__slots_for(uint32_t n_atoms)
{
    return n_atoms + n_atoms / 2 + 1;
}

static inline const char *mw__atom_text(const mw_doc *d, mw_atom atom, size_t *len)
{
    uint32_t from = d->offsets[atom];

    *len = d->offsets[atom + 1] - from - 1;
    return d->text + from;
}

/* The slot that holds the string, or the empty slot where it would go. n_slots must not be 0. */
static inline uint32_t mw__atom_slot(const mw_doc *d, const char *s, size_t len, uint32_t hash)
{
    uint32_t at = mw__slot_home(hash, d->n_slots);
    uint32_t mark = hash << 29;

    for (;;) {
        uint32_t slot = d->slots[at];

        if (!slot)
            return at;
        if ((slot & ~PAYLOAD_MAX) == mark) {
            size_t have;
            const char *text = mw__atom_text(d, mw__slot_atom(slot), &have);

            if (have == len && memcmp(text, s, len) == 0)
                return at;
        }
        if (++at == d->n_slots)
            at = 0;
    }
}

static inline int mw__atom_compare(const mw_doc *d, mw_atom a, mw_atom b)
{
    size_t la, lb;
    const char *ta = mw__atom_text(d, a, &la), *tb = mw__atom_text(d, b, &lb);
    int order = memcmp(ta, tb, la < lb ? la : lb);

    return order ? order : (la > lb) - (la < lb);
}

/* Words of a shape record with @p n keys. */
static inline size_t mw__shape_words(size_t n)
{
    return 1 + (n > SHAPE_SCAN_MAX ? 3 * n : n);
}

/* Head of a container or unknown, NULL when @p v is none or lies outside of the document. */
static inline const uint32_t *mw__block(const mw_doc *d, mw_val v)
{
    if (VAL_TAG(v) < TAG_ARRAY || VAL_PAYLOAD(v) >= d->n_words)
        return NULL;
    return d->words + VAL_PAYLOAD(v);
}

/* Is @p v unknown, or a container that holds an unknown at any depth? */
static inline bool mw__has_unknown(const mw_doc *d, mw_val v)
{
    const uint32_t *block = mw__block(d, v);

    return block && HEAD_HAS_UNKNOWN(*block);
}

/*
 * Nonzero when one of eight bytes of JSON is a quote, a backslash or a control character (exact for the
 * lowest such byte).
 */
static inline uint64_t mw__not_plain(uint64_t w)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    uint64_t quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');

    return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((w - ones * 0x20) & ~w)) & high;
}

/* Order used by mw__sort(); returns <0, 0, >0. */
typedef int (*mw__compare)(void *ctx, uint32_t a, uint32_t b);
/* Stable merge sort; @p scratch has room for @p n. */
void mw__sort(uint32_t *items, uint32_t *scratch, size_t n, mw__compare compare, void *ctx);

/* Length of the block of @p d laid out by mw_doc_finish(), and that block written to @p out. */
size_t mw__doc_block_size(const mw_doc *d);
/* Set the sections of @p d from a block whose header counts were checked against its size. */
void mw__doc_attach(mw_doc *d, const void *bytes, size_t size);
uint32_t mw__doc_hash_check(void);
/* A number that no other document and no earlier content of a builder has. Never 0. */
uint64_t mw__doc_serial(void);

#endif
