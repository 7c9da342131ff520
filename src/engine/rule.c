/*
 * Rule packs: files are found and read here, run in a worker of their pack, and what comes back is checked
 * key by key before anything relies on it. Holds the effective parameters of each rule in one document. No
 * script ever runs in this process.
 */
#include "engine/rule.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/rule_files.h"
#include "engine/rule_params.h"
#include "engine/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loader {
    const mw_rules_options *o;
    size_t pack; /* that is being loaded */
    mw_rules *rules;
    mw_file_list files;
    mw_doc_builder *b; /* metadata as it came, then the pack's document */
    mw_val *metas;     /* of each rule, by its number in `rules` */
    size_t cap;
};

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for rules");
}

/* ---- from records to entries ---- */

static mw_status grow(struct loader *l, mw_error *err)
{
    size_t cap = l->cap ? l->cap * 2 : 64;
    mw_rule_entry *entries = mw_realloc(l->rules->items, cap * sizeof(*entries));
    mw_val *metas;

    if (!entries)
        return no_memory(err);
    l->rules->items = entries;
    metas = mw_realloc(l->metas, cap * sizeof(*metas));
    if (!metas)
        return no_memory(err);
    l->metas = metas;
    l->cap = cap;
    return MW_OK;
}

/* The worker's message names the file, unless Lua had to cut its path. */
static mw_status script_error(const char *path, mw_str text, mw_error *err)
{
    bool named = text.len >= strlen(path) && strncmp(text.data, path, strlen(path)) == 0;

    return mw_fail(err, MW_ERR_SCRIPT, "%s%s%.*s", named ? "" : path, named ? "" : ": ", (int)text.len,
                   text.data ? text.data : "");
}

static mw_status on_record(void *user, const mw_record *r, mw_error *err)
{
    struct loader *l = user;
    const mw_source_file *f = &l->files.items[r->item];
    mw_rules *rules = l->rules;
    mw_rule_entry *e;
    mw_status st;
    mw_val meta;

    if (r->kind == MW_RECORD_FAILED)
        return script_error(f->path, r->text[0], err);
    if (r->kind != MW_RECORD_LOADED || !r->text[0].data)
        return mw_fail(err, MW_ERR_INVALID, "%s: the worker gave no metadata", f->path);
    if (rules->count == l->cap && (st = grow(l, err)) != MW_OK)
        return st;
    st = mw_json_read(l->b, r->text[0].data, r->text[0].len, NULL, NULL, err);
    if (st != MW_OK) /* not MW_ERR_PARSE: that would only restart the worker */
        return mw_fail(err, MW_ERR_INVALID, "%s: the worker's metadata is not JSON", f->path);
    meta = mw_doc_pop(l->b);
    e = &rules->items[rules->count];
    memset(e, 0, sizeof(*e));
    e->source = f->source;
    e->len = f->len;
    e->pack = l->pack;
    e->rule.pack = rules->packs[l->pack];
    st = mw__rule_check(rules, mw_doc_view(l->b), meta, f->path, &rules->arena, e, err);
    if (st == MW_OK)
        l->metas[rules->count++] = meta;
    return st;
}

/* ---- order and duplicates ---- */

struct keyed {
    mw_rule_entry entry;
    mw_val meta;
};

static int compare(const void *a, const void *b)
{
    const mw_rule_entry *x = &((const struct keyed *)a)->entry, *y = &((const struct keyed *)b)->entry;
    int order = strcmp(x->rule.id, y->rule.id);

    if (order == 0 && x->pack != y->pack)
        return x->pack < y->pack ? -1 : 1;
    return order ? order : strcmp(x->rule.path, y->rule.path);
}

static mw_status twice(const mw_rule *a, const mw_rule *b, mw_error *err)
{
    if (strcmp(a->pack, b->pack) == 0)
        return mw_fail(err, MW_ERR_INVALID, "rule '%s' is defined twice: in %s and %s", a->id, a->path, b->path);
    return mw_fail(err, MW_ERR_INVALID,
                   "rule '%s' is defined twice: in %s (pack %s) and %s (pack %s); leave one of "
                   "them out by its pack's select",
                   a->id, a->path, a->pack, b->path, b->pack);
}

static mw_status sort(struct loader *l, mw_error *err)
{
    mw_rules *rules = l->rules;
    struct keyed *list = mw_alloc((rules->count + 1) * sizeof(*list));
    mw_status st = MW_OK;

    if (!list)
        return no_memory(err);
    for (size_t i = 0; i < rules->count; i++)
        list[i] = (struct keyed){rules->items[i], l->metas[i]};
    if (rules->count > 1)
        qsort(list, rules->count, sizeof(*list), compare);
    for (size_t i = 0; i < rules->count; i++) {
        rules->items[i] = list[i].entry;
        l->metas[i] = list[i].meta;
        if (st == MW_OK && i > 0 && strcmp(list[i - 1].entry.rule.id, list[i].entry.rule.id) == 0)
            st = twice(&list[i - 1].entry.rule, &list[i].entry.rule, err);
    }
    mw_free(list);
    return st;
}

/* ---- the document ---- */

static void take_values(mw_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        mw_rule *r = &rules->items[i].rule;
        mw_val entry = mw_val_at(rules->doc, mw_doc_root(rules->doc), i);
        r->params = mw_val_get(rules->doc, entry, "params");
        r->origins = mw_val_get(rules->doc, entry, "origins");
        r->overrides = mw_val_get(rules->doc, entry, "overrides");
        r->controls = mw_val_get(rules->doc, entry, "controls");
        r->applies = mw_val_get(rules->doc, entry, "applies");
    }
}

/* Tags are collected where they decide a parameter, as where a rule reads them. */
static mw_status need_tags(mw_rules *rules, mw_error *err)
{
    for (size_t i = 0; i < rules->count; i++) {
        mw_rule *r = &rules->items[i].rule;
        const char *facet = mw_type_tag_facet(mw_types_get(rules->types, r->resource)), **needs;
        bool has = !facet || !mw__params_by_tag(rules, r);
        for (size_t k = 0; k < r->need_count && !has; k++)
            has = strcmp(r->needs[k], facet) == 0;
        if (has)
            continue;
        if (!(needs = mw_arena_alloc(&rules->arena, (r->need_count + 1) * sizeof(*needs))))
            return no_memory(err);
        needs[0] = facet; /* own facets stand first */
        memcpy(needs + 1, r->needs, r->need_count * sizeof(*needs));
        r->needs = needs;
        r->need_count++;
    }
    return MW_OK;
}

static mw_status build_document(struct loader *l, mw_error *err)
{
    mw_status st = mw__params_build(l->o, l->rules, l->metas, l->b, err);

    if (st == MW_OK)
        st = mw_doc_finish(l->b, mw_doc_pop(l->b), &l->rules->doc, err);
    if (st == MW_OK) {
        take_values(l->rules);
        st = need_tags(l->rules, err);
    }
    return st;
}

static mw_status fill_digest(mw_rules *rules, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = (size_t)256 << 20};
    uint8_t digest[MW_SHA256_SIZE];

    for (size_t i = 0; i < rules->count; i++) {
        const mw_rule_entry *e = &rules->items[i];
        mw_buf_printf(&text, "%s %zu\n", e->rule.id, e->len);
        mw_buf_add(&text, e->source, e->len, NULL);
        mw_json_write(&text, rules->doc, e->rule.params, MW_JSON_COMPACT);
        if (mw_val_len(rules->doc, e->rule.overrides))
            mw_json_write(&text, rules->doc, e->rule.overrides, MW_JSON_COMPACT);
        mw_buf_putc(&text, '\n');
    }
    if (mw_buf_status(&text, err) != MW_OK)
        return text.failed;
    mw_sha256(digest, text.data ? text.data : "", text.len);
    mw_hex(rules->digest, digest, sizeof(digest));
    return MW_OK;
}

/* ---- packs ---- */

/* Mark what selections choose among the entries from @p first on; rule->controls must be set. */
static mw_status mark(mw_rules *rules, size_t first, const mw_doc *d, const char *const *texts, size_t n, bool *keep,
                      size_t *failed, mw_error *err)
{
    mw_arena arena = {0};
    size_t count = rules->count - first;
    const mw_select **selects = mw_arena_alloc(&arena, (n + 1) * sizeof(*selects));
    const mw_rule **list = mw_arena_alloc(&arena, (count + 1) * sizeof(*list));
    mw_status st = selects && list ? MW_OK : no_memory(err);

    for (size_t i = 0; i < n && st == MW_OK; i++) {
        *failed = i;
        st = mw_select_parse(texts[i], &arena, &selects[i], err);
    }
    for (size_t i = 0; list && i < count; i++)
        list[i] = &rules->items[first + i].rule;
    if (st == MW_OK)
        st = mw_select_mark(selects, n, list, count, d, keep, failed, err);
    mw_arena_clear(&arena);
    return st;
}

/* What a pack's own selections leave of it. */
static mw_status select_of_pack(struct loader *l, size_t first, mw_error *err)
{
    const mw_rule_pack *pack = &l->o->packs[l->pack];
    const mw_doc *d = mw_doc_view(l->b);
    mw_rules *rules = l->rules;
    size_t kept = first, failed = 0;
    bool *keep = mw_alloc(rules->count - first + 1);
    char where[128];
    mw_error why = {0};
    mw_status st;

    if (!keep)
        return no_memory(err);
    for (size_t i = first; i < rules->count; i++)
        rules->items[i].rule.controls = mw_val_get(d, l->metas[i], "controls");
    st = mark(rules, first, d, pack->selects, pack->select_count, keep, &failed, &why);
    for (size_t i = first; i < rules->count && st == MW_OK; i++)
        if (keep[i - first]) {
            l->metas[kept] = l->metas[i];
            rules->items[kept++] = rules->items[i];
        }
    mw_free(keep);
    if (st != MW_OK) {
        snprintf(where, sizeof(where), "%s.select", pack->where ? pack->where : "rules");
        mw__rules_fail(l->o, where, err, "pack %s: select: %s", pack->name, why.message);
        return st;
    }
    rules->count = kept;
    return MW_OK;
}

static mw_status load_pack(struct loader *l, const mw_rule_pack *pack, mw_error *err)
{
    size_t first = l->rules->count;
    mw_status st = MW_OK;

    l->files = (mw_file_list){.arena = &l->rules->arena};
    for (size_t i = 0; st == MW_OK && i < pack->path_count; i++)
        st = mw__files_add(&l->files, pack->paths[i], err);
    if (st != MW_OK)
        return st;
    if (l->files.count == 0 && pack->where) /* a folder that moved must not look like a clean account */
        return mw__rules_fail(l->o, pack->where, err, "pack %s: there are no rules in %s", pack->name, pack->paths[0]);
    mw__files_sort(&l->files);
    for (size_t i = 0; st == MW_OK && i < l->files.count; i++)
        st = mw__file_read_source(&l->files.items[i], &l->rules->arena, err);
    if (st == MW_OK)
        st = mw__load_files("load", l->files.items, l->files.count, l, on_record, err);
    if (st == MW_OK && pack->select_count > 0)
        st = select_of_pack(l, first, err);
    return st;
}

static mw_status load(struct loader *l, mw_error *err)
{
    mw_status st;

    if (l->o->pack_count > MW_RULE_PACKS_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "more than %d rule packs", MW_RULE_PACKS_MAX);
    l->rules->packs = mw_arena_alloc(&l->rules->arena, (l->o->pack_count + 1) * sizeof(*l->rules->packs));
    if (!l->rules->packs)
        return no_memory(err);
    if ((st = mw_doc_builder_new(NULL, &l->b, err)) != MW_OK)
        return st;
    for (l->pack = 0; l->pack < l->o->pack_count && st == MW_OK; l->pack++) {
        const char *name = mw_arena_strdup(&l->rules->arena, l->o->packs[l->pack].name);
        if (!name)
            return no_memory(err);
        l->rules->packs[l->rules->pack_count++] = name;
        st = load_pack(l, &l->o->packs[l->pack], err);
        mw__files_clear(&l->files);
    }
    if (st == MW_OK)
        st = sort(l, err);
    if (st == MW_OK)
        st = build_document(l, err);
    return st == MW_OK ? fill_digest(l->rules, err) : st;
}

mw_status mw_rules_load(const mw_rules_options *o, mw_rules **out, mw_error *err)
{
    const mw_rule_pack only = {
        .name = "rules", .paths = o->paths, .path_count = o->path_count, .params = MW_VAL_ABSENT};
    mw_rules_options with_packs = *o;
    struct loader l = {.o = &with_packs};
    mw_status st;

    *out = NULL;
    if (!o->pack_count) {
        with_packs.packs = &only;
        with_packs.pack_count = 1;
    }
    l.rules = mw_alloc(sizeof(*l.rules));
    if (!l.rules)
        return no_memory(err);
    l.rules->types = o->types;
    l.rules->arena.max_bytes = (size_t)512 << 20;
    st = load(&l, err);
    mw__files_clear(&l.files);
    mw_doc_builder_free(l.b);
    mw_free(l.metas);
    if (st != MW_OK) {
        mw_rules_free(l.rules);
        return st;
    }
    *out = l.rules;
    return MW_OK;
}

void mw_rules_free(mw_rules *r)
{
    if (!r)
        return;
    mw_doc_free(r->doc);
    mw_free(r->items);
    mw_arena_clear(&r->arena);
    mw_free(r);
}

size_t mw_rules_count(const mw_rules *r)
{
    return r->count;
}

const mw_rule *mw_rules_at(const mw_rules *r, size_t i)
{
    return i < r->count ? &r->items[i].rule : NULL;
}

bool mw_rule_names_path(const mw_rule *rule, const char *path)
{
    const mw_rule_entry *e = (const mw_rule_entry *)rule; /* its first member */

    for (size_t len;; path += len + 1) {
        len = strcspn(path, ".");
        if (!(len == 1 && *path == '*') && !mw__rule_has_word(e->source, e->len, path, len))
            return false;
        if (!path[len])
            return true;
    }
}

const mw_rule *mw_rules_get(const mw_rules *r, const char *id)
{
    size_t low = 0, high = r->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(r->items[mid].rule.id, id);
        if (order == 0)
            return &r->items[mid].rule;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const mw_doc *mw_rules_doc(const mw_rules *r)
{
    return r->doc;
}

const char *mw_rules_digest(const mw_rules *r)
{
    return r->digest;
}

static bool named(const char *const *globs, size_t n, const char *id)
{
    for (size_t g = 0; g < n; g++)
        if (mw_glob_match(globs[g], id))
            return true;
    return false;
}

/* Each glob is there to choose something. */
static mw_status check_globs(const mw_rules *r, const char *const *globs, size_t n, mw_error *err)
{
    for (size_t g = 0; g < n; g++) {
        const char **ids, *near;
        bool hit = false;
        for (size_t i = 0; i < r->count && !hit; i++)
            hit = mw_glob_match(globs[g], r->items[i].rule.id);
        if (hit)
            continue;
        ids = mw_alloc((r->count + 1) * sizeof(*ids));
        if (!ids)
            return no_memory(err);
        for (size_t i = 0; i < r->count; i++)
            ids[i] = r->items[i].rule.id;
        near = mw_nearest(globs[g], ids, r->count);
        mw_free(ids);
        return mw_fail(err, MW_ERR_NOTFOUND, "no rule matches '%s'%s%s%s", globs[g], near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
    }
    return MW_OK;
}

mw_status mw_rules_choose(mw_rules *r, const char *const *globs, size_t glob_count, const char *const *selects,
                          size_t select_count, size_t *failed, mw_error *err)
{
    bool *keep = mw_alloc(r->count + 1);
    size_t which = 0, kept = 0;
    mw_status st = keep ? check_globs(r, globs, glob_count, err) : no_memory(err);

    if (failed)
        *failed = st == MW_OK ? 0 : SIZE_MAX;
    if (st == MW_OK && (st = mark(r, 0, r->doc, selects, select_count, keep, &which, err)) != MW_OK && failed)
        *failed = which;
    for (size_t i = 0; i < r->count && st == MW_OK; i++) {
        keep[i] = keep[i] && (glob_count == 0 || named(globs, glob_count, r->items[i].rule.id));
        kept += keep[i];
    }
    if (st == MW_OK && kept == 0 && glob_count > 0 && select_count > 0) {
        st = mw_fail(err, MW_ERR_NOTFOUND, "it chooses none of the rules that are named");
        if (failed)
            *failed = select_count - 1;
    }
    kept = 0;
    for (size_t i = 0; i < r->count && st == MW_OK; i++)
        if (keep[i])
            r->items[kept++] = r->items[i];
    mw_free(keep);
    if (st != MW_OK)
        return st;
    r->count = kept;
    return fill_digest(r, err);
}

mw_status mw_rules_keep(mw_rules *r, const char *const *globs, size_t n, mw_error *err)
{
    return mw_rules_choose(r, globs, n, NULL, 0, NULL, err);
}
