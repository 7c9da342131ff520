#!/usr/bin/env python3
"""A rule that loops, eats memory or recurses for ever costs one error finding, and changes nothing else.

  test_bombs.py MOONWARD

Each bomb once on the one account, once on all buckets. (A worker that is killed by a signal is tests/unit/engine/test_evaluate.c.)
"""
import os, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402

BOMBS = {
    "loop": "while true do end",
    "caught-loop": "while true do pcall(function() while true do end end) end",
    "memory": "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end",
    "stack": "local function f(n) return 1 + f(n + 1) end return f(1)",
    "pattern": "return (('a'):rep(28)):find(('a?'):rep(28) .. ('a'):rep(28) .. 'b')",
}
RULE = """return rule {{ id = "{id}", title = "bomb", severity = "low", pillar = "security", resource = "{type}",
  check = function(r) {body} end }}
"""


def main():
    binary, faults = sys.argv[1], []
    _, before = replaying.sweep(binary)
    rules = os.path.join(replaying.ROOT, "rules")
    with tempfile.TemporaryDirectory() as folder:
        for name, body in BOMBS.items():
            for prefix, kind in (("account", "AWS::::Account"), ("s3", "AWS::S3::Bucket")):
                rid = "%s-bomb-%s" % (prefix, name)
                with open(os.path.join(folder, rid + ".lua"), "w") as f:
                    f.write(RULE.format(id=rid, type=kind, body=body))
        status, after = replaying.sweep(binary, replaying.DEMO, "--rules", rules, "--rules", folder)
    ours = [f for f in after["findings"] if "-bomb-" in f["rule"]]
    others = [f for f in after["findings"] if "-bomb-" not in f["rule"]]
    if others != before["findings"]:
        faults.append("the findings of the other rules changed")
    if status != 2:
        faults.append("exit status %d, expected 2" % status)
    for name in BOMBS:
        for prefix in ("account", "s3"):
            mine = [f for f in ours if f["rule"] == "%s-bomb-%s" % (prefix, name)]
            # A pattern out of budget is an ordinary script error: one for each resource.
            if any(f["status"] != "error" for f in mine) or (len(mine) != 1 and name != "pattern"):
                faults.append("%s-bomb-%s: %s" % (prefix, name, [(f["status"], f["message"]) for f in mine][:3]))
    for fault in faults:
        print(fault)
    print("%d bombs, %d error findings, %d faults" % (2 * len(BOMBS), len(ours), len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
