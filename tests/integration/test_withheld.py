#!/usr/bin/env python3
"""What is sensitive is judged live and never stored: canaries of four services against moto_server.

  test_withheld.py MOONWARD

Values of a Lambda function's environment, user data, a container's environment and a stack's parameters are planted; rules compare with
them. Reports, logs, the store's bytes and all that is read out of it are searched for them.
"""
import base64, io, json, os, subprocess, sys, tempfile, zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import motoserver  # noqa: E402

FAULTS = []
CANARIES = {"lambda": "canaryLAMBDA7f3a", "userdata": "canaryUSERDATA91c2", "ecs": "canaryECS5d0e", "cfn": "canaryCFN44b8", "output": "canaryOUT6a6a"}
TYPES = ["AWS::Lambda::Function", "AWS::EC2::LaunchTemplate", "AWS::ECS::TaskDefinition", "AWS::CloudFormation::Stack"]

RULE = """--- %(title)s.
-- A rule of this test.
-- @see https://docs.aws.amazon.com/
return rule {
  id = "%(id)s", title = "%(title)s", severity = "high", pillar = "security", resource = "%(type)s", %(more)s
  check = function(r)
    %(body)s
  end,
}
"""
RULES = [
    ("lambda-token", TYPES[0], "", 'if r.Environment.Variables.TOKEN == "%s" then return fail("the token is the planted one") end return pass()' % CANARIES["lambda"]),
    ("lambda-empty", TYPES[0], "", 'if r.Environment.Variables.TOKEN == "" then return fail("empty") end return pass()'),
    ("lambda-names", TYPES[0], "", 'if #r.Environment.Variables > 5 then return fail("many") end if r.Environment.Variables.NONE then return fail("there") end return pass()'),
    ("lambda-whole", TYPES[0], "", 'if r.Environment.Variables then return fail("it has variables") end return pass()'),
    ("lambda-guard", TYPES[0], 'applies = { ["Environment.Variables.TOKEN"] = { "another" } },', "return pass()"),
    ("template-data", TYPES[1], 'needs = { "DefaultVersion" },',
     'if r.DefaultVersion.LaunchTemplateData.UserData ~= nil then return fail("it has user data") end return pass()'),
    ("task-environment", TYPES[2], "",
     'local v = r.containerDefinitions[1].environment:find("name", "TOKEN") if v.value == "%s" then return fail("the planted one") end return pass()' % CANARIES["ecs"]),
    ("stack-parameter", TYPES[3], "", 'if r.Parameters:any("ParameterValue", "%s") then return fail("the planted one") end return pass()' % CANARIES["cfn"]),
]


def expect(name, got, want):
    if got != want:
        FAULTS.append("%s: %s, expected %s" % (name, got, want))


def plant(s):
    iam = s.client("iam")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as z:
        z.writestr("f.py", "def f(a, b): pass")
    s.client("lambda").create_function(FunctionName="f", Runtime="python3.12", Role=role, Handler="f.f", Code={"ZipFile": code.getvalue()},
                                       Environment={"Variables": {"TOKEN": CANARIES["lambda"], "MODE": "test"}})
    s.client("ec2").create_launch_template(LaunchTemplateName="template", LaunchTemplateData={
        "InstanceType": "t3.nano", "UserData": base64.b64encode(CANARIES["userdata"].encode()).decode()})
    s.client("ecs").register_task_definition(family="d", containerDefinitions=[{
        "name": "c", "image": "i", "memory": 64, "environment": [{"name": "TOKEN", "value": CANARIES["ecs"]}]}])
    template = {"Parameters": {"P": {"Type": "String"}}, "Resources": {"Q": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"O": {"Value": CANARIES["output"]}}}
    s.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(template), Parameters=[{"ParameterKey": "P", "ParameterValue": CANARIES["cfn"]}])


class Bench:
    def __init__(self, binary, folder, server):
        self.binary, self.folder, self.env = binary, folder, server.environment(HOME=folder)
        os.mkdir(os.path.join(folder, "rules"))
        for name, type_, more, body in RULES:
            with open(os.path.join(folder, "rules", name + ".lua"), "w") as f:
                f.write(RULE % {"id": name, "title": "The rule " + name, "type": type_, "more": more, "body": body})
        for setting in ("withhold", "keep"):
            with open(os.path.join(folder, setting + ".yaml"), "w") as f:
                f.write("sensitive: %s\nrules: rules\n" % setting)

    def run(self, *argv, store="a.db", setting="withhold", codes=(0, 1, 2)):
        argv = [self.binary, *argv, "--config", os.path.join(self.folder, setting + ".yaml"), "--store", os.path.join(self.folder, store)]
        done = subprocess.run(argv, env=self.env, cwd=self.folder, capture_output=True)
        if done.returncode not in codes:
            sys.exit("%s ended with %d: %s" % (argv[1:4], done.returncode, done.stderr.decode()[-2000:]))
        self.last = done
        return done.stdout

    def sweep(self, *argv, **more):
        return json.loads(self.run("sweep", "--region", "us-east-1", "--output", "json", *argv, **more))

    def search(self, what, data):
        for name, canary in CANARIES.items():
            for form in (canary.encode(), base64.b64encode(canary.encode())):
                if form in data:
                    FAULTS.append("%s holds the canary of %s" % (what, name))

    def documents(self, store, setting="withhold"):
        """Each resource of the newest snapshot, whole, as text."""
        ids = json.loads(self.run("query", "select type, id from resource", "--output", "json", store=store))
        rows = ids["rows"] if isinstance(ids, dict) else ids
        return b"".join(self.run("snapshot", "show", "latest", r["type"], r["id"], store=store, setting=setting) for r in rows)

    def read_out(self, store):
        """All that the store gives out again."""
        parts = {"snapshot show": self.documents(store)}
        for view in ("resource", "lambda_function", "ec2_launch_template", "ecs_task_definition", "cloudformation_stack"):
            parts["query " + view] = self.run("query", "select * from " + view, "--output", "json", store=store)
        return parts


def statuses(report):
    return {f["rule"]: f["status"] for f in report["findings"]}


def main():
    binary = os.path.abspath(sys.argv[1])
    motoserver.require()
    with tempfile.TemporaryDirectory() as folder, motoserver.Server() as server:
        plant(server)
        b = Bench(binary, folder, server)
        live(b)
        stored(b)
        moved(b)
        named(b)
        changed(b, server)
        fresh(b)
        kept(b)
    for fault in FAULTS:
        print(fault)
    print("withheld: %d faults" % len(FAULTS))
    sys.exit(1 if FAULTS else 0)


def live(b):
    """The sweep judges by the real values; what it leaves behind lacks them."""
    report = b.sweep("--debug", "--export", "text=" + os.path.join(b.folder, "report.txt"))
    expect("live", statuses(report), {"lambda-token": "fail", "lambda-empty": "pass", "lambda-names": "pass", "lambda-whole": "fail", "lambda-guard": "not_applicable",
                                      "template-data": "fail", "task-environment": "fail", "stack-parameter": "fail"})
    for f in report["findings"]:
        if f["status"] == "fail" and "Withheld" not in json.dumps(f["evidence"]):
            FAULTS.append("%s: its evidence does not say that a value is withheld: %s" % (f["rule"], f["evidence"]))
    whole = [f for f in report["findings"] if f["rule"] == "lambda-whole"][0]["evidence"][0]["value"]
    expect("names of variables", sorted(whole), ["MODE", "TOKEN"])
    b.search("the report", b.last.stdout)
    b.search("the log", b.last.stderr)
    for name in os.listdir(b.folder):
        if name != "rules":
            with open(os.path.join(b.folder, name), "rb") as f:
                b.search(name, f.read())
    b.report = report


def stored(b):
    for what, data in b.read_out("a.db").items():
        b.search(what, data)
    for argv in (("findings", "list"), ("report",), ("snapshot", "show")):
        b.search(" ".join(argv), b.run(*argv, "--output", "json"))
    function = json.loads(b.run("query", "select json(Environment) as e from lambda_function", "--output", "json"))[0]
    if '"TOKEN"' not in json.dumps(function).replace("\\", ""):
        FAULTS.append("the names of variables are gone: %s" % function)
    report = json.loads(b.run("evaluate", "--output", "json"))
    expect("evaluate", b.last.returncode, 2 if any(f["status"] == "unknown" for f in report["findings"]) else None)
    expect("stored", statuses(report), {"lambda-token": "unknown", "lambda-empty": "unknown", "lambda-names": "pass", "lambda-whole": "fail", "lambda-guard": "unknown",
                                        "template-data": "unknown", "task-environment": "unknown", "stack-parameter": "unknown"})
    for f in report["findings"]:
        if f["status"] == "unknown" and ("Withheld" not in f["message"] or "live sweep" not in f["message"]):
            FAULTS.append("%s does not say why: %s" % (f["rule"], f["message"]))
    expect("by class", report["summary"].get("unknown_by_class"), {"withheld": 6})


def moved(b):
    """Into another store by a file; its digest is computed again there."""
    path = os.path.join(b.folder, "s.mws")
    b.run("snapshot", "export", "--file", path)
    b.run("snapshot", "import", path, store="b.db")
    for what, data in b.read_out("b.db").items():
        b.search("import: " + what, data)
    expect("check", b.run("snapshot", "check", store="b.db", codes=(0,)) is not None, True)
    named = [json.loads(b.run("snapshot", "list", "--output", "json", store=s)) for s in ("a.db", "b.db")]
    expect("digests", named[1], named[0])


def named(b):
    """One recording, one digest: with a store, in another one, without any; another one where values are kept."""
    recording = os.path.join(b.folder, "recording")
    b.sweep("--record", recording, "--no-store")
    digests = []
    for argv, more in (((), {"store": "r1.db"}), ((), {"store": "r2.db"}), (("--no-store",), {}), (("--no-store",), {"setting": "keep"})):
        argv = ["sweep", "--replay", recording, "--output", "json", *argv]
        digests.append(json.loads(b.run(*argv, **more))["run"]["snapshot"])
    expect("digests of one recording", digests[1:3], digests[:1] * 2)
    if digests[3] == digests[0]:
        FAULTS.append("the digest does not tell withheld from kept")


def changed(b, server):
    b.sweep()
    diff = json.loads(b.run("snapshot", "diff", "--output", "json", codes=(0,)))
    expect("nothing changed", diff["changes"], [])
    server.client("lambda").update_function_configuration(FunctionName="f", Environment={"Variables": {"TOKEN": "another" + CANARIES["lambda"], "MODE": "test"}})
    b.sweep()
    diff = json.loads(b.run("snapshot", "diff", "--output", "json", codes=(0,)))
    fields = [f for c in diff["changes"] for f in c["fields"] if f["path"].startswith("Environment")]
    expect("what changed", [f["path"] for f in fields], ["Environment.Variables.TOKEN"])
    expect("it is a change", [f.get("unknown") for f in fields], [None])
    b.search("diff", b.last.stdout)
    b.search("text of a diff", b.run("snapshot", "diff", codes=(0,)))
    if b"withheld (" not in b.last.stdout:
        FAULTS.append("a diff does not say withheld: %s" % b.last.stdout.decode())
    log = b.run("log", "lambda.function/f", "--documents", "--output", "json")
    expect("log", [s["change"] for s in json.loads(log)["states"]], ["seen", "changed"])
    b.search("log", log)


def fresh(b):
    """--max-age takes from the store what no rule reads withheld values of, and asks for the rest again."""
    report = b.sweep("--max-age", "1h")
    cached = {c["type"] for c in report["coverage"] if c.get("cached")}
    expect("asked again", cached, set())
    expect("judged again", statuses(report)["task-environment"], "fail")
    report = b.sweep("lambda-names", "--max-age", "1h")
    expect("lambda is asked again", {c["type"] for c in report["coverage"] if c.get("cached")}, set())
    with open(os.path.join(b.folder, "rules", "lambda-plain.lua"), "w") as f:
        f.write(RULE % {"id": "lambda-plain", "title": "Runtime", "type": TYPES[0], "more": "", "body": 'if r.Runtime == "x" then return fail("x") end return pass()'})
    report = b.sweep("lambda-plain", "--max-age", "1h")
    expect("taken from the store", {c["type"] for c in report["coverage"] if c.get("cached")}, {TYPES[0]})
    b.search("documents that were taken again", b.documents("a.db"))


def kept(b):
    """`sensitive: keep` has them, and a comparison across the two settings tells no change and no value."""
    report = b.sweep(store="k.db", setting="keep")
    shown = b.documents("k.db", "keep")
    for name, canary in CANARIES.items():
        if canary.encode() not in shown and base64.b64encode(canary.encode()) not in shown:
            FAULTS.append("sensitive: keep has lost the canary of %s" % name)
    expect("kept", statuses(json.loads(b.run("evaluate", "--output", "json", store="k.db", setting="keep")))["stack-parameter"], "fail")
    if "Withheld" in json.dumps(report["findings"]):
        FAULTS.append("sensitive: keep withholds in evidence")
    b.sweep(store="k.db")
    diff = json.loads(b.run("snapshot", "diff", "--output", "json", store="k.db", codes=(0,)))
    expect("keep, then withhold", diff["changes"], [])
    states = json.loads(b.run("log", "lambda.function/f", "--output", "json", store="k.db"))["states"]
    expect("log of both", [s["change"] for s in states], ["seen", "unchanged"])
    for setting, word in (("withhold", b"withheld"), ("keep", b"kept whole")):
        if word not in b.run("doctor", setting=setting, store="k.db", codes=range(256)):
            FAULTS.append("doctor does not tell %s" % setting)


if __name__ == "__main__":
    main()
