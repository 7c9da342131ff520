/*
 * Results to stdout, failures to stderr, and the exit status of each kind of failure. The only unit of
 * the command line that writes to the two (but for exports of snapshots, which are files wherever they go); results come in
 * one piece, so that nothing mixes with them, or as a stream where they may be larger than memory.
 */
#include "cli/command.h"

#include "base/file.h"
#include "base/secret.h"
#include "report/term.h"
#include "report/value.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

mw_status mw_cli_json(mw_doc_builder *b, mw_buf *out, mw_error *err)
{
    mw_status st = mw_doc_builder_status(b, err);

    return st == MW_OK ? mw_value_write(out, mw_doc_view(b), mw_doc_pop(b), MW_VALUE_JSON, NULL, err) : st;
}

int mw_cli_print(const char *data, size_t len, int code)
{
    mw_error err = {0};

    errno = 0;
    if (len == 0 || mw_fd_write_all(STDOUT_FILENO, "stdout", data, len, &err) == MW_OK)
        return code;
    if (errno == EPIPE) /* `moonward … | head`: the reader had enough */
        return code;
    return mw_cli_fail(&err);
}

mw_status mw_cli_stream(const char *data, size_t len, bool *open, mw_error *err)
{
    mw_status st;

    errno = 0;
    if ((st = mw_fd_write_all(STDOUT_FILENO, "stdout", data, len, err)) == MW_OK)
        return MW_OK;
    *open = false;
    return errno == EPIPE ? MW_OK : st;
}

int mw_cli_fail(const mw_error *err)
{
    MW_AUTO(mw_buf) masked = {.max = 4096};
    MW_AUTO(mw_buf) line = {.max = 16384};

    mw_buf_puts(&line, "moonward: ");
    mw_mask_secrets(&masked, err->message, strlen(err->message));
    mw_term_bytes(&line, masked.data ? masked.data : "", masked.len,
                  true); /* names of AWS and of arguments are in it */
    mw_buf_putc(&line, '\n');
    if (line.data)
        (void)mw_fd_write_all(STDERR_FILENO, "stderr", line.data, line.len, NULL);
    return mw_cli_exit_code(err->status);
}

int mw_cli_exit_code(mw_status status)
{
    switch (status) {
    case MW_OK: return MW_EXIT_OK;
    case MW_ERR_CREDENTIALS: return MW_EXIT_CREDENTIALS;
    case MW_ERR_CANCELLED: return mw_cli_signal_exit();
    case MW_ERR_INVALID:
    case MW_ERR_NOTFOUND:
    case MW_ERR_PARSE:
    case MW_ERR_SCRIPT:
    case MW_ERR_UNSUPPORTED:
    case MW_ERR_CONFLICT: return MW_EXIT_USAGE;
    default: /* network, disk, memory, time, a limit: the work could not be finished */ return MW_EXIT_INCOMPLETE;
    }
}
