/* Whether this kernel takes filters with the action that workers need. */
#include "cli/isolation.h"

#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *mw_isolation(void)
{
    const uint32_t action = SECCOMP_RET_KILL_PROCESS;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0
               ? "seccomp"
               : "process only (the kernel takes no seccomp filters)";
}
