/*
 * Building a document: a stack of finished values, a stack of keys, and the words, strings and shapes
 * that they refer to. Containers are laid out when they end, children first, so every link points
 * backwards and the result needs no fix-up. The first failure sticks; after it nothing is added. All
 * memory grows by doubling below the document's ceiling, and a reset keeps it.
 */
#include "doc/builder.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>

#define MAX_BYTES_DEFAULT ((size_t)1 << 30)

mw_status mw__builder_fail(mw_doc_builder *b, mw_status status, const char *message)
{
    if (b->status == MW_OK) {
        b->status = status;
        snprintf(b->message, sizeof b->message, "%s", message);
    }
    return b->status;
}

void mw_doc_builder_fail(mw_doc_builder *b, mw_status status, const char *message)
{
    mw__builder_fail(b, status, message);
}

mw_status mw_doc_builder_status(const mw_doc_builder *b, mw_error *err)
{
    return b->status == MW_OK ? MW_OK : mw_fail(err, b->status, "%s", b->message);
}

bool mw__builder_over_limit(mw_doc_builder *b)
{
    char message[96];

    snprintf(message, sizeof message, "a document reached its ceiling of %zu bytes", b->max_bytes);
    mw__builder_fail(b, MW_ERR_LIMIT, message);
    return false;
}

/* mw_realloc() that leaves nothing of @p old behind. */
static void *move_secret(void *old, size_t had, size_t size)
{
    void *moved = mw_realloc(NULL, size);

    if (!moved || !old)
        return moved;
    memcpy(moved, old, had);
    explicit_bzero(old, had);
    mw_free(old);
    return moved;
}

bool mw__builder_widen(mw_doc_builder *b, void **array, size_t *cap, size_t need, size_t element)
{
    size_t wide = *cap ? *cap : 64, size;
    void *grown;

    while (wide < need)
        wide += wide / 2 + 1;
    if (!mw_mul_size(wide, element, &size) ||
        !(grown = b->secret ? move_secret(*array, *cap * element, size) : mw_realloc(*array, size)))
        return mw__builder_fail(b, MW_ERR_NOMEM, "out of memory") == MW_OK;
    *array = grown;
    *cap = wide;
    return true;
}

/* ---- Life ---- */

mw_status mw_doc_builder_new(const mw_doc_options *options, mw_doc_builder **out, mw_error *err)
{
    mw_doc_builder *b = mw_alloc(sizeof *b);

    *out = NULL;
    if (!b)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    b->max_bytes = options && options->max_bytes ? options->max_bytes : MAX_BYTES_DEFAULT;
    b->share = options && options->share;
    b->secret = options && options->secret;
    mw_doc_builder_reset(b);
    *out = b;
    return MW_OK;
}

void mw_doc_builder_free(mw_doc_builder *b)
{
    if (!b)
        return;
    mw_free(b->pool);
    mw_free(b->words);
    mw_free(b->offsets);
    mw_free(b->slots);
    mw_free(b->shapes);
    if (b->secret && b->text)
        explicit_bzero(b->text, b->cap_text);
    mw_free(b->text);
    mw_free(b->hashes);
    mw_free(b->values);
    mw_free(b->keys);
    mw_free(b->frames);
    mw_free(b->orders);
    mw_free(b->scratch);
    mw_free(b->copied_atoms.to);
    mw_free(b->copied_shapes.to);
    mw_free(b->copy_from);
    mw_free(b->copy_values);
    mw_buf_clear(&b->repair);
    mw__table_free(&b->order_table);
    mw__table_free(&b->shape_table);
    mw__table_free(&b->number_table);
    mw__table_free(&b->block_table);
    mw__table_free(&b->copied);
    mw_free(b);
}

void mw_doc_builder_reset(mw_doc_builder *b)
{
    mw__slots_empty(b);
    mw__table_empty(&b->order_table);
    mw__table_empty(&b->shape_table);
    mw__table_empty(&b->number_table);
    mw__table_empty(&b->block_table);
    mw__table_empty(&b->copied);
    b->view.n_pool = b->view.n_words = b->view.n_atoms = b->view.n_shapes = b->view.n_text = 0;
    b->view.root = V_NULL;
    b->view.serial = mw__doc_serial();
    b->copy_source = 0;
    b->n_values = b->n_keys = b->n_frames = b->n_orders = b->n_copied = 0;
    memset(b->recent, 0, sizeof b->recent);
    b->has_unknown = false;
    mw_buf_reset(&b->repair);
    b->repair.max = b->max_bytes;
    b->status = MW_OK;
    b->message[0] = '\0';
    b->bytes = sizeof(doc_header) + 16; /* header, the first offset, the spare slot, padding */
    if (b->bytes > b->max_bytes)
        mw__builder_over_limit(b);
}

const mw_doc *mw_doc_view(const mw_doc_builder *b)
{
    return &b->view;
}

/* ---- Values ---- */

static bool widen_values(mw_doc_builder *b)
{
    /* open containers are part of what the ceiling limits */
    if (b->n_values >= b->max_bytes / 4)
        return mw__builder_over_limit(b);
    return mw__builder_widen(b, (void **)&b->values, &b->cap_values, b->n_values + 1, 4);
}

static inline void push(mw_doc_builder *b, mw_val v)
{
    if (b->status == MW_OK && (b->n_values < b->cap_values || widen_values(b)))
        b->values[b->n_values++] = v;
}

void mw_doc_add_null(mw_doc_builder *b)
{
    push(b, V_NULL);
}

void mw_doc_add_bool(mw_doc_builder *b, bool value)
{
    push(b, value ? V_TRUE : V_FALSE);
}

void mw_doc_add_int(mw_doc_builder *b, int64_t value)
{
    if (value >= SMALL_INT_MIN && value <= SMALL_INT_MAX)
        push(b, VAL(TAG_INT, (uint32_t)value));
    else
        push(b, mw__builder_number(b, TAG_BIG, (uint64_t)value));
}

void mw_doc_add_real(mw_doc_builder *b, double value)
{
    uint64_t bits = 0x7FF8000000000000u; /* one NaN for all, so that equal input gives equal bytes */

    if (!isnan(value))
        memcpy(&bits, &value, sizeof bits);
    push(b, mw__builder_number(b, TAG_REAL, bits));
}

mw_val mw_doc_str(mw_doc_builder *b, const char *s, size_t len)
{
    mw_atom atom = mw__builder_atom(b, s, len);

    return atom == MW_ATOM_NONE ? V_ABSENT : VAL(TAG_STR, atom);
}

void mw_doc_add_str(mw_doc_builder *b, const char *s, size_t len)
{
    push(b, mw_doc_str(b, s, len));
}

void mw_doc_add_cstr(mw_doc_builder *b, const char *s)
{
    mw_doc_add_str(b, s, strlen(s));
}

void mw_doc_add_val(mw_doc_builder *b, mw_val v)
{
    if (v == V_ABSENT)
        mw__builder_fail(b, MW_ERR_INVALID, "an absent value cannot be added to a document");
    push(b, v);
}

/* ---- Containers ---- */

/* Append a block, or find an equal one when sharing; pushes its value. */
static void add_block(mw_doc_builder *b, unsigned tag, uint32_t head, const uint32_t *values, size_t n)
{
    uint32_t at = b->view.n_words, hash = 0;
    size_t i;

    if (n >= PAYLOAD_MAX - at) {
        mw__builder_fail(b, MW_ERR_LIMIT, "a document holds at most 2 GiB of values");
        return;
    }
    if (b->share) {
        uint64_t h = head * 0x9E3779B97F4A7C15u;
        table_cursor c;
        uint32_t old;

        for (i = 0; i < n; i++)
            h = (h ^ values[i]) * 0x9E3779B97F4A7C15u, h ^= h >> 29;
        hash = (uint32_t)(h >> 32);
        for (old = mw__table_first(&b->block_table, hash, &c); old != TABLE_END;
             old = mw__table_next(&b->block_table, &c)) {
            if (b->words[old] == head && memcmp(b->words + old + 1, values, n * 4) == 0) {
                push(b, VAL(tag, old));
                return;
            }
        }
    }
    if (!mw__builder_charge(b, (n + 1) * 4) || !mw__builder_grow(b, (void **)&b->words, &b->cap_words, at + n + 1, 4))
        return;
    b->view.words = b->words;
    if (b->share && !mw__table_add(b, &b->block_table, hash, at))
        return;
    b->words[at] = head;
    b->has_unknown |= HEAD_HAS_UNKNOWN(head);
    if (n)
        memcpy(b->words + at + 1, values, n * 4);
    b->view.n_words = (uint32_t)(at + n + 1);
    push(b, VAL(tag, at));
}

static bool any_unknown(const mw_doc_builder *b, const uint32_t *values, size_t n)
{
    size_t i;

    for (i = 0; b->has_unknown && i < n; i++)
        if (VAL_TAG(values[i]) >= TAG_ARRAY && mw__has_unknown(&b->view, values[i]))
            return true;
    return false;
}

static void begin(mw_doc_builder *b, bool object)
{
    frame *f;

    if (b->status != MW_OK)
        return;
    if (b->n_frames >= DOC_DEPTH_MAX) {
        mw__builder_fail(b, MW_ERR_LIMIT, "a document is nested deeper than 1024 levels");
        return;
    }
    /* the stacks too, so that even an empty container points into something */
    if (!mw__builder_grow(b, (void **)&b->frames, &b->cap_frames, b->n_frames + 1, sizeof *f) ||
        !mw__builder_grow(b, (void **)&b->values, &b->cap_values, b->n_values + 1, 4) ||
        !mw__builder_grow(b, (void **)&b->keys, &b->cap_keys, b->n_keys + 1, 4))
        return;
    f = &b->frames[b->n_frames++];
    f->values = (uint32_t)b->n_values;
    f->keys = (uint32_t)b->n_keys;
    f->object = object;
    f->exact = 0;
}

void mw_doc_begin_array(mw_doc_builder *b)
{
    begin(b, false);
}

void mw_doc_begin_object(mw_doc_builder *b)
{
    begin(b, true);
}

/* The innermost open container, which must be of the kind given; NULL fails the builder. */
static frame *innermost(mw_doc_builder *b, bool object)
{
    frame *f;

    if (b->status != MW_OK)
        return NULL;
    f = b->n_frames ? &b->frames[b->n_frames - 1] : NULL;
    if (!f || f->object != object) {
        mw__builder_fail(b, MW_ERR_INVALID,
                         object ? "a key or the end of an object outside of an object"
                                : "the end of an array outside of an array");
        return NULL;
    }
    return f;
}

void mw_doc_end_array(mw_doc_builder *b)
{
    frame *f = innermost(b, false);
    size_t n;

    if (!f)
        return;
    n = b->n_values - f->values;
    b->n_values = f->values; /* the elements stay readable above the stack until the next push */
    b->n_frames--;
    add_block(b, TAG_ARRAY, HEAD(BLOCK_ARRAY, any_unknown(b, b->values + b->n_values, n), n), b->values + b->n_values,
              n);
}

static void add_key(mw_doc_builder *b, mw_atom key)
{
    frame *f = innermost(b, true);

    if (!f)
        return;
    if (b->n_values - f->values != b->n_keys - f->keys) {
        mw__builder_fail(b, MW_ERR_INVALID, "each key of an object needs one value");
        return;
    }
    if (mw__builder_grow(b, (void **)&b->keys, &b->cap_keys, b->n_keys + 1, 4))
        b->keys[b->n_keys++] = key;
}

void mw_doc_key(mw_doc_builder *b, const char *key, size_t len)
{
    add_key(b, mw__builder_atom(b, key, len));
}

void mw_doc_ckey(mw_doc_builder *b, const char *key)
{
    mw_doc_key(b, key, strlen(key));
}

void mw_doc_key_val(mw_doc_builder *b, mw_val key)
{
    if (VAL_TAG(key) != TAG_STR || VAL_PAYLOAD(key) >= b->view.n_atoms)
        mw__builder_fail(b, MW_ERR_INVALID, "the key of an object must be a string");
    add_key(b, VAL_PAYLOAD(key));
}

void mw_doc_member_val(mw_doc_builder *b, mw_val key, mw_val value)
{
    mw_doc_key_val(b, key);
    mw_doc_add_val(b, value);
}

void mw_doc_end_object(mw_doc_builder *b)
{
    frame *f = innermost(b, true);
    uint32_t *values, *record;
    size_t n, shape_n, order, i;
    bool unknown;

    if (!f)
        return;
    n = b->n_keys - f->keys;
    if (b->n_values - f->values != n) {
        mw__builder_fail(b, MW_ERR_INVALID, "each key of an object needs one value");
        return;
    }
    if (!mw__builder_order(b, b->keys + f->keys, n, &order))
        return;
    record = b->orders + order;
    shape_n = b->shapes[record[1]];
    values = b->values + f->values;
    if (record[2] != ORDER_SORTED) { /* shuffle into byte order of the keys */
        const uint32_t *position = record + 3 + n;

        if (!mw__builder_grow(b, (void **)&b->scratch, &b->cap_scratch, n, 4))
            return;
        for (i = 0; i < n; i++)
            if (record[2] == ORDER_SHUFFLED || position[i] != POSITION_DROPPED)
                b->scratch[position[i]] = values[i];
        values = b->scratch;
    }
    b->n_keys = f->keys;
    b->n_values = f->values;
    b->n_frames--;
    unknown = any_unknown(b, values, shape_n);
    add_block(b, TAG_OBJECT, HEAD(BLOCK_OBJECT, unknown, record[1]), values, shape_n);
}

void mw_doc_add_unknown(mw_doc_builder *b)
{
    mw_val cause = mw_doc_pop(b);

    if (b->status == MW_OK)
        add_block(b, TAG_UNKNOWN, HEAD(BLOCK_UNKNOWN, true, 1), &cause, 1);
}

static void member_unless_null(mw_doc_builder *b, const char *key, const char *value)
{
    if (value)
        mw_doc_member_str(b, key, value);
}

void mw_doc_add_unknown_cause(mw_doc_builder *b, const char *operation, const char *code, const char *message)
{
    mw_doc_begin_object(b);
    member_unless_null(b, "code", code);
    member_unless_null(b, "message", message);
    member_unless_null(b, "operation", operation);
    mw_doc_end_object(b);
    mw_doc_add_unknown(b);
}

void mw_doc_member_str(mw_doc_builder *b, const char *key, const char *value)
{
    mw_doc_ckey(b, key);
    if (value)
        mw_doc_add_cstr(b, value);
    else
        mw_doc_add_null(b);
}

void mw_doc_member_int(mw_doc_builder *b, const char *key, int64_t value)
{
    mw_doc_ckey(b, key);
    mw_doc_add_int(b, value);
}

void mw_doc_member_bool(mw_doc_builder *b, const char *key, bool value)
{
    mw_doc_ckey(b, key);
    mw_doc_add_bool(b, value);
}

mw_val mw_doc_pop(mw_doc_builder *b)
{
    if (b->status != MW_OK)
        return V_ABSENT;
    if (b->n_values <= (b->n_frames ? b->frames[b->n_frames - 1].values : 0)) {
        mw__builder_fail(b, MW_ERR_INVALID, "no finished value to take from the document");
        return V_ABSENT;
    }
    return b->values[--b->n_values];
}

/* ---- Copying from another document ---- */

/*
 * Strings and key sets of the source become entries of two maps that outlive one call, for pages are
 * copied item by item and items are alike. An entry means something in its epoch only: a new one begins
 * with each other source, and when either side is emptied.
 */

static bool map_get(const mw_doc_builder *b, const copy_map *m, uint32_t from, uint32_t *to)
{
    if (from >= m->cap || (uint32_t)(m->to[from] >> 32) != b->copy_epoch)
        return false;
    *to = (uint32_t)m->to[from];
    return true;
}

static void map_put(mw_doc_builder *b, copy_map *m, uint32_t from, uint32_t to)
{
    size_t had = m->cap;

    if (!mw__builder_grow(b, (void **)&m->to, &m->cap, (size_t)from + 1, sizeof *m->to))
        return;
    memset(m->to + had, 0, (m->cap - had) * sizeof *m->to);
    m->to[from] = (uint64_t)b->copy_epoch << 32 | to;
}

static void next_epoch(mw_doc_builder *b, uint64_t source)
{
    b->copy_source = source;
    if (++b->copy_epoch == 0) { /* went round: what is left of the first epochs must not come back */
        mw_free(b->copied_atoms.to);
        mw_free(b->copied_shapes.to);
        b->copied_atoms = b->copied_shapes = (copy_map){0};
        b->copy_epoch = 1;
    }
}

static mw_atom copy_atom(mw_doc_builder *b, const mw_doc *from, mw_atom atom)
{
    const char *s;
    mw_atom to;
    size_t len;

    if (map_get(b, &b->copied_atoms, atom, &to))
        return to;
    if (!(s = mw_val_str(from, VAL(TAG_STR, atom), &len))) {
        mw__builder_fail(b, MW_ERR_INVALID, "a string that a document refers to is not in it");
        return MW_ATOM_NONE;
    }
    to = mw__builder_atom(b, s, len);
    if (b->status == MW_OK)
        map_put(b, &b->copied_atoms, atom, to);
    return to;
}

/* Keys are in byte order on both sides, so the values keep their places. */
static uint32_t copy_shape(mw_doc_builder *b, const mw_doc *from, uint32_t shape)
{
    const uint32_t *keys = from->shapes + shape + 1;
    size_t n = from->shapes[shape], order, i;
    uint32_t to = 0, *copied;

    if (map_get(b, &b->copied_shapes, shape, &to) ||
        !mw__builder_grow(b, (void **)&b->keys, &b->cap_keys, b->n_keys + n + 1, 4))
        return to;
    copied = b->keys + b->n_keys; /* above the stack: nothing is pushed meanwhile */
    for (i = 0; i < n; i++)
        copied[i] = copy_atom(b, from, keys[i]);
    if (b->status != MW_OK || !mw__builder_order(b, copied, n, &order))
        return 0;
    if (b->orders[order + 2])
        mw__builder_fail(b, MW_ERR_INVALID, "the keys of a document's object are out of order");
    to = b->orders[order + 1];
    map_put(b, &b->copied_shapes, shape, to);
    return to;
}

/* A container that was copied before by this call. */
static bool copy_find(const mw_doc_builder *b, mw_val v, mw_val *copy)
{
    table_cursor c;
    uint32_t i;

    for (i = mw__table_first(&b->copied, VAL_PAYLOAD(v), &c); i != TABLE_END; i = mw__table_next(&b->copied, &c)) {
        if (b->copy_from[i] == v) {
            *copy = b->copy_values[i];
            return true;
        }
    }
    return false;
}

static void copy_remember(mw_doc_builder *b, mw_val v, mw_val copy)
{
    size_t i = b->n_copied;

    if (b->status != MW_OK || !mw__builder_grow(b, (void **)&b->copy_from, &b->cap_copy_from, i + 1, 4) ||
        !mw__builder_grow(b, (void **)&b->copy_values, &b->cap_copy_values, i + 1, 4) ||
        !mw__table_add(b, &b->copied, VAL_PAYLOAD(v), (uint32_t)i))
        return;
    b->copy_from[i] = v;
    b->copy_values[i] = copy;
    b->n_copied = i + 1;
}

static void copy(mw_doc_builder *b, const mw_doc *from, mw_val v)
{
    const uint32_t *block;
    uint32_t head;
    size_t i, n;
    mw_val known;

    if (b->status != MW_OK)
        return;
    switch (VAL_TAG(v)) {
    case TAG_CONST: mw_doc_add_val(b, v); return;
    case TAG_INT: push(b, v); return;
    case TAG_BIG: mw_doc_add_int(b, mw_val_int(from, v)); return;
    case TAG_REAL: mw_doc_add_real(b, mw_val_real(from, v)); return;
    case TAG_STR: push(b, VAL(TAG_STR, copy_atom(b, from, VAL_PAYLOAD(v)))); return;
    default: break;
    }
    if (!(block = mw__block(from, v))) {
        mw__builder_fail(b, MW_ERR_INVALID, "a value that a document refers to is not in it");
        return;
    }
    if (copy_find(b, v, &known)) {
        push(b, known);
        return;
    }
    head = *block;
    n = VAL_TAG(v) == TAG_UNKNOWN ? 1 : mw_val_len(from, v);
    if (VAL_TAG(v) == TAG_OBJECT)
        head = HEAD(BLOCK_OBJECT, HEAD_HAS_UNKNOWN(head), copy_shape(b, from, HEAD_ARG(head)));
    mw_doc_begin_array(b); /* of any container, and of an unknown: it counts the depth */
    for (i = 0; i < n && b->status == MW_OK; i++)
        copy(b, from, block[1 + i]);
    if (b->status != MW_OK)
        return;
    b->n_values -= n;
    b->n_frames--;
    add_block(b, VAL_TAG(v), head, b->values + b->n_values, n);
    if (b->status == MW_OK)
        copy_remember(b, v, b->values[b->n_values - 1]);
}

void mw_doc_add_copy(mw_doc_builder *b, const mw_doc *from, mw_val v)
{
    if (from == &b->view) {
        mw_doc_add_val(b, v);
        return;
    }
    if (b->copy_source != from->serial)
        next_epoch(b, from->serial);
    copy(b, from, v);
    mw__table_empty(&b->copied);
    b->n_copied = 0;
}
