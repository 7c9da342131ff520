/* An answer of AWS that a fuzzer makes up: the first byte picks operation and status, the rest is the body. */
#ifndef MW_TESTS_FUZZ_ANSWER_H
#define MW_TESTS_FUZZ_ANSWER_H

#include "aws/protocol.h"

#include <stdlib.h>

#define FUZZ_OPERATIONS 8

typedef struct fuzz_answer {
    const mw_operation *op; /* NULL: the models lack it, and nothing was parsed */
    mw_http_response r;
    mw_doc_builder *b;
    mw_val result;
    mw_aws_error aws;
    mw_error err;
    mw_status st;
} fuzz_answer;

static inline void fuzz_answer_open(fuzz_answer *a, const char *const names[FUZZ_OPERATIONS][2], const uint8_t *data,
                                    size_t size)
{
    unsigned pick = size ? data[0] % FUZZ_OPERATIONS : 0;
    const mw_models *models;
    const mw_service *service;

    *a = (fuzz_answer){.r = {.status = size && data[0] & FUZZ_OPERATIONS ? 400 : 200}, .result = MW_VAL_ABSENT};
    if (mw_models_builtin(&models, &a->err) != MW_OK || mw_doc_builder_new(NULL, &a->b, &a->err) != MW_OK)
        abort();
    service = mw_models_service(models, names[pick][0]);
    a->op = service ? mw_service_operation(service, names[pick][1]) : NULL;
    if (!a->op)
        return;
    if (size > 1 && mw_buf_add(&a->r.body, data + 1, size - 1, &a->err) != MW_OK)
        abort();
    a->st = mw_protocol_parse(a->op, &a->r, a->b, &a->result, &a->aws, &a->err);
    if (a->st == MW_OK && mw_val_kind(mw_doc_view(a->b), a->result) != MW_KIND_OBJECT)
        abort();
}

static inline void fuzz_answer_close(fuzz_answer *a)
{
    mw_doc_builder_free(a->b);
    mw_http_response_clear(&a->r);
}

#endif
