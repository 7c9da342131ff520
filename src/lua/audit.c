/*
 * The functions of an audit script: `aws` asks the host and gives back read-only proxies, `print`,
 * `emit` and `columns` hand text on. A call that failed raises a table with operation, code and message,
 * which pcall catches. Nothing here decides what may be called: the broker does.
 */
#include "lua/audit.h"

#include "lua/internal.h"

#include <stdio.h>
#include <string.h>

#define PAGES_MAX     100000
#define OPERATION_MAX 128

/* ---- asking ---- */

/* Push the table that describes a failed call. [-0, +1, m] */
MW_LJMP static void push_failure(lua_State *L, const char *operation, const mw_vm_answer *answer)
{
    const char *const members[][2] = {{"operation", operation}, {"code", answer->code}, {"message", answer->message}};

    lua_createtable(L, 0, 4);
    for (size_t i = 0; i < MW_COUNT(members); i++) {
        lua_pushstring(L, members[i][1]);
        lua_setfield(L, -2, members[i][0]);
    }
    luaL_where(L, 1);
    lua_setfield(L, -2, "where");
}

MW_LJMP static const char *check_operation(lua_State *L, int index)
{
    size_t len;
    const char *name = luaL_checklstring(L, index, &len), *colon = strchr(name, ':');

    luaL_argcheck(L, colon && colon > name && colon[1] && len < OPERATION_MAX && strlen(name) == len, index,
                  "an operation is written \"ec2:DescribeInstances\"");
    return name;
}

/* Parameters as JSON in the VM's scratch buffer; data NULL when there are none. */
MW_LJMP static mw_str read_params(lua_State *L, int index)
{
    mw_vm *vm = mw__vm(L);
    mw_error err = {0};

    if (lua_isnoneornil(L, index))
        return (mw_str){NULL, 0};
    luaL_argexpected(L, lua_istable(L, index) || mw__to_proxy(L, index), index, "table of parameters");
    mw_buf_reset(&vm->scratch);
    vm->scratch.max = MW_VM_PARAMS_MAX;
    if (mw__to_json(L, index, &vm->scratch, &err) != MW_OK)
        luaL_error(L, "parameters: %s", err.message);
    return (mw_str){vm->scratch.data, vm->scratch.len};
}

/* Arguments: operation, parameters, options. */
MW_LJMP static const char *ask(lua_State *L, mw_vm_ask kind, mw_vm_answer *answer)
{
    mw_vm *vm = mw__vm(L);
    const char *operation = check_operation(L, 1);
    mw_vm_question q = {.kind = kind, .operation = mw_str_of(operation)};
    lua_Integer pages = 0;

    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 3, LUA_TTABLE);
        if (lua_getfield(L, 3, "max_pages") != LUA_TNIL)
            pages = luaL_checkinteger(L, -1);
        luaL_argcheck(L, pages >= 0 && pages <= PAGES_MAX, 3, "max_pages is out of range");
        lua_pop(L, 1);
    }
    q.pages_max = (uint32_t)pages;
    q.params = read_params(L, 2);
    mw__poll(L);
    answer->ok = false;
    vm->audit->host->ask(vm->audit->host->user, &q, answer);
    mw__forget_atoms(vm);
    return operation;
}

MW_LJMP static void ask_or_raise(lua_State *L, mw_vm_ask kind, mw_vm_answer *answer)
{
    const char *operation = ask(L, kind, answer);

    if (!answer->ok) {
        push_failure(L, operation, answer);
        lua_error(L);
    }
}

MW_LJMP static void push_value(lua_State *L, mw_val v)
{
    mw__push_val(L, MW_SPACE_BUNDLE, v, MW_PROXY_VALUE);
}

MW_LJMP static int aws_call(lua_State *L)
{
    mw_vm_answer answer;

    ask_or_raise(L, MW_VM_ASK_CALL, &answer);
    push_value(L, mw_val_at(mw__vm(L)->audit->answers, answer.pages, 0));
    return 1;
}

MW_LJMP static int aws_try(lua_State *L)
{
    mw_vm_answer answer;
    const char *operation = ask(L, MW_VM_ASK_CALL, &answer);

    if (!answer.ok) {
        lua_pushnil(L);
        push_failure(L, operation, &answer);
        return 2;
    }
    push_value(L, mw_val_at(mw__vm(L)->audit->answers, answer.pages, 0));
    return 1;
}

/* Upvalues: the pages, position. */
MW_LJMP static int pages_step(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    const mw_doc *d = mw__vm(L)->audit->answers;
    mw_val pages = (mw_val)lua_tointeger(L, lua_upvalueindex(1));

    if ((size_t)i >= mw_val_len(d, pages))
        return 0;
    lua_pushinteger(L, i + 1);
    lua_replace(L, lua_upvalueindex(2));
    push_value(L, mw_val_at(d, pages, (size_t)i));
    return 1;
}

MW_LJMP static int aws_pages(lua_State *L)
{
    mw_vm_answer answer;

    ask_or_raise(L, MW_VM_ASK_PAGES, &answer);
    lua_pushinteger(L, (lua_Integer)answer.pages);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, pages_step, 2);
    return 1;
}

/* Upvalues: the pages, path of the list, page, position in its list. Null elements are left out. */
MW_LJMP static int items_step(lua_State *L)
{
    const mw_doc *d = mw__vm(L)->audit->answers;
    mw_val pages = (mw_val)lua_tointeger(L, lua_upvalueindex(1));
    lua_Integer page = lua_tointeger(L, lua_upvalueindex(3)), i = lua_tointeger(L, lua_upvalueindex(4));

    for (; (size_t)page < mw_val_len(d, pages); page++, i = 0) {
        mw_val list = mw_val_path(d, mw_val_at(d, pages, (size_t)page), lua_tostring(L, lua_upvalueindex(2)));
        while (mw_val_kind(d, list) == MW_KIND_ARRAY && (size_t)i < mw_val_len(d, list)) {
            mw_val v = mw_val_at(d, list, (size_t)i++);
            if (mw_val_kind(d, v) <= MW_KIND_NULL)
                continue;
            lua_pushinteger(L, page);
            lua_replace(L, lua_upvalueindex(3));
            lua_pushinteger(L, i);
            lua_replace(L, lua_upvalueindex(4));
            push_value(L, v);
            return 1;
        }
    }
    lua_pushinteger(L, page);
    lua_replace(L, lua_upvalueindex(3));
    return 0;
}

MW_LJMP static int aws_items(lua_State *L)
{
    mw_vm_answer answer;

    ask_or_raise(L, MW_VM_ASK_ITEMS, &answer);
    lua_pushinteger(L, (lua_Integer)answer.pages);
    lua_pushstring(L, answer.key);
    lua_pushinteger(L, 0);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, items_step, 4);
    return 1;
}

/* aws.ec2("DescribeInstances", params). Upvalue: the service. */
MW_LJMP static int service_call(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_pushfstring(L, "%s:%s", lua_tostring(L, lua_upvalueindex(1)), lua_tostring(L, 1));
    lua_replace(L, 1);
    return aws_call(L);
}

/* ---- giving ---- */

MW_LJMP static int audit_print(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    int n = lua_gettop(L);

    luaL_checkstack(L, n + 4, "too many values to print");
    for (int i = 1; i <= n; i++)
        mw__tostring(L, i, NULL); /* first all of them: a document's part is written in the scratch buffer */
    vm->scratch.max = MW_VM_LINE_MAX;
    mw_buf_reset(&vm->scratch);
    for (int i = 1; i <= n; i++) {
        size_t len, room = MW_VM_LINE_MAX - 1 - vm->scratch.len;
        const char *text = lua_tolstring(L, n + i, &len);
        if (i > 1 && room > 0) {
            mw_buf_putc(&vm->scratch, '\t');
            room--;
        }
        mw_buf_add(&vm->scratch, text, len < room ? len : room, NULL);
    }
    if (!vm->audit->host->line(vm->audit->host->user, (mw_str){vm->scratch.data, vm->scratch.len}))
        return luaL_error(L, "too many lines were printed");
    return 0;
}

MW_LJMP static int audit_emit(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    mw_error err = {0};

    luaL_argexpected(L, lua_istable(L, 1) || mw__to_proxy(L, 1), 1, "table of columns");
    mw_buf_reset(&vm->scratch);
    vm->scratch.max = MW_VM_ROW_MAX;
    if (mw__to_json(L, 1, &vm->scratch, &err) != MW_OK)
        return luaL_error(L, "emit: %s", err.message);
    if (vm->scratch.data[0] != '{' || vm->scratch.len < 3)
        return luaL_error(L, "emit: a row has columns by name: emit{ user = name }");
    if (!vm->audit->host->row(vm->audit->host->user, (mw_str){vm->scratch.data, vm->scratch.len}))
        return luaL_error(L, "too many rows");
    return 0;
}

MW_LJMP static int audit_columns(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    mw_error err = {0};

    luaL_checktype(L, 1, LUA_TTABLE);
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, 1); i++) {
        luaL_argcheck(L, lua_rawgeti(L, 1, i) == LUA_TSTRING, 1, "columns are named by text");
        lua_pop(L, 1);
    }
    mw_buf_reset(&vm->scratch);
    vm->scratch.max = MW_VM_ROW_MAX;
    if (mw__to_json(L, 1, &vm->scratch, &err) != MW_OK)
        return luaL_error(L, "columns: %s", err.message);
    if (!vm->audit->host->columns(vm->audit->host->user, (mw_str){vm->scratch.data, vm->scratch.len}))
        return luaL_error(L, "too many columns");
    return 0;
}

/* json(text): the value as a document, or nil and why not. Policies and the like come as text. */
MW_LJMP static int audit_json(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    mw_error err = {0};
    mw_val v = MW_VAL_ABSENT;
    mw_str text;

    text.data = luaL_checklstring(L, 1, &text.len);
    mw__poll(L);
    if (!vm->audit->host->parse(vm->audit->host->user, text, &v, &err)) {
        lua_pushnil(L);
        lua_pushstring(L, err.message);
        return 2;
    }
    mw__forget_atoms(vm);
    push_value(L, v);
    return 1;
}

/* ---- the script's world ---- */

/* Upvalue: what there is by name; any other name is a service. */
MW_LJMP static int aws_index(lua_State *L)
{
    lua_settop(L, 2);
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, service_call, 1);
    return 1;
}

MW_LJMP static int aws_newindex(lua_State *L)
{
    return luaL_error(L, "'aws' is read-only");
}

MW_LJMP static void push_aws(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"call", aws_call}, {"try", aws_try}, {"pages", aws_pages}, {"items", aws_items}, {NULL, NULL}};
    const mw_vm_audit *a = mw__vm(L)->audit;
    const char *const texts[][2] = {{"account", a->account}, {"region", a->region}, {"partition", a->partition}};

    lua_newtable(L);
    lua_createtable(L, 0, 3);
    luaL_newlib(L, functions);
    for (size_t i = 0; i < MW_COUNT(texts); i++) {
        lua_pushstring(L, texts[i][1]);
        lua_setfield(L, -2, texts[i][0]);
    }
    lua_pushinteger(L, (lua_Integer)a->now_unix);
    lua_setfield(L, -2, "now");
    lua_pushboolean(L, a->first);
    lua_setfield(L, -2, "first");
    lua_pushcclosure(L, aws_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, aws_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

MW_LJMP void mw__open_audit(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"print", audit_print}, {"emit", audit_emit}, {"columns", audit_columns}, {"json", audit_json}, {NULL, NULL}};
    const mw_vm_audit *a = mw__vm(L)->audit;

    luaL_newlib(L, functions);
    push_aws(L);
    lua_setfield(L, -2, "aws");
    mw__push_inventory(L);
    lua_setfield(L, -2, "inventory");
    lua_createtable(L, (int)a->arg_count, 0);
    for (size_t i = 0; i < a->arg_count; i++) {
        lua_pushstring(L, a->args[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "args");
}

struct run {
    const mw_vm_audit *a;
    bool call_failed;
};

/* The error value on top: a failed call that nobody caught becomes text. [-1, +1, m] */
MW_LJMP static void say_failure(lua_State *L, struct run *r)
{
    static const char *const names[] = {"where", "operation", "code", "message"};

    if (!lua_istable(L, -1))
        return;
    for (int i = 0; i < 4; i++) {
        lua_pushstring(L, names[i]);
        if (lua_rawget(L, -2 - i) != LUA_TSTRING) {
            lua_pop(L, i + 1);
            return;
        }
    }
    lua_pushfstring(L, "%s%s: %s (%s)", lua_tostring(L, -4), lua_tostring(L, -3), lua_tostring(L, -2),
                    lua_tostring(L, -1));
    r->call_failed = true;
}

MW_LJMP static int run_protected(lua_State *L)
{
    struct run *r = lua_touserdata(L, 1);
    const mw_vm_audit *a = r->a;

    luaL_checkstack(L, LUA_MINSTACK, NULL);
    mw__push_env(L, mw__open_audit);
    lua_pushfstring(L, "@%s", a->path);
    if (luaL_loadbufferx(L, a->source, a->len, lua_tostring(L, -1), "t") != LUA_OK)
        return lua_error(L);
    lua_pushvalue(L, 2);
    lua_setupvalue(L, -2, 1);
    if (!a->host)
        return 0;
    switch (lua_pcall(L, 0, 0, 0)) {
    case LUA_OK: return 0;
    case LUA_ERRMEM: mw__vm(L)->oom = true; break;
    default:
        mw__poll(L); /* the deadline passed while something else was raised: that is why it ended */
        say_failure(L, r);
        break;
    }
    return lua_error(L);
}

mw_status mw_vm_audit_run(mw_vm *vm, const mw_vm_audit *a, mw_error *err)
{
    /* Nobody is judged; what rules may read is no question here. */
    const mw_vm_rule none = {.resource = ""};
    const mw_vm_subject nobody = {.rule = &none, .resource = MW_VAL_ABSENT, .params = MW_VAL_ABSENT};
    struct run r = {.a = a};
    mw_status st;

    if (a->len > MW_VM_SOURCE_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "%s: %zu bytes; a script has at most %zu", a->path, a->len, MW_VM_SOURCE_MAX);
    vm->audit = a;
    mw_vm_set_documents(vm, a->snap, a->answers);
    mw__reads_begin(vm);
    vm->unknown_pending = false;
    vm->subject = &nobody;
    st = mw__vm_run(vm, run_protected, &r, a->host ? a->soft_ms : MW_VM_LOAD_MS, err);
    vm->audit = NULL;
    vm->subject = NULL;
    if (st == MW_ERR_NOMEM || st == MW_ERR_TIMEOUT)
        return mw_error_prefix(err, st, "%s", a->path);
    if (st == MW_ERR_SCRIPT && r.call_failed) {
        if (err)
            err->status = MW_ERR_AWS;
        return MW_ERR_AWS;
    }
    return st;
}
