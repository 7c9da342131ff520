/*
 * The table of resource types: the built-in ones, which a build step checked and compiled into one
 * document, and those of a team's own folders, read through the same checks. A type is a name and a
 * value of one of these documents; nothing is translated.
 */
#include "inventory/type.h"

#include "base/mem.h"
#include "base/str.h"
#include "inventory/type_internal.h"
#include "inventory/type_read.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

struct mw_types {
    mw_doc *builtin, *own;
    mw_type *items; /* by name */
    size_t count;
    const mw_type **aliases; /* by alias */
    size_t alias_count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const mw_type *)a)->name, ((const mw_type *)b)->name);
}

static int compare_alias(const void *a, const void *b)
{
    return strcmp((*(const mw_type *const *)a)->alias, (*(const mw_type *const *)b)->alias);
}

static int match_alias(const void *key, const void *element)
{
    return strcmp(key, (*(const mw_type *const *)element)->alias);
}

static void add(mw_types *t, const mw_doc *d, bool own)
{
    mw_val root = mw_doc_root(d);

    for (size_t i = 0; i < mw_val_len(d, root); i++) {
        mw_type type = {.d = d, .own = own, .replaced_d = d, .replaced = MW_VAL_ABSENT};
        mw_val key;
        mw_type *slot = &t->items[t->count];
        type.v = mw_val_member(d, root, i, &key);
        type.name = mw_val_str(d, key, NULL);
        type.alias = mw_val_get_str(d, type.v, "alias", NULL);
        type.facets = mw_val_get(d, type.v, "facets");
        for (size_t k = 0; k < t->count; k++)
            if (mw_str_eq(t->items[k].name, type.name))
                slot = &t->items[k];
        if (slot == &t->items[t->count]) {
            t->count++;
        } else {
            type.replaced_d = t->builtin;
            type.replaced = mw_val_get(t->builtin, mw_doc_root(t->builtin), type.name);
        }
        *slot = type;
    }
}

static bool known(void *user, const char *name)
{
    return mw_types_get(user, name) != NULL;
}

mw_status mw_types_load(const char *const *dirs, size_t n, mw_types **out, mw_error *err)
{
    mw_types *t = mw_alloc(sizeof(*t));
    size_t size, total;
    const void *bytes = mw_types_builtin(&size);
    mw_status st;

    *out = NULL;
    if (!t)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for resource types");
    st = mw_doc_open_trusted(bytes, size, &t->builtin, err);
    if (st == MW_OK && n > 0)
        st = mw_types_read_dirs(dirs, n, false, &t->own, err);
    if (st != MW_OK)
        goto out;
    total = mw_val_len(t->builtin, mw_doc_root(t->builtin)) + (t->own ? mw_val_len(t->own, mw_doc_root(t->own)) : 0);
    t->items = mw_alloc((total + 1) * sizeof(*t->items));
    t->aliases = mw_alloc((total + 1) * sizeof(mw_type *));
    if (!t->items || !t->aliases) {
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory for resource types");
        goto out;
    }
    add(t, t->builtin, false);
    if (t->own)
        add(t, t->own, true);
    qsort(t->items, t->count, sizeof(*t->items), compare);
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].alias)
            t->aliases[t->alias_count++] = &t->items[i];
    qsort(t->aliases, t->alias_count, sizeof(mw_type *), compare_alias);
    for (size_t i = 1; st == MW_OK && i < t->alias_count; i++)
        if (compare_alias(&t->aliases[i - 1], &t->aliases[i]) == 0)
            st = mw_fail(err, MW_ERR_INVALID, "types %s and %s have the same alias '%s'", t->aliases[i - 1]->name,
                         t->aliases[i]->name, t->aliases[i]->alias);
    for (size_t i = 0; st == MW_OK && t->own && i < t->count; i++)
        st = mw_type_check_links(t->items[i].d, t->items[i].name, t->items[i].v, known, t, err);
out:
    if (st == MW_OK)
        *out = t;
    else
        mw_types_free(t);
    return st;
}

void mw_types_free(mw_types *t)
{
    if (!t)
        return;
    mw_free(t->aliases);
    mw_free(t->items);
    mw_doc_free(t->own);
    mw_doc_free(t->builtin);
    mw_free(t);
}

size_t mw_types_count(const mw_types *t)
{
    return t->count;
}

const mw_type *mw_types_at(const mw_types *t, size_t i)
{
    return &t->items[i];
}

const mw_type *mw_types_get(const mw_types *t, const char *name)
{
    mw_type key = {.name = name};
    const mw_type *found = !name ? NULL : bsearch(&key, t->items, t->count, sizeof(key), compare);
    const mw_type *const *alias;

    if (found || !name)
        return found;
    alias = bsearch(name, t->aliases, t->alias_count, sizeof(mw_type *), match_alias);
    return alias ? *alias : NULL;
}

const char *mw_type_name(const mw_type *t)
{
    return t->name;
}

const char *mw_type_alias(const mw_type *t)
{
    return t->alias;
}

mw_val mw_type_value(const mw_type *t, const mw_doc **d)
{
    *d = t->d;
    return t->v;
}

const char *mw_type_scope(const mw_type *t)
{
    return mw_val_get_str(t->d, t->v, "scope", "regional");
}

const char *mw_type_tag_facet(const mw_type *t)
{
    const char *from = mw_val_str(t->d, mw_val_path(t->d, t->v, "tags.from"), NULL);

    return from && mw_type_has_facet(t, from) ? from : NULL;
}

static const char *text_at(const mw_type *t, const char *path)
{
    return mw_val_str(t->d, mw_val_path(t->d, t->v, path), NULL);
}

const char *mw_type_list_operation(const mw_type *t)
{
    return text_at(t, "list.operation");
}

const char *mw_type_describe_operation(const mw_type *t)
{
    return text_at(t, "list.batch_describe.operation");
}

const char *mw_type_id_path(const mw_type *t)
{
    return text_at(t, "id");
}

const char *mw_type_service(const mw_type *t, char *out, size_t size)
{
    const char *from = strstr(t->name, "::"), *to = from ? strstr(from + 2, "::") : NULL;
    size_t n = 0;

    if (to && to > from + 2)
        for (const char *p = from + 2; p < to && n + 1 < size; p++)
            out[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
    out[n] = '\0';
    if (n == 0)
        snprintf(out, size, "account");
    return out;
}

size_t mw_type_facet_count(const mw_type *t)
{
    return mw_val_len(t->d, t->facets);
}

const char *mw_type_facet_at(const mw_type *t, size_t i)
{
    mw_val key = MW_VAL_ABSENT;

    mw_val_member(t->d, t->facets, i, &key);
    return mw_val_str(t->d, key, NULL);
}

bool mw_type_has_metrics(const mw_type *t)
{
    for (size_t i = 0; i < mw_type_facet_count(t); i++)
        if (mw_str_starts(mw_type_facet_at(t, i), "Metrics."))
            return true;
    return false;
}

bool mw_type_has_facet(const mw_type *t, const char *facet)
{
    return facet && mw_val_get(t->d, t->facets, facet) != MW_VAL_ABSENT;
}
