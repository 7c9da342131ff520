#!/usr/bin/env python3
"""Every block of the guide works as it stands: `sh` blocks are run, `lua FILE` blocks are written where they say.

  test_guide.py MOONWARD
"""
import os, re, shutil, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402


def blocks(path):
    with open(path, encoding="utf-8") as f:
        return re.findall(r"^```(\w+)(?: ([\w./-]+))?\n(.*?)^```$", f.read(), re.S | re.M)


def main():
    binary, ran, faults = os.path.abspath(sys.argv[1]), 0, []
    guide = os.path.join(replaying.ROOT, "docs", "guide")
    for name in sorted(os.listdir(guide)):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "bin"))
            os.symlink(binary, os.path.join(folder, "bin", "moonward"))
            os.makedirs(os.path.join(folder, "tests"))
            os.symlink(os.path.join(replaying.ROOT, "tests", "data"), os.path.join(folder, "tests", "data"))
            shutil.copytree(os.path.join(replaying.ROOT, "rules"), os.path.join(folder, "rules"))
            env = replaying.environment(PATH=os.path.join(folder, "bin") + ":" + os.environ["PATH"], HOME=folder)
            for kind, target, text in blocks(os.path.join(guide, name)):
                if kind == "lua" and target:
                    path = os.path.join(folder, target)
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    with open(path, "w", encoding="utf-8") as f:
                        f.write(text)
                if kind != "sh":
                    continue
                for line in filter(None, text.splitlines()):
                    done = subprocess.run(["sh", "-c", line], cwd=folder, env=env, capture_output=True, text=True)
                    ran += 1
                    # 1 and 2 are findings and unknowns, which a sweep of the demo account has.
                    if done.returncode not in ((0, 1, 2) if " sweep" in line and "--plan" not in line else (0,)):
                        faults.append("%s: `%s` ended with %d: %s" % (name, line, done.returncode, (done.stdout + done.stderr)[-600:]))
    for fault in faults:
        print(fault)
    print("%d commands of the guide run, %d faults" % (ran, len(faults)))
    return 1 if faults or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
