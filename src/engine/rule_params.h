/*
 * Parameters by place. What a rule declares is overlaid by its pack's parameters, the configuration's, and the
 * overrides whose `match` names no account, region or tag: that is rule->params. The other overrides of a
 * rule stand in rule->overrides, in the order in which they are laid over it:
 *   [{origin, account: [glob], region: [glob], tag: ["Key" | "Key=Value"], params: {param: value}}]
 */
#ifndef MW_ENGINE_RULE_PARAMS_H
#define MW_ENGINE_RULE_PARAMS_H

#include "engine/rule_internal.h"
#include "lua/snapshot.h"

/**
 * Check everything that the configuration says of parameters, then push, for one rule after another, an array of
 * objects {params, origins, overrides, controls, applies} on @p b.
 * @param metas  Of each rule, in @p b.
 * @return MW_OK; MW_ERR_INVALID with place and nearest name; MW_ERR_NOMEM.
 */
mw_status mw__params_build(const mw_rules_options *o, const mw_rules *rules, const mw_val *metas, mw_doc_builder *b,
                           mw_error *err);

/** Fail with "file:line: …" for a place in the configuration, where that is known. */
mw_status mw__rules_fail(const mw_rules_options *o, const char *where, mw_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** Does a rule's parameter depend on tags? */
bool mw__params_by_tag(const mw_rules *rules, const mw_rule *rule);

/**
 * Push {variants: [params, …], ranges: [first resource, number of its variant, …]}: the parameters of every resource
 * of a rule's type, ranges ascending from 0. The number is -1 where tags that are asked for are unknown.
 * @param array  The rule's type in world 0.
 * @return MW_OK; MW_ERR_NOMEM.
 * Cost: a match of each override for each account and region; of those with tags for each resource there.
 */
mw_status mw__params_push_resolved(const mw_rules *rules, const mw_rule_entry *e, const mw_snap *snap, mw_val array,
                                   mw_doc_builder *b, mw_error *err);

#endif
