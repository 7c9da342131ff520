/*
 * table, math and utf8. The table functions use raw access only, refuse read-only tables and bound
 * every loop, so that no call runs for long inside C (evidence/lua-sandbox.md, rows 10 to 13, 21, 22, 26).
 */
#include "lua/internal.h"

#define ELEMENTS_MAX 100000
#define UNPACK_MAX   250
#define POLL_EVERY   1024

MW_LJMP static lua_Integer own_table(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TTABLE);
    if (lua_getmetatable(L, index))
        luaL_error(L, "this table is read-only");
    return (lua_Integer)lua_rawlen(L, index);
}

/* A list to read: a table, a frozen one or a proxy. Replaces @p index by what is read raw. */
MW_LJMP static lua_Integer readable(lua_State *L, int index)
{
    mw_proxy *p = mw__to_proxy(L, index);

    if (p)
        return (lua_Integer)mw__proxy_len(L, p);
    luaL_checktype(L, index, LUA_TTABLE);
    if (mw__unfreeze(L, index))
        lua_replace(L, index);
    return (lua_Integer)lua_rawlen(L, index);
}

MW_LJMP static int table_insert(lua_State *L)
{
    lua_Integer n = own_table(L, 1), pos;

    if (lua_gettop(L) == 2) {
        lua_rawseti(L, 1, n + 1);
        return 0;
    }
    if (lua_gettop(L) != 3)
        return luaL_error(L, "wrong number of arguments to 'insert'");
    pos = luaL_checkinteger(L, 2);
    luaL_argcheck(L, pos >= 1 && pos <= n + 1, 2, "position out of bounds");
    for (lua_Integer i = n; i >= pos; i--) {
        lua_rawgeti(L, 1, i);
        lua_rawseti(L, 1, i + 1);
        if (i % POLL_EVERY == 0)
            mw__poll(L);
    }
    lua_rawseti(L, 1, pos);
    return 0;
}

MW_LJMP static int table_remove(lua_State *L)
{
    lua_Integer n = own_table(L, 1), pos = luaL_optinteger(L, 2, n);

    if (!lua_isnoneornil(L, 2))
        luaL_argcheck(L, (n == 0 && pos == 0) || (pos >= 1 && pos <= n + 1), 2, "position out of bounds");
    lua_rawgeti(L, 1, pos);
    for (lua_Integer i = pos; i < n; i++) {
        lua_rawgeti(L, 1, i + 1);
        lua_rawseti(L, 1, i);
        if (i % POLL_EVERY == 0)
            mw__poll(L);
    }
    if (pos >= 1 && pos <= n) {
        lua_pushnil(L);
        lua_rawseti(L, 1, n);
    }
    return 1;
}

MW_LJMP static int table_concat(lua_State *L)
{
    size_t sep_len, total = 0;
    const char *sep = luaL_optlstring(L, 2, "", &sep_len);
    lua_Integer n, from, to;
    luaL_Buffer b;

    luaL_checkany(L, 1);
    lua_settop(L, 4);
    n = readable(L, 1);
    from = luaL_optinteger(L, 3, 1);
    to = luaL_optinteger(L, 4, n);
    luaL_argcheck(L, from >= 1 || from > to, 3, "out of bounds");
    luaL_argcheck(L, to <= n || from > to, 4, "out of bounds");
    luaL_argcheck(L, from > to || to - from < ELEMENTS_MAX, 1, "too many elements to concatenate");
    luaL_buffinit(L, &b);
    for (lua_Integer i = from; i <= to; i++) {
        size_t len;
        if (lua_geti(L, 1, i) != LUA_TSTRING && !lua_isnumber(L, -1))
            return luaL_error(L, "element %d is a %s, not a string or number", (int)i, luaL_typename(L, -1));
        lua_tolstring(L, -1, &len);
        total += len + sep_len;
        if (total > MW_VM_STRING_MAX)
            return luaL_error(L, "the concatenation is longer than %d bytes", (int)MW_VM_STRING_MAX);
        luaL_addvalue(&b);
        if (i != to)
            luaL_addlstring(&b, sep, sep_len);
        if (i % POLL_EVERY == 0)
            mw__poll(L);
    }
    luaL_pushresult(&b);
    return 1;
}

MW_LJMP static int table_unpack(lua_State *L)
{
    lua_Integer n, from, to;

    luaL_checkany(L, 1);
    lua_settop(L, 3);
    n = readable(L, 1);
    from = luaL_optinteger(L, 2, 1);
    to = luaL_optinteger(L, 3, n);
    if (from > to)
        return 0;
    if ((lua_Unsigned)to - (lua_Unsigned)from >= UNPACK_MAX)
        return luaL_error(L, "too many results to unpack (at most %d)", UNPACK_MAX);
    luaL_checkstack(L, UNPACK_MAX + 1, "unpack");
    for (lua_Integer i = from; i < to; i++)
        lua_geti(L, 1, i);
    lua_geti(L, 1, to);
    return (int)(to - from + 1);
}

/* a < b by the comparator at 2 or by Lua's own order. */
MW_LJMP static bool less(lua_State *L, int a, int b)
{
    bool result;

    if (lua_isnil(L, 2))
        return lua_compare(L, a, b, LUA_OPLT);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a);
    lua_pushvalue(L, b);
    lua_call(L, 2, 1);
    result = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return result;
}

/* Merge sort between two Lua arrays: ends for any comparator, however inconsistent, and is stable. */
MW_LJMP static int table_sort(lua_State *L)
{
    lua_Integer n = own_table(L, 1);
    int from = 1, to = 3;

    luaL_argcheck(L, n <= ELEMENTS_MAX, 1, "too many elements to sort");
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_createtable(L, (int)n, 0);
    for (lua_Integer width = 1; width < n; width *= 2) {
        int swap = from;
        for (lua_Integer start = 1; start <= n; start += 2 * width) {
            lua_Integer i = start, mid = start + width <= n ? start + width : n + 1, j = mid;
            lua_Integer end = start + 2 * width <= n ? start + 2 * width : n + 1;
            for (lua_Integer k = start; k < end; k++) {
                bool left = i < mid;
                mw__poll(L); /* comparing two long texts takes a while */
                if (left && j < end) {
                    lua_rawgeti(L, from, i);
                    lua_rawgeti(L, from, j);
                    left = !less(L, 5, 4);
                    lua_settop(L, 3);
                }
                lua_rawgeti(L, from, left ? i++ : j++);
                lua_rawseti(L, to, k);
            }
        }
        from = to;
        to = swap;
    }
    if (from != 1)
        for (lua_Integer i = 1; i <= n; i++) {
            lua_rawgeti(L, from, i);
            lua_rawseti(L, 1, i);
        }
    return 0;
}

MW_LJMP void mw__open_table(lua_State *L)
{
    static const luaL_Reg own[] = {{"insert", table_insert}, {"remove", table_remove}, {"concat", table_concat},
                                   {"unpack", table_unpack}, {"sort", table_sort},     {NULL, NULL}};

    luaL_newlib(L, own);
}

MW_LJMP void mw__open_math(lua_State *L)
{
    static const char *const stock[] = {"abs",  "ceil", "cos",  "deg",        "exp", "floor",      "fmod",
                                        "huge", "log",  "max",  "maxinteger", "min", "mininteger", "modf",
                                        "pi",   "rad",  "sin",  "sqrt",       "tan", "tointeger",  "type",
                                        "ult",  "acos", "asin", "atan"};

    lua_newtable(L);
    lua_pushcfunction(L, luaopen_math);
    lua_call(L, 0, 1);
    for (size_t i = 0; i < MW_COUNT(stock); i++) {
        lua_getfield(L, -1, stock[i]);
        lua_setfield(L, -3, stock[i]);
    }
    lua_pop(L, 1);
}

MW_LJMP void mw__open_utf8(lua_State *L)
{
    static const char *const stock[] = {"char", "charpattern", "codepoint", "codes", "len", "offset"};

    lua_newtable(L);
    lua_pushcfunction(L, luaopen_utf8);
    lua_call(L, 0, 1);
    for (size_t i = 0; i < MW_COUNT(stock); i++) {
        lua_getfield(L, -1, stock[i]);
        lua_setfield(L, -3, stock[i]);
    }
    lua_pop(L, 1);
}
