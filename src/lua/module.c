/*
 * require() of our own modules, and read-only views. A module is Lua text embedded at build time,
 * run once per VM in an environment of its own, then frozen: what one rule does to it cannot
 * reach the next. A frozen table is an empty one whose metatable reads through; the functions that
 * use raw access ask mw__unfreeze().
 */
#include "lua/internal.h"

#include <string.h>

static const char frozen_mark = 0; /* its address marks metatables of frozen views */

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

/* Freeze the table on top; `seen` maps tables to their views, so cycles end. */
MW_LJMP static void freeze_into(lua_State *L, int seen)
{
    int table = lua_gettop(L), view;

    luaL_checkstack(L, 12, "module tables are nested too deeply");
    lua_pushvalue(L, table);
    if (lua_rawget(L, seen) != LUA_TNIL) {
        lua_replace(L, table);
        return;
    }
    lua_pop(L, 1);
    if (lua_getmetatable(L, table)) { /* frozen already */
        lua_pop(L, 1);
        return;
    }
    lua_newtable(L);
    view = lua_gettop(L);
    lua_pushvalue(L, table);
    lua_pushvalue(L, view);
    lua_rawset(L, seen);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (!lua_istable(L, -1)) {
            lua_pop(L, 1);
            continue;
        }
        freeze_into(L, seen);
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, table); /* an existing member: traversal stays valid */
    }
    lua_createtable(L, 0, 5);
    lua_pushvalue(L, table);
    lua_rawsetp(L, -2, &frozen_mark);
    lua_pushvalue(L, table);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, frozen_len);
    lua_setfield(L, -2, "__len");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, view);
    lua_replace(L, table);
}

MW_LJMP void mw__freeze(lua_State *L)
{
    int table = lua_gettop(L);

    lua_newtable(L);
    lua_insert(L, table);
    freeze_into(L, table);
    lua_remove(L, table);
}

static const mw_lua_module *find_module(const char *name)
{
    for (size_t i = 0; i < mw__lua_module_count; i++)
        if (strcmp(mw__lua_modules[i].name, name) == 0)
            return &mw__lua_modules[i];
    return NULL;
}

/* What a module sees beside the base functions: the verdicts, and `native`. */
MW_LJMP static void open_extras(lua_State *L)
{
    mw__open_verdicts(L);
    mw__open_native(L);
    lua_setfield(L, -2, "native");
}

MW_LJMP int mw__require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const mw_lua_module *module;

    lua_settop(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, mw__vm(L)->modules_ref);
    if (lua_getfield(L, 2, name) != LUA_TNIL) {
        if (!lua_toboolean(L, -1))
            return luaL_error(L, "module '%s' requires itself", name);
        return 1;
    }
    module = find_module(name);
    if (!module) {
        luaL_Buffer b;
        luaL_buffinit(L, &b);
        for (size_t i = 0; i < mw__lua_module_count; i++) {
            luaL_addstring(&b, i ? ", " : "");
            luaL_addstring(&b, mw__lua_modules[i].name);
        }
        luaL_pushresult(&b);
        return luaL_error(L, "there is no module '%s'; there are: %s", name, lua_tostring(L, -1));
    }
    lua_pushboolean(L, 0);
    lua_setfield(L, 2, name);
    lua_settop(L, 2);
    mw__push_env(L, open_extras);
    lua_pushfstring(L, "@%s.lua", name);
    if (luaL_loadbufferx(L, (const char *)module->source, module->len, lua_tostring(L, 4), "t") != LUA_OK)
        return lua_error(L);
    lua_pushvalue(L, 3);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        return luaL_error(L, "module '%s' does not return a table", name);
    mw__seal_env(L, 3);
    mw__freeze(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
    return 1;
}
