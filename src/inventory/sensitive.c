/*
 * From AWS's shapes and a type's own list to the paths that a store must not hold. Relies on shape.c: where it does not
 * know a part's shape, the models mark nothing there and the type's list has to. It errs towards hiding: a structure
 * that holds itself and anything sensitive is hidden from its second round on.
 */
#include "inventory/sensitive.h"

#include "aws/record.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/shape.h"
#include "inventory/type_internal.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX         24
#define NODES_MAX         200000 /* shapes looked at of one type */
#define SOURCES_DEPTH_MAX 8      /* types that are derived from derived ones, as a plan has it */

/* `again`: the structure, counted from 1 among the open ones, that the path comes back to; 0 = it is sensitive. */
struct candidate {
    const char *path;
    size_t again;
};

struct walk {
    const mw_type *type;
    mw_arena *arena;
    struct candidate *items;
    size_t count, cap, nodes;
    const mw_shape *open[DEPTH_MAX];
    size_t depth;
    mw_buf path;
    mw_status st;
};

/* ---- the walk ---- */

static bool excepted(const struct walk *w)
{
    size_t n;
    const mw_sensitive_exception *e = mw_sensitive_exceptions(&n);

    for (size_t i = 0; i < n; i++)
        if (mw_str_eq(e[i].type, w->type->name) && mw_str_eq(e[i].path, w->path.data))
            return true;
    return false;
}

static void keep(struct walk *w, const char *path, size_t again)
{
    const char *own = mw_arena_strdup(w->arena, path);

    if (w->count == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 32;
        struct candidate *wider = mw_realloc(w->items, cap * sizeof(*wider));
        if (!wider) {
            w->st = MW_ERR_NOMEM;
            return;
        }
        w->items = wider;
        w->cap = cap;
    }
    if (!own)
        w->st = MW_ERR_NOMEM;
    else
        w->items[w->count++] = (struct candidate){own, again};
}

static void look(struct walk *w, const mw_shape *s);

static void look_into(struct walk *w, const char *name, const mw_shape *s)
{
    size_t before = w->path.len;

    mw_buf_printf(&w->path, "%s%s", before ? "." : "", name);
    if (mw_names_secret(name) && mw_shape_type_of(s) == MW_SHAPE_STRING && !excepted(w))
        keep(w, w->path.data, 0);
    else
        look(w, s);
    w->path.len = before;
    w->path.data[before] = '\0';
}

/* Paths that come back to the structure count when it has a sensitive part. */
static void settle(struct walk *w, size_t first, size_t structure)
{
    bool sensitive = false;
    size_t kept = first;

    for (size_t i = first; i < w->count; i++)
        sensitive = sensitive || w->items[i].again == 0;
    for (size_t i = first; i < w->count; i++) {
        if (w->items[i].again == structure) {
            if (!sensitive)
                continue;
            w->items[i].again = 0;
        }
        w->items[kept++] = w->items[i];
    }
    w->count = kept;
}

static void look_at_structure(struct walk *w, const mw_shape *s)
{
    size_t first = w->count;

    for (size_t i = 0; i < w->depth; i++)
        if (w->open[i] == s) {
            keep(w, w->path.data, i + 1);
            return;
        }
    if (w->depth == DEPTH_MAX || w->nodes > NODES_MAX) {
        keep(w, w->path.data, 0);
        return;
    }
    w->open[w->depth++] = s;
    for (size_t i = 0; i < mw_shape_member_count(s) && w->st == MW_OK; i++)
        look_into(w, mw_member_name(mw_shape_member_at(s, i)), mw_member_shape(mw_shape_member_at(s, i)));
    settle(w, first, w->depth--);
}

/* The value's member of a pair of name and value, or NULL: a list of such names nothing that is sensitive by its names. */
static const mw_member *value_of_pair(const mw_shape *s)
{
    static const char *const pairs[][2] = {{"name", "value"}, {"Name", "Value"}, {"key", "value"}, {"Key", "Value"}};
    const mw_shape *e = mw_shape_type_of(s) == MW_SHAPE_LIST ? mw_member_shape(mw_shape_element(s)) : s;

    for (size_t i = 0; i < MW_COUNT(pairs) && mw_shape_type_of(e) == MW_SHAPE_STRUCTURE; i++)
        if (mw_shape_member_count(e) <= 3 && mw_shape_member(e, pairs[i][0], strlen(pairs[i][0])) &&
            mw_shape_member(e, pairs[i][1], strlen(pairs[i][1])))
            return mw_shape_member(e, pairs[i][1], strlen(pairs[i][1]));
    return NULL;
}

static void found(struct walk *w, const mw_shape *s)
{
    const mw_member *value = value_of_pair(s);
    size_t before = w->path.len;

    if (excepted(w))
        return;
    if (value)
        mw_buf_printf(&w->path, ".%s", mw_member_name(value));
    keep(w, w->path.data, 0);
    w->path.len = before;
    w->path.data[before] = '\0';
}

static void look(struct walk *w, const mw_shape *s)
{
    mw_shape_type type = mw_shape_type_of(s);
    bool number = type == MW_SHAPE_INTEGER || type == MW_SHAPE_LONG || type == MW_SHAPE_FLOAT ||
                  type == MW_SHAPE_DOUBLE || type == MW_SHAPE_BOOLEAN || type == MW_SHAPE_TIMESTAMP;

    w->nodes++;
    if (mw_shape_sensitive(s) && !number) {
        found(w, s);
    } else if (type == MW_SHAPE_LIST) {
        look(w, mw_member_shape(mw_shape_element(s)));
    } else if (type == MW_SHAPE_MAP) {
        look_into(w, "*", mw_member_shape(mw_shape_value(s)));
    } else if (type == MW_SHAPE_STRUCTURE) {
        look_at_structure(w, s);
    }
}

static void look_at_item(struct walk *w, mw_typed item)
{
    for (size_t i = 0; item.shape && item.lists == 0 && mw_shape_type_of(item.shape) == MW_SHAPE_STRUCTURE &&
                       i < mw_shape_member_count(item.shape);
         i++) {
        const mw_member *m = mw_shape_member_at(item.shape, i);
        if (!mw_type_has_facet(w->type, mw_member_name(m))) /* a facet goes over the item */
            look_into(w, mw_member_name(m), mw_member_shape(m));
    }
}

/* ---- the paths ---- */

/* As strcmp(), but a path comes before all that is below it, with nothing in between. */
static int by_steps(const char *a, const char *b)
{
    for (; *a && *a == *b; a++)
        b++;
    if (*a == *b)
        return 0;
    if (!*a || !*b)
        return *a ? 1 : -1;
    if (*a == '.' || *b == '.')
        return *a == '.' ? -1 : 1;
    return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int by_path(const void *a, const void *b)
{
    return by_steps(((const struct candidate *)a)->path, ((const struct candidate *)b)->path);
}

static bool lies_below(const char *path, const char *above)
{
    size_t len = strlen(above);

    return strncmp(path, above, len) == 0 && (path[len] == '\0' || path[len] == '.');
}

/* What the models mark, and what is named like a secret. */
static void add_marked(struct walk *w, const mw_models *m)
{
    mw_typed also, item = mw_type_item_shape(w->type, m, &also);

    look_at_item(w, item);
    look_at_item(w, also);
    for (size_t i = 0; i < mw_type_facet_count(w->type); i++) {
        const char *facet = mw_type_facet_at(w->type, i);
        mw_typed t = mw_type_facet_shape(w->type, facet, m);
        if (t.shape)
            look_into(w, facet, t.shape);
    }
}

static void add_listed(struct walk *w, const mw_doc *d, mw_val type)
{
    mw_val list = mw_val_get(d, type, "sensitive");

    for (size_t i = 0; i < mw_val_len(d, list); i++)
        keep(w, mw_val_str(d, mw_val_at(d, list, i), NULL), 0);
}

/* Items of a derived type are those of its sources, or hold them as `Members`. */
static mw_status add_sources(struct walk *w, const mw_types *types, const mw_models *m, unsigned depth, mw_error *err);

static mw_status sensitive_of(const mw_type *t, const mw_types *types, const mw_models *m, unsigned depth,
                              mw_arena *arena, mw_sensitive *out, mw_error *err)
{
    struct walk w = {.type = t, .arena = arena, .path = {.max = 1 << 16}};
    mw_status st;

    *out = (mw_sensitive){0};
    mw_buf_puts(&w.path, "");
    if ((st = w.path.failed) == MW_OK) {
        add_marked(&w, m);
        add_listed(&w, t->d, t->v);
        add_listed(&w, t->replaced_d, t->replaced);
        st = add_sources(&w, types, m, depth, err);
    }
    if (w.count)
        qsort(w.items, w.count, sizeof(*w.items), by_path);
    if (st == MW_OK && (st = w.st) == MW_OK && (st = w.path.failed) == MW_OK &&
        !(out->paths = mw_arena_alloc(arena, (w.count + 1) * sizeof(*out->paths))))
        st = MW_ERR_NOMEM;
    for (size_t i = 0; st == MW_OK && i < w.count; i++)
        if (out->count == 0 || !lies_below(w.items[i].path, out->paths[out->count - 1]))
            out->paths[out->count++] = w.items[i].path;
    mw_buf_clear(&w.path);
    mw_free(w.items);
    return st == MW_OK ? MW_OK : mw_fail(err, st, "type %s: out of memory for what is sensitive", t->name);
}

static mw_status add_sources(struct walk *w, const mw_types *types, const mw_models *m, unsigned depth, mw_error *err)
{
    const mw_type *t = w->type;
    mw_val list = mw_val_get(t->d, t->v, "list"), sources = mw_val_get(t->d, list, "derived_from");
    bool grouped = mw_val_get(t->d, list, "by") != MW_VAL_ABSENT;

    for (size_t i = 0; i < mw_val_len(t->d, sources) && depth < SOURCES_DEPTH_MAX; i++) {
        const mw_type *source = mw_types_get(types, mw_val_str(t->d, mw_val_at(t->d, sources, i), NULL));
        mw_sensitive s = {0};
        mw_status st = source ? sensitive_of(source, types, m, depth + 1, w->arena, &s, err) : MW_OK;
        if (st != MW_OK)
            return st;
        for (size_t k = 0; k < s.count; k++) {
            w->path.len = 0;
            mw_buf_join(&w->path, grouped ? "Members." : "", s.paths[k], NULL);
            keep(w, w->path.data, 0);
        }
    }
    return MW_OK;
}

mw_status mw_sensitive_of(const mw_type *t, const mw_types *types, const mw_models *m, mw_arena *arena,
                          mw_sensitive *out, mw_error *err)
{
    return sensitive_of(t, types, m, 0, arena, out, err);
}

/* ---- the mask ---- */

/* Of the paths [from, to), which are alike in their first @p at bytes. */
static void add_masks(mw_doc_builder *b, const mw_sensitive *s, size_t from, size_t to, size_t at)
{
    mw_doc_begin_object(b);
    while (from < to) {
        const char *step = s->paths[from] + at;
        size_t len = strcspn(step, "."), end = from + 1;
        while (end < to && strncmp(s->paths[end] + at, step, len) == 0 && s->paths[end][at + len] == '.')
            end++;
        mw_doc_key(b, step, len);
        if (step[len])
            add_masks(b, s, from, end, at + len + 1);
        else
            mw_doc_add_bool(b, true);
        from = end;
    }
    mw_doc_end_object(b);
}

void mw_sensitive_add_mask(mw_doc_builder *b, const mw_sensitive *s)
{
    add_masks(b, s, 0, s->count, 0);
}

/* ---- the check ---- */

/* The first step: a facet, or a member of what the list or the describe call gives. @return false: there is none. */
static bool begin(const mw_type *t, const mw_models *m, const char *name, size_t len, mw_typed *out)
{
    mw_typed also, item = mw_type_item_shape(t, m, &also);
    char facet[128];

    *out = (mw_typed){NULL, 0};
    if (len >= sizeof(facet))
        return false;
    memcpy(facet, name, len);
    facet[len] = '\0';
    if (mw_type_has_facet(t, facet)) {
        *out = mw_type_facet_shape(t, facet, m);
        return true;
    }
    if (!item.shape)
        return true;
    *out = mw_shape_below(item, name, len);
    if (!out->shape && also.shape)
        *out = mw_shape_below(also, name, len);
    return out->shape != NULL || mw_shape_member(item.shape, name, len) ||
           (also.shape && mw_shape_member(also.shape, name, len));
}

/* Is there such a member below, as far as the models know? */
static bool step(mw_typed *at, const char *name, size_t len)
{
    mw_typed from = {at->shape, 0};
    bool structure = from.shape && mw_shape_type_of(from.shape) == MW_SHAPE_STRUCTURE && !mw_shape_document(from.shape);

    *at = mw_shape_below(from, name, len);
    if (structure)
        return mw_shape_member(from.shape, name, len) != NULL;
    return !from.shape || mw_shape_type_of(from.shape) == MW_SHAPE_MAP || mw_shape_document(from.shape);
}

mw_status mw_sensitive_check(const mw_type *t, const mw_models *m, mw_error *err)
{
    mw_val own = mw_val_get(t->d, t->v, "sensitive");

    for (size_t i = 0; i < mw_val_len(t->d, own); i++) {
        const char *path = mw_val_str(t->d, mw_val_at(t->d, own, i), NULL), *p = path;
        size_t len = strcspn(p, ".");
        mw_typed at;
        bool there = begin(t, m, p, len, &at);
        while (there && p[len]) {
            p += len + 1;
            len = strcspn(p, ".");
            there = step(&at, p, len);
        }
        if (!there)
            return mw_fail(err, MW_ERR_INVALID, "type %s: sensitive: '%s': its documents have no '%.*s' there", t->name,
                           path, (int)len, p);
    }
    return MW_OK;
}
