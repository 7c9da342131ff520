/*
 * Evaluates endpoint rule sets: conditions that may assign, endpoint, error and tree rules,
 * templates. Relies on the rule set being one immutable document (its names are compared as atoms)
 * and on endpoint_functions.c. Nothing here knows a service by name, and nothing loops: the work is
 * bounded by the size of the rule set.
 *
 * Facts: Smithy 2.0, "Endpoint rule sets"; a tree whose rules all fail falls through to its next
 * sibling, as botocore does it.
 */
#include "aws/endpoint_internal.h"

#include "base/str.h"

#include <string.h>

#define MAX_DEPTH      64u  /* S3, the deepest rule set, has 17 */
#define MAX_BINDINGS   128u /* S3 has 15 parameters and some 20 assignments */
#define MAX_TEXT_BYTES ((size_t)1 << 16)

typedef struct binding {
    mw_atom atom; /* of the name in the rule set's document */
    const char *name;
    rule_value value;
} binding;

typedef struct evaluator {
    rule_library lib;
    mw_doc_builder *builder; /* of the caller, for the properties of the result */
    mw_endpoint *out;
    mw_error *err;
    mw_atom fn, argv, ref, assign, conditions, rules, type, endpoint, error;
    mw_atom functions[MW_RULE_FUNCTION_COUNT];
    binding bindings[MAX_BINDINGS];
    size_t bound;
} evaluator;

static mw_status eval_value(evaluator *e, mw_val v, unsigned depth, rule_value *out);

static mw_status no_memory(evaluator *e)
{
    return mw_fail(e->err, MW_ERR_NOMEM, "out of memory");
}

static mw_status invalid(evaluator *e, const char *what)
{
    return mw_fail(e->err, MW_ERR_INVALID, "endpoint rule set: %s", what);
}

/* ---- names ---- */

static mw_status bind(evaluator *e, mw_atom atom, const char *name, const rule_value *value)
{
    if (e->bound >= MAX_BINDINGS)
        return mw_fail(e->err, MW_ERR_LIMIT, "endpoint rule set: more than %u variables", MAX_BINDINGS);
    e->bindings[e->bound++] = (binding){atom, name, *value};
    return MW_OK;
}

static rule_value lookup_atom(const evaluator *e, mw_atom atom)
{
    for (size_t i = e->bound; i-- > 0;)
        if (e->bindings[i].atom == atom)
            return e->bindings[i].value;
    return (rule_value){0};
}

static rule_value lookup_name(const evaluator *e, const char *name, size_t len)
{
    for (size_t i = e->bound; i-- > 0;)
        if (strlen(e->bindings[i].name) == len && memcmp(e->bindings[i].name, name, len) == 0)
            return e->bindings[i].value;
    return (rule_value){0};
}

/* ---- templates ---- */

static mw_status expand(evaluator *e, const char *text, size_t len, mw_buf *out)
{
    const char *hash = memchr(text, '#', len);
    size_t name_len = hash ? (size_t)(hash - text) : len;
    rule_value v = lookup_name(e, text, name_len);

    if (hash && v.kind != RULE_UNSET) {
        char *path = mw_arena_strndup(e->lib.arena, hash + 1, len - name_len - 1);
        if (!path)
            return no_memory(e);
        v = mw__rule_attribute(&v, path);
    }
    switch (v.kind) {
    case RULE_STRING: return mw_buf_puts(out, v.text);
    case RULE_BOOL: return mw_buf_puts(out, v.truth ? "true" : "false");
    case RULE_INT: return mw_buf_printf(out, "%lld", (long long)v.number);
    default:
        return mw_fail(e->err, MW_ERR_INVALID, "endpoint rule set: '{%.*s}' has no text value",
                       (int)(len < 64 ? len : 64), text);
    }
}

static mw_status eval_template(evaluator *e, const char *text, rule_value *out)
{
    MW_AUTO(mw_buf) b = {.max = MAX_TEXT_BYTES};
    mw_status st;

    if (!strpbrk(text, "{}")) {
        *out = mw__rule_string(text);
        return MW_OK;
    }
    for (const char *p = text; *p;) {
        size_t plain = strcspn(p, "{}");

        mw_buf_add(&b, p, plain, NULL);
        p += plain;
        if (!*p)
            break;
        if (p[0] == p[1]) { /* "{{" and "}}" are themselves */
            mw_buf_putc(&b, *p);
            p += 2;
        } else if (*p == '{' && strchr(p, '}')) {
            size_t len = strcspn(p + 1, "}");
            if ((st = expand(e, p + 1, len, &b)) != MW_OK)
                return st;
            p += len + 2;
        } else {
            return invalid(e, "a template has an unpaired brace");
        }
    }
    if ((st = mw_buf_status(&b, e->err)) != MW_OK)
        return st;
    *out = mw__rule_string(mw_arena_strndup(e->lib.arena, b.data ? b.data : "", b.len));
    return out->text ? MW_OK : no_memory(e);
}

/* ---- expressions ---- */

static mw_status call(evaluator *e, mw_val v, unsigned depth, rule_value *out)
{
    const mw_doc *d = e->lib.doc;
    mw_val fn = mw_val_get_atom(d, v, e->fn);
    mw_val argv = mw_val_get_atom(d, v, e->argv);
    mw_val assign = mw_val_get_atom(d, v, e->assign);
    mw_atom atom = mw_val_atom(d, fn);
    rule_value args[MW_RULE_MAX_ARGUMENTS] = {{0}};
    const rule_function_entry *f = NULL;
    mw_status st;

    for (size_t i = 0; i < MW_RULE_FUNCTION_COUNT && !f; i++)
        if (e->functions[i] == atom && atom != MW_ATOM_NONE)
            f = &mw__rule_functions[i];
    if (!f)
        return mw_fail(e->err, MW_ERR_UNSUPPORTED, "endpoint rule set: function '%s' is not known to this version",
                       mw_val_str(d, fn, NULL) ? mw_val_str(d, fn, NULL) : "?");
    if (mw_val_len(d, argv) != f->arguments)
        return mw_fail(e->err, MW_ERR_INVALID, "endpoint rule set: %s takes %u arguments, not %zu", f->name,
                       f->arguments, mw_val_len(d, argv));
    for (unsigned i = 0; i < f->arguments; i++)
        if ((st = eval_value(e, mw_val_at(d, argv, i), depth + 1, &args[i])) != MW_OK)
            return st;
    *out = (rule_value){0};
    st = f->call(&e->lib, args, out, e->err);
    if (st != MW_OK)
        return st == MW_ERR_INVALID ? mw_error_prefix(e->err, st, "endpoint rule set") : st;
    if (assign == MW_VAL_ABSENT)
        return MW_OK;
    if (mw_val_kind(d, assign) != MW_KIND_STRING)
        return invalid(e, "'assign' is not a name");
    return bind(e, mw_val_atom(d, assign), mw_val_str(d, assign, NULL), out);
}

static mw_status eval_value(evaluator *e, mw_val v, unsigned depth, rule_value *out)
{
    const mw_doc *d = e->lib.doc;
    mw_val ref;

    if (depth > MAX_DEPTH)
        return invalid(e, "expressions are nested too deeply");
    switch (mw_val_kind(d, v)) {
    case MW_KIND_STRING: return eval_template(e, mw_val_str(d, v, NULL), out);
    case MW_KIND_BOOL: *out = (rule_value){.kind = RULE_BOOL, .truth = mw_val_bool(d, v)}; return MW_OK;
    case MW_KIND_INT: *out = (rule_value){.kind = RULE_INT, .number = mw_val_int(d, v)}; return MW_OK;
    case MW_KIND_OBJECT:
        ref = mw_val_get_atom(d, v, e->ref);
        if (ref == MW_VAL_ABSENT)
            return call(e, v, depth, out);
        *out = lookup_atom(e, mw_val_atom(d, ref));
        return MW_OK;
    case MW_KIND_NULL:
    case MW_KIND_ABSENT: *out = (rule_value){0}; return MW_OK;
    default: return invalid(e, "an argument has a type that the language lacks");
    }
}

/* ---- results ---- */

static mw_status add_property(evaluator *e, mw_val v, unsigned depth)
{
    const mw_doc *d = e->lib.doc;
    size_t n = mw_val_len(d, v);
    rule_value text;
    mw_status st;

    if (depth > MAX_DEPTH)
        return invalid(e, "properties are nested too deeply");
    switch (mw_val_kind(d, v)) {
    case MW_KIND_STRING:
        if ((st = eval_template(e, mw_val_str(d, v, NULL), &text)) != MW_OK)
            return st;
        mw_doc_add_cstr(e->builder, text.text);
        return MW_OK;
    case MW_KIND_ARRAY:
        mw_doc_begin_array(e->builder);
        for (size_t i = 0; i < n; i++)
            if ((st = add_property(e, mw_val_at(d, v, i), depth + 1)) != MW_OK)
                return st;
        mw_doc_end_array(e->builder);
        return MW_OK;
    case MW_KIND_OBJECT:
        mw_doc_begin_object(e->builder);
        for (size_t i = 0; i < n; i++) {
            mw_val key;
            mw_val member = mw_val_member(d, v, i, &key);
            size_t len;
            const char *name = mw_val_str(d, key, &len);

            mw_doc_key(e->builder, name, len);
            if ((st = add_property(e, member, depth + 1)) != MW_OK)
                return st;
        }
        mw_doc_end_object(e->builder);
        return MW_OK;
    default: mw_doc_add_copy(e->builder, d, v); return MW_OK;
    }
}

static mw_status add_headers(evaluator *e, mw_val headers)
{
    const mw_doc *d = e->lib.doc;

    if (mw_val_kind(d, headers) == MW_KIND_ARRAY)
        return invalid(e, "headers are not an object");
    for (size_t i = 0; i < mw_val_len(d, headers); i++) {
        mw_val key;
        mw_val values = mw_val_member(d, headers, i, &key);

        for (size_t k = 0; k < mw_val_len(d, values); k++) {
            rule_value v;
            mw_status st = eval_value(e, mw_val_at(d, values, k), 0, &v);

            if (st != MW_OK)
                return st;
            if (v.kind != RULE_STRING)
                return invalid(e, "a header value is not a string");
            st = mw_http_add(e->lib.arena, &e->out->headers, mw_val_str(d, key, NULL), v.text, e->err);
            if (st != MW_OK)
                return st;
        }
    }
    return MW_OK;
}

mw_status mw__endpoint_set_url(mw_arena *arena, const char *text, mw_endpoint *out, mw_error *err)
{
    rule_url url;
    char *path;
    mw_status st = mw__rule_url_parse(arena, text, &url);

    if (st == MW_ERR_NOMEM)
        return mw_fail(err, st, "out of memory");
    if (st != MW_OK)
        return mw_fail(err, MW_ERR_INVALID, "endpoint '%s' is not a URL (expected http(s)://host[:port][/path])", text);
    out->url = mw_arena_strdup(arena, text);
    path = mw_arena_strdup(arena, url.path);
    if (!out->url || !path)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    for (size_t len = strlen(path); len > 0 && path[len - 1] == '/'; len--)
        path[len - 1] = '\0';
    out->scheme = url.scheme;
    out->host = url.host;
    out->port = url.port;
    out->path = path;
    return MW_OK;
}

/* The regions that a sigv4a signature is good in, with commas; NULL when there are none. */
static mw_status join_regions(evaluator *e, mw_val set, const char **out)
{
    const mw_doc *d = mw_doc_view(e->builder);
    MW_AUTO(mw_buf) text = {.max = 4096};

    *out = NULL;
    for (size_t i = 0; i < mw_val_len(d, set); i++) {
        const char *region = mw_val_str(d, mw_val_at(d, set, i), NULL);

        if (region)
            mw_buf_printf(&text, "%s%s", text.len ? "," : "", region);
    }
    if (!text.len)
        return mw_buf_status(&text, e->err);
    *out = mw_arena_strndup(e->lib.arena, text.data, text.len);
    return *out ? MW_OK : no_memory(e);
}

/* sigv4 where it is offered; sigv4a only when there is nothing else. */
static mw_status choose_scheme(evaluator *e)
{
    const mw_doc *d = mw_doc_view(e->builder);
    mw_val schemes = mw_val_get(d, e->out->properties, "authSchemes");
    mw_val chosen = MW_VAL_ABSENT;
    mw_arena *arena = e->lib.arena;
    const char *name, *region, *set;
    mw_status st;

    for (size_t i = 0; i < mw_val_len(d, schemes); i++) {
        mw_val s = mw_val_at(d, schemes, i);
        bool plain = strcmp(mw_val_get_str(d, s, "name", ""), "sigv4") == 0;

        if (chosen == MW_VAL_ABSENT || plain)
            chosen = s;
        if (plain)
            break;
    }
    if (chosen == MW_VAL_ABSENT)
        return MW_OK;
    name = mw_val_get_str(d, chosen, "signingName", NULL);
    region = mw_val_get_str(d, chosen, "signingRegion", NULL);
    if ((st = join_regions(e, mw_val_get(d, chosen, "signingRegionSet"), &set)) != MW_OK)
        return st;
    if (!region)
        region = set;
    e->out->single_encode = mw_val_get_bool(d, chosen, "disableDoubleEncoding", false);
    e->out->auth_scheme = mw_arena_strdup(arena, mw_val_get_str(d, chosen, "name", "sigv4"));
    e->out->signing_name = name ? mw_arena_strdup(arena, name) : NULL;
    e->out->signing_region = region ? mw_arena_strdup(arena, region) : NULL;
    if (!e->out->auth_scheme || (name && !e->out->signing_name) || (region && !e->out->signing_region))
        return no_memory(e);
    return MW_OK;
}

static mw_status give_endpoint(evaluator *e, mw_val endpoint)
{
    const mw_doc *d = e->lib.doc;
    mw_val properties = mw_val_get(d, endpoint, "properties");
    rule_value url;
    mw_status st = eval_value(e, mw_val_get(d, endpoint, "url"), 0, &url);

    if (st != MW_OK)
        return st;
    if (url.kind != RULE_STRING)
        return invalid(e, "an endpoint's url is not a string");
    if ((st = mw__endpoint_set_url(e->lib.arena, url.text, e->out, e->err)) != MW_OK ||
        (st = add_headers(e, mw_val_get(d, endpoint, "headers"))) != MW_OK)
        return st;
    if (mw_val_kind(d, properties) == MW_KIND_OBJECT) {
        if ((st = add_property(e, properties, 0)) != MW_OK)
            return st;
    } else {
        mw_doc_begin_object(e->builder);
        mw_doc_end_object(e->builder);
    }
    if ((st = mw_doc_builder_status(e->builder, e->err)) != MW_OK)
        return st;
    e->out->properties = mw_doc_pop(e->builder);
    return choose_scheme(e);
}

/* ---- rules ---- */

static mw_status conditions_hold(evaluator *e, mw_val rule, bool *hold)
{
    const mw_doc *d = e->lib.doc;
    mw_val list = mw_val_get_atom(d, rule, e->conditions);
    size_t n = mw_val_len(d, list);

    *hold = false;
    for (size_t i = 0; i < n; i++) {
        rule_value v;
        mw_status st = call(e, mw_val_at(d, list, i), 0, &v);

        if (st != MW_OK)
            return st;
        if (v.kind == RULE_UNSET || (v.kind == RULE_BOOL && !v.truth))
            return MW_OK;
    }
    *hold = true;
    return MW_OK;
}

/* What a condition assigned is seen by the rest of its rule only. */
static mw_status eval_rules(evaluator *e, mw_val rules, unsigned depth, bool *found)
{
    const mw_doc *d = e->lib.doc;
    size_t n = mw_val_len(d, rules);
    size_t mark = e->bound;

    if (depth > MAX_DEPTH)
        return invalid(e, "rules are nested too deeply");
    for (size_t i = 0; i < n && !*found; i++) {
        mw_val rule = mw_val_at(d, rules, i);
        const char *type = mw_val_str(d, mw_val_get_atom(d, rule, e->type), NULL);
        bool hold;
        mw_status st;

        e->bound = mark;
        if ((st = conditions_hold(e, rule, &hold)) != MW_OK)
            return st;
        if (!hold)
            continue;
        if (mw_str_eq(type, "tree")) {
            st = eval_rules(e, mw_val_get_atom(d, rule, e->rules), depth + 1, found);
        } else if (mw_str_eq(type, "endpoint")) {
            *found = true;
            st = give_endpoint(e, mw_val_get_atom(d, rule, e->endpoint));
        } else if (mw_str_eq(type, "error")) {
            rule_value text;
            st = eval_value(e, mw_val_get_atom(d, rule, e->error), 0, &text);
            if (st == MW_OK)
                st = mw_fail(e->err, MW_ERR_INVALID, "%s", text.kind == RULE_STRING ? text.text : "no endpoint");
        } else {
            st = invalid(e, "a rule is neither tree, endpoint nor error");
        }
        if (st != MW_OK)
            return st;
    }
    return MW_OK;
}

/* ---- parameters ---- */

static mw_status take_list(evaluator *e, const mw_doc *d, mw_val v, rule_value *out)
{
    size_t n = mw_val_len(d, v);
    rule_value *items = mw_arena_alloc(e->lib.arena, (n ? n : 1) * sizeof(*items));

    if (!items)
        return no_memory(e);
    for (size_t i = 0; i < n; i++) {
        const char *text = mw_val_str(d, mw_val_at(d, v, i), NULL);
        if (!text)
            continue; /* leaves an unset element, which conditions can ask for */
        items[i] = mw__rule_string(mw_arena_strdup(e->lib.arena, text));
        if (!items[i].text)
            return no_memory(e);
    }
    *out = (rule_value){.kind = RULE_LIST, .items = items, .count = n};
    return MW_OK;
}

static mw_status take_parameter(evaluator *e, mw_val key, mw_val spec, mw_val params)
{
    const mw_doc *d = e->lib.doc;
    const mw_doc *given = mw_doc_view(e->builder);
    const char *name = mw_val_str(d, key, NULL);
    const char *type = mw_val_get_str(d, spec, "type", "");
    mw_val v = mw_val_get(given, params, name);
    rule_value value = {0};
    mw_status st = MW_OK;
    bool fits;

    if (v == MW_VAL_ABSENT || mw_val_kind(given, v) == MW_KIND_NULL) {
        given = d;
        v = mw_val_get(d, spec, "default");
    }
    switch (mw_val_kind(given, v)) {
    case MW_KIND_ABSENT:
    case MW_KIND_NULL:
        if (mw_val_get_bool(d, spec, "required", false))
            return mw_fail(e->err, MW_ERR_INVALID, "Cannot find value for required parameter %s", name);
        return MW_OK;
    case MW_KIND_STRING:
        fits = mw_str_ieq(type, "string");
        value = mw__rule_string(mw_arena_strdup(e->lib.arena, mw_val_str(given, v, NULL)));
        if (!value.text)
            return no_memory(e);
        break;
    case MW_KIND_BOOL:
        fits = mw_str_ieq(type, "boolean");
        value = (rule_value){.kind = RULE_BOOL, .truth = mw_val_bool(given, v)};
        break;
    case MW_KIND_ARRAY:
        fits = mw_str_ieq(type, "stringArray");
        st = take_list(e, given, v, &value);
        break;
    default: fits = false;
    }
    if (!fits)
        return mw_fail(e->err, MW_ERR_INVALID, "endpoint parameter %s: expected a %s", name, type);
    return st == MW_OK ? bind(e, mw_val_atom(d, key), name, &value) : st;
}

static mw_atom atom_of(const mw_doc *d, const char *name)
{
    return mw_doc_atom(d, name, strlen(name));
}

static void resolve_names(evaluator *e)
{
    const mw_doc *d = e->lib.doc;

    e->fn = atom_of(d, "fn");
    e->argv = atom_of(d, "argv");
    e->ref = atom_of(d, "ref");
    e->assign = atom_of(d, "assign");
    e->conditions = atom_of(d, "conditions");
    e->rules = atom_of(d, "rules");
    e->type = atom_of(d, "type");
    e->endpoint = atom_of(d, "endpoint");
    e->error = atom_of(d, "error");
    for (size_t i = 0; i < MW_RULE_FUNCTION_COUNT; i++)
        e->functions[i] = atom_of(d, mw__rule_functions[i].name);
}

mw_status mw_ruleset_eval(const mw_doc *rules, mw_val ruleset, mw_val partitions, mw_doc_builder *b, mw_val params,
                          mw_arena *arena, mw_endpoint *out, mw_error *err)
{
    mw_val specs = mw_val_get(rules, ruleset, "parameters");
    evaluator *e;
    bool found = false;
    mw_status st = MW_OK;

    *out = (mw_endpoint){.properties = MW_VAL_ABSENT};
    if (mw_val_kind(rules, ruleset) != MW_KIND_OBJECT)
        return mw_fail(err, MW_ERR_INVALID, "endpoint rule set: expected an object");
    e = mw_arena_alloc(arena, sizeof(*e));
    if (!e)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    e->lib = (rule_library){.doc = rules, .partitions = partitions, .arena = arena};
    e->builder = b;
    e->out = out;
    e->err = err;
    resolve_names(e);
    if (mw_val_kind(rules, specs) == MW_KIND_ARRAY)
        return invalid(e, "parameters are not an object");
    for (size_t i = 0; i < mw_val_len(rules, specs) && st == MW_OK; i++) {
        mw_val key;
        mw_val spec = mw_val_member(rules, specs, i, &key);
        st = take_parameter(e, key, spec, params);
    }
    if (st == MW_OK)
        st = eval_rules(e, mw_val_get_atom(rules, ruleset, e->rules), 0, &found);
    if (st == MW_OK && !found)
        st = mw_fail(err, MW_ERR_INVALID, "no endpoint rule fits these parameters");
    return st;
}
