/*
 * find, match, gmatch and gsub of scripts against Lua's own, on patterns made of every kind of item, well-formed and
 * malformed: the same results, or an error where Lua has one, or the budget used up. A fixed seed; MOONWARD_TEST_CASES
 * in the environment asks for more cases than the usual ones.
 */
#include "base/mem.h"
#include "base/str.h"
#include "lua/internal.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define CASES       60000
#define MATCHES_MAX 40

static uint64_t seed = 0x9E3779B97F4A7C15u;

/* xorshift64, Marsaglia 2003 */
static unsigned pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

/* Some text of up to @p most pieces. */
static void make(mw_buf *out, const mw_str *pieces, size_t count, unsigned most)
{
    mw_buf_reset(out);
    mw_buf_puts(out, "");
    for (unsigned n = pick(most + 1); n > 0; n--) {
        const mw_str *p = &pieces[pick((unsigned)count)];
        mw_buf_add(out, p->data, p->len, NULL);
    }
}

static const mw_str items[] = {
    MW_STR("a"),     MW_STR("b"),      MW_STR("1"),       MW_STR("."),      MW_STR("%a"),   MW_STR("%d"),
    MW_STR("%s"),    MW_STR("%w"),     MW_STR("%W"),      MW_STR("%p"),     MW_STR("%c"),   MW_STR("%x"),
    MW_STR("%l"),    MW_STR("%u"),     MW_STR("%g"),      MW_STR("%S"),     MW_STR("[ab]"), MW_STR("[^a]"),
    MW_STR("[a-c]"), MW_STR("[%a_]"),  MW_STR("[]]"),     MW_STR("[^]a]"),  MW_STR("[a-]"), MW_STR("[-a]"),
    MW_STR("[%]]"),  MW_STR("[%a-b]"), MW_STR("[^%d%s]"), MW_STR("%b()"),   MW_STR("%bab"), MW_STR("%baa"),
    MW_STR("%f[a]"), MW_STR("%f[^a]"), MW_STR("%f[%w]"),  MW_STR("%f[\0]"), MW_STR("("),    MW_STR(")"),
    MW_STR("()"),    MW_STR("(a*)"),   MW_STR("(.-)"),    MW_STR("%1"),     MW_STR("%2"),   MW_STR("%0"),
    MW_STR("*"),     MW_STR("+"),      MW_STR("-"),       MW_STR("?"),      MW_STR("^"),    MW_STR("$"),
    MW_STR("%"),     MW_STR("["),      MW_STR("[^"),      MW_STR("[a"),     MW_STR("%b"),   MW_STR("%bx"),
    MW_STR("%f"),    MW_STR("%%"),     MW_STR("%."),      MW_STR("\0"),     MW_STR("\xFF"), MW_STR("]"),
    MW_STR("a-"),    MW_STR("a*"),     MW_STR(".*"),      MW_STR("[ab]+"),
};
static const mw_str letters[] = {MW_STR("a"), MW_STR("a"), MW_STR("b"), MW_STR("ab"), MW_STR("1"),  MW_STR(" "),
                                 MW_STR("("), MW_STR(")"), MW_STR("_"), MW_STR("."),  MW_STR("\0"), MW_STR("\xFF"),
                                 MW_STR("Z"), MW_STR("]"), MW_STR("-"), MW_STR("%")};
static const mw_str replacements[] = {MW_STR("x"),  MW_STR("%0"), MW_STR("%1"), MW_STR("%2"),
                                      MW_STR("%%"), MW_STR("%"),  MW_STR("%a"), MW_STR("")};

enum { FIND, MATCH, GMATCH, GSUB, WAYS };
static const char *const names[WAYS] = {"find", "match", "gmatch", "gsub"};

struct question {
    int way, position, replace; /* position 0 = none; replace: 0 text, 1 table, 2 number */
    mw_buf text, pattern, with;
};

static void write_results(lua_State *L, int from, mw_buf *out)
{
    for (int i = from; i <= lua_gettop(L); i++) {
        size_t len;
        const char *s;
        if (lua_isinteger(L, i)) {
            mw_buf_printf(out, "|%lld", (long long)lua_tointeger(L, i));
        } else if (lua_type(L, i) == LUA_TSTRING) {
            s = lua_tolstring(L, i, &len);
            mw_buf_printf(out, "|%zu:", len);
            mw_buf_add(out, s, len, NULL);
        } else {
            mw_buf_printf(out, "|%s", luaL_typename(L, i));
        }
    }
}

static void write_error(lua_State *L, mw_buf *out)
{
    const char *text = lua_tostring(L, -1);

    mw_buf_reset(out);
    mw_buf_puts(out, text && strstr(text, "budget") ? "budget" : "error");
}

/* What the function at the top of the stack, which is popped, makes of it. */
static void answer(lua_State *L, const struct question *q, mw_buf *out)
{
    int base = lua_gettop(L) - 1, args = 2;

    mw_buf_reset(out);
    mw_buf_puts(out, "");
    lua_pushlstring(L, q->text.data, q->text.len);
    lua_pushlstring(L, q->pattern.data, q->pattern.len);
    if (q->way == GSUB) {
        args++;
        if (q->replace == 1) {
            lua_createtable(L, 0, 3);
            lua_pushliteral(L, "<a>");
            lua_setfield(L, -2, "a");
            lua_pushinteger(L, 7);
            lua_setfield(L, -2, "ab");
            lua_pushboolean(L, 0);
            lua_setfield(L, -2, "b");
        } else if (q->replace == 2) {
            lua_pushinteger(L, 12);
        } else {
            lua_pushlstring(L, q->with.data, q->with.len);
        }
    }
    if (q->position) {
        args++;
        lua_pushinteger(L, q->position);
    }
    if (lua_pcall(L, args, LUA_MULTRET, 0) != LUA_OK) {
        write_error(L, out);
    } else if (q->way == GMATCH) {
        for (int i = 0; i < MATCHES_MAX; i++) {
            lua_pushvalue(L, base + 1);
            if (lua_pcall(L, 0, LUA_MULTRET, 0) != LUA_OK) {
                write_error(L, out);
                break;
            }
            if (lua_gettop(L) == base + 1 || lua_isnil(L, base + 2))
                break;
            write_results(L, base + 2, out);
            lua_settop(L, base + 1);
        }
    } else {
        write_results(L, base + 1, out);
    }
    lua_settop(L, base);
}

static void test_same(void **state)
{
    const char *more = getenv("MOONWARD_TEST_CASES");
    unsigned long cases = more ? strtoul(more, NULL, 10) : CASES, budget = 0, errors = 0, matches = 0;
    lua_State *stock = luaL_newstate();
    MW_AUTO(mw_buf) ours = {.max = 1 << 20};
    MW_AUTO(mw_buf) theirs = {.max = 1 << 20};
    struct question q = {.text.max = 1 << 16, .pattern.max = 1 << 16, .with.max = 1 << 16};
    mw_vm *vm;

    (void)state;
    assert_int_equal(mw_vm_new(0, &vm, NULL), MW_OK);
    luaL_openlibs(stock);
    lua_getglobal(stock, "string");
    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, vm->base_ref);
    lua_getfield(vm->L, -1, "string");
    for (unsigned long i = 0; i < cases; i++) {
        q.way = (int)pick(WAYS);
        make(&q.text, letters, MW_COUNT(letters), 14);
        make(&q.pattern, items, MW_COUNT(items), 6);
        make(&q.with, replacements, MW_COUNT(replacements), 3);
        q.replace = (int)pick(3);
        q.position = pick(4) == 0 ? (int)pick(20) - 9 : 0;
        lua_getfield(vm->L, -1, names[q.way]);
        answer(vm->L, &q, &ours);
        lua_getfield(stock, -1, names[q.way]);
        answer(stock, &q, &theirs);
        if (strcmp(ours.data, "budget") == 0) {
            budget++;
            continue;
        }
        errors += strcmp(ours.data, "error") == 0;
        matches += strchr(ours.data, ':') != NULL;
        if (ours.len != theirs.len || memcmp(ours.data, theirs.data, ours.len) != 0)
            fail_msg("case %lu: %s(\"%s\", \"%s\", \"%s\", %d): ours %s, Lua's %s", i, names[q.way], q.text.data,
                     q.pattern.data, q.with.data, q.position, ours.data, theirs.data);
    }
    print_message("%lu cases: %lu matches, %lu errors, %lu out of budget\n", cases, matches, errors, budget);
    assert_true(matches > cases / 20 && errors > cases / 20 && budget < cases / 100);
    mw_buf_clear(&q.text);
    mw_buf_clear(&q.pattern);
    mw_buf_clear(&q.with);
    lua_settop(vm->L, 0);
    mw_vm_free(vm);
    lua_close(stock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
