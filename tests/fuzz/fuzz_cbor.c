/* Hostile CBOR: as items, and as an answer and an error of a small service that speaks it. */
#include "aws/cbor.h"
#include "aws/protocol.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char model[] =
    "{\"metadata\":{\"protocol\":\"smithy-rpc-v2-cbor\",\"targetPrefix\":\"T\",\"serviceId\":\"T\","
    "\"apiVersion\":\"1\",\"endpointPrefix\":\"t\"},"
    "\"operations\":{\"Op\":{\"name\":\"Op\",\"http\":{\"method\":\"POST\",\"requestUri\":\"/\"},"
    "\"output\":{\"shape\":\"O\"},\"errors\":[{\"shape\":\"E\"}]}},"
    "\"shapes\":{\"O\":{\"type\":\"structure\",\"members\":{\"s\":{\"shape\":\"S\"},\"i\":{"
    "\"shape\":\"I\"},"
    "\"d\":{\"shape\":\"D\"},\"t\":{\"shape\":\"T\"},\"b\":{\"shape\":\"B\"},\"z\":{\"shape\":"
    "\"Z\"},"
    "\"l\":{\"shape\":\"L\"},\"m\":{\"shape\":\"M\"},\"u\":{\"shape\":\"U\"},\"o\":{\"shape\":"
    "\"O\"}}},"
    "\"E\":{\"type\":\"structure\",\"exception\":true,\"members\":{\"message\":{\"shape\":\"S\"}}},"
    "\"U\":{\"type\":\"structure\",\"union\":true,\"members\":{\"a\":{\"shape\":\"S\"}}},"
    "\"L\":{\"type\":\"list\",\"member\":{\"shape\":\"O\"}},"
    "\"M\":{\"type\":\"map\",\"key\":{\"shape\":\"S\"},\"value\":{\"shape\":\"I\"}},"
    "\"S\":{\"type\":\"string\"},\"I\":{\"type\":\"long\"},\"D\":{\"type\":\"double\"},"
    "\"T\":{\"type\":\"timestamp\"},\"B\":{\"type\":\"blob\"},\"Z\":{\"type\":\"boolean\"}}}";

static const mw_operation *operation(void)
{
    static const mw_operation *op;
    static mw_models *models;
    static mw_buf pack;
    mw_doc_builder *b = NULL;
    const mw_doc *d;
    mw_error err;
    mw_val v;

    if (op)
        return op;
    if (mw_doc_builder_new(NULL, &b, &err) != MW_OK || mw_json_read(b, model, strlen(model), NULL, NULL, &err) != MW_OK)
        abort();
    v = mw_doc_pop(b);
    d = mw_doc_view(b);
    if (mw_models_compile_service("t", d, mw_val_get(d, v, "metadata"), mw_val_get(d, v, "operations"),
                                  mw_val_get(d, v, "shapes"), &pack, &err) != MW_OK ||
        mw_models_open(pack.data, pack.len, &models, &err) != MW_OK)
        abort();
    mw_doc_builder_free(b);
    op = mw_service_operation(mw_models_service(models, "t"), "Op");
    return op;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const mw_operation *op = operation();
    mw_http_response r = {.status = 200};
    mw_doc_builder *b = NULL;
    mw_val result = MW_VAL_ABSENT;
    mw_aws_error aws;
    mw_error err;
    mw__cbor c;

    mw__cbor_init(&c, data, size);
    while (!mw__cbor_at_end(&c) && mw__cbor_skip(&c, 64, &err) == MW_OK)
        continue;
    mw__cbor_clear(&c);
    if (mw_doc_builder_new(NULL, &b, &err) != MW_OK || (size && mw_buf_add(&r.body, data, size, &err) != MW_OK))
        abort();
    if (mw_protocol_parse(op, &r, b, &result, &aws, &err) == MW_OK &&
        mw_val_kind(mw_doc_view(b), result) != MW_KIND_OBJECT)
        abort();
    mw_doc_builder_reset(b);
    r.status = 400;
    if (mw_protocol_parse(op, &r, b, &result, &aws, &err) != MW_ERR_AWS)
        abort(); /* an error answer is an AWS error, whatever its body */
    mw_doc_builder_free(b);
    mw_http_response_clear(&r);
    return 0;
}
