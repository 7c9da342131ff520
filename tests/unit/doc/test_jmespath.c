/*
 * JMESPath results, by the specification (https://jmespath.org/specification.html). Objects are
 * unordered there; here they are in byte order of keys, which is what `*`, keys() and values() show.
 */
#include "jmes.h"

struct row {
    const char *expression, *result;
};

static void run(const char *given, const struct row *rows, size_t count)
{
    mw_doc_builder *b = builder_new(false);

    for (size_t i = 0; i < count; i++) {
        MW_AUTO(mw_buf) out = {0};
        mw_error err = {0};
        mw_val in, v;

        mw_doc_builder_reset(b);
        in = read_json(b, given);
        if (search(b, rows[i].expression, in, &v, &err) != MW_OK)
            fail_msg("%s: %s", rows[i].expression, err.message);
        assert_int_equal(mw_json_write(&out, mw_doc_view(b), v, MW_JSON_COMPACT), MW_OK);
        if (strcmp(out.data, rows[i].result) != 0)
            fail_msg("%s gave %s, expected %s", rows[i].expression, out.data, rows[i].result);
        assert_int_equal(mw_doc_pop(b), MW_VAL_ABSENT); /* the stack is as it was */
    }
    mw_doc_builder_free(b);
}

#define RUN(given, rows) run(given, rows, MW_COUNT(rows))

static void names_and_subexpressions(void **state)
{
    static const struct row rows[] = {
        {"foo", "{\"a b\":{\"x\":1},\"bar\":{\"baz\":\"v\"}}"},
        {"foo.bar", "{\"baz\":\"v\"}"},
        {"foo . bar\n.\tbaz", "\"v\""},
        {"foo.bar.baz.bad", "null"},
        {"bad.bad", "null"},
        {"foo.\"a b\".x", "1"},
        {"\"foo\".bar.\"baz\"", "\"v\""},
        {"\"\\u0066oo\".bar.baz", "\"v\""},
        {"\"with\\\"quote\"", "2"},
        {"\"\xE2\x9C\x93\"", "3"},
        {"\"\\\\\"", "4"},
        {"_x9", "5"},
        {"@", "{\"\\\\\":4,\"_x9\":5,\"foo\":{\"a b\":{\"x\":1},\"bar\":{\"baz\":\"v\"}},"
              "\"list\":[0],\"with\\\"quote\":2,\"\xE2\x9C\x93\":3}"},
        {"@.foo.bar.baz", "\"v\""},
        {"list.foo", "null"},
    };

    (void)state;
    RUN("{\"foo\":{\"bar\":{\"baz\":\"v\"},\"a b\":{\"x\":1}},\"with\\\"quote\":2,\"\xE2\x9C\x93\":3,"
        "\"\\\\\":4,\"_x9\":5,\"list\":[0]}",
        rows);
}

static void indices_and_slices(void **state)
{
    static const struct row rows[] = {
        {"n[0]", "0"},
        {"n[5]", "5"},
        {"n[6]", "null"},
        {"n[-1]", "5"},
        {"n[-6]", "0"},
        {"n[-7]", "null"},
        {"n[ 1 ]", "1"},
        {"o[0]", "null"},
        {"s[0]", "null"},
        {"m[1][0]", "3"},
        {"m[1][0].x", "null"},
        {"o.a[1].b", "\"y\""},
        {"n[0:2]", "[0,1]"},
        {"n[:2]", "[0,1]"},
        {"n[4:]", "[4,5]"},
        {"n[:]", "[0,1,2,3,4,5]"},
        {"n[::]", "[0,1,2,3,4,5]"},
        {"n[::2]", "[0,2,4]"},
        {"n[1::2]", "[1,3,5]"},
        {"n[::-1]", "[5,4,3,2,1,0]"},
        {"n[-2:]", "[4,5]"},
        {"n[:-4]", "[0,1]"},
        {"n[10:]", "[]"},
        {"n[-10:2]", "[0,1]"},
        {"n[2:10]", "[2,3,4,5]"},
        {"n[4:1]", "[]"},
        {"n[4:1:-1]", "[4,3,2]"},
        {"n[10:-10:-2]", "[5,3,1]"},
        {"n[-100:-100:-1]", "[]"},
        {"n[0:6:100]", "[0]"},
        {"n[:2:]", "[0,1]"},
        {"s[0:1]", "null"},
        {"o[0:1]", "null"},
        {"o.a[:1].b", "[\"x\"]"},
        {"o.a[::-1].b", "[\"y\",\"x\"]"},
        {"o.a[0:2].b[0]", "[]"},
        {"o.a[:2].b | [0]", "\"x\""},
        {"m[0][0:1]", "[1]"},
        {"m[0][0:1].x", "[]"},
        {"n[0:2147483647:2147483647]", "[0]"},
        {"n[-2147483648]", "null"},
    };

    (void)state;
    RUN("{\"n\":[0,1,2,3,4,5],\"s\":\"text\",\"m\":[[1,2],[3]],\"o\":{\"a\":[{\"b\":\"x\"},{\"b\":\"y\"}]}}", rows);
}

static void projections_and_where_they_stop(void **state)
{
    static const struct row rows[] = {
        {"r[*].i[*].s", "[[\"a\",\"b\"],[\"c\"]]"},
        {"r[].i[].s", "[\"a\",\"b\",\"c\"]"},
        {"r[*].i[].s", "[\"a\",\"b\",\"c\"]"},
        {"r[*].i[0].s", "[\"a\",\"c\"]"},
        {"r[*].i | [0]", "[{\"s\":\"a\"},{\"s\":\"b\"}]"},
        {"r[*].i[0]", "[{\"s\":\"a\"},{\"s\":\"c\"}]"},
        {"(r[*].i)[0]", "[{\"s\":\"a\"},{\"s\":\"b\"}]"},
        {"(r[*].i)[0][1].s", "\"b\""},
        {"r[*].bad", "[]"},
        {"r[*].bad[0]", "[]"},
        {"r[*].i[5]", "[]"},
        {"[*]", "null"},
        {"m.*", "[{\"v\":1},{\"v\":2},3]"},
        {"m.*.v", "[1,2]"},
        {"m.*.*", "[[1],[2]]"},
        {"m.*[0]", "[]"},
        {"*.x.v", "[1]"},
        {"r.*", "null"},
        {"m[*]", "null"},
        {"m[]", "null"},
        {"n[]", "[1,2,3,[4],5]"},
        {"n[][]", "[1,2,3,4,5]"},
        {"n[*][0]", "[1,3]"},
        {"n[*]", "[[1,2],[3,[4]],5]"},
        {"n[] | [0]", "1"},
        {"[n, n][][]", "[1,2,3,[4],5,1,2,3,[4],5]"},
        {"r[*].i[*].[s, t]", "[[[\"a\",null],[\"b\",null]],[[\"c\",null]]]"},
        {"r[*].i == r[*].i", "true"},
        {"r[*].k || `1`", "[1,2]"},
        {"r[*].nope || `1`", "1"},
        {"r[?k == `2`].i[*].s", "[[\"c\"]]"},
        {"r[?k == `2`].i[]", "[{\"s\":\"c\"}]"},
        {"r[?k == `2`][]", "[{\"i\":[{\"s\":\"c\"}],\"k\":2}]"},
        {"r[*].i[?s == 'b'][]", "[{\"s\":\"b\"}]"},
        {"r[*].i[?s == 'b'].s | []", "[\"b\"]"},
        {"r[*].*.s", "[[],[]]"},
        {"*|*", "null"},
        {"r[?i[?s=='c']].k", "[2]"},
    };

    (void)state;
    RUN("{\"r\":[{\"k\":1,\"i\":[{\"s\":\"a\"},{\"s\":\"b\"}]},{\"k\":2,\"i\":[{\"s\":\"c\"}]}],"
        "\"m\":{\"x\":{\"v\":1},\"y\":{\"v\":2},\"z\":3},\"n\":[[1,2],[3,[4]],5,null]}",
        rows);
}

static void logic_comparison_and_precedence(void **state)
{
    static const struct row rows[] = {
        {"t && f", "false"},
        {"t && one", "1"},
        {"es && t", "\"\""},
        {"f || one", "1"},
        {"el || eo || es || nul", "null"},
        {"zero || one", "0"},
        {"!t", "false"},
        {"!f", "true"},
        {"!el", "true"},
        {"!eo", "true"},
        {"!es", "true"},
        {"!nul", "true"},
        {"!zero", "false"},
        {"!!zero", "true"},
        {"!missing", "true"},
        {"!o.on", "false"},
        {"!o.off", "true"},
        {"!l[0]", "false"},
        {"!l[9]", "true"},
        {"!one == `false`", "true"},
        {"!o.on && t", "false"},
        {"!l[].x", "true"},
        {"t || f && f", "true"},
        {"(t || f) && f", "false"},
        {"f && f || t", "true"},
        {"one == `1`", "true"},
        {"one == `1.0`", "true"},
        {"one == t", "false"},
        {"zero == f", "false"},
        {"l == `[1, 2]`", "true"},
        {"o == `{\"off\": false, \"on\": true}`", "true"},
        {"one != `2`", "true"},
        {"nul == missing", "true"},
        {"s == 'b'", "true"},
        {"one < `2`", "true"},
        {"one < `1`", "false"},
        {"one <= `1.0`", "true"},
        {"one > zero", "true"},
        {"one >= `1.5`", "false"},
        /* strings have the order that AWS's own tools give them; nothing else has one */
        {"s < 'c'", "true"},
        {"s >= s", "true"},
        {"s > 'bb'", "false"},
        {"es < s", "true"},
        {"s <= 'B'", "false"},
        {"s <= es", "false"},
        {"'2026-01-10T00' >= '2026-01-10'", "true"},
        {"'\xEF\xBD\x9E' < '\xF0\x9F\x98\x80'", "true"}, /* by code points: U+FF5E, U+1F600 */
        {"s < one", "null"},
        {"one < s", "null"},
        {"l < one", "null"},
        {"'1' < `2`", "null"},
        {"l < l", "null"},
        {"s < nul", "null"},
        {"nul < one", "null"},
        {"t > f", "null"},
        {"one > t", "null"},
        {"one == `1` || s == 'x' && f", "true"},
        {"one < `2` && zero < one", "true"},
        {"one | @ == `1`", "true"},
        {"l[?@ > `1`]", "[2]"},
        {"l[?@ != `1`]", "[2]"},
        {"l[?!(@ == `1`)]", "[2]"},
        {"mixed[?@]", "[true,0,\"a\",[0],{\"a\":null}]"},
        {"big == `9007199254740993`", "true"},
        {"big == `9007199254740992.0`", "false"},
        {"one == `1` == t", "true"},
    };

    (void)state;
    RUN("{\"t\":true,\"f\":false,\"one\":1,\"zero\":0,\"nul\":null,\"el\":[],\"eo\":{},\"es\":\"\",\"s\":\"b\","
        "\"l\":[1,2],\"o\":{\"on\":true,\"off\":false},\"big\":9007199254740993,"
        "\"mixed\":[null,true,false,0,\"\",\"a\",[],[0],{},{\"a\":null}]}",
        rows);
}

static void multi_selects_pipes_and_literals(void **state)
{
    static const struct row rows[] = {
        {"[a, b]", "[1,2]"},
        {"[a]", "[1]"},
        {"[a, [b, x]]", "[1,[2,null]]"},
        {"{x: a, \"y z\": b}", "{\"x\":1,\"y z\":2}"},
        {"{x: {y: a}}", "{\"x\":{\"y\":1}}"},
        {"{x: a, x: b}", "{\"x\":2}"},
        {"c.[d, e]", "[3,null]"},
        {"c.{q: d}", "{\"q\":3}"},
        {"missing.[a, b]", "null"},
        {"missing.{q: d}", "null"},
        {"l[*].[k]", "[[1],[2]]"},
        {"l[*].{K: k}", "[{\"K\":1},{\"K\":2}]"},
        {"l[].{K: k}[0]", "{\"K\":1}"},
        {"l[*].{K: k} | [0].K", "1"},
        {"a | @", "1"},
        {"c | d", "3"},
        {"c|d|@", "3"},
        {"l | [1] | k", "2"},
        {"[a, b] | [1]", "2"},
        {"`null`", "null"},
        {"`[1, {\"a\": true}]`", "[1,{\"a\":true}]"},
        {"` \"x\" `", "\"x\""},
        {"`1.50`", "1.5"},
        {"`-3`", "-3"},
        {"`\"a\\`b\"`", "\"a`b\""},
        {"`\"\\\\n\"`", "\"\\\\n\""},
        {"`\"\\n\"`", "\"\\n\""},
        /* JEP-12's old form, which AWS CLI users still write */
        {"`foo`", "\"foo\""},
        {"`  foo bar`", "\"foo bar\""},
        {"`a\\`b`", "\"a`b\""},
        {"l[?n == `running`].k", "[1]"},
        {"'raw'", "\"raw\""},
        {"''", "\"\""},
        {"'it\\'s'", "\"it's\""},
        {"'a\\nb'", "\"a\\\\nb\""},
        {"'\\\\'", "\"\\\\\\\\\""},
        {"'`'", "\"`\""},
        {"'\xC3\xA9'", "\"\xC3\xA9\""},
        {"'a\nb'", "\"a\\nb\""},
        {"`{\"a\": {\"b\": 5}}`.a.b", "5"},
        {"`[1, 2]`[1]", "2"},
    };

    (void)state;
    RUN("{\"a\":1,\"b\":2,\"c\":{\"d\":3},\"l\":[{\"k\":1,\"n\":\"running\"},{\"k\":2}]}", rows);
}

static void functions(void **state)
{
    static const struct row rows[] = {
        {"abs(`-5`)", "5"},
        {"abs(`-1.5`)", "1.5"},
        {"abs(min64)", "9.223372036854776e+18"},
        {"avg(n)", "2"},
        {"avg(`[1, 2]`)", "1.5"},
        {"avg(`[]`)", "null"},
        {"ceil(`1.2`)", "2"},
        {"ceil(`-1.2`)", "-1"},
        {"ceil(`7`)", "7"},
        {"ceil(`1e300`)", "1e+300"},
        {"floor(`1.9`)", "1"},
        {"floor(`-1.2`)", "-2"},
        {"contains('foobar', 'oba')", "true"},
        {"contains('foobar', 'x')", "false"},
        {"contains('foobar', '')", "true"},
        {"contains('foobar', `1`)", "false"},
        {"contains(n, `2`)", "true"},
        {"contains(n, '2')", "false"},
        {"contains(mix, `{\"a\": 1}`)", "true"},
        {"ends_with(s, 'ld')", "true"},
        {"ends_with(s, 'hello w\xC3\xB6rld!')", "false"},
        {"starts_with(s, 'hell')", "true"},
        {"starts_with(s, '')", "true"},
        {"starts_with('', 'a')", "false"},
        {"join(',', `[\"a\", \"b\"]`)", "\"a,b\""},
        {"join('', `[]`)", "\"\""},
        {"join(', ', `[\"a\"]`)", "\"a\""},
        {"keys(o)", "[\"a\",\"b\"]"},
        {"keys(`{}`)", "[]"},
        {"values(o)", "[1,2]"},
        {"length('h\xC3\xB6\xF0\x9F\x98\x80')", "3"},
        {"length(n)", "3"},
        {"length(o)", "2"},
        {"length('')", "0"},
        {"map(&a, people)", "[3,1,null]"},
        {"map(&[], `[[1, [2]], 3]`)", "[[1,2],null]"},
        {"map(&@, `[]`)", "[]"},
        {"max(n)", "3"},
        {"max(`[]`)", "null"},
        {"max(`[\"b\", \"a\"]`)", "\"b\""},
        {"max(`[1, 2.5]`)", "2.5"},
        {"min(n)", "1"},
        {"min(`[\"b\", \"\xC3\xA9\", \"a\"]`)", "\"a\""},
        {"max_by(people[:2], &a).n", "\"bob\""},
        {"min_by(people[:2], &a).n", "\"al\""},
        {"max_by(people, &n).n", "\"cy\""},
        {"max_by(`[]`, &a)", "null"},
        {"min_by(ties, &k).i", "0"},
        {"max_by(ties, &k).i", "1"},
        {"merge(o, `{\"b\": 9, \"c\": 3}`)", "{\"a\":1,\"b\":9,\"c\":3}"},
        {"merge(`{}`)", "{}"},
        {"merge(`{\"x\": {\"y\": 1}}`, `{\"x\": {\"z\": 2}}`)", "{\"x\":{\"z\":2}}"},
        {"not_null(nul, missing, s)", "\"hello w\xC3\xB6rld\""},
        {"not_null(nul)", "null"},
        {"not_null(nul, `false`, `1`)", "false"},
        {"reverse(n)", "[2,1,3]"},
        {"reverse('h\xC3\xB6\xF0\x9F\x98\x80')", "\"\xF0\x9F\x98\x80\xC3\xB6h\""},
        {"reverse('')", "\"\""},
        {"reverse(`[]`)", "[]"},
        {"sort(n)", "[1,2,3]"},
        {"sort(`[]`)", "[]"},
        {"sort(`[2, 1.5, -1]`)", "[-1,1.5,2]"},
        /* by code points, not by UTF-16 units: U+FF5E before U+1F600; and not by locale */
        {"sort(`[\"\xF0\x9F\x98\x80\", \"\xEF\xBD\x9E\", \"b\", \"B\", \"aa\", \"a\", \"\xC3\xA9\"]`)",
         "[\"B\",\"a\",\"aa\",\"b\",\"\xC3\xA9\",\"\xEF\xBD\x9E\",\"\xF0\x9F\x98\x80\"]"},
        {"sort_by(people[:2], &a)[*].n", "[\"al\",\"bob\"]"},
        {"sort_by(people, &n)[*].n", "[\"al\",\"bob\",\"cy\"]"},
        {"sort_by(`[]`, &a)", "[]"},
        {"sort_by(ties, &k)[*].i", "[0,2,4,1,3]"}, /* stable */
        {"sum(n)", "6"},
        {"sum(`[]`)", "0"},
        {"sum(`[1, 0.5]`)", "1.5"},
        {"sum(`[9223372036854775807, 1]`)", "9.223372036854776e+18"},
        {"to_array(n)", "[3,1,2]"},
        {"to_array(s)", "[\"hello w\xC3\xB6rld\"]"},
        {"to_array(o)", "[{\"a\":1,\"b\":2}]"},
        {"to_array(nul)", "[null]"},
        {"to_number('12')", "12"},
        {"to_number('-1.5e1')", "-15"},
        {"to_number('12x')", "null"},
        {"to_number('')", "null"},
        {"to_number(' 1')", "null"},
        {"to_number('1 ')", "null"},
        {"to_number('0x1')", "null"},
        {"to_number('\"1\"')", "null"},
        {"to_number(`1.5`)", "1.5"},
        {"to_number(n)", "null"},
        {"to_number(nul)", "null"},
        {"to_number(`true`)", "null"},
        {"to_string(o)", "\"{\\\"a\\\":1,\\\"b\\\":2}\""},
        {"to_string(s)", "\"hello w\xC3\xB6rld\""},
        {"to_string(`1.0`)", "\"1\""},
        {"to_string(n)", "\"[3,1,2]\""},
        {"to_string(nul)", "\"null\""},
        {"type(s)", "\"string\""},
        {"type(n)", "\"array\""},
        {"type(o)", "\"object\""},
        {"type(`1`)", "\"number\""},
        {"type(`1.5`)", "\"number\""},
        {"type(`true`)", "\"boolean\""},
        {"type(nul)", "\"null\""},
        {"o.length(@)", "2"},
        {"people[*].length(n)", "[3,2,2]"},
        {"o.keys(@) | [0]", "\"a\""},
        {"length(people[?a > `2` || n == 'cy']) == length(people) || `\"fewer\"`", "\"fewer\""},
        {"max_by(people, &length(n)).n", "\"bob\""},
        {"sort_by(people, &n) | [-1].n", "\"cy\""},
        {"type( @ )", "\"object\""},
        {"length(keys(o))", "2"},
    };

    (void)state;
    RUN("{\"n\":[3,1,2],\"s\":\"hello w\xC3\xB6rld\",\"o\":{\"b\":2,\"a\":1},\"nul\":null,"
        "\"min64\":-9223372036854775808,\"mix\":[1,\"x\",{\"a\":1}],"
        "\"people\":[{\"n\":\"bob\",\"a\":3},{\"n\":\"al\",\"a\":1},{\"n\":\"cy\"}],"
        "\"ties\":[{\"k\":1,\"i\":0},{\"k\":2,\"i\":1},{\"k\":1,\"i\":2},{\"k\":2,\"i\":3},{\"k\":1,\"i\":4}]}",
        rows);
}

/* The forms that botocore's paginators and waiters use (section 6 of the evidence on the AWS client). */
static void forms_of_the_aws_models(void **state)
{
    static const struct row rows[] = {
        {"NextMarker || Contents[-1].Key", "\"b\""},
        {"Contents[-1].Key", "\"b\""},
        {"Result.NextToken", "\"t\""},
        {"length(Contents) == `0`", "false"},
        {"length(Contents[]) > `0`", "true"},
        {"length(Contents[].Key) > `0`", "true"},
        {"State != 'x' && Other != 'y'", "true"},
        {"length(services[?!(length(deployments) == `1` && runningCount == desiredCount)]) == `0`", "true"},
        {"length(services) > `0` && length(services[?status == 'ACTIVE' || status == 'INACTIVE']) == length(services)",
         "true"},
        {"services[].deployments[].id.x", "[1]"},
        {"Result.Groups.*.Id", "[1,2]"},
        {"keys(RequestItems)", "[\"t1\",\"t2\"]"},
        {"Transact[*].[Put.Table, Get.Table, Delete.Table][]", "[\"a\",\"b\"]"},
        {"Reservations[].Instances[].State.Name", "[\"running\",\"stopped\"]"},
        {"Reservations[*].Instances[*].[Id, Tags[?Key=='Name'] | [0].Value][]", "[[\"i-1\",\"web\"],[\"i-2\",null]]"},
    };

    (void)state;
    RUN("{\"Contents\":[{\"Key\":\"a\"},{\"Key\":\"b\"}],\"Result\":{\"NextToken\":\"t\",\"Groups\":{\"a\":{\"Id\":1},"
        "\"b\":{\"Id\":2}}},\"services\":[{\"status\":\"ACTIVE\",\"deployments\":[{\"id\":{\"x\":1}}],\"runningCount\":"
        "2,"
        "\"desiredCount\":2}],\"RequestItems\":{\"t2\":1,\"t1\":2},\"Transact\":[{\"Put\":{\"Table\":\"a\"}},"
        "{\"Get\":{\"Table\":\"b\"}}],\"Reservations\":[{\"Instances\":[{\"Id\":\"i-1\",\"State\":{\"Name\":"
        "\"running\"},"
        "\"Tags\":[{\"Key\":\"Name\",\"Value\":\"web\"}]}]},{\"Instances\":[{\"Id\":\"i-2\",\"State\":{\"Name\":"
        "\"stopped\"},\"Tags\":[]}]}]}",
        rows);
}

/* {"a": 1, "list": [1, <unknown>, 3], "u": <unknown>, "deep": {"x": {"y": <unknown>}}} */
static mw_val with_unknowns(mw_doc_builder *b)
{
    mw_doc_begin_object(b);
    mw_doc_member_int(b, "a", 1);
    mw_doc_ckey(b, "list");
    mw_doc_begin_array(b);
    mw_doc_add_int(b, 1);
    mw_doc_add_unknown_cause(b, NULL, "U1", NULL);
    mw_doc_add_int(b, 3);
    mw_doc_end_array(b);
    mw_doc_ckey(b, "u");
    mw_doc_add_unknown_cause(b, NULL, "U2", NULL);
    mw_doc_ckey(b, "deep");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "x");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "y");
    mw_doc_add_unknown_cause(b, NULL, "U3", NULL);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    return mw_doc_pop(b);
}

static void an_unknown_that_is_read_is_the_result(void **state)
{
    static const struct {
        const char *expression, *code;
    } rows[] = {
        {"u", "U2"},
        {"u.x", "U2"},
        {"u.x.y", "U2"},
        {"u[0]", "U2"},
        {"u[]", "U2"},
        {"u[*]", "U2"},
        {"u.*", "U2"},
        {"u[?a]", "U2"},
        {"u[0:1]", "U2"},
        {"u.[a]", "U2"},
        {"u.{a: a}", "U2"},
        {"!u", "U2"},
        {"u || a", "U2"},
        {"u && a", "U2"},
        {"a && u", "U2"},
        {"missing || u", "U2"},
        {"u == `null`", "U2"},
        {"u != a", "U2"},
        {"a < u", "U2"},
        {"u == u", "U2"},
        {"deep == `{}`", "U3"},
        {"deep == deep", "U3"},
        {"deep.x.y.z", "U3"},
        {"list == `[]`", "U1"},
        {"list[*]", "U1"},
        {"list[]", "U1"},
        {"list[?@ == `1`]", "U1"},
        {"list[?@]", "U1"},
        {"list[*].x", "U1"},
        {"[u, a] | [0].x", "U2"},
        {"list[1]", "U1"},
        {"deep.x.*", "U3"},
        {"length(u)", "U2"},
        {"type(u)", "U2"},
        {"not_null(u, a)", "U2"},
        {"not_null(a, u)", "U2"},
        {"to_array(u)", "U2"},
        {"to_string(u)", "U2"},
        {"to_string(deep)", "U3"},
        {"to_number(u)", "U2"},
        {"contains(list, `1`)", "U1"},
        {"contains(`[1]`, u)", "U2"},
        {"sum(list)", "U1"},
        {"max(list)", "U1"},
        {"sort(list)", "U1"},
        {"sort_by(list, &@)", "U1"},
        {"max_by(list, &@)", "U1"},
        {"join(',', u)", "U2"},
        {"keys(u)", "U2"},
        {"merge(deep, u)", "U2"},
        {"map(&x, list)", "U1"},
        {"reverse(u)", "U2"},
        {"{q: u.x}", "U2"},
        {"[u.x]", "U2"},
        {"length(list[?@ > `0`]) == `2`", "U1"},
    };
    static const struct row kept[] = {
        /* carried, not judged */
        {"a", "1"},
        {"a || u", "1"},
        {"`false` && u", "false"},
        {"list[0]", "1"},
        {"length(list)", "3"},
        {"[u, a][1]", "1"},
        {"[u, a] | [1]", "1"},
        {"keys(deep.x)", "[\"y\"]"},
        {"{a: a, u: u}", "{\"a\":1,\"u\":{\"$unknown\":{\"code\":\"U2\"}}}"},
        {"[u]", "[{\"$unknown\":{\"code\":\"U2\"}}]"},
        {"reverse(list)[0:1] | [0]", "3"},
        {"values(deep.x)", "[{\"$unknown\":{\"code\":\"U3\"}}]"},
        {"merge(deep, `{\"x\": 1}`)", "{\"x\":1}"},
        {"map(&@, list) | [2]", "3"},
        {"list[?`false`]", "[]"},
        {"type(deep)", "\"object\""},
        {"deep && a", "1"},
    };
    mw_doc_builder *b = builder_new(false);
    const mw_doc *d = mw_doc_view(b);
    mw_error err = {0};
    mw_val v;

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc_builder_reset(b);
        assert_ok(search(b, rows[i].expression, with_unknowns(b), &v, &err));
        if (mw_val_kind(d, v) != MW_KIND_UNKNOWN ||
            strcmp(mw_val_get_str(d, mw_val_cause(d, v), "code", ""), rows[i].code) != 0)
            fail_msg("%s is not the unknown %s", rows[i].expression, rows[i].code);
        assert_ok(mw_doc_builder_status(b, &err));
        assert_int_equal(mw_doc_pop(b), MW_VAL_ABSENT);
    }
    for (size_t i = 0; i < MW_COUNT(kept); i++) {
        MW_AUTO(mw_buf) out = {0};

        mw_doc_builder_reset(b);
        assert_ok(search(b, kept[i].expression, with_unknowns(b), &v, &err));
        mw_json_write(&out, d, v, MW_JSON_COMPACT);
        if (strcmp(out.data, kept[i].result) != 0)
            fail_msg("%s gave %s, expected %s", kept[i].expression, out.data, kept[i].result);
    }
    mw_doc_builder_free(b);
}

static void the_stack_of_a_caller_survives(void **state)
{
    mw_doc_builder *b = builder_new(false);
    mw_error err = {0};
    mw_val in = read_json(b, "{\"l\":[1,2,\"x\"]}"), v;

    (void)state;
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "result");
    assert_ok(search(b, "l[?@ == `2`]", in, &v, &err));
    mw_doc_add_val(b, v);
    mw_doc_ckey(b, "failed");
    assert_int_equal(search(b, "map(&sum(@), [l, l])", in, &v, &err), MW_ERR_INVALID);
    mw_doc_add_cstr(b, err.message);
    mw_doc_end_object(b);
    assert_json(mw_doc_view(b), mw_doc_pop(b),
                "{\"failed\":\"JMESPath invalid-type: argument 1 of sum() must be an array of numbers, it is an "
                "array with elements of another type\",\"result\":[2]}");
    mw_doc_builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_subexpressions),         cmocka_unit_test(indices_and_slices),
        cmocka_unit_test(projections_and_where_they_stop),  cmocka_unit_test(logic_comparison_and_precedence),
        cmocka_unit_test(multi_selects_pipes_and_literals), cmocka_unit_test(functions),
        cmocka_unit_test(forms_of_the_aws_models),          cmocka_unit_test(an_unknown_that_is_read_is_the_result),
        cmocka_unit_test(the_stack_of_a_caller_survives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
