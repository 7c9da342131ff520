#!/usr/bin/env python3
"""The account on which Cloud Custodian was measured: listing its six types, and a sweep of forty rules, beside boto3 listing the same in one run.

  bench_custodian.py MOONWARD     prints one JSON document; ends with 1 when a goal is missed

5,000 instances (46 MB of XML in pages of 500), 6,000 volumes, 500 security groups, 200 buckets with ten sub-resources (nine for us: the list has the
region), 200 users, 200 roles. Cloud Custodian 0.9.52 took 20.8 s of CPU for the listing, 40.1 for forty rules with its cache cold, 20.3 with it warm, and 46 KiB of
memory for each instance: measured by itself, it is not run here.
Goals: 2 s, 2.5 s, 0.5 s (from a snapshot), 6 KiB, and no more requests than boto3. CPU is that of the process and its workers.
"""
import json, os, sys, tempfile, urllib.request

from bench_sweep import answering, measure

GOALS = {"list_cpu_s": 2.0, "sweep_cpu_s": 2.5, "evaluate_cpu_s": 0.5, "kib_an_instance": 6.0}
LIST = """
import boto3
from botocore.exceptions import ClientError
ec2, s3, iam = boto3.client("ec2"), boto3.client("s3"), boto3.client("iam")
kept = {"instances": [i for p in ec2.get_paginator("describe_instances").paginate() for r in p["Reservations"] for i in r["Instances"]]}
for operation, key in ("describe_volumes", "Volumes"), ("describe_security_groups", "SecurityGroups"):
    kept[key] = [v for p in ec2.get_paginator(operation).paginate() for v in p[key]]
kept["buckets"] = s3.list_buckets()["Buckets"]
for bucket in kept["buckets"]:
    for name in ("location", "tagging", "policy", "acl", "replication", "versioning", "website", "logging", "notification_configuration", "lifecycle_configuration"):
        try:
            bucket[name] = getattr(s3, "get_bucket_" + name)(Bucket=bucket["Name"])
        except ClientError:
            bucket[name] = None
for kind in "User", "Role":
    kept[kind] = [getattr(iam, "get_" + kind.lower())(**{kind + "Name": x[kind + "Name"]})[kind]
                  for p in iam.get_paginator("list_%ss" % kind.lower()).paginate() for x in p[kind + "s"]]
print(" ".join(str(len(v)) for v in kept.values()))
"""
BUCKET = ["Tagging", "Policy", "Acl", "Replication", "Versioning", "Website", "Logging", "Notification", "Lifecycle"]

# Type, facets, condition of a finding. 20, 6, 5, 4, 3 and 2, as the policies were.
I, V, G, B, U, R = "AWS::EC2::Instance", "AWS::EC2::Volume", "AWS::EC2::SecurityGroup", "AWS::S3::Bucket", "AWS::IAM::User", "AWS::IAM::Role"
RULES = [(I, [], c) for c in (
    "r.MetadataOptions.HttpTokens ~= 'required'", "r.PublicIpAddress ~= nil", "not r.EbsOptimized", "not r.EnaSupport", "r.InstanceType == 't1.micro'",
    "r.State.Name == 'stopped'", "r.Monitoring.State == 'disabled'", "not r.tags:has('Owner')", "not r.tags:has('CostCenter')",
    "r.tags:get('Environment') == 'dev'", "r.IamInstanceProfile == nil", "r.KeyName ~= nil", "not r.SourceDestCheck", "r.Architecture ~= 'x86_64'",
    "r.RootDeviceType ~= 'ebs'", "#r.BlockDeviceMappings > 4", "#r.SecurityGroups > 5", "r.Placement.Tenancy ~= 'default'",
    "r.HibernationOptions.Configured", "#r.NetworkInterfaces > 1")]
RULES += [(V, [], c) for c in ("not r.Encrypted", "r.State == 'available'", "r.VolumeType == 'gp2'", "r.Size > 100", "not r.tags:has('Name')",
                               "#r.Attachments == 0")]
RULES += [(G, [], c) for c in ("r.GroupName == 'default'", "#r.IpPermissions > 50", "#r.IpPermissionsEgress == 0", "not r.tags:has('Name')",
                               "r.Description == ''")]
RULES += [(B, ["Versioning"], "r.Versioning.Status ~= 'Enabled'"), (B, ["Logging"], "r.Logging == nil"), (B, ["Acl"], "#r.Acl.Grants > 1"),
          (B, BUCKET, "not r.tags:has('Team')")]
RULES += [(U, [], c) for c in ("#r.AttachedManagedPolicies > 0", "#r.GroupList == 0", "not r.tags:has('Team')")]
RULES += [(R, [], c) for c in ("#r.AttachedManagedPolicies > 5", "not r.tags:has('Team')")]


def write_rules(folder):
    os.mkdir(folder)
    for n, (kind, needs, condition) in enumerate(RULES):
        with open(os.path.join(folder, "bench-%02d.lua" % n), "w") as out:
            out.write("--- Rule %d of the forty.\nreturn rule {\n  id = 'bench-%02d', title = 'Rule %d', severity = 'low', resource = '%s', needs = {%s},\n"
                      "  check = function(r)\n    if %s then return fail('%%s', r.id) end\n    return pass()\n  end,\n}\n" % (
                          n, n, n, kind, ", ".join("'%s'" % x for x in needs), condition))


def requests(env):
    return json.loads(urllib.request.urlopen(env["AWS_ENDPOINT_URL"] + "/__calls").read())


def measured(what, argv, env, repeat):
    requests(env)
    row, out, err = measure(argv, env, repeat)
    if row["status"] not in (0, 1):
        sys.exit("%s ended with %d: %s" % (what, row["status"], err.decode()[-2000:]))
    asked = requests(env)
    return dict(row, requests=asked["calls"] // repeat, unanswered=asked["empty"] // repeat), out


def instance_memory(binary, folder, rows):
    """Between 5,000 and 20,000 instances, in the larger of broker and worker."""
    peaks = []
    for n in 5000, 20000:
        with answering("--page", "500", "--full", "--instances", str(n)) as env:
            row, _ = measured("memory", sweep(binary, folder, "memory-%d.db" % n), env, 1)
            peaks.append(row["peak_mb"])
    rows["peaks_mb"] = peaks
    return (peaks[1] - peaks[0]) * 1024 / 15000


def sweep(binary, folder, store, command="sweep"):
    shell = 'rm -f "$1"*; exec "$0" %s --region us-east-1 --no-passes --rules "$2" --store "$1" --output json' % command
    return ["sh", "-c", shell if command == "sweep" else shell.replace("--no-passes ", ""), binary, os.path.join(folder, store), os.path.join(folder, "rules")]


def main():
    binary = os.path.abspath(sys.argv[1])
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        write_rules(os.path.join(folder, "rules"))
        with answering("--page", "500", "--full") as env:
            rows["list"], _ = measured("collect", sweep(binary, folder, "list.db", "collect"), env, 5)
            rows["sweep"], out = measured("sweep", sweep(binary, folder, "sweep.db"), env, 5)
            judge = [binary, "evaluate", "--no-passes", "--rules", os.path.join(folder, "rules"), "--store", os.path.join(folder, "sweep.db"), "--output", "json"]
            rows["evaluate"], again = measured("evaluate", judge, env, 5)
            rows["boto3"], counted = measured("boto3", [sys.executable, "-c", LIST], env, 1)
        rows["boto3"]["counted"] = counted.decode().strip()
        rows["kib_an_instance"] = round(instance_memory(binary, folder, rows), 2)
    first, second = ([(f["fingerprint"], f["status"]) for f in json.loads(text)["findings"]] for text in (out, again))
    found = {"list_cpu_s": rows["list"]["cpu_s"], "sweep_cpu_s": rows["sweep"]["cpu_s"], "evaluate_cpu_s": rows["evaluate"]["cpu_s"],
             "kib_an_instance": rows["kib_an_instance"]}
    missed = [k for k, goal in GOALS.items() if found[k] > goal]
    missed += ["requests"] * (rows["sweep"]["requests"] > rows["boto3"]["requests"])
    missed += ["evaluate differs from sweep"] * (first != second)
    print(json.dumps(dict(rows, findings=len(first), of_boto3=round(rows["list"]["cpu_s"] / rows["boto3"]["cpu_s"], 3), missed=missed), indent=1))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
