/*
 * Packed findings back, one at a time, as if each had a row. What is in memory are the packs of one rule in one part and
 * their roster. Relies on nothing that the file says: lengths are looked at, and what
 * does not fit is damage.
 */
#include "store/runs_internal.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define ROSTER_MAX ((size_t)1 << 30)

static mw_status no_memory(const mw_packs *p, mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory for findings", p->s->path);
}

mw_status mw__packs_begin(mw_packs *p, mw_store *s, int64_t run, mw_error *err)
{
    const mw_store_query all[] = {
        {&p->next_rule, "SELECT min(rule) FROM pack WHERE run = ?1 AND part = ?2 AND rule > ?3"},
        {&p->of_rule, "SELECT roster, status, severity, type, message, count, bits FROM pack"
                      " WHERE run = ?1 AND part = ?2 AND rule = ?3 ORDER BY nth"},
        {&p->roster, "SELECT subjects, len, body FROM roster WHERE n = ?1"},
    };

    *p = (mw_packs){.s = s, .run = run, .texts = {.max_bytes = ROSTER_MAX}, .subjects = {.max_bytes = (size_t)4 << 30}};
    return mw__store_prepare_all(s, all, MW_COUNT(all), err);
}

void mw__packs_clear(mw_packs *p)
{
    mw__store_finalize(p->next_rule);
    mw__store_finalize(p->of_rule);
    mw__store_finalize(p->roster);
    mw_arena_clear(&p->texts);
    mw_arena_clear(&p->subjects);
    mw_free(p->kinds);
    *p = (mw_packs){0};
}

/* ---- the packs of a rule ---- */

mw_status mw__packs_next_rule(mw_packs *p, int64_t part, const char *after, char **rule, mw_error *err)
{
    mw_query *q = p->next_rule;
    const char *text;
    mw_status st = MW_OK;
    mw_step code;

    *rule = NULL;
    mw__store_bind_int(q, 1, p->run);
    mw__store_bind_int(q, 2, part);
    mw__store_bind(q, 3, after);
    code = mw__store_step(q);
    if (code == MW_FAILED)
        st = mw__store_fail(p->s, "reading findings", err);
    else if (code == MW_ROW && (text = mw__store_text(q, 0)) && !(*rule = mw_strdup(text)))
        st = no_memory(p, err);
    mw__store_reset(q);
    return st;
}

/* The same text as that of the kind before, or a copy. */
static bool keep(mw_packs *p, const char *text, const char *before, const char **out)
{
    *out = !text ? NULL : mw_str_eq(text, before) ? before : mw_arena_strdup(&p->texts, text);
    return !text || *out;
}

static mw_status add_kind(mw_packs *p, mw_query *q, mw_error *err)
{
    static const mw_pack_kind none = {0};
    const mw_pack_kind *before;
    const void *bits;
    mw_pack_kind *k;
    uint8_t *copy;

    if (p->kind_count == p->kind_cap) {
        size_t cap = p->kind_cap ? p->kind_cap * 2 : 16;
        mw_pack_kind *grown = mw_realloc(p->kinds, cap * sizeof(*grown));
        if (!grown)
            return no_memory(p, err);
        p->kinds = grown;
        p->kind_cap = cap;
    }
    before = p->kind_count ? &p->kinds[p->kind_count - 1] : &none;
    k = &p->kinds[p->kind_count++];
    *k = (mw_pack_kind){.roster = mw__store_int(q, 0), .pack = {.rule = p->rule, .count = (size_t)mw__store_int(q, 5)}};
    if (!keep(p, mw__store_must(q, 1), before->pack.status, &k->pack.status) ||
        !keep(p, mw__store_text(q, 2), before->pack.severity, &k->pack.severity) ||
        !keep(p, mw__store_text(q, 3), before->pack.type, &k->pack.type) ||
        !keep(p, mw__store_text(q, 4), before->pack.message, &k->pack.message))
        return no_memory(p, err);
    if (!(bits = mw__store_blob(q, 6, &k->bytes)))
        return MW_OK;
    if (!(copy = mw_arena_alloc(&p->texts, k->bytes + 1)))
        return no_memory(p, err);
    memcpy(copy, bits, k->bytes);
    k->bits = copy;
    return MW_OK;
}

static mw_status load_kinds(mw_packs *p, int64_t part, const char *rule, mw_error *err)
{
    mw_query *q = p->of_rule;
    mw_status st = MW_OK;
    mw_step code = MW_DONE;

    mw_arena_reset(&p->texts);
    p->kind_count = 0;
    mw__store_bind_int(q, 1, p->run);
    mw__store_bind_int(q, 2, part);
    mw__store_bind(q, 3, rule);
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW)
        st = add_kind(p, q, err);
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(p->s, "reading findings", err);
    mw__store_reset(q);
    return st;
}

/* ---- a roster ---- */

/* False: it ends too early. *out NULL for a null. */
static bool take_text(const char **at, const char *end, const char **out)
{
    size_t n = 0;
    int shift = 0;

    for (;; shift += 7) {
        if (*at == end || shift > 28)
            return false;
        n |= (size_t)(**at & 0x7F) << shift;
        if (!(*(*at)++ & 0x80))
            break;
    }
    *out = n ? *at : NULL;
    if (n > (size_t)(end - *at) || (n && (*at)[n - 1] != '\0'))
        return false;
    *at += n;
    return true;
}

static mw_status damaged(const mw_store *s, int64_t roster, mw_error *err)
{
    return mw_fail(err, MW_ERR_PARSE, "store %s is damaged: roster %lld of a run's findings", s->path,
                   (long long)roster);
}

#define SUBJECT_LEAST 8 /* bytes that one takes: four of its texts are no nulls */

/* Of a row whose columns from @p at on are subjects, len, body. The text is borrowed until the next one is unpacked. */
static mw_status unpack(mw_store *s, mw_query *q, int at, int64_t roster, const char **text, size_t *len, mw_error *err)
{
    int64_t subjects = mw__store_int(q, at), length = mw__store_int(q, at + 1);
    mw_codec *codec;
    const void *body;
    size_t packed;
    mw_status st = mw__store_codec(s, 0, &codec, err);

    if (st != MW_OK)
        return st;
    if (!(body = mw__store_blob(q, at + 2, &packed)) || length < 0 || (uint64_t)length > ROSTER_MAX || subjects < 0 ||
        subjects > length / SUBJECT_LEAST)
        return damaged(s, roster, err);
    *len = (size_t)length;
    st = mw_codec_unpack(codec, 0, body, packed, *len, ROSTER_MAX, text, err);
    return st == MW_ERR_PARSE ? damaged(s, roster, err) : st;
}

/* All of the text is @p count subjects; list NULL: only looked at. */
static bool read_subjects(const char *at, size_t len, mw_store_subject *list, size_t count)
{
    const char *end = at + len;

    for (size_t i = 0; i < count; i++) {
        mw_store_subject none, *x = list ? &list[i] : &none;
        if (!take_text(&at, end, &x->id) || !take_text(&at, end, &x->arn) || !take_text(&at, end, &x->name) ||
            !take_text(&at, end, &x->account) || !take_text(&at, end, &x->region) ||
            !take_text(&at, end, &x->partition) || !x->id || !x->account || !x->region || !x->partition)
            return false;
    }
    return at == end;
}

static mw_status read_roster(mw_packs *p, int64_t roster, mw_query *q, mw_error *err)
{
    const char *text;
    char *copy;
    size_t len;
    mw_status st = unpack(p->s, q, 0, roster, &text, &len, err);

    if (st != MW_OK)
        return st;
    mw_arena_reset(&p->subjects);
    p->list_count = (size_t)mw__store_int(q, 0);
    p->list = mw_arena_alloc(&p->subjects, (p->list_count + 1) * sizeof(*p->list));
    copy = mw_arena_alloc(&p->subjects, len + 1);
    if (!p->list || !copy)
        return no_memory(p, err);
    memcpy(copy, text, len);
    return read_subjects(copy, len, p->list, p->list_count) ? MW_OK : damaged(p->s, roster, err);
}

static mw_status load_roster(mw_packs *p, int64_t roster, mw_error *err)
{
    mw_status st;
    mw_step code;

    mw__store_bind_int(p->roster, 1, roster);
    code = mw__store_step(p->roster);
    st = code == MW_ROW    ? read_roster(p, roster, p->roster, err)
         : code == MW_DONE ? damaged(p->s, roster, err)
                           : mw__store_fail(p->s, "reading findings", err);
    mw__store_reset(p->roster);
    return st;
}

/* ---- the findings of a part ---- */

static size_t set_bits(const mw_pack_kind *k)
{
    size_t n = 0;

    for (size_t i = 0; i < k->bytes; i++)
        n += (size_t)__builtin_popcount(k->bits[i]);
    return n;
}

static bool fits(const mw_pack_kind *k, size_t subjects)
{
    return k->bits ? k->bytes == (subjects + 7) / 8 && set_bits(k) == k->pack.count : k->pack.count == subjects;
}

mw_status mw__packs_enter(mw_packs *p, int64_t part, const char *rule, mw_error *err)
{
    mw_status st;

    p->rule = rule;
    p->subject = 0;
    p->printed = NULL;
    if ((st = load_kinds(p, part, rule, err)) != MW_OK || p->kind_count == 0 ||
        (st = load_roster(p, p->kinds[0].roster, err)) != MW_OK)
        return st;
    for (size_t i = 0; i < p->kind_count; i++) {
        const mw_pack_kind *k = &p->kinds[i];
        if (k->roster != p->kinds[0].roster || !fits(k, p->list_count))
            return damaged(p->s, k->roster, err);
    }
    return MW_OK;
}

static const mw_pack_kind *kind_of(const mw_packs *p, size_t subject)
{
    for (size_t i = 0; i < p->kind_count; i++)
        if (!p->kinds[i].bits || p->kinds[i].bits[subject / 8] >> subject % 8 & 1)
            return &p->kinds[i];
    return NULL;
}

mw_status mw__packs_peek(mw_packs *p, mw_store_finding *f, bool *found, mw_error *err)
{
    const mw_pack_kind *k = NULL;
    const mw_store_subject *x;

    *found = false;
    while (p->kind_count && p->subject < p->list_count && !(k = kind_of(p, p->subject)))
        p->subject++;
    if (!k)
        return MW_OK;
    x = &p->list[p->subject];
    *found = true;
    *f = mw__pack_finding(&k->pack, x, p->fingerprint);
    if (p->printed == x)
        return MW_OK;
    p->printed = x;
    return mw_fingerprint(p->rule, x->partition, x->account, x->region, x->id, NULL, p->fingerprint, err);
}

void mw__packs_skip(mw_packs *p)
{
    p->subject++;
}

/* ---- check and figures ---- */

static mw_status check_rosters(mw_store *s, mw_error *err)
{
    uint8_t sha[MW_SHA256_SIZE];
    const char *text;
    size_t len;
    mw_query *q;
    mw_step code = MW_DONE;
    mw_status st = mw__store_prepare(s, "SELECT n, sha, subjects, len, body FROM roster ORDER BY n", &q, err);

    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        int64_t n = mw__store_int(q, 0);
        if ((st = unpack(s, q, 2, n, &text, &len, err)) != MW_OK)
            break;
        mw_sha256(sha, text, len);
        if (!mw__store_digest_is(q, 1, sha, sizeof(sha)) ||
            !read_subjects(text, len, NULL, (size_t)mw__store_int(q, 2)))
            st = damaged(s, n, err);
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(s, "checking", err);
    mw__store_finalize(q);
    return st;
}

mw_status mw__packs_check(mw_store *s, mw_error *err)
{
    mw_query *q;
    mw_step code = MW_DONE;
    mw_status st;

    if ((st = check_rosters(s, err)) != MW_OK)
        return st;
    st = mw__store_prepare(
        s, "SELECT p.roster, p.count, p.bits, r.subjects FROM pack p LEFT JOIN roster r ON r.n = p.roster", &q, err);
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        mw_pack_kind k = {.roster = mw__store_int(q, 0), .pack = {.count = (size_t)mw__store_int(q, 1)}};
        k.bits = mw__store_blob(q, 2, &k.bytes);
        if (mw__store_null(q, 3) || !fits(&k, (size_t)mw__store_int(q, 3)))
            st = damaged(s, k.roster, err);
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(s, "checking", err);
    mw__store_finalize(q);
    return st;
}

mw_status mw__packs_count(mw_store *s, int64_t run, bool (*row)(void *user, const mw_store_count *c), void *user,
                          mw_error *err)
{
    mw_query *q;
    mw_step code = MW_DONE;
    mw_status st = mw__store_prepare(s, "SELECT rule, status, severity, count FROM pack WHERE run = ?1", &q, err);

    if (st == MW_OK)
        mw__store_bind_int(q, 1, run);
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        const mw_store_count c = {.rule = mw__store_must(q, 0),
                                  .status = mw__store_must(q, 1),
                                  .severity = mw__store_must(q, 2),
                                  .change = "",
                                  .count = (size_t)mw__store_int(q, 3)};
        if (!row(user, &c))
            break;
    }
    if (st == MW_OK && code == MW_FAILED)
        st = mw__store_fail(s, "counting findings", err);
    mw__store_finalize(q);
    return st;
}
