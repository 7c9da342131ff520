/* One plain request to a local credential service (container agent, instance metadata). */
#ifndef MW_AWS_PROVIDER_FETCH_H
#define MW_AWS_PROVIDER_FETCH_H

#include "aws/http.h"

/** @p response is NULL when nobody answered; then @p error says why. */
typedef void (*mw_fetch_done)(void *user, const mw_http_response *response, const mw_error *error);

typedef struct mw_fetch {
    const mw_http *http;
    const char *method;
    const char *url;
    const char *headers[4][2]; /* up to the first NULL name */
    int timeout_ms;
    int attempts; /* tries until an answer of 200 */
    int delay_ms; /* between them */
    mw_fetch_done done;
    void *user;
} mw_fetch;

/** Everything is copied. MW_OK: `done` is called exactly once, perhaps before this returns. */
mw_status mw__fetch_start(const mw_fetch *spec, mw_error *err);

#endif
