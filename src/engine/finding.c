/*
 * Findings as plain data: names of verdicts, the list that owns its strings, order, fingerprint,
 * digest, JSON. Pure over memory. The same findings must give the same bytes, whatever order they came in.
 */
#include "engine/finding_internal.h"

#include "base/hash.h"
#include "base/mem.h"
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

mw_status mw__finding_fingerprint(mw_finding *f, mw_error *err)
{
    return mw_fingerprint(f->rule, f->partition, f->account, f->region, f->id, f->subkey, f->fingerprint, err);
}

/* A copy, or the same text of the finding before: all findings of a resource come in a row. */
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

#define KNOWN_FROM   32 /* findings in a list, before a table of texts is worth its memory */
#define KNOWN_SLOTS  8192
#define KNOWN_PROBES 8

/* A text that was copied: where it stood, and the copy. */
struct mw_known_text {
    const char *from, *copy;
};

/* The same for texts of rules and accounts, which alternate: found by where they stand. */
static bool keep_known(mw_findings *l, const char **s, const char *before)
{
    size_t home = ((uintptr_t)*s >> 3 ^ (uintptr_t)*s >> 14) % KNOWN_SLOTS;
    struct mw_known_text *k;

    if (!l->known || !*s)
        return keep(l, s, before);
    for (size_t i = 0; i < KNOWN_PROBES; i++) {
        k = &l->known[(home + i) % KNOWN_SLOTS];
        if (!k->from)
            break;
        if (k->from == *s && strcmp(*s, k->copy) == 0) {
            *s = k->copy;
            return true;
        }
        k = &l->known[home];
    }
    k->copy = mw_arena_strdup(&l->arena, *s);
    k->from = k->copy ? *s : NULL;
    *s = k->copy;
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

    mw__findings_limit(l);
    copy.rule = or_empty(f->rule);
    copy.severity = or_empty(f->severity);
    copy.type = or_empty(f->type);
    copy.id = or_empty(f->id);
    copy.account = or_empty(f->account);
    copy.region = or_empty(f->region);
    copy.partition = or_empty(f->partition);
    copy.evidence = f->evidence ? f->evidence : "[]";
    if (l->count == KNOWN_FROM)
        l->known = mw_alloc(KNOWN_SLOTS * sizeof(*l->known));
    st = mw__finding_fingerprint(&copy, err);
    if (st != MW_OK)
        return st;
    if (!keep_known(l, &copy.rule, before->rule) || !keep_known(l, &copy.severity, before->severity) ||
        !keep_known(l, &copy.type, before->type) || !keep(l, &copy.id, before->id) ||
        !keep(l, &copy.arn, before->arn) || !keep(l, &copy.name, before->name) ||
        !keep_known(l, &copy.account, before->account) || !keep_known(l, &copy.region, before->region) ||
        !keep_known(l, &copy.partition, before->partition) || !keep(l, &copy.subkey, before->subkey) ||
        !keep(l, &copy.message, before->message) || !keep(l, &copy.evidence, before->evidence) ||
        !keep(l, &copy.change, before->change) || !keep(l, &copy.first_seen, before->first_seen) ||
        !keep(l, &copy.last_seen, before->last_seen))
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for findings");
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64, bytes;
        mw_finding *grown = mw_mul_size(cap, sizeof(*grown), &bytes) ? mw_realloc(l->items, bytes) : NULL;
        if (!grown)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory for findings");
        l->items = grown;
        l->cap = cap;
    }
    l->items[l->count++] = copy;
    return MW_OK;
}

static int order_of(const char *a, const char *b)
{
    return a == b ? 0 : strcmp(a, b);
}

int mw__finding_compare(const void *pa, const void *pb)
{
    const mw_finding *a = pa, *b = pb;
    int order;

    if ((order = order_of(a->rule, b->rule)) || (order = order_of(a->account, b->account)) ||
        (order = order_of(a->region, b->region)) || (order = order_of(a->id, b->id)) ||
        (order = order_of(or_empty(a->subkey), or_empty(b->subkey))))
        return order;
    /* Equal keys only arise from faulty input; still one order. */
    if ((order = order_of(a->type, b->type)) || (order = (int)a->status - (int)b->status) ||
        (order = order_of(or_empty(a->message), or_empty(b->message))))
        return order;
    return order_of(a->evidence, b->evidence);
}

static bool in_order(const mw_finding *items, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (mw__finding_compare(&items[i - 1], &items[i]) > 0)
            return false;
    return true;
}

#define RULES_SORTED_MAX 4096u

/* Findings of one rule, while they are told apart. */
struct bunch {
    const char *rule;
    size_t count, from;
};

static int compare_bunches(const void *a, const void *b)
{
    return strcmp(((const struct bunch *)a)->rule, ((const struct bunch *)b)->rule);
}

/* Which bunch a rule's are in: `slots` is a hash table of numbers + 1. SIZE_MAX: too many. */
static size_t bunch_of(struct bunch *bunches, size_t *count, uint32_t *slots, const char *rule)
{
    size_t slot = mw_hash64(rule, strlen(rule)) % (2 * RULES_SORTED_MAX);

    for (; slots[slot]; slot = (slot + 1) % (2 * RULES_SORTED_MAX))
        if (order_of(bunches[slots[slot] - 1].rule, rule) == 0)
            return slots[slot] - 1;
    if (*count == RULES_SORTED_MAX)
        return SIZE_MAX;
    bunches[*count] = (struct bunch){.rule = rule};
    slots[slot] = (uint32_t)++ * count;
    return *count - 1;
}

/*
 * A sweep judges resource by resource, in the order that findings have within a rule: told apart by rule, they are
 * sorted. False, with nothing changed, when there is no memory for that or too many rules; what then is not in
 * order the caller sorts.
 */
static bool gather(mw_findings *l)
{
    struct bunch *bunches = mw_alloc(RULES_SORTED_MAX * sizeof(*bunches)), *sorted = NULL;
    uint32_t *slots = mw_alloc(2 * RULES_SORTED_MAX * sizeof(*slots));
    uint32_t *to = NULL; /* where each belongs */
    size_t count = 0, from = 0;
    bool ok = bunches && slots && l->count < UINT32_MAX;

    for (size_t i = 0; ok && i < l->count; i++) {
        size_t n = bunch_of(bunches, &count, slots, l->items[i].rule);
        ok = n != SIZE_MAX;
        if (ok)
            bunches[n].count++;
    }
    ok = ok && (sorted = mw_alloc(count * sizeof(*sorted))) && (to = mw_alloc(l->count * sizeof(*to)));
    if (ok) {
        memcpy(sorted, bunches, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), compare_bunches);
        for (size_t i = 0; i < count; from += sorted[i++].count)
            bunches[bunch_of(bunches, &count, slots, sorted[i].rule)].from = from;
        for (size_t i = 0; i < l->count; i++)
            to[i] = (uint32_t)bunches[bunch_of(bunches, &count, slots, l->items[i].rule)].from++;
        for (size_t i = 0; i < l->count; i++)
            while (to[i] != i) { /* in place: a second list would cost more than it saves */
                size_t k = to[i];
                mw_finding moved = l->items[k];
                l->items[k] = l->items[i];
                l->items[i] = moved;
                to[i] = to[k];
                to[k] = (uint32_t)k;
            }
    }
    mw_free(to);
    mw_free(sorted);
    mw_free(bunches);
    mw_free(slots);
    return ok;
}

void mw_findings_sort(mw_findings *l)
{
    mw__findings_sort_packed(l);
    if (in_order(l->items, l->count))
        return;
    if (l->count > 2 * RULES_SORTED_MAX && gather(l) && in_order(l->items, l->count))
        return;
    qsort(l->items, l->count, sizeof(*l->items), mw__finding_compare);
}

void mw_findings_clear(mw_findings *l)
{
    mw_findings_drop_packed(l, NULL, NULL);
    mw_free(l->packed);
    mw_free(l->items);
    mw_free(l->known);
    mw_arena_clear(&l->arena);
    memset(l, 0, sizeof(*l));
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
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    mw_findings_cursor c;
    const mw_finding *f;
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

    mw_buf_putc(&text, '[');
    mw_findings_read(&c, l->items, l->count, l->packed, l->packed_count);
    for (size_t i = 0; ok && (f = mw_findings_next(&c)); i++) {
        if (i)
            mw_buf_putc(&text, ',');
        canonical(f, &text);
        ok = mw_buf_status(&text, NULL) == MW_OK && EVP_DigestUpdate(ctx, text.data, text.len) == 1;
        mw_buf_reset(&text);
    }
    mw_buf_putc(&text, ']');
    ok = ok && mw_buf_status(&text, NULL) == MW_OK && EVP_DigestUpdate(ctx, text.data, text.len) == 1 &&
         EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for the digest of the findings");
    mw_hex(out, digest, MW_SHA256_SIZE);
    return MW_OK;
}
