/*
 * Laying out work from the bundle document:
 *   { "mode": "evaluate" | "load" | "fixtures", "soft_ms", "vm_bytes", "packs": count, "profile": bool,
 *     "rules": [{id, path, source, resource, needs, related, tag_facets: {type: facet}, applies, params, pack: number,
 *                resolved: {variants, ranges}}],                       // resolved: engine/rule_params.h, or absent
 *     "jobs": [[rule, world, resource number, params | null], …],      // absent: all rules on world 0
 *     "files": [{path, source}] }
 * Pure; both sides must come to the same layout, so nothing here may depend on the machine.
 */
#include "engine/work.h"

#include <string.h>

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for the work of a run");
}

/* All rules on a type, in the bundle's order, which is by id. */
static mw_status add_type_group(mw_work *w, const char *type, mw_val array, mw_error *err)
{
    size_t rules = mw_val_len(w->bundle, w->rules), n = 0, count = mw_val_len(w->snap.doc, array);
    uint32_t *list;
    mw_work_group *g;

    for (size_t i = 0; i < rules; i++)
        n += strcmp(mw_val_get_str(w->bundle, mw_val_at(w->bundle, w->rules, i), "resource", ""), type) == 0;
    if (n == 0 || count == 0)
        return MW_OK;
    if (count > UINT32_MAX - 1 - w->items)
        return mw_fail(err, MW_ERR_LIMIT, "more than %u resources in a run", UINT32_MAX - 1);
    list = mw_arena_alloc(&w->arena, n * sizeof(*list));
    if (!list)
        return no_memory(err);
    n = 0;
    for (size_t i = 0; i < rules; i++)
        if (strcmp(mw_val_get_str(w->bundle, mw_val_at(w->bundle, w->rules, i), "resource", ""), type) == 0)
            list[n++] = (uint32_t)i;
    g = &w->groups[w->group_count++];
    *g = (mw_work_group){.array = array,
                         .first = w->items,
                         .count = (uint32_t)count,
                         .rules = list,
                         .rule_count = n,
                         .params = MW_VAL_ABSENT};
    w->items += (uint32_t)count;
    w->evaluations += (uint64_t)count * n;
    return MW_OK;
}

static mw_status all_rules(mw_work *w, mw_error *err)
{
    mw_val resources = mw_val_get(w->snap.doc, mw_snap_world(&w->snap, 0), "resources");
    size_t types = mw_val_len(w->snap.doc, resources);

    w->groups = mw_arena_alloc(&w->arena, (types + 1) * sizeof(*w->groups));
    if (!w->groups)
        return no_memory(err);
    for (size_t i = 0; i < types; i++) {
        mw_val key, array = mw_val_member(w->snap.doc, resources, i, &key);
        mw_status st = add_type_group(w, mw_val_str(w->snap.doc, key, NULL), array, err);
        if (st != MW_OK)
            return st;
    }
    return MW_OK;
}

static mw_status some_jobs(mw_work *w, mw_val jobs, mw_error *err)
{
    size_t n = mw_val_len(w->bundle, jobs), rules = mw_val_len(w->bundle, w->rules);
    uint32_t *list = mw_arena_alloc(&w->arena, (n + 1) * sizeof(*list));

    w->groups = mw_arena_alloc(&w->arena, (n + 1) * sizeof(*w->groups));
    if (!w->groups || !list)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        mw_val job = mw_val_at(w->bundle, jobs, i);
        size_t rule = (size_t)mw_val_int(w->bundle, mw_val_at(w->bundle, job, 0));
        size_t world = (size_t)mw_val_int(w->bundle, mw_val_at(w->bundle, job, 1));
        size_t number = (size_t)mw_val_int(w->bundle, mw_val_at(w->bundle, job, 2));
        mw_val params = mw_val_at(w->bundle, job, 3), array;
        const char *type;
        if (rule >= rules)
            return mw_fail(err, MW_ERR_PARSE, "job %zu names a rule that is not there", i);
        type = mw_val_get_str(w->bundle, mw_val_at(w->bundle, w->rules, rule), "resource", "");
        array = mw_snap_resources(&w->snap, world, type);
        if (number >= mw_val_len(w->snap.doc, array))
            return mw_fail(err, MW_ERR_PARSE, "job %zu names a resource that is not there", i);
        list[i] = (uint32_t)rule;
        w->groups[w->group_count++] =
            (mw_work_group){.world = world,
                            .array = array,
                            .offset = number,
                            .first = w->items++,
                            .count = 1,
                            .rules = &list[i],
                            .rule_count = 1,
                            .params = mw_val_kind(w->bundle, params) == MW_KIND_OBJECT ? params : MW_VAL_ABSENT};
        w->evaluations++;
    }
    return MW_OK;
}

static mw_status all_files(mw_work *w, mw_error *err)
{
    static const uint32_t only_rule = 0;

    w->files = mw_val_get(w->bundle, mw_doc_root(w->bundle), "files");
    w->items = (uint32_t)mw_val_len(w->bundle, w->files);
    w->evaluations = w->items;
    w->groups = mw_arena_alloc(&w->arena, sizeof(*w->groups));
    if (!w->groups)
        return no_memory(err);
    w->group_count = w->items ? 1 : 0;
    w->groups[0] = (mw_work_group){
        .array = MW_VAL_NULL, .count = w->items, .rules = &only_rule, .rule_count = 1, .params = MW_VAL_ABSENT};
    return MW_OK;
}

mw_status mw_work_init(mw_work *w, const mw_doc *bundle, const mw_doc *snapshot, mw_error *err)
{
    mw_val root = mw_doc_root(bundle), jobs;
    const char *mode = mw_val_get_str(bundle, root, "mode", "");
    mw_status st;

    memset(w, 0, sizeof(*w));
    w->bundle = bundle;
    w->rules = mw_val_get(bundle, root, "rules");
    w->mode = strcmp(mode, "load") == 0       ? MW_WORK_LOAD
              : strcmp(mode, "fixtures") == 0 ? MW_WORK_FIXTURES
                                              : MW_WORK_EVALUATE;
    if (w->mode != MW_WORK_EVALUATE)
        return all_files(w, err);
    st = mw_snap_init(&w->snap, snapshot, err);
    if (st != MW_OK)
        return st;
    jobs = mw_val_get(bundle, root, "jobs");
    return mw_val_kind(bundle, jobs) == MW_KIND_ARRAY ? some_jobs(w, jobs, err) : all_rules(w, err);
}

void mw_work_clear(mw_work *w)
{
    mw_arena_clear(&w->arena);
    w->groups = NULL;
    w->group_count = 0;
    w->items = 0;
}

const mw_work_group *mw_work_group_of(const mw_work *w, uint32_t item)
{
    size_t low = 0, high = w->group_count;

    if (item >= w->items)
        return NULL;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (w->groups[mid].first <= item)
            low = mid;
        else
            high = mid;
    }
    return &w->groups[low];
}

mw_val mw_work_resource(const mw_work *w, uint32_t item)
{
    const mw_work_group *g = mw_work_group_of(w, item);

    if (!g || w->mode != MW_WORK_EVALUATE)
        return MW_VAL_ABSENT;
    return mw_val_at(w->snap.doc, g->array, g->offset + (item - g->first));
}

size_t mw_work_rule_at(const mw_work_group *g, uint32_t rule)
{
    size_t low = 0, high = g->rule_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (g->rules[mid] < rule)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool mw_work_at_or_after(const mw_work *w, mw_position *p)
{
    const mw_work_group *g = mw_work_group_of(w, p->item);
    size_t at;

    if (!g)
        return false;
    if ((at = mw_work_rule_at(g, p->rule)) < g->rule_count) {
        p->rule = g->rules[at];
        return true;
    }
    if (!(g = mw_work_group_of(w, p->item + 1)))
        return false;
    p->item++;
    p->rule = g->rules[0];
    return true;
}

uint32_t mw_work_share(const mw_work *w, size_t k, size_t n)
{
    uint64_t target = w->evaluations / n * k + w->evaluations % n * k / n, before = 0;

    if (k >= n)
        return w->items;
    for (size_t i = 0; i < w->group_count; i++) {
        const mw_work_group *g = &w->groups[i];
        uint64_t all = (uint64_t)g->count * g->rule_count;
        if (before + all > target)
            return g->first + (uint32_t)((target - before) / g->rule_count);
        before += all;
    }
    return w->items;
}
