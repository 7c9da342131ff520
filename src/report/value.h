/*
 * Any value of a document as JSON, YAML, or the text and tables that AWS CLI users know. Pure. Nothing
 * that a string holds can drive a terminal, in none of the formats.
 */
#ifndef MW_REPORT_VALUE_H
#define MW_REPORT_VALUE_H

#include "base/buf.h"
#include "moonward/doc.h"

typedef enum mw_value_format { MW_VALUE_JSON, MW_VALUE_YAML, MW_VALUE_TEXT, MW_VALUE_TABLE } mw_value_format;

/** For options: the names that mw_value_format_named() knows, "|" between them. */
#define MW_VALUE_FORMATS "json|text|table|yaml"
/** False when there is no such format. NULL is json. */
bool mw_value_format_named(const char *name, mw_value_format *out);

/**
 * Append @p v with a line end.
 * @param title  Of a table's outermost section (the operation); may be NULL.
 * @return MW_OK; MW_ERR_LIMIT beyond the buffer's ceiling or 1024 levels; MW_ERR_NOMEM.
 */
mw_status mw_value_write(mw_buf *out, const mw_doc *d, mw_val v, mw_value_format format, const char *title,
                         mw_error *err);

/**
 * JSON as mw_json_write(), with C1 controls and deceptive characters escaped too: equal as a value, and
 * neutral to terminals.
 */
mw_status mw_value_json(mw_buf *out, const mw_doc *d, mw_val v);
/** The same for JSON that stands in @p out from @p start on, whoever wrote it. */
mw_status mw_value_neutral(mw_buf *out, size_t start);
/** A value so, in one line, without a line end. */
mw_status mw_value_json_line(mw_buf *out, const mw_doc *d, mw_val v);
/**
 * YAML in block style, valid as YAML 1.1 and 1.2 alike: strings are quoted unless every reader takes
 * them for strings. Reading it gives the same value.
 */
mw_status mw_value_yaml(mw_buf *out, const mw_doc *d, mw_val v);
/**
 * Rows of tab-separated scalars (True, False, None as there), members in byte order of their names; a
 * list of scalars is one row, or under a name a row each; what is nested stands in rows that begin with
 * its name in upper case. Tabs and line ends inside strings stay, as people redirect them into files.
 */
mw_status mw_value_text(mw_buf *out, const mw_doc *d, mw_val v);
/** Nested boxes; in each a header and rows. */
mw_status mw_value_table(mw_buf *out, const mw_doc *d, mw_val v, const char *title);

/** mw_value_json(), for strings in YAML with its escapes beyond U+FFFF. */
mw_status mw_value_quoted(mw_buf *out, const mw_doc *d, mw_val v, bool yaml);
/** A scalar as text and table show it: "True", "None", numbers, strings as they are (raw, not neutral). */
mw_status mw_value_scalar(mw_buf *out, const mw_doc *d, mw_val v);
/** Neither array nor object (an unknown is an object: {"$unknown": cause}). */
bool mw_value_is_scalar(const mw_doc *d, mw_val v);

/** As deep as the JSON writer goes. */
#define MW_VALUE_DEPTH_MAX 1024

#endif
