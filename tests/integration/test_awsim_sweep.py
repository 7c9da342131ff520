#!/usr/bin/env python3
"""A sweep over the load and fault server finds what its oracle says: 0 missed, 0 phantom, for each type and region.

  test_awsim_sweep.py MOONWARD AWSIM [SEED]

Plain, after ticks, throttled, with skewed clocks and under each passing fault. Under a fault that stays, a scope must
be named as not complete: what could not be read is never an empty list. No write may reach the server.
"""
import json, os, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from awsimserver import Server  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REGIONS = ["us-east-1", "eu-central-1", "sa-east-1"]
# Ids of the oracle that Moonward writes otherwise.
LONG = {"AWS::IAM::ManagedPolicy": lambda account, region, name: "arn:aws:iam::%s:policy/%s" % (account, name),
        "AWS::CloudTrail::Trail": lambda account, region, name: "arn:aws:cloudtrail:%s:%s:trail/%s" % (region, account, name)}
problems = []


def check(good, what, *details):
    if not good:
        problems.append("%s %s" % (what, " ".join(map(repr, details))))


def sweep(binary, s, folder, **env):
    argv = [binary, "sweep", "--output", "json", "--store", os.path.join(folder, "store.db")] + [a for r in REGIONS for a in ("--region", r)]
    done = subprocess.run(argv, env=s.environment(1, **env), stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, timeout=240)
    if done.returncode not in (0, 1, 2):
        sys.exit("sweep ended with %d: %s" % (done.returncode, done.stderr[-2000:]))
    return json.loads(done.stdout)


def compare(s, document, what):
    """Each complete scope has exactly what exists; returns the scopes that are not complete."""
    oracle, account = s.control("oracle", account=1, facts=1)["types"], s.account(1)["account"]
    found, judged, open_scopes = {}, set(), []
    for f in document["findings"]:
        found.setdefault((f["resource"]["type"], f["resource"]["region"]), set()).add(f["resource"]["id"])
        judged.add(f["resource"]["type"])
    for scope in document["coverage"]:
        kind, region, state = scope["type"], scope["region"], scope["state"]
        if state != "complete":
            open_scopes.append((kind, region, scope["facet"], state))
        if scope["facet"] is not None or state != "complete" or kind not in oracle:
            continue
        places = oracle[kind]
        together = kind == "AWS::S3::Bucket" or "global" in places
        truth = [(r, i) for r in (places if together else [region]) for i in places[r]["facts"]]
        count = len(truth)
        if kind == "AWS::CloudTrail::Trail":  # a list has the shadows of other regions' trails too; they fold into one resource
            count += sum(f["Spans"] for r in places if r != region for f in places[r]["facts"].values())
        check(scope["resources"] == count, "%s: %s in %s has %d, %d exist" % (what, kind, region, scope["resources"], count))
        if kind not in judged:
            continue
        wanted = {LONG.get(kind, lambda a, r, n: n)(account, r, i) for r, i in truth}
        got = set().union(*(ids for (k, r), ids in found.items() if k == kind and (together or r == region)), set())
        check(got == wanted, "%s: %s in %s: missed and phantom" % (what, kind, region), sorted(wanted - got)[:3], sorted(got - wanted)[:3])
    for f in document["findings"]:
        check(f["status"] != "error", what, f["rule"], f["resource"]["id"], f["message"])
    return open_scopes


PASSING = ["* * error status=500 share=0.05", "* * error status=503 share=0.05", "* * error status=429 share=0.05", "ec2:DescribeInstances error status=429 times=6",
           "* * reset share=0.05", "* * close share=0.05", "* * truncate share=0.05", "* * delay ms=200 share=0.1", "* * chunk share=0.05"]
LASTING = ["ec2:DescribeInstances denied", "ec2:DescribeInstances broken", "kms:ListKeys broken", "lambda:ListFunctions repeat-token",
           "lambda:ListFunctions lengths", "s3:GetBucketVersioning denied", "iam:GetAccountAuthorizationDetails denied"]


def main():
    binary, program = sys.argv[1:3]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 11
    options = ["--seed", seed, "--accounts", 3, "--regions", ",".join(REGIONS), "--instances", 60, "--volumes", 80, "--functions", 160, "--spread", 10, "--users", 40]
    with Server(program, *options) as s, tempfile.TemporaryDirectory() as folder:
        def one(what, complete=True, lists=False, **env):
            began = time.monotonic()
            s.control("stats", "DELETE")
            document = sweep(binary, s, folder, **env)
            left = compare(s, document, what)
            check(not (complete and left), "%s: not complete:" % what, left[:4])
            check(not lists or all(facet for _, _, facet, _ in left), "%s: a list is not complete:" % what, left[:4])
            stats = s.control("stats")
            print("%-45s %5d requests %4d throttled %4d faulted %2d scopes open %5.1f s" % (
                what, stats["requests"], stats["throttled"], stats["faulted"], len(left), time.monotonic() - began), flush=True)
            return left

        one("plain")
        s.control("tick", to=30)
        one("after 30 ticks")
        s.buckets("*=40/60", "ec2=10/8", "kms=20/40")
        one("buckets of 40, 60 a second", complete=False, lists=True)  # facets may stay open, and must say so; what is listed must be whole
        s.buckets()
        for seconds in (3600, -3600):
            s.control("skew", seconds=seconds)
            one("server clock off by %d s" % seconds)
        s.control("skew", seconds=0)
        s.faults("*:* skew seconds=7200 share=0.02")
        one("one clock in 50 off by 2 h")
        for line in PASSING:
            s.faults(line.replace("* *", "*:*"))
            one(line)
        for line in LASTING:
            s.faults(line)
            left = one(line, complete=False, AWS_MAX_ATTEMPTS="3")  # what stays is not waited for
            check(left, "%s: every scope says that it is complete" % line)
        s.faults()
        check(s.control("writes")["writes"] == [], "a sweep wrote")
    for p in problems[:40]:
        print(p)
    print("%d problems (seed %d)" % (len(problems), seed))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
