/*
 * Names that say a place in the order of snapshots: `latest`, `latest~2`, a time. Their order is
 * that in which they were sealed, whatever the clock said; a time means the newest one that calls
 * itself no later. Built on mw_snapshots_list() alone. A name that is none of these is left to the
 * caller: nothing here ever guesses.
 */
#include "store/internal.h"

#include "base/str.h"
#include "base/time.h"

#include <string.h>

struct seek {
    long long back; /* how many are to be passed over, or -1: look at times */
    int64_t until_ns;
    bool (*row)(void *user, const mw_snapshot_info *info);
    void *user;
    bool found;
};

static bool visit(void *user, const mw_snapshot_info *info)
{
    struct seek *k = user;
    int64_t taken_ns;

    if (k->back > 0) {
        k->back--;
        return true;
    }
    if (k->back < 0 &&
        (mw_time_parse(info->taken_at, strlen(info->taken_at), &taken_ns, NULL) != MW_OK || taken_ns > k->until_ns))
        return true;
    k->found = true;
    k->row(k->user, info);
    return false;
}

/* An id or a digest has no dash: what begins as a date is a time. */
static bool looks_like_time(const char *name)
{
    return strspn(name, "0123456789") == 4 && name[4] == '-';
}

mw_status mw__snapshot_place(mw_store *s, const char *name, bool (*row)(void *user, const mw_snapshot_info *info),
                             void *user, bool *found, mw_error *err)
{
    struct seek k = {.row = row, .user = user};
    mw_status st;

    *found = false;
    if (mw_str_starts(name, "latest~")) {
        if (!mw_parse_int(name + 7, strlen(name + 7), &k.back) || k.back < 0)
            return mw_fail(err, MW_ERR_INVALID, "'%.80s' is no snapshot: latest~1 is the one before the latest", name);
    } else if (looks_like_time(name)) {
        if ((st = mw_time_parse(name, strlen(name), &k.until_ns, err)) != MW_OK)
            return MW_ERR_INVALID;
        k.back = -1;
    } else if (strcmp(name, "latest") != 0) {
        return MW_OK;
    }
    st = mw_snapshots_list(s, visit, &k, err);
    *found = k.found;
    return st;
}
