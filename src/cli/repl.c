/*
 * `moonward repl`: a prompt with a resource at hand. Lines run in a jailed worker; this file reads them, keeps the
 * resource, and knows the commands. Works without a terminal too: then lines come from stdin and there is no prompt.
 */
#include "cli/commands.h"
#include "cli/editor.h"
#include "cli/models.h"
#include "cli/repl.h"
#include "cli/session.h"
#include "cli/sweep.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/archive.h"
#include "inventory/collect.h"
#include "lua/vm.h"
#include "report/term.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROMPT      "moonward> "
#define PROMPT_MORE "     ...> "

static void clear(struct repl *w)
{
    mw_repl_free(w->repl);
    mw_editor_free(w->editor);
    if (w->snapshot_fd >= 0)
        close(w->snapshot_fd);
    mw_buf_clear(&w->chunk);
    mw_session_clear(&w->session);
    mw_model_pack_clear(&w->pack);
    mw_setup_clear(&w->setup);
}

/* ---- what is said ---- */

void mw_repl_say(const mw_buf *text)
{
    MW_AUTO(mw_buf) out = {.max = (size_t)4 << 20};

    mw_term_bytes(&out, text->data ? text->data : "", text->len, true);
    if (out.failed == MW_OK && out.len)
        (void)mw_fd_write_all(STDOUT_FILENO, "stdout", out.data, out.len, NULL);
}

/* One line on stderr; a prompt goes on, a list of lines from stdin fails at its end. */
void mw_repl_complain(struct repl *w, const mw_error *err)
{
    MW_AUTO(mw_buf) line = {.max = 16384};

    w->failed = true;
    mw_buf_puts(&line, "error: ");
    mw_term_text(&line, err->message);
    mw_buf_putc(&line, '\n');
    if (line.failed == MW_OK)
        (void)mw_fd_write_all(STDERR_FILENO, "stderr", line.data, line.len, NULL);
}

/* ---- the snapshot ---- */

/* The plan of the rules, and all facets of each --type. */
static mw_status plan_all(struct repl *w, mw_plan **plan, mw_error *err)
{
    mw_status st = mw_sweep_plan(w->setup.rules, w->setup.types, w->session.models, plan, err);

    for (size_t i = 0; i < mw_args_count(w->setup.cli->args, "type") && st == MW_OK; i++) {
        const mw_type *t;
        if ((st = mw_setup_type(&w->setup, "--type", mw_args_value(w->setup.cli->args, "type", i), &t, err)) != MW_OK ||
            (st = mw_plan_need(*plan, mw_type_name(t), NULL, err)) != MW_OK)
            break;
        for (size_t k = 0; k < mw_type_facet_count(t) && st == MW_OK; k++)
            st = mw_plan_need(*plan, mw_type_name(t), mw_type_facet_at(t, k), err);
    }
    return st;
}

static mw_status replay(struct repl *w, mw_error *err)
{
    mw_session *n = &w->session;
    mw_collect_account account;
    mw_collect_options o = {.accounts = &account, .account_count = 1, .keep_sensitive = true /* nothing is stored */};
    mw_plan *plan = NULL;
    mw_status st;

    if ((st = mw_setup_rules(&w->setup, err)) == MW_OK && (st = mw_session_open(&w->setup, n, err)) == MW_OK &&
        (st = mw_session_identify(n, err)) == MW_OK && (st = plan_all(w, &plan, err)) == MW_OK) {
        account = (mw_collect_account){.account = n->account,
                                       .partition = n->partition,
                                       .home_region = n->home_region,
                                       .regions = (const char *const *)n->regions,
                                       .region_count = n->region_count};
        o.now_unix = mw_client_now_unix(n->client);
        st = mw_collect(n->client, plan, &o, &w->snapshot_fd, err);
    }
    mw_plan_free(plan);
    return st;
}

static mw_status stored(struct repl *w, const char *name, mw_error *err)
{
    MW_AUTO(mw_archived) archived = {.notes = MW_VAL_ABSENT};
    mw_store *store = NULL;
    mw_status st;

    if ((st = mw_setup_rules(&w->setup, err)) == MW_OK && (st = mw_setup_store(&w->setup, &store, err)) == MW_OK)
        st = mw_archive_load(store, name, &(mw_archive_options){.types = w->setup.types}, &w->snapshot_fd, &archived,
                             err);
    mw_store_close(store);
    return st;
}

/* The rule beside a test file says which type its fixtures are of. */
static mw_status fixtures(struct repl *w, const char *path, mw_error *err)
{
    size_t len = strlen(path), tail = strlen("_test.lua");
    const char *rule;

    if (!mw_str_ends(path, "_test.lua"))
        return mw_fail(err, MW_ERR_INVALID, "--fixture: '%s' is not a rule's test, <id>_test.lua", path);
    rule = mw_arena_printf(&w->setup.arena, "%.*s.lua", (int)(len - tail), path);
    if (!rule)
        return mw_fail(err, MW_ERR_NOMEM, "--fixture: out of memory");
    if (mw_setup_rules_untouched(&w->setup, &rule, 1, err) != MW_OK)
        return err->status;
    w->first_type = mw_rules_at(w->setup.rules, 0)->resource;
    return mw_repl_fixtures(path, w->first_type, w->setup.types, &w->snapshot_fd, err);
}

/* Without a source there is the language and an empty inventory. */
static mw_status nothing(struct repl *w, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_setup_types(&w->setup, err);

    if (st != MW_OK || (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    st = mw_snapshot_from_fixtures(w->setup.types, mw_doc_view(b), NULL, 0, &w->snapshot_fd, err);
    mw_doc_builder_free(b);
    return st;
}

static mw_status open_all(struct repl *w, mw_cli *cli, mw_error *err)
{
    const char *fixture = mw_args_get(cli->args, "fixture"), *rule = mw_args_get(cli->args, "rule");
    const char *type = mw_args_get(cli->args, "type");
    const char *snapshot = mw_args_get(cli->args, "snapshot");
    bool replays = mw_args_get(cli->args, "replay") != NULL;
    const mw_type *t;
    mw_status st;

    if (replays + (fixture != NULL) + (snapshot != NULL) > 1)
        return mw_fail(err, MW_ERR_INVALID, "--replay, --snapshot and --fixture: one of them");
    if ((st = mw_setup_config(&w->setup, cli, err)) != MW_OK ||
        (st = mw_model_pack_open(cli->args, &w->pack, err)) != MW_OK ||
        (st = replays    ? replay(w, err)
              : snapshot ? stored(w, snapshot, err)
              : fixture  ? fixtures(w, fixture, err)
                         : nothing(w, err)) != MW_OK)
        return st;
    if (type) {
        if ((st = mw_setup_type(&w->setup, "--type", type, &t, err)) != MW_OK)
            return st;
        w->first_type = mw_type_name(t);
    }
    if (rule) {
        if (!w->setup.rules)
            return mw_fail(err, MW_ERR_INVALID, "--rule wants --replay, --snapshot or --fixture: a resource to judge");
        if ((st = mw_repl_known_rule(w, rule, err)) != MW_OK)
            return st;
        w->first_type = mw_rules_get(w->setup.rules, rule)->resource;
    }
    st = mw_repl_new(&(mw_repl_options){.snapshot_fd = w->snapshot_fd, .stop = cli->stop}, &w->repl, err);
    if (st == MW_OK && w->first_type)
        w->at = mw_repl_nth(w->repl, w->first_type, 0);
    return st;
}

/* ---- lines ---- */

static void run_chunk(struct repl *w)
{
    MW_AUTO(mw_buf) shown = {.max = (size_t)1 << 20};
    mw_repl_outcome outcome;
    mw_error err = {0};

    if (mw_repl_run(w->repl, &w->at, w->chunk.data, w->chunk.len, &shown, &outcome, &err) != MW_OK)
        outcome = MW_REPL_FAILED;
    mw_repl_say(&shown);
    if (outcome == MW_REPL_MORE)
        return; /* the next line goes on */
    mw_buf_reset(&w->chunk);
    if (outcome == MW_REPL_DONE)
        return;
    if (outcome == MW_REPL_RENEWED) {
        const mw_error told = err;
        mw_fail(&err, told.status, "%.400s; the globals of the session are gone", told.message);
    }
    mw_repl_complain(w, &err);
}

void mw_repl_line(struct repl *w, const char *line)
{
    if (w->chunk.len == 0 && *line == ':') {
        mw_repl_command(w, line + 1);
        return;
    }
    if (w->chunk.len == 0 && line[strspn(line, " \t")] == '\0')
        return;
    mw_buf_printf(&w->chunk, "%s%s", w->chunk.len ? "\n" : "", line);
    if (w->chunk.failed) {
        mw_error err = {0};
        mw_buf_status(&w->chunk, &err);
        mw_buf_clear(&w->chunk);
        w->chunk.max = MW_VM_SOURCE_MAX;
        mw_repl_complain(w, &err);
        return;
    }
    run_chunk(w);
}

static int without_terminal(struct repl *w)
{
    MW_AUTO(mw_buf) text = {.max = (size_t)16 << 20};
    mw_error err = {0};

    if (mw_fd_read_all(STDIN_FILENO, "stdin", &text, &err) != MW_OK)
        return mw_cli_fail(&err);
    for (char *at = text.data, *end; at && *at && !w->quit && !*w->setup.cli->stop; at = end) {
        end = strchr(at, '\n');
        if (end)
            *end++ = '\0';
        else
            end = at + strlen(at);
        mw_repl_line(w, at);
    }
    if (w->chunk.len) {
        mw_fail(&err, MW_ERR_SCRIPT, "the last chunk does not end");
        mw_repl_complain(w, &err);
    }
    if (*w->setup.cli->stop)
        return mw_cli_signal_exit();
    return w->failed ? MW_EXIT_USAGE : MW_EXIT_OK;
}

/* XDG Base Directory Specification 0.8, as for the store. NULL: there is no home, and no history. */
static const char *history_path(struct repl *w)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (state && state[0] == '/')
        return mw_arena_printf(&w->setup.arena, "%s/moonward/repl_history", state);
    return home && home[0] == '/' ? mw_arena_printf(&w->setup.arena, "%s/.local/state/moonward/repl_history", home)
                                  : NULL;
}

static void greet(struct repl *w)
{
    MW_AUTO(mw_buf) out = {.max = 4096};

    mw_buf_puts(&out, ":help lists the commands, Tab completes, Ctrl-D leaves\n");
    mw_repl_describe(w, &out);
    mw_repl_say(&out);
}

static int at_terminal(struct repl *w)
{
    MW_AUTO(mw_buf) line = {.max = MW_EDITOR_LINE_MAX};
    const char *path = history_path(w);
    mw_error err = {0};
    mw_status st =
        mw_editor_new(STDIN_FILENO, STDOUT_FILENO, w->setup.cli->stop, mw_repl_complete, w, &w->editor, &err);

    if (st != MW_OK)
        return mw_cli_fail(&err);
    if (path && mw_editor_load(w->editor, path, &err) != MW_OK)
        mw_repl_complain(w, &err);
    greet(w);
    while (!w->quit) {
        st = mw_editor_read(w->editor, w->chunk.len ? PROMPT_MORE : PROMPT, &line, &err);
        if (st == MW_ERR_CANCELLED) {
            mw_buf_reset(&w->chunk);
            continue;
        }
        if (st != MW_OK)
            break;
        mw_editor_remember(w->editor, line.data ? line.data : "");
        mw_repl_line(w, line.data ? line.data : "");
        /* Ctrl-C stopped the line, not the prompt; SIGTERM means the process. */
        if (*w->setup.cli->stop && mw_cli_signal_exit() == MW_EXIT_SIGINT)
            mw_cli_forget_signal();
    }
    if (path && mw_editor_save(w->editor, path, &err) != MW_OK)
        mw_repl_complain(w, &err);
    if (*w->setup.cli->stop)
        return mw_cli_signal_exit();
    return st == MW_ERR_IO || st == MW_ERR_NOMEM ? mw_cli_fail(&err) : MW_EXIT_OK;
}

static int run(mw_cli *cli)
{
    struct repl w = {.snapshot_fd = -1, .chunk = {.max = MW_VM_SOURCE_MAX}, .at = {.resource = MW_VAL_ABSENT}};
    const char *rule = mw_args_get(cli->args, "rule");
    mw_error err = {0};
    int code;

    if (open_all(&w, cli, &err) != MW_OK) {
        code = mw_cli_fail(&err);
    } else {
        if (rule) {
            MW_AUTO(mw_buf) first = {.max = 1024};
            mw_buf_printf(&first, ":rule %s", rule);
            mw_repl_line(&w, first.data ? first.data : "");
        }
        code = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? at_terminal(&w) : without_terminal(&w);
    }
    clear(&w);
    return code;
}

static const mw_option options[] = {
    {.name = "type",
     .value = "TYPE",
     .repeatable = true,
     .help = "Collect every facet of this type; the last one is at hand at the start"},
    {.name = "rule", .value = "RULE", .help = "Begin with a resource of this rule's type, judged by it"},
    {.name = "snapshot",
     .value = "SNAPSHOT",
     .help = "Take the resources of a stored snapshot: latest, its id, digest, or the beginning of one"},
    {.name = "fixture", .value = "FILE", .help = "Take the resources of a rule's test file, <id>_test.lua"},
};

const mw_command mw_command_repl = {
    .name = "repl",
    .summary = "Try expressions on a resource, in the sandbox of rules",
    .description = "Lua at a prompt, with a resource of a recording (--replay), of a stored snapshot (--snapshot) or "
                   "of a rule's tests "
                   "(--fixture) at hand: `r` is the resource, `ctx` what a check gets, `_` the last value. Expressions "
                   "show their value, what could not be read shows "
                   "as unknown(operation: code). Globals stay, locals end with their line; a line takes at most 2 s of "
                   "processor time. "
                   ":help lists the commands.\n\n"
                   "Without a terminal the lines come from stdin, values go to stdout and errors to stderr; the exit "
                   "status is 3 when "
                   "a line failed.",
    .examples = "moonward repl --replay recording --type s3.bucket\n"
                "moonward repl --snapshot latest --type s3.bucket\n"
                "moonward repl --fixture rules/s3/s3-bucket-versioning-enabled_test.lua\n"
                "echo 'r.Versioning' | moonward repl --replay recording --type s3.bucket\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .run = run,
};
