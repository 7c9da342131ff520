/*
 * Who writes what in a PostgreSQL store: a run claims its accounts. The claim's rows say which; that they
 * still hold is said by an advisory lock that the claiming sessions have, so a claim goes with its process,
 * however it ends. Runs of different accounts write at the same time; processes that share the work of a
 * run share its claim. Readers take no notice.
 */
#include "store/postgres.h"

#include <stdio.h>
#include <string.h>

static mw_status ask(mw_store *s, const char *sql, const char *text, int64_t number, char *out, size_t size,
                     mw_error *err)
{
    mw_query *q;
    mw_step code;
    mw_status st = mw__store_prepare(s, sql, &q, err);

    out[0] = '\0';
    if (st != MW_OK)
        return st;
    mw__store_bind(q, 1, text);
    mw__store_bind_int(q, 2, number);
    code = mw__store_step(q);
    if (code == MW_ROW)
        snprintf(out, size, "%s", mw__store_must(q, 0));
    else if (code == MW_FAILED)
        st = mw__store_fail(s, "claiming", err);
    mw__store_finalize(q);
    return st;
}

/* Joins a claim of the same run that is shared. *key 0: nobody has claimed the run. */
static mw_status find_own(mw_store *s, const char *run, bool shared, int64_t *key, mw_error *err)
{
    int64_t shares = 0;
    mw_query *q;
    mw_status st = mw__store_prepare(s, "SELECT key, shared FROM claim WHERE run = ?1 LIMIT 1", &q, err);
    mw_step code;

    *key = 0;
    if (st != MW_OK)
        return st;
    mw__store_bind(q, 1, run);
    if ((code = mw__store_step(q)) == MW_ROW) {
        *key = mw__store_int(q, 0);
        shares = mw__store_int(q, 1);
    } else if (code == MW_FAILED) {
        st = mw__store_fail(s, "claiming", err);
    }
    mw__store_finalize(q);
    if (st == MW_OK && *key && *key != mw__pg_of(s)->claimed && !(shared && shares))
        st = mw_fail(err, MW_ERR_CONFLICT, "store %s: run %s writes to it", s->path, run);
    return st;
}

static mw_status add_claim(mw_store *s, const char *run, const char *const *accounts, size_t count, bool shared,
                           int64_t *key, mw_error *err)
{
    static const char *const all[] = {"*"};
    mw_query *next = NULL, *add = NULL;
    const mw_store_query queries[] = {{&next, "SELECT nextval('claim_key')"},
                                      {&add, "COPY claim(run, account, key, shared)"}};
    mw_status st = mw__store_prepare_all(s, queries, MW_COUNT(queries), err);

    if (st == MW_OK)
        st = mw__store_run_int(s, next, "claiming", key, err);
    for (size_t i = 0; i < (count ? count : 1) && st == MW_OK; i++) {
        mw__store_bind(add, 1, run);
        mw__store_bind(add, 2, (count ? accounts : all)[i]);
        mw__store_bind_int(add, 3, *key);
        mw__store_bind_int(add, 4, shared);
        st = mw__store_run(s, add, "claiming", err);
    }
    mw__store_finalize(next);
    mw__store_finalize(add);
    return st;
}

/* Inside a transaction, under the lock on claims. */
static mw_status take(mw_store *s, const char *run, const char *const *accounts, size_t count, bool shared,
                      char holder[MW_STORE_HOLDER_SIZE], int64_t *key, mw_error *err)
{
    const mw_postgres *pg = mw__pg_of(s);
    char sql[96];
    mw_status st;

    if ((st = mw__pg_lock(s, MW_PG_CLAIMS, err)) != MW_OK ||
        (st = mw__pg_exec(s, "DELETE FROM claim WHERE key NOT IN (SELECT key FROM claim_held)", "claiming", err)) !=
            MW_OK)
        return st;
    if ((st = find_own(s, run, shared, key, err)) != MW_OK) {
        snprintf(holder, MW_STORE_HOLDER_SIZE, "%s", run);
        return st;
    }
    if (*key == 0) {
        if ((st = add_claim(s, run, accounts, count, shared, key, err)) != MW_OK ||
            (st = ask(
                 s,
                 "SELECT o.run FROM claim o JOIN claim c ON o.account = c.account OR o.account = '*' OR c.account = '*'"
                 " WHERE c.run = ?1 AND o.run <> ?1 AND o.key <> ?2 LIMIT 1",
                 run, pg->claimed, holder, MW_STORE_HOLDER_SIZE, err)) != MW_OK)
            return st;
        if (holder[0])
            return mw_fail(err, MW_ERR_CONFLICT, "store %s: run %s writes to it", s->path, holder);
    }
    if (*key == pg->claimed)
        return MW_OK;
    snprintf(sql, sizeof(sql), "SELECT pg_advisory_lock_shared(%d, %lld)", pg->space, (long long)*key);
    return mw__pg_exec(s, sql, "claiming", err);
}

void mw__pg_unclaim(mw_store *s, int64_t key)
{
    char sql[96];

    snprintf(sql, sizeof(sql), "SELECT pg_advisory_unlock_shared(%d, %lld)", mw__pg_of(s)->space, (long long)key);
    (void)mw__pg_exec(s, sql, "claiming", NULL); /* else it goes with the connection */
}

mw_status mw__pg_claim(mw_store *s, const char *run, const char *const *accounts, size_t count, bool shared,
                       char holder[MW_STORE_HOLDER_SIZE], mw_error *err)
{
    mw_postgres *pg = mw__pg_of(s);
    int64_t key = 0, before = pg->claimed;
    mw_status st = mw__pg_exec(s, "BEGIN", "claiming", err);

    holder[0] = '\0';
    if (st != MW_OK)
        return st;
    pg->in_transaction = true;
    st = mw__store_leave(s, true, take(s, run, accounts, count, shared, holder, &key, err), "claiming", err);
    if (st == MW_OK) {
        pg->claimed = key;
        if (before && before != key)
            mw__pg_unclaim(s, before);
    }
    return st;
}
