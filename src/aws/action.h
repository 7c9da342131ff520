/* Which IAM actions an operation takes. Data: actions.tsv, which says what the names do not. */
#ifndef MW_AWS_ACTION_H
#define MW_AWS_ACTION_H

#include "base/arena.h"
#include "moonward/model.h"

#define MW_ACTIONS_OF_MAX 8 /* of one operation */

/**
 * The actions that whoever calls @p service @p operation must be allowed, "s3:ListAllMyBuckets".
 * All of them are needed. None: AWS asks for no permission. What the models lack has the action
 * that its name suggests.
 * @param service, operation  botocore's names: "s3", "ListBuckets".
 * @param[out] out  Room for MW_ACTIONS_OF_MAX; texts in @p arena.
 * @return MW_OK; MW_ERR_NOMEM; MW_ERR_LIMIT: the table names more than there is room for.
 * Cost: one pass over the table, 10 KB.
 */
mw_status mw_operation_actions(const mw_models *models, const char *service, const char *operation, mw_arena *arena,
                               const char **out, size_t *count, mw_error *err);

/** The table's rows, for tests: the text of actions.tsv. */
const char *mw_actions_table(size_t *len);

#endif
