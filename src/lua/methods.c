/*
 * Methods of proxies: path, find, any, all, count, each, has, get (search has a file of its own). They scan in C what a rule would
 * otherwise loop over in Lua. An unknown field makes the answer unknown unless the other elements
 * already decide it.
 */
#include "lua/internal.h"

#include <string.h>

MW_LJMP static mw_proxy *check_proxy(lua_State *L, int index, const char *what)
{
    mw_proxy *p = mw__to_proxy(L, index);

    if (!p)
        luaL_error(L, "%s: call it with ':' on a document", what);
    return p;
}

MW_LJMP static int method_path(lua_State *L)
{
    const mw_proxy *p = check_proxy(L, 1, "path");
    mw_path *path = mw__path(L, 2);
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[p->space];
    mw_proxy at = *p;

    if (at.kind == MW_PROXY_LIST)
        return luaL_error(L, "path: a list has no members; use find, any, all or count");
    for (size_t i = 0; i < path->count; i++) {
        mw_key *key = &path->step[i];
        bool resource = at.kind == MW_PROXY_RESOURCE;
        mw_proxy_kind kind = MW_PROXY_VALUE;
        mw_val v;
        if (resource && key->reserved == MW_SNAP_DOC) {
            at.kind = MW_PROXY_DOC;
            continue;
        }
        v = mw__member(L, &at, key);
        if (resource && key->reserved == MW_SNAP_TAGS && mw_val_kind(d, v) != MW_KIND_UNKNOWN)
            kind = MW_PROXY_TAGS;
        mw__note(vm, &at, key->name, v, kind);
        mw__step_into(vm, &at, key, v);
        at.kind = (uint8_t)kind;
        if (kind == MW_PROXY_VALUE && mw_val_kind(d, v) <= MW_KIND_NULL)
            break;
        if (mw_val_kind(d, v) == MW_KIND_UNKNOWN)
            return mw__raise_unknown(L, v, NULL);
    }
    mw__push_proxy(L, &at);
    return 1;
}

/* ---- comparing with values of the script ---- */

MW_LJMP static void add_needle(lua_State *L, int index, int type, int space, mw_needles *out)
{
    mw_needle *n;

    if (out->count == MW_NEEDLES_MAX)
        luaL_error(L, "at most %d values can be compared with", MW_NEEDLES_MAX);
    n = &out->needle[out->count++];
    memset(n, 0, sizeof(*n));
    switch (type) {
    case LUA_TNIL: n->kind = MW_KIND_NULL; break;
    case LUA_TBOOLEAN:
        n->kind = MW_KIND_BOOL;
        n->is_true = lua_toboolean(L, index);
        break;
    case LUA_TNUMBER:
        n->kind = lua_isinteger(L, index) ? MW_KIND_INT : MW_KIND_REAL;
        n->integer = lua_tointeger(L, index);
        n->real = (double)lua_tonumber(L, index);
        break;
    case LUA_TSTRING:
        n->kind = MW_KIND_STRING;
        n->atom = mw__value_atom(L, index, space);
        break;
    default: luaL_error(L, "a value to compare with is a %s", luaL_typename(L, index));
    }
}

MW_LJMP void mw__needles(lua_State *L, int index, int space, mw_needles *out)
{
    const mw_proxy *p;
    int type = lua_type(L, index);
    size_t n;

    out->count = 0;
    out->any_value = type == LUA_TNONE;
    if (out->any_value)
        return;
    p = type == LUA_TUSERDATA ? mw__to_proxy(L, index) : NULL;
    if (!p && type != LUA_TTABLE) {
        add_needle(L, index, type, space, out);
        return;
    }
    n = p ? mw__proxy_len(L, p) : (size_t)luaL_len(L, index);
    for (size_t i = 1; i <= n; i++) {
        lua_geti(L, index, (lua_Integer)i);
        add_needle(L, -1, lua_type(L, -1), space, out);
        lua_pop(L, 1);
    }
}

/* Not a number equals nothing. */
static bool same_number(double a, double b)
{
    return a <= b && a >= b;
}

static bool needle_matches(const mw_doc *d, mw_val v, mw_kind kind, const mw_needle *n)
{
    switch (n->kind) {
    case MW_KIND_NULL: return kind == MW_KIND_ABSENT || kind == MW_KIND_NULL;
    case MW_KIND_BOOL: return kind == MW_KIND_BOOL && mw_val_bool(d, v) == n->is_true;
    case MW_KIND_STRING: return kind == MW_KIND_STRING && n->atom != MW_ATOM_NONE && mw_val_atom(d, v) == n->atom;
    case MW_KIND_INT:
        if (kind == MW_KIND_INT)
            return mw_val_int(d, v) == n->integer;
        return kind == MW_KIND_REAL && same_number(mw_val_real(d, v), n->real);
    case MW_KIND_REAL: return (kind == MW_KIND_INT || kind == MW_KIND_REAL) && same_number(mw_val_real(d, v), n->real);
    default: return false;
    }
}

bool mw__needles_match(const mw_doc *d, mw_val v, const mw_needles *n)
{
    mw_kind kind;

    /* The usual case: one text. */
    if (n->count == 1 && n->needle[0].kind == MW_KIND_STRING)
        return n->needle[0].atom != MW_ATOM_NONE && mw_val_atom(d, v) == n->needle[0].atom;
    kind = mw_val_kind(d, v);
    if (n->any_value)
        return kind > MW_KIND_NULL && !(kind == MW_KIND_BOOL && !mw_val_bool(d, v));
    for (size_t i = 0; i < n->count; i++)
        if (needle_matches(d, v, kind, &n->needle[i]))
            return true;
    return false;
}

/* ---- scans ---- */

typedef struct scan {
    const mw_proxy *list;
    mw_path *path; /* NULL: the elements themselves */
    mw_needles needles;
    size_t first, matches, count;
    mw_val unknown; /* the first unknown field, or ABSENT */
    size_t unknown_at;
} scan;

/* The usual one: one member of plain objects, compared with one text. */
MW_LJMP static void scan_for_text(lua_State *L, scan *s, mw_atom text)
{
    const mw_vm *vm = mw__vm(L);
    int space = s->list->space;
    const mw_doc *d = vm->doc[space];
    mw_val list = s->list->val;
    mw_key *key = &s->path->step[0];

    for (size_t i = 0; i < s->count; i++) {
        mw_val v = mw__get(vm, space, mw_val_at(d, list, i), key);
        mw_atom atom = mw_val_atom(d, v);
        if (atom == MW_ATOM_NONE) {
            v = mw__or_lacking(vm, mw_val_at(d, s->list->outline, 0), key, v);
            if (s->unknown == MW_VAL_ABSENT && mw_val_kind(d, v) == MW_KIND_UNKNOWN) {
                s->unknown = v;
                s->unknown_at = i;
            }
        } else if (atom == text && s->matches++ == 0) {
            s->first = i;
        }
        if (i % 1024 == 1023)
            mw__poll(L);
    }
}

MW_LJMP static void run_scan(lua_State *L, scan *s, const char *name, bool with_path)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d;

    s->list = check_proxy(L, 1, name);
    s->path = with_path ? mw__path(L, 2) : NULL;
    d = vm->doc[s->list->space];
    s->count = mw__proxy_len(L, s->list);
    s->first = s->count;
    s->matches = 0;
    s->unknown = MW_VAL_ABSENT;
    s->unknown_at = s->count;
    if (s->list->kind != MW_PROXY_LIST && s->path && s->path->count == 1 && lua_type(L, 3) == LUA_TSTRING) {
        scan_for_text(L, s, mw__value_atom(L, 3, s->list->space));
        return;
    }
    mw__needles(L, with_path ? 3 : 2, s->list->space, &s->needles);
    for (size_t i = 0; i < s->count; i++) {
        mw_proxy element = mw__element(L, s->list, i);
        mw_val v = element.val;
        if (s->path)
            v = mw__element_path(L, element, s->path);
        if (mw_val_kind(d, v) == MW_KIND_UNKNOWN) {
            if (s->unknown == MW_VAL_ABSENT) {
                s->unknown = v;
                s->unknown_at = i;
            }
        } else if (mw__needles_match(d, v, &s->needles)) {
            if (s->matches++ == 0)
                s->first = i;
        }
        if (i % 1024 == 1023)
            mw__poll(L);
    }
}

/* Evidence of the element that decided. */
MW_LJMP static void note_element(lua_State *L, const scan *s, size_t i)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[s->list->space];
    mw_proxy at = mw__element(L, s->list, i);

    if (s->list->kind != MW_PROXY_LIST)
        mw__note(vm, s->list, MW_READ_INDEX | (uint32_t)i, at.val, MW_PROXY_VALUE);
    for (size_t step = 0; s->path && step < s->path->count; step++) {
        mw_key *key = &s->path->step[step];
        mw_val v = mw__member(L, &at, key);
        mw__note(vm, &at, key->name, v, MW_PROXY_VALUE);
        if (mw_val_kind(d, v) < MW_KIND_ARRAY)
            break;
        mw__step_into(vm, &at, key, v);
    }
}

MW_LJMP static int raise_scan(lua_State *L, const scan *s)
{
    note_element(L, s, s->unknown_at);
    return mw__raise_unknown(L, s->unknown, NULL);
}

MW_LJMP static int method_find(lua_State *L)
{
    mw_proxy found;
    scan s;

    run_scan(L, &s, "find", true);
    if (s.unknown_at < s.first)
        return raise_scan(L, &s);
    if (s.first == s.count) {
        lua_pushnil(L);
        return 1;
    }
    note_element(L, &s, s.first);
    found = mw__element(L, s.list, s.first);
    mw__push_proxy(L, &found);
    return 1;
}

MW_LJMP static int method_any(lua_State *L)
{
    scan s;

    run_scan(L, &s, "any", true);
    if (s.matches == 0 && s.unknown != MW_VAL_ABSENT)
        return raise_scan(L, &s);
    if (s.matches)
        note_element(L, &s, s.first);
    lua_pushboolean(L, s.matches > 0);
    return 1;
}

MW_LJMP static int method_all(lua_State *L)
{
    scan s;
    size_t known;

    run_scan(L, &s, "all", true);
    known = s.count;
    if (s.unknown != MW_VAL_ABSENT) {
        /* One known mismatch is enough for false. */
        const mw_doc *d = mw__vm(L)->doc[s.list->space];
        for (size_t i = 0; i < s.count; i++) {
            mw_val v = mw__element_path(L, mw__element(L, s.list, i), s.path);
            if (mw_val_kind(d, v) == MW_KIND_UNKNOWN)
                known--;
        }
        if (s.matches == known)
            return raise_scan(L, &s);
    }
    lua_pushboolean(L, s.matches == known && s.unknown == MW_VAL_ABSENT);
    return 1;
}

MW_LJMP static int method_count(lua_State *L)
{
    scan s;

    run_scan(L, &s, "count", true);
    if (s.unknown != MW_VAL_ABSENT)
        return raise_scan(L, &s);
    lua_pushinteger(L, (lua_Integer)s.matches);
    return 1;
}

/* ---- each ---- */

/* What a loop looks for; its path is a copy, for the cache of paths may replace an entry meanwhile. */
typedef struct walk {
    mw_path path;
    mw_needles needles;
    bool filtered;
} walk;

/* Upvalues: the list, the walk, how many elements were seen. */
MW_LJMP static int next_element(lua_State *L)
{
    const mw_proxy *list = lua_touserdata(L, lua_upvalueindex(1));
    walk *w = lua_touserdata(L, lua_upvalueindex(2));
    size_t i = (size_t)lua_tointeger(L, lua_upvalueindex(3)), n = mw__proxy_len(L, list);
    const mw_doc *d = mw__vm(L)->doc[list->space];

    for (; i < n; i++) {
        mw_proxy element = mw__element(L, list, i);
        mw_val v = w->filtered ? mw__element_path(L, element, &w->path) : MW_VAL_ABSENT;
        bool unknown = mw_val_kind(d, v) == MW_KIND_UNKNOWN;
        if (i % 1024 == 1023)
            mw__poll(L);
        if (w->filtered && !unknown && !mw__needles_match(d, v, &w->needles))
            continue;
        if (w->filtered) {
            scan s = {.list = list, .path = &w->path};
            note_element(L, &s, i);
            if (unknown)
                return mw__raise_unknown(L, v, NULL);
        } else if (list->kind != MW_PROXY_LIST) {
            mw__note(mw__vm(L), list, MW_READ_INDEX | (uint32_t)i, element.val, (mw_proxy_kind)element.kind);
        }
        lua_pushinteger(L, (lua_Integer)i + 1);
        lua_replace(L, lua_upvalueindex(3));
        mw__push_proxy(L, &element);
        return 1;
    }
    lua_pushnil(L);
    return 1;
}

/* for element in list:each([field [, value]]) do */
MW_LJMP static int method_each(lua_State *L)
{
    const mw_proxy *list = check_proxy(L, 1, "each");
    walk *w;

    w = lua_newuserdatauv(L, sizeof(*w), 0);
    lua_insert(L, 2);
    memset(w, 0, sizeof(*w));
    w->filtered = !lua_isnoneornil(L, 3);
    if (w->filtered) {
        w->path = *mw__path(L, 3);
        mw__needles(L, 4, list->space, &w->needles);
    }
    lua_settop(L, 2);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_element, 3);
    return 1;
}

/* ---- tags ---- */

MW_LJMP static mw_val tag(lua_State *L, const mw_proxy *p, const char *key, size_t len)
{
    mw_vm *vm = mw__vm(L);
    mw_val v = mw_val_getn(vm->doc[p->space], p->val, key, len);

    mw__note(vm, p, mw__name_id(vm, key, len), v, MW_PROXY_VALUE);
    if (mw_val_kind(vm->doc[p->space], v) == MW_KIND_UNKNOWN)
        mw__raise_unknown(L, v, NULL);
    return v;
}

/* list:has(value), tags:has("Key") and tags:has("Key=Value"). */
MW_LJMP static int method_has(lua_State *L)
{
    const mw_proxy *p = check_proxy(L, 1, "has");
    const mw_doc *d = mw__vm(L)->doc[p->space];
    const char *text, *equals, *value;
    size_t len, value_len;
    mw_val v;

    if (p->kind != MW_PROXY_TAGS) {
        scan s;
        luaL_checkany(L, 2);
        run_scan(L, &s, "has", false);
        if (s.matches == 0 && s.unknown != MW_VAL_ABSENT)
            return raise_scan(L, &s);
        if (s.matches)
            note_element(L, &s, s.first);
        lua_pushboolean(L, s.matches > 0);
        return 1;
    }
    if (lua_isnoneornil(L, 2)) {
        lua_pushboolean(L, 0); /* an exemption that is not configured */
        return 1;
    }
    text = luaL_checklstring(L, 2, &len);
    equals = memchr(text, '=', len);
    /* Tag keys may hold '=' themselves: the whole text first. */
    if (!equals || mw_val_getn(d, p->val, text, len) != MW_VAL_ABSENT) {
        lua_pushboolean(L, len > 0 && tag(L, p, text, len) != MW_VAL_ABSENT);
        return 1;
    }
    v = tag(L, p, text, (size_t)(equals - text));
    value = mw_val_str(d, v, &value_len);
    len -= (size_t)(equals + 1 - text);
    lua_pushboolean(L, value && value_len == len && memcmp(value, equals + 1, len) == 0);
    return 1;
}

MW_LJMP static int method_get(lua_State *L)
{
    const mw_proxy *p = check_proxy(L, 1, "get");
    const char *key;
    size_t len;

    if (p->kind != MW_PROXY_TAGS)
        return luaL_error(L, "get is a method of tags");
    key = luaL_checklstring(L, 2, &len);
    mw__push_val(L, p->space, tag(L, p, key, len), MW_PROXY_VALUE);
    return 1;
}

static const struct {
    const char *name;
    lua_CFunction function;
} methods[MW_METHOD_MAX] = {
    [MW_METHOD_PATH] = {"path", method_path},       [MW_METHOD_FIND] = {"find", method_find},
    [MW_METHOD_ANY] = {"any", method_any},          [MW_METHOD_ALL] = {"all", method_all},
    [MW_METHOD_COUNT_OF] = {"count", method_count}, [MW_METHOD_HAS] = {"has", method_has},
    [MW_METHOD_GET] = {"get", method_get},          [MW_METHOD_SEARCH] = {"search", mw__method_search},
    [MW_METHOD_EACH] = {"each", method_each},
};

lua_CFunction mw__method(mw_method method)
{
    return methods[method].function;
}

mw_method mw__method_name(const char *name, size_t len)
{
    for (int i = MW_METHOD_NONE + 1; i < MW_METHOD_MAX; i++)
        if (strlen(methods[i].name) == len && memcmp(methods[i].name, name, len) == 0)
            return (mw_method)i;
    return MW_METHOD_NONE;
}

const char *mw__method_at(size_t i)
{
    return i + 1 < MW_METHOD_MAX ? methods[i + 1].name : NULL;
}
