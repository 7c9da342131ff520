/*
 * Which operations are known to change nothing. The rule is the name: AWS calls its reads Get, List,
 * Describe and so on. The tables below hold what that rule gets wrong, each with its reason. Whatever is
 * not known to read counts as mutating, so a new operation is refused rather than let through.
 */
#include "aws/readonly.h"

#include "aws/client.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

static const char *const read_prefixes[] = {
    "Describe", "List",   "Get",    "Head",  "BatchGet", "BatchDescribe", "BatchCheck",
    "Search",   "Lookup", "Filter", "Query", "Scan",     "Simulate",      "Validate",
    "Estimate", "Count",  "Check",  "Is",    "AdminGet", "AdminList",
};

typedef struct named {
    const char *service, *operation;
    const char *reason;
} named;

/* Reads by nature whose name does not say so, and the two requests for a report that an inventory needs. */
static const named reads[] = {
    {"config", "SelectAggregateResourceConfig", "SQL over recorded configuration, SELECT only"},
    {"config", "SelectResourceConfig", "SQL over recorded configuration, SELECT only"},
    {"events", "TestEventPattern", "matches a pattern with an event, stores nothing"},
    {"iam", "GenerateCredentialReport", "asks IAM to refresh a report; no setting changes"},
    {"iam", "GenerateServiceLastAccessedDetails", "asks IAM for a report; no setting changes"},
    {"iot", "TestAuthorization", "evaluates policies, stores nothing"},
    {"logs", "TestMetricFilter", "matches a filter with messages, stores nothing"},
    {"macie2", "TestCustomDataIdentifier", "matches an expression with a text"},
    {"route53", "TestDNSAnswer", "answers as DNS would"},
    {"route53domains", "ViewBilling", "lists bills"},
};

#define SECRET  "returns a credential or another secret"
#define STATE   "changes state although it is named like a read"
#define MAKES   "makes a user when asked to, and returns a credential"
#define UPLOAD  "returns an address that lets its holder write"
#define SESSION "opens a session for whoever holds the answer"

/* Named like reads, but not for scripts and audits. */
static const named exceptions[] = {
    {"amplifybackend", "GetToken", SECRET},
    {"athena", "GetSessionEndpoint", SECRET},
    {"auditmanager", "GetEvidenceFileUploadUrl", UPLOAD},
    {"bedrock-agentcore", "GetResourceApiKey", SECRET},
    {"bedrock-agentcore", "GetResourceOauth2Token", SECRET},
    {"bedrock-agentcore", "GetResourcePaymentToken", SECRET},
    {"bedrock-agentcore", "GetWorkloadAccessToken", SECRET},
    {"bedrock-agentcore", "GetWorkloadAccessTokenForJWT", SECRET},
    {"bedrock-agentcore", "GetWorkloadAccessTokenForUserId", SECRET},
    {"codeartifact", "GetAuthorizationToken", SECRET},
    {"codepipeline", "GetJobDetails", SECRET},
    {"codepipeline", "GetThirdPartyJobDetails", SECRET},
    {"cognito-identity", "GetCredentialsForIdentity", SECRET},
    {"cognito-identity", "GetId", STATE},
    {"cognito-identity", "GetOpenIdToken", SECRET},
    {"cognito-identity", "GetOpenIdTokenForDeveloperIdentity", SECRET},
    {"cognito-idp", "GetTokensFromRefreshToken", SECRET},
    {"cognito-idp", "GetUserAttributeVerificationCode", STATE},
    {"cognito-idp", "ListUserPoolClientSecrets", SECRET},
    {"connect", "GetFederationToken", SECRET},
    {"connectparticipant", "GetAuthenticationUrl", SESSION},
    {"datazone", "GetConnection", SECRET},
    {"datazone", "GetEnvironmentCredentials", SECRET},
    {"datazone", "GetIamPortalLoginUrl", SESSION},
    {"ec2", "GetPasswordData", SECRET},
    {"ecr", "GetAuthorizationToken", SECRET},
    {"ecr-public", "GetAuthorizationToken", SECRET},
    {"emr", "GetClusterSessionCredentials", SECRET},
    {"emr", "GetOnClusterAppUIPresignedURL", SESSION},
    {"emr", "GetPersistentAppUIPresignedURL", SESSION},
    {"emr-containers", "GetManagedEndpointSessionCredentials", SECRET},
    {"emr-serverless", "GetDashboardForJobRun", SESSION},
    {"emr-serverless", "GetSessionEndpoint", SECRET},
    {"finspace-data", "GetExternalDataViewAccessDetails", SECRET},
    {"finspace-data", "GetProgrammaticAccessCredentials", SECRET},
    {"frauddetector", "GetEventPrediction", STATE},
    {"gamelift", "GetComputeAccess", SECRET},
    {"gamelift", "GetComputeAuthToken", SECRET},
    {"gamelift", "GetInstanceAccess", SECRET},
    {"ivs", "BatchGetStreamKey", SECRET},
    {"ivs", "GetStreamKey", SECRET},
    {"kinesis-video-archived-media", "GetDASHStreamingSessionURL", SESSION},
    {"kinesis-video-archived-media", "GetHLSStreamingSessionURL", SESSION},
    {"kinesis-video-signaling", "GetIceServerConfig", SECRET},
    {"lakeformation", "GetTemporaryDataLocationCredentials", SECRET},
    {"lakeformation", "GetTemporaryGluePartitionCredentials", SECRET},
    {"lakeformation", "GetTemporaryGlueTableCredentials", SECRET},
    {"license-manager", "CheckInLicense", STATE},
    {"license-manager", "GetAccessToken", SECRET},
    {"lightsail", "GetBucketAccessKeys", SECRET},
    {"lightsail", "GetInstanceAccessDetails", SECRET},
    {"lightsail", "GetRelationalDatabaseMasterUserPassword", SECRET},
    {"m2", "GetSignedBluinsightsUrl", SESSION},
    {"mturk", "GetFileUploadURL", UPLOAD},
    {"pca-connector-scep", "GetChallengePassword", SECRET},
    {"quicksight", "GetDashboardEmbedUrl", SESSION},
    {"quicksight", "GetSessionEmbedUrl", SESSION},
    {"redshift", "GetClusterCredentials", MAKES}, /* with AutoCreate */
    {"redshift", "GetClusterCredentialsWithIAM", SECRET},
    {"redshift", "GetIdentityCenterAuthToken", SECRET},
    {"redshift-serverless", "GetCredentials", SECRET},
    {"redshift-serverless", "GetIdentityCenterAuthToken", SECRET},
    {"route53globalresolver", "GetAccessToken", SECRET},
    {"s3control", "GetDataAccess", SECRET},
    {"secretsmanager", "BatchGetSecretValue", SECRET},
    {"secretsmanager", "GetSecretValue", SECRET},
    {"security-ir", "GetCaseAttachmentUploadUrl", UPLOAD},
    {"snowball", "GetJobUnlockCode", SECRET},
    {"ssm", "GetAccessToken", SECRET},
    {"sso", "GetRoleCredentials", SECRET},
    {"sts", "GetDelegatedAccessToken", SECRET},
    {"sts", "GetFederationToken", SECRET},
    {"sts", "GetSessionToken", SECRET},
    {"sts", "GetWebIdentityToken", SECRET},
    {"timestream-query", "Query", STATE}, /* UNLOAD writes to a bucket */
    {"waf", "GetChangeToken", STATE},
    {"waf-regional", "GetChangeToken", STATE},
    {"wafv2", "GetDecryptedAPIKey", SECRET},
    {"wafv2", "ListAPIKeys", SECRET},
    {"wickr", "GetOidcInfo", SECRET},
    {"wickr", "GetOpentdfConfig", SECRET},
};

/* Not named like reads; their answers hold secrets. Prefixes. */
static const named secret_makers[] = {
    {"cognito-idp", "AdminInitiateAuth", NULL},
    {"cognito-idp", "AdminRespondToAuthChallenge", NULL},
    {"cognito-idp", "InitiateAuth", NULL},
    {"cognito-idp", "RespondToAuthChallenge", NULL},
    {"deadline", "Assume", NULL},
    {"ec2", "CreateKeyPair", NULL},
    {"eks-auth", "Assume", NULL},
    {"gamelift", "CreateBuild", NULL},
    {"gamelift", "RequestUploadCredentials", NULL},
    {"iam", "CreateAccessKey", NULL},
    {"iam", "CreateServiceSpecificCredential", NULL},
    {"iam", "ResetServiceSpecificCredential", NULL},
    {"iot", "CreateKeysAndCertificate", NULL},
    {"iot", "CreateProvisioningClaim", NULL},
    {"kms", "Decrypt", NULL},
    {"kms", "Generate", NULL},
    {"lakeformation", "Assume", NULL},
    {"license-manager", "CreateToken", NULL},
    {"lightsail", "Create", NULL},
    {"lightsail", "Download", NULL},
    {"s3", "CreateSession", NULL},
    {"signin", "Create", NULL},
    {"ssm", "ResumeSession", NULL},
    {"ssm", "StartSession", NULL},
    {"sso-oidc", "", NULL},
    {"sts", "Assume", NULL},
    {"wafv2", "CreateAPIKey", NULL},
    {"workmail", "Assume", NULL},
};

static const named *find(const named *table, size_t count, const char *service, const char *op)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].service, service) == 0 && strcmp(table[i].operation, op) == 0)
            return &table[i];
    return NULL;
}

/** "Get" is a prefix of "GetRole", not of "Getaway": the next letter starts a word. */
static bool has_read_prefix(const char *name)
{
    for (size_t i = 0; i < MW_COUNT(read_prefixes); i++) {
        size_t n = strlen(read_prefixes[i]);

        if (strncmp(name, read_prefixes[i], n) == 0 && !(name[n] >= 'a' && name[n] <= 'z'))
            return true;
    }
    return false;
}

const char *mw_operation_read_exception(const mw_operation *op)
{
    const named *n =
        find(exceptions, MW_COUNT(exceptions), mw_service_name(mw_operation_service(op)), mw_operation_name(op));

    return n ? n->reason : NULL;
}

bool mw_operation_read_only(const mw_operation *op)
{
    const char *service = mw_service_name(mw_operation_service(op));
    const char *name = mw_operation_name(op);

    if (find(reads, MW_COUNT(reads), service, name))
        return true;
    return has_read_prefix(name) && !find(exceptions, MW_COUNT(exceptions), service, name);
}

bool mw_operation_changes_nothing(const mw_operation *op)
{
    const char *exception = mw_operation_read_exception(op);

    if (!exception)
        return mw_operation_read_only(op);
    return strcmp(exception, STATE) != 0 && strcmp(exception, MAKES) != 0;
}

bool mw_operation_returns_secret(const mw_operation *op)
{
    const char *service = mw_service_name(mw_operation_service(op));
    const char *name = mw_operation_name(op);
    const named *n = find(exceptions, MW_COUNT(exceptions), service, name);

    if (n && strcmp(n->reason, STATE) != 0)
        return true;
    for (size_t i = 0; i < MW_COUNT(secret_makers); i++)
        if (strcmp(secret_makers[i].service, service) == 0 && mw_str_starts(name, secret_makers[i].operation))
            return true;
    return false;
}
