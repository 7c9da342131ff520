/*
 * Waiters. The acceptors are tried in the model's order, and the first that matches decides, as in
 * botocore: path matchers look at the answer (never at an error), status at the HTTP status, error at
 * the code. Relies on the client for every call and every pause; it must never ask without end, and an
 * error that no acceptor expects ends the wait.
 */
#include "aws/waiter.h"

#include "base/mem.h"
#include "base/str.h"
#include "moonward/jmespath.h"

#include <string.h>

#define ACCEPTORS_MAX 64   /* the largest model has 15 */
#define DELAY_MAX_S   3600 /* the largest of the models is 300 */
#define ATTEMPTS_MAX  100000
#define NAMES_MAX     256

typedef enum matcher { MATCH_PATH, MATCH_ALL, MATCH_ANY, MATCH_STATUS, MATCH_ERROR } matcher;
typedef enum wait_state { WAIT_RETRY, WAIT_SUCCESS, WAIT_FAILURE } wait_state;

typedef struct acceptor {
    matcher matcher;
    wait_state state;
    const char *argument; /* of a path matcher; in the models */
    mw_jmespath *path;
    mw_val expected; /* in the models' document */
} acceptor;

struct mw_waiter_spec {
    const mw_operation *op;
    const mw_doc *doc;
    const char *name;
    int delay_s, attempts;
    size_t count;
    acceptor acceptors[ACCEPTORS_MAX];
};

/* ---- names ---- */

static char folded(const char **s)
{
    char c;

    while (**s == '_' || **s == '-')
        (*s)++;
    c = **s;
    if (c)
        (*s)++;
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(const char *a, const char *b)
{
    char x;

    do
        if ((x = folded(&a)) != folded(&b))
            return false;
    while (x);
    return true;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

mw_status mw_waiter_snake_name(mw_buf *out, const char *name)
{
    for (size_t i = 0; name[i]; i++) {
        bool starts = is_upper(name[i]) && i > 0 &&
                      (!is_upper(name[i - 1]) || (name[i + 1] && !is_upper(name[i + 1]) && name[i + 1] != 's'));

        if (starts)
            mw_buf_putc(out, '_');
        mw_buf_putc(out, is_upper(name[i]) ? (char)(name[i] - 'A' + 'a') : name[i]);
    }
    return out->failed;
}

/* The nearest of the operation's waiters, else of the service's, spelt as the user spelt his. */
static mw_status no_such(const mw_operation *op, const char *name, mw_error *err)
{
    const mw_service *service = mw_operation_service(op);
    const mw_doc *d = mw_models_doc(mw_service_models(service));
    mw_val waiters = mw_service_waiters(service), key, w;
    bool snake = !is_upper(*name);
    MW_AUTO(mw_buf) names = {0};
    size_t starts[NAMES_MAX], count = 0, own = 0;
    const char *candidates[NAMES_MAX], *nearest;

    for (int pass = 0; pass < 2; pass++) { /* first the operation's own */
        for (size_t i = 0; i < mw_val_len(d, waiters) && count < NAMES_MAX; i++) {
            w = mw_val_member(d, waiters, i, &key);
            if (mw_str_eq(mw_val_get_str(d, w, "operation", ""), mw_operation_name(op)) == pass)
                continue;
            starts[count++] = names.len;
            if (snake)
                mw_waiter_snake_name(&names, mw_val_str(d, key, NULL));
            else
                mw_buf_puts(&names, mw_val_str(d, key, NULL));
            mw_buf_putc(&names, '\0');
        }
        if (pass == 0)
            own = count;
    }
    if (names.failed != MW_OK)
        return mw_buf_status(&names, err);
    for (size_t i = 0; i < count; i++)
        candidates[i] = names.data + starts[i];
    nearest = mw_nearest(name, candidates, own);
    if (!nearest)
        nearest = mw_nearest(name, candidates, count);
    if (!nearest && own > 0)
        return mw_fail(err, MW_ERR_NOTFOUND, "%s:%s has no waiter '%s'; one of its own is '%s'",
                       mw_service_name(service), mw_operation_name(op), name, candidates[0]);
    if (!nearest)
        return mw_fail(err, MW_ERR_NOTFOUND, "%s:%s has no waiter", mw_service_name(service), mw_operation_name(op));
    return mw_fail(err, MW_ERR_NOTFOUND, "%s has no waiter '%s', did you mean '%s'?", mw_service_name(service), name,
                   nearest);
}

static mw_status find(const mw_operation *op, const char *name, const char **found, mw_val *out, mw_error *err)
{
    const mw_service *service = mw_operation_service(op);
    const mw_doc *d = mw_models_doc(mw_service_models(service));
    mw_val waiters = mw_service_waiters(service), key;
    const char *operation;

    for (size_t i = 0; i < mw_val_len(d, waiters); i++) {
        *out = mw_val_member(d, waiters, i, &key);
        *found = mw_val_str(d, key, NULL);
        if (!same_name(*found, name))
            continue;
        operation = mw_val_get_str(d, *out, "operation", "");
        if (strcmp(operation, mw_operation_name(op)) != 0)
            return mw_fail(err, MW_ERR_INVALID, "the waiter '%s' asks %s:%s, not %s", *found, mw_service_name(service),
                           operation, mw_operation_name(op));
        return MW_OK;
    }
    return no_such(op, name, err);
}

/* ---- reading a model ---- */

static mw_status bad_model(const mw_waiter_spec *s, size_t i, const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_PARSE, "waiter %s: acceptor %zu: %s", s->name, i + 1, what);
}

static mw_status read_acceptor(mw_waiter_spec *s, size_t i, mw_val from, mw_error *err)
{
    static const char *const matchers[] = {"path", "pathAll", "pathAny", "status", "error"};
    static const char *const states[] = {"retry", "success", "failure"};
    const char *m = mw_val_get_str(s->doc, from, "matcher", "");
    const char *state = mw_val_get_str(s->doc, from, "state", "");
    acceptor *a = &s->acceptors[i];
    size_t k, n;
    mw_status st;

    for (k = 0; k < MW_COUNT(matchers) && strcmp(matchers[k], m) != 0;)
        k++;
    for (n = 0; n < MW_COUNT(states) && strcmp(states[n], state) != 0;)
        n++;
    if (k == MW_COUNT(matchers))
        return bad_model(s, i, "an unknown matcher", err);
    if (n == MW_COUNT(states))
        return bad_model(s, i, "an unknown state", err);
    a->matcher = (matcher)k;
    a->state = (wait_state)n;
    a->expected = mw_val_get(s->doc, from, "expected");
    if (a->matcher == MATCH_STATUS && mw_val_kind(s->doc, a->expected) != MW_KIND_INT)
        return bad_model(s, i, "expected a status number", err);
    if (a->matcher >= MATCH_STATUS)
        return MW_OK;
    a->argument = mw_val_get_str(s->doc, from, "argument", NULL);
    if (!a->argument)
        return bad_model(s, i, "a path matcher without a path", err);
    if ((st = mw_jmespath_compile(a->argument, strlen(a->argument), &a->path, err)) != MW_OK)
        return mw_error_prefix(err, st, "waiter %s: acceptor %zu", s->name, i + 1);
    return MW_OK;
}

static mw_status read_number(const mw_waiter_spec *s, mw_val from, const char *key, int max, int *out, mw_error *err)
{
    int64_t n = mw_val_get_int(s->doc, from, key, 0);

    if (n < 1 || n > max)
        return mw_fail(err, MW_ERR_PARSE, "waiter %s: %s is not from 1 to %d", s->name, key, max);
    *out = (int)n;
    return MW_OK;
}

mw_status mw_waiter_spec_new(const mw_operation *op, const char *name, mw_waiter_spec **out, mw_error *err)
{
    mw_waiter_spec *s;
    mw_val from = MW_VAL_ABSENT, list;
    mw_status st;

    *out = NULL;
    s = mw_alloc(sizeof(*s));
    if (!s)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    s->op = op;
    s->doc = mw_models_doc(mw_service_models(mw_operation_service(op)));
    if ((st = find(op, name, &s->name, &from, err)) != MW_OK ||
        (st = read_number(s, from, "delay", DELAY_MAX_S, &s->delay_s, err)) != MW_OK ||
        (st = read_number(s, from, "maxAttempts", ATTEMPTS_MAX, &s->attempts, err)) != MW_OK)
        goto out;
    list = mw_val_get(s->doc, from, "acceptors");
    s->count = mw_val_len(s->doc, list);
    if (s->count == 0 || s->count > ACCEPTORS_MAX) {
        s->count = 0;
        st = mw_fail(err, MW_ERR_PARSE, "waiter %s: not from 1 to %d acceptors", s->name, ACCEPTORS_MAX);
        goto out;
    }
    for (size_t i = 0; i < s->count && st == MW_OK; i++)
        st = read_acceptor(s, i, mw_val_at(s->doc, list, i), err);
out:
    if (st != MW_OK) {
        mw_waiter_spec_free(s);
        return st;
    }
    *out = s;
    return MW_OK;
}

void mw_waiter_spec_free(mw_waiter_spec *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        mw_jmespath_free(s->acceptors[i].path);
    mw_free(s);
}

const char *mw_waiter_spec_name(const mw_waiter_spec *s)
{
    return s->name;
}

int mw_waiter_spec_delay_s(const mw_waiter_spec *s)
{
    return s->delay_s;
}

int mw_waiter_spec_attempts(const mw_waiter_spec *s)
{
    return s->attempts;
}

/* ---- judging ---- */

static bool path_matches(const mw_waiter_spec *s, const acceptor *a, const mw_doc *d, mw_val v)
{
    size_t n = mw_val_len(d, v), equal = 0;

    if (a->matcher == MATCH_PATH)
        return mw_val_equal(d, v, s->doc, a->expected);
    if (mw_val_kind(d, v) != MW_KIND_ARRAY)
        return false;
    for (size_t i = 0; i < n; i++)
        equal += mw_val_equal(d, mw_val_at(d, v, i), s->doc, a->expected);
    return a->matcher == MATCH_ALL ? n > 0 && equal == n : equal > 0;
}

static bool result_matches(const mw_waiter_spec *s, const acceptor *a, const mw_call_result *r)
{
    bool failed = r->status == MW_ERR_AWS;

    if (a->matcher == MATCH_STATUS)
        return (failed ? r->aws.http_status : r->http_status) == mw_val_int(s->doc, a->expected);
    if (mw_val_kind(s->doc, a->expected) == MW_KIND_BOOL)
        return failed == mw_val_bool(s->doc, a->expected);
    return failed && mw_str_eq(r->aws.code, mw_val_str(s->doc, a->expected, NULL));
}

/* ---- running ---- */

struct mw_wait {
    mw_client *client;
    const mw_waiter_spec *spec;
    mw_call call; /* the caller's */
    mw_wait_options options;
    uint64_t matched;         /* path acceptors that match the answer, a bit for each */
    const acceptor *accepted; /* the last one that did; NULL before */
    mw_error bad_path;        /* a path could not be applied to the answer */
    bool over;
    mw_wait_result result;
};

static mw_status ask(mw_wait *w, mw_error *err);

static void end(mw_wait *w, mw_status status, const char *why)
{
    w->over = true;
    w->result.status = status;
    if (status != MW_OK)
        mw_fail(&w->result.error, status, "waiter %s: %s", w->spec->name, why);
}

static const char *explain(const mw_wait *w, mw_buf *out)
{
    static const char *const how[] = {"is", "has only members that are", "has a member that is", "the HTTP status is",
                                      "the error is"};
    const acceptor *a = w->accepted;
    MW_AUTO(mw_buf) expected = {.max = 1024};

    mw_json_write(&expected, w->spec->doc, a->expected, MW_JSON_COMPACT);
    if (a->path)
        mw_buf_printf(out, "%s %s %s", a->argument, how[a->matcher], expected.data ? expected.data : "");
    else
        mw_buf_printf(out, "%s %s", how[a->matcher], expected.data ? expected.data : "");
    return out->data ? out->data : "";
}

static void ask_again(void *user)
{
    mw_wait *w = user;
    mw_error err = {0};
    mw_status st = ask(w, &err);

    if (st != MW_OK)
        end(w, st, err.message);
}

static void try_later(mw_wait *w)
{
    const mw_http *http = mw_client_http(w->client);
    int attempts = w->options.max_attempts > 0 ? w->options.max_attempts : w->spec->attempts;
    int delay_s = w->options.delay_s >= 0 ? w->options.delay_s : w->spec->delay_s;
    MW_AUTO(mw_buf) why = {.max = 4096};
    mw_error err = {0};
    mw_status st;

    if (w->result.attempts >= (unsigned)attempts) {
        mw_buf_printf(&why, "not within %u attempts", w->result.attempts);
        if (w->accepted) {
            mw_buf_puts(&why, "; the last answer: ");
            explain(w, &why);
        }
        end(w, MW_ERR_AWS, why.data ? why.data : "not within the attempts");
        return;
    }
    /* a recording has no time to pass */
    st = http->after(http->ctx, mw_client_replays(w->client) ? 0 : (int64_t)delay_s * 1000, ask_again, w, &err);
    if (st != MW_OK)
        end(w, st, err.message);
}

static bool on_page(void *user, mw_doc_builder *page, mw_val result)
{
    mw_wait *w = user;
    const mw_doc *d = mw_doc_view(page);

    for (size_t i = 0; i < w->spec->count && w->bad_path.status == MW_OK; i++) {
        const acceptor *a = &w->spec->acceptors[i];
        mw_val v;

        if (a->path && mw_jmespath_eval(a->path, page, result, &v, &w->bad_path) == MW_OK &&
            path_matches(w->spec, a, d, v))
            w->matched |= UINT64_C(1) << i;
    }
    return !w->call.on_page || w->call.on_page(w->call.user, page, result);
}

static void on_done(void *user, const mw_call_result *r)
{
    mw_wait *w = user;
    const mw_waiter_spec *s = w->spec;
    MW_AUTO(mw_buf) why = {.max = 4096};
    size_t i;

    w->result.last = *r;
    w->result.attempts++;
    if (r->status != MW_OK && r->status != MW_ERR_AWS) {
        w->over = true;
        w->result.status = r->status;
        w->result.error = r->error;
        return;
    }
    if (w->bad_path.status != MW_OK) {
        end(w, w->bad_path.status, w->bad_path.message);
        return;
    }
    for (i = 0; i < s->count; i++) {
        const acceptor *a = &s->acceptors[i];

        if (a->path ? w->matched >> i & 1 : result_matches(s, a, r))
            break;
    }
    if (i < s->count) {
        w->accepted = &s->acceptors[i];
        if (w->accepted->state == WAIT_SUCCESS)
            end(w, MW_OK, NULL);
        else if (w->accepted->state == WAIT_FAILURE)
            end(w, MW_ERR_AWS, explain(w, &why));
        else
            try_later(w);
    } else if (r->status == MW_ERR_AWS) {
        mw_buf_printf(&why, "%s: %s", r->aws.code, r->aws.message);
        end(w, MW_ERR_AWS, why.data ? why.data : r->aws.code);
    } else {
        try_later(w);
    }
}

static mw_status ask(mw_wait *w, mw_error *err)
{
    mw_call call = w->call;

    w->matched = 0;
    call.on_page = on_page;
    call.on_done = on_done;
    call.user = w;
    return mw_client_call(w->client, &call, err);
}

mw_status mw_wait_start(mw_client *c, const mw_waiter_spec *spec, const mw_call *call, const mw_wait_options *options,
                        mw_wait **out, mw_error *err)
{
    mw_wait *w;
    mw_status st;

    *out = NULL;
    if (call->paginate)
        return mw_fail(err, MW_ERR_INVALID, "a waiter asks for one page, it cannot paginate");
    w = mw_alloc(sizeof(*w));
    if (!w)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    w->client = c;
    w->spec = spec;
    w->call = *call;
    w->options = *options;
    if ((st = ask(w, err)) != MW_OK) {
        mw_wait_free(w);
        return st;
    }
    *out = w;
    return MW_OK;
}

const mw_wait_result *mw_wait_outcome(mw_wait *w)
{
    if (!w->over)
        end(w, MW_ERR_CANCELLED, "stopped");
    return &w->result;
}

void mw_wait_free(mw_wait *w)
{
    mw_free(w);
}
