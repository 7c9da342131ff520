/*
 * The list of accounts as people write it: ids, or objects with a role of their own, in moonward.yaml
 * or in a file beside it (YAML or CSV). Everything is checked before any call; a typing error names
 * file and line.
 */
#include "cli/account_list.h"

#include "base/file.h"
#include "base/str.h"
#include "inventory/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)64 << 20)
#define REGIONS_MAX    64

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "accounts: out of memory");
}

bool mw_is_account_id(const char *s)
{
    return s && strlen(s) == 12 && strspn(s, "0123456789") == 12;
}

mw_status mw_account_list_add(mw_setup *s, mw_account_list *l, const mw_account_entry *e, mw_error *err)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        mw_account_entry *items = mw_arena_alloc(&s->arena, cap * sizeof(*items));
        if (!items)
            return no_memory(err);
        if (l->count)
            memcpy(items, l->items, l->count * sizeof(*items));
        l->items = items;
        l->cap = cap;
    }
    if (l->count >= MW_ACCOUNTS_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "accounts: more than %d", MW_ACCOUNTS_MAX);
    l->items[l->count++] = *e;
    return MW_OK;
}

/* ---- one entry ---- */

struct source {
    mw_setup *s;
    const mw_doc *d;
    const char *name; /* of the file, for messages; NULL = moonward.yaml */
    const mw_yaml_marks *marks;
};

static mw_status refuse(const struct source *f, size_t i, const char *member, const char *what, mw_error *err)
{
    MW_AUTO(mw_buf) where = {.max = 4096};

    if (f->name) {
        unsigned line;
        mw_buf_printf(&where, "[%zu]%s%s", i, member ? "." : "", member ? member : "");
        line = mw_yaml_line(f->marks, where.data);
        return line ? mw_fail(err, MW_ERR_INVALID, "%s:%u: %s", f->name, line, what)
                    : mw_fail(err, MW_ERR_INVALID, "%s: account %zu: %s", f->name, i + 1, what);
    }
    mw_buf_printf(&where, "accounts[%zu]%s%s", i, member ? "." : "", member ? member : "");
    return mw_config_fail(&f->s->config, where.data, err, "accounts: %s", what);
}

/* Arena text of a member that must be text; a number for an id without leading zero. */
static const char *text(const struct source *f, mw_val v)
{
    const char *s = mw_val_str(f->d, v, NULL);

    if (mw_val_kind(f->d, v) == MW_KIND_INT)
        return mw_arena_printf(&f->s->arena, "%012lld", (long long)mw_val_int(f->d, v));
    return s && *s ? mw_arena_strdup(&f->s->arena, s) : NULL;
}

/* A list of texts, or one text with blanks between (as in a CSV). */
static mw_status read_regions(const struct source *f, size_t i, mw_val v, mw_account_entry *e, mw_error *err)
{
    const char **list = mw_arena_alloc(&f->s->arena, REGIONS_MAX * sizeof(*list));
    const char *s = mw_val_str(f->d, v, NULL);

    if (!list)
        return no_memory(err);
    e->regions = list;
    if (mw_val_kind(f->d, v) == MW_KIND_ARRAY && mw_val_len(f->d, v) <= REGIONS_MAX) {
        for (size_t k = 0; k < mw_val_len(f->d, v); k++)
            if (!(list[e->region_count++] = text(f, mw_val_at(f->d, v, k))))
                return refuse(f, i, "regions", "regions: expected a list of regions or globs", err);
        return MW_OK;
    }
    if (!s)
        return refuse(f, i, "regions", "regions: expected a list of regions or globs", err);
    for (size_t len; *s; s += len) {
        s += strspn(s, " ;");
        len = strcspn(s, " ;");
        if (len && e->region_count == REGIONS_MAX)
            return refuse(f, i, "regions", "regions: more than 64", err);
        if (len && !(list[e->region_count++] = mw_arena_strndup(&f->s->arena, s, len)))
            return no_memory(err);
    }
    return MW_OK;
}

static mw_status read_member(const struct source *f, size_t i, const char *key, mw_val v, mw_account_entry *e,
                             mw_error *err)
{
    static const char *const keys[] = {"id", "role", "external_id", "name", "regions", "tags"};
    const char **const to[] = {&e->id, &e->role, &e->external_id, &e->name};
    const char *near = mw_nearest(key, keys, MW_COUNT(keys));
    char what[256];

    for (size_t k = 0; k < MW_COUNT(to); k++) {
        if (!mw_str_eq(key, keys[k]))
            continue;
        if (f->name && mw_str_eq(mw_val_str(f->d, v, NULL), "")) /* an empty column */
            return MW_OK;
        if ((*to[k] = text(f, v)) != NULL)
            return MW_OK;
        snprintf(what, sizeof(what), "%.40s: expected text", key);
        return refuse(f, i, key, what, err);
    }
    if (mw_str_eq(key, "regions"))
        return read_regions(f, i, v, e, err);
    if (mw_str_eq(key, "tags")) /* for people and for other tools */
        return MW_OK;
    snprintf(what, sizeof(what), "unknown key '%.40s'%s%s%s", key, near ? "; did you mean '" : "", near ? near : "",
             near ? "'?" : "");
    return refuse(f, i, key, what, err);
}

static mw_status read_entry(const struct source *f, size_t i, mw_val v, mw_account_list *l, mw_error *err)
{
    mw_account_entry e = {0};
    mw_status st = MW_OK;

    if (mw_val_kind(f->d, v) == MW_KIND_OBJECT) {
        for (size_t k = 0; k < mw_val_len(f->d, v) && st == MW_OK; k++) {
            mw_val key, value = mw_val_member(f->d, v, k, &key);
            st = read_member(f, i, mw_val_str(f->d, key, NULL), value, &e, err);
        }
        l->many = true;
    } else {
        e.id = text(f, v);
    }
    if (st != MW_OK)
        return st;
    if (!mw_is_account_id(e.id))
        return refuse(f, i, NULL, "expected an id of 12 digits", err);
    return mw_account_list_add(f->s, l, &e, err);
}

static mw_status read_entries(const struct source *f, mw_val list, mw_account_list *l, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < mw_val_len(f->d, list) && st == MW_OK; i++)
        st = read_entry(f, i, mw_val_at(f->d, list, i), l, err);
    return st;
}

/* ---- a file ---- */

static mw_status read_file(mw_setup *s, const char *path, mw_account_list *l, mw_error *err)
{
    MW_AUTO(mw_buf) content = {.max = FILE_MAX_BYTES};
    MW_AUTO(mw_yaml_marks) marks = {0};
    mw_doc_builder *b = NULL;
    mw_val root;
    mw_status st;

    if ((st = mw_file_read(path, &content, err)) != MW_OK)
        return mw_error_prefix(err, st, "accounts");
    if ((st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    st = mw_str_ends(path, ".csv") ? mw_csv_read(b, content.data ? content.data : "", content.len, err)
                                   : mw_yaml_read(b, content.data ? content.data : "", content.len, path, &marks, err);
    if (st == MW_OK) {
        const struct source f = {.s = s, .d = mw_doc_view(b), .name = path, .marks = &marks};
        root = mw_doc_pop(b);
        if (mw_val_kind(f.d, root) != MW_KIND_ARRAY || mw_val_len(f.d, root) == 0)
            st = mw_fail(err, MW_ERR_INVALID, "%s: expected a list of accounts", path);
        else
            st = read_entries(&f, root, l, err);
    } else if (st == MW_ERR_PARSE) {
        st = mw_str_ends(path, ".csv") ? mw_error_prefix(err, MW_ERR_INVALID, "%s", path) : MW_ERR_INVALID;
    }
    mw_doc_builder_free(b);
    l->many = true;
    return st;
}

static mw_status read_config(mw_setup *s, mw_account_list *l, mw_error *err)
{
    const struct source f = {.s = s, .d = s->config.doc};
    mw_val v = mw_config_value(&s->config, "accounts");
    const char *file;

    if (mw_val_kind(f.d, v) == MW_KIND_ARRAY)
        return read_entries(&f, v, l, err);
    if (mw_val_kind(f.d, v) != MW_KIND_OBJECT)
        return v == MW_VAL_ABSENT ? MW_OK : read_entry(&f, 0, v, l, err);
    file = mw_val_get_str(f.d, v, "file", NULL);
    if (!file || mw_val_len(f.d, v) != 1)
        return mw_config_fail(&s->config, "accounts", err, "accounts: expected a list, or {file: PATH}");
    file = mw_config_path(&s->config, mw_val_get(f.d, v, "file"));
    return file ? read_file(s, file, l, err) : no_memory(err);
}

/* ---- the whole ---- */

mw_status mw_account_list_read(mw_setup *s, mw_account_list *out, mw_error *err)
{
    const mw_args *args = s->cli->args;
    const char *role = mw_args_get(args, "role-name"), *external = mw_args_get(args, "external-id");
    size_t named = mw_args_count(args, "account");
    const char **wanted;
    mw_status st;

    *out = (mw_account_list){.role = role ? role : mw_config_str(&s->config, "role"),
                             .external_id = external ? external : mw_config_str(&s->config, "external_id"),
                             .duration_seconds = (int)mw_config_int(&s->config, "role_duration", 0),
                             .organization =
                                 s->config.doc && mw_config_value(&s->config, "organization") != MW_VAL_ABSENT};
    if (s->config.doc && (st = read_config(s, out, err)) != MW_OK)
        return st;
    out->many = out->many || out->role || out->organization;
    if (!out->many)
        return MW_OK;
    if (!(wanted = mw_arena_alloc(&s->arena, (named + 1) * sizeof(*wanted))))
        return no_memory(err);
    for (size_t i = 0; i < named; i++)
        wanted[i] = mw_args_value(args, "account", i);
    if (out->count == 0 && !out->organization) { /* the flag names them */
        if (named == 0)
            return mw_fail(err, MW_ERR_INVALID,
                           "--role-name: in which accounts? Name them with --account, 'accounts' or "
                           "'organization'");
        for (size_t i = 0; i < named; i++) {
            const mw_account_entry e = {.id = wanted[i]};
            if (!mw_is_account_id(wanted[i]))
                return mw_fail(err, MW_ERR_INVALID, "--account: '%.40s' is not an account id of 12 digits", wanted[i]);
            if ((st = mw_account_list_add(s, out, &e, err)) != MW_OK)
                return st;
        }
        return MW_OK;
    }
    out->wanted = wanted;
    out->wanted_count = named;
    return MW_OK;
}

const char *mw_account_role_arn(mw_arena *arena, const char *partition, const char *account, const char *role)
{
    MW_AUTO(mw_buf) out = {.max = 4096};
    const char *p;

    if (!mw_str_starts(role, "arn:"))
        mw_buf_printf(&out, "arn:%s:iam::%s:role/", partition, account);
    if (out.len && role[0] == '/')
        role++;
    while ((p = strchr(role, '{')) != NULL) {
        mw_buf_add(&out, role, (size_t)(p - role), NULL);
        role = p;
        if (mw_str_starts(p, "{account}")) {
            mw_buf_puts(&out, account);
            role += strlen("{account}");
        } else if (mw_str_starts(p, "{partition}")) {
            mw_buf_puts(&out, partition);
            role += strlen("{partition}");
        } else {
            mw_buf_putc(&out, *role++);
        }
    }
    mw_buf_puts(&out, role);
    return out.failed == MW_OK ? mw_arena_strdup(arena, out.data) : NULL;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const mw_account_entry *)a)->id, ((const mw_account_entry *)b)->id);
}

mw_status mw_account_list_settle(mw_account_list *l, mw_error *err)
{
    size_t kept = 0;

    if (l->count > 1)
        qsort(l->items, l->count, sizeof(*l->items), by_id);
    for (size_t i = 1; i < l->count; i++)
        if (mw_str_eq(l->items[i].id, l->items[i - 1].id))
            return mw_fail(err, MW_ERR_INVALID, "accounts: %s is there twice", l->items[i].id);
    for (size_t w = 0; w < l->wanted_count; w++) {
        bool found = false;
        for (size_t i = 0; i < l->count && !found; i++)
            found = mw_glob_match(l->wanted[w], l->items[i].id) ||
                    (l->items[i].name && mw_glob_match(l->wanted[w], l->items[i].name));
        if (!found)
            return mw_fail(err, MW_ERR_INVALID, "--account: none of the %zu accounts is '%.40s'", l->count,
                           l->wanted[w]);
    }
    for (size_t i = 0; i < l->count; i++) {
        bool chosen = l->wanted_count == 0;
        for (size_t w = 0; w < l->wanted_count && !chosen; w++)
            chosen = mw_glob_match(l->wanted[w], l->items[i].id) ||
                     (l->items[i].name && mw_glob_match(l->wanted[w], l->items[i].name));
        if (chosen)
            l->items[kept++] = l->items[i];
    }
    l->count = kept;
    return kept ? MW_OK : mw_fail(err, MW_ERR_INVALID, "accounts: there is none to look into");
}
