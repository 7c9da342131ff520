/* A carrier with scripted answers and virtual time, and a provider that answers later. */
#ifndef MW_TESTS_CLIENT_FAKE_H
#define MW_TESTS_CLIENT_FAKE_H

#include "../../support/support.h"

#include "aws/client.h"
#include "aws/credentials_internal.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

#define FAKE_MAX 64

/** What the carrier says to the next request. */
typedef struct fake_answer {
    int status;             /* 0 = a transport failure */
    const char *headers[8]; /* name, value, name, value… */
    const char *body;
    mw_status failure;
    bool unsent;
} fake_answer;

typedef struct fake_seen {
    char method[16], host[256], path[512], query[512], body[4096];
    char authorization[512], date[40], attempt[64], invocation[64], agent[64], target[128];
    char security_token[128], s3_token[128], region_set[64];
    bool fresh;
    int64_t at_ms; /* virtual */
} fake_seen;

typedef struct fake_timer {
    int64_t due_ms;
    void (*fn)(void *user);
    void *user;
} fake_timer;

typedef struct fake_pending {
    mw_http_done done;
    void *user;
    bool *unsent;
} fake_pending;

typedef struct fake_http {
    mw_http http;
    const fake_answer *answers;
    size_t answer_count, next;
    fake_seen seen[FAKE_MAX];
    size_t seen_count;
    fake_timer timers[FAKE_MAX];
    size_t timer_count;
    fake_pending pending[FAKE_MAX];
    size_t pending_count;
    int64_t now_ms;
} fake_http;

/* The client sees virtual time too, so that waiting for a token costs the test nothing. */
static int64_t fake_clock_ms;

static inline int64_t fake_mono_ns(void *ctx)
{
    (void)ctx;
    return (1000 + fake_clock_ms) * 1000000;
}

static inline void fake_copy(char *to, size_t size, const char *from, size_t len)
{
    size_t n = len < size - 1 ? len : size - 1;

    if (n)
        memcpy(to, from, n);
    to[n] = '\0';
}

static inline void fake_header(char *to, size_t size, const mw_http_request *q, const char *name)
{
    const char *v = mw_http_get(&q->headers, name);

    fake_copy(to, size, v ? v : "", v ? strlen(v) : 0);
}

static inline mw_status fake_send(void *ctx, const mw_http_request *q, const mw_http_limits *limits, mw_http_done done,
                                  void *user, mw_error *err)
{
    fake_http *f = ctx;
    fake_seen *s;

    (void)err;
    assert_true(f->seen_count < FAKE_MAX && f->pending_count < FAKE_MAX);
    s = &f->seen[f->seen_count++];
    fake_copy(s->method, sizeof(s->method), q->method, strlen(q->method));
    fake_copy(s->host, sizeof(s->host), q->host, strlen(q->host));
    fake_copy(s->path, sizeof(s->path), q->path, strlen(q->path));
    fake_copy(s->query, sizeof(s->query), q->query ? q->query : "", q->query ? strlen(q->query) : 0);
    fake_copy(s->body, sizeof(s->body), q->body, q->body_len);
    fake_header(s->authorization, sizeof(s->authorization), q, "authorization");
    fake_header(s->date, sizeof(s->date), q, "x-amz-date");
    fake_header(s->attempt, sizeof(s->attempt), q, "amz-sdk-request");
    fake_header(s->invocation, sizeof(s->invocation), q, "amz-sdk-invocation-id");
    fake_header(s->agent, sizeof(s->agent), q, "user-agent");
    fake_header(s->target, sizeof(s->target), q, "x-amz-target");
    fake_header(s->security_token, sizeof(s->security_token), q, "x-amz-security-token");
    fake_header(s->s3_token, sizeof(s->s3_token), q, "x-amz-s3session-token");
    fake_header(s->region_set, sizeof(s->region_set), q, "x-amz-region-set");
    s->fresh = limits->fresh_connection;
    s->at_ms = f->now_ms;
    f->pending[f->pending_count++] = (fake_pending){done, user, limits->unsent};
    return MW_OK;
}

static inline mw_status fake_after(void *ctx, int64_t delay_ms, void (*fn)(void *user), void *user, mw_error *err)
{
    fake_http *f = ctx;

    (void)err;
    assert_true(f->timer_count < FAKE_MAX);
    f->timers[f->timer_count++] = (fake_timer){f->now_ms + delay_ms, fn, user};
    return MW_OK;
}

static inline void fake_answer_one(fake_http *f, const fake_pending *p)
{
    mw_http_response r = {0};
    mw_error err = {0};
    mw_sys_calls calls = mw_sys;
    const fake_answer *a;

    if (f->next >= f->answer_count)
        fail_msg("request %zu was not expected", f->seen_count);
    a = &f->answers[f->next++];
    if (a->status == 0) {
        if (p->unsent)
            *p->unsent = a->unsent;
        mw_fail(&err, a->failure, "the connection broke");
        p->done(p->user, NULL, &err);
        return;
    }
    mw_sys_reset(); /* the answer itself is not refused memory */
    r.status = a->status;
    for (size_t i = 0; i + 1 < MW_COUNT(a->headers) && a->headers[i]; i += 2)
        assert_ok(mw_http_add(&r.arena, &r.headers, a->headers[i], a->headers[i + 1], &err));
    if (a->body)
        assert_ok(mw_buf_add(&r.body, a->body, strlen(a->body), &err));
    mw_sys = calls;
    p->done(p->user, &r, NULL);
    mw_http_response_clear(&r);
}

static inline mw_status fake_run(void *ctx, const volatile bool *stop, mw_error *err)
{
    fake_http *f = ctx;

    (void)err;
    (void)stop;
    for (;;) {
        if (f->pending_count > 0) {
            fake_pending p = f->pending[0];

            f->pending_count--;
            memmove(f->pending, f->pending + 1, f->pending_count * sizeof(p));
            fake_answer_one(f, &p);
        } else if (f->timer_count > 0) {
            size_t first = 0;
            fake_timer t;

            for (size_t i = 1; i < f->timer_count; i++)
                if (f->timers[i].due_ms < f->timers[first].due_ms)
                    first = i;
            t = f->timers[first];
            f->timer_count--;
            memmove(f->timers + first, f->timers + first + 1, (f->timer_count - first) * sizeof(t));
            f->now_ms = fake_clock_ms = t.due_ms;
            t.fn(t.user);
        } else {
            return MW_OK;
        }
    }
}

static inline void fake_init(fake_http *f, const fake_answer *answers, size_t count)
{
    memset(f, 0, sizeof(*f));
    fake_clock_ms = 0;
    mw_sys.clock_mono_ns = fake_mono_ns;
    f->http = (mw_http){.send = fake_send, .after = fake_after, .run = fake_run, .ctx = f};
    f->answers = answers;
    f->answer_count = count;
}

/* ---- a provider whose keys come later, and change when they were called invalid ---- */

typedef struct late_provider {
    mw_provider base;
    const mw_http *http;
    int refreshes;
    bool broken;
} late_provider;

static inline void late_ready(void *user)
{
    late_provider *p = user;
    mw_error err = {0};
    char id[32];

    p->refreshes++;
    if (p->broken) {
        mw_fail(&err, MW_ERR_CREDENTIALS, "no keys today");
        mw__provider_finish(&p->base, MW_ERR_CREDENTIALS, &err);
        return;
    }
    snprintf(id, sizeof(id), "AKIA%d", p->refreshes);
    assert_ok(mw__credentials_set(&p->base.fresh, id, "very-secret-key-of-the-test", "very-secret-token-of-the-test",
                                  NULL, 0, &err));
    mw__provider_finish(&p->base, MW_OK, NULL);
}

static inline mw_status late_refresh(mw_provider *p, int64_t now, mw_error *err)
{
    late_provider *l = (late_provider *)p;
    mw_status st = l->http->after(l->http->ctx, 5, late_ready, l, err);

    (void)now;
    return st == MW_OK ? MW_ERR_PENDING : st;
}

static const mw_provider_class late_class = {.name = "late", .refresh = late_refresh};

#endif
