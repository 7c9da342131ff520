/*
 * Runs and the life of findings: new, open, fixed, regressed. One transaction per run; the ledger holds what
 * every fingerprint that ever failed is today. Relies on the caller for what was complete; must never
 * close a finding because something was not seen: unknown, error, an incomplete scope or a rule that did
 * not run leave the ledger as it is.
 */
#include "store/internal.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    mw_store *s;
    const mw_run *run;
    const char *account, *now; /* account NULL = all */
    int64_t run_n;
    mw_query *verdict_ask, *verdict_answer, *verdict_find, *verdict_add, *finding_add;
    mw_query *life_ask, *life_answer, *life_add, *life_set, *born, *lived, *hold;
    mw_buf scratch;
    size_t fixed;
};

/* ---- one verdict, stored once ---- */

static void digest_of(struct writer *w, const mw_store_finding *f, uint8_t out[MW_SHA256_SIZE])
{
    const char *const fields[] = {f->fingerprint, f->rule,   f->status,  f->severity, f->type,
                                  f->id,          f->arn,    f->name,    f->account,  f->region,
                                  f->partition,   f->subkey, f->message, f->evidence};

    mw_buf_reset(&w->scratch);
    for (size_t i = 0; i < MW_COUNT(fields); i++) { /* a length first, so that no two lists collide */
        size_t len = fields[i] ? strlen(fields[i]) : SIZE_MAX;
        mw_buf_add(&w->scratch, &len, sizeof(len), NULL);
        mw_buf_puts(&w->scratch, fields[i] ? fields[i] : "");
    }
    mw_sha256(out, w->scratch.data, w->scratch.len);
}

/* The verdicts of a rule in an account lie together, for they are written and read together: spread by their
 * digests alone, each one of an organization's millions would be on a page of its own. */
#define ACCOUNT_BITS 23
#define RULE_BITS    12
#define DIGEST_BITS  (63 - ACCOUNT_BITS - RULE_BITS)

static uint64_t first_bits(const uint8_t digest[], int bits)
{
    uint64_t n = 0;

    for (size_t i = 0; i < sizeof(n); i++)
        n = n << 8 | digest[i];
    return n >> (64 - bits);
}

static uint64_t text_bits(const char *text, int bits)
{
    uint8_t digest[MW_SHA256_SIZE];

    mw_sha256(digest, text ? text : "", text ? strlen(text) : 0);
    return first_bits(digest, bits);
}

static uint64_t place_of(const mw_store_finding *f)
{
    return text_bits(f->account, ACCOUNT_BITS) << RULE_BITS | text_bits(f->rule, RULE_BITS);
}

static mw_status add_verdict(struct writer *w, const mw_store_finding *f, const uint8_t digest[], int64_t n,
                             mw_error *err)
{
    const char *const fields[] = {f->fingerprint, f->rule,   f->status,  f->severity, f->type,
                                  f->id,          f->arn,    f->name,    f->account,  f->region,
                                  f->partition,   f->subkey, f->message, f->evidence};

    mw__store_bind_int(w->verdict_add, 1, n);
    mw__store_bind_blob(w->verdict_add, 2, digest, MW_SHA256_SIZE);
    for (size_t i = 0; i < MW_COUNT(fields); i++)
        mw__store_bind(w->verdict_add, (int)i + 3, fields[i]);
    return mw__store_run(w->s, w->verdict_add, "recording a verdict", err);
}

/* Numbers follow places and digests; the next free one where two begin alike. *n = where to look, then where it is. */
static mw_status put_verdict(struct writer *w, const mw_store_finding *f, const uint8_t digest[], int64_t *n,
                             mw_error *err)
{
    mw_step code;

    for (bool found = false;; *n = *n == INT64_MAX ? 0 : *n + 1) {
        mw__store_bind_int(w->verdict_find, 1, *n);
        code = mw__store_step(w->verdict_find);
        found = code == MW_ROW && mw__store_digest_is(w->verdict_find, 0, digest, MW_SHA256_SIZE);
        mw__store_reset(w->verdict_find);
        if (found)
            return MW_OK;
        if (code == MW_DONE)
            break;
        if (code != MW_ROW)
            return mw__store_fail(w->s, "looking for a verdict", err);
    }
    return add_verdict(w, f, digest, *n, err);
}

struct verdict {
    uint8_t digest[MW_SHA256_SIZE];
    int64_t n;
    size_t finding;
    bool taken, there; /* the store has one of this number; it is this one */
};

static int by_number(const void *a, const void *b)
{
    const struct verdict *x = a, *y = b;

    return (x->n > y->n) - (x->n < y->n);
}

/* Asked for all at once: one by one, each would cost a round trip to a server. */
static mw_status find_verdicts(struct writer *w, struct verdict *all, size_t count, mw_error *err)
{
    mw_status st = MW_OK;
    mw_step code = MW_DONE;

    for (size_t i = 0; i < count && st == MW_OK; i++) {
        mw__store_bind_int(w->verdict_ask, 1, all[i].n);
        st = mw__store_run(w->s, w->verdict_ask, "asking for verdicts", err);
    }
    while (st == MW_OK && (code = mw__store_step(w->verdict_answer)) == MW_ROW) {
        const struct verdict key = {.n = mw__store_int(w->verdict_answer, 0)};
        const struct verdict *found = bsearch(&key, all, count, sizeof(*all), by_number);
        size_t at = found ? (size_t)(found - all) : count;
        while (at > 0 && at < count && all[at - 1].n == key.n)
            at--;
        for (; at < count && all[at].n == key.n; at++) {
            all[at].taken = true;
            all[at].there = mw__store_digest_is(w->verdict_answer, 1, all[at].digest, MW_SHA256_SIZE);
        }
    }
    if (st == MW_OK && code == MW_FAILED)
        st = mw__store_fail(w->s, "looking for verdicts", err);
    mw__store_reset(w->verdict_answer);
    return st;
}

/* In the order of the table, which is several times faster than random places. */
static mw_status put_verdicts(struct writer *w, const mw_store_finding *findings, size_t count, int64_t *numbers,
                              mw_error *err)
{
    struct verdict *verdicts = mw_alloc((count + 1) * sizeof(*verdicts));
    uint64_t place = 0;
    mw_status st = MW_OK;

    if (!verdicts)
        return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", w->s->path);

    for (size_t i = 0; i < count; i++) {
        struct verdict *v = &verdicts[i];
        digest_of(w, &findings[i], v->digest);
        if (i == 0 || !mw_str_eq(findings[i].rule, findings[i - 1].rule) ||
            !mw_str_eq(findings[i].account, findings[i - 1].account))
            place = place_of(&findings[i]);
        v->n = (int64_t)(place << DIGEST_BITS | first_bits(v->digest, DIGEST_BITS));
        v->finding = i;
        if ((st = mw_buf_status(&w->scratch, err)) != MW_OK)
            goto out;
    }
    qsort(verdicts, count, sizeof(*verdicts), by_number);
    st = find_verdicts(w, verdicts, count, err);
    for (size_t i = 0; i < count && st == MW_OK; i++) {
        const struct verdict *v = &verdicts[i];
        int64_t *n = &numbers[v->finding];
        *n = v->n;
        if (v->there)
            continue;
        if (v->taken || (i > 0 && verdicts[i - 1].n == v->n)) /* a number that two share */
            st = put_verdict(w, &findings[v->finding], v->digest, n, err);
        else
            st = add_verdict(w, &findings[v->finding], v->digest, *n, err);
    }
out:
    mw_free(verdicts);
    return st;
}

/* ---- the life of one fingerprint ---- */

struct life {
    bool known, open;
    char first_seen[40], last_seen[40];
};

/* Of all findings, in their order. */
static mw_status get_lives(struct writer *w, const mw_store_finding *findings, size_t count, struct life *lives,
                           mw_error *err)
{
    mw_query *q = w->life_answer;
    mw_status st = MW_OK;
    mw_step code = MW_DONE;

    for (size_t i = 0; i < count && st == MW_OK; i++) {
        mw__store_bind_int(w->life_ask, 1, (int64_t)i);
        mw__store_bind(w->life_ask, 2, findings[i].fingerprint);
        st = mw__store_run(w->s, w->life_ask, "asking the ledger", err);
    }
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        uint64_t at = (uint64_t)mw__store_int(q, 0);
        if (at >= count)
            continue;
        lives[at].known = true;
        lives[at].open = mw__store_int(q, 1) != 0;
        snprintf(lives[at].first_seen, sizeof(lives[at].first_seen), "%s", mw__store_must(q, 2));
        snprintf(lives[at].last_seen, sizeof(lives[at].last_seen), "%s", mw__store_must(q, 3));
    }
    if (st == MW_OK && code == MW_FAILED)
        st = mw__store_fail(w->s, "reading the ledger", err);
    mw__store_reset(q);
    return st;
}

/* What the run says of a life goes aside, and all of it into the ledger at the end. */
static mw_status set_life(struct writer *w, const char *fingerprint, const struct life *l, const char *fixed_at,
                          mw_error *err)
{
    mw__store_bind(w->lived, 1, fingerprint);
    mw__store_bind_int(w->lived, 2, l->open);
    mw__store_bind(w->lived, 3, l->last_seen);
    mw__store_bind(w->lived, 4, fixed_at);
    return mw__store_run(w->s, w->lived, "writing the ledger", err);
}

static mw_status add_life(struct writer *w, const mw_store_finding *f, mw_error *err)
{
    const char *const fields[] = {f->fingerprint, f->rule, f->type, f->id, f->account, f->region};

    for (size_t i = 0; i < MW_COUNT(fields); i++)
        mw__store_bind(w->born, (int)i + 1, fields[i]);
    return mw__store_run(w->s, w->born, "writing the ledger", err);
}

static mw_status put_lives(struct writer *w, mw_error *err)
{
    mw_status st;

    mw__store_bind_int(w->life_set, 1, w->run_n);
    mw__store_bind(w->life_add, 1, w->now);
    mw__store_bind_int(w->life_add, 2, w->run_n);
    if ((st = mw__store_run(w->s, w->life_set, "writing the ledger", err)) != MW_OK)
        return st;
    return mw__store_run(w->s, w->life_add, "writing the ledger", err);
}

/* Nothing about this resource may be closed in this run. */
static mw_status hold(struct writer *w, const mw_store_finding *f, mw_error *err)
{
    const char *const fields[] = {f->rule, f->account, f->region, f->id};

    for (size_t i = 0; i < MW_COUNT(fields); i++) /* empty, not null: `=` finds it by index */
        mw__store_bind(w->hold, (int)i + 1, fields[i] ? fields[i] : "");
    return mw__store_run(w->s, w->hold, "recording what is unknown", err);
}

static mw_status judge(struct writer *w, mw_store_finding *f, struct life l, mw_error *err)
{
    const char *now = w->now;
    const char *change = "", *fixed_at = NULL;
    mw_status st = MW_OK;

    if (strcmp(f->status, "fail") == 0) {
        change = !l.known ? "new" : l.open ? "open" : "regressed";
        snprintf(l.last_seen, sizeof(l.last_seen), "%s", now);
        if (!l.known) {
            snprintf(l.first_seen, sizeof(l.first_seen), "%s", now);
            st = add_life(w, f, err);
        }
        l.open = true;
    } else if (strcmp(f->status, "unknown") == 0 || strcmp(f->status, "error") == 0) {
        st = hold(w, f, err);
    } else if (l.open) {
        change = "fixed";
        fixed_at = now;
        l.open = false;
        w->fixed++;
    }
    if (st == MW_OK && l.known)
        st = set_life(w, f->fingerprint, &l, fixed_at, err);
    snprintf(f->change, sizeof(f->change), "%s", change);
    snprintf(f->first_seen, sizeof(f->first_seen), "%s", l.first_seen);
    snprintf(f->last_seen, sizeof(f->last_seen), "%s", l.last_seen);
    return st;
}

static mw_status put_finding(struct writer *w, mw_store_finding *f, const struct life *life, size_t seq,
                             int64_t verdict, mw_error *err)
{
    mw_status st = judge(w, f, *life, err);

    if (st != MW_OK)
        return st;
    mw__store_bind_int(w->finding_add, 1, w->run_n);
    mw__store_bind_int(w->finding_add, 2, (int64_t)seq);
    mw__store_bind_int(w->finding_add, 3, verdict);
    mw__store_bind(w->finding_add, 4, f->change);
    mw__store_bind(w->finding_add, 5, f->first_seen[0] ? f->first_seen : NULL);
    mw__store_bind(w->finding_add, 6, f->last_seen[0] ? f->last_seen : NULL);
    return mw__store_run(w->s, w->finding_add, "recording a finding", err);
}

/* ---- what no longer exists ---- */

static mw_status close_gone(struct writer *w, const char *rule,
                            bool (*complete)(void *user, const char *account, const char *region, const char *type),
                            void *user, mw_query *open, mw_query *gone, mw_error *err)
{
    mw_status st = MW_OK;
    mw_step code;

    mw__store_bind(open, 1, rule);
    mw__store_bind_int(open, 2, w->run_n);
    if (w->account)
        mw__store_bind(open, 3, w->account);
    while (st == MW_OK && (code = mw__store_step(open)) == MW_ROW) {
        if (!complete(user, mw__store_must(open, 1), mw__store_must(open, 2), mw__store_must(open, 3)))
            continue;
        mw__store_bind(gone, 1, mw__store_must(open, 0));
        st = mw__store_run(w->s, gone, "closing a finding", err);
        w->fixed++;
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(w->s, "reading the ledger", err);
    mw__store_reset(open);
    return st;
}

#define OPEN_OF_RULE                                                                                                   \
    "SELECT fingerprint, account, region, type FROM ledger l"                                                          \
    " WHERE open = 1 AND rule = ?1 AND seen_run <> ?2 AND NOT EXISTS ("                                                \
    "  SELECT 1 FROM held h WHERE h.rule = l.rule AND h.account = coalesce(l.account, '')"                             \
    "   AND h.region = coalesce(l.region, '') AND (h.id = coalesce(l.id, '') OR h.id = '*'))"

static mw_status close_all_gone(struct writer *w,
                                bool (*complete)(void *user, const char *account, const char *region, const char *type),
                                void *user, mw_error *err)
{
    const char *now = w->now;
    mw_query *open = NULL, *gone = NULL, *update = NULL;
    mw_status st;

    if ((st = mw__store_prepare(w->s, w->account ? OPEN_OF_RULE " AND account = ?3" : OPEN_OF_RULE, &open, err)) !=
            MW_OK ||
        (st = mw__store_prepare(w->s, "COPY gone(fingerprint)", &gone, err)) != MW_OK ||
        (st = mw__store_prepare(w->s,
                                "UPDATE ledger SET open = 0, fixed_at = ?1, seen_run = ?2"
                                " WHERE fingerprint IN (SELECT fingerprint FROM gone)",
                                &update, err)) != MW_OK)
        goto out;
    for (size_t i = 0; i < w->run->rule_count && st == MW_OK; i++)
        st = close_gone(w, w->run->rules[i], complete, user, open, gone, err);
    if (st != MW_OK)
        goto out;
    mw__store_bind(update, 1, now);
    mw__store_bind_int(update, 2, w->run_n);
    st = mw__store_run(w->s, update, "closing findings", err);
out:
    mw__store_finalize(open);
    mw__store_finalize(gone);
    mw__store_finalize(update);
    return st;
}

/* ---- a run ---- */

static mw_status put_run_row(struct writer *w, mw_error *err)
{
    const mw_run *r = w->run;
    const char *const fields[] = {r->id,           r->started_at,      r->finished_at, r->engine,
                                  r->rules_digest, r->findings_digest, r->snapshot,    r->coverage};
    mw_query *q;
    mw_status st = mw__store_prepare(
        w->s,
        "INSERT INTO run(id, started_at, finished_at, engine, rules_digest, findings_digest, snapshot,"
        " coverage) VALUES(?1,?2,?3,?4,?5,?6,?7,?8) RETURNING n",
        &q, err);

    if (st == MW_OK) {
        for (size_t i = 0; i < MW_COUNT(fields); i++)
            mw__store_bind(q, (int)i + 1, fields[i]);
        if ((st = mw__store_run_int(w->s, q, "recording the run", &w->run_n, err)) != MW_OK && mw__store_taken(w->s))
            st = mw_fail(err, MW_ERR_CONFLICT, "store %s holds run %s already", w->s->path, r->id);
    }
    mw__store_finalize(q);
    return st;
}

static mw_status put_fixed(struct writer *w, mw_error *err)
{
    mw_query *q;
    mw_status st = mw__store_prepare(w->s, "UPDATE run SET fixed = fixed + ?1 WHERE n = ?2", &q, err);

    if (st == MW_OK) {
        mw__store_bind_int(q, 1, (int64_t)w->fixed);
        mw__store_bind_int(q, 2, w->run_n);
        st = mw__store_run(w->s, q, "recording the run", err);
    }
    mw__store_finalize(q);
    return st;
}

static mw_status prepare_all(struct writer *w, mw_error *err)
{
    const mw_store_query all[] = {
        {&w->verdict_find, "SELECT digest FROM verdict WHERE n = ?1"},
        {&w->verdict_add, "COPY verdict(n, digest, fingerprint, rule, status, severity, type, id, arn,"
                          " name, account, region, partition, subkey, message, evidence)"},
        {&w->finding_add, "COPY finding(run, seq, verdict, change, first_seen, last_seen)"},
        {&w->verdict_ask, "COPY asked(n)"},
        {&w->verdict_answer, "SELECT v.n, v.digest FROM asked a JOIN verdict v ON v.n = a.n"},
        {&w->life_ask, "COPY judged(seq, fingerprint)"},
        {&w->life_answer, "SELECT j.seq, l.open, l.first_seen, l.last_seen FROM judged j JOIN ledger l"
                          " ON l.fingerprint = j.fingerprint"},
        {&w->born, "COPY born(fingerprint, rule, type, id, account, region)"},
        {&w->lived, "COPY lived(fingerprint, open, last_seen, fixed_at)"},
        {&w->life_add, "INSERT INTO ledger(fingerprint, rule, type, id, account, region, open, first_seen, last_seen,"
                       " seen_run) SELECT DISTINCT fingerprint, rule, type, id, account, region, 1, ?1, ?1,"
                       " CAST(?2 AS BIGINT) FROM born"},
        {&w->life_set, "UPDATE ledger SET open = l.open, last_seen = l.last_seen,"
                       " fixed_at = coalesce(l.fixed_at, ledger.fixed_at), seen_run = ?1"
                       " FROM lived l WHERE l.fingerprint = ledger.fingerprint"},
        {&w->hold, "COPY held(rule, account, region, id)"},
    };
    mw_status st =
        mw__store_exec(w->s,
                       "CREATE TEMP TABLE IF NOT EXISTS held(rule TEXT, account TEXT, region TEXT, id TEXT);"
                       "CREATE INDEX IF NOT EXISTS held_key ON held(rule, account, region);"
                       "CREATE TEMP TABLE IF NOT EXISTS gone(fingerprint TEXT);"
                       "CREATE TEMP TABLE IF NOT EXISTS asked(n BIGINT);"
                       "CREATE TEMP TABLE IF NOT EXISTS judged(seq BIGINT, fingerprint TEXT);"
                       "CREATE TEMP TABLE IF NOT EXISTS born(fingerprint TEXT, rule TEXT, type TEXT, id TEXT,"
                       "  account TEXT, region TEXT);"
                       "CREATE TEMP TABLE IF NOT EXISTS lived(fingerprint TEXT, open BIGINT, last_seen TEXT,"
                       "  fixed_at TEXT);"
                       "DELETE FROM held; DELETE FROM gone; DELETE FROM asked; DELETE FROM judged;"
                       "DELETE FROM born; DELETE FROM lived",
                       "preparing", err);

    return st == MW_OK ? mw__store_prepare_all(w->s, all, MW_COUNT(all), err) : st;
}

/* Findings numbered from @p seq on, and what no longer exists. */
static mw_status put_findings(struct writer *w, mw_store_finding *findings, size_t count, size_t seq,
                              bool (*complete)(void *user, const char *account, const char *region, const char *type),
                              void *user, mw_error *err)
{
    int64_t *verdicts = mw_alloc((count + 1) * sizeof(*verdicts));
    struct life *lives = mw_alloc((count + 1) * sizeof(*lives));
    mw_status st = verdicts && lives ? put_verdicts(w, findings, count, verdicts, err)
                                     : mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", w->s->path);

    if (st == MW_OK)
        st = get_lives(w, findings, count, lives, err);
    for (size_t i = 0; i < count && st == MW_OK; i++)
        st = put_finding(w, &findings[i], &lives[i], seq + i, verdicts[i], err);
    mw_free(verdicts);
    mw_free(lives);
    if (st == MW_OK)
        st = put_lives(w, err);
    if (st == MW_OK && complete)
        st = close_all_gone(w, complete, user, err);
    return st == MW_OK ? put_fixed(w, err) : st;
}

static void writer_clear(struct writer *w)
{
    mw_query *const all[] = {w->verdict_ask, w->verdict_answer, w->verdict_find, w->verdict_add,
                             w->finding_add, w->life_ask,       w->life_answer,  w->life_add,
                             w->life_set,    w->born,           w->lived,        w->hold};

    for (size_t i = 0; i < MW_COUNT(all); i++)
        mw__store_finalize(all[i]);
    mw_buf_clear(&w->scratch);
}

mw_status mw_store_put_run(mw_store *s, const mw_run *run, mw_store_finding *findings, size_t count,
                           bool (*complete)(void *user, const char *account, const char *region, const char *type),
                           void *user, size_t *fixed, mw_error *err)
{
    struct writer w = {.s = s,
                       .run = run,
                       .scratch = {.max = (size_t)16 << 20},
                       .now = run->finished_at ? run->finished_at : run->started_at};
    mw_status st = s->driver->begin(s, true, "beginning", err);

    if (st != MW_OK)
        return st;
    if ((st = prepare_all(&w, err)) == MW_OK && (st = put_run_row(&w, err)) == MW_OK)
        st = put_findings(&w, findings, count, 0, complete, user, err);
    if (st == MW_OK && fixed)
        *fixed = w.fixed;
    writer_clear(&w);
    return mw__store_leave(s, true, st, "committing", err);
}

/* ---- a run in parts ---- */

static mw_status number_of_run(struct writer *w, mw_error *err)
{
    mw_query *q;
    mw_status st = mw__store_prepare(w->s, "SELECT n FROM run WHERE id = ?1", &q, err);

    if (st == MW_OK) {
        mw__store_bind(q, 1, w->run->id);
        st = mw__store_run_int(w->s, q, "looking for a run", &w->run_n, err);
    }
    mw__store_finalize(q);
    return st;
}

static mw_status next_part(struct writer *w, size_t *seq, mw_error *err)
{
    mw_query *q;
    mw_status st =
        mw__store_prepare(w->s, "SELECT coalesce((max(seq) >> ?2) + 1, 0) FROM finding WHERE run = ?1", &q, err);

    if (st == MW_OK) {
        mw__store_bind_int(q, 1, w->run_n);
        mw__store_bind_int(q, 2, MW_PART_BITS);
        if (mw__store_step(q) == MW_ROW)
            *seq = (size_t)mw__store_int(q, 0) << MW_PART_BITS;
        else
            st = mw__store_fail(w->s, "looking for a run", err);
    }
    mw__store_finalize(q);
    return st;
}

mw_status mw_store_put_part(mw_store *s, const mw_run *run, const char *account, const char *at,
                            mw_store_finding *findings, size_t count,
                            bool (*complete)(void *user, const char *account, const char *region, const char *type),
                            void *user, mw_error *err)
{
    struct writer w = {.s = s, .run = run, .account = account, .now = at, .scratch = {.max = (size_t)16 << 20}};
    size_t seq = 0;
    bool own;
    mw_status st = mw__store_join(s, &own, "beginning", err);

    if (st != MW_OK)
        return st;
    if ((st = prepare_all(&w, err)) == MW_OK && (st = number_of_run(&w, err)) == MW_OK && w.run_n == 0)
        st = put_run_row(&w, err);
    if (st == MW_OK && (st = next_part(&w, &seq, err)) == MW_OK)
        st = put_findings(&w, findings, count, seq, complete, user, err);
    writer_clear(&w);
    return mw__store_leave(s, own, st, "committing", err);
}

mw_status mw_store_finish_run(mw_store *s, const mw_run *run, mw_error *err)
{
    const char *const fields[] = {run->finished_at, run->findings_digest, run->snapshot, run->coverage, run->id};
    mw_query *q;
    mw_status st = mw__store_prepare(s,
                                     "UPDATE run SET finished_at = ?1, findings_digest = ?2, snapshot = ?3,"
                                     " coverage = ?4 WHERE id = ?5",
                                     &q, err);

    if (st == MW_OK) {
        for (size_t i = 0; i < MW_COUNT(fields); i++)
            mw__store_bind(q, (int)i + 1, fields[i]);
        st = mw__store_run(s, q, "finishing a run", err);
    }
    mw__store_finalize(q);
    return st == MW_OK && mw__store_changes(s) == 0
               ? mw_fail(err, MW_ERR_NOTFOUND, "store %s has no run %s", s->path, run->id)
               : st;
}
