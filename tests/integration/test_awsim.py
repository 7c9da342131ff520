#!/usr/bin/env python3
"""The load and fault server tells the truth: boto3, whose parsers share nothing with ours or with it, lists it and finds what its oracle says.

  test_awsim.py MOONWARD AWSIM     (moonward is not run here)

Also: errors as AWS gives them, paging tokens that belong to one list, writes that the ledger has once, and each fault as it looks from boto3.
Skipped loudly without boto3.
"""
import csv, hashlib, io, os, socket, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from awsimserver import Server  # noqa: E402

try:
    import boto3, botocore.exceptions, botocore.model, botocore.parsers
    from botocore.exceptions import ClientError
except ImportError as e:
    print("skipped: %s is not installed, so awsim was not compared with it" % e.name)
    sys.exit(77)

REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-2"]
problems = []


def check(good, what, *details):
    if not good:
        problems.append("%s %s" % (what, " ".join(map(repr, details))))


def refused(call, code, status=None):
    try:
        call()
        check(False, "not refused, expected", code)
    except ClientError as e:
        got = e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"]
        check(got[0] == code and status in (None, got[1]), "refused with", got, "expected", (code, status))


def breaks(call, what):
    """True when the caller saw that the answer is no answer."""
    try:
        call()
        check(False, "boto3 took a spoilt answer:", what)
    except (ClientError, botocore.exceptions.BotoCoreError, botocore.parsers.ResponseParserError) as e:
        if isinstance(e, ClientError):
            check(e.response["ResponseMetadata"]["HTTPStatusCode"] != 200, "a 200 as an error", what, str(e))


def pages(client, operation, key, **more):
    return [i for p in client.get_paginator(operation).paginate(**more) for i in p[key]]


def id_hash(ids):
    return "%016X" % (sum(int.from_bytes(hashlib.sha256(i.encode()).digest()[:8], "big") for i in ids) % (1 << 64))


def listed(s, n):
    """What boto3 finds in account n: {type: {region: {id: item}}}."""
    found = {}

    def add(kind, region, key, items):
        items = list(items)
        here = {key(i): i for i in items}
        check(len(here) == len(items), "a list has an id twice:", kind, region)
        found.setdefault(kind, {})[region] = here

    for region in REGIONS:
        ec2, rds, kms = (s.client(name, region, n) for name in ("ec2", "rds", "kms"))
        add("AWS::EC2::Instance", region, lambda i: i["InstanceId"],
            (i for r in pages(ec2, "describe_instances", "Reservations", PaginationConfig={"PageSize": 7}) for i in r["Instances"]))
        for kind, operation, key, name, size in (
                ("Volume", "describe_volumes", "Volumes", "VolumeId", 5), ("Snapshot", "describe_snapshots", "Snapshots", "SnapshotId", 5),
                ("SecurityGroup", "describe_security_groups", "SecurityGroups", "GroupId", 6), ("VPC", "describe_vpcs", "Vpcs", "VpcId", 5),
                ("Subnet", "describe_subnets", "Subnets", "SubnetId", 5), ("RouteTable", "describe_route_tables", "RouteTables", "RouteTableId", 5),
                ("FlowLog", "describe_flow_logs", "FlowLogs", "FlowLogId", 1)):
            add("AWS::EC2::" + kind, region, lambda i, name=name: i[name], pages(ec2, operation, key, PaginationConfig={"PageSize": size}))
        add("AWS::RDS::DBInstance", region, lambda i: i["DBInstanceIdentifier"],
            pages(rds, "describe_db_instances", "DBInstances", PaginationConfig={"PageSize": 20}))
        add("AWS::KMS::Key", region, lambda i: i["KeyId"], pages(kms, "list_keys", "Keys", PaginationConfig={"PageSize": 2}))
        add("AWS::Lambda::Function", region, lambda i: i["FunctionName"],
            pages(s.client("lambda", region, n), "list_functions", "Functions", PaginationConfig={"PageSize": 3}))
        trails = s.client("cloudtrail", region, n).describe_trails(includeShadowTrails=False)["trailList"]
        add("AWS::CloudTrail::Trail", region, lambda i: i["Name"], trails)
        shadows = s.client("cloudtrail", region, n).describe_trails()["trailList"]
        check(all(t["IsMultiRegionTrail"] for t in shadows if t["HomeRegion"] != region), "a foreign trail that does not span", region)
    iam = s.client("iam", n=n)
    users = pages(iam, "list_users", "Users", PaginationConfig={"PageSize": 4})
    add("AWS::IAM::User", "global", lambda i: i["UserName"], users)
    details = {}
    for page in iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 9}):
        for key in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
            details.setdefault(key, []).extend(page[key])
    check({u["UserName"] for u in users} == {u["UserName"] for u in details["UserDetailList"]}, "two lists of users differ")
    add("AWS::IAM::Group", "global", lambda i: i["GroupName"], details["GroupDetailList"])
    add("AWS::IAM::Role", "global", lambda i: i["RoleName"], details["RoleDetailList"])
    add("AWS::IAM::ManagedPolicy", "global", lambda i: i["PolicyName"], details["Policies"])
    roles = iam.get_account_authorization_details(Filter=["Role"], MaxItems=1000)
    check(len(roles["RoleDetailList"]) == len(details["RoleDetailList"]) and not roles["UserDetailList"], "a filter by kind")
    keys = [k for u in users for k in iam.list_access_keys(UserName=u["UserName"])["AccessKeyMetadata"]]
    add("AWS::IAM::AccessKey", "global", lambda i: i["AccessKeyId"], keys)
    for k in keys:
        check(iam.get_access_key_last_used(AccessKeyId=k["AccessKeyId"])["UserName"] == k["UserName"], "the user of a key")
    add("AWS::IAM::VirtualMFADevice", "global", lambda i: i["SerialNumber"],
        pages(iam, "list_virtual_mfa_devices", "VirtualMFADevices", PaginationConfig={"PageSize": 3}))
    iam.generate_credential_report()
    report = list(csv.DictReader(io.StringIO(iam.get_credential_report()["Content"].decode())))
    check({r["user"] for r in report} == {u["UserName"] for u in users} | {"<root_account>"}, "the users of the credential report")
    found["report"] = {r["user"]: r for r in report}
    s3 = s.client("s3", n=n)
    buckets = pages(s3, "list_buckets", "Buckets", PaginationConfig={"PageSize": 4})
    for region in REGIONS:
        add("AWS::S3::Bucket", region, lambda i: i["Name"], (b for b in buckets if b["BucketRegion"] == region))
    for b in buckets:
        location = s3.get_bucket_location(Bucket=b["Name"])["LocationConstraint"] or "us-east-1"
        check(location == b["BucketRegion"], "two regions of a bucket", location, b["BucketRegion"])
    return found


def optional(call, key, *codes):
    try:
        return call()[key]
    except ClientError as e:
        check(e.response["Error"]["Code"] in codes, "absent by", e.response["Error"]["Code"])


def observe(s, n, region, kind, name, item, found):
    """The oracle's facts, from what boto3 read."""
    if kind == "AWS::EC2::Instance":
        return {"State": ["running", "stopped", "terminated"].index(item["State"]["Name"]), "HttpTokens": int(item["MetadataOptions"]["HttpTokens"] == "required")}
    if kind == "AWS::EC2::Volume":
        return {"Encrypted": int(item["Encrypted"])}
    if kind == "AWS::EC2::Snapshot":
        allowed = s.client("ec2", region, n).describe_snapshot_attribute(SnapshotId=name, Attribute="createVolumePermission")
        return {"Encrypted": int(item["Encrypted"]), "Public": int({"Group": "all"} in allowed["CreateVolumePermissions"])}
    if kind == "AWS::EC2::SecurityGroup":
        return {"OpenSsh": int(any(p.get("FromPort") == 22 and p["IpRanges"][0]["CidrIp"] == "0.0.0.0/0" for p in item["IpPermissions"]))}
    if kind == "AWS::EC2::VPC":
        return {"Logged": int(any(f["ResourceId"] == name for f in found["AWS::EC2::FlowLog"][region].values()))}
    if kind == "AWS::RDS::DBInstance":
        return {"Public": int(item["PubliclyAccessible"]), "Encrypted": int(item["StorageEncrypted"]), "Retention": item["BackupRetentionPeriod"]}
    if kind == "AWS::Lambda::Function":
        policy = optional(lambda: s.client("lambda", region, n).get_policy(FunctionName=name), "Policy", "ResourceNotFoundException")
        return {"Public": int('"Principal":"*"' in (policy or ""))}
    if kind == "AWS::KMS::Key":
        kms = s.client("kms", region, n)
        state = kms.describe_key(KeyId=name)["KeyMetadata"]["KeyState"]
        rotates = optional(lambda: kms.get_key_rotation_status(KeyId=item["KeyArn"]), "KeyRotationEnabled", "UnsupportedOperationException")
        return {"Doomed": int(state == "PendingDeletion"), "Rotates": None if rotates is None else int(rotates)}
    if kind == "AWS::CloudTrail::Trail":
        s.client("cloudtrail", region, n).get_trail_status(Name=item["TrailARN"])
        return {"Validates": int(item["LogFileValidationEnabled"]), "Spans": int(item["IsMultiRegionTrail"])}
    if kind == "AWS::IAM::User":
        row = found["report"][name]
        return {"Console": int(row["password_enabled"] == "true"), "Mfa": int(row["mfa_active"] == "true"),
                "Keys": sum(row["access_key_%d_active" % k] == "true" for k in (1, 2))}
    if kind == "AWS::IAM::ManagedPolicy":
        return {"Admin": int(item["PolicyVersionList"][0]["Document"]["Statement"][0]["Action"] == "*")}
    if kind == "AWS::S3::Bucket":
        s3 = s.client("s3", region, n)
        block = optional(lambda: s3.get_public_access_block(Bucket=name), "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration")
        policy = optional(lambda: s3.get_bucket_policy(Bucket=name), "Policy", "NoSuchBucketPolicy")
        status = optional(lambda: s3.get_bucket_policy_status(Bucket=name), "PolicyStatus", "NoSuchBucketPolicy")
        optional(lambda: s3.get_bucket_tagging(Bucket=name), "TagSet", "NoSuchTagSet")
        for call in (s3.get_bucket_acl, s3.get_bucket_logging, s3.get_bucket_encryption, s3.head_bucket):
            call(Bucket=name)
        kinds = [policy is None, "SecureTransport" in (policy or ""), bool(status and status["IsPublic"]), "888888888888" in (policy or "")]
        flags = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        return {"Versioning": [None, "Enabled", "Suspended"].index(s3.get_bucket_versioning(Bucket=name).get("Status")),
                "PublicBlock": 16 if block is None else sum(block[f] << i for i, f in enumerate(flags)), "Policy": kinds.index(True)}
    return {}


def agrees(s, n, facts=True):
    found = listed(s, n)
    oracle = s.control("oracle", account=n, facts=1)
    total = 0
    for kind, places in oracle["types"].items():
        for region, truth in places.items():
            got = found[kind][region]
            check((len(got), id_hash(got)) == (truth["count"], truth["hash"]), "%s in %s: %d listed, %d exist" % (kind, region, len(got), truth["count"]),
                  sorted(set(got) ^ set(truth["facts"]))[:4])
            total += len(got)
            for name in got if facts else ():
                seen = observe(s, n, region, kind, name, got[name], found)
                wanted = truth["facts"].get(name)
                check({k: v for k, v in seen.items() if v is not None} == {k: wanted[k] for k in seen if seen[k] is not None},
                      "facts of %s %s:" % (kind, name), seen, wanted)
    return total


def errors(s):
    account = s.account(0)
    other = {"aws_secret_access_key": "x" * 40}
    refused(lambda: s.client("sts", **other).get_caller_identity(), "SignatureDoesNotMatch", 403)
    refused(lambda: s.client("ec2", **other).describe_vpcs(), "AuthFailure", 401)
    refused(lambda: s.client("kms", **other).list_keys(), "InvalidSignatureException")
    refused(lambda: s.client("s3", **other).list_buckets(), "SignatureDoesNotMatch", 403)
    nobody = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}
    refused(lambda: s.client("sts", **nobody).get_caller_identity(), "InvalidClientTokenId", 403)
    refused(lambda: s.client("s3", **nobody).list_buckets(), "InvalidAccessKeyId", 403)
    refused(lambda: s.client("kms", **nobody).list_keys(), "UnrecognizedClientException", 400)
    refused(lambda: s.client("ec2", "eu-west-3").describe_vpcs(), "AuthFailure")
    refused(lambda: s.client("ec2").describe_addresses(), "InvalidAction", 400)
    refused(lambda: s.client("iam").list_roles(), "InvalidAction", 400)
    refused(lambda: s.client("kms").list_aliases(), "UnknownOperationException", 400)
    refused(lambda: s.client("lambda").list_layers(), "UnknownOperationException", 404)
    refused(lambda: s.client("s3").list_objects_v2(Bucket="aw-100000000000-0"), "MethodNotAllowed", 405)
    refused(lambda: s.client("s3").get_bucket_acl(Bucket="no-such-bucket"), "NoSuchBucket", 404)
    refused(lambda: s.client("ec2").describe_instances(InstanceIds=["i-0123456789abcdef0"]), "InvalidInstanceID.NotFound", 400)
    refused(lambda: s.client("ec2").describe_instances(MaxResults=3), "InvalidParameterValue", 400)
    refused(lambda: s.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["*"]}]), "InvalidParameterValue", 400)
    ec2 = s.client("ec2")
    token = ec2.describe_instances(MaxResults=5)["NextToken"]
    refused(lambda: ec2.describe_volumes(MaxResults=5, NextToken=token), "InvalidNextToken", 400)
    refused(lambda: s.client("ec2", REGIONS[1]).describe_instances(MaxResults=5, NextToken=token), "InvalidNextToken", 400)
    one = next(iter(s.control("oracle", account=0, type="AWS::EC2::Instance", ids=1)["types"]["AWS::EC2::Instance"]["us-east-1"]["ids"]))
    check(len(ec2.describe_instances(InstanceIds=[one])["Reservations"]) == 1, "one instance by its id")
    first = s.client("s3").list_buckets()["Buckets"][0]["Name"]
    refused(lambda: s.client("s3", n=1).get_bucket_acl(Bucket=first), "AccessDenied", 403)
    for seconds in (3600, -3600):
        s.control("skew", seconds=seconds)
        refused(lambda: s.client("iam").list_users(), "SignatureDoesNotMatch", 403)
        refused(lambda: s.client("ec2").describe_vpcs(), "RequestExpired")
        refused(lambda: s.client("s3").list_buckets(), "RequestTimeTooSkewed", 403)
    s.control("skew", seconds=0)
    check(account["account"] == s.client("sts").get_caller_identity()["Account"], "the caller's account")


def others(s):
    sts = s.client("sts")
    target = s.account(1)["account"]
    role = sts.assume_role(RoleArn="arn:aws:iam::%s:role/role-0" % target, RoleSessionName="mw-test")
    keys = {"aws_access_key_id": role["Credentials"]["AccessKeyId"], "aws_secret_access_key": role["Credentials"]["SecretAccessKey"]}
    session = dict(keys, aws_session_token=role["Credentials"]["SessionToken"])
    who = s.client("sts", **session).get_caller_identity()
    check(who["Account"] == target and who["Arn"].endswith("assumed-role/role-0/mw-test"), "who a role is", who["Arn"])
    check(len(s.client("ec2", **session).describe_vpcs()["Vpcs"]) > 0, "a list with a role's keys")
    refused(lambda: s.client("sts", **keys).get_caller_identity(), "InvalidClientTokenId")
    refused(lambda: s.client("sts", **dict(session, aws_session_token=session["aws_session_token"][:-1] + "x")).get_caller_identity(), "InvalidClientTokenId")
    refused(lambda: sts.assume_role(RoleArn="arn:aws:iam::999999999999:role/r", RoleSessionName="mw-test"), "AccessDenied", 403)
    s.control("skew", seconds=4000)
    refused(lambda: s.client("sts", **session).get_caller_identity(), "ExpiredToken")
    s.control("skew", seconds=0)
    check([r["RegionName"] for r in s.client("ec2").describe_regions()["Regions"]] == REGIONS, "the regions")
    check(isinstance(s.client("ec2").get_ebs_encryption_by_default()["EbsEncryptionByDefault"], bool), "the region's default")
    check(s.client("iam").get_account_summary()["SummaryMap"]["Users"] > 0, "the summary")
    optional(lambda: s.client("iam").get_account_password_policy(), "PasswordPolicy", "NoSuchEntity")
    check("PolicyRoles" in s.client("iam").list_entities_for_policy(PolicyArn="arn:aws:iam::aws:policy/AWSSupportAccess"), "entities of a policy")
    optional(lambda: s.client("account").get_alternate_contact(AlternateContactType="SECURITY"), "AlternateContact", "ResourceNotFoundException")
    tagged = pages(s.client("resourcegroupstaggingapi"), "get_resources", "ResourceTagMappingList", PaginationConfig={"PageSize": 3})
    check(len({t["ResourceARN"] for t in tagged}) == len(tagged) > 0, "tags")
    running = s.control("oracle", account=0, type="AWS::EC2::Instance", facts=1)["types"]["AWS::EC2::Instance"]["us-east-1"]["facts"]
    order = botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS
    for protocol in ("json", "smithy-rpc-v2-cbor"):
        botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = (protocol,)
        client = s.client("cloudwatch")
        botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = order
        check(client.meta.service_model.resolved_protocol == protocol, "the protocol of CloudWatch", client.meta.service_model.resolved_protocol)
        metrics = pages(client, "list_metrics", "Metrics")
        check({m["Dimensions"][0]["Value"] for m in metrics} == {i for i, f in running.items() if f["State"] == 0}, "metrics by", protocol)
    refused(lambda: client.list_dashboards(), "UnknownOperationException", 404)


def host_prefix(s):
    """boto3 puts the account before the host; the name is looked up as the loopback address, as a stub resolver may."""
    real, port = socket.getaddrinfo, s.url.rsplit(":", 1)[1]
    socket.getaddrinfo = lambda host, *a, **k: real("127.0.0.1" if str(host).endswith("localhost") else host, *a, **k)
    try:
        account = s.account(0)
        client = boto3.client("s3control", region_name="us-east-1", endpoint_url="http://localhost:" + port,
                              aws_access_key_id=account["access_key_id"], aws_secret_access_key=account["secret_access_key"])
        optional(lambda: client.get_public_access_block(AccountId=account["account"]), "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration")
    finally:
        socket.getaddrinfo = real


def writes(s):
    s.control("writes", "DELETE")
    bucket = s.client("s3").list_buckets(MaxBuckets=100)["Buckets"][0]
    s3 = s.client("s3", bucket["BucketRegion"])
    for status in ("Suspended", "Enabled"):
        s3.put_bucket_versioning(Bucket=bucket["Name"], VersioningConfiguration={"Status": status})
        check(s3.get_bucket_versioning(Bucket=bucket["Name"])["Status"] == status, "versioning as written")
    s3.put_public_access_block(Bucket=bucket["Name"], PublicAccessBlockConfiguration={
        "BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": False})
    truth = s.control("oracle", account=0, type="AWS::S3::Bucket", facts=1)["types"]["AWS::S3::Bucket"]
    check(truth[bucket["BucketRegion"]]["facts"][bucket["Name"]]["PublicBlock"] == 5, "the oracle follows a write")
    ec2 = s.client("ec2")
    instance = ec2.describe_instances(MaxResults=5)["Reservations"][0]["Instances"][0]["InstanceId"]
    volume = ec2.describe_volumes(MaxResults=5)["Volumes"][0]["VolumeId"]
    for tokens in ("required", "optional"):
        ec2.modify_instance_metadata_options(InstanceId=instance, HttpTokens=tokens)
        check(ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["MetadataOptions"]["HttpTokens"] == tokens, "tokens as written")
    made = [ec2.create_snapshot(VolumeId=volume)["SnapshotId"] for _ in range(2)]
    listed_now = {i["SnapshotId"]: i for i in pages(ec2, "describe_snapshots", "Snapshots", OwnerIds=["self"], PaginationConfig={"PageSize": 5})}
    check(all(m in listed_now and listed_now[m]["VolumeId"] == volume for m in made), "snapshots as created")
    ledger = s.control("writes")["writes"]
    check([w["operation"] for w in ledger] == ["PutBucketVersioning"] * 2 + ["PutPublicAccessBlock"] + ["ModifyInstanceMetadataOptions"] * 2 + ["CreateSnapshot"] * 2,
          "the ledger", [w["operation"] for w in ledger])
    check([w["duplicate"] for w in ledger] == [False] * 6 + [True], "the second snapshot is a duplicate", [w["duplicate"] for w in ledger])
    sqs = s.client("sqs")
    queue = sqs.get_queue_url(QueueName="events")["QueueUrl"]
    for body in ("plain", "Über \"quoted\" \u202e 名 \U0001f319\n"):
        check(sqs.send_message(QueueUrl=queue, MessageBody=body)["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest(), "the digest of a message")
    got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=1)["Messages"]
    check([m["Body"] for m in got] == ["plain", "Über \"quoted\" \u202e 名 \U0001f319\n"], "messages", got)
    check(not sqs.receive_message(QueueUrl=queue).get("Messages"), "a message in flight is hidden")
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=got[0]["ReceiptHandle"])
    time.sleep(1.1)
    check([m["MessageId"] for m in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]] == [got[1]["MessageId"]], "what was not deleted comes again")


def faults(s):
    ec2 = s.client("ec2")
    volume = ec2.describe_volumes(MaxResults=5)["Volumes"][0]["VolumeId"]
    for kind in ("reset", "close", "truncate", "length", "broken bytes=1", "garbage", "chunk", "hang", "slow ms=4000"):
        s.faults("ec2:DescribeVpcs %s times=1" % kind)
        breaks(lambda: ec2.describe_vpcs(), kind)
        check(s.control("faults")["faults"][0]["fired"] == 1, "fired once", kind)
        ec2.describe_vpcs()
    s.faults("unknown:* endless times=1")  # boto3 would read for ever
    with socket.create_connection(("127.0.0.1", int(s.url.rsplit(":", 1)[1])), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        got = 0
        while got < 20_000_000:
            got += len(raw.recv(1 << 20))
    s.faults("kms:* broken times=1")
    check("Keys" not in s.client("kms").list_keys(), "broken JSON was read")  # boto3 makes an empty answer of it
    for kind, code, status in (("error status=500", "InternalError", 500), ("error status=503", "Unavailable", 503), ("error status=429", "RequestLimitExceeded", 429),
                               ("error status=418 code=Teapot", "Teapot", 418), ("denied", "UnauthorizedOperation", 403), ("skew seconds=7200", "RequestExpired", 401)):
        s.faults("ec2:Describe* %s times=1" % kind)
        refused(lambda: ec2.describe_vpcs(), code, status)
    s.faults("lambda:* denied times=1")
    refused(lambda: s.client("lambda").list_functions(), "AccessDeniedException", 403)
    s.faults("ec2:DescribeInstances repeat-token nth=2")
    token = ec2.describe_instances(MaxResults=5)["NextToken"]
    check(ec2.describe_instances(MaxResults=5, NextToken=token)["NextToken"] == token, "a token that repeats")
    s.faults("ec2:DescribeVpcs delay ms=300 every=2")
    began = time.monotonic()
    ec2.describe_vpcs(), ec2.describe_vpcs()
    check(time.monotonic() - began > 0.29, "a delay")
    s.faults("ec2:DescribeVpcs huge bytes=3000000")
    check(len(ec2.describe_vpcs()["Vpcs"]) > 0, "a large body")
    fired = []
    for _ in range(2):
        s.faults("ec2:DescribeVpcs error share=0.3")
        for _ in range(100):
            try:
                ec2.describe_vpcs()
            except ClientError:
                pass
        fired.append(s.control("faults")["faults"][0]["fired"])
    check(fired[0] == fired[1] and 15 < fired[0] < 45, "a share of 0.3 of 100, the same each time", fired)
    for kind, effects, answered in (("reset when=before", 0, None), ("reset when=after", 1, "fault"), ("error status=500", 0, None), ("error status=500 when=after", 1, "fault"),
                                    ("close when=after", 1, "fault"), ("truncate", 1, "fault"), ("late ms=300", 1, "late")):
        s.control("writes", "DELETE")
        s.faults("ec2:CreateSnapshot %s times=1" % kind)
        breaks(lambda: ec2.create_snapshot(VolumeId=volume), kind)
        if kind.startswith("late"):
            check(s.control("writes")["writes"] == [], "late is late")
            time.sleep(0.5)
        ledger = s.control("writes")["writes"]
        check(len(ledger) == effects and (not ledger or ledger[0]["answered"] == answered), "effects of", kind, ledger)
    s.faults()
    for line in ("ec2:X", "ec2:X nonsense", "ec2:X reset nth=0", "ec2:X reset share=2", "ec2:X reset when=never", "ec2:X reset account=5"):
        try:
            s.faults(line)
            check(False, "a bad fault was taken:", line)
        except OSError as e:
            check(e.code == 400, "a bad fault", e)


def throttles(s):
    s.buckets("kms=10/5", "kms:DescribeKey=2/1", "*=100000/100000")
    kms, good = s.client("kms"), 0
    for _ in range(30):
        try:
            kms.list_keys()
            good += 1
        except ClientError as e:
            check(e.response["Error"]["Code"] == "ThrottlingException", "throttled by", e.response["Error"]["Code"])
    check(10 <= good < 25, "a bucket of 10", good)
    s.client("kms", REGIONS[1]).list_keys()
    s.client("kms", n=1).list_keys()
    check(s.control("stats")["throttled"] == 30 - good, "throttles counted")
    for service, call, code in (("ec2", "describe_vpcs", "RequestLimitExceeded"), ("iam", "list_users", "Throttling"), ("s3", "list_buckets", "SlowDown"),
                                ("lambda", "list_functions", "TooManyRequestsException")):
        s.buckets("%s=1/0.01" % service)
        client = s.client(service)
        getattr(client, call)()
        refused(getattr(client, call), code)
    s.buckets()


def main():
    began = time.monotonic()
    with Server(sys.argv[2], "--seed", 7, "--accounts", 3, "--regions", ",".join(REGIONS), "--functions", 9) as s:
        total = agrees(s, 0) + agrees(s, 2, facts=False)
        whole = s.control("oracle")
        check(whole["accounts"] == 3 and whole["types"]["AWS::EC2::Instance"]["us-east-1"]["count"] ==
              sum(s.control("oracle", account=n)["types"]["AWS::EC2::Instance"]["us-east-1"]["count"] for n in range(3)), "the whole world")
        before = s.control("oracle", account=0, facts=1)["types"]
        s.control("tick", to=20)
        after = s.control("oracle", account=0, facts=1)["types"]
        total += agrees(s, 0)
        check(before != after, "ticks change something")
        s.control("tick", to=0)
        check(s.control("oracle", account=0, facts=1)["types"] == before, "the world is a function of seed and tick")
        for part in (errors, others, host_prefix, writes, faults):
            part(s)
        total += agrees(s, 0)
        s.control("stats", "DELETE")
        throttles(s)
        stats = s.control("stats")
    for p in problems[:40]:
        print(p)
    print("%d resources compared, %d problems, server peak %d KB, %.1f s" % (total, len(problems), stats["peak_kb"], time.monotonic() - began))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
