/*
 * `moonward types list|show`: which resource types there are, what a type calls and how often, which
 * IAM actions that takes and which rules ask for it. What is called is the collection plan's word:
 * nothing is worked out twice.
 */
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/setup.h"

#include "aws/action.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/plan.h"
#include "inventory/sensitive.h"
#include "report/term.h"

#include <string.h>

/* ---- rules ---- */

static bool reads_type(const mw_rule *r, const char *type)
{
    if (mw_str_eq(r->resource, type))
        return true;
    for (size_t i = 0; i < r->related_count; i++)
        if (mw_str_eq(r->related[i], type))
            return true;
    return false;
}

/* "Facet" of the rule's own type, "AWS::X::Y.Facet" of another. */
static bool reads_facet(const mw_rule *r, const char *type, const char *facet)
{
    size_t len = strlen(type);

    for (size_t i = 0; i < r->need_count; i++) {
        const char *need = r->needs[i];
        if (strncmp(need, type, len) == 0 && need[len] == '.' && mw_str_eq(need + len + 1, facet))
            return true;
        if (mw_str_eq(r->resource, type) && mw_str_eq(need, facet))
            return true;
    }
    return false;
}

static bool reads(const mw_rule *r, const char *type, const char *facet)
{
    return facet ? reads_facet(r, type, facet) : reads_type(r, type);
}

static size_t count_rules(const mw_rules *rules, const char *type)
{
    size_t n = 0;

    for (size_t i = 0; i < mw_rules_count(rules); i++)
        n += reads_type(mw_rules_at(rules, i), type);
    return n;
}

static void add_rules(mw_doc_builder *b, const mw_rules *rules, const char *type, const char *facet)
{
    mw_doc_ckey(b, "rules");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < mw_rules_count(rules); i++)
        if (reads(mw_rules_at(rules, i), type, facet))
            mw_doc_add_cstr(b, mw_rules_at(rules, i)->id);
    mw_doc_end_array(b);
}

/* ---- the type's own words ---- */

static const char *text_at(const mw_type *t, const char *path)
{
    const mw_doc *d;
    mw_val v = mw_type_value(t, &d);

    return mw_val_str(d, mw_val_path(d, v, path), NULL);
}

/* The operation that lists it, or "derived from …". */
static void listed_by(const mw_type *t, mw_buf *out)
{
    const mw_doc *d;
    mw_val v = mw_type_value(t, &d), sources = mw_val_path(d, v, "list.derived_from");

    if (text_at(t, "list.operation"))
        mw_buf_puts(out, text_at(t, "list.operation"));
    for (size_t i = 0; i < mw_val_len(d, sources); i++)
        mw_buf_printf(out, "%s%s", i ? ", " : "derived from ", mw_val_str(d, mw_val_at(d, sources, i), NULL));
}

/* ---- IAM actions ---- */

/* "s3:ListBucket"; several are parted by a comma and a blank. False when the operation needs none. */
static bool actions_of(const mw_models *m, const char *operation, mw_buf *out)
{
    MW_AUTO(mw_arena) arena = {0};
    const char *colon = strchr(operation, ':'), *actions[MW_ACTIONS_OF_MAX];
    char *service = colon ? mw_arena_strndup(&arena, operation, (size_t)(colon - operation)) : NULL;
    size_t count = 0;

    if (!service || mw_operation_actions(m, service, colon + 1, &arena, actions, &count, NULL) != MW_OK)
        return false;
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(out, "%s%s", i ? ", " : "", actions[i]);
    return count > 0;
}

/* ---- list ---- */

static void add_item(mw_doc_builder *b, const mw_rules *rules, const mw_type *t)
{
    MW_AUTO(mw_buf) list = {0};

    listed_by(t, &list);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "type", mw_type_name(t));
    mw_doc_member_str(b, "alias", mw_type_alias(t));
    mw_doc_member_str(b, "scope", mw_type_scope(t));
    mw_doc_member_str(b, "list", list.data);
    mw_doc_ckey(b, "facets");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < mw_type_facet_count(t); i++)
        mw_doc_add_cstr(b, mw_type_facet_at(t, i));
    mw_doc_end_array(b);
    mw_doc_member_int(b, "rules", (int64_t)count_rules(rules, mw_type_name(t)));
    mw_doc_end_object(b);
}

static void text_item(mw_buf *out, const mw_rules *rules, const mw_type *t)
{
    MW_AUTO(mw_buf) list = {0};

    listed_by(t, &list);
    mw_buf_printf(out, "%-46s  %-36s  %-8s  %2zu facets  %3zu rules  %s\n", mw_type_name(t),
                  mw_type_alias(t) ? mw_type_alias(t) : "-", mw_type_scope(t), mw_type_facet_count(t),
                  count_rules(rules, mw_type_name(t)), list.data ? list.data : "");
}

static void markdown_item(mw_buf *out, const mw_type *t)
{
    MW_AUTO(mw_buf) list = {0};

    listed_by(t, &list);
    mw_buf_printf(out, "| `%s` | `%s` | %s | %s | ", mw_type_name(t), mw_type_alias(t) ? mw_type_alias(t) : "",
                  mw_type_scope(t), list.data ? list.data : "");
    for (size_t i = 0; i < mw_type_facet_count(t); i++)
        mw_buf_printf(out, "%s%s", i ? ", " : "", mw_type_facet_at(t, i));
    mw_buf_puts(out, mw_type_facet_count(t) ? " |\n" : "- |\n");
}

/* Text is made neutral here, whole: a team's own types may hold anything. */
static int print(const mw_buf *out, bool text, mw_status st, mw_error *err)
{
    MW_AUTO(mw_buf) neutral = {.max = (size_t)64 << 20};

    if (st == MW_OK && text && (st = mw_term_bytes(&neutral, out->data ? out->data : "", out->len, true)) != MW_OK)
        mw_buf_status(&neutral, err);
    if (st != MW_OK)
        return mw_cli_fail(err);
    return text ? mw_cli_print(neutral.data ? neutral.data : "", neutral.len, MW_EXIT_OK)
                : mw_cli_print(out->data, out->len, MW_EXIT_OK);
}

static bool chosen(const mw_type *t, const char *pattern)
{
    return !pattern || mw_glob_match(pattern, mw_type_name(t)) ||
           (mw_type_alias(t) && mw_glob_match(pattern, mw_type_alias(t)));
}

static int run_list(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) out = {0};
    const char *pattern = mw_args_positional(cli->args, 0);
    const char *format = mw_args_get(cli->args, "output");
    bool json = mw_str_eq(format, "json"), markdown = mw_str_eq(format, "markdown");
    mw_doc_builder *b = NULL;
    mw_error err = {0};
    const mw_type *none;
    size_t shown = 0;
    mw_status st;

    if ((st = mw_setup_config(&s, cli, &err)) == MW_OK && (st = mw_setup_rules(&s, &err)) == MW_OK)
        st = mw_doc_builder_new(NULL, &b, &err);
    if (st == MW_OK && json)
        mw_doc_begin_array(b);
    if (st == MW_OK && markdown)
        mw_buf_puts(&out, "| type | alias | scope | list | facets |\n|---|---|---|---|---|\n");
    for (size_t i = 0; st == MW_OK && i < mw_types_count(s.types); i++) {
        const mw_type *t = mw_types_at(s.types, i);
        if (!chosen(t, pattern))
            continue;
        shown++;
        if (json)
            add_item(b, s.rules, t);
        else if (markdown)
            markdown_item(&out, t);
        else
            text_item(&out, s.rules, t);
    }
    if (st == MW_OK && shown == 0 && pattern)
        st = mw_setup_type(&s, "types list", pattern, &none, &err);
    if (st == MW_OK && json) {
        mw_doc_end_array(b);
        st = mw_cli_json(b, &out, &err);
    }
    mw_doc_builder_free(b);
    if (st == MW_OK)
        st = mw_buf_status(&out, &err);
    return print(&out, !json, st, &err);
}

static const mw_option list_options[] = {
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json|markdown",
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
};

const mw_command mw_command_types_list = {
    .name = "types list",
    .arguments = "[PATTERN]",
    .summary = "List resource types: how they are listed, their facets, the rules that read them",
    .examples = "moonward types list 'AWS::EC2::*'\nmoonward types list 's3.*' --output json\n",
    .options = list_options,
    .option_count = MW_COUNT(list_options),
    .max_args = 1,
    .run = run_list,
};

/* ---- show ---- */

/* What it is made of, read back from the plan's own description. */
typedef struct shown {
    const mw_type *t;
    const mw_rules *rules;
    const mw_models *models;
    mw_doc_builder *plan; /* its members */
    mw_val calls;
    mw_arena arena;
    mw_sensitive sensitive;
} shown;

static mw_status make_plan(shown *s, const mw_types *types, mw_error *err)
{
    const mw_plan_view once = {.accounts = 1, .regions = 1};
    mw_plan *p = NULL;
    mw_status st = mw_plan_new(types, s->models, &p, err);

    if (st == MW_OK)
        st = mw_plan_need(p, mw_type_name(s->t), NULL, err);
    for (size_t i = 0; st == MW_OK && i < mw_type_facet_count(s->t); i++)
        st = mw_plan_need(p, mw_type_name(s->t), mw_type_facet_at(s->t, i), err);
    if (st == MW_OK && (st = mw_doc_builder_new(NULL, &s->plan, err)) == MW_OK) {
        mw_doc_begin_object(s->plan);
        st = mw_plan_members(p, &once, s->plan, err);
        mw_doc_end_object(s->plan);
    }
    mw_plan_free(p);
    if (st == MW_OK)
        s->calls = mw_val_get(mw_doc_view(s->plan), mw_doc_pop(s->plan), "calls");
    return st;
}

/* Does the call fill that part of the type? An empty part is the list. */
static bool call_for(const shown *s, mw_val call, const char *part)
{
    MW_AUTO(mw_buf) name = {0};
    const mw_doc *d = mw_doc_view(s->plan);
    mw_val readers = mw_val_get(d, call, "for");

    mw_buf_printf(&name, "%s%s%s", mw_type_name(s->t), part ? "." : "", part ? part : "");
    for (size_t i = 0; i < mw_val_len(d, readers); i++)
        if (mw_str_eq(mw_val_str(d, mw_val_at(d, readers, i), NULL), name.data))
            return true;
    return false;
}

static void how_often(const mw_doc *d, mw_val call, mw_buf *out)
{
    int64_t batch = mw_val_get_int(d, call, "batch", 0);
    const char *after = mw_val_get_str(d, call, "after", NULL);

    mw_buf_printf(out, "per %s", mw_val_get_str(d, call, "per", "?"));
    if (batch)
        mw_buf_printf(out, " of %lld", (long long)batch);
    if (after)
        mw_buf_printf(out, ", after %s", after);
    if (!mw_val_get_bool(d, call, "supported", true))
        mw_buf_puts(out, ", unknown: the models lack it");
}

static void text_part(const shown *s, const char *title, const char *part, bool facet, mw_buf *out)
{
    const mw_doc *d = mw_doc_view(s->plan);
    bool first = true;

    for (size_t i = 0; i < mw_val_len(d, s->calls); i++) {
        mw_val call = mw_val_at(d, s->calls, i);
        if (!call_for(s, call, part))
            continue;
        mw_buf_printf(out, "  %-26s  %s  (", first ? title : "", mw_val_get_str(d, call, "operation", ""));
        how_often(d, call, out);
        mw_buf_puts(out, ")\n");
        first = false;
    }
    for (size_t i = 0; facet && i < mw_rules_count(s->rules); i++)
        if (reads_facet(mw_rules_at(s->rules, i), mw_type_name(s->t), part))
            mw_buf_printf(out, "  %-26s    %s\n", "", mw_rules_at(s->rules, i)->id);
}

static void text_actions(const shown *s, mw_buf *out)
{
    const mw_doc *d = mw_doc_view(s->plan);

    mw_buf_puts(out, "\nIAM actions\n");
    for (size_t i = 0; i < mw_val_len(d, s->calls); i++) {
        mw_val call = mw_val_at(d, s->calls, i);
        const char *names[] = {mw_val_get_str(d, call, "operation", NULL), mw_val_get_str(d, call, "after", NULL)};
        for (size_t k = 0; k < MW_COUNT(names); k++) {
            MW_AUTO(mw_buf) line = {0};
            mw_buf_puts(&line, "  ");
            if (!names[k] || !actions_of(s->models, names[k], &line))
                continue;
            mw_buf_putc(&line, '\n');
            if (!out->data || !line.data || !strstr(out->data, line.data))
                mw_buf_puts(out, line.data ? line.data : "");
        }
    }
}

static void write_text(const shown *s, mw_buf *out)
{
    static const char *const paths[] = {"id", "arn", "name", "created", "tags.from"};
    const char *parent = text_at(s->t, "list.per.parent");
    MW_AUTO(mw_buf) list = {0};

    listed_by(s->t, &list);
    mw_buf_printf(out, "%s\n\n", mw_type_name(s->t));
    mw_buf_printf(out, "alias        %s\n", mw_type_alias(s->t) ? mw_type_alias(s->t) : "-");
    mw_buf_printf(out, "scope        %s\n", mw_type_scope(s->t));
    if (parent)
        mw_buf_printf(out, "parent       %s\n", parent);
    if (!text_at(s->t, "list.operation"))
        mw_buf_printf(out, "list         %s\n", list.data ? list.data : "");
    for (size_t i = 0; i < MW_COUNT(paths); i++)
        if (text_at(s->t, paths[i]))
            mw_buf_printf(out, "%-12s %s\n", i == 4 ? "tags" : paths[i], text_at(s->t, paths[i]));
    mw_buf_puts(out, "\nCalls\n");
    text_part(s, "list", NULL, false, out);
    text_part(s, "describe", "describe", false, out);
    text_part(s, "region", "region", false, out);
    if (mw_type_facet_count(s->t))
        mw_buf_puts(out, "\nFacets, and the rules that need them\n");
    for (size_t i = 0; i < mw_type_facet_count(s->t); i++)
        text_part(s, mw_type_facet_at(s->t, i), mw_type_facet_at(s->t, i), true, out);
    text_actions(s, out);
    if (s->sensitive.count)
        mw_buf_puts(out, "\nSensitive: withheld from the store\n");
    for (size_t i = 0; i < s->sensitive.count; i++)
        mw_buf_printf(out, "  %s\n", s->sensitive.paths[i]);
    mw_buf_puts(out, "\nRules\n");
    for (size_t i = 0; i < mw_rules_count(s->rules); i++)
        if (reads_type(mw_rules_at(s->rules, i), mw_type_name(s->t)))
            mw_buf_printf(out, "  %s\n", mw_rules_at(s->rules, i)->id);
}

static void add_calls(const shown *s, const char *part, mw_doc_builder *b)
{
    const mw_doc *d = mw_doc_view(s->plan);

    mw_doc_ckey(b, "calls");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < mw_val_len(d, s->calls); i++) {
        mw_val call = mw_val_at(d, s->calls, i);
        const char *operation = mw_val_get_str(d, call, "operation", "");
        MW_AUTO(mw_buf) action = {0};
        if (!call_for(s, call, part))
            continue;
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "operation", operation);
        mw_doc_member_str(b, "action", actions_of(s->models, operation, &action) ? action.data : NULL);
        mw_doc_member_str(b, "per", mw_val_get_str(d, call, "per", ""));
        mw_doc_member_int(b, "batch", mw_val_get_int(d, call, "batch", 1));
        mw_doc_member_str(b, "after", mw_val_get_str(d, call, "after", NULL));
        mw_doc_member_bool(b, "supported", mw_val_get_bool(d, call, "supported", true));
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
}

static void add_type(const shown *s, mw_doc_builder *b)
{
    const mw_doc *d;
    mw_val v = mw_type_value(s->t, &d);

    mw_doc_begin_object(b);
    mw_doc_member_str(b, "type", mw_type_name(s->t));
    add_calls(s, NULL, b);
    mw_doc_ckey(b, "facets");
    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_type_facet_count(s->t); i++) {
        mw_doc_ckey(b, mw_type_facet_at(s->t, i));
        mw_doc_begin_object(b);
        add_calls(s, mw_type_facet_at(s->t, i), b);
        add_rules(b, s->rules, mw_type_name(s->t), mw_type_facet_at(s->t, i));
        mw_doc_end_object(b);
    }
    mw_doc_end_object(b);
    mw_doc_ckey(b, "sensitive");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < s->sensitive.count; i++)
        mw_doc_add_cstr(b, s->sensitive.paths[i]);
    mw_doc_end_array(b);
    add_rules(b, s->rules, mw_type_name(s->t), NULL);
    mw_doc_ckey(b, "definition");
    mw_doc_add_copy(b, d, v);
    mw_doc_end_object(b);
}

static int run_show(mw_cli *cli)
{
    MW_AUTO(mw_setup) setup = {0};
    MW_AUTO(mw_model_pack) pack = {0};
    MW_AUTO(mw_buf) out = {0};
    const char *name = mw_args_positional(cli->args, 0);
    bool text = !mw_str_eq(mw_args_get(cli->args, "output"), "json");
    mw_doc_builder *b = NULL;
    shown s = {0};
    mw_error err = {0};
    mw_status st;

    if ((st = mw_setup_config(&setup, cli, &err)) != MW_OK || (st = mw_setup_rules(&setup, &err)) != MW_OK ||
        (st = mw_model_pack_open(cli->args, &pack, &err)) != MW_OK)
        return mw_cli_fail(&err);
    s = (shown){.rules = setup.rules, .models = pack.models};
    if ((st = mw_setup_type(&setup, "types show", name, &s.t, &err)) == MW_OK &&
        (st = make_plan(&s, setup.types, &err)) == MW_OK)
        st = mw_sensitive_of(s.t, setup.types, s.models, &s.arena, &s.sensitive, &err);
    if (st == MW_OK && !text) {
        if ((st = mw_doc_builder_new(NULL, &b, &err)) == MW_OK) {
            add_type(&s, b);
            st = mw_cli_json(b, &out, &err);
        }
    } else if (st == MW_OK) {
        write_text(&s, &out);
        st = mw_buf_status(&out, &err);
    }
    mw_doc_builder_free(s.plan);
    mw_doc_builder_free(b);
    mw_arena_clear(&s.arena);
    return print(&out, text, st, &err);
}

static const mw_option show_options[] = {
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
};

const mw_command mw_command_types_show = {
    .name = "types show",
    .arguments = "TYPE",
    .summary = "Show one type: its calls and their cost, IAM actions, rules, paths",
    .description = "A facet is read when a rule needs it. \"per resource\" is one call for each; \"per batch of 50\" "
                   "one for fifty; \"per region\" and \"per account\" one for all, paged.\n",
    .examples = "moonward types show s3.bucket\nmoonward types show AWS::EC2::Instance --output json\n",
    .options = show_options,
    .option_count = MW_COUNT(show_options),
    .min_args = 1,
    .max_args = 1,
    .run = run_show,
};
