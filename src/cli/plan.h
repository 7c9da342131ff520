/* `sweep --plan`, `collect --plan`: which calls, how many, how long, what they cost, and for which
 * rules. */
#ifndef MW_CLI_PLAN_H
#define MW_CLI_PLAN_H

#include "cli/take.h"

/** After mw_take_prepare(). AWS is not asked: accounts and regions are those of the settings, the
 * recording or the last snapshot. */
int mw_plan_print(mw_take *t);

#endif
