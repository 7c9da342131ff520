/*
 * `moonward init`: a folder to write rules in. Everything that it writes works at once: the rule's test passes, the
 * editor's settings point at what `moonward types` writes, the workflow runs the commands of the guide. Files that
 * are there stay as they are.
 */
#include "cli/commands.h"
#include "cli/scaffold.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

static const char config_text[] =
    "# Settings of Moonward; a mistake in this file is answered with its line. A flag or an environment variable goes\n"
    "# before what is written here. `moonward config show --origin` prints what holds, and why.\n"
    "rules: [rules]                 # files and folders with rules\n"
    "# regions: [eu-west-1, 'us-*'] # names, or globs over the enabled regions (default: the profile's region)\n"
    "# accounts: [111122223333]     # the credentials must belong to one of these\n"
    "# select: ['s3-*']             # what runs when no rule is named\n"
    "# fail_on: high                # exit 1 at or above this severity (default: low)\n"
    "# allow_incomplete: false      # true: what is unknown does not make the exit status 2\n"
    "# jobs: 16                     # AWS requests in flight at most\n"
    "# profile: audit               # profile of the AWS configuration files\n"
    "# params:                      # parameters of rules\n"
    "#   s3-bucket-has-owner: {tag: Team}\n";

static const char rule_text[] = "--- Every bucket says who owns it.\n"
                                "-- A bucket without an owner is nobody's to secure, to pay for or to delete.\n"
                                "-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/CostAllocTagging.html\n"
                                "return rule {\n"
                                "  id = \"s3-bucket-has-owner\",\n"
                                "  title = \"Buckets carry the tag Owner\",\n"
                                "  severity = \"low\", pillar = \"operations\",\n"
                                "  resource = \"AWS::S3::Bucket\",\n"
                                "  params = { tag = \"Owner\" },\n"
                                "  ---@param bucket AWS.S3.Bucket\n"
                                "  ---@param ctx moonward.Context\n"
                                "  check = function(bucket, ctx)\n"
                                "    if bucket.tags:has(ctx.params.tag) then return pass() end\n"
                                "    return fail(\"the tag %s is missing\", ctx.params.tag)\n"
                                "  end,\n"
                                "}\n";

static const char test_text[] =
    "return {\n"
    "  { name = \"tagged\", expect = \"pass\", resource = { Name = \"logs\" }, tags = { Owner = \"ann\" } },\n"
    "  { name = \"untagged\", expect = \"fail\", message = \"Owner is missing\", resource = { Name = \"logs\" }, tags "
    "= {} },\n"
    "  { name = \"another tag\", expect = \"pass\", resource = { Name = \"logs\" }, tags = { Team = \"shop\" },\n"
    "    params = { tag = \"Team\" } },\n"
    "  { name = \"tags not readable\", expect = \"unknown\",\n"
    "    resource = { Name = \"logs\", Tagging = unknown(\"s3:GetBucketTagging\", \"AccessDenied\") } },\n"
    "}\n";

static const char luarc_text[] =
    "{\n"
    "  \"$schema\": \"https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json\",\n"
    "  \"runtime.version\": \"Lua 5.4\",\n"
    "  \"runtime.builtin\": {\n"
    "    \"coroutine\": \"disable\", \"debug\": \"disable\", \"io\": \"disable\", \"os\": \"disable\", \"package\": "
    "\"disable\"\n"
    "  },\n"
    "  \"workspace.library\": [\".moonward/types\"],\n"
    "  \"workspace.checkThirdParty\": false,\n"
    "  \"workspace.ignoreDir\": [\".git\"]\n"
    "}\n";

static const char luacheckrc_text[] =
    "-- What rules, their tests and audits see beside plain Lua.\n"
    "std = {\n"
    "  read_globals = {\n"
    "    \"arn\", \"assert\", \"error\", \"ipairs\", \"next\", \"pairs\", \"pcall\", \"rawequal\", \"rawget\", "
    "\"rawlen\", \"require\",\n"
    "    \"select\", \"tonumber\", \"tostring\", \"try\", \"type\",\n"
    "    \"math\", \"string\", \"table\", \"utf8\",\n"
    "    \"rule\", \"pass\", \"fail\", \"not_applicable\", \"unknown\",   -- rules\n"
    "    \"remediation\", \"step\", \"ref\",                          -- remediations\n"
    "    \"aws\", \"args\", \"columns\", \"emit\", \"json\", \"print\",      -- audits\n"
    "  },\n"
    "}\n"
    "read_globals = { string = { other_fields = true }, table = { other_fields = true }, math = { other_fields = true "
    "},\n"
    "                 utf8 = { other_fields = true } }\n"
    "max_line_length = 120\nmax_string_line_length = false\n"
    "exclude_files = { \".moonward\" }\n";

static const char editorconfig_text[] =
    "root = true\n\n[*]\ncharset = utf-8\nend_of_line = lf\ninsert_final_newline = true\ntrim_trailing_whitespace = "
    "true\n\n"
    "[*.{lua,yaml,yml}]\nindent_style = space\nindent_size = 2\nmax_line_length = 120\n";

static const char workflow_text[] =
    "# Rules are checked on every change: no AWS account and no credentials are needed.\n"
    "# `recording/` comes from `moonward sweep --record recording`, secrets removed; commit it to judge it here.\n"
    "name: moonward\n"
    "on: [push, pull_request]\n"
    "permissions:\n"
    "  contents: read\n"
    "jobs:\n"
    "  rules:\n"
    "    runs-on: ubuntu-latest\n"
    "    steps:\n"
    "      - uses: actions/checkout@v4\n"
    "      # Put a step here that installs moonward, as the README of the project says.\n"
    "      - run: moonward lint\n"
    "      - run: moonward test\n"
    "      - if: hashFiles('recording/manifest.json') != ''\n"
    "        run: moonward sweep --replay recording --fail-on none --allow-incomplete\n";

static const char gitignore_text[] =
    "# Written by `moonward types`, and what a sweep leaves behind.\n/.moonward/\n*.db\n*.db-shm\n*.db-wal\n";

static const struct {
    const char *path, *text;
} contents[] = {
    {"moonward.yaml", config_text},
    {"rules/s3/s3-bucket-has-owner.lua", rule_text},
    {"rules/s3/s3-bucket-has-owner_test.lua", test_text},
    {".luarc.json", luarc_text},
    {".luacheckrc", luacheckrc_text},
    {".editorconfig", editorconfig_text},
    {".github/workflows/moonward.yml", workflow_text},
    {".gitignore", gitignore_text},
};

static int run(mw_cli *cli)
{
    MW_AUTO(mw_scaffold) files = {0};
    MW_AUTO(mw_buf) out = {.max = 1 << 16};
    const char *folder = mw_args_positional(cli->args, 0);
    mw_error err = {0};
    mw_buf *text;

    for (size_t i = 0; i < MW_COUNT(contents); i++) {
        text = mw_scaffold_add(&files, folder, "%s", contents[i].path);
        if (!text) {
            mw_fail(&err, MW_ERR_INVALID, "init: the folder's path is too long");
            return mw_cli_fail(&err);
        }
        mw_buf_puts(text, contents[i].text);
    }
    if (folder && mw_mkdirs(folder, 0777, &err) != MW_OK)
        return mw_cli_fail(&err);
    if (mw_scaffold_write(&files, true, &err) != MW_OK)
        return mw_cli_fail(&err);
    for (size_t i = 0; i < files.count; i++)
        mw_buf_printf(&out, "%s %s\n", files.files[i].there ? "kept   " : "written", files.files[i].path);
    mw_buf_puts(&out, "\nnext:\n");
    if (folder && !mw_str_eq(folder, "."))
        mw_buf_printf(&out, "  cd %s\n", folder);
    mw_buf_puts(&out, "  moonward test\n"
                      "  moonward new rule s3-bucket-versioned --resource AWS::S3::Bucket --facet Versioning\n"
                      "  moonward types\n");
    return mw_cli_print(out.data, out.len, MW_EXIT_OK);
}

const mw_command mw_command_init = {
    .name = "init",
    .arguments = "[DIR]",
    .summary = "Make a folder for rules: configuration, a rule, its test, CI",
    .description =
        "Writes moonward.yaml, a rule with its test, the settings of editors and of luacheck, and a workflow for "
        "continuous integration. A file that is there already is kept as it is, and said.",
    .examples = "moonward init compliance\n",
    .max_args = 1,
    .run = run,
};
