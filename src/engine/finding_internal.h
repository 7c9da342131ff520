/* Between the units of findings. */
#ifndef MW_ENGINE_FINDING_INTERNAL_H
#define MW_ENGINE_FINDING_INTERNAL_H

#include "engine/finding.h"

/** MW_ERR_LIMIT when what identifies it is longer than MW_FINGERPRINT_TEXT_MAX. */
mw_status mw__finding_fingerprint(mw_finding *f, mw_error *err);
/** The contract's order, for qsort() too. */
int mw__finding_compare(const void *a, const void *b);

/** The contract's order of resources: account, region, id. */
int mw__subject_compare(const mw_subject *a, const mw_subject *b);
void mw__findings_sort_packed(mw_findings *l);

/** Give the list's texts their ceiling: a million findings of a few hundred bytes, with room. */
static inline void mw__findings_limit(mw_findings *l)
{
    if (l->arena.max_bytes == 0)
        l->arena.max_bytes = (size_t)4 << 30;
}

#endif
