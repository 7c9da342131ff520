/*
 * Before a snapshot is taken: rules, plan, identity, accounts. Each step is a function of the floor
 * that owns it; this file only orders them.
 */
#include "cli/take.h"

#include "base/str.h"
#include "cli/permit.h"
#include "cli/sweep.h"

#include <string.h>

void mw_take_clear(mw_take *t)
{
    mw_progress_end(&t->progress);
    mw_targets_clear(&t->targets);
    mw_plan_free(t->plan);
    mw_session_clear(&t->session);
    mw_setup_clear(&t->setup);
}

/* ---- rules and plan ---- */

/* "Versioning" is the rule's own type's facet, "AWS::X::Y.Facet" another's; a metric's name has a dot of its own. */
static mw_status plan_need(mw_plan *p, const mw_rule *r, const char *need, mw_error *err)
{
    const char *colons = strstr(need, "::"), *dot = colons ? strchr(colons, '.') : NULL;
    MW_AUTO(mw_buf) type = {.max = 1024};
    mw_status st;

    if (!dot)
        return mw_plan_need(p, r->resource, need, err);
    if ((st = mw_buf_add(&type, need, (size_t)(dot - need), err)) != MW_OK)
        return st;
    return mw_plan_need(p, type.data, dot + 1, err);
}

static mw_status plan_rule(mw_plan *p, const mw_rule *r, mw_error *err)
{
    mw_status st = mw_plan_need(p, r->resource, NULL, err);

    for (size_t k = 0; k < r->related_count && st == MW_OK; k++)
        st = mw_plan_need(p, r->related[k], NULL, err);
    for (size_t k = 0; k < r->need_count && st == MW_OK; k++)
        st = plan_need(p, r, r->needs[k], err);
    return st == MW_OK ? st : mw_error_prefix(err, st, "rule %s", r->id);
}

mw_status mw_sweep_plan_rule(const mw_rule *rule, const mw_types *types, const mw_models *models, mw_plan **out,
                             mw_error *err)
{
    mw_status st = mw_plan_new(types, models, out, err);

    return st == MW_OK ? plan_rule(*out, rule, err) : st;
}

mw_status mw_sweep_plan(const mw_rules *rules, const mw_types *types, const mw_models *models, mw_plan **out,
                        mw_error *err)
{
    mw_status st = mw_plan_new(types, models, out, err);

    for (size_t i = 0; i < mw_rules_count(rules) && st == MW_OK; i++)
        st = plan_rule(*out, mw_rules_at(rules, i), err);
    return st;
}

mw_status mw_take_prepare(mw_take *t, const mw_cli *cli, mw_error *err)
{
    mw_status st;

    if ((st = mw_setup_config(&t->setup, cli, err)) != MW_OK || (st = mw_setup_rules(&t->setup, err)) != MW_OK ||
        (st = mw_setup_choose_rules(&t->setup, err)) != MW_OK ||
        (st = mw_account_list_read(&t->setup, &t->list, err)) != MW_OK ||
        (st = mw_session_open(&t->setup, &t->session, err)) != MW_OK)
        return st;
    t->session.any_account = t->session.no_regions = t->list.many;
    st = mw_sweep_plan(t->setup.rules, t->setup.types, t->session.models, &t->plan, err);
    if (st == MW_OK && t->list.many)
        st = mw_permit_session_policy(&t->setup, t->session.models, t->plan, &t->list.session_policy, err);
    return st == MW_OK ? mw_permit_client(&t->setup, t->plan, t->session.client, err) : st;
}

mw_status mw_take_identify(mw_take *t, mw_error *err)
{
    mw_status st = mw_session_identify(&t->session, err);

    return st == MW_OK ? mw_targets_resolve(&t->session, &t->list, &t->targets, err) : st;
}

bool mw_take_stores(const mw_take *t)
{
    const mw_args *args = t->setup.cli->args;

    return !mw_args_flag(args, "no-store") && (!mw_client_replays(t->session.client) || mw_args_get(args, "store"));
}
