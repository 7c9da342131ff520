/*
 * The plan: what was asked for, resolved against the type language and the models this binary carries.
 * Calls are told apart by operation and parameters as written, so whatever asks for the same thing
 * shares one call. An operation that the models lack stays in the plan without `op`: the collector
 * then reports it as unknown, it is never left out silently. A parameter that they lack is left out.
 * Whatever is not known to only read is refused, whoever wrote the type.
 */
#include "inventory/plan_build.h"

#include "aws/client.h"
#include "aws/readonly.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/sensitive.h"
#include "inventory/type_internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CALLS 20000u

mw_status plan_no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for the collection plan");
}

mw_status mw_plan_new(const mw_types *types, const mw_models *models, mw_plan **out, mw_error *err)
{
    mw_plan *p = mw_alloc(sizeof(*p));
    mw_status st;

    *out = NULL;
    if (!p)
        return plan_no_memory(err);
    p->types = types;
    p->models = models;
    p->items = mw_alloc((mw_types_count(types) + 1) * sizeof(plan_type *));
    st = p->items ? mw_doc_builder_new(NULL, &p->b, err) : plan_no_memory(err);
    for (size_t i = 0; i < mw_types_count(types) && st == MW_OK; i++) /* the built-in ones have a test for it */
        if (mw_types_at(types, i)->own)
            st = mw_sensitive_check(mw_types_at(types, i), models, err);
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
        mw_template_free(t->facets[i].key_text);
        if (t->facets[i].metric)
            mw_template_free(t->facets[i].metric->dimensions);
    }
    for (size_t i = 0; i < t->where_count; i++) {
        mw_jmespath_free(t->where[i].path);
        mw_template_free(t->where[i].want);
    }
    for (size_t i = 0; i < t->locate_count; i++)
        mw_jmespath_free(t->locate[i]);
    for (size_t i = 0; i < t->by_count; i++)
        mw_jmespath_free(t->by[i].path);
    mw_jmespath_free(t->newest);
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

mw_status plan_path_at(struct planning *g, mw_val v, const char *key, mw_jmespath **out)
{
    size_t len;
    const char *s = mw_val_str(g->d, mw_val_get(g->d, v, key), &len);

    return s ? mw_jmespath_compile(s, len, out, g->err) : MW_OK;
}

mw_status plan_read_absent(struct planning *g, mw_val list, plan_absent **out, size_t *count)
{
    size_t n = mw_val_len(g->d, list);

    if (n == 0)
        return MW_OK;
    *out = mw_arena_alloc(&g->p->arena, n * sizeof(**out));
    if (!*out)
        return plan_no_memory(g->err);
    *count = n;
    for (size_t i = 0; i < n; i++) {
        mw_val v = mw_val_at(g->d, list, i);
        const char *code = mw_val_str(g->d, v, NULL);
        (*out)[i].code = code ? code : mw_val_get_str(g->d, v, "code", "");
        (*out)[i].message = mw_val_get_str(g->d, v, "message", NULL);
    }
    return MW_OK;
}

static mw_status resolve(struct planning *g, const char *name, const char **service, const char **operation,
                         const mw_operation **op)
{
    const char *colon = strchr(name, ':');
    const mw_service *s;

    *service = mw_arena_strndup(&g->p->arena, name, (size_t)(colon - name));
    *operation = colon + 1;
    if (!*service)
        return plan_no_memory(g->err);
    s = mw_models_service(g->p->models, *service);
    *op = s ? mw_service_operation(s, *operation) : NULL;
    if (*op && !mw_operation_read_only(*op)) { /* a type's file may be anybody's: an inventory only reads */
        const char *why = mw_operation_read_exception(*op);
        return mw_fail(g->err, MW_ERR_INVALID, "%s may not be called by a type: %s", name,
                       why ? why : "it is not known to change nothing");
    }
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
static mw_status add_parent(struct planning *g, mw_val params)
{
    for (size_t i = 0; i < mw_val_len(g->d, params); i++) {
        mw_val key;
        mw_val v = mw_val_member(g->d, params, i, &key);
        char *text = mw_arena_printf(&g->p->arena, "{parent.%s}", mw_val_str(g->d, v, NULL));
        if (!text)
            return plan_no_memory(g->err);
        mw_doc_member_str(g->p->b, mw_val_str(g->d, key, NULL), text);
    }
    return MW_OK;
}

/* ---- calls ---- */

static mw_status read_prepare(struct planning *g, plan_call *c, mw_val prepare)
{
    mw_val params;
    mw_status st;

    if (prepare == MW_VAL_ABSENT)
        return MW_OK;
    c->prepared = true;
    c->prepare_name = mw_val_get_str(g->d, prepare, "operation", "");
    c->bind = mw_val_get_str(g->d, prepare, "bind", NULL);
    if ((st = resolve(g, c->prepare_name, &c->prepare_service, &c->prepare_operation, &c->prepare_op)) != MW_OK ||
        (st = plan_path_at(g, prepare, "until", &c->until)) != MW_OK ||
        (st = plan_path_at(g, prepare, "failed", &c->failed)) != MW_OK)
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
            return plan_no_memory(g->err);
        p->calls = calls;
        p->call_cap = cap;
    }
    c->signature = mw_arena_strdup(&p->arena, signature);
    if (!c->signature)
        return plan_no_memory(g->err);
    p->calls[ *out = p->call_count++] = c; /* owned by the plan from here on */
    p->operations_valid = false;
    c->pages = w->pages;
    c->max_pages = w->max_pages;
    st = mw_template_compile(mw_doc_view(p->b), params, &c->params, g->err);
    if (st == MW_OK)
        c->per_item = mw_template_per_item(c->params);
    return st == MW_OK ? read_prepare(g, c, w->prepare) : st;
}

mw_status plan_call_for(struct planning *g, const struct wanted *w, size_t *out)
{
    mw_plan *p = g->p;
    plan_call *c = mw_arena_alloc(&p->arena, sizeof(*c));
    MW_AUTO(mw_buf) signature = {.max = 1 << 20};
    mw_val params;
    mw_status st;

    if (!c)
        return plan_no_memory(g->err);
    c->name = w->name;
    if ((st = resolve(g, w->name, &c->service, &c->operation, &c->op)) != MW_OK)
        return st;
    mw_doc_begin_object(p->b);
    add_known(g, c->op, w->params);
    add_known(g, c->op, w->more);
    if ((st = add_parent(g, w->per)) != MW_OK)
        return st;
    if (w->start) {
        mw_doc_member_str(p->b, "StartTime", w->start);
        mw_doc_member_str(p->b, "EndTime", "{now}");
        mw_doc_member_str(p->b, "ScanBy", "TimestampAscending");
    }
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

mw_status plan_read_by(struct planning *g, size_t call, plan_per per, unsigned batch, const char *part)
{
    plan_call *c = g->p->calls[call];
    plan_reader **last = &c->readers;
    plan_reader *r;

    for (; *last; last = &(*last)->next)
        if (mw_str_eq((*last)->type, g->t->type->name) && mw_str_eq((*last)->part, part))
            return MW_OK;
    r = mw_arena_alloc(&g->p->arena, sizeof(*r));
    if (!r)
        return plan_no_memory(g->err);
    *r = (plan_reader){.type = g->t->type->name, .part = part, .of = g->t, .per = per, .batch = batch};
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

/*
 * What a path asks of the answer first is there by the model: a slip of the pen would be an empty list, or an absent
 * facet. Of a team's own types only: those that are built in are newer than some models, and tested.
 */
static mw_status check_first(const struct planning *g, const plan_call *c, const char *path)
{
    const mw_shape *output = c->op ? mw_operation_output(c->op) : NULL;
    size_t len = strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    const char *near;
    MW_AUTO_FREE char *name = NULL;
    const char **known;

    if (!g->t->type->own || !output || len == 0 || path[len] == '(' || mw_shape_member(output, path, len))
        return MW_OK;
    name = mw_strndup(path, len);
    known = mw_alloc((mw_shape_member_count(output) + 1) * sizeof(*known));
    if (!name || !known) {
        mw_free(known);
        return plan_no_memory(g->err);
    }
    for (size_t i = 0; i < mw_shape_member_count(output); i++)
        known[i] = mw_member_name(mw_shape_member_at(output, i));
    near = mw_nearest(name, known, mw_shape_member_count(output));
    mw_fail(g->err, MW_ERR_INVALID, "by the models %s gives no '%s'%s%s%s", c->name, name,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    mw_free(known);
    return MW_ERR_INVALID;
}

mw_status plan_query_for(struct planning *g, size_t call, const char *text, mw_val facet, bool retained, size_t *out)
{
    plan_call *c = g->p->calls[call];
    const char *parse = mw_val_get_str(g->d, facet, "parse", NULL);
    mw_val keyed = mw_val_get(g->d, facet, "keyed"), name;
    plan_query q = {.text = text,
                    .retained = retained,
                    .csv = parse && !mw_str_eq(parse, "json"),
                    .json = mw_str_eq(parse, "json")};
    mw_status st;

    if ((st = check_first(g, c, text)) != MW_OK)
        return st;
    if (parse && mw_str_starts(parse, "csv:"))
        q.csv_member = parse + 4;
    if (mw_val_kind(g->d, keyed) == MW_KIND_OBJECT) {
        q.keyed_value = mw_val_str(g->d, mw_val_member(g->d, keyed, 0, &name), NULL);
        q.keyed_name = mw_val_str(g->d, name, NULL);
    }
    for (size_t i = 0; i < c->query_count; i++) {
        const plan_query *o = &c->queries[i];
        if (mw_str_eq(o->text, text) && o->retained == retained && o->csv == q.csv && o->json == q.json &&
            mw_str_eq(o->csv_member, q.csv_member) && mw_str_eq(o->keyed_name, q.keyed_name) &&
            mw_str_eq(o->keyed_value, q.keyed_value)) {
            *out = i;
            return MW_OK;
        }
    }
    if (c->query_count == c->query_cap) {
        size_t cap = c->query_cap ? c->query_cap * 2 : 4;
        plan_query *queries = mw_realloc(c->queries, cap * sizeof(*queries));
        if (!queries)
            return plan_no_memory(g->err);
        c->queries = queries;
        c->query_cap = cap;
    }
    if (q.csv)
        q.base64 = is_blob(c->op, q.csv_member ? q.csv_member : text);
    if (!mw_str_eq(text, "@")) {
        if ((st = mw_jmespath_compile(text, strlen(text), &q.path, g->err)) != MW_OK)
            return st;
    }
    c->queries[ *out = c->query_count++] = q;
    return MW_OK;
}

/* ---- asking ---- */

static mw_status not_found(const char *what, const char *name, const char *const *names, size_t n, mw_error *err)
{
    const char *near = mw_nearest(name, names, n);

    return near ? mw_fail(err, MW_ERR_NOTFOUND, "%s '%s' does not exist; did you mean '%s'?", what, name, near)
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
    return mw_error_prefix(err, not_found("facet", name, names, names ? n : 0, err), "%s", type->name);
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
    if ((st = plan_need_type(p, t, &index, 0, err)) != MW_OK || !facet)
        return st;
    g.t = p->items[index];
    g.d = t->d;
    st = plan_need_facet(&g, own, 0, &index);
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

void mw_plan_each_read(const mw_plan *p,
                       void (*fn)(void *user, const char *operation, const char *type, const char *part), void *user)
{
    for (size_t i = 0; i < p->call_count; i++) {
        const plan_call *c = p->calls[i];
        for (const plan_reader *r = c->readers; r; r = r->next) {
            fn(user, c->name, r->type, r->part);
            if (c->prepared)
                fn(user, c->prepare_name, r->type, r->part);
        }
    }
}
