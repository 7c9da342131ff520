/* Tokens of Lua 5.4, one at a time. */
#ifndef MW_LINT_LUA_LEX_H
#define MW_LINT_LUA_LEX_H

#include "lint/lua_ast.h"

typedef enum lua_tok {
    TK_EOF,
    TK_NAME,
    TK_NUMBER,
    TK_STRING,
    TK_AND,
    TK_BREAK,
    TK_DO,
    TK_ELSE,
    TK_ELSEIF,
    TK_END,
    TK_FALSE,
    TK_FOR,
    TK_FUNCTION,
    TK_GOTO,
    TK_IF,
    TK_IN,
    TK_LOCAL,
    TK_NIL,
    TK_NOT,
    TK_OR,
    TK_REPEAT,
    TK_RETURN,
    TK_THEN,
    TK_TRUE,
    TK_UNTIL,
    TK_WHILE,
    TK_EQ,
    TK_NE,
    TK_LE,
    TK_GE,
    TK_SHL,
    TK_SHR,
    TK_IDIV,
    TK_CONCAT,
    TK_DOTS,
    TK_DCOLON,
    TK_CHAR /* any other: `byte` */
} lua_tok;

typedef struct lua_token {
    lua_tok kind;
    char byte;
    uint32_t at, end;
    mw_str text; /* of names and numbers as written, of strings decoded */
} lua_token;

typedef struct lua_lexer {
    lua_tree *tree;
    mw_arena *arena;
    uint32_t at;
    size_t comment_cap;
    mw_error *err;
} lua_lexer;

/** The next token. MW_ERR_PARSE: tree->error_at is where. */
mw_status mw__lua_lex(lua_lexer *x, lua_token *out);
/** What a token is called in messages: 'end', <eof>. Static or of the lexer's arena. */
const char *mw__lua_token_name(lua_lexer *x, const lua_token *t);
mw_status mw__lua_fail(lua_lexer *x, uint32_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
