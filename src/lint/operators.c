/*
 * Operators: what never equals, cannot be ordered or joined, and expressions that mean something
 * else than they read.
 */
#include "lint/check.h"

#include "base/mem.h"

/* ---- kinds ---- */

typedef enum value_class { CLASS_ANY, CLASS_NUMBER, CLASS_TEXT, CLASS_BOOL, CLASS_TABLE } value_class;

static value_class class_of(value v)
{
    if (v.lists > 0)
        return CLASS_TABLE;
    switch (v.kind) {
    case VALUE_NUMBER: return CLASS_NUMBER;
    case VALUE_STRING: return CLASS_TEXT;
    case VALUE_BOOL: return CLASS_BOOL;
    case VALUE_SHAPE:
    case VALUE_TAGS:
    case VALUE_RESOURCE:
    case VALUE_DOC:
    case VALUE_TABLE: return CLASS_TABLE;
    default: return CLASS_ANY;
    }
}

static void check_kinds(file *f, const lua_node *n)
{
    value a = mw__lint_value_of(f, n->a), b = mw__lint_value_of(f, n->b);
    value_class x = class_of(a), y = class_of(b);

    switch (n->op) {
    case OP_EQ:
    case OP_NE:
        if (x != CLASS_ANY && y != CLASS_ANY && x != y &&
            !((a.loose && y == CLASS_BOOL) || (b.loose && x == CLASS_BOOL)))
            mw__lint_at(f, "MW1202", n, "%s never equals %s", mw__lint_value_name(a), mw__lint_value_name(b));
        break;
    case OP_LT:
    case OP_GT:
    case OP_LE:
    case OP_GE:
        if (x == CLASS_TABLE || x == CLASS_BOOL || y == CLASS_TABLE || y == CLASS_BOOL || (x && y && x != y))
            mw__lint_at(f, "MW1202", n, "%s cannot be ordered with %s", mw__lint_value_name(a), mw__lint_value_name(b));
        break;
    case OP_CONCAT:
        if (x == CLASS_TABLE || x == CLASS_BOOL || y == CLASS_TABLE || y == CLASS_BOOL)
            mw__lint_at(f, "MW1202", n, "%s cannot be joined to a text",
                        mw__lint_value_name(x == CLASS_TABLE || x == CLASS_BOOL ? a : b));
        break;
    case OP_OR:
    case OP_AND: break;
    default:
        if (x == CLASS_TABLE || x == CLASS_BOOL || y == CLASS_TABLE || y == CLASS_BOOL)
            mw__lint_at(f, "MW1202", n, "%s is no number",
                        mw__lint_value_name(x == CLASS_TABLE || x == CLASS_BOOL ? a : b));
    }
}

/* ---- values of the model ---- */

static void check_word(file *f, const mw_shape *s, const lua_node *literal)
{
    size_t n = mw_shape_enum_count(s);
    const char **names;

    if (n == 0 || literal->kind != LUA_STRING)
        return;
    names = mw_arena_alloc(f->arena, n * sizeof(*names));
    if (!names) {
        mw__lint_out_of_memory(f->lint);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        names[i] = mw_shape_enum_at(s, i);
        if (mw_lua_is(literal->text, names[i]))
            return;
    }
    mw__lint_at(f, f->kind == FILE_TEST ? "MW1804" : "MW1201", literal, "AWS's %s has no value '%.*s'%s",
                mw_shape_name(s), literal->text.len < 80 ? (int)literal->text.len : 80, literal->text.data,
                mw__lint_near(f, literal->text, names, n));
}

void mw__lint_check_literal(file *f, value v, const lua_node *literal)
{
    literal = mw_lua_bare(literal);
    if (!literal || v.lists > 0 || v.kind != VALUE_STRING || !v.shape)
        return;
    if (literal->kind == LUA_TABLE) {
        for (const lua_node *c = literal->kids; c; c = c->next)
            if (!c->a && mw_lua_bare(c->b)->kind == LUA_STRING)
                check_word(f, v.shape, mw_lua_bare(c->b));
        return;
    }
    check_word(f, v.shape, literal);
}

/* ---- traps ---- */

static bool comparison(const lua_node *n)
{
    return n->kind == LUA_BINARY && n->op >= OP_LT && n->op <= OP_EQ;
}

static bool constant(const lua_node *n)
{
    return n->kind == LUA_STRING || n->kind == LUA_NUMBER;
}

/* In a condition: `a == "x" or "y"`. */
static void check_condition(file *f, const lua_node *n)
{
    n = mw_lua_bare(n);
    if (!n)
        return;
    if (n->kind == LUA_UNARY && n->op == OP_NOT) {
        check_condition(f, n->a);
        return;
    }
    if (n->kind != LUA_BINARY || (n->op != OP_OR && n->op != OP_AND))
        return;
    if (n->op == OP_OR && constant(mw_lua_bare(n->b)))
        mw__lint_at(f, "MW1203", n, "this is always true: a constant behind 'or' is not compared with anything");
    check_condition(f, n->a);
    check_condition(f, n->b);
}

static bool is_nan(const lua_node *n)
{
    n = mw_lua_bare(n);
    if (n->kind != LUA_BINARY || n->op != OP_DIV)
        return false;
    n = n->a->kind == LUA_NUMBER && n->b->kind == LUA_NUMBER ? n : NULL;
    return n && n->a->text.len == 1 && n->a->text.data[0] == '0' && n->b->text.len == 1 && n->b->text.data[0] == '0';
}

/* True: said something, so the kinds need not be looked at. */
static bool check_traps(file *f, const lua_node *n)
{
    const lua_node *a = mw_lua_bare(n->a), *b = mw_lua_bare(n->b);

    if (comparison(n) && (is_nan(n->a) || is_nan(n->b)))
        mw__lint_at(f, "MW1203", n, "0/0 equals nothing and is not ordered");
    else if ((n->op == OP_EQ || n->op == OP_NE) && n->a->kind == LUA_UNARY && n->a->op == OP_NOT &&
             (constant(b) || b->kind == LUA_NIL))
        mw__lint_at(f, "MW1203", n,
                    "'not' binds tighter than '%s': this compares a boolean; write the other comparison",
                    n->op == OP_EQ ? "==" : "~=");
    else if ((n->op == OP_EQ || n->op == OP_NE) && a->kind == LUA_NAME && b->kind == LUA_NAME && a->symbol &&
             a->symbol == b->symbol)
        mw__lint_at(f, "MW1203", n, "'%.*s' is compared with itself", (int)a->text.len, a->text.data);
    else if (n->op == OP_OR && a->kind == LUA_BINARY && a->op == OP_AND &&
             (mw_lua_bare(a->b)->kind == LUA_NIL || mw_lua_bare(a->b)->kind == LUA_FALSE))
        mw__lint_at(f, "MW1203", n, "this is always what stands behind 'or': what stands before it is never true");
    else
        return false;
    return true;
}

void mw__lint_check_operator(file *f, const lua_node *n)
{
    value v;

    if (n->kind == LUA_BINARY) {
        if (check_traps(f, n))
            return;
        check_kinds(f, n);
        if (n->op == OP_EQ || n->op == OP_NE) {
            mw__lint_check_literal(f, mw__lint_value_of(f, n->a), mw_lua_bare(n->b)->kind == LUA_STRING ? n->b : NULL);
            mw__lint_check_literal(f, mw__lint_value_of(f, n->b), mw_lua_bare(n->a)->kind == LUA_STRING ? n->a : NULL);
        }
    } else if (n->kind == LUA_UNARY) {
        v = mw__lint_value_of(f, n->a);
        if (n->op == OP_LEN && (class_of(v) == CLASS_NUMBER || class_of(v) == CLASS_BOOL))
            mw__lint_at(f, "MW1202", n, "%s has no length", mw__lint_value_name(v));
    } else {
        check_condition(f, n->a);
    }
}
