/*
 * Columns of a type, from its definition and the model of the operations that list it. The path to
 * the items is followed through the model's shapes by shape.c; what that does not know gives no
 * columns, and the document is still there to be asked.
 */
#include "inventory/columns.h"

#include "base/mem.h"
#include "base/str.h"
#include "inventory/shape.h"
#include "inventory/type_internal.h"

#include <stdlib.h>
#include <string.h>

/* Of one type; the largest structure that is listed has some 120 members. */
#define COLUMNS_MAX 512

struct gather {
    mw_arena *arena;
    mw_column *items;
    size_t count;
    bool failed;
};

static void add(struct gather *g, const char *name, size_t len, mw_column_kind kind, bool facet)
{
    char *copy;

    for (size_t i = 0; i < g->count; i++)
        if (strlen(g->items[i].name) == len && strncmp(g->items[i].name, name, len) == 0) {
            g->items[i].facet = g->items[i].facet || facet;
            return;
        }
    if (g->count == COLUMNS_MAX || g->failed)
        return;
    if (!(copy = mw_arena_strndup(g->arena, name, len)))
        g->failed = true;
    else
        g->items[g->count++] = (mw_column){copy, kind, facet};
}

static mw_column_kind kind_of(const mw_shape *s)
{
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE:
    case MW_SHAPE_LIST:
    case MW_SHAPE_MAP: return MW_COLUMN_JSON;
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG:
    case MW_SHAPE_BOOLEAN: return MW_COLUMN_INTEGER;
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE: return MW_COLUMN_REAL;
    default: return MW_COLUMN_TEXT;
    }
}

/* @p v: {operation: "ec2:DescribeInstances", items: "Reservations[].Instances[]"} */
static void add_call(struct gather *g, const mw_doc *d, mw_val v, const mw_models *models)
{
    const char *call = mw_val_get_str(d, v, "operation", "");
    const mw_operation *op = mw_models_operation(models, call, strlen(call));
    mw_typed item = {NULL, 0};

    if (op && mw_operation_output(op))
        item = mw_shape_follow(mw_shape_typed(mw_operation_output(op)), mw_val_get_str(d, v, "items", "@"));
    if (!item.shape || item.lists > 1 || mw_shape_type_of(item.shape) != MW_SHAPE_STRUCTURE)
        return;
    for (size_t i = 0; i < mw_shape_member_count(item.shape); i++) {
        const mw_member *m = mw_shape_member_at(item.shape, i);
        add(g, mw_member_name(m), strlen(mw_member_name(m)), kind_of(mw_member_shape(m)), false);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const mw_column *)a)->name, ((const mw_column *)b)->name);
}

mw_status mw_type_columns(const mw_type *type, const mw_models *models, mw_arena *arena, const mw_column **out,
                          size_t *count, mw_error *err)
{
    struct gather g = {.arena = arena, .items = mw_arena_alloc(arena, COLUMNS_MAX * sizeof(mw_column))};
    mw_val list;

    *count = 0;
    *out = g.items;
    if (!g.items)
        return mw_fail(err, MW_ERR_NOMEM, "columns: out of memory");
    if (!type)
        return MW_OK;
    list = mw_val_get(type->d, type->v, "list");
    add_call(&g, type->d, list, models);
    add_call(&g, type->d, mw_val_get(type->d, list, "batch_describe"), models);
    for (size_t i = 0; i < mw_type_facet_count(type); i++) {
        const char *facet = mw_type_facet_at(type, i);
        add(&g, facet, strcspn(facet, "."), MW_COLUMN_JSON, true);
    }
    if (g.failed)
        return mw_fail(err, MW_ERR_NOMEM, "columns: out of memory");
    if (g.count)
        qsort(g.items, g.count, sizeof(*g.items), by_name);
    *count = g.count;
    return MW_OK;
}
