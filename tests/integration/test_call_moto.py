#!/usr/bin/env python3
"""`moonward call` against boto3, on the same moto server: chosen calls that must give the same document, and their replay.

    test_call_moto.py MOONWARD [--models FOLDER]

--models is the botocore data that moonward was built from: boto3 then reads the same, and knows the same members, be they
older than its own. test_call_reads.py asks for breadth: some hundred services.
"""
import os
import subprocess
import sys
import tempfile
import time

import call_compare  # asks for moto
import call_world
import motoserver
from call_compare import MORE, by_boto, by_moonward, compare, differences

import boto3
import botocore.exceptions

# service, operation, parameters (strings of the form "$name" come from the world), paginate
CALLS = [
    ("sts", "GetCallerIdentity", {}),
    ("s3", "ListBuckets", {}),
    ("s3", "GetBucketLocation", {"Bucket": "logs"}),
    ("s3", "GetBucketLocation", {"Bucket": "elsewhere"}),
    ("s3", "GetBucketVersioning", {"Bucket": "logs"}),
    ("s3", "GetBucketTagging", {"Bucket": "logs"}),
    ("s3", "GetBucketTagging", {"Bucket": "elsewhere"}),
    ("s3", "GetBucketPolicy", {"Bucket": "logs"}),
    ("s3", "GetBucketAcl", {"Bucket": "logs"}),
    ("s3", "GetPublicAccessBlock", {"Bucket": "logs"}),
    ("s3", "GetPublicAccessBlock", {"Bucket": "elsewhere"}),
    ("s3", "GetBucketLifecycleConfiguration", {"Bucket": "logs"}),
    ("s3", "GetBucketEncryption", {"Bucket": "logs"}),
    ("s3", "ListObjectsV2", {"Bucket": "logs", "MaxKeys": 3}),
    ("s3", "ListObjects", {"Bucket": "logs", "Delimiter": "/"}),
    ("s3", "HeadObject", {"Bucket": "logs", "Key": "a b/ü+1&x"}),
    ("s3", "GetObject", {"Bucket": "logs", "Key": "a b/ü+1&x"}),
    ("s3", "HeadObject", {"Bucket": "logs", "Key": "missing"}),
    ("s3", "HeadBucket", {"Bucket": "missing"}),
    ("s3", "ListObjectVersions", {"Bucket": "logs"}),
    ("iam", "ListUsers", {}),
    ("iam", "GetUser", {"UserName": "nobody"}),
    ("iam", "ListRoles", {}),
    ("iam", "GetRole", {"RoleName": "runner"}),
    ("iam", "GetRolePolicy", {"RoleName": "runner", "PolicyName": "inline"}),
    ("iam", "GetPolicyVersion", {"PolicyArn": "$policy", "VersionId": "v1"}),
    ("iam", "GetAccountAuthorizationDetails", {"Filter": ["Role", "User"]}),
    ("iam", "GetAccountSummary", {}),
    ("iam", "ListAttachedRolePolicies", {"RoleName": "runner"}),
    ("iam", "GetAccountPasswordPolicy", {}),
    ("ec2", "DescribeRegions", {}),
    ("ec2", "DescribeVpcs", {}),
    ("ec2", "DescribeVpcs", {"Filters": [{"Name": "vpc-id", "Values": ["$vpc"]}]}),
    ("ec2", "DescribeSubnets", {}),
    ("ec2", "DescribeSecurityGroups", {}),
    ("ec2", "DescribeInstances", {}),
    ("ec2", "DescribeInstances", {"InstanceIds": ["i-00000000000000000"]}),
    ("ec2", "DescribeInstanceAttribute", {"InstanceId": "$instance", "Attribute": "userData"}),
    ("ec2", "DescribeVolumes", {}),
    ("ec2", "DescribeImages", {"Owners": ["self"]}),
    ("ec2", "DescribeRouteTables", {}),
    ("ec2", "DescribeNetworkAcls", {}),
    ("ec2", "GetEbsEncryptionByDefault", {}),
    ("sqs", "ListQueues", {}),
    ("sqs", "GetQueueAttributes", {"QueueUrl": "$queue", "AttributeNames": ["All"]}),
    ("sqs", "GetQueueUrl", {"QueueName": "missing"}),
    ("sns", "ListTopics", {}),
    ("sns", "GetTopicAttributes", {"TopicArn": "$topic"}),
    ("dynamodb", "ListTables", {}),
    ("dynamodb", "DescribeTable", {"TableName": "t"}),
    ("dynamodb", "DescribeTable", {"TableName": "missing"}),
    ("dynamodb", "GetItem", {"TableName": "t", "Key": {"k": {"S": "1"}}}),
    ("dynamodb", "Scan", {"TableName": "t"}),
    ("lambda", "ListFunctions", {}),
    ("lambda", "GetFunction", {"FunctionName": "f"}),
    ("lambda", "GetFunctionConfiguration", {"FunctionName": "missing"}),
    ("kms", "ListKeys", {}),
    ("kms", "DescribeKey", {"KeyId": "$key"}),
    ("kms", "GetKeyPolicy", {"KeyId": "$key", "PolicyName": "default"}),
    ("kms", "GetKeyRotationStatus", {"KeyId": "$key"}),
    ("logs", "DescribeLogGroups", {}),
    ("cloudwatch", "DescribeAlarms", {}),
    ("events", "ListRules", {}),
    ("rds", "DescribeDBInstances", {}),
    ("rds", "DescribeDBInstances", {"DBInstanceIdentifier": "missing"}),
    ("ssm", "GetParameter", {"Name": "/p"}),
    ("ssm", "DescribeParameters", {}),
    ("secretsmanager", "ListSecrets", {}),
    ("secretsmanager", "DescribeSecret", {"SecretId": "s"}),
    ("route53", "ListHostedZones", {}),
    ("route53", "GetHostedZone", {"Id": "$zone"}),
    ("route53", "ListResourceRecordSets", {"HostedZoneId": "$zone"}),
    ("ecr", "DescribeRepositories", {}),
    ("ecs", "ListClusters", {}),
    ("ecs", "DescribeClusters", {"clusters": ["c"]}),
    ("cloudformation", "DescribeStacks", {}),
    ("cloudformation", "GetTemplate", {"StackName": "st"}),
    ("cloudformation", "DescribeStackResources", {"StackName": "st"}),
    ("kinesis", "DescribeStreamSummary", {"StreamName": "k"}),
    ("stepfunctions", "ListStateMachines", {}),
    ("stepfunctions", "DescribeStateMachine", {"stateMachineArn": "$machine"}),
    ("acm", "DescribeCertificate", {"CertificateArn": "$certificate"}),
    ("elbv2", "DescribeLoadBalancers", {}),
    ("elbv2", "DescribeLoadBalancerAttributes", {"LoadBalancerArn": "$balancer"}),
    ("autoscaling", "DescribeAutoScalingGroups", {}),
    ("cloudtrail", "DescribeTrails", {}),
    ("cloudtrail", "GetTrailStatus", {"Name": "trail"}),
    ("apigateway", "GetRestApis", {}),
    ("apigateway", "GetResources", {"restApiId": "$api"}),
    ("efs", "DescribeFileSystems", {}),
    ("config", "DescribeConfigurationRecorders", {}),
    ("organizations", "DescribeOrganization", {}),
    ("organizations", "ListAccounts", {}),
    ("glue", "GetDatabases", {}),
    ("athena", "ListWorkGroups", {}),
    ("eks", "ListClusters", {}),
    ("guardduty", "GetDetector", {"DetectorId": "$detector"}),
    ("cognito-idp", "ListUserPools", {"MaxResults": 10}),
    ("cognito-idp", "DescribeUserPool", {"UserPoolId": "$pool"}),
    ("backup", "ListBackupVaults", {}),
    ("wafv2", "ListWebACLs", {"Scope": "REGIONAL"}),
]
PAGED = [
    ("iam", "ListUsers", {}, 2),
    ("iam", "ListRoles", {}, None),
    ("s3", "ListObjectsV2", {"Bucket": "logs"}, 2),
    ("s3", "ListObjects", {"Bucket": "logs"}, 3),
    ("s3", "ListObjectVersions", {"Bucket": "logs"}, None),
    ("ec2", "DescribeInstances", {}, None),
    ("ec2", "DescribeImages", {"Owners": ["self"]}, None),
    ("dynamodb", "Scan", {"TableName": "t"}, 2),
    ("dynamodb", "ListTables", {}, None),
    ("route53", "ListResourceRecordSets", {"HostedZoneId": "$zone"}, None),
    ("lambda", "ListFunctions", {}, None),
    ("logs", "DescribeLogGroups", {}, 1),
    ("rds", "DescribeDBInstances", {}, None),
    ("sqs", "ListQueues", {}, None),
]


def fill(value, world):
    if isinstance(value, dict):
        return {k: fill(v, world) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, world) for v in value]
    if isinstance(value, str) and value.startswith("$"):
        return world[value[1:]]
    return value


def check_replay(binary, server, world, failures):
    """What was recorded replays without a server, and a second recording changes no byte."""
    online = server.environment(**MORE)
    offline = {**online, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    with tempfile.TemporaryDirectory() as folder:
        calls = [CALLS[i] for i in (0, 1, 8, 24, 35, 49)]
        for round_ in range(2):
            for service, operation, params in calls:
                by_moonward(binary, online, service, operation, fill(params, world), None, False,
                            ("--record", folder))
            with open(os.path.join(folder, "exchanges.jsonl"), "rb") as f:
                text = f.read()
            if round_ == 0:
                first = text
        if first != text:
            failures.append("a second recording changed what was there")
        for secret in (motoserver.KEYS["AWS_SECRET_ACCESS_KEY"], "Authorization", "Signature="):
            if secret.encode() in text:
                failures.append(f"the recording holds '{secret}'")
        for service, operation, params in calls:
            params = fill(params, world)
            found = differences(by_moonward(binary, offline, service, operation, params, None, False, ("--replay", folder)),
                                by_boto(server.url, service, operation, params))
            if found:
                failures.append(f"replay of {service}:{operation} {found}")
        done = subprocess.run([binary, "call", "ec2", "DescribeVolumes", "--replay", folder],
                              capture_output=True, env=offline, timeout=60)
        if done.returncode != 1 or b"is not in the recording" not in done.stderr:
            failures.append("a request that was not recorded was answered")


def main():
    binary = os.path.abspath(sys.argv[1])
    own_models = call_compare.use_models(sys.argv[2:])
    failures = []
    count = 0
    started = time.time()
    with motoserver.Server() as server:
        world = call_world.seed(server.url)
        rows = [(s, o, p, None, False) for s, o, p in CALLS] + [(s, o, p, n, True) for s, o, p, n in PAGED]
        for service, operation, params, page_size, paged in rows:
            params = fill(params, world)
            row = (service, operation, params, page_size, paged)
            try:
                found, _ = compare(binary, server.environment(**MORE), server.url, row)
            except botocore.exceptions.OperationNotPageableError:
                if own_models:
                    raise
                continue  # it has pages by newer models only
            count += 1
            if found:
                failures.append(f"{service}:{operation} {params}{' paged' if paged else ''} {'; '.join(found)}")
        check_replay(binary, server, world, failures)
    for line in failures:
        print("FAILED", line)
    print(f"{count - len(failures)} of {count} calls agree with boto3 {boto3.__version__}{'' if own_models else ' on older models'}, "
          f"{time.time() - started:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
