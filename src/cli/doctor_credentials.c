/*
 * Whose credentials, found where, good for how long; which account and regions they lead to; and
 * whether the role of every account that is configured can be assumed and leads where it should.
 * Never a secret.
 */
#include "cli/doctor.h"

#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

#define SOON_S         900
#define REGIONS_SHOWN  8
#define NO_CREDENTIALS "aws configure, aws sso login, or AWS_PROFILE; the lines above say what was looked at"

/* ---- the chain ---- */

static void told(void *user, const char *source, bool used, const char *why)
{
    mw_doctor_say(user, "credentials", source, used ? MW_CHECK_OK : MW_CHECK_SKIPPED, 0, NULL, "%s%s",
                  used ? "used: " : "", why);
}

/* Settings alone; nothing is fetched. */
static bool chain(mw_doctor *d)
{
    mw_provider *p = NULL;
    mw_error err = {0};
    mw_status st =
        mw_provider_chain_told(d->session.aws, d->session.models, mw_client_http(d->session.client), told, d, &p, &err);

    mw_provider_unref(p);
    if (st != MW_OK)
        mw_doctor_say(d, "credentials", "chain", MW_CHECK_FAIL, MW_EXIT_CREDENTIALS, NO_CREDENTIALS, "%s", err.message);
    return st == MW_OK;
}

static void keys(mw_doctor *d)
{
    char tail[5], at[MW_TIME_SIZE];
    int64_t expires, left;

    mw_provider_about(d->session.credentials, tail, &expires);
    if (expires == 0) {
        mw_doctor_say(d, "credentials", "keys", MW_CHECK_OK, 0, NULL, "access key …%s, without an end", tail);
        return;
    }
    left = expires - mw_now_unix();
    mw_time_iso(at, expires * 1000000000);
    mw_doctor_say(d, "credentials", "keys", left < SOON_S ? MW_CHECK_WARN : MW_CHECK_OK, 0,
                  "they are renewed where their source can; else get new ones before a long sweep",
                  "access key …%s, until %s", tail, at);
}

/* ---- identity and regions ---- */

static void regions(mw_doctor *d, const char *name, const char *const *list, size_t count,
                    const mw_coverage_extra *extras, size_t extra_count)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 16};
    bool gap = false;
    size_t skipped = 0;

    mw_buf_printf(&text, "%zu:", count);
    for (size_t i = 0; i < count && i < REGIONS_SHOWN; i++)
        mw_buf_printf(&text, " %s", list[i]);
    if (count > REGIONS_SHOWN)
        mw_buf_printf(&text, " and %zu more", count - REGIONS_SHOWN);
    for (size_t i = 0; i < extra_count; i++) {
        bool skip = mw_str_eq(extras[i].state, MW_SCOPE_SKIPPED);
        skipped += skip;
        gap = gap || !skip;
        if (!skip)
            mw_buf_printf(&text, "; %s: %s", extras[i].region, extras[i].message ? extras[i].message : "unknown");
    }
    if (skipped)
        mw_buf_printf(&text, "; %zu not enabled, so skipped", skipped);
    d->out_of_memory = d->out_of_memory || mw_buf_status(&text, NULL) != MW_OK;
    mw_doctor_say(d, "accounts", name, gap ? MW_CHECK_WARN : MW_CHECK_OK, 0,
                  "allow ec2:DescribeRegions, or name regions that are enabled", "%s", text.data ? text.data : "");
}

static void own_identity(mw_doctor *d, mw_status st, const mw_error *err)
{
    mw_session *n = &d->session;

    if (!n->account) {
        mw_doctor_say(d, "credentials", "identity", MW_CHECK_FAIL,
                      st == MW_ERR_NET || st == MW_ERR_TIMEOUT ? MW_EXIT_INCOMPLETE : MW_EXIT_CREDENTIALS,
                      "renew the credentials; the clock and the endpoint above may be why", "%s", err->message);
        return;
    }
    keys(d);
    if (st == MW_ERR_CREDENTIALS) {
        mw_doctor_say(d, "credentials", "identity", MW_CHECK_FAIL, MW_EXIT_CREDENTIALS,
                      "use the profile of that account, or correct --account", "%s", err->message);
        return;
    }
    mw_doctor_say(d, "credentials", "identity", MW_CHECK_OK, 0, NULL, "%s, account %s", n->arn ? n->arn : "(no ARN)",
                  n->account);
    if (st != MW_OK)
        mw_doctor_say(d, "accounts", "regions", MW_CHECK_FAIL,
                      st == MW_ERR_INVALID ? MW_EXIT_USAGE : MW_EXIT_INCOMPLETE,
                      "name regions that are enabled, or allow ec2:DescribeRegions", "%s", err->message);
    else if (!n->no_regions)
        regions(d, "regions", (const char *const *)n->regions, n->region_count, n->extras, n->extra_count);
    d->identified = st == MW_OK;
}

/* ---- every account ---- */

static void account(mw_doctor *d, const mw_target *t)
{
    char name[32];

    snprintf(name, sizeof(name), "%.12s", t->in.account);
    if (t->in.failed_code)
        mw_doctor_say(d, "accounts", name, MW_CHECK_FAIL,
                      d->targets.count == 1 ? MW_EXIT_CREDENTIALS : MW_EXIT_INCOMPLETE,
                      mw_str_eq(t->in.failed_code, "WrongAccount")
                          ? "correct the role's ARN: it is another account's"
                          : "let these credentials assume the role: its trust policy, its name, "
                            "the external id",
                      "%s: %s: %s", t->in.failed_operation, t->in.failed_code, t->in.failed_message);
    else
        regions(d, name, t->in.regions, t->in.region_count, t->extras, t->extra_count);
}

static void accounts(mw_doctor *d)
{
    mw_error err = {0};
    mw_status st = mw_targets_resolve(&d->session, &d->list, &d->targets, &err);

    if (st != MW_OK && !(d->targets.count == 1 && d->targets.items[0].in.failed_code)) {
        mw_targets_clear(&d->targets); /* asked about by halves: nothing is known of them */
        mw_doctor_say(d, "accounts", "list", MW_CHECK_FAIL, mw_cli_exit_code(st),
                      "correct 'accounts', 'organization' or --account", "%s", err.message);
    }
    for (size_t i = 0; d->list.many && i < d->targets.count; i++)
        account(d, &d->targets.items[i]);
}

void mw_doctor_credentials(mw_doctor *d)
{
    mw_error err = {0};
    mw_status st;

    if (!d->opened || mw_client_replays(d->session.client)) {
        mw_doctor_say(d, "credentials", "chain", MW_CHECK_SKIPPED, 0, NULL,
                      d->opened ? "a replay needs none" : "needs the settings");
        return;
    }
    if ((st = mw_account_list_read(&d->setup, &d->list, &err)) != MW_OK) {
        mw_doctor_say(d, "accounts", "list", MW_CHECK_FAIL, MW_EXIT_USAGE, "correct 'accounts' in the configuration",
                      "%s", err.message);
        return;
    }
    if (!chain(d))
        return;
    if (!d->reachable) {
        mw_doctor_say(d, "credentials", "identity", MW_CHECK_SKIPPED, 0, NULL, "needs the network");
        return;
    }
    d->session.any_account = d->session.no_regions = d->list.many;
    own_identity(d, mw_session_identify(&d->session, &err), &err);
    if (d->identified)
        accounts(d);
}
