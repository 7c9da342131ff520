/*
 * The worker's walls. Called once, before any script text is looked at, when everything that the
 * worker needs is open and mapped. Relies on Linux; where the kernel refuses seccomp the process, its
 * limits and the hard deadline remain, and the run says so. It must never fail silently.
 */
#include "engine/worker.h"

#include "base/file.h"
#include "base/secret.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static void limit(__rlimit_resource_t what, rlim_t value)
{
    const struct rlimit l = {value, value};

    setrlimit(what, &l);
}

/* Bytes of address space in use: the first number of statm is pages. */
static size_t mapped_bytes(void)
{
    MW_AUTO(mw_buf) text = {.max = 4096};
    long long pages = 0;

    if (mw_file_read("/proc/self/statm", &text, NULL) != MW_OK || !text.data ||
        !mw_parse_int(text.data, strcspn(text.data, " "), &pages))
        return (size_t)1 << 30; /* no proc: still a limit */
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* What a worker does once it runs: compute, allocate, write its results, be ticked by its timer. */
static int allow(scmp_filter_ctx ctx)
{
    static const int calls[] = {SCMP_SYS(read),          SCMP_SYS(write),   SCMP_SYS(exit_group),
                                SCMP_SYS(exit),          SCMP_SYS(brk),     SCMP_SYS(munmap),
                                SCMP_SYS(mremap),        SCMP_SYS(madvise), SCMP_SYS(rt_sigreturn),
                                SCMP_SYS(clock_gettime), SCMP_SYS(futex),   SCMP_SYS(restart_syscall)};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < MW_COUNT(calls); i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
    /* Never executable memory, whatever a script manages to write. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
#if SANITIZED
    /* The sanitizer's run-time needs these to write its report. */
    static const int more[] = {SCMP_SYS(mprotect),       SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction),
                               SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid),      SCMP_SYS(gettid),
                               SCMP_SYS(sched_yield),    SCMP_SYS(getrlimit),   SCMP_SYS(prlimit64)};
    for (size_t i = 0; rc == 0 && i < MW_COUNT(more); i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, more[i], 0);
#endif
    return rc;
}

static int refused; /* errno of a kernel without seccomp, in tests */

void mw__jail_without_seccomp(int error)
{
    refused = error;
}

static int enter_seccomp(void)
{
    scmp_filter_ctx ctx = refused ? NULL : seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc;

    if (refused)
        return -refused;
    if (!ctx)
        return -ENOMEM;
    rc = allow(ctx);
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    return rc;
}

void mw__jail_enter(pid_t broker, size_t bytes, char *isolation, size_t size)
{
    int rc;

    mw_process_harden();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The broker died before we asked to follow it. It says its own id: in a container that may be 1. */
    if (getppid() != broker)
        _exit(1);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    if (!SANITIZED)
        close(STDERR_FILENO);
    close_range(MW_WORKER_FD_END, ~0u, 0);
    if (!SANITIZED)
        limit(RLIMIT_AS, mapped_bytes() + bytes);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NPROC, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    limit(RLIMIT_NOFILE, 0);
    rc = enter_seccomp();
    if (rc == 0)
        snprintf(isolation, size, "seccomp");
    else
        snprintf(isolation, size, "process only (seccomp: %s)", strerror(-rc));
}
