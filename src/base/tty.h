/* A question to the person at the terminal. */
#ifndef MW_BASE_TTY_H
#define MW_BASE_TTY_H

#include "base/secret.h"

/**
 * Write @p question to the process's terminal and read one line, which is not shown. Blocks until
 * the line is there; stdin and stdout are left alone, so that they may be redirected.
 * @return MW_OK; MW_ERR_NOTFOUND when the process has no terminal; MW_ERR_CANCELLED when a signal
 *         came or the terminal was closed; MW_ERR_IO; MW_ERR_NOMEM.
 */
mw_status mw_tty_ask(const char *question, mw_secret *answer, mw_error *err);

#endif
