#!/usr/bin/env python3
"""`moonward types list|show` for every built-in type, and the documented table of them.

  test_types.py MOONWARD

After a wanted change of the types: moonward types list --output markdown, behind the heading of docs/reference/types.md.
"""
import json, os, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402


LIST = "list: {operation: s3:ListBuckets, items: Buckets}"
# A team's type that must not get as far as a call: its file, what the message says.
REFUSED = (
    ("list: {operation: iam:CreateUser, params: {UserName: evil}, items: User}", "iam:CreateUser may not be called by a type: it is not known to change nothing"),
    (LIST + "\n  facets: {A: {operation: s3:PutBucketVersioning, params: {Bucket: '{Name}'}, result: '@'}}", "s3:PutBucketVersioning may not be called"),
    (LIST + "\n  facets: {A: {operation: secretsmanager:GetSecretValue, params: {SecretId: '{Name}'}, result: '@'}}", "returns a credential or another secret"),
    (LIST + "\n  facets: {A: {operation: s3:GetBucketVersioning, params: {Bucket: '{Name}'}, result: '@', prepare: {operation: s3:DeleteBucket, "
     "params: {Bucket: '{Name}'}, until: 'true'}}}", "s3:DeleteBucket may not be called"),
    ("list: {operation: s3:ListBuckets, items: Buckets, per: {parent: AWS::S3::Bucket, params: {Prefix: Name}}, batch_describe: {operation: "
     "s3:DeleteBucket, size: 1, key: Name, param: Bucket, items: '@'}}", "s3:DeleteBucket may not be called"),
    ("list: {operation: s3:ListBuckets, items: Bukets}", "type AWS::X::Y: by the models s3:ListBuckets gives no 'Bukets'; did you mean 'Buckets'?"),
    (LIST + "\n  facets: {A: {operation: s3:GetBucketVersioning, params: {Bucket: '{Name}'}, result: Statsu}}", "s3:GetBucketVersioning gives no 'Statsu'; did you mean 'Status'?"),
    ("list: {derived_from: [AWS::X::Y]}", "type AWS::X::Y: its parents form a circle"),
)


def refused(binary, faults):
    """Every command that would call, or tell what it would call, says the same and calls nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("types", "rules"):
            os.mkdir(os.path.join(folder, name))
        for text, says in REFUSED:
            with open(os.path.join(folder, "types", "x.yaml"), "w") as f:
                f.write("AWS::X::Y:\n  scope: global\n  %s\n  id: Name\n" % text)
            with open(os.path.join(folder, "rules", "x-y.lua"), "w") as f:
                f.write('--- X.\nreturn rule {\n  id = "x-y", title = "X", severity = "low", pillar = "operations", resource = "AWS::X::Y",\n%s'
                        '  check = function(r) return pass() end,\n}\n' % ('  needs = { "A" },\n' if "facets" in text else ""))
            for argv in (("types", "show", "AWS::X::Y"), ("sweep", "--plan"), ("permissions",), ("sweep", "--replay", replaying.DEMO)):
                done = replaying.run(binary, *argv, "--types", "types", "--rules", "rules", cwd=folder)
                if done.returncode != 3 or says not in done.stderr.decode() or done.stderr.decode().count("type AWS::X::Y:") > 1:
                    faults.append("%s with %s ended with %d: %s" % (" ".join(argv), text[:60], done.returncode, done.stderr.decode()[:300]))


def main():
    binary, faults = os.path.abspath(sys.argv[1]), []

    def run(*argv, code=0):
        done = subprocess.run([binary, "types", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=replaying.environment())
        if done.returncode != code:
            faults.append("types %s ended with %d: %s" % (" ".join(argv), done.returncode, done.stderr.decode()))
        return (done.stdout if code == 0 else done.stderr).decode()

    types = json.loads(run("list", "--output", "json"))
    if len(types) < 378:
        faults.append("%d types" % len(types))
    if len(run("list").splitlines()) != len(types):
        faults.append("text and JSON list different types")
    with open(os.path.join(replaying.ROOT, "docs", "reference", "types.md"), encoding="utf-8") as f:
        if not f.read().endswith("\n\n" + run("list", "--output", "markdown")):
            faults.append("docs/reference/types.md is not `types list --output markdown`")
    for t in types[::4]:
        shown = json.loads(run("show", t["alias"], "--output", "json"))
        if shown["type"] != t["type"] or sorted(shown["facets"]) != sorted(t["facets"]) or len(shown["rules"]) != t["rules"]:
            faults.append("%s: list and show differ" % t["type"])
        if not shown["calls"] and "derived_from" not in shown["definition"]["list"]:
            faults.append("%s is listed by no call" % t["type"])
        for name, facet in shown["facets"].items():
            if not facet["calls"]:
                faults.append("%s.%s is read by no call" % (t["type"], name))
    buckets = run("list", "s3.*")
    if "AWS::S3::Bucket" not in buckets or "AWS::EC2::VPC" in buckets:
        faults.append("a pattern chooses wrongly")
    text = run("show", "AWS::S3::Bucket")
    for want in ("s3:ListAllMyBuckets", "s3:GetBucketVersioning  (per resource)", "s3-bucket-versioning-enabled"):
        if want not in text:
            faults.append("types show AWS::S3::Bucket lacks %s" % want)
    if "did you mean 'AWS::S3::Bucket'?" not in run("show", "AWS::S3::Buckets", code=3):
        faults.append("the nearest type is not named")
    refused(binary, faults)
    for fault in faults[:30]:
        print(fault)
    print("%d types listed and shown, %d faults" % (len(types), len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
