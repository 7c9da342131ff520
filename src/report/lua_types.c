/*
 * Classes for editors, from the service models. First all shapes within reach of the types are gathered, then they are
 * written sorted by service and name, so that the files do not depend on the order in which they were found. Names
 * of services and shapes come from the models; texts of enums are quoted.
 */
#include "report/lua_types.h"

#include "aws/client.h"
#include "base/mem.h"
#include "base/str.h"
#include "lua/describe.h"
#include "report/lua_text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHAPES_MAX    200000
#define FILE_MAX      ((size_t)64 << 20)
#define UNION_COLUMNS 90
#define METRICS       "Metrics." /* how facets begin that are metrics */

/* A class to write: of a shape, or of a list that a projection makes of it. */
struct entry {
    const mw_service *service;
    const mw_shape *shape;
    bool items;
};

struct writer {
    const mw_lua_types_options *o;
    struct entry *entries;
    size_t count, cap, next;
    uint32_t *slots; /* entry number + 1 */
    size_t slot_count;
    const mw_service **services;
    size_t service_count;
    mw_buf out;
    char name[128]; /* of the file under way */
    unsigned part;
    mw_error *err;
};

static const char head[] = "---@meta\n-- luacheck: no global, no unused args, no max line length\n-- luacheck: ignore "
                           "241\n-- Written by `moonward types`; changes "
                           "are lost.\n\n";

/* ---- gathering ---- */

/* The pack keeps equal shapes of several services once: only with its service is a shape a class. */
static size_t slot_of(const struct writer *w, struct entry e)
{
    size_t h = ((size_t)((uintptr_t)e.shape >> 3) * 2 + e.items) ^ (size_t)((uintptr_t)e.service >> 3);

    for (h = h * 2654435761u % w->slot_count; w->slots[h]; h = (h + 1) % w->slot_count) {
        const struct entry *x = &w->entries[w->slots[h] - 1];
        if (x->shape == e.shape && x->service == e.service && x->items == e.items)
            break;
    }
    return h;
}

static mw_status grow(struct writer *w)
{
    size_t cap = w->cap ? w->cap * 2 : 1024;
    struct entry *grown;

    if (cap > SHAPES_MAX * 2)
        return mw_fail(w->err, MW_ERR_LIMIT, "types: more than %d shapes", SHAPES_MAX);
    grown = mw_realloc(w->entries, cap * sizeof(*grown));
    if (grown)
        w->entries = grown;
    mw_free(w->slots);
    w->slots = grown ? mw_alloc(cap * 2 * sizeof(*w->slots)) : NULL;
    if (!w->slots)
        return mw_fail(w->err, MW_ERR_NOMEM, "types: out of memory");
    w->cap = cap;
    w->slot_count = cap * 2;
    for (size_t i = 0; i < w->count; i++)
        w->slots[slot_of(w, w->entries[i])] = (uint32_t)i + 1;
    return MW_OK;
}

/* Shapes that become a class or an alias; scalars are written where they are used. */
static bool has_class(const mw_shape *s)
{
    mw_shape_type type = mw_shape_type_of(s);

    return type == MW_SHAPE_STRUCTURE || type == MW_SHAPE_LIST || type == MW_SHAPE_MAP ||
           (type == MW_SHAPE_STRING && mw_shape_enum_count(s) > 0);
}

static mw_status reach(struct writer *w, const mw_service *service, const mw_shape *shape, bool items)
{
    mw_status st;
    size_t slot;

    if (!shape || (!items && !has_class(shape)))
        return MW_OK;
    if (w->count == w->cap && (st = grow(w)) != MW_OK)
        return st;
    slot = slot_of(w, (struct entry){service, shape, items});
    if (w->slots[slot])
        return MW_OK;
    w->entries[w->count++] = (struct entry){service, shape, items};
    w->slots[slot] = (uint32_t)w->count;
    return MW_OK;
}

static const mw_operation *operation_of(const struct writer *w, const char *name)
{
    return name ? mw_models_operation(w->o->models, name, strlen(name)) : NULL;
}

static mw_status reach_typed(struct writer *w, const char *operation, mw_typed v)
{
    const mw_operation *op = operation_of(w, operation);
    mw_status st = MW_OK;

    if (!op)
        return MW_OK;
    st = reach(w, mw_operation_service(op), v.shape, false);
    return st == MW_OK && v.lists > 0 ? reach(w, mw_operation_service(op), v.shape, true) : st;
}

static mw_status reach_inside(struct writer *w, struct entry e)
{
    mw_status st = MW_OK;

    switch (mw_shape_type_of(e.shape)) {
    case MW_SHAPE_STRUCTURE:
        for (size_t i = 0; i < mw_shape_member_count(e.shape) && st == MW_OK; i++)
            st = reach(w, e.service, mw_member_shape(mw_shape_member_at(e.shape, i)), false);
        return st;
    case MW_SHAPE_LIST: return reach(w, e.service, mw_member_shape(mw_shape_element(e.shape)), false);
    case MW_SHAPE_MAP: return reach(w, e.service, mw_member_shape(mw_shape_value(e.shape)), false);
    default: return MW_OK;
    }
}

static mw_status use_service(struct writer *w, const char *operation)
{
    const mw_operation *op = operation_of(w, operation);
    const mw_service *s = op ? mw_operation_service(op) : NULL, **grown;

    for (size_t i = 0; i < w->service_count; i++)
        if (w->services[i] == s)
            return MW_OK;
    if (!s)
        return MW_OK;
    grown = mw_realloc(w->services, (w->service_count + 1) * sizeof(*grown));
    if (!grown)
        return mw_fail(w->err, MW_ERR_NOMEM, "types: out of memory");
    w->services = grown;
    w->services[w->service_count++] = s;
    return MW_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(mw_service_name(*(const mw_service *const *)a), mw_service_name(*(const mw_service *const *)b));
}

static int by_service(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(mw_service_name(x->service), mw_service_name(y->service));

    if (order == 0)
        order = strcmp(mw_shape_name(x->shape), mw_shape_name(y->shape));
    return order ? order : (int)x->items - (int)y->items;
}

static mw_status gather(struct writer *w)
{
    mw_status st = grow(w);

    for (size_t i = 0; i < w->o->type_count && st == MW_OK; i++) {
        const mw_type *t = w->o->types[i];
        const char *const operations[] = {mw_type_list_operation(t), mw_type_describe_operation(t)};
        mw_typed items[2];
        items[0] = mw_type_item_shape(t, w->o->models, &items[1]);
        for (size_t k = 0; k < 2 && st == MW_OK; k++)
            if (operations[k] && (st = use_service(w, operations[k])) == MW_OK)
                st = reach_typed(w, operations[k], items[k]);
        for (size_t k = 0; k < mw_type_facet_count(t) && st == MW_OK; k++) {
            mw_facet_shape f = mw_type_facet_describe(t, k, w->o->models);
            if (!f.metric && (st = use_service(w, f.operation)) == MW_OK)
                st = reach_typed(w, f.operation, f.typed);
        }
    }
    for (size_t i = 0; i < w->count && st == MW_OK; i++)
        st = reach_inside(w, w->entries[i]);
    if (st != MW_OK)
        return st;
    qsort(w->entries, w->count, sizeof(*w->entries), by_service);
    if (w->service_count)
        qsort(w->services, w->service_count, sizeof(*w->services), by_name);
    return MW_OK;
}

/* ---- names and types ---- */

/* Names of services may have dashes, names of classes may not. */
static void class_name(mw_buf *out, const mw_service *service, const mw_shape *shape, bool items)
{
    for (const char *p = mw_service_name(service); *p; p++)
        mw_buf_putc(out, *p == '-' ? '_' : *p);
    mw_buf_printf(out, ".%s%s", mw_shape_name(shape), items ? ".Items" : "");
}

static void type_of(mw_buf *out, const mw_service *service, const mw_shape *shape)
{
    switch (mw_shape_type_of(shape)) {
    case MW_SHAPE_STRUCTURE:
    case MW_SHAPE_LIST: class_name(out, service, shape, false); return;
    case MW_SHAPE_MAP:
        mw_buf_puts(out, "table<string, ");
        if (mw_shape_type_of(mw_member_shape(mw_shape_value(shape))) == MW_SHAPE_MAP)
            mw_buf_puts(out, "table"); /* a map of itself would not end */
        else
            type_of(out, service, mw_member_shape(mw_shape_value(shape)));
        mw_buf_putc(out, '>');
        return;
    case MW_SHAPE_STRING:
        if (mw_shape_enum_count(shape) > 0)
            class_name(out, service, shape, false);
        else
            mw_buf_puts(out, "string");
        return;
    case MW_SHAPE_BLOB:
    case MW_SHAPE_TIMESTAMP: mw_buf_puts(out, "string"); return;
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG: mw_buf_puts(out, "integer"); return;
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE: mw_buf_puts(out, "number"); return;
    case MW_SHAPE_BOOLEAN: mw_buf_puts(out, "boolean"); return;
    }
}

void mw_lua_types_class(mw_buf *out, const mw_type *t)
{
    for (const char *p = mw_type_name(t); *p; p++)
        if (*p != ':')
            mw_buf_putc(out, *p);
        else if (p[1] != ':')
            mw_buf_putc(out, '.');
}

static void field_name(mw_buf *out, const char *name)
{
    size_t len = strlen(name);

    if (mw_lua_is_name(name, len)) {
        mw_buf_puts(out, name);
        return;
    }
    mw_buf_putc(out, '[');
    mw_lua_string(out, name);
    mw_buf_putc(out, ']');
}

/* ---- classes ---- */

static void write_structure(mw_buf *out, struct entry e)
{
    mw_buf_puts(out, "---@class ");
    class_name(out, e.service, e.shape, false);
    mw_buf_puts(out, " : moonward.Object\n");
    for (size_t i = 0; i < mw_shape_member_count(e.shape); i++) {
        const mw_member *m = mw_shape_member_at(e.shape, i);
        mw_buf_puts(out, "---@field ");
        field_name(out, mw_member_name(m));
        mw_buf_putc(out, ' ');
        type_of(out, e.service, mw_member_shape(m));
        mw_buf_puts(out, mw_member_required(m) ? "\n" : "?\n");
    }
    mw_buf_putc(out, '\n');
}

/* A list whose find and each give its elements. */
static void write_list(mw_buf *out, struct entry e)
{
    MW_AUTO(mw_buf) name = {.max = 4096};
    MW_AUTO(mw_buf) element = {.max = 4096};

    class_name(&name, e.service, e.shape, e.items);
    type_of(&element, e.service, e.items ? e.shape : mw_member_shape(mw_shape_element(e.shape)));
    mw_buf_printf(out, "---@class %s : moonward.List\n---@field [integer] %s\n", name.data, element.data);
    mw_buf_printf(out, "---@field find fun(self: %s, field: string, value?: any): %s?\n", name.data, element.data);
    mw_buf_printf(out, "---@field each fun(self: %s, field?: string, value?: any): fun(): %s\n\n", name.data,
                  element.data);
    if (out->failed == MW_OK)
        out->failed = name.failed ? name.failed : element.failed;
}

/* In one line when it is short. */
static void write_enum(mw_buf *out, struct entry e)
{
    size_t n = mw_shape_enum_count(e.shape), columns = 0;

    for (size_t i = 0; i < n; i++)
        columns += strlen(mw_shape_enum_at(e.shape, i)) + 3;
    mw_buf_puts(out, "---@alias ");
    class_name(out, e.service, e.shape, false);
    for (size_t i = 0; i < n; i++) {
        mw_buf_puts(out, columns > UNION_COLUMNS ? "\n---| " : i ? "|" : " ");
        mw_lua_string(out, mw_shape_enum_at(e.shape, i));
    }
    mw_buf_puts(out, "\n\n");
}

static void write_entry(mw_buf *out, struct entry e)
{
    if (e.items) {
        write_list(out, e);
        return;
    }
    switch (mw_shape_type_of(e.shape)) {
    case MW_SHAPE_STRUCTURE: write_structure(out, e); return;
    case MW_SHAPE_LIST: write_list(out, e); return;
    case MW_SHAPE_STRING: write_enum(out, e); return;
    default: return;
    }
}

static void base_class(const struct writer *w, mw_buf *out, const char *operation, mw_typed v)
{
    const mw_operation *op = operation_of(w, operation);

    if (!op || !v.shape || v.lists || mw_shape_type_of(v.shape) != MW_SHAPE_STRUCTURE)
        return;
    mw_buf_puts(out, ", ");
    class_name(out, mw_operation_service(op), v.shape, false);
}

static void write_facet(const struct writer *w, mw_buf *out, const mw_facet_shape *f)
{
    const mw_operation *op = operation_of(w, f->operation);

    mw_buf_puts(out, "---@field ");
    field_name(out, f->metric ? f->name + strlen(METRICS) : f->name);
    mw_buf_putc(out, ' ');
    if (f->metric)
        mw_buf_puts(out, f->typed.lists ? "moonward.Metric.Items" : "moonward.Metric");
    else if (!f->typed.shape || !op)
        mw_buf_puts(out, "any");
    else if (f->typed.lists > 1)
        mw_buf_puts(out, "moonward.List");
    else if (f->typed.lists)
        class_name(out, mw_operation_service(op), f->typed.shape, true);
    else
        type_of(out, mw_operation_service(op), f->typed.shape);
    mw_buf_printf(out, "%s facet: %s\n", f->sure ? "" : "?", f->operation);
}

/* The facets `Metrics.Name` are members of one object, which has a class of its own. */
static bool write_metrics(const struct writer *w, mw_buf *out, const mw_type *t)
{
    bool any = false;

    for (size_t i = 0; i < mw_type_facet_count(t); i++) {
        mw_facet_shape f = mw_type_facet_describe(t, i, w->o->models);
        if (!f.metric)
            continue;
        if (!any) {
            mw_buf_puts(out, "---@class ");
            mw_lua_types_class(out, t);
            mw_buf_puts(out, ".Metrics : moonward.Object\n");
        }
        any = true;
        write_facet(w, out, &f);
    }
    if (any)
        mw_buf_putc(out, '\n');
    return any;
}

static void write_type(const struct writer *w, mw_buf *out, const mw_type *t)
{
    const char *list = mw_type_list_operation(t), *describe = mw_type_describe_operation(t);
    bool metrics = write_metrics(w, out, t);
    mw_typed also, item = mw_type_item_shape(t, w->o->models, &also);

    mw_buf_printf(out, "---%s: %s%s%s%s. A facet is read when the rule names it in `needs`.\n---@class ",
                  mw_type_name(t), list ? "listed by " : "made of other types' resources", list ? list : "",
                  describe ? ", described by " : "", describe ? describe : "");
    mw_lua_types_class(out, t);
    mw_buf_puts(out, " : moonward.Resource");
    base_class(w, out, list, item);
    base_class(w, out, describe, also);
    mw_buf_putc(out, '\n');
    for (size_t i = 0; i < mw_type_facet_count(t); i++) {
        mw_facet_shape f = mw_type_facet_describe(t, i, w->o->models);
        if (!f.metric)
            write_facet(w, out, &f);
    }
    if (metrics) {
        mw_buf_puts(out, "---@field Metrics ");
        mw_lua_types_class(out, t);
        mw_buf_puts(out, ".Metrics\n");
    }
    mw_buf_putc(out, '\n');
}

/* ---- files ---- */

static void begin_file(struct writer *w, const char *name)
{
    mw_buf_reset(&w->out);
    snprintf(w->name, sizeof(w->name), "%s", name);
    w->part = 1;
    mw_buf_puts(&w->out, head);
}

static mw_status end_file(struct writer *w)
{
    char name[160];
    mw_status st = mw_buf_status(&w->out, w->err);

    if (w->part > 1)
        snprintf(name, sizeof(name), "%s-%u.lua", w->name, w->part);
    else
        snprintf(name, sizeof(name), "%s.lua", w->name);
    return st == MW_OK ? w->o->on_file(w->o->user, name, &w->out, w->err) : st;
}

/* Go on in another file before this one is too large for editors. */
static mw_status room_for(struct writer *w, const mw_buf *piece)
{
    mw_status st = mw_buf_status(piece, w->err);

    if (st != MW_OK || w->out.len + piece->len <= MW_LUA_TYPES_FILE_MAX || w->out.len <= sizeof(head))
        return st;
    if ((st = end_file(w)) != MW_OK)
        return st;
    w->part++;
    mw_buf_reset(&w->out);
    mw_buf_puts(&w->out, head);
    return MW_OK;
}

/* The types that the service lists; NULL: those that none lists. */
static mw_status write_types(struct writer *w, const mw_service *s, size_t *count)
{
    MW_AUTO(mw_buf) piece = {.max = FILE_MAX};
    mw_status st = MW_OK;

    *count = 0;
    for (size_t i = 0; i < w->o->type_count && st == MW_OK; i++) {
        const mw_operation *op = operation_of(w, mw_type_list_operation(w->o->types[i]));
        if ((op ? mw_operation_service(op) : NULL) != s)
            continue;
        ++*count;
        mw_buf_reset(&piece);
        write_type(w, &piece, w->o->types[i]);
        if ((st = room_for(w, &piece)) == MW_OK)
            mw_buf_add(&w->out, piece.data, piece.len, NULL);
    }
    return st;
}

/* Types that are made of others, or whose service the models lack: a draft names their classes too. */
static mw_status write_others(struct writer *w)
{
    size_t count;
    mw_status st;

    begin_file(w, "others");
    st = write_types(w, NULL, &count);
    return st == MW_OK && count ? end_file(w) : st;
}

static mw_status write_service(struct writer *w, const mw_service *s)
{
    MW_AUTO(mw_buf) piece = {.max = FILE_MAX};
    size_t count;
    mw_status st;

    begin_file(w, mw_service_name(s));
    st = write_types(w, s, &count);
    for (; w->next < w->count && w->entries[w->next].service == s && st == MW_OK; w->next++) {
        mw_buf_reset(&piece);
        write_entry(&piece, w->entries[w->next]);
        if (piece.len && (st = room_for(w, &piece)) == MW_OK)
            mw_buf_add(&w->out, piece.data, piece.len, NULL);
    }
    return st == MW_OK ? end_file(w) : st;
}

static void comment_lines(mw_buf *out, const char *text)
{
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        mw_buf_printf(out, "---%.*s\n", (int)len, at);
        at += len + (at[len] == '\n');
    }
}

static void write_function(mw_buf *out, const char *module, const char *name, const mw_doc *d, mw_val f)
{
    const char *params = mw_val_get_str(d, f, "params", "...");

    mw_buf_putc(out, '\n');
    comment_lines(out, mw_val_get_str(d, f, "comment", ""));
    if (strcmp(mw_val_get_str(d, f, "kind", ""), "function") != 0) {
        mw_buf_printf(out, "%s.%s = {}\n", module, name);
        return;
    }
    for (const char *at = params; *at;) { /* untyped: what a function takes stands in its comment */
        size_t len = strcspn(at, ", ");
        if (len > 0)
            mw_buf_printf(out, "---@param %.*s any\n", (int)len, at);
        at += len + (at[len] != '\0');
    }
    mw_buf_printf(out, "---@return any ...\nfunction %s.%s(%s) end\n", module, name, params);
}

static mw_status write_modules(struct writer *w)
{
    mw_doc_builder *b = NULL;
    mw_vm *vm = NULL;
    const mw_doc *d;
    mw_val modules;
    mw_status st = mw_doc_builder_new(NULL, &b, w->err);

    if (st == MW_OK && (st = mw_vm_new(0, &vm, w->err)) == MW_OK)
        st = mw_vm_describe_modules(vm, b, w->err);
    mw_vm_free(vm);
    if (st != MW_OK)
        goto out;
    d = mw_doc_view(b);
    modules = mw_doc_pop(b);
    begin_file(w, "modules");
    for (size_t i = 0; i < mw_val_len(d, modules); i++) {
        mw_val key, m = mw_val_member(d, modules, i, &key), members = mw_val_get(d, m, "members");
        const char *name = mw_val_str(d, key, NULL);
        comment_lines(&w->out, mw_val_get_str(d, m, "comment", ""));
        mw_buf_printf(&w->out, "---@class moonward.module.%s\nlocal %s = {}\n", name, name);
        for (size_t k = 0; k < mw_val_len(d, members); k++) {
            mw_val member, f = mw_val_member(d, members, k, &member);
            write_function(&w->out, name, mw_val_str(d, member, NULL), d, f);
        }
        mw_buf_putc(&w->out, '\n');
    }
    for (size_t i = 0; i < mw_val_len(d, modules); i++) {
        mw_val key;
        const char *name;
        mw_val_member(d, modules, i, &key);
        name = mw_val_str(d, key, NULL);
        mw_buf_printf(&w->out, "---@overload fun(name: \"%s\"): moonward.module.%s\n", name, name);
    }
    mw_buf_puts(&w->out, "---@param name string\n---@return table\nfunction require(name) end\n");
    st = end_file(w);
out:
    mw_doc_builder_free(b);
    return st;
}

/* The functions, and for audits which operations may be asked. */
static mw_status write_meta(struct writer *w)
{
    mw_str text;
    const char *name;
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && (name = mw_lua_meta_at(i, &text)) != NULL; i++) {
        begin_file(w, name);
        mw_buf_reset(&w->out);
        mw_buf_add(&w->out, text.data, text.len, NULL);
        if (strcmp(name, "audit") == 0) {
            mw_buf_puts(&w->out, "\n---@alias moonward.ReadOperation\n");
            for (size_t k = 0; k < w->service_count; k++)
                for (size_t n = 0; n < mw_service_operation_count(w->services[k]); n++) {
                    const mw_operation *op = mw_service_operation_at(w->services[k], n);
                    if (mw_operation_read_only(op))
                        mw_buf_printf(&w->out, "---| \"%s:%s\"\n", mw_service_name(w->services[k]),
                                      mw_operation_name(op));
                }
        }
        st = end_file(w);
    }
    return st;
}

mw_status mw_lua_types_write(const mw_lua_types_options *o, mw_error *err)
{
    struct writer w = {.o = o, .out = {.max = FILE_MAX}, .err = err};
    mw_status st;

    if ((st = gather(&w)) == MW_OK && (st = write_meta(&w)) == MW_OK)
        st = write_modules(&w);
    for (size_t i = 0; i < w.service_count && st == MW_OK; i++)
        st = write_service(&w, w.services[i]);
    if (st == MW_OK)
        st = write_others(&w);
    mw_buf_clear(&w.out);
    mw_free(w.services);
    mw_free(w.slots);
    mw_free(w.entries);
    return st;
}
