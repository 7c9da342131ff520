/* What rules cost, for the commands that show them. */
#ifndef MW_CLI_RULES_H
#define MW_CLI_RULES_H

#include "cli/setup.h"

/** Append the operations that the setup's rules need, "s3:ListBuckets, s3:GetBucketAcl". */
mw_status mw_rules_calls(const mw_setup *s, mw_buf *out, mw_error *err);

#endif
