/*
 * Where a value comes from: through locals, loops, helper functions and try to what the model
 * knows. A name has one value for the whole file; one that is assigned again is anything. Each name
 * is looked at once.
 */
#include "lint/value.h"

#include "base/mem.h"

#define DEPTH_MAX 60
#define STEPS_MAX 2000000u

static const value any = {.kind = VALUE_ANY};

static bool empty_table(value v)
{
    return v.kind == VALUE_TABLE && v.lists == 0 && v.node && !v.node->kids;
}

static bool is_document(value v)
{
    return v.lists > 0 || v.kind == VALUE_SHAPE || v.kind == VALUE_TAGS;
}

/* One of two: nil and `{}` stand for a document that is absent. */
static value join(value a, value b)
{
    a.loose = b.loose = a.loose || b.loose;
    if (a.kind == VALUE_NIL)
        return b;
    if (b.kind == VALUE_NIL)
        return a;
    if (empty_table(a) && is_document(b))
        return b;
    if (empty_table(b) && is_document(a))
        return a;
    if (a.kind != b.kind || a.lists != b.lists)
        return any;
    if (a.kind == VALUE_STRING || a.kind == VALUE_NUMBER || a.kind == VALUE_BOOL) {
        if (a.shape != b.shape)
            a.shape = NULL;
        return a;
    }
    if (a.shape != b.shape || a.type != b.type || a.node != b.node || a.function != b.function ||
        a.module != b.module || a.name.data != b.name.data)
        return any;
    return a;
}

/* ---- calls ---- */

static value of(file *f, const lua_node *n, int depth);

static value join_returns(file *f, const lua_function *fn, unsigned position, int depth)
{
    value v = any;
    bool first = true;

    for (const lua_node *r = fn->returns; r; r = r->body) {
        const lua_node *e = r->more;
        value one;
        for (unsigned i = 0; e && i < position; i++)
            e = e->next;
        if (!e && r->more && (r->more->kind == LUA_CALL || r->more->kind == LUA_METHOD || r->more->kind == LUA_VARARG))
            return any;
        one = e ? of(f, e, depth + 1) : mw__lint_value(VALUE_NIL);
        v = first ? one : join(v, one);
        first = false;
    }
    return v;
}

static const void *keep(file *f, value v)
{
    value *kept;

    if (v.kind == VALUE_ANY)
        return NULL;
    kept = mw_arena_alloc(f->arena, sizeof(*kept));
    if (kept)
        *kept = v;
    else
        mw__lint_out_of_memory(f->lint);
    return kept;
}

static value returned(file *f, lua_function *fn, unsigned position, int depth)
{
    value v;

    if (!fn || !fn->returns || depth > DEPTH_MAX || fn->result_state == 1)
        return any;
    if (position == 0 && fn->result_state == 2)
        return fn->result ? *(const value *)fn->result : any;
    fn->result_state = 1;
    v = join_returns(f, fn, position, depth);
    fn->result_state = position == 0 ? 2 : 0;
    if (position == 0)
        fn->result = keep(f, v);
    return v;
}

bool mw__lint_value_operation(file *f, const lua_node *call, mw_str *operation, const lua_node **operation_node,
                              const lua_node **params)
{
    const lua_node *fn = mw_lua_bare(call->a), *first = mw_lua_bare(call->kids);
    value base;
    mw_str text;

    if (call->kind != LUA_CALL || f->kind != FILE_AUDIT || !mw__lint_text(first, &text))
        return false;
    if (fn->kind == LUA_INDEX && mw_lua_global(fn->a, "aws") && fn->b->kind == LUA_STRING &&
        mw_lua_one_of(fn->b->text, (const char *const[]){"call", "items", "pages", "try"}, 4)) {
        *operation = text;
    } else {
        const char *joined;
        base = mw__lint_value_of(f, fn);
        if (base.kind != VALUE_SERVICE)
            return false;
        joined = mw_arena_printf(f->arena, "%.*s:%.*s", (int)base.name.len, base.name.data, (int)text.len, text.data);
        if (!joined) {
            mw__lint_out_of_memory(f->lint);
            return false;
        }
        *operation = mw_str_of(joined);
    }
    *operation_node = first;
    *params = mw_lua_bare(call->kids->next);
    return true;
}

/* What an audit's call gives; for pages and items, what their loops give. */
static value answer(file *f, const lua_node *call)
{
    const lua_node *node, *params, *fn = mw_lua_bare(call->a);
    mw_str operation;
    const mw_operation *op;
    mw_typed t;

    if (!mw__lint_value_operation(f, call, &operation, &node, &params))
        return any;
    op = mw_models_operation(f->lint->o.models, operation.data, operation.len);
    if (!op || !mw_operation_output(op))
        return any;
    t = mw_shape_typed(mw_operation_output(op));
    if (fn->kind == LUA_INDEX && fn->b->kind == LUA_STRING && mw_lua_is(fn->b->text, "items") &&
        mw_lua_global(fn->a, "aws")) {
        const mw_doc *d = mw_models_doc(f->lint->o.models);
        mw_val key = mw_val_get(d, mw_service_paginator(mw_operation_service(op), mw_operation_name(op)), "result_key");
        const char *path = mw_val_str(d, mw_val_kind(d, key) == MW_KIND_ARRAY ? mw_val_at(d, key, 0) : key, NULL);
        if (!path)
            return any;
        t = mw_shape_follow(t, path);
        if (!t.shape || t.lists == 0)
            return any;
        t.lists--;
    }
    return mw__lint_value_typed(t);
}

static const mw_type *type_argument(file *f, const lua_node *n)
{
    mw_str text;

    return mw__lint_text(n, &text) ? mw_types_get(f->lint->o.types, mw__lint_dup(f, text)) : NULL;
}

static value method_result(file *f, const lua_node *n, unsigned position, int depth)
{
    value v = of(f, n->a, depth + 1), before = any;
    mw_str path, bad;

    if (position > 0)
        return any;
    if (v.kind == VALUE_INVENTORY) {
        const lua_node *arg = mw_lua_is(n->text, "refs") && n->kids ? n->kids->next : n->kids;
        const mw_type *type = arg ? type_argument(f, arg) : NULL;
        v = any;
        if (!type)
            return any;
        v.kind = VALUE_RESOURCE;
        v.type = type;
        v.lists = mw_lua_is(n->text, "get") ? 0 : 1;
        return v;
    }
    if (mw_lua_is(n->text, "path") && v.lists == 0) {
        if (!n->kids || !mw__lint_text(n->kids, &path))
            return any;
        return mw__lint_value_path(f, v, path, &before, &bad);
    }
    if (mw_lua_is(n->text, "find") && v.lists > 0)
        return mw__lint_value_element(v);
    if (v.lists > 0 || v.kind == VALUE_TAGS) {
        if (mw_lua_one_of(n->text, (const char *const[]){"all", "any", "has"}, 3))
            return mw__lint_value(VALUE_BOOL);
        if (mw_lua_is(n->text, "count"))
            return mw__lint_value(VALUE_NUMBER);
        if (mw_lua_is(n->text, "get"))
            return mw__lint_value(VALUE_STRING);
    }
    return any;
}

static value call_result(file *f, const lua_node *n, unsigned position, int depth)
{
    const lua_node *fn = mw_lua_bare(n->a);
    value v;
    mw_str text;

    if (fn->kind == LUA_NAME && !fn->symbol) {
        if (mw_lua_one_of(fn->text, (const char *const[]){"fail", "not_applicable", "pass"}, 3) ||
            (mw_lua_is(fn->text, "unknown") && f->kind != FILE_TEST))
            return mw__lint_value(VALUE_VERDICT);
        if (mw_lua_is(fn->text, "tostring") || mw_lua_is(fn->text, "type"))
            return mw__lint_value(VALUE_STRING);
        if (mw_lua_is(fn->text, "require") && mw__lint_text(n->kids, &text) && mw__lint_module(f->lint, text)) {
            v = mw__lint_value(VALUE_MODULE);
            v.module = mw__lint_module(f->lint, text);
            return v;
        }
        if (mw_lua_is(fn->text, "try") && n->kids) {
            if (position == 1)
                return mw__lint_value(VALUE_TRY_CAUSE);
            v = of(f, n->kids, depth + 1);
            return v.kind == VALUE_FUNCTION && position == 0 ? returned(f, v.function, 0, depth) : any;
        }
        return any;
    }
    if (f->kind == FILE_AUDIT) {
        v = position == 0 ? answer(f, n) : any;
        if (v.kind != VALUE_ANY)
            return v;
    }
    v = of(f, fn, depth + 1);
    return v.kind == VALUE_FUNCTION && v.lists == 0 ? returned(f, v.function, position, depth) : any;
}

/* ---- names ---- */

static const lua_node *nth(const lua_node *list, unsigned position, unsigned *in_last)
{
    const lua_node *n = list;

    *in_last = 0;
    while (n && position > 0 && n->next) {
        n = n->next;
        position--;
    }
    *in_last = position;
    return n;
}

static value from_list(file *f, const lua_node *list, unsigned position, int depth)
{
    unsigned in_last;
    const lua_node *n = nth(list, position, &in_last);

    if (!n)
        return mw__lint_value(VALUE_NIL);
    if (in_last == 0)
        return of(f, n, depth + 1);
    if (n->kind == LUA_CALL)
        return call_result(f, n, in_last, depth + 1);
    return n->kind == LUA_METHOD || n->kind == LUA_VARARG ? any : mw__lint_value(VALUE_NIL);
}

static value loop_variable(file *f, const lua_symbol *s, int depth)
{
    const lua_node *e = s->definition->more, *list = NULL;
    value v;

    if (s->definition->kind == LUA_FOR)
        return mw__lint_value(VALUE_NUMBER);
    if (!e || e->next)
        return any;
    if (e->kind == LUA_METHOD && mw_lua_is(e->text, "each")) {
        v = of(f, e->a, depth + 1);
        if (v.kind == VALUE_INVENTORY)
            return any; /* a list is no iterator: it is said elsewhere */
        return s->position == 0 ? mw__lint_value_element(v) : any;
    }
    if (e->kind != LUA_CALL)
        return any;
    if (mw_lua_global(e->a, "ipairs"))
        list = e->kids;
    if (list) {
        if (s->position == 0)
            return mw__lint_value(VALUE_NUMBER);
        return s->position == 1 ? mw__lint_value_element(of(f, list, depth + 1)) : any;
    }
    if (mw_lua_global(e->a, "pairs") && e->kids) {
        v = of(f, e->kids, depth + 1);
        if (v.kind == VALUE_SHAPE && v.lists == 0 && mw_shape_type_of(v.shape) == MW_SHAPE_MAP)
            return s->position == 0 ? mw__lint_value(VALUE_STRING)
                                    : mw__lint_value_typed(mw_shape_typed(mw_member_shape(mw_shape_value(v.shape))));
        return any;
    }
    if (f->kind == FILE_AUDIT && s->position == 0)
        return answer(f, e);
    return any;
}

/* The value that every caller gives, when all callers are known. */
static value parameter(file *f, const lua_symbol *s, int depth)
{
    const lua_symbol *name = s->owner->self_symbol;
    value v = any;
    bool first = true;

    if (f->check == s->owner) {
        if (s->position == 0 && f->type) {
            v.kind = VALUE_RESOURCE;
            v.type = f->type;
            return v;
        }
        return s->position == 1 ? mw__lint_value(VALUE_CTX) : any;
    }
    if (!name || name->writes || name->calls != name->reads || name->calls == 0)
        return any;
    for (const lua_node *c = name->call_list; c; c = c->body) {
        value one = from_list(f, c->kids, s->position, depth);
        v = first ? one : join(v, one);
        first = false;
        if (v.kind == VALUE_ANY)
            return any;
    }
    return v.kind == VALUE_NIL ? any : v;
}

static value symbol_value(file *f, lua_symbol *s, int depth)
{
    value v = any;

    if (s->state == 2)
        return s->value ? *(const value *)s->value : any;
    if (s->state == 1 || s->writes > 0 || depth > DEPTH_MAX)
        return any;
    s->state = 1;
    if (s->kind == SYM_PARAM)
        v = parameter(f, s, depth);
    else if (s->kind == SYM_LOOP)
        v = loop_variable(f, s, depth);
    else if (s->kind == SYM_FUNCTION)
        v = of(f, s->definition->b, depth + 1);
    else if (s->kind == SYM_LOCAL)
        v = from_list(f, s->definition->more, s->position, depth);
    if (v.kind == VALUE_NIL)
        v = any;
    s->state = 2;
    s->value = keep(f, v);
    return v;
}

/* ---- expressions ---- */

static value index_of(file *f, const lua_node *n, int depth)
{
    value v = of(f, n->a, depth + 1);
    bool known;

    if (n->b->kind == LUA_STRING)
        return mw__lint_value_member(f, v, n->b->text, &known);
    if (v.lists > 0)
        return mw__lint_value_element(v);
    if (v.kind == VALUE_SHAPE && mw_shape_type_of(v.shape) == MW_SHAPE_MAP)
        return mw__lint_value_typed(mw_shape_typed(mw_member_shape(mw_shape_value(v.shape))));
    return any;
}

static value binary(file *f, const lua_node *n, int depth)
{
    value a, b;

    switch (n->op) {
    case OP_OR:
        a = of(f, n->a, depth + 1);
        b = of(f, n->b, depth + 1);
        return a.kind == VALUE_ANY || b.kind == VALUE_ANY ? any : join(a, b);
    case OP_AND:
        a = of(f, n->a, depth + 1);
        b = of(f, n->b, depth + 1);
        b.loose = b.loose || a.loose || a.kind == VALUE_ANY || a.kind == VALUE_BOOL;
        /* False or nil, else b: only what nobody can tell from an absent b. */
        return b.kind == VALUE_BOOL || is_document(b) || b.kind == VALUE_STRING || b.kind == VALUE_RESOURCE ? b : any;
    case OP_CONCAT: return mw__lint_value(VALUE_STRING);
    case OP_EQ:
    case OP_NE:
    case OP_LT:
    case OP_GT:
    case OP_LE:
    case OP_GE: return mw__lint_value(VALUE_BOOL);
    default: return mw__lint_value(VALUE_NUMBER);
    }
}

static value of(file *f, const lua_node *n, int depth)
{
    value v;

    if (!n || depth > DEPTH_MAX || f->steps > STEPS_MAX)
        return any;
    f->steps++;
    switch (n->kind) {
    case LUA_NIL: return mw__lint_value(VALUE_NIL);
    case LUA_TRUE:
    case LUA_FALSE: return mw__lint_value(VALUE_BOOL);
    case LUA_NUMBER: return mw__lint_value(VALUE_NUMBER);
    case LUA_STRING: return mw__lint_value(VALUE_STRING);
    case LUA_TABLE:
        v = mw__lint_value(VALUE_TABLE);
        v.node = n;
        return v;
    case LUA_FUNCTION:
        v = mw__lint_value(VALUE_FUNCTION);
        v.function = n->function;
        return v;
    case LUA_NAME:
        if (n->symbol)
            return symbol_value(f, n->symbol, depth + 1);
        if (f->kind == FILE_AUDIT && mw_lua_is(n->text, "aws"))
            return mw__lint_value(VALUE_AWS);
        if (mw_lua_is(n->text, "string") || mw_lua_is(n->text, "table") || mw_lua_is(n->text, "math") ||
            mw_lua_is(n->text, "utf8")) {
            v = mw__lint_value(VALUE_LIBRARY);
            v.name = n->text;
            return v;
        }
        return any;
    case LUA_INDEX: return index_of(f, n, depth);
    case LUA_CALL: return call_result(f, n, 0, depth);
    case LUA_METHOD: return method_result(f, n, 0, depth);
    case LUA_PAREN: return of(f, n->a, depth + 1);
    case LUA_BINARY: return binary(f, n, depth);
    case LUA_UNARY: return mw__lint_value(n->op == OP_NOT ? VALUE_BOOL : VALUE_NUMBER);
    default: return any;
    }
}

value mw__lint_value_of(file *f, const lua_node *n)
{
    return of(f, n, 0);
}
