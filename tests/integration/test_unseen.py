#!/usr/bin/env python3
"""What is not in an answer though it may well be in AWS: unknown, never a pass.

  test_unseen.py MOONWARD BOTOCORE_DATA

Service models without a member: a rule that reads it says unknown and names the models, in the sweep, from the store with newer models,
and from an exported file. An answer that lacks what AWS always sends makes rules unknown, those with `applies` too.
"""
import gzip, json, os, re, shutil, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402

ROTATION = os.path.join(replaying.ROOT, "rules", "kms", "kms-key-rotation-enabled.lua")
FAULTS = []


def expect(name, got, want):
    if got != want:
        FAULTS.append("%s: %s, expected %s" % (name, got, want))


def old_models(binary, data, folder):
    """A pack of the models without RotationPeriodInDays."""
    tree = os.path.join(folder, "data")
    os.mkdir(tree)
    for name in os.listdir(data):
        if name != "kms":
            os.symlink(os.path.join(data, name), os.path.join(tree, name))
    shutil.copytree(os.path.join(data, "kms"), os.path.join(tree, "kms"))
    for base, _, names in os.walk(os.path.join(tree, "kms")):
        for name in names:
            if name.startswith("service-2.json"):
                path = os.path.join(base, name)
                opened = gzip.open if name.endswith(".gz") else open
                with opened(path, "rt", encoding="utf-8") as f:
                    model = json.load(f)
                if model["shapes"]["GetKeyRotationStatusResponse"]["members"].pop("RotationPeriodInDays", None) is None:
                    print("skipped: this botocore's models lack the member already")
                    sys.exit(77)
                with opened(path, "wt", encoding="utf-8") as f:
                    json.dump(model, f)
    pack = os.path.join(folder, "old.pack")
    done = replaying.run(binary, "models", "compile", "--botocore", tree, "--botocore-version", "1.0.0", "--output", pack)
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode())
    return pack


def counts(findings):
    out = {}
    for f in findings:
        out[f["status"]] = out.get(f["status"], 0) + 1
    return out


def check_models(binary, data, folder):
    pack, store = old_models(binary, data, folder), os.path.join(folder, "s.db")
    today = counts(replaying.sweep(binary, replaying.DEMO, "--rules", ROTATION)[1]["findings"])
    code, old = replaying.sweep(binary, replaying.DEMO, "--rules", ROTATION, "--models", pack, "--store", store)
    expect("keys that rotate are unknown", counts(old["findings"]), {**{k: v for k, v in today.items() if k != "pass"}, "unknown": today["pass"]})
    expect("exit status", code, 2)
    why = {f["message"] for f in old["findings"] if f["status"] == "unknown"}
    expect("the message names the models", [bool(re.search(r"RotationStatus\.RotationPeriodInDays is unknown: NotModelled .*botocore 1\.0\.0", w))
                                            for w in why], [True])

    def again(name, *argv):
        done = replaying.run(binary, "evaluate", "--rules", ROTATION, "--output", "json", *argv)
        expect(name, counts(json.loads(done.stdout)["findings"]), counts(old["findings"]))

    again("the stored snapshot, by newer models", "--store", store)
    file, other = os.path.join(folder, "one.snapshot"), os.path.join(folder, "other.db")
    for argv in (("export", "--file", file, "--store", store), ("import", file, "--store", other)):
        done = replaying.run(binary, "snapshot", *argv)
        expect("snapshot %s" % argv[0], (done.returncode, done.stderr.decode() if done.returncode else ""), (0, ""))
    again("the imported snapshot", "--store", other)


def check_answers(binary, folder):
    def changed(name, operation, pattern, by=""):
        rows, n = [], 0
        for row in replaying.exchanges():
            if row["operation"] == operation and "body" in row:
                body, k = re.subn(pattern, by, row["body"], flags=re.S)
                row, n = dict(row, body=body), n + k
            rows.append(row)
        expect("%s: an answer was changed" % name, n > 0, True)
        path = os.path.join(folder, name)
        replaying.write(path, rows)
        return path

    for name, operation, pattern, rules, path in (
            ("state", "DescribeInstances", r"<instanceState>.*?</instanceState>", ("ec2-instance-requires-imdsv2", "ec2-instance-no-public-ip"), "State.Name"),
            ("name", "DescribeInstances", r"<name>(running|stopped)</name>", ("ec2-instance-requires-imdsv2",), "State.Name"),
            ("ingress", "DescribeSecurityGroups", r"<ipPermissions/>|<ipPermissions>.*?</ipPermissions>",
             ("sg-no-ssh-from-internet", "sg-default-closed"), "IpPermissions")):
        after = replaying.sweep(binary, changed(name, operation, pattern))[1]["findings"]
        judged = [f for f in after if f["rule"] in rules and f["message"] != "not a default group"]
        expect("%s: something was judged" % name, bool(judged), True)
        expect("%s: all is unknown" % name, {f["status"] for f in judged}, {"unknown"})
        expect("%s: and says why" % name, all("%s is unknown: NotSent" % path in f["message"] for f in judged), True)


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        check_answers(binary, folder)
        check_models(binary, sys.argv[2], folder)
    for f in FAULTS:
        print("FAULT", f)
    print("%d faults" % len(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
