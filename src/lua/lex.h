/* Lua's tokens, with where they stand. Never runs anything; hostile text ends as MW_TOKEN_BAD. */
#ifndef MW_LUA_LEX_H
#define MW_LUA_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum mw_token_kind {
    MW_TOKEN_END,
    MW_TOKEN_BAD,
    MW_TOKEN_NAME,
    MW_TOKEN_KEYWORD,
    MW_TOKEN_NUMBER,
    MW_TOKEN_STRING,
    MW_TOKEN_SYMBOL
} mw_token_kind;

typedef struct mw_token {
    mw_token_kind kind;
    size_t start, end; /* bytes of the source */
    uint32_t line, column;
} mw_token;

typedef struct mw_lexer {
    const char *source;
    size_t len, at;
    size_t line_start;
    uint32_t line;
} mw_lexer;

void mw_lexer_init(mw_lexer *l, const char *source, size_t len);
mw_token mw_lexer_next(mw_lexer *l);
/** Is the token exactly this keyword or symbol? */
bool mw_token_is(const mw_lexer *l, mw_token t, const char *text);

#endif
