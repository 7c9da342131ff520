/* A stored snapshot by its name or time, and its coverage: what the commands about history begin
 * with. */
#ifndef MW_CLI_MOMENT_H
#define MW_CLI_MOMENT_H

#include "base/arena.h"
#include "base/time.h"
#include "cli/command.h"
#include "store/snapshots.h"

/** One line of the ledger. */
typedef struct mw_moment_scope {
    const char *account, *region, *type, *facet; /* facet NULL = the list */
    const char *state, *cause;                   /* cause: JSON text or NULL */
    int64_t resources;
} mw_moment_scope;

/** `MW_AUTO(mw_moment) m = {0};` */
typedef struct mw_moment {
    mw_arena arena;
    const char *id, *taken_at, *digest;
    mw_doc *about; /* what its collector left: docs/internals/store.md */
    mw_moment_scope *scopes;
    size_t scope_count, scope_cap;
} mw_moment;

/** Find it and read its ledger. @return as mw_snapshot_find(). */
mw_status mw_moment_load(mw_store *s, const char *name, mw_moment *out, mw_error *err);
void mw_moment_clear(mw_moment *m);
/** Names of the facets that it asked for, in m->about; ABSENT: nothing of that type. */
mw_val mw_moment_collected(const mw_moment *m, const char *type);
/** Was everything of this account, region and type listed? Types that are not listed by region
 * count in any. */
bool mw_moment_complete(const mw_moment *m, const char *account, const char *region, const char *type);

/** What a snapshot was put together of. Texts are in the caller's arena. */
typedef struct mw_moment_parts {
    const char *id, *digest; /* of the snapshot */
    struct mw_moment_part {
        const char *account, *digest;
    } * all; /* in byte order of the accounts; none when it was taken in one */
    size_t count;
} mw_moment_parts;
/** @return as mw_snapshot_find(). */
mw_status mw_moment_find_parts(mw_store *s, const char *name, mw_arena *arena, mw_moment_parts *out, mw_error *err);

/** The name to look for: --at, else @p given, else `latest`. @p at is where a time is kept. */
mw_status mw_moment_name(const mw_args *args, const char *given, char at[MW_TIME_SIZE], const char **out,
                         mw_error *err);

/** Do --account and --region, globs that may be repeated, name this place? */
bool mw_moment_place_chosen(const mw_args *args, const char *account, const char *region);
/** What of them the store itself can look for: one plain name of each. */
mw_snapshot_filter mw_moment_place_filter(const mw_args *args);

#define MW_AT_OPTION                                                                                                   \
    {                                                                                                                  \
        .name = "at", .value = "TIME",                                                                                 \
        .help = "The newest snapshot taken no later, such as 2026-11-01 or 2026-11-01T12:00:00Z"                       \
    }

#endif
