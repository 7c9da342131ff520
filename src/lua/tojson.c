/*
 * Tables of scripts as JSON, for what leaves the worker: rule metadata, fixtures. Uses only calls of
 * Lua's API that cannot raise, so it may hold a buffer. Functions are written as a mark, everything
 * else that JSON does not know is refused by name.
 */
#include "lua/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 64
#define PATH_SIZE 256

struct writer {
    lua_State *L;
    mw_buf *out;
    mw_error *err;
    char path[PATH_SIZE];
};

static mw_status write_value(struct writer *w, int index, int depth);

static mw_status refuse(struct writer *w, const char *why)
{
    return mw_fail(w->err, MW_ERR_SCRIPT, "%s%s%s", w->path, w->path[0] ? ": " : "", why);
}

/* Keep where we are for messages; a path too long is cut. */
static size_t enter(struct writer *w, const char *key, size_t position)
{
    size_t len = strlen(w->path);

    if (key)
        snprintf(w->path + len, PATH_SIZE - len, "%s%s", len ? "." : "", key);
    else
        snprintf(w->path + len, PATH_SIZE - len, "[%zu]", position);
    return len;
}

static mw_status write_array(struct writer *w, int index, size_t n, int depth)
{
    lua_State *L = w->L;

    mw_buf_putc(w->out, '[');
    for (size_t i = 1; i <= n; i++) {
        size_t mark = enter(w, NULL, i);
        mw_status st;
        if (i > 1)
            mw_buf_putc(w->out, ',');
        lua_rawgeti(L, index, (lua_Integer)i);
        st = write_value(w, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
        if (st != MW_OK)
            return st;
        w->path[mark] = '\0';
    }
    mw_buf_putc(w->out, ']');
    return mw_buf_status(w->out, w->err);
}

static mw_status write_object(struct writer *w, int index, int depth)
{
    lua_State *L = w->L;
    bool first = true;

    mw_buf_putc(w->out, '{');
    lua_pushnil(L);
    while (lua_next(L, index)) {
        size_t len, mark;
        const char *key;
        mw_status st;
        if (lua_type(L, -2) != LUA_TSTRING) {
            lua_pop(L, 2);
            return refuse(w, "a table must be either a list or have only text keys");
        }
        key = lua_tolstring(L, -2, &len);
        mark = enter(w, key, 0);
        if (!first)
            mw_buf_putc(w->out, ',');
        first = false;
        mw_json_write_string(w->out, key, len);
        mw_buf_putc(w->out, ':');
        st = write_value(w, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
        if (st != MW_OK) {
            lua_pop(L, 1);
            return st;
        }
        w->path[mark] = '\0';
    }
    mw_buf_putc(w->out, '}');
    return mw_buf_status(w->out, w->err);
}

/* A part of a document that a script hands on. */
static mw_status write_proxy(struct writer *w, int index)
{
    const mw_proxy *p = mw__to_proxy(w->L, index);
    const mw_doc *d = p ? mw__vm(w->L)->doc[p->space] : NULL;

    if (!p || (p->kind != MW_PROXY_VALUE && p->kind != MW_PROXY_TAGS))
        return refuse(w, "only text, numbers, booleans and tables are allowed here");
    if (mw_snap_find_unknown(d, p->val) != MW_VAL_ABSENT)
        return refuse(w, "a part of it is unknown");
    return mw_json_write(w->out, d, p->val, MW_JSON_COMPACT) == MW_OK ? MW_OK : mw_buf_status(w->out, w->err);
}

static mw_status write_value(struct writer *w, int index, int depth)
{
    lua_State *L = w->L;
    const char *text;
    size_t len, n, members = 0;

    switch (lua_type(L, index)) {
    case LUA_TNIL: return mw_buf_puts(w->out, "null");
    case LUA_TBOOLEAN: return mw_buf_puts(w->out, lua_toboolean(L, index) ? "true" : "false");
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            return mw_buf_printf(w->out, "%lld", (long long)lua_tointeger(L, index));
        if (!isfinite(lua_tonumber(L, index)))
            return refuse(w, "a number must be finite");
        return mw_buf_printf(w->out, "%.17g", (double)lua_tonumber(L, index));
    case LUA_TSTRING: text = lua_tolstring(L, index, &len); return mw_json_write_string(w->out, text, len);
    case LUA_TFUNCTION:
        if (depth > 1)
            return refuse(w, "a function has no place here");
        return mw_buf_puts(w->out, "{\"$function\":true}");
    case LUA_TTABLE: break;
    case LUA_TUSERDATA: return write_proxy(w, index);
    default: return refuse(w, "only text, numbers, booleans and tables are allowed here");
    }
    if (depth >= DEPTH_MAX || !lua_checkstack(L, 8))
        return refuse(w, "tables are nested too deeply (or contain themselves)");
    if (mw__unfreeze(L, index)) {
        mw_status st = write_value(w, lua_gettop(L), depth);
        lua_pop(L, 1);
        return st;
    }
    n = (size_t)lua_rawlen(L, index);
    if (n == 0)
        return write_object(w, index, depth);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        members++;
    }
    if (members > n)
        return refuse(w, "a table must be either a list or have only text keys");
    return write_array(w, index, n, depth);
}

/* What is on top as JSON behind what @p out holds; on failure @p out is as before. */
static mw_status to_json(lua_State *L, mw_buf *out, mw_error *err)
{
    struct writer w = {.L = L, .out = out, .err = err, .path = ""};
    int top = lua_gettop(L);
    size_t start = out->len;
    mw_status st = write_value(&w, top, 0);

    lua_settop(L, top);
    if (st == MW_OK)
        return MW_OK;
    if (out->data) {
        out->len = start;
        out->data[start] = '\0';
    }
    out->failed = MW_OK;
    if (st != MW_ERR_LIMIT)
        return st;
    return mw_fail(err, st, "the table is larger than %zu bytes as JSON", out->max);
}

mw_status mw__to_json(lua_State *L, int index, mw_buf *out, mw_error *err)
{
    mw_status st;

    if (!lua_checkstack(L, 8))
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    lua_pushvalue(L, index);
    st = to_json(L, out, err);
    lua_pop(L, 1);
    return st;
}

mw_status mw_vm_to_json(mw_vm *vm, int ref, size_t index, mw_buf *out, mw_error *err)
{
    int top = lua_gettop(vm->L);
    mw_status st;

    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, ref);
    if (index > 0)
        lua_rawgeti(vm->L, -1, (lua_Integer)index);
    st = to_json(vm->L, out, err);
    lua_settop(vm->L, top);
    return st;
}
