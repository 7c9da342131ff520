/* What scripts see: whitelist, proxies, verdicts, evidence, unknown, inventory; in one process, without a deadline. */
#include "unit/engine/snapshot.h"

#include "base/sys.h"
#include "lua/internal.h"

#include <stdio.h>
#include <stdlib.h>

static const char snapshot_json[] =
    "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{"
    "\"AWS::S3::Bucket\":{\"scope\":\"global\",\"facets\":[\"Versioning\",\"Policy\",\"Tagging\"],\"collected\":["
    "\"Versioning\",\"Policy\"]},"
    "\"AWS::EC2::Instance\":{\"scope\":\"regional\",\"facets\":[],\"collected\":[]},"
    "\"AWS::KMS::Key\":{\"scope\":\"regional\",\"facets\":[\"Rotation\"],\"collected\":[\"Rotation\"]}},"
    "\"worlds\":[{\"scopes\":["
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::S3::Bucket\",\"facet\":null,"
    "\"state\":\"complete\",\"cause\":null},"
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::EC2::Instance\",\"facet\":null,"
    "\"state\":\"complete\",\"cause\":null},"
    "{\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::KMS::Key\",\"facet\":null,"
    "\"state\":\"denied\","
    "\"cause\":{\"operation\":\"kms:ListKeys\",\"code\":\"AccessDenied\",\"message\":\"no\"}}],"
    "\"resources\":{"
    "\"AWS::S3::Bucket\":[{\"type\":\"AWS::S3::Bucket\",\"id\":\"logs\",\"arn\":\"arn:aws:s3:::logs\",\"name\":"
    "\"logs\",\"account\":\"1\","
    "\"region\":\"us-east-1\",\"partition\":\"aws\",\"tags\":{\"Owner\":\"ops\",\"a=b\":\"c\"},\"created\":null,"
    "\"rest\":null,\"doc\":{"
    "\"Name\":\"logs\",\"Count\":3,\"Ratio\":0.5,\"On\":true,\"Off\":false,\"Null\":null,\"name\":\"inner\","
    "\"Versioning\":{\"Status\":\"Suspended\"},\"Policy\":{\"$unknown\":{\"operation\":\"s3:GetBucketPolicy\",\"code\":"
    "\"AccessDenied\"}},"
    "\"Rules\":[{\"Port\":22,\"Cidr\":\"0.0.0.0/0\",\"In\":{\"Deep\":1}},{\"Port\":80,\"Cidr\":\"10.0.0.0/"
    "8\"},{\"Port\":443,\"Cidr\":null}],"
    "\"Maybe\":[{\"X\":1},{\"X\":{\"$unknown\":{\"code\":\"Throttled\"}}},{\"X\":3}],"
    "\"Names\":[\"a\",\"b\",\"c\"],\"Empty\":{},\"None\":[],\"Long\":\"LONG\"}},"
    "{\"type\":\"AWS::S3::Bucket\",\"id\":\"rest\",\"arn\":null,\"name\":null,\"account\":\"1\",\"region\":\"us-east-"
    "1\",\"partition\":\"aws\","
    "\"tags\":{\"$unknown\":{\"operation\":\"s3:GetBucketTagging\",\"code\":\"Denied\"}},\"created\":null,"
    "\"rest\":{\"$unknown\":{\"operation\":\"s3:Describe\",\"code\":\"Timeout\"}},\"doc\":{\"Name\":\"rest\"}}],"
    "\"AWS::EC2::Instance\":["
    "{\"type\":\"AWS::EC2::Instance\",\"id\":\"i-1\",\"arn\":\"arn:i-1\",\"account\":\"1\",\"region\":\"us-east-1\","
    "\"tags\":null,\"doc\":{\"State\":{\"Name\":\"running\"}}},"
    "{\"type\":\"AWS::EC2::Instance\",\"id\":\"i-2\",\"arn\":\"arn:i-2\",\"account\":\"1\",\"region\":\"us-east-1\","
    "\"tags\":null,\"doc\":{\"State\":{\"Name\":\"stopped\"},\"Peers\":[{\"Id\":\"i-1\"}]}},"
    "{\"type\":\"AWS::EC2::Instance\",\"id\":\"i-3\",\"arn\":\"arn:i-3\",\"account\":\"2\",\"region\":\"us-east-1\","
    "\"tags\":null,\"doc\":{\"State\":{\"Name\":\"running\"}}}]"
    "}}]}";

static mw_doc *snapshot, *bundle;
static mw_snap snap;

struct judged {
    mw_vm *vm;
    size_t count;
    const mw_vm_verdict *v;
};

static const char *const needs[] = {"Versioning", "Policy", "Tagging"};
static const char *const related[] = {"AWS::EC2::Instance", "AWS::KMS::Key"};

/* Judge resource @p number of the buckets by a check function with this body. */
static struct judged judge_with(const char *body, size_t number, size_t need_count)
{
    static mw_vm_rule rule;
    static char source[8192];
    struct judged j = {0};
    mw_error err = {0};
    mw_vm_subject s = {.rule = &rule, .soft_ms = 50};

    rule = (mw_vm_rule){.id = "t",
                        .resource = "AWS::S3::Bucket",
                        .needs = needs,
                        .need_count = need_count,
                        .related = related,
                        .related_count = 2};
    snprintf(source, sizeof(source), "return rule { check = function(r, ctx) %s\nend }", body);
    assert_int_equal(mw_vm_new(0, &j.vm, &err), MW_OK);
    mw_vm_set_documents(j.vm, &snap, bundle);
    if (mw_vm_load(j.vm, MW_VM_RULE, "t.lua", source, strlen(source), &rule.ref, &err) != MW_OK)
        fail_msg("%s: %s", body, err.message);
    assert_int_equal(mw_vm_rule_ready(j.vm, &rule, &err), MW_OK);
    s.resource = mw_val_at(snap.doc, mw_snap_resources(&snap, 0, "AWS::S3::Bucket"), number);
    s.params = mw_doc_root(bundle);
    j.count = mw_vm_check(j.vm, &s, &j.v);
    return j;
}

static struct judged judge(const char *body)
{
    return judge_with(body, 0, 3);
}

struct row {
    const char *body;
    mw_vm_outcome outcome;
    const char *message; /* substring; NULL = none */
};

static void run_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct judged j = judge(rows[i].body);
        const char *message = j.count ? j.v[0].message : NULL;
        if (j.count != 1 || j.v[0].outcome != rows[i].outcome ||
            (rows[i].message && (!message || !strstr(message, rows[i].message))))
            fail_msg("row %zu: %s\ngot %d: %s", i, rows[i].body, j.count ? (int)j.v[0].outcome : -1,
                     message ? message : "(no message)");
        mw_vm_free(j.vm);
    }
}

/* A true expression passes. */
#define HOLDS(expression)                                                                                              \
    {                                                                                                                  \
        "return (" expression ") and pass() or fail('it does not hold')", MW_VM_PASS, NULL                             \
    }

static void test_values(void **state)
{
    static const struct row rows[] = {
        HOLDS("r.Name == 'logs' and r.Count == 3 and r.Ratio == 0.5 and r.On == true and r.Off == false"),
        HOLDS("r.Null == nil and r.Missing == nil and r.Versioning.Missing == nil"),
        HOLDS("math.type(r.Count) == 'integer' and math.type(r.Ratio) == 'float'"),
        HOLDS("r.id == 'logs' and r.arn == 'arn:aws:s3:::logs' and r.account == '1' and r.region == 'us-east-1'"),
        HOLDS("r.name == 'logs' and r.doc.name == 'inner' and r.doc.Name == 'logs'"),
        HOLDS("type(r) == 'table' and type(r.Rules) == 'table' and type(r.Name) == 'string' and type(ctx.params) == "
              "'table'"),
        HOLDS("#r.Rules == 3 and r.Rules[1].Port == 22 and r.Rules[4] == nil and r.Rules[0] == nil and rawlen(r.Names) "
              "== 3"),
        HOLDS("r:path('Versioning.Status') == 'Suspended' and r:path('Versioning.A.B') == nil and "
              "r.Rules[1]:path('In.Deep') == 1"),
        HOLDS("r:path('tags.Owner') == 'ops' and r:path('id') == 'logs'"),
        HOLDS("r.Rules == r.Rules and r.Rules[1] ~= r.Rules[2] and r.Empty == r.Empty"),
        HOLDS("table.concat(r.Names, ',') == 'a,b,c' and select('#', table.unpack(r.Names)) == 3"),
        HOLDS("tostring(r.Names) == '[\"a\",\"b\",\"c\"]' and tostring(r) == 'logs' and tostring({}) == 'table'"),
        HOLDS("ctx.now == 1767323045 and ctx.params.limit == 7 and ctx.params.list:has('y') and ctx.account == '1'"),
        HOLDS("next(r.Empty) == nil and next(r.Names) == 1 and next({}) == nil"),
        {"local s = '' for k, v in pairs(r.Versioning) do s = s .. k .. '=' .. v end return s == 'Status=Suspended' "
         "and pass() or fail(s)",
         MW_VM_PASS, NULL},
        {"local n = 0 for i, v in ipairs(r.Rules) do n = n + v.Port end return n == 545 and pass() or fail('%d', n)",
         MW_VM_PASS, NULL},
        {"local s = '' for k in pairs({ b = 1, a = 2, [2] = 3, [1] = 4, [true] = 5, [1.5] = 6 }) do s = s .. "
         "tostring(k) .. ' ' end"
         " return s == '1 1.5 2 a b true ' and pass() or fail(s)",
         MW_VM_PASS, NULL},
        {"local t = { c = 1, a = 2, b = 3 } local s, k = '', nil repeat k = next(t, k) s = s .. (k or '') until not k "
         "return s == 'abc' and pass() or fail(s)",
         MW_VM_PASS, NULL},
        {"local t = { a = 1, b = 2, c = 3 } local n = 0 for k in pairs(t) do t.b = nil n = n + 1 end return n == 2 and "
         "pass() or fail('%d', n)",
         MW_VM_PASS, NULL},
        {"r.Name = 'x'", MW_VM_ERROR, "read-only"},
        {"r.Rules[1] = 1", MW_VM_ERROR, "read-only"},
        {"ctx.now = 1", MW_VM_ERROR, "read-only"},
        {"ctx.params.limit = 1", MW_VM_ERROR, "read-only"},
        {"return ctx.nothing", MW_VM_ERROR, "ctx has no 'nothing'"},
        {"return r.Missing.Status", MW_VM_ERROR, "field 'Missing'"},
        {"return r.path('x', 'y')", MW_VM_ERROR, "call it with ':'"},
        {"return r.path(pass(), 'y')", MW_VM_ERROR, "call it with ':'"},
        {"return r.Rules.find(r.Rules)", MW_VM_ERROR, "string expected"},
        {"return r:path('a..b')", MW_VM_ERROR, "empty step"},
    };

    (void)state;
    run_rows(rows, MW_COUNT(rows));
}

static void test_each(void **state)
{
    static const struct row rows[] = {
        {"local n = 0 for x in r.Rules:each() do n = n + x.Port end return n == 545 and pass() or fail('%d', n)",
         MW_VM_PASS, NULL},
        {"local n = 0 for x in r.Rules:each('Port', { 22, 443 }) do n = n + x.Port end return n == 465 and pass() or "
         "fail('%d', n)",
         MW_VM_PASS, NULL},
        {"local n = 0 for x in r.Rules:each('Cidr') do n = n + 1 end return n == 2 and pass() or fail('%d', n)",
         MW_VM_PASS, NULL},
        {"local n = 0 for x in r.Rules:each('Cidr', nil) do n = n + x.Port end return n == 443 and pass() or "
         "fail('%d', n)",
         MW_VM_PASS, NULL},
        {"local s = '' for x in r.Names:each() do s = s .. x end return s == 'abc' and pass() or fail(s)", MW_VM_PASS,
         NULL},
        {"for x in r.None:each('X', 1) do return fail('there is none') end for x in r.Empty:each() do return "
         "fail('none') end return pass()",
         MW_VM_PASS, NULL},
        {"local s = '' for i in ctx.inventory:each('AWS::EC2::Instance'):each('State.Name', 'running') do s = s .. "
         "i.id end return s == 'i-1' and pass() or fail(s)",
         MW_VM_PASS, NULL},
        {"for x in r.Maybe:each('X', 1) do end return pass()", MW_VM_UNKNOWN, "Maybe[1].X is unknown: Throttled"},
        {"for x in r.Maybe:each('X', 1) do return pass() end", MW_VM_PASS, NULL},
        {"for x in r.Rules.each() do end", MW_VM_ERROR, "call it with ':'"},
        {"for x in r.Rules:each({}) do end", MW_VM_ERROR, "string expected"},
    };

    (void)state;
    run_rows(rows, MW_COUNT(rows));
}

static void test_refs(void **state)
{
    static const struct row rows[] = {
        {"local l = ctx.inventory:refs(r, 'AWS::EC2::Instance') return #l == 0 and pass() or fail('%d', #l)",
         MW_VM_PASS, NULL},
        {"local l = ctx.inventory:refs(ctx.inventory:get('AWS::EC2::Instance', 'i-1'), 'AWS::EC2::Instance') return #l "
         "== 1 and l[1].id == 'i-2' and pass() or fail('%d', #l)",
         MW_VM_PASS, NULL},
        {"return ctx.inventory:refs(ctx.inventory:get('AWS::EC2::Instance', 'i-1'), 'AWS::S3::Bucket') and pass()",
         MW_VM_UNKNOWN, "may refer"},
        {"return ctx.inventory:refs(r, 'AWS::KMS::Key')", MW_VM_UNKNOWN, "AccessDenied"},
        {"return ctx.inventory:refs(r, 'AWS::EC2::Volume')", MW_VM_ERROR, "add it to related"},
        {"return ctx.inventory:refs('i-1', 'AWS::EC2::Instance')", MW_VM_ERROR, "expected a resource and a type"},
        {"return ctx.inventory:refs(r.Rules, 'AWS::EC2::Instance')", MW_VM_ERROR, "expected a resource and a type"},
    };

    (void)state;
    run_rows(rows, MW_COUNT(rows));
}

static void test_search(void **state)
{
    static const struct row rows[] = {
        HOLDS("r.Rules:search('[?Port==`80`].Cidr | [0]') == '10.0.0.0/8' and r.Rules:search('length(@)') == 3"),
        HOLDS("r:search('Versioning.Status') == 'Suspended' and r:search('Missing.Status') == nil and "
              "r.doc:search('Name') == 'logs'"),
        HOLDS("#r:search('Rules[].Port') == 3 and r:search('Rules[].Port')[3] == 443 and "
              "math.type(r:search('sum(Rules[].Port)')) == 'integer'"),
        HOLDS("r:search('{a: Name, b: Rules[0].In.Deep}').a == 'logs' and r:search('{a: Name, b: Rules[0].In.Deep}').b "
              "== 1"),
        HOLDS("ctx.params.list:search(\"contains(@, 'y')\") == true"),
        HOLDS("r.Empty:search('a') == nil and #r.None:search('[]') == 0 and r:search('Ratio') == 0.5 and "
              "r:search('Off') == false"),
        HOLDS("r:search('[Name, Null, Count]')[1] == 'logs' and r:search('[Name, Null, Count]')[2] == nil and "
              "r:search('[Name, Null, Count]')[3] == 3"),
        {"return pass('%s', r:search('Policy.Statement'))", MW_VM_UNKNOWN,
         "Policy.Statement is unknown: s3:GetBucketPolicy: AccessDenied"},
        {"return r:search('{a: Name, p: Policy}') and pass()", MW_VM_UNKNOWN, "AccessDenied"},
        {"return r.Maybe:search('[?X==`3`]') and pass()", MW_VM_UNKNOWN, "Throttled"},
        {"pcall(r.search, r, 'Policy') return pass()", MW_VM_UNKNOWN, "AccessDenied"},
        {"return r:search('Rules[')", MW_VM_ERROR, "column 7"},
        {"return r:search('abs(Name)')", MW_VM_ERROR, "abs()"},
        {"return r:search()", MW_VM_ERROR, "string expected"},
        {"return r.search('x', 'y')", MW_VM_ERROR, "call it with ':'"},
        {"return r:search(('a'):rep(5000))", MW_VM_ERROR, "at most 4096"},
        {"return ctx.inventory:each('AWS::EC2::Instance'):search('[]')", MW_VM_ERROR, "a resource or a part of one"},
    };
    struct judged j = judge_with("return pass('%s', r:search('Versioning.Status'))", 0, 0);

    (void)state;
    assert_int_equal(j.v[0].outcome, MW_VM_ERROR);
    assert_non_null(strstr(j.v[0].message, "add \"Versioning\" to needs"));
    mw_vm_free(j.vm);
    j = judge_with("return r:search('Other') and pass() or fail('none')", 1, 3); /* what a describe call would add */
    assert_int_equal(j.v[0].outcome, MW_VM_UNKNOWN);
    mw_vm_free(j.vm);
    run_rows(rows, MW_COUNT(rows));
}

static void test_lists(void **state)
{
    static const struct row rows[] = {
        HOLDS("r.Rules:find('Port', 80).Cidr == '10.0.0.0/8' and r.Rules:find('Port', 81) == nil"),
        HOLDS("r.Rules:any('Cidr', '0.0.0.0/0') and not r.Rules:any('Cidr', 'nowhere')"),
        HOLDS("r.Rules:any('Cidr', { 'nowhere', '10.0.0.0/8' }) and r.Rules:count('Port', { 22, 443 }) == 2"),
        HOLDS("r.Rules:all('Port') and not r.Rules:all('Cidr') and r.Rules:count('Cidr') == 2"),
        HOLDS("r.Rules:any('Cidr', nil) and r.Rules:any('In.Deep', 1) and r.Rules:find('In.Deep', 1).Port == 22"),
        HOLDS("r.Names:has('b') and not r.Names:has('z') and not r.None:has('z') and not r.Empty:any('X', 1) and "
              "r.None:all('X', 1)"),
        HOLDS("r.Names:has({ 'z', 'a' })"),
        HOLDS("r.Maybe:any('X', 1) and not r.Maybe:all('X', 1) and r.Maybe:find('X', 1).X == 1"),
        {"return r.Maybe:any('X', 9) and pass() or fail('no')", MW_VM_UNKNOWN, "Maybe[1].X is unknown: Throttled"},
        {"return r.Maybe:all('X', { 1, 3 }) and pass() or fail('no')", MW_VM_UNKNOWN, "Throttled"},
        {"return r.Maybe:find('X', 3) and pass() or fail('no')", MW_VM_UNKNOWN, "Throttled"},
        {"return r.Maybe:count('X', 1) == 1 and pass() or fail('no')", MW_VM_UNKNOWN, "Throttled"},
        {"return r.Maybe == r.Rules and pass() or fail('no')", MW_VM_UNKNOWN, "Throttled"},
        {"return tostring(r.Maybe) and pass()", MW_VM_UNKNOWN, "Throttled"},
        HOLDS(
            "r.tags:has('Owner') and r.tags:has('Owner=ops') and not r.tags:has('Owner=dev') and not r.tags:has('X')"),
        HOLDS("r.tags:get('Owner') == 'ops' and r.tags.Owner == 'ops' and r.tags:get('X') == nil"),
        HOLDS("r.tags:has('a=b') and r.tags:has('a=b=c') == false and not r.tags:has(nil) and not r.tags:has('')"),
    };

    (void)state;
    run_rows(rows, MW_COUNT(rows));
}

static void test_unknown(void **state)
{
    static const struct row rows[] = {
        {"return r.Policy and pass() or fail('no')", MW_VM_UNKNOWN,
         "Policy is unknown: s3:GetBucketPolicy: AccessDenied"},
        {"return r:path('Policy.Statement') and pass()", MW_VM_UNKNOWN, "Policy is unknown"},
        {"pcall(function() return r.Policy end) return pass()", MW_VM_UNKNOWN, "Policy is unknown"},
        {"for k, v in pairs(r.doc) do end return pass()", MW_VM_UNKNOWN, NULL},
        {"local v, cause = try(function() return r.Policy end) return v == nil and cause.code == 'AccessDenied' and "
         "cause.operation == 's3:GetBucketPolicy' and pass() or fail('no')",
         MW_VM_PASS, NULL},
        {"local v = try(function() return r.Name end) return v == 'logs' and pass() or fail('no')", MW_VM_PASS, NULL},
        {"try(function() error('plain') end) return pass()", MW_VM_ERROR, "plain"},
        {"try(function() try(function() return r.Policy end) return r.Policy end) return pass()", MW_VM_PASS, NULL},
        {"return unknown('not clear: %s', 1)", MW_VM_UNKNOWN, "not clear: 1"},
        {"return ctx.inventory:get('AWS::KMS::Key', 'k') == nil and pass()", MW_VM_UNKNOWN,
         "the list of AWS::KMS::Key is unknown: kms:ListKeys: AccessDenied (no)"},
        {"return #ctx.inventory:each('AWS::KMS::Key') == 0 and pass()", MW_VM_UNKNOWN, "kms:ListKeys"},
        {"local l, cause = try(function() return ctx.inventory:each('AWS::KMS::Key') end) return cause.code == "
         "'AccessDenied' and pass() or fail('no')",
         MW_VM_PASS, NULL},
    };
    struct judged j;

    (void)state;
    run_rows(rows, MW_COUNT(rows));
    /* What a describe call would have added is not absent. */
    j = judge_with("return r.Encryption == nil and pass()", 1, 3);
    assert_int_equal(j.v[0].outcome, MW_VM_UNKNOWN);
    assert_non_null(strstr(j.v[0].message, "s3:Describe: Timeout"));
    mw_vm_free(j.vm);
    j = judge_with("return r.tags:has('x') and pass() or fail('no')", 1, 3);
    assert_int_equal(j.v[0].outcome, MW_VM_UNKNOWN);
    assert_non_null(strstr(j.v[0].message, "tags is unknown: s3:GetBucketTagging"));
    mw_vm_free(j.vm);
    j = judge_with("return r.Versioning == nil and pass() or fail('no')", 1, 3); /* a facet is absent, not unknown */
    assert_int_equal(j.v[0].outcome, MW_VM_PASS);
    mw_vm_free(j.vm);
}

static void test_declared(void **state)
{
    struct judged j = judge_with("return r.Versioning and pass()", 0, 0);

    (void)state;
    assert_int_equal(j.v[0].outcome, MW_VM_ERROR);
    assert_non_null(
        strstr(j.v[0].message, "facet 'Versioning' of AWS::S3::Bucket was not asked for: add \"Versioning\" to needs"));
    mw_vm_free(j.vm);
    j = judge_with("return r:path('Versioning.Status') and pass()", 0, 0);
    assert_int_equal(j.v[0].outcome, MW_VM_ERROR);
    mw_vm_free(j.vm);
    j = judge_with("return r.doc.Versioning and pass()", 0, 0);
    assert_int_equal(j.v[0].outcome, MW_VM_ERROR);
    mw_vm_free(j.vm);
    j = judge("return ctx.inventory:each('AWS::SNS::Topic') and pass()");
    assert_int_equal(j.v[0].outcome, MW_VM_ERROR);
    assert_non_null(strstr(j.v[0].message, "'AWS::SNS::Topic' was not asked for: add it to related"));
    mw_vm_free(j.vm);
}

static void test_inventory(void **state)
{
    static const struct row rows[] = {
        HOLDS("ctx.inventory:get('AWS::EC2::Instance', 'i-1').State.Name == 'running'"),
        HOLDS("ctx.inventory:get('AWS::EC2::Instance', 'arn:i-2').id == 'i-2'"),
        HOLDS("ctx.inventory:get('AWS::EC2::Instance', 'i-3') == nil and ctx.inventory:get('AWS::EC2::Instance', nil) "
              "== nil"),
        HOLDS("#ctx.inventory:each('AWS::EC2::Instance') == 2"),
        HOLDS("#ctx.inventory:each('AWS::EC2::Instance', { ['State.Name'] = 'running' }) == 1"),
        HOLDS("#ctx.inventory:each('AWS::EC2::Instance', { ['State.Name'] = { 'running', 'stopped' }, region = '*' }) "
              "== 2"),
        HOLDS("ctx.inventory:each('AWS::EC2::Instance'):find('State.Name', 'stopped').id == 'i-2'"),
        HOLDS("ctx.inventory:each('AWS::EC2::Instance'):count('State.Name', 'stopped') == 1"),
        HOLDS("ctx.inventory:each('AWS::S3::Bucket')[1].id == 'logs'"),
        /* The resource that is judged is one object, however it was found. */
        HOLDS("ctx.inventory:get('AWS::S3::Bucket', 'logs') == r and ({ [r] = 1 "
              "})[ctx.inventory:each('AWS::S3::Bucket')[1]] == 1"),
        HOLDS("ctx.inventory:get('AWS::S3::Bucket', 'rest') ~= r and ctx.inventory:get('AWS::S3::Bucket', 'rest').Name "
              "== 'rest'"),
        HOLDS("r.path == ctx.inventory:get('AWS::S3::Bucket', 'rest').path and r[1] == nil and r.any == nil and "
              "r.search ~= nil"),
        {"local n = '' for _, i in ipairs(ctx.inventory:each('AWS::EC2::Instance')) do n = n .. i.id end return n == "
         "'i-1i-2' and pass() or fail(n)",
         MW_VM_PASS, NULL},
        {"return ctx.inventory:each('AWS::S3::Bucket', { Encryption = 'x' }) and pass()", MW_VM_UNKNOWN, "s3:Describe"},
    };

    (void)state;
    run_rows(rows, MW_COUNT(rows));
}

static void test_verdicts(void **state)
{
    static const struct row rows[] = {
        {"return pass()", MW_VM_PASS, NULL},
        {"return fail('%s and %d of %s', nil, 3)", MW_VM_FAIL, "nil and 3 of nil"},
        {"return fail('%d', 'x')", MW_VM_FAIL, "x"},
        {"return fail('100%%, %s', r.Names)", MW_VM_FAIL, "100%, [\"a\",\"b\",\"c\"]"},
        {"return fail { message = 'm', subkey = 'k' }", MW_VM_FAIL, "m"},
        {"return not_applicable('because %s', 1)", MW_VM_NOT_APPLICABLE, "because 1"},
        {"return {}", MW_VM_PASS, NULL},
        {"return", MW_VM_ERROR, "check returned nothing; expected pass()"},
        {"return true", MW_VM_ERROR, "check returned true"},
        {"return 'pass'", MW_VM_ERROR, "check returned a string"},
        {"return pass", MW_VM_ERROR, "check returned a function"},
        {"return r", MW_VM_ERROR, "check returned a part of the resource"},
        {"return { pass = 1 }", MW_VM_ERROR, "a table that is not a list"},
        {"return { fail('a'), 1 }", MW_VM_ERROR, "a list with a number in it"},
        {"return { fail('a'), fail('b') }", MW_VM_ERROR, "several verdicts without a subkey"},
        {"return { fail { subkey = 'k' }, fail { subkey = 'k' } }", MW_VM_ERROR, "two verdicts have the subkey 'k'"},
        {"return fail { mesage = 'm' }", MW_VM_ERROR, "unknown key 'mesage'"},
        {"return fail(1)", MW_VM_ERROR, "text or a table"},
        {"return fail { subkey = ('k'):rep(300) }", MW_VM_ERROR, "at most 256 bytes"},
        {"error('broken')", MW_VM_ERROR, "t.lua:1: broken"},
        {"error({})", MW_VM_ERROR, "the error value is a table, not text"},
        {"error(nil)", MW_VM_ERROR, "the error value is a nil"},
    };
    struct judged j;

    (void)state;
    run_rows(rows, MW_COUNT(rows));
    j = judge("local l = {} for i = 1, 250 do l[i] = i % 2 == 0 and pass { subkey = 'k' .. i } or fail { subkey = 'k' "
              ".. i } end return l");
    assert_int_equal(j.count, MW_VM_VERDICTS_MAX);
    assert_string_equal(j.v[99].subkey, "(more)");
    assert_int_equal(j.v[99].outcome, MW_VM_FAIL);
    assert_non_null(strstr(j.v[99].message, "151 more verdicts"));
    mw_vm_free(j.vm);
    j = judge("ctx.log('seen %s', r.id) return pass()");
    assert_int_equal(mw_vm_log_count(j.vm), 1);
    assert_string_equal(mw_vm_log_at(j.vm, 0), "seen logs");
    mw_vm_free(j.vm);
    j = judge("return fail(('\xC3\xA9'):rep(2000))");
    assert_true(strlen(j.v[0].message) <= MW_VM_MESSAGE_MAX && strlen(j.v[0].message) % 2 == 0);
    mw_vm_free(j.vm);
}

static void test_evidence(void **state)
{
    static const struct {
        const char *body, *evidence;
    } rows[] = {
        {"return r.Versioning.Status and fail('x')", "[{\"path\":\"Versioning.Status\",\"value\":\"Suspended\"}]"},
        {"return r:path('Versioning.MFADelete') == nil and fail('x')",
         "[{\"path\":\"Versioning.MFADelete\",\"value\":null}]"},
        {"return fail('%s %s', r.id, r.Count)", "[]"},
        {"local n = r.Count return fail('%s', n)", "[{\"path\":\"Count\",\"value\":3}]"},
        {"for _, x in ipairs(r.Rules) do if x.Port == 80 then return fail('x') end end",
         "[{\"path\":\"Rules[0].Port\",\"value\":22},{\"path\":\"Rules[1].Port\",\"value\":80}]"},
        {"return r.Rules:any('Cidr', '0.0.0.0/0') and fail('x')",
         "[{\"path\":\"Rules[0].Cidr\",\"value\":\"0.0.0.0/0\"}]"},
        {"return not r.Names:has('z') and fail('x')", "[{\"path\":\"Names\",\"value\":[\"a\",\"b\",\"c\"]}]"},
        {"return r.tags.Owner and fail('x')", "[{\"path\":\"tags.Owner\",\"value\":\"ops\"}]"},
        {"return r.Empty and fail('x')", "[{\"path\":\"Empty\",\"value\":{}}]"},
        {"local i = ctx.inventory:get('AWS::EC2::Instance', 'i-1') return i.State.Name and fail('x')",
         "[{\"path\":\"AWS::EC2::Instance[i-1].State.Name\",\"value\":\"running\"}]"},
        {"return r.On and pass()", "[]"},
    };
    struct judged j;

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        j = judge(rows[i].body);
        assert_int_equal(j.count, 1);
        if (i == 2) /* read inside the arguments: still part of the evidence */
            assert_string_equal(j.v[0].evidence, "[{\"path\":\"Count\",\"value\":3}]");
        else
            assert_string_equal(j.v[0].evidence, rows[i].evidence);
        mw_vm_free(j.vm);
    }
    /* Each verdict of a list has what was read for it. */
    j = judge("local l = {} for i, x in ipairs(r.Rules) do if x.Port ~= 1 then l[#l + 1] = fail { subkey = tostring(i) "
              "} end end return l");
    assert_int_equal(j.count, 3);
    assert_string_equal(j.v[1].evidence, "[{\"path\":\"Rules[1].Port\",\"value\":80}]");
    mw_vm_free(j.vm);
    j = judge("return r.Long and fail('x')");
    assert_true(strlen(j.v[0].evidence) < 600);
    assert_non_null(strstr(j.v[0].evidence, "\xE2\x80\xA6\"}]"));
    mw_vm_free(j.vm);
}

static void test_library(void **state)
{
    static const struct row rows[] = {
        HOLDS("('x'):rep(3, '-') == 'x-x-x' and (''):rep(1e18) == '' and ('x'):rep(-1) == ''"),
        HOLDS("('  a b '):trim() == 'a b' and table.concat(('a,b,,c'):split(','), '|') == 'a|b||c'"),
        HOLDS("arn('arn:aws:s3:::b:c').resource == 'b:c' and arn('x') == nil and arn(nil) == nil and arn('arn:a:b') == "
              "nil"),
        HOLDS("string.format('%5.1f|%-4s|%04d|%x|%q', 1.25, 'a', 7, 255, 'q') == '  1.2|a   |0007|ff|\"q\"'"),
        HOLDS("string.format('%s %s', nil, true) == 'nil true' and not pcall(string.format, '%d', 'x') and not "
              "pcall(string.format, '%d')"),
        HOLDS("not pcall(string.format, '%p', {}) and not pcall(string.format, '%99999d', 1) and not "
              "pcall(string.format, '%')"),
        HOLDS("('hello'):gsub('l', 'L') == 'heLLo' and select(2, ('abc'):gsub('%w', '%0%0')) == 3"),
        HOLDS("('abc'):gsub('%w', { a = '1', b = true and 'x' }) == '1xc' and ('abc'):gsub('', '-') == '-a-b-c-'"),
        HOLDS("('k=v'):gsub('(%w)=(%w)', function(a, b) return b .. a end) == 'vk' and ('abc'):gsub('^a', 'x', 1) == "
              "'xbc'"),
        HOLDS("not pcall(string.gsub, 'a', 'a', '%2') and not pcall(string.gsub, 'a', 'a', '%x')"),
        {"local s = '' for k, v in ('a=1, b=2'):gmatch('(%w)=(%w)') do s = s .. k .. v end for w in ('x "
         "y'):gmatch('%a*') do s = s .. '<' .. w .. '>' end return s == 'a1b2<x><y>' and pass() or fail(s)",
         MW_VM_PASS, NULL},
        {"local s = '' for w in ('x y'):gmatch('%a+') do s = s .. w end return s == 'xy' and pass() or fail(s)",
         MW_VM_PASS, NULL},
        HOLDS("('a.b'):find('.', 1, true) == 2 and ('aXb'):find('X', -2) == 2 and ('a'):find('', 5) == nil and "
              "('a'):find('', 2) == 2"),
        {"local t = { 3, 1, 2 } table.sort(t) table.insert(t, 4) table.insert(t, 1, 0) table.remove(t, 2) return "
         "table.concat(t, ',') == '0,2,3,4' and pass() or fail(table.concat(t, ','))",
         MW_VM_PASS, NULL},
        {"local t = { 'b', 'a', 'c' } table.sort(t, function(x, y) return x > y end) return table.concat(t) == 'cba' "
         "and pass() or fail('no')",
         MW_VM_PASS, NULL},
        {"local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1000 end table.sort(t) for i = 2, #t do if t[i] < t[i - "
         "1] then return fail('%d', i) end end return pass()",
         MW_VM_PASS, NULL},
        {"local t = { 3, 1, 2 } table.sort(t, function() return true end) return #t == 3 and pass() or fail('no')",
         MW_VM_PASS, NULL},
        {"table.insert({}, 5, 1)", MW_VM_ERROR, "out of bounds"},
        {"table.insert(string, 1)", MW_VM_ERROR, "read-only"},
        {"table.insert(require('time'), 1)", MW_VM_ERROR, "read-only"},
        {"table.sort(r.Names)", MW_VM_ERROR, "table expected"},
        {"string.upper = nil", MW_VM_ERROR, "read-only"},
        {"require('time').x = 1", MW_VM_ERROR, "read-only"},
        {"require('os')", MW_VM_ERROR, "there is no module 'os'; there are: arn, cert, net, policy"},
        {"x = 1", MW_VM_ERROR, "global 'x' cannot be set while checks run"},
        {"for _ in pairs({ [{}] = 1 }) do end", MW_VM_ERROR, "no fixed order"},
        HOLDS("pcall(error, 'x') == false and select(2, pcall(error, 'x')) == 'x' and pcall(pass)"),
        HOLDS("getmetatable == nil and setmetatable == nil and load == nil and coroutine == nil and os == nil and io "
              "== nil and debug == nil"),
        HOLDS("_G == nil and xpcall == nil and dofile == nil and loadfile == nil and collectgarbage == nil and rawset "
              "== nil and print == nil"),
        HOLDS("string.dump == nil and math.random == nil and math.randomseed == nil and table.move == nil and "
              "math.floor(2.5) == 2"),
    };

    (void)state;
    run_rows(rows, MW_COUNT(rows));
}

/* A new global or library function must be a decision, not an upgrade of Lua. */
static void test_whitelist(void **state)
{
    static const char expect[] =
        "arn assert error ipairs math next pairs pcall rawequal rawget rawlen require select string table tonumber "
        "tostring try type utf8 ";
    static const char strings[] =
        "byte char find format gmatch gsub len lower match pack packsize rep reverse split sub trim unpack upper ";
    struct judged j = judge("local s = '' for k in pairs(string) do s = s .. k .. ' ' end return fail(s)");
    char found[4096] = "", names[64][32];
    size_t n = 0;

    (void)state;
    assert_string_equal(j.v[0].message, strings);
    lua_rawgeti(j.vm->L, LUA_REGISTRYINDEX, j.vm->base_ref);
    for (lua_pushnil(j.vm->L); lua_next(j.vm->L, -2); lua_pop(j.vm->L, 1))
        snprintf(names[n++], sizeof(names[0]), "%s", lua_tostring(j.vm->L, -2));
    qsort(names, n, sizeof(names[0]), (int (*)(const void *, const void *))strcmp);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(found);
        snprintf(found + len, sizeof(found) - len, "%s ", names[i]);
    }
    assert_string_equal(found, expect);
    mw_vm_free(j.vm);
}

/* Judged one after the other in one VM: each reads its own resource and its own globals. */
static void test_in_turn(void **state)
{
    static const struct {
        const char *source;
        const char *says[2]; /* of the two buckets */
    } rules[] = {
        {"return rule { check = function(r) return fail('%s', r.Name) end }", {"logs", "rest"}},
        {"word = 'own' return rule { check = function(r) return fail('%s of %s', word, r:path('Name')) end }",
         {"own of logs", "own of rest"}},
        {"return rule { check = function(r) return fail('%s', tostring(word)) end }", {"nil", "nil"}},
        {"word = 'other' return rule { check = function(r) return fail('%s %d', word, r.Count or 0) end }",
         {"other 3", NULL}},
        {"return rule { check = function(r) word = 1 return pass() end }", {NULL, NULL}},
        {"return rule { check = function(r) return fail('%s', ctx == nil and r.id) end }", {"logs", "rest"}},
    };
    mw_vm_rule loaded[MW_COUNT(rules)];
    mw_error err = {0};
    mw_vm *vm;

    (void)state;
    assert_int_equal(mw_vm_new(0, &vm, &err), MW_OK);
    mw_vm_set_documents(vm, &snap, bundle);
    for (size_t i = 0; i < MW_COUNT(rules); i++) {
        loaded[i] = (mw_vm_rule){.id = "t", .resource = "AWS::S3::Bucket"};
        assert_int_equal(
            mw_vm_load(vm, MW_VM_RULE, "t.lua", rules[i].source, strlen(rules[i].source), &loaded[i].ref, &err), MW_OK);
        assert_int_equal(mw_vm_rule_ready(vm, &loaded[i], &err), MW_OK);
    }
    for (int round = 0; round < 2; round++)
        for (size_t bucket = 0; bucket < 2; bucket++)
            for (size_t i = 0; i < MW_COUNT(rules); i++) {
                const mw_vm_subject s = {
                    .rule = &loaded[i],
                    .soft_ms = 50,
                    .params = mw_doc_root(bundle),
                    .resource = mw_val_at(snap.doc, mw_snap_resources(&snap, 0, "AWS::S3::Bucket"), bucket)};
                const mw_vm_verdict *v;
                assert_int_equal(mw_vm_check(vm, &s, &v), 1);
                if (rules[i].says[bucket] ? v->outcome != MW_VM_FAIL || strcmp(v->message, rules[i].says[bucket]) != 0
                                          : v->outcome != MW_VM_ERROR && v->outcome != MW_VM_UNKNOWN)
                    fail_msg("%s of bucket %zu: %s", rules[i].source, bucket, v->message ? v->message : "nothing");
            }
    mw_vm_free(vm);
}

static void test_loading(void **state)
{
    static const struct {
        const char *source, *message;
        mw_status status;
    } rows[] = {
        {"return rule { check = 1", "t.lua:1:", MW_ERR_SCRIPT},
        {"return { check = 1 }", "must end with 'return rule { … }'", MW_ERR_SCRIPT},
        {"rule { }", "must end with", MW_ERR_SCRIPT},
        {"\x1bLua", "attempt to load a binary chunk", MW_ERR_SCRIPT},
        {"error('at load')", "t.lua:1: at load", MW_ERR_SCRIPT},
        {"local x = nothing.there", "nothing", MW_ERR_SCRIPT},
        {"local t = {} for i = 1, 1e9 do t[i] = i end", "memory ceiling of 32 MiB", MW_ERR_NOMEM},
    };
    mw_error err = {0};
    mw_vm *vm;
    int ref;

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        assert_int_equal(mw_vm_new(0, &vm, &err), MW_OK);
        assert_int_equal(mw_vm_load(vm, MW_VM_RULE, "t.lua", rows[i].source, strlen(rows[i].source), &ref, &err),
                         rows[i].status);
        if (!strstr(err.message, rows[i].message))
            fail_msg("%s: %s", rows[i].source, err.message);
        assert_int_equal(mw_vm_spoiled(vm), rows[i].status == MW_ERR_NOMEM);
        mw_vm_free(vm);
    }
}

static void test_json(void **state)
{
    static const struct {
        const char *source, *json;
    } rows[] = {
        {"return { 1, 'a', true, { x = 1.5 } }", "[1,\"a\",true,{\"x\":1.5}]"},
        {"return { {} }", "[{}]"},
        {"return { a = function() end }", "{\"a\":{\"$function\":true}}"},
        {"return { a = unknown('s3:X', 'Denied') }", NULL},
        {"return { 1, x = 2 }", "a table must be either a list or have only text keys"},
        {"return { [1.5] = 2 }", "a table must be either a list or have only text keys"},
        {"return { a = { b = 1 / 0 } }", "a.b: a number must be finite"},
        {"local t = {} t.t = t return t", "nested too deeply"},
    };
    MW_AUTO(mw_buf) out = {.max = 1 << 16};
    mw_error err = {0};
    mw_vm *vm;
    int ref;

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_status st;
        assert_int_equal(mw_vm_new(0, &vm, &err), MW_OK);
        assert_int_equal(mw_vm_load(vm, MW_VM_FIXTURES, "t.lua", rows[i].source, strlen(rows[i].source), &ref, &err),
                         MW_OK);
        mw_buf_reset(&out);
        st = mw_vm_to_json(vm, ref, 0, &out, &err);
        if (!rows[i].json)
            assert_non_null(strstr(out.data, "{\"a\":{\"$unknown\":{"));
        else if (rows[i].json[0] == '[' || rows[i].json[0] == '{')
            assert_string_equal(out.data, rows[i].json);
        else
            assert_true(st == MW_ERR_SCRIPT && strstr(err.message, rows[i].json));
        mw_vm_free(vm);
    }
}

/* ---- failing the Nth allocation of an evaluation ---- */

static long allocations_left;
static void *(*real_realloc)(void *ctx, void *old, size_t size);

static void *failing_realloc(void *ctx, void *old, size_t size)
{
    if (size > 0 && allocations_left-- <= 0)
        return NULL;
    return real_realloc(ctx, old, size);
}

static void test_out_of_memory(void **state)
{
    static const char source[] = "local time = require('time') return rule { check = function(r, ctx) "
                                 "local t = {} for k, v in pairs(r.Versioning) do t[#t + 1] = k .. v end "
                                 "return fail('%s', table.concat(t)) end }";
    bool done = false;

    (void)state;
    real_realloc = mw_sys.realloc_fn;
    for (long n = 0; !done && n < 20000; n += n < 400 ? 1 : 17) {
        mw_vm_rule rule = {.id = "t", .resource = "AWS::S3::Bucket", .needs = needs, .need_count = 3};
        mw_vm_subject s = {.rule = &rule, .soft_ms = 50, .params = mw_doc_root(bundle)};
        const mw_vm_verdict *v;
        mw_vm *vm = NULL;
        mw_status st;
        allocations_left = n;
        mw_sys.realloc_fn = failing_realloc;
        st = mw_vm_new(0, &vm, NULL);
        if (st == MW_OK) {
            mw_vm_set_documents(vm, &snap, bundle);
            st = mw_vm_load(vm, MW_VM_RULE, "t.lua", source, strlen(source), &rule.ref, NULL);
        }
        if (st == MW_OK)
            st = mw_vm_rule_ready(vm, &rule, NULL);
        if (st == MW_OK) {
            s.resource = mw_val_at(snap.doc, mw_snap_resources(&snap, 0, "AWS::S3::Bucket"), 0);
            assert_int_equal(mw_vm_check(vm, &s, &v), 1);
            assert_true(v[0].outcome == MW_VM_FAIL || v[0].outcome == MW_VM_ERROR);
            done = v[0].outcome == MW_VM_FAIL && allocations_left > 0;
        }
        mw_sys.realloc_fn = real_realloc;
        mw_vm_free(vm);
    }
    assert_true(done);
}

static int open_documents(void **state)
{
    static char text[sizeof(snapshot_json) + 2000];
    const char *mark = strstr(snapshot_json, "LONG\"");
    size_t at = (size_t)(mark - snapshot_json);

    (void)state;
    memcpy(text, snapshot_json, at);
    memset(text + at, 'L', 1500);
    memcpy(text + at + 1500, mark + 4, strlen(mark + 4) + 1);
    snapshot = test_doc(text);
    bundle = test_doc("{\"limit\":7,\"list\":[\"x\",\"y\"]}");
    return mw_snap_init(&snap, snapshot, NULL);
}

static int close_documents(void **state)
{
    (void)state;
    mw_doc_free(snapshot);
    mw_doc_free(bundle);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),       cmocka_unit_test(test_lists),     cmocka_unit_test(test_search),
        cmocka_unit_test(test_each),         cmocka_unit_test(test_refs),      cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_declared),     cmocka_unit_test(test_inventory), cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_evidence),     cmocka_unit_test(test_library),   cmocka_unit_test(test_whitelist),
        cmocka_unit_test(test_in_turn),      cmocka_unit_test(test_loading),   cmocka_unit_test(test_json),
        cmocka_unit_test(test_out_of_memory)};

    return cmocka_run_group_tests(tests, open_documents, close_documents);
}
