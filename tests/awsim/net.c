/*
 * The wire: one epoll loop on loopback, HTTP/1.1 with keep-alive and pipelining, and the faults
 * that happen to an answer on its way.
 *
 * A connection answers its requests in order; while an answer waits for a timer, what stands behind
 * it waits too. Memory of a connection is bounded: requests by http.c, unsent answers by MAX_UNSENT.
 */
#include "awsim.h"

#include "base/sys.h"
#include "base/time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_UNSENT ((size_t)4 << 20)
#define DIRECT     ((size_t)64 << 10)
#define MAX_ANSWER ((size_t)512 << 20)

enum waiting { RUNNING, DELAYED, SLOW, HANGING, ENDLESS, LATE, CLOSING };

struct connection {
    int fd;
    mw_buf in, out;
    size_t done, sent; /* of in and of out */
    enum waiting state;
    bool polled_out;
    int64_t due; /* monotonic ms */
    uint64_t pause, filler;
    struct connection *next, *previous;
};

static struct connection *all;
static int poll_fd = -1;
static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void hang_up(struct connection *c, bool reset)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    if (c->fd < 0)
        return;
    if (reset)
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    (void)close(c->fd);
    c->fd = -1;
}

static void drop(struct connection *c, bool reset)
{
    hang_up(c, reset);
    if (c->previous)
        c->previous->next = c->next;
    else
        all = c->next;
    if (c->next)
        c->next->previous = c->previous;
    mw_buf_clear(&c->in);
    mw_buf_clear(&c->out);
    mw_free(c);
}

static void watch(struct connection *c, bool out)
{
    struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0u), .data.ptr = c};
    if (c->polled_out != out)
        (void)epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &e);
    c->polled_out = out;
}

/* ---- answers --------------------------------------------------------------------------------------- */

static const char *reason(int status)
{
    switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Other";
    }
}

static const char *http_date(int64_t skew)
{
    static char date[MW_TIME_SIZE];
    static int64_t made = -1;
    int64_t now = mw_now_unix() + skew;
    if (now != made)
        mw_time_rfc822(date, (made = now) * 1000000000);
    return date;
}

/* A large body goes out from where it was made, without a copy, as far as the socket takes it. */
static size_t send_now(struct connection *c, const char *body, size_t n)
{
    size_t before = c->out.len - c->sent;
    struct iovec parts[] = {{c->out.data + c->sent, before}, {(void *)(uintptr_t)body, n}};
    ssize_t sent = writev(c->fd, parts, 2);
    if (sent <= 0)
        return 0; /* a broken connection shows itself at the next write */
    if ((size_t)sent < before) {
        c->sent += (size_t)sent;
        return 0;
    }
    c->sent = 0;
    mw_buf_reset(&c->out);
    return (size_t)sent - before;
}

static void add_answer(struct connection *c, const struct reply *r, bool head_only, bool last)
{
    const char *body = r->body.len ? r->body.data : "";
    uint64_t length = r->body.len;
    enum fault_kind kind = r->wire.kind;
    if (kind == FAULT_LENGTH)
        length += r->wire.bytes ? r->wire.bytes : 1000;
    if (kind == FAULT_HUGE)
        length += r->wire.bytes;
    say(&c->out, "HTTP/1.1 $d $s\r\nServer: awsim\r\nDate: $s\r\nContent-Type: $s\r\n", U((uint64_t)r->status),
        S(reason(r->status)), S(http_date(r->skew)), S(r->type));
    if (r->head.len)
        (void)mw_buf_add(&c->out, r->head.data, r->head.len, NULL);
    if (last)
        text(&c->out, "Connection: close\r\n");
    if (kind == FAULT_CHUNK)
        text(&c->out, "Transfer-Encoding: chunked\r\n");
    else if (kind != FAULT_ENDLESS && r->status != 204)
        say(&c->out, "Content-Length: $d\r\n", U(length));
    if (kind == FAULT_LENGTHS)
        say(&c->out, "Content-Length: $d\r\n", U(length + 7));
    text(&c->out, "\r\n");
    if (head_only || r->status == 204)
        return;
    size_t n = r->body.len;
    if (kind == FAULT_TRUNCATE)
        n = r->wire.bytes && r->wire.bytes < n ? n - (size_t)r->wire.bytes : n / 2;
    if (kind == FAULT_CHUNK)
        text(&c->out, "zz\r\n");
    size_t gone = kind == FAULT_NONE && n > DIRECT ? send_now(c, body, n) : 0;
    (void)mw_buf_add(&c->out, body + gone, n - gone, NULL);
}

/* The middle of the body goes, and with it the balance of tags and brackets; the length is right. */
static void break_body(mw_buf *body)
{
    size_t third = body->len / 3;
    memmove(body->data + third, body->data + 2 * third, body->len - 2 * third);
    body->len -= third;
    for (size_t i = body->len; i-- > 0 && body->len - i < 8;)
        body->data[i] = '<';
}

static void pause_until(struct connection *c, enum waiting state, uint64_t ms)
{
    c->state = state;
    c->due = mw_mono_ms() + (int64_t)ms;
    c->pause = ms;
}

/* False when the connection is gone. */
static bool respond(struct connection *c, struct server *s, const struct request *r)
{
    struct reply reply = {.status = 200, .type = "application/json"};
    static mw_buf body; /* kept: an answer may take megabytes */
    body.max = MAX_ANSWER;
    mw_buf_reset(&body);
    body.failed = MW_OK;
    reply.body = body;
    if (r->path.len >= 9 && memcmp(r->path.data, "/__awsim/", 9) == 0)
        control(s, r, &reply);
    else
        serve(s, r, &reply, false);
    struct fault *f = &reply.wire;
    if (f->kind == FAULT_BROKEN && reply.body.len > 24)
        break_body(&reply.body);
    if (f->kind == FAULT_REDIRECT) {
        reply.status = 301;
        text(&reply.head, "Location: http://169.254.169.254/latest/meta-data/\r\n");
    }
    bool last = r->close;
    bool alive = true;
    switch (f->kind) {
    case FAULT_RESET:
    case FAULT_CLOSE:
        /* What was answered before goes out first. */
        if (c->out.len > c->sent)
            (void)!write(c->fd, c->out.data + c->sent, c->out.len - c->sent);
        drop(c, f->kind == FAULT_RESET);
        alive = false;
        break;
    case FAULT_LATE: /* the client sees a reset at once, the effect comes when the timer ends */
        hang_up(c, true);
        pause_until(c, LATE, f->ms);
        break;
    case FAULT_HANG: c->state = HANGING; break;
    case FAULT_GARBAGE:
        text(&c->out, "\x15\x03\x01 this is no HTTP\r\n\r\n");
        c->state = CLOSING;
        break;
    default:
        if (f->kind == FAULT_HUGE)
            c->filler = f->bytes;
        add_answer(c, &reply, str_is(r->method, "HEAD"), last);
        if (f->kind == FAULT_DELAY)
            pause_until(c, DELAYED, f->ms);
        else if (f->kind == FAULT_SLOW)
            pause_until(c, SLOW, f->ms);
        else if (f->kind == FAULT_ENDLESS)
            c->state = ENDLESS;
        else if (f->kind == FAULT_HUGE)
            c->state = ENDLESS;
        else if (f->kind == FAULT_LENGTH)
            c->state = HANGING;
        else if (last || f->kind == FAULT_TRUNCATE || f->kind == FAULT_CHUNK)
            c->state = CLOSING;
        break;
    }
    body = reply.body;
    mw_buf_clear(&reply.head);
    return alive;
}

static bool send_some(struct connection *c)
{
    size_t limit = c->out.len - c->sent;
    if (c->state == DELAYED || limit == 0)
        return true;
    if (c->state == SLOW)
        limit = 1;
    ssize_t n = write(c->fd, c->out.data + c->sent, limit);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    if (n > 0)
        c->sent += (size_t)n;
    if (c->sent == c->out.len) {
        c->sent = 0;
        if (c->out.cap > MAX_UNSENT)
            mw_buf_clear(&c->out);
        mw_buf_reset(&c->out);
    }
    return true;
}

static void fill(struct connection *c)
{
    static char spaces[65536];
    if (!spaces[0])
        memset(spaces, ' ', sizeof spaces);
    if (c->out.len > 0)
        return;
    if (c->filler) {
        size_t n = c->filler < sizeof spaces ? (size_t)c->filler : sizeof spaces;
        c->filler -= n;
        (void)mw_buf_add(&c->out, spaces, n, NULL);
        if (c->filler == 0)
            c->state = RUNNING;
    } else {
        (void)mw_buf_add(&c->out, spaces, sizeof spaces, NULL);
    }
}

/* Answer all complete requests that the unsent answers leave room for; 1 when any, -1 when gone. */
static int answer_all(struct connection *c, struct server *s)
{
    static struct request r;
    int any = 0;
    while (c->state == RUNNING && c->out.len - c->sent < MAX_UNSENT && c->in.len > c->done) {
        const char *data = c->in.data + c->done;
        size_t len = c->in.len - c->done;
        int got = request_parse(&r, data, len);
        if (got == 0) {
            if (r.expects && c->out.len == 0 && memmem(data, len, "\r\n\r\n", 4))
                (void)!write(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
            break;
        }
        if (got < 0) {
            text(&c->out, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            c->state = CLOSING;
            break;
        }
        if (!respond(c, s, &r))
            return -1;
        if (c->state == LATE)
            return 0; /* its request stays where it is */
        c->done += r.size;
        any = 1;
    }
    if (c->done == c->in.len) {
        c->done = 0;
        mw_buf_reset(&c->in);
    } else if (c->done > 65536) {
        memmove(c->in.data, c->in.data + c->done, c->in.len - c->done);
        c->in.len -= c->done;
        c->done = 0;
    }
    return any;
}

/* Answer what has arrived and send what can be sent; false when the connection is gone. */
static bool progress(struct connection *c, struct server *s)
{
    bool again;
    do {
        int any = answer_all(c, s);
        if (any < 0)
            return false;
        if (c->state == LATE)
            return true;
        if (c->state == ENDLESS)
            fill(c);
        bool sending = c->out.len > 0;
        if (!send_some(c) || (c->state == CLOSING && c->out.len == 0)) {
            drop(c, false);
            return false;
        }
        bool sent = sending && c->out.len == 0;
        if (c->state == SLOW) {
            c->due = mw_mono_ms() + (int64_t)c->pause;
            if (c->out.len == 0)
                c->state = RUNNING;
        }
        again = sent && c->state == RUNNING && c->in.len > c->done && (any || c->pause);
        c->pause = c->state == SLOW ? c->pause : 0;
    } while (again);
    watch(c, c->state == ENDLESS || (c->out.len > 0 && c->state != DELAYED && c->state != SLOW));
    return true;
}

static void run_late(struct connection *c, struct server *s)
{
    static struct request r;
    struct reply reply = {.body.max = MAX_ANSWER};
    if (request_parse(&r, c->in.data + c->done, c->in.len - c->done) == 1)
        serve(s, &r, &reply, true);
    mw_buf_clear(&reply.body);
    mw_buf_clear(&reply.head);
    drop(c, false);
}

static void readable(struct connection *c, struct server *s)
{
    char chunk[65536];
    ssize_t n = read(c->fd, chunk, sizeof chunk);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(c, false);
        return;
    }
    if (n > 0 && mw_buf_add(&c->in, chunk, (size_t)n, NULL) != MW_OK) {
        drop(c, true);
        return;
    }
    (void)progress(c, s);
}

/* ---- the loop --------------------------------------------------------------------------------------- */

static void welcome(struct server *s, int listener)
{
    for (int i = 0; i < 64; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct connection *c = mw_alloc(sizeof *c);
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        if (!c || epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &e) != 0) {
            mw_free(c);
            (void)close(fd);
            continue;
        }
        c->fd = fd;
        c->in.max = 8 << 20;
        c->out.max = MAX_ANSWER + (64 << 20);
        c->next = all;
        if (all)
            all->previous = c;
        all = c;
        s->connections++;
    }
}

/* Timers are rare: only connections under a fault have one. Milliseconds to the next, or -1. */
static int run_timers(struct server *s)
{
    int64_t now = mw_mono_ms(), next = -1;
    for (struct connection *c = all, *after; c; c = after) {
        after = c->next;
        if (c->state != DELAYED && c->state != SLOW && c->state != LATE)
            continue;
        if (c->due <= now && c->state == LATE) {
            run_late(c, s);
            continue;
        }
        if (c->due <= now) {
            if (c->state == DELAYED)
                c->state = RUNNING;
            if (!progress(c, s))
                continue;
        }
        if ((c->state == DELAYED || c->state == SLOW || c->state == LATE) && (next < 0 || c->due < next))
            next = c->due;
    }
    return next < 0 ? -1 : next <= now ? 0 : (int)(next - now);
}

static mw_status listen_on(unsigned port, int *fd, unsigned *bound, mw_error *err)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int on = 1;
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(*fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(*fd, 4096) != 0 ||
        getsockname(*fd, (struct sockaddr *)&a, &size) != 0)
        return mw_fail(err, MW_ERR_NET, "cannot listen on 127.0.0.1:%u: %s", port, strerror(errno));
    *bound = ntohs(a.sin_port);
    return MW_OK;
}

mw_status net_run(struct server *s, unsigned port, const char *port_file, mw_error *err)
{
    int listener = -1;
    unsigned bound = 0;
    mw_status st = listen_on(port, &listener, &bound, err);
    if (st != MW_OK)
        return st;
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (poll_fd < 0 || epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &e) != 0)
        return mw_fail(err, MW_ERR_IO, "epoll: %s", strerror(errno));
    struct sigaction ignore = {.sa_handler = SIG_IGN}, end = {.sa_handler = on_signal};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigaction(SIGTERM, &end, NULL);
    (void)sigaction(SIGINT, &end, NULL);
    if (port_file) {
        FILE *f = fopen(port_file, "w");
        if (!f || fprintf(f, "%u\n", bound) < 0 || fclose(f) != 0)
            return mw_fail(err, MW_ERR_IO, "%s: %s", port_file, strerror(errno));
    }
    printf("http://127.0.0.1:%u\n", bound);
    (void)fflush(stdout);
    int timeout = -1;
    while (!stopped && !s->stop) {
        struct epoll_event events[256];
        int n = epoll_wait(poll_fd, events, MW_COUNT(events), timeout);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c)
                welcome(s, listener);
            else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                readable(c, s);
            else
                (void)progress(c, s);
        }
        timeout = run_timers(s);
    }
    while (all)
        drop(all, false);
    (void)close(listener);
    (void)close(poll_fd);
    return MW_OK;
}
