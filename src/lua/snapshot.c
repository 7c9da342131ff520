/*
 * Reading snapshots by the contract's names. Pure over mw_doc: no allocation, no Lua, no I/O. It
 * must never turn an unknown into an absent value, nor a missing scope into an empty list.
 */
#include "lua/snapshot.h"

#include "base/time.h"
#include "doc/withhold.h"

#include <stdio.h>
#include <string.h>

static mw_val unknown_or_absent(const mw_doc *d, mw_val v)
{
    return mw_val_kind(d, v) == MW_KIND_UNKNOWN ? v : MW_VAL_ABSENT;
}

mw_status mw_snap_init(mw_snap *s, const mw_doc *doc, mw_error *err)
{
    mw_val root = mw_doc_root(doc);

    memset(s, 0, sizeof(*s));
    s->doc = doc;
    s->types = mw_val_get(doc, root, "types");
    s->worlds = mw_val_get(doc, root, "worlds");
    s->now = mw_val_get_str(doc, root, "now", "1970-01-01T00:00:00Z");
    s->unheld = mw_val_get(doc, root, "unheld");
    if (mw_val_kind(doc, s->types) != MW_KIND_OBJECT || mw_val_kind(doc, s->worlds) != MW_KIND_ARRAY)
        return mw_fail(err, MW_ERR_PARSE, "not a snapshot: it has no 'types' and 'worlds'");
    s->unmodelled = unknown_or_absent(doc, mw_val_get(doc, root, "unmodelled"));
    s->unsent = unknown_or_absent(doc, mw_val_get(doc, root, "unsent"));
    for (size_t i = 0; i < mw_val_len(doc, s->types); i++)
        s->partial =
            s->partial || mw_val_len(doc, mw_val_get(doc, mw_val_member(doc, s->types, i, NULL), "missing")) > 0;
    s->withholds = mw_snapshot_withholds(doc);
#define ATOM(text) mw_doc_atom(doc, text, sizeof(text) - 1)
    s->id = ATOM("id");
    s->arn = ATOM("arn");
    s->name = ATOM("name");
    s->type = ATOM("type");
    s->account = ATOM("account");
    s->region = ATOM("region");
    s->partition = ATOM("partition");
    s->tags = ATOM("tags");
    s->created = ATOM("created");
    s->rest = ATOM("rest");
    s->item = ATOM("doc");
    s->any = ATOM("*");
#undef ATOM
    return MW_OK;
}

size_t mw_snap_world_count(const mw_snap *s)
{
    return mw_val_len(s->doc, s->worlds);
}

mw_val mw_snap_world(const mw_snap *s, size_t world)
{
    return mw_val_at(s->doc, s->worlds, world);
}

mw_val mw_snap_resources(const mw_snap *s, size_t world, const char *type)
{
    return mw_val_get(s->doc, mw_val_get(s->doc, mw_snap_world(s, world), "resources"), type);
}

int64_t mw_snap_now(const mw_snap *s, size_t world)
{
    const char *text = mw_val_get_str(s->doc, mw_snap_world(s, world), "now", s->now);
    int64_t ns;

    return mw_time_parse(text, strlen(text), &ns, NULL) == MW_OK ? ns / 1000000000 : 0;
}

bool mw_snap_type_known(const mw_snap *s, const char *type)
{
    return mw_val_kind(s->doc, mw_val_get(s->doc, s->types, type)) == MW_KIND_OBJECT;
}

const char *mw_snap_type_scope(const mw_snap *s, const char *type)
{
    return mw_val_get_str(s->doc, mw_val_get(s->doc, s->types, type), "scope", "");
}

mw_val mw_snap_type_facets(const mw_snap *s, const char *type)
{
    return mw_val_get(s->doc, mw_val_get(s->doc, s->types, type), "facets");
}

const char *mw_snap_text(const mw_snap *s, mw_val resource, mw_atom member)
{
    return mw_val_str(s->doc, mw_val_get_atom(s->doc, resource, member), NULL);
}

mw_snap_reserved mw_snap_reserved_name(const char *name, size_t len)
{
    static const struct {
        const char *name;
        mw_snap_reserved which;
    } names[] = {{"id", MW_SNAP_ID},
                 {"arn", MW_SNAP_ARN},
                 {"name", MW_SNAP_NAME},
                 {"type", MW_SNAP_TYPE},
                 {"account", MW_SNAP_ACCOUNT},
                 {"region", MW_SNAP_REGION},
                 {"partition", MW_SNAP_PARTITION},
                 {"created", MW_SNAP_CREATED},
                 {"tags", MW_SNAP_TAGS},
                 {"doc", MW_SNAP_DOC}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0)
            return names[i].which;
    return MW_SNAP_NONE;
}

mw_val mw_snap_envelope(const mw_snap *s, mw_val resource, mw_snap_reserved which)
{
    mw_atom atom = MW_ATOM_NONE;

    switch (which) {
    case MW_SNAP_NONE: return MW_VAL_ABSENT;
    case MW_SNAP_ID: atom = s->id; break;
    case MW_SNAP_ARN: atom = s->arn; break;
    case MW_SNAP_NAME: atom = s->name; break;
    case MW_SNAP_TYPE: atom = s->type; break;
    case MW_SNAP_ACCOUNT: atom = s->account; break;
    case MW_SNAP_REGION: atom = s->region; break;
    case MW_SNAP_PARTITION: atom = s->partition; break;
    case MW_SNAP_CREATED: atom = s->created; break;
    case MW_SNAP_TAGS: atom = s->tags; break;
    case MW_SNAP_DOC: atom = s->item; break;
    }
    return mw_val_get_atom(s->doc, resource, atom);
}

mw_val mw_snap_missing_members(const mw_snap *s, mw_val resource)
{
    if (!s->partial)
        return MW_VAL_ABSENT;
    return mw_val_get(s->doc, mw_val_get(s->doc, s->types, mw_snap_text(s, resource, s->type)), "missing");
}

mw_val mw_snap_missing(const mw_snap *s, mw_val resource, const char *name, size_t len)
{
    return mw_val_getn(s->doc, mw_snap_missing_members(s, resource), name, len);
}

mw_val mw_snap_outline(const mw_snap *s, const char *type)
{
    return type ? mw_val_get(s->doc, mw_val_get(s->doc, s->types, type), "outline") : MW_VAL_ABSENT;
}

mw_val mw_snap_below(const mw_snap *s, mw_val outline, mw_atom name)
{
    mw_val below;

    if (mw_val_kind(s->doc, outline) != MW_KIND_OBJECT)
        return MW_VAL_ABSENT;
    below = mw_val_get_atom(s->doc, outline, name);
    return below == MW_VAL_ABSENT ? mw_val_get_atom(s->doc, outline, s->any) : below;
}

mw_val mw_snap_lacking(const mw_snap *s, mw_val outline, const char *name, size_t len)
{
    mw_val always;

    if (mw_val_kind(s->doc, outline) != MW_KIND_OBJECT)
        return MW_VAL_ABSENT;
    if (mw_val_getn(s->doc, outline, name, len) == MW_VAL_ABSENT)
        return mw_val_get(s->doc, outline, "*") == MW_VAL_ABSENT ? s->unmodelled : MW_VAL_ABSENT;
    always = mw_val_get(s->doc, outline, "");
    for (size_t i = 0; i < mw_val_len(s->doc, always); i++) {
        size_t n;
        const char *member = mw_val_str(s->doc, mw_val_at(s->doc, always, i), &n);
        if (member && n == len && memcmp(member, name, len) == 0)
            return s->unsent;
    }
    return MW_VAL_ABSENT;
}

/* A member as a rule sees it: @p v when it is there. */
static mw_val or_lacking(const mw_snap *s, mw_val v, mw_val outline, const char *name, size_t len)
{
    mw_val lacking = mw_val_kind(s->doc, v) <= MW_KIND_NULL ? mw_snap_lacking(s, outline, name, len) : MW_VAL_ABSENT;

    return lacking == MW_VAL_ABSENT ? v : lacking;
}

mw_val mw_snap_member(const mw_snap *s, mw_val resource, const char *name, size_t len)
{
    mw_snap_reserved which = mw_snap_reserved_name(name, len);
    mw_val v, rest;

    if (which != MW_SNAP_NONE)
        return mw_snap_envelope(s, resource, which);
    if ((v = mw_snap_missing(s, resource, name, len)) != MW_VAL_ABSENT)
        return v;
    v = mw_val_getn(s->doc, mw_val_get_atom(s->doc, resource, s->item), name, len);
    if (mw_val_kind(s->doc, v) == MW_KIND_ABSENT) {
        rest = mw_val_get_atom(s->doc, resource, s->rest);
        if (mw_val_kind(s->doc, rest) == MW_KIND_UNKNOWN)
            return rest;
    }
    return or_lacking(s, v, mw_snap_outline(s, mw_snap_text(s, resource, s->type)), name, len);
}

mw_val mw_snap_path(const mw_snap *s, mw_val resource, const char *path)
{
    size_t len = strcspn(path, ".");
    mw_val v = mw_snap_member(s, resource, path, len), outline = MW_VAL_ABSENT;

    if (mw_snap_reserved_name(path, len) == MW_SNAP_NONE)
        outline =
            mw_snap_below(s, mw_snap_outline(s, mw_snap_text(s, resource, s->type)), mw_doc_atom(s->doc, path, len));
    while (path[len] && mw_val_kind(s->doc, v) != MW_KIND_UNKNOWN) {
        if (mw_val_kind(s->doc, v) <= MW_KIND_NULL)
            return MW_VAL_ABSENT;
        path += len + 1;
        len = strcspn(path, ".");
        v = or_lacking(s, mw_val_getn(s->doc, v, path, len), outline, path, len);
        outline = mw_snap_below(s, outline, mw_doc_atom(s->doc, path, len));
    }
    return v;
}

mw_val mw_snap_path_mask(const mw_snap *s, mw_val resource, const char *path)
{
    mw_val mask = MW_VAL_ABSENT;
    size_t len = strcspn(path, ".");

    if (s->withholds && mw_snap_reserved_name(path, len) == MW_SNAP_NONE)
        mask = mw_snapshot_mask(s->doc, mw_snap_text(s, resource, s->type));
    for (; mask != MW_VAL_ABSENT; path += len + 1, len = strcspn(path, ".")) {
        mask = mw_mask_below(s->doc, mask, path, len);
        if (!path[len])
            break;
    }
    return mask;
}

/* Order of a resource relative to (account, region): the array's own order. */
static int compare(const mw_snap *s, mw_val resource, const char *account, const char *region)
{
    const char *a = mw_snap_text(s, resource, s->account), *r;
    int order = strcmp(a ? a : "", account);

    if (order != 0 || !region)
        return order;
    r = mw_snap_text(s, resource, s->region);
    return strcmp(r ? r : "", region);
}

/* First element that is not below the key (after = false) or that is above it (true). */
static size_t bound(const mw_snap *s, mw_val array, const char *account, const char *region, bool after)
{
    size_t low = 0, high = mw_val_len(s->doc, array);

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = compare(s, mw_val_at(s->doc, array, mid), account, region);
        if (order < 0 || (after && order == 0))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void mw_snap_range(const mw_snap *s, mw_val array, const char *account, const char *region, size_t *from, size_t *to)
{
    *from = bound(s, array, account, region, false);
    *to = bound(s, array, account, region, true);
}

mw_val mw_snap_gap(const mw_snap *s, size_t world, const char *type, const char *account, const char *region)
{
    mw_val scopes = mw_val_get(s->doc, mw_snap_world(s, world), "scopes");
    size_t count = mw_val_len(s->doc, scopes);
    bool seen = false;

    for (size_t i = 0; i < count; i++) {
        mw_val scope = mw_val_at(s->doc, scopes, i);
        if (strcmp(mw_val_get_str(s->doc, scope, "type", ""), type) != 0 ||
            mw_val_str(s->doc, mw_val_get(s->doc, scope, "facet"), NULL) ||
            strcmp(mw_val_get_str(s->doc, scope, "account", ""), account) != 0 ||
            (region && strcmp(mw_val_get_str(s->doc, scope, "region", ""), region) != 0))
            continue;
        seen = true;
        if (strcmp(mw_val_get_str(s->doc, scope, "state", ""), "complete") != 0)
            return scope;
    }
    return seen ? MW_VAL_ABSENT : MW_VAL_NULL;
}

size_t mw_snap_cause_text(const mw_doc *d, mw_val cause, char *out, size_t size)
{
    const char *operation = mw_val_get_str(d, cause, "operation", NULL);
    const char *code = mw_val_get_str(d, cause, "code", NULL);
    const char *message = mw_val_get_str(d, cause, "message", NULL);
    int n;

    if (!operation && !code && !message)
        n = snprintf(out, size, "no cause was recorded");
    else
        n = snprintf(out, size, "%s%s%s%s%s%s", operation ? operation : "", operation && (code || message) ? ": " : "",
                     code ? code : "", code && message ? " (" : "", message ? message : "", code && message ? ")" : "");
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

mw_val mw_snap_find_unknown(const mw_doc *d, mw_val v)
{
    mw_kind kind = mw_val_kind(d, v);
    size_t count;

    if (kind == MW_KIND_UNKNOWN)
        return v;
    if (kind != MW_KIND_ARRAY && kind != MW_KIND_OBJECT)
        return MW_VAL_ABSENT;
    count = mw_val_len(d, v);
    for (size_t i = 0; i < count; i++) {
        mw_val part = kind == MW_KIND_ARRAY ? mw_val_at(d, v, i) : mw_val_member(d, v, i, NULL);
        mw_val unknown = mw_snap_find_unknown(d, part);
        if (unknown != MW_VAL_ABSENT)
            return unknown;
    }
    return MW_VAL_ABSENT;
}

int mw_snap_applies(const mw_snap *s, mw_val resource, const mw_doc *guard_doc, mw_val guard, const char **path,
                    mw_val *value)
{
    size_t count = mw_val_len(guard_doc, guard);

    if (mw_val_kind(guard_doc, guard) != MW_KIND_OBJECT)
        return 1;
    for (size_t i = 0; i < count; i++) {
        mw_val key, want = mw_val_member(guard_doc, guard, i, &key), have;
        bool match = false;

        *path = mw_val_str(guard_doc, key, NULL);
        have = mw_snap_path(s, resource, *path);
        *value = have;
        if (mw_val_kind(s->doc, have) == MW_KIND_UNKNOWN)
            return -1;
        if (mw_val_kind(guard_doc, want) == MW_KIND_ARRAY) {
            for (size_t j = 0; j < mw_val_len(guard_doc, want) && !match; j++)
                match = mw_val_equal(s->doc, have, guard_doc, mw_val_at(guard_doc, want, j));
        } else {
            match = mw_val_equal(s->doc, have, guard_doc, want);
        }
        if (!match)
            return 0;
    }
    return 1;
}
