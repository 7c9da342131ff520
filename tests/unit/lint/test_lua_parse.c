/* The parser beside Lua's own: what one takes the other takes, whatever it is. */
#include "base/buf.h"
#include "base/file.h"
#include "lint/lua_ast.h"

#include <dirent.h>
#include <lauxlib.h>
#include <lua.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static bool lua_takes(const char *source, size_t len, char *why, size_t size)
{
    lua_State *L = luaL_newstate();
    bool good = luaL_loadbufferx(L, source, len, "=x", "t") == LUA_OK;

    snprintf(why, size, "%s", good ? "" : lua_tostring(L, -1));
    lua_close(L);
    return good;
}

static bool we_take(const char *source, size_t len, lua_tree *tree, mw_arena *arena, mw_error *err)
{
    mw_status st = mw_lua_parse(source, len, arena, tree, err);

    assert_true(st == MW_OK || st == MW_ERR_PARSE);
    return st == MW_OK;
}

static void same(const char *source, size_t len, const char *name)
{
    MW_AUTO(mw_arena) arena = {0};
    mw_error err = {0};
    lua_tree tree;
    char why[512];
    bool theirs = lua_takes(source, len, why, sizeof(why)), ours = we_take(source, len, &tree, &arena, &err);

    /* Ceilings differ: registers and upvalues are the compiler's, the height of a tree is ours. */
    if (theirs != ours && !tree.limit && !strstr(why, "registers") && !strstr(why, "upvalues") &&
        !strstr(why, "overflow") && !strstr(why, "too long") && !strstr(why, "C levels"))
        fail_msg("%s: Lua %s (%s), this parser %s (%s)\n%.*s", name, theirs ? "takes it" : "refuses it", why,
                 ours ? "takes it" : "refuses it", err.message, len < 2000 ? (int)len : 2000, source);
}

static const char *const sources[] = {
    "",
    ";",
    ";;",
    "return",
    "return;",
    "return 1,2",
    "return return",
    "return 1 x",
    "local x",
    "local x = 1, 2",
    "local x <const> = 1",
    "local x <const> = 1; x = 2",
    "local x <close> = nil",
    "local x <close>, y <close> = nil",
    "local x <foo> = 1",
    "local function f() end f()",
    "local x <const> = 1; local function f() x = 2 end",
    "local x <const> = 1; function x() end",
    "x.y.z = 1",
    "x.y:z()",
    "x:y",
    "x",
    "x, y = 1",
    "x() = 1",
    "f(), x = 1",
    "f{}",
    "f''",
    "f[[x]]",
    "f{}.x:y''.z = 1",
    "(f)()",
    "(f) = 1",
    "(f).x = 1",
    "a.b.c()",
    "1()",
    "'x':len()",
    "('x'):len()",
    "if x then end",
    "if x then elseif y then else end",
    "if x then else elseif y then end",
    "if x end",
    "while x do end",
    "while x do",
    "repeat local x until x",
    "repeat until",
    "for i = 1, 2 do end",
    "for i = 1 do end",
    "for i = 1, 2, 3 do end",
    "for i = 1, 2, 3, 4 do end",
    "for i in x do end",
    "for i, j in x, y do end",
    "for i, j = 1, 2 do end",
    "for in x do end",
    "break",
    "while 1 do break end",
    "while 1 do break x() end",
    "while 1 do function f() break end end",
    "while 1 do local f = function() break end end",
    "do break end",
    "goto x",
    "goto x ::x::",
    "::x:: ::x::",
    "::x:: do ::x:: end",
    "do ::x:: end ::x::",
    "do ::x:: end goto x",
    "goto x; local a; ::x::",
    "goto x; local a; ::x:: a()",
    "goto x; local a; ::x:: ; ;",
    "do goto x; local a; ::x:: end",
    "do goto x; local a; ::x:: print(a) end",
    "repeat goto x; local a; ::x:: until a",
    "repeat goto x; local a; ::x:: ; until a",
    "do goto x end ::x::",
    "do local y; goto x end local z ::x::",
    "do local y; goto x end local z ::x:: z()",
    "while 1 do goto continue; local x; ::continue:: end",
    "function f() goto x end ::x::",
    "::x:: function f() goto x end",
    "goto a ::b:: ::a::",
    "local a ::x:: goto x",
    "goto x; local a; ::y:: ::x::",
    "goto y; local a; ::x:: ::y:: a()",
    "::a:: ::a::",
    "goto = 1",
    "local goto = 1",
    "return ...",
    "function f() return ... end",
    "function f(...) return ... end",
    "function f(a, ...) end",
    "function f(..., a) end",
    "function f(a,) end",
    "function f(a b) end",
    "function a.b.c() end",
    "function a.b:c() self() end",
    "function a:b.c() end",
    "function a:b:c() end",
    "function (x) end",
    "local function a.b() end",
    "return function() end",
    "x = function(a) return a end",
    "return {1,2;3}",
    "return {a=1,[2]=3,4,}",
    "return {,}",
    "return {;}",
    "return {a=}",
    "return {[1]}",
    "return {1 2}",
    "return {a.b=1}",
    "return {f()}",
    "return -1^2",
    "return not not x",
    "return 2^-3^4",
    "return a..b..c",
    "return a<b<c",
    "return #x",
    "return ~x ~ y",
    "return x // y",
    "return x >> 1 << 2",
    "return x ~= y",
    "return x != y",
    "return x && y",
    "return a or b and c",
    "return -",
    "return +1",
    "return (1",
    "return 1)",
    "return ((((1))))",
    "return [[x]]",
    "return 0x",
    "return 0x1p4",
    "return 0x.8",
    "return 0x8.",
    "return 1e",
    "return 1e+",
    "return 1e5",
    "return 1.5.2",
    "return 3x",
    "return 3.",
    "return .5",
    "return ..5",
    "return 0xep1",
    "return 0x1e+1",
    "return 1e+5x",
    "return 08",
    "return 1..2",
    "return 1 ..2",
    "return 9999999999999999999999",
    "return 0xffffffffffffffffffff",
    "return 1_000",
    "return inf",
    "return '\\x41'",
    "return '\\x4'",
    "return '\\xg1'",
    "return '\\65'",
    "return '\\256'",
    "return '\\u{48}'",
    "return '\\u{}'",
    "return '\\u{7fffffff}'",
    "return '\\u{80000000}'",
    "return '\\u48'",
    "return '\\z   x'",
    "return '\\z\n\n x'",
    "return '\\q'",
    "return 'a\\\nb'",
    "return 'a\\\r\nb'",
    "return 'a\nb'",
    "return 'a",
    "return \"a'",
    "return '\\",
    "return 'a\\",
    "return [==[x]]==]",
    "return [==[x",
    "return [=x",
    "return [==",
    "return a[[[x]]]",
    "return a[b[c]]",
    "--[[x",
    "--[[x]]",
    "--[==[x]]==] return",
    "--[=x",
    "-- x",
    "--",
    "---[[x\nreturn",
    "#!lua",
    "x = y z = w",
    "x = y\n(f)()",
    "f\n()",
    "return f\n()",
    "a.1",
    "a.and",
    "a = {and=1}",
    "a = {['and']=1}",
    "a:b.c()",
    "a = b = c",
    "a += 1",
    "a ? b : c",
    "x = @",
    "x = $",
    "x = `",
    "x = !",
    "\xEF\xBB\xBFreturn 1",
    "x\xC3\xA4 = 1",
    "x = 'ä'",
    "::x::",
    "::x",
    "::1::",
    "; ::x:: ;",
    "local a <const>, b = 1",
    "local a<const>=1",
    "local a < const > = 1 return a",
    "local function f(a, a) return a end",
    "for i = 1, 2 do i = 3 end",
    "local x <const> = 1 for x = 1, 2 do x = 3 end",
    "do local x <const> = 1 end x = 2",
    "while true do do goto x end ::x:: end",
    "repeat if x then break end until y",
    "repeat local x; goto e; ::e:: until x",
    "for i = 1, 2 do goto e; local x; ::e:: end",
    "return 1, ",
    "f(1,)",
    "f(,)",
    "f(a b)",
    "a = 1,",
    "local a =",
    "local",
    "local 1",
    "function",
    "function f",
    "function f(",
    "function f()",
    "if",
    "if x",
    "if x then",
    "for",
    "for i",
    "for i =",
    "while",
    "repeat",
    "do",
    "end",
    "until",
    "else",
    "then",
    "in",
    "or",
    "not",
    "nil",
    "true",
    "return nil.x",
    "return {}.x",
    "return ({}).x",
    "return 'x'.y",
    "return ('x').y",
    "return function() end()",
    "return (function() end)()",
    "return ... .x",
    "return (...).x",
    "return a.b'c'.d{e}",
    "goto continue ::continue::",
    "local x <close> = f() return x()",
    "local a <const> = 5; return function() return a end",
    "a = b; ; c = d",
    "a; = b",
    "return a;;",
    "do return end return",
    "do return; end x()",
};

static void the_table_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(sources); i++)
        same(sources[i], strlen(sources[i]), "table");
    same("return 1\0", 9, "NUL");
    same("return '\0'", 10, "NUL in a string");
    same("x = 1 \0 y = 2", 13, "NUL between");
}

static void each_file(const char *folder, int depth, void (*f)(const char *source, size_t len, const char *name))
{
    DIR *d = opendir(folder);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        char path[1024];
        MW_AUTO(mw_buf) text = {0};
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (e->d_type == DT_DIR && depth > 0)
            each_file(path, depth - 1, f);
        else if (e->d_type != DT_DIR && mw_file_read(path, &text, NULL) == MW_OK)
            f(text.data ? text.data : "", text.len, path);
    }
    if (d)
        closedir(d);
}

/* Each file whole, and cut and bent at every so many bytes. */
static void bend(const char *source, size_t len, const char *name)
{
    static const char *const put[] = {"end ", "(", "} ", "local ", ":: ", "'", "[[", "= ", "goto x ", ", "};
    MW_AUTO(mw_buf) bent = {0};

    same(source, len, name);
    for (size_t at = 1; at < len; at += 1 + len / 40) {
        same(source, at, name);
        same(source + at, len - at, name);
        mw_buf_reset(&bent);
        mw_buf_add(&bent, source, at, NULL);
        mw_buf_puts(&bent, put[at % MW_COUNT(put)]);
        mw_buf_add(&bent, source + at, len - at, NULL);
        same(bent.data, bent.len, name);
    }
}

static void every_script_agrees(void **state)
{
    (void)state;
    each_file(MW_SOURCE_DIR "/rules", 1, bend);
    each_file(MW_SOURCE_DIR "/scripts/audits", 0, bend);
    each_file(MW_SOURCE_DIR "/src/lua/lib", 0, bend);
    each_file(MW_SOURCE_DIR "/tests/fuzz/corpus/lua", 0, bend);
    each_file(MW_SOURCE_DIR "/tests/fuzz/corpus/matcher", 0, same);
}

/* ---- messages, depth, names ---- */

static void messages_say_what_was_expected(void **state)
{
    static const struct {
        const char *source, *message;
        unsigned line, column;
    } rows[] = {
        {"if x then\n\nreturn 1\n", "expected 'end' to close 'if' of line 1, found the end of the file", 4, 1},
        {"local x = = 1", "expected an expression, found '='", 1, 11},
        {"return { a = 1\n  b = 2 }", "expected '}' to close '{' of line 1, found 'b'", 2, 3},
        {"x = 'abc\n", "unfinished string: expected '", 1, 5},
        {"for x do end", "expected '=' or 'in', found 'do'", 1, 7},
        {"return 1 return 2", "expected the end of the block: return is its last statement, found 'return'", 1, 10},
        {"end", "expected the end of the file, found 'end'", 1, 1},
        {"x", "expected a statement: a call or an assignment, found the end of the file", 1, 2},
        {"while x do break end break", "'break' outside a loop", 1, 22},
        {"goto out", "no visible label 'out' for goto", 1, 1},
        {"x = 3x", "malformed number '3x'", 1, 5},
    };
    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_arena) arena = {0};
        mw_error err = {0};
        lua_tree tree;
        unsigned line, column;
        assert_false(we_take(rows[i].source, strlen(rows[i].source), &tree, &arena, &err));
        assert_string_equal(err.message, rows[i].message);
        mw_lua_position(&tree, tree.error_at, &line, &column);
        assert_int_equal(line, rows[i].line);
        assert_int_equal(column, rows[i].column);
    }
}

static void repeated(const char *open, const char *middle, const char *close, size_t n)
{
    MW_AUTO(mw_buf) text = {0};

    mw_buf_puts(&text, "return ");
    for (size_t i = 0; i < n; i++)
        mw_buf_puts(&text, open);
    mw_buf_puts(&text, middle);
    for (size_t i = 0; i < n; i++)
        mw_buf_puts(&text, close);
    same(text.data, text.len, open);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    for (size_t n = 50; n <= 50000; n *= 10) {
        repeated("(", "1", ")", n);
        repeated("{", "1", "}", n);
        repeated("not ", "1", "", n);
        repeated("a .. ", "1", "", n);
        repeated("a + ", "1", "", n);
        repeated("a.", "b", "", n);
        repeated("function() return ", "1", " end", n);
        repeated("f(", "1", ")", n);
    }
}

static void names_are_resolved(void **state)
{
    static const char source[] = "local a, b = 1, 2\nlocal function f(x) local a = x; b = a end\nreturn f(a), c";
    MW_AUTO(mw_arena) arena = {0};
    mw_error err = {0};
    lua_tree tree;
    const lua_symbol *s;

    (void)state;
    assert_true(we_take(source, sizeof(source) - 1, &tree, &arena, &err));
    s = tree.symbols;
    assert_true(mw_lua_is(s->name, "a") && s->reads == 1 && s->writes == 0);
    s = s->next;
    assert_true(mw_lua_is(s->name, "b") && s->reads == 0 && s->writes == 1);
    s = s->next;
    assert_true(mw_lua_is(s->name, "f") && s->reads == 1 && s->calls == 1);
    s = s->next;
    assert_true(mw_lua_is(s->name, "x") && s->kind == SYM_PARAM && s->reads == 1);
    s = s->next;
    assert_true(mw_lua_is(s->name, "a") && s->hides == tree.symbols && s->owner->parent == tree.main);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_agrees),
        cmocka_unit_test(every_script_agrees),
        cmocka_unit_test(messages_say_what_was_expected),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(names_are_resolved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
