/*
 * A question to the person at the terminal: written to /dev/tty, answered there without echo.
 * Relies on the terminal's settings being put back on every way out. The answer is a secret: it is
 * in stack bytes that are wiped and in the caller's mw_secret, nowhere else.
 */
#include "base/tty.h"

#include "base/file.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#define TERMINAL "/dev/tty"

/* One line, without its end. What is longer than the buffer is dropped with the line. */
static mw_status read_line(int fd, char *line, size_t size, size_t *len, mw_error *err)
{
    size_t n = 0;
    char c;

    for (;;) {
        ssize_t got = mw_sys.read_fn(mw_sys.ctx, fd, &c, 1);

        if (got == 0 || (got < 0 && errno == EINTR))
            return mw_fail(err, MW_ERR_CANCELLED, "the question was not answered");
        if (got < 0)
            return mw_fail(err, MW_ERR_IO, TERMINAL ": %s", strerror(errno));
        if (c == '\n' || c == '\r')
            break;
        if (n < size)
            line[n++] = c;
    }
    *len = n;
    return MW_OK;
}

mw_status mw_tty_ask(const char *question, mw_secret *answer, mw_error *err)
{
    struct termios before, quiet;
    char line[256];
    size_t len = 0;
    int fd = mw_sys.open_fn(mw_sys.ctx, TERMINAL, O_RDWR | O_CLOEXEC | O_NOCTTY, 0);
    mw_status st;

    if (fd < 0)
        return mw_fail(err, MW_ERR_NOTFOUND, "there is no terminal to ask at");
    if (tcgetattr(fd, &before) != 0) {
        st = mw_fail(err, MW_ERR_IO, TERMINAL ": %s", strerror(errno));
        close(fd);
        return st;
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= ICANON | ISIG;
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0) /* else the answer would be seen */
        st = mw_fail(err, MW_ERR_IO, TERMINAL ": %s", strerror(errno));
    else if ((st = mw_fd_write_all(fd, TERMINAL, question, strlen(question), err)) == MW_OK)
        st = read_line(fd, line, sizeof(line), &len, err);
    (void)tcsetattr(fd, TCSADRAIN, &before);
    (void)mw_fd_write_all(fd, TERMINAL, "\n", 1, NULL);
    close(fd);
    if (st == MW_OK)
        st = mw_secret_set(answer, line, len, err);
    explicit_bzero(line, sizeof(line));
    return st;
}
