"""Chosen calls of tests/integration/test_call_reads.py: customised answers, odd characters, pages, errors of every protocol."""
from reads_models import WHEN
from reads_world import ODD_KEYS

# service -> [(operation, parameters, page size or None, whether page by page)]
CALLS = {
    "s3": [("HeadObject", {"Bucket": "odd", "Key": key}, None, False) for key in ODD_KEYS] +
          [("GetObject", {"Bucket": "odd", "Key": key}, None, False) for key in ODD_KEYS] + [
        ("GetObjectTagging", {"Bucket": "odd", "Key": ODD_KEYS[0]}, None, False),
        ("GetObjectAttributes", {"Bucket": "odd", "Key": ODD_KEYS[0], "ObjectAttributes": ["ETag", "ObjectSize", "StorageClass"]}, None, False),
        ("GetObject", {"Bucket": "odd", "Key": "empty"}, None, False),
        ("GetObject", {"Bucket": "odd", "Key": ODD_KEYS[0], "Range": "bytes=1-3"}, None, False),
        ("GetObject", {"Bucket": "odd", "Key": ODD_KEYS[0], "IfModifiedSince": WHEN}, None, False),
        ("GetObject", {"Bucket": "odd", "Key": "no such/ü"}, None, False),
        ("HeadObject", {"Bucket": "odd", "Key": "no such/ü"}, None, False),
        ("HeadBucket", {"Bucket": "missing"}, None, False),
        ("HeadBucket", {"Bucket": "odd"}, None, False),
        ("GetBucketLocation", {"Bucket": "elsewhere"}, None, False),
        ("GetBucketLocation", {"Bucket": "odd"}, None, False),
        ("GetBucketPolicy", {"Bucket": "logs"}, None, False),
        ("ListObjectsV2", {"Bucket": "odd"}, 2, True),
        ("ListObjectsV2", {"Bucket": "odd", "Prefix": "a b/"}, None, False),
        ("ListObjectsV2", {"Bucket": "odd", "Delimiter": "/"}, None, False),
        ("ListObjectsV2", {"Bucket": "odd", "StartAfter": "plus+ %41 percent"}, None, False),
        ("ListObjectsV2", {"Bucket": "odd", "EncodingType": "url"}, None, False),
        ("ListObjects", {"Bucket": "odd", "Delimiter": " ", "MaxKeys": 2}, None, False),
        ("ListObjects", {"Bucket": "odd", "Marker": "a b/ü+1&x"}, None, False),
        ("ListObjects", {"Bucket": "odd", "Prefix": "a b/ü"}, None, False),
        ("ListObjects", {"Bucket": "odd"}, 3, True),
        ("ListObjects", {"Bucket": "odd", "Delimiter": "/"}, 1, True),
        ("ListObjectVersions", {"Bucket": "odd"}, 3, True),
        ("ListObjectVersions", {"Bucket": "odd", "Prefix": "a b/ü"}, None, False),
        ("ListMultipartUploads", {"Bucket": "odd"}, None, True),
        ("ListParts", {"Bucket": "odd", "Key": "parts/ü &+.bin", "UploadId": "$upload"}, 1, True),
    ],
    "iam": [
        ("GetUserPolicy", {"UserName": "user1", "PolicyName": "odd"}, None, False),
        ("GetGroupPolicy", {"GroupName": "group", "PolicyName": "odd"}, None, False),
        ("GetAccountAuthorizationDetails", {}, None, True),
        ("GetAccountAuthorizationDetails", {"Filter": ["User", "Group"]}, 1, True),
        ("ListUsers", {"PathPrefix": "/a/b/"}, None, False),
        ("ListPolicies", {"Scope": "AWS"}, 100, True),
        ("GetContextKeysForCustomPolicy", {"PolicyInputList": ["{}"]}, None, False),
    ],
    "cloudformation": [
        ("GetTemplate", {"StackName": "json"}, None, False),
        ("GetTemplate", {"StackName": "yaml"}, None, False),
        ("GetTemplateSummary", {"StackName": "json"}, None, False),
        ("DescribeStacks", {"StackName": "missing"}, None, False),
        ("DescribeStackEvents", {"StackName": "json"}, None, True),
    ],
    "ec2": [
        ("GetConsoleOutput", {"InstanceId": "$instanceid"}, None, False),
        ("DescribeInstances", {"Filters": [{"Name": "tag:Name", "Values": ["Zoë*"]}]}, None, True),
        ("DescribeTags", {}, None, True),
        ("DescribeInstances", {"InstanceIds": ["nonsense"]}, None, False),
        ("DescribeInstanceTypes", {"InstanceTypes": ["t3.micro", "m5.large"]}, None, False),
        ("DescribeInstanceTypes", {"InstanceTypes": ["nonsense"]}, None, False),
    ] + [("DescribeInstanceAttribute", {"InstanceId": "$instanceid", "Attribute": a}, None, False) for a in (
        "instanceType", "userData", "disableApiTermination", "groupSet", "sourceDestCheck", "blockDeviceMapping", "kernel")],
    "route53": [
        ("ListResourceRecordSets", {"HostedZoneId": "$hostedzoneid"}, 1, True),
        ("GetHostedZone", {"Id": "/hostedzone/ZMISSING"}, None, False),
        ("ListHostedZonesByName", {"DNSName": "moon.test."}, None, False),
        ("ListTagsForResource", {"ResourceType": "hostedzone", "ResourceId": "$hostedzoneid"}, None, False),
    ],
    "dynamodb": [
        ("GetItem", {"TableName": "t", "Key": {"k": {"S": "nest"}}}, None, False),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [{"k": {"S": "1"}}, {"k": {"S": "nest"}}]}}}, None, False),
        ("Scan", {"TableName": "t"}, 2, True),
        ("Query", {"TableName": "t", "KeyConditionExpression": "k = :k", "ExpressionAttributeValues": {":k": {"S": "nest"}}}, None, True),
        ("GetItem", {"TableName": "t", "Key": {"wrong": {"S": "1"}}}, None, False),
        ("Scan", {"TableName": "t", "FilterExpression": "((("}, None, False),
    ],
    "secretsmanager": [
        ("GetSecretValue", {"SecretId": "binary"}, None, False),
        ("GetSecretValue", {"SecretId": "s"}, None, False),
        ("GetSecretValue", {"SecretId": "missing"}, None, False),
    ],
    "ssm": [
        ("GetParametersByPath", {"Path": "/deep", "Recursive": True}, 1, True),
        ("GetParameter", {"Name": "/deep/ü/list"}, None, False),
        ("GetParameters", {"Names": ["/p", "/missing"]}, None, False),
        ("GetParameter", {"Name": "/missing"}, None, False),
    ],
    "logs": [
        ("FilterLogEvents", {"logGroupName": "/g/1"}, 2, True),
        ("GetLogEvents", {"logGroupName": "/g/1", "logStreamName": "s", "startFromHead": True}, None, False),
        ("DescribeLogStreams", {"logGroupName": "/missing"}, None, False),
    ],
    "cloudwatch": [
        ("GetMetricStatistics", {"Namespace": "n/ü", "MetricName": "m", "StartTime": WHEN, "EndTime": 1709337600, "Period": 3600,
                                 "Statistics": ["Sum", "Average", "Minimum"]}, None, False),
        ("ListMetrics", {"Namespace": "n/ü"}, None, True),
        ("DescribeAlarms", {"AlarmNames": ["missing"]}, None, False),
    ],
    "lambda": [
        ("GetPolicy", {"FunctionName": "f"}, None, False),
        ("GetFunction", {"FunctionName": "missing ü"}, None, False),
        ("GetFunction", {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f"}, None, False),
        ("ListVersionsByFunction", {"FunctionName": "f"}, None, True),
    ],
    "mediastore-data": [("GetObject", {"Path": "a/b c.bin"}, None, False), ("ListItems", {}, None, True)],
    "sqs": [("GetQueueUrl", {"QueueName": "missing"}, None, False), ("ListQueues", {"QueueNamePrefix": "j"}, 1, True)],
    "sts": [("GetCallerIdentity", {}, None, False), ("GetSessionToken", {"DurationSeconds": 900}, None, False)],
    "rds": [("DescribeDBInstances", {"DBInstanceIdentifier": "missing"}, None, False)],
    "kms": [("DescribeKey", {"KeyId": "alias/missing"}, None, False), ("GetPublicKey", {"KeyId": "missing"}, None, False)],
}


def of(service, world):
    """The chosen calls of a service; `$name` is what the world knows by that name, and a call without it is left out."""
    for operation, params, page_size, paged in CALLS.get(service, ()):
        filled = {}
        for member, value in params.items():
            if isinstance(value, str) and value.startswith("$"):
                known = [world.upload] if value == "$upload" else world.pool(service).get(value[1:])
                value = known[0] if known else None
            filled[member] = value
        if None not in filled.values():
            yield operation, filled, page_size, paged
