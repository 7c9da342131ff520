/*
 * What the type language can say beyond a call and a path, each in a collection against a scripted AWS:
 * metrics, lists inside lists, items inside items, derived types, results by name, pages by token.
 */
#include "run.h"

#define JSON(needle, text)                                                                                             \
    {                                                                                                                  \
        .needles = {needle}, .status = 200, .body = text                                                               \
    }
#define HEAD(name) name ":\n  scope: regional\n  id: Id\n"
#define DENIED     "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}"

/* ---- metrics ---- */

#define RESULT(id, values, status)                                                                                     \
    "{\"Id\":\"" id "\",\"Timestamps\":[1767225600],\"Values\":[" values "],\"StatusCode\":\"" status "\"}"

static const char lambda_two[] = "{\"Functions\":[{\"FunctionName\":\"a\",\"FunctionArn\":\"arn:a\"},{\"FunctionName\":"
                                 "\"b\",\"FunctionArn\":\"arn:b\"}]}";

/* The scripts answer JSON; by older models CloudWatch speaks XML. */
static bool cloudwatch_speaks_json(void)
{
    const mw_models *m = NULL;
    mw_error err = {0};

    assert_ok(mw_models_builtin(&m, &err));
    return mw_service_protocol(mw_models_service(m, "cloudwatch")) == MW_PROTO_JSON;
}

static void metrics(void **state)
{
    script_rule rules[] = {
        JSON("/functions", lambda_two),
        /* Two pages: m1 is whole only with the second. m3 never is. */
        {.needles = {"GetMetricData", "Throttles"},
         .status = 200,
         .times = 1,
         .body = "{\"MetricDataResults\":[" RESULT("m0", "1.5", "Complete") "," RESULT(
             "m1", "2", "PartialData") ",{\"Id\":\"m2\",\"Timestamps\":[],\"Values\":[],\"StatusCode\":\"Complete\"}],"
                                       "\"NextToken\":\"n\"}"},
        {.needles = {"GetMetricData", "Throttles"},
         .status = 200,
         .body = "{\"MetricDataResults\":[" RESULT("m1", "4", "Complete") "," RESULT("m3", "9", "InternalError") "]}"},
        {.needles = {"GetMetricData", "Invocations"},
         .status = 200,
         .body = "{\"MetricDataResults\":[],\"Messages\":[{\"Code\":\"MaxMetricsExceeded\",\"Value\":\"too many\"}]}"},
    };
    struct run r;
    const mw_doc *d;
    mw_val m;

    (void)state;
    if (!cloudwatch_speaks_json())
        skip();
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::Lambda::Function", "Metrics.Errors");
    need(&r, "AWS::Lambda::Function", "Metrics.Throttles");
    need(&r, "AWS::Lambda::Function", "Metrics.Invocations");
    assert_int_equal(collect(&r, 1), MW_OK);
    d = r.snapshot;
    /* Errors and Throttles look back equally far: one call (of two pages) for both and both functions. */
    assert_int_equal(script_count(&r.s, "GetMetricData"), 3);
    m = facet(&r, "AWS::Lambda::Function", 0, "Metrics");
    is_json(&r, mw_val_get(d, m, "Errors"),
            "{\"Average\":1.5,\"Datapoints\":1,\"Dimensions\":{\"FunctionName\":\"a\"},\"Maximum\":1.5,\"Metric\":"
            "\"Errors\","
            "\"Minimum\":1.5,\"Namespace\":\"AWS/Lambda\",\"Period\":3600,\"Stat\":\"Sum\",\"Sum\":1.5,"
            "\"Timestamps\":[\"2026-01-01T00:00:00Z\"],\"Values\":[1.5]}");
    is_json(&r, mw_val_path(d, m, "Throttles.Values"), "[2,4]");
    is_json(&r, mw_val_path(d, m, "Throttles.Sum"), "6");
    is_unknown(&r, mw_val_get(d, m, "Invocations"), "cloudwatch:GetMetricData", "MaxMetricsExceeded");
    /* Not asked for: reading it raises. */
    is_unknown(&r, mw_val_get(d, m, "Duration"), "cloudwatch:GetMetricData", "NotCollected");
    assert_non_null(strstr(mw_val_get_str(d, mw_val_cause(d, mw_val_get(d, m, "Duration")), "message", ""),
                           "add \"Metrics.Duration\" to needs"));
    m = facet(&r, "AWS::Lambda::Function", 1, "Metrics");
    is_json(&r, mw_val_path(d, m, "Errors.Values"), "[]"); /* no point is an empty series, not an unknown one */
    is_json(&r, mw_val_path(d, m, "Errors.Average"), "null");
    is_unknown(&r, mw_val_get(d, m, "Throttles"), "cloudwatch:GetMetricData", "InternalError");
    is_scope(&r, "AWS::Lambda::Function", "Metrics.Errors", "us-east-1", "complete", 2, 2, NULL);
    is_scope(&r, "AWS::Lambda::Function", "Metrics.Throttles", "us-east-1", "partial", 1, 2, "InternalError");
    end(&r);
}

static void metrics_denied(void **state)
{
    script_rule rules[] = {JSON("/functions", lambda_two)}; /* NotScripted is refused like anything else */
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::Lambda::Function", "Metrics.Errors");
    assert_int_equal(collect(&r, 1), MW_OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            mw_val_kind(r.snapshot, mw_val_get(r.snapshot, facet(&r, "AWS::Lambda::Function", i, "Metrics"), "Errors")),
            MW_KIND_UNKNOWN);
    end(&r);
}

/* A series that is not what CloudWatch promises is no series: a shorter one, or one of zeros, could pass. */
static void metrics_malformed(void **state)
{
    static const struct {
        const char *result, *code;
    } table[] = {
        {"\"Timestamps\":[1767225600],\"Values\":[1]", "MalformedAnswer"},
        {"\"StatusCode\":\"Complete\",\"Timestamps\":[1767225600],\"Values\":[]", "MalformedAnswer"},
        {"\"StatusCode\":\"Complete\",\"Timestamps\":[1767225600]", "MalformedAnswer"},
        {"\"StatusCode\":\"Complete\",\"Timestamps\":[1767225600],\"Values\":[null]", "MalformedAnswer"},
        {"\"StatusCode\":\"Forbidden\",\"Timestamps\":[],\"Values\":[]", "Forbidden"},
    };

    (void)state;
    if (!cloudwatch_speaks_json())
        skip();
    for (size_t i = 0; i < MW_COUNT(table); i++) {
        char body[300];
        script_rule rules[] = {JSON("/functions", "{\"Functions\":[{\"FunctionName\":\"a\"}]}"),
                               JSON("GetMetricData", body)};
        struct run r;
        snprintf(body, sizeof(body), "{\"MetricDataResults\":[{\"Id\":\"m0\",%s}]}", table[i].result);
        begin(&r, rules, MW_COUNT(rules), NULL);
        need(&r, "AWS::Lambda::Function", "Metrics.Errors");
        assert_int_equal(collect(&r, 1), MW_OK);
        is_unknown(&r, mw_val_get(r.snapshot, facet(&r, "AWS::Lambda::Function", 0, "Metrics"), "Errors"),
                   "cloudwatch:GetMetricData", table[i].code);
        end(&r);
    }
}

/* Which series there are is not known while what tells it was not described. */
static void metrics_undescribed(void **state)
{
    static const char types[] =
        HEAD("T::Key") "  list:\n    operation: kms:ListKeys\n    items: 'Keys[].{Id: KeyId}'\n"
                       "    batch_describe: {operation: kms:DescribeKey, param: KeyId, key: Id, size: 1, items: "
                       "KeyMetadata}\n  facets:\n"
                       "    Metrics.One: {metric: M, namespace: N, stat: Sum, period: 60, window: 1d, dimensions: {D: "
                       "'{Arn}'}}\n"
                       "    Metrics.Each: {metric: M, namespace: N, stat: Sum, period: 60, window: 1d, each: 'Arns', "
                       "dimensions: {D: '{each}'}}\n"
                       "    Metrics.Mixed: {metric: M, namespace: N, stat: Sum, period: 60, window: 1d, each: '[`1`]', "
                       "dimensions: {D: '{Arn}'}}\n";
    script_rule rules[] = {
        JSON("ListKeys", "{\"Keys\":[{\"KeyId\":\"k\"}]}"),
        {.needles = {"DescribeKey"}, .status = 400, .body = DENIED},
    };
    static const char *const names[] = {"One", "Each", "Mixed"};
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), types);
    need(&r, "T::Key", "Metrics.One");
    need(&r, "T::Key", "Metrics.Each");
    need(&r, "T::Key", "Metrics.Mixed");
    assert_int_equal(collect(&r, 1), MW_OK);
    for (size_t i = 0; i < MW_COUNT(names); i++)
        is_unknown(&r, mw_val_get(r.snapshot, facet(&r, "T::Key", 0, "Metrics"), names[i]), "kms:DescribeKey",
                   "AccessDeniedException");
    end(&r);
}

/* 600 functions are 600 series: two calls, each series at its own function. */
static void metrics_in_batches(void **state)
{
    mw_buf list = {.max = 1 << 20}, first = {.max = 1 << 20}, second = {.max = 1 << 20};
    struct run r;

    (void)state;
    if (!cloudwatch_speaks_json())
        skip();
    mw_buf_puts(&list, "{\"Functions\":[");
    mw_buf_puts(&first, "{\"MetricDataResults\":[");
    mw_buf_puts(&second, "{\"MetricDataResults\":[");
    for (int i = 0; i < 600; i++) {
        mw_buf_printf(&list, "%s{\"FunctionName\":\"f%03d\"}", i ? "," : "", i);
        mw_buf_printf(i < 500 ? &first : &second, "%s" RESULT("m%d", "%d", "Complete"), i % 500 ? "," : "", i % 500, i);
    }
    mw_buf_puts(&list, "]}");
    mw_buf_puts(&first, "]}");
    mw_buf_puts(&second, "]}");
    script_rule rules[] = {JSON("/functions", list.data),
                           {.needles = {"GetMetricData"}, .status = 200, .times = 1, .body = first.data},
                           {.needles = {"GetMetricData"}, .status = 200, .body = second.data}};
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::Lambda::Function", "Metrics.Duration");
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(script_count(&r.s, "GetMetricData"), 2);
    for (size_t i = 0; i < 600; i += 599)
        assert_int_equal(
            (int)mw_val_real(r.snapshot, mw_val_path(r.snapshot, facet(&r, "AWS::Lambda::Function", i, "Metrics"),
                                                     "Duration.Maximum")),
            (int)i);
    end(&r);
    mw_buf_clear(&list);
    mw_buf_clear(&first);
    mw_buf_clear(&second);
}

/* ---- lists ---- */

static void recursive(void **state)
{
    script_rule rules[] = {
        JSON("ListRoots", "{\"Roots\":[{\"Id\":\"r-1\"}]}"),
        JSON("\"ParentId\":\"r-1\"", "{\"OrganizationalUnits\":[{\"Id\":\"ou-a\"},{\"Id\":\"ou-b\"}]}"),
        JSON("\"ParentId\":\"ou-a\"", "{\"OrganizationalUnits\":[{\"Id\":\"ou-c\"}]}"),
        JSON("\"ParentId\":\"ou-b\"", "{\"OrganizationalUnits\":[]}"),
        /* Moved meanwhile: what it gives again is known already, and the walk ends. */
        JSON("\"ParentId\":\"ou-c\"", "{\"OrganizationalUnits\":[{\"Id\":\"ou-a\"}]}"),
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::Organizations::OrganizationalUnit", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(resource_count(&r, "AWS::Organizations::OrganizationalUnit"), 3);
    is_scope(&r, "AWS::Organizations::OrganizationalUnit", NULL, "us-east-1", "complete", 3, 4, NULL);
    end(&r);
}

static void exploded(void **state)
{
    script_rule rules[] = {
        JSON("/restapis/x/resources",
             "{\"item\":[{\"id\":\"r1\",\"path\":\"/p\",\"resourceMethods\":{\"GET\":{\"httpMethod\":"
             "\"GET\",\"authorizationType\":\"NONE\"},\"PUT\":{\"httpMethod\":\"PUT\"}}},{\"id\":\"r2\"}]}"),
        JSON("/restapis?", "{\"item\":[{\"id\":\"x\"}]}"),
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::ApiGateway::Method", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(resource_count(&r, "AWS::ApiGateway::Method"), 2);
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::ApiGateway::Method", 0), "doc"),
            "{\"authorizationType\":\"NONE\",\"httpMethod\":\"GET\",\"id\":\"r1\",\"path\":\"/p\"}");
    /* The id and the ARN are templates; the ARN reads the parent. */
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::ApiGateway::Method", 1), "id"), "\"r1/PUT\"");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::ApiGateway::Method", 1), "arn"),
            "\"arn:aws:apigateway:us-east-1::/restapis/x/resources/r1/methods/PUT\"");
    end(&r);
}

static void newest(void **state)
{
    static const char types[] = HEAD("T::Newest") "  list: {operation: kms:ListAliases, items: 'Aliases[].{Id: "
                                                  "AliasName, At: TargetKeyId}', newest: At}\n";
    script_rule rules[] = {
        {.needles = {"ListAliases"},
         .status = 200,
         .times = 1,
         .body =
             "{\"Aliases\":[{\"AliasName\":\"a\",\"TargetKeyId\":\"2\"},{\"AliasName\":\"b\",\"TargetKeyId\":\"3\"}],"
             "\"Truncated\":true,\"NextMarker\":\"m\"}"},
        JSON("ListAliases", "{\"Aliases\":[{\"AliasName\":\"c\",\"TargetKeyId\":\"1\"}]}"),
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), types);
    need(&r, "T::Newest", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(resource_count(&r, "T::Newest"), 1);
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "T::Newest", 0), "id"), "\"b\"");
    end(&r);
}

/* Of a list that broke off, nobody knows which is the newest. */
static void newest_of_part(void **state)
{
    static const char types[] = HEAD("T::Newest") "  list: {operation: kms:ListAliases, items: 'Aliases[].{Id: "
                                                  "AliasName, At: TargetKeyId}', newest: At}\n";
    script_rule rules[] = {
        {.needles = {"ListAliases", "\"m\""}, .status = 400, .body = DENIED},
        JSON("ListAliases", "{\"Aliases\":[{\"AliasName\":\"a\",\"TargetKeyId\":\"2\"}],\"Truncated\":true,"
                            "\"NextMarker\":\"m\"}"),
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), types);
    need(&r, "T::Newest", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    is_scope(&r, "T::Newest", NULL, "us-east-1", "denied", 0, 2, "AccessDeniedException");
    assert_int_equal(resource_count(&r, "T::Newest"), 0);
    end(&r);
}

/* What no resource can be made of is no shorter list: it says so. */
static void spoilt_lists(void **state)
{
    static const struct {
        const char *list, *state, *code;
        int64_t resources;
    } table[] = {
        {"items: 'Keys[0].{Id: KeyId}'", "partial", "MalformedAnswer", 0},
        {"items: 'Keys[].KeyId'", "partial", "MalformedAnswer", 0},
        {"items: 'Keys[].[{Id: KeyId}, KeyArn][]'", "partial", "MalformedAnswer", 1},
        {"items: 'Keys[].{Id: KeyId}', where: {\"join('', [No])\": x}", "partial", "BadExpression", 0},
        {"items: 'Keys[].{Id: KeyId, On: `true`}', where: {On: 'true'}", "partial", "BadExpression", 0},
        {"items: 'Keys[].{Id: KeyId, At: `1`}', newest: At", "partial", "BadExpression", 0},
        {"items: 'Keys[].{Id: KeyId}', newest: \"join('', [No])\"", "partial", "BadExpression", 0},
        {"items: 'Keys[].{Id: KeyId}', newest: No", "complete", NULL, 1},
        {"items: 'Keys[].{Id: KeyId, In: KeyArn}', explode: In", "partial", "MalformedAnswer", 0},
        {"items: 'NextMarker'", "complete", NULL, 0},
        {"items: 'Keys[].{Id: KeyId}', explode: No", "complete", NULL, 0},
        {"items: 'Keys[].{Id: KeyId}', where: {No: x}", "complete", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(table); i++) {
        script_rule rules[] = {JSON("ListKeys", "{\"Keys\":[{\"KeyId\":\"k1\",\"KeyArn\":\"x\"}]}")};
        char types[300];
        struct run r;
        snprintf(types, sizeof(types), HEAD("T::Key") "  list: {operation: kms:ListKeys, %s}\n", table[i].list);
        begin(&r, rules, MW_COUNT(rules), types);
        need(&r, "T::Key", NULL);
        assert_int_equal(collect(&r, 1), MW_OK);
        is_scope(&r, "T::Key", NULL, "us-east-1", table[i].state, table[i].resources, 1, table[i].code);
        end(&r);
    }
}

/* Where a resource is was not found out: nobody guesses a region and asks there. */
static void region_misread(void **state)
{
    static const char types[] = HEAD("T::Key") "  region_from: [\"join('', [No])\"]\n"
                                               "  list: {operation: kms:ListKeys, items: 'Keys[].{Id: KeyId}'}\n"
                                               "  facets:\n    F: {operation: kms:GetKeyPolicy, params: {KeyId: "
                                               "'{Id}'}, result: Policy, absent_errors: [NotFoundException]}\n";
    script_rule rules[] = {
        JSON("ListKeys", "{\"Keys\":[{\"KeyId\":\"k\"}]}"),
        {.needles = {"GetKeyPolicy"}, .status = 400, .body = "{\"__type\":\"NotFoundException\"}"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), types);
    need(&r, "T::Key", "F");
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(script_count(&r.s, "GetKeyPolicy"), 0);
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "T::Key", 0), "region"), "\"unknown\"");
    is_unknown(&r, facet(&r, "T::Key", 0, "F"), "kms:ListKeys", "BadExpression");
    end(&r);
}

/* No paginator models events:ListEventBuses; its tokens are followed all the same. */
static void pages_by_token(void **state)
{
    script_rule rules[] = {
        JSON("\"NextToken\":\"t\"", "{\"EventBuses\":[{\"Name\":\"b\"}]}"),
        JSON("ListEventBuses", "{\"EventBuses\":[{\"Name\":\"a\"}],\"NextToken\":\"t\"}"),
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::Events::EventBus", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    is_scope(&r, "AWS::Events::EventBus", NULL, "us-east-1", "complete", 2, 2, NULL);
    end(&r);
}

static void another_home(void **state)
{
    script_rule rules[] = {JSON("globalaccelerator.us-west-2.", "{\"Accelerators\":[{\"AcceleratorArn\":\"arn:x\"}]}")};
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::GlobalAccelerator::Accelerator", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    is_scope(&r, "AWS::GlobalAccelerator::Accelerator", NULL, "us-west-2", "complete", 1, 1, NULL);
    end(&r);
}

/* ---- derived types ---- */

static const char derived_types[] =
    HEAD("T::Key") "  list: {operation: kms:ListKeys, items: 'Keys[].{Id: KeyId, Team: KeyArn}'}\n" HEAD(
        "T::Alias") "  list: {operation: kms:ListAliases, items: 'Aliases[].{Id: AliasName, Team: "
                    "TargetKeyId}'}\n" HEAD("T::Either") "  list: {derived_from: [T::Key, T::Alias]}\n"
                                                         "T::Team:\n  scope: regional\n  id: Team\n  list: "
                                                         "{derived_from: [T::Key, T::Alias], by: {Team: Team}}\n";

static void derived(void **state)
{
    script_rule rules[] = {
        JSON("ListKeys", "{\"Keys\":[{\"KeyId\":\"k1\",\"KeyArn\":\"x\"},{\"KeyId\":\"k2\"}]}"),
        JSON("ListAliases", "{\"Aliases\":[{\"AliasName\":\"a1\",\"TargetKeyId\":\"x\"},{\"AliasName\":\"a2\","
                            "\"TargetKeyId\":\"y\"}]}"),
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), derived_types);
    need(&r, "T::Either", NULL);
    need(&r, "T::Team", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(r.s.requests, 2); /* no call of their own */
    assert_int_equal(resource_count(&r, "T::Either"), 4);
    is_scope(&r, "T::Either", NULL, "us-east-1", "complete", 4, 0, NULL);
    assert_int_equal(resource_count(&r, "T::Team"), 2); /* k2 has no team */
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "T::Team", 0), "doc"),
            "{\"Members\":[{\"Id\":\"a1\",\"Team\":\"x\"},{\"Id\":\"k1\",\"Team\":\"x\"}],\"Team\":\"x\"}");
    end(&r);
}

/* Groups are told apart by texts that an expression makes, of more members than fit where the first ones lay. */
static void grouped_by_made_texts(void **state)
{
    static const char types[] =
        HEAD("T::Key") "  list: {operation: kms:ListKeys, items: 'Keys[].{Id: KeyId, Team: KeyArn}'}\n"
                       "T::Team:\n  scope: regional\n  id: Team\n  list: "
                       "{derived_from: [T::Key], by: {Team: \"join('/', [Team, Team])\"}}\n";
    mw_buf list = {.max = 1 << 20};
    struct run r;
    const mw_doc *d;
    mw_val members;

    (void)state;
    mw_buf_puts(&list, "{\"Keys\":[");
    for (int i = 0; i < 600; i++)
        mw_buf_printf(&list, "%s{\"KeyId\":\"k%03d\",\"KeyArn\":\"%s%03d\"}", i ? "," : "", 599 - i,
                      i % 2 ? "a-team-of-one-key-only-" : "many-", i % 2 ? i : 0);
    mw_buf_puts(&list, "]}");
    script_rule rules[] = {JSON("ListKeys", list.data)};
    begin(&r, rules, MW_COUNT(rules), types);
    need(&r, "T::Team", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    d = r.snapshot;
    assert_int_equal(resource_count(&r, "T::Team"), 301);
    members = facet(&r, "T::Team", 300, "Members");
    assert_int_equal(mw_val_len(d, members), 300);
    for (size_t i = 1; i < 300; i++) /* in the order of their ids */
        assert_true(strcmp(mw_val_get_str(d, mw_val_at(d, members, i - 1), "Id", ""),
                           mw_val_get_str(d, mw_val_at(d, members, i), "Id", "")) < 0);
    end(&r);
    mw_buf_clear(&list);
}

/* What is made of a list that failed is not complete either. */
static void derived_from_denied(void **state)
{
    script_rule rules[] = {
        JSON("ListKeys", "{\"Keys\":[{\"KeyId\":\"k1\",\"KeyArn\":\"x\"}]}"),
        {.needles = {"ListAliases"}, .status = 400, .body = DENIED},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), derived_types);
    need(&r, "T::Either", NULL);
    need(&r, "T::Team", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    is_scope(&r, "T::Either", NULL, "us-east-1", "partial", 1, 0, "AccessDeniedException");
    is_scope(&r, "T::Team", NULL, "us-east-1", "partial", 1, 0, "AccessDeniedException");
    /* An alias that was not seen may be of the same team. */
    is_unknown(&r, facet(&r, "T::Team", 0, "Members"), "kms:ListAliases", "AccessDeniedException");
    end(&r);
}

/* What the sources' items lack because they were not described, those made of them lack too. */
static void derived_from_undescribed(void **state)
{
    static const char types[] =
        HEAD("T::Key") "  list:\n    operation: kms:ListKeys\n    items: 'Keys[].{Id: KeyId, Team: KeyArn}'\n"
                       "    batch_describe: {operation: kms:DescribeKey, param: KeyId, key: Id, size: 1, items: "
                       "KeyMetadata}\n" HEAD("T::Either") "  list: {derived_from: [T::Key]}\n"
                                                          "T::Team:\n  scope: regional\n  id: Team\n  list: "
                                                          "{derived_from: [T::Key], by: {Team: Team}}\n";
    script_rule rules[] = {
        /* One of them twice, as a list that changes between two pages shows it. */
        JSON("ListKeys", "{\"Keys\":[{\"KeyId\":\"k1\",\"KeyArn\":\"x\"},{\"KeyId\":\"k2\",\"KeyArn\":\"y\"},"
                         "{\"KeyId\":\"k1\",\"KeyArn\":\"x\"}]}"),
        {.needles = {"DescribeKey", "k1"}, .status = 400, .body = DENIED},
        JSON("DescribeKey", "{\"KeyMetadata\":{\"KeyId\":\"k2\",\"Enabled\":true}}"),
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), types);
    need(&r, "T::Either", NULL);
    need(&r, "T::Team", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    is_scope(&r, "T::Key", NULL, "us-east-1", "complete", 2, 4, NULL);
    is_scope(&r, "T::Key", "DescribeKey", "us-east-1", "partial", 1, 4, "AccessDeniedException");
    is_scope(&r, "T::Either", "DescribeKey", "us-east-1", "partial", 1, 0, "AccessDeniedException");
    is_scope(&r, "T::Team", NULL, "us-east-1", "complete", 2, 0, NULL);
    is_unknown(&r, mw_val_get(r.snapshot, resource(&r, "T::Either", 0), "rest"), "kms:DescribeKey",
               "AccessDeniedException");
    is_unknown(&r, facet(&r, "T::Team", 0, "Members"), "kms:DescribeKey", "AccessDeniedException");
    is_json(&r, facet(&r, "T::Team", 1, "Members"),
            "[{\"Enabled\":true,\"Id\":\"k2\",\"KeyId\":\"k2\",\"Team\":\"y\"}]");
    end(&r);
}

/* ---- facets ---- */

static void by_name(void **state)
{
    static const char types[] =
        HEAD("T::Key") "  list: {operation: kms:ListKeys, items: 'Keys[].{Id: KeyId}'}\n"
                       "  facets:\n"
                       "    Tags:\n      operation: kms:ListResourceTags\n      params: {KeyId: '{Id}'}\n"
                       "      result: Tags\n      keyed: {TagKey: TagValue}\n"
                       "    Each:\n      operation: kms:GetKeyPolicy\n      params: {KeyId: \"{before '.x' each}\"}\n"
                       "      result: Policy\n      each: '`[\"a.x\",\"b.x\",\"c.x\"]`'\n      keyed: each\n"
                       "      absent_errors: [NotFoundException]\n"
                       "    Joined:\n      operation: kms:ListAliases\n      result: Aliases\n"
                       "      join: {key: 'alias/{Id}', field: AliasName, value: TargetKeyId}\n";
    script_rule rules[] = {
        JSON("ListKeys", "{\"Keys\":[{\"KeyId\":\"k\"}]}"),
        JSON("ListResourceTags", "{\"Tags\":[{\"TagKey\":\"A\",\"TagValue\":\"1\"},{\"TagKey\":\"B\"}]}"),
        JSON("\"KeyId\":\"a\"", "{\"Policy\":\"{}\"}"),
        {.needles = {"\"KeyId\":\"b\""}, .status = 400, .body = "{\"__type\":\"NotFoundException\"}"},
        {.needles = {"\"KeyId\":\"c\""}, .status = 400, .body = "{\"__type\":\"AccessDeniedException\"}"},
        JSON("ListAliases", "{\"Aliases\":[{\"AliasName\":\"alias/k\",\"TargetKeyId\":\"t\"}]}"),
    };
    struct run r;
    mw_val each;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), types);
    need(&r, "T::Key", "Tags");
    need(&r, "T::Key", "Each");
    need(&r, "T::Key", "Joined");
    assert_int_equal(collect(&r, 1), MW_OK);
    is_json(&r, facet(&r, "T::Key", 0, "Tags"), "{\"A\":\"1\",\"B\":null}");
    each = facet(&r, "T::Key", 0, "Each");
    is_json(&r, mw_val_get(r.snapshot, each, "b.x"), "null");
    is_unknown(&r, mw_val_get(r.snapshot, each, "c.x"), "kms:GetKeyPolicy", "AccessDeniedException");
    assert_int_equal(mw_val_kind(r.snapshot, mw_val_get(r.snapshot, each, "a.x")), MW_KIND_STRING);
    is_json(&r, facet(&r, "T::Key", 0, "Joined"), "\"t\"");
    end(&r);
}

/* What cannot be matched, or asked for, is unknown: that nothing was found would be absence. */
static void facets_misread(void **state)
{
    static const struct {
        const char *facet, *json; /* json NULL: unknown */
    } table[] = {
        {"result: 'Aliases[0]', join: {key: Id, field: AliasName}", NULL},
        {"result: Aliases, join: {key: Id, field: \"join('', [No])\"}", NULL},
        {"result: Aliases, join: {key: '`1`', field: AliasName}", NULL},
        {"result: Aliases, join: {key: Id, field: AliasName, value: \"join('', [No])\"}", NULL},
        {"result: Aliases, join: {key: Id, field: AliasName, value: TargetKeyId}", "\"t\""},
        {"result: NextMarker, join: {key: Id, field: AliasName, many: true}", "[]"},
        {"result: Aliases, join: {key: No, field: AliasName}", "null"},
        {"result: Aliases, params: {KeyId: '{each}'}, each: Id", NULL},
        {"result: Aliases, params: {KeyId: '{each}'}, each: '[`1`]', keyed: each", NULL},
        {"result: Aliases, params: {KeyId: '{each}'}, each: No", "null"},
        {"result: Aliases, batch: {param: KeyId, size: 2, key: '`1`', field: AliasName}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(table); i++) {
        script_rule rules[] = {
            JSON("ListKeys", "{\"Keys\":[{\"KeyId\":\"k\"}]}"),
            JSON("ListAliases", "{\"Aliases\":[{\"AliasName\":\"k\",\"TargetKeyId\":\"t\"}]}"),
        };
        char types[400];
        struct run r;
        snprintf(types, sizeof(types),
                 HEAD("T::Key") "  list: {operation: kms:ListKeys, items: 'Keys[].{Id: KeyId}'}\n"
                                "  facets:\n    F: {operation: kms:ListAliases, %s}\n",
                 table[i].facet);
        begin(&r, rules, MW_COUNT(rules), types);
        need(&r, "T::Key", "F");
        assert_int_equal(collect(&r, 1), MW_OK);
        if (table[i].json)
            is_json(&r, facet(&r, "T::Key", 0, "F"), table[i].json);
        else
            assert_int_equal(mw_val_kind(r.snapshot, facet(&r, "T::Key", 0, "F")), MW_KIND_UNKNOWN);
        end(&r);
    }
}

/* Every allocation refused once: a collection ends with or without a snapshot, never with half of one. */
static void refused_memory(void **state)
{
    script_rule rules[] = {
        JSON("ListKeys", "{\"Keys\":[{\"KeyId\":\"k1\",\"KeyArn\":\"x\"},{\"KeyId\":\"k2\",\"KeyArn\":\"x\"}]}"),
        JSON("ListAliases", "{\"Aliases\":[{\"AliasName\":\"a1\",\"TargetKeyId\":\"x\"}]}"),
        JSON("/functions", lambda_two),
        JSON("GetMetricData", "{\"MetricDataResults\":[" RESULT("m0", "1", "Complete") "]}"),
    };

    (void)state;
    if (!cloudwatch_speaks_json())
        skip();
    for (long n = 1; n < 4000; n += 3) {
        struct run r;
        struct failing_alloc fail = {.fail_at = n};
        mw_collect_account account = {.account = ACCOUNT,
                                      .partition = "aws",
                                      .home_region = "us-east-1",
                                      .regions = regions + 1,
                                      .region_count = 1};
        mw_collect_options o = {.accounts = &account, .account_count = 1, .now_unix = 1};
        begin(&r, rules, MW_COUNT(rules), derived_types);
        need(&r, "T::Either", NULL);
        need(&r, "T::Team", NULL);
        need(&r, "AWS::Lambda::Function", "Metrics.Errors");
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &fail;
        mw_status st = mw_collect(r.client, r.plan, &o, &r.fd, &r.err);
        bool done = fail.count < n;
        mw_sys_reset();
        assert_true((st == MW_OK) == (r.fd >= 0));
        end(&r);
        if (done)
            return;
    }
    fail_msg("the collection still allocates");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics),
        cmocka_unit_test(metrics_denied),
        cmocka_unit_test(metrics_malformed),
        cmocka_unit_test(metrics_undescribed),
        cmocka_unit_test(metrics_in_batches),
        cmocka_unit_test(recursive),
        cmocka_unit_test(exploded),
        cmocka_unit_test(newest),
        cmocka_unit_test(newest_of_part),
        cmocka_unit_test(spoilt_lists),
        cmocka_unit_test(region_misread),
        cmocka_unit_test(pages_by_token),
        cmocka_unit_test(another_home),
        cmocka_unit_test(derived),
        cmocka_unit_test(grouped_by_made_texts),
        cmocka_unit_test(derived_from_denied),
        cmocka_unit_test(derived_from_undescribed),
        cmocka_unit_test(by_name),
        cmocka_unit_test(facets_misread),
        cmocka_unit_test(refused_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
