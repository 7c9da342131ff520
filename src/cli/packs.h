/* Which rule packs there are. */
#ifndef MW_CLI_PACKS_H
#define MW_CLI_PACKS_H

#include "cli/setup.h"

/**
 * The packs of --rules, else of the configuration, else `rules` of the working directory or the built-in ones.
 * @param[out] out  In the set-up's arena; at least one. @return MW_OK; MW_ERR_NOTFOUND: a path, or any rules; MW_ERR_INVALID;
 *                  MW_ERR_NOMEM.
 */
mw_status mw_setup_packs(mw_setup *s, const mw_rule_pack **out, size_t *count, mw_error *err);

#endif
