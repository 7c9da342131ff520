/* From the verdicts of a run to findings in packed form (engine/finding.h). */
#ifndef MW_ENGINE_EVALUATE_PACK_H
#define MW_ENGINE_EVALUATE_PACK_H

#include "engine/finding.h"
#include "engine/rule.h"
#include "engine/work.h"

#define MW_PACKED_KINDS 8 /* of one rule: verdicts and messages; what comes beyond is listed */

/** `mw_packer p = {.work = …, .rules = …, .out = …};` then mw__packer_begin(); all three are borrowed. */
typedef struct mw_packer {
    const mw_work *work;
    const mw_rules *rules;
    mw_findings *out;
    struct mw_packer_group {
        const mw_subject *subjects; /* NULL: these are listed */
        size_t longest;             /* mw_packed.subject_bytes */
        bool looked;
    } * groups;                         /* by number of the work's group */
    uint32_t (*kinds)[MW_PACKED_KINDS]; /* by rule: numbers + 1 in out->packed; until the list is sorted */
} mw_packer;

mw_status mw__packer_begin(mw_packer *p, mw_error *err);
void mw__packer_clear(mw_packer *p);
/**
 * Take verdicts of @p count rules on one item, all @p status with @p message (or NULL) and nothing else.
 * @param rules  Ascending, of the item's group.
 * @param[out] taken  So many of them, from the first; the next one must be listed.
 * @return MW_OK; MW_ERR_NOMEM.
 */
mw_status mw__packer_take(mw_packer *p, uint32_t item, const uint32_t *rules, size_t count, mw_verdict status,
                          const char *message, size_t *taken, mw_error *err);

#endif
