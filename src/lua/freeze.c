/*
 * Nothing that a script makes while it loads can change afterwards: what one evaluation left behind would decide
 * the next, and findings would depend on the order of resources and the number of workers. Freezing walks all that a
 * value leads to. A table's members move behind it and its metatable reads through; a function that assigns a local
 * outside itself is refused, and so is an iterator, which counts. Scripts cannot set metatables, so a table that has
 * one is ours or frozen. The functions that use raw access ask mw__unfreeze().
 */
#include "lua/internal.h"

static const char frozen_mark = 0; /* its address marks metatables of frozen tables */

MW_LJMP static int refuse_write(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TSTRING)
        return luaL_error(L, "'%s' cannot be set: the table is read-only", lua_tostring(L, 2));
    return luaL_error(L, "the table is read-only");
}

MW_LJMP static int frozen_len(lua_State *L)
{
    lua_pushinteger(L, mw__unfreeze(L, 1) ? (lua_Integer)lua_rawlen(L, -1) : 0);
    return 1;
}

bool mw__unfreeze(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (!lua_istable(L, index) || !lua_getmetatable(L, index))
        return false;
    if (lua_rawgetp(L, -1, &frozen_mark) == LUA_TNIL) {
        lua_pop(L, 2);
        return false;
    }
    lua_remove(L, -2);
    return true;
}

/* ---- the walk ---- */

/* What is left to look at, as a Lua array, and what was met. Stack indexes. */
typedef struct walk {
    int queue, met;
    lua_Integer left;
    unsigned polls;
} walk;

/* Take note of the value on top, which is popped. */
MW_LJMP static void enqueue(lua_State *L, walk *w)
{
    int type = lua_type(L, -1);

    if (type != LUA_TTABLE && type != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return;
    }
    lua_pushvalue(L, -1);
    if (lua_rawget(L, w->met) != LUA_TNIL) {
        lua_pop(L, 2);
        return;
    }
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_pushboolean(L, 1);
    lua_rawset(L, w->met);
    lua_rawseti(L, w->queue, ++w->left);
}

/* Members of the table on top: into the queue, and into the table at @p into unless that is 0. */
MW_LJMP static void each_member(lua_State *L, walk *w, int into)
{
    int table = lua_gettop(L);

    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (into) {
            lua_pushvalue(L, -2);
            lua_pushvalue(L, -2);
            lua_rawset(L, into);
        }
        enqueue(L, w);
        lua_pushvalue(L, -1);
        enqueue(L, w);
        if (++w->polls % 1024 == 0)
            mw__poll(L);
    }
}

MW_LJMP static void freeze_table(lua_State *L, walk *w)
{
    int table = lua_gettop(L), members = table + 1;

    if (lua_getmetatable(L, table)) {
        lua_pop(L, 1);
        return;
    }
    lua_newtable(L);
    lua_pushvalue(L, table);
    each_member(L, w, members);
    lua_pushnil(L);
    while (lua_next(L, table)) { /* clearing while traversing is allowed */
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, table);
    }
    lua_settop(L, members);
    lua_createtable(L, 0, 5);
    lua_pushvalue(L, members);
    lua_rawsetp(L, -2, &frozen_mark);
    lua_pushvalue(L, members);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, frozen_len);
    lua_setfield(L, -2, "__len");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, table);
    lua_settop(L, table);
}

MW_LJMP static void examine_function(lua_State *L, walk *w)
{
    int function = lua_gettop(L);
    mw_upvalues assigned = {{0}};
    const char *name;

    if (!lua_getupvalue(L, function, 1))
        return;
    lua_pop(L, 1);
    if (lua_iscfunction(L, function)) {
        if (lua_tocfunction(L, function) != mw__make_verdict && lua_tocfunction(L, function) != mw__make_pass)
            luaL_error(L, "an iterator made while the file loads would go on from one evaluation to the next; "
                          "make it inside check");
        return;
    }
    mw__assigned(L, function, &assigned);
    for (int i = 1; (name = lua_getupvalue(L, function, i)) != NULL; i++) {
        if (mw__upvalue_is(&assigned, (size_t)i - 1)) {
            lua_Debug ar;
            lua_pushvalue(L, function);
            lua_getinfo(L, ">S", &ar);
            luaL_error(L,
                       "%s:%d: this function assigns '%s', a local outside it, whose value would outlive the "
                       "evaluation; keep it in a local of check",
                       ar.short_src, ar.linedefined, name);
        }
        enqueue(L, w);
    }
}

MW_LJMP static void begin_walk(lua_State *L, walk *w)
{
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_newtable(L);
    w->queue = lua_gettop(L);
    lua_newtable(L);
    w->met = lua_gettop(L);
    w->left = 0;
    w->polls = 0;
}

/* Until the queue is empty; then it is taken from the stack. */
MW_LJMP static void walk_all(lua_State *L, walk *w)
{
    while (w->left > 0) {
        lua_rawgeti(L, w->queue, w->left);
        lua_pushnil(L);
        lua_rawseti(L, w->queue, w->left--);
        if (lua_istable(L, -1))
            freeze_table(L, w);
        else
            examine_function(L, w);
        lua_settop(L, w->met);
        mw__poll(L);
    }
    lua_settop(L, w->queue - 1);
}

MW_LJMP void mw__freeze(lua_State *L)
{
    walk w;

    begin_walk(L, &w);
    lua_pushvalue(L, w.queue - 1);
    enqueue(L, &w);
    walk_all(L, &w);
}

MW_LJMP void mw__freeze_members(lua_State *L)
{
    walk w;

    begin_walk(L, &w);
    lua_pushvalue(L, w.queue - 1);
    each_member(L, &w, 0);
    lua_settop(L, w.met);
    walk_all(L, &w);
}

MW_LJMP void mw__open_freezing(lua_State *L)
{
    static const char probe[] = "local a, b, c = 1 return function() local d = a, c return function() b = d end end";
    mw_upvalues assigned = {{0}};
    const char *name;

    if (luaL_loadbufferx(L, probe, sizeof(probe) - 1, "=probe", "t") != LUA_OK)
        lua_error(L);
    lua_call(L, 0, 1);
    mw__assigned(L, -1, &assigned);
    for (int i = 1; (name = lua_getupvalue(L, -1, i)) != NULL; i++) {
        lua_pop(L, 1);
        if (mw__upvalue_is(&assigned, (size_t)i - 1) != (*name == 'b'))
            luaL_error(L, "this Lua's functions cannot be examined");
    }
    lua_pop(L, 1);
}
