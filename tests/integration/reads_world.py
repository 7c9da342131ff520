"""A moto server filled widely: the small world of call_world.py, hand-made things whose answers are hard to read (odd characters,
nested structures, blobs, templates), and then whatever the models say can be created in every service that moto implements.

A creation may fail: moto does not implement everything, and refuses invented values. Failures are counted, not raised.
"""
import concurrent.futures
import importlib.util
import json
import os
import re

import botocore.exceptions
import botocore.parsers

import call_compare
import call_world
from call_compare import client
from reads_models import Maker, ODD, Pool, WHEN, entity

MAKES = re.compile(r"^(Create|Allocate|Register|Request|Import)[A-Z]")
ADDS = re.compile(r"^(Put|Add|Attach|Associate|Enable|Tag|Set|Start|Publish|Authorize)[A-Z]")
READS = re.compile(r"^(List|Describe|Get|Head|BatchGet|BatchDescribe|Search|Lookup|Scan|Query|AdminGet|AdminList|Simulate|Select|Check|"
                   r"Validate|Estimate|Filter|Is)([A-Z]|$)")
# Not to be created by the models alone: they run code, wait, or are made by hand below.
LEAVE = {"StartJobRun", "CreateMultipartUpload", "PutObject", "CreateFunction", "CreateDBInstance", "CreateDBCluster",
         "StartQueryExecution", "CreateOrganization", "CreateStack", "CreateStackSet", "CreateChangeSet", "PutBucketPolicy"}
# moto's handlers of these are not named after the operations.
UNNAMED = {"s3", "s3control", "route53", "glacier", "mediastore-data", "lambda", "apigateway", "ses", "iot-data", "cloudwatch"}
# What the models cannot tell: (service, operation or None for all, member) -> value.
HAND = {
    ("wafv2", None, "Scope"): "REGIONAL",
    ("s3", None, "Bucket"): "odd",
    ("s3control", None, "AccountId"): "123456789012",
    ("account", None, "AccountId"): "123456789012",
    ("cloudtrail", "CreateTrail", "S3BucketName"): "logs",
    ("lambda", None, "FunctionName"): "f",
    ("sqs", None, "AttributeNames"): ["All"],
    ("ec2", "DescribeInstanceAttribute", "Attribute"): "instanceType",
    ("ec2", "DescribeVpcAttribute", "Attribute"): "enableDnsSupport",
    ("ec2", "RunInstances", "ImageId"): "ami-0123456789abcdef0",
    ("kms", "GetKeyPolicy", "PolicyName"): "default",
    ("iam", "GetPolicyVersion", "VersionId"): "v1",
    ("dynamodb", None, "Key"): {"k": {"S": "1"}},
    ("transcribe", None, "Media"): {"MediaFileUri": "s3://logs/a.mp3"},
    ("glacier", None, "accountId"): "-",
    ("servicecatalog", None, "ProviderName"): "moon",
    ("identitystore", None, "IdentityStoreId"): "d-1234567890",
    ("cognito-idp", None, "Username"): "zoë",
    ("cloudwatch", "GetMetricStatistics", "Statistics"): ["Sum", "Average"],
    ("cloudwatch", None, "StartTime"): WHEN,
    ("quicksight", None, "AwsAccountId"): "123456789012",
    ("quicksight", None, "Namespace"): "default",
    ("support", None, "language"): "en",
    ("budgets", None, "AccountId"): "123456789012",
    ("ssm", None, "Path"): "/",
    ("ssm", None, "Names"): ["/p", "/deep/ü/list"],
    ("securityhub", "CreateMembers", "AccountDetails"): [{"AccountId": "111122223333", "Email": "m@moon.test"}],
    ("resourcegroupstaggingapi", None, "TagKey"): "team",
}


def services(only=None):
    """{boto3's name of a service: moto's module of it}, those with many operations first, so that none of them ends last."""
    import moto.backends
    known = {name.replace("_", ""): name for name in moto.backends.list_of_moto_modules()}
    found = {}
    for service in call_compare.session().get_available_services():
        module = known.get({"lambda": "awslambda"}.get(service, service).replace("-", ""))
        if module and (not only or service in only):
            found[service] = module
    return dict(sorted(found.items(), key=lambda pair: -len(implemented(pair[1]))))


def implemented(module):
    """The names of the functions in moto's response classes of a module: how it calls the operations that it implements."""
    root = os.path.dirname(importlib.util.find_spec("moto").origin)
    names = set()
    for folder, _, files in os.walk(os.path.join(root, module)):
        for name in files:
            if name.endswith(".py") and "response" in os.path.join(folder[len(root):], name):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    names.update(re.findall(r"def (\w+)\(", f.read()))
    return names


def operations(url, service, module, pattern):
    """[(operation, its model)] of a service that moto can be expected to answer, in the models' order."""
    c = client(url, service)
    have = implemented(module)
    out = []
    for method, operation in sorted(c.meta.method_to_api_mapping.items(), key=lambda pair: pair[1]):
        model = c.meta.service_model.operation_model(operation)
        if not pattern.match(operation) or model.has_event_stream_output or model.has_event_stream_input:
            continue
        if method in have or service in UNNAMED:
            out.append((operation, model))
    return out


class World:
    def __init__(self, url):
        self.url = url
        self.shared = Pool()
        self.pools = {}
        self.made = self.failed = 0
        self.failures = []

    def pool(self, service):
        return self.pools.setdefault(service, Pool(self.shared))

    def call(self, service, operation, params):
        """The answer, or None: counted either way, and identifiers of parameters and answer kept."""
        c = client(self.url, service)
        try:
            answer = getattr(c, call_compare.method_of(c, operation))(**params)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, botocore.parsers.ResponseParserError,
                KeyError, TypeError, ValueError, AttributeError) as e:
            self.failed += 1
            self.failures.append(f"{service}:{operation} {e}"[:200])
            return None
        self.made += 1
        answer.pop("ResponseMetadata", None)
        self.pool(service).harvest(operation, params)
        self.pool(service).harvest(operation, answer)
        return answer

    def create(self, service, operation, model, invent):
        """Two of what the operation makes, richly if moto lets us; None when an identifier would have to be invented."""
        new = entity(operation) if MAKES.match(operation) else None
        for number in (1, 2) if new else (1,):
            for optional in (2, 0):
                maker = Maker(service, operation, self.pool(service), HAND, number, new)
                params = maker.params(model.input_shape, optional)
                if maker.invented and optional:
                    continue
                if maker.invented and not invent:
                    return None
                if self.call(service, operation, params) is not None:
                    break
        return True

    def fill(self, service, module):
        waiting = [o for o in operations(self.url, service, module, MAKES) if o[0] not in LEAVE]
        for invent in (False, False, True):
            waiting = [o for o in waiting if self.create(service, *o, invent) is None]
        for operation, model in operations(self.url, service, module, ADDS):
            if operation not in LEAVE:
                self.create(service, operation, model, True)


def odd_bucket(w):
    """Keys that must be encoded in paths and in lists; versions; one body of every byte."""
    def call(operation, **params):
        return w.call("s3", operation, params)

    call("CreateBucket", Bucket="odd")
    call("PutBucketVersioning", Bucket="odd", VersioningConfiguration={"Status": "Enabled"})
    for key in ODD_KEYS:
        call("PutObject", Bucket="odd", Key=key, Body=bytes(range(256)), Metadata={"owner": "moon", "empty": ""},
             ContentType="application/x-test; charset=utf-8", ContentLanguage="de", CacheControl="max-age=3, private",
             Tagging="a%26b=%3Cc%3E&team=%C3%BC")
    call("PutObject", Bucket="odd", Key=ODD_KEYS[0], Body=b"second", Expires=WHEN, StorageClass="STANDARD_IA")
    call("DeleteObject", Bucket="odd", Key=ODD_KEYS[1])
    call("PutObject", Bucket="odd", Key="empty", Body=b"")
    call("PutBucketCors", Bucket="odd", CORSConfiguration={"CORSRules": [
        {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.moon.test", "*"], "ExposeHeaders": ["x-a"], "MaxAgeSeconds": 3}]})
    call("PutBucketWebsite", Bucket="odd", WebsiteConfiguration={
        "IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "e&r.html"},
        "RoutingRules": [{"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"ReplaceKeyPrefixWith": "d/"}}]})
    call("PutBucketEncryption", Bucket="odd", ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}, "BucketKeyEnabled": True}]})
    call("PutBucketTagging", Bucket="odd", Tagging={"TagSet": [{"Key": "a&b", "Value": "<c> ü ]]>"}, {"Key": "leer", "Value": ""}]})
    call("PutBucketNotificationConfiguration", Bucket="odd", NotificationConfiguration={"EventBridgeConfiguration": {}})
    call("PutBucketLogging", Bucket="odd", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "p/ü&"}})
    call("PutBucketLifecycleConfiguration", Bucket="odd", LifecycleConfiguration={"Rules": [
        {"ID": "r&1", "Status": "Enabled", "Filter": {"And": {"Prefix": "x/", "Tags": [{"Key": "t", "Value": "ü"}]}},
         "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}], "NoncurrentVersionExpiration": {"NoncurrentDays": 9}},
        {"ID": "r2", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"ExpiredObjectDeleteMarker": True},
         "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]})
    upload = call("CreateMultipartUpload", Bucket="odd", Key="parts/ü &+.bin")
    for number in (1, 2):
        call("UploadPart", Bucket="odd", Key="parts/ü &+.bin", UploadId=upload["UploadId"], PartNumber=number, Body=b"x" * 10)
    w.upload = upload["UploadId"]


ODD_KEYS = ["a b/ü+1&x", "plus+ %41 percent", "quote\"'<>&;=?#", "..dots/../x", "//double//", "漢字/\U0001f319", "tab\tand\\back", "a/b/c/d.txt",
            "tilde~!*()'", "x" * 300]


def by_hand(w):
    """What the models alone would not make well."""
    odd_bucket(w)
    for user in ("zoë", "o'neil+1"):
        w.call("iam", "CreateUser", {"UserName": user.replace("ë", "e").replace("'", "_"), "Path": "/a/b/", "Tags": [{"Key": "t", "Value": ODD}]})
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": "iam:*", "Resource": ["*", "arn:aws:s3:::ü/*"],
                                                      "Condition": {"StringLike": {"aws:x": ["a+b", "50%", "\"q\"", "\\"]}}}]}
    w.call("iam", "PutUserPolicy", {"UserName": "user1", "PolicyName": "odd", "PolicyDocument": json.dumps(policy, ensure_ascii=False)})
    w.call("iam", "CreateGroup", {"GroupName": "group"})
    w.call("iam", "PutGroupPolicy", {"GroupName": "group", "PolicyName": "odd", "PolicyDocument": json.dumps(policy, indent=2)})
    w.call("iam", "CreateAccessKey", {"UserName": "user1"})
    w.call("cloudformation", "CreateStack", {"StackName": "yaml", "TemplateBody":
           "# ü\nAWSTemplateFormatVersion: '2010-09-09'\nResources:\n  T:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: cft\n",
           "Tags": [{"Key": "t", "Value": "ü"}], "Parameters": []})
    w.call("cloudformation", "CreateStack", {"StackName": "json", "TemplateBody": json.dumps(
        {"Description": ODD, "Parameters": {"P": {"Type": "Number", "Default": 1.50}}, "Outputs": {"O": {"Value": {"Ref": "Q"}}},
         "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "k", "Value": "v"}]}}}})})
    w.call("ec2", "CreateTags", {"Resources": w.shared.get("instanceid") or [], "Tags": [{"Key": "Name", "Value": ODD}]})
    w.call("sqs", "SendMessage", {"QueueUrl": w.shared.get("queueurl")[0], "MessageBody": ODD})
    w.call("dynamodb", "PutItem", {"TableName": "t", "Item": {
        "k": {"S": "nest"}, "m": {"M": {"ü": {"L": [{"NULL": True}, {"N": "1e-7"}, {"B": b"\x00\xff"}]}}}, "ss": {"SS": ["a", "ü"]},
        "bs": {"BS": [b"\x01", b"\x02\xfe"]}, "ns": {"NS": ["1", "2.50"]}, "e": {"S": ""}, "t": {"BOOL": False}}})
    w.call("ssm", "PutParameter", {"Name": "/deep/ü/list", "Value": "a,b," + ODD, "Type": "StringList", "Description": ODD})
    w.call("secretsmanager", "CreateSecret", {"Name": "binary", "SecretBinary": bytes(range(256)), "Description": ODD})
    w.call("logs", "CreateLogStream", {"logGroupName": "/g/1", "logStreamName": "s"})
    w.call("logs", "PutLogEvents", {"logGroupName": "/g/1", "logStreamName": "s", "logEvents": [
        {"timestamp": 1700000000000 + n, "message": f"{n} {ODD}"} for n in range(5)]})
    w.call("cloudwatch", "PutMetricData", {"Namespace": "n/ü", "MetricData": [
        {"MetricName": "m", "Value": v, "Timestamp": WHEN, "Dimensions": [{"Name": "d", "Value": "x&y"}]} for v in (1.5, 1e-9, 3)]})
    w.call("cognito-idp", "AdminCreateUser", {"UserPoolId": (w.pool("cognito-idp").get("userpoolid") or ["x"])[0], "Username": "zoë",
                                              "UserAttributes": [{"Name": "email", "Value": "z@moon.test"}]})
    w.call("lambda", "AddPermission", {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"})
    w.call("mediastore-data", "PutObject", {"Path": "a/b c.bin", "Body": bytes(range(256)), "ContentType": "video/x"})


def populate(url, chosen, threads):
    """A World; @p chosen {service: module}."""
    w = World(url)
    small = call_world.seed(url)
    for service in ("iam", "ec2", "sqs", "sns", "kms", "lambda", "logs", "ecs", "cognito-idp", "acm"):
        pool = w.pool(service)
        for operation in {"iam": ["ListRoles"], "ec2": ["DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups", "DescribeInstances"],
                          "sqs": ["ListQueues"], "sns": ["ListTopics"], "kms": ["ListKeys"], "lambda": ["ListFunctions"],
                          "logs": ["DescribeLogGroups"], "ecs": ["ListClusters"], "acm": ["ListCertificates"]}.get(service, []):
            pool.harvest(operation, call_compare.by_boto(url, service, operation, {}))
    w.pool("cognito-idp").add("userpoolid", small["pool"])
    w.pool("sqs").add("queueurl", small["queue"])
    w.shared.add("rolearn", "arn:aws:iam::123456789012:role/runner")
    w.shared.add("bucket", "logs")
    by_hand(w)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda pair: w.fill(*pair), chosen.items()):
            pass
    return w
