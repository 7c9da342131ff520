/* The carrier's sockets: whether a kept connection is clean before the next request goes over it.
 */
#ifndef MW_AWS_TRANSPORT_SOCKETS_H
#define MW_AWS_TRANSPORT_SOCKETS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct mw_socket {
    int fd, port; /* port 0: not known yet */
    char ip[46];
    bool used;
} mw_socket;

/** Embedded in the carrier, at one address; zeroed is empty. */
typedef struct mw_sockets {
    mw_socket *items;
    size_t count, cap;
} mw_sockets;

/** Let a handle open and close its sockets here, through mw_sys. The sockets outlive its
 * connections. */
bool mw_sockets_apply(mw_sockets *s, CURL *easy);
/**
 * A request is about to go over the connection with this local address.
 * @return false when bytes wait on one that was used before: behind the last answer nobody asked
 * for any. They are thrown away and the connection is shut down, so that nobody gets it again.
 */
bool mw_sockets_clean(mw_sockets *s, const char *ip, int port);
void mw_sockets_clear(mw_sockets *s);

#endif
