/* `sweep --profile-rules`: what each rule costs, in processor time, memory and API calls. */
#ifndef MW_CLI_PROFILE_H
#define MW_CLI_PROFILE_H

#include "aws/client.h"
#include "cli/setup.h"
#include "engine/evaluate.h"

typedef struct mw_profile_operation mw_profile_operation;

/** `mw_profile p = {0};` */
typedef struct mw_profile {
    mw_profile_rule *rules;           /* one for each rule, for mw_evaluate_options */
    mw_profile_operation *operations; /* that were called, in the order of their first end */
    size_t operation_count, operation_cap;
    bool failed; /* out of memory while counting: said when it is written */
} mw_profile;

/** Count the calls of @p client from now on, and have room for @p rules. The profile must outlive both. */
mw_status mw_profile_begin(mw_profile *p, mw_client *client, const mw_rules *rules, mw_error *err);
/** Print the table on stderr and, when @p path is not NULL, write JSON (moonward.profile/1) there. */
mw_status mw_profile_write(const mw_profile *p, const mw_setup *s, const mw_models *models, const char *run_id,
                           const char *path, mw_error *err);
void mw_profile_clear(mw_profile *p);

#endif
