#!/usr/bin/env python3
"""What `moonward onboard` prints makes the role that a sweep can use, with nothing but the policy of the rules.

  test_onboard.py MOONWARD

The templates are held against their own rules first (every Ref and GetAtt resolves, conditions exist, policies fit), then deployed into
moto by boto3: as a stack, and through the StackSet's own TemplateBody. The role that comes of it is compared with the rules, and a
sweep assumes it through a proxy that enforces its policies and sees the session policy.
"""
import json, os, re, subprocess, sys, tempfile, urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import motoserver  # noqa: E402

motoserver.require()
import enforcing, yaml  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HUB, ACCOUNT = "111122223333", "123456789012"
PSEUDO = {"AWS::Partition", "AWS::Region", "AWS::AccountId", "AWS::NoValue"}
faults = []


def check(condition, message):
    if not condition:
        faults.append(message)


def run(binary, env, *argv):
    return subprocess.run([binary, *argv], env=env, capture_output=True, text=True, cwd=ROOT)


def printed(binary, env, *argv):
    done = run(binary, env, *argv)
    if done.returncode:
        sys.exit("%s ended with %d: %s" % (argv, done.returncode, done.stderr))
    return done.stdout


# -- templates -------------------------------------------------------------------------------------------------------------------
def walk(value, visit):
    visit(value)
    for v in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        walk(v, visit)


def structure(name, template):
    known = set(template.get("Resources", {})) | set(template.get("Parameters", {})) | PSEUDO
    check(set(template) <= {"AWSTemplateFormatVersion", "Description", "Parameters", "Conditions", "Resources", "Outputs"}, name + ": unknown section")

    def visit(v):
        if not isinstance(v, dict):
            return
        if "Ref" in v:
            check(v["Ref"] in known and len(v) == 1, "%s: Ref %s does not resolve" % (name, v["Ref"]))
        if "Fn::GetAtt" in v:
            check(v["Fn::GetAtt"][0] in template["Resources"], "%s: GetAtt %s does not resolve" % (name, v["Fn::GetAtt"]))
        for variable in re.findall(r"\$\{([^}]*)\}", v.get("Fn::Sub", "")):
            check(variable in known, "%s: ${%s} does not resolve" % (name, variable))
        if "PolicyDocument" in v:
            check(len(re.sub(r"\s", "", json.dumps(v["PolicyDocument"]))) <= 6144, name + ": a policy does not fit")

    walk(template, visit)
    for key, resource in template["Resources"].items():
        check(set(resource) <= {"Type", "Condition", "Properties"}, "%s: %s has more than type and properties" % (name, key))
        check(resource.get("Condition", "RoleIsHere") in template.get("Conditions", {"RoleIsHere": 0}), "%s: condition of %s" % (name, key))


def trust_of(document):
    statement, = document["Statement"]
    return statement


def roles(server):
    iam = server.client("iam")
    return {r["RoleName"]: r for p in iam.get_paginator("list_roles").paginate() for r in p["Roles"]}


# -- the checks ------------------------------------------------------------------------------------------------------------------
def deploy(server, binary, env, actions):
    flags = ["--hub", HUB, "--hub-role", "ops/MoonwardHub", "--external-id", "0b0a6a1e", "--org-id", "o-a1b2c3d4e5"]
    account = yaml.safe_load(printed(binary, env, "onboard", "cloudformation", *flags))
    structure("account", account)
    cfn = server.client("cloudformation")
    cfn.create_stack(StackName="account", TemplateBody=yaml.safe_dump(account), Capabilities=["CAPABILITY_NAMED_IAM"])
    check("MoonwardRead" in roles(server), "the stack made no role")
    trust = trust_of(roles(server)["MoonwardRead"]["AssumeRolePolicyDocument"])
    check(trust["Principal"] == {"AWS": "arn:aws:iam::%s:root" % HUB}, "the role trusts %s" % trust["Principal"])
    check(trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::%s:role/ops/MoonwardHub" % HUB},
                                 "StringEquals": {"sts:ExternalId": "0b0a6a1e", "aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
          "the trust's conditions are %s" % trust["Condition"])
    iam = server.client("iam")
    attached = iam.list_attached_role_policies(RoleName="MoonwardRead")["AttachedPolicies"]
    found = []
    for policy in attached:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"]
        found += [a for s in document["Statement"] for a in s["Action"]]
    check(sorted(found) == actions, "the deployed role allows %s" % (set(found) ^ set(actions)))

    whole = yaml.safe_load(printed(binary, env, "onboard", "cloudformation", *flags, "--ous", "ou-ab12-11111111", "--ous", "r-ab12", "--role", "/team/Reader"))
    structure("organization", whole)
    stack_set = whole["Resources"]["MoonwardStackSet"]["Properties"]
    check(stack_set["StackInstancesGroup"][0]["DeploymentTargets"]["OrganizationalUnitIds"] == ["ou-ab12-11111111", "r-ab12"], "units are not those asked for")
    check(stack_set["PermissionModel"] == "SERVICE_MANAGED" and stack_set["AutoDeployment"]["Enabled"] is True, "the StackSet does not follow the organization")
    check(len(stack_set["TemplateBody"]) <= 51200, "the template in the StackSet is too long for CloudFormation")
    structure("member", json.loads(stack_set["TemplateBody"]))
    cfn.create_stack_set(StackSetName="readers", TemplateBody=stack_set["TemplateBody"], Capabilities=["CAPABILITY_NAMED_IAM"])
    cfn.create_stack_instances(StackSetName="readers", Accounts=[ACCOUNT], Regions=["us-east-1"])
    check(roles(server).get("Reader", {}).get("Path") == "/team/", "the StackSet made no role under its path")
    hub = yaml.safe_load(printed(binary, env, "onboard", "cloudformation", "--part", "hub", "--role", "/team/Reader"))
    structure("hub", hub)
    cfn.create_stack(StackName="hub", TemplateBody=yaml.safe_dump(hub), Capabilities=["CAPABILITY_IAM"])


def terraform(binary, env, actions):
    text = printed(binary, env, "onboard", "terraform", "--hub", HUB, "--ous", "r-ab12")
    check(text.count("{") == text.count("}") and text.count("(") == text.count(")"), "terraform: brackets do not match")
    check(sorted(set(re.findall(r'^ +"([a-z0-9-]+:[A-Za-z]+)",?$', text, re.M))) == actions, "terraform: other actions")
    body = re.search(r"<<-TEMPLATE\n +(.*)\n +TEMPLATE", text).group(1)
    check("$${AWS::Partition}" in body and not re.search(r"[^$]\$\{", body), "terraform: HCL would interpolate the template")
    structure("terraform", json.loads(body.replace("$${", "${")))
    for reference in re.findall(r"= (aws_[a-z_]+\.[a-z0-9_]+)", text):
        kind, name = reference.split(".")
        check('resource "%s" "%s"' % (kind, name) in text, "terraform: %s does not resolve" % reference)


def compare(server, binary, env):
    done = run(binary, env, "permissions", "--diff", "MoonwardRead", "--output", "json")
    found = json.loads(done.stdout or "{}")
    check(done.returncode == 0 and found["missing"] == found["conditional"] == 0 and not found["surplus"],
          "the role differs from its own policy: %d %s %s" % (done.returncode, done.stdout[-300:], done.stderr))
    iam = server.client("iam")
    boundary = iam.create_policy(PolicyName="Boundary", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}]}))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="MoonwardRead", PermissionsBoundary=boundary)
    iam.put_role_policy(RoleName="MoonwardRead", PolicyName="Guard", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "s3:GetBucketAcl", "Resource": "*"},
        {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}},
        {"Effect": "Allow", "Action": ["iam:PassRole", "*"], "Resource": "*"}]}))
    done = run(binary, env, "permissions", "--diff", "arn:aws:iam::%s:role/MoonwardRead" % ACCOUNT, "--output", "json")
    found = json.loads(done.stdout or "{}")
    grants = {a["action"]: a for a in found["actions"]}
    check(done.returncode == 1, "a role that lacks actions exits %d" % done.returncode)
    check(grants["s3:GetBucketAcl"]["why"] == "denied by Guard" and grants["s3:GetBucketAcl"]["rules"] == ["s3-bucket-acl-not-public"], "the Deny is not told")
    check({a for a, g in grants.items() if g["grant"] == "missing"} == {"s3:GetBucketAcl"} | {a for a in grants if a.startswith("kms:")}, "missing is something else")
    check({a for a, g in grants.items() if g["grant"] == "conditional"} == {a for a in grants if a.startswith("ec2:")}, "conditional is something else")
    check([s["action"] for s in found["surplus"]] == ["*", "iam:PassRole"] and "every action" in done.stderr, "surplus is %s" % found["surplus"])
    done = run(binary, env, "permissions", "--diff", "Nobody")
    check(done.returncode != 0 and "Nobody" in done.stderr and "NoSuchEntity" in done.stderr, "a role that is not there: %s" % done.stderr)
    iam.delete_role_permissions_boundary(RoleName="MoonwardRead")
    iam.delete_role_policy(RoleName="MoonwardRead", PolicyName="Guard")


def session_policy(proxy, binary, env, folder, actions):
    """A sweep of another account by its role: the policy goes with AssumeRole, or does not."""
    def sent(name, *argv):
        config = os.path.join(folder, name + ".yaml")
        with open(config, "w") as f:
            f.write("role: MoonwardRead\nregions: [us-east-1]\naccounts: [%s]\n%s" % ("222233334444", "session_policy: off\n" if name == "off" else ""))
        proxy.seen.clear()
        done = run(binary, env, "sweep", *argv, "--config", config, "--no-store", "--output", "json")
        check(done.returncode in (0, 1, 2) and proxy.seen, "the sweep by role ended with %d: %s" % (done.returncode, done.stderr))
        return [dict(urllib.parse.parse_qsl(body.decode())).get("Policy") for body in proxy.seen], done

    policies, done = sent("on")
    for policy in policies:
        check(policy and len(policy) <= 2048 and sorted(json.loads(policy)["Statement"][0]["Action"]) == actions, "the session policy is %s" % policy)
    check(sent("off")[0] == [None] * len(proxy.seen), "a session policy although it is off")
    small, _ = sent("few", "s3-bucket-versioning-enabled")
    check(json.loads(small[0])["Statement"][0]["Action"] == sorted(json.loads(small[0])["Statement"][0]["Action"]) and "s3:GetBucketAcl" not in small[0],
          "the session policy of one rule is that of all")


def audit(binary, env, folder):
    """The policy of what a script called, on stderr or in a file; rows stay on stdout."""
    script, file = os.path.join(folder, "ask.lua"), os.path.join(folder, "used.json")
    with open(script, "w") as f:
        f.write('aws.call("s3:ListBuckets")\nfor role in aws.items("iam:ListRoles") do emit { name = role.RoleName } end\n')
    wanted = ["ec2:DescribeRegions", "iam:ListRoles", "s3:ListAllMyBuckets"]
    done = run(binary, env, "audit", script, "--output", "json", "--quiet", "--permissions")
    start = done.stderr.find("{")
    used = json.JSONDecoder().raw_decode(done.stderr[start:])[0] if start >= 0 else {"Statement": []}
    check(done.returncode == 0 and [a for s in used["Statement"] for a in s["Action"]] == wanted, "audit --permissions: %d %s" % (done.returncode, done.stderr))
    json.loads(done.stdout)
    done = run(binary, env, "audit", script, "--permissions=" + file)
    with open(file) as f:
        check(json.load(f) == used and "Statement" not in done.stderr, "audit --permissions=FILE wrote something else")
    done = run(binary, env, "audit", script, "--snapshot", "latest", "--permissions")
    check(done.returncode == 3 and "--permissions" in done.stderr, "audit --snapshot --permissions: %d %s" % (done.returncode, done.stderr))


def refused(binary, env):
    for argv, word in ((["--hub", "12"], "--hub"), ([], "--hub"), (["--hub", HUB, "--role", "a b"], "--role"), (["--hub", HUB, "--org-id", "x"], "--org-id"),
                       (["--hub", HUB, "--external-id", "${x}"], "--external-id"), (["--hub", HUB, "--ous", "root"], "--ous"),
                       (["--hub", HUB, "--part", "organization"], "--ous")):
        for kind in ("cloudformation", "terraform"):
            done = run(binary, env, "onboard", kind, *argv)
            check(done.returncode == 3 and word in done.stderr and not done.stdout, "%s: %d %s" % (argv, done.returncode, done.stderr))


def main():
    binary = sys.argv[1]
    with motoserver.Server() as s, enforcing.Proxy(s.url) as proxy, tempfile.TemporaryDirectory() as folder:
        env = s.environment(AWS_ENDPOINT_URL=proxy.url, MOONWARD_CONFIG="/dev/null")
        policy = json.loads(printed(binary, env, "permissions"))
        actions = sorted(a for st in policy["Statement"] for a in st["Action"])
        deploy(s, binary, env, actions)
        terraform(binary, env, actions)
        compare(s, binary, env)
        session_policy(proxy, binary, {k: v for k, v in env.items() if k != "MOONWARD_CONFIG"}, folder, actions)
        audit(binary, env, folder)
        refused(binary, env)
    for fault in faults:
        print(fault)
    print("%d actions, %d faults" % (len(actions), len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
