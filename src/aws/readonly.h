/* What an operation may do: data behind mw_operation_read_only(), and which answers mint secrets.
 */
#ifndef MW_AWS_READONLY_H
#define MW_AWS_READONLY_H

#include "moonward/model.h"

/** Why an operation that is named like a read does not count as one; NULL when it does. */
const char *mw_operation_read_exception(const mw_operation *op);
/**
 * Does it change nothing, though what it answers may be a secret that scripts must not hold? Wider
 * than mw_operation_read_only(): for people, who ask with credentials of their own.
 */
bool mw_operation_changes_nothing(const mw_operation *op);
/** Does its answer hold credentials, keys or other secrets by design? Then a recording blanks them.
 */
bool mw_operation_returns_secret(const mw_operation *op);

#endif
