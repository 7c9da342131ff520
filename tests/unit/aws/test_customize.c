/* The customisations of results: what users of AWS's own tools get. */
#include "protocol_bench.h"

static const struct row {
    const char *name, *service, *operation, *in, *expect;
} rows[] = {
    {"IAM policy document", "iam", "GetRolePolicy",
     "{'PolicyDocument':'%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D',"
     "'PolicyName':'p'}",
     "{'PolicyDocument':{'Statement':[],'Version':'2012-10-17'},'PolicyName':'p'}"},
    {"IAM trust policy", "iam", "ListRoles",
     "{'Roles':[{'RoleName':'a','AssumeRolePolicyDocument':'%7B%7D'},{'RoleName':'b'}]}",
     "{'Roles':[{'AssumeRolePolicyDocument':{},'RoleName':'a'},{'RoleName':'b'}]}"},
    {"IAM policy version", "iam", "GetPolicyVersion", "{'PolicyVersion':{'Document':'%7B%22a%22%3A%22b%2Bc%22%7D'}}",
     "{'PolicyVersion':{'Document':{'a':'b+c'}}}"},
    {"IAM everything at once", "iam", "GetAccountAuthorizationDetails",
     "{'UserDetailList':[{'UserPolicyList':[{'PolicyDocument':'%5B1%5D'}]}],"
     "'RoleDetailList':[{'AssumeRolePolicyDocument':'%5B2%5D'}],"
     "'Policies':[{'PolicyVersionList':[{'Document':'%5B3%5D'}]}]}",
     "{'Policies':[{'PolicyVersionList':[{'Document':[3]}]}],"
     "'RoleDetailList':[{'AssumeRolePolicyDocument':[2]}],"
     "'UserDetailList':[{'UserPolicyList':[{'PolicyDocument':[1]}]}]}"},
    {"IAM text that is no JSON stays", "iam", "GetRolePolicy", "{'PolicyDocument':'%7Boops'}",
     "{'PolicyDocument':'%7Boops'}"},
    {"other members of IAM stay", "iam", "ListRoles", "{'Roles':[{'Description':'%7B%7D'}]}",
     "{'Roles':[{'Description':'%7B%7D'}]}"},
    {"JSON template", "cloudformation", "GetTemplate",
     "{'TemplateBody':'{\\'Resources\\':{}}','StagesAvailable':['Original']}",
     "{'StagesAvailable':['Original'],'TemplateBody':{'Resources':{}}}"},
    {"YAML template", "cloudformation", "GetTemplate", "{'TemplateBody':'Resources: {}'}",
     "{'TemplateBody':'Resources: {}'}"},
    {"console output", "ec2", "GetConsoleOutput", "{'InstanceId':'i','Output':'aGk='}",
     "{'InstanceId':'i','Output':'hi'}"},
    {"bucket location", "s3", "GetBucketLocation", "{'LocationConstraint':'eu-west-1'}",
     "{'LocationConstraint':'eu-west-1'}"},
    {"bucket location of us-east-1", "s3", "GetBucketLocation", "{}", "{'LocationConstraint':null}"},
    {"listed keys", "s3", "ListObjectsV2",
     "{'EncodingType':'url','Prefix':'a%2Bb','Delimiter':'%2F','Contents':[{'Key':'x+y%C3%A9',"
     "'ETag':'a%20'}],'CommonPrefixes':[{'Prefix':'p%2F'}]}",
     "{'CommonPrefixes':[{'Prefix':'p/'}],'Contents':[{'ETag':'a%20','Key':'x y\xC3\xA9'}],"
     "'Delimiter':'/','EncodingType':'url','Prefix':'a+b'}"},
    {"listed versions", "s3", "ListObjectVersions",
     "{'EncodingType':'url','KeyMarker':'%20','NextKeyMarker':'%21','Versions':[{'Key':'%22'}],"
     "'DeleteMarkers':[{'Key':'%23'}]}",
     "{'DeleteMarkers':[{'Key':'#'}],'EncodingType':'url','KeyMarker':' ','NextKeyMarker':'!',"
     "'Versions':[{'Key':'''}]}"},
    {"keys that were not encoded", "s3", "ListObjectsV2", "{'Contents':[{'Key':'a%20+'}]}",
     "{'Contents':[{'Key':'a%20+'}]}"},
    {"S3 bucket policies stay strings", "s3", "GetBucketPolicy", "{'Policy':'{}'}", "{'Policy':'{}'}"},
    {"KMS key policies stay strings", "kms", "GetKeyPolicy", "{'Policy':'{}'}", "{'Policy':'{}'}"},
};

static void check(const struct row *row, const char *params)
{
    MW_AUTO(mw_buf) text = {0};
    mw_doc_builder *b = NULL;
    mw_error err = {0};
    mw_val asked = MW_VAL_ABSENT, in, out;

    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    if (params)
        asked = bench_json(b, params);
    in = bench_json(b, row->in);
    assert_ok(mw_customize_result(bench_operation(row->service, row->operation), params ? mw_doc_view(b) : NULL, asked,
                                  b, in, &out, &err));
    assert_ok(mw_json_write(&text, mw_doc_view(b), out, MW_JSON_COMPACT));
    for (char *p = text.data; *p; p++)
        if (*p == '"')
            *p = '\'';
    /* An escaped quote shows as \' here. */
    for (char *p; (p = strstr(text.data, "\\'")) != NULL;)
        memmove(p, p + 1, strlen(p));
    if (strcmp(text.data, row->expect) != 0)
        fail_msg("%s:\n got  %s\n want %s", row->name, text.data, row->expect);
    mw_doc_builder_free(b);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        check(&rows[i], NULL);
}

/* Who names the encoding wants keys as S3 sent them; the client's own wish is undone. */
static void test_asked_encoding(void **state)
{
    static const struct row undone = {"the client asked", "s3", "ListObjects",
                                      "{'EncodingType':'url','Contents':[{'Key':'a%20b'}]}",
                                      "{'Contents':[{'Key':'a b'}],'EncodingType':'url'}"};
    static const struct row kept = {"the caller asked", "s3", "ListObjects",
                                    "{'EncodingType':'url','Contents':[{'Key':'a%20b'}]}",
                                    "{'Contents':[{'Key':'a%20b'}],'EncodingType':'url'}"};

    (void)state;
    check(&undone, "{'Bucket':'b'}");
    check(&kept, "{'Bucket':'b','EncodingType':'url'}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_asked_encoding)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
