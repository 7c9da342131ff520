/* Expressions of Lua 5.4 with their priorities, calls, constructors and functions. */
#include "lint/lua_parser.h"

lua_node *mw__p_expression_list(parser *p)
{
    lua_node *first = mw__p_expression(p), *last = first;

    while (mw__p_accept_char(p, ',')) {
        last->next = mw__p_expression(p);
        last = last->next;
    }
    return first;
}

/* Behind `function` and its name: parameters and body. */
lua_node *mw__p_function_body(parser *p, uint32_t at, bool method)
{
    lua_node *n = mw__p_node(p, LUA_FUNCTION, at), **link;
    lua_function *f = mw__p_alloc(p, sizeof(*f));
    scope s = {.f = f, .up = p->scope, .first = p->count};
    block b;
    unsigned position = 0;

    n->function = f;
    f->parent = p->scope->f;
    f->node = n;
    f->method = method;
    p->scope = &s;
    mw__p_open_block(p, &b, false);
    if (method) {
        mw__p_activate(p, mw__p_make_symbol(p, MW_STR("self"), SYM_SELF, at, NULL));
    }
    mw__p_need_char(p, '(');
    link = &f->params;
    if (!mw__p_is_char(p, ')')) {
        do {
            uint32_t here = p->t.at;
            mw_str name;
            lua_symbol *symbol;
            if (mw__p_accept(p, TK_DOTS)) {
                f->vararg = true;
                break;
            }
            if (p->t.kind != TK_NAME)
                mw__p_expected(p, "a parameter or '...'");
            name = mw__p_need_name(p);
            symbol = mw__p_make_symbol(p, name, SYM_PARAM, here, NULL);
            symbol->position = position++;
            *link = mw__p_node(p, LUA_NAME, here);
            (*link)->text = name;
            (*link)->end = here + (uint32_t)name.len;
            (*link)->symbol = symbol;
            link = &(*link)->next;
            mw__p_activate(p, symbol);
        } while (mw__p_accept_char(p, ','));
    }
    mw__p_need_char(p, ')');
    f->body = mw__p_parse_block(p);
    mw__p_need_match(p, TK_END, 0, "'end'", "'function'", at);
    mw__p_close_block(p);
    p->scope = s.up;
    return mw__p_finish(p, n);
}

static lua_node *table(parser *p)
{
    uint32_t at = p->t.at;
    lua_node *n = mw__p_node(p, LUA_TABLE, at), **link = &n->kids;

    mw__p_need_char(p, '{');
    while (!mw__p_is_char(p, '}')) {
        lua_node *field = mw__p_node(p, LUA_FIELD, p->t.at);
        *link = field;
        link = &field->next;
        if (mw__p_accept_char(p, '[')) {
            field->a = mw__p_expression(p);
            mw__p_need_char(p, ']');
            mw__p_need_char(p, '=');
            field->b = mw__p_expression(p);
        } else {
            if (p->t.kind == TK_NAME && !p->has_ahead) {
                mw_status st = mw__lua_lex(&p->x, &p->ahead);
                if (st != MW_OK)
                    mw__p_fail_status(p, st);
                p->has_ahead = true;
            }
            if (p->t.kind == TK_NAME && p->ahead.kind == TK_CHAR && p->ahead.byte == '=') {
                field->a = mw__p_node(p, LUA_STRING, p->t.at);
                field->a->text = p->t.text;
                mw__p_advance(p);
                mw__p_need_char(p, '=');
            }
            field->b = mw__p_expression(p);
        }
        mw__p_finish(p, field);
        if (!mw__p_accept_char(p, ',') && !mw__p_accept_char(p, ';'))
            break;
    }
    mw__p_need_match(p, TK_CHAR, '}', "'}'", "'{'", at);
    return mw__p_finish(p, n);
}

static lua_node *constant(parser *p, lua_kind kind)
{
    lua_node *n = mw__p_node(p, kind, p->t.at);

    n->text = p->t.text;
    mw__p_advance(p);
    return n;
}

/* Reads and writes are counted where it is known which of the two a name is. */
lua_node *mw__p_read_of(lua_node *n)
{
    if (n->kind == LUA_NAME && n->symbol)
        n->symbol->reads++;
    return n;
}

static lua_node *arguments(parser *p, uint32_t at)
{
    lua_node *list = NULL;

    if (p->t.kind == TK_STRING)
        return constant(p, LUA_STRING);
    if (mw__p_is_char(p, '{'))
        return table(p);
    if (!mw__p_accept_char(p, '('))
        mw__p_expected(p, "arguments of a call");
    if (!mw__p_is_char(p, ')'))
        list = mw__p_expression_list(p);
    mw__p_need_match(p, TK_CHAR, ')', "')'", "'('", at);
    return list;
}

static lua_node *primary(parser *p)
{
    uint32_t at = p->t.at;
    lua_node *n;

    if (p->t.kind == TK_NAME) {
        n = mw__p_name_node(p, p->t.text, at);
        mw__p_advance(p);
        return n;
    }
    n = mw__p_node(p, LUA_PAREN, at);
    if (!mw__p_accept_char(p, '('))
        mw__p_expected(p, "an expression");
    n->a = mw__p_expression(p);
    mw__p_need_match(p, TK_CHAR, ')', "')'", "'('", at);
    return mw__p_finish(p, n);
}

lua_node *mw__p_suffixed(parser *p)
{
    lua_node *n = primary(p), *up;

    for (;;) {
        uint32_t at = p->t.at;
        if (mw__p_accept_char(p, '.')) {
            up = mw__p_node(p, LUA_INDEX, n->at);
            up->a = mw__p_read_of(n);
            up->b = mw__p_node(p, LUA_STRING, p->t.at);
            up->b->text = mw__p_need_name(p);
            mw__p_finish(p, up->b);
        } else if (mw__p_accept_char(p, '[')) {
            up = mw__p_node(p, LUA_INDEX, n->at);
            up->op = 1;
            up->a = mw__p_read_of(n);
            up->b = mw__p_expression(p);
            mw__p_need_char(p, ']');
        } else if (mw__p_accept_char(p, ':')) {
            up = mw__p_node(p, LUA_METHOD, n->at);
            up->a = mw__p_read_of(n);
            up->b = mw__p_node(p, LUA_STRING, p->t.at); /* where the name stands */
            up->text = up->b->text = mw__p_need_name(p);
            mw__p_finish(p, up->b);
            up->kids = arguments(p, p->t.at);
        } else if (mw__p_is_char(p, '(') || mw__p_is_char(p, '{') || p->t.kind == TK_STRING) {
            up = mw__p_node(p, LUA_CALL, n->at);
            up->a = mw__p_read_of(n);
            if (n->kind == LUA_NAME && n->symbol) {
                n->symbol->calls++;
                up->body = n->symbol->call_list;
                n->symbol->call_list = up;
            }
            up->kids = arguments(p, at);
        } else {
            break;
        }
        mw__p_link_added(p);
        n = mw__p_finish(p, up);
    }
    return n;
}

static lua_node *simple(parser *p)
{
    uint32_t at = p->t.at;

    switch (p->t.kind) {
    case TK_NUMBER: return constant(p, LUA_NUMBER);
    case TK_STRING: return constant(p, LUA_STRING);
    case TK_NIL: return constant(p, LUA_NIL);
    case TK_TRUE: return constant(p, LUA_TRUE);
    case TK_FALSE: return constant(p, LUA_FALSE);
    case TK_DOTS:
        if (!p->scope->f->vararg)
            mw__p_fail_at(p, at, "'...' outside a function that takes it");
        return constant(p, LUA_VARARG);
    case TK_FUNCTION: mw__p_advance(p); return mw__p_function_body(p, at, false);
    default: break;
    }
    if (mw__p_is_char(p, '{'))
        return table(p);
    return mw__p_read_of(mw__p_suffixed(p));
}

/* Priorities as lparser.c has them: left and right. */
static const struct {
    uint8_t left, right;
} priority[] = {
    [OP_OR] = {1, 1},    [OP_AND] = {2, 2},   [OP_LT] = {3, 3},    [OP_GT] = {3, 3},     [OP_LE] = {3, 3},
    [OP_GE] = {3, 3},    [OP_NE] = {3, 3},    [OP_EQ] = {3, 3},    [OP_BOR] = {4, 4},    [OP_BXOR] = {5, 5},
    [OP_BAND] = {6, 6},  [OP_SHL] = {7, 7},   [OP_SHR] = {7, 7},   [OP_CONCAT] = {9, 8}, [OP_ADD] = {10, 10},
    [OP_SUB] = {10, 10}, [OP_MUL] = {11, 11}, [OP_DIV] = {11, 11}, [OP_IDIV] = {11, 11}, [OP_MOD] = {11, 11},
    [OP_POW] = {14, 13}};
#define UNARY_PRIORITY 12

static lua_op binary_op(const parser *p)
{
    switch (p->t.kind) {
    case TK_OR: return OP_OR;
    case TK_AND: return OP_AND;
    case TK_EQ: return OP_EQ;
    case TK_NE: return OP_NE;
    case TK_LE: return OP_LE;
    case TK_GE: return OP_GE;
    case TK_SHL: return OP_SHL;
    case TK_SHR: return OP_SHR;
    case TK_IDIV: return OP_IDIV;
    case TK_CONCAT: return OP_CONCAT;
    case TK_CHAR: break;
    default: return OP_NONE;
    }
    switch (p->t.byte) {
    case '<': return OP_LT;
    case '>': return OP_GT;
    case '|': return OP_BOR;
    case '~': return OP_BXOR;
    case '&': return OP_BAND;
    case '+': return OP_ADD;
    case '-': return OP_SUB;
    case '*': return OP_MUL;
    case '/': return OP_DIV;
    case '%': return OP_MOD;
    case '^': return OP_POW;
    default: return OP_NONE;
    }
}

static lua_op unary_op(const parser *p)
{
    if (p->t.kind == TK_NOT)
        return OP_NOT;
    if (mw__p_is_char(p, '-'))
        return OP_NEG;
    if (mw__p_is_char(p, '~'))
        return OP_BNOT;
    return mw__p_is_char(p, '#') ? OP_LEN : OP_NONE;
}

static lua_node *binary(parser *p, unsigned above)
{
    lua_node *n, *up;
    lua_op op;

    mw__p_enter(p);
    if ((op = unary_op(p)) != OP_NONE) {
        n = mw__p_node(p, LUA_UNARY, p->t.at);
        n->op = (uint8_t)op;
        mw__p_advance(p);
        n->a = binary(p, UNARY_PRIORITY);
        mw__p_finish(p, n);
    } else {
        n = simple(p);
    }
    while ((op = binary_op(p)) != OP_NONE && priority[op].left > above) {
        up = mw__p_node(p, LUA_BINARY, n->at);
        up->op = (uint8_t)op;
        mw__p_advance(p);
        up->a = n;
        up->b = binary(p, priority[op].right);
        mw__p_link_added(p);
        n = mw__p_finish(p, up);
    }
    p->depth--;
    return n;
}

lua_node *mw__p_expression(parser *p)
{
    return binary(p, 0);
}
