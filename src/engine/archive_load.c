/*
 * A stored snapshot as the document that was collected. What was unknown comes back unknown; what
 * the snapshot did not ask for becomes unknown, never absent; what was carried over from an older
 * snapshot is left out.
 */
#include "engine/archive.h"

#include "inventory/envelope.h"

#include <string.h>
#include <unistd.h>

static const mw_json_options exact = {.exact = true};

struct loading {
    mw_store *s;
    const mw_archive_options *o;
    mw_archived *out;
    mw_doc_builder *b;
    mw_val type_name; /* of the list under way, or ABSENT */
    mw_error *err;
    mw_status st;
};

static bool fails(struct loading *l, mw_status st)
{
    if (l->st == MW_OK)
        l->st = st;
    return l->st != MW_OK;
}

/* ---- what is known about it ---- */

static bool take_info(void *user, const mw_snapshot_info *info)
{
    struct loading *l = user;
    mw_archived *a = l->out;
    mw_doc_builder *b = NULL;

    a->id = mw_arena_strdup(&a->arena, info->id);
    a->digest = mw_arena_strdup(&a->arena, info->digest);
    a->taken_at = mw_arena_strdup(&a->arena, info->taken_at);
    if (!a->id || !a->digest || !a->taken_at) {
        l->st = mw_fail(l->err, MW_ERR_NOMEM, "out of memory for a snapshot");
        return false;
    }
    if (!fails(l, mw_doc_builder_new(NULL, &b, l->err)) &&
        !fails(l, mw_json_read(b, info->about, strlen(info->about), &exact, NULL, l->err)))
        l->st = mw_doc_finish(b, mw_doc_pop(b), &a->about, l->err);
    if (l->st == MW_ERR_PARSE)
        l->st = mw_error_prefix(l->err, l->st, "snapshot %s is damaged", info->id);
    mw_doc_builder_free(b);
    if (l->st == MW_OK)
        a->notes = mw_val_get(a->about, mw_doc_root(a->about), "notes");
    return false;
}

static bool has_text(const mw_doc *d, mw_val list, const char *text, size_t len)
{
    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        const char *s = mw_val_str(d, mw_val_at(d, list, i), NULL);
        if (s && strncmp(s, text, len) == 0 && (s[len] == '\0' || s[len] == '.'))
            return true;
    }
    return false;
}

static bool has_facet(const mw_doc *d, mw_val facets, const char *facet)
{
    return has_text(d, facets, facet, strlen(facet));
}

/* The member that a facet would fill (`Metrics` of `Metrics.CPUUtilization`). */
static void add_missing(mw_doc_builder *b, const char *facet)
{
    mw_doc_key(b, facet, strcspn(facet, "."));
    mw_doc_add_unknown_cause(b, NULL, "NotCollected", "the snapshot did not ask for it: no rule of its plan needed it");
}

/* What the models of its time knew, where the snapshot says so. */
static void copy_member(mw_doc_builder *b, const mw_doc *d, mw_val object, const char *key)
{
    mw_val v = mw_val_get(d, object, key);

    if (v == MW_VAL_ABSENT)
        return;
    mw_doc_ckey(b, key);
    mw_doc_add_copy(b, d, v);
}

static void add_type(struct loading *l, const char *name, mw_val entry)
{
    const mw_doc *d = l->out->about;
    mw_val facets = mw_val_get(d, entry, "facets"), collected = mw_val_get(d, entry, "collected");
    const mw_type *today = l->o->types ? mw_types_get(l->o->types, name) : NULL;

    mw_doc_begin_object(l->b);
    mw_doc_member_str(l->b, "scope", mw_val_get_str(d, entry, "scope", ""));
    mw_doc_ckey(l->b, "facets");
    mw_doc_begin_array(l->b);
    for (size_t i = 0; i < mw_val_len(d, facets); i++)
        mw_doc_add_copy(l->b, d, mw_val_at(d, facets, i));
    for (size_t i = 0; today && i < mw_type_facet_count(today); i++)
        if (!has_facet(d, facets, mw_type_facet_at(today, i)))
            mw_doc_add_cstr(l->b, mw_type_facet_at(today, i));
    mw_doc_end_array(l->b);
    mw_doc_ckey(l->b, "collected");
    mw_doc_add_copy(l->b, d, collected);
    copy_member(l->b, d, entry, "outline");
    mw_doc_ckey(l->b, "missing");
    mw_doc_begin_object(l->b);
    for (size_t i = 0; i < mw_val_len(d, facets); i++) {
        const char *facet = mw_val_str(d, mw_val_at(d, facets, i), NULL);
        if (facet && !has_text(d, collected, facet, strcspn(facet, ".")))
            add_missing(l->b, facet);
    }
    /* A metric that the type got later is not in the `Metrics` that was collected: nothing there can be told from absent. */
    for (size_t i = 0; today && i < mw_type_facet_count(today); i++)
        if (!has_facet(d, facets, mw_type_facet_at(today, i)))
            add_missing(l->b, mw_type_facet_at(today, i));
    mw_doc_end_object(l->b);
    mw_doc_end_object(l->b);
}

static void add_types(struct loading *l)
{
    const mw_doc *d = l->out->about;
    mw_val types = mw_val_get(d, mw_doc_root(d), "types");

    mw_doc_begin_object(l->b);
    for (size_t i = 0; i < mw_val_len(d, types); i++) {
        mw_val key, entry = mw_val_member(d, types, i, &key);
        mw_doc_ckey(l->b, mw_val_str(d, key, NULL));
        add_type(l, mw_val_str(d, key, NULL), entry);
    }
    mw_doc_end_object(l->b);
}

/* ---- its ledger and resources ---- */

static bool take_scope(void *user, const mw_snapshot_scope *s)
{
    struct loading *l = user;
    mw_scope_entry e = {.account = s->account,
                        .region = s->region,
                        .partition = s->partition,
                        .type = s->type,
                        .facet = s->facet,
                        .state = s->state,
                        .resources = (size_t)s->resources,
                        .calls = (size_t)s->calls,
                        .cause = MW_VAL_ABSENT};

    if (s->cause) {
        if (fails(l, mw_json_read(l->b, s->cause, strlen(s->cause), &exact, NULL, l->err)))
            return false;
        e.cause = mw_doc_pop(l->b);
        mw_scope_entry_cached(mw_doc_view(l->b), &e);
    }
    mw_snapshot_add_scope(l->b, &e);
    return true;
}

static void end_list(struct loading *l)
{
    if (l->type_name != MW_VAL_ABSENT)
        mw_doc_end_array(l->b);
}

static bool take_resource(void *user, const mw_snapshot_resource *r)
{
    struct loading *l = user;
    const char *under_way = mw_val_str(mw_doc_view(l->b), l->type_name, NULL);

    if (r->stale)
        return true;
    if (!under_way || strcmp(under_way, r->type) != 0) {
        end_list(l);
        mw_doc_add_cstr(l->b, r->type);
        l->type_name = mw_doc_pop(l->b);
        mw_doc_key_val(l->b, l->type_name);
        mw_doc_begin_array(l->b);
    }
    return !fails(l, mw_json_read(l->b, r->doc, r->len, &exact, NULL, l->err));
}

static mw_status load_resources(struct loading *l, mw_error *err)
{
    mw_snapshot_filter f = {.account = l->o->account};
    mw_status st = MW_OK;

    if (!l->o->wanted)
        return mw_snapshot_resources(l->s, l->out->id, &f, true, take_resource, l, err);
    for (size_t i = 0; i < l->o->wanted_count && st == MW_OK && l->st == MW_OK; i++) {
        f.type = l->o->wanted[i];
        st = mw_snapshot_resources(l->s, l->out->id, &f, true, take_resource, l, err);
    }
    return st;
}

static mw_status build(struct loading *l, mw_error *err)
{
    mw_doc_builder *b = l->b;
    mw_status st;

    mw_doc_begin_object(b);
    mw_doc_member_str(b, "now", l->out->taken_at);
    mw_doc_ckey(b, "unheld");
    mw_doc_add_unknown_cause(b, NULL, "NotCollected", "the snapshot did not look for it");
    copy_member(b, l->out->about, mw_doc_root(l->out->about), "unmodelled");
    copy_member(b, l->out->about, mw_doc_root(l->out->about), "unsent");
    mw_doc_ckey(b, "types");
    add_types(l);
    mw_doc_ckey(b, "worlds");
    mw_doc_begin_array(b);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "now", l->out->taken_at);
    mw_doc_ckey(b, "scopes");
    mw_doc_begin_array(b);
    if ((st = mw_snapshot_scopes_of(l->s, l->out->id, l->o->account, take_scope, l, err)) != MW_OK ||
        (st = l->st) != MW_OK)
        return st;
    mw_doc_end_array(b);
    mw_doc_ckey(b, "resources");
    mw_doc_begin_object(b);
    if ((st = load_resources(l, err)) != MW_OK || (st = l->st) != MW_OK)
        return st;
    end_list(l);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    return mw_doc_builder_status(b, err);
}

mw_status mw_archive_load(mw_store *s, const char *name, const mw_archive_options *o, int *fd, mw_archived *out,
                          mw_error *err)
{
    const mw_doc_options share = {.share = true};
    struct loading l = {.s = s, .o = o, .out = out, .type_name = MW_VAL_ABSENT, .err = err};
    mw_status st;

    *fd = -1;
    *out = (mw_archived){.notes = MW_VAL_ABSENT};
    if ((st = mw_snapshot_find(s, name, take_info, &l, err)) == MW_OK && (st = l.st) == MW_OK &&
        (st = mw_doc_builder_new(&share, &l.b, err)) == MW_OK && (st = build(&l, err)) == MW_OK)
        st = mw_doc_finish_memfd(l.b, mw_doc_pop(l.b), fd, err);
    mw_doc_builder_free(l.b);
    return st;
}

void mw_archived_clear(mw_archived *a)
{
    mw_doc_free(a->about);
    mw_arena_clear(&a->arena);
    *a = (mw_archived){.notes = MW_VAL_ABSENT};
}
