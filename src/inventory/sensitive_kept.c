/*
 * What the service models mark as sensitive and a store keeps all the same. Each entry needs a reason: without the text nobody
 * could tell what the resource is, and it gives nobody access to anything.
 */
#include "inventory/sensitive.h"

#include "base/mem.h"

static const mw_sensitive_exception kept[] = {
    {"AWS::::Account", "Organization.MasterAccountEmail", "it names the organization's management account"},
    {"AWS::::Account", "SecurityContact.EmailAddress", "rules ask whether AWS can reach anybody"},
    {"AWS::Bedrock::Guardrail", "name", "it is the resource's name"},
    {"AWS::CloudFront::Distribution", "Comment", "a distribution has no other name"},
    {"AWS::CloudFront::Distribution", "Config.Comment", "a distribution has no other name"},
    {"AWS::Cognito::UserPoolClient", "ClientId", "it is the resource's id, and public in every login"},
    {"AWS::Connect::Instance", "InstanceAlias", "it is the resource's name"},
    {"AWS::DataZone::Domain", "name", "it is the resource's name"},
    {"AWS::EC2::Instance", "InstanceInformation.IPAddress", "EC2 tells it in the same document"},
    {"AWS::EKS::Nodegroup", "RecommendedRelease.Value", "AWS publishes it; rules compare with it"},
    {"AWS::Grafana::Workspace", "name", "it is the resource's name"},
    {"AWS::MGN::SourceServer", "tags", "tags name, select and exempt resources; the envelope has them"},
    {"AWS::Organizations::Account", "Email", "it names the account, which its number does not"},
    {"AWS::Organizations::Account", "Name", "it is the resource's name"},
    {"AWS::Organizations::Organization", "DelegatedAdministrators.Email", "it names an account"},
    {"AWS::Organizations::Organization", "DelegatedAdministrators.Name", "it names an account"},
    {"AWS::Organizations::Organization", "MasterAccountEmail", "it names an account"},
    {"AWS::Organizations::Organization", "RootAccounts.Email", "it names an account"},
    {"AWS::Organizations::Organization", "RootAccounts.Name", "it names an account"},
    {"AWS::RedshiftServerless::Namespace", "adminUsername", "a name without a password; rules refuse the default"},
    {"AWS::S3::Bucket", "Encryption.Rules.ApplyServerSideEncryptionByDefault.KMSMasterKeyID",
     "it names a key; rules ask whose it is"},
    {"AWS::SSM::ManagedInstance", "IPAddress", "an address, as inventories have it; it opens nothing"},
};

const mw_sensitive_exception *mw_sensitive_exceptions(size_t *count)
{
    *count = MW_COUNT(kept);
    return kept;
}
