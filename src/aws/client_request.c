/*
 * From a call to a signed request: parameters of the page, wire format, endpoint, fixed headers,
 * signature. Relies on the serialiser, the endpoint rules and the signer; it must never send
 * anything.
 */
#include "aws/client_internal.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

#include <stdio.h>
#include <string.h>

/* ---- parameters and request ---- */

/** Parameters of the page at hand: the caller's, with limit and tokens. Valid until the next
 * request is made. */
static mw_status page_params(mw_active_call *k, const mw_doc **d, mw_val *params, mw_error *err)
{
    mw_client *c = k->client;
    mw_status st;

    *d = k->params_doc ? k->params_doc : k->call.params_doc;
    *params = k->params;
    if (!k->paginator || (k->page == 1 && k->call.page_size <= 0))
        return MW_OK;
    st = mw_paginator_params(k->paginator, k->op, *d, k->params, k->call.page_size, c->scratch, params, err);
    *d = mw_doc_view(c->scratch);
    return st;
}

bool mw__call_is_s3(const mw_active_call *k)
{
    return strcmp(mw_service_name(mw_operation_service(k->op)), "s3") == 0;
}

const char *mw__call_bucket(const mw_active_call *k)
{
    return mw__call_is_s3(k) && k->params_doc ? mw_val_get_str(k->params_doc, k->params, "Bucket", NULL) : NULL;
}

const char *mw__call_region(const mw_active_call *k)
{
    const char *bucket = mw__call_bucket(k);
    const char *known = k->region ? k->region : bucket ? mw__client_bucket_region(k->client, bucket) : NULL;

    return known ? known : k->call.scope->region;
}

static mw_status resolve(mw_active_call *k, const mw_doc *d, mw_val params, const char *path, const char *host_prefix,
                         mw_error *err)
{
    mw_client *c = k->client;
    mw_http_request *q = &k->request;
    mw_endpoint_request e = {
        .operation = k->op,
        .params_doc = d,
        .params = params,
        .region = mw__call_region(k),
        .account = k->call.scope->account,
        .endpoint_url = c->endpoint_url,
        .config = c->config,
    };
    mw_status st = mw__client_endpoint(c, &e, &k->arena, &k->endpoint, err);

    if (st != MW_OK)
        return st;
    q->scheme = k->endpoint.scheme;
    q->host = k->endpoint.host;
    q->port = k->endpoint.port;
    if (host_prefix && !c->no_host_prefix && !k->endpoint.is_address)
        q->host = mw_arena_join(&k->arena, host_prefix, k->endpoint.host, NULL);
    q->path = k->endpoint.path && *k->endpoint.path ? mw_arena_join(&k->arena, k->endpoint.path, path, NULL) : path;
    if (!q->host || !q->path)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < k->endpoint.headers.count; i++) {
        const mw_http_pair *h = &k->endpoint.headers.items[i];

        if ((st = mw_http_set(&k->arena, &q->headers, h->name, h->value, err)) != MW_OK)
            return st;
    }
    return MW_OK;
}

/**
 * What botocore sends when AWS_RESPONSE_CHECKSUM_VALIDATION is when_supported, its default: the
 * answer then names the object's checksum.
 */
static mw_status ask_for_checksum(mw_active_call *k, mw_error *err)
{
    const mw_aws_config *c = k->client->config;
    const mw_doc *d = mw_models_doc(k->client->models);
    const mw_shape *input = mw_operation_input(k->op);
    const char *name =
        mw_val_get_str(d, mw_operation_extra(k->op, "httpChecksum"), "requestValidationModeMember", NULL);
    const char *mode =
        mw_aws_config_setting(c, "AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation", NULL);
    const mw_member *m = name && input ? mw_shape_member(input, name, strlen(name)) : NULL;
    const char *header = m ? mw_member_location_name(m) : NULL;

    if (!header || mw_str_ieq(mode, "when_required") || mw_http_get(&k->request.headers, header))
        return MW_OK;
    return mw_http_add(&k->arena, &k->request.headers, header, "ENABLED", err);
}

/** Serialise the page's request and find its endpoint. MW_ERR_INVALID in *bad_params: the caller's
 * fault. */
mw_status mw__call_prepare(mw_active_call *k, bool *bad_params, mw_error *err)
{
    mw_http_request *q = &k->request;
    mw_serialize_options o = {
        .validate = k->call.validate,
        .drop_unknown = !k->call.validate,
        .strip_bucket = mw__call_is_s3(k), /* its rule set puts the bucket into the host or the path */
    };
    const char *host_prefix = NULL;
    const mw_doc *d;
    mw_val params;
    mw_status st;

    *bad_params = true;
    mw_arena_clear(&k->arena);
    *q = (mw_http_request){.arena = &k->arena};
    if ((st = page_params(k, &d, &params, err)) != MW_OK ||
        (st = mw_protocol_serialize(k->op, d, params, &o, q, &host_prefix, err)) != MW_OK)
        return st;
    *bad_params = false;
    if ((st = resolve(k, d, params, q->path, host_prefix, err)) != MW_OK || (st = ask_for_checksum(k, err)) != MW_OK ||
        (st = mw_uuid4(k->invocation_id, err)) != MW_OK ||
        (st = mw_http_set(&k->arena, &q->headers, "User-Agent", "moonward/" MW_VERSION, err)) != MW_OK ||
        (st = mw_http_set(&k->arena, &q->headers, "amz-sdk-invocation-id", k->invocation_id, err)) != MW_OK)
        return st;
    k->base_headers = q->headers.count;
    return MW_OK;
}

/* ---- looking without sending ---- */

static void add_pairs(mw_doc_builder *b, const mw_http_request *q)
{
    mw_doc_ckey(b, "headers");
    mw_doc_begin_object(b);
    for (size_t i = 0; i < q->headers.count; i++)
        mw_doc_member_str(b, q->headers.items[i].name, q->headers.items[i].value);
    mw_doc_end_object(b);
}

static mw_status describe(mw_active_call *k, mw_doc_builder *b, mw_val *out, mw_error *err)
{
    const mw_http_request *q = &k->request;
    const char *authority = mw_http_authority(&k->arena, q);
    bool query = q->query && *q->query;
    MW_AUTO(mw_buf) encoded = {0};

    if (!authority)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "method", q->method);
    mw_doc_member_str(b, "url",
                      mw_arena_printf(&k->arena, "%s://%s%s%s%s", q->scheme, authority,
                                      q->path && *q->path ? q->path : "/", query ? "?" : "", query ? q->query : ""));
    add_pairs(b, q);
    if (q->body_len > 0 && mw_utf8_valid(q->body, q->body_len)) {
        mw_doc_ckey(b, "body");
        mw_doc_add_str(b, q->body, q->body_len);
    } else if (q->body_len > 0) {
        mw_status st = mw_base64_encode(&encoded, q->body, q->body_len);

        if (st != MW_OK)
            return mw_fail(err, st, "the body is too large to be shown");
        mw_doc_ckey(b, "body_base64");
        mw_doc_add_str(b, encoded.data, encoded.len);
    }
    mw_doc_member_str(b, "signing_name", k->endpoint.signing_name);
    mw_doc_member_str(b, "signing_region", k->endpoint.signing_region);
    mw_doc_member_bool(b, "read_only", !k->mutating);
    mw_doc_end_object(b);
    *out = mw_doc_pop(b);
    return mw_doc_builder_status(b, err);
}

mw_status mw_client_preview(mw_client *c, const mw_call *call, mw_doc_builder *b, mw_val *out, mw_error *err)
{
    mw_active_call k = {.client = c, .call = *call, .page = 1, .attempt = 1};
    bool bad_params;
    mw_status st = mw_client_operation(c->models, call->service, call->operation, &k.op, err);

    if (st != MW_OK)
        return st;
    k.mutating = !mw_operation_read_only(k.op);
    k.params = call->params_doc ? call->params : MW_VAL_ABSENT;
    if ((!call->paginate || (st = mw_paginator_new(k.op, &k.paginator, err)) == MW_OK) &&
        (st = mw__call_prepare(&k, &bad_params, err)) == MW_OK)
        st = describe(&k, b, out, err);
    mw_paginator_free(k.paginator);
    mw_arena_clear(&k.arena);
    return st;
}
