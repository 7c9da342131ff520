/* Hostile answers in XML: the first byte picks operation and status, the rest is the body. */
#include "aws/protocol.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[][2] = {
        {"ec2", "DescribeInstances"},  {"iam", "GetAccountAuthorizationDetails"},
        {"s3", "GetBucketAcl"},        {"s3", "ListObjectsV2"},
        {"s3", "GetBucketLocation"},   {"cloudfront", "GetDistribution"},
        {"sns", "GetTopicAttributes"}, {"rds", "DescribeDBInstances"},
    };
    const mw_models *models;
    const mw_operation *op;
    mw_http_response r = {.status = 200};
    mw_doc_builder *b = NULL;
    mw_val result = MW_VAL_ABSENT;
    mw_aws_error aws;
    mw_error err;
    unsigned pick = size ? data[0] & 7 : 0;

    if (mw_models_builtin(&models, &err) != MW_OK || mw_doc_builder_new(NULL, &b, &err) != MW_OK)
        abort();
    op = mw_service_operation(mw_models_service(models, names[pick][0]), names[pick][1]);
    if (size && data[0] & 8)
        r.status = 400;
    if (size > 1 && mw_buf_add(&r.body, data + 1, size - 1, &err) != MW_OK)
        abort();
    if (mw_protocol_parse(op, &r, b, &result, &aws, &err) == MW_OK) {
        if (mw_val_kind(mw_doc_view(b), result) != MW_KIND_OBJECT ||
            mw_customize_result(op, NULL, MW_VAL_ABSENT, b, result, &result, &err) != MW_OK)
            abort();
    }
    mw_doc_builder_free(b);
    mw_http_response_clear(&r);
    return 0;
}
