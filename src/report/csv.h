/* CSV for spreadsheets. */
#ifndef MW_REPORT_CSV_H
#define MW_REPORT_CSV_H

#include "base/buf.h"

#include <stdbool.h>

/**
 * Append one field as RFC 4180 wants it. With @p text, what a spreadsheet would take for a formula
 * gets an apostrophe in front (OWASP, "CSV Injection"); numbers are left alone. What drives a
 * terminal is escaped as mw_term_bytes() does; line ends stay.
 */
void mw_csv_field(mw_buf *out, const char *s, size_t len, bool text);

#endif
