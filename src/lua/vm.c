/*
 * The VM's life: a Lua state with a capped allocator, deadlines driven by the owner's timer, files
 * loaded as text into an environment of their own. Relies on every entry into Lua being protected
 * (mw__vm_run), so no Lua error can reach abort(). It must never give a script a function that is
 * not on the list, nor run a VM further in which a deadline or the memory ceiling was hit.
 */
#include "lua/internal.h"

#include "base/arena.h"
#include "base/sys.h"

#include <stdio.h>
#include <string.h>

static void *capped_alloc(void *ud, void *old, size_t old_size, size_t size)
{
    mw_vm *vm = ud;
    size_t before = old ? old_size : 0; /* for a new object Lua passes its type there */
    void *p;

    if (size == 0) {
        vm->used -= before;
        mw_free(old);
        return NULL;
    }
    if (size > before && size - before > vm->max - vm->used)
        return NULL;
    p = mw_realloc(old, size);
    if (p) {
        vm->used = vm->used - before + size;
        if (vm->used > vm->peak)
            vm->peak = vm->used;
    }
    return p;
}

/* ---- deadlines ---- */

static void deadline_hook(lua_State *L, lua_Debug *unused)
{
    mw_vm *vm = mw__vm(L);
    lua_Debug ar;

    (void)unused;
    if (!vm->expired || mw__tracing(L))
        return;
    vm->spoiled = true;
    luaL_checkstack(L, 8, NULL);
    lua_pushliteral(L, "");
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0) {
            lua_pop(L, 1);
            lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
            break;
        }
    }
    if (vm->interrupted)
        lua_pushfstring(L, "%sinterrupted", lua_tostring(L, -1));
    else
        lua_pushfstring(L, "%sdeadline of %d ms passed", lua_tostring(L, -1), (int)vm->soft_ms);
    luaL_traceback(L, L, lua_tostring(L, -1), 0);
    lua_error(L);
}

static void expire(mw_vm *vm)
{
    if (vm->expired)
        return;
    vm->expired = 1;
    /* Documented as safe in a signal handler: lua.c does the same for Ctrl-C. */
    lua_sethook(vm->L, deadline_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

void mw_vm_tick(mw_vm *vm)
{
    if (!vm->running)
        return;
    if (vm->seen != vm->sequence) {
        vm->seen = vm->sequence;
        vm->ticks = 0;
        return;
    }
    if (++vm->ticks >= vm->tick_limit)
        expire(vm);
}

void mw_vm_interrupt(mw_vm *vm)
{
    if (!vm->running || vm->expired)
        return;
    vm->interrupted = 1;
    expire(vm);
}

static void begin(mw_vm *vm, unsigned limit_ms)
{
    vm->running = 0;
    if (vm->expired && !vm->spoiled) {
        /* The tick came between two evaluations: nothing was interrupted. */
        lua_sethook(vm->L, NULL, 0, 0);
        vm->expired = vm->interrupted = 0;
    }
    vm->sequence++;
    vm->soft_ms = limit_ms;
    vm->tick_limit = (sig_atomic_t)(limit_ms / MW_VM_TICK_MS + (limit_ms % MW_VM_TICK_MS != 0));
    vm->running = 1;
}

MW_LJMP void mw__poll(lua_State *L)
{
    if (mw__vm(L)->expired)
        deadline_hook(L, NULL);
}

void mw_vm_peak_reset(mw_vm *vm)
{
    vm->peak = vm->used;
    vm->base = vm->used;
}

size_t mw_vm_peak(const mw_vm *vm)
{
    return vm->peak - vm->base;
}

bool mw_vm_exhausted(const mw_vm *vm)
{
    return vm->oom;
}

bool mw_vm_spoiled(const mw_vm *vm)
{
    return vm->spoiled || vm->oom;
}

/* ---- protected entry ---- */

void mw__error_text(lua_State *L, int index, char *out, size_t size)
{
    size_t len;
    const char *text;

    if (lua_type(L, index) != LUA_TSTRING) {
        snprintf(out, size, "the error value is a %s, not text", lua_typename(L, lua_type(L, index)));
        return;
    }
    text = lua_tolstring(L, index, &len);
    if (len >= size)
        len = size - 1;
    memcpy(out, text, len);
    out[len] = '\0';
    /* A traceback becomes one line. */
    for (char *p = out; (p = strchr(p, '\n')) != NULL; p++)
        *p = p[1] == '\t' ? '<' : ' ';
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
}

mw_status mw__vm_call(mw_vm *vm, int args, int results, unsigned limit_ms, mw_error *err)
{
    lua_State *L = vm->L;
    char text[MW_ERROR_MESSAGE_SIZE];
    int base = lua_gettop(L) - args - 1, rc, handler = 0;

    begin(vm, limit_ms);
    if (vm->keep_tracebacks) {
        handler = base + 1;
        lua_pushcfunction(L, mw__trace);
        lua_insert(L, handler);
    }
    rc = lua_pcall(L, args, results, handler);
    if (handler)
        lua_remove(L, handler);
    vm->running = 0;
    if (rc == LUA_OK)
        return MW_OK;
    if (rc == LUA_ERRMEM || vm->oom) {
        vm->oom = true;
        lua_settop(L, base);
        return mw_fail(err, MW_ERR_NOMEM, "memory ceiling of %zu MiB reached", vm->max >> 20);
    }
    mw__error_text(L, -1, text, sizeof(text));
    lua_settop(L, base);
    if (!vm->spoiled)
        return mw_fail(err, MW_ERR_SCRIPT, "%s", text);
    if (strstr(text, "deadline of ")) /* else there was no room for it on the stack of C */
        return mw_fail(err, MW_ERR_TIMEOUT, "%s", text);
    return mw_fail(err, MW_ERR_TIMEOUT, "deadline of %u ms passed: %s", limit_ms, text);
}

mw_status mw__vm_run(mw_vm *vm, lua_CFunction fn, void *arg, unsigned limit_ms, mw_error *err)
{
    lua_pushcfunction(vm->L, fn);
    lua_pushlightuserdata(vm->L, arg);
    return mw__vm_call(vm, 1, 0, limit_ms, err);
}

/* ---- building the world that scripts see ---- */

MW_LJMP static void merge(lua_State *L, int from, int into)
{
    from = lua_absindex(L, from);
    into = lua_absindex(L, into);
    lua_pushnil(L);
    while (lua_next(L, from)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, into);
    }
}

MW_LJMP static int open_all(lua_State *L)
{
    static const struct {
        const char *name;
        void (*open)(lua_State *L);
    } libraries[] = {
        {"string", mw__open_string}, {"table", mw__open_table}, {"math", mw__open_math}, {"utf8", mw__open_utf8}};
    mw_vm *vm = mw__vm(L);

    luaL_checkstack(L, LUA_MINSTACK, NULL);
    mw__open_freezing(L);
    mw__open_proxies(L);
    mw__open_base(L);
    for (size_t i = 0; i < MW_COUNT(libraries); i++) {
        libraries[i].open(L);
        mw__freeze(L);
        lua_setfield(L, -2, libraries[i].name);
    }
    lua_pushcfunction(L, mw__require);
    lua_setfield(L, -2, "require");
    vm->base_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    vm->modules_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    mw__open_ctx(L);
    return 0;
}

static int panic(lua_State *L)
{
    (void)L;
    return 0; /* then Lua aborts: the worker dies, the broker reports it */
}

mw_status mw_vm_new(size_t max_bytes, mw_vm **out, mw_error *err)
{
    mw_vm *vm = mw_alloc(sizeof(*vm));
    mw_status st;

    *out = NULL;
    if (!vm)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a Lua VM");
    vm->max = max_bytes ? max_bytes : MW_VM_BYTES_DEFAULT;
    vm->arena = mw_alloc(sizeof(*vm->arena));
    vm->L = vm->arena ? lua_newstate(capped_alloc, vm) : NULL;
    if (!vm->L) {
        mw_free(vm->arena);
        mw_free(vm);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a Lua VM");
    }
    vm->arena->max_bytes = (size_t)4 << 20;
    *(mw_vm **)lua_getextraspace(vm->L) = vm;
    lua_atpanic(vm->L, panic);
    st = mw__vm_run(vm, open_all, NULL, 10 * MW_VM_LOAD_MS, err);
    if (st != MW_OK) {
        mw_vm_free(vm);
        return mw_error_prefix(err, st, "Lua libraries");
    }
    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, vm->ctx_ref); /* MW_STACK_CTX */
    lua_pushnil(vm->L);                                 /* MW_STACK_RESOURCE */
    *out = vm;
    return MW_OK;
}

void mw_vm_free(mw_vm *vm)
{
    if (!vm)
        return;
    vm->running = 0;
    lua_sethook(vm->L, NULL, 0, 0);
    lua_close(vm->L);
    for (size_t i = 0; i < MW_ID_INDEXES; i++)
        mw_free(vm->index_at[i].slots);
    mw__search_free(vm->search);
    mw__refs_free(vm->refs);
    mw_buf_clear(&vm->scratch);
    mw_arena_clear(vm->arena);
    mw_free(vm->arena);
    mw_free(vm);
}

/* ---- loading ---- */

struct load {
    mw_vm_flavour flavour;
    const char *path, *source;
    size_t len;
    int ref;
};

MW_LJMP static int env_is_read_only(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TSTRING)
        return luaL_error(L, "global '%s' cannot be set while checks run; use a local", lua_tostring(L, 2));
    return luaL_error(L, "globals cannot be set while checks run");
}

MW_LJMP void mw__push_env(lua_State *L, void (*extras)(lua_State *))
{
    mw_vm *vm = mw__vm(L);

    lua_newtable(L);
    lua_createtable(L, 0, 2);
    lua_newtable(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->base_ref);
    merge(L, -1, -2);
    lua_pop(L, 1);
    if (extras) {
        extras(L);
        merge(L, -1, -2);
        lua_pop(L, 1);
    }
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

MW_LJMP void mw__seal_env(lua_State *L, int env)
{
    lua_getmetatable(L, env);
    lua_getfield(L, -1, "__index");
    merge(L, env, -1);
    lua_pop(L, 1);
    lua_pushcfunction(L, env_is_read_only);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
    lua_pushvalue(L, env);
    mw__freeze_members(L);
    lua_pop(L, 1);
    lua_pushnil(L);
    while (lua_next(L, env)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, env); /* clearing while traversing is allowed */
    }
}

/*
 * Rules that made no globals read through one environment, the first one's: what all of them call is in one place then,
 * and in the processor's cache when the next rule calls it. The chunk at @p chunk and its functions share their variable.
 */
MW_LJMP static void share_env(lua_State *L, int env, int chunk)
{
    mw_vm *vm = mw__vm(L);

    lua_pushnil(L);
    if (lua_next(L, env)) {
        lua_pop(L, 2);
        return;
    }
    if (vm->shared_env_ref == 0) {
        lua_pushvalue(L, env);
        vm->shared_env_ref = luaL_ref(L, LUA_REGISTRYINDEX);
        return;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->shared_env_ref);
    lua_setupvalue(L, chunk, 1);
}

MW_LJMP static int load_protected(lua_State *L)
{
    struct load *l = lua_touserdata(L, 1);
    mw_vm *vm = mw__vm(L);
    int env, chunk;

    luaL_checkstack(L, LUA_MINSTACK, NULL);
    vm->declared_rule = NULL;
    mw__push_env(L, l->flavour == MW_VM_RULE ? mw__open_verdicts : mw__open_fixtures);
    env = lua_gettop(L);
    lua_pushfstring(L, "@%s", l->path);
    if (luaL_loadbufferx(L, l->source, l->len, lua_tostring(L, -1), "t") != LUA_OK)
        return lua_error(L);
    lua_pushvalue(L, env);
    lua_setupvalue(L, -2, 1);
    chunk = lua_gettop(L);
    lua_pushvalue(L, chunk);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        return luaL_error(L, "%s: the file must end with 'return %s'", l->path,
                          l->flavour == MW_VM_RULE ? "rule { … }" : "{ … }");
    if (l->flavour == MW_VM_RULE && lua_topointer(L, -1) != vm->declared_rule)
        return luaL_error(L, "%s: the file must end with 'return rule { … }'", l->path);
    if (l->flavour == MW_VM_RULE && !vm->ways) /* with marks, each has its own functions */
        share_env(L, env, chunk);
    mw__seal_env(L, env);
    if (l->flavour == MW_VM_RULE)
        mw__freeze(L);
    lua_pushvalue(L, -1);
    l->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

mw_status mw_vm_load(mw_vm *vm, mw_vm_flavour flavour, const char *path, const char *source, size_t len, int *ref,
                     mw_error *err)
{
    struct load l = {.flavour = flavour, .path = path, .source = source, .len = len, .ref = LUA_NOREF};
    mw_status st;

    *ref = LUA_NOREF;
    if (len > MW_VM_SOURCE_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "%s: %zu bytes; a script has at most %zu", path, len, MW_VM_SOURCE_MAX);
    st = mw__vm_run(vm, load_protected, &l, MW_VM_LOAD_MS, err);
    if (st != MW_OK && (!err || strncmp(err->message, path, strlen(path)) != 0))
        return mw_error_prefix(err, st, "%s", path);
    if (st == MW_OK)
        *ref = l.ref;
    return st;
}

size_t mw_vm_list_len(mw_vm *vm, int ref)
{
    size_t len;

    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, ref);
    len = (size_t)lua_rawlen(vm->L, -1);
    lua_pop(vm->L, 1);
    return len;
}
