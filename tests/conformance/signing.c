/* Mode "sigv4": sign one request, by header or by query string. */
#include "aws/sigv4.h"
#include "base/time.h"
#include "conformance.h"

#include <string.h>

static mw_status fill_request(turn *t, mw_http_request *req, mw_buf *body, mw_error *err)
{
    mw_val r = mw_val_get(t->d, t->request, "request"), headers = mw_val_get(t->d, r, "headers");
    mw_status st = read_base64(t, r, "body_b64", body, err);

    req->arena = &t->arena;
    req->method = mw_val_get_str(t->d, r, "method", "GET");
    req->scheme = "https";
    req->host = "";
    req->path = mw_val_get_str(t->d, r, "path", "/");
    req->query = mw_val_get_str(t->d, r, "query", "");
    req->body = body->data;
    req->body_len = body->len;
    for (size_t i = 0; st == MW_OK && i < mw_val_len(t->d, headers); i++) {
        mw_val pair = mw_val_at(t->d, headers, i);
        const char *name = mw_val_str(t->d, mw_val_at(t->d, pair, 0), NULL);
        const char *value = mw_val_str(t->d, mw_val_at(t->d, pair, 1), NULL);
        if (!name || !value)
            return mw_fail(err, MW_ERR_INVALID, "request.headers[%zu] is not a pair of strings", i);
        if (mw_str_ieq(name, "host"))
            req->host = value;
        st = mw_http_add(&t->arena, &req->headers, name, value, err);
    }
    return st;
}

static mw_status fill_credentials(turn *t, mw_val context, mw_credentials *c, mw_error *err)
{
    mw_val v = mw_val_get(t->d, context, "credentials");
    mw_val token = mw_val_get(t->d, v, "token");
    const char *id = mw_val_get_str(t->d, v, "access_key_id", "");
    const char *secret = mw_val_get_str(t->d, v, "secret_access_key", "");
    size_t len;
    const char *text = mw_val_str(t->d, token, &len);
    mw_status st;

    if (strlen(id) >= sizeof(c->access_key_id))
        return mw_fail(err, MW_ERR_INVALID, "context.credentials.access_key_id is too long");
    memcpy(c->access_key_id, id, strlen(id) + 1);
    if ((st = mw_secret_set(&c->secret_access_key, secret, strlen(secret), err)) != MW_OK)
        return st;
    return text && len ? mw_secret_set(&c->session_token, text, len, err) : MW_OK;
}

mw_status mode_sigv4(turn *t, mw_error *err)
{
    mw_val context = mw_val_get(t->d, t->request, "context");
    bool query = mw_str_eq(mw_val_get_str(t->d, t->request, "placement", "header"), "query");
    bool sign_body = mw_val_get_bool(t->d, context, "sign_body", true);
    const char *stamp = mw_val_get_str(t->d, context, "timestamp", "");
    mw_sigv4_scope scope = {
        .region = mw_val_get_str(t->d, context, "region", ""),
        .service = mw_val_get_str(t->d, context, "service", ""),
        .single_encode = !mw_val_get_bool(t->d, context, "double_encode", true),
        .no_normalize = !mw_val_get_bool(t->d, context, "normalize", true),
        .unsigned_payload = mw_val_get_bool(t->d, context, "unsigned_payload", false),
        .content_sha256_header = mw_val_get_bool(t->d, context, "content_sha256_header", sign_body),
        .omit_session_token = mw_val_get_bool(t->d, context, "omit_session_token", false),
        .skip_body = !sign_body,
        .expires_seconds = (int)mw_val_get_int(t->d, context, "expiration_in_seconds", 3600),
    };
    MW_AUTO(mw_credentials) creds = {0};
    MW_AUTO(mw_buf) body = {0};
    mw_http_request req = {0};
    mw_sigv4_trace trace = {0};
    int64_t ns;
    mw_status st;

    if ((st = mw_time_parse(stamp, strlen(stamp), &ns, err)) != MW_OK ||
        (st = fill_request(t, &req, &body, err)) != MW_OK || (st = fill_credentials(t, context, &creds, err)) != MW_OK)
        return st;
    if (query)
        st = mw_sigv4_presign(&req, &creds, &scope, ns / 1000000000, &trace, err);
    else
        st = mw_sigv4_sign(&req, &creds, &scope, ns / 1000000000, &trace, err);
    if (st != MW_OK)
        return st;
    mw_doc_member_str(t->out, "canonical_request", trace.canonical_request);
    mw_doc_member_str(t->out, "string_to_sign", trace.string_to_sign);
    mw_doc_member_str(t->out, "signature", trace.signature);
    if (query)
        mw_doc_member_str(t->out, "signed_query", req.query);
    else
        mw_doc_member_str(t->out, "authorization", trace.authorization);
    return MW_OK;
}
