/* What other commands share with `sweep`. */
#ifndef MW_CLI_SWEEP_H
#define MW_CLI_SWEEP_H

#include "engine/rule.h"
#include "inventory/plan.h"

/** One rule's own calls. */
mw_status mw_sweep_plan_rule(const mw_rule *rule, const mw_types *types, const mw_models *models, mw_plan **out,
                             mw_error *err);
/** The least set of calls for these rules: their types, related types and facets. */
mw_status mw_sweep_plan(const mw_rules *rules, const mw_types *types, const mw_models *models, mw_plan **out,
                        mw_error *err);

#endif
