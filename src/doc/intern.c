/*
 * What a builder keeps once: strings, large numbers and the key sets of objects, with the hash tables
 * that find them. It relies on mw_hash64() being deterministic, for the same additions must give the
 * same bytes. Emptying a table touches only what was used, so that a builder which once held a large
 * page stays cheap for small ones.
 */
#include "doc/builder.h"

#include "base/mem.h"
#include "base/str.h"

/* ---- Generic table ---- */

static size_t home_of(const table *t, uint32_t hash)
{
    return hash & (t->cap - 1); /* neighbours stay neighbours: copying walks along a document */
}

static uint32_t table_from(const table *t, table_cursor *c)
{
    uint64_t slot;

    while ((slot = t->slots[c->at]) != 0) {
        if ((uint32_t)(slot >> 32) == c->hash)
            return (uint32_t)slot - 1;
        c->at = (c->at + 1) & (t->cap - 1);
    }
    return TABLE_END;
}

uint32_t mw__table_first(const table *t, uint32_t hash, table_cursor *c)
{
    c->hash = hash;
    if (!t->cap)
        return TABLE_END;
    c->at = home_of(t, hash);
    return table_from(t, c);
}

uint32_t mw__table_next(const table *t, table_cursor *c)
{
    c->at = (c->at + 1) & (t->cap - 1);
    return table_from(t, c);
}

static void table_put(table *t, uint64_t slot)
{
    size_t at = home_of(t, (uint32_t)(slot >> 32));

    while (t->slots[at])
        at = (at + 1) & (t->cap - 1);
    t->slots[at] = slot;
}

static bool table_grow(mw_doc_builder *b, table *t)
{
    table wide = *t;
    size_t i;

    wide.cap = t->cap ? t->cap * 2 : 64;
    wide.slots = mw_alloc(wide.cap * sizeof *wide.slots);
    if (!wide.slots)
        return mw__builder_fail(b, MW_ERR_NOMEM, "out of memory") == MW_OK;
    for (i = 0; i < t->cap; i++)
        if (t->slots[i])
            table_put(&wide, t->slots[i]);
    mw_free(t->slots);
    *t = wide;
    return true;
}

bool mw__table_add(mw_doc_builder *b, table *t, uint32_t hash, uint32_t number)
{
    if ((t->len + 1) * 3 > t->cap * 2 && !table_grow(b, t))
        return false;
    if (!mw__builder_grow(b, (void **)&t->used, &t->used_cap, t->len + 1, sizeof *t->used))
        return false;
    t->used[t->len++] = hash;
    table_put(t, (uint64_t)hash << 32 | (number + 1));
    return true;
}

/*
 * Clearing the run that starts at each entry's home clears every entry: whichever sweep first enters
 * the stretch between an entry's home and its slot goes on to the run's end, over that slot.
 */
void mw__table_empty(table *t)
{
    size_t i, at;

    if (t->len > t->cap / 8) {
        memset(t->slots, 0, t->cap * sizeof *t->slots);
    } else {
        for (i = 0; i < t->len; i++)
            for (at = home_of(t, t->used[i]); t->slots[at]; at = (at + 1) & (t->cap - 1))
                t->slots[at] = 0;
    }
    t->len = 0;
}

void mw__table_free(table *t)
{
    mw_free(t->slots);
    mw_free(t->used);
    memset(t, 0, sizeof *t);
}

/* ---- Strings ---- */

static void slot_put(uint32_t *slots, uint32_t n_slots, uint32_t hash, mw_atom atom)
{
    uint32_t at = mw__slot_home(hash, n_slots);

    while (slots[at])
        at = at + 1 == n_slots ? 0 : at + 1;
    slots[at] = mw__slot_make(hash, atom);
}

void mw__slots_empty(mw_doc_builder *b)
{
    uint32_t n = b->view.n_slots, i, at;

    if (b->view.n_atoms > n / 8) {
        memset(b->slots, 0, n * sizeof *b->slots);
        return;
    }
    for (i = 0; i < b->view.n_atoms; i++) /* as in mw__table_empty() */
        for (at = mw__slot_home(b->hashes[i], n); b->slots[at]; at = at + 1 == n ? 0 : at + 1)
            b->slots[at] = 0;
}

static bool slots_grow(mw_doc_builder *b)
{
    size_t wide = b->view.n_slots ? (size_t)b->view.n_slots * 2 : 128;
    uint32_t *slots, i;

    if (wide > PAYLOAD_MAX)
        wide = (size_t)PAYLOAD_MAX * 2; /* atoms end before the slots do */
    slots = mw_alloc(wide * sizeof *slots);
    if (!slots)
        return mw__builder_fail(b, MW_ERR_NOMEM, "out of memory") == MW_OK;
    for (i = 0; i < b->view.n_atoms; i++)
        slot_put(slots, (uint32_t)wide, b->hashes[i], i);
    mw_free(b->slots);
    b->slots = slots;
    b->view.slots = slots;
    b->view.n_slots = (uint32_t)wide;
    return true;
}

static mw_atom atom_add(mw_doc_builder *b, const char *s, size_t len, uint32_t hash, uint32_t at)
{
    mw_doc *v = &b->view;
    mw_atom atom = v->n_atoms;
    /* a part of a string that lies here already moves when the text grows */
    bool own = b->text && s >= b->text && s < b->text + v->n_text;
    size_t from = own ? (size_t)(s - b->text) : 0;

    if (len >= UINT32_MAX - v->n_text || atom >= PAYLOAD_MAX - 1) {
        mw__builder_fail(b, MW_ERR_LIMIT, "a document holds at most 4 GiB of text");
        return MW_ATOM_NONE;
    }
    /* text with its NUL, offset, and one and a half slots */
    if (!mw__builder_charge(b, len + 1 + 4 + 6) ||
        !mw__builder_grow(b, (void **)&b->text, &b->cap_text, (size_t)v->n_text + len + 1, 1) ||
        !mw__builder_grow(b, (void **)&b->offsets, &b->cap_offsets, (size_t)atom + 2, 4) ||
        !mw__builder_grow(b, (void **)&b->hashes, &b->cap_hashes, (size_t)atom + 1, 4))
        return MW_ATOM_NONE;
    if (len)
        memcpy(b->text + v->n_text, own ? b->text + from : s, len);
    b->text[v->n_text + len] = '\0';
    b->offsets[atom] = v->n_text;
    v->n_text += (uint32_t)len + 1;
    b->offsets[atom + 1] = v->n_text;
    b->hashes[atom] = hash;
    b->slots[at] = mw__slot_make(hash, atom);
    v->n_atoms = atom + 1;
    v->text = b->text;
    v->offsets = b->offsets;
    return atom;
}

mw_atom mw__builder_atom(mw_doc_builder *b, const char *s, size_t len)
{
    uint32_t hash, at;

    if (b->status != MW_OK)
        return MW_ATOM_NONE;
    if (((size_t)b->view.n_atoms + 1) * 3 > (size_t)b->view.n_slots * 2 && !slots_grow(b))
        return MW_ATOM_NONE;
    hash = mw__doc_hash(s, len);
    at = mw__atom_slot(&b->view, s, len, hash);
    if (b->slots[at])
        return mw__slot_atom(b->slots[at]);
    if (!mw_utf8_valid(s, len)) { /* what is interned already is valid, so only new text is looked at */
        mw_buf fixed = {.max = b->max_bytes};
        mw_atom atom = MW_ATOM_NONE;

        if (mw_utf8_repair(&fixed, s, len) == MW_OK)
            atom = mw__builder_atom(b, fixed.data ? fixed.data : "", fixed.len);
        else
            mw__builder_fail(b, fixed.failed, "a string could not be repaired to UTF-8");
        mw_buf_clear(&fixed);
        return atom;
    }
    return atom_add(b, s, len, hash, at);
}

/* ---- Numbers ---- */

mw_val mw__builder_number(mw_doc_builder *b, unsigned tag, uint64_t bits)
{
    uint32_t hash = (uint32_t)((bits * 0x9E3779B97F4A7C15u) >> 32), i;
    table_cursor c;

    if (b->status != MW_OK)
        return V_ABSENT;
    for (i = mw__table_first(&b->number_table, hash, &c); i != TABLE_END; i = mw__table_next(&b->number_table, &c))
        if (b->pool[i] == bits)
            return VAL(tag, i);
    i = b->view.n_pool;
    if (i >= PAYLOAD_MAX) {
        mw__builder_fail(b, MW_ERR_LIMIT, "too many different numbers in one document");
        return V_ABSENT;
    }
    if (!mw__builder_charge(b, 8) || !mw__builder_grow(b, (void **)&b->pool, &b->cap_pool, (size_t)i + 1, 8))
        return V_ABSENT;
    b->view.pool = b->pool;
    if (!mw__table_add(b, &b->number_table, hash, i))
        return V_ABSENT;
    b->pool[i] = bits;
    b->view.n_pool = i + 1;
    return VAL(tag, i);
}

/* ---- Shapes ---- */

static uint32_t words_hash(const uint32_t *words, size_t n)
{
    uint64_t h = 0x243F6A8885A308D3u ^ n; /* digits of pi */
    size_t i;

    for (i = 0; i < n; i++)
        h = (h ^ words[i]) * 0x9E3779B97F4A7C15u, h ^= h >> 29;
    return (uint32_t)(h >> 32);
}

static int by_key_bytes(void *ctx, uint32_t a, uint32_t b)
{
    const mw_doc_builder *builder = ctx;

    return mw__atom_compare(&builder->view, a, b);
}

static int by_number(void *ctx, uint32_t a, uint32_t b)
{
    (void)ctx;
    return (a > b) - (a < b);
}

/* Position of @p key in the @p n keys sorted by bytes; it is there. */
static uint32_t position_of(const mw_doc_builder *b, const uint32_t *sorted, size_t n, mw_atom key)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = sorted[mid] == key ? 0 : mw__atom_compare(&b->view, sorted[mid], key);

        if (order == 0)
            return (uint32_t)mid;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return POSITION_DROPPED;
}

/* The shape of @p n different keys sorted by bytes. @p scratch has room for 2n words. */
static bool shape_intern(mw_doc_builder *b, const uint32_t *sorted, size_t n, uint32_t *scratch, uint32_t *shape)
{
    uint32_t hash = words_hash(sorted, n), at, *record;
    size_t words = mw__shape_words(n), i;
    table_cursor c;

    for (at = mw__table_first(&b->shape_table, hash, &c); at != TABLE_END; at = mw__table_next(&b->shape_table, &c)) {
        if (b->shapes[at] == n && memcmp(b->shapes + at + 1, sorted, n * 4) == 0) {
            *shape = at;
            return true;
        }
    }
    at = b->view.n_shapes;
    if (words > PAYLOAD_MAX - at)
        return mw__builder_fail(b, MW_ERR_LIMIT, "too many different sets of keys") == MW_OK;
    if (!mw__builder_charge(b, words * 4) || !mw__builder_grow(b, (void **)&b->shapes, &b->cap_shapes, at + words, 4))
        return false;
    b->view.shapes = b->shapes;
    if (!mw__table_add(b, &b->shape_table, hash, at))
        return false;
    record = b->shapes + at;
    record[0] = (uint32_t)n;
    memcpy(record + 1, sorted, n * 4);
    if (n > SHAPE_SCAN_MAX) {
        memcpy(record + 1 + n, sorted, n * 4);
        mw__sort(record + 1 + n, scratch, n, by_number, NULL);
        for (i = 0; i < n; i++)
            record[1 + 2 * n + i] = position_of(b, sorted, n, record[1 + n + i]);
    }
    b->view.n_shapes += (uint32_t)words;
    *shape = at;
    return true;
}

/* Is the order at @p at this one? */
static bool order_is(const mw_doc_builder *b, uint32_t at, const uint32_t *keys, size_t n)
{
    return b->orders[at] == n && memcmp(b->orders + at + 3, keys, n * 4) == 0;
}

static bool order_intern(mw_doc_builder *b, const uint32_t *keys, size_t n, size_t *order)
{
    uint32_t hash = words_hash(keys, n), at, *sorted, *record, shape = 0;
    size_t i, distinct;
    table_cursor c;

    for (at = mw__table_first(&b->order_table, hash, &c); at != TABLE_END; at = mw__table_next(&b->order_table, &c)) {
        if (order_is(b, at, keys, n)) {
            *order = at;
            return true;
        }
    }
    if (b->n_orders + 3 + 2 * n >= UINT32_MAX)
        return mw__builder_fail(b, MW_ERR_LIMIT, "too many different orders of keys") == MW_OK;
    if (!mw__builder_grow(b, (void **)&b->scratch, &b->cap_scratch, 3 * n + 1, 4) ||
        !mw__builder_grow(b, (void **)&b->orders, &b->cap_orders, b->n_orders + 3 + 2 * n, 4))
        return false;
    sorted = b->scratch;
    memcpy(sorted, keys, n * 4);
    mw__sort(sorted, sorted + n, n, by_key_bytes, b);
    for (i = 0, distinct = 0; i < n; i++)
        if (!distinct || sorted[distinct - 1] != sorted[i])
            sorted[distinct++] = sorted[i];
    if (!shape_intern(b, sorted, distinct, sorted + n, &shape))
        return false;
    at = (uint32_t)b->n_orders;
    if (!mw__table_add(b, &b->order_table, hash, at))
        return false;
    record = b->orders + at;
    record[0] = (uint32_t)n;
    record[1] = shape;
    record[2] = distinct == n ? ORDER_SORTED : ORDER_REPEATED;
    memcpy(record + 3, keys, n * 4);
    for (i = 0; i < n; i++) {
        record[3 + n + i] = position_of(b, sorted, distinct, keys[i]);
        if (record[3 + n + i] != i && record[2] == ORDER_SORTED)
            record[2] = ORDER_SHUFFLED;
    }
    if (distinct != n) { /* the last of equal keys wins; mark the others, from the back */
        uint32_t *seen = sorted + n;

        memset(seen, 0, distinct * 4);
        for (i = n; i-- > 0;) {
            uint32_t *position = record + 3 + n + i;

            if (seen[*position]++)
                *position = POSITION_DROPPED;
        }
    }
    b->n_orders += 3 + 2 * n;
    *order = at;
    return true;
}

bool mw__builder_order(mw_doc_builder *b, const uint32_t *keys, size_t n, size_t *order)
{
    /* items come one like the other: most orders were met a moment ago */
    uint32_t *recent = &b->recent[(n ? (keys[0] + keys[n / 2] * 5 + keys[n - 1] * 3 + n * 7) : 0) % RECENT_ORDERS];

    if (*recent && order_is(b, *recent - 1, keys, n)) {
        *order = *recent - 1;
        return true;
    }
    if (!order_intern(b, keys, n, order))
        return false;
    *recent = (uint32_t)*order + 1;
    return true;
}
void mw__sort(uint32_t *items, uint32_t *scratch, size_t n, mw__compare compare, void *ctx)
{
    size_t width, from, i, j, k;

    for (i = 1; i < n; i++) /* most key sets come sorted, or nearly */
        if (compare(ctx, items[i - 1], items[i]) > 0)
            break;
    if (i >= n)
        return;
    for (width = 1; width < n; width *= 2) {
        for (from = 0; from < n; from += 2 * width) {
            size_t mid = from + width < n ? from + width : n;
            size_t end = from + 2 * width < n ? from + 2 * width : n;

            for (i = from, j = mid, k = from; k < end; k++) {
                if (i < mid && (j >= end || compare(ctx, items[i], items[j]) <= 0))
                    scratch[k] = items[i++];
                else
                    scratch[k] = items[j++];
            }
        }
        memcpy(items, scratch, n * sizeof *items);
    }
}
