/* Hostile answers in XML. */
#include "answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[FUZZ_OPERATIONS][2] = {
        {"ec2", "DescribeInstances"},  {"iam", "GetAccountAuthorizationDetails"},
        {"s3", "GetBucketAcl"},        {"s3", "ListObjectsV2"},
        {"s3", "GetBucketLocation"},   {"cloudfront", "GetDistribution"},
        {"sns", "GetTopicAttributes"}, {"rds", "DescribeDBInstances"},
    };
    fuzz_answer a;

    fuzz_answer_open(&a, names, data, size);
    if (a.op && a.st == MW_OK &&
        mw_customize_result(a.op, NULL, MW_VAL_ABSENT, a.b, a.result, &a.result, &a.err) != MW_OK)
        abort();
    fuzz_answer_close(&a);
    return 0;
}
