#!/usr/bin/env python3
"""Selections, rule packs, parameters by place and the profile, on the recorded demo account.

  test_select.py MOONWARD
"""
import json, os, shutil, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402

RULE = """return rule { id = "%s", title = "Ours", severity = "high", pillar = "cost", resource = "AWS::S3::Bucket", tags = { "ours" },
  params = { days = 30, names = {} },
  check = function(r, ctx) return fail("%%d", ctx.params.days) end }
"""


class Case:
    def __init__(self, binary):
        self.binary, self.faults = binary, []
        self.folder = tempfile.mkdtemp()
        os.makedirs(os.path.join(self.folder, "team"))
        self.write("team/ours-one.lua", RULE % "ours-one")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def run(self, *argv, config=None, env=None):
        self.write("moonward.yaml", config or "{}\n")
        return replaying.run(self.binary, *argv, cwd=self.folder, env=env)

    def ids(self, *argv, **more):
        done = self.run("rules", "list", "--output", "json", *argv, **more)
        if done.returncode:
            self.faults.append("rules list %s: %s" % (argv, done.stderr.decode()))
            return []
        return [r["id"] for r in json.loads(done.stdout)]

    def sweep(self, *argv, **more):
        done = self.run("sweep", "--replay", replaying.DEMO, "--output", "json", "--quiet", *argv, **more)
        if done.returncode not in (0, 1, 2):
            self.faults.append("sweep %s: %s" % (argv, done.stderr.decode()))
            return {"findings": []}, done
        return json.loads(done.stdout), done

    def same(self, what, found, expected):
        if found != expected:
            self.faults.append("%s: %r, expected %r" % (what, found, expected))

    def refused(self, what, text, *argv, **more):
        done = self.run(*argv, **more)
        message = done.stderr.decode()
        if done.returncode != 3 or text not in message or len(message.splitlines()) != 1 or done.stdout:
            self.faults.append("%s: exit status %d: %s (expected %s)" % (what, done.returncode, message, text))


def selections(c):
    rules = json.loads(c.run("rules", "list", "--output", "json").stdout)
    rank = ["info", "low", "medium", "high", "critical"]
    high = [r["id"] for r in rules if rank.index(r["severity"]) >= 3]
    cis = [r["id"] for r in rules if any(f.startswith("cis") for f in r["controls"])]
    expression = "severity>=high and framework:cis* and not id:s3-*"
    wanted = [i for i in high if i in cis and not i.startswith("s3-")]
    assert wanted and len(wanted) < len(cis)
    c.same("the expression", c.ids("--select", expression), wanted)
    c.same("two selections", c.ids("--select", "severity>=high", "--select", "framework:cis* and not s3-*"), wanted)
    c.same("the environment", c.ids(env=replaying.environment(MOONWARD_SELECT=expression)), wanted)
    c.same("the configuration", c.ids(config="select: [severity>=high, 'framework:cis*', not s3-*]\n"), wanted)
    c.same("the flag comes first", c.ids("--select", "s3-*", config="select: ec2-*\n"), [r["id"] for r in rules if r["id"].startswith("s3-")])
    c.same("names come first", c.ids("*", config="select: ec2-*\n"), [r["id"] for r in rules])
    c.same("names and a selection", c.ids("s3-*", "iam-*", "--select", "severity>=high"), [i for i in high if i.startswith(("s3-", "iam-"))])
    document, _ = c.sweep("--select", expression)
    c.same("rules of the sweep", sorted({f["rule"] for f in document["findings"]}), wanted)
    calls = c.run("sweep", "--plan", "--output", "json", "--region", "us-east-1", "--select", "service:iam").stdout.decode()
    c.same("only its calls are planned", ("s3:" in calls, "iam:" in calls), (False, True))
    c.refused("an empty selection", "column 18: 'not service:s3' leaves none of the", "sweep", "--replay", replaying.DEMO, "--select",
              "service:s3   and not service:s3")
    c.refused("a typo", "--select 'framework:ciss': column 1: no rule matches 'framework:ciss'", "sweep", "--replay", replaying.DEMO,
              "--select", "framework:ciss")
    c.refused("a typo in the configuration", "moonward.yaml:3: select 'sevrity:low': column 1: unknown key 'sevrity'; did you mean 'severity'?",
              "sweep", "--replay", replaying.DEMO, config="select:\n- service:s3\n- sevrity:low\n")
    c.refused("names apart from the selection", "it chooses none of the rules that are named", "rules", "list", "s3-*", "--select", "ec2-*")


def packs(c):
    builtin = c.ids()
    c.same("a team's own beside the built-in ones", c.ids(config="rules: [builtin, team]\n"), sorted(builtin + ["ours-one"]))
    c.same("by the flag", c.ids("--rules", "builtin", "--rules", "team"), sorted(builtin + ["ours-one"]))
    named = "rules:\n- {name: base, path: builtin, select: 'severity>=high'}\n- name: ours\n  path: team\n  params: {ours-one: {days: 7}}\n"
    found = c.ids(config=named)
    c.same("a pack's selection", ("ours-one" in found, 1 < len(found) < len(builtin)), (True, True))
    c.same("by pack", c.ids("--select", "pack:ours", config=named), ["ours-one"])
    c.same("by tag", c.ids("--select", "tag:ours and pillar:cost", config=named), ["ours-one"])
    document, _ = c.sweep("ours-one", config=named)
    c.same("a pack's parameters", {f["message"] for f in document["findings"]}, {"7"})
    c.write("team/s3-bucket-versioning-enabled.lua", RULE % "s3-bucket-versioning-enabled")
    c.refused("twice", "rule 's3-bucket-versioning-enabled' is defined twice", "rules", "list", config="rules: [builtin, team]\n")
    own = "rules:\n- {name: base, path: builtin, select: not s3-bucket-versioning-enabled}\n- team\n"
    c.same("in the place of a built-in one", json.loads(c.run("rules", "show", "s3-bucket-versioning-enabled", "--output", "json",
                                                              config=own).stdout)["title"], "Ours")
    os.unlink(os.path.join(c.folder, "team", "s3-bucket-versioning-enabled.lua"))
    c.refused("a key", "moonward.yaml:3: rules[0]: unknown key 'selct'; did you mean 'select'?", "rules", "list",
              config="rules:\n- {name: x,\n   selct: y, path: team}\n")
    os.makedirs(os.path.join(c.folder, "empty"))
    c.refused("a pack without rules", "moonward.yaml:3: pack x: there are no rules in ./empty", "rules", "list",
              config="rules:\n- builtin\n- name: x\n  path: ./empty\n")
    c.refused("a selection of a pack", "moonward.yaml:4: pack x: select: column 1: no rule matches 'nothing'", "rules", "list",
              config="rules:\n- name: x\n  path: team\n  select: nothing\n")


OVERRIDES = """rules: [team]
params: {ours-one: {days: 20}}
overrides:
- match: {tag: 'env=prod'}
  params: {ours-one: {days: 3}}
- match: {account: '*', region: 'eu-*'}
  params: {'*': {days: 2}}
"""


def parameters(c):
    document, _ = c.sweep(config=OVERRIDES)
    plain, _ = c.sweep(config="rules: [team]\n")
    days = {f["resource"]["id"]: (f["resource"]["region"], f["message"]) for f in document["findings"]}
    c.same("the rule's own", {f["message"] for f in plain["findings"]}, {"30"})
    wrong = {i: v for i, v in days.items() if v[1] not in (("2", "3") if v[0].startswith("eu-") else ("20", "3"))}
    c.same("parameters by place", wrong, {})
    if len({v[1] for v in days.values()}) < 2:
        c.faults.append("the demo account has buckets in one place only: %r" % days)
    c.same("the digest", document["run"]["rules_digest"] == plain["run"]["rules_digest"], False)
    shown = c.run("rules", "show", "ours-one", "--account", "111122223333", "--region", "eu-west-1", config=OVERRIDES).stdout.decode()
    for text in ("days = 2 (overrides[1])", "names = {} (rule)", "days = 3 (overrides[0]: tag env=prod)"):
        if text not in shown:
            c.faults.append("rules show lacks '%s': %s" % (text, shown))
    shown = json.loads(c.run("rules", "show", "ours-one", "--output", "json", config=OVERRIDES).stdout)
    c.same("origins", shown["parameters"]["origins"], {"days": "params", "names": "rule"})
    c.refused("an override's parameter", "moonward.yaml:6: overrides[0].params: rule 'ours-one' has no parameter 'dayz'; did you mean 'days'?",
              "rules", "list", config="rules: [team]\noverrides:\n- match:\n    region: x\n  params:\n    ours-one: {dayz: 3}\n")
    c.refused("its key", "moonward.yaml:3: overrides[0].match: unknown key 'regon'; did you mean 'region'?", "rules", "list",
              config="overrides:\n- match:\n    regon: x\n  params: {}\n")


def profile(c):
    path = os.path.join(c.folder, "profile.json")
    plain, _ = c.sweep("--select", "service:s3")
    measured, done = c.sweep("--select", "service:s3", "--profile-rules=" + path)
    c.same("the findings are the same", measured, plain)
    with open(path, encoding="utf-8") as f:
        p = json.load(f)
    c.same("the schema", p["schema"], "moonward.profile/1")
    c.same("every rule", sorted(r["rule"] for r in p["rules"]), c.ids("--select", "service:s3"))
    c.same("the order", [r["cpu_ns"] for r in p["rules"]], sorted((r["cpu_ns"] for r in p["rules"]), reverse=True))
    verdicts = sum(sum(r["verdicts"].values()) for r in p["rules"])
    c.same("every verdict", verdicts, len(plain["findings"]))
    c.same("the shares", round(sum(r["cpu_share"] for r in p["rules"]), 6), 1.0)
    fair = sum(r["calls"]["fair"] for r in p["rules"])
    c.same("calls are shared out", round(fair, 6), float(sum(o["calls"] for o in p["operations"] if o["rules"])))
    for rule in p["rules"]:
        if not rule["calls"]["marginal"] <= rule["calls"]["fair"] + 1e-9 or not rule["calls"]["fair"] <= rule["calls"]["needed"] + 1e-9:
            c.faults.append("calls of %s: %r" % (rule["rule"], rule["calls"]))
    if b"s3-bucket-versioning-enabled" not in done.stderr or b"CPU ms" not in done.stderr:
        c.faults.append("no table: %r" % done.stderr)
    _, done = c.sweep("--select", "service:s3", "--profile-rules")
    if b"CPU ms" not in done.stderr:
        c.faults.append("no table without a file: %r" % done.stderr)


def main():
    c = Case(os.path.abspath(sys.argv[1]))
    try:
        for part in (selections, packs, parameters, profile):
            part(c)
    finally:
        shutil.rmtree(c.folder)
    for fault in c.faults:
        print(fault)
    print("%d faults" % len(c.faults))
    return 1 if c.faults else 0


if __name__ == "__main__":
    sys.exit(main())
