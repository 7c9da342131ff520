/* `moonward test`: run the fixtures that stand beside rules, and tell what they reach. */
#ifndef MW_ENGINE_RULETEST_H
#define MW_ENGINE_RULETEST_H

#include "engine/evaluate.h"
#include "lua/instrument.h"
#include "moonward/model.h"

typedef enum mw_ruletest_outcome {
    MW_RULETEST_PASSED,
    MW_RULETEST_FAILED,  /* the rule said something else */
    MW_RULETEST_ERROR,   /* the script failed, or the fixture is wrong */
    MW_RULETEST_SKIPPED, /* by its author */
    MW_RULETEST_TODO     /* failed, as its author expects for now */
} mw_ruletest_outcome;
#define MW_RULETEST_OUTCOMES 5
/** "passed" "failed" "error" "skipped" "todo" */
const char *mw_ruletest_outcome_name(mw_ruletest_outcome o);

typedef struct mw_ruletest_result {
    const char *rule, *file, *name; /* name of the fixture; "(file)" for a file that cannot be run */
    unsigned line;                  /* of its name in the file; 0 = not known */
    mw_ruletest_outcome outcome;
    mw_verdict expected;   /* the first one */
    const char *detail;    /* in one line; NULL when passed or skipped */
    const char *diff;      /* lines that begin with '-' expected, '+' found, ' ' both; or NULL */
    const char *traceback; /* of a script error, lines "file:line: in …"; or NULL */
    const char *reason;    /* of skip or todo, also when a todo passed; or NULL */
    uint64_t spent_ns;     /* processor time of the evaluation */
} mw_ruletest_result;

/* ---- coverage ---- */

/** A place where a rule can go two ways, or a function that can be called. */
typedef struct mw_ruletest_branch {
    mw_mark mark;
    size_t taken[2]; /* evaluations in which it went: true (or was entered), false */
} mw_ruletest_branch;

typedef struct mw_ruletest_line {
    unsigned line;
    size_t run; /* evaluations in which it was */
} mw_ruletest_line;

typedef struct mw_ruletest_coverage {
    const char *rule, *file, *source;
    const char *problem;          /* why it is not measured, or not to be trusted; or NULL */
    mw_ruletest_branch *branches; /* in the order of the text */
    size_t branch_count;
    mw_ruletest_line *lines; /* that hold statements, ascending */
    size_t line_count;
    size_t ways, ways_taken, lines_run;
    bool verdicts[MW_VERDICT_ERROR + 1]; /* that were seen */
} mw_ruletest_coverage;

/** Ways taken of ways there are, in percent; 100 when there are none. */
double mw_ruletest_percent(size_t taken, size_t ways);
/** "if", "elseif", "while", "until", "and", "or", "for", "function" */
const char *mw_ruletest_branch_name(const mw_ruletest_branch *b);

/* ---- a run ---- */

typedef struct mw_ruletest_options {
    mw_evaluate_options evaluate;
    const mw_models *models;  /* that fixtures are checked against; NULL = not */
    const char *const *globs; /* over names of fixtures, `rule/name`, or rules; none = all */
    size_t glob_count;
    const char *const *only; /* ids of rules whose files are looked at; none = all */
    size_t only_count;
    bool list;      /* evaluate nothing: results are PASSED or what is wrong with the fixture */
    bool fail_fast; /* leave out what comes behind the first failure */
    bool coverage;  /* a second evaluation, of instrumented text */
} mw_ruletest_options;

typedef struct mw_ruletest_report {
    mw_ruletest_result *items; /* by rule, then as in the file */
    size_t count, cap;
    size_t by_outcome[MW_RULETEST_OUTCOMES];
    size_t left_out; /* by fail_fast */
    size_t rules_without_tests;
    const char *const *untested;    /* ids */
    mw_ruletest_coverage *coverage; /* by rule */
    size_t coverage_count;
    mw_arena arena;
} mw_ruletest_report;

/**
 * Load each `<id>_test.lua` beside the rules, build the worlds, evaluate, compare.
 * @return MW_OK, whatever the tests say; MW_ERR_NOTFOUND: a glob matches no test; MW_ERR_CANCELLED; what workers gave.
 */
mw_status mw_ruletest_run(const mw_rules *rules, const mw_types *types, const mw_ruletest_options *o,
                          mw_ruletest_report *out, mw_error *err);
/** Append a result made elsewhere; its strings live in the report's arena. */
mw_status mw_ruletest_add(mw_ruletest_report *r, const mw_ruletest_result *t, mw_error *err);
/** FAILED and ERROR. */
size_t mw_ruletest_failures(const mw_ruletest_report *r);
/** The members that a fixture may have, sorted. */
const char *const *mw_ruletest_members(size_t *count);
void mw_ruletest_report_clear(mw_ruletest_report *r);

#endif
