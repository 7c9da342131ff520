/* What rules cost and read, for the commands that show and judge. */
#ifndef MW_CLI_RULES_H
#define MW_CLI_RULES_H

#include "cli/setup.h"

/** Append the operations that the setup's rules need, "s3:ListBuckets, s3:GetBucketAcl". */
mw_status mw_rules_calls(const mw_setup *s, mw_buf *out, mw_error *err);
/** The types that the setup's rules read: the others need not leave the store. In the setup's arena. */
mw_status mw_rules_types(mw_setup *s, const char *const **out, size_t *count, mw_error *err);

#endif
