/*
 * The way of an account from AWS into the store: collected, judged, stored in one transaction, and
 * gone from memory before the next is. The run, its open snapshot and its findings grow account by
 * account; a process that ends leaves what is sealed, and another goes on with it. Nothing is
 * published before every account is there.
 */
#include "cli/flow.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "cli/flow_run.h"
#include "cli/judge.h"
#include "cli/parts_digest.h"
#include "cli/retention.h"
#include "cli/stored.h"
#include "engine/archive.h"

#include <string.h>
#include <unistd.h>

void mw_flow_clear(mw_flow *f)
{
    for (size_t i = 0; f->accounts && i < f->take->targets.count; i++) {
        mw_doc_free(f->accounts[i].coverage);
        mw_findings_clear(&f->accounts[i].findings);
    }
    mw_fresh_clear(&f->fresh);
    mw_store_close(f->store);
    mw_doc_free(f->notes);
    mw_doc_free(f->coverage);
    mw_findings_clear(&f->findings);
    *f = (mw_flow){0};
}

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "accounts: out of memory");
}

/* ---- one account ---- */

struct finished {
    const mw_target *target;
    mw_doc *snapshot, *coverage;
    char digest[2 * MW_SHA256_SIZE + 1];
    mw_judged judged;
};

static void make_row(const mw_finding *x, mw_store_finding *out)
{
    *out = (mw_store_finding){.fingerprint = x->fingerprint,
                              .rule = x->rule,
                              .status = mw_verdict_name(x->status),
                              .severity = x->severity,
                              .type = x->type,
                              .id = x->id,
                              .arn = x->arn,
                              .name = x->name,
                              .account = x->account,
                              .region = x->region,
                              .partition = x->partition,
                              .subkey = x->subkey,
                              .message = x->message,
                              .evidence = x->evidence};
}

static const mw_store_subject *make_subjects(mw_arena *a, const mw_packed *p)
{
    mw_store_subject *out = mw_arena_alloc(a, (p->subject_count + 1) * sizeof(*out));

    for (size_t i = 0; out && i < p->subject_count; i++) {
        const mw_subject *x = &p->subjects[i];
        out[i] = (mw_store_subject){.id = x->id,
                                    .arn = x->arn,
                                    .name = x->name,
                                    .account = x->account,
                                    .region = x->region,
                                    .partition = x->partition};
    }
    return out;
}

/* Rules of one type have the same subjects: so have their packs. */
static bool make_packs(mw_arena *a, const mw_findings *l, mw_store_pack *out)
{
    for (size_t i = 0; i < l->packed_count; i++) {
        const mw_packed *p = &l->packed[i];
        const mw_store_subject *subjects = NULL;
        for (size_t k = i; k-- > 0 && !subjects;)
            if (l->packed[k].subjects == p->subjects)
                subjects = out[k].subjects;
        if (!subjects && !(subjects = make_subjects(a, p)))
            return false;
        out[i] = (mw_store_pack){.rule = p->rule,
                                 .status = mw_verdict_name(p->status),
                                 .severity = p->severity,
                                 .type = p->type,
                                 .message = p->message,
                                 .subjects = subjects,
                                 .subject_count = p->subject_count,
                                 .bits = p->bits,
                                 .count = p->count};
    }
    return true;
}

static mw_status store_findings(mw_flow *f, struct finished *a, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {.max_bytes = (size_t)4 << 30};
    const mw_setup *s = &f->take->setup;
    const mw_findings *l = &a->judged.findings;
    mw_coverage_view view = {.snapshot = a->snapshot,
                             .coverage = a->coverage,
                             .regions = a->target->in.regions,
                             .region_count = a->target->in.region_count};
    size_t rules = mw_rules_count(s->rules);
    mw_store_finding *rows = mw_arena_alloc(&arena, (l->count + 1) * sizeof(*rows));
    mw_store_pack *packs = mw_arena_alloc(&arena, (l->packed_count + 1) * sizeof(*packs));
    const char **ids = mw_arena_alloc(&arena, (rules + 1) * sizeof(*ids));
    const mw_run run = {.id = f->run,
                        .started_at = f->started_at,
                        .engine = MW_VERSION,
                        .rules_digest = mw_rules_digest(s->rules),
                        .rules = ids,
                        .rule_count = rules};
    const mw_store_part part = {.account = a->target->in.account,
                                .at = f->finished_at,
                                .digest = a->judged.findings_digest,
                                .passed = l->passed,
                                .findings = rows,
                                .count = l->count,
                                .packs = packs,
                                .pack_count = l->packed_count,
                                .complete = mw_coverage_complete,
                                .user = &view};

    if (!rows || !packs || !ids || !make_packs(&arena, l, packs))
        return no_memory(err);
    for (size_t i = 0; i < rules; i++)
        ids[i] = mw_rules_at(s->rules, i)->id;
    for (size_t i = 0; i < l->count; i++)
        make_row(&l->items[i], &rows[i]);
    return mw_store_put_part(f->store, &run, &part, err);
}

static mw_status store_account(mw_flow *f, struct finished *a, mw_error *err)
{
    const mw_archive_name name = {
        .id = f->run, .digest = a->digest, .notes_doc = f->notes, .notes = mw_doc_root(f->notes)};
    mw_status st = mw_store_begin(f->store, err);

    if (st != MW_OK)
        return st;
    st = mw_archive_put_part(f->store, a->snapshot, &name, a->target->in.account, err);
    if (st == MW_OK && f->judges)
        st = store_findings(f, a, err);
    return mw_store_end(f->store, st, err);
}

static void keep_account(mw_flow *f, struct finished *a)
{
    mw_flow_account *out = &f->accounts[a->target - f->take->targets.items];

    out->coverage = a->coverage;
    a->coverage = NULL;
    memcpy(out->digest, a->digest, sizeof(out->digest));
    memcpy(out->findings_digest, a->judged.findings_digest, sizeof(out->findings_digest));
    out->findings = a->judged.findings;
    a->judged.findings = (mw_findings){0};
}

static mw_status take_account(mw_flow *f, struct finished *a, int fd, mw_error *err)
{
    mw_take *t = f->take;
    mw_status st;

    if ((st = mw_doc_map(fd, &a->snapshot, err)) != MW_OK ||
        (st = mw_coverage_from_snapshot(a->snapshot, a->target->extras, a->target->extra_count, &a->coverage, err)) !=
            MW_OK ||
        (st = mw_snapshot_digest(a->snapshot, a->digest, err)) != MW_OK ||
        (f->judges && (st = mw_judge(&t->setup, fd, &t->progress, &a->judged, err)) != MW_OK))
        return st;
    if (*t->setup.cli->stop)
        return mw_fail(err, MW_ERR_CANCELLED, "stopped by a signal");
    mw_time_iso(f->finished_at, mw_now_unix() * 1000000000);
    /* A rule that was quarantined is so in this account: elsewhere it may have done well. */
    if (t->targets.count > 1 &&
        (st = mw_findings_name_account(&a->judged.findings, a->target->in.account, err)) != MW_OK)
        return st;
    if (f->judges && (st = mw_findings_digest(&a->judged.findings, a->judged.findings_digest, err)) != MW_OK)
        return st;
    if (f->store)
        return store_account(f, a, err);
    keep_account(f, a);
    return MW_OK;
}

static mw_status on_account(void *user, size_t index, int fd, mw_error *err)
{
    mw_flow *f = user;
    struct finished a = {.target = &f->take->targets.items[f->order[index]], .judged = {.profile = f->profile}};
    mw_status st = take_account(f, &a, fd, err);

    f->accounts_done += st == MW_OK;
    mw_judged_clear(&a.judged);
    mw_doc_free(a.coverage);
    mw_doc_free(a.snapshot);
    close(fd);
    return st;
}

/* ---- all accounts ---- */

static mw_status collect(mw_flow *f, mw_error *err)
{
    mw_take *t = f->take;
    mw_collect_account *accounts = mw_alloc((f->order_count + 1) * sizeof(*accounts));
    mw_collect_options o = {.accounts = accounts,
                            .account_count = f->order_count,
                            .now_unix = f->now_unix,
                            .on_account = on_account,
                            .keep_sensitive = mw_setup_keeps_sensitive(&t->setup),
                            .user = f,
                            .on_progress = mw_progress_collect,
                            .progress_user = &t->progress};
    mw_status st = accounts ? MW_OK : no_memory(err);

    if (f->fresh.count) {
        o.known = mw_fresh_known;
        o.load = mw_fresh_load;
        o.known_user = &f->fresh;
    }
    for (size_t i = 0; i < f->order_count && st == MW_OK; i++)
        accounts[i] = t->targets.items[f->order[i]].in;
    mw_progress_start(&t->progress, t->setup.cli);
    if (st == MW_OK && f->order_count > 0)
        st = mw_collect(t->session.client, t->plan, &o, NULL, err);
    mw_progress_end(&t->progress);
    if (t->session.budget && t->session.budget->refused)
        mw_log_warn("the budget is spent: %llu requests for %.4f USD; what was not asked is unknown",
                    (unsigned long long)t->session.budget->calls, t->session.budget->usd);
    mw_free(accounts);
    if (st == MW_OK && *t->setup.cli->stop)
        st = mw_fail(err, MW_ERR_CANCELLED, "stopped by a signal");
    if (st == MW_ERR_CANCELLED)
        return mw_flow_run_stopped(f, err);
    return st == MW_OK ? mw_session_close(&t->session, err) : st;
}

/* Both end, whatever came before. */
static mw_status end_digests(mw_flow *f, mw_parts_digest *snapshot, mw_parts_digest *findings, mw_status st,
                             mw_error *err)
{
    mw_error none = {0};
    mw_status one = mw_parts_digest_end(snapshot, f->digest, st == MW_OK ? err : &none), two;

    st = st == MW_OK ? one : st;
    two = mw_parts_digest_end(findings, f->findings_digest, st == MW_OK ? err : &none);
    return st == MW_OK ? two : st;
}

static mw_status finish_kept(mw_flow *f, mw_error *err)
{
    mw_parts_digest snapshot = {0}, findings = {0};
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_array(b);
    for (size_t i = 0; i < f->take->targets.count && st == MW_OK; i++) {
        mw_flow_account *a = &f->accounts[i];
        for (size_t k = 0; a->coverage && k < mw_val_len(a->coverage, mw_doc_root(a->coverage)); k++)
            mw_doc_add_copy(b, a->coverage, mw_val_at(a->coverage, mw_doc_root(a->coverage), k));
        if (a->coverage) {
            mw_parts_digest_add(&snapshot, f->take->targets.items[i].in.account, a->digest);
            mw_parts_digest_add(&findings, f->take->targets.items[i].in.account, a->findings_digest);
        }
        st = mw_findings_absorb(&f->findings, &a->findings, err); /* by account, as targets are */
    }
    mw_doc_end_array(b);
    if (st == MW_OK)
        st = mw_doc_finish(b, mw_doc_pop(b), &f->coverage, err);
    mw_doc_builder_free(b);
    mw_findings_sort(&f->findings);
    return end_digests(f, &snapshot, &findings, st, err);
}

struct sealed {
    mw_flow *f;
    mw_parts_digest snapshot, findings;
    size_t mine, at; /* targets are by account, as parts are */
    bool undigested; /* some findings were stored by a version that gave their part no digest */
};

static bool take_part(void *user, const char *account, const char *digest)
{
    struct sealed *s = user;
    const mw_targets *t = &s->f->take->targets;

    mw_parts_digest_add(&s->snapshot, account, digest);
    while (s->at < t->count && strcmp(t->items[s->at].in.account, account) < 0)
        s->at++;
    s->mine += s->at < t->count && mw_str_eq(t->items[s->at].in.account, account);
    return true;
}

static bool take_findings(void *user, const mw_store_part *part)
{
    struct sealed *s = user;

    s->undigested = s->undigested || !part->digest;
    mw_parts_digest_add(&s->findings, part->account, part->digest ? part->digest : "");
    return true;
}

static mw_status publish(mw_flow *f, mw_error *err)
{
    MW_AUTO(mw_buf) coverage = {.max = (size_t)1 << 30};
    mw_run run = {.id = f->run,
                  .finished_at = f->finished_at,
                  .findings_digest = f->findings_digest[0] ? f->findings_digest : NULL,
                  .snapshot = f->digest};
    mw_status st = mw_store_begin(f->store, err);

    if (st != MW_OK)
        return st;
    st = mw_snapshot_publish(f->store, f->run, f->digest, &f->counts, err);
    if (st == MW_OK && f->judges && (st = mw_stored_coverage_text(f->store, f->run, &coverage, err)) == MW_OK) {
        run.coverage = coverage.len ? coverage.data : NULL;
        st = mw_store_finish_run(f->store, &run, err);
    }
    return mw_store_end(f->store, st, err);
}

static bool take_info(void *user, const mw_snapshot_info *info)
{
    ((mw_flow *)user)->counts = info->counts;
    return false;
}

static mw_status digest_parts(mw_flow *f, mw_error *err)
{
    struct sealed s = {.f = f};
    mw_status st = mw_snapshot_parts(f->store, f->run, take_part, &s, err);

    if (st == MW_OK && f->judges)
        st = mw_store_run_parts(f->store, f->run, take_findings, &s, err);
    f->accounts_done = s.mine;
    st = end_digests(f, &s.snapshot, &s.findings, st, err);
    if (s.undigested || !f->judges)
        f->findings_digest[0] = '\0';
    return st;
}

static mw_status finish_stored(mw_flow *f, mw_error *err)
{
    mw_status st = digest_parts(f, err);

    if (st != MW_OK || f->accounts_done < f->take->targets.count)
        return st;
    if ((st = publish(f, err)) == MW_ERR_NOTFOUND) /* another shard did */
        st = mw_snapshot_find(f->store, f->run, take_info, f, err);
    else if (st == MW_OK)
        mw_retention_after_run(&f->take->setup, f->store);
    f->published = st == MW_OK;
    return st;
}

/* --max-age: which snapshots are young enough. */
static mw_status read_fresh(mw_flow *f, mw_error *err)
{
    const char *text = mw_args_get(f->take->setup.cli->args, "max-age");
    int64_t age_ns;
    mw_status st;

    if (!text)
        return MW_OK;
    if (!f->store)
        return mw_fail(err, MW_ERR_INVALID, "--max-age needs a store");
    if ((st = mw_retention_age(text, &age_ns, err)) != MW_OK)
        return mw_error_prefix(err, st, "--max-age");
    if (f->judges && !mw_setup_keeps_sensitive(&f->take->setup) &&
        (st = mw_fresh_for_rules(&f->fresh, f->take->setup.rules, f->take->setup.types, f->take->session.models,
                                 err)) != MW_OK)
        return st;
    return mw_fresh_read(&f->fresh, f->store, age_ns / 1000000000, mw_now_unix(), err);
}

mw_status mw_flow_run(mw_flow *f, mw_error *err)
{
    mw_take *t = f->take;
    mw_status st;

    if ((st = mw_flow_run_check(f, err)) != MW_OK || (st = mw_take_identify(t, err)) != MW_OK)
        return st;
    f->order = mw_arena_alloc(&t->setup.arena, (t->targets.count + 1) * sizeof(*f->order));
    f->accounts = mw_arena_alloc(&t->setup.arena, (t->targets.count + 1) * sizeof(*f->accounts));
    if (!f->order || !f->accounts)
        return no_memory(err);
    if ((st = mw_flow_run_begin(f, err)) != MW_OK || (st = read_fresh(f, err)) != MW_OK ||
        (st = collect(f, err)) != MW_OK)
        return st;
    return f->store ? finish_stored(f, err) : finish_kept(f, err);
}

int mw_flow_print_share(const mw_flow *f)
{
    MW_AUTO(mw_buf) out = {.max = 4096};

    mw_buf_printf(&out, "run %s: %zu of %zu accounts are stored; the last shard reports\n", f->run, f->accounts_done,
                  f->take->targets.count);
    return mw_cli_print(out.data, out.len, MW_EXIT_OK);
}
