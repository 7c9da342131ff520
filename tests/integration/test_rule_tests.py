#!/usr/bin/env python3
"""`moonward test` as people and build servers run it: every mistake told, every format whole, golden accounts, --watch.

  test_rule_tests.py MOONWARD
"""
import json, os, shutil, signal, subprocess, sys, tempfile, time
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402

FAULTS = []
RULE = """local function helper(b)
  local x = b.Nothing
  return (x.y)
end
return rule {
  id = "%s", title = "T", severity = "low", resource = "AWS::S3::Bucket", needs = { "Versioning" }, related = { "AWS::KMS::Key" },
  check = function(b)
    if b.Name == "boom" then local v = helper(b) return v end
    if b.Name == "loop" then while true do end end
    if b.Versioning and b.Versioning.Status == "Enabled" then return pass() end
    return fail("versioning is %%s", b:path("Versioning.Status"))
  end,
}
"""
ON = "Versioning = { Status = 'Enabled' }"
MISTAKES = [  # fixture, outcome, what is said of it
    ("name = 'right', expect = 'pass', resource = { Name = 'b', %s }" % ON, "passed", None),
    ("name = 'mismatch', expect = 'fail', resource = { Name = 'b', %s }" % ON, "failed", "expected fail, found pass"),
    ("name = 'unknown', expect = 'pass', resource = { Versioning = unknown('s3:X', 'AccessDenied') }", "failed", "found unknown"),
    ("name = 'boom', expect = 'pass', resource = { Name = 'boom' }", "error", "x.lua:3: attempt to index a nil value"),
    ("name = 'loop', expect = 'pass', resource = { Name = 'loop' }", "error", "x.lua:9: deadline of 50 ms passed"),
    ("name = 'key', expcet = 'pass', resource = { Name = 'b' }", "error", "unknown key 'expcet'; did you mean 'expect'?"),
    ("name = 'verdict', expect = 'ok', resource = { Name = 'b' }", "error", "expect 'ok' is not one of pass"),
    ("name = 'member', expect = 'pass', resource = { Versionning = {} }", "error", "resource.Versionning: AWS::S3::Bucket has no member 'Versionning'; did you mean 'Versioning'?"),
    ("name = 'inner', expect = 'pass', resource = { Versioning = { Statu = '' } }", "error", "resource.Versioning.Statu: "),
    ("name = 'kind', expect = 'pass', resource = { Versioning = { Status = true } }", "error", "resource.Versioning.Status: expected text, found true or false"),
    ("name = 'inventory', expect = 'pass', resource = { Name = 'b' }, inventory = { ['AWS::KMS::Key'] = { { KeyIdd = 'k' } } }", "error", "inventory.AWS::KMS::Key[1].KeyIdd: "),
    ("name = 'type', expect = 'pass', resource = { Name = 'b' }, inventory = { ['AWS::KMS::Kye'] = {} }", "error", "AWS::KMS::Kye"),
    ("name = 'newer', expect = 'fail', unmodelled = { 'resource.Newer' }, resource = { Newer = { X = 1 } }", "passed", None),
    ("name = 'evidence', expect = 'fail', evidence = { ['Versioning.Status'] = 'Off' }, resource = { Versioning = { Status = 'Suspended' } }", "failed", "expected the evidence"),
    ("name = 'skipped', expect = 'pass', skip = 'no', resource = { Name = 'b' }", "skipped", None),
    ("name = 'todo', expect = 'pass', todo = 'soon', resource = { Name = 'b' }", "todo", "expected pass, found fail"),
    ("name = 'right', expect = 'pass', resource = { Name = 'b' }", "error", "another test of this file has the same"),
]


def check(ok, what):
    if not ok:
        FAULTS.append(what)
        print("fault: " + what)


def write(path, text):
    """As editors do: another file, renamed."""
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(path + ".new", path)


def test(binary, *argv, cwd=None):
    done = replaying.run(binary, "test", *argv, cwd=cwd or replaying.ROOT)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def mistakes(binary, folder):
    write(os.path.join(folder, "x.lua"), RULE % "x")
    write(os.path.join(folder, "y.lua"), RULE % "y")
    write(os.path.join(folder, "x_test.lua"), "return {\n" + "".join("  { %s },\n" % m[0] for m in MISTAKES) + "}\n")
    exports = {k: os.path.join(folder, "out." + k) for k in ("text", "json", "tap", "junit", "lcov")}
    code, out, err = test(binary, folder, "--output", "json", *[a for k, p in exports.items() for a in ("--export", "%s=%s" % (k, p))])
    check(code == 1, "mistakes end with %d: %s" % (code, err))
    document = json.loads(out)
    check(document["untested"] == ["y"] and len(document["tests"]) == len(MISTAKES), "not every test is there")
    for number, ((_, outcome, said), t) in enumerate(zip(MISTAKES, document["tests"])):
        check(t["outcome"] == outcome and (said is None or said in t["detail"]), "%s: %s, %s" % (t["name"], t["outcome"], t["detail"]))
        check(t["line"] == number + 2 or number == len(MISTAKES) - 1, "%s is on line %s" % (t["name"], t["line"]))
    boom = document["tests"][3]
    check(any("x.lua:3: in " in x for x in boom["traceback"]) and any("x.lua:8: in function" in x for x in boom["traceback"]), "no traceback: %s" % boom)
    check(document["coverage"] and open(exports["json"]).read().count('"outcome"') == len(MISTAKES), "the JSON export is not whole")

    suites = ElementTree.parse(exports["junit"]).getroot()
    count = {k: sum(o == k for _, o, _ in MISTAKES) for k in ("failed", "error", "skipped", "todo")}
    check(suites.get("failures") == str(count["failed"]) and suites.get("errors") == str(count["error"]), "JUnit counts otherwise")
    check(suites.get("skipped") == str(count["skipped"] + count["todo"] + 1), "JUnit skips otherwise")
    case = suites.find(".//testcase[@name='mismatch']")
    check(case.get("file").endswith("x_test.lua") and case.get("line") == "3" and case.find("failure") is not None, "JUnit has no place")
    check(suites.find(".//testcase[@name='boom']/error") is not None, "JUnit: a script's error is no error")

    tap = open(exports["tap"]).read()
    check(tap.startswith("TAP version 14\n1..%d\n" % (len(MISTAKES) + 1)), "TAP has another plan")
    check(tap.count("\nnot ok ") == count["failed"] + count["error"] + count["todo"] and "# TODO soon" in tap, "TAP counts otherwise")
    lcov = open(exports["lcov"]).read()
    check(lcov.count("SF:") == 2 and lcov.count("end_of_record") == 2 and "BRDA:8," in lcov, "lcov is not whole")
    check("17 passed" not in open(exports["text"]).read() and "with errors" in open(exports["text"]).read(), "the text export is not whole")


def choices(binary, folder):
    for argv, code, wanted in (
            (["--run", "newer"], 0, "1 passed"), (["--run", "x/s*", "--list"], 0, "x/skipped"), (["--run", "nothing"], 3, "nothing"),
            (["--run", "newer", "--coverage-threshold", "10"], 0, "branches"), (["--run", "newer", "--coverage-threshold", "100"], 1, "asked for"),
            (["--coverage-threshold", "many"], 3, "from 0 to 100"), (["--durations", "0"], 3, "--durations"),
            (["--export", "xml=x"], 3, "text|json|tap|junit|lcov"), (["--expect", "x"], 3, "--on"), (["--on", "x", "--list"], 3, "--list")):
        got, out, err = test(binary, folder, *argv)
        check(got == code and wanted in out + err, "%s: %d %s%s" % (argv, got, out, err))
    code, out, _ = test(binary, folder, "--fail-fast")
    check(code == 1 and "1 passed, 1 failed, %d left out behind" % (len(MISTAKES) - 2) in out, "--fail-fast: " + out)


def verdicts_stay(binary, folder):
    """Coverage tells more and judges the same."""
    def verdicts(*argv):
        document = json.loads(test(binary, "rules", "--output", "json", *argv)[1])
        for t in document["tests"]:
            t.pop("spent_ns")
        return document
    plain, covered = verdicts(), verdicts("--coverage")
    check(plain["tests"] == covered["tests"], "coverage changed a verdict")
    problems = [r for r in covered["coverage"]["rules"] if r["problem"]]
    check(not problems and covered["coverage"]["branches_taken"] > 400, "shipped rules cannot be measured: %s" % problems)


def accounts(binary, folder):
    account = os.path.join(folder, "account")
    shutil.copytree(replaying.DEMO, account)
    expected = os.path.join(account, "expected-findings.json")
    code, _, err = test(binary, "--on", account)
    check(code == 3 and "--update writes it" in err, "no expectations: %d %s" % (code, err))
    check(test(binary, "--on", account, "--update")[0] == 0 and test(binary, "--on", account)[0] == 0, "what was written is not found")
    first = open(expected).read()
    test(binary, "--on", account, "--update")
    check(open(expected).read() == first, "a second --update changes the file")
    findings = json.loads(first)["findings"]
    check(len(findings) > 100 and {f["status"] for f in findings} >= {"pass", "fail", "unknown"}, "verdicts are missing")

    gone = next(f for f in findings if f["rule"] == "s3-bucket-versioning-enabled" and f["status"] == "fail")
    changed = [dict(f, status="pass") if f["rule"] == "kms-key-rotation-enabled" else f for f in findings if f is not gone]
    write(expected, json.dumps({"schema": "moonward.expect/1", "findings": changed + [dict(gone, rule="no-such-rule")]}))
    code, out, _ = test(binary, "--on", account, "--output", "json")
    tests = {t["rule"]: t for t in json.loads(out)["tests"]}
    failed = {r for r, t in tests.items() if t["outcome"] == "failed"}
    check(code == 1 and failed == {"s3-bucket-versioning-enabled", "kms-key-rotation-enabled", "no-such-rule"}, "differences in %s" % failed)
    check(tests["s3-bucket-versioning-enabled"]["diff"][0].startswith("+ fail %s (" % gone["id"]), "the difference is not shown")
    check(test(binary, "rules/s3", "--on", account)[0] == 1 and test(binary, "rules/sg", "--on", account)[0] == 0, "other rules' expectations count")
    test(binary, "rules/s3", "--on", account, "--update")
    left = json.loads(open(expected).read())["findings"]
    check(any(f["rule"] == "no-such-rule" for f in left) and gone in left, "an update of some rules is not one of those alone")
    test(binary, "--on", account, "--update")
    check(open(expected).read() == first, "an update of all rules leaves something")
    for text, said in (("{", "expected-findings.json: "), ("{}", "moonward.expect/1"), ('{"schema":"moonward.expect/1","findings":[{}]}', "finding 1")):
        write(expected, text)
        code, _, err = test(binary, "--on", account)
        check(code == 3 and said in err, "%s: %d %s" % (text, code, err))
    check(test(binary, "--on", folder)[0] == 3, "a folder without a recording is one")
    snapshots(binary, folder, findings)


def snapshots(binary, folder, findings):
    """A stored snapshot of the same account gives the same findings, by whatever name."""
    stored, expected = ["--store", os.path.join(folder, "test.db")], os.path.join(folder, "of-a-snapshot.json")
    code, _, err = test(binary, "--on", "latest", "--expect", expected, *stored)
    check(code == 3 and "--on: 'latest' is no recording's folder" in err, "an empty store: %d %s" % (code, err))
    replaying.run(binary, "collect", "--replay", replaying.DEMO, *stored)
    known = json.loads(replaying.run(binary, "snapshot", "list", "--output", "json", *stored).stdout)["snapshots"][0]
    code, _, err = test(binary, "--on", "latest", *stored)
    check(code == 3 and "needs --expect FILE" in err, "nowhere to look: %d %s" % (code, err))
    check(test(binary, "--on", "latest", "--expect", expected, "--update", *stored)[0] == 0, "a snapshot's findings are written")
    check(json.loads(open(expected).read())["findings"] == findings, "a snapshot and its recording differ")
    for name in (known["id"], known["taken_at"], known["digest"][:12]):
        check(test(binary, "--on", name, "--expect", expected, *stored)[0] == 0, "the snapshot by %s" % name)
    code, _, err = test(binary, "--on", "latest~7", "--expect", expected, *stored)
    check(code == 3 and "latest~7" in err, "a snapshot that is not there: %d %s" % (code, err))


def watching(binary, folder):
    for rule in "ab":
        write(os.path.join(folder, rule + ".lua"), RULE % rule)
        write(os.path.join(folder, rule + "_test.lua"), "return { { %s } }" % MISTAKES[0][0])
    out = os.path.join(folder, "out")
    with open(out, "w") as stdout, open(out + ".err", "w") as stderr:
        child = subprocess.Popen([binary, "test", folder, "--watch"], stdout=stdout, stderr=stderr, env=replaying.environment())

    def rounds(n, what):
        end = time.monotonic() + 20
        while open(out + ".err").read().count("watching") < n and time.monotonic() < end:
            time.sleep(0.05)
        check(open(out + ".err").read().count("watching") == n, what)
        text, seen[0] = open(out).read()[seen[0]:], len(open(out).read())
        return text

    seen = [0]
    try:
        text = rounds(1, "the first round does not come")
        check("a  1 of 1" in text and "b  1 of 1" in text, "the first round is not whole: " + text)
        write(os.path.join(folder, "a.lua"), (RULE % "a").replace('"Enabled"', '"On"'))
        text = rounds(2, "a renamed file is not seen")
        check("FAIL  a" in text and "b  1 of 1" not in text, "another rule's tests ran: " + text)
        with open(os.path.join(folder, "b_test.lua"), "w") as f:
            f.write("return {")
        text = rounds(3, "a file written in place is not seen")
        check("FAIL  b" in text and "FAIL  a" not in text, "a broken test file: " + text)
        os.unlink(os.path.join(folder, "b_test.lua"))
        text = rounds(4, "a file that goes away is not seen")
        check("none  b" in text and "FAIL  a" in text, "what has no rule concerns all: " + text)
        check("\033" not in open(out).read(), "the screen of no terminal is cleared")
        child.send_signal(signal.SIGINT)
        check(child.wait(20) == 130, "SIGINT ends it with %s" % child.returncode)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def main():
    binary = os.path.abspath(sys.argv[1])
    for parts in ((mistakes, choices), (verdicts_stay,), (accounts,), (watching,)):
        with tempfile.TemporaryDirectory(prefix="moonward-tests-") as folder:
            for part in parts:
                part(binary, folder)
    print("%d faults" % len(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
