/*
 * The one seam to the outside world: allocation, clocks, randomness, disk and sockets.
 *
 * Every unit reaches the machine through `mw_sys`, so that a test can refuse the third allocation,
 * stop the clock, or fail an fsync. Production never changes it. Not thread-safe to change; tests
 * set it before the code under test runs and put it back with mw_sys_reset().
 */
#ifndef MW_BASE_SYS_H
#define MW_BASE_SYS_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <stddef.h>

typedef struct mw_sys_calls {
    /** realloc semantics; size 0 frees and returns NULL. */
    void *(*realloc_fn)(void *ctx, void *old, size_t size);
    /** Unix time, nanoseconds, UTC. */
    int64_t (*clock_real_ns)(void *ctx);
    /** Monotonic time, nanoseconds. */
    int64_t (*clock_mono_ns)(void *ctx);
    /** Fill with unpredictable bytes; 0 or -1. */
    int (*random_fn)(void *ctx, void *out, size_t size);
    int (*open_fn)(void *ctx, const char *path, int flags, mode_t mode);
    ssize_t (*read_fn)(void *ctx, int fd, void *out, size_t size);
    ssize_t (*write_fn)(void *ctx, int fd, const void *data, size_t size);
    int (*fsync_fn)(void *ctx, int fd);
    int (*rename_fn)(void *ctx, const char *from, const char *to);
    int (*unlink_fn)(void *ctx, const char *path);
    /** socket(2); where the HTTP transport opens its connections. */
    int (*socket_fn)(void *ctx, int domain, int type, int protocol);
    void *ctx;
} mw_sys_calls;

extern mw_sys_calls mw_sys;

/** Put the machine's own calls back. */
void mw_sys_reset(void);

/** Unix time, nanoseconds / seconds, UTC. */
int64_t mw_now_ns(void);
int64_t mw_now_unix(void);
/** Monotonic milliseconds and nanoseconds, for deadlines and durations. */
int64_t mw_mono_ms(void);
int64_t mw_mono_ns(void);
/** Processor time of the calling thread, nanoseconds. Costs a system call. */
int64_t mw_thread_cpu_ns(void);

#endif
