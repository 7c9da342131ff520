/*
 * Equal shapes merged over all services, recursion included: shapes start with a hash of their own
 * content and take in the hashes of what they refer to, round by round, until the number of
 * different hashes stops growing. Every merge is then compared in full, so a collision of hashes is
 * a refused build and never a wrong model.
 */
#include "model/merge.h"

#include "base/mem.h"

#include <string.h>

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio */
    return h ^ (h >> 29);
}

static bool has_members(const mw_c_shape *s)
{
    return s->type == MW_SHAPE_STRUCTURE || s->type == MW_SHAPE_LIST || s->type == MW_SHAPE_MAP;
}

/* Everything but the numbers of other shapes. */
static uint64_t own_hash(const mw_compiler *c, const mw_c_shape *s)
{
    const uint32_t own[] = {
        s->name,       s->type,       s->timestamp_format, s->flags,   s->location_name, s->xml_namespace,
        s->xml_prefix, s->error_code, s->error_status,     s->payload, s->count,
    };
    uint64_t h = 1;

    for (size_t i = 0; i < MW_COUNT(own); i++)
        h = mix(h, own[i]);
    for (uint32_t i = 0; i < s->count; i++) {
        if (has_members(s)) {
            mw_c_member m = c->members[s->first + i];

            m.shape = 0;
            for (size_t k = 0; k < sizeof(m) / 4; k++)
                h = mix(h, ((const uint32_t *)&m)[k]);
        } else {
            h = mix(h, c->enums[s->first + i]);
        }
    }
    return h;
}

/* Number each different hash by its first shape; the count of them. */
static size_t group(const uint64_t *hashes, size_t count, uint32_t *slots, size_t slot_count, uint32_t *first)
{
    size_t groups = 0;

    memset(slots, 0, slot_count * sizeof(*slots));
    for (size_t i = 0; i < count; i++) {
        size_t at = hashes[i] & (slot_count - 1);

        while (slots[at] && hashes[slots[at] - 1] != hashes[i])
            at = (at + 1) & (slot_count - 1);
        if (!slots[at]) {
            slots[at] = (uint32_t)i + 1;
            groups++;
        }
        first[i] = slots[at] - 1;
    }
    return groups;
}

static bool same(const mw_compiler *c, const uint32_t *first, size_t a, size_t b)
{
    mw_c_shape x = c->shapes[a], y = c->shapes[b];
    uint32_t x_first = x.first, y_first = y.first;

    x.first = y.first = 0;
    if (memcmp(&x, &y, sizeof(x)) != 0)
        return false;
    if (!has_members(&x))
        return x.count == 0 || memcmp(c->enums + x_first, c->enums + y_first, x.count * sizeof(*c->enums)) == 0;
    for (uint32_t i = 0; i < x.count; i++) {
        mw_c_member m = c->members[x_first + i], n = c->members[y_first + i];

        m.shape = first[m.shape];
        n.shape = first[n.shape];
        if (memcmp(&m, &n, sizeof(m)) != 0)
            return false;
    }
    return true;
}

mw_status mw__merge_shapes(const mw_compiler *c, uint32_t *first, mw_error *err)
{
    size_t count = c->shape_count, slot_count = 1024, groups = 0, before;
    uint64_t *own = mw_alloc((count + 1) * sizeof(*own));
    uint64_t *now = mw_alloc((count + 1) * sizeof(*now));
    uint64_t *next = mw_alloc((count + 1) * sizeof(*next)), *swap;
    uint32_t *slots;
    mw_status st = MW_OK;

    while (slot_count < count * 2)
        slot_count *= 2;
    slots = mw_alloc(slot_count * sizeof(*slots));
    if (!own || !now || !next || !slots) {
        st = mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
        goto out;
    }
    for (size_t i = 0; i < count; i++)
        now[i] = own[i] = own_hash(c, c->shapes + i);
    do {
        before = groups;
        groups = group(now, count, slots, slot_count, first);
        for (size_t i = 0; i < count; i++) {
            const mw_c_shape *s = c->shapes + i;
            uint64_t h = own[i];

            for (uint32_t k = 0; has_members(s) && k < s->count; k++)
                h = mix(h, now[c->members[s->first + k].shape]);
            next[i] = h;
        }
        swap = now;
        now = next;
        next = swap;
    } while (groups != before);
    for (size_t i = 0; i < count; i++) {
        if (first[i] != i && !same(c, first, i, first[i])) {
            st = mw_fail(err, MW_ERR_CONFLICT, "model pack: two different shapes named %s have one hash",
                         c->strings.entries[c->shapes[i].name].text);
            goto out;
        }
    }
out:
    mw_free(own);
    mw_free(now);
    mw_free(next);
    mw_free(slots);
    return st;
}
