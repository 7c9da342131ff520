/*
 * From tokens to an expression, by precedence climbing. A projection takes what follows it up to
 * the first token that stops one (pipe, or, and, comparators, flatten, closers), which is what
 * makes `a[*].b` and `a[*] | b` differ. Names, arity and expression references of functions are
 * checked here, when the whole is grammatical, so that a wrong expression is refused before the
 * first page was fetched. Depth is bounded twice: the recursion of the parser, and the depth of the
 * tree, which chains deepen without recursion.
 */
#include "doc/jmes.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct parser {
    const char *text;
    const jmes_token *token; /* the current one */
    mw_doc_builder *literals;
    mw_jmespath *j;
    size_t cap_nodes, cap_lists;
    unsigned depth;
    mw_error *err;
    mw_status status;
    mw_error objection; /* the first one to what is grammatical: told when the rest is, too */
} parser;

#define NO_NODE UINT32_MAX

/* How strongly a token binds to what stands left of it; 0 ends an expression. */
enum {
    BIND_PIPE = 1,
    BIND_OR = 2,
    BIND_AND = 3,
    BIND_COMPARE = 5,
    BIND_NOT = 6, /* an operand of '!' ends before a comparator, and takes its dots and brackets */
    BIND_FLATTEN = 9,
    BIND_PROJECTION_STOP = 10,
    BIND_STAR = 20,
    BIND_FILTER = 21,
    BIND_DOT = 40,
    BIND_BRACKET = 55,
    BIND_CALL = 60
};

static unsigned binding(jmes_token_kind kind)
{
    switch (kind) {
    case TOK_PIPE: return BIND_PIPE;
    case TOK_OR: return BIND_OR;
    case TOK_AND: return BIND_AND;
    case TOK_EQ:
    case TOK_NE:
    case TOK_LT:
    case TOK_LE:
    case TOK_GT:
    case TOK_GE: return BIND_COMPARE;
    case TOK_FLATTEN: return BIND_FLATTEN;
    case TOK_FILTER: return BIND_FILTER;
    case TOK_DOT: return BIND_DOT;
    case TOK_LBRACKET: return BIND_BRACKET;
    case TOK_LPAREN: return BIND_CALL;
    default: return 0;
    }
}

static const char *token_text(jmes_token_kind kind)
{
    static const char *const text[] = {
        [TOK_END] = "the end",
        [TOK_NAME] = "a name",
        [TOK_QUOTED] = "a quoted name",
        [TOK_LITERAL] = "a literal",
        [TOK_NUMBER] = "a number",
        [TOK_DOT] = "'.'",
        [TOK_STAR] = "'*'",
        [TOK_LBRACKET] = "'['",
        [TOK_RBRACKET] = "']'",
        [TOK_FLATTEN] = "'[]'",
        [TOK_FILTER] = "'[?'",
        [TOK_LBRACE] = "'{'",
        [TOK_RBRACE] = "'}'",
        [TOK_LPAREN] = "'('",
        [TOK_RPAREN] = "')'",
        [TOK_COMMA] = "','",
        [TOK_COLON] = "':'",
        [TOK_CURRENT] = "'@'",
        [TOK_EXPREF] = "'&'",
        [TOK_AND] = "'&&'",
        [TOK_OR] = "'||'",
        [TOK_PIPE] = "'|'",
        [TOK_NOT] = "'!'",
        [TOK_EQ] = "'=='",
        [TOK_NE] = "'!='",
        [TOK_LT] = "'<'",
        [TOK_LE] = "'<='",
        [TOK_GT] = "'>'",
        [TOK_GE] = "'>='",
    };

    return text[kind];
}

/* The grammar allows it, the specification does not. A syntax error further on goes first. */
__attribute__((format(printf, 4, 5))) static void object(parser *p, size_t at, const char *kind, const char *format,
                                                         ...)
{
    char what[256];
    va_list args;

    if (p->status != MW_OK || p->objection.status != MW_OK)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    mw__jmes_error(&p->objection, p->text, at, kind, "%s", what);
}

static uint32_t expected(parser *p, const char *what)
{
    if (p->status == MW_OK)
        p->status = mw__jmes_error(p->err, p->text, p->token->at, JMES_SYNTAX, "expected %s, found %s", what,
                                   token_text(p->token->kind));
    return NO_NODE;
}

static bool take(parser *p, jmes_token_kind kind)
{
    if (p->status != MW_OK)
        return false;
    if (p->token->kind != kind) {
        expected(p, token_text(kind));
        return false;
    }
    p->token++;
    return true;
}

/* Behind an item of a list: past the comma if another one follows, past @p closer if none does. */
static bool another(parser *p, jmes_token_kind closer)
{
    char what[32];

    if (p->status != MW_OK)
        return false;
    if (p->token->kind == TOK_COMMA || p->token->kind == closer)
        return (p->token++)->kind == TOK_COMMA;
    snprintf(what, sizeof what, "',' or %s", token_text(closer));
    expected(p, what);
    return false;
}

static unsigned depth_of(const parser *p, uint32_t node)
{
    return p->j->nodes[node].depth;
}

/* Add a node; its depth is one more than that of its deepest child, given by the caller. */
static uint32_t add_node(parser *p, jmes_node node, unsigned deepest_child)
{
    mw_jmespath *j = p->j;

    if (p->status != MW_OK)
        return NO_NODE;
    if (deepest_child >= JMES_DEPTH_MAX) {
        p->status =
            mw__jmes_error(p->err, p->text, p->token->at, JMES_LIMIT, "nested deeper than %u levels", JMES_DEPTH_MAX);
        return NO_NODE;
    }
    node.depth = (uint16_t)(deepest_child + 1);
    if (j->n_nodes == p->cap_nodes) {
        size_t cap = p->cap_nodes ? p->cap_nodes * 2 : 16;
        jmes_node *grown = mw_realloc(j->nodes, cap * sizeof *grown);

        if (!grown) {
            p->status = mw_fail(p->err, MW_ERR_NOMEM, "out of memory");
            return NO_NODE;
        }
        j->nodes = grown;
        p->cap_nodes = cap;
    }
    j->nodes[j->n_nodes] = node;
    return j->n_nodes++;
}

static uint32_t leaf(parser *p, jmes_kind kind, mw_val literal)
{
    return add_node(p, (jmes_node){.kind = (uint8_t)kind, .literal = literal}, 0);
}

static uint32_t unary(parser *p, jmes_kind kind, uint32_t a)
{
    if (p->status != MW_OK)
        return NO_NODE;
    return add_node(p, (jmes_node){.kind = (uint8_t)kind, .a = a}, depth_of(p, a));
}

static uint32_t binary(parser *p, jmes_kind kind, unsigned op, uint32_t a, uint32_t b)
{
    unsigned depth;

    if (p->status != MW_OK)
        return NO_NODE;
    depth = depth_of(p, a) > depth_of(p, b) ? depth_of(p, a) : depth_of(p, b);
    return add_node(p, (jmes_node){.kind = (uint8_t)kind, .op = (uint8_t)op, .a = a, .b = b}, depth);
}

/* Items of a multi-select or of a call, collected before they get a stretch of lists. */
typedef struct items {
    uint32_t *words;
    size_t n, cap;
    unsigned depth;
} items;

static void items_add(parser *p, items *list, uint32_t word)
{
    if (p->status != MW_OK)
        return;
    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 8;
        uint32_t *grown = mw_realloc(list->words, cap * sizeof *grown);

        if (!grown) {
            p->status = mw_fail(p->err, MW_ERR_NOMEM, "out of memory");
            return;
        }
        list->words = grown;
        list->cap = cap;
    }
    list->words[list->n++] = word;
}

static void items_add_node(parser *p, items *list, uint32_t node)
{
    if (p->status == MW_OK && depth_of(p, node) > list->depth)
        list->depth = depth_of(p, node);
    items_add(p, list, node);
}

/* The node that owns the items; frees them. @p stride words make one item. */
static uint32_t items_node(parser *p, items *list, jmes_kind kind, size_t op, size_t stride)
{
    mw_jmespath *j = p->j;
    uint32_t node = NO_NODE, *grown;

    if (p->status != MW_OK)
        goto out;
    if (list->n) {
        grown = mw_realloc(j->lists, (j->n_lists + list->n) * sizeof *grown);
        if (!grown) {
            p->status = mw_fail(p->err, MW_ERR_NOMEM, "out of memory");
            goto out;
        }
        j->lists = grown;
        memcpy(j->lists + j->n_lists, list->words, list->n * sizeof *grown);
    }
    node = add_node(
        p,
        (jmes_node){
            .kind = (uint8_t)kind, .op = (uint8_t)op, .list = j->n_lists, .count = (uint32_t)(list->n / stride)},
        list->depth);
    j->n_lists += (uint32_t)list->n;
out:
    mw_free(list->words);
    return node;
}

static uint32_t expression(parser *p, unsigned bind);

/* ---- Brackets and braces ---- */

/* Behind '[': items up to ']'. */
static uint32_t multi_list(parser *p)
{
    items list = {0};

    do
        items_add_node(p, &list, expression(p, 0));
    while (another(p, TOK_RBRACKET));
    return items_node(p, &list, JMES_LIST, 0, 1);
}

/* Behind '{': pairs up to '}'. */
static uint32_t multi_hash(parser *p)
{
    items list = {0};

    do {
        if (p->token->kind != TOK_NAME && p->token->kind != TOK_QUOTED) {
            expected(p, "a name");
            break;
        }
        items_add(p, &list, p->token->literal);
        p->token++;
        if (!take(p, TOK_COLON))
            break;
        items_add_node(p, &list, expression(p, 0));
    } while (another(p, TOK_RBRACE));
    return items_node(p, &list, JMES_HASH, 0, 2);
}

/* What follows a '.': a name or call, '*', '[', '{'. */
static uint32_t after_dot(parser *p, unsigned bind)
{
    switch (p->token->kind) {
    case TOK_NAME:
    case TOK_QUOTED:
    case TOK_STAR: return expression(p, bind);
    case TOK_LBRACKET: p->token++; return multi_list(p);
    case TOK_LBRACE: p->token++; return multi_hash(p);
    default: return expected(p, "a name, '*', '[' or '{' after '.'");
    }
}

/* What a projection applies to each of its elements. */
static uint32_t projected(parser *p, unsigned bind)
{
    if (p->status != MW_OK)
        return NO_NODE;
    if (binding(p->token->kind) < BIND_PROJECTION_STOP)
        return leaf(p, JMES_CURRENT, V_ABSENT);
    switch (p->token->kind) {
    case TOK_LBRACKET:
    case TOK_FILTER: return expression(p, bind);
    case TOK_DOT: p->token++; return after_dot(p, bind);
    default: return expected(p, "'.', '[' or an operator");
    }
}

static uint32_t projection(parser *p, jmes_kind kind, uint32_t base, unsigned bind)
{
    return binary(p, kind, 0, base, projected(p, bind));
}

static uint32_t filter(parser *p, uint32_t base)
{
    uint32_t condition = expression(p, 0), right;
    unsigned depth;

    if (!take(p, TOK_RBRACKET))
        return NO_NODE;
    right = projected(p, BIND_FILTER);
    if (p->status != MW_OK)
        return NO_NODE;
    depth = depth_of(p, base);
    if (depth_of(p, right) > depth)
        depth = depth_of(p, right);
    if (depth_of(p, condition) > depth)
        depth = depth_of(p, condition);
    return add_node(p, (jmes_node){.kind = JMES_FILTER, .a = base, .b = right, .c = condition}, depth);
}

/* Behind '[' when a number or a colon follows: index or slice on @p left. */
static uint32_t index_or_slice(parser *p, uint32_t left)
{
    jmes_node node = {.kind = JMES_INDEX};
    unsigned part = 0;
    uint32_t right;

    for (; p->token->kind == TOK_NUMBER || p->token->kind == TOK_COLON; p->token++) {
        if (p->token->kind == TOK_COLON) {
            node.kind = JMES_SLICE;
            if (++part > 2)
                return expected(p, "']' (a slice has three parts)");
        } else if (node.op & 1u << part) {
            return expected(p, "':' or ']'");
        } else {
            node.op = (uint8_t)(node.op | 1u << part);
            node.number[part] = p->token->number;
            if (part == 2 && !p->token->number)
                object(p, p->token->at, JMES_VALUE, "the step of a slice must not be 0");
        }
    }
    if (!take(p, TOK_RBRACKET))
        return NO_NODE;
    right = add_node(p, node, 0);
    if (left != NO_NODE)
        right = binary(p, JMES_CHAIN, 0, left, right);
    return node.kind == JMES_SLICE ? projection(p, JMES_PROJECT, right, BIND_STAR) : right;
}

/* ---- Calls ---- */

static void unknown_function(parser *p, const char *name, size_t at)
{
    const char *names[64], *near;
    size_t i, n = mw__jmes_function_count < 64 ? mw__jmes_function_count : 64;

    for (i = 0; i < n; i++)
        names[i] = mw__jmes_functions[i].name;
    near = mw_nearest(name, names, n);
    if (near)
        object(p, at, JMES_UNKNOWN, "unknown function '%.64s', did you mean '%s'?", name, near);
    else
        object(p, at, JMES_UNKNOWN, "unknown function '%.64s'", name);
}

static void check_call(parser *p, const jmes_function *f, const items *list, size_t at)
{
    size_t i;

    if (list->n < f->min || (f->max && list->n > f->max)) {
        object(p, at, JMES_ARITY, "%s() takes %s%u argument%s, found %zu", f->name, f->max ? "" : "at least ", f->min,
               f->min == 1 ? "" : "s", list->n);
        return;
    }
    if (list->n > JMES_ARGS_MAX) {
        object(p, at, JMES_LIMIT, "%s() takes at most %u arguments", f->name, JMES_ARGS_MAX);
        return;
    }
    for (i = 0; i < list->n; i++) {
        bool wants = i < MW_COUNT(f->types) && (f->types[i] & ARG_EXPREF);
        bool is = p->j->nodes[list->words[i]].kind == JMES_EXPREF;

        if (wants != is)
            object(p, at, JMES_TYPE, "argument %zu of %s() must %sbe an expression (&…)", i + 1, f->name,
                   wants ? "" : "not ");
    }
}

/* At '(' behind a name. */
static uint32_t call(parser *p, const jmes_token *name)
{
    const char *text = mw_val_str(mw_doc_view(p->literals), name->literal, NULL);
    items list = {0};
    size_t i;

    for (i = 0; i < mw__jmes_function_count; i++)
        if (mw_str_eq(mw__jmes_functions[i].name, text))
            break;
    p->token++;
    if (p->token->kind == TOK_RPAREN) {
        p->token++;
    } else {
        do {
            if (p->token->kind == TOK_EXPREF) {
                p->token++;
                items_add_node(p, &list, unary(p, JMES_EXPREF, expression(p, 0)));
            } else {
                items_add_node(p, &list, expression(p, 0));
            }
        } while (another(p, TOK_RPAREN));
    }
    if (i == mw__jmes_function_count)
        unknown_function(p, text, name->at);
    else if (p->status == MW_OK)
        check_call(p, &mw__jmes_functions[i], &list, name->at);
    return items_node(p, &list, JMES_CALL, i, 1);
}

/* ---- Expressions ---- */

/* What begins an expression. */
static uint32_t prefix(parser *p)
{
    const jmes_token *token = p->token;
    uint32_t inner;

    if (token->kind != TOK_END)
        p->token++;
    switch (token->kind) {
    case TOK_NAME: return p->token->kind == TOK_LPAREN ? call(p, token) : leaf(p, JMES_FIELD, token->literal);
    case TOK_QUOTED:
        if (p->token->kind == TOK_LPAREN) {
            p->status =
                mw__jmes_error(p->err, p->text, token->at, JMES_SYNTAX, "the name of a function must not be quoted");
            return NO_NODE;
        }
        return leaf(p, JMES_FIELD, token->literal);
    case TOK_LITERAL: return leaf(p, JMES_LITERAL, token->literal);
    case TOK_CURRENT: return leaf(p, JMES_CURRENT, V_ABSENT);
    case TOK_STAR: return projection(p, JMES_VALUES, leaf(p, JMES_CURRENT, V_ABSENT), BIND_STAR);
    case TOK_FLATTEN:
        return projection(p, JMES_PROJECT, unary(p, JMES_FLATTEN, leaf(p, JMES_CURRENT, V_ABSENT)), BIND_FLATTEN);
    case TOK_FILTER: return filter(p, leaf(p, JMES_CURRENT, V_ABSENT));
    case TOK_NOT: return unary(p, JMES_NOT, expression(p, BIND_NOT));
    case TOK_LPAREN: inner = expression(p, 0); return take(p, TOK_RPAREN) ? inner : NO_NODE;
    case TOK_LBRACE: return multi_hash(p);
    case TOK_LBRACKET:
        if (p->token->kind == TOK_NUMBER || p->token->kind == TOK_COLON)
            return index_or_slice(p, NO_NODE);
        if (p->token->kind == TOK_STAR && p->token[1].kind == TOK_RBRACKET) {
            p->token += 2;
            return projection(p, JMES_PROJECT, leaf(p, JMES_CURRENT, V_ABSENT), BIND_STAR);
        }
        return multi_list(p);
    default: p->token = token; return expected(p, "an expression");
    }
}

/* One step to the right of @p left, whose token binds. */
static uint32_t infix(parser *p, uint32_t left)
{
    jmes_token_kind kind = p->token->kind;

    if (kind == TOK_LPAREN)
        return expected(p, "an operator: only a plain name can be called");
    p->token++;
    switch (kind) {
    case TOK_DOT:
        if (p->token->kind == TOK_STAR) {
            p->token++;
            return projection(p, JMES_VALUES, left, BIND_DOT);
        }
        return binary(p, JMES_CHAIN, 0, left, after_dot(p, BIND_DOT));
    case TOK_PIPE: return binary(p, JMES_CHAIN, 0, left, expression(p, BIND_PIPE));
    case TOK_OR: return binary(p, JMES_OR, 0, left, expression(p, BIND_OR));
    case TOK_AND: return binary(p, JMES_AND, 0, left, expression(p, BIND_AND));
    case TOK_FILTER: return filter(p, left);
    case TOK_FLATTEN: return projection(p, JMES_PROJECT, unary(p, JMES_FLATTEN, left), BIND_FLATTEN);
    case TOK_LBRACKET:
        if (p->token->kind == TOK_NUMBER || p->token->kind == TOK_COLON)
            return index_or_slice(p, left);
        if (p->token->kind != TOK_STAR)
            return expected(p, "a number, ':' or '*' in brackets");
        p->token++;
        if (!take(p, TOK_RBRACKET))
            return NO_NODE;
        return projection(p, JMES_PROJECT, left, BIND_STAR);
    default: return binary(p, JMES_COMPARE, kind, left, expression(p, BIND_COMPARE));
    }
}

static uint32_t expression(parser *p, unsigned bind)
{
    uint32_t left;

    if (p->status != MW_OK)
        return NO_NODE;
    if (++p->depth > JMES_DEPTH_MAX) {
        p->status =
            mw__jmes_error(p->err, p->text, p->token->at, JMES_LIMIT, "nested deeper than %u levels", JMES_DEPTH_MAX);
        return NO_NODE;
    }
    left = prefix(p);
    while (p->status == MW_OK && binding(p->token->kind) > bind)
        left = infix(p, left);
    p->depth--;
    return left;
}

mw_status mw_jmespath_compile(const char *text, size_t len, mw_jmespath **out, mw_error *err)
{
    mw_doc_options options = {.max_bytes = 16u * JMES_TEXT_MAX};
    parser p = {.text = text, .err = err, .status = MW_OK};
    jmes_token *tokens = NULL;

    *out = NULL;
    p.j = mw_alloc(sizeof *p.j);
    if (!p.j)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if ((p.status = mw_doc_builder_new(&options, &p.literals, err)) != MW_OK ||
        (p.status = mw__jmes_lex(text, len, p.literals, &tokens, err)) != MW_OK)
        goto out;
    p.token = tokens;
    p.j->root = expression(&p, 0);
    if (p.status == MW_OK && p.token->kind != TOK_END)
        expected(&p, "an operator or the end");
    if (p.status == MW_OK && p.objection.status != MW_OK)
        p.status = mw_fail(err, p.objection.status, "%s", p.objection.message);
    if (p.status != MW_OK)
        goto out;
    /* what the nodes refer to keeps its words: finishing copies the builder's storage as it is */
    if ((p.status = mw_doc_finish(p.literals, V_NULL, &p.j->literals, err)) != MW_OK)
        goto out;
    *out = p.j;
    p.j = NULL;
out:
    mw_free(tokens);
    mw_doc_builder_free(p.literals);
    mw_jmespath_free(p.j);
    return p.status;
}

void mw_jmespath_free(mw_jmespath *j)
{
    if (!j)
        return;
    mw_free(j->nodes);
    mw_free(j->lists);
    mw_doc_free(j->literals);
    mw_free(j);
}
