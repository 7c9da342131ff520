/*
 * What only tests of rules ask of the VM: tracebacks of script errors, and the functions that
 * instrumented text (lua/instrument.h) reports its way to. A sweep pays for neither. The functions bound
 * every number that a script gives them, for a script may call them itself.
 */
#include "lua/instrument.h"
#include "lua/internal.h"

#include <string.h>

#define WAY_OPEN 0x80u /* a loop was reached and its body not yet run */

/* ---- tracebacks ---- */

void mw_vm_keep_tracebacks(mw_vm *vm)
{
    vm->keep_tracebacks = true;
}

const char *mw_vm_traceback(const mw_vm *vm)
{
    return vm->traceback;
}

/* The handler's own call and return are events for the deadline's hook, which must not raise in it. */
bool mw__tracing(lua_State *L)
{
    lua_Debug ar;
    bool own = false;

    if (!mw__vm(L)->keep_tracebacks)
        return false;
    if (lua_getstack(L, 0, &ar) && lua_getinfo(L, "f", &ar)) {
        own = lua_tocfunction(L, -1) == mw__trace;
        lua_pop(L, 1);
    }
    return own;
}

/* "…:\n\t" becomes lines; the frames of C at both ends say nothing about the script. */
static const char *keep_lines(mw_vm *vm, const char *text)
{
    MW_AUTO(mw_buf) out = {.max = 16 << 10};

    for (const char *at = strchr(text, '\n'); at; at = strchr(at, '\n')) {
        size_t n;
        at += strspn(at, "\n\t");
        n = strcspn(at, "\n");
        if (n >= 4 && memcmp(at, "[C]:", 4) == 0)
            continue;
        if (out.len)
            mw_buf_putc(&out, '\n');
        mw_buf_add(&out, at, n, NULL);
    }
    return out.len ? mw_arena_strndup(vm->arena, out.data, out.len) : NULL;
}

MW_LJMP int mw__trace(lua_State *L)
{
    mw_vm *vm = mw__vm(L);

    /* An unknown is no error, and a deadline's message has its own. */
    if (!vm->subject || vm->unknown_pending || vm->expired || vm->oom || vm->traceback || lua_type(L, 1) != LUA_TSTRING)
        return 1;
    luaL_traceback(L, L, NULL, 1);
    vm->traceback = keep_lines(vm, lua_tostring(L, -1));
    lua_pop(L, 1);
    return 1;
}

/* ---- marks ---- */

void mw_vm_set_marks(mw_vm *vm, uint8_t *ways, size_t count)
{
    vm->ways = ways;
    vm->way_count = count;
}

/* The byte of the mark that a call names; NULL: there is none. */
static uint8_t *way(lua_State *L)
{
    uint8_t *ways = lua_touserdata(L, lua_upvalueindex(1));
    lua_Integer n = lua_tointeger(L, 1);

    return n >= 0 && n < lua_tointeger(L, lua_upvalueindex(2)) ? &ways[n] : NULL;
}

static int reached(lua_State *L)
{
    uint8_t *w = way(L);

    if (w)
        *w |= MW_WAY_TRUE;
    return 0;
}

static int branched(lua_State *L)
{
    uint8_t *w = way(L);

    if (w)
        *w |= lua_toboolean(L, 2) ? MW_WAY_TRUE : MW_WAY_FALSE;
    lua_settop(L, 2);
    return 1;
}

static int loop_reached(lua_State *L)
{
    uint8_t *w = way(L);

    if (w)
        *w |= WAY_OPEN;
    return 0;
}

static int loop_entered(lua_State *L)
{
    uint8_t *w = way(L);

    if (w)
        *w = (uint8_t)((*w & ~WAY_OPEN) | MW_WAY_TRUE);
    return 0;
}

static int loop_left(lua_State *L)
{
    uint8_t *w = way(L);

    if (w && *w & WAY_OPEN)
        *w = (uint8_t)((*w & ~WAY_OPEN) | MW_WAY_FALSE);
    return 0;
}

MW_LJMP void mw__open_marks(lua_State *L)
{
    static const luaL_Reg functions[] = {{"__mw_s", reached},
                                         {"__mw_b", branched},
                                         {"__mw_l", loop_reached},
                                         {"__mw_e", loop_entered},
                                         {"__mw_x", loop_left}};
    mw_vm *vm = mw__vm(L);

    for (size_t i = 0; vm->ways && i < MW_COUNT(functions); i++) {
        lua_pushlightuserdata(L, vm->ways);
        lua_pushinteger(L, (lua_Integer)vm->way_count);
        lua_pushcclosure(L, functions[i].func, 2);
        lua_setfield(L, -2, functions[i].name);
    }
}
