/*
 * The calls of audits: the operation exists, only reads, and takes the literal parameters that it
 * is given.
 */
#include "lint/check.h"

#include "aws/client.h"
#include "base/mem.h"

#define DEPTH_MAX 40

static void unknown_operation(file *f, mw_str operation, const lua_node *at)
{
    const mw_models *m = f->lint->o.models;
    const char *colon = memchr(operation.data, ':', operation.len), **names;
    mw_str service, name;
    const mw_service *s;
    size_t n;

    if (!colon) {
        mw__lint_at(f, "MW1401", at, "an operation is written \"ec2:DescribeInstances\"");
        return;
    }
    service = (mw_str){operation.data, (size_t)(colon - operation.data)};
    name = (mw_str){colon + 1, operation.len - service.len - 1};
    s = mw_models_service(m, mw__lint_dup(f, service));
    n = s ? mw_service_operation_count(s) : mw_models_service_count(m);
    names = mw_arena_alloc(f->arena, (n + 1) * sizeof(*names));
    if (!names) {
        mw__lint_out_of_memory(f->lint);
        return;
    }
    for (size_t i = 0; i < n; i++)
        names[i] = s ? mw_operation_name(mw_service_operation_at(s, i)) : mw_service_name(mw_models_service_at(m, i));
    if (s)
        mw__lint_at(f, "MW1401", at, "%s has no operation '%.*s'%s", mw_service_name(s),
                    name.len < 80 ? (int)name.len : 80, name.data, mw__lint_near(f, name, names, n));
    else
        mw__lint_at(f, "MW1401", at, "there is no service '%.*s'%s", service.len < 80 ? (int)service.len : 80,
                    service.data, mw__lint_near(f, service, names, n));
}

static const char *kind_wanted(const mw_shape *s)
{
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_LIST: return "a list";
    case MW_SHAPE_STRUCTURE: return "a structure";
    case MW_SHAPE_MAP: return "a map";
    case MW_SHAPE_BOOLEAN: return "true or false";
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG:
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE: return "a number";
    default: return "text";
    }
}

/* Does a value of this kind certainly not fit? Timestamps take several, blobs are text. */
static bool misfit(value v, const mw_shape *s)
{
    bool table = v.lists > 0 || v.kind == VALUE_TABLE || v.kind == VALUE_SHAPE || v.kind == VALUE_FUNCTION;

    if (v.kind == VALUE_ANY || v.kind == VALUE_NIL)
        return false;
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_LIST:
    case MW_SHAPE_STRUCTURE:
    case MW_SHAPE_MAP:
        return !mw_shape_document(s) && v.lists == 0 &&
               (v.kind == VALUE_STRING || v.kind == VALUE_NUMBER || v.kind == VALUE_BOOL);
    case MW_SHAPE_BOOLEAN: return table || v.kind == VALUE_STRING || v.kind == VALUE_NUMBER;
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG:
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE: return table || v.kind == VALUE_STRING || v.kind == VALUE_BOOL;
    case MW_SHAPE_STRING: return table || v.kind == VALUE_BOOL || v.kind == VALUE_NUMBER;
    default: return table;
    }
}

static void check_value(file *f, const mw_member *m, const lua_node *n, int depth);

static void check_structure(file *f, const mw_shape *s, const lua_node *table, int depth)
{
    bool literal = true;

    for (const lua_node *c = table->kids; c; c = c->next) {
        const mw_member *m;
        if (!c->a || c->a->kind != LUA_STRING) {
            literal = false;
            if (!c->a && mw_lua_bare(c->b)->kind != LUA_CALL && mw_lua_bare(c->b)->kind != LUA_VARARG)
                mw__lint_at(f, "MW1404", c, "expected a member with its name: AWS's %s is a structure",
                            mw_shape_name(s));
            continue;
        }
        m = mw_shape_member(s, c->a->text.data, c->a->text.len);
        if (m) {
            check_value(f, m, c->b, depth);
        } else {
            value v = {.kind = VALUE_SHAPE, .shape = s};
            size_t n;
            const char **names = mw__lint_value_names(f, v, &n);
            if (names)
                mw__lint_at(f, "MW1403", c->a, "AWS's %s has no member '%.*s'%s", mw_shape_name(s),
                            c->a->text.len < 80 ? (int)c->a->text.len : 80, c->a->text.data,
                            mw__lint_near(f, c->a->text, names, n));
        }
    }
    for (size_t i = 0; literal && i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        if (mw_member_required(m) && !mw_member_idempotency_token(m) && !mw__lint_field(table, mw_member_name(m)))
            mw__lint_at(f, "MW1405", table, "AWS's %s requires '%s'", mw_shape_name(s), mw_member_name(m));
    }
}

static void check_value(file *f, const mw_member *m, const lua_node *n, int depth)
{
    const mw_shape *s = mw_member_shape(m);
    value v = mw__lint_value_of(f, n);

    n = mw_lua_bare(n);
    if (misfit(v, s)) {
        mw__lint_at(f, "MW1404", n, "expected %s (AWS's %s), this is %s", kind_wanted(s), mw_shape_name(s),
                    mw__lint_value_name(v));
        return;
    }
    if (n->kind == LUA_STRING)
        mw__lint_check_literal(f, mw__lint_value_typed((mw_typed){s, 0}), n);
    if (n->kind != LUA_TABLE || depth > DEPTH_MAX || mw_shape_document(s))
        return;
    if (mw_shape_type_of(s) == MW_SHAPE_STRUCTURE) {
        check_structure(f, s, n, depth + 1);
        return;
    }
    for (const lua_node *c = n->kids; c; c = c->next) {
        if (mw_shape_type_of(s) == MW_SHAPE_MAP)
            check_value(f, mw_shape_value(s), c->b, depth + 1);
        else if (c->a && c->a->kind == LUA_STRING)
            mw__lint_at(f, "MW1404", c->a, "expected elements without names: AWS's %s is a list", mw_shape_name(s));
        else if (mw_shape_type_of(s) == MW_SHAPE_LIST)
            check_value(f, mw_shape_element(s), c->b, depth + 1);
    }
}

void mw__lint_check_operation(file *f, const lua_node *call)
{
    const lua_node *node, *params;
    mw_str operation;
    const mw_operation *op;

    if (!mw__lint_value_operation(f, call, &operation, &node, &params))
        return;
    op = mw_models_operation(f->lint->o.models, operation.data, operation.len);
    if (!op) {
        unknown_operation(f, operation, node);
        return;
    }
    if (!mw_operation_read_only(op)) {
        mw__lint_at(f, "MW1402", node, "%.*s does not only read; audits are refused everything else",
                    (int)operation.len, operation.data);
        return;
    }
    if (!mw_operation_input(op))
        return;
    if (params && params->kind == LUA_TABLE) {
        check_structure(f, mw_operation_input(op), params, 0);
    } else if (!params || params->kind == LUA_NIL) {
        for (size_t i = 0; i < mw_shape_member_count(mw_operation_input(op)); i++) {
            const mw_member *m = mw_shape_member_at(mw_operation_input(op), i);
            if (mw_member_required(m) && !mw_member_idempotency_token(m))
                mw__lint_at(f, "MW1405", node, "%.*s requires '%s'", (int)operation.len, operation.data,
                            mw_member_name(m));
        }
    }
}
