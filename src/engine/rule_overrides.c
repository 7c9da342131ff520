/*
 * Which overrides hold where. For a run they are resolved here, once for each rule, account and region, and for
 * each resource only where an override asks for tags; workers get finished parameters and the ranges of
 * resources that they are for, so an evaluation costs nothing more. A tag that is not known must not
 * choose either way: such resources get no parameters, and the worker says unknown.
 */
#include "engine/rule_params.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* ---- matching ---- */

static bool any_glob(const mw_doc *d, mw_val globs, const char *text)
{
    size_t n = mw_val_len(d, globs);

    for (size_t i = 0; i < n; i++)
        if (mw_glob_match(mw_val_str(d, mw_val_at(d, globs, i), NULL), text))
            return true;
    return n == 0;
}

static bool fits_place(const mw_doc *d, mw_val override, const char *account, const char *region)
{
    return any_glob(d, mw_val_get(d, override, "account"), account ? account : "") &&
           any_glob(d, mw_val_get(d, override, "region"), region ? region : "");
}

static bool asks_tags(const mw_doc *d, mw_val override)
{
    return mw_val_len(d, mw_val_get(d, override, "tag")) > 0;
}

/* "Key" or "Key=Value", both globs; keys may hold a '=' themselves. */
static bool fits_tags(const mw_doc *d, mw_val override, const mw_doc *s, mw_val tags)
{
    mw_val globs = mw_val_get(d, override, "tag");

    for (size_t i = 0; i < mw_val_len(d, globs); i++) {
        const char *glob = mw_val_str(d, mw_val_at(d, globs, i), NULL);
        for (size_t k = 0; k < mw_val_len(s, tags); k++) {
            char both[2048]; /* 128 and 256 characters, AWS General Reference, "Tagging AWS resources" */
            mw_val key, value = mw_val_member(s, tags, k, &key);
            const char *name = mw_val_str(s, key, NULL), *text = mw_val_str(s, value, NULL);
            snprintf(both, sizeof(both), "%s=%s", name, text ? text : "");
            if (mw_glob_match(glob, strchr(glob, '=') ? both : name))
                return true;
        }
    }
    return false;
}

bool mw__params_by_tag(const mw_rules *rules, const mw_rule *rule)
{
    for (size_t i = 0; i < mw_val_len(rules->doc, rule->overrides); i++)
        if (asks_tags(rules->doc, mw_val_at(rules->doc, rule->overrides, i)))
            return true;
    return false;
}

/* ---- laying over ---- */

/* The last of the overrides @p hits that sets @p param, or ABSENT. */
static mw_val last_setter(const mw_doc *d, mw_val overrides, const uint32_t *hits, size_t count, mw_val param)
{
    for (size_t i = count; i > 0; i--) {
        mw_val one = mw_val_at(d, overrides, hits[i - 1]);
        if (mw_val_get(d, mw_val_get(d, one, "params"), mw_val_str(d, param, NULL)) != MW_VAL_ABSENT)
            return one;
    }
    return MW_VAL_ABSENT;
}

static void push_overlaid(const mw_doc *d, const mw_rule *rule, const uint32_t *hits, size_t count, bool origins,
                          mw_doc_builder *b)
{
    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_val_len(d, rule->params); i++) {
        mw_val key, value = mw_val_member(d, rule->params, i, &key), by;
        const char *name = mw_val_str(d, key, NULL);
        by = last_setter(d, rule->overrides, hits, count, key);
        mw_doc_ckey(b, name);
        if (by != MW_VAL_ABSENT)
            value = origins ? mw_val_get(d, by, "origin") : mw_val_get(d, mw_val_get(d, by, "params"), name);
        else if (origins)
            value = mw_val_get(d, rule->origins, name);
        mw_doc_add_copy(b, d, value);
    }
    mw_doc_end_object(b);
}

/* With a region or an account alone the other one is open: only overrides that do not ask for it hold. */
static bool holds_at(const mw_doc *d, mw_val override, const char *account, const char *region)
{
    return !asks_tags(d, override) && fits_place(d, override, account, region);
}

/* Could it hold there for some resource, were the rest known? */
static bool may_hold_at(const mw_doc *d, mw_val override, const char *account, const char *region)
{
    return (!account || any_glob(d, mw_val_get(d, override, "account"), account)) &&
           (!region || any_glob(d, mw_val_get(d, override, "region"), region));
}

void mw_rules_params_at(const mw_rules *rules, const mw_rule *rule, const char *account, const char *region,
                        mw_doc_builder *b)
{
    const mw_doc *d = rules->doc;
    size_t n = mw_val_len(d, rule->overrides), count = 0;
    uint32_t *hits = mw_alloc((n + 1) * sizeof(*hits));

    if (!hits) {
        mw_doc_builder_fail(b, MW_ERR_NOMEM, "out of memory for parameters");
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (holds_at(d, mw_val_at(d, rule->overrides, i), account, region))
            hits[count++] = (uint32_t)i;
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "params");
    push_overlaid(d, rule, hits, count, false, b);
    mw_doc_ckey(b, "origins");
    push_overlaid(d, rule, hits, count, true, b);
    mw_doc_ckey(b, "elsewhere");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < n; i++) {
        mw_val one = mw_val_at(d, rule->overrides, i);
        if (!holds_at(d, one, account, region) && may_hold_at(d, one, account, region))
            mw_doc_add_copy(b, d, one);
    }
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    mw_free(hits);
}

/* ---- for a run ---- */

struct variant {
    uint64_t hash;
    const uint32_t *hits;
    size_t count;
};

struct resolver {
    const mw_doc *d;
    mw_val overrides;
    size_t override_count;
    const mw_snap *snap;
    uint32_t *here, here_count; /* those that fit the account and region at hand */
    uint32_t *hits;
    bool tags_here;
    struct variant *variants;
    size_t count, cap;
    uint32_t *slots; /* of variants by hash: number + 1 */
    size_t slot_count;
    mw_arena arena;
};

static void look_around(struct resolver *r, const char *account, const char *region)
{
    r->here_count = 0;
    r->tags_here = false;
    for (size_t i = 0; i < r->override_count; i++) {
        mw_val one = mw_val_at(r->d, r->overrides, i);
        if (!fits_place(r->d, one, account, region))
            continue;
        r->here[r->here_count++] = (uint32_t)i;
        r->tags_here = r->tags_here || asks_tags(r->d, one);
    }
}

static bool grow(struct resolver *r)
{
    size_t cap = r->cap ? r->cap * 2 : 16;
    struct variant *grown = mw_realloc(r->variants, cap * sizeof(*grown));

    if (!grown)
        return false;
    r->variants = grown;
    r->cap = cap;
    mw_free(r->slots);
    r->slot_count = cap * 2;
    if (!(r->slots = mw_alloc(r->slot_count * sizeof(*r->slots))))
        return false;
    for (size_t i = 0; i < r->count; i++) {
        size_t at = r->variants[i].hash & (r->slot_count - 1);
        while (r->slots[at])
            at = (at + 1) & (r->slot_count - 1);
        r->slots[at] = (uint32_t)i + 1;
    }
    return true;
}

/* The number of the variant of these overrides; -1 when out of memory. */
static int64_t variant_of(struct resolver *r, const uint32_t *hits, size_t count)
{
    uint64_t hash = mw_hash64(hits, count * sizeof(*hits));
    uint32_t *copy;
    size_t at;

    if (r->count == r->cap && !grow(r))
        return -1;
    for (at = hash & (r->slot_count - 1); r->slots[at]; at = (at + 1) & (r->slot_count - 1)) {
        const struct variant *v = &r->variants[r->slots[at] - 1];
        if (v->hash == hash && v->count == count && memcmp(v->hits, hits, count * sizeof(*hits)) == 0)
            return r->slots[at] - 1;
    }
    if (!(copy = mw_arena_alloc(&r->arena, (count + 1) * sizeof(*copy))))
        return -1;
    memcpy(copy, hits, count * sizeof(*hits));
    r->variants[r->count] = (struct variant){hash, copy, count};
    r->slots[at] = (uint32_t)++r->count;
    return (int64_t)r->count - 1;
}

/* Overrides with tags that fit @p resource, beside those that ask for none. False: that is not known. */
static bool choose(struct resolver *r, mw_val resource, size_t *count)
{
    mw_val tags = mw_val_get_atom(r->snap->doc, resource, r->snap->tags);

    *count = 0;
    if (r->tags_here && mw_val_kind(r->snap->doc, tags) == MW_KIND_UNKNOWN)
        return false;
    for (uint32_t i = 0; i < r->here_count; i++) {
        mw_val one = mw_val_at(r->d, r->overrides, r->here[i]);
        if (!asks_tags(r->d, one) || fits_tags(r->d, one, r->snap->doc, tags))
            r->hits[(*count)++] = r->here[i];
    }
    return true;
}

/* Pushes the ranges, as an array. False: out of memory. */
static bool push_ranges(struct resolver *r, mw_val array, mw_doc_builder *b)
{
    const mw_doc *s = r->snap->doc;
    mw_val account = MW_VAL_ABSENT, region = MW_VAL_ABSENT;
    int64_t last = -2;

    mw_doc_begin_array(b);
    for (size_t i = 0; i < mw_val_len(s, array); i++) {
        mw_val resource = mw_val_at(s, array, i);
        mw_val its_account = mw_val_get_atom(s, resource, r->snap->account);
        mw_val its_region = mw_val_get_atom(s, resource, r->snap->region);
        bool moved = i == 0 || its_account != account || its_region != region;
        int64_t number = -1;
        size_t count;
        if (moved) {
            account = its_account;
            region = its_region;
            look_around(r, mw_val_str(s, account, NULL), mw_val_str(s, region, NULL));
        }
        if (!moved && !r->tags_here)
            continue;
        if (choose(r, resource, &count) && (number = variant_of(r, r->hits, count)) < 0)
            return false;
        if (number != last) {
            mw_doc_add_int(b, (int64_t)i);
            mw_doc_add_int(b, number);
        }
        last = number;
    }
    mw_doc_end_array(b);
    return true;
}

mw_status mw__params_push_resolved(const mw_rules *rules, const mw_rule_entry *e, const mw_snap *snap, mw_val array,
                                   mw_doc_builder *b, mw_error *err)
{
    struct resolver r = {.d = rules->doc,
                         .overrides = e->rule.overrides,
                         .snap = snap,
                         .override_count = mw_val_len(rules->doc, e->rule.overrides)};
    mw_status st = MW_ERR_NOMEM;

    r.here = mw_arena_alloc(&r.arena, (r.override_count + 1) * sizeof(*r.here));
    r.hits = mw_arena_alloc(&r.arena, (r.override_count + 1) * sizeof(*r.hits));
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "ranges");
    if (r.here && r.hits && push_ranges(&r, array, b))
        st = MW_OK;
    mw_doc_ckey(b, "variants");
    mw_doc_begin_array(b);
    for (size_t i = 0; st == MW_OK && i < r.count; i++)
        push_overlaid(r.d, &e->rule, r.variants[i].hits, r.variants[i].count, false, b);
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    mw_free(r.variants);
    mw_free(r.slots);
    mw_arena_clear(&r.arena);
    return st == MW_OK ? MW_OK : mw_fail(err, st, "out of memory for parameters");
}
