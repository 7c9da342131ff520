/*
 * Proxies: what a script holds of a document. A userdata is a value word and the document it lies
 * in; members are looked up by atoms through caches (proxies, strings, keys, paths), so the common
 * read costs some tens of nanoseconds. Relies on documents outliving the VM. It must never give nil for an unknown
 * value or for a facet that the rule did not ask for: both raise.
 */
#include "lua/internal.h"

#include <stdio.h>
#include <string.h>

mw_proxy *mw__to_proxy(lua_State *L, int index)
{
    mw_proxy *p = lua_touserdata(L, index);

    return p && p->mark == MW_PROXY_MARK ? p : NULL;
}

/* ---- names, keys, paths ---- */

/*
 * A string's cache entry is found by the object and not by its characters: one call of Lua's API instead of two, and
 * short strings that are equal are one object. An entry keeps its string alive, so no other can take the address.
 */
static void fill_key(mw_vm *vm, mw_key *key, const char *text, size_t len)
{
    memset(key, 0, sizeof(*key));
    key->text = text;
    key->len = len;
    key->name = mw__name_id(vm, text, len);
    for (int space = 0; space < MW_SPACE_COUNT; space++)
        key->atom[space] = vm->doc[space] ? mw_doc_atom(vm->doc[space], text, len) : MW_ATOM_NONE;
    key->reserved = (uint8_t)mw_snap_reserved_name(text, len);
    key->method = (uint8_t)mw__method_name(text, len);
    key->plain = key->reserved == MW_SNAP_NONE && key->method == MW_METHOD_NONE;
}

void mw__forget_atoms(mw_vm *vm)
{
    for (size_t i = 0; i < MW_KEY_CACHE; i++)
        vm->key_at[i].object = NULL;
    for (size_t i = 0; i < MW_PATH_CACHE; i++)
        vm->path_at[i].object = NULL;
    for (size_t i = 0; i < MW_VALUE_CACHE; i++)
        vm->value_at[i].object = NULL;
}

/* Keep the value at @p index in a cache's place. Its place exists: this allocates nothing. */
static void anchor(lua_State *L, int cache_ref, unsigned slot, int index)
{
    lua_pushvalue(L, index);
    lua_rawseti(L, LUA_REGISTRYINDEX, cache_ref + (lua_Integer)slot);
}

/* The entry of a string that was met before, or NULL: nothing is known of what is at @p index. */
static inline mw_key *known_key(lua_State *L, mw_vm *vm, int index)
{
    const void *object = lua_topointer(L, index);
    mw_key *key = &vm->key_at[mw__pointer_slot(object, MW_KEY_CACHE)];

    return object && key->object == object ? key : NULL;
}

MW_LJMP mw_key *mw__key(lua_State *L, int index)
{
    mw_vm *vm = mw__vm(L);
    mw_key *key = known_key(L, vm, index);
    const void *object;
    const char *text;
    unsigned slot;
    size_t len;

    if (key)
        return key;
    text = lua_tolstring(L, index, &len);
    object = lua_topointer(L, index);
    slot = mw__pointer_slot(object, MW_KEY_CACHE);
    key = &vm->key_at[slot];
    key->object = NULL;
    anchor(L, vm->keys_ref, slot, index);
    fill_key(vm, key, text, len);
    key->object = object;
    return key;
}

MW_LJMP mw_path *mw__path_new(lua_State *L, int index)
{
    mw_vm *vm = mw__vm(L);
    size_t len;
    const char *text = luaL_checklstring(L, index, &len), *end = text + len, *s = text;
    const void *object = lua_topointer(L, index);
    unsigned slot = mw__pointer_slot(object, MW_PATH_CACHE);
    mw_path *path = &vm->path_at[slot];

    path->object = NULL;
    path->count = 0;
    anchor(L, vm->paths_ref, slot, index);
    for (;;) {
        const char *dot = memchr(s, '.', (size_t)(end - s));
        const char *stop = dot ? dot : end;
        if (stop == s)
            luaL_error(L, "path '%s' has an empty step", text);
        if (path->count == MW_PATH_STEPS)
            luaL_error(L, "path '%s' has more than %d steps", text, MW_PATH_STEPS);
        fill_key(vm, &path->step[path->count++], s, (size_t)(stop - s));
        if (!dot)
            break;
        s = dot + 1;
    }
    path->object = object;
    return path;
}

MW_LJMP mw_atom mw__value_atom(lua_State *L, int index, int space)
{
    mw_vm *vm = mw__vm(L);
    const void *object = lua_topointer(L, index);
    unsigned slot = mw__pointer_slot(object, MW_VALUE_CACHE);
    mw_value *value = &vm->value_at[slot];
    const char *text;
    size_t len;

    if (value->object != object) {
        value->object = NULL;
        anchor(L, vm->values_ref, slot, index);
        text = lua_tolstring(L, index, &len);
        for (int i = 0; i < MW_SPACE_COUNT; i++)
            value->atom[i] = vm->doc[i] ? mw_doc_atom(vm->doc[i], text, len) : MW_ATOM_NONE;
        value->object = object;
    }
    return value->atom[space];
}

/* ---- pushing values ---- */

MW_LJMP static void push_string(lua_State *L, mw_vm *vm, int space, mw_val v, mw_atom atom)
{
    const mw_doc *d = vm->doc[space];
    uint64_t tag = ((uint64_t)atom << 2 | (unsigned)space) + 1;
    unsigned slot = (unsigned)(atom * 2 + (unsigned)space) & (MW_STRING_CACHE - 1);
    const char *text;
    size_t len;

    if (vm->string_at[slot] == tag) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, vm->strings_ref + (lua_Integer)slot);
        return;
    }
    text = mw_val_str(d, v, &len);
    lua_pushlstring(L, text, len);
    vm->string_at[slot] = 0;
    anchor(L, vm->strings_ref, slot, -1);
    vm->string_at[slot] = tag;
}

MW_LJMP static mw_proxy *new_proxy(lua_State *L, int space, mw_val v, mw_proxy_kind kind, mw_val outline, size_t count)
{
    mw_proxy *p = lua_newuserdatauv(L, sizeof(*p) + count * sizeof(mw_val), 0);

    p->mark = MW_PROXY_MARK;
    p->val = v;
    p->outline = outline;
    p->space = (uint8_t)space;
    p->kind = (uint8_t)kind;
    p->count = (uint32_t)count;
    lua_rawgeti(L, LUA_REGISTRYINDEX, mw__vm(L)->meta_ref);
    lua_setmetatable(L, -2);
    return p;
}

MW_LJMP void mw__push_subject(lua_State *L)
{
    mw_vm *vm = mw__vm(L);

    /* Not in the cache, where later evaluations would find it. */
    new_proxy(L, MW_SPACE_SNAPSHOT, vm->subject->resource, MW_PROXY_RESOURCE, vm->subject_outline, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->subject_meta_ref);
    lua_setmetatable(L, -2);
    anchor(L, vm->subject_ref, 0, -1);
}

/* Equal parts of a document are one value, whatever members they stand for: the outline tells them apart. */
MW_LJMP static void push_container(lua_State *L, mw_vm *vm, int space, mw_val v, mw_proxy_kind kind, mw_val outline)
{
    uint16_t tag = (uint16_t)(1 + (unsigned)space * 8 + (unsigned)kind);
    unsigned slot = (unsigned)(v ^ (v >> 10) ^ (unsigned)tag * 67u) & (MW_PROXY_CACHE - 1);

    if (kind == MW_PROXY_RESOURCE && v == vm->resource_val && vm->checks) { /* found in the inventory: it is the same */
        lua_rawgeti(L, LUA_REGISTRYINDEX, vm->subject_ref);
        return;
    }
    if (vm->proxy_at[slot].tag == tag && vm->proxy_at[slot].val == v && vm->proxy_at[slot].outline == outline) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, vm->proxies_ref + (lua_Integer)slot);
        return;
    }
    new_proxy(L, space, v, kind, outline, 0);
    vm->proxy_at[slot].tag = 0;
    anchor(L, vm->proxies_ref, slot, -1);
    vm->proxy_at[slot].val = v;
    vm->proxy_at[slot].outline = outline;
    vm->proxy_at[slot].tag = tag;
}

static mw_val resource_outline(mw_vm *vm, mw_val resource)
{
    mw_val type = mw_val_get_atom(vm->doc[MW_SPACE_SNAPSHOT], resource, vm->snap->type);
    mw_atom atom = mw_val_atom(vm->doc[MW_SPACE_SNAPSHOT], type);

    if (vm->outline_at.type != atom) {
        vm->outline_at.outline = mw_snap_outline(vm->snap, mw_val_str(vm->doc[MW_SPACE_SNAPSHOT], type, NULL));
        vm->outline_at.type = atom;
    }
    return vm->outline_at.outline;
}

/* Push what needs no proxy; false for arrays and objects. */
MW_LJMP static inline bool push_scalar(lua_State *L, mw_vm *vm, int space, mw_val v)
{
    const mw_doc *d = vm->doc[space];
    mw_atom atom = mw_val_atom(d, v);

    if (atom != MW_ATOM_NONE) { /* the usual case: a text */
        push_string(L, vm, space, v, atom);
        return true;
    }
    switch (mw_val_kind(d, v)) {
    case MW_KIND_ABSENT:
    case MW_KIND_NULL:
    case MW_KIND_STRING: lua_pushnil(L); break; /* a text without an atom is damage */
    case MW_KIND_BOOL: lua_pushboolean(L, mw_val_bool(d, v)); break;
    case MW_KIND_INT: lua_pushinteger(L, (lua_Integer)mw_val_int(d, v)); break;
    case MW_KIND_REAL: lua_pushnumber(L, (lua_Number)mw_val_real(d, v)); break;
    case MW_KIND_ARRAY:
    case MW_KIND_OBJECT: return false;
    case MW_KIND_UNKNOWN: mw__raise_unknown(L, v, NULL); break;
    }
    return true;
}

/* @p outline: of a value; that of a resource is its type's. */
MW_LJMP static void push(lua_State *L, int space, mw_val v, mw_proxy_kind kind, mw_val outline)
{
    mw_vm *vm = mw__vm(L);

    if (kind == MW_PROXY_VALUE && push_scalar(L, vm, space, v))
        return;
    if (kind == MW_PROXY_RESOURCE || kind == MW_PROXY_DOC)
        outline = resource_outline(vm, v);
    push_container(L, vm, space, v, kind, outline);
}

MW_LJMP void mw__push_val(lua_State *L, int space, mw_val v, mw_proxy_kind kind)
{
    push(L, space, v, kind, MW_VAL_ABSENT);
}

MW_LJMP void mw__push_proxy(lua_State *L, const mw_proxy *p)
{
    push(L, p->space, p->val, (mw_proxy_kind)p->kind, p->outline);
}

/* The outline of a member of the value behind @p p; the envelope's members have none. */
static inline mw_val member_outline(const mw_vm *vm, const mw_proxy *p, mw_key *key)
{
    if (p->kind == MW_PROXY_RESOURCE && key->reserved != MW_SNAP_NONE)
        return MW_VAL_ABSENT;
    return mw__below(vm, p->outline, key);
}

/* A member of the value behind @p p. */
MW_LJMP static inline void push_member(lua_State *L, mw_vm *vm, const mw_proxy *p, mw_key *key, mw_val v)
{
    if (!push_scalar(L, vm, p->space, v))
        push_container(L, vm, p->space, v, MW_PROXY_VALUE, member_outline(vm, p, key));
}

MW_LJMP mw_proxy *mw__push_list(lua_State *L, size_t count)
{
    return new_proxy(L, MW_SPACE_SNAPSHOT, MW_VAL_NULL, MW_PROXY_LIST, MW_VAL_ABSENT, count);
}

/* ---- unknown ---- */

MW_LJMP static int raise_pending(lua_State *L, mw_val cause, const char *what)
{
    mw_vm *vm = mw__vm(L);
    char text[400];

    vm->unknown_pending = true;
    snprintf(vm->unknown_what, sizeof(vm->unknown_what), "%s", what);
    mw_snap_cause_text(vm->doc[MW_SPACE_SNAPSHOT], cause, text, sizeof(text));
    return luaL_error(L, "%s is unknown: %s", vm->unknown_what, text);
}

MW_LJMP int mw__raise_unknown(lua_State *L, mw_val unknown, const char *what)
{
    mw_vm *vm = mw__vm(L);
    char path[sizeof(vm->unknown_what)];

    vm->unknown = unknown;
    vm->unknown_is_scope = false;
    if (!what) {
        mw__last_path(vm, path, sizeof(path));
        what = path;
    }
    return raise_pending(L, mw_val_cause(vm->doc[MW_SPACE_SNAPSHOT], unknown), what);
}

MW_LJMP int mw__raise_gap(lua_State *L, mw_val scope, const char *type)
{
    mw_vm *vm = mw__vm(L);
    char what[sizeof(vm->unknown_what)];

    vm->unknown = scope;
    vm->unknown_is_scope = true;
    snprintf(what, sizeof(what), "the list of %s", type);
    return raise_pending(L, mw_val_get(vm->doc[MW_SPACE_SNAPSHOT], scope, "cause"), what);
}

/* Raise when any part of the value is unknown. */
MW_LJMP static void check_known(lua_State *L, const mw_proxy *p)
{
    mw_val unknown = mw_snap_find_unknown(mw__vm(L)->doc[p->space], p->val);

    if (unknown != MW_VAL_ABSENT)
        mw__raise_unknown(L, unknown, NULL);
}

/* ---- what a rule may read ---- */

bool mw__declared(const mw_vm_rule *rule, const char *type, const char *facet, size_t len)
{
    size_t type_len = strlen(type);
    bool own = strcmp(type, rule->resource) == 0;

    if (rule->everything)
        return true;
    for (size_t i = 0; i < rule->need_count; i++) {
        const char *need = rule->needs[i];
        if (strncmp(need, type, type_len) == 0 && need[type_len] == '.')
            need += type_len + 1;
        else if (!own)
            continue;
        /* `Metrics.CPUUtilization` declares the member `Metrics`. */
        if (strncmp(need, facet, len) == 0 && (need[len] == '\0' || need[len] == '.'))
            return true;
    }
    return false;
}

mw_val mw__missing_declared(const mw_vm *vm, mw_val resource)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_val missing = mw_snap_missing_members(vm->snap, resource);
    const char *type = mw_snap_text(vm->snap, resource, vm->snap->type);

    if (vm->audit || vm->subject->rule->everything || !type)
        return MW_VAL_ABSENT;
    for (size_t i = 0; i < mw_val_len(d, missing); i++) {
        mw_val key, unknown = mw_val_member(d, missing, i, &key);
        size_t len;
        const char *name = mw_val_str(d, key, &len);
        if (mw__declared(vm->subject->rule, type, name, len))
            return unknown;
    }
    return MW_VAL_ABSENT;
}

static bool is_facet(const mw_vm *vm, const char *type, const char *name, size_t len)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_val facets = mw_snap_type_facets(vm->snap, type);

    for (size_t i = 0; i < mw_val_len(d, facets); i++) {
        const char *facet = mw_val_str(d, mw_val_at(d, facets, i), NULL);
        if (facet && strncmp(facet, name, len) == 0 && (facet[len] == '\0' || facet[len] == '.'))
            return true;
    }
    return false;
}

/*
 * The prompt may read every facet that is in the snapshot; one that was not collected is not absent. A stored snapshot
 * says so itself, by an unknown value.
 */
MW_LJMP static void check_collected(lua_State *L, mw_vm *vm, const char *type, const mw_key *key)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_val collected = mw_val_get(d, mw_val_get(d, vm->snap->types, type), "collected");

    if (vm->snap->unheld != MW_VAL_ABSENT || !is_facet(vm, type, key->text, key->len))
        return;
    for (size_t i = 0; i < mw_val_len(d, collected); i++) {
        const char *facet = mw_val_str(d, mw_val_at(d, collected, i), NULL);
        if (facet && strncmp(facet, key->text, key->len) == 0 && (facet[key->len] == '\0' || facet[key->len] == '.'))
            return;
    }
    lua_pushlstring(L, key->text, key->len);
    luaL_error(L, "facet '%s' of %s was not collected: start with --type %s", lua_tostring(L, -1), type, type);
}

/* Raise unless the rule declared the facet behind this name; remember in @p known that it did. */
MW_LJMP static void look_at_access(lua_State *L, mw_vm *vm, mw_val resource, const mw_key *key, mw_access *known)
{
    const mw_vm_rule *rule = vm->subject->rule;
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_val v = mw_val_get_atom(d, resource, vm->snap->type);
    const char *type = mw_val_str(d, v, NULL);

    if (!type)
        type = rule->resource;
    if (rule->everything) {
        check_collected(L, vm, type, key);
        return;
    }
    if (key->reserved == MW_SNAP_TAGS) {
        for (size_t i = 0; i < rule->tag_facet_count; i++)
            if (strcmp(rule->tag_facet_types[i], type) == 0 &&
                !mw__declared(rule, type, rule->tag_facets[i], strlen(rule->tag_facets[i])))
                luaL_error(L, "the tags of %s come from its facet '%s': name it in needs", type, rule->tag_facets[i]);
    } else if (is_facet(vm, type, key->text, key->len) && !mw__declared(rule, type, key->text, key->len)) {
        lua_pushlstring(L, key->text, key->len);
        luaL_error(L, "facet '%s' of %s was not asked for: add \"%s%s%s\" to needs", lua_tostring(L, -1), type,
                   strcmp(type, rule->resource) == 0 ? "" : type, strcmp(type, rule->resource) == 0 ? "" : ".",
                   lua_tostring(L, -1));
    }
    known->rule = rule;
    known->type = resource == vm->subject->resource ? MW_ATOM_NONE : mw_val_atom(d, v);
    known->name = key->name;
}

/* Usually one comparison. */
MW_LJMP static inline void check_access(lua_State *L, mw_vm *vm, mw_val resource, const mw_key *key)
{
    const mw_vm_rule *rule = vm->subject->rule;
    mw_atom type = MW_ATOM_NONE;
    mw_access *known;

    if (vm->audit) /* nothing was declared: what is not there is unknown */
        return;
    if (resource != vm->subject->resource) {
        const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
        type = mw_val_atom(d, mw_val_get_atom(d, resource, vm->snap->type));
    }
    known = &vm->access_at[((unsigned)((uintptr_t)rule >> 4) * 31u + type * 7u + key->name) & (MW_ACCESS_CACHE - 1)];
    if (known->rule != rule || known->type != type || known->name != key->name || !key->name)
        look_at_access(L, vm, resource, key, known);
}

/* A member of the item, without the envelope's names. */
MW_LJMP static inline mw_val item_member(lua_State *L, mw_val resource, mw_key *key)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_val item = resource == vm->subject->resource ? vm->subject_item : mw_val_get_atom(d, resource, vm->snap->item);
    mw_val v = mw__get(vm, MW_SPACE_SNAPSHOT, item, key), rest, missing;

    check_access(L, vm, resource, key);
    if (vm->snap->partial && (missing = mw_snap_missing(vm->snap, resource, key->text, key->len)) != MW_VAL_ABSENT)
        return missing;
    if (v != MW_VAL_ABSENT)
        return v;
    rest = mw_val_get_atom(d, resource, vm->snap->rest);
    if (mw_val_kind(d, rest) == MW_KIND_UNKNOWN) {
        const char *type = mw_snap_text(vm->snap, resource, vm->snap->type);
        if (!is_facet(vm, type ? type : "", key->text, key->len))
            return rest;
    }
    return v;
}

MW_LJMP mw_val mw__member(lua_State *L, const mw_proxy *p, mw_key *key)
{
    mw_vm *vm = mw__vm(L);

    if (p->kind == MW_PROXY_VALUE || p->kind == MW_PROXY_TAGS)
        return mw__or_lacking(vm, p->outline, key, mw__get(vm, p->space, p->val, key));
    if (p->kind == MW_PROXY_DOC || key->reserved == MW_SNAP_NONE)
        return mw__or_lacking(vm, p->outline, key, item_member(L, p->val, key));
    if (key->reserved == MW_SNAP_TAGS)
        check_access(L, vm, p->val, key);
    return mw_snap_envelope(vm->snap, p->val, (mw_snap_reserved)key->reserved);
}

void mw__step_into(const mw_vm *vm, mw_proxy *at, mw_key *key, mw_val v)
{
    mw_kind kind = mw_val_kind(vm->doc[at->space], v);

    at->outline = kind == MW_KIND_ARRAY || kind == MW_KIND_OBJECT ? member_outline(vm, at, key) : MW_VAL_ABSENT;
    at->val = v;
    at->kind = MW_PROXY_VALUE;
}

MW_LJMP mw_val mw__element_path(lua_State *L, mw_proxy at, mw_path *path)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[at.space];

    for (size_t i = 0; i < path->count; i++) {
        mw__step_into(vm, &at, &path->step[i], mw__member(L, &at, &path->step[i]));
        if (mw_val_kind(d, at.val) <= MW_KIND_NULL || mw_val_kind(d, at.val) == MW_KIND_UNKNOWN)
            break;
    }
    return at.val;
}

/* ---- index ---- */

size_t mw__proxy_len(lua_State *L, const mw_proxy *p)
{
    const mw_doc *d = mw__vm(L)->doc[p->space];

    if (p->kind == MW_PROXY_LIST)
        return p->count;
    if (p->kind != MW_PROXY_VALUE || mw_val_kind(d, p->val) != MW_KIND_ARRAY)
        return 0;
    return mw_val_len(d, p->val);
}

mw_proxy mw__resource(mw_vm *vm, mw_val resource)
{
    return (mw_proxy){.mark = MW_PROXY_MARK,
                      .val = resource,
                      .space = MW_SPACE_SNAPSHOT,
                      .kind = MW_PROXY_RESOURCE,
                      .outline = resource_outline(vm, resource)};
}

mw_proxy mw__element(lua_State *L, const mw_proxy *p, size_t i)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[p->space];

    if (p->kind == MW_PROXY_LIST)
        return mw__resource(vm, i < p->count ? mw__proxy_items(p)[i] : MW_VAL_ABSENT);
    return (mw_proxy){.mark = MW_PROXY_MARK,
                      .val = mw_val_at(d, p->val, i),
                      .space = p->space,
                      .kind = MW_PROXY_VALUE,
                      .outline = p->outline != MW_VAL_ABSENT ? mw_val_at(d, p->outline, 0) : MW_VAL_ABSENT};
}

void mw__note(mw_vm *vm, const mw_proxy *p, uint32_t key, mw_val result, mw_proxy_kind result_kind)
{
    if (p->space == MW_SPACE_SNAPSHOT)
        mw__read_add(vm, p->val, (mw_proxy_kind)p->kind, key, result, result_kind);
}

MW_LJMP static int index_resource(lua_State *L, mw_vm *vm, const mw_proxy *p, mw_key *key)
{
    mw_val v;

    if (key->plain) { /* the usual case */
        v = mw__or_lacking(vm, p->outline, key, item_member(L, p->val, key));
        mw__note(vm, p, key->name, v, MW_PROXY_VALUE);
        push_member(L, vm, p, key, v);
        return 1;
    }
    if (key->method == MW_METHOD_PATH || key->method == MW_METHOD_SEARCH) {
        lua_pushcfunction(L, mw__method((mw_method)key->method));
        return 1;
    }
    if (p->kind == MW_PROXY_RESOURCE && key->reserved == MW_SNAP_DOC) {
        push(L, p->space, p->val, MW_PROXY_DOC, MW_VAL_ABSENT);
        return 1;
    }
    v = mw__member(L, p, key);
    if (p->kind == MW_PROXY_RESOURCE && key->reserved == MW_SNAP_TAGS) {
        mw__note(vm, p, key->name, v, MW_PROXY_TAGS);
        if (mw_val_kind(vm->doc[p->space], v) == MW_KIND_UNKNOWN)
            return mw__raise_unknown(L, v, NULL);
        push(L, p->space, v, MW_PROXY_TAGS, MW_VAL_ABSENT);
        return 1;
    }
    mw__note(vm, p, key->name, v, MW_PROXY_VALUE);
    push_member(L, vm, p, key, v);
    return 1;
}

MW_LJMP static int index_position(lua_State *L, mw_vm *vm, const mw_proxy *p)
{
    int ok;
    lua_Integer i = lua_tointegerx(L, 2, &ok);
    mw_proxy element;

    if (!ok || i < 1 || (size_t)i > mw__proxy_len(L, p)) {
        lua_pushnil(L);
        return 1;
    }
    element = mw__element(L, p, (size_t)i - 1);
    if (p->kind != MW_PROXY_LIST)
        mw__note(vm, p, MW_READ_INDEX | (uint32_t)(i - 1), element.val, (mw_proxy_kind)element.kind);
    mw__push_proxy(L, &element);
    return 1;
}

MW_LJMP static int proxy_index(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    const mw_proxy *p = lua_touserdata(L, 1);
    mw_key *key = known_key(L, vm, 2);
    mw_kind kind;
    mw_val v;

    if (!key && lua_type(L, 2) != LUA_TSTRING)
        return index_position(L, vm, p);
    if (!key)
        key = mw__key(L, 2);
    switch ((mw_proxy_kind)p->kind) {
    case MW_PROXY_RESOURCE:
    case MW_PROXY_DOC: return index_resource(L, vm, p, key);
    case MW_PROXY_LIST:
        if (key->method == MW_METHOD_NONE)
            lua_pushnil(L);
        else
            lua_pushcfunction(L, mw__method((mw_method)key->method));
        return 1;
    case MW_PROXY_TAGS:
        if (key->method == MW_METHOD_HAS || key->method == MW_METHOD_GET) {
            lua_pushcfunction(L, mw__method((mw_method)key->method));
            return 1;
        }
        break;
    case MW_PROXY_VALUE:
        kind = mw_val_kind(vm->doc[p->space], p->val);
        if (key->method != MW_METHOD_NONE &&
            (key->method == MW_METHOD_PATH || key->method == MW_METHOD_SEARCH || kind == MW_KIND_ARRAY ||
             (mw_val_len(vm->doc[p->space], p->val) == 0 && key->method != MW_METHOD_GET))) {
            lua_pushcfunction(L, mw__method((mw_method)key->method));
            return 1;
        }
        break;
    }
    v = mw__member(L, p, key);
    mw__note(vm, p, key->name, v, MW_PROXY_VALUE);
    push_member(L, vm, p, key, v);
    return 1;
}

/*
 * The index of the resource that is judged, behind the table of its methods: Lua hands over that table and not the
 * proxy. It need not: checks keep nothing from one evaluation to the next, so the proxy is the subject's.
 */
MW_LJMP static int subject_index(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    mw_key *key = known_key(L, vm, 2);
    mw_proxy p = {.mark = MW_PROXY_MARK, .space = MW_SPACE_SNAPSHOT, .kind = MW_PROXY_RESOURCE};

    if (!vm->subject)
        return luaL_error(L, "no resource is judged");
    p.val = vm->subject->resource;
    p.outline = vm->subject_outline;
    if (!key && lua_type(L, 2) != LUA_TSTRING)
        return index_position(L, vm, &p);
    return index_resource(L, vm, &p, key ? key : mw__key(L, 2));
}

MW_LJMP static int proxy_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)mw__proxy_len(L, lua_touserdata(L, 1)));
    return 1;
}

MW_LJMP static int proxy_newindex(lua_State *L)
{
    return luaL_error(L, "resources are read-only");
}

MW_LJMP static int proxy_eq(lua_State *L)
{
    const mw_proxy *a = mw__to_proxy(L, 1), *b = mw__to_proxy(L, 2);
    mw_vm *vm = mw__vm(L);
    bool equal;

    if (!a || !b || a->kind != b->kind || a->kind == MW_PROXY_LIST || b->kind == MW_PROXY_LIST) {
        lua_pushboolean(L, a == b);
        return 1;
    }
    equal = a->space == b->space && a->val == b->val;
    if (!equal && a->kind == MW_PROXY_VALUE) {
        equal = mw_val_equal(vm->doc[a->space], a->val, vm->doc[b->space], b->val);
        /* An unknown part makes the answer unknown, not "different". */
        for (int i = 0; !equal && i < 2; i++)
            check_known(L, i ? b : a);
    }
    lua_pushboolean(L, equal);
    return 1;
}

MW_LJMP bool mw__proxy_member(lua_State *L, const mw_proxy *p, size_t i)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[p->space];
    mw_val object = p->val, key, v;
    size_t n = mw__proxy_len(L, p), len;
    const char *name;
    mw_key k;

    if (n > 0) {
        if (i >= n)
            return false;
        mw_proxy element = mw__element(L, p, i);
        lua_pushinteger(L, (lua_Integer)i + 1);
        if (p->kind != MW_PROXY_LIST)
            mw__note(vm, p, MW_READ_INDEX | (uint32_t)i, element.val, MW_PROXY_VALUE);
        mw__push_proxy(L, &element);
        return true;
    }
    if (p->kind == MW_PROXY_RESOURCE || p->kind == MW_PROXY_DOC) {
        mw_val rest = mw_val_get_atom(d, p->val, vm->snap->rest);
        if (mw_val_kind(d, rest) == MW_KIND_UNKNOWN)
            mw__raise_unknown(L, rest, "the whole of the resource");
        object = mw_val_get_atom(d, p->val, vm->snap->item);
    }
    v = mw_val_member(d, object, i, &key);
    if (v == MW_VAL_ABSENT) {
        if (object != p->val && (v = mw__missing_declared(vm, p->val)) != MW_VAL_ABSENT)
            mw__raise_unknown(L, v, "the whole of the resource");
        return false;
    }
    name = mw_val_str(d, key, &len);
    mw__push_val(L, p->space, key, MW_PROXY_VALUE);
    fill_key(vm, &k, name, len);
    if (object != p->val)
        check_access(L, vm, p->val, &k);
    mw__note(vm, p, k.name, v, MW_PROXY_VALUE);
    k.reserved = MW_SNAP_NONE; /* of AWS's document, whatever its name */
    push_member(L, vm, p, &k, v);
    return true;
}

MW_LJMP void mw__proxy_text(lua_State *L, const mw_proxy *p)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[p->space];
    const char *id;

    if (p->kind == MW_PROXY_RESOURCE || p->kind == MW_PROXY_DOC) {
        id = mw_snap_text(vm->snap, p->val, vm->snap->id);
        lua_pushstring(L, id ? id : "resource");
        return;
    }
    if (p->kind == MW_PROXY_LIST) {
        lua_pushfstring(L, "%d resources", (int)p->count);
        return;
    }
    check_known(L, p);
    mw_buf_reset(&vm->scratch);
    vm->scratch.max = MW_VM_STRING_MAX;
    if (mw_json_write(&vm->scratch, d, p->val, MW_JSON_COMPACT) != MW_OK)
        luaL_error(L, "the value is too large to be made text");
    lua_pushlstring(L, vm->scratch.data, vm->scratch.len);
}

/* ---- opening ---- */

/* Places in a row in the registry: luaL_ref() goes on behind the last of them. */
MW_LJMP static int new_cache(lua_State *L, int size)
{
    int first;

    lua_pushboolean(L, 0);
    first = luaL_ref(L, LUA_REGISTRYINDEX);
    for (int i = 1; i < size; i++) {
        lua_pushboolean(L, 0);
        lua_rawseti(L, LUA_REGISTRYINDEX, first + i);
    }
    return first;
}

/* Push a metatable of proxies. */
MW_LJMP static void new_meta(lua_State *L, const luaL_Reg *functions)
{
    lua_createtable(L, 0, 8);
    luaL_setfuncs(L, functions, 0);
    lua_pushliteral(L, "table"); /* what Lua's own messages call it */
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}

MW_LJMP void mw__open_proxies(lua_State *L)
{
    static const luaL_Reg common[] = {
        {"__len", proxy_len}, {"__newindex", proxy_newindex}, {"__eq", proxy_eq}, {NULL, NULL}};
    static const luaL_Reg index[] = {{"__index", proxy_index}, {NULL, NULL}};
    static const luaL_Reg behind[] = {{"__index", subject_index}, {NULL, NULL}};
    static const mw_method methods[] = {MW_METHOD_PATH, MW_METHOD_SEARCH};
    mw_vm *vm = mw__vm(L);

    vm->proxies_ref = new_cache(L, MW_PROXY_CACHE);
    vm->strings_ref = new_cache(L, MW_STRING_CACHE);
    vm->keys_ref = new_cache(L, MW_KEY_CACHE);
    vm->paths_ref = new_cache(L, MW_PATH_CACHE);
    vm->values_ref = new_cache(L, MW_VALUE_CACHE);
    vm->subject_ref = new_cache(L, 1);
    new_meta(L, common);
    luaL_setfuncs(L, index, 0);
    vm->meta_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    new_meta(L, common);
    lua_createtable(L, 0, MW_COUNT(methods));
    for (size_t i = 0; i < MW_COUNT(methods); i++) {
        lua_pushcfunction(L, mw__method(methods[i]));
        lua_setfield(L, -2, mw__method_at((size_t)methods[i] - 1));
    }
    new_meta(L, behind);
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "__index");
    vm->subject_meta_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}
