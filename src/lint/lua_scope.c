/*
 * What the parser stands on: failing, tokens, nodes, and which name is which in which block, as
 * Lua's compiler decides it (lparser.c). Labels and gotos are matched here.
 */
#include "lint/lua_parser.h"

#include <stdio.h>

/* ---- failing: straight back to guarded(), for nothing is owned but the caller's arena ---- */

_Noreturn void mw__p_fail_status(parser *p, mw_status st)
{
    p->st = st;
    longjmp(p->failed, 1);
}

void *mw__p_alloc(parser *p, size_t size)
{
    void *m = mw_arena_alloc(p->x.arena, size);

    if (!m)
        mw__p_fail_status(p, mw_fail(p->x.err, MW_ERR_NOMEM, "out of memory for a syntax tree"));
    return m;
}

_Noreturn void mw__p_fail_at(parser *p, uint32_t at, const char *message)
{
    mw__p_fail_status(p, mw__lua_fail(&p->x, at, "%s", message));
}

_Noreturn void mw__p_expected(parser *p, const char *what)
{
    mw__p_fail_status(p, mw__lua_fail(&p->x, p->t.at, "expected %s, found %s", what, mw__lua_token_name(&p->x, &p->t)));
}

_Noreturn void mw__p_limit(parser *p, const char *message)
{
    p->x.tree->limit = true;
    mw__p_fail_at(p, p->t.at, message);
}

void mw__p_enter(parser *p)
{
    if (++p->depth > LUA_DEPTH_MAX)
        mw__p_limit(p, "nested too deeply");
}

/* Long chains (`a + b + …`, `a.b.c…`) make trees that are deep on their left side. */
void mw__p_link_added(parser *p)
{
    if (++p->links > LUA_LINKS_MAX)
        mw__p_limit(p, "more than 10000 operators and accesses in one statement");
}

/* ---- tokens ---- */

void mw__p_advance(parser *p)
{
    mw_status st;

    p->last_end = p->t.end;
    if (p->has_ahead) {
        p->t = p->ahead;
        p->has_ahead = false;
        return;
    }
    st = mw__lua_lex(&p->x, &p->t);
    if (st != MW_OK)
        mw__p_fail_status(p, st);
}

bool mw__p_is_char(const parser *p, char c)
{
    return p->t.kind == TK_CHAR && p->t.byte == c;
}

bool mw__p_accept_char(parser *p, char c)
{
    if (!mw__p_is_char(p, c))
        return false;
    mw__p_advance(p);
    return true;
}

bool mw__p_accept(parser *p, lua_tok kind)
{
    if (p->t.kind != kind)
        return false;
    mw__p_advance(p);
    return true;
}

void mw__p_need(parser *p, lua_tok kind, const char *what)
{
    if (!mw__p_accept(p, kind))
        mw__p_expected(p, what);
}

void mw__p_need_char(parser *p, char c)
{
    char what[] = "'?'";

    what[1] = c;
    if (!mw__p_accept_char(p, c))
        mw__p_expected(p, what);
}

/* A closing word: the message names the line of what it closes. */
void mw__p_need_match(parser *p, lua_tok kind, char c, const char *what, const char *opener, uint32_t at)
{
    char text[96];
    unsigned line, column;

    if (kind == TK_CHAR ? mw__p_accept_char(p, c) : mw__p_accept(p, kind))
        return;
    mw_lua_position(p->x.tree, at, &line, &column);
    snprintf(text, sizeof(text), "%s to close %s of line %u", what, opener, line);
    mw__p_expected(p, text);
}

mw_str mw__p_need_name(parser *p)
{
    mw_str name = p->t.text;

    if (p->t.kind != TK_NAME)
        mw__p_expected(p, "a name");
    mw__p_advance(p);
    return name;
}

/* ---- nodes ---- */

lua_node *mw__p_node(parser *p, lua_kind kind, uint32_t at)
{
    lua_node *n = mw__p_alloc(p, sizeof(*n));

    n->kind = (uint8_t)kind;
    n->at = at;
    n->end = p->t.end;
    return n;
}

lua_node *mw__p_finish(const parser *p, lua_node *n)
{
    n->end = p->last_end;
    return n;
}

/* ---- names ---- */

static lua_symbol *find(const parser *p, mw_str name)
{
    for (size_t i = p->count; i-- > 0;)
        if (mw_lua_same(p->locals[i]->name, name))
            return p->locals[i];
    return NULL;
}

static unsigned active(const parser *p)
{
    return (unsigned)(p->count - p->scope->first);
}

lua_symbol *mw__p_make_symbol(parser *p, mw_str name, lua_symbol_kind kind, uint32_t at, lua_node *definition)
{
    lua_symbol *s = mw__p_alloc(p, sizeof(*s));

    s->name = name;
    s->kind = (uint8_t)kind;
    s->at = at;
    s->owner = p->scope->f;
    s->definition = definition;
    *p->tail = s;
    p->tail = &s->next;
    return s;
}

/* From here on the name is visible. */
void mw__p_activate(parser *p, lua_symbol *s)
{
    if (active(p) >= LUA_LOCALS_MAX)
        mw__p_limit(p, "more than 200 local variables in one function");
    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 64;
        lua_symbol **grown = mw__p_alloc(p, cap * sizeof(*grown));
        if (p->count)
            memcpy(grown, p->locals, p->count * sizeof(*grown));
        p->locals = grown;
        p->cap = cap;
    }
    s->hides = find(p, s->name);
    p->locals[p->count++] = s;
}

lua_node *mw__p_name_node(parser *p, mw_str name, uint32_t at)
{
    lua_node *n = mw__p_node(p, LUA_NAME, at);

    n->text = name;
    n->end = at + (uint32_t)name.len;
    n->symbol = find(p, name);
    return n;
}

/* ---- blocks, labels, goto ---- */

void mw__p_open_block(parser *p, block *b, bool loop)
{
    *b = (block){.up = p->scope->block, .active = active(p), .loop = loop};
    p->scope->block = b;
}

static _Noreturn void undefined(parser *p, const pending *g)
{
    char text[96];

    snprintf(text, sizeof(text), "no visible label '%.*s' for goto", g->name.len < 60 ? (int)g->name.len : 60,
             g->name.data);
    mw__p_fail_at(p, g->at, text);
}

void mw__p_close_block(parser *p)
{
    block *b = p->scope->block, *up = b->up;

    p->scope->block = up;
    p->count = p->scope->first + b->active;
    while (b->gotos) {
        pending *g = b->gotos;
        b->gotos = g->next;
        if (!up)
            undefined(p, g);
        if (g->active > b->active)
            g->active = b->active;
        g->next = up->gotos;
        up->gotos = g;
    }
}

bool mw__p_block_ends(const parser *p, bool with_until)
{
    switch (p->t.kind) {
    case TK_EOF:
    case TK_END:
    case TK_ELSE:
    case TK_ELSEIF: return true;
    case TK_UNTIL: return with_until;
    default: return false;
    }
}

static const label *find_label(const parser *p, mw_str name)
{
    for (const block *b = p->scope->block; b; b = b->up)
        for (const label *l = b->labels; l; l = l->next)
            if (mw_lua_same(l->name, name))
                return l;
    return NULL;
}

void mw__p_add_label(parser *p, mw_str name, uint32_t at)
{
    block *b = p->scope->block;
    label *l;

    if (find_label(p, name))
        mw__p_fail_at(p, at, "this label is already defined in this function");
    l = mw__p_alloc(p, sizeof(*l));
    l->name = name;
    l->active = mw__p_block_ends(p, false) ? b->active : active(p);
    l->next = b->labels;
    b->labels = l;
    for (pending **link = &b->gotos; *link;) {
        pending *g = *link;
        if (!mw_lua_same(g->name, name)) {
            link = &g->next;
            continue;
        }
        if (g->active < l->active)
            mw__p_fail_at(p, g->at, "this goto jumps into the scope of a local");
        *link = g->next;
    }
}

void mw__p_add_goto(parser *p, mw_str name, uint32_t at)
{
    pending *g;

    p->scope->f->has_goto = true;
    if (find_label(p, name))
        return; /* backwards: any enclosing block */
    g = mw__p_alloc(p, sizeof(*g));
    *g = (pending){name, at, active(p), p->scope->block->gotos};
    p->scope->block->gotos = g;
}
