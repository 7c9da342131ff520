/*
 * A carrier without a network: answers come from a script of the test, in order, from `run`; timers
 * are called at once by `run`. Each request is kept as text for assertions.
 */
#ifndef MW_TESTS_AUTH_HTTP_H
#define MW_TESTS_AUTH_HTTP_H

#include "aws/http.h"
#include "base/str.h"
#include "support/support.h"

#include <stdio.h>

#define FAKE_MAX 64

typedef struct fake_answer {
    int status; /* 0 = no connection, -1 = timed out */
    const char *body;
    const char *expect; /* text that the request must hold, or NULL */
    const char *forbid; /* text that it must not */
} fake_answer;

typedef struct fake_event {
    const mw_http_request *request; /* NULL: a timer */
    mw_http_done done;
    void (*fn)(void *user);
    void *user;
} fake_event;

typedef struct fake_http {
    mw_http http;
    const fake_answer *answers;
    size_t answer_count, answered;
    fake_event events[FAKE_MAX];
    size_t first, last;
    unsigned sends, timers;
    bool at_once;     /* answer from inside `send` */
    const char *date; /* what each answer says, or NULL */
} fake_http;

static inline void fake_answer_one(fake_http *f, const fake_event *e)
{
    const fake_answer *a;
    mw_http_response r = {0};
    mw_error err = {0};
    MW_AUTO(mw_buf) text = {0};

    assert_true(f->answered < f->answer_count);
    a = &f->answers[f->answered++];
    mw_buf_printf(&text, "%s %s://%s:%d%s?%s\n", e->request->method, e->request->scheme, e->request->host,
                  e->request->port, e->request->path, e->request->query ? e->request->query : "");
    for (size_t i = 0; i < e->request->headers.count; i++)
        mw_buf_printf(&text, "%s: %s\n", e->request->headers.items[i].name, e->request->headers.items[i].value);
    if (e->request->body)
        mw_buf_add(&text, e->request->body, e->request->body_len, NULL);
    if (a->expect && !strstr(text.data, a->expect))
        fail_msg("request %zu lacks '%s':\n%s", f->answered, a->expect, text.data);
    if (a->forbid && strstr(text.data, a->forbid))
        fail_msg("request %zu holds '%s':\n%s", f->answered, a->forbid, text.data);
    if (a->status <= 0) {
        mw_fail(&err, a->status ? MW_ERR_TIMEOUT : MW_ERR_NET, "%s", a->status ? "timed out" : "connection refused");
        e->done(e->user, NULL, &err);
        return;
    }
    r.status = a->status;
    if (f->date)
        mw_http_add(&r.arena, &r.headers, "date", f->date, NULL);
    if (a->body) {
        mw_buf_puts(&r.body, a->body);
        if (a->body[0] == '<')
            mw_http_add(&r.arena, &r.headers, "content-type", "text/xml", NULL);
    }
    e->done(e->user, &r, NULL);
    mw_http_response_clear(&r);
}

static inline mw_status fake_send(void *ctx, const mw_http_request *request, const mw_http_limits *limits,
                                  mw_http_done done, void *user, mw_error *err)
{
    fake_http *f = ctx;
    fake_event e = {.request = request, .done = done, .user = user};

    (void)limits, (void)err;
    f->sends++;
    if (f->at_once) {
        fake_answer_one(f, &e);
        return MW_OK;
    }
    assert_true(f->last < FAKE_MAX);
    f->events[f->last++] = e;
    return MW_OK;
}

static inline mw_status fake_after(void *ctx, int64_t delay_ms, void (*fn)(void *user), void *user, mw_error *err)
{
    fake_http *f = ctx;

    (void)delay_ms, (void)err;
    assert_true(f->last < FAKE_MAX);
    f->timers++;
    f->events[f->last++] = (fake_event){.fn = fn, .user = user};
    return MW_OK;
}

static inline mw_status fake_run(void *ctx, const volatile bool *stop, mw_error *err)
{
    fake_http *f = ctx;

    (void)stop, (void)err;
    while (f->first < f->last) {
        fake_event e = f->events[f->first++];

        if (e.request)
            fake_answer_one(f, &e);
        else
            e.fn(e.user);
    }
    return MW_OK;
}

static inline void fake_init(fake_http *f, const fake_answer *answers, size_t count)
{
    memset(f, 0, sizeof(*f));
    f->http = (mw_http){.send = fake_send, .after = fake_after, .run = fake_run, .ctx = f};
    f->answers = answers;
    f->answer_count = count;
}

#endif
