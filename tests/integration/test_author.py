#!/usr/bin/env python3
"""What rule authors are given works as it is written: init, new, and what these refuse.

  test_author.py MOONWARD
"""
import json, os, re, shutil, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402

TYPES = os.path.join(replaying.ROOT, "docs", "reference", "resource-types.md")
FAULTS = []


def expect(ok, what):
    if not ok:
        FAULTS.append(what)


def types():
    """Every built-in type with its facets, from the reference."""
    with open(TYPES, encoding="utf-8") as f:
        for line in f:
            m = re.match(r"\| `(AWS::[^`]*)` \| `[^`]*` \| \w+ \| `[^`]*` \| (.*) \|$", line)
            if m:
                yield m.group(1), [] if m.group(2) == "-" else m.group(2).split(", ")


class Folder:
    def __init__(self, binary, path):
        self.binary, self.path = binary, path
        self.env = replaying.environment(HOME=path, XDG_STATE_HOME=os.path.join(path, "state"))

    def run(self, *argv, status=0):
        done = subprocess.run([self.binary, *argv], cwd=self.path, env=self.env, capture_output=True, text=True)
        expect(done.returncode == status, "%s: exit %d, expected %d: %s" %
               (" ".join(argv), done.returncode, status, (done.stdout + done.stderr)[-800:]))
        return done

    def refuses(self, message, *argv):
        done = self.run(*argv, status=3)
        expect(message in done.stderr, "%s: said %r, expected %r" % (" ".join(argv), done.stderr, message))
        expect(done.stderr.count("\n") == 1, "%s: more than one line: %r" % (" ".join(argv), done.stderr))

    def tree(self):
        return {os.path.relpath(os.path.join(base, name), self.path): open(os.path.join(base, name), "rb").read()
                for base, _, names in os.walk(self.path) for name in names}


def init(f):
    out = f.run("init").stdout
    expect(out.count("written ") == 8 and "kept" not in out, "init says what it wrote: %r" % out)
    expect(len(out.split("next:\n")[1].splitlines()) == 3, "init names three commands: %r" % out)
    before = f.tree()
    with open(os.path.join(f.path, "moonward.yaml"), "w", encoding="utf-8") as config:
        config.write("rules: [rules]\n")
    os.unlink(os.path.join(f.path, ".luarc.json"))
    out = f.run("init").stdout
    expect("written .luarc.json" in out and "kept    moonward.yaml" in out and out.count("written ") == 1,
           "init writes only what is missing: %r" % out)
    after = f.tree()
    expect(after.pop("moonward.yaml") == b"rules: [rules]\n", "init leaves a file that is there")
    expect({k: v for k, v in before.items() if k != "moonward.yaml"} == after, "init makes the same files again")
    json.loads(after[".luarc.json"])
    f.run("test")
    f.run("init", "deep/er")
    expect(os.path.exists(os.path.join(f.path, "deep/er/rules/s3/s3-bucket-has-owner.lua")), "init makes its folder")


def skeletons(f):
    """A draft for each facet of each type, and for each type alone: all load, all their tests pass."""
    made = 0
    for name, facets in types():
        for facet in [None] + facets:
            made += 1
            f.run("new", "rule", "draft-%d" % made, "--resource", name, "--rules", "drafts",
                  *(["--facet", facet] if facet else []))
    report = json.loads(f.run("test", "drafts", "--output", "json").stdout)
    expect(report["failed"] == 0 and not report["untested"], "drafts pass: %r" %
           [t for t in report["tests"] if not t["passed"]][:5])
    expect(len({t["rule"] for t in report["tests"]}) == made > 100, "every draft is tested")
    several = f.run("new", "rule", "several", "--resource", "s3.bucket", "--facet", "Acl", "--facet", "Logging").stdout
    expect(several.startswith("rules/s3/several.lua\nrules/s3/several_test.lua\n"), "an alias and two facets: %r" % several)
    f.run("new", "rule", "hostile", "--resource", "AWS::EC2::VPC", "--service", "net", "--title", "a \"title\"\n]]--\\ é \x1b[31m")
    f.run("test", "rules")
    return made


def refusals(f):
    before = f.tree()
    f.refuses("there is no type 'AWS::S3::Buckt'; did you mean 'AWS::S3::Bucket'?", "new", "rule", "a", "--resource", "AWS::S3::Buckt")
    f.refuses("has no facet 'Versionin'; did you mean 'Versioning'?", "new", "rule", "a", "--resource", "s3.bucket",
              "--facet", "Versionin")
    f.refuses("expected at most 100 lower-case letters", "new", "rule", "../a", "--resource", "s3.bucket")
    f.refuses("expected at most 100 lower-case letters", "new", "audit", "../../a")
    f.refuses("expected at most 100 lower-case letters", "new", "remediation", "A", "--rule", "several")
    f.refuses("--service: '../..' is not a folder's name", "new", "rule", "a", "--resource", "s3.bucket", "--service", "../..")
    f.refuses("--resource is missing", "new", "rule", "a")
    f.refuses("rules/s3/several.lua, rules/s3/several_test.lua: there already; nothing was written",
              "new", "rule", "several", "--resource", "s3.bucket")
    f.refuses("did you mean 'several'?", "new", "remediation", "fix", "--rule", "severa")
    expect(f.tree() == before, "what is refused leaves no file")


def other_drafts(f):
    f.run("new", "remediation", "fix-several", "--rule", "several")
    f.run("new", "audit", "vpcs")
    # The demo account has no answer for it: that it asks is what can be seen here.
    done = f.run("audit", "audits/vpcs.lua", "--replay", replaying.DEMO, "--output", "jsonl", status=2)
    expect("(ec2:DescribeVpcs with {}" in done.stderr, "the draft audit asks: %r" % done.stderr)


def editor_types(f):
    """Files for editors: small, valid, the same each time, and about every type."""
    f.run("types")
    used = f.tree()
    expect(".moonward/types/s3.lua" in used and ".moonward/types/rds.lua" not in used, "only what the rules read")
    folder = os.path.join(f.path, ".moonward", "types")
    with open(os.path.join(folder, "own.lua"), "w", encoding="utf-8") as own:
        own.write("---@meta\n---@class mine\n")
    f.run("types", "--all")
    first = f.tree()
    expect(".moonward/types/own.lua" in first, "a file of somebody else stays")
    f.run("types", "--all")
    expect(f.tree() == first, "the same files each time")
    f.run("types")
    expect({k: v for k, v in f.tree().items() if k != ".moonward/types/own.lua"} == used, "files that are not made any more go")
    f.refuses("there is no type 'AWS::S3::Buckt'; did you mean 'AWS::S3::Bucket'?", "types", "AWS::S3::Buckt")
    f.run("types", "--all", "--output", "all")
    text = {name: open(os.path.join(f.path, "all", name), encoding="utf-8").read() for name in os.listdir(os.path.join(f.path, "all"))}
    together = "".join(text.values())
    for name, facets in types():
        head = re.search(r"^---@class %s : .*\n((?:---@field .*\n)*)" % re.sub(":+", ".", name), together, re.M)
        expect(head is not None, "types: no class for %s" % name)
        for facet in facets:
            expect(head and re.search(r"^---@field %s .+ facet: [\w-]+:\w+$" % facet, head.group(1), re.M), "types: %s.%s" % (name, facet))
    # Each class that is named is there, once.
    made = re.findall(r"^---@(?:class|alias) ([\w.]+)", together, re.M)
    expect(len(made) == len(set(made)), "types: made twice: %r" % sorted(n for n in set(made) if made.count(n) > 1)[:5])
    named = set(re.findall(r"(?<![\w.\"])([a-z][a-z0-9_]*\.[A-Z][\w.]*)", "\n".join(
        l for l in together.splitlines() if l.startswith(("---@field", "---@class")))))
    expect(named - set(made) == set(), "types: named and not made: %r" % sorted(named - set(made))[:5])
    expect('---@alias s3.BucketVersioningStatus "Enabled"|"Suspended"' in text["s3.lua"], "enums are literals")
    expect('---| "ec2:DescribeInstances"' in text["audit.lua"] and "RunInstances" not in text["audit.lua"], "audits only read")
    expect(all(len(t.encode()) < 500000 for t in text.values()), "types: a file is too large for editors")
    if shutil.which("luac5.4"):
        for name in sorted(text):
            done = subprocess.run(["luac5.4", "-p", os.path.join(f.path, "all", name)], capture_output=True, text=True)
            expect(done.returncode == 0, "luac: %s" % done.stderr)
    else:
        print("test_author: NOT CHECKED with luac5.4: it is not installed (Debian: lua5.4)")
    if shutil.which("luacheck"):
        done = subprocess.run(["luacheck", "all", "--no-config", "--no-color", "-q"], cwd=f.path, capture_output=True, text=True)
        expect(done.returncode == 0, "luacheck of the types: %s" % done.stdout[-1500:])


def lints(f):
    if not shutil.which("luacheck"):
        print("test_author: NOT CHECKED with luacheck: it is not installed (Debian: lua-check)")
        return
    done = subprocess.run(["luacheck", "rules", "drafts", "audits", "remediations", "--no-color", "-q"], cwd=f.path,
                          capture_output=True, text=True)
    expect(done.returncode == 0, "luacheck: %s" % done.stdout[-1500:])


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as path:
        f = Folder(binary, path)
        init(f)
        made = skeletons(f)
        refusals(f)
        other_drafts(f)
        editor_types(f)
        lints(f)
    for fault in FAULTS[:20]:
        print(fault)
    print("%d drafts made, %d faults" % (made, len(FAULTS)))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
