/*
 * A type in the plan: its lists, its describe call, its facets, each as compiled expressions and an
 * index of the call that they share. Parents and sources come before what is made of them. Form was
 * checked when the type was read; what fails here is a circle, or a parent of another scope.
 */
#include "inventory/plan_build.h"

#include "base/str.h"

/* The same list once more for each item found, with the item as its parent. */
static mw_status plan_recursive(struct planning *g, mw_val list, const char *items)
{
    struct wanted w = {.name = mw_val_get_str(g->d, list, "operation", ""),
                       .params = mw_val_get(g->d, list, "params"),
                       .more = MW_VAL_ABSENT,
                       .per = mw_val_get(g->d, list, "recursive"),
                       .prepare = MW_VAL_ABSENT};
    plan_list *l;
    mw_status st;

    if (w.per == MW_VAL_ABSENT)
        return MW_OK;
    l = mw_arena_alloc(&g->p->arena, sizeof(*l));
    if (!l)
        return plan_no_memory(g->err);
    l->home = mw_val_get(g->d, list, "region") != MW_VAL_ABSENT;
    if ((st = plan_call_for(g, &w, &l->call)) != MW_OK ||
        (st = plan_query_for(g, l->call, items, MW_VAL_ABSENT, false, &l->query)) != MW_OK)
        return st;
    g->t->recursive = l;
    return plan_read_by(g, l->call, PER_RESOURCE, 0, NULL);
}

static mw_status plan_lists(struct planning *g, mw_val list)
{
    mw_val variants = mw_val_get(g->d, list, "variants");
    size_t n = mw_val_len(g->d, variants);
    bool home = mw_val_get(g->d, list, "region") != MW_VAL_ABSENT;
    struct wanted w = {.name = mw_val_get_str(g->d, list, "operation", ""),
                       .params = mw_val_get(g->d, list, "params"),
                       .per = mw_val_path(g->d, list, "per.params"),
                       .more = MW_VAL_ABSENT,
                       .prepare = MW_VAL_ABSENT};
    const char *items = mw_val_get_str(g->d, list, "items", "@");
    mw_status st;

    g->t->list_count = n ? n : 1;
    g->t->lists = mw_arena_alloc(&g->p->arena, g->t->list_count * sizeof(plan_list));
    if (!g->t->lists)
        return plan_no_memory(g->err);
    for (size_t i = 0; i < g->t->list_count; i++) {
        plan_list *l = &g->t->lists[i];
        mw_val variant = mw_val_at(g->d, variants, i);
        plan_per per;
        w.more = mw_val_get(g->d, variant, "params");
        l->home = home || mw_val_get(g->d, variant, "region") != MW_VAL_ABSENT;
        per = g->t->parent != PLAN_NONE ? PER_PARENT : g->t->regional && !l->home ? PER_REGION : PER_ACCOUNT;
        if ((st = plan_call_for(g, &w, &l->call)) != MW_OK ||
            (st = plan_query_for(g, l->call, items, MW_VAL_ABSENT, false, &l->query)) != MW_OK ||
            (st = plan_read_by(g, l->call, per, 0, NULL)) != MW_OK)
            return st;
    }
    g->t->explode = mw_val_get_str(g->d, list, "explode", NULL);
    if ((st = plan_path_at(g, list, "newest", &g->t->newest)) != MW_OK ||
        (st = plan_recursive(g, list, items)) != MW_OK)
        return st;
    return plan_read_absent(g, mw_val_get(g->d, list, "absent_errors"), &g->t->list_absent, &g->t->list_absent_count);
}

/* Types that this one is made of: they are listed, this one is not. */
static mw_status plan_sources(struct planning *g, mw_val list, unsigned depth)
{
    mw_val sources = mw_val_get(g->d, list, "derived_from");
    size_t n = mw_val_len(g->d, sources);
    mw_status st = MW_OK;

    g->t->sources = mw_arena_alloc(&g->p->arena, (n + 1) * sizeof(*g->t->sources));
    if (!g->t->sources)
        return plan_no_memory(g->err);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        const char *name = mw_val_str(g->d, mw_val_at(g->d, sources, i), NULL);
        const mw_type *t = mw_types_get(g->p->types, name);
        if (!t)
            return mw_fail(g->err, MW_ERR_INVALID, "type %s: '%s' is not a resource type", g->t->type->name, name);
        if ((st = plan_need_type(g->p, t, &g->t->sources[i], depth + 1, g->err)) != MW_OK)
            return st;
        if (g->p->items[g->t->sources[i]]->regional != g->t->regional)
            return mw_fail(g->err, MW_ERR_INVALID, "type %s: its scope is not of the same kind as that of %s",
                           g->t->type->name, name);
        g->t->source_count++;
    }
    return st;
}

static mw_status plan_by_of(struct planning *g, mw_val list)
{
    mw_val by = mw_val_get(g->d, list, "by");
    size_t n = mw_val_len(g->d, by);
    mw_status st = MW_OK;

    g->t->by = mw_arena_alloc(&g->p->arena, (n + 1) * sizeof(*g->t->by));
    if (!g->t->by)
        return plan_no_memory(g->err);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        mw_val key, v = mw_val_member(g->d, by, i, &key);
        size_t len;
        const char *s = mw_val_str(g->d, v, &len);
        g->t->by[i].name = mw_val_str(g->d, key, NULL);
        st = mw_jmespath_compile(s, len, &g->t->by[i].path, g->err);
        g->t->by_count += st == MW_OK;
    }
    return st;
}

static mw_status plan_wheres(struct planning *g, mw_val where)
{
    size_t n = mw_val_len(g->d, where);

    if (n == 0)
        return MW_OK;
    g->t->where = mw_arena_alloc(&g->p->arena, n * sizeof(*g->t->where));
    if (!g->t->where)
        return plan_no_memory(g->err);
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
    if ((st = plan_call_for(g, &w, &t->describe_call)) != MW_OK ||
        (st = plan_query_for(g, t->describe_call, mw_val_get_str(g->d, describe, "items", "@"), MW_VAL_ABSENT, true,
                             &t->describe_query)) != MW_OK ||
        (st = plan_read_by(g, t->describe_call, t->describe_size > 1 ? PER_BATCH : PER_RESOURCE, t->describe_size,
                           "describe")) != MW_OK ||
        (st = plan_path_at(g, describe, "key", &t->describe_key)) != MW_OK)
        return st;
    return plan_read_absent(g, mw_val_get(g->d, describe, "absent_errors"), &t->describe_absent,
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
        return plan_no_memory(g->err);
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
        if ((st = plan_call_for(g, &w, &t->locate_call)) == MW_OK &&
            (st = plan_query_for(g, t->locate_call, mw_val_get_str(g->d, v, "result", "@"), MW_VAL_ABSENT, true,
                                 &t->locate_query)) == MW_OK)
            st = plan_read_by(g, t->locate_call, PER_RESOURCE, 0, "region");
    }
    return st;
}

mw_status plan_need_type(mw_plan *p, const mw_type *type, size_t *index, unsigned depth, mw_error *err)
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
        return plan_no_memory(err);
    g.t->type = type;
    g.t->parent = PLAN_NONE;
    g.t->regional = mw_str_eq(scope, "regional") || mw_str_eq(scope, "region");
    g.t->home = mw_val_get_str(type->d, type->v, "home_region", NULL);
    if (parent) {
        const mw_type *t = mw_types_get(p->types, parent);
        if (!t)
            return mw_fail(err, MW_ERR_INVALID, "type %s: '%s' is not a resource type", type->name, parent);
        if ((st = plan_need_type(p, t, &g.t->parent, depth + 1, err)) != MW_OK)
            return st;
        if (p->items[g.t->parent]->regional != g.t->regional)
            return mw_fail(err, MW_ERR_INVALID, "type %s: its scope is '%s' but that of its parent %s is '%s'",
                           type->name, scope, parent, mw_type_scope(t));
    }
    if ((st = plan_sources(&g, list, depth)) != MW_OK)
        return st;
    *index = p->count;
    p->items[p->count++] = g.t;
    g.t->facets = mw_arena_alloc(&p->arena, (mw_type_facet_count(type) + 1) * sizeof(plan_facet));
    if (!g.t->facets)
        return plan_no_memory(err);
    if ((st = mw_envelope_new(type, &g.t->envelope, err)) != MW_OK ||
        (st = g.t->source_count ? plan_by_of(&g, list) : plan_lists(&g, list)) != MW_OK ||
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
    mw_val keyed = join != MW_VAL_ABSENT ? join : batch, key;
    const char *key_text;
    mw_status st;

    f->keyed_each = mw_str_eq(mw_val_get_str(g->d, v, "keyed", NULL), "each");
    f->join = join != MW_VAL_ABSENT;
    f->many = mw_val_get_bool(g->d, join, "many", false);
    f->by_arn = f->join && mw_str_eq(mw_val_get_str(g->d, join, "key", NULL), "arn");
    f->batch_param = mw_val_get_str(g->d, batch, "param", NULL);
    f->batch_size = (unsigned)mw_val_get_int(g->d, batch, "size", 0);
    key = mw_val_get(g->d, keyed, "key");
    key_text = mw_val_str(g->d, key, NULL);
    st = key_text && strchr(key_text, '{') ? mw_template_compile(g->d, key, &f->key_text, g->err)
                                           : plan_path_at(g, keyed, "key", &f->key);
    if (st != MW_OK || (st = plan_path_at(g, keyed, "field", &f->field)) != MW_OK ||
        (st = plan_path_at(g, keyed, "value", &f->value)) != MW_OK ||
        (st = plan_path_at(g, v, "each", &f->each)) != MW_OK || (st = plan_path_at(g, v, "when", &f->when)) != MW_OK)
        return st;
    return plan_read_absent(g, mw_val_get(g->d, v, "absent_errors"), &f->absent, &f->absent_count);
}

/* Metrics of the same window are asked for together: their call is the same. */
static mw_status plan_metric_for(struct planning *g, mw_val v, size_t index)
{
    plan_facet *f = &g->t->facets[index];
    plan_metric *m = f->metric = mw_arena_alloc(&g->p->arena, sizeof(*m));
    mw_val dimensions = mw_val_get(g->d, v, "dimensions");
    struct wanted w = {.name = "cloudwatch:GetMetricData",
                       .params = MW_VAL_ABSENT,
                       .more = MW_VAL_ABSENT,
                       .per = MW_VAL_ABSENT,
                       .prepare = MW_VAL_ABSENT};
    const char *start;
    mw_status st = MW_OK;

    if (!m)
        return plan_no_memory(g->err);
    m->space = mw_val_get_str(g->d, v, "namespace", "");
    m->name = mw_val_get_str(g->d, v, "metric", "");
    m->stat = mw_val_get_str(g->d, v, "stat", "");
    m->period = mw_val_get_int(g->d, v, "period", 0);
    if (dimensions != MW_VAL_ABSENT)
        st = mw_template_compile(g->d, dimensions, &m->dimensions, g->err);
    start = mw_arena_printf(&g->p->arena, "{now-%s}", mw_val_get_str(g->d, v, "window", ""));
    if (st != MW_OK || !start)
        return st != MW_OK ? st : plan_no_memory(g->err);
    w.start = start;
    if ((st = plan_call_for(g, &w, &f->call)) != MW_OK ||
        (st = plan_query_for(g, f->call, "@", MW_VAL_ABSENT, true, &f->query)) != MW_OK)
        return st;
    for (m->lead = 0; m->lead < index; m->lead++)
        if (g->t->facets[m->lead].metric && g->t->facets[m->lead].call == f->call &&
            g->t->facets[m->lead].home == f->home)
            break;
    g->t->facets[m->lead].metric->sharers++;
    return plan_read_by(g, f->call, PER_BATCH, MW_METRICS_A_CALL, f->name);
}

mw_status plan_need_facet(struct planning *g, const char *name, unsigned depth, size_t *index)
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
        return plan_no_memory(g->err);
    for (size_t i = 0; i < n; i++) {
        st = plan_need_facet(g, mw_val_str(g->d, mw_val_at(g->d, needs, i), NULL), depth + 1, &f.needs[i]);
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
    if (mw_val_get(g->d, v, "metric") != MW_VAL_ABSENT)
        return plan_metric_for(g, v, *index);
    if ((st = plan_call_for(g, &w, &kept->call)) != MW_OK ||
        (st = plan_query_for(g, kept->call, mw_val_get_str(g->d, v, "result", "@"), v, true, &kept->query)) != MW_OK)
        return st;
    per = kept->batch_param                   ? PER_BATCH
          : kept->each                        ? PER_VALUE
          : g->p->calls[kept->call]->per_item ? PER_RESOURCE
          : g->t->regional && !kept->home     ? PER_REGION
                                              : PER_ACCOUNT;
    return plan_read_by(g, kept->call, per, kept->batch_size, name);
}
