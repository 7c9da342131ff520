/* One HTTP request and its answer as plain data, and the interface of whoever carries them. */
#ifndef MW_AWS_HTTP_H
#define MW_AWS_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "moonward/status.h"

#include <stdbool.h>
#include <stdint.h>

/** Header or query pair; strings live in the request's arena. */
typedef struct mw_http_pair {
    const char *name;
    const char *value;
} mw_http_pair;

typedef struct mw_http_pairs {
    mw_http_pair *items;
    size_t count;
    size_t cap;
} mw_http_pairs;

typedef struct mw_http_request {
    mw_arena *arena;       /* owns every string below */
    const char *method;    /* "GET" */
    const char *scheme;    /* "https" or "http" */
    const char *host;      /* without port; IPv6 in brackets */
    int port;              /* 0 = the scheme's default */
    const char *path;      /* absolute, percent-encoded as sent */
    const char *query;     /* percent-encoded as sent, without '?'; NULL or "" for none */
    mw_http_pairs headers; /* without Host and Content-Length: the transport and the signer add them */
    const char *body;      /* borrowed bytes; may be NULL */
    size_t body_len;
} mw_http_request;

typedef struct mw_http_response {
    int status;
    mw_http_pairs headers; /* names lower-cased; in the arena */
    mw_buf body;
    mw_arena arena;
} mw_http_response;

/** Append, copying both strings into the arena. */
mw_status mw_http_add(mw_arena *a, mw_http_pairs *p, const char *name, const char *value, mw_error *err);
/** Replace the value of each pair of that name (case-insensitive), or append. */
mw_status mw_http_set(mw_arena *a, mw_http_pairs *p, const char *name, const char *value, mw_error *err);
/** First value by case-insensitive name, or NULL. */
const char *mw_http_get(const mw_http_pairs *p, const char *name);
void mw_http_response_clear(mw_http_response *r);
/**
 * Are two hosts the same IP address, however it is written ("[::1]", "[0:0::1]")? A name is no
 * address, and neither are the forms that only old resolvers know ("127.1", "0x7f.0.0.1").
 */
bool mw_http_same_address(const char *host, const char *other);
/** Is @p host this machine itself: "localhost", or a loopback address? */
bool mw_http_is_loopback(const char *host);
/** "host" or "host:port" as the Host header says it (no port when it is the scheme's default). */
const char *mw_http_authority(mw_arena *a, const mw_http_request *r);

/**
 * The carrier of requests, injected so that credentials and the client are tested without a network.
 * `send` starts one exchange and returns at once; `done` is called exactly once later, from `run`
 * or `send` itself, with the response (valid during the call) or a transport error.
 */
typedef void (*mw_http_done)(void *user, const mw_http_response *response, const mw_error *error);

typedef struct mw_http_limits {
    int connect_timeout_ms; /* 0 = 3100 */
    int total_timeout_ms;   /* 0 = 60000 */
    size_t max_body_bytes;  /* 0 = 64 MiB */
    bool fresh_connection;  /* for calls that change something: never silently re-sent */
    /* When not NULL: set to true before `done` when the failure came before the request can have
     * reached a server (resolving, connecting, TLS), else false. A write may then be tried again. */
    bool *unsent;
} mw_http_limits;

/** Somebody else's descriptor in the same loop. The caller's; it stays linked until `unwatch`. */
typedef struct mw_http_watch {
    struct mw_http_watch *next;
    int fd;
    bool writing; /* also wait for room to write; may change at any time */
    bool fired;
    int64_t deadline_ms;       /* mw_mono_ms(): ready by then even if nothing came; 0 = none. To the second */
    void (*ready)(void *user); /* readable, writable, or closed by the other side */
    void *user;
} mw_http_watch;

typedef struct mw_http {
    /** @p request stays the caller's and valid until `done`. MW_OK means `done` will be called. */
    mw_status (*send)(void *ctx, const mw_http_request *request, const mw_http_limits *limits, mw_http_done done,
                      void *user, mw_error *err);
    /** Call `fn(user)` after @p delay_ms from `run`. */
    mw_status (*after)(void *ctx, int64_t delay_ms, void (*fn)(void *user), void *user, mw_error *err);
    /** Make progress until nothing is in flight, watched or armed, or @p stop (may be NULL) becomes true. */
    mw_status (*run)(void *ctx, const volatile bool *stop, mw_error *err);
    void *ctx;
    /** Both NULL with a carrier that has no loop of its own. */
    void (*watch)(void *ctx, mw_http_watch *w);
    void (*unwatch)(void *ctx, mw_http_watch *w);
    const struct mw_turns *turns; /* turns.h; NULL = whoever sends need not wait */
    struct mw_clocks *clocks;     /* clock.h; what is signed uses and teaches them. NULL = none are kept */
} mw_http;

#endif
