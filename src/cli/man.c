/*
 * Pages for man(1) from the tables that the parser and --help use, so that they cannot tell of an option that there is
 * not. Text is escaped for roff: a line never begins with a control character, and no backslash means anything.
 */
#include "cli/man.h"

#include "cli/commands.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

const char *mw_man_name(const mw_command *c, char *out, size_t size)
{
    snprintf(out, size, "moonward%s%s.1", c ? "-" : "", c ? c->name : "");
    for (char *p = out; *p; p++)
        *p = *p == ' ' ? '-' : *p;
    return out;
}

static void roff(mw_buf *out, const char *s)
{
    bool start = true;

    for (; *s; s++) {
        if (start && (*s == '.' || *s == '\''))
            mw_buf_puts(out, "\\&");
        if (*s == '\\')
            mw_buf_puts(out, "\\e");
        else if (*s == '-')
            mw_buf_puts(out, "\\-");
        else
            mw_buf_putc(out, *s);
        start = *s == '\n';
    }
}

static void line(mw_buf *out, const char *s)
{
    roff(out, s);
    mw_buf_putc(out, '\n');
}

static void paragraphs(mw_buf *out, const char *s)
{
    for (const char *at = s; *at;) {
        const char *end = strstr(at, "\n\n");
        size_t len = end ? (size_t)(end - at) : strlen(at);
        MW_AUTO(mw_buf) one = {.max = 65536};
        mw_buf_add(&one, at, len, NULL);
        mw_buf_puts(out, ".PP\n");
        line(out, one.data ? one.data : "");
        at += len;
        at += strspn(at, "\n");
    }
}

static void option(mw_buf *out, const mw_option *o)
{
    MW_AUTO(mw_buf) text = {.max = 65536};

    mw_buf_puts(out, ".TP\n");
    if (o->letter)
        mw_buf_printf(out, "\\fB\\-%c\\fR, ", o->letter);
    mw_buf_puts(out, "\\fB\\-\\-");
    roff(out, o->name);
    mw_buf_puts(out, "\\fR");
    if (o->value) {
        mw_buf_puts(out, " \\fI");
        roff(out, o->value);
        mw_buf_puts(out, "\\fR");
    }
    mw_buf_putc(out, '\n');
    mw_buf_puts(&text, o->help);
    if (o->choices)
        mw_buf_printf(&text, ". One of %s", o->choices);
    if (o->repeatable)
        mw_buf_puts(&text, "; may be repeated");
    if (o->env)
        mw_buf_printf(&text, ". Environment: %s", o->env);
    mw_buf_puts(&text, ".");
    line(out, text.data ? text.data : "");
}

static void options(mw_buf *out, const char *heading, const mw_option *list, size_t n, const mw_command *except)
{
    if (n == 0)
        return;
    mw_buf_printf(out, ".SH %s\n", heading);
    for (size_t i = 0; i < n; i++) {
        bool own = false;
        for (size_t k = 0; except && k < except->option_count; k++)
            own = own || mw_str_eq(except->options[k].name, list[i].name);
        if (!own)
            option(out, &list[i]);
    }
}

static void head(mw_buf *out, const mw_command *c, const char *summary)
{
    char name[128];

    mw_man_name(c, name, sizeof(name));
    name[strlen(name) - 2] = '\0';
    mw_buf_printf(out, ".TH \"");
    roff(out, name);
    mw_buf_puts(out, "\" 1 \"\" \"moonward " MW_VERSION "\" \"Moonward\"\n.SH NAME\n");
    roff(out, name);
    mw_buf_puts(out, " \\- ");
    line(out, summary);
    mw_buf_puts(out, ".SH SYNOPSIS\n\\fBmoonward ");
    roff(out, c ? c->name : "COMMAND");
    mw_buf_puts(out, "\\fR ");
    roff(out, c && c->arguments ? c->arguments : c ? "" : "[ARGUMENTS]");
    mw_buf_puts(out, " [OPTIONS]\n");
}

static void examples(mw_buf *out, const char *s)
{
    if (!s)
        return;
    mw_buf_puts(out, ".SH EXAMPLES\n.nf\n");
    roff(out, s);
    mw_buf_puts(out, ".fi\n");
}

mw_status mw_man_page(const mw_command *c, mw_buf *out, mw_error *err)
{
    size_t n, count;
    const mw_option *global = mw_global_options(&n);
    const mw_command *const *all = mw_commands(&count);

    head(out, c, c ? c->summary : "rules for AWS, written in Lua");
    mw_buf_puts(out, ".SH DESCRIPTION\n");
    if (c) {
        mw_buf_puts(out, ".PP\n");
        roff(out, c->summary);
        mw_buf_puts(out, ".\n");
        paragraphs(out, c->description ? c->description : "");
        options(out, "OPTIONS", c->options, c->option_count, NULL);
    } else {
        paragraphs(
            out,
            "Rules judge the resources of AWS accounts; they are Lua files that run without credentials, network or "
            "files. What could not be read is unknown, never a pass.");
        mw_buf_puts(out, ".SH COMMANDS\n");
        for (size_t i = 0; i < count; i++) {
            mw_buf_puts(out, ".TP\n\\fB");
            roff(out, all[i]->name);
            mw_buf_puts(out, "\\fR\n");
            line(out, all[i]->summary);
        }
    }
    options(out, "GLOBAL OPTIONS", global, n, c);
    mw_buf_puts(out, ".SH EXIT STATUS\n");
    line(
        out,
        "0 complete and nothing at or above --fail-on; 1 findings; 2 incomplete; 3 usage, configuration or rule error; "
        "4 no usable credentials; 5 refused by a guard; 6 failed items; 130 and 143 after a signal.");
    examples(out, c ? c->examples : NULL);
    if (c)
        mw_buf_puts(out, ".SH SEE ALSO\n.BR moonward (1)\n");
    return mw_buf_status(out, err);
}
