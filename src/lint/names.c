/*
 * Names: globals that the sandbox has not, globals that are set, locals that nothing reads, locals
 * that hide an argument. Everything it says follows from the resolved tree alone.
 */
#include "lint/sandbox.h"

#include "base/mem.h"

typedef struct names {
    file *f;
    const lua_function *function; /* of the assignments below */
    const lua_node *set[64];      /* globals that the file sets */
    size_t set_count;
} names;

static bool is_set(const names *c, mw_str name)
{
    for (size_t i = 0; i < c->set_count; i++)
        if (mw_lua_same(c->set[i]->text, name))
            return true;
    return false;
}

/* ---- globals that are written ---- */

static void write_global(names *c, const lua_node *n)
{
    bool again = is_set(c, n->text);

    if (c->function) {
        mw__lint_at(c->f, "MW1602", n, "global '%.*s' is set in a function; declare it with local", (int)n->text.len,
                    n->text.data);
    } else if (!again) {
        mw__lint_at(c->f, "MW1603", n, "global '%.*s' is set; declare it with local", (int)n->text.len, n->text.data);
    }
    if (!again && c->set_count < MW_COUNT(c->set))
        c->set[c->set_count++] = n;
}

static bool visit_writes(void *user, lua_node *n)
{
    names *c = user;
    const lua_function *outer = c->function;

    if (n->kind == LUA_ASSIGN)
        for (const lua_node *t = n->kids; t; t = t->next)
            if (t->kind == LUA_NAME && !t->symbol)
                write_global(c, t);
    if (n->kind == LUA_DEFINE && n->a->kind == LUA_NAME && !n->a->symbol)
        write_global(c, n->a);
    if (n->kind != LUA_FUNCTION)
        return true;
    c->function = n->function;
    mw_lua_walk(n->function->body, visit_writes, c);
    c->function = outer;
    return false;
}

/* ---- globals that are read ---- */

static bool read_global(names *c, const lua_node *n)
{
    file *f = c->f;
    const char *instead;
    const char **all;
    size_t count;

    if (n->symbol || mw__lint_sandbox_global(f->kind, n->text) || is_set(c, n->text))
        return true;
    if ((instead = mw__lint_sandbox_missing(n->text)) != NULL) {
        mw__lint_at(f, "MW1501", n, "there is no '%.*s' here: %s", (int)n->text.len, n->text.data, instead);
        return true;
    }
    all = mw__lint_sandbox_names(f, &count);
    if (all)
        mw__lint_at(f, "MW1601", n, "nothing is called '%.*s'%s", (int)n->text.len, n->text.data,
                    mw__lint_near(f, n->text, all, count));
    return true;
}

static bool visit_reads(void *user, lua_node *n)
{
    if (n->kind == LUA_NAME)
        return read_global(user, n);
    if (n->kind != LUA_ASSIGN && n->kind != LUA_DEFINE)
        return true;
    /* Targets that are bare globals are written, not read. */
    for (lua_node *t = n->kind == LUA_ASSIGN ? n->kids : n->a; t; t = n->kind == LUA_ASSIGN ? t->next : NULL)
        if (t->kind != LUA_NAME)
            mw_lua_walk(t, visit_reads, user);
    for (lua_node *e = n->more; e; e = e->next)
        mw_lua_walk(e, visit_reads, user);
    if (n->kind == LUA_DEFINE)
        mw_lua_walk(n->b, visit_reads, user);
    return false;
}

/* ---- locals ---- */

/* `for _, x in …`, `local a, b = f()`: an earlier name that must be there for a later one. */
static bool only_a_place(const lua_symbol *s)
{
    const lua_node *n = s->definition ? s->definition->kids : NULL;
    bool behind = false;

    for (; n; n = n->next) {
        if (behind && n->symbol && n->symbol->reads)
            return true;
        behind = behind || n->symbol == s;
    }
    return false;
}

static void check_symbol(file *f, const lua_symbol *s)
{
    uint32_t end = s->at + (uint32_t)s->name.len;
    bool silent = s->name.len > 0 && s->name.data[0] == '_';

    if (s->reads == 0 && !silent && !s->close && s->kind != SYM_PARAM && s->kind != SYM_SELF && !only_a_place(s)) {
        const char *what = s->kind == SYM_FUNCTION ? "function" : s->kind == SYM_LOOP ? "loop variable" : "local";
        if (s->kind != SYM_LOOP || s->definition->kind == LUA_FOR_IN || s->definition->kids->next)
            mw__lint_report(f, "MW1604", s->at, end,
                            s->writes ? "%s '%.*s' is set but never read" : "%s '%.*s' is never used", what,
                            (int)s->name.len, s->name.data);
    }
    if (s->hides && (s->hides->kind == SYM_PARAM || s->hides->kind == SYM_SELF) && s->hides->owner == s->owner &&
        !silent && s->hides != s)
        mw__lint_report(f, "MW1605", s->at, end, "'%.*s' hides the parameter of this name", (int)s->name.len,
                        s->name.data);
}

void mw__lint_names(file *f)
{
    names c = {.f = f};

    mw_lua_walk(f->tree.main->body, visit_writes, &c);
    mw_lua_walk(f->tree.main->body, visit_reads, &c);
    for (const lua_symbol *s = f->tree.symbols; s; s = s->next)
        check_symbol(f, s);
}
