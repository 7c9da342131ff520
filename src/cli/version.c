/*
 * `moonward version`: what this binary is made of. Must stay fast: it opens the built-in models, which
 * costs microseconds, and starts nothing.
 */
#include "cli/commands.h"

#include "base/str.h"
#include "cli/isolation.h"
#include "cli/models.h"

#include <lua.h>

static int run(mw_cli *cli)
{
    MW_AUTO(mw_buf) out = {0};
    MW_AUTO(mw_model_pack) pack = {0};
    mw_error err = {0};
    const char *botocore;
    size_t services;

    if (mw_model_pack_open(cli->args, &pack, &err) != MW_OK)
        return mw_cli_fail(&err);
    botocore = mw_models_botocore_version(pack.models);
    services = mw_models_service_count(pack.models);
    if (mw_str_eq(mw_args_get(cli->args, "output"), "json"))
        mw_buf_printf(&out,
                      "{\"version\":\"%s\",\"botocore\":\"%s\",\"services\":%zu,\"lua\":\"%s\","
                      "\"isolation\":\"%s\"}\n",
                      MW_VERSION, botocore, services, LUA_RELEASE, mw_isolation());
    else
        mw_buf_printf(&out,
                      "moonward %s\nmodels     botocore %s, %zu services\nlua        %s\n"
                      "isolation  %s\n",
                      MW_VERSION, botocore, services, LUA_RELEASE, mw_isolation());
    if (mw_buf_status(&out, &err) != MW_OK)
        return mw_cli_fail(&err);
    return mw_cli_print(out.data, out.len, MW_EXIT_OK);
}

static const mw_option options[] = {
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
};

const mw_command mw_command_version = {
    .name = "version",
    .summary = "Show the version, the AWS models, Lua and how workers are isolated",
    .options = options,
    .option_count = MW_COUNT(options),
    .run = run,
};
