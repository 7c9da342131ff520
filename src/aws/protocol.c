/*
 * The two doors of the wire formats: parameters to a request, an answer to a document. Each chooses
 * by the service's protocol and leaves the format itself to serialize_*.c and parse_*.c. Relies on
 * the model for every name and trait; knows no service by name except where customize.c says so.
 */
#include "aws/protocol_internal.h"
#include "base/time.h"

#include <string.h>

mw_val mw__param(const mw_doc *d, mw_val object, const mw_member *m)
{
    mw_val v = mw_val_get(d, object, mw_member_name(m));

    return mw_val_kind(d, v) == MW_KIND_NULL ? MW_VAL_ABSENT : v;
}

mw_status mw__set_body(mw__out *o, mw_buf *body)
{
    mw_status st = mw_buf_status(body, o->err);

    if (st != MW_OK)
        return st;
    o->req->body = mw_arena_strndup(o->req->arena, body->data ? body->data : "", body->len);
    o->req->body_len = body->len;
    return o->req->body ? MW_OK : mw_fail(o->err, MW_ERR_NOMEM, "out of memory for a request body");
}

mw_status mw__set_header(mw__out *o, const char *name, const char *value)
{
    return mw_http_set(o->req->arena, &o->req->headers, name, value, o->err);
}

/* ---- serialising ---- */

static mw_status set_path(mw__out *o, const char *path)
{
    o->req->path = path;
    return path ? MW_OK : mw_fail(o->err, MW_ERR_NOMEM, "out of memory for a path");
}

static mw_status serialize_json(mw__out *o, mw_val params)
{
    const mw_service *s = mw_operation_service(o->op);
    const char *version = mw_service_json_version(s), *target = mw_service_target_prefix(s);
    const mw_shape *input = mw_operation_input(o->op);
    mw_arena *a = o->req->arena;
    MW_AUTO(mw_buf) body = {0};
    const char *type, *header;
    mw_status st;

    type = mw_arena_join(a, "application/x-amz-json-", version ? version : "1.0", NULL);
    header = mw_arena_join(a, target ? target : "", target ? "." : "", mw_operation_name(o->op), NULL);
    if (!type || !header)
        return mw_fail(o->err, MW_ERR_NOMEM, "out of memory for headers");
    if ((st = mw__set_header(o, "X-Amz-Target", header)) != MW_OK ||
        (st = mw__set_header(o, "Content-Type", type)) != MW_OK)
        return st;
    if (input)
        st = mw__json_serialize(&body, o->d, params, input, MW_TS_DEFAULT, false, o->err);
    else
        st = mw_buf_puts(&body, "{}");
    return st == MW_OK ? mw__set_body(o, &body) : st;
}

static mw_status serialize_cbor(mw__out *o, mw_val params)
{
    const mw_service *s = mw_operation_service(o->op);
    const char *target = mw_service_target_prefix(s);
    const mw_shape *input = mw_operation_input(o->op);
    MW_AUTO(mw_buf) body = {0};
    mw_status st;

    if ((st = set_path(o, mw_arena_printf(o->req->arena, "/service/%s/operation/%s",
                                          target ? target : mw_service_name(s), mw_operation_name(o->op)))) != MW_OK ||
        (st = mw__set_header(o, "smithy-protocol", "rpc-v2-cbor")) != MW_OK ||
        (st = mw__set_header(o, "Accept", "application/cbor")) != MW_OK)
        return st;
    o->req->method = "POST";
    if (!input)
        return MW_OK;
    if ((st = mw__set_header(o, "Content-Type", "application/cbor")) != MW_OK ||
        (st = mw__cbor_serialize(&body, o->d, params, input, o->err)) != MW_OK)
        return st;
    return mw__set_body(o, &body);
}

static mw_status serialize(mw__out *o, mw_val params, const mw_serialize_options *options)
{
    mw_status st;

    switch (mw_service_protocol(mw_operation_service(o->op))) {
    case MW_PROTO_JSON: st = serialize_json(o, params); break;
    case MW_PROTO_CBOR: st = serialize_cbor(o, params); break;
    case MW_PROTO_QUERY:
    case MW_PROTO_EC2: st = mw__serialize_query(o, params); break;
    case MW_PROTO_REST_JSON:
    case MW_PROTO_REST_XML: st = mw__serialize_rest(o, params, options && options->strip_bucket); break;
    default:
        st = mw_fail(o->err, MW_ERR_UNSUPPORTED, "the protocol of %s is not known",
                     mw_service_name(mw_operation_service(o->op)));
    }
    if (st == MW_OK && mw_service_query_compatible(mw_operation_service(o->op)))
        st = mw__set_header(o, "x-amzn-query-mode", "true");
    return st;
}

static bool takes_token(const mw_shape *input)
{
    for (size_t i = 0; input && i < mw_shape_member_count(input); i++)
        if (mw_member_idempotency_token(mw_shape_member_at(input, i)))
            return true;
    return false;
}

mw_status mw_protocol_serialize(const mw_operation *op, const mw_doc *d, mw_val params,
                                const mw_serialize_options *options, mw_http_request *req, const char **host_prefix,
                                mw_error *err)
{
    const mw_serialize_options defaults = {0}, *opt = options ? options : &defaults;
    mw__out o = {.op = op, .req = req, .err = err};
    mw_doc_builder *built = NULL;
    const char *prefix = NULL, *method = mw_operation_method(op), *token = opt->idempotency_token;
    char uuid[MW_UUID_SIZE];
    mw_status st;

    if (mw_val_kind(d, params) != MW_KIND_OBJECT && mw_val_kind(d, params) != MW_KIND_ABSENT &&
        mw_val_kind(d, params) != MW_KIND_NULL)
        return mw_fail(err, MW_ERR_INVALID, "the parameters of %s are not an object", mw_operation_name(op));
    if (!token && takes_token(mw_operation_input(op))) {
        if ((st = mw_uuid4(uuid, err)) != MW_OK)
            return st;
        token = uuid;
    }
    req->method = method && *method ? method : "POST";
    req->path = "/";
    req->query = NULL;
    req->body = NULL;
    req->body_len = 0;
    st = mw__customize_params(op, d, params, token, &built, &o.d, &params, err);
    if (st == MW_OK)
        st = mw__validate(op, o.d, params, opt->validate, opt->drop_unknown, err);
    if (st == MW_OK)
        st = serialize(&o, params, opt);
    if (st == MW_OK)
        st = mw__add_checksum(&o, params);
    if (st == MW_OK)
        st = mw__host_prefix(&o, params, &prefix);
    mw_doc_builder_free(built);
    if (st != MW_OK)
        return mw_error_prefix(err, st, "%s:%s", mw_service_name(mw_operation_service(op)), mw_operation_name(op));
    if (host_prefix)
        *host_prefix = prefix;
    return MW_OK;
}

/* ---- parsing ---- */

bool mw__blank(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s[i] != ' ' && s[i] != '\t' && s[i] != '\r' && s[i] != '\n')
            return false;
    return true;
}

/* Blank, or JSON's null, which parses as a structure without members, as in the SDKs. */
static bool says_nothing(const char *s, size_t len)
{
    size_t at = 0;

    while (at < len && mw__blank(s + at, 1))
        at++;
    if (len - at >= 4 && memcmp(s + at, "null", 4) == 0)
        at += 4;
    return at == len || mw__blank(s + at, len - at);
}

bool mw_protocol_lacks_document(const mw_operation *op, const mw_http_response *r)
{
    const mw_shape *output = mw_operation_output(op);

    return r->status == 200 && output && !mw__event_stream_member(output) && mw__document_shape(output) &&
           says_nothing(r->body.data, r->body.len);
}

bool mw__promises_more(const mw_shape *s)
{
    for (size_t i = 0; s && i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        mw_shape_type type = mw_shape_type_of(mw_member_shape(m));

        if (mw_member_location(m) == MW_LOC_BODY &&
            (type == MW_SHAPE_LIST || type == MW_SHAPE_STRUCTURE || type == MW_SHAPE_MAP))
            return true;
    }
    return false;
}

static mw_status parse_xml(const mw_operation *op, const char *body, size_t len, mw_doc_builder *b, mw_error *err)
{
    const char *wrapper = mw_operation_result_wrapper(op);
    const mw_shape *output = mw_operation_output(op);
    mw__xml *x = NULL;
    mw_status st = MW_OK;

    if (mw_shape_member_count(output) || !mw__blank(body, len))
        st = mw__xml_open(b, output, wrapper ? MW__XML_WRAPPED : MW__XML_ROOT, wrapper, body, len, &x, err);
    if (st == MW_OK) {
        mw_doc_begin_object(b);
        if (x)
            mw__xml_emit(x);
        mw_doc_end_object(b);
    }
    mw__xml_free(x);
    return st;
}

static mw_status parse_rpc(const mw_operation *op, const mw_http_response *r, mw_doc_builder *b, mw_error *err)
{
    const mw_shape *s = mw_operation_output(op);
    const mw_member *stream = mw__event_stream_member(s);
    bool json = mw_service_protocol(mw_operation_service(op)) == MW_PROTO_JSON;
    const char *body = r->body.data ? r->body.data : "";
    size_t len = r->body.len;
    mw_status st = MW_OK;

    mw_doc_begin_object(b);
    if (stream) {
        mw_doc_ckey(b, mw_member_name(stream));
        st = mw__parse_events(op, mw_member_shape(stream), body, len, b, err);
        /* The members beside the stream come in a message of their own. */
        mw__initial_response(&body, &len);
    }
    if (st == MW_OK && !mw__blank(body, len))
        st = json ? mw__json_answer(b, s, body, len, err) : mw__cbor_parse(b, s, body, len, true, err);
    if (st == MW_OK)
        mw_doc_end_object(b);
    return st;
}

static mw_status parse_result(const mw_operation *op, const mw_http_response *r, mw_doc_builder *b, mw_aws_error *aws,
                              mw_error *err)
{
    const mw_shape *output = mw_operation_output(op);
    const mw_member *stream = output ? mw__event_stream_member(output) : NULL;
    mw_status st = MW_OK;

    /* An exception inside the stream is the answer, so it is looked for before anything is built.
     */
    if (stream)
        st = mw__scan_events(op, mw_member_shape(stream), r, aws, err);
    if (!output || st == MW_ERR_AWS) {
        mw_doc_begin_object(b);
        mw_doc_end_object(b);
    }
    if (!output || st != MW_OK)
        return st;
    switch (mw_service_protocol(mw_operation_service(op))) {
    case MW_PROTO_JSON:
    case MW_PROTO_CBOR: return parse_rpc(op, r, b, err);
    case MW_PROTO_QUERY:
    case MW_PROTO_EC2: return parse_xml(op, r->body.data ? r->body.data : "", r->body.len, b, err);
    case MW_PROTO_REST_JSON:
    case MW_PROTO_REST_XML: return mw__parse_rest(op, r, b, err);
    }
    return mw_fail(err, MW_ERR_UNSUPPORTED, "the protocol of %s is not known",
                   mw_service_name(mw_operation_service(op)));
}

mw_status mw_protocol_parse(const mw_operation *op, const mw_http_response *response, mw_doc_builder *out,
                            mw_val *result, mw_aws_error *aws, mw_error *err)
{
    mw_aws_error unused;
    mw_status st;

    if (!aws)
        aws = &unused;
    *aws = (mw_aws_error){.http_status = response->status};
    *result = MW_VAL_ABSENT;
    if (response->status >= 300 || mw__hidden_error(op, response))
        st = mw__parse_error(op, response, out, aws, err);
    else
        st = parse_result(op, response, out, aws, err);
    if (st == MW_OK || st == MW_ERR_AWS) {
        mw_status built = mw_doc_builder_status(out, err);
        if (built != MW_OK)
            return built;
        *result = mw_doc_pop(out);
        return st;
    }
    mw_error_prefix(err, st, "answer to %s:%s", mw_service_name(mw_operation_service(op)), mw_operation_name(op));
    /* Containers may stand open: nobody shall mistake what they hold for a result. */
    mw_doc_builder_fail(out, st, err ? err->message : "the answer could not be parsed");
    return st;
}
