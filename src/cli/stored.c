/* A run of the store as a report: the same bytes that its sweep printed. */
#include "cli/stored.h"

#include "cli/coverage.h"
#include "cli/judge.h"
#include "cli/results.h"
#include "cli/stored_large.h"

#include "base/str.h"
#include "inventory/cause.h"

#include <stdio.h>
#include <string.h>

/* Scopes of the ledger that are kept as text with the run. */
#define COVERAGE_TEXT_MAX 50000

/* ---- the ledger of a snapshot ---- */

struct ledger {
    bool (*row)(void *user, const mw_doc *d, mw_val scope); /* NULL: only counted */
    void *user;
    mw_doc_builder *b; /* of one line */
    size_t scopes, complete;
    bool stop;
    mw_error *err;
    mw_status st;
};

static bool hand_on(struct ledger *l, const mw_doc *d, mw_val scope)
{
    l->stop = l->row && !l->row(l->user, d, scope);
    return !l->stop;
}

static bool take_scope(void *user, const mw_snapshot_scope *s)
{
    struct ledger *l = user;
    bool on = true;

    l->scopes++;
    l->complete += mw_str_eq(s->state, "complete");
    if (!l->row)
        return true;
    if ((l->st = mw_doc_builder_new(NULL, &l->b, l->err)) == MW_OK &&
        (l->st = mw_coverage_scope_write(l->b, s, l->err)) == MW_OK &&
        (l->st = mw_doc_builder_status(l->b, l->err)) == MW_OK)
        on = hand_on(l, mw_doc_view(l->b), mw_doc_pop(l->b));
    mw_doc_builder_free(l->b);
    return on && l->st == MW_OK;
}

/* What the sweep itself could not read stands in the notes. */
static bool take_extras(void *user, const mw_snapshot_info *info)
{
    struct ledger *l = user;
    mw_doc_builder *b = NULL;

    if ((l->st = mw_doc_builder_new(NULL, &b, l->err)) != MW_OK)
        return false;
    if ((l->st = mw_json_read(b, info->about, strlen(info->about), &(mw_json_options){.exact = true}, NULL, l->err)) ==
        MW_OK) {
        const mw_doc *d = mw_doc_view(b);
        mw_val list = mw_val_get(d, mw_val_get(d, mw_doc_pop(b), "notes"), "extras");
        for (size_t i = 0; i < mw_val_len(d, list) && !l->stop; i++) {
            l->scopes += !mw_str_eq(mw_val_get_str(d, mw_val_at(d, list, i), "state", ""), MW_SCOPE_SKIPPED);
            hand_on(l, d, mw_val_at(d, list, i));
        }
    }
    mw_doc_builder_free(b);
    return false;
}

static mw_status walk(struct ledger *l, mw_store *store, const char *snapshot, mw_error *err)
{
    mw_status st;

    l->err = err;
    if ((st = mw_snapshot_find(store, snapshot, take_extras, l, err)) == MW_OK && (st = l->st) == MW_OK && !l->stop &&
        (st = mw_snapshot_scopes(store, snapshot, take_scope, l, err)) == MW_OK)
        st = l->st;
    return st;
}

mw_status mw_stored_scopes(mw_store *store, const char *snapshot, size_t *scopes, size_t *complete, mw_error *err)
{
    struct ledger l = {0};
    mw_status st = walk(&l, store, snapshot, err);

    *scopes = l.scopes;
    *complete = l.complete;
    return st;
}

mw_status mw_stored_each_scope(mw_store *store, const char *snapshot,
                               bool (*row)(void *user, const mw_doc *d, mw_val scope), void *user, mw_error *err)
{
    struct ledger l = {.row = row, .user = user};

    return walk(&l, store, snapshot, err);
}

static bool copy_scope(void *user, const mw_doc *d, mw_val scope)
{
    mw_doc_add_copy(user, d, scope);
    return true;
}

mw_status mw_stored_coverage(mw_store *store, const char *snapshot, mw_doc **out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(&(mw_doc_options){.share = true}, &b, err);

    if (st == MW_OK) {
        mw_doc_begin_array(b);
        st = mw_stored_each_scope(store, snapshot, copy_scope, b, err);
        mw_doc_end_array(b);
    }
    if (st == MW_OK)
        st = mw_doc_finish(b, mw_doc_pop(b), out, err);
    mw_doc_builder_free(b);
    return st;
}

mw_status mw_stored_coverage_text(mw_store *store, const char *snapshot, mw_buf *out, mw_error *err)
{
    size_t scopes, complete;
    mw_doc *d = NULL;
    mw_status st = mw_stored_scopes(store, snapshot, &scopes, &complete, err);

    if (st != MW_OK || scopes > COVERAGE_TEXT_MAX || (st = mw_stored_coverage(store, snapshot, &d, err)) != MW_OK)
        return st;
    mw_json_write(out, d, mw_doc_root(d), MW_JSON_COMPACT);
    mw_doc_free(d);
    return mw_buf_status(out, err);
}

/* ---- a run ---- */

struct load {
    mw_stored *out;
    const mw_stored_choice *choice;
    mw_error *err;
    mw_status st;
};

static const char *keep(mw_stored *r, const char *s)
{
    return s ? mw_arena_strdup(&r->arena, s) : NULL;
}

static bool take_run(void *user, const mw_run *run)
{
    struct load *l = user;
    mw_stored *r = l->out;
    mw_doc_builder *b = NULL;

    r->report = (mw_report){
        .run_id = keep(r, run->id),
        .started_at = keep(r, run->started_at),
        .finished_at = keep(r, run->finished_at),
        .engine = keep(r, run->engine),
        .rules_digest = keep(r, run->rules_digest),
        .findings_digest = keep(r, run->findings_digest),
        .snapshot = keep(r, run->snapshot),
        .compared = true,
        .fixed = run->fixed,
    };
    if (!r->report.run_id)
        l->st = mw_fail(l->err, MW_ERR_NOMEM, "run: out of memory");
    else if (run->coverage && (l->st = mw_doc_builder_new(NULL, &b, l->err)) == MW_OK &&
             (l->st = mw_json_read(b, run->coverage, strlen(run->coverage), NULL, NULL, l->err)) == MW_OK)
        l->st = mw_doc_finish(b, mw_doc_pop(b), &r->coverage, l->err);
    mw_doc_builder_free(b);
    return false;
}

mw_status mw_stored_finding(const mw_store_finding *row, mw_finding *out, mw_error *err)
{
    *out = (mw_finding){.rule = row->rule,
                        .severity = row->severity,
                        .type = row->type,
                        .id = row->id,
                        .arn = row->arn,
                        .name = row->name,
                        .account = row->account,
                        .region = row->region,
                        .partition = row->partition,
                        .subkey = row->subkey,
                        .message = row->message,
                        .evidence = row->evidence,
                        .change = row->change[0] ? row->change : NULL,
                        .first_seen = row->first_seen[0] ? row->first_seen : NULL,
                        .last_seen = row->last_seen[0] ? row->last_seen : NULL};
    snprintf(out->fingerprint, sizeof(out->fingerprint), "%s", row->fingerprint);
    return mw_verdict_parse(row->status, &out->status) == MW_OK
               ? MW_OK
               : mw_fail(err, MW_ERR_INVALID, "store: unknown status '%s'", row->status);
}

static bool take_passed(void *user, const mw_store_part *part)
{
    ((mw_stored *)user)->report.passed += part->passed;
    return true;
}

static bool take_finding(void *user, const mw_store_finding *row)
{
    struct load *l = user;
    mw_finding f;

    if ((l->st = mw_stored_finding(row, &f, l->err)) == MW_OK && l->choice->wanted(l->choice->user, &f))
        l->st = mw_findings_add(&l->out->findings, &f, l->err);
    return l->st == MW_OK;
}

mw_status mw_stored_head(mw_store *store, const char *run, mw_stored *out, mw_error *err)
{
    struct load l = {.out = out, .err = err};
    mw_status st;

    out->arena.max_bytes = out->findings.arena.max_bytes = (size_t)4 << 30;
    if ((st = mw_store_get_run(store, run, take_run, &l, err)) != MW_OK || (st = l.st) != MW_OK)
        return st;
    return mw_store_run_parts(store, out->report.run_id, take_passed, out, err);
}

static mw_status load(mw_store *store, const char *run, const mw_stored_choice *choice, mw_stored *out, mw_error *err)
{
    struct load l = {.out = out, .choice = choice, .err = err};
    mw_status st;

    if ((st = mw_stored_head(store, run, out, err)) == MW_OK &&
        (!choice->coverage || out->coverage ||
         (st = mw_stored_coverage(store, out->report.run_id, &out->coverage, err)) == MW_OK) &&
        (st = mw_store_run_findings(store, out->report.run_id, MW_STORE_ALL, take_finding, &l, err)) == MW_OK)
        st = l.st;
    out->report.coverage_doc = out->coverage;
    out->report.coverage = out->coverage ? mw_doc_root(out->coverage) : MW_VAL_ABSENT;
    out->report.findings = out->findings.items;
    out->report.count = out->findings.count;
    return st;
}

mw_status mw_stored_load(mw_setup *s, const char *run, const mw_stored_choice *choice, mw_stored *out, mw_error *err)
{
    mw_store *store = NULL;
    mw_status st = mw_setup_store(s, &store, err);

    if (st == MW_OK)
        st = load(store, run, choice, out, err);
    mw_store_close(store);
    return st;
}

static bool begins_so(void *user, const mw_finding *f)
{
    return mw_str_starts(f->fingerprint, *(const char *const *)user);
}

mw_status mw_stored_load_one(mw_setup *s, const char *run, const char *prefix, mw_stored *out, const mw_finding **found,
                             mw_error *err)
{
    const mw_stored_choice choice = {.wanted = begins_so, .user = &prefix};
    const mw_findings *all = &out->findings;
    mw_status st;

    *found = NULL;
    if ((st = mw_stored_load(s, run, &choice, out, err)) != MW_OK)
        return st;
    if (all->count == 0)
        return mw_fail(err, MW_ERR_NOTFOUND, "run %s has no finding '%s'", out->report.run_id, prefix);
    for (size_t i = 1; i < all->count; i++)
        if (!mw_str_eq(all->items[i].fingerprint, all->items[0].fingerprint))
            return mw_fail(err, MW_ERR_INVALID, "several findings begin with '%s': give more of it", prefix);
    *found = &all->items[all->count - 1];
    return MW_OK;
}

void mw_stored_clear(mw_stored *r)
{
    mw_findings_clear(&r->findings);
    mw_doc_free(r->coverage);
    mw_arena_clear(&r->arena);
    *r = (mw_stored){0};
}

static bool every_one(void *user, const mw_finding *f)
{
    (void)user;
    (void)f;
    return true;
}

int mw_stored_report(mw_setup *s, const char *run, bool judge, mw_error *err)
{
    MW_AUTO(mw_stored) head = {0};
    MW_AUTO(mw_stored) stored = {0};
    const mw_stored_choice everything = {.wanted = every_one, .coverage = true};
    mw_store *store = NULL;
    size_t size = 0;
    mw_status st;
    int code;

    if ((st = mw_setup_store(s, &store, err)) == MW_OK && (st = mw_stored_head(store, run, &head, err)) == MW_OK &&
        (st = mw_stored_size(store, head.report.run_id, &size, err)) == MW_OK && size <= MW_STORED_LARGE)
        st = load(store, head.report.run_id, &everything, &stored, err);
    if (st != MW_OK)
        code = mw_cli_fail(err);
    else if (size > MW_STORED_LARGE)
        code = mw_stored_print_large(s, store, head.report.run_id, judge, err);
    else
        code = judge ? mw_judge_finish(s, &stored.report, true) : mw_results_write(s, &stored.report, true, MW_EXIT_OK);
    mw_store_close(store);
    return code;
}
