/*
 * `moonward onboard`: text that makes accounts readable, with the policy of the chosen rules in it.
 * Prints; deploys nothing, calls nobody.
 */
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/organization.h"
#include "cli/permit.h"

#include "base/log.h"
#include "base/str.h"
#include "report/onboard.h"

#include <string.h>

#define ROLE_DEFAULT     "MoonwardRead"
#define HUB_ROLE_DEFAULT "MoonwardHub"

/* `Name`, `/path/Name`, or an ARN as `role` of the configuration may have it. */
static mw_status take_role(mw_setup *s, mw_onboard *o, mw_error *err)
{
    const char *role = mw_setup_str(s, "role"), *in_arn, *slash;

    o->role = ROLE_DEFAULT;
    o->path = "/";
    if (!role)
        return MW_OK;
    if ((in_arn = strstr(role, ":role/")) != NULL)
        role = in_arn + strlen(":role");
    slash = strrchr(role, '/');
    o->role = slash ? slash + 1 : role;
    if (slash && slash > role)
        o->path = mw_arena_printf(&s->arena, "%s%.*s", role[0] == '/' ? "" : "/", (int)(slash - role) + 1, role);
    return o->path ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory");
}

static mw_onboard_part part_of(const mw_args *args)
{
    const char *part = mw_args_get(args, "part");

    if (!part)
        return mw_args_count(args, "ous") ? MW_ONBOARD_ORGANIZATION : MW_ONBOARD_ACCOUNT;
    return mw_str_eq(part, "hub")            ? MW_ONBOARD_HUB
           : mw_str_eq(part, "organization") ? MW_ONBOARD_ORGANIZATION
                                             : MW_ONBOARD_ACCOUNT;
}

static mw_status take_options(mw_setup *s, mw_onboard *o, mw_error *err)
{
    const mw_args *args = s->cli->args;
    size_t count = mw_args_count(args, "ous");
    const char **ous = mw_arena_alloc(&s->arena, (count + 1) * sizeof(*ous));

    if (!ous)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        ous[i] = mw_args_value(args, "ous", i);
    o->ous = ous;
    o->ou_count = count;
    o->hub = mw_args_get(args, "hub");
    o->hub_role = mw_args_get(args, "hub-role") ? mw_args_get(args, "hub-role") : HUB_ROLE_DEFAULT;
    o->hub_role += o->hub_role[0] == '/';
    o->org_id = mw_args_get(args, "org-id");
    o->external_id = mw_setup_str(s, "external-id");
    return take_role(s, o, err);
}

static void warn(const mw_onboard *o, mw_onboard_part part)
{
    size_t policies = part == MW_ONBOARD_HUB ? 0 : mw_iam_policies(o->actions);

    if (policies > MW_IAM_ATTACHED_MAX)
        mw_log_warn("the rules take %zu managed policies; a role has %zu at most unless the quota "
                    "is raised",
                    policies, MW_IAM_ATTACHED_MAX);
}

typedef mw_status writer(const mw_onboard *o, mw_onboard_part part, mw_buf *out, mw_error *err);

static mw_status render(mw_setup *s, writer *write, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_model_pack) pack = {0};
    MW_AUTO(mw_permissions) p = {0};
    const mw_args *args = s->cli->args;
    const mw_onboard_part part = part_of(args);
    const char *listing[MW_ORGANIZATION_OPERATIONS_MAX];
    mw_onboard o = {0};
    mw_status st;

    if ((st = take_options(s, &o, err)) != MW_OK || (st = mw_onboard_check(&o, part, err)) != MW_OK ||
        (st = mw_model_pack_open(args, &pack, err)) != MW_OK ||
        (st = mw_permit_rules(s, pack.models, &p, err)) != MW_OK ||
        (st = mw_permit_actions(&p, &s->arena, &o.actions, err)) != MW_OK)
        return st;
    o.listing = (mw_iam_actions){listing, mw_organization_operations(s, listing)}; /* their actions have their names */
    warn(&o, part);
    return write(&o, part, out, err);
}

static int print(mw_cli *cli, writer *write)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};

    if (mw_setup_config(&s, cli, &err) != MW_OK || mw_setup_rules(&s, &err) != MW_OK ||
        mw_setup_choose_rules(&s, &err) != MW_OK || render(&s, write, &out, &err) != MW_OK)
        return mw_cli_fail(&err);
    return mw_cli_print(out.data, out.len, MW_EXIT_OK);
}

static int run_cloudformation(mw_cli *cli)
{
    return print(cli, mw_onboard_cloudformation);
}

static int run_terraform(mw_cli *cli)
{
    return print(cli, mw_onboard_terraform);
}

static const mw_option options[] = {
    {.name = "part",
     .value = "PART",
     .choices = "account|organization|hub",
     .help = "The role of one account; the StackSet of it (default with --ous), with the role for "
             "the account where it "
             "is deployed; or the policy of whoever starts Moonward (default: account)"},
    {.name = "hub", .value = "ACCOUNT", .help = "Account that Moonward runs in: the only one that the role trusts"},
    {.name = "hub-role",
     .value = "NAME",
     .help = "Role there that may assume it, path included (default: " HUB_ROLE_DEFAULT ")"},
    {.name = "external-id", .value = "ID", .help = "External id that the role asks for (default: the configuration's)"},
    {.name = "org-id", .value = "ID", .help = "Organization that the caller must belong to, such as o-a1b2c3d4e5"},
    {.name = "role",
     .value = "NAME",
     .help = "Role to make, path included (default: the configuration's, else " ROLE_DEFAULT ")"},
    {.name = "ous",
     .value = "ID",
     .repeatable = true,
     .help = "Unit or root whose accounts get the role, those that join later included"},
};

const mw_command mw_command_onboard_cloudformation = {
    .name = "onboard cloudformation",
    .arguments = "[RULES…]",
    .summary = "CloudFormation text that makes accounts readable: role, trust, StackSet",
    .description = "Prints a template with a role that has the exact policy of the rules (as "
                   "`moonward permissions`), and trusts "
                   "one role of the hub account, under the external id and in the organization "
                   "that are named. Nothing is "
                   "deployed and AWS is not called.\n\n"
                   "With --ous it is a template for the management account (or a delegated "
                   "administrator): a service-managed "
                   "StackSet that brings the role to the accounts of these units and to those that "
                   "join, and the role for this "
                   "account itself, which no StackSet reaches.",
    .examples = "moonward onboard cloudformation --hub 111122223333 --external-id 0b0a6a1e > role.yaml\n"
                "moonward onboard cloudformation --hub 111122223333 --org-id o-a1b2c3d4e5 --ous r-ab12\n"
                "moonward onboard cloudformation --part hub\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run_cloudformation,
};

const mw_command mw_command_onboard_terraform = {
    .name = "onboard terraform",
    .arguments = "[RULES…]",
    .summary = "The same as Terraform text",
    .description = "As `moonward onboard cloudformation`, for Terraform's AWS provider.",
    .examples = "moonward onboard terraform --hub 111122223333 --org-id o-a1b2c3d4e5 > moonward.tf\n"
                "moonward onboard terraform --hub 111122223333 --ous ou-ab12-11111111\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run_terraform,
};
