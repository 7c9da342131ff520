/* Marks: where they go, that the text means the same and runs, that hostile text is only refused. */
#include "../../support/support.h"

#include "base/mem.h"
#include "lua/instrument.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name, *source, *wanted;
} rows[] = {
    {"a statement", "x = 1", " __mw_s(0);x = 1"},
    {"an if", "if a then b() end", " __mw_s(0);if  __mw_b(1,a) then  __mw_s(2);b() end"},
    {"else and elseif", "if a then elseif b.c then else d() end",
     " __mw_s(0);if  __mw_b(1,a) then elseif  __mw_b(2,b.c) then else  __mw_s(3);d() end"},
    {"a literal condition", "while true do break end", " __mw_s(0);while true do  __mw_s(1);break end"},
    {"not a literal", "while 1 == x do end", " __mw_s(0);while  __mw_b(1,1 == x) do end"},
    {"until", "repeat local y = f() until y", " __mw_s(0);repeat  __mw_s(1);local y = f() until  __mw_b(2,y)"},
    {"and", "return a and b", " __mw_s(0);return  __mw_b(1,a) and b"},
    {"and binds closer", "return a and b or c", " __mw_s(0);return  __mw_b(2, __mw_b(1,a) and b) or c"},
    {"or first", "return a or b and c", " __mw_s(0);return  __mw_b(1,a) or  __mw_b(2,b) and c"},
    {"comparison below and", "return a.x == 1 and not b", " __mw_s(0);return  __mw_b(1,a.x == 1) and not b"},
    {"right side of a power", "return -2 ^ -x or y", " __mw_s(0);return  __mw_b(1,-2 ^ -x) or y"},
    {"for in", "for k in pairs(t) do f(k) end",
     " __mw_s(0); __mw_l(1);for k in pairs(t) do __mw_e(1);  __mw_s(2);f(k) end __mw_x(1);"},
    {"for to", "for i = 1, #t do end", " __mw_s(0); __mw_l(1);for i = 1, #t do __mw_e(1); end __mw_x(1);"},
    {"a function", "local function f(a, ...) return a end",
     " __mw_s(0);local function f(a, ...) __mw_s(1);  __mw_s(2);return a end"},
    {"a function as a value", "f(function() end)", " __mw_s(0);f(function() __mw_s(1); end)"},
    {"labels and goto", "for i = 1, n do goto c ::c:: end",
     " __mw_s(0); __mw_l(1);for i = 1, n do __mw_e(1);  __mw_s(2);goto c ::c:: end __mw_x(1);"},
    {"calls of all kinds", "a:b 'x' {y = 1, [2] = 3; 4} (5)", " __mw_s(0);a:b 'x' {y = 1, [2] = 3; 4} (5)"},
    {"attributes", "local x <const>, y <close> = 1", " __mw_s(0);local x <const>, y <close> = 1"},
    {"strings and comments hold nothing", "x = 'if a then' --[[ if b then ]] .. [==[ ]] or ]==] -- and c",
     " __mw_s(0);x = 'if a then' --[[ if b then ]] .. [==[ ]] or ]==] -- and c"},
    {"escapes", "x = 'a\\'b' or \"\\\\\" -- or", " __mw_s(0);x = 'a\\'b' or \"\\\\\" -- or"},
    {"numbers", "x = 0x1p-3 + 1e+5 .. .5 or y", " __mw_s(0);x =  __mw_b(1,0x1p-3 + 1e+5 .. .5) or y"},
    {"nothing", "", ""},
    {"only a comment", "-- x", "-- x"},
};

static void test_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_arena) arena = {0};
        MW_AUTO(mw_buf) out = {0};
        mw_marks marks;
        mw_error err = {0};
        if (mw_instrument(rows[i].source, strlen(rows[i].source), &arena, &marks, &out, &err) != MW_OK)
            fail_msg("%s: %s", rows[i].name, err.message);
        if (strcmp(out.data ? out.data : "", rows[i].wanted) != 0)
            fail_msg("%s: %s", rows[i].name, out.data);
    }
}

static void test_marks(void **state)
{
    static const char source[] =
        "local t = {}\nfor _, x in ipairs { 1 } do\n  if x\n     and y then t = x or 2 end\nend\n";
    static const mw_mark wanted[] = {{MW_MARK_STATEMENT, 1, 1},  {MW_MARK_STATEMENT, 2, 1}, {MW_MARK_EACH, 2, 1},
                                     {MW_MARK_STATEMENT, 3, 3},  {MW_MARK_AND, 3, 6},       {MW_MARK_IF, 3, 6},
                                     {MW_MARK_STATEMENT, 4, 17}, {MW_MARK_OR, 4, 21}};
    MW_AUTO(mw_arena) arena = {0};
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};
    mw_marks marks;

    (void)state;
    assert_ok(mw_instrument(source, strlen(source), &arena, &marks, &out, &err));
    assert_int_equal(marks.count, MW_COUNT(wanted));
    for (size_t i = 0; i < marks.count; i++)
        if (memcmp(&marks.items[i], &wanted[i], sizeof(wanted[i])) != 0)
            fail_msg("mark %zu: kind %d at %u:%u", i, marks.items[i].kind, marks.items[i].line, marks.items[i].column);
    assert_int_equal(mw_mark_ways(MW_MARK_FUNCTION), MW_WAY_TRUE);
    assert_int_equal(mw_mark_ways(MW_MARK_FOR), MW_WAY_TRUE | MW_WAY_FALSE);
}

/* Both texts give the same; marks count nothing here, they only hand their value on. */
static const char prelude[] =
    "function __mw_s() end __mw_l, __mw_e, __mw_x = __mw_s, __mw_s, __mw_s function __mw_b(_, v) return v end\n";
static const char *const programs[] = {
    "local r = {} for i = 1, 10 do if i % 2 == 0 and i > 4 or i == 1 then r[#r + 1] = i end end return table.concat(r, "
    "',')",
    "local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end return tostring(f(12))",
    "local n = 0 for i = 1, 5 do for k = 1, 5 do if k == i then goto next end n = n + 1 ::next:: end end return "
    "tostring(n)",
    "local t = setmetatable({}, {__index = function(_, k) return k end}) return t.a .. (nil or t.b) .. tostring(t.c "
    "and false)",
    "local function many() return 1, 2, 3 end local a, b = many() return select('#', many()) .. a .. b .. "
    "tostring((many()))",
    "local s = '' repeat local done = #s > 3 s = s .. 'x' until done return s",
    "local a <const> = 2 ; (function() a2 = a end)() return tostring(a2 ^ 2 // 1 | 1)",
    "local i = 0 while true do i = i + 1 if i > 3 then break end end return tostring(i)",
    "return (function(...) local x = ... or 'none' return x end)()",
    "return ({ 'a', n = function() return 'b' end }).n() .. #{ 1, nil, 3 } .. (not nil and 'c' or 'd')",
};

static void run(lua_State *L, const char *text, char *out, size_t size)
{
    if (luaL_loadstring(L, text) != LUA_OK || lua_pcall(L, 0, 1, 0) != LUA_OK)
        fail_msg("%s: %s", text, lua_tostring(L, -1));
    snprintf(out, size, "%s", lua_tostring(L, -1));
    lua_settop(L, 0);
}

static void test_meaning(void **state)
{
    lua_State *L = luaL_newstate();

    (void)state;
    luaL_openlibs(L);
    if (luaL_dostring(L, prelude))
        fail_msg("%s", lua_tostring(L, -1));
    for (size_t i = 0; i < MW_COUNT(programs); i++) {
        MW_AUTO(mw_arena) arena = {0};
        MW_AUTO(mw_buf) text = {0};
        mw_error err = {0};
        mw_marks marks;
        char plain[200], marked[200];
        assert_ok(mw_instrument(programs[i], strlen(programs[i]), &arena, &marks, &text, &err));
        run(L, programs[i], plain, sizeof(plain));
        run(L, text.data, marked, sizeof(marked));
        assert_string_equal(plain, marked);
    }
    lua_close(L);
}

/* Every cut of every program: refused or not, never worse; what is taken is Lua where the original is. */
static void test_cuts(void **state)
{
    lua_State *L = luaL_newstate();

    (void)state;
    for (size_t i = 0; i < MW_COUNT(programs); i++) {
        for (size_t n = 0; n <= strlen(programs[i]); n++) {
            MW_AUTO(mw_arena) arena = {0};
            MW_AUTO(mw_buf) text = {0};
            char *cut = mw_alloc(n + 1); /* exactly so long: a byte too far is an error under ASan */
            bool lua;
            mw_marks marks;
            mw_status st;
            memcpy(cut, programs[i], n);
            lua = luaL_loadbufferx(L, cut, n, "x", "t") == LUA_OK;
            st = mw_instrument(cut, n, &arena, &marks, &text, NULL);
            if (lua && st != MW_OK)
                fail_msg("refused: %s", cut);
            if (lua && luaL_loadbufferx(L, text.data ? text.data : "", text.len, "x", "t") != LUA_OK)
                fail_msg("broken: %s", text.data);
            lua_settop(L, 0);
            mw_free(cut);
        }
    }
    lua_close(L);
}

static void test_refused(void **state)
{
    static const struct {
        const char *source, *message;
    } wrong[] = {{"x = = 1", "line 1: "},    {"\nif a then", "line 2: "}, {"return 1 x = 2", "line 1: text behind"},
                 {"x = 'a", "not a token"},  {"x = [[ a", "not a token"}, {"--[[ a", "not a token"},
                 {"x = \x01", "not a token"}};
    MW_AUTO(mw_buf) deep = {0};
    MW_AUTO(mw_arena) arena = {0};
    mw_marks marks;
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(wrong); i++) {
        MW_AUTO(mw_buf) out = {0};
        assert_int_equal(mw_instrument(wrong[i].source, strlen(wrong[i].source), &arena, &marks, &out, &err),
                         MW_ERR_PARSE);
        if (!strstr(err.message, wrong[i].message))
            fail_msg("%s: %s", wrong[i].source, err.message);
    }
    mw_buf_puts(&deep, "x = ");
    for (int i = 0; i < 100000; i++)
        mw_buf_putc(&deep, '(');
    MW_AUTO(mw_buf) out = {0};
    assert_int_equal(mw_instrument(deep.data, deep.len, &arena, &marks, &out, &err), MW_ERR_LIMIT);
}

static void test_lines(void **state)
{
    static const char source[] =
        "-- name = \"one\"\nreturn {\n  { name = \"one\" },\n  { [\"name\"] = 'two' }, { x = 1,\n"
        "    name = \"three\" }, { other = \"four\" } }";

    (void)state;
    assert_int_equal(mw_source_line_of(source, strlen(source), "name", "one"), 3);
    assert_int_equal(mw_source_line_of(source, strlen(source), "name", "two"), 4);
    assert_int_equal(mw_source_line_of(source, strlen(source), "name", "three"), 5);
    assert_int_equal(mw_source_line_of(source, strlen(source), "name", "four"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text),    cmocka_unit_test(test_marks),
                                       cmocka_unit_test(test_meaning), cmocka_unit_test(test_cuts),
                                       cmocka_unit_test(test_refused), cmocka_unit_test(test_lines)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
