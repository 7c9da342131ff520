/*
 * Marks in the text of a script: where statements, functions, conditions, operands of and/or and
 * loops are, and the same text with calls that report which way each went. Pure: reads text, runs
 * nothing. What it makes is for measuring only; verdicts come from the text as it was written.
 */
#ifndef MW_LUA_INSTRUMENT_H
#define MW_LUA_INSTRUMENT_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdint.h>

typedef enum mw_mark_kind {
    MW_MARK_STATEMENT, /* one way: it was run */
    MW_MARK_FUNCTION,  /* one way: it was called */
    MW_MARK_EACH,      /* one way: a loop over what is written there and not empty was entered */
    MW_MARK_IF,
    MW_MARK_ELSEIF,
    MW_MARK_WHILE,
    MW_MARK_UNTIL, /* two ways: true, false */
    MW_MARK_AND,
    MW_MARK_OR, /* of the left operand; two ways */
    MW_MARK_FOR /* two ways: its body was run, it had nothing to do */
} mw_mark_kind;

/* Ways that a mark went. */
#define MW_WAY_TRUE  1u
#define MW_WAY_FALSE 2u

typedef struct mw_mark {
    mw_mark_kind kind;
    uint32_t line, column; /* from 1; columns are bytes */
} mw_mark;

typedef struct mw_marks {
    mw_mark *items; /* in the arena; numbered as the instrumented text numbers them */
    size_t count;
} mw_marks;

#define MW_MARKS_MAX 50000 /* of one file: what one record of a worker can tell */

/** MW_WAY_TRUE alone, or both. */
unsigned mw_mark_ways(mw_mark_kind kind);

/**
 * Append @p source with its marks to @p out; lines stay where they are. Conditions that are a literal have no mark.
 * @return MW_OK; MW_ERR_PARSE with the line that is not Lua 5.4; MW_ERR_LIMIT (too deep, too many marks); MW_ERR_NOMEM.
 */
mw_status mw_instrument(const char *source, size_t len, mw_arena *arena, mw_marks *marks, mw_buf *out, mw_error *err);

/** Line of the text `key = "value"` (also with ' and as ["key"]), outside comments; 0 when it is not written so. */
unsigned mw_source_line_of(const char *source, size_t len, const char *key, const char *value);

#endif
