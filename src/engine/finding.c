/*
 * Findings as plain data: names of verdicts, the list that owns its strings, order, fingerprint,
 * digest, JSON. Pure over memory. The same findings must give the same bytes, whatever order they came in.
 */
#include "engine/finding.h"

#include "base/hash.h"
#include "base/str.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdict_names[] = {"pass", "fail", "not_applicable", "unknown", "error"};

const char *mw_verdict_name(mw_verdict v)
{
    return (unsigned)v < MW_COUNT(verdict_names) ? verdict_names[v] : "error";
}

mw_status mw_verdict_parse(const char *s, mw_verdict *out)
{
    for (size_t i = 0; i < MW_COUNT(verdict_names); i++)
        if (mw_str_eq(s, verdict_names[i])) {
            *out = (mw_verdict)i;
            return MW_OK;
        }
    return MW_ERR_INVALID;
}

/* ---- list ---- */

#define FINGERPRINT_SEPARATOR '\x1f' /* ASCII unit separator: in no identifier of AWS */

static mw_status fill_fingerprint(mw_finding *f, mw_error *err)
{
    const char *const parts[] = {f->rule, f->partition, f->account, f->region, f->id,
                                 f->subkey ? f->subkey : ""};
    MW_AUTO(mw_buf) text = {.max = 64 << 10};
    uint8_t digest[MW_SHA256_SIZE];

    for (size_t i = 0; i < MW_COUNT(parts); i++) {
        if (i)
            mw_buf_putc(&text, FINGERPRINT_SEPARATOR);
        mw_buf_puts(&text, parts[i]);
    }
    if (mw_buf_status(&text, err) != MW_OK)
        return text.failed;
    mw_sha256(digest, text.data, text.len);
    mw_hex(f->fingerprint, digest, 16);
    return MW_OK;
}

/* A string of the finding before when it is the same: a sweep adds all findings of a resource in a row. */
static bool keep(mw_findings *l, const char **s, const char *before)
{
    if (!*s)
        return true;
    if (before && strcmp(*s, before) == 0)
        *s = before;
    else
        *s = mw_arena_strdup(&l->arena, *s);
    return *s != NULL;
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

mw_status mw_findings_add(mw_findings *l, const mw_finding *f, mw_error *err)
{
    static const mw_finding none = {0};
    const mw_finding *before = l->count ? &l->items[l->count - 1] : &none;
    mw_finding copy = *f;
    mw_status st;

    if (l->arena.max_bytes == 0)
        l->arena.max_bytes = (size_t)4 << 30; /* a million findings of a few hundred bytes, with room */
    copy.rule = or_empty(f->rule);
    copy.severity = or_empty(f->severity);
    copy.type = or_empty(f->type);
    copy.id = or_empty(f->id);
    copy.account = or_empty(f->account);
    copy.region = or_empty(f->region);
    copy.partition = or_empty(f->partition);
    copy.evidence = f->evidence ? f->evidence : "[]";
    st = fill_fingerprint(&copy, err);
    if (st != MW_OK)
        return st;
    if (!keep(l, &copy.rule, before->rule) || !keep(l, &copy.severity, before->severity) ||
        !keep(l, &copy.type, before->type) || !keep(l, &copy.id, before->id) ||
        !keep(l, &copy.arn, before->arn) || !keep(l, &copy.name, before->name) ||
        !keep(l, &copy.account, before->account) || !keep(l, &copy.region, before->region) ||
        !keep(l, &copy.partition, before->partition) || !keep(l, &copy.subkey, before->subkey) ||
        !keep(l, &copy.message, before->message) || !keep(l, &copy.evidence, before->evidence) ||
        !keep(l, &copy.change, before->change) || !keep(l, &copy.first_seen, before->first_seen) ||
        !keep(l, &copy.last_seen, before->last_seen))
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for findings");
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64, bytes;
        mw_finding *grown =
            mw_mul_size(cap, sizeof(*grown), &bytes) ? mw_realloc(l->items, bytes) : NULL;
        if (!grown)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory for findings");
        l->items = grown;
        l->cap = cap;
    }
    l->items[l->count++] = copy;
    return MW_OK;
}

static int compare(const void *pa, const void *pb)
{
    const mw_finding *a = pa, *b = pb;
    int order;

    if ((order = strcmp(a->rule, b->rule)) || (order = strcmp(a->account, b->account)) ||
        (order = strcmp(a->region, b->region)) || (order = strcmp(a->id, b->id)) ||
        (order = strcmp(or_empty(a->subkey), or_empty(b->subkey))))
        return order;
    /* Equal keys only arise from faulty input; still one order. */
    if ((order = strcmp(a->type, b->type)) || (order = (int)a->status - (int)b->status) ||
        (order = strcmp(or_empty(a->message), or_empty(b->message))))
        return order;
    return strcmp(a->evidence, b->evidence);
}

void mw_findings_sort(mw_findings *l)
{
    if (l->count > 1)
        qsort(l->items, l->count, sizeof(*l->items), compare);
}

void mw_findings_clear(mw_findings *l)
{
    mw_free(l->items);
    mw_arena_clear(&l->arena);
    l->items = NULL;
    l->count = l->cap = 0;
}

/* ---- JSON ---- */

/* @p before is all that stands between the value before and this one, the key included. */
static void member(mw_buf *out, const char *before, const char *value)
{
    mw_buf_puts(out, before);
    if (value)
        mw_json_write_string(out, value, strlen(value));
    else
        mw_buf_puts(out, "null");
}

mw_status mw_finding_json(const mw_finding *f, mw_buf *out)
{
    member(out, "{\"rule\":", f->rule);
    member(out, ",\"status\":", mw_verdict_name(f->status));
    member(out, ",\"severity\":", f->severity);
    member(out, ",\"resource\":{\"type\":", f->type);
    member(out, ",\"id\":", f->id);
    member(out, ",\"arn\":", f->arn);
    member(out, ",\"name\":", f->name);
    member(out, ",\"account\":", f->account);
    member(out, ",\"region\":", f->region);
    member(out, "},\"subkey\":", f->subkey);
    member(out, ",\"message\":", f->message);
    mw_buf_puts(out, ",\"evidence\":");
    mw_buf_puts(out, f->evidence ? f->evidence : "[]");
    member(out, ",\"fingerprint\":", f->fingerprint);
    member(out, ",\"first_seen\":", f->first_seen);
    member(out, ",\"last_seen\":", f->last_seen);
    member(out, ",\"change\":", f->change);
    mw_buf_puts(out, ",\"waiver\":null}");
    return mw_buf_status(out, NULL);
}

/* Keys in byte order and nothing that the store fills in: what the digest covers. */
static void canonical(const mw_finding *f, mw_buf *out)
{
    mw_buf_puts(out, "{\"evidence\":");
    mw_buf_puts(out, f->evidence ? f->evidence : "[]");
    member(out, ",\"fingerprint\":", f->fingerprint);
    member(out, ",\"message\":", f->message);
    member(out, ",\"resource\":{\"account\":", f->account);
    member(out, ",\"arn\":", f->arn);
    member(out, ",\"id\":", f->id);
    member(out, ",\"name\":", f->name);
    member(out, ",\"region\":", f->region);
    member(out, ",\"type\":", f->type);
    member(out, "},\"rule\":", f->rule);
    member(out, ",\"severity\":", f->severity);
    member(out, ",\"status\":", mw_verdict_name(f->status));
    member(out, ",\"subkey\":", f->subkey);
    mw_buf_puts(out, ",\"waiver\":null}");
}

mw_status mw_findings_digest(const mw_findings *l, char out[65], mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 20};
    uint8_t digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(ctx, "[", 1) == 1;

    for (size_t i = 0; ok && i < l->count; i++) {
        mw_buf_reset(&text);
        if (i)
            mw_buf_putc(&text, ',');
        canonical(&l->items[i], &text);
        ok = mw_buf_status(&text, NULL) == MW_OK && EVP_DigestUpdate(ctx, text.data, text.len) == 1;
    }
    ok = ok && EVP_DigestUpdate(ctx, "]", 1) == 1 && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for the digest of the findings");
    mw_hex(out, digest, MW_SHA256_SIZE);
    return MW_OK;
}
