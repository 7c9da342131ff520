/*
 * What a recording keeps of an answer. The first byte picks an operation of each protocol, the rest is the
 * body. Nothing may crash, and a secret in its proper place never comes out again.
 */
#include "aws/client.h"
#include "aws/record.h"
#include "base/buf.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PLANTED "p1Anted5ecret"

static const char *const operations[][2] = {
    {"sts", "AssumeRole"}, {"sso", "GetRoleCredentials"}, {"iam", "ListUsers"}, {"s3", "GetBucketPolicy"},
    {"dynamodb", "Scan"},  {"ec2", "DescribeInstances"},  {"s3", "GetObject"},
};

/** The body alone, and the same with a secret put into it. */
static void redact(const mw_operation *op, const uint8_t *body, size_t len, const char *planted)
{
    mw_http_response answer = {.status = 200};
    MW_AUTO(mw_buf) out = {.max = 1 << 22};
    mw_error err = {0};

    mw_buf_add(&answer.body, body, len, NULL);
    if (planted)
        mw_buf_puts(&answer.body, planted);
    if (mw__redact_body(op, &answer, &out, &err) == MW_OK && planted && out.data &&
        memmem(out.data, out.len, PLANTED, strlen(PLANTED)))
        abort();
    mw_http_response_clear(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mw_models *models;
    const mw_operation *op;
    size_t pick;

    if (size == 0 || (!models && mw_models_builtin(&models, NULL) != MW_OK))
        return 0;
    pick = data[0] % MW_COUNT(operations);
    if (mw_client_operation(models, operations[pick][0], operations[pick][1], &op, NULL) != MW_OK)
        return 0;
    redact(op, data + 1, size - 1, NULL);
    if (pick == 0 && !memmem(data, size, PLANTED,
                             strlen(PLANTED))) /* an AssumeRole answer cut anywhere, then the secret in its element */
        redact(op, data + 1, size - 1, "<SecretAccessKey>" PLANTED "</SecretAccessKey>");
    return 0;
}
