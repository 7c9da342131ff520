/* A binary heap of timers. It calls nobody and looks at no clock: the event loop does both. */
#include "aws/transport_timers.h"

#include "base/mem.h"

#define TIMERS_MAX ((size_t)1 << 20)

static bool earlier(const mw_timer *a, const mw_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void swap(mw_timer *a, mw_timer *b)
{
    mw_timer t = *a;

    *a = *b;
    *b = t;
}

mw_status mw_timers_add(mw_timers *t, int64_t due_ms, void (*fn)(void *user), void *user, mw_error *err)
{
    size_t i;

    if (t->count == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 32;
        mw_timer *grown;

        if (cap > TIMERS_MAX)
            return mw_fail(err, MW_ERR_LIMIT, "more than %zu timers", TIMERS_MAX);
        grown = mw_realloc(t->heap, cap * sizeof(*grown));
        if (!grown)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        t->heap = grown;
        t->cap = cap;
    }
    i = t->count++;
    t->heap[i] = (mw_timer){due_ms, t->added++, fn, user};
    while (i > 0 && earlier(&t->heap[i], &t->heap[(i - 1) / 2])) {
        swap(&t->heap[i], &t->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    return MW_OK;
}

bool mw_timers_due(mw_timers *t, int64_t now_ms, uint64_t before, mw_timer *out)
{
    size_t i = 0;

    if (t->count == 0 || t->heap[0].due_ms > now_ms || t->heap[0].order >= before)
        return false;
    *out = t->heap[0];
    t->heap[0] = t->heap[--t->count];
    for (;;) {
        size_t least = i, left = 2 * i + 1;

        if (left < t->count && earlier(&t->heap[left], &t->heap[least]))
            least = left;
        if (left + 1 < t->count && earlier(&t->heap[left + 1], &t->heap[least]))
            least = left + 1;
        if (least == i)
            return true;
        swap(&t->heap[i], &t->heap[least]);
        i = least;
    }
}

void mw_timers_clear(mw_timers *t)
{
    mw_free(t->heap);
    *t = (mw_timers){0};
}
