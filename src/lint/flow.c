/*
 * Ways through blocks: statements that nothing reaches, conditions that are constants, a check that
 * may end without a verdict. Silent about functions that use goto.
 */
#include "lint/internal.h"

/* ---- ways out of a block ---- */

static bool ends(const lua_node *block);

static bool never(const lua_node *n);

/* A call that never returns: `error(…)`, `assert(false)`, a function of the file that always
 * raises. */
static bool raises(const lua_node *n)
{
    const lua_node *call = n->kind == LUA_EXPRESSION && n->a->kind == LUA_CALL ? n->a : NULL;
    const lua_symbol *s = call && call->a->kind == LUA_NAME ? call->a->symbol : NULL;
    const lua_function *f;

    if (!call)
        return false;
    if (s) {
        if (s->kind != SYM_FUNCTION || s->writes > 0)
            return false;
        f = s->definition->b->function;
        return !f->returns && !f->has_goto && f->body->kids && f->body->kids->kind == LUA_EXPRESSION &&
               mw_lua_global(f->body->kids->a->a, "error");
    }
    return mw_lua_global(call->a, "error") || (mw_lua_global(call->a, "assert") && never(call->kids));
}

static bool always(const lua_node *n)
{
    n = mw_lua_bare(n);
    return n && (n->kind == LUA_TRUE || n->kind == LUA_NUMBER || n->kind == LUA_STRING || n->kind == LUA_TABLE ||
                 n->kind == LUA_FUNCTION);
}

static bool never(const lua_node *n)
{
    n = mw_lua_bare(n);
    return n && (n->kind == LUA_NIL || n->kind == LUA_FALSE);
}

/* A break of this very loop somewhere in the block. */
static bool breaks(const lua_node *block)
{
    for (const lua_node *n = block ? block->kids : NULL; n; n = n->next) {
        if (n->kind == LUA_BREAK)
            return true;
        if (n->kind == LUA_DO && breaks(n->body))
            return true;
        if (n->kind == LUA_IF)
            for (const lua_node *c = n->kids; c; c = c->next)
                if (breaks(c->body))
                    return true;
    }
    return false;
}

/* Does control never come behind this statement? */
static bool leaves(const lua_node *n)
{
    bool otherwise = false;

    switch (n->kind) {
    case LUA_RETURN:
    case LUA_BREAK:
    case LUA_GOTO: return true;
    case LUA_EXPRESSION: return raises(n);
    case LUA_DO: return ends(n->body);
    case LUA_WHILE: return always(n->a) && !breaks(n->body);
    case LUA_REPEAT: return (never(n->a) && !breaks(n->body)) || (ends(n->body) && !breaks(n->body));
    case LUA_IF:
        for (const lua_node *c = n->kids; c; c = c->next) {
            if (!ends(c->body))
                return false;
            otherwise = otherwise || !c->a;
        }
        return otherwise;
    default: return false;
    }
}

static bool ends(const lua_node *block)
{
    for (const lua_node *n = block->kids; n; n = n->next)
        if (leaves(n))
            return true;
    return false;
}

/* ---- constants as conditions ---- */

static void check_condition(file *f, const lua_node *n, bool loop)
{
    if (!n)
        return;
    if (always(n) && !loop)
        mw__lint_at(f, "MW1607", n, "this condition is always true");
    else if (never(n))
        mw__lint_at(f, "MW1607", n, "this condition is always false");
}

/* ---- unreachable code ---- */

typedef struct flow {
    file *f;
    const lua_function *function;
} flow;

static void check_block(flow *c, const lua_node *block)
{
    for (const lua_node *n = block->kids; n && n->next; n = n->next) {
        const lua_node *next = n->next;
        if (!leaves(n))
            continue;
        if (next->kind != LUA_LABEL)
            mw__lint_at(c->f, "MW1606", next, "this statement is never reached");
        return;
    }
}

static bool visit(void *user, lua_node *n)
{
    flow *c = user;
    const lua_function *outer = c->function;

    switch (n->kind) {
    case LUA_FUNCTION:
        c->function = n->function;
        mw_lua_walk(n->function->body, visit, c);
        c->function = outer;
        return false;
    case LUA_BLOCK:
        if (!c->function->has_goto)
            check_block(c, n);
        break;
    case LUA_CLAUSE: check_condition(c->f, n->a, false); break;
    case LUA_WHILE: check_condition(c->f, n->a, true); break;
    case LUA_REPEAT: check_condition(c->f, n->a, true); break;
    default: break;
    }
    return true;
}

static void check_returns(file *f)
{
    const lua_function *check = f->check;
    uint32_t end;

    if (check->has_goto)
        return;
    if (!ends(check->body)) {
        end = check->node->end;
        mw__lint_report(f, "MW1608", end > 3 ? end - 3 : end, end, "check can end here without a verdict");
    }
    for (const lua_node *r = check->returns; r; r = r->body) {
        const lua_node *v = mw_lua_bare(r->more);
        if (!v)
            mw__lint_at(f, "MW1609", r,
                        "return without a verdict; expected pass(), fail(…), not_applicable(…) or "
                        "unknown(…)");
        else if (v->kind == LUA_NIL || v->kind == LUA_TRUE || v->kind == LUA_FALSE || v->kind == LUA_NUMBER ||
                 v->kind == LUA_STRING || v->kind == LUA_FUNCTION)
            mw__lint_at(f, "MW1609", v,
                        "this is no verdict; expected pass(), fail(…), not_applicable(…) or unknown(…)");
    }
}

void mw__lint_flow(file *f)
{
    flow c = {f, f->tree.main};

    mw_lua_walk(f->tree.main->body, visit, &c);
    if (f->check)
        check_returns(f);
}
