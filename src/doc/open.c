/*
 * Opening bytes that came from elsewhere. mw_doc_open() proves everything that a reader relies on, in
 * one pass over each section: counts fit the size, strings are UTF-8 and end with a NUL, the string
 * table finds each string exactly once, shapes are sorted by bytes and by atom, each block lies inside
 * and refers to earlier blocks of the right kind. It never writes to the bytes and trusts no count
 * before it was checked against the size.
 */
#include "doc/internal.h"

#include "base/mem.h"
#include "base/str.h"

/* Probes of the string table per string, on average, that an honest table stays far below (it needs
   about two); bounds the time that crafted collisions can take. */
#define PROBES_PER_ATOM 64

static mw_status bad(mw_error *err, const char *what)
{
    return mw_fail(err, MW_ERR_PARSE, "not a valid document: %s", what);
}

/* Header and sizes: enough to attach. */
static mw_status check_header(const void *bytes, size_t size, mw_error *err)
{
    const doc_header *h = bytes;
    uint64_t need;

    if (size < sizeof *h)
        return bad(err, "shorter than its header");
    if (((uintptr_t)bytes & 7) != 0)
        return mw_fail(err, MW_ERR_INVALID, "a document must lie at an address divisible by 8");
    if (memcmp(h->magic, DOC_MAGIC, sizeof h->magic) != 0)
        return bad(err, "it does not begin with the mark of one");
    if (h->version != DOC_VERSION)
        return mw_fail(err, MW_ERR_PARSE, "not a valid document: version %u, expected %u", h->version, DOC_VERSION);
    if (h->endian != DOC_ENDIAN)
        return bad(err, "made on a machine with the other byte order");
    if (h->hash_check != mw__doc_hash_check())
        return bad(err, "made with another hash function");
    if (h->n_pool > PAYLOAD_MAX || h->n_words > PAYLOAD_MAX || h->n_atoms >= PAYLOAD_MAX || h->n_shapes > PAYLOAD_MAX ||
        h->n_slots != mw__slots_for(h->n_atoms))
        return bad(err, "a count is out of range");
    need = sizeof *h + (uint64_t)h->n_pool * 8 +
           4 * ((uint64_t)h->n_words + h->n_atoms + 1 + h->n_slots + h->n_shapes) + h->n_text;
    if (need != size)
        return bad(err, "its sections do not fill its size");
    return MW_OK;
}

static mw_status check_strings(const mw_doc *d, mw_error *err)
{
    uint64_t probes = 0;
    uint32_t i, free_slots = 0;

    if (d->offsets[0] != 0 || d->offsets[d->n_atoms] != d->n_text)
        return bad(err, "strings do not fill the text");
    for (i = 0; i < d->n_atoms; i++) {
        if (d->offsets[i + 1] <= d->offsets[i] || d->offsets[i + 1] > d->n_text)
            return bad(err, "the offset of a string is out of order");
        if (d->text[d->offsets[i + 1] - 1] != '\0')
            return bad(err, "a string does not end with a NUL");
    }
    for (i = 0; i < d->n_slots; i++) {
        if (!d->slots[i])
            free_slots++;
        else if ((d->slots[i] & PAYLOAD_MAX) == 0 || mw__slot_atom(d->slots[i]) >= d->n_atoms)
            return bad(err, "the string table names a string that is not there");
    }
    if (d->n_slots - free_slots != d->n_atoms)
        return bad(err, "the string table does not hold each string once");
    for (i = 0; i < d->n_atoms; i++) {
        size_t len;
        const char *s = mw__atom_text(d, i, &len);
        uint32_t hash = mw__doc_hash(s, len), at = mw__slot_home(hash, d->n_slots);

        /* a search that meets an equal string first would never reach this one, so reaching it
           by its atom and finding it by its bytes together say that it is the only one */
        while (d->slots[at] != mw__slot_make(hash, i)) {
            if (!d->slots[at] || ++probes > (uint64_t)PROBES_PER_ATOM * d->n_atoms)
                return bad(err, "the string table does not find a string");
            at = at + 1 == d->n_slots ? 0 : at + 1;
        }
        if (mw__atom_slot(d, s, len, hash) != at)
            return bad(err, "a string occurs twice");
        if (!mw_utf8_valid(s, len))
            return bad(err, "a string is not UTF-8");
    }
    return MW_OK;
}

static void mark(uint8_t *bits, uint32_t at)
{
    bits[at >> 3] = (uint8_t)(bits[at >> 3] | 1u << (at & 7));
}

static bool marked(const uint8_t *bits, uint32_t at)
{
    return (bits[at >> 3] >> (at & 7)) & 1;
}

/* Check each shape and mark where one starts. */
static mw_status check_shapes(const mw_doc *d, uint8_t *starts, mw_error *err)
{
    uint32_t at = 0, i, n;

    while (at < d->n_shapes) {
        const uint32_t *keys = d->shapes + at + 1;

        n = d->shapes[at];
        if (n > d->n_shapes || mw__shape_words(n) > d->n_shapes - at)
            return bad(err, "a shape reaches beyond its section");
        for (i = 0; i < n; i++) {
            if (keys[i] >= d->n_atoms)
                return bad(err, "a shape names a key that is not there");
            if (i && mw__atom_compare(d, keys[i - 1], keys[i]) >= 0)
                return bad(err, "the keys of a shape are not in order");
        }
        for (i = 0; n > SHAPE_SCAN_MAX && i < n; i++) {
            if (keys[2 * (size_t)n + i] >= n || keys[keys[2 * (size_t)n + i]] != keys[n + i] ||
                (i && keys[n + i - 1] >= keys[n + i]))
                return bad(err, "the index of a shape does not match its keys");
        }
        mark(starts, at);
        at += (uint32_t)mw__shape_words(n);
    }
    return MW_OK;
}

/* May a value stand in a block that begins at word @p limit? Sets *unknown when it is or holds one. */
static bool value_ok(const mw_doc *d, const uint8_t *starts, mw_val v, uint32_t limit, bool *unknown)
{
    static const uint8_t kind_of[8] = {
        [TAG_ARRAY] = BLOCK_ARRAY, [TAG_OBJECT] = BLOCK_OBJECT, [TAG_UNKNOWN] = BLOCK_UNKNOWN};
    uint32_t payload = VAL_PAYLOAD(v);

    switch (VAL_TAG(v)) {
    case TAG_CONST: return v == V_NULL || v == V_FALSE || v == V_TRUE;
    case TAG_INT: return true;
    case TAG_BIG:
    case TAG_REAL: return payload < d->n_pool;
    case TAG_STR: return payload < d->n_atoms;
    default:
        if (payload >= limit || !marked(starts, payload) || HEAD_KIND(d->words[payload]) != kind_of[VAL_TAG(v)])
            return false;
        *unknown |= HEAD_HAS_UNKNOWN(d->words[payload]);
        return true;
    }
}

static mw_status check_blocks(const mw_doc *d, const uint8_t *shape_starts, uint8_t *starts, mw_error *err)
{
    uint32_t at = 0, i, n, head;
    bool unknown;

    while (at < d->n_words) {
        head = d->words[at];
        n = HEAD_ARG(head);
        unknown = HEAD_KIND(head) == BLOCK_UNKNOWN;
        if (HEAD_KIND(head) > BLOCK_UNKNOWN || (unknown && n != 1))
            return bad(err, "a block of no known kind");
        if (HEAD_KIND(head) == BLOCK_OBJECT) {
            if (n >= d->n_shapes || !marked(shape_starts, n))
                return bad(err, "an object has no shape");
            n = d->shapes[n];
        }
        if (n >= d->n_words - at)
            return bad(err, "a block reaches beyond its section");
        for (i = 1; i <= n; i++)
            if (!value_ok(d, starts, d->words[at + i], at, &unknown))
                return bad(err, "a block holds a value that is out of range");
        if (unknown != HEAD_HAS_UNKNOWN(head))
            return bad(err, "a block hides an unknown, or claims one");
        mark(starts, at);
        at += n + 1;
    }
    unknown = false;
    if (!value_ok(d, starts, d->root, d->n_words, &unknown))
        return bad(err, "its root is out of range");
    return MW_OK;
}

mw_status mw_doc_open_trusted(const void *bytes, size_t size, mw_doc **out, mw_error *err)
{
    mw_status st = check_header(bytes, size, err);

    *out = NULL;
    if (st != MW_OK)
        return st;
    *out = mw_alloc(sizeof **out);
    if (!*out)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    mw__doc_attach(*out, bytes, size);
    return MW_OK;
}

mw_status mw_doc_open(const void *bytes, size_t size, mw_doc **out, mw_error *err)
{
    uint8_t *shape_starts = NULL, *starts = NULL;
    mw_doc *d = NULL;
    mw_status st;

    *out = NULL;
    if ((st = mw_doc_open_trusted(bytes, size, &d, err)) != MW_OK)
        return st;
    if ((st = check_strings(d, err)) != MW_OK)
        goto out;
    shape_starts = mw_alloc(d->n_shapes / 8 + 1);
    starts = mw_alloc(d->n_words / 8 + 1);
    if (!shape_starts || !starts) {
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory");
        goto out;
    }
    if ((st = check_shapes(d, shape_starts, err)) != MW_OK ||
        (st = check_blocks(d, shape_starts, starts, err)) != MW_OK)
        goto out;
    *out = d;
    d = NULL;
out:
    mw_free(shape_starts);
    mw_free(starts);
    mw_doc_free(d);
    return st;
}
