/*
 * Evaluating rules over a snapshot: lays out the work, runs the pool, turns records into findings.
 * Everything that identifies a finding comes from the broker's own snapshot and rules; a worker only
 * contributes verdict, subkey, message and evidence, and those are checked. An evaluation without a
 * credible answer is an error finding; a rule in quarantine is one error finding and keeps no pass.
 */
#include "engine/evaluate.h"

#include "base/mem.h"
#include "engine/evaluate_pack.h"
#include "engine/rule_internal.h"
#include "engine/worker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HARD_MS_DEFAULT        500   /* evidence/lua-sandbox.md, "Defaults" */
#define EVALUATIONS_PER_WORKER 16000 /* a worker costs 10 ms of processor time to start, as much as 3,000 of these */
#define MESSAGE_MAX            2048
#define EVIDENCE_MAX           ((size_t)16 << 10)
#define VERDICTS_MAX           100

/* Verdicts of the evaluation under way in one slot: they count only once all are there. */
struct pending {
    mw_arena arena;
    mw_finding *items;
    size_t count;
};

struct evaluation {
    const mw_rules *rules;
    const mw_work *work;
    mw_findings *out; /* one list, or one per item */
    bool per_item;
    const mw_observer *observer; /* or NULL */
    struct pending *pending;
    mw_doc_builder *scratch;
    mw_buf evidence;
    mw_packer packer;    /* of one list */
    uint32_t known_item; /* whose members `known` has; + 1, so that 0 is none */
    mw_finding known;
};

/* ---- one finding ---- */

static const char *text_of(const struct evaluation *e, mw_val resource, mw_atom member)
{
    return mw_snap_text(&e->work->snap, resource, member);
}

static void identify(struct evaluation *e, mw_position p, mw_finding *f)
{
    const mw_rule *rule = &e->rules->items[p.rule].rule;
    mw_val r = mw_work_resource(e->work, p.item);
    const mw_snap *s = &e->work->snap;

    if (e->known_item != p.item + 1) { /* one resource is judged by many rules in a row */
        e->known_item = p.item + 1;
        e->known.id = text_of(e, r, s->id);
        e->known.arn = text_of(e, r, s->arn);
        e->known.name = text_of(e, r, s->name);
        e->known.account = text_of(e, r, s->account);
        e->known.region = text_of(e, r, s->region);
        e->known.partition = text_of(e, r, s->partition);
    }
    *f = e->known;
    f->rule = rule->id;
    f->severity = rule->severity;
    f->type = rule->resource;
}

/* Has it nothing that others of its rule have not? */
static bool is_plain(const mw_finding *f)
{
    return (f->status == MW_VERDICT_PASS || f->status == MW_VERDICT_NOT_APPLICABLE) && !f->subkey &&
           (!f->evidence || strcmp(f->evidence, "[]") == 0);
}

static mw_status add(struct evaluation *e, mw_position p, const mw_finding *f, mw_error *err)
{
    size_t packed = 0;
    mw_status st = MW_OK;

    if (!e->per_item && is_plain(f))
        st = mw__packer_take(&e->packer, p.item, &p.rule, 1, f->status, f->message, &packed, err);
    if (st != MW_OK || packed)
        return st;
    return mw_findings_add(e->per_item ? &e->out[p.item] : e->out, f, err);
}

static const char *dup_text(mw_arena *a, mw_str s, size_t max)
{
    size_t len = s.len < max ? s.len : max;

    if (!s.data)
        return NULL;
    while (len < s.len && len > 0 && ((unsigned char)s.data[len] & 0xC0) == 0x80)
        len--;
    return mw_arena_strndup(a, s.data, len);
}

/* Evidence must be a list of {path, value}; written anew, so that it is canonical whoever wrote it. */
static mw_status check_evidence(struct evaluation *e, mw_str text, mw_arena *arena, const char **out, mw_error *err)
{
    const mw_doc *d = mw_doc_view(e->scratch);
    mw_val list;

    *out = "[]";
    if (!text.data)
        return MW_OK;
    if (text.len > EVIDENCE_MAX)
        return mw_fail(err, MW_ERR_PARSE, "evidence is too long");
    mw_doc_builder_reset(e->scratch);
    if (mw_json_read(e->scratch, text.data, text.len, NULL, NULL, err) != MW_OK)
        return mw_fail(err, MW_ERR_PARSE, "evidence is not JSON");
    list = mw_doc_pop(e->scratch);
    if (mw_val_kind(d, list) != MW_KIND_ARRAY)
        return mw_fail(err, MW_ERR_PARSE, "evidence is not a list");
    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        mw_val entry = mw_val_at(d, list, i);
        if (mw_val_len(d, entry) != 2 || !mw_val_get_str(d, entry, "path", NULL) ||
            mw_val_get(d, entry, "value") == MW_VAL_ABSENT)
            return mw_fail(err, MW_ERR_PARSE, "evidence is not a list of paths and values");
    }
    mw_buf_reset(&e->evidence);
    if (mw_json_write(&e->evidence, d, list, MW_JSON_COMPACT) != MW_OK)
        return mw_fail(err, MW_ERR_PARSE, "evidence is too long");
    *out = mw_arena_strndup(arena, e->evidence.data, e->evidence.len);
    return *out ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory for evidence");
}

/* ---- records ---- */

static mw_status on_record(void *user, size_t slot, const mw_record *r, mw_error *err)
{
    struct evaluation *e = user;
    struct pending *p = &e->pending[slot];
    mw_position at = {r->item, r->rule};
    mw_finding *f;
    mw_status st;

    if (r->kind != MW_RECORD_VERDICT || r->count > VERDICTS_MAX)
        return mw_fail(err, MW_ERR_PARSE, "a worker's answer is not credible: not a verdict");
    if (r->index == 0) {
        mw_arena_clear(&p->arena);
        p->count = 0;
    }
    if (!p->items && !(p->items = mw_alloc(VERDICTS_MAX * sizeof(*p->items))))
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for findings");
    if (p->count != r->index)
        return mw_fail(err, MW_ERR_PARSE, "a worker's answer is not credible: a verdict is missing");
    f = &p->items[p->count++];
    identify(e, at, f);
    f->status = (mw_verdict)r->status;
    f->subkey = dup_text(&p->arena, r->text[0], 1024);
    f->message = dup_text(&p->arena, r->text[1], MESSAGE_MAX);
    if ((r->text[0].data && !f->subkey) || (r->text[1].data && !f->message))
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for findings");
    for (size_t i = 0; i + 1 < p->count; i++)
        if (strcmp(p->items[i].subkey ? p->items[i].subkey : "", f->subkey ? f->subkey : "") == 0)
            return mw_fail(err, MW_ERR_PARSE, "a worker's answer is not credible: two verdicts have one subkey");
    st = check_evidence(e, r->text[2], &p->arena, &f->evidence, err);
    for (size_t i = 0; st == MW_OK && r->index + 1 == r->count && i < p->count; i++)
        st = add(e, at, &p->items[i], err);
    return st;
}

/* Of one item and rules in a row; none has a text. */
static mw_status on_plain(void *user, uint32_t item, const uint32_t *rules, size_t count, mw_verdict status,
                          mw_error *err)
{
    struct evaluation *e = user;
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < count;) {
        size_t packed = 0;
        mw_finding f;
        if (!e->per_item)
            st = mw__packer_take(&e->packer, item, rules + i, count - i, status, NULL, &packed, err);
        i += packed;
        if (st != MW_OK || i == count)
            break;
        identify(e, (mw_position){item, rules[i++]}, &f);
        f.status = status;
        st = mw_findings_add(e->per_item ? &e->out[item] : e->out, &f, err);
    }
    return st;
}

static mw_status on_observed(void *user, const mw_record *r, mw_error *err)
{
    const struct evaluation *e = user;

    return e->observer->on_observed(e->observer->user, r, err);
}

static mw_status on_lost(void *user, size_t slot, mw_position p, const char *why, mw_error *err)
{
    struct evaluation *e = user;
    mw_finding f;

    e->pending[slot].count = 0;
    identify(e, p, &f);
    f.status = MW_VERDICT_ERROR;
    f.message = why;
    return add(e, p, &f, err);
}

/* ---- what is not a resource ---- */

/* One unknown finding for each scope that a rule's own type could not be listed in. */
static mw_status add_gaps(struct evaluation *e, mw_error *err)
{
    const mw_snap *s = &e->work->snap;
    const mw_doc *d = s->doc;
    mw_val scopes = mw_val_get(d, mw_snap_world(s, 0), "scopes");
    size_t count = mw_val_len(d, scopes);
    mw_status st = MW_OK;

    for (size_t i = 0; i < count; i++) {
        mw_val scope = mw_val_at(d, scopes, i);
        const char *type = mw_val_get_str(d, scope, "type", "");
        const char *state = mw_val_get_str(d, scope, "state", "");
        char cause[512], text[768];
        if (mw_val_str(d, mw_val_get(d, scope, "facet"), NULL) || strcmp(state, "complete") == 0)
            continue;
        mw_snap_cause_text(d, mw_val_get(d, scope, "cause"), cause, sizeof(cause));
        snprintf(text, sizeof(text), "the list of %s is %s: %s", type, *state ? state : "not known", cause);
        for (size_t k = 0; st == MW_OK && k < e->rules->count; k++) {
            const mw_rule *r = &e->rules->items[k].rule;
            mw_finding f = {.rule = r->id,
                            .severity = r->severity,
                            .status = MW_VERDICT_UNKNOWN,
                            .type = r->resource,
                            .id = "*",
                            .message = text,
                            .account = mw_val_get_str(d, scope, "account", ""),
                            .region = mw_val_get_str(d, scope, "region", ""),
                            .partition = mw_val_get_str(d, scope, "partition", "aws")};
            if (strcmp(r->resource, type) == 0)
                st = mw_findings_add(e->out, &f, err);
        }
    }
    return st;
}

/* A type that the snapshot never planned has no scopes: say so rather than nothing. */
static mw_status add_unplanned(struct evaluation *e, mw_error *err)
{
    const mw_snap *s = &e->work->snap;
    char text[256] = "the snapshot does not hold this resource type";
    size_t len = strlen(text);
    mw_status st = MW_OK;

    if (s->unheld != MW_VAL_ABSENT) {
        memcpy(text + len, ": ", sizeof(": "));
        mw_snap_cause_text(s->doc, mw_val_cause(s->doc, s->unheld), text + len + 2, sizeof(text) - len - 2);
    }
    for (size_t k = 0; st == MW_OK && k < e->rules->count; k++) {
        const mw_rule *r = &e->rules->items[k].rule;
        mw_finding f = {.rule = r->id,
                        .severity = r->severity,
                        .status = MW_VERDICT_UNKNOWN,
                        .type = r->resource,
                        .id = "*",
                        .account = "*",
                        .region = "*",
                        .partition = "aws",
                        .message = text};
        if (!mw_snap_type_known(&e->work->snap, r->resource))
            st = mw_findings_add(e->out, &f, err);
    }
    return st;
}

struct dropped {
    const mw_rules *rules;
    const unsigned char *quarantined;
};

static bool is_dropped(void *user, const mw_packed *p)
{
    const struct dropped *d = user;

    for (size_t k = 0; k < d->rules->count; k++)
        if (d->quarantined[k] && strcmp(d->rules->items[k].rule.id, p->rule) == 0)
            return true;
    return false;
}

/* Results of a quarantined rule depend on when it was caught: all of them give way to one error. */
static mw_status apply_quarantine(struct evaluation *e, const unsigned char *quarantined, mw_error *err)
{
    size_t kept = 0;
    mw_status st = MW_OK;
    bool any = false;

    for (size_t i = 0; i < e->rules->count; i++)
        any = any || quarantined[i];
    if (!any)
        return MW_OK;
    for (size_t i = 0; i < e->out->count; i++) {
        bool drop = false;
        for (size_t k = 0; k < e->rules->count && !drop; k++)
            drop = quarantined[k] && strcmp(e->rules->items[k].rule.id, e->out->items[i].rule) == 0;
        if (!drop)
            e->out->items[kept++] = e->out->items[i];
    }
    e->out->count = kept;
    mw_findings_drop_packed(e->out, is_dropped, &(struct dropped){e->rules, quarantined});
    for (size_t k = 0; st == MW_OK && k < e->rules->count; k++) {
        const mw_rule *r = &e->rules->items[k].rule;
        mw_finding f = {.rule = r->id,
                        .severity = r->severity,
                        .status = MW_VERDICT_ERROR,
                        .type = r->resource,
                        .id = "*",
                        .account = "*",
                        .region = "*",
                        .partition = "aws",
                        .message = "quarantined: it killed its worker or ran over its limits again and "
                                   "again; none of its results in this run count"};
        if (quarantined[k])
            st = mw_findings_add(e->out, &f, err);
    }
    return st;
}

/* ---- runs ---- */

static size_t worker_count(const mw_evaluate_options *o, const mw_work *work)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = o && o->workers > 0 ? (size_t)o->workers : cores > 0 ? (size_t)cores : 1;

    if ((!o || o->workers <= 0) && n > 1 + work->evaluations / EVALUATIONS_PER_WORKER)
        n = 1 + (size_t)(work->evaluations / EVALUATIONS_PER_WORKER);
    return n < work->items ? n : work->items ? work->items : 1;
}

/* Isolation is a fact of the process, kept for the caller's pointer. */
static char last_isolation[128] = "not started";

static mw_status run(struct evaluation *e, const mw_evaluate_options *o, int snapshot_fd, int bundle_fd,
                     unsigned char *quarantined, mw_evaluate_stats *stats, mw_error *err)
{
    mw_pool pool = {.work = e->work,
                    .snapshot_fd = snapshot_fd,
                    .bundle_fd = bundle_fd,
                    .workers = worker_count(o, e->work),
                    .hard_ms = o && o->hard_ms > 0 ? o->hard_ms : HARD_MS_DEFAULT,
                    .quarantine = !e->per_item,
                    .stop = o ? o->stop : NULL,
                    .user = e,
                    .on_record = on_record,
                    .on_plain = on_plain,
                    .on_lost = on_lost,
                    .on_observed = e->observer ? on_observed : NULL,
                    .on_progress = o ? o->on_progress : NULL,
                    .progress_user = o ? o->user : NULL,
                    .profile = o ? o->profile : NULL,
                    .quarantined = quarantined};
    mw_status st = MW_OK;

    e->evidence.max = 2 * EVIDENCE_MAX;
    e->pending = mw_alloc(pool.workers * sizeof(*e->pending));
    if (!e->pending)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for findings");
    st = mw_doc_builder_new(&(mw_doc_options){.max_bytes = 4 << 20}, &e->scratch, err);
    if (st == MW_OK)
        st = mw__pool_run(&pool, err);
    for (size_t i = 0; i < pool.workers; i++) {
        mw_arena_clear(&e->pending[i].arena);
        mw_free(e->pending[i].items);
    }
    mw_free(e->pending);
    mw_doc_builder_free(e->scratch);
    mw_buf_clear(&e->evidence);
    if (pool.isolation[0])
        memcpy(last_isolation, pool.isolation, sizeof(last_isolation));
    if (stats) {
        stats->evaluations = (size_t)e->work->evaluations;
        stats->workers_started = pool.started;
        stats->workers_died = pool.died;
        stats->isolation = last_isolation;
    }
    return st;
}

static bool has_nothing_to_say(void *user, const mw_packed *p)
{
    mw_findings *l = user;
    bool counted = p->status == MW_VERDICT_PASS && !p->message;

    l->passed += counted ? p->count : 0;
    return counted;
}

static size_t rule_from(const struct evaluation *e, size_t from, const char *id)
{
    while (from + 1 < e->rules->count && strcmp(e->rules->items[from].rule.id, id) != 0)
        from++;
    return from;
}

/* The counts are the broker's own; workers only measure. */
static void count_profile(const struct evaluation *e, mw_profile_rule *profile)
{
    for (size_t i = 0; i < e->work->group_count; i++)
        for (size_t k = 0; k < e->work->groups[i].rule_count; k++)
            profile[e->work->groups[i].rules[k]].evaluations += e->work->groups[i].count;
    /* Rules, findings and packed findings are sorted by the rule's id. */
    for (size_t i = 0, rule = 0; i < e->out->count; i++) {
        rule = rule_from(e, rule, e->out->items[i].rule);
        profile[rule].verdicts[e->out->items[i].status]++;
    }
    for (size_t i = 0, rule = 0; i < e->out->packed_count; i++) {
        rule = rule_from(e, rule, e->out->packed[i].rule);
        profile[rule].verdicts[e->out->packed[i].status] += e->out->packed[i].count;
    }
}

static mw_status evaluate(const mw_rules *rules, int snapshot_fd, const mw_evaluate_options *o, const mw_job *jobs,
                          size_t job_count, const mw_doc *params_doc, const mw_observer *observer, mw_findings *out,
                          mw_evaluate_stats *stats, mw_error *err)
{
    struct evaluation e = {.rules = rules, .out = out, .per_item = jobs != NULL, .observer = observer};
    unsigned char *quarantined = mw_alloc(rules->count + 1);
    mw_doc *snapshot = NULL, *bundle = NULL;
    mw_work work = {0};
    mw_snap snap;
    int bundle_fd = -1;
    mw_status st;

    if (!quarantined) {
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory for an evaluation");
        goto out;
    }
    if ((st = mw_doc_map(snapshot_fd, &snapshot, err)) != MW_OK || (st = mw_snap_init(&snap, snapshot, err)) != MW_OK ||
        (st = mw__bundle_rules(rules, o, jobs, job_count, params_doc, &snap, observer, &bundle_fd, err)) != MW_OK ||
        (st = mw_doc_map(bundle_fd, &bundle, err)) != MW_OK ||
        (st = mw_work_init(&work, bundle, snapshot, err)) != MW_OK)
        goto out;
    e.work = &work;
    e.packer = (mw_packer){.work = &work, .rules = rules, .out = out};
    if (!jobs && (st = mw__packer_begin(&e.packer, err)) != MW_OK)
        goto out;
    st = run(&e, o, snapshot_fd, bundle_fd, quarantined, stats, err);
    if (st == MW_OK && !e.per_item && (st = add_gaps(&e, err)) == MW_OK && (st = add_unplanned(&e, err)) == MW_OK)
        st = apply_quarantine(&e, quarantined, err);
    if (st == MW_OK && !e.per_item)
        mw_findings_sort(out);
    if (st == MW_OK && o && o->profile)
        count_profile(&e, o->profile);
    if (st == MW_OK && o && o->count_passes && !e.per_item)
        mw_findings_drop_packed(out, has_nothing_to_say, out);
out:
    mw_work_clear(&work);
    mw_doc_free(bundle);
    mw_doc_free(snapshot);
    if (bundle_fd >= 0)
        close(bundle_fd);
    mw__packer_clear(&e.packer);
    mw_free(quarantined);
    return st;
}

mw_status mw_evaluate(const mw_rules *rules, int snapshot_fd, const mw_evaluate_options *o, mw_findings *out,
                      mw_evaluate_stats *stats, mw_error *err)
{
    if (stats)
        memset(stats, 0, sizeof(*stats));
    return evaluate(rules, snapshot_fd, o, NULL, 0, NULL, NULL, out, stats, err);
}

mw_status mw__evaluate_jobs(const mw_rules *rules, int snapshot_fd, const mw_job *jobs, size_t count,
                            const mw_doc *params_doc, const mw_evaluate_options *o, const mw_observer *observer,
                            mw_findings *per_job, mw_error *err)
{
    if (count == 0)
        return MW_OK;
    return evaluate(rules, snapshot_fd, o, jobs, count, params_doc, observer, per_job, NULL, err);
}
