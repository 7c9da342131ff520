/* `rate` of moonward.yaml: what is assumed of AWS's quotas before any answer has told. */
#ifndef MW_CLI_CONFIG_RATE_H
#define MW_CLI_CONFIG_RATE_H

#include "cli/config.h"

typedef struct mw_config_rate {
    double factor;     /* of each quota; 1 = as AWS documents it */
    bool any_endpoint; /* another endpoint only leads to AWS: quotas hold behind it */
} mw_config_rate;

/** `rate: {factor: 2, any_endpoint: true}`; a factor of 1 and no other endpoint when it is absent.
 */
mw_status mw_config_rate_read(const mw_config *c, mw_config_rate *out, mw_error *err);

#endif
