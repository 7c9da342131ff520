/* How workers are walled in on this kernel. */
#ifndef MW_CLI_ISOLATION_H
#define MW_CLI_ISOLATION_H

/** "seccomp", or "process only (why)". Asking installs no filter. */
const char *mw_isolation(void);

#endif
