/*
 * The work of a run, laid out the same way in the broker and in every worker: items (a resource in a
 * world, or a file to load) and, for each, the rules that judge it. A position is (item, rule).
 */
#ifndef MW_ENGINE_WORK_H
#define MW_ENGINE_WORK_H

#include "base/arena.h"
#include "lua/snapshot.h"

typedef enum mw_work_mode { MW_WORK_EVALUATE, MW_WORK_LOAD, MW_WORK_FIXTURES } mw_work_mode;

typedef struct mw_work_group {
    size_t world;
    mw_val array;          /* resources, in the snapshot */
    size_t offset;         /* of the first item in the array */
    uint32_t first, count; /* items */
    const uint32_t *rules; /* ascending indexes into the bundle's rules */
    size_t rule_count;
    mw_val params; /* in the bundle; ABSENT = the rule's own */
} mw_work_group;

typedef struct mw_work {
    mw_work_mode mode;
    const mw_doc *bundle;
    mw_snap snap; /* not in the modes that load */
    mw_val rules, files;
    mw_work_group *groups;
    size_t group_count;
    uint32_t items;
    uint64_t evaluations;
    mw_arena arena;
} mw_work;

typedef struct mw_position {
    uint32_t item, rule;
} mw_position;

/**
 * Lay out what the bundle asks for. @p snapshot is NULL for the modes that load. Both are borrowed.
 * @return MW_OK; MW_ERR_PARSE; MW_ERR_LIMIT; MW_ERR_NOMEM.
 */
mw_status mw_work_init(mw_work *w, const mw_doc *bundle, const mw_doc *snapshot, mw_error *err);
void mw_work_clear(mw_work *w);
const mw_work_group *mw_work_group_of(const mw_work *w, uint32_t item);
/** The resource of an item; ABSENT in the modes that load. */
mw_val mw_work_resource(const mw_work *w, uint32_t item);
/** Where rule @p rule is in the group's rules, or the first behind it; rule_count: there is none. */
size_t mw_work_rule_at(const mw_work_group *g, uint32_t rule);
/** The first position at or after @p p. False: there is none. */
bool mw_work_at_or_after(const mw_work *w, mw_position *p);
/** Item at which share @p k of @p n begins, so that shares have about as many evaluations each. */
uint32_t mw_work_share(const mw_work *w, size_t k, size_t n);

static inline int mw_position_compare(mw_position a, mw_position b)
{
    return a.item != b.item ? (a.item < b.item ? -1 : 1) : a.rule < b.rule ? -1 : a.rule > b.rule;
}

#endif
