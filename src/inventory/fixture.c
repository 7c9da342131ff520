/*
 * Snapshots from fixtures: what a rule's test writes down becomes the same kind of document as a sweep
 * leaves, one world per fixture. Every type is there with all its facets collected, so that what a
 * fixture does not mention is absent, as its author expects, and what it marks unknown is unknown.
 */
#include "inventory/collect.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "inventory/envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* AWS's documentation uses this account in its examples. */
#define FIXTURE_ACCOUNT "111122223333"
#define FIXTURE_REGION  "us-east-1"

struct fixtures {
    const mw_types *types;
    const mw_doc *d;
    mw_doc_builder *b;
    mw_envelope **envelopes; /* by type index, made when first used */
    mw_error *err;
};

struct sortable {
    mw_val resource;
    const char *account, *region, *id; /* copies in the arena */
};

static int compare(const void *pa, const void *pb)
{
    const struct sortable *a = pa, *b = pb;
    int c = strcmp(a->account, b->account);

    if (c == 0)
        c = strcmp(a->region, b->region);
    return c ? c : strcmp(a->id, b->id);
}

static size_t index_of(const mw_types *types, const mw_type *type)
{
    size_t i = 0;

    while (mw_types_at(types, i) != type)
        i++;
    return i;
}

static mw_status envelope_of(struct fixtures *f, const mw_type *type, const mw_envelope **out)
{
    size_t i = index_of(f->types, type);
    mw_status st = MW_OK;

    if (!f->envelopes[i])
        st = mw_envelope_new(type, &f->envelopes[i], f->err);
    *out = f->envelopes[i];
    return st;
}

/* Where a resource lives when the fixture does not say: global types in the home region. */
static const char *region_or_default(const char *region)
{
    return region ? region : FIXTURE_REGION;
}

/* Copy an item into the snapshot's builder without the members that only fixtures have. */
static mw_val copy_item(struct fixtures *f, mw_val item)
{
    mw_doc_begin_object(f->b);
    for (size_t i = 0; i < mw_val_len(f->d, item); i++) {
        mw_val key_val;
        mw_val v = mw_val_member(f->d, item, i, &key_val);
        size_t len;
        const char *key = mw_val_str(f->d, key_val, &len);
        if (mw_str_eq(key, "_tags") || mw_str_eq(key, "_region") || mw_str_eq(key, "_account"))
            continue;
        mw_doc_key(f->b, key, len);
        mw_doc_add_copy(f->b, f->d, v);
    }
    mw_doc_end_object(f->b);
    return mw_doc_pop(f->b);
}

static mw_status add_item(struct fixtures *f, const mw_type *type, const mw_fixture_world *w, mw_val item, mw_val tags,
                          const char *fallback_id, mw_arena *arena, struct sortable *out)
{
    const mw_envelope *envelope;
    mw_envelope_input in = {.parent = MW_VAL_ABSENT, .rest = MW_VAL_ABSENT, .tags = MW_VAL_ABSENT};
    const mw_doc *d = mw_doc_view(f->b);
    mw_status st = envelope_of(f, type, &envelope);

    if (st != MW_OK)
        return st;
    if (mw_val_kind(f->d, item) != MW_KIND_OBJECT)
        return mw_fail(f->err, MW_ERR_INVALID, "%s: a resource must be a table of AWS's fields", type->name);
    in.account = mw_val_get_str(f->d, item, "_account", w->account ? w->account : FIXTURE_ACCOUNT);
    in.region = mw_val_get_str(f->d, item, "_region", region_or_default(w->region));
    in.partition = mw_str_starts(in.region, "cn-")       ? "aws-cn"
                   : mw_str_starts(in.region, "us-gov-") ? "aws-us-gov"
                                                         : "aws";
    if (tags == MW_VAL_ABSENT)
        tags = mw_val_get(f->d, item, "_tags");
    if (tags != MW_VAL_ABSENT) {
        mw_doc_add_copy(f->b, f->d, tags);
        in.tags = mw_doc_pop(f->b);
    }
    in.item = in.doc = copy_item(f, item);
    in.fallback_id = fallback_id;
    st = mw_envelope_build(envelope, f->b, &in, &out->resource, f->err);
    if (st != MW_OK)
        return st;
    out->account = mw_arena_strdup(arena, in.account);
    out->region = mw_arena_strdup(arena, in.region);
    out->id = mw_arena_strdup(arena, mw_val_get_str(d, out->resource, "id", ""));
    return out->account && out->region && out->id ? MW_OK : mw_fail(f->err, MW_ERR_NOMEM, "out of memory for fixtures");
}

/* All resources of one type in one world, sorted, pushed as a member of `resources`. */
static mw_status add_type(struct fixtures *f, const mw_type *type, const mw_fixture_world *w, mw_val items,
                          size_t *count)
{
    MW_AUTO(mw_arena) arena = {0};
    bool under_test = mw_types_get(f->types, w->type) == type;
    size_t n = mw_val_len(f->d, items), total = n + (under_test ? 1 : 0);
    struct sortable *list = mw_arena_alloc(&arena, (total + 1) * sizeof(*list));
    mw_status st = MW_OK;

    *count = total;
    if (!list)
        return mw_fail(f->err, MW_ERR_NOMEM, "out of memory for fixtures");
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        char id[32];
        snprintf(id, sizeof(id), "fixture-%zu", i + 1);
        st = add_item(f, type, w, mw_val_at(f->d, items, i), MW_VAL_ABSENT, id, &arena, &list[i]);
    }
    if (st == MW_OK && under_test)
        st = add_item(f, type, w, w->item, w->tags, "fixture", &arena, &list[n]);
    if (st != MW_OK || total == 0)
        return st;
    qsort(list, total, sizeof(*list), compare);
    mw_doc_ckey(f->b, type->name);
    mw_doc_begin_array(f->b);
    for (size_t i = 0; i < total; i++)
        mw_doc_add_val(f->b, list[i].resource);
    mw_doc_end_array(f->b);
    return mw_doc_builder_status(f->b, f->err);
}

/* `inventory` of a fixture may name types by alias; a name that is no type is a mistake in the test. */
static mw_status items_of(struct fixtures *f, const mw_fixture_world *w, const mw_type *type, mw_val *items)
{
    *items = mw_val_get(f->d, w->inventory, type->name);
    if (*items == MW_VAL_ABSENT && type->alias)
        *items = mw_val_get(f->d, w->inventory, type->alias);
    mw_kind kind = mw_val_kind(f->d, *items);
    if (kind == MW_KIND_ARRAY || kind == MW_KIND_UNKNOWN || kind == MW_KIND_ABSENT ||
        (kind == MW_KIND_OBJECT && mw_val_len(f->d, *items) == 0)) /* Lua's {} has no kind */
        return MW_OK;
    return mw_fail(f->err, MW_ERR_INVALID, "inventory: %s: expected a list of resources or unknown", type->name);
}

static void add_scope(struct fixtures *f, const mw_type *type, const mw_fixture_world *w, mw_val items, size_t count)
{
    mw_scope_entry s = {.account = w->account ? w->account : FIXTURE_ACCOUNT,
                        .region = region_or_default(w->region),
                        .partition = "aws",
                        .type = type->name,
                        .state = "complete",
                        .resources = count,
                        .cause = MW_VAL_ABSENT};

    if (mw_val_kind(f->d, items) == MW_KIND_UNKNOWN) {
        mw_val cause = mw_val_cause(f->d, items);
        s.state = mw_scope_state_of(mw_val_get_str(f->d, cause, "code", NULL));
        mw_doc_add_copy(f->b, f->d, cause);
        s.cause = mw_doc_pop(f->b);
    }
    mw_snapshot_add_scope(f->b, &s);
}

static mw_status add_world(struct fixtures *f, const mw_fixture_world *w, mw_val *out)
{
    size_t n = mw_types_count(f->types);
    MW_AUTO(mw_arena) arena = {0};
    size_t *counts = mw_arena_alloc(&arena, (n + 1) * sizeof(*counts));
    char now[MW_TIME_SIZE];
    mw_val resources, scopes;
    mw_status st = MW_OK;

    if (!counts)
        return mw_fail(f->err, MW_ERR_NOMEM, "out of memory for fixtures");
    if (!mw_types_get(f->types, w->type))
        return mw_fail(f->err, MW_ERR_NOTFOUND, "'%s' is not a resource type", w->type);
    for (size_t i = 0; i < mw_val_len(f->d, w->inventory); i++) {
        mw_val key;
        mw_val_member(f->d, w->inventory, i, &key);
        if (!mw_types_get(f->types, mw_val_str(f->d, key, NULL)))
            return mw_fail(f->err, MW_ERR_INVALID, "inventory: '%s' is not a resource type",
                           mw_val_str(f->d, key, NULL));
    }
    mw_doc_begin_object(f->b);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        mw_val items;
        st = items_of(f, w, mw_types_at(f->types, i), &items);
        if (st == MW_OK)
            st = add_type(f, mw_types_at(f->types, i), w, items, &counts[i]);
    }
    mw_doc_end_object(f->b);
    if (st != MW_OK)
        return st;
    resources = mw_doc_pop(f->b);
    mw_doc_begin_array(f->b);
    for (size_t i = 0; i < n; i++) {
        mw_val items = MW_VAL_ABSENT;
        (void)items_of(f, w, mw_types_at(f->types, i), &items);
        add_scope(f, mw_types_at(f->types, i), w, items, counts[i]);
    }
    mw_doc_end_array(f->b);
    scopes = mw_doc_pop(f->b);
    mw_time_iso(now, w->now_unix * 1000000000);
    mw_doc_begin_object(f->b);
    mw_doc_member_str(f->b, "now", now);
    mw_doc_ckey(f->b, "scopes");
    mw_doc_add_val(f->b, scopes);
    mw_doc_ckey(f->b, "resources");
    mw_doc_add_val(f->b, resources);
    mw_doc_end_object(f->b);
    *out = mw_doc_pop(f->b);
    return mw_doc_builder_status(f->b, f->err);
}

static mw_status build(struct fixtures *f, const mw_fixture_world *worlds, size_t count, int *fd)
{
    MW_AUTO(mw_arena) arena = {0};
    mw_val *made = mw_arena_alloc(&arena, (count + 1) * sizeof(*made));
    char now[MW_TIME_SIZE];
    mw_status st = MW_OK;

    if (!made)
        return mw_fail(f->err, MW_ERR_NOMEM, "out of memory for fixtures");
    for (size_t i = 0; st == MW_OK && i < count; i++)
        st = add_world(f, &worlds[i], &made[i]);
    if (st != MW_OK)
        return st;
    mw_time_iso(now, count ? worlds[0].now_unix * 1000000000 : 0);
    mw_doc_begin_object(f->b);
    mw_doc_member_str(f->b, "now", now);
    mw_doc_ckey(f->b, "types");
    mw_doc_begin_object(f->b);
    for (size_t i = 0; i < mw_types_count(f->types); i++)
        mw_snapshot_add_type(f->b, mw_types_at(f->types, i), NULL, 0, NULL);
    mw_doc_end_object(f->b);
    mw_doc_ckey(f->b, "worlds");
    mw_doc_begin_array(f->b);
    for (size_t i = 0; i < count; i++)
        mw_doc_add_val(f->b, made[i]);
    mw_doc_end_array(f->b);
    mw_doc_end_object(f->b);
    return mw_doc_finish_memfd(f->b, mw_doc_pop(f->b), fd, f->err);
}

mw_status mw_snapshot_from_fixtures(const mw_types *types, const mw_doc *d, const mw_fixture_world *worlds,
                                    size_t count, int *snapshot_fd, mw_error *err)
{
    mw_error local = {0};
    struct fixtures f = {.types = types, .d = d, .err = err ? err : &local};
    size_t n = mw_types_count(types);
    mw_status st;

    *snapshot_fd = -1;
    f.envelopes = mw_alloc((n + 1) * sizeof(mw_envelope *));
    if (!f.envelopes)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for fixtures");
    st = mw_doc_builder_new(&(mw_doc_options){.share = true}, &f.b, f.err);
    if (st == MW_OK)
        st = build(&f, worlds, count, snapshot_fd);
    mw_doc_builder_free(f.b);
    for (size_t i = 0; i < n; i++)
        mw_envelope_free(f.envelopes[i]);
    mw_free(f.envelopes);
    return st;
}
