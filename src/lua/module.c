/*
 * require() of our own modules. A module is Lua text embedded at build time, run once per VM in an
 * environment of its own, then frozen: what one rule does to it cannot reach the next. A module that fails to load, as
 * it may when it is asked for where the stack ends, leaves no trace.
 */
#include "lua/internal.h"

#include <string.h>

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

/* Arguments: the module as light userdata. Gives its frozen table. */
MW_LJMP static int load_module(lua_State *L)
{
    const mw_lua_module *module = lua_touserdata(L, 1);

    mw__push_env(L, open_extras);
    lua_pushfstring(L, "@%s.lua", module->name);
    if (luaL_loadbufferx(L, (const char *)module->source, module->len, lua_tostring(L, 3), "t") != LUA_OK)
        return lua_error(L);
    lua_pushvalue(L, 2);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        return luaL_error(L, "module '%s' does not return a table", module->name);
    mw__seal_env(L, 2);
    mw__freeze(L);
    return 1;
}

MW_LJMP int mw__require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const mw_lua_module *module;
    int status;

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
    lua_pushcfunction(L, load_module);
    lua_pushlightuserdata(L, (void *)(uintptr_t)module);
    status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_OK)
        lua_pushvalue(L, 3);
    else
        lua_pushnil(L);
    lua_setfield(L, 2, name); /* the member is there: this cannot fail */
    return status == LUA_OK ? 1 : mw__raise_again(L, status);
}
