/* What the writers of rule tests share. */
#include "report/ruletest.h"

#include "base/str.h"

#include <string.h>

size_t mw__ruletest_suite(const mw_ruletest_report *r, size_t i)
{
    size_t n = 0;

    while (i + n < r->count && mw_str_eq(r->items[i].rule, r->items[i + n].rule))
        n++;
    return n;
}

const char *mw__ruletest_line(const char **at, mw_buf *line)
{
    size_t n;

    if (!*at || !**at)
        return NULL;
    n = strcspn(*at, "\n");
    mw_buf_reset(line);
    mw_buf_add(line, *at, n, NULL);
    *at += n + ((*at)[n] == '\n');
    return line->data && line->failed == MW_OK ? line->data : "(a line that is too long)";
}

mw_ruletest_sums mw_ruletest_sum(const mw_ruletest_report *r)
{
    mw_ruletest_sums s = {0};

    for (size_t i = 0; i < r->coverage_count; i++) {
        s.ways += r->coverage[i].ways;
        s.ways_taken += r->coverage[i].ways_taken;
        s.lines += r->coverage[i].line_count;
        s.lines_run += r->coverage[i].lines_run;
    }
    return s;
}
