/*
 * The connection that statements run on, and running one. It is hardened before anything of a
 * user's reaches it: an authorizer that lets nothing but reading through, DEFENSIVE, an untrusted
 * schema, limits on size and depth, a heap ceiling, and a progress handler that ends what runs too
 * long. Relies on the views for all data; must never be given the store's connection.
 */
#include "query/internal.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

#include <stdio.h>
#include <string.h>

#define TIMEOUT_MS   60000
#define ROWS_MAX     10000000u
#define PROGRESS_OPS 200 /* of SQLite's machine between two looks at the clock: well under a millisecond */

/* ---- safety ---- */

static int authorize(void *user, int action, const char *a, const char *b, const char *database, const char *trigger)
{
    static const char *const refused[] = {"load_extension", "fts3_tokenizer", "sqlite_log"};

    const mw_query *q = user;

    (void)a;
    (void)database;
    (void)trigger;
    if (q->declaring) /* a view says what columns it has */
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION:
        for (size_t i = 0; i < MW_COUNT(refused); i++)
            if (mw_str_ieq(b, refused[i]))
                return SQLITE_DENY;
        return SQLITE_OK;
    default: return SQLITE_DENY;
    }
}

static int progress(void *user)
{
    mw_query *q = user;

    q->timed_out = q->timed_out || mw_mono_ms() > q->deadline_ms;
    q->cancelled = q->cancelled || (q->o.stop && *q->o.stop);
    return q->timed_out || q->cancelled;
}

static void harden(mw_query *q)
{
    static const struct {
        int limit, value;
    } limits[] = {
        {SQLITE_LIMIT_SQL_LENGTH, MW_QUERY_SQL_MAX},
        {SQLITE_LIMIT_LENGTH, (int)MW_SNAPSHOT_DOC_MAX + 1},
        {SQLITE_LIMIT_EXPR_DEPTH, 200},
        {SQLITE_LIMIT_COMPOUND_SELECT, 100},
        {SQLITE_LIMIT_FUNCTION_ARG, 100},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 1000},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
        {SQLITE_LIMIT_VDBE_OP, 1000000},
    };

    sqlite3_extended_result_codes(q->db, 1);
    for (size_t i = 0; i < MW_COUNT(limits); i++)
        sqlite3_limit(q->db, limits[i].limit, limits[i].value);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_set_authorizer(q->db, authorize, q);
    sqlite3_progress_handler(q->db, PROGRESS_OPS, progress, q);
}

/* ---- views ---- */

/* AWS::EC2::SecurityGroup, or its alias ec2.security_group: ec2_security_group. */
static const char *view_name(mw_arena *arena, const char *type, const char *alias)
{
    MW_AUTO(mw_buf) name = {.max = 1024};
    const char *from = alias ? alias : mw_str_starts(type, "AWS::") ? type + 5 : type;
    char before = '\0';

    for (; *from; before = *from++) {
        char c = *from;
        bool upper = c >= 'A' && c <= 'Z';
        if (upper && ((before >= 'a' && before <= 'z') || (before >= '0' && before <= '9')))
            mw_buf_putc(&name, '_');
        if (upper)
            c = (char)(c - 'A' + 'a');
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            c = '_';
        if (c != '_' || (name.len && name.data[name.len - 1] != '_'))
            mw_buf_putc(&name, c);
    }
    return mw_arena_strdup(arena, name.data ? name.data : "_");
}

static query_view *find(mw_query *q, const char *name)
{
    for (size_t i = 0; i < q->view_count; i++)
        if (mw_str_ieq(q->views[i].name, name))
            return &q->views[i];
    return NULL;
}

static mw_status add_view(mw_query *q, query_view_kind kind, const char *name, const char *type_name, mw_error *err)
{
    query_view *v = &q->views[q->view_count];

    if (!name)
        return mw_fail(err, MW_ERR_NOMEM, "query: out of memory");
    if (find(q, name)) /* a team's type with the name of another: the first is the view, `resource`
                          has both */
        return MW_OK;
    *v = (query_view){.q = q,
                      .kind = kind,
                      .name = name,
                      .type_name = type_name,
                      .type = type_name && q->o.types ? mw_types_get(q->o.types, type_name) : NULL};
    q->view_count++;
    if (sqlite3_create_module(q->db, name, kind <= VIEW_RESOURCE ? &mw__query_resources : &mw__query_records, v) !=
        SQLITE_OK)
        return mw_fail(err, MW_ERR_NOMEM, "query: view %s: %s", name, sqlite3_errmsg(q->db));
    return MW_OK;
}

static mw_status add_views(mw_query *q, mw_error *err)
{
    mw_val types = mw_val_get(q->about, mw_doc_root(q->about), "types");
    size_t known = q->o.types ? mw_types_count(q->o.types) : 0, had = mw_val_len(q->about, types);
    mw_status st;

    if (!(q->views = mw_arena_alloc(&q->arena, (known + had + 4) * sizeof(*q->views))))
        return mw_fail(err, MW_ERR_NOMEM, "query: out of memory");
    if ((st = add_view(q, VIEW_RESOURCE, "resource", NULL, err)) != MW_OK ||
        (st = add_view(q, VIEW_COVERAGE, "coverage", NULL, err)) != MW_OK ||
        (st = add_view(q, VIEW_FINDING, "finding", NULL, err)) != MW_OK ||
        (st = add_view(q, VIEW_RUN, "run", NULL, err)) != MW_OK)
        return st;
    for (size_t i = 0; i < known && st == MW_OK; i++) {
        const mw_type *t = mw_types_at(q->o.types, i);
        st = add_view(q, VIEW_TYPE, view_name(&q->arena, mw_type_name(t), mw_type_alias(t)), mw_type_name(t), err);
    }
    for (size_t i = 0; i < had && st == MW_OK; i++) { /* types that only the snapshot knows */
        mw_val key;
        const char *name;
        mw_val_member(q->about, types, i, &key);
        name = mw_val_str(q->about, key, NULL);
        if (!q->o.types || !mw_types_get(q->o.types, name))
            st = add_view(q, VIEW_TYPE, view_name(&q->arena, name, NULL), name, err);
    }
    return st;
}

/* ---- opening ---- */

struct finding_it {
    mw_query *q;
    mw_error *err;
    mw_status st;
};

static bool take_info(void *user, const mw_snapshot_info *i)
{
    const mw_json_options exact = {.exact = true};
    struct finding_it *f = user;
    mw_query *q = f->q;
    mw_doc_builder *b = NULL;

    q->id = mw_arena_strdup(&q->arena, i->id);
    q->digest = mw_arena_strdup(&q->arena, i->digest);
    if (!q->id || !q->digest)
        f->st = mw_fail(f->err, MW_ERR_NOMEM, "query: out of memory");
    else if ((f->st = mw_doc_builder_new(NULL, &b, f->err)) == MW_OK &&
             (f->st = mw_json_read(b, i->about, strlen(i->about), &exact, NULL, f->err)) == MW_OK)
        f->st = mw_doc_finish(b, mw_doc_pop(b), &q->about, f->err);
    mw_doc_builder_free(b);
    return false;
}

mw_status mw_query_open(mw_store *s, const char *snapshot, const mw_query_options *o, mw_query **out, mw_error *err)
{
    mw_query *q = mw_alloc(sizeof(*q));
    struct finding_it f = {.q = q, .err = err};
    mw_status st;

    *out = NULL;
    if (!q)
        return mw_fail(err, MW_ERR_NOMEM, "query: out of memory");
    q->store = s;
    q->o = *o;
    q->arena.max_bytes = (size_t)256 << 20;
    q->heap_before = sqlite3_hard_heap_limit64(MW_QUERY_HEAP_MAX);
    if ((st = mw_snapshot_find(s, snapshot, take_info, &f, err)) != MW_OK || (st = f.st) != MW_OK)
        goto out;
    if (sqlite3_open_v2(":memory:", &q->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        st = mw_fail(err, MW_ERR_NOMEM, "query: %s", q->db ? sqlite3_errmsg(q->db) : "out of memory");
        goto out;
    }
    /* Sorting and joining stay in memory: documents must not lie in temporary files. SQLite's own
       table functions say what columns they have while nothing is refused yet. */
    if (sqlite3_exec(q->db, "PRAGMA temp_store = MEMORY; SELECT 1 FROM json_each('[]'), json_tree('[]')", NULL, NULL,
                     NULL) != SQLITE_OK) {
        st = mw_fail(err, MW_ERR_UNSUPPORTED, "query: this SQLite has no JSON functions: %s", sqlite3_errmsg(q->db));
        goto out;
    }
    if ((st = add_views(q, err)) != MW_OK)
        goto out;
    harden(q);
    *out = q;
    q = NULL;
out:
    mw_query_close(q);
    return st;
}

void mw_query_close(mw_query *q)
{
    if (!q)
        return;
    sqlite3_close(q->db);
    sqlite3_hard_heap_limit64(q->heap_before);
    mw_doc_free(q->about);
    mw_arena_clear(&q->arena);
    mw_free(q);
}

/* ---- failures ---- */

/* "no such table: x", "no such column: v.x": the nearest of what there is. */
static const char *nearest(mw_query *q, const char *message, mw_arena *arena)
{
    static const char table[] = "no such table: ", column[] = "no such column: ";
    const char *word, *dot;
    const char **names;
    size_t count = 0, room = q->view_count;

    if (mw_str_starts(message, table)) {
        if (!(names = mw_arena_alloc(arena, room * sizeof(*names))))
            return NULL;
        for (size_t i = 0; i < q->view_count; i++)
            names[count++] = q->views[i].name;
        word = message + sizeof(table) - 1;
        return mw_nearest(mw_str_starts(word, "main.") ? word + 5 : word, names, count);
    }
    if (!mw_str_starts(message, column))
        return NULL;
    word = message + sizeof(column) - 1;
    word = (dot = strrchr(word, '.')) ? dot + 1 : word;
    room = 64;
    for (size_t i = 0; i < q->view_count; i++)
        room += q->views[i].member_count;
    if (!(names = mw_arena_alloc(arena, room * sizeof(*names))))
        return NULL;
    for (query_view_kind k = VIEW_RESOURCE; k <= VIEW_RUN; k++) {
        size_t n;
        const mw_column *fixed = mw__query_columns(k, &n);
        for (size_t i = 0; i < n && count < room; i++)
            names[count++] = fixed[i].name;
    }
    for (size_t i = 0; i < q->view_count; i++) /* those that the statement named were prepared */
        for (size_t k = 0; k < q->views[i].member_count && count < room; k++)
            names[count++] = q->views[i].members[k].name;
    return mw_nearest(word, names, count);
}

static mw_status failed(mw_query *q, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    const char *why = sqlite3_errmsg(q->db), *near;

    if (q->cancelled)
        return mw_fail(err, MW_ERR_CANCELLED, "query: stopped by a signal");
    if (q->timed_out)
        return mw_fail(err, MW_ERR_TIMEOUT,
                       "query: it ran longer than %lld ms: join on a condition, or allow more with --timeout",
                       (long long)q->o.timeout_ms);
    if (q->failure.status != MW_OK) {
        *err = q->failure;
        return err->status;
    }
    switch (sqlite3_errcode(q->db) & 0xFF) {
    case SQLITE_NOMEM:
        return mw_fail(err, MW_ERR_LIMIT, "query: it needs more than %lld MiB of memory",
                       (long long)(MW_QUERY_HEAP_MAX >> 20));
    case SQLITE_TOOBIG: return mw_fail(err, MW_ERR_LIMIT, "query: a value or the statement is too large");
    case SQLITE_AUTH: return mw_fail(err, MW_ERR_INVALID, "query: %s: a statement may only read", why);
    default: break;
    }
    if ((near = nearest(q, why, &arena)) != NULL)
        return mw_fail(err, MW_ERR_INVALID, "query: %.300s; did you mean '%s'?", why, near);
    if (mw_str_starts(why, "no such "))
        return mw_fail(err, MW_ERR_INVALID, "query: %.300s; 'moonward query --schema' tells what there is", why);
    return mw_fail(err, MW_ERR_INVALID, "query: %.400s", why);
}

/* ---- running ---- */

static mw_status bind_all(mw_query *q, sqlite3_stmt *stmt, const mw_query_param *params, size_t count, mw_error *err)
{
    int wanted = sqlite3_bind_parameter_count(stmt);
    MW_AUTO(mw_arena) arena = {0};
    bool *used = mw_arena_alloc(&arena, count + 1);

    if (!used)
        return mw_fail(err, MW_ERR_NOMEM, "query: out of memory");
    for (int i = 1; i <= wanted; i++) {
        const char *name = sqlite3_bind_parameter_name(stmt, i);
        bool found = false;
        if (!name)
            return mw_fail(err, MW_ERR_INVALID, "query: parameters have names: write :name instead of ?");
        for (size_t k = 0; k < count; k++)
            if (strcmp(params[k].name, name + 1) == 0) {
                found = used[k] = true;
                if (sqlite3_bind_text(stmt, i, params[k].value, -1, SQLITE_STATIC) != SQLITE_OK)
                    return failed(q, err);
            }
        if (!found)
            return mw_fail(err, MW_ERR_INVALID, "query: nothing is given for %.80s: add --param %.80s=VALUE", name,
                           name + 1);
    }
    for (size_t k = 0; k < count; k++)
        if (!used[k])
            return mw_fail(err, MW_ERR_INVALID, "query: the statement has no parameter :%.80s", params[k].name);
    return MW_OK;
}

static mw_query_value value_of(sqlite3_stmt *stmt, int i)
{
    mw_query_value v = {.kind = MW_QUERY_NULL};

    switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_INTEGER:
        v.kind = MW_QUERY_INTEGER;
        v.integer = sqlite3_column_int64(stmt, i);
        break;
    case SQLITE_FLOAT:
        v.kind = MW_QUERY_REAL;
        v.real = sqlite3_column_double(stmt, i);
        break;
    case SQLITE_NULL: break;
    default:
        v.kind = MW_QUERY_TEXT;
        v.json = mw_str_eq(sqlite3_column_decltype(stmt, i), QUERY_JSON_TYPE);
        v.text = (const char *)sqlite3_column_text(stmt, i);
        v.len = (size_t)sqlite3_column_bytes(stmt, i);
        if (!v.text)
            v = (mw_query_value){.kind = MW_QUERY_NULL};
        break;
    }
    return v;
}

static mw_status give_columns(sqlite3_stmt *stmt, size_t count, mw_arena *arena, const mw_query_sink *sink, bool *go_on,
                              mw_error *err)
{
    const char **names = mw_arena_alloc(arena, (count + 1) * sizeof(*names));

    if (!names)
        return mw_fail(err, MW_ERR_NOMEM, "query: out of memory");
    for (size_t i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(stmt, (int)i);
        names[i] = name ? name : "";
    }
    *go_on = sink->columns(sink->user, names, count);
    return MW_OK;
}

static mw_status step(mw_query *q, sqlite3_stmt *stmt, const mw_query_sink *sink, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    size_t count = (size_t)sqlite3_column_count(stmt), rows = 0;
    mw_query_value *values = mw_arena_alloc(&arena, (count + 1) * sizeof(*values));
    bool go_on = false;
    int code = SQLITE_DONE;
    mw_status st;

    if (!values)
        return mw_fail(err, MW_ERR_NOMEM, "query: out of memory");
    if ((st = give_columns(stmt, count, &arena, sink, &go_on, err)) != MW_OK)
        return st;
    while (go_on && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (rows++ == q->o.max_rows)
            return mw_fail(err, MW_ERR_LIMIT, "query: more than %zu rows", q->o.max_rows);
        for (size_t i = 0; i < count; i++)
            values[i] = value_of(stmt, (int)i);
        if (sqlite3_errcode(q->db) == SQLITE_NOMEM) /* a text that could not be made is no NULL */
            return failed(q, err);
        go_on = sink->row(sink->user, values, count);
    }
    return !go_on || code == SQLITE_DONE ? MW_OK : failed(q, err);
}

/* Nothing but blanks, comments and semicolons may follow. */
static mw_status check_tail(mw_query *q, const char *tail, mw_error *err)
{
    sqlite3_stmt *second = NULL;
    mw_status st = MW_OK;

    while (st == MW_OK && *tail) {
        const char *from = tail;
        if (sqlite3_prepare_v2(q->db, from, -1, &second, &tail) != SQLITE_OK || second)
            st = mw_fail(err, MW_ERR_INVALID, "query: one statement, please: something follows the first");
        sqlite3_finalize(second);
        second = NULL;
        if (tail == from)
            break;
    }
    return st;
}

mw_status mw_query_run(mw_query *q, const char *sql, const mw_query_param *params, size_t count,
                       const mw_query_sink *sink, mw_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const char *tail = "";
    mw_status st;

    if (q->o.timeout_ms <= 0)
        q->o.timeout_ms = TIMEOUT_MS;
    if (q->o.max_rows == 0)
        q->o.max_rows = ROWS_MAX;
    q->failure = (mw_error){0};
    q->timed_out = q->cancelled = false;
    q->deadline_ms = mw_mono_ms() + q->o.timeout_ms;
    if (sqlite3_prepare_v2(q->db, sql, -1, &stmt, &tail) != SQLITE_OK)
        st = failed(q, err);
    else if (!stmt)
        st = mw_fail(err, MW_ERR_INVALID, "query: there is no statement");
    else if (!sqlite3_stmt_readonly(stmt) || sqlite3_column_count(stmt) == 0) /* REINDEX of nothing writes nothing */
        st = mw_fail(err, MW_ERR_INVALID, "query: a statement may only read");
    else if ((st = check_tail(q, tail, err)) == MW_OK && (st = bind_all(q, stmt, params, count, err)) == MW_OK)
        st = step(q, stmt, sink, err);
    sqlite3_finalize(stmt);
    return st;
}

/* ---- what is missing ---- */

struct gap_count {
    const query_view *v;
    size_t scopes, incomplete, facets;
    char first[256], facet[128];
};

static const char *tag_facet(const query_view *v)
{
    return v->type ? mw_type_tag_facet(v->type) : NULL;
}

/* Did a statement look at `tags` of the type, in its own view or in `resource`? */
static bool tags_read(const query_view *v)
{
    return v->read_tags || v->q->views[0].read_tags;
}

/* A facet of the ledger that is no column is a describe call, which fills them all. */
static bool facet_read(const query_view *v, const char *facet)
{
    const query_view *resource = &v->q->views[0];
    size_t len = strcspn(facet, ".");
    bool any = v->read_document || resource->read_document;

    if (any || (tags_read(v) && mw_str_eq(facet, tag_facet(v))))
        return true;
    for (size_t i = 0; i < v->member_count; i++) {
        if (strlen(v->members[i].name) == len && strncmp(v->members[i].name, facet, len) == 0)
            return v->read[i];
        any = any || v->read[i];
    }
    return !(v->type && mw_type_has_facet(v->type, facet)) && (any || v->read_envelope || resource->read_envelope);
}

static bool count_gap(void *user, const mw_snapshot_scope *s)
{
    struct gap_count *g = user;

    if (strcmp(s->type, g->v->type_name) != 0)
        return true;
    g->scopes += !s->facet;
    if (strcmp(s->state, "complete") == 0)
        return true;
    if (!s->facet && g->incomplete++ == 0)
        snprintf(g->first, sizeof(g->first), "%s %s: %s", s->account, s->region, s->state);
    if (s->facet && facet_read(g->v, s->facet) && g->facets++ == 0)
        snprintf(g->facet, sizeof(g->facet), "%s in %s %s: %s", s->facet, s->account, s->region, s->state);
    return true;
}

static void gaps_of(const query_view *v, void (*gap)(void *user, const char *view, const char *what), void *user)
{
    const mw_doc *d = v->q->about;
    struct gap_count g = {.v = v};
    MW_AUTO(mw_buf) missing = {.max = 4096};
    char line[512];

    if (mw_val_get(d, mw_val_get(d, mw_doc_root(d), "types"), v->type_name) == MW_VAL_ABSENT) {
        gap(user, v->name, "the snapshot did not collect this type");
        return;
    }
    if (mw_snapshot_scopes(v->q->store, v->q->id, count_gap, &g, NULL) != MW_OK)
        gap(user, v->name, "its coverage cannot be read");
    if (g.incomplete) {
        snprintf(line, sizeof(line), "%zu of %zu scopes were not read whole (%s)", g.incomplete, g.scopes, g.first);
        gap(user, v->name, line);
    }
    if (g.facets) {
        snprintf(line, sizeof(line), "%zu facets could not be read (%s)", g.facets, g.facet);
        gap(user, v->name, line);
    }
    for (size_t i = 0; i < v->member_count; i++)
        if (v->read[i] && v->members[i].facet && !mw__query_collected(v, v->members[i].name))
            mw_buf_join(&missing, missing.len ? ", " : "", v->members[i].name, NULL);
    if (tags_read(v) && tag_facet(v) && !mw__query_collected(v, tag_facet(v)))
        mw_buf_join(&missing, missing.len ? ", " : "", "tags", NULL);
    if (missing.len) {
        snprintf(line, sizeof(line), "the snapshot did not ask for %.400s: NULL there means nothing", missing.data);
        gap(user, v->name, line);
    }
}

void mw_query_gaps(const mw_query *q, void (*gap)(void *user, const char *view, const char *what), void *user)
{
    for (size_t i = 0; i < q->view_count; i++) {
        if (q->views[i].kind == VIEW_TYPE && q->views[i].used)
            gaps_of(&q->views[i], gap, user);
        if (q->views[i].unjudged)
            gap(user, q->views[i].name, "no finished run has judged this snapshot");
    }
}

/* ---- the schema ---- */

mw_status mw_query_schema(mw_query *q, bool (*view)(void *user, const char *name, const char *type), void *user,
                          mw_error *err)
{
    (void)err;
    for (size_t i = 0; i < q->view_count; i++)
        if (!view(user, q->views[i].name, q->views[i].type_name))
            break;
    return MW_OK;
}

mw_status mw_query_view(mw_query *q, const char *name,
                        bool (*column)(void *user, const char *name, const char *kind, bool facet), void *user,
                        mw_error *err)
{
    static const char *const kinds[] = {"text", "integer", "real", "json"};
    MW_AUTO(mw_buf) message = {.max = 1024};
    MW_AUTO(mw_arena) arena = {0};
    query_view *v = find(q, name);
    const mw_column *fixed;
    const char *near;
    size_t count;
    mw_status st;

    if (!v) {
        mw_buf_printf(&message, "no such table: %.200s", name);
        near = message.data ? nearest(q, message.data, &arena) : NULL;
        return mw_fail(err, MW_ERR_NOTFOUND, "there is no view '%.200s'%s%s%s", name, near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
    }
    if ((st = mw__query_prepare_view(v, err)) != MW_OK)
        return st;
    fixed = mw__query_columns(v->kind, &count);
    for (size_t i = 0; i < count; i++)
        if (!column(user, fixed[i].name, kinds[fixed[i].kind], false))
            return MW_OK;
    for (size_t i = 0; i < v->member_count; i++)
        if (!column(user, v->members[i].name, kinds[v->members[i].kind], v->members[i].facet))
            return MW_OK;
    return MW_OK;
}
