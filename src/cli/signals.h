/* Signals of the command line. */
#ifndef MW_CLI_SIGNALS_H
#define MW_CLI_SIGNALS_H

/** Call once, before any thread. From then on mw_cli_stop tells. */
void mw_cli_catch_signals(void);

#endif
