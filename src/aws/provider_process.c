/*
 * Credentials printed by a program that the profile names (credential_process). The command line is
 * split into words here and run without a shell; the program inherits the environment and stderr.
 * Its output holds secrets: it goes into a buffer that is wiped, never into a message.
 *
 * Blocks the event loop while the program runs, at most TIMEOUT_MS.
 */
#include "aws/credentials_internal.h"

#include "base/str.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS       60000
#define MAX_OUTPUT_BYTES ((size_t)1 << 20)
#define MAX_WORDS        64

extern char **environ;

typedef struct process {
    mw_provider base;
    mw_arena strings;
    const char *account; /* aws_account_id of the profile, or NULL */
    char *argv[MAX_WORDS + 1];
} process;

/* Words as a POSIX shell splits them: blanks, '…', "…" with \" and \\, and \x outside. */
static mw_status split_words(const char *s, process *p, mw_error *err)
{
    MW_AUTO(mw_buf) word = {.max = 1 << 16};
    size_t count = 0;

    for (;;) {
        char quote = 0;

        s += strspn(s, " \t\n");
        if (!*s)
            break;
        mw_buf_reset(&word);
        for (; *s && (quote || !strchr(" \t\n", *s)); s++) {
            if (quote ? *s == quote : *s == '\'' || *s == '"') {
                quote = quote ? 0 : *s;
            } else if (*s == '\\' && quote != '\'' && s[1] && (!quote || s[1] == '"' || s[1] == '\\')) {
                mw_buf_putc(&word, *++s);
            } else {
                mw_buf_putc(&word, *s);
            }
        }
        if (quote)
            return mw_fail(err, MW_ERR_INVALID, "a quote %c is not closed", quote);
        if (count == MAX_WORDS)
            return mw_fail(err, MW_ERR_LIMIT, "more than %d words", MAX_WORDS);
        if (mw_buf_status(&word, err) != MW_OK)
            return word.failed;
        p->argv[count] = mw_arena_strndup(&p->strings, word.data ? word.data : "", word.len);
        if (!p->argv[count++])
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    return count ? MW_OK : mw_fail(err, MW_ERR_INVALID, "the command is empty");
}

/* All output until the end, or until the deadline. */
static mw_status read_output(int fd, mw_buf *out, mw_error *err)
{
    int64_t deadline = mw_mono_ms() + TIMEOUT_MS;

    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - mw_mono_ms();
        char *to;
        ssize_t n;
        int polled = left > 0 ? poll(&ready, 1, (int)left) : 0;

        if (polled < 0 && errno == EINTR)
            continue;
        if (polled <= 0)
            return mw_fail(err, MW_ERR_TIMEOUT, "it did not end within %d s", TIMEOUT_MS / 1000);
        to = mw_buf_reserve(out, 4096, err);
        if (!to)
            return out->failed;
        n = mw_sys.read_fn(mw_sys.ctx, fd, to, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mw_fail(err, MW_ERR_IO, "reading its output: %s", strerror(errno));
        if (n == 0)
            return MW_OK;
        mw_buf_grown(out, (size_t)n);
    }
}

static mw_status run(process *p, mw_buf *out, mw_error *err)
{
    posix_spawn_file_actions_t actions;
    int ends[2], code, status = 0;
    pid_t pid;
    mw_status st;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return mw_fail(err, MW_ERR_IO, "pipe: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    code = posix_spawnp(&pid, p->argv[0], &actions, NULL, p->argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (code != 0) {
        close(ends[0]);
        return mw_fail(err, MW_ERR_CREDENTIALS, "'%s' could not be started: %s", p->argv[0], strerror(code));
    }
    st = read_output(ends[0], out, err);
    close(ends[0]);
    if (st != MW_OK)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (st == MW_OK && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        st = mw_fail(err, MW_ERR_CREDENTIALS, "'%s' failed with status %d", p->argv[0],
                     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return st;
}

/* What does not say which version of the format it speaks may mean anything. */
static mw_status check_version(const mw_buf *out, const char *description, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(&mw__secret_doc, &b, err);

    if (st != MW_OK)
        return st;
    if (mw_json_read(b, out->data ? out->data : "", out->len, NULL, NULL, NULL) == MW_OK &&
        mw_val_get_int(mw_doc_view(b), mw_doc_pop(b), "Version", 0) != 1)
        st = mw_fail(err, MW_ERR_CREDENTIALS, "%s: the answer lacks \"Version\": 1", description);
    mw_doc_builder_free(b);
    return st;
}

static mw_status refresh(mw_provider *base, int64_t now_unix, mw_error *err)
{
    MW_AUTO(mw_buf) out = {.max = MAX_OUTPUT_BYTES};
    const char *account = ((process *)base)->account;
    mw_status st = run((process *)base, &out, err);

    (void)now_unix;
    if (st != MW_OK)
        return mw_error_prefix(err, st, "%s", base->description);
    if ((st = check_version(&out, base->description, err)) != MW_OK)
        return st;
    st = mw__credentials_from_json(out.data ? out.data : "", out.len, base->description, &base->fresh, err);
    if (st == MW_OK && !*base->fresh.account_id && account && strlen(account) == 12)
        memcpy(base->fresh.account_id, account, 13);
    return st;
}

static void clear(mw_provider *base)
{
    mw_arena_clear(&((process *)base)->strings);
}

static const mw_provider_class process_class = {.name = "process", .refresh = refresh, .clear = clear};

mw_status mw__provider_process(const mw_aws_config *config, const char *profile, mw_provider **out, mw_error *err)
{
    const char *command = mw_aws_config_get(config, profile, "credential_process");
    const char *account = mw_aws_config_get(config, profile, "aws_account_id");
    char description[512];
    process *p = NULL;
    mw_status st;

    *out = NULL;
    if (!command)
        return MW_ERR_NOTFOUND;
    snprintf(description, sizeof(description), "profile %s (credential_process)",
             profile ? profile : mw_aws_config_profile(config));
    st = mw__provider_new(&process_class, sizeof(*p), description, &p, err);
    if (st != MW_OK)
        return st;
    if (account && !(p->account = mw_arena_strdup(&p->strings, account))) {
        mw_provider_unref(&p->base);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    st = split_words(command, p, err);
    if (st != MW_OK) {
        mw_error_prefix(err, st, "%s", description);
        mw_provider_unref(&p->base);
        return st;
    }
    *out = &p->base;
    return MW_OK;
}
