/*
 * What lies between this machine and AWS: proxy, certificates, the endpoint, and how far its clock
 * is from ours. One unsigned request is sent; whatever answers it is reachable.
 */
#include "cli/doctor.h"

#include "aws/endpoint.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#include <string.h>
#include <unistd.h>

/* STS, EC2 and others refuse a signature that is 5 minutes off (Signature Version 4, "Handling
 * dates"). */
#define SKEW_REFUSED_S 300
#define SKEW_NOTED_S   30
#define ANSWER_MS      10000

struct asked {
    bool answered;
    int status;
    int64_t date_unix; /* -1: the answer has none */
    mw_error error;
};

static void on_answer(void *user, const mw_http_response *response, const mw_error *error)
{
    struct asked *a = user;
    const char *date = response ? mw_http_get(&response->headers, "date") : NULL;
    int64_t ns;

    a->date_unix = -1;
    if (error)
        a->error = *error;
    if (!response)
        return;
    a->answered = true;
    a->status = response->status;
    if (date && mw_time_parse(date, strlen(date), &ns, NULL) == MW_OK)
        a->date_unix = ns / 1000000000;
}

/* A proxy's address without the name and password that it may hold. */
static void proxy(mw_doctor *d)
{
    static const char *const names[] = {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"};
    const char *none = mw_aws_config_env(d->session.aws, "NO_PROXY");
    bool any = false;

    none = none ? none : mw_aws_config_env(d->session.aws, "no_proxy");
    for (size_t i = 0; i < MW_COUNT(names); i++) {
        const char *v = mw_aws_config_env(d->session.aws, names[i]), *at = v ? strrchr(v, '@') : NULL;
        if (!v)
            continue;
        any = true;
        mw_doctor_say(d, "network", "proxy", MW_CHECK_OK, 0, NULL, "%s: %s%s%s", names[i], at ? at + 1 : v,
                      none ? ", except for " : "", none ? none : "");
    }
    if (!any)
        mw_doctor_say(d, "network", "proxy", MW_CHECK_OK, 0, NULL, "none");
}

static void certificates(mw_doctor *d)
{
    const char *bundle = mw_aws_config_env(d->session.aws, "AWS_CA_BUNDLE");

    bundle = bundle ? bundle : mw_aws_config_get(d->session.aws, NULL, "ca_bundle");
    if (bundle && access(bundle, R_OK) != 0)
        mw_doctor_say(d, "network", "certificates", MW_CHECK_FAIL, MW_EXIT_USAGE, "correct AWS_CA_BUNDLE or ca_bundle",
                      "%s cannot be read", bundle);
    else
        mw_doctor_say(d, "network", "certificates", MW_CHECK_OK, 0, NULL, "%s",
                      bundle ? bundle : "those of the system");
}

static mw_status ask(mw_doctor *d, const char *region, struct asked *a, mw_endpoint *e, mw_error *err)
{
    const mw_http *http = mw_client_http(d->session.client);
    const mw_http_limits limits = {.total_timeout_ms = ANSWER_MS};
    mw_http_request request = {.arena = &d->arena, .method = "GET", .path = "/"};
    mw_endpoint_request q = {.region = region,
                             .endpoint_url = mw_args_get(d->cli->args, "endpoint-url"),
                             .config = d->session.aws,
                             .params = MW_VAL_ABSENT};
    mw_status st = mw_client_operation(d->session.models, "sts", "GetCallerIdentity", &q.operation, err);

    if (st != MW_OK || (st = mw_endpoint_resolve(&q, &d->arena, e, err)) != MW_OK)
        return st;
    request.scheme = e->scheme;
    request.host = e->host;
    request.port = e->port;
    if ((st = http->send(http->ctx, &request, &limits, on_answer, a, err)) != MW_OK)
        return st;
    return http->run(http->ctx, d->cli->stop, err);
}

static const char *region_of(mw_doctor *d)
{
    const char *configured = mw_aws_config_region(d->session.aws), **patterns;
    mw_error err = {0};
    size_t count;

    if (configured)
        return configured;
    if (mw_session_patterns(&d->session, &patterns, &count, &err) == MW_OK && count && !strpbrk(patterns[0], "*?"))
        return patterns[0];
    return mw_home_region("aws");
}

static void clock_skew(mw_doctor *d, const struct asked *a)
{
    long long off = a->date_unix < 0 ? 0 : (long long)(mw_now_unix() - a->date_unix);
    long long far = off < 0 ? -off : off;

    if (a->date_unix < 0) {
        mw_doctor_say(d, "network", "clock", MW_CHECK_SKIPPED, 0, NULL, "the answer has no date");
        return;
    }
    mw_doctor_say(d, "network", "clock",
                  far >= SKEW_REFUSED_S ? MW_CHECK_FAIL
                  : far >= SKEW_NOTED_S ? MW_CHECK_WARN
                                        : MW_CHECK_OK,
                  0, "set this machine's clock (NTP): AWS refuses signatures that are 5 minutes off", "%lld s %s AWS's",
                  far, off < 0 ? "behind" : "ahead of");
}

static const char *authority(mw_doctor *d, const mw_endpoint *e)
{
    const mw_http_request r = {.scheme = e->scheme, .host = e->host, .port = e->port};
    const char *text = mw_http_authority(&d->arena, &r);

    return text ? text : e->host;
}

static void endpoint(mw_doctor *d)
{
    struct asked a = {0};
    mw_endpoint e = {0};
    mw_error err = {0};
    const char *region = region_of(d);
    int64_t from_ms = mw_mono_ms();
    mw_status st = ask(d, region, &a, &e, &err);

    if (st != MW_OK || !a.answered) {
        mw_doctor_say(d, "network", "endpoint", MW_CHECK_FAIL, 0,
                      "look at DNS, HTTPS_PROXY, AWS_CA_BUNDLE and AWS_ENDPOINT_URL; the rest was "
                      "looked at without it",
                      "%s://%s in %s: %s", e.scheme ? e.scheme : "https", e.host ? authority(d, &e) : "sts", region,
                      st != MW_OK ? err.message : a.error.message);
        mw_doctor_say(d, "network", "clock", MW_CHECK_SKIPPED, 0, NULL, "needs an answer of AWS");
        return;
    }
    d->reachable = true;
    mw_doctor_say(d, "network", "endpoint", MW_CHECK_OK, 0, NULL, "%s://%s answers in %lld ms%s", e.scheme,
                  authority(d, &e), (long long)(mw_mono_ms() - from_ms),
                  mw_str_eq(e.scheme, "https") ? ", its certificate is good" : ", without TLS");
    clock_skew(d, &a);
}

void mw_doctor_network(mw_doctor *d)
{
    mw_error err = {0};
    mw_status st;

    if (!d->configured) {
        mw_doctor_say(d, "network", "endpoint", MW_CHECK_SKIPPED, 0, NULL, "needs the configuration");
        return;
    }
    d->session.budget = &d->probe;
    if ((st = mw_session_open(&d->setup, &d->session, &err)) != MW_OK) {
        mw_doctor_say(d, "network", "settings", MW_CHECK_FAIL, MW_EXIT_USAGE, "correct the setting that is named", "%s",
                      err.message);
        return;
    }
    d->opened = true;
    if (mw_client_replays(d->session.client)) {
        mw_doctor_say(d, "network", "endpoint", MW_CHECK_SKIPPED, 0, NULL, "a replay needs no network");
        return;
    }
    proxy(d);
    certificates(d);
    endpoint(d);
}
