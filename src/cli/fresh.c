/*
 * Scopes that an earlier snapshot read completely, with every facet that is needed now. The age of
 * a scope is that of its answers: one that was itself taken from the store keeps the time when AWS
 * was asked. When in doubt AWS is asked.
 */
#include "cli/fresh.h"

#include "base/mem.h"
#include "base/str.h"
#include "inventory/sensitive.h"

#include <string.h>

void mw_fresh_clear(mw_fresh *f)
{
    for (size_t i = 0; i < f->count; i++)
        mw_moment_clear(&f->moments[i]);
    mw_free(f->moments);
    mw_free(f->anew);
    *f = (mw_fresh){0};
}

/* ---- which snapshots ---- */

struct reading {
    mw_fresh *f;
    mw_arena arena;
    const char **ids;
    size_t count, cap;
    mw_error *err;
    mw_status st;
};

static bool seconds_of(const char *text, int64_t *out)
{
    int64_t ns;

    if (!text || mw_time_parse(text, strlen(text), &ns, NULL) != MW_OK)
        return false;
    *out = ns / 1000000000;
    return true;
}

static bool take_info(void *user, const mw_snapshot_info *info)
{
    struct reading *r = user;
    int64_t taken;

    if (!seconds_of(info->taken_at, &taken) || taken < r->f->oldest_unix)
        return true; /* a replay among them may stand for an older time: go on */
    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 16;
        const char **wider = mw_realloc(r->ids, cap * sizeof(*wider));
        if (!wider) {
            r->st = mw_fail(r->err, MW_ERR_NOMEM, "--max-age: out of memory");
            return false;
        }
        r->ids = wider;
        r->cap = cap;
    }
    if (!(r->ids[r->count] = mw_arena_strdup(&r->arena, info->id)))
        r->st = mw_fail(r->err, MW_ERR_NOMEM, "--max-age: out of memory");
    else
        r->count++;
    return r->st == MW_OK;
}

mw_status mw_fresh_read(mw_fresh *f, mw_store *store, int64_t max_age_s, int64_t now_unix, mw_error *err)
{
    struct reading r = {.f = f, .err = err};
    mw_status st;

    f->store = store;
    f->oldest_unix = now_unix - max_age_s;
    if ((st = mw_snapshots_list(store, take_info, &r, err)) == MW_OK)
        st = r.st;
    if (st == MW_OK && !(f->moments = mw_alloc((r.count + 1) * sizeof(*f->moments))))
        st = mw_fail(err, MW_ERR_NOMEM, "--max-age: out of memory");
    for (size_t i = 0; i < r.count && st == MW_OK; i++)
        st = mw_moment_load(store, r.ids[i], &f->moments[f->count++], err);
    mw_free(r.ids);
    mw_arena_clear(&r.arena);
    return st;
}

/* ---- which types ---- */

static bool judges(const mw_rule *r, const char *type)
{
    bool found = mw_str_eq(r->resource, type);

    for (size_t i = 0; i < r->related_count && !found; i++)
        found = mw_str_eq(r->related[i], type);
    return found;
}

static bool any_reads(const mw_rules *rules, const char *type, const mw_sensitive *s)
{
    for (size_t i = 0; i < mw_rules_count(rules); i++)
        for (size_t k = 0; k < s->count && judges(mw_rules_at(rules, i), type); k++)
            if (mw_rule_names_path(mw_rules_at(rules, i), s->paths[k]))
                return true;
    return false;
}

mw_status mw_fresh_for_rules(mw_fresh *f, const mw_rules *rules, const mw_types *types, const mw_models *models,
                             mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    mw_status st = MW_OK;

    if (!(f->anew = mw_alloc((mw_types_count(types) + 1) * sizeof(*f->anew))))
        return mw_fail(err, MW_ERR_NOMEM, "--max-age: out of memory");
    for (size_t i = 0; i < mw_types_count(types) && st == MW_OK; i++) {
        const mw_type *t = mw_types_at(types, i);
        mw_sensitive s;
        mw_arena_reset(&arena);
        st = mw_sensitive_of(t, types, models, &arena, &s, err);
        if (st == MW_OK && any_reads(rules, mw_type_name(t), &s))
            f->anew[f->anew_count++] = mw_type_name(t);
    }
    return st;
}

static bool is_anew(const mw_fresh *f, const char *type)
{
    for (size_t i = 0; i < f->anew_count; i++)
        if (mw_str_eq(f->anew[i], type))
            return true;
    return false;
}

/* ---- a scope ---- */

static int compare(const mw_moment_scope *m, const mw_collect_scope *s, const char *region)
{
    int c = strcmp(m->account, s->account);

    if (c == 0)
        c = strcmp(m->region, region);
    return c ? c : strcmp(m->type, s->type);
}

/* When the line's answers were fetched, by the mark of one that came from the store itself. */
static bool fetched_at(const mw_moment *m, const mw_moment_scope *line, int64_t *out)
{
    mw_doc_builder *b = NULL;
    bool found = false;

    if (!line->cause)
        return seconds_of(m->taken_at, out);
    if (mw_doc_builder_new(NULL, &b, NULL) == MW_OK &&
        mw_json_read(b, line->cause, strlen(line->cause), &(mw_json_options){.exact = true}, NULL, NULL) == MW_OK) {
        const mw_doc *d = mw_doc_view(b);
        found = seconds_of(mw_val_get_str(d, mw_val_get(d, mw_doc_pop(b), "cached"), "fetched_at", NULL), out);
    }
    mw_doc_builder_free(b);
    return found;
}

static bool wanted(const mw_collect_scope *s, const char *facet)
{
    for (size_t i = 0; i < s->facet_count; i++)
        if (mw_str_eq(s->facets[i], facet))
            return true;
    return false;
}

/* A line that is called neither after the list nor after a facet is that of the describe call. */
static bool is_facet(const mw_moment *m, const char *type, const char *facet)
{
    mw_val list = mw_moment_collected(m, type);

    for (size_t i = 0; facet && i < mw_val_len(m->about, list); i++)
        if (mw_str_eq(mw_val_str(m->about, mw_val_at(m->about, list, i), NULL), facet))
            return true;
    return false;
}

/* All lines of a scope stand together: the list, and the facets that it was asked for. */
static int64_t known_in(const mw_fresh *f, const mw_moment *m, const mw_collect_scope *s, const char *region,
                        size_t *resources)
{
    size_t low = 0, high = m->scope_count, facets = 0;
    int64_t oldest = INT64_MAX;
    bool listed = false;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (compare(&m->scopes[mid], s, region) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < m->scope_count && compare(&m->scopes[low], s, region) == 0; low++) {
        const mw_moment_scope *line = &m->scopes[low];
        bool own = line->facet && wanted(s, line->facet);
        int64_t at;
        if (!mw_str_eq(line->state, "complete")) {
            if (own || !is_facet(m, s->type, line->facet))
                return -1; /* the list, what describes it, or what is needed now */
            continue;
        }
        if (!fetched_at(m, line, &at))
            return -1;
        oldest = at < oldest ? at : oldest;
        listed = listed || !line->facet;
        *resources = line->facet ? *resources : (size_t)line->resources;
        facets += own;
    }
    return listed && facets == s->facet_count && oldest >= f->oldest_unix ? oldest : -1;
}

/* The account's first line. */
static size_t first_of(const mw_moment *m, const char *account)
{
    size_t low = 0, high = m->scope_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(m->scopes[mid].account, account) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static size_t lists_of(const mw_moment *m, const mw_collect_scope *s)
{
    size_t n = 0;

    for (size_t i = first_of(m, s->account); i < m->scope_count && mw_str_eq(m->scopes[i].account, s->account); i++)
        n += !m->scopes[i].facet && mw_str_eq(m->scopes[i].type, s->type);
    return n;
}

/* Lists that show each other's resources are known when all of them are, and no other one was
 * there. */
static int64_t known_together(const mw_fresh *f, const mw_moment *m, mw_collect_scope *s)
{
    int64_t oldest = known_in(f, m, s, s->region, &s->resources);
    size_t other;

    for (size_t i = 0; i < s->region_count && oldest >= 0; i++) {
        int64_t at = known_in(f, m, s, s->regions[i], &other);
        oldest = at < oldest ? at : oldest;
    }
    return oldest >= 0 && s->region_count && lists_of(m, s) != s->region_count ? -1 : oldest;
}

static const mw_moment *moment_of(const mw_fresh *f, mw_collect_scope *s, int64_t *fetched)
{
    for (size_t i = 0; i < f->count; i++)
        if ((*fetched = known_together(f, &f->moments[i], s)) >= 0)
            return &f->moments[i];
    return NULL;
}

int64_t mw_fresh_known(void *user, mw_collect_scope *scope)
{
    int64_t fetched;

    return !is_anew(user, scope->type) && moment_of(user, scope, &fetched) ? fetched : -1;
}

/* ---- its resources ---- */

struct loading {
    mw_doc_builder *b;
    mw_status (*take)(void *taker, mw_val resource);
    void *taker;
    mw_error *err;
    mw_status st;
};

static bool take_resource(void *user, const mw_snapshot_resource *r)
{
    struct loading *l = user;

    if (r->stale)
        return true;
    if ((l->st = mw_json_read(l->b, r->doc, r->len, &(mw_json_options){.exact = true}, NULL, l->err)) == MW_OK)
        l->st = l->take(l->taker, mw_doc_pop(l->b));
    return l->st == MW_OK;
}

mw_status mw_fresh_load(void *user, mw_collect_scope *scope, mw_doc_builder *b,
                        mw_status (*take)(void *taker, mw_val resource), void *taker, mw_error *err)
{
    const mw_fresh *f = user;
    int64_t fetched;
    const mw_moment *m = moment_of(f, scope, &fetched);
    const mw_snapshot_filter filter = {.account = scope->account,
                                       .region = scope->regional && !scope->region_count ? scope->region : NULL,
                                       .type = scope->type};
    struct loading l = {.b = b, .take = take, .taker = taker, .err = err};
    mw_status st;

    if (!m)
        return mw_fail(err, MW_ERR_CONFLICT, "%s in %s %s is no longer in the store", scope->type, scope->account,
                       scope->region);
    st = mw_snapshot_resources(f->store, m->id, &filter, true, take_resource, &l, err);
    return st == MW_OK ? l.st : st;
}
