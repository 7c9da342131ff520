/*
 * The prompt's environment, the way values look, and what may follow a dot. Buffers belong to the caller, because a
 * Lua error may leave any function here. Values are written by walking documents, which runs no script code.
 */
#include "lua/prompt.h"

#include "lua/internal.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX     12
#define MEMBERS_MAX   200
#define LIST_SHOWN    20
#define SHORT_COLUMNS 72
#define STRING_SHOWN  ((size_t)8192)

struct prompt {
    const mw_vm_subject *s;
    const char *source;
    size_t len;
    mw_buf *out, *scratch;
    bool more;
};

/* ---- how values look ---- */

static void indent(mw_buf *out, int depth)
{
    mw_buf_printf(out, "\n%*s", 2 * depth, "");
}

static void show_unknown(mw_buf *out, const mw_doc *d, mw_val cause)
{
    const char *operation = mw_val_get_str(d, cause, "operation", NULL); /* none: nobody asked */

    mw_buf_printf(out, "unknown(%s%s%s)", operation ? operation : "", operation ? ": " : "",
                  mw_val_get_str(d, cause, "code", "?"));
}

static bool fits_a_line(const mw_doc *d, mw_val v)
{
    size_t n = mw_val_len(d, v), columns = 0;

    for (size_t i = 0; i < n; i++) {
        mw_val key = MW_VAL_ABSENT,
               e = mw_val_kind(d, v) == MW_KIND_OBJECT ? mw_val_member(d, v, i, &key) : mw_val_at(d, v, i);
        size_t len = 0;
        if (mw_val_kind(d, e) == MW_KIND_UNKNOWN || mw_val_len(d, e) > 0)
            return false;
        mw_val_str(d, e, &len);
        columns += len + 8;
        if (key != MW_VAL_ABSENT && mw_val_str(d, key, &len))
            columns += len;
        if (columns > SHORT_COLUMNS)
            return false;
    }
    return true;
}

/* Indented JSON, in which what is unknown says so. */
static void show(mw_buf *out, const mw_doc *d, mw_val v, int depth)
{
    mw_kind kind = mw_val_kind(d, v);
    size_t n = mw_val_len(d, v);
    bool object = kind == MW_KIND_OBJECT, flat;

    if (out->failed != MW_OK)
        return;
    if (kind == MW_KIND_UNKNOWN) {
        show_unknown(out, d, mw_val_cause(d, v));
        return;
    }
    if (kind == MW_KIND_ABSENT || (kind != MW_KIND_ARRAY && !object)) {
        mw_json_write(out, d, kind == MW_KIND_ABSENT ? MW_VAL_NULL : v, MW_JSON_COMPACT);
        return;
    }
    if (depth > DEPTH_MAX) {
        mw_buf_puts(out, object ? "{…}" : "[…]");
        return;
    }
    flat = fits_a_line(d, v);
    mw_buf_putc(out, object ? '{' : '[');
    for (size_t i = 0; i < n && out->failed == MW_OK; i++) {
        mw_val key = MW_VAL_ABSENT, e = object ? mw_val_member(d, v, i, &key) : mw_val_at(d, v, i);
        mw_buf_puts(out, i ? (flat ? ", " : ",") : "");
        if (!flat)
            indent(out, depth + 1);
        if (i == MEMBERS_MAX) {
            mw_buf_printf(out, "… %zu more", n - i);
            break;
        }
        if (object) {
            mw_json_write(out, d, key, MW_JSON_COMPACT);
            mw_buf_puts(out, ": ");
        }
        show(out, d, e, depth + 1);
    }
    if (!flat)
        indent(out, depth);
    mw_buf_putc(out, object ? '}' : ']');
}

static void show_list(mw_buf *out, mw_vm *vm, const mw_proxy *p)
{
    mw_buf_printf(out, "%u resource%s", p->count, p->count == 1 ? "" : "s");
    for (uint32_t i = 0; i < p->count && i < LIST_SHOWN; i++) {
        const char *id = mw_snap_text(vm->snap, mw__proxy_items(p)[i], vm->snap->id);
        mw_buf_printf(out, "%s%s", i ? ", " : ": ", id ? id : "?");
    }
    mw_buf_puts(out, p->count > LIST_SHOWN ? ", …" : "");
}

static void show_proxy(mw_buf *out, mw_vm *vm, const mw_proxy *p)
{
    const mw_doc *d = vm->doc[p->space];

    if (p->kind == MW_PROXY_LIST)
        show_list(out, vm, p);
    else
        show(out, d, p->kind == MW_PROXY_DOC ? mw_val_get_atom(d, p->val, vm->snap->item) : p->val, 0);
}

/* A table of the script's, as a document: then its keys are in order. Raises nothing. */
static void show_table(lua_State *L, int index, mw_buf *out, mw_buf *scratch)
{
    mw_doc_builder *b = NULL;
    mw_error err = {0};

    mw_buf_reset(scratch);
    if (mw__to_json(L, index, scratch, &err) == MW_OK && mw_doc_builder_new(NULL, &b, &err) == MW_OK &&
        mw_json_read(b, scratch->data, scratch->len, NULL, NULL, &err) == MW_OK)
        show(out, mw_doc_view(b), mw_doc_pop(b), 0);
    else
        mw_buf_printf(out, "table (%s)", err.message);
    mw_doc_builder_free(b);
}

/* What is longer than anybody reads is cut between characters. */
static void show_string(const char *s, size_t len, mw_buf *out)
{
    size_t shown = len;

    if (len > STRING_SHOWN)
        for (shown = STRING_SHOWN; shown > 0 && ((unsigned char)s[shown] & 0xC0) == 0x80;)
            shown--;
    mw_json_write_string(out, s, shown);
    if (shown < len)
        mw_buf_printf(out, "… of %zu bytes", len);
}

MW_LJMP static void show_value(lua_State *L, int index, mw_buf *out, mw_buf *scratch)
{
    const mw_proxy *p = mw__to_proxy(L, index);
    const char *text;
    size_t len;

    index = lua_absindex(L, index);
    if (p) {
        show_proxy(out, mw__vm(L), p);
        return;
    }
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &len);
        show_string(text, len, out);
        return;
    case LUA_TTABLE:
        if (mw__unfreeze(L, index)) {
            mw_buf_puts(out, "a read-only table; Tab behind its dot lists what it has");
            lua_pop(L, 1);
        } else {
            show_table(L, index, out, scratch);
        }
        return;
    case LUA_TUSERDATA:
        if (!mw__verdict_text(L, index, out))
            mw_buf_puts(out, "a value");
        return;
    case LUA_TFUNCTION: mw_buf_puts(out, "function"); return;
    default:
        text = mw__tostring(L, index, &len);
        mw_buf_add(out, text, len, NULL);
        lua_pop(L, 1);
    }
}

/* ---- the environment ---- */

MW_LJMP static int prompt_print(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    int n = lua_gettop(L);

    for (int i = 1; i <= n; i++) {
        size_t len;
        const char *text = mw__tostring(L, i, &len);
        if (vm->shown) {
            mw_buf_puts(vm->shown, i > 1 ? "\t" : "");
            mw_buf_add(vm->shown, text, len, NULL);
        }
        lua_pop(L, 1);
    }
    if (vm->shown)
        mw_buf_putc(vm->shown, '\n');
    return 0;
}

MW_LJMP static void open_prompt(lua_State *L)
{
    mw__open_verdicts(L);
    lua_pushcfunction(L, prompt_print);
    lua_setfield(L, -2, "print");
}

MW_LJMP static int open_protected(lua_State *L)
{
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    mw__push_env(L, open_prompt);
    mw__vm(L)->prompt_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

mw_status mw_vm_prompt_open(mw_vm *vm, mw_error *err)
{
    return mw__vm_run(vm, open_protected, NULL, MW_VM_LOAD_MS, err);
}

/* ---- running ---- */

static bool ends_early(lua_State *L)
{
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);

    return text && len >= 5 && memcmp(text + len - 5, "<eof>", 5) == 0;
}

MW_LJMP static void compile(lua_State *L, struct prompt *p)
{
    mw_buf_reset(p->scratch);
    mw_buf_puts(p->scratch, "return ");
    mw_buf_add(p->scratch, p->source, p->len, NULL);
    if (p->scratch->failed == MW_OK && luaL_loadbufferx(L, p->scratch->data, p->scratch->len, "=prompt", "t") == LUA_OK)
        return;
    lua_settop(L, 2);
    if (luaL_loadbufferx(L, p->source, p->len, "=prompt", "t") != LUA_OK) {
        p->more = ends_early(L);
        lua_error(L);
    }
}

/* The environment, at index 2, with the resource at hand in it. [-0, +1, m] */
MW_LJMP static void push_session(lua_State *L, const mw_vm_subject *s)
{
    mw_vm *vm = mw__vm(L);

    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->prompt_ref);
    if (mw_val_kind(vm->doc[MW_SPACE_SNAPSHOT], s->resource) == MW_KIND_OBJECT)
        mw__push_val(L, MW_SPACE_SNAPSHOT, s->resource, MW_PROXY_RESOURCE);
    else
        lua_pushnil(L);
    lua_setfield(L, 2, "r");
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->ctx_ref);
    lua_setfield(L, 2, "ctx");
}

MW_LJMP static int run_protected(lua_State *L)
{
    struct prompt *p = lua_touserdata(L, 1);
    mw_vm *vm = mw__vm(L);
    int last;

    push_session(L, p->s);
    compile(L, p);
    lua_pushvalue(L, 2);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, LUA_MULTRET);
    if (vm->unknown_pending)
        return luaL_error(L, "unknown");
    last = lua_gettop(L);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    for (int i = 3; i <= last; i++) {
        show_value(L, i, p->out, p->scratch);
        mw_buf_putc(p->out, '\n');
    }
    if (last >= 3) {
        lua_pushvalue(L, 3);
        lua_setfield(L, 2, "_");
    }
    return 0;
}

/* What did not fit is said, behind the last whole character. */
static void cut(mw_buf *out)
{
    static const char note[] = "\n… the rest is not shown\n";
    size_t len = out->len;

    if (out->failed != MW_ERR_LIMIT)
        return;
    out->failed = MW_OK;
    out->max += sizeof(note);
    while (len > 0 && ((unsigned char)out->data[len - 1] & 0xC0) == 0x80)
        len--;
    if (len > 0 && (unsigned char)out->data[len - 1] >= 0xC0)
        len--;
    if (len < out->len && out->data) {
        out->len = len;
        out->data[len] = '\0';
    }
    mw_buf_puts(out, note);
}

static void show_log(const mw_vm *vm, mw_buf *out)
{
    for (size_t i = 0; i < mw_vm_log_count(vm); i++)
        mw_buf_printf(out, "log: %s\n", mw_vm_log_at(vm, i));
}

static void show_pending(const mw_vm *vm, mw_buf *out)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];

    if (vm->unknown_is_scope && vm->unknown == MW_VAL_NULL)
        mw_buf_printf(out, "unknown(%s: not collected)", vm->unknown_what);
    else
        show_unknown(out, d, vm->unknown_is_scope ? mw_val_get(d, vm->unknown, "cause") : mw_val_cause(d, vm->unknown));
    mw_buf_putc(out, '\n');
}

mw_status mw_vm_prompt_run(mw_vm *vm, const mw_vm_subject *s, const char *source, size_t len, mw_buf *shown, bool *more,
                           mw_error *err)
{
    struct prompt p = {
        .s = s, .source = source, .len = len, .out = shown, .scratch = &(mw_buf){.max = MW_VM_SOURCE_MAX * 2}};
    char *trace;
    mw_status st;

    *more = false;
    if (len > MW_VM_SOURCE_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "%zu bytes; a chunk has at most %zu", len, MW_VM_SOURCE_MAX);
    mw__subject_begin(vm, s);
    vm->shown = shown;
    st = mw__vm_run(vm, run_protected, &p, s->soft_ms, err);
    vm->shown = NULL;
    vm->subject = NULL;
    mw_buf_clear(p.scratch);
    if (st == MW_ERR_SCRIPT && p.more) {
        *more = true;
        if (err)
            err->status = MW_OK;
        return MW_OK;
    }
    show_log(vm, shown);
    if (err && (trace = strstr(err->message, " stack traceback:")) != NULL)
        *trace = '\0'; /* of one line there is nothing to trace */
    if (st == MW_ERR_SCRIPT && vm->unknown_pending) {
        show_pending(vm, shown);
        st = MW_OK;
        if (err)
            err->status = MW_OK;
    }
    cut(shown);
    return st;
}

/* ---- what may follow a dot ---- */

static bool is_name(const char *s)
{
    return *s && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0' &&
           !(*s >= '0' && *s <= '9');
}

static void add_name(mw_buf *out, const char *name)
{
    if (is_name(name))
        mw_buf_printf(out, "%s\n", name);
}

MW_LJMP static void table_names(lua_State *L, int table, mw_buf *out)
{
    table = lua_absindex(L, table);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (lua_type(L, -2) == LUA_TSTRING)
            add_name(out, lua_tostring(L, -2));
        lua_pop(L, 1);
    }
}

static void object_names(const mw_doc *d, mw_val object, mw_buf *out)
{
    for (size_t i = 0; mw_val_kind(d, object) == MW_KIND_OBJECT && i < mw_val_len(d, object); i++) {
        mw_val key;
        mw_val_member(d, object, i, &key);
        add_name(out, mw_val_str(d, key, NULL));
    }
}

static void proxy_names(const mw_vm *vm, const mw_proxy *p, mw_buf *out)
{
    static const char *const envelope[] = {"account", "arn",       "created", "doc",  "id",
                                           "name",    "partition", "region",  "tags", "type"};
    const mw_doc *d = vm->doc[p->space];
    bool list = p->kind == MW_PROXY_LIST || (p->kind == MW_PROXY_VALUE && mw_val_kind(d, p->val) == MW_KIND_ARRAY);

    if (p->kind == MW_PROXY_TAGS)
        mw_buf_puts(out, "get\nhas\n");
    else
        mw_buf_puts(out, "path\nsearch\n");
    if (list)
        mw_buf_puts(out, "all\nany\ncount\neach\nfind\nhas\n");
    for (size_t i = 0; p->kind == MW_PROXY_RESOURCE && i < MW_COUNT(envelope); i++)
        add_name(out, envelope[i]);
    object_names(d,
                 p->kind == MW_PROXY_RESOURCE || p->kind == MW_PROXY_DOC ? mw_val_get_atom(d, p->val, vm->snap->item)
                                                                         : p->val,
                 out);
}

/* Replace the value on top by its member; nil where a script's own code would have to run. */
MW_LJMP static void step(lua_State *L, const char *name, size_t len)
{
    bool ctx;

    lua_rawgeti(L, LUA_REGISTRYINDEX, mw__vm(L)->ctx_ref);
    ctx = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    lua_pushlstring(L, name, len);
    if (ctx || mw__to_proxy(L, -2)) {
        lua_gettable(L, -2); /* our own index functions */
    } else if (lua_type(L, -2) == LUA_TSTRING) {
        lua_pop(L, 1);
        lua_pushnil(L);
    } else if (mw__unfreeze(L, -2)) {
        lua_insert(L, -2);
        lua_rawget(L, -2);
        lua_remove(L, -2);
    } else if (lua_istable(L, -2)) {
        lua_rawget(L, -2);
    } else {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    lua_remove(L, -2);
}

MW_LJMP static void push_base(lua_State *L)
{
    lua_getmetatable(L, 2);
    lua_getfield(L, -1, "__index");
    lua_remove(L, -2);
}

MW_LJMP static int names_protected(lua_State *L)
{
    struct prompt *p = lua_touserdata(L, 1);
    mw_vm *vm = mw__vm(L);
    const char *at = p->source, *end = p->source + p->len;
    const mw_proxy *proxy;

    push_session(L, p->s);
    if (p->len == 0) {
        table_names(L, 2, p->out);
        push_base(L);
        table_names(L, -1, p->out);
        return 0;
    }
    for (bool first = true; at < end; first = false) {
        size_t n = 0;
        while (at + n < end && at[n] != '.' && at[n] != ':')
            n++;
        if (first) {
            lua_pushlstring(L, at, n);
            if (lua_rawget(L, 2) == LUA_TNIL) {
                lua_pop(L, 1);
                push_base(L);
                lua_pushlstring(L, at, n);
                lua_rawget(L, -2);
                lua_remove(L, -2);
            }
        } else {
            step(L, at, n);
        }
        at += n + 1;
    }
    proxy = mw__to_proxy(L, -1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->ctx_ref);
    if (lua_rawequal(L, -1, -2)) {
        for (size_t i = 0; mw__ctx_member_at(i); i++)
            add_name(p->out, mw__ctx_member_at(i));
        return 0;
    }
    lua_pop(L, 1);
    if (proxy)
        proxy_names(vm, proxy, p->out);
    else if (mw__unfreeze(L, -1) || lua_istable(L, -1))
        table_names(L, -1, p->out);
    return 0;
}

mw_status mw_vm_prompt_names(mw_vm *vm, const mw_vm_subject *s, const char *chain, size_t len, mw_buf *out,
                             mw_error *err)
{
    struct prompt p = {.s = s, .source = chain, .len = len, .out = out};
    mw_status st;

    mw__subject_begin(vm, s);
    st = mw__vm_run(vm, names_protected, &p, s->soft_ms, err);
    vm->subject = NULL;
    return st == MW_ERR_SCRIPT ? MW_OK : st; /* something unknown on the way: nothing to offer */
}
