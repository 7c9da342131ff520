/*
 * `moonward new rule|remediation|audit`: drafts that work as they are written. Names are checked against the types,
 * facets and rules that there are; a file that is there is never touched.
 */
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/scaffold.h"
#include "cli/setup.h"

#include "base/str.h"
#include "report/skeleton.h"

#include <stdio.h>
#include <string.h>

#define FACETS_MAX 16

/* What was written, and what to do next. */
static int written(const mw_scaffold *files, const char *next)
{
    MW_AUTO(mw_buf) out = {.max = 16384};

    for (size_t i = 0; i < files->count; i++)
        mw_buf_printf(&out, "%s\n", files->files[i].path);
    mw_buf_puts(&out, next);
    return mw_cli_print(out.data, out.len, MW_EXIT_OK);
}

static mw_status too_long(mw_error *err)
{
    return mw_fail(err, MW_ERR_INVALID, "new: the file's path is too long");
}

/* A folder's name: it must not lead elsewhere. */
static mw_status check_service(const char *service, mw_error *err)
{
    if (*service && strspn(service, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(service))
        return MW_OK;
    return mw_fail(err, MW_ERR_INVALID,
                   "--service: '%.80s' is not a folder's name of lower-case letters, digits, dashes", service);
}

/* A path of `rules` in the configuration: a text, or a pack's first. */
static const char *config_folder(const mw_config *c, size_t i)
{
    mw_val v = mw_config_value(c, "rules"), one = mw_val_kind(c->doc, v) == MW_KIND_ARRAY ? mw_val_at(c->doc, v, i) : v,
           path = mw_val_get(c->doc, one, "path");

    if (mw_val_kind(c->doc, one) != MW_KIND_OBJECT)
        return mw_config_at(c, "rules", i);
    if (mw_val_kind(c->doc, path) == MW_KIND_ARRAY)
        path = mw_val_at(c->doc, path, 0);
    return mw_str_eq(mw_val_str(c->doc, path, NULL), "builtin") ? NULL : mw_config_path(c, path);
}

/* Where drafts of rules go: the first folder that rules are read from and that is not the program's; else ./rules. */
static const char *rules_folder(mw_setup *s)
{
    size_t given = mw_args_count(s->cli->args, "rules"), n = given ? given : mw_config_count(&s->config, "rules");

    for (size_t i = 0; i < n; i++) {
        const char *path = given ? mw_args_value(s->cli->args, "rules", i) : config_folder(&s->config, i);
        if (path && !mw_str_eq(path, "builtin") && !mw_str_ends(path, ".lua"))
            return path;
    }
    return "rules";
}

static mw_status check_facets(const mw_type *t, const char *const *facets, size_t n, mw_error *err)
{
    size_t count = mw_type_facet_count(t);
    const char *names[256], *near;

    for (size_t i = 0; i < count && i < MW_COUNT(names); i++)
        names[i] = mw_type_facet_at(t, i);
    for (size_t i = 0; i < n; i++) {
        if (mw_type_has_facet(t, facets[i]))
            continue;
        near = mw_nearest(facets[i], names, count < MW_COUNT(names) ? count : MW_COUNT(names));
        if (near)
            return mw_fail(err, MW_ERR_INVALID, "--facet: %s has no facet '%.80s'; did you mean '%s'?", mw_type_name(t),
                           facets[i], near);
        return mw_fail(err, MW_ERR_INVALID, "--facet: %s has no facet '%.80s'; `moonward types show %s` lists them",
                       mw_type_name(t), facets[i], mw_type_name(t));
    }
    return MW_OK;
}

static int run_rule(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_model_pack) pack = {0};
    MW_AUTO(mw_scaffold) files = {0};
    const char *facets[FACETS_MAX], *resource = mw_args_get(cli->args, "resource");
    const char *service = mw_args_get(cli->args, "service");
    mw_skeleton draft = {.id = mw_args_positional(cli->args, 0),
                         .title = mw_args_get(cli->args, "title"),
                         .facets = facets,
                         .facet_count = mw_args_count(cli->args, "facet")};
    char own[64], next[1200];
    mw_buf *rule, *test;
    mw_error err = {0};

    if (!resource) {
        mw_fail(&err, MW_ERR_INVALID, "--resource is missing: the type that the rule judges, such as AWS::S3::Bucket");
        return mw_cli_fail(&err);
    }
    if (draft.facet_count > FACETS_MAX) {
        mw_fail(&err, MW_ERR_INVALID, "--facet: at most %d", FACETS_MAX);
        return mw_cli_fail(&err);
    }
    for (size_t i = 0; i < draft.facet_count; i++)
        facets[i] = mw_args_value(cli->args, "facet", i);
    if (mw_skeleton_check_id("rule", draft.id, &err) != MW_OK || mw_setup_config(&s, cli, &err) != MW_OK ||
        mw_setup_types(&s, &err) != MW_OK || mw_model_pack_open(cli->args, &pack, &err) != MW_OK ||
        mw_setup_type(&s, "--resource", resource, &draft.type, &err) != MW_OK ||
        check_facets(draft.type, facets, draft.facet_count, &err) != MW_OK ||
        check_service(service ? service : (service = mw_type_service(draft.type, own, sizeof(own))), &err) != MW_OK)
        return mw_cli_fail(&err);
    draft.models = pack.models;
    rule = mw_scaffold_add(&files, rules_folder(&s), "%s/%s.lua", service, draft.id);
    test = mw_scaffold_add(&files, rules_folder(&s), "%s/%s_test.lua", service, draft.id);
    if (!rule || !test)
        too_long(&err);
    if (!rule || !test || mw_skeleton_rule(&draft, rule, test, &err) != MW_OK ||
        mw_scaffold_write(&files, false, &err) != MW_OK)
        return mw_cli_fail(&err);
    snprintf(next, sizeof(next), "next: edit both, then: moonward test %s\n", files.files[0].path);
    return written(&files, next);
}

static const mw_option rule_options[] = {
    {.name = "resource", .value = "TYPE", .help = "Type that the rule judges: AWS::S3::Bucket, or its alias s3.bucket"},
    {.name = "facet",
     .value = "FACET",
     .repeatable = true,
     .help = "Facet that the rule reads; the draft judges the first"},
    {.name = "service", .value = "NAME", .help = "Folder that the files go to (default: the type's service)"},
    {.name = "title", .value = "TEXT", .help = "Title of the rule (default: made of its id)"},
};

const mw_command mw_command_new_rule = {
    .name = "new rule",
    .arguments = "ID",
    .summary = "Write a rule and its test, to start from",
    .description =
        "The draft judges one member that the AWS models describe: it loads, and its test passes. It goes to "
        "rules/<service>/, or to the folder of --rules or the configuration. Nothing is overwritten.",
    .examples = "moonward new rule s3-bucket-versioned --resource AWS::S3::Bucket --facet Versioning\n",
    .options = rule_options,
    .option_count = MW_COUNT(rule_options),
    .min_args = 1,
    .max_args = 1,
    .run = run_rule,
};

static int run_remediation(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_scaffold) files = {0};
    const char *id = mw_args_positional(cli->args, 0), *wanted = mw_args_get(cli->args, "rule");
    const char *service = mw_args_get(cli->args, "service");
    mw_skeleton draft = {.id = id, .title = mw_args_get(cli->args, "title")};
    const mw_rule *rule = NULL;
    char own[64], next[1200];
    mw_buf *text;
    mw_error err = {0};

    if (!wanted) {
        mw_fail(&err, MW_ERR_INVALID, "--rule is missing: the rule whose findings the remediation fixes");
        return mw_cli_fail(&err);
    }
    if (mw_skeleton_check_id("remediation", id, &err) != MW_OK || mw_setup_config(&s, cli, &err) != MW_OK ||
        mw_setup_rules(&s, &err) != MW_OK || mw_rules_keep(s.rules, &wanted, 1, &err) != MW_OK)
        return mw_cli_fail(&err);
    rule = mw_rules_get(s.rules, wanted);
    if (!rule) {
        mw_fail(&err, MW_ERR_INVALID, "--rule: '%s' names %zu rules, expected one id", wanted, mw_rules_count(s.rules));
        return mw_cli_fail(&err);
    }
    draft.type = mw_types_get(s.types, rule->resource);
    if (!service)
        service = mw_type_service(draft.type, own, sizeof(own));
    text = check_service(service, &err) == MW_OK ? mw_scaffold_add(&files, "remediations", "%s/%s.lua", service, id)
                                                 : NULL;
    if (!text && err.status == MW_OK)
        too_long(&err);
    if (!text || mw_skeleton_remediation(&draft, rule->id, text, &err) != MW_OK ||
        mw_scaffold_write(&files, false, &err) != MW_OK)
        return mw_cli_fail(&err);
    snprintf(next, sizeof(next), "next: name it in %s: remediation = \"%s\"\n", rule->path, id);
    return written(&files, next);
}

static const mw_option remediation_options[] = {
    {.name = "rule", .value = "RULE", .help = "Rule whose failing findings it fixes"},
    {.name = "service", .value = "NAME", .help = "Folder that the file goes to (default: the type's service)"},
    {.name = "title", .value = "TEXT", .help = "First line of its comment (default: made of its id)"},
};

const mw_command mw_command_new_remediation = {
    .name = "new remediation",
    .arguments = "ID",
    .summary = "Write a remediation, to start from",
    .description =
        "The draft goes to remediations/<service>/. A remediation plans API calls and their inverses; it holds no "
        "credential and makes no call. Nothing is overwritten.",
    .examples = "moonward new remediation s3-enable-versioning --rule s3-bucket-versioning-enabled\n",
    .options = remediation_options,
    .option_count = MW_COUNT(remediation_options),
    .min_args = 1,
    .max_args = 1,
    .run = run_remediation,
};

static int run_audit(mw_cli *cli)
{
    MW_AUTO(mw_scaffold) files = {0};
    const char *name = mw_args_positional(cli->args, 0);
    char next[1200];
    mw_buf *text;
    mw_error err = {0};

    if (mw_skeleton_check_id("audit", name, &err) != MW_OK)
        return mw_cli_fail(&err);
    text = mw_scaffold_add(&files, "audits", "%s.lua", name);
    if (!text)
        too_long(&err);
    if (!text || mw_skeleton_audit(name, files.files[0].path, text, &err) != MW_OK ||
        mw_scaffold_write(&files, false, &err) != MW_OK)
        return mw_cli_fail(&err);
    snprintf(next, sizeof(next), "next: moonward audit %s --region eu-west-1\n", files.files[0].path);
    return written(&files, next);
}

const mw_command mw_command_new_audit = {
    .name = "new audit",
    .arguments = "NAME",
    .summary = "Write an ad-hoc audit, to start from",
    .description = "The draft goes to audits/. Nothing is overwritten.",
    .examples = "moonward new audit open-vpcs\n",
    .min_args = 1,
    .max_args = 1,
    .run = run_audit,
};
