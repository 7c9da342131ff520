/*
 * Instrumented text against Lua's own compiler: what Lua takes stays Lua with marks in it, unless a ceiling was
 * met; what Lua refuses may be refused or not. Nothing is run.
 */
#include "lua/instrument.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    MW_AUTO(mw_arena) arena = {0};
    MW_AUTO(mw_buf) out = {.max = 1 << 20};
    const char *text = (const char *)data;
    mw_marks marks;
    mw_status st;

    if (size > 4096)
        return 0;
    if (!L && !(L = luaL_newstate()))
        abort();
    st = mw_instrument(text, size, &arena, &marks, &out, NULL);
    /* Marks may take a text over one of Lua's own ceilings. */
    if (st == MW_OK && luaL_loadbufferx(L, text, size, "x", "t") == LUA_OK &&
        luaL_loadbufferx(L, out.data ? out.data : "", out.len, "x", "t") == LUA_ERRSYNTAX &&
        !strstr(lua_tostring(L, -1), "limit") && !strstr(lua_tostring(L, -1), "overflow") &&
        !strstr(lua_tostring(L, -1), "too"))
        abort();
    lua_settop(L, 0);
    (void)mw_source_line_of(text, size, "name", "x");
    return 0;
}
