/*
 * Reading values. Everything here is a pure function of immutable words: no allocation, no state, so
 * any number of threads may read one document. It relies on what the builder made or mw_doc_open()
 * checked; a word of the wrong kind gives the neutral answer of the header. An unknown is never turned
 * into anything else: lookups hand the receiver's unknown on.
 */
#include "doc/internal.h"

#include <math.h>

const mw_val MW_VAL_ABSENT = V_ABSENT, MW_VAL_NULL = V_NULL, MW_VAL_FALSE = V_FALSE, MW_VAL_TRUE = V_TRUE;

/* Pairs that one comparison of containers visits at most: some ten times the largest snapshot. Only a
   hostile document, whose sharing multiplies, comes near. */
#define EQUAL_STEPS_MAX ((size_t)1 << 28)

mw_kind mw_val_kind(const mw_doc *d, mw_val v)
{
    static const uint8_t of_tag[8] = {
        MW_KIND_ABSENT, MW_KIND_INT,   MW_KIND_INT,    MW_KIND_REAL,
        MW_KIND_STRING, MW_KIND_ARRAY, MW_KIND_OBJECT, MW_KIND_UNKNOWN,
    };

    (void)d;
    if (VAL_TAG(v) != TAG_CONST)
        return (mw_kind)of_tag[VAL_TAG(v)];
    switch (v) {
    case V_NULL: return MW_KIND_NULL;
    case V_FALSE:
    case V_TRUE: return MW_KIND_BOOL;
    default: return MW_KIND_ABSENT;
    }
}

bool mw_val_bool(const mw_doc *d, mw_val v)
{
    (void)d;
    return v == V_TRUE;
}

/* Bits of a pool value; 0 outside of the document. */
static uint64_t pool_bits(const mw_doc *d, mw_val v)
{
    return VAL_PAYLOAD(v) < d->n_pool ? d->pool[VAL_PAYLOAD(v)] : 0;
}

static double real_of(const mw_doc *d, mw_val v)
{
    uint64_t bits = pool_bits(d, v);
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

int64_t mw_val_int(const mw_doc *d, mw_val v)
{
    double real;

    switch (VAL_TAG(v)) {
    case TAG_INT: return (int32_t)v >> TAG_BITS;
    case TAG_BIG: return (int64_t)pool_bits(d, v);
    case TAG_REAL:
        real = real_of(d, v);
        if (isnan(real))
            return 0;
        if (real >= 9223372036854775808.0) /* 2^63 */
            return INT64_MAX;
        if (real < -9223372036854775808.0)
            return INT64_MIN;
        return (int64_t)real;
    default: return 0;
    }
}

double mw_val_real(const mw_doc *d, mw_val v)
{
    return VAL_TAG(v) == TAG_REAL ? real_of(d, v) : (double)mw_val_int(d, v);
}

const char *mw_val_str(const mw_doc *d, mw_val v, size_t *len)
{
    size_t ignored;

    if (VAL_TAG(v) != TAG_STR || VAL_PAYLOAD(v) >= d->n_atoms)
        return NULL;
    return mw__atom_text(d, VAL_PAYLOAD(v), len ? len : &ignored);
}

mw_atom mw_val_atom(const mw_doc *d, mw_val v)
{
    return VAL_TAG(v) == TAG_STR && VAL_PAYLOAD(v) < d->n_atoms ? VAL_PAYLOAD(v) : MW_ATOM_NONE;
}

/* ---- Containers ---- */

/* Block of an object, with its shape record; NULL for every other value. */
static const uint32_t *object_of(const mw_doc *d, mw_val v, const uint32_t **shape)
{
    const uint32_t *block;

    if (VAL_TAG(v) != TAG_OBJECT)
        return NULL;
    block = mw__block(d, v);
    if (!block)
        return NULL;
    *shape = d->shapes + HEAD_ARG(*block);
    return block;
}

size_t mw_val_len(const mw_doc *d, mw_val v)
{
    const uint32_t *shape, *block;

    if (VAL_TAG(v) == TAG_ARRAY) {
        block = mw__block(d, v);
        return block ? HEAD_ARG(*block) : 0;
    }
    return object_of(d, v, &shape) ? shape[0] : 0;
}

mw_val mw_val_at(const mw_doc *d, mw_val array, size_t i)
{
    const uint32_t *block = VAL_TAG(array) == TAG_ARRAY ? mw__block(d, array) : NULL;

    if (VAL_TAG(array) == TAG_UNKNOWN)
        return array;
    return block && i < HEAD_ARG(*block) ? block[1 + i] : V_ABSENT;
}

/* The place of a key in a shape, from 1; 0: it has none. */
static uint32_t place_of(const uint32_t *shape, mw_atom key)
{
    const uint32_t *keys = shape + 1;
    uint32_t n = shape[0], base = 0;

    if (n <= SHAPE_SCAN_MAX) {
        for (uint32_t i = 0; i < n; i++)
            if (keys[i] == key)
                return 1 + i;
        return 0;
    }
    keys += n; /* the list in ascending order of atoms */
    for (uint32_t i = n; i > 1; i -= i / 2)
        base += keys[base + i / 2] <= key ? i / 2 : 0;
    return keys[base] == key ? 1 + keys[n + base] : 0;
}

mw_val mw_val_get_atom(const mw_doc *d, mw_val object, mw_atom key)
{
    const uint32_t *shape, *block = object_of(d, object, &shape);
    uint32_t place;

    if (!block)
        return VAL_TAG(object) == TAG_UNKNOWN ? object : V_ABSENT;
    place = place_of(shape, key);
    return place ? block[place] : V_ABSENT;
}

mw_val mw_val_get_hinted(const mw_doc *d, mw_val object, mw_atom key, mw_member_hint *hint)
{
    const uint32_t *shape, *block = object_of(d, object, &shape);

    if (!block)
        return VAL_TAG(object) == TAG_UNKNOWN ? object : V_ABSENT;
    if (hint->shape != HEAD_ARG(*block) + 1)
        *hint = (mw_member_hint){HEAD_ARG(*block) + 1, place_of(shape, key)};
    return hint->place ? block[hint->place] : V_ABSENT;
}

mw_atom mw_doc_atom(const mw_doc *d, const char *s, size_t len)
{
    uint32_t slot;

    if (!d->n_slots)
        return MW_ATOM_NONE;
    slot = d->slots[mw__atom_slot(d, s, len, mw__doc_hash(s, len))];
    return slot ? mw__slot_atom(slot) : MW_ATOM_NONE;
}

mw_val mw_val_getn(const mw_doc *d, mw_val object, const char *key, size_t len)
{
    mw_atom atom;

    if (VAL_TAG(object) != TAG_OBJECT)
        return VAL_TAG(object) == TAG_UNKNOWN ? object : V_ABSENT;
    atom = mw_doc_atom(d, key, len);
    return atom == MW_ATOM_NONE ? V_ABSENT : mw_val_get_atom(d, object, atom);
}

mw_val mw_val_get(const mw_doc *d, mw_val object, const char *key)
{
    return key ? mw_val_getn(d, object, key, strlen(key)) : V_ABSENT; /* the name of what is no member */
}

mw_val mw_val_path(const mw_doc *d, mw_val v, const char *path)
{
    for (;;) {
        const char *dot = strchr(path, '.');

        if (!dot)
            return mw_val_get(d, v, path);
        v = mw_val_getn(d, v, path, (size_t)(dot - path));
        path = dot + 1;
    }
}

mw_val mw_val_member(const mw_doc *d, mw_val object, size_t i, mw_val *key)
{
    const uint32_t *shape, *block = object_of(d, object, &shape);

    if (!block || i >= shape[0]) {
        if (key)
            *key = V_ABSENT;
        return V_ABSENT;
    }
    if (key)
        *key = VAL(TAG_STR, shape[1 + i]);
    return block[1 + i];
}

mw_val mw_val_cause(const mw_doc *d, mw_val v)
{
    const uint32_t *block = VAL_TAG(v) == TAG_UNKNOWN ? mw__block(d, v) : NULL;

    return block ? block[1] : V_ABSENT;
}

const char *mw_val_get_str(const mw_doc *d, mw_val object, const char *key, const char *fallback)
{
    const char *s = mw_val_str(d, mw_val_get(d, object, key), NULL);

    return s ? s : fallback;
}

int64_t mw_val_get_int(const mw_doc *d, mw_val object, const char *key, int64_t fallback)
{
    mw_val v = mw_val_get(d, object, key);

    return mw_val_kind(d, v) == MW_KIND_INT ? mw_val_int(d, v) : fallback;
}

bool mw_val_get_bool(const mw_doc *d, mw_val object, const char *key, bool fallback)
{
    mw_val v = mw_val_get(d, object, key);

    return mw_val_kind(d, v) == MW_KIND_BOOL ? v == V_TRUE : fallback;
}

/* ---- Equality ---- */

struct pair {
    const mw_doc *a, *b;
    size_t steps;
};

static bool number_equal(const mw_doc *a, mw_val va, const mw_doc *b, mw_val vb)
{
    bool real_a = VAL_TAG(va) == TAG_REAL, real_b = VAL_TAG(vb) == TAG_REAL;
    double x, y;

    if (!real_a && !real_b)
        return mw_val_int(a, va) == mw_val_int(b, vb);
    x = mw_val_real(a, va);
    y = mw_val_real(b, vb);
    if (real_a && real_b) /* as documents, two NaN are the same content */
        return x == y || (isnan(x) && isnan(y));
    /* a double may stand for several large integers: compare exactly, in the integers */
    return x == y && x < 9223372036854775808.0 && mw_val_int(a, va) == mw_val_int(b, vb);
}

static bool equal(struct pair *p, mw_val va, mw_val vb, unsigned depth)
{
    mw_kind kind = mw_val_kind(p->a, va), other = mw_val_kind(p->b, vb);
    const char *sa, *sb;
    size_t i, n, la, lb;

    if (kind == MW_KIND_UNKNOWN || other == MW_KIND_UNKNOWN)
        return false;
    if (p->a == p->b && va == vb)
        return !mw__has_unknown(p->a, va);
    if ((kind == MW_KIND_INT || kind == MW_KIND_REAL) && (other == MW_KIND_INT || other == MW_KIND_REAL))
        return number_equal(p->a, va, p->b, vb);
    if (kind != other || depth >= DOC_DEPTH_MAX || ++p->steps > EQUAL_STEPS_MAX)
        return false;
    switch (kind) {
    case MW_KIND_STRING:
        if (p->a == p->b)
            return false; /* equal strings of one document have equal words */
        sa = mw_val_str(p->a, va, &la);
        sb = mw_val_str(p->b, vb, &lb);
        return sa && sb && la == lb && memcmp(sa, sb, la) == 0;
    case MW_KIND_ARRAY:
        n = mw_val_len(p->a, va);
        if (n != mw_val_len(p->b, vb))
            return false;
        for (i = 0; i < n; i++)
            if (!equal(p, mw_val_at(p->a, va, i), mw_val_at(p->b, vb, i), depth + 1))
                return false;
        return true;
    case MW_KIND_OBJECT:
        n = mw_val_len(p->a, va);
        if (n != mw_val_len(p->b, vb))
            return false;
        for (i = 0; i < n; i++) { /* both are in byte order of keys */
            mw_val ka, kb, ma = mw_val_member(p->a, va, i, &ka), mb = mw_val_member(p->b, vb, i, &kb);

            if (!equal(p, ka, kb, depth + 1) || !equal(p, ma, mb, depth + 1))
                return false;
        }
        return true;
    default: return va == vb; /* constants */
    }
}

bool mw_val_equal(const mw_doc *a, mw_val va, const mw_doc *b, mw_val vb)
{
    struct pair p = {a, b, 0};

    return equal(&p, va, vb, 0);
}

/* ---- The document itself ---- */

mw_val mw_doc_root(const mw_doc *d)
{
    return d->root;
}

size_t mw_doc_size(const mw_doc *d)
{
    return d->bytes ? d->size : mw__doc_block_size(d);
}

const void *mw_doc_bytes(const mw_doc *d)
{
    return d->bytes;
}
