/* Lua's string patterns with a budget: backtracking that would run for minutes stops instead. */
#ifndef MW_LUA_MATCHER_H
#define MW_LUA_MATCHER_H

#include <stdbool.h>
#include <stddef.h>

#define MW_MATCH_CAPTURES 32       /* as LUA_MAXCAPTURES */
#define MW_MATCH_DEPTH    200      /* as MAXCCALLS of Lua's own matcher */
#define MW_MATCH_STEPS    1000000L /* 1 to 7 ms for the worst pattern found */

#define MW_CAPTURE_OPEN     (-1)
#define MW_CAPTURE_POSITION (-2)

typedef struct mw_match {
    const char *text, *text_end; /* borrowed */
    const char *pattern_end;
    long steps; /* left, over all calls of mw_match_at() */
    int depth;
    int captures;
    const char *error; /* static text, a script error; NULL while none */
    struct {
        const char *at;
        ptrdiff_t len; /* or MW_CAPTURE_… */
    } capture[MW_MATCH_CAPTURES];
} mw_match;

/** @p text and @p pattern are borrowed; @p steps is normally MW_MATCH_STEPS. */
void mw_match_init(mw_match *m, const char *text, size_t len, const char *pattern_end, long steps);
/**
 * Match @p pattern (up to pattern_end, without its leading '^') at exactly @p at.
 * @return the end of the match, or NULL: no match, or m->error is set (malformed pattern, too
 * complex, out of budget). Captures hold what the match found.
 */
const char *mw_match_at(mw_match *m, const char *at, const char *pattern);
/** True when @p pattern holds a character that is special in patterns. */
bool mw_match_is_pattern(const char *pattern, size_t len);

#endif
