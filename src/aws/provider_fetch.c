/*
 * A plain HTTP request with a few quick retries, for the credential services of containers and
 * instances. Relies on the injected carrier. Bodies and the authorization header are secret: they
 * are never put in a message.
 */
#include "aws/provider_fetch.h"

#include "aws/endpoint_internal.h"

#include <string.h>

#define MAX_BODY_BYTES ((size_t)64 << 10) /* credential documents have some 2 KiB */

typedef struct fetch {
    const mw_http *http;
    mw_arena arena;
    mw_http_request request;
    mw_http_limits limits;
    int left;
    int delay_ms;
    mw_fetch_done done;
    void *user;
} fetch;

static void answered(void *user, const mw_http_response *response, const mw_error *error);

static void end(fetch *f, const mw_http_response *response, const mw_error *error)
{
    mw_error named = {0};

    if (!response)
        mw_fail(&named, error->status ? error->status : MW_ERR_NET, "%s: %s", f->request.host, error->message);
    f->done(f->user, response, &named);
    mw_arena_clear(&f->arena);
    mw_free(f);
}

static mw_status send_once(fetch *f, mw_error *err)
{
    f->left--;
    return f->http->send(f->http->ctx, &f->request, &f->limits, answered, f, err);
}

static void again(void *user)
{
    fetch *f = user;
    mw_error err = {0};

    if (send_once(f, &err) != MW_OK)
        end(f, NULL, &err);
}

static void answered(void *user, const mw_http_response *response, const mw_error *error)
{
    fetch *f = user;
    mw_error none = {0};

    /* 4xx are answers; what may pass is a dead connection or a 5xx. */
    if ((!response || response->status >= 500) && f->left > 0 &&
        f->http->after(f->http->ctx, f->delay_ms, again, f, NULL) == MW_OK)
        return;
    if (!response && !error)
        mw_fail(&none, MW_ERR_NET, "no answer");
    end(f, response, error ? error : &none);
}

static mw_status prepare(fetch *f, const mw_fetch *spec, mw_error *err)
{
    rule_url url;
    mw_status st = mw__rule_url_parse(&f->arena, spec->url, &url);

    f->request.arena = &f->arena;
    if (st == MW_ERR_NOMEM)
        return mw_fail(err, st, "out of memory");
    if (st != MW_OK)
        return mw_fail(err, MW_ERR_INVALID, "'%s' is not a URL of a credential service", spec->url);
    f->request.method = spec->method;
    f->request.scheme = url.scheme;
    f->request.host = url.host;
    f->request.port = url.port;
    f->request.path = *url.path ? url.path : "/";
    for (size_t i = 0; i < MW_COUNT(spec->headers) && spec->headers[i][0] && st == MW_OK; i++)
        st = mw_http_add(&f->arena, &f->request.headers, spec->headers[i][0], spec->headers[i][1], err);
    return st;
}

mw_status mw__fetch_start(const mw_fetch *spec, mw_error *err)
{
    fetch *f = mw_alloc(sizeof(*f));
    mw_status st;

    if (!f)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    f->http = spec->http;
    f->limits = (mw_http_limits){
        .connect_timeout_ms = spec->timeout_ms, .total_timeout_ms = spec->timeout_ms, .max_body_bytes = MAX_BODY_BYTES};
    f->left = spec->attempts;
    f->delay_ms = spec->delay_ms;
    f->done = spec->done;
    f->user = spec->user;
    st = prepare(f, spec, err);
    if (st == MW_OK)
        st = send_once(f, err);
    if (st != MW_OK) {
        mw_arena_clear(&f->arena);
        mw_free(f);
    }
    return st;
}
