/*
 * From the session to the accounts that are collected.
 */
#include "cli/targets.h"

void mw_targets_clear(mw_targets *t)
{
    for (size_t i = 0; i < t->count; i++)
        mw_provider_unref(t->items[i].in.credentials);
    *t = (mw_targets){0};
}

mw_status mw_targets_resolve(mw_session *n, mw_targets *out, mw_error *err)
{
    mw_target *t = mw_arena_alloc(&n->setup->arena, sizeof(*t));

    if (!t)
        return mw_fail(err, MW_ERR_NOMEM, "accounts: out of memory");
    t->in = (mw_collect_account){.account = n->account,
                                 .partition = n->partition,
                                 .home_region = n->home_region,
                                 .regions = (const char *const *)n->regions,
                                 .region_count = n->region_count,
                                 .credentials = n->credentials ? mw_provider_ref(n->credentials) : NULL};
    t->extras = n->regions_unchecked ? &n->unchecked : NULL;
    t->extra_count = n->regions_unchecked;
    *out = (mw_targets){.items = t, .count = 1};
    return MW_OK;
}
