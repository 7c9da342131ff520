/*
 * Statements of the PostgreSQL driver. Rows come one at a time from the wire; when another statement
 * needs it, what is left is read into memory first, packed. Rows in bulk are gathered here and sent by
 * COPY, in binary, before anything that could see them. Parameters and results go in binary, except
 * integers as parameters, which PostgreSQL then reads as wide as it likes. Relies on every integer
 * column being BIGINT; must never lose a failure: one that came while rows were read into memory is told
 * where they end.
 */
#include "store/postgres.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX   ((size_t)16 << 10)
#define ROWS_MAX  ((size_t)4 << 30)
#define COPY_MAX  ((size_t)256 << 20) /* a row of the largest document, twice over */
#define TEXT_TYPE 25u                 /* pg_type.dat: oid of text */
#define COPY_AT   ((size_t)1 << 20)   /* bytes that are sent at once */

static mw_pg_query *query_of(mw_query *q)
{
    return (mw_pg_query *)(void *)q;
}

static uint32_t big32(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put_big(mw_buf *b, uint64_t value, int bytes)
{
    char text[8];

    for (int i = 0; i < bytes; i++)
        text[i] = (char)(value >> (8 * (bytes - 1 - i)));
    mw_buf_add(b, text, (size_t)bytes, NULL);
}

/* ---- texts of SQL ---- */

static void translate(mw_pg_statement *t, const char *sql)
{
    if ((t->copy = mw_str_starts(sql, "COPY "))) {
        mw_buf_printf(&t->text, "%s FROM STDIN (FORMAT binary)", sql);
        t->columns = 1;
        for (const char *at = sql; (at = strchr(at, ',')); at++)
            t->columns++;
        return;
    }
    for (const char *at = sql; *at; at++) /* no text of the store's SQL has a question mark in it */
        mw_buf_putc(&t->text, *at == '?' ? '$' : *at);
    mw_buf_puts(&t->text, "");
}

static mw_pg_statement *statement_of(mw_postgres *pg, const char *sql)
{
    mw_pg_statement *t;

    for (t = pg->statements; t; t = t->next)
        if (strcmp(t->sql, sql) == 0)
            return t;
    if (!(t = mw_alloc(sizeof(*t))))
        return NULL;
    t->text.max = SQL_MAX;
    t->rows.max = COPY_MAX;
    translate(t, sql);
    if (!(t->sql = mw_strdup(sql)) || t->text.failed != MW_OK) {
        mw_buf_clear(&t->text);
        mw_free(t->sql);
        mw_free(t);
        return NULL;
    }
    t->next = pg->statements;
    return pg->statements = t;
}

void mw__pg_statements_free(mw_postgres *pg)
{
    while (pg->statements) {
        mw_pg_statement *t = pg->statements;
        pg->statements = t->next;
        mw_buf_clear(&t->text);
        mw_buf_clear(&t->rows);
        mw_free(t->sql);
        mw_free(t);
    }
}

mw_status mw__pg_prepare(mw_store *s, const char *sql, mw_query **out, mw_error *err)
{
    mw_pg_query *q = mw_alloc(sizeof(*q));

    *out = NULL;
    if (!q || !(q->statement = statement_of(mw__pg_of(s), sql))) {
        mw_free(q);
        return mw_fail(err, MW_ERR_NOMEM, "store %s: out of memory", s->path);
    }
    q->base.s = s;
    q->rows.max = ROWS_MAX;
    *out = &q->base;
    return MW_OK;
}

void mw__pg_finalize(mw_query *base)
{
    mw_pg_query *q = query_of(base);

    mw__pg_reset(base);
    mw_buf_clear(&q->rows);
    mw_free(q);
}

void mw__pg_bind_int(mw_query *base, int at, int64_t value)
{
    mw_pg_query *q = query_of(base);

    q->parameters[at - 1] = (mw_pg_parameter){.kind = MW_PG_INT, .number = value};
    q->count = at > q->count ? at : q->count;
}

void mw__pg_bind_bytes(mw_query *base, int at, const void *data, size_t len, bool text)
{
    mw_pg_query *q = query_of(base);

    q->parameters[at - 1] = (mw_pg_parameter){.kind = !data  ? MW_PG_NULL
                                                      : text ? MW_PG_TEXT
                                                             : MW_PG_BYTES,
                                              .data = data,
                                              .len = len};
    q->count = at > q->count ? at : q->count;
}

/* ---- the wire ---- */

static void take_wire(mw_pg_query *q)
{
    q->columns = PQnfields(q->result) < MW_PG_COLUMNS_MAX ? PQnfields(q->result) : MW_PG_COLUMNS_MAX;
    for (int i = 0; i < q->columns; i++) {
        q->values[i] = PQgetisnull(q->result, 0, i) ? NULL : PQgetvalue(q->result, 0, i);
        q->lengths[i] = PQgetlength(q->result, 0, i);
    }
}

/* A result that ends a statement: the wire is free behind it. */
static bool end_wire(mw_postgres *pg, PGresult *result)
{
    ExecStatusType is = PQresultStatus(result);
    bool whole = is == PGRES_TUPLES_OK || is == PGRES_COMMAND_OK;

    if (whole)
        pg->changes = strtoll(PQcmdTuples(result), NULL, 10);
    else
        mw__pg_remember(pg, result);
    PQclear(result);
    while ((result = PQgetResult(pg->db)))
        PQclear(result);
    pg->wire = NULL;
    return whole;
}

static void pack_row(mw_pg_query *q, const PGresult *result)
{
    for (int i = 0; i < PQnfields(result) && i < MW_PG_COLUMNS_MAX; i++) {
        int len = PQgetlength(result, 0, i);
        bool null = PQgetisnull(result, 0, i);
        put_big(&q->rows, null ? UINT32_MAX : (uint32_t)len, 4);
        if (!null)
            mw_buf_add(&q->rows, PQgetvalue(result, 0, i), (size_t)len + 1, NULL);
    }
}

/* Read into memory what the wire's query has left. */
static void free_wire(mw_postgres *pg)
{
    mw_pg_query *q = pg->wire;
    PGresult *result;

    if (!q)
        return;
    while ((result = PQgetResult(pg->db)) && PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
        q->columns = PQnfields(result) < MW_PG_COLUMNS_MAX ? PQnfields(result) : MW_PG_COLUMNS_MAX;
        pack_row(q, result);
        PQclear(result);
    }
    q->broken = !end_wire(pg, result);
    if (q->rows.failed != MW_OK) {
        q->broken = true;
        snprintf(pg->state, sizeof(pg->state), "53200");
    }
}

static bool send_rows(mw_postgres *pg, mw_pg_statement *t)
{
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", tail[] = "\377\377";
    PGresult *result = PQexec(pg->db, t->text.data);
    bool sent = PQresultStatus(result) == PGRES_COPY_IN;

    if (!sent)
        mw__pg_remember(pg, result);
    PQclear(result);
    if (sent) {
        bool put = t->rows.failed == MW_OK && PQputCopyData(pg->db, head, sizeof(head) - 1) == 1;
        for (size_t at = 0; put && at < t->rows.len; at += COPY_AT)
            put = PQputCopyData(pg->db, t->rows.data + at,
                                (int)(t->rows.len - at < COPY_AT ? t->rows.len - at : COPY_AT)) == 1;
        put = put && PQputCopyData(pg->db, tail, sizeof(tail) - 1) == 1;
        PQputCopyEnd(pg->db, put ? NULL : "out of memory");
        result = PQgetResult(pg->db);
        sent = end_wire(pg, result) && put;
    }
    mw_buf_reset(&t->rows);
    return sent;
}

bool mw__pg_settle(mw_postgres *pg)
{
    bool sent = true;

    free_wire(pg);
    for (mw_pg_statement *t = pg->statements; t && sent; t = t->next)
        if (t->rows.len > 0 || t->rows.failed != MW_OK)
            sent = send_rows(pg, t);
    return sent;
}

void mw__pg_forget(mw_postgres *pg)
{
    free_wire(pg);
    for (mw_pg_statement *t = pg->statements; t; t = t->next)
        mw_buf_reset(&t->rows);
}

static mw_step add_row(mw_pg_query *q)
{
    mw_pg_statement *t = q->statement;
    mw_postgres *pg = mw__pg_of(q->base.s);

    put_big(&t->rows, (uint64_t)t->columns, 2);
    for (int i = 0; i < t->columns; i++) {
        const mw_pg_parameter *p = &q->parameters[i];
        if (p->kind == MW_PG_NULL) {
            put_big(&t->rows, UINT32_MAX, 4);
        } else if (p->kind == MW_PG_INT) {
            put_big(&t->rows, 8, 4);
            put_big(&t->rows, (uint64_t)p->number, 8);
        } else {
            put_big(&t->rows, p->len, 4);
            mw_buf_add(&t->rows, p->data, p->len, NULL);
        }
    }
    if (t->rows.failed != MW_OK) {
        snprintf(pg->state, sizeof(pg->state), "53200");
        return MW_FAILED;
    }
    return t->rows.len < COPY_AT || (free_wire(pg), send_rows(pg, t)) ? MW_DONE : MW_FAILED;
}

/* ---- running one ---- */

/* The types of texts are said: `?1 IS NULL` alone would not tell. Those of all others come from where they stand. */
static bool know(mw_postgres *pg, const mw_pg_query *q)
{
    mw_pg_statement *t = q->statement;
    Oid types[MW_PARAMETERS_MAX];
    PGresult *result;
    bool known;

    if (t->name[0])
        return true;
    snprintf(t->name, sizeof(t->name), "moonward_%u", ++pg->names);
    for (int i = 0; i < q->count; i++)
        types[i] = q->parameters[i].kind == MW_PG_TEXT || q->parameters[i].kind == MW_PG_NULL ? TEXT_TYPE : 0;
    result = PQprepare(pg->db, t->name, t->text.data, q->count, types);
    known = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!known) {
        mw__pg_remember(pg, result);
        t->name[0] = '\0';
    }
    PQclear(result);
    return known;
}

static bool start(mw_pg_query *q)
{
    const char *values[MW_PARAMETERS_MAX];
    int lengths[MW_PARAMETERS_MAX], formats[MW_PARAMETERS_MAX];
    char numbers[MW_PARAMETERS_MAX][24];
    mw_postgres *pg = mw__pg_of(q->base.s);

    if (!mw__pg_settle(pg) || !know(pg, q))
        return false;
    for (int i = 0; i < q->count; i++) {
        const mw_pg_parameter *p = &q->parameters[i];
        if (p->kind == MW_PG_INT)
            snprintf(numbers[i], sizeof(numbers[i]), "%lld", (long long)p->number);
        values[i] = p->kind == MW_PG_INT ? numbers[i] : p->data;
        lengths[i] = (int)p->len;
        formats[i] = p->kind == MW_PG_TEXT || p->kind == MW_PG_BYTES;
    }
    if (!PQsendQueryPrepared(pg->db, q->statement->name, q->count, values, lengths, formats, 1)) {
        mw__pg_remember(pg, NULL);
        return false;
    }
    PQsetSingleRowMode(pg->db);
    pg->wire = q;
    return q->running = true;
}

static mw_step next_from_wire(mw_pg_query *q)
{
    PQclear(q->result);
    q->result = PQgetResult(mw__pg_of(q->base.s)->db);
    if (PQresultStatus(q->result) == PGRES_SINGLE_TUPLE) {
        take_wire(q);
        return MW_ROW;
    }
    PGresult *last = q->result;
    q->result = NULL;
    return end_wire(mw__pg_of(q->base.s), last) ? MW_DONE : MW_FAILED;
}

static mw_step next_from_memory(mw_pg_query *q)
{
    if (q->at >= q->rows.len)
        return q->broken ? MW_FAILED : MW_DONE;
    for (int i = 0; i < q->columns; i++) {
        uint32_t len = big32(q->rows.data + q->at);
        q->at += 4;
        q->values[i] = len == UINT32_MAX ? NULL : q->rows.data + q->at;
        q->lengths[i] = len == UINT32_MAX ? 0 : (int)len;
        if (len != UINT32_MAX)
            q->at += (size_t)len + 1;
    }
    return MW_ROW;
}

mw_step mw__pg_step(mw_query *base)
{
    mw_pg_query *q = query_of(base);
    mw_postgres *pg = mw__pg_of(base->s);
    mw_step code;

    if (q->statement->copy)
        return add_row(q);
    if (!q->running && !start(q))
        return MW_FAILED;
    code = pg->wire == q ? next_from_wire(q) : next_from_memory(q);
    if (code != MW_ROW) /* the next step begins anew */
        mw__pg_reset(base);
    return code;
}

void mw__pg_reset(mw_query *base)
{
    mw_pg_query *q = query_of(base);
    mw_postgres *pg = mw__pg_of(base->s);
    PGresult *result;

    if (pg->wire == q) { /* nobody wants the rest */
        while ((result = PQgetResult(pg->db)) && PQresultStatus(result) == PGRES_SINGLE_TUPLE)
            PQclear(result);
        end_wire(pg, result);
    }
    PQclear(q->result);
    q->result = NULL;
    if (q->rows.cap > COPY_AT)
        mw_buf_clear(&q->rows);
    else
        mw_buf_reset(&q->rows);
    q->at = 0;
    q->columns = 0;
    q->running = q->broken = false;
}

int64_t mw__pg_column_int(mw_query *base, int column)
{
    const mw_pg_query *q = query_of(base);
    uint64_t value;

    if (column >= q->columns || !q->values[column] || q->lengths[column] < 1 || q->lengths[column] > 8)
        return 0;
    value = q->values[column][0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < q->lengths[column]; i++)
        value = value << 8 | (unsigned char)q->values[column][i];
    return (int64_t)value;
}

const void *mw__pg_column_bytes(mw_query *base, int column, size_t *len)
{
    const mw_pg_query *q = query_of(base);
    bool there = column < q->columns && q->values[column];

    if (len)
        *len = there ? (size_t)q->lengths[column] : 0;
    return there ? q->values[column] : NULL;
}
