/*
 * Which snapshots go. Order is that of the store, age is what a snapshot calls now: where a clock
 * has jumped back, a snapshot that claims to come from the future is young, and stays. Must never
 * choose the newest, nor the newest complete one.
 */
#include "cli/retention.h"

#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#include <string.h>

#define SECOND_NS INT64_C(1000000000)

mw_status mw_retention_age(const char *text, int64_t *ns, mw_error *err)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    size_t digits = strspn(text, "0123456789");
    long long n;

    if (digits > 0 && digits <= 6 && strlen(text) == digits + 1 && mw_parse_int(text, digits, &n) && n > 0)
        for (size_t i = 0; i < MW_COUNT(units); i++)
            if (text[digits] == units[i].unit) {
                if (n > INT64_MAX / SECOND_NS / units[i].seconds)
                    break;
                *ns = n * units[i].seconds * SECOND_NS;
                return MW_OK;
            }
    return mw_fail(err, MW_ERR_INVALID, "'%.40s' is no age: expected 30m, 12h, 90d or 8w", text);
}

mw_status mw_retention_config(const mw_config *c, mw_retention *out, mw_error *err)
{
    mw_val v = mw_config_value(c, "retention");
    const char *age;
    mw_status st;

    *out = (mw_retention){0};
    if (v == MW_VAL_ABSENT)
        return MW_OK;
    for (size_t i = 0; i < mw_val_len(c->doc, v); i++) {
        mw_val key, value = mw_val_member(c->doc, v, i, &key);
        const char *name = mw_val_str(c->doc, key, NULL);
        if (mw_str_eq(name, "keep")) {
            if (mw_val_kind(c->doc, value) != MW_KIND_INT || mw_val_int(c->doc, value) < 1)
                return mw_config_fail(c, "retention.keep", err, "retention.keep: expected a whole number from 1 on");
            out->keep = (size_t)mw_val_int(c->doc, value);
        } else if (mw_str_eq(name, "older_than")) {
            age = mw_val_str(c->doc, value, NULL);
            if ((st = mw_retention_age(age ? age : "", &out->older_than_ns, err)) != MW_OK)
                return mw_config_fail(c, "retention.older_than", err,
                                      "retention.older_than: expected an age such as 30m, 12h, 90d or 8w");
        } else {
            return mw_config_fail(c, "retention", err, "retention: unknown key '%.60s', expected keep or older_than",
                                  name);
        }
    }
    return out->keep || out->older_than_ns
               ? MW_OK
               : mw_config_fail(c, "retention", err, "retention: expected keep: N, older_than: AGE or both");
}

/* ---- choosing ---- */

struct listed {
    const char *id, *taken_at;
    bool goes;
};

struct choice {
    const mw_retention *r;
    int64_t now_ns;
    mw_doomed *out;
    struct listed *all;
    size_t count, cap;
    mw_error *err;
    mw_status st;
};

static bool take(void *user, const mw_snapshot_info *info)
{
    struct choice *c = user;
    struct listed *l;
    int64_t taken_ns;

    if (c->count == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 64;
        struct listed *wider = mw_realloc(c->all, cap * sizeof(*wider));
        if (!wider) {
            c->st = mw_fail(c->err, MW_ERR_NOMEM, "snapshots: out of memory");
            return false;
        }
        c->all = wider;
        c->cap = cap;
    }
    l = &c->all[c->count];
    *l = (struct listed){.id = mw_arena_strdup(&c->out->arena, info->id),
                         .taken_at = mw_arena_strdup(&c->out->arena, info->taken_at)};
    if (!l->id || !l->taken_at) {
        c->st = mw_fail(c->err, MW_ERR_NOMEM, "snapshots: out of memory");
        return false;
    }
    l->goes = (c->r->keep && c->count >= c->r->keep) ||
              (c->r->older_than_ns && mw_time_parse(info->taken_at, strlen(info->taken_at), &taken_ns, NULL) == MW_OK &&
               taken_ns < c->now_ns - c->r->older_than_ns);
    c->count++;
    return true;
}

/* Ends at the first scope that is not; of a snapshot without any nobody can say that it is. */
static bool still_complete(void *user, const mw_snapshot_scope *s)
{
    bool *complete = user;

    return *complete = mw_str_eq(s->state, "complete");
}

/* The newest complete one; when none is, the newest alone stays. */
static mw_status spare(struct choice *c, mw_store *s)
{
    bool complete = false, any = false;
    mw_status st = MW_OK;

    for (size_t i = 0; i < c->count; i++)
        any = any || c->all[i].goes;
    if (!any)
        return MW_OK;
    c->all[0].goes = false;
    for (size_t i = 0; i < c->count && !complete && st == MW_OK; i++) {
        if ((st = mw_snapshot_scopes(s, c->all[i].id, still_complete, &complete, c->err)) == MW_OK && complete)
            c->all[i].goes = false;
    }
    return st;
}

mw_status mw_retention_choose(mw_store *s, const mw_retention *r, int64_t now_ns, mw_doomed *out, mw_error *err)
{
    struct choice c = {.r = r, .now_ns = now_ns, .out = out, .err = err};
    mw_status st = mw_snapshots_list(s, take, &c, err);

    if (st == MW_OK && (st = c.st) == MW_OK)
        st = spare(&c, s);
    if (st == MW_OK && c.count) {
        out->ids = mw_arena_alloc(&out->arena, c.count * sizeof(*out->ids));
        out->taken_at = mw_arena_alloc(&out->arena, c.count * sizeof(*out->taken_at));
        if (!out->ids || !out->taken_at)
            st = mw_fail(err, MW_ERR_NOMEM, "snapshots: out of memory");
    }
    for (size_t i = 0; i < c.count && st == MW_OK; i++) {
        if (c.all[i].goes) {
            out->ids[out->count] = c.all[i].id;
            out->taken_at[out->count++] = c.all[i].taken_at;
        } else {
            out->kept++;
        }
    }
    mw_free(c.all);
    return st;
}

void mw_doomed_clear(mw_doomed *d)
{
    mw_arena_clear(&d->arena);
    *d = (mw_doomed){0};
}

mw_status mw_retention_apply(mw_store *s, const mw_doomed *d, mw_snapshot_pruned *out, mw_error *err)
{
    mw_status st;

    *out = (mw_snapshot_pruned){0};
    if (d->count == 0)
        return MW_OK;
    st = mw_snapshots_prune(s, d->ids, d->count, out, err);
    return st == MW_OK ? mw_store_shrink(s, err) : st;
}

void mw_retention_after_run(const mw_setup *s, mw_store *store)
{
    MW_AUTO(mw_doomed) d = {0};
    mw_snapshot_pruned pruned;
    mw_retention r;
    mw_error err = {0};
    mw_status st = mw_retention_config(&s->config, &r, &err);

    if (st == MW_OK && (r.keep || r.older_than_ns) &&
        (st = mw_retention_choose(store, &r, mw_now_ns(), &d, &err)) == MW_OK)
        st = mw_retention_apply(store, &d, &pruned, &err);
    if (st != MW_OK)
        mw_log_warn("retention: %s", err.message);
    else if (d.count)
        mw_log_info("retention: %zu snapshots forgotten", pruned.snapshots);
}
