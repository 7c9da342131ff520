/*
 * Joins: elements of an answer by the value of one member. All texts of the collection are interned in
 * one builder, so equal texts have equal atoms and an index is a sorted list of numbers, made when the
 * answer is first asked for it and kept with the answer.
 */
#include "inventory/collect_internal.h"

#include "base/mem.h"

#include <stdlib.h>

static int by_atom(const void *pa, const void *pb)
{
    const struct join_entry *a = pa, *b = pb;

    if (a->atom != b->atom)
        return a->atom < b->atom ? -1 : 1;
    return a->element < b->element ? -1 : a->element > b->element;
}

/* Texts of @p v (one, or a list of them) as entries for element @p i. */
static bool add_entries(const mw_doc *d, mw_val v, uint32_t i, join_index *x, size_t *cap)
{
    size_t n = mw_val_kind(d, v) == MW_KIND_ARRAY ? mw_val_len(d, v) : 1;

    for (size_t k = 0; k < n; k++) {
        mw_val text = mw_val_kind(d, v) == MW_KIND_ARRAY ? mw_val_at(d, v, k) : v;
        if (mw_val_kind(d, text) != MW_KIND_STRING)
            continue;
        if (x->count == *cap) {
            size_t grown = *cap ? *cap * 2 : 64;
            struct join_entry *entries = mw_realloc(x->entries, grown * sizeof(*entries));
            if (!entries)
                return false;
            x->entries = entries;
            *cap = grown;
        }
        x->entries[x->count++] = (struct join_entry){mw_val_atom(d, text), i};
    }
    return true;
}

static const join_index *index_of(collection *c, answer *a, mw_val list, const join_how *how)
{
    const mw_doc *d = view(c);
    join_index *x;
    size_t cap = 0;

    for (x = a->indexes; x; x = x->next)
        if (x->field == how->field)
            return x;
    x = mw_alloc(sizeof(*x));
    if (!x) {
        collection_no_memory(c);
        return NULL;
    }
    x->field = how->field;
    x->unknown = MW_VAL_ABSENT;
    x->next = a->indexes;
    a->indexes = x;
    for (size_t i = 0; i < mw_val_len(d, list) && i < UINT32_MAX; i++) {
        mw_val v = MW_VAL_NULL;
        mw_error err = {0};
        if (mw_jmespath_eval(how->field, c->b, mw_val_at(d, list, i), &v, &err) != MW_OK)
            v = unknown_of(c, how->operation, "BadExpression", err.message);
        if (mw_val_kind(d, v) == MW_KIND_UNKNOWN)
            x->unknown = v;
        if (!add_entries(d, v, (uint32_t)i, x, &cap)) {
            collection_no_memory(c);
            return x;
        }
    }
    if (x->count)
        qsort(x->entries, x->count, sizeof(*x->entries), by_atom);
    return x;
}

static size_t first_of(const join_index *x, mw_atom atom)
{
    size_t low = 0, high = x->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (x->entries[mid].atom < atom)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static mw_val value_of(collection *c, mw_val element, const join_how *how)
{
    mw_val out = element;
    mw_error err = {0};

    if (how->value && mw_jmespath_eval(how->value, c->b, element, &out, &err) != MW_OK)
        out = unknown_of(c, how->operation, "BadExpression", err.message);
    return out;
}

mw_val join_find(collection *c, answer *a, mw_val list, const join_how *how, mw_val key)
{
    const mw_doc *d = view(c);
    mw_kind kind = mw_val_kind(d, list);
    size_t keys = mw_val_kind(d, key) == MW_KIND_ARRAY ? mw_val_len(d, key) : 1;
    mw_val found = MW_VAL_NULL;
    const join_index *x;

    if (kind != MW_KIND_ARRAY && kind != MW_KIND_NULL) /* AWS leaves an empty list out */
        return unknown_of(c, how->operation, "MalformedAnswer", "what is to be matched is no list");
    if (!(x = index_of(c, a, list, how)))
        return MW_VAL_NULL;
    if (x->unknown != MW_VAL_ABSENT)
        return x->unknown;
    if (how->many)
        mw_doc_begin_array(c->b);
    for (size_t k = 0; k < keys && (how->many || found == MW_VAL_NULL); k++) {
        mw_val text = mw_val_kind(d, key) == MW_KIND_ARRAY ? mw_val_at(d, key, k) : key;
        mw_atom atom = mw_val_atom(d, text);
        if (mw_val_kind(d, text) != MW_KIND_STRING)
            continue;
        for (size_t i = first_of(x, atom); i < x->count && x->entries[i].atom == atom; i++) {
            found = value_of(c, mw_val_at(d, list, x->entries[i].element), how);
            if (!how->many)
                break;
            mw_doc_add_val(c->b, found);
        }
    }
    if (!how->many)
        return found;
    mw_doc_end_array(c->b);
    return mw_doc_pop(c->b);
}
