/*
 * State that outlives an evaluation: what check, and every function that it can reach, changes
 * outside of itself. Functions that only run while the file loads may build what they like.
 */
#include "lint/value.h"

typedef struct state {
    file *f;
    lua_function *function; /* whose statements are looked at */
    bool changed;           /* another function was reached */
} state;

static void reach(state *c, lua_function *fn, bool at_load)
{
    if (!fn || fn->reached)
        return;
    fn->reached = true;
    fn->at_load = at_load;
    c->changed = true;
}

/* ---- what check can reach ---- */

static bool visit_reach(void *user, lua_node *n)
{
    state *c = user;
    const lua_symbol *s;
    value v;

    if (n->kind == LUA_FUNCTION) {
        reach(c, n->function, false);
        return false; /* looked at in its own turn */
    }
    if (n->kind != LUA_NAME || !(s = n->symbol))
        return true;
    v = mw__lint_value_of(c->f, n);
    if (v.kind == VALUE_FUNCTION && v.lists == 0)
        /* The value of a variable of the file that is no function written there: a closure made by
         * a call. */
        reach(c, v.function, s->owner == c->f->tree.main && v.function->parent != c->f->tree.main);
    return true;
}

/* Functions kept in a table that a reached function names: `helpers.f`. */
static bool visit_members(void *user, lua_node *n)
{
    state *c = user;
    const lua_symbol *table;

    if (n->kind != LUA_DEFINE || n->a->kind != LUA_INDEX || n->a->a->kind != LUA_NAME || !(table = n->a->a->symbol))
        return true;
    if (table->named)
        reach(c, n->b->function, false);
    return true;
}

/* ---- what it changes ---- */

/* Was it made before check ran, so that it is still there in the next evaluation? */
static bool outlives(const state *c, const lua_symbol *s)
{
    if (!s)
        return false;
    if (s->owner == c->f->tree.main)
        return true;
    for (const lua_function *fn = c->function; fn && fn != s->owner; fn = fn->parent)
        if (fn->at_load)
            return true; /* a closure over a variable of the call that made it */
    return false;
}

static const lua_node *root(const lua_node *n)
{
    while (n->kind == LUA_INDEX || n->kind == LUA_PAREN)
        n = n->a;
    return n;
}

static void check_write(state *c, const lua_node *target)
{
    const lua_node *r = root(target);

    if (r->kind == LUA_NAME && outlives(c, r->symbol))
        mw__lint_at(c->f, "MW1502", target,
                    "'%.*s' outlives the evaluation: what is kept here reaches the next resource", (int)r->text.len,
                    r->text.data);
}

static bool visit_writes(void *user, lua_node *n)
{
    state *c = user;

    if (n->kind == LUA_FUNCTION)
        return false;
    if (n->kind == LUA_ASSIGN)
        for (const lua_node *t = n->kids; t; t = t->next)
            check_write(c, t);
    if (n->kind == LUA_DEFINE && n->a->kind == LUA_INDEX)
        check_write(c, n->a);
    if (n->kind == LUA_CALL && n->kids && n->a->kind == LUA_INDEX && mw_lua_global(n->a->a, "table") &&
        n->a->b->kind == LUA_STRING &&
        (mw_lua_is(n->a->b->text, "insert") || mw_lua_is(n->a->b->text, "remove") || mw_lua_is(n->a->b->text, "sort")))
        check_write(c, n->kids);
    return true;
}

static bool mark_tables(void *user, lua_node *n)
{
    (void)user;
    if (n->kind == LUA_FUNCTION)
        return false;
    if (n->kind == LUA_NAME && n->symbol)
        n->symbol->named = true;
    return true;
}

typedef struct each_function {
    state *c;
    bool (*visit)(void *user, lua_node *n);
} each_function;

static bool visit_functions(void *user, lua_node *n)
{
    each_function *e = user;

    if (n->kind == LUA_FUNCTION && n->function->reached) {
        e->c->function = n->function;
        mw_lua_walk(n->function->body, e->visit, e->c);
    }
    return true;
}

void mw__lint_state(file *f)
{
    state c = {.f = f};
    each_function reaching = {&c, visit_reach}, marking = {&c, mark_tables}, writing = {&c, visit_writes};

    if (!f->check)
        return;
    reach(&c, f->check, false);
    for (int round = 0; c.changed && round < 50; round++) {
        c.changed = false;
        mw_lua_walk(f->tree.main->body, visit_functions, &reaching);
    }
    mw_lua_walk(f->tree.main->body, visit_functions, &marking);
    mw_lua_walk(f->tree.main->body, visit_members, &c);
    for (int round = 0; c.changed && round < 50; round++) {
        c.changed = false;
        mw_lua_walk(f->tree.main->body, visit_functions, &reaching);
    }
    mw_lua_walk(f->tree.main->body, visit_functions, &writing);
}
