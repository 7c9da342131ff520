/*
 * Templates for onboarding. The role trusts the hub's account, narrowed by aws:PrincipalArn to one
 * role of it: a principal that is named must exist when the trust is written, and would be another
 * one after it was made anew. One builder makes the documents of both languages, so that they
 * cannot differ in what they allow.
 */
#include "report/onboard.h"

#include "base/mem.h"
#include "base/str.h"
#include "report/value.h"

#include <string.h>

#define ROLE_ID    "MoonwardRole"
#define STACK_NAME "moonward-read"

/* How the partition is written: inside Fn::Sub, and in a Terraform string. */
#define SUB_PARTITION "${AWS::Partition}"
#define HCL_PARTITION "${data.aws_partition.current.partition}"

/* ---- checking ---- */

static bool only(const char *s, size_t least, size_t most, const char *more)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t n = strlen(s);

    for (size_t i = 0; i < n; i++)
        if (!strchr(letters, s[i]) && !strchr(more, s[i]))
            return false;
    return n >= least && n <= most;
}

mw_status mw_onboard_check(const mw_onboard *o, mw_onboard_part part, mw_error *err)
{
    /* CreateRole, IAM API Reference; AssumeRole, STS API Reference; Organizations API Reference. */
    if (!o->hub && part != MW_ONBOARD_HUB)
        return mw_fail(err, MW_ERR_INVALID, "--hub is missing: the account that Moonward runs in");
    if (o->hub && (strlen(o->hub) != 12 || strspn(o->hub, "0123456789") != 12))
        return mw_fail(err, MW_ERR_INVALID, "--hub: '%.40s' is not an account id of 12 digits", o->hub);
    if (!only(o->role, 1, 64, "_+=,.@-"))
        return mw_fail(err, MW_ERR_INVALID, "--role: '%.80s' is not a name of a role", o->role);
    if (!only(o->path, 1, 512, "_+=,.@-/") || o->path[0] != '/' || !mw_str_ends(o->path, "/"))
        return mw_fail(err, MW_ERR_INVALID, "--role: '%.80s' is not a path of a role", o->path);
    if (!only(o->hub_role, 1, 575, "_+=,.@-/") || o->hub_role[0] == '/')
        return mw_fail(err, MW_ERR_INVALID, "--hub-role: '%.80s' is not a name of a role", o->hub_role);
    if (o->external_id && !only(o->external_id, 2, 1224, "_+=,.@:/-"))
        return mw_fail(err, MW_ERR_INVALID, "--external-id: '%.80s' is not 2 to 1224 letters, digits or +=,.@:/-_",
                       o->external_id);
    if (o->org_id && (!mw_str_starts(o->org_id, "o-") || !only(o->org_id, 12, 34, "-")))
        return mw_fail(err, MW_ERR_INVALID, "--org-id: '%.40s' is not an id of an organization, such as o-a1b2c3d4e5",
                       o->org_id);
    for (size_t i = 0; i < o->ou_count; i++)
        if ((!mw_str_starts(o->ous[i], "ou-") && !mw_str_starts(o->ous[i], "r-")) || !only(o->ous[i], 6, 68, "-"))
            return mw_fail(err, MW_ERR_INVALID,
                           "--ous: '%.80s' is not an id of a unit or a root, such as ou-ab12-cdef3456", o->ous[i]);
    if (part == MW_ONBOARD_ORGANIZATION && o->ou_count == 0)
        return mw_fail(err, MW_ERR_INVALID, "--ous is missing: the units or roots whose accounts get the role");
    return MW_OK;
}

/* ---- documents of both languages ---- */

/* A text with the partition in it: Fn::Sub in CloudFormation, interpolated in HCL. */
static void add_arn(mw_doc_builder *b, bool hcl, const char *format, const char *a, const char *path, const char *name)
{
    MW_AUTO(mw_buf) text = {.max = 4096};

    mw_buf_printf(&text, "arn:%s:iam::%s%s%s%s", hcl ? HCL_PARTITION : SUB_PARTITION, a, format, path, name);
    if (hcl) {
        mw_doc_add_cstr(b, text.data ? text.data : "");
        return;
    }
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Fn::Sub", text.data ? text.data : "");
    mw_doc_end_object(b);
}

static void push_trust(mw_doc_builder *b, const mw_onboard *o, bool hcl)
{
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Version", "2012-10-17");
    mw_doc_ckey(b, "Statement");
    mw_doc_begin_array(b);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Effect", "Allow");
    mw_doc_member_str(b, "Action", "sts:AssumeRole");
    mw_doc_ckey(b, "Principal");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "AWS");
    add_arn(b, hcl, ":root", o->hub, "", "");
    mw_doc_end_object(b);
    mw_doc_ckey(b, "Condition");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "ArnEquals");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "aws:PrincipalArn");
    add_arn(b, hcl, ":role/", o->hub, "", o->hub_role);
    mw_doc_end_object(b);
    if (o->external_id || o->org_id) {
        mw_doc_ckey(b, "StringEquals");
        mw_doc_begin_object(b);
        if (o->org_id)
            mw_doc_member_str(b, "aws:PrincipalOrgID", o->org_id);
        if (o->external_id)
            mw_doc_member_str(b, "sts:ExternalId", o->external_id);
        mw_doc_end_object(b);
    }
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_end_array(b);
    mw_doc_end_object(b);
}

static void push_hub_policy(mw_doc_builder *b, const mw_onboard *o, bool hcl)
{
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Version", "2012-10-17");
    mw_doc_ckey(b, "Statement");
    mw_doc_begin_array(b);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Sid", "AssumeReaders");
    mw_doc_member_str(b, "Effect", "Allow");
    mw_doc_member_str(b, "Action", "sts:AssumeRole");
    mw_doc_ckey(b, "Resource");
    add_arn(b, hcl, ":role", "*", o->path, o->role);
    mw_doc_end_object(b);
    if (o->listing.count) {
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "Sid", "ListOrganization");
        mw_doc_member_str(b, "Effect", "Allow");
        mw_doc_ckey(b, "Action");
        mw_doc_begin_array(b);
        for (size_t i = 0; i < o->listing.count; i++)
            mw_doc_add_cstr(b, o->listing.items[i]);
        mw_doc_end_array(b);
        mw_doc_member_str(b, "Resource", "*");
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    mw_doc_end_object(b);
}

/* ---- CloudFormation ---- */

static void add_ref(mw_doc_builder *b, const char *key, const char *name)
{
    mw_doc_ckey(b, key);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Ref", name);
    mw_doc_end_object(b);
}

static void add_role(mw_doc_builder *b, const mw_onboard *o, const char *condition)
{
    mw_doc_ckey(b, ROLE_ID);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Type", "AWS::IAM::Role");
    if (condition)
        mw_doc_member_str(b, "Condition", condition);
    mw_doc_ckey(b, "Properties");
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "RoleName", o->role);
    mw_doc_member_str(b, "Path", o->path);
    mw_doc_member_str(b, "Description", "Lets Moonward read what its rules need");
    mw_doc_ckey(b, "AssumeRolePolicyDocument");
    push_trust(b, o, false);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_iam_policy_resources(b, o->actions, ROLE_ID, condition);
}

static void begin_template(mw_doc_builder *b, const char *description)
{
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "AWSTemplateFormatVersion", "2010-09-09");
    mw_doc_member_str(b, "Description", description);
}

static void push_account(mw_doc_builder *b, const mw_onboard *o)
{
    begin_template(b, "A role by which Moonward reads this account, and nothing else");
    mw_doc_ckey(b, "Resources");
    mw_doc_begin_object(b);
    add_role(b, o, NULL);
    mw_doc_end_object(b);
    mw_doc_ckey(b, "Outputs");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "RoleArn");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "Value");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "Fn::GetAtt");
    mw_doc_begin_array(b);
    mw_doc_add_cstr(b, ROLE_ID);
    mw_doc_add_cstr(b, "Arn");
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
}

static void add_choice(mw_doc_builder *b, const char *name, const char *description, const char *first,
                       const char *second)
{
    mw_doc_ckey(b, name);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Type", "String");
    mw_doc_member_str(b, "Description", description);
    mw_doc_member_str(b, "Default", first);
    mw_doc_ckey(b, "AllowedValues");
    mw_doc_begin_array(b);
    mw_doc_add_cstr(b, first);
    mw_doc_add_cstr(b, second);
    mw_doc_end_array(b);
    mw_doc_end_object(b);
}

/* The account's template, as one text. */
static mw_status account_text(const mw_onboard *o, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    push_account(b, o);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK)
        st = mw_json_write(out, mw_doc_view(b), mw_doc_pop(b), MW_JSON_COMPACT);
    mw_doc_builder_free(b);
    return st == MW_OK ? mw_buf_status(out, err) : st;
}

static void add_stack_set(mw_doc_builder *b, const mw_onboard *o, const char *body)
{
    mw_doc_ckey(b, "MoonwardStackSet");
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Type", "AWS::CloudFormation::StackSet");
    mw_doc_ckey(b, "Properties");
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "StackSetName", STACK_NAME);
    mw_doc_member_str(b, "Description", "The role by which Moonward reads, in every account of these units");
    mw_doc_member_str(b, "PermissionModel", "SERVICE_MANAGED");
    add_ref(b, "CallAs", "CallAs");
    mw_doc_ckey(b, "AutoDeployment"); /* accounts that join get the role, those that leave lose it */
    mw_doc_begin_object(b);
    mw_doc_member_bool(b, "Enabled", true);
    mw_doc_member_bool(b, "RetainStacksOnAccountRemoval", false);
    mw_doc_end_object(b);
    mw_doc_ckey(b, "Capabilities");
    mw_doc_begin_array(b);
    mw_doc_add_cstr(b, "CAPABILITY_NAMED_IAM");
    mw_doc_end_array(b);
    mw_doc_ckey(b, "OperationPreferences"); /* one account that refuses does not keep the others without */
    mw_doc_begin_object(b);
    mw_doc_member_int(b, "FailureTolerancePercentage", 100);
    mw_doc_member_int(b, "MaxConcurrentPercentage", 100);
    mw_doc_end_object(b);
    mw_doc_ckey(b, "StackInstancesGroup");
    mw_doc_begin_array(b);
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "DeploymentTargets");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "OrganizationalUnitIds");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < o->ou_count; i++)
        mw_doc_add_cstr(b, o->ous[i]);
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    mw_doc_ckey(b, "Regions"); /* IAM is global: one region is enough */
    mw_doc_begin_array(b);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Ref", "AWS::Region");
    mw_doc_end_object(b);
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    mw_doc_end_array(b);
    mw_doc_member_str(b, "TemplateBody", body);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
}

static mw_status push_organization(mw_doc_builder *b, const mw_onboard *o, mw_error *err)
{
    MW_AUTO(mw_buf) body = {.max = 1 << 20};
    mw_status st = account_text(o, &body, err);

    if (st != MW_OK)
        return st;
    begin_template(b, "The role by which Moonward reads, for the accounts of an organization and for this one");
    mw_doc_ckey(b, "Parameters");
    mw_doc_begin_object(b);
    add_choice(b, "RoleHere", "Also make the role in this account: the management account is reached by no StackSet",
               "true", "false");
    add_choice(b, "CallAs", "DELEGATED_ADMIN where this is not the management account", "SELF", "DELEGATED_ADMIN");
    mw_doc_end_object(b);
    mw_doc_ckey(b, "Conditions");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "RoleIsHere");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "Fn::Equals");
    mw_doc_begin_array(b);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Ref", "RoleHere");
    mw_doc_end_object(b);
    mw_doc_add_cstr(b, "true");
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_ckey(b, "Resources");
    mw_doc_begin_object(b);
    add_stack_set(b, o, body.data);
    add_role(b, o, "RoleIsHere");
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    return MW_OK;
}

static void push_hub(mw_doc_builder *b, const mw_onboard *o)
{
    begin_template(b, "The policy of the role that starts Moonward: attach it there");
    mw_doc_ckey(b, "Resources");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "MoonwardHubPolicy");
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Type", "AWS::IAM::ManagedPolicy");
    mw_doc_ckey(b, "Properties");
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Description", "Lets Moonward assume its roles and list the organization");
    mw_doc_ckey(b, "PolicyDocument");
    push_hub_policy(b, o, false);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_ckey(b, "Outputs");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "PolicyArn");
    mw_doc_begin_object(b);
    add_ref(b, "Value", "MoonwardHubPolicy");
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
}

mw_status mw_onboard_cloudformation(const mw_onboard *o, mw_onboard_part part, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    if (part == MW_ONBOARD_ORGANIZATION)
        st = push_organization(b, o, err);
    else if (part == MW_ONBOARD_HUB)
        push_hub(b, o);
    else
        push_account(b, o);
    if (st == MW_OK && (st = mw_doc_builder_status(b, err)) == MW_OK)
        st = mw_value_write(out, mw_doc_view(b), mw_doc_pop(b), MW_VALUE_YAML, NULL, err);
    mw_doc_builder_free(b);
    return st;
}

/* ---- Terraform ---- */

static mw_status add_json(mw_buf *out, void (*push)(mw_doc_builder *b, const mw_onboard *o, bool hcl),
                          const mw_onboard *o, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    push(b, o, true);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK)
        st = mw_iam_policy_hcl(out, mw_doc_view(b), mw_doc_pop(b), err);
    mw_doc_builder_free(b);
    return st;
}

static mw_status terraform_role(const mw_onboard *o, mw_buf *out, mw_error *err)
{
    mw_status st;

    mw_buf_printf(out,
                  "resource \"aws_iam_role\" \"moonward\" {\n  name        = \"%s\"\n  path        = \"%s\"\n"
                  "  description = \"Lets Moonward read what its rules need\"\n  assume_role_policy = "
                  "jsonencode(",
                  o->role, o->path);
    if ((st = add_json(out, push_trust, o, err)) != MW_OK)
        return st;
    mw_buf_puts(out, ")\n}\n\n");
    if ((st = mw_iam_policy_terraform(o->actions, "aws_iam_role.moonward", out, err)) != MW_OK)
        return st;
    mw_buf_puts(out, "\noutput \"role_arn\" {\n  value = aws_iam_role.moonward.arn\n}\n");
    return MW_OK;
}

/* A heredoc takes the template as it is, but for what HCL would interpolate. */
static mw_status terraform_stack_set(const mw_onboard *o, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_buf) body = {.max = 1 << 20};
    mw_status st = account_text(o, &body, err);

    if (st != MW_OK)
        return st;
    mw_buf_puts(out, "\nresource \"aws_cloudformation_stack_set\" \"moonward\" {\n  name             = "
                     "\"" STACK_NAME "\"\n"
                     "  description      = \"The role by which Moonward reads, in every account of these "
                     "units\"\n"
                     "  permission_model = \"SERVICE_MANAGED\"\n  capabilities     = "
                     "[\"CAPABILITY_NAMED_IAM\"]\n\n"
                     "  auto_deployment {\n    enabled                          = true\n"
                     "    retain_stacks_on_account_removal = false\n  }\n\n"
                     "  operation_preferences {\n    failure_tolerance_percentage = 100\n"
                     "    max_concurrent_percentage    = 100\n  }\n\n  template_body = <<-TEMPLATE\n    ");
    for (const char *p = body.data; *p; p++) {
        if (p[0] == '$' && p[1] == '{')
            mw_buf_putc(out, '$');
        mw_buf_putc(out, *p);
    }
    mw_buf_puts(out, "\n  TEMPLATE\n\n  lifecycle {\n    ignore_changes = [administration_role_arn]\n  }\n}\n\n"
                     "resource \"aws_cloudformation_stack_set_instance\" \"moonward\" {\n"
                     "  stack_set_name = aws_cloudformation_stack_set.moonward.name\n\n"
                     "  deployment_targets {\n    organizational_unit_ids = [");
    for (size_t i = 0; i < o->ou_count; i++)
        mw_buf_printf(out, "%s\"%s\"", i ? ", " : "", o->ous[i]);
    mw_buf_puts(out, "]\n  }\n}\n");
    return mw_buf_status(out, err);
}

static mw_status terraform_hub(const mw_onboard *o, mw_buf *out, mw_error *err)
{
    mw_status st;

    mw_buf_puts(out, "resource \"aws_iam_policy\" \"moonward_hub\" {\n  name        = \"MoonwardHub\"\n"
                     "  description = \"Lets Moonward assume its roles and list the organization\"\n  "
                     "policy = jsonencode(");
    if ((st = add_json(out, push_hub_policy, o, err)) != MW_OK)
        return st;
    mw_buf_puts(out, ")\n}\n\noutput \"policy_arn\" {\n  value = aws_iam_policy.moonward_hub.arn\n}\n");
    return MW_OK;
}

mw_status mw_onboard_terraform(const mw_onboard *o, mw_onboard_part part, mw_buf *out, mw_error *err)
{
    mw_status st;

    mw_buf_puts(out, "data \"aws_partition\" \"current\" {}\n\n");
    st = part == MW_ONBOARD_HUB ? terraform_hub(o, out, err) : terraform_role(o, out, err);
    if (st == MW_OK && part == MW_ONBOARD_ORGANIZATION)
        st = terraform_stack_set(o, out, err);
    return st == MW_OK ? mw_buf_status(out, err) : st;
}
