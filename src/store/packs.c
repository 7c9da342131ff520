/*
 * Packed findings into the store: for each rule and status of a part a row with a bit for each resource of a roster, which
 * is stored once however many rules and runs refer to it. Relies on rosters being told apart by their hash
 * (docs/internals/store.md has the layout); must never refer to one that holds something else.
 */
#include "store/runs_internal.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

struct packer {
    mw_store *s;
    const char *account;
    mw_query *roster_find, *roster_add, *add;
    mw_buf text, bits;
    const mw_store_subject *last; /* whose roster is stored */
    int64_t roster;
};

/* ---- rosters ---- */

/* Length + 1 in 7 bits a byte, lowest first, 0 for NULL; the text; a NUL. */
static void add_text(mw_buf *out, const char *text)
{
    size_t len = text ? strlen(text) : 0, n = text ? len + 1 : 0;

    for (; n >= 0x80; n >>= 7)
        mw_buf_putc(out, (char)(n | 0x80));
    mw_buf_putc(out, (char)n);
    if (text)
        mw_buf_add(out, text, len + 1, NULL);
}

static mw_status write_roster(struct packer *p, const mw_store_pack *k, mw_error *err)
{
    mw_buf_reset(&p->text);
    for (size_t i = 0; i < k->subject_count; i++) {
        const mw_store_subject *x = &k->subjects[i];
        const char *const texts[] = {x->id, x->arn, x->name, x->account, x->region, x->partition};
        for (size_t t = 0; t < MW_COUNT(texts); t++)
            add_text(&p->text, texts[t]);
    }
    return mw_buf_status(&p->text, err);
}

static mw_status add_roster(struct packer *p, size_t subjects, const uint8_t sha[], int64_t n, mw_error *err)
{
    mw_codec *codec;
    const void *body = NULL;
    size_t len = 0;
    mw_status st = mw__store_codec(p->s, 0, &codec, err);

    if (st == MW_OK)
        st = mw_codec_pack(codec, 0, p->text.data, p->text.len, &body, &len, err);
    if (st != MW_OK)
        return st;
    mw__store_bind_int(p->roster_add, 1, n);
    mw__store_bind_blob(p->roster_add, 2, sha, MW_SHA256_SIZE);
    mw__store_bind_int(p->roster_add, 3, (int64_t)subjects);
    mw__store_bind_int(p->roster_add, 4, (int64_t)p->text.len);
    mw__store_bind_blob(p->roster_add, 5, body, len);
    return mw__store_run(p->s, p->roster_add, "recording a roster", err);
}

/* The number under which it lies, or the next free one. */
static mw_status put_roster(struct packer *p, const mw_store_pack *k, mw_error *err)
{
    uint8_t sha[MW_SHA256_SIZE];
    mw_step code;
    mw_status st = write_roster(p, k, err);

    if (st != MW_OK)
        return st;
    mw_sha256(sha, p->text.data, p->text.len);
    for (p->roster = mw__store_place(p->account, k->type, sha);; p->roster++) {
        bool same;
        p->roster = p->roster == INT64_MAX ? 0 : p->roster;
        mw__store_bind_int(p->roster_find, 1, p->roster);
        code = mw__store_step(p->roster_find);
        same = code == MW_ROW && mw__store_digest_is(p->roster_find, 0, sha, sizeof(sha));
        mw__store_reset(p->roster_find);
        if (code == MW_FAILED)
            return mw__store_fail(p->s, "looking for a roster", err);
        if (same)
            return MW_OK;
        if (code == MW_DONE)
            return add_roster(p, k->subject_count, sha, p->roster, err);
    }
}

/* ---- packs ---- */

mw_store_finding mw__pack_finding(const mw_store_pack *pack, const mw_store_subject *subject, const char *fingerprint)
{
    return (mw_store_finding){.fingerprint = fingerprint,
                              .rule = pack->rule,
                              .status = pack->status,
                              .severity = pack->severity,
                              .type = pack->type,
                              .id = subject->id,
                              .arn = subject->arn,
                              .name = subject->name,
                              .account = subject->account,
                              .region = subject->region,
                              .partition = subject->partition,
                              .message = pack->message,
                              .evidence = "[]"};
}

static mw_status write_bits(struct packer *p, const mw_store_pack *k, mw_error *err)
{
    mw_buf_reset(&p->bits);
    for (size_t i = 0; i < (k->subject_count + 7) / 8; i++)
        mw_buf_putc(&p->bits, (char)(k->bits[i / 8] >> i % 8 * 8));
    return mw_buf_status(&p->bits, err);
}

static mw_status put(struct packer *p, int64_t run, int64_t part, size_t nth, const mw_store_pack *k, mw_error *err)
{
    const char *const texts[] = {k->status, k->severity, k->type, k->message};
    mw_status st = MW_OK;

    if (k->subjects != p->last && (st = put_roster(p, k, err)) == MW_OK)
        p->last = k->subjects;
    if (st != MW_OK || (st = write_bits(p, k, err)) != MW_OK)
        return st;
    mw__store_bind_int(p->add, 1, run);
    mw__store_bind_int(p->add, 2, part);
    mw__store_bind(p->add, 3, k->rule);
    mw__store_bind_int(p->add, 4, (int64_t)nth);
    for (size_t i = 0; i < MW_COUNT(texts); i++)
        mw__store_bind(p->add, 5 + (int)i, texts[i]);
    mw__store_bind_int(p->add, 9, p->roster);
    mw__store_bind_int(p->add, 10, (int64_t)k->count);
    if (k->count == k->subject_count)
        mw__store_bind_null(p->add, 11);
    else
        mw__store_bind_blob(p->add, 11, p->bits.data, p->bits.len);
    return mw__store_run(p->s, p->add, "recording findings", err);
}

mw_status mw__packs_put(mw_store *s, int64_t run, int64_t part, const char *account, const mw_store_pack *packs,
                        size_t count, mw_error *err)
{
    struct packer p = {.s = s, .account = account, .text = {.max = (size_t)1 << 30}, .bits = {.max = (size_t)1 << 30}};
    const mw_store_query all[] = {
        {&p.roster_find, "SELECT sha FROM roster WHERE n = ?1"},
        {&p.roster_add, "COPY roster(n, sha, subjects, len, body)"},
        {&p.add, "COPY pack(run, part, rule, nth, status, severity, type, message, roster, count, bits)"},
    };
    mw_status st = mw__store_prepare_all(s, all, MW_COUNT(all), err);

    for (size_t i = 0; i < count && st == MW_OK; i++)
        if (packs[i].count)
            st = put(&p, run, part, i, &packs[i], err);
    for (size_t i = 0; i < MW_COUNT(all); i++)
        mw__store_finalize(*all[i].to);
    mw_buf_clear(&p.text);
    mw_buf_clear(&p.bits);
    return st;
}
