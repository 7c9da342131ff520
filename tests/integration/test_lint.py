#!/usr/bin/env python3
"""moonward lint and explain as commands: formats, exit statuses, files that cannot be read, findings of a stored run,
and every code that the sources print is explained.

  test_lint.py MOONWARD
"""
import json, os, re, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402

DATA = os.path.join(replaying.ROOT, "tests", "data", "lint")
faults = []


def check(what, good, more=""):
    if not good:
        faults.append("%s %s" % (what, more))


def run(binary, *argv, **options):
    done = replaying.run(binary, *argv, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def formats(binary):
    bad = os.path.join(DATA, "MW1101", "bad")
    status, text, _ = run(binary, "lint", bad)
    check("text", status == 1 and "example.lua:9:26: error MW1101: " in text and "did you mean 'Status'?" in text, text)
    lines = text.splitlines()
    check("caret", lines[2].index("^") == lines[1].index("Statuss") and lines[2].count("^") == len("Statuss"), text)
    status, text, _ = run(binary, "lint", bad, "--output", "json")
    found = json.loads(text)
    check("json", status == 1 and found["schema"] == "moonward.lint/1" and found["errors"] == 1 and
          found["findings"][0]["code"] == "MW1101" and found["findings"][0]["line"] == 9, text)
    status, text, _ = run(binary, "lint", bad, "--output", "sarif")
    sarif = json.loads(text)
    result = sarif["runs"][0]["results"][0]
    rules = sarif["runs"][0]["tool"]["driver"]["rules"]
    check("sarif", status == 1 and sarif["version"] == "2.1.0" and rules[result["ruleIndex"]]["id"] == result["ruleId"] == "MW1101" and
          result["locations"][0]["physicalLocation"]["region"] == {"startLine": 9, "startColumn": 26, "endColumn": 33}, text)
    status, text, _ = run(binary, "lint", bad, "--output", "github")
    check("github", re.match(r"::error file=[^,:]*example\.lua,line=9,col=26,endColumn=33,title=MW1101::AWS's ", text), text)


def statuses(binary, folder):
    warns = os.path.join(DATA, "MW1604", "bad")
    for fail_on, want in ((None, 0), ("error", 0), ("warning", 1), ("note", 1)):
        status, text, _ = run(binary, "lint", warns, *(["--fail-on", fail_on] if fail_on else []))
        check("--fail-on %s" % fail_on, status == want and "MW1604" in text, "%d %s" % (status, text))
    check("good", run(binary, "lint", os.path.join(DATA, "MW1604", "good"))[0] == 0)
    check("missing file", run(binary, "lint", os.path.join(folder, "none.lua"))[0] == 3)
    bytes_ = os.path.join(folder, "bytes.lua")
    with open(bytes_, "wb") as f:
        f.write(b"return '\xff'")
    status, text, errors = run(binary, "lint", bytes_, os.path.join(DATA, "MW1101", "bad"))
    check("unreadable file", status == 3 and "MW1101" in text and "not UTF-8" in errors, "%d %s %s" % (status, text, errors))
    # A test names its rule.
    one = run(binary, "lint", os.path.join(DATA, "MW1101", "bad", "example_test.lua"), "--output", "json")[1]
    check("test file", json.loads(one)["files"] == 2, one)
    # What drives terminals does not reach them.
    with open(os.path.join(folder, "evil.lua"), "w", encoding="utf-8") as f:
        f.write("x.\x1b[31mred = 1 ?")
    check("control characters", "\x1b" not in run(binary, "lint", os.path.join(folder, "evil.lua"))[1])


def explaining(binary, folder):
    env = replaying.environment(MOONWARD_STORE=os.path.join(folder, "runs.db"))
    rules = os.path.join(replaying.ROOT, "rules", "s3")
    done = replaying.run(binary, "sweep", "--replay", replaying.DEMO, "--rules", rules, "--output", "json", env=env)
    findings = json.loads(done.stdout)["findings"]
    failed = next(f for f in findings if f["status"] == "fail" and f["rule"] == "s3-bucket-versioning-enabled")
    for command in (["explain"], ["findings", "explain"]):
        status, text, errors = run(binary, *command, failed["fingerprint"][:12], "--rules", rules, env=env)
        for part in (failed["message"], failed["rule"], "Versioning", "decided at", "return fail(", "first seen", "s3-enable-versioning",
                     "further"):
            check(" ".join(command), status == 0 and part in text, "lacks %r: %s%s" % (part, text, errors))
    status, text, _ = run(binary, "explain", "s3-bucket-versioning-enabled", "--rules", rules, env=env)
    for part in ("An overwrite", "s3:GetBucketVersioning", "exempt_tag", "(rule)", "fsbp S3.14", "unknown: denied"):
        check("explain rule", status == 0 and part in text, "lacks %r: %s" % (part, text))
    status, _, errors = run(binary, "explain", "s3-bucket-versionin-enabled", "--rules", rules, env=env)
    check("explain nothing", status == 3 and "did you mean 's3-bucket-versioning-enabled'?" in errors, errors)
    # A denied call: the cause and the action.
    rows = replaying.exchanges()
    denied = os.path.join(folder, "denied")
    for row in rows:
        if row.get("operation") in ("GetBucketEncryption", "s3:GetBucketEncryption"):
            row["status"] = 403
            row.pop("body_base64", None)
            row["body"] = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    replaying.write(denied, rows)
    done = replaying.run(binary, "sweep", "--replay", denied, "--rules", rules, "--output", "json", env=env)
    unknown = [f for f in json.loads(done.stdout)["findings"] if f["status"] == "unknown"]
    check("denied sweep", unknown, done.stderr.decode())
    if unknown:
        text = run(binary, "explain", unknown[0]["fingerprint"], "--rules", rules, env=env)[1]
        for part in ("s3:GetBucketEncryption", "AccessDenied", "s3:GetEncryptionConfiguration"):
            check("explain unknown", part in text, "lacks %r: %s" % (part, text))


def source(*parts):
    with open(os.path.join(replaying.ROOT, *parts), encoding="utf-8") as f:
        return f.read()


def printed_codes():
    """The codes that the sources print: causes of unknown values, throttles and transient failures, exit statuses, names of statuses."""
    codes = set()
    for floor in ("inventory", "aws", "engine"):
        folder = os.path.join(replaying.ROOT, "src", floor)
        for name in sorted(os.listdir(folder)):
            if name.endswith(".c"):
                text = source("src", floor, name)
                for call in re.findall(r"(?:unknown_of|fail_call|mw_doc_add_unknown_cause)\((.*?)\);", text, re.S):
                    codes.update(re.findall(r'"([A-Z][a-z]+(?:[A-Z][a-z]+)+)"', call))
                codes.update(re.findall(r'#define MW_CODE_\w+ "(\w+)"', text))
                codes.update(re.findall(r'case MW_ERR_\w+: return "([A-Z]\w+)"', text))
    codes.update(re.findall(r'^    "([A-Z]\w+)",', source("src", "aws", "retry.c"), re.M))
    codes.update(re.findall(r'case MW_\w+: return "([^"]+)"', source("src", "base", "error.c")))
    codes.update(re.findall(r"MW_EXIT_\w+ = (\d+)", source("src", "cli", "command.h")))
    codes.update(re.findall(r"`([A-Z]\w+)`", re.search(r"Codes of Moonward's own: (.*?)\n\n", source("docs", "reference", "resource-types.md"), re.S).group(1)))
    codes.update(re.findall(r'\{"(MW\d+)"', source("src", "lint", "codes.c")))
    return sorted(codes)


def every_code(binary):
    codes = printed_codes()
    check("codes found", len(codes) > 90, str(codes))
    for code in codes:
        status, text, errors = run(binary, "explain", code)
        check("explain %s" % code, status == 0 and "means" in text and "what to do" in text, errors)


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        formats(binary)
        statuses(binary, folder)
        explaining(binary, folder)
        every_code(binary)
    for fault in faults:
        print(fault)
    print("lint and explain: %d faults" % len(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
