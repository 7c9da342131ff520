/* Timers of the event loop: a binary heap by due time, equal ones in the order they were added. */
#ifndef MW_AWS_TRANSPORT_TIMERS_H
#define MW_AWS_TRANSPORT_TIMERS_H

#include "moonward/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct mw_timer {
    int64_t due_ms; /* monotonic */
    uint64_t order;
    void (*fn)(void *user);
    void *user;
} mw_timer;

/** Zero-initialised; heap[0] is the next one. */
typedef struct mw_timers {
    mw_timer *heap;
    size_t count, cap;
    uint64_t added; /* how many ever were */
} mw_timers;

/** MW_ERR_NOMEM; MW_ERR_LIMIT beyond a million. */
mw_status mw_timers_add(mw_timers *t, int64_t due_ms, void (*fn)(void *user), void *user, mw_error *err);
/** Take the next one that is due at @p now_ms and was added before number @p before; false when
 * there is none. */
bool mw_timers_due(mw_timers *t, int64_t now_ms, uint64_t before, mw_timer *out);
void mw_timers_clear(mw_timers *t);

#endif
