/*
 * From the scopes of a snapshot to the coverage ledger of the report, and to the answer that decides
 * whether a finding that is not there any more is fixed. When in doubt the answer is "not complete".
 */
#include "cli/coverage.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "doc/withhold.h"
#include "report/coverage.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- the ledger ---- */

static int by_place(const void *a, const void *b, void *user)
{
    static const char *const keys[] = {"account", "region", "type", "facet"};
    const mw_doc *d = user;

    for (size_t i = 0; i < MW_COUNT(keys); i++) {
        /* No facet, the list itself, comes first. */
        int c = strcmp(mw_val_get_str(d, *(const mw_val *)a, keys[i], ""),
                       mw_val_get_str(d, *(const mw_val *)b, keys[i], ""));
        if (c)
            return c;
    }
    return 0;
}

static mw_val first_world(const mw_doc *snapshot)
{
    return mw_val_at(snapshot, mw_val_get(snapshot, mw_doc_root(snapshot), "worlds"), 0);
}

static void add_scope(mw_doc_builder *b, const mw_doc *d, mw_val scope)
{
    static const char *const keys[] = {"account", "region", "type", "facet", "state", "resources", "calls"};

    mw_doc_begin_object(b);
    for (size_t i = 0; i < MW_COUNT(keys); i++) {
        mw_val v = mw_val_get(d, scope, keys[i]);
        mw_doc_ckey(b, keys[i]);
        if (mw_val_kind(d, v) == MW_KIND_ABSENT)
            mw_doc_add_null(b);
        else
            mw_doc_add_copy(b, d, v);
    }
    mw_doc_ckey(b, "cause");
    mw_cause_write(b, d, mw_val_get(d, scope, "cause"));
    if (mw_val_get(d, scope, "cached") != MW_VAL_ABSENT) {
        mw_doc_ckey(b, "cached");
        mw_doc_add_copy(b, d, mw_val_get(d, scope, "cached"));
    }
    mw_doc_end_object(b);
}

mw_coverage_extra mw_coverage_skipped(const char *account, const char *region)
{
    return (mw_coverage_extra){.account = account,
                               .region = region,
                               .type = "AWS::::Region",
                               .state = MW_SCOPE_SKIPPED,
                               .operation = "ec2:DescribeRegions",
                               .code = "RegionDisabled",
                               .message = "the region is not enabled in this account"};
}

/* A line up to the cause, which the caller adds before it ends the object. */
static void begin_line(mw_doc_builder *b, const mw_snapshot_scope *s)
{
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "account", s->account);
    mw_doc_member_str(b, "region", s->region);
    mw_doc_member_str(b, "type", s->type);
    mw_doc_member_str(b, "facet", s->facet);
    mw_doc_member_str(b, "state", s->state);
    mw_doc_member_int(b, "resources", s->resources);
    mw_doc_member_int(b, "calls", s->calls);
    mw_doc_ckey(b, "cause");
}

mw_status mw_coverage_scope_write(mw_doc_builder *b, const mw_snapshot_scope *s, mw_error *err)
{
    mw_status st = MW_OK;
    mw_val cause = MW_VAL_ABSENT, cached;

    begin_line(b, s);
    if (s->cause &&
        (st = mw_json_read(b, s->cause, strlen(s->cause), &(mw_json_options){.exact = true}, NULL, err)) == MW_OK)
        cause = mw_doc_pop(b);
    cached = mw_val_get(mw_doc_view(b), cause, "cached");
    mw_cause_write(b, mw_doc_view(b), cached == MW_VAL_ABSENT ? cause : MW_VAL_ABSENT);
    if (cached != MW_VAL_ABSENT) {
        mw_doc_ckey(b, "cached");
        mw_doc_add_val(b, cached);
    }
    mw_doc_end_object(b);
    return st;
}

void mw_coverage_extra_write(mw_doc_builder *b, const mw_coverage_extra *e)
{
    begin_line(b, &(mw_snapshot_scope){.account = e->account,
                                       .region = e->region,
                                       .type = e->type,
                                       .state = e->state,
                                       .calls = mw_str_eq(e->state, MW_SCOPE_SKIPPED) ? 0 : 1});
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "operation", e->operation);
    mw_doc_member_str(b, "code", e->code);
    mw_doc_member_str(b, "message", e->message);
    mw_doc_member_str(b, "class", mw_cause_class_name(mw_cause_classify(e->code, e->message)));
    mw_doc_end_object(b);
    mw_doc_end_object(b);
}

void mw_coverage_extra_read(const mw_doc *d, mw_val v, mw_coverage_extra *out)
{
    mw_val cause = mw_val_get(d, v, "cause");

    *out = (mw_coverage_extra){.account = mw_val_get_str(d, v, "account", ""),
                               .region = mw_val_get_str(d, v, "region", ""),
                               .type = mw_val_get_str(d, v, "type", ""),
                               .state = mw_val_get_str(d, v, "state", "failed"),
                               .operation = mw_val_get_str(d, cause, "operation", NULL),
                               .code = mw_val_get_str(d, cause, "code", NULL),
                               .message = mw_val_get_str(d, cause, "message", NULL)};
}

mw_status mw_coverage_from_snapshot(const mw_doc *snapshot, const mw_coverage_extra *extras, size_t extra_count,
                                    mw_doc **out, mw_error *err)
{
    mw_val scopes = mw_val_get(snapshot, first_world(snapshot), "scopes");
    size_t n = mw_val_len(snapshot, scopes);
    mw_val *sorted = mw_alloc((n + 1) * sizeof(*sorted));
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st == MW_OK && !sorted)
        st = mw_fail(err, MW_ERR_NOMEM, "coverage: out of memory");
    if (st != MW_OK)
        goto out;
    for (size_t i = 0; i < n; i++)
        sorted[i] = mw_val_at(snapshot, scopes, i);
    qsort_r(sorted, n, sizeof(*sorted), by_place, (void *)(uintptr_t)snapshot);
    mw_doc_begin_array(b);
    for (size_t i = 0; i < extra_count; i++)
        mw_coverage_extra_write(b, &extras[i]);
    for (size_t i = 0; i < n; i++)
        add_scope(b, snapshot, sorted[i]);
    mw_doc_end_array(b);
    st = mw_doc_finish(b, mw_doc_pop(b), out, err);
out:
    mw_doc_builder_free(b);
    mw_free(sorted);
    return st;
}

/* ---- the snapshot's name ---- */

/* A digest of digests, for the whole snapshot as text would not fit into memory; over what a store holds of it, so that an
 * import can compute it again. */
mw_status mw_snapshot_digest(const mw_doc *snapshot, char out[2 * MW_SHA256_SIZE + 1], mw_error *err)
{
    MW_AUTO(mw_buf) digests = {.max = (size_t)4 << 30};
    MW_AUTO(mw_buf) text = {.max = (size_t)256 << 20};
    mw_val types = mw_val_get(snapshot, first_world(snapshot), "resources");
    mw_doc_builder *withheld = NULL;
    uint8_t digest[MW_SHA256_SIZE];
    mw_status st = mw_doc_builder_new(NULL, &withheld, err);

    mw_buf_puts(&digests, mw_val_get_str(snapshot, mw_doc_root(snapshot), "now", ""));
    for (size_t i = 0; i < mw_val_len(snapshot, types) && st == MW_OK; i++) {
        mw_val key, list = mw_val_member(snapshot, types, i, &key);
        const char *type = mw_val_str(snapshot, key, NULL);
        mw_val mask = mw_snapshot_mask(snapshot, type);
        mw_buf_puts(&digests, type);
        for (size_t k = 0; k < mw_val_len(snapshot, list) && st == MW_OK; k++) {
            mw_buf_reset(&text);
            st = mw_resource_write_stored(&text, withheld, snapshot, mw_val_at(snapshot, list, k), mask,
                                          MW_JSON_COMPACT, err);
            mw_sha256(digest, text.data, text.len);
            mw_buf_add(&digests, digest, sizeof(digest), NULL);
        }
    }
    mw_doc_builder_free(withheld);
    if (st != MW_OK || (st = mw_buf_status(&digests, err)) != MW_OK)
        return st;
    mw_sha256(digest, digests.data, digests.len);
    mw_hex(out, digest, sizeof(digest));
    return MW_OK;
}

/* ---- completeness ---- */

static bool was_swept(const mw_coverage_view *v, const char *region)
{
    if (!region || !*region || mw_str_eq(region, "global"))
        return true;
    for (size_t i = 0; i < v->region_count; i++)
        if (mw_str_eq(v->regions[i], region))
            return true;
    return false;
}

bool mw_coverage_complete(void *user, const char *account, const char *region, const char *type)
{
    const mw_coverage_view *v = user;
    const mw_doc *s = v->snapshot, *c = v->coverage;
    mw_val types = mw_val_get(s, mw_doc_root(s), "types");
    const char *scope = type ? mw_val_get_str(s, mw_val_get(s, types, type), "scope", NULL) : NULL;
    bool once = mw_str_eq(scope, "global") || mw_str_eq(scope, "account");
    bool seen = false, looked = was_swept(v, region);

    if (!scope)
        return false;
    for (size_t i = 0; i < mw_val_len(c, mw_doc_root(c)); i++) {
        mw_val entry = mw_val_at(c, mw_doc_root(c), i);
        if (mw_val_kind(c, mw_val_get(c, entry, "facet")) != MW_KIND_NULL ||
            !mw_str_eq(mw_val_get_str(c, entry, "type", NULL), type) ||
            !mw_str_eq(mw_val_get_str(c, entry, "account", NULL), account))
            continue;
        if (!once && !mw_str_eq(mw_val_get_str(c, entry, "region", NULL), region))
            continue;
        if (!mw_str_eq(mw_val_get_str(c, entry, "state", NULL), "complete"))
            return false;
        /* The home of a global type is looked at whether or not it is among the regions. */
        looked = looked || mw_str_eq(mw_val_get_str(c, entry, "region", NULL), region);
        seen = true;
    }
    return seen && looked;
}
