#!/usr/bin/env python3
"""Hostile names, tags and arguments do nothing: not to a terminal, a spreadsheet, a file, a statement or a selection.

  test_hostile.py MOONWARD

More than a hundred strings are the names, descriptions and runtimes of Lambda functions in a changed demo recording. They go through every
format of query, snapshot, log, findings and report, and as arguments through every place that takes a name. Whatever is printed as data reads
back as the very same string.
"""
import csv, io, json, os, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402
from test_snapshots import Store  # noqa: E402

FAULTS = []
ESC, BIDI = "\x1b", "\u202e"
STRINGS = (
    # Terminals: colours, titles, clearing, hyperlinks, answers back, C1, deletion, returns.
    [ESC + s for s in ("[31mred", "[2J", "[H", "]0;title\x07", "]8;;http://evil\x07link", "[6n", "c", "[?1049h", "P$q\"p" + ESC + "\\", "_x", "^y", "(0", "[1;1H",
                       "[5i", "]52;c;ZXZpbA==\x07", "[201~", "#8")]
    + ["\x9b31m", "\x9d0;t\x07", "\x90q\x9c", "\x85", "\x7f\x7f\x7f", "a\rb", "a\x08\x08b", "\x07", "\x0b\x0c", "a\nb", "a\tb", "\r\n", "\x00nul", "nul\x00"]
    # Characters that turn, hide or break text.
    + [c + "txt.exe" for c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\u200c\u200d\u2060\ufeff\u00ad\u2028\u2029\u2061"]
    + ["\U000e0001\U000e0041", "a\u0300\u0301\u0302" * 3, "\U0001f600", "\ud7ff\ue000\uffff"]
    # Formulas.
    + ["=cmd|' /C calc'!A0", "=1+1", "+1+1", "-1+1", "@SUM(1)", "=HYPERLINK(\"http://evil\")", " =1+1", "\t=1+1", "\r=1+1", "\n=1+1", "|cmd", "%0A=1", "=DDE(\"a\")",
       "-2+3+cmd|' /C calc'!A0", "'=1", "\"=1+1\"", ";=1+1", ",=1+1"]
    # Paths.
    + ["../../../etc/passwd", "/etc/passwd", "..", ".", "~/x", "a/../../b", "..\\..\\x", "file:///etc/passwd", "/dev/null", "con", "$HOME", "%2e%2e%2fx", "x/", "-rf", "--store=/tmp/x"]
    # SQL, selections, shells, formats, JSON, YAML, HTML.
    + ["' OR '1'='1", "'; DROP TABLE resource; --", "\" OR 1=1 --", "') UNION SELECT 1 --", "a' --", "x%' OR 1", ":id", "?1", "$id", "@id", "NULL", "0x41", "1e999"]
    + ["severity>=low or id:*", "not (", "a and b", "id:*", "framework:", ")", "* or *"]
    + ["$(touch pwned)", "`touch pwned`", "; touch pwned", "| touch pwned", "&& touch pwned", "\\", "%s%n%s", "%d", "{}", "{0}", "${x}", "{\"$unknown\":1}", "$unknown", "$$real"]
    + ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "]]>", "&amp;", "!!python/object", "- a: b", "#", "---", "{{7*7}}", "\"", "\\\"", "\\u0000", "\\x1b[31m", "null", "true"]
    + ["x" * 3000, "\u4f60\u597d", "a" + BIDI + "b" + ESC + "[0m=1"]
)


def deceptive(c):
    p = ord(c)
    return ((p < 32 and c not in "\n\t\r") or 0x7f <= p < 0xa0 or c in "\u2028\u2029\ufeff\u00ad\u061c" or 0x200b <= p <= 0x200f
            or 0x202a <= p <= 0x202e or 0x2060 <= p <= 0x2069 or 0xe0000 <= p <= 0xe007f)


def neutral(what, data, returns=False):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        FAULTS.append("%s: not UTF-8: %s" % (what, e))
        return
    bad = {c for c in text if deceptive(c) or (c == "\r" and not returns)}
    if bad:
        at = next(i for i, c in enumerate(text) if c in bad)
        FAULTS.append("%s: prints %s: %r" % (what, [hex(ord(c)) for c in bad], text[max(0, at - 60):at + 40]))
    if returns and "\r" in text.replace("\r\n", ""):
        FAULTS.append("%s: a return that ends no line" % what)


def hostile(row):
    if row["operation"] == "ListFunctions" and row["region"] == "eu-west-1":
        body = json.loads(row["body"])
        model = body["Functions"][0]
        for i, s in enumerate(STRINGS):
            body["Functions"].append(dict(model, FunctionName="%s" % s, Description=s, Runtime=s, FunctionArn="arn:aws:lambda:eu-west-1:123456789012:function:%d" % i))
        row["body"] = json.dumps(body)
    return row


def outputs(store, first):
    """Everything that prints what the store holds: (what, arguments)."""
    sql = "SELECT id, arn, Description, Runtime, tags, document FROM lambda_function"
    for f in ("table", "json", "jsonl", "csv"):
        yield ("query", sql, "--output", f)
        yield ("query", "SELECT * FROM finding", "--output", f)
        yield ("query", "SELECT Description || '' AS \"%s\", 1 AS \"%s\" FROM lambda_function" % (ESC + "[31m", "=1+" + BIDI), "--output", f)
    for f in ("text", "json"):
        yield ("snapshot", "show", "--output", f)
        yield ("snapshot", "show", "latest", "AWS::Lambda::Function", "--output", f)
        yield ("snapshot", "list", "--output", f)
    for f in ("text", "json", "jsonl"):
        yield ("snapshot", "diff", first, "latest", "--output", f)
        yield ("snapshot", "diff", "latest", first, "--output", f)
        yield ("findings", "list", "--status", "fail", "--status", "unknown", "--status", "error", "--output", f)
        yield ("report", "--output", f)
        yield ("evaluate", "lambda-*", "--output", f)
    yield ("report", "--output", "json", "--query", "findings[].resource")


def check_outputs(store, first, folder):
    ids = [s for s in STRINGS if "\x00" not in s]
    for argv in outputs(store, first):
        done = store.run(*argv)
        neutral(" ".join(map(repr, argv))[:120], done.stdout, returns="csv" in argv)
        neutral("stderr of " + " ".join(map(repr, argv))[:120], done.stderr)
        if argv[0] == "query" and argv[-1] == "csv" and "SELECT *" not in argv[1]:
            for cells in csv.reader(io.StringIO(done.stdout.decode(), newline="")):
                for cell in cells:
                    if cell.lstrip(" \n")[:1] in tuple("=+-@|%\t\r"):
                        FAULTS.append("%s: a formula: %r" % (argv[1][:40], cell[:80]))
    rows = [json.loads(line) for line in store.run("query", "SELECT Description FROM lambda_function", "--output", "jsonl").stdout.splitlines()]
    found = {r["Description"] for r in rows}
    for s in STRINGS:
        if s not in found:
            FAULTS.append("a description did not come back: %r" % s[:80])
    for s in ids:
        done = store.run("query", "SELECT Description FROM lambda_function WHERE Description = :x", "--param", "x=" + s, "--output", "jsonl")
        if [json.loads(line)["Description"] for line in done.stdout.splitlines()] != [s]:
            FAULTS.append("the parameter %r finds %s" % (s[:60], done.stdout[:200]))


def check_arguments(store):
    """As names of snapshots, resources, types, views, selections, parameters: refused or without an answer."""
    for s in STRINGS:
        if "\x00" in s or s.startswith("-") or any(0xd800 <= ord(c) < 0xe000 for c in s):
            continue
        for argv in (("snapshot", "show", s), ("snapshot", "diff", s, "latest"), ("log", s), ("query", "SELECT 1 AS a", "--snapshot", s),
                     ("query", "--schema", s), ("evaluate", "--snapshot", s), ("sweep", "--replay", replaying.DEMO, "--plan", "--select", s)):
            done = store.run(*argv, codes=range(256))
            fine = s in ("id:*", "severity>=low or id:*", "* or *")  # selections after all
            if done.returncode not in (3,) and not (fine and argv[0] == "sweep"):
                FAULTS.append("%r: exit %d: %s" % (argv, done.returncode, done.stderr[:200]))
            neutral("%r" % (argv,), done.stdout)
            neutral("stderr of %r" % (argv,), done.stderr)
    for s in ("lambda.function/" + x for x in STRINGS if "\x00" not in x):
        done = store.run("log", s, "--output", "text", codes=(0, 3))
        neutral("log %r" % s[:60], done.stdout + done.stderr)


def main():
    binary = os.path.abspath(sys.argv[1])
    assert len(STRINGS) == len(set(STRINGS)) >= 100, (len(STRINGS), len(set(STRINGS)))
    with tempfile.TemporaryDirectory() as folder:
        recording = os.path.join(folder, "recording")
        replaying.write(recording, [hostile(dict(row)) for row in replaying.exchanges()])
        store = Store(binary, folder, "hostile")
        first = store.collect()["id"]
        store.run("sweep", "--replay", recording)
        before = sorted(os.listdir(replaying.ROOT)), sorted(os.listdir(folder))
        check_outputs(store, first, folder)
        check_arguments(store)
        store.run("snapshot", "check", codes=(0,))
        if (sorted(os.listdir(replaying.ROOT)), sorted(os.listdir(folder))) != before:
            FAULTS.append("files came or went: %s" % (set(os.listdir(replaying.ROOT)) ^ set(before[0])))
    for fault in FAULTS[:60]:
        print(fault)
    print("hostile: %d strings, %d faults" % (len(STRINGS), len(FAULTS)))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
