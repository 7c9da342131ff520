/*
 * libcurl as a plain carrier. What it adds to libcurl: a queue in front of it, ceilings on headers
 * and body (7.88 does not hold MAXFILESIZE on bodies of unknown length), refusal of contradicting
 * Content-Length headers and of kept connections on which bytes wait, sockets through mw_sys, and
 * an error that says whether the request can have reached a server. Handles are reused; their fixed
 * options are set once.
 *
 * It must never follow a redirect, never skip certificate checks, and never let libcurl repeat a
 * request on its own when the caller asked for a fresh connection.
 */
#include "aws/transport.h"

#include "aws/transport_sockets.h"
#include "aws/transport_timers.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

#include <curl/curl.h>
#include <openssl/rand.h>
#include <string.h>

#define IN_FLIGHT_DEFAULT    32
#define IN_FLIGHT_MAX        4096
#define IDLE_MIN             128L /* kept connections: a sweep visits as many hosts as services × regions */
#define QUEUE_MAX            ((size_t)1 << 20)
#define CONNECT_TIMEOUT_MS   3100  /* AWS SDKs' "standard" defaults mode */
#define TOTAL_TIMEOUT_MS     60000 /* botocore's read timeout */
#define LOW_SPEED_BYTES      100L  /* a server that drips: below this for the next figure */
#define LOW_SPEED_SECONDS    30L
#define BODY_MAX_BYTES       ((size_t)64 << 20)
#define ERROR_BODY_MAX_BYTES ((size_t)1 << 20)
#define HEADER_MAX_BYTES     ((size_t)128 << 10)
#define BODY_KEEP_BYTES      ((size_t)256 << 10)
#define WATCHES_MAX          64 /* descriptors of others; today the workers of an audit */
#define POLL_MS              1000
#define POLL_STOPPABLE_MS    200 /* a signal between the check and the poll is seen this late at worst */

typedef struct exchange {
    struct exchange *next, *prev; /* queue or running list; free list by next */
    mw_transport *owner;
    CURL *easy;
    const mw_http_request *request;
    mw_http_limits limits;
    mw_http_done done;
    void *user;
    int64_t queued_ms;
    mw_http_response response;
    struct curl_slist *headers; /* nodes in the response's arena */
    size_t header_bytes;
    bool by_folder;         /* the handle looks roots up in the system's folder */
    int64_t content_length; /* -1 = not said */
    bool dirty;             /* nothing was sent: bytes waited on the kept connection */
    mw_error refused;       /* why a callback stopped the transfer */
    char message[CURL_ERROR_SIZE];
} exchange;

typedef struct list {
    exchange *head, *tail;
    size_t count;
} list;

struct mw_transport {
    mw_http http;
    CURLM *multi;
    list queue, running;
    exchange *spare;
    mw_timers timers;
    mw_sockets sockets;
    int max_in_flight;
    char *ca_bundle, *https_proxy, *http_proxy, *no_proxy;
    bool offline, stopping;
    bool by_folder; /* until a certificate's root is not found there */
    mw_http_watch *watches;
};

/* ---- lists ---- */

static void list_append(list *l, exchange *x)
{
    x->next = NULL;
    x->prev = l->tail;
    if (l->tail)
        l->tail->next = x;
    else
        l->head = x;
    l->tail = x;
    l->count++;
}

static void list_remove(list *l, exchange *x)
{
    if (x->prev)
        x->prev->next = x->next;
    else
        l->head = x->next;
    if (x->next)
        x->next->prev = x->prev;
    else
        l->tail = x->prev;
    x->next = x->prev = NULL;
    l->count--;
}

/* ---- timers ---- */

static mw_status carrier_after(void *ctx, int64_t delay_ms, void (*fn)(void *user), void *user, mw_error *err)
{
    mw_transport *t = ctx;

    if (t->stopping)
        return mw_fail(err, MW_ERR_CANCELLED, "stopped");
    return mw_timers_add(&t->timers, mw_mono_ms() + (delay_ms > 0 ? delay_ms : 0), fn, user, err);
}

/** Only those due now: a timer that arms another of 0 ms must not keep the network waiting. */
static bool fire_timers(mw_transport *t)
{
    uint64_t before = t->timers.added;
    bool any = false;
    mw_timer due;

    if (t->timers.count == 0)
        return false;
    while (mw_timers_due(&t->timers, mw_mono_ms(), before, &due)) {
        due.fn(due.user);
        any = true;
    }
    return any;
}

/* ---- libcurl's callbacks ---- */

static int before_request(void *user, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    exchange *x = user;

    (void)remote_ip;
    (void)remote_port;
    x->dirty = !mw_sockets_clean(&x->owner->sockets, local_ip, local_port);
    return x->dirty ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t body_limit(const exchange *x)
{
    size_t max = x->limits.max_body_bytes ? x->limits.max_body_bytes : BODY_MAX_BYTES;

    if (x->response.status >= 300 && max > ERROR_BODY_MAX_BYTES)
        return ERROR_BODY_MAX_BYTES;
    return max;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    exchange *x = user;
    size_t len = size * count;

    x->response.body.max = body_limit(x);
    if (mw_buf_add(&x->response.body, data, len, &x->refused) != MW_OK) {
        if (x->refused.status == MW_ERR_LIMIT)
            mw_fail(&x->refused, MW_ERR_LIMIT, "%s: the answer is larger than %zu bytes", x->request->host,
                    body_limit(x));
        return 0;
    }
    return len;
}

/** "HTTP/1.1 200 OK": a new header block; what an interim answer said is forgotten. */
static void begin_headers(exchange *x, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    int status = 0;

    if (space) {
        const char *end = line + len;

        for (const char *p = space + 1; p < end && *p >= '0' && *p <= '9' && status < 1000; p++)
            status = status * 10 + (*p - '0');
    }
    x->response.status = status;
    x->response.headers.count = 0;
    x->content_length = -1;
}

static bool check_content_length(exchange *x, const char *value)
{
    long long n;

    if (!mw_parse_int(value, strlen(value), &n) || n < 0) {
        mw_fail(&x->refused, MW_ERR_NET, "%s: answered with Content-Length '%.64s'", x->request->host, value);
        return false;
    }
    if (x->content_length >= 0 && x->content_length != n) {
        mw_fail(&x->refused, MW_ERR_NET, "%s: answered with two different Content-Length headers (%lld and %lld)",
                x->request->host, (long long)x->content_length, n);
        return false;
    }
    x->content_length = n;
    if (!mw_str_eq(x->request->method, "HEAD") && (unsigned long long)n > body_limit(x)) {
        mw_fail(&x->refused, MW_ERR_LIMIT, "%s: the answer of %lld bytes is larger than %zu bytes", x->request->host, n,
                body_limit(x));
        return false;
    }
    return true;
}

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
    exchange *x = user;
    mw_http_response *r = &x->response;
    size_t len = size * count, n = len;
    const char *colon;
    char *name, *value;
    size_t start, end;

    x->header_bytes += len;
    if (x->header_bytes > HEADER_MAX_BYTES) {
        mw_fail(&x->refused, MW_ERR_LIMIT, "%s: the answer's headers are larger than %zu bytes", x->request->host,
                HEADER_MAX_BYTES);
        return 0;
    }
    while (n > 0 && (data[n - 1] == '\r' || data[n - 1] == '\n'))
        n--;
    if (n >= 5 && memcmp(data, "HTTP/", 5) == 0) {
        begin_headers(x, data, n);
        return len;
    }
    colon = memchr(data, ':', n);
    if (!colon)
        return len;
    start = (size_t)(colon - data) + 1;
    end = n;
    while (start < end && (data[start] == ' ' || data[start] == '\t'))
        start++;
    while (end > start && (data[end - 1] == ' ' || data[end - 1] == '\t'))
        end--;
    name = mw_arena_strndup(&r->arena, data, (size_t)(colon - data));
    value = mw_arena_strndup(&r->arena, data + start, end - start);
    if (!name || !value) {
        mw_fail(&x->refused, MW_ERR_NOMEM, "out of memory");
        return 0;
    }
    for (char *p = name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    if (strcmp(name, "content-length") == 0 && !check_content_length(x, value))
        return 0;
    return mw_http_add(&r->arena, &r->headers, name, value, &x->refused) == MW_OK ? len : 0;
}

/* ---- one exchange ---- */

/** Which roots are trusted. The bundle's, read whole and shared by all connections; or those of the
 * system's folder, of which only the one that is needed is read. */
static bool set_roots(const mw_transport *t, exchange *x)
{
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    const char *bundle = t->ca_bundle ? t->ca_bundle : v->cainfo && *v->cainfo ? v->cainfo : NULL;
    /* libcurl shares one parsed CA store among connections only when there is no CA folder. */
    const char *folder = t->by_folder || !bundle ? v->capath : NULL;

    x->by_folder = t->by_folder;
    return curl_easy_setopt(x->easy, CURLOPT_CAINFO, t->by_folder ? NULL : bundle) == CURLE_OK &&
           curl_easy_setopt(x->easy, CURLOPT_CAPATH, folder) == CURLE_OK;
}

static bool set_fixed_options(mw_transport *t, exchange *x)
{
    CURL *e = x->easy;
    bool ok = true;

#define SET(option, value) (ok = ok && curl_easy_setopt(e, option, value) == CURLE_OK)
    SET(CURLOPT_PRIVATE, x);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
    SET(CURLOPT_LOW_SPEED_TIME, LOW_SPEED_SECONDS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, x);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, x);
    ok = ok && mw_sockets_apply(&t->sockets, e);
    SET(CURLOPT_PREREQFUNCTION, before_request);
    SET(CURLOPT_PREREQDATA, x);
    SET(CURLOPT_ERRORBUFFER, x->message);
    SET(CURLOPT_NOPROXY, t->no_proxy ? t->no_proxy : "");
#undef SET
    return ok && set_roots(t, x);
}

static void exchange_free(exchange *x)
{
    if (!x)
        return;
    if (x->easy)
        curl_easy_cleanup(x->easy);
    mw_http_response_clear(&x->response);
    mw_free(x);
}

static exchange *exchange_take(mw_transport *t)
{
    exchange *x = t->spare;

    if (x) {
        t->spare = x->next;
        x->next = NULL;
        return x;
    }
    x = mw_alloc(sizeof(*x));
    if (!x)
        return NULL;
    x->owner = t;
    return x;
}

/** Back to the spare ones, keeping the handle and a body buffer of modest size. */
static void exchange_put(mw_transport *t, exchange *x)
{
    mw_http_response *r = &x->response;

    mw_arena_reset(&r->arena);
    r->headers = (mw_http_pairs){0};
    r->status = 0;
    if (r->body.cap > BODY_KEEP_BYTES)
        mw_buf_clear(&r->body);
    else
        mw_buf_reset(&r->body);
    x->headers = NULL;
    x->request = NULL;
    x->dirty = false;
    x->refused = (mw_error){0};
    x->next = t->spare;
    t->spare = x;
}

/** Nodes of our own, in the arena: curl_slist_append() would cost two allocations a header. */
static mw_status add_line(exchange *x, struct curl_slist ***tail, const char *name, const char *separator,
                          const char *value, mw_error *err)
{
    mw_arena *a = &x->response.arena;
    size_t n = strlen(name), m = strlen(separator), v = strlen(value);
    struct curl_slist *node;

    if (strpbrk(name, "\r\n:") || strpbrk(value, "\r\n"))
        return mw_fail(err, MW_ERR_INVALID, "header '%.64s' holds a line break", name);
    node = mw_arena_alloc(a, sizeof(*node));
    if (!node || !(node->data = mw_arena_alloc(a, n + m + v + 1)))
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    memcpy(node->data, name, n); /* printf would be a tenth of a small request */
    memcpy(node->data + n, separator, m);
    memcpy(node->data + n + m, value, v);
    **tail = node;
    *tail = &node->next;
    return MW_OK;
}

static mw_status build_headers(exchange *x, bool has_body, mw_error *err)
{
    const mw_http_request *q = x->request;
    struct curl_slist **tail = &x->headers;
    const char *host;
    mw_status st = MW_OK;

    x->headers = NULL;
    for (size_t i = 0; st == MW_OK && i < q->headers.count; i++) {
        const mw_http_pair *h = &q->headers.items[i];

        if (mw_str_ieq(h->name, "content-length"))
            continue;
        /* libcurl's notation for an empty value is a semicolon. */
        st = add_line(x, &tail, h->name, *h->value ? ": " : ";", h->value, err);
    }
    if (st == MW_OK && !mw_http_get(&q->headers, "host")) {
        host = mw_http_authority(&x->response.arena, q);
        st = host ? add_line(x, &tail, "Host", ": ", host, err) : mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    /* "Name:" takes a header of libcurl's own away. */
    if (st == MW_OK && !mw_http_get(&q->headers, "accept"))
        st = add_line(x, &tail, "Accept", ":", "", err);
    if (st == MW_OK && has_body && !mw_http_get(&q->headers, "content-type"))
        st = add_line(x, &tail, "Content-Type", ":", "", err);
    if (st == MW_OK && has_body)
        st = add_line(x, &tail, "Expect", ":", "", err);
    return st;
}

static bool set_method(CURL *e, const mw_http_request *q, bool has_body)
{
    const char *m = q->method;
    bool ok = true;

#define SET(option, value) (ok = ok && curl_easy_setopt(e, option, value) == CURLE_OK)
    if (has_body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_len);
        SET(CURLOPT_POSTFIELDS, q->body ? q->body : "");
        SET(CURLOPT_CUSTOMREQUEST, strcmp(m, "POST") == 0 ? NULL : m);
    } else if (strcmp(m, "HEAD") == 0) {
        SET(CURLOPT_CUSTOMREQUEST, NULL);
        SET(CURLOPT_NOBODY, 1L);
    } else {
        SET(CURLOPT_HTTPGET, 1L);
        SET(CURLOPT_CUSTOMREQUEST, strcmp(m, "GET") == 0 ? NULL : m);
    }
#undef SET
    return ok;
}

static mw_status exchange_start(mw_transport *t, exchange *x, mw_error *err)
{
    const mw_http_request *q = x->request;
    const char *m = q->method;
    bool has_body = q->body_len > 0 || strcmp(m, "POST") == 0 || strcmp(m, "PUT") == 0 || strcmp(m, "PATCH") == 0;
    bool query = q->query && *q->query;
    bool secure = mw_str_eq(q->scheme, "https");
    const char *proxy = secure ? t->https_proxy : t->http_proxy;
    const char *authority;
    char *url;
    int64_t left_ms;
    bool ok = true;
    mw_status st;

    if (!secure && !mw_str_eq(q->scheme, "http"))
        return mw_fail(err, MW_ERR_INVALID, "%s: scheme '%s' is neither https nor http", q->host,
                       q->scheme ? q->scheme : "");
    if (!x->easy) {
        x->easy = curl_easy_init();
        if (!x->easy || !set_fixed_options(t, x))
            return mw_fail(err, MW_ERR_NOMEM, "libcurl could not make a handle");
    }
    if (x->by_folder != t->by_folder && !set_roots(t, x))
        return mw_fail(err, MW_ERR_NOMEM, "%s: libcurl refused the trusted roots", q->host);
    authority = mw_http_authority(&x->response.arena, q);
    url = authority ? mw_arena_join(&x->response.arena, q->scheme, "://", authority,
                                    q->path && *q->path ? q->path : "/", query ? "?" : "", query ? q->query : "", NULL)
                    : NULL;
    if (!url)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if ((st = build_headers(x, has_body, err)) != MW_OK)
        return st;
    x->message[0] = '\0';
    x->header_bytes = 0;
    x->content_length = -1;
    left_ms = (x->limits.total_timeout_ms > 0 ? x->limits.total_timeout_ms : TOTAL_TIMEOUT_MS) -
              (mw_mono_ms() - x->queued_ms); /* it waited in the queue on its own time */
#define SET(option, value) (ok = ok && curl_easy_setopt(x->easy, option, value) == CURLE_OK)
    SET(CURLOPT_URL, url);
    SET(CURLOPT_HTTPHEADER, x->headers);
    SET(CURLOPT_PROXY, proxy ? proxy : "");
    SET(CURLOPT_CONNECTTIMEOUT_MS,
        (long)(x->limits.connect_timeout_ms > 0 ? x->limits.connect_timeout_ms : CONNECT_TIMEOUT_MS));
    SET(CURLOPT_TIMEOUT_MS, left_ms > 1 ? (long)left_ms : 1L);
    /* libcurl repeats a POST by itself when a reused connection turns out to be dead. */
    SET(CURLOPT_FRESH_CONNECT, x->limits.fresh_connection ? 1L : 0L);
    SET(CURLOPT_FORBID_REUSE, x->limits.fresh_connection ? 1L : 0L);
#undef SET
    ok = ok && set_method(x->easy, q, has_body);
    if (!ok)
        return mw_fail(err, MW_ERR_NOMEM, "%s: libcurl refused the request's settings", q->host);
    if (curl_multi_add_handle(t->multi, x->easy) != CURLM_OK)
        return mw_fail(err, MW_ERR_NOMEM, "%s: libcurl could not start a request", q->host);
    return MW_OK;
}

/** True when the request cannot have reached a server. */
static bool never_sent(const exchange *x, CURLcode code)
{
    curl_off_t pretransfer_us = 0;

    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        /* Garbage that is no HTTP also gives UNSUPPORTED_PROTOCOL, but after the request went out.
         */
        break;
    case CURLE_OPERATION_TIMEDOUT: break;
    default: return false;
    }
    return curl_easy_getinfo(x->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us) == CURLE_OK && pretransfer_us == 0;
}

static mw_status transfer_error(const exchange *x, CURLcode code, mw_error *err)
{
    const char *text = x->message[0] ? x->message : curl_easy_strerror(code);
    mw_status st = MW_ERR_NET;

    if (x->refused.status != MW_OK) {
        *err = x->refused;
        return err->status;
    }
    if (code == CURLE_OUT_OF_MEMORY && x->response.body.len == 0) /* so it calls a line of 100 KiB */
        return mw_fail(err, MW_ERR_LIMIT, "%s: a line in the head of the answer is too long, or memory is out",
                       x->request->host);
    if (code == CURLE_OUT_OF_MEMORY)
        return mw_fail(err, MW_ERR_NOMEM, "%s: out of memory", x->request->host);
    if (code == CURLE_OPERATION_TIMEDOUT)
        st = MW_ERR_TIMEOUT;
    return mw_fail(err, st, "%s: %s (curl %d)", x->request->host, text, (int)code);
}

/** Hand the outcome over and recycle. The callback may send again. */
static void exchange_finish(mw_transport *t, exchange *x, const mw_error *failure)
{
    x->done(x->user, failure ? NULL : &x->response, failure);
    exchange_put(t, x);
}

/** Once more, over a connection of its own: nothing of the request went out. */
static bool start_again(const mw_transport *t, exchange *x)
{
    x->dirty = false;
    return curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_multi_add_handle(t->multi, x->easy) == CURLM_OK;
}

/** A root that the folder lacks may be in the bundle: the handshake failed, so nothing was sent, and
 * the request starts anew with all roots. */
static bool try_bundle(mw_transport *t, exchange *x, CURLcode code)
{
    if (code != CURLE_PEER_FAILED_VERIFICATION || !x->by_folder || !never_sent(x, code))
        return false;
    t->by_folder = false;
    if (x->limits.unsent)
        *x->limits.unsent = false; /* what becomes of the new one is not known yet */
    mw_arena_reset(&x->response.arena);
    x->response.headers = (mw_http_pairs){0};
    list_append(&t->queue, x);
    return true;
}

static void collect(mw_transport *t)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(t->multi, &left)) != NULL) {
        exchange *x = NULL;
        CURLcode code = m->data.result;
        mw_error failure = {0};

        if (m->msg != CURLMSG_DONE)
            continue;
        if (curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x) != CURLE_OK || !x)
            continue;
        if (code != CURLE_OK && x->limits.unsent)
            *x->limits.unsent = never_sent(x, code);
        curl_multi_remove_handle(t->multi, x->easy);
        if (code != CURLE_OK && x->dirty && start_again(t, x))
            continue;
        list_remove(&t->running, x);
        if (try_bundle(t, x, code))
            continue;
        /* 101 ends an exchange for libcurl, though nobody asked to switch protocols */
        if (code == CURLE_OK && x->response.status < 200)
            mw_fail(&failure, MW_ERR_NET, "%s: answered without a final HTTP status (%d)", x->request->host,
                    x->response.status);
        else if (code != CURLE_OK)
            transfer_error(x, code, &failure);
        exchange_finish(t, x, failure.status != MW_OK ? &failure : NULL);
    }
}

static void start_queued(mw_transport *t)
{
    while (t->running.count < (size_t)t->max_in_flight) {
        exchange *x = t->queue.head;
        mw_error err = {0};

        if (!x)
            return;
        list_remove(&t->queue, x);
        if (exchange_start(t, x, &err) != MW_OK) {
            if (x->limits.unsent)
                *x->limits.unsent = true;
            exchange_finish(t, x, &err);
            continue;
        }
        list_append(&t->running, x);
    }
}

/** Everything that waits hears of it; `stopping` keeps anybody from starting anew. */
static void cancel_all(mw_transport *t)
{
    mw_error err = {0};
    mw_timer due;
    exchange *x;

    t->stopping = true;
    mw_fail(&err, MW_ERR_CANCELLED, "stopped before the answer came");
    while ((x = t->running.head) != NULL) {
        list_remove(&t->running, x);
        curl_multi_remove_handle(t->multi, x->easy);
        exchange_finish(t, x, &err);
    }
    while ((x = t->queue.head) != NULL) {
        list_remove(&t->queue, x);
        if (x->limits.unsent)
            *x->limits.unsent = true;
        exchange_finish(t, x, &err);
    }
    while (mw_timers_due(&t->timers, INT64_MAX, UINT64_MAX, &due))
        due.fn(due.user);
    t->stopping = false;
}

/* ---- the interface ---- */

static mw_status carrier_send(void *ctx, const mw_http_request *request, const mw_http_limits *limits,
                              mw_http_done done, void *user, mw_error *err)
{
    mw_transport *t = ctx;
    exchange *x;

    if (t->stopping)
        return mw_fail(err, MW_ERR_CANCELLED, "stopped");
    if (t->offline)
        return mw_fail(err, MW_ERR_NET, "%s: a replay uses no network", request->host);
    if (t->queue.count >= QUEUE_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "more than %zu requests are waiting", QUEUE_MAX);
    x = exchange_take(t);
    if (!x)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    x->request = request;
    x->limits = limits ? *limits : (mw_http_limits){0};
    x->done = done;
    x->user = user;
    if (x->limits.unsent)
        *x->limits.unsent = false;
    x->queued_ms = mw_mono_ms();
    list_append(&t->queue, x);
    return MW_OK;
}

static int poll_timeout(const mw_transport *t, bool stoppable)
{
    int64_t wait = stoppable ? POLL_STOPPABLE_MS : POLL_MS;

    if (t->timers.count > 0) {
        int64_t left = t->timers.heap[0].due_ms - mw_mono_ms();

        if (left < wait)
            wait = left > 0 ? left : 0;
    }
    return (int)wait;
}

/* ---- other descriptors in the loop ---- */

static void carrier_watch(void *ctx, mw_http_watch *w)
{
    mw_transport *t = ctx;

    w->fired = false;
    w->next = t->watches;
    t->watches = w;
}

static void carrier_unwatch(void *ctx, mw_http_watch *w)
{
    mw_transport *t = ctx;

    for (mw_http_watch **at = &t->watches; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            return;
        }
}

/* Who is ready may unwatch itself and others: look again from the start after each. */
static void tell_watches(mw_transport *t)
{
    for (mw_http_watch *w = t->watches; w;) {
        if (w->fired) {
            w->fired = false;
            w->ready(w->user);
            w = t->watches;
        } else {
            w = w->next;
        }
    }
}

static bool wait_for_sockets(mw_transport *t, int timeout_ms)
{
    struct curl_waitfd fds[WATCHES_MAX];
    int64_t now_ms;
    unsigned n = 0;

    for (mw_http_watch *w = t->watches; w && n < WATCHES_MAX; w = w->next)
        fds[n++] = (struct curl_waitfd){.fd = w->fd,
                                        .events = (short)(CURL_WAIT_POLLIN | (w->writing ? CURL_WAIT_POLLOUT : 0))};
    if (curl_multi_poll(t->multi, n ? fds : NULL, n, timeout_ms, NULL) != CURLM_OK)
        return false;
    n = 0;
    now_ms = mw_mono_ms();
    for (mw_http_watch *w = t->watches; w && n < WATCHES_MAX; w = w->next)
        w->fired = fds[n++].revents != 0 || (w->deadline_ms && now_ms >= w->deadline_ms);
    tell_watches(t);
    return true;
}

static mw_status carrier_run(void *ctx, const volatile bool *stop, mw_error *err)
{
    mw_transport *t = ctx;

    for (;;) {
        int running = 0;
        bool fired;

        if (stop && *stop) {
            cancel_all(t);
            return MW_OK;
        }
        fired = fire_timers(t);
        start_queued(t);
        if (t->running.count == 0 && t->queue.count == 0 && t->timers.count == 0 && !t->watches)
            return MW_OK;
        if (t->running.count > 0) {
            size_t before = t->running.count;

            if (curl_multi_perform(t->multi, &running) != CURLM_OK) {
                cancel_all(t);
                return mw_fail(err, MW_ERR_NET, "libcurl's event loop failed");
            }
            if ((size_t)running < before)
                collect(t);
            if (t->running.count < before)
                continue;
        }
        if (!fired && !wait_for_sockets(t, poll_timeout(t, stop != NULL))) {
            cancel_all(t);
            return mw_fail(err, MW_ERR_NET, "libcurl could not wait for its sockets");
        }
    }
}

static bool has_both_roots(void)
{
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

    return v->cainfo && *v->cainfo && v->capath && *v->capath;
}

static bool copy_text(char **out, const char *s)
{
    *out = NULL;
    return !s || !*s || (*out = mw_strdup(s)) != NULL;
}

mw_status mw_transport_new(const mw_transport_options *o, mw_transport **out, mw_error *err)
{
    mw_transport *t;
    unsigned char seed;

    *out = NULL;
    if (o->ca_bundle && *o->ca_bundle && !mw_file_exists(o->ca_bundle))
        return mw_fail(err, MW_ERR_INVALID, "CA bundle '%s' does not exist", o->ca_bundle);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return mw_fail(err, MW_ERR_UNSUPPORTED, "libcurl could not be initialised");
    if (RAND_bytes(&seed, 1) != 1)
        return mw_fail(err, MW_ERR_UNSUPPORTED, "OpenSSL's random generator could not be seeded");
    t = mw_alloc(sizeof(*t));
    if (!t)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    t->http = (mw_http){.send = carrier_send,
                        .after = carrier_after,
                        .run = carrier_run,
                        .ctx = t,
                        .watch = carrier_watch,
                        .unwatch = carrier_unwatch};
    t->max_in_flight = o->max_in_flight > 0 ? o->max_in_flight : IN_FLIGHT_DEFAULT;
    if (t->max_in_flight > IN_FLIGHT_MAX)
        t->max_in_flight = IN_FLIGHT_MAX;
    t->offline = o->offline;
    t->by_folder = o->few_connections && !(o->ca_bundle && *o->ca_bundle) && has_both_roots();
    if (!copy_text(&t->ca_bundle, o->ca_bundle) || !copy_text(&t->https_proxy, o->https_proxy) ||
        !copy_text(&t->http_proxy, o->http_proxy) || !copy_text(&t->no_proxy, o->no_proxy) ||
        !(t->multi = curl_multi_init())) {
        mw_transport_free(t);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS,
                      (long)t->max_in_flight * 2 > IDLE_MIN ? (long)t->max_in_flight * 2 : IDLE_MIN);
    *out = t;
    return MW_OK;
}

void mw_transport_free(mw_transport *t)
{
    exchange *x;

    if (!t)
        return;
    while ((x = t->running.head) != NULL) {
        list_remove(&t->running, x);
        curl_multi_remove_handle(t->multi, x->easy);
        exchange_free(x);
    }
    while ((x = t->queue.head) != NULL) {
        list_remove(&t->queue, x);
        exchange_free(x);
    }
    while ((x = t->spare) != NULL) {
        t->spare = x->next;
        exchange_free(x);
    }
    if (t->multi)
        curl_multi_cleanup(t->multi);
    mw_sockets_clear(&t->sockets);
    mw_timers_clear(&t->timers);
    mw_free(t->ca_bundle);
    mw_free(t->https_proxy);
    mw_free(t->http_proxy);
    mw_free(t->no_proxy);
    mw_free(t);
}

const mw_http *mw_transport_http(mw_transport *t)
{
    return &t->http;
}
