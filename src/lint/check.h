/* What the files that look at values share. */
#ifndef MW_LINT_CHECK_H
#define MW_LINT_CHECK_H

#include "lint/value.h"

/** A path or member of @p v that is written at @p at: the model has it, and its facet is declared.
 */
value mw__lint_check_path(file *f, value v, mw_str path, const lua_node *at);
/** A literal (text, or a list of texts) that @p v is compared with: one of the model's values. */
void mw__lint_check_literal(file *f, value v, const lua_node *literal);
/** A type asked of the inventory: it exists and is declared. NULL otherwise. */
const mw_type *mw__lint_check_type(file *f, const lua_node *literal);
/** Comparisons, arithmetic, conditions. */
void mw__lint_check_operator(file *f, const lua_node *n);
/** Operations of audits and their parameters. */
void mw__lint_check_operation(file *f, const lua_node *call);
/** Is the facet of the type in `needs`, or added by the loader? True when the list is not literal.
 */
bool mw__lint_check_declared(file *f, const mw_type *type, const char *facet);

#endif
