#!/usr/bin/env python3
"""`moonward call` against boto3, on the same moto server: the same operation must give the same document.

    test_call_moto.py MOONWARD [--models FOLDER] [--wide]

--models is the botocore data that moonward was built from: boto3 then reads the same, and knows the same members, be they
older than its own. --wide also asks every read operation that needs no parameters of every service that moto knows: minutes, some
2,500 calls. CTest runs without it.
"""
import base64
import datetime
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile

import motoserver

motoserver.require()

import boto3  # noqa: E402
import botocore.config  # noqa: E402
import botocore.exceptions  # noqa: E402
import botocore.loaders  # noqa: E402
import botocore.parsers  # noqa: E402

REGION = "us-east-1"
MORE = {"AWS_MAX_ATTEMPTS": "1", "AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}


def client(url, service):
    return boto3.client(service, region_name=REGION, endpoint_url=url,
                        aws_access_key_id=motoserver.KEYS["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=motoserver.KEYS["AWS_SECRET_ACCESS_KEY"],
                        config=botocore.config.Config(s3={"addressing_style": "path"},
                                                      inject_host_prefix=False, parameter_validation=False,
                                                      retries={"total_max_attempts": 1}))


def code_archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("main.py", "def handler(event, context):\n    return 1\n")
    return out.getvalue()


def seed(url):
    """A small world; what its calls return is put into PARAMS by name."""
    world = {}
    c = {name: client(url, name) for name in (
        "s3", "iam", "ec2", "sqs", "sns", "dynamodb", "lambda", "kms", "logs", "cloudwatch", "events",
        "rds", "ssm", "secretsmanager", "route53", "ecr", "ecs", "cloudformation", "kinesis",
        "stepfunctions", "acm", "elbv2", "autoscaling", "cloudtrail", "apigateway", "efs", "config",
        "organizations", "glue", "athena", "eks", "guardduty", "cognito-idp", "backup", "wafv2")}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"}}]})
    allow = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Sid": "Alles+über&100%"}]})
    c["s3"].create_bucket(Bucket="logs")
    c["s3"].create_bucket(Bucket="elsewhere",
                          CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for n in range(7):
        c["s3"].put_object(Bucket="logs", Key=f"a b/ü+{n}&x", Body=b"\x00\xff text %d" % n,
                           Metadata={"owner": "moon"}, ContentType="application/x-test")
    c["s3"].put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Enabled"})
    c["s3"].put_bucket_tagging(Bucket="logs", Tagging={"TagSet": [{"Key": "a&b", "Value": "<c>"}]})
    c["s3"].put_bucket_policy(Bucket="logs", Policy=allow)
    c["s3"].put_public_access_block(Bucket="logs", PublicAccessBlockConfiguration={
        "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False})
    c["s3"].put_bucket_lifecycle_configuration(Bucket="logs", LifecycleConfiguration={"Rules": [
        {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 3}}]})
    for n in range(5):
        c["iam"].create_user(UserName=f"user{n}", Tags=[{"Key": "team", "Value": str(n)}])
    c["iam"].create_role(RoleName="runner", AssumeRolePolicyDocument=trust)
    c["iam"].put_role_policy(RoleName="runner", PolicyName="inline", PolicyDocument=allow)
    world["policy"] = c["iam"].create_policy(PolicyName="p", PolicyDocument=allow)["Policy"]["Arn"]
    c["iam"].attach_role_policy(RoleName="runner", PolicyArn=world["policy"])
    role = c["iam"].get_role(RoleName="runner")["Role"]["Arn"]
    vpc = c["ec2"].create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [c["ec2"].create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24",
                                      AvailabilityZone=REGION + "ab"[n])["Subnet"]["SubnetId"]
               for n in range(2)]
    world["instance"] = c["ec2"].run_instances(
        ImageId="ami-0123456789abcdef0", MinCount=2, MaxCount=2, SubnetId=subnets[0])["Instances"][0]["InstanceId"]
    world["vpc"] = vpc
    c["ec2"].create_image(InstanceId=world["instance"], Name="image")
    world["queue"] = c["sqs"].create_queue(QueueName="jobs", Attributes={"DelaySeconds": "3"})["QueueUrl"]
    world["topic"] = c["sns"].create_topic(Name="alerts")["TopicArn"]
    c["dynamodb"].create_table(TableName="t", BillingMode="PAY_PER_REQUEST",
                               KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                               AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    for n in range(4):
        c["dynamodb"].put_item(TableName="t", Item={"k": {"S": str(n)}, "b": {"B": b"\x01\x02"},
                                                    "n": {"N": "1.5"}, "l": {"L": [{"BOOL": True}]}})
    c["lambda"].create_function(FunctionName="f", Runtime="python3.12", Role=role,
                                Handler="main.handler", Code={"ZipFile": code_archive()})
    world["key"] = c["kms"].create_key(Description="d")["KeyMetadata"]["KeyId"]
    c["logs"].create_log_group(logGroupName="/g/1")
    c["logs"].create_log_group(logGroupName="/g/2")
    c["cloudwatch"].put_metric_alarm(AlarmName="a", MetricName="m", Namespace="n", Period=60,
                                     EvaluationPeriods=1, Threshold=0.1, Statistic="Sum",
                                     ComparisonOperator="GreaterThanThreshold")
    c["events"].put_rule(Name="r", ScheduleExpression="rate(5 minutes)")
    c["rds"].create_db_instance(DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="mysql",
                                AllocatedStorage=20, MasterUsername="m", MasterUserPassword="password1")
    c["ssm"].put_parameter(Name="/p", Value="v", Type="String")
    c["secretsmanager"].create_secret(Name="s", SecretString="x")
    world["zone"] = c["route53"].create_hosted_zone(Name="moon.test.", CallerReference="1")[
        "HostedZone"]["Id"].split("/")[-1]
    for n in range(3):
        c["route53"].change_resource_record_sets(HostedZoneId=world["zone"], ChangeBatch={"Changes": [
            {"Action": "CREATE", "ResourceRecordSet": {"Name": f"h{n}.moon.test.", "Type": "A", "TTL": 60,
                                                       "ResourceRecords": [{"Value": "192.0.2.1"}]}}]})
    c["ecr"].create_repository(repositoryName="repo")
    c["ecs"].create_cluster(clusterName="c")
    c["cloudformation"].create_stack(StackName="st", TemplateBody=json.dumps(
        {"AWSTemplateFormatVersion": "2010-09-09",
         "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "cfq"}}}}))
    c["kinesis"].create_stream(StreamName="k", ShardCount=1)
    world["machine"] = c["stepfunctions"].create_state_machine(
        name="m", definition='{"StartAt":"a","States":{"a":{"Type":"Pass","End":true}}}',
        roleArn=role)["stateMachineArn"]
    world["certificate"] = c["acm"].request_certificate(DomainName="moon.test")["CertificateArn"]
    world["balancer"] = c["elbv2"].create_load_balancer(Name="lb", Subnets=subnets)[
        "LoadBalancers"][0]["LoadBalancerArn"]
    c["cloudtrail"].create_trail(Name="trail", S3BucketName="logs")
    world["api"] = c["apigateway"].create_rest_api(name="api")["id"]
    c["efs"].create_file_system(CreationToken="e")
    c["organizations"].create_organization(FeatureSet="ALL")
    c["glue"].create_database(DatabaseInput={"Name": "gdb"})
    world["detector"] = c["guardduty"].create_detector(Enable=True)["DetectorId"]
    world["pool"] = c["cognito-idp"].create_user_pool(PoolName="pool")["UserPool"]["Id"]
    c["backup"].create_backup_vault(BackupVaultName="vault")
    return world


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

# What moto makes up anew for each answer: the time of the answer, links with random parts.
VOLATILE = re.compile(r"(\.LatestRestorableTime|\.SizeInBytes\.Timestamp|\.WorkGroups\[\d+\]\.CreationTime|"
                      r"\.Code\.Location|\.User\.CreateDate|\.endpointAddress|\.registrationCode|"
                      r"\.RandomPassword|\.SendDataPoints\[0\]\.Timestamp|\.Credentials\.Expiration)$")


def fill(value, world):
    if isinstance(value, dict):
        return {k: fill(v, world) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, world) for v in value]
    if isinstance(value, str) and value.startswith("$"):
        return world[value[1:]]
    return value


def plain(value):
    """A boto3 answer as JSON would say it."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):
        return base64.b64encode(value.read()).decode()
    return value


def as_time(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        except ValueError:
            return None
    return None


def difference(got, want, path=""):
    if isinstance(want, dict) and isinstance(got, dict):
        for key in sorted(set(got) | set(want)):
            if VOLATILE.search(f"{path}.{key}"):
                continue
            if key not in got or key not in want:
                return f"{path}.{key}: only {'moonward' if key in got else 'boto3'} has it"
            found = difference(got[key], want[key], f"{path}.{key}")
            if found:
                return found
        return None
    if isinstance(want, list) and isinstance(got, list):
        if len(got) != len(want):
            return f"{path}: {len(got)} elements, not {len(want)}"
        for i, (a, b) in enumerate(zip(got, want)):
            found = difference(a, b, f"{path}[{i}]")
            if found:
                return found
        return None
    if got == want and isinstance(got, bool) == isinstance(want, bool):
        return None
    a, b = as_time(got), as_time(want)
    if a is not None and b is not None and abs(a - b) < 0.001:
        return None
    return f"{path}: {got!r} is not {want!r}"


def by_boto(url, service, operation, params, page_size, paged):
    c = client(url, service)
    names = {api: method for method, api in c.meta.method_to_api_mapping.items()}
    try:
        if paged:
            config = {"PageSize": page_size} if page_size else {}
            pages = c.get_paginator(names[operation]).paginate(PaginationConfig=config, **params)
            return plain(pages.build_full_result())
        return plain(getattr(c, names[operation])(**params))
    except botocore.exceptions.ClientError as e:
        return {"error": {"code": e.response["Error"]["Code"], "message": e.response["Error"]["Message"],
                          "status": e.response["ResponseMetadata"]["HTTPStatusCode"]}}


def by_moonward(binary, environment, service, operation, params, page_size, paged, more=()):
    command = [binary, "call", service, operation, "--params", json.dumps(params),
               "--write", *more]
    if paged:
        command.append("--paginate")
    if page_size:
        command += ["--page-size", str(page_size)]
    done = subprocess.run(command, capture_output=True, timeout=60,
                          env=environment)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if done.stdout:
        raise AssertionError("a failed call printed on stdout")
    error = json.loads(done.stderr.decode().strip().splitlines()[-1])
    if done.returncode != 1:
        raise AssertionError(f"exit {done.returncode}: {error}")
    error["error"].pop("request_id")
    return error


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
            want = by_boto(server.url, service, operation, params, None, False)
            got = by_moonward(binary, offline, service, operation, params, None, False,
                              ("--replay", folder))
            found = difference(got, want)
            if found:
                failures.append(f"replay of {service}:{operation} {found}")
        done = subprocess.run([binary, "call", "ec2", "DescribeVolumes", "--replay", folder],
                              capture_output=True, env=offline, timeout=60)
        if done.returncode != 1 or b"is not in the recording" not in done.stderr:
            failures.append("a request that was not recorded was answered")


def wide_rows(url):
    """What boto3 and moto both know and what can be asked without parameters."""
    import moto.backends
    known = {name.replace("_", "") for name in moto.backends.list_of_moto_modules()}
    rows = []
    for service in boto3.Session().get_available_services():
        if {"lambda": "awslambda"}.get(service, service).replace("-", "") not in known:
            continue
        c = client(url, service)
        for method, operation in c.meta.method_to_api_mapping.items():
            model = c.meta.service_model.operation_model(operation)
            if not re.match("(List|Describe|Get|Head|BatchGet|Search|Lookup)", operation) or \
                    model.has_event_stream_output or \
                    (model.input_shape and model.input_shape.required_members):
                continue
            rows.append((service, operation, {}, None, False))
            if c.can_paginate(method):
                rows.append((service, operation, {}, None, True))
    return rows


def main():
    binary = os.path.abspath(sys.argv[1])
    loader = botocore.loaders.Loader
    own_models = True
    if "--models" in sys.argv[2:]:
        models = sys.argv[sys.argv.index("--models") + 1]
        own_models = os.path.realpath(models) == os.path.realpath(loader.BUILTIN_DATA_PATH)
        loader.BUILTIN_DATA_PATH = models
    failures = []
    count = 0
    started = time.time()
    with motoserver.Server() as server:
        world = seed(server.url)
        rows = [(s, o, p, None, False) for s, o, p in CALLS] + [(s, o, p, n, True) for s, o, p, n in PAGED]
        if "--wide" in sys.argv[2:]:
            rows += wide_rows(server.url)
        for service, operation, params, page_size, paged in rows:
            params = fill(params, world)
            name = f"{service}:{operation} {json.dumps(params)}" + (" paged" if paged else "")
            try:
                want = by_boto(server.url, service, operation, params, page_size, paged)
            except botocore.parsers.ResponseParserError:
                continue  # moto answered with a page of HTML
            except botocore.exceptions.OperationNotPageableError:
                if own_models:
                    raise
                continue  # it has pages by newer models only
            if isinstance(want.get("error"), dict) and want["error"].get("status") in (500, 501):
                continue  # moto has no such operation
            count += 1
            try:
                got = by_moonward(binary, server.environment(**MORE), service, operation, params, page_size, paged)
                found = difference(got, want)
            except (AssertionError, ValueError, subprocess.TimeoutExpired) as e:
                found = str(e)
            if found:
                failures.append(f"{name} {found}")
        check_replay(binary, server, world, failures)
    for line in failures:
        print("FAILED", line)
    print(f"{count - len(failures)} of {count} calls agree with boto3 {boto3.__version__}{'' if own_models else ' on older models'}, "
          f"{time.time() - started:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
