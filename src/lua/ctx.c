/*
 * ctx and ctx.inventory: what a check sees beside its resource; audits see the inventory alone. Other resources are found through
 * small indexes over the snapshot, made when first asked for. A type that was not listed completely
 * raises unknown instead of looking empty; a type that the rule did not declare is a script error.
 */
#include "lua/audit.h"
#include "lua/internal.h"

#include <string.h>

static const char inventory_key = 0; /* its address: registry key of ctx.inventory */

/* ---- whose view ---- */

/* Where the inventory is looked at from: the subject of a rule, or the scope of an audit. */
struct view {
    const char *account, *region; /* of the snapshot's or the audit's own text: they live as long as the VM */
    mw_atom account_atom, region_atom;
    bool regional; /* other types are narrowed to the region when they are regional too */
};

static bool regional(const mw_vm *vm, const char *type)
{
    return strcmp(mw_snap_type_scope(vm->snap, type), "regional") == 0;
}

MW_LJMP static void need_snapshot(lua_State *L)
{
    if (!mw__vm(L)->snap)
        luaL_error(L, "there is no inventory without a snapshot: run the audit with --snapshot latest (`moonward "
                      "collect` or a sweep takes one)");
}

MW_LJMP static struct view view_of(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_val account, region;
    const char *text;

    if (vm->audit) {
        need_snapshot(L);
        return (struct view){vm->audit->account, vm->audit->region,
                             mw_doc_atom(d, vm->audit->account, strlen(vm->audit->account)),
                             mw_doc_atom(d, vm->audit->region, strlen(vm->audit->region)), true};
    }
    account = mw_val_get_atom(d, vm->subject->resource, vm->snap->account);
    region = mw_val_get_atom(d, vm->subject->resource, vm->snap->region);
    text = mw_val_str(d, account, NULL);
    return (struct view){text ? text : "", mw_val_str(d, region, NULL), mw_val_atom(d, account), mw_val_atom(d, region),
                         regional(vm, vm->subject->rule->resource)};
}

/* ---- declared types ---- */

/* The type as a text that lives as long as the VM. A rule may read what it declared, an audit and the prompt everything. */
MW_LJMP static const char *check_type(lua_State *L, int index)
{
    mw_vm *vm = mw__vm(L);
    const mw_vm_rule *rule = vm->subject->rule;
    const char *type = luaL_checkstring(L, index);

    if (vm->audit || rule->everything) {
        const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
        need_snapshot(L);
        for (size_t i = 0; i < mw_val_len(d, vm->snap->types); i++) {
            mw_val key;
            mw_val_member(d, vm->snap->types, i, &key);
            if (strcmp(mw_val_str(d, key, NULL), type) == 0)
                return mw_val_str(d, key, NULL);
        }
        if (vm->snap->unheld == MW_VAL_ABSENT) /* the prompt's own, of which it can have more */
            luaL_error(L, "resource type '%s' is not in the snapshot: start with --type %s", type, type);
        mw__raise_unknown(L, vm->snap->unheld, type);
    }
    if (strcmp(type, rule->resource) == 0)
        return rule->resource;
    for (size_t i = 0; i < rule->related_count; i++)
        if (strcmp(type, rule->related[i]) == 0)
            return rule->related[i];
    luaL_error(L, "resource type '%s' was not asked for: add it to related", type);
    return NULL;
}

/* ---- completeness ---- */

/* Raise when the type's list is not wholly known for the account (and region, unless NULL). */
MW_LJMP static void check_complete(lua_State *L, const char *type, const char *account, const char *region)
{
    mw_vm *vm = mw__vm(L);
    mw_gap_entry *e = &vm->gap_at[((uint32_t)((uintptr_t)type >> 3) + (uint32_t)((uintptr_t)account >> 2) * 7u +
                                   (uint32_t)((uintptr_t)region >> 2) * 3u + (uint32_t)vm->subject->world) &
                                  (MW_GAP_CACHE - 1)];

    if (!e->set || e->world != vm->subject->world || e->type != type || e->account != account || e->region != region) {
        e->set = true;
        e->world = vm->subject->world;
        e->type = type;
        e->account = account;
        e->region = region;
        e->gap = mw_snap_gap(vm->snap, e->world, type, account, region);
    }
    if (e->gap == MW_VAL_NULL && vm->snap->unheld != MW_VAL_ABSENT)
        mw__raise_unknown(L, vm->snap->unheld, type);
    if (e->gap != MW_VAL_ABSENT)
        mw__raise_gap(L, e->gap, type);
}

/* ---- get ---- */

static uint32_t hash_id(mw_atom account, mw_atom id)
{
    uint64_t h = ((uint64_t)account << 32 | id) * 0x9E3779B97F4A7C15u; /* Fibonacci hashing */

    return (uint32_t)(h >> 32);
}

/* Below this a linear scan is quicker than making an index. */
#define INDEX_FROM 16

static void index_add(const mw_vm *vm, mw_id_index *x, mw_val resource, size_t number, mw_atom member)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_atom account = mw_val_atom(d, mw_val_get_atom(d, resource, vm->snap->account));
    mw_atom id = mw_val_atom(d, mw_val_get_atom(d, resource, member));
    uint32_t slot;

    if (id == MW_ATOM_NONE)
        return;
    for (slot = hash_id(account, id) & x->mask; x->slots[slot]; slot = (slot + 1) & x->mask)
        ;
    x->slots[slot] = (uint32_t)number + 1;
}

/* The index of an array of resources by (account, id) and (account, arn), or NULL: then scan. */
static const mw_id_index *index_of(mw_vm *vm, mw_val array, size_t count)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_id_index *x = &vm->index_at[(array ^ (array >> 7)) & (MW_ID_INDEXES - 1)];
    size_t slots = 64;

    if (count < INDEX_FROM || count > UINT32_MAX / 8)
        return NULL;
    if (x->slots && x->array == array)
        return x;
    mw_free(x->slots);
    while (slots < count * 4)
        slots *= 2;
    x->slots = mw_alloc(slots * sizeof(*x->slots));
    if (!x->slots)
        return NULL;
    x->array = array;
    x->mask = (uint32_t)slots - 1;
    for (size_t i = 0; i < count; i++) {
        mw_val resource = mw_val_at(d, array, i);
        index_add(vm, x, resource, i, vm->snap->id);
        index_add(vm, x, resource, i, vm->snap->arn);
    }
    return x;
}

static bool same_atom(const mw_doc *d, mw_val resource, mw_atom member, mw_atom want)
{
    return want != MW_ATOM_NONE && mw_val_atom(d, mw_val_get_atom(d, resource, member)) == want;
}

/* The subject's own region wins over the first of another region: ids repeat between regions. */
static mw_val find_resource(mw_vm *vm, mw_val array, mw_atom account, mw_atom region, mw_atom id)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    size_t count = mw_val_len(d, array), best = count;
    const mw_id_index *x = index_of(vm, array, count);
    uint32_t slot = x ? hash_id(account, id) & x->mask : 0;

    for (size_t i = 0; x ? x->slots[slot] != 0 : i < count; i++) {
        size_t number = x ? x->slots[slot] - 1 : i;
        mw_val r = mw_val_at(d, array, number);
        if (x)
            slot = (slot + 1) & x->mask;
        if (!same_atom(d, r, vm->snap->account, account) ||
            (!same_atom(d, r, vm->snap->id, id) && !same_atom(d, r, vm->snap->arn, id)))
            continue;
        if (same_atom(d, r, vm->snap->region, region))
            return r;
        if (number < best)
            best = number;
    }
    return best < count ? mw_val_at(d, array, best) : MW_VAL_ABSENT;
}

/* ctx.inventory:get(type, id or ARN) */
MW_LJMP static int inventory_get(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    struct view from = view_of(L);
    const char *type = check_type(L, 2), *id;
    mw_val found = MW_VAL_ABSENT;
    size_t len;
    mw_atom atom;

    if (lua_isnoneornil(L, 3)) {
        lua_pushnil(L);
        return 1;
    }
    id = luaL_checklstring(L, 3, &len);
    atom = mw_doc_atom(vm->doc[MW_SPACE_SNAPSHOT], id, len);
    if (atom != MW_ATOM_NONE)
        found = find_resource(vm, mw_snap_resources(vm->snap, vm->subject->world, type), from.account_atom,
                              from.region_atom, atom);
    mw__poll(L);
    if (found == MW_VAL_ABSENT) {
        check_complete(L, type, from.account, NULL);
        lua_pushnil(L);
        return 1;
    }
    if (from.regional && regional(vm, type) && !same_atom(vm->doc[MW_SPACE_SNAPSHOT], found, vm->snap->arn, atom) &&
        !same_atom(vm->doc[MW_SPACE_SNAPSHOT], found, vm->snap->region, from.region_atom))
        check_complete(L, type, from.account, from.region); /* this region's own may have the id too */
    mw__push_val(L, MW_SPACE_SNAPSHOT, found, MW_PROXY_RESOURCE);
    return 1;
}

/* ---- each ---- */

#define FILTERS_MAX 16

typedef struct filter {
    mw_path path;
    mw_needles needles;
} filter;

/* Conditions of the filter table at index 3, in a userdata pushed here (or NULL): the cache of paths
 * may replace an entry when two share a slot, so they are copied. */
MW_LJMP static filter *read_filter(lua_State *L, size_t *count, bool *all_regions)
{
    filter *filters;
    int keys;

    *count = 0;
    *all_regions = false;
    if (lua_isnoneornil(L, 3))
        return NULL;
    luaL_checktype(L, 3, LUA_TTABLE);
    filters = lua_newuserdatauv(L, FILTERS_MAX * sizeof(*filters), 0);
    if (mw__unfreeze(L, 3))
        lua_replace(L, 3);
    mw__sorted_keys(L, 3); /* which of two unknown fields is named must not depend on Lua's seed */
    keys = lua_gettop(L);
    for (int i = 1; lua_rawgeti(L, keys, i) != LUA_TNIL; i++, lua_settop(L, keys)) {
        lua_pushvalue(L, -1);
        lua_rawget(L, 3);
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "a filter is a table of paths and values");
        if (strcmp(lua_tostring(L, -2), "region") == 0 && lua_type(L, -1) == LUA_TSTRING &&
            strcmp(lua_tostring(L, -1), "*") == 0) {
            *all_regions = true;
        } else {
            if (*count == FILTERS_MAX)
                luaL_error(L, "a filter has at most %d conditions", FILTERS_MAX);
            filters[*count].path = *mw__path(L, -2);
            mw__needles(L, lua_gettop(L), MW_SPACE_SNAPSHOT, &filters[*count].needles);
            ++*count;
        }
    }
    lua_settop(L, keys - 1);
    return filters;
}

MW_LJMP static bool passes(lua_State *L, mw_val resource, filter *filters, size_t n)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    const mw_proxy at = mw__resource(vm, resource);
    mw_val unknown = MW_VAL_ABSENT;

    for (size_t i = 0; i < n; i++) {
        mw_val v = mw__element_path(L, at, &filters[i].path);
        if (mw_val_kind(d, v) == MW_KIND_UNKNOWN)
            unknown = v;
        else if (!mw__needles_match(d, v, &filters[i].needles))
            return false;
    }
    if (unknown != MW_VAL_ABSENT)
        mw__raise_unknown(L, unknown, "a field of the filter");
    return true;
}

/*
 * Resources [from, to) of the type's array that can be looked at from here: of the account, and of its region
 * when both types are regional and nothing else is asked for. Raises unless all of them are known.
 */
MW_LJMP static mw_val visible(lua_State *L, const char *type, bool all_regions, size_t *from, size_t *to)
{
    mw_vm *vm = mw__vm(L);
    struct view view = view_of(L);
    const char *region = !all_regions && view.regional && regional(vm, type) ? view.region : NULL;
    mw_val array;

    check_complete(L, type, view.account, region);
    array = mw_snap_resources(vm->snap, vm->subject->world, type);
    mw_snap_range(vm->snap, array, view.account, region, from, to);
    return array;
}

/* ctx.inventory:each(type [, filter]) */
MW_LJMP static int inventory_each(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    const char *type = check_type(L, 2);
    filter *filters;
    size_t from, to, n, kept = 0;
    mw_val array, *hits;
    mw_proxy *list;
    bool all_regions;

    lua_settop(L, 3);
    filters = read_filter(L, &n, &all_regions);
    array = visible(L, type, all_regions, &from, &to);
    hits = lua_newuserdatauv(L, (to - from + 1) * sizeof(*hits), 0);
    for (size_t i = from; i < to; i++) {
        mw_val r = mw_val_at(d, array, i);
        if (passes(L, r, filters, n))
            hits[kept++] = r;
        if (i % 256 == 255)
            mw__poll(L);
    }
    list = mw__push_list(L, kept);
    memcpy(mw__proxy_items(list), hits, kept * sizeof(*hits));
    return 1;
}

/* ctx.inventory:refs(resource, type) */
MW_LJMP static int inventory_refs(lua_State *L)
{
    const mw_proxy *p = mw__to_proxy(L, 2);
    const char *type = check_type(L, 3);
    size_t from, to;

    if (!p || p->kind != MW_PROXY_RESOURCE)
        return luaL_error(L, "refs: expected a resource and a type, as in inventory:refs(r, \"%s\")", type);
    visible(L, type, false, &from, &to);
    mw__push_refs(L, p->val, type, from, to);
    return 1;
}

/* ---- ctx ---- */

/* ctx.log(format, …): a line for the log, not for the finding. */
MW_LJMP static int ctx_log(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    const char *text;
    size_t len;

    luaL_checkstring(L, 1);
    mw__format(L, 1, true);
    text = lua_tolstring(L, -1, &len);
    if (vm->log_count < MW_LOG_LINES) {
        char *line = mw_arena_strndup(vm->arena, text, len < MW_LOG_LINE_MAX ? len : MW_LOG_LINE_MAX);
        if (line)
            vm->log[vm->log_count++] = line;
    }
    return 0;
}

MW_LJMP static int ctx_index(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    const char *key = luaL_checkstring(L, 2);
    mw_atom member;

    if (strcmp(key, "params") == 0) {
        mw__push_val(L, MW_SPACE_BUNDLE, vm->subject->params, MW_PROXY_VALUE);
        return 1;
    }
    if (strcmp(key, "inventory") == 0) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &inventory_key);
        return 1;
    }
    if (strcmp(key, "now") == 0) {
        lua_pushinteger(L, (lua_Integer)vm->now);
        return 1;
    }
    if (strcmp(key, "log") == 0) {
        lua_pushcfunction(L, ctx_log);
        return 1;
    }
    if (strcmp(key, "account") == 0)
        member = vm->snap->account;
    else if (strcmp(key, "region") == 0)
        member = vm->snap->region;
    else
        return luaL_error(L, "ctx has no '%s'; it has account, inventory, log, now, params, region", key);
    mw__push_val(L, MW_SPACE_SNAPSHOT, mw_val_get_atom(vm->doc[MW_SPACE_SNAPSHOT], vm->subject->resource, member),
                 MW_PROXY_VALUE);
    return 1;
}

MW_LJMP static int ctx_newindex(lua_State *L)
{
    return luaL_error(L, "ctx is read-only");
}

MW_LJMP void mw__push_inventory(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &inventory_key);
}

MW_LJMP void mw__open_ctx(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"get", inventory_get}, {"each", inventory_each}, {"refs", inventory_refs}, {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__index", ctx_index}, {"__newindex", ctx_newindex}, {NULL, NULL}};

    luaL_newlib(L, methods);
    mw__freeze(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &inventory_key);
    lua_newtable(L);
    luaL_newlib(L, meta);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    mw__vm(L)->ctx_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

const char *mw__ctx_member_at(size_t i)
{
    static const char *const names[] = {"account", "inventory", "log", "now", "params", "region"};

    return i < MW_COUNT(names) ? names[i] : NULL;
}
