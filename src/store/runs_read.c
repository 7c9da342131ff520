/*
 * Runs and their findings back from the store. The parts of a run, one for each account, are merged on the way, by rule and
 * account, and in each the rows with what is packed: what is in memory is one finding, a place in each part and what one
 * rule packed.
 */
#include "store/runs_internal.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_COLUMNS                                                                                                    \
    "SELECT id, started_at, finished_at, engine, rules_digest, findings_digest, snapshot, coverage,"                   \
    " fixed FROM run "

static mw_status each_run(mw_store *s, mw_query *q, bool (*row)(void *user, const mw_run *run), void *user,
                          size_t *count, mw_error *err)
{
    mw_step code;

    *count = 0;
    while ((code = mw__store_step(q)) == MW_ROW) {
        const mw_run r = {
            .id = mw__store_must(q, 0),
            .started_at = mw__store_must(q, 1),
            .finished_at = mw__store_text(q, 2),
            .engine = mw__store_text(q, 3),
            .rules_digest = mw__store_text(q, 4),
            .findings_digest = mw__store_text(q, 5),
            .snapshot = mw__store_text(q, 6),
            .coverage = mw__store_text(q, 7),
            .fixed = (size_t)mw__store_int(q, 8),
        };
        (*count)++;
        if (!row(user, &r))
            return MW_OK;
    }
    return code == MW_DONE ? MW_OK : mw__store_fail(s, "reading runs", err);
}

mw_status mw_store_runs(mw_store *s, bool (*row)(void *user, const mw_run *run), void *user, mw_error *err)
{
    mw_query *q;
    size_t count;
    mw_status st = mw__store_prepare(s, RUN_COLUMNS "ORDER BY n DESC", &q, err);

    if (st == MW_OK)
        st = each_run(s, q, row, user, &count, err);
    mw__store_finalize(q);
    return st;
}

mw_status mw_store_get_run(mw_store *s, const char *run, bool (*row)(void *user, const mw_run *run), void *user,
                           mw_error *err)
{
    mw_query *q;
    size_t count = 0;
    mw_status st = mw__store_prepare(s,
                                     run ? RUN_COLUMNS "WHERE id = ?1"
                                         : RUN_COLUMNS "WHERE finished_at IS NOT NULL"
                                                       " ORDER BY n DESC LIMIT 1",
                                     &q, err);

    if (st == MW_OK) {
        if (run)
            mw__store_bind(q, 1, run);
        st = each_run(s, q, row, user, &count, err);
    }
    mw__store_finalize(q);
    if (st == MW_OK && count == 0)
        st = run ? mw_fail(err, MW_ERR_NOTFOUND, "store %s has no run %s", s->path, run)
                 : mw_fail(err, MW_ERR_NOTFOUND, "store %s has no finished run", s->path);
    return st;
}

mw_status mw__run_number(mw_store *s, const char *run, int64_t *n, mw_error *err)
{
    mw_query *q;
    mw_status st = mw__store_prepare(s, "SELECT n FROM run WHERE id = ?1", &q, err);

    *n = 0;
    if (st == MW_OK) {
        mw__store_bind(q, 1, run);
        st = mw__store_run_int(s, q, "looking for a run", n, err);
    }
    mw__store_finalize(q);
    return st;
}

/* ---- findings ---- */

#define FINDINGS                                                                                                       \
    "SELECT v.fingerprint, v.rule, v.status, v.severity, v.type, v.id, v.arn, v.name, v.account,"                      \
    " v.region, v.partition, v.subkey, v.message, v.evidence, f.change, f.first_seen,"                                 \
    " f.last_seen, f.seq FROM finding f JOIN verdict v ON v.n = f.verdict"                                             \
    " WHERE f.run = ?1 AND f.seq >= ?2 AND f.seq < ?3 ORDER BY f.seq LIMIT ?4"

static mw_store_finding finding_of(mw_query *q)
{
    mw_store_finding f = {
        .fingerprint = mw__store_must(q, 0),
        .rule = mw__store_must(q, 1),
        .status = mw__store_must(q, 2),
        .severity = mw__store_text(q, 3),
        .type = mw__store_text(q, 4),
        .id = mw__store_text(q, 5),
        .arn = mw__store_text(q, 6),
        .name = mw__store_text(q, 7),
        .account = mw__store_text(q, 8),
        .region = mw__store_text(q, 9),
        .partition = mw__store_text(q, 10),
        .subkey = mw__store_text(q, 11),
        .message = mw__store_text(q, 12),
        .evidence = mw__store_text(q, 13),
    };
    const char *const out[] = {mw__store_text(q, 14), mw__store_text(q, 15), mw__store_text(q, 16)};

    snprintf(f.change, sizeof(f.change), "%s", out[0] ? out[0] : "");
    snprintf(f.first_seen, sizeof(f.first_seen), "%s", out[1] ? out[1] : "");
    snprintf(f.last_seen, sizeof(f.last_seen), "%s", out[2] ? out[2] : "");
    return f;
}

/* A part of the run, and its next row; a rule is NULL when there is none left. */
struct part {
    int64_t n, next, end;
    char *rule;   /* of the next row */
    char *packed; /* of the next packs */
};

struct merge {
    mw_store *s;
    int64_t run;
    mw_store_wanted wanted;
    mw_query *findings;
    mw_packs packs;
    struct part *parts; /* by account */
    size_t count, cap;
    bool (*row)(void *user, const mw_store_finding *f);
    void *user;
    bool stop;
};

#define PAGE_FIRST 16
#define PAGE_MAX   1024

static mw_status no_memory(mw_store *s, mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", s->path);
}

static mw_status set_rule(struct merge *m, struct part *p, const char *rule, mw_error *err)
{
    mw_free(p->rule);
    p->rule = rule ? mw_strdup(rule) : NULL;
    return rule && !p->rule ? no_memory(m->s, err) : MW_OK;
}

/* ---- one after the other ---- */

static bool is_settled(const mw_store_finding *f)
{
    return strcmp(f->status, "pass") == 0 || strcmp(f->status, "not_applicable") == 0;
}

static void hand_on(struct merge *m, const mw_store_finding *f)
{
    if (m->wanted == MW_STORE_ALL || !is_settled(f))
        m->stop = !m->row(m->user, f);
}

static int by_resource(const mw_store_finding *a, const mw_store_finding *b)
{
    const char *const x[] = {a->account, a->region, a->id}, *const y[] = {b->account, b->region, b->id};

    for (size_t i = 0; i < MW_COUNT(x); i++) {
        int order = strcmp(x[i] ? x[i] : "", y[i] ? y[i] : "");
        if (order)
            return order;
    }
    return 0;
}

/* Packed findings that come before @p row, NULL = all that are left. */
static mw_status packed_before(struct merge *m, const mw_store_finding *row, mw_error *err)
{
    mw_store_finding f;
    bool found = false;
    mw_status st = MW_OK;

    while (!m->stop && (st = mw__packs_peek(&m->packs, &f, &found, err)) == MW_OK && found &&
           (!row || by_resource(&f, row) < 0)) {
        mw__packs_skip(&m->packs);
        hand_on(m, &f);
    }
    return st;
}

/* Up to @p limit rows of a part that are of the rule of its next one; *count of them were looked at. */
static mw_status stream_page(struct merge *m, struct part *p, bool packed, int64_t limit, int64_t *count, bool *over,
                             mw_error *err)
{
    mw_query *q = m->findings;
    mw_status st = MW_OK;
    mw_step code = MW_DONE;

    mw__store_bind_int(q, 1, m->run);
    mw__store_bind_int(q, 2, p->next);
    mw__store_bind_int(q, 3, p->end);
    mw__store_bind_int(q, 4, limit);
    for (*count = 0; st == MW_OK && !m->stop && (code = mw__store_step(q)) == MW_ROW; ++*count) {
        const mw_store_finding f = finding_of(q);
        int64_t seq = mw__store_int(q, 17);
        if (strcmp(f.rule, p->rule) != 0) {
            p->next = seq;
            *over = true;
            st = set_rule(m, p, f.rule, err);
            break;
        }
        p->next = seq + 1;
        if ((!packed || (st = packed_before(m, &f, err)) == MW_OK) && !m->stop)
            hand_on(m, &f);
    }
    if (st == MW_OK && code == MW_FAILED)
        st = mw__store_fail(m->s, "reading findings", err);
    mw__store_reset(q);
    return st;
}

/* The rows of a part that are of the rule of its next one, in pages that grow: what a server sent beyond is thrown away. */
static mw_status stream_rows(struct merge *m, struct part *p, bool packed, mw_error *err)
{
    int64_t limit = PAGE_FIRST, count;
    bool over = false, full = true;
    mw_status st = MW_OK;

    for (; st == MW_OK && full && !over && !m->stop; limit = limit < PAGE_MAX ? limit * 2 : limit) {
        st = stream_page(m, p, packed, limit, &count, &over, err);
        full = count == limit;
    }
    return st == MW_OK && !over && !m->stop ? set_rule(m, p, NULL, err) : st;
}

static mw_status next_packs(struct merge *m, struct part *p, const char *after, mw_error *err)
{
    mw_free(p->packed);
    p->packed = NULL;
    return m->wanted == MW_STORE_ALL ? mw__packs_next_rule(&m->packs, p->n, after, &p->packed, err) : MW_OK;
}

static mw_status stream_part(struct merge *m, struct part *p, const char *rule, mw_error *err)
{
    bool packed = p->packed && strcmp(p->packed, rule) == 0;
    mw_status st = packed ? mw__packs_enter(&m->packs, p->n, rule, err) : MW_OK;

    if (st == MW_OK && p->rule && strcmp(p->rule, rule) == 0)
        st = stream_rows(m, p, packed, err);
    if (st == MW_OK && packed && (st = packed_before(m, NULL, err)) == MW_OK)
        st = next_packs(m, p, rule, err);
    return st;
}

/* ---- parts ---- */

static mw_status add_part(struct merge *m, mw_query *q, mw_error *err)
{
    struct part p = {.n = mw__store_int(q, 0), .next = mw__store_int(q, 1)};

    if (m->count == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 16;
        struct part *grown = mw_realloc(m->parts, cap * sizeof(*grown));
        if (!grown)
            return no_memory(m->s, err);
        m->parts = grown;
        m->cap = cap;
    }
    p.end = p.next + ((int64_t)1 << MW_PART_BITS);
    m->parts[m->count++] = p;
    return MW_OK;
}

static mw_status first_row(struct merge *m, mw_query *q, struct part *p, mw_error *err)
{
    mw_status st = MW_OK;
    mw_step code;

    mw__store_bind_int(q, 1, m->run);
    mw__store_bind_int(q, 2, p->next);
    mw__store_bind_int(q, 3, p->end);
    if ((code = mw__store_step(q)) == MW_ROW) {
        p->next = mw__store_int(q, 0);
        st = set_rule(m, p, mw__store_must(q, 1), err);
    } else if (code == MW_FAILED) {
        st = mw__store_fail(m->s, "reading findings", err);
    }
    mw__store_reset(q);
    return st;
}

static mw_status find_parts(struct merge *m, mw_error *err)
{
    mw_query *parts = NULL, *first = NULL;
    const mw_store_query all[] = {
        {&parts, "SELECT n, coalesce(first, n << 32) FROM run_part WHERE run = ?1 ORDER BY account, n"},
        {&first, "SELECT f.seq, v.rule FROM finding f JOIN verdict v ON v.n = f.verdict"
                 " WHERE f.run = ?1 AND f.seq >= ?2 AND f.seq < ?3 ORDER BY f.seq LIMIT 1"},
    };
    mw_step code = MW_DONE;
    mw_status st = mw__store_prepare_all(m->s, all, MW_COUNT(all), err);

    if (st == MW_OK)
        mw__store_bind_int(parts, 1, m->run);
    while (st == MW_OK && (code = mw__store_step(parts)) == MW_ROW)
        st = add_part(m, parts, err);
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(m->s, "reading findings", err);
    for (size_t i = 0; i < m->count && st == MW_OK; i++)
        if ((st = first_row(m, first, &m->parts[i], err)) == MW_OK)
            st = next_packs(m, &m->parts[i], "", err);
    mw__store_finalize(parts);
    mw__store_finalize(first);
    return st;
}

static const char *lesser(const char *a, const char *b)
{
    return !a || (b && strcmp(b, a) < 0) ? b : a;
}

static mw_status merge(struct merge *m, mw_error *err)
{
    mw_status st = find_parts(m, err);

    while (st == MW_OK && !m->stop) {
        const char *least = NULL;
        char *rule;
        for (size_t i = 0; i < m->count; i++)
            least = lesser(lesser(least, m->parts[i].rule), m->parts[i].packed);
        if (!least)
            break;
        if (!(rule = mw_strdup(least)))
            return no_memory(m->s, err);
        for (size_t i = 0; i < m->count && st == MW_OK && !m->stop; i++)
            st = stream_part(m, &m->parts[i], rule, err);
        mw_free(rule);
    }
    return st;
}

mw_status mw_store_run_findings(mw_store *s, const char *run, mw_store_wanted wanted,
                                bool (*row)(void *user, const mw_store_finding *f), void *user, mw_error *err)
{
    struct merge m = {.s = s, .wanted = wanted, .row = row, .user = user};
    mw_status st;

    if ((st = mw__run_number(s, run, &m.run, err)) == MW_OK &&
        (st = mw__packs_begin(&m.packs, s, m.run, err)) == MW_OK &&
        (st = mw__store_prepare(s, FINDINGS, &m.findings, err)) == MW_OK)
        st = merge(&m, err);
    mw__store_finalize(m.findings);
    mw__packs_clear(&m.packs);
    for (size_t i = 0; i < m.count; i++) {
        mw_free(m.parts[i].rule);
        mw_free(m.parts[i].packed);
    }
    mw_free(m.parts);
    return st;
}

mw_status mw_store_run_parts(mw_store *s, const char *run, bool (*row)(void *user, const mw_store_part *part),
                             void *user, mw_error *err)
{
    mw_query *q = NULL;
    int64_t n;
    mw_step code = MW_DONE;
    mw_status st = mw__run_number(s, run, &n, err);

    if (st == MW_OK)
        st = mw__store_prepare(s, "SELECT account, digest, passed FROM run_part WHERE run = ?1 ORDER BY account, n", &q,
                               err);
    if (st == MW_OK)
        mw__store_bind_int(q, 1, n);
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        const mw_store_part p = {
            .account = mw__store_must(q, 0), .digest = mw__store_text(q, 1), .passed = (size_t)mw__store_int(q, 2)};
        if (!row(user, &p))
            break;
    }
    if (st == MW_OK && code == MW_FAILED)
        st = mw__store_fail(s, "reading runs", err);
    mw__store_finalize(q);
    return st;
}

/* ---- figures ---- */

#define KINDS_MAX 65536u /* rules × statuses × severities × changes; a power of two */

/* Counted here, not by GROUP BY, which would sort all findings of the run in memory. */
struct kind {
    char *text; /* rule, status, severity, change, a NUL behind each */
    size_t len, count;
};

struct kinds {
    mw_store *s;
    struct kind *slots;
    size_t used;
    mw_buf key;
    mw_error *err;
    mw_status st;
};

static mw_status add(struct kinds *k, const mw_store_count *c, mw_error *err)
{
    const char *const texts[] = {c->rule, c->status, c->severity, c->change};
    struct kind *at;
    uint64_t slot;

    mw_buf_reset(&k->key);
    for (size_t i = 0; i < MW_COUNT(texts); i++) {
        mw_buf_puts(&k->key, texts[i] ? texts[i] : "");
        mw_buf_putc(&k->key, '\0');
    }
    if (mw_buf_status(&k->key, err) != MW_OK)
        return k->key.failed;
    for (slot = mw_hash64(k->key.data, k->key.len);; slot++) {
        at = &k->slots[slot & (KINDS_MAX - 1)];
        if (!at->text || (at->len == k->key.len && memcmp(at->text, k->key.data, at->len) == 0))
            break;
    }
    if (!at->text) {
        if (k->used++ >= KINDS_MAX / 2)
            return mw_fail(err, MW_ERR_LIMIT, "store %s: too many kinds of findings in one run", k->s->path);
        if (!(at->text = mw_alloc(k->key.len)))
            return no_memory(k->s, err);
        memcpy(at->text, k->key.data, k->key.len);
        at->len = k->key.len;
    }
    at->count += c->count;
    return MW_OK;
}

static bool add_packed(void *user, const mw_store_count *c)
{
    struct kinds *k = user;

    return (k->st = add(k, c, k->err)) == MW_OK;
}

static mw_status add_rows(struct kinds *k, int64_t run, mw_error *err)
{
    mw_query *q;
    mw_step code = MW_DONE;
    mw_status st = mw__store_prepare(k->s,
                                     "SELECT v.rule, v.status, v.severity, f.change FROM finding f"
                                     " JOIN verdict v ON v.n = f.verdict WHERE f.run = ?1",
                                     &q, err);

    if (st == MW_OK)
        mw__store_bind_int(q, 1, run);
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW)
        st = add(k,
                 &(mw_store_count){.rule = mw__store_text(q, 0),
                                   .status = mw__store_text(q, 1),
                                   .severity = mw__store_text(q, 2),
                                   .change = mw__store_text(q, 3),
                                   .count = 1},
                 err);
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(k->s, "counting findings", err);
    mw__store_finalize(q);
    return st;
}

static int by_kind(const void *pa, const void *pb)
{
    const struct kind *a = pa, *b = pb;
    size_t least = a->len < b->len ? a->len : b->len;
    int order;

    if (!a->text || !b->text) /* empty slots last */
        return (a->text == NULL) - (b->text == NULL);
    order = memcmp(a->text, b->text, least);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static const char *behind(const char *text)
{
    return text + strlen(text) + 1;
}

static void tell_kinds(struct kinds *k, bool (*row)(void *user, const mw_store_count *c), void *user)
{
    bool on = true;

    qsort(k->slots, KINDS_MAX, sizeof(*k->slots), by_kind);
    for (size_t i = 0; i < k->used && on; i++) {
        mw_store_count c = {.rule = k->slots[i].text, .count = k->slots[i].count};
        c.status = behind(c.rule);
        c.severity = behind(c.status);
        c.change = behind(c.severity);
        on = row(user, &c);
    }
}

mw_status mw_store_run_size(mw_store *s, const char *run, size_t *out, mw_error *err)
{
    mw_query *q = NULL;
    int64_t run_n, n = 0;
    mw_status st = mw__run_number(s, run, &run_n, err);

    *out = 0;
    if (st == MW_OK)
        st = mw__store_prepare(s,
                               "SELECT (SELECT count(*) FROM finding WHERE run = ?1) +"
                               " CAST(coalesce(sum(count), 0) AS BIGINT) FROM pack WHERE run = ?1",
                               &q, err);
    if (st == MW_OK) {
        mw__store_bind_int(q, 1, run_n);
        st = mw__store_run_int(s, q, "counting findings", &n, err);
    }
    mw__store_finalize(q);
    *out = (size_t)n;
    return st;
}

mw_status mw_store_run_counts(mw_store *s, const char *run, bool (*row)(void *user, const mw_store_count *c),
                              void *user, mw_error *err)
{
    struct kinds k = {.s = s, .slots = mw_alloc(KINDS_MAX * sizeof(*k.slots)), .key = {.max = 1 << 16}, .err = err};
    int64_t n = 0;
    mw_status st = k.slots ? mw__run_number(s, run, &n, err) : no_memory(s, err);

    if (st == MW_OK && (st = add_rows(&k, n, err)) == MW_OK &&
        (st = mw__packs_count(s, n, add_packed, &k, err)) == MW_OK)
        st = k.st;
    if (st == MW_OK)
        tell_kinds(&k, row, user);
    for (size_t i = 0; k.slots && i < KINDS_MAX; i++)
        mw_free(k.slots[i].text);
    mw_free(k.slots);
    mw_buf_clear(&k.key);
    return st;
}
