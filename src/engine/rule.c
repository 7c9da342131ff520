/*
 * Rule packs: files are found and read here, run in a worker, and what comes back is checked key by
 * key before anything relies on it. Holds the effective parameters of each rule in one document. No script ever
 * runs in this process.
 */
#include "engine/rule.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/rule_files.h"
#include "engine/rule_internal.h"

#include <stdlib.h>
#include <string.h>

struct loader {
    const mw_rules_options *o;
    mw_rules *rules;
    mw_file_list files;
    mw_doc_builder *b;   /* metadata as it came, then the pack's document */
    mw_val *metas;       /* of each rule, by its number in `rules` */
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
    return strcmp(((const struct keyed *)a)->entry.rule.id, ((const struct keyed *)b)->entry.rule.id);
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
            st = mw_fail(err, MW_ERR_INVALID, "rule '%s' is defined twice: in %s and %s",
                         list[i].entry.rule.id, list[i - 1].entry.rule.path, list[i].entry.rule.path);
    }
    mw_free(list);
    return st;
}

/* ---- parameters ---- */

static const char *kind_name(mw_kind kind)
{
    switch (kind) {
    case MW_KIND_BOOL: return "true or false";
    case MW_KIND_INT:
    case MW_KIND_REAL: return "a number";
    case MW_KIND_STRING: return "text";
    case MW_KIND_ARRAY: return "a list";
    case MW_KIND_OBJECT: return "a table";
    default: return "nothing";
    }
}

static bool same_kind(const mw_doc *a, mw_val va, const mw_doc *b, mw_val vb)
{
    mw_kind ka = mw_val_kind(a, va), kb = mw_val_kind(b, vb);

    if ((ka == MW_KIND_INT || ka == MW_KIND_REAL) && (kb == MW_KIND_INT || kb == MW_KIND_REAL))
        return true;
    /* Lua's {} may stand for an empty list. */
    if (ka == MW_KIND_OBJECT && kb == MW_KIND_ARRAY && mw_val_len(a, va) == 0)
        return true;
    return ka == kb;
}

/* What the configuration says of a rule must be among what the rule declares. */
static mw_status check_overrides(const struct loader *l, const mw_rule *rule, mw_val defaults, mw_val over,
                                 mw_error *err)
{
    const mw_doc *d = mw_doc_view(l->b), *c = l->o->config_doc;

    for (size_t i = 0; i < mw_val_len(c, over); i++) {
        mw_val key, value = mw_val_member(c, over, i, &key), declared;
        const char *name = mw_val_str(c, key, NULL);
        if (!name)
            return mw_fail(err, MW_ERR_INVALID, "params of rule '%s' must be a table with names", rule->id);
        declared = mw_val_get(d, defaults, name);
        if (declared == MW_VAL_ABSENT) {
            const char *names[64], *near;
            size_t n = 0;
            for (; n < MW_COUNT(names) && n < mw_val_len(d, defaults); n++) {
                mw_val k;
                mw_val_member(d, defaults, n, &k);
                names[n] = mw_val_str(d, k, NULL);
            }
            near = mw_nearest(name, names, n);
            return mw_fail(err, MW_ERR_INVALID, "params: rule '%s' has no parameter '%s'%s%s%s", rule->id, name,
                           near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        }
        if (!same_kind(d, declared, c, value))
            return mw_fail(err, MW_ERR_INVALID, "params: '%s' of rule '%s' must be %s", name, rule->id,
                           kind_name(mw_val_kind(d, declared)));
    }
    return MW_OK;
}

static void add_params(struct loader *l, mw_val defaults, mw_val over)
{
    const mw_doc *d = mw_doc_view(l->b), *c = l->o->config_doc;
    size_t n = mw_val_len(d, defaults);

    mw_doc_begin_object(l->b);
    for (size_t i = 0; i < n; i++) {
        mw_val key, value = mw_val_member(d, defaults, i, &key), mine = MW_VAL_ABSENT;
        if (c)
            mine = mw_val_get(c, over, mw_val_str(d, key, NULL));
        mw_doc_key_val(l->b, key);
        if (mine != MW_VAL_ABSENT)
            mw_doc_add_copy(l->b, c, mine);
        else
            mw_doc_add_val(l->b, value);
    }
    mw_doc_end_object(l->b);
}

static void add_or_empty(mw_doc_builder *b, const char *key, mw_val v)
{
    mw_doc_ckey(b, key);
    if (v == MW_VAL_ABSENT) {
        mw_doc_begin_object(b);
        mw_doc_end_object(b);
    } else {
        mw_doc_add_val(b, v);
    }
}

static mw_status build_document(struct loader *l, mw_error *err)
{
    const mw_doc *d = mw_doc_view(l->b);
    mw_rules *rules = l->rules;
    mw_status st = MW_OK;
    mw_val root;

    mw_doc_begin_array(l->b);
    for (size_t i = 0; st == MW_OK && i < rules->count; i++) {
        mw_val defaults = mw_val_get(d, l->metas[i], "params"), over = MW_VAL_ABSENT;
        if (l->o->config_doc)
            over = mw_val_get(l->o->config_doc, l->o->params, rules->items[i].rule.id);
        if (over != MW_VAL_ABSENT)
            st = check_overrides(l, &rules->items[i].rule, defaults, over, err);
        mw_doc_begin_object(l->b);
        mw_doc_ckey(l->b, "params");
        add_params(l, defaults, over);
        add_or_empty(l->b, "controls", mw_val_get(d, l->metas[i], "controls"));
        add_or_empty(l->b, "applies", mw_val_get(d, l->metas[i], "applies"));
        mw_doc_end_object(l->b);
    }
    mw_doc_end_array(l->b);
    if (st != MW_OK)
        return st;
    root = mw_doc_pop(l->b);
    st = mw_doc_finish(l->b, root, &rules->doc, err);
    for (size_t i = 0; st == MW_OK && i < rules->count; i++) {
        mw_val entry = mw_val_at(rules->doc, mw_doc_root(rules->doc), i);
        rules->items[i].rule.params = mw_val_get(rules->doc, entry, "params");
        rules->items[i].rule.controls = mw_val_get(rules->doc, entry, "controls");
        rules->items[i].rule.applies = mw_val_get(rules->doc, entry, "applies");
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
        mw_buf_putc(&text, '\n');
    }
    if (mw_buf_status(&text, err) != MW_OK)
        return text.failed;
    mw_sha256(digest, text.data ? text.data : "", text.len);
    mw_hex(rules->digest, digest, sizeof(digest));
    return MW_OK;
}

/* ---- the pack ---- */

static mw_status load(struct loader *l, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < l->o->path_count; i++)
        st = mw__files_add(&l->files, l->o->paths[i], err);
    if (st != MW_OK)
        return st;
    mw__files_sort(&l->files);
    for (size_t i = 0; st == MW_OK && i < l->files.count; i++)
        st = mw__file_read_source(&l->files.items[i], &l->rules->arena, err);
    if (st == MW_OK)
        st = mw_doc_builder_new(NULL, &l->b, err);
    if (st == MW_OK)
        st = mw__load_files("load", l->files.items, l->files.count, l, on_record, err);
    if (st == MW_OK)
        st = sort(l, err);
    if (st == MW_OK)
        st = build_document(l, err);
    return st == MW_OK ? fill_digest(l->rules, err) : st;
}

mw_status mw_rules_load(const mw_rules_options *o, mw_rules **out, mw_error *err)
{
    struct loader l = {.o = o};
    mw_status st;

    *out = NULL;
    l.rules = mw_alloc(sizeof(*l.rules));
    if (!l.rules)
        return no_memory(err);
    l.rules->types = o->types;
    l.rules->arena.max_bytes = (size_t)512 << 20;
    l.files.arena = &l.rules->arena;
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

mw_status mw_rules_keep(mw_rules *r, const char *const *globs, size_t n, mw_error *err)
{
    size_t kept = 0;

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
        return mw_fail(err, MW_ERR_NOTFOUND, "no rule matches '%s'%s%s%s", globs[g],
                       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    for (size_t i = 0; i < r->count; i++) {
        bool hit = false;
        for (size_t g = 0; g < n && !hit; g++)
            hit = mw_glob_match(globs[g], r->items[i].rule.id);
        if (hit)
            r->items[kept++] = r->items[i];
    }
    r->count = kept;
    return fill_digest(r, err);
}
