/* Selections: what each term chooses, precedence, and how mistakes are told. */
#include "base/mem.h"
#include "base/str.h"
#include "doc/yaml.h"
#include "engine/select.h"
#include "support/support.h"

#include <stdio.h>

static mw_rule rules[6];
static const mw_rule *list[6];
static mw_doc *doc;

static const char *const needs[] = {"Versioning", "AWS::KMS::Key.RotationStatus"};
static const char *const tags[] = {"Nightly", "team a"};

static const struct {
    const char *text, *chosen; /* letters of the rules */
} fits[] = {
    {"*", "abcdef"},
    {"s3-a", "a"},
    {"S3-*", "ab"},
    {"s3-? or ec2-d", "abd"},
    {"id:s3-a", "a"},
    {"id=s3-a", "a"},
    {"id!=s3-*", "cdef"},
    {"severity:high", "b"},
    {"severity = HIGH", "b"},
    {"severity==high", "b"},
    {"severity!=high", "acdef"},
    {"severity>=high", "ab"},
    {"severity>high", "a"},
    {"severity<=low", "def"},
    {"severity<low", "ef"},
    {"severity<critical", "bcdef"},
    {"pillar:security", "abc"},
    {"pillar:sec*", "abc"},
    {"pillar!=security", "def"},
    {"service:s3", "ab"},
    {"service:S?", "ab"},
    {"type:AWS::S3::Bucket", "ab"},
    {"resource:aws::ec2::*", "cd"},
    {"type:AWS::::Account", "ef"},
    {"framework:cis", "ab"},
    {"framework:CIS or framework:fsbp", "abc"},
    {"control:1.4", "a"},
    {"control:cis=1.4", "a"},
    {"control:cis=1.*", "ab"},
    {"control:fsbp=S3.*", "c"},
    {"control:*=1.4*", "a"},
    {"pack:rules", "abcde"},
    {"pack:team-*", "f"},
    {"tag:nightly", "b"},
    {"tag:'team a'", "b"},
    {"tag:\"TEAM *\"", "b"},
    {"path:s3/*", "ab"},
    {"path:/x/rules/ec2/ec2-c.lua", "c"},
    {"path:ec2-?.lua", "cd"},
    {"title:public", "a"},
    {"title:'is not PUBLIC'", "a"},
    {"title:bucket*public", "a"},
    {"remediation:yes", "a"},
    {"remediation:no", "bcdef"},
    {"needs:versioning", "b"},
    {"needs:AWS::KMS::*", "b"},
    {"not s3-*", "cdef"},
    {"NOT s3-* AND severity:low", "d"},
    {"not not s3-a", "a"},
    {"not (s3-* or ec2-*)", "ef"},
    {"s3-a or s3-b and severity:critical", "a"}, /* and binds more */
    {"(s3-a or s3-b) and severity:high", "b"},
    {"not s3-a and s3-*", "b"}, /* not binds most */
    {"not s3-a or s3-a", "abcdef"},
    {"severity>=high and framework:cis and not id:s3-b", "a"},
    {"(((s3-a)))", "a"},
    {"(s3-a)or(s3-b)", "ab"},
    {"  s3-a\n\tor s3-b  ", "ab"},
    {"'s3-a'", "a"},
    {"not tag:nothing-has-this", "abcdef"}, /* what is left out need not be there */
    {"severity:medium or service:s3", "abc"},
};

static const struct {
    const char *text, *message;
    mw_status status;
} refused[] = {
    {"", "column 1: expected a rule id, a glob or key:value, not the end", MW_ERR_INVALID},
    {"   ", "column 4: expected a rule id", MW_ERR_INVALID},
    {"and", "column 1: expected a rule id, a glob or key:value, not 'and'", MW_ERR_INVALID},
    {"s3-a or", "column 8: expected a rule id, a glob or key:value, not the end", MW_ERR_INVALID},
    {"s3-a and or s3-b", "column 10: expected a rule id, a glob or key:value, not 'or'", MW_ERR_INVALID},
    {"s3-a s3-b", "column 6: expected 'and', 'or' or the end, not 's3-b'", MW_ERR_INVALID},
    {"s3-a)", "column 5: expected 'and', 'or' or the end, not ')'", MW_ERR_INVALID},
    {"(s3-a", "column 6: expected 'and', 'or' or ')', not the end", MW_ERR_INVALID},
    {"()", "column 2: expected a rule id", MW_ERR_INVALID},
    {"not", "column 4: expected a rule id", MW_ERR_INVALID},
    {"é: x", "column 1: unknown key", MW_ERR_INVALID},
    {"'é' and sevrity:high", "column 9: unknown key 'sevrity'; did you mean 'severity'?", MW_ERR_INVALID},
    {"quux:1", "column 1: unknown key 'quux', expected one of control, framework, id,", MW_ERR_INVALID},
    {"severity:hihg",
     "column 10: severity 'hihg' is not one of critical, high, medium, low, info; did you mean 'high'?",
     MW_ERR_INVALID},
    {"severity>=h*", "column 11: severity 'h*' is not one of", MW_ERR_INVALID},
    {"pillar:securty",
     "column 8: pillar 'securty' is not one of security, reliability, performance, cost, operations, sustainability; "
     "did you mean 'security'?",
     MW_ERR_INVALID},
    {"remediation:maybe", "remediation 'maybe' is not one of yes, no", MW_ERR_INVALID},
    {"id>s3", "column 3: id has no order: expected ':', '=' or '!='", MW_ERR_INVALID},
    {"id:", "column 4: expected a value behind 'id:', not the end", MW_ERR_INVALID},
    {"id:) x", "column 4: expected a value behind 'id:', not ')'", MW_ERR_INVALID},
    {"title:\"a", "column 7: the quote is not closed, expected \"", MW_ERR_INVALID},
    {"id:''", "expected a value behind 'id:'", MW_ERR_INVALID},
    {":x", "column 1: expected a rule id", MW_ERR_INVALID},
    {"s3-c", "column 1: no rule matches 's3-c'; did you mean 's3-a'?", MW_ERR_NOTFOUND},
    {"s3-a or framework:ciss", "column 9: no rule matches 'framework:ciss'; did you mean 'cis'?", MW_ERR_NOTFOUND},
    {"tag:nigthly", "no rule matches 'tag:nigthly'; did you mean 'Nightly'?", MW_ERR_NOTFOUND},
    {"not (s3-* and not s3-zz) or zz-*", "column 19: no rule matches 's3-zz'", MW_ERR_NOTFOUND},
    {"s3-* and severity:medium",
     "column 10: 'severity:medium' leaves none of the 2 rules that the terms before it choose", MW_ERR_NOTFOUND},
    {"service:ec2 and severity<=medium and severity:critical",
     "column 38: 'severity:critical' leaves none of the 2 rules", MW_ERR_NOTFOUND},
    {"not *", "column 1: 'not *' chooses no rule", MW_ERR_NOTFOUND},
    {"title:unheard", "column 1: no rule matches 'title:unheard'", MW_ERR_NOTFOUND},
};

static mw_status mark(const char *const *texts, size_t n, char *chosen, size_t *failed, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    const mw_select *selects[4];
    bool keep[MW_COUNT(list)];
    mw_status st = MW_OK;

    for (size_t i = 0; i < n && st == MW_OK; i++)
        st = mw_select_parse(texts[i], &arena, &selects[i], err);
    if (st == MW_OK)
        st = mw_select_mark(selects, n, list, MW_COUNT(list), doc, keep, failed, err);
    for (size_t i = 0; i < MW_COUNT(list) && st == MW_OK; i++)
        if (keep[i])
            *chosen++ = (char)('a' + i);
    *chosen = '\0';
    return st;
}

static void test_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(fits); i++) {
        char chosen[8];
        mw_error err = {0};
        if (mark(&fits[i].text, 1, chosen, NULL, &err) != MW_OK || strcmp(chosen, fits[i].chosen) != 0)
            fail_msg("%s: '%s', expected '%s' %s", fits[i].text, chosen, fits[i].chosen, err.message);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(refused); i++) {
        char chosen[8];
        mw_error err = {0};
        mw_status st = mark(&refused[i].text, 1, chosen, NULL, &err);
        if (st != refused[i].status || !strstr(err.message, refused[i].message))
            fail_msg("%s: %d: %s (expected %s)", refused[i].text, st, err.message, refused[i].message);
    }
}

static void test_several(void **state)
{
    static const char *const both[] = {"s3-*", "severity>=high and not s3-b"};
    static const char *const apart[] = {"s3-*", "severity<=high", "ec2-*"};
    char chosen[8];
    size_t failed = 9;
    mw_error err = {0};

    (void)state;
    assert_int_equal(mark(both, 2, chosen, NULL, &err), MW_OK);
    assert_string_equal(chosen, "a");
    assert_int_equal(mark(apart, 3, chosen, &failed, &err), MW_ERR_NOTFOUND);
    assert_int_equal(failed, 2);
    assert_non_null(strstr(err.message, "all of them must hold"));
}

static void test_ceilings(void **state)
{
    MW_AUTO(mw_arena) arena = {0};
    char text[MW_SELECT_TEXT_MAX + 2];
    const mw_select *s;
    mw_error err = {0};

    (void)state;
    memset(text, '(', 65);
    text[65] = '\0';
    assert_int_equal(mw_select_parse(text, &arena, &s, &err), MW_ERR_LIMIT);
    assert_non_null(strstr(err.message, "column 65: nested more than 64 deep"));
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(mw_select_parse(text, &arena, &s, &err), MW_ERR_LIMIT);
    /* Neighbours are not depth. */
    for (size_t i = 0; i + 5 < sizeof(text); i += 5)
        memcpy(text + i, "a or ", 6);
    memcpy(text + MW_SELECT_TEXT_MAX / 5 * 5 - 5, "b", 2);
    assert_int_equal(mw_select_parse(text, &arena, &s, &err), MW_OK);
    assert_true(mw_select_fits(s, &(mw_rule){.id = "b", .severity = "low"}, NULL));
    arena.max_bytes = 1;
    assert_int_equal(mw_select_parse("a and b", &(mw_arena){.max_bytes = 1}, &s, &err), MW_ERR_NOMEM);
}

/* Whatever allocation fails: the choice, its error, or out of memory; never another choice. */
static void test_no_memory(void **state)
{
    static const struct {
        const char *text;
        mw_status status;
    } rows[] = {{"(s3-* or ec2-*) and not title:'is not'", MW_OK},
                {"framework:ciss", MW_ERR_NOTFOUND},
                {"s3-* and severity:medium", MW_ERR_NOTFOUND}};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        struct failing_alloc f = {0};
        mw_status st = MW_ERR_NOMEM;
        for (f.fail_at = 1; st == MW_ERR_NOMEM && f.fail_at < 100; f.fail_at++) {
            char chosen[8];
            mw_error err = {0};
            f.count = 0;
            mw_sys.realloc_fn = failing_realloc;
            mw_sys.ctx = &f;
            st = mark(&rows[i].text, 1, chosen, NULL, &err);
            mw_sys_reset();
            if (st == MW_OK)
                assert_string_equal(chosen, "bcd");
        }
        assert_int_equal(st, rows[i].status);
    }
}

static int open_rules(void **state)
{
    static const char text[] = "a: {cis: ['1.4', '2.1'], nist: [X]}\nb: {cis: ['1.5']}\nc: {fsbp: [S3.1]}\n";
    static const char *const ids[] = {"s3-a", "s3-b", "ec2-c", "ec2-d", "account-e", "account-f"};
    static const char *const types[] = {"AWS::S3::Bucket",  "AWS::S3::Bucket", "AWS::EC2::Instance",
                                        "AWS::EC2::Volume", "AWS::::Account",  "AWS::::Account"};
    static const char *const severities[] = {"critical", "high", "medium", "low", "info", "info"};
    static const char *const paths[] = {"/x/rules/s3/s3-a.lua",   "/x/rules/s3/s3-b.lua",   "/x/rules/ec2/ec2-c.lua",
                                        "/x/rules/ec2/ec2-d.lua", "/x/rules/account-e.lua", "team/account-f.lua"};
    mw_doc_builder *b;

    (void)state;
    assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
    assert_int_equal(mw_yaml_read(b, text, strlen(text), "t", NULL, NULL), MW_OK);
    assert_int_equal(mw_doc_finish(b, mw_doc_pop(b), &doc, NULL), MW_OK);
    mw_doc_builder_free(b);
    for (size_t i = 0; i < MW_COUNT(list); i++) {
        char letter[] = {(char)('a' + i), '\0'};
        rules[i] = (mw_rule){.id = ids[i],
                             .title = i ? "Other" : "The bucket is not public",
                             .severity = severities[i],
                             .pillar = i < 3 ? "security" : "",
                             .resource = types[i],
                             .path = paths[i],
                             .pack = i < 5 ? "rules" : "team-x",
                             .controls = mw_val_get(doc, mw_doc_root(doc), letter)};
        list[i] = &rules[i];
    }
    rules[0].remediation = "fix";
    rules[1].needs = needs;
    rules[1].need_count = 2;
    rules[1].tags = tags;
    rules[1].tag_count = 2;
    return 0;
}

static int close_rules(void **state)
{
    (void)state;
    mw_doc_free(doc);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fits), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_several), cmocka_unit_test(test_ceilings),
                                       cmocka_unit_test(test_no_memory)};

    return cmocka_run_group_tests(tests, open_rules, close_rules);
}
