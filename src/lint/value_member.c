/*
 * What is in a value: members of documents by AWS's shapes, of ctx, aws, modules and libraries by
 * their tables. Looks at one step at a time; where values come from is value.c's.
 */
#include "base/mem.h"
#include "lint/sandbox.h"
#include "lint/value.h"

static const value any = {.kind = VALUE_ANY};

value mw__lint_value_typed(mw_typed t)
{
    value v = any;

    if (!t.shape)
        return any;
    v.shape = t.shape;
    v.lists = (uint8_t)t.lists;
    switch (mw_shape_type_of(t.shape)) {
    case MW_SHAPE_STRUCTURE:
        if (mw_shape_document(t.shape) || mw_shape_eventstream(t.shape))
            return any;
        v.kind = VALUE_SHAPE;
        return v;
    case MW_SHAPE_MAP: v.kind = VALUE_SHAPE; return v;
    case MW_SHAPE_STRING:
        if (strcmp(mw_shape_name(t.shape), "policyDocumentType") == 0)
            return any; /* decoded: src/aws/customize.c */
        v.kind = VALUE_STRING;
        return v;
    case MW_SHAPE_TIMESTAMP:
        v.kind = VALUE_STRING;
        v.shape = NULL;
        return v;
    case MW_SHAPE_BOOLEAN: v.kind = VALUE_BOOL; return v;
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG:
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE: v.kind = VALUE_NUMBER; return v;
    default: return any;
    }
}

value mw__lint_value_element(value v)
{
    if (v.lists == 0)
        return any;
    v.lists--;
    return v;
}

/* ---- members ---- */

bool mw__lint_value_method(mw_str name)
{
    static const char *const methods[] = {"all", "any", "count", "each", "find", "get", "has", "path", "search"};

    return mw_lua_one_of(name, methods, MW_COUNT(methods));
}

static const char *const envelope[] = {"account", "arn",       "created", "doc",  "id",
                                       "name",    "partition", "region",  "tags", "type"};
static const char *const ctx_members[] = {"account", "inventory", "log", "now", "params", "region"};
static const char *const cause_members[] = {"code", "message", "operation"};

static value envelope_member(value v, mw_str name, bool *found)
{
    *found = mw_lua_one_of(name, envelope, MW_COUNT(envelope));
    if (mw_lua_is(name, "tags"))
        return mw__lint_value(VALUE_TAGS);
    if (mw_lua_is(name, "doc")) {
        v.kind = VALUE_DOC;
        return v;
    }
    return mw__lint_value(VALUE_STRING);
}

static value document_member(file *f, const mw_type *type, mw_str name, bool *known)
{
    mw_typed also, item = mw_type_item_shape(type, f->lint->o.models, &also);
    const char *facet = mw__lint_dup(f, name);
    const mw_typed *parts[] = {&item, &also};

    *known = true;
    if (mw_type_has_facet(type, facet))
        return mw__lint_value_typed(mw_type_facet_shape(type, facet, f->lint->o.models));
    if (mw_lua_is(name, "Metrics") && mw_type_has_metrics(type))
        return any;
    if (!item.shape || item.lists > 0 || mw_shape_type_of(item.shape) != MW_SHAPE_STRUCTURE)
        return any; /* a list of plain texts, or nothing is known */
    for (size_t i = 0; i < MW_COUNT(parts); i++) {
        const mw_member *m = parts[i]->shape && mw_shape_type_of(parts[i]->shape) == MW_SHAPE_STRUCTURE
                                 ? mw_shape_member(parts[i]->shape, name.data, name.len)
                                 : NULL;
        if (m)
            return mw_member_jsonvalue(m) ? any : mw__lint_value_typed(mw_shape_typed(mw_member_shape(m)));
    }
    *known = false;
    return any;
}

static value shape_member(value v, mw_str name, bool *known)
{
    const mw_member *m;

    if (mw_shape_type_of(v.shape) == MW_SHAPE_MAP)
        return mw__lint_value_typed(mw_shape_typed(mw_member_shape(mw_shape_value(v.shape))));
    m = mw_shape_member(v.shape, name.data, name.len);
    if (!m) {
        *known = false;
        return any;
    }
    return mw_member_jsonvalue(m) ? any : mw__lint_value_typed(mw_shape_typed(mw_member_shape(m)));
}

/* A field of a constructor whose variable nobody changes. */
static value table_member(file *f, value v, mw_str name)
{
    for (const lua_node *c = v.node ? v.node->kids : NULL; c; c = c->next)
        if (c->a && c->a->kind == LUA_STRING && mw_lua_same(c->a->text, name) && c->b->kind == LUA_FUNCTION)
            return mw__lint_value_of(f, c->b);
    return any;
}

value mw__lint_value_member(file *f, value v, mw_str name, bool *known)
{
    size_t n;
    const char *const *members;
    value m;
    bool found;

    *known = true;
    if (v.lists > 0) {
        *known = mw__lint_value_method(name);
        return any;
    }
    switch (v.kind) {
    case VALUE_RESOURCE:
        m = envelope_member(v, name, &found);
        if (found || mw__lint_value_method(name))
            return found ? m : any;
        return document_member(f, v.type, name, known);
    case VALUE_DOC:
        if (mw__lint_value_method(name))
            return any;
        return document_member(f, v.type, name, known);
    case VALUE_SHAPE:
        if (mw__lint_value_method(name))
            return any;
        return shape_member(v, name, known);
    case VALUE_TAGS: return mw__lint_value_method(name) ? any : mw__lint_value(VALUE_STRING);
    case VALUE_CTX:
        *known = mw_lua_one_of(name, ctx_members, MW_COUNT(ctx_members));
        if (!*known)
            return any;
        if (mw_lua_is(name, "params"))
            return mw__lint_value(VALUE_PARAMS);
        if (mw_lua_is(name, "inventory"))
            return mw__lint_value(VALUE_INVENTORY);
        return mw__lint_value(mw_lua_is(name, "now")   ? VALUE_NUMBER
                              : mw_lua_is(name, "log") ? VALUE_ANY
                                                       : VALUE_STRING);
    case VALUE_TRY_CAUSE:
        *known = mw_lua_one_of(name, cause_members, MW_COUNT(cause_members));
        return *known ? mw__lint_value(VALUE_STRING) : any;
    case VALUE_LIBRARY:
        members = mw__lint_sandbox_library(v.name, &n);
        *known = mw_lua_one_of(name, members, n);
        return any;
    case VALUE_MODULE: *known = !v.module->names || mw_lua_one_of(name, v.module->names, v.module->count); return any;
    case VALUE_AWS:
        if (mw_lua_one_of(name, (const char *const[]){"account", "partition", "region"}, 3))
            return mw__lint_value(VALUE_STRING);
        if (mw_lua_is(name, "now"))
            return mw__lint_value(VALUE_NUMBER);
        if (mw_lua_is(name, "first"))
            return mw__lint_value(VALUE_BOOL);
        if (mw_lua_one_of(name, (const char *const[]){"call", "items", "pages", "try"}, 4))
            return any;
        *known = mw_models_service(f->lint->o.models, mw__lint_dup(f, name)) != NULL;
        m = mw__lint_value(VALUE_SERVICE);
        m.name = name;
        return m;
    case VALUE_TABLE: return table_member(f, v, name);
    case VALUE_STRING:
    case VALUE_NUMBER:
    case VALUE_BOOL: /* of the model: a plain value has no members; texts have the methods of
                        strings */
        members = mw__lint_sandbox_library(MW_STR("string"), &n);
        *known = !v.shape || (v.kind == VALUE_STRING && mw_lua_one_of(name, members, n));
        return any;
    default: return any;
    }
}

value mw__lint_value_path(file *f, value v, mw_str path, value *before, mw_str *bad)
{
    *bad = (mw_str){NULL, 0};
    while (path.len && v.kind != VALUE_ANY) {
        const char *dot = memchr(path.data, '.', path.len);
        mw_str step = {path.data, dot ? (size_t)(dot - path.data) : path.len};
        bool known;
        *before = v;
        v = mw__lint_value_member(f, v, step, &known);
        if (!known) {
            *bad = step;
            return any;
        }
        path.data += step.len + (dot != NULL);
        path.len -= step.len + (dot != NULL);
    }
    return path.len ? any : v;
}

static void add_shape(const char **out, size_t *n, const mw_shape *s)
{
    if (!s || mw_shape_type_of(s) != MW_SHAPE_STRUCTURE)
        return;
    for (size_t i = 0; i < mw_shape_member_count(s); i++)
        out[(*n)++] = mw_member_name(mw_shape_member_at(s, i));
}

static size_t shape_members(const mw_shape *s)
{
    return s && mw_shape_type_of(s) == MW_SHAPE_STRUCTURE ? mw_shape_member_count(s) : 0;
}

const char **mw__lint_value_names(file *f, value v, size_t *count)
{
    mw_typed item = {NULL, 0}, also = {NULL, 0};
    size_t most = MW_COUNT(envelope) + MW_COUNT(ctx_members) + 1, facets = 0, n = 0, library = 0;
    const char *const *members = NULL;
    const char **out;

    *count = 0;
    if (v.kind == VALUE_RESOURCE || v.kind == VALUE_DOC) {
        item = mw_type_item_shape(v.type, f->lint->o.models, &also);
        facets = mw_type_facet_count(v.type);
    } else if (v.kind == VALUE_SHAPE) {
        item.shape = v.shape;
    } else if (v.kind == VALUE_LIBRARY) {
        members = mw__lint_sandbox_library(v.name, &library);
    } else if (v.kind == VALUE_MODULE) {
        members = v.module->names;
        library = v.module->count;
    } else if (v.kind == VALUE_CTX) {
        members = ctx_members;
        library = MW_COUNT(ctx_members);
    } else if (v.kind == VALUE_TRY_CAUSE) {
        members = cause_members;
        library = MW_COUNT(cause_members);
    } else if (v.kind == VALUE_AWS) {
        library = mw_models_service_count(f->lint->o.models);
    }
    most += facets + library + shape_members(item.shape) + shape_members(also.shape);
    out = mw_arena_alloc(f->arena, most * sizeof(*out));
    if (!out) {
        mw__lint_out_of_memory(f->lint);
        return NULL;
    }
    if (v.kind == VALUE_RESOURCE)
        for (; n < MW_COUNT(envelope); n++)
            out[n] = envelope[n];
    for (size_t i = 0; i < facets; i++)
        out[n++] = mw_type_facet_at(v.type, i);
    add_shape(out, &n, item.shape);
    add_shape(out, &n, also.shape);
    for (size_t i = 0; i < library; i++)
        out[n++] = members ? members[i] : mw_service_name(mw_models_service_at(f->lint->o.models, i));
    *count = n;
    return out;
}

const char *mw__lint_value_name(value v)
{
    if (v.lists > 0)
        return "a list";
    switch (v.kind) {
    case VALUE_NIL: return "nil";
    case VALUE_BOOL: return "a boolean";
    case VALUE_NUMBER: return "a number";
    case VALUE_STRING: return "text";
    case VALUE_TABLE: return "a table";
    case VALUE_FUNCTION: return "a function";
    case VALUE_RESOURCE:
    case VALUE_DOC: return "a resource";
    case VALUE_TAGS: return "tags";
    case VALUE_SHAPE: return mw_shape_type_of(v.shape) == MW_SHAPE_MAP ? "a map" : "a structure";
    case VALUE_VERDICT: return "a verdict";
    default: return "a value";
    }
}
