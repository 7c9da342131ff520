/*
 * What writing, reading and keeping snapshots share: keys, dictionaries, versions, names. Relies on
 * the codec for bytes; must never give out a document whose length is not the stored one.
 */
#include "store/snapshots.h"

#include "store/internal.h"

#include "base/hash.h"

#include <string.h>

/* Each part with its length before it, so that no two lists of parts look alike. */
int64_t mw__snapshot_position(mw_buf *scratch, const char *partition, const char *account, const char *region,
                              const char *type, const char *id)
{
    const char *const parts[] = {partition, account, region, type, id};
    uint8_t key[MW_SHA256_SIZE];
    uint64_t first = 0;

    mw_buf_reset(scratch);
    for (size_t i = 0; i < MW_COUNT(parts); i++) {
        size_t len = strlen(parts[i]);
        const uint8_t head[4] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16), (uint8_t)(len >> 24)};
        mw_buf_add(scratch, head, sizeof(head), NULL);
        mw_buf_add(scratch, parts[i], len, NULL);
    }
    mw_sha256(key, scratch->data, scratch->len);
    for (size_t i = 0; i < 8; i++)
        first = first << 8 | key[i];
    return (int64_t)(first >> (64 - MW_POSITION_BITS));
}

mw_status mw__store_codec(mw_store *s, int64_t dictionary, mw_codec **out, mw_error *err)
{
    uint8_t digest[MW_SHA256_SIZE];
    mw_query *q;
    mw_status st;
    mw_step code;

    if (!s->codec && !(s->codec = mw_codec_new()))
        return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", s->path);
    *out = s->codec;
    if (dictionary == 0 || mw_codec_has(s->codec, dictionary))
        return MW_OK;
    if ((st = mw__store_prepare(s, "SELECT body, sha FROM dictionary WHERE n = ?1", &q, err)) == MW_OK) {
        mw__store_bind_int(q, 1, dictionary);
        code = mw__store_step(q);
        if (code == MW_ROW) {
            size_t len;
            const void *body = mw__store_blob(q, 0, &len);
            mw_sha256(digest, body, len);
            if (!mw__store_digest_is(q, 1, digest, sizeof(digest)))
                st = mw_fail(err, MW_ERR_PARSE, "store %s: dictionary %lld is damaged", s->path, (long long)dictionary);
            else
                st = mw_codec_add(s->codec, dictionary, body, len, err);
        } else if (code == MW_DONE) {
            st = mw_fail(err, MW_ERR_PARSE, "store %s: dictionary %lld is missing", s->path, (long long)dictionary);
        } else {
            st = mw__store_fail(s, "reading a dictionary", err);
        }
    }
    mw__store_finalize(q);
    return st;
}

mw_status mw__store_document(mw_store *s, mw_query *q, int at, int64_t vid, const char **doc, size_t *len,
                             mw_error *err)
{
    int64_t dictionary = mw__store_int(q, at), size = mw__store_int(q, at + 1);
    size_t packed_len;
    const void *packed = mw__store_blob(q, at + 2, &packed_len);
    mw_codec *codec;
    mw_status st;

    *len = size > 0 ? (size_t)size : 0;
    if ((st = mw__store_codec(s, dictionary, &codec, err)) == MW_OK &&
        (st = mw_codec_unpack(codec, dictionary, packed, packed_len, *len, MW_SNAPSHOT_DOC_MAX, doc, err)) != MW_OK)
        st = mw_error_prefix(err, st, "store %s: document %lld is damaged", s->path, (long long)vid);
    return st;
}

mw_status mw__store_version(mw_store *s, mw_query *q, int64_t vid, const char **doc, size_t *len, mw_error *err)
{
    mw_status st = MW_OK;
    mw_step code;

    mw__store_bind_int(q, 1, vid);
    code = mw__store_step(q);
    if (code == MW_ROW) {
        st = mw__store_document(s, q, 0, vid, doc, len, err);
    } else if (code == MW_DONE) {
        st = mw_fail(err, MW_ERR_PARSE, "store %s is damaged: document %lld is missing", s->path, (long long)vid);
    } else {
        st = mw__store_fail(s, "reading a document", err);
    }
    mw__store_reset(q);
    return st;
}

/* ---- snapshots by name ---- */

#define INFO_COLUMNS "SELECT id, taken_at, digest, about, resources, stale, added, changed, removed FROM snapshot "

static mw_snapshot_info info_of(mw_query *q)
{
    return (mw_snapshot_info){.id = mw__store_must(q, 0),
                              .taken_at = mw__store_must(q, 1),
                              .digest = mw__store_must(q, 2),
                              .about = mw__store_must(q, 3),
                              .counts = {(size_t)mw__store_int(q, 4), (size_t)mw__store_int(q, 5),
                                         (size_t)mw__store_int(q, 6), (size_t)mw__store_int(q, 7),
                                         (size_t)mw__store_int(q, 8)}};
}

mw_status mw_snapshots_list(mw_store *s, bool (*row)(void *user, const mw_snapshot_info *info), void *user,
                            mw_error *err)
{
    mw_step code = MW_DONE;
    mw_query *q;
    mw_status st = mw__store_prepare(s, INFO_COLUMNS "WHERE open = 0 ORDER BY n DESC", &q, err);

    while (st == MW_OK && (code = mw__store_step(q)) == MW_ROW) {
        const mw_snapshot_info info = info_of(q);
        if (!row(user, &info)) {
            code = MW_DONE;
            break;
        }
    }
    if (st == MW_OK && code != MW_DONE)
        st = mw__store_fail(s, "reading snapshots", err);
    mw__store_finalize(q);
    return st;
}

static mw_status not_found(mw_store *s, const char *name, mw_error *err)
{
    mw_query *q;
    mw_status st =
        mw__store_prepare(s, "SELECT count(*), min(taken_at), max(taken_at) FROM snapshot WHERE open = 0", &q, err);

    if (st == MW_OK) {
        if (mw__store_step(q) == MW_ROW && mw__store_int(q, 0) > 0)
            st = mw_fail(err, MW_ERR_NOTFOUND, "store %s has no snapshot '%.80s'; the %lld it has are of %s to %s",
                         s->path, name, (long long)mw__store_int(q, 0), mw__store_text(q, 1), mw__store_text(q, 2));
        else
            st = mw_fail(err, MW_ERR_NOTFOUND, "store %s has no snapshot yet: 'moonward collect' takes one", s->path);
    }
    mw__store_finalize(q);
    return st;
}

/* Rows of @p sql for @p name: 0, 1, or 2 for more. The first one is handed on when it is the only
 * one. */
static mw_status look(mw_store *s, const char *sql, const char *name,
                      bool (*row)(void *user, const mw_snapshot_info *info), void *user, size_t *found, mw_error *err)
{
    mw_query *q;
    mw_step code;
    mw_status st = mw__store_prepare(s, sql, &q, err);

    *found = 0;
    if (st != MW_OK)
        return st;
    mw__store_bind(q, 1, name);
    while ((code = mw__store_step(q)) == MW_ROW)
        ++*found;
    if (code != MW_DONE)
        st = mw__store_fail(s, "reading snapshots", err);
    if (st == MW_OK && *found == 1) {
        mw__store_reset(q);
        if (mw__store_step(q) == MW_ROW) {
            const mw_snapshot_info info = info_of(q);
            row(user, &info);
        }
    }
    mw__store_finalize(q);
    return st;
}

mw_status mw_snapshot_find(mw_store *s, const char *name, bool (*row)(void *user, const mw_snapshot_info *info),
                           void *user, mw_error *err)
{
    static const char *const ways[] = {
        INFO_COLUMNS "WHERE open = 0 AND id = ?1",
        INFO_COLUMNS "WHERE open = 0 AND digest = ?1 ORDER BY n DESC LIMIT 1",
        INFO_COLUMNS "WHERE open = 0 AND length(?1) >= 4 AND (substr(id, 1, length(?1)) = ?1"
                     " OR substr(digest, 1, length(?1)) = ?1) LIMIT 2",
    };
    bool placed;
    size_t found = 0;
    mw_status st = mw__snapshot_place(s, name, row, user, &placed, err);

    if (st != MW_OK || placed)
        return st;
    for (size_t i = 0; i < MW_COUNT(ways) && st == MW_OK && found == 0; i++)
        st = look(s, ways[i], name, row, user, &found, err);
    if (st == MW_OK && found > 1)
        return mw_fail(err, MW_ERR_INVALID, "store %s: more than one snapshot begins with '%.80s'", s->path, name);
    return st == MW_OK && found == 0 ? not_found(s, name, err) : st;
}

mw_status mw_snapshot_find_open(mw_store *s, bool (*row)(void *user, const mw_snapshot_info *info), void *user,
                                mw_error *err)
{
    MW_AUTO(mw_buf) sql = {.max = 4096};
    size_t found = 0;
    mw_status st = mw_buf_printf(&sql, INFO_COLUMNS "WHERE open = 1 AND ?1 = '' AND %s ORDER BY n DESC LIMIT 1",
                                 s->driver->unwritten) == MW_OK
                       ? MW_OK
                       : mw_buf_status(&sql, err);

    if (st == MW_OK)
        st = look(s, sql.data, "", row, user, &found, err);
    return st == MW_OK && found == 0 ? mw_fail(err, MW_ERR_NOTFOUND, "store %s: every run was ended", s->path) : st;
}

mw_status mw__snapshot_number(mw_store *s, const char *id, int64_t *n, mw_error *err)
{
    mw_query *q;
    mw_status st = mw__store_prepare(s, "SELECT n FROM snapshot WHERE id = ?1", &q, err);
    mw_step code;

    if (st == MW_OK) {
        mw__store_bind(q, 1, id);
        code = mw__store_step(q);
        if (code == MW_ROW)
            *n = mw__store_int(q, 0);
        else
            st = code == MW_DONE ? not_found(s, id, err) : mw__store_fail(s, "reading snapshots", err);
    }
    mw__store_finalize(q);
    return st;
}
