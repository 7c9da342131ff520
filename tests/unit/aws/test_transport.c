/* The carrier against real sockets: every fault of the response table, reuse, bounds, timers, stopping. */
#include "../../support/support.h"

#include "aws/transport.h"
#include "base/str.h"
#include "fault_server.h"

static fault_server server;

typedef struct got {
    int calls;
    int status;
    mw_error error;
    bool unsent;
    char body[2048];
    char header[64];
} got;

static void on_done(void *user, const mw_http_response *r, const mw_error *e)
{
    got *g = user;

    g->calls++;
    if (e) {
        assert_null(r);
        g->error = *e;
        return;
    }
    g->status = r->status;
    snprintf(g->body, sizeof(g->body), "%s", r->body.data ? r->body.data : "");
    snprintf(g->header, sizeof(g->header), "%s",
             mw_http_get(&r->headers, "x-test") ? mw_http_get(&r->headers, "x-test") : "");
}

static mw_transport *new_transport(const mw_transport_options *o)
{
    mw_transport *t;
    mw_error err = {0};

    assert_ok(mw_transport_new(o ? o : &(mw_transport_options){0}, &t, &err));
    return t;
}

static mw_http_request request_for(mw_arena *a, const char *method, const char *path)
{
    return (mw_http_request){
        .arena = a, .method = method, .scheme = "http", .host = "127.0.0.1", .port = server.port, .path = path};
}

static got exchange(mw_transport *t, const mw_http_request *q, const mw_http_limits *limits)
{
    const mw_http *h = mw_transport_http(t);
    mw_http_limits l = limits ? *limits : (mw_http_limits){0};
    mw_error err = {0};
    got g = {0};

    l.unsent = &g.unsent;
    assert_ok(h->send(h->ctx, q, &l, on_done, &g, &err));
    assert_ok(h->run(h->ctx, NULL, &err));
    assert_int_equal(g.calls, 1);
    return g;
}

typedef struct fault_row {
    const char *path;
    int status; /* 0 = an error is wanted */
    mw_status error;
    const char *says;
} fault_row;

static const fault_row faults[] = {
    {"/ok", 200, MW_OK, "fine"},
    {"/same-lengths", 200, MW_OK, "abc"},
    {"/interim", 200, MW_OK, "ok"},
    {"/redirect", 302, MW_OK, ""},
    {"/close", 0, MW_ERR_NET, "curl 52"},
    {"/reset", 0, MW_ERR_NET, "127.0.0.1"},
    {"/short", 0, MW_ERR_NET, "curl 18"},
    {"/short-chunk", 0, MW_ERR_NET, "curl 18"},
    {"/two-lengths", 0, MW_ERR_NET, "two different Content-Length headers (3 and 5)"},
    {"/negative", 0, MW_ERR_NET, "127.0.0.1"},
    {"/garbage", 0, MW_ERR_NET, "127.0.0.1"},
    {"/endless", 0, MW_ERR_LIMIT, "larger than 1000000 bytes"},
    {"/large", 0, MW_ERR_LIMIT, "99999999999 bytes"},
    {"/large-error", 0, MW_ERR_LIMIT, "larger than 1000000 bytes"},
    {"/headers", 0, MW_ERR_LIMIT, "headers are larger"},
    {"/slow", 0, MW_ERR_TIMEOUT, "127.0.0.1"},
};

/** Each as a read and as a write: one clear outcome, and after it the carrier still works. */
static void response_faults(void **state)
{
    mw_transport *t = new_transport(NULL);

    (void)state;
    for (size_t i = 0; i < 2 * MW_COUNT(faults); i++) {
        const fault_row *f = &faults[i / 2];
        MW_AUTO(mw_arena) a = {0};
        mw_http_request q = request_for(&a, i % 2 ? "POST" : "GET", f->path);
        mw_http_limits l = {.total_timeout_ms = 300, .max_body_bytes = 1000000, .fresh_connection = i % 2 == 1};
        int before = server.requests;
        got g;

        q.body = i % 2 ? "x=1" : NULL;
        q.body_len = i % 2 ? 3 : 0;
        g = exchange(t, &q, &l);
        if (g.status != f->status || g.error.status != f->error)
            fail_msg("%s %s: status %d, %s: %s", q.method, f->path, g.status, mw_status_name(g.error.status),
                     g.error.message);
        if (!strstr(f->status ? g.body : g.error.message, f->says))
            fail_msg("%s: '%s' does not say '%s'", f->path, f->status ? g.body : g.error.message, f->says);
        assert_false(g.unsent); /* the server had it each time */
        if (i % 2)
            assert_int_equal(server.requests - before, 1);
    }
    mw_transport_free(t);
}

/** libcurl alone repeats a POST when a kept connection turns out to be closed; ours must not. */
static void a_write_is_sent_once(void **state)
{
    mw_transport *t = new_transport(NULL);
    MW_AUTO(mw_arena) a = {0};
    mw_http_request stale = request_for(&a, "GET", "/stale"), post = request_for(&a, "POST", "/close");
    int before;

    (void)state;
    post.body = "Action=CreateSnapshot";
    post.body_len = strlen(post.body);
    assert_int_equal(exchange(t, &stale, NULL).status, 200);
    usleep(20000);
    before = server.requests;
    assert_int_equal(exchange(t, &post, &(mw_http_limits){.fresh_connection = true}).error.status, MW_ERR_NET);
    assert_int_equal(server.requests - before, 1);
    mw_transport_free(t);
}

static void connections_are_reused_for_reads_only(void **state)
{
    mw_transport *t = new_transport(NULL);
    MW_AUTO(mw_arena) a = {0};
    mw_http_request q = request_for(&a, "GET", "/ok");
    int before = server.connections;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(exchange(t, &q, NULL).status, 200);
    assert_int_equal(server.connections - before, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(exchange(t, &q, &(mw_http_limits){.fresh_connection = true}).status, 200);
    assert_int_equal(server.connections - before, 4);
    mw_transport_free(t);
}

/** What goes over the wire is what the request says, and nothing that libcurl adds on its own. */
static void wire(void **state)
{
    static const struct {
        const char *method, *path, *query, *body;
        const char *want[4];
        const char *never[4];
    } rows[] = {
        {"GET",
         "/echo",
         "b=2&a=%2F",
         NULL,
         {"GET /echo?b=2&a=%2F HTTP/1.1\r\n", "X-Empty:\r\n", "Host: 127.0.0.1:"},
         {"Accept:", "Expect", "Content-Length", "Content-Type"}},
        {"POST",
         "/echo",
         NULL,
         "a=1",
         {"POST /echo HTTP/1.1\r\n", "Content-Length: 3\r\n", "\r\n\r\na=1"},
         {"Expect", "Content-Type", "Accept:"}},
        {"POST", "/echo", NULL, NULL, {"Content-Length: 0\r\n"}, {"Content-Type"}},
        {"PUT", "/echo", NULL, NULL, {"PUT /echo", "Content-Length: 0\r\n"}, {"Transfer-Encoding", "Expect"}},
        {"PUT", "/echo", NULL, "xyz", {"PUT /echo", "\r\n\r\nxyz"}, {"Expect"}},
        {"DELETE", "/echo", NULL, NULL, {"DELETE /echo"}, {"Content-Length"}},
        {"PATCH", "/echo", NULL, "p", {"PATCH /echo", "\r\n\r\np"}, {NULL}},
        {"GET", "/echo", "x", "body", {"GET /echo?x", "\r\n\r\nbody"}, {NULL}},
    };
    mw_transport *t = new_transport(NULL);

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_arena) a = {0};
        mw_http_request q = request_for(&a, rows[i].method, rows[i].path);
        mw_error err = {0};
        got g;

        q.query = rows[i].query;
        q.body = rows[i].body;
        q.body_len = rows[i].body ? strlen(rows[i].body) : 0;
        assert_ok(mw_http_add(&a, &q.headers, "X-Empty", "", &err));
        assert_ok(mw_http_add(&a, &q.headers, "X-Amz-Date", "20260102T000000Z", &err));
        g = exchange(t, &q, NULL);
        assert_int_equal(g.status, 200);
        assert_string_equal(g.header, "Yes");
        assert_non_null(strstr(g.body, "X-Amz-Date: 20260102T000000Z\r\n"));
        for (size_t n = 0; n < 4 && rows[i].want[n]; n++)
            if (!strstr(g.body, rows[i].want[n]))
                fail_msg("row %zu: no '%s' in\n%s", i, rows[i].want[n], g.body);
        for (size_t n = 0; n < 4 && rows[i].never[n]; n++)
            if (strstr(g.body, rows[i].never[n]))
                fail_msg("row %zu: '%s' in\n%s", i, rows[i].never[n], g.body);
    }
    mw_transport_free(t);
}

static void dot_segments_stay(void **state)
{
    mw_transport *t = new_transport(NULL);
    MW_AUTO(mw_arena) a = {0};
    mw_http_request q = request_for(&a, "HEAD", "/ok");
    got g;

    (void)state;
    g = exchange(t, &q, NULL);
    assert_int_equal(g.status, 200); /* HEAD: Content-Length without a body */
    q = request_for(&a, "GET", "/a/../echo");
    assert_int_equal(exchange(t, &q, NULL).error.status, MW_ERR_NET); /* the server knows no such path */
    mw_transport_free(t);
}

static void line_breaks_are_refused(void **state)
{
    mw_transport *t = new_transport(NULL);
    MW_AUTO(mw_arena) a = {0};
    mw_http_request q = request_for(&a, "GET", "/ok");
    mw_error err = {0};
    got g;

    (void)state;
    assert_ok(mw_http_add(&a, &q.headers, "X-A", "b\r\nX-Evil: 1", &err));
    g = exchange(t, &q, NULL);
    assert_int_equal(g.error.status, MW_ERR_INVALID);
    assert_true(g.unsent);
    mw_transport_free(t);
}

static int refuse_socket(void *ctx, int domain, int type, int protocol)
{
    (void)ctx;
    (void)domain;
    (void)type;
    (void)protocol;
    return -1;
}

static void what_never_left_says_so(void **state)
{
    mw_transport *t = new_transport(NULL);
    MW_AUTO(mw_arena) a = {0};
    mw_http_request q = request_for(&a, "POST", "/ok");
    got g;

    (void)state;
    q.port = 1; /* nobody listens there */
    g = exchange(t, &q, NULL);
    assert_int_equal(g.error.status, MW_ERR_NET);
    assert_true(g.unsent);
    q.port = server.port;
    q.scheme = "https"; /* the server speaks no TLS */
    g = exchange(t, &q, &(mw_http_limits){.connect_timeout_ms = 150});
    assert_int_equal(g.error.status, MW_ERR_TIMEOUT);
    assert_true(g.unsent);
    q.scheme = "file";
    g = exchange(t, &q, NULL);
    assert_int_equal(g.error.status, MW_ERR_INVALID);
    assert_true(g.unsent);
    q.scheme = "http";
    mw_sys.socket_fn = refuse_socket; /* the seam is used */
    g = exchange(t, &q, &(mw_http_limits){.fresh_connection = true});
    mw_sys_reset();
    assert_int_equal(g.error.status, MW_ERR_NET);
    assert_true(g.unsent);
    mw_transport_free(t);
}

/* ---- the queue ---- */

static void in_flight_is_bounded(void **state)
{
    static const struct {
        mw_transport_options options;
        int most;
    } rows[] = {{{.max_in_flight = 2}, 2}, {{0}, 6}};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_transport *t = new_transport(&rows[i].options);
        const mw_http *h = mw_transport_http(t);
        MW_AUTO(mw_arena) a = {0};
        mw_http_request q = request_for(&a, "GET", "/nap");
        got g[6] = {{0}};
        mw_error err = {0};

        while (server.active > 0) /* what an earlier test gave up on */
            usleep(10000);
        server.most_active = 0;
        for (int n = 0; n < 6; n++)
            assert_ok(h->send(h->ctx, &q, NULL, on_done, &g[n], &err));
        assert_ok(h->run(h->ctx, NULL, &err));
        for (int n = 0; n < 6; n++)
            assert_int_equal(g[n].status, 200);
        assert_true(server.most_active <= rows[i].most);
        mw_transport_free(t);
    }
}

typedef struct chain {
    const mw_http *http;
    int count;
    bool *stop;
    char order[16];
    size_t len;
} chain;

static void again(void *user)
{
    chain *c = user;
    mw_error err = {0};

    if (++c->count < 1000)
        assert_ok(c->http->after(c->http->ctx, 0, again, c, &err));
}

static void note_a(void *user)
{
    chain *c = user;
    c->order[c->len++] = 'a';
}

static void note_b(void *user)
{
    chain *c = user;
    c->order[c->len++] = 'b';
}

static void note_c(void *user)
{
    chain *c = user;
    c->order[c->len++] = 'c';
}

static void timers(void **state)
{
    mw_transport *t = new_transport(NULL);
    chain c = {.http = mw_transport_http(t)};
    mw_error err = {0};
    int64_t before = mw_mono_ms();

    (void)state;
    assert_ok(c.http->after(c.http->ctx, 40, note_c, &c, &err));
    assert_ok(c.http->after(c.http->ctx, 20, note_a, &c, &err));
    assert_ok(c.http->after(c.http->ctx, 20, note_b, &c, &err));
    assert_ok(c.http->after(c.http->ctx, 0, again, &c, &err));
    assert_ok(c.http->run(c.http->ctx, NULL, &err));
    assert_memory_equal(c.order, "abc", 3);
    assert_int_equal(c.count, 1000);
    assert_true(mw_mono_ms() - before >= 39);
    mw_transport_free(t);
}

static volatile bool stop_flag;

static void set_stop(void *user)
{
    (void)user;
    stop_flag = true;
}

static void late(void *user)
{
    ++*(int *)user;
}

static void stopping_cancels(void **state)
{
    mw_transport *t = new_transport(&(mw_transport_options){.max_in_flight = 1});
    const mw_http *h = mw_transport_http(t);
    MW_AUTO(mw_arena) a = {0};
    mw_http_request q = request_for(&a, "GET", "/slow");
    int64_t before = mw_mono_ms();
    got running = {0}, queued = {0};
    int fired = 0;
    mw_error err = {0};

    (void)state;
    assert_ok(h->send(h->ctx, &q, NULL, on_done, &running, &err));
    assert_ok(h->send(h->ctx, &q, NULL, on_done, &queued, &err));
    assert_ok(h->after(h->ctx, 30, set_stop, NULL, &err));
    assert_ok(h->after(h->ctx, 60000, late, &fired, &err));
    assert_ok(h->run(h->ctx, &stop_flag, &err));
    stop_flag = false;
    assert_int_equal(running.error.status, MW_ERR_CANCELLED);
    assert_int_equal(queued.error.status, MW_ERR_CANCELLED);
    assert_int_equal(fired, 1); /* timers fire, so that who waits hears of it */
    assert_true(mw_mono_ms() - before < 1000);
    q.path = "/ok";
    assert_int_equal(exchange(t, &q, NULL).status, 200); /* and it can be used again */
    mw_transport_free(t);
}

static void settings_are_checked(void **state)
{
    mw_transport *t;
    mw_error err = {0};
    MW_AUTO(mw_arena) a = {0};
    mw_http_request q = request_for(&a, "GET", "/ok");

    (void)state;
    assert_int_equal(mw_transport_new(&(mw_transport_options){.ca_bundle = "/nonexistent.pem"}, &t, &err),
                     MW_ERR_INVALID);
    assert_non_null(strstr(err.message, "/nonexistent.pem"));
    t = new_transport(&(mw_transport_options){.offline = true});
    assert_int_equal(mw_transport_http(t)->send(mw_transport_http(t)->ctx, &q, NULL, on_done, NULL, &err), MW_ERR_NET);
    mw_transport_free(t);
}

/** A proxy named for http is asked, one excluded by NO_PROXY is not. */
static void proxies(void **state)
{
    MW_AUTO(mw_arena) a = {0};
    mw_http_request q = request_for(&a, "GET", "/echo");
    char url[64];
    mw_transport *t;
    got g;

    (void)state;
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", server.port);
    q.host = "example.test";
    q.port = 0;
    t = new_transport(&(mw_transport_options){.http_proxy = url});
    g = exchange(t, &q, NULL);
    mw_transport_free(t);
    /* the whole URL is asked of the proxy, which this server takes for a path it does not know */
    assert_int_equal(g.error.status, MW_ERR_NET);
    assert_non_null(strstr(g.error.message, "curl 52"));
    q = request_for(&a, "GET", "/ok");
    t = new_transport(&(mw_transport_options){.http_proxy = "http://127.0.0.1:1", .no_proxy = "localhost,127.0.0.1"});
    assert_int_equal(exchange(t, &q, NULL).status, 200);
    mw_transport_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response_faults),
        cmocka_unit_test(a_write_is_sent_once),
        cmocka_unit_test(connections_are_reused_for_reads_only),
        cmocka_unit_test(wire),
        cmocka_unit_test(dot_segments_stay),
        cmocka_unit_test(line_breaks_are_refused),
        cmocka_unit_test(what_never_left_says_so),
        cmocka_unit_test(in_flight_is_bounded),
        cmocka_unit_test(timers),
        cmocka_unit_test(stopping_cancels),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(proxies),
    };
    int failed;

    if (!fault_start(&server))
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    fault_stop(&server);
    return failed;
}
