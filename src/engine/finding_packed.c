/*
 * Findings in packed form: a rule's passes as bits over the resources of its type, and the cursor that makes findings of
 * them where somebody reads. Pure over memory. Relies on subjects being in the contract's order; readers
 * must not be able to tell which findings were packed.
 */
#include "engine/finding_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define WORDS(subjects) (((subjects) + 63) / 64)

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for findings");
}

/* ---- packing ---- */

/* Another kind of the same rule has copies of its texts. */
static const mw_packed *relative(const mw_findings *l, const mw_packed *kind)
{
    for (size_t i = l->packed_count; i-- > 0;)
        if (l->packed[i].subjects == kind->subjects && mw_str_eq(l->packed[i].rule, kind->rule))
            return &l->packed[i];
    return NULL;
}

/* The list with room for @p need elements; NULL, with the list as it was, when there is none. */
static void *widen(void *list, size_t size, size_t *cap, size_t need)
{
    size_t wide = *cap ? *cap : 64, bytes;
    void *grown;

    while (wide < need)
        wide *= 2;
    if (list && wide == *cap)
        return list;
    grown = mw_mul_size(wide, size, &bytes) ? mw_realloc(list, bytes) : NULL;
    if (grown)
        *cap = wide;
    return grown;
}

mw_status mw_findings_pack(mw_findings *l, const mw_packed *kind, mw_error *err)
{
    const mw_packed *known = relative(l, kind);
    mw_packed copy = *kind, *packed;

    mw__findings_limit(l);
    if (kind->subject_bytes + strlen(kind->rule) + sizeof("|||||") > MW_FINGERPRINT_TEXT_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "what identifies a finding may be too long");
    copy.rule = known ? known->rule : mw_arena_strdup(&l->arena, kind->rule);
    copy.severity = known ? known->severity : mw_arena_strdup(&l->arena, kind->severity);
    copy.type = known ? known->type : mw_arena_strdup(&l->arena, kind->type);
    copy.message = kind->message ? mw_arena_strdup(&l->arena, kind->message) : NULL;
    copy.count = 0;
    if (!copy.rule || !copy.severity || !copy.type || (kind->message && !copy.message))
        return no_memory(err);
    if (!(packed = widen(l->packed, sizeof(*packed), &l->packed_cap, l->packed_count + 1)))
        return no_memory(err);
    l->packed = packed;
    copy.bits = mw_alloc((WORDS(kind->subject_count) + 1) * sizeof(*copy.bits));
    if (!copy.bits)
        return no_memory(err);
    l->packed[l->packed_count++] = copy;
    return MW_OK;
}

void mw_findings_drop_packed(mw_findings *l, bool (*drop)(void *user, const mw_packed *p), void *user)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->packed_count; i++)
        if (drop && !drop(user, &l->packed[i]))
            l->packed[kept++] = l->packed[i];
        else
            mw_free(l->packed[i].bits);
    l->packed_count = kept;
}

int mw__subject_compare(const mw_subject *a, const mw_subject *b)
{
    int order = a->account == b->account ? 0 : strcmp(a->account, b->account);

    if (order == 0 && a->region != b->region)
        order = strcmp(a->region, b->region);
    return order ? order : strcmp(a->id, b->id);
}

/* By rule, then whose subjects come first and, so that the order is one, by what tells kinds of the same apart. */
static int by_rule(const void *pa, const void *pb)
{
    const mw_packed *a = pa, *b = pb;
    int order = strcmp(a->rule, b->rule);

    if (order == 0 && a->subjects != b->subjects && a->subject_count && b->subject_count)
        order = mw__subject_compare(a->subjects, b->subjects);
    if (order == 0)
        order = (int)a->status - (int)b->status;
    return order ? order : strcmp(a->message ? a->message : "", b->message ? b->message : "");
}

void mw__findings_sort_packed(mw_findings *l)
{
    if (l->packed_count > 1)
        qsort(l->packed, l->packed_count, sizeof(*l->packed), by_rule);
}

size_t mw_findings_total(const mw_findings *l)
{
    size_t n = l->count;

    for (size_t i = 0; i < l->packed_count; i++)
        n += l->packed[i].count;
    return n;
}

/* ---- of several accounts ---- */

mw_status mw_findings_name_account(mw_findings *l, const char *account, mw_error *err)
{
    const char *own = NULL;
    mw_status st = MW_OK;

    for (size_t i = 0; i < l->count && st == MW_OK; i++) {
        if (strcmp(l->items[i].account, "*") != 0)
            continue;
        if (!own && !(own = mw_arena_strdup(&l->arena, account)))
            return no_memory(err);
        l->items[i].account = own;
        st = mw__finding_fingerprint(&l->items[i], err);
    }
    return st;
}

mw_status mw_findings_absorb(mw_findings *l, mw_findings *from, mw_error *err)
{
    mw_finding *items;
    mw_packed *packed;

    mw__findings_limit(l);
    if (!(items = widen(l->items, sizeof(*items), &l->cap, l->count + from->count)))
        return no_memory(err);
    l->items = items;
    if (!(packed = widen(l->packed, sizeof(*packed), &l->packed_cap, l->packed_count + from->packed_count)))
        return no_memory(err);
    l->packed = packed;
    if (!mw_arena_absorb(&l->arena, &from->arena))
        return mw_fail(err, MW_ERR_LIMIT, "findings take more than %zu bytes", l->arena.max_bytes);
    if (from->count)
        memcpy(&items[l->count], from->items, from->count * sizeof(*items));
    if (from->packed_count)
        memcpy(&packed[l->packed_count], from->packed, from->packed_count * sizeof(*packed));
    l->count += from->count;
    l->packed_count += from->packed_count;
    l->passed += from->passed;
    from->count = from->packed_count = 0; /* bits, too, have moved */
    mw_findings_clear(from);
    return MW_OK;
}

/* ---- reading ---- */

void mw_findings_read(mw_findings_cursor *c, const mw_finding *items, size_t count, const mw_packed *packed,
                      size_t packed_count)
{
    *c = (mw_findings_cursor){.items = items, .count = count, .packed = packed, .packed_count = packed_count};
}

/* The kind that has the next subject from @p *subject on; kinds of one rule share their subjects. NULL: none. */
static const mw_packed *kind_of_next(const mw_findings_cursor *c, size_t *subject)
{
    const mw_packed *kinds = &c->packed[c->first];
    size_t words = WORDS(kinds->subject_count), n = c->end - c->first;
    uint64_t mask = ~(uint64_t)0 << (*subject % 64);

    for (size_t w = *subject / 64; w < words; w++, mask = ~(uint64_t)0) {
        uint64_t any = 0;
        for (size_t k = 0; k < n; k++)
            any |= kinds[k].bits[w] & mask;
        if (!any)
            continue;
        any &= ~any + 1; /* the lowest */
        *subject = w * 64 + (size_t)__builtin_ctzll(any);
        for (size_t k = 0; k < n; k++)
            if (kinds[k].bits[w] & any)
                return &kinds[k];
    }
    return NULL;
}

/* Fill `made`, unless it waits already. False when no packed one is left. */
static bool make_next(mw_findings_cursor *c)
{
    while (!c->waiting) {
        const mw_packed *p;
        if (c->first == c->end) {
            if (c->end == c->packed_count)
                return false;
            c->subject = 0;
            while (c->end < c->packed_count && strcmp(c->packed[c->end].rule, c->packed[c->first].rule) == 0 &&
                   c->packed[c->end].subjects == c->packed[c->first].subjects)
                c->end++;
        }
        p = kind_of_next(c, &c->subject);
        if (p) {
            const mw_subject *s = &p->subjects[c->subject++];
            c->made = (mw_finding){.rule = p->rule,
                                   .severity = p->severity,
                                   .status = p->status,
                                   .type = p->type,
                                   .id = s->id,
                                   .arn = s->arn,
                                   .name = s->name,
                                   .account = s->account,
                                   .region = s->region,
                                   .partition = s->partition,
                                   .message = p->message,
                                   .evidence = "[]"};
            c->waiting = true;
        } else {
            c->first = c->end;
        }
    }
    return true;
}

const mw_finding *mw_findings_next(mw_findings_cursor *c)
{
    bool made = make_next(c);

    if (c->item < c->count && (!made || mw__finding_compare(&c->items[c->item], &c->made) <= 0))
        return &c->items[c->item++];
    if (!made)
        return NULL;
    c->told = c->made;
    c->waiting = false;
    if (mw__finding_fingerprint(&c->told, NULL) != MW_OK)
        c->told.fingerprint[0] = '\0'; /* cannot be: mw_findings_pack() looked at the lengths */
    return &c->told;
}

mw_status mw_findings_unpack(mw_findings *l, mw_error *err)
{
    size_t total = mw_findings_total(l), n = 0, bytes;
    mw_findings_cursor c;
    const mw_finding *f;
    mw_finding *all;

    if (l->packed_count == 0)
        return MW_OK;
    all = mw_mul_size(total + 1, sizeof(*all), &bytes) ? mw_alloc(bytes) : NULL;
    if (!all)
        return no_memory(err);
    mw_findings_read(&c, l->items, l->count, l->packed, l->packed_count);
    while ((f = mw_findings_next(&c)))
        all[n++] = *f;
    mw_findings_drop_packed(l, NULL, NULL);
    mw_free(l->items);
    l->items = all;
    l->count = l->cap = n;
    return MW_OK;
}
