/*
 * How far each host's clock is from this machine's. Learnt from good answers alone, so that one
 * server of many whose clock is wrong moves nobody but the call that met it. A pure state machine.
 */
#ifndef MW_AWS_CLOCK_H
#define MW_AWS_CLOCK_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct mw_clock {
    int64_t offset_s; /* theirs minus ours */
    bool proven;      /* an answer to something signed with it was good */
    int64_t other_s;  /* what was good instead lately, … */
    int other_good;   /* … so many times in a row */
} mw_clock;

typedef struct mw_host_clock {
    struct mw_host_clock *next;
    mw_clock clock;
    char name[];
} mw_host_clock;

#define MW_CLOCK_TABLE 256

/** Zero-initialised. */
typedef struct mw_clocks {
    mw_clock machine; /* of all hosts: where a new host begins */
    mw_host_clock *hosts[MW_CLOCK_TABLE];
    size_t count;
    mw_arena arena;
} mw_clocks;

/** Offset to sign with for @p host. */
int64_t mw_clocks_offset(const mw_clocks *c, const char *host);
/**
 * What was signed with @p offset_s was answered well. One that differs from what the host is known
 * by replaces it after three in a row, or at once where nothing was proven.
 * @return Whether this machine's own clock is now taken to be off by something else.
 */
bool mw_clocks_good(mw_clocks *c, const char *host, int64_t offset_s);
/** Would a signature made with @p a be refused by a clock at @p b? */
bool mw_clock_differs(int64_t a_s, int64_t b_s);
void mw_clocks_clear(mw_clocks *c);

#endif
