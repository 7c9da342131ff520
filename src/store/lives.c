/*
 * The life of findings: new, open, fixed, regressed. The ledger holds what every fingerprint that ever failed is today.
 * Relies on the caller for what was complete; must never close a finding because something was not seen:
 * unknown, error, an incomplete scope or a rule that did not run leave the ledger as it is.
 */
#include "store/runs_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mw_status no_memory(const mw_lives *l, mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", l->s->path);
}

/* ---- what is known ---- */

/* Those of a ledger are few: one for each run. */
static const char *keep_time(mw_lives *l, const char *text)
{
    size_t slot = 0;

    for (; slot < MW_COUNT(l->times) && l->times[slot]; slot++)
        if (strcmp(l->times[slot], text) == 0)
            return l->times[slot];
    if (slot == MW_COUNT(l->times))
        slot = l->count % MW_COUNT(l->times);
    return l->times[slot] = mw_arena_strdup(&l->arena, text);
}

/* Of a row: fingerprint, open, first_seen, last_seen. */
static mw_status keep(mw_lives *l, mw_query *q, mw_life *out, mw_error *err)
{
    *out = (mw_life){.fingerprint = mw_arena_strdup(&l->arena, mw__store_must(q, 0)),
                     .open = mw__store_int(q, 1) != 0,
                     .first_seen = keep_time(l, mw__store_must(q, 2)),
                     .last_seen = keep_time(l, mw__store_must(q, 3))};
    return out->fingerprint && out->first_seen && out->last_seen ? MW_OK : no_memory(l, err);
}

static mw_status add_known(mw_lives *l, mw_query *q, mw_error *err)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 256;
        mw_life *grown = mw_realloc(l->known, cap * sizeof(*grown));
        if (!grown)
            return no_memory(l, err);
        l->known = grown;
        l->cap = cap;
    }
    return keep(l, q, &l->known[l->count++], err);
}

#define LIFE "SELECT fingerprint, open, first_seen, last_seen FROM ledger WHERE "

static mw_status load(mw_lives *l, mw_error *err)
{
    mw_query *q;
    mw_step code = MW_DONE;
    mw_status st = mw__store_prepare(l->s, LIFE "account = ?1 ORDER BY fingerprint", &q, err);

    if (st == MW_OK)
        mw__store_bind(q, 1, l->account);
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW)
        st = add_known(l, q, err);
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(l->s, "reading the ledger", err);
    mw__store_finalize(q);
    return st;
}

mw_status mw__lives_begin(mw_lives *l, mw_store *s, int64_t run, const char *account, const char *now, mw_error *err)
{
    const mw_store_query all[] = {
        {&l->other, LIFE "fingerprint = ?1"},
        {&l->born, "COPY born(fingerprint, rule, type, id, account, region)"},
        {&l->lived, "COPY lived(fingerprint, open, last_seen, fixed_at)"},
        {&l->hold, "COPY held(rule, account, region, id)"},
    };
    mw_status st;

    *l = (mw_lives){.s = s, .run = run, .account = account, .now = now, .arena = {.max_bytes = (size_t)1 << 30}};
    st = mw__store_exec(s,
                        "CREATE TEMP TABLE IF NOT EXISTS held(rule TEXT, account TEXT, region TEXT, id TEXT);"
                        "CREATE INDEX IF NOT EXISTS held_key ON held(rule, account, region);"
                        "CREATE TEMP TABLE IF NOT EXISTS gone(fingerprint TEXT);"
                        "CREATE TEMP TABLE IF NOT EXISTS born(fingerprint TEXT, rule TEXT, type TEXT, id TEXT,"
                        "  account TEXT, region TEXT);"
                        "CREATE TEMP TABLE IF NOT EXISTS lived(fingerprint TEXT, open BIGINT, last_seen TEXT,"
                        "  fixed_at TEXT);"
                        "DELETE FROM held; DELETE FROM gone; DELETE FROM born; DELETE FROM lived",
                        "preparing", err);
    return st == MW_OK && (st = mw__store_prepare_all(s, all, MW_COUNT(all), err)) == MW_OK ? load(l, err) : st;
}

void mw__lives_clear(mw_lives *l)
{
    mw_query *const all[] = {l->other, l->born, l->lived, l->hold};

    for (size_t i = 0; i < MW_COUNT(all); i++)
        mw__store_finalize(all[i]);
    mw_free(l->known);
    mw_arena_clear(&l->arena);
    *l = (mw_lives){0};
}

static int by_fingerprint(const void *key, const void *life)
{
    return strcmp(key, ((const mw_life *)life)->fingerprint);
}

/* A fingerprint of another account than the part's: one row is asked for. */
static mw_status ask(mw_lives *l, const char *fingerprint, const mw_life **life, mw_error *err)
{
    mw_status st = MW_OK;
    mw_life *out = mw_arena_alloc(&l->arena, sizeof(*out));
    mw_step code;

    if (!out)
        return no_memory(l, err);
    mw__store_bind(l->other, 1, fingerprint);
    if ((code = mw__store_step(l->other)) == MW_ROW && (st = keep(l, l->other, out, err)) == MW_OK)
        *life = out;
    else if (code == MW_FAILED)
        st = mw__store_fail(l->s, "reading the ledger", err);
    mw__store_reset(l->other);
    return st;
}

mw_status mw__lives_find(mw_lives *l, const char *account, const char *fingerprint, const mw_life **life, mw_error *err)
{
    *life = NULL;
    if (!mw_str_eq(account, l->account))
        return ask(l, fingerprint, life, err);
    if (l->count)
        *life = bsearch(fingerprint, l->known, l->count, sizeof(*l->known), by_fingerprint);
    return MW_OK;
}

/* ---- judging: what the run says of lives goes aside, and all of it into the ledger at the end ---- */

static mw_status put(mw_lives *l, mw_query *q, const char *const *texts, size_t count, const char *doing, mw_error *err)
{
    for (size_t i = 0; i < count; i++)
        mw__store_bind(q, (int)i + 1, texts[i]);
    return mw__store_run(l->s, q, doing, err);
}

static mw_status add_life(mw_lives *l, const mw_store_finding *f, mw_error *err)
{
    const char *const fields[] = {f->fingerprint, f->rule, f->type, f->id, f->account, f->region};

    return put(l, l->born, fields, MW_COUNT(fields), "writing the ledger", err);
}

static mw_status set_life(mw_lives *l, const char *fingerprint, bool open, const char *last_seen, const char *fixed_at,
                          mw_error *err)
{
    mw__store_bind(l->lived, 1, fingerprint);
    mw__store_bind_int(l->lived, 2, open);
    mw__store_bind(l->lived, 3, last_seen);
    mw__store_bind(l->lived, 4, fixed_at);
    return mw__store_run(l->s, l->lived, "writing the ledger", err);
}

/* Nothing about this resource may be closed in this run; "*" is every account, region or resource: a rule that was
 * quarantined judged none. Empty, not null: the index finds it. */
static mw_status hold(mw_lives *l, const mw_store_finding *f, mw_error *err)
{
    const char *const fields[] = {f->rule, f->account ? f->account : "", f->region ? f->region : "",
                                  f->id ? f->id : ""};

    return put(l, l->hold, fields, MW_COUNT(fields), "recording what is unknown", err);
}

mw_status mw__lives_judge(mw_lives *l, mw_store_finding *f, mw_error *err)
{
    const mw_life *life;
    const char *change = "", *first_seen, *last_seen, *fixed_at = NULL;
    bool open;
    mw_status st = mw__lives_find(l, f->account, f->fingerprint, &life, err);

    if (st != MW_OK)
        return st;
    open = life && life->open;
    first_seen = life ? life->first_seen : "";
    last_seen = life ? life->last_seen : "";
    if (strcmp(f->status, "fail") == 0) {
        change = !life ? "new" : open ? "open" : "regressed";
        first_seen = life ? first_seen : l->now;
        last_seen = l->now;
        st = life ? MW_OK : add_life(l, f, err);
        open = true;
    } else if (strcmp(f->status, "unknown") == 0 || strcmp(f->status, "error") == 0) {
        st = hold(l, f, err);
    } else if (open) {
        change = "fixed";
        fixed_at = l->now;
        open = false;
        l->fixed++;
    }
    if (st == MW_OK && life)
        st = set_life(l, f->fingerprint, open, last_seen, fixed_at, err);
    snprintf(f->change, sizeof(f->change), "%s", change);
    snprintf(f->first_seen, sizeof(f->first_seen), "%s", first_seen);
    snprintf(f->last_seen, sizeof(f->last_seen), "%s", last_seen);
    return st;
}

static mw_status put_lives(mw_lives *l, mw_error *err)
{
    mw_query *add = NULL, *set = NULL;
    const mw_store_query all[] = {
        {&set, "UPDATE ledger SET open = l.open, last_seen = l.last_seen,"
               " fixed_at = coalesce(l.fixed_at, ledger.fixed_at), seen_run = ?1"
               " FROM lived l WHERE l.fingerprint = ledger.fingerprint"},
        {&add, "INSERT INTO ledger(fingerprint, rule, type, id, account, region, open, first_seen, last_seen,"
               " seen_run) SELECT DISTINCT fingerprint, rule, type, id, account, region, 1, ?1, ?1,"
               " CAST(?2 AS BIGINT) FROM born"},
    };
    mw_status st = mw__store_prepare_all(l->s, all, MW_COUNT(all), err);

    if (st == MW_OK) {
        mw__store_bind_int(set, 1, l->run);
        mw__store_bind(add, 1, l->now);
        mw__store_bind_int(add, 2, l->run);
        if ((st = mw__store_run(l->s, set, "writing the ledger", err)) == MW_OK)
            st = mw__store_run(l->s, add, "writing the ledger", err);
    }
    mw__store_finalize(set);
    mw__store_finalize(add);
    return st;
}

/* ---- what no longer exists ---- */

static mw_status close_gone(mw_lives *l, const char *rule, const mw_store_part *part, mw_query *open, mw_query *gone,
                            mw_error *err)
{
    mw_status st = MW_OK;
    mw_step code = MW_DONE;

    mw__store_bind(open, 1, rule);
    mw__store_bind_int(open, 2, l->run);
    mw__store_bind(open, 3, l->account);
    while (st == MW_OK && (code = mw__store_step(open)) == MW_ROW) {
        if (!part->complete(part->user, l->account, mw__store_must(open, 1), mw__store_must(open, 2)))
            continue;
        mw__store_bind(gone, 1, mw__store_must(open, 0));
        st = mw__store_run(l->s, gone, "closing a finding", err);
        l->fixed++;
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(l->s, "reading the ledger", err);
    mw__store_reset(open);
    return st;
}

static mw_status close_all_gone(mw_lives *l, const mw_run *run, const mw_store_part *part, mw_error *err)
{
    mw_query *open = NULL, *gone = NULL, *update = NULL;
    const mw_store_query all[] = {
        {&open, "SELECT fingerprint, region, type FROM ledger l"
                " WHERE account = ?3 AND rule = ?1 AND open = 1 AND seen_run <> ?2 AND NOT EXISTS ("
                "  SELECT 1 FROM held h WHERE h.rule = l.rule AND h.account IN (l.account, '*')"
                "   AND h.region IN (coalesce(l.region, ''), '*') AND h.id IN (coalesce(l.id, ''), '*'))"},
        {&gone, "COPY gone(fingerprint)"},
        {&update, "UPDATE ledger SET open = 0, fixed_at = ?1, seen_run = ?2"
                  " WHERE fingerprint IN (SELECT fingerprint FROM gone)"},
    };
    mw_status st = mw__store_prepare_all(l->s, all, MW_COUNT(all), err);

    for (size_t i = 0; i < run->rule_count && st == MW_OK; i++)
        st = close_gone(l, run->rules[i], part, open, gone, err);
    if (st == MW_OK) {
        mw__store_bind(update, 1, l->now);
        mw__store_bind_int(update, 2, l->run);
        st = mw__store_run(l->s, update, "closing findings", err);
    }
    for (size_t i = 0; i < MW_COUNT(all); i++)
        mw__store_finalize(*all[i].to);
    return st;
}

mw_status mw__lives_end(mw_lives *l, const mw_run *run, const mw_store_part *part, mw_error *err)
{
    mw_status st = put_lives(l, err);

    return st == MW_OK && part->complete ? close_all_gone(l, run, part, err) : st;
}
