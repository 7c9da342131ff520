/*
 * Read-only SQL over one stored snapshot. The statement runs in a database of its own that is empty
 * and lives in memory; its only tables are views that stream through the interface of the store, so
 * that no SQL of a user ever reaches the store's own connection, whatever database stands behind
 * it. Documents are unpacked when a column of theirs is read.
 *
 * Views: one for each type (`ec2_instance`), `resource`, `coverage`, `finding`, `run`
 * (docs/reference/query.md).
 */
#ifndef MW_QUERY_QUERY_H
#define MW_QUERY_QUERY_H

#include "inventory/columns.h"
#include "store/snapshots.h"

typedef struct mw_query mw_query;

typedef struct mw_query_options {
    const mw_types *types; /* borrowed, as are the others */
    const mw_models *models;
    int64_t timeout_ms;        /* 0 = 60,000 */
    size_t max_rows;           /* 0 = 10,000,000 */
    const volatile bool *stop; /* becoming true ends the statement: MW_ERR_CANCELLED; may be NULL */
} mw_query_options;

/** Memory of one query, all of SQLite's in this process. */
#define MW_QUERY_HEAP_MAX ((int64_t)768 << 20)
/** Bytes of a statement. */
#define MW_QUERY_SQL_MAX  100000

/** @param snapshot  An id. @return MW_OK; MW_ERR_NOTFOUND; MW_ERR_NOMEM; MW_ERR_PARSE: the store is
 * damaged. */
mw_status mw_query_open(mw_store *s, const char *snapshot, const mw_query_options *o, mw_query **out, mw_error *err);
/** Before the store is closed. NULL is allowed. */
void mw_query_close(mw_query *q);

typedef enum mw_query_kind { MW_QUERY_NULL, MW_QUERY_INTEGER, MW_QUERY_REAL, MW_QUERY_TEXT } mw_query_kind;
typedef struct mw_query_value {
    mw_query_kind kind;
    int64_t integer;
    double real;
    const char *text; /* of TEXT; may hold a NUL, or bytes that are not UTF-8 (a BLOB) */
    size_t len;
    bool json; /* text that is a document, as it came from a view or a JSON function */
} mw_query_value;

typedef struct mw_query_param {
    const char *name, *value; /* without its colon; bound as text */
} mw_query_param;

/** What a statement is run for. Strings are valid during the call; returning false ends it, without
 * an error. */
typedef struct mw_query_sink {
    bool (*columns)(void *user, const char *const *names, size_t count);
    bool (*row)(void *user, const mw_query_value *values, size_t count);
    void *user;
} mw_query_sink;

/**
 * One SELECT (or WITH, VALUES, EXPLAIN). Rows come as they are found.
 * @return MW_OK; MW_ERR_INVALID: it is not valid SQL, not one statement or not a reading one, names
 * no view or column (the nearest is told), or a parameter is missing; MW_ERR_TIMEOUT; MW_ERR_LIMIT
 * (rows, memory, size); MW_ERR_CANCELLED; what the store says. Rows may have been given before.
 */
mw_status mw_query_run(mw_query *q, const char *sql, const mw_query_param *params, size_t count,
                       const mw_query_sink *sink, mw_error *err);

/**
 * What the statements so far relied on and the snapshot does not have whole: a type that was not
 * collected, scopes that were not read, columns (of a type's view or of `resource`) whose facet or describe call failed
 * or was not asked for, findings of a snapshot that no run has judged. One line each; strings valid during the call.
 */
void mw_query_gaps(const mw_query *q, void (*gap)(void *user, const char *view, const char *what), void *user);

/** The views and their columns, in the order of `SELECT *`. @p type is NULL for those that are none
 * of a type's. */
mw_status mw_query_schema(mw_query *q, bool (*view)(void *user, const char *name, const char *type), void *user,
                          mw_error *err);
/** MW_ERR_NOTFOUND names the nearest view. */
mw_status mw_query_view(mw_query *q, const char *name,
                        bool (*column)(void *user, const char *name, const char *kind, bool facet), void *user,
                        mw_error *err);

#endif
