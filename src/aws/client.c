/*
 * The client itself: settings, carrier, traffic, recording or replay, and the run. What happens
 * to one call is in client_call.c. Relies on everything below in src/aws; it must never hand a
 * credential to anybody but the signer, and never use the network in a replay.
 */
#include "aws/client_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_MAX       100000
#define IN_FLIGHT_DEFAULT 32
#define DEADLINE_MS       300000 /* five minutes: a signature's life */

static const char *env_or_null(const mw_aws_config *c, const char *name)
{
    return c ? mw_aws_config_env(c, name) : NULL;
}

/** Lower case wins, as in curl and Python. */
static const char *proxy_env(const mw_aws_config *c, const char *lower, const char *upper)
{
    const char *v = env_or_null(c, lower);

    return v ? v : env_or_null(c, upper);
}

static mw_status make_traffic(mw_client *c, const mw_client_options *o, mw_error *err)
{
    mw_traffic_options t = {
        .breaker = mw_breaker_standard,
        .rate_factor = o->rate_factor,
        .max_in_flight = o->max_in_flight > 0 ? o->max_in_flight : IN_FLIGHT_DEFAULT,
        .max_per_account = o->max_per_account,
        .max_per_service = o->max_per_service,
        .max_per_host = o->max_per_host,
    };
    mw_status st = mw_retry_settings(o->config, o->max_attempts, &t.retry, err);

    if (o->breaker_failures != 0)
        t.breaker.failures = o->breaker_failures > 0 ? o->breaker_failures : 0;
    c->deadline_ms = o->deadline_ms > 0 ? o->deadline_ms : o->deadline_ms < 0 ? 0 : DEADLINE_MS;
    return st == MW_OK ? mw_traffic_new(&t, &c->traffic, err) : st;
}

static mw_status make_carrier(mw_client *c, const mw_client_options *o, mw_error *err)
{
    const char *name;
    mw_transport_options t = {
        .max_in_flight = o->max_in_flight,
        .ca_bundle = mw_aws_config_setting(o->config, "AWS_CA_BUNDLE", "ca_bundle", &name),
        .https_proxy = proxy_env(o->config, "https_proxy", "HTTPS_PROXY"),
        .http_proxy = proxy_env(o->config, "http_proxy", "HTTP_PROXY"),
        .no_proxy = proxy_env(o->config, "no_proxy", "NO_PROXY"),
        .offline = o->replay_dir != NULL,
        .few_connections = o->few_connections,
    };
    mw_status st;

    if (o->http) {
        c->http = o->http;
        return MW_OK;
    }
    if ((st = mw_transport_new(&t, &c->transport, err)) != MW_OK)
        return t.ca_bundle && st == MW_ERR_INVALID ? mw_error_prefix(err, st, "%s", name) : st;
    c->http = mw_transport_http(c->transport);
    return MW_OK;
}

mw_status mw_client_new(const mw_client_options *o, mw_client **out, mw_error *err)
{
    mw_client *c;
    mw_status st;

    *out = NULL;
    if (o->record_dir && o->replay_dir)
        return mw_fail(err, MW_ERR_INVALID, "--record and --replay exclude each other");
    c = mw_alloc(sizeof(*c));
    if (!c)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    c->models = o->models;
    c->config = o->config;
    c->stop = o->stop;
    c->budget = o->budget;
    c->quotas_everywhere = o->quotas_everywhere;
    if (o->config)
        c->no_host_prefix =
            mw_aws_config_bool(o->config, "AWS_DISABLE_HOST_PREFIX_INJECTION", "disable_host_prefix_injection", false);
    if (o->endpoint_url && *o->endpoint_url && !(c->endpoint_url = mw_strdup(o->endpoint_url))) {
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory");
        goto out;
    }
    if ((st = make_traffic(c, o, err)) != MW_OK || (st = mw_doc_builder_new(NULL, &c->page, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &c->scratch, err)) != MW_OK || (st = make_carrier(c, o, err)) != MW_OK)
        goto out;
    mw__client_offer_turns(c);
    if (o->rates_path && !o->replay_dir) {
        if (!(c->rates_path = mw_strdup(o->rates_path))) {
            st = mw_fail(err, MW_ERR_NOMEM, "out of memory");
            goto out;
        }
        mw_rate_file_read(c->rates_path, mw_now_unix(), &c->rates);
    }
    if (o->replay_dir)
        st = mw_replay_new(o->replay_dir, &c->replay, err);
    else if (o->record_dir)
        st = mw_recorder_new(o->record_dir, o->models, &c->recorder, err);
out:
    if (st != MW_OK) {
        mw_client_free(c);
        return st;
    }
    *out = c;
    return MW_OK;
}

const mw_budget *mw_client_budget(const mw_client *c)
{
    return c->budget;
}

bool mw__client_may_send(mw_client *c, const mw_operation *op, unsigned page)
{
    return !c->budget || mw_budget_take(c->budget, op ? mw_service_name(mw_operation_service(op)) : "sts",
                                        op ? mw_operation_name(op) : "AssumeRole", page);
}

mw_status mw_client_close(mw_client *c, mw_error *err)
{
    mw__client_keep_rates(c);
    return c->recorder ? mw_recorder_close(c->recorder, err) : MW_OK;
}

void mw_client_free(mw_client *c)
{
    if (!c)
        return;
    /* First the carrier: nothing can call back into calls that end below. */
    mw_transport_free(c->transport);
    mw__client_end_turns(c, MW_ERR_CANCELLED, "the client was closed");
    mw__client_end_all(c, MW_ERR_CANCELLED, "the client was closed before the call ended");
    mw__client_forget_auths(c);
    mw_traffic_free(c->traffic);
    mw_recorder_free(c->recorder);
    mw_replay_free(c->replay);
    mw_doc_builder_free(c->page);
    mw_doc_builder_free(c->scratch);
    mw_clocks_clear(&c->clocks);
    mw_rate_entries_clear(&c->rates);
    mw_free(c->allowed);
    mw_free(c->rates_path);
    mw_free(c->endpoint_url);
    mw_arena_clear(&c->arena);
    mw_free(c);
}

mw_status mw_client_run(mw_client *c, mw_error *err)
{
    mw_status st = c->http->run(c->http->ctx, c->stop, err);

    if (mw__client_stopping(c))
        mw__client_end_turns(c, MW_ERR_CANCELLED, "stopped");
    else if (st != MW_OK)
        mw__client_end_turns(c, st, "the event loop failed");
    if (mw__client_stopping(c))
        mw__client_end_all(c, MW_ERR_CANCELLED, "stopped");
    else if (st != MW_OK)
        mw__client_end_all(c, st, err ? err->message : "the event loop failed");
    else
        mw__client_end_all(c, MW_ERR_CREDENTIALS, "the credentials it waited for never came");
    return st;
}

/* ---- what may be called ---- */

static int by_address(const void *a, const void *b)
{
    const mw_operation *x = *(const mw_operation *const *)a, *y = *(const mw_operation *const *)b;

    return (x > y) - (x < y);
}

mw_status mw_client_allow(mw_client *c, const char *const *operations, size_t count, mw_error *err)
{
    const mw_operation **all = mw_realloc(c->allowed, (c->allowed_count + count + 1) * sizeof(*all));

    if (!all)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    c->allowed = all;
    c->declared = true;
    for (size_t i = 0; i < count; i++) {
        MW_AUTO(mw_buf) service = {.max = 256};
        size_t len = strcspn(operations[i], ":");
        const mw_service *s;
        const mw_operation *op;
        mw_status st = mw_buf_add(&service, operations[i], len, err);
        if (st != MW_OK)
            return st;
        s = mw_models_service(c->models, service.data);
        op = s && operations[i][len] ? mw_service_operation(s, operations[i] + len + 1) : NULL;
        if (op)
            c->allowed[c->allowed_count++] = op;
    }
    qsort(c->allowed, c->allowed_count, sizeof(*c->allowed), by_address);
    return MW_OK;
}

bool mw__client_allows(const mw_client *c, const mw_operation *op)
{
    return !c->declared ||
           (c->allowed_count && bsearch(&op, c->allowed, c->allowed_count, sizeof(*c->allowed), by_address));
}

void mw_client_forget(mw_client *c, const char *account)
{
    if (c->traffic)
        mw_traffic_forget(c->traffic, account);
}

const mw_http *mw_client_http(mw_client *c)
{
    return &c->provider_http;
}

const mw_models *mw_client_models(const mw_client *c)
{
    return c->models;
}

bool mw_client_replays(const mw_client *c)
{
    return c->replay != NULL;
}

int64_t mw_client_now_unix(const mw_client *c)
{
    return c->replay ? mw_replay_recorded_at_unix(c->replay) : mw_now_unix() + c->clocks.machine.offset_s;
}

const char *mw_client_noted(const mw_client *c, const char *key)
{
    if (c->replay)
        return mw_replay_noted(c->replay, key);
    return c->recorder ? mw_recorder_noted(c->recorder, key) : NULL;
}

mw_status mw_client_note(mw_client *c, const char *key, const char *value, mw_error *err)
{
    return c->recorder ? mw_recorder_note(c->recorder, key, value, err) : MW_OK;
}

void mw_client_watch(mw_client *c,
                     void (*fn)(void *user, const mw_operation *op, const mw_call_result *r, int64_t waited_ms),
                     void *user)
{
    c->watch = fn;
    c->watch_user = user;
}

mw_client_stats mw_client_stats_get(const mw_client *c)
{
    return c->stats;
}

/* ---- where buckets are ---- */

static bucket_region **bucket_slot(mw_client *c, const char *bucket)
{
    return &c->buckets[mw_hash64(bucket, strlen(bucket)) % MW_BUCKET_TABLE];
}

const char *mw__client_bucket_region(const mw_client *c, const char *bucket)
{
    const bucket_region *b = c->buckets[mw_hash64(bucket, strlen(bucket)) % MW_BUCKET_TABLE];

    for (; b; b = b->next)
        if (strcmp(b->bucket, bucket) == 0)
            return b->region;
    return NULL;
}

/* Forgetting one costs a redirect, so running out of memory or room is not worth a word. */
void mw__client_learn_bucket(mw_client *c, const char *bucket, const char *region)
{
    bucket_region **slot = bucket_slot(c, bucket), *b;
    const char *copy = mw_arena_strdup(&c->arena, region);

    if (!copy)
        return;
    for (b = *slot; b; b = b->next) {
        if (strcmp(b->bucket, bucket) == 0) {
            b->region = copy;
            return;
        }
    }
    if (c->bucket_count >= BUCKETS_MAX)
        return;
    b = mw_arena_alloc(&c->arena, sizeof(*b));
    if (!b || !(b->bucket = mw_arena_strdup(&c->arena, bucket)))
        return;
    b->region = copy;
    b->next = *slot;
    *slot = b;
    c->bucket_count++;
}
