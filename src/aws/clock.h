/*
 * How far each host's clock is from this machine's. Learnt from good answers alone, so that one
 * server of many whose clock is wrong moves nobody but the call that met it. A pure state machine.
 */
#ifndef MW_AWS_CLOCK_H
#define MW_AWS_CLOCK_H

#include "aws/http.h"
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

/** Zero-initialised. One client's: its calls and the requests for its credentials share them. */
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
/** mw_clocks_good(), and a warning when this machine's clock is now taken to be off. */
void mw_clocks_learn(mw_clocks *c, const char *host, int64_t offset_s);
/**
 * Does an answer refuse a signature made with @p *offset_s for its time? Then it becomes what the answer's own
 * time asks for, unless that is as good as the same, or absurd.
 */
bool mw_clock_corrected(const char *code, const mw_http_response *answer, int64_t now_unix, int64_t *offset_s);
/** Would a signature made with @p a be refused by a clock at @p b? */
bool mw_clock_differs(int64_t a_s, int64_t b_s);
void mw_clocks_clear(mw_clocks *c);

#endif
