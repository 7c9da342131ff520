/*
 * Which permissions are denied, and for which rules. With --probe the enabled rules' own
 * collection is run in one region with a gate before the network: of each operation one call
 * passes, its first page, until its answer is known. So the calls are those that a sweep makes, on
 * things that exist, and no more of them than there are operations.
 */
#include "cli/doctor.h"

#include "base/str.h"
#include "cli/permit.h"
#include "cli/sweep.h"
#include "inventory/cause.h"

#include <string.h>
#include <unistd.h>

static mw_probed *find(mw_doctor *d, const char *service, const char *operation)
{
    size_t len = strlen(service);

    for (size_t i = 0; i < d->probed_count; i++)
        if (strncmp(d->probed[i].operation, service, len) == 0 && d->probed[i].operation[len] == ':' &&
            mw_str_eq(d->probed[i].operation + len + 1, operation))
            return &d->probed[i];
    return NULL;
}

static bool gate(void *user, const char *service, const char *operation, unsigned page)
{
    const mw_probed *p = find(user, service, operation);

    return !p || (page == 1 && mw_str_eq(p->state, "not_probed"));
}

static void ended(void *user, const mw_operation *op, const mw_call_result *r, int64_t waited_ms)
{
    mw_doctor *d = user;
    mw_probed *p = find(d, mw_service_name(mw_operation_service(op)), mw_operation_name(op));
    mw_cause_class class;

    (void)waited_ms;
    if (!p || !mw_str_eq(p->state, "not_probed") || r->requests == 0) /* what was not sent says nothing */
        return;
    class = r->status == MW_ERR_AWS ? mw_cause_classify(r->aws.code, r->aws.message) : MW_CAUSE_UNREACHABLE;
    if (r->status == MW_OK || r->pages > 0) {
        p->state = "allowed";
        return;
    }
    /* AWS looks at permissions first: whoever is told "no such policy" was allowed to ask. */
    if (r->status == MW_ERR_AWS && class == MW_CAUSE_OTHER && r->http_status >= 400 && r->http_status < 500) {
        p->state = "allowed";
        return;
    }
    p->state = mw_cause_is_denial(class) || class == MW_CAUSE_REGION_DISABLED ? "denied" : "failed";
    p->class = mw_cause_class_name(class);
    p->message = mw_doctor_keep(d, r->status == MW_ERR_AWS ? r->aws.message : r->error.message);
}

/* ---- operations and who needs them ---- */

static mw_status list_operations(mw_doctor *d, mw_error *err)
{
    size_t rules = mw_rules_count(d->setup.rules), n = mw_plan_operation_count(d->plan);
    mw_status st = MW_OK;

    if (!(d->probed = mw_arena_alloc(&d->arena, (n + 1) * sizeof(*d->probed))))
        return mw_fail(err, MW_ERR_NOMEM, "doctor: out of memory");
    for (size_t i = 0; i < n; i++) {
        mw_probed *p = &d->probed[d->probed_count++];
        *p = (mw_probed){.operation = mw_plan_operation_at(d->plan, i), .state = "not_probed"};
        if (!(p->rules = mw_arena_alloc(&d->arena, (rules + 1) * sizeof(*p->rules))))
            return mw_fail(err, MW_ERR_NOMEM, "doctor: out of memory");
    }
    for (size_t r = 0; r < rules && st == MW_OK; r++) {
        const mw_rule *rule = mw_rules_at(d->setup.rules, r);
        mw_plan *own = NULL;
        st = mw_sweep_plan_rule(rule, d->setup.types, d->session.models, &own, err);
        for (size_t i = 0; st == MW_OK && i < mw_plan_operation_count(own); i++)
            for (size_t k = 0; k < n; k++)
                if (mw_str_eq(d->probed[k].operation, mw_plan_operation_at(own, i)))
                    d->probed[k].rules[d->probed[k].rule_count++] = rule->id;
        mw_plan_free(own);
    }
    return st;
}

/* ---- the probe ---- */

static mw_status probe(mw_doctor *d, const mw_target *t, mw_error *err)
{
    mw_collect_account one = t->in;
    const mw_collect_options o = {
        .accounts = &one, .account_count = 1, .now_unix = mw_client_now_unix(d->session.client)};
    int fd = -1;
    mw_status st;

    one.region_count = one.region_count ? 1 : 0;
    d->probe = (mw_budget){.calls_most = UINT64_MAX, .usd_most = -1, .gate = gate, .gate_user = d};
    mw_client_watch(d->session.client, ended, d);
    st = mw_collect(d->session.client, d->plan, &o, &fd, err);
    mw_client_watch(d->session.client, NULL, NULL);
    d->probe.gate = NULL;
    if (fd >= 0)
        close(fd);
    return st;
}

static void tell_missing(mw_doctor *d, const mw_probed *p)
{
    MW_AUTO(mw_buf) rules = {.max = 1 << 16};

    for (size_t i = 0; i < p->rule_count; i++)
        mw_buf_printf(&rules, "%s%s", i ? ", " : "", p->rules[i]);
    d->out_of_memory = d->out_of_memory || mw_buf_status(&rules, NULL) != MW_OK;
    mw_doctor_say(d, "permissions", p->operation, mw_str_eq(p->state, "denied") ? MW_CHECK_FAIL : MW_CHECK_WARN,
                  MW_EXIT_INCOMPLETE, mw_cause_class_help(mw_cause_classify_name(p->class)), "%s (%s), for %s",
                  p->state, p->class, rules.data ? rules.data : "no rule");
}

static void tell(mw_doctor *d, const mw_target *t)
{
    size_t allowed = 0, untold = 0;

    for (size_t i = 0; i < d->probed_count; i++) {
        const mw_probed *p = &d->probed[i];
        bool ok = mw_str_eq(p->state, "allowed"), unknown = mw_str_eq(p->state, "not_probed");
        allowed += ok;
        untold += unknown;
        if (!ok && !unknown)
            tell_missing(d, p);
    }
    mw_doctor_say(d, "permissions", "probe", MW_CHECK_OK, 0, NULL,
                  "%zu of %zu operations are allowed in %s %s; %zu had nothing to be asked about", allowed,
                  d->probed_count, t->in.account, t->in.region_count ? t->in.regions[0] : "", untold);
}

void mw_doctor_permissions(mw_doctor *d)
{
    const mw_target *t = NULL;
    mw_error err = {0};
    mw_status st;

    for (size_t i = 0; i < d->targets.count && !t; i++)
        t = d->targets.items[i].in.failed_code ? NULL : &d->targets.items[i];
    if (!mw_args_flag(d->cli->args, "probe")) {
        mw_doctor_say(d, "permissions", "probe", MW_CHECK_SKIPPED, 0, NULL,
                      "doctor --probe makes each call of the enabled rules once");
        return;
    }
    if (!d->ruled || !t) {
        mw_doctor_say(d, "permissions", "probe", MW_CHECK_SKIPPED, 0, NULL,
                      !d->ruled ? "needs the rules" : "needs an account");
        return;
    }
    if ((st = mw_sweep_plan(d->setup.rules, d->setup.types, d->session.models, &d->plan, &err)) == MW_OK &&
        (st = mw_permit_client(&d->setup, d->plan, d->session.client, &err)) == MW_OK &&
        (st = list_operations(d, &err)) == MW_OK)
        st = probe(d, t, &err);
    if (st != MW_OK)
        mw_doctor_say(d, "permissions", "probe", MW_CHECK_FAIL, mw_cli_exit_code(st), NULL, "%s", err.message);
    else
        tell(d, t);
}
