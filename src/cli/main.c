/*
 * Entry of the program: harden the process, become a worker when asked to, else parse, set up the log,
 * run the command. Everything else lives in the library, where tests reach it.
 */
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "engine/evaluate.h"

#include <string.h>

static void set_up_log(const mw_args *args)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    const char *format = mw_args_get(args, "log-format");
    const char *wanted = mw_args_get(args, "log-level");
    mw_log_level level = MW_LOG_WARN;

    for (size_t i = 0; wanted && i < MW_COUNT(names); i++)
        if (mw_str_eq(wanted, names[i]))
            level = (mw_log_level)i;
    if (mw_args_flag(args, "quiet"))
        level = MW_LOG_ERROR;
    if (mw_args_flag(args, "verbose") && level < MW_LOG_INFO)
        level = MW_LOG_INFO;
    if (mw_args_flag(args, "debug"))
        level = MW_LOG_DEBUG;
    mw_log_setup(level, mw_str_eq(format, "json"));
}

static int show_help(const mw_command *command)
{
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};
    mw_status st = command ? mw_help_command(command, &out, &err) : mw_help_global(&out, &err);

    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

int main(int argc, char **argv)
{
    mw_cli cli = {.stop = &mw_cli_stop};
    mw_args *args = NULL;
    mw_error err = {0};
    int code;

    mw_process_harden();
    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return mw_worker_main(argc, argv);
    mw_cli_catch_signals();
    if (argc > 1 && strcmp(argv[1], "__complete") == 0)
        return mw_complete_main(argc - 2, argv + 2);
    if (mw_args_parse(argc - 1, argv + 1, NULL, &args, &cli.command, &err) != MW_OK)
        return mw_cli_fail(&err);
    cli.args = args;
    set_up_log(args);
    if (mw_args_flag(args, "help"))
        code = show_help(cli.command);
    else if (mw_args_flag(args, "version"))
        code = mw_command_version.run(&cli);
    else if (!cli.command)
        code = argc > 1 ? mw_cli_fail(&(mw_error){MW_ERR_INVALID, "no command; 'moonward --help' lists them"})
                        : show_help(NULL);
    else
        code = cli.command->run(&cli);
    mw_args_free(args);
    return code;
}
