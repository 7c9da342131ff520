/*
 * Verdicts: what a rule said of a resource, stored once however often it says so; a run's findings refer to them. Relies on
 * numbers that follow from account, rule and digest, so that no second index is needed; must never take another
 * verdict for the one it looks for, though their numbers begin alike.
 */
#include "store/runs_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct verdicts {
    mw_store *s;
    mw_query *ask, *answer, *find, *add;
    mw_buf scratch;
};

/* ---- numbers ---- */

/* What an account has of one rule lies together, for it is written and read together: spread by digests
 * alone, each one of an organization's millions would be on a page of its own. */
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

int64_t mw__store_place(const char *account, const char *kind, const uint8_t digest[])
{
    uint64_t place = text_bits(account, ACCOUNT_BITS) << RULE_BITS | text_bits(kind, RULE_BITS);

    return (int64_t)(place << DIGEST_BITS | first_bits(digest, DIGEST_BITS));
}

/* ---- one verdict ---- */

static void digest_of(struct verdicts *w, const mw_store_finding *f, uint8_t out[MW_SHA256_SIZE])
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

static mw_status add_verdict(struct verdicts *w, const mw_store_finding *f, const uint8_t digest[], int64_t n,
                             mw_error *err)
{
    const char *const fields[] = {f->fingerprint, f->rule,   f->status,  f->severity, f->type,
                                  f->id,          f->arn,    f->name,    f->account,  f->region,
                                  f->partition,   f->subkey, f->message, f->evidence};

    mw__store_bind_int(w->add, 1, n);
    mw__store_bind_blob(w->add, 2, digest, MW_SHA256_SIZE);
    for (size_t i = 0; i < MW_COUNT(fields); i++)
        mw__store_bind(w->add, (int)i + 3, fields[i]);
    return mw__store_run(w->s, w->add, "recording a verdict", err);
}

/* Numbers follow places and digests; the next free one where two begin alike. *n = where to look, then where it is. */
static mw_status put_verdict(struct verdicts *w, const mw_store_finding *f, const uint8_t digest[], int64_t *n,
                             mw_error *err)
{
    mw_step code;

    for (bool found = false;; *n = *n == INT64_MAX ? 0 : *n + 1) {
        mw__store_bind_int(w->find, 1, *n);
        code = mw__store_step(w->find);
        found = code == MW_ROW && mw__store_digest_is(w->find, 0, digest, MW_SHA256_SIZE);
        mw__store_reset(w->find);
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
static mw_status find_verdicts(struct verdicts *w, struct verdict *all, size_t count, mw_error *err)
{
    mw_status st = MW_OK;
    mw_step code = MW_DONE;

    for (size_t i = 0; i < count && st == MW_OK; i++) {
        mw__store_bind_int(w->ask, 1, all[i].n);
        st = mw__store_run(w->s, w->ask, "asking for verdicts", err);
    }
    while (st == MW_OK && (code = mw__store_step(w->answer)) == MW_ROW) {
        const struct verdict key = {.n = mw__store_int(w->answer, 0)};
        const struct verdict *found = bsearch(&key, all, count, sizeof(*all), by_number);
        size_t at = found ? (size_t)(found - all) : count;
        while (at > 0 && at < count && all[at - 1].n == key.n)
            at--;
        for (; at < count && all[at].n == key.n; at++) {
            all[at].taken = true;
            all[at].there = mw__store_digest_is(w->answer, 1, all[at].digest, MW_SHA256_SIZE);
        }
    }
    if (st == MW_OK && code == MW_FAILED)
        st = mw__store_fail(w->s, "looking for verdicts", err);
    mw__store_reset(w->answer);
    return st;
}

/* In the order of the table, which is several times faster than random places. */
static mw_status put_all(struct verdicts *w, const mw_store_finding *findings, size_t count, int64_t *numbers,
                         mw_error *err)
{
    struct verdict *verdicts = mw_alloc((count + 1) * sizeof(*verdicts));
    mw_status st = MW_OK;

    if (!verdicts)
        return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", w->s->path);

    for (size_t i = 0; i < count; i++) {
        struct verdict *v = &verdicts[i];
        digest_of(w, &findings[i], v->digest);
        v->n = mw__store_place(findings[i].account, findings[i].rule, v->digest);
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

mw_status mw__verdicts_put(mw_store *s, const mw_store_finding *findings, size_t count, int64_t *numbers, mw_error *err)
{
    struct verdicts w = {.s = s, .scratch = {.max = (size_t)16 << 20}};
    const mw_store_query all[] = {
        {&w.find, "SELECT digest FROM verdict WHERE n = ?1"},
        {&w.add, "COPY verdict(n, digest, fingerprint, rule, status, severity, type, id, arn,"
                 " name, account, region, partition, subkey, message, evidence)"},
        {&w.ask, "COPY asked(n)"},
        {&w.answer, "SELECT v.n, v.digest FROM asked a JOIN verdict v ON v.n = a.n"},
    };
    mw_status st = mw__store_exec(s,
                                  "CREATE TEMP TABLE IF NOT EXISTS asked(n BIGINT);"
                                  "DELETE FROM asked",
                                  "preparing", err);

    if (st == MW_OK && (st = mw__store_prepare_all(s, all, MW_COUNT(all), err)) == MW_OK)
        st = put_all(&w, findings, count, numbers, err);
    for (size_t i = 0; i < MW_COUNT(all); i++)
        mw__store_finalize(*all[i].to);
    mw_buf_clear(&w.scratch);
    return st;
}
