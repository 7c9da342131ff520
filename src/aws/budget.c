/*
 * A budget of requests and dollars, taken before anything is sent, so that it is never exceeded by
 * one. What a request costs is taken at its most: one for metrics at the price of all that it may
 * ask for.
 */
#include "aws/budget.h"

#include "aws/price.h"
#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* GetMetricData, CloudWatch API Reference: 500 metrics at most in one request. */
#define METRICS_MOST 500u

static mw_status refuse(const char *text, mw_error *err)
{
    return mw_fail(err, MW_ERR_INVALID, "--budget: '%.60s' is not calls=N, cost=USD or both with a comma between",
                   text);
}

/* Digits with at most one point: what strtod takes beside that is no price. */
static bool parse_usd(const char *s, size_t len, double *out)
{
    char digits[32], *end;

    if (len == 0 || len >= sizeof(digits) || strspn(s, "0123456789.") < len)
        return false;
    memcpy(digits, s, len);
    digits[len] = '\0';
    errno = 0;
    *out = strtod(digits, &end);
    return *end == '\0' && errno == 0 && isfinite(*out);
}

mw_status mw_budget_parse(const char *text, mw_budget *out, mw_error *err)
{
    const char *at = text;

    *out = (mw_budget){.calls_most = UINT64_MAX, .usd_most = -1};
    for (;;) {
        size_t len = strcspn(at, ",");
        long long n;
        if (mw_str_starts(at, "calls=") && out->calls_most == UINT64_MAX && mw_parse_int(at + 6, len - 6, &n) && n >= 0)
            out->calls_most = (uint64_t)n;
        else if (!mw_str_starts(at, "cost=") || out->usd_most >= 0 || !parse_usd(at + 5, len - 5, &out->usd_most))
            return refuse(text, err);
        if (!at[len])
            return MW_OK;
        at += len + 1;
    }
}

bool mw_budget_take(mw_budget *b, const char *service, const char *operation, unsigned page)
{
    double usd = mw_price_usd(service, operation, 1, METRICS_MOST);

    if (b->calls >= b->calls_most || (b->usd_most >= 0 && usd > 0 && b->usd + usd > b->usd_most) ||
        (b->gate && !b->gate(b->gate_user, service, operation, page))) {
        b->refused++;
        return false;
    }
    b->calls++;
    b->usd += usd;
    return true;
}

uint64_t mw_budget_left(const mw_budget *b)
{
    return b->calls_most == UINT64_MAX ? UINT64_MAX : b->calls_most - b->calls;
}
