/*
 * Prices of requests as data: each row from the service's own pricing page, per request. Where a
 * page only says "API requests", all operations count, so that an estimate is rather too high.
 * Nothing here is asked of AWS.
 */
#include "aws/price.h"

#include "base/str.h"

static const mw_price prices[] = {
    {"ce", "*", 0.01, false},                                  /* AWS Cost Explorer: 0.01 for each paginated request */
    {"cloudwatch", "GetMetricData", 0.01 / 1000, true},        /* CloudWatch: 0.01 for 1,000 metrics requested */
    {"cloudwatch", "GetMetricStatistics", 0.01 / 1000, false}, /* 0.01 for 1,000 requests */
    {"cloudwatch", "ListMetrics", 0.01 / 1000, false},
    {"s3", "List*", 0.005 / 1000, false},         /* S3: PUT, COPY, POST, LIST 0.005 for 1,000 */
    {"s3", "*", 0.0004 / 1000, false},            /* S3: GET and all others 0.0004 for 1,000 */
    {"kms", "*", 0.03 / 10000, false},            /* KMS: 0.03 for 10,000 requests */
    {"secretsmanager", "*", 0.05 / 10000, false}, /* Secrets Manager: 0.05 for 10,000 API calls */
    {"sqs", "*", 0.40 / 1000000, false},          /* SQS, standard queues: 0.40 for a million requests */
    {"sns", "*", 0.50 / 1000000, false},          /* SNS: 0.50 for a million API requests */
    {"glue", "Get*", 1.00 / 1000000, false},      /* Glue Data Catalog: 1.00 for a million requests */
};

const mw_price *mw_price_of(const char *service, const char *operation)
{
    for (size_t i = 0; i < MW_COUNT(prices); i++)
        if (mw_str_eq(prices[i].service, service) && mw_glob_match(prices[i].operation, operation))
            return &prices[i];
    return NULL;
}

double mw_price_usd(const char *service, const char *operation, uint64_t requests, uint64_t metrics)
{
    const mw_price *p = mw_price_of(service, operation);

    return p ? p->usd * (double)(p->by_metric ? metrics : requests) : 0;
}
