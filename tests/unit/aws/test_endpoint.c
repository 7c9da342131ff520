/* The rule language over a rule set of the test's own, and whole resolutions over the built-in pack. */
#include "auth_env.h"

#include "aws/endpoint.h"
#include "aws/endpoint_internal.h"
#include "base/str.h"

static const char partitions_text[] =
    "{'partitions':["
    "{'id':'aws','regionRegex':'^(us|eu)\\\\-\\\\w+\\\\-\\\\d+$','regions':{'special':{}},"
    " 'outputs':{'dnsSuffix':'amazonaws.com','dualStackDnsSuffix':'api.aws',"
    " 'implicitGlobalRegion':'us-east-1','supportsFIPS':true,'supportsDualStack':true}},"
    "{'id':'aws-cn','regionRegex':'^cn\\\\-\\\\w+\\\\-\\\\d+$','regions':{},"
    " 'outputs':{'dnsSuffix':'amazonaws.com.cn','dualStackDnsSuffix':'x','supportsFIPS':false,"
    " 'implicitGlobalRegion':'cn-northwest-1','supportsDualStack':false}}]}";

/* JSON with ' for ", pushed and popped. */
static mw_val json(mw_doc_builder *b, const char *text)
{
    char *copy = strdup(text);
    mw_error err = {0};
    mw_val v;

    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    assert_ok(mw_json_read(b, copy, strlen(copy), NULL, NULL, &err));
    v = mw_doc_pop(b);
    free(copy);
    return v;
}

typedef struct bench {
    mw_doc *rules;
    mw_doc_builder *b;
    mw_arena arena;
    mw_endpoint out;
    mw_error err;
} bench;

static mw_status evaluate(bench *t, const char *ruleset, const char *params)
{
    mw_doc_builder *rb = NULL;
    mw_error err = {0};
    mw_val r, p, root;

    memset(t, 0, sizeof(*t));
    assert_ok(mw_doc_builder_new(NULL, &rb, &err));
    r = json(rb, ruleset);
    p = json(rb, partitions_text);
    mw_doc_begin_array(rb);
    mw_doc_add_val(rb, r);
    mw_doc_add_val(rb, p);
    mw_doc_end_array(rb);
    assert_ok(mw_doc_finish(rb, mw_doc_pop(rb), &t->rules, &err));
    mw_doc_builder_free(rb);
    assert_ok(mw_doc_builder_new(NULL, &t->b, &err));
    root = mw_doc_root(t->rules);
    return mw_ruleset_eval(t->rules, mw_val_at(t->rules, root, 0), mw_val_at(t->rules, root, 1), t->b,
                           json(t->b, params), &t->arena, &t->out, &t->err);
}

static void drop(bench *t)
{
    mw_doc_builder_free(t->b);
    mw_doc_free(t->rules);
    mw_arena_clear(&t->arena);
}

/* A rule set of one endpoint whose URL shows the value of one expression, when it is set. */
#define SHOW(argument)                                                                                                 \
    "{'parameters':{'P':{'type':'string'},'L':{'type':'stringArray'},'B':{'type':'boolean'}},"                         \
    "'rules':[{'conditions':[" argument "],'type':'endpoint',"                                                         \
    "'endpoint':{'url':'https://h/{v}'}},"                                                                             \
    "{'conditions':[],'type':'endpoint','endpoint':{'url':'https://h/none'}}]}"

#define CALL(fn, argv) "{'fn':'" fn "','argv':[" argv "],'assign':'v'}"
#define P              "{'ref':'P'}"

static void test_functions(void **state)
{
    static const struct {
        const char *conditions, *params, *want;
    } rows[] = {
        {SHOW(CALL("substring", P ",0,3,false")), "{'P':'abcdef'}", "abc"},
        {SHOW(CALL("substring", P ",0,3,true")), "{'P':'abcdef'}", "def"},
        {SHOW(CALL("substring", P ",1,7,false")), "{'P':'abcdef'}", "none"},
        {SHOW(CALL("substring", P ",3,3,false")), "{'P':'abcdef'}", "none"},
        {SHOW(CALL("substring", P ",0,2,false")), "{'P':'a\xC3\xA9z'}", "none"},
        {SHOW(CALL("uriEncode", P)), "{'P':'a b/c~:%'}", "a%20b%2Fc~%3A%25"},
        {SHOW(CALL("uriEncode", P)), "{}", "none"},
        {SHOW(CALL("isSet", P)), "{'P':''}", "true"},
        {SHOW(CALL("isSet", P)), "{}", "none"},
        {SHOW(CALL("not", "{'fn':'isSet','argv':[" P "]}")), "{}", "true"},
        {SHOW(CALL("not", "{'ref':'B'}")), "{'B':true}", "none"},
        {SHOW(CALL("booleanEquals", "{'ref':'B'},true")), "{'B':true}", "true"},
        {SHOW(CALL("booleanEquals", "{'ref':'B'},true")), "{'B':false}", "none"},
        {SHOW(CALL("stringEquals", P ",'x{P}'")), "{'P':'a'}", "none"},
        {SHOW(CALL("stringEquals", "'aa','{P}{P}'")), "{'P':'a'}", "true"},
        {SHOW(CALL("stringEquals", "'{{a}}','{{{P}}}'")), "{'P':'a'}", "true"},
        {SHOW(CALL("getAttr", "{'ref':'L'},'[1]'")), "{'L':['a','b']}", "b"},
        {SHOW(CALL("getAttr", "{'ref':'L'},'[2]'")), "{'L':['a','b']}", "none"},
        {SHOW(CALL("isValidHostLabel", P ",false")), "{'P':'a.b'}", "none"},
        {SHOW(CALL("isValidHostLabel", P ",true")), "{'P':'a.b'}", "true"},
        {SHOW(CALL("isValidHostLabel", P ",true")), "{'P':'a..b'}", "none"},
        {SHOW(CALL("isValidHostLabel", P ",false")), "{'P':'-a'}", "none"},
        {SHOW(CALL("aws.isVirtualHostableS3Bucket", P ",false")), "{'P':'my-bucket'}", "true"},
        {SHOW(CALL("aws.isVirtualHostableS3Bucket", P ",false")), "{'P':'my.bucket'}", "none"},
        {SHOW(CALL("aws.isVirtualHostableS3Bucket", P ",true")), "{'P':'my.bucket'}", "true"},
        {SHOW(CALL("aws.isVirtualHostableS3Bucket", P ",true")), "{'P':'192.168.0.1'}", "none"},
        {SHOW(CALL("aws.isVirtualHostableS3Bucket", P ",false")), "{'P':'Upper'}", "none"},
        {SHOW(CALL("aws.isVirtualHostableS3Bucket", P ",false")), "{'P':'ab'}", "none"},
        {SHOW("{'fn':'aws.partition','argv':[" P "],'assign':'p'}," CALL("getAttr", "{'ref':'p'},'dnsSuffix'")),
         "{'P':'cn-north-1'}", "amazonaws.com.cn"},
        {SHOW("{'fn':'aws.partition','argv':[" P "],'assign':'p'}," CALL("getAttr", "{'ref':'p'},'name'")),
         "{'P':'mars-1'}", "aws"},
        {SHOW("{'fn':'aws.parseArn','argv':[" P "],'assign':'a'}," CALL("getAttr", "{'ref':'a'},'resourceId[2]'")),
         "{'P':'arn:aws:s3:::x/y:z'}", "z"},
        {SHOW("{'fn':'aws.parseArn','argv':[" P "],'assign':'a'}," CALL("getAttr", "{'ref':'a'},'accountId'")),
         "{'P':'arn:aws:s3:r:123456789012:x'}", "123456789012"},
        {SHOW(CALL("isSet", "{'fn':'aws.parseArn','argv':[" P "]}")), "{'P':'arn:aws:s3:::'}", "none"},
        {SHOW(CALL("isSet", "{'fn':'aws.parseArn','argv':[" P "]}")), "{'P':'arn:aws:s3'}", "none"},
        {SHOW("{'fn':'parseURL','argv':[" P "],'assign':'u'}," CALL("getAttr", "{'ref':'u'},'normalizedPath'")),
         "{'P':'https://h:8443/a/../b'}", "/b/"},
        {SHOW("{'fn':'parseURL','argv':[" P "],'assign':'u'}," CALL("getAttr", "{'ref':'u'},'authority'")),
         "{'P':'https://h:8443/a'}", "h:8443"},
        {SHOW("{'fn':'parseURL','argv':[" P "],'assign':'u'}," CALL("getAttr", "{'ref':'u'},'isIp'")),
         "{'P':'http://127.0.0.1:5000'}", "true"},
        {SHOW("{'fn':'parseURL','argv':[" P "],'assign':'u'}," CALL("getAttr", "{'ref':'u'},'isIp'")),
         "{'P':'http://[::1]'}", "true"},
        {SHOW(CALL("isSet", "{'fn':'parseURL','argv':[" P "]}")), "{'P':'https://h?q=1'}", "none"},
        {SHOW(CALL("isSet", "{'fn':'parseURL','argv':[" P "]}")), "{'P':'ftp://h'}", "none"},
        {SHOW(CALL("isSet", "{'fn':'parseURL','argv':[" P "]}")), "{'P':'https://h:99999'}", "none"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        bench t;
        char want[128];
        mw_status st = evaluate(&t, rows[i].conditions, rows[i].params);

        snprintf(want, sizeof(want), "https://h/%s", rows[i].want);
        if (st != MW_OK || strcmp(t.out.url, want) != 0)
            fail_msg("row %zu %s: %s %s, expected %s", i, rows[i].params, t.err.message, st == MW_OK ? t.out.url : "",
                     want);
        drop(&t);
    }
}

static void test_scopes_and_fall_through(void **state)
{
    /* The first tree matches but none of its rules does; what it assigned is forgotten. */
    static const char rules[] =
        "{'parameters':{'P':{'type':'string','default':'d','required':true}},'rules':["
        "{'type':'tree','conditions':[{'fn':'substring','argv':[" P ",0,1,false],'assign':'x'}],"
        " 'rules':[{'type':'endpoint','conditions':[{'fn':'stringEquals','argv':['{x}','q']}],"
        "           'endpoint':{'url':'https://one/{x}'}}]},"
        "{'type':'error','conditions':[{'fn':'isSet','argv':[{'ref':'x'}]}],'error':'leak {x}'},"
        "{'type':'error','conditions':[{'fn':'stringEquals','argv':[" P ",'bad']}],"
        " 'error':'P is {P}'},"
        "{'type':'endpoint','conditions':[],'endpoint':{'url':'https://two/{P}/',"
        " 'headers':{'x-a':['1{P}','2'],'x-b':[" P "]},"
        " 'properties':{'authSchemes':[{'name':'sigv4a','signingRegionSet':['*']},"
        "   {'name':'sigv4','signingName':'n{P}','signingRegion':'r','disableDoubleEncoding':true}],"
        "  'deep':{'list':[1,true,'{P}']}}}}]}";
    bench t;
    const mw_doc *d;

    (void)state;
    assert_int_equal(evaluate(&t, rules, "{'P':'qz'}"), MW_OK);
    assert_string_equal(t.out.url, "https://one/q");
    assert_null(t.out.auth_scheme);
    drop(&t);

    assert_int_equal(evaluate(&t, rules, "{'P':'bad'}"), MW_ERR_INVALID);
    assert_string_equal(t.err.message, "P is bad");
    drop(&t);

    assert_int_equal(evaluate(&t, rules, "{}"), MW_OK);
    assert_string_equal(t.out.url, "https://two/d/");
    assert_string_equal(t.out.host, "two");
    assert_string_equal(t.out.path, "/d");
    assert_int_equal(t.out.port, 0);
    assert_string_equal(t.out.auth_scheme, "sigv4"); /* although sigv4a stands first */
    assert_string_equal(t.out.signing_name, "nd");
    assert_string_equal(t.out.signing_region, "r");
    assert_true(t.out.single_encode);
    assert_int_equal(t.out.headers.count, 3);
    assert_string_equal(mw_http_get(&t.out.headers, "X-A"), "1d");
    d = mw_doc_view(t.b);
    assert_string_equal(mw_val_str(d, mw_val_at(d, mw_val_path(d, t.out.properties, "deep.list"), 2), NULL), "d");
    drop(&t);
}

static void test_refused_rule_sets(void **state)
{
    static const struct {
        const char *rules, *params;
        mw_status want;
        const char *text;
    } rows[] = {
        {"[]", "{}", MW_ERR_INVALID, "object"},
        {"{'rules':[]}", "{}", MW_ERR_INVALID, "no endpoint rule"},
        {SHOW(CALL("coalesce", P ",'x'")), "{}", MW_ERR_UNSUPPORTED, "coalesce"},
        {SHOW(CALL("isSet", P ",1")), "{}", MW_ERR_INVALID, "takes 1"},
        {SHOW(CALL("booleanEquals", P ",true")), "{'P':'x'}", MW_ERR_INVALID, "booleanEquals"},
        {SHOW(CALL("stringEquals", P ",'a'")), "{}", MW_ERR_INVALID, "stringEquals"},
        {SHOW(CALL("isSet", P)), "{'P':true}", MW_ERR_INVALID, "parameter P"},
        {"{'parameters':{'R':{'type':'string','required':true}},'rules':[]}", "{}", MW_ERR_INVALID,
         "required parameter R"},
        {"{'rules':[{'type':'endpoint','conditions':[],'endpoint':{'url':'https://{x}'}}]}", "{}", MW_ERR_INVALID,
         "{x}"},
        {"{'rules':[{'type':'endpoint','conditions':[],'endpoint':{'url':'nonsense'}}]}", "{}", MW_ERR_INVALID,
         "nonsense"},
        {"{'rules':[{'type':'endpoint','conditions':[],'endpoint':{'url':'https://a}'}}]}", "{}", MW_ERR_INVALID,
         "brace"},
        {"{'rules':[{'type':'what','conditions':[]}]}", "{}", MW_ERR_INVALID, "neither"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        bench t;

        assert_int_equal(evaluate(&t, rows[i].rules, rows[i].params), rows[i].want);
        if (!strstr(t.err.message, rows[i].text))
            fail_msg("row %zu: '%s' does not mention '%s'", i, t.err.message, rows[i].text);
        drop(&t);
    }
}

static void test_partition_patterns(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool want;
    } rows[] = {
        {"^(us|eu)\\-\\w+\\-\\d+$", "us-east-1", true},
        {"^(us|eu)\\-\\w+\\-\\d+$", "us-gov-west-1", false},
        {"^us\\-gov\\-\\w+\\-\\d+$", "us-gov-west-1", true},
        {"^(us|eu)\\-\\w+\\-\\d+$", "us-east-", false},
        {"^(us|eu)\\-\\w+\\-\\d+$", "us-east-1x", false},
        {"^eusc\\-(de)\\-\\w+\\-\\d+$", "eusc-de-east-1", true},
        {"^(us", "us", false},
        {"^[a]$", "a", false},
        {"", "anything", true},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        assert_int_equal(mw__partition_regex(rows[i].pattern, rows[i].text), rows[i].want);
}

/* ---- whole resolutions ---- */

typedef struct resolution {
    const char *service, *operation, *region, *params, *endpoint_url, *config;
    const char *url, *name, *signing_region, *scheme;
} resolution;

static void resolve(const resolution *r)
{
    const mw_models *models;
    mw_aws_config *config = NULL;
    mw_doc_builder *b = NULL;
    mw_arena arena = {0};
    mw_endpoint out;
    mw_error err = {0};
    mw_status st;
    mw_endpoint_request q = {.region = r->region, .endpoint_url = r->endpoint_url};

    assert_ok(mw_models_builtin(&models, &err));
    assert_ok(load_config(r->config ? r->config : "", NULL, NULL, &config, &err));
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    q.config = config;
    q.operation = mw_service_operation(mw_models_service(models, r->service), r->operation);
    assert_non_null(q.operation);
    q.params = json(b, r->params ? r->params : "{}");
    q.params_doc = mw_doc_view(b);
    st = mw_endpoint_resolve(&q, &arena, &out, &err);
    if (!r->url) {
        assert_int_equal(st, MW_ERR_INVALID);
        assert_non_null(strstr(err.message, r->name));
    } else if (st != MW_OK) {
        fail_msg("%s %s: %s", r->service, r->operation, err.message);
    } else {
        assert_string_equal(out.url, r->url);
        assert_string_equal(out.signing_name, r->name);
        assert_string_equal(out.signing_region, r->signing_region);
        assert_string_equal(out.auth_scheme, r->scheme);
        assert_int_equal(out.single_encode, strcmp(r->service, "s3") == 0);
    }
    mw_arena_clear(&arena);
    mw_doc_builder_free(b);
    mw_aws_config_free(config);
}

static void test_resolution(void **state)
{
    static const resolution rows[] = {
        {"ec2", "DescribeInstances", "eu-west-1", NULL, NULL, NULL, "https://ec2.eu-west-1.amazonaws.com", "ec2",
         "eu-west-1", "sigv4"},
        {"ec2", "DescribeInstances", "cn-north-1", NULL, NULL, NULL, "https://ec2.cn-north-1.amazonaws.com.cn", "ec2",
         "cn-north-1", "sigv4"},
        {"iam", "ListRoles", "eu-west-1", NULL, NULL, NULL, "https://iam.amazonaws.com", "iam", "us-east-1", "sigv4"},
        {"sts", "AssumeRole", "us-east-1", NULL, NULL, NULL, "https://sts.us-east-1.amazonaws.com", "sts", "us-east-1",
         "sigv4"},
        {"sts", "AssumeRoleWithWebIdentity", "eu-west-1", NULL, NULL, NULL, "https://sts.eu-west-1.amazonaws.com",
         "sts", "eu-west-1", "none"},
        {"ec2", "DescribeInstances", "fips-us-east-1", NULL, NULL, NULL, "https://ec2-fips.us-east-1.amazonaws.com",
         "ec2", "us-east-1", "sigv4"},
        {"ec2", "DescribeInstances", "us-east-1", NULL, NULL, "[default]\nuse_fips_endpoint = true\n",
         "https://ec2-fips.us-east-1.amazonaws.com", "ec2", "us-east-1", "sigv4"},
        {"ec2", "DescribeInstances", "us-east-1", NULL, "http://127.0.0.1:5000/base/",
         "[default]\nuse_fips_endpoint = true\n", "http://127.0.0.1:5000/base/", "ec2", "us-east-1", "sigv4"},
        {"ec2", "DescribeInstances", "us-east-1", NULL, NULL, "[default]\nendpoint_url = http://localhost:1\n",
         "http://localhost:1", "ec2", "us-east-1", "sigv4"},
        {"s3", "ListBuckets", "eu-west-1", NULL, NULL, NULL, "https://s3.eu-west-1.amazonaws.com", "s3", "eu-west-1",
         "sigv4"},
        {"s3", "GetBucketAcl", "eu-west-1", "{'Bucket':'b-1'}", NULL, NULL, "https://b-1.s3.eu-west-1.amazonaws.com",
         "s3", "eu-west-1", "sigv4"},
        {"s3", "GetBucketLocation", "eu-west-1", "{'Bucket':'b-1'}", NULL, NULL,
         "https://s3.eu-west-1.amazonaws.com/b-1", "s3", "eu-west-1", "sigv4"},
        {"s3", "GetBucketAcl", "eu-west-1", "{'Bucket':'b.1'}", NULL, NULL, "https://s3.eu-west-1.amazonaws.com/b.1",
         "s3", "eu-west-1", "sigv4"},
        {"s3", "GetBucketAcl", "eu-west-1", "{'Bucket':'b-1'}", "http://minio.local:9000", NULL,
         "http://minio.local:9000/b-1", "s3", "eu-west-1", "sigv4"},
        {"s3", "GetBucketAcl", "eu-west-1", "{'Bucket':'b-1'}", "http://minio.local:9000",
         "[default]\ns3 =\n  addressing_style = virtual\n", "http://b-1.minio.local:9000", "s3", "eu-west-1", "sigv4"},
        {"s3", "GetObject", "us-west-2", "{'Bucket':'arn:aws:s3:eu-west-1:123456789012:accesspoint:ap','Key':'k'}",
         NULL, NULL, "https://ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com", "s3", "eu-west-1", "sigv4"},
        /* errors: the text that must be in the message stands in `name` */
        {"ec2", "DescribeInstances", "bad region", NULL, NULL, NULL, NULL, "bad region", NULL, NULL},
        {"ec2", "DescribeInstances", NULL, NULL, NULL, NULL, NULL, "ec2 DescribeInstances", NULL, NULL},
        {"s3", "GetObject", "us-west-2", "{'Bucket':'arn:aws:sns:a:b:c','Key':'k'}", NULL, NULL, NULL, "ARN", NULL,
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        env_clear();
        resolve(&rows[i]);
    }
}

static void test_s3control_account_host(void **state)
{
    const mw_models *models;
    mw_doc_builder *b = NULL;
    mw_arena arena = {0};
    mw_endpoint out;
    mw_error err = {0};
    mw_endpoint_request q = {.region = "eu-west-1"};

    (void)state;
    assert_ok(mw_models_builtin(&models, &err));
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    q.operation = mw_service_operation(mw_models_service(models, "s3control"), "GetPublicAccessBlock");
    q.params = json(b, "{'AccountId':'123456789012'}");
    q.params_doc = mw_doc_view(b);
    assert_ok(mw_endpoint_resolve(&q, &arena, &out, &err));
    assert_string_equal(out.host, "123456789012.s3-control.eu-west-1.amazonaws.com");
    assert_string_equal(out.signing_name, "s3");
    assert_false(out.is_address);
    /* A name cannot stand before an address. */
    q.endpoint_url = "http://127.0.0.1:5000";
    assert_ok(mw_endpoint_resolve(&q, &arena, &out, &err));
    assert_string_equal(out.host, "127.0.0.1");
    assert_int_equal(out.port, 5000);
    assert_true(out.is_address);
    q.endpoint_url = "http://[::1]:5000";
    assert_ok(mw_endpoint_resolve(&q, &arena, &out, &err));
    assert_string_equal(out.host, "[::1]");
    q.endpoint_url = "http://moto.local";
    assert_ok(mw_endpoint_resolve(&q, &arena, &out, &err));
    assert_string_equal(out.host, "123456789012.moto.local");
    mw_arena_clear(&arena);
    mw_doc_builder_free(b);
}

static void test_environment_endpoints(void **state)
{
    static const resolution sts = {"sts", "AssumeRole",         "eu-west-1", NULL,        NULL,
                                   NULL,  "http://sts.local:1", "sts",       "eu-west-1", "sigv4"};
    static const resolution ec2 = {"ec2", "DescribeInstances", "eu-west-1", NULL,        NULL,
                                   NULL,  "http://all.local",  "ec2",       "eu-west-1", "sigv4"};
    static const resolution plain = {
        "ec2", "DescribeInstances", "eu-west-1", NULL, NULL, NULL, "https://ec2.eu-west-1.amazonaws.com",
        "ec2", "eu-west-1",         "sigv4"};

    (void)state;
    env_clear();
    env_set("AWS_ENDPOINT_URL", "http://all.local");
    env_set("AWS_ENDPOINT_URL_STS", "http://sts.local:1");
    resolve(&sts);
    resolve(&ec2);
    env_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    resolve(&plain);
}

/* A pack without rule sets and partitions: the host name's pattern. */
static void test_without_rule_set(void **state)
{
    MW_AUTO(mw_buf) pack = {0};
    mw_doc_builder *b = NULL;
    mw_models *models = NULL;
    mw_arena arena = {0};
    mw_endpoint out;
    mw_error err = {0};
    mw_endpoint_request q = {.region = "eu-west-1"};
    mw_val root;

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    root = json(b, "{'m':{'protocol':'json','jsonVersion':'1.1','endpointPrefix':'old',"
                   "'signingName':'older','serviceId':'Old','apiVersion':'1','signatureVersion':'v4'},"
                   "'o':{'Get':{'name':'Get','http':{'method':'POST','requestUri':'/'}}},'s':{}}");
    assert_ok(mw_models_compile_service("old", mw_doc_view(b), mw_val_get(mw_doc_view(b), root, "m"),
                                        mw_val_get(mw_doc_view(b), root, "o"), mw_val_get(mw_doc_view(b), root, "s"),
                                        &pack, &err));
    assert_ok(mw_models_open(pack.data, pack.len, &models, &err));
    q.operation = mw_service_operation(mw_models_service(models, "old"), "Get");
    assert_non_null(q.operation);
    assert_ok(mw_endpoint_resolve(&q, &arena, &out, &err));
    assert_string_equal(out.url, "https://old.eu-west-1.amazonaws.com");
    assert_string_equal(out.signing_name, "older");
    assert_string_equal(out.auth_scheme, "sigv4");
    q.region = "";
    assert_int_equal(mw_endpoint_resolve(&q, &arena, &out, &err), MW_ERR_INVALID);
    q.endpoint_url = "http://x:1/y/";
    assert_ok(mw_endpoint_resolve(&q, &arena, &out, &err));
    assert_string_equal(out.path, "/y");
    assert_int_equal(out.port, 1);
    assert_string_equal(mw_partition_of_region(models, "eu-west-1"), "aws");
    mw_arena_clear(&arena);
    mw_models_free(models);
    mw_doc_builder_free(b);
}

static void test_out_of_memory(void **state)
{
    const mw_models *models;
    mw_aws_config *config = NULL;
    mw_doc_builder *b = NULL;
    mw_error err = {0};
    mw_endpoint_request q = {.region = "eu-west-1"};

    (void)state;
    env_clear();
    assert_ok(mw_models_builtin(&models, &err));
    assert_ok(load_config("", NULL, NULL, &config, &err));
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    q.config = config;
    q.operation = mw_service_operation(mw_models_service(models, "s3"), "GetBucketAcl");
    q.params = json(b, "{'Bucket':'b-1'}");
    q.params_doc = mw_doc_view(b);
    for (long at = 1; at < 2000; at++) {
        struct failing_alloc f = {.fail_at = at};
        mw_arena arena = {0};
        mw_endpoint out;
        mw_status st;

        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &f;
        st = mw_endpoint_resolve(&q, &arena, &out, &err);
        mw_sys_reset();
        if (st == MW_OK)
            assert_string_equal(out.host, "b-1.s3.eu-west-1.amazonaws.com");
        else
            assert_int_equal(st, MW_ERR_NOMEM);
        mw_arena_clear(&arena);
        if (f.count < at)
            break;
        assert_true(at < 1999);
    }
    mw_doc_builder_free(b);
    mw_aws_config_free(config);
}

static void test_builtin_partitions(void **state)
{
    static const char *const rows[][2] = {
        {"eu-west-1", "aws"},         {"cn-north-1", "aws-cn"},    {"us-gov-west-1", "aws-us-gov"},
        {"us-iso-east-1", "aws-iso"}, {"us-newplace-9", "aws"},    {"aws-global", "aws"},
        {"nowhere", "aws"},           {"aws-cn-global", "aws-cn"},
    };
    const mw_models *models;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_models_builtin(&models, &err));
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        assert_string_equal(mw_partition_of_region(models, rows[i][0]), rows[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_scopes_and_fall_through),
        cmocka_unit_test(test_refused_rule_sets),
        cmocka_unit_test(test_partition_patterns),
        cmocka_unit_test(test_resolution),
        cmocka_unit_test(test_s3control_account_host),
        cmocka_unit_test(test_environment_endpoints),
        cmocka_unit_test(test_without_rule_set),
        cmocka_unit_test(test_builtin_partitions),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
