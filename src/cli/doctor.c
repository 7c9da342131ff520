/*
 * `moonward doctor`: asks the groups, prints what they said, and makes one exit status of it. It
 * never changes anything, and never prints a secret: of an access key, its last four characters.
 */
#include "cli/doctor.h"

#include "base/str.h"
#include "cli/commands.h"
#include "report/term.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {"ok", "warn", "fail", "skipped"};

const char *mw_doctor_keep(mw_doctor *d, const char *text)
{
    const char *copy = mw_arena_strdup(&d->arena, text ? text : "");

    d->out_of_memory = d->out_of_memory || !copy;
    return copy ? copy : "";
}

void mw_doctor_say(mw_doctor *d, const char *group, const char *name, mw_check_status status, int exit_code,
                   const char *remedy, const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (d->count == d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 64;
        mw_check *wider = mw_realloc(d->checks, cap * sizeof(*wider));
        if (!wider) {
            d->out_of_memory = true;
            return;
        }
        d->checks = wider;
        d->cap = cap;
    }
    d->checks[d->count++] = (mw_check){.group = group,
                                       .name = mw_doctor_keep(d, name),
                                       .detail = mw_doctor_keep(d, text),
                                       .status = status,
                                       .exit_code = exit_code,
                                       .remedy = remedy ? mw_doctor_keep(d, remedy) : NULL};
}

/* ---- output ---- */

static void write_text(mw_doctor *d, mw_buf *out)
{
    static const mw_color colors[] = {MW_COLOR_GREEN, MW_COLOR_YELLOW, MW_COLOR_RED, MW_COLOR_DIM};
    const mw_text_options o = mw_setup_text(&d->setup);
    size_t counts[4] = {0};

    for (size_t i = 0; i < d->count; i++) {
        const mw_check *c = &d->checks[i];
        counts[c->status]++;
        if (i == 0 || !mw_str_eq(c->group, d->checks[i - 1].group))
            mw_buf_printf(out, "%s%s\n", i ? "\n" : "", c->group);
        mw_buf_puts(out, "  ");
        mw_term_color(out, o.color, colors[c->status]);
        mw_term_cell(out, status_names[c->status], 7);
        mw_term_reset(out, o.color);
        mw_buf_putc(out, ' ');
        mw_term_text(out, c->name);
        mw_buf_puts(out, ": ");
        mw_term_text(out, c->detail);
        mw_buf_putc(out, '\n');
        if (c->remedy && c->status != MW_CHECK_OK) {
            mw_buf_puts(out, "          ");
            mw_term_text(out, c->remedy);
            mw_buf_putc(out, '\n');
        }
    }
    mw_buf_printf(out, "\n%zu ok, %zu warn, %zu fail, %zu skipped\n", counts[0], counts[1], counts[2], counts[3]);
}

static void write_permissions(const mw_doctor *d, mw_doc_builder *b)
{
    mw_doc_ckey(b, "permissions");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < d->probed_count; i++) {
        const mw_probed *p = &d->probed[i];
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "operation", p->operation);
        mw_doc_member_str(b, "state", p->state);
        mw_doc_member_str(b, "class", p->class);
        mw_doc_member_str(b, "message", p->message);
        mw_doc_ckey(b, "rules");
        mw_doc_begin_array(b);
        for (size_t k = 0; k < p->rule_count; k++)
            mw_doc_add_cstr(b, p->rules[k]);
        mw_doc_end_array(b);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
}

static mw_status write_json(const mw_doctor *d, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    size_t counts[4] = {0};
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "schema", "moonward.doctor/1");
    mw_doc_ckey(b, "checks");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < d->count; i++) {
        const mw_check *c = &d->checks[i];
        counts[c->status]++;
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "group", c->group);
        mw_doc_member_str(b, "name", c->name);
        mw_doc_member_str(b, "status", status_names[c->status]);
        mw_doc_member_str(b, "detail", c->detail);
        mw_doc_member_str(b, "remedy", c->status == MW_CHECK_OK ? NULL : c->remedy);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    write_permissions(d, b);
    mw_doc_ckey(b, "summary");
    mw_doc_begin_object(b);
    for (size_t i = 0; i < 4; i++)
        mw_doc_member_int(b, status_names[i], (int64_t)counts[i]);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    st = mw_cli_json(b, out, err);
    mw_doc_builder_free(b);
    return st;
}

/* Usage and configuration before credentials, and those before what is merely incomplete. */
static int exit_code(const mw_doctor *d)
{
    static const int order[] = {MW_EXIT_USAGE, MW_EXIT_CREDENTIALS};
    bool failed = false;

    for (size_t k = 0; k < MW_COUNT(order); k++) {
        for (size_t i = 0; i < d->count; i++) {
            failed = failed || d->checks[i].status == MW_CHECK_FAIL;
            if (d->checks[i].status == MW_CHECK_FAIL && d->checks[i].exit_code == order[k])
                return order[k];
        }
    }
    return failed ? MW_EXIT_INCOMPLETE : MW_EXIT_OK;
}

static int run(mw_cli *cli)
{
    static void (*const groups[])(mw_doctor * d) = {mw_doctor_local,       mw_doctor_store, mw_doctor_network,
                                                    mw_doctor_credentials, mw_doctor_roles, mw_doctor_permissions};
    MW_AUTO(mw_buf) out = {.max = (size_t)64 << 20};
    mw_doctor d = {.cli = cli, .setup = {.cli = cli}, .probe = {.calls_most = UINT64_MAX, .usd_most = -1}};
    mw_error err = {0};
    mw_status st = MW_OK;
    int code;

    for (size_t i = 0; i < MW_COUNT(groups) && !*cli->stop; i++)
        groups[i](&d);
    if (*cli->stop)
        st = mw_fail(&err, MW_ERR_CANCELLED, "stopped by a signal");
    else if (d.out_of_memory)
        st = mw_fail(&err, MW_ERR_NOMEM, "doctor: out of memory");
    else if (mw_str_eq(mw_args_get(cli->args, "output"), "json"))
        st = write_json(&d, &out, &err);
    else
        write_text(&d, &out);
    if (st == MW_OK)
        st = mw_buf_status(&out, &err);
    code = st == MW_OK ? mw_cli_print(out.data, out.len, exit_code(&d)) : mw_cli_fail(&err);
    mw_targets_clear(&d.targets);
    mw_plan_free(d.plan);
    mw_session_clear(&d.session);
    mw_setup_clear(&d.setup);
    mw_free(d.checks);
    mw_arena_clear(&d.arena);
    return code;
}

static const mw_option options[] = {
    {.name = "probe",
     .help = "Make each API call of the enabled rules once, one page in one region, to see which "
             "are denied"},
    MW_ROLE_OPTIONS,
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format on stdout (default: text)"},
};

const mw_command mw_command_doctor = {
    .name = "doctor",
    .summary = "Look at everything that a sweep relies on, and say what to do",
    .description = "Configuration, rules, models, sandbox, store, network, clock, the credential chain (which "
                   "source served and "
                   "why the others were skipped; never a secret), identity, regions, the role of every "
                   "account, and "
                   "what its policies lack, by rule. --probe asks AWS itself what is denied. Every check is "
                   "ok, warn, fail or "
                   "skipped, with one line of "
                   "what to do; nothing is written to AWS. Without a network the rest is still looked at.\n\n"
                   "Exit status: 0 nothing failed; 2 something did; 3 configuration, rules or models; 4 no "
                   "usable "
                   "credentials, or not the expected account.",
    .examples = "moonward doctor\n"
                "moonward doctor --probe --output json\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .run = run,
};
