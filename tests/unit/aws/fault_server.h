/* A loopback HTTP server whose answer to a path is a fault of that name. One thread a connection. */
#ifndef MW_TESTS_FAULT_SERVER_H
#define MW_TESTS_FAULT_SERVER_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct fault_server {
    int fd, port;
    pthread_t thread;
    atomic_int connections, requests, active, most_active;
    bool (*answer)(int fd, const char *request); /* NULL = fault_answer(); false closes */
} fault_server;

typedef struct fault_connection {
    fault_server *server;
    int fd;
} fault_connection;

static inline bool fault_send(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

static inline void fault_puts(int fd, const char *text)
{
    (void)fault_send(fd, text, strlen(text));
}

/** Read head and body; false at the end of the connection. */
static inline bool fault_read(int fd, char *out, size_t size)
{
    size_t len = 0, want = 0;

    for (;;) {
        char *end, *length;
        ssize_t n;

        out[len] = '\0';
        end = strstr(out, "\r\n\r\n");
        if (end) {
            length = strcasestr(out, "content-length:");
            want = (size_t)(end + 4 - out) + (length && length < end ? (size_t)atol(length + 15) : 0);
            if (len >= want)
                return true;
        }
        if (len + 1 >= size)
            return false;
        n = recv(fd, out + len, size - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
    }
}

static inline void fault_ok(int fd, const char *body)
{
    char head[128];

    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nX-Test: Yes\r\n\r\n", strlen(body));
    fault_puts(fd, head);
    fault_puts(fd, body);
}

static inline void fault_many(int fd, const char *line, size_t times)
{
    for (size_t i = 0; i < times; i++)
        if (!fault_send(fd, line, strlen(line)))
            return;
}

/** False: close the connection. */
static inline bool fault_answer(int fd, const char *request)
{
    char path[64] = "";
    char kilobyte[1025];

    memset(kilobyte, 'x', 1024);
    kilobyte[1024] = '\0';
    sscanf(request, "%*15s %63[^ ?]", path);
    if (strcmp(path, "/ok") == 0) {
        fault_ok(fd, "fine");
        return true;
    }
    if (strcmp(path, "/echo") == 0) {
        fault_ok(fd, request);
        return true;
    }
    if (strcmp(path, "/nap") == 0) {
        usleep(60000);
        fault_ok(fd, "rested");
        return true;
    }
    if (strcmp(path, "/stale") == 0) { /* promises to stay, and goes */
        fault_ok(fd, "bye");
        return false;
    }
    if (strcmp(path, "/slow") == 0)
        usleep(1500000);
    else if (strcmp(path, "/reset") == 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    else if (strcmp(path, "/short") == 0)
        fault_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    else if (strcmp(path, "/short-chunk") == 0)
        fault_puts(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc");
    else if (strcmp(path, "/two-lengths") == 0)
        fault_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde");
    else if (strcmp(path, "/same-lengths") == 0)
        fault_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc");
    else if (strcmp(path, "/negative") == 0)
        fault_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc");
    else if (strcmp(path, "/redirect") == 0)
        fault_puts(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    else if (strcmp(path, "/interim") == 0)
        fault_puts(fd, "HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\n"
                       "Content-Length: 2\r\n\r\nok");
    else if (strcmp(path, "/garbage") == 0)
        fault_puts(fd, "this is not HTTP at all\r\n\r\n");
    else if (strcmp(path, "/endless") == 0) {
        fault_puts(fd, "HTTP/1.1 200 OK\r\n\r\n");
        fault_many(fd, kilobyte, 64 << 10);
    } else if (strcmp(path, "/large") == 0)
        fault_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc");
    else if (strcmp(path, "/large-error") == 0) {
        fault_puts(fd, "HTTP/1.1 500 No\r\n\r\n");
        fault_many(fd, kilobyte, 2 << 10);
    } else if (strcmp(path, "/headers") == 0) {
        fault_puts(fd, "HTTP/1.1 200 OK\r\n");
        fault_many(fd, "X-Padding: 0123456789012345678901234567890123456789\r\n", 6000);
        fault_puts(fd, "\r\n");
    }
    return false; /* also "/close": not a byte */
}

static inline void *fault_serve(void *user)
{
    fault_connection *c = user;
    fault_server *s = c->server;
    int fd = c->fd;
    char *request = malloc(1 << 20);

    free(c);
    while (request && fault_read(fd, request, 1 << 20)) {
        int active = atomic_fetch_add(&s->active, 1) + 1, most = atomic_load(&s->most_active);
        bool stays;

        while (active > most && !atomic_compare_exchange_weak(&s->most_active, &most, active))
            ;
        atomic_fetch_add(&s->requests, 1);
        stays = s->answer ? s->answer(fd, request) : fault_answer(fd, request);
        atomic_fetch_sub(&s->active, 1);
        if (!stays)
            break;
    }
    free(request);
    close(fd);
    return NULL;
}

static inline void *fault_accept(void *user)
{
    fault_server *s = user;

    for (;;) {
        fault_connection *c;
        pthread_t t;
        int fd = accept(s->fd, NULL, NULL);

        if (fd < 0)
            return NULL;
        atomic_fetch_add(&s->connections, 1);
        c = malloc(sizeof(*c));
        if (!c)
            abort();
        *c = (fault_connection){s, fd};
        if (pthread_create(&t, NULL, fault_serve, c) != 0)
            abort();
        pthread_detach(t);
    }
}

static inline bool fault_start(fault_server *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);

    *s = (fault_server){.answer = s->answer};
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&a, len) != 0 || listen(s->fd, 64) != 0 ||
        getsockname(s->fd, (struct sockaddr *)&a, &len) != 0)
        return false;
    s->port = ntohs(a.sin_port);
    return pthread_create(&s->thread, NULL, fault_accept, s) == 0;
}

static inline void fault_stop(fault_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

#endif
