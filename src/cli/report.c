/* `moonward report`: a stored run, in any format. */
#include "cli/commands.h"
#include "cli/results.h"
#include "cli/stored.h"

#include "base/str.h"

static int run(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    const char *id = mw_args_positional(cli->args, 0);
    mw_error err = {0};

    if (mw_results_check(cli->args, &err) != MW_OK || mw_setup_config(&s, cli, &err) != MW_OK)
        return mw_cli_fail(&err);
    return mw_stored_report(&s, mw_str_eq(id, "latest") ? NULL : id, false, &err);
}

static const mw_option options[] = {MW_RESULTS_OPTIONS};

const mw_command mw_command_report = {
    .name = "report",
    .arguments = "[RUN]",
    .summary = "Render a stored run in any format",
    .description = "RUN is the id that a sweep printed; without it, or as 'latest', the newest finished run.",
    .examples = "moonward report --output json\n"
                "moonward report 01JH2X4QZ8Y7V6T5S4R3Q2P1N0 --export jsonl=findings.jsonl\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = 1,
    .run = run,
};
