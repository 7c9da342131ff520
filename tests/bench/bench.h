/* What the benchmarks in C share: made-up content, the same in each run, and the time that it takes. */
#ifndef MW_TESTS_BENCH_H
#define MW_TESTS_BENCH_H

#include <stdint.h>
#include <time.h>

static uint64_t seed = 88172645463325252u; /* xorshift64, Marsaglia 2003 */

static inline unsigned pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

static inline double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif
