/* Are the members of a fixture those that AWS gives? Checked against types and service models. */
#ifndef MW_INVENTORY_FIXTURE_CHECK_H
#define MW_INVENTORY_FIXTURE_CHECK_H

#include "inventory/type.h"
#include "moonward/model.h"

/**
 * Check an item as a fixture writes it: the members of the type's list (and describe call) and its facets by name,
 * each of the model's kind. Unknown values fit everywhere. What the models do not describe (an operation that they
 * lack, parsed text, an expression that computes) is not checked.
 *
 * @param where  How paths in messages begin: "resource".
 * @param unmodelled  List of paths, as messages give them, that are taken as they are with all below; or ABSENT.
 * @return MW_OK; MW_ERR_INVALID names the path and the nearest member, or the kind that was expected.
 */
mw_status mw_fixture_check(const mw_types *types, const mw_models *models, const char *type, const mw_doc *d,
                           mw_val item, const char *where, mw_val unmodelled, mw_error *err);

#endif
