/*
 * A scripted AWS: a real client over a carrier that answers by what the request says, in virtual time.
 * A rule matches when all its needles are in "METHOD host/path?query target body".
 */
#ifndef MW_TESTS_INVENTORY_SCRIPT_H
#define MW_TESTS_INVENTORY_SCRIPT_H

#include "../../support/support.h"

#include "aws/client.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/collect.h"

#include <stdio.h>
#include <unistd.h>

typedef struct script_rule {
    const char *needles[4];
    int status; /* 0 = the connection breaks */
    const char *body;
    int times; /* 0 = always */
    unsigned hits;
} script_rule;

typedef struct script_pending {
    mw_http_done done;
    void *user;
    char *text;
} script_pending;

typedef struct script_timer {
    int64_t due_ms;
    void (*fn)(void *user);
    void *user;
} script_timer;

typedef struct script {
    mw_http http;
    script_rule *rules;
    size_t rule_count;
    script_pending *pending;
    size_t pending_head, pending_count, pending_cap;
    script_timer *timers;
    size_t timer_count, timer_cap;
    int64_t now_ms;
    size_t requests, most_pending;
    mw_buf log;        /* one line a request */
    bool stop;         /* what the client watches */
    size_t stop_after; /* requests; 0 = never */
} script;

/* The client sees virtual time too, so that waiting for a token costs the test nothing. */
static int64_t script_clock_ms;

static inline int64_t script_mono_ns(void *ctx)
{
    (void)ctx;
    return (1000 + script_clock_ms) * 1000000;
}

static inline mw_status script_send(void *ctx, const mw_http_request *q, const mw_http_limits *limits,
                                    mw_http_done done, void *user, mw_error *err)
{
    script *s = ctx;
    mw_buf text = {0};
    const char *target = mw_http_get(&q->headers, "x-amz-target");

    mw_sys_calls calls = mw_sys;

    (void)limits;
    (void)err;
    mw_sys_reset(); /* the script itself is not refused memory */
    mw_buf_printf(&text, "%s %s%s?%s %s ", q->method, q->host, q->path, q->query ? q->query : "",
                  target ? target : "-");
    if (q->body_len)
        mw_buf_add(&text, q->body, q->body_len, NULL);
    mw_buf_printf(&s->log, "%s\n", text.data);
    mw_sys = calls;
    if (s->pending_head + s->pending_count == s->pending_cap) {
        if (s->pending_count)
            memmove(s->pending, s->pending + s->pending_head, s->pending_count * sizeof(*s->pending));
        s->pending_head = 0;
        if (s->pending_count * 2 >= s->pending_cap) {
            s->pending_cap = s->pending_cap ? s->pending_cap * 2 : 64;
            s->pending = realloc(s->pending, s->pending_cap * sizeof(*s->pending));
            assert_non_null(s->pending);
        }
    }
    s->pending[s->pending_head + s->pending_count++] = (script_pending){done, user, text.data};
    if (s->pending_count > s->most_pending)
        s->most_pending = s->pending_count;
    return MW_OK;
}

static inline mw_status script_after(void *ctx, int64_t delay_ms, void (*fn)(void *user), void *user, mw_error *err)
{
    script *s = ctx;

    (void)err;
    if (s->timer_count == s->timer_cap) {
        s->timer_cap = s->timer_cap ? s->timer_cap * 2 : 64;
        s->timers = realloc(s->timers, s->timer_cap * sizeof(*s->timers));
        assert_non_null(s->timers);
    }
    s->timers[s->timer_count++] = (script_timer){s->now_ms + delay_ms, fn, user};
    return MW_OK;
}

static inline script_rule *script_find(script *s, const char *text)
{
    for (size_t i = 0; i < s->rule_count; i++) {
        script_rule *r = &s->rules[i];
        bool all = r->times == 0 || r->hits < (unsigned)r->times;
        for (size_t k = 0; all && k < MW_COUNT(r->needles) && r->needles[k]; k++)
            all = strstr(text, r->needles[k]) != NULL;
        if (all)
            return r;
    }
    return NULL;
}

static inline void script_answer(script *s, script_pending *p)
{
    script_rule *rule = script_find(s, p->text);
    mw_http_response r = {0};
    mw_error err = {0};

    s->requests++;
    if (s->stop_after && s->requests >= s->stop_after)
        s->stop = true;
    if (!rule)
        print_error("not scripted: %s\n", p->text);
    if (rule)
        rule->hits++;
    mw_free(p->text);
    if (rule && rule->status == 0) {
        mw_fail(&err, MW_ERR_NET, "connection reset");
        p->done(p->user, NULL, &err);
        return;
    }
    mw_sys_calls calls = mw_sys;
    mw_sys_reset();
    r.status = rule ? rule->status : 400;
    const char *body = rule ? rule->body : "{\"__type\":\"NotScripted\"}";
    if (body)
        assert_int_equal(mw_buf_add(&r.body, body, strlen(body), &err), MW_OK);
    assert_int_equal(mw_http_add(&r.arena, &r.headers, "content-type",
                                 body && body[0] == '<' ? "text/xml" : "application/json", &err),
                     MW_OK);
    mw_sys = calls;
    p->done(p->user, &r, NULL);
    mw_http_response_clear(&r);
}

static inline mw_status script_run(void *ctx, const volatile bool *stop, mw_error *err)
{
    script *s = ctx;

    (void)err;
    for (;;) {
        if (stop && *stop) {
            while (s->pending_count) {
                script_pending p = s->pending[s->pending_head++];
                mw_error e = {0};
                s->pending_count--;
                mw_free(p.text);
                mw_fail(&e, MW_ERR_CANCELLED, "stopped");
                p.done(p.user, NULL, &e);
            }
            s->timer_count = 0;
            return MW_OK;
        }
        if (s->pending_count > 0) {
            script_pending p = s->pending[s->pending_head++];
            s->pending_count--;
            script_answer(s, &p);
        } else if (s->timer_count > 0) {
            size_t first = 0;
            for (size_t i = 1; i < s->timer_count; i++)
                if (s->timers[i].due_ms < s->timers[first].due_ms)
                    first = i;
            script_timer t = s->timers[first];
            s->timers[first] = s->timers[--s->timer_count];
            s->now_ms = script_clock_ms = t.due_ms;
            t.fn(t.user);
        } else {
            return MW_OK;
        }
    }
}

static inline void script_init(script *s, script_rule *rules, size_t count)
{
    memset(s, 0, sizeof(*s));
    script_clock_ms = 0;
    mw_sys.clock_mono_ns = script_mono_ns;
    s->http = (mw_http){.send = script_send, .after = script_after, .run = script_run, .ctx = s};
    s->rules = rules;
    s->rule_count = count;
}

static inline void script_clear(script *s)
{
    for (size_t i = 0; i < s->pending_count; i++)
        mw_free(s->pending[s->pending_head + i].text);
    free(s->pending);
    free(s->timers);
    mw_buf_clear(&s->log);
}

static inline size_t script_count(const script *s, const char *needle)
{
    size_t n = 0;
    const char *p = s->log.data;

    while (p && (p = strstr(p, needle)) != NULL) {
        n++;
        p += strlen(needle);
    }
    return n;
}

#endif
