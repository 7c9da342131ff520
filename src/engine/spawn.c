/*
 * Starting worker processes and saying how they ended; what is done with them is the caller's. A worker
 * gets four descriptors, an empty environment and nothing else of the broker.
 */
#include "engine/worker.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *worker_path = "/proc/self/exe";

void mw__worker_set_path(const char *path)
{
    worker_path = path ? path : "/proc/self/exe";
}

const char *mw__worker_path(void)
{
    return worker_path;
}

/* Descriptors of the child; dup2 clears close-on-exec, everything else of ours has it set. */
int mw__worker_spawn(const int fds[MW_WORKER_FDS], char *const *argv, pid_t *pid)
{
    char *environment[] = {NULL};
    /* Above the targets first, so that no dup2 overwrites a source of a later one. */
    int high[MW_WORKER_FDS], rc = 0;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;

    if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
        return rc;
    if ((rc = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    /* Its own group: a Ctrl-C is for the broker, which ends its workers itself. No inherited signal state. */
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    for (int i = 0; i < MW_WORKER_FDS; i++) {
        high[i] = rc == 0 ? fcntl(fds[i], F_DUPFD_CLOEXEC, MW_WORKER_FD_END + 8) : -1;
        if (rc == 0)
            rc = high[i] < 0 ? errno : posix_spawn_file_actions_adddup2(&actions, high[i], MW_WORKER_SNAPSHOT_FD + i);
    }
    if (rc == 0)
        rc = posix_spawn(pid, worker_path, &actions, &attributes, argv, environment);
    for (int i = 0; i < MW_WORKER_FDS; i++)
        if (high[i] >= 0)
            close(high[i]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

void mw__worker_isolation(mw_str isolation)
{
    static bool told;

    if (!isolation.data || told || (isolation.len == 7 && memcmp(isolation.data, "seccomp", 7) == 0))
        return;
    told = true;
    mw_log_warn(
        "workers run without a filter of system calls: isolation is %.*s. What is left: no credentials, an empty "
        "environment, closed descriptors, limits, and the hard deadline",
        (int)isolation.len, isolation.data);
}

mw_status mw__worker_spawn_talking(char *kind, int snapshot_fd, int bundle_fd, pid_t *pid, int *fd, mw_error *err)
{
    int ends[2], rc;
    char broker[16];
    char *argv[] = {"moonward", "--worker", kind, broker, NULL};

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return mw_fail(err, MW_ERR_IO, "cannot prepare a worker: %s", strerror(errno));
    snprintf(broker, sizeof(broker), "%ld", (long)getpid());
    rc = mw__worker_spawn((const int[MW_WORKER_FDS]){snapshot_fd, bundle_fd, ends[1], bundle_fd}, argv, pid);
    close(ends[1]);
    if (rc != 0) {
        close(ends[0]);
        return mw_fail(err, MW_ERR_IO, "cannot start a worker from %s: %s", worker_path, strerror(rc));
    }
    *fd = ends[0];
    return MW_OK;
}

const char *mw__worker_death(int status, char *out, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(out, size, "its worker died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(out, size, "its worker ended with status %d", WEXITSTATUS(status));
    return out;
}
