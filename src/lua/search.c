/*
 * value:search(expression): JMESPath over a part of a document, with the same evaluator as `--query` and the
 * resource types. The value is copied into a builder of the VM's own, and what comes out becomes plain
 * Lua values, so nothing that a script keeps can outlive the builder. An unknown that the expression reads,
 * or that is part of its result, raises like any other read. Relies on the VM owning the builder and the compiled
 * expressions: a Lua error may leave every function here at any call.
 */
#include "lua/internal.h"

#include "base/hash.h"
#include "moonward/jmespath.h"

#include <string.h>

#define EXPRESSIONS      32      /* compiled ones kept */
#define EXPRESSION_MAX   4096    /* bytes */
#define STEPS_MAX        2000000 /* some tens of milliseconds: within an evaluation's deadline */
#define BYTES_MAX        ((size_t)64 << 20)
#define RESULT_DEPTH_MAX 100

struct mw_search {
    mw_doc_builder *b;
    struct place {
        mw_val v;       /* an object of the builder */
        mw_val outline; /* what the models know of it, in the snapshot */
    } * places;
    size_t place_count, place_cap;
    struct expression {
        char *text;
        size_t len;
        mw_jmespath *compiled;
    } at[EXPRESSIONS];
};

static void drop(struct expression *e)
{
    mw_free(e->text);
    mw_jmespath_free(e->compiled);
    *e = (struct expression){0};
}

void mw__search_free(mw_search *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < EXPRESSIONS; i++)
        drop(&s->at[i]);
    mw_doc_builder_free(s->b);
    mw_free(s->places);
    mw_free(s);
}

MW_LJMP static mw_search *search_of(lua_State *L)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc_options options = {.max_bytes = BYTES_MAX};

    if (!vm->search)
        vm->search = mw_alloc(sizeof(*vm->search));
    if (!vm->search || (!vm->search->b && mw_doc_builder_new(&options, &vm->search->b, NULL) != MW_OK))
        luaL_error(L, "search: out of memory");
    mw_doc_builder_reset(vm->search->b);
    vm->search->place_count = 0;
    return vm->search;
}

MW_LJMP static const mw_jmespath *compile(lua_State *L, mw_search *s, int index)
{
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);
    struct expression *e = &s->at[mw_hash64(text, len) % EXPRESSIONS];
    mw_error err = {0};

    if (e->compiled && e->len == len && memcmp(e->text, text, len) == 0)
        return e->compiled;
    if (len > EXPRESSION_MAX)
        luaL_error(L, "search: the expression has %d bytes, at most %d are allowed", (int)len, EXPRESSION_MAX);
    drop(e);
    if (mw_jmespath_compile(text, len, &e->compiled, &err) != MW_OK)
        luaL_error(L, "search: %s", err.message);
    e->text = mw_strndup(text, len);
    e->len = len;
    if (!e->text) {
        drop(e);
        luaL_error(L, "search: out of memory");
    }
    return e->compiled;
}

/* ---- unknown ---- */

/* The unknown in @p v of the document @p d that has this cause; any other when none has. */
static mw_val same_unknown(const mw_doc *d, mw_val v, const mw_doc *of, mw_val cause)
{
    mw_kind kind = mw_val_kind(d, v);
    size_t n = kind == MW_KIND_ARRAY || kind == MW_KIND_OBJECT ? mw_val_len(d, v) : 0;

    if (kind == MW_KIND_UNKNOWN && mw_val_equal(d, mw_val_cause(d, v), of, cause))
        return v;
    for (size_t i = 0; i < n; i++) {
        mw_val part = kind == MW_KIND_ARRAY ? mw_val_at(d, v, i) : mw_val_member(d, v, i, NULL);
        mw_val found = same_unknown(d, part, of, cause);
        if (found != MW_VAL_ABSENT)
            return found;
    }
    return MW_VAL_ABSENT;
}

/* The searched value, for what is raised. */
struct subject {
    int space;
    mw_val val;
    mw_val missing; /* of a resource: what was not collected, by member */
    const char *expression;
};

MW_LJMP static void raise_unknown(lua_State *L, const struct subject *s, mw_val unknown)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *view = mw_doc_view(vm->search->b), *d = vm->doc[s->space];
    const mw_val where[] = {s->val, vm->snap->unmodelled, vm->snap->unsent, s->missing};
    mw_val here = MW_VAL_ABSENT;

    for (size_t i = 0; i < MW_COUNT(where) && here == MW_VAL_ABSENT; i++)
        here = same_unknown(d, where[i], view, mw_val_cause(view, unknown));
    mw__raise_unknown(L, here != MW_VAL_ABSENT ? here : mw_snap_find_unknown(d, s->val), s->expression);
}

/* ---- what is searched ---- */

struct searching {
    const mw_snap *snap;
    mw_search *search;
    mw_val root, missing; /* of a resource: its item in the builder, and what was not collected of it */
};

/* Note what the models know of the object on top of the builder. Values come in the order of their words. */
static void place(struct searching *w, mw_val outline)
{
    mw_search *s = w->search;
    mw_val v = mw_doc_pop(s->b);

    if (s->place_count == s->place_cap) {
        size_t cap = s->place_cap ? s->place_cap * 2 : 64;
        struct place *places = mw_realloc(s->places, cap * sizeof(*places));
        if (!places) {
            mw_doc_builder_fail(s->b, MW_ERR_NOMEM, "out of memory");
            return;
        }
        s->places = places;
        s->place_cap = cap;
    }
    s->places[s->place_count++] = (struct place){v, outline};
    mw_doc_add_val(s->b, v);
}

static void copy(struct searching *w, mw_val v, mw_val outline)
{
    const mw_doc *d = w->snap->doc;
    mw_doc_builder *b = w->search->b;
    mw_kind kind = mw_val_kind(d, outline);

    if (kind != mw_val_kind(d, v) || (kind != MW_KIND_OBJECT && kind != MW_KIND_ARRAY)) {
        mw_doc_add_copy(b, d, v);
    } else if (kind == MW_KIND_ARRAY) {
        mw_doc_begin_array(b);
        for (size_t i = 0; i < mw_val_len(d, v); i++)
            copy(w, mw_val_at(d, v, i), mw_val_at(d, outline, 0));
        mw_doc_end_array(b);
    } else {
        mw_doc_begin_object(b);
        for (size_t i = 0; i < mw_val_len(d, v); i++) {
            mw_val key, member = mw_val_member(d, v, i, &key);
            size_t len;
            const char *name = mw_val_str(d, key, &len);
            mw_doc_key(b, name, len);
            copy(w, member, mw_snap_below(w->snap, outline, mw_val_atom(d, key)));
        }
        mw_doc_end_object(b);
        place(w, outline);
    }
}

/* A member that an object of the builder lacks: unknown when its absence says nothing. */
static mw_val lacking(void *user, mw_val object, const char *name, size_t len)
{
    const struct searching *w = user;
    mw_search *s = w->search;
    size_t low = 0, high = s->place_count;
    mw_val v = MW_VAL_ABSENT;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->places[mid].v < object)
            low = mid + 1;
        else
            high = mid;
    }
    if (object == w->root)
        v = mw_val_getn(w->snap->doc, w->missing, name, len);
    if (v == MW_VAL_ABSENT && low < s->place_count && s->places[low].v == object)
        v = mw_snap_lacking(w->snap, s->places[low].outline, name, len);
    if (v == MW_VAL_ABSENT)
        return v;
    mw_doc_add_copy(s->b, w->snap->doc, v);
    return mw_doc_pop(s->b);
}

/* ---- results ---- */

MW_LJMP static void push_result(lua_State *L, const struct subject *s, mw_val v, int depth)
{
    const mw_doc *d = mw_doc_view(mw__vm(L)->search->b);
    mw_kind kind = mw_val_kind(d, v);
    size_t n = mw_val_len(d, v), len;
    const char *text;
    mw_val key;

    luaL_checkstack(L, 4, "search");
    switch (kind) {
    case MW_KIND_ABSENT:
    case MW_KIND_NULL: lua_pushnil(L); return;
    case MW_KIND_BOOL: lua_pushboolean(L, mw_val_bool(d, v)); return;
    case MW_KIND_INT: lua_pushinteger(L, (lua_Integer)mw_val_int(d, v)); return;
    case MW_KIND_REAL: lua_pushnumber(L, (lua_Number)mw_val_real(d, v)); return;
    case MW_KIND_STRING:
        text = mw_val_str(d, v, &len);
        lua_pushlstring(L, text, len);
        return;
    case MW_KIND_UNKNOWN: raise_unknown(L, s, v); return;
    case MW_KIND_ARRAY:
    case MW_KIND_OBJECT: break;
    }
    if (depth == RESULT_DEPTH_MAX)
        luaL_error(L, "search: the result is nested more than %d deep", RESULT_DEPTH_MAX);
    if (kind == MW_KIND_ARRAY) {
        lua_createtable(L, (int)n, 0);
        for (size_t i = 0; i < n; i++) {
            push_result(L, s, mw_val_at(d, v, i), depth + 1);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
            if (i % 1024 == 1023)
                mw__poll(L);
        }
        return;
    }
    lua_createtable(L, 0, (int)n);
    for (size_t i = 0; i < n; i++) {
        mw_val member = mw_val_member(d, v, i, &key);
        text = mw_val_str(d, key, &len);
        lua_pushlstring(L, text, len);
        push_result(L, s, member, depth + 1);
        lua_rawset(L, -3);
    }
}

/* ---- a resource ---- */

struct names {
    lua_State *L;
    const mw_proxy *resource;
};

/* Each name of the expression may be a member of the resource: a facet must have been asked for. */
MW_LJMP static void check_name(void *user, const char *name, size_t len)
{
    struct names *n = user;
    mw_proxy p = *n->resource;

    p.kind = MW_PROXY_DOC;
    lua_pushlstring(n->L, name, len);
    mw__member(n->L, &p, mw__key(n->L, -1));
    lua_pop(n->L, 1);
}

/* AWS's members of a resource. What its describe call would have added must be known. */
MW_LJMP static mw_val resource_item(lua_State *L, const mw_proxy *p, const mw_jmespath *j)
{
    mw_vm *vm = mw__vm(L);
    const mw_doc *d = vm->doc[p->space];
    mw_val rest = mw_val_get_atom(d, p->val, vm->snap->rest);
    struct names names = {.L = L, .resource = p};

    mw_jmespath_names(j, check_name, &names);
    if (mw_val_kind(d, rest) == MW_KIND_UNKNOWN)
        mw__raise_unknown(L, rest, "the whole of the resource");
    return mw_val_get_atom(d, p->val, vm->snap->item);
}

MW_LJMP int mw__method_search(lua_State *L)
{
    const mw_proxy *p = mw__to_proxy(L, 1);
    struct subject s = {.val = MW_VAL_ABSENT, .missing = MW_VAL_ABSENT};
    struct searching searching = {.snap = mw__vm(L)->snap};
    const mw_jmespath_options options = {.steps = STEPS_MAX, .lacking = lacking, .user = &searching};
    const mw_jmespath *j;
    mw_error err = {0};
    mw_search *search;
    mw_val v, out;

    if (!p || p->kind == MW_PROXY_LIST)
        return luaL_error(L, "search: call it with ':' on a resource or a part of one");
    search = search_of(L);
    j = compile(L, search, 2);
    s.space = p->space;
    s.expression = lua_tostring(L, 2);
    s.val = p->val;
    if (p->kind == MW_PROXY_RESOURCE || p->kind == MW_PROXY_DOC) {
        s.val = resource_item(L, p, j);
        s.missing = mw_snap_missing_members(searching.snap, p->val);
    }
    searching.search = search;
    searching.missing = s.missing;
    if (p->outline == MW_VAL_ABSENT)
        mw_doc_add_copy(search->b, mw__vm(L)->doc[p->space], s.val);
    else
        copy(&searching, s.val, p->outline);
    searching.root = v = mw_doc_pop(search->b);
    if (mw_doc_builder_status(search->b, &err) != MW_OK ||
        mw_jmespath_eval_within(j, search->b, v, &options, &out, &err) != MW_OK)
        return luaL_error(L, "search: %s", err.message);
    mw__poll(L);
    push_result(L, &s, out, 0);
    return 1;
}

MW_LJMP mw_status mw__push_json(lua_State *L, const char *text, size_t len, mw_error *err)
{
    const mw_json_options options = {.max_depth = RESULT_DEPTH_MAX};
    mw_doc_builder *b = search_of(L)->b;
    const struct subject none = {.val = MW_VAL_ABSENT, .missing = MW_VAL_ABSENT};
    mw_status st = mw_json_read(b, text, len, &options, NULL, err);
    mw_val v = st == MW_OK ? mw_doc_pop(b) : MW_VAL_ABSENT;

    if (st == MW_OK)
        st = mw_doc_builder_status(b, err);
    mw__poll(L);
    if (st == MW_OK)
        push_result(L, &none, v, 0);
    return st;
}
