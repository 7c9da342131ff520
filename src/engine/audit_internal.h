/* What the broker's and the worker's side of an audit share. */
#ifndef MW_ENGINE_AUDIT_INTERNAL_H
#define MW_ENGINE_AUDIT_INTERNAL_H

#include "engine/audit.h"
#include "engine/worker.h"
#include "lua/audit.h"

/* Limits of one scope; docs/reference/audits.md states them. */
#define MW_AUDIT_CPU_MS      60000
#define MW_AUDIT_VM_BYTES    ((size_t)128 << 20)
#define MW_AUDIT_DOC_BYTES   ((size_t)256 << 20) /* all its answers */
#define MW_AUDIT_ANSWER_MAX  ((size_t)64 << 20)  /* one answer, all its pages, as JSON */
#define MW_AUDIT_CALLS_MAX   100000
#define MW_AUDIT_LINES_MAX   10000
#define MW_AUDIT_ROWS_MAX    100000
#define MW_AUDIT_COLUMNS_MAX 64

/* Broker to worker: four bytes of length (little-endian) behind the kind's, the kind, that many bytes. */
typedef enum mw_frame_kind {
    MW_FRAME_PAGE = 'p', /* one page as JSON; more frames follow */
    MW_FRAME_END = 'z',  /* the answer is complete; where its items are, or nothing */
    MW_FRAME_ERROR = 'x' /* {"code", "message"} */
} mw_frame_kind;
#define MW_FRAME_HEADER 5

static inline uint32_t mw__frame_len(const uint8_t head[MW_FRAME_HEADER])
{
    return (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
}

/**
 * A question as it came from a worker, looked at with suspicion: the operation exists and only reads,
 * parameters are a JSON object (pushed into @p b, else ABSENT). Pure.
 * @return MW_OK; MW_ERR_INVALID; MW_ERR_UNSUPPORTED; MW_ERR_CONFLICT: it is not known to only read.
 */
mw_status mw__audit_question(const mw_models *models, const mw_record *r, mw_doc_builder *b, const mw_operation **op,
                             mw_val *params, mw_error *err);
/** Where a page has its items: the paginator's first result key, if it is a plain path; else MW_ERR_UNSUPPORTED. */
mw_status mw__audit_items_key(const mw_operation *op, char *out, size_t size, mw_error *err);

#endif
