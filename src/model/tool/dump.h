/* What readers see, as JSON lines; for the differential test. */
#ifndef MW_MODEL_TOOL_DUMP_H
#define MW_MODEL_TOOL_DUMP_H

#include "moonward/model.h"

#include "base/buf.h"

/** One line for a service: its accessors, and the shapes that it reaches as a numbered list. */
mw_status mw__dump_service(mw_buf *out, const mw_service *s, mw_error *err);
/** One line for the pack: version, partitions, regions. */
mw_status mw__dump_pack(mw_buf *out, const mw_models *m, mw_error *err);

#endif
