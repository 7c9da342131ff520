/*
 * Collections against a scripted AWS: what each kind of call gives, what each kind of failure leaves
 * behind, and that nothing that failed ever looks like an empty answer.
 */
#include "run.h"

#define DENIED_JSON "{\"__type\":\"AccessDeniedException\",\"message\":\"not authorized\"}"
#define DENIED_EC2                                                                                                     \
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized"                       \
    "</Message></Error></Errors><RequestID>r</RequestID></Response>"
#define DENIED_S3 "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
#define DENIED_IAM                                                                                                     \
    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message>"                          \
    "</Error><RequestId>r</RequestId></ErrorResponse>"
#define INVALID_IAM(code)                                                                                              \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>no</Message>"                              \
    "</Error><RequestId>r</RequestId></ErrorResponse>"

/* ---- buckets: facets, regions, tags, denial per facet ---- */

#define BUCKETS(list) "<ListAllMyBucketsResult><Buckets>" list "</Buckets></ListAllMyBucketsResult>"
#define BUCKET(name, region)                                                                                           \
    "<Bucket><Name>" name "</Name><CreationDate>2024-05-06T07:08:09.000Z</CreationDate>" region "</Bucket>"
#define IN(region) "<BucketRegion>" region "</BucketRegion>"
#define LOCATION(name, region)                                                                                         \
    {                                                                                                                  \
        .needles = {"amazonaws.com/" name "/?location"}, .status = 200,                                                \
        .body = "<LocationConstraint>" region "</LocationConstraint>"                                                  \
    }

/* Whether a bucket's list entry says where it is; by older models each bucket is asked. The scripts answer both. */
static bool buckets_say_where(void)
{
    const mw_models *models = NULL;
    const mw_service *s3;
    const mw_shape *list, *bucket;
    mw_error err = {0};

    assert_ok(mw_models_builtin(&models, &err));
    s3 = mw_models_service(models, "s3");
    list = mw_operation_output(mw_service_operation(s3, "ListBuckets"));
    bucket = mw_member_shape(mw_shape_element(mw_member_shape(mw_shape_member(list, "Buckets", 7))));
    return mw_shape_member(bucket, "BucketRegion", 12) != NULL;
}

static void buckets(void **state)
{
    script_rule rules[] = {
        {.needles = {"GET s3.us-east-1.amazonaws.com/?"},
         .status = 200,
         .body =
             BUCKETS(BUCKET("zeta", IN("us-east-1")) BUCKET("alpha", IN("eu-west-1")) BUCKET("zeta", IN("us-east-1")))},
        {.needles = {"zeta", "versioning"},
         .status = 200,
         .body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"},
        {.needles = {"GET alpha.s3.eu-west-1", "versioning"}, .status = 403, .body = DENIED_S3},
        {.needles = {"zeta", "?tagging"},
         .status = 200,
         .body = "<Tagging><TagSet><Tag><Key>Team</Key><Value>a&amp;b</Value></Tag></TagSet></Tagging>"},
        {.needles = {"alpha", "?tagging"},
         .status = 404,
         .body = "<Error><Code>NoSuchTagSet</Code><Message>none</Message></Error>"},
        LOCATION("zeta", ""),
        LOCATION("alpha", "eu-west-1"),
    };
    const bool told = buckets_say_where();
    mw_buf zeta = {0};
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::S3::Bucket", "Versioning");
    need(&r, "s3.bucket", "Tagging");
    assert_int_equal(collect(&r, 2), MW_OK);
    assert_int_equal(resource_count(&r, "AWS::S3::Bucket"), 2);
    mw_buf_printf(&zeta,
                  "{\"account\":\"" ACCOUNT "\",\"arn\":\"arn:aws:s3:::zeta\",\"created\":\"2024-05-06T07:08:09Z\","
                  "\"doc\":{%s\"CreationDate\":\"2024-05-06T07:08:09Z\",\"Name\":\"zeta\","
                  "\"Tagging\":[{\"Key\":\"Team\",\"Value\":\"a&b\"}],\"Versioning\":{\"Status\":\"Enabled\"}},"
                  "\"id\":\"zeta\",\"name\":\"zeta\",\"partition\":\"aws\",\"region\":\"us-east-1\",\"rest\":null,"
                  "\"tags\":{\"Team\":\"a&b\"},\"type\":\"AWS::S3::Bucket\"}",
                  told ? "\"BucketRegion\":\"us-east-1\"," : "");
    is_json(&r, resource(&r, "AWS::S3::Bucket", 1), zeta.data);
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::S3::Bucket", 0), "region"), "\"eu-west-1\"");
    is_unknown(&r, facet(&r, "AWS::S3::Bucket", 0, "Versioning"), "s3:GetBucketVersioning", "AccessDenied");
    is_json(&r, facet(&r, "AWS::S3::Bucket", 0, "Tagging"), "null");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::S3::Bucket", 0), "tags"), "{}");
    is_scope(&r, "AWS::S3::Bucket", NULL, "us-east-1", "complete", 2, told ? 1 : 3, NULL);
    is_scope(&r, "AWS::S3::Bucket", "Versioning", "us-east-1", "partial", 1, 2, "AccessDenied");
    is_scope(&r, "AWS::S3::Bucket", "Tagging", "us-east-1", "complete", 2, 2, NULL);
    is_json(&r, mw_val_path(r.snapshot, mw_doc_root(r.snapshot), "now"), "\"2026-01-02T03:00:45Z\"");
    assert_int_equal(script_count(&r.s, "max-buckets=1000"), told ? 1 : 0);
    assert_int_equal(script_count(&r.s, "?location"), told ? 0 : 2);
    mw_buf_clear(&zeta);
    end(&r);
}

static void bucket_location(void **state)
{
    script_rule rules[] = {
        {.needles = {"GET s3.us-east-1.amazonaws.com/?"},
         .status = 200,
         .body = BUCKETS(BUCKET("log-a", "") BUCKET("log-b", "") BUCKET("log-c", "") BUCKET("log-d", ""))},
        {.needles = {"amazonaws.com/log-a/?location"}, .status = 200, .body = "<LocationConstraint/>"},
        {.needles = {"amazonaws.com/log-b/?location"},
         .status = 200,
         .body = "<LocationConstraint>EU</LocationConstraint>"},
        {.needles = {"amazonaws.com/log-c/?location"},
         .status = 200,
         .body = "<LocationConstraint>ap-south-1</LocationConstraint>"},
        {.needles = {"amazonaws.com/log-d/?location"}, .status = 403, .body = DENIED_S3},
        {.needles = {"?versioning"}, .status = 200, .body = "<VersioningConfiguration/>"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::S3::Bucket", "Versioning");
    assert_int_equal(collect(&r, 2), MW_OK);
    assert_int_equal(resource_count(&r, "AWS::S3::Bucket"), 4);
    /* Sorted by region first. */
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::S3::Bucket", 0), "region"), "\"ap-south-1\"");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::S3::Bucket", 1), "region"), "\"eu-west-1\"");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::S3::Bucket", 2), "region"), "\"unknown\"");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::S3::Bucket", 3), "region"), "\"us-east-1\"");
    /* Where it is could not be found, so what it holds is unknown, and nobody guesses a region. */
    is_unknown(&r, facet(&r, "AWS::S3::Bucket", 2, "Versioning"), "s3:GetBucketLocation", "AccessDenied");
    is_json(&r, facet(&r, "AWS::S3::Bucket", 0, "Versioning"), "{}");
    assert_int_equal(script_count(&r.s, "log-c.s3.ap-south-1.amazonaws.com/?versioning"), 1);
    assert_int_equal(script_count(&r.s, "GET log-d.s3.us-east-1.amazonaws.com/?versioning"), 0);
    /* Tags were not asked for: unknown, not none. */
    is_unknown(&r, mw_val_get(r.snapshot, resource(&r, "AWS::S3::Bucket", 0), "tags"), "", "NotCollected");
    end(&r);
}

/* ---- lists: denied, failing on a later page, failing at once, unsupported ---- */

static void list_failures(void **state)
{
    script_rule rules[] = {
        {.needles = {"ec2.eu-west-1", "DescribeVpcs"}, .status = 403, .body = DENIED_EC2},
        {.needles = {"ec2.us-east-1", "DescribeVpcs"},
         .status = 200,
         .body = "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>"},
        {.needles = {"ec2.us-east-1", "DescribeVolumes", "NextToken=t2"},
         .status = 400,
         .body = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow</Message></Error>"
                 "</Errors></Response>"},
        {.needles = {"ec2.us-east-1", "DescribeVolumes"},
         .status = 200,
         .body = "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId></item></volumeSet>"
                 "<nextToken>t2</nextToken></DescribeVolumesResponse>"},
        {.needles = {"ec2.eu-west-1", "DescribeVolumes"}, .status = 0},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules),
          "T::Future:\n  scope: regional\n  id: Id\n  list: {operation: ec2:DescribeTeapots, items: Teapots}\n");
    need(&r, "AWS::EC2::VPC", NULL);
    need(&r, "AWS::EC2::Volume", NULL);
    need(&r, "T::Future", NULL);
    assert_int_equal(collect(&r, 2), MW_OK);
    is_scope(&r, "AWS::EC2::VPC", NULL, "eu-west-1", "denied", 0, 1, "UnauthorizedOperation");
    is_scope(&r, "AWS::EC2::VPC", NULL, "us-east-1", "complete", 0, 1, NULL);
    is_scope(&r, "AWS::EC2::Volume", NULL, "us-east-1", "partial", 1, 2, "RequestLimitExceeded");
    is_scope(&r, "AWS::EC2::Volume", NULL, "eu-west-1", "failed", 0, 1, "ConnectionFailed");
    is_scope(&r, "T::Future", NULL, "us-east-1", "unsupported", 0, 0, "UnsupportedByModels");
    assert_int_equal(resource_count(&r, "AWS::EC2::Volume"), 1);
    end(&r);
}

/* ---- one paged call feeds four types and two facets ---- */

#define GAAD(body, more)                                                                                               \
    "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>" body more                         \
    "</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
#define USER(name, tags, groups)                                                                                       \
    "<member><UserName>" name "</UserName><Arn>arn:aws:iam::" ACCOUNT ":user/" name "</Arn>"                           \
    "<CreateDate>2024-01-01T00:00:00Z</CreateDate><GroupList>" groups "</GroupList><Tags>" tags "</Tags></member>"
#define MEMBER(x) "<member>" x "</member>"

static void authorization_details(void **state)
{
    script_rule rules[] = {
        {.needles = {"GetAccountAuthorizationDetails", "Marker=m2"},
         .status = 200,
         .body = GAAD("<UserDetailList>" USER(
                          "bob", "", MEMBER("devs")) "</UserDetailList>"
                                                     "<RoleDetailList>" MEMBER(
                                                         "<RoleName>r1</RoleName><Arn>arn:aws:iam::" ACCOUNT
                                                         ":role/r1</Arn>"
                                                         "<AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%"
                                                         "22%7D</AssumeRolePolicyDocument>") "</RoleDetailList>",
                      "<IsTruncated>false</IsTruncated>")},
        {.needles = {"GetAccountAuthorizationDetails"},
         .status = 200,
         .body = GAAD("<UserDetailList>" USER(
                          "ann", MEMBER("<Key>Team</Key><Value>x</Value>"),
                          MEMBER("devs") MEMBER(
                              "ops")) "</UserDetailList>"
                                      "<GroupDetailList>" MEMBER("<GroupName>devs</GroupName>")
                                          MEMBER("<GroupName>none</GroupName>") "</GroupDetailList><Policies>" MEMBER(
                                              "<PolicyName>p</PolicyName><Arn>arn:aws:iam::" ACCOUNT
                                              ":policy/p</Arn>") "</Policies>",
                      "<IsTruncated>true</IsTruncated><Marker>m2</Marker>")},
        {.needles = {"ListAccessKeys", "UserName=ann"},
         .status = 200,
         .body = "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata><member>"
                 "<UserName>ann</UserName><AccessKeyId>AKIA1</AccessKeyId></member></AccessKeyMetadata>"
                 "</ListAccessKeysResult></ListAccessKeysResponse>"},
        {.needles = {"ListAccessKeys", "UserName=bob"}, .status = 403, .body = DENIED_IAM},
        {.needles = {"GetAccessKeyLastUsed"},
         .status = 200,
         .body = "<GetAccessKeyLastUsedResponse><GetAccessKeyLastUsedResult><AccessKeyLastUsed>"
                 "<ServiceName>s3</ServiceName></AccessKeyLastUsed></GetAccessKeyLastUsedResult>"
                 "</GetAccessKeyLastUsedResponse>"},
        {.needles = {"sts.", "GetCallerIdentity"},
         .status = 200,
         .body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>" ACCOUNT "</Account>"
                 "</GetCallerIdentityResult></GetCallerIdentityResponse>"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::IAM::Role", NULL);
    need(&r, "AWS::IAM::ManagedPolicy", NULL);
    need(&r, "AWS::IAM::Group", "Users");
    need(&r, "AWS::::Account", "AuthorizationDetails");
    need(&r, "AWS::IAM::AccessKey", "LastUsed"); /* brings AWS::IAM::User */
    assert_int_equal(collect(&r, 2), MW_OK);
    assert_int_equal(script_count(&r.s, "GetAccountAuthorizationDetails"), 2); /* its two pages */
    assert_int_equal(resource_count(&r, "AWS::IAM::User"), 2);
    assert_int_equal(resource_count(&r, "AWS::IAM::Group"), 2);
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::IAM::User", 0), "tags"), "{\"Team\":\"x\"}");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::IAM::User", 1), "tags"), "{}");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::IAM::Group", 0), "tags"), "null");
    assert_int_equal(mw_val_len(r.snapshot, facet(&r, "AWS::IAM::Group", 0, "Users")), 2);
    is_json(&r, facet(&r, "AWS::IAM::Group", 1, "Users"), "[]");
    /* The whole answer, its pages added up. */
    assert_int_equal(
        mw_val_len(r.snapshot,
                   mw_val_get(r.snapshot, facet(&r, "AWS::::Account", 0, "AuthorizationDetails"), "UserDetailList")),
        2);
    /* One parent's list was denied: what is there is kept, the scope says that it is not all. */
    assert_int_equal(resource_count(&r, "AWS::IAM::AccessKey"), 1);
    is_scope(&r, "AWS::IAM::AccessKey", NULL, "us-east-1", "partial", 1, 2, "AccessDenied");
    is_json(&r, facet(&r, "AWS::IAM::AccessKey", 0, "LastUsed"), "{\"ServiceName\":\"s3\"}");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::IAM::AccessKey", 0), "arn"),
            "\"arn:aws:iam::" ACCOUNT ":access-key/AKIA1\"");
    is_json(&r, facet(&r, "AWS::IAM::Role", 0, "AssumeRolePolicyDocument"), "{\"Version\":\"2012-10-17\"}");
    end(&r);
}

static void denied_parent(void **state)
{
    script_rule rules[] = {
        {.needles = {"GetAccountAuthorizationDetails"}, .status = 403, .body = DENIED_IAM},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::IAM::AccessKey", "LastUsed");
    assert_int_equal(collect(&r, 1), MW_OK);
    is_scope(&r, "AWS::IAM::User", NULL, "us-east-1", "denied", 0, 1, "AccessDenied");
    is_scope(&r, "AWS::IAM::AccessKey", NULL, "us-east-1", "denied", 0, 0, "AccessDenied");
    is_scope(&r, "AWS::IAM::AccessKey", "LastUsed", "us-east-1", "denied", 0, 0, "AccessDenied");
    end(&r);
}

/* ---- a report that must be generated, in CSV, joined ---- */

/* "user,arn,note\n<root_account>,arn:…:root,\nann,arn:…:user/ann,\"a,\n\"\"b\"\"\"\n" */
#define REPORT                                                                                                         \
    "dXNlcixhcm4sbm90ZQo8cm9vdF9hY2NvdW50Pixhcm46YXdzOmlhbTo6MTExMTIyMjIzMzMzOnJvb3QsCmFubixhcm46YXdz"                 \
    "OmlhbTo6MTExMTIyMjIzMzMzOnVzZXIvYW5uLCJhLAoiImIiIiIK"
#define GENERATE(state)                                                                                                \
    "<GenerateCredentialReportResponse><GenerateCredentialReportResult><State>" state                                  \
    "</State></GenerateCredentialReportResult></GenerateCredentialReportResponse>"
#define USERS GAAD("<UserDetailList>" USER("ann", "", "") USER("bob", "", "") "</UserDetailList>", "")

static void credential_report(void **state)
{
    script_rule rules[] = {
        {.needles = {"GetAccountAuthorizationDetails"}, .status = 200, .body = USERS},
        {.needles = {"GenerateCredentialReport"}, .status = 200, .body = GENERATE("STARTED"), .times = 1},
        {.needles = {"GenerateCredentialReport"}, .status = 200, .body = GENERATE("INPROGRESS"), .times = 1},
        {.needles = {"GenerateCredentialReport"}, .status = 200, .body = GENERATE("COMPLETE")},
        {.needles = {"GetCredentialReport"},
         .status = 200,
         .body = "<GetCredentialReportResponse><GetCredentialReportResult><Content>" REPORT
                 "</Content><ReportFormat>text/csv</ReportFormat></GetCredentialReportResult>"
                 "</GetCredentialReportResponse>"},
        {.needles = {"GetCallerIdentity"},
         .status = 200,
         .body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>" ACCOUNT "</Account>"
                 "</GetCallerIdentityResult></GetCallerIdentityResponse>"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::IAM::User", "CredentialReport");
    need(&r, "AWS::::Account", "CredentialReport");
    assert_int_equal(collect(&r, 2), MW_OK);
    assert_int_equal(script_count(&r.s, "=GetCredentialReport"), 1);
    assert_int_equal(script_count(&r.s, "GenerateCredentialReport"), 3);
    assert_true(r.s.now_ms >= 3000);
    is_json(&r, facet(&r, "AWS::IAM::User", 0, "CredentialReport"),
            "{\"arn\":\"arn:aws:iam::111122223333:user/ann\",\"note\":\"a,\\n\\\"b\\\"\",\"user\":\"ann\"}");
    is_json(&r, facet(&r, "AWS::IAM::User", 1, "CredentialReport"), "null");
    is_json(
        &r,
        mw_val_at(r.snapshot, mw_val_get(r.snapshot, facet(&r, "AWS::::Account", 0, "CredentialReport"), "Content"), 0),
        "{\"arn\":\"arn:aws:iam::111122223333:root\",\"note\":\"\",\"user\":\"<root_account>\"}");
    is_scope(&r, "AWS::IAM::User", "CredentialReport", "us-east-1", "complete", 2, 4, NULL);
    end(&r);
}

static void report_failures(void **state)
{
    /* The join's call is denied: unknown for every user, not "no row". */
    script_rule denied[] = {
        {.needles = {"GetAccountAuthorizationDetails"}, .status = 200, .body = USERS},
        {.needles = {"GenerateCredentialReport"}, .status = 200, .body = GENERATE("COMPLETE")},
        {.needles = {"GetCredentialReport"}, .status = 403, .body = DENIED_IAM},
    };
    script_rule never[] = {
        {.needles = {"GetAccountAuthorizationDetails"}, .status = 200, .body = USERS},
        {.needles = {"GenerateCredentialReport"}, .status = 200, .body = GENERATE("INPROGRESS")},
    };
    script_rule refused[] = {
        {.needles = {"GetAccountAuthorizationDetails"}, .status = 200, .body = USERS},
        {.needles = {"GenerateCredentialReport"}, .status = 403, .body = DENIED_IAM},
    };
    /* "user\n\"never ends": half a table is no table. */
    script_rule malformed[] = {
        {.needles = {"GetAccountAuthorizationDetails"}, .status = 200, .body = USERS},
        {.needles = {"GenerateCredentialReport"}, .status = 200, .body = GENERATE("COMPLETE")},
        {.needles = {"GetCredentialReport"},
         .status = 200,
         .body = "<GetCredentialReportResponse><GetCredentialReportResult><Content>dXNlcgoibmV2ZXIgZW5kcw==</Content>"
                 "</GetCredentialReportResult></GetCredentialReportResponse>"},
    };
    static const struct {
        const char *operation, *code, *state;
    } expected[] = {{"iam:GetCredentialReport", "AccessDenied", "denied"},
                    {"iam:GenerateCredentialReport", "NotReady", "failed"},
                    {"iam:GenerateCredentialReport", "AccessDenied", "denied"},
                    {"iam:GetCredentialReport", "MalformedAnswer", "failed"}};
    script_rule *const sets[] = {denied, never, refused, malformed};
    const size_t counts[] = {MW_COUNT(denied), MW_COUNT(never), MW_COUNT(refused), MW_COUNT(malformed)};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(sets); i++) {
        struct run r;
        begin(&r, sets[i], counts[i], NULL);
        need(&r, "AWS::IAM::User", "CredentialReport");
        assert_int_equal(collect(&r, 1), MW_OK);
        for (size_t u = 0; u < 2; u++)
            is_unknown(&r, facet(&r, "AWS::IAM::User", u, "CredentialReport"), expected[i].operation, expected[i].code);
        assert_string_equal(
            mw_val_get_str(r.snapshot, scope_of(&r, "AWS::IAM::User", "CredentialReport", "us-east-1"), "state", ""),
            expected[i].state);
        end(&r);
    }
}

static void service_last_accessed(void **state)
{
    script_rule rules[] = {
        {.needles = {"GetAccountAuthorizationDetails"},
         .status = 200,
         .body = GAAD("<RoleDetailList>" MEMBER("<RoleName>a</RoleName><Arn>arn:a</Arn>")
                          MEMBER("<RoleName>b</RoleName><Arn>arn:b</Arn>") "</RoleDetailList>",
                      "")},
        {.needles = {"GenerateServiceLastAccessedDetails", "Arn=arn%3Aa"},
         .status = 200,
         .body = "<R><GenerateServiceLastAccessedDetailsResult><JobId>job-a</JobId>"
                 "</GenerateServiceLastAccessedDetailsResult></R>"},
        {.needles = {"GenerateServiceLastAccessedDetails", "Arn=arn%3Ab"},
         .status = 200,
         .body = "<R><GenerateServiceLastAccessedDetailsResult><JobId>job-b</JobId>"
                 "</GenerateServiceLastAccessedDetailsResult></R>"},
        {.needles = {"GetServiceLastAccessedDetails", "JobId=job-a"},
         .status = 200,
         .times = 1,
         .body = "<R><GetServiceLastAccessedDetailsResult><JobStatus>IN_PROGRESS</JobStatus>"
                 "</GetServiceLastAccessedDetailsResult></R>"},
        {.needles = {"GetServiceLastAccessedDetails", "JobId=job-a"},
         .status = 200,
         .body = "<R><GetServiceLastAccessedDetailsResult><JobStatus>COMPLETED</JobStatus><ServicesLastAccessed>"
                 "<member><ServiceNamespace>s3</ServiceNamespace></member></ServicesLastAccessed>"
                 "</GetServiceLastAccessedDetailsResult></R>"},
        {.needles = {"GetServiceLastAccessedDetails", "JobId=job-b"},
         .status = 200,
         .body = "<R><GetServiceLastAccessedDetailsResult><JobStatus>FAILED</JobStatus>"
                 "</GetServiceLastAccessedDetailsResult></R>"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::IAM::Role", "ServiceLastAccessed");
    assert_int_equal(collect(&r, 1), MW_OK);
    is_json(&r, facet(&r, "AWS::IAM::Role", 0, "ServiceLastAccessed"), "[{\"ServiceNamespace\":\"s3\"}]");
    is_unknown(&r, facet(&r, "AWS::IAM::Role", 1, "ServiceLastAccessed"), "iam:GetServiceLastAccessedDetails",
               "JobFailed");
    end(&r);
}

/* ---- describe one by one, keys of KMS ---- */

static void keys(void **state)
{
    script_rule rules[] = {
        {.needles = {"ListKeys"},
         .status = 200,
         .body = "{\"Keys\":[{\"KeyId\":\"k1\",\"KeyArn\":\"arn:k1\"},{\"KeyId\":\"k2\",\"KeyArn\":\"arn:k2\"},"
                 "{\"KeyId\":\"k3\",\"KeyArn\":\"arn:k3\"},{\"KeyId\":\"k4\",\"KeyArn\":\"arn:k4\"}]}"},
        {.needles = {"DescribeKey", "arn:k1"},
         .status = 200,
         .body = "{\"KeyMetadata\":{\"KeyId\":\"k1\",\"Arn\":\"arn:k1\",\"KeySpec\":\"SYMMETRIC_DEFAULT\"}}"},
        {.needles = {"DescribeKey", "arn:k2"}, .status = 400, .body = DENIED_JSON},
        {.needles = {"DescribeKey", "arn:k3"},
         .status = 400,
         .body = "{\"__type\":\"NotFoundException\",\"message\":\"gone\"}"},
        {.needles = {"DescribeKey", "arn:k4"},
         .status = 200,
         .body = "{\"KeyMetadata\":{\"KeyId\":\"k4\",\"Arn\":\"arn:k4\",\"KeySpec\":\"RSA_2048\"}}"},
        {.needles = {"GetKeyRotationStatus"}, .status = 400, .body = DENIED_JSON},
        {.needles = {"tagging", "GetResources"},
         .status = 200,
         .body =
             "{\"ResourceTagMappingList\":[{\"ResourceARN\":\"arn:k1\",\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}]}]}"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::KMS::Key", "RotationStatus");
    need(&r, "AWS::KMS::Key", "Tags");
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(resource_count(&r, "AWS::KMS::Key"), 3); /* k3 went away in between */
    is_scope(&r, "AWS::KMS::Key", NULL, "us-east-1", "complete", 3, 5, NULL);
    /* k1: denied is unknown although a key may have no rotation. */
    is_unknown(&r, facet(&r, "AWS::KMS::Key", 0, "RotationStatus"), "kms:GetKeyRotationStatus",
               "AccessDeniedException");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::KMS::Key", 0), "tags"), "{\"a\":\"b\"}");
    /* k2: whether it could rotate is not known either, so the facet is not absent. */
    is_unknown(&r, mw_val_get(r.snapshot, resource(&r, "AWS::KMS::Key", 1), "rest"), "kms:DescribeKey",
               "AccessDeniedException");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::KMS::Key", 1), "arn"), "\"arn:k2\"");
    is_unknown(&r, mw_val_get(r.snapshot, resource(&r, "AWS::KMS::Key", 1), "created"), "kms:DescribeKey",
               "AccessDeniedException");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::KMS::Key", 1), "tags"), "{}");
    /* k4 is asymmetric: nothing to ask. */
    is_json(&r, facet(&r, "AWS::KMS::Key", 2, "RotationStatus"), "null");
    assert_int_equal(script_count(&r.s, "GetKeyRotationStatus"), 2);
    assert_int_equal(script_count(&r.s, "GetResources"), 1);
    end(&r);
}

/* ---- batches, a join of many, values with hostile names ---- */

#define INSTANCE(id, image) "<item><instanceId>" id "</instanceId><imageId>" image "</imageId></item>"

static void batches(void **state)
{
    script_rule rules[] = {
        {.needles = {"DescribeInstances"},
         .status = 200,
         .body = "<R><reservationSet><item><instancesSet>" INSTANCE("i-1", "ami-1") INSTANCE("i-2", "ami-gone")
             INSTANCE("i-3", "ami-1") "</instancesSet></item><item><instancesSet>" INSTANCE(
                 "i-4",
                 "ami-2") "<item><instanceId>i-5</instanceId></item></instancesSet></item></reservationSet></R>"},
        {.needles = {"DescribeImages", "ami-gone"},
         .status = 400,
         .body = "<Response><Errors><Error><Code>InvalidAMIID.NotFound</Code><Message>x</Message></Error></Errors>"
                 "</Response>"},
        {.needles = {"DescribeImages", "ami-1", "ami-2"},
         .status = 200,
         .body = "<R><imagesSet><item><imageId>ami-1</imageId></item><item><imageId>ami-2</imageId></item></"
                 "imagesSet></R>"},
        {.needles = {"DescribeImages", "ami-1"},
         .status = 200,
         .body = "<R><imagesSet><item><imageId>ami-1</imageId></item></imagesSet></R>"},
        {.needles = {"ssm", "DescribeInstancePatchStates"}, .status = 400, .body = DENIED_JSON},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::EC2::Instance", "Image");
    need(&r, "AWS::EC2::Instance", "PatchState");
    assert_int_equal(collect(&r, 1), MW_OK);
    is_json(&r, facet(&r, "AWS::EC2::Instance", 0, "Image"), "{\"ImageId\":\"ami-1\"}");
    is_json(&r, facet(&r, "AWS::EC2::Instance", 1, "Image"), "null"); /* it alone */
    is_json(&r, facet(&r, "AWS::EC2::Instance", 2, "Image"), "{\"ImageId\":\"ami-1\"}");
    is_json(&r, facet(&r, "AWS::EC2::Instance", 3, "Image"), "{\"ImageId\":\"ami-2\"}");
    is_json(&r, facet(&r, "AWS::EC2::Instance", 4, "Image"), "null");
    assert_int_equal(script_count(&r.s, "DescribeInstancePatchStates"), 1);
    for (size_t i = 0; i < 5; i++)
        is_unknown(&r, facet(&r, "AWS::EC2::Instance", i, "PatchState"), "ssm:DescribeInstancePatchStates",
                   "AccessDeniedException");
    is_scope(&r, "AWS::EC2::Instance", "PatchState", "us-east-1", "denied", 0, 1, "AccessDeniedException");
    end(&r);
}

static void joins(void **state)
{
    script_rule rules[] = {
        {.needles = {"Action=DescribeSecurityGroups&"},
         .status = 200,
         .body = "<R><securityGroupInfo><item><groupId>sg-1</groupId></item><item><groupId>sg-2</groupId>"
                 "</item></securityGroupInfo></R>"},
        {.needles = {"DescribeSecurityGroupRules"},
         .status = 200,
         .body = "<R><securityGroupRuleSet><item><securityGroupRuleId>a</securityGroupRuleId><groupId>sg-1</groupId>"
                 "</item><item><securityGroupRuleId>b</securityGroupRuleId><groupId>sg-1</groupId></item>"
                 "</securityGroupRuleSet></R>"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::EC2::SecurityGroup", "Rules");
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(mw_val_len(r.snapshot, facet(&r, "AWS::EC2::SecurityGroup", 0, "Rules")), 2);
    is_json(&r, facet(&r, "AWS::EC2::SecurityGroup", 1, "Rules"), "[]");
    end(&r);
}

/* The path of ListFunctions ends in a slash by older models. */
#define FUNCTIONS(list)                                                                                                \
    {.needles = {"/2015-03-31/functions?"}, .status = 200, .body = "{\"Functions\":[" list "]}"},                      \
    {                                                                                                                  \
        .needles = {"/2015-03-31/functions/?"}, .status = 200, .body = "{\"Functions\":[" list "]}"                    \
    }

static void hostile_names(void **state)
{
    script_rule rules[] = {
        {.needles = {"ListFunctions", "2015-03-31/functions"}, .status = 0}, /* never so */
        FUNCTIONS("{\"FunctionName\":\"{account}\",\"FunctionArn\":\"arn:1\"},"
                  "{\"FunctionName\":\"a\\\"b\\u2713/../x?y\",\"FunctionArn\":\"arn:2\"},"
                  "{\"FunctionName\":\"x<y>&{FunctionArn}\\n\",\"FunctionArn\":\"arn:3\"}"),
        {.needles = {"%7Baccount%7D", "/policy"},
         .status = 200,
         .body = "{\"Policy\":\"{\\\"Version\\\":\\\"1\\\"}\"}"},
        {.needles = {"a%22b%E2%9C%93%2F..%2Fx%3Fy", "/policy"},
         .status = 404,
         .body = "{\"Message\":\"none\",\"__type\":\"ResourceNotFoundException\"}"},
        {.needles = {"x%3Cy%3E%26%7BFunctionArn%7D%0A", "/policy"},
         .status = 200,
         .body = "{\"Policy\":\"{\\\"a\\\":[1\"}"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::Lambda::Function", "Policy");
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(resource_count(&r, "AWS::Lambda::Function"), 3);
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::Lambda::Function", 2), "id"), "\"{account}\"");
    is_json(&r, facet(&r, "AWS::Lambda::Function", 0, "Policy"), "null");
    /* A policy is JSON in a text; one that is not costs that resource's facet, nothing else. */
    is_unknown(&r, facet(&r, "AWS::Lambda::Function", 1, "Policy"), "lambda:GetPolicy", "MalformedAnswer");
    is_json(&r, facet(&r, "AWS::Lambda::Function", 2, "Policy"), "{\"Version\":\"1\"}");
    assert_int_equal(script_count(&r.s, "functions/%7Baccount%7D/policy"), 1);
    assert_int_equal(script_count(&r.s, "functions/" ACCOUNT "/policy"), 0);
    end(&r);
}

/* ---- needs_facet, each, regions, shadows, absent by message ---- */

static void facet_after_facet(void **state)
{
    script_rule rules[] = {
        FUNCTIONS("{\"FunctionName\":\"a\",\"FunctionArn\":\"arn:a\"},{\"FunctionName\":\"b\",\"FunctionArn\":"
                  "\"arn:b\"},{\"FunctionName\":\"c\",\"FunctionArn\":\"arn:c\"}"),
        {.needles = {"functions/a/code-signing-config"},
         .status = 200,
         .body = "{\"CodeSigningConfigArn\":\"arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-1\","
                 "\"FunctionName\":\"a\"}"},
        {.needles = {"functions/b/code-signing-config"}, .status = 200, .body = "{\"FunctionName\":\"b\"}"},
        {.needles = {"functions/c/code-signing-config"}, .status = 403, .body = DENIED_JSON},
        {.needles = {"/code-signing-configs/"},
         .status = 200,
         .body = "{\"CodeSigningConfig\":{\"CodeSigningConfigId\":\"csc-1\"}}"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::Lambda::Function", "CodeSigningConfig");
    assert_int_equal(collect(&r, 1), MW_OK);
    is_json(&r, facet(&r, "AWS::Lambda::Function", 0, "CodeSigningConfig"), "{\"CodeSigningConfigId\":\"csc-1\"}");
    is_json(&r, facet(&r, "AWS::Lambda::Function", 1, "CodeSigningConfig"), "null");
    is_unknown(&r, facet(&r, "AWS::Lambda::Function", 2, "CodeSigningConfig"), "lambda:GetFunctionCodeSigningConfig",
               "AccessDeniedException");
    end(&r);
}

static void region_settings(void **state)
{
    script_rule rules[] = {
        {.needles = {"DescribeRegions"},
         .status = 200,
         .body =
             "<R><regionInfo><item><regionName>us-east-1</regionName></item><item><regionName>eu-west-1</regionName>"
             "</item><item><regionName>ap-south-1</regionName></item></regionInfo></R>"},
        {.needles = {"ec2.us-east-1", "GetEbsEncryptionByDefault"},
         .status = 200,
         .body = "<R><ebsEncryptionByDefault>true</ebsEncryptionByDefault></R>"},
        {.needles = {"ec2.eu-west-1", "GetEbsEncryptionByDefault"},
         .status = 200,
         .body = "<R><ebsEncryptionByDefault>false</ebsEncryptionByDefault></R>"},
        {.needles = {"macie2.us-east-1"},
         .status = 403,
         .body = "{\"__type\":\"AccessDeniedException\",\"message\":\"Macie is not enabled.\"}"},
        {.needles = {"macie2.eu-west-1"}, .status = 403, .body = DENIED_JSON},
        {.needles = {"servicequotas.us-east-1", "\"lambda\""}, .status = 400, .body = DENIED_JSON},
        {.needles = {"servicequotas"}, .status = 200, .body = "{\"Quotas\":[{\"QuotaCode\":\"q\"}]}"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::::Region", "EbsEncryptionByDefault");
    need(&r, "AWS::::Region", "MacieSession");
    need(&r, "AWS::::Region", "ServiceQuotas");
    assert_int_equal(collect(&r, 2), MW_OK);
    assert_int_equal(script_count(&r.s, "DescribeRegions"), 1);
    assert_int_equal(resource_count(&r, "AWS::::Region"), 2); /* those of the sweep */
    is_json(&r, facet(&r, "AWS::::Region", 0, "EbsEncryptionByDefault"), "false");
    is_json(&r, facet(&r, "AWS::::Region", 1, "EbsEncryptionByDefault"), "true");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::::Region", 0), "region"), "\"eu-west-1\"");
    is_unknown(&r, facet(&r, "AWS::::Region", 0, "MacieSession"), "macie2:GetMacieSession", "AccessDeniedException");
    is_json(&r, facet(&r, "AWS::::Region", 1, "MacieSession"), "null");
    assert_int_equal(mw_val_len(r.snapshot, facet(&r, "AWS::::Region", 0, "ServiceQuotas")), 9);
    is_unknown(&r, facet(&r, "AWS::::Region", 1, "ServiceQuotas"), "service-quotas:ListServiceQuotas",
               "AccessDeniedException");
    end(&r);
}

static void shadow_trails(void **state)
{
    script_rule rules[] = {
        {.needles = {"DescribeTrails"},
         .status = 200,
         .body = "{\"trailList\":[{\"Name\":\"t\",\"TrailARN\":\"arn:aws:cloudtrail:eu-west-1:1:trail/t\","
                 "\"HomeRegion\":\"eu-west-1\",\"IsMultiRegionTrail\":true}]}"},
        {.needles = {"cloudtrail.eu-west-1", "GetTrailStatus"}, .status = 200, .body = "{\"IsLogging\":true}"},
        {.needles = {"s3", "HEAD"}, .status = 403},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::CloudTrail::Trail", "Status");
    need(&r, "AWS::CloudTrail::Trail", "LogBucketOwnership"); /* {param.…} is not set: not called */
    assert_int_equal(collect(&r, 2), MW_OK);
    assert_int_equal(resource_count(&r, "AWS::CloudTrail::Trail"), 1);
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "AWS::CloudTrail::Trail", 0), "region"), "\"eu-west-1\"");
    is_json(&r, facet(&r, "AWS::CloudTrail::Trail", 0, "Status"), "{\"IsLogging\":true}");
    is_json(&r, facet(&r, "AWS::CloudTrail::Trail", 0, "LogBucketOwnership"), "null");
    assert_int_equal(script_count(&r.s, "GetTrailStatus"), 1);
    is_scope(&r, "AWS::CloudTrail::Trail", NULL, "us-east-1", "complete", 1, 1, NULL);
    end(&r);
}

/* ---- describe in batches per parent ---- */

static const char cluster_types[] =
    "T::Cluster:\n  scope: regional\n  list: {operation: ecs:ListClusters, items: 'clusterArns[].{clusterArn: @}'}\n"
    "  id: clusterArn\n  arn: clusterArn\n"
    "T::Service:\n  scope: regional\n"
    "  list:\n    operation: ecs:ListServices\n    items: 'serviceArns[].{serviceArn: @}'\n"
    "    per: {parent: T::Cluster, params: {cluster: clusterArn}}\n"
    "    batch_describe:\n      operation: ecs:DescribeServices\n      params: {cluster: '{parent.clusterArn}', "
    "include: [TAGS]}\n"
    "      param: services\n      key: serviceArn\n      size: 2\n      items: services\n"
    "  id: serviceArn\n  arn: serviceArn\n  tags: {from: tags, shape: list-key-value-lowercase}\n";

static void described_in_batches(void **state)
{
    script_rule rules[] = {
        {.needles = {"ListClusters"}, .status = 200, .body = "{\"clusterArns\":[\"c1\",\"c2\"]}"},
        {.needles = {"ListServices", "c1"}, .status = 200, .body = "{\"serviceArns\":[\"s1\",\"s2\",\"s3\"]}"},
        {.needles = {"ListServices", "c2"}, .status = 200, .body = "{\"serviceArns\":[\"s4\"]}"},
        {.needles = {"DescribeServices", "s4"}, .status = 400, .body = DENIED_JSON},
        {.needles = {"DescribeServices", "s3"},
         .status = 200,
         .body = "{\"services\":[],\"failures\":[{\"arn\":\"s3\"}]}"},
        {.needles = {"DescribeServices", "\"c1\"", "s1", "s2"},
         .status = 200,
         .body = "{\"services\":[{\"serviceArn\":\"s2\",\"status\":\"ACTIVE\"},{\"serviceArn\":\"s1\",\"tags\":"
                 "[{\"key\":\"a\",\"value\":\"b\"}]}]}"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), cluster_types);
    need(&r, "T::Service", NULL);
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(script_count(&r.s, "DescribeServices"), 3);
    assert_int_equal(resource_count(&r, "T::Service"), 4);
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "T::Service", 0), "tags"), "{\"a\":\"b\"}");
    is_json(&r, mw_val_get(r.snapshot, resource(&r, "T::Service", 1), "doc"),
            "{\"serviceArn\":\"s2\",\"status\":\"ACTIVE\"}");
    is_unknown(&r, mw_val_get(r.snapshot, resource(&r, "T::Service", 2), "rest"), "ecs:DescribeServices",
               "NotReturned");
    is_unknown(&r, mw_val_get(r.snapshot, resource(&r, "T::Service", 3), "rest"), "ecs:DescribeServices",
               "AccessDeniedException");
    is_unknown(&r, mw_val_get(r.snapshot, resource(&r, "T::Service", 3), "tags"), "ecs:DescribeServices",
               "AccessDeniedException");
    is_scope(&r, "T::Service", NULL, "us-east-1", "complete", 4, 5, NULL);
    end(&r);
}

static void page_limits(void **state)
{
    static const char types[] =
        "T::B:\n  scope: global\n  list: {operation: s3:ListBuckets, items: Buckets}\n  id: Name\n  facets:\n"
        "    One: {operation: cloudtrail:LookupEvents, params: {MaxResults: 1}, result: Events, pages: 1}\n"
        "    Few: {operation: s3:ListObjectsV2, params: {Bucket: '{Name}'}, result: Contents, max_pages: 2}\n";
    script_rule rules[] = {
        {.needles = {"GET s3.us-east-1.amazonaws.com/?"},
         .status = 200,
         .body = BUCKETS(BUCKET("log-a", "") BUCKET("log-b", ""))},
        {.needles = {"LookupEvents"}, .status = 200, .body = "{\"Events\":[{\"EventId\":\"e\"}],\"NextToken\":\"t\"}"},
        {.needles = {"GET log-a.s3", "continuation-token=t2"},
         .status = 200,
         .body = "<R><Contents><Key>k2</Key></Contents></R>"},
        {.needles = {"GET log-a.s3", "list-type=2"},
         .status = 200,
         .body = "<R><IsTruncated>true</IsTruncated><NextContinuationToken>t2</"
                 "NextContinuationToken><Contents><Key>k1</Key>"
                 "</Contents></R>"},
        {.needles = {"GET log-b.s3", "continuation-token=t3"}, .status = 200, .body = "<R/>"},
        {.needles = {"GET log-b.s3", "continuation-token=t2"},
         .status = 200,
         .body = "<R><IsTruncated>true</IsTruncated><NextContinuationToken>t3</NextContinuationToken></R>"},
        {.needles = {"GET log-b.s3", "list-type=2"},
         .status = 200,
         .body = "<R><IsTruncated>true</IsTruncated><NextContinuationToken>t2</NextContinuationToken></R>"},
    };
    struct run r;

    (void)state;
    begin(&r, rules, MW_COUNT(rules), types);
    need(&r, "T::B", "One");
    need(&r, "T::B", "Few");
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(script_count(&r.s, "LookupEvents"), 1);
    is_json(&r, facet(&r, "T::B", 0, "One"), "[{\"EventId\":\"e\"}]");
    is_json(&r, facet(&r, "T::B", 0, "Few"), "[{\"Key\":\"k1\"},{\"Key\":\"k2\"}]");
    is_unknown(&r, facet(&r, "T::B", 1, "Few"), "s3:ListObjectsV2", "TooManyPages");
    end(&r);
}

/* ---- many, stopping, refused memory ---- */

static void many(void **state)
{
    mw_buf list = {.max = (size_t)16 << 20};
    script_rule rules[] = {
        {.needles = {"GET s3.us-east-1.amazonaws.com/?"}, .status = 200},
        {.needles = {"?versioning"}, .status = 200, .body = "<V><Status>Enabled</Status></V>"},
        {.needles = {"?acl"}, .status = 200, .body = "<A><Owner><ID>o</ID></Owner></A>"},
        {.needles = {"?location"}, .status = 200, .body = "<LocationConstraint/>"},
    };
    struct run r;

    (void)state;
    mw_buf_puts(&list, "<ListAllMyBucketsResult><Buckets>");
    for (int i = 0; i < 3000; i++)
        mw_buf_printf(&list, "<Bucket><Name>bucket-%05d</Name><BucketRegion>us-east-1</BucketRegion></Bucket>", i);
    mw_buf_puts(&list, "</Buckets></ListAllMyBucketsResult>");
    rules[0].body = list.data;
    begin(&r, rules, MW_COUNT(rules), NULL);
    need(&r, "AWS::S3::Bucket", "Versioning");
    need(&r, "AWS::S3::Bucket", "Acl");
    assert_int_equal(collect(&r, 1), MW_OK);
    assert_int_equal(resource_count(&r, "AWS::S3::Bucket"), 3000);
    assert_int_equal(r.s.requests, buckets_say_where() ? 6001 : 9001);
    assert_true(r.s.most_pending <= 300); /* the rest waits as jobs, not as prepared requests */
    is_json(&r, facet(&r, "AWS::S3::Bucket", 2999, "Versioning"), "{\"Status\":\"Enabled\"}");
    assert_true(mw_doc_size(r.snapshot) < (size_t)2 << 20);
    end(&r);
    mw_buf_clear(&list);
}

static void stopped(void **state)
{
    script_rule rules[] = {
        {.needles = {"GET s3.us-east-1.amazonaws.com/?"},
         .status = 200,
         .body = BUCKETS(BUCKET("a", IN("us-east-1")) BUCKET("b", IN("us-east-1")) BUCKET("c", IN("us-east-1")))},
        {.needles = {"?versioning"}, .status = 200, .body = "<V/>"},
        {.needles = {"?location"}, .status = 200, .body = "<LocationConstraint/>"},
    };

    (void)state;
    for (size_t after = 1; after <= 3; after++) {
        struct run r;
        begin(&r, rules, MW_COUNT(rules), NULL);
        r.s.stop_after = after;
        need(&r, "AWS::S3::Bucket", "Versioning");
        if (collect(&r, 1) != MW_ERR_CANCELLED || r.fd != -1)
            fail_msg("not stopped after %zu requests", after);
        end(&r);
    }
}

/* Accounts come out one by one, each a snapshot of its own; one that cannot be asked has its scopes, with the cause. */
struct handed {
    mw_doc *snapshots[3];
    size_t order[3], count;
    mw_status refuse;
};

static mw_status take_account(void *user, size_t index, int fd, mw_error *err)
{
    struct handed *h = user;

    h->order[h->count++] = index;
    if (h->refuse == MW_OK)
        assert_int_equal(mw_doc_map(fd, &h->snapshots[index], err), MW_OK);
    close(fd);
    return h->refuse == MW_OK ? MW_OK : mw_fail(err, h->refuse, "no more");
}

static void several_accounts(void **state)
{
    script_rule rules[] = {
        {.needles = {"ListClusters"}, .status = 200, .body = "{\"clusterArns\":[\"c1\"]}"},
        {.needles = {"ListServices"}, .status = 200, .body = "{\"serviceArns\":[\"s1\"]}"},
        {.needles = {"DescribeServices"}, .status = 200, .body = "{\"services\":[{\"serviceArn\":\"s1\"}]}"},
    };
    const mw_status refusals[] = {MW_OK, MW_ERR_IO};

    (void)state;
    for (size_t n = 0; n < MW_COUNT(refusals); n++) {
        struct run r;
        struct handed h = {.refuse = refusals[n]};
        mw_collect_account accounts[3];
        mw_collect_options o = {
            .accounts = accounts, .account_count = 3, .now_unix = 1, .on_account = take_account, .user = &h};
        mw_status st;
        begin(&r, rules, MW_COUNT(rules), cluster_types);
        need(&r, "T::Service", NULL);
        for (size_t i = 0; i < 3; i++)
            accounts[i] = (mw_collect_account){.account = i == 0   ? "000000000001"
                                                          : i == 1 ? "000000000002"
                                                                   : "000000000003",
                                               .partition = "aws",
                                               .home_region = "us-east-1",
                                               .regions = regions + 1,
                                               .region_count = 1};
        accounts[1].failed_operation = "sts:AssumeRole";
        accounts[1].failed_code = "AccessDenied";
        accounts[1].failed_message = "no";
        st = mw_collect(r.client, r.plan, &o, NULL, &r.err);
        assert_int_equal(st, refusals[n]);
        assert_int_equal(h.count, n == 0 ? 3 : 1);
        for (size_t i = 0; n == 0 && i < 3; i++) {
            r.snapshot = h.snapshots[i];
            assert_int_equal(resource_count(&r, "T::Service"), i == 1 ? 0 : 1);
            mw_val scope = scope_of(&r, "T::Service", NULL, regions[1]);
            assert_string_equal(mw_val_get_str(r.snapshot, scope, "account", ""), accounts[i].account);
            assert_string_equal(mw_val_get_str(r.snapshot, scope, "state", ""), i == 1 ? "denied" : "complete");
            mw_doc_free(h.snapshots[i]);
        }
        r.snapshot = NULL;
        end(&r);
    }
}

static void refused_memory(void **state)
{
    script_rule rules[] = {
        {.needles = {"ListClusters"}, .status = 200, .body = "{\"clusterArns\":[\"c1\"]}"},
        {.needles = {"ListServices", "c1"}, .status = 200, .body = "{\"serviceArns\":[\"s1\",\"s2\",\"s3\"]}"},
        {.needles = {"DescribeServices"},
         .status = 200,
         .body = "{\"services\":[{\"serviceArn\":\"s1\"},{\"serviceArn\":\"s2\"},{\"serviceArn\":\"s3\"}]}"},
    };

    (void)state;
    for (long n = 1; n < 3000; n += 3) {
        struct run r;
        struct failing_alloc fail = {.fail_at = n};
        begin(&r, rules, MW_COUNT(rules), cluster_types);
        need(&r, "T::Service", NULL);
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &fail;
        mw_collect_account account = {.account = ACCOUNT,
                                      .partition = "aws",
                                      .home_region = "us-east-1",
                                      .regions = regions + 1,
                                      .region_count = 1};
        mw_collect_options o = {.accounts = &account, .account_count = 1, .now_unix = 1};
        mw_status st = mw_collect(r.client, r.plan, &o, &r.fd, &r.err);
        bool done = fail.count < n;
        mw_sys_reset();
        assert_true((st == MW_OK) == (r.fd >= 0));
        end(&r);
        if (done)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets),
        cmocka_unit_test(bucket_location),
        cmocka_unit_test(list_failures),
        cmocka_unit_test(authorization_details),
        cmocka_unit_test(denied_parent),
        cmocka_unit_test(credential_report),
        cmocka_unit_test(report_failures),
        cmocka_unit_test(service_last_accessed),
        cmocka_unit_test(keys),
        cmocka_unit_test(batches),
        cmocka_unit_test(joins),
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(facet_after_facet),
        cmocka_unit_test(region_settings),
        cmocka_unit_test(shadow_trails),
        cmocka_unit_test(described_in_batches),
        cmocka_unit_test(page_limits),
        cmocka_unit_test(many),
        cmocka_unit_test(stopped),
        cmocka_unit_test(refused_memory),
        cmocka_unit_test(several_accounts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
