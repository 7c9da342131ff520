/*
 * The selection algebra: `severity>=high and framework:cis and not id:s3-*`. An expression is parsed
 * once, then asked about rules; what it means is told in docs/reference/selection.md.
 */
#ifndef MW_ENGINE_SELECT_H
#define MW_ENGINE_SELECT_H

#include "base/arena.h"
#include "engine/rule.h"

typedef struct mw_select mw_select;

#define MW_SELECT_TEXT_MAX  ((size_t)16 << 10)
#define MW_SELECT_DEPTH_MAX 64 /* of parentheses and nots */

/**
 * @param text   Copied into @p arena, which owns the result too.
 * @return MW_OK; MW_ERR_INVALID: "column 5: …" with what was expected and the nearest name, columns counted
 *         in characters from 1; MW_ERR_LIMIT; MW_ERR_NOMEM.
 */
mw_status mw_select_parse(const char *text, mw_arena *arena, const mw_select **out, mw_error *err);

/** Does this rule fit? @p d is the document that rule->controls lies in. Pure. */
bool mw_select_fits(const mw_select *s, const mw_rule *rule, const mw_doc *d);

/**
 * Whether the selections, all of which must hold, make sense for these rules, and which rules they choose.
 *
 * @param keep  One for each rule; filled.
 * @param[out] failed  Number of the selection that an error is about; may be NULL.
 * @return MW_OK; MW_ERR_NOTFOUND: a value stands in one (not below a `not`) that no rule has, or nothing is
 *         chosen; the message names the term and the nearest value. MW_ERR_NOMEM.
 */
mw_status mw_select_mark(const mw_select *const *selects, size_t count, const mw_rule *const *rules, size_t rule_count,
                         const mw_doc *d, bool *keep, size_t *failed, mw_error *err);

#endif
