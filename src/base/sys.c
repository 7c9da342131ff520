/*
 * The machine's own calls behind `mw_sys`. This unit relies on POSIX and getrandom(2) and must
 * never be bypassed: scripts/dev/check-source refuses malloc, open and friends elsewhere.
 */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* From here on a block is backed by huge pages where the machine has them to give. */
#define HUGE_FROM ((size_t)4 << 20)

/*
 * Large buffers are filled from end to end: page faults were an eighth of a long listing's CPU. A hint
 * only, for the whole mapping of the block: one that differs in parts could not be grown in place.
 */
static void hint_huge(char *p)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), lead = (uintptr_t)p % page;
    int before = errno;

    (void)madvise(p - lead, lead + malloc_usable_size(p), MADV_HUGEPAGE);
    errno = before;
}

static void *sys_realloc(void *ctx, void *old, size_t size)
{
    void *p;

    (void)ctx;
    if (size == 0) {
        free(old);
        return NULL;
    }
    p = realloc(old, size);
    if (p && size >= HUGE_FROM)
        hint_huge(p);
    return p;
}

static int64_t read_clock(clockid_t id)
{
    struct timespec ts = {0, 0};

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t sys_clock_real(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

static int64_t sys_clock_mono(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_MONOTONIC);
}

static int sys_random(void *ctx, void *out, size_t size)
{
    char *p = out;

    (void)ctx;
    while (size > 0) {
        ssize_t n = getrandom(p, size, 0);
        if (n <= 0)
            return -1;
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

static int sys_open(void *ctx, const char *path, int flags, mode_t mode)
{
    (void)ctx;
    return open(path, flags | O_CLOEXEC, mode);
}

static ssize_t sys_read(void *ctx, int fd, void *out, size_t size)
{
    (void)ctx;
    return read(fd, out, size);
}

static ssize_t sys_write(void *ctx, int fd, const void *data, size_t size)
{
    (void)ctx;
    return write(fd, data, size);
}

static int sys_fsync(void *ctx, int fd)
{
    (void)ctx;
    return fsync(fd);
}

static int sys_rename(void *ctx, const char *from, const char *to)
{
    (void)ctx;
    return rename(from, to);
}

static int sys_unlink(void *ctx, const char *path)
{
    (void)ctx;
    return unlink(path);
}

static int sys_socket(void *ctx, int domain, int type, int protocol)
{
    (void)ctx;
    return socket(domain, type | SOCK_CLOEXEC, protocol);
}

/* One initialiser for both: a static object cannot be copied from another at compile time in C11. */
#define MACHINE_CALLS                                                                                                  \
    {                                                                                                                  \
        .realloc_fn = sys_realloc, .clock_real_ns = sys_clock_real, .clock_mono_ns = sys_clock_mono,                   \
        .random_fn = sys_random, .open_fn = sys_open, .read_fn = sys_read, .write_fn = sys_write,                      \
        .fsync_fn = sys_fsync, .rename_fn = sys_rename, .unlink_fn = sys_unlink, .socket_fn = sys_socket, .ctx = NULL, \
    }

static const mw_sys_calls machine = MACHINE_CALLS;
mw_sys_calls mw_sys = MACHINE_CALLS;

void mw_sys_reset(void)
{
    mw_sys = machine;
}

int64_t mw_now_ns(void)
{
    return mw_sys.clock_real_ns(mw_sys.ctx);
}

int64_t mw_now_unix(void)
{
    return mw_now_ns() / 1000000000;
}

int64_t mw_thread_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

int64_t mw_mono_ns(void)
{
    return mw_sys.clock_mono_ns(mw_sys.ctx);
}

int64_t mw_mono_ms(void)
{
    return mw_mono_ns() / 1000000;
}
