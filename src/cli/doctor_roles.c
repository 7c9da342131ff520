/*
 * Which permissions the policies of each account's role or user lack, and which rules are unknown
 * without them. IAM is asked for the policies, with that account's own credentials; nothing of what
 * the rules need is tried (doctor_permissions.c does that), so what no policy of a role tells is
 * not seen here.
 */
#include "cli/doctor.h"

#include "cli/permit.h"
#include "cli/role_policies.h"

#define ACTIONS_SHOWN 10 /* of an account and a kind; the rest is counted */
#define RULES_SHOWN   5
#define NOT_SEEN      "service and resource control policies (SCPs, RCPs) and session policies are not seen"

static const char *const role_operations[] = {MW_ROLE_OPERATIONS};
static const char *const user_operations[] = {MW_USER_OPERATIONS};

/* An account under way. */
struct looking {
    mw_doctor *d;
    const char *account;
    mw_principal who;
    const mw_permissions *needed;
    const mw_permission_diff *diff;
};

static const char *kind_of(const struct looking *l)
{
    return l->who.kind == MW_PRINCIPAL_USER ? "user" : "role";
}

static void say(struct looking *l, const char *what, mw_check_status status, const char *remedy, mw_buf *detail)
{
    MW_AUTO(mw_buf) name = {.max = 1024};

    mw_buf_printf(&name, "%s%s%s", l->account, *what ? " " : "", what);
    if (mw_buf_status(&name, NULL) != MW_OK || mw_buf_status(detail, NULL) != MW_OK)
        l->d->out_of_memory = true;
    else
        mw_doctor_say(l->d, "permissions", name.data, status, MW_EXIT_INCOMPLETE, remedy, "%s", detail->data);
}

/* ---- what is missing ---- */

static void add_rules(mw_buf *out, const mw_words *rules)
{
    if (rules->count == 0)
        mw_buf_puts(out, "the list of enabled regions");
    for (size_t i = 0; i < rules->count && i < RULES_SHOWN; i++)
        mw_buf_printf(out, "%s%s", i ? ", " : "", rules->items[i]);
    if (rules->count > RULES_SHOWN)
        mw_buf_printf(out, " and %zu more", rules->count - RULES_SHOWN);
}

/* The actions of one kind, each a check of its own; what is beyond the bound, one together. */
static void tell_actions(struct looking *l, mw_grant grant, size_t count, mw_check_status status, const char *words,
                         const char *remedy)
{
    size_t shown = 0;

    for (size_t i = 0; i < l->needed->count && shown < ACTIONS_SHOWN; i++) {
        MW_AUTO(mw_buf) detail = {.max = 1 << 16};
        if (l->diff->grants[i].grant != grant)
            continue;
        mw_buf_printf(&detail, "%s: %s; %s: ", mw_grant_name(grant), l->diff->grants[i].why, words);
        add_rules(&detail, &l->needed->items[i].rules);
        say(l, l->needed->items[i].action, status, remedy, &detail);
        shown++;
    }
    if (count > shown) {
        MW_AUTO(mw_buf) detail = {.max = 1024};
        mw_buf_printf(&detail, "%zu more are %s", count - shown, mw_grant_name(grant));
        say(l, mw_grant_name(grant), status, "moonward permissions --diff, with this account's credentials, lists all",
            &detail);
    }
}

static void tell(struct looking *l)
{
    MW_AUTO(mw_buf) detail = {.max = 1 << 16};
    MW_AUTO(mw_buf) more = {.max = 1 << 16};
    const mw_permission_diff *diff = l->diff;
    const char *everything = mw_permission_diff_everything(diff);

    mw_buf_printf(&detail, "%s %.*s allows %zu of %zu actions that the rules take", kind_of(l), (int)l->who.len,
                  l->who.name, l->needed->count - diff->missing - diff->conditional, l->needed->count);
    if (diff->conditional || diff->missing)
        mw_buf_printf(&detail, ", %zu conditional, %zu missing", diff->conditional, diff->missing);
    mw_buf_puts(&detail, "; " NOT_SEEN);
    say(l, "",
        diff->missing       ? MW_CHECK_FAIL
        : diff->conditional ? MW_CHECK_WARN
                            : MW_CHECK_OK,
        "moonward permissions prints the policy that it takes; --probe asks AWS itself", &detail);
    tell_actions(l, MW_GRANT_MISSING, diff->missing, MW_CHECK_FAIL, "unknown without it",
                 "allow it: moonward permissions prints the whole policy");
    tell_actions(l, MW_GRANT_CONDITIONAL, diff->conditional, MW_CHECK_WARN, "what hangs on it",
                 "allow it on every resource without a condition, or let --probe ask AWS");
    if (everything) {
        mw_buf_printf(&more, "%s allows every action there is: more than the rules take", everything);
        say(l, "surplus", MW_CHECK_WARN, "give it the policy that moonward permissions prints", &more);
    }
}

/* ---- what cannot be looked at ---- */

static void cannot_read(struct looking *l, bool denied, const mw_error *err)
{
    MW_AUTO(mw_buf) detail = {.max = 1 << 16};
    MW_AUTO(mw_buf) remedy = {.max = 4096};
    bool user = l->who.kind == MW_PRINCIPAL_USER;
    const char *const *operations = user ? user_operations : role_operations;
    size_t count = user ? MW_COUNT(user_operations) : MW_COUNT(role_operations);

    mw_buf_puts(&detail, err->message);
    mw_buf_printf(&remedy, "--probe asks AWS itself; reading a %s takes ", kind_of(l));
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(&remedy, "%s%s", i ? ", " : "", operations[i]);
    l->d->out_of_memory = l->d->out_of_memory || mw_buf_status(&remedy, NULL) != MW_OK;
    say(l, "", MW_CHECK_SKIPPED, denied ? remedy.data : "--probe asks AWS itself", &detail);
}

/* Nobody's policies say what these may do. */
static void no_policies(struct looking *l, const char *arn)
{
    MW_AUTO(mw_buf) detail = {.max = 1 << 16};
    bool root = l->who.kind == MW_PRINCIPAL_ROOT;

    mw_buf_printf(&detail,
                  root ? "%s is the root user: it may do everything"
                       : "%s is neither a role nor a user, so no policies can be read",
                  arn);
    say(l, "", root ? MW_CHECK_WARN : MW_CHECK_SKIPPED,
        root ? "use a role with the policy that moonward permissions prints" : "--probe asks AWS itself", &detail);
}

static void account(mw_doctor *d, const mw_permissions *needed, const mw_target *t)
{
    MW_AUTO(mw_policy_set) set = {0};
    MW_AUTO(mw_permission_diff) diff = {0};
    const mw_scope scope = {.partition = t->in.partition,
                            .account = t->in.account,
                            .region = t->in.home_region,
                            .credentials = t->in.credentials};
    const char *arn = t->arn && *t->arn ? t->arn : "arn:";
    struct looking l = {
        .d = d, .account = t->in.account, .who = mw_principal_parse(arn), .needed = needed, .diff = &diff};
    bool denied = false;
    mw_error err = {0};
    mw_status st;

    if (l.who.kind != MW_PRINCIPAL_ROLE && l.who.kind != MW_PRINCIPAL_USER) {
        no_policies(&l, arn);
        return;
    }
    if ((st = mw_policy_set_begin(&set, &err)) == MW_OK &&
        (st = mw_role_policies_read(&d->session, &scope, arn, &set, &denied, &err)) == MW_OK)
        st = mw_permissions_compare(needed, &set, &diff, &err);
    if (st == MW_OK)
        tell(&l);
    else
        cannot_read(&l, denied, &err);
}

void mw_doctor_roles(mw_doctor *d)
{
    static const char *const session[] = {MW_SESSION_OPERATIONS};
    MW_AUTO(mw_permissions) needed = {0};
    bool any = false;
    mw_error err = {0};
    mw_status st;

    for (size_t i = 0; i < d->targets.count; i++)
        any = any || !d->targets.items[i].in.failed_code;
    if (!d->ruled || !any) {
        mw_doctor_say(d, "permissions", "policies", MW_CHECK_SKIPPED, 0, NULL,
                      !d->ruled ? "needs the rules" : "needs an account");
        return;
    }
    /* From here on the client lets through what is declared, and nothing else. */
    if ((st = mw_client_allow(d->session.client, session, MW_COUNT(session), &err)) != MW_OK ||
        (st = mw_client_allow(d->session.client, role_operations, MW_COUNT(role_operations), &err)) != MW_OK ||
        (st = mw_client_allow(d->session.client, user_operations, MW_COUNT(user_operations), &err)) != MW_OK ||
        (st = mw_permit_rules(&d->setup, d->session.models, &needed, &err)) != MW_OK) {
        mw_doctor_say(d, "permissions", "policies", MW_CHECK_FAIL, mw_cli_exit_code(st), NULL, "%s", err.message);
        return;
    }
    for (size_t i = 0; i < d->targets.count && !*d->cli->stop; i++)
        if (!d->targets.items[i].in.failed_code)
            account(d, &needed, &d->targets.items[i]);
}
