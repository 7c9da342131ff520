/* What the files of this floor share: the query and its views. */
#ifndef MW_QUERY_INTERNAL_H
#define MW_QUERY_INTERNAL_H

#include "query/query.h"

#include <sqlite3.h>

typedef enum query_view_kind { VIEW_TYPE, VIEW_RESOURCE, VIEW_COVERAGE, VIEW_FINDING, VIEW_RUN } query_view_kind;

typedef struct query_view {
    mw_query *q;
    query_view_kind kind;
    const char *name, *type_name; /* type_name NULL: not of one type */
    const mw_type *type;          /* NULL when it is no longer known */
    const mw_column *members;     /* of VIEW_TYPE, filled when it is first used */
    size_t member_count;
    bool ready;
    bool *read; /* of each member: a statement looked at it */
    bool used, read_document;
    bool read_tags, read_envelope; /* a statement looked at `tags`; at them, `arn`, `name` or `created` */
    bool unjudged;                 /* of VIEW_FINDING: read, and no finished run is over the snapshot */
} query_view;

struct mw_query {
    mw_store *store;
    mw_query_options o;
    sqlite3 *db;
    mw_arena arena;
    const char *id, *digest;
    mw_doc *about;
    query_view *views;
    size_t view_count;
    mw_error failure; /* of a view, told instead of SQLite's words */
    int64_t deadline_ms, heap_before;
    bool timed_out, cancelled, declaring;
};

/** Columns that all resources have, before AWS's own. */
enum {
    COL_ACCOUNT,
    COL_REGION,
    COL_PARTITION,
    COL_TYPE,
    COL_ID,
    COL_ARN,
    COL_NAME,
    COL_CREATED,
    COL_TAGS,
    COL_STALE,
    COL_UNKNOWN,
    COL_DOCUMENT,
    COL_MEMBERS
};
extern const mw_column mw__query_envelope[COL_MEMBERS];

/** Declared type of a column whose text is a document: a value of it is compared as what it is,
 * never as text. */
#define QUERY_JSON_TYPE "JSON BLOB"

/** Columns of coverage, finding and run. */
const mw_column *mw__query_columns(query_view_kind kind, size_t *count);
/** Fill a type's members. */
mw_status mw__query_prepare_view(query_view *v, mw_error *err);
/** Did the snapshot ask for what fills this member? */
bool mw__query_collected(const query_view *v, const char *member);

extern const sqlite3_module mw__query_resources; /* resources.c: VIEW_TYPE and VIEW_RESOURCE */
extern const sqlite3_module mw__query_records;   /* records.c: the others */

/** xOpen: a cursor that is a copy of @p fresh, which begins with SQLite's own part. */
int mw__query_open_cursor(const void *fresh, size_t size, sqlite3_vtab_cursor **out);
/** A view of SQLite's: what xConnect makes. */
typedef struct query_vtab {
    sqlite3_vtab base;
    query_view *view;
} query_vtab;
int mw__query_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **message);
int mw__query_disconnect(sqlite3_vtab *v);
/** Remember a failure of the store and make SQLite stop. */
int mw__query_fail(query_view *v);

#endif
