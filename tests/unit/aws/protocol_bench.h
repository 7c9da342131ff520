/* Serialise or parse with the built-in models and look at the outcome as one text. */
#ifndef MW_TESTS_PROTOCOL_BENCH_H
#define MW_TESTS_PROTOCOL_BENCH_H

#include "support/support.h"

#include "aws/protocol.h"
#include "base/str.h"

typedef struct bench {
    mw_doc_builder *b; /* parameters, or the result */
    mw_arena arena;
    mw_http_request req;
    const char *host_prefix;
    mw_http_response res;
    mw_aws_error aws;
    mw_val result;
    mw_status status;
    mw_error err;
    mw_buf text; /* the outcome: a body, a document or a message */
} bench;

static inline const mw_operation *bench_operation(const char *service, const char *name)
{
    const mw_models *models = NULL;
    const mw_operation *op;
    mw_error err = {0};

    assert_ok(mw_models_builtin(&models, &err));
    assert_non_null(mw_models_service(models, service));
    op = mw_service_operation(mw_models_service(models, service), name);
    assert_non_null(op);
    return op;
}

/** The models decide: an older botocore has the same service with another protocol. */
static inline bool bench_query_compatible(const char *service)
{
    const mw_models *models = NULL;
    mw_error err = {0};

    assert_ok(mw_models_builtin(&models, &err));
    return mw_service_query_compatible(mw_models_service(models, service));
}

static inline void bench_clear(bench *t)
{
    mw_doc_builder_free(t->b);
    mw_arena_clear(&t->arena);
    mw_http_response_clear(&t->res);
    mw_buf_clear(&t->text);
}

/** JSON with ' for ", pushed and popped. */
static inline mw_val bench_json(mw_doc_builder *b, const char *text)
{
    mw_error err = {0};
    char *copy = strdup(text);
    mw_val v;

    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    assert_ok(mw_json_read(b, copy, strlen(copy), NULL, NULL, &err));
    v = mw_doc_pop(b);
    free(copy);
    return v;
}

static inline mw_status bench_serialize(bench *t, const char *service, const char *operation, const char *params,
                                        const mw_serialize_options *options)
{
    mw_error err = {0};
    mw_val v;

    memset(t, 0, sizeof(*t));
    assert_ok(mw_doc_builder_new(NULL, &t->b, &err));
    v = bench_json(t->b, params);
    t->req.arena = &t->arena;
    t->status = mw_protocol_serialize(bench_operation(service, operation), mw_doc_view(t->b), v, options, &t->req,
                                      &t->host_prefix, &t->err);
    if (t->status != MW_OK)
        mw_buf_puts(&t->text, t->err.message);
    else
        mw_buf_printf(&t->text, "%s %s%s%s %.*s", t->req.method, t->req.path, t->req.query ? "?" : "",
                      t->req.query ? t->req.query : "", (int)t->req.body_len, t->req.body ? t->req.body : "");
    return t->status;
}

/** @p headers: "Name: value" lines. The text is the result, after "code: message " for an AWS
 * error. */
static inline mw_status bench_parse(bench *t, const char *service, const char *operation, int status,
                                    const char *headers, const char *body, size_t len)
{
    mw_error err = {0};

    memset(t, 0, sizeof(*t));
    assert_ok(mw_doc_builder_new(NULL, &t->b, &err));
    t->res.status = status;
    assert_ok(mw_buf_add(&t->res.body, body, len, &err));
    for (const char *p = headers ? headers : ""; *p;) {
        size_t n = strcspn(p, "\n"), name = strcspn(p, ":");
        char *line = mw_arena_strndup(&t->res.arena, p, n);
        line[name] = '\0';
        assert_ok(mw_http_add(&t->res.arena, &t->res.headers, line, line + name + 2, &err));
        p += n + (p[n] == '\n');
    }
    t->status = mw_protocol_parse(bench_operation(service, operation), &t->res, t->b, &t->result, &t->aws, &t->err);
    if (t->status == MW_ERR_AWS)
        mw_buf_printf(&t->text, "%s: %s ", t->aws.code, t->aws.message);
    if (t->status == MW_OK || t->status == MW_ERR_AWS)
        assert_ok(mw_json_write(&t->text, mw_doc_view(t->b), t->result, MW_JSON_COMPACT));
    else
        mw_buf_puts(&t->text, t->err.message);
    for (char *p = t->text.data; p && *p; p++)
        if (*p == '"')
            *p = '\'';
    return t->status;
}

#endif
