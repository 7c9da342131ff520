/*
 * Taking a snapshot, or a part of an open one: one transaction from begin to seal, so that a killed
 * process leaves nothing of it and a reader never sees half of one. What did not change costs two look-ups and no write. Relies
 * on the caller to say which scopes were read completely; must never end a resource in one that was
 * not.
 */
#include "store/snapshots.h"

#include "store/heads.h"
#include "store/internal.h"

#include "base/hash.h"
#include "base/mem.h"

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
    bool words_locked;
    int64_t scope, dictionary;
    mw_buf partition, account, region, type;
    bool regional;
    mw_heads heads; /* what the store knows of it */
    size_t put;
    int64_t vid, vid_count; /* numbers that are free for versions */
    mw_query *word_get, *word_add, *scope_get, *scope_add, *dictionary_of, *dictionary_add, *note, *head_rows,
        *resource_add, *version_same, *version_add, *span_end, *span_add, *stale_add, *look, *seal;
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
    return mw_fail(err, w->failed, "store %s: an earlier part of this snapshot could not be written", w->s->path);
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
    if ((st = mw__store_run_int(w->s, w->word_get, "looking for a name", n, err)) != MW_OK)
        return st;
    if (*n == 0) {
        if (!w->words_locked) { /* another writer may have added it until now */
            w->words_locked = true;
            if ((st = w->s->driver->lock_words(w->s, err)) != MW_OK)
                return st;
            return word(w, text, n, err);
        }
        mw__store_bind(w->word_add, 1, text);
        if ((st = mw__store_run_int(w->s, w->word_add, "recording a name", n, err)) != MW_OK)
            return st;
    }
    if (len < WORD_LEN_MAX) {
        memcpy(known->text, text, len + 1);
        known->n = *n;
    }
    return MW_OK;
}

static mw_status scope(mw_snapshot_writer *w, const char *partition, const char *account, const char *region,
                       const char *type, int64_t *n, mw_error *err)
{
    const char *const parts[] = {type, account, region, partition};
    int64_t words[MW_COUNT(parts)];
    mw_status st = MW_OK;

    for (size_t i = 0; i < MW_COUNT(parts) && st == MW_OK; i++)
        if ((st = word(w, parts[i], &words[i], err)) == MW_OK) {
            mw__store_bind_int(w->scope_get, (int)i + 1, words[i]);
            mw__store_bind_int(w->scope_add, (int)i + 1, words[i]);
        }
    *n = 0;
    if (st != MW_OK || (st = mw__store_run_int(w->s, w->scope_get, "looking for a scope", n, err)) != MW_OK || *n != 0)
        return st;
    if ((st = mw__store_run_int(w->s, w->scope_add, "recording a scope", n, err)) != MW_OK)
        return st;
    return *n <= MW_SCOPE_MAX ? MW_OK
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
        (e->facet && (st = word(w, e->facet, &facet, err)) != MW_OK) || (st = word(w, e->state, &state, err)) != MW_OK)
        return keep(w, st);
    mw__store_bind_int(w->note, 1, w->n);
    mw__store_bind_int(w->note, 2, n);
    mw__store_bind_int(w->note, 3, facet);
    mw__store_bind_int(w->note, 4, state);
    mw__store_bind_int(w->note, 5, e->resources);
    mw__store_bind_int(w->note, 6, e->calls);
    mw__store_bind(w->note, 7, e->cause);
    return keep(w, mw__store_run(w->s, w->note, "recording coverage", err));
}

/* ---- dictionaries ---- */

static mw_status newest_dictionary(mw_snapshot_writer *w, const char *type, int64_t *n, mw_error *err)
{
    *n = 0;
    mw__store_bind(w->dictionary_of, 1, type);
    return mw__store_run_int(w->s, w->dictionary_of, "looking for a dictionary", n, err);
}

bool mw_snapshot_knows(mw_snapshot_writer *w, const char *type)
{
    int64_t n = 0;

    return w->failed == MW_OK && newest_dictionary(w, type, &n, NULL) == MW_OK && n != 0;
}

mw_status mw_snapshot_learn(mw_snapshot_writer *w, const char *type, const mw_str *samples, size_t count, mw_error *err)
{
    MW_AUTO(mw_buf) body = {.max = 1 << 20};
    uint8_t digest[MW_SHA256_SIZE];
    int64_t n;
    mw_status st;

    if (w->failed != MW_OK)
        return refuse(w, err);
    if (mw_snapshot_knows(w, type) || (st = mw_codec_train(samples, count, &body, err)) != MW_OK || body.len == 0)
        return MW_OK; /* without one documents are larger, that is all */
    if ((st = word(w, type, &n, err)) != MW_OK)
        return keep(w, st);
    mw_sha256(digest, body.data, body.len);
    mw__store_bind_int(w->dictionary_add, 1, n);
    mw__store_bind_blob(w->dictionary_add, 2, digest, sizeof(digest));
    mw__store_bind_blob(w->dictionary_add, 3, body.data, body.len);
    return keep(w, mw__store_run(w->s, w->dictionary_add, "recording a dictionary", err));
}

/* ---- a scope's resources ---- */

static mw_status set_text(mw_buf *b, const char *text)
{
    mw_buf_reset(b);
    return mw_buf_puts(b, text);
}

mw_status mw_snapshot_open(mw_snapshot_writer *w, const char *partition, const char *account, const char *region,
                           const char *type, mw_error *err)
{
    mw_codec *codec;
    mw_status st;

    if (w->failed != MW_OK)
        return refuse(w, err);
    if (w->open)
        return keep(w, mw_fail(err, MW_ERR_INVALID, "store: the scope before this one was not closed"));
    if ((st = scope(w, partition, account, region, type, &w->scope, err)) != MW_OK ||
        (st = newest_dictionary(w, type, &w->dictionary, err)) != MW_OK ||
        (st = mw__store_codec(w->s, w->dictionary, &codec, err)) != MW_OK ||
        (st = mw__heads_read(&w->heads, w->s, w->head_rows, w->scope, err)) != MW_OK)
        return keep(w, st);
    if (set_text(&w->partition, partition) != MW_OK || set_text(&w->account, account) != MW_OK ||
        set_text(&w->region, region) != MW_OK || set_text(&w->type, type) != MW_OK)
        return keep(w, no_memory(w, err));
    w->regional = strcmp(region, "*") != 0;
    w->put = 0;
    w->open = true;
    return MW_OK;
}

/* A number for a version. The store gives them out in rows. */
static mw_status next_vid(mw_snapshot_writer *w, int64_t *vid, mw_error *err)
{
    mw_status st = w->vid_count ? MW_OK : w->s->driver->numbers(w->s, &w->vid, &w->vid_count, err);

    if (st == MW_OK) {
        *vid = w->vid++;
        w->vid_count--;
    }
    return st;
}

/* The version with this hash: one that the resource had before, else a new one. */
static mw_status put_version(mw_snapshot_writer *w, const mw_head *h, const uint8_t sha[MW_SHA256_SIZE],
                             const char *doc, size_t len, int64_t *vid, mw_error *err)
{
    const void *packed;
    size_t packed_len;
    mw_codec *codec;
    mw_status st = MW_OK;

    *vid = 0;
    if (h->known) {
        mw__store_bind_int(w->version_same, 1, h->rid);
        mw__store_bind_blob(w->version_same, 2, sha, MW_SHA256_SIZE);
        st = mw__store_run_int(w->s, w->version_same, "looking for a document", vid, err);
    }
    if (st != MW_OK || *vid)
        return st;
    if ((st = mw__store_codec(w->s, w->dictionary, &codec, err)) != MW_OK ||
        (st = mw_codec_pack(codec, w->dictionary, doc, len, &packed, &packed_len, err)) != MW_OK ||
        (st = next_vid(w, vid, err)) != MW_OK)
        return st;
    mw__store_bind_int(w->version_add, 1, h->rid);
    mw__store_bind_int(w->version_add, 2, w->dictionary);
    mw__store_bind_int(w->version_add, 3, (int64_t)len);
    mw__store_bind_blob(w->version_add, 4, packed, packed_len);
    mw__store_bind_int(w->version_add, 5, *vid);
    return mw__store_run(w->s, w->version_add, "recording a document", err);
}

static mw_status end_span(mw_snapshot_writer *w, const mw_head *h, mw_error *err)
{
    mw__store_bind_int(w->span_end, 1, w->n);
    mw__store_bind_int(w->span_end, 2, h->rid);
    mw__store_bind_int(w->span_end, 3, h->s0);
    return mw__store_run(w->s, w->span_end, "ending a span", err);
}

static mw_status add_resource(mw_snapshot_writer *w, int64_t rid, int64_t region, const char *id, mw_error *err)
{
    mw__store_bind_int(w->resource_add, 1, rid);
    mw__store_bind(w->resource_add, 2, id);
    if (region)
        mw__store_bind_int(w->resource_add, 3, region);
    else
        mw__store_bind_null(w->resource_add, 3);
    return mw__store_run(w->s, w->resource_add, "recording a resource", err);
}

static mw_status put(mw_snapshot_writer *w, const char *region, const char *id, const char *doc, size_t len,
                     mw_error *err)
{
    uint8_t sha[MW_SHA256_SIZE];
    mw_head *h;
    int64_t position, own_region = 0, vid;
    mw_status st;

    if (!w->open || (w->regional && strcmp(region, w->region.data) != 0) || len > MW_SNAPSHOT_DOC_MAX)
        return mw_fail(err, MW_ERR_INVALID, "store: resource %.200s of %.40s does not belong into the open scope", id,
                       region);
    position = mw__snapshot_position(&w->scratch, w->partition.data, w->account.data, region, w->type.data, id);
    if (mw_buf_status(&w->scratch, err) != MW_OK)
        return w->scratch.failed;
    mw_sha256(sha, doc, len);
    if (!w->regional && (st = word(w, region, &own_region, err)) != MW_OK)
        return st;
    if (!(h = mw__heads_get(&w->heads, position, id, own_region)))
        return no_memory(w, err);
    if (h->put || h->s0 == w->n)
        return mw_fail(err, MW_ERR_CONFLICT, "store: %s %.200s was put twice into one snapshot", w->type.data, id);
    h->put = true;
    w->put++;
    w->counts.resources++;
    if (h->alive && memcmp(h->sha, sha, sizeof(sha)) == 0)
        return MW_OK;
    if (h->alive)
        w->counts.changed++;
    else
        w->counts.added++;
    if ((h->alive && (st = end_span(w, h, err)) != MW_OK) ||
        (!h->known && (st = add_resource(w, h->rid, own_region, id, err)) != MW_OK) ||
        (st = put_version(w, h, sha, doc, len, &vid, err)) != MW_OK)
        return st;
    mw__store_bind_int(w->span_add, 1, h->rid);
    mw__store_bind_int(w->span_add, 2, w->n);
    mw__store_bind_int(w->span_add, 3, vid);
    mw__store_bind_blob(w->span_add, 4, sha, sizeof(sha));
    return mw__store_run(w->s, w->span_add, "recording a span", err);
}

mw_status mw_snapshot_put(mw_snapshot_writer *w, const char *region, const char *id, const char *doc, size_t len,
                          mw_error *err)
{
    return w->failed != MW_OK ? refuse(w, err) : keep(w, put(w, region, id, doc, len, err));
}

/* ---- the end of a scope ---- */

/* What the store believes in and that was not put: over, or stale. */
static mw_status settle_missing(mw_snapshot_writer *w, bool complete, mw_error *err)
{
    bool told = complete || w->put > 0; /* else all of it is stale, and the scope's own row says so */
    mw_status st = MW_OK;

    for (size_t i = 0; i < w->heads.count && st == MW_OK; i++) {
        const mw_head *h = &w->heads.all[i];
        if (!h->alive || h->put)
            continue;
        if (complete)
            w->counts.removed++;
        else
            w->counts.stale++;
        if (complete) {
            st = end_span(w, h, err);
        } else if (told) {
            mw__store_bind_int(w->stale_add, 1, w->n);
            mw__store_bind_int(w->stale_add, 2, h->rid);
            st = mw__store_run(w->s, w->stale_add, "recording what is stale", err);
        }
    }
    return st;
}

static mw_status close_scope(mw_snapshot_writer *w, bool complete, mw_error *err)
{
    mw_status st;

    if (!w->open)
        return mw_fail(err, MW_ERR_INVALID, "store: no scope is open");
    w->open = false;
    if ((st = settle_missing(w, complete, err)) != MW_OK)
        return st;
    mw__store_bind_int(w->look, 1, w->n);
    mw__store_bind_int(w->look, 2, w->scope);
    mw__store_bind_int(w->look, 3, complete);
    mw__store_bind_int(w->look, 4, (int64_t)w->put);
    return mw__store_run(w->s, w->look, "recording a scope", err);
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
        {&w->word_add, "INSERT INTO word(text) VALUES(?1) RETURNING n"},
        {&w->scope_get, "SELECT n FROM scope WHERE type = ?1 AND account = ?2 AND region = ?3 AND partition = ?4"},
        {&w->scope_add, "INSERT INTO scope(type, account, region, partition) VALUES(?1,?2,?3,?4) RETURNING n"},
        {&w->dictionary_of, "SELECT max(d.n) FROM word t JOIN dictionary d ON d.type = t.n WHERE t.text = ?1"},
        {&w->dictionary_add, "INSERT INTO dictionary(type, sha, body) VALUES(?1,?2,?3)"},
        {&w->note, "COPY coverage(snapshot, scope, facet, state, resources, calls, cause)"},
        {&w->head_rows, MW_HEADS_SQL},
        {&w->resource_add, "COPY resource(rid, id, region)"},
        {&w->version_same, "SELECT vid FROM span WHERE rid = ?1 AND sha = ?2 LIMIT 1"},
        {&w->version_add, "COPY version(rid, dictionary, len, doc, vid)"},
        {&w->span_end, "UPDATE span SET s1 = ?1 WHERE rid = ?2 AND s0 = ?3"},
        {&w->span_add, "COPY span(rid, s0, vid, sha)"},
        {&w->stale_add, "COPY stale(snapshot, rid)"},
        {&w->look, "COPY looked(snapshot, scope, complete, seen)"},
        {&w->seal, "UPDATE snapshot SET resources = resources + ?1, stale = stale + ?2, added = added + ?3,"
                   " changed = changed + ?4, removed = removed + ?5"
                   " WHERE n = ?6"},
    };

    return mw__store_prepare_all(w->s, all, MW_COUNT(all), err);
}

/* The open snapshot of this id, if there is one. */
static mw_status find_open(mw_snapshot_writer *w, const char *id, mw_error *err)
{
    mw_query *q;
    mw_status st = mw__store_prepare(w->s, "SELECT n FROM snapshot WHERE id = ?1 AND open = 1", &q, err);

    if (st == MW_OK) {
        mw__store_bind(q, 1, id);
        st = mw__store_run_int(w->s, q, "looking for a snapshot", &w->n, err);
    }
    mw__store_finalize(q);
    return st;
}

static mw_status add_row(mw_snapshot_writer *w, const char *const fields[4], bool open, mw_error *err)
{
    uint8_t about[MW_SHA256_SIZE];
    mw_query *q;
    mw_status st = open ? find_open(w, fields[0], err) : MW_OK;

    if (st == MW_OK && open && !w->n && (st = w->s->driver->lock_open(w->s, err)) == MW_OK)
        st = find_open(w, fields[0], err); /* another shard may have begun it meanwhile */
    if (st != MW_OK || w->n)
        return st;
    mw_sha256(about, fields[3], strlen(fields[3]));
    st = mw__store_prepare(
        w->s,
        "INSERT INTO snapshot(id, taken_at, digest, about, open, about_sha) VALUES(?1,?2,?3,?4,?5,?6) RETURNING n", &q,
        err);
    if (st == MW_OK) {
        for (int i = 0; i < 4; i++)
            mw__store_bind(q, i + 1, fields[i]);
        mw__store_bind_int(q, 5, open);
        mw__store_bind_blob(q, 6, about, sizeof(about));
        if ((st = mw__store_run_int(w->s, q, "recording the snapshot", &w->n, err)) != MW_OK && mw__store_taken(w->s))
            st = mw_fail(err, MW_ERR_CONFLICT, "store %s holds snapshot %s already", w->s->path, fields[0]);
    }
    mw__store_finalize(q);
    return st;
}

static void writer_free(mw_snapshot_writer *w)
{
    mw_query *const all[] = {w->word_get,      w->word_add,       w->scope_get,   w->scope_add,
                             w->dictionary_of, w->dictionary_add, w->note,        w->head_rows,
                             w->resource_add,  w->version_same,   w->version_add, w->span_end,
                             w->span_add,      w->stale_add,      w->look,        w->seal};

    for (size_t i = 0; i < MW_COUNT(all); i++)
        mw__store_finalize(all[i]);
    mw_buf_clear(&w->partition);
    mw_buf_clear(&w->account);
    mw_buf_clear(&w->region);
    mw_buf_clear(&w->type);
    mw_buf_clear(&w->scratch);
    mw__heads_clear(&w->heads);
    mw_free(w);
}

mw_status mw__snapshot_begin(mw_store *s, const char *const fields[4], bool open, mw_snapshot_writer **out,
                             mw_error *err)
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
    if ((st = mw__snapshots_drop_open(s, open ? fields[0] : NULL, err)) != MW_OK || (st = prepare(w, err)) != MW_OK ||
        (st = add_row(w, fields, open, err)) != MW_OK) {
        mw_snapshot_abandon(w);
        return st;
    }
    *out = w;
    return MW_OK;
}

mw_status mw_snapshot_begin(mw_store *s, const char *id, const char *taken_at, const char *digest, const char *about,
                            mw_snapshot_writer **out, mw_error *err)
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
        mw__store_rollback(s);
}

mw_status mw_snapshot_seal(mw_snapshot_writer *w, mw_snapshot_counts *counts, mw_error *err)
{
    const size_t values[] = {w->counts.resources, w->counts.stale, w->counts.added, w->counts.changed,
                             w->counts.removed};
    mw_status st = MW_OK;

    if (w->failed != MW_OK)
        st = refuse(w, err);
    else if (w->open)
        st = mw_fail(err, MW_ERR_INVALID, "store: the last scope of the snapshot was not closed");
    if (st == MW_OK) {
        for (size_t i = 0; i < MW_COUNT(values); i++)
            mw__store_bind_int(w->seal, (int)i + 1, (int64_t)values[i]);
        mw__store_bind_int(w->seal, 6, w->n);
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
