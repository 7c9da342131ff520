/*
 * Runs into the store, account by account: the findings that have something of their own as rows, the others packed. A part
 * is one transaction, and so is the end of the run. Relies on verdicts.c, lives.c and packs.c for what each of the
 * three is; must never pack a finding whose fingerprint has a life, for a reader is told of it.
 */
#include "store/runs_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    mw_store *s;
    const mw_run *run;
    const mw_store_part *part;
    int64_t run_n, part_n;
    mw_lives lives;
    mw_arena arena;
    mw_store_finding *rows;
    size_t count, cap;
    mw_store_pack *packs;
};

static mw_status no_memory(const struct writer *w, mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", w->s->path);
}

/* ---- a run and its parts ---- */

static mw_status put_run_row(struct writer *w, mw_error *err)
{
    const mw_run *r = w->run;
    const char *const fields[] = {r->id, r->started_at, r->engine, r->rules_digest};
    mw_query *q;
    mw_status st = mw__store_prepare(
        w->s, "INSERT INTO run(id, started_at, engine, rules_digest) VALUES(?1,?2,?3,?4) RETURNING n", &q, err);

    if (st == MW_OK) {
        for (size_t i = 0; i < MW_COUNT(fields); i++)
            mw__store_bind(q, (int)i + 1, fields[i]);
        st = mw__store_run_int(w->s, q, "recording the run", &w->run_n, err);
    }
    mw__store_finalize(q);
    return st;
}

/* Its number; the first part records it. Of two that begin at once one waits for the other. */
static mw_status find_run(struct writer *w, mw_error *err)
{
    mw_status st;

    if ((st = mw__run_number(w->s, w->run->id, &w->run_n, err)) != MW_OK || w->run_n)
        return st;
    if ((st = w->s->driver->lock_open(w->s, err)) != MW_OK ||
        (st = mw__run_number(w->s, w->run->id, &w->run_n, err)) != MW_OK || w->run_n)
        return st;
    return put_run_row(w, err);
}

static mw_status put_part_row(struct writer *w, mw_error *err)
{
    const mw_store_part *p = w->part;
    mw_query *q;
    mw_status st = mw__store_prepare(
        w->s, "INSERT INTO run_part(run, account, digest, passed) VALUES(?1,?2,?3,?4) RETURNING n", &q, err);

    if (st == MW_OK) {
        mw__store_bind_int(q, 1, w->run_n);
        mw__store_bind(q, 2, p->account);
        mw__store_bind(q, 3, p->digest);
        mw__store_bind_int(q, 4, (int64_t)p->passed);
        if ((st = mw__store_run_int(w->s, q, "recording an account", &w->part_n, err)) != MW_OK &&
            mw__store_taken(w->s))
            st = mw_fail(err, MW_ERR_CONFLICT, "store %s holds account %s of run %s already", w->s->path, p->account,
                         w->run->id);
    }
    mw__store_finalize(q);
    return st;
}

static mw_status put_fixed(struct writer *w, mw_error *err)
{
    mw_query *q;
    mw_status st = mw__store_prepare(w->s, "UPDATE run SET fixed = fixed + ?1 WHERE n = ?2", &q, err);

    if (st == MW_OK) {
        mw__store_bind_int(q, 1, (int64_t)w->lives.fixed);
        mw__store_bind_int(q, 2, w->run_n);
        st = mw__store_run(w->s, q, "recording the run", err);
    }
    mw__store_finalize(q);
    return st;
}

/* ---- packed findings that have a life become rows ---- */

static mw_status add_row(struct writer *w, const mw_store_pack *k, const mw_store_subject *x, const char *fingerprint,
                         mw_error *err)
{
    if (w->count == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 64;
        mw_store_finding *grown = mw_realloc(w->rows, cap * sizeof(*grown));
        if (!grown)
            return no_memory(w, err);
        w->rows = grown;
        w->cap = cap;
    }
    w->rows[w->count] = mw__pack_finding(k, x, mw_arena_strdup(&w->arena, fingerprint));
    return w->rows[w->count++].fingerprint ? MW_OK : no_memory(w, err);
}

static mw_status take_out(struct writer *w, const mw_store_pack *k, uint64_t *bits, size_t *left, mw_error *err)
{
    for (size_t i = 0; i < k->subject_count; i++) {
        const mw_store_subject *x = &k->subjects[i];
        char fingerprint[MW_FINGERPRINT_SIZE];
        const mw_life *life;
        mw_status st;

        if (!(bits[i / 64] >> i % 64 & 1) || (!w->lives.count && mw_str_eq(x->account, w->part->account)))
            continue;
        if ((st = mw_fingerprint(k->rule, x->partition, x->account, x->region, x->id, NULL, fingerprint, err)) !=
                MW_OK ||
            (st = mw__lives_find(&w->lives, x->account, fingerprint, &life, err)) != MW_OK)
            return st;
        if (!life)
            continue;
        if ((st = add_row(w, k, x, fingerprint, err)) != MW_OK)
            return st;
        bits[i / 64] &= ~((uint64_t)1 << i % 64);
        --*left;
    }
    return MW_OK;
}

static mw_status take_out_all(struct writer *w, mw_error *err)
{
    const mw_store_part *p = w->part;
    mw_status st = MW_OK;

    w->packs = mw_arena_alloc(&w->arena, (p->pack_count + 1) * sizeof(*w->packs));
    if (!w->packs)
        return no_memory(w, err);
    for (size_t i = 0; i < p->pack_count && st == MW_OK; i++) {
        size_t bytes = (p->packs[i].subject_count + 63) / 64 * sizeof(uint64_t);
        uint64_t *bits = mw_arena_alloc(&w->arena, bytes + 1);
        if (!bits)
            return no_memory(w, err);
        memcpy(bits, p->packs[i].bits, bytes);
        w->packs[i] = p->packs[i];
        w->packs[i].bits = bits;
        st = take_out(w, &p->packs[i], bits, &w->packs[i].count, err);
    }
    return st;
}

static int in_order(const void *pa, const void *pb)
{
    const mw_store_finding *a = pa, *b = pb;
    int order;

    if ((order = strcmp(a->rule, b->rule)) || (order = strcmp(a->account, b->account)) ||
        (order = strcmp(a->region, b->region)) || (order = strcmp(a->id, b->id)))
        return order;
    return strcmp(a->subkey ? a->subkey : "", b->subkey ? b->subkey : "");
}

/* The part's own findings and those taken out, both in order, as one list in order. */
static mw_status merge_rows(struct writer *w, mw_error *err)
{
    const mw_store_part *p = w->part;
    mw_store_finding *taken = w->rows, *all = mw_alloc((p->count + w->count + 1) * sizeof(*all));
    size_t i = 0, k = 0, n = 0;

    if (!all)
        return no_memory(w, err);
    if (w->count > 1)
        qsort(taken, w->count, sizeof(*taken), in_order);
    while (i < p->count || k < w->count)
        all[n++] = k == w->count || (i < p->count && in_order(&p->findings[i], &taken[k]) <= 0) ? p->findings[i++]
                                                                                                : taken[k++];
    mw_free(taken);
    w->rows = all;
    w->count = w->cap = n;
    return MW_OK;
}

/* ---- a part ---- */

static mw_status put_rows(struct writer *w, mw_error *err)
{
    int64_t *verdicts = mw_alloc((w->count + 1) * sizeof(*verdicts));
    mw_query *add = NULL;
    mw_status st = verdicts ? mw__verdicts_put(w->s, w->rows, w->count, verdicts, err) : no_memory(w, err);

    if (st == MW_OK)
        st = mw__store_prepare(w->s, "COPY finding(run, seq, verdict, change, first_seen, last_seen)", &add, err);
    for (size_t i = 0; i < w->count && st == MW_OK; i++) {
        mw_store_finding *f = &w->rows[i];
        if ((st = mw__lives_judge(&w->lives, f, err)) != MW_OK)
            break;
        mw__store_bind_int(add, 1, w->run_n);
        mw__store_bind_int(add, 2, (w->part_n << MW_PART_BITS) + (int64_t)i);
        mw__store_bind_int(add, 3, verdicts[i]);
        mw__store_bind(add, 4, f->change);
        mw__store_bind(add, 5, f->first_seen[0] ? f->first_seen : NULL);
        mw__store_bind(add, 6, f->last_seen[0] ? f->last_seen : NULL);
        st = mw__store_run(w->s, add, "recording a finding", err);
    }
    mw__store_finalize(add);
    mw_free(verdicts);
    return st;
}

static mw_status put_all(struct writer *w, mw_error *err)
{
    const mw_store_part *p = w->part;
    mw_status st;

    if ((st = find_run(w, err)) != MW_OK || (st = put_part_row(w, err)) != MW_OK ||
        (st = mw__lives_begin(&w->lives, w->s, w->run_n, p->account, p->at, err)) != MW_OK ||
        (st = take_out_all(w, err)) != MW_OK || (st = merge_rows(w, err)) != MW_OK ||
        (st = put_rows(w, err)) != MW_OK ||
        (st = mw__packs_put(w->s, w->run_n, w->part_n, p->account, w->packs, p->pack_count, err)) != MW_OK ||
        (st = mw__lives_end(&w->lives, w->run, p, err)) != MW_OK)
        return st;
    return put_fixed(w, err);
}

mw_status mw_store_put_part(mw_store *s, const mw_run *run, const mw_store_part *part, mw_error *err)
{
    struct writer w = {.s = s, .run = run, .part = part, .arena = {.max_bytes = (size_t)1 << 30}};
    bool own;
    mw_status st = mw__store_join(s, &own, "beginning", err);

    if (st != MW_OK)
        return st;
    st = put_all(&w, err);
    mw__lives_clear(&w.lives);
    mw_arena_clear(&w.arena);
    mw_free(w.rows);
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
