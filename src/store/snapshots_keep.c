/*
 * Keeping house: forgetting snapshots and their runs, and checking that what is stored is what was put. Pruning is
 * one transaction; it never touches a state that a snapshot which stays holds.
 */
#include "store/snapshots.h"

#include "store/runs_internal.h"

#include "base/hash.h"

#include <stddef.h>
#include <string.h>

/* ---- prune ---- */

/* What became unreachable, in the order in which it may go. ?1: the last snapshot before all that
   were forgotten: spans that began earlier are held by it, or were over before. */
static const struct {
    const char *sql;
    bool from;
    size_t counted; /* offset in mw_snapshot_pruned, or NOT_COUNTED */
} steps[] = {
#define NOT_COUNTED ((size_t)-1)
    {"CREATE TEMP TABLE IF NOT EXISTS unheld(rid BIGINT, vid BIGINT)", false, NOT_COUNTED},
    {"DELETE FROM unheld", false, NOT_COUNTED},
    {"INSERT INTO unheld SELECT rid, vid FROM span WHERE s0 > ?1 AND NOT EXISTS(SELECT 1 FROM "
     "snapshot"
     " WHERE n >= span.s0 AND (span.s1 IS NULL OR n < span.s1))",
     true, NOT_COUNTED},
    {"DELETE FROM span WHERE s0 > ?1 AND NOT EXISTS(SELECT 1 FROM snapshot"
     " WHERE n >= span.s0 AND (span.s1 IS NULL OR n < span.s1))",
     true, NOT_COUNTED},
    {"DELETE FROM version WHERE vid IN (SELECT u.vid FROM unheld u WHERE NOT EXISTS(SELECT 1 "
     "FROM span s"
     " WHERE s.rid = u.rid AND s.vid = u.vid))",
     false, offsetof(mw_snapshot_pruned, states)},
    /* A row stays where the next number is taken: its owner may have been moved on by this one. */
    {"DELETE FROM resource WHERE rid IN (SELECT u.rid FROM unheld u WHERE NOT EXISTS(SELECT 1 "
     "FROM span s"
     " WHERE s.rid = u.rid) AND NOT EXISTS(SELECT 1 FROM resource x WHERE x.rid = u.rid + 1))",
     false, offsetof(mw_snapshot_pruned, resources)},
    {"DELETE FROM coverage WHERE snapshot NOT IN (SELECT n FROM snapshot)", false, NOT_COUNTED},
    {"DELETE FROM looked WHERE snapshot NOT IN (SELECT n FROM snapshot)", false, NOT_COUNTED},
    {"DELETE FROM stale WHERE snapshot NOT IN (SELECT n FROM snapshot)", false, NOT_COUNTED},
    {"DELETE FROM part WHERE snapshot NOT IN (SELECT n FROM snapshot)", false, NOT_COUNTED},
    /* A run goes with its snapshot, and what only it referred to. Not the newest one: its number must not be given again,
       for lives tell in which run they were seen last. */
    {"CREATE TEMP TABLE IF NOT EXISTS gone_run(n BIGINT PRIMARY KEY)", false, NOT_COUNTED},
    {"CREATE TEMP TABLE IF NOT EXISTS loose(n BIGINT PRIMARY KEY)", false, NOT_COUNTED},
    {"DELETE FROM gone_run", false, NOT_COUNTED},
    {"DELETE FROM loose", false, NOT_COUNTED},
    {"INSERT INTO gone_run SELECT n FROM run WHERE id NOT IN (SELECT id FROM snapshot) AND n < (SELECT max(n) FROM "
     "run)",
     false, NOT_COUNTED},
    {"INSERT INTO loose SELECT DISTINCT verdict FROM finding WHERE run IN (SELECT n FROM gone_run)", false,
     NOT_COUNTED},
    {"DELETE FROM finding WHERE run IN (SELECT n FROM gone_run)", false, NOT_COUNTED},
    {"DELETE FROM loose WHERE n IN (SELECT f.verdict FROM finding f JOIN loose l ON l.n = f.verdict)", false,
     NOT_COUNTED},
    {"DELETE FROM verdict WHERE n IN (SELECT n FROM loose)", false, NOT_COUNTED},
    {"DELETE FROM loose", false, NOT_COUNTED},
    {"INSERT INTO loose SELECT DISTINCT roster FROM pack WHERE run IN (SELECT n FROM gone_run)", false, NOT_COUNTED},
    {"DELETE FROM pack WHERE run IN (SELECT n FROM gone_run)", false, NOT_COUNTED},
    {"DELETE FROM roster WHERE n IN (SELECT n FROM loose) AND n NOT IN (SELECT roster FROM pack)", false, NOT_COUNTED},
    {"DELETE FROM run_part WHERE run IN (SELECT n FROM gone_run)", false, NOT_COUNTED},
    {"DELETE FROM run WHERE n IN (SELECT n FROM gone_run)", false, offsetof(mw_snapshot_pruned, runs)},
};

static mw_status step(mw_store *s, const char *sql, bool bind, int64_t from, size_t *changes, mw_error *err)
{
    mw_query *q;
    mw_status st = mw__store_prepare(s, sql, &q, err);

    if (st == MW_OK) {
        if (bind)
            mw__store_bind_int(q, 1, from);
        st = mw__store_run(s, q, "pruning", err);
    }
    mw__store_finalize(q);
    if (st == MW_OK && changes)
        *changes = (size_t)mw__store_changes(s);
    return st;
}

static mw_status forget(mw_store *s, const char *id, int64_t *n, mw_error *err)
{
    mw_status st = mw__snapshot_number(s, id, n, err);

    return st == MW_OK ? step(s, "DELETE FROM snapshot WHERE n = ?1", true, *n, NULL, err) : st;
}

static mw_status kept_before(mw_store *s, int64_t first, int64_t *out, mw_error *err)
{
    mw_query *q;
    mw_status st = mw__store_prepare(s, "SELECT coalesce(max(n), 0) FROM snapshot WHERE n < ?1", &q, err);

    if (st == MW_OK) {
        mw__store_bind_int(q, 1, first);
        if (mw__store_step(q) == MW_ROW)
            *out = mw__store_int(q, 0);
        else
            st = mw__store_fail(s, "pruning", err);
    }
    mw__store_finalize(q);
    return st;
}

mw_status mw_snapshots_prune(mw_store *s, const char *const *ids, size_t count, mw_snapshot_pruned *out, mw_error *err)
{
    mw_snapshot_pruned done = {.snapshots = count};
    int64_t first = INT64_MAX, from = 0;
    mw_status st = s->driver->begin(s, true, "beginning to prune", err);

    if (st != MW_OK)
        return st;
    for (size_t i = 0; i < count && st == MW_OK; i++) {
        int64_t n = 0;
        if ((st = forget(s, ids[i], &n, err)) == MW_OK && n < first)
            first = n;
    }
    if (st == MW_OK && count > 0 && (st = kept_before(s, first, &from, err)) == MW_OK)
        for (size_t i = 0; i < MW_COUNT(steps) && st == MW_OK; i++)
            st = step(s, steps[i].sql, steps[i].from, from,
                      steps[i].counted == NOT_COUNTED ? NULL : (size_t *)(void *)((char *)&done + steps[i].counted),
                      err);
    if ((st = mw__store_leave(s, true, st, "pruning", err)) == MW_OK && out)
        *out = done;
    return st;
}

/* ---- check ---- */

/* Each must give no row; the first column of one that does names what is wrong. */
static const struct {
    const char *sql, *what;
} rules[] = {
    {"SELECT s.rid FROM span s LEFT JOIN resource r ON r.rid = s.rid WHERE r.rid IS NULL LIMIT 1",
     "a span without its resource"},
    {"SELECT s.vid FROM span s LEFT JOIN version v ON v.vid = s.vid WHERE v.rid IS DISTINCT FROM s.rid LIMIT "
     "1",
     "a span with another resource's document"},
    {"SELECT s.rid FROM span s JOIN span o ON o.rid = s.rid AND o.s0 > s.s0 WHERE s.s1 IS NULL OR "
     "s.s1 > o.s0 LIMIT 1",
     "spans that overlap"},
    {"SELECT rid FROM span WHERE s1 <= s0 LIMIT 1", "a span that ends before it begins"},
    {"SELECT l.scope FROM looked l LEFT JOIN scope c ON c.n = l.scope LEFT JOIN snapshot x ON x.n "
     "= l.snapshot"
     " WHERE c.n IS NULL OR x.n IS NULL LIMIT 1",
     "a scope that is not there"},
    {"SELECT c.n FROM scope c WHERE 4 <> (SELECT count(*) FROM (SELECT c.partition AS w UNION ALL "
     "SELECT c.account"
     " UNION ALL SELECT c.region UNION ALL SELECT c.type) AS x JOIN word ON word.n = w) LIMIT 1",
     "a scope without its names"},
    {"SELECT x.n FROM snapshot x WHERE x.resources <> (SELECT coalesce(sum(seen), 0) FROM looked"
     " WHERE snapshot = x.n) LIMIT 1",
     "a snapshot whose count is wrong"},
    {"SELECT f.seq FROM finding f LEFT JOIN verdict v ON v.n = f.verdict WHERE v.n IS NULL LIMIT 1",
     "a finding without its verdict"},
    {"SELECT p.part FROM pack p LEFT JOIN run_part r ON r.n = p.part AND r.run = p.run WHERE r.n IS NULL LIMIT 1",
     "findings without their run"},
};

static mw_status check_rules(mw_store *s, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < MW_COUNT(rules) && st == MW_OK; i++) {
        mw_query *q;
        mw_step code;
        if ((st = mw__store_prepare(s, rules[i].sql, &q, err)) == MW_OK) {
            code = mw__store_step(q);
            if (code == MW_ROW)
                st = mw_fail(err, MW_ERR_PARSE, "store %s is damaged: %s (%lld)", s->path, rules[i].what,
                             (long long)mw__store_int(q, 0));
            else if (code != MW_DONE)
                st = mw__store_fail(s, "checking", err);
        }
        mw__store_finalize(q);
    }
    return st;
}

/* A number is its key's position, or one behind it where the positions before it are taken. */
static mw_status check_numbers(mw_store *s, mw_error *err)
{
    MW_AUTO(mw_buf) scratch = {.max = 1 << 20};
    int64_t last = 0;
    mw_query *q;
    mw_step code = MW_DONE;
    mw_status st =
        mw__store_prepare(s,
                          "SELECT x.rid, x.id, p.text, a.text, coalesce(w.text, r.text), t.text FROM resource x"
                          " LEFT JOIN scope c ON c.n = x.rid >> ?1 LEFT JOIN word t ON t.n = c.type LEFT JOIN word a "
                          "ON a.n = c.account"
                          " LEFT JOIN word r ON r.n = c.region LEFT JOIN word p ON p.n = c.partition LEFT JOIN word "
                          "w ON w.n = x.region"
                          " ORDER BY x.rid",
                          &q, err);

    if (st == MW_OK)
        mw__store_bind_int(q, 1, MW_POSITION_BITS);
    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        int64_t rid = mw__store_int(q, 0);
        const char *parts[5];
        bool whole = true;
        for (int i = 0; i < 5; i++)
            whole = (parts[i] = mw__store_text(q, 1 + i)) != NULL && whole;
        whole = whole && (mw__snapshot_position(&scratch, parts[1], parts[2], parts[3], parts[4], parts[0]) ==
                              (rid & MW_POSITION_MAX) ||
                          rid == last + 1 || (rid & MW_POSITION_MAX) == 0); /* the last position goes on at the first */
        if (!whole)
            st = mw_fail(err, MW_ERR_PARSE, "store %s is damaged: the number of resource %lld is not its own", s->path,
                         (long long)rid);
        last = rid;
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(s, "checking", err);
    mw__store_finalize(q);
    return st;
}

/* What snapshots say of themselves: the types and the models that absent is judged against. */
static mw_status check_abouts(mw_store *s, mw_error *err)
{
    mw_query *q;
    mw_step code = MW_DONE;
    mw_status st = mw__store_prepare(
        s, "SELECT id, about, about_sha FROM snapshot WHERE about_sha IS NOT NULL ORDER BY n", &q, err);

    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        const char *id = mw__store_must(q, 0), *about = mw__store_must(q, 1);
        uint8_t sha[MW_SHA256_SIZE];
        mw_sha256(sha, about, strlen(about));
        if (!mw__store_digest_is(q, 2, sha, sizeof(sha)))
            st = mw_fail(err, MW_ERR_PARSE, "store %s is damaged: what snapshot %s says of itself is not what was put",
                         s->path, id);
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(s, "checking", err);
    mw__store_finalize(q);
    return st;
}

/* All of them, so that none is looked for while documents come in. */
static mw_status check_dictionaries(mw_store *s, mw_error *err)
{
    mw_codec *codec;
    mw_query *q;
    mw_step code = MW_DONE;
    mw_status st = mw__store_prepare(s, "SELECT n FROM dictionary ORDER BY n", &q, err);

    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW)
        st = mw__store_codec(s, mw__store_int(q, 0), &codec, err);
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(s, "checking", err);
    mw__store_finalize(q);
    return st;
}

/* By version, so that each document is unpacked once however many spans hold it. */
static mw_status check_documents(mw_store *s, mw_error *err)
{
    uint8_t sha[MW_SHA256_SIZE];
    mw_query *q;
    mw_step code = MW_DONE;
    int64_t last = 0;
    mw_status st = mw__store_prepare(s,
                                     "SELECT v.vid, s.sha, v.dictionary, v.len, v.doc FROM version v"
                                     " LEFT JOIN span s ON s.rid = v.rid AND s.vid = v.vid ORDER BY v.vid",
                                     &q, err);

    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        int64_t vid = mw__store_int(q, 0);
        const char *doc;
        size_t len;
        if (vid != last) {
            if ((st = mw__store_document(s, q, 2, vid, &doc, &len, err)) != MW_OK)
                break;
            mw_sha256(sha, doc, len);
            last = vid;
        }
        if (!mw__store_digest_is(q, 1, sha, sizeof(sha)))
            st = mw_fail(err, MW_ERR_PARSE, "store %s is damaged: document %lld is not what was put", s->path,
                         (long long)vid);
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(s, "checking", err);
    mw__store_finalize(q);
    return st;
}

mw_status mw_snapshots_check(mw_store *s, mw_error *err)
{
    mw_status st;

    if ((st = mw_store_check(s, err)) != MW_OK || (st = check_rules(s, err)) != MW_OK ||
        (st = check_numbers(s, err)) != MW_OK || (st = check_abouts(s, err)) != MW_OK ||
        (st = check_dictionaries(s, err)) != MW_OK || (st = mw__packs_check(s, err)) != MW_OK)
        return st;
    return check_documents(s, err);
}
