/*
 * `--help` and `moonward help`, made from the tables alone, so that it cannot drift from what the parser
 * accepts. 80 columns whatever the terminal, for help is read in pipes and bug reports too.
 */
#include "cli/commands.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS       80
#define OPTION_INDENT 26

/* Text from column @p at on, wrapped at blanks, further lines indented by @p indent. */
static void wrap(mw_buf *out, const char *text, size_t at, size_t indent)
{
    while (*text) {
        size_t len = strcspn(text, " \n");
        size_t shown = 0; /* columns, not bytes */
        for (size_t i = 0; i < len; i++)
            shown += ((unsigned char)text[i] & 0xC0) != 0x80;
        if (at > indent && at + 1 + shown > COLUMNS) {
            mw_buf_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            mw_buf_putc(out, ' ');
            at++;
        }
        mw_buf_add(out, text, len, NULL);
        at += shown;
        text += len;
        if (*text == '\n') {
            mw_buf_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        }
        text += *text != '\0';
    }
    mw_buf_putc(out, '\n');
}

static void one_option(mw_buf *out, const mw_option *o)
{
    MW_AUTO(mw_buf) text = {.max = 4096};
    const char *fallback = strstr(o->help, " (default:");
    size_t before = fallback ? (size_t)(fallback - o->help) : strlen(o->help), len;
    char left[96], letter[8] = "    ";

    if (o->letter)
        snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    snprintf(left, sizeof(left), "  %s--%s%s%s%s", letter, o->name,
             !o->value ? ""
             : o->bare ? "[="
                       : " ",
             o->value ? o->value : "", o->bare ? "]" : "");
    len = strlen(left);
    mw_buf_puts(out, left);
    if (len + 2 > OPTION_INDENT)
        mw_buf_printf(out, "\n%*s", OPTION_INDENT, "");
    else
        mw_buf_printf(out, "%*s", (int)(OPTION_INDENT - len), "");
    /* "Format (default: text)" with choices reads "Format: text, json (default: text)". */
    mw_buf_add(&text, o->help, before, NULL);
    if (o->choices)
        mw_buf_puts(&text, ": ");
    for (const char *at = o->choices; at && *at; at++)
        mw_buf_puts(&text, *at == '|' ? ", " : (char[]){*at, '\0'});
    mw_buf_puts(&text, o->help + before);
    if (o->repeatable)
        mw_buf_puts(&text, "; may be repeated");
    if (o->env)
        mw_buf_printf(&text, " [%s]", o->env);
    if (out->failed == MW_OK)
        out->failed = text.failed;
    wrap(out, text.data ? text.data : "", OPTION_INDENT, OPTION_INDENT);
}

static void global_part(mw_buf *out, const mw_command *c)
{
    size_t n;
    const mw_option *global = mw_global_options(&n);

    mw_buf_puts(out, "\nGlobal options:\n");
    for (size_t i = 0; i < n; i++) {
        bool own = false;
        for (size_t k = 0; c && k < c->option_count; k++)
            own = own || strcmp(c->options[k].name, global[i].name) == 0;
        if (!own)
            one_option(out, &global[i]);
    }
}

mw_status mw_help_global(mw_buf *out, mw_error *err)
{
    size_t n, widest = 0;
    const mw_command *const *all = mw_commands(&n);

    for (size_t i = 0; i < n; i++)
        widest = strlen(all[i]->name) > widest ? strlen(all[i]->name) : widest;
    mw_buf_puts(out, "Usage: moonward COMMAND [ARGUMENTS] [OPTIONS]\n\n");
    wrap(out, "Rules for AWS, written in Lua. What could not be read is unknown, never a pass.", 0, 0);
    mw_buf_puts(out, "\nCommands:\n");
    for (size_t i = 0; i < n; i++) {
        mw_buf_printf(out, "  %-*s", (int)widest + 1, all[i]->name);
        wrap(out, all[i]->summary, widest + 3, widest + 3);
    }
    global_part(out, NULL);
    mw_buf_puts(out, "\nAn option goes before its environment variable, that before the "
                     "configuration,\nthat before the default. 'moonward COMMAND --help' "
                     "tells more.\n");
    return mw_buf_status(out, err);
}

mw_status mw_help_command(const mw_command *c, mw_buf *out, mw_error *err)
{
    mw_buf_printf(out, "Usage: moonward %s%s%s [OPTIONS]\n\n", c->name, c->arguments ? " " : "",
                  c->arguments ? c->arguments : "");
    mw_buf_printf(out, "%s.\n", c->summary);
    if (c->description) {
        mw_buf_putc(out, '\n');
        wrap(out, c->description, 0, 0);
    }
    if (c->option_count) {
        mw_buf_puts(out, "\nOptions:\n");
        for (size_t i = 0; i < c->option_count; i++)
            one_option(out, &c->options[i]);
    }
    global_part(out, c);
    if (c->examples)
        mw_buf_puts(out, "\nExamples:\n");
    for (const char *at = c->examples; at && *at;) {
        size_t len = strcspn(at, "\n");
        mw_buf_printf(out, "  %.*s\n", (int)len, at);
        at += len + (at[len] == '\n');
    }
    return mw_buf_status(out, err);
}

static int run(mw_cli *cli)
{
    MW_AUTO(mw_buf) out = {0};
    size_t n = mw_args_positional_count(cli->args);
    const mw_command *found = NULL;
    mw_args *args = NULL;
    mw_error err = {0};
    mw_status st = MW_OK;
    char help[] = "--help";
    char *argv[3];

    /* The parser knows one- and two-word names and the nearest ones: ask it. */
    for (size_t i = 0; i < n; i++)
        argv[i] = (char *)(uintptr_t)mw_args_positional(cli->args, i);
    argv[n] = help;
    if (n > 0)
        st = mw_args_parse((int)n + 1, argv, NULL, &args, &found, &err);
    mw_args_free(args);
    if (st == MW_OK)
        st = found ? mw_help_command(found, &out, &err) : mw_help_global(&out, &err);
    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

const mw_command mw_command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "Show the help of a command",
    .max_args = 2,
    .run = run,
};
