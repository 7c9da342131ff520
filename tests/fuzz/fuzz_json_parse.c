/* Hostile answers in JSON and event streams: the first byte picks operation and status, the rest is
 * the body. */
#include "aws/protocol.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[][2] = {
        {"dynamodb", "GetItem"},       {"dynamodb", "DescribeTable"},
        {"lambda", "GetFunction"},     {"wafv2", "GetWebACL"},
        {"kinesis", "SubscribeToShard"}, {"bedrock-runtime", "Converse"},
        {"logs", "StartLiveTail"},     {"rds-data", "ExecuteStatement"},
    };
    const mw_models *models;
    const mw_service *service;
    const mw_operation *op;
    mw_http_response r = {.status = 200};
    mw_doc_builder *b = NULL;
    mw_val result = MW_VAL_ABSENT;
    mw_aws_error aws;
    mw_error err;
    unsigned pick = size ? data[0] & 7 : 0;
    mw_status st;

    if (mw_models_builtin(&models, &err) != MW_OK)
        abort();
    service = mw_models_service(models, names[pick][0]);
    op = service ? mw_service_operation(service, names[pick][1]) : NULL;
    if (!op)
        return 0; /* older models have neither Converse nor StartLiveTail; the other picks stand in for them */
    if (mw_doc_builder_new(NULL, &b, &err) != MW_OK)
        abort();
    if (size && data[0] & 8)
        r.status = 400;
    if (size > 1 && mw_buf_add(&r.body, data + 1, size - 1, &err) != MW_OK)
        abort();
    st = mw_protocol_parse(op, &r, b, &result, &aws, &err);
    if (st == MW_OK && mw_val_kind(mw_doc_view(b), result) != MW_KIND_OBJECT)
        abort();
    if (r.status == 400 && st != MW_ERR_AWS)
        abort(); /* an error answer is an AWS error, whatever its body */
    mw_doc_builder_free(b);
    mw_http_response_clear(&r);
    return 0;
}
