/*
 * From AWS's shapes to the outline that travels with a snapshot, so that a worker, which has no models, can tell a
 * member that AWS left out from one that this program's models cannot see. Relies on shape.c, for which "not known" is
 * the answer to every doubt: what is promised here makes a verdict unknown, so it must never promise too much.
 */
#include "inventory/outline.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/shape.h"
#include "inventory/type_internal.h"

#include <string.h>

#define DEPTH_MAX 24    /* of structures; beyond, anything may be there */
#define NODES_MAX 50000 /* likewise, of one type */

struct outline {
    mw_doc_builder *b;
    const mw_type *type;
    const mw_shape *open[DEPTH_MAX]; /* structures under way: one that holds itself is written once */
    size_t depth, nodes;
    mw_buf path; /* from the document to what is under way, with dots; lists add nothing */
};

static void add_shape(struct outline *o, mw_typed t);

/* ---- members ---- */

static size_t enter(struct outline *o, const char *name)
{
    size_t before = o->path.len;

    mw_buf_printf(&o->path, "%s%s", before ? "." : "", name);
    return before;
}

static void leave(struct outline *o, size_t before)
{
    o->path.len = before;
    if (o->path.data)
        o->path.data[before] = '\0';
}

/* The member "": the names below this place that `always` gives. */
static void add_always(struct outline *o)
{
    const mw_doc *d = o->type->d;
    mw_val always = mw_val_get(d, o->type->v, "always");
    const char *here = o->path.len ? o->path.data : "";
    bool any = false;

    for (size_t i = 0; i < mw_val_len(d, always); i++) {
        const char *path = mw_val_str(d, mw_val_at(d, always, i), NULL), *dot = strrchr(path, '.');
        size_t parent = dot ? (size_t)(dot - path) : 0;
        if (parent != strlen(here) || strncmp(path, here, parent) != 0)
            continue;
        if (!any) {
            mw_doc_ckey(o->b, "");
            mw_doc_begin_array(o->b);
        }
        any = true;
        mw_doc_add_cstr(o->b, dot ? dot + 1 : path);
    }
    if (any)
        mw_doc_end_array(o->b);
}

static void add_member(struct outline *o, const mw_member *m)
{
    size_t before = enter(o, mw_member_name(m));

    mw_doc_ckey(o->b, mw_member_name(m));
    if (mw_member_jsonvalue(m))
        mw_doc_add_bool(o->b, true);
    else
        add_shape(o, mw_shape_typed(mw_member_shape(m)));
    leave(o, before);
}

static bool is_open(const struct outline *o, const mw_shape *s)
{
    for (size_t i = 0; i < o->depth; i++)
        if (o->open[i] == s)
            return true;
    return o->depth == DEPTH_MAX || o->nodes > NODES_MAX;
}

static bool is_structure(mw_typed t)
{
    return t.shape && t.lists == 0 && mw_shape_type_of(t.shape) == MW_SHAPE_STRUCTURE && !mw_shape_document(t.shape);
}

static void add_structure(struct outline *o, const mw_shape *s)
{
    if (is_open(o, s)) {
        mw_doc_add_bool(o->b, true);
        return;
    }
    o->open[o->depth++] = s;
    mw_doc_begin_object(o->b);
    add_always(o);
    for (size_t i = 0; i < mw_shape_member_count(s); i++)
        add_member(o, mw_shape_member_at(s, i));
    mw_doc_end_object(o->b);
    o->depth--;
}

static void add_shape(struct outline *o, mw_typed t)
{
    o->nodes++;
    if (t.shape && t.lists > 0) {
        mw_doc_begin_array(o->b);
        add_shape(o, (mw_typed){t.shape, t.lists - 1});
        mw_doc_end_array(o->b);
    } else if (is_structure(t)) {
        add_structure(o, t.shape);
    } else if (t.shape && mw_shape_type_of(t.shape) == MW_SHAPE_MAP) {
        mw_doc_begin_object(o->b);
        mw_doc_ckey(o->b, "*");
        add_shape(o, mw_shape_typed(mw_member_shape(mw_shape_value(t.shape))));
        mw_doc_end_object(o->b);
    } else {
        mw_doc_add_bool(o->b, true);
    }
}

/* ---- a document ---- */

/* Members of the list's item and of what a describe call merges over it; one that both have may be of either. */
static void add_item(struct outline *o, mw_typed item, mw_typed also)
{
    bool known = is_structure(item) && (!also.shape || is_structure(also));

    if (!known) {
        mw_doc_ckey(o->b, "*");
        mw_doc_add_bool(o->b, true);
        return;
    }
    for (size_t i = 0; i < mw_shape_member_count(item.shape); i++)
        add_member(o, mw_shape_member_at(item.shape, i));
    for (size_t i = 0; also.shape && i < mw_shape_member_count(also.shape); i++) {
        const mw_member *m = mw_shape_member_at(also.shape, i);
        const char *name = mw_member_name(m);
        const mw_member *twin = mw_shape_member(item.shape, name, strlen(name));
        if (!twin || mw_member_shape(twin) == mw_member_shape(m)) {
            add_member(o, m);
        } else {
            mw_doc_ckey(o->b, name);
            mw_doc_add_bool(o->b, true);
        }
    }
}

void mw_outline_add(mw_doc_builder *b, const mw_type *t, const mw_models *m)
{
    struct outline o = {.b = b, .type = t, .path = {.max = 1 << 16}};
    mw_typed also, item = mw_type_item_shape(t, m, &also);

    mw_doc_begin_object(b);
    add_always(&o);
    add_item(&o, item, also);
    for (size_t i = 0; i < mw_type_facet_count(t); i++) { /* the last of equal keys wins: a facet goes over the item */
        const char *facet = mw_type_facet_at(t, i);
        size_t before = enter(&o, facet);
        mw_doc_key(b, facet, strcspn(facet, "."));
        if (strchr(facet, '.'))
            mw_doc_add_bool(b, true);
        else
            add_shape(&o, mw_type_facet_shape(t, facet, m));
        leave(&o, before);
    }
    mw_doc_end_object(b);
    if (mw_buf_status(&o.path, NULL) != MW_OK)
        mw_doc_builder_fail(b, MW_ERR_NOMEM, "out of memory for an outline");
    mw_buf_clear(&o.path);
}

void mw_outline_add_causes(mw_doc_builder *b, const mw_models *m)
{
    MW_AUTO(mw_buf) text = {0};

    mw_buf_printf(&text, "the service models of botocore %s do not know it: newer ones may",
                  mw_models_botocore_version(m));
    mw_doc_ckey(b, "unmodelled");
    mw_doc_add_unknown_cause(b, NULL, "NotModelled", text.data);
    mw_doc_ckey(b, "unsent");
    mw_doc_add_unknown_cause(b, NULL, "NotSent", "AWS always sends it, and this answer lacks it");
}
