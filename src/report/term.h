/* Text for terminals: names that cannot drive them, columns, colours. */
#ifndef MW_REPORT_TERM_H
#define MW_REPORT_TERM_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum mw_color {
    MW_COLOR_NONE,
    MW_COLOR_BOLD,
    MW_COLOR_DIM,
    MW_COLOR_RED,
    MW_COLOR_YELLOW,
    MW_COLOR_GREEN,
    MW_COLOR_CYAN,
    MW_COLOR_MAGENTA
} mw_color;

/**
 * Append @p s in one line: control characters (C0, DEL, C1) as `\xNN`, characters that reorder or hide
 * text (bidirectional controls, zero width, line separators) as `\uNNNN`, invalid UTF-8 as U+FFFD. NULL adds nothing.
 */
mw_status mw_term_text(mw_buf *out, const char *s);
/** The same for bytes that may hold a NUL. With @p lines, tabs and line ends (LF, CR LF) stay what they are. */
mw_status mw_term_bytes(mw_buf *out, const char *s, size_t len, bool lines);
/** Length of the valid UTF-8 sequence that @p s begins with and its code point; 0 when there is none. */
size_t mw_term_sequence(const char *s, size_t len, uint32_t *point);
/** A character that hides, reorders or breaks text: Unicode Cf, Zl and Zp that terminals act upon. */
bool mw_term_deceptive(uint32_t point);
/** A part that could not be built fails the whole. */
void mw_term_inherit(mw_buf *out, const mw_buf *part);
/** Columns of valid UTF-8, one for each character. */
size_t mw_term_columns(const char *s, size_t len);
/** mw_term_text() padded with blanks, or cut with "…", to exactly @p columns. */
mw_status mw_term_cell(mw_buf *out, const char *s, size_t columns);
/**
 * mw_term_text() broken at blanks, from column @p at on; further lines start at @p indent. Longer words
 * are left whole, so that they can be copied.
 */
mw_status mw_term_wrap(mw_buf *out, const char *s, size_t at, size_t indent, size_t width);
/** Start and end of a colour; nothing unless @p on. */
void mw_term_color(mw_buf *out, bool on, mw_color color);
void mw_term_reset(mw_buf *out, bool on);

#endif
