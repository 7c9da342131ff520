/*
 * ctx.inventory:refs(resource, type): which resources of a type name this one, by its id or ARN, in any text of
 * their documents. The first question about a pair of types walks the documents once and keeps an
 * index; the others are a lookup. Facets that the rule did not ask for are passed over; a part that is
 * unknown might name the resource, so it raises.
 */
#include "lua/internal.h"

#include <stdlib.h>
#include <string.h>

#define INDEXES   16
#define NO_FACET  UINT16_MAX
#define DEPTH_MAX 64
#define PAIRS_MAX ((size_t)1 << 26)

/* Slot 0 stands for "unknown": resources that cannot be judged. */
typedef struct pair {
    uint32_t slot, resource;
    uint16_t facet; /* of the type that it was found in, or NO_FACET */
    mw_val unknown; /* in pairs of slot 0 */
} pair;

typedef struct ref_index {
    mw_val targets, sources; /* arrays of resources; ABSENT: free */
    mw_atom *slots;          /* hash table of the sources' ids and ARNs; MW_ATOM_NONE: free */
    uint32_t mask;
    pair *pairs; /* by slot, then resource */
    size_t count, cap;
    bool failed;
} ref_index;

struct mw_refs {
    ref_index at[INDEXES];
};

static void drop(ref_index *x)
{
    mw_free(x->slots);
    mw_free(x->pairs);
    *x = (ref_index){.targets = MW_VAL_ABSENT, .sources = MW_VAL_ABSENT};
}

void mw__refs_free(mw_refs *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < INDEXES; i++)
        drop(&r->at[i]);
    mw_free(r);
}

/* ---- the table of names ---- */

static uint32_t slot_of(const ref_index *x, mw_atom atom)
{
    uint32_t i = (uint32_t)((atom * (uint64_t)0x9E3779B97F4A7C15u) >> 32) & x->mask; /* Fibonacci hashing */

    while (x->slots[i] != MW_ATOM_NONE && x->slots[i] != atom)
        i = (i + 1) & x->mask;
    return i;
}

static bool name_sources(const mw_vm *vm, ref_index *x)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    size_t n = mw_val_len(d, x->sources), size = 16;

    while (size < n * 4)
        size *= 2;
    x->slots = size <= UINT32_MAX / 2 ? mw_alloc(size * sizeof(*x->slots)) : NULL;
    if (!x->slots)
        return false;
    memset(x->slots, 0xFF, size * sizeof(*x->slots)); /* MW_ATOM_NONE */
    x->mask = (uint32_t)size - 1;
    for (size_t i = 0; i < n; i++) {
        mw_val r = mw_val_at(d, x->sources, i);
        mw_atom names[2] = {mw_val_atom(d, mw_val_get_atom(d, r, vm->snap->id)),
                            mw_val_atom(d, mw_val_get_atom(d, r, vm->snap->arn))};
        for (int k = 0; k < 2; k++)
            if (names[k] != MW_ATOM_NONE)
                x->slots[slot_of(x, names[k])] = names[k];
    }
    return true;
}

/* ---- the walk ---- */

struct walk {
    const mw_doc *d;
    ref_index *x;
    uint32_t resource;
    uint16_t facet;
};

static void add(struct walk *w, uint32_t slot, mw_val unknown)
{
    ref_index *x = w->x;

    if (x->count == x->cap) {
        size_t cap = x->cap ? x->cap * 2 : 256;
        pair *more = cap <= PAIRS_MAX ? mw_realloc(x->pairs, cap * sizeof(*more)) : NULL;
        if (!more) {
            x->failed = true;
            return;
        }
        x->pairs = more;
        x->cap = cap;
    }
    x->pairs[x->count++] = (pair){.slot = slot, .resource = w->resource, .facet = w->facet, .unknown = unknown};
}

static void visit(struct walk *w, mw_val v, int depth)
{
    const mw_doc *d = w->d;
    mw_kind kind = mw_val_kind(d, v);
    size_t n;

    w->x->failed = w->x->failed || depth > DEPTH_MAX; /* what is passed over might name the resource */
    if (w->x->failed)
        return;
    if (kind == MW_KIND_STRING) {
        uint32_t slot = slot_of(w->x, mw_val_atom(d, v));
        if (w->x->slots[slot] != MW_ATOM_NONE)
            add(w, slot + 1, MW_VAL_ABSENT);
    } else if (kind == MW_KIND_UNKNOWN) {
        add(w, 0, v);
    } else if (kind == MW_KIND_ARRAY || kind == MW_KIND_OBJECT) {
        n = mw_val_len(d, v);
        for (size_t i = 0; i < n; i++)
            visit(w, kind == MW_KIND_ARRAY ? mw_val_at(d, v, i) : mw_val_member(d, v, i, NULL), depth + 1);
    }
}

static uint16_t facet_number(const mw_doc *d, mw_val facets, mw_val key)
{
    size_t n = mw_val_len(d, facets);

    for (size_t i = 0; i < n && i < NO_FACET; i++)
        if (mw_val_atom(d, mw_val_at(d, facets, i)) == mw_val_atom(d, key))
            return (uint16_t)i;
    return NO_FACET;
}

static int by_slot(const void *a, const void *b)
{
    const pair *p = a, *q = b;

    if (p->slot != q->slot)
        return p->slot < q->slot ? -1 : 1;
    return p->resource < q->resource ? -1 : p->resource > q->resource;
}

static bool fill(const mw_vm *vm, const char *type, ref_index *x)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_val facets = mw_snap_type_facets(vm->snap, type);
    struct walk w = {.d = d, .x = x};
    size_t n = mw_val_len(d, x->targets);

    if (n >= UINT32_MAX || !name_sources(vm, x))
        return false;
    for (size_t i = 0; i < n && !x->failed; i++) {
        mw_val r = mw_val_at(d, x->targets, i), item = mw_val_get_atom(d, r, vm->snap->item), key;
        w.resource = (uint32_t)i;
        w.facet = NO_FACET;
        visit(&w, mw_val_get_atom(d, r, vm->snap->rest), 0);
        for (size_t m = 0; m < mw_val_len(d, item); m++) {
            mw_val v = mw_val_member(d, item, m, &key);
            w.facet = facet_number(d, facets, key);
            visit(&w, v, 0);
        }
    }
    if (x->failed)
        return false;
    if (x->count)
        qsort(x->pairs, x->count, sizeof(*x->pairs), by_slot);
    return true;
}

MW_LJMP static const ref_index *index_of(lua_State *L, const char *type, mw_val targets, mw_val sources)
{
    mw_vm *vm = mw__vm(L);
    ref_index *x;
    bool made;

    if (!vm->refs) {
        vm->refs = mw_alloc(sizeof(*vm->refs));
        if (!vm->refs)
            luaL_error(L, "refs: out of memory");
        for (size_t i = 0; i < INDEXES; i++)
            drop(&vm->refs->at[i]);
    }
    x = &vm->refs->at[(targets ^ (targets >> 5) ^ sources * 3u ^ (sources >> 7)) % INDEXES];
    if (x->slots && x->targets == targets && x->sources == sources)
        return x;
    drop(x);
    x->targets = targets;
    x->sources = sources;
    /* Whoever asks first does not pay for all: its deadline would then depend on the order of evaluation. */
    vm->running = 0;
    made = fill(vm, type, x);
    vm->ticks = 0;
    vm->running = 1;
    if (!made) {
        drop(x);
        luaL_error(L, "refs: the resources of %s hold too many references, or nest too deeply", type);
    }
    return x;
}

/* ---- the question ---- */

static const pair *first_of(const ref_index *x, uint32_t slot)
{
    size_t low = 0, high = x->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (x->pairs[middle].slot < slot)
            low = middle + 1;
        else
            high = middle;
    }
    return x->pairs + low;
}

/* May the rule read what this was found in? */
static bool readable(const mw_vm *vm, const char *type, const pair *p)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    const char *name;
    size_t len;

    if (p->facet == NO_FACET || vm->audit)
        return true;
    name = mw_val_str(d, mw_val_at(d, mw_snap_type_facets(vm->snap, type), p->facet), &len);
    return name && mw__declared(vm->subject->rule, type, name, len);
}

/* Marks of the resources from @p from to @p to that name the atom. */
static void mark(const mw_vm *vm, const ref_index *x, const char *type, mw_atom atom, size_t from, size_t to,
                 unsigned char *marks)
{
    uint32_t slot = atom == MW_ATOM_NONE ? 0 : slot_of(x, atom);

    if (atom == MW_ATOM_NONE || x->slots[slot] == MW_ATOM_NONE)
        return;
    for (const pair *p = first_of(x, slot + 1); p < x->pairs + x->count && p->slot == slot + 1; p++)
        if (p->resource >= from && p->resource < to && readable(vm, type, p))
            marks[p->resource - from] = 1;
}

/* What was not collected of those that are not marked may name the resource. */
MW_LJMP static void check_collected(lua_State *L, mw_val resource, mw_val targets, size_t from, size_t to,
                                    const unsigned char *marks)
{
    const mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];

    for (size_t i = from; vm->snap->partial && i < to; i++) {
        mw_val target = mw_val_at(d, targets, i), missing;
        if (marks[i - from] || target == resource)
            continue;
        if ((missing = mw__missing_declared(vm, target)) != MW_VAL_ABSENT)
            mw__raise_unknown(L, missing, "a part of what may refer to the resource");
        return; /* they are of one type: what this one has, all have */
    }
}

MW_LJMP void mw__push_refs(lua_State *L, mw_val resource, const char *type, size_t from, size_t to)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    const char *own = mw_val_str(d, mw_val_get_atom(d, resource, vm->snap->type), NULL);
    mw_val targets = mw_snap_resources(vm->snap, vm->subject->world, type);
    mw_val sources = mw_snap_resources(vm->snap, vm->subject->world, own ? own : "");
    const ref_index *x = index_of(L, type, targets, sources);
    unsigned char *marks = lua_newuserdatauv(L, to - from + 1, 0);
    size_t kept = 0;
    mw_proxy *list;

    memset(marks, 0, to - from + 1);
    mark(vm, x, type, mw_val_atom(d, mw_val_get_atom(d, resource, vm->snap->id)), from, to, marks);
    mark(vm, x, type, mw_val_atom(d, mw_val_get_atom(d, resource, vm->snap->arn)), from, to, marks);
    for (const pair *p = x->pairs; p < x->pairs + x->count && p->slot == 0; p++)
        if (p->resource >= from && p->resource < to && !marks[p->resource - from] && readable(vm, type, p) &&
            mw_val_at(d, targets, p->resource) != resource)
            mw__raise_unknown(L, p->unknown, "a part of what may refer to the resource");
    check_collected(L, resource, targets, from, to, marks);
    for (size_t i = from; i < to; i++) {
        if (mw_val_at(d, targets, i) == resource)
            marks[i - from] = 0;
        kept += marks[i - from];
    }
    list = mw__push_list(L, kept);
    for (size_t i = from, k = 0; i < to; i++)
        if (marks[i - from])
            mw__proxy_items(list)[k++] = mw_val_at(d, targets, i);
}
