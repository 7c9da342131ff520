/*
 * The driver for PostgreSQL: its URL, the connection, transactions, and how failures are told. Relies on
 * libpq for everything between here and the server, TLS and passwords (.pgpass, PGPASSWORD) included. A
 * password must never be in a message: messages name the store by a URL that is put together without it.
 */
#include "store/postgres.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define LOCK_TIMEOUT_S    30
#define CONNECT_TIMEOUT_S "10"

/* ---- failures ---- */

/* One line, whatever the server says. */
static void keep_words(char *to, size_t size, const char *text)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++)
        if (*text != '\n' && *text != '\t')
            to[n++] = *text;
        else if (n && to[n - 1] != ' ')
            to[n++] = ' ';
    while (n && to[n - 1] == ' ')
        n--;
    to[n] = '\0';
}

void mw__pg_remember(mw_postgres *pg, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE),
               *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    snprintf(pg->state, sizeof(pg->state), "%s", state ? state : "");
    keep_words(pg->why, sizeof(pg->why), words ? words : PQerrorMessage(pg->db));
}

mw_status mw__pg_fail(mw_store *s, const char *doing, mw_error *err)
{
    /* PostgreSQL 15, appendix A; a state of two letters is its class. First match. */
    static const struct {
        const char *state, *words; /* NULL: the server's own */
        mw_status st;
    } ways[] = {
        {"08", NULL, MW_ERR_NET},
        {"57P", NULL, MW_ERR_NET},
        {"57014", "it took longer than the server's statement_timeout", MW_ERR_TIMEOUT},
        {"55P03", "another process has held it for 30 s", MW_ERR_CONFLICT},
        {"40", "another process wrote the same at the same time; try again", MW_ERR_CONFLICT},
        {"53100", "the server's disk is full", MW_ERR_IO},
        {"53200", "out of memory", MW_ERR_NOMEM},
        {"25006", "the server, or this role's session, only reads", MW_ERR_INVALID},
        {"42501", NULL, MW_ERR_INVALID},
        {"28", NULL, MW_ERR_INVALID},
        {"22", NULL, MW_ERR_INVALID},
        {"XX00", NULL, MW_ERR_PARSE},
    };
    const mw_postgres *pg = mw__pg_of(s);

    if (!pg->state[0] || PQstatus(pg->db) != CONNECTION_OK)
        return mw_fail(err, MW_ERR_NET, "store %s: %s: the connection is gone (%s)", s->path, doing, pg->why);
    if (mw_str_starts(pg->state, "42P01") || mw_str_starts(pg->state, "42703"))
        return mw_fail(err, MW_ERR_PARSE, "store %s: %s: schema %s is damaged: %s", s->path, doing, pg->schema,
                       pg->why);
    for (size_t i = 0; i < MW_COUNT(ways); i++)
        if (mw_str_starts(pg->state, ways[i].state))
            return mw_fail(err, ways[i].st, "store %s: %s: %s", s->path, doing,
                           ways[i].words ? ways[i].words : pg->why);
    return mw_fail(err, MW_ERR_IO, "store %s: %s: %s", s->path, doing, pg->why);
}

static bool taken(const mw_store *s)
{
    return strcmp(mw__pg_of(s)->state, "23505") == 0;
}

/* ---- transactions ---- */

mw_status mw__pg_exec(mw_store *s, const char *sql, const char *doing, mw_error *err)
{
    mw_postgres *pg = mw__pg_of(s);
    PGresult *result;
    mw_status st = MW_OK;
    bool commits = strcmp(sql, "COMMIT") == 0;

    if (!mw__pg_settle(pg))
        return mw__pg_fail(s, doing, err);
    result = PQexec(pg->db, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        mw__pg_remember(pg, result);
        st = mw__pg_fail(s, doing, err);
    } else if (commits && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        /* A transaction in which something failed is rolled back by COMMIT, and that is no error to the server. */
        st = mw_fail(err, MW_ERR_IO, "store %s: %s: an earlier statement had failed", s->path, doing);
    }
    if (commits && st == MW_OK)
        pg->in_transaction = false;
    PQclear(result);
    return st;
}

mw_status mw__pg_begin(mw_store *s, bool alone, const char *doing, mw_error *err)
{
    mw_postgres *pg = mw__pg_of(s);
    char sql[128];
    mw_status st;

    snprintf(sql, sizeof(sql), "BEGIN; SELECT pg_advisory_xact_lock%s(%d, %d)", alone ? "" : "_shared", pg->space,
             MW_PG_WRITING);
    if (pg->in_transaction)
        return mw_fail(err, MW_ERR_INVALID, "store %s: %s: a transaction is under way", s->path, doing);
    pg->in_transaction = true;
    if ((st = mw__pg_exec(s, sql, doing, err)) != MW_OK)
        mw__pg_rollback(s);
    return st;
}

void mw__pg_rollback(mw_store *s)
{
    mw_postgres *pg = mw__pg_of(s);

    mw__pg_forget(pg);
    PQclear(PQexec(pg->db, "ROLLBACK")); /* without a connection there is nothing to roll back */
    pg->in_transaction = false;
}

static bool in_transaction(const mw_store *s)
{
    return mw__pg_of(s)->in_transaction;
}

static int64_t changes(const mw_store *s)
{
    return mw__pg_of(s)->changes;
}

mw_status mw__pg_lock(mw_store *s, int what, mw_error *err)
{
    char sql[96];

    snprintf(sql, sizeof(sql), "SELECT pg_advisory_xact_lock(%d, %d)", mw__pg_of(s)->space, what);
    return mw__pg_exec(s, sql, "locking", err);
}

static mw_status lock_words(mw_store *s, mw_error *err)
{
    return mw__pg_lock(s, MW_PG_WORDS, err);
}

static mw_status lock_open(mw_store *s, mw_error *err)
{
    return mw__pg_lock(s, MW_PG_OPEN, err);
}

static mw_status numbers(mw_store *s, int64_t *first, int64_t *count, mw_error *err)
{
    mw_query *q;
    mw_status st = mw__pg_prepare(s, "SELECT nextval('version_vid')", &q, err);

    if (st != MW_OK)
        return st;
    *count = 1000;
    st = mw__store_run_int(s, q, "numbering documents", first, err);
    mw__pg_finalize(q);
    return st;
}

/* ---- keeping house ---- */

/* The server's own checks are its checksums; here, that every table and index is there to be read. */
static mw_status check(mw_store *s, mw_error *err)
{
    static const char *const tables[] = {"run",        "verdict",  "finding", "ledger",   "word",
                                         "scope",      "snapshot", "part",    "coverage", "looked",
                                         "dictionary", "resource", "version", "span",     "stale"};
    mw_status st = MW_OK;

    for (size_t i = 0; i < MW_COUNT(tables) && st == MW_OK; i++) {
        char sql[64];
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", tables[i]);
        st = mw__pg_exec(s, sql, "checking", err);
    }
    return st;
}

static mw_status shrink(mw_store *s, mw_error *err)
{
    return mw__pg_exec(s, "VACUUM resource, version, span, coverage, looked, stale, finding, verdict",
                       "giving space back", err);
}

/* ---- the connection ---- */

static void close_connection(mw_store *s)
{
    mw_postgres *pg = mw__pg_of(s);

    if (pg->claimed && !pg->in_transaction)
        mw__pg_unclaim(s, pg->claimed);
    mw__pg_statements_free(pg);
    PQfinish(pg->db);
}

static void on_notice(void *user, const PGresult *result)
{
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    mw_log_debug("store %s: %s", ((const mw_postgres *)user)->base.path, words ? words : "a notice");
}

static const mw_store_driver driver = {
    .close = close_connection,
    .fail = mw__pg_fail,
    .taken = taken,
    .exec = mw__pg_exec,
    .begin = mw__pg_begin,
    .in_transaction = in_transaction,
    .rollback = mw__pg_rollback,
    .changes = changes,
    .prepare = mw__pg_prepare,
    .finalize = mw__pg_finalize,
    .bind_int = mw__pg_bind_int,
    .bind_bytes = mw__pg_bind_bytes,
    .step = mw__pg_step,
    .reset = mw__pg_reset,
    .column_int = mw__pg_column_int,
    .column_bytes = mw__pg_column_bytes,
    .numbers = numbers,
    .lock_words = lock_words,
    .lock_open = lock_open,
    .unwritten = MW_PG_UNWRITTEN,
    .claim = mw__pg_claim,
    .check = check,
    .shrink = shrink,
};

/* Takes "schema=NAME" out of the URL's parameters: libpq does not know it. */
static mw_status split(const char *url, mw_buf *rest, char schema[64], mw_error *err)
{
    const char *at = strchr(url, '?');
    char joint = '?';

    snprintf(schema, 64, "moonward");
    mw_buf_add(rest, url, at ? (size_t)(at - url) : strlen(url), NULL);
    while (at && *at) {
        size_t len = strcspn(++at, "&");
        if (len >= 7 && memcmp(at, "schema=", 7) == 0) {
            if (len - 7 < 1 || len - 7 > 62 || strspn(at + 7, "abcdefghijklmnopqrstuvwxyz0123456789_") < len - 7 ||
                (at[7] >= '0' && at[7] <= '9'))
                return mw_fail(err, MW_ERR_INVALID,
                               "store: the URL's schema is not 1 to 62 small letters, digits and '_', no digit first");
            snprintf(schema, 64, "%.*s", (int)(len - 7), at + 7);
        } else {
            mw_buf_putc(rest, joint);
            mw_buf_add(rest, at, len, NULL);
            joint = '&';
        }
        at += len;
    }
    mw_buf_puts(rest, "");
    return mw_buf_status(rest, err);
}

/* The store's name in messages: user, host, port, database, schema. */
static mw_status name(const char *url, const char *schema, mw_buf *out, mw_error *err)
{
    static const char *const keys[] = {"user", "host", "port", "dbname"};
    const char *values[MW_COUNT(keys)] = {0};
    PQconninfoOption *all = PQconninfoParse(url, NULL); /* its message may quote the URL */
    bool socket;

    if (!all)
        return mw_fail(err, MW_ERR_INVALID,
                       "store: this is no URL of PostgreSQL: postgresql://user@host:5432/database?sslmode=…");
    for (PQconninfoOption *o = all; o->keyword; o++)
        for (size_t i = 0; i < MW_COUNT(keys); i++)
            if (strcmp(o->keyword, keys[i]) == 0)
                values[i] = o->val;
    socket = values[1] && values[1][0] == '/';
    mw_buf_printf(out, "postgresql://%s%s%s%s%s/%s", values[0] ? values[0] : "", values[0] ? "@" : "",
                  values[1] && !socket ? values[1] : "", values[2] ? ":" : "", values[2] ? values[2] : "",
                  values[3] ? values[3] : "");
    if (socket)
        mw_buf_printf(out, "?host=%s", values[1]);
    if (strcmp(schema, "moonward") != 0)
        mw_buf_printf(out, "%sschema=%s", socket ? "&" : "?", schema);
    PQconninfoFree(all);
    return mw_buf_status(out, err);
}

mw_status mw__postgres_name(const char *url, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_buf) rest = {.max = 1 << 16};
    char schema[64];
    mw_status st = split(url, &rest, schema, err);

    return st == MW_OK ? name(rest.data, schema, out, err) : st;
}

/* What the server says when it lets nobody in comes without a state. */
static mw_status refused(mw_postgres *pg, mw_error *err)
{
    static const char *const words[] = {"password", "authentication", "pg_hba.conf", "role \""};
    char why[512];

    keep_words(why, sizeof(why), PQerrorMessage(pg->db));
    for (size_t i = 0; i < MW_COUNT(words); i++)
        if (strstr(why, words[i]))
            return mw_fail(err, MW_ERR_INVALID, "store %s: connecting: %s", pg->base.path, why);
    if (strstr(why, "database \"") && strstr(why, "does not exist"))
        return mw_fail(err, MW_ERR_INVALID, "store %s: connecting: %s: createdb makes one", pg->base.path, why);
    return mw_fail(err, MW_ERR_NET, "store %s: connecting: %s", pg->base.path, why);
}

/* What the settings of a role, a database or the environment could make unsafe is set here. */
static mw_status settle_session(mw_postgres *pg, mw_store_mode mode, mw_error *err)
{
    const char *encoding = PQparameterStatus(pg->db, "server_encoding");
    char sql[512];

    if (encoding && strcmp(encoding, "UTF8") != 0)
        return mw_fail(err, MW_ERR_UNSUPPORTED, "store %s: the database's encoding is %s, not UTF8", pg->base.path,
                       encoding);
    snprintf(sql, sizeof(sql),
             "SET search_path TO \"%s\"; SET client_min_messages TO warning; SET lock_timeout TO '%ds';"
             "SET idle_in_transaction_session_timeout TO 0; SET default_transaction_isolation TO 'read committed'; SET "
             "jit TO off;%s"
             "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
             pg->schema, LOCK_TIMEOUT_S, mode == MW_STORE_LOOK ? "SET default_transaction_read_only TO on;" : "");
    return mw__pg_exec(&pg->base, sql, "connecting", err);
}

static mw_status connect_to(mw_postgres *pg, const char *url, int connect_s, mw_error *err)
{
    char most[16];
    /* What stands behind dbname is stronger than the URL, what stands before it is weaker. */
    const char *const keys[] = {"connect_timeout", "fallback_application_name",          "dbname",
                                "client_encoding", connect_s ? "connect_timeout" : NULL, NULL};
    const char *const values[] = {CONNECT_TIMEOUT_S, "moonward", url, "UTF8", most, NULL};

    snprintf(most, sizeof(most), "%d", connect_s);
    if (!(pg->db = PQconnectdbParams(keys, values, 1)))
        return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", pg->base.path);
    PQsetNoticeReceiver(pg->db, on_notice, pg);
    return PQstatus(pg->db) == CONNECTION_OK ? MW_OK : refused(pg, err);
}

mw_status mw__postgres_open(const char *url, const mw_store_options *o, mw_store **out, mw_error *err)
{
    MW_AUTO(mw_buf) rest = {.max = 1 << 16};
    MW_AUTO(mw_buf) shown = {.max = 1 << 16};
    mw_postgres *pg = mw_alloc(sizeof(*pg));
    mw_status st;

    *out = NULL;
    if (!pg)
        return mw_fail(err, MW_ERR_NOMEM, "store: out of memory");
    pg->base.driver = &driver;
    if ((st = split(url, &rest, pg->schema, err)) == MW_OK &&
        (st = name(rest.data, pg->schema, &shown, err)) == MW_OK && !(pg->base.path = mw_buf_take(&shown, NULL)))
        st = mw_fail(err, MW_ERR_NOMEM, "store: out of memory");
    if (st == MW_OK && (st = connect_to(pg, rest.data, o->connect_s, err)) == MW_OK &&
        (st = settle_session(pg, o->mode, err)) == MW_OK && (st = mw__pg_migrate(pg, o->mode, err)) == MW_OK) {
        *out = &pg->base;
        return MW_OK;
    }
    mw_store_close(&pg->base);
    return st;
}
