/* Run a plan against accounts and regions; the result is a snapshot (docs/internals/contracts.md). */
#ifndef MW_INVENTORY_COLLECT_H
#define MW_INVENTORY_COLLECT_H

#include "inventory/plan.h"

typedef struct mw_collect_account {
    const char *account;
    const char *partition;
    const char *home_region;    /* region for global types: us-east-1 in aws */
    const char *const *regions; /* region_count of them */
    size_t region_count;
    mw_provider *credentials; /* NULL in replay */
    /* Why nothing can be asked there (its role cannot be assumed…), or NULL: then no call is made, and every
       scope is incomplete with this cause. */
    const char *failed_operation, *failed_code, *failed_message;
} mw_collect_account;

/** What one list answers for, with the facets that are asked for. */
typedef struct mw_collect_scope {
    const char *account, *region, *type;
    bool regional; /* listed by region; otherwise once per account */
    const char *const *facets;
    size_t facet_count;
    /* Lists of these regions show each other's resources: they are known together, or not; 0 = it stands alone. */
    const char *const *regions;
    size_t region_count;
    size_t resources; /* out of `known`: that its list had */
} mw_collect_scope;

typedef struct mw_collect_progress {
    size_t scopes_done, scopes_total, resources;
    uint64_t requests, throttled;
} mw_collect_progress;

typedef struct mw_collect_options {
    const mw_collect_account *accounts;
    size_t account_count;
    int64_t now_unix;
    const mw_doc *params_doc; /* rule parameters {name: value} for `{param.x}`; NULL = none */
    mw_val params;
    /**
     * An account is finished: its snapshot alone, a sealed memfd that the callback closes. What the account held in
     * memory is gone afterwards. Other accounts' calls wait meanwhile. Anything but MW_OK ends the collection with
     * that. NULL: there is one account, and mw_collect() returns its snapshot.
     */
    mw_status (*on_account)(void *user, size_t index, int snapshot_fd, mw_error *err);
    void *user;
    /**
     * Scopes that need not be asked. `known`: when the scope was fetched completely (Unix seconds), or -1: ask. `load`:
     * push each of its resources (of all its regions together), as a snapshot has them, onto @p b and give it to @p take. Both NULL: ask for all.
     */
    int64_t (*known)(void *known_user, mw_collect_scope *scope);
    mw_status (*load)(void *known_user, mw_collect_scope *scope, mw_doc_builder *b,
                      mw_status (*take)(void *taker, mw_val resource), void *taker, mw_error *err);
    void *known_user;
    bool keep_sensitive; /* the snapshot does not say what is to be withheld from a store: nothing is */
    void (*on_progress)(void *user, const mw_collect_progress *p); /* may be NULL */
    void *progress_user;
} mw_collect_options;

/**
 * Collect. AWS failures are not errors of this function: they become unknown values and scope states.
 * Memory: the accounts under way (16 at most), whatever their number.
 * @param[out] snapshot_fd  Sealed memfd holding the mw_doc; the caller closes it. -1 with `on_account`; NULL then.
 * @return MW_OK; MW_ERR_CANCELLED; MW_ERR_NOMEM; MW_ERR_LIMIT; MW_ERR_CONFLICT: the client has nothing left to do, and
 * scopes are not done; what the event loop, `on_account` or `load` fails with. On failure there is no snapshot.
 */
mw_status mw_collect(mw_client *client, const mw_plan *plan, const mw_collect_options *o, int *snapshot_fd,
                     mw_error *err);

/** One world of a snapshot made from fixtures instead of AWS; for `moonward test` and `repl`. */
typedef struct mw_fixture_world {
    const char *type;             /* of the resource under test */
    mw_val item;                  /* its list item with facets by name */
    mw_val tags;                  /* object, or ABSENT = from the item */
    const char *account, *region; /* NULL = 111122223333, us-east-1 */
    mw_val inventory;             /* {type: [items] | unknown} or ABSENT */
    int64_t now_unix;
} mw_fixture_world;

/** Items lie in @p d. The same envelope code as mw_collect(). */
mw_status mw_snapshot_from_fixtures(const mw_types *types, const mw_doc *d, const mw_fixture_world *worlds,
                                    size_t count, int *snapshot_fd, mw_error *err);

#endif
