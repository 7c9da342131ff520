/*
 * The plan: what was asked for, resolved against the type language and the models this binary carries.
 * Calls are told apart by operation and parameters as written, so whatever asks for the same thing
 * shares one call. An operation that the models lack stays in the plan without `op`: the collector
 * then reports it as unknown, it is never left out silently. A parameter that they lack is left out.
 */
#include "inventory/plan_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CALLS 20000u

struct planning {
    mw_plan *p;
    plan_type *t;
    const mw_doc *d; /* of the type */
    mw_error *err;
};

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for the collection plan");
}

mw_status mw_plan_new(const mw_types *types, const mw_models *models, mw_plan **out, mw_error *err)
{
    mw_plan *p = mw_alloc(sizeof(*p));
    mw_status st;

    *out = NULL;
    if (!p)
        return no_memory(err);
    p->types = types;
    p->models = models;
    p->items = mw_alloc((mw_types_count(types) + 1) * sizeof(plan_type *));
    st = p->items ? mw_doc_builder_new(NULL, &p->b, err) : no_memory(err);
    if (st != MW_OK) {
        mw_plan_free(p);
        return st;
    }
    *out = p;
    return MW_OK;
}

static void free_call(plan_call *c)
{
    for (size_t i = 0; i < c->query_count; i++)
        mw_jmespath_free(c->queries[i].path);
    mw_free(c->queries);
    mw_template_free(c->params);
    mw_template_free(c->prepare_params);
    mw_jmespath_free(c->until);
    mw_jmespath_free(c->failed);
}

static void free_type(plan_type *t)
{
    for (size_t i = 0; i < t->facet_count; i++) {
        mw_jmespath_free(t->facets[i].when);
        mw_jmespath_free(t->facets[i].key);
        mw_jmespath_free(t->facets[i].field);
        mw_jmespath_free(t->facets[i].value);
        mw_jmespath_free(t->facets[i].each);
    }
    for (size_t i = 0; i < t->where_count; i++) {
        mw_jmespath_free(t->where[i].path);
        mw_template_free(t->where[i].want);
    }
    for (size_t i = 0; i < t->locate_count; i++)
        mw_jmespath_free(t->locate[i]);
    mw_jmespath_free(t->describe_key);
    mw_envelope_free(t->envelope);
}

void mw_plan_free(mw_plan *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->call_count; i++)
        free_call(p->calls[i]);
    for (size_t i = 0; i < p->count; i++)
        free_type(p->items[i]);
    mw_free(p->calls);
    mw_free(p->items);
    mw_free(p->operations);
    mw_doc_builder_free(p->b);
    mw_arena_clear(&p->arena);
    mw_free(p);
}

/* ---- reading the type ---- */

static mw_status path_at(struct planning *g, mw_val v, const char *key, mw_jmespath **out)
{
    size_t len;
    const char *s = mw_val_str(g->d, mw_val_get(g->d, v, key), &len);

    return s ? mw_jmespath_compile(s, len, out, g->err) : MW_OK;
}

static mw_status read_absent(struct planning *g, mw_val list, plan_absent **out, size_t *count)
{
    size_t n = mw_val_len(g->d, list);

    if (n == 0)
        return MW_OK;
    *out = mw_arena_alloc(&g->p->arena, n * sizeof(**out));
    if (!*out)
        return no_memory(g->err);
    *count = n;
    for (size_t i = 0; i < n; i++) {
        mw_val v = mw_val_at(g->d, list, i);
        const char *code = mw_val_str(g->d, v, NULL);
        (*out)[i].code = code ? code : mw_val_get_str(g->d, v, "code", "");
        (*out)[i].message = mw_val_get_str(g->d, v, "message", NULL);
    }
    return MW_OK;
}

static mw_status resolve(struct planning *g, const char *name, const char **service,
                         const char **operation, const mw_operation **op)
{
    const char *colon = strchr(name, ':');
    const mw_service *s;

    *service = mw_arena_strndup(&g->p->arena, name, (size_t)(colon - name));
    *operation = colon + 1;
    if (!*service)
        return no_memory(g->err);
    s = mw_models_service(g->p->models, *service);
    *op = s ? mw_service_operation(s, *operation) : NULL;
    return MW_OK;
}

/* Push the members of @p params that @p op knows (all, when the models lack it). */
static void add_known(struct planning *g, const mw_operation *op, mw_val params)
{
    const mw_shape *input = op ? mw_operation_input(op) : NULL;

    for (size_t i = 0; i < mw_val_len(g->d, params); i++) {
        mw_val key;
        mw_val v = mw_val_member(g->d, params, i, &key);
        size_t len;
        const char *name = mw_val_str(g->d, key, &len);
        if (op && (!input || !mw_shape_member(input, name, len)))
            continue;
        mw_doc_key(g->p->b, name, len);
        mw_doc_add_copy(g->p->b, g->d, v);
    }
}

/* The parameters of a list that is called per parent: `UserName: UserName` is `{parent.UserName}`. */
static mw_status add_parent(struct planning *g, mw_val per)
{
    mw_val params = mw_val_get(g->d, per, "params");

    for (size_t i = 0; i < mw_val_len(g->d, params); i++) {
        mw_val key;
        mw_val v = mw_val_member(g->d, params, i, &key);
        char *text = mw_arena_printf(&g->p->arena, "{parent.%s}", mw_val_str(g->d, v, NULL));
        if (!text)
            return no_memory(g->err);
        mw_doc_member_str(g->p->b, mw_val_str(g->d, key, NULL), text);
    }
    return MW_OK;
}

/* ---- calls ---- */

struct wanted {
    const char *name;   /* operation as written */
    mw_val params, more;/* more: a variant's, or ABSENT */
    mw_val per;         /* list.per, or ABSENT */
    mw_val prepare;     /* or ABSENT */
    unsigned pages, max_pages;
};

static mw_status read_prepare(struct planning *g, plan_call *c, mw_val prepare)
{
    mw_val params;
    mw_status st;

    if (prepare == MW_VAL_ABSENT)
        return MW_OK;
    c->prepared = true;
    c->prepare_name = mw_val_get_str(g->d, prepare, "operation", "");
    c->bind = mw_val_get_str(g->d, prepare, "bind", NULL);
    if ((st = resolve(g, c->prepare_name, &c->prepare_service, &c->prepare_operation,
                      &c->prepare_op)) != MW_OK ||
        (st = path_at(g, prepare, "until", &c->until)) != MW_OK ||
        (st = path_at(g, prepare, "failed", &c->failed)) != MW_OK)
        return st;
    mw_doc_begin_object(g->p->b);
    add_known(g, c->prepare_op, mw_val_get(g->d, prepare, "params"));
    mw_doc_end_object(g->p->b);
    params = mw_doc_pop(g->p->b);
    st = mw_template_compile(mw_doc_view(g->p->b), params, &c->prepare_params, g->err);
    if (st == MW_OK && mw_template_per_item(c->prepare_params))
        c->per_item = true;
    return st;
}

static mw_status new_call(struct planning *g, plan_call *c, const struct wanted *w, mw_val params,
                          const char *signature, size_t *out)
{
    mw_plan *p = g->p;
    mw_status st;

    if (p->call_count == MAX_CALLS)
        return mw_fail(g->err, MW_ERR_LIMIT, "the plan has more than %u distinct calls", MAX_CALLS);
    if (p->call_count == p->call_cap) {
        size_t cap = p->call_cap ? p->call_cap * 2 : 64;
        plan_call **calls = mw_realloc(p->calls, cap * sizeof(plan_call *));
        if (!calls)
            return no_memory(g->err);
        p->calls = calls;
        p->call_cap = cap;
    }
    c->signature = mw_arena_strdup(&p->arena, signature);
    if (!c->signature)
        return no_memory(g->err);
    p->calls[*out = p->call_count++] = c; /* owned by the plan from here on */
    p->operations_valid = false;
    c->pages = w->pages;
    c->max_pages = w->max_pages;
    st = mw_template_compile(mw_doc_view(p->b), params, &c->params, g->err);
    if (st == MW_OK)
        c->per_item = mw_template_per_item(c->params);
    return st == MW_OK ? read_prepare(g, c, w->prepare) : st;
}

static mw_status call_for(struct planning *g, const struct wanted *w, size_t *out)
{
    mw_plan *p = g->p;
    plan_call *c = mw_arena_alloc(&p->arena, sizeof(*c));
    MW_AUTO(mw_buf) signature = {.max = 1 << 20};
    mw_val params;
    mw_status st;

    if (!c)
        return no_memory(g->err);
    c->name = w->name;
    if ((st = resolve(g, w->name, &c->service, &c->operation, &c->op)) != MW_OK)
        return st;
    mw_doc_begin_object(p->b);
    add_known(g, c->op, w->params);
    add_known(g, c->op, w->more);
    if ((st = add_parent(g, w->per)) != MW_OK)
        return st;
    mw_doc_end_object(p->b);
    params = mw_doc_pop(p->b);
    if ((st = mw_doc_builder_status(p->b, g->err)) != MW_OK)
        return st;
    mw_buf_printf(&signature, "%s %u %u ", w->name, w->pages, w->max_pages);
    mw_json_write(&signature, mw_doc_view(p->b), params, MW_JSON_COMPACT);
    if (w->prepare != MW_VAL_ABSENT) {
        mw_buf_putc(&signature, ' ');
        mw_json_write(&signature, g->d, w->prepare, MW_JSON_COMPACT);
    }
    if ((st = mw_buf_status(&signature, g->err)) != MW_OK)
        return st;
    for (size_t i = 0; i < p->call_count; i++) {
        if (mw_str_eq(p->calls[i]->signature, signature.data)) {
            *out = i;
            return MW_OK;
        }
    }
    return new_call(g, c, w, params, signature.data, out);
}

static mw_status read_by(struct planning *g, size_t call, plan_per per, unsigned batch,
                         const char *part)
{
    plan_call *c = g->p->calls[call];
    plan_reader **last = &c->readers;
    plan_reader *r;

    for (; *last; last = &(*last)->next)
        if (mw_str_eq((*last)->type, g->t->type->name) && mw_str_eq((*last)->part, part))
            return MW_OK;
    r = mw_arena_alloc(&g->p->arena, sizeof(*r));
    if (!r)
        return no_memory(g->err);
    *r = (plan_reader){g->t->type->name, part, NULL};
    *last = r;
    if (c->readers == r || per > c->per) {
        c->per = per;
        c->batch = batch;
    }
    return MW_OK;
}

/* Does the model say that this top-level member is a blob, which arrives as base64? */
static bool is_blob(const mw_operation *op, const char *member)
{
    const mw_shape *output = op ? mw_operation_output(op) : NULL;
    const mw_member *m = output ? mw_shape_member(output, member, strlen(member)) : NULL;

    return m && mw_shape_type_of(mw_member_shape(m)) == MW_SHAPE_BLOB;
}

static mw_status query_for(struct planning *g, size_t call, const char *text, const char *parse,
                           bool retained, size_t *out)
{
    plan_call *c = g->p->calls[call];
    plan_query q = {.text = text, .retained = retained, .csv = parse && !mw_str_eq(parse, "json"),
                    .json = mw_str_eq(parse, "json")};

    if (parse && mw_str_starts(parse, "csv:"))
        q.csv_member = parse + 4;
    for (size_t i = 0; i < c->query_count; i++) {
        const plan_query *o = &c->queries[i];
        if (mw_str_eq(o->text, text) && o->retained == retained && o->csv == q.csv &&
            o->json == q.json && mw_str_eq(o->csv_member, q.csv_member)) {
            *out = i;
            return MW_OK;
        }
    }
    if (c->query_count == c->query_cap) {
        size_t cap = c->query_cap ? c->query_cap * 2 : 4;
        plan_query *queries = mw_realloc(c->queries, cap * sizeof(*queries));
        if (!queries)
            return no_memory(g->err);
        c->queries = queries;
        c->query_cap = cap;
    }
    if (q.csv)
        q.base64 = is_blob(c->op, q.csv_member ? q.csv_member : text);
    if (!mw_str_eq(text, "@")) {
        mw_status st = mw_jmespath_compile(text, strlen(text), &q.path, g->err);
        if (st != MW_OK)
            return st;
    }
    c->queries[*out = c->query_count++] = q;
    return MW_OK;
}

/* ---- types ---- */

static mw_status plan_lists(struct planning *g, mw_val list)
{
    mw_val variants = mw_val_get(g->d, list, "variants");
    size_t n = mw_val_len(g->d, variants);
    bool home = mw_val_get(g->d, list, "region") != MW_VAL_ABSENT;
    struct wanted w = {.name = mw_val_get_str(g->d, list, "operation", ""),
                       .params = mw_val_get(g->d, list, "params"),
                       .per = mw_val_get(g->d, list, "per"),
                       .more = MW_VAL_ABSENT,
                       .prepare = MW_VAL_ABSENT};
    const char *items = mw_val_get_str(g->d, list, "items", "@");

    g->t->list_count = n ? n : 1;
    g->t->lists = mw_arena_alloc(&g->p->arena, g->t->list_count * sizeof(plan_list));
    if (!g->t->lists)
        return no_memory(g->err);
    for (size_t i = 0; i < g->t->list_count; i++) {
        plan_list *l = &g->t->lists[i];
        mw_val variant = mw_val_at(g->d, variants, i);
        plan_per per;
        mw_status st;
        w.more = mw_val_get(g->d, variant, "params");
        l->home = home || mw_val_get(g->d, variant, "region") != MW_VAL_ABSENT;
        per = g->t->parent != PLAN_NONE ? PER_PARENT
              : g->t->regional && !l->home ? PER_REGION
                                           : PER_ACCOUNT;
        if ((st = call_for(g, &w, &l->call)) != MW_OK ||
            (st = query_for(g, l->call, items, NULL, false, &l->query)) != MW_OK ||
            (st = read_by(g, l->call, per, 0, NULL)) != MW_OK)
            return st;
    }
    return read_absent(g, mw_val_get(g->d, list, "absent_errors"), &g->t->list_absent,
                       &g->t->list_absent_count);
}

static mw_status plan_wheres(struct planning *g, mw_val where)
{
    size_t n = mw_val_len(g->d, where);

    if (n == 0)
        return MW_OK;
    g->t->where = mw_arena_alloc(&g->p->arena, n * sizeof(*g->t->where));
    if (!g->t->where)
        return no_memory(g->err);
    g->t->where_count = n;
    for (size_t i = 0; i < n; i++) {
        mw_val key;
        mw_val v = mw_val_member(g->d, where, i, &key);
        size_t len;
        const char *s = mw_val_str(g->d, key, &len);
        mw_status st = mw_jmespath_compile(s, len, &g->t->where[i].path, g->err);
        if (st == MW_OK)
            st = mw_template_compile(g->d, v, &g->t->where[i].want, g->err);
        if (st != MW_OK)
            return st;
    }
    return MW_OK;
}

static mw_status plan_describe(struct planning *g, mw_val describe)
{
    plan_type *t = g->t;
    struct wanted w = {.name = mw_val_get_str(g->d, describe, "operation", ""),
                       .params = mw_val_get(g->d, describe, "params"),
                       .more = MW_VAL_ABSENT,
                       .per = MW_VAL_ABSENT,
                       .prepare = MW_VAL_ABSENT};
    mw_status st;

    t->describe_call = PLAN_NONE;
    if (describe == MW_VAL_ABSENT)
        return MW_OK;
    t->describe_param = mw_val_get_str(g->d, describe, "param", "");
    t->describe_size = (unsigned)mw_val_get_int(g->d, describe, "size", 1);
    if ((st = call_for(g, &w, &t->describe_call)) != MW_OK ||
        (st = query_for(g, t->describe_call, mw_val_get_str(g->d, describe, "items", "@"), NULL,
                        true, &t->describe_query)) != MW_OK ||
        (st = read_by(g, t->describe_call, t->describe_size > 1 ? PER_BATCH : PER_RESOURCE,
                      t->describe_size, "describe")) != MW_OK ||
        (st = path_at(g, describe, "key", &t->describe_key)) != MW_OK)
        return st;
    return read_absent(g, mw_val_get(g->d, describe, "absent_errors"), &t->describe_absent,
                       &t->describe_absent_count);
}

static mw_status plan_locate(struct planning *g, mw_val from)
{
    plan_type *t = g->t;
    size_t n = mw_val_len(g->d, from);
    mw_status st = MW_OK;

    t->locate_call = PLAN_NONE;
    t->locate_map = MW_VAL_ABSENT;
    if (n == 0)
        return MW_OK;
    t->locate = mw_arena_alloc(&g->p->arena, n * sizeof(mw_jmespath *));
    if (!t->locate)
        return no_memory(g->err);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        mw_val v = mw_val_at(g->d, from, i);
        size_t len;
        const char *s = mw_val_str(g->d, v, &len);
        if (s) {
            st = mw_jmespath_compile(s, len, &t->locate[t->locate_count], g->err);
            t->locate_count += st == MW_OK;
            continue;
        }
        struct wanted w = {.name = mw_val_get_str(g->d, v, "operation", ""),
                           .params = mw_val_get(g->d, v, "params"),
                           .more = MW_VAL_ABSENT,
                           .per = MW_VAL_ABSENT,
                           .prepare = MW_VAL_ABSENT};
        t->locate_map = mw_val_get(g->d, v, "map");
        if ((st = call_for(g, &w, &t->locate_call)) == MW_OK &&
            (st = query_for(g, t->locate_call, mw_val_get_str(g->d, v, "result", "@"), NULL, true,
                            &t->locate_query)) == MW_OK)
            st = read_by(g, t->locate_call, PER_RESOURCE, 0, "region");
    }
    return st;
}

static mw_status need_type(mw_plan *p, const mw_type *type, size_t *index, unsigned depth,
                           mw_error *err)
{
    struct planning g = {.p = p, .d = type->d, .err = err};
    mw_val list = mw_val_get(type->d, type->v, "list");
    const char *parent = mw_val_str(type->d, mw_val_path(type->d, list, "per.parent"), NULL);
    const char *scope = mw_type_scope(type);
    mw_status st;

    for (*index = 0; *index < p->count; ++*index)
        if (p->items[*index]->type == type)
            return MW_OK;
    if (depth > 8)
        return mw_fail(err, MW_ERR_INVALID, "type %s: its parents form a circle", type->name);
    g.t = mw_arena_alloc(&p->arena, sizeof(*g.t));
    if (!g.t)
        return no_memory(err);
    g.t->type = type;
    g.t->parent = PLAN_NONE;
    g.t->regional = mw_str_eq(scope, "regional") || mw_str_eq(scope, "region");
    if (parent) {
        const mw_type *t = mw_types_get(p->types, parent);
        if (!t)
            return mw_fail(err, MW_ERR_INVALID, "type %s: '%s' is not a resource type", type->name,
                           parent);
        if ((st = need_type(p, t, &g.t->parent, depth + 1, err)) != MW_OK)
            return st;
        if (p->items[g.t->parent]->regional != g.t->regional)
            return mw_fail(err, MW_ERR_INVALID,
                           "type %s: its scope is '%s' but that of its parent %s is '%s'", type->name,
                           scope, parent, mw_type_scope(t));
    }
    *index = p->count;
    p->items[p->count++] = g.t;
    g.t->facets = mw_arena_alloc(&p->arena, (mw_type_facet_count(type) + 1) * sizeof(plan_facet));
    if (!g.t->facets)
        return no_memory(err);
    if ((st = mw_envelope_new(type, &g.t->envelope, err)) != MW_OK ||
        (st = plan_lists(&g, list)) != MW_OK ||
        (st = plan_wheres(&g, mw_val_get(type->d, list, "where"))) != MW_OK ||
        (st = plan_describe(&g, mw_val_get(type->d, list, "batch_describe"))) != MW_OK ||
        (st = plan_locate(&g, mw_val_get(type->d, type->v, "region_from"))) != MW_OK)
        return mw_error_prefix(err, st, "type %s", type->name);
    return MW_OK;
}

/* ---- facets ---- */

static mw_status read_ways(struct planning *g, mw_val v, plan_facet *f)
{
    mw_val join = mw_val_get(g->d, v, "join");
    mw_val batch = mw_val_get(g->d, v, "batch");
    mw_val keyed = join != MW_VAL_ABSENT ? join : batch;
    mw_status st;

    f->join = join != MW_VAL_ABSENT;
    f->many = mw_val_get_bool(g->d, join, "many", false);
    f->by_arn = f->join && mw_str_eq(mw_val_get_str(g->d, join, "key", NULL), "arn");
    f->batch_param = mw_val_get_str(g->d, batch, "param", NULL);
    f->batch_size = (unsigned)mw_val_get_int(g->d, batch, "size", 0);
    if ((st = path_at(g, keyed, "key", &f->key)) != MW_OK ||
        (st = path_at(g, keyed, "field", &f->field)) != MW_OK ||
        (st = path_at(g, keyed, "value", &f->value)) != MW_OK ||
        (st = path_at(g, v, "each", &f->each)) != MW_OK ||
        (st = path_at(g, v, "when", &f->when)) != MW_OK)
        return st;
    return read_absent(g, mw_val_get(g->d, v, "absent_errors"), &f->absent, &f->absent_count);
}

static mw_status need_facet(struct planning *g, const char *name, unsigned depth, size_t *index)
{
    mw_val v = mw_val_get(g->d, g->t->type->facets, name);
    mw_val needs = mw_val_get(g->d, v, "needs_facet");
    size_t n = mw_val_len(g->d, needs);
    plan_facet f = {.name = name};
    struct wanted w = {.name = mw_val_get_str(g->d, v, "operation", ""),
                       .params = mw_val_get(g->d, v, "params"),
                       .more = MW_VAL_ABSENT,
                       .per = MW_VAL_ABSENT,
                       .prepare = mw_val_get(g->d, v, "prepare"),
                       .pages = (unsigned)mw_val_get_int(g->d, v, "pages", 0),
                       .max_pages = (unsigned)mw_val_get_int(g->d, v, "max_pages", 0)};
    plan_per per;
    mw_status st;

    for (*index = 0; *index < g->t->facet_count; ++*index)
        if (mw_str_eq(g->t->facets[*index].name, name))
            return MW_OK;
    if (depth > 8)
        return mw_fail(g->err, MW_ERR_INVALID, "facet %s: the facets it needs form a circle", name);
    if (n && !(f.needs = mw_arena_alloc(&g->p->arena, n * sizeof(*f.needs))))
        return no_memory(g->err);
    for (size_t i = 0; i < n; i++) {
        st = need_facet(g, mw_val_str(g->d, mw_val_at(g->d, needs, i), NULL), depth + 1,
                        &f.needs[i]);
        if (st != MW_OK)
            return st;
    }
    f.need_count = n;
    f.home = mw_val_get(g->d, v, "region") != MW_VAL_ABSENT;
    *index = g->t->facet_count;
    st = read_ways(g, v, &f);
    g->t->facets[g->t->facet_count++] = f; /* the type frees its expressions, whatever follows */
    if (st != MW_OK)
        return st;
    plan_facet *kept = &g->t->facets[*index];
    if ((st = call_for(g, &w, &kept->call)) != MW_OK ||
        (st = query_for(g, kept->call, mw_val_get_str(g->d, v, "result", "@"),
                        mw_val_get_str(g->d, v, "parse", NULL), true, &kept->query)) != MW_OK)
        return st;
    per = kept->batch_param                       ? PER_BATCH
          : kept->each                            ? PER_VALUE
          : g->p->calls[kept->call]->per_item     ? PER_RESOURCE
          : g->t->regional && !kept->home         ? PER_REGION
                                                  : PER_ACCOUNT;
    return read_by(g, kept->call, per, kept->batch_size, name);
}

static mw_status not_found(const char *what, const char *name, const char *const *names, size_t n,
                           mw_error *err)
{
    const char *near = mw_nearest(name, names, n);

    return near ? mw_fail(err, MW_ERR_NOTFOUND, "%s '%s' does not exist; did you mean '%s'?", what,
                          name, near)
                : mw_fail(err, MW_ERR_NOTFOUND, "%s '%s' does not exist", what, name);
}

static mw_status no_such_type(const mw_types *types, const char *name, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    size_t n = mw_types_count(types);
    const char **names = mw_arena_alloc(&arena, (n + 1) * sizeof(*names));

    for (size_t i = 0; names && i < n; i++)
        names[i] = mw_type_name(mw_types_at(types, i));
    return not_found("resource type", name, names, names ? n : 0, err);
}

static mw_status no_such_facet(const mw_type *type, const char *name, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    size_t n = mw_type_facet_count(type);
    const char **names = mw_arena_alloc(&arena, (n + 1) * sizeof(*names));

    for (size_t i = 0; names && i < n; i++)
        names[i] = mw_type_facet_at(type, i);
    return mw_error_prefix(err, not_found("facet", name, names, names ? n : 0, err), "%s",
                           type->name);
}

mw_status mw_plan_need(mw_plan *p, const char *type, const char *facet, mw_error *err)
{
    const mw_type *t = mw_types_get(p->types, type);
    struct planning g = {.p = p, .err = err};
    const char *own = NULL;
    size_t index;
    mw_status st;

    if (!t)
        return no_such_type(p->types, type, err);
    for (size_t i = 0; facet && i < mw_type_facet_count(t); i++)
        if (mw_str_eq(mw_type_facet_at(t, i), facet))
            own = mw_type_facet_at(t, i); /* outlives the caller's string */
    if (facet && !own)
        return no_such_facet(t, facet, err);
    if ((st = need_type(p, t, &index, 0, err)) != MW_OK || !facet)
        return st;
    g.t = p->items[index];
    g.d = t->d;
    st = need_facet(&g, own, 0, &index);
    return st == MW_OK ? MW_OK : mw_error_prefix(err, st, "%s.%s", t->name, facet);
}

/* ---- operations ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t mw_plan_operation_count(const mw_plan *plan)
{
    mw_plan *p = (mw_plan *)(uintptr_t)plan; /* a cache; plans are used by one thread */
    size_t n = 0, kept = 0;

    if (p->operations_valid)
        return p->operation_count;
    mw_free(p->operations);
    p->operations = mw_alloc((2 * p->call_count + 1) * sizeof(*p->operations));
    if (!p->operations)
        return p->operation_count = 0;
    for (size_t i = 0; i < p->call_count; i++) {
        p->operations[n++] = p->calls[i]->name;
        if (p->calls[i]->prepared)
            p->operations[n++] = p->calls[i]->prepare_name;
    }
    qsort(p->operations, n, sizeof(*p->operations), by_text);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || !mw_str_eq(p->operations[kept - 1], p->operations[i]))
            p->operations[kept++] = p->operations[i];
    p->operation_count = kept;
    p->operations_valid = true;
    return kept;
}

const char *mw_plan_operation_at(const mw_plan *p, size_t i)
{
    return i < mw_plan_operation_count(p) ? p->operations[i] : NULL;
}
