/* A pull reader for JSON text: no tree, no allocation but for strings with escapes. */
#ifndef MW_AWS_PROTOCOL_JSON_H
#define MW_AWS_PROTOCOL_JSON_H

#include "base/buf.h"

#include <stdbool.h>

/** `mw__json j; mw__json_init(…); … mw__json_clear(&j);` */
typedef struct mw__json {
    const char *text, *p, *end;
    mw_buf scratch; /* the last string that held escapes */
} mw__json;

/** What the next value is. */
typedef enum mw__json_token {
    MW__JSON_END,
    MW__JSON_OBJECT,
    MW__JSON_ARRAY,
    MW__JSON_STRING,
    MW__JSON_NUMBER,
    MW__JSON_TRUE,
    MW__JSON_FALSE,
    MW__JSON_NULL,
    MW__JSON_BAD
} mw__json_token;

void mw__json_init(mw__json *j, const char *text, size_t len);
void mw__json_clear(mw__json *j);
/** Skip white space and look; consumes nothing else. */
mw__json_token mw__json_peek(mw__json *j);
/** Consume a string: borrowed from the text, or from scratch until the next string. */
mw_status mw__json_string(mw__json *j, const char **s, size_t *len, mw_error *err);
/** Consume a number by RFC 8259's grammar; the text is borrowed. */
mw_status mw__json_number(mw__json *j, const char **s, size_t *len, bool *integer, mw_error *err);
/** Consume true, false or null, whichever peek announced. */
mw_status mw__json_literal(mw__json *j, mw__json_token which, mw_error *err);
/** Consume '{' or '['. */
void mw__json_enter(mw__json *j);
/**
 * After enter: consume a comma (unless @p first) and, in an object, the key and colon. *more is
 * false at the closing bracket, which is consumed.
 */
mw_status mw__json_next_member(mw__json *j, bool first, bool *more, const char **key, size_t *len, mw_error *err);
mw_status mw__json_next_element(mw__json *j, bool first, bool *more, mw_error *err);
/** Check and drop one value of at most @p depth levels. */
mw_status mw__json_skip(mw__json *j, unsigned depth, mw_error *err);
/** MW_ERR_PARSE with what was expected and the byte where. */
mw_status mw__json_fail(const mw__json *j, const char *expected, mw_error *err);

#endif
