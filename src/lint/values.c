/*
 * Members, methods and calls against what is known of their values: AWS's shapes, ctx, modules,
 * libraries.
 */
#include "lint/check.h"

#include "base/mem.h"
#include "lint/sandbox.h"

#define MEMBER_MAX 80

static int shown(mw_str s)
{
    return s.len < MEMBER_MAX ? (int)s.len : MEMBER_MAX;
}

/* ---- members ---- */

static const char *where(file *f, value v)
{
    const char *text = NULL;

    if (v.kind == VALUE_RESOURCE || v.kind == VALUE_DOC)
        text = mw_arena_printf(f->arena, "%s", mw_type_name(v.type));
    else if (v.kind == VALUE_SHAPE)
        text = mw_arena_printf(f->arena, "AWS's %s", mw_shape_name(v.shape));
    else if (v.kind == VALUE_MODULE)
        text = mw_arena_printf(f->arena, "module %s", v.module->name);
    else if (v.kind == VALUE_LIBRARY)
        text = mw_arena_printf(f->arena, "%.*s", (int)v.name.len, v.name.data);
    else if (v.kind == VALUE_CTX)
        text = "ctx";
    else if (v.kind == VALUE_AWS)
        text = "aws";
    else if (v.kind == VALUE_TRY_CAUSE)
        text = "the cause of an unknown";
    return text ? text : "this value";
}

static void unknown_member(file *f, value v, mw_str name, const lua_node *at)
{
    bool document = v.kind == VALUE_RESOURCE || v.kind == VALUE_DOC || v.kind == VALUE_SHAPE;
    const char **names;
    size_t n;

    if (v.lists > 0) {
        mw__lint_at(f, "MW1101", at,
                    "a list has no member '%.*s'; loop over it with each, or use find, any, all, count", shown(name),
                    name.data);
        return;
    }
    if (v.kind == VALUE_LIBRARY && mw_lua_is(v.name, "math") && name.len >= 6 && memcmp(name.data, "random", 6) == 0) {
        mw__lint_at(f, "MW1501", at, "there is no math.%.*s here: the same input must give the same verdict",
                    shown(name), name.data);
        return;
    }
    if (v.kind == VALUE_STRING || v.kind == VALUE_NUMBER || v.kind == VALUE_BOOL) {
        mw__lint_at(f, "MW1101", at, "AWS's %s is %s: it has no member '%.*s'", mw_shape_name(v.shape),
                    mw__lint_value_name(v), shown(name), name.data);
        return;
    }
    names = mw__lint_value_names(f, v, &n);
    if (names)
        mw__lint_at(f, document ? "MW1101" : "MW1103", at, "%s has no member '%.*s'%s", where(f, v), shown(name),
                    name.data, mw__lint_near(f, name, names, n));
}

static void facet_read(file *f, const mw_type *type, mw_str name, const lua_node *at)
{
    const char *facet = mw__lint_dup(f, name);

    if (f->kind != FILE_RULE || !mw_type_has_facet(type, facet) || mw__lint_check_declared(f, type, facet))
        return;
    if (type == f->type)
        mw__lint_at(f, "MW1301", at, "facet '%s' is not in needs", facet);
    else
        mw__lint_at(f, "MW1301", at, "facet '%s' is not in needs: add \"%s.%s\"", facet, mw_type_name(type), facet);
}

value mw__lint_check_path(file *f, value v, mw_str path, const lua_node *at)
{
    value before = v, result;
    mw_str bad, first = path;
    const char *dot = memchr(path.data, '.', path.len);

    if (dot)
        first.len = (size_t)(dot - path.data);
    if (v.lists == 0 && (v.kind == VALUE_RESOURCE || v.kind == VALUE_DOC)) {
        if (dot && v.kind == VALUE_RESOURCE && mw_lua_is(first, "doc")) {
            mw_str rest = {dot + 1, path.len - first.len - 1};
            v.kind = VALUE_DOC;
            return mw__lint_check_path(f, v, rest, at);
        }
        facet_read(f, v.type, first, at);
    }
    result = mw__lint_value_path(f, v, path, &before, &bad);
    if (bad.data)
        unknown_member(f, before, bad, at);
    return result;
}

static void check_params(file *f, mw_str name, const lua_node *at)
{
    const lua_node *params = f->meta ? mw__lint_field(f->meta, "params") : NULL, *bare = mw_lua_bare(params);
    const char *names[64];
    size_t n = 0;

    if (!f->meta || (bare && bare->kind != LUA_TABLE))
        return;
    for (const lua_node *c = bare ? bare->kids : NULL; c; c = c->next) {
        if (!c->a || c->a->kind != LUA_STRING)
            return; /* made another way */
        if (mw_lua_same(c->a->text, name))
            return;
        if (n < MW_COUNT(names))
            names[n++] = mw__lint_dup(f, c->a->text);
    }
    mw__lint_at(f, "MW1306", at, "parameter '%.*s' is not declared in params%s", shown(name), name.data,
                mw__lint_near(f, name, names, n));
}

static void check_index(file *f, const lua_node *n)
{
    value v = mw__lint_value_of(f, n->a), self = mw__lint_value_of(f, n);
    bool known;

    if (self.kind == VALUE_PARAMS)
        f->params_seen++;
    if (n->b->kind != LUA_STRING) {
        if (v.kind == VALUE_RESOURCE && v.lists == 0)
            f->resource_escapes = true;
        return;
    }
    if (v.kind == VALUE_PARAMS) {
        f->params_read++;
        check_params(f, n->b->text, n->b);
        return;
    }
    mw__lint_value_member(f, v, n->b->text, &known);
    if (!known)
        unknown_member(f, v, n->b->text, n->b);
    else if (v.lists == 0 && (v.kind == VALUE_RESOURCE || v.kind == VALUE_DOC))
        facet_read(f, v.type, n->b->text, n->b);
}

/* ---- methods ---- */

static void check_method_name(file *f, value v, const lua_node *n)
{
    static const char *const documents[] = {"all", "any", "count", "each", "find", "has", "path", "search"};
    static const char *const tags[] = {"get", "has"};
    static const char *const inventory[] = {"each", "get", "refs"};
    const char *const *names = documents;
    size_t count = MW_COUNT(documents);

    if (v.kind == VALUE_INVENTORY) {
        names = inventory;
        count = MW_COUNT(inventory);
    } else if (v.kind == VALUE_TAGS) {
        names = tags;
        count = MW_COUNT(tags);
        if (mw__lint_value_method(n->text))
            return; /* all methods exist on every document, if to no use */
    } else if (v.kind == VALUE_STRING && v.lists == 0) {
        names = mw__lint_sandbox_library(MW_STR("string"), &count);
    } else if (v.lists == 0 && v.kind != VALUE_RESOURCE && v.kind != VALUE_DOC && v.kind != VALUE_SHAPE) {
        return;
    }
    if (v.lists > 0 && mw_lua_is(n->text, "path"))
        mw__lint_at(f, "MW1102", n->b, "path: a list has no members; use find, any, all or count");
    else if (!mw_lua_one_of(n->text, names, count))
        mw__lint_at(f, "MW1102", n->b, "%s has no method '%.*s'%s",
                    v.kind == VALUE_INVENTORY ? "ctx.inventory" : mw__lint_value_name(v), shown(n->text), n->text.data,
                    mw__lint_near(f, n->text, names, count));
}

static void check_filter(file *f, value element, const lua_node *filter)
{
    filter = mw_lua_bare(filter);
    if (!filter || filter->kind != LUA_TABLE)
        return;
    for (const lua_node *c = filter->kids; c; c = c->next)
        if (c->a && c->a->kind == LUA_STRING && !mw_lua_is(c->a->text, "region"))
            mw__lint_check_literal(f, mw__lint_check_path(f, element, c->a->text, c->a), c->b);
}

static void check_inventory(file *f, const lua_node *n)
{
    const lua_node *type = mw_lua_is(n->text, "refs") && n->kids ? n->kids->next : n->kids;
    mw_str text;
    value element = {.kind = VALUE_RESOURCE};

    if (!mw_lua_one_of(n->text, (const char *const[]){"each", "get", "refs"}, 3) || !type)
        return;
    if (!mw__lint_text(type, &text)) {
        f->type_escapes = true;
        return;
    }
    if (mw_lua_is(n->text, "refs"))
        f->resource_escapes = true; /* it looks through all facets that are there */
    element.type = mw__lint_check_type(f, mw_lua_bare(type));
    if (element.type && mw_lua_is(n->text, "each"))
        check_filter(f, element, type->next);
}

static void check_format(file *f, mw_str format, const lua_node *at)
{
    for (size_t i = 0; i + 1 < format.len; i++) {
        if (format.data[i] != '%')
            continue;
        i++;
        while (i < format.len && strchr("-+ #0123456789.", format.data[i]) && format.data[i])
            i++;
        if (i < format.len && format.data[i] == 'p')
            mw__lint_at(f, "MW1503", at, "%%p prints an address in memory");
    }
}

static void check_method(file *f, const lua_node *n)
{
    value v = mw__lint_value_of(f, n->a);
    mw_str text;

    check_method_name(f, v, n);
    if (mw_lua_is(n->text, "format") && mw__lint_text(n->a, &text))
        check_format(f, text, mw_lua_bare(n->a));
    if (v.kind == VALUE_INVENTORY) {
        check_inventory(f, n);
        return;
    }
    if (mw_lua_is(n->text, "path") && v.lists == 0 && n->kids && mw__lint_text(n->kids, &text) && text.len) {
        mw__lint_check_path(f, v, text, mw_lua_bare(n->kids));
    } else if (v.lists > 0 && n->kids &&
               mw_lua_one_of(n->text, (const char *const[]){"all", "any", "count", "each", "find"}, 5)) {
        if (mw__lint_text(n->kids, &text) && text.len)
            mw__lint_check_literal(f, mw__lint_check_path(f, mw__lint_value_element(v), text, mw_lua_bare(n->kids)),
                                   n->kids->next);
    } else if (v.lists > 0 && mw_lua_is(n->text, "has")) {
        mw__lint_check_literal(f, mw__lint_value_element(v), n->kids);
    }
}

/* ---- calls ---- */

static void check_fail(file *f, const lua_node *n)
{
    const lua_node *first = mw_lua_bare(n->kids);
    bool positional = false;
    mw_str text;

    if (!first) {
        mw__lint_at(f, "MW1610", n, "fail() says nothing; expected a message");
        return;
    }
    if (mw__lint_text(first, &text)) {
        check_format(f, text, first);
        if (text.len == 0)
            mw__lint_at(f, "MW1610", n, "fail(\"\") says nothing; expected a message");
    }
    if (first->kind != LUA_TABLE)
        return;
    for (const lua_node *c = first->kids; c; c = c->next)
        positional = positional || !c->a || c->a->kind != LUA_STRING;
    if (!positional && !mw__lint_field(first, "message"))
        mw__lint_at(f, "MW1610", n, "fail { … } has no message");
}

static void check_require(file *f, const lua_node *n)
{
    const char *names[64];
    size_t count = 0;
    mw_str text;

    if (!mw__lint_text(n->kids, &text) || mw__lint_module(f->lint, text))
        return;
    for (; count < f->lint->module_count && count < MW_COUNT(names); count++)
        names[count] = f->lint->modules[count].name;
    mw__lint_at(f, "MW1103", mw_lua_bare(n->kids), "there is no module '%.*s'%s", shown(text), text.data,
                mw__lint_near(f, text, names, count));
}

static void check_loop(file *f, const lua_node *n)
{
    value v = mw__lint_value_of(f, n->kids);

    if (v.lists == 0 &&
        ((v.kind == VALUE_SHAPE && mw_shape_type_of(v.shape) == MW_SHAPE_STRUCTURE) || v.kind == VALUE_STRING ||
         v.kind == VALUE_NUMBER || v.kind == VALUE_BOOL || v.kind == VALUE_RESOURCE))
        mw__lint_at(f, "MW1202", n->kids, "ipairs needs a list, and this is %s", mw__lint_value_name(v));
}

/* A resource that goes into a function which is not followed. */
static void check_escape(file *f, const lua_node *n)
{
    value fn = mw__lint_value_of(f, n->a);

    for (const lua_node *c = n->kids; c; c = c->next)
        if (mw__lint_value_of(f, c).kind == VALUE_RESOURCE && fn.kind != VALUE_FUNCTION)
            f->resource_escapes = true;
}

static void check_call(file *f, const lua_node *n)
{
    const lua_node *fn = mw_lua_bare(n->a);
    mw_str text;
    value v;

    if (fn->kind == LUA_INDEX && mw_lua_global(fn->a, "string") && fn->b->kind == LUA_STRING &&
        mw_lua_is(fn->b->text, "format") && mw__lint_text(n->kids, &text))
        check_format(f, text, mw_lua_bare(n->kids));
    if (f->kind == FILE_AUDIT)
        mw__lint_check_operation(f, n);
    check_escape(f, n);
    if (fn->kind != LUA_NAME || fn->symbol)
        return;
    if (mw_lua_is(fn->text, "fail") && f->kind == FILE_RULE)
        check_fail(f, n);
    else if (mw_lua_is(fn->text, "require"))
        check_require(f, n);
    else if (mw_lua_is(fn->text, "ipairs") && n->kids)
        check_loop(f, n);
    else if (mw_lua_is(fn->text, "tostring") && n->kids) {
        v = mw__lint_value_of(f, n->kids);
        if (v.lists == 0 && (v.kind == VALUE_TABLE || v.kind == VALUE_FUNCTION))
            mw__lint_at(f, "MW1504", n, "tostring of %s is only the word '%s'", mw__lint_value_name(v),
                        v.kind == VALUE_TABLE ? "table" : "function");
    }
}

/* ---- the walk ---- */

static bool visit(void *user, lua_node *n)
{
    file *f = user;

    switch (n->kind) {
    case LUA_INDEX: check_index(f, n); break;
    case LUA_METHOD: check_method(f, n); break;
    case LUA_CALL: check_call(f, n); break;
    case LUA_BINARY:
    case LUA_UNARY:
    case LUA_CLAUSE:
    case LUA_WHILE:
    case LUA_REPEAT: mw__lint_check_operator(f, n); break;
    default: break;
    }
    return f->lint->st == MW_OK;
}

void mw__lint_values(file *f)
{
    mw_lua_walk(f->tree.main->body, visit, f);
}
