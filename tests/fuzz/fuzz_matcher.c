/*
 * The bounded matcher against Lua's own: the same result, or out of budget. Inputs are kept short, so
 * that the stock matcher ends. Data: pattern length, pattern, text.
 */
#include "lua/matcher.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_MAX 12
#define TEXT_MAX    20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int stock(lua_State *L)
{
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "match");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, LUA_MULTRET);
    return lua_gettop(L) - 3;
}

static void require_that(bool ok)
{
    if (!ok)
        abort();
}

static void compare(lua_State *L, int base, const mw_match *m, const char *start, const char *end)
{
    int results = lua_gettop(L) - base, n = m->captures ? m->captures : 1;

    require_that(results == n);
    for (int i = 0; i < n; i++) {
        int at = base + 1 + i;
        const char *text;
        size_t len;
        if (m->captures && m->capture[i].len == MW_CAPTURE_POSITION) {
            require_that(lua_isinteger(L, at) && lua_tointeger(L, at) == m->capture[i].at - m->text + 1);
            continue;
        }
        require_that(lua_type(L, at) == LUA_TSTRING);
        text = lua_tolstring(L, at, &len);
        if (m->captures)
            require_that(m->capture[i].len >= 0 && len == (size_t)m->capture[i].len &&
                         memcmp(text, m->capture[i].at, len) == 0);
        else
            require_that(len == (size_t)(end - start) && memcmp(text, start, len) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    char pattern[PATTERN_MAX + 1] = "", text[TEXT_MAX + 1] = "";
    size_t pattern_len, text_len;
    const char *at, *end = NULL;
    bool anchored, open = false;
    mw_match m;
    int rc, base;

    if (size < 1)
        return 0;
    pattern_len = data[0] % (PATTERN_MAX + 1);
    if (pattern_len > size - 1)
        pattern_len = size - 1;
    memcpy(pattern, data + 1, pattern_len);
    text_len = size - 1 - pattern_len < TEXT_MAX ? size - 1 - pattern_len : TEXT_MAX;
    memcpy(text, data + 1 + pattern_len, text_len);
    if (!L && (L = luaL_newstate()))
        luaL_openlibs(L);
    require_that(L != NULL);

    anchored = pattern_len > 0 && pattern[0] == '^';
    mw_match_init(&m, text, text_len, pattern + pattern_len, MW_MATCH_STEPS);
    for (at = text; at <= text + text_len; at++) {
        end = mw_match_at(&m, at, pattern + anchored);
        if (end || m.error || anchored)
            break;
    }
    if (m.error && strstr(m.error, "steps"))
        return 0;
    for (int i = 0; end && i < m.captures; i++)
        open = open || m.capture[i].len == MW_CAPTURE_OPEN;

    lua_settop(L, 0);
    base = lua_gettop(L);
    lua_pushcfunction(L, stock);
    lua_pushlstring(L, text, text_len);
    lua_pushlstring(L, pattern, pattern_len);
    rc = lua_pcall(L, 2, LUA_MULTRET, 0);
    if (rc != LUA_OK)
        require_that(m.error || open); /* an open capture is an error once it is asked for */
    else if (!end)
        require_that(!m.error && lua_gettop(L) == base + 1 && lua_isnil(L, -1));
    else
        compare(L, base, &m, at, end);
    return 0;
}
