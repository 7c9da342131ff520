#!/usr/bin/env python3
"""What rule authors are given works as it is written: init, new, types, doc, config show, completion, and what these refuse.

  test_author.py MOONWARD
"""
import json, os, re, shutil, signal, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402

FAULTS = []


def expect(ok, what):
    if not ok:
        FAULTS.append(what)


def types(f, derived=False):
    """Every built-in type with its facets."""
    for t in json.loads(f.run("types", "list", "--output", "json").stdout):
        if not derived and t["type"] in ("AWS::EC2::Application", "AWS::IAM::Principal", "AWS::SNS::Subscription"):
            continue  # made of other types, or of an id that is computed of several members
        yield t["type"], t["facets"]


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
    for name, facets in types(f):
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


def packs(f):
    """Where rules come in packs: a draft goes to a folder of one's own, and --watch looks at all of them."""
    t = Folder(f.binary, os.path.join(f.path, "team"))
    os.makedirs(t.path)
    for config, folder in (("rules: [builtin, own]", "own"), ("rules:\n  - {name: base, path: builtin}\n  - {name: team, path: [own, more]}", "own"),
                           ("rules: builtin", "rules")):
        with open(os.path.join(t.path, "moonward.yaml"), "w", encoding="utf-8") as out:
            out.write(config + "\n")
        name = "draft-%d" % len(t.tree())
        out = t.run("new", "rule", name, "--resource", "s3.bucket").stdout
        expect(out.startswith("%s/s3/%s.lua\n" % (folder, name)), "%s: a draft in %r" % (config, out))
    with open(os.path.join(t.path, "moonward.yaml"), "w", encoding="utf-8") as out:
        out.write("rules:\n  - {name: team, path: own}\n")
    watching = subprocess.Popen([t.binary, "test", "--watch"], cwd=t.path, env=t.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = watching.stderr.readline()
    watching.send_signal(signal.SIGINT)
    expect(said == "moonward: watching 5 files; Ctrl-C ends\n" and watching.wait(60) == 130, "watching a pack: %r, %r" % (said, watching.returncode))
    watching.stderr.close()


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
    together, older = "".join(text.values()), replaying.older_models(f.binary)
    for name, facets in types(f, derived=True):
        head = re.search(r"^---@class %s : .*\n((?:---@field .*\n)*)" % re.sub(":+", ".", name), together, re.M)
        if head is None and older:  # a service that they lack has no types for editors
            continue
        expect(head is not None, "types: no class for %s" % name)
        metrics = re.search(r"^---@class %s\.Metrics : .*\n((?:---@field .*\n)*)" % re.sub(":+", ".", name), together, re.M)
        for facet in facets:
            if facet.startswith("Metrics."):
                expect(metrics and re.search(r"^---@field %s moonward\.Metric(\.Items)? facet: cloudwatch:GetMetricData$" % facet[8:],
                                             metrics.group(1), re.M), "types: %s.%s" % (name, facet))
                continue
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


HOSTILE = r"""--- Hostile <script>alert(1)</script> `code` [link](javascript:alert(1)).
-- Second "line" & more <b>bold</b>.
-- @see javascript:alert(2)
return rule {
  id = "hostile-text", title = "<img src=x onerror=alert(3)> [t](http://evil) | `x` *b* \27[31m\226\128\174",
  severity = "low", resource = "AWS::S3::Bucket",
  params = { ["</code><script>"] = "`</pre><script>alert(4)</script>" }, controls = { ["<i>cis"] = { "<u>1" } },
  check = function() return pass() end,
}
"""


def reference(f):
    """Pages: whole, linked, the same each time, and text stays text."""
    f.run("doc", "--rules", os.path.join(replaying.ROOT, "rules"), "--output", "ref")
    first = {n: d for n, d in f.tree().items() if n.startswith("ref/")}
    f.run("doc", "--rules", os.path.join(replaying.ROOT, "rules"), "--output", "ref")
    expect(first == {n: d for n, d in f.tree().items() if n.startswith("ref/")}, "doc: the same files each time")
    index = first["ref/index.md"].decode()
    links = set(re.findall(r"\]\(<([^>]*)>\)", index))
    expect({"ref/" + l for l in links} == set(first) - {"ref/index.md"}, "doc: the index leads to every page")
    page = first["ref/s3-bucket-versioning-enabled.md"].decode()
    for want in ("- API calls: `s3:GetBucketLocation`, `s3:GetBucketTagging`, `s3:GetBucketVersioning`, `s3:ListBuckets`\n",
                 "- exempt\\_tag: `\"Ephemeral=true\"`\n", "`fail`: suspended\n", "[All rules](<index.md>)", "- fsbp: `[\"S3.14\"]`"):
        expect(want in page, "doc: %r is missing" % want)
    expect("### S3.14\n" in index and "## S3\n" in index, "doc: an index by service and framework")
    f.run("doc", "--rules", os.path.join(replaying.ROOT, "rules"), "--output", "ref.json", "--format", "json")
    everything = json.loads(f.tree()["ref.json/rules.json"])
    expect(len(everything["rules"]) == len(links), "doc: every rule in the JSON")
    versioning = [r for r in everything["rules"] if r["id"] == "s3-bucket-versioning-enabled"][0]
    expect([e["expect"] for e in versioning["examples"]] == ["pass", "fail", "fail", "not_applicable", "unknown"], "doc: examples")
    os.makedirs(os.path.join(f.path, "bad"))
    with open(os.path.join(f.path, "bad", "hostile-text.lua"), "w", encoding="utf-8") as rule:
        rule.write(HOSTILE)
    f.run("doc", "--rules", "bad", "--output", "bad.html", "--format", "html")
    for name in ("hostile-text.html", "index.html"):
        html = f.tree()["bad.html/" + name].decode()
        tags = set(re.findall(r"<(/?\w+)", html)) - {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "ul",
                                                     "li", "code", "pre", "a", "!doctype"}
        expect({t for t in tags if not t.startswith("/")} == set(), "doc: elements of a rule's own: %r" % tags)
        expect(re.findall(r'href="([^"]*)"', html) and not re.findall(r'href="(?:javascript|http)', html), "doc: links of a rule's own")
        expect("\x1b" not in html and "\u202e" not in html, "doc: control characters")
    f.run("doc", "--rules", "bad", "--output", "bad.md")
    for name in ("hostile-text.md", "index.md"):
        text = re.sub(r"(?ms)^```.*?^```$|(?<![\\`])(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", f.tree()["bad.md/" + name].decode())
        expect(not re.search(r"(?<!\\)<(?!hostile-text.md>|index.md>)|(?<!\\)\[t|(?<!\\)\*", text), "doc: Markdown of a rule's own: %r" % text)


def manual(f):
    f.run("doc", "--format", "man", "--output", "man")
    names = {n[4:] for n in f.tree() if n.startswith("man/")}
    listed = re.findall(r"^  ([a-z]+(?: [a-z]+)?) +(?=[A-Z])", f.run("--help").stdout.split("Commands:")[1].split("Global options")[0], re.M)
    expect(names == {"moonward.1"} | {"moonward-%s.1" % l.replace(" ", "-") for l in listed}, "man: a page for each command: %r" % names)
    if not shutil.which("groff"):
        print("test_author: NOT CHECKED with groff: it is not installed")
        return
    for name in sorted(names):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", "-K", "utf8", os.path.join(f.path, "man", name)], capture_output=True, text=True)
        expect(done.returncode == 0 and not done.stderr, "man: %s: %s" % (name, done.stderr[:300]))


def settings(f):
    with open(os.path.join(f.path, "s.yaml"), "w", encoding="utf-8") as config:
        config.write("rules: [rules]\nfail_on: high\nallow_incomplete: true\nregions: eu-west-1\nparams:\n  several: {}\n")
    f.env.update(MOONWARD_JOBS="7", AWS_PROFILE="audit", MOONWARD_FAIL_ON="critical")
    shown = json.loads(f.run("config", "show", "--config", "s.yaml", "--region", "us-*", "--output", "json").stdout)
    got = {s["key"]: (s["value"], s["origin"]) for s in shown["settings"]}
    for key, want in {"rules": (["rules"], "s.yaml:1"), "fail_on": ("critical", "MOONWARD_FAIL_ON"), "allow_incomplete": (True, "s.yaml:3"),
                      "regions": (["us-*"], "--region"), "jobs": ("7", "MOONWARD_JOBS"), "profile": ("audit", "AWS_PROFILE"),
                      "params": ({"several": {}}, "s.yaml:5"), "select": (None, "default")}.items():
        expect(got.get(key) == want, "config show: %s is %r, expected %r" % (key, got.get(key), want))
    for name in ("MOONWARD_JOBS", "AWS_PROFILE", "MOONWARD_FAIL_ON"):
        del f.env[name]
    expect("s.yaml:2" in f.run("config", "show", "--origin", "--config", "s.yaml").stdout, "config show --origin")


def completes(f):
    with open(os.path.join(f.path, "aws"), "w", encoding="utf-8") as config:
        config.write("[default]\nregion = eu-west-1\n[profile audit]\n[profile prod]\n[sso-session s]\n")
    f.env["AWS_CONFIG_FILE"] = os.path.join(f.path, "aws")
    f.run("sweep", "several", "--replay", replaying.DEMO, "--store", "runs.db", "--allow-incomplete", "--fail-on", "none", "--quiet")
    f.env["MOONWARD_STORE"] = "runs.db"
    run_id = json.loads(f.run("report", "--output", "json").stdout)["run"]["id"]
    rows = [
        (["swe"], {"sweep"}), (["mod"], {"models"}), (["models", ""], {"list", "show", "compile"}), (["help", "rules", ""], {"list", "show"}),
        (["rules", "show", "sev"], {"several"}), (["--quiet", "sweep", "sev"], {"several"}), (["sweep", "--rules", "drafts", "sev"], {"several"}),
        (["new", "rule", "x", "--resource", "AWS::EC2::Vo"], {"AWS::EC2::Volume"}), (["types", "s3.b"], {"s3.bucket"}),
        (["sweep", "--fail-on", "h"], {"high"}), (["sweep", "--fail-on=h"], {"--fail-on=high"}), (["sweep", "--region", "eu-west-"],
         {"eu-west-1", "eu-west-2", "eu-west-3"}), (["sweep", "--profile", ""], {"default", "audit", "prod"}), (["report", ""], {run_id}),
        (["call", "s3cont"], {"s3control"}), (["call", "s3", "GetBucketV"], {"GetBucketVersioning"}), (["completion", ""], {"bash", "zsh", "fish"}),
        (["audit", ""], {":file"}), (["sweep", "--replay", ""], {":file"}), (["sweep", "--pla"], {"--plan"}), (["nosuch", ""], set()),
        (["sweep", "--nosuch="], set()), (["explain", "sev"], {"several"}), (["explain", "MW1001"], {"MW1001"}),
        (["repl", "--snapshot", "l"], {"latest"}), (["explain", "R"], set()),
    ]
    for words, want in rows:
        out = f.run("__complete", *words).stdout
        got = {line.split("\t")[0] for line in out.splitlines()}
        expect(got == want, "completes %r: %r, expected %r" % (words, sorted(got)[:8], sorted(want)))
    expect("__complete" not in f.run("--help").stdout, "the helper is hidden")
    for shell in ("bash", "zsh", "fish"):
        script = f.run("completion", shell).stdout
        if shutil.which(shell):
            done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
            expect(done.returncode == 0, "completion %s: %s" % (shell, done.stderr))
        else:
            print("test_author: NOT CHECKED with %s: it is not installed" % shell)
    for line, want in (("moonward types AWS::S3::Bu", "Bucket"), ("moonward sweep --fail-on=cri", "critical"), ("moonward conf", "config")):
        done = subprocess.run(["bash", "--norc", "-c", '%s\ncomplete() { :; }\nCOMP_LINE=$1 COMP_POINT=${#1}\n_moonward 2>/dev/null\nprintf "%%s\\n" "${COMPREPLY[@]}"'
                               % f.run("completion", "bash").stdout, "-", line], capture_output=True, text=True, cwd=f.path,
                              env=dict(f.env, PATH=os.path.dirname(f.binary) + ":" + os.environ["PATH"]))
        expect(done.stdout.strip() == want, "bash completes %r as %r: %s" % (line, done.stdout, done.stderr))


def lints(f):
    if not shutil.which("luacheck"):
        print("test_author: NOT CHECKED with luacheck: it is not installed (Debian: lua-check)")
        return
    done = subprocess.run(["luacheck", "rules", "drafts", "audits", "remediations", "--no-color", "-q", "--ignore", "631"], cwd=f.path,
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
        reference(f)
        manual(f)
        settings(f)
        completes(f)
        packs(f)
    for fault in FAULTS[:20]:
        print(fault)
    print("%d drafts made, %d faults" % (made, len(FAULTS)))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
