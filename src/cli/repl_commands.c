/* The commands of the prompt: types, the resource at hand, rules, files. */
#include "cli/repl.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/shape.h"
#include "lua/vm.h"

#include <stdint.h>
#include <string.h>

/* ---- types ---- */

static void types(struct repl *w, const char *rest)
{
    MW_AUTO(mw_buf) out = {.max = (size_t)1 << 20};

    for (size_t i = 0; i < mw_types_count(w->setup.types); i++) {
        const char *name = mw_type_name(mw_types_at(w->setup.types, i));
        size_t n = mw_repl_count(w->repl, name);
        if (*rest && !mw_glob_match(rest, name))
            continue;
        mw_buf_puts(&out, name);
        if (n)
            mw_buf_printf(&out, "  %zu", n);
        mw_buf_putc(&out, '\n');
    }
    mw_repl_say(&out);
}

static const char *kind_name(mw_typed v)
{
    static const char *const names[] = {
        [MW_SHAPE_STRUCTURE] = "object", [MW_SHAPE_LIST] = "list",       [MW_SHAPE_MAP] = "map",
        [MW_SHAPE_STRING] = "text",      [MW_SHAPE_INTEGER] = "integer", [MW_SHAPE_LONG] = "integer",
        [MW_SHAPE_FLOAT] = "number",     [MW_SHAPE_DOUBLE] = "number",   [MW_SHAPE_BOOLEAN] = "boolean",
        [MW_SHAPE_BLOB] = "text",        [MW_SHAPE_TIMESTAMP] = "time"};

    return !v.shape ? "any" : v.lists ? "list" : names[mw_shape_type_of(v.shape)];
}

static void members(mw_buf *out, mw_typed v, const char *before)
{
    if (!v.shape || mw_shape_type_of(v.shape) != MW_SHAPE_STRUCTURE)
        return;
    for (size_t i = 0; i < mw_shape_member_count(v.shape); i++) {
        const mw_member *m = mw_shape_member_at(v.shape, i);
        mw_buf_printf(out, "%s%-30s %s\n", before, mw_member_name(m), kind_name(mw_shape_typed(mw_member_shape(m))));
    }
}

static void type(struct repl *w, const char *rest)
{
    MW_AUTO(mw_buf) out = {.max = (size_t)1 << 20};
    const mw_models *models = w->pack.models;
    const mw_type *t;
    mw_typed also;
    mw_error err = {0};

    if (mw_setup_type(&w->setup, ":type", rest, &t, &err) != MW_OK) {
        mw_repl_complain(w, &err);
        return;
    }
    mw_buf_printf(&out, "%s, listed by %s\n", mw_type_name(t), mw_type_list_operation(t));
    members(&out, mw_type_item_shape(t, models, &also), "  ");
    members(&out, also, "  ");
    if (mw_type_facet_count(t))
        mw_buf_puts(&out, "facets:\n");
    for (size_t i = 0; i < mw_type_facet_count(t); i++) {
        mw_facet_shape f = mw_type_facet_describe(t, i, models);
        mw_buf_printf(&out, "  %-30s %s, %s\n", f.name,
                      f.parse    ? f.parse
                      : f.metric ? "metric"
                                 : kind_name(f.typed),
                      f.operation);
        if (!f.typed.lists)
            members(&out, f.typed, "    ");
    }
    mw_repl_say(&out);
}

/* ---- the resource at hand ---- */

void mw_repl_describe(struct repl *w, mw_buf *out)
{
    if (!w->at.found) {
        mw_buf_puts(out, "no resource is at hand: :use TYPE\n");
        return;
    }
    mw_buf_printf(out, "r = %s %s (%s %s), %zu of %zu\n", w->at.type, mw_repl_text(w->repl, &w->at, "id"),
                  mw_repl_text(w->repl, &w->at, "account"), mw_repl_text(w->repl, &w->at, "region"), w->number + 1,
                  mw_repl_count(w->repl, w->at.type));
}

static void say_at(struct repl *w)
{
    MW_AUTO(mw_buf) out = {.max = 8192};

    mw_repl_describe(w, &out);
    mw_repl_say(&out);
}

/* TYPE alone: the first; TYPE N: by number from 1; TYPE ID: by id, name or ARN. */
static void use(struct repl *w, const char *rest)
{
    size_t len = strcspn(rest, " "), count, n = 0;
    MW_AUTO(mw_buf) name = {.max = 1024};
    const char *which = rest + len + strspn(rest + len, " ");
    const mw_type *t = NULL;
    long long number;
    mw_error err = {0};

    mw_buf_add(&name, rest, len, NULL);
    if (len == 0 || name.failed)
        mw_fail(&err, MW_ERR_INVALID, ":use wants a type, such as s3.bucket");
    else if (mw_setup_type(&w->setup, ":use", name.data, &t, &err) == MW_OK) {
        count = mw_repl_count(w->repl, mw_type_name(t));
        if (*which)
            n = mw_repl_find(w->repl, mw_type_name(t), which);
        if (*which && n == SIZE_MAX && mw_parse_int(which, strlen(which), &number) && number >= 1 &&
            (size_t)number <= count)
            n = (size_t)number - 1;
        if (count == 0)
            mw_fail(&err, MW_ERR_NOTFOUND, "the snapshot has no %s", mw_type_name(t));
        else if (n == SIZE_MAX)
            mw_fail(&err, MW_ERR_NOTFOUND, "no %s is called '%.200s'; there are %zu, by number from 1", mw_type_name(t),
                    which, count);
    }
    if (err.status != MW_OK) {
        mw_repl_complain(w, &err);
        return;
    }
    w->number = n;
    w->at = mw_repl_nth(w->repl, mw_type_name(t), n);
    say_at(w);
}

static void next(struct repl *w, const char *rest)
{
    mw_error err = {0};
    mw_repl_at at = {.found = false};

    (void)rest;
    if (w->at.found)
        at = mw_repl_nth(w->repl, w->at.type, w->number + 1);
    if (!at.found) {
        if (w->at.found)
            mw_fail(&err, MW_ERR_NOTFOUND, "that was the last %s", w->at.type);
        else
            mw_fail(&err, MW_ERR_NOTFOUND, "no resource is at hand: :use TYPE");
        mw_repl_complain(w, &err);
        return;
    }
    w->at = at;
    w->number++;
    say_at(w);
}

/* ---- rules ---- */

mw_status mw_repl_known_rule(const struct repl *w, const char *id, mw_error *err)
{
    const mw_rules *rules = w->setup.rules;
    size_t n = rules ? mw_rules_count(rules) : 0;
    const char **ids, *near;

    if (rules && mw_rules_get(rules, id))
        return MW_OK;
    ids = mw_alloc((n + 1) * sizeof(*ids));
    for (size_t i = 0; ids && i < n; i++)
        ids[i] = mw_rules_at(rules, i)->id;
    near = ids ? mw_nearest(id, ids, n) : NULL;
    mw_free(ids);
    return near ? mw_fail(err, MW_ERR_INVALID, "there is no rule '%.120s'; did you mean '%s'?", id, near)
                : mw_fail(err, MW_ERR_INVALID, "there is no rule '%.120s'%s", id,
                          rules ? "" : ": start with --replay, --snapshot or --fixture");
}

static void rule(struct repl *w, const char *rest)
{
    MW_AUTO(mw_buf) out = {.max = (size_t)1 << 20};
    mw_findings found = {0};
    mw_error err = {0};

    if (mw_repl_known_rule(w, rest, &err) != MW_OK ||
        mw_repl_judge(w->repl, w->setup.rules, rest, &w->at, &found, &err) != MW_OK) {
        mw_repl_complain(w, &err);
        mw_findings_clear(&found);
        return;
    }
    for (size_t i = 0; i < found.count; i++) {
        const mw_finding *f = &found.items[i];
        mw_buf_puts(&out, mw_verdict_name(f->status));
        if (f->subkey)
            mw_buf_printf(&out, " [%s]", f->subkey);
        if (f->message)
            mw_buf_printf(&out, ": %s", f->message);
        mw_buf_putc(&out, '\n');
        if (f->evidence && !mw_str_eq(f->evidence, "[]"))
            mw_buf_printf(&out, "  evidence: %s\n", f->evidence);
    }
    mw_repl_say(&out);
    mw_findings_clear(&found);
}

/* ---- the rest ---- */

static void load(struct repl *w, const char *rest)
{
    MW_AUTO(mw_buf) text = {.max = MW_VM_SOURCE_MAX};
    mw_error err = {0};

    if (mw_file_read(rest, &text, &err) != MW_OK)
        mw_repl_complain(w, &err);
    else if (text.data)
        mw_repl_line(w, *text.data == ':' ? "" : text.data);
}

static void quit(struct repl *w, const char *rest)
{
    (void)rest;
    w->quit = true;
}

static void help(struct repl *w, const char *rest);

static const struct command {
    const char *name, *arguments, *help;
    void (*run)(struct repl *w, const char *rest);
} commands[] = {
    {"types", "[GLOB]", "types, and how many resources of each are here", types},
    {"type", "TYPE", "its members and facets, by the AWS models", type},
    {"use", "TYPE [ID|N]", "take a resource: r", use},
    {"next", "", "take the next of the same type", next},
    {"rule", "ID", "judge r by a rule: verdict, message, evidence", rule},
    {"load", "FILE", "run a file of Lua here", load},
    {"help", "", "this", help},
    {"quit", "", "leave", quit},
};

static void help(struct repl *w, const char *rest)
{
    MW_AUTO(mw_buf) out = {.max = 8192};

    (void)rest;
    (void)w;
    for (size_t i = 0; i < MW_COUNT(commands); i++)
        mw_buf_printf(&out, ":%s %-*s %s\n", commands[i].name, (int)(17 - strlen(commands[i].name)),
                      commands[i].arguments, commands[i].help);
    mw_buf_puts(
        &out, "r.Member, ctx.inventory:each(…), require(\"net\"): as in a rule; x = 1 keeps x, local x = 1 does not\n");
    mw_repl_say(&out);
}

const char *mw_repl_command_at(size_t i)
{
    return i < MW_COUNT(commands) ? commands[i].name : NULL;
}

void mw_repl_command(struct repl *w, const char *line)
{
    const char *names[MW_COUNT(commands)], *near;
    MW_AUTO(mw_buf) rest = {.max = MW_EDITOR_LINE_MAX};
    size_t len = strcspn(line, " ");
    mw_error err = {0};

    mw_buf_puts(&rest, line + len + strspn(line + len, " "));
    while (rest.len && rest.data[rest.len - 1] == ' ')
        rest.data[--rest.len] = '\0';
    for (size_t i = 0; i < MW_COUNT(commands); i++) {
        names[i] = commands[i].name;
        if (strlen(names[i]) != len || strncmp(names[i], line, len) != 0)
            continue;
        if (*commands[i].arguments && *commands[i].arguments != '[' && !rest.len) {
            mw_fail(&err, MW_ERR_INVALID, ":%s wants %s", names[i], commands[i].arguments);
            mw_repl_complain(w, &err);
            return;
        }
        commands[i].run(w, rest.data ? rest.data : "");
        return;
    }
    mw_buf_reset(&rest);
    mw_buf_add(&rest, line, len, NULL);
    near = mw_nearest(rest.data ? rest.data : "", names, MW_COUNT(names));
    if (near)
        mw_fail(&err, MW_ERR_INVALID, "there is no command ':%.80s'; did you mean ':%s'?", rest.data, near);
    else
        mw_fail(&err, MW_ERR_INVALID, "there is no command ':%.80s'; :help lists them", rest.data ? rest.data : "");
    mw_repl_complain(w, &err);
}
