/*
 * A snapshot by its name or time, with its ledger in memory. Relies on the ledger coming by
 * account, region, type and facet. Must never take a scope that is not in the ledger for a complete
 * one.
 */
#include "cli/moment.h"

#include "base/str.h"

#include <string.h>

struct load {
    mw_moment *m;
    mw_error *err;
    mw_status st;
};

static const char *keep(struct load *l, const char *s)
{
    const char *copy = s ? mw_arena_strdup(&l->m->arena, s) : NULL;

    if (s && !copy)
        l->st = mw_fail(l->err, MW_ERR_NOMEM, "snapshot: out of memory");
    return copy;
}

static bool take_info(void *user, const mw_snapshot_info *i)
{
    struct load *l = user;
    const mw_json_options exact = {.exact = true};
    mw_doc_builder *b = NULL;

    l->m->id = keep(l, i->id);
    l->m->taken_at = keep(l, i->taken_at);
    l->m->digest = keep(l, i->digest);
    if (l->st == MW_OK && (l->st = mw_doc_builder_new(NULL, &b, l->err)) == MW_OK &&
        (l->st = mw_json_read(b, i->about, strlen(i->about), &exact, NULL, l->err)) == MW_OK)
        l->st = mw_doc_finish(b, mw_doc_pop(b), &l->m->about, l->err);
    mw_doc_builder_free(b);
    return false;
}

static bool take_scope(void *user, const mw_snapshot_scope *s)
{
    struct load *l = user;
    mw_moment *m = l->m;

    if (m->scope_count == m->scope_cap) {
        size_t cap = m->scope_cap ? 2 * m->scope_cap : 64;
        mw_moment_scope *wider = mw_realloc(m->scopes, cap * sizeof(*wider));
        if (!wider) {
            l->st = mw_fail(l->err, MW_ERR_NOMEM, "snapshot: out of memory");
            return false;
        }
        m->scopes = wider;
        m->scope_cap = cap;
    }
    m->scopes[m->scope_count++] = (mw_moment_scope){.account = keep(l, s->account),
                                                    .region = keep(l, s->region),
                                                    .type = keep(l, s->type),
                                                    .facet = keep(l, s->facet),
                                                    .state = keep(l, s->state),
                                                    .cause = keep(l, s->cause),
                                                    .resources = s->resources};
    return l->st == MW_OK;
}

mw_status mw_moment_load(mw_store *s, const char *name, mw_moment *out, mw_error *err)
{
    struct load l = {.m = out, .err = err};
    mw_status st;

    out->arena.max_bytes = (size_t)2 << 30;
    if ((st = mw_snapshot_find(s, name, take_info, &l, err)) == MW_OK && (st = l.st) == MW_OK &&
        (st = mw_snapshot_scopes(s, out->id, take_scope, &l, err)) == MW_OK)
        st = l.st;
    return st;
}

void mw_moment_clear(mw_moment *m)
{
    mw_doc_free(m->about);
    mw_free(m->scopes);
    mw_arena_clear(&m->arena);
    *m = (mw_moment){0};
}

/* ---- parts ---- */

struct parts {
    mw_moment_parts *to;
    mw_arena *arena;
    size_t cap;
    bool failed;
};

static const char *keep_name(struct parts *p, const char *s)
{
    const char *copy = mw_arena_strdup(p->arena, s);

    p->failed = p->failed || !copy;
    return copy;
}

static bool take_name(void *user, const mw_snapshot_info *i)
{
    struct parts *p = user;

    p->to->id = keep_name(p, i->id);
    p->to->digest = keep_name(p, i->digest);
    return false;
}

static bool take_part(void *user, const char *account, const char *digest)
{
    struct parts *p = user;
    mw_moment_parts *to = p->to;

    if (to->count == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 64;
        struct mw_moment_part *wider = mw_arena_alloc(p->arena, cap * sizeof(*wider));
        if (!wider) {
            p->failed = true;
            return false;
        }
        if (to->count)
            memcpy(wider, to->all, to->count * sizeof(*wider));
        to->all = wider;
        p->cap = cap;
    }
    to->all[to->count++] = (struct mw_moment_part){.account = keep_name(p, account), .digest = keep_name(p, digest)};
    return !p->failed;
}

mw_status mw_moment_find_parts(mw_store *s, const char *name, mw_arena *arena, mw_moment_parts *out, mw_error *err)
{
    struct parts p = {.to = out, .arena = arena};
    mw_status st;

    *out = (mw_moment_parts){.id = NULL};
    if ((st = mw_snapshot_find(s, name, take_name, &p, err)) == MW_OK && !p.failed)
        st = mw_snapshot_parts(s, out->id, take_part, &p, err);
    return st == MW_OK && p.failed ? mw_fail(err, MW_ERR_NOMEM, "snapshot: out of memory") : st;
}

/* ---- what is in a moment ---- */

mw_val mw_moment_collected(const mw_moment *m, const char *type)
{
    mw_val types = mw_val_get(m->about, mw_doc_root(m->about), "types");

    return mw_val_get(m->about, mw_val_get(m->about, types, type), "collected");
}

bool mw_moment_complete(const mw_moment *m, const char *account, const char *region, const char *type)
{
    size_t low = 0, high = m->scope_count, here = 0, elsewhere = 0, gaps_here = 0, gaps_elsewhere = 0;

    while (low < high) { /* the account's first line */
        size_t middle = low + (high - low) / 2;
        if (strcmp(m->scopes[middle].account, account) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i < m->scope_count && strcmp(m->scopes[i].account, account) == 0; i++) {
        const mw_moment_scope *s = &m->scopes[i];
        bool gap = strcmp(s->state, "complete") != 0;
        if (s->facet || strcmp(s->type, type) != 0)
            continue;
        if (strcmp(s->region, region) == 0) {
            here++;
            gaps_here += gap;
        } else {
            elsewhere++;
            gaps_elsewhere += gap;
        }
    }
    return here ? gaps_here == 0 : elsewhere && gaps_elsewhere == 0;
}

bool mw_moment_place_chosen(const mw_args *args, const char *account, const char *region)
{
    return mw_args_chosen(args, "account", account) && mw_args_chosen(args, "region", region);
}

static const char *plain(const mw_args *args, const char *option)
{
    const char *value = mw_args_count(args, option) == 1 ? mw_args_get(args, option) : NULL;

    return value && !strpbrk(value, "*?") ? value : NULL;
}

mw_snapshot_filter mw_moment_place_filter(const mw_args *args)
{
    return (mw_snapshot_filter){.account = plain(args, "account"), .region = plain(args, "region")};
}

mw_status mw_moment_name(const mw_args *args, const char *given, char at[MW_TIME_SIZE], const char **out, mw_error *err)
{
    const char *time = mw_args_get(args, "at");
    int64_t ns;
    mw_status st;

    *out = given ? given : "latest";
    if (!time)
        return MW_OK;
    if (given)
        return mw_fail(err, MW_ERR_INVALID, "--at %.40s and snapshot %.80s: one of them, please", time, given);
    if ((st = mw_time_parse(time, strlen(time), &ns, err)) != MW_OK)
        return mw_error_prefix(err, MW_ERR_INVALID, "--at");
    mw_time_iso(at, ns);
    *out = at;
    return MW_OK;
}
