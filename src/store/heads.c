/*
 * The resources of one scope as the store knows them, in memory while the scope is written: a hash
 * table by number. Numbers follow keys; where two keys begin alike the next free number of the scope
 * is taken, and the id decides.
 */
#include "store/heads.h"

#include "base/mem.h"

#include <string.h>

#define IDS_MAX    ((size_t)1 << 32)
#define SLOTS_KEPT 65536 /* a larger table is made anew, not emptied for the next scope */

void mw__heads_clear(mw_heads *h)
{
    mw_free(h->all);
    mw_free(h->slots);
    mw_buf_clear(&h->ids);
    *h = (mw_heads){0};
}

static size_t slot_of(const mw_heads *h, int64_t rid)
{
    size_t at = (size_t)((uint64_t)rid * 0x9E3779B97F4A7C15u >> 32) & (h->slot_count - 1);

    while (h->slots[at] && h->all[h->slots[at] - 1].rid != rid)
        at = (at + 1) & (h->slot_count - 1);
    return at;
}

static bool widen(mw_heads *h)
{
    size_t cap = h->cap ? h->cap * 2 : 1024;
    mw_head *all = cap < UINT32_MAX / 2 ? mw_realloc(h->all, cap * sizeof(*all)) : NULL;
    uint32_t *slots;

    if (!all)
        return false;
    h->all = all;
    if (!(slots = mw_alloc(cap * 2 * sizeof(*slots))))
        return false;
    mw_free(h->slots);
    h->slots = slots;
    h->slot_count = cap * 2;
    h->cap = cap;
    for (size_t i = 0; i < h->count; i++)
        h->slots[slot_of(h, h->all[i].rid)] = (uint32_t)i + 1;
    return true;
}

static mw_head *add(mw_heads *h, int64_t rid, const char *id, int64_t region)
{
    mw_head *head;

    if (h->count == h->cap && !widen(h))
        return NULL;
    head = &h->all[h->count];
    *head = (mw_head){.rid = rid, .region = region, .id = h->ids.len};
    if (mw_buf_add(&h->ids, id, strlen(id) + 1, NULL) != MW_OK)
        return NULL;
    h->slots[slot_of(h, rid)] = (uint32_t)++h->count;
    return head;
}

mw_head *mw__heads_get(mw_heads *h, int64_t position, const char *id, int64_t region)
{
    for (;; position = (position + 1) & MW_POSITION_MAX) {
        int64_t rid = h->scope << MW_POSITION_BITS | position;
        uint32_t at = h->count ? h->slots[slot_of(h, rid)] : 0;
        if (!at)
            return add(h, rid, id, region);
        if (h->all[at - 1].region == region && strcmp(h->ids.data + h->all[at - 1].id, id) == 0)
            return &h->all[at - 1];
    }
}

static bool take_row(mw_heads *h, mw_query *q)
{
    size_t len;
    const void *sha = mw__store_blob(q, 5, &len);
    mw_head *head = add(h, mw__store_int(q, 0), mw__store_must(q, 1), mw__store_int(q, 2));

    if (!head)
        return false;
    head->known = true;
    head->s0 = mw__store_int(q, 3);
    head->alive = head->s0 && mw__store_null(q, 4);
    if (len == sizeof(head->sha))
        memcpy(head->sha, sha, len);
    return true;
}

mw_status mw__heads_read(mw_heads *h, mw_store *s, mw_query *q, int64_t scope, mw_error *err)
{
    mw_step code;
    mw_status st = MW_OK;

    if (h->slot_count > SLOTS_KEPT)
        mw__heads_clear(h);
    else if (h->slots)
        memset(h->slots, 0, h->slot_count * sizeof(*h->slots));
    h->count = 0;
    h->scope = scope;
    mw_buf_clear(&h->ids);
    h->ids.max = IDS_MAX;
    mw__store_bind_int(q, 1, scope << MW_POSITION_BITS);
    mw__store_bind_int(q, 2, scope << MW_POSITION_BITS | MW_POSITION_MAX);
    while ((code = mw__store_step(q)) == MW_ROW)
        if (!take_row(h, q)) {
            st = mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", s->path);
            break;
        }
    if (code == MW_FAILED)
        st = mw__store_fail(s, "reading a scope", err);
    mw__store_reset(q);
    return st;
}
