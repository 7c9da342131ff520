/*
 * The parser of Lua 5.4 (reference manual, chapter 9): recursive descent, one token ahead, names
 * resolved on the way as Lua's compiler does it. This file has statements, the whole file and the
 * walk over a tree. Bounded in depth; everything lies in the caller's arena. What luac refuses is
 * refused with what was expected instead.
 */
#include "lint/lua_parser.h"

/* ---- statements ---- */

static lua_node *nested_block(parser *p, bool loop)
{
    block b;
    lua_node *n;

    mw__p_open_block(p, &b, loop);
    n = mw__p_parse_block(p);
    mw__p_close_block(p);
    return n;
}

static lua_node *statement_if(parser *p, uint32_t at)
{
    lua_node *n = mw__p_node(p, LUA_IF, at), **link = &n->kids;

    for (;;) {
        lua_node *clause = mw__p_node(p, LUA_CLAUSE, p->t.at);
        bool last = p->t.kind == TK_ELSE;
        *link = clause;
        link = &clause->next;
        mw__p_advance(p); /* if, elseif, else */
        if (!last) {
            clause->a = mw__p_expression(p);
            mw__p_need(p, TK_THEN, "'then'");
        }
        clause->body = nested_block(p, false);
        mw__p_finish(p, clause);
        if (last || (p->t.kind != TK_ELSEIF && p->t.kind != TK_ELSE))
            break;
    }
    mw__p_need_match(p, TK_END, 0, "'end'", "'if'", at);
    return mw__p_finish(p, n);
}

static lua_node *statement_for(parser *p, uint32_t at)
{
    lua_node *n, **link, *c;
    uint32_t here;
    mw_str name;
    block outer, inner;
    unsigned position = 0;

    mw__p_advance(p);
    mw__p_open_block(p, &outer, true);
    here = p->t.at;
    name = mw__p_need_name(p);
    n = mw__p_node(p, mw__p_is_char(p, '=') ? LUA_FOR : LUA_FOR_IN, at);
    link = &n->kids;
    for (;;) {
        *link = mw__p_node(p, LUA_NAME, here);
        (*link)->text = name;
        (*link)->end = here + (uint32_t)name.len;
        (*link)->symbol = mw__p_make_symbol(p, name, SYM_LOOP, here, n);
        (*link)->symbol->position = position++;
        link = &(*link)->next;
        if (n->kind == LUA_FOR || !mw__p_accept_char(p, ','))
            break;
        here = p->t.at;
        name = mw__p_need_name(p);
    }
    if (n->kind == LUA_FOR) {
        mw__p_advance(p);
        n->more = mw__p_expression(p);
        mw__p_need_char(p, ',');
        n->more->next = mw__p_expression(p);
        if (mw__p_accept_char(p, ','))
            n->more->next->next = mw__p_expression(p);
    } else {
        if (!mw__p_accept(p, TK_IN))
            mw__p_expected(p, "'=' or 'in'");
        n->more = mw__p_expression_list(p);
    }
    mw__p_need(p, TK_DO, "'do'");
    mw__p_open_block(p, &inner, false);
    for (c = n->kids; c; c = c->next)
        mw__p_activate(p, c->symbol);
    n->body = mw__p_parse_block(p);
    mw__p_close_block(p);
    mw__p_need_match(p, TK_END, 0, "'end'", "'for'", at);
    mw__p_close_block(p);
    return mw__p_finish(p, n);
}

static lua_node *statement_repeat(parser *p, uint32_t at)
{
    lua_node *n = mw__p_node(p, LUA_REPEAT, at);
    block outer, inner;

    mw__p_advance(p);
    mw__p_open_block(p, &outer, true);
    mw__p_open_block(p, &inner, false);
    n->body = mw__p_parse_block(p);
    mw__p_need_match(p, TK_UNTIL, 0, "'until'", "'repeat'", at);
    n->a = mw__p_expression(p); /* sees the locals of the block */
    mw__p_close_block(p);
    mw__p_close_block(p);
    return mw__p_finish(p, n);
}

static lua_node *statement_while(parser *p, uint32_t at)
{
    lua_node *n = mw__p_node(p, LUA_WHILE, at);

    mw__p_advance(p);
    n->a = mw__p_expression(p);
    mw__p_need(p, TK_DO, "'do'");
    n->body = nested_block(p, true);
    mw__p_need_match(p, TK_END, 0, "'end'", "'while'", at);
    return mw__p_finish(p, n);
}

static void check_constant(parser *p, const lua_node *target)
{
    if (target->kind == LUA_NAME && target->symbol && target->symbol->constant)
        mw__p_fail_at(p, target->at, "assignment to a constant");
}

static lua_node *statement_function(parser *p, uint32_t at)
{
    lua_node *n = mw__p_node(p, LUA_DEFINE, at), *target, *up;
    bool method = false;

    mw__p_advance(p);
    target = mw__p_name_node(p, p->t.kind == TK_NAME ? p->t.text : (mw_str){"", 0}, p->t.at);
    mw__p_need_name(p);
    while (!method && (mw__p_is_char(p, '.') || mw__p_is_char(p, ':'))) {
        method = p->t.byte == ':';
        mw__p_advance(p);
        up = mw__p_node(p, LUA_INDEX, target->at);
        up->a = mw__p_read_of(target);
        up->b = mw__p_node(p, LUA_STRING, p->t.at);
        up->b->text = mw__p_need_name(p);
        mw__p_finish(p, up->b);
        target = mw__p_finish(p, up);
    }
    n->a = target;
    n->b = mw__p_function_body(p, at, method);
    check_constant(p, target); /* after the body, as luac does */
    if (target->kind == LUA_NAME && target->symbol)
        target->symbol->writes++;
    return mw__p_finish(p, n);
}

static void attribute(parser *p, lua_symbol *s)
{
    uint32_t at = p->t.at;
    mw_str name;

    if (!mw__p_accept_char(p, '<'))
        return;
    name = mw__p_need_name(p);
    if (mw_lua_is(name, "close"))
        s->close = true;
    else if (!mw_lua_is(name, "const"))
        mw__p_fail_at(p, at + 1, "unknown attribute: expected 'const' or 'close'");
    s->constant = true;
    mw__p_need_char(p, '>');
}

static lua_node *statement_local(parser *p, uint32_t at)
{
    lua_node *n, **link;
    unsigned closed = 0, position = 0;

    mw__p_advance(p);
    if (mw__p_accept(p, TK_FUNCTION)) {
        lua_symbol *s;
        uint32_t here = p->t.at;
        mw_str name = mw__p_need_name(p);
        n = mw__p_node(p, LUA_DEFINE, at);
        s = mw__p_make_symbol(p, name, SYM_FUNCTION, here, n);
        mw__p_activate(p, s);
        n->a = mw__p_node(p, LUA_NAME, here);
        n->a->text = name;
        n->a->end = here + (uint32_t)name.len;
        n->a->symbol = s;
        n->b = mw__p_function_body(p, at, false);
        n->b->function->self_symbol = s;
        return mw__p_finish(p, n);
    }
    n = mw__p_node(p, LUA_LOCAL, at);
    link = &n->kids;
    do {
        uint32_t here = p->t.at;
        lua_symbol *s;
        mw_str name = mw__p_need_name(p);
        s = mw__p_make_symbol(p, name, SYM_LOCAL, here, n);
        s->position = position++;
        *link = mw__p_node(p, LUA_NAME, here);
        (*link)->text = name;
        (*link)->end = here + (uint32_t)name.len;
        (*link)->symbol = s;
        link = &(*link)->next;
        attribute(p, s);
        if (s->close && ++closed > 1)
            mw__p_fail_at(p, here, "more than one <close> in one local statement");
        if (position > LUA_LOCALS_MAX)
            mw__p_limit(p, "more than 200 local variables in one function");
    } while (mw__p_accept_char(p, ','));
    if (mw__p_accept_char(p, '='))
        n->more = mw__p_expression_list(p);
    for (lua_node *c = n->kids; c; c = c->next) {
        mw__p_activate(p, c->symbol);
        if (n->more && !n->more->next && !n->kids->next && n->more->kind == LUA_FUNCTION)
            n->more->function->self_symbol = c->symbol;
    }
    return mw__p_finish(p, n);
}

static lua_node *statement_return(parser *p, uint32_t at)
{
    lua_node *n = mw__p_node(p, LUA_RETURN, at);

    mw__p_advance(p);
    if (!mw__p_block_ends(p, true) && !mw__p_is_char(p, ';'))
        n->more = mw__p_expression_list(p);
    mw__p_finish(p, n);
    mw__p_accept_char(p, ';');
    n->body = p->scope->f->returns;
    p->scope->f->returns = n;
    return n;
}

static lua_node *statement_expression(parser *p, uint32_t at)
{
    lua_node *first = mw__p_suffixed(p), *last = first, *n;

    if (mw__p_is_char(p, '=') || mw__p_is_char(p, ',')) {
        n = mw__p_node(p, LUA_ASSIGN, at);
        n->kids = first;
        while (mw__p_accept_char(p, ',')) {
            last->next = mw__p_suffixed(p);
            last = last->next;
        }
        for (lua_node *c = first; c; c = c->next) {
            if (c->kind != LUA_NAME && c->kind != LUA_INDEX)
                mw__p_fail_at(p, c->at, "expected a name or a field to assign to");
            check_constant(p, c);
        }
        if (!mw__p_accept_char(p, '='))
            mw__p_expected(p, "'='");
        n->more = mw__p_expression_list(p);
        for (lua_node *c = first; c; c = c->next)
            if (c->kind == LUA_NAME && c->symbol)
                c->symbol->writes++;
        return mw__p_finish(p, n);
    }
    if (first->kind != LUA_CALL && first->kind != LUA_METHOD)
        mw__p_expected(p, "a statement: a call or an assignment");
    n = mw__p_node(p, LUA_EXPRESSION, at);
    n->a = first;
    return mw__p_finish(p, n);
}

static bool in_loop(const parser *p)
{
    for (const block *b = p->scope->block; b; b = b->up)
        if (b->loop)
            return true;
    return false;
}

/* NULL for `;`. */
static lua_node *statement(parser *p)
{
    uint32_t at = p->t.at;
    lua_node *n;

    switch (p->t.kind) {
    case TK_IF: return statement_if(p, at);
    case TK_WHILE: return statement_while(p, at);
    case TK_DO:
        n = mw__p_node(p, LUA_DO, at);
        mw__p_advance(p);
        n->body = nested_block(p, false);
        mw__p_need_match(p, TK_END, 0, "'end'", "'do'", at);
        return mw__p_finish(p, n);
    case TK_FOR: return statement_for(p, at);
    case TK_REPEAT: return statement_repeat(p, at);
    case TK_FUNCTION: return statement_function(p, at);
    case TK_LOCAL: return statement_local(p, at);
    case TK_RETURN: return statement_return(p, at);
    case TK_BREAK:
        n = mw__p_node(p, LUA_BREAK, at);
        mw__p_advance(p);
        if (!in_loop(p))
            mw__p_fail_at(p, at, "'break' outside a loop");
        return n;
    case TK_GOTO:
        n = mw__p_node(p, LUA_GOTO, at);
        mw__p_advance(p);
        n->text = mw__p_need_name(p);
        mw__p_add_goto(p, n->text, at);
        return mw__p_finish(p, n);
    case TK_DCOLON:
        n = mw__p_node(p, LUA_LABEL, at);
        mw__p_advance(p);
        n->text = mw__p_need_name(p);
        mw__p_need(p, TK_DCOLON, "'::'");
        return mw__p_finish(p, n);
    default: break;
    }
    if (mw__p_accept_char(p, ';'))
        return NULL;
    return statement_expression(p, at);
}

/* Labels are defined when what follows them is known: at the end of a block they lie outside its
 * locals. */
static void define_labels(parser *p, lua_node *labels, size_t n)
{
    lua_node *at;

    for (size_t i = n; i-- > 0;) { /* the last of a run first, as luac does */
        at = labels;
        for (size_t k = 0; k < i; k++)
            at = at->next;
        mw__p_add_label(p, at->text, at->at);
    }
}

lua_node *mw__p_parse_block(parser *p)
{
    lua_node *n = mw__p_node(p, LUA_BLOCK, p->t.at), **link = &n->kids, *run = NULL;
    size_t labels = 0;

    mw__p_enter(p);
    for (;;) {
        bool more = !mw__p_block_ends(p, true);
        lua_node *s;
        if (labels && !(more && (p->t.kind == TK_DCOLON || mw__p_is_char(p, ';')))) {
            define_labels(p, run, labels);
            labels = 0;
        }
        if (!more)
            break;
        if (!p->scope->up && !p->scope->block->up)
            p->links = 0;
        s = statement(p);
        if (!s)
            continue;
        *link = s;
        link = &s->next;
        if (s->kind == LUA_LABEL && labels++ == 0)
            run = s;
        if (labels > 1000)
            mw__p_limit(p, "more than 1000 labels in a row");
        if (s->kind == LUA_RETURN) {
            if (!mw__p_block_ends(p, true))
                mw__p_expected(p, "the end of the block: return is its last statement");
            break;
        }
    }
    p->depth--;
    return mw__p_finish(p, n);
}

/* ---- the whole file ---- */

static mw_status find_lines(lua_tree *t, mw_arena *arena, mw_error *err)
{
    size_t n = 1;

    for (size_t i = 0; i < t->len; i++)
        n += t->source[i] == '\n';
    t->lines = mw_arena_alloc(arena, n * sizeof(*t->lines));
    if (!t->lines)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a syntax tree");
    t->line_count = 1;
    for (size_t i = 0; i < t->len; i++)
        if (t->source[i] == '\n')
            t->lines[t->line_count++] = (uint32_t)i + 1;
    return MW_OK;
}

void mw_lua_position(const lua_tree *t, uint32_t at, unsigned *line, unsigned *column)
{
    size_t low = 0, high = t->line_count;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (t->lines[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    *line = (unsigned)low + 1;
    *column = at - (t->line_count ? t->lines[low] : 0) + 1;
}

/* The only place that a failure comes back to. */
static mw_status guarded(parser *p)
{
    if (setjmp(p->failed) != 0)
        return p->st;
    mw__p_advance(p);
    p->scope->f->body = nested_block(p, false);
    if (p->t.kind != TK_EOF)
        mw__p_expected(p, "the end of the file");
    return MW_OK;
}

mw_status mw_lua_parse(const char *source, size_t len, mw_arena *arena, lua_tree *out, mw_error *err)
{
    parser p = {.x = {.tree = out, .arena = arena, .err = err}};
    lua_function *f = mw_arena_alloc(arena, sizeof(*f));
    scope s = {.f = f};
    mw_status st;

    memset(out, 0, sizeof(*out));
    out->source = source;
    out->len = len;
    if (!f)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a syntax tree");
    if (len > UINT32_MAX / 2)
        return mw_fail(err, MW_ERR_LIMIT, "a script of more than 2 GiB");
    if ((st = find_lines(out, arena, err)) != MW_OK)
        return st;
    out->main = f;
    f->vararg = true;
    p.tail = &out->symbols;
    p.scope = &s;
    return guarded(&p);
}

/* ---- walking ---- */

static void walk_list(lua_node *n, bool (*visit)(void *user, lua_node *n), void *user)
{
    for (; n; n = n->next)
        mw_lua_walk(n, visit, user);
}

void mw_lua_walk(lua_node *n, bool (*visit)(void *user, lua_node *n), void *user)
{
    if (!n || !visit(user, n))
        return;
    if (n->kind == LUA_FUNCTION) {
        walk_list(n->function->params, visit, user);
        mw_lua_walk(n->function->body, visit, user);
        return;
    }
    if (n->kind == LUA_REPEAT)
        mw_lua_walk(n->body, visit, user);
    mw_lua_walk(n->a, visit, user);
    if (n->kind != LUA_METHOD)
        mw_lua_walk(n->b, visit, user);
    walk_list(n->kids, visit, user);
    walk_list(n->more, visit, user);
    if (n->kind != LUA_REPEAT && n->kind != LUA_CALL && n->kind != LUA_RETURN)
        mw_lua_walk(n->body, visit, user);
}
