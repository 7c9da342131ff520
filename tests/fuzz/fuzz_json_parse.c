/* Hostile answers in JSON and event streams. */
#include "answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[FUZZ_OPERATIONS][2] = {
        {"dynamodb", "GetItem"},   {"dynamodb", "DescribeTable"},    {"lambda", "GetFunction"},
        {"wafv2", "GetWebACL"},    {"kinesis", "SubscribeToShard"},  {"bedrock-runtime", "Converse"},
        {"logs", "StartLiveTail"}, {"rds-data", "ExecuteStatement"},
    };
    fuzz_answer a;

    fuzz_answer_open(&a, names, data, size); /* older models have neither Converse nor StartLiveTail */
    if (a.op && a.r.status == 400 && a.st != MW_ERR_AWS)
        abort(); /* an error answer is an AWS error, whatever its body */
    fuzz_answer_close(&a);
    return 0;
}
