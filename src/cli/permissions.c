/*
 * `moonward permissions`: the IAM policy that the chosen rules take, exactly, and what each action
 * of it is for. It is made from the collection plan, which is also what the client lets through:
 * what is printed, what is asked for and what is allowed to leave are one list.
 */
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/permissions_diff.h"
#include "cli/permit.h"
#include "cli/setup.h"

#include "base/log.h"
#include "base/str.h"
#include "report/term.h"

#include <string.h>

/* ---- what each action is for ---- */

static void add_words(mw_doc_builder *b, const char *key, const mw_words *w)
{
    mw_doc_ckey(b, key);
    mw_doc_begin_array(b);
    for (size_t i = 0; i < w->count; i++)
        mw_doc_add_cstr(b, w->items[i]);
    mw_doc_end_array(b);
}

static mw_status explain_json(const mw_permissions *p, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_array(b);
    for (size_t i = 0; i < p->count; i++) {
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "action", p->items[i].action);
        add_words(b, "operations", &p->items[i].operations);
        add_words(b, "for", &p->items[i].parts);
        add_words(b, "rules", &p->items[i].rules);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    st = mw_cli_json(b, out, err);
    mw_doc_builder_free(b);
    return st;
}

static void words_line(mw_buf *out, const char *name, const mw_words *w)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 22};

    for (size_t i = 0; i < w->count; i++)
        mw_buf_printf(&text, "%s%s", i ? ", " : "", w->items[i]);
    mw_buf_printf(out, "  %-12s", name);
    mw_term_wrap(out, text.data ? text.data : "", 14, 14, 100);
    mw_term_inherit(out, &text);
    mw_buf_putc(out, '\n');
}

static mw_status explain_text(const mw_permissions *p, mw_buf *out, mw_error *err)
{
    for (size_t i = 0; i < p->count; i++) {
        const mw_permission *one = &p->items[i];
        mw_buf_printf(out, "%s%s\n", i ? "\n" : "", one->action);
        words_line(out, "operations", &one->operations);
        words_line(out, "for", &one->parts);
        if (one->rules.count)
            words_line(out, "rules", &one->rules);
    }
    return mw_buf_status(out, err);
}

/* ---- the policy ---- */

static void warn_of_size(mw_iam_actions a)
{
    size_t size = mw_iam_policy_size(a);

    if (size <= MW_IAM_MANAGED_MAX)
        return;
    mw_log_warn("the policy has %zu characters, a managed policy %zu at most: --split makes %zu of it", size,
                MW_IAM_MANAGED_MAX, mw_iam_policies(a));
}

static mw_status write_policy(const mw_args *args, mw_iam_actions a, mw_buf *out, mw_error *err)
{
    const char *format = mw_args_get(args, "format");

    if (mw_str_eq(format, "cloudformation"))
        return mw_iam_policy_cloudformation(a, out, err);
    if (mw_str_eq(format, "terraform"))
        return mw_iam_policy_terraform(a, NULL, out, err);
    if (!mw_args_flag(args, "split"))
        warn_of_size(a);
    return mw_iam_policy_json(a, mw_args_flag(args, "split"), out, err);
}

static mw_status render(mw_setup *s, const mw_permissions *p, mw_buf *out, mw_error *err)
{
    const mw_args *args = s->cli->args;
    mw_iam_actions actions;
    mw_status st;

    if (mw_args_flag(args, "explain"))
        return mw_str_eq(mw_args_get(args, "output"), "json") ? explain_json(p, out, err) : explain_text(p, out, err);
    st = mw_permit_actions(p, &s->arena, &actions, err);
    return st == MW_OK ? write_policy(args, actions, out, err) : st;
}

/* ---- the command ---- */

static int run(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_model_pack) pack = {0};
    MW_AUTO(mw_permissions) p = {0};
    MW_AUTO(mw_buf) out = {0};
    const char *target = mw_args_get(cli->args, "diff");
    mw_error err = {0};

    if (mw_setup_config(&s, cli, &err) != MW_OK || mw_setup_rules(&s, &err) != MW_OK ||
        mw_setup_choose_rules(&s, &err) != MW_OK || mw_model_pack_open(cli->args, &pack, &err) != MW_OK ||
        mw_permit_rules(&s, pack.models, &p, &err) != MW_OK)
        return mw_cli_fail(&err);
    if (target)
        return mw_permissions_diff(&s, &p, target);
    return render(&s, &p, &out, &err) == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

static const mw_option options[] = {
    {.name = "format",
     .value = "FORMAT",
     .choices = "json|cloudformation|terraform",
     .help = "Of the policy (default: json)"},
    {.name = "split", .help = "A list of policies that each fit a managed policy (6,144 characters), in JSON"},
    {.name = "explain", .help = "Instead of the policy, what each action is for: operations, types and facets, rules"},
    {.name = "diff",
     .value = "ROLE|FILE",
     .help = "Compare with a role of the account, or with a file of policies: what is missing and "
             "what is more than "
             "needed; exits 1 when an action is missing"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format of --explain and --diff (default: text)"},
};

const mw_command mw_command_permissions = {
    .name = "permissions",
    .arguments = "[RULES…]",
    .summary = "The exact IAM policy of the rules: no action more, none less",
    .description = "RULES are rule ids or globs over them, --select chooses by an expression; "
                   "without either it is the policy of "
                   "what a sweep evaluates. The policy is what the role needs that reads an "
                   "account; sts:AssumeRole and what "
                   "lists an organization belong to whoever starts Moonward (`moonward onboard` "
                   "writes both). All actions only "
                   "read. AWS is called for --diff with a role only.\n\n"
                   "CloudFormation and Terraform text has as many managed policies as it takes.\n\n"
                   "--diff reads a role (or a user, by ARN) with its inline and attached policies "
                   "and its permissions "
                   "boundary. An action that is "
                   "allowed or denied under conditions, or for some resources, is conditional; "
                   "what service control policies "
                   "take away is not seen.\n\n"
                   "Exit status: 0; 1 an action is missing (--diff); 2 the role could not be read; "
                   "3 usage, configuration or rule error; 4 no usable credentials.",
    .examples = "moonward permissions > policy.json\n"
                "moonward permissions 's3-*' --format cloudformation\n"
                "moonward permissions --explain\n"
                "moonward permissions --diff MoonwardRead\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
