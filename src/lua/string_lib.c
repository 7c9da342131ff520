/*
 * string: Lua's own functions where they are bounded by their input, own ones for patterns, rep and
 * format. Adds trim and split, which patterns tempt people to write with quadratic cost. Rules see a
 * frozen copy; the metatable of strings keeps a private one (evidence/lua-sandbox.md, rows 11, 14 to 19, 27, 29, 35).
 */
#include "lua/internal.h"
#include "lua/matcher.h"

#include <stdio.h>
#include <string.h>

MW_LJMP static void check_match(lua_State *L, const mw_match *m)
{
    if (m->error)
        luaL_error(L, "%s", m->error);
    mw__poll(L);
}

MW_LJMP static void push_capture(lua_State *L, const mw_match *m, int i, const char *start, const char *end)
{
    if (i >= m->captures) {
        if (i != 0)
            luaL_error(L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(L, start, (size_t)(end - start));
    } else if (m->capture[i].len == MW_CAPTURE_POSITION) {
        lua_pushinteger(L, m->capture[i].at - m->text + 1);
    } else if (m->capture[i].len == MW_CAPTURE_OPEN) {
        luaL_error(L, "unfinished capture");
    } else {
        lua_pushlstring(L, m->capture[i].at, (size_t)m->capture[i].len);
    }
}

/* All captures, or the whole match when there are none (@p whole). */
MW_LJMP static int push_captures(lua_State *L, const mw_match *m, const char *start, const char *end, bool whole)
{
    int n = m->captures == 0 && whole ? 1 : m->captures;

    luaL_checkstack(L, n, "too many captures");
    for (int i = 0; i < n; i++)
        push_capture(L, m, i, start, end);
    return n;
}

/* Lua's string positions: negative ones count from the end. */
static size_t start_position(lua_Integer pos, size_t len)
{
    if (pos > 0)
        return (size_t)pos;
    if (pos == 0 || pos < -(lua_Integer)len)
        return 1;
    return len + (size_t)pos + 1;
}

MW_LJMP static int find_or_match(lua_State *L, bool find)
{
    size_t len, pattern_len, init;
    const char *s = luaL_checklstring(L, 1, &len);
    const char *p = luaL_checklstring(L, 2, &pattern_len);
    const char *at, *end;
    bool anchored;
    mw_match m;

    init = start_position(luaL_optinteger(L, 3, 1), len) - 1;
    if (init > len) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || !mw_match_is_pattern(p, pattern_len))) {
        at = pattern_len ? memmem(s + init, len - init, p, pattern_len) : s + init;
        if (!at) {
            lua_pushnil(L);
            return 1;
        }
        lua_pushinteger(L, at - s + 1);
        lua_pushinteger(L, at - s + (lua_Integer)pattern_len);
        return 2;
    }
    anchored = pattern_len > 0 && *p == '^';
    mw_match_init(&m, s, len, p + pattern_len, MW_MATCH_STEPS);
    for (at = s + init; at <= s + len; at++) {
        end = mw_match_at(&m, at, p + anchored);
        check_match(L, &m);
        if (end) {
            if (!find)
                return push_captures(L, &m, at, end, true);
            lua_pushinteger(L, at - s + 1);
            lua_pushinteger(L, end - s);
            return push_captures(L, &m, at, end, false) + 2;
        }
        if (anchored)
            break;
    }
    lua_pushnil(L);
    return 1;
}

MW_LJMP static int string_find(lua_State *L)
{
    return find_or_match(L, true);
}

MW_LJMP static int string_match(lua_State *L)
{
    return find_or_match(L, false);
}

/* Upvalues: text, pattern, next position, end of the last match (-1 when none). */
MW_LJMP static int gmatch_step(lua_State *L)
{
    size_t len, pattern_len;
    const char *s = lua_tolstring(L, lua_upvalueindex(1), &len);
    const char *p = lua_tolstring(L, lua_upvalueindex(2), &pattern_len);
    lua_Integer pos = lua_tointeger(L, lua_upvalueindex(3)), last = lua_tointeger(L, lua_upvalueindex(4));
    mw_match m;

    mw_match_init(&m, s, len, p + pattern_len, MW_MATCH_STEPS);
    for (; pos <= (lua_Integer)len; pos++) {
        const char *end = mw_match_at(&m, s + pos, p);
        check_match(L, &m);
        if (end && end - s != last) {
            lua_pushinteger(L, end - s);
            lua_copy(L, -1, lua_upvalueindex(3));
            lua_copy(L, -1, lua_upvalueindex(4));
            return push_captures(L, &m, s + pos, end, true);
        }
    }
    lua_pushinteger(L, (lua_Integer)len + 1);
    lua_replace(L, lua_upvalueindex(3));
    return 0;
}

MW_LJMP static int string_gmatch(lua_State *L)
{
    size_t len, init;

    luaL_checklstring(L, 1, &len);
    luaL_checkstring(L, 2);
    init = start_position(luaL_optinteger(L, 3, 1), len) - 1;
    lua_settop(L, 2);
    lua_pushinteger(L, init > len ? (lua_Integer)len + 1 : (lua_Integer)init);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_step, 4);
    return 1;
}

/* The replacement string with %0 to %9 filled in. */
MW_LJMP static void add_replacement(lua_State *L, luaL_Buffer *b, const mw_match *m, const char *start, const char *end)
{
    size_t len;
    const char *r = lua_tolstring(L, 3, &len);

    for (size_t i = 0; i < len; i++) {
        if (r[i] != '%') {
            luaL_addchar(b, r[i]);
        } else if (++i < len && r[i] == '%') {
            luaL_addchar(b, '%');
        } else if (i < len && r[i] == '0') {
            luaL_addlstring(b, start, (size_t)(end - start));
        } else if (i < len && r[i] >= '1' && r[i] <= '9') {
            push_capture(L, m, r[i] - '1', start, end);
            lua_tostring(L, -1);
            luaL_addvalue(b);
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
        if (luaL_bufflen(b) > MW_VM_STRING_MAX)
            luaL_error(L, "the result is longer than %d bytes", (int)MW_VM_STRING_MAX);
    }
}

MW_LJMP static bool add_value(lua_State *L, luaL_Buffer *b, const mw_match *m, const char *start, const char *end,
                              int kind)
{
    if (kind == LUA_TSTRING || kind == LUA_TNUMBER) {
        add_replacement(L, b, m, start, end);
        return true;
    }
    if (kind == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(L, m, start, end, true), 1);
    } else {
        push_capture(L, m, 0, start, end);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, start, (size_t)(end - start));
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(b);
    return true;
}

MW_LJMP static int string_gsub(lua_State *L)
{
    size_t len, pattern_len;
    const char *s = luaL_checklstring(L, 1, &len), *p = luaL_checklstring(L, 2, &pattern_len);
    const char *at = s, *last = NULL, *end;
    int kind = lua_type(L, 3);
    lua_Integer limit = luaL_optinteger(L, 4, (lua_Integer)len + 1), n = 0;
    bool anchored = pattern_len > 0 && *p == '^';
    luaL_Buffer b;
    mw_match m;

    luaL_argexpected(L,
                     kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE ||
                         mw__to_proxy(L, 3),
                     3, "string/function/table");
    mw_match_init(&m, s, len, p + pattern_len, MW_MATCH_STEPS);
    luaL_buffinit(L, &b);
    while (n < limit) {
        end = mw_match_at(&m, at, p + anchored);
        check_match(L, &m);
        if (end && end != last) {
            n++;
            add_value(L, &b, &m, at, end, kind);
            at = last = end;
        } else if (at < s + len) {
            luaL_addchar(&b, *at++);
        } else {
            break;
        }
        if (luaL_bufflen(&b) > MW_VM_STRING_MAX)
            return luaL_error(L, "the result is longer than %d bytes", (int)MW_VM_STRING_MAX);
        if (anchored)
            break;
    }
    luaL_addlstring(&b, at, (size_t)(s + len - at));
    luaL_pushresult(&b);
    lua_pushinteger(L, n);
    return 2;
}

MW_LJMP static int string_rep(lua_State *L)
{
    size_t len, sep_len, total;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    const char *sep = luaL_optlstring(L, 3, "", &sep_len);
    luaL_Buffer b;
    char *to;

    if (n <= 0 || len + sep_len == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((size_t)n > MW_VM_STRING_MAX / (len + sep_len))
        return luaL_error(L, "the result is longer than %d bytes", (int)MW_VM_STRING_MAX);
    total = (size_t)n * len + (size_t)(n - 1) * sep_len;
    to = luaL_buffinitsize(L, &b, total);
    memcpy(to, s, len);
    memcpy(to + len, sep, n > 1 ? sep_len : 0);
    /* What is there once more, until it is all there. */
    for (size_t done = len + sep_len; done < total; done *= 2)
        memcpy(to + done, to, done < total - done ? done : total - done);
    luaL_pushresultsize(&b, total);
    return 1;
}

/* ---- format ---- */

/* A conversion with its flags, NUL-terminated into spec. Behind it. */
MW_LJMP static const char *read_spec(lua_State *L, const char *f, const char *end, char spec[32])
{
    size_t n = 0;
    const char *start = f;

    spec[n++] = '%';
    while (f < end && strchr("-+ #0123456789.", *f) && *f) {
        if (n >= 24)
            luaL_error(L, "invalid conversion in the format (too long)");
        spec[n++] = *f++;
    }
    if (f >= end || !strchr("aAcdeEfFgGiosuqxX", *f) || !*f)
        luaL_error(L, "invalid conversion '%%%s' in the format",
                   lua_pushlstring(L, start, (size_t)(f < end ? f - start + 1 : f - start)));
    spec[n++] = *f++;
    spec[n] = '\0';
    return f;
}

static const char stock_format = 0; /* its address is the registry key of Lua's own format */

/* One conversion by Lua's own format. */
MW_LJMP static void format_one(lua_State *L, const char *spec, int arg)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &stock_format);
    lua_pushstring(L, spec);
    lua_pushvalue(L, arg);
    lua_call(L, 2, 1);
}

MW_LJMP static bool fits(lua_State *L, int arg, char conversion)
{
    if (strchr("dicuoxX", conversion)) {
        int ok;
        lua_tointegerx(L, arg, &ok);
        return ok != 0;
    }
    return lua_isnumber(L, arg) != 0;
}

MW_LJMP void mw__format(lua_State *L, int first, bool lenient)
{
    size_t len;
    const char *f = luaL_checklstring(L, first, &len), *end = f + len;
    int arg = first, top = lua_gettop(L);
    luaL_Buffer b;

    luaL_checkstack(L, 16, NULL);
    luaL_buffinit(L, &b);
    while (f < end) {
        const char *percent = memchr(f, '%', (size_t)(end - f));
        char spec[32], what;

        luaL_addlstring(&b, f, (size_t)((percent ? percent : end) - f));
        if (!percent)
            break;
        f = percent + 1;
        if (f < end && *f == '%') {
            luaL_addchar(&b, *f++);
            continue;
        }
        f = read_spec(L, f, end, spec);
        what = f[-1];
        if (++arg > top && !lenient)
            luaL_argerror(L, arg - first + 1, "no value");
        if (arg > top)
            lua_pushnil(L);
        else
            lua_pushvalue(L, arg);
        if (what == 's' || (lenient && (what == 'q' || !fits(L, -1, what)))) {
            mw__tostring(L, -1, NULL);
            lua_remove(L, -2);
            if (spec[1] != 's' && what == 's') {
                format_one(L, spec, lua_gettop(L));
                lua_remove(L, -2);
            }
        } else {
            format_one(L, spec, lua_gettop(L));
            lua_remove(L, -2);
        }
        luaL_addvalue(&b);
        if (luaL_bufflen(&b) > MW_VM_STRING_MAX)
            luaL_error(L, "the result is longer than %d bytes", (int)MW_VM_STRING_MAX);
        mw__poll(L);
    }
    luaL_pushresult(&b);
}

MW_LJMP static int string_format(lua_State *L)
{
    mw__format(L, 1, false);
    return 1;
}

/* ---- own additions ---- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

MW_LJMP static int string_trim(lua_State *L)
{
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);

    while (len > 0 && is_space(*s))
        s++, len--;
    while (len > 0 && is_space(s[len - 1]))
        len--;
    lua_pushlstring(L, s, len);
    return 1;
}

#define PIECES_MAX 100000

/* split(s, separator): pieces between plain separators. */
MW_LJMP static int string_split(lua_State *L)
{
    size_t len, sep_len;
    const char *s = luaL_checklstring(L, 1, &len), *end = s + len;
    const char *sep = luaL_checklstring(L, 2, &sep_len);
    lua_Integer n = 0;

    luaL_argcheck(L, sep_len > 0, 2, "empty separator");
    lua_newtable(L);
    for (;;) {
        const char *hit = memmem(s, (size_t)(end - s), sep, sep_len);
        if (++n > PIECES_MAX)
            return luaL_error(L, "more than %d pieces", PIECES_MAX);
        lua_pushlstring(L, s, (size_t)((hit ? hit : end) - s));
        lua_rawseti(L, -2, n);
        if (!hit)
            return 1;
        s = hit + sep_len;
    }
}

MW_LJMP void mw__open_string(lua_State *L)
{
    static const luaL_Reg own[] = {{"find", string_find}, {"match", string_match}, {"gmatch", string_gmatch},
                                   {"gsub", string_gsub}, {"rep", string_rep},     {"format", string_format},
                                   {"trim", string_trim}, {"split", string_split}, {NULL, NULL}};
    static const char *const stock[] = {"byte",    "char", "len",  "lower",    "upper",
                                        "reverse", "sub",  "pack", "packsize", "unpack"};

    luaL_newlib(L, own);
    lua_pushcfunction(L, luaopen_string); /* also makes the metatable of strings */
    lua_call(L, 0, 1);
    for (size_t i = 0; i < MW_COUNT(stock); i++) {
        lua_getfield(L, -1, stock[i]);
        lua_setfield(L, -3, stock[i]);
    }
    lua_getfield(L, -1, "format");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &stock_format);
    lua_pop(L, 1);
    /* The private copy behind s:method(); what remains on the stack is frozen for scripts. */
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, -3)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 2);
}
