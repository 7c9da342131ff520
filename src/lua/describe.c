/*
 * The world of scripts, read from the VM itself, so that what editors are told cannot drift from what there is.
 * Signatures of our modules' functions come from their sources, at the line where Lua says that each begins. Runs no
 * script but our own modules.
 */
#include "lua/describe.h"

#include "lua/audit.h"
#include "lua/internal.h"

#include <string.h>

#define COMMENT_MAX ((size_t)8 << 10)

const char *mw_lua_meta_at(size_t i, mw_str *text)
{
    if (i >= mw__lua_meta_count)
        return NULL;
    *text = (mw_str){(const char *)mw__lua_metas[i].source, mw__lua_metas[i].len};
    return mw__lua_metas[i].name;
}

/* ---- sources ---- */

static const mw_lua_module *module_of(const char *source)
{
    size_t len = source[0] == '@' ? strcspn(source + 1, ".") : 0;

    for (size_t i = 0; len > 0 && i < mw__lua_module_count; i++)
        if (strlen(mw__lua_modules[i].name) == len && strncmp(mw__lua_modules[i].name, source + 1, len) == 0)
            return &mw__lua_modules[i];
    return NULL;
}

/* Line @p number, from 1. */
static mw_str line_of(const mw_lua_module *m, int number)
{
    const char *at = (const char *)m->source, *end = at + m->len, *stop;

    while (at && --number > 0) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return (mw_str){"", 0};
    stop = memchr(at, '\n', (size_t)(end - at));
    return (mw_str){at, (size_t)((stop ? stop : end) - at)};
}

static bool is_comment(mw_str line)
{
    return line.len >= 2 && line.data[0] == '-' && line.data[1] == '-';
}

static void add_comment_line(mw_buf *out, mw_str line)
{
    while (line.len > 0 && line.data[0] == '-') {
        line.data++;
        line.len--;
    }
    if (line.len > 0 && line.data[0] == ' ') {
        line.data++;
        line.len--;
    }
    if (out->len > 0)
        mw_buf_putc(out, '\n');
    mw_buf_add(out, line.data, line.len, NULL);
}

/* The block of comments that ends above a line, if it begins with three dashes. */
static void comment_above(const mw_lua_module *m, int number, mw_buf *out)
{
    int first = number;

    while (first > 1 && is_comment(line_of(m, first - 1)))
        first--;
    if (first == number || line_of(m, first).len < 3 || line_of(m, first).data[2] != '-')
        return;
    for (int i = first; i < number; i++)
        add_comment_line(out, line_of(m, i));
}

/* `function net.parse(text)`, `parse = function(text)`: what stands between the first parentheses behind the word. */
static mw_str params_of(const mw_lua_module *m, int number)
{
    mw_str line = line_of(m, number);
    const char *word = memmem(line.data, line.len, "function", 8), *open, *close;

    if (!word)
        return (mw_str){"...", 3};
    open = memchr(word, '(', line.len - (size_t)(word - line.data));
    close = open ? memchr(open, ')', line.len - (size_t)(open - line.data)) : NULL;
    return close ? (mw_str){open + 1, (size_t)(close - open - 1)} : (mw_str){"...", 3};
}

/* ---- modules ---- */

struct describing {
    mw_doc_builder *b;
    mw_buf text; /* a comment under way; owned here because a Lua error may leave the function that fills it */
};

static void member_text(mw_doc_builder *b, const char *key, mw_str s)
{
    mw_doc_ckey(b, key);
    mw_doc_add_str(b, s.data ? s.data : "", s.len);
}

/* The value on top, by the name below it. [-0, +0, v] */
MW_LJMP static void describe_member(lua_State *L, struct describing *d)
{
    const mw_lua_module *m = NULL;
    lua_Debug ar = {0};

    mw_doc_ckey(d->b, lua_tostring(L, -2));
    mw_doc_begin_object(d->b);
    mw_doc_member_str(d->b, "kind", luaL_typename(L, -1));
    mw_buf_reset(&d->text);
    if (lua_isfunction(L, -1)) {
        lua_pushvalue(L, -1);
        lua_getinfo(L, ">S", &ar);
        m = ar.source ? module_of(ar.source) : NULL;
        member_text(d->b, "params", m ? params_of(m, ar.linedefined) : MW_STR("..."));
        if (m)
            comment_above(m, ar.linedefined, &d->text);
    }
    member_text(d->b, "comment", (mw_str){d->text.data, d->text.len});
    mw_doc_end_object(d->b);
}

/* Is it a part of another module: policy_document of policy? */
static bool is_part(const char *name)
{
    for (size_t i = 0; i < mw__lua_module_count; i++) {
        size_t len = strlen(mw__lua_modules[i].name);
        if (strncmp(name, mw__lua_modules[i].name, len) == 0 && name[len] == '_')
            return true;
    }
    return false;
}

MW_LJMP static int modules_protected(lua_State *L)
{
    struct describing *d = lua_touserdata(L, 1);

    luaL_checkstack(L, LUA_MINSTACK, NULL);
    for (size_t i = 0; i < mw__lua_module_count; i++) {
        const mw_lua_module *m = &mw__lua_modules[i];
        int last = 1;
        if (is_part(m->name))
            continue;
        mw_doc_ckey(d->b, m->name);
        mw_doc_begin_object(d->b);
        while (is_comment(line_of(m, last)))
            last++;
        mw_buf_reset(&d->text);
        comment_above(m, last, &d->text);
        member_text(d->b, "comment", (mw_str){d->text.data, d->text.len});
        mw_doc_ckey(d->b, "members");
        mw_doc_begin_object(d->b);
        lua_pushcfunction(L, mw__require);
        lua_pushstring(L, m->name);
        lua_call(L, 1, 1);
        if (mw__unfreeze(L, -1))
            for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
                if (lua_type(L, -2) == LUA_TSTRING)
                    describe_member(L, d);
        mw_doc_end_object(d->b);
        mw_doc_end_object(d->b);
        lua_settop(L, 1);
    }
    return 0;
}

mw_status mw_vm_describe_modules(mw_vm *vm, mw_doc_builder *b, mw_error *err)
{
    struct describing d = {.b = b, .text = {.max = COMMENT_MAX}};
    mw_status st;

    mw_doc_begin_object(b);
    st = mw__vm_run(vm, modules_protected, &d, 10 * MW_VM_LOAD_MS, err);
    mw_buf_clear(&d.text);
    if (st != MW_OK)
        return st;
    mw_doc_end_object(b);
    return mw_doc_builder_status(b, err);
}

/* ---- names ---- */

static void add_name(mw_doc_builder *b, const char *before, const char *name)
{
    MW_AUTO(mw_buf) text = {.max = 1024};

    mw_buf_printf(&text, "%s%s", before, name);
    if (text.failed == MW_OK)
        mw_doc_member_bool(b, text.data, true);
}

/* Replace the table on top by the one whose members scripts see through it. [-1, +1, m] */
MW_LJMP static void look_through(lua_State *L)
{
    if (mw__unfreeze(L, -1)) {
        lua_remove(L, -2);
    } else if (lua_getmetatable(L, -1)) { /* aws: an index function over a table */
        lua_getfield(L, -1, "__index");
        if (lua_isfunction(L, -1) && lua_getupvalue(L, -1, 1) && lua_istable(L, -1))
            lua_replace(L, -4);
        lua_settop(L, lua_gettop(L) - 2);
    }
}

/* Names of the table on top, and of the tables in it when @p deep. [-1, +0, m] */
MW_LJMP static void add_names(lua_State *L, mw_doc_builder *b, const char *before, bool deep)
{
    int table;

    luaL_checkstack(L, 12, NULL);
    look_through(L);
    table = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            const char *name = lua_tostring(L, -2);
            add_name(b, before, name);
            if (deep && lua_istable(L, -1)) {
                lua_pushfstring(L, "%s.", name);
                lua_pushvalue(L, -2);
                add_names(L, b, lua_tostring(L, -2), false);
                lua_pop(L, 1);
            }
        }
        lua_pop(L, 1);
    }
    lua_settop(L, table - 1);
}

MW_LJMP static int names_protected(lua_State *L)
{
    static const mw_vm_audit audit = {.account = "", .region = "", .partition = ""};
    mw_doc_builder *b = lua_touserdata(L, 1);
    mw_vm *vm = mw__vm(L);

    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->base_ref);
    add_names(L, b, "", true);
    mw__open_verdicts(L);
    add_names(L, b, "", true);
    mw__open_fixtures(L);
    add_names(L, b, "", true);
    vm->audit = &audit;
    mw__open_audit(L);
    add_names(L, b, "", true);
    mw__push_inventory(L);
    add_names(L, b, "inventory.", false);
    for (size_t i = 0; mw__ctx_member_at(i); i++)
        add_name(b, "ctx.", mw__ctx_member_at(i));
    for (size_t i = 0; mw__method_at(i); i++)
        add_name(b, ":", mw__method_at(i));
    return 0;
}

mw_status mw_vm_describe_names(mw_vm *vm, mw_doc_builder *b, mw_error *err)
{
    mw_status st;

    mw_doc_begin_object(b);
    st = mw__vm_run(vm, names_protected, b, MW_VM_LOAD_MS, err);
    vm->audit = NULL;
    if (st != MW_OK)
        return st;
    mw_doc_end_object(b);
    return mw_doc_builder_status(b, err);
}
