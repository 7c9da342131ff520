/*
 * The carrier of HTTP requests over libcurl's multi interface: one event loop, one thread, bounded
 * concurrency, connections kept alive. It never follows a redirect, never re-sends a request
 * that changes something, and has no way to switch certificate checks off.
 */
#ifndef MW_AWS_TRANSPORT_H
#define MW_AWS_TRANSPORT_H

#include "aws/http.h"

typedef struct mw_transport mw_transport;

typedef struct mw_transport_options {
    int max_in_flight;       /* 0 = 32; what is beyond waits in order */
    const char *ca_bundle;   /* PEM file; NULL = the system's */
    bool few_connections;    /* look roots up in the system's folder first: reading its whole bundle costs some 20 ms */
    const char *https_proxy; /* URL for https requests, or NULL */
    const char *http_proxy;  /* URL for http requests, or NULL */
    const char *no_proxy;    /* comma-separated hosts and domains, or NULL */
    bool offline;            /* replay: every send is refused, timers still run */
} mw_transport_options;

/**
 * Also initialises libcurl and OpenSSL's random generator, so that neither does it half-way through
 * a run (OpenSSL 3.0 dies when memory runs out just then).
 * @return MW_OK; MW_ERR_INVALID when the CA bundle is missing; MW_ERR_NOMEM; MW_ERR_UNSUPPORTED.
 */
mw_status mw_transport_new(const mw_transport_options *options, mw_transport **out, mw_error *err);
/** Drops what is in flight without calling anybody back. NULL is allowed. */
void mw_transport_free(mw_transport *t);
/** Lives as long as @p t. */
const mw_http *mw_transport_http(mw_transport *t);

#endif
