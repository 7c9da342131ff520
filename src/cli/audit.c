/*
 * `moonward audit`: an ad-hoc script over the selected accounts and regions. This file selects, shows and
 * decides the exit status; running is the engine's. Rows go to stdout in one piece at the end, also when
 * the run was interrupted; lines that scripts print go to stderr as they come.
 */
#include "cli/accounts.h"
#include "cli/audit_stored.h"
#include "cli/commands.h"
#include "cli/permit.h"
#include "cli/progress.h"

#include "base/file.h"
#include "base/secret.h"
#include "base/str.h"
#include "lua/vm.h"
#include "report/audit.h"
#include "report/term.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define FAILURES_SHOWN   20
#define OUTPUT_MAX_BYTES ((size_t)2 << 30)

struct audit {
    mw_setup setup;
    mw_session session;
    mw_accounts accounts;
    mw_audit_stored stored; /* with --snapshot */
    mw_progress progress;
    mw_buf source;
    mw_audit found;
    mw_permissions used; /* with --permissions: what was called */
    mw_status used_status;
    mw_error used_error;
    bool many; /* scopes: lines tell whose they are */
};

static void clear(struct audit *w)
{
    mw_progress_end(&w->progress);
    mw_audit_clear(&w->found);
    mw_accounts_clear(&w->accounts);
    mw_audit_stored_clear(&w->stored);
    mw_session_clear(&w->session);
    mw_permissions_clear(&w->used); /* the client told of every call */
    mw_buf_clear(&w->source);
    mw_setup_clear(&w->setup);
}

static void to_stderr(const mw_buf *line)
{
    if (line->failed == MW_OK && line->data)
        (void)mw_fd_write_all(STDERR_FILENO, "stderr", line->data, line->len, NULL);
}

static void on_line(void *user, const char *account, const char *region, const char *text, size_t len)
{
    struct audit *w = user;
    MW_AUTO(mw_buf) line = {.max = 1 << 20};
    MW_AUTO(mw_buf) plain = {.max = 1 << 17};

    mw_progress_end(&w->progress);
    if (w->many)
        mw_buf_printf(&line, "%s %s: ", account, region);
    mw_buf_add(&plain, text, len, NULL);
    /* Lines of their own, each neutral to the terminal. */
    for (char *p = plain.data, *next; p; p = next) {
        next = strchr(p, '\n');
        if (next)
            *next++ = '\0';
        for (char *tab = p; (tab = strchr(tab, '\t')) != NULL;)
            *tab = ' ';
        mw_term_text(&line, p);
        mw_buf_putc(&line, '\n');
    }
    to_stderr(&line);
}

static void on_progress(void *user, const mw_audit_progress *p)
{
    mw_progress_audit(&((struct audit *)user)->progress, p);
}

/* ---- what to run, and where ---- */

static mw_status read_script(struct audit *w, mw_error *err)
{
    const char *path = mw_args_positional(w->setup.cli->args, 0);
    mw_status st;

    w->source.max = MW_VM_SOURCE_MAX + 1;
    st = mw_file_read(path, &w->source, err);
    if (st == MW_ERR_LIMIT)
        return mw_fail(err, MW_ERR_INVALID, "%s: a script has at most %zu bytes", path, MW_VM_SOURCE_MAX);
    if (st != MW_OK)
        return st;
    return mw_audit_check(path, w->source.data ? w->source.data : "", w->source.len, err);
}

static mw_status select_scopes(struct audit *w, mw_error *err)
{
    mw_session *n = &w->session;
    bool once = mw_audit_once_per_account(w->source.data ? w->source.data : "", w->source.len);
    const char *snapshot = mw_args_get(w->setup.cli->args, "snapshot");
    mw_status st;

    if (snapshot) {
        if ((st = mw_audit_stored_open(&w->setup, snapshot, once, &w->stored, err)) != MW_OK)
            return st;
        w->many = w->stored.count > 1 || w->stored.items[0].region_count > 1;
        return MW_OK;
    }
    if ((st = mw_accounts_begin(n, err)) != MW_OK || (st = mw_session_identify(n, err)) != MW_OK ||
        (st = mw_accounts_resolve(n, &w->accounts, err)) != MW_OK)
        return st;
    for (size_t i = 0; i < w->accounts.count; i++) {
        w->accounts.items[i].regions = once ? &n->home_region : (const char *const *)n->regions;
        w->accounts.items[i].region_count = once ? 1 : n->region_count;
    }
    w->many = w->accounts.count * (once ? 1 : n->region_count) > 1;
    return MW_OK;
}

static mw_status perform(struct audit *w, mw_error *err)
{
    const mw_args *args = w->setup.cli->args;
    size_t count = mw_args_positional_count(args) - 1;
    const char **rest = mw_arena_alloc(&w->setup.arena, (count + 1) * sizeof(*rest));
    const mw_audit_options o = {.client = w->session.client,
                                .path = mw_args_positional(args, 0),
                                .source = w->source.data ? w->source.data : "",
                                .len = w->source.len,
                                .args = rest,
                                .arg_count = count,
                                .accounts = w->stored.items ? w->stored.items : w->accounts.items,
                                .account_count = w->stored.items ? w->stored.count : w->accounts.count,
                                .snapshot_fd = w->stored.fd,
                                .now_unix = w->stored.now_unix,
                                .stop = w->setup.cli->stop,
                                .user = w,
                                .on_line = on_line,
                                .on_progress = on_progress};
    mw_error closing = {0};
    mw_status st;

    if (!rest)
        return mw_fail(err, MW_ERR_NOMEM, "audit: out of memory");
    for (size_t i = 0; i < count; i++)
        rest[i] = mw_args_positional(args, i + 1);
    mw_progress_start(&w->progress, w->setup.cli);
    st = mw_audit_run(&o, &w->found, err);
    mw_progress_end(&w->progress);
    if (mw_session_close(&w->session, &closing) != MW_OK && st == MW_OK) {
        *err = closing;
        st = closing.status;
    }
    return st;
}

/* ---- what was called ---- */

static void on_call(void *user, const mw_operation *op, const mw_call_result *r, int64_t waited_ms)
{
    struct audit *w = user;
    MW_AUTO(mw_buf) name = {.max = 1024};

    (void)waited_ms;
    if (r->requests == 0 || w->used_status != MW_OK)
        return;
    mw_buf_printf(&name, "%s:%s", mw_service_name(mw_operation_service(op)), mw_operation_name(op));
    if ((w->used_status = mw_buf_status(&name, &w->used_error)) == MW_OK)
        w->used_status = mw_permissions_add(&w->used, w->session.models, name.data, "(audit)", NULL, &w->used_error);
}

static mw_status watch_calls(struct audit *w, mw_error *err)
{
    const mw_args *args = w->setup.cli->args;

    if (!mw_args_flag(args, "permissions"))
        return MW_OK;
    if (mw_client_replays(w->session.client) || mw_args_get(args, "snapshot"))
        return mw_fail(err, MW_ERR_INVALID, "--permissions needs a run that asks AWS: not --replay, not --snapshot");
    mw_client_watch(w->session.client, on_call, w);
    return MW_OK;
}

/* The policy of the run, also of one that was interrupted: on stderr, as rows are on stdout, or into the file. */
static mw_status write_used(struct audit *w, mw_error *err)
{
    const char *file = mw_args_get(w->setup.cli->args, "permissions");
    MW_AUTO(mw_buf) out = {.max = 1 << 22};
    mw_iam_actions actions;
    mw_status st = w->used_status;

    if (st != MW_OK)
        *err = w->used_error;
    else if ((st = mw_permit_actions(&w->used, &w->setup.arena, &actions, err)) == MW_OK)
        st = mw_iam_policy_json(actions, false, &out, err);
    if (st != MW_OK)
        return st;
    if (file && *file)
        return mw_file_write_atomic(file, out.data, out.len, 0666, err);
    to_stderr(&out);
    return MW_OK;
}

/* ---- results ---- */

static mw_status render(struct audit *w, mw_buf *out, mw_error *err)
{
    const char *output = mw_args_get(w->setup.cli->args, "output");
    mw_text_options text = mw_setup_text(&w->setup);

    if (mw_str_eq(output, "json"))
        return mw_audit_json(&w->found, mw_args_positional(w->setup.cli->args, 0), out, err);
    if (mw_str_eq(output, "jsonl"))
        return mw_audit_jsonl(&w->found, out, err);
    if (mw_str_eq(output, "csv"))
        return mw_audit_csv(&w->found, out, err);
    return mw_audit_table(&w->found, &text, out, err);
}

/* Which scopes are not complete, and why; on stderr, for the rows alone do not tell. */
static size_t summarise(const struct audit *w)
{
    MW_AUTO(mw_buf) line = {.max = 1 << 20};
    size_t complete = 0, failed = 0, stopped = 0, calls = 0;

    for (size_t i = 0; i < w->found.scope_count; i++) {
        const mw_audit_scope *s = &w->found.scopes[i];
        calls += s->calls;
        complete += s->state == MW_AUDIT_COMPLETE;
        stopped += s->state == MW_AUDIT_STOPPED;
        if (s->state != MW_AUDIT_FAILED || failed++ >= FAILURES_SHOWN)
            continue;
        mw_buf_printf(&line, "moonward: %s %s failed: ", s->account, s->region);
        {
            MW_AUTO(mw_buf) masked = {.max = 8192};
            mw_mask_secrets(&masked, s->message ? s->message : "", s->message ? strlen(s->message) : 0);
            mw_term_text(&line, masked.data ? masked.data : "");
        }
        mw_buf_putc(&line, '\n');
    }
    if (failed > FAILURES_SHOWN)
        mw_buf_printf(&line, "moonward: … and %zu more failed scopes; --output json lists them all\n",
                      failed - FAILURES_SHOWN);
    if (failed || stopped || !mw_args_flag(w->setup.cli->args, "quiet")) {
        mw_buf_printf(&line, "moonward: %zu of %zu scopes complete", complete, w->found.scope_count);
        if (failed)
            mw_buf_printf(&line, ", %zu failed", failed);
        if (stopped)
            mw_buf_printf(&line, ", %zu not run to the end", stopped);
        mw_buf_printf(&line, "; %zu row%s, %zu call%s\n", w->found.row_count, w->found.row_count == 1 ? "" : "s", calls,
                      calls == 1 ? "" : "s");
    }
    to_stderr(&line);
    return failed + stopped;
}

static int finish(struct audit *w, mw_status ran, const mw_error *why)
{
    MW_AUTO(mw_buf) out = {.max = OUTPUT_MAX_BYTES};
    mw_error err = {0};
    int code;

    if (render(w, &out, &err) != MW_OK ||
        (mw_args_flag(w->setup.cli->args, "permissions") && write_used(w, &err) != MW_OK))
        return mw_cli_fail(&err);
    code = mw_cli_print(out.data, out.len, MW_EXIT_OK);
    if (summarise(w) > 0 && code == MW_EXIT_OK)
        code = MW_EXIT_INCOMPLETE;
    return ran == MW_OK ? code : mw_cli_fail(why);
}

static int run(mw_cli *cli)
{
    struct audit w = {.stored = {.fd = -1}};
    mw_error err = {0};
    int code;

    if (mw_setup_config(&w.setup, cli, &err) != MW_OK || read_script(&w, &err) != MW_OK ||
        mw_session_open(&w.setup, &w.session, &err) != MW_OK || watch_calls(&w, &err) != MW_OK ||
        select_scopes(&w, &err) != MW_OK) {
        code = mw_cli_fail(&err);
    } else {
        mw_status st = perform(&w, &err);
        code = st == MW_OK || st == MW_ERR_CANCELLED ? finish(&w, st, &err) : mw_cli_fail(&err);
    }
    clear(&w);
    return code;
}

static const mw_option options[] = {
    {.name = "account",
     .value = "ID",
     .repeatable = true,
     .env = "MOONWARD_ACCOUNT",
     .env_separator = ',',
     .help = "Account that the credentials must belong to; with --role-name an account to look into, or a glob "
             "over the organization's"},
    {.name = "role-name",
     .value = "NAME",
     .env = "MOONWARD_ROLE_NAME",
     .help = "Role to assume in each --account: name, path and name, or ARN with {account}"},
    {.name = "external-id", .value = "ID", .help = "External id that the role asks for"},
    {.name = "snapshot",
     .value = "SNAPSHOT",
     .help = "Give `inventory` this stored snapshot (latest, an id, a digest) and ask AWS nothing"},
    {.name = "permissions",
     .value = "FILE",
     .bare = true,
     .help = "Print the IAM policy of what was called on stderr, or write it to FILE"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "table|json|jsonl|csv",
     .env = "MOONWARD_OUTPUT",
     .help = "Format of the rows (default: table)"},
};

const mw_command mw_command_audit = {
    .name = "audit",
    .arguments = "SCRIPT [ARGS…]",
    .summary = "Run an ad-hoc script over accounts and regions",
    .description =
        "SCRIPT is a Lua file that asks AWS with aws.call, aws.pages or aws.items and gives rows with emit{}; ARGS "
        "are its `args`. It runs once for each selected account and region, several at once, in a worker without "
        "credentials. Audits only read: what is not known to be read-only is refused.\n\n"
        "With --snapshot, `inventory` shows a stored snapshot, and the scopes are those that it looked into: no "
        "credentials, no network.\n\n"
        "Rows go to stdout; what the script prints, progress and the scopes that failed go to stderr.\n\n"
        "Exit status: 0 every scope complete; 2 a scope failed; 3 usage, configuration or script error; 4 no usable "
        "credentials or not the expected account; 130 interrupted, with the rows so far.",
    .examples = "moonward audit scripts/audits/unused-access-keys.lua 90\n"
                "moonward audit scripts/audits/open-ports.lua --region 'eu-*' --output csv\n"
                "moonward audit question.lua --snapshot latest\n"
                "moonward audit question.lua --account '*' --role-name Auditor --output json\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .min_args = 1,
    .max_args = MW_ARGS_ANY,
    .run = run,
};
