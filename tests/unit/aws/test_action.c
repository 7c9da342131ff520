/*
 * Operations and the IAM actions that they take. What is expected was read from the Service
 * Authorization Reference and AWS's own managed policies, not from the table under test.
 */
#include "../../support/support.h"

#include "aws/action.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

/* Services whose prefix is not their name, with operations whose action has the operation's. */
static const struct {
    const char *service, *prefix, *operations;
} renamed[] = {
    {"elbv2", "elasticloadbalancing",
     "DescribeAccountLimits DescribeCapacityReservation DescribeListenerAttributes "
     "DescribeListenerCertificates DescribeListeners DescribeLoadBalancerAttributes"},
    {"elb", "elasticloadbalancing",
     "DescribeAccountLimits DescribeInstanceHealth DescribeLoadBalancerAttributes "
     "DescribeLoadBalancerPolicies DescribeLoadBalancerPolicyTypes "
     "DescribeLoadBalancers"},
    {"efs", "elasticfilesystem",
     "DescribeAccessPoints DescribeAccountPreferences DescribeBackupPolicy "
     "DescribeFileSystemPolicy DescribeFileSystems DescribeLifecycleConfiguration"},
    {"docdb", "rds",
     "DescribeCertificates DescribeDBClusterParameterGroups "
     "DescribeDBClusterParameters DescribeDBClusterSnapshotAttributes "
     "DescribeDBClusterSnapshots DescribeDBClusters"},
    {"neptune", "rds",
     "DescribeDBClusterEndpoints DescribeDBClusterParameterGroups "
     "DescribeDBClusterParameters DescribeDBClusterSnapshotAttributes "
     "DescribeDBClusterSnapshots DescribeDBClusters"},
    {"opensearch", "es",
     "DescribeDomain DescribeDomainAutoTunes DescribeDomainChangeProgress "
     "DescribeDomainConfig DescribeDomainHealth DescribeDomainNodes"},
    {"stepfunctions", "states",
     "DescribeActivity DescribeExecution DescribeMapRun DescribeStateMachine "
     "DescribeStateMachineAlias DescribeStateMachineForExecution"},
    {"emr", "elasticmapreduce",
     "DescribeCluster DescribeJobFlows DescribeNotebookExecution "
     "DescribePersistentAppUI DescribeReleaseLabel DescribeSecurityConfiguration"},
    {"cloudwatch", "cloudwatch",
     "DescribeAlarmHistory DescribeAlarms DescribeAlarmsForMetric GetDashboard "
     "GetMetricData GetMetricStatistics ListDashboards ListMetricStreams ListMetrics"},
    {"sesv2", "ses",
     "GetAccount GetBlacklistReports GetConfigurationSet "
     "GetConfigurationSetEventDestinations GetContactList GetDedicatedIp"},
    {"mwaa", "airflow", "GetEnvironment ListEnvironments ListTagsForResource"},
    {"amp", "aps",
     "DescribeAlertManagerDefinition DescribeAnomalyDetector "
     "DescribeLoggingConfiguration DescribeQueryLoggingConfiguration "
     "DescribeResourcePolicy DescribeRuleGroupsNamespace"},
    {"accessanalyzer", "access-analyzer",
     "GetAccessPreview GetAnalyzedResource GetAnalyzer GetArchiveRule GetFinding "
     "GetFindingsStatistics"},
    {"opensearchserverless", "aoss",
     "GetAccessPolicy GetAccountSettings GetIndex GetPoliciesStats GetSecurityConfig "
     "GetSecurityPolicy"},
    {"resourcegroupstaggingapi", "tag", "DescribeReportCreation GetResources GetTagKeys GetTagValues"},
    {"sso-admin", "sso",
     "DescribeAccountAssignmentCreationStatus DescribeAccountAssignmentDeletionStatus "
     "DescribeApplication DescribeApplicationAssignment DescribeApplicationProvider "
     "DescribeInstance"},
    {"service-quotas", "servicequotas",
     "GetAWSDefaultServiceQuota GetAssociationForServiceQuotaTemplate "
     "GetAutoManagementConfiguration GetQuotaUtilizationReport "
     "GetRequestedServiceQuotaChange GetServiceQuota"},
    {"kinesisanalyticsv2", "kinesisanalytics",
     "DescribeApplication DescribeApplicationOperation DescribeApplicationSnapshot "
     "ListApplicationOperations ListApplicationSnapshots ListApplicationVersions"},
    {"timestream-write", "timestream",
     "DescribeBatchLoadTask DescribeDatabase DescribeEndpoints DescribeTable "
     "ListBatchLoadTasks ListDatabases"},
    {"location", "geo",
     "DescribeGeofenceCollection DescribeKey DescribeMap DescribePlaceIndex "
     "DescribeRouteCalculator DescribeTracker"},
    {"bedrock-agent", "bedrock",
     "GetAgent GetAgentActionGroup GetAgentAlias GetAgentCollaborator "
     "GetAgentKnowledgeBase GetAgentVersion"},
    {"servicecatalog-appregistry", "servicecatalog",
     "GetApplication GetAssociatedResource GetAttributeGroup GetConfiguration "
     "ListApplications ListAssociatedAttributeGroups"},
    {"pinpoint", "mobiletargeting",
     "GetAdmChannel GetApnsChannel GetApnsSandboxChannel GetApnsVoipChannel "
     "GetApnsVoipSandboxChannel GetApp"},
    {"dynamodbstreams", "dynamodb", "DescribeStream GetRecords GetShardIterator ListStreams"},
    {"s3control", "s3",
     "DescribeJob DescribeMultiRegionAccessPointOperation GetAccessGrant "
     "GetAccessGrantsInstance GetAccessGrantsInstanceForPrefix "
     "GetAccessGrantsInstanceResourcePolicy"},
    {"cloudhsmv2", "cloudhsm", "DescribeBackups DescribeClusters GetResourcePolicy"},
    {"greengrassv2", "greengrass",
     "DescribeComponent GetComponent GetConnectivityInfo GetCoreDevice GetDeployment "
     "GetServiceRoleForAccount"},
    {"lexv2-models", "lex",
     "DescribeBot DescribeBotAlias DescribeBotLocale DescribeBotRecommendation "
     "DescribeBotReplica DescribeBotVersion"},
};

/* Everything else: "-" needs no permission; several actions are all needed. */
static const struct {
    const char *service, *operation, *actions;
} rows[] = {
    {"s3", "ListBuckets", "s3:ListAllMyBuckets"},
    {"s3", "HeadBucket", "s3:ListBucket"},
    {"s3", "HeadObject", "s3:GetObject"},
    {"s3", "ListObjects", "s3:ListBucket"},
    {"s3", "ListObjectsV2", "s3:ListBucket"},
    {"s3", "ListObjectVersions", "s3:ListBucketVersions"},
    {"s3", "ListMultipartUploads", "s3:ListBucketMultipartUploads"},
    {"s3", "ListParts", "s3:ListMultipartUploadParts"},
    {"s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration"},
    {"s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"},
    {"s3", "GetBucketReplication", "s3:GetReplicationConfiguration"},
    {"s3", "GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration"},
    {"s3", "GetBucketNotificationConfiguration", "s3:GetBucketNotification"},
    {"s3", "GetBucketCors", "s3:GetBucketCORS"},
    {"s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"},
    {"s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"},
    {"s3", "ListBucketInventoryConfigurations", "s3:GetInventoryConfiguration"},
    {"s3", "GetBucketInventoryConfiguration", "s3:GetInventoryConfiguration"},
    {"s3", "ListBucketMetricsConfigurations", "s3:GetMetricsConfiguration"},
    {"s3", "ListBucketAnalyticsConfigurations", "s3:GetAnalyticsConfiguration"},
    {"s3", "ListBucketIntelligentTieringConfigurations", "s3:GetIntelligentTieringConfiguration"},
    {"s3", "ListDirectoryBuckets", "s3express:ListAllMyDirectoryBuckets"},
    {"s3", "GetBucketAcl", "s3:GetBucketAcl"},
    {"s3", "GetBucketPolicyStatus", "s3:GetBucketPolicyStatus"},
    {"s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration"},
    {"s3", "DeleteBucketEncryption", "s3:PutEncryptionConfiguration"},
    {"s3", "PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"},
    {"s3", "PutBucketVersioning", "s3:PutBucketVersioning"},
    {"s3", "DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"},
    {"s3", "CopyObject", "s3:GetObject s3:PutObject"},
    {"s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"},
    {"s3control", "PutPublicAccessBlock", "s3:PutAccountPublicAccessBlock"},
    {"s3control", "ListRegionalBuckets", "s3-outposts:ListRegionalBuckets"},
    {"accessanalyzer", "ListFindingsV2", "access-analyzer:ListFindings"},
    {"accessanalyzer", "GetFindingV2", "access-analyzer:GetFinding"},
    {"apigateway", "GetRestApis", "apigateway:GET"},
    {"apigateway", "GetStages", "apigateway:GET"},
    {"apigateway", "UpdateStage", "apigateway:PATCH"},
    {"apigateway", "CreateRestApi", "apigateway:POST"},
    {"apigateway", "DeleteRestApi", "apigateway:DELETE"},
    {"apigatewayv2", "GetApis", "apigateway:GET"},
    {"apigatewayv2", "GetRoutes", "apigateway:GET"},
    {"apigatewaymanagementapi", "PostToConnection", "execute-api:ManageConnections"},
    {"budgets", "DescribeBudgets", "budgets:ViewBudget"},
    {"budgets", "DescribeNotificationsForBudget", "budgets:ViewBudget"},
    {"budgets", "DescribeBudgetActionsForAccount", "budgets:DescribeBudgetActionsForAccount"},
    {"cloudcontrol", "ListResources", "cloudformation:ListResources"},
    {"cloudcontrol", "GetResource", "cloudformation:GetResource"},
    {"compute-optimizer", "GetEC2InstanceRecommendations",
     "compute-optimizer:GetEC2InstanceRecommendations ec2:DescribeInstances"},
    {"compute-optimizer", "GetEnrollmentStatus", "compute-optimizer:GetEnrollmentStatus"},
    {"keyspaces", "ListKeyspaces", "cassandra:Select"},
    {"keyspaces", "GetTable", "cassandra:Select"},
    {"keyspaces", "GetTableAutoScalingSettings",
     "application-autoscaling:DescribeScalableTargets "
     "application-autoscaling:DescribeScalingPolicies"},
    {"iot-data", "GetThingShadow", "iot:GetThingShadow"},
    {"iotsecuretunneling", "ListTunnels", "iot:ListTunnels"},
    {"lambda", "Invoke", "lambda:InvokeFunction"},
    {"lambda", "ListFunctions", "lambda:ListFunctions"},
    {"lambda", "GetPolicy", "lambda:GetPolicy"},
    {"mturk", "ListHITs", "mechanicalturk:ListHITs"},
    {"sqs", "SendMessageBatch", "sqs:SendMessage"},
    {"sns", "PublishBatch", "sns:Publish"},
    {"wafv2", "GetWebACLForResource", "wafv2:GetWebACL wafv2:GetWebACLForResource"},
    {"waf-regional", "ListWebACLs", "waf-regional:ListWebACLs"},
    {"iam", "GenerateCredentialReport", "iam:GenerateCredentialReport"},
    {"ce", "GetCostAndUsage", "ce:GetCostAndUsage"},
    {"organizations", "ListAccounts", "organizations:ListAccounts"},
    {"application-autoscaling", "DescribeScalableTargets", "application-autoscaling:DescribeScalableTargets"},
    {"dms", "DescribeEndpoints", "dms:DescribeEndpoints"},
    {"memorydb", "DescribeClusters", "memorydb:DescribeClusters"},
    {"identitystore", "ListUsers", "identitystore:ListUsers"},
    {"kafka", "ListClustersV2", "kafka:ListClustersV2"},
    {"cognito-idp", "ListUserPools", "cognito-idp:ListUserPools"},
    {"ecr-public", "DescribeRepositories", "ecr-public:DescribeRepositories"},
    {"sts", "GetCallerIdentity", "-"},
    {"sts", "GetSessionToken", "-"},
    {"sts", "AssumeRoleWithWebIdentity", "-"},
    {"cognito-idp", "GetUser", "-"},
    {"cognito-identity", "GetId", "-"},
    {"sso", "GetRoleCredentials", "-"},
    {"logs", "DescribeLogGroups", "logs:DescribeLogGroups"},
    {"events", "ListRules", "events:ListRules"},
    {"nosuchservice", "ListThings", "nosuchservice:ListThings"},
};

/* The table names what current models have. */
static bool are_older(const mw_models *m)
{
    unsigned major = 0, minor = 0;

    return sscanf(mw_models_botocore_version(m), "%u.%u", &major, &minor) != 2 || (major == 1 && minor < 43);
}

static void check(const mw_models *m, const char *service, const char *operation, const char *expected)
{
    MW_AUTO(mw_arena) arena = {0};
    MW_AUTO(mw_buf) got = {0};
    const char *actions[MW_ACTIONS_OF_MAX];
    mw_error err = {0};
    size_t count;

    assert_ok(mw_operation_actions(m, service, operation, &arena, actions, &count, &err));
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(&got, "%s%s", i ? " " : "", actions[i]);
    if (count == 0)
        mw_buf_puts(&got, "-");
    if (!mw_str_eq(got.data, expected))
        fail_msg("%s:%s gave %s, expected %s", service, operation, got.data, expected);
}

static void prefixes_of_services(void **state)
{
    const mw_models *m;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_models_builtin(&m, &err));
    if (are_older(m))
        skip_because("IAM actions of services: they want models of botocore 1.43 and newer, these are of %s",
                     mw_models_botocore_version(m));
    for (size_t i = 0; i < MW_COUNT(renamed); i++) {
        for (const char *p = renamed[i].operations; *p; p += strcspn(p, " "), p += *p == ' ') {
            char operation[128], expected[192];
            snprintf(operation, sizeof(operation), "%.*s", (int)strcspn(p, " "), p);
            snprintf(expected, sizeof(expected), "%s:%s", renamed[i].prefix, operation);
            check(m, renamed[i].service, operation, expected);
        }
    }
}

static void known_operations(void **state)
{
    const mw_models *m;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_models_builtin(&m, &err));
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        check(m, rows[i].service, rows[i].operation, rows[i].actions);
}

/* A row that names what does not exist is a typing error; one that says what would hold without it
 * is noise. */
static void the_table_is_sound(void **state)
{
    const mw_models *m;
    mw_error err = {0};
    size_t len;
    const char *text = mw_actions_table(&len);
    char last[256] = "";

    (void)state;
    assert_ok(mw_models_builtin(&m, &err));
    if (are_older(m))
        skip_because("IAM actions of services: they want models of botocore 1.43 and newer, these are of %s",
                     mw_models_botocore_version(m));
    while (*text) {
        char line[512], service[64], operation[128], plain[256];
        int at = 0;
        const mw_service *s;
        snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
        text += strlen(line);
        text += *text == '\n';
        if (line[0] == '#' || !line[0])
            continue;
        assert_int_equal(sscanf(line, "%63s %127s %n", service, operation, &at), 2);
        if (strcmp(last, line) >= 0)
            fail_msg("'%s' is not behind '%s'", line, last);
        snprintf(last, sizeof(last), "%.255s", line);
        s = mw_models_service(m, service);
        if (!s || (!mw_str_eq(operation, "*") && !mw_service_operation(s, operation)))
            fail_msg("the models have no %s:%s", service, operation);
        snprintf(plain, sizeof(plain), "%s:%s", mw_service_signing_name(s), operation);
        if (mw_str_eq(line + at, plain) || mw_str_eq(line + at, mw_service_signing_name(s)))
            fail_msg("'%s' says what holds without it", line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_of_services),
        cmocka_unit_test(known_operations),
        cmocka_unit_test(the_table_is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
