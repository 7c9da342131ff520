/* Answers to documents: results, tolerance, broken bodies; over the built-in models. */
#include "protocol_bench.h"

static const struct row {
    const char *name, *service, *operation, *headers, *body;
    mw_status status;
    const char *expect;
} rows[] = {
    /* query and ec2 */
    {"query result", "sts", "GetCallerIdentity", NULL,
     "<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
     "<GetCallerIdentityResult><Arn>a</Arn><Account>1</Account><Extra><x/></Extra>"
     "</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
     "</GetCallerIdentityResponse>",
     MW_OK, "{'Account':'1','Arn':'a'}"},
    {"query without its wrapper", "sts", "GetCallerIdentity", NULL, "<Other/>", MW_ERR_PARSE,
     "answer to sts:GetCallerIdentity: XML: <Other> holds no <GetCallerIdentityResult>"},
    {"a proxy's page is no empty list", "ec2", "DescribeInstances", NULL, "<html><body>hello</body></html>",
     MW_ERR_PARSE, "answer to ec2:DescribeInstances: the answer is an HTML page, not the service's XML (line 1)"},
    {"an empty truth value is none", "ec2", "DescribeInstances", NULL,
     "<R><reservationSet><item><instancesSet><item><ebsOptimized/><enaSupport> </enaSupport>"
     "</item></instancesSet></item></reservationSet></R>",
     MW_OK, "{'Reservations':[{'Instances':[{}]}]}"},
    {"no body is no empty list", "ec2", "DescribeInstances", NULL, "", MW_ERR_PARSE,
     "answer to ec2:DescribeInstances: XML: no element found (line 1, byte 0)"},
    {"another operation's answer is no empty list", "ec2", "DescribeSecurityGroups", NULL,
     "<DescribeVolumesResponse><requestId>r</requestId><volumeSet/></DescribeVolumesResponse>", MW_ERR_PARSE,
     "answer to ec2:DescribeSecurityGroups: XML: <DescribeVolumesResponse> holds <volumeSet>, and nothing of what the "
     "model says"},
    {"ec2: nothing", "ec2", "DescribeInstances", NULL,
     "<DescribeInstancesResponse><requestId>r</requestId></DescribeInstancesResponse>", MW_OK, "{}"},
    {"ec2: present, empty and absent", "ec2", "DescribeInstances", NULL,
     "<R><reservationSet><item><groupSet/><instancesSet><item><dnsName/>"
     "<amiLaunchIndex> 0 </amiLaunchIndex><ebsOptimized>true</ebsOptimized>"
     "<launchTime>2024-01-02T03:04:05.678Z</launchTime></item></instancesSet></item>"
     "</reservationSet></R>",
     MW_OK,
     "{'Reservations':[{'Groups':[],'Instances':[{'AmiLaunchIndex':0,'EbsOptimized':true,"
     "'LaunchTime':'2024-01-02T03:04:05.678Z','PublicDnsName':''}]}]}"},
    {"a wrong number names its place", "ec2", "DescribeInstances", NULL,
     "<R><reservationSet><item><instancesSet><item/><item><amiLaunchIndex>x</amiLaunchIndex></item>"
     "</instancesSet></item></reservationSet></R>",
     MW_ERR_PARSE,
     "answer to ec2:DescribeInstances: Reservations[0].Instances[1].AmiLaunchIndex: 'x' is not an "
     "integer (line 1)"},
    {"cut off", "ec2", "DescribeInstances", NULL, "<R><reservationSet><item>", MW_ERR_PARSE,
     "answer to ec2:DescribeInstances: XML: it ends inside <item> (line 1, byte 25)"},
    /* json */
    {"json: kinds, nulls, unknown members", "dynamodb", "DescribeTable", NULL,
     "{'Table':{'TableName':'t','ItemCount':12,'CreationDateTime':1.7E9,'KeySchema':null,"
     "'Future':{'a':[1,{}]},'TableSizeBytes':9223372036854775807}}",
     MW_OK,
     "{'Table':{'CreationDateTime':'2023-11-14T22:13:20Z','ItemCount':12,"
     "'TableName':'t','TableSizeBytes':9223372036854775807}}"},
    {"json: numbers in strings", "dynamodb", "DescribeTable", NULL,
     "{'Table':{'ItemCount':'12','CreationDateTime':'1700000000.5'}}", MW_OK,
     "{'Table':{'CreationDateTime':'2023-11-14T22:13:20.500Z','ItemCount':12}}"},
    {"json: numbers and booleans for text", "dynamodb", "ListTables", NULL,
     "{'TableNames':[1,2.5,true,-7],'LastEvaluatedTableName':false}", MW_OK,
     "{'LastEvaluatedTableName':false,'TableNames':[1,2.5,true,-7]}"},
    {"json: nulls in lists stay", "dynamodb", "ListTables", NULL, "{'TableNames':['a',null]}", MW_OK,
     "{'TableNames':['a',null]}"},
    {"json: a list for a structure", "dynamodb", "DescribeTable", NULL, "{'Table':[]}", MW_ERR_PARSE,
     "answer to dynamodb:DescribeTable: Table is a list where the model says an object"},
    {"json: an object for a number", "dynamodb", "DescribeTable", NULL, "{'Table':{'ItemCount':{}}}", MW_ERR_PARSE,
     "answer to dynamodb:DescribeTable: Table.ItemCount is an object where the model says a "
     "scalar"},
    {"json: not a number", "dynamodb", "DescribeTable", NULL, "{'Table':{'ItemCount':'many'}}", MW_ERR_PARSE,
     "answer to dynamodb:DescribeTable: Table.ItemCount: 'many' is not an integer"},
    {"json: cut off", "dynamodb", "ListTables", NULL, "{'TableNames':['a'", MW_ERR_PARSE,
     "answer to dynamodb:ListTables: JSON ends after 18 bytes where ']' was expected"},
    {"json: html", "dynamodb", "ListTables", NULL, "<html>", MW_ERR_PARSE,
     "answer to dynamodb:ListTables: JSON has '<' at byte 0 where a value was expected"},
    {"json: trailing text", "dynamodb", "ListTables", NULL, "{} {}", MW_ERR_PARSE,
     "answer to dynamodb:ListTables: JSON has '{' at byte 3 where the end was expected"},
    {"json: escapes", "dynamodb", "ListTables", NULL, "{'TableNames':['\\u00e9\\ud83d\\ude00\\n\\/','\\ud800']}", MW_OK,
     "{'TableNames':['\xC3\xA9\xF0\x9F\x98\x80\\n/','\xEF\xBF\xBD']}"},
    {"json: blobs", "kms", "Encrypt", NULL, "{'CiphertextBlob':'AP8=','KeyId':'k'}", MW_OK,
     "{'CiphertextBlob':'AP8=','KeyId':'k'}"},
    {"json: broken blob", "kms", "Encrypt", NULL, "{'CiphertextBlob':'A*'}", MW_ERR_PARSE,
     "answer to kms:Encrypt: CiphertextBlob: a blob is not base64"},
    {"json: empty", "dynamodb", "ListTables", NULL, "", MW_OK, "{}"},
    {"json: nothing", "sqs", "ListQueues", NULL, "{}", MW_OK, "{}"},
    {"json: another document", "dynamodb", "ListTables", NULL, "{'items':[],'x':1}", MW_ERR_PARSE,
     "answer to dynamodb:ListTables: it has 'items', and nothing of what the model says"},
    {"json: nulls are known", "dynamodb", "ListTables", NULL, "{'TableNames':null,'x':1}", MW_OK, "{}"},
    {"rest-json: another document", "lambda", "ListFunctions", NULL, "{'message':'Forbidden'}", MW_ERR_PARSE,
     "answer to lambda:ListFunctions: it has 'message', and nothing of what the model says"},
    {"a __type that is no error", "dynamodb", "ListTables", NULL,
     "{'__type':'a.b#ListTablesOutput','TableNames':['t']}", MW_OK, "{'TableNames':['t']}"},
    {"json: unknown union member", "rds-data", "ExecuteStatement", NULL,
     "{'records':[[{'stringValue':'t'},{'ZZ':[1]},{'__type':'x','ZZ':null}]]}", MW_OK,
     "{'records':[[{'stringValue':'t'},{'SDK_UNKNOWN_MEMBER':{'name':'ZZ'}},{}]]}"},
    /* rest */
    {"rest-xml: nothing", "s3", "GetBucketVersioning", NULL, "<VersioningConfiguration/>", MW_OK, "{}"},
    {"rest-json: headers", "lambda", "Invoke", "X-Amz-Executed-Version: 3\nX-Amz-Function-Error: E", "{'a':1}", MW_OK,
     "{'ExecutedVersion':'3','FunctionError':'E','Payload':'eydhJzoxfQ==','StatusCode':200}"},
    {"rest-xml: headers and their map", "s3", "HeadObject",
     "Content-Length: 5\nLast-Modified: Tue, 02 Jan 2024 03:04:05 GMT\nx-amz-meta-A: 1\n"
     "x-amz-meta-b: 2\nETag: \"e\"",
     "", MW_OK,
     "{'ContentLength':5,'ETag':'\\'e\\'','LastModified':'2024-01-02T03:04:05Z',"
     "'Metadata':{'A':'1','b':'2'}}"},
    {"rest-xml: a wrong header names itself", "s3", "HeadObject", "Content-Length: five", "", MW_ERR_PARSE,
     "answer to s3:HeadObject: header Content-Length: 'five' is not an integer"},
    {"rest-xml: Expires need not be a time", "s3", "HeadObject", "Expires: never", "", MW_OK,
     "{'ExpiresString':'never','Metadata':{}}"},
    {"rest-xml: flattened lists between other members", "s3", "ListObjectsV2", NULL,
     "<ListBucketResult><Contents><Key>a</Key></Contents><Name>b</Name>"
     "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"
     "<Contents><Key>c</Key><Size>7</Size></Contents></ListBucketResult>",
     MW_OK,
     "{'CommonPrefixes':[{'Prefix':'p/'}],'Contents':[{'Key':'a'},{'Key':'c','Size':7}],"
     "'Name':'b'}"},
    {"rest-xml: attributes by any prefix", "s3", "GetBucketAcl", NULL,
     "<AccessControlPolicy xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><AccessControlList>"
     "<Grant><Grantee i:type='Group'><URI>u</URI></Grantee></Grant></AccessControlList>"
     "</AccessControlPolicy>",
     MW_OK, "{'Grants':[{'Grantee':{'Type':'Group','URI':'u'}}]}"},
    {"rest-xml: the root is the member", "s3", "GetBucketLocation", NULL,
     "<LocationConstraint xmlns='x'>eu-west-1</LocationConstraint>", MW_OK, "{'LocationConstraint':'eu-west-1'}"},
    {"json: a map", "glue", "GetTable", NULL, "{'Table':{'Parameters':{'A':'1'}}}", MW_OK,
     "{'Table':{'Parameters':{'A':'1'}}}"},
};

/* Row bodies are written with ' for " so that JSON stays readable; XML takes either. */
static char *body_of(const struct row *r)
{
    char *body = strdup(r->body);

    if (*body == '{')
        for (char *p = body; *p; p++)
            if (*p == '\'' && !mw_str_eq(r->operation, "Invoke"))
                *p = '"';
    return body;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        char *body = body_of(&rows[i]);
        bench t;
        bench_parse(&t, rows[i].service, rows[i].operation, 200, rows[i].headers, body, strlen(body));
        if (t.status != rows[i].status || strcmp(t.text.data, rows[i].expect) != 0)
            fail_msg("%s: %s\n got  %s\n want %s", rows[i].name, mw_status_name(t.status), t.text.data, rows[i].expect);
        if (t.status != MW_OK) {
            assert_int_equal(t.result, MW_VAL_ABSENT);
            assert_int_not_equal(mw_doc_builder_status(t.b, NULL), MW_OK);
        }
        bench_clear(&t);
        free(body);
    }
}

static const struct error_row {
    const char *name, *service, *operation;
    int status;
    const char *headers, *body, *expect, *request_id;
} errors[] = {
    {"query", "iam", "GetUser", 404, NULL,
     "<ErrorResponse xmlns='x'><Error><Type>Sender</Type><Code>NoSuchEntity</Code>"
     "<Message>no &lt;user&gt;</Message></Error><RequestId>r1</RequestId></ErrorResponse>",
     "NoSuchEntity: no <user> {}", "r1"},
    {"ec2", "ec2", "DescribeInstances", 400, NULL,
     "<?xml version='1.0'?><Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>"
     "<Message>m</Message></Error></Errors><RequestID>r2</RequestID></Response>",
     "InvalidInstanceID.NotFound: m {}", "r2"},
    {"s3", "s3", "GetObject", 404, NULL,
     "<Error><Code>NoSuchKey</Code><Message>m</Message><Key>k</Key><RequestId>r3</RequestId></"
     "Error>",
     "NoSuchKey: m {}", "r3"},
    {"s3 modelled members", "s3", "GetObject", 403, NULL,
     "<Error><Code>InvalidObjectState</Code><Message>m</Message><StorageClass>GLACIER</"
     "StorageClass>"
     "</Error>",
     "InvalidObjectState: m {'StorageClass':'GLACIER'}", ""},
    {"head: nothing but a status", "s3", "HeadObject", 404, "x-amz-request-id: r4", "", "404: Not Found {}", "r4"},
    {"rest-xml wrapped", "route53", "GetHostedZone", 404, NULL,
     "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>m</Message>"
     "</Error><RequestId>r5</RequestId></ErrorResponse>",
     "NoSuchHostedZone: m {}", "r5"},
    {"s3 error inside a 200", "s3", "CopyObject", 200, NULL,
     "<?xml version='1.0'?>\n<Error><Code>InternalError</Code><Message>try again</Message></Error>",
     "InternalError: try again {}", ""},
    /* errors that a gateway, or a fault of AWS, sends as 200 */
    {"json error inside a 200", "dynamodb", "ListTables", 200, NULL,
     "{\"__type\":\"a.b#AccessDeniedException\",\"Message\":\"no\"}", "AccessDeniedException: no {}", ""},
    {"an error's header on a 200", "lambda", "ListFunctions", 200, "x-amzn-ErrorType: AccessDeniedException",
     "{\"Message\":\"no\"}", "AccessDeniedException: no {}", ""},
    {"ec2 error inside a 200", "ec2", "DescribeInstances", 200, NULL,
     "<?xml version='1.0'?>\n<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error>"
     "</Errors></Response>",
     "UnauthorizedOperation: no {}", ""},
    {"query error inside a 200", "iam", "ListUsers", 200, NULL,
     "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
     "AccessDenied: no {}", ""},
    {"rest-xml error inside a 200", "route53", "ListHostedZones", 200, NULL,
     "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
     "AccessDenied: no {}", ""},
    {"json __type with name space", "dynamodb", "ListTables", 400, "x-amzn-RequestId: r6",
     "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\",\"message\":"
     "\"m\"}",
     "ResourceNotFoundException: m {'message':'m'}", "r6"},
    {"json Message", "dynamodb", "ListTables", 400, NULL, "{\"__type\":\"X\",\"Message\":\"m\",\"code\":7}", "X: m {}",
     ""},
    {"query-compatible", "sqs", "GetQueueUrl", 400,
     "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender",
     "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"m\"}",
     "AWS.SimpleQueueService.NonExistentQueue: m {}", ""},
    {"rest-json: the header wins", "lambda", "GetFunction", 404,
     "x-amzn-ErrorType: ResourceNotFoundException:http://x/",
     "{\"Type\":\"User\",\"Message\":\"m\",\"code\":\"Other\"}",
     "ResourceNotFoundException: m {'Message':'m','Type':'User'}", ""},
    {"rest-json: code in the body", "apigateway", "GetRestApi", 404, NULL,
     "{\"code\":\"a#NotFoundException\",\"message\":\"m\"}", "NotFoundException: m {'message':'m'}", ""},
    {"a proxy's page, 5xx", "dynamodb", "ListTables", 503, NULL, "<html>oops</html>", "503: Service Unavailable {}",
     ""},
    {"a proxy's page in XML, 5xx", "iam", "GetUser", 502, NULL, " <HTML>oops</HTML>", "502: Bad Gateway {}", ""},
    {"plain text, 4xx", "dynamodb", "ListTables", 403, NULL, "go away", "403: go away {}", ""},
    {"broken XML", "iam", "GetUser", 400, NULL, "<ErrorResponse><Error><Code>X</Code>", "400: Bad Request {}", ""},
    {"an error with an entity bomb", "iam", "GetUser", 400, NULL,
     "<!DOCTYPE x [<!ENTITY a 'b'>]><ErrorResponse><Error><Code>&a;</Code></Error></ErrorResponse>",
     "400: Bad Request {}", ""},
    {"members that break the model cost only themselves", "lambda", "GetFunction", 429, NULL,
     "{\"code\":\"TooManyRequestsException\",\"message\":\"m\",\"retryAfterSeconds\":[]}",
     "TooManyRequestsException: m {'message':'m'}", ""},
    {"members of a wrong kind are left out whole", "dynamodb", "TransactWriteItems", 400, NULL,
     "{\"__type\":\"TransactionCanceledException\",\"Message\":\"m\",\"CancellationReasons\":{}}",
     "TransactionCanceledException: m {}", ""},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(errors); i++) {
        const struct error_row *r = &errors[i];
        bench t;
        /* Without that trait SQS speaks query, and the row's JSON is no answer of its. */
        if (mw_str_eq(r->name, "query-compatible") && !bench_query_compatible(r->service)) {
            print_message("these models have no query-compatible %s\n", r->service);
            continue;
        }
        bench_parse(&t, r->service, r->operation, r->status, r->headers, r->body, strlen(r->body));
        if (t.status != MW_ERR_AWS || strcmp(t.text.data, r->expect) != 0)
            fail_msg("%s: %s\n got  %s\n want %s", r->name, mw_status_name(t.status), t.text.data, r->expect);
        assert_string_equal(t.aws.request_id, r->request_id);
        assert_int_equal(t.aws.http_status, r->status == 200 ? 500 : r->status);
        bench_clear(&t);
    }
}

static void test_error_details(void **state)
{
    static const char body[] = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message>"
                               "<Region>eu-west-1</Region></Error>";
    bench t;

    (void)state;
    bench_parse(&t, "s3", "GetObject", 400, NULL, body, sizeof(body) - 1);
    assert_string_equal(t.aws.region, "eu-west-1");
    assert_true(t.aws.sender_fault);
    bench_clear(&t);
}

/* A long message is cut at a character, not inside one. */
static void test_long_message(void **state)
{
    MW_AUTO(mw_buf) body = {0};
    bench t;

    (void)state;
    mw_buf_puts(&body, "{\"__type\":\"X\",\"message\":\"");
    for (int i = 0; i < 2000; i++)
        mw_buf_puts(&body, "\xE2\x9C\x93");
    mw_buf_puts(&body, "\"}");
    bench_parse(&t, "dynamodb", "ListTables", 400, NULL, body.data, body.len);
    assert_int_equal(strlen(t.aws.message), 1023);
    assert_true(mw_utf8_valid(t.aws.message, strlen(t.aws.message)));
    bench_clear(&t);
}

/* Deep nesting meets the ceiling, not the stack. */
static void test_depth(void **state)
{
    MW_AUTO(mw_buf) body = {0};
    bench t;

    (void)state;
    mw_buf_puts(&body, "{\"Item\":{\"a\":");
    for (int i = 0; i < 100000; i++)
        mw_buf_puts(&body, "{\"L\":[");
    bench_parse(&t, "dynamodb", "GetItem", 200, NULL, body.data, body.len);
    assert_int_equal(t.status, MW_ERR_LIMIT);
    bench_clear(&t);
    mw_buf_reset(&body);
    mw_buf_puts(&body, "{\"Unknown\":");
    for (int i = 0; i < 100000; i++)
        mw_buf_puts(&body, "[");
    bench_parse(&t, "dynamodb", "GetItem", 200, NULL, body.data, body.len);
    assert_int_equal(t.status, MW_ERR_LIMIT);
    bench_clear(&t);
}

static void oom(const char *service, const char *operation, int status, const char *body)
{
    struct failing_alloc f = {0};
    const mw_operation *op = bench_operation(service, operation);
    mw_error err = {0};
    mw_status st;

    do {
        mw_http_response r = {.status = status};
        mw_doc_builder *b = NULL;
        mw_val result = MW_VAL_ABSENT;
        mw_aws_error aws;
        mw_sys_reset();
        assert_ok(mw_buf_add(&r.body, body, strlen(body), &err));
        assert_ok(mw_doc_builder_new(NULL, &b, &err));
        f.count = 0;
        f.fail_at++;
        mw_sys.ctx = &f;
        mw_sys.realloc_fn = failing_realloc;
        st = mw_protocol_parse(op, &r, b, &result, &aws, &err);
        mw_sys_reset();
        if (status == 200 && st != MW_OK) {
            assert_int_equal(st, MW_ERR_NOMEM);
            assert_int_equal(result, MW_VAL_ABSENT);
        }
        mw_doc_builder_free(b);
        mw_http_response_clear(&r);
        assert_true(f.fail_at < 10000);
    } while (f.count >= f.fail_at);
    assert_int_equal(st, status == 200 ? MW_OK : MW_ERR_AWS);
}

static void test_oom(void **state)
{
    (void)state;
    oom("ec2", "DescribeInstances", 200,
        "<R><reservationSet><item><groupSet><item><groupId>g</groupId></item></groupSet></item>"
        "</reservationSet></R>");
    oom("dynamodb", "GetItem", 200, "{\"Item\":{\"a\":{\"S\":\"\\u00e9\"},\"b\":{\"ZZ\":[1]}}}");
    oom("s3", "GetObject", 404, "<Error><Code>InvalidObjectState</Code><StorageClass>x</StorageClass></Error>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_errors), cmocka_unit_test(test_error_details),
        cmocka_unit_test(test_long_message), cmocka_unit_test(test_depth),  cmocka_unit_test(test_oom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
