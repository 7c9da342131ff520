/*
 * The tables: every command in the order that --help shows them, and the options that all of them take.
 * Data only; an option is listed here when more than one command understands it.
 */
#include "cli/commands.h"

#include "base/mem.h"

static const mw_option global_options[] = {
    {.name = "config", .value = "FILE", .env = "MOONWARD_CONFIG",
     .help = "Configuration file (default: ./moonward.yaml when it exists)"},
    {.name = "store", .value = "FILE", .env = "MOONWARD_STORE",
     .help = "Database of snapshots, runs and findings: a file (default: "
             "$XDG_STATE_HOME/moonward/moonward.db), or postgresql://user@host/database"},
    {.name = "rules", .value = "PATH", .repeatable = true, .env = "MOONWARD_RULES",
     .env_separator = ':', .help = "File or folder with rules, instead of the built-in ones; 'builtin' stands for those"},
    {.name = "select", .value = "EXPR", .repeatable = true, .env = "MOONWARD_SELECT",
     .help = "Rules that fit it, such as 'severity>=high and framework:cis and not id:s3-*'; all of several must hold"},
    {.name = "types", .value = "DIR", .repeatable = true, .env = "MOONWARD_TYPES",
     .env_separator = ':', .help = "Folder with further resource types (*.yaml)"},
    {.name = "models", .value = "FILE", .env = "MOONWARD_MODELS",
     .help = "AWS service models (`moonward models compile`), instead of the built-in ones"},
    {.name = "profile", .value = "NAME",
     .help = "Profile of the AWS configuration files (default: AWS_PROFILE)"},
    {.name = "region", .value = "REGION", .repeatable = true, .env = "MOONWARD_REGION",
     .env_separator = ',',
     .help = "Region, or a glob over the enabled regions such as 'eu-*'"},
    {.name = "account", .value = "ID", .repeatable = true, .env = "MOONWARD_ACCOUNT",
     .env_separator = ',', .help = "Account that the credentials must belong to"},
    {.name = "endpoint-url", .value = "URL", .help = "Send every AWS call there"},
    {.name = "output", .value = "FORMAT", .env = "MOONWARD_OUTPUT",
     .help = "Format of what is printed on stdout; each command names its own"},
    {.name = "jobs", .value = "N", .env = "MOONWARD_JOBS",
     .help = "AWS requests in flight at most (default: 32)"},
    {.name = "record", .value = "DIR", .help = "Keep every AWS exchange there, without secrets"},
    {.name = "replay", .value = "DIR",
     .help = "Answer from a recording: no network, no credentials"},
    {.name = "no-color", .help = "No colours, as NO_COLOR=1"},
    {.name = "progress", .value = "MODE", .choices = "auto|plain|json|off",
     .env = "MOONWARD_PROGRESS",
     .help = "Progress on stderr (default: auto; a line on a terminal, else a heartbeat every 30 s)"},
    {.name = "log-format", .value = "FORMAT", .choices = "text|json", .env = "MOONWARD_LOG_FORMAT",
     .help = "Format of log lines on stderr (default: text)"},
    {.name = "log-level", .value = "LEVEL", .choices = "error|warn|info|debug",
     .env = "MOONWARD_LOG_LEVEL", .help = "What is logged (default: warn)"},
    {.name = "quiet", .letter = 'q', .help = "Log errors only, show no progress"},
    {.name = "verbose", .letter = 'v', .help = "Log what is done (--log-level info)"},
    {.name = "debug", .help = "Log everything (--log-level debug)"},
    {.name = "help", .letter = 'h', .help = "Show this help"},
    {.name = "version", .letter = 'V', .help = "Show the version"},
};

static const mw_command *const commands[] = {
    &mw_command_sweep,         &mw_command_collect,       &mw_command_evaluate,
    &mw_command_snapshot_list, &mw_command_snapshot_show, &mw_command_snapshot_diff,
    &mw_command_snapshot_log,  &mw_command_snapshot_prune, &mw_command_snapshot_check,
    &mw_command_snapshot_export, &mw_command_snapshot_import,
    &mw_command_log,           &mw_command_query,         &mw_command_findings_list,
    &mw_command_findings_show, &mw_command_findings_explain, &mw_command_report,
    &mw_command_explain,       &mw_command_rules_list,    &mw_command_rules_show,
    &mw_command_audit,         &mw_command_init,          &mw_command_new_rule,
    &mw_command_new_remediation, &mw_command_new_audit,   &mw_command_test,
    &mw_command_lint,          &mw_command_types,         &mw_command_types_list,
    &mw_command_types_show,    &mw_command_repl,
    &mw_command_doctor,        &mw_command_doc,           &mw_command_call,          &mw_command_models_list,
    &mw_command_models_show,   &mw_command_models_compile, &mw_command_config_show,
    &mw_command_permissions,   &mw_command_onboard_cloudformation,
    &mw_command_onboard_terraform,
    &mw_command_completion,    &mw_command_help,          &mw_command_version,
};

const mw_command *const *mw_commands(size_t *count)
{
    *count = MW_COUNT(commands);
    return commands;
}

const mw_option *mw_global_options(size_t *count)
{
    *count = MW_COUNT(global_options);
    return global_options;
}
