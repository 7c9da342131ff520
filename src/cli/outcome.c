/* The exit status of a sweep. Unknown is never pass: an incomplete result never exits 0 unasked. */
#include "cli/outcome.h"

#include "base/str.h"
#include "cli/command.h"

int mw_outcome(const mw_report_counts *counts, const char *fail_on, bool allow_incomplete)
{
    unsigned threshold = mw_severity_rank(fail_on);

    if (!allow_incomplete && !mw_report_complete(counts))
        return MW_EXIT_INCOMPLETE;
    if (mw_str_eq(fail_on, "none"))
        return MW_EXIT_OK;
    if (threshold >= MW_SEVERITY_COUNT - 1) /* info asks for everything */
        threshold = MW_SEVERITY_COUNT;
    for (unsigned rank = 0; rank <= threshold; rank++)
        if (counts->failing[rank])
            return MW_EXIT_FINDINGS;
    return MW_EXIT_OK;
}
