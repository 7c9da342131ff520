/*
 * What authorises a call: the scope's keys, a session on a directory bucket, a bearer token, or
 * nothing. Relies on the endpoint for the scheme and on the signer; sessions and tokens are the
 * client's and shared by its calls. Nothing here puts a credential anywhere but into a request.
 */
#include "aws/client_internal.h"
#include "aws/credentials_internal.h"
#include "aws/sigv4.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

#include <stdio.h>
#include <string.h>

/* Sessions and tokens of one client; the oldest makes room. One that calls wait for stays theirs.
 */
#define AUTH_MAX 256

/* ---- which scheme ---- */

/* Services that take keys and bearer tokens, and prefer a token that is in the environment:
 * botocore get_bearer_auth_supported_services() over the `auth` lists of the models. */
static bool takes_both(const mw_service *s)
{
    static const char *const names[] = {"bedrock", "bedrock-runtime"};

    return mw_str_among(mw_service_name(s), names, MW_COUNT(names));
}

bool mw_client_takes_token(const mw_client *c, const mw_operation *op)
{
    const mw_service *s = mw_operation_service(op);
    const char *auth = mw_operation_auth_type(op);

    return mw_str_eq(auth, "bearer") || (!auth && mw_str_eq(mw_service_signature_version(s), "bearer")) ||
           (!auth && takes_both(s) && mw__environment_has_token(c->config, mw_service_signing_name(s)));
}

static bool is_bearer(const mw_active_call *k)
{
    return mw_str_eq(k->endpoint.auth_scheme, "bearer") || mw_client_takes_token(k->client, k->op);
}

static bool is_s3_session(const mw_active_call *k)
{
    return mw_str_eq(k->endpoint.auth_scheme, "sigv4-s3express");
}

/* ---- who gives the credentials ---- */

static void drop_oldest(mw_client *c)
{
    client_auth **last = &c->auths;

    while ((*last)->next)
        last = &(*last)->next;
    mw_provider_unref((*last)->provider);
    mw_free((*last)->name);
    mw_free(*last);
    *last = NULL;
    c->auth_count--;
}

void mw__client_forget_auths(mw_client *c)
{
    while (c->auths)
        drop_oldest(c);
}

/* @p source NULL: the bearer token for signing name @p name; else the session on bucket @p name. */
static mw_status find(mw_active_call *k, mw_provider *source, const char *name, mw_provider **out, mw_error *err)
{
    mw_client *c = k->client;
    client_auth *a;
    mw_status st;

    for (a = c->auths; a; a = a->next) {
        if (a->source == source && strcmp(a->name, name) == 0) {
            *out = a->provider;
            return MW_OK;
        }
    }
    a = mw_alloc(sizeof(*a));
    if (!a || !(a->name = mw_strdup(name))) {
        mw_free(a);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    st = source ? mw__provider_s3_session(c->config, c->models, c->http, source, name, mw__call_region(k),
                                          c->endpoint_url, &a->provider, err)
                : mw_provider_bearer(c->config, c->models, c->http, name, &a->provider, err);
    if (st != MW_OK) {
        mw_free(a->name);
        mw_free(a);
        return st;
    }
    if (c->auth_count >= AUTH_MAX)
        drop_oldest(c);
    a->source = source; /* kept alive by the session */
    a->next = c->auths;
    c->auths = a;
    c->auth_count++;
    *out = a->provider;
    return MW_OK;
}

mw_status mw__call_provider(mw_active_call *k, mw_provider **out, mw_error *err)
{
    const char *bucket = mw__call_bucket(k);
    mw_status st = MW_OK;

    *out = k->call.scope->credentials;
    if (is_bearer(k)) {
        if (!k->client->config)
            return mw_fail(err, MW_ERR_CREDENTIALS, "a bearer token needs the configuration");
        st = find(k, NULL, mw_service_signing_name(mw_operation_service(k->op)), out, err);
    } else if (is_s3_session(k)) {
        if (!bucket)
            return mw_fail(err, MW_ERR_INVALID, "a session needs the name of its bucket");
        st = find(k, k->call.scope->credentials, bucket, out, err);
    }
    if (st == MW_OK && *out != k->provider) {
        mw_provider_unref(k->provider);
        k->provider = mw_provider_ref(*out);
    }
    return st;
}

void mw__call_refused_session(mw_active_call *k, mw_status status, const mw_error *error)
{
    const char *code = k->provider ? mw__s3_session_code(k->provider) : "";

    if (status != MW_ERR_AWS || !*code)
        return;
    k->result.aws = (mw_aws_error){0};
    snprintf(k->result.aws.code, sizeof(k->result.aws.code), "%s", code);
    snprintf(k->result.aws.message, sizeof(k->result.aws.message), "%s", error ? error->message : "");
}

bool mw__call_unsigned(const mw_active_call *k)
{
    return !k->call.scope->credentials || mw_str_eq(mw_operation_auth_type(k->op), "none") ||
           mw_str_eq(k->endpoint.auth_scheme, "none");
}

/* ---- signing ---- */

static bool wants_content_hash(const char *signing_name)
{
    static const char *const names[] = {"s3", "s3-outposts", "s3-object-lambda", "s3express", "glacier"};

    return mw_str_among(signing_name, names, MW_COUNT(names));
}

/* Whoever reads a bearer token has it: it goes over TLS, or nowhere (RFC 6750, section 5.3). */
static mw_status add_bearer(mw_active_call *k, const mw_credentials *creds, mw_error *err)
{
    mw_http_request *q = &k->request;
    const char *value;

    if (!mw_secret_is_set(&creds->bearer_token))
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s has no bearer token", mw_provider_describe(k->provider));
    if (!mw_str_eq(q->scheme, "https") && !mw_http_is_loopback(q->host))
        return mw_fail(err, MW_ERR_INVALID, "a bearer token is not sent to %s without TLS", q->host);
    value = mw_arena_printf(&k->arena, "Bearer %s", creds->bearer_token.data);
    if (!value)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    return mw_http_set(&k->arena, &q->headers, "Authorization", value, err);
}

mw_status mw__call_sign(mw_active_call *k, const mw_credentials *creds, mw_error *err)
{
    const mw_endpoint *e = &k->endpoint;
    const char *auth = mw_operation_auth_type(k->op);
    const char *name = e->signing_name ? e->signing_name : mw_service_signing_name(mw_operation_service(k->op));
    bool s3 = mw_str_starts(name, "s3");
    mw_sigv4_scope scope = {
        .region = e->signing_region ? e->signing_region : mw__call_region(k),
        .service = name,
        .token_header = is_s3_session(k) ? "x-amz-s3session-token" : NULL,
        .asymmetric = mw_str_eq(e->auth_scheme, "sigv4a"),
        .single_encode = e->single_encode || s3,
        .no_normalize = s3,
        .unsigned_payload = mw_operation_unsigned_payload(k->op) || mw_str_eq(auth, "v4-unsigned-body"),
        .content_sha256_header = wants_content_hash(name),
    };

    if (is_bearer(k))
        return add_bearer(k, creds, err);
    /* A payload may go unsigned only where TLS guards it. */
    if (scope.unsigned_payload && !mw_str_eq(k->request.scheme, "https"))
        scope.unsigned_payload = false;
    if (scope.unsigned_payload)
        scope.content_sha256_header = true;
    return mw_sigv4_sign(&k->request, creds, &scope, mw_now_unix() + k->offset_s, NULL, err);
}
