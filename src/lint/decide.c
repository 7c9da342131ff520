/*
 * From a message back to the line that made it. A format's placeholders match anything; only one
 * call that fits is an answer. Relies on the tree alone.
 */
#include "lint/decide.h"

#include "base/mem.h"
#include "lint/internal.h"

typedef struct search {
    const lua_tree *tree;
    mw_arena *arena;
    const char *verdict, *message;
    const lua_node *around[64]; /* clauses that are open */
    size_t depth;
    size_t found;
    mw_decided at;
} search;

/* "%s is %d" as a glob; NULL when out of memory. Stars of the message itself match themselves. */
static const char *glob_of(search *s, mw_str format)
{
    MW_AUTO(mw_buf) out = {.max = 1 << 16};

    for (size_t i = 0; i < format.len; i++) {
        char c = format.data[i];
        if (c != '%') {
            mw_buf_putc(&out, c == '*' ? '?' : c);
            continue;
        }
        i++;
        while (i < format.len && strchr("-+ #0123456789.", format.data[i]))
            i++;
        mw_buf_putc(&out, i < format.len && format.data[i] == '%' ? '%' : '*');
    }
    return out.failed == MW_OK ? mw_arena_strndup(s->arena, out.data ? out.data : "", out.len) : NULL;
}

/* The literal format of a verdict's message; data NULL: it is made another way and may be anything.
 */
static mw_str format_of(const lua_node *argument)
{
    const lua_node *n = mw_lua_bare(argument);
    mw_str text = {NULL, 0};

    if (n && n->kind == LUA_TABLE)
        n = mw_lua_bare(mw__lint_field(n, "message"));
    if (n && n->kind == LUA_METHOD && mw_lua_is(n->text, "format"))
        n = mw_lua_bare(n->a);
    if (n && n->kind == LUA_STRING)
        text = n->text;
    return text;
}

static void consider(search *s, const lua_node *call)
{
    mw_str format = format_of(call->kids);
    const lua_node *from = call;
    const char *glob;
    unsigned column;

    if (format.data) {
        glob = glob_of(s, format);
        if (!glob || !mw_glob_match(glob, s->message ? s->message : ""))
            return;
    } else if (call->kids && !s->message) {
        return;
    }
    s->found++;
    if (s->depth > 0)
        from = s->around[s->depth - 1];
    mw_lua_position(s->tree, from->at, &s->at.first, &column);
    mw_lua_position(s->tree, call->end, &s->at.last, &column);
    if (s->at.last - s->at.first > 8)
        mw_lua_position(s->tree, call->at, &s->at.first, &column);
}

static bool visit(void *user, lua_node *n)
{
    search *s = user;

    if (n->kind == LUA_CLAUSE && s->depth < MW_COUNT(s->around)) {
        s->around[s->depth++] = n;
        mw_lua_walk(n->a, visit, s);
        mw_lua_walk(n->body, visit, s);
        s->depth--;
        return false;
    }
    if (n->kind == LUA_CALL && mw_lua_global(n->a, s->verdict))
        consider(s, n);
    return true;
}

mw_status mw_lint_decided(const char *source, size_t len, const char *verdict, const char *message, mw_decided *out,
                          mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    lua_tree tree;
    search s = {.tree = &tree, .arena = &arena, .verdict = verdict, .message = message};
    mw_status st = mw_lua_parse(source, len, &arena, &tree, err);

    *out = (mw_decided){0, 0};
    if (st != MW_OK)
        return st;
    mw_lua_walk(tree.main->body, visit, &s);
    if (s.found == 1)
        *out = s.at;
    return MW_OK;
}

/* ---- fixtures ---- */

mw_status mw_lint_fixtures(const char *source, size_t len, mw_arena *arena, mw_fixture_name **out, size_t *count,
                           mw_error *err)
{
    MW_AUTO(mw_arena) own = {0};
    const lua_node *list;
    lua_tree tree;
    size_t n = 0;
    mw_status st = mw_lua_parse(source, len, &own, &tree, err);

    *out = NULL;
    *count = 0;
    if (st != MW_OK)
        return st;
    list = tree.main->returns ? mw_lua_bare(tree.main->returns->more) : NULL;
    if (!list || list->kind != LUA_TABLE)
        return MW_OK;
    for (const lua_node *c = list->kids; c; c = c->next)
        n++;
    *out = mw_arena_alloc(arena, (n + 1) * sizeof(**out));
    if (!*out)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for fixtures");
    for (const lua_node *c = list->kids; c; c = c->next) {
        const lua_node *t = mw_lua_bare(c->b);
        mw_str name = {"", 0}, expect = {"", 0};
        mw_fixture_name *f = &(*out)[*count];
        if (t->kind != LUA_TABLE)
            continue;
        mw__lint_text(mw__lint_field(t, "name"), &name);
        mw__lint_text(mw__lint_field(t, "expect"), &expect);
        f->name = mw_arena_strndup(arena, name.data, name.len);
        f->expect = mw_arena_strndup(arena, expect.data, expect.len);
        if (!f->name || !f->expect)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory for fixtures");
        (*count)++;
    }
    return MW_OK;
}
