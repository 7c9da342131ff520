/* Which lines of a rule gave a verdict: read off its text, for `moonward explain`. */
#ifndef MW_LINT_DECIDE_H
#define MW_LINT_DECIDE_H

#include "base/arena.h"

typedef struct mw_decided {
    unsigned first, last; /* lines, from 1; 0: not known */
} mw_decided;

/**
 * Find the one call of `fail`, `unknown` … whose format fits the message, and the `if` around it.
 * @param verdict  "fail"; @p message may be NULL.
 * @return MW_OK, with zeros when none or several fit; MW_ERR_PARSE, MW_ERR_NOMEM.
 */
mw_status mw_lint_decided(const char *source, size_t len, const char *verdict, const char *message, mw_decided *out,
                          mw_error *err);

typedef struct mw_fixture_name {
    const char *name, *expect; /* "" when they are not literal */
} mw_fixture_name;
/** The fixtures that a test file writes out, in its order, in @p arena. */
mw_status mw_lint_fixtures(const char *source, size_t len, mw_arena *arena, mw_fixture_name **out, size_t *count,
                           mw_error *err);

#endif
