/* What the codes that Moonward prints mean, for `moonward explain`: AWS's, our own, exit statuses.
 * Data only. */
#ifndef MW_REPORT_ERRORS_H
#define MW_REPORT_ERRORS_H

#include <stddef.h>

typedef struct mw_explained {
    const char *code; /* "AccessDenied", "CircuitOpen", "2" */
    const char *title;
    const char *meaning;
    const char *remedy;
} mw_explained;

/** The table, in no order that matters. */
const mw_explained *mw_explained_codes(size_t *count);
/** By code; synonyms of AWS's services lead to the same entry. NULL when there is none. */
const mw_explained *mw_explain_code(const char *code);

#endif
