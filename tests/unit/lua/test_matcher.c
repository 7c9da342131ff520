/* The bounded matcher against Lua's own, on known cases and on thousands of random ones. */
#include "lua/matcher.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

/* Write a result as text, the same way for both matchers. */
static void own(const char *text, size_t len, const char *pattern, size_t pattern_len, char *out, size_t size)
{
    int anchored = pattern_len > 0 && *pattern == '^';
    size_t n = 0;
    mw_match m;

    mw_match_init(&m, text, len, pattern + pattern_len, MW_MATCH_STEPS);
    for (const char *at = text; at <= text + len; at++) {
        const char *end = mw_match_at(&m, at, pattern + anchored);
        if (m.error) {
            snprintf(out, size, strstr(m.error, "steps") ? "budget" : "error");
            return;
        }
        if (end) {
            n += (size_t)snprintf(out, size, "%d-%d", (int)(at - text) + 1, (int)(end - text));
            for (int i = 0; i < m.captures; i++) {
                if (m.capture[i].len == MW_CAPTURE_OPEN) {
                    snprintf(out, size, "error");
                    return;
                }
                if (m.capture[i].len == MW_CAPTURE_POSITION)
                    n += (size_t)snprintf(out + n, size - n, " @%d", (int)(m.capture[i].at - text) + 1);
                else
                    n += (size_t)snprintf(out + n, size - n, " <%.*s>", (int)m.capture[i].len, m.capture[i].at);
            }
            return;
        }
        if (anchored)
            break;
    }
    snprintf(out, size, "no");
}

static void stock(lua_State *L, const char *text, size_t len, const char *pattern, size_t pattern_len, char *out,
                  size_t size)
{
    size_t n = 0;

    lua_settop(L, 0);
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "find");
    lua_replace(L, 1);
    lua_settop(L, 1);
    lua_pushlstring(L, text, len);
    lua_pushlstring(L, pattern, pattern_len);
    if (lua_pcall(L, 2, LUA_MULTRET, 0) != LUA_OK) {
        snprintf(out, size, "error");
        return;
    }
    if (lua_isnil(L, 1)) {
        snprintf(out, size, "no");
        return;
    }
    n += (size_t)snprintf(out, size, "%d-%d", (int)lua_tointeger(L, 1), (int)lua_tointeger(L, 2));
    for (int i = 3; i <= lua_gettop(L); i++) {
        if (lua_isinteger(L, i))
            n += (size_t)snprintf(out + n, size - n, " @%d", (int)lua_tointeger(L, i));
        else
            n += (size_t)snprintf(out + n, size - n, " <%s>", lua_tostring(L, i));
    }
}

static void test_known(void **state)
{
    static const struct {
        const char *text, *pattern, *expect;
    } rows[] = {
        {"hello world", "o w", "5-7"},
        {"  trim  ", "^%s*(.-)%s*$", "1-8 <trim>"},
        {"arn:aws:s3:::b", "^arn:([^:]*):([^:]*):", "1-11 <aws> <s3>"},
        {"THE (quick) fox", "%((%a+)%)", "5-11 <quick>"},
        {"f(a(b)c)d", "%b()", "2-8"},
        {"THE END", "%f[%a]%a+%f[%A]$", "5-7"},
        {"abcabc", "(abc)%1", "1-6 <abc>"},
        {"x", "()", "1-0 @1"},
        {"a]b", "[]]", "2-2"},
        {"a-b", "[a%-]+", "1-2"},
        {"zxyz", "[^xy%z]+", "1-1"},
        {"", "^$", "1-0"},
        {"a", "%", "error"},
        {"a", "[a", "error"},
        {"a", "(a", "error"},
        {"a", "a)", "error"},
        {"a", "%1", "error"},
        {"a", "%f", "error"},
    };
    char found[256];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        own(rows[i].text, strlen(rows[i].text), rows[i].pattern, strlen(rows[i].pattern), found, sizeof(found));
        assert_string_equal(found, rows[i].expect);
    }
}

static uint32_t next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void test_random(void **state)
{
    static const char *const pieces[] = {"a", "b", ".", "%a", "%d", "%s", "%S",   "[ab]",  "[^a]", "[a-c]", "*",  "+",
                                         "-", "?", "(", ")",  "()", "%1", "%b()", "%f[a]", "^",    "$",     "%%", "]"};
    static const char letters[] = "aabbc1 ()%";
    lua_State *L = luaL_newstate();
    uint32_t seed = 20260101;
    unsigned matches = 0;

    (void)state;
    luaL_openlibs(L);
    for (int round = 0; round < 100000; round++) {
        char pattern[64] = "", text[16] = "", mine[256], theirs[256];
        size_t n = 1 + next(&seed) % 7, len = next(&seed) % 13;
        for (size_t i = 0; i < n; i++) {
            const char *piece = pieces[next(&seed) % (sizeof(pieces) / sizeof(pieces[0]))];
            memcpy(pattern + strlen(pattern), piece, strlen(piece) + 1);
        }
        for (size_t i = 0; i < len; i++)
            text[i] = letters[next(&seed) % (sizeof(letters) - 1)];
        if (!mw_match_is_pattern(pattern, strlen(pattern)))
            continue; /* find takes it for plain text */
        own(text, len, pattern, strlen(pattern), mine, sizeof(mine));
        stock(L, text, len, pattern, strlen(pattern), theirs, sizeof(theirs));
        if (strcmp(mine, theirs) != 0)
            fail_msg("'%s' on '%s': %s, Lua says %s", pattern, text, mine, theirs);
        matches += mine[0] >= '0' && mine[0] <= '9';
    }
    lua_close(L);
    assert_in_range(matches, 5000, 100000); /* the cases are not all trivial */
}

static void test_budget(void **state)
{
    static char text[100001];
    static const struct {
        const char *pattern;
        char fill;
    } rows[] = {{"a*a*a*a*b", 'a'},
                {"^%s*(.-)%s*x$", ' '},
                {".-.-.-b", 'a'},
                {"%b()", '('},
                {"a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaaaaaaaaaaaaaaaab", 'a'}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mw_match m;
        memset(text, rows[i].fill, sizeof(text) - 1);
        mw_match_init(&m, text, sizeof(text) - 1, rows[i].pattern + strlen(rows[i].pattern), MW_MATCH_STEPS);
        for (const char *at = text; !m.error && at < text + sizeof(text) - 1; at++)
            if (mw_match_at(&m, at, rows[i].pattern + (rows[i].pattern[0] == '^')))
                fail_msg("'%s' matched", rows[i].pattern);
        assert_non_null(m.error);
        assert_non_null(strstr(m.error, "steps"));
        assert_true(m.steps <= 0);
    }
}

static void test_depth(void **state)
{
    char pattern[1200] = "";
    mw_match m;

    (void)state;
    for (int i = 0; i < 300; i++)
        memcpy(pattern + 2 * i, "a?", 3);
    mw_match_init(&m, "b", 1, pattern + strlen(pattern), MW_MATCH_STEPS);
    assert_non_null(mw_match_at(&m, m.text, pattern)); /* what matches nothing does not recurse */
    memset(pattern, 0, sizeof(pattern));
    static char many[400];
    memset(many, 'a', sizeof(many) - 1);
    for (int i = 0; i < 300; i++)
        memcpy(pattern + 2 * i, "a?", 3);
    mw_match_init(&m, many, sizeof(many) - 1, pattern + strlen(pattern), MW_MATCH_STEPS);
    assert_null(mw_match_at(&m, many, pattern));
    assert_string_equal(m.error, "pattern too complex");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_random),
                                       cmocka_unit_test(test_budget), cmocka_unit_test(test_depth)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
