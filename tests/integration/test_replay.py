#!/usr/bin/env python3
"""The same replay twice gives the same bytes, and the demo account's findings are what they were.

  test_replay.py MOONWARD

The digest asserted here changes only when a rule, the recording or the finding document changes: then read what changed, and
write the new digest to tests/data/demo-account.digest with that change.
"""
import os, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402


def main():
    binary, faults = sys.argv[1], []
    outputs = [replaying.run(binary, "sweep", "--replay", replaying.DEMO, "--output", "json") for _ in range(2)]
    one = replaying.run(binary, "sweep", "--replay", replaying.DEMO, "--output", "json", "--jobs", "1")
    if outputs[0].stdout != outputs[1].stdout:
        faults.append("two replays differ")
    if one.stdout != outputs[0].stdout:
        faults.append("one worker and several differ")
    _, document = replaying.sweep(binary)
    with open(os.path.join(replaying.ROOT, "tests", "data", "demo-account.digest")) as f:
        expected = f.read().split()[0]
    older = replaying.older_models(binary)
    if older:  # what they do not know is unknown
        print("skipped: the digest of the demo account holds for models of botocore 1.43 and newer, these are of %s" % older)
    elif document["run"]["findings_digest"] != expected:
        faults.append("findings_digest is %s, expected %s" % (document["run"]["findings_digest"], expected))
    resources = {(f["resource"]["type"], f["resource"]["region"], f["resource"]["id"]) for f in document["findings"]}
    if not 100 <= len(resources) <= 250:
        faults.append("the demo account has %d judged resources" % len(resources))
    lines = replaying.run(binary, "sweep", "--replay", replaying.DEMO, "--output", "jsonl").stdout.splitlines()
    if len(lines) != len(document["findings"]):
        faults.append("%d lines of JSONL for %d findings" % (len(lines), len(document["findings"])))
    # As the first process of a container, where the broker's id is 1.
    first = subprocess.run(["unshare", "-pf", "--mount-proc", binary, "sweep", "--replay", replaying.DEMO, "--output", "json"],
                           capture_output=True, cwd=replaying.ROOT, env=replaying.environment())
    if b"unshare" in first.stderr:
        print("not tested as process 1: %s" % first.stderr.decode().strip())
    elif first.stdout != outputs[0].stdout:
        faults.append("as process 1: exit status %d, %s" % (first.returncode, first.stderr.decode()[-300:]))
    for fault in faults:
        print(fault)
    print("%d findings on %d resources, %d faults" % (len(document["findings"]), len(resources), len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
