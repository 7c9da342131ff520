/* What AWS bills for calls that only read. Most cost nothing; these do. */
#ifndef MW_AWS_PRICE_H
#define MW_AWS_PRICE_H

#include <stdbool.h>
#include <stdint.h>

/** When the prices were noted; USD, list prices of us-east-1 without free tiers. */
#define MW_PRICES_AS_OF "2025-01"

typedef struct mw_price {
    const char *service, *operation; /* botocore's name; a glob */
    double usd;                      /* for one request, or … */
    bool by_metric;                  /* … for each metric that it asks for */
} mw_price;

/** NULL: not billed. */
const mw_price *mw_price_of(const char *service, const char *operation);
/** Of @p requests that ask for @p metrics together. */
double mw_price_usd(const char *service, const char *operation, uint64_t requests, uint64_t metrics);

#endif
