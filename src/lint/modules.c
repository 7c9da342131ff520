/*
 * What the embedded modules export, read from their own text: the functions and fields that are set
 * on the table each returns. A module made another way exports "anything".
 */
#include "lint/internal.h"

#include "base/mem.h"
#include "lua/modules.h"

typedef struct collecting {
    mw_lint *lint;
    const lua_symbol *table; /* NULL: the constructor is returned itself */
    bool computed;           /* members are set by names that only the run knows */
    const char *names[256];
    size_t count;
} collecting;

static void add(collecting *c, mw_str name)
{
    const char *copy;

    if (c->count == MW_COUNT(c->names))
        return;
    copy = mw_arena_strndup(&c->lint->arena, name.data, name.len);
    if (copy)
        c->names[c->count++] = copy;
    else
        mw__lint_out_of_memory(c->lint);
}

static bool visit(void *user, lua_node *n)
{
    collecting *c = user;
    const lua_node *target = n->kind == LUA_DEFINE ? n->a : n->kind == LUA_ASSIGN ? n->kids : NULL;

    for (; target; target = n->kind == LUA_ASSIGN ? target->next : NULL) {
        if (target->kind != LUA_INDEX || target->a->kind != LUA_NAME || target->a->symbol != c->table)
            continue;
        if (target->b->kind == LUA_STRING)
            add(c, target->b->text);
        else
            c->computed = true;
    }
    return true;
}

/* The constructor that a module returns, at once or by a name that is set once; NULL: made another
 * way. */
static const lua_node *returned(const lua_tree *tree, collecting *c)
{
    const lua_node *n = tree->main->returns ? mw_lua_bare(tree->main->returns->more) : NULL;

    if (n && n->kind == LUA_NAME && n->symbol && n->symbol->writes == 0 && n->symbol->definition &&
        n->symbol->definition->kind == LUA_LOCAL && n->symbol->position == 0) {
        c->table = n->symbol;
        n = mw_lua_bare(n->symbol->definition->more);
    }
    return n && n->kind == LUA_TABLE ? n : NULL;
}

static mw_status load(mw_lint *l, const mw_lua_module *m, exports *out, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    collecting c = {.lint = l};
    const lua_node *result;
    lua_tree tree;
    mw_status st = mw_lua_parse((const char *)m->source, m->len, &arena, &tree, err);

    *out = (exports){.name = m->name};
    if (st != MW_OK)
        return st;
    result = returned(&tree, &c);
    for (const lua_node *f = result ? result->kids : NULL; f; f = f->next) {
        if (f->a && f->a->kind == LUA_STRING)
            add(&c, f->a->text);
        else
            c.computed = true;
    }
    if (result && c.table)
        mw_lua_walk(tree.main->body, visit, &c);
    if (!result || c.computed)
        return MW_OK; /* exports anything */
    out->names = mw_arena_alloc(&l->arena, (c.count + 1) * sizeof(*out->names));
    if (!out->names)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory while checking");
    for (size_t i = 0; i < c.count; i++)
        out->names[out->count++] = c.names[i];
    return MW_OK;
}

mw_status mw__lint_modules_load(mw_lint *l, mw_error *err)
{
    mw_status st = MW_OK;

    l->modules = mw_arena_alloc(&l->arena, (mw__lua_module_count + 1) * sizeof(*l->modules));
    if (!l->modules)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory while checking");
    for (size_t i = 0; st == MW_OK && i < mw__lua_module_count; i++)
        st = load(l, &mw__lua_modules[i], &l->modules[l->module_count++], err);
    return st;
}

const exports *mw__lint_module(mw_lint *l, mw_str name)
{
    for (size_t i = 0; i < l->module_count; i++)
        if (mw_lua_is(name, l->modules[i].name))
            return &l->modules[i];
    return NULL;
}
