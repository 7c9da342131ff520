/*
 * Where an audit over a stored snapshot runs: everywhere that the snapshot looked, or where
 * --account and
 * --region say. No call is made, no credentials are looked for.
 */
#include "cli/audit_stored.h"

#include "base/str.h"
#include "base/time.h"
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct place {
    const char *account, *region, *partition;
};

static int by_place(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    int order = strcmp(a->account, b->account);

    return order ? order : strcmp(a->region, b->region);
}

/* The scopes of types that are listed by region; without any, those that there are. */
static size_t find_places(const mw_audit_stored *a, bool regional, struct place *out)
{
    const mw_doc *d = a->snapshot;
    mw_val root = mw_doc_root(d), types = mw_val_get(d, root, "types"),
           world = mw_val_at(d, mw_val_get(d, root, "worlds"), 0);
    mw_val scopes = mw_val_get(d, world, "scopes");
    size_t n = 0;

    for (size_t i = 0; i < mw_val_len(d, scopes); i++) {
        mw_val s = mw_val_at(d, scopes, i), type = mw_val_get(d, types, mw_val_get_str(d, s, "type", ""));
        if (regional && strncmp(mw_val_get_str(d, type, "scope", ""), "region", 6) != 0)
            continue;
        out[n++] = (struct place){mw_val_get_str(d, s, "account", ""), mw_val_get_str(d, s, "region", ""),
                                  mw_val_get_str(d, s, "partition", "aws")};
    }
    return n;
}

static mw_status lay_out(mw_setup *s, bool once, mw_audit_stored *a, mw_error *err)
{
    const mw_doc *d = a->snapshot;
    mw_val world = mw_val_at(d, mw_val_get(d, mw_doc_root(d), "worlds"), 0);
    size_t room = mw_val_len(d, mw_val_get(d, world, "scopes")) + 1, n;
    struct place *places = mw_arena_alloc(&s->arena, room * sizeof(*places));
    const char **regions = mw_arena_alloc(&s->arena, room * sizeof(*regions));

    a->items = mw_arena_alloc(&s->arena, room * sizeof(*a->items));
    if (!places || !regions || !a->items)
        return mw_fail(err, MW_ERR_NOMEM, "audit: out of memory");
    if ((n = find_places(a, true, places)) == 0)
        n = find_places(a, false, places);
    if (n > 1)
        qsort(places, n, sizeof(*places), by_place);
    for (size_t i = 0; i < n; i++) {
        const struct place *p = &places[i];
        mw_audit_account *last = a->count ? &a->items[a->count - 1] : NULL;
        if (!mw_args_chosen(s->cli->args, "account", p->account) || !mw_args_chosen(s->cli->args, "region", p->region))
            continue;
        if (!last || strcmp(last->account, p->account) != 0) {
            last = &a->items[a->count++];
            *last = (mw_audit_account){.account = p->account, .partition = p->partition, .regions = regions};
        }
        if (last->region_count && (once || strcmp(last->regions[last->region_count - 1], p->region) == 0))
            continue;
        *regions++ = once && mw_home_region(p->partition) ? mw_home_region(p->partition) : p->region;
        last->region_count++;
    }
    return a->count ? MW_OK
                    : mw_fail(err, MW_ERR_INVALID,
                              "snapshot %s did not look into any account and region that --account and "
                              "--region name",
                              a->archived.id);
}

mw_status mw_audit_stored_open(mw_setup *s, const char *name, bool once, mw_audit_stored *out, mw_error *err)
{
    static const char *const senseless[] = {"role-name", "external-id", "record", "replay", "endpoint-url"};
    mw_archive_options o = {0};
    mw_store *store = NULL;
    int64_t ns;
    mw_status st;

    for (size_t i = 0; i < MW_COUNT(senseless); i++)
        if (mw_args_get(s->cli->args, senseless[i]))
            return mw_fail(err, MW_ERR_INVALID,
                           "%s and --snapshot exclude each other: a stored snapshot asks AWS nothing",
                           mw_args_origin(s->cli->args, senseless[i]));
    if ((st = mw_setup_types(s, err)) != MW_OK || (st = mw_setup_store(s, &store, err)) != MW_OK)
        return st;
    o.types = s->types;
    st = mw_archive_load(store, name, &o, &out->fd, &out->archived, err);
    mw_store_close(store);
    if (st != MW_OK || (st = mw_doc_map(out->fd, &out->snapshot, err)) != MW_OK ||
        (st = mw_time_parse(out->archived.taken_at, strlen(out->archived.taken_at), &ns, err)) != MW_OK)
        return st;
    out->now_unix = ns / 1000000000;
    return lay_out(s, once, out, err);
}

void mw_audit_stored_clear(mw_audit_stored *a)
{
    mw_doc_free(a->snapshot);
    if (a->fd >= 0)
        close(a->fd);
    mw_archived_clear(&a->archived);
    *a = (mw_audit_stored){.fd = -1};
}
