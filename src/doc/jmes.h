/*
 * JMESPath between its files: jmes_lex.c makes tokens, jmes_parse.c an expression, jmes_eval.c a value
 * with the functions of jmes_func.c. An expression is a flat array of nodes; links are indices.
 */
#ifndef MW_DOC_JMES_H
#define MW_DOC_JMES_H

#include "doc/builder.h"
#include "moonward/jmespath.h"

/* Ceilings: no expression in botocore's models or our types has 300 bytes or nests deeper than 10. */
#define JMES_TEXT_MAX  65536u
#define JMES_DEPTH_MAX 256u
#define JMES_ARGS_MAX  32u
/* Node evaluations of one mw_jmespath_eval(): minutes of nested projections end here, in seconds. */
#define JMES_STEPS_MAX ((uint64_t)1 << 26)

typedef enum jmes_token_kind {
    TOK_END,
    TOK_NAME,
    TOK_QUOTED,
    TOK_LITERAL,
    TOK_NUMBER,
    TOK_DOT,
    TOK_STAR,
    TOK_LBRACKET,
    TOK_RBRACKET,
    TOK_FLATTEN, /* [] */
    TOK_FILTER,  /* [? */
    TOK_LBRACE,
    TOK_RBRACE,
    TOK_LPAREN,
    TOK_RPAREN,
    TOK_COMMA,
    TOK_COLON,
    TOK_CURRENT,
    TOK_EXPREF, /* & */
    TOK_AND,
    TOK_OR,
    TOK_PIPE,
    TOK_NOT,
    TOK_EQ,
    TOK_NE,
    TOK_LT,
    TOK_LE,
    TOK_GT,
    TOK_GE
} jmes_token_kind;

typedef struct jmes_token {
    jmes_token_kind kind;
    uint32_t at;    /* byte offset in the expression, for messages */
    int32_t number; /* TOK_NUMBER */
    mw_val literal; /* names and literals, in the builder of literals */
} jmes_token;

typedef enum jmes_kind {
    JMES_CURRENT,
    JMES_FIELD,   /* literal: the name */
    JMES_LITERAL, /* literal */
    JMES_INDEX,   /* number[0] */
    JMES_SLICE,   /* number[0..2], given in op as bits */
    JMES_CHAIN,   /* a, then b on its result: sub-expression, index, pipe */
    JMES_FLATTEN, /* a */
    JMES_PROJECT, /* b on each element of a */
    JMES_VALUES,  /* b on each member of a */
    JMES_FILTER,  /* b on each element of a for which c holds */
    JMES_OR,
    JMES_AND,
    JMES_NOT,
    JMES_COMPARE, /* op: a token kind */
    JMES_LIST,    /* count items from list */
    JMES_HASH,    /* count pairs (literal, node) from list */
    JMES_CALL,    /* op: a function; count arguments from list */
    JMES_EXPREF   /* a */
} jmes_kind;

typedef struct jmes_node {
    uint8_t kind, op;
    uint16_t depth; /* of the tree below: bounds the recursion of the evaluation */
    union {
        struct {
            uint32_t a, b, c;
        };
        struct {
            uint32_t list, count;
        };
        mw_val literal;
        int32_t number[3];
    };
} jmes_node;

struct mw_jmespath {
    jmes_node *nodes;
    uint32_t *lists;
    uint32_t n_nodes, n_lists, root;
    mw_doc *literals;
};

/* Tokens of the expression, ended by TOK_END; the caller frees them. */
mw_status mw__jmes_lex(const char *text, size_t len, mw_doc_builder *literals, jmes_token **tokens, mw_error *err);
/* Kinds of errors, as messages begin with them; all but the first and last are the specification's
 * names. */
#define JMES_SYNTAX  "syntax error"
#define JMES_UNKNOWN "unknown-function"
#define JMES_ARITY   "invalid-arity"
#define JMES_TYPE    "invalid-type"
#define JMES_VALUE   "invalid-value"
#define JMES_LIMIT   "limit"
/* Fill @p err (NULL: nothing) with a message of a kind that names the column of byte @p at;
 * MW_ERR_PARSE. */
mw_status mw__jmes_error(mw_error *err, const char *text, size_t at, const char *kind, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* ---- Functions ---- */

enum {
    ARG_NUMBER = 1,
    ARG_STRING = 2,
    ARG_BOOL = 4,
    ARG_ARRAY = 8,
    ARG_OBJECT = 16,
    ARG_NULL = 32,
    ARG_ANY = 63,
    ARG_NUMBERS = 64,  /* array of numbers */
    ARG_STRINGS = 128, /* array of strings */
    ARG_EXPREF = 256   /* &expression */
};

struct jmes_run;
typedef struct jmes_call {
    const struct jmes_function *function;
    const mw_val *args; /* an expression reference stands as its node */
    size_t count;
} jmes_call;

typedef struct jmes_function {
    const char *name;
    uint8_t min, max; /* arguments; max 0: any number, all of the last type */
    uint16_t types[2];
    bool (*run)(struct jmes_run *run, const jmes_call *call, mw_val *out);
} jmes_function;

extern const jmes_function mw__jmes_functions[];
extern const size_t mw__jmes_function_count;

/* ---- Evaluation ---- */

/* One evaluation. Every step gives false when it is over: an error, or an unknown that was read. */
typedef struct jmes_run {
    const mw_jmespath *j;
    mw_doc_builder *b;
    const mw_doc *d;  /* view of b */
    mw_val *literals; /* literal word of a node's index -> word in b, V_ABSENT: not looked up yet */
    mw_val unknown;   /* the unknown that was read, else V_ABSENT */
    const mw_jmespath_options *o;
    uint64_t steps;
    mw_status status;
    mw_error *err;
} jmes_run;

bool mw__jmes_eval(jmes_run *run, uint32_t node, mw_val in, mw_val *out);
/* The value is about to be looked at: false when it is unknown. */
bool mw__jmes_read(jmes_run *run, mw_val v);
/* As above, for the value and all that it holds. */
bool mw__jmes_read_deep(jmes_run *run, mw_val v);
bool mw__jmes_count(jmes_run *run, uint64_t steps);
bool mw__jmes_fail(jmes_run *run, mw_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Take the value on top of the builder's stack. */
bool mw__jmes_take(jmes_run *run, mw_val *out);

#endif
