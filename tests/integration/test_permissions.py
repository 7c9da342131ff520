#!/usr/bin/env python3
"""The policy that `moonward permissions` prints is the one that the rules need: no action more, none less.

  test_permissions.py MOONWARD [--share N] [--seed S]

A proxy (enforcing.py) holds every request of a sweep against a policy. With the printed one nothing is denied, and the findings are
those of an account where everything is allowed. With one action less (each in turn; every Nth with --share), rules that need it
become unknown, and everything that others said is the same byte for byte. A run that is denied nothing without an action says
that the action was one too many. A sweep of every shipped type, with all its facets, must be denied nothing either.
"""
import argparse, collections, json, os, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import motoserver  # noqa: E402

motoserver.require()
import enforcing  # noqa: E402
import test_sweep_moto  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# The description gives a name to findings of this rule; its verdict hangs on the key policy alone.
VERDICT_WITHOUT = {("kms:DescribeKey", "kms-key-policy-not-public")}


def build(server, seed):
    """The account of test_sweep_moto.py, and what makes every rule read all that it may read."""
    test_sweep_moto.World(server, seed).build()
    kms = server.client("kms")
    kms.schedule_key_deletion(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], PendingWindowInDays=7)
    server.client("s3").create_bucket(Bucket="trail-everywhere")
    server.client("cloudtrail").create_trail(Name="everywhere", S3BucketName="trail-everywhere", IsMultiRegionTrail=True)
    server.client("cloudtrail").start_logging(Name="everywhere")


def run(binary, env, *argv):
    return subprocess.run([binary, *argv], env=env, capture_output=True, text=True, cwd=ROOT)


def printed(binary, env, *argv):
    done = run(binary, env, "permissions", *argv)
    if done.returncode:
        sys.exit("permissions ended with %d: %s" % (done.returncode, done.stderr))
    return json.loads(done.stdout)


def sweep(binary, env):
    argv = ["sweep", "--no-store", "--output", "json"] + [a for r in test_sweep_moto.REGIONS for a in ("--region", r)]
    done = run(binary, env, *argv)
    if done.returncode not in (1, 2):
        sys.exit("sweep ended with %d: %s" % (done.returncode, done.stderr[-2000:]))
    return json.loads(done.stdout)


def text(finding):
    """Without the times of the run."""
    return json.dumps({k: v for k, v in finding.items() if k not in ("first_seen", "last_seen")}, sort_keys=True)


def nameless(finding):
    return text(dict(finding, resource=dict(finding["resource"], name=None)))


def by_rule(document):
    out = collections.defaultdict(list)
    for f in document["findings"]:
        out[f["rule"]].append(text(f))
    return out


def without(document, action):
    left = [dict(s, Action=[a for a in s["Action"] if a != action]) for s in document["Statement"]]
    return {"Version": document["Version"], "Statement": [s for s in left if s["Action"]]}


def one_less(proxy, binary, env, policy, use, baseline):
    """Faults of a sweep that lacks the action of @p use."""
    action, faults = use["action"], []
    proxy.allow([without(policy, action)])
    document = sweep(binary, env)
    after, before = by_rule(document), by_rule(baseline)
    if set(proxy.denied) != {action}:
        faults.append("without %s, denied was %s" % (action, dict(proxy.denied)))
    for rule in sorted(set(before) | set(after)):
        unknown = any(json.loads(f)["status"] == "unknown" and action in f for f in after[rule])
        if rule not in use["rules"]:
            if after[rule] != before[rule]:
                faults.append("without %s, %s does not say what it said, and does not depend on it" % (action, rule))
        elif not unknown and any(json.loads(f)["status"] in ("pass", "fail") for f in before[rule]) and (action, rule) not in VERDICT_WITHOUT:
            faults.append("without %s, %s still knows everything" % (action, rule))
        known = {nameless(json.loads(f)) for f in before[rule]}
        for f in map(json.loads, after[rule]):
            if f["status"] != "unknown" and nameless(f) not in known:
                faults.append("without %s, %s says %s of %s: %s" % (action, rule, f["status"], f["resource"]["id"], f["message"]))
    return faults, len(use["rules"])


def every_type(proxy, binary, env, folder):
    """A rule for each shipped type, with all its facets: the policy of these rules allows whatever their sweep asks of moto."""
    types = json.loads(run(binary, env, "types", "list", "--output", "json").stdout)
    for i, t in enumerate(types):
        needs = ", ".join('"%s"' % f for f in t["facets"])
        with open(os.path.join(folder, "every-%d.lua" % i), "w") as out:
            out.write('--- Reads everything.\nreturn rule { id = "every-%d", title = "t", severity = "low", pillar = "security", resource = "%s",\n'
                      '  needs = { %s }, check = function() return pass() end }\n' % (i, t["type"], needs))
    policies = printed(binary, env, "--split", "--rules", folder)
    faults = ["a policy has %d characters" % len(p) for p in (json.dumps(p, separators=(",", ":")) for p in policies) if len(p) > 6144]
    proxy.allow(policies)
    done = run(binary, env, "sweep", "--rules", folder, "--no-store", "--region", "us-east-1", "--output", "json")
    if done.returncode != 2:
        faults.append("a sweep of every type ended with %d: %s" % (done.returncode, done.stderr[-500:]))
    print("every type: %d policies, %d actions, %d of them asked for" % (len(policies), len({a for p in policies for s in p["Statement"] for a in s["Action"]}),
                                                                        len(proxy.used)))
    faults += ["%s was denied in a sweep of every type" % a for a in sorted(proxy.denied)] + ["no operation: " + r for r in proxy.unread[:5]]
    if len(proxy.used) < 300:
        faults.append("a sweep of every type asked for %d actions only" % len(proxy.used))
    return faults


def main():
    p = argparse.ArgumentParser()
    p.add_argument("binary")
    p.add_argument("--share", type=int, default=1)
    p.add_argument("--seed", type=int, default=20260102)
    a = p.parse_args()
    faults = []
    with motoserver.Server() as s, enforcing.Proxy(s.url) as proxy:
        build(s, a.seed)
        env = s.environment(AWS_ENDPOINT_URL=proxy.url, MOONWARD_CONFIG="/dev/null")
        everything = sweep(a.binary, env)
        policy, uses = printed(a.binary, env), printed(a.binary, env, "--explain", "--output", "json")
        names = [x for st in policy["Statement"] for x in st["Action"]]
        if names != sorted(names) or len(set(names)) != len(names) or names != [u["action"] for u in uses]:
            faults.append("the policy is not sorted, or names an action twice, or --explain has others: %s" % names)
        proxy.allow([policy])
        exact = sweep(a.binary, env)
        for action, count in sorted(proxy.denied.items()):
            faults.append("%s was denied %d times, the policy lacks it" % (action, count))
        for action in sorted(set(names) - set(proxy.used)):
            faults.append("%s is in the policy and was not used" % action)
        faults += ["no operation: " + r for r in proxy.unread[:5]]
        if by_rule(exact) != by_rule(everything):
            faults.append("the sweep with the printed policy differs from one that may do everything")
        with tempfile.TemporaryDirectory() as folder:
            faults += every_type(proxy, a.binary, env, folder)
        chosen = [u for i, u in enumerate(uses) if (i + a.seed) % a.share == 0]
        for use in chosen:
            found, rules = one_less(proxy, a.binary, env, policy, use, exact)
            faults += found
            print("without %-40s %3d rules, %d faults" % (use["action"], rules, len(found)), flush=True)
    for fault in faults[:60]:
        print(fault)
    print("%d actions, %d left out in turn, %d faults" % (len(names), len(chosen), len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
