/* `moonward rules list|show`: what is there, for which control, and what a rule costs in API calls. */
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/rules.h"
#include "cli/setup.h"
#include "cli/sweep.h"

#include "base/str.h"
#include "report/reference.h"
#include "report/term.h"

#include <string.h>

/* ---- JSON ---- */

/* Whose parameters are asked for; NULL = no place of its own. */
struct place {
    const char *account, *region;
};

static void add_rule(mw_doc_builder *b, const mw_rules *rules, const mw_rule *r, const struct place *at)
{
    mw_doc_begin_object(b);
    mw_reference_add_rule(b, rules, r);
    if (at) {
        mw_doc_ckey(b, "parameters");
        mw_rules_params_at(rules, r, at->account, at->region, b);
    }
    mw_doc_end_object(b);
}

static mw_status write_json(const mw_rules *rules, const mw_rule *only, const struct place *at, mw_buf *out,
                            mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    if (only) {
        add_rule(b, rules, only, at);
    } else {
        mw_doc_begin_array(b);
        for (size_t i = 0; i < mw_rules_count(rules); i++)
            add_rule(b, rules, mw_rules_at(rules, i), NULL);
        mw_doc_end_array(b);
    }
    st = mw_cli_json(b, out, err);
    mw_doc_builder_free(b);
    return st;
}

/* ---- list ---- */

static void write_table(const mw_rules *rules, mw_buf *out)
{
    size_t id_columns = 2, type_columns = 4;

    for (size_t i = 0; i < mw_rules_count(rules); i++) {
        const mw_rule *r = mw_rules_at(rules, i);
        id_columns = strlen(r->id) > id_columns ? strlen(r->id) : id_columns;
        type_columns = strlen(r->resource) > type_columns ? strlen(r->resource) : type_columns;
    }
    for (size_t i = 0; i < mw_rules_count(rules); i++) {
        const mw_rule *r = mw_rules_at(rules, i);
        mw_term_cell(out, r->id, id_columns);
        mw_buf_printf(out, "  %-8s  ", r->severity);
        mw_term_cell(out, r->resource, type_columns);
        mw_buf_puts(out, "  ");
        mw_term_text(out, r->title);
        mw_buf_putc(out, '\n');
    }
}

static int run_list(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};
    mw_status st;

    if (mw_setup_config(&s, cli, &err) != MW_OK || mw_setup_rules(&s, &err) != MW_OK ||
        mw_setup_choose_rules(&s, &err) != MW_OK)
        return mw_cli_fail(&err);
    if (mw_str_eq(mw_args_get(cli->args, "output"), "json")) {
        st = write_json(s.rules, NULL, NULL, &out, &err);
    } else {
        write_table(s.rules, &out);
        st = mw_buf_status(&out, &err);
    }
    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

static const mw_option options[] = {
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
};

const mw_command mw_command_rules_list = {
    .name = "rules list",
    .arguments = "[RULES…]",
    .summary = "List rules with severity, resource type and title",
    .description =
        "RULES are rule ids or globs over them, --select chooses by an expression; without either it lists what a "
        "sweep evaluates: the rules that 'select' in the configuration chooses, else all ('*' names all).",
    .examples = "moonward rules list\n"
                "moonward rules list --select 'severity>=high and framework:cis and not id:s3-*'\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run_list,
};

/* ---- show ---- */

static void line(mw_buf *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    mw_buf_printf(out, "%-12s ", name);
    mw_term_wrap(out, value, 13, 13, 100);
    mw_buf_putc(out, '\n');
}

static void list_line(mw_buf *out, const char *name, const char *const *items, size_t n)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 16};

    for (size_t i = 0; i < n; i++)
        mw_buf_printf(&text, "%s%s", i ? ", " : "", items[i]);
    mw_term_inherit(out, &text);
    line(out, name, text.data);
}

static void value_line(mw_buf *out, const char *name, const mw_doc *d, mw_val v)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 20};

    if (mw_val_len(d, v) == 0)
        return;
    mw_json_write(&text, d, v, MW_JSON_COMPACT);
    mw_term_inherit(out, &text);
    line(out, name, text.data);
}

/* "max_days = 30 (overrides[2])" */
static void param_line(mw_buf *out, const char *name, const mw_doc *d, mw_val key, mw_val value, const char *origin)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 20};

    mw_buf_printf(&text, "%s = ", mw_val_str(d, key, NULL));
    mw_json_write(&text, d, value, MW_JSON_COMPACT);
    mw_buf_printf(&text, " (%s)", origin);
    mw_term_inherit(out, &text);
    line(out, name, text.data);
}

/* "where account 1111*, tag Env=dev", of an override. */
static void where_text(mw_buf *out, const mw_doc *d, mw_val override)
{
    static const char *const keys[] = {"account", "region", "tag"};
    bool any = false;

    for (size_t i = 0; i < MW_COUNT(keys); i++) {
        mw_val globs = mw_val_get(d, override, keys[i]);
        for (size_t k = 0; k < mw_val_len(d, globs); k++) {
            const char *glob = mw_val_str(d, mw_val_at(d, globs, k), NULL);
            if (k)
                mw_buf_printf(out, " or %s", glob);
            else
                mw_buf_printf(out, "%s%s %s", any ? ", " : "", keys[i], glob);
        }
        any = any || mw_val_len(d, globs) > 0;
    }
}

/* Parameters with who set them, then what other places or tags would change. */
static mw_status params_lines(const mw_setup *s, const mw_rule *r, const struct place *at, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);
    const mw_doc *d;
    mw_val all, params, origins, elsewhere;

    if (st != MW_OK)
        return st;
    mw_rules_params_at(s->rules, r, at->account, at->region, b);
    if ((st = mw_doc_builder_status(b, err)) != MW_OK)
        goto out;
    d = mw_doc_view(b);
    all = mw_doc_pop(b);
    params = mw_val_get(d, all, "params");
    origins = mw_val_get(d, all, "origins");
    elsewhere = mw_val_get(d, all, "elsewhere");
    for (size_t i = 0; i < mw_val_len(d, params); i++) {
        mw_val key, value = mw_val_member(d, params, i, &key);
        param_line(out, i ? " " : "params", d, key, value, mw_val_get_str(d, origins, mw_val_str(d, key, NULL), "?"));
    }
    for (size_t i = 0; i < mw_val_len(d, elsewhere); i++) {
        mw_val one = mw_val_at(d, elsewhere, i), set = mw_val_get(d, one, "params");
        MW_AUTO(mw_buf) where = {.max = 1 << 16};
        mw_buf_printf(&where, "%s: ", mw_val_get_str(d, one, "origin", "?"));
        where_text(&where, d, one);
        for (size_t k = 0; k < mw_val_len(d, set) && where.data; k++) {
            mw_val key, value = mw_val_member(d, set, k, &key);
            param_line(out, i + k ? " " : "elsewhere", d, key, value, where.data);
        }
        mw_term_inherit(out, &where);
    }
out:
    mw_doc_builder_free(b);
    return st;
}

static bool has(const char *const *list, size_t count, const char *type)
{
    for (size_t i = 0; i < count; i++)
        if (mw_str_eq(list[i], type))
            return true;
    return false;
}

mw_status mw_rules_types(mw_setup *s, const char *const **out, size_t *count, mw_error *err)
{
    size_t room = 0, n = mw_rules_count(s->rules);
    const char **list;

    *count = 0;
    for (size_t i = 0; i < n; i++)
        room += 1 + mw_rules_at(s->rules, i)->related_count;
    if (!(list = mw_arena_alloc(&s->arena, (room + 1) * sizeof(*list))))
        return mw_fail(err, MW_ERR_NOMEM, "rules: out of memory");
    for (size_t i = 0; i < n; i++) {
        const mw_rule *r = mw_rules_at(s->rules, i);
        if (!has(list, *count, r->resource))
            list[(*count)++] = r->resource;
        for (size_t k = 0; k < r->related_count; k++)
            if (!has(list, *count, r->related[k]))
                list[(*count)++] = r->related[k];
    }
    *out = list;
    return MW_OK;
}

mw_status mw_rules_calls(const mw_setup *s, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_model_pack) pack = {0};
    mw_plan *plan = NULL;
    mw_status st;

    if ((st = mw_model_pack_open(s->cli->args, &pack, err)) == MW_OK &&
        (st = mw_sweep_plan(s->rules, s->types, pack.models, &plan, err)) == MW_OK)
        for (size_t i = 0; i < mw_plan_operation_count(plan); i++)
            mw_buf_printf(out, "%s%s", i ? ", " : "", mw_plan_operation_at(plan, i));
    mw_plan_free(plan);
    return st;
}

static mw_status calls_line(const mw_setup *s, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 16};
    mw_status st = mw_rules_calls(s, &text, err);

    mw_term_inherit(out, &text);
    line(out, "calls", text.data);
    return st;
}

static mw_status describe(const mw_setup *s, const mw_rule *r, const struct place *at, mw_buf *out, mw_error *err)
{
    const mw_doc *d = mw_rules_doc(s->rules);
    mw_status st;

    line(out, "id", r->id);
    line(out, "title", r->title);
    line(out, "severity", r->severity);
    line(out, "pillar", r->pillar);
    line(out, "resource", r->resource);
    list_line(out, "needs", r->needs, r->need_count);
    list_line(out, "related", r->related, r->related_count);
    if ((st = calls_line(s, out, err)) != MW_OK || (st = params_lines(s, r, at, out, err)) != MW_OK)
        return st;
    value_line(out, "controls", d, r->controls);
    value_line(out, "applies", d, r->applies);
    line(out, "remediation", r->remediation);
    list_line(out, "tags", r->tags, r->tag_count);
    line(out, "pack", r->pack);
    line(out, "file", r->path);
    line(out, "see", r->see);
    line(out, "why", r->description);
    return mw_buf_status(out, err);
}

static int run_show(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) out = {0};
    const char *id = mw_args_positional(cli->args, 0);
    const struct place at = {mw_args_get(cli->args, "account"), mw_args_get(cli->args, "region")};
    const mw_rule *r;
    mw_error err = {0};
    mw_status st;

    if (mw_setup_config(&s, cli, &err) != MW_OK || mw_setup_rules(&s, &err) != MW_OK ||
        mw_rules_keep(s.rules, &id, 1, &err) != MW_OK)
        return mw_cli_fail(&err);
    r = mw_rules_get(s.rules, id);
    if (!r) {
        mw_fail(&err, MW_ERR_INVALID, "rules show: '%s' names %zu rules, expected one id", id, mw_rules_count(s.rules));
        return mw_cli_fail(&err);
    }
    st = mw_str_eq(mw_args_get(cli->args, "output"), "json") ? write_json(s.rules, r, &at, &out, &err)
                                                             : describe(&s, r, &at, &out, &err);
    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

const mw_command mw_command_rules_show = {
    .name = "rules show",
    .arguments = "RULE",
    .summary = "Show one rule: why, what it reads, which API calls it needs",
    .description =
        "Each parameter stands with who set it: the rule, its pack, 'params' or one of the 'overrides' of the "
        "configuration. --account and --region show those of a place; what other places and tags change is "
        "listed behind them.",
    .examples = "moonward rules show s3-bucket-versioning-enabled --account 111122223333 --region eu-west-1\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .min_args = 1,
    .max_args = 1,
    .run = run_show,
};
