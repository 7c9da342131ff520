/* `moonward findings list|show`: findings of a stored run, chosen by what they are. */
#include "cli/commands.h"
#include "cli/setup.h"
#include "cli/stored.h"

#include "base/str.h"
#include "report/term.h"
#include "report/value.h"

#include <string.h>

#define SEVERITIES "critical|high|medium|low|info"

/* ---- list ---- */

static const char *text_or_none(const char *text)
{
    return text ? text : "";
}

static bool wanted(void *user, const mw_finding *f)
{
    const mw_setup *s = user;
    const mw_args *args = s->cli->args;
    bool default_status = mw_args_count(args, "status") == 0 && !mw_args_flag(args, "all");

    if (default_status && f->status == MW_VERDICT_PASS)
        return false;
    if (default_status && f->status == MW_VERDICT_NOT_APPLICABLE)
        return false;
    return mw_args_chosen(args, "rule", f->rule) && mw_args_chosen(args, "status", mw_verdict_name(f->status)) &&
           mw_args_chosen(args, "severity", f->severity) && mw_setup_type_chosen(s, f->type) &&
           mw_args_chosen(args, "change", text_or_none(f->change)) && mw_args_chosen(args, "account", f->account) &&
           mw_args_chosen(args, "region", text_or_none(f->region)) &&
           (mw_args_chosen(args, "resource", f->id) || mw_args_chosen(args, "resource", text_or_none(f->name)) ||
            mw_args_chosen(args, "resource", text_or_none(f->arn)));
}

static int run_list(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_stored) stored = {0};
    MW_AUTO(mw_buf) out = {.max = (size_t)2 << 30};
    const char *output = mw_args_get(cli->args, "output");
    const mw_stored_choice choice = {.wanted = wanted, .user = &s, .coverage = mw_str_eq(output, "json")};
    mw_text_options text;
    mw_error err = {0};
    mw_status st;

    if (mw_setup_config(&s, cli, &err) != MW_OK || mw_setup_types(&s, &err) != MW_OK ||
        mw_stored_load(&s, mw_args_get(cli->args, "run"), &choice, &stored, &err) != MW_OK)
        return mw_cli_fail(&err);
    text = mw_setup_text(&s);
    if (mw_str_eq(output, "json"))
        st = mw_report_json(&stored.report, &out, &err);
    else if (mw_str_eq(output, "jsonl"))
        st = mw_report_jsonl(&stored.report, &out, &err);
    else
        st = mw_report_table(stored.findings.items, stored.findings.count, &text, &out, &err);
    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

static const mw_option list_options[] = {
    {.name = "run", .value = "RUN", .help = "Run to look at (default: the newest)"},
    {.name = "rule", .value = "GLOB", .repeatable = true, .help = "Rules"},
    {.name = "status",
     .value = "STATUS",
     .repeatable = true,
     .choices = "pass|fail|not_applicable|unknown|error",
     .help = "Status (default: fail, unknown and error)"},
    {.name = "severity", .value = "SEVERITY", .repeatable = true, .choices = SEVERITIES, .help = "Severity"},
    {.name = "change",
     .value = "CHANGE",
     .repeatable = true,
     .choices = "new|open|fixed|regressed",
     .help = "Change against the run before"},
    {.name = "type", .value = "TYPE", .repeatable = true, .help = "Resource types: names, globs over them, or aliases"},
    {.name = "resource", .value = "GLOB", .repeatable = true, .help = "Ids, names or ARNs"},
    {.name = "all", .help = "What passes and what does not apply, too"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json|jsonl",
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
};

const mw_command mw_command_findings_list = {
    .name = "findings list",
    .summary = "List findings of a stored run",
    .description = "Options of different names must all match, of one name any.",
    .examples = "moonward findings list --severity critical --severity high\n"
                "moonward findings list --rule 's3-*' --change new --output jsonl\n",
    .options = list_options,
    .option_count = MW_COUNT(list_options),
    .run = run_list,
};

/* ---- show ---- */

static void line(mw_buf *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    mw_buf_printf(out, "%-12s ", name);
    mw_term_text(out, value);
    mw_buf_putc(out, '\n');
}

static mw_status describe(const mw_finding *f, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    line(out, "rule", f->rule);
    line(out, "status", mw_verdict_name(f->status));
    line(out, "severity", f->severity);
    line(out, "message", f->message);
    line(out, "resource", f->id);
    line(out, "name", f->name);
    line(out, "type", f->type);
    line(out, "arn", f->arn);
    line(out, "account", f->account);
    line(out, "region", f->region);
    line(out, "subkey", f->subkey);
    line(out, "change", f->change);
    line(out, "first seen", f->first_seen);
    line(out, "last seen", f->last_seen);
    line(out, "fingerprint", f->fingerprint);
    if (st == MW_OK && f->evidence &&
        (st = mw_json_read(b, f->evidence, strlen(f->evidence), NULL, NULL, err)) == MW_OK) {
        mw_val list = mw_doc_pop(b);
        const mw_doc *d = mw_doc_view(b);
        if (mw_val_len(d, list))
            mw_buf_puts(out, "evidence\n");
        for (size_t i = 0; i < mw_val_len(d, list); i++) {
            mw_val one = mw_val_at(d, list, i);
            MW_AUTO(mw_buf) value = {0};
            mw_json_write(&value, d, mw_val_get(d, one, "value"), MW_JSON_COMPACT);
            mw_buf_puts(out, "  ");
            mw_term_text(out, mw_val_get_str(d, one, "path", "?"));
            mw_buf_puts(out, " = ");
            mw_term_inherit(out, &value);
            mw_term_text(out, value.data);
            mw_buf_putc(out, '\n');
        }
    }
    mw_doc_builder_free(b);
    return st == MW_OK ? mw_buf_status(out, err) : st;
}

static int run_show(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_stored) stored = {0};
    MW_AUTO(mw_buf) out = {0};
    const char *prefix = mw_args_positional(cli->args, 0);
    const mw_finding *found = NULL;
    mw_error err = {0};
    mw_status st;

    if (mw_setup_config(&s, cli, &err) != MW_OK ||
        mw_stored_load_one(&s, mw_args_get(cli->args, "run"), prefix, &stored, &found, &err) != MW_OK)
        return mw_cli_fail(&err);
    if (mw_str_eq(mw_args_get(cli->args, "output"), "json")) {
        if ((st = mw_finding_json(found, &out)) == MW_OK)
            st = mw_value_neutral(&out, 0);
        mw_buf_putc(&out, '\n');
    } else {
        st = describe(found, &out, &err);
    }
    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

static const mw_option show_options[] = {
    {.name = "run", .value = "RUN", .help = "Run to look at (default: the newest)"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
};

const mw_command mw_command_findings_show = {
    .name = "findings show",
    .arguments = "FINGERPRINT",
    .summary = "Show one finding with its evidence",
    .description = "FINGERPRINT may be shortened as long as it names one finding.",
    .options = show_options,
    .option_count = MW_COUNT(show_options),
    .min_args = 1,
    .max_args = 1,
    .run = run_show,
};
