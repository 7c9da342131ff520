/* What the rules take: a plan for each rule, so that each action knows which rules depend on it.
 * Calls nobody. */
#include "cli/permit.h"

#include "base/log.h"
#include "base/mem.h"
#include "cli/organization.h"
#include "cli/sweep.h"

static const char *const session_operations[] = {MW_SESSION_OPERATIONS};

static mw_status add_rule(const mw_setup *s, const mw_models *models, const mw_rule *rule, mw_permissions *out,
                          mw_error *err)
{
    mw_plan *plan = NULL;
    mw_status st = mw_sweep_plan_rule(rule, s->types, models, &plan, err);

    if (st == MW_OK)
        st = mw_permissions_add_plan(out, models, plan, rule->id, err);
    mw_plan_free(plan);
    return st;
}

static mw_status add_session(const mw_models *models, mw_permissions *out, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < MW_COUNT(session_operations) && st == MW_OK; i++)
        st = mw_permissions_add(out, models, session_operations[i], "(session)", NULL, err);
    return st;
}

mw_status mw_permit_rules(const mw_setup *s, const mw_models *models, mw_permissions *out, mw_error *err)
{
    mw_status st = add_session(models, out, err);

    for (size_t i = 0; i < mw_rules_count(s->rules) && st == MW_OK; i++)
        st = add_rule(s, models, mw_rules_at(s->rules, i), out, err);
    return st;
}

mw_status mw_permit_actions(const mw_permissions *p, mw_arena *arena, mw_iam_actions *out, mw_error *err)
{
    const char **items = mw_arena_alloc(arena, (p->count + 1) * sizeof(*items));

    if (!items)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for permissions");
    for (size_t i = 0; i < p->count; i++)
        items[i] = p->items[i].action;
    *out = (mw_iam_actions){items, p->count};
    return MW_OK;
}

mw_status mw_permit_client(const mw_setup *s, const mw_plan *plan, mw_client *client, mw_error *err)
{
    const char *organization[MW_ORGANIZATION_OPERATIONS_MAX];
    size_t count = mw_organization_operations(s, organization);
    mw_status st = mw_client_allow(client, session_operations, MW_COUNT(session_operations), err);

    if (st == MW_OK)
        st = mw_client_allow(client, organization, count, err);
    for (size_t i = 0; i < mw_plan_operation_count(plan) && st == MW_OK; i++) {
        const char *name = mw_plan_operation_at(plan, i);
        st = mw_client_allow(client, &name, 1, err);
    }
    return st;
}

mw_status mw_permit_session_policy(mw_setup *s, const mw_models *models, const mw_plan *plan, const char **out,
                                   mw_error *err)
{
    MW_AUTO(mw_permissions) p = {0};
    MW_AUTO(mw_buf) text = {.max = 1 << 22};
    mw_iam_actions actions;
    mw_status st;

    *out = NULL;
    if (!mw_config_bool(&s->config, "session_policy", true))
        return MW_OK;
    if ((st = add_session(models, &p, err)) != MW_OK ||
        (st = mw_permissions_add_plan(&p, models, plan, NULL, err)) != MW_OK ||
        (st = mw_permit_actions(&p, &s->arena, &actions, err)) != MW_OK ||
        (st = mw_iam_policy_session(actions, &text, err)) != MW_OK)
        return st;
    if (text.len > MW_IAM_SESSION_MAX) {
        mw_log_warn("the rules take %zu actions, %zu characters where a session policy has %zu: roles "
                    "are assumed with all that they allow ('session_policy: off' is quiet about it)",
                    p.count, text.len, MW_IAM_SESSION_MAX);
        return MW_OK;
    }
    *out = mw_arena_strdup(&s->arena, text.data);
    return *out ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory for permissions");
}
