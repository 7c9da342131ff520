/* One run as a report in the formats that people and programs read. The same input gives the same bytes. */
#ifndef MW_REPORT_REPORT_H
#define MW_REPORT_REPORT_H

#include "base/buf.h"
#include "engine/finding.h"
#include "report/coverage.h"

struct mw_report_counts;
typedef struct mw_report_rule {
    const char *rule;
    size_t failing;
} mw_report_rule;

/** What there is to tell. Everything is borrowed; findings in the contract's order. */
typedef struct mw_report {
    const char *run_id, *started_at, *finished_at, *engine;
    const char *rules_digest, *findings_digest, *snapshot; /* NULL is written as null */
    const mw_doc *coverage_doc;
    mw_val coverage; /* the contract's "coverage" array */
    const mw_finding *findings;
    size_t count;
    const mw_packed *packed; /* findings beside those: passes, and what does not apply */
    size_t packed_count;
    size_t passed; /* counted beside those that are listed */
    bool compared; /* with an earlier run: change and fixed mean something */
    size_t fixed;  /* by this run, what no longer exists included */
    /* When findings and coverage are a choice from a run that is too large for memory: the figures of all of it,
       failing findings of each rule included. NULL: the lists are whole. */
    const struct mw_report_counts *counts;
    const mw_report_rule *rules;
    size_t rule_count;
    const mw_tally *tally; /* likewise of the ledger */
} mw_report;

/** critical 0, high 1, medium 2, low 3, info 4; anything else 5. */
#define MW_SEVERITY_COUNT 5
unsigned mw_severity_rank(const char *severity);
const char *mw_severity_name(unsigned rank); /**< NULL beyond info */

/** The figures that a report and an exit status are made of. */
typedef struct mw_report_counts {
    size_t by_status[MW_VERDICT_ERROR + 1];  /* by mw_verdict */
    size_t failing[MW_SEVERITY_COUNT + 1];   /* failing findings by severity rank */
    size_t added, open, regressed;           /* failing findings by change */
    size_t scopes, scopes_complete;          /* without those that are skipped */
    size_t unknown_by_class[MW_CAUSE_COUNT]; /* unknown findings by why */
} mw_report_counts;
void mw_report_count(const mw_report *r, mw_report_counts *out);

/** The figures of its ledger: those that it has, else counted into @p own, which the caller clears. */
mw_status mw_report_tally(const mw_report *r, mw_tally *own, const mw_tally **out, mw_error *err);

/**
 * Did everything that was asked for get an answer? False when a finding is unknown or an error, or the state of
 * a scope is not "complete".
 */
bool mw_report_complete(const mw_report_counts *c);

/** The contract's document (docs/reference/findings.schema.json): one finding and one scope per line. */
mw_status mw_report_json(const mw_report *r, mw_buf *out, mw_error *err);
/**
 * The same document in pieces, for a run that is not in memory: head, scopes, middle, findings, tail. Between two
 * scopes and between two findings stands MW_REPORT_BETWEEN, before the first of each a newline.
 */
#define MW_REPORT_BETWEEN ",\n"
#define MW_REPORT_TAIL    "]}\n"
void mw_report_json_head(const mw_report *r, mw_buf *out);
mw_status mw_report_json_middle(const mw_report *r, mw_buf *out, mw_error *err);
/** Its findings alone, one per line. */
mw_status mw_report_jsonl(const mw_report *r, mw_buf *out, mw_error *err);
/** Where a document goes that need not be in memory. @p write takes a piece of it; what is not MW_OK ends the writing. */
typedef struct mw_report_sink {
    mw_status (*write)(void *user, const char *data, size_t len, mw_error *err);
    void *user;
} mw_report_sink;
/** The same two as they are made, in pieces of about a megabyte. @return as the sink does; MW_ERR_NOMEM. */
mw_status mw_report_json_to(const mw_report *r, const mw_report_sink *to, mw_error *err);
mw_status mw_report_jsonl_to(const mw_report *r, const mw_report_sink *to, mw_error *err);
/** Its "summary" alone, compact. */
mw_status mw_report_summary_json(const mw_report *r, mw_buf *out, mw_error *err);

typedef struct mw_text_options {
    bool color;
    unsigned width;                                     /* columns; 0 = 100 */
    size_t list_max;                                    /* failing resources shown for each rule; 0 = 20 */
    bool stored;                                        /* `moonward findings` can show the rest */
    const char *(*title)(void *user, const char *rule); /* NULL, or may return NULL */
    void *user;
} mw_text_options;

/**
 * For people: failing findings by severity and rule, what could not be judged and why, rules that failed,
 * coverage, counts, what changed, what to do next. Names and messages cannot drive the terminal.
 */
mw_status mw_report_text(const mw_report *r, const mw_text_options *o, mw_buf *out, mw_error *err);

/** A table of findings, one per line, for `findings list`. */
mw_status mw_report_table(const mw_finding *findings, size_t count, const mw_text_options *o, mw_buf *out,
                          mw_error *err);

#endif
