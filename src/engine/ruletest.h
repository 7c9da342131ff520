/* `moonward test`: run the fixtures that stand beside rules. */
#ifndef MW_ENGINE_RULETEST_H
#define MW_ENGINE_RULETEST_H

#include "engine/evaluate.h"

typedef struct mw_ruletest_result {
    const char *rule, *file, *name; /* fixture name */
    bool passed;
    const char *detail;             /* what was expected and found; NULL when passed */
    mw_verdict expected;
} mw_ruletest_result;

typedef struct mw_ruletest_report {
    mw_ruletest_result *items;
    size_t count, cap, passed, failed;
    size_t rules_without_tests;
    const char *const *untested; /* ids */
    mw_arena arena;
} mw_ruletest_report;

/** Load each `<id>_test.lua` beside the rules, build the worlds, evaluate, compare. */
mw_status mw_ruletest_run(const mw_rules *rules, const mw_types *types, const mw_evaluate_options *o,
                          mw_ruletest_report *out, mw_error *err);
void mw_ruletest_report_clear(mw_ruletest_report *r);

#endif
