/*
 * Strings of a pack, each stored once and, where one is the end of another, inside it
 * ("Name" in "BucketName"). The same strings in any order of additions give each the same text, and
 * the same additions give the same bytes.
 */
#include "model/compiler.h"

#include "base/hash.h"

#include <string.h>

bool mw__grow(void *array, size_t *capacity, size_t count, size_t entry_size)
{
    size_t wanted = *capacity ? *capacity * 2 : 64, bytes;
    void *old, *grown;

    if (count < *capacity)
        return true;
    if (!mw_mul_size(wanted, entry_size, &bytes))
        return false;
    memcpy(&old, array, sizeof(old));
    grown = mw_realloc(old, bytes);
    if (!grown)
        return false;
    memset((char *)grown + count * entry_size, 0, bytes - count * entry_size);
    memcpy(array, &grown, sizeof(grown));
    *capacity = wanted;
    return true;
}

static bool rehash(mw_strtab *t)
{
    size_t wanted = t->slot_count ? t->slot_count * 2 : 1024;
    uint32_t *slots = mw_alloc(wanted * sizeof(*slots));

    if (!slots)
        return false;
    for (size_t i = 1; i < t->count; i++) {
        size_t at = mw_hash64(t->entries[i].text, t->entries[i].len) & (wanted - 1);

        while (slots[at])
            at = (at + 1) & (wanted - 1);
        slots[at] = (uint32_t)i;
    }
    mw_free(t->slots);
    t->slots = slots;
    t->slot_count = wanted;
    return true;
}

uint32_t mw__strtab_add(mw_strtab *t, const char *text, size_t len)
{
    mw_strtab_entry *e;
    size_t at;

    if (t->count == 0)
        t->count = 1;
    if (t->count * 2 >= t->slot_count && !rehash(t))
        return 0;
    at = mw_hash64(text, len) & (t->slot_count - 1);
    for (; t->slots[at]; at = (at + 1) & (t->slot_count - 1)) {
        e = t->entries + t->slots[at];
        if (e->len == len && memcmp(e->text, text, len) == 0)
            return t->slots[at];
    }
    if (len > UINT32_MAX || t->count >= UINT32_MAX || !mw__grow(&t->entries, &t->capacity, t->count, sizeof(*e)))
        return 0;
    e = t->entries + t->count;
    e->text = mw_arena_strndup(&t->arena, text, len);
    e->len = (uint32_t)len;
    if (!e->text)
        return 0;
    t->slots[at] = (uint32_t)t->count;
    return (uint32_t)t->count++;
}

/* Order of the reversed texts, longer ones first where one ends the other. */
static int by_ending(const void *a, const void *b, void *context)
{
    const mw_strtab_entry *entries = context;
    const mw_strtab_entry *x = entries + *(const uint32_t *)a, *y = entries + *(const uint32_t *)b;
    uint32_t n = x->len < y->len ? x->len : y->len;

    for (uint32_t i = 1; i <= n; i++) {
        unsigned char p = (unsigned char)x->text[x->len - i], q = (unsigned char)y->text[y->len - i];

        if (p != q)
            return p < q ? -1 : 1;
    }
    return (x->len < y->len) - (x->len > y->len);
}

mw_status mw__strtab_layout(mw_strtab *t, mw_buf *out, mw_error *err)
{
    size_t count = t->count ? t->count - 1 : 0, base = out->len;
    const mw_strtab_entry *holder = NULL;
    uint32_t *order = mw_alloc((count + 1) * sizeof(*order));

    if (!order)
        return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i + 1;
    qsort_r(order, count, sizeof(*order), by_ending, t->entries);
    for (size_t i = 0; i < count; i++) {
        mw_strtab_entry *e = t->entries + order[i];

        if (holder && e->len <= holder->len && memcmp(holder->text + holder->len - e->len, e->text, e->len) == 0) {
            e->offset = holder->offset + holder->len - e->len;
            continue;
        }
        e->offset = (uint32_t)(out->len - base);
        holder = e;
        mw_buf_add(out, e->text, (size_t)e->len + 1, NULL);
    }
    mw_free(order);
    if (count == 0)
        mw_buf_putc(out, '\0');
    return mw_buf_status(out, err);
}

void mw__strtab_clear(mw_strtab *t)
{
    mw_arena_clear(&t->arena);
    mw_free(t->entries);
    mw_free(t->slots);
    *t = (mw_strtab){0};
}
