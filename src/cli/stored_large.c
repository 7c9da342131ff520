/*
 * Reports of runs that do not fit into memory. Figures come counted from the store; JSON is written
 * in pieces while findings and scopes are read in the contract's order; text gets the first findings
 * of each rule, which is what it shows anyway, and says how many there are. The bytes of JSON are
 * those of a report from memory.
 */
#include "cli/stored_large.h"

#include "base/file.h"
#include "base/str.h"
#include "cli/outcome.h"
#include "cli/results.h"
#include "report/value.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK       ((size_t)1 << 20)
#define SHOWN_MAX   20  /* failing findings of a rule, as text shows them */
#define UNKNOWN_MAX 50  /* unknown and error ones of a rule */
#define GAPS_MAX    500 /* incomplete scopes */

struct large {
    mw_setup *s;
    mw_store *store;
    mw_stored run; /* its report: a choice of findings and scopes */
    mw_report_counts counts;
    mw_tally tally;
    mw_report_rule *rules;
    size_t rule_count, rule_cap;
    mw_error *err;
    mw_status st;
    /* the choice for text */
    mw_doc_builder *gaps;
    size_t gap_count, shown, unknown;
    const char *last_rule;
    /* a document under way */
    mw_buf out;
    int fd;
    const char *name;
    bool lines, first;
};

/* ---- figures ---- */

mw_status mw_stored_size(mw_store *store, const char *run, size_t *out, mw_error *err)
{
    size_t scopes = 0, complete;
    mw_error none = {0};
    mw_status st;

    if ((st = mw_store_run_size(store, run, out, err)) != MW_OK)
        return st;
    if (mw_stored_scopes(store, run, &scopes, &complete, &none) == MW_OK) /* a run of before has no such snapshot */
        *out += scopes;
    return MW_OK;
}

static mw_report_rule *rule_of(struct large *l, const char *rule)
{
    if (l->rule_count && mw_str_eq(l->rules[l->rule_count - 1].rule, rule))
        return &l->rules[l->rule_count - 1];
    if (l->rule_count == l->rule_cap) {
        size_t cap = l->rule_cap ? l->rule_cap * 2 : 256;
        mw_report_rule *grown = mw_realloc(l->rules, cap * sizeof(*grown));
        if (!grown)
            return NULL;
        l->rules = grown;
        l->rule_cap = cap;
    }
    l->rules[l->rule_count] = (mw_report_rule){.rule = mw_arena_strdup(&l->run.arena, rule)};
    return l->rules[l->rule_count].rule ? &l->rules[l->rule_count++] : NULL;
}

static bool count(void *user, const mw_store_count *c)
{
    struct large *l = user;
    mw_report_rule *r = rule_of(l, c->rule);
    mw_verdict v;

    if (!r || mw_verdict_parse(c->status, &v) != MW_OK) {
        l->st = mw_fail(l->err, r ? MW_ERR_INVALID : MW_ERR_NOMEM, "report: the findings cannot be counted");
        return false;
    }
    l->counts.by_status[v] += c->count;
    if (v != MW_VERDICT_FAIL)
        return true;
    r->failing += c->count;
    l->counts.failing[mw_severity_rank(c->severity)] += c->count;
    l->counts.added += mw_str_eq(c->change, "new") ? c->count : 0;
    l->counts.open += mw_str_eq(c->change, "open") ? c->count : 0;
    l->counts.regressed += mw_str_eq(c->change, "regressed") ? c->count : 0;
    return true;
}

static bool tally_scope(void *user, const mw_doc *d, mw_val scope)
{
    struct large *l = user;

    return (l->st = mw_tally_add(&l->tally, d, scope, l->err)) == MW_OK;
}

static bool count_unknown(void *user, const mw_store_finding *row)
{
    struct large *l = user;

    if (mw_str_eq(row->status, mw_verdict_name(MW_VERDICT_UNKNOWN)))
        l->counts.unknown_by_class[mw_cause_classify_text(row->message)]++;
    return true;
}

/* Ledger and unknown findings, line by line: they are told by class. */
static mw_status tally(struct large *l, mw_error *err)
{
    const char *run = l->run.report.run_id;
    mw_status st = mw_stored_each_scope(l->store, run, tally_scope, l, err);

    if (st == MW_OK && (st = l->st) == MW_OK && l->counts.by_status[MW_VERDICT_UNKNOWN])
        st = mw_store_run_findings(l->store, run, MW_STORE_UNSETTLED, count_unknown, l, err);
    l->counts.scopes = l->tally.scopes;
    l->counts.scopes_complete = l->tally.complete;
    l->run.report.tally = &l->tally;
    return st;
}

/* ---- the choice for text ---- */

static bool choose(void *user, const mw_store_finding *row)
{
    struct large *l = user;
    mw_finding f;

    if ((l->st = mw_stored_finding(row, &f, l->err)) != MW_OK)
        return false;
    if (!l->last_rule || !mw_str_eq(l->last_rule, f.rule)) {
        l->shown = l->unknown = 0;
        l->last_rule = mw_arena_strdup(&l->run.arena, f.rule);
    }
    if ((f.status == MW_VERDICT_FAIL && l->shown++ < SHOWN_MAX) ||
        ((f.status == MW_VERDICT_UNKNOWN || f.status == MW_VERDICT_ERROR) && l->unknown++ < UNKNOWN_MAX))
        l->st = mw_findings_add(&l->run.findings, &f, l->err);
    return l->st == MW_OK && l->last_rule;
}

static bool choose_gap(void *user, const mw_doc *d, mw_val scope)
{
    struct large *l = user;

    if (!mw_str_eq(mw_val_get_str(d, scope, "state", ""), "complete") && l->gap_count < GAPS_MAX) {
        mw_doc_add_copy(l->gaps, d, scope);
        l->gap_count++;
    }
    return true;
}

static mw_status choose_all(struct large *l, mw_error *err)
{
    mw_report *r = &l->run.report;
    mw_status st = mw_doc_builder_new(&(mw_doc_options){.share = true}, &l->gaps, err);

    if (st == MW_OK) {
        mw_doc_begin_array(l->gaps);
        st = mw_stored_each_scope(l->store, r->run_id, choose_gap, l, err);
        mw_doc_end_array(l->gaps);
    }
    mw_doc_free(l->run.coverage);
    l->run.coverage = NULL;
    if (st == MW_OK)
        st = mw_doc_finish(l->gaps, mw_doc_pop(l->gaps), &l->run.coverage, err);
    mw_doc_builder_free(l->gaps);
    if (st == MW_OK && (st = mw_store_run_findings(l->store, r->run_id, MW_STORE_UNSETTLED, choose, l, err)) == MW_OK)
        st = l->st;
    r->coverage_doc = l->run.coverage;
    r->coverage = l->run.coverage ? mw_doc_root(l->run.coverage) : MW_VAL_ABSENT;
    r->findings = l->run.findings.items;
    r->count = l->run.findings.count;
    return st;
}

/* ---- documents ---- */

static bool flush(struct large *l, size_t least)
{
    if (l->st == MW_OK && l->out.len >= least) {
        if ((l->st = mw_buf_status(&l->out, l->err)) == MW_OK)
            l->st = mw_fd_write_all(l->fd, l->name, l->out.data ? l->out.data : "", l->out.len, l->err);
        mw_buf_reset(&l->out);
    }
    return l->st == MW_OK;
}

/* JSON goes out as that of a report from memory does; a piece ends between characters. */
static bool flush_json(struct large *l, size_t least)
{
    if (l->out.len >= least)
        mw_value_neutral(&l->out, 0);
    return flush(l, least);
}

static void between(struct large *l)
{
    if (!l->lines)
        mw_buf_puts(&l->out, l->first ? "\n" : MW_REPORT_BETWEEN);
    l->first = false;
}

static bool write_scope(void *user, const mw_doc *d, mw_val scope)
{
    struct large *l = user;

    between(l);
    mw_json_write(&l->out, d, scope, MW_JSON_COMPACT);
    return flush_json(l, CHUNK);
}

static bool write_finding(void *user, const mw_store_finding *row)
{
    struct large *l = user;
    mw_finding f;

    if ((l->st = mw_stored_finding(row, &f, l->err)) != MW_OK)
        return false;
    between(l);
    if ((l->st = mw_finding_json(&f, &l->out)) != MW_OK)
        mw_fail(l->err, l->st, "report: finding of %s", f.rule);
    if (l->lines)
        mw_buf_putc(&l->out, '\n');
    return flush_json(l, CHUNK);
}

static mw_status write_document(struct large *l, const char *format, mw_error *err)
{
    const mw_report *r = &l->run.report;
    mw_status st = MW_OK;

    l->lines = mw_str_eq(format, "jsonl");
    l->first = true;
    mw_buf_reset(&l->out);
    if (!l->lines) {
        mw_report_json_head(r, &l->out);
        if ((st = mw_stored_each_scope(l->store, r->run_id, write_scope, l, err)) != MW_OK || (st = l->st) != MW_OK ||
            (st = mw_report_json_middle(r, &l->out, err)) != MW_OK)
            return st;
        l->first = true;
    }
    if ((st = mw_store_run_findings(l->store, r->run_id, MW_STORE_ALL, write_finding, l, err)) != MW_OK ||
        (st = l->st) != MW_OK)
        return st;
    if (!l->lines)
        mw_buf_puts(&l->out, MW_REPORT_TAIL);
    flush_json(l, 0);
    return l->st;
}

static mw_status write_text(struct large *l, bool to_file, mw_error *err)
{
    mw_text_options text = mw_setup_text(l->s);
    mw_status st;

    text.stored = true;
    if (to_file) {
        text.color = false;
        text.width = 0;
    }
    if (!l->last_rule && (st = choose_all(l, err)) != MW_OK)
        return st;
    mw_buf_reset(&l->out);
    if ((st = mw_report_text(&l->run.report, &text, &l->out, err)) != MW_OK)
        return st;
    flush(l, 0);
    return l->st;
}

static mw_status write_to(struct large *l, int fd, const char *name, const char *format, bool to_file, mw_error *err)
{
    l->fd = fd;
    l->name = name;
    return mw_str_eq(format, "text") ? write_text(l, to_file, err) : write_document(l, format, err);
}

static mw_status export_one(struct large *l, const char *text, mw_error *err)
{
    char format[8];
    const char *equals = strchr(text, '='); /* mw_results_check() has looked at it */
    mw_file_new f;
    mw_status st = mw_file_begin(&f, equals + 1, 0600, err);

    snprintf(format, sizeof(format), "%.*s", (int)(equals - text), text);
    return st == MW_OK ? mw_file_end(&f, write_to(l, f.fd, equals + 1, format, true, err), err) : st;
}

static mw_status print(struct large *l, mw_error *err)
{
    const mw_args *args = l->s->cli->args;
    const char *output = mw_args_get(args, "output");
    mw_status st = MW_OK;

    if (mw_args_get(args, "query"))
        return mw_fail(err, MW_ERR_LIMIT,
                       "--query works on a document in memory, and run %s is too large for it; use "
                       "--output jsonl and a filter of lines",
                       l->run.report.run_id);
    if ((st = mw_store_run_counts(l->store, l->run.report.run_id, count, l, err)) != MW_OK || (st = l->st) != MW_OK ||
        (st = tally(l, err)) != MW_OK)
        return st;
    l->run.report.counts = &l->counts;
    l->run.report.rules = l->rules;
    l->run.report.rule_count = l->rule_count;
    for (size_t i = 0; i < mw_args_count(args, "export") && st == MW_OK; i++)
        st = export_one(l, mw_args_value(args, "export", i), err);
    return st == MW_OK ? write_to(l, STDOUT_FILENO, "stdout", output ? output : "text", false, err) : st;
}

int mw_stored_print_large(mw_setup *s, mw_store *store, const char *run, bool judge, mw_error *err)
{
    struct large l = {.s = s, .store = store, .err = err, .out = {.max = (size_t)256 << 20}};
    const char *fail_on = mw_setup_str(s, "fail-on");
    mw_status st = mw_stored_head(store, run, &l.run, err);
    int code = MW_EXIT_OK;

    l.counts.by_status[MW_VERDICT_PASS] = l.run.report.passed;
    if (st == MW_OK)
        st = print(&l, err);
    if (st == MW_OK && judge)
        code = mw_outcome(&l.counts, fail_on ? fail_on : MW_FAIL_ON_DEFAULT,
                          mw_args_flag(s->cli->args, "allow-incomplete") ||
                              mw_config_bool(&s->config, "allow_incomplete", false));
    mw_buf_clear(&l.out);
    mw_free(l.rules);
    mw_tally_clear(&l.tally);
    mw_stored_clear(&l.run);
    return st == MW_OK ? code : mw_cli_fail(err);
}
