/* What scripts find in their environment, by the kind of file. */
#ifndef MW_LINT_SANDBOX_H
#define MW_LINT_SANDBOX_H

#include "lint/internal.h"

/** Is it a global of such files? */
bool mw__lint_sandbox_global(file_kind kind, mw_str name);
/** What to use instead of something that Lua has and the sandbox has not; NULL: not such a thing.
 */
const char *mw__lint_sandbox_missing(mw_str name);
/** Members of a library ("string", "math"), NULL when it is none. */
const char *const *mw__lint_sandbox_library(mw_str name, size_t *count);
/** Every global, for the nearest name. */
const char **mw__lint_sandbox_names(file *f, size_t *count);

#endif
