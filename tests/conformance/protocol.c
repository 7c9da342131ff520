/* Modes "input" and "output": the model comes with each request and is compiled on the spot. */
#include "aws/protocol.h"
#include "conformance.h"

#include <string.h>

struct model {
    mw_buf pack;
    mw_models *models;
    const mw_operation *op;
};

static void model_clear(struct model *m)
{
    mw_models_free(m->models);
    mw_buf_clear(&m->pack);
}

/*
 * Early vectors write `location` on the member's shape and `payload` on the operation's input,
 * which no shipped model does any more: put them where models have them.
 */
static void add_member(const mw_doc *d, mw_val shapes, mw_val m, mw_doc_builder *b)
{
    mw_val shape = mw_val_get(d, shapes, mw_val_get_str(d, m, "shape", ""));
    const char *location = mw_val_get_str(d, shape, "location", NULL);

    if (mw_val_kind(d, m) != MW_KIND_OBJECT) { /* the compiler's to refuse */
        mw_doc_add_copy(b, d, m);
        return;
    }
    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_val_len(d, m); i++) {
        mw_val key, value = mw_val_member(d, m, i, &key);
        mw_doc_ckey(b, mw_val_str(d, key, NULL));
        mw_doc_add_copy(b, d, value);
    }
    if (location && mw_val_get(d, m, "location") == MW_VAL_ABSENT)
        mw_doc_member_str(b, "location", location);
    mw_doc_end_object(b);
}

static void add_shape(const mw_doc *d, mw_val shapes, mw_val shape, const char *payload, mw_doc_builder *b)
{
    if (mw_val_kind(d, shape) != MW_KIND_OBJECT) {
        mw_doc_add_copy(b, d, shape);
        return;
    }
    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_val_len(d, shape); i++) {
        mw_val key, value = mw_val_member(d, shape, i, &key);
        const char *name = mw_val_str(d, key, NULL);
        mw_doc_ckey(b, name);
        if (!mw_str_eq(name, "members") || mw_val_kind(d, value) != MW_KIND_OBJECT) {
            mw_doc_add_copy(b, d, value);
            continue;
        }
        mw_doc_begin_object(b);
        for (size_t k = 0; k < mw_val_len(d, value); k++) {
            mw_val member_key, member = mw_val_member(d, value, k, &member_key);
            mw_doc_ckey(b, mw_val_str(d, member_key, NULL));
            add_member(d, shapes, member, b);
        }
        mw_doc_end_object(b);
    }
    if (payload)
        mw_doc_member_str(b, "payload", payload);
    mw_doc_end_object(b);
}

static void add_shapes(const mw_doc *d, mw_val shapes, mw_val operation, mw_doc_builder *b)
{
    mw_val input = mw_val_get(d, operation, "input");
    const char *input_shape = mw_val_get_str(d, input, "shape", "");

    if (mw_val_kind(d, shapes) != MW_KIND_OBJECT) {
        mw_doc_add_copy(b, d, shapes);
        return;
    }
    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_val_len(d, shapes); i++) {
        mw_val key, shape = mw_val_member(d, shapes, i, &key);
        const char *name = mw_val_str(d, key, NULL);
        mw_doc_ckey(b, name);
        add_shape(d, shapes, shape, mw_str_eq(name, input_shape) ? mw_val_get_str(d, input, "payload", NULL) : NULL, b);
    }
    mw_doc_end_object(b);
}

static mw_status model_load(turn *t, struct model *m, mw_error *err)
{
    mw_val operation = mw_val_get(t->d, t->request, "operation");
    const char *name = mw_val_get_str(t->d, operation, "name", "OperationName");
    const mw_service *service;
    mw_doc_builder *b = NULL;
    mw_val operations;
    const mw_doc *d;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "metadata");
    mw_doc_add_copy(b, t->d, mw_val_get(t->d, t->request, "metadata"));
    mw_doc_ckey(b, "shapes");
    add_shapes(t->d, mw_val_get(t->d, t->request, "shapes"), operation, b);
    mw_doc_ckey(b, "operations");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, name);
    mw_doc_add_copy(b, t->d, operation);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    st = mw_doc_builder_status(b, err);
    if (st == MW_OK) {
        operations = mw_doc_pop(b);
        d = mw_doc_view(b);
        st = mw_models_compile_service("conformance", d, mw_val_get(d, operations, "metadata"),
                                       mw_val_get(d, operations, "operations"), mw_val_get(d, operations, "shapes"),
                                       &m->pack, err);
    }
    mw_doc_builder_free(b);
    if (st == MW_OK)
        st = mw_models_open(m->pack.data, m->pack.len, &m->models, err);
    if (st != MW_OK)
        return st;
    service = mw_models_service(m->models, "conformance");
    m->op = service ? mw_service_operation(service, name) : NULL;
    return m->op ? MW_OK : mw_fail(err, MW_ERR_NOTFOUND, "the compiled model lacks %s", name);
}

/* "https://example.com/base" and "foo." make "foo.example.com/base". */
static void add_host(turn *t, const char *endpoint, const char *prefix)
{
    const char *authority = strstr(endpoint, "://");
    MW_AUTO(mw_buf) host = {0};

    authority = authority ? authority + 3 : endpoint;
    mw_buf_printf(&host, "%s%.*s", prefix ? prefix : "", (int)strcspn(authority, "/"), authority);
    mw_doc_member_str(t->out, "host", host.data);
}

static mw_status serialize(turn *t, const mw_operation *op, const mw_doc *d, mw_val params, mw_error *err)
{
    mw_serialize_options options = {.idempotency_token = mw_val_get_str(t->d, t->request, "idempotency_token", NULL)};
    const char *endpoint = mw_val_get_str(t->d, t->request, "endpoint", NULL), *prefix = NULL;
    mw_http_request req = {.arena = &t->arena};
    MW_AUTO(mw_buf) text = {0};
    mw_status st = mw_protocol_serialize(op, d, params, &options, &req, &prefix, err);

    if (st != MW_OK)
        return st;
    mw_doc_member_str(t->out, "method", req.method);
    mw_buf_printf(&text, "%s%s%s", req.path, req.query && *req.query ? "?" : "", req.query ? req.query : "");
    mw_doc_member_str(t->out, "uri", text.data);
    mw_doc_ckey(t->out, "headers");
    mw_doc_begin_object(t->out);
    for (size_t i = 0; i < req.headers.count; i++)
        mw_doc_member_str(t->out, req.headers.items[i].name, req.headers.items[i].value);
    mw_doc_end_object(t->out);
    mw_buf_reset(&text);
    mw_base64_encode(&text, req.body ? req.body : "", req.body_len);
    mw_doc_member_str(t->out, "body_b64", text.data ? text.data : "");
    if (endpoint)
        add_host(t, endpoint, prefix);
    return MW_OK;
}

mw_status mode_input(turn *t, mw_error *err)
{
    struct model m = {.models = NULL};
    mw_doc_builder *b = NULL;
    mw_status st = model_load(t, &m, err);

    if (st == MW_OK)
        st = mw_doc_builder_new(NULL, &b, err);
    /* The parameters by themselves, as `moonward call --params` has them: their names keep their
     * order. */
    if (st == MW_OK && t->params_len)
        st = mw_json_read(b, t->params, t->params_len, NULL, NULL, err);
    if (st == MW_OK) {
        mw_val params = t->params_len ? mw_doc_pop(b) : MW_VAL_ABSENT;
        st = serialize(t, m.op, mw_doc_view(b), params, err);
    }
    mw_doc_builder_free(b);
    model_clear(&m);
    return st;
}

static mw_status fill_response(turn *t, mw_http_response *r, mw_error *err)
{
    mw_val response = mw_val_get(t->d, t->request, "response");
    mw_val headers = mw_val_get(t->d, response, "headers");
    mw_status st = MW_OK;

    r->status = (int)mw_val_get_int(t->d, response, "status_code", 200);
    if (headers != MW_VAL_ABSENT && mw_val_kind(t->d, headers) != MW_KIND_OBJECT)
        return mw_fail(err, MW_ERR_INVALID, "response.headers is not an object");
    for (size_t i = 0; st == MW_OK && i < mw_val_len(t->d, headers); i++) {
        mw_val key, value = mw_val_member(t->d, headers, i, &key);
        const char *name = mw_arena_strdup(&t->arena, mw_val_str(t->d, key, NULL));
        const char *text = mw_val_str(t->d, value, NULL);
        st = mw_http_add(&t->arena, &r->headers, name, text ? text : "", err);
    }
    return st == MW_OK ? read_base64(t, response, "body_b64", &r->body, err) : st;
}

static mw_status parse(turn *t, const mw_operation *op, mw_error *err)
{
    mw_http_response r = {0};
    mw_doc_builder *b = NULL;
    mw_val result = MW_VAL_ABSENT;
    mw_aws_error aws;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st == MW_OK)
        st = fill_response(t, &r, err);
    if (st == MW_OK)
        st = mw_protocol_parse(op, &r, b, &result, &aws, err);
    if (st == MW_ERR_AWS) {
        mw_doc_ckey(t->out, "error");
        mw_doc_begin_object(t->out);
        mw_doc_member_str(t->out, "code", aws.code);
        mw_doc_member_str(t->out, "message", aws.message);
        mw_doc_end_object(t->out);
        st = MW_OK;
    }
    if (st == MW_OK) {
        mw_doc_ckey(t->out, "result");
        mw_doc_add_copy(t->out, mw_doc_view(b), result);
    }
    mw_doc_builder_free(b);
    mw_http_response_clear(&r);
    return st;
}

mw_status mode_output(turn *t, mw_error *err)
{
    struct model m = {.models = NULL};
    mw_status st = model_load(t, &m, err);

    if (st == MW_OK)
        st = parse(t, m.op, err);
    model_clear(&m);
    return st;
}
