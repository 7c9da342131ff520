/*
 * The base functions that scripts see: pcall that cannot catch a deadline, memory or unknown error;
 * pairs and next in a fixed order; tostring without addresses; type that calls proxies tables; try.
 * Everything else of Lua's base library stays out.
 */
#include "lua/internal.h"

#include <string.h>

/* ---- errors ---- */

/* After a failed lua_pcall: what must not be caught goes on. */
MW_LJMP static void pass_on(lua_State *L, int status)
{
    mw_vm *vm = mw__vm(L);

    if (status == LUA_ERRMEM)
        vm->oom = true;
    if (!vm->oom && !vm->spoiled)
        mw__poll(L); /* it passed within: not that error is what ended the evaluation */
    if (vm->expired || vm->oom || vm->spoiled)
        lua_error(L);
}

MW_LJMP int mw__raise_again(lua_State *L, int status)
{
    pass_on(L, status);
    return lua_error(L);
}

MW_LJMP static int base_pcall(lua_State *L)
{
    int status;

    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
    if (status == LUA_OK)
        return lua_gettop(L);
    pass_on(L, status);
    if (mw__vm(L)->unknown_pending)
        return lua_error(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* try(f): what f returns, or nil and the cause when it read something unknown. */
MW_LJMP static int base_try(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    mw_val unknown;
    int status;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (vm->unknown_pending)
        return lua_error(L);
    lua_settop(L, 1);
    status = lua_pcall(L, 0, LUA_MULTRET, 0);
    if (status == LUA_OK)
        return lua_gettop(L);
    pass_on(L, status);
    if (!vm->unknown_pending)
        return lua_error(L);
    unknown = vm->unknown;
    vm->unknown_pending = false;
    lua_settop(L, 0);
    lua_pushnil(L);
    lua_createtable(L, 0, 3);
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"operation", "code", "message"};
        const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
        mw_val cause = vm->unknown_is_scope ? mw_val_get(d, unknown, "cause") : mw_val_cause(d, unknown);
        const char *text = mw_val_get_str(d, cause, names[i], NULL);
        if (text) {
            lua_pushstring(L, text);
            lua_setfield(L, -2, names[i]);
        }
    }
    return 2;
}

/* ---- text ---- */

MW_LJMP const char *mw__tostring(lua_State *L, int index, size_t *len)
{
    mw_proxy *p;

    index = lua_absindex(L, index);
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNONE: lua_pushliteral(L, "nil"); break;
    case LUA_TBOOLEAN: lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false"); break;
    case LUA_TNUMBER:
    case LUA_TSTRING:
        lua_pushvalue(L, index);
        lua_tostring(L, -1);
        break;
    default:
        p = mw__to_proxy(L, index);
        if (p)
            mw__proxy_text(L, p);
        else
            lua_pushstring(L, lua_type(L, index) == LUA_TUSERDATA ? "verdict" : luaL_typename(L, index));
    }
    return lua_tolstring(L, -1, len);
}

MW_LJMP static int base_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    mw__tostring(L, 1, NULL);
    return 1;
}

MW_LJMP static int base_type(lua_State *L)
{
    luaL_checkany(L, 1);
    if (mw__to_proxy(L, 1))
        lua_pushliteral(L, "table");
    else
        lua_pushstring(L, luaL_typename(L, 1));
    return 1;
}

MW_LJMP static int base_rawlen(lua_State *L)
{
    mw_proxy *p = mw__to_proxy(L, 1);

    if (p)
        lua_pushinteger(L, (lua_Integer)mw__proxy_len(L, p));
    else if (mw__unfreeze(L, 1))
        lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
    else {
        luaL_argexpected(L, lua_istable(L, 1) || lua_type(L, 1) == LUA_TSTRING, 1, "table or string");
        lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
    }
    return 1;
}

MW_LJMP static int base_rawget(lua_State *L)
{
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    if (mw__to_proxy(L, 1)) {
        lua_gettable(L, 1);
        return 1;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    if (mw__unfreeze(L, 1))
        lua_replace(L, 1);
    lua_rawget(L, 1);
    return 1;
}

MW_LJMP static int base_rawequal(lua_State *L)
{
    luaL_checkany(L, 1);
    luaL_checkany(L, 2);
    lua_pushboolean(L, lua_rawequal(L, 1, 2));
    return 1;
}

/* ---- traversal in a fixed order: numbers, strings, booleans ---- */

typedef struct order_key {
    int rank; /* 0 number, 1 string, 2 boolean */
    lua_Number number;
    lua_Integer integer;
    const char *text; /* kept alive by the table that it is a key of */
    size_t len;
} order_key;

MW_LJMP static void read_key(lua_State *L, int index, order_key *k)
{
    memset(k, 0, sizeof(*k));
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        k->number = lua_tonumber(L, index);
        k->integer = lua_isinteger(L, index) ? lua_tointeger(L, index) : 0;
        break;
    case LUA_TSTRING:
        k->rank = 1;
        k->text = lua_tolstring(L, index, &k->len);
        break;
    case LUA_TBOOLEAN:
        k->rank = 2;
        k->integer = lua_toboolean(L, index);
        break;
    default: luaL_error(L, "a table with %s keys has no fixed order and cannot be traversed", luaL_typename(L, index));
    }
}

static int compare_keys(const order_key *a, const order_key *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    int order;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->rank == 1) {
        order = len ? memcmp(a->text, b->text, len) : 0;
        return order ? order : a->len < b->len ? -1 : a->len > b->len;
    }
    if (a->number < b->number || a->number > b->number)
        return a->number < b->number ? -1 : 1;
    return a->integer < b->integer ? -1 : a->integer > b->integer;
}

/* Bottom-up merge sort: n log n whatever the input. The result is in the array returned. */
MW_LJMP static order_key *sort_keys(lua_State *L, order_key *a, order_key *b, size_t n)
{
    for (size_t width = 1; width < n; width *= 2) {
        order_key *swap = a;
        mw__poll(L);
        for (size_t start = 0; start < n; start += 2 * width) {
            size_t i = start, mid = start + width < n ? start + width : n, j = mid;
            size_t end = start + 2 * width < n ? start + 2 * width : n;
            for (size_t k = start; k < end; k++)
                b[k] = i < mid && (j >= end || compare_keys(&a[i], &a[j]) <= 0) ? a[i++] : a[j++];
        }
        a = b;
        b = swap;
    }
    return a;
}

#define PAIRS_MAX 1000000

MW_LJMP void mw__sorted_keys(lua_State *L, int table)
{
    size_t n = 0;
    order_key *a, *sorted;

    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        if (++n > PAIRS_MAX)
            luaL_error(L, "a table with more than %d members cannot be traversed", PAIRS_MAX);
    }
    mw__poll(L);
    lua_createtable(L, n > 0 ? (int)n : 0, 0);
    a = lua_newuserdatauv(L, (n ? n : 1) * 2 * sizeof(*a), 0);
    n = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        read_key(L, -1, &a[n++]);
    }
    sorted = sort_keys(L, a, a + n, n);
    for (size_t i = 0; i < n; i++) {
        const order_key *k = &sorted[i];
        if (k->rank == 1)
            lua_pushlstring(L, k->text, k->len);
        else if (k->rank == 2)
            lua_pushboolean(L, (int)k->integer);
        else if (k->integer != 0 || k->number == 0)
            lua_pushinteger(L, k->integer);
        else
            lua_pushnumber(L, k->number);
        lua_rawseti(L, -3, (lua_Integer)i + 1);
    }
    lua_pop(L, 1);
}

/* Upvalues: table, sorted keys, position. */
MW_LJMP static int pairs_step(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(3));

    for (;;) {
        if (lua_rawgeti(L, lua_upvalueindex(2), ++i) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
            break;
        lua_pop(L, 2); /* removed during the traversal */
    }
    lua_pushinteger(L, i);
    lua_replace(L, lua_upvalueindex(3));
    return 2;
}

/* Upvalues: proxy, position. Members in ascending byte order of their keys. */
MW_LJMP static int pairs_proxy_step(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    mw_proxy *p = lua_touserdata(L, lua_upvalueindex(1));

    if (!mw__proxy_member(L, p, (size_t)i))
        return 0;
    lua_pushinteger(L, i + 1);
    lua_replace(L, lua_upvalueindex(2));
    return 2;
}

MW_LJMP static int base_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    if (mw__to_proxy(L, 1)) {
        lua_pushinteger(L, 0);
        lua_pushcclosure(L, pairs_proxy_step, 2);
        return 1;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    if (mw__unfreeze(L, 1))
        lua_replace(L, 1);
    mw__sorted_keys(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, pairs_step, 3);
    return 1;
}

/* The member after a key in the same order as pairs; linear, for `next(t) == nil`. */
MW_LJMP static int base_next(lua_State *L)
{
    order_key after, best, k;
    bool from_start, found = false;
    unsigned n = 0;

    lua_settop(L, 2);
    if (mw__to_proxy(L, 1)) {
        luaL_argcheck(L, lua_isnil(L, 2), 2, "next() on a document only finds its first member; use pairs");
        if (mw__proxy_member(L, lua_touserdata(L, 1), 0))
            return 2;
        lua_pushnil(L);
        return 1;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    if (mw__unfreeze(L, 1))
        lua_replace(L, 1);
    from_start = lua_isnil(L, 2);
    if (!from_start)
        read_key(L, 2, &after);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        if (++n % 4096 == 0)
            mw__poll(L);
        read_key(L, 3, &k);
        if ((from_start || compare_keys(&k, &after) > 0) && (!found || compare_keys(&k, &best) < 0)) {
            best = k;
            found = true;
            lua_pushvalue(L, 3);
            lua_replace(L, 2);
        }
    }
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 2);
    lua_rawget(L, 1);
    return 2;
}

MW_LJMP static int ipairs_step(lua_State *L)
{
    lua_Integer i = luaL_checkinteger(L, 2) + 1;

    lua_pushinteger(L, i);
    return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

/* A null element does not end the list. */
MW_LJMP static int ipairs_proxy_step(lua_State *L)
{
    lua_Integer i = luaL_checkinteger(L, 2) + 1;
    mw_proxy *p = lua_touserdata(L, 1);

    if (i < 1 || (size_t)i > mw__proxy_len(L, p))
        return 0;
    lua_pushinteger(L, i);
    lua_geti(L, 1, i);
    return 2;
}

MW_LJMP static int base_ipairs(lua_State *L)
{
    bool proxy = mw__to_proxy(L, 1) != NULL;

    luaL_checkany(L, 1);
    if (!proxy)
        luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushcfunction(L, proxy ? ipairs_proxy_step : ipairs_step);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

/* arn(text): its parts, or nil when it is not an ARN. */
MW_LJMP static int base_arn(lua_State *L)
{
    static const char *const parts[] = {"partition", "service", "region", "account", "resource"};
    size_t len;
    const char *s = luaL_optlstring(L, 1, "", &len), *end = s + len;

    if (len < 4 || memcmp(s, "arn:", 4) != 0) {
        lua_pushnil(L);
        return 1;
    }
    s += 4;
    lua_createtable(L, 0, (int)MW_COUNT(parts));
    for (size_t i = 0; i < MW_COUNT(parts); i++) {
        const char *colon = i + 1 < MW_COUNT(parts) ? memchr(s, ':', (size_t)(end - s)) : end;
        if (!colon) {
            lua_pushnil(L);
            return 1;
        }
        lua_pushlstring(L, s, (size_t)(colon - s));
        lua_setfield(L, -2, parts[i]);
        s = colon + 1;
    }
    return 1;
}

MW_LJMP void mw__open_base(lua_State *L)
{
    static const luaL_Reg own[] = {{"pcall", base_pcall},       {"try", base_try},       {"tostring", base_tostring},
                                   {"type", base_type},         {"rawlen", base_rawlen}, {"rawget", base_rawget},
                                   {"rawequal", base_rawequal}, {"pairs", base_pairs},   {"next", base_next},
                                   {"ipairs", base_ipairs},     {"arn", base_arn},       {NULL, NULL}};
    /* harmless as they are */
    static const char *const stock[] = {"assert", "error", "select", "tonumber"};

    luaL_newlib(L, own);
    luaL_requiref(L, "_G", luaopen_base, 0);
    for (size_t i = 0; i < MW_COUNT(stock); i++) {
        lua_getfield(L, -1, stock[i]);
        lua_setfield(L, -3, stock[i]);
    }
    lua_pop(L, 1);
}
