#!/usr/bin/env python3
"""What a sweep says it will ask, what it asks, and when it stops: counted at the server.

  test_planning.py MOONWARD AWSIM

A plan asks nothing, and after one sweep its numbers are those of the next. A budget is never exceeded by one request, retries and roles
included, and what was not asked is unknown by the class budget; the same budget gives the same report. A region that is not enabled is skipped, not a gap.
"""
import json, os, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from awsimserver import Server  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REGIONS = ["us-east-1", "eu-central-1"]
problems = []


def check(good, what, *details):
    if not good:
        problems.append("%s %s" % (what, " ".join(map(repr, details))))


class World:
    def __init__(self, binary, server, folder):
        self.binary, self.s, self.folder = binary, server, folder

    def run(self, *argv, code=(0, 1, 2), regions=REGIONS, store="store.db", **env):
        argv = [self.binary, *argv, "--output", "json", "--store", os.path.join(self.folder, store)] + [a for r in regions for a in ("--region", r)]
        done = subprocess.run(argv, env=self.s.environment(1, **env), stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, timeout=240)
        check(done.returncode in code, "%s ended with %d" % (argv[1:4], done.returncode), done.stderr[-800:])
        return json.loads(done.stdout) if done.stdout.startswith("{") else None

    def counted(self, *argv, **more):
        """What the run printed, and how many requests the server saw of each operation."""
        self.s.control("stats", "DELETE")
        document = self.run(*argv, **more)
        return document, {name: sum(outcomes.values()) for name, outcomes in self.s.control("stats")["operations"].items() if sum(outcomes.values())}


def plan(w):
    blind, seen = w.counted("sweep", "--plan")
    check(not seen, "a plan asks nothing", seen)
    basis = blind["estimate"]["basis"]
    check(basis["snapshot"] is None and basis["scopes_known"] == 0 and basis["scopes_assumed"] > 0, "without a snapshot all is assumed", basis)
    w.run("sweep")
    told, seen = w.counted("sweep", "--plan")
    check(not seen, "a plan with a snapshot asks nothing", seen)
    check(told["estimate"]["basis"]["scopes_assumed"] == 0, "after a sweep nothing is assumed", told["estimate"]["basis"])
    _, seen = w.counted("sweep")
    real, estimate = sum(seen.values()), told["estimate"]["requests"]
    check(abs(real - estimate) <= max(3, real // 20), "the plan is within 5 % of the sweep", estimate, real,
          {k: (v, seen.get(k, 0)) for k, v in ((o["operation"], o["requests"]) for o in told["estimate"]["operations"]) if seen.get(k, 0) != v})
    e = told["estimate"]
    for part, key in (("operations", "operation"), ("accounts", "account"), ("regions", "region")):
        check(sum(r["requests"] for r in e[part]) == e["requests"], "%s add up" % part)
    check(e["seconds"] > 0 and e["bytes"] > 0 and e["usd"] > 0 and len(e["rules"]) > 50, "time, bytes, cost and rules", e["seconds"], e["bytes"], e["usd"])
    of_plan = sum(c.get("requests", 0) for c in told["calls"])
    check(abs(sum(r["share"] for r in e["rules"]) - of_plan) < 1, "the rules' shares add up", of_plan)
    return real


def budget(w, real):
    for n in (1, 2, 3, 10, 57, real - 1):
        document, seen = w.counted("sweep", "--budget", "calls=%d" % n, "--no-store", code=(2,))
        check(sum(seen.values()) <= n, "a budget of %d is kept" % n, sum(seen.values()))
        if document is None:
            check(n <= 1, "with %d requests there is a report" % n)
            continue
        check(sum(seen.values()) == n, "a budget of %d is used" % n, sum(seen.values()))
        gaps = [c for c in document["coverage"] if c["state"] != "complete"]
        check(gaps and all(c["cause"]["class"] == "budget" for c in gaps), "the gaps are the budget's", gaps[:2])
        check(n == real - 1 or document["summary"]["unknown_by_class"].get("budget", 0) > 0, "rules are unknown by the budget", document["summary"])
    for _ in range(2):
        a, seen_a = w.counted("sweep", "--budget", "calls=40", "--no-store", code=(2,))
        b, seen_b = w.counted("sweep", "--budget", "calls=40", "--no-store", code=(2,))
        check(seen_a == seen_b and a["coverage"] == b["coverage"], "the same budget asks the same")
    w.s.faults("* error status=429 share=0.3", "* error status=500 share=0.1")
    for n in (25, 90):
        _, seen = w.counted("sweep", "--budget", "calls=%d" % n, "--no-store", code=(2,))
        check(sum(seen.values()) <= n, "retries are in the budget of %d" % n, sum(seen.values()))
    w.s.faults()
    _, seen = w.counted("sweep", "--budget", "calls=30", "--no-store", "--role-name", "Reader", "--account", "100000000000", "--account", "100000000002", code=(2,))
    check(seen.get("sts:AssumeRole", 0) == 2 and sum(seen.values()) <= 30, "roles are in the budget", seen)
    document, seen = w.counted("sweep", "s3-*", "--budget", "cost=0.00001", "--no-store", code=(2,))
    check(seen.get("s3:ListBuckets", 0) == 1 and sum(v for k, v in seen.items() if k.startswith("s3:")) <= 13, "dollars are kept", seen)
    done = subprocess.run([w.binary, "sweep", "--budget", "many"], env=w.s.environment(1), capture_output=True, text=True)
    check(done.returncode == 3 and "calls=N" in done.stderr, "a bad budget", done.returncode, done.stderr)


IDENTITY = {"sts:GetCallerIdentity", "ec2:DescribeRegions"}


def max_age(w):
    first = w.run("sweep", store="age.db")
    again, seen = w.counted("sweep", "--max-age", "15m", store="age.db")
    check(set(seen) <= IDENTITY and sum(seen.values()) == 2, "what is fresh is not asked", seen)
    check(again["summary"]["by_status"] == first["summary"]["by_status"], "and judged alike", again["summary"]["by_status"], first["summary"]["by_status"])
    bare = lambda d: [(f["rule"], f["status"], f["fingerprint"]) for f in d["findings"]]  # noqa: E731 (messages tell ages, which grow)
    check(bare(again) == bare(first), "each finding is the same")
    marks = [c.get("cached") for c in again["coverage"]]
    check(all(m and m["fetched_at"] and m["age_s"] >= 0 for m in marks), "each scope says so", marks[:2])
    check(all(c["calls"] == 0 and c["state"] == "complete" and c["cause"] is None for c in again["coverage"]), "without calls, complete")
    check(again["summary"]["coverage"]["cached"] == len(again["coverage"]), "and is counted", again["summary"]["coverage"]["cached"])
    check([c["resources"] for c in again["coverage"] if not c["facet"]] == [c["resources"] for c in first["coverage"] if not c["facet"]], "with its resources")
    third = w.run("sweep", "--max-age", "15m", store="age.db")
    check([c["cached"]["fetched_at"] for c in third["coverage"]] == [m["fetched_at"] for m in marks], "what is taken twice keeps its age")

    # Another region, and a scope that is not complete, are asked; so is what no snapshot held.
    w.s.faults("ec2:DescribeInstances denied region=eu-central-1")
    w.run("sweep", store="part.db")
    w.s.faults()
    document, seen = w.counted("sweep", "--max-age", "1h", store="part.db")
    check(set(seen) <= IDENTITY | {"ec2:DescribeInstances"} and seen.get("ec2:DescribeInstances") == 1, "what was denied is asked", seen)
    check(all(c["state"] == "complete" for c in document["coverage"]), "and is complete then")
    w.run("sweep", store="one.db", regions=REGIONS[:1])
    _, seen = w.counted("sweep", "--max-age", "1h", store="one.db")
    check(seen.get("ec2:DescribeVpcs") == 1 and "s3:ListBuckets" not in seen, "another region is asked alone", seen)
    w.run("sweep", "s3-bucket-versioning-enabled", store="facet.db")
    _, seen = w.counted("sweep", "s3-bucket-versioning-enabled", "--max-age", "1h", store="facet.db")
    check(set(seen) <= IDENTITY, "the same rule asks nothing", seen)
    _, seen = w.counted("sweep", "s3-bucket-acl-not-public", "--max-age", "1h", store="facet.db")
    check(seen.get("s3:ListBuckets", 0) >= 1 and seen.get("s3:GetBucketAcl", 0) > 0, "a facet that was not asked for is", seen)
    w.run("sweep", "--max-age", "x", store="age.db", code=(3,))
    w.run("sweep", "--max-age", "5m", "--no-store", code=(3,))


def skipped(binary, folder):
    try:
        import boto3, moto.server  # noqa: F401
    except ImportError:
        return
    import motoserver
    with motoserver.Server() as s:
        run = lambda *more: subprocess.run([binary, "sweep", "iam-*", "--output", "json", "--region", "*-south-*", "--store", os.path.join(folder, "moto.db"), *more],  # noqa: E731
                                           env=s.environment(), capture_output=True, text=True, cwd=ROOT)
        document = json.loads(run("--record", os.path.join(folder, "record")).stdout)
        gone = [c for c in document["coverage"] if c["state"] == "skipped"]
        check(gone and all(c["cause"]["class"] == "region_disabled" and c["type"] == "AWS::::Region" for c in gone), "regions are skipped", gone[:1])
        check(document["summary"]["coverage"]["skipped"] == len(gone), "and counted apart", document["summary"]["coverage"])
        check(document["summary"]["coverage"]["complete"] == document["summary"]["coverage"]["scopes"], "and are no gap")
        again = subprocess.run([binary, "sweep", "iam-*", "--output", "json", "--replay", os.path.join(folder, "record")], capture_output=True, text=True, cwd=ROOT)
        check(json.loads(again.stdout)["coverage"] == document["coverage"], "a replay skips the same")


def main():
    binary, awsim = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder, Server(awsim, "--accounts", "3", "--instances", "6", "--seed", "5") as server:
        w = World(binary, server, folder)
        real = plan(w)
        budget(w, real)
        max_age(w)
        skipped(binary, folder)
    for p in problems:
        print(p)
    print("planning: %d problems" % len(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
