/*
 * Resources by a text that ends with their id, as an ARN does, over everything that the store ever
 * saw. Read only; relies on ids being stored as they are. The caller looks at the documents to tell
 * the one that is meant.
 */
#include "store/snapshots.h"

#include "store/internal.h"

mw_status mw_snapshots_known(mw_store *s, const mw_snapshot_filter *filter, const char *arn,
                             bool (*row)(void *user, const mw_snapshot_resource *r), void *user, mw_error *err)
{
    static const char sql[] =
        "SELECT p.text, a.text, coalesce(w.text, r.text), t.text, x.id FROM scope c JOIN word t ON "
        "t.n = c.type"
        " JOIN word a ON a.n = c.account JOIN word r ON r.n = c.region JOIN word p ON p.n = "
        "c.partition"
        " JOIN resource x ON x.rid BETWEEN c.n << ?5 AND (c.n << ?5) + ?6 LEFT JOIN word w ON w.n "
        "= x.region"
        " WHERE (?1 IS NULL OR a.text = ?1) AND (?2 IS NULL OR coalesce(w.text, r.text) = ?2)"
        " AND (?3 IS NULL OR t.text = ?3) AND x.id <> '' AND substr(?4, length(?4) - length(x.id) + 1) = x.id"
        " AND EXISTS(SELECT 1 FROM span s JOIN snapshot o ON o.n >= s.s0 AND o.open = 0 WHERE s.rid = x.rid)"
        " ORDER BY length(x.id) DESC, t.text, a.text, 3, x.id";
    mw_step code = MW_DONE;
    mw_query *q;
    mw_status st = mw__store_prepare(s, sql, &q, err);

    if (st == MW_OK) {
        mw__store_bind(q, 1, filter ? filter->account : NULL);
        mw__store_bind(q, 2, filter ? filter->region : NULL);
        mw__store_bind(q, 3, filter ? filter->type : NULL);
        mw__store_bind(q, 4, arn);
        mw__store_bind_int(q, 5, MW_POSITION_BITS);
        mw__store_bind_int(q, 6, MW_POSITION_MAX);
    }
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        const mw_snapshot_resource r = {.partition = mw__store_must(q, 0),
                                        .account = mw__store_must(q, 1),
                                        .region = mw__store_must(q, 2),
                                        .type = mw__store_must(q, 3),
                                        .id = mw__store_must(q, 4)};
        if (!row(user, &r)) {
            code = MW_DONE;
            break;
        }
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(s, "looking for a resource", err);
    mw__store_finalize(q);
    return st;
}
