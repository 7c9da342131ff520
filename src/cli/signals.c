/*
 * SIGINT and SIGTERM become a flag that the work polls; a second one ends the process at once. SIGPIPE is
 * ignored: writing to a closed pipe is an ordinary failure.
 */
#include "cli/signals.h"

#include "cli/command.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

volatile bool mw_cli_stop;
static volatile sig_atomic_t first_signal;

static void on_signal(int number)
{
    if (first_signal)
        _exit(128 + number);
    first_signal = number;
    mw_cli_stop = true;
}

void mw_cli_catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigemptyset(&stop.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a file size limit is an error of the write, as a full disk is */
}

void mw_cli_forget_signal(void)
{
    first_signal = 0;
    mw_cli_stop = false;
}

int mw_cli_signal_exit(void)
{
    return first_signal == SIGTERM ? MW_EXIT_SIGTERM : MW_EXIT_SIGINT;
}
