/*
 * Taking a snapshot, or a part of an open one: one transaction from begin to seal, so that a killed
 * process leaves nothing of it and a reader never sees half of one. What did not change costs two look-ups and no write. Relies
 * on the caller to say which scopes were read completely; must never end a resource in one that was
 * not.
 */
#include "store/snapshots.h"

#include "store/internal.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define WORDS        256 /* remembered; a power of two */
#define WORD_LEN_MAX 96

struct word {
    char text[WORD_LEN_MAX];
    int64_t n;
};

struct mw_snapshot_writer {
    mw_store *s;
    int64_t n; /* of the snapshot */
    mw_snapshot_counts counts;
    mw_status failed;
    mw_buf scratch;
    struct word words[WORDS];
    /* the scope under way */
    bool open;
    bool own; /* the transaction */
    int64_t scope, dictionary;
    mw_buf partition, account, region, type;
    bool regional;
    int64_t *rids; /* what was put */
    size_t rid_count, rid_cap;
    sqlite3_stmt *word_get, *word_add, *scope_get, *scope_add, *dictionary_of, *dictionary_add,
        *note, *head, *resource_add, *version_same, *version_add, *span_end, *span_add, *alive,
        *stale_add, *look, *seal;
};

static mw_status no_memory(mw_snapshot_writer *w, mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", w->s->path);
}

/* The first failure sticks: nothing after it may be sealed. */
static mw_status keep(mw_snapshot_writer *w, mw_status st)
{
    if (st != MW_OK && w->failed == MW_OK)
        w->failed = st;
    return st;
}

static mw_status refuse(const mw_snapshot_writer *w, mw_error *err)
{
    return mw_fail(err, w->failed,
                   "store %s: an earlier part of this snapshot could not be written", w->s->path);
}

/* One integer by a statement that is bound; *n stays when there is no row. */
static mw_status step_int(mw_snapshot_writer *w, sqlite3_stmt *q, const char *doing, int64_t *n,
                          mw_error *err)
{
    int code = sqlite3_step(q);
    mw_status st = MW_OK;

    if (code == SQLITE_ROW)
        *n = sqlite3_column_int64(q, 0);
    else if (code != SQLITE_DONE)
        st = mw__store_fail(w->s, doing, err);
    sqlite3_reset(q);
    return st;
}

/* ---- words and scopes ---- */

static mw_status word(mw_snapshot_writer *w, const char *text, int64_t *n, mw_error *err)
{
    size_t len = strlen(text);
    struct word *known = &w->words[mw_hash64(text, len) & (WORDS - 1)];
    mw_status st;

    if (known->n && strcmp(known->text, text) == 0) {
        *n = known->n;
        return MW_OK;
    }
    *n = 0;
    mw__store_bind(w->word_get, 1, text);
    if ((st = step_int(w, w->word_get, "looking for a name", n, err)) != MW_OK)
        return st;
    if (*n == 0) {
        mw__store_bind(w->word_add, 1, text);
        if ((st = mw__store_run(w->s, w->word_add, "recording a name", err)) != MW_OK)
            return st;
        *n = sqlite3_last_insert_rowid(w->s->db);
    }
    if (len < WORD_LEN_MAX) {
        memcpy(known->text, text, len + 1);
        known->n = *n;
    }
    return MW_OK;
}

static mw_status scope(mw_snapshot_writer *w, const char *partition, const char *account,
                       const char *region, const char *type, int64_t *n, mw_error *err)
{
    const char *const parts[] = {type, account, region, partition};
    int64_t words[MW_COUNT(parts)];
    mw_status st = MW_OK;

    for (size_t i = 0; i < MW_COUNT(parts) && st == MW_OK; i++)
        if ((st = word(w, parts[i], &words[i], err)) == MW_OK) {
            sqlite3_bind_int64(w->scope_get, (int)i + 1, words[i]);
            sqlite3_bind_int64(w->scope_add, (int)i + 1, words[i]);
        }
    *n = 0;
    if (st != MW_OK || (st = step_int(w, w->scope_get, "looking for a scope", n, err)) != MW_OK ||
        *n != 0)
        return st;
    if ((st = mw__store_run(w->s, w->scope_add, "recording a scope", err)) != MW_OK)
        return st;
    *n = sqlite3_last_insert_rowid(w->s->db);
    return *n <= MW_SCOPE_MAX
               ? MW_OK
               : mw_fail(err, MW_ERR_LIMIT, "store %s holds %lld scopes; there is no room for more",
                         w->s->path, (long long)MW_SCOPE_MAX);
}

mw_status mw_snapshot_note(mw_snapshot_writer *w, const mw_snapshot_scope *e, mw_error *err)
{
    int64_t n, facet = 0, state;
    mw_status st;

    if (w->failed != MW_OK)
        return refuse(w, err);
    if ((st = scope(w, e->partition, e->account, e->region, e->type, &n, err)) != MW_OK ||
        (e->facet && (st = word(w, e->facet, &facet, err)) != MW_OK) ||
        (st = word(w, e->state, &state, err)) != MW_OK)
        return keep(w, st);
    sqlite3_bind_int64(w->note, 1, w->n);
    sqlite3_bind_int64(w->note, 2, n);
    sqlite3_bind_int64(w->note, 3, facet);
    sqlite3_bind_int64(w->note, 4, state);
    sqlite3_bind_int64(w->note, 5, e->resources);
    sqlite3_bind_int64(w->note, 6, e->calls);
    mw__store_bind(w->note, 7, e->cause);
    return keep(w, mw__store_run(w->s, w->note, "recording coverage", err));
}

/* ---- dictionaries ---- */

static mw_status newest_dictionary(mw_snapshot_writer *w, const char *type, int64_t *n,
                                   mw_error *err)
{
    *n = 0;
    mw__store_bind(w->dictionary_of, 1, type);
    return step_int(w, w->dictionary_of, "looking for a dictionary", n, err);
}

bool mw_snapshot_knows(mw_snapshot_writer *w, const char *type)
{
    int64_t n = 0;

    return w->failed == MW_OK && newest_dictionary(w, type, &n, NULL) == MW_OK && n != 0;
}

mw_status mw_snapshot_learn(mw_snapshot_writer *w, const char *type, const mw_str *samples,
                            size_t count, mw_error *err)
{
    MW_AUTO(mw_buf) body = {.max = 1 << 20};
    uint8_t digest[MW_SHA256_SIZE];
    int64_t n;
    mw_status st;

    if (w->failed != MW_OK)
        return refuse(w, err);
    if (mw_snapshot_knows(w, type) || (st = mw_codec_train(samples, count, &body, err)) != MW_OK ||
        body.len == 0)
        return MW_OK; /* without one documents are larger, that is all */
    if ((st = word(w, type, &n, err)) != MW_OK)
        return keep(w, st);
    mw_sha256(digest, body.data, body.len);
    sqlite3_bind_int64(w->dictionary_add, 1, n);
    sqlite3_bind_blob(w->dictionary_add, 2, digest, sizeof(digest), SQLITE_STATIC);
    sqlite3_bind_blob(w->dictionary_add, 3, body.data, (int)body.len, SQLITE_STATIC);
    return keep(w, mw__store_run(w->s, w->dictionary_add, "recording a dictionary", err));
}

/* ---- a scope's resources ---- */

static mw_status set_text(mw_buf *b, const char *text)
{
    mw_buf_reset(b);
    return mw_buf_puts(b, text);
}

mw_status mw_snapshot_open(mw_snapshot_writer *w, const char *partition, const char *account,
                           const char *region, const char *type, mw_error *err)
{
    mw_codec *codec;
    mw_status st;

    if (w->failed != MW_OK)
        return refuse(w, err);
    if (w->open)
        return keep(
            w, mw_fail(err, MW_ERR_INVALID, "store: the scope before this one was not closed"));
    if ((st = scope(w, partition, account, region, type, &w->scope, err)) != MW_OK ||
        (st = newest_dictionary(w, type, &w->dictionary, err)) != MW_OK ||
        (st = mw__store_codec(w->s, w->dictionary, &codec, err)) != MW_OK)
        return keep(w, st);
    if (set_text(&w->partition, partition) != MW_OK || set_text(&w->account, account) != MW_OK ||
        set_text(&w->region, region) != MW_OK || set_text(&w->type, type) != MW_OK)
        return keep(w, no_memory(w, err));
    w->regional = strcmp(region, "*") != 0;
    w->rid_count = 0;
    w->open = true;
    return MW_OK;
}

static bool remember(mw_snapshot_writer *w, int64_t rid)
{
    if (w->rid_count == w->rid_cap) {
        size_t cap = w->rid_cap ? w->rid_cap * 2 : 4096;
        int64_t *grown = mw_realloc(w->rids, cap * sizeof(*grown));
        if (!grown)
            return false;
        w->rids = grown;
        w->rid_cap = cap;
    }
    w->rids[w->rid_count++] = rid;
    return true;
}

/* What the store knows of a key: its newest span, if any. */
struct head {
    int64_t rid, s0;
    bool known, alive, same; /* same: it holds, with this hash */
};

/* Numbers follow keys; the next free one of the scope where two begin alike. @p region 0: the
 * scope's. */
static mw_status find_head(mw_snapshot_writer *w, int64_t position, const char *id, int64_t region,
                           const uint8_t sha[MW_SHA256_SIZE], struct head *h, mw_error *err)
{
    *h = (struct head){0};
    for (;; position = (position + 1) & MW_POSITION_MAX) {
        int code;
        bool other;
        h->rid = w->scope << MW_POSITION_BITS | position;
        sqlite3_bind_int64(w->head, 1, h->rid);
        code = sqlite3_step(w->head);
        other = code == SQLITE_ROW && (!mw_str_eq(mw__store_text(w->head, 0), id) ||
                                       sqlite3_column_int64(w->head, 4) != region);
        if (code == SQLITE_ROW && !other) {
            h->known = true;
            h->s0 = sqlite3_column_int64(w->head, 1);
            h->alive = h->s0 && sqlite3_column_type(w->head, 2) == SQLITE_NULL;
            h->same = h->alive && sqlite3_column_bytes(w->head, 3) == MW_SHA256_SIZE &&
                      memcmp(sqlite3_column_blob(w->head, 3), sha, MW_SHA256_SIZE) == 0;
        }
        sqlite3_reset(w->head);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return mw__store_fail(w->s, "looking for a resource", err);
        if (!other)
            return MW_OK;
    }
}

/* The version with this hash: one that the resource had before, else a new one. */
static mw_status put_version(mw_snapshot_writer *w, const struct head *h,
                             const uint8_t sha[MW_SHA256_SIZE], const char *doc, size_t len,
                             int64_t *vid, mw_error *err)
{
    const void *packed;
    size_t packed_len;
    mw_codec *codec;
    mw_status st = MW_OK;

    *vid = 0;
    if (h->known) {
        sqlite3_bind_int64(w->version_same, 1, h->rid);
        sqlite3_bind_blob(w->version_same, 2, sha, MW_SHA256_SIZE, SQLITE_STATIC);
        st = step_int(w, w->version_same, "looking for a document", vid, err);
    }
    if (st != MW_OK || *vid)
        return st;
    if ((st = mw__store_codec(w->s, w->dictionary, &codec, err)) != MW_OK ||
        (st = mw_codec_pack(codec, w->dictionary, doc, len, &packed, &packed_len, err)) != MW_OK)
        return st;
    sqlite3_bind_int64(w->version_add, 1, h->rid);
    sqlite3_bind_int64(w->version_add, 2, w->dictionary);
    sqlite3_bind_int64(w->version_add, 3, (sqlite3_int64)len);
    sqlite3_bind_blob(w->version_add, 4, packed, (int)packed_len, SQLITE_STATIC);
    if ((st = mw__store_run(w->s, w->version_add, "recording a document", err)) == MW_OK)
        *vid = sqlite3_last_insert_rowid(w->s->db);
    return st;
}

static mw_status end_span(mw_snapshot_writer *w, int64_t rid, int64_t s0, mw_error *err)
{
    sqlite3_bind_int64(w->span_end, 1, w->n);
    sqlite3_bind_int64(w->span_end, 2, rid);
    sqlite3_bind_int64(w->span_end, 3, s0);
    return mw__store_run(w->s, w->span_end, "ending a span", err);
}

static mw_status add_resource(mw_snapshot_writer *w, int64_t rid, int64_t region, const char *id,
                              mw_error *err)
{
    sqlite3_bind_int64(w->resource_add, 1, rid);
    mw__store_bind(w->resource_add, 2, id);
    if (region)
        sqlite3_bind_int64(w->resource_add, 3, region);
    else
        sqlite3_bind_null(w->resource_add, 3);
    return mw__store_run(w->s, w->resource_add, "recording a resource", err);
}

static mw_status put(mw_snapshot_writer *w, const char *region, const char *id, const char *doc,
                     size_t len, mw_error *err)
{
    uint8_t sha[MW_SHA256_SIZE];
    struct head h;
    int64_t position, own_region = 0, vid;
    mw_status st;

    if (!w->open || (w->regional && strcmp(region, w->region.data) != 0) ||
        len > MW_SNAPSHOT_DOC_MAX)
        return mw_fail(err, MW_ERR_INVALID,
                       "store: resource %.200s of %.40s does not belong into the open scope", id,
                       region);
    position = mw__snapshot_position(&w->scratch, w->partition.data, w->account.data, region,
                                     w->type.data, id);
    if (mw_buf_status(&w->scratch, err) != MW_OK)
        return w->scratch.failed;
    mw_sha256(sha, doc, len);
    if ((!w->regional && (st = word(w, region, &own_region, err)) != MW_OK) ||
        (st = find_head(w, position, id, own_region, sha, &h, err)) != MW_OK)
        return st;
    if (!remember(w, h.rid))
        return no_memory(w, err);
    w->counts.resources++;
    if (h.same)
        return MW_OK;
    if (h.s0 == w->n)
        return mw_fail(err, MW_ERR_CONFLICT, "store: %s %.200s was put twice into one snapshot",
                       w->type.data, id);
    if (h.alive)
        w->counts.changed++;
    else
        w->counts.added++;
    if ((h.alive && (st = end_span(w, h.rid, h.s0, err)) != MW_OK) ||
        (!h.known && (st = add_resource(w, h.rid, own_region, id, err)) != MW_OK) ||
        (st = put_version(w, &h, sha, doc, len, &vid, err)) != MW_OK)
        return st;
    sqlite3_bind_int64(w->span_add, 1, h.rid);
    sqlite3_bind_int64(w->span_add, 2, w->n);
    sqlite3_bind_int64(w->span_add, 3, vid);
    sqlite3_bind_blob(w->span_add, 4, sha, sizeof(sha), SQLITE_STATIC);
    return mw__store_run(w->s, w->span_add, "recording a span", err);
}

mw_status mw_snapshot_put(mw_snapshot_writer *w, const char *region, const char *id,
                          const char *doc, size_t len, mw_error *err)
{
    return w->failed != MW_OK ? refuse(w, err) : keep(w, put(w, region, id, doc, len, err));
}

/* ---- the end of a scope ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

struct gone {
    int64_t rid, s0;
};

/* Resources that the store believes in and that were not put, in a list of their own: none may be
   changed while it is read. */
static mw_status find_missing(mw_snapshot_writer *w, struct gone **out, size_t *count,
                              mw_error *err)
{
    size_t at = 0, cap = 0;
    mw_status st = MW_OK;
    int code;

    sqlite3_bind_int64(w->alive, 1, w->scope << MW_POSITION_BITS);
    sqlite3_bind_int64(w->alive, 2, w->scope << MW_POSITION_BITS | MW_POSITION_MAX);
    while (st == MW_OK && (code = sqlite3_step(w->alive)) == SQLITE_ROW) {
        const struct gone g = {sqlite3_column_int64(w->alive, 0),
                               sqlite3_column_int64(w->alive, 1)};
        while (at < w->rid_count && w->rids[at] < g.rid)
            at++;
        if (at < w->rid_count && w->rids[at] == g.rid)
            continue;
        if (*count == cap) {
            struct gone *grown = mw_realloc(*out, (cap = cap ? cap * 2 : 64) * sizeof(*grown));
            if (!grown) {
                st = no_memory(w, err);
                break;
            }
            *out = grown;
        }
        (*out)[(*count)++] = g;
    }
    if (st == MW_OK && code != SQLITE_DONE)
        st = mw__store_fail(w->s, "reading a scope", err);
    sqlite3_reset(w->alive);
    return st;
}

static mw_status settle_missing(mw_snapshot_writer *w, const struct gone *missing, size_t count,
                                bool complete, mw_error *err)
{
    mw_status st = MW_OK;

    if (complete)
        w->counts.removed += count;
    else
        w->counts.stale += count;
    if (!complete && w->rid_count == 0)
        return MW_OK; /* all of it is stale: the scope's own row says so */
    for (size_t i = 0; i < count && st == MW_OK; i++) {
        if (complete) {
            st = end_span(w, missing[i].rid, missing[i].s0, err);
        } else {
            sqlite3_bind_int64(w->stale_add, 1, w->n);
            sqlite3_bind_int64(w->stale_add, 2, missing[i].rid);
            st = mw__store_run(w->s, w->stale_add, "recording what is stale", err);
        }
    }
    return st;
}

static mw_status close_scope(mw_snapshot_writer *w, bool complete, mw_error *err)
{
    struct gone *missing = NULL;
    size_t count = 0;
    mw_status st = MW_OK;

    if (!w->open)
        return mw_fail(err, MW_ERR_INVALID, "store: no scope is open");
    w->open = false;
    if (w->rid_count > 1)
        qsort(w->rids, w->rid_count, sizeof(*w->rids), by_value);
    for (size_t i = 1; i < w->rid_count && st == MW_OK; i++)
        if (w->rids[i] == w->rids[i - 1])
            st = mw_fail(err, MW_ERR_CONFLICT,
                         "store: a resource of type %s was put twice into one snapshot",
                         w->type.data);
    if (st == MW_OK && (st = find_missing(w, &missing, &count, err)) == MW_OK &&
        (st = settle_missing(w, missing, count, complete, err)) == MW_OK) {
        sqlite3_bind_int64(w->look, 1, w->n);
        sqlite3_bind_int64(w->look, 2, w->scope);
        sqlite3_bind_int(w->look, 3, complete);
        sqlite3_bind_int64(w->look, 4, (sqlite3_int64)w->rid_count);
        st = mw__store_run(w->s, w->look, "recording a scope", err);
    }
    mw_free(missing);
    return st;
}

mw_status mw_snapshot_close(mw_snapshot_writer *w, bool complete, mw_error *err)
{
    return w->failed != MW_OK ? refuse(w, err) : keep(w, close_scope(w, complete, err));
}

/* ---- begin and seal ---- */

static mw_status prepare(mw_snapshot_writer *w, mw_error *err)
{
    const mw_store_query all[] = {
        {&w->word_get, "SELECT n FROM word WHERE text = ?1"},
        {&w->word_add, "INSERT INTO word(text) VALUES(?1)"},
        {&w->scope_get,
         "SELECT n FROM scope WHERE type = ?1 AND account = ?2 AND region = ?3 AND partition = ?4"},
        {&w->scope_add, "INSERT INTO scope(type, account, region, partition) VALUES(?1,?2,?3,?4)"},
        {&w->dictionary_of,
         "SELECT max(d.n) FROM word t JOIN dictionary d ON d.type = t.n WHERE t.text = ?1"},
        {&w->dictionary_add, "INSERT INTO dictionary(type, sha, body) VALUES(?1,?2,?3)"},
        {&w->note, "INSERT INTO coverage VALUES(?1,?2,?3,?4,?5,?6,?7)"},
        {&w->head, "SELECT r.id, s.s0, s.s1, s.sha, r.region FROM resource r LEFT JOIN span s ON "
                   "s.rid = r.rid"
                   " WHERE r.rid = ?1 ORDER BY s.s0 DESC LIMIT 1"},
        {&w->resource_add, "INSERT INTO resource VALUES(?1,?2,?3)"},
        {&w->version_same, "SELECT vid FROM span WHERE rid = ?1 AND sha = ?2 LIMIT 1"},
        {&w->version_add, "INSERT INTO version(rid, dictionary, len, doc) VALUES(?1,?2,?3,?4)"},
        {&w->span_end, "UPDATE span SET s1 = ?1 WHERE rid = ?2 AND s0 = ?3"},
        {&w->span_add, "INSERT INTO span VALUES(?1,?2,NULL,?3,?4)"},
        {&w->alive, "SELECT rid, s0 FROM span WHERE rid BETWEEN ?1 AND ?2 AND s1 IS NULL"},
        {&w->stale_add, "INSERT INTO stale VALUES(?1,?2)"},
        {&w->look, "INSERT INTO looked VALUES(?1,?2,?3,?4)"},
        {&w->seal,
         "UPDATE snapshot SET resources = resources + ?1, stale = stale + ?2, added = added + ?3,"
         " changed = changed + ?4, removed = removed + ?5"
         " WHERE n = ?6"},
    };

    return mw__store_prepare_all(w->s, all, MW_COUNT(all), err);
}

/* The open snapshot of this id, if there is one. */
static mw_status find_open(mw_snapshot_writer *w, const char *id, mw_error *err)
{
    sqlite3_stmt *q;
    mw_status st =
        mw__store_prepare(w->s, "SELECT n FROM snapshot WHERE id = ?1 AND open = 1", &q, err);

    if (st == MW_OK) {
        mw__store_bind(q, 1, id);
        st = step_int(w, q, "looking for a snapshot", &w->n, err);
    }
    sqlite3_finalize(q);
    return st;
}

static mw_status add_row(mw_snapshot_writer *w, const char *const fields[4], bool open,
                         mw_error *err)
{
    sqlite3_stmt *q;
    mw_status st = open ? find_open(w, fields[0], err) : MW_OK;

    if (st != MW_OK || w->n)
        return st;
    st = mw__store_prepare(
        w->s, "INSERT INTO snapshot(id, taken_at, digest, about, open) VALUES(?1,?2,?3,?4,?5)", &q,
        err);
    if (st == MW_OK) {
        for (int i = 0; i < 4; i++)
            mw__store_bind(q, i + 1, fields[i]);
        sqlite3_bind_int(q, 5, open);
        if (sqlite3_step(q) != SQLITE_DONE)
            st = sqlite3_extended_errcode(w->s->db) == SQLITE_CONSTRAINT_UNIQUE
                     ? mw_fail(err, MW_ERR_CONFLICT, "store %s holds snapshot %s already",
                               w->s->path, fields[0])
                     : mw__store_fail(w->s, "recording the snapshot", err);
        w->n = sqlite3_last_insert_rowid(w->s->db);
    }
    sqlite3_finalize(q);
    return st;
}

static void writer_free(mw_snapshot_writer *w)
{
    sqlite3_stmt *const all[] = {w->word_get,      w->word_add,       w->scope_get,   w->scope_add,
                                 w->dictionary_of, w->dictionary_add, w->note,        w->head,
                                 w->resource_add,  w->version_same,   w->version_add, w->span_end,
                                 w->span_add,      w->alive,          w->stale_add,   w->look,
                                 w->seal};

    for (size_t i = 0; i < MW_COUNT(all); i++)
        sqlite3_finalize(all[i]);
    mw_buf_clear(&w->partition);
    mw_buf_clear(&w->account);
    mw_buf_clear(&w->region);
    mw_buf_clear(&w->type);
    mw_buf_clear(&w->scratch);
    mw_free(w->rids);
    mw_free(w);
}

mw_status mw__snapshot_begin(mw_store *s, const char *const fields[4], bool open,
                             mw_snapshot_writer **out, mw_error *err)
{
    mw_snapshot_writer *w = mw_alloc(sizeof(*w));
    mw_status st;

    *out = NULL;
    if (!w)
        return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", s->path);
    w->s = s;
    w->scratch.max = 1 << 20;
    if ((st = mw__store_join(s, &w->own, "beginning a snapshot", err)) != MW_OK) {
        writer_free(w);
        return st;
    }
    if ((st = mw__snapshots_drop_open(s, open ? fields[0] : NULL, err)) != MW_OK ||
        (st = prepare(w, err)) != MW_OK || (st = add_row(w, fields, open, err)) != MW_OK) {
        mw_snapshot_abandon(w);
        return st;
    }
    *out = w;
    return MW_OK;
}

mw_status mw_snapshot_begin(mw_store *s, const char *id, const char *taken_at, const char *digest,
                            const char *about, mw_snapshot_writer **out, mw_error *err)
{
    const char *const fields[4] = {id, taken_at, digest, about};

    return mw__snapshot_begin(s, fields, false, out, err);
}

mw_store *mw__snapshot_of(mw_snapshot_writer *w, int64_t *n)
{
    *n = w->n;
    return w->s;
}

void mw_snapshot_abandon(mw_snapshot_writer *w)
{
    mw_store *s;
    bool own;

    if (!w)
        return;
    s = w->s;
    own = w->own;
    writer_free(w);
    mw_codec_free(s->codec); /* it may know a dictionary that is gone now */
    s->codec = NULL;
    if (own)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

mw_status mw_snapshot_seal(mw_snapshot_writer *w, mw_snapshot_counts *counts, mw_error *err)
{
    const size_t values[] = {w->counts.resources, w->counts.stale, w->counts.added,
                             w->counts.changed, w->counts.removed};
    mw_status st = MW_OK;

    if (w->failed != MW_OK)
        st = refuse(w, err);
    else if (w->open)
        st = mw_fail(err, MW_ERR_INVALID, "store: the last scope of the snapshot was not closed");
    if (st == MW_OK) {
        for (size_t i = 0; i < MW_COUNT(values); i++)
            sqlite3_bind_int64(w->seal, (int)i + 1, (sqlite3_int64)values[i]);
        sqlite3_bind_int64(w->seal, 6, w->n);
        st = mw__store_run(w->s, w->seal, "sealing the snapshot", err);
    }
    if (st == MW_OK && w->own)
        st = mw__store_exec(w->s, "COMMIT", "sealing the snapshot", err);
    if (st != MW_OK) {
        mw_snapshot_abandon(w);
        return st;
    }
    if (counts)
        *counts = w->counts;
    writer_free(w);
    return MW_OK;
}
