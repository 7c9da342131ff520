/*
 * What a rule declares and never uses. A name that occurs anywhere outside its declaration counts
 * as used, and whatever goes where this floor does not follow silences it.
 */
#include "lint/check.h"

#include <string.h>

typedef struct search {
    mw_str name;
    const lua_node *without; /* the constructor that declares it */
    bool found;
} search;

/* The name anywhere in a text: "Versioning.Status", a JMESPath; part of a longer word counts too. */
static bool holds(mw_str text, mw_str name)
{
    for (size_t i = 0; i + name.len <= text.len; i++)
        if (memcmp(text.data + i, name.data, name.len) == 0)
            return true;
    return false;
}

static bool visit(void *user, lua_node *n)
{
    search *s = user;

    if (n == s->without)
        return false;
    if ((n->kind == LUA_STRING || n->kind == LUA_NAME) && holds(n->text, s->name))
        s->found = true;
    return !s->found;
}

static bool occurs(file *f, mw_str name, const lua_node *without)
{
    search s = {.name = name, .without = without};

    mw_lua_walk(f->tree.main->body, visit, &s);
    return s.found;
}

static void check_needs(file *f)
{
    const lua_node *needs = mw_lua_bare(mw__lint_field(f->meta, "needs"));
    mw_str need;

    for (const lua_node *c = needs && needs->kind == LUA_TABLE ? needs->kids : NULL; c; c = c->next) {
        mw_str facet;
        size_t i;
        if (!mw__lint_text(c->b, &need))
            continue;
        for (i = need.len; i > 0 && need.data[i - 1] != '.' && need.data[i - 1] != ':';)
            i--;
        facet = (mw_str){need.data + i, need.len - i};
        if (f->resource_escapes || occurs(f, facet, needs) || occurs(f, MW_STR("tags"), needs))
            continue;
        mw__lint_at(f, "MW1302", c->b, "facet '%.*s' is never read", facet.len < 80 ? (int)facet.len : 80, facet.data);
    }
}

static void check_related(file *f)
{
    const lua_node *all = mw_lua_bare(mw__lint_field(f->meta, "related"));
    mw_str name;

    for (const lua_node *c = all && all->kind == LUA_TABLE ? all->kids : NULL; c; c = c->next) {
        if (!mw__lint_text(c->b, &name) || f->type_escapes || occurs(f, name, all))
            continue;
        mw__lint_at(f, "MW1304", c->b, "%.*s is never asked for", name.len < 80 ? (int)name.len : 80, name.data);
    }
}

static void check_params(file *f)
{
    const lua_node *params = mw_lua_bare(mw__lint_field(f->meta, "params"));

    /* Named more often than with a literal member: somebody reads them another way. */
    if (!params || params->kind != LUA_TABLE || f->params_seen > f->params_read)
        return;
    for (const lua_node *c = params->kids; c; c = c->next)
        if (c->a && c->a->kind == LUA_STRING && !occurs(f, c->a->text, params))
            mw__lint_at(f, "MW1307", c->a, "parameter '%.*s' is never used",
                        c->a->text.len < 80 ? (int)c->a->text.len : 80, c->a->text.data);
}

void mw__lint_needs(file *f)
{
    if (!f->meta || !f->check)
        return;
    check_needs(f);
    check_related(f);
    check_params(f);
}
