/*
 * The life of one call: what its first page needs, credentials, sending, and what is done with the
 * answer: parse, retry, redirect, next page. Everything runs on the event loop's thread;
 * client_request.c makes the requests.
 *
 * What changes something is never sent twice unless AWS said that it did not do it, or the request
 * cannot have left this machine; such retries belong to whoever keeps a journal.
 */
#include "aws/client_internal.h"

#include "aws/sigv4.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

#define MW_CODE_CIRCUIT_OPEN "CircuitOpen"
#define MW_CODE_NOT_DECLARED "NotDeclared"
#define ATTEMPT_MIN_MS       20 /* no attempt is worth beginning this close to the deadline */
#define CLOCK_TRIES_MAX      6  /* of one call: servers whose clocks differ among themselves */

static void begin_page(void *user);
static void begin_attempt(void *user);
static void finish(mw_active_call *k, mw_status status);

/* ---- ending ---- */

static void fail(mw_active_call *k, mw_status status, const mw_error *err)
{
    if (err && err != &k->result.error)
        k->result.error = *err;
    k->result.error.status = status;
    finish(k, status);
}

static void release(mw_active_call *k)
{
    mw_doc_free(k->params_doc);
    mw_paginator_free(k->paginator);
    mw_arena_clear(&k->arena);
    mw_provider_unref(k->provider);
    mw_free(k->region);
    mw_free(k);
}

static void unlink_call(mw_active_call *k)
{
    if (k->prev)
        k->prev->next = k->next;
    else
        k->client->calls = k->next;
    if (k->next)
        k->next->prev = k->prev;
    k->next = k->prev = NULL;
}

/** on_done, exactly once. A call that a credential provider still knows stays allocated until it
 * calls. */
static void finish(mw_active_call *k, mw_status status)
{
    k->result.status = status;
    if (status != MW_OK) {
        k->client->stats.failures++;
        if (!k->result.error.message[0])
            mw_fail(&k->result.error, status, "%s:%s failed", mw_service_name(mw_operation_service(k->op)),
                    mw_operation_name(k->op));
    }
    unlink_call(k);
    mw__call_leave(k, MW_OUTCOME_NONE, NULL);
    if (k->client->watch)
        k->client->watch(k->client->watch_user, k->op, &k->result, k->waited_ms);
    if (k->call.on_done)
        k->call.on_done(k->call.user, &k->result);
    if (k->waiting)
        k->over = true;
    else
        release(k);
}

void mw__client_end_all(mw_client *c, mw_status status, const char *message)
{
    while (c->calls) {
        mw_error err = {0};

        mw_fail(&err, status, "%s:%s: %s", mw_service_name(mw_operation_service(c->calls->op)),
                mw_operation_name(c->calls->op), message);
        fail(c->calls, status, &err);
    }
}

/* ---- answers ---- */

static void next_step(mw_active_call *k, int64_t delay_ms, void (*fn)(void *user))
{
    mw_error err = {0};
    mw_status st = k->client->http->after(k->client->http->ctx, delay_ms, fn, k, &err);

    if (st != MW_OK)
        fail(k, st, &err);
}

static void record(mw_active_call *k, const mw_http_response *answer)
{
    mw_exchange_key key = {
        .account = k->call.scope->account,
        .region = k->call.scope->region,
        .operation = k->op,
        .params_doc = k->params_doc,
        .params = k->params,
        .page = k->page,
    };
    mw_error err = {0};

    if (k->client->recorder && mw_recorder_add(k->client->recorder, &key, answer, &err) != MW_OK)
        mw_log_error("%s:%s could not be recorded: %s", mw_service_name(mw_operation_service(k->op)),
                     mw_operation_name(k->op), err.message);
}

/** Hand over one page, and go on or end. */
static void deliver(mw_active_call *k, mw_val result)
{
    mw_client *c = k->client;
    mw_error err = {0};
    bool more = false;
    mw_status st;

    k->result.pages++;
    if (k->call.on_page && !k->call.on_page(k->call.user, c->page, result)) {
        finish(k, MW_OK);
        return;
    }
    if (!k->paginator) {
        finish(k, MW_OK);
        return;
    }
    st = mw_paginator_advance(k->paginator, c->page, result, &more, &err);
    if (st != MW_OK) {
        mw_error_prefix(&err, st, "%s:%s, page %u", mw_service_name(mw_operation_service(k->op)),
                        mw_operation_name(k->op), k->page);
        fail(k, st, &err);
        return;
    }
    if (!more) {
        finish(k, MW_OK);
        return;
    }
    k->page++;
    begin_page(k);
}

/** Credentials that AWS calls expired are fetched anew, once. */
static bool refresh_credentials(mw_active_call *k, const mw_aws_error *e)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"};

    if (k->refreshed || !k->provider || !mw_str_among(e->code, codes, MW_COUNT(codes)))
        return false;
    k->refreshed = true;
    mw_provider_invalidate(k->provider);
    return true;
}

/**
 * AWS's clock is right: this request is signed again with the time of the answer. What others sign
 * with changes only when that has worked (learn_clock).
 */
static bool correct_clock(mw_active_call *k, const mw_aws_error *e, const mw_http_response *answer)
{
    if (k->clock_tries >= CLOCK_TRIES_MAX || mw__call_unsigned(k) ||
        !mw_clock_corrected(e->code, answer, mw_now_unix(), &k->offset_s))
        return false;
    k->clock_tries++;
    return true;
}

static void learn_clock(mw_active_call *k)
{
    if (!mw__call_unsigned(k))
        mw_clocks_learn(&k->client->clocks, k->request.host, k->offset_s);
}

/** Text of `<Region>` in an S3 error body, copied into the call's arena. */
static const char *region_in_body(mw_active_call *k, const mw_http_response *answer)
{
    static const char tag[] = "<Region>";
    const char *start = answer->body.data ? strstr(answer->body.data, tag) : NULL;
    const char *stop = start ? strchr(start + sizeof(tag) - 1, '<') : NULL;

    if (!stop)
        return NULL;
    start += sizeof(tag) - 1;
    return mw_arena_strndup(&k->arena, start, (size_t)(stop - start));
}

static bool plausible_region(const char *s)
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '-'))
            return false;
    return n > 0 && n <= 63;
}

/** S3 names the bucket's region when asked in another one: resolve and sign anew there, once. */
static bool follow_bucket(mw_active_call *k, const mw_aws_error *e, const mw_http_response *answer)
{
    static const char *const codes[] = {"PermanentRedirect",
                                        "TemporaryRedirect",
                                        "301",
                                        "307",
                                        "AuthorizationHeaderMalformed",
                                        "IllegalLocationConstraintException"};
    const char *bucket = mw__call_bucket(k);
    const char *region = mw_http_get(&answer->headers, "x-amz-bucket-region");
    char *copy;

    if (k->redirected || !bucket)
        return false;
    if (!region && mw_str_among(e->code, codes, MW_COUNT(codes)))
        region = region_in_body(k, answer);
    if (!region || !plausible_region(region) || mw_str_eq(region, mw__call_region(k)))
        return false;
    /* Any error may carry the header; only these are about the place. */
    if (e->http_status != 301 && e->http_status != 307 && e->http_status != 400 &&
        !mw_str_among(e->code, codes, MW_COUNT(codes)))
        return false;
    copy = mw_strdup(region);
    if (!copy)
        return false;
    mw__client_learn_bucket(k->client, bucket, copy);
    mw_free(k->region);
    k->region = copy;
    k->redirected = true;
    return true;
}

/** The deadline has passed, or would while waiting; @p why is the last failure. */
static void give_up(mw_active_call *k, const char *why)
{
    char text[MW_ERROR_MESSAGE_SIZE];
    mw_error err = {0};

    snprintf(text, sizeof(text), "%s", why); /* it may be the call's own error */
    mw_fail(&err, MW_ERR_TIMEOUT, "%s:%s: given up after %.1f s and %d attempt%s: %s",
            mw_service_name(mw_operation_service(k->op)), mw_operation_name(k->op),
            (double)(mw_mono_ms() - k->begun_ms) / 1000.0, k->attempt, k->attempt == 1 ? "" : "s", text);
    fail(k, MW_ERR_TIMEOUT, &err);
}

/** May this failure be followed by another attempt? True also when the call has ended here, late. */
static bool retry(mw_active_call *k, mw_status status, const char *why)
{
    mw_client *c = k->client;
    mw_retry_class class = mw_retry_classify(k->op, status, &k->result.aws);
    int64_t delay_ms = 0;

    if (class == MW_RETRY_THROTTLE)
        c->stats.throttled++;
    if (class == MW_RETRY_TRANSIENT && k->unsent)
        class = MW_RETRY_UNREACHED;
    if (k->mutating && class != MW_RETRY_THROTTLE && !k->unsent)
        return false;
    if (mw__client_stopping(c) || !mw_retry_again(mw_traffic_retry(c->traffic), mw_lane_quota(k->lane), class,
                                                  k->attempt, k->retry_after_ms, &k->quota_taken, &delay_ms))
        return false;
    if (mw__call_late(k, delay_ms + ATTEMPT_MIN_MS)) {
        give_up(k, why);
        return true;
    }
    c->stats.retries++;
    if (class == MW_RETRY_THROTTLE)
        k->waited_ms += delay_ms;
    k->attempt++;
    next_step(k, delay_ms, begin_attempt);
    return true;
}

static void on_aws_error(mw_active_call *k, const mw_http_response *answer, mw_error *err)
{
    mw_client *c = k->client;
    bool bad_params;

    if (!c->replay) {
        if (follow_bucket(k, &k->result.aws, answer)) {
            mw_status st = mw__call_prepare(k, &bad_params, err);

            if (st != MW_OK)
                fail(k, st, err);
            else
                next_step(k, 0, begin_attempt);
            return;
        }
        if (refresh_credentials(k, &k->result.aws) || correct_clock(k, &k->result.aws, answer)) {
            next_step(k, 0, begin_attempt);
            return;
        }
        if (retry(k, MW_ERR_AWS, k->result.aws.code))
            return;
        record(k, answer);
    }
    mw_fail(err, MW_ERR_AWS, "%s:%s: %s: %s", mw_service_name(mw_operation_service(k->op)), mw_operation_name(k->op),
            k->result.aws.code, k->result.aws.message);
    fail(k, MW_ERR_AWS, err);
}

/** The same for an answer from the network and one from a recording. */
static void on_answer(mw_active_call *k, const mw_http_response *answer)
{
    mw_client *c = k->client;
    mw_val parsed = MW_VAL_ABSENT, result = MW_VAL_ABSENT;
    mw_error err = {0};
    mw_status st;

    memset(&k->result.aws, 0, sizeof(k->result.aws));
    k->result.http_status = answer->status;
    mw_doc_builder_reset(c->page);
    st = mw_protocol_parse(k->op, answer, c->page, &parsed, &k->result.aws, &err);
    if (!c->replay)
        mw__call_leave(k, mw__call_outcome(k, st, answer), k->result.aws.code);
    if (st == MW_ERR_AWS) {
        on_aws_error(k, answer, &err);
        return;
    }
    if (!c->replay)
        record(k, answer);
    if (st == MW_OK && !k->mutating && mw_protocol_lacks_document(k->op, answer))
        st = mw_fail(&err, MW_ERR_PARSE, "the answer has nothing in its body");
    if (st == MW_OK)
        st = mw_customize_result(k->op, k->params_doc, k->params, c->page, parsed, &result, &err);
    if (st != MW_OK) {
        mw_error_prefix(&err, st, "%s:%s", mw_service_name(mw_operation_service(k->op)), mw_operation_name(k->op));
        fail(k, st, &err);
        return;
    }
    if (!c->replay) {
        learn_clock(k);
        mw_retry_success(mw_traffic_retry(c->traffic), mw_lane_quota(k->lane), k->quota_taken);
    }
    deliver(k, result);
}

static void on_failure(mw_active_call *k, const mw_error *failure)
{
    k->retry_after_ms = -1;
    mw__call_leave(k, mw__call_outcome(k, failure->status, NULL), failure->message);
    if (failure->status != MW_ERR_CANCELLED && retry(k, failure->status, failure->message))
        return;
    if (failure->status == MW_ERR_TIMEOUT && mw__call_late(k, ATTEMPT_MIN_MS)) {
        give_up(k, failure->message);
        return;
    }
    k->result.error = *failure;
    mw_error_prefix(&k->result.error, failure->status, "%s:%s", mw_service_name(mw_operation_service(k->op)),
                    mw_operation_name(k->op));
    fail(k, failure->status, NULL);
}

static void on_exchange(void *user, const mw_http_response *answer, const mw_error *failure)
{
    mw_active_call *k = user;
    mw_client *c = k->client;

    if (failure) {
        on_failure(k, failure);
    } else {
        c->stats.bytes_in += answer->body.len;
        k->retry_after_ms = mw_retry_after_ms(answer);
        on_answer(k, answer);
    }
    mw__client_pump(c); /* the call may be gone by now */
}

/* ---- the budget ---- */

static void over_budget(mw_active_call *k)
{
    const mw_budget *b = k->client->budget;
    mw_aws_error *e = &k->result.aws;
    mw_error err = {0};

    *e = (mw_aws_error){.code = MW_CODE_BUDGET_SPENT};
    snprintf(e->message, sizeof(e->message), "the budget of this run is spent (%llu requests, %.4f USD); not sent",
             (unsigned long long)b->calls, b->usd);
    mw_fail(&err, MW_ERR_AWS, "%s:%s: %s: %s", mw_service_name(mw_operation_service(k->op)), mw_operation_name(k->op),
            e->code, e->message);
    fail(k, MW_ERR_AWS, &err);
}

/* Credentials that could not be asked for are the budget's affair too. */
static bool credentials_over_budget(mw_active_call *k, mw_status status)
{
    if (!k->client->budget || status != MW_ERR_LIMIT)
        return false;
    over_budget(k);
    return true;
}

/* ---- attempts ---- */

static void on_credentials(void *user, mw_status status, const mw_error *error)
{
    mw_active_call *k = user;

    k->waiting = false;
    if (k->over) {
        release(k);
        return;
    }
    if (status == MW_OK) {
        begin_attempt(k);
        return;
    }
    if (credentials_over_budget(k, status))
        return;
    mw__call_refused_session(k, status, error);
    fail(k, status, error);
}

static mw_status attempt_headers(mw_active_call *k, mw_error *err)
{
    char text[48];
    int most = mw_lane_quota(k->lane)->transient_attempts;

    if (most < k->attempt)
        most = k->attempt; /* throttled ones are tried more often */
    k->request.headers.count = k->base_headers;
    snprintf(text, sizeof(text), "attempt=%d; max=%d", k->attempt, most);
    return mw_http_add(&k->arena, &k->request.headers, "amz-sdk-request", text, err);
}

static void begin_attempt(void *user)
{
    mw_active_call *k = user;
    mw_error err = {0};

    if (mw__client_stopping(k->client)) {
        mw_fail(&err, MW_ERR_CANCELLED, "%s:%s: stopped", mw_service_name(mw_operation_service(k->op)),
                mw_operation_name(k->op));
        fail(k, MW_ERR_CANCELLED, &err);
        return;
    }
    mw__call_queue(k);
}

void mw__call_expired(mw_active_call *k)
{
    give_up(k, k->waiting              ? "credentials did not come"
               : k->result.aws.code[0] ? k->result.aws.code
                                       : "no turn to send it");
}

void mw__call_refused(mw_active_call *k, int64_t open_ms)
{
    const mw_scope *s = k->call.scope;
    const mw_breaker *b = mw_lane_breaker(k->lane);
    mw_aws_error *e = &k->result.aws;
    mw_error err = {0};

    k->client->stats.refused++;
    *e = (mw_aws_error){.code = MW_CODE_CIRCUIT_OPEN};
    snprintf(e->message, sizeof(e->message),
             "%d requests in a row failed for %s in account %s, region %s, the last with: %s; "
             "not sent, next try in %.1f s",
             b->failed, mw_service_name(mw_operation_service(k->op)),
             s->account && *s->account ? s->account : "(unknown)", s->region && *s->region ? s->region : "(none)",
             b->cause, (double)open_ms / 1000.0);
    mw_fail(&err, MW_ERR_AWS, "%s:%s: %s: %s", mw_service_name(mw_operation_service(k->op)), mw_operation_name(k->op),
            e->code, e->message);
    fail(k, MW_ERR_AWS, &err);
}

void mw__call_go(mw_active_call *k)
{
    mw_client *c = k->client;
    const mw_credentials *creds = NULL;
    mw_provider *provider = NULL;
    mw_http_limits limits = {.fresh_connection = k->mutating, .unsent = &k->unsent};
    mw_error err = {0};
    mw_status st;

    if (mw__client_stopping(c)) {
        begin_attempt(k);
        return;
    }
    if (mw__call_late(k, 0)) {
        mw__call_expired(k);
        return;
    }
    st = attempt_headers(k, &err);
    if (st == MW_OK && !mw__call_unsigned(k) && (st = mw__call_provider(k, &provider, &err)) == MW_OK) {
        if (k->clock_tries == 0)
            k->offset_s = mw_clocks_offset(&c->clocks, k->request.host);
        st = mw_provider_get(provider, mw_client_now_unix(c), &creds, on_credentials, k, &err);
        if (st == MW_ERR_PENDING) {
            k->waiting = true;
            mw__call_leave(k, MW_OUTCOME_NONE, NULL);
            mw__call_watch(k);
            return;
        }
        if (st == MW_OK)
            st = mw__call_sign(k, creds, &err);
        else
            mw__call_refused_session(k, st, &err);
    }
    if (st == MW_OK && !mw__client_may_send(c, k->op, k->page)) {
        over_budget(k);
        return;
    }
    if (st == MW_OK) {
        k->unsent = false;
        limits.total_timeout_ms = mw__call_time_left(k);
        k->result.requests++;
        c->stats.requests++;
        st = c->http->send(c->http->ctx, &k->request, &limits, on_exchange, k, &err);
    }
    if (st != MW_OK && !(provider && credentials_over_budget(k, st)))
        fail(k, st, &err);
}

static void answer_from_recording(mw_active_call *k)
{
    mw_http_response answer = {0};
    mw_exchange_key key = {
        .account = k->call.scope->account,
        .region = k->call.scope->region,
        .operation = k->op,
        .params_doc = k->params_doc,
        .params = k->params,
        .page = k->page,
    };
    mw_error err = {0};
    mw_status st;

    if (!mw__client_may_send(k->client, k->op, k->page)) {
        over_budget(k);
        return;
    }
    st = mw_replay_find(k->client->replay, &key, &answer, &err);
    if (st == MW_OK)
        on_answer(k, &answer);
    else
        fail(k, st, &err);
    mw_http_response_clear(&answer);
}

static void replay_page(void *user)
{
    mw_active_call *k = user;

    if (mw__client_stopping(k->client)) {
        fail(k, MW_ERR_CANCELLED, NULL);
        return;
    }
    answer_from_recording(k);
}

/** Page 2 and later; page 1 is prepared by mw_client_call(), where a mistake can be returned. */
static void begin_page(void *user)
{
    mw_active_call *k = user;
    mw_error err = {0};
    bool bad_params;
    mw_status st;

    k->attempt = 1;
    k->quota_taken = 0;
    k->begun_ms = 0;
    k->clock_tries = 0;
    if (k->client->replay) {
        next_step(k, 0, replay_page);
        return;
    }
    if ((st = mw__call_prepare(k, &bad_params, &err)) != MW_OK) {
        fail(k, st, &err);
        return;
    }
    begin_attempt(k);
}

/* ---- starting ---- */

static mw_status no_service(const mw_models *m, const char *name, mw_error *err)
{
    MW_AUTO(mw_arena) a = {0};
    size_t n = mw_models_service_count(m);
    const char **names = mw_arena_alloc(&a, (n + 1) * sizeof(*names));
    const char *near;

    for (size_t i = 0; names && i < n; i++)
        names[i] = mw_service_name(mw_models_service_at(m, i));
    near = names ? mw_nearest(name, names, n) : NULL;
    return mw_fail(err, MW_ERR_UNSUPPORTED, "no service '%s' in the models of botocore %s%s%s%s", name,
                   mw_models_botocore_version(m), near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static mw_status no_operation(const mw_service *s, const char *name, mw_error *err)
{
    MW_AUTO(mw_arena) a = {0};
    size_t n = mw_service_operation_count(s);
    const char **names = mw_arena_alloc(&a, (n + 1) * sizeof(*names));
    const char *near;

    for (size_t i = 0; names && i < n; i++)
        names[i] = mw_operation_name(mw_service_operation_at(s, i));
    near = names ? mw_nearest(name, names, n) : NULL;
    return mw_fail(err, MW_ERR_UNSUPPORTED, "service '%s' has no operation '%s' in the models of botocore %s%s%s%s",
                   mw_service_name(s), name, mw_models_botocore_version(mw_service_models(s)),
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

mw_status mw_client_operation(const mw_models *m, const char *service, const char *operation, const mw_operation **out,
                              mw_error *err)
{
    const mw_service *s = mw_models_service(m, service);

    *out = s ? mw_service_operation(s, operation) : NULL;
    if (!s)
        return no_service(m, service, err);
    return *out ? MW_OK : no_operation(s, operation, err);
}

static mw_status copy_params(mw_active_call *k, mw_error *err)
{
    mw_doc_builder *b = k->client->scratch;
    mw_status st;

    mw_doc_builder_reset(b);
    mw_doc_add_copy(b, k->call.params_doc, k->call.params);
    st = mw_doc_finish(b, mw_doc_pop(b), &k->params_doc, err);
    if (st == MW_OK)
        k->params = mw_doc_root(k->params_doc);
    return st;
}

/** What the first page needs before anything is sent. */
static mw_status set_up(mw_active_call *k, bool *bad_params, mw_error *err)
{
    mw_client *c = k->client;
    mw_kind kind = k->call.params_doc ? mw_val_kind(k->call.params_doc, k->call.params) : MW_KIND_ABSENT;
    mw_status st = MW_OK;

    *bad_params = true;
    if (kind != MW_KIND_OBJECT && kind != MW_KIND_ABSENT && kind != MW_KIND_NULL)
        return mw_fail(err, MW_ERR_INVALID, "%s:%s: parameters are an object, not something else", k->call.service,
                       k->call.operation);
    k->params = MW_VAL_ABSENT;
    if (kind == MW_KIND_OBJECT) {
        k->params = k->call.params;
        if ((k->call.paginate || c->recorder || c->replay || mw__call_is_s3(k)) && (st = copy_params(k, err)) != MW_OK)
            return st;
    }
    if (k->call.paginate && (st = mw_paginator_new(k->op, &k->paginator, err)) != MW_OK)
        return st;
    if (k->call.paginate && k->call.follow_tokens && !k->paginator &&
        (st = mw_paginator_implied(k->op, &k->paginator, err)) != MW_OK)
        return st;
    if ((st = mw__call_lane(k, err)) != MW_OK)
        return st;
    if (!c->replay || k->call.validate)
        st = mw__call_prepare(k, bad_params, err);
    if (c->replay && !*bad_params)
        st = MW_OK; /* a replay needs no endpoint */
    return st;
}

/* Not among the operations that the work at hand was declared to need. */
static void refuse(const mw_active_call *k, mw_aws_error *e, mw_error *err)
{
    *e = (mw_aws_error){.code = MW_CODE_NOT_DECLARED};
    snprintf(e->message, sizeof(e->message),
             "the operation is not among those that were declared for this run; not sent");
    mw_fail(err, MW_ERR_AWS, "%s:%s: %s: %s", mw_service_name(mw_operation_service(k->op)), mw_operation_name(k->op),
            e->code, e->message);
}

static void fail_later(void *user)
{
    mw_active_call *k = user;

    fail(k, k->result.error.status, NULL);
}

mw_status mw_client_call(mw_client *c, const mw_call *call, mw_error *err)
{
    const mw_operation *op;
    mw_active_call *k;
    mw_error failure = {0};
    bool bad_params = false;
    void (*first)(void *user) = c->replay ? replay_page : begin_attempt;
    mw_status st = mw_client_operation(c->models, call->service, call->operation, &op, err);

    if (st != MW_OK)
        return st;
    k = mw_alloc(sizeof(*k));
    if (!k)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    k->client = c;
    k->call = *call;
    k->op = op;
    k->page = 1;
    k->attempt = 1;
    k->mutating = !mw_operation_read_only(op);
    if (mw__client_allows(c, op)) {
        st = set_up(k, &bad_params, &failure);
    } else {
        refuse(k, &k->result.aws, &failure);
        st = failure.status;
    }
    if (st != MW_OK && bad_params) {
        release(k);
        if (err)
            *err = failure;
        return st;
    }
    if (st != MW_OK) { /* not declared, or no endpoint here: an outcome of the call, not a mistake of the caller */
        k->result.error = failure;
        first = fail_later;
    }
    k->call.params_doc = NULL; /* the caller's; no longer ours to read */
    if (!k->params_doc)
        k->params = MW_VAL_ABSENT;
    /* From the loop, so that on_done is never called before this returns. */
    st = c->http->after(c->http->ctx, 0, first, k, err);
    if (st != MW_OK) {
        release(k);
        return st;
    }
    k->next = c->calls;
    if (c->calls)
        c->calls->prev = k;
    c->calls = k;
    c->stats.calls++;
    return MW_OK;
}
