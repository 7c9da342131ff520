/* Which shapes of the graph are one; see merge.c. */
#ifndef MW_MODEL_MERGE_H
#define MW_MODEL_MERGE_H

#include "model/compiler.h"

/** @param[out] first  For each shape the number of the first one that equals it. */
mw_status mw__merge_shapes(const mw_compiler *c, uint32_t *first, mw_error *err);

#endif
