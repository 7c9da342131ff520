/*
 * The store's front: which driver a name means, and what every driver would do the same way. Names that
 * begin as a URL of PostgreSQL are that, all others are files. Relies on the drivers for everything that
 * touches a database.
 */
#include "store/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

bool mw_store_is_url(const char *path)
{
    return mw_str_starts(path, "postgresql://") || mw_str_starts(path, "postgres://");
}

mw_status mw_store_name(const char *path, mw_buf *out, mw_error *err)
{
    if (mw_store_is_url(path))
        return mw__postgres_name(path, out, err);
    mw_buf_puts(out, path);
    return mw_buf_status(out, err);
}

mw_status mw_store_open(const char *path, const mw_store_options *o, mw_store **out, mw_error *err)
{
    static const mw_store_options make = {.mode = MW_STORE_MAKE};

    o = o ? o : &make;
    return mw_store_is_url(path) ? mw__postgres_open(path, o, out, err) : mw__sqlite_open(path, o, out, err);
}

mw_status mw__store_nothing(const mw_store *s, mw_error *err)
{
    return mw_fail(err, MW_ERR_NOTFOUND, "nothing is stored in %s yet: 'moonward sweep' does it", s->path);
}

void mw_store_schema(const mw_store *s, int64_t *is, int64_t *known)
{
    *is = s->schema;
    *known = s->known;
}

void mw_store_close(mw_store *s)
{
    if (!s)
        return;
    s->driver->close(s);
    mw_codec_free(s->codec);
    mw_free(s->path);
    mw_free(s);
}

mw_status mw_store_check(mw_store *s, mw_error *err)
{
    return s->driver->check(s, err);
}

mw_status mw_store_shrink(mw_store *s, mw_error *err)
{
    return s->driver->shrink(s, err);
}

mw_status mw_store_claim(mw_store *s, const char *run, const char *const *accounts, size_t count, bool shared,
                         char holder[MW_STORE_HOLDER_SIZE], mw_error *err)
{
    return s->driver->claim(s, run, accounts, count, shared, holder, err);
}

/* ---- transactions ---- */

mw_status mw__store_join(mw_store *s, bool *own, const char *doing, mw_error *err)
{
    *own = !s->driver->in_transaction(s);
    return *own ? s->driver->begin(s, true, doing, err) : MW_OK;
}

mw_status mw__store_leave(mw_store *s, bool own, mw_status st, const char *doing, mw_error *err)
{
    if (own && st == MW_OK)
        st = s->driver->exec(s, "COMMIT", doing, err);
    if (own && st != MW_OK)
        s->driver->rollback(s);
    return st;
}

mw_status mw_store_begin(mw_store *s, mw_error *err)
{
    return s->driver->begin(s, false, "beginning", err);
}

mw_status mw_store_end(mw_store *s, mw_status st, mw_error *err)
{
    return mw__store_leave(s, true, st, "committing", err);
}

void mw__store_rollback(mw_store *s)
{
    s->driver->rollback(s);
}

/* ---- statements ---- */

mw_status mw__store_fail(mw_store *s, const char *doing, mw_error *err)
{
    return s->driver->fail(s, doing, err);
}

bool mw__store_taken(const mw_store *s)
{
    return s->driver->taken(s);
}

mw_status mw__store_exec(mw_store *s, const char *sql, const char *doing, mw_error *err)
{
    return s->driver->exec(s, sql, doing, err);
}

int64_t mw__store_changes(const mw_store *s)
{
    return s->driver->changes(s);
}

mw_status mw__store_prepare(mw_store *s, const char *sql, mw_query **out, mw_error *err)
{
    return s->driver->prepare(s, sql, out, err);
}

mw_status mw__store_prepare_all(mw_store *s, const mw_store_query *all, size_t count, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < count; i++)
        *all[i].to = NULL;
    for (size_t i = 0; i < count && st == MW_OK; i++)
        st = mw__store_prepare(s, all[i].sql, all[i].to, err);
    return st;
}

void mw__store_finalize(mw_query *q)
{
    if (q)
        q->s->driver->finalize(q);
}

void mw__store_bind(mw_query *q, int at, const char *text)
{
    q->s->driver->bind_bytes(q, at, text, text ? strlen(text) : 0, true);
}

void mw__store_bind_int(mw_query *q, int at, int64_t value)
{
    q->s->driver->bind_int(q, at, value);
}

void mw__store_bind_null(mw_query *q, int at)
{
    q->s->driver->bind_bytes(q, at, NULL, 0, true);
}

void mw__store_bind_blob(mw_query *q, int at, const void *data, size_t len)
{
    q->s->driver->bind_bytes(q, at, data, len, false);
}

mw_step mw__store_step(mw_query *q)
{
    return q->s->driver->step(q);
}

void mw__store_reset(mw_query *q)
{
    q->s->driver->reset(q);
}

mw_status mw__store_run(mw_store *s, mw_query *q, const char *doing, mw_error *err)
{
    mw_status st = mw__store_step(q) == MW_DONE ? MW_OK : mw__store_fail(s, doing, err);

    mw__store_reset(q);
    return st;
}

mw_status mw__store_run_int(mw_store *s, mw_query *q, const char *doing, int64_t *n, mw_error *err)
{
    mw_step code = mw__store_step(q);
    mw_status st = code == MW_FAILED ? mw__store_fail(s, doing, err) : MW_OK;

    if (code == MW_ROW)
        *n = mw__store_int(q, 0);
    mw__store_reset(q);
    return st;
}

int64_t mw__store_int(mw_query *q, int column)
{
    return q->s->driver->column_int(q, column);
}

bool mw__store_null(mw_query *q, int column)
{
    return q->s->driver->column_bytes(q, column, NULL) == NULL;
}

const void *mw__store_blob(mw_query *q, int column, size_t *len)
{
    return q->s->driver->column_bytes(q, column, len);
}

bool mw__store_digest_is(mw_query *q, int column, const uint8_t *sha, size_t len)
{
    size_t has;
    const void *data = mw__store_blob(q, column, &has);

    return data && has == len && memcmp(data, sha, len) == 0;
}

const char *mw__store_text(mw_query *q, int column)
{
    return q->s->driver->column_bytes(q, column, NULL);
}

const char *mw__store_must(mw_query *q, int column)
{
    const char *text = mw__store_text(q, column);

    return text ? text : "";
}
