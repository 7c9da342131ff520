/*
 * A recursive-descent parser of Lua 5.4 (Reference Manual, chapter 9) that keeps no tree: it notes
 * where marks go and writes the text anew with them in place. It puts in calls of functions that only
 * the VM's mw__open_marks() defines, never a line end, and wraps an operand only where Lua would take
 * one value of it anyhow. Depth and marks have ceilings, for the text is hostile.
 */
#include "lua/instrument.h"

#include "base/mem.h"
#include "lua/lex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 190 /* Lua's own limit is 200 (LUAI_MAXCCALLS) */
#define UNARY     12

/* What goes in at one place, in this order. */
enum insert_class { INSERT_CLOSE, INSERT_AFTER, INSERT_BEFORE, INSERT_OPEN };

struct insert {
    size_t at;
    uint8_t class;
    char letter; /* of the function called; ')' closes */
    uint32_t mark, sequence;
};

struct parser {
    mw_lexer lexer;
    mw_token now;
    size_t last_end; /* of the token before */
    int depth;
    struct insert *inserts;
    size_t insert_count, insert_cap;
    mw_mark *marks;
    size_t mark_count, mark_cap;
    mw_error *err;
    mw_status status;
};

unsigned mw_mark_ways(mw_mark_kind kind)
{
    return kind <= MW_MARK_EACH ? MW_WAY_TRUE : MW_WAY_TRUE | MW_WAY_FALSE;
}

static void failed(struct parser *p, mw_status st, const char *what)
{
    if (p->status == MW_OK)
        p->status = mw_fail(p->err, st, "line %u: %s", (unsigned)p->now.line, what);
}

static bool ok(const struct parser *p)
{
    return p->status == MW_OK;
}

/* ---- tokens ---- */

static void next(struct parser *p)
{
    p->last_end = p->now.end;
    p->now = mw_lexer_next(&p->lexer);
    if (p->now.kind == MW_TOKEN_BAD)
        failed(p, MW_ERR_PARSE, "not a token of Lua");
}

static bool is(const struct parser *p, const char *text)
{
    return mw_token_is(&p->lexer, p->now, text);
}

static bool accept(struct parser *p, const char *text)
{
    if (!ok(p) || !is(p, text))
        return false;
    next(p);
    return true;
}

static void expect(struct parser *p, const char *text)
{
    if (!accept(p, text))
        failed(p, MW_ERR_PARSE, "not Lua as this parser knows it");
}

static void expect_name(struct parser *p)
{
    if (p->now.kind != MW_TOKEN_NAME)
        failed(p, MW_ERR_PARSE, "a name is missing");
    else
        next(p);
}

/* ---- marks ---- */

static bool grow(struct parser *p, void *items, size_t *cap, size_t count, size_t size)
{
    void **array = items, *grown;
    size_t wanted = *cap ? *cap * 2 : 256;

    if (count < *cap)
        return true;
    grown = mw_realloc(*array, wanted * size);
    if (!grown) {
        failed(p, MW_ERR_NOMEM, "out of memory for marks");
        return false;
    }
    *array = grown;
    *cap = wanted;
    return true;
}

static uint32_t add_mark(struct parser *p, mw_mark_kind kind, mw_token at)
{
    if (p->mark_count == MW_MARKS_MAX)
        failed(p, MW_ERR_LIMIT, "too many branches and statements");
    if (!ok(p) || !grow(p, &p->marks, &p->mark_cap, p->mark_count, sizeof(*p->marks)))
        return 0;
    p->marks[p->mark_count] = (mw_mark){kind, at.line, at.column};
    return (uint32_t)p->mark_count++;
}

static void insert(struct parser *p, size_t at, enum insert_class class, char letter, uint32_t mark)
{
    if (!ok(p) || !grow(p, &p->inserts, &p->insert_cap, p->insert_count, sizeof(*p->inserts)))
        return;
    p->inserts[p->insert_count] = (struct insert){at, (uint8_t) class, letter, mark, (uint32_t)p->insert_count};
    p->insert_count++;
}

static void wrap(struct parser *p, mw_mark_kind kind, mw_token first, size_t end)
{
    uint32_t mark = add_mark(p, kind, first);

    insert(p, first.start, INSERT_OPEN, 'b', mark);
    insert(p, end, INSERT_CLOSE, ')', mark);
}

/* ---- expressions ---- */

static void expression(struct parser *p, int limit);
static void block(struct parser *p);

static bool enter(struct parser *p)
{
    if (++p->depth > DEPTH_MAX)
        failed(p, MW_ERR_LIMIT, "nested too deeply");
    return ok(p);
}

static void expressions(struct parser *p)
{
    do
        expression(p, 0);
    while (accept(p, ","));
}

static void function_body(struct parser *p, mw_token at)
{
    uint32_t mark = add_mark(p, MW_MARK_FUNCTION, at);

    expect(p, "(");
    while (ok(p) && !is(p, ")")) {
        if (!accept(p, "..."))
            expect_name(p);
        if (!accept(p, ","))
            break;
    }
    expect(p, ")");
    insert(p, p->last_end, INSERT_AFTER, 's', mark);
    block(p);
    expect(p, "end");
}

static void table(struct parser *p)
{
    expect(p, "{");
    while (ok(p) && !is(p, "}")) {
        if (accept(p, "[")) {
            expression(p, 0);
            expect(p, "]");
            expect(p, "=");
            expression(p, 0);
        } else {
            /* `name = value` reads as an expression followed by one. */
            expression(p, 0);
            if (accept(p, "="))
                expression(p, 0);
        }
        if (!accept(p, ",") && !accept(p, ";"))
            break;
    }
    expect(p, "}");
}

static bool arguments(struct parser *p)
{
    if (p->now.kind == MW_TOKEN_STRING) {
        next(p);
    } else if (is(p, "{")) {
        table(p);
    } else if (accept(p, "(")) {
        if (!is(p, ")"))
            expressions(p);
        expect(p, ")");
    } else {
        return false;
    }
    return true;
}

static void suffixed(struct parser *p)
{
    if (accept(p, "(")) {
        expression(p, 0);
        expect(p, ")");
    } else {
        expect_name(p);
    }
    while (ok(p)) {
        if (accept(p, ".")) {
            expect_name(p);
        } else if (accept(p, "[")) {
            expression(p, 0);
            expect(p, "]");
        } else if (accept(p, ":")) {
            expect_name(p);
            if (!arguments(p))
                failed(p, MW_ERR_PARSE, "a method is not called");
        } else if (!arguments(p)) {
            return;
        }
    }
}

static bool is_literal(const struct parser *p)
{
    return p->now.kind == MW_TOKEN_NUMBER || p->now.kind == MW_TOKEN_STRING || is(p, "nil") || is(p, "true") ||
           is(p, "false");
}

static void simple(struct parser *p)
{
    mw_token at = p->now;

    if (is_literal(p) || is(p, "..."))
        next(p);
    else if (is(p, "{"))
        table(p);
    else if (accept(p, "function"))
        function_body(p, at);
    else
        suffixed(p);
}

static bool binary(const struct parser *p, int *left, int *right)
{
    static const struct {
        const char *text;
        int left, right;
    } operators[] = {{"or", 1, 1},   {"and", 2, 2}, {"<", 3, 3},   {">", 3, 3},   {"<=", 3, 3},  {">=", 3, 3},
                     {"~=", 3, 3},   {"==", 3, 3},  {"|", 4, 4},   {"~", 5, 5},   {"&", 6, 6},   {"<<", 7, 7},
                     {">>", 7, 7},   {"..", 9, 8},  {"+", 10, 10}, {"-", 10, 10}, {"*", 11, 11}, {"/", 11, 11},
                     {"//", 11, 11}, {"%", 11, 11}, {"^", 14, 13}};

    for (size_t i = 0; i < MW_COUNT(operators); i++) {
        if (is(p, operators[i].text)) {
            *left = operators[i].left;
            *right = operators[i].right;
            return true;
        }
    }
    return false;
}

static void expression(struct parser *p, int limit)
{
    mw_token first = p->now;
    bool literal = is_literal(p);
    int left, right;

    if (!enter(p))
        return;
    if (accept(p, "not") || accept(p, "-") || accept(p, "#") || accept(p, "~"))
        expression(p, UNARY);
    else
        simple(p);
    while (ok(p) && binary(p, &left, &right) && left > limit) {
        bool constant = literal && p->last_end == first.end;
        if (left <= 2 && !constant)
            wrap(p, left == 1 ? MW_MARK_OR : MW_MARK_AND, first, p->last_end);
        next(p);
        expression(p, right);
    }
    p->depth--;
}

static void condition(struct parser *p, mw_mark_kind kind)
{
    mw_token first = p->now;
    bool literal = is_literal(p);

    expression(p, 0);
    if (!literal || p->last_end != first.end)
        wrap(p, kind, first, p->last_end);
}

/* ---- statements ---- */

static void if_statement(struct parser *p)
{
    mw_mark_kind kind = MW_MARK_IF;

    do {
        next(p);
        condition(p, kind);
        expect(p, "then");
        block(p);
        kind = MW_MARK_ELSEIF;
    } while (ok(p) && is(p, "elseif"));
    if (accept(p, "else"))
        block(p);
    expect(p, "end");
}

/* `in ipairs { x`, `in pairs({ x`: there is something to loop over, whatever happens. */
static bool loops_over_literal(const struct parser *p)
{
    mw_lexer ahead = p->lexer;
    size_t n = p->now.end - p->now.start;
    const char *name = ahead.source + p->now.start;
    mw_token t;

    if (p->now.kind != MW_TOKEN_NAME ||
        !((n == 6 && memcmp(name, "ipairs", n) == 0) || (n == 5 && memcmp(name, "pairs", n) == 0)))
        return false;
    t = mw_lexer_next(&ahead);
    if (mw_token_is(&ahead, t, "("))
        t = mw_lexer_next(&ahead);
    return mw_token_is(&ahead, t, "{") && !mw_token_is(&ahead, mw_lexer_next(&ahead), "}");
}

static void for_statement(struct parser *p)
{
    uint32_t mark = add_mark(p, MW_MARK_FOR, p->now);

    insert(p, p->now.start, INSERT_BEFORE, 'l', mark);
    next(p);
    do
        expect_name(p);
    while (accept(p, ","));
    if (!accept(p, "="))
        expect(p, "in");
    if (ok(p) && loops_over_literal(p))
        p->marks[mark].kind = MW_MARK_EACH;
    expressions(p);
    expect(p, "do");
    insert(p, p->last_end, INSERT_AFTER, 'e', mark);
    block(p);
    expect(p, "end");
    insert(p, p->last_end, INSERT_AFTER, 'x', mark);
}

static void local_statement(struct parser *p)
{
    mw_token at = p->now;

    if (accept(p, "function")) {
        expect_name(p);
        function_body(p, at);
        return;
    }
    do {
        expect_name(p);
        if (accept(p, "<")) {
            expect_name(p);
            expect(p, ">");
        }
    } while (accept(p, ","));
    if (accept(p, "="))
        expressions(p);
}

static void function_statement(struct parser *p)
{
    mw_token at = p->now;

    next(p);
    expect_name(p);
    while (accept(p, ".") || accept(p, ":"))
        expect_name(p);
    function_body(p, at);
}

static void plain_statement(struct parser *p)
{
    suffixed(p);
    while (accept(p, ","))
        suffixed(p);
    if (accept(p, "="))
        expressions(p);
}

static void statement(struct parser *p)
{
    if (accept(p, "::")) {
        expect_name(p);
        expect(p, "::");
        return;
    }
    if (accept(p, "do")) {
        block(p);
        expect(p, "end");
        return;
    }
    insert(p, p->now.start, INSERT_BEFORE, 's', add_mark(p, MW_MARK_STATEMENT, p->now));
    if (is(p, "if")) {
        if_statement(p);
    } else if (is(p, "for")) {
        for_statement(p);
    } else if (accept(p, "while")) {
        condition(p, MW_MARK_WHILE);
        expect(p, "do");
        block(p);
        expect(p, "end");
    } else if (accept(p, "repeat")) {
        block(p);
        expect(p, "until");
        condition(p, MW_MARK_UNTIL);
    } else if (is(p, "function")) {
        function_statement(p);
    } else if (accept(p, "local")) {
        local_statement(p);
    } else if (accept(p, "goto")) {
        expect_name(p);
    } else if (!accept(p, "break")) {
        plain_statement(p);
    }
}

static bool block_ends(const struct parser *p)
{
    return p->now.kind == MW_TOKEN_END || is(p, "end") || is(p, "else") || is(p, "elseif") || is(p, "until");
}

static void block(struct parser *p)
{
    if (!enter(p))
        return;
    while (ok(p) && !block_ends(p)) {
        if (accept(p, ";"))
            continue;
        if (!is(p, "return")) {
            statement(p);
            continue;
        }
        insert(p, p->now.start, INSERT_BEFORE, 's', add_mark(p, MW_MARK_STATEMENT, p->now));
        next(p);
        if (!block_ends(p) && !is(p, ";"))
            expressions(p);
        accept(p, ";");
        break;
    }
    p->depth--;
}

/* ---- the text anew ---- */

static int compare(const void *pa, const void *pb)
{
    const struct insert *a = pa, *b = pb;

    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->class != b->class)
        return a->class - b->class;
    if (a->class == INSERT_OPEN) /* what was found later begins further out */
        return a->sequence > b->sequence ? -1 : 1;
    return a->sequence < b->sequence ? -1 : 1;
}

static mw_status write(struct parser *p, mw_buf *out)
{
    const char *s = p->lexer.source;
    size_t at = 0;

    if (p->insert_count > 1)
        qsort(p->inserts, p->insert_count, sizeof(*p->inserts), compare);
    for (size_t i = 0; i < p->insert_count; i++) {
        const struct insert *n = &p->inserts[i];
        mw_buf_add(out, s + at, n->at - at, NULL);
        at = n->at;
        if (n->letter == ')')
            mw_buf_putc(out, ')');
        else if (n->letter == 'b')
            mw_buf_printf(out, " __mw_b(%u,", (unsigned)n->mark);
        else
            mw_buf_printf(out, " __mw_%c(%u);", n->letter, (unsigned)n->mark);
    }
    mw_buf_add(out, s + at, p->lexer.len - at, NULL);
    return mw_buf_status(out, p->err);
}

mw_status mw_instrument(const char *source, size_t len, mw_arena *arena, mw_marks *marks, mw_buf *out, mw_error *err)
{
    struct parser p = {.err = err};

    *marks = (mw_marks){0};
    mw_lexer_init(&p.lexer, source, len);
    next(&p);
    block(&p);
    if (ok(&p) && p.now.kind != MW_TOKEN_END)
        failed(&p, MW_ERR_PARSE, "text behind the end of the script");
    if (ok(&p))
        p.status = write(&p, out);
    if (ok(&p)) {
        marks->items = mw_arena_alloc(arena, (p.mark_count + 1) * sizeof(*marks->items));
        if (!marks->items)
            p.status = mw_fail(err, MW_ERR_NOMEM, "out of memory for marks");
        else if (p.mark_count)
            memcpy(marks->items, p.marks, p.mark_count * sizeof(*marks->items));
        marks->count = marks->items ? p.mark_count : 0;
    }
    mw_free(p.marks);
    mw_free(p.inserts);
    return p.status;
}

/* ---- where something is written ---- */

static bool text_is(const mw_lexer *l, mw_token t, const char *text)
{
    size_t quote = t.kind == MW_TOKEN_STRING ? 1 : 0, n = strlen(text);

    return t.end - t.start == n + 2 * quote && memcmp(l->source + t.start + quote, text, n) == 0;
}

unsigned mw_source_line_of(const char *source, size_t len, const char *key, const char *value)
{
    mw_lexer l;
    mw_token t, two[2] = {{.kind = MW_TOKEN_END}, {.kind = MW_TOKEN_END}};

    mw_lexer_init(&l, source, len);
    while ((t = mw_lexer_next(&l)).kind != MW_TOKEN_END && t.kind != MW_TOKEN_BAD) {
        if (mw_token_is(&l, t, "]") && two[1].kind == MW_TOKEN_STRING)
            continue; /* ["key"] = … */
        if (t.kind == MW_TOKEN_STRING && text_is(&l, t, value) && mw_token_is(&l, two[1], "=") &&
            (two[0].kind == MW_TOKEN_NAME || two[0].kind == MW_TOKEN_STRING) && text_is(&l, two[0], key))
            return t.line;
        two[0] = two[1];
        two[1] = t;
    }
    return 0;
}
