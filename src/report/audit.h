/* What an audit found, in the formats that people and programs read. The same rows give the same bytes. */
#ifndef MW_REPORT_AUDIT_H
#define MW_REPORT_AUDIT_H

#include "engine/audit.h"
#include "report/report.h"

/** Columns of the rows: account, region, those that the script asked for, others as first seen. Arena-allocated. */
mw_status mw_audit_columns(const mw_audit *a, mw_arena *arena, const char *const **out, size_t *count, mw_error *err);

/** For people: columns aligned, one row a line; nothing in it can drive the terminal. */
mw_status mw_audit_table(const mw_audit *a, const mw_text_options *o, mw_buf *out, mw_error *err);
/** {"schema": "moonward.audit/1", "script", "scopes", "rows"}: one scope and one row per line. */
mw_status mw_audit_json(const mw_audit *a, const char *script, mw_buf *out, mw_error *err);
/** The rows alone, one per line. */
mw_status mw_audit_jsonl(const mw_audit *a, mw_buf *out, mw_error *err);
/** RFC 4180 with a header line; texts that a spreadsheet would take for a formula get an apostrophe in front. */
mw_status mw_audit_csv(const mw_audit *a, mw_buf *out, mw_error *err);

#endif
