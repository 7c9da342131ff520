/*
 * CSV that is data and nothing else, for spreadsheets and for terminals: a name in AWS must neither
 * be a formula there nor move the cursor here.
 */
#include "report/csv.h"

#include "report/term.h"

#include <string.h>

/* Spreadsheets pass over blanks before they look for a formula. */
static bool is_formula(const char *s, size_t len)
{
    size_t i = 0;

    while (i < len && (s[i] == ' ' || s[i] == '\n'))
        i++;
    return i < len && memchr("=+-@\t\r|%", s[i], 8) != NULL;
}

void mw_csv_field(mw_buf *out, const char *s, size_t len, bool text)
{
    MW_AUTO(mw_buf) neutral = {.max = out->max};
    bool formula = text && is_formula(s, len), quote = formula;

    mw_term_bytes(&neutral, s, len, true);
    mw_term_inherit(out, &neutral);
    for (size_t i = 0; i < neutral.len && !quote; i++)
        quote = strchr("\",; \n\r\t", neutral.data[i]) != NULL;
    if (!quote) {
        mw_buf_add(out, neutral.data ? neutral.data : "", neutral.len, NULL);
        return;
    }
    mw_buf_puts(out, formula ? "\"'" : "\"");
    for (size_t i = 0; i < neutral.len; i++) {
        if (neutral.data[i] == '"')
            mw_buf_putc(out, '"');
        mw_buf_putc(out, neutral.data[i]);
    }
    mw_buf_putc(out, '"');
}
