/* What the files of the PostgreSQL driver share. */
#ifndef MW_STORE_POSTGRES_H
#define MW_STORE_POSTGRES_H

#include "base/buf.h"
#include "store/internal.h"

#include <libpq-fe.h>

#define MW_PG_COLUMNS_MAX 24

/* A text of SQL and what the server knows of it: kept until the connection ends, for it is asked for again and again. */
typedef struct mw_pg_statement {
    struct mw_pg_statement *next;
    char *sql;     /* as the files of the store write it */
    mw_buf text;   /* as PostgreSQL does: $1 for ?1 */
    char name[24]; /* of the prepared statement; empty = not prepared yet */
    bool copy;     /* rows in bulk */
    int columns;   /* of each */
    mw_buf rows;   /* that the server does not have yet */
} mw_pg_statement;

typedef struct mw_pg_parameter {
    enum { MW_PG_NULL, MW_PG_INT, MW_PG_TEXT, MW_PG_BYTES } kind;
    int64_t number;
    const void *data; /* borrowed */
    size_t len;
} mw_pg_parameter;

typedef struct mw_pg_query {
    mw_query base;
    mw_pg_statement *statement;
    mw_pg_parameter parameters[MW_PARAMETERS_MAX];
    int count; /* the highest that was bound */
    bool running, broken;
    PGresult *result; /* the row under way, when it came from the wire */
    mw_buf rows;      /* what was left when another statement took the wire */
    size_t at;
    const char *values[MW_PG_COLUMNS_MAX]; /* of the row under way; NULL for null */
    int lengths[MW_PG_COLUMNS_MAX], columns;
} mw_pg_query;

typedef struct mw_postgres {
    mw_store base;
    PGconn *db;
    char schema[64];
    int space;           /* number of the schema: the first half of its advisory locks */
    bool in_transaction; /* begun, and neither committed nor rolled back */
    mw_pg_statement *statements;
    unsigned names;
    mw_pg_query *wire;        /* whose rows are on the connection */
    int64_t changes, claimed; /* claimed: the second half of the lock on a run, 0 = none */
    char state[6], why[512];  /* of the last failure: SQLSTATE (empty: none came) and its words */
} mw_postgres;

/* The second halves of advisory locks; those of runs lie above 1000 (claim_key, postgres_schema.c). */
enum { MW_PG_WRITING = 1, MW_PG_WORDS, MW_PG_OPEN, MW_PG_CLAIMS };

static inline mw_postgres *mw__pg_of(const mw_store *s)
{
    return (mw_postgres *)(uintptr_t)s;
}

/* ---- postgres.c: the connection ---- */

mw_status mw__pg_fail(mw_store *s, const char *doing, mw_error *err);
/* Keep what a result (NULL: the connection) says of a failure. */
void mw__pg_remember(mw_postgres *pg, const PGresult *result);
mw_status mw__pg_exec(mw_store *s, const char *sql, const char *doing, mw_error *err);
mw_status mw__pg_begin(mw_store *s, bool alone, const char *doing, mw_error *err);
void mw__pg_rollback(mw_store *s);
/* An advisory lock until the transaction ends. */
mw_status mw__pg_lock(mw_store *s, int what, mw_error *err);

/* ---- postgres_query.c: statements ---- */

mw_status mw__pg_prepare(mw_store *s, const char *sql, mw_query **out, mw_error *err);
void mw__pg_finalize(mw_query *q);
void mw__pg_bind_int(mw_query *q, int at, int64_t value);
void mw__pg_bind_bytes(mw_query *q, int at, const void *data, size_t len, bool text);
mw_step mw__pg_step(mw_query *q);
void mw__pg_reset(mw_query *q);
int64_t mw__pg_column_int(mw_query *q, int column);
const void *mw__pg_column_bytes(mw_query *q, int column, size_t *len);
/* The connection is free for another statement, and rows in bulk are with the server. false: mw__pg_fail() tells why. */
bool mw__pg_settle(mw_postgres *pg);
/* Rows in bulk that the server does not have never were; rows on the wire are kept for their query. */
void mw__pg_forget(mw_postgres *pg);
void mw__pg_statements_free(mw_postgres *pg);

/* ---- postgres_schema.c ---- */

/* The schema as this program knows it: looked at, made, or brought up to it, as the mode says. */
mw_status mw__pg_migrate(mw_postgres *pg, mw_store_mode mode, mw_error *err);

/* ---- postgres_claim.c ---- */

/* SQL about a row of snapshot: no living run of another process claims it. */
#define MW_PG_UNWRITTEN "id NOT IN (SELECT run FROM writing)"
/* The next claim need not wait for the server to see the connection end. */
void mw__pg_unclaim(mw_store *s, int64_t key);
mw_status mw__pg_claim(mw_store *s, const char *run, const char *const *accounts, size_t count, bool shared,
                       char holder[MW_STORE_HOLDER_SIZE], mw_error *err);

#endif
