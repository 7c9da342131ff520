/*
 * libcurl 7.88 takes a kept connection on which bytes wait as alive, and reads them as the answer
 * to the next request. A server, proxy or balancer that sends one answer too many would so shift
 * all later ones: the account of one call becomes that of another. This unit knows the carrier's
 * sockets by their local address, which is what libcurl tells before it sends; it must never touch
 * one in use.
 */
#include "aws/transport_sockets.h"

#include "base/mem.h"
#include "base/sys.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool add(mw_sockets *s, int fd)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 32;
        mw_socket *grown = mw_realloc(s->items, cap * sizeof(*grown));

        if (!grown)
            return false;
        s->items = grown;
        s->cap = cap;
    }
    s->items[s->count++] = (mw_socket){.fd = fd};
    return true;
}

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    int fd = mw_sys.socket_fn(mw_sys.ctx, address->family, address->socktype, address->protocol);

    (void)purpose;
    if (fd >= 0 && add(user, fd))
        return fd;
    if (fd >= 0)
        close(fd);
    return CURL_SOCKET_BAD;
}

static int close_socket(void *user, curl_socket_t fd)
{
    mw_sockets *s = user;

    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].fd == fd) {
            s->items[i] = s->items[--s->count];
            break;
        }
    return close(fd);
}

bool mw_sockets_apply(mw_sockets *s, CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, s) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, s) == CURLE_OK;
}

/* Its local address, once it is connected. */
static void learn(mw_socket *k)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);

    if (getsockname(k->fd, (struct sockaddr *)&a, &len) != 0)
        return;
    if (a.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)&a;

        inet_ntop(AF_INET, &in->sin_addr, k->ip, sizeof(k->ip));
        k->port = ntohs(in->sin_port);
    } else if (a.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)&a;

        inet_ntop(AF_INET6, &in->sin6_addr, k->ip, sizeof(k->ip));
        k->port = ntohs(in->sin6_port);
    }
}

static mw_socket *find(mw_sockets *s, const char *ip, int port)
{
    for (size_t i = 0; i < s->count; i++) {
        mw_socket *k = &s->items[i];

        if (!k->port)
            learn(k);
        if (k->port == port && strcmp(k->ip, ip) == 0)
            return k;
    }
    return NULL;
}

bool mw_sockets_clean(mw_sockets *s, const char *ip, int port)
{
    mw_socket *k = find(s, ip, port);
    struct pollfd p = {.events = POLLIN};
    char waste[4096];

    if (!k)
        return true;
    if (!k->used) { /* what waits on a new one belongs to TLS */
        k->used = true;
        return true;
    }
    p.fd = k->fd;
    if (poll(&p, 1, 0) <= 0)
        return true;
    /* while there is more to read, libcurl would not see that it is shut */
    for (int i = 0; i < 1024 && recv(k->fd, waste, sizeof(waste), MSG_DONTWAIT) > 0; i++)
        ;
    shutdown(k->fd, SHUT_RDWR);
    return false;
}

void mw_sockets_clear(mw_sockets *s)
{
    mw_free(s->items);
    *s = (mw_sockets){0};
}
