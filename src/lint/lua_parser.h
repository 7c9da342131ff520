/* The parser between its files: lua_scope.c has tokens, names and blocks, lua_expr.c expressions,
 * lua_parse.c statements. */
#ifndef MW_LINT_LUA_PARSER_H
#define MW_LINT_LUA_PARSER_H

#include "lint/lua_lex.h"

#include <setjmp.h>

typedef struct label {
    mw_str name;
    unsigned active;
    struct label *next;
} label;

typedef struct pending {
    mw_str name;
    uint32_t at;
    unsigned active;
    struct pending *next;
} pending;

typedef struct block {
    struct block *up;
    label *labels;
    pending *gotos;
    unsigned active; /* locals of the function when it began */
    bool loop;
} block;

typedef struct scope {
    lua_function *f;
    struct scope *up;
    block *block;
    size_t first; /* of its locals in `locals` */
} scope;

typedef struct parser {
    lua_lexer x;
    lua_token t; /* current */
    lua_token ahead;
    bool has_ahead;
    uint32_t last_end;
    unsigned depth;
    unsigned links; /* operators and suffixes of this top-level statement */
    scope *scope;
    lua_symbol **locals; /* visible ones, of all open functions */
    size_t count, cap;
    lua_symbol **tail;
    mw_status st; /* of the failure that ended it */
    jmp_buf failed;
} parser;

/* ---- failing: straight back to mw_lua_parse(), for nothing is owned but the caller's arena ----
 */

_Noreturn void mw__p_fail_status(parser *p, mw_status st);
_Noreturn void mw__p_fail_at(parser *p, uint32_t at, const char *message);
_Noreturn void mw__p_expected(parser *p, const char *what);
_Noreturn void mw__p_limit(parser *p, const char *message);
/** Zeroed, in the arena; never NULL. */
void *mw__p_alloc(parser *p, size_t size);
/** One level deeper; the caller counts it down again. */
void mw__p_enter(parser *p);
void mw__p_link_added(parser *p);

/* ---- tokens ---- */

void mw__p_advance(parser *p);
bool mw__p_is_char(const parser *p, char c);
bool mw__p_accept_char(parser *p, char c);
bool mw__p_accept(parser *p, lua_tok kind);
void mw__p_need(parser *p, lua_tok kind, const char *what);
void mw__p_need_char(parser *p, char c);
/** A closing word: the message names the line of what it closes. */
void mw__p_need_match(parser *p, lua_tok kind, char c, const char *what, const char *opener, uint32_t at);
mw_str mw__p_need_name(parser *p);

/* ---- nodes and names ---- */

lua_node *mw__p_node(parser *p, lua_kind kind, uint32_t at);
/** It ends where the last token ended. */
lua_node *mw__p_finish(const parser *p, lua_node *n);
lua_symbol *mw__p_make_symbol(parser *p, mw_str name, lua_symbol_kind kind, uint32_t at, lua_node *definition);
/** From here on the name is visible. */
void mw__p_activate(parser *p, lua_symbol *s);
lua_node *mw__p_name_node(parser *p, mw_str name, uint32_t at);

/* ---- blocks ---- */

void mw__p_open_block(parser *p, block *b, bool loop);
void mw__p_close_block(parser *p);
bool mw__p_block_ends(const parser *p, bool with_until);
void mw__p_add_label(parser *p, mw_str name, uint32_t at);
void mw__p_add_goto(parser *p, mw_str name, uint32_t at);

/* ---- grammar ---- */

lua_node *mw__p_expression(parser *p);
lua_node *mw__p_expression_list(parser *p);
/** A name with its accesses and calls; a bare name is not yet counted as read. */
lua_node *mw__p_suffixed(parser *p);
lua_node *mw__p_read_of(lua_node *n);
/** Behind `function` and its name: parameters and body. */
lua_node *mw__p_function_body(parser *p, uint32_t at, bool method);
/** Statements up to the word that ends the block. */
lua_node *mw__p_parse_block(parser *p);

#endif
