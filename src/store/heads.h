/* What the store knows of a scope's resources: one query for all of them, so that none costs one. */
#ifndef MW_STORE_HEADS_H
#define MW_STORE_HEADS_H

#include "base/hash.h"
#include "store/internal.h"

/* A resource and its newest span. */
typedef struct mw_head {
    int64_t rid, region; /* region 0: the scope's */
    int64_t s0;          /* 0 = it has no span */
    size_t id;           /* in mw_heads.ids */
    uint8_t sha[MW_SHA256_SIZE];
    bool known; /* the store has its row */
    bool alive; /* the span holds */
    bool put;   /* the caller's */
} mw_head;

typedef struct mw_heads {
    mw_head *all; /* by rid; those that were not known behind them */
    size_t count, cap;
    uint32_t *slots; /* by rid: place in `all` + 1, 0 = free */
    size_t slot_count;
    int64_t scope;
    mw_buf ids;
} mw_heads;

/* The range three times: PostgreSQL does not carry it over from one table to the next. */
#define MW_HEADS_SQL                                                                                                   \
    "SELECT r.rid, r.id, r.region, s.s0, s.s1, s.sha FROM resource r LEFT JOIN span s ON s.rid = r.rid"                \
    " AND s.rid BETWEEN ?1 AND ?2 AND NOT EXISTS(SELECT 1 FROM span o WHERE o.rid = s.rid AND o.s0 > s.s0"             \
    " AND o.rid BETWEEN ?1 AND ?2)"                                                                                    \
    " WHERE r.rid BETWEEN ?1 AND ?2 ORDER BY r.rid"

/** Of a scope, in place of what was there. @p q is MW_HEADS_SQL. Memory: 80 bytes and the id of each resource. */
mw_status mw__heads_read(mw_heads *h, mw_store *s, mw_query *q, int64_t scope, mw_error *err);
/** That of a key; a new one under a free number when there is none. NULL: out of memory. Borrowed until the next one. */
mw_head *mw__heads_get(mw_heads *h, int64_t position, const char *id, int64_t region);
void mw__heads_clear(mw_heads *h);

#endif
