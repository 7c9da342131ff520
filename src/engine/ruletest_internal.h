/* What the files of a run of rule tests share. */
#ifndef MW_ENGINE_RULETEST_INTERNAL_H
#define MW_ENGINE_RULETEST_INTERNAL_H

#include "engine/rule_files.h"
#include "engine/rule_internal.h"
#include "engine/ruletest.h"
#include "inventory/collect.h"

#define MW_FIXTURE_FILE "(file)" /* stands for the name where a file gave no fixtures */

typedef struct mw_fixture {
    size_t rule; /* number in the rules */
    size_t file; /* number in the files */
    const char *name;
    const char *problem; /* why it cannot be run; NULL when it can */
    const char *skip, *todo;
    mw_val value;  /* in the fixtures' document */
    mw_val params; /* effective, in the same document; ABSENT = the rule's own */
    mw_fixture_world world;
    mw_findings found;
    const char *traceback;
    uint64_t spent_ns;
} mw_fixture;

typedef struct mw_ruletest {
    const mw_rules *rules;
    const mw_types *types;
    const mw_ruletest_options *o;
    mw_ruletest_report *out;
    mw_file_list files;
    size_t *rule_of_file;
    mw_doc_builder *scratch, *b;
    mw_doc *d;
    mw_fixture *items;
    size_t count, cap;
} mw_ruletest;

/** Text in the report's arena; a constant that says so when memory is out. */
const char *mw__ruletest_say(mw_ruletest *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Everything that can be told of a fixture without running it: keys, kinds, expectations, members. */
const char *mw__fixture_problem(mw_ruletest *r, mw_fixture *f);
/** Where it is to be judged; from the finished document. May set its problem. */
void mw__fixture_place(mw_ruletest *r, mw_fixture *f);

/** Fill outcome, detail and diff. */
void mw__fixture_compare(mw_ruletest *r, const mw_fixture *f, mw_ruletest_result *t);

/** Evaluate the jobs once more with marks; fills the report's coverage. @p which: the fixture of each job. */
mw_status mw__ruletest_cover(mw_ruletest *r, const mw_job *jobs, const size_t *which, size_t count, int snapshot_fd,
                             mw_error *err);

#endif
