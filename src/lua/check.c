/*
 * Verdicts and the evaluation of one rule on one resource. Everything a script can do wrong ends
 * here as one plain verdict: an error is `error`, an unknown value that was read is `unknown`, and
 * nothing but pass() is a pass, or an empty list of verdicts: there was nothing to find fault with.
 */
#include "lua/internal.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char verdict_meta = 0; /* its address: registry key of the metatable of verdicts */

typedef struct verdict {
    uint32_t mark; /* MW_VERDICT_MARK */
    bool plain;    /* pass() with nothing to say */
    mw_vm_outcome outcome;
    size_t reads_from, reads_to; /* what was read since the verdict before */
} verdict;

enum { VERDICT_MESSAGE = 1, VERDICT_SUBKEY = 2 };

static const char *const outcome_names[] = {"pass", "fail", "not_applicable", "unknown", "error"};

/* ---- pass, fail, not_applicable, unknown ---- */

MW_LJMP static verdict *new_verdict(lua_State *L, mw_vm_outcome outcome)
{
    verdict *v = lua_newuserdatauv(L, sizeof(*v), 2);

    *v = (verdict){.mark = MW_VERDICT_MARK, .outcome = outcome};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &verdict_meta);
    lua_setmetatable(L, -2);
    return v;
}

MW_LJMP int mw__make_verdict(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    mw_vm_outcome outcome = (mw_vm_outcome)lua_tointeger(L, lua_upvalueindex(1));
    const char *name = outcome_names[outcome];
    int args = lua_gettop(L), message, subkey;
    verdict *v;

    if (args > 0 && lua_istable(L, 1)) {
        lua_settop(L, 1);
        if (mw__unfreeze(L, 1))
            lua_replace(L, 1);
        mw__sorted_keys(L, 1); /* the same key is named every time */
        for (int i = 1; lua_rawgeti(L, 2, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
            const char *key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
            if (strcmp(key, "message") != 0 && strcmp(key, "subkey") != 0)
                return luaL_error(L, "%s{…}: unknown key '%s'; it takes message and subkey", name, key);
        }
        lua_getfield(L, 1, "message");
        lua_getfield(L, 1, "subkey");
    } else {
        if (args > 0 && !lua_isnil(L, 1)) {
            luaL_argexpected(L, lua_type(L, 1) == LUA_TSTRING, 1, "text or a table");
            mw__format(L, 1, true);
        } else {
            lua_pushnil(L);
        }
        lua_pushnil(L);
    }
    subkey = lua_gettop(L);
    message = subkey - 1;
    if (!lua_isnil(L, message)) {
        mw__tostring(L, message, NULL);
        lua_replace(L, message);
    }
    if (!lua_isnil(L, subkey)) {
        size_t len;
        mw__tostring(L, subkey, &len);
        lua_replace(L, subkey);
        if (len > MW_VM_SUBKEY_MAX)
            return luaL_error(L, "%s: a subkey has at most %d bytes", name, MW_VM_SUBKEY_MAX);
        /* Repaired on the way out, two could become one. */
        if (!mw_utf8_valid(lua_tostring(L, subkey), len) || memchr(lua_tostring(L, subkey), '\0', len))
            return luaL_error(L, "%s: a subkey is UTF-8 text", name);
    }
    v = new_verdict(L, outcome);
    v->reads_from = vm->verdict_mark;
    v->reads_to = vm->verdict_mark = vm->read_count;
    lua_pushvalue(L, message);
    lua_setiuservalue(L, -2, VERDICT_MESSAGE);
    lua_pushvalue(L, subkey);
    lua_setiuservalue(L, -2, VERDICT_SUBKEY);
    return 1;
}

/* pass() with nothing to say: one for all. */
MW_LJMP int mw__make_pass(lua_State *L)
{
    mw_vm *vm = mw__vm(L);

    if (lua_gettop(L) > 0)
        return mw__make_verdict(L);
    vm->verdict_mark = vm->read_count;
    lua_pushvalue(L, lua_upvalueindex(2));
    return 1;
}

MW_LJMP static int declare_rule(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    mw__vm(L)->declared_rule = lua_topointer(L, 1);
    return 1;
}

MW_LJMP void mw__open_verdicts(lua_State *L)
{
    int top = lua_gettop(L);

    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &verdict_meta) == LUA_TNIL) {
        lua_createtable(L, 0, 2);
        lua_pushliteral(L, "verdict");
        lua_setfield(L, -2, "__name");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
        lua_rawsetp(L, LUA_REGISTRYINDEX, &verdict_meta);
    }
    lua_settop(L, top);
    lua_createtable(L, 0, 8);
    for (int i = MW_VM_PASS; i <= MW_VM_UNKNOWN; i++) {
        lua_pushinteger(L, i);
        new_verdict(L, MW_VM_PASS)->plain = true;
        lua_pushcclosure(L, i == MW_VM_PASS ? mw__make_pass : mw__make_verdict, 2);
        lua_setfield(L, -2, outcome_names[i]);
    }
    lua_pushcfunction(L, declare_rule);
    lua_setfield(L, -2, "rule");
    mw__open_marks(L);
}

/* unknown(operation, code, message) in a fixture. */
MW_LJMP static int fixture_unknown(lua_State *L)
{
    static const char *const names[] = {"operation", "code", "message"};

    lua_settop(L, 3);
    lua_createtable(L, 0, 1);
    lua_createtable(L, 0, 3);
    for (int i = 0; i < 3; i++) {
        if (lua_isnil(L, i + 1))
            continue;
        luaL_checkstring(L, i + 1);
        lua_pushvalue(L, i + 1);
        lua_setfield(L, -2, names[i]);
    }
    lua_setfield(L, -2, "$unknown");
    return 1;
}

MW_LJMP void mw__open_fixtures(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, fixture_unknown);
    lua_setfield(L, -2, "unknown");
}

/* ---- readiness ---- */

void mw_vm_set_documents(mw_vm *vm, const mw_snap *snap, const mw_doc *bundle)
{
    vm->snap = snap;
    vm->doc[MW_SPACE_SNAPSHOT] = snap ? snap->doc : NULL;
    vm->doc[MW_SPACE_BUNDLE] = bundle;
    vm->resource_val = MW_VAL_ABSENT;
    vm->outline_at.type = MW_ATOM_NONE;
    vm->outline_at.outline = MW_VAL_ABSENT;
    vm->now_known = false;
    mw__forget_atoms(vm);
}

MW_LJMP static int ready_protected(lua_State *L)
{
    mw_vm_rule *rule = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, rule->ref);
    lua_getfield(L, -1, "check");
    if (!lua_isfunction(L, -1))
        return luaL_error(L, "rule '%s' has no check function", rule->id);
    luaL_unref(L, LUA_REGISTRYINDEX, rule->ref);
    rule->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

mw_status mw_vm_rule_ready(mw_vm *vm, mw_vm_rule *rule, mw_error *err)
{
    return mw__vm_run(vm, ready_protected, rule, MW_VM_LOAD_MS, err);
}

/* ---- evaluation ---- */

static const char *keep(mw_vm *vm, const char *text, size_t len)
{
    const char *copy = mw_arena_strndup(vm->arena, text, len);

    return copy ? copy : "(out of memory for this text)";
}

static void one_verdict(mw_vm *vm, mw_vm_outcome outcome, const char *message)
{
    mw_vm_verdict *v = &vm->verdicts[0];

    vm->verdict_count = 1;
    v->outcome = outcome;
    v->subkey = NULL;
    v->message = keep(vm, message, strlen(message));
    v->evidence = "[]";
}

static verdict *to_verdict(lua_State *L, int index)
{
    verdict *v = lua_touserdata(L, index);

    return v && v->mark == MW_VERDICT_MARK ? v : NULL;
}

/* Text of a uservalue, cut at a character boundary, or NULL. Cannot raise. */
static const char *uservalue(mw_vm *vm, int index, int which, size_t max)
{
    lua_State *L = vm->L;
    const char *text = NULL;
    size_t len;

    if (lua_getiuservalue(L, index, which) == LUA_TSTRING) {
        text = lua_tolstring(L, -1, &len);
        if (len > max) {
            len = max;
            while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
                len--;
        }
        text = keep(vm, text, len);
    }
    lua_pop(L, 1);
    return text;
}

static const char *evidence_of(mw_vm *vm, const verdict *v)
{
    MW_AUTO(mw_buf) text = {.max = 2 * MW_VM_EVIDENCE_MAX};
    size_t from = v->reads_from, to = v->reads_to;
    const char *copy;

    if (v->outcome != MW_VM_FAIL)
        return "[]";
    if (from == to) { /* several verdicts made after one round of reading */
        from = 0;
        to = vm->read_count;
    }
    if (mw__evidence(vm, from, to, &text) != MW_OK)
        return "[]";
    copy = mw_arena_strndup(vm->arena, text.data, text.len);
    return copy ? copy : "[]";
}

/* Worst first: what a group of verdicts amounts to. */
static int badness(mw_vm_outcome o)
{
    static const int order[] = {
        [MW_VM_PASS] = 0, [MW_VM_NOT_APPLICABLE] = 1, [MW_VM_UNKNOWN] = 2, [MW_VM_ERROR] = 3, [MW_VM_FAIL] = 4};

    return order[o];
}

/* A verdict into plain data. False, with an error verdict set, when it cannot stand beside the others. */
static bool take(mw_vm *vm, int index, const verdict *v)
{
    mw_vm_verdict *out = &vm->verdicts[vm->verdict_count];
    const char *subkey = uservalue(vm, index, VERDICT_SUBKEY, MW_VM_SUBKEY_MAX);
    char text[512];

    for (size_t i = 0; i < vm->verdict_count; i++) {
        const char *other = vm->verdicts[i].subkey;
        if ((other && subkey && strcmp(other, subkey) == 0) || (!other && !subkey)) {
            if (subkey)
                snprintf(text, sizeof(text), "two verdicts have the subkey '%s'", subkey);
            else
                snprintf(text, sizeof(text), "several verdicts without a subkey: name each by subkey = …");
            one_verdict(vm, MW_VM_ERROR, text);
            return false;
        }
    }
    out->outcome = v->outcome;
    out->subkey = subkey;
    out->message = uservalue(vm, index, VERDICT_MESSAGE, MW_VM_MESSAGE_MAX);
    out->evidence = evidence_of(vm, v);
    vm->verdict_count++;
    return true;
}

static void wrong_result(mw_vm *vm, const char *what)
{
    char text[256];

    snprintf(text, sizeof(text),
             "check returned %s; expected pass(), fail(…), not_applicable(…), unknown(…) or a list of them", what);
    one_verdict(vm, MW_VM_ERROR, text);
}

static const char *describe(lua_State *L, int index, char *out, size_t size)
{
    if (lua_type(L, index) == LUA_TNIL)
        return "nothing";
    if (lua_type(L, index) == LUA_TBOOLEAN)
        return lua_toboolean(L, index) ? "true" : "false";
    if (lua_type(L, index) == LUA_TUSERDATA)
        return mw__to_proxy(L, index) ? "a part of the resource" : "a value";
    snprintf(out, size, "a %s", lua_typename(L, lua_type(L, index)));
    return out;
}

static void read_list(mw_vm *vm, int index)
{
    lua_State *L = vm->L;
    size_t n = (size_t)lua_rawlen(L, index), members = 0, left = 0;
    mw_vm_outcome worst = MW_VM_PASS;
    char what[64], text[96];

    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        members++;
    }
    if (members != n) {
        wrong_result(vm, "a table that is not a list");
        return;
    }
    if (n == 0) {
        vm->verdict_count = 1;
        vm->verdicts[0] = (mw_vm_verdict){.outcome = MW_VM_PASS, .evidence = "[]"};
        return;
    }
    for (size_t i = 1; i <= n; i++) {
        verdict *v;
        int at;
        lua_rawgeti(L, index, (lua_Integer)i);
        at = lua_gettop(L);
        v = to_verdict(L, at);
        if (!v) {
            snprintf(text, sizeof(text), "a list with %s in it", describe(L, at, what, sizeof(what)));
            wrong_result(vm, text);
            return;
        }
        if (vm->verdict_count == MW_VM_VERDICTS_MAX - 1 && n > MW_VM_VERDICTS_MAX) {
            left++;
            if (badness(v->outcome) > badness(worst))
                worst = v->outcome;
        } else if (!take(vm, at, v)) {
            return;
        }
        lua_pop(L, 1);
    }
    if (left > 0) {
        mw_vm_verdict *rest = &vm->verdicts[vm->verdict_count++];
        snprintf(text, sizeof(text), "%zu more verdicts, of which the worst is %s", left, outcome_names[worst]);
        rest->outcome = worst;
        rest->subkey = "(more)";
        rest->message = keep(vm, text, strlen(text));
        rest->evidence = "[]";
    }
}

/* Outside of the protected call: raises nothing and runs no script code. */
static void read_result(mw_vm *vm, int index)
{
    lua_State *L = vm->L;
    verdict *v = to_verdict(L, index);
    char what[64];

    if (v && v->plain) {
        vm->verdict_count = 1;
        vm->verdicts[0] = (mw_vm_verdict){.outcome = MW_VM_PASS, .evidence = "[]"};
    } else if (v) {
        take(vm, index, v);
    } else if (mw__unfreeze(L, index)) {
        read_list(vm, lua_gettop(L));
    } else if (lua_istable(L, index) && !lua_getmetatable(L, index)) { /* ctx is a table, too */
        read_list(vm, index);
    } else {
        wrong_result(vm, describe(L, index, what, sizeof(what)));
    }
}

MW_LJMP static int push_resource(lua_State *L)
{
    mw__push_subject(L);
    return 1;
}

/* The proxy of the resource; the same for all rules that judge it. */
static mw_status prepare(mw_vm *vm, const mw_vm_subject *s, mw_error *err)
{
    mw_status st;

    vm->resource_val = MW_VAL_ABSENT;
    lua_pushcfunction(vm->L, push_resource);
    if ((st = mw__vm_call(vm, 0, 1, s->soft_ms, err)) != MW_OK)
        return st;
    lua_replace(vm->L, MW_STACK_RESOURCE);
    vm->resource_val = s->resource;
    return MW_OK;
}

static void unknown_verdict(mw_vm *vm)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_val cause = vm->unknown_is_scope ? mw_val_get(d, vm->unknown, "cause") : mw_val_cause(d, vm->unknown);
    char text[MW_VM_MESSAGE_MAX], why[512];

    if (vm->unknown_is_scope && vm->unknown == MW_VAL_NULL)
        snprintf(why, sizeof(why), "it was not collected");
    else
        mw_snap_cause_text(d, cause, why, sizeof(why));
    snprintf(text, sizeof(text), "%s is unknown: %s", vm->unknown_what, why);
    one_verdict(vm, MW_VM_UNKNOWN, text);
}

/* What an evaluation, or a line at the prompt, left behind is void. */
static void forget(mw_vm *vm)
{
    if (vm->arena->blocks)
        mw_arena_clear(vm->arena);
    vm->verdict_count = 0;
    vm->log_count = 0;
    vm->traceback = NULL;
    vm->unknown_pending = false;
    mw__reads_begin(vm);
}

static void set_subject(mw_vm *vm, const mw_vm_subject *s)
{
    vm->subject = s;
    if (vm->resource_val != s->resource) {
        vm->subject_item = mw_val_get_atom(vm->snap->doc, s->resource, vm->snap->item);
        vm->subject_outline = mw__resource(vm, s->resource).outline;
    }
    if (!vm->now_known || vm->now_world != s->world) {
        vm->now = mw_snap_now(vm->snap, s->world);
        vm->now_world = s->world;
        vm->now_known = true;
    }
}

void mw__subject_begin(mw_vm *vm, const mw_vm_subject *s)
{
    set_subject(vm, s);
    forget(vm);
}

bool mw__verdict_text(lua_State *L, int index, mw_buf *out)
{
    mw_vm *vm = mw__vm(L);
    const verdict *v = to_verdict(L, index);
    const char *parts[2];

    if (!v)
        return false;
    parts[0] = uservalue(vm, index, VERDICT_SUBKEY, MW_VM_SUBKEY_MAX);
    parts[1] = uservalue(vm, index, VERDICT_MESSAGE, MW_VM_MESSAGE_MAX);
    mw_buf_puts(out, outcome_names[v->outcome]);
    mw_buf_putc(out, '(');
    for (int i = 0, shown = 0; i < 2; i++) {
        if (!parts[i])
            continue;
        mw_buf_puts(out, shown++ ? ": " : "");
        mw_buf_puts(out, parts[i]);
    }
    mw_buf_putc(out, ')');
    return true;
}

static mw_status run_check(mw_vm *vm, const mw_vm_subject *s, mw_error *err)
{
    lua_State *L = vm->L;
    mw_status st = MW_OK;

    forget(vm);
    if (vm->resource_val != s->resource)
        st = prepare(vm, s, err);
    if (st != MW_OK)
        return st;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->rule->ref);
    lua_pushvalue(L, MW_STACK_RESOURCE);
    lua_pushvalue(L, MW_STACK_CTX);
    st = mw__vm_call(vm, 2, 2, s->soft_ms, err);
    if (st == MW_OK && !lua_isnil(L, -1))
        st = mw_fail(err, MW_ERR_SCRIPT, "check returned several values; return a list of verdicts instead");
    /* A rule cannot outlive an unknown that it read outside try(). */
    if (st == MW_OK && !vm->unknown_pending)
        read_result(vm, MW_STACK_OWN + 1);
    lua_settop(L, MW_STACK_OWN);
    return st;
}

size_t mw_vm_check(mw_vm *vm, const mw_vm_subject *s, const mw_vm_verdict **verdicts)
{
    mw_error *err = &vm->error; /* not cleared: it is only read after a failure */
    mw_status st;

    set_subject(vm, s);
    vm->checks = true;
    st = run_check(vm, s, err);
    /* What evaluations before this one left of the names' table must not show: once more with all of it. */
    if (vm->names_short && !vm->names_whole && !mw_vm_spoiled(vm)) {
        mw__names_clear(vm);
        st = run_check(vm, s, err);
    }
    if (vm->unknown_pending && (st == MW_OK || st == MW_ERR_SCRIPT))
        unknown_verdict(vm);
    else if (st != MW_OK)
        one_verdict(vm, MW_VM_ERROR, err->message);
    vm->checks = false;
    vm->subject = NULL;
    *verdicts = vm->verdicts;
    return vm->verdict_count;
}

size_t mw_vm_log_count(const mw_vm *vm)
{
    return vm->log_count;
}

const char *mw_vm_log_at(const mw_vm *vm, size_t i)
{
    return i < vm->log_count ? vm->log[i] : NULL;
}
