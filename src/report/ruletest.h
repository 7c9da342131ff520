/* A run of rule tests in the formats that people and build servers read. */
#ifndef MW_REPORT_RULETEST_H
#define MW_REPORT_RULETEST_H

#include "engine/ruletest.h"

typedef struct mw_ruletest_text {
    bool color;
    size_t durations; /* slowest rules to tell of */
    bool list;        /* the run listed only */
} mw_ruletest_text;

/** For people: what failed and how, what was left out, the slowest rules, what the tests do not reach. */
mw_status mw_ruletest_text_write(const mw_ruletest_report *r, const mw_ruletest_text *o, mw_buf *out, mw_error *err);
/** `moonward.test/1`. */
mw_status mw_ruletest_json(const mw_ruletest_report *r, mw_buf *out, mw_error *err);
/** Test Anything Protocol 14 with YAML diagnostics. */
mw_status mw_ruletest_tap(const mw_ruletest_report *r, mw_buf *out, mw_error *err);
/** JUnit's XML as Jenkins, GitLab and GitHub's actions read it: a suite per rule, file and line of each test. */
mw_status mw_ruletest_junit(const mw_ruletest_report *r, mw_buf *out, mw_error *err);
/** The tracefile of lcov's geninfo(1). */
mw_status mw_ruletest_lcov(const mw_ruletest_report *r, mw_buf *out, mw_error *err);

/* ---- shared by the writers ---- */

/** Results from @p i on that are of the same rule. */
size_t mw__ruletest_suite(const mw_ruletest_report *r, size_t i);
/**
 * The line of text at *at, which moves behind it; NULL at the end. In the buffer, which is emptied first; one that
 * does not fit there is told to be too long, and those behind it follow.
 */
const char *mw__ruletest_line(const char **at, mw_buf *line);
/** Ways and lines of all rules together. */
typedef struct mw_ruletest_sums {
    size_t ways, ways_taken, lines, lines_run;
} mw_ruletest_sums;
mw_ruletest_sums mw_ruletest_sum(const mw_ruletest_report *r);

#endif
