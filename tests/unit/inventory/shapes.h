/*
 * JMESPath over shapes instead of values: what an expression of a type would read of an answer, told
 * by the models alone. A member that no shape has is a fault; what the models leave open (documents,
 * text that is parsed) is ANY, of which everything can be read.
 */
#ifndef MW_TESTS_INVENTORY_SHAPES_H
#define MW_TESTS_INVENTORY_SHAPES_H

#include "base/arena.h"
#include "base/str.h"
#include "doc/jmes.h"
#include "moonward/model.h"

#include <stdio.h>

typedef enum form_kind { FORM_ANY, FORM_SHAPE, FORM_LIST, FORM_HASH, FORM_MERGE, FORM_SCALAR } form_kind;

/* LIST: of `a`. HASH: `name` is `a`, the rest in `b`. MERGE: `b` over `a`. */
typedef struct form {
    form_kind kind;
    const mw_shape *shape;
    const char *name;
    const struct form *a, *b;
} form;

typedef struct forms {
    mw_arena arena;
    const mw_jmespath *j;
    char fault[200]; /* the first one; "" = none */
} forms;

static const form form_any = {.kind = FORM_ANY};
static const form form_scalar = {.kind = FORM_SCALAR};

static inline const form *form_new(forms *f, form v)
{
    form *p = mw_arena_alloc(&f->arena, sizeof(*p));

    assert_non_null(p);
    *p = v;
    return p;
}

static inline const form *form_of(forms *f, const mw_shape *s)
{
    if (!s || mw_shape_document(s))
        return &form_any;
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_LIST:
        return form_new(f, (form){.kind = FORM_LIST, .a = form_of(f, mw_member_shape(mw_shape_element(s)))});
    case MW_SHAPE_STRUCTURE:
    case MW_SHAPE_MAP: return form_new(f, (form){.kind = FORM_SHAPE, .shape = s});
    default: return form_new(f, (form){.kind = FORM_SCALAR, .shape = s});
    }
}

static inline const form *form_list(forms *f, const form *element)
{
    return form_new(f, (form){.kind = FORM_LIST, .a = element});
}

static inline const form *form_merge(forms *f, const form *a, const form *b)
{
    return form_new(f, (form){.kind = FORM_MERGE, .a = a, .b = b});
}

static inline const form *form_member(forms *f, const char *name, const form *v, const form *rest)
{
    return form_new(f, (form){.kind = FORM_HASH, .name = name, .a = v, .b = rest});
}

/* The member, or NULL when there is none. */
static inline const form *form_find(forms *f, const form *v, const char *name)
{
    const form *found = NULL;

    if (!v)
        return NULL;
    switch (v->kind) {
    case FORM_ANY: return &form_any;
    case FORM_SHAPE:
        if (mw_shape_type_of(v->shape) == MW_SHAPE_MAP)
            return form_of(f, mw_member_shape(mw_shape_value(v->shape)));
        if (mw_shape_member(v->shape, name, strlen(name)))
            found = form_of(f, mw_member_shape(mw_shape_member(v->shape, name, strlen(name))));
        return found;
    case FORM_HASH: return mw_str_eq(v->name, name) ? v->a : form_find(f, v->b, name);
    case FORM_MERGE:
        found = form_find(f, v->b, name);
        return found && found->kind != FORM_ANY ? found : form_find(f, v->a, name) ? form_find(f, v->a, name) : found;
    default: return NULL;
    }
}

static inline const form *form_fault(forms *f, const char *what, const char *name)
{
    if (!f->fault[0])
        snprintf(f->fault, sizeof(f->fault), "%s '%s'", what, name);
    return &form_any;
}

static inline const form *form_element(forms *f, const form *v)
{
    if (v->kind == FORM_LIST)
        return v->a;
    return v->kind == FORM_ANY ? v : form_fault(f, "not a list:", v->shape ? mw_shape_name(v->shape) : "?");
}

static inline const form *form_walk(forms *f, uint32_t node, const form *in);

static inline const form *form_call(forms *f, const jmes_node *n, const form *in)
{
    const char *name = mw__jmes_functions[n->op].name;
    const form *args[JMES_ARGS_MAX] = {0};
    bool by = mw_str_ends(name, "_by"), is_map = mw_str_eq(name, "map");

    for (uint32_t i = 0; i < n->count; i++) {
        uint32_t at = f->j->lists[n->list + i];
        if (f->j->nodes[at].kind != JMES_EXPREF)
            args[i] = form_walk(f, at, in);
    }
    if (by || is_map) {
        const form *list = args[by ? 0 : 1];
        const form *each = form_element(f, list);
        const jmes_node *ref = &f->j->nodes[f->j->lists[n->list + (by ? 1 : 0)]];
        const form *value = form_walk(f, ref->a, each);
        return is_map ? form_list(f, value) : mw_str_eq(name, "sort_by") ? list : each;
    }
    if (mw_str_eq(name, "merge")) {
        const form *all = args[0];
        for (uint32_t i = 1; i < n->count; i++)
            all = form_merge(f, all, args[i]);
        return all;
    }
    if (mw_str_eq(name, "reverse") || mw_str_eq(name, "sort") || mw_str_eq(name, "not_null"))
        return args[0];
    if (mw_str_eq(name, "to_array"))
        return args[0]->kind == FORM_LIST ? args[0] : form_list(f, args[0]);
    if (mw_str_eq(name, "values"))
        return form_list(f, form_find(f, args[0], ""));
    return mw_str_eq(name, "keys") ? form_list(f, &form_scalar) : &form_scalar;
}

static inline const form *form_walk(forms *f, uint32_t node, const form *in)
{
    const jmes_node *n = &f->j->nodes[node];
    const form *a, *b, *v = NULL;

    switch ((jmes_kind)n->kind) {
    case JMES_CURRENT: return in;
    case JMES_LITERAL: return mw_val_kind(f->j->literals, n->literal) == MW_KIND_STRING ? &form_scalar : &form_any;
    case JMES_FIELD: {
        const char *name = mw_val_str(f->j->literals, n->literal, NULL);
        v = form_find(f, in, name);
        return v ? v : form_fault(f, "no member", name);
    }
    case JMES_INDEX: return form_element(f, in);
    case JMES_SLICE: return in;
    case JMES_CHAIN: return form_walk(f, n->b, form_walk(f, n->a, in));
    case JMES_FLATTEN: a = form_element(f, form_walk(f, n->a, in)); return a->kind == FORM_LIST ? a : form_list(f, a);
    case JMES_PROJECT: return form_list(f, form_walk(f, n->b, form_element(f, form_walk(f, n->a, in))));
    case JMES_FILTER:
        a = form_element(f, form_walk(f, n->a, in));
        form_walk(f, n->c, a);
        return form_list(f, form_walk(f, n->b, a));
    case JMES_VALUES:
        a = form_walk(f, n->a, in);
        b = a->kind == FORM_SHAPE && mw_shape_type_of(a->shape) == MW_SHAPE_MAP ? form_find(f, a, "") : &form_any;
        return form_list(f, form_walk(f, n->b, b));
    case JMES_OR:
        a = form_walk(f, n->a, in);
        b = form_walk(f, n->b, in);
        return a->kind == FORM_ANY ? b : a;
    case JMES_AND: form_walk(f, n->a, in); return form_walk(f, n->b, in);
    case JMES_NOT: form_walk(f, n->a, in); return &form_scalar;
    case JMES_COMPARE:
        form_walk(f, n->a, in);
        form_walk(f, n->b, in);
        return &form_scalar;
    case JMES_LIST:
        for (uint32_t i = 0; i < n->count; i++) {
            a = form_walk(f, f->j->lists[n->list + i], in);
            v = v && v->kind != FORM_ANY ? v : a;
        }
        return form_list(f, v ? v : &form_any);
    case JMES_HASH:
        for (uint32_t i = 0; i < n->count; i++) {
            uint32_t name = f->j->lists[n->list + 2 * i], at = f->j->lists[n->list + 2 * i + 1];
            v = form_member(f, mw_arena_strdup(&f->arena, mw_val_str(f->j->literals, name, NULL)), form_walk(f, at, in),
                            v);
        }
        return v ? v : &form_any;
    case JMES_CALL: return form_call(f, n, in);
    case JMES_EXPREF: return &form_any;
    }
    return &form_any;
}

/** What @p path reads of @p in; `fault` tells the first member that is not there. */
static inline const form *form_path(forms *f, const char *path, const form *in)
{
    mw_jmespath *j = NULL;
    mw_error err = {0};
    const form *out;

    if (!path || mw_str_eq(path, "@"))
        return in;
    assert_ok(mw_jmespath_compile(path, strlen(path), &j, &err));
    f->j = j;
    out = form_walk(f, j->root, in);
    mw_jmespath_free(j);
    return out;
}

#endif
