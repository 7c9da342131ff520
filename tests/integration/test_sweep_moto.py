#!/usr/bin/env python3
"""A sweep of an account that the product has never seen, made by boto3 in a moto_server, against an oracle of our own.

  test_sweep_moto.py MOONWARD [SEED]

The account comes from a seed: hostile and foreign names, missing tags, two regions, lists of several pages. What each rule must
say is worked out here, in Python, from what was created; no line of it is shared with the rules. Every finding whose verdict the
oracle knows must match, every resource must have one for each rule of its type, and no type may come out empty.
"""
import collections, io, json, os, random, subprocess, sys, tempfile, zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import motoserver  # noqa: E402

ACCOUNT = "123456789012"
REGIONS = ["us-east-1", "eu-central-1"]
NAMES = ["plain", "Übergröße", "名前", "a\"quote", "semi;colon", "{braces}", "${env}", "<tag>", "=1+1", "../../etc", "tab\there", "back\\slash",
         "\u202eright-to-left", "emoji🌙", "percent%20", "new\nline", "' OR 1=1 --", "{Name}", "x" * 200]


class World:
    def __init__(self, server, seed):
        self.s, self.rng = server, random.Random(seed)
        self.expected = {}                       # (rule, region, id) -> list of statuses
        self.counts = collections.Counter()      # (type, region) -> resources

    def expect(self, rule, region, rid, *statuses):
        self.expected[(rule, region, rid)] = sorted(statuses)

    def flip(self, p=0.5):
        return self.rng.random() < p

    def name_tag(self):
        return [] if self.flip(0.3) else [{"Key": "Name", "Value": self.rng.choice(NAMES)}]

    # -- one method for each service ------------------------------------------------------------------------------------
    def iam(self):
        iam = self.s.client("iam")
        for i in range(23):
            name = "user-%02d+=.@_-" % i
            iam.create_user(UserName=name)
            inline, attached = self.flip(0.3), self.flip(0.2)
            if inline:
                iam.put_user_policy(UserName=name, PolicyName="p%d" % i, PolicyDocument=self.policy("s3:Get*", "*"))
            if attached:
                iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
            console, mfa = self.flip(), self.flip()
            if console:
                iam.create_login_profile(UserName=name, Password="Not-a-real-0ne!")
            if mfa:
                serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="m%d" % i)["VirtualMFADevice"]["SerialNumber"]
                iam.enable_mfa_device(UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321")
            self.expect("iam-user-permissions-via-groups", "us-east-1", name, "fail" if inline or attached else "pass")
            self.expect("iam-user-console-mfa-enabled", "us-east-1", name,
                        "not_applicable" if not console else "pass" if mfa else "fail")
            for _ in range(self.rng.randint(0, 2)):
                key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
                active = self.flip(0.7)
                if not active:
                    iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")
                self.expect("iam-access-key-rotated", "us-east-1", key, "pass" if active else "not_applicable")
                self.expect("iam-access-key-unused-disabled", "us-east-1", key, "pass" if active else "not_applicable")
                self.counts["AWS::IAM::AccessKey", "us-east-1"] += 1
            self.counts["AWS::IAM::User", "us-east-1"] += 1
        shapes = [("*", "*", "fail"), ("s3:*", "*", "pass"), (["ec2:Describe*", "*"], ["*"], "fail"), ("*", "arn:aws:s3:::b", "pass")]
        for i in range(14):
            action, resource, verdict = shapes[i % len(shapes)]
            arn = iam.create_policy(PolicyName="policy-%d" % i, PolicyDocument=self.policy(action, resource))["Policy"]["Arn"]
            self.expect("iam-policy-no-full-admin", "us-east-1", arn, verdict)
            self.counts["AWS::IAM::ManagedPolicy", "us-east-1"] += 1
        changed = iam.create_policy(PolicyName="changed", PolicyDocument=self.policy("*", "*"))["Policy"]["Arn"]
        iam.create_policy_version(PolicyArn=changed, PolicyDocument=self.policy("s3:GetObject", "*"), SetAsDefault=True)
        self.expect("iam-policy-no-full-admin", "us-east-1", changed, "pass")
        self.counts["AWS::IAM::ManagedPolicy", "us-east-1"] += 1
        org = {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}
        trusts = [({"Service": "ec2.amazonaws.com"}, None, "pass"), ("*", None, "fail"), ({"AWS": "*"}, org, "pass"), ({"AWS": ["*"]}, None, "fail"),
                  ({"AWS": "arn:aws:iam::999999999999:root"}, None, "pass")]
        for i in range(12):
            principal, condition, verdict = trusts[i % len(trusts)]
            statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            if condition:
                statement["Condition"] = condition
            iam.create_role(RoleName="role-%d" % i, AssumeRolePolicyDocument=json.dumps({"Statement": statement if i % 2 else [statement]}))
            self.expect("iam-role-trust-no-wildcard", "us-east-1", "role-%d" % i, verdict)
            self.counts["AWS::IAM::Role", "us-east-1"] += 1
        length, reuse = self.rng.choice([8, 14, 20]), self.rng.choice([3, 24])
        iam.update_account_password_policy(MinimumPasswordLength=length, RequireSymbols=True, RequireNumbers=True, RequireUppercaseCharacters=True,
                                           RequireLowercaseCharacters=True, MaxPasswordAge=60, PasswordReusePrevention=reuse)
        self.expect("iam-password-policy-strong", "us-east-1", ACCOUNT, "pass" if length >= 14 else "fail")
        self.expect("iam-password-policy-prevents-reuse", "us-east-1", ACCOUNT, "pass" if reuse >= 24 else "fail")
        self.expect("iam-root-mfa-enabled", "us-east-1", ACCOUNT, "fail")
        self.expect("iam-root-hardware-mfa", "us-east-1", ACCOUNT, "fail")
        self.expect("iam-root-no-access-keys", "us-east-1", ACCOUNT, "pass")
        self.expect("iam-root-no-signing-certificates", "us-east-1", ACCOUNT, "pass")
        self.expect("iam-support-role-exists", "us-east-1", ACCOUNT, "fail")
        self.expect("account-security-contact-set", "us-east-1", ACCOUNT, "fail")
        self.counts["AWS::::Account", "us-east-1"] = 1

    @staticmethod
    def policy(action, resource):
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})

    def buckets(self):
        for i in range(17):
            region = self.rng.choice(REGIONS)
            name = "bucket-%02d.%s" % (i, "x" * self.rng.randint(1, 30))
            s3 = self.s.client("s3", region)
            s3.create_bucket(Bucket=name, **({} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}))
            versioning = self.rng.choice([None, "Enabled", "Suspended"])
            if versioning:
                s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": versioning})
            algorithm = self.rng.choice(["AES256", "aws:kms", None])
            if algorithm:
                s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}]})
            flags = [self.flip(0.8) for _ in range(4)]
            block = self.flip(0.8)
            if block:
                s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict(zip(
                    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), flags)))
            tags = [{"Key": "Ephemeral", "Value": "true"}] if self.flip(0.2) else []
            tags += [{"Key": "Note", "Value": self.rng.choice(NAMES).replace("\n", " ").replace("\t", " ")[:200]}] if self.flip(0.5) else []
            if tags:
                s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
            kind = self.rng.choice([None, "tls", "world", "foreign"])
            statement = {"tls": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
                         "world": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"},
                         "foreign": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::888888888888:root"}, "Action": "s3:GetObject"}}.get(kind)
            if statement:
                statement["Resource"] = ["arn:aws:s3:::" + name, "arn:aws:s3:::%s/*" % name]
                s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
            acl = self.rng.choice(["private", "private", "public-read"])
            s3.put_bucket_acl(Bucket=name, ACL=acl)
            ephemeral = any(t["Key"] == "Ephemeral" for t in tags)
            self.expect("s3-bucket-versioning-enabled", region, name,
                        "pass" if versioning == "Enabled" else "not_applicable" if ephemeral else "fail")
            if algorithm:
                self.expect("s3-bucket-encrypted-with-kms", region, name, "pass" if algorithm == "aws:kms" else "fail")
            self.expect("s3-bucket-public-access-block", region, name, "pass" if block and all(flags) else "fail")
            self.expect("s3-bucket-denies-insecure-transport", region, name, "pass" if kind == "tls" else "fail")
            self.expect("s3-bucket-policy-not-public", region, name, "fail" if kind == "world" else "pass")
            self.expect("s3-bucket-acl-not-public", region, name, "fail" if acl == "public-read" and not (block and flags[1]) else "pass")
            self.counts["AWS::S3::Bucket", region] += 1
        self.expect("s3-account-public-access-block", "us-east-1", ACCOUNT, "fail")

    def ec2(self, region):
        ec2 = self.s.client("ec2", region)
        image = ec2.register_image(Name="base-" + region, Architecture="x86_64")["ImageId"]
        vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
        logged = self.flip()
        if logged:
            ec2.create_flow_logs(ResourceIds=[vpc], ResourceType="VPC", TrafficType="ALL", LogDestinationType="s3", LogDestination="arn:aws:s3:::l")
        for v in ec2.describe_vpcs()["Vpcs"]:
            self.expect("vpc-flow-logs-enabled", region, v["VpcId"], "pass" if v["VpcId"] == vpc and logged else "fail")
            self.counts["AWS::EC2::VPC", region] += 1
        for i in range(31):
            tokens, profile = self.rng.choice(["required", "optional"]), self.flip(0)
            tags = self.name_tag()
            more = {"TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]} if tags else {}
            rid = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet, MetadataOptions={"HttpTokens": tokens}, **more)
            rid = rid["Instances"][0]["InstanceId"]
            state = self.rng.choice(["running", "running", "stopped", "terminated"])
            if state == "stopped":
                ec2.stop_instances(InstanceIds=[rid])
            elif state == "terminated":
                ec2.terminate_instances(InstanceIds=[rid])
            self.expect("ec2-instance-requires-imdsv2", region, rid,
                        "not_applicable" if state == "terminated" else "pass" if tokens == "required" else "fail")
            self.expect("ec2-instance-has-instance-profile", region, rid, "fail" if state == "running" and not profile else "not_applicable")
            self.counts["AWS::EC2::Instance", region] += 1
        for i in range(9):
            encrypted = self.flip()
            tags = self.name_tag()
            more = {"TagSpecifications": [{"ResourceType": "volume", "Tags": tags}]} if tags else {}
            volume = ec2.create_volume(AvailabilityZone=region + "a", Size=1, Encrypted=encrypted, **more)["VolumeId"]
            if i % 2:
                snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
                public = self.flip(0.3)
                if public:
                    ec2.modify_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"])
                self.expect("ebs-snapshot-not-public", region, snapshot, "fail" if public else "pass")
                self.expect("ebs-snapshot-encrypted", region, snapshot, "pass" if encrypted else "fail")
        for v in ec2.describe_volumes()["Volumes"]:
            self.expect("ebs-volume-encrypted", region, v["VolumeId"], "pass" if v["Encrypted"] else "fail")
            self.counts["AWS::EC2::Volume", region] += 1
        self.counts["AWS::EC2::Snapshot", region] = len(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"])
        if self.flip():
            ec2.enable_ebs_encryption_by_default()
            self.expect("ebs-default-encryption-enabled", region, region, "pass")
        else:
            self.expect("ebs-default-encryption-enabled", region, region, "fail")
        self.counts["AWS::::Region", region] = 1
        for i, name in enumerate(NAMES):
            if len(name.encode()) > 250 or not name.isascii() or "\n" in name or "\t" in name:
                name = "group %d" % i
            gid = ec2.create_security_group(GroupName="%d %s" % (i, name), Description="made by a test", VpcId=vpc)["GroupId"]
            ssh = rdp = everything = 0
            for _ in range(self.rng.randint(0, 3)):
                protocol, low, high = self.rng.choice([("tcp", 22, 22), ("tcp", 443, 443), ("tcp", 3000, 4000), ("udp", 3389, 3389), ("-1", None, None), ("tcp", 0, 65535)])
                cidr = self.rng.choice(["0.0.0.0/0", "::/0", "10.0.0.0/8"])
                permission = {"IpProtocol": protocol}
                if low is not None:
                    permission.update(FromPort=low, ToPort=high)
                permission["Ipv6Ranges" if ":" in cidr else "IpRanges"] = [{"CidrIpv6" if ":" in cidr else "CidrIp": cidr}]
                try:
                    ec2.authorize_security_group_ingress(GroupId=gid, IpPermissions=[permission])
                except ec2.exceptions.ClientError:
                    continue  # the same rule twice
                if cidr == "10.0.0.0/8":
                    continue
                ssh += protocol == "-1" or (protocol == "tcp" and low <= 22 <= high)
                rdp += protocol == "-1" or low <= 3389 <= high
                everything += protocol == "-1" or (low, high) == (0, 65535)
            self.expect("sg-no-ssh-from-internet", region, gid, *(["fail"] * ssh or ["pass"]))
            self.expect("sg-no-rdp-from-internet", region, gid, *(["fail"] * rdp or ["pass"]))
            self.expect("sg-no-all-traffic-ingress", region, gid, *(["fail"] * everything or ["pass"]))
            self.expect("sg-default-closed", region, gid, "not_applicable")
        for g in ec2.describe_security_groups()["SecurityGroups"]:
            if g["GroupName"] == "default":
                self.expect("sg-default-closed", region, g["GroupId"], "fail")
            self.counts["AWS::EC2::SecurityGroup", region] += 1

    def others(self, region):
        kms = self.s.client("kms", region)
        for i in range(7):
            key = kms.create_key(Description=self.rng.choice(NAMES))["KeyMetadata"]["KeyId"]
            rotate = self.flip()
            if rotate:
                kms.enable_key_rotation(KeyId=key)
            doomed = self.flip(0.2)
            if doomed:
                kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
            self.expect("kms-key-rotation-enabled", region, key, "not_applicable" if doomed else "pass" if rotate else "fail")
            self.expect("kms-key-not-pending-deletion", region, key, "fail" if doomed else "pass")
        self.counts["AWS::KMS::Key", region] = len(kms.list_keys(Limit=1000)["Keys"])
        rds = self.s.client("rds", region)
        for i in range(5):
            public, encrypted, days = self.flip(), self.flip(), self.rng.choice([0, 1, 7, 30])
            name = "db-%s-%d" % (region, i)
            rds.create_db_instance(DBInstanceIdentifier=name, Engine="mysql", DBInstanceClass="db.t3.small", AllocatedStorage=20, MasterUsername="a",
                                   MasterUserPassword="Not-a-real-0ne!", PubliclyAccessible=public, StorageEncrypted=encrypted, BackupRetentionPeriod=days)
            self.expect("rds-instance-not-public", region, name, "fail" if public else "pass")
            self.expect("rds-storage-encrypted", region, name, "pass" if encrypted else "fail")
            self.expect("rds-backup-retention", region, name, "pass" if days >= 7 else "fail")
            self.counts["AWS::RDS::DBInstance", region] += 1
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as z:
            z.writestr("f.py", "def f(e, c): pass\n")
        functions = self.s.client("lambda", region)
        for i, runtime in enumerate(["python3.13", "python2.7", "nodejs12.x", "provided.al2023"]):
            name = "fn-%s-%d" % (region, i)
            functions.create_function(FunctionName=name, Runtime=runtime, Handler="f.f", Role="arn:aws:iam::%s:role/role-0" % ACCOUNT,
                                      Code={"ZipFile": archive.getvalue()})
            public = self.flip(0.4)
            if public:
                functions.add_permission(FunctionName=name, StatementId="x", Action="lambda:InvokeFunction", Principal="*")
            self.expect("lambda-policy-not-public", region, name, "fail" if public else "pass")
            self.expect("lambda-runtime-supported", region, name, "fail" if runtime in ("python2.7", "nodejs12.x") else "pass")
            self.counts["AWS::Lambda::Function", region] += 1
        trail = self.s.client("cloudtrail", region)
        self.s.client("s3").create_bucket(Bucket="trail-" + region)
        self.counts["AWS::S3::Bucket", "us-east-1"] += 1
        validation = self.flip()
        arn = trail.create_trail(Name="t-" + region, S3BucketName="trail-" + region, IsMultiRegionTrail=False, EnableLogFileValidation=validation)["TrailARN"]
        self.expect("cloudtrail-log-validation", region, arn, "pass" if validation else "fail")
        self.expect("cloudtrail-delivering", region, arn, "fail")
        self.expect("cloudtrail-encrypted-with-kms", region, arn, "fail")
        self.expect("cloudtrail-multi-region-trail", "us-east-1", ACCOUNT, "fail")
        self.counts["AWS::CloudTrail::Trail", region] += 1

    def build(self):
        self.iam()
        self.buckets()
        for region in REGIONS:
            self.ec2(region)
            self.others(region)


def compare(world, document):
    faults = []
    got, per_rule_type = collections.defaultdict(list), {}
    seen = collections.defaultdict(set)
    for f in document["findings"]:
        r = f["resource"]
        got[f["rule"], r["region"], r["id"]].append(f["status"])
        per_rule_type[f["rule"]] = r["type"]
        seen[f["rule"], r["region"]].add(r["id"])
    for key, statuses in sorted(world.expected.items()):
        if sorted(got.get(key, [])) != statuses:
            faults.append("%s in %s on %r: %s, expected %s" % (*key, got.get(key), statuses))
    for rule, kind in sorted(per_rule_type.items()):
        for (wanted, region), count in sorted(world.counts.items()):
            if wanted == kind and len(seen[rule, region]) != count:
                faults.append("%s judged %d of %d %s in %s" % (rule, len(seen[rule, region]), count, kind, region))
    for wanted, region in sorted(world.counts):
        if wanted not in per_rule_type.values():
            faults.append("no rule judged any %s" % wanted)
    for f in document["findings"]:
        if f["status"] == "error":
            faults.append("error: %s on %s: %s" % (f["rule"], f["resource"]["id"], f["message"]))
    for scope in document["coverage"]:
        if scope["facet"] is None and scope["state"] != "complete":
            faults.append("scope %s %s: %s %s" % (scope["type"], scope["region"], scope["state"], scope["cause"]))
    return faults


def main():
    binary = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20260102
    motoserver.require()
    with motoserver.Server() as s, tempfile.TemporaryDirectory() as folder:
        world = World(s, seed)
        world.build()
        argv = [binary, "sweep", "--output", "json", "--store", os.path.join(folder, "store.db")] + [a for r in REGIONS for a in ("--region", r)]
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        done = subprocess.run(argv, env=s.environment(), capture_output=True, text=True, cwd=root)
    if done.returncode not in (1, 2):
        sys.exit("sweep ended with %d: %s" % (done.returncode, done.stderr[-2000:]))
    document = json.loads(done.stdout)
    faults = compare(world, document)
    for fault in faults[:60]:
        print(fault)
    unknown = collections.Counter(f["message"] for f in document["findings"] if f["status"] == "unknown")
    for message, count in unknown.most_common():
        print("unknown x%d: %s" % (count, message))
    print("%d findings, %d verdicts known to the oracle, %d faults (seed %d)" % (len(document["findings"]), len(world.expected), len(faults), seed))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
