#!/usr/bin/env python3
"""What doctor says of the policies of each account's role or user, against moto's IAM; nothing of it by trying.

  test_doctor_roles.py MOONWARD

A role with the printed policy is well. Without an action, doctor fails and names the rules that `permissions --explain` names. Conditions,
denials, boundaries, wildcards, a user with groups, a role of another account, a role that may not be read: each is said as what it is.
Only iam:Get* and iam:List* are asked, and what a session asks anyway.
"""
import json, os, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import motoserver  # noqa: E402

motoserver.require()
import boto3, enforcing  # noqa: E402

HOME, OTHER = "123456789012", "222222222222"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})
READING = ["iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion"]
problems = []


def check(good, what, *details):
    if not good:
        problems.append("%s %s" % (what, " ".join(map(repr, details))))


def allow(*actions, **more):
    return {"Version": "2012-10-17", "Statement": [dict({"Sid": "S", "Effect": "Allow", "Action": list(actions), "Resource": "*"}, **more)]}


class World:
    def __init__(self, binary, server, proxy, folder):
        self.binary, self.s, self.proxy, self.folder = binary, server, proxy, folder
        self.iam = server.client("iam")
        uses = json.loads(self.run("permissions", "--explain", "--output", "json").stdout)
        self.rules = {u["action"]: u["rules"] for u in uses}
        self.needed = sorted(self.rules)

    def run(self, *argv, **env):
        env = self.s.environment(AWS_ENDPOINT_URL=self.proxy.url, HOME=self.folder, **env)
        return subprocess.run([self.binary, *argv], env=env, capture_output=True, text=True, cwd=self.folder, timeout=120)

    def role(self, name, *documents, iam=None, **more):
        iam = iam or self.iam
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more)
        for i, document in enumerate(documents):
            iam.put_role_policy(RoleName=name, PolicyName="policy-%d" % i, PolicyDocument=json.dumps(document))

    def doctor(self, what, accounts, code, *argv, permissions=None, **env):
        """Checks of the group `permissions` by name. `permissions`: what the proxy lets through."""
        with open(os.path.join(self.folder, "moonward.yaml"), "w") as out:
            json.dump(dict({"regions": ["us-east-1"]}, **({"accounts": accounts, "role": "Reader"} if accounts else {})), out)
        self.proxy.patterns = permissions or ["*"]
        self.proxy.reset()
        argv = ("doctor", "--store", os.path.join(self.folder, "none.db"), *argv)
        done = self.run(*argv, "--output", "json", **env)
        asked = set(self.proxy.used) | set(self.proxy.denied)
        if "--probe" not in argv:
            check(all(a is None or a.startswith(("iam:Get", "iam:List", "sts:", "ec2:DescribeRegions", "unread:")) for a in asked), "%s: asks for what it need not" % what, asked)
        check(done.returncode == code, "%s: exit status %d, not %d" % (what, done.returncode, code), done.stdout[-1500:], done.stderr[-500:])
        found = {c["name"]: c for c in json.loads(done.stdout)["checks"] if c["group"] == "permissions"}
        for c in found.values():
            check(c["status"] == "ok" or c["name"] in ("probe", "policies") or c["remedy"], "%s: nothing to do about" % what, c)
        return found

    def of(self, what, role, code, status, **more):
        found = self.doctor(what, [{"id": HOME, "role": role}], code, **more)
        check(found[HOME]["status"] == status, "%s: not %s" % (what, status), found[HOME])
        return found


def names(found, status):
    return sorted(n.split()[1] for n, c in found.items() if c["status"] == status and ":" in n)


def roles(w):
    w.role("Exact", allow(*w.needed))
    found = w.of("the printed policy", "Exact", 0, "ok")
    check("%d of %d" % (len(w.needed), len(w.needed)) in found[HOME]["detail"], "how many are allowed", found[HOME])
    check("control policies" in found[HOME]["detail"], "what is not seen is said", found[HOME])

    less = "s3:GetBucketPolicyStatus" if "s3:GetBucketPolicyStatus" in w.rules else next(a for a in w.needed if a.startswith("s3:Get"))
    w.role("Less", allow(*[a for a in w.needed if a != less]))
    found = w.of("one action less", "Less", 2, "fail")
    check(names(found, "fail") == [less], "the missing action", found)
    one = found["%s %s" % (HOME, less)]
    check(all(r in one["detail"] for r in w.rules[less][:5]), "its rules", one, w.rules[less])
    check(found[HOME]["status"] == "fail" and "1 missing" in found[HOME]["detail"], "how many", found[HOME])

    w.role("Nothing")
    found = w.of("no policy at all", "Nothing", 2, "fail")
    shown = names(found, "fail")
    rest = found["%s missing" % HOME]["detail"]
    check(len(shown) == 10 and rest.startswith("%d more" % (len(w.needed) - 10)), "a bounded list, the rest counted", shown, rest)
    wide = max(w.needed, key=lambda a: len(w.rules[a]))
    w.role("Wide", allow(*[a for a in w.needed if a != wide]))
    detail = w.of("an action of many rules", "Wide", 2, "fail")["%s %s" % (HOME, wide)]["detail"]
    check(len(w.rules[wide]) <= 5 or "and %d more" % (len(w.rules[wide]) - 5) in detail, "rules beyond the bound are counted", detail)

    w.role("If", allow(*[a for a in w.needed if a != less]), allow(less, Condition={"Bool": {"aws:SecureTransport": "true"}}))
    found = w.of("a condition", "If", 0, "warn")
    check(names(found, "warn") == [less] and w.rules[less][0] in found["%s %s" % (HOME, less)]["detail"], "conditional is a warning, by rule", found)
    w.role("Deny", allow(*w.needed), allow(less, Effect="Deny"))
    found = w.of("a denial", "Deny", 2, "fail")
    check("denied by policy-1" in found["%s %s" % (HOME, less)]["detail"], "by which policy", found)
    arn = w.iam.create_policy(PolicyName="Limit", PolicyDocument=json.dumps(allow("s3:*", "iam:*", "ec2:*")))["Policy"]["Arn"]
    w.role("Bounded", allow(*w.needed), PermissionsBoundary=arn)
    found = w.of("a boundary", "Bounded", 2, "fail")
    check(any("boundary" in c["detail"] for c in found.values()), "a boundary limits", found)
    w.role("Everything", allow("*"))
    found = w.of("everything", "Everything", 0, "ok")
    check(found["%s surplus" % HOME]["status"] == "warn" and "policy-0" in found["%s surplus" % HOME]["detail"], "* is more than needed", found)
    arn = w.iam.create_policy(PolicyName="Managed", PolicyDocument=json.dumps(allow(*w.needed)))["Policy"]["Arn"]
    w.role("Attached", Path="/team/")
    w.iam.attach_role_policy(RoleName="Attached", PolicyArn=arn)
    w.of("attached, below a path", "/team/Attached", 0, "ok")


def unreadable(w):
    for missing in READING[:4]:
        rest = [a for a in READING if a != missing]
        found = w.of("%s denied" % missing, "Exact", 0, "skipped", permissions=["sts:*", "ec2:*", *map(str.lower, rest)])
        check(missing in found[HOME]["detail"] and all(a in found[HOME]["remedy"] for a in READING), "what it takes", found[HOME])
    found = w.doctor("an identity without policies", None, 0)  # moto's own: arn:aws:sts::…:user/moto
    check(found[HOME]["status"] == "skipped" and "neither a role nor a user" in found[HOME]["detail"], "whom nobody knows", found[HOME])


def malformed(w):
    """What an answer lacks may be the boundary or the denial: never ok."""
    for role, action, pattern, said in (
            ("Bounded", "iam:GetRole", b"<Role>.*</Role>", "lacks the role or user"),
            ("Bounded", "iam:GetRole", b"<PermissionsBoundaryArn>.*?</PermissionsBoundaryArn>", "lacks the ARN of the permissions boundary"),
            ("Attached", "iam:ListAttachedRolePolicies", b"<AttachedPolicies>.*</AttachedPolicies>", "lacks AttachedPolicies"),
            ("Attached", "iam:ListAttachedRolePolicies", b"<PolicyArn>.*?</PolicyArn>", "lacks PolicyArn"),
            ("Deny", "iam:ListRolePolicies", b"<PolicyNames>.*</PolicyNames>", "lacks PolicyNames"),
            ("Deny", "iam:GetRolePolicy", b"<PolicyDocument>.*</PolicyDocument>", "is no IAM policy")):
        w.proxy.cut = {action: pattern}
        found = w.of("%s without %s" % (action, pattern.decode()), role, 0, "skipped")
        check(said in found[HOME]["detail"], "what was wrong", found[HOME])
    w.proxy.cut = {}


def users(w):
    w.iam.create_user(UserName="ann", Path="/staff/")
    key = w.iam.create_access_key(UserName="ann")["AccessKey"]
    env = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    half = len(w.needed) // 2
    w.iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=json.dumps(allow(*w.needed[:half])))
    found = w.doctor("a user with half of it", None, 2, **env)
    check("user ann allows %d of" % half in found[HOME]["detail"], "whose policies", found[HOME])
    w.iam.create_group(GroupName="readers")
    w.iam.put_group_policy(GroupName="readers", PolicyName="rest", PolicyDocument=json.dumps(allow(*w.needed[half:])))
    w.iam.add_user_to_group(GroupName="readers", UserName="ann")
    found = w.doctor("a user and a group", None, 0, **env)
    check(found[HOME]["status"] == "ok", "a group's policies count", found[HOME])
    done = w.run("permissions", "--diff", "arn:aws:iam::%s:user/staff/ann" % HOME, "--output", "json", **env)
    check(done.returncode == 0 and json.loads(done.stdout)["missing"] == 0, "--diff of a user", done.stdout[-300:], done.stderr)


def accounts(w):
    """Each role is read in its own account: the same name is another role there."""
    keys = w.s.client("sts").assume_role(RoleArn="arn:aws:iam::%s:role/Maker" % OTHER, RoleSessionName="test")["Credentials"]
    there = boto3.client("iam", region_name="us-east-1", endpoint_url=w.s.url, aws_access_key_id=keys["AccessKeyId"],
                         aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])
    w.role("Reader", allow(*w.needed[1:]), iam=there)
    w.role("Reader", allow(*w.needed))
    found = w.doctor("two accounts", [{"id": HOME, "role": "Reader"}, {"id": OTHER}], 2)
    check(found[HOME]["status"] == "ok" and found[OTHER]["status"] == "fail", "each by its own role", found)
    check(names(found, "fail") == [w.needed[0]], "what the other lacks", found)
    found = w.doctor("beside the probe", [{"id": OTHER}], 2, "--probe")
    check(found[OTHER]["status"] == "fail" and found["probe"]["status"] == "ok", "policies and probe", found)


def main():
    binary = os.path.abspath(sys.argv[1])
    with motoserver.Server() as s, enforcing.Proxy(s.url) as proxy, tempfile.TemporaryDirectory() as folder:
        w = World(binary, s, proxy, folder)
        for part in (roles, unreadable, malformed, users, accounts):
            part(w)
    for p in problems[:40]:
        print(p)
    print("doctor of roles: %d problems" % len(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
