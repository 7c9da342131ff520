/*
 * Stores for one test program, removed at its end: files in a folder, or, where MOONWARD_TEST_POSTGRES names a
 * database, schemas in it (tests/support/postgres.py). The same tests run over both.
 */
#ifndef MW_TEST_SCRATCH_H
#define MW_TEST_SCRATCH_H

#include <dirent.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_folder[64];

/* The database, or NULL: files. */
static inline const char *scratch_database(void)
{
    return getenv("MOONWARD_TEST_POSTGRES");
}

static inline int scratch_make(void **state)
{
    (void)state;
    snprintf(scratch_folder, sizeof(scratch_folder), "/tmp/mw-test-XXXXXX");
    return mkdtemp(scratch_folder) ? 0 : -1;
}

/* What messages call a store of this name: its file, or its schema. */
static inline const char *scratch_called(const char *name)
{
    static char called[64];
    size_t n = 0;

    if (!scratch_database())
        return name;
    n = (size_t)snprintf(called, sizeof(called), "t_%s", name);
    for (size_t i = 0; i < n && i < sizeof(called); i++)
        if (called[i] == '.')
            called[i] = '_';
    return called;
}

static inline const char *scratch(const char *name)
{
    static char path[512];

    if (scratch_database())
        snprintf(path, sizeof(path), "%s&schema=%s", scratch_database(), scratch_called(name));
    else
        snprintf(path, sizeof(path), "%s/%s", scratch_folder, name);
    return path;
}

static inline bool scratch_postgres(const char *sql)
{
    PGconn *db = PQconnectdb(scratch_database());
    PGresult *result = PQexec(db, sql);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;

    if (!done)
        fprintf(stderr, "%s: %s", sql, PQerrorMessage(db));
    PQclear(result);
    PQfinish(db);
    return done;
}

/* Behind the store's back. Did it work? */
static inline bool scratch_sql(const char *name, const char *sql)
{
    sqlite3 *db;
    char text[1024];
    bool done;

    if (scratch_database()) {
        snprintf(text, sizeof(text), "SET search_path TO %s; %s", scratch_called(name), sql);
        return scratch_postgres(text);
    }
    done = sqlite3_open(scratch(name), &db) == SQLITE_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(db);
    return done;
}

/* Empty it (one level) and, at the end, remove it. */
static inline int scratch_empty(void **state)
{
    DIR *d = opendir(scratch_folder);
    struct dirent *e;
    char path[512];

    (void)state;
    while (d && (e = readdir(d)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", scratch_folder, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (void)(unlink(path) == 0 || rmdir(path) == 0);
    }
    if (d)
        closedir(d);
    if (scratch_database())
        scratch_postgres(
            "SET client_min_messages TO error; DO $$ DECLARE name text; BEGIN FOR name IN SELECT nspname FROM"
            " pg_namespace WHERE nspname LIKE 't\\_%' LOOP EXECUTE 'DROP SCHEMA ' || name || ' CASCADE';"
            " END LOOP; END $$");
    return 0;
}

static inline int scratch_remove(void **state)
{
    scratch_empty(state);
    return rmdir(scratch_folder);
}

#endif
