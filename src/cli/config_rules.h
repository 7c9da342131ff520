/* The parts of moonward.yaml with a shape of their own: rule packs, parameters, overrides. */
#ifndef MW_CLI_CONFIG_RULES_H
#define MW_CLI_CONFIG_RULES_H

#include "cli/config.h"

/** Shapes only; which rules and parameters there are is known when rules are loaded. */
mw_status mw__config_check_params(const mw_config *c, const char *where, mw_val params, mw_error *err);
mw_status mw__config_check_packs(const mw_config *c, mw_val rules, mw_error *err);
mw_status mw__config_check_overrides(const mw_config *c, mw_val overrides, mw_error *err);

#endif
