/* JMESPath refused: syntax, functions, arity, types, values, ceilings, and memory that runs out. */
#include "jmes.h"

#include <stdio.h>

static void expressions_that_do_not_compile(void **state)
{
    static const char *const rows[][2] = {
        {"", "column 1: expected an expression, found the end"},
        {"   ", "column 4: expected an expression, found the end"},
        {"foo.", "column 5: expected a name, '*', '[' or '{' after '.', found the end"},
        {".foo", "column 1: expected an expression, found '.'"},
        {"foo..bar", "column 5: expected a name, '*', '[' or '{' after '.', found '.'"},
        {"foo.1", "found a number"},
        {"foo.'a'", "found a literal"},
        {"foo.`1`", "found a literal"},
        {"foo[*].`1`", "found a literal"},
        {"foo bar", "column 5: expected an operator or the end, found a name"},
        {"foo]", "expected an operator or the end, found ']'"},
        {"foo)", "expected an operator or the end, found ')'"},
        {"*foo", "expected an operator or the end, found a name"},
        {"foo[*]*", "expected an operator or the end, found '*'"},
        {"foo[*]bar", "expected an operator or the end, found a name"},
        {"[", "expected an expression, found the end"},
        {"[ ]", "expected an expression, found ']'"},
        {"{", "expected a name, found the end"},
        {"{}", "expected a name, found '}'"},
        {"(", "expected an expression"},
        {"(foo", "column 5: expected ')', found the end"},
        {"[a, b", "expected ',' or ']', found the end"},
        {"[a,]", "expected an expression, found ']'"},
        {"[a b]", "expected ',' or ']', found a name"},
        {"{a}", "expected ':', found '}'"},
        {"{a: }", "expected an expression, found '}'"},
        {"{a: b,}", "expected a name, found '}'"},
        {"{'a': b}", "expected a name, found a literal"},
        {"{a: b c: d}", "expected ',' or '}', found a name"},
        {"foo[a]", "expected a number, ':' or '*' in brackets, found a name"},
        {"foo[0, 1]", "expected ']', found ','"},
        {"foo[*", "expected ']', found the end"},
        {"foo.[0]", "expected an expression, found a number"},
        {"foo[0:1:2:3]", "a slice has three parts"},
        {"foo[0 1]", "expected ':' or ']', found a number"},
        {"foo[:2:a]", "expected ']', found a name"},
        {"foo[::0]", "column 7: the step of a slice must not be 0"},
        {"[8:2:0]", "the step of a slice must not be 0"},
        {"foo[99999999999]", "an index must fit 32 bits"},
        {"foo[-]", "expected a digit after '-'"},
        {"foo[?]", "expected an expression, found ']'"},
        {"foo[?a", "expected ']', found the end"},
        {"foo[?a == ]", "expected an expression"},
        {"foo[?a = b]", "column 8: found '='; equality is '=='"},
        {"foo[? == a]", "expected an expression, found '=='"},
        {"a <> b", "expected an expression, found '>'"},
        {"a ||", "expected an expression, found the end"},
        {"|| a", "expected an expression, found '||'"},
        {"a && && b", "expected an expression, found '&&'"},
        {"!", "expected an expression"},
        {"a == ", "expected an expression"},
        {"&a", "expected an expression, found '&'"},
        {"a[?&b]", "expected an expression, found '&'"},
        {"\"foo", "column 1: the closing \" is missing"},
        {"\"a\\x\"", "a quoted name: JSON"},
        {"'foo", "the closing ' is missing"},
        {"'foo\\'", "the closing ' is missing"},
        {"`foo", "the closing ` is missing"},
        {"`\"a`", "a literal: JSON"},
        {"a # b", "column 3: '#' begins nothing here"},
        {"a ^ b", "'^' begins nothing here"},
        {"\xC3\xA9", "byte 0xC3 begins nothing here"},
        {"'\xC3\xA9\xC3\xA9' #", "column 6: '#'"}, /* characters, not bytes */
        {"\"foo\"(a)", "the name of a function must not be quoted"},
        {"keys(a)(b)", "only a plain name can be called"},
        {"(length)(a)", "only a plain name can be called"},
        {"@(a)", "only a plain name can be called"},
        /* unknown-function */
        {"nosuchthing(a)", "column 1: unknown function 'nosuchthing'"},
        {"foo.lenght(@)", "column 5: unknown function 'lenght', did you mean 'length'?"},
        {"Length(a)", "did you mean 'length'?"},
        /* invalid-arity */
        {"abs()", "abs() takes 1 argument, found 0"},
        {"abs(a, b)", "abs() takes 1 argument, found 2"},
        {"join(a)", "join() takes 2 arguments, found 1"},
        {"not_null()", "not_null() takes at least 1 argument, found 0"},
        {"merge()", "merge() takes at least 1 argument, found 0"},
        {"sort_by(a)", "sort_by() takes 2 arguments, found 1"},
        {"length(a,)", "expected an expression, found ')'"},
        {"length(a b)", "expected ',' or ')', found a name"},
        {"length(a", "expected ',' or ')', found the end"},
        /* expression references where they belong, and nowhere else */
        {"sort_by(a, b)", "argument 2 of sort_by() must be an expression"},
        {"map(a, b)", "argument 1 of map() must be an expression"},
        {"length(&a)", "argument 1 of length() must not be an expression"},
        {"sort_by(&a, &b)", "argument 1 of sort_by() must not be an expression"},
        {"not_null(a, b, &c)", "argument 3 of not_null() must not be an expression"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_jmespath *j = NULL;
        mw_error err = {0};
        size_t n = strlen(rows[i][0]);
        char *exact = malloc(n ? n : 1);

        memcpy(exact, rows[i][0], n);
        if (mw_jmespath_compile(exact, n, &j, &err) != MW_ERR_PARSE)
            fail_msg("%s: compiled, or: %s", rows[i][0], err.message);
        if (!strstr(err.message, rows[i][1]))
            fail_msg("%s gave: %s, expected: %s", rows[i][0], err.message, rows[i][1]);
        assert_null(j);
        free(exact);
    }
    mw_jmespath_free(NULL);
}

/* By the names of the specification; what the grammar refuses goes before what stands left of it. */
static void kinds_are_told_apart(void **state)
{
    static const char *const rows[][2] = {
        {"a..b", "JMESPath syntax error, column 3: expected a name"},
        {"'open", "JMESPath syntax error, column 1: the closing ' is missing"},
        {"a # b", "JMESPath syntax error, column 3: '#' begins nothing here"},
        {"a[99999999999]", "JMESPath syntax error, column 3: an index must fit 32 bits"},
        {"a.lenght(b)", "JMESPath unknown-function, column 3: unknown function 'lenght', did you mean 'length'?"},
        {"nosuch(a, &b)", "JMESPath unknown-function, column 1: "},
        {"a[?nosuch(@)]", "JMESPath unknown-function, column 4: "},
        {"sum()", "JMESPath invalid-arity, column 1: sum() takes 1 argument, found 0"},
        {"a | join(@)", "JMESPath invalid-arity, column 5: join() takes 2 arguments, found 1"},
        {"map(a, b)", "JMESPath invalid-type, column 1: argument 1 of map() must be an expression"},
        {"keys(&a)", "JMESPath invalid-type, column 1: argument 1 of keys() must not be an expression"},
        {"a[::0]", "JMESPath invalid-value, column 5: the step of a slice must not be 0"},
        {"a[0:1:0].b", "JMESPath invalid-value, column 7: "},
        /* of several, the first */
        {"[nosuch(a), sum()]", "JMESPath unknown-function, column 2: "},
        {"[sum(), nosuch(a)]", "JMESPath invalid-arity, column 2: "},
        {"a[::0] | sum()", "JMESPath invalid-value, column 5: "},
        {"sum(nosuch(a), b)", "JMESPath unknown-function, column 5: "},
        {"map(nosuch(), a)", "JMESPath unknown-function, column 5: "},
        /* but a syntax error wherever it is */
        {"nosuch(a) ||", "JMESPath syntax error, column 13: expected an expression, found the end"},
        {"nosuch(", "JMESPath syntax error, column 8: "},
        {"nosuch(a,)", "JMESPath syntax error, column 10: expected an expression, found ')'"},
        {"sum()]", "JMESPath syntax error, column 6: expected an operator or the end"},
        {"a[::0].", "JMESPath syntax error, column 8: "},
        {"sort_by(a, b) 'x'", "JMESPath syntax error, column 15: "},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_jmespath *j = NULL;
        mw_error err = {0};

        assert_int_equal(mw_jmespath_compile(rows[i][0], strlen(rows[i][0]), &j, NULL), MW_ERR_PARSE);
        assert_int_equal(mw_jmespath_compile(rows[i][0], strlen(rows[i][0]), &j, &err), MW_ERR_PARSE);
        assert_int_equal(err.status, MW_ERR_PARSE);
        if (strncmp(err.message, rows[i][1], strlen(rows[i][1])) != 0)
            fail_msg("%s gave: %s, expected: %s", rows[i][0], err.message, rows[i][1]);
    }
}

static void arguments_of_the_wrong_type(void **state)
{
    static const char *const rows[][2] = {
        {"abs('a')", "argument 1 of abs() must be a number, it is a string"},
        {"abs(missing)", "argument 1 of abs() must be a number, it is null"},
        {"avg(`[1, \"a\"]`)", "must be an array of numbers, it is an array with elements of another type"},
        {"avg('a')", "argument 1 of avg() must be an array of numbers, it is a string"},
        {"ceil(`true`)", "must be a number, it is a boolean"},
        {"contains(`1`, 'a')", "argument 1 of contains() must be a string or an array, it is a number"},
        {"ends_with('a', `1`)", "argument 2 of ends_with() must be a string, it is a number"},
        {"floor(`{}`)", "must be a number, it is an object"},
        {"join(`1`, `[]`)", "argument 1 of join() must be a string"},
        {"join(',', `[\"a\", 1]`)", "argument 2 of join() must be an array of strings"},
        {"keys(`[]`)", "argument 1 of keys() must be an object, it is an array"},
        {"length(`1`)", "must be a string, an array or an object, it is a number"},
        {"length(missing)", "it is null"},
        {"map(&a, `{}`)", "argument 2 of map() must be an array, it is an object"},
        {"max(`[1, \"a\"]`)", "must be an array of numbers or of strings"},
        {"max(`[true]`)", "must be an array of numbers or of strings"},
        {"max_by(`[{\"a\": true}]`, &a)", "must give a number for each element"},
        {"max_by(`[{\"a\": 1}, {\"a\": \"x\"}]`, &a)", "element 1 differs"},
        {"merge(`{}`, `[]`)", "argument 2 of merge() must be an object"},
        {"min(`{}`)", "must be an array of numbers or of strings, it is an object"},
        {"min_by('a', &a)", "argument 1 of min_by() must be an array"},
        {"reverse(`1`)", "must be a string or an array"},
        {"sort(`[[]]`)", "must be an array of numbers or of strings"},
        {"sort_by(`[{\"a\": 1}, {}]`, &a)", "element 1 differs"},
        {"sort_by(`[1]`, &sum(@))", "argument 1 of sum()"},
        {"starts_with(missing, 'a')", "argument 1 of starts_with() must be a string, it is null"},
        {"sum(`[\"1\"]`)", "must be an array of numbers"},
        {"values('a')", "must be an object"},
        {"`[1]`[?length(@)]", "argument 1 of length()"},
        {"{a: [keys(`1`)]}", "argument 1 of keys()"},
    };
    mw_doc_builder *b = builder_new(false);

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_error err = {0};
        mw_val v;

        mw_doc_builder_reset(b);
        if (search(b, rows[i][0], read_json(b, "{}"), &v, &err) != MW_ERR_INVALID)
            fail_msg("%s: %s", rows[i][0], err.message);
        if (!strstr(err.message, rows[i][1]) || strncmp(err.message, "JMESPath invalid-type: ", 23) != 0)
            fail_msg("%s gave: %s", rows[i][0], err.message);
        assert_int_equal(v, MW_VAL_NULL);
        assert_ok(mw_doc_builder_status(b, &err)); /* the builder can go on */
        assert_int_equal(mw_doc_pop(b), MW_VAL_ABSENT);
    }
    mw_doc_builder_free(b);
}

/* @p unit @p n times between @p before and @p after. */
static char *repeat(const char *before, const char *unit, size_t n, const char *after)
{
    size_t u = strlen(unit), b = strlen(before), a = strlen(after);
    char *text = malloc(b + u * n + a + 1);

    memcpy(text, before, b);
    for (size_t i = 0; i < n; i++)
        memcpy(text + b + i * u, unit, u);
    memcpy(text + b + u * n, after, a + 1);
    return text;
}

static void size_and_depth_of_expressions_are_bounded(void **state)
{
    static const struct {
        const char *before, *unit, *after;
        size_t ok, bad;
    } rows[] = {
        {"", "(", "", 0, 100000},     {"", "[", "", 0, 60000},       {"", "!", "a", 200, 60000},
        {"a", ".a", "", 200, 30000},  {"a", "[0]", "", 200, 20000},  {"a", "[]", "", 80, 30000},
        {"a", "|a", "", 200, 30000},  {"a", "||a", "", 200, 20000},  {"a", "[*]", "", 80, 20000},
        {"", "{a:", "", 0, 20000},    {"", "length(", "", 0, 9000},  {"a", "[?a", "", 0, 20000},
        {"a", "==a", "", 200, 20000}, {"'", "x", "'", 60000, 70000}, {"", " ", "a", 60000, 70000},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_jmespath *j = NULL;
        mw_error err = {0};
        char *text = repeat(rows[i].before, rows[i].unit, rows[i].bad, rows[i].after);

        assert_int_equal(mw_jmespath_compile(text, strlen(text), &j, &err), MW_ERR_PARSE);
        free(text);
        if (!rows[i].ok)
            continue;
        text = repeat(rows[i].before, rows[i].unit, rows[i].ok, rows[i].after);
        assert_ok(mw_jmespath_compile(text, strlen(text), &j, &err));
        mw_jmespath_free(j);
        free(text);
    }
}

static void steps_are_bounded(void **state)
{
    mw_doc_builder *b = builder_new(false);
    mw_error err = {0};
    mw_val in, v;
    char *list = repeat("[", "1,", 999, "1]");

    (void)state;
    in = read_json(b, list);
    free(list);
    /* a thousand to the fourth */
    assert_int_equal(search(b, "length([@][?map(&map(&@, `[1]`), @)])", in, &v, &err), MW_OK);
    assert_int_equal(
        search(b, "[@, @] | [0] | [?contains(map(&to_string(@), `[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]`), @)]", in, &v, &err),
        MW_OK);
    char *lit = repeat("`[", "1,", 999, "1]`");
    char text[16000];
    snprintf(text, sizeof text, "map(&map(&map(&`0`, %s), %s), @)", lit, lit);
    free(lit);
    assert_int_equal(search(b, text, in, &v, &err), MW_ERR_LIMIT);
    mw_doc_builder_free(b);
}

static void output_is_bounded_by_the_builder(void **state)
{
    mw_doc_options options = {.max_bytes = 64 << 10};
    mw_doc_builder *b;
    mw_error err = {0};
    mw_val in, v;

    (void)state;
    assert_ok(mw_doc_builder_new(&options, &b, &err));
    in = read_json(b, "[1,1,1,1,1,1,1,1,1,1]");
    /* ten times longer at each step */
    assert_int_equal(search(b,
                            "[@,@,@,@,@,@,@,@,@,@][] | [@,@,@,@,@,@,@,@,@,@][] | "
                            "[@,@,@,@,@,@,@,@,@,@][] | [@,@,@,@,@,@,@,@,@,@][]",
                            in, &v, &err),
                     MW_ERR_LIMIT);
    assert_int_equal(mw_doc_builder_status(b, &err), MW_ERR_LIMIT);
    assert_int_equal(search(b, "@", in, &v, &err), MW_ERR_LIMIT);
    mw_doc_builder_reset(b);
    in = read_json(b, "\"0123456789\"");
    assert_int_equal(search(b,
                            "join(@, [@,@,@,@,@,@,@,@,@,@]) | join(@, [@,@,@,@,@,@,@,@,@,@]) | "
                            "join(@, [@,@,@,@,@,@,@,@,@,@]) | join(@, [@,@,@,@,@,@,@,@,@,@])",
                            in, &v, &err),
                     MW_ERR_LIMIT);
    mw_doc_builder_free(b);
}

static void every_allocation_may_fail(void **state)
{
    static const char *const expressions[] = {
        "people[?age > `20` && contains(name, 'a')].{n: name, t: tags[*].[k, v][]} | sort_by(@, &n)",
        "[join(',', people[*].name), reverse(people[0].name), max_by(people, &age).name, to_string(@)]",
        "merge({a: `1`}, {\"b c\": '\\'', d: `x`}) | keys(@)[::-1]",
        "a || b || c || d || e || f || g || h || i || j || k || l || m || n || o || p || q || people[0].age",
    };
    struct failing_alloc f = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(expressions); i++) {
        mw_status st = MW_ERR_NOMEM;

        for (f.fail_at = 1; st != MW_OK && f.fail_at < 500; f.fail_at++) {
            mw_doc_builder *b = builder_new(true);
            mw_error err = {0};
            mw_val in = read_json(b, "{\"people\":[{\"name\":\"ann\",\"age\":30,\"tags\":[{\"k\":1,\"v\":2}]},"
                                     "{\"name\":\"bob\",\"age\":40,\"tags\":[]}]}"),
                   v;

            f.count = 0;
            mw_sys.realloc_fn = failing_realloc;
            mw_sys.ctx = &f;
            st = search(b, expressions[i], in, &v, &err);
            mw_sys_reset();
            mw_doc_builder_free(b);
            if (st != MW_OK && st != MW_ERR_NOMEM)
                fail_msg("%s: allocation %ld: %s", expressions[i], f.fail_at, err.message);
        }
        assert_int_equal(st, MW_OK);
        assert_true(f.fail_at > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_that_do_not_compile),
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(arguments_of_the_wrong_type),
        cmocka_unit_test(size_and_depth_of_expressions_are_bounded),
        cmocka_unit_test(steps_are_bounded),
        cmocka_unit_test(output_is_bounded_by_the_builder),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
