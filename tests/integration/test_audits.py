#!/usr/bin/env python3
"""Every audit of scripts/audits against moto in two regions: what boto3 made is found, and nothing else; then a recording
of each is replayed without a network and gives the same bytes.

  test_audits.py MOONWARD
"""
import datetime, io, json, os, subprocess, sys, tempfile, zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import motoserver  # noqa: E402

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "audits")
REGIONS = ["eu-west-1", "us-east-1"]
OTHER = "999988887777"


def trust(principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole",
                                                               "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}]})


def make_global(s):
    iam, s3 = s.client("iam"), s.client("s3")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    off = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="ann", AccessKeyId=off, Status="Inactive")
    role = iam.create_role(RoleName="partner", AssumeRolePolicyDocument=trust({"AWS": "arn:aws:iam::%s:root" % OTHER}))["Role"]["Arn"]
    iam.create_role(RoleName="service", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}))
    for name in ("quiet", "shared", "loud"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket="shared", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shared/*"}]}))
    s3.put_bucket_policy(Bucket="loud", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::loud/*"}]}))
    return key, role


def certificate():
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "soon.example.org")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=10, hours=1)).sign(key, hashes.SHA256()))
    return (made.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()))


def make_regional(s, region, role, pem):
    ec2 = s.client("ec2", region)
    r = {}
    r["volume"] = ec2.create_volume(AvailabilityZone=region + "a", Size=8, TagSpecifications=[
        {"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "=cmd()"}]}])["VolumeId"]
    r["address"] = ec2.allocate_address(Domain="vpc")["AllocationId"]
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.create_security_group(GroupName="web", Description="d", VpcId=subnet["VpcId"])["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
    image = ec2.register_image(Name="image", RootDeviceName="/dev/sda1")["ImageId"]
    r["instance"] = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro", NetworkInterfaces=[
        {"DeviceIndex": 0, "SubnetId": subnet["SubnetId"], "Groups": [group], "AssociatePublicIpAddress": True}], TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "Owner", "Value": "ann"}]}])["Instances"][0]["InstanceId"]
    r["group"] = group
    r["snapshot"] = ec2.create_snapshot(VolumeId=r["volume"], Description="old")["SnapshotId"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as z:
        z.writestr("index.py", "")
    lam = s.client("lambda", region)
    for name, runtime in (("aged", "python3.8"), ("fresh", "python3.13")):
        lam.create_function(FunctionName=name, Runtime=runtime, Role=role, Handler="index.h", Code={"ZipFile": code.getvalue()})
    s.client("sqs", region).create_queue(QueueName="q", Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::%s:root" % OTHER}, "Action": "sqs:SendMessage", "Resource": "*"}]})})
    if pem:
        s.client("acm", region).import_certificate(Certificate=pem[0], PrivateKey=pem[1])
    return r


class Audits:
    def __init__(self, binary, s):
        self.binary, self.s, self.faults, self.folder = binary, s, [], tempfile.mkdtemp()

    def run(self, name, *args, output="json", record=None, replay=None):
        line = [self.binary, "audit", os.path.join(FOLDER, name + ".lua"), *args, "--output", output]
        line += [] if replay else [x for r in REGIONS for x in ("--region", r)]
        line += ["--record", record] if record else ["--replay", replay] if replay else []
        done = subprocess.run(line, env=self.s.environment(), capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            self.faults.append("%s: exit status %d: %s" % (name, done.returncode, done.stderr[-600:]))
        return done.stdout

    def check(self, name, expected, *args, only=lambda row: True):
        """The rows, less what `expected` does not speak of, are those expected; a replay gives the same document."""
        folder = os.path.join(self.folder, name)
        text = self.run(name, *args, record=folder)
        rows = [r for r in json.loads(text)["rows"] if only(r)]
        keys = list(expected[0]) if expected else []
        found = sorted(([r.get(k) for k in keys] for r in rows), key=repr)
        wanted = sorted(([e[k] for k in keys] for e in expected), key=repr)
        if found != wanted:
            self.faults.append("%s: rows %s, expected %s" % (name, rows, expected))
        if self.run(name, *args, replay=folder) != text:
            self.faults.append("%s: its replay differs" % name)
        print("%-28s %3d rows" % (name, len(rows)))


def main():
    motoserver.require()
    with motoserver.Server() as s:
        key, role = make_global(s)
        try:
            pem = certificate()
        except ImportError:
            pem = None
            print("note: without the Python package cryptography certificates-expiring sees none")
        made = {r: make_regional(s, r, role, pem) for r in REGIONS}
        a = Audits(sys.argv[1], s)
        a.check("unused-access-keys", [{"account": "123456789012", "user": "ann", "key": key, "idle_days": "never used"}], "0")
        a.check("unused-access-keys", [], "30")
        a.check("who-can-assume", [{"role": "partner", "kind": "AWS", "principal": "arn:aws:iam::%s:root" % OTHER, "conditions": "StringEquals sts:externalid"},
                                   {"role": "service", "kind": "Service", "principal": "lambda.amazonaws.com", "conditions": "StringEquals sts:externalid"}])
        a.check("idle-volumes-addresses", [{"region": r, "kind": k, "id": made[r][k]} for r in REGIONS for k in ("volume", "address")])
        a.check("untagged-spend", [{"region": r, "kind": "volume", "id": made[r]["volume"], "missing": "Owner"} for r in REGIONS],
                only=lambda row: row["kind"] == "instance" or row["id"] in [m["volume"] for m in made.values()])
        a.check("untagged-spend", [{"region": r, "id": made[r]["instance"], "missing": "CostCenter"} for r in REGIONS], "Owner", "CostCenter",
                only=lambda row: row["kind"] == "instance")
        a.check("open-ports", [{"region": r, "instance": made[r]["instance"], "group": made[r]["group"], "from_port": 22, "source": "0.0.0.0/0"} for r in REGIONS])
        a.check("open-ports", [], "3389")
        a.check("lambda-runtimes", [{"region": r, "function": "aged", "runtime": "python3.8"} for r in REGIONS])
        a.check("snapshot-hoard", [{"region": r, "id": made[r]["snapshot"], "of": made[r]["volume"], "source_exists": True} for r in REGIONS], "0",
                only=lambda row: row["description"] == "old")
        a.check("snapshot-hoard", [])
        a.check("cross-account-trusts", [{"kind": "role", "resource": "partner", "trusts": OTHER}, {"kind": "bucket", "resource": "shared", "trusts": OTHER},
                                         {"kind": "bucket", "resource": "loud", "trusts": "*"}]
                + [{"kind": "queue", "resource": "%s/123456789012/q" % s.url, "trusts": OTHER}] * len(REGIONS), only=lambda row: "trusts" in row)
        a.check("public-surface", [{"kind": "bucket", "id": "loud", "how": "policy for everybody"}]
                + [{"kind": "instance", "id": made[r]["instance"], "how": "running"} for r in REGIONS], only=lambda row: row["kind"] in ("instance", "bucket"))
        a.check("certificates-expiring", [{"region": r, "domain": "soon.example.org", "days_left": 10} for r in REGIONS] if pem else [], "30")
        a.check("certificates-expiring", [], "5")
        table, sheet = a.run("idle-volumes-addresses", output="table"), a.run("idle-volumes-addresses", output="csv")
        if made["us-east-1"]["volume"] not in table or "'=cmd()" not in sheet:
            a.faults.append("table or csv: %s %s" % (table, sheet))
        shipped = {f[:-4] for f in os.listdir(FOLDER) if f.endswith(".lua")}
        if len(shipped) != 10 or shipped - set(os.listdir(a.folder)):
            a.faults.append("not tested: %s" % sorted(shipped - set(os.listdir(a.folder))))
    for fault in a.faults[:20]:
        print(fault)
    return 1 if a.faults else 0


if __name__ == "__main__":
    sys.exit(main())
