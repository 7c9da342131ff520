/*
 * What a worker says: length-prefixed records on its results pipe. The decoder treats every byte as
 * hostile and is pure, so it is fuzzed by itself.
 */
#ifndef MW_ENGINE_WORKER_RECORDS_H
#define MW_ENGINE_WORKER_RECORDS_H

#include "base/buf.h"
#include "base/str.h"

#include <stdint.h>

#define MW_RECORD_MAX   ((size_t)64 << 10) /* a whole record with its length */
#define MW_RECORD_TEXTS 3
#define MW_PASSES_MAX   4096u /* of one record */

typedef enum mw_record_kind {
    MW_RECORD_READY = 'I',   /* text 0: isolation */
    MW_RECORD_VERDICT = 'V', /* item, rule, status, index of count; texts: subkey, message, evidence */
    MW_RECORD_PASSES = 'P', /* item, rule: the first of count evaluations in a row with one verdict, status: pass or not
                                applicable, and nothing to say; at most MW_PASSES_MAX, no texts */
    MW_RECORD_LOG = 'L',    /* item, rule; text 0 */
    MW_RECORD_OBSERVED = 'B', /* before the verdicts, when asked for: item, rule, count = nanoseconds of processor
                                time; texts: ways of the rule's marks ('0' to '3' each), traceback */
    MW_RECORD_LOADED = 'R',   /* item = file; text 0: what the rule file declares, as JSON */
    MW_RECORD_FIXTURE = 'T',  /* item = file, index of count; text 0: one fixture as JSON */
    MW_RECORD_FAILED = 'E',   /* item = file; text 0: why it cannot be loaded */
    MW_RECORD_ASK = 'Q',     /* audits: item = mw_vm_ask, count = pages at most; texts: operation, parameters as JSON */
    MW_RECORD_ROW = 'O',     /* audits; text 0: what emit{} got, as JSON */
    MW_RECORD_COLUMNS = 'C', /* audits; text 0: names, as a JSON list */
    MW_RECORD_PROFILE =
        'M', /* rule; texts: CPU in all, of the slowest check (ns), bytes; decimal. Before DONE, when asked for */
    MW_RECORD_DONE = 'Z' /* nothing more will come */
} mw_record_kind;

typedef struct mw_record {
    mw_record_kind kind;
    uint32_t item, rule;
    uint32_t index, count;
    uint8_t status;               /* mw_verdict */
    mw_str text[MW_RECORD_TEXTS]; /* data NULL = none; UTF-8 without NUL; borrowed from the input */
} mw_record;

/** Append. Text that is no UTF-8 or holds NUL is repaired. MW_ERR_LIMIT when it would be over MW_RECORD_MAX. */
mw_status mw_record_encode(mw_buf *out, const mw_record *r, mw_error *err);
/**
 * Decode the record at the start of @p data.
 * @param[out] used  Bytes of it.
 * @return MW_OK; MW_ERR_PENDING when it is not all there yet; MW_ERR_PARSE when it never will be.
 */
mw_status mw_record_decode(const void *data, size_t len, mw_record *r, size_t *used, mw_error *err);

#endif
