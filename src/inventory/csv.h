/* CSV with a header line to a list of rows, as the credential report comes. */
#ifndef MW_INVENTORY_CSV_H
#define MW_INVENTORY_CSV_H

#include "moonward/doc.h"

/**
 * Push an array of {header: text}. RFC 4180: quoted fields may hold commas, doubled quotes and line
 * breaks. Without a header line the array is empty.
 * @return MW_OK; MW_ERR_PARSE (a quoted field that never ends, a row that is shorter or longer than the
 * header); MW_ERR_LIMIT over 1024 columns.
 */
mw_status mw_csv_read(mw_doc_builder *b, const char *text, size_t len, mw_error *err);

#endif
