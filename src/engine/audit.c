/*
 * The broker's side of an audit: scopes wait for a free worker, workers ask over their sockets, the
 * client's event loop carries both. Every byte of a worker is hostile: records are bounded and checked,
 * operations must be known to only read, a worker that does not keep to the order is ended and its scope has
 * failed. A failed scope keeps the rows that it gave and never becomes a complete one.
 */
#include "engine/audit_internal.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS_MAX   ((size_t)1000000) /* of all scopes */
#define ROWS_BYTES ((size_t)512 << 20)
#define SILENT_MS  600000 /* a worker that neither computes nor asks; computing is bounded by RLIMIT_CPU */
#define IN_MAX     (MW_RECORD_MAX * 4)

typedef enum account_state { ACCOUNT_NEW, ACCOUNT_READY, ACCOUNT_WRONG } account_state;

struct run;

struct account {
    struct run *run;
    mw_scope scope; /* for asking who they are */
    account_state state;
    char seen[13];
    const char *why;
};

struct runner {
    struct run *run;
    mw_http_watch watch;
    pid_t pid;
    bool running, asking; /* asking: a call is under way; the slot is taken until it ended */
    mw_audit_scope *scope;
    mw_buf in, out, page;
    size_t sent;
    /* the call under way */
    mw_scope where;
    char key[256];
    uint32_t pages, pages_max;
    size_t answered;
    bool too_large;
};

struct run {
    const mw_audit_options *o;
    mw_audit *out;
    const mw_http *http;
    struct account *accounts;
    struct runner runners[MW_AUDIT_WORKERS];
    mw_doc_builder *params;
    size_t next, done;
    uint64_t calls;
    bool isolation_said;
    mw_error fatal;
};

static void start_more(struct run *r);

static unsigned cpu_ms(const mw_audit_options *o)
{
    return o->cpu_ms ? o->cpu_ms : MW_AUDIT_CPU_MS;
}

/* ---- texts and states ---- */

static const char *keep(struct run *r, const char *s, size_t len)
{
    const char *copy = mw_arena_strndup(&r->out->arena, s, len);

    return copy ? copy : "out of memory";
}

static void tell(struct run *r)
{
    const mw_audit_progress p = {
        .scopes_done = r->done, .scopes_total = r->out->scope_count, .rows = r->out->row_count, .calls = r->calls};

    if (r->o->on_progress)
        r->o->on_progress(r->o->user, &p);
}

static void settle(struct run *r, mw_audit_scope *s, mw_audit_state state, const char *why, size_t len)
{
    if (s->state != MW_AUDIT_WAITING)
        return;
    s->state = state;
    s->message = why ? keep(r, why, len) : NULL;
    r->done++;
    tell(r);
}

/* ---- a worker's end ---- */

static void stop(struct runner *w, int *status)
{
    if (!w->running)
        return;
    w->running = false;
    w->run->http->unwatch(w->run->http->ctx, &w->watch);
    close(w->watch.fd);
    kill(w->pid, SIGKILL);
    while (waitpid(w->pid, status, 0) < 0 && errno == EINTR)
        ;
    mw_buf_clear(&w->in);
    mw_buf_clear(&w->out);
    mw_buf_clear(&w->page);
}

static void end(struct runner *w, mw_audit_state state, const char *why, size_t len)
{
    settle(w->run, w->scope, state, why, len);
    stop(w, NULL);
}

static void incredible(struct runner *w, const char *why)
{
    char text[MW_ERROR_MESSAGE_SIZE + 64];

    snprintf(text, sizeof(text), "its worker was ended: %s", why);
    end(w, MW_AUDIT_FAILED, text, strlen(text));
}

static void bury(struct runner *w)
{
    char text[128];
    int status = 0;
    struct run *r = w->run;
    mw_audit_scope *s = w->scope;

    stop(w, &status);
    mw__worker_death(status, text, sizeof(text));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        snprintf(text, sizeof(text), "its worker took more than %u s of processor time", cpu_ms(r->o) / 1000);
    settle(r, s, MW_AUDIT_FAILED, text, strlen(text));
}

/* ---- answers ---- */

static void flush(struct runner *w)
{
    while (w->running && w->sent < w->out.len) {
        ssize_t n = send(w->watch.fd, w->out.data + w->sent, w->out.len - w->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break; /* no room yet; or it is gone, which reading tells */
        w->sent += (size_t)n;
    }
    if (w->sent == w->out.len) {
        mw_buf_reset(&w->out);
        w->sent = 0;
    }
    w->watch.writing = w->sent < w->out.len;
}

static void send_frame(struct runner *w, mw_frame_kind kind, const char *data, size_t len)
{
    const uint8_t head[MW_FRAME_HEADER] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
                                           (uint8_t)(len >> 24), (uint8_t)kind};

    if (w->sent > 0) {
        memmove(w->out.data, w->out.data + w->sent, w->out.len - w->sent);
        w->out.len -= w->sent;
        w->sent = 0;
    }
    mw_buf_add(&w->out, head, sizeof(head), NULL);
    mw_buf_add(&w->out, data ? data : "", len, NULL);
    if (w->out.failed != MW_OK) {
        incredible(w, "out of memory for an answer");
        return;
    }
    flush(w);
}

static void send_error(struct runner *w, const char *code, const char *message)
{
    MW_AUTO(mw_buf) json = {.max = 16384};

    mw_buf_puts(&json, "{\"code\":");
    mw_json_write_string(&json, code, strnlen(code, 256));
    mw_buf_puts(&json, ",\"message\":");
    mw_json_write_string(&json, message, strnlen(message, 1024));
    mw_buf_putc(&json, '}');
    send_frame(w, MW_FRAME_ERROR, json.data, json.len);
}

static bool on_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct runner *w = user;

    if (!w->running)
        return false;
    mw_buf_reset(&w->page);
    w->page.failed = MW_OK;
    w->page.max = MW_AUDIT_ANSWER_MAX - w->answered;
    if (mw_json_write(&w->page, mw_doc_view(page), result, MW_JSON_COMPACT) != MW_OK) {
        w->too_large = true;
        return false;
    }
    w->answered += w->page.len;
    send_frame(w, MW_FRAME_PAGE, w->page.data, w->page.len);
    return w->running && (w->pages_max == 0 || ++w->pages < w->pages_max);
}

static void on_done(void *user, const mw_call_result *result)
{
    struct runner *w = user;
    struct run *r = w->run;
    char text[160];

    w->asking = false;
    if (w->running) {
        w->watch.deadline_ms = mw_mono_ms() + SILENT_MS;
        if (w->too_large) {
            snprintf(text, sizeof(text), "the answer is larger than %zu MiB", MW_AUDIT_ANSWER_MAX >> 20);
            send_error(w, "limit", text);
        } else if (result->status == MW_OK) {
            send_frame(w, MW_FRAME_END, w->key, strlen(w->key));
        } else if (result->status == MW_ERR_AWS) {
            send_error(w, result->aws.code, result->aws.message);
        } else {
            send_error(w, mw_status_name(result->status), result->error.message);
        }
        tell(r);
    }
    start_more(r);
}

/* ---- questions ---- */

static void answer(struct runner *w, const mw_record *rec)
{
    struct run *r = w->run;
    const mw_audit_account *a = &r->o->accounts[w->scope->of];
    mw_call c = {.scope = &w->where,
                 .validate = true,
                 .paginate = rec->item != MW_VM_ASK_CALL,
                 .on_page = on_page,
                 .on_done = on_done,
                 .user = w};
    const mw_operation *op = NULL;
    mw_error err = {0};
    mw_status st;

    if (w->asking) {
        incredible(w, "it asked before it was answered");
        return;
    }
    if (++w->scope->calls > MW_AUDIT_CALLS_MAX) {
        incredible(w, "more calls than a scope may make");
        return;
    }
    if (r->o->snapshot_fd >= 0) {
        send_error(w, "refused",
                   "this audit runs over a stored snapshot, which asks AWS nothing: leave --snapshot out "
                   "for live calls");
        return;
    }
    mw_doc_builder_reset(r->params);
    w->key[0] = '\0';
    st = mw__audit_question(mw_client_models(r->o->client), rec, r->params, &op, &c.params, &err);
    if (st == MW_OK && rec->item == MW_VM_ASK_ITEMS)
        st = mw__audit_items_key(op, w->key, sizeof(w->key), &err);
    if (st == MW_OK) {
        w->where = (mw_scope){.partition = w->scope->partition,
                              .account = w->scope->account,
                              .region = w->scope->region,
                              .credentials = a->credentials};
        w->pages = 0;
        w->pages_max = rec->count;
        w->answered = 0;
        w->too_large = false;
        c.service = mw_service_name(mw_operation_service(op));
        c.operation = mw_operation_name(op);
        c.params_doc = mw_doc_view(r->params);
        st = mw_client_call(r->o->client, &c, &err);
    }
    if (st != MW_OK) {
        send_error(w, st == MW_ERR_CONFLICT ? "refused" : mw_status_name(st), err.message);
        return;
    }
    w->asking = true;
    w->watch.deadline_ms = 0;
    r->calls++;
}

/* ---- rows ---- */

static void take_row(struct runner *w, mw_str text)
{
    const mw_json_options json = {.max_depth = 64};
    struct run *r = w->run;
    mw_audit *a = r->out;
    mw_error err = {0};
    const mw_doc *d = mw_doc_view(a->doc);
    mw_val v;

    if (w->scope->rows >= MW_AUDIT_ROWS_MAX || a->row_count >= ROWS_MAX) {
        incredible(w, "more rows than a scope (100000) or an audit (1000000) may give");
        return;
    }
    if (mw_json_read(a->doc, text.data ? text.data : "", text.len, &json, NULL, &err) != MW_OK) {
        incredible(w,
                   mw_doc_builder_status(a->doc, NULL) == MW_OK ? "a row that is not JSON" : "the rows are too large");
        return;
    }
    v = mw_doc_pop(a->doc);
    if (mw_val_kind(d, v) != MW_KIND_OBJECT || mw_val_len(d, v) > MW_AUDIT_COLUMNS_MAX) {
        incredible(w, "a row must have 1 to 64 columns by name");
        return;
    }
    if (a->row_count == a->row_cap) {
        size_t cap = a->row_cap ? a->row_cap * 2 : 64;
        mw_audit_row *grown = mw_realloc(a->rows, cap * sizeof(*grown));
        if (!grown) {
            incredible(w, "out of memory for rows");
            return;
        }
        a->rows = grown;
        a->row_cap = cap;
    }
    a->rows[a->row_count++] = (mw_audit_row){(uint32_t)(w->scope - a->scopes), v};
    w->scope->rows++;
}

static void take_columns(struct runner *w, mw_str text)
{
    mw_audit *a = w->run->out;
    uint32_t scope = (uint32_t)(w->scope - a->scopes);
    const mw_doc *d = mw_doc_view(a->doc);
    bool ok;
    mw_val v;

    if (a->columns != MW_VAL_ABSENT && a->columns_scope < scope)
        return;
    ok = mw_json_read(a->doc, text.data ? text.data : "", text.len, NULL, NULL, NULL) == MW_OK;
    v = ok ? mw_doc_pop(a->doc) : MW_VAL_ABSENT;
    ok = ok && mw_val_kind(d, v) == MW_KIND_ARRAY && mw_val_len(d, v) <= MW_AUDIT_COLUMNS_MAX;
    for (size_t i = 0; ok && i < mw_val_len(d, v); i++)
        ok = mw_val_kind(d, mw_val_at(d, v, i)) == MW_KIND_STRING;
    if (!ok) {
        incredible(w, "columns must be a list of at most 64 names");
        return;
    }
    a->columns = v;
    a->columns_scope = scope;
}

/* ---- records ---- */

static void take_record(struct runner *w, const mw_record *rec)
{
    struct run *r = w->run;
    mw_audit_scope *s = w->scope;

    switch (rec->kind) {
    case MW_RECORD_READY:
        mw__worker_isolation(rec->text[0]);
        if (!r->isolation_said)
            mw_log_info("workers: isolation %.*s", (int)rec->text[0].len, rec->text[0].data ? rec->text[0].data : "");
        r->isolation_said = true;
        return;
    case MW_RECORD_LOG:
        if (++s->lines > MW_AUDIT_LINES_MAX)
            incredible(w, "more than 10000 lines printed");
        else if (r->o->on_line)
            r->o->on_line(r->o->user, s->account, s->region, rec->text[0].data ? rec->text[0].data : "",
                          rec->text[0].len);
        return;
    case MW_RECORD_ROW: take_row(w, rec->text[0]); return;
    case MW_RECORD_COLUMNS: take_columns(w, rec->text[0]); return;
    case MW_RECORD_ASK: answer(w, rec); return;
    case MW_RECORD_FAILED:
        end(w, MW_AUDIT_FAILED, rec->text[0].data ? rec->text[0].data : "", rec->text[0].len);
        return;
    case MW_RECORD_DONE:
        if (w->asking)
            incredible(w, "it ended without waiting for its answer");
        else
            end(w, MW_AUDIT_COMPLETE, NULL, 0);
        return;
    case MW_RECORD_VERDICT:
    case MW_RECORD_PASSES:
    case MW_RECORD_OBSERVED:
    case MW_RECORD_LOADED:
    case MW_RECORD_PROFILE:
    case MW_RECORD_FIXTURE: break;
    }
    incredible(w, "a record that has no place in an audit");
}

static void take_records(struct runner *w)
{
    size_t at = 0;

    while (w->running && at < w->in.len) {
        mw_error err = {0};
        mw_record rec;
        size_t used;
        mw_status st = mw_record_decode(w->in.data + at, w->in.len - at, &rec, &used, &err);
        if (st == MW_ERR_PENDING)
            break;
        if (st != MW_OK)
            incredible(w, err.message);
        else
            take_record(w, &rec);
        at += used;
    }
    if (w->running && at > 0) {
        memmove(w->in.data, w->in.data + at, w->in.len - at);
        w->in.len -= at;
    }
}

static void on_ready(void *user)
{
    struct runner *w = user;
    char *to;
    ssize_t n;

    if (w->watch.writing)
        flush(w);
    to = mw_buf_reserve(&w->in, MW_RECORD_MAX, NULL);
    n = to ? recv(w->watch.fd, to, MW_RECORD_MAX, MSG_DONTWAIT) : 0;
    if (n > 0) {
        mw_buf_grown(&w->in, (size_t)n);
        if (!w->asking)
            w->watch.deadline_ms = mw_mono_ms() + SILENT_MS;
        take_records(w);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        bury(w);
    } else if (w->watch.deadline_ms && mw_mono_ms() >= w->watch.deadline_ms) {
        incredible(w, "it gave no sign of life for 10 minutes");
    }
    if (!w->running)
        start_more(w->run);
}

/* ---- starting ---- */

static mw_status make_bundle(const mw_audit_options *o, const mw_audit_scope *s, bool first, int *fd, mw_error *err)
{
    mw_doc_builder *b;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    *fd = -1;
    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "path", o->path);
    mw_doc_ckey(b, "source");
    mw_doc_add_str(b, o->source, o->len);
    mw_doc_member_bool(b, "check", !s);
    mw_doc_member_int(b, "cpu_ms", cpu_ms(o));
    if (s) {
        mw_doc_member_str(b, "account", s->account);
        mw_doc_member_str(b, "region", s->region);
        mw_doc_member_str(b, "partition", s->partition);
        mw_doc_member_int(b, "now", o->now_unix ? o->now_unix : mw_client_now_unix(o->client));
        mw_doc_member_bool(b, "snapshot", o->snapshot_fd >= 0);
        mw_doc_member_bool(b, "first", first);
    }
    mw_doc_ckey(b, "args");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < o->arg_count; i++)
        mw_doc_add_cstr(b, o->args[i]);
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    st = mw_doc_finish_memfd(b, mw_doc_pop(b), fd, err);
    mw_doc_builder_free(b);
    return st;
}

static mw_status spawn(const mw_audit_options *o, const mw_audit_scope *s, bool first, pid_t *pid, int *fd,
                       mw_error *err)
{
    int bundle;
    mw_status st = make_bundle(o, s, first, &bundle, err);

    if (st != MW_OK)
        return st;
    st = mw__worker_spawn_talking("audit", s && o->snapshot_fd >= 0 ? o->snapshot_fd : bundle, bundle, pid, fd, err);
    close(bundle);
    return st;
}

static mw_status start(struct run *r, struct runner *w, mw_audit_scope *s, mw_error *err)
{
    bool first = s == r->out->scopes || s[-1].of != s->of;
    int fd;
    mw_status st = spawn(r->o, s, first, &w->pid, &fd, err);

    if (st != MW_OK)
        return st;
    w->run = r;
    w->scope = s;
    w->sent = 0;
    w->in = (mw_buf){.max = IN_MAX};
    w->out = (mw_buf){.max = MW_AUDIT_ANSWER_MAX + ((size_t)1 << 20)};
    w->page = (mw_buf){0};
    w->watch = (mw_http_watch){.fd = fd, .ready = on_ready, .user = w, .deadline_ms = mw_mono_ms() + SILENT_MS};
    w->running = true;
    r->http->watch(r->http->ctx, &w->watch);
    return MW_OK;
}

static bool scope_is_running(const struct run *r, const mw_audit_scope *s)
{
    for (size_t i = 0; i < MW_AUDIT_WORKERS; i++)
        if (r->runners[i].running && r->runners[i].scope == s)
            return true;
    return false;
}

/* The next scope that can run; those of an account that is not what it should be fail here. */
static mw_audit_scope *next_scope(struct run *r)
{
    mw_audit *a = r->out;

    while (r->next < a->scope_count && a->scopes[r->next].state != MW_AUDIT_WAITING)
        r->next++;
    for (size_t i = r->next; i < a->scope_count; i++) {
        mw_audit_scope *s = &a->scopes[i];
        const struct account *of = &r->accounts[s->of];
        if (s->state != MW_AUDIT_WAITING || scope_is_running(r, s))
            continue;
        if (of->state == ACCOUNT_READY)
            return s;
        if (of->state == ACCOUNT_WRONG)
            settle(r, s, MW_AUDIT_FAILED, of->why, strlen(of->why));
    }
    return NULL;
}

static void start_more(struct run *r)
{
    for (size_t i = 0; i < MW_AUDIT_WORKERS; i++) {
        struct runner *w = &r->runners[i];
        mw_audit_scope *s;
        if (w->running || w->asking)
            continue;
        if (r->fatal.status != MW_OK || (r->o->stop && *r->o->stop) || !(s = next_scope(r)))
            return;
        if (start(r, w, s, &r->fatal) != MW_OK)
            return;
    }
}

/* ---- accounts ---- */

static bool identity_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct account *a = user;

    snprintf(a->seen, sizeof(a->seen), "%s", mw_val_get_str(mw_doc_view(page), result, "Account", ""));
    return true;
}

static void identity_done(void *user, const mw_call_result *result)
{
    struct account *a = user;
    struct run *r = a->run;
    char text[MW_ERROR_MESSAGE_SIZE];

    a->state = ACCOUNT_WRONG;
    if (result->status != MW_OK) {
        a->why = keep(r, result->error.message, strlen(result->error.message));
    } else if (strcmp(a->seen, a->scope.account) != 0) {
        snprintf(text, sizeof(text), "the credentials belong to account %s, expected %s", a->seen, a->scope.account);
        a->why = keep(r, text, strlen(text));
    } else {
        a->state = ACCOUNT_READY;
    }
    start_more(r);
}

static mw_status ask_who(struct run *r, mw_error *err)
{
    for (size_t i = 0; i < r->o->account_count; i++) {
        const mw_audit_account *of = &r->o->accounts[i];
        struct account *a = &r->accounts[i];
        mw_call c = {.scope = &a->scope,
                     .service = "sts",
                     .operation = "GetCallerIdentity",
                     .params = MW_VAL_ABSENT,
                     .on_page = identity_page,
                     .on_done = identity_done,
                     .user = a};
        mw_status st;

        a->run = r;
        a->state = of->verify && of->region_count ? ACCOUNT_NEW : ACCOUNT_READY;
        if (a->state == ACCOUNT_READY)
            continue;
        a->scope = (mw_scope){.partition = of->partition,
                              .account = of->account,
                              .region = of->regions[0],
                              .credentials = of->credentials};
        if ((st = mw_client_call(r->o->client, &c, err)) != MW_OK)
            return st;
        r->calls++;
    }
    return MW_OK;
}

/* ---- the whole ---- */

static mw_status lay_out(struct run *r, mw_error *err)
{
    const mw_audit_options *o = r->o;
    const mw_doc_options doc = {.max_bytes = ROWS_BYTES};
    mw_audit *a = r->out;
    size_t count = 0;

    for (size_t i = 0; i < o->account_count; i++)
        count += o->accounts[i].region_count;
    a->columns = MW_VAL_ABSENT;
    a->scopes = mw_arena_alloc(&a->arena, (count + 1) * sizeof(*a->scopes));
    r->accounts = mw_alloc((o->account_count + 1) * sizeof(*r->accounts));
    if (!a->scopes || !r->accounts || count > UINT32_MAX)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for %zu scopes", count);
    for (size_t i = 0; i < o->account_count; i++)
        for (size_t k = 0; k < o->accounts[i].region_count; k++)
            a->scopes[a->scope_count++] =
                (mw_audit_scope){.account = mw_arena_strdup(&a->arena, o->accounts[i].account),
                                 .region = mw_arena_strdup(&a->arena, o->accounts[i].regions[k]),
                                 .partition = mw_arena_strdup(&a->arena, o->accounts[i].partition),
                                 .of = i};
    for (size_t i = 0; i < a->scope_count; i++)
        if (!a->scopes[i].account || !a->scopes[i].region || !a->scopes[i].partition)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory for %zu scopes", count);
    if (mw_doc_builder_new(&doc, &a->doc, err) != MW_OK)
        return err ? err->status : MW_ERR_NOMEM;
    return mw_doc_builder_new(NULL, &r->params, err);
}

/* Rows by scope, each scope's in the order given: counting sort, so that it is stable. */
static mw_status sort_rows(mw_audit *a, mw_error *err)
{
    mw_audit_row *sorted = mw_alloc((a->row_count + 1) * sizeof(*sorted));
    size_t *at = mw_alloc((a->scope_count + 1) * sizeof(*at));

    if (!sorted || !at) {
        mw_free(sorted);
        mw_free(at);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for %zu rows", a->row_count);
    }
    for (size_t i = 1; i < a->scope_count; i++)
        at[i] = at[i - 1] + a->scopes[i - 1].rows;
    for (size_t i = 0; i < a->row_count; i++)
        sorted[at[a->rows[i].scope]++] = a->rows[i];
    mw_free(at);
    mw_free(a->rows);
    a->rows = sorted;
    a->row_cap = a->row_count + 1;
    return MW_OK;
}

mw_status mw_audit_run(const mw_audit_options *o, mw_audit *out, mw_error *err)
{
    struct run *r = mw_alloc(sizeof(*r));
    mw_status st, sorted;

    if (!r)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for an audit");
    r->o = o;
    r->out = out;
    r->http = mw_client_http(o->client);
    if (!r->http->watch)
        st = mw_fail(err, MW_ERR_UNSUPPORTED, "this carrier cannot wait for workers");
    else if ((st = lay_out(r, err)) == MW_OK) {
        if (ask_who(r, &r->fatal) == MW_OK)
            start_more(r);
        st = mw_client_run(o->client, err); /* also when one could not be asked: the others know of this run */
    }
    for (size_t i = 0; i < MW_AUDIT_WORKERS; i++)
        stop(&r->runners[i], NULL);
    if (st == MW_OK && r->fatal.status != MW_OK) {
        st = r->fatal.status;
        if (err)
            *err = r->fatal;
    }
    if (st == MW_OK && o->stop && *o->stop)
        st = mw_fail(err, MW_ERR_CANCELLED, "stopped by a signal");
    for (size_t i = 0; i < out->scope_count; i++)
        if (out->scopes[i].state == MW_AUDIT_WAITING)
            out->scopes[i].state = MW_AUDIT_STOPPED;
    sorted = out->scopes ? sort_rows(out, st == MW_OK ? err : NULL) : MW_OK;
    mw_doc_builder_free(r->params);
    mw_free(r->accounts);
    mw_free(r);
    return st != MW_OK ? st : sorted;
}

void mw_audit_clear(mw_audit *a)
{
    mw_doc_builder_free(a->doc);
    mw_free(a->rows);
    mw_arena_clear(&a->arena);
    *a = (mw_audit){0};
}

/* ---- before anything is called ---- */

mw_status mw_audit_check(const char *path, const char *source, size_t len, mw_error *err)
{
    const mw_audit_options o = {.path = path, .source = source, .len = len, .snapshot_fd = -1};
    MW_AUTO(mw_buf) in = {.max = MW_RECORD_MAX * 2};
    char why[128];
    int fd, status = 0;
    mw_record rec;
    size_t used, at = 0;
    pid_t pid;
    mw_status st = spawn(&o, NULL, false, &pid, &fd, err);

    if (st != MW_OK)
        return st;
    st = mw_fd_read_all(fd, "worker", &in, err);
    close(fd);
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (st != MW_OK)
        return st;
    while (at < in.len && mw_record_decode(in.data + at, in.len - at, &rec, &used, err) == MW_OK) {
        if (rec.kind == MW_RECORD_DONE)
            return MW_OK;
        if (rec.kind == MW_RECORD_FAILED)
            return mw_fail(err, MW_ERR_SCRIPT, "%.*s", (int)rec.text[0].len, rec.text[0].data ? rec.text[0].data : "");
        at += used;
    }
    return mw_fail(err, MW_ERR_IO, "workers cannot start: %s", mw__worker_death(status, why, sizeof(why)));
}

bool mw_audit_once_per_account(const char *source, size_t len)
{
    const char *p = source, *end_of = source + len;

    while (end_of - p > 2 && p[0] == '-' && p[1] == '-') {
        const char *eol = memchr(p, '\n', (size_t)(end_of - p));
        size_t n = (size_t)((eol ? eol : end_of) - p), skip = 2;
        while (skip < n && (p[skip] == '-' || p[skip] == ' '))
            skip++;
        if (n - skip >= 14 && memcmp(p + skip, "@scope account", 14) == 0)
            return true;
        if (!eol)
            break;
        p = eol + 1;
    }
    return false;
}
