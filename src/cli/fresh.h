/* `--max-age`: what the store knows freshly enough that AWS need not be asked. */
#ifndef MW_CLI_FRESH_H
#define MW_CLI_FRESH_H

#include "cli/moment.h"
#include "engine/rule.h"
#include "inventory/collect.h"

/** `MW_AUTO(mw_fresh) f = {0};` */
typedef struct mw_fresh {
    mw_store *store;    /* borrowed */
    mw_moment *moments; /* snapshots that are young enough, newest first */
    size_t count, cap;
    int64_t oldest_unix; /* what was fetched earlier is too old */
    const char **anew;   /* types that are asked for all the same, in order */
    size_t anew_count;
} mw_fresh;

/** The ledgers of the snapshots that are no older than @p max_age_s. Memory: their scopes. */
mw_status mw_fresh_read(mw_fresh *f, mw_store *store, int64_t max_age_s, int64_t now_unix, mw_error *err);
/**
 * Types of which one of the rules may read what a store withholds are asked for, however fresh they are: what the store has of
 * them leaves the rule unknown. @p types outlives @p f.
 */
mw_status mw_fresh_for_rules(mw_fresh *f, const mw_rules *rules, const mw_types *types, const mw_models *models,
                             mw_error *err);
/** For mw_collect_options: @p user is a mw_fresh. */
int64_t mw_fresh_known(void *user, mw_collect_scope *scope);
mw_status mw_fresh_load(void *user, mw_collect_scope *scope, mw_doc_builder *b,
                        mw_status (*take)(void *taker, mw_val resource), void *taker, mw_error *err);
void mw_fresh_clear(mw_fresh *f);

#endif
