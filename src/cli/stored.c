/* A run of the store as a report: the same bytes that its sweep printed. */
#include "cli/stored.h"

#include "base/str.h"

#include <string.h>

struct load {
    mw_stored *out;
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
    const char *coverage = run->coverage ? run->coverage : "[]";
    mw_doc_builder *b = NULL;

    r->report = (mw_report){
        .run_id = keep(r, run->id), .started_at = keep(r, run->started_at),
        .finished_at = keep(r, run->finished_at), .engine = keep(r, run->engine),
        .rules_digest = keep(r, run->rules_digest), .findings_digest = keep(r, run->findings_digest),
        .snapshot = keep(r, run->snapshot), .compared = true, .fixed = run->fixed,
    };
    if (!r->report.run_id)
        l->st = mw_fail(l->err, MW_ERR_NOMEM, "run: out of memory");
    else if ((l->st = mw_doc_builder_new(NULL, &b, l->err)) == MW_OK &&
             (l->st = mw_json_read(b, coverage, strlen(coverage), NULL, NULL, l->err)) == MW_OK)
        l->st = mw_doc_finish(b, mw_doc_pop(b), &r->coverage, l->err);
    mw_doc_builder_free(b);
    return false;
}

static bool take_finding(void *user, const mw_store_finding *row)
{
    struct load *l = user;
    mw_findings *all = &l->out->findings;
    mw_finding f = {.rule = row->rule, .severity = row->severity, .type = row->type, .id = row->id,
                    .arn = row->arn, .name = row->name, .account = row->account, .region = row->region,
                    .partition = row->partition, .subkey = row->subkey, .message = row->message,
                    .evidence = row->evidence};

    if ((l->st = mw_verdict_parse(row->status, &f.status)) != MW_OK)
        mw_fail(l->err, l->st, "store: unknown status '%s'", row->status);
    else if ((l->st = mw_findings_add(all, &f, l->err)) == MW_OK) {
        mw_finding *added = &all->items[all->count - 1];
        added->change = row->change[0] ? keep(l->out, row->change) : NULL;
        added->first_seen = row->first_seen[0] ? keep(l->out, row->first_seen) : NULL;
        added->last_seen = row->last_seen[0] ? keep(l->out, row->last_seen) : NULL;
    }
    return l->st == MW_OK;
}

mw_status mw_stored_load(mw_setup *s, const char *run, mw_stored *out, mw_error *err)
{
    struct load l = {.out = out, .err = err};
    mw_store *store = NULL;
    mw_status st;

    out->arena.max_bytes = out->findings.arena.max_bytes = (size_t)4 << 30;
    if ((st = mw_setup_store(s, &store, err)) != MW_OK)
        return st;
    if ((st = mw_store_get_run(store, run, take_run, &l, err)) == MW_OK && (st = l.st) == MW_OK &&
        (st = mw_store_run_findings(store, out->report.run_id, take_finding, &l, err)) == MW_OK)
        st = l.st;
    mw_store_close(store);
    out->report.coverage_doc = out->coverage;
    out->report.coverage = out->coverage ? mw_doc_root(out->coverage) : MW_VAL_ABSENT;
    out->report.findings = out->findings.items;
    out->report.count = out->findings.count;
    return st;
}

mw_status mw_stored_find(const mw_stored *r, const char *prefix, const mw_finding **out, mw_error *err)
{
    *out = NULL;
    for (size_t i = 0; i < r->findings.count; i++) {
        const mw_finding *f = &r->findings.items[i];
        if (!mw_str_starts(f->fingerprint, prefix))
            continue;
        if (*out && !mw_str_eq((*out)->fingerprint, f->fingerprint))
            return mw_fail(err, MW_ERR_INVALID, "several findings begin with '%s': give more of it", prefix);
        *out = f;
    }
    return *out ? MW_OK : mw_fail(err, MW_ERR_NOTFOUND, "run %s has no finding '%s'", r->report.run_id, prefix);
}

void mw_stored_clear(mw_stored *r)
{
    mw_findings_clear(&r->findings);
    mw_doc_free(r->coverage);
    mw_arena_clear(&r->arena);
    *r = (mw_stored){0};
}
