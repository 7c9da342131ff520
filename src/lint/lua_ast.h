/*
 * The syntax tree of one Lua 5.4 file, with its names resolved: what the checks of this floor walk
 * over. A tree lies in one arena and borrows the source's bytes. Nothing here runs Lua.
 */
#ifndef MW_LINT_LUA_AST_H
#define MW_LINT_LUA_AST_H

#include "base/arena.h"
#include "base/str.h"

#include <stdint.h>

typedef enum lua_kind {
    /* expressions */
    LUA_NIL,
    LUA_TRUE,
    LUA_FALSE,
    LUA_NUMBER, /* text: as written */
    LUA_STRING, /* text: its bytes */
    LUA_VARARG,
    LUA_FUNCTION, /* function */
    LUA_NAME,     /* text; symbol, or NULL for a global */
    LUA_INDEX,    /* a[b]; `a.b` has a LUA_STRING as b */
    LUA_CALL,     /* a(kids) */
    LUA_METHOD,   /* a:text(kids) */
    LUA_PAREN,    /* (a) */
    LUA_BINARY,   /* a op b */
    LUA_UNARY,    /* op a */
    LUA_TABLE,    /* kids: LUA_FIELD */
    LUA_FIELD,    /* [a] = b, or b alone with a NULL */
    /* statements */
    LUA_BLOCK,      /* kids */
    LUA_LOCAL,      /* kids: LUA_NAME; more: expressions */
    LUA_ASSIGN,     /* kids: targets; more: expressions */
    LUA_DO,         /* body; an expression statement is LUA_EXPRESSION */
    LUA_EXPRESSION, /* a: a call */
    LUA_WHILE,      /* a, body */
    LUA_REPEAT,     /* body, a */
    LUA_IF,         /* kids: LUA_CLAUSE */
    LUA_CLAUSE,     /* a, body; a NULL: else */
    LUA_FOR,        /* kids: one LUA_NAME; more: two or three expressions; body */
    LUA_FOR_IN,     /* kids: LUA_NAMEs; more: expressions; body */
    LUA_DEFINE,     /* `function a()`, `local function a()`: a target, b LUA_FUNCTION */
    LUA_RETURN,     /* more */
    LUA_BREAK,
    LUA_GOTO, /* text */
    LUA_LABEL /* text */
} lua_kind;

typedef enum lua_op {
    OP_NONE,
    OP_OR,
    OP_AND,
    OP_LT,
    OP_GT,
    OP_LE,
    OP_GE,
    OP_NE,
    OP_EQ,
    OP_BOR,
    OP_BXOR,
    OP_BAND,
    OP_SHL,
    OP_SHR,
    OP_CONCAT,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_IDIV,
    OP_MOD,
    OP_POW,
    OP_NOT,
    OP_LEN,
    OP_NEG,
    OP_BNOT
} lua_op;

typedef struct lua_node lua_node;
typedef struct lua_symbol lua_symbol;
typedef struct lua_function lua_function;

struct lua_node {
    uint8_t kind, op;
    uint32_t at, end; /* bytes of the source; a binary expression begins where its left side does */
    mw_str text;
    lua_node *a, *b, *body;
    lua_node *kids, *more; /* lists by `next` */
    lua_node *next;
    union {
        lua_symbol *symbol;
        lua_function *function;
    };
};

typedef enum lua_symbol_kind { SYM_LOCAL, SYM_PARAM, SYM_LOOP, SYM_FUNCTION, SYM_SELF } lua_symbol_kind;

/* What the checks know of a value (lint/value.h) is kept with the symbol. */
struct lua_symbol {
    mw_str name;
    uint8_t kind;
    bool constant; /* <const> or <close> */
    bool close;
    bool named;    /* by a function that check reaches */
    uint8_t state; /* of `value`: 0 not asked, 1 being found, 2 found */
    uint32_t at;
    unsigned reads, writes, calls; /* reads include calls */
    unsigned position;             /* among the names of its statement, the parameters of its function */
    lua_function *owner;
    lua_node *definition; /* LUA_LOCAL, LUA_FOR, LUA_FOR_IN, LUA_DEFINE; NULL for parameters */
    lua_node *call_list;  /* calls of this name, by `body` of the LUA_CALL (unused there otherwise) */
    lua_symbol *hides;    /* symbol of the same name that was visible here */
    lua_symbol *next;     /* of the file, in order */
    const void *value;
};

struct lua_function {
    lua_function *parent;    /* NULL: the main chunk */
    lua_node *node;          /* LUA_FUNCTION; NULL for the main chunk */
    lua_node *body;          /* LUA_BLOCK */
    lua_node *params;        /* LUA_NAMEs */
    lua_symbol *self_symbol; /* the one it is defined as, when it is a local */
    bool vararg, method;
    bool has_goto;
    lua_node *returns;    /* LUA_RETURNs, by `body` */
    bool reached;         /* from check */
    bool at_load;         /* a closure that was made while the file loaded */
    uint8_t result_state; /* of `result`: 0 not asked, 1 being found, 2 found */
    const void *result;   /* first value that it returns, as lua_symbol's value */
};

typedef struct lua_comment {
    uint32_t at, len; /* behind the dashes, without long brackets */
    bool alone;       /* nothing else on its line before it */
} lua_comment;

typedef struct lua_tree {
    const char *source;
    size_t len;
    lua_function *main;
    lua_symbol *symbols; /* every local of the file */
    lua_comment *comments;
    size_t comment_count;
    uint32_t *lines; /* offsets at which lines begin */
    size_t line_count;
    uint32_t error_at; /* of a failed parse */
    bool limit;        /* it failed for a ceiling of ours, not for its grammar */
} lua_tree;

/** Nesting of statements and expressions: less than Lua's 200, for a worker that is deep in calls
 * itself. */
#define LUA_DEPTH_MAX  190
#define LUA_LINKS_MAX  10000 /* of one top-level statement: bounds the height of the tree */
#define LUA_LOCALS_MAX 200   /* lparser.c, MAXVARS */

/**
 * Parse and resolve. What Lua's own compiler refuses is refused: grammar, goto, break, <const>,
 * varargs.
 * @return MW_OK; MW_ERR_PARSE: err->message says what was expected, out->error_at where;
 * MW_ERR_NOMEM. Linear in @p len; recursion at most LUA_DEPTH_MAX deep.
 */
mw_status mw_lua_parse(const char *source, size_t len, mw_arena *arena, lua_tree *out, mw_error *err);
/** Line and column (bytes), both from 1. Works on a tree that failed to parse. */
void mw_lua_position(const lua_tree *t, uint32_t at, unsigned *line, unsigned *column);

static inline bool mw_lua_is(mw_str s, const char *text)
{
    size_t n = strlen(text);

    return s.len == n && memcmp(s.data, text, n) == 0;
}
static inline bool mw_lua_same(mw_str a, mw_str b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}
static inline bool mw_lua_one_of(mw_str s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mw_lua_is(s, names[i]))
            return true;
    return false;
}
/** Expression without its parentheses. */
static inline const lua_node *mw_lua_bare(const lua_node *n)
{
    while (n && n->kind == LUA_PAREN)
        n = n->a;
    return n;
}
/** Is it `name`, a global? */
static inline bool mw_lua_global(const lua_node *n, const char *name)
{
    return n && n->kind == LUA_NAME && !n->symbol && mw_lua_is(n->text, name);
}

/** Visit every node below @p n in the order of the source, itself first. False from @p visit: not
 * below. */
void mw_lua_walk(lua_node *n, bool (*visit)(void *user, lua_node *n), void *user);

#endif
